//! Regular expressions with Java's syntax and meaning, look-around included; a pattern is compiled once for a column.

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
use super::per_value::{Out, kernel};
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;

pub const TABLE: super::Table = &[
    ("rlike", Scalar(matches)),
    ("regexp", Scalar(matches)),
    ("regexp_like", Scalar(matches)),
    ("regexp_count", Scalar(|c, a| by_pattern::<i32>(c, a, |regex, text| Ok(Some(found(regex, text)?.len() as i32))))),
    ("regexp_extract", Scalar(extract)),
    ("regexp_extract_all", Scalar(extract_all)),
    ("regexp_instr", Scalar(instr)),
    ("regexp_replace", Scalar(replace)),
    (
        "regexp_substr",
        Scalar(|c, a| {
            by_pattern::<String>(c, a, |regex, text| {
                Ok(regex.find(text).map_err(failed)?.map(|found| found.as_str().to_owned()))
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
    compiled: RefCell<HashMap<String, Arc<Regex>>>,
}

impl<'a> CompiledPatterns<'a> {
    fn new(function: &'a str) -> Self {
        Self { function, compiled: RefCell::default() }
    }

    fn get(&self, pattern: &str) -> Result<Arc<Regex>> {
        if let Some(found) = self.compiled.borrow().get(pattern) {
            return Ok(Arc::clone(found));
        }
        let regex = Arc::new(compile(pattern, self.function)?);
        self.compiled.borrow_mut().insert(pattern.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }
}

/// A pattern of Java's, or Spark's error that it is none.
fn compile(pattern: &str, function: &str) -> Result<Regex> {
    Regex::new(&from_java(pattern)).map_err(|_| {
        Error::of(condition::INVALID_PARAMETER_VALUE_PATTERN)
            .with("parameter", "`regexp`")
            .with("functionName", format!("`{function}`"))
            .with("value", format!("'{pattern}'"))
    })
}

/// Java's `\d`, `\w`, `\s`, `\b` know ASCII only, `[` inside a class is a letter when it opens nothing, and `\Z` ends before a last line end.
fn from_java(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut letters = pattern.chars().peekable();
    let mut class = 0_usize;
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('d') => out.push_str(if class > 0 { "0-9" } else { "[0-9]" }),
                Some('w') => out.push_str(if class > 0 { "a-zA-Z0-9_" } else { "[a-zA-Z0-9_]" }),
                Some('s') => out.push_str(if class > 0 { r" \t\n\x0B\f\r" } else { r"[ \t\n\x0B\f\r]" }),
                Some('D') => out.push_str("[^0-9]"),
                Some('W') => out.push_str("[^a-zA-Z0-9_]"),
                Some('S') => out.push_str(r"[^ \t\n\x0B\f\r]"),
                Some('Z') => out.push_str(r"(?=\n?\z)"),
                Some('Q') => {
                    let mut quoted = String::new();
                    while let Some(next) = letters.next() {
                        if next == '\\' && letters.peek() == Some(&'E') {
                            letters.next();
                            break;
                        }
                        quoted.push(next);
                    }
                    out.push_str(&fancy_regex::escape(&quoted));
                }
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            '[' => {
                class += 1;
                out.push('[');
                if letters.peek() == Some(&'^') {
                    out.push('^');
                    letters.next();
                }
            }
            ']' => {
                class = class.saturating_sub(1);
                out.push(']');
            }
            other => out.push(other),
        }
    }
    out
}

fn failed(error: fancy_regex::Error) -> Error {
    Error::runtime(format!("a regular expression gave up: {error}"))
}

fn found<'t>(regex: &Regex, text: &'t str) -> Result<Vec<&'t str>> {
    regex.find_iter(text).map(|found| found.map(|found| found.as_str()).map_err(failed)).collect()
}

/// A function of text and pattern.
fn by_pattern<R: Out>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    f: fn(&Regex, &str) -> Result<Option<R>>,
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
    f: fn(&str, &Regex, &str, i32) -> Result<Option<R>>,
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
fn group(function: &str, regex: &Regex, index: i32) -> Result<usize> {
    let groups = regex.captures_len() - 1;
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
        let captures = regex.captures(text).map_err(failed)?;
        let Some(captures) = captures else { return Ok(Some(String::new())) };
        let index = group(function, regex, index)?;
        Ok(Some(captures.get(index).map_or(String::new(), |found| found.as_str().to_owned())))
    })
}

