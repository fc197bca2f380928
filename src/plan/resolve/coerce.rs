//! Which type two expressions meet in, by Spark's ANSI rules (and the older ones with
//! `spark.sql.ansi.enabled=false`).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::types;

/// The most digits a decimal can have.
pub const MAX_PRECISION: u8 = 38;

/// Digits after the point that decimal arithmetic keeps when it must give up some.
const MIN_ADJUSTED_SCALE: i16 = 6;

/// Whether a type is one of the four whole numbers.
pub fn is_integral(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}

/// Whether a type is a binary floating point number.
pub fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

/// Whether a type is a number, decimals included.
pub fn is_numeric(data_type: &DataType) -> bool {
    is_integral(data_type) || is_float(data_type) || matches!(data_type, DataType::Decimal128(..))
}

/// Whether a type holds no other types and is not void: Spark's `AtomicType`.
pub fn is_atomic(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Null
            | DataType::List(_)
            | DataType::Map(..)
            | DataType::Struct(_)
            | DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano)
    )
}

/// The decimal type that holds every value of a whole-number type.
pub fn decimal_of(data_type: &DataType) -> Option<(u8, i8)> {
    Some(match data_type {
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (20, 0),
        DataType::Decimal128(precision, scale) => (*precision, *scale),
        _ => return None,
    })
}

/// The common type of two expressions of which neither is text that would have to be parsed:
/// `findTightestCommonType`.
fn tightest(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Date32, Float32, Float64, Null, Timestamp};
    Some(match (left, right) {
        (left, right) if left == right => left.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (left, right) if is_integral(left) && is_integral(right) => wider_integral(left, right),
        (Float32, other) | (other, Float32) if is_integral(other) => Float64,
        (left, right) if is_float(left) && (is_integral(right) || is_float(right)) => Float64,
        (left, right) if is_float(right) && is_integral(left) => Float64,
        (Date32, Timestamp(unit, zone)) | (Timestamp(unit, zone), Date32) => Timestamp(*unit, zone.clone()),
        (Timestamp(TimeUnit::Microsecond, _), Timestamp(TimeUnit::Microsecond, _)) => types::timestamp(),
        _ => return None,
    })
}

fn wider_integral(left: &DataType, right: &DataType) -> DataType {
    let rank = |data_type: &DataType| match data_type {
        DataType::Int8 => 0,
        DataType::Int16 => 1,
        DataType::Int32 => 2,
        _ => 3,
    };
    if rank(left) >= rank(right) { left.clone() } else { right.clone() }
}

/// The type that values of both types are cast to where they meet (`CASE`, `coalesce`, `IN`,
/// `UNION`, comparisons), or `None` where Spark has none.
pub fn common(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    if let Some(found) = tightest(left, right) {
        return Some(found);
    }
    if let Some(found) = common_decimal(left, right) {
        return Some(found);
    }
    match (left, right) {
        (DataType::Utf8, other) | (other, DataType::Utf8) if is_atomic(other) => Some(with_text(other, ansi)),
        (DataType::List(left), DataType::List(right)) => {
            let element = common(left.data_type(), right.data_type(), ansi)?;
            Some(types::array(element, left.is_nullable() || right.is_nullable()))
        }
        (DataType::Map(..), DataType::Map(..)) => {
            let ((left_key, left_value), (right_key, right_value)) =
                (types::map_fields(left)?, types::map_fields(right)?);
            let key = common(left_key.data_type(), right_key.data_type(), ansi)?;
            let value = common(left_value.data_type(), right_value.data_type(), ansi)?;
            Some(types::map(key, value, left_value.is_nullable() || right_value.is_nullable()))
        }
        (DataType::Struct(left), DataType::Struct(right)) if left.len() == right.len() => {
            let fields: Option<Vec<_>> =
                left.iter().zip(right).map(|(left, right)| common_field(left, right, ansi)).collect();
            Some(DataType::Struct(Fields::from(fields?)))
        }
        _ => None,
    }
}

/// The type that two columns share by their places, as in a set operation or a comparison. Structs
/// of the same types meet whatever their fields are called, and the left names them.
pub fn structural(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    let named = called_as(right, left).and_then(|right| common(left, &right, ansi));
    named.or_else(|| common(left, right, ansi))
}

/// A type with the names of another one's fields; `None` where they differ in more than names and
/// nullability.
pub fn called_as(data_type: &DataType, like: &DataType) -> Option<DataType> {
    let field = |field: &Arc<Field>, like: &Arc<Field>| {
        let data_type = called_as(field.data_type(), like.data_type())?;
        Some(Arc::new(field.as_ref().clone().with_name(like.name()).with_data_type(data_type)))
    };
    match (data_type, like) {
        (DataType::List(element), DataType::List(other)) => Some(DataType::List(field(element, other)?)),
        (DataType::Map(entries, sorted), DataType::Map(others, _)) => {
            Some(DataType::Map(field(entries, others)?, *sorted))
        }
        (DataType::Struct(fields), DataType::Struct(others)) if fields.len() == others.len() => {
            let fields: Option<Vec<_>> = fields.iter().zip(others).map(|(one, other)| field(one, other)).collect();
            Some(DataType::Struct(fields?.into()))
        }
        _ => (data_type == like).then(|| data_type.clone()),
    }
}

