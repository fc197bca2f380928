//! `to_number`, `try_to_number` and `to_char`: numbers by a format such as `S$9,990.99`.
//!
//! A format is `[MI|S] [$] [0|9|G|,]* [.|D] [0|9]* [$] [PR|MI|S]`. A group of digits that begins
//! with `0` has exactly its length, one that begins with `9` at most.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Decimal128Array, StringArray};
use arrow::datatypes::{DataType, Decimal128Type};

use super::CallContext;
use super::Definition::Scalar;
use super::args::{constant, count, implicit, literal, unexpected};
use super::conditional::fixed;
use super::per_value::kernel;
use crate::error::{Error, Result, condition};
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::typed::Typed;
use crate::types::display;

pub const TABLE: super::DefinitionTable = &[
    ("to_number", Scalar(|c, a| to_number(c, a, true))),
    ("try_to_number", Scalar(|c, a| to_number(c, a, false))),
    ("to_char", Scalar(to_char)),
    ("to_varchar", Scalar(to_char)),
];

/// A run of digits without a separator in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DigitGroup {
    digits: usize,
    /// Exactly so many, written with leading zeros; otherwise at most so many, written with leading
    /// spaces.
    exact: bool,
}

/// One part of a format, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Digits before the point: groups from left to right, with separators between.
    Whole(Vec<DigitGroup>),
    Point,
    Fraction(usize),
    Currency,
    /// `S`: always a sign. `MI`: a sign where it is negative, else a space.
    Sign {
        always: bool,
    },
    /// The first half of `PR`: `<` before a negative number.
    Open,
    /// Its second half.
    Close,
}

/// A checked format.
#[derive(Clone, Debug)]
struct Format {
    tokens: Vec<Token>,
    whole: usize,
    fraction: usize,
}

fn invalid(condition: &'static crate::error::Condition, format: &str) -> Error {
    Error::of(condition).with("format", format!("'{format}'"))
}

impl Format {
    fn new(text: &str) -> Result<Self> {
        let format = text.to_ascii_uppercase();
        if format.is_empty() {
            return Err(invalid(condition::INVALID_FORMAT_EMPTY, &format));
        }
        if !format.contains(['0', '9']) {
            return Err(invalid(condition::INVALID_FORMAT_WRONG_NUM_DIGIT, &format));
        }
        check_counts(&format)?;
        check_separators(&format)?;
        let tokens = tokens(&format)?;
        let (mut whole, mut fraction) = (0, 0);
        for token in &tokens {
            match token {
                Token::Whole(groups) => whole += groups.iter().map(|group| group.digits).sum::<usize>(),
                Token::Fraction(digits) => fraction += digits,
                _ => {}
            }
        }
        Ok(Self { tokens, whole, fraction })
    }

    /// The type of the numbers that it reads.
    fn decimal(&self) -> Result<(u8, i8)> {
        let precision = self.whole + self.fraction;
        if precision > 38 {
            return Err(Error::of(condition::DECIMAL_PRECISION_EXCEEDS_MAX)
                .with("precision", precision)
                .with("maxPrecision", 38));
        }
        Ok((precision as u8, self.fraction as i8))
    }

