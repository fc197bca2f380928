//! What every definition does with its arguments: count them, cast them by Spark's implicit rules,
//! refuse the rest by Spark's errors.

use std::ops::RangeInclusive;

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::physical_expr::create_physical_expr;

use super::CallContext;
use crate::error::{Error, Result, condition};
use crate::plan::resolve::cast;
use crate::plan::resolve::coerce::{common, is_atomic, is_numeric};
use crate::plan::typed::Typed;
use crate::types::sql_name;

/// Fails unless the number of arguments is in `wanted`.
pub fn count(context: &CallContext<'_>, arguments: &[Typed], wanted: RangeInclusive<usize>) -> Result<()> {
    if wanted.contains(&arguments.len()) {
        return Ok(());
    }
    let (least, most) = (*wanted.start(), *wanted.end());
    let expected = if most == usize::MAX {
        format!("> {}", least.saturating_sub(1))
    } else if most - least > 1 {
        format!("[{}]", (least..=most).map(|n| n.to_string()).collect::<Vec<_>>().join(", "))
    } else if most > least {
        format!("[{least}, {most}]")
    } else {
        least.to_string()
    };
    Err(Error::of(condition::WRONG_NUM_ARGS)
        .with("functionName", format!("`{}`", context.name.to_lowercase()))
        .with("expectedNum", expected)
        .with("actualNum", arguments.len()))
}

/// The arguments, each cast to the type at its place; fewer arguments than types are fine once
/// [`count`] has passed.
pub fn cast_all(context: &CallContext<'_>, arguments: Vec<Typed>, types: &[DataType]) -> Result<Vec<Typed>> {
    arguments
        .into_iter()
        .enumerate()
        .map(|(at, argument)| match types.get(at) {
            Some(to) => implicit(context, argument, to, at),
            None => Ok(argument),
        })
        .collect()
}

/// Counts exactly as many arguments as types, or at least `least`, and casts them.
pub fn exact<const N: usize>(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    types: [DataType; N],
) -> Result<Vec<Typed>> {
    count(context, &arguments, N..=N)?;
    cast_all(context, arguments, &types)
}

/// An argument cast to `to`, where Spark casts it without being asked.
pub fn implicit(context: &CallContext<'_>, argument: Typed, to: &DataType, at: usize) -> Result<Typed> {
    if casts(&argument.data_type, to, context.conf.ansi()) {
        return cast::cast(argument, to, context.conf);
    }
    Err(unexpected(context, at, &format!("\"{}\"", sql_name(to)), &argument.data_type))
}

/// Whether Spark casts an argument of type `from` where a function asks for `to`.
fn casts(from: &DataType, to: &DataType, ansi: bool) -> bool {
    use DataType::{Date32, Duration, Interval, List, Map, Null, Timestamp, Utf8};
    match (from, to) {
        (from, to) if from == to => true,
        (Null, _) => true,
        (from, Utf8) => is_atomic(from),
        (Utf8, to) => is_atomic(to),
        // A bigint goes where an int is asked for: a value that does not fit is an error when it
        // comes.
        (from, to) if is_numeric(from) && is_numeric(to) => true,
        (Date32 | Timestamp(..), Date32 | Timestamp(..)) => true,
        (List(from), List(to)) => casts(from.data_type(), to.data_type(), ansi),
        (Map(..), Map(..)) => common(from, to, ansi).as_ref() == Some(to),
        (Duration(_) | Interval(_), Interval(arrow::datatypes::IntervalUnit::MonthDayNano)) => true,
        _ => false,
    }
}

/// Spark's words for a place.
pub fn ordinal(at: usize) -> String {
    const WORDS: [&str; 10] =
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];
    WORDS.get(at).map_or_else(|| format!("{}th", at + 1), |word| (*word).to_owned())
}

