//! Text to values by the rules of Spark's `CAST`: what a string column, a CSV field, a JSON string
//! and a literal may look like.
//!
//! The functions on `&str` return `None` for malformed text; [`parse`] turns a whole column and
//! lets [`EvalMode`] decide what that means.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};

use super::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND};
use super::zone::Zone;
use super::{hexadecimal, sql_name};
use crate::error::{Error, ErrorKind, Result, condition};

/// What malformed text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalMode {
    /// An error: `CAST` under ANSI.
    Ansi,
    /// Null, by ANSI's idea of malformed: `TRY_CAST`.
    Try,
    /// Null, and whole numbers may carry a fraction that is dropped: `CAST` with ANSI off.
    Legacy,
}

/// A column of text as a column of `to`, a type that is not nested.
pub fn parse(text: &StringArray, to: &DataType, zone: Zone, mode: EvalMode) -> Result<ArrayRef> {
    let legacy = mode == EvalMode::Legacy;
    Ok(match to {
        DataType::Utf8 => Arc::new(text.clone()),
        DataType::Binary => Arc::new(BinaryArray::from_iter(text.iter().map(|value| value.map(str::as_bytes)))),
        DataType::Boolean => {
            let values: Result<BooleanArray> =
                text.iter().map(|value| checked(value, to, mode, boolean(value.unwrap_or_default()))).collect();
            Arc::new(values?)
        }
        DataType::Int8 => primitive::<Int8Type>(text, to, mode, |value| integer(value, legacy)?.try_into().ok())?,
        DataType::Int16 => primitive::<Int16Type>(text, to, mode, |value| integer(value, legacy)?.try_into().ok())?,
        DataType::Int32 => primitive::<Int32Type>(text, to, mode, |value| integer(value, legacy)?.try_into().ok())?,
        DataType::Int64 => primitive::<Int64Type>(text, to, mode, |value| integer(value, legacy))?,
        DataType::Float32 => primitive::<Float32Type>(text, to, mode, float)?,
        DataType::Float64 => primitive::<Float64Type>(text, to, mode, double)?,
        DataType::Date32 => primitive::<Date32Type>(text, to, mode, date)?,
        DataType::Timestamp(TimeUnit::Microsecond, Some(utc)) => {
            let values = values::<TimestampMicrosecondType>(text, to, mode, |value| timestamp(value, zone))?;
            Arc::new(values.with_timezone(Arc::clone(utc)))
        }
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            primitive::<TimestampMicrosecondType>(text, to, mode, timestamp_ntz)?
        }
        DataType::Decimal128(precision, scale) => decimals(text, to, *precision, *scale, mode)?,
        other => return Err(Error::internal(format!("text does not parse as {}", sql_name(other)))),
    })
}

