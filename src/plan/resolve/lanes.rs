//! How many lanes the rows come in, and which rows together.

use std::sync::Arc;

use datafusion::logical_expr::{Expr as DfExpr, Extension, LogicalPlan};

use super::expression::{ExpressionPlace, Expressions};
use super::hidden::is_input_file;
use super::star::misplaced_star;
use super::{Resolver, keep, sort};
use crate::error::Result;
use crate::plan::Resolved;
use crate::plan::kernels::normalize::normalized;
use crate::plan::operators::lanes::{LaneLayout, LanesNode};
use crate::plan::tree::Expr;

impl Resolver<'_> {
    pub(super) fn repartition(&self, input: Resolved, partitions: Option<usize>, by: &[Expr]) -> Result<Resolved> {
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        if by.iter().any(Expr::has_star) {
            return Err(misplaced_star("RepartitionByExpression"));
        }
        let keys = by.iter().map(|expr| Ok(expressions.value(expr)?.typed)).collect::<Result<Vec<_>>>()?;
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let partitions = partitions.unwrap_or_else(processors);
        let more = !pending.is_empty();
        let plan = pending.place(input.plan.clone())?;
        let layout = if keys.is_empty() {
            LaneLayout::Even(partitions)
        } else {
            LaneLayout::By(keys.into_iter().map(|key| normalized(key).expr).collect(), partitions)
        };
        let mut plan = lanes_of(plan, layout);
        if more {
            plan = keep(plan, &attributes)?;
        }
        let mut resolved = Resolved { plan, ..input };
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        Ok(resolved)
    }

    pub(super) fn repartition_by_range(&self, input: Resolved, partitions: usize, order: &[Expr]) -> Result<Resolved> {
        let attributes = input.output.clone();
        let mut expressions = Expressions::new(self, &attributes, ExpressionPlace::Row);
        let mut sorts = Vec::with_capacity(order.len());
        for item in order {
            sorts.extend(sort::item(&mut expressions, item)?.sorts());
        }
        let pending = std::mem::take(&mut expressions.pending);
        drop(expressions);
        let placed = Resolved { plan: pending.place(input.plan.clone())?, ..input };
        // Rows that are all equal are one range.
        let layout = if sorts.iter().all(|sort| matches!(sort.expr, DfExpr::Literal(..))) {
            LaneLayout::AtMost(1)
        } else {
            LaneLayout::Ranges(sorts, partitions)
        };
        let mut resolved = laid_out(placed, layout);
        resolved.plan = keep(resolved.plan, &attributes)?;
        resolved.hidden.retain(|attribute| !is_input_file(attribute));
        Ok(resolved)
    }
}

pub fn lanes_of(input: LogicalPlan, layout: LaneLayout) -> LogicalPlan {
    LogicalPlan::Extension(Extension { node: Arc::new(LanesNode { input, layout }) })
}

/// The relation with its rows laid out in lanes.
pub(super) fn laid_out(input: Resolved, layout: LaneLayout) -> Resolved {
    Resolved { plan: lanes_of(input.plan.clone(), layout), ..input }
}
