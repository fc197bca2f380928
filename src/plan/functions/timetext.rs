//! Text to dates and times, and back, by Java's patterns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{count, implicit, literal, unexpected};
use super::per_value::{kernel, safe_kernel};
use crate::error::{Error, Result, condition};
use crate::plan::resolve::cast::{cast, cast_as};
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::typed::Typed;
use crate::types::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::parse::EvalMode;
use crate::types::pattern::Pattern;
use crate::types::zone::Zone;
use crate::types::{UTC, timestamp, timestamp_ntz};

pub const TABLE: super::DefinitionTable = &[
    ("date_format", Scalar(date_format)),
    ("from_unixtime", Scalar(from_unixtime)),
    ("to_date", Scalar(|c, a| to_date(c, a, false))),
    ("try_to_date", Scalar(|c, a| to_date(c, a, true))),
    ("to_timestamp", Scalar(|c, a| to_timestamp(c, a, timestamp(), false))),
    ("to_timestamp_ltz", Scalar(|c, a| to_timestamp(c, a, timestamp(), false))),
    ("to_timestamp_ntz", Scalar(|c, a| to_timestamp(c, a, timestamp_ntz(), false))),
    ("try_to_timestamp", Scalar(|c, a| to_timestamp(c, a, timestamp(), true))),
    ("to_unix_timestamp", Scalar(unix_timestamp)),
    ("unix_timestamp", Scalar(unix_timestamp)),
];

/// Makes a pattern to write or to read by.
type MakePattern = fn(&str) -> Result<Pattern>;

/// The patterns of a column: one when the argument is a constant, checked while the query is
/// planned.
enum TimePatterns {
    Constant(Option<Pattern>),
    PerRow(MakePattern),
}

impl TimePatterns {
    fn of(argument: &Typed, make: MakePattern) -> Result<Self> {
        match &argument.expr {
            Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Ok(Self::Constant(Some(make(text)?))),
            Expr::Literal(_, _) => Ok(Self::Constant(None)),
            _ => Ok(Self::PerRow(make)),
        }
    }

    /// Calls `f` with each row's pattern; null in, null out.
    fn each<T>(
        &self,
        patterns: &ArrayRef,
        values: &dyn Array,
        mut f: impl FnMut(&Pattern, usize) -> Result<Option<T>>,
    ) -> Result<Vec<Option<T>>> {
        let texts = patterns.as_string::<i32>();
        let mut last: Option<(String, Pattern)> = None;
        let mut out = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            if values.is_null(row) || texts.is_null(row) {
                out.push(None);
                continue;
            }
            out.push(match self {
                Self::Constant(Some(pattern)) => f(pattern, row)?,
                Self::Constant(None) => None,
                Self::PerRow(make) => {
                    let text = texts.value(row);
                    if last.as_ref().is_none_or(|(known, _)| known != text) {
                        last = Some((text.to_owned(), make(text)?));
                    }
                    match &last {
                        Some((_, pattern)) => f(pattern, row)?,
                        None => None,
                    }
                }
            });
        }
        Ok(out)
    }
}

/// Spark's error for text that a pattern does not read; `function` is the one that gives null
/// instead.
fn unreadable(text: &str, function: &str) -> Error {
    Error::of(condition::CANNOT_PARSE_TIMESTAMP)
        .with("message", format!("the text '{text}' does not follow the pattern"))
        .with("func", format!("`{function}`"))
}

fn to_date(context: &CallContext<'_>, mut arguments: Vec<Typed>, lenient: bool) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let lenient = lenient || !context.conf.ansi();
    let pattern = if arguments.len() == 2 { arguments.pop() } else { None };
    let value = arguments.remove(0);
    let Some(pattern) = pattern.filter(|_| value.data_type == DataType::Utf8) else {
        if lenient && value.data_type == DataType::Utf8 {
            return cast_as(value, &DataType::Date32, EvalMode::Try, context.conf);
        }
        return implicit(context, value, &DataType::Date32, 0);
    };
    let pattern = implicit(context, pattern, &DataType::Utf8, 1)?;
    let patterns = TimePatterns::of(&pattern, Pattern::for_parsing)?;
    let zone = Zone::of(context.conf.time_zone())?;
    let parameters = format!("({lenient}, {})", zone.id());
    Ok(kernel(context, &parameters, DataType::Date32, true, vec![value, pattern], move |arrays| {
        let texts = arrays[0].as_string::<i32>();
        // A text with a zone is a time, whose day is that of the session's zone.
        let day = |micros: i64| i32::try_from(zone.to_local(micros).div_euclid(MICROS_PER_DAY)).ok();
        let days = patterns.each(&arrays[1], texts, |pattern, row| {
            match pattern.parse_timestamp(texts.value(row), zone).and_then(day) {
                None if !lenient => Err(unreadable(texts.value(row), "try_to_date")),
                days => Ok(days),
            }
        })?;
        Ok(Arc::new(arrow::array::Date32Array::from(days)))
    }))
}

