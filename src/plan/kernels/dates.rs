//! Arithmetic over dates, timestamps and intervals.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Float64Type, Int32Type, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, TimestampMicrosecondType,
};

use super::Kernel;
use super::arithmetic::{by_zero, overflow};
use crate::error::{Error, Result};
use crate::plan::typed::Typed;
use crate::types::calendar::{self, MICROS_PER_DAY};
use crate::types::parse::EvalMode;
use crate::types::zone::Zone;
use crate::types::{self, day_time_interval};

/// A date moved by a number of days.
pub fn add_days(date: Typed, days: Typed, minus: bool) -> Typed {
    let nullable = date.nullable || days.nullable;
    Kernel::arrays(format!("add_days_{minus}"), DataType::Date32, nullable, move |arrays| {
        pairs::<Date32Type, Int32Type, Date32Type>(arrays, |date, days| {
            Ok(if minus { date.wrapping_sub(days) } else { date.wrapping_add(days) })
        })
    })
    .infallible()
    .call(vec![date, days])
}

/// A date or timestamp moved by an interval; days and months of a timestamp are counted in `zone`.
pub fn shift(instant: Typed, interval: Typed, minus: bool, zone: Zone) -> Typed {
    let (data_type, nullable) = (instant.data_type.clone(), instant.nullable || interval.nullable);
    let zone = if matches!(&data_type, DataType::Timestamp(_, Some(_))) { zone } else { Zone::UTC };
    let sign = if minus { -1 } else { 1 };
    let name = format!("shift_{sign}_{data_type}_{}_{}", interval.data_type, zone.id());
    let result_type = data_type.clone();
    Kernel::arrays(name, data_type, nullable, move |arrays| {
        let steps = steps(&arrays[1])?;
        let missed = || overflow("");
        let move_days = |days: i64, step: &IntervalParts| -> Option<i64> {
            let days = calendar::add_months(days, sign * step.months)?;
            days.checked_add(sign * step.days)
        };
        if let DataType::Date32 = arrays[0].data_type() {
            let dates = arrays[0].as_primitive::<Date32Type>();
            let values: Result<PrimitiveArray<Date32Type>> = dates
                .iter()
                .zip(&steps)
                .map(|pair| match pair {
                    (Some(date), Some(step)) => {
                        let whole = step.micros / MICROS_PER_DAY * sign;
                        let days = move_days(i64::from(date), step)
                            .and_then(|days| days.checked_add(whole))
                            .ok_or_else(missed)?;
                        i32::try_from(days).map(Some).map_err(|_| missed())
                    }
                    _ => Ok(None),
                })
                .collect();
            return Ok(Arc::new(values?) as ArrayRef);
        }
        let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let values: Result<PrimitiveArray<TimestampMicrosecondType>> = instants
            .iter()
            .zip(&steps)
            .map(|pair| match pair {
                (Some(instant), Some(step)) => {
                    let (days, micros) = step.days_and_micros();
                    let moved = zone.plus(instant, sign * step.months, sign * days, sign * micros);
                    moved.map(Some).ok_or_else(missed)
                }
                _ => Ok(None),
            })
            .collect();
        Ok(Arc::new(values?.with_data_type(result_type.clone())))
    })
    .call(vec![instant, interval])
}

fn pairs<L, R, O>(arrays: &[ArrayRef], f: impl Fn(L::Native, R::Native) -> Result<O::Native>) -> Result<ArrayRef>
where
    L: arrow::datatypes::ArrowPrimitiveType,
    R: arrow::datatypes::ArrowPrimitiveType,
    O: arrow::datatypes::ArrowPrimitiveType,
{
    let pairs = arrays[0].as_primitive::<L>().iter().zip(arrays[1].as_primitive::<R>());
    let values: Result<PrimitiveArray<O>> = pairs
        .map(|pair| match pair {
            (Some(l), Some(r)) => f(l, r).map(Some),
            _ => Ok(None),
        })
        .collect();
    Ok(Arc::new(values?))
}

/// The kernel's name: a difference of dates is an interval of days, which a cast asks for.
pub const BETWEEN_DATES: &str = "between_dates";

pub fn between_dates(left: Typed, right: Typed) -> Typed {
    let nullable = left.nullable || right.nullable;
    Kernel::arrays(BETWEEN_DATES, day_time_interval(), nullable, |arrays| {
        pairs::<Date32Type, Date32Type, DurationMicrosecondType>(arrays, |l, r| {
            Ok((i64::from(l) - i64::from(r)) * MICROS_PER_DAY)
        })
    })
    .infallible()
    .call(vec![left, right])
}

/// The time between two clock readings, as in Spark: over a clock change that is not the time that
/// passed.
pub fn between_instants(left: Typed, right: Typed, zone: Zone) -> Typed {
    let nullable = left.nullable || right.nullable;
    Kernel::arrays(format!("between_instants_{}", zone.id()), day_time_interval(), nullable, move |arrays| {
        pairs::<TimestampMicrosecondType, TimestampMicrosecondType, DurationMicrosecondType>(arrays, |l, r| {
            zone.to_local(l).checked_sub(zone.to_local(r)).ok_or_else(|| overflow(""))
        })
    })
    .call(vec![left, right])
}

