//! A join as it is. Its condition has a lambda, of which DataFusion's optimiser would compute a
//! part below the join, where there is no lambda around it.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result as DfResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::execution_plan::{ReplaceChildrenOptions, replace_children_if_necessary};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};

use super::one_input::{Plan, Visit};

#[derive(Debug)]
pub struct SealedExec {
    join: Plan,
}

/// The join, which no rule takes for one.
pub fn sealed(join: Plan) -> Plan {
    Arc::new(SealedExec { join })
}

impl DisplayAs for SealedExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedExec: ")?;
        self.join.fmt_as(kind, f)
    }
}

impl ExecutionPlan for SealedExec {
    fn name(&self) -> &'static str {
        "SealedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.join.properties()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        self.join.input_distribution_requirements()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        self.join.benefits_from_input_partitioning()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.join.maintains_input_order()
    }

    fn children(&self) -> Vec<&Plan> {
        self.join.children()
    }

    fn apply_expressions(&self, visit: Visit<'_>) -> DfResult<TreeNodeRecursion> {
        self.join.apply_expressions(visit)
    }

    fn replace_children(self: Arc<Self>, children: Vec<Plan>, _: ReplaceChildrenOptions) -> DfResult<Plan> {
        Ok(sealed(replace_children_if_necessary(Arc::clone(&self.join), children)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> DfResult<Plan> {
        Ok(sealed(replace_children_if_necessary(Arc::clone(&self.join), children)?))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        self.join.execute(partition, context)
    }
}
