//! Text, counted in characters (code points), from 1.

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Int32Type};
use base64::Engine;
use datafusion::common::ScalarValue;

use super::Definition::Scalar;
use super::args::{cast_all, count, exact, implicit, literal};
use super::per_value::{Bytes, Int, Long, Text, kernel, map2, one, one_or, three_or, two, two_or};
use super::{CallContext, array};
use crate::error::{Error, Result, condition};
use crate::plan::resolve::cast::cast;
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("ascii", Scalar(|c, a| one::<Text, i32>(c, a, |s| s.chars().next().map_or(0, |first| first as i32)))),
    (
        "base64",
        Scalar(|c, a| {
            one::<Bytes, String>(c, binary(c, a)?, |bytes| base64::engine::general_purpose::STANDARD.encode(bytes))
        }),
    ),
    ("bit_length", Scalar(|c, a| one::<Bytes, i32>(c, binary(c, a)?, |bytes| bytes.len() as i32 * 8))),
    ("btrim", Scalar(|c, a| trim(c, a, TrimSide::Both))),
    ("char", Scalar(|c, a| one::<Long, String>(c, a, character))),
    ("chr", Scalar(|c, a| one::<Long, String>(c, a, character))),
    ("char_length", Scalar(length)),
    ("character_length", Scalar(length)),
    ("len", Scalar(length)),
    ("length", Scalar(length)),
    ("concat", Scalar(concat)),
    ("||", Scalar(concat)),
    ("concat_ws", Scalar(concat_ws)),
    ("contains", Scalar(|c, a| two::<Text, Text, bool>(c, a, |s, part| s.contains(part)))),
    ("decode", Scalar(decode)),
    ("elt", Scalar(elt)),
    ("encode", Scalar(|c, a| two_or::<Text, Text, Vec<u8>>(c, a, |s, charset| encode(s, charset).map(Some)))),
    ("endswith", Scalar(|c, a| two::<Text, Text, bool>(c, a, |s, end| s.ends_with(end)))),
    ("find_in_set", Scalar(|c, a| two::<Text, Text, i32>(c, a, find_in_set))),
    ("initcap", Scalar(|c, a| one::<Text, String>(c, a, initcap))),
    ("instr", Scalar(|c, a| two::<Text, Text, i32>(c, a, |s, part| locate(part, s, 1)))),
    ("is_valid_utf8", Scalar(|c, a| one::<Bytes, bool>(c, binary(c, a)?, |bytes| std::str::from_utf8(bytes).is_ok()))),
    ("lcase", Scalar(|c, a| one::<Text, String>(c, a, str::to_lowercase))),
    ("lower", Scalar(|c, a| one::<Text, String>(c, a, str::to_lowercase))),
    ("left", Scalar(|c, a| two::<Text, Int, String>(c, a, |s, n| substring(s, 1, i64::from(n)).to_owned()))),
    ("levenshtein", Scalar(levenshtein)),
    ("locate", Scalar(position)),
    ("position", Scalar(position)),
    ("lpad", Scalar(|c, a| pad(c, a, true))),
    ("rpad", Scalar(|c, a| pad(c, a, false))),
    ("ltrim", Scalar(|c, a| trim(c, a, TrimSide::Left))),
    ("rtrim", Scalar(|c, a| trim(c, a, TrimSide::Right))),
    ("trim", Scalar(|c, a| trim(c, a, TrimSide::Both))),
    ("trim_leading", Scalar(|c, a| trim(c, a, TrimSide::Left))),
    ("trim_trailing", Scalar(|c, a| trim(c, a, TrimSide::Right))),
    ("luhn_check", Scalar(|c, a| one::<Text, bool>(c, a, luhn))),
    ("make_valid_utf8", Scalar(|c, a| one::<Text, String>(c, a, str::to_owned))),
    ("validate_utf8", Scalar(|c, a| one::<Text, String>(c, a, str::to_owned))),
    ("try_validate_utf8", Scalar(|c, a| one::<Text, String>(c, a, str::to_owned))),
    ("mask", Scalar(mask)),
    ("octet_length", Scalar(|c, a| one::<Bytes, i32>(c, binary(c, a)?, |bytes| bytes.len() as i32))),
    ("overlay", Scalar(overlay)),
    (
        "quote",
        Scalar(|c, a| one::<Text, String>(c, a, |s| format!("'{}'", s.replace('\\', "\\\\").replace('\'', "\\'")))),
    ),
    ("repeat", Scalar(|c, a| two::<Text, Int, String>(c, a, |s, n| s.repeat(usize::try_from(n).unwrap_or(0))))),
    ("replace", Scalar(replace)),
    ("reverse", Scalar(reverse)),
    (
        "right",
        Scalar(|c, a| {
            two::<Text, Int, String>(c, a, |s, n| {
                if n <= 0 { String::new() } else { substring(s, -i64::from(n), i64::MAX).to_owned() }
            })
        }),
    ),
    ("soundex", Scalar(|c, a| one::<Text, String>(c, a, soundex))),
    ("space", Scalar(|c, a| one::<Int, String>(c, a, |n| " ".repeat(usize::try_from(n).unwrap_or(0))))),
    ("split_part", Scalar(|c, a| three_or::<Text, Text, Int, String>(c, a, split_part))),
    ("startswith", Scalar(|c, a| two::<Text, Text, bool>(c, a, |s, start| s.starts_with(start)))),
    ("substr", Scalar(substr)),
    ("substring", Scalar(substr)),
    (
        "substring_index",
        Scalar(|c, a| {
            three_or::<Text, Text, Int, String>(c, a, |s, by, n| Ok(Some(substring_index(s, by, n).to_owned())))
        }),
    ),
    ("to_binary", Scalar(|c, a| to_binary(c, a, false))),
    ("try_to_binary", Scalar(|c, a| to_binary(c, a, true))),
    (
        "translate",
        Scalar(|c, a| three_or::<Text, Text, Text, String>(c, a, |s, from, to| Ok(Some(translate(s, from, to))))),
    ),
    ("ucase", Scalar(|c, a| one::<Text, String>(c, a, str::to_uppercase))),
    ("upper", Scalar(|c, a| one::<Text, String>(c, a, str::to_uppercase))),
    ("unbase64", Scalar(|c, a| one_or::<Text, Vec<u8>>(c, a, unbase64))),
    ("url_decode", Scalar(|c, a| one_or::<Text, String>(c, a, |s| url_decode(s).map(Some)))),
    ("try_url_decode", Scalar(|c, a| one_or::<Text, String>(c, a, |s| Ok(url_decode(s).ok())))),
    ("url_encode", Scalar(|c, a| one::<Text, String>(c, a, url_encode))),
];

