//! An exchange of rows between lanes that keeps their order: each output lane has the first input
//! lane's rows first. DataFusion's own exchange takes whichever lane is quickest, so that `first`,
//! `collect_list` and their kin would answer differently from run to run.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::internal_datafusion_err;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::Result as DfResult;
use datafusion::execution::SpillFile;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet, SpillMetrics, Time};
use datafusion::physical_plan::repartition::{BatchPartitioner, RepartitionExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream, SpillManager,
};
use futures::future::ready;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::one_input::one_input;
use crate::plan::pass::PassContext;
use crate::runtime::Runtime;

/// One message from an input lane to an output lane; `None` is the lane's last.
type LaneMessage = DfResult<Option<ExchangedRows>>;
/// What an output lane reads: one channel for each input lane, in their order.
type Inbox = Vec<UnboundedReceiver<LaneMessage>>;

/// Rows on their way to an output lane.
enum ExchangedRows {
    /// In memory, with the bytes that they were charged.
    Held(RecordBatch, usize),
    /// On disk, for want of memory: all that the input lane had left for this output lane.
    Spilled(Arc<dyn SpillFile>),
}

/// How an exchange deals rows out.
#[derive(Debug)]
enum Deal {
    /// By hash, or in turn, as the operator that this one stands for.
    As(Partitioning),
    /// Rows that come in an order, cut into ranges of about equal size; equal rows stay together.
    Ranges(LexOrdering),
}

impl fmt::Debug for RunningExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningExchange").field("outputs", &self.inboxes.len()).finish_non_exhaustive()
    }
}

/// Spreads rows over lanes.
///
/// Nothing waits for a reader: an output lane reads one input lane after the other, and readers
/// that wait for each other would hang. So rows that are not read yet are held in memory, and
/// counted against the session's limit. A thread that may block writes the others to disk.
#[derive(Debug)]
pub struct OrderedExchangeExec {
    input: Arc<dyn ExecutionPlan>,
    deal: Arc<Deal>,
    properties: Arc<PlanProperties>,
    /// One execution's inboxes, made by the first lane that is executed. A pass has a copy of its
    /// own.
    inboxes: Mutex<Option<RunningExchange>>,
    metrics: ExecutionPlanMetricsSet,
}

struct RunningExchange {
    inboxes: Vec<Option<Inbox>>,
    store: ExchangeStore,
    tasks: Arc<Vec<SpawnedTask<()>>>,
}

/// Where rows wait: in memory as far as the session's limit lets them, else on disk.
#[derive(Clone)]
struct ExchangeStore {
    held: Arc<MemoryReservation>,
    disk: Arc<SpillManager>,
    runtime: Runtime,
    /// How many bytes of sorted rows wait in memory for the last of them. Few, for the merge below
    /// needs memory meanwhile and cannot spill.
    most_sorted: usize,
}

/// A file on disk that rows are being added to: each call with rows adds them, one without ends the
/// file and gives it. DataFusion's type has no name outside of its crate.
type SpillWriter = Box<dyn FnMut(Option<&RecordBatch>) -> DfResult<Option<Arc<dyn SpillFile>>> + Send>;

fn spill_writer(disk: &Arc<SpillManager>) -> DfResult<SpillWriter> {
    let mut file = disk.create_in_progress_file("OrderedExchange")?;
    Ok(Box::new(move |rows| match rows {
        Some(rows) => file.append_batch(rows).map(|_| None),
        None => file.finish(),
    }))
}

impl ExchangeStore {
    /// The bytes that the rows were charged; `None` where there is no room for them.
    fn charge(&self, rows: &RecordBatch) -> DfResult<Option<usize>> {
        let bytes = rows.columns().iter().map(bytes_of).sum::<DfResult<usize>>()?;
        Ok(self.held.try_grow(bytes).is_ok().then_some(bytes))
    }

