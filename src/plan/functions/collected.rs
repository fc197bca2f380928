//! Aggregates that need every value of a group at once.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, ListArray, StringArray, UInt32Array, make_comparator, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, is_not_null as not_null_mask, sort, take};
use arrow::datatypes::{DataType, Field, Float64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;

use super::CallContext;
use super::Definition::Aggregate;
use super::args::{constant, count, implicit, literal, unexpected};
use super::collect::{Looks, best, collect, collect_once};
use super::conditional::{fixed, single};
use crate::error::{Error, Result};
use crate::plan::kernels::normalize::normalized;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::resolve::operators::{holds_map, unordered};
use crate::plan::typed::Typed;
use crate::types;

pub const TABLE: super::DefinitionTable = &[
    ("collect_list", Aggregate(|c, a| gathered(c, a, false))),
    ("array_agg", Aggregate(|c, a| gathered(c, a, false))),
    ("collect_set", Aggregate(|c, a| gathered(c, a, true))),
    ("max_by", Aggregate(|c, a| by(c, a, true))),
    ("min_by", Aggregate(|c, a| by(c, a, false))),
    (
        "median",
        Aggregate(|c, a| {
            let half = literal(ScalarValue::Float64(Some(0.5)));
            percentile(c, vec![single(c, a)?, half])
        }),
    ),
    ("percentile", Aggregate(percentile)),
    ("percentile_cont", Aggregate(super::within::without_order)),
    ("percentile_disc", Aggregate(super::within::without_order)),
    ("percentile_approx", Aggregate(percentile_approx)),
    ("approx_percentile", Aggregate(percentile_approx)),
    ("mode", Aggregate(mode)),
    (
        "product",
        Aggregate(|c, a| of_doubles(c, a, "product", |values| (!values.is_empty()).then(|| values.iter().product()))),
    ),
    ("string_agg", Aggregate(string_agg)),
    ("listagg", Aggregate(string_agg)),
];

/// The values that are not null.
fn present(array: &ArrayRef) -> Result<ArrayRef> {
    if array.logical_null_count() == 0 {
        return Ok(Arc::clone(array));
    }
    Ok(arrow::compute::filter(array, &not_null_mask(array)?)?)
}

/// A list of all values, null too.
pub fn values_of(context: &CallContext<'_>, value: Typed) -> Typed {
    let field = Arc::new(Field::new("element", value.data_type.clone(), true));
    let data_type = types::array(value.data_type.clone(), true);
    collect(context, "values_of", Looks::AtValues, (data_type, false), vec![value], move |arrays| {
        let offsets = OffsetBuffer::from_lengths([arrays[0].len()]);
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), offsets, Arc::clone(&arrays[0]), None)?))
    })
}

/// A list of the values that are not null, in the order in which they come, or each once.
fn gathered(context: &CallContext<'_>, arguments: Vec<Typed>, once: bool) -> Result<Typed> {
    let mut value = single(context, arguments)?;
    if once {
        if holds_map(&value.data_type) {
            return Err(unordered(context.text, context.name, &value.data_type));
        }
        value = normalized(value);
    }
    let field = Arc::new(Field::new("element", value.data_type.clone(), false));
    let list = (types::array(value.data_type.clone(), false), false);
    let finish = move |arrays: &[ArrayRef]| -> Result<ArrayRef> {
        let values = present(&arrays[0])?;
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), offsets, values, None)?))
    };
    Ok(if once {
        collect_once(context, "collect_set", list, vec![value], finish)
    } else {
        collect(context, "collect_list", Looks::AtOrder, list, vec![value], finish)
    })
}

/// The first argument where the second is greatest or least; rows whose second is null are left
/// out.
fn by(context: &CallContext<'_>, arguments: Vec<Typed>, greatest: bool) -> Result<Typed> {
    let [value, order] = fixed(context, arguments)?;
    if holds_map(&order.data_type) {
        return Err(unordered(context.text, context.name, &order.data_type));
    }
    Ok(best(context.distinct, format!("by({greatest})"), vec![value, normalized(order)], move |arrays| {
        extreme_row(&arrays[1], greatest)
    }))
}

