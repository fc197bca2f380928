//! Values as Spark shows them: `CAST(x AS STRING)`, `show()`, and the numbers in JSON and CSV text.

use std::fmt::{self, Write};

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType, TimestampMicrosecondType,
};

use super::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND};
use super::interval_fields::IntervalFields;
use super::zone::Zone;
use crate::error::{Error, Result};

/// Where the text is going: a cast writes nested nulls as `null` and binary as text, `show()` as
/// `NULL` and `[41 42]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Cast,
    /// As `Cast`, with decimals as [`java_decimal`]: without ANSI, and in `format_string`.
    LegacyCast,
    Show,
    /// As `Show`, with decimals as [`java_decimal`].
    Csv,
}

impl Style {
    fn casts(self) -> bool {
        matches!(self, Self::Cast | Self::LegacyCast)
    }
}

/// Every value as text; null stays null.
pub fn to_strings(array: &dyn Array, zone: Zone, style: Style) -> Result<StringArray> {
    if let Some(text) = array.as_string_opt::<i32>().filter(|_| style.casts()) {
        return Ok(text.clone());
    }
    let writer = writer(array, zone, style)?;
    let mut builder = StringBuilder::with_capacity(array.len(), array.len() * 8);
    let nulls = array.logical_nulls();
    for row in 0..array.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            builder.append_null();
        } else {
            writer(row, &mut builder).map_err(unwritable)?;
            builder.append_value("");
        }
    }
    Ok(builder.finish())
}

/// One value as text, `null` for null: for error messages.
pub fn one(array: &dyn Array, row: usize, zone: Zone) -> String {
    match to_strings(array.slice(row, 1).as_ref(), zone, Style::Cast) {
        Ok(text) if text.is_valid(0) => text.value(0).to_owned(),
        _ => "null".to_owned(),
    }
}

/// Writes the value of a row, which is not null.
type ValueWriter<'a> = Box<dyn Fn(usize, &mut dyn Write) -> fmt::Result + 'a>;

/// Chosen once an array, so that a row costs no look at its type.
fn writer<'a>(array: &'a dyn Array, zone: Zone, style: Style) -> Result<ValueWriter<'a>> {
    macro_rules! shown {
        ($type:ty) => {{
            let array = array.as_primitive::<$type>();
            Box::new(move |row, out| write!(out, "{}", array.value(row)))
        }};
    }
    Ok(match array.data_type() {
        DataType::Null => Box::new(|_, _| Ok(())),
        DataType::Boolean => {
            let array = array.as_boolean();
            Box::new(move |row, out| write!(out, "{}", array.value(row)))
        }
        DataType::Int8 => shown!(Int8Type),
        DataType::Int16 => shown!(Int16Type),
        DataType::Int32 => shown!(Int32Type),
        DataType::Int64 => shown!(Int64Type),
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>();
            Box::new(move |row, out| write_float(array.value(row), out))
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            Box::new(move |row, out| write_double(array.value(row), out))
        }
        DataType::Decimal128(_, scale) => {
            let (array, scale) = (array.as_primitive::<Decimal128Type>(), *scale);
            let shown = if matches!(style, Style::LegacyCast | Style::Csv) { java_decimal } else { decimal };
            Box::new(move |row, out| out.write_str(&shown(array.value(row), scale)))
        }
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            Box::new(move |row, out| out.write_str(array.value(row)))
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            Box::new(move |row, out| write_binary(array.value(row), style, out))
        }
        DataType::Date32 => {
            let array = array.as_primitive::<Date32Type>();
            Box::new(move |row, out| write_date(i64::from(array.value(row)), out))
        }
        DataType::Timestamp(_, utc) => {
            let (array, zone) = (array.as_primitive::<TimestampMicrosecondType>(), utc.as_ref().map(|_| zone));
            Box::new(move |row, out| {
                let micros = array.value(row);
                write_local(zone.map_or(micros, |zone| zone.to_local(micros)), out)
            })
        }
        DataType::Duration(_) => {
            let array = array.as_primitive::<DurationMicrosecondType>();
            Box::new(move |row, out| out.write_str(&IntervalFields::DAY_TO_SECOND.show(array.value(row))))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let array = array.as_primitive::<IntervalYearMonthType>();
            Box::new(move |row, out| out.write_str(&IntervalFields::YEAR_TO_MONTH.show(i64::from(array.value(row)))))
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let array = array.as_primitive::<IntervalMonthDayNanoType>();
            Box::new(move |row, out| {
                let value = array.value(row);
                out.write_str(&calendar_interval(value.months, value.days, value.nanoseconds / 1000))
            })
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let element = nested(array.values(), zone, style)?;
            Box::new(move |row, out| {
                let offsets = array.value_offsets();
                sequence(out, ('[', ']'), offsets[row] as usize..offsets[row + 1] as usize, &element)
            })
        }
        DataType::Map(..) => {
            let array = array.as_map();
            let (key, value) = (nested(array.keys(), zone, style)?, nested(array.values(), zone, style)?);
            Box::new(move |row, out| {
                let offsets = array.value_offsets();
                sequence(
                    out,
                    ('{', '}'),
                    offsets[row] as usize..offsets[row + 1] as usize,
                    &|at, out: &mut dyn Write| {
                        key(at, out)?;
                        out.write_str(" -> ")?;
                        value(at, out)
                    },
                )
            })
        }
        DataType::Struct(_) => {
            let array = array.as_struct();
            let columns: Result<Vec<_>> = array.columns().iter().map(|column| nested(column, zone, style)).collect();
            let columns = columns?;
            Box::new(move |row, out| {
                sequence(out, ('{', '}'), 0..columns.len(), &|at, out: &mut dyn Write| columns[at](row, out))
            })
        }
        other => return Err(Error::internal(format!("a value of type {other} has no text"))),
    })
}