fn common_field(left: &Field, right: &Field, ansi: bool) -> Option<Arc<Field>> {
    let data_type = common(left.data_type(), right.data_type(), ansi)?;
    let nullable = left.is_nullable() || right.is_nullable();
    left.name().eq_ignore_ascii_case(right.name()).then(|| Arc::new(Field::new(left.name(), data_type, nullable)))
}

/// Whether values of a type are text, or become text, in a common type of another kind.
pub fn parses_text(found: &DataType, common: &DataType) -> bool {
    match (found, common) {
        (DataType::Null, _) => false,
        (DataType::Utf8, other) | (other, DataType::Utf8) => *other != DataType::Utf8,
        (DataType::List(found), DataType::List(common)) => parses_text(found.data_type(), common.data_type()),
        (DataType::Map(..), DataType::Map(..)) => types::map_fields(found).zip(types::map_fields(common)).is_some_and(
            |((key, value), (common_key, common_value))| {
                parses_text(key.data_type(), common_key.data_type())
                    || parses_text(value.data_type(), common_value.data_type())
            },
        ),
        (DataType::Struct(found), DataType::Struct(common)) => {
            found.iter().zip(common).any(|(found, common)| parses_text(found.data_type(), common.data_type()))
        }
        _ => false,
    }
}

/// The common type of several expressions.
pub fn common_of<'a>(types: impl IntoIterator<Item = &'a DataType>, ansi: bool) -> Option<DataType> {
    let mut types = types.into_iter();
    let first = types.next()?.clone();
    // Text first: `coalesce('a', 1, 2)` does not depend on the order of its arguments.
    types.try_fold(first, |found, next| common(&found, next, ansi))
}

/// What text becomes beside `other`: ANSI parses the text, the older rules write the other out.
fn with_text(other: &DataType, ansi: bool) -> DataType {
    match other {
        _ if !ansi => DataType::Utf8,
        integral if is_integral(integral) => DataType::Int64,
        numeric if is_numeric(numeric) => DataType::Float64,
        other => other.clone(),
    }
}

/// The type for comparing: as [`common`], but text beside a number is always parsed.
pub fn comparable(left: &DataType, right: &DataType, ansi: bool) -> Option<DataType> {
    if !ansi {
        match (left, right) {
            (DataType::Utf8, other) | (other, DataType::Utf8) if *other != DataType::Utf8 && is_atomic(other) => {
                return Some(if matches!(other, DataType::Decimal128(..)) { DataType::Float64 } else { other.clone() });
            }
            _ => {}
        }
    }
    structural(left, right, ansi)
}

fn common_decimal(left: &DataType, right: &DataType) -> Option<DataType> {
    if !matches!(left, DataType::Decimal128(..)) && !matches!(right, DataType::Decimal128(..)) {
        return None;
    }
    if is_float(left) || is_float(right) {
        return Some(DataType::Float64);
    }
    let ((p1, s1), (p2, s2)) = (decimal_of(left)?, decimal_of(right)?);
    let scale = s1.max(s2);
    let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
    Some(bounded(whole + i16::from(scale), i16::from(scale)))
}

/// A decimal type of at most 38 digits, the whole part kept where both do not fit.
fn bounded(precision: i16, scale: i16) -> DataType {
    let max = i16::from(MAX_PRECISION);
    if precision <= max {
        return decimal(precision, scale);
    }
    decimal(max, scale.min(max).min((max - (precision - scale)).max(0)).max(0))
}

fn decimal(precision: i16, scale: i16) -> DataType {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both lie between 0 and 38")]
    DataType::Decimal128(precision as u8, scale as i8)
}

/// A result type of decimal arithmetic: over 38 digits it gives up digits after the point, but not
/// the first six.
fn adjusted(precision: i16, scale: i16) -> DataType {
    let max = i16::from(MAX_PRECISION);
    if precision <= max {
        return decimal(precision, scale);
    }
    let whole = precision - scale;
    decimal(max, (max - whole).max(scale.min(MIN_ADJUSTED_SCALE)))
}

/// The result type of `left symbol right` over decimals.
pub fn decimal_result(symbol: &str, (p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> DataType {
    let (p1, s1, p2, s2) = (i16::from(p1), i16::from(s1), i16::from(p2), i16::from(s2));
    match symbol {
        "*" => adjusted(p1 + p2 + 1, s1 + s2),
        "/" => {
            let scale = MIN_ADJUSTED_SCALE.max(s1 + p2 + 1);
            adjusted(p1 - s1 + s2 + scale, scale)
        }
        "%" => adjusted((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => adjusted((p1 - s1).max(p2 - s2) + s1.max(s2) + 1, s1.max(s2)),
    }
}
