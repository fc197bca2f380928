//! Aggregates that fold value by value: counts, sums, averages, extremes. DataFusion's,
//! with Spark's types around them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, i256};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate as df;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{AggregateUDF, Case, Expr};

use super::CallContext;
use super::Definition::Aggregate;
use super::addition::double_sum;
use super::args::{count, implicit, literal, unexpected};
use super::collected::nested_extreme;
use super::conditional::single;
use super::per_value::{Long, decimals, downcast, kernel, map1, safe_kernel};
use crate::error::Result;
use crate::plan::kernels::arithmetic::overflow;
use crate::plan::kernels::normalize::{as_bytes, normalized, of_ranks, ranked};
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::{is_integral, is_numeric};
use crate::plan::resolve::operators::{self, is_not_null, unordered};
use crate::plan::typed::Typed;
use crate::types::parse::fits;

pub const TABLE: super::DefinitionTable = &[
    ("count", Aggregate(count_rows)),
    ("count_if", Aggregate(count_if)),
    ("sum", Aggregate(|c, a| sum(c, a, false))),
    ("try_sum", Aggregate(|c, a| sum(c, a, true))),
    ("avg", Aggregate(average)),
    ("mean", Aggregate(average)),
    ("try_avg", Aggregate(average)),
    ("min", Aggregate(|c, a| extreme(c, a, false))),
    ("max", Aggregate(|c, a| extreme(c, a, true))),
    ("bool_and", Aggregate(|c, a| typed(c, a, df::bool_and_or::bool_and_udaf()))),
    ("every", Aggregate(|c, a| typed(c, a, df::bool_and_or::bool_and_udaf()))),
    ("bool_or", Aggregate(|c, a| typed(c, a, df::bool_and_or::bool_or_udaf()))),
    ("any", Aggregate(|c, a| typed(c, a, df::bool_and_or::bool_or_udaf()))),
    ("some", Aggregate(|c, a| typed(c, a, df::bool_and_or::bool_or_udaf()))),
    ("bit_and", Aggregate(|c, a| bits(c, a, df::bit_and_or_xor::bit_and_udaf()))),
    ("bit_or", Aggregate(|c, a| bits(c, a, df::bit_and_or_xor::bit_or_udaf()))),
    ("bit_xor", Aggregate(|c, a| bits(c, a, df::bit_and_or_xor::bit_xor_udaf()))),
    ("approx_count_distinct", Aggregate(approx_count_distinct)),
];

/// The call of a DataFusion aggregate whose result type is known.
pub fn call(
    context: &CallContext<'_>,
    function: Arc<AggregateUDF>,
    arguments: Vec<Expr>,
    data_type: DataType,
    nullable: bool,
) -> Typed {
    let expr =
        Expr::AggregateFunction(AggregateFunction::new_udf(function, arguments, context.distinct, None, vec![], None));
    Typed { expr, data_type, nullable }
}

/// Rows in which every argument is not null; distinct ones by their values together.
pub fn count_rows(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=usize::MAX)?;
    let counted = if context.distinct && (arguments.len() > 1 || arguments[0].data_type.is_nested()) {
        // DataFusion keeps a nested value as a slice of its batch, and counts the whole batch for
        // each.
        as_bytes(arguments).expr
    } else if arguments.len() == 1 {
        arguments.swap_remove(0).expr
    } else {
        let present =
            arguments.into_iter().filter(|argument| argument.nullable).map(|argument| is_not_null(argument).expr);
        let row = literal(ScalarValue::Boolean(Some(true))).expr;
        match present.reduce(Expr::and) {
            Some(present) => Expr::Case(Case::new(None, vec![(Box::new(present), Box::new(row))], None)),
            None => row,
        }
    };
    Ok(call(context, df::count::count_udaf(), vec![counted], DataType::Int64, false))
}

fn count_if(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let condition = implicit(context, single(context, arguments)?, &DataType::Boolean, 0)?;
    let one = literal(ScalarValue::Int64(Some(1)));
    let counted = Expr::Case(Case::new(None, vec![(Box::new(condition.expr), Box::new(one.expr))], None));
    Ok(call(context, df::count::count_udaf(), vec![counted], DataType::Int64, false))
}

/// The argument as a number that sums: whole numbers as bigint, decimals as they are, the rest as
/// double.
fn summable(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let argument = single(context, arguments)?;
    match &argument.data_type {
        found if is_integral(found) => Ok(argument),
        DataType::Decimal128(..) => Ok(argument),
        found if is_numeric(found) || matches!(found, DataType::Utf8 | DataType::Null) => {
            cast(argument, &DataType::Float64, context.conf)
        }
        found => Err(unexpected(context, 0, "\"NUMERIC\" or \"ANSI INTERVAL\"", found)),
    }
}