/// As [`writer`], for a member of a nested value, which may be null.
fn nested<'a>(array: &'a ArrayRef, zone: Zone, style: Style) -> Result<ValueWriter<'a>> {
    let null = if style.casts() { "null" } else { "NULL" };
    let nulls = array.logical_nulls();
    let writer = writer(array, zone, style)?;
    Ok(Box::new(move |row, out| {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) { out.write_str(null) } else { writer(row, out) }
    }))
}

fn sequence(
    out: &mut dyn Write,
    brackets: (char, char),
    members: std::ops::Range<usize>,
    write: &dyn Fn(usize, &mut dyn Write) -> fmt::Result,
) -> fmt::Result {
    out.write_char(brackets.0)?;
    for (at, member) in members.enumerate() {
        if at > 0 {
            out.write_str(", ")?;
        }
        write(member, out)?;
    }
    out.write_char(brackets.1)
}

fn write_binary(bytes: &[u8], style: Style, out: &mut dyn Write) -> fmt::Result {
    if style.casts() {
        return out.write_str(&String::from_utf8_lossy(bytes));
    }
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    write!(out, "[{}]", hex.join(" "))
}

/// What `write` writes. Writing into a string cannot fail.
fn shown(write: impl Fn(&mut dyn Write) -> fmt::Result) -> String {
    let mut text = String::new();
    let result = write(&mut text);
    debug_assert!(result.is_ok());
    text
}

fn unwritable(_: fmt::Error) -> Error {
    Error::internal("a value could not be written as text")
}

/// As Java's `Double.toString`: `1.0`, `1.0E10`, `NaN`, `-Infinity`.
pub fn double(value: f64) -> String {
    shown(|out| write_double(value, out))
}

/// As Java's `Float.toString`.
pub fn float(value: f32) -> String {
    shown(|out| write_float(value, out))
}

