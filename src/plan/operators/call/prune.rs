//! Drops calls that nobody reads. DataFusion prunes an extension's inputs, never its outputs.

use std::collections::HashSet;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use super::FunctionNode;

/// Removes the calls whose column no operator above reads. Attributes have unique names, so that a
/// name says enough: going down from the root, the names seen so far are those that are wanted.
#[derive(Debug)]
pub struct PruneCalls;

impl OptimizerRule for PruneCalls {
    fn name(&self) -> &'static str {
        "prune_calls"
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> DfResult<Transformed<LogicalPlan>> {
        if !has_calls(&plan)? {
            return Ok(Transformed::no(plan));
        }
        let wanted = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
        prune(plan, wanted)
    }
}

fn has_calls(plan: &LogicalPlan) -> DfResult<bool> {
    plan.exists(|plan| Ok(calls_of(plan).is_some()))
}

fn calls_of(plan: &LogicalPlan) -> Option<&FunctionNode> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

fn prune(plan: LogicalPlan, mut wanted: HashSet<String>) -> DfResult<Transformed<LogicalPlan>> {
    if let Some(node) = calls_of(&plan)
        && let Some(pruned) = node.keep(|column| wanted.contains(column))?
    {
        return Ok(Transformed::yes(prune(pruned, wanted)?.data));
    }
    wanted.extend(
        plan.expressions().iter().flat_map(|e| e.column_refs().into_iter().map(|c| c.name.clone()).collect::<Vec<_>>()),
    );
    if reads_by_position(&plan) {
        for input in plan.inputs() {
            wanted.extend(input.schema().fields().iter().map(|field| field.name().clone()));
        }
    }
    let children = plan.map_children(|child| prune(child, wanted.clone()))?;
    if children.transformed { children.map_data(LogicalPlan::recompute_schema) } else { Ok(children) }
}

/// Operators that take all of their input's columns without naming them.
fn reads_by_position(plan: &LogicalPlan) -> bool {
    !matches!(
        plan,
        LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Aggregate(_)
            | LogicalPlan::Window(_)
            | LogicalPlan::Sort(_)
            | LogicalPlan::Limit(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::Repartition(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::Extension(_)
    )
}