    /// Adds rows to files, each to the one that its number says. A thread that may block does it.
    async fn spill(
        &self,
        mut files: Vec<Option<SpillWriter>>,
        rows: Vec<(usize, RecordBatch)>,
    ) -> DfResult<Vec<Option<SpillWriter>>> {
        if rows.is_empty() {
            return Ok(files);
        }
        let disk = Arc::clone(&self.disk);
        let written = self.runtime.blocking(move || {
            for (number, part) in rows {
                let file = match &mut files[number] {
                    Some(file) => file,
                    none => none.insert(spill_writer(&disk)?),
                };
                file(Some(&part))?;
            }
            Ok(files)
        });
        written.await?
    }

    /// Ends files; the numbers stay.
    async fn finish(&self, files: Vec<Option<SpillWriter>>) -> DfResult<Vec<Option<Arc<dyn SpillFile>>>> {
        if files.iter().all(Option::is_none) {
            return Ok(files.into_iter().map(|_| None).collect());
        }
        let end = |file: Option<SpillWriter>| file.map_or(Ok(None), |mut file| file(None));
        self.runtime.blocking(move || files.into_iter().map(end).collect()).await?
    }

    fn read(&self, file: Arc<dyn SpillFile>) -> DfResult<SendableRecordBatchStream> {
        self.disk.read_spill_as_stream(file, None)
    }
}

impl OrderedExchangeExec {
    /// In place of DataFusion's operator, whose properties hold for this one too.
    pub fn of(exchange: &RepartitionExec, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let deal = Deal::As(exchange.partitioning().clone());
        Self::over(input, Arc::new(deal), Arc::clone(exchange.properties()))
    }

    /// Rows of one lane, in `order`, over `lanes` by ranges.
    pub fn ranges(input: Arc<dyn ExecutionPlan>, order: LexOrdering, lanes: usize) -> Arc<dyn ExecutionPlan> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(lanes),
            EmissionType::Final,
            input.properties().boundedness,
        );
        Self::over(input, Arc::new(Deal::Ranges(order)), Arc::new(properties))
    }

    fn over(input: Arc<dyn ExecutionPlan>, deal: Arc<Deal>, properties: Arc<PlanProperties>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, deal, properties, inboxes: Mutex::new(None), metrics: ExecutionPlanMetricsSet::new() })
    }

    fn start(&self, context: &Arc<TaskContext>) -> DfResult<RunningExchange> {
        let outputs = self.properties.partitioning.partition_count();
        let lanes = self.input.properties().partitioning.partition_count();
        let consumer = MemoryConsumer::new("OrderedExchange").with_can_spill(true);
        let held = Arc::new(consumer.register(context.memory_pool()));
        let metrics = SpillMetrics::new(&self.metrics, 0);
        let disk = Arc::new(SpillManager::new(context.runtime_env(), metrics, self.input.schema()));
        let most_sorted = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(limit) => limit / 64,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        let store = ExchangeStore { held, disk, runtime: PassContext::of(context)?.runtime().clone(), most_sorted };
        let mut inboxes: Vec<Inbox> = (0..outputs).map(|_| Vec::with_capacity(lanes)).collect();
        let mut tasks = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let dealer = match self.deal.as_ref() {
                Deal::As(partitioning) => {
                    Dealer::As(BatchPartitioner::try_new(partitioning.clone(), Time::default(), lane, lanes)?)
                }
                Deal::Ranges(order) => Dealer::Ranges(SortedRows::new(order.clone(), outputs)),
            };
            let rows = self.input.execute(lane, Arc::clone(context))?;
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..outputs).map(|_| unbounded_channel()).unzip();
            for (inbox, receiver) in inboxes.iter_mut().zip(receivers) {
                inbox.push(receiver);
            }
            tasks.push(SpawnedTask::spawn(spread(rows, dealer, Outbox::new(senders, store.clone()))));
        }
        Ok(RunningExchange { inboxes: inboxes.into_iter().map(Some).collect(), store, tasks: Arc::new(tasks) })
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Self::over(input, Arc::clone(&self.deal), Arc::clone(&self.properties))
    }
}