fn sum(context: &CallContext<'_>, arguments: Vec<Typed>, lenient: bool) -> Result<Typed> {
    let argument = summable(context, arguments)?;
    let (ansi, lenient) = (context.conf.ansi(), lenient || !context.conf.ansi());
    let total =
        |argument: Typed, data_type: DataType| call(context, df::sum::sum_udaf(), vec![argument.expr], data_type, true);
    match argument.data_type.clone() {
        // 64 bits hold the sum of 2^32 ints: it cannot overflow before the count does.
        DataType::Int8 | DataType::Int16 | DataType::Int32 => {
            Ok(total(cast(argument, &DataType::Int64, context.conf)?, DataType::Int64))
        }
        // A sum of bigints is taken in 128 bits, and must fit at the end.
        DataType::Int64 if ansi || lenient => {
            let wide = DataType::Decimal128(38, 0);
            let argument = cast(argument, &DataType::Decimal128(20, 0), context.conf)?;
            let argument = Typed {
                expr: Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(argument.expr), wide.clone())),
                ..argument
            };
            let wraps = !ansi && !context.name.to_ascii_lowercase().starts_with("try");
            Ok(kernel(
                context,
                &format!("_total({lenient}, {wraps})"),
                DataType::Int64,
                true,
                vec![total(argument, wide)],
                move |arrays| {
                    let sums = arrays[0].as_primitive::<Decimal128Type>();
                    let values = sums.iter().map(|sum| match sum.map(i64::try_from) {
                        None => Ok(None),
                        Some(Ok(sum)) => Ok(Some(sum)),
                        Some(Err(_)) if wraps => Ok(sum.map(|sum| sum as i64)),
                        Some(Err(_)) if lenient => Ok(None),
                        Some(Err(_)) => Err(overflow("try_sum")),
                    });
                    Ok(Arc::new(values.collect::<Result<arrow::array::Int64Array>>()?))
                },
            ))
        }
        DataType::Decimal128(precision, scale) => {
            let digits = precision.saturating_add(10).min(38);
            let total = decimal_total(context, argument, precision, scale);
            let to = DataType::Decimal128(digits, scale);
            Ok(kernel(context, &format!("_checked({lenient})"), to, true, vec![total], move |arrays| {
                let values = decimal_totals(&arrays[0])?.into_iter().map(|sum| match sum {
                    None => Ok(None),
                    Some(sum) => match sum.to_i128().filter(|sum| fits(*sum, digits)) {
                        None if !lenient => Err(overflow("try_sum")),
                        sum => Ok(sum),
                    },
                });
                decimals(values, digits, scale)
            }))
        }
        _ => Ok(call(context, double_sum(), vec![argument.expr], DataType::Float64, true)),
    }
}

/// The exact sum of decimals: in 256 bits where 128 might wrap, which DataFusion's sum does without
/// a word.
fn decimal_total(context: &CallContext<'_>, argument: Typed, precision: u8, scale: i8) -> Typed {
    let digits = precision.saturating_add(10);
    let (argument, data_type) = if digits <= 38 {
        (argument.expr, DataType::Decimal128(digits, scale))
    } else {
        let wide = DataType::Decimal256(precision, scale);
        let cast = datafusion::logical_expr::Cast::new(Box::new(argument.expr), wide);
        (Expr::Cast(cast), DataType::Decimal256(digits, scale))
    };
    call(context, df::sum::sum_udaf(), vec![argument], data_type, true)
}

/// What [`decimal_total`] gives.
fn decimal_totals(array: &ArrayRef) -> Result<Vec<Option<i256>>> {
    Ok(match array.data_type() {
        DataType::Decimal128(..) => {
            array.as_primitive::<Decimal128Type>().iter().map(|sum| sum.map(i256::from_i128)).collect()
        }
        _ => downcast::<arrow::array::Decimal256Array>(array)?.iter().collect(),
    })
}

