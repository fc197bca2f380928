//! The kernel of `CAST`: a column of one type as a column of another, by Spark's rules. Parsing and
//! writing text are in `types`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, Decimal128Array, ListArray, MapArray,
    PrimitiveArray, StringArray, StructArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, TimestampMicrosecondType,
};
use arrow::util::display::FormatOptions;

use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::resolve::coerce::{is_float, is_integral, is_numeric};
use crate::types::calendar::{MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::display::{self, Style};
use crate::types::parse::{self, EvalMode};
use crate::types::zone::Zone;
use crate::types::{map_fields, sql_name};

/// The column as `to`. The pair must be allowed; nulls stay null.
pub fn convert(array: &ArrayRef, to: &DataType, zone: Zone, mode: EvalMode) -> Result<ArrayRef> {
    use DataType::{Binary, Boolean, Date32, Decimal128, Duration, Interval, List, Map, Null, Struct, Timestamp, Utf8};
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    match (from, to) {
        (Null, _) => Ok(new_null_array(to, array.len())),
        (List(_), List(_)) => list(array, to, zone, mode),
        (Map(..), Map(..)) => map(array, to, zone, mode),
        (Struct(_), Struct(_)) => structure(array, to, zone, mode),
        (Binary, Utf8) => {
            let bytes = array.as_binary::<i32>();
            Ok(Arc::new(
                bytes
                    .iter()
                    .map(|value| value.map(|v| String::from_utf8_lossy(v).into_owned()))
                    .collect::<StringArray>(),
            ))
        }
        (_, Utf8) => {
            let style = if mode == EvalMode::Legacy { Style::LegacyCast } else { Style::Cast };
            Ok(Arc::new(display::to_strings(array.as_ref(), zone, style)?))
        }
        (Utf8, _) => parse::parse(array.as_string::<i32>(), to, zone, mode),
        (from, Binary) if is_integral(from) => big_endian(array),
        (Boolean, _) => from_boolean(array, to, mode),
        (from, Boolean) if is_numeric(from) => to_boolean(array),
        (Interval(IntervalUnit::YearMonth), Decimal128(precision, scale)) => {
            let months = array.as_primitive::<IntervalYearMonthType>().unary::<_, Int32Type>(|months| months);
            to_decimal(&(Arc::new(months) as ArrayRef), *precision, *scale, mode)
        }
        (_, Decimal128(precision, scale)) => to_decimal(array, *precision, *scale, mode),
        (Decimal128(_, scale), to) if is_numeric(to) => from_decimal(array, *scale, to, mode),
        (from, to) if is_float(from) && is_integral(to) => float_to_integral(array, to, mode),
        (from, to) if is_float(to) && is_numeric(from) => plain(array, to),
        (from, to) if is_integral(from) && is_integral(to) => integral(array, to, mode),
        (from, Timestamp(_, Some(_))) if is_numeric(from) => to_timestamp(array, to, mode),
        (Timestamp(_, Some(_)), to) if is_numeric(to) => from_timestamp(array, to, mode),
        (Date32, Timestamp(_, Some(_))) => {
            let days = array.as_primitive::<Date32Type>();
            let instants = midnights(days, mode, |local| zone.to_utc(local).unwrap_or(local))?;
            Ok(Arc::new(instants.with_timezone(crate::types::UTC)))
        }
        (Date32, Timestamp(_, None)) => {
            Ok(Arc::new(midnights(array.as_primitive::<Date32Type>(), mode, |local| local)?))
        }
        (Timestamp(_, from_zone), Date32) => {
            let instants = array.as_primitive::<TimestampMicrosecondType>();
            let local = from_zone.is_some();
            let day = |micros: i64| if local { zone.to_local(micros) } else { micros }.div_euclid(MICROS_PER_DAY);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "microseconds in 64 bits span fewer days than 32 bits count"
            )]
            Ok(Arc::new(instants.unary::<_, Date32Type>(|micros| day(micros) as i32)))
        }
        (Timestamp(_, Some(_)), Timestamp(_, None)) => Ok(Arc::new(
            array.as_primitive::<TimestampMicrosecondType>().unary::<_, TimestampMicrosecondType>(|m| zone.to_local(m)),
        )),
        (Timestamp(_, None), Timestamp(_, Some(_))) => {
            let readings = array.as_primitive::<TimestampMicrosecondType>();
            let instants = readings.unary::<_, TimestampMicrosecondType>(|m| zone.to_utc(m).unwrap_or(m));
            Ok(Arc::new(instants.with_timezone(crate::types::UTC)))
        }
        (Date32 | Timestamp(..), to) if is_numeric(to) || *to == Boolean => Ok(new_null_array(to, array.len())),
        // An interval's number counts seconds, or months: `cast` has taken care of those that count
        // other fields.
        (Duration(_), to) if is_integral(to) => {
            let seconds = array
                .as_primitive::<DurationMicrosecondType>()
                .unary::<_, Int64Type>(|micros| micros / MICROS_PER_SECOND);
            integral(&(Arc::new(seconds) as ArrayRef), to, mode)
        }
        (from, Duration(_)) if is_integral(from) => {
            let days = plain(array, &DataType::Int64)?;
            Ok(Arc::new(
                days.as_primitive::<Int64Type>().unary::<_, DurationMicrosecondType>(|days| days * MICROS_PER_DAY),
            ))
        }
        (Interval(IntervalUnit::YearMonth), to) if is_integral(to) => {
            let months = array.as_primitive::<IntervalYearMonthType>().unary::<_, Int32Type>(|months| months);
            integral(&(Arc::new(months) as ArrayRef), to, mode)
        }
        _ => Err(Error::internal(format!("no cast from {} to {}", sql_name(from), sql_name(to)))),
    }
}