fn write_double(value: f64, out: &mut dyn Write) -> fmt::Result {
    let magnitude = value.abs();
    if (1e-3..1e7).contains(&magnitude) || value == 0.0 {
        write!(out, "{value:?}")
    } else {
        // Java shows two digits at least, and of two the nearer ones: 4.9E-324 where one digit
        // would be 5E-324.
        let shortest = format!("{value:e}");
        write_scientific(if shortest.contains('.') { shortest } else { format!("{value:.1e}") }, out)
    }
}

fn write_float(value: f32, out: &mut dyn Write) -> fmt::Result {
    let magnitude = value.abs();
    if (1e-3..1e7).contains(&magnitude) || value == 0.0 {
        write!(out, "{value:?}")
    } else {
        let shortest = format!("{value:e}");
        write_scientific(if shortest.contains('.') { shortest } else { format!("{value:.1e}") }, out)
    }
}

fn write_scientific(rust: String, out: &mut dyn Write) -> fmt::Result {
    match rust.as_str() {
        "NaN" => out.write_str("NaN"),
        "inf" => out.write_str("Infinity"),
        "-inf" => out.write_str("-Infinity"),
        number => out.write_str(&number.replace('e', "E")),
    }
}

/// A decimal in plain notation with all its digits.
pub fn decimal(unscaled: i128, scale: i8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{digits}"),
        Ok(scale) => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) if unscaled == 0 => "0".to_owned(),
        Err(_) => format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

/// A decimal as Java's `BigDecimal.toString`: with an exponent where more than six places come
/// before its digits, as `0E-18`.
pub fn java_decimal(unscaled: i128, scale: i8) -> String {
    let digits = unscaled.unsigned_abs().to_string();
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if scale >= 0 && exponent >= -6 {
        return decimal(unscaled, scale);
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{exponent:+}")
}

/// `2024-01-05`; a year beyond 9999 has a sign.
pub fn date(days: i64) -> String {
    shown(|out| write_date(days, out))
}

fn write_date(days: i64, out: &mut dyn Write) -> fmt::Result {
    let (year, month, day) = calendar::civil(days);
    match year {
        0..=9999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        ..0 => write!(out, "-{:04}-{month:02}-{day:02}", -year),
        _ => write!(out, "+{year}-{month:02}-{day:02}"),
    }
}

/// `2024-01-05 01:02:03.12`: the clock reading in `zone`, without trailing zeros.
pub fn timestamp(micros: i64, zone: Zone) -> String {
    local(zone.to_local(micros))
}

/// A clock reading, without trailing zeros.
pub fn local(micros: i64) -> String {
    shown(|out| write_local(micros, out))
}

fn write_local(micros: i64, out: &mut dyn Write) -> fmt::Result {
    write_date(micros.div_euclid(MICROS_PER_DAY), out)?;
    write!(out, " {}", clock(micros.rem_euclid(MICROS_PER_DAY)))
}

/// `hh:mm:ss[.f]` of a number of microseconds.
fn clock(micros: i64) -> String {
    let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        text.push('.');
        text.push_str(format!("{fraction:06}").trim_end_matches('0'));
    }
    text
}

/// `1 years 2 months 3 days 4 hours`, `0 seconds`.
pub fn calendar_interval(months: i32, days: i32, micros: i64) -> String {
    let mut parts = Vec::new();
    let mut part = |count: i64, unit: &str| {
        if count != 0 {
            parts.push(format!("{count} {unit}"));
        }
    };
    part(i64::from(months / 12), "years");
    part(i64::from(months % 12), "months");
    part(i64::from(days), "days");
    let seconds = micros / MICROS_PER_SECOND;
    part(seconds / 3600, "hours");
    part(seconds / 60 % 60, "minutes");
    let rest = micros % (60 * MICROS_PER_SECOND);
    if rest != 0 {
        let sign = if rest < 0 { "-" } else { "" };
        parts.push(format!(
            "{sign}{} seconds",
            decimal(i128::from(rest.unsigned_abs()), 6).trim_end_matches('0').trim_end_matches('.')
        ));
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}