/// Spark's error for an argument of a type that is not the one required; `required` is quoted
/// already, e.g. `"ARRAY"`.
pub fn unexpected(context: &CallContext<'_>, at: usize, required: &str, found: &DataType) -> Error {
    Error::of(condition::UNEXPECTED_INPUT_TYPE)
        .with("sqlExpr", format!("\"{}\"", context.text))
        .with("paramIndex", ordinal(at))
        .with("requiredType", required)
        .with("inputSql", format!("\"{}\"", context.arguments.get(at).map_or("", String::as_str)))
        .with("inputType", format!("\"{}\"", sql_name(found)))
}

/// Arguments in their common type: `coalesce`, `array`, `greatest`.
pub fn unified(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Vec<Typed>> {
    let to = common_type(context, &arguments)?;
    arguments.into_iter().map(|argument| cast::cast(argument, &to, context.conf)).collect()
}

/// The common type of arguments, or Spark's error that they have none.
pub fn common_type(context: &CallContext<'_>, arguments: &[Typed]) -> Result<DataType> {
    use crate::plan::resolve::coerce::common_of;
    common_of(arguments.iter().map(|argument| &argument.data_type), context.conf.ansi())
        .ok_or_else(|| different_types(context, arguments))
}

/// The error for arguments whose types do not meet.
pub fn different_types(context: &CallContext<'_>, arguments: &[Typed]) -> Error {
    let names: Vec<_> = arguments.iter().map(|argument| format!("\"{}\"", sql_name(&argument.data_type))).collect();
    Error::of(condition::DATA_DIFF_TYPES)
        .with("sqlExpr", format!("\"{}\"", context.text))
        .with("functionName", format!("`{}`", context.name.to_lowercase()))
        .with("dataType", format!("({})", names.join(" or ")))
}

/// The value of an argument that must be a constant.
pub fn constant(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<ScalarValue> {
    match folded(&argument.expr)? {
        Some(value) => Ok(value),
        None => Err(Error::of(condition::NON_FOLDABLE_INPUT)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("inputName", format!("`{}`", context.arguments.get(at).map_or("", String::as_str)))
            .with("inputType", format!("\"{}\"", sql_name(&argument.data_type)))
            .with("inputExpr", format!("\"{}\"", context.arguments.get(at).map_or("", String::as_str)))),
    }
}

/// The value of an expression that reads no column and gives the same each time.
pub fn folded(expr: &Expr) -> Result<Option<ScalarValue>> {
    if let Expr::Literal(value, _) = expr {
        return Ok(Some(value.clone()));
    }
    let constant = |expr: &Expr| {
        !matches!(
            expr,
            Expr::Column(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::ScalarSubquery(_)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::LambdaVariable(_)
        )
    };
    if expr.is_volatile() || expr.exists(|inner| Ok(!constant(inner)))? {
        return Ok(None);
    }
    let expr = create_physical_expr(expr, &DFSchema::empty(), &ExecutionProps::new(), &Default::default())?;
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)?;
    let value = expr.evaluate(&row)?.into_array(1)?;
    Ok(Some(ScalarValue::try_from_array(&value, 0)?))
}

/// A constant argument as text; null is none.
pub fn constant_text(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<Option<String>> {
    Ok(match constant(context, argument, at)? {
        ScalarValue::Utf8(text) => text.clone(),
        other if other.is_null() => None,
        other => Some(other.to_string()),
    })
}

/// A constant argument as a whole number; null is none.
pub fn constant_integer(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<Option<i64>> {
    let value = constant(context, argument, at)?;
    if value.is_null() {
        return Ok(None);
    }
    let number = value.cast_to(&DataType::Int64).ok();
    match number {
        Some(ScalarValue::Int64(number)) => Ok(number),
        _ => Err(unexpected(context, at, "\"INT\"", &argument.data_type)),
    }
}

/// A constant argument as a number; null is none.
pub fn constant_double(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<Option<f64>> {
    match constant(context, argument, at)?.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(number)) => Ok(number),
        _ => Err(unexpected(context, at, "\"DOUBLE\"", &argument.data_type)),
    }
}

/// A constant expression.
pub fn literal(value: ScalarValue) -> Typed {
    let (data_type, nullable) = (value.data_type(), value.is_null());
    Typed { expr: Expr::Literal(value, None), data_type, nullable }
}
