//! Literals: numbers by their size and suffix, strings, and times.

use std::fmt::Display;

use arrow::array::{Array, StringArray};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use datafusion::common::ScalarValue;
use sqlparser::ast::{self, DateTimeField, Interval, Value};

use super::lexer::SUFFIXES;
use super::{Sql, syntax_at, unsupported};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::tree::Expr;
use crate::types::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::interval_fields::{IntervalField, IntervalFields};
use crate::types::{ddl, parse};

impl Sql {
    pub(super) fn value(&self, value: Value) -> Result<Expr> {
        Ok(Expr::Literal(match value {
            Value::Number(text, long) => number(&text.to_string(), long)?,
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => ScalarValue::Utf8(Some(text)),
            Value::HexStringLiteral(text) => ScalarValue::Binary(Some(hex(&text)?)),
            Value::Boolean(value) => ScalarValue::Boolean(Some(value)),
            Value::Null => ScalarValue::Null,
            Value::Placeholder(name) => {
                let name = name.trim_start_matches(':');
                return Err(Error::of(condition::UNBOUND_SQL_PARAMETER).with("name", name));
            }
            other => return Err(unsupported("this literal", &other)),
        }))
    }

    /// `DATE '2024-01-01'`, `TIMESTAMP '2024-01-01 00:00:00'`.
    pub(super) fn typed_string(&self, data_type: &str, text: &str) -> Result<Expr> {
        if !TYPED_LITERALS.iter().any(|known| data_type.eq_ignore_ascii_case(known)) {
            return Err(unsupported_typed_literal(data_type));
        }
        let to = ddl::parse_type(data_type)?;
        let text = StringArray::from(vec![text]);
        let value = parse::parse(&text, &to, self.zone, parse::EvalMode::Try)?;
        if value.is_null(0) {
            return Err(Error::of(condition::INVALID_TYPED_LITERAL)
                .with("valueType", format!("\"{}\"", data_type.to_uppercase()))
                .with("value", format!("'{}'", text.value(0))));
        }
        Ok(Expr::Literal(ScalarValue::try_from_array(&value, 0)?))
    }

    /// `INTERVAL '1' DAY`, `INTERVAL 10 MINUTES`, `INTERVAL '1 day 2 hours'`.
    pub(super) fn interval(&self, interval: &Interval) -> Result<Expr> {
        let text = match self.expr((*interval.value).clone())? {
            Expr::Literal(ScalarValue::Utf8(Some(text))) => text,
            Expr::Literal(number) => number.to_string(),
            Expr::Call(call) if call.name == "-" && call.arguments.len() == 1 => match &call.arguments[0] {
                Expr::Literal(number) => format!("-{number}"),
                _ => return Err(unsupported("an interval of an expression", interval)),
            },
            _ => return Err(unsupported("an interval of an expression", interval)),
        };
        let units = match (&interval.leading_field, &interval.last_field) {
            (Some(first), None) => format!("{text} {first}"),
            (Some(first), Some(last)) => {
                return compound(&text, first, last).ok_or_else(|| {
                    Error::of(condition::UNMATCHED_FORMAT_OF_INTERVAL)
                        .with("input", &text)
                        .with("fields", format!("{first} TO {last}"))
                });
            }
            (None, _) if text.parse::<f64>().is_ok() && !is_text(&interval.value) => {
                return Err(syntax_at(&format!("'{text}'"), ": an interval needs a unit"));
            }
            (None, _) => text,
        };
        let value = units_to_interval(&units).ok_or_else(|| match fractional_unit(&units) {
            Some(unit) => Error::of(condition::INVALID_FRACTION_OF_INTERVAL).with("input", &units).with("unit", unit),
            None => Error::of(condition::INVALID_TYPED_LITERAL)
                .with("valueType", "\"INTERVAL\"")
                .with("value", format!("'{units}'")),
        })?;
        let words = units.split_whitespace().filter(|word| !word.eq_ignore_ascii_case("interval"));
        let Some(fields) = IntervalFields::of_units(words.skip(1).step_by(2)) else {
            return Err(Error::of(condition::MIXED_INTERVAL_UNITS).with("literal", format!("interval {units}")));
        };
        Ok(Expr::Interval(value, fields))
    }
}