/// One input lane's part of the dealing.
enum Dealer {
    As(BatchPartitioner),
    /// The rows are dealt out when all are there.
    Ranges(SortedRows),
}

/// Rows in an order, on their way into ranges.
struct SortedRows {
    order: LexOrdering,
    outputs: usize,
    rows: usize,
    held: Vec<(RecordBatch, usize)>,
    /// What the rows in memory were charged.
    bytes: usize,
    /// The rows after those in memory.
    spilling: Option<SpillWriter>,
}

impl SortedRows {
    fn new(order: LexOrdering, outputs: usize) -> Self {
        Self { order, outputs, rows: 0, held: Vec::new(), bytes: 0, spilling: None }
    }

    async fn add(&mut self, batch: RecordBatch, store: &ExchangeStore) -> DfResult<()> {
        self.rows += batch.num_rows();
        if self.spilling.is_none()
            && self.bytes < store.most_sorted
            && let Some(bytes) = store.charge(&batch)?
        {
            self.bytes += bytes;
            self.held.push((batch, bytes));
            return Ok(());
        }
        let files = store.spill(vec![self.spilling.take()], vec![(0, batch)]).await?;
        self.spilling = files.into_iter().next().flatten();
        Ok(())
    }

    /// Deals out all rows, in their order.
    async fn deal(self, outbox: &mut Outbox) -> DfResult<()> {
        let mut ranges = Ranges::new(&self.order, self.rows, self.outputs);
        let store = outbox.store.clone();
        for (batch, bytes) in self.held {
            store.held.shrink(bytes);
            outbox.send(ranges.cut(&batch)?).await?;
        }
        if let Some(file) = store.finish(vec![self.spilling]).await?.into_iter().next().flatten() {
            let mut rows = store.read(file)?;
            while let Some(batch) = rows.next().await {
                outbox.send(ranges.cut(&batch?)?).await?;
            }
        }
        Ok(())
    }
}

/// Cuts rows that come in an order into ranges of about equal size; equal rows stay in one.
struct Ranges<'a> {
    order: &'a LexOrdering,
    rows: usize,
    outputs: usize,
    /// Made for the first rows.
    converter: Option<RowConverter>,
    seen: usize,
    output: usize,
    /// The key of the last row that was seen.
    last: Option<OwnedRow>,
}

impl<'a> Ranges<'a> {
    fn new(order: &'a LexOrdering, rows: usize, outputs: usize) -> Self {
        Self { order, rows, outputs, converter: None, seen: 0, output: 0, last: None }
    }

    /// The next rows by output.
    fn cut(&mut self, batch: &RecordBatch) -> DfResult<Vec<(usize, RecordBatch)>> {
        let len = batch.num_rows();
        let keys =
            self.order.iter().map(|key| key.expr.evaluate(batch)?.into_array(len)).collect::<DfResult<Vec<_>>>()?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => {
                let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
                none.insert(RowConverter::new(fields)?)
            }
        };
        let keys = converter.convert_columns(&keys)?;
        let as_before = |row: usize, last: Option<&OwnedRow>| match row.checked_sub(1) {
            Some(before) => keys.row(row) == keys.row(before),
            None => last.is_some_and(|last| keys.row(row) == last.row()),
        };
        let (mut from, mut parts) = (0, Vec::new());
        loop {
            let end = ((self.output + 1) * self.rows).div_ceil(self.outputs);
            let mut to = end.saturating_sub(self.seen).clamp(from, len);
            while to < len && as_before(to, self.last.as_ref()) {
                to += 1;
            }
            if to > from {
                parts.push((self.output, batch.slice(from, to - from)));
            }
            if to == len {
                break;
            }
            self.output += 1;
            from = to;
        }
        self.seen += len;
        if let Some(last) = len.checked_sub(1) {
            self.last = Some(keys.row(last).owned());
        }
        Ok(parts)
    }
}

