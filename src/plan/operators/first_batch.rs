//! Rows that only a query's first batch reads: an initial state.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, EmptyRecordBatchStream, ExecutionPlan, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::one_input::{one_input, one_input_node};
use crate::plan::pass::PassContext;

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct FirstBatchNode {
    pub input: LogicalPlan,
}

impl UserDefinedLogicalNodeCore for FirstBatchNode {
    one_input_node!("FirstBatch", schema of the input);

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstBatch")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(Self { input: inputs.swap_remove(0) })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// Plans a [`FirstBatchNode`].
pub struct FirstBatchPlanner;

#[async_trait]
impl ExtensionPlanner for FirstBatchPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(_) = node.as_any().downcast_ref::<FirstBatchNode>() else { return Ok(None) };
        Ok(Some(Arc::new(FirstBatchExec { input: Arc::clone(&physical_inputs[0]) })))
    }
}

/// The operator. In a later batch it does not ask its input.
#[derive(Debug)]
struct FirstBatchExec {
    input: Arc<dyn ExecutionPlan>,
}

impl FirstBatchExec {
    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input })
    }
}

impl DisplayAs for FirstBatchExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FirstBatchExec")
    }
}

impl ExecutionPlan for FirstBatchExec {
    one_input!("FirstBatchExec", properties of the input);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        if PassContext::of(&context)?.batch().id.previous().is_none() {
            return self.input.execute(lane, context);
        }
        Ok(Box::pin(EmptyRecordBatchStream::new(self.input.schema())))
    }
}