/// Days as the microseconds of their beginnings. Dates reach further than timestamps: Spark's cast
/// raises there in every mode but `TRY`.
fn midnights(
    days: &PrimitiveArray<Date32Type>,
    mode: EvalMode,
    instant: impl Fn(i64) -> i64,
) -> Result<PrimitiveArray<TimestampMicrosecondType>> {
    let midnight = |day: i32| match i64::from(day).checked_mul(MICROS_PER_DAY) {
        Some(local) => Ok(Some(instant(local))),
        None if mode == EvalMode::Try => Ok(None),
        None => Err(beyond_timestamps()),
    };
    days.iter().map(|day| day.map_or(Ok(None), midnight)).collect()
}

/// The error of a moment that 64 bits of microseconds do not reach, which has no condition in
/// Spark.
pub fn beyond_timestamps() -> Error {
    Error::new(ErrorKind::Arithmetic, "long overflow: the moment lies beyond what a timestamp holds")
}

/// Arrow's own cast, for pairs where it is Spark's and cannot fail.
fn plain(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: true, format_options: FormatOptions::default() };
    Ok(cast_with_options(array, to, &options)?)
}

fn list(array: &ArrayRef, to: &DataType, zone: Zone, mode: EvalMode) -> Result<ArrayRef> {
    let DataType::List(element) = to else { return Err(Error::internal("a list becomes a list")) };
    let list = array.as_list::<i32>();
    let values = convert(list.values(), element.data_type(), zone, mode)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned())?))
}

fn map(array: &ArrayRef, to: &DataType, zone: Zone, mode: EvalMode) -> Result<ArrayRef> {
    let (DataType::Map(entries, sorted), Some((key, value))) = (to, map_fields(to)) else {
        return Err(Error::internal("a map becomes a map"));
    };
    let map = array.as_map();
    let keys = convert(map.keys(), key.data_type(), zone, mode)?;
    let values = convert(map.values(), value.data_type(), zone, mode)?;
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(Error::internal("a map's entries are a struct"));
    };
    let entry_columns = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(
        Arc::clone(entries),
        map.offsets().clone(),
        entry_columns,
        map.nulls().cloned(),
        *sorted,
    )?))
}

fn structure(array: &ArrayRef, to: &DataType, zone: Zone, mode: EvalMode) -> Result<ArrayRef> {
    let DataType::Struct(fields) = to else { return Err(Error::internal("a struct becomes a struct")) };
    let structure = array.as_struct();
    let columns: Result<Vec<_>> = structure
        .columns()
        .iter()
        .zip(fields)
        .map(|(column, field)| convert(column, field.data_type(), zone, mode))
        .collect();
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(structure.len(), structure.nulls().cloned())));
    }
    Ok(Arc::new(StructArray::try_new(fields.clone(), columns?, structure.nulls().cloned())?))
}

fn big_endian(array: &ArrayRef) -> Result<ArrayRef> {
    macro_rules! bytes {
        ($type:ty) => {
            Ok(Arc::new(
                array
                    .as_primitive::<$type>()
                    .iter()
                    .map(|v| v.map(|v| v.to_be_bytes().to_vec()))
                    .collect::<BinaryArray>(),
            ))
        };
    }
    match array.data_type() {
        DataType::Int8 => bytes!(Int8Type),
        DataType::Int16 => bytes!(Int16Type),
        DataType::Int32 => bytes!(Int32Type),
        _ => bytes!(Int64Type),
    }
}

