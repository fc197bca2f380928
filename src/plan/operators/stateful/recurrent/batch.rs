//! The operator in a plan of a batch frame: all keys begin anew, and nothing is kept.
//!
//! ```text
//! rows → exchange by key → sort by key, order and arrival → this
//! ```
//!
//! The exchange and the sort are DataFusion's, which go to disk where memory ends. Rows come key after
//! key here. They are taken some at a time. A key that is cut goes on from what it handed on.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::buffer::Buffer;
use arrow::compute::{SortOptions, concat_batches};
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, stream};

use super::runs::{self, CHUNKS, KeyRows};
use super::{RecurrentNode, places, schema_of};
use crate::error::{Error, Result};
use crate::function::recurrent::RecurrentFunction;
use crate::plan::operators::one_input::one_input;
use crate::plan::pass::PassContext;

/// How the operator reads its input.
#[derive(Debug)]
struct BatchSpec {
    function: Arc<dyn RecurrentFunction>,
    keys: Vec<usize>,
    arguments: Vec<usize>,
    hash: Vec<Arc<dyn PhysicalExpr>>,
    order: LexOrdering,
    schema: SchemaRef,
}

/// The operator.
#[derive(Debug)]
pub struct RecurrentBatchExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<BatchSpec>,
    properties: Arc<PlanProperties>,
}

impl RecurrentBatchExec {
    pub fn plan(input: Arc<dyn ExecutionPlan>, node: &RecurrentNode) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = input.schema();
        let keys = places(&node.keys, &schema)?;
        let column = |at: usize| Arc::new(Column::new(schema.field(at).name(), at)) as Arc<dyn PhysicalExpr>;
        let options = SortOptions { descending: false, nulls_first: true };
        let mut sorted = keys.clone();
        for name in node.order.iter().chain(&node.arrival) {
            sorted.push(schema.index_of(name)?);
        }
        let order = LexOrdering::new(sorted.into_iter().map(|at| PhysicalSortExpr::new(column(at), options)));
        let spec = BatchSpec {
            function: Arc::clone(&node.function),
            arguments: places(&node.arguments, &schema)?,
            hash: keys.iter().map(|at| column(*at)).collect(),
            order: order.ok_or_else(|| Error::internal("a model with state without a key"))?,
            schema: schema_of(node, &schema),
            keys,
        };
        Ok(Arc::new(Self::new(input, Arc::new(spec))))
    }

    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<BatchSpec>) -> Self {
        let below = input.properties();
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&spec.schema)),
            below.partitioning.clone(),
            below.emission_type,
            below.boundedness,
        ));
        Self { input, spec, properties }
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for RecurrentBatchExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecurrentBatchExec: {}", self.spec.function.name())
    }
}

impl ExecutionPlan for RecurrentBatchExec {
    one_input!("RecurrentBatchExec", properties);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::KeyPartitioned(self.spec.hash.clone())]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![Some(OrderingRequirements::from(self.spec.order.clone()))]
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let input = self.input.execute(lane, context)?;
        let work = BatchLane {
            input,
            pass,
            spec: Arc::clone(&self.spec),
            converter: self.spec.converter()?,
            carried: None,
            ended: false,
        };
        let rows = stream::try_unfold(work, |mut work| async move { Ok(work.next().await?.map(|rows| (rows, work))) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

impl BatchSpec {
    fn converter(&self) -> Result<RowConverter> {
        let fields = self.keys.iter().map(|at| SortField::new(self.schema.field(*at).data_type().clone()));
        Ok(RowConverter::new(fields.collect())?)
    }
}

/// One lane of a pass.
struct BatchLane {
    input: SendableRecordBatchStream,
    pass: Arc<PassContext>,
    spec: Arc<BatchSpec>,
    converter: RowConverter,
    /// The last key, and what it handed on: more rows of it may come.
    carried: Option<(OwnedRow, Vec<Buffer>)>,
    ended: bool,
}

impl BatchLane {
    /// The next rows with what the function gives.
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        if self.ended {
            return Ok(None);
        }
        let most = self.spec.function.chunk_rows().saturating_mul(CHUNKS);
        let (mut batches, mut rows) = (Vec::new(), 0);
        while rows < most {
            let Some(batch) = self.input.next().await else {
                self.ended = true;
                break;
            };
            let batch = batch?;
            rows += batch.num_rows();
            batches.push(batch);
        }
        if rows == 0 {
            return Ok(None);
        }
        let rows = concat_batches(&self.input.schema(), &batches)?;
        Ok(Some(self.call(&rows).await?))
    }

    async fn call(&mut self, rows: &RecordBatch) -> Result<RecordBatch> {
        let spec = Arc::clone(&self.spec);
        let of = |places: &[usize]| places.iter().map(|at| Arc::clone(rows.column(*at))).collect::<Vec<ArrayRef>>();
        let keys = self.converter.convert_columns(&of(&spec.keys))?;
        let arguments = spec.function.prepare(of(&spec.arguments))?;
        let seen = |row: usize| arguments.seen.as_ref().is_none_or(|seen| seen.is_valid(row));
        let by_key = by_key(&keys, seen);
        let size = spec.function.chunk_rows();
        let mut chunks = runs::chunks(&by_key, 0..by_key.keys(), size);
        let first = |key: usize| keys.row(by_key.of_key(key)[0] as usize);
        for chunk in &mut chunks {
            chunk.states = self.states(&chunk.keys, first(0));
        }
        let results = runs::run(&spec.function, &arguments.columns, chunks, &self.pass).await?;
        if let Some(last) = by_key.keys().checked_sub(1) {
            for result in &results {
                if let Some(rank) = result.chunk.keys.iter().position(|key| *key == last) {
                    let sizes = spec.function.states().iter().map(|state| state.bytes());
                    let of_key = result.chunk.states.iter().zip(sizes);
                    let states = of_key.map(|(state, size)| state.slice_with_length(rank * size, size)).collect();
                    self.carried = Some((first(last).owned(), states));
                }
            }
        }
        let given = runs::outputs(spec.function.as_ref(), results, rows.num_rows())?;
        let columns = rows.columns().iter().cloned().chain(given).collect();
        Ok(RecordBatch::try_new(Arc::clone(&spec.schema), columns)?)
    }

    /// What keys begin with: the first of all goes on if its rows were cut.
    fn states(&self, keys: &[usize], first: arrow::row::Row<'_>) -> Vec<Buffer> {
        let carried = self.carried.as_ref().filter(|(key, _)| key.row() == first).map(|(_, states)| states);
        let tensor = |(at, state): (usize, &crate::function::recurrent::HandedTensor)| {
            let mut bytes = Vec::with_capacity(keys.len() * state.bytes());
            for key in keys {
                match carried {
                    Some(states) if *key == 0 => bytes.extend_from_slice(&states[at]),
                    _ => bytes.extend_from_slice(&state.initial),
                }
            }
            Buffer::from(bytes)
        };
        self.spec.function.states().iter().enumerate().map(tensor).collect()
    }
}

/// The rows of each key, which lie together. A key without a row that is seen is none.
fn by_key(keys: &Rows, seen: impl Fn(usize) -> bool) -> KeyRows {
    let mut found = KeyRows::default();
    let mut begin = 0;
    for row in 0..keys.num_rows() {
        if row > 0 && keys.row(row) != keys.row(row - 1) && found.rows.len() > begin {
            begin = found.rows.len();
            found.ends.push(begin);
        }
        if seen(row) {
            found.rows.push(row as u32);
        }
    }
    if found.rows.len() > begin {
        found.ends.push(found.rows.len());
    }
    found
}
