//! DataFusion's rules, without what they would cut off: a plan whose rows are known to be none still
//! has operators that keep state, and that state is the query's.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use super::is_stateful;
use crate::plan::filters::Rule;

/// The rule, which leaves a plan as it is rather than without one of its operators with state.
pub fn keeping_state(rule: Rule) -> Rule {
    Arc::new(KeepingState { rule })
}

#[derive(Debug)]
struct KeepingState {
    rule: Rule,
}

impl OptimizerRule for KeepingState {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let before = plan.clone();
        let rewritten = self.rule.rewrite(plan, config)?;
        if rewritten.transformed && operators(&rewritten.data)? != operators(&before)? {
            return Ok(Transformed::no(before));
        }
        Ok(rewritten)
    }
}

/// How many operators with state a plan has.
fn operators(plan: &LogicalPlan) -> Result<usize> {
    let mut found = 0;
    plan.apply(|node| {
        if let LogicalPlan::Extension(extension) = node {
            found += usize::from(is_stateful(extension.node.as_ref()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}
