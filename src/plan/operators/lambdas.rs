//! The parameters of lambdas are numbered behind the columns of the input that an expression reads.
//! DataFusion moves expressions to other inputs and leaves these numbers as they were, so that a
//! parameter is taken for a column. The rule numbers them anew.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{LambdaExpr, LambdaVariable};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

/// The rule, which goes after all others. What moves to an input with more columns becomes a
/// projection, so it looks at no other operators.
#[derive(Debug)]
pub struct NumberLambdas;

impl PhysicalOptimizerRule for NumberLambdas {
    fn name(&self) -> &'static str {
        "number_lambdas"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> DfResult<Arc<dyn ExecutionPlan>> {
        let numbered = plan.transform_up(|node| {
            let Some(projection) = node.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(node)) };
            let columns = projection.input().schema().fields().len();
            let mut changed = false;
            let mut outputs = Vec::with_capacity(projection.expr().len());
            for output in projection.expr() {
                let expr = numbered(Arc::clone(&output.expr), columns, &HashMap::new())?;
                changed |= expr.transformed;
                outputs.push(ProjectionExpr { expr: expr.data, alias: output.alias.clone() });
            }
            if !changed {
                return Ok(Transformed::no(node));
            }
            let input = Arc::clone(projection.input());
            Ok(Transformed::yes(Arc::new(ProjectionExec::try_new(outputs, input)?)))
        })?;
        Ok(numbered.data)
    }
}

/// An expression whose lambdas number their parameters from `next`; `known` has the numbers of
/// those around it.
fn numbered(
    expr: Arc<dyn PhysicalExpr>,
    next: usize,
    known: &HashMap<String, usize>,
) -> DfResult<Transformed<Arc<dyn PhysicalExpr>>> {
    if let Some(variable) = expr.downcast_ref::<LambdaVariable>() {
        return Ok(match known.get(variable.name()) {
            Some(number) if *number != variable.index() => {
                Transformed::yes(Arc::new(LambdaVariable::new(*number, Arc::clone(variable.field()))))
            }
            _ => Transformed::no(expr),
        });
    }
    let mut known = known.clone();
    let mut next = next;
    if let Some(lambda) = expr.downcast_ref::<LambdaExpr>() {
        known.extend(lambda.params().iter().cloned().zip(next..));
        next += lambda.params().len();
    }
    expr.map_children(|child| numbered(child, next, &known))
}