/// What one input lane sends to the output lanes.
struct Outbox {
    outputs: Vec<UnboundedSender<LaneMessage>>,
    /// Once an output lane's rows go to disk, the rest of them does, so that they stay in order.
    spilling: Vec<Option<SpillWriter>>,
    store: ExchangeStore,
}

impl Outbox {
    fn new(outputs: Vec<UnboundedSender<LaneMessage>>, store: ExchangeStore) -> Self {
        let spilling = outputs.iter().map(|_| None).collect();
        Self { outputs, spilling, store }
    }

    async fn send(&mut self, parts: Vec<(usize, RecordBatch)>) -> DfResult<()> {
        let (mut to_disk, mut on_disk) = (Vec::new(), vec![false; self.outputs.len()]);
        for (output, part) in parts {
            let spills = on_disk[output] || self.spilling[output].is_some();
            let charged = if spills { None } else { self.store.charge(&part)? };
            match charged {
                // A reader that is gone wants nothing.
                Some(bytes) => drop(self.outputs[output].send(Ok(Some(ExchangedRows::Held(part, bytes))))),
                None => {
                    on_disk[output] = true;
                    to_disk.push((output, part));
                }
            }
        }
        self.spilling = self.store.spill(std::mem::take(&mut self.spilling), to_disk).await?;
        Ok(())
    }

    async fn end(&mut self) -> DfResult<()> {
        let spilled = self.store.finish(std::mem::take(&mut self.spilling)).await?;
        for (output, file) in self.outputs.iter().zip(spilled) {
            if let Some(file) = file {
                let _ = output.send(Ok(Some(ExchangedRows::Spilled(file))));
            }
            let _ = output.send(Ok(None));
        }
        Ok(())
    }
}

/// The bytes of a column's own rows: slices share one buffer, and charged as the whole of it they
/// would count it once each.
fn bytes_of(column: &ArrayRef) -> DfResult<usize> {
    let nulls = column.nulls().map_or(0, |nulls| nulls.len().div_ceil(8));
    let listed = |offsets: &[i32], values: &dyn Array| {
        let (from, to) = (offsets[0] as usize, offsets[offsets.len() - 1] as usize);
        Ok(nulls + size_of_val(offsets) + bytes_of(&values.slice(from, to - from))?)
    };
    match column.data_type() {
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            listed(list.value_offsets(), list.values())
        }
        DataType::Map(..) => {
            let map = column.as_map();
            listed(map.value_offsets(), map.entries())
        }
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter().map(bytes_of).sum::<DfResult<usize>>()?;
            Ok(nulls + fields)
        }
        _ => Ok(column.to_data().get_slice_memory_size()?),
    }
}

/// Sends one input lane's rows to where they belong, until it ends or nobody reads any more.
async fn spread(rows: SendableRecordBatchStream, dealer: Dealer, mut outbox: Outbox) {
    if let Err(error) = spread_all(rows, dealer, &mut outbox).await {
        let error = Arc::new(error);
        for output in &outbox.outputs {
            let _ = output.send(Err(datafusion::error::DataFusionError::Shared(Arc::clone(&error))));
        }
    }
}

async fn spread_all(mut rows: SendableRecordBatchStream, mut dealer: Dealer, outbox: &mut Outbox) -> DfResult<()> {
    while let Some(batch) = rows.next().await {
        match &mut dealer {
            Dealer::As(partitioner) => {
                let mut parts = Vec::new();
                partitioner.partition(batch?, |output, part| {
                    parts.push((output, part));
                    Ok(())
                })?;
                outbox.send(parts).await?;
            }
            Dealer::Ranges(sorted) => sorted.add(batch?, &outbox.store).await?,
        }
        if outbox.outputs.iter().all(UnboundedSender::is_closed) {
            return Ok(());
        }
    }
    // The operator that sorted the rows needs its memory no more.
    drop(rows);
    if let Dealer::Ranges(sorted) = dealer {
        sorted.deal(outbox).await?;
    }
    outbox.end().await
}

