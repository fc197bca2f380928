//! Functions of a seed: `rand`, `randn`, `uniform`, `randstr`, `shuffle`, `uuid`.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr as DfExpr;

use super::cast::cast;
use super::coerce::is_numeric;
use super::expression::{Expressions, ResolvedValue, texts_and_values};
use super::operators::arithmetic;
use crate::error::{Error, Result, condition};
use crate::function::Function;
use crate::function::row::{Draw, RowFunction, fresh_seed};
use crate::plan::functions::{CallContext, checked_count, folded_constant, unexpected_argument};
use crate::plan::tree::Call;
use crate::plan::typed::{Typed, literal};

/// The call of such a function, or `None` for another one.
pub fn call(expressions: &mut Expressions<'_>, name: &str, call: &Call) -> Result<Option<ResolvedValue>> {
    let wanted = match name {
        "rand" | "random" | "randn" => 0..=1,
        "uuid" if !call.arguments.is_empty() => 0..=1,
        "randstr" | "shuffle" => 1..=2,
        "uniform" => 2..=3,
        _ => return Ok(None),
    };
    let arguments = expressions.arguments(&call.arguments)?;
    let pretty = expressions.pretty(call, &arguments);
    let (texts, arguments) = texts_and_values(arguments);
    let resolver = expressions.resolver;
    let context = CallContext {
        name: &call.name,
        conf: resolver.conf(),
        distinct: call.distinct,
        ignore_nulls: call.ignore_nulls,
        text: &pretty,
        arguments: &texts,
    };
    checked_count(&context, &arguments, wanted)?;
    if !expressions.lambdas.is_empty() {
        return Err(Error::unsupported(format!("{name}() in a lambda is not implemented in Firesteel")));
    }
    let typed = match name {
        "rand" | "random" | "randn" => {
            let seed = arguments.first().map(|seed| number_seed(&context, seed, 0)).transpose()?;
            let draw = if name == "randn" { Draw::Normal } else { Draw::Uniform };
            drawn(expressions, name, draw, seed, Vec::new())?
        }
        "uuid" => {
            let seed = arguments.first().map(|seed| written_seed(&context, seed, 0, "UUID")).transpose()?;
            drawn(expressions, name, Draw::Uuid, seed, Vec::new())?
        }
        "shuffle" => {
            let seed = arguments.get(1).map(|seed| written_seed(&context, seed, 1, "shuffle")).transpose()?;
            let array = array_argument(&context, &arguments[0])?;
            drawn(expressions, name, Draw::Order, seed, vec![array])?
        }
        "randstr" => {
            let length = length(&context, &arguments[0])?;
            let seed = arguments.get(1).map(|seed| constant_seed(&context, seed, 1)).transpose()?;
            drawn(expressions, name, Draw::Text(length), seed, Vec::new())?
        }
        _ => uniform(expressions, &context, &arguments)?,
    };
    Ok(Some(ResolvedValue::new(typed, pretty)))
}

fn drawn(
    expressions: &mut Expressions<'_>,
    name: &str,
    draw: Draw,
    seed: Option<i64>,
    arguments: Vec<Typed>,
) -> Result<Typed> {
    let function: Arc<dyn Function> = Arc::new(RowFunction::drawing(name, draw, seed.unwrap_or_else(fresh_seed)));
    let fields: Vec<_> = arguments
        .iter()
        .map(|value| Arc::new(arrow::datatypes::Field::new("array", value.data_type.clone(), value.nullable)))
        .collect();
    let field = function.output(&fields)?;
    let arguments = arguments.into_iter().map(|value| value.expr).collect();
    Ok(expressions.taken_out(&function, arguments, field))
}

/// A seed of type int or bigint that can be computed now. Null counts as 0.
fn number_seed(context: &CallContext<'_>, seed: &Typed, at: usize) -> Result<i64> {
    if !matches!(seed.data_type, DataType::Int32 | DataType::Int64 | DataType::Null) {
        return Err(unexpected_argument(context, at, "(\"INT\" or \"BIGINT\")", &seed.data_type));
    }
    let Some(value) = folded_constant(&seed.expr)? else {
        return Err(Error::of(condition::SEED_EXPRESSION_IS_UNFOLDABLE)
            .with("seedExpr", format!("\"{}\"", context.arguments[at]))
            .with("exprWithSeed", format!("\"{}\"", context.text)));
    };
    whole(&value)
}

fn whole(value: &ScalarValue) -> Result<i64> {
    match value.cast_to(&DataType::Int64)? {
        ScalarValue::Int64(seed) => Ok(seed.unwrap_or(0)),
        other => Err(Error::internal(format!("a seed became {other}"))),
    }
}

