//! Sessions of a batch frame: each row's own session becomes the one that it is a part of, before
//! rows are grouped.
//!
//! The rows of a key are looked at in the order of their starts. A session begins where no session
//! before reaches.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    AggregateUDF, BinaryExpr, Case, Expr, LogicalPlan, Operator, Projection, Window, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowFunctionDefinition,
};

use super::scope::column;
use crate::error::Result;
use crate::plan::AttrId;
use crate::plan::functions::session::{between, bound};
use crate::plan::typed::Typed;

/// The plan with whole sessions in the column `session`. `keys` are the other keys.
pub fn merged(plan: LogicalPlan, session: AttrId, of: &Typed, keys: &[AttrId]) -> Result<LogicalPlan> {
    let own: Vec<_> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let typed = Typed { expr: column(session), ..of.clone() };
    let [start, end, reached, begins, number, first, last] = std::array::from_fn(|_| AttrId::fresh());
    let by: Vec<_> = keys.iter().map(|key| column(*key)).collect();
    let ordered = vec![column(start).sort(true, false)];
    let preceding = |rows: Option<u64>| WindowFrameBound::Preceding(ScalarValue::UInt64(rows));
    let over = |function: Arc<AggregateUDF>, of: AttrId, by: Vec<Expr>, to: Option<WindowFrameBound>| {
        let (order_by, end) = match to {
            Some(end) => (ordered.clone(), end),
            None => (Vec::new(), WindowFrameBound::Following(ScalarValue::UInt64(None))),
        };
        Expr::WindowFunction(Box::new(WindowFunction {
            fun: WindowFunctionDefinition::AggregateUDF(function),
            params: WindowFunctionParams {
                args: vec![column(of)],
                partition_by: by,
                order_by,
                window_frame: WindowFrame::new_bounds(WindowFrameUnits::Rows, preceding(None), end),
                filter: None,
                null_treatment: None,
                distinct: false,
            },
        }))
    };
    let named = |expr: Expr, id: AttrId| expr.alias(id.to_string());
    let all = |plan: &LogicalPlan| plan.schema().columns().into_iter().map(Expr::Column).collect::<Vec<_>>();
    let project = |plan: LogicalPlan, more: Vec<Expr>| -> Result<LogicalPlan> {
        let columns = all(&plan).into_iter().chain(more).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
    };
    let window = |plan: LogicalPlan, functions: Vec<Expr>| -> Result<LogicalPlan> {
        Ok(LogicalPlan::Window(Window::try_new(functions, Arc::new(plan))?))
    };
    let bounds = vec![named(bound(typed.clone(), "start").expr, start), named(bound(typed, "end").expr, end)];
    let plan = project(plan, bounds)?;
    let plan = window(plan, vec![named(over(max_udaf(), end, by.clone(), Some(preceding(Some(1)))), reached)])?;
    let number_of = |value| Box::new(Expr::Literal(ScalarValue::Int64(Some(value)), None));
    let beyond = BinaryExpr::new(Box::new(column(start)), Operator::Gt, Box::new(column(reached)));
    let new = column(reached).is_null().or(Expr::BinaryExpr(beyond));
    let new = Expr::Case(Case::new(None, vec![(Box::new(new), number_of(1))], Some(number_of(0))));
    let plan = project(plan, vec![named(new, begins)])?;
    let plan =
        window(plan, vec![named(over(sum_udaf(), begins, by.clone(), Some(WindowFrameBound::CurrentRow)), number)])?;
    let within: Vec<_> = by.into_iter().chain([column(number)]).collect();
    let plan = window(
        plan,
        vec![
            named(over(min_udaf(), start, within.clone(), None), first),
            named(over(max_udaf(), end, within, None), last),
        ],
    )?;
    let micros = |id| Typed { expr: column(id), data_type: arrow::datatypes::DataType::Int64, nullable: true };
    let whole = between(micros(first), micros(last), &of.data_type);
    let columns =
        own.into_iter().map(|kept| if kept == column(session) { named(whole.expr.clone(), session) } else { kept });
    Ok(LogicalPlan::Projection(Projection::try_new(columns.collect(), Arc::new(plan))?))
}