impl DisplayAs for OrderedExchangeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderedExchangeExec: {}", self.properties.partitioning)
    }
}

impl ExecutionPlan for OrderedExchangeExec {
    one_input!("OrderedExchangeExec", properties);

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let mut started = self.inboxes.lock();
        let started = match &mut *started {
            Some(started) => started,
            none => none.insert(self.start(&context)?),
        };
        let taken = started.inboxes.get_mut(lane).and_then(Option::take);
        let inbox = taken.ok_or_else(|| internal_datafusion_err!("lane {lane} of an exchange was executed twice"))?;
        let (store, tasks) = (started.store.clone(), Arc::clone(&started.tasks));
        let rows = stream::iter(inbox).flat_map(|channel| {
            // `None` once the lane has said that it ended.
            stream::unfold(Some(channel), |channel| async {
                let mut channel = channel?;
                match channel.recv().await {
                    Some(Ok(Some(batch))) => Some((Ok(batch), Some(channel))),
                    Some(Ok(None)) => None,
                    Some(Err(error)) => Some((Err(error), None)),
                    None => Some((Err(internal_datafusion_err!("a lane of an exchange panicked")), None)),
                }
            })
        });
        let rows = rows.flat_map(move |part| {
            // The tasks end with their last reader.
            let _tasks = &tasks;
            match part {
                Ok(ExchangedRows::Held(batch, bytes)) => {
                    store.held.shrink(bytes);
                    stream::once(ready(Ok(batch))).boxed()
                }
                Ok(ExchangedRows::Spilled(file)) => match store.read(file) {
                    Ok(rows) => rows.boxed(),
                    Err(error) => stream::once(ready(Err(error))).boxed(),
                },
                Err(error) => stream::once(ready(Err(error))).boxed(),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), rows)))
    }
}

/// Cuts each record batch into as many slices as there will be lanes, so that what is dealt out in
/// turn is dealt out evenly.
#[derive(Debug)]
pub struct SlicesExec {
    input: Arc<dyn ExecutionPlan>,
    slices: usize,
}

impl SlicesExec {
    pub fn new(input: Arc<dyn ExecutionPlan>, slices: usize) -> Self {
        Self { input, slices }
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, self.slices))
    }
}

impl DisplayAs for SlicesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlicesExec: {}", self.slices)
    }
}

