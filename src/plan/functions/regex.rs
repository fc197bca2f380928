//! Regular expressions with Java's syntax and meaning, look-around included; a pattern is compiled
//! once for a column.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::ScalarValue;
use fancy_regex::Regex;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{cast_all, count, exact, literal};
use super::java_regex::{JavaRegex, PatternFault};
use super::per_value::{Out, kernel};
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("rlike", Scalar(matches)),
    ("regexp", Scalar(matches)),
    ("regexp_like", Scalar(matches)),
    (
        "regexp_count",
        Scalar(|c, a| {
            by_pattern::<i32>(c, a, |regex, text| {
                let count: Result<usize> =
                    regex.matches(text).try_fold(0, |count, found| found.map(|_| count + 1).map_err(failed));
                count.map(|count| Some(count as i32))
            })
        }),
    ),
    ("regexp_extract", Scalar(extract)),
    ("regexp_extract_all", Scalar(extract_all)),
    ("regexp_instr", Scalar(instr)),
    ("regexp_replace", Scalar(replace)),
    (
        "regexp_substr",
        Scalar(|c, a| {
            by_pattern::<String>(c, a, |regex, text| {
                let found = regex.first(text).map_err(failed)?;
                let text = found.as_ref().map(whole).transpose()?.map(|found| found.as_str());
                // An empty match counts as none.
                Ok(text.filter(|text| !text.is_empty()).map(ToOwned::to_owned))
            })
        }),
    ),
    ("split", Scalar(split)),
    ("like", Scalar(|c, a| like(c, a, false))),
    ("ilike", Scalar(|c, a| like(c, a, true))),
];

/// Compiled patterns of one column: mostly one.
struct CompiledPatterns<'a> {
    function: &'a str,
    compiled: RefCell<HashMap<String, Arc<JavaRegex>>>,
}

impl<'a> CompiledPatterns<'a> {
    fn new(function: &'a str) -> Self {
        Self { function, compiled: RefCell::default() }
    }

    fn get(&self, pattern: &str) -> Result<Arc<JavaRegex>> {
        if let Some(found) = self.compiled.borrow().get(pattern) {
            return Ok(Arc::clone(found));
        }
        let regex = Arc::new(compile(pattern, self.function)?);
        self.compiled.borrow_mut().insert(pattern.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }
}

/// A pattern of Java's, or Spark's error that it is none.
fn compile(pattern: &str, function: &str) -> Result<JavaRegex> {
    JavaRegex::new(pattern).map_err(|fault| match fault {
        // Spark lets Java's own error through.
        PatternFault::Illegal if function == "split" => {
            Error::illegal(format!("the pattern '{pattern}' of split is no regular expression"))
        }
        PatternFault::Illegal => Error::of(condition::INVALID_PARAMETER_VALUE_PATTERN)
            .with("parameter", "`regexp`")
            .with("functionName", format!("`{function}`"))
            .with("value", format!("'{pattern}'")),
        PatternFault::Unsupported(what) => {
            Error::unsupported(format!("{what} in the regular expression '{pattern}' is not implemented in Firesteel"))
        }
    })
}

fn failed(error: fancy_regex::Error) -> Error {
    Error::runtime(format!("a regular expression gave up: {error}"))
}

/// A pattern of Java's that takes a whole name: `colRegex`, `SHOW TABLES LIKE`.
pub struct NamePattern(JavaRegex);

impl NamePattern {
    /// `fold`: letters of ASCII in either case.
    pub fn new(pattern: &str, fold: bool) -> Result<Self> {
        let fold = if fold { "(?i)" } else { "" };
        // A pattern that is none alone must not become one here.
        compile(pattern, "rlike")?;
        compile(&format!(r"{fold}\A(?:{pattern})\z"), "rlike").map(Self)
    }

    pub fn takes(&self, name: &str) -> Result<bool> {
        self.0.is_match(name).map_err(failed)
    }
}

/// The whole of a match.
fn whole<'t>(captures: &fancy_regex::Captures<'t, str>) -> Result<fancy_regex::Match<'t>> {
    captures.get(0).ok_or_else(|| Error::internal("a match without its text"))
}

/// Places in text as Java counts them.
fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// A function of text and pattern.
fn by_pattern<R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: fn(&JavaRegex, &str) -> Result<Option<R>>,
) -> Result<Typed> {
    let arguments = exact(context, arguments, [DataType::Utf8, DataType::Utf8])?;
    let name = context.name.to_ascii_lowercase();
    Ok(kernel(context, "", R::data_type(), true, arguments, move |arrays| {
        let patterns = CompiledPatterns::new(&name);
        let (texts, regexes) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        R::build((0..texts.len()).map(|row| {
            if texts.is_null(row) || regexes.is_null(row) {
                return Ok(None);
            }
            f(patterns.get(regexes.value(row))?.as_ref(), texts.value(row))
        }))
    }))
}

fn matches(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    // The condition names the function `rlike`, whichever of its names was used.
    let context = CallContext { name: "rlike", ..*context };
    by_pattern::<bool>(&context, arguments, |regex, text| regex.is_match(text).map(Some).map_err(failed))
}

