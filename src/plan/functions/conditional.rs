//! Functions that choose among their arguments.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, make_comparator};
use arrow::compute::{SortOptions, interleave};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{common_type, count, different_types, literal, unexpected, unified};
use super::per_value::safe_kernel;
use crate::error::{Error, Result};
use crate::plan::kernels::normalize::normalize_floats;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::{is_float, is_numeric, parses_text};
use crate::plan::resolve::operators::{self, can_raise, case, compare, is_not_null, is_null, unordered};
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("coalesce", Scalar(coalesce)),
    ("nvl", Scalar(nvl)),
    ("ifnull", Scalar(nvl)),
    ("nvl2", Scalar(nvl2)),
    ("nullif", Scalar(nullif)),
    (
        "nullifzero",
        Scalar(|c, a| {
            let zero = literal(ScalarValue::Int32(Some(0)));
            nullif(c, with(a, zero))
        }),
    ),
    (
        "zeroifnull",
        Scalar(|c, a| {
            let zero = literal(ScalarValue::Int32(Some(0)));
            nvl(c, with(a, zero))
        }),
    ),
    ("nanvl", Scalar(nanvl)),
    ("if", Scalar(choose)),
    ("iff", Scalar(choose)),
    ("isnull", Scalar(|c, a| Ok(is_null(single(c, a)?)))),
    ("isnotnull", Scalar(|c, a| Ok(is_not_null(single(c, a)?)))),
    ("isnan", Scalar(isnan)),
    ("equal_null", Scalar(equal_null)),
    ("greatest", Scalar(|c, a| extreme(c, a, true))),
    ("least", Scalar(|c, a| extreme(c, a, false))),
];

fn with(mut arguments: Vec<Typed>, last: Typed) -> Vec<Typed> {
    arguments.push(last);
    arguments
}

/// The one argument.
pub fn single(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    Ok(arguments.remove(0))
}

/// As many arguments as wanted.
pub fn fixed<const N: usize>(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<[Typed; N]> {
    count(context, &arguments, N..=N)?;
    arguments.try_into().map_err(|_| Error::internal("the arguments were counted"))
}

/// The first that is not null. Arguments that could raise are looked at only as far as needed.
fn coalesce(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let mut arguments = unified(context, arguments)?;
    if arguments.len() == 1 {
        return Ok(arguments.remove(0));
    }
    let nullable = arguments.iter().all(|argument| argument.nullable);
    if arguments[1..].iter().any(|argument| can_raise(&argument.expr)) {
        let otherwise = arguments.pop();
        let branches = arguments.into_iter().map(|value| (is_not_null(value.clone()), value)).collect();
        return Ok(Typed { nullable, ..case(branches, otherwise, context.conf, context.text)? });
    }
    let data_type = arguments[0].data_type.clone();
    Ok(safe_kernel(context, "", data_type, nullable, arguments, |arrays| {
        if arrays[0].null_count() == 0 {
            return Ok(Arc::clone(&arrays[0]));
        }
        pick(arrays, |row| (0..arrays.len()).find(|at| arrays[*at].is_valid(row)).unwrap_or(0))
    }))
}

/// For each row the value of the array that `choose` names.
fn pick(arrays: &[ArrayRef], choose: impl Fn(usize) -> usize) -> Result<ArrayRef> {
    let values: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    let picks: Vec<_> = (0..arrays[0].len()).map(|row| (choose(row), row)).collect();
    Ok(interleave(&values, &picks)?)
}

fn nvl(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=2)?;
    coalesce(context, arguments)
}

fn nvl2(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, present, absent] = fixed(context, arguments)?;
    case(vec![(is_not_null(value), present)], Some(absent), context.conf, context.text)
}

fn nullif(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, other] = fixed(context, arguments)?;
    let equal = compare("=", value.clone(), other, context.conf, context.text)?;
    let null = cast(literal(ScalarValue::Null), &value.data_type, context.conf)?;
    case(vec![(equal, null)], Some(value), context.conf, context.text)
}

