//! Functions that need `OVER`: ranks and neighbours. DataFusion's, with Spark's types.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions_window as df;
use datafusion::logical_expr::expr::{NullTreatment, WindowFunction};
use datafusion::logical_expr::{Expr, WindowFunctionDefinition, WindowUDF};
use std::sync::Arc;

use super::CallContext;
use super::Definition::Window;
use super::args::{constant, constant_integer, count, literal};
use crate::error::{Error, Result};
use crate::plan::resolve::cast::cast;
use crate::plan::typed::Typed;

pub const TABLE: super::DefinitionTable = &[
    ("row_number", Window(|c, a| number(c, a, df::row_number::row_number_udwf()))),
    ("rank", Window(|c, a| number(c, a, df::rank::rank_udwf()))),
    ("dense_rank", Window(|c, a| number(c, a, df::rank::dense_rank_udwf()))),
    ("percent_rank", Window(|c, a| share(c, a, df::rank::percent_rank_udwf()))),
    ("cume_dist", Window(|c, a| share(c, a, df::cume_dist::cume_dist_udwf()))),
    ("ntile", Window(ntile)),
    ("lag", Window(|c, a| neighbour(c, a, df::lead_lag::lag_udwf()))),
    ("lead", Window(|c, a| neighbour(c, a, df::lead_lag::lead_udwf()))),
    ("nth_value", Window(nth_value)),
];

fn call(function: Arc<WindowUDF>, arguments: Vec<Expr>, ignore_nulls: bool) -> Expr {
    let mut window = WindowFunction::new(WindowFunctionDefinition::WindowUDF(function), arguments);
    window.params.null_treatment = ignore_nulls.then_some(NullTreatment::IgnoreNulls);
    Expr::from(window)
}

/// DataFusion numbers rows in 64 bits without a sign, Spark in an int.
fn as_int(expr: Expr) -> Typed {
    let expr = Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(expr), DataType::Int32));
    Typed { expr, data_type: DataType::Int32, nullable: false }
}

fn number(context: &CallContext<'_>, arguments: Vec<Typed>, function: Arc<WindowUDF>) -> Result<Typed> {
    count(context, &arguments, 0..=0)?;
    Ok(as_int(call(function, vec![], false)))
}

fn share(context: &CallContext<'_>, arguments: Vec<Typed>, function: Arc<WindowUDF>) -> Result<Typed> {
    count(context, &arguments, 0..=0)?;
    Ok(Typed { expr: call(function, vec![], false), data_type: DataType::Float64, nullable: false })
}

fn ntile(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 0..=1)?;
    let parts = arguments.first().map_or(Ok(Some(1)), |argument| constant_integer(context, argument, 0))?;
    if parts.is_none_or(|parts| parts < 1) {
        return Err(Error::of(crate::error::condition::VALUE_OUT_OF_RANGE)
            .with("sqlExpr", format!("\"{}\"", context.text))
            .with("exprName", "buckets")
            .with("valueRange", "(0, 2147483647]")
            .with("currentValue", parts.map_or("null".to_owned(), |parts| parts.to_string())));
    }
    Ok(as_int(call(df::ntile::ntile_udwf(), vec![literal(ScalarValue::Int64(parts)).expr], false)))
}

/// `lag(x[, offset[, default[, ignoreNulls]]])`.
fn neighbour(context: &CallContext<'_>, mut arguments: Vec<Typed>, function: Arc<WindowUDF>) -> Result<Typed> {
    count(context, &arguments, 1..=4)?;
    let ignore = match arguments.get(3) {
        Some(flag) => matches!(constant(context, flag, 3)?, ScalarValue::Boolean(Some(true))),
        None => context.ignore_nulls,
    };
    arguments.truncate(3);
    let offset = arguments.get(1).map_or(Ok(Some(1)), |argument| constant_integer(context, argument, 1))?.unwrap_or(1);
    let mut passed = vec![];
    let default = if arguments.len() == 3 { arguments.pop() } else { None };
    let value = arguments.remove(0);
    let (data_type, mut nullable) = (value.data_type.clone(), true);
    passed.push(value.expr);
    passed.push(literal(ScalarValue::Int64(Some(offset))).expr);
    if let Some(default) = default {
        let default = cast(default, &data_type, context.conf)?;
        nullable = default.nullable || value.nullable;
        passed.push(default.expr);
    }
    Ok(Typed { expr: call(function, passed, ignore), data_type, nullable })
}

fn nth_value(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    let ignore = match arguments.get(2) {
        Some(flag) => matches!(constant(context, flag, 2)?, ScalarValue::Boolean(Some(true))),
        None => context.ignore_nulls,
    };
    let n = constant_integer(context, &arguments[1], 1)?.unwrap_or(1);
    let value = arguments.remove(0);
    let expr =
        call(df::nth_value::nth_value_udwf(), vec![value.expr, literal(ScalarValue::Int64(Some(n))).expr], ignore);
    Ok(Typed { expr, data_type: value.data_type, nullable: true })
}
