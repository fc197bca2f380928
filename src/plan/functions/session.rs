//! `session_window`: the session that a row alone would be.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StructArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, Field, Fields, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimestampMicrosecondType,
};

use super::CallContext;
use super::Definition::Scalar;
use super::args::implicit;
use super::conditional::fixed;
use super::datetime::windowed_time;
use super::per_value::safe_kernel;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::Kernel;
use crate::plan::typed::Typed;
use crate::types::interval::calendar_parts;
use crate::types::zone::Zone;
use crate::types::{sql_name, timestamp_ntz};

pub const TABLE: super::DefinitionTable = &[("session_window", Scalar(session_window))];

/// `session_window(time, gap)`: from the time to the time and the gap. Null where there is no such
/// session: the time or the gap is null, or the gap is not positive.
fn session_window(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [time, gap] = fixed(context, arguments)?;
    let (time, to) = windowed_time(context, time)?;
    let zone = if to == timestamp_ntz() { Zone::UTC } else { Zone::of(context.conf.time_zone())? };
    let gap = match &gap.data_type {
        DataType::Utf8 | DataType::Interval(IntervalUnit::MonthDayNano) => gap,
        DataType::Null => implicit(context, gap, &DataType::Utf8, 1)?,
        found => return Err(Error::of(condition::SESSION_GAP_NOT_AN_INTERVAL).with("gapType", sql_name(found))),
    };
    let fields = Fields::from(vec![Field::new("start", to.clone(), true), Field::new("end", to, true)]);
    let data_type = DataType::Struct(fields.clone());
    Ok(safe_kernel(context, &format!("({})", zone.id()), data_type, true, vec![time, gap], move |arrays| {
        let times = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let parts = |row: usize| -> Option<(i64, i64, i64)> {
            let gaps = &arrays[1];
            if gaps.is_null(row) {
                return None;
            }
            if let Some(texts) = gaps.as_string_opt::<i32>() {
                return calendar_parts(texts.value(row)).ok();
            }
            let gap = gaps.as_primitive::<IntervalMonthDayNanoType>().value(row);
            Some((gap.months.into(), gap.days.into(), gap.nanoseconds / 1000))
        };
        let end = |row: usize| {
            let (months, days, micros) = parts(row)?;
            let start = times.is_valid(row).then(|| times.value(row))?;
            zone.plus(start, months, days, micros).filter(|end| *end > start)
        };
        let ends: Vec<Option<i64>> = (0..times.len()).map(end).collect();
        let nulls = ends.iter().map(Option::is_some).collect();
        let column = |array: TimestampMicrosecondArray| -> ArrayRef {
            Arc::new(array.with_data_type(times.data_type().clone()))
        };
        let columns = vec![column(times.clone()), column(ends.into_iter().collect())];
        Ok(Arc::new(StructArray::try_new(fields.clone(), columns, Some(nulls))?))
    }))
}

/// The start or the end of a session in microseconds.
pub fn bound(session: Typed, name: &'static str) -> Typed {
    Kernel::arrays(format!("session_{name}"), DataType::Int64, true, move |arrays| {
        let column = arrays[0].as_struct().column_by_name(name).ok_or_else(|| Error::internal("a session's bound"))?;
        let times = column.as_primitive::<TimestampMicrosecondType>();
        Ok(Arc::new(Int64Array::new(times.values().clone(), arrays[0].nulls().cloned())))
    })
    .infallible()
    .call(vec![session])
}

/// The session between two times in microseconds.
pub fn between(start: Typed, end: Typed, data_type: &DataType) -> Typed {
    let to = data_type.clone();
    Kernel::arrays(format!("session_{data_type}"), data_type.clone(), false, move |arrays| {
        let DataType::Struct(fields) = &to else { return Err(Error::internal("a session that is no struct")) };
        let column = |at: usize| -> ArrayRef {
            let times = TimestampMicrosecondArray::new(arrays[at].as_primitive::<Int64Type>().values().clone(), None);
            Arc::new(times.with_data_type(fields[at].data_type().clone()))
        };
        Ok(Arc::new(StructArray::try_new(fields.clone(), vec![column(0), column(1)], None)?))
    })
    .infallible()
    .call(vec![start, end])
}
