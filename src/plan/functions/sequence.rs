//! `sequence(start, stop[, step])`: numbers, days and instants.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast as arrow_cast;
use arrow::datatypes::{DataType, Field, Int64Type, IntervalUnit};
use datafusion::common::ScalarValue;

use super::CallContext;
use super::args::{count, literal, unexpected, unified};
use super::per_value::kernel;
use crate::error::{Error, Result, condition};
use crate::plan::kernels::dates::steps as interval_parts;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_integral;
use crate::plan::typed::Typed;
use crate::types::calendar::MICROS_PER_DAY;
use crate::types::zone::Zone;
use crate::types::{self, sql_name};

/// The most elements an array may have here; Spark's limit is Java's.
const MOST: i64 = 1 << 31;

/// The length of a month for Spark where only the direction of a step counts.
const MICROS_PER_MONTH: i64 = 28 * MICROS_PER_DAY;

fn bad(start: i64, stop: i64, step: &str) -> Error {
    Error::illegal(format!("illegal sequence boundaries: {start} to {stop} by {step}"))
}

pub fn sequence(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let step = if arguments.len() == 3 { arguments.pop() } else { None };
    let mut ends = unified(context, arguments)?;
    let element = ends[0].data_type.clone();
    if !is_integral(&element) && !matches!(element, DataType::Date32 | DataType::Timestamp(..)) {
        return Err(Error::of(condition::SEQUENCE_WRONG_INPUT_TYPES)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("functionName", "`sequence`")
            .with("startType", format!("\"{}\"", sql_name(&element))));
    }
    let data_type = types::array(element.clone(), false);
    if is_integral(&element) {
        let mut passed = Vec::new();
        for end in ends.into_iter().chain(step) {
            passed.push(cast(end, &DataType::Int64, context.conf)?);
        }
        return Ok(kernel(context, &format!("({element})"), data_type, true, passed, move |arrays| {
            numbers(arrays, &element)
        }));
    }
    let zone = Zone::of(context.conf.time_zone())?;
    let local = if matches!(element, DataType::Timestamp(_, Some(_))) { zone } else { Zone::UTC };
    let step = match step {
        Some(step) => step,
        None => literal(ScalarValue::DurationMicrosecond(Some(MICROS_PER_DAY))),
    };
    if !matches!(step.data_type, DataType::Duration(_) | DataType::Interval(_)) {
        return Err(unexpected(
            context,
            2,
            "(\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\")",
            &step.data_type,
        ));
    }
    let by_months = step.data_type == DataType::Interval(IntervalUnit::YearMonth);
    ends.push(step);
    Ok(kernel(context, &format!("({element}, {by_months}, {})", local.id()), data_type, true, ends, move |arrays| {
        instants(arrays, &element, local)
    }))
}

/// Lists of longs in the type of their elements.
fn lists(values: Vec<i64>, lengths: Vec<usize>, valid: Vec<bool>, element: &DataType) -> Result<ArrayRef> {
    let values: ArrayRef = Arc::new(Int64Array::from(values));
    let values = match element {
        DataType::Date32 => arrow_cast(&arrow_cast(&values, &DataType::Int32)?, element)?,
        DataType::Timestamp(..) => arrow_cast(&values, element)?,
        _ => arrow_cast(&values, element)?,
    };
    let field = Arc::new(Field::new("element", element.clone(), false));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, Some(valid.into()))?))
}

fn numbers(arrays: &[ArrayRef], element: &DataType) -> Result<ArrayRef> {
    let columns: Vec<_> = arrays.iter().map(|array| array.as_primitive::<Int64Type>()).collect();
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..columns[0].len() {
        let before = values.len();
        valid.push(columns.iter().all(|column| column.is_valid(row)));
        if valid[row] {
            let (start, stop) = (columns[0].value(row), columns[1].value(row));
            let step = columns.get(2).map_or(if start <= stop { 1 } else { -1 }, |column| column.value(row));
            let away = (step > 0 && start > stop) || (step < 0 && start < stop) || (step == 0 && start != stop);
            if away {
                return Err(bad(start, stop, &step.to_string()));
            }
            let many = if step == 0 { 0 } else { (i128::from(stop) - i128::from(start)) / i128::from(step) };
            if many >= i128::from(MOST) {
                return Err(bad(start, stop, &step.to_string()));
            }
            values.extend((0..=many as i64).map(|n| start + n * step));
        }
        lengths.push(values.len() - before);
    }
    lists(values, lengths, valid, element)
}

/// Each instant is counted from the start: months and days keep the time of day over a clock
/// change.
fn instants(arrays: &[ArrayRef], element: &DataType, zone: Zone) -> Result<ArrayRef> {
    let is_date = *element == DataType::Date32;
    let longs = |array: &ArrayRef| -> Result<ArrayRef> {
        let array = if is_date { arrow_cast(array, &DataType::Int32)? } else { Arc::clone(array) };
        Ok(arrow_cast(&array, &DataType::Int64)?)
    };
    let (starts, stops) = (longs(&arrays[0])?, longs(&arrays[1])?);
    let (starts, stops) = (starts.as_primitive::<Int64Type>(), stops.as_primitive::<Int64Type>());
    let steps = interval_parts(&arrays[2])?;
    let unit = if is_date { MICROS_PER_DAY } else { 1 };
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..starts.len() {
        let before = values.len();
        valid.push(starts.is_valid(row) && stops.is_valid(row) && steps[row].is_some());
        if let Some(step) = steps[row].filter(|_| valid[row]) {
            let (months, (days, micros)) = (step.months, step.days_and_micros());
            let (start, stop) = (starts.value(row) * unit, stops.value(row) * unit);
            // As Spark tells the direction of a step: its months have a fixed length then.
            let length = months * MICROS_PER_MONTH + days * MICROS_PER_DAY + micros;
            if (length < 0 && start < stop) || (length > 0 && start > stop) || (length == 0 && start != stop) {
                return Err(bad(
                    starts.value(row),
                    stops.value(row),
                    &format!("{months} months, {days} days and {micros} microseconds"),
                ));
            }
            for n in 0..MOST {
                let at = zone.plus(start, months * n, days * n, micros * n);
                let Some(at) = at.filter(|at| if length < 0 { *at >= stop } else { *at <= stop }) else {
                    break;
                };
                values.push(if is_date { at.div_euclid(MICROS_PER_DAY) } else { at });
                if length == 0 {
                    break;
                }
            }
        }
        lengths.push(values.len() - before);
    }
    lists(values, lengths, valid, element)
}
