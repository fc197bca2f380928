//! Joins by `<=>`. DataFusion makes keys of such comparisons and notes at the join that nulls
//! are equal. A comparison by `=` that a filter brings later becomes a key too, and nulls would
//! be equal there. So they become keys when every filter stands where it stays.

use std::sync::Arc;

use datafusion::common::NullEquality;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::extract_equijoin_predicate::ExtractEquijoinPredicate;
use datafusion::optimizer::optimizer::{ApplyOrder, OptimizerContext};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use super::filters::Rule;

/// The rule, without keys for which nulls are equal if it is the one that makes them.
pub fn without_null_safe_keys(rule: Rule) -> Rule {
    if rule.name() == "extract_equijoin_predicate" { Arc::new(WithoutNullSafeKeys { rule }) } else { rule }
}

/// The plan with those keys.
pub fn with_null_safe_keys(plan: LogicalPlan) -> Result<LogicalPlan> {
    let (rule, config) = (ExtractEquijoinPredicate::new(), OptimizerContext::new());
    Ok(plan.transform_up_with_subqueries(|node| rule.rewrite(node, &config))?.data)
}

#[derive(Debug)]
struct WithoutNullSafeKeys {
    rule: Rule,
}

impl OptimizerRule for WithoutNullSafeKeys {
    fn name(&self) -> &str {
        self.rule.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.rule.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let given = plan.clone();
        let rewritten = self.rule.rewrite(plan, config)?;
        Ok(if nulls_are_equal(&rewritten.data) && !nulls_are_equal(&given) {
            Transformed::no(given)
        } else {
            rewritten
        })
    }
}

fn nulls_are_equal(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull)
}