/// The row of the greatest or least value that is not null. Of equals, Spark keeps the later one.
fn extreme_row(values: &ArrayRef, greatest: bool) -> Result<Option<usize>> {
    let compare = make_comparator(values, values, SortOptions::default())?;
    let valid = (0..values.len()).filter(|at| values.is_valid(*at));
    Ok(if greatest {
        valid.max_by(|a, b| compare(*a, *b))
    } else {
        valid.reduce(|best, at| if compare(at, best).is_gt() { best } else { at })
    })
}

/// `max` and `min` of structs and arrays, whose fields may be null: null is the least.
pub fn nested_extreme(context: &CallContext<'_>, value: Typed, greatest: bool) -> Typed {
    best(context.distinct, format!("extreme({greatest})"), vec![normalized(value)], move |arrays| {
        extreme_row(&arrays[0], greatest)
    })
}

/// The shares that a percentile is asked for: one, or an array of them.
fn shares(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<(Vec<f64>, bool)> {
    let value = constant(context, argument, at)?;
    let array = value.to_array()?;
    let (values, many) = match array.as_list_opt::<i32>() {
        Some(list) => (list.value(0), true),
        None => (array, false),
    };
    let doubles = crate::plan::kernels::cast::convert(
        &values,
        &DataType::Float64,
        crate::types::zone::Zone::UTC,
        crate::types::parse::EvalMode::Try,
    )?;
    let shares: Vec<f64> = doubles.as_primitive::<Float64Type>().iter().flatten().collect();
    if shares.len() != values.len() || shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err(Error::of(crate::error::condition::VALUE_OUT_OF_RANGE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("exprName", "percentage")
            .with("valueRange", "[0.0, 1.0]")
            .with("currentValue", value));
    }
    Ok((shares, many))
}

/// One value, or a list of them.
fn one_or_list(values: ArrayRef, many: bool) -> Result<ArrayRef> {
    if !many {
        return Ok(values);
    }
    let field = Arc::new(Field::new("element", values.data_type().clone(), false));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths([values.len()]), values, None)?))
}

/// `percentile(x, share[, frequency])`: exact, between two neighbours in proportion.
fn percentile(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let (shares, many) = shares(context, &arguments[1], 1)?;
    let frequency = if arguments.len() == 3 { arguments.pop() } else { None };
    let value = arguments.remove(0);
    if !is_numeric(&value.data_type) && !matches!(value.data_type, DataType::Utf8 | DataType::Null) {
        return Err(unexpected(context, 0, "\"NUMERIC\"", &value.data_type));
    }
    let mut passed = vec![normalized(cast(value, &DataType::Float64, context.conf)?)];
    if let Some(frequency) = frequency {
        passed.push(implicit(context, frequency, &DataType::Int64, 2)?);
    }
    let data_type = if many { types::array(DataType::Float64, false) } else { DataType::Float64 };
    Ok(collect(
        context,
        format!("percentile({shares:?}, {many})"),
        Looks::AtValues,
        (data_type.clone(), true),
        passed,
        move |arrays| {
            let values = arrays[0].as_primitive::<Float64Type>();
            let times = arrays.get(1).map(|array| array.as_primitive::<arrow::datatypes::Int64Type>());
            let mut sorted = Vec::with_capacity(values.len());
            for (row, value) in values.iter().enumerate() {
                let n = times.map_or(1, |times| if times.is_valid(row) { times.value(row) } else { 0 });
                if n < 0 {
                    return Err(Error::runtime(format!("a frequency must not be negative, found {n}")));
                }
                if let Some(value) = value {
                    sorted.extend(std::iter::repeat_n(value, n as usize));
                }
            }
            if sorted.is_empty() {
                return Ok(new_null_array(&data_type, 1));
            }
            sorted.sort_by(f64::total_cmp);
            let at = |share: f64| {
                let place = share * (sorted.len() - 1) as f64;
                let (low, high) = (place.floor() as usize, place.ceil() as usize);
                if low == high {
                    sorted[low]
                } else {
                    (high as f64 - place) * sorted[low] + (place - low as f64) * sorted[high]
                }
            };
            one_or_list(Arc::new(Float64Array::from_iter_values(shares.iter().map(|share| at(*share)))), many)
        },
    ))
}