fn extract_all(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<Vec<String>>(context, arguments, 1, |function, regex, text, index| {
        let index = group(function, regex, index)?;
        let all: Result<Vec<String>> = regex
            .captures_iter(text)
            .map(|captures| {
                Ok(captures.map_err(failed)?.get(index).map_or(String::new(), |found| found.as_str().to_owned()))
            })
            .collect();
        all.map(Some)
    })
}

fn instr(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<i32>(context, arguments, 0, |_, regex, text, _| {
        let found = regex.find(text).map_err(failed)?;
        Ok(Some(found.map_or(0, |found| text[..found.start()].chars().count() as i32 + 1)))
    })
}

/// `regexp_replace(text, pattern, replacement[, from])`; `$1` and `\$` in the replacement are Java's.
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
            let text = texts.value(row);
            let skip = usize::try_from(i64::from(starts.value(row)) - 1).unwrap_or(0);
            let start = text.char_indices().map(|(at, _)| at).nth(skip).unwrap_or(text.len());
            replaced(patterns.get(regexes.value(row))?.as_ref(), text, start, replacements.value(row)).map(Some)
        });
        Ok(Arc::new(rows.collect::<Result<StringArray>>()?))
    }))
}

fn replaced(regex: &Regex, text: &str, start: usize, replacement: &str) -> Result<String> {
    let mut out = text[..start].to_owned();
    let mut last = start;
    for captures in regex.captures_iter(&text[start..]) {
        let captures = captures.map_err(failed)?;
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(&text[last..start + whole.start()]);
        let mut letters = replacement.chars().peekable();
        while let Some(c) = letters.next() {
            match c {
                '\\' => out.extend(letters.next()),
                '$' => {
                    let mut index = letters
                        .next()
                        .and_then(|digit| digit.to_digit(10))
                        .ok_or_else(|| Error::illegal("illegal group reference"))?
                        as usize;
                    // More digits belong to the number as long as such a group exists.
                    while let Some(digit) = letters.peek().and_then(|digit| digit.to_digit(10)) {
                        let longer = index * 10 + digit as usize;
                        if longer >= regex.captures_len() {
                            break;
                        }
                        index = longer;
                        letters.next();
                    }
                    if index >= regex.captures_len() {
                        return Err(Error::runtime(format!("no group {index}")));
                    }
                    out.push_str(captures.get(index).map_or("", |found| found.as_str()));
                }
                other => out.push(other),
            }
        }
        last = start + whole.end();
    }
    out.push_str(&text[last..]);
    Ok(out)
}

/// `split(text, pattern[, limit])`; trailing empty parts stay.
fn split(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    with_number::<Vec<String>>(context, arguments, -1, |_, regex, text, limit| {
        let most = if limit > 0 { limit as usize } else { usize::MAX };
        if regex.as_str().is_empty() {
            // Between any two characters; the last part takes the rest.
            let letters: Vec<char> = text.chars().collect();
            let cut = most.min(letters.len().max(1)) - 1;
            let mut parts: Vec<String> = letters[..cut.min(letters.len())].iter().map(char::to_string).collect();
            parts.push(letters[cut.min(letters.len())..].iter().collect());
            return Ok(Some(parts));
        }
        let mut parts = Vec::new();
        let mut last = 0;
        for found in regex.find_iter(text) {
            let found = found.map_err(failed)?;
            if parts.len() + 1 >= most {
                break;
            }
            // Java drops an empty match at the beginning.
            if found.end() == 0 || (found.start() == found.end() && found.start() == text.len()) {
                continue;
            }
            parts.push(text[last..found.start()].to_owned());
            last = found.end();
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
