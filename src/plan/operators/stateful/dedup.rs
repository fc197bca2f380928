//! Rows whose key was not seen before: `dropDuplicates`, `dropDuplicatesWithinWatermark`.
//!
//! ```text
//! rows → stage by key → this: drop what is late, look the key up, keep it, evict → rows
//! ```
//!
//! The first row to come is the one that stays, and rows stay in the order in which they came. A
//! key with an event time goes with it. Within the watermark a key goes when the delay has passed
//! since its first row: a second table has the keys by that time.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, NullArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
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
use futures::{StreamExt, stream};

use super::form::OperatorForm;
use super::table::{EventTimeKey, RowTable, TableKeys, event_times, in_chunks, timely, until};
use super::{
    ColumnNames, IdleBatch, KeyLayout, OperatorCounters, OperatorPass, Retention, SparkStores, StateTable,
    StatefulOperator, StatefulPlace, WatermarkOut, several_event_times, stateful_properties,
};
use crate::error::{Error, Result};
use crate::plan::kernels::normalize::normalize_floats;
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::{one_input, one_input_node, unordered};
use crate::plan::pass::PassContext;
use crate::state::prefix::{PREFIX, TIME, TableId, slots_of};
use crate::state::row::RowFormat;
use crate::state::{SortedEntries, SortedKeys, StateOverlay, StateValues};

/// How many rows are looked up at once.
const ROWS: usize = 1 << 16;

/// How long a key is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum Memory {
    /// Until its event time is over; for ever, if it has none.
    OfKey,
    /// This many milliseconds of event time since its first row.
    Within(i64),
}

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DedupNode {
    pub input: LogicalPlan,
    /// The names of the columns that are the key.
    pub keys: Vec<String>,
    /// The names of the columns that have an event time. There may be one at most when a batch runs.
    pub event_times: Vec<String>,
    pub memory: Memory,
    pub names: ColumnNames,
    pub place: Option<StatefulPlace>,
}

unordered!(DedupNode);

impl UserDefinedLogicalNodeCore for DedupNode {
    one_input_node!("Deduplicate", schema of the input);

    fn expressions(&self) -> Vec<Expr> {
        self.keys.iter().map(|key| Expr::Column(datafusion::common::Column::from_name(key))).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deduplicate: [{}], {:?}", self.keys.join(", "), self.memory)
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(Self { input: inputs.swap_remove(0), ..self.clone() })
    }

    /// As in Spark an event time that nobody reads above is cut off, and then nothing is late.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut columns = output_columns.to_vec();
        let event_time = self.event_times.iter().take(1).filter(|_| self.memory != Memory::OfKey);
        for name in self.keys.iter().chain(event_time) {
            columns.push(self.input.schema().index_of_column_by_name(None, name)?);
        }
        columns.sort_unstable();
        columns.dedup();
        Some(vec![columns])
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.input.schema().fields().iter().map(|field| field.name().clone()).collect()
    }
}

/// Plans a [`DedupNode`].
pub struct DedupPlanner;

#[async_trait]
impl ExtensionPlanner for DedupPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<DedupNode>() else { return Ok(None) };
        let Some(place) = node.place else { return internal_err!("a stateful operator without a number") };
        let input = Arc::clone(&physical_inputs[0]);
        let schema = input.schema();
        let keys = node.keys.iter().map(|key| Ok(schema.index_of(key)?)).collect::<DfResult<Vec<_>>>()?;
        let event_time = node.event_times.iter().find_map(|name| schema.index_of(name).ok());
        let lanes = session.config().target_partitions();
        let mut spec = DedupSpec::new((place.number, lanes), &schema, keys.clone(), event_time, node)?;
        spec.operator.refused = several_event_times(&node.event_times, &node.names, &schema);
        let staged = StageExec::by_key(input, keys, lanes);
        Ok(Some(Arc::new(DedupExec::new(staged, Arc::new(spec), schema))))
    }
}

/// What a deduplication does, whatever its input.
#[derive(Debug)]
struct DedupSpec {
    operator: StatefulOperator,
    keys: Vec<usize>,
    event_time: Option<usize>,
    memory: Memory,
    table: RowTable,
    /// Of keys by the time at which they are forgotten.
    by_expiry: TableId,
}

