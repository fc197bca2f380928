//! What DataFusion asks of every operator that has one input and no expressions for its optimiser.

use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;

pub type Plan = Arc<dyn ExecutionPlan>;
pub type Visit<'a> = &'a mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>;

/// The methods of an `ExecutionPlan` that follow from its fields `input` and, or the input's,
/// `properties`, and from `fn with_input(&self, input: Plan) -> Plan`: the same operator over
/// another input.
macro_rules! one_input {
    ($name:literal, properties) => {
        fn properties(&self) -> &Arc<datafusion::physical_plan::PlanProperties> {
            &self.properties
        }

        $crate::plan::operators::one_input::one_input!(@ $name);
    };
    ($name:literal, properties of the input) => {
        fn properties(&self) -> &Arc<datafusion::physical_plan::PlanProperties> {
            self.input.properties()
        }

        $crate::plan::operators::one_input::one_input!(@ $name);
    };
    (@ $name:literal) => {
        fn name(&self) -> &'static str {
            $name
        }

        fn children(&self) -> Vec<&$crate::plan::operators::one_input::Plan> {
            vec![&self.input]
        }

        fn apply_expressions(
            &self,
            _: $crate::plan::operators::one_input::Visit<'_>,
        ) -> DfResult<datafusion::common::tree_node::TreeNodeRecursion> {
            Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
        }

        fn replace_children(
            self: Arc<Self>,
            mut children: Vec<$crate::plan::operators::one_input::Plan>,
            _: datafusion::physical_plan::execution_plan::ReplaceChildrenOptions,
        ) -> DfResult<$crate::plan::operators::one_input::Plan> {
            Ok(self.with_input(children.swap_remove(0)))
        }

        fn with_new_children(
            self: Arc<Self>,
            mut children: Vec<$crate::plan::operators::one_input::Plan>,
        ) -> DfResult<$crate::plan::operators::one_input::Plan> {
            Ok(self.with_input(children.swap_remove(0)))
        }
    };
}

pub(crate) use one_input;