/// The one argument as bytes: binary, or text in UTF-8.
pub fn binary(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Vec<Typed>> {
    count(context, &arguments, 1..=1)?;
    arguments
        .into_iter()
        .map(|argument| {
            let text = if argument.data_type == DataType::Binary {
                argument
            } else {
                implicit(context, argument, &DataType::Utf8, 0)?
            };
            cast(text, &DataType::Binary, context.conf)
        })
        .collect()
}

fn character(code: i64) -> String {
    if code < 0 { String::new() } else { char::from((code % 256) as u8).to_string() }
}

fn length(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    if arguments[0].data_type == DataType::Binary {
        return one::<Bytes, i32>(context, arguments, |bytes| bytes.len() as i32);
    }
    one::<Text, i32>(context, arguments, |s| if s.is_ascii() { s.len() as i32 } else { s.chars().count() as i32 })
}

/// Texts, binaries or arrays one after the other.
fn concat(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if arguments.is_empty() {
        return Ok(literal(ScalarValue::Utf8(Some(String::new()))));
    }
    if arguments.iter().any(|argument| matches!(argument.data_type, DataType::List(_))) {
        return array::concat(context, arguments);
    }
    let nullable = arguments.iter().any(|argument| argument.nullable);
    if arguments.iter().all(|argument| argument.data_type == DataType::Binary) {
        return Ok(kernel(context, "_binary", DataType::Binary, nullable, arguments, |arrays| {
            let arrays: Vec<_> = arrays.iter().map(|array| array.as_binary::<i32>()).collect();
            let rows = (0..arrays[0].len()).map(|row| {
                arrays
                    .iter()
                    .all(|array| array.is_valid(row))
                    .then(|| arrays.iter().flat_map(|array| array.value(row)).copied().collect::<Vec<u8>>())
            });
            Ok(Arc::new(rows.collect::<arrow::array::BinaryArray>()))
        }));
    }
    let types = vec![DataType::Utf8; arguments.len()];
    let arguments = cast_all(context, arguments, &types)?;
    Ok(super::per_value::safe_kernel(context, "", DataType::Utf8, nullable, arguments, |arrays| {
        let arrays: Vec<_> = arrays.iter().map(|array| array.as_string::<i32>()).collect();
        let mut builder = StringBuilder::new();
        let mut text = String::new();
        for row in 0..arrays[0].len() {
            if arrays.iter().any(|array| array.is_null(row)) {
                builder.append_null();
                continue;
            }
            text.clear();
            arrays.iter().for_each(|array| text.push_str(array.value(row)));
            builder.append_value(&text);
        }
        Ok(Arc::new(builder.finish()))
    }))
}

/// Texts and the texts of arrays with a separator between; nulls are left out.
fn concat_ws(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let list = crate::types::array(DataType::Utf8, true);
    let arguments: Result<Vec<_>> = arguments
        .into_iter()
        .enumerate()
        .map(|(at, argument)| {
            let to = if at > 0 && matches!(argument.data_type, DataType::List(_)) { &list } else { &DataType::Utf8 };
            implicit(context, argument, to, at)
        })
        .collect();
    let arguments = arguments?;
    let nullable = arguments[0].nullable;
    Ok(super::per_value::safe_kernel(context, "", DataType::Utf8, nullable, arguments, |arrays| {
        let separators = arrays[0].as_string::<i32>();
        let rows = (0..separators.len()).map(|row| {
            if separators.is_null(row) {
                return None;
            }
            let mut parts: Vec<String> = Vec::new();
            for array in &arrays[1..] {
                match array.as_list_opt::<i32>() {
                    _ if array.is_null(row) => {}
                    Some(lists) => {
                        parts.extend(lists.value(row).as_string::<i32>().iter().flatten().map(str::to_owned))
                    }
                    None => parts.push(array.as_string::<i32>().value(row).to_owned()),
                }
            }
            Some(parts.join(separators.value(row)))
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    }))
}

fn charset_error(function: &str, charset: &str) -> Error {
    Error::of(condition::INVALID_PARAMETER_VALUE_CHARSET)
        .with("functionName", format!("`{function}`"))
        .with("parameter", "`charset`")
        .with("charset", charset)
        .with("charsets", "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8")
}

fn encode(text: &str, charset: &str) -> Result<Vec<u8>> {
    let narrow = |limit: u32| text.chars().map(|c| if u32::from(c) < limit { c as u8 } else { b'?' }).collect();
    Ok(match charset.to_ascii_lowercase().as_str() {
        "utf-8" => text.as_bytes().to_vec(),
        "us-ascii" => narrow(128),
        "iso-8859-1" => narrow(256),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16" if text.is_empty() => Vec::new(),
        "utf-16" => [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect(),
        "utf-32" => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        _ => return Err(charset_error("encode", charset)),
    })
}

fn decode_bytes(bytes: &[u8], charset: &str) -> Result<String> {
    let wide = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    Ok(match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8_lossy(bytes).into_owned(),
        "us-ascii" => bytes
            .iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER })
            .collect(),
        "iso-8859-1" => bytes.iter().map(|byte| char::from(*byte)).collect(),
        "utf-16be" => wide(u16::from_be_bytes, bytes),
        "utf-16le" => wide(u16::from_le_bytes, bytes),
        "utf-16" => match bytes {
            [0xFF, 0xFE, rest @ ..] => wide(u16::from_le_bytes, rest),
            [0xFE, 0xFF, rest @ ..] => wide(u16::from_be_bytes, rest),
            rest => wide(u16::from_be_bytes, rest),
        },
        "utf-32" => bytes
            .chunks_exact(4)
            .map(|b| {
                char::from_u32(u32::from_be_bytes([b[0], b[1], b[2], b[3]])).unwrap_or(char::REPLACEMENT_CHARACTER)
            })
            .collect(),
        _ => return Err(charset_error("decode", charset)),
    })
}

/// `decode(bytes, charset)`; with more arguments it is Oracle's, a CASE by equality in which null
/// equals null.
fn decode(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    if arguments.len() > 2 {
        return super::conditional::decode(context, arguments);
    }
    let arguments = exact(context, arguments, [DataType::Binary, DataType::Utf8])?;
    Ok(kernel(context, "", DataType::Utf8, true, arguments, |arrays| {
        map2::<Bytes, Text, String>(arrays, |bytes, charset| decode_bytes(bytes, charset).map(Some))
    }))
}

/// The n-th of the other arguments.
fn elt(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=usize::MAX)?;
    let ansi = context.conf.ansi();
    let all_binary = arguments[1..].iter().all(|argument| argument.data_type == DataType::Binary);
    let to = if all_binary { DataType::Binary } else { DataType::Utf8 };
    let types: Vec<_> = std::iter::once(DataType::Int32).chain(vec![to.clone(); arguments.len() - 1]).collect();
    let arguments = cast_all(context, arguments, &types)?;
    Ok(kernel(context, "", to, true, arguments, move |arrays| {
        let positions = arrays[0].as_primitive::<Int32Type>();
        let values: Vec<&dyn Array> = arrays[1..].iter().map(AsRef::as_ref).collect();
        let mut picks = Vec::with_capacity(positions.len());
        let null = arrow::array::new_null_array(arrays[1].data_type(), 1);
        for row in 0..positions.len() {
            let position = usize::try_from(positions.value(row)).unwrap_or(0);
            match position.checked_sub(1).filter(|at| positions.is_valid(row) && *at < values.len()) {
                Some(at) => picks.push((at, row)),
                None if ansi && positions.is_valid(row) => {
                    return Err(Error::of(condition::INVALID_ARRAY_INDEX)
                        .with("indexValue", positions.value(row))
                        .with("arraySize", values.len()));
                }
                None => picks.push((values.len(), 0)),
            }
        }
        let sources: Vec<&dyn Array> = values.into_iter().chain([null.as_ref()]).collect();
        Ok(arrow::compute::interleave(&sources, &picks)?)
    }))
}