/// Of whole numbers and doubles a double; of a decimal one with four more digits on each side,
/// rounded half up.
fn average(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let argument = summable(context, arguments)?;
    let lenient = !context.conf.ansi() || context.name.eq_ignore_ascii_case("try_avg");
    let counted = call(context, df::count::count_udaf(), vec![argument.expr.clone()], DataType::Int64, false);
    let DataType::Decimal128(precision, scale) = argument.data_type else {
        let argument = cast(argument, &DataType::Float64, context.conf)?;
        let total = call(context, double_sum(), vec![argument.expr], DataType::Float64, true);
        return Ok(safe_kernel(context, "_quotient", DataType::Float64, true, vec![total, counted], |arrays| {
            let (totals, counts) =
                (arrays[0].as_primitive::<arrow::datatypes::Float64Type>(), arrays[1].as_primitive::<Int64Type>());
            let values =
                totals.iter().zip(counts.iter()).map(|(total, n)| total.zip(n).map(|(total, n)| total / n as f64));
            Ok(Arc::new(values.collect::<arrow::array::Float64Array>()))
        }));
    };
    let total = decimal_total(context, argument, precision, scale);
    let (to_precision, to_scale) = (precision.saturating_add(4).min(38), scale.saturating_add(4).min(38));
    Ok(kernel(
        context,
        &format!("_quotient({lenient})"),
        DataType::Decimal128(to_precision, to_scale),
        true,
        vec![total, counted],
        move |arrays| {
            let (totals, counts) = (decimal_totals(&arrays[0])?, downcast::<arrow::array::Int64Array>(&arrays[1])?);
            let digits = u32::from(to_scale.saturating_sub(scale).unsigned_abs());
            let shift = i256::from_i128(10).wrapping_pow(digits);
            let values = totals.into_iter().zip(counts.iter()).map(|(total, n)| {
                let (Some(total), Some(n)) = (total, n.filter(|n| *n > 0)) else { return Ok(None) };
                let n = i256::from_i128(n.into());
                // Spark keeps the sum as a decimal, too: one that does not fit is an error,
                // whatever the average is.
                let summed = total.to_i128().filter(|total| fits(*total, 38));
                let found = summed.and_then(|_| {
                    let shifted = total.checked_mul(shift)?;
                    let (quotient, rest) = (shifted.checked_div(n)?, shifted.checked_rem(n)?.wrapping_abs());
                    let up = rest.wrapping_add(rest) >= n;
                    let away = if total.is_negative() { i256::MINUS_ONE } else { i256::ONE };
                    if up { quotient.checked_add(away)?.to_i128() } else { quotient.to_i128() }
                });
                match found.filter(|found| fits(*found, to_precision)) {
                    None if !lenient => Err(overflow("try_avg")),
                    found => Ok(found),
                }
            });
            decimals(values, to_precision, to_scale)
        },
    ))
}

fn extreme(context: &CallContext<'_>, arguments: Vec<Typed>, greatest: bool) -> Result<Typed> {
    let argument = single(context, arguments)?;
    if operators::holds_map(&argument.data_type) {
        return Err(unordered(context.text, context.name, &argument.data_type));
    }
    if argument.data_type.is_nested() {
        // DataFusion's compares structs with a null inside as neither greater nor less.
        return Ok(nested_extreme(context, argument, greatest));
    }
    let function = if greatest { df::min_max::max_udaf() } else { df::min_max::min_udaf() };
    Ok(by_rank(context, argument, function))
}

/// The greatest value of a type that is not nested.
pub fn greatest(context: &CallContext<'_>, argument: Typed) -> Typed {
    by_rank(context, argument, df::min_max::max_udaf())
}

fn by_rank(context: &CallContext<'_>, argument: Typed, function: Arc<AggregateUDF>) -> Typed {
    let data_type = argument.data_type.clone();
    let ranks = ranked(argument);
    let found = call(context, function, vec![ranks.expr], ranks.data_type, true);
    of_ranks(found, &data_type)
}

fn typed(context: &CallContext<'_>, arguments: Vec<Typed>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let argument = implicit(context, single(context, arguments)?, &DataType::Boolean, 0)?;
    Ok(call(context, function, vec![argument.expr], DataType::Boolean, true))
}

fn bits(context: &CallContext<'_>, arguments: Vec<Typed>, function: Arc<AggregateUDF>) -> Result<Typed> {
    let argument = single(context, arguments)?;
    let argument = match &argument.data_type {
        found if is_integral(found) => argument,
        DataType::Utf8 | DataType::Null => cast(argument, &DataType::Int64, context.conf)?,
        found => return Err(unexpected(context, 0, "\"INTEGRAL\"", found)),
    };
    let data_type = argument.data_type.clone();
    Ok(call(context, function, vec![argument.expr], data_type, true))
}

/// The second argument, the error that Spark may make, is checked; our sketch's own is below a
/// hundredth.
fn approx_count_distinct(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=2)?;
    if let Some(error) = arguments.get(1) {
        super::args::constant_double(context, error, 1)?;
    }
    // The sketch has no hash of floats.
    let argument = arguments.into_iter().map(normalized).map(|argument| ranked(argument).expr).take(1).collect();
    let counted = call(context, df::approx_distinct::approx_distinct_udaf(), argument, DataType::UInt64, false);
    let expr = Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(counted.expr), DataType::Int64));
    let counted = Typed { expr, data_type: DataType::Int64, nullable: true };
    // Nothing to count is 0.
    Ok(safe_kernel(context, "_or_zero", DataType::Int64, false, vec![counted], |arrays| {
        let counts = arrays[0].as_primitive::<Int64Type>();
        if counts.null_count() == 0 {
            return map1::<Long, i64>(arrays, |n| Ok(Some(n)));
        }
        Ok(Arc::new(arrow::array::Int64Array::from_iter_values(counts.iter().map(Option::unwrap_or_default))))
    }))
}