impl DedupSpec {
    fn new(
        (number, lanes): (usize, usize),
        input: &Schema,
        keys: Vec<usize>,
        event_time: Option<usize>,
        node: &DedupNode,
    ) -> Result<Self> {
        let memory = node.memory;
        let key_schema: SchemaRef = Arc::new(input.project(&keys)?);
        let (name, value) = match memory {
            Memory::OfKey => ("dedupe", Field::new("__dummy__", DataType::Null, true)),
            Memory::Within(_) => ("dedupeWithinWatermark", Field::new("expiresAtMicros", DataType::Int64, true)),
        };
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect();
        let operator = super::operator_number(number)?;
        let of_key = event_time.and_then(|time| keys.iter().position(|key| *key == time));
        let table = RowTable {
            id: TableId { operator, table: 0 },
            key: RowFormat::new(types(&key_schema))?,
            value: RowFormat::new(vec![value.data_type().clone()])?,
            time: of_key.filter(|_| memory == Memory::OfKey).map(|column| EventTimeKey { column }),
        };
        let layout = if table.time.is_some() { KeyLayout::TimeRow } else { KeyLayout::Row };
        let time = table.time.map(|time| time.column);
        let (key, value) = (node.names.schema(&key_schema), Arc::new(Schema::new(vec![value])));
        let tables = vec![StateTable { name: "default", number: 0, layout, time, key, value }];
        let operator = StatefulOperator {
            number,
            name,
            idle: IdleBatch::WatermarkMoved,
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables,
            retention: Retention::when(layout == KeyLayout::TimeRow || memory != Memory::OfKey),
            form: OperatorForm::AsTyped,
            gives: WatermarkOut::Same,
            refused: None,
            notes: None,
        };
        let by_expiry = TableId { operator: table.id.operator, table: 1 };
        Ok(Self { operator, keys, event_time, memory, table, by_expiry })
    }
}

/// The operator.
#[derive(Debug)]
pub struct DedupExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<DedupSpec>,
    properties: Arc<PlanProperties>,
}

impl DedupExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<DedupSpec>, schema: SchemaRef) -> Self {
        let properties = stateful_properties(&input, schema);
        Self { input, spec, properties }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec), self.schema()))
    }
}

impl DisplayAs for DedupExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DedupExec: operator={}, {:?}", self.spec.operator.number, self.spec.memory)
    }
}

