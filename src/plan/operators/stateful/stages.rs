//! Where a plan with state is cut into stages.

use std::sync::Arc;

use datafusion::error::Result as DfResult;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;

use super::{StatefulOperator, stateful};
use crate::error::{Error, Result};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::pass::drains_lanes;

/// The plan with a stage above each operator with state that is not run to its end, lane by lane, by
/// what is above it: an operator that merges lanes runs them as tasks, which may not block, and one
/// that has rows enough would leave changes behind.
pub fn staged(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    visit(plan, true)
}

fn visit(node: Arc<dyn ExecutionPlan>, drained: bool) -> DfResult<Arc<dyn ExecutionPlan>> {
    let is_stateful = stateful(node.as_ref()).is_some();
    let below = node.is::<StageExec>() || drained && (drains_lanes(node.as_ref()) || is_stateful);
    let children = node.children().into_iter().map(|child| visit(Arc::clone(child), below));
    let children = children.collect::<DfResult<Vec<_>>>()?;
    let node = replace_children_if_necessary(node, children)?;
    Ok(if is_stateful && !drained { StageExec::keeping(node) } else { node })
}

/// The plan with all of its rows held, so that they can be read more than once.
pub fn held(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    StageExec::holding(plan)
}

/// The operators with state, by their numbers.
pub fn operators(plan: &Arc<dyn ExecutionPlan>) -> Result<Vec<StatefulOperator>> {
    let mut found = Vec::new();
    collect(plan, &mut found);
    found.sort_by_key(|operator| operator.number);
    if found.iter().enumerate().any(|(at, operator)| operator.number != at) {
        return Err(Error::internal("an operator with state was lost or doubled while the query was planned"));
    }
    Ok(found)
}

fn collect(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<StatefulOperator>) {
    found.extend(stateful(plan.as_ref()).cloned());
    plan.children().into_iter().for_each(|child| collect(child, found));
}