fn find_in_set(word: &str, set: &str) -> i32 {
    if word.contains(',') {
        return 0;
    }
    set.split(',').position(|member| member == word).map_or(0, |at| at as i32 + 1)
}

/// The first letter of each word upper, the rest lower; words end at spaces only.
fn initcap(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if start {
            out.extend(c.to_uppercase())
        } else {
            out.extend(c.to_lowercase())
        }
        start = c == ' ';
    }
    out
}

/// Where `part` stands in `text` from position `from` on, both from 1; 0 for nowhere.
fn locate(part: &str, text: &str, from: i32) -> i32 {
    let Some(skip) = usize::try_from(from).ok().and_then(|from| from.checked_sub(1)) else { return 0 };
    let Some(start) = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(skip) else { return 0 };
    text[start..].find(part).map_or(0, |at| text[..start + at].chars().count() as i32 + 1)
}

fn position(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Int32(Some(1))));
    }
    three_or::<Text, Text, Int, i32>(context, arguments, |part, text, from| Ok(Some(locate(part, text, from))))
}

/// With a limit, a larger distance is -1.
fn levenshtein(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        return two::<Text, Text, i32>(context, arguments, |left, right| strsim::levenshtein(left, right) as i32);
    }
    three_or::<Text, Text, Int, i32>(context, arguments, |left, right, limit| {
        let distance = strsim::levenshtein(left, right) as i32;
        Ok(Some(if distance > limit { -1 } else { distance }))
    })
}

