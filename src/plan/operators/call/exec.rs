//! The physical operator.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};

use super::{pull, rows};
use crate::error::{Error, Result, condition};
use crate::function::{Chunk, Function, Runs};
use crate::plan::pass::PassContext;

/// A call whose arguments can be computed.
#[derive(Debug)]
pub struct PhysicalCall {
    pub function: Arc<dyn Function>,
    pub arguments: Vec<Arc<dyn PhysicalExpr>>,
    /// The output's type under the attribute's name.
    pub column: FieldRef,
}

impl PhysicalCall {
    /// The call's arguments for these rows.
    pub fn chunk(&self, batch: &RecordBatch) -> Result<Chunk> {
        let rows = batch.num_rows();
        let columns = self
            .arguments
            .iter()
            .map(|argument| argument.evaluate(batch).and_then(|value| value.into_array(rows)))
            .collect::<DfResult<Vec<_>>>()?;
        Ok(Chunk { columns, rows, lane: 0, first_row: 0 })
    }

    /// Holds a function to its promise, so that a broken one is named here and not by some kernel
    /// downstream.
    pub fn check(&self, output: &ArrayRef, rows: Option<usize>) -> Result<()> {
        if let Some(rows) = rows.filter(|rows| output.len() != *rows) {
            return Err(Error::of(condition::RESULT_ROWS_MISMATCH)
                .with("output_length", output.len())
                .with("input_length", rows)
                .context(format!("calling '{}'", self.function.name())));
        }
        if output.data_type() != self.column.data_type() {
            return Err(Error::internal(format!(
                "function '{}' declared {} and returned {}",
                self.function.name(),
                self.column.data_type(),
                output.data_type()
            )));
        }
        Ok(())
    }
}

/// `batch` with more columns.
pub fn append(batch: &RecordBatch, outputs: Vec<ArrayRef>, schema: &SchemaRef) -> Result<RecordBatch> {
    let mut columns = Vec::with_capacity(batch.num_columns() + outputs.len());
    columns.extend_from_slice(batch.columns());
    columns.extend(outputs);
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// Runs calls over a stream of record batches and appends their columns; order and partitions stay.
#[derive(Debug)]
pub struct FunctionExec {
    input: Arc<dyn ExecutionPlan>,
    calls: Arc<[PhysicalCall]>,
    /// How many of the calls run chunk by chunk; the others, which pull, follow them.
    row_calls: usize,
    /// After the calls that run chunk by chunk.
    row_schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl FunctionExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, calls: Arc<[PhysicalCall]>) -> Self {
        let row_calls = calls.iter().take_while(|call| call.function.runs() != Runs::OwnThread).count();
        let row_schema = with_columns(&input.schema(), &calls[..row_calls]);
        let schema = with_columns(&row_schema, &calls[row_calls..]);
        let below = input.properties();
        let orders = below.equivalence_properties().oeq_class().iter().cloned();
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema, orders),
            below.partitioning.clone(),
            below.emission_type,
            below.boundedness,
        ));
        Self { input, calls, row_calls, row_schema, properties }
    }
}

fn with_columns(schema: &Schema, calls: &[PhysicalCall]) -> SchemaRef {
    let fields: Vec<_> =
        schema.fields().iter().cloned().chain(calls.iter().map(|call| Arc::clone(&call.column))).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

impl DisplayAs for FunctionExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FunctionExec: ")?;
        for (i, call) in self.calls.iter().enumerate() {
            let arguments: Vec<_> = call.arguments.iter().map(ToString::to_string).collect();
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}({}) as {}", call.function.name(), arguments.join(", "), call.column.name())?;
        }
        Ok(())
    }
}

impl ExecutionPlan for FunctionExec {
    fn name(&self) -> &'static str {
        "FunctionExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        // Threads that have nothing else to do help with any lane's chunks.
        vec![false]
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        for argument in self.calls.iter().flat_map(|call| &call.arguments) {
            if f(argument)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        // A pass resets the plan with children of equal properties: then everything else is shared.
        Ok(Arc::new(match options.children_properties {
            ChildrenPropertiesMode::Keep => Self {
                input,
                calls: Arc::clone(&self.calls),
                row_calls: self.row_calls,
                row_schema: Arc::clone(&self.row_schema),
                properties: Arc::clone(&self.properties),
            },
            ChildrenPropertiesMode::Recompute => Self::new(input, Arc::clone(&self.calls)),
        }))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(children.swap_remove(0), Arc::clone(&self.calls))))
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let mut rows = self.input.execute(lane, context)?;
        if self.row_calls > 0 {
            let stream = rows::stream(
                rows,
                lane,
                Arc::clone(&self.calls),
                self.row_calls,
                Arc::clone(&pass),
                Arc::clone(&self.row_schema),
            );
            rows = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.row_schema), stream));
        }
        if self.row_calls < self.calls.len() {
            let stream = pull::stream(rows, Arc::clone(&self.calls), self.row_calls, pass, self.schema());
            rows = Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream));
        }
        Ok(rows)
    }
}
