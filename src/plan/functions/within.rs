//! Aggregates with an order of their own: `percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`,
//! `listagg(x, ',') WITHIN GROUP (ORDER BY y)`.

use std::sync::Arc;

use arrow::array::{AsArray, Float64Array, StringArray};
use arrow::compute::{SortColumn, SortOptions, is_not_null, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Float64Type};

use super::CallContext;
use super::args::{constant_double, constant_text, count, implicit};
use super::collect::{Looks, collect};
use crate::error::{Error, Result};
use crate::plan::kernels::normalize::normalized;
use crate::plan::typed::Typed;

/// A percentile that was not told what to order by.
pub fn without_order(context: &CallContext<'_>, _arguments: Vec<Typed>) -> Result<Typed> {
    Err(Error::of(crate::error::condition::WITHIN_GROUP_MISSING).with("funcName", format!("`{}`", context.name)))
}

/// An aggregate function over its group's rows in the order of `keys`.
pub fn in_group_order(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    keys: Vec<(Typed, SortOptions)>,
) -> Result<Typed> {
    match context.name.to_lowercase().as_str() {
        name @ ("percentile_cont" | "percentile_disc") => percentile(context, arguments, keys, name),
        "listagg" | "string_agg" => listagg(context, arguments, keys),
        name => {
            Err(Error::unsupported(format!("the function '{name}' with WITHIN GROUP is not implemented in Firesteel")))
        }
    }
}

/// Between two neighbours in proportion (`cont`), or the first value that at least that share does
/// not exceed (`disc`).
fn percentile(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    mut keys: Vec<(Typed, SortOptions)>,
    name: &str,
) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    let (Some((value, options)), true) = (keys.pop(), keys.is_empty()) else {
        return Err(Error::unsupported(format!("the function '{name}' takes one expression to order by")));
    };
    let share = constant_double(context, &arguments[0], 0)?.filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| {
        Error::of(crate::error::condition::VALUE_OUT_OF_RANGE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("exprName", "percentage")
            .with("valueRange", "[0.0, 1.0]")
            .with("currentValue", context.arguments.first().cloned().unwrap_or_default())
    })?;
    let value = normalized(implicit(context, value, &DataType::Float64, 0)?);
    let (discrete, descending) = (name == "percentile_disc", options.descending);
    let key = format!("{name}({share}, {descending})");
    Ok(collect(context, key, Looks::AtValues, (DataType::Float64, true), vec![value], move |arrays| {
        let mut sorted: Vec<f64> = arrays[0].as_primitive::<Float64Type>().iter().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        if descending {
            sorted.reverse();
        }
        let last = sorted.len().saturating_sub(1);
        let found = if sorted.is_empty() {
            None
        } else if discrete {
            let place = (share * sorted.len() as f64).ceil() as usize;
            Some(sorted[place.saturating_sub(1).min(last)])
        } else {
            let place = share * last as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            let part = place - low as f64;
            Some(if low == high { sorted[low] } else { (1.0 - part) * sorted[low] + part * sorted[high] })
        };
        Ok(Arc::new(Float64Array::from(vec![found])))
    }))
}

/// The texts that are not null, one after the other.
fn listagg(context: &CallContext<'_>, mut arguments: Vec<Typed>, keys: Vec<(Typed, SortOptions)>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let separator = match arguments.get(1) {
        Some(separator) => constant_text(context, separator, 1)?.unwrap_or_default(),
        None => String::new(),
    };
    let value = implicit(context, arguments.remove(0), &DataType::Utf8, 0)?;
    let options: Vec<_> = keys.iter().map(|(_, options)| *options).collect();
    let passed = std::iter::once(value).chain(keys.into_iter().map(|(key, _)| key)).collect();
    let name = format!("listagg({separator:?}, {options:?})");
    Ok(collect(context, name, Looks::AtOrder, (DataType::Utf8, true), passed, move |arrays| {
        let columns: Vec<_> = arrays[1..]
            .iter()
            .zip(&options)
            .map(|(values, options)| SortColumn { values: Arc::clone(values), options: Some(*options) })
            .collect();
        let ordered = take(&arrays[0], &lexsort_to_indices(&columns, None)?, None)?;
        let ordered = arrow::compute::filter(&ordered, &is_not_null(&ordered)?)?;
        let texts: Vec<&str> = ordered.as_string::<i32>().iter().flatten().collect();
        Ok(Arc::new(StringArray::from(vec![(!texts.is_empty()).then(|| texts.join(&separator))])))
    }))
}