fn to_timestamp(context: &CallContext<'_>, mut arguments: Vec<Typed>, to: DataType, lenient: bool) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let lenient = lenient || !context.conf.ansi();
    let pattern = if arguments.len() == 2 { arguments.pop() } else { None };
    let value = arguments.remove(0);
    let Some(pattern) = pattern.filter(|_| value.data_type == DataType::Utf8) else {
        return match &value.data_type {
            DataType::Utf8 if lenient => cast_as(value, &to, EvalMode::Try, context.conf),
            found if is_numeric(found) && to == timestamp() => cast(value, &to, context.conf),
            _ => implicit(context, value, &to, 0),
        };
    };
    let pattern = implicit(context, pattern, &DataType::Utf8, 1)?;
    let ntz = to == timestamp_ntz();
    let make = if ntz { Pattern::for_parsing_local } else { Pattern::for_parsing };
    let patterns = TimePatterns::of(&pattern, make)?;
    let zone = Zone::of(context.conf.time_zone())?;
    Ok(kernel(context, &format!("({lenient}, {})", zone.id()), to, true, vec![value, pattern], move |arrays| {
        let texts = arrays[0].as_string::<i32>();
        let micros = patterns.each(&arrays[1], texts, |pattern, row| {
            let text = texts.value(row);
            let micros = if ntz { pattern.parse_local(text) } else { pattern.parse_timestamp(text, zone) };
            if micros.is_none() && !lenient { Err(unreadable(text, "try_to_timestamp")) } else { Ok(micros) }
        })?;
        let array = TimestampMicrosecondArray::from(micros);
        Ok(if ntz { Arc::new(array) } else { Arc::new(array.with_timezone(UTC)) })
    }))
}

/// Appends a formatted value to each row's text.
fn formatted(
    patterns: &TimePatterns,
    times: &TimestampMicrosecondArray,
    given: &ArrayRef,
    zone: Zone,
) -> Result<ArrayRef> {
    let texts = patterns.each(given, times, |pattern, row| {
        let mut out = String::new();
        pattern.format_timestamp(times.value(row), zone, &mut out);
        Ok(Some(out))
    })?;
    Ok(Arc::new(StringArray::from(texts)))
}

fn date_format(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, pattern] = super::conditional::fixed(context, arguments)?;
    // A clock reading without a zone is one in the session's.
    let value = implicit(context, value, &timestamp(), 0)?;
    let pattern = implicit(context, pattern, &DataType::Utf8, 1)?;
    let patterns = TimePatterns::of(&pattern, Pattern::new)?;
    let zone = Zone::of(context.conf.time_zone())?;
    let nullable = value.nullable || pattern.nullable;
    Ok(kernel(context, &format!("({})", zone.id()), DataType::Utf8, nullable, vec![value, pattern], move |arrays| {
        formatted(&patterns, arrays[0].as_primitive(), &arrays[1], zone)
    }))
}

const DEFAULT_PATTERN: &str = "yyyy-MM-dd HH:mm:ss";

fn with_pattern(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<(Typed, Typed)> {
    count(context, &arguments, 1..=2)?;
    if arguments.len() == 1 {
        arguments.push(literal(ScalarValue::Utf8(Some(DEFAULT_PATTERN.to_owned()))));
    }
    let [value, pattern] = super::conditional::fixed(context, arguments)?;
    Ok((value, implicit(context, pattern, &DataType::Utf8, 1)?))
}

fn from_unixtime(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let (seconds, pattern) = with_pattern(context, arguments)?;
    let seconds = implicit(context, seconds, &DataType::Int64, 0)?;
    let patterns = TimePatterns::of(&pattern, Pattern::new)?;
    let zone = Zone::of(context.conf.time_zone())?;
    Ok(kernel(context, &format!("({})", zone.id()), DataType::Utf8, true, vec![seconds, pattern], move |arrays| {
        // Seconds beyond all times wrap around, as in Java.
        let seconds = arrays[0].as_primitive::<Int64Type>();
        let times = seconds.unary::<_, TimestampMicrosecondType>(|seconds| seconds.wrapping_mul(MICROS_PER_SECOND));
        formatted(&patterns, &times, &arrays[1], zone)
    }))
}

/// Seconds since the epoch of a time, a date, or text by a pattern; where there is no argument, the
/// resolver has put the clock.
fn unix_timestamp(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let (value, pattern) = with_pattern(context, arguments)?;
    let time = match &value.data_type {
        DataType::Utf8 => to_timestamp(context, vec![value, pattern], timestamp(), false)?,
        DataType::Date32 | DataType::Timestamp(..) | DataType::Null => cast(value, &timestamp(), context.conf)?,
        found => {
            return Err(unexpected(
                context,
                0,
                "(\"STRING\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")",
                found,
            ));
        }
    };
    let nullable = time.nullable;
    Ok(safe_kernel(context, "_seconds", DataType::Int64, nullable, vec![time], |arrays| {
        let times = arrays[0].as_primitive::<TimestampMicrosecondType>();
        // Cut off towards zero, unlike `unix_seconds`.
        Ok(Arc::new(times.unary::<_, Int64Type>(|micros| micros / MICROS_PER_SECOND)))
    }))
}