    /// The unscaled number that a text is, `None` where it does not follow the format. Spaces do
    /// not count.
    fn parse(&self, text: &str) -> Option<i128> {
        let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let (mut at, mut digits, mut negative, mut bracket) = (0, String::new(), false, false);
        let mut fraction = 0;
        for token in &self.tokens {
            let next = letters.get(at).copied();
            match token {
                Token::Whole(groups) => {
                    let from = at;
                    while letters.get(at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b',') {
                        at += 1;
                    }
                    let found: Vec<&[u8]> = letters[from..at].split(|byte| *byte == b',').collect();
                    if found.len() > groups.len() {
                        return None;
                    }
                    // From the right: what a short text leaves out are the groups on the left.
                    let mut found = found.iter().rev();
                    for group in groups.iter().rev() {
                        let length = found.next().map_or(0, |digits| digits.len());
                        if length > group.digits || group.exact && length != group.digits {
                            return None;
                        }
                    }
                    digits.extend(letters[from..at].iter().filter(|byte| **byte != b',').map(|byte| *byte as char));
                }
                Token::Point => at += usize::from(next == Some(b'.')),
                Token::Fraction(most) => {
                    while at > 0 && letters.get(at).is_some_and(u8::is_ascii_digit) {
                        digits.push(letters[at] as char);
                        (at, fraction) = (at + 1, fraction + 1);
                    }
                    if fraction > *most {
                        return None;
                    }
                }
                Token::Currency if next == Some(b'$') => at += 1,
                Token::Currency => return None,
                Token::Sign { always } => match next {
                    Some(b'-') => (at, negative) = (at + 1, true),
                    Some(b'+') if *always => at += 1,
                    _ => {}
                },
                Token::Open if next == Some(b'<') => (at, negative, bracket) = (at + 1, true, true),
                Token::Open => {}
                Token::Close if bracket && next != Some(b'>') => return None,
                Token::Close => at += usize::from(bracket),
            }
        }
        if at < letters.len() || digits.is_empty() {
            return None;
        }
        digits.extend(std::iter::repeat_n('0', self.fraction - fraction));
        let magnitude: i128 = digits.parse().ok()?;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// A number by the format; one with too many digits becomes `#`s.
    fn format(&self, unscaled: i128, scale: i8) -> String {
        let plain = display::decimal(unscaled.saturating_abs(), scale);
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let too_long = whole.len() > self.whole || fraction.len() > self.fraction;
        let negative = unscaled < 0;
        let mut out = String::new();
        for token in &self.tokens {
            match token {
                Token::Whole(groups) if too_long => {
                    for (i, group) in groups.iter().enumerate() {
                        if i > 0 {
                            out.push(' ');
                        }
                        out.push_str(&"#".repeat(group.digits));
                    }
                }
                Token::Whole(groups) => write_whole(&mut out, groups, whole, self.whole),
                Token::Point => {
                    // A number without a whole part shows a zero where there is room.
                    if out.ends_with(' ') {
                        out.pop();
                        out.push('0');
                    }
                    if self.fraction > 0 {
                        out.push('.');
                    }
                }
                Token::Fraction(digits) if too_long => out.push_str(&"#".repeat(*digits)),
                Token::Fraction(digits) => out.push_str(&format!("{fraction:0<digits$}")),
                Token::Currency => out.push('$'),
                Token::Sign { .. } if negative => out.push('-'),
                Token::Sign { always: true } => out.push('+'),
                Token::Sign { always: false } => out.push(' '),
                Token::Open if negative => out.push('<'),
                Token::Open => {}
                Token::Close => out.push_str(if negative { ">" } else { "  " }),
            }
        }
        // A point without digits behind it is a space at the very end.
        if self.fraction == 0 && self.tokens.contains(&Token::Point) {
            out.push(' ');
        }
        out
    }
}

/// The whole part, padded on the left: by zeros in exact groups, else by spaces, which a sign
/// changes places with.
fn write_whole(out: &mut String, groups: &[DigitGroup], digits: &str, room: usize) {
    let mut pad = room - digits.len();
    let mut digits = digits.chars();
    let mut any = false;
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            if any { out.push(',') } else { write_space(out) }
        }
        for _ in 0..group.digits {
            if pad > 0 {
                pad -= 1;
                if group.exact {
                    out.push('0');
                    any = true;
                } else {
                    write_space(out);
                }
            } else {
                out.extend(digits.next());
                any = true;
            }
        }
    }
}

/// A space, before a sign that stands last: the sign stays beside the first digit.
fn write_space(out: &mut String) {
    match out.pop() {
        Some(sign @ ('-' | '+' | '<')) => out.extend([' ', sign]),
        Some(other) => out.extend([other, ' ']),
        None => out.push(' '),
    }
}

/// Each of these at most once.
fn check_counts(format: &str) -> Result<()> {
    let count = |wanted: &str| format.matches(wanted).count();
    let counts = [
        (". or D", count(".") + count("D")),
        ("$", count("$")),
        ("S", count("S")),
        ("MI", count("MI")),
        ("PR", count("PR")),
    ];
    match counts.iter().find(|(_, count)| *count > 1) {
        Some((token, _)) => Err(invalid(condition::INVALID_FORMAT_WRONG_NUM_TOKEN, format).with("token", token)),
        None => Ok(()),
    }
}