fn is_text(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Value(value) if value.clone().into_string().is_some())
}

/// The unit other than seconds that has a fraction.
fn fractional_unit(units: &str) -> Option<&str> {
    let words: Vec<&str> = units.split_whitespace().collect();
    let seconds = |unit: &str| ["second", "seconds"].iter().any(|known| unit.eq_ignore_ascii_case(known));
    words.chunks_exact(2).find(|pair| pair[0].contains('.') && !seconds(pair[1])).map(|pair| pair[1])
}

/// The types of which there are literals in quotes.
const TYPED_LITERALS: [&str; 4] = ["DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP"];

/// The error for a text behind a word that is no such type.
pub(super) fn unsupported_typed_literal(word: &str) -> Error {
    let known = TYPED_LITERALS.iter().chain(&["INTERVAL", "X"]).map(|known| format!("\"{known}\""));
    Error::of(condition::UNSUPPORTED_TYPED_LITERAL)
        .with("unsupportedType", format!("\"{}\"", word.to_uppercase()))
        .with("supportedTypes", known.collect::<Vec<_>>().join(", "))
}

/// A number by its suffix and size, which may begin with a minus.
fn number(text: &str, long: bool) -> Result<ScalarValue> {
    let typed = |name: &str, least: &dyn Display, most: &dyn Display, digits: &str| {
        Error::of(condition::INVALID_NUMERIC_LITERAL_RANGE)
            .with("rawStrippedQualifier", digits)
            .with("typeName", name)
            .with("minValue", least)
            .with("maxValue", most)
    };
    macro_rules! whole {
        ($variant:ident, $type:ty, $name:literal, $digits:expr) => {
            $digits
                .parse()
                .map(|value| ScalarValue::$variant(Some(value)))
                .map_err(|_| typed($name, &<$type>::MIN, &<$type>::MAX, $digits))
        };
    }
    let fractional = |name: &str, most: &str, digits: &str| {
        let beyond = DecimalMagnitude::of(digits)? > DecimalMagnitude::of(most)?;
        if beyond { Err(typed(name, &format!("-{most}"), &most, digits)) } else { Ok(digits.to_owned()) }
    };
    let not_a_number = |_| Error::internal(format!("the literal {text} is no number"));
    if long {
        return whole!(Int64, i64, "bigint", text);
    }
    for suffix in SUFFIXES {
        let Some(digits) = text.strip_suffix(suffix) else { continue };
        return match suffix {
            "Y" => whole!(Int8, i8, "tinyint", digits),
            "S" => whole!(Int16, i16, "smallint", digits),
            "F" => {
                let digits = fractional("float", "3.4028234663852886E+38", digits)?;
                digits.parse().map(|value| ScalarValue::Float32(Some(value))).map_err(not_a_number)
            }
            "D" => double(&fractional("double", MOST_DOUBLE, digits)?),
            _ => decimal(digits).map_err(|error| error.as_kind(ErrorKind::Parse)),
        };
    }
    if text.contains('E') {
        return double(&fractional("double", MOST_DOUBLE, text)?);
    }
    if let Ok(value) = text.parse::<i32>() {
        return Ok(ScalarValue::Int32(Some(value)));
    }
    if let Ok(value) = text.parse::<i64>() {
        return Ok(ScalarValue::Int64(Some(value)));
    }
    decimal(text)
}

const MOST_DOUBLE: &str = "1.7976931348623157E+308";

fn double(text: &str) -> Result<ScalarValue> {
    let value = text.parse().map_err(|_| Error::internal(format!("the literal {text} is no number")))?;
    Ok(ScalarValue::Float64(Some(value)))
}