fn pad(context: &CallContext<'_>, mut arguments: Vec<Typed>, left: bool) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Utf8(Some(" ".to_owned()))));
    }
    three_or::<Text, Int, Text, String>(context, arguments, move |text, width, fill| {
        let width = usize::try_from(width).unwrap_or(0);
        let length = text.chars().count();
        if length >= width {
            return Ok(Some(text.chars().take(width).collect()));
        }
        let filling: String = fill.chars().cycle().take(if fill.is_empty() { 0 } else { width - length }).collect();
        Ok(Some(if left { filling + text } else { text.to_owned() + &filling }))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TrimSide {
    Left,
    Right,
    Both,
}

/// `trim(text)` takes spaces away; with characters, any of those.
fn trim(context: &CallContext<'_>, mut arguments: Vec<Typed>, side: TrimSide) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let cut = move |text: &str, set: &str| {
        let is_cut = |c: char| set.contains(c);
        match side {
            TrimSide::Left => text.trim_start_matches(is_cut).to_owned(),
            TrimSide::Right => text.trim_end_matches(is_cut).to_owned(),
            TrimSide::Both => text.trim_matches(is_cut).to_owned(),
        }
    };
    if arguments.len() == 1 {
        return one::<Text, String>(context, arguments, move |text| cut(text, " "));
    }
    // The characters come first, as in `ltrim('x', 'xxa')`; in `btrim(text, characters)` and in
    // what `trim(… FROM …)` becomes, last.
    if !matches!(context.name.to_ascii_lowercase().as_str(), "btrim" | "trim") {
        arguments.swap(0, 1);
    }
    two::<Text, Text, String>(context, arguments, cut)
}

fn luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (at, c) in digits.chars().rev().enumerate() {
        let Some(digit) = c.to_digit(10) else { return false };
        sum += match at % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        };
    }
    !digits.is_empty() && sum % 10 == 0
}