fn from_boolean(array: &ArrayRef, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let numbers: ArrayRef =
        Arc::new(array.as_boolean().iter().map(|v| v.map(i64::from)).collect::<PrimitiveArray<Int64Type>>());
    match to {
        DataType::Decimal128(precision, scale) => to_decimal(&numbers, *precision, *scale, mode),
        DataType::Timestamp(..) => Ok(Arc::new(
            numbers
                .as_primitive::<Int64Type>()
                .unary::<_, TimestampMicrosecondType>(|one| one)
                .with_timezone(crate::types::UTC),
        )),
        to => plain(&numbers, to),
    }
}

fn to_boolean(array: &ArrayRef) -> Result<ArrayRef> {
    let values: BooleanArray = match array.data_type() {
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().iter().map(|v| v.map(|v| v != 0)).collect(),
        from if is_float(from) => {
            let numbers = plain(array, &DataType::Float64)?;
            numbers.as_primitive::<Float64Type>().iter().map(|v| v.map(|v| v != 0.0)).collect()
        }
        _ => {
            let numbers = plain(array, &DataType::Int64)?;
            numbers.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v != 0)).collect()
        }
    };
    Ok(Arc::new(values))
}

/// Spark's error for a number that another type cannot hold; `value` is a literal of the source
/// type.
fn overflow(value: &str, from: &DataType, to: &DataType) -> Error {
    Error::of(condition::CAST_OVERFLOW)
        .with("value", value)
        .with("sourceType", format!("\"{}\"", sql_name(from)))
        .with("targetType", format!("\"{}\"", sql_name(to)))
}

/// Each value of a column that was cast `from` a narrower type, perhaps, through `f`: `None` is out
/// of range, which is an error, null, or for the older rules `wrapped`.
fn each<S: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    (from, to): (&DataType, &DataType),
    mode: EvalMode,
    f: impl Fn(S::Native) -> Option<T::Native>,
    wrapped: impl Fn(S::Native) -> Option<T::Native>,
    literal: impl Fn(S::Native) -> String,
) -> Result<ArrayRef> {
    let source = array.as_primitive::<S>();
    let one = |value: S::Native| match f(value) {
        Some(value) => Ok(Some(value)),
        None => match mode {
            EvalMode::Ansi => Err(overflow(&literal(value), from, to)),
            EvalMode::Try => Ok(None),
            EvalMode::Legacy => Ok(wrapped(value)),
        },
    };
    let values: Result<PrimitiveArray<T>> = source.iter().map(|value| value.map_or(Ok(None), one)).collect();
    Ok(Arc::new(values?.with_data_type(to.clone())))
}

fn suffix(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "Y",
        DataType::Int16 => "S",
        DataType::Int64 => "L",
        _ => "",
    }
}

fn integral(array: &ArrayRef, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    integral_of(array, array.data_type(), to, mode)
}

fn integral_of(array: &ArrayRef, from: &DataType, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let wide = plain(array, &DataType::Int64)?;
    let literal = |value: i64| format!("{value}{}", suffix(from));
    let pair = (from, to);
    #[expect(clippy::cast_possible_truncation, reason = "the older rules wrap as Java does")]
    match to {
        DataType::Int8 => {
            each::<Int64Type, Int8Type>(&wide, pair, mode, |v| v.try_into().ok(), |v| Some(v as i8), literal)
        }
        DataType::Int16 => {
            each::<Int64Type, Int16Type>(&wide, pair, mode, |v| v.try_into().ok(), |v| Some(v as i16), literal)
        }
        DataType::Int32 => {
            each::<Int64Type, Int32Type>(&wide, pair, mode, |v| v.try_into().ok(), |v| Some(v as i32), literal)
        }
        _ => Ok(wide),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the older rules truncate as Java does; the others look at the range first"
)]
fn float_to_integral(array: &ArrayRef, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let single = *array.data_type() == DataType::Float32;
    let pair = (array.data_type(), to);
    let wide = plain(array, &DataType::Float64)?;
    let literal = |value: f64| {
        if single {
            format!("CAST({} AS FLOAT)", display::float(value as f32))
        } else if value.is_nan() {
            "NaN".into()
        } else {
            format!("{}D", display::double(value))
        }
    };
    // Whole numbers of 64 bits end at 2^63, which is the first that does not fit.
    let inside = |value: f64, low: f64, high: f64| (value.trunc() >= low && value.trunc() < high).then_some(value);
    let (i32_low, i32_high) = (f64::from(i32::MIN), f64::from(i32::MAX) + 1.0);
    match to {
        DataType::Int8 => each::<Float64Type, Int8Type>(
            &wide,
            pair,
            mode,
            |v| inside(v, -128.0, 128.0).map(|v| v as i8),
            |v| Some(v as i32 as i8),
            literal,
        ),
        DataType::Int16 => each::<Float64Type, Int16Type>(
            &wide,
            pair,
            mode,
            |v| inside(v, -32768.0, 32768.0).map(|v| v as i16),
            |v| Some(v as i32 as i16),
            literal,
        ),
        DataType::Int32 => each::<Float64Type, Int32Type>(
            &wide,
            pair,
            mode,
            |v| inside(v, i32_low, i32_high).map(|v| v as i32),
            |v| Some(v as i32),
            literal,
        ),
        _ => each::<Float64Type, Int64Type>(
            &wide,
            pair,
            mode,
            |v| inside(v, -9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0).map(|v| v as i64),
            |v| Some(v as i64),
            literal,
        ),
    }
}

