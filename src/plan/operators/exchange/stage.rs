//! An exchange that is filled before it is read.
//!
//! A plan with state is cut at its stages. All lanes below a stage run to their ends, on threads
//! that may block, before a lane above it begins. So nothing waits, and one order holds: each lane
//! above reads the lanes below one after the other.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{internal_datafusion_err, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, stream};
use parking_lot::Mutex;

use super::store::{ExchangeStore, ExchangedRows, SpillWriter, spill_writer};
use crate::plan::functions::hash::row_hashes;
use crate::plan::operators::gather::gather_rows;
use crate::plan::operators::one_input::one_input;
use crate::state::prefix::{KeySlot, lane_of};

/// The column that a stage by key adds: Spark's `hash` of the key.
const HASH: &str = "#hash";

/// Where a stage's rows go.
#[derive(Clone, Debug)]
pub enum StageDeal {
    /// By the slot of the key in these columns. A column with the key's hash is added.
    Slots(Vec<usize>),
    /// To one lane.
    One,
    /// Where they are.
    Keep,
    /// Where they are, to be read as often as somebody asks.
    Hold,
}

/// A schema with the column of hashes behind its own.
pub fn with_hash(schema: &Schema) -> SchemaRef {
    let mut fields = schema.fields().to_vec();
    fields.push(Arc::new(Field::new(HASH, DataType::Int32, false)));
    Arc::new(Schema::new(fields))
}

/// Rows with the hashes of the key in some columns, in the schema that [`with_hash`] makes; and the
/// hashes.
pub fn hashed(rows: &RecordBatch, key: &[usize], schema: &SchemaRef) -> DfResult<(RecordBatch, Vec<u32>)> {
    let keys: Vec<_> = key.iter().map(|at| Arc::clone(rows.column(*at))).collect();
    let hashes = row_hashes(&keys, rows.num_rows())?;
    let column: ArrayRef = Arc::new(hashes.iter().map(|hash| *hash as i32).collect::<Int32Array>());
    let columns = rows.columns().iter().cloned().chain([column]).collect();
    Ok((RecordBatch::try_new(Arc::clone(schema), columns)?, hashes))
}

/// Rows of one input lane for one output lane.
#[derive(Default)]
struct Heap {
    held: Vec<ExchangedRows>,
    /// Once rows go to disk, the rest of them does, so that they stay in order.
    spilling: Option<SpillWriter>,
}

/// One execution: heaps by output lane, then by input lane.
struct FilledStage {
    store: ExchangeStore,
    heaps: Vec<Vec<Option<Vec<ExchangedRows>>>>,
}

/// The operator. It declares no partitioning: if it claimed one, DataFusion would leave out an
/// exchange of a join above, deal the other side by a hash of its own, and lose matches.
pub struct StageExec {
    input: Arc<dyn ExecutionPlan>,
    deal: StageDeal,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    filled: Mutex<Option<FilledStage>>,
    metrics: ExecutionPlanMetricsSet,
}

impl fmt::Debug for StageExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageExec").field("deal", &self.deal).finish_non_exhaustive()
    }
}

impl StageExec {
    /// Rows by the slots of their keys, over `lanes`. The last column is the key's hash.
    pub fn by_key(input: Arc<dyn ExecutionPlan>, key: Vec<usize>, lanes: usize) -> Arc<dyn ExecutionPlan> {
        Self::over(input, StageDeal::Slots(key), lanes)
    }

    /// All rows in one lane.
    pub fn to_one(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Self::over(input, StageDeal::One, 1)
    }

    /// Rows as they are.
    pub fn keeping(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let lanes = input.properties().partitioning.partition_count();
        Self::over(input, StageDeal::Keep, lanes)
    }

    /// Rows as they are, held for as long as the pass is.
    pub fn holding(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let lanes = input.properties().partitioning.partition_count();
        Self::over(input, StageDeal::Hold, lanes)
    }

