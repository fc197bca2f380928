//! `CAST` and `TRY_CAST`: which pairs of types Spark allows, and the call of the kernel that
//! converts, which is [`kernels::cast`](crate::plan::kernels::cast).

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, DurationMicrosecondType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::coerce::{is_float, is_integral, is_numeric};
use super::date_arithmetic::interval_fields;
use crate::config::Conf;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::Kernel;
use crate::plan::kernels::cast::convert;
use crate::plan::typed::{Typed, literal};
use crate::types::interval_fields::IntervalField;
use crate::types::parse::EvalMode;
use crate::types::zone::Zone;
use crate::types::{map_fields, special, sql_name};

/// What a cast that the rules of types insert does with bad values: an error under ANSI, else null.
pub fn mode(conf: &Conf) -> EvalMode {
    if conf.ansi() { EvalMode::Ansi } else { EvalMode::Legacy }
}

/// A cast as the rules of types insert it: the caller knows that the pair is allowed.
pub fn cast(value: Typed, to: &DataType, conf: &Conf) -> Result<Typed> {
    cast_as(value, to, mode(conf), conf)
}

/// A cast with the mode that was asked for.
pub fn cast_as(value: Typed, to: &DataType, mode: EvalMode, conf: &Conf) -> Result<Typed> {
    if value.data_type == *to {
        return Ok(value);
    }
    if value.data_type == DataType::Null {
        let expr = Expr::Literal(ScalarValue::try_from(to)?, None);
        return Ok(Typed { expr, data_type: to.clone(), nullable: true });
    }
    if *to == DataType::Utf8
        && let Some(text) = interval_text(&value)
    {
        return Ok(text);
    }
    let zone = Zone::of(conf.time_zone())?;
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &value.expr
        && let Some(constant) = special_time(text, to, zone)
    {
        return Ok(Typed { expr: Expr::Literal(constant, None), data_type: to.clone(), nullable: false });
    }
    let nullable = value.nullable || may_give_null(&value.data_type, to, mode);
    // The zone is part of the name only where the result depends on it, so that equal casts stay
    // equal.
    let name = format!("cast_{mode:?}({} -> {to}, {})", value.data_type, zone.id());
    let target = to.clone();
    let kernel = Kernel::arrays(name, to.clone(), nullable, move |arrays| convert(&arrays[0], &target, zone, mode));
    let kernel = if mode == EvalMode::Ansi && may_fail(&value.data_type, to) { kernel } else { kernel.infallible() };
    // A cast of a constant that works is a constant: comparisons with it can be pushed down, and
    // `LIMIT '1'` read.
    if let Expr::Literal(constant, _) = &value.expr
        && let Ok(array) = constant.to_array()
        && let Ok(result) = convert(&array, to, zone, mode)
        && let Ok(constant) = ScalarValue::try_from_array(&result, 0)
    {
        return Ok(Typed { nullable: constant.is_null(), expr: Expr::Literal(constant, None), data_type: to.clone() });
    }
    Ok(kernel.call(vec![value]))
}

/// What a word such as `epoch` stands for. Only a constant text may be one.
fn special_time(text: &str, to: &DataType, zone: Zone) -> Option<ScalarValue> {
    match to {
        DataType::Date32 => special::date(text, zone).map(|days| ScalarValue::Date32(Some(days))),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            special::timestamp_ntz(text, zone).map(|micros| ScalarValue::TimestampMicrosecond(Some(micros), None))
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(utc)) => special::timestamp(text, zone)
            .map(|micros| ScalarValue::TimestampMicrosecond(Some(micros), Some(Arc::clone(utc)))),
        _ => None,
    }
}

/// A cast that the user wrote; `text` is the expression as errors show it.
pub fn explicit(value: Typed, to: &DataType, try_cast: bool, conf: &Conf, text: &str) -> Result<Typed> {
    let mode = if try_cast { EvalMode::Try } else { mode(conf) };
    if !allowed(&value.data_type, to, mode) {
        return Err(mismatch(&value.data_type, to, mode, text));
    }
    let value = if is_integral(to) || matches!(to, DataType::Decimal128(..)) { counted(value) } else { value };
    cast_as(value, to, mode, conf)
}