fn to_decimal(array: &ArrayRef, precision: u8, scale: i8, mode: EvalMode) -> Result<ArrayRef> {
    let fitted =
        |value: Option<i128>, text: &dyn Fn() -> String| match value.filter(|value| parse::fits(*value, precision)) {
            Some(value) => Ok(Some(value)),
            None if mode == EvalMode::Ansi => Err(parse::out_of_range(&text(), precision, scale)),
            None => Ok(None),
        };
    let to_scale = i64::from(scale);
    let values: Result<Decimal128Array> = match array.data_type() {
        DataType::Decimal128(_, from) => array
            .as_primitive::<Decimal128Type>()
            .iter()
            .map(|v| {
                v.map_or(Ok(None), |v| {
                    fitted(parse::rescale(v, i64::from(*from), to_scale), &|| display::decimal(v, *from))
                })
            })
            .collect(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.map_or(Ok(None), |v| real(&display::double(v), v.is_finite(), precision, scale, mode)))
            .collect(),
        DataType::Float32 => array
            .as_primitive::<Float32Type>()
            .iter()
            .map(|v| {
                v.map_or(Ok(None), |v| real(&display::double(f64::from(v)), v.is_finite(), precision, scale, mode))
            })
            .collect(),
        DataType::Timestamp(..) => array
            .as_primitive::<TimestampMicrosecondType>()
            .iter()
            .map(|v| {
                v.map_or(Ok(None), |v| {
                    fitted(parse::rescale(i128::from(v), 6, to_scale), &|| display::decimal(i128::from(v), 6))
                })
            })
            .collect(),
        DataType::Duration(_) => array
            .as_primitive::<DurationMicrosecondType>()
            .iter()
            .map(|v| {
                v.map_or(Ok(None), |v| {
                    fitted(parse::rescale(i128::from(v), 6, to_scale), &|| display::decimal(i128::from(v), 6))
                })
            })
            .collect(),
        _ => plain(array, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .iter()
            .map(|v| v.map_or(Ok(None), |v| fitted(parse::rescale(i128::from(v), 0, to_scale), &|| v.to_string())))
            .collect(),
    };
    Ok(Arc::new(values?.with_precision_and_scale(precision, scale)?))
}

/// A binary number by its shortest decimal text, as Java's `BigDecimal.valueOf`.
fn real(text: &str, finite: bool, precision: u8, scale: i8, mode: EvalMode) -> Result<Option<i128>> {
    if !finite {
        return Ok(None);
    }
    match parse::decimal(text, precision, scale) {
        Ok(value) => Ok(Some(value)),
        Err(_) if mode == EvalMode::Ansi => Err(parse::out_of_range(text, precision, scale)),
        Err(_) => Ok(None),
    }
}

fn from_decimal(array: &ArrayRef, scale: i8, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let values = array.as_primitive::<Decimal128Type>();
    if is_float(to) {
        let doubles: PrimitiveArray<Float64Type> = values.unary(|v| decimal_to_double(v, scale));
        return plain(&(Arc::new(doubles) as ArrayRef), to);
    }
    let divisor = 10_i128.pow(u32::from(scale.unsigned_abs()));
    let literal = |value: i128| format!("{}BD", display::decimal(value, scale));
    macro_rules! to {
        ($type:ty, $native:ty) => {
            each::<Decimal128Type, $type>(
                array,
                (array.data_type(), to),
                mode,
                |v| (v / divisor).try_into().ok(),
                |v| Some((v / divisor) as $native),
                literal,
            )
        };
    }
    #[expect(clippy::cast_possible_truncation, reason = "the older rules wrap as Java does")]
    match to {
        DataType::Int8 => to!(Int8Type, i8),
        DataType::Int16 => to!(Int16Type, i16),
        DataType::Int32 => to!(Int32Type, i32),
        _ => to!(Int64Type, i64),
    }
}

/// The double that is nearest to a decimal.
#[expect(clippy::cast_precision_loss, reason = "both operands of the division are exact below these bounds")]
pub fn decimal_to_double(unscaled: i128, scale: i8) -> f64 {
    if unscaled.unsigned_abs() < 1 << 53 && (0..=22).contains(&scale) {
        return unscaled as f64 / 10_f64.powi(i32::from(scale));
    }
    display::decimal(unscaled, scale).parse().unwrap_or(f64::NAN)
}

/// Seconds since the epoch as an instant.
fn to_timestamp(array: &ArrayRef, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let instants: PrimitiveArray<TimestampMicrosecondType> = match array.data_type() {
        DataType::Decimal128(_, scale) => {
            array.as_primitive::<Decimal128Type>().unary(|seconds| wrapped_micros(seconds, *scale))
        }
        from if is_float(from) => {
            let seconds = plain(array, &DataType::Float64)?;
            let values = seconds.as_primitive::<Float64Type>().iter();
            values
                .map(|seconds| seconds.map_or(Ok(None), |seconds| float_micros(seconds, from, to, mode)))
                .collect::<Result<_>>()?
        }
        _ => plain(array, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .unary(|seconds| seconds.saturating_mul(MICROS_PER_SECOND)),
    };
    Ok(Arc::new(instants.with_data_type(to.clone())))
}

/// The microseconds of a decimal of seconds. Of those that no timestamp holds the low bits count,
/// as in Java.
#[expect(clippy::cast_possible_truncation, reason = "Java's BigDecimal.longValue takes the low bits alike")]
fn wrapped_micros(unscaled: i128, scale: i8) -> i64 {
    let shift = 6 - i32::from(scale);
    let power = 10_i128.pow(shift.unsigned_abs());
    (if shift >= 0 { unscaled.wrapping_mul(power) } else { unscaled / power }) as i64
}

#[expect(clippy::cast_possible_truncation, reason = "Java's cast saturates and truncates alike")]
fn float_micros(seconds: f64, from: &DataType, to: &DataType, mode: EvalMode) -> Result<Option<i64>> {
    let micros = seconds * 1e6;
    let inside = micros.is_finite() && (-2_f64.powi(63)..=2_f64.powi(63)).contains(&micros);
    match mode {
        EvalMode::Legacy => Ok(seconds.is_finite().then_some(micros as i64)),
        _ if inside => Ok(Some(micros as i64)),
        EvalMode::Try => Ok(None),
        EvalMode::Ansi if seconds.is_finite() => {
            Err(overflow(&format!("{}D", display::double(micros)), &DataType::Float64, &DataType::Int64))
        }
        EvalMode::Ansi => Err(Error::of(condition::CAST_INVALID_INPUT)
            .as_kind(ErrorKind::DateTime)
            .with("expression", display::double(seconds))
            .with("sourceType", format!("\"{}\"", sql_name(from)))
            .with("targetType", format!("\"{}\"", sql_name(to)))),
    }
}

/// An instant as seconds since the epoch.
fn from_timestamp(array: &ArrayRef, to: &DataType, mode: EvalMode) -> Result<ArrayRef> {
    let instants = array.as_primitive::<TimestampMicrosecondType>();
    if is_float(to) {
        #[expect(clippy::cast_precision_loss, reason = "Spark's double has the same precision")]
        let seconds: PrimitiveArray<Float64Type> = instants.unary(|micros| micros as f64 / 1e6);
        return plain(&(Arc::new(seconds) as ArrayRef), to);
    }
    let seconds: ArrayRef = Arc::new(instants.unary::<_, Int64Type>(|micros| micros.div_euclid(MICROS_PER_SECOND)));
    integral_of(&seconds, array.data_type(), to, mode)
}