/// Text, pattern and an optional number that is 1 when absent (0 for `regexp_instr`).
fn with_number<R: Out>(
    context: &CallContext<'_>,
    mut arguments: Vec<Typed>,
    default: i32,
    f: fn(&str, &JavaRegex, &str, i32) -> Result<Option<R>>,
) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Int32(Some(default))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Int32])?;
    let name = context.name.to_ascii_lowercase();
    Ok(kernel(context, "", R::data_type(), true, arguments, move |arrays| {
        let patterns = CompiledPatterns::new(&name);
        let (texts, regexes, numbers) =
            (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>(), arrays[2].as_primitive::<Int32Type>());
        R::build((0..texts.len()).map(|row| {
            if texts.is_null(row) || regexes.is_null(row) || numbers.is_null(row) {
                return Ok(None);
            }
            f(&name, patterns.get(regexes.value(row))?.as_ref(), texts.value(row), numbers.value(row))
        }))
    }))
}

/// The group of a number, checked against the pattern.
fn group(function: &str, regex: &JavaRegex, index: i32) -> Result<usize> {
    let groups = regex.groups();
    usize::try_from(index).ok().filter(|index| *index <= groups).ok_or_else(|| {
        Error::of(condition::INVALID_PARAMETER_VALUE_REGEX_GROUP_INDEX)
            .with("parameter", "`idx`")
            .with("functionName", format!("`{function}`"))
            .with("groupCount", groups)
            .with("groupIndex", index)
    })
}

fn extract(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<String>(context, arguments, 1, |function, regex, text, index| {
        let captures = regex.first(text).map_err(failed)?;
        let Some(captures) = captures else { return Ok(Some(String::new())) };
        let index = group(function, regex, index)?;
        Ok(Some(captures.get(index).map_or(String::new(), |found| found.as_str().to_owned())))
    })
}

fn extract_all(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<Vec<String>>(context, arguments, 1, |function, regex, text, index| {
        let all: Result<Vec<String>> = regex
            .matches(text)
            .map(|captures| {
                let captures = captures.map_err(failed)?;
                let found = captures.get(group(function, regex, index)?);
                Ok(found.map_or(String::new(), |found| found.as_str().to_owned()))
            })
            .collect();
        all.map(Some)
    })
}

fn instr(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<i32>(context, arguments, 0, |_, regex, text, _| {
        let found = regex.first(text).map_err(failed)?;
        let start = found.as_ref().map(whole).transpose()?.map(|found| found.start());
        Ok(Some(start.map_or(0, |start| utf16_length(&text[..start]) as i32 + 1)))
    })
}