fn choose(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [condition, yes, no] = fixed(context, arguments)?;
    let condition =
        operators::condition(condition, context.conf, |found| unexpected(context, 0, "\"BOOLEAN\"", found))?;
    case(vec![(condition, yes)], Some(no), context.conf, context.text)
}

fn float(context: &CallContext<'_>, value: Typed, at: usize) -> Result<Typed> {
    match &value.data_type {
        found if is_float(found) => Ok(value),
        found if is_numeric(found) || matches!(found, DataType::Null | DataType::Utf8) => {
            cast(value, &DataType::Float64, context.conf)
        }
        found => Err(unexpected(context, at, "(\"DOUBLE\" or \"FLOAT\")", found)),
    }
}

fn nan(array: &ArrayRef) -> Vec<bool> {
    match array.data_type() {
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().iter().map(|value| value.is_some_and(f32::is_nan)).collect()
        }
        _ => array.as_primitive::<Float64Type>().iter().map(|value| value.is_some_and(f64::is_nan)).collect(),
    }
}

fn isnan(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let value = float(context, single(context, arguments)?, 0)?;
    // Null is not NaN: false, never null.
    Ok(safe_kernel(context, "", DataType::Boolean, false, vec![value], |arrays| {
        Ok(Arc::new(arrow::array::BooleanArray::from(nan(&arrays[0]))))
    }))
}

fn nanvl(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [value, other] = fixed(context, arguments)?;
    let arguments = unified(context, vec![float(context, value, 0)?, float(context, other, 1)?])?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments.iter().any(|argument| argument.nullable));
    Ok(safe_kernel(context, "", data_type, nullable, arguments, |arrays| {
        let nan = nan(&arrays[0]);
        pick(arrays, |row| usize::from(nan[row]))
    }))
}

fn equal_null(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [left, right] = fixed(context, arguments)?;
    compare("<=>", left, right, context.conf, context.text)
}

/// The greatest or least that is not null; NaN is greater than all.
fn extreme(context: &CallContext<'_>, arguments: Vec<Typed>, greatest: bool) -> Result<Typed> {
    count(context, &arguments, 2..=usize::MAX)?;
    let to = common_type(context, &arguments)?;
    if operators::holds_map(&to) {
        return Err(unordered(context.text, context.name, &to));
    }
    if arguments.iter().any(|argument| parses_text(&argument.data_type, &to)) {
        return Err(different_types(context, &arguments));
    }
    let arguments = unified(context, arguments)?;
    let nullable = arguments.iter().all(|argument| argument.nullable);
    Ok(safe_kernel(context, "", to, nullable, arguments, move |arrays| {
        let options = SortOptions::default();
        let compared: Vec<_> = arrays.iter().map(|array| normalize_floats(array)).collect::<Result<_>>()?;
        let mut comparators = Vec::new();
        for left in &compared {
            let row: Result<Vec<_>, _> = compared.iter().map(|right| make_comparator(left, right, options)).collect();
            comparators.push(row?);
        }
        pick(arrays, |row| {
            let mut best = 0;
            for at in 1..arrays.len() {
                let order = comparators[at][best](row, row);
                let better = if greatest { order.is_gt() } else { order.is_lt() };
                if arrays[at].is_valid(row) && (arrays[best].is_null(row) || better) {
                    best = at;
                }
            }
            best
        })
    }))
}

/// Oracle's `decode(value, search, result, …, default)`: null equals null.
pub fn decode(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    let otherwise = if arguments.len().is_multiple_of(2) { arguments.pop() } else { None };
    let value = arguments.remove(0);
    let mut branches = Vec::new();
    let mut pairs = arguments.into_iter();
    while let (Some(search), Some(result)) = (pairs.next(), pairs.next()) {
        branches.push((compare("<=>", value.clone(), search, context.conf, context.text)?, result));
    }
    case(branches, otherwise, context.conf, context.text)
}
