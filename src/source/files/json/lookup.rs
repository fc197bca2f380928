//! Looks into one JSON text: `get_json_object`, `json_tuple`, `json_array_length` and
//! `json_object_keys`.
//!
//! The text is read up to the end of its first value. What stands behind that is not looked at.

use super::cursor::{Cursor, JsonDialect, JsonKind, Syntax};

/// These functions have no options. Single quotes and control characters are fine, as in Hive.
const LENIENT: JsonDialect = JsonDialect {
    comments: false,
    unquoted_names: false,
    single_quotes: true,
    leading_zeros: false,
    any_escape: false,
    control_chars: true,
    non_numeric: false,
    anew: true,
};

/// A path such as `$.a['b c'][0][*]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath(Vec<PathStep>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathStep {
    Name(String),
    Index(usize),
    All,
}

/// How a value that is found is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundStyle {
    /// A text stands alone, so it has no quotes.
    Alone,
    /// One of several: a text has quotes.
    Quoted,
    /// One of several, to which an array gives its members.
    Flattened,
}

impl JsonPath {
    /// The path of a text; none where it is malformed, or has a `.*`, which finds nothing in Spark.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        // Space counts before a name, an index and `['`, and nowhere else but at the end.
        while !spaceless(rest).is_empty() {
            let bare = spaceless(rest);
            if bare.starts_with(".*") || bare.starts_with("['*']") {
                return None;
            }
            if let Some(name) = rest.strip_prefix('.').map(spaceless) {
                let end = Some(name.find(['.', '[']).unwrap_or(name.len())).filter(|end| *end > 0)?;
                steps.push(PathStep::Name(name[..end].to_owned()));
                rest = &name[end..];
            } else if let Some(name) = bare.strip_prefix("['").map(spaceless) {
                let end = name.find('\'').filter(|end| *end > 0 && name[*end..].starts_with("']"))?;
                steps.push(PathStep::Name(name[..end].to_owned()));
                rest = &name[end + 2..];
            } else if let Some(after) = rest.strip_prefix("[*]") {
                steps.push(PathStep::All);
                rest = after;
            } else {
                let index = spaceless(rest.strip_prefix('[')?);
                let end = index.find(|c: char| !c.is_ascii_digit())?;
                steps.push(PathStep::Index(index[..end].parse().ok()?));
                rest = index[end..].strip_prefix(']')?;
            }
        }
        Some(Self(steps))
    }

    /// A text without its quotes, anything else as JSON. Several finds are an array.
    pub fn find(&self, text: &str) -> Option<String> {
        let mut found = FoundValues::default();
        let any = find(&mut Cursor::new(text, LENIENT), &self.0, FoundStyle::Alone, &mut found);
        any.is_ok_and(|any| any).then_some(found.text)
    }
}

fn spaceless(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
}

/// Values as JSON text, with commas inside of arrays.
#[derive(Default)]
struct FoundValues {
    text: String,
    /// For each array that is open, whether it has a member.
    open: Vec<bool>,
}

impl FoundValues {
    /// Begins a value.
    fn begin(&mut self) {
        if self.open.last_mut().is_some_and(|any| std::mem::replace(any, true)) {
            self.text.push(',');
        }
    }

    fn value(&mut self, text: &str) {
        self.begin();
        self.text.push_str(text);
    }

    fn array<T>(&mut self, members: impl FnOnce(&mut Self) -> Result<T, Syntax>) -> Result<T, Syntax> {
        self.value("[");
        self.open.push(false);
        let result = members(self);
        self.open.pop();
        self.text.push(']');
        result
    }
}