/// `regexp_replace(text, pattern, replacement[, from])`; `$1` and `\$` in the replacement are
/// Java's.
fn replace(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 3..=4)?;
    if arguments.len() == 3 {
        arguments.push(literal(ScalarValue::Int32(Some(1))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Utf8, DataType::Int32])?;
    Ok(kernel(context, "", DataType::Utf8, true, arguments, |arrays| {
        let patterns = CompiledPatterns::new("regexp_replace");
        let [texts, regexes, replacements] = [0, 1, 2].map(|at| arrays[at].as_string::<i32>());
        let starts = arrays[3].as_primitive::<Int32Type>();
        let rows = (0..texts.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return Ok(None);
            }
            let (text, regex) = (texts.value(row), patterns.get(regexes.value(row))?);
            let skip = usize::try_from(i64::from(starts.value(row)) - 1).unwrap_or(0);
            if skip > 0 && skip >= utf16_length(text) {
                return Ok(Some(text.to_owned()));
            }
            let mut seen = 0;
            let start = text.char_indices().find(|(_, letter)| {
                let found = seen >= skip;
                seen += letter.len_utf16();
                found
            });
            let start = start.map_or(text.len(), |(at, _)| at);
            let replacement = replacements.value(row);
            replaced(&regex, text, start, replacement).map(Some).map_err(|fault| match fault {
                ReplaceFault::Failed(error) => error,
                ReplaceFault::Replacement(why) => Error::of(condition::INVALID_REGEXP_REPLACE)
                    .with("source", text)
                    .with("pattern", regexes.value(row))
                    .with("replacement", replacement)
                    .with("position", starts.value(row))
                    .with("reason", why),
            })
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

/// Why nothing could be replaced.
enum ReplaceFault {
    /// The replacement is none of Java's, for this reason.
    Replacement(&'static str),
    Failed(Error),
}

impl From<Error> for ReplaceFault {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn replaced(regex: &JavaRegex, text: &str, start: usize, replacement: &str) -> Result<String, ReplaceFault> {
    let mut out = text[..start].to_owned();
    // What stands before `start` is not there for the pattern.
    let rest = &text[start..];
    let mut last = 0;
    for captures in regex.matches(rest) {
        let captures = captures.map_err(failed)?;
        let found = whole(&captures)?;
        out.push_str(&rest[last..found.start()]);
        append_replacement(&mut out, regex, &captures, replacement).map_err(ReplaceFault::Replacement)?;
        last = found.end();
    }
    out.push_str(&rest[last..]);
    Ok(out)
}

/// `Matcher.appendReplacement`: `$1` and `${name}` are groups, and `\` makes the letter after it
/// itself.
fn append_replacement(
    out: &mut String,
    regex: &JavaRegex,
    captures: &fancy_regex::Captures<'_, str>,
    replacement: &str,
) -> Result<(), &'static str> {
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        let index = match letter {
            '\\' => {
                let next = letters.next().ok_or("a backslash escapes nothing")?;
                out.push(next);
                continue;
            }
            '$' if letters.peek() == Some(&'{') => {
                letters.next();
                let mut name = String::new();
                while let Some(letter) = letters.next_if(char::is_ascii_alphanumeric) {
                    name.push(letter);
                }
                if letters.next() != Some('}') || name.is_empty() {
                    return Err("a named group lacks its name or its closing '}'");
                }
                regex.group_named(&name).ok_or("it names a group that the pattern has not")?
            }
            '$' => group_number(regex, &mut letters)?,
            letter => {
                out.push(letter);
                continue;
            }
        };
        out.push_str(captures.get(index).map_or("", |found| found.as_str()));
    }
    Ok(())
}

/// The number after `$`: more digits belong to it as long as such a group exists.
fn group_number(
    regex: &JavaRegex,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> Result<usize, &'static str> {
    let digit = letters.next().and_then(|digit| digit.to_digit(10));
    let mut index = digit.ok_or("a $ stands before something else than the number of a group")? as usize;
    if index > regex.groups() {
        return Err("it names a group that the pattern has not");
    }
    while let Some(digit) = letters.peek().and_then(|digit| digit.to_digit(10)) {
        let longer = index * 10 + digit as usize;
        if longer > regex.groups() {
            break;
        }
        index = longer;
        letters.next();
    }
    Ok(index)
}

/// `split(text, pattern[, limit])`; trailing empty parts stay.
fn split(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<Vec<String>>(context, arguments, -1, |_, regex, text, limit| {
        let most = if limit > 0 { limit as usize } else { usize::MAX };
        if regex.is_empty() && !text.is_empty() {
            // Between any two characters; the last part takes the rest.
            let letters: Vec<char> = text.chars().collect();
            let cut = most.min(letters.len()) - 1;
            let mut parts: Vec<String> = letters[..cut].iter().map(char::to_string).collect();
            parts.push(letters[cut..].iter().collect());
            return Ok(Some(parts));
        }
        let mut parts = Vec::new();
        let mut last = 0;
        for captures in regex.matches(text) {
            if parts.len() + 1 >= most {
                break;
            }
            let found = whole(&captures.map_err(failed)?)?;
            // Java drops an empty match at the beginning.
            if last == 0 && found.end() == 0 {
                continue;
            }
            parts.push(text[last..found.start()].to_owned());
            last = found.end();
        }
        if last == 0 {
            return Ok(Some(vec![text.to_owned()]));
        }
        parts.push(text[last..].to_owned());
        Ok(Some(parts))
    })
}

/// SQL's LIKE: `_` is one character, `%` any number, and the escape makes either itself.
fn like(context: &CallContext<'_>, mut arguments: Vec<Typed>, fold: bool) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Utf8(Some("\\".to_owned()))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Utf8])?;
    let nullable = arguments.iter().any(|argument| argument.nullable);
    Ok(kernel(context, "", DataType::Boolean, nullable, arguments, move |arrays| {
        let mut compiled: HashMap<(&str, &str), Regex> = HashMap::new();
        let [texts, patterns, escapes] = [0, 1, 2].map(|at| arrays[at].as_string::<i32>());
        bool::build((0..texts.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return Ok(None);
            }
            let key = (patterns.value(row), escapes.value(row));
            if let std::collections::hash_map::Entry::Vacant(e) = compiled.entry(key) {
                e.insert(like_regex(key.0, key.1.chars().next(), fold)?);
            }
            compiled[&key].is_match(texts.value(row)).map(Some).map_err(failed)
        }))
    }))
}

fn like_regex(pattern: &str, escape: Option<char>, fold: bool) -> Result<Regex> {
    let bad = |letter: String| {
        Error::of(condition::INVALID_FORMAT_ESC).with("format", format!("'{pattern}'")).with("char", letter)
    };
    let mut out = String::from(if fold { "(?is)^" } else { "(?s)^" });
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        match c {
            c if Some(c) == escape => match letters.next() {
                Some(next) if next == '_' || next == '%' || Some(next) == escape => {
                    out.push_str(&fancy_regex::escape(&next.to_string()))
                }
                Some(next) => return Err(bad(format!("'{next}'"))),
                None => return Err(bad(format!("'{c}'"))),
            },
            '_' => out.push('.'),
            '%' => out.push_str(".*"),
            other => out.push_str(&fancy_regex::escape(&other.to_string())),
        }
    }
    out.push_str(r"\z");
    Regex::new(&out).map_err(failed)
}