    fn over(input: Arc<dyn ExecutionPlan>, deal: StageDeal, lanes: usize) -> Arc<dyn ExecutionPlan> {
        let schema = match &deal {
            StageDeal::One | StageDeal::Keep | StageDeal::Hold => input.schema(),
            StageDeal::Slots(_) => with_hash(&input.schema()),
        };
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(lanes),
            EmissionType::Final,
            input.properties().boundedness,
        ));
        let (filled, metrics) = (Mutex::new(None), ExecutionPlanMetricsSet::new());
        Arc::new(Self { input, deal, schema, properties, filled, metrics })
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Self::over(input, self.deal.clone(), self.lanes())
    }

    fn lanes(&self) -> usize {
        self.properties.partitioning.partition_count()
    }

    /// How many lanes must be filled before one is read.
    pub fn lanes_below(&self) -> usize {
        self.input.properties().partitioning.partition_count()
    }

    /// What is run to its end.
    pub fn below(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    /// In place of [`fill`](Self::fill) where a lane below has no rows.
    pub fn leave_empty(&self, lane: usize, context: &TaskContext) -> DfResult<()> {
        self.store(context)?;
        self.filled_by(lane, (0..self.lanes()).map(|_| Vec::new()))
    }

    /// Runs one lane below to its end. On a thread that may block.
    pub async fn fill(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<()> {
        let store = self.store(&context)?;
        let mut heaps: Vec<_> = (0..self.lanes()).map(|_| Heap::default()).collect();
        let mut rows = self.input.execute(lane, context)?;
        while let Some(batch) = rows.next().await {
            for (to, part) in self.dealt(lane, batch?)? {
                heaps[to].add(part, &store)?;
            }
        }
        drop(rows);
        let heaps = heaps.into_iter().map(Heap::end).collect::<DfResult<Vec<_>>>()?;
        self.filled_by(lane, heaps.into_iter())
    }

    /// Notes what a lane below has for each lane above.
    fn filled_by(&self, lane: usize, heaps: impl Iterator<Item = Vec<ExchangedRows>>) -> DfResult<()> {
        let mut filled = self.filled.lock();
        let Some(filled) = filled.as_mut() else { return internal_err!("a stage was taken away while it was filled") };
        for (to, heap) in heaps.enumerate() {
            filled.heaps[to][lane] = Some(heap);
        }
        Ok(())
    }

    fn store(&self, context: &TaskContext) -> DfResult<ExchangeStore> {
        let mut filled = self.filled.lock();
        if let Some(filled) = filled.as_ref() {
            return Ok(filled.store.clone());
        }
        let store = ExchangeStore::open(context, &self.metrics, Arc::clone(&self.schema))?;
        let heaps = (0..self.lanes()).map(|_| (0..self.lanes_below()).map(|_| None).collect()).collect();
        *filled = Some(FilledStage { store: store.clone(), heaps });
        Ok(store)
    }

    /// A record batch of a lane by the lanes that its rows go to.
    fn dealt(&self, lane: usize, batch: RecordBatch) -> DfResult<Vec<(usize, RecordBatch)>> {
        let key = match &self.deal {
            StageDeal::Slots(key) => key,
            StageDeal::One => return Ok(vec![(0, batch)]),
            StageDeal::Keep | StageDeal::Hold => return Ok(vec![(lane, batch)]),
        };
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let lanes = self.lanes();
        let (batch, hashes) = hashed(&batch, key, &self.schema)?;
        if lanes == 1 {
            return Ok(vec![(0, batch)]);
        }
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); lanes];
        for (row, hash) in hashes.iter().enumerate() {
            rows[lane_of(KeySlot::of(*hash), lanes)].push(row as u32);
        }
        let parts = rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let part = |(to, rows): (usize, Vec<u32>)| {
            if rows.len() == batch.num_rows() {
                return Ok((to, batch.clone()));
            }
            Ok((to, gather_rows(&batch, &UInt32Array::from(rows))?))
        };
        parts.map(part).collect()
    }
}

impl Heap {
    fn add(&mut self, rows: RecordBatch, store: &ExchangeStore) -> DfResult<()> {
        if self.spilling.is_none()
            && let Some(bytes) = store.charge(&rows)?
        {
            self.held.push(ExchangedRows::Held(rows, bytes));
            return Ok(());
        }
        let file = match &mut self.spilling {
            Some(file) => file,
            none => none.insert(spill_writer(&store.disk)?),
        };
        file(Some(&rows)).map(|_| ())
    }

    fn end(mut self) -> DfResult<Vec<ExchangedRows>> {
        if let Some(mut file) = self.spilling
            && let Some(file) = file(None)?
        {
            self.held.push(ExchangedRows::Spilled(file));
        }
        Ok(self.held)
    }
}

impl DisplayAs for StageExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StageExec: {:?}, lanes={}", self.deal, self.lanes())
    }
}

impl ExecutionPlan for StageExec {
    one_input!("StageExec", properties);

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, lane: usize, _context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let mut filled = self.filled.lock();
        let Some(filled) = filled.as_mut() else { return internal_err!("a stage is read before it is filled") };
        let again = matches!(self.deal, StageDeal::Hold);
        let heaps = match filled.heaps.get_mut(lane) {
            Some(heaps) if again => heaps.clone(),
            Some(heaps) => std::mem::take(heaps),
            None => Vec::new(),
        };
        let heaps = heaps.into_iter().collect::<Option<Vec<_>>>();
        let heaps =
            heaps.ok_or_else(|| internal_datafusion_err!("lane {lane} of a stage is read before it is filled"))?;
        let store = filled.store.clone();
        let rows = stream::iter(heaps.into_iter().flatten()).flat_map(move |rows| match rows {
            ExchangedRows::Held(batch, bytes) => {
                if !again {
                    store.held.shrink(bytes);
                }
                stream::once(std::future::ready(Ok(batch))).boxed()
            }
            ExchangedRows::Spilled(file) => match store.read(file) {
                Ok(rows) => rows.boxed(),
                Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
            },
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows)))
    }
}
