//! What a continuous query may not hold: its plan is a map over one stream.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::LogicalPlan;

use crate::condition;
use crate::error::{Error, Result};
use crate::function::Runs;
use crate::plan::function_exec::FunctionNode;
use crate::plan::watermark::WatermarkNode;
use crate::plan::{Leaf, Resolved};

/// The one stream of a continuous query, or Spark's error for what its plan may not hold.
pub fn continuous_leaf(resolved: &Resolved) -> Result<&Leaf> {
    let mut refused = None;
    resolved.plan.apply(|node| {
        refused = refused_operator(node);
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    if let Some(operator) = refused {
        return Err(refuse(&operator));
    }
    match resolved.leaves.as_slice() {
        [leaf] if leaf.streaming => Ok(leaf),
        _ => Err(refuse("Union")),
    }
}

fn refuse(operator: &str) -> Error {
    Error::of(condition::STREAMING_UNSUPPORTED_OPERATION)
        .with("msg", format!("Continuous processing does not support {operator} operations."))
}

/// Spark's name for an operator that is not a map.
fn refused_operator(node: &LogicalPlan) -> Option<String> {
    let name = match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::TableScan(_) => return None,
        LogicalPlan::Extension(extension) => {
            if let Some(calls) = extension.node.as_any().downcast_ref::<FunctionNode>() {
                // What runs inline looks at its batch, which a row that arrives has not: at the clock's reading, or at a row's place.
                let inline = calls.calls().iter().find(|call| call.function.runs() == Runs::Inline)?;
                let reads_the_clock = inline.function.deterministic();
                return Some(if reads_the_clock {
                    "current time".into()
                } else {
                    format!("{}()", inline.function.name())
                });
            }
            return Some(match extension.node.as_any().downcast_ref::<WatermarkNode>() {
                Some(_) => "EventTimeWatermark".into(),
                None => extension.node.name().to_owned(),
            });
        }
        LogicalPlan::Aggregate(_) => "Aggregate",
        LogicalPlan::Join(_) => "Join",
        LogicalPlan::Sort(_) => "Sort",
        LogicalPlan::Union(_) => "Union",
        LogicalPlan::Limit(_) => "GlobalLimit",
        LogicalPlan::Distinct(_) => "Deduplicate",
        LogicalPlan::Window(_) => "Window",
        LogicalPlan::Unnest(_) => "Generate",
        LogicalPlan::Repartition(_) => "Repartition",
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => "LocalRelation",
        other => return Some(other.display().to_string()),
    };
    Some(name.to_owned())
}