/// Letters and digits hidden behind one character for each kind; null keeps a kind as it is.
fn mask(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=5)?;
    let defaults = [Some("X"), Some("x"), Some("n"), None];
    while arguments.len() < 5 {
        let default = defaults[arguments.len() - 1];
        arguments.push(literal(ScalarValue::Utf8(default.map(str::to_owned))));
    }
    let arguments = cast_all(context, arguments, &vec![DataType::Utf8; 5])?;
    let nullable = arguments[0].nullable;
    Ok(kernel(context, "", DataType::Utf8, nullable, arguments, |arrays| {
        let columns: Vec<_> = arrays.iter().map(|array| array.as_string::<i32>()).collect();
        let rows = (0..columns[0].len()).map(|row| {
            columns[0].is_valid(row).then(|| {
                let behind = |at: usize, c: char| {
                    columns[at].is_valid(row).then(|| columns[at].value(row).chars().next()).flatten().unwrap_or(c)
                };
                let hide = |c: char| match c {
                    c if c.is_uppercase() => behind(1, c),
                    c if c.is_lowercase() => behind(2, c),
                    c if c.is_numeric() => behind(3, c),
                    c => behind(4, c),
                };
                columns[0].value(row).chars().map(hide).collect::<String>()
            })
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    }))
}

fn overlay(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 3..=4)?;
    if arguments.len() == 3 {
        arguments.push(literal(ScalarValue::Int32(Some(-1))));
    }
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8, DataType::Int32, DataType::Int32])?;
    Ok(kernel(context, "", DataType::Utf8, true, arguments, |arrays| {
        let (texts, parts) = (arrays[0].as_string::<i32>(), arrays[1].as_string::<i32>());
        let (positions, lengths) = (arrays[2].as_primitive::<Int32Type>(), arrays[3].as_primitive::<Int32Type>());
        let rows = (0..texts.len()).map(|row| {
            arrays.iter().all(|array| array.is_valid(row)).then(|| {
                let (text, part, at) = (texts.value(row), parts.value(row), i64::from(positions.value(row)));
                let length = i64::from(lengths.value(row));
                let length = if length < 0 { part.chars().count() as i64 } else { length };
                format!("{}{part}{}", substring(text, 1, at - 1), substring(text, at + length, i64::MAX))
            })
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    }))
}

fn replace(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Utf8(Some(String::new()))));
    }
    three_or::<Text, Text, Text, String>(context, arguments, |text, from, to| {
        Ok(Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) }))
    })
}

