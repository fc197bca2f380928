//! An exchange of rows between lanes that keeps their order: each output lane has the first input
//! lane's rows first. DataFusion's own exchange takes whichever lane is quickest, so that `first`,
//! `collect_list` and their kin would answer differently from run to run.
//!
//! | file | what is in it |
//! |---|---|
//! | here | the operator, for rows by hash, in turn or by ranges |
//! | [`stage`] | an exchange that is filled before it is read: around operators with state |
//! | [`store`] | where rows wait for a reader |
//! | `ranges` | rows in an order, cut into ranges |

mod ranges;
pub mod stage;
pub mod store;

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::internal_datafusion_err;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet, Time};
use datafusion::physical_plan::repartition::{BatchPartitioner, RepartitionExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::future::ready;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use self::ranges::SortedRows;
use self::store::{ExchangeStore, ExchangedRows, SpillWriter};
use super::one_input::one_input;

/// One message from an input lane to an output lane; `None` is the lane's last.
type LaneMessage = DfResult<Option<ExchangedRows>>;
/// What an output lane reads: one channel for each input lane, in their order.
type Inbox = Vec<UnboundedReceiver<LaneMessage>>;

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
        let store = ExchangeStore::open(context, &self.metrics, self.input.schema())?;
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