/// A number without its sign, for comparisons: 0.`digits` times ten to the `exponent`.
#[derive(PartialEq, PartialOrd)]
struct DecimalMagnitude {
    exponent: Option<i64>,
    digits: String,
}

impl DecimalMagnitude {
    fn of(text: &str) -> Result<Self> {
        let (digits, scale) = unscaled(text)?;
        let significant = digits.trim_start_matches('0');
        // Zero is less than all others.
        let exponent = (!significant.is_empty()).then(|| significant.len() as i64 - scale);
        Ok(Self { exponent, digits: significant.trim_end_matches('0').to_owned() })
    }
}

/// The digits of `-1.5E3`, and how many of them stand after the point. The number is negative where
/// zeros are missing at the end.
fn unscaled(text: &str) -> Result<(String, i64)> {
    let text = text.trim_start_matches('-');
    let (number, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| {
        Error::of(condition::NUMERIC_LITERAL_UNREADABLE).with("msg", "Too many nonzero exponent digits.")
    })?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    Ok((format!("{whole}{fraction}"), fraction.len() as i64 - i64::from(exponent)))
}

/// A decimal with as many digits as were written.
fn decimal(text: &str) -> Result<ScalarValue> {
    let (digits, scale) = unscaled(text)?;
    let digits = digits.trim_start_matches('0');
    let missing = scale.min(0).unsigned_abs();
    let precision = (digits.len().max(1) as u64 + missing).max(scale.max(0).unsigned_abs());
    let most = u64::from(DECIMAL128_MAX_PRECISION);
    let zeros = usize::try_from(missing).ok().filter(|_| precision <= most);
    let (Some(zeros), Ok(precision)) = (zeros, u8::try_from(precision)) else {
        return Err(Error::of(condition::DECIMAL_PRECISION_EXCEEDS_MAX)
            .with("precision", precision)
            .with("maxPrecision", most));
    };
    let digits = format!("{digits}{}", "0".repeat(zeros));
    let value: i128 = if digits.is_empty() {
        0
    } else {
        digits.parse().map_err(|_| Error::internal(format!("the literal {text} is no decimal")))?
    };
    let value = if text.starts_with('-') { -value } else { value };
    Ok(ScalarValue::Decimal128(Some(value), precision, i8::try_from(scale.max(0)).unwrap_or_default()))
}

fn hex(text: &str) -> Result<Vec<u8>> {
    let padded = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    (0..padded.len())
        .step_by(2)
        .map(|i| {
            // A sign is no digit.
            let pair = padded.get(i..i + 2).filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            Error::of(condition::INVALID_TYPED_LITERAL).with("valueType", "\"X\"").with("value", format!("'{text}'"))
        })
}

/// Microseconds in a unit of time, or months in a unit of the calendar.
enum IntervalUnitSize {
    Micros(i64),
    Months(i64),
}

fn unit(name: &str) -> Option<IntervalUnitSize> {
    let name = name.to_ascii_lowercase();
    Some(match name.strip_suffix('s').unwrap_or(&name) {
        "microsecond" => IntervalUnitSize::Micros(1),
        "millisecond" => IntervalUnitSize::Micros(1_000),
        "second" => IntervalUnitSize::Micros(1_000_000),
        "minute" => IntervalUnitSize::Micros(60_000_000),
        "hour" => IntervalUnitSize::Micros(3_600_000_000),
        "day" => IntervalUnitSize::Micros(86_400_000_000),
        "week" => IntervalUnitSize::Micros(604_800_000_000),
        "month" => IntervalUnitSize::Months(1),
        "year" => IntervalUnitSize::Months(12),
        _ => return None,
    })
}