/// Separators stand between digits and before the point; `$` stands before both.
fn check_separators(format: &str) -> Result<()> {
    let point = format.find(['.', 'D']).unwrap_or(format.len());
    if format[point..].contains([',', 'G']) {
        return Err(invalid(condition::INVALID_FORMAT_THOUSANDS_SEPS, format));
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'0' | b'9'));
    let bytes = format.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let alone = !is_digit(at.checked_sub(1).and_then(|before| bytes.get(before))) || !is_digit(bytes.get(at + 1));
        if matches!(byte, b',' | b'G') && alone {
            return Err(invalid(condition::INVALID_FORMAT_CONT_THOUSANDS_SEPS, format));
        }
    }
    match (format.find('$'), format.find(['0', '9'])) {
        (Some(currency), Some(digit)) if currency > digit => {
            Err(invalid(condition::INVALID_FORMAT_CUR_MUST_BEFORE_DIGIT, format))
        }
        (Some(currency), _) if currency > point => Err(invalid(condition::INVALID_FORMAT_CUR_MUST_BEFORE_DEC, format)),
        _ => Ok(()),
    }
}

/// Cuts a format into its parts, which must come in their order.
fn tokens(format: &str) -> Result<Vec<Token>> {
    let unexpected = |token: &str| {
        invalid(condition::INVALID_FORMAT_UNEXPECTED_TOKEN, format)
            .with("token", token)
            .with("structure", "`[MI|S]` `[$]` `[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`")
    };
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = format;
    let (mut seen_point, mut seen_digits) = (false, false);
    while let Some(letter) = rest.chars().next() {
        let mut taken = 1;
        // After a sign or bracket that closes, nothing else may come.
        let closed = seen_digits && matches!(tokens.last(), Some(Token::Sign { .. } | Token::Close));
        match letter {
            _ if closed => return Err(unexpected(&letter.to_string())),
            '0' | '9' => {
                taken = rest.find(|c| !matches!(c, '0' | '9' | ',' | 'G')).unwrap_or(rest.len());
                let run = &rest[..taken];
                if seen_point {
                    tokens.push(Token::Fraction(run.len()));
                } else if seen_digits {
                    return Err(unexpected("digit sequence"));
                } else {
                    let group = |part: &str| DigitGroup { digits: part.len(), exact: part.starts_with('0') };
                    tokens.push(Token::Whole(run.split([',', 'G']).map(group).collect()));
                }
                seen_digits = true;
            }
            '.' | 'D' => {
                tokens.push(Token::Point);
                seen_point = true;
            }
            '$' => tokens.push(Token::Currency),
            'S' => tokens.push(Token::Sign { always: true }),
            'M' if rest.starts_with("MI") => {
                taken = 2;
                tokens.push(Token::Sign { always: false });
            }
            'P' if rest.starts_with("PR") && seen_digits => {
                taken = 2;
                tokens.insert(0, Token::Open);
                tokens.push(Token::Close);
            }
            other => return Err(unexpected(&format!("character '{other}'"))),
        }
        if matches!(tokens.as_slice(), [Token::Currency, Token::Sign { .. }]) {
            return Err(unexpected(&letter.to_string()));
        }
        rest = &rest[taken..];
    }
    Ok(tokens)
}

/// The format of a call, which must be a constant; null is none.
fn format_of(context: &CallContext<'_>, argument: &Typed) -> Result<Option<Format>> {
    let value = constant(context, argument, 1)?.to_array()?;
    match value.as_string_opt::<i32>() {
        Some(text) if text.is_valid(0) => Format::new(text.value(0)).map(Some),
        _ if value.is_null(0) || *value.data_type() == DataType::Null => Ok(None),
        _ => Err(unexpected(context, 1, "\"STRING\"", &argument.data_type)),
    }
}

/// `to_number(text, format)`; the `try_` form gives null where the text does not follow.
fn to_number(context: &CallContext<'_>, arguments: Vec<Typed>, strict: bool) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let [text, shape] = fixed(context, arguments)?;
    let text = implicit(context, text, &DataType::Utf8, 0)?;
    let Some(format) = format_of(context, &shape)? else {
        return Ok(null(DataType::Decimal128(10, 0)));
    };
    let (precision, scale) = format.decimal()?;
    let nullable = text.nullable || !strict;
    let name = format!("({})", context.arguments.get(1).map_or("", String::as_str));
    Ok(kernel(context, &name, DataType::Decimal128(precision, scale), nullable, vec![text], move |arrays| {
        let numbers = arrays[0].as_string::<i32>().iter().map(|text| match text.map(|text| format.parse(text)) {
            None => Ok(None),
            Some(None) if strict => Err(Error::of(condition::INVALID_FORMAT_MISMATCH_INPUT)
                .with("format", format.shown())
                .with("inputType", "\"STRING\"")
                .with("input", text.unwrap_or_default())),
            Some(number) => Ok(number),
        });
        let numbers: Decimal128Array = numbers.collect::<Result<_>>()?;
        Ok(Arc::new(numbers.with_precision_and_scale(precision, scale)?))
    }))
}

