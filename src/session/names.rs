//! Names of tables and views, by the rules of Spark's parser and of its catalog. A name is never a
//! path.

use crate::error::{Error, Result, condition};

/// The name of a table of this session: ASCII letters, digits and `_`, in lower case. It is safe as
/// the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// Checks the last part of a table's name.
    pub fn new(name: &str) -> Result<Self> {
        if name.is_empty() || !name.chars().all(is_plain) {
            return Err(Error::of(condition::INVALID_SCHEMA_OR_RELATION_NAME).with("name", quoted(&[name])));
        }
        Ok(Self(name.to_ascii_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As Spark's errors show it.
    pub fn full(&self) -> String {
        quoted(&[super::catalog::CATALOG, super::catalog::DATABASE, &self.0])
    }
}

/// A name's parts, each in backquotes, as errors show them.
pub fn quoted<T: AsRef<str>>(parts: &[T]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| format!("`{}`", part.as_ref().replace('`', "``"))).collect();
    parts.join(".")
}

/// The parts of a relation's name as a call takes it: `t`, `default.t`, `` `a b` ``.
pub fn relation_parts(text: &str) -> Result<Vec<String>> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(Error::of(condition::PARSE_EMPTY_STATEMENT));
    }
    let mut parts = Vec::new();
    loop {
        let (part, after) = first_part(rest)?;
        parts.push(part);
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(parts);
        }
        rest = after.strip_prefix('.').ok_or_else(|| syntax(after))?.trim_start();
    }
}

/// The name of a temporary view as a call takes it: one part.
pub fn view_name(text: &str) -> Result<String> {
    let parts = relation_parts(text).map_err(|_| Error::of(condition::INVALID_VIEW_NAME).with("viewName", text))?;
    match <[String; 1]>::try_from(parts) {
        Ok([name]) => Ok(name),
        Err(parts) => Err(Error::of(condition::TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS).with("actualName", quoted(&parts))),
    }
}

/// The name of a temporary view of `CREATE TEMPORARY VIEW`, which may be qualified as one of the
/// session.
pub fn sql_view_name(parts: &[String]) -> Result<&str> {
    let (name, place) = parts.split_last().ok_or_else(|| Error::internal("a view's name has no parts"))?;
    let here = match place {
        [] => true,
        [session] => session.eq_ignore_ascii_case("session"),
        [system, session] => system.eq_ignore_ascii_case("system") && session.eq_ignore_ascii_case("session"),
        _ => false,
    };
    if here {
        return Ok(name);
    }
    Err(Error::of(condition::INVALID_TEMP_OBJ_QUALIFIER)
        .with("objectType", "VIEW")
        .with("objectName", quoted(&[name]))
        .with("qualifier", quoted(place)))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// One part, and the text after it.
fn first_part(text: &str) -> Result<(String, &str)> {
    if let Some(mut rest) = text.strip_prefix('`') {
        let mut part = String::new();
        loop {
            let (inside, after) = rest.split_once('`').ok_or_else(|| syntax(text))?;
            part.push_str(inside);
            match after.strip_prefix('`') {
                Some(more) => {
                    part.push('`');
                    rest = more;
                }
                None => return Ok((part, after)),
            }
        }
    }
    let (part, rest) = text.split_at(text.find(|c| !is_plain(c)).unwrap_or(text.len()));
    if rest.starts_with(|c: char| c == '-' || c.is_alphanumeric()) {
        let end = text.find(|c: char| c == '.' || c.is_whitespace()).unwrap_or(text.len());
        return Err(Error::of(condition::INVALID_IDENTIFIER).with("ident", &text[..end]));
    }
    if part.is_empty() || is_number(part) {
        return Err(syntax(text));
    }
    Ok((part.to_owned(), rest))
}

/// Whether a word is a literal: digits, perhaps with the letters of a type.
fn is_number(word: &str) -> bool {
    let letters = word.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() < word.len()
        && ["", "l", "s", "y", "f", "d", "bd"].iter().any(|suffix| letters.eq_ignore_ascii_case(suffix))
}

fn syntax(at: &str) -> Error {
    let near: String = at.chars().take(1).collect();
    Error::of(condition::PARSE_SYNTAX_ERROR)
        .with("error", format!("'{near}'"))
        .with("hint", " in the name of a table or view; put backquotes around such a name")
}

#[cfg(test)]
mod tests {
    use super::{TableName, relation_parts, view_name};

    fn condition(error: &crate::error::Error) -> &'static str {
        error.condition().map_or("", |condition| condition.name)
    }

    #[test]
    fn parts_are_read_as_by_sparks_parser() {
        let parts = |text| relation_parts(text).map_err(|error| condition(&error));
        let texts = |parts: &[&str]| Ok(parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(parts(" x "), texts(&["x"]));
        assert_eq!(parts("default . `a``.b`"), texts(&["default", "a`.b"]));
        assert_eq!(parts("1a"), texts(&["1a"]));
        assert_eq!(parts("``"), texts(&[""]));
        for text in ["a/b", "..", "a.", "a b", "$a", "a$", "9", "1L", "/abs", "`a", "a`b`"] {
            assert_eq!(parts(text), Err("PARSE_SYNTAX_ERROR"), "{text}");
        }
        for text in ["é", "a-b", "表"] {
            assert_eq!(parts(text), Err("INVALID_IDENTIFIER"), "{text}");
        }
        assert_eq!(parts("  "), Err("PARSE_EMPTY_STATEMENT"));
    }

    #[test]
    fn a_tables_name_has_no_character_of_a_path() {
        for name in ["a/b", "/abs", "..", ".", "", "a b", "é", "a\nb", "a\\b", "a.b", "a-b"] {
            let error = TableName::new(name).unwrap_err();
            assert_eq!(condition(&error), "INVALID_SCHEMA_OR_RELATION_NAME", "{name}");
        }
        assert_eq!(TableName::new("Upper_1").unwrap().as_str(), "upper_1");
    }

    #[test]
    fn a_view_has_one_part_which_may_hold_anything_in_backquotes() {
        assert_eq!(view_name("`a/b`").unwrap(), "a/b");
        assert_eq!(condition(&view_name("a.b").unwrap_err()), "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS");
        assert_eq!(condition(&view_name("").unwrap_err()), "_LEGACY_ERROR_TEMP_1321");
    }
}