/// `percentile_approx(x, share[, accuracy])`: we keep every value, so ours is exact: the smallest
/// value that at least that share does not exceed.
fn percentile_approx(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let (shares, many) = shares(context, &arguments[1], 1)?;
    if let Some(accuracy) = arguments.get(2) {
        super::args::constant_integer(context, accuracy, 2)?;
    }
    let value = arguments.remove(0);
    let value = if value.data_type == DataType::Utf8 { cast(value, &DataType::Float64, context.conf)? } else { value };
    let data_type = if many { types::array(value.data_type.clone(), false) } else { value.data_type.clone() };
    Ok(collect(
        context,
        format!("percentile_approx({shares:?}, {many})"),
        Looks::AtValues,
        (data_type.clone(), true),
        vec![normalized(value)],
        move |arrays| {
            let sorted = sort(&present(&arrays[0])?, None)?;
            if sorted.is_empty() {
                return Ok(new_null_array(&data_type, 1));
            }
            let at = |share: &f64| ((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) as u32 - 1;
            let picks: UInt32Array = shares.iter().map(at).collect::<Vec<_>>().into();
            one_or_list(take(&sorted, &picks, None)?, many)
        },
    ))
}

/// The most frequent value; of several, the first that came, or with `deterministic` the least.
fn mode(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let least = match arguments.get(1) {
        Some(flag) => matches!(constant(context, flag, 1)?, ScalarValue::Boolean(Some(true))),
        None => false,
    };
    let value = normalized(arguments.remove(0));
    let data_type = value.data_type.clone();
    let looks = if least { Looks::AtValues } else { Looks::AtOrder };
    Ok(collect(context, format!("mode({least})"), looks, (data_type.clone(), true), vec![value], move |arrays| {
        let values = present(&arrays[0])?;
        let rows =
            RowConverter::new(vec![SortField::new(data_type.clone())])?.convert_columns(&[Arc::clone(&values)])?;
        let mut counts: HashMap<_, (usize, usize)> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            counts.entry(row).or_insert((0, at)).0 += 1;
        }
        let best = counts.iter().max_by(|(row1, (n1, at1)), (row2, (n2, at2))| {
            n1.cmp(n2).then_with(|| if least { row2.cmp(row1) } else { at2.cmp(at1) })
        });
        Ok(take(&values, &UInt32Array::from(vec![best.map(|(_, (_, at))| *at as u32)]), None)?)
    }))
}

/// A number made of the values as doubles, in their order.
pub(super) fn of_doubles(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    name: &str,
    f: impl Fn(&[f64]) -> Option<f64> + Send + Sync + 'static,
) -> Result<Typed> {
    let value = implicit(context, single(context, arguments)?, &DataType::Float64, 0)?;
    Ok(collect(context, name, Looks::AtOrder, (DataType::Float64, true), vec![value], move |arrays| {
        let values: Vec<f64> = arrays[0].as_primitive::<Float64Type>().iter().flatten().collect();
        Ok(Arc::new(Float64Array::from(vec![f(&values)])))
    }))
}

/// `string_agg(text[, separator])`.
fn string_agg(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    let separator = match arguments.get(1) {
        Some(separator) => super::args::constant_text(context, separator, 1)?.unwrap_or_default(),
        None => String::new(),
    };
    let value = implicit(context, arguments.remove(0), &DataType::Utf8, 0)?;
    Ok(collect(
        context,
        format!("string_agg({separator:?})"),
        Looks::AtOrder,
        (DataType::Utf8, true),
        vec![value],
        move |arrays| {
            let texts: Vec<&str> = arrays[0].as_string::<i32>().iter().flatten().collect();
            Ok(Arc::new(StringArray::from(vec![(!texts.is_empty()).then(|| texts.join(&separator))])))
        },
    ))
}