impl ExecutionPlan for SlicesExec {
    one_input!("SlicesExec", properties of the input);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let slices = self.slices;
        let rows = self.input.execute(lane, context)?.flat_map(move |batch| {
            let parts: Vec<DfResult<RecordBatch>> = match batch {
                Ok(batch) => {
                    let at = |slice: usize| slice * batch.num_rows() / slices;
                    (0..slices)
                        .map(|slice| (at(slice), at(slice + 1)))
                        .filter(|(from, to)| from < to)
                        .map(|(from, to)| Ok(batch.slice(from, to - from)))
                        .collect()
                }
                Err(error) => vec![Err(error)],
            };
            stream::iter(parts)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), rows)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
    use arrow::datatypes::Int64Type;
    use datafusion::common::TableReference;
    use datafusion::datasource::provider_as_source;
    use datafusion::logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder};
    use datafusion::physical_plan::ExecutionPlan;
    use futures::TryStreamExt;

    use super::OrderedExchangeExec;
    use crate::batch::Batch;
    use crate::config::Conf;
    use crate::plan::finish::{Env, finish};
    use crate::plan::operators::lanes::{LaneLayout, LanesNode};
    use crate::plan::operators::scan::SourceTable;
    use crate::plan::pass::Inputs;
    use crate::plan::{Attribute, Leaf, LeafId, Resolved};
    use crate::runtime::Runtime;
    use crate::runtime::clock::ManualClock;
    use crate::source::Source;
    use crate::source::memory::MemoryTable;

    fn spills(plan: &Arc<dyn ExecutionPlan>) -> usize {
        let own = plan.downcast_ref::<OrderedExchangeExec>().and_then(ExecutionPlan::metrics);
        own.and_then(|metrics| metrics.spill_count()).unwrap_or(0)
            + plan.children().into_iter().map(spills).sum::<usize>()
    }

    /// Values over `lanes` by ranges under a memory limit: each lane's values, and how many files
    /// were spilled.
    fn by_ranges(values: Vec<i64>, lanes: usize, limit: &str) -> (Vec<Vec<i64>>, usize) {
        let mut conf = Conf::default();
        conf.set("firesteel.memory.limit", limit);
        let clock = Arc::new(ManualClock::at(0));
        let env = Arc::new(Env::new(Arc::new(conf), Runtime::new(2).unwrap(), clock).unwrap());
        let wide: ArrayRef = Arc::new(values.iter().map(|v| Some(format!("{v:0200}"))).collect::<StringArray>());
        let rows = RecordBatch::try_from_iter([("v", Arc::new(Int64Array::from(values)) as ArrayRef), ("w", wide)]);
        let rows = rows.unwrap();
        let slices = (0..rows.num_rows()).step_by(1000).map(|at| rows.slice(at, 1000.min(rows.num_rows() - at)));
        let source = Arc::new(MemoryTable::new(rows.schema(), slices.collect()).unwrap()) as Arc<dyn Source>;
        let leaf = Leaf { id: LeafId::fresh(), source, streaming: false };
        let schema = leaf.source.schema();
        let output: Vec<_> =
            schema.fields().iter().map(|f| Attribute::new(f.name(), f.data_type().clone(), f.is_nullable())).collect();
        let table = provider_as_source(Arc::new(SourceTable::new(leaf.clone(), &output)));
        let input = LogicalPlanBuilder::scan(TableReference::bare("t"), table, None).unwrap().build().unwrap();
        let key = Expr::Column(input.schema().columns()[0].clone()).sort(true, false);
        let layout = LaneLayout::Ranges(vec![key], lanes);
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(LanesNode { input, layout }) });
        let resolved = Resolved { plan, output, leaves: vec![leaf], ..Resolved::nothing() };
        let pass = finish(&resolved, &env).unwrap().pass(Arc::new(Batch::default()), Inputs::new()).unwrap();
        let lanes = (0..pass.lanes()).map(|lane| {
            let rows = pass.lane_stream(lane).unwrap().try_collect::<Vec<_>>();
            let rows = env.runtime.block_on(rows).unwrap();
            rows.iter().flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
        });
        let lanes = lanes.collect();
        (lanes, spills(&pass.plan))
    }

    #[test]
    fn ranges_under_a_small_limit_go_to_disk_and_come_back_the_same() {
        let values: Vec<i64> = (0..40_000).map(|i| i * 7919 % 40_000).collect();
        let (in_memory, none) = by_ranges(values.clone(), 3, "1g");
        let (spilled, some) = by_ranges(values, 3, "50m");
        assert_eq!(none, 0);
        assert!(some > 0, "nothing was spilled");
        assert_eq!(spilled, in_memory);
        let all: Vec<i64> = in_memory.concat();
        assert_eq!(all, (0..40_000).collect::<Vec<_>>());
        assert_eq!(in_memory.iter().map(Vec::len).collect::<Vec<_>>(), [13_334, 13_333, 13_333]);
    }

    #[test]
    fn equal_rows_are_in_one_range_across_record_batches() {
        let values: Vec<i64> = (0..5_000).map(|i| i64::from(i >= 500) + i64::from(i >= 4_700)).collect();
        let (lanes, _) = by_ranges(values, 4, "1g");
        assert_eq!(lanes.iter().map(Vec::len).collect::<Vec<_>>(), [4_700, 0, 0, 300]);
    }
}