/// [`number_seed`] of the functions that name their parameters.
fn constant_seed(context: &CallContext<'_>, seed: &Typed, at: usize) -> Result<i64> {
    if folded_constant(&seed.expr)?.is_none() {
        return Err(not_constant(context, "seed", "integer", at));
    }
    number_seed(context, seed, at)
}

fn not_constant(context: &CallContext<'_>, name: &str, kind: &str, at: usize) -> Error {
    Error::of(condition::NON_FOLDABLE_INPUT)
        .with("sqlExpr", format!("\"{}\"", context.text))
        .with("inputName", format!("`{name}`"))
        .with("inputType", kind)
        .with("inputExpr", format!("\"{}\"", context.arguments[at]))
}

/// A seed that is a literal: anything else is refused, constant or not.
fn written_seed(context: &CallContext<'_>, seed: &Typed, at: usize, function: &str) -> Result<i64> {
    match &seed.expr {
        DfExpr::Literal(value, _)
            if matches!(seed.data_type, DataType::Int32 | DataType::Int64) && !value.is_null() =>
        {
            whole(value)
        }
        // Null asks for a seed of the function's own.
        DfExpr::Literal(value, _) if value.is_null() => Ok(fresh_seed()),
        _ => Err(Error::of(condition::INVALID_PARAMETER_VALUE_LONG)
            .with("parameter", "`seed`")
            .with("functionName", format!("`{function}`"))
            .with("invalidValue", format!("\"{}\"", context.arguments[at]))),
    }
}

fn array_argument(context: &CallContext<'_>, value: &Typed) -> Result<Typed> {
    match value.data_type {
        DataType::List(_) => Ok(value.clone()),
        DataType::Null => cast(value.clone(), &crate::types::array(DataType::Null, true), context.conf),
        _ => Err(unexpected_argument(context, 0, "\"ARRAY\"", &value.data_type)),
    }
}

fn length(context: &CallContext<'_>, value: &Typed) -> Result<usize> {
    let value = cast(value.clone(), &DataType::Int32, context.conf)?;
    let length = match folded_constant(&value.expr)? {
        Some(ScalarValue::Int32(length)) => length.unwrap_or(0),
        Some(other) => return Err(Error::internal(format!("a length became {other}"))),
        None => return Err(not_constant(context, "length", "integer", 0)),
    };
    usize::try_from(length).map_err(|_| {
        Error::of(condition::VALUE_OUT_OF_RANGE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("exprName", "`length`")
            .with("valueRange", "[0, 2147483647]")
            .with("currentValue", length)
    })
}

/// `uniform(min, max[, seed])`: `min + (max - min) * rand(seed)` in double, then in the wider of
/// the bounds' types.
fn uniform(expressions: &mut Expressions<'_>, context: &CallContext<'_>, arguments: &[Typed]) -> Result<Typed> {
    for (at, name) in ["min", "max"].into_iter().enumerate() {
        let bound = &arguments[at];
        if !is_numeric(&bound.data_type) && bound.data_type != DataType::Null {
            return Err(unexpected_argument(context, at, "\"NUMERIC\"", &bound.data_type));
        }
        if folded_constant(&bound.expr)?.is_none() {
            return Err(not_constant(context, name, "integer or floating-point", at));
        }
    }
    let seed = arguments.get(2).map(|seed| constant_seed(context, seed, 2)).transpose()?;
    let (low, high) = (&arguments[0], &arguments[1]);
    if low.data_type == DataType::Null || high.data_type == DataType::Null {
        return Ok(literal(ScalarValue::Float64(None)));
    }
    let to = wider(&low.data_type, &high.data_type);
    let conf = context.conf;
    let double = |value: &Typed| cast(value.clone(), &DataType::Float64, conf);
    let random = drawn(expressions, "uniform", Draw::Uniform, seed, Vec::new())?;
    let span = arithmetic("-", double(high)?, double(low)?, conf, context.text)?;
    let moved = arithmetic("*", span, random, conf, context.text)?;
    cast(arithmetic("+", double(low)?, moved, conf, context.text)?, &to, conf)
}

/// The type of `uniform` between bounds of these types.
fn wider(low: &DataType, high: &DataType) -> DataType {
    const FROM_NARROW: [DataType; 6] =
        [DataType::Float64, DataType::Float32, DataType::Int64, DataType::Int32, DataType::Int16, DataType::Int8];
    match (low, high) {
        (DataType::Decimal128(..), other) if !matches!(other, DataType::Float32 | DataType::Float64) => low.clone(),
        (other, DataType::Decimal128(..)) if !matches!(other, DataType::Float32 | DataType::Float64) => high.clone(),
        _ => FROM_NARROW.into_iter().find(|wide| wide == low || wide == high).unwrap_or(DataType::Float64),
    }
}