impl ExecutionPlan for DedupExec {
    one_input!("DedupExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let overlay = pass.state(self.spec.operator.number)?.overlay();
        let work = DedupLane {
            input: self.input.execute(lane, context)?,
            pass,
            lane,
            lanes: self.properties.partitioning.partition_count(),
            spec: Arc::clone(&self.spec),
            schema: self.schema(),
            overlay: Some(overlay),
        };
        let rows = stream::try_unfold(work, |mut work| async move { Ok(work.next().await?.map(|rows| (rows, work))) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// One lane's part of a pass.
struct DedupLane {
    input: SendableRecordBatchStream,
    pass: Arc<PassContext>,
    lane: usize,
    lanes: usize,
    spec: Arc<DedupSpec>,
    schema: SchemaRef,
    /// What this lane has changed; taken when the input has ended.
    overlay: Option<StateOverlay>,
}

impl DedupLane {
    /// The next rows that stay.
    async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        let Some(mut overlay) = self.overlay.take() else { return Ok(None) };
        let (mut batches, mut rows) = (Vec::new(), 0);
        while rows < ROWS
            && let Some(batch) = self.input.next().await
        {
            let batch = batch?;
            rows += batch.num_rows();
            batches.push(batch);
        }
        let pass = Arc::clone(&self.pass);
        let state = pass.state(self.spec.operator.number)?;
        let clock = pass.clock();
        state.counters.finds_duplicates.store(true, std::sync::atomic::Ordering::Relaxed);
        let began = clock.monotonic();
        let kept = match batches.first() {
            Some(first) => {
                let kept = self.first_rows(concat_batches(&first.schema(), &batches)?, state, &mut overlay)?;
                state.counters.took_updating(clock.monotonic().saturating_sub(began));
                kept
            }
            None => RecordBatch::new_empty(Arc::clone(&self.schema)),
        };
        if rows >= ROWS {
            self.overlay = Some(overlay);
            return Ok(Some(kept));
        }
        let began = clock.monotonic();
        self.evict(state, &mut overlay)?;
        state.counters.took_removing(clock.monotonic().saturating_sub(began));
        state.finish(self.lane, overlay);
        Ok(Some(kept))
    }

    /// The rows whose keys are new.
    fn first_rows(&self, rows: RecordBatch, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<RecordBatch> {
        let spec = &self.spec;
        let rows = timely(rows, self.spec.event_time, state)?;
        let Some((hash, columns)) = rows.columns().split_last() else { return Err(Error::internal("no hashes")) };
        let hashes: Vec<u32> = hash.as_primitive::<Int32Type>().values().iter().map(|hash| *hash as u32).collect();
        let key: Vec<ArrayRef> = spec.keys.iter().map(|at| normalize_floats(&columns[*at])).collect::<Result<_>>()?;
        let keys = spec.table.keys(&key, &hashes)?;
        let firsts = firsts(&keys);
        let mut sorted = SortedKeys::default();
        firsts.iter().for_each(|row| sorted.push(keys.key(*row)));
        let mut found = StateValues::default();
        overlay.get_many(&sorted, &mut found)?;
        let new: Vec<usize> =
            firsts.iter().enumerate().filter(|(at, _)| found.value(*at).is_none()).map(|(_, row)| *row).collect();
        let values: ArrayRef = match spec.memory {
            Memory::OfKey => Arc::new(NullArray::new(new.len())),
            Memory::Within(delay_ms) => Arc::new(self.expiries(columns, &new, delay_ms)?),
        };
        let kept = spec.table.value.encode(std::slice::from_ref(&values), new.len())?;
        let mut entries = SortedEntries::with_capacity(new.len(), kept.bytes().len());
        for (at, row) in new.iter().enumerate() {
            entries.push(keys.key(*row), Some(kept.row(at)));
        }
        overlay.put_sorted(entries)?;
        if let Some(expiries) = values.as_primitive_opt() {
            overlay.put_sorted(self.by_expiry(&keys, &new, expiries))?;
        }
        OperatorCounters::add(&state.counters.updated, new.len());
        OperatorCounters::add(&state.counters.duplicates, rows.num_rows() - new.len());
        state.counters.grow(new.len() as i64);
        let mut stays = vec![false; rows.num_rows()];
        new.iter().for_each(|row| stays[*row] = true);
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec())?;
        Ok(filter_record_batch(&rows, &BooleanArray::from(stays))?)
    }

    /// When the keys of rows are forgotten, in microseconds. A null time counts as 0.
    fn expiries(&self, columns: &[ArrayRef], rows: &[usize], delay_ms: i64) -> Result<Int64Array> {
        let time = self.spec.event_time.ok_or_else(|| Error::internal("a deduplication without its event time"))?;
        let times = event_times(&columns[time])?;
        let delay = delay_ms.saturating_mul(1000);
        let at = |row: &usize| if times.is_valid(*row) { times.value(*row) } else { 0 };
        Ok(rows.iter().map(|row| at(row).saturating_add(delay)).collect::<Vec<_>>().into())
    }

    /// The keys of rows by the time at which they are forgotten.
    fn by_expiry(&self, keys: &TableKeys, rows: &[usize], expiries: &Int64Array) -> SortedEntries {
        let mut entries: Vec<_> = rows
            .iter()
            .zip(expiries.values())
            .map(|(row, at)| self.spec.by_expiry.by_time(keys.key(*row), Some(*at)))
            .collect();
        entries.sort_unstable();
        let mut sorted = SortedEntries::with_capacity(entries.len(), 0);
        entries.iter().for_each(|key| sorted.push(key, Some(&[])));
        sorted
    }

    /// Forgets the keys whose time is over.
    fn evict(&self, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<()> {
        let spec = &self.spec;
        let evict_ms = match spec.memory {
            Memory::OfKey => state.evictable_ms(),
            // A row without a time may be forgotten in the batch in which it came.
            Memory::Within(_) => state.watermark.evict_ms,
        };
        let Some(evict_ms) = evict_ms else { return Ok(()) };
        let by_time = match spec.memory {
            Memory::OfKey if spec.table.time.is_none() => return Ok(()),
            Memory::OfKey => None,
            Memory::Within(_) => Some(spec.by_expiry),
        };
        let (mut gone, mut index) = (Vec::new(), SortedEntries::with_capacity(0, 0));
        let by = by_time.unwrap_or(spec.table.id);
        let ranges = slots_of(self.lane, self.lanes).map(|slot| until(by, slot, evict_ms));
        in_chunks(overlay.scan_each(ranges)?, &mut |keys, _| {
            for key in keys {
                match by_time {
                    None => gone.push(key.to_vec()),
                    Some(_) => {
                        index.push(key, None);
                        gone.push(spec.table.id.instead(key, &key[PREFIX + TIME..]));
                    }
                }
            }
            Ok(())
        })?;
        gone.sort_unstable();
        let mut removed = SortedEntries::with_capacity(gone.len(), 0);
        gone.iter().for_each(|key| removed.push(key, None));
        OperatorCounters::add(&state.counters.removed, gone.len());
        state.counters.grow(-(gone.len() as i64));
        overlay.put_sorted(removed)?;
        overlay.put_sorted(index)
    }
}

/// The first row of each key, by the order of keys.
fn firsts(keys: &TableKeys) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::with_capacity(keys.order.len());
    for row in &keys.order {
        let row = *row as usize;
        match firsts.last_mut() {
            Some(last) if keys.key(*last) == keys.key(row) => *last = row.min(*last),
            _ => firsts.push(row),
        }
    }
    firsts
}
