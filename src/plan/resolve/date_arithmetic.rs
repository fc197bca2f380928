//! Arithmetic over dates, timestamps and intervals.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::metadata::FieldMetadata;
use datafusion::logical_expr::Expr;

use super::cast::cast;
use super::coerce::{is_integral, is_numeric};
use super::expression::ResolvedValue;
use crate::config::Conf;
use crate::error::Result;
use crate::plan::kernels::dates::{self, BETWEEN_DATES};
use crate::plan::typed::Typed;
use crate::types;
use crate::types::interval_fields::{IntervalField, IntervalFields};
use crate::types::parse::EvalMode;
use crate::types::zone::Zone;

/// Whether a type is an interval of any kind.
pub fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Duration(_) | DataType::Interval(_))
}

fn is_date_or_timestamp(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(..))
}

/// `left symbol right` where a date, timestamp or interval takes part, or `None` where none does.
pub fn arithmetic(symbol: &str, left: &Typed, right: &Typed, mode: EvalMode, conf: &Conf) -> Result<Option<Typed>> {
    let (l, r) = (&left.data_type, &right.data_type);
    if !(is_date_or_timestamp(l) || is_date_or_timestamp(r) || is_interval(l) || is_interval(r)) {
        return Ok(None);
    }
    let (left, right) = (left.clone(), right.clone());
    Ok(Some(match (symbol, l, r) {
        ("+" | "-", start, interval) if is_date_or_timestamp(start) && is_interval(interval) => {
            shift(left, right, symbol == "-", conf)?
        }
        ("+", interval, start) if is_date_or_timestamp(start) && is_interval(interval) => {
            shift(right, left, false, conf)?
        }
        ("+" | "-", DataType::Date32, days) if is_day_count(days) => add_days(left, right, symbol == "-", conf)?,
        ("+", days, DataType::Date32) if is_day_count(days) => add_days(right, left, false, conf)?,
        ("-", DataType::Date32, DataType::Date32) => dates::between_dates(left, right),
        ("-", l, r)
            if (is_date_or_timestamp(l) || *l == DataType::Utf8)
                && (is_date_or_timestamp(r) || *r == DataType::Utf8) =>
        {
            let target = if matches!(l, DataType::Timestamp(_, None)) || matches!(r, DataType::Timestamp(_, None)) {
                types::timestamp_ntz()
            } else {
                types::timestamp()
            };
            let zone = if target == types::timestamp() { Zone::of(conf.time_zone())? } else { Zone::UTC };
            dates::between_instants(cast(left, &target, conf)?, cast(right, &target, conf)?, zone)
        }
        ("+" | "-", l, r) if l == r && is_interval(l) => dates::add_intervals(left, right, symbol == "-"),
        ("*", interval, number) if is_interval(interval) && is_scale(number) => {
            dates::scale(left, cast(right, &DataType::Float64, conf)?, false, mode)
        }
        ("*", number, interval) if is_interval(interval) && is_scale(number) => {
            dates::scale(right, cast(left, &DataType::Float64, conf)?, false, mode)
        }
        ("/", interval, number) if is_interval(interval) && is_scale(number) => {
            dates::scale(left, cast(right, &DataType::Float64, conf)?, true, mode)
        }
        _ => return Ok(None),
    }))
}

/// How Spark shows `left symbol right` where it is no plain arithmetic, but moves a date or
/// timestamp.
pub fn shown(symbol: &str, left: &ResolvedValue, right: &ResolvedValue) -> Option<String> {
    let (l, r) = (&left.typed.data_type, &right.typed.data_type);
    let day_function = if symbol == "-" { "date_sub" } else { "date_add" };
    match (l, r) {
        (DataType::Date32, days) if is_day_count(days) => {
            Some(format!("{day_function}({}, {})", left.pretty, right.pretty))
        }
        (days, DataType::Date32) if is_day_count(days) && symbol == "+" => {
            Some(format!("date_add({}, {})", right.pretty, left.pretty))
        }
        (DataType::Date32, DataType::Duration(_)) if is_whole_days(&right.typed) => {
            let days = format!("extractansiintervaldays({})", right.pretty);
            let days = if symbol == "-" { format!("(- {days})") } else { days };
            Some(format!("date_add({}, {days})", left.pretty))
        }
        (start, interval) if is_date_or_timestamp(start) && is_interval(interval) => {
            Some(format!("{} {symbol} {}", left.pretty, right.pretty))
        }
        (interval, start) if is_date_or_timestamp(start) && is_interval(interval) => {
            Some(format!("{} {symbol} {}", right.pretty, left.pretty))
        }
        _ => None,
    }
}

/// Whether an interval is one of days, which leaves a date a date.
fn is_whole_days(interval: &Typed) -> bool {
    match interval.data_type {
        DataType::Interval(_) => true,
        _ => interval_fields(interval).is_some_and(|fields| fields.last == IntervalField::Day),
    }
}

/// The key under which a constant's metadata has the fields of its interval type.
const FIELDS: &str = "firesteel.interval";

/// A constant of an interval type with these fields.
pub fn constant(value: ScalarValue, fields: IntervalFields) -> Typed {
    let metadata = FieldMetadata::from(BTreeMap::from([(FIELDS.to_owned(), fields.to_string())]));
    Typed { data_type: value.data_type(), nullable: value.is_null(), expr: Expr::Literal(value, Some(metadata)) }
}

/// The fields of a value's interval type, where they are known. Arrow's types have none. A constant
/// knows its own. The difference of two dates is one of days. Any other interval is taken for DAY
/// TO SECOND or YEAR TO MONTH.
pub fn interval_fields(value: &Typed) -> Option<IntervalFields> {
    match &value.expr {
        Expr::Literal(_, Some(metadata)) => metadata.inner().get(FIELDS)?.parse().ok(),
        Expr::ScalarFunction(call) if call.func.name() == BETWEEN_DATES => {
            Some(IntervalFields { first: IntervalField::Day, last: IntervalField::Day })
        }
        _ => None,
    }
}

fn is_scale(data_type: &DataType) -> bool {
    is_numeric(data_type) || *data_type == DataType::Utf8
}

fn is_day_count(data_type: &DataType) -> bool {
    is_integral(data_type) && *data_type != DataType::Int64
}

/// `date + n`, which `date_add` is too.
pub fn add_days(date: Typed, days: Typed, minus: bool, conf: &Conf) -> Result<Typed> {
    Ok(dates::add_days(date, cast(days, &DataType::Int32, conf)?, minus))
}

/// A date or timestamp moved by an interval. A date stays one where the interval is known to be
/// days.
fn shift(start: Typed, interval: Typed, minus: bool, conf: &Conf) -> Result<Typed> {
    let stays_date = start.data_type == DataType::Date32 && is_whole_days(&interval);
    let start = if start.data_type == DataType::Date32 && !stays_date {
        cast(start, &types::timestamp(), conf)?
    } else {
        start
    };
    Ok(dates::shift(start, interval, minus, Zone::of(conf.time_zone())?))
}