/// Writes what the steps lead to from the next value; false where they lead to nothing.
fn find(
    cursor: &mut Cursor<'_>,
    steps: &[PathStep],
    style: FoundStyle,
    found: &mut FoundValues,
) -> Result<bool, Syntax> {
    match (cursor.kind()?, steps) {
        (JsonKind::Text, []) if style == FoundStyle::Alone => {
            found.text.push_str(&cursor.string()?);
            Ok(true)
        }
        (JsonKind::Array, []) if style == FoundStyle::Flattened => Ok(members(cursor, steps, style, found)? > 0),
        (_, []) => {
            found.begin();
            cursor.copy(&mut found.text)?;
            Ok(true)
        }
        (JsonKind::Object, [PathStep::Name(name), rest @ ..]) => {
            let (mut more, mut any) = (cursor.enter(b'}')?, false);
            while more {
                // Of a name that comes twice, the first counts that leads to something.
                if cursor.name()? == *name && !any && cursor.kind()? != JsonKind::Null {
                    any = find(cursor, rest, style, found)?;
                } else {
                    cursor.skip()?;
                }
                more = cursor.another(b'}')?;
            }
            Ok(any)
        }
        (JsonKind::Array, [PathStep::All, PathStep::All, rest @ ..]) => {
            Ok(found.array(|found| members(cursor, rest, FoundStyle::Flattened, found))? > 0)
        }
        (JsonKind::Array, [PathStep::All, rest @ ..]) if style == FoundStyle::Quoted => {
            Ok(found.array(|found| members(cursor, rest, style, found))? > 0)
        }
        (JsonKind::Array, [PathStep::All, rest @ ..]) => {
            let style = if style == FoundStyle::Alone { FoundStyle::Quoted } else { style };
            let mut inner = FoundValues::default();
            let count = inner.array(|inner| members(cursor, rest, style, inner))?;
            match count {
                0 => {}
                // One find is no array.
                1 => found.value(&inner.text[1..inner.text.len() - 1]),
                _ => found.value(&inner.text),
            }
            Ok(count > 0)
        }
        (JsonKind::Array, [PathStep::Index(at), rest @ ..]) => {
            let style = if rest.first() == Some(&PathStep::All) { FoundStyle::Quoted } else { style };
            let (mut more, mut place, mut any) = (cursor.enter(b']')?, 0, false);
            while more {
                if place == *at {
                    any = find(cursor, rest, style, found)?;
                } else {
                    cursor.skip()?;
                }
                place += 1;
                more = cursor.another(b']')?;
            }
            Ok(any)
        }
        _ => {
            cursor.skip()?;
            Ok(false)
        }
    }
}

/// As [`find`] for each member of an array; how many of them led to something.
fn members(
    cursor: &mut Cursor<'_>,
    steps: &[PathStep],
    style: FoundStyle,
    found: &mut FoundValues,
) -> Result<usize, Syntax> {
    let (mut more, mut count) = (cursor.enter(b']')?, 0);
    while more {
        count += usize::from(find(cursor, steps, style, found)?);
        more = cursor.another(b']')?;
    }
    Ok(count)
}

/// A field of an object, as `json_tuple` has it: of a name that comes twice the last counts that is
/// not null.
pub fn field(text: &str, wanted: &str) -> Option<String> {
    let mut last = None;
    each_field(text, |name, cursor| {
        if name != wanted || cursor.kind()? == JsonKind::Null {
            return cursor.skip().map(|_| ());
        }
        let mut found = FoundValues::default();
        find(cursor, &[], FoundStyle::Alone, &mut found)?;
        last = Some(found.text);
        Ok(())
    })?;
    last
}

/// The names of an object, as often as they stand there.
pub fn object_keys(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    each_field(text, |name, cursor| {
        names.push(name.to_owned());
        cursor.skip().map(|_| ())
    })?;
    Some(names)
}

/// Passes over an object field by field; none where the text begins with none.
fn each_field(text: &str, mut take: impl FnMut(&str, &mut Cursor<'_>) -> Result<(), Syntax>) -> Option<()> {
    let mut cursor = Cursor::new(text, LENIENT);
    if cursor.kind().ok()? != JsonKind::Object {
        return None;
    }
    let mut more = cursor.enter(b'}').ok()?;
    while more {
        let name = cursor.name().ok()?;
        take(&name, &mut cursor).ok()?;
        more = cursor.another(b'}').ok()?;
    }
    Some(())
}

/// How many members an array has.
pub fn array_length(text: &str) -> Option<usize> {
    let mut cursor = Cursor::new(text, LENIENT);
    if cursor.kind().ok()? != JsonKind::Array {
        return None;
    }
    let (mut more, mut count) = (cursor.enter(b']').ok()?, 0);
    while more {
        cursor.skip().ok()?;
        count += 1;
        more = cursor.another(b']').ok()?;
    }
    Some(count)
}