impl Format {
    /// The format as text again, for errors.
    fn shown(&self) -> String {
        let group = |group: &DigitGroup| {
            let first = if group.exact { "0" } else { "9" };
            first.to_owned() + &"9".repeat(group.digits.saturating_sub(1))
        };
        let token = |token: &Token| match token {
            Token::Whole(groups) => groups.iter().map(group).collect::<Vec<_>>().join(","),
            Token::Point => ".".to_owned(),
            Token::Fraction(digits) => "9".repeat(*digits),
            Token::Currency => "$".to_owned(),
            Token::Sign { always } => if *always { "S" } else { "MI" }.to_owned(),
            Token::Open => String::new(),
            Token::Close => "PR".to_owned(),
        };
        self.tokens.iter().map(token).collect()
    }
}

fn null(data_type: DataType) -> Typed {
    use datafusion::common::ScalarValue;
    ScalarValue::try_new_null(&data_type).map_or_else(|_| literal(ScalarValue::Null), literal)
}

/// `to_char(value, format)`: numbers by a number's format, times by a date's pattern, binary as
/// `hex`, `base64` or `utf-8`.
fn to_char(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    let [value, shape] = fixed(context, arguments)?;
    match &value.data_type {
        DataType::Date32 | DataType::Timestamp(..) => return call(context, "date_format", vec![value, shape]),
        DataType::Binary => return binary(context, value, &shape),
        DataType::Utf8 | DataType::Null => {}
        found if !is_numeric(found) => return Err(unexpected(context, 0, "\"DECIMAL\"", found)),
        _ => {}
    }
    let Some(format) = format_of(context, &shape)? else { return Ok(null(DataType::Utf8)) };
    let decimal = match &value.data_type {
        DataType::Decimal128(..) => value.data_type.clone(),
        DataType::Int8 => DataType::Decimal128(3, 0),
        DataType::Int16 => DataType::Decimal128(5, 0),
        DataType::Int32 => DataType::Decimal128(10, 0),
        DataType::Int64 => DataType::Decimal128(20, 0),
        DataType::Float32 => DataType::Decimal128(14, 7),
        DataType::Float64 => DataType::Decimal128(30, 15),
        _ => DataType::Decimal128(38, 18),
    };
    let inexact = matches!(value.data_type, DataType::Float32 | DataType::Float64 | DataType::Utf8);
    let nullable = value.nullable || inexact;
    let value = cast(value, &decimal, context.conf)?;
    let name = format!("({})", context.arguments.get(1).map_or("", String::as_str));
    Ok(kernel(context, &name, DataType::Utf8, nullable, vec![value], move |arrays| {
        let numbers = arrays[0].as_primitive::<Decimal128Type>();
        let scale = numbers.scale();
        Ok(Arc::new(
            numbers.iter().map(|number| number.map(|number| format.format(number, scale))).collect::<StringArray>(),
        ))
    }))
}

fn binary(context: &CallContext<'_>, value: Typed, shape: &Typed) -> Result<Typed> {
    let format = super::args::constant_text(context, shape, 1)?.unwrap_or_default();
    match format.to_ascii_lowercase().as_str() {
        "hex" => call(context, "hex", vec![value]),
        "base64" => call(context, "base64", vec![value]),
        "utf-8" => call(context, "decode", vec![value, shape.clone()]),
        _ => Err(Error::of(condition::INVALID_PARAMETER_VALUE_BINARY_FORMAT)
            .with("parameter", "`format`")
            .with("functionName", format!("`{}`", context.name.to_lowercase()))
            .with("invalidFormat", format!("'{format}'"))),
    }
}

/// Another function of these arguments.
fn call(context: &CallContext<'_>, name: &str, arguments: Vec<Typed>) -> Result<Typed> {
    match super::lookup(name) {
        Some(Scalar(build)) => build(&CallContext { name, ..*context }, arguments),
        _ => Err(Error::internal(format!("{name} is a function"))),
    }
}