fn primitive<T: ArrowPrimitiveType>(
    text: &StringArray,
    to: &DataType,
    mode: EvalMode,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef> {
    Ok(Arc::new(values::<T>(text, to, mode, parse)?))
}

fn values<T: ArrowPrimitiveType>(
    text: &StringArray,
    to: &DataType,
    mode: EvalMode,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>> {
    text.iter().map(|value| checked(value, to, mode, value.and_then(&parse))).collect()
}

/// A parsed value; null for null, and what `mode` says for text that did not parse.
fn checked<V>(text: Option<&str>, to: &DataType, mode: EvalMode, value: Option<V>) -> Result<Option<V>> {
    match (text, value) {
        (None, _) => Ok(None),
        (Some(text), None) if mode == EvalMode::Ansi => Err(invalid(text, to)),
        (Some(_), value) => Ok(value),
    }
}

/// Spark's error for text that is not a `to`.
pub fn invalid(text: &str, to: &DataType) -> Error {
    let kind = match to {
        DataType::Date32 | DataType::Timestamp(..) => ErrorKind::DateTime,
        DataType::Boolean => ErrorKind::Runtime,
        _ => ErrorKind::NumberFormat,
    };
    Error::of(condition::CAST_INVALID_INPUT)
        .as_kind(kind)
        .with("expression", format!("'{text}'"))
        .with("sourceType", "\"STRING\"")
        .with("targetType", format!("\"{}\"", sql_name(to)))
}

/// Without the white space and control characters around it, as `UTF8String.trimAll`, which knows
/// those of ASCII alone.
fn trim_all(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || c == '\x7F')
}

/// Without what Java's `String.trim` takes away.
fn trim_java(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// `true`, `t`, `yes`, `y`, `1`, their opposites, in any case.
pub fn boolean(text: &str) -> Option<bool> {
    let text = trim_all(text);
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(&["true", "t", "yes", "y", "1"]) {
        Some(true)
    } else if is_one_of(&["false", "f", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A whole number; with `drop_fraction`, `1.9` is 1.
pub fn integer(text: &str, drop_fraction: bool) -> Option<i64> {
    let mut text = trim_all(text);
    if drop_fraction && let Some((whole, fraction)) = text.split_once('.') {
        if !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        text = if matches!(whole, "" | "+" | "-") { "0" } else { whole };
    }
    text.parse().ok()
}

/// Java's `Double.parseDouble`, and `inf`, `infinity`, `nan` in any case.
pub fn double(text: &str) -> Option<f64> {
    let text = trim_java(text);
    hexadecimal::double(text).or_else(|| real(text, f64::NAN, f64::INFINITY))
}

/// As [`double`], rounded once to a float.
pub fn float(text: &str) -> Option<f32> {
    let text = trim_java(text);
    hexadecimal::float(text).or_else(|| real(text, f32::NAN, f32::INFINITY))
}

fn real<T: std::str::FromStr + std::ops::Neg<Output = T>>(text: &str, nan: T, infinity: T) -> Option<T> {
    let last = text.bytes().last()?;
    if last.is_ascii_digit() || last == b'.' {
        return if text.bytes().any(|b| b.is_ascii_alphabetic() && !b.eq_ignore_ascii_case(&b'e')) {
            None
        } else {
            text.parse().ok()
        };
    }
    match text.to_ascii_lowercase().as_str() {
        "nan" | "+nan" | "-nan" => Some(nan),
        "inf" | "+inf" | "infinity" | "+infinity" => Some(infinity),
        "-inf" | "-infinity" => Some(-infinity),
        // Java's type suffixes: `1.5d`, `2f`.
        lower if lower.ends_with(['d', 'f']) => {
            let digits = &text[..text.len() - 1];
            digits.bytes().last().filter(|b| b.is_ascii_digit() || *b == b'.').and_then(|_| digits.parse().ok())
        }
        _ => None,
    }
}

/// Digits and exponent of a decimal number: its value is `unscaled × 10^-scale`. More than 38
/// significant digits are cut.
struct NumberDigits {
    unscaled: i128,
    scale: i64,
}

impl NumberDigits {
    /// Whether it has more digits before its point than any decimal type.
    fn beyond_all(&self) -> bool {
        let count = i64::from(self.unscaled.unsigned_abs().checked_ilog10().map_or(0, |log| log + 1));
        self.unscaled != 0 && count - self.scale > 38
    }
}

fn digits(text: &str) -> Option<NumberDigits> {
    let text = ascii_digits(trim_java(text));
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        // Java's scales are ints: another exponent is malformed.
        Some(at) => (&text[..at], i64::from(text[at + 1..].parse::<i32>().ok().filter(|power| *power != i32::MIN)?)),
        None => (text.as_ref(), 0),
    };
    let (negative, mantissa) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (mut unscaled, mut scale, mut fraction, mut seen) = (0_i128, 0_i64, false, false);
    let mut full = false;
    for byte in mantissa.bytes() {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                let next = unscaled.checked_mul(10).and_then(|value| value.checked_add(i128::from(byte - b'0')));
                match next.filter(|_| !full) {
                    Some(value) => {
                        unscaled = value;
                        scale += i64::from(fraction);
                    }
                    None => {
                        full = true;
                        scale -= i64::from(!fraction);
                    }
                }
            }
            b'.' if !fraction => fraction = true,
            _ => return None,
        }
    }
    seen.then(|| NumberDigits {
        unscaled: if negative { -unscaled } else { unscaled },
        scale: scale.saturating_sub(exponent),
    })
}

/// The digit 0 of each script of the basic plane, whose other nine follow it.
const ZEROS: [char; 36] = [
    '\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{A66}', '\u{AE6}', '\u{B66}', '\u{BE6}', '\u{C66}',
    '\u{CE6}', '\u{D66}', '\u{DE6}', '\u{E50}', '\u{ED0}', '\u{F20}', '\u{1040}', '\u{1090}', '\u{17E0}', '\u{1810}',
    '\u{1946}', '\u{19D0}', '\u{1A80}', '\u{1A90}', '\u{1B50}', '\u{1BB0}', '\u{1C40}', '\u{1C50}', '\u{A620}',
    '\u{A8D0}', '\u{A900}', '\u{A9D0}', '\u{A9F0}', '\u{AA50}', '\u{ABF0}', '\u{FF10}',
];

/// A text with the digits of any script as those of ASCII, as Java's decimals read them.
fn ascii_digits(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let digit = |c: char| {
        let value =
            ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|value| *value < 10));
        value.and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
    };
    Cow::Owned(text.chars().map(digit).collect())
}

