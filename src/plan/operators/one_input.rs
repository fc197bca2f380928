//! What DataFusion asks of every operator that has one input, of its logical node and of its physical
//! one.

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

/// The methods of a `UserDefinedLogicalNodeCore` that follow from its field `input` and from whose
/// schema it has: its own field's or the input's.
macro_rules! one_input_node {
    ($name:literal, schema) => {
        fn schema(&self) -> &datafusion::common::DFSchemaRef {
            &self.schema
        }

        $crate::plan::operators::one_input::one_input_node!(@ $name);
    };
    ($name:literal, schema of the input) => {
        fn schema(&self) -> &datafusion::common::DFSchemaRef {
            self.input.schema()
        }

        $crate::plan::operators::one_input::one_input_node!(@ $name);
    };
    (@ $name:literal) => {
        fn name(&self) -> &'static str {
            $name
        }

        fn inputs(&self) -> Vec<&datafusion::logical_expr::LogicalPlan> {
            vec![&self.input]
        }
    };
}

/// Nodes have no order but that of equal ones. DataFusion asks for one.
macro_rules! unordered {
    ($node:ty) => {
        impl PartialOrd for $node {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                (self == other).then_some(std::cmp::Ordering::Equal)
            }
        }
    };
}

pub(crate) use one_input;
pub(crate) use {one_input_node, unordered};