/// `1 day 2 hours`; both kinds of unit together make a calendar interval.
pub fn units_to_interval(text: &str) -> Option<ScalarValue> {
    let lower = text.trim().to_ascii_lowercase();
    let words: Vec<&str> = lower.strip_prefix("interval ").unwrap_or(&lower).split_whitespace().collect();
    if words.is_empty() || words.len() % 2 == 1 {
        return None;
    }
    let (mut months, mut micros, mut kinds) = (0_i64, 0_i64, (false, false));
    for pair in words.chunks(2) {
        match unit(pair[1])? {
            IntervalUnitSize::Months(size) => {
                months = months.checked_add(pair[0].parse::<i64>().ok()?.checked_mul(size)?)?;
                kinds.0 = true;
            }
            IntervalUnitSize::Micros(size) => {
                if pair[0].contains('.') && size != MICROS_PER_SECOND {
                    return None;
                }
                micros = micros.checked_add(scaled(pair[0], size)?)?;
                kinds.1 = true;
            }
        }
    }
    match kinds {
        (true, false) => Some(ScalarValue::IntervalYearMonth(Some(i32::try_from(months).ok()?))),
        (false, true) => Some(ScalarValue::DurationMicrosecond(Some(micros))),
        _ => Some(ScalarValue::IntervalMonthDayNano(Some(arrow::datatypes::IntervalMonthDayNano::new(
            i32::try_from(months).ok()?,
            i32::try_from(micros / 86_400_000_000).ok()?,
            (micros % 86_400_000_000).checked_mul(1000)?,
        )))),
    }
}

/// `text` units of `size` microseconds; a fraction is exact to the microsecond.
fn scaled(text: &str, size: i64) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut micros = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.checked_mul(size)? };
    if !fraction.is_empty() {
        let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
        micros = micros.checked_add(digits.parse::<i64>().ok()?.checked_mul(size)? / 1_000_000)?;
    }
    Some(sign * micros)
}

/// `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '1 02:03:04.5' DAY TO SECOND` and what lies between.
fn compound(text: &str, first: &DateTimeField, last: &DateTimeField) -> Option<Expr> {
    const PARTS: [(IntervalField, i64, i64); 4] = [
        (IntervalField::Day, MICROS_PER_DAY, i64::MAX),
        (IntervalField::Hour, 3600 * MICROS_PER_SECOND, 23),
        (IntervalField::Minute, 60 * MICROS_PER_SECOND, 59),
        (IntervalField::Second, MICROS_PER_SECOND, 59),
    ];
    let fields: IntervalFields = format!("{first} TO {last}").parse().ok()?;
    let (sign, body) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1_i32, rest),
        None => (1, text.trim().strip_prefix('+').unwrap_or(text.trim())),
    };
    if fields == IntervalFields::YEAR_TO_MONTH {
        let (years, months) = body.split_once('-')?;
        let months = months.parse::<i32>().ok().filter(|months| *months < 12)?;
        let months = years.parse::<i32>().ok()?.checked_mul(12)?.checked_add(months)?;
        return Some(Expr::Interval(ScalarValue::IntervalYearMonth(Some(sign * months)), fields));
    }
    let wanted = PARTS.iter().filter(|(field, ..)| (fields.first..=fields.last).contains(field));
    let (days, clock) = match fields.first {
        IntervalField::Day => body.split_once(' ').map(|(days, clock)| (Some(days), clock))?,
        _ => (None, body),
    };
    let mut given = days.into_iter().chain(clock.split(':'));
    let mut micros = 0_i64;
    for (field, size, most) in wanted {
        let part = given.next()?;
        let whole = part.split_once('.').filter(|_| *field == IntervalField::Second).map_or(part, |(whole, _)| whole);
        let number: i64 = whole.parse().ok().filter(|number| *number >= 0)?;
        if *field != fields.first && number > *most {
            return None;
        }
        micros = micros.checked_add(scaled(part, *size)?)?;
    }
    if given.next().is_some() {
        return None;
    }
    Some(Expr::Interval(ScalarValue::DurationMicrosecond(Some(i64::from(sign) * micros)), fields))
}

/// The type of a `CAST`: what sqlparser shows is DDL that we read.
pub(super) fn data_type(data_type: &sqlparser::ast::DataType) -> Result<DataType> {
    ddl::parse_type(&data_type.to_string())
}