/// Why text is no decimal of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecimal {
    Malformed,
    /// A number, but with too many digits before the point.
    OutOfRange,
    /// A number with more digits before the point than any decimal has.
    Unsupported,
}

/// The unscaled value at `scale`, rounded half up.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Result<i128, NotDecimal> {
    let number = digits(text).ok_or(NotDecimal::Malformed)?;
    if number.beyond_all() {
        return Err(NotDecimal::Unsupported);
    }
    let NumberDigits { unscaled, scale: from } = number;
    rescale(unscaled, from, i64::from(scale)).filter(|value| fits(*value, precision)).ok_or(NotDecimal::OutOfRange)
}

/// How many digits a number has before its point, where none follows.
///
/// It may have the point, and an exponent of nothing, as `1.` and `1e0` have.
pub fn whole_digits(text: &str) -> Option<u8> {
    let number = digits(text).filter(|number| number.scale == 0 && trim_java(text).len() == text.len())?;
    let count = number.unscaled.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    u8::try_from(count).ok().filter(|count| *count <= 38)
}

/// Whether an unscaled value has at most `precision` digits.
pub fn fits(unscaled: i128, precision: u8) -> bool {
    unscaled.unsigned_abs() < 10_u128.pow(u32::from(precision))
}

/// An unscaled value moved from one scale to another, rounded half up; `None` where it does not fit
/// 128 bits.
pub fn rescale(unscaled: i128, from: i64, to: i64) -> Option<i128> {
    let power = |exponent: i64| 10_i128.checked_pow(u32::try_from(exponent).ok()?);
    if unscaled == 0 {
        return Some(0);
    }
    // Digits that a user asks for may be any number.
    if to >= from {
        return unscaled.checked_mul(power(to.saturating_sub(from))?);
    }
    let Some(divisor) = power(from.saturating_sub(to)) else { return Some(0) };
    let (quotient, rest) = (unscaled / divisor, unscaled % divisor);
    let up = rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs();
    Some(if up { quotient + unscaled.signum() } else { quotient })
}

fn decimals(text: &StringArray, to: &DataType, precision: u8, scale: i8, mode: EvalMode) -> Result<ArrayRef> {
    let one = |value: &str| match decimal(value, precision, scale) {
        Ok(unscaled) => Ok(Some(unscaled)),
        Err(_) if mode != EvalMode::Ansi => Ok(None),
        Err(NotDecimal::Malformed) => Err(invalid(value, to)),
        Err(NotDecimal::OutOfRange) => Err(out_of_range(value, precision, scale)),
        Err(NotDecimal::Unsupported) => {
            Err(Error::of(condition::NUMERIC_OUT_OF_SUPPORTED_RANGE).with("value", value.trim()))
        }
    };
    let values: Result<Decimal128Array> = text.iter().map(|value| value.map_or(Ok(None), one)).collect();
    Ok(Arc::new(values?.with_precision_and_scale(precision, scale)?))
}

/// Spark's error for a number that a decimal type cannot hold.
pub fn out_of_range(value: &str, precision: u8, scale: i8) -> Error {
    Error::of(condition::NUMERIC_VALUE_OUT_OF_RANGE_WITH_SUGGESTION)
        .with("value", value.trim())
        .with("precision", precision)
        .with("scale", scale)
        .with("config", "\"spark.sql.ansi.enabled\"")
}