pub fn add_intervals(left: Typed, right: Typed, minus: bool) -> Typed {
    let (data_type, nullable) = (left.data_type.clone(), left.nullable || right.nullable);
    Kernel::arrays(format!("add_intervals_{minus}_{data_type}"), data_type, nullable, move |arrays| {
        match arrays[0].data_type() {
            DataType::Duration(_) => {
                pairs::<DurationMicrosecondType, DurationMicrosecondType, DurationMicrosecondType>(arrays, |l, r| {
                    if minus { l.checked_sub(r) } else { l.checked_add(r) }
                        .ok_or_else(|| overflow(if minus { "try_subtract" } else { "try_add" }))
                })
            }
            DataType::Interval(IntervalUnit::YearMonth) => {
                pairs::<IntervalYearMonthType, IntervalYearMonthType, IntervalYearMonthType>(arrays, |l, r| {
                    if minus { l.checked_sub(r) } else { l.checked_add(r) }
                        .ok_or_else(|| overflow(if minus { "try_subtract" } else { "try_add" }))
                })
            }
            _ => Ok(if minus {
                arrow::compute::kernels::numeric::sub(&arrays[0], &arrays[1])?
            } else {
                arrow::compute::kernels::numeric::add(&arrays[0], &arrays[1])?
            }),
        }
    })
    .call(vec![left, right])
}

/// An interval times, or divided by, a double.
pub fn scale(interval: Typed, number: Typed, divide: bool, mode: EvalMode) -> Typed {
    let nullable = interval.nullable || number.nullable || mode != EvalMode::Ansi;
    let data_type = interval.data_type.clone();
    Kernel::arrays(format!("scale_interval_{divide}_{data_type}"), data_type, nullable, move |arrays| {
        let factor = |number: f64| {
            if divide && number == 0.0 { Err(by_zero("/")) } else { Ok(if divide { 1.0 / number } else { number }) }
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "rounded half up, and looked at before"
        )]
        match arrays[0].data_type() {
            DataType::Duration(_) => {
                pairs::<DurationMicrosecondType, Float64Type, DurationMicrosecondType>(arrays, |micros, number| {
                    factor(number)?;
                    let exact = if divide { micros as f64 / number } else { micros as f64 * number };
                    if exact.abs() < 9.2e18 { Ok(exact.round() as i64) } else { Err(overflow("")) }
                })
            }
            DataType::Interval(IntervalUnit::YearMonth) => {
                pairs::<IntervalYearMonthType, Float64Type, IntervalYearMonthType>(arrays, |months, number| {
                    factor(number)?;
                    let exact = if divide { f64::from(months) / number } else { f64::from(months) * number };
                    if exact.abs() < f64::from(i32::MAX) { Ok(exact.round() as i32) } else { Err(overflow("")) }
                })
            }
            other => Err(Error::unsupported(format!("multiplying or dividing {}", types::sql_name(other)))),
        }
    })
    .call(vec![interval, number])
}

/// An interval's parts, which do not add up to each other.
#[derive(Clone, Copy, Debug)]
pub struct IntervalParts {
    pub months: i64,
    pub days: i64,
    pub micros: i64,
    /// Whether whole days of `micros` are days of the calendar, as those of a day-time interval
    /// are.
    day_time: bool,
}

impl IntervalParts {
    /// Days of the calendar, and the time beside them.
    pub fn days_and_micros(&self) -> (i64, i64) {
        if self.day_time {
            (self.micros / MICROS_PER_DAY, self.micros % MICROS_PER_DAY)
        } else {
            (self.days, self.micros)
        }
    }
}

/// The parts of each interval of a column.
pub fn steps(intervals: &ArrayRef) -> Result<Vec<Option<IntervalParts>>> {
    Ok(match intervals.data_type() {
        DataType::Duration(_) => intervals
            .as_primitive::<DurationMicrosecondType>()
            .iter()
            .map(|v| v.map(|micros| IntervalParts { months: 0, days: 0, micros, day_time: true }))
            .collect(),
        DataType::Interval(IntervalUnit::YearMonth) => intervals
            .as_primitive::<IntervalYearMonthType>()
            .iter()
            .map(|v| v.map(|months| IntervalParts { months: i64::from(months), days: 0, micros: 0, day_time: false }))
            .collect(),
        DataType::Interval(IntervalUnit::MonthDayNano) => intervals
            .as_primitive::<IntervalMonthDayNanoType>()
            .iter()
            .map(|v| {
                v.map(|v| IntervalParts {
                    months: i64::from(v.months),
                    days: i64::from(v.days),
                    micros: v.nanoseconds / 1000,
                    day_time: false,
                })
            })
            .collect(),
        other => return Err(Error::internal(format!("{} is no interval", types::sql_name(other)))),
    })
}
