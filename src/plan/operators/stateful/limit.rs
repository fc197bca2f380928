//! `limit` of a stream: the first rows of the query's life.
//!
//! All rows go to one lane, in the order of lanes. The state is the number of rows that were given.
//! In the mode complete the rows are all rows again, so there it is an ordinary limit.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, NullArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{StreamExt, TryStreamExt, stream};

use super::form::OperatorForm;
use super::{
    IdleBatch, KeyLayout, OperatorCounters, Retention, SparkStores, StateTable, StatefulOperator, StatefulPlace,
    WatermarkOut, stateful_properties,
};
use crate::error::Result;
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::{one_input, one_input_node, unordered};
use crate::plan::pass::PassContext;
use crate::state::prefix::{KeySlot, TableId};
use crate::state::row::RowFormat;

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamLimitNode {
    pub input: LogicalPlan,
    pub rows: usize,
    pub place: Option<StatefulPlace>,
}

unordered!(StreamLimitNode);

impl UserDefinedLogicalNodeCore for StreamLimitNode {
    one_input_node!("GlobalLimit", schema of the input);

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GlobalLimit: {}", self.rows)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(Self { input: inputs.swap_remove(0), ..self.clone() })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }
}

/// Plans a [`StreamLimitNode`].
pub struct StreamLimitPlanner;

#[async_trait]
impl ExtensionPlanner for StreamLimitPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<StreamLimitNode>() else { return Ok(None) };
        let Some(place) = node.place else { return internal_err!("a stateful operator without a number") };
        let spec = LimitSpec::new(place.number, node.rows)?;
        let input = StageExec::to_one(Arc::clone(&physical_inputs[0]));
        Ok(Some(Arc::new(StreamLimitExec::new(input, Arc::new(spec)))))
    }
}

#[derive(Debug)]
struct LimitSpec {
    operator: StatefulOperator,
    rows: usize,
    /// The one key: a row of one null.
    key: Vec<u8>,
    value: RowFormat,
}

impl LimitSpec {
    fn new(number: usize, rows: usize) -> Result<Self> {
        let value = Field::new("value", DataType::Int64, true);
        let tables = vec![StateTable {
            name: "default",
            number: 0,
            layout: KeyLayout::Row,
            time: None,
            key: Arc::new(Schema::new(vec![Field::new("key", DataType::Null, true)])),
            value: Arc::new(Schema::new(vec![value])),
        }];
        let operator = StatefulOperator {
            number,
            name: "globalLimit",
            idle: IdleBatch::Never,
            stores: SparkStores::One,
            lanes: 1,
            tables,
            retention: Retention::Bounded,
            form: OperatorForm::AsTyped,
            gives: WatermarkOut::Same,
            refused: None,
            notes: None,
        };
        let table = TableId { operator: super::operator_number(number)?, table: 0 };
        let row = RowFormat::new(vec![DataType::Null])?.encode(&[Arc::new(NullArray::new(1)) as ArrayRef], 1)?;
        let key = [table.prefix(KeySlot(0)).as_slice(), row.row(0)].concat();
        Ok(Self { operator, rows, key, value: RowFormat::new(vec![DataType::Int64])? })
    }
}

/// The operator.
#[derive(Debug)]
pub struct StreamLimitExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<LimitSpec>,
    properties: Arc<PlanProperties>,
}

impl StreamLimitExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<LimitSpec>) -> Self {
        let properties = stateful_properties(&input, input.schema());
        Self { input, spec, properties }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for StreamLimitExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamLimitExec: operator={}, rows={}", self.spec.operator.number, self.spec.rows)
    }
}

impl ExecutionPlan for StreamLimitExec {
    one_input!("StreamLimitExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let (spec, schema) = (Arc::clone(&self.spec), self.input.schema());
        let input = self.input.execute(lane, context)?;
        let rows = stream::once(first_rows(input, pass, spec, lane));
        let rows = rows.map_ok(|batches| stream::iter(batches.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

/// The rows that are still to give, and how many were given then.
async fn first_rows(
    mut input: SendableRecordBatchStream,
    pass: Arc<PassContext>,
    spec: Arc<LimitSpec>,
    lane: usize,
) -> DfResult<Vec<RecordBatch>> {
    let state = pass.state(spec.operator.number)?;
    let mut overlay = state.overlay();
    let before = match overlay.get(&spec.key)? {
        Some(value) => spec.value.decode(&[value.as_slice()])?[0].as_primitive::<Int64Type>().value(0),
        None => 0,
    };
    let given_before = usize::try_from(before).unwrap_or(0);
    let mut left = spec.rows.saturating_sub(given_before);
    let mut batches = Vec::new();
    while left > 0
        && let Some(batch) = input.next().await
    {
        let batch = batch?;
        let rows = batch.num_rows().min(left);
        left -= rows;
        batches.push(batch.slice(0, rows));
    }
    let given: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if given > 0 {
        let total: ArrayRef = Arc::new(Int64Array::from(vec![before.saturating_add(given as i64)]));
        overlay.put(&spec.key, spec.value.encode(&[total], 1)?.row(0))?;
        OperatorCounters::add(&state.counters.updated, 1);
        state.counters.grow(i64::from(given_before == 0));
    }
    state.finish(lane, overlay);
    Ok(batches)
}