/// An interval with as many seconds or months as a cast to a number counts. Spark counts an
/// interval by its smallest field.
fn counted(value: Typed) -> Typed {
    let Some(fields) = interval_fields(&value) else { return value };
    let units = match fields.last {
        IntervalField::Year => 12,
        IntervalField::Day => 86_400,
        IntervalField::Hour => 3_600,
        IntervalField::Minute => 60,
        IntervalField::Month | IntervalField::Second => return value,
    };
    let data_type = value.data_type.clone();
    match &value.expr {
        Expr::Literal(ScalarValue::DurationMicrosecond(Some(micros)), _) => {
            literal(ScalarValue::DurationMicrosecond(Some(micros / units)))
        }
        Expr::Literal(ScalarValue::IntervalYearMonth(Some(months)), _) => {
            literal(ScalarValue::IntervalYearMonth(Some(months / 12)))
        }
        _ => Kernel::arrays(format!("counted_{units}"), data_type, value.nullable, move |arrays| {
            let micros = arrays[0].as_primitive::<DurationMicrosecondType>();
            Ok(Arc::new(micros.unary::<_, DurationMicrosecondType>(|micros| micros / units)))
        })
        .infallible()
        .call(vec![value]),
    }
}

/// A constant interval as text, by the fields of its type.
fn interval_text(value: &Typed) -> Option<Typed> {
    let fields = interval_fields(value)?;
    let text = match &value.expr {
        Expr::Literal(ScalarValue::DurationMicrosecond(Some(micros)), _) => fields.show(*micros),
        Expr::Literal(ScalarValue::IntervalYearMonth(Some(months)), _) => fields.show(i64::from(*months)),
        _ => return None,
    };
    Some(literal(ScalarValue::Utf8(Some(text))))
}

/// Whether Spark casts values of one type to another.
pub fn allowed(from: &DataType, to: &DataType, mode: EvalMode) -> bool {
    use DataType::{Binary, Boolean, Date32, Decimal128, Duration, Interval, List, Map, Null, Struct, Timestamp, Utf8};
    let legacy = mode == EvalMode::Legacy;
    match (from, to) {
        (from, to) if from == to => true,
        (Null, _) => true,
        (List(from), List(to)) => allowed(from.data_type(), to.data_type(), mode),
        (Map(..), Map(..)) => match (map_fields(from), map_fields(to)) {
            (Some((fk, fv)), Some((tk, tv))) => {
                allowed(fk.data_type(), tk.data_type(), mode) && allowed(fv.data_type(), tv.data_type(), mode)
            }
            _ => false,
        },
        (Struct(from), Struct(to)) => {
            from.len() == to.len()
                && from.iter().zip(to).all(|(from, to)| allowed(from.data_type(), to.data_type(), mode))
        }
        (List(_) | Map(..) | Struct(_), Utf8) => true,
        (List(_) | Map(..) | Struct(_), _) | (_, List(_) | Map(..) | Struct(_)) => false,
        (_, Null) => false,
        (_, Utf8) | (Utf8, _) => true,
        (Binary, _) => legacy && is_integral(to),
        (from, Binary) => legacy && is_integral(from),
        (Boolean, to) => is_numeric(to) || (legacy && matches!(to, Timestamp(_, Some(_)))),
        (from, Boolean) => is_numeric(from) || (legacy && matches!(from, Timestamp(_, Some(_)) | Date32)),
        (from, to) if is_numeric(from) && is_numeric(to) => true,
        (from, Timestamp(_, Some(_))) if is_numeric(from) => true,
        (Timestamp(_, Some(_)), to) if is_numeric(to) => true,
        (Date32, to) if is_numeric(to) => legacy,
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        (Duration(_) | Interval(IntervalUnit::YearMonth), to) => is_integral(to) || matches!(to, Decimal128(..)),
        (from, Duration(_) | Interval(IntervalUnit::YearMonth)) => is_integral(from) || matches!(from, Decimal128(..)),
        (Interval(_), Interval(_)) => true,
        _ => false,
    }
}