/// Days since the epoch of `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d` and the last followed by a space
/// or `T` and anything.
pub fn date(text: &str) -> Option<i32> {
    let bytes = trim_all(text).as_bytes();
    let (negative, bytes) = signed(bytes)?;
    let mut parts = [1_i64; 3];
    let (mut part, mut value, mut count, mut at) = (0, 0_i64, 0, 0);
    let width = |part: usize, count: usize| if part == 0 { (4..=7).contains(&count) } else { (1..=2).contains(&count) };
    while at < bytes.len() && !matches!(bytes[at], b' ' | b'T') {
        match bytes[at] {
            b'-' if part < 2 => {
                if !width(part, count) {
                    return None;
                }
                parts[part] = value;
                (part, value, count) = (part + 1, 0, 0);
            }
            digit @ b'0'..=b'9' if count < 7 => {
                value = value * 10 + i64::from(digit - b'0');
                count += 1;
            }
            _ => return None,
        }
        at += 1;
    }
    if !width(part, count) || (part < 2 && at < bytes.len()) {
        return None;
    }
    parts[part] = value;
    let year = if negative { -parts[0] } else { parts[0] };
    i32::try_from(calendar::days(year, parts[1] as u32, parts[2] as u32)?).ok()
}

fn signed(bytes: &[u8]) -> Option<(bool, &[u8])> {
    Some(match bytes.first()? {
        b'-' => (true, &bytes[1..]),
        b'+' => (false, &bytes[1..]),
        _ => (false, bytes),
    })
}

/// A local clock reading as text gives it, with the zone where it names one.
struct LocalTime {
    /// Days since the epoch; none for a time without a date.
    days: Option<i64>,
    micros_of_day: i64,
    zone: Option<Zone>,
}

/// The instant of `date[( |T)h:m:s.f[zone]]` or of a time today; without a zone of its own it is a
/// reading in `zone`.
pub fn timestamp(text: &str, zone: Zone) -> Option<i64> {
    let reading = reading(text)?;
    let zone = reading.zone.unwrap_or(zone);
    let days = match reading.days {
        Some(days) => days,
        // A bare time means today: the one cast whose result depends on when it runs, in Spark too.
        None => zone.to_local(chrono::Utc::now().timestamp_micros()).div_euclid(MICROS_PER_DAY),
    };
    zone.to_utc(days.checked_mul(MICROS_PER_DAY)?.checked_add(reading.micros_of_day)?)
}

/// As [`timestamp`] without a zone: one in the text is passed over; a bare time is malformed.
pub fn timestamp_ntz(text: &str) -> Option<i64> {
    let reading = reading(text)?;
    reading.days?.checked_mul(MICROS_PER_DAY)?.checked_add(reading.micros_of_day)
}

/// One pass over the bytes; `part` counts year, month, day, hour, minute, second, fraction.
fn reading(text: &str) -> Option<LocalTime> {
    let text = trim_all(text);
    let mut bytes = text.as_bytes();
    let time_mark = bytes.first() == Some(&b'T');
    let has_sign = matches!(bytes.first()?, b'+' | b'-');
    let (negative, rest) = signed(bytes)?;
    bytes = if time_mark { &rest[1..] } else { rest };
    let skipped = text.len() - bytes.len();

    let mut parts = [1_i64, 1, 1, 0, 0, 0, 0];
    let mut part = if time_mark { 3 } else { 0 };
    let (mut value, mut count, mut zone, mut just_time) = (0_i64, 0, None, time_mark);
    let width = |part: usize, count: usize| match part {
        0 => (4..=6).contains(&count),
        6 => true,
        _ => (1..=2).contains(&count),
    };
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii_digit() {
            // Digits beyond microseconds are cut, not rounded.
            if part != 6 || count < 6 {
                value = value.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
            }
            count += 1;
            at += 1;
            continue;
        }
        let next = match (part, byte) {
            (0 | 1, b'-') | (2, b' ' | b'T') | (3 | 4, b':') | (5, b'.') => part + 1,
            (0, b':') if !has_sign => {
                just_time = true;
                part = 3;
                4
            }
            (5 | 6, _) => {
                zone = Some(Zone::find(&text[skipped + at..])?);
                at = bytes.len();
                continue;
            }
            _ => return None,
        };
        if !width(part, count) {
            return None;
        }
        parts[part] = value;
        (part, value, count) = (next, 0, 0);
        at += 1;
    }
    if !width(part, count) {
        return None;
    }
    parts[part] = value;
    if part == 6 {
        parts[6] *= 10_i64.pow(6 - count.min(6) as u32);
    }
    let [year, month, day, hour, minute, second, fraction] = parts;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = if just_time {
        None
    } else {
        Some(calendar::days(if negative { -year } else { year }, month as u32, day as u32)?)
    };
    let micros_of_day = ((hour * 60 + minute) * 60 + second) * MICROS_PER_SECOND + fraction;
    Some(LocalTime { days, micros_of_day, zone })
}