fn reverse(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    if matches!(arguments[0].data_type, DataType::List(_)) {
        return array::reverse(context, arguments);
    }
    one::<Text, String>(context, arguments, |text| text.chars().rev().collect())
}

fn soundex(text: &str) -> String {
    const CODES: &[u8; 26] = b"01230127022455012623017202";
    let code = |c: char| c.is_ascii_alphabetic().then(|| CODES[(c.to_ascii_uppercase() as u8 - b'A') as usize]);
    let Some(first) = text.chars().next().filter(char::is_ascii_alphabetic) else { return text.to_owned() };
    let mut out = String::from(first.to_ascii_uppercase());
    let mut last = code(first);
    for c in text.chars().skip(1) {
        let Some(next) = code(c) else {
            last = None;
            continue;
        };
        match next {
            // H and W (7) do not part equal codes; vowels (0) do.
            b'7' => continue,
            b'0' => {}
            digit if last != Some(digit) => out.push(char::from(digit)),
            _ => {}
        }
        last = Some(next);
        if out.len() == 4 {
            break;
        }
    }
    format!("{out:0<4}")
}

fn split_part(text: &str, by: &str, at: i32) -> Result<Option<String>> {
    if at == 0 {
        return Err(Error::of(condition::INVALID_INDEX_OF_ZERO));
    }
    let parts: Vec<&str> = if by.is_empty() { vec![text] } else { text.split(by).collect() };
    let index = if at > 0 { at as usize - 1 } else { parts.len().wrapping_sub(at.unsigned_abs() as usize) };
    Ok(Some(parts.get(index).copied().unwrap_or_default().to_owned()))
}

fn substr(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Int32(Some(i32::MAX))));
    }
    if arguments[0].data_type == DataType::Binary {
        return three_or::<Bytes, Int, Int, Vec<u8>>(context, arguments, |bytes, from, length| {
            let (start, end) = bounds(bytes.len(), i64::from(from), i64::from(length));
            Ok(Some(bytes[start..end].to_vec()))
        });
    }
    let nullable = arguments.iter().any(|argument| argument.nullable);
    let arguments = exact(context, arguments, [DataType::Utf8, DataType::Int32, DataType::Int32])?;
    Ok(super::per_value::safe_kernel(context, "", DataType::Utf8, nullable, arguments, |arrays| {
        let texts = arrays[0].as_string::<i32>();
        let (from, length) = (arrays[1].as_primitive::<Int32Type>(), arrays[2].as_primitive::<Int32Type>());
        let rows = (0..texts.len()).map(|row| {
            (texts.is_valid(row) && from.is_valid(row) && length.is_valid(row))
                .then(|| substring(texts.value(row), i64::from(from.value(row)), i64::from(length.value(row))))
        });
        Ok(Arc::new(rows.collect::<StringArray>()))
    }))
}

