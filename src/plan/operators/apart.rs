//! What DataFusion takes for known of an operator's rows, and is not so. It then leaves out an order
//! that is needed, or sets a limit where rows are still needed.
//!
//! | operator | what is not so |
//! |---|---|
//! | a union | a column that is one value in each input is a constant |
//! | an outer join | a constant of the side that is filled with nulls stays one |
//! | a join of a constant | rows that are ordered by constants alone need no order, and a merge that wants it |
//! | grouping sets | constants, equal keys and orders of the input stay, though a set leaves keys out |
//! | a window over all rows of its partition | a limit above may stand below, since the order is the same |
//! | an offset | a sort above may stand below |
//! | a filter by an equality of a column and an expression | one may stand for the other, even where the expression reads that column |
//!
//! The rule hides what is known of them until the plan is finished. It also seals a join whose
//! condition has a lambda ([`sealed`](super::sealed)).

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, LambdaExpr, Literal};
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::windows::WindowAggExec;

use super::lanes::hidden;
use super::sealed::sealed;

/// The rule, which goes before all others.
#[derive(Debug)]
pub struct HideWhatIsNotSo;

impl PhysicalOptimizerRule for HideWhatIsNotSo {
    fn name(&self) -> &'static str {
        "hide_what_is_not_so"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> DfResult<Arc<dyn ExecutionPlan>> {
        let hidden = plan.transform_up(|node| {
            let (misleads, seal) = (misleads(node.as_ref()), node.is::<NestedLoopJoinExec>() && has_lambda(&node)?);
            let node = if seal { sealed(node) } else { node };
            let node = if misleads { hidden(node) } else { node };
            Ok(Transformed::new_transformed(node, misleads || seal))
        })?;
        Ok(hidden.data)
    }
}

fn has_lambda(node: &Arc<dyn ExecutionPlan>) -> DfResult<bool> {
    let mut found = false;
    node.apply_expressions(&mut |root| {
        root.apply(|expr| {
            found |= expr.is::<LambdaExpr>();
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    })?;
    Ok(found)
}

fn misleads(node: &dyn ExecutionPlan) -> bool {
    let joined = || {
        let hash = node.downcast_ref::<HashJoinExec>().map(|join| *join.join_type());
        let nested = node.downcast_ref::<NestedLoopJoinExec>().map(|join| *join.join_type());
        let merge = node.downcast_ref::<SortMergeJoinExec>().map(SortMergeJoinExec::join_type);
        let knows_constants = || !node.properties().equivalence_properties().constants().is_empty();
        hash.or(nested).or(merge).is_some_and(|kind| kind.is_outer() || knows_constants())
    };
    node.is::<UnionExec>()
        || node.is::<WindowAggExec>()
        || node.downcast_ref::<AggregateExec>().is_some_and(|aggregate| aggregate.group_expr().has_grouping_set())
        || node.downcast_ref::<GlobalLimitExec>().is_some_and(|limit| limit.skip() > 0)
        || node.downcast_ref::<FilterExec>().is_some_and(|filter| equates_expressions(filter.predicate()))
        || joined()
}

/// Whether a predicate asks for an equality that is not one of columns, or with a constant.
fn equates_expressions(predicate: &Arc<dyn PhysicalExpr>) -> bool {
    split_conjunction(predicate).into_iter().any(|conjunct| {
        conjunct.downcast_ref::<BinaryExpr>().is_some_and(|equality| {
            let sides = [equality.left(), equality.right()];
            matches!(equality.op(), Operator::Eq | Operator::IsNotDistinctFrom)
                && sides.iter().all(|side| !side.is::<Literal>())
                && sides.iter().any(|side| !side.is::<Column>())
        })
    })
}