fn mismatch(from: &DataType, to: &DataType, mode: EvalMode, text: &str) -> Error {
    let pair = |error: Error| {
        error
            .with("sqlExpr", format!("\"{text}\""))
            .with("srcType", format!("\"{}\"", sql_name(from)))
            .with("targetType", format!("\"{}\"", sql_name(to)))
    };
    let function = match (from, to) {
        (DataType::Date32, to) if is_integral(to) => Some("`UNIX_DATE`"),
        (from, DataType::Date32) if is_integral(from) => Some("`DATE_FROM_UNIX_DATE`"),
        (DataType::Timestamp(_, Some(_)), DataType::Boolean) => None,
        _ => None,
    };
    match function {
        Some(function) => pair(Error::of(condition::CAST_WITH_FUNC_SUGGESTION)).with("functionNames", function),
        None if mode == EvalMode::Ansi && allowed(from, to, EvalMode::Legacy) => {
            pair(Error::of(condition::CAST_WITH_CONF_SUGGESTION))
                .with("config", "\"spark.sql.ansi.enabled\"")
                .with("configVal", "'false'")
        }
        None => pair(Error::of(condition::CAST_WITHOUT_SUGGESTION)),
    }
}

/// Whether a value that is not null can become null.
fn may_give_null(from: &DataType, to: &DataType, mode: EvalMode) -> bool {
    use DataType::{Decimal128, Utf8};
    match (from, to) {
        // NaN and the infinities have no decimal, in every mode.
        (from, Decimal128(..)) if is_float(from) => true,
        _ if mode == EvalMode::Ansi => false,
        (_, Utf8) => false,
        (DataType::Date32, DataType::Timestamp(..)) => mode == EvalMode::Try,
        _ => may_fail(from, to) || matches!(from, Utf8),
    }
}

/// Whether a value can be out of the other type's range or malformed.
fn may_fail(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, Boolean, Date32, Decimal128, Duration, Float32, Float64, Int8, Int16, Int32, Int64, Interval, List,
        Struct, Timestamp, Utf8,
    };
    match (from, to) {
        (Int8, Int16 | Int32 | Int64) | (Int16, Int32 | Int64) | (Int32, Int64) => false,
        (_, Utf8) | (Utf8, Binary) => false,
        (from, Float32 | Float64) if is_numeric(from) => false,
        (from, Boolean) if is_numeric(from) => false,
        (Boolean, Decimal128(precision, scale)) => i16::from(*precision) - i16::from(*scale) < 1,
        (Boolean, _) => false,
        (from, Decimal128(precision, scale)) if is_integral(from) => {
            let digits = super::coerce::decimal_of(from).map_or(38, |(digits, _)| i16::from(digits));
            i16::from(*precision) - i16::from(*scale) < digits
        }
        (Decimal128(p1, s1), Decimal128(p2, s2)) => {
            s2 < s1 || i16::from(*p2) - i16::from(*s2) < i16::from(*p1) - i16::from(*s1)
        }
        (Date32, Timestamp(..)) | (Timestamp(..), Date32 | Timestamp(..) | Float32 | Float64 | Int64) => false,
        (Interval(_), Interval(_)) | (Duration(_), Int64) => false,
        (List(from), List(to)) => may_fail(from.data_type(), to.data_type()) && from.data_type() != to.data_type(),
        (Struct(from), Struct(to)) => from
            .iter()
            .zip(to)
            .any(|(from, to)| from.data_type() != to.data_type() && may_fail(from.data_type(), to.data_type())),
        _ => true,
    }
}

/// Whether a value may be stored in a column of another type, as Spark's store assignment has it:
/// numbers in columns of numbers, days and times in each other's, all single values in texts.
pub fn assignable(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, List, Map, Null, Struct, Timestamp, Utf8};
    match (from, to) {
        (Null, _) => true,
        (from, to) if from == to => true,
        (from, to) if is_numeric(from) && is_numeric(to) => true,
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        (from, Utf8) => !from.is_nested(),
        (List(from), List(to)) => assignable(from.data_type(), to.data_type()),
        (Map(from, _), Map(to, _)) => assignable(from.data_type(), to.data_type()),
        (Struct(from), Struct(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| assignable(from.data_type(), to.data_type()))
        }
        _ => false,
    }
}