/// First and last index, from 0, of `length` units from position `from`: from 1, or from the end
/// when negative.
fn bounds(units: usize, from: i64, length: i64) -> (usize, usize) {
    let units = units as i64;
    let start = match from {
        1.. => from - 1,
        0 => 0,
        _ => units + from,
    };
    let end = start.saturating_add(length).clamp(0, units);
    (start.clamp(0, units).min(end) as usize, end as usize)
}

/// Spark's `substring`: positions from 1, negative ones from the end; what lies before the text
/// counts, but has no characters.
pub fn substring(text: &str, from: i64, length: i64) -> &str {
    if text.is_ascii() {
        let (start, end) = bounds(text.len(), from, length);
        return &text[start..end];
    }
    let (start, end) = bounds(text.chars().count(), from, length);
    let mut edges = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let first = edges.nth(start).unwrap_or(text.len());
    let last = if end == start { first } else { edges.nth(end - start - 1).unwrap_or(text.len()) };
    &text[first..last]
}

fn substring_index<'a>(text: &'a str, by: &str, n: i32) -> &'a str {
    if n == 0 || by.is_empty() {
        return "";
    }
    let nth = n.unsigned_abs() as usize - 1;
    if n > 0 {
        text.match_indices(by).nth(nth).map_or(text, |(at, _)| &text[..at])
    } else {
        text.rmatch_indices(by).nth(nth).map_or(text, |(at, _)| &text[at + by.len()..])
    }
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let to: Vec<char> = to.chars().collect();
    text.chars()
        .filter_map(|c| match from.chars().position(|wanted| wanted == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        })
        .collect()
}

/// Base64 as MIME reads it: line ends and spaces are passed over, padding may be absent.
fn unbase64(text: &str) -> Result<Option<Vec<u8>>> {
    let clean: String = text.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(clean).map(Some).map_err(|_| {
        Error::of(condition::CONVERSION_INVALID_INPUT)
            .with("str", format!("'{text}'"))
            .with("fmt", "\"BASE64\"")
            .with("targetType", "\"BINARY\"")
            .with("suggestion", "`try_to_binary`")
    })
}

fn url_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn url_decode(text: &str) -> Result<String> {
    let bad = || Error::of(condition::CANNOT_DECODE_URL).with("url", text);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).ok_or_else(bad);
                (digit(rest.next())? * 16 + digit(rest.next())?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

/// `to_binary(text[, format])`: hexadecimal unless told `utf-8` or `base64`.
fn to_binary(context: &CallContext<'_>, arguments: Vec<Typed>, lenient: bool) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let arguments = cast_all(context, arguments, &[DataType::Utf8, DataType::Utf8])?;
    Ok(kernel(context, "", DataType::Binary, true, arguments, move |arrays| {
        let texts = arrays[0].as_string::<i32>();
        let formats = arrays.get(1).map(|array| array.as_string::<i32>());
        let rows = (0..texts.len()).map(|row| {
            if texts.is_null(row) || formats.is_some_and(|formats| formats.is_null(row)) {
                return Ok(None);
            }
            let (text, format) = (texts.value(row), formats.map_or("hex", |formats| formats.value(row)));
            let bytes = match format.to_ascii_lowercase().as_str() {
                "utf-8" | "utf8" => Some(text.as_bytes().to_vec()),
                "base64" => unbase64(text).ok().flatten(),
                "hex" => super::math::unhex(text),
                _ => {
                    return Err(Error::illegal(format!(
                        "to_binary knows the formats hex, utf-8 and base64, not '{format}'"
                    )));
                }
            };
            match bytes {
                None if !lenient => Err(Error::of(condition::CONVERSION_INVALID_INPUT)
                    .with("str", format!("'{text}'"))
                    .with("fmt", format!("\"{}\"", format.to_uppercase()))
                    .with("targetType", "\"BINARY\"")
                    .with("suggestion", "`try_to_binary`")),
                bytes => Ok(bytes),
            }
        });
        Ok(Arc::new(rows.collect::<Result<arrow::array::BinaryArray>>()?))
    }))
}
