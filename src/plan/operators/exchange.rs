//! An exchange of rows between lanes that keeps their order: each output lane has the first input lane's rows first. DataFusion's own
//! exchange takes whichever lane is quickest, so that `first`, `collect_list` and their kin would answer differently from run to run.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::common::internal_datafusion_err;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::Result as DfResult;
use datafusion::execution::SpillFile;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics, Time};
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

/// One message from an input lane to an output lane; `None` is the lane's last.
type Message = DfResult<Option<ExchangedRows>>;
/// What an output lane reads: one channel for each input lane, in their order.
type Inbox = Vec<UnboundedReceiver<Message>>;

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

/// Spreads rows over lanes.
///
/// Nothing waits for a reader: an output lane reads one input lane after the other, and readers that wait for each other would hang. So
/// rows that are not read yet are held in memory, and counted against the session's limit; what does not fit is written to disk.
#[derive(Debug)]
pub struct OrderedExchangeExec {
    input: Arc<dyn ExecutionPlan>,
    deal: Arc<Deal>,
    properties: Arc<PlanProperties>,
    /// One execution's inboxes, made by the first lane that is executed. A pass has a copy of its own.
    inboxes: Mutex<Option<RunningExchange>>,
}

#[derive(Debug)]
struct RunningExchange {
    inboxes: Vec<Option<Inbox>>,
    held: Arc<MemoryReservation>,
    disk: Arc<SpillManager>,
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
        Arc::new(Self { input, deal, properties, inboxes: Mutex::new(None) })
    }

    fn start(&self, context: &Arc<TaskContext>) -> DfResult<RunningExchange> {
        let outputs = self.properties.partitioning.partition_count();
        let lanes = self.input.properties().partitioning.partition_count();
        let consumer = MemoryConsumer::new("OrderedExchange").with_can_spill(true);
        let held = Arc::new(consumer.register(context.memory_pool()));
        let metrics = SpillMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
        let disk = Arc::new(SpillManager::new(context.runtime_env(), metrics, self.input.schema()));
        let mut inboxes: Vec<Inbox> = (0..outputs).map(|_| Vec::with_capacity(lanes)).collect();
        let mut tasks = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let dealer = match self.deal.as_ref() {
                Deal::As(partitioning) => {
                    Dealer::As(BatchPartitioner::try_new(partitioning.clone(), Time::default(), lane, lanes)?)
                }
                Deal::Ranges(order) => Dealer::Ranges { order: order.clone(), rows: Vec::new() },
            };
            let rows = self.input.execute(lane, Arc::clone(context))?;
            let (senders, receivers): (Vec<_>, Vec<_>) = (0..outputs).map(|_| unbounded_channel()).unzip();
            for (inbox, receiver) in inboxes.iter_mut().zip(receivers) {
                inbox.push(receiver);
            }
            tasks.push(SpawnedTask::spawn(spread(rows, dealer, senders, Arc::clone(&held), Arc::clone(&disk))));
        }
        Ok(RunningExchange { inboxes: inboxes.into_iter().map(Some).collect(), held, disk, tasks: Arc::new(tasks) })
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Self::over(input, Arc::clone(&self.deal), Arc::clone(&self.properties))
    }
}

/// One input lane's part of the dealing.
enum Dealer {
    As(BatchPartitioner),
    Ranges { order: LexOrdering, rows: Vec<RecordBatch> },
}

impl Dealer {
    fn deal(&mut self, batch: RecordBatch, send: &mut dyn FnMut(usize, RecordBatch) -> DfResult<()>) -> DfResult<()> {
        match self {
            Self::As(partitioner) => partitioner.partition(batch, send),
            Self::Ranges { rows, .. } => {
                rows.push(batch);
                Ok(())
            }
        }
    }

    /// What can be dealt out only when all rows are there.
    fn end(&mut self, outputs: usize, send: &mut dyn FnMut(usize, RecordBatch) -> DfResult<()>) -> DfResult<()> {
        let Self::Ranges { order, rows } = self else { return Ok(()) };
        let Some(first) = rows.first() else { return Ok(()) };
        let all = concat_batches(&first.schema(), rows.iter())?;
        rows.clear();
        let keys = order
            .iter()
            .map(|key| key.expr.evaluate(&all)?.into_array(all.num_rows()))
            .collect::<DfResult<Vec<_>>>()?;
        let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
        let keys = RowConverter::new(fields)?.convert_columns(&keys)?;
        let mut from = 0;
        for output in 0..outputs {
            let mut to = ((output + 1) * all.num_rows()).div_ceil(outputs).max(from);
            while to > from && to < all.num_rows() && keys.row(to) == keys.row(to - 1) {
                to += 1;
            }
            if to > from {
                send(output, all.slice(from, to - from))?;
            }
            from = to;
        }
        Ok(())
    }
}

/// The bytes of a column's own rows: slices share one buffer, and charged as the whole of it they would count it once each.
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
async fn spread(
    mut rows: SendableRecordBatchStream,
    mut dealer: Dealer,
    outputs: Vec<UnboundedSender<Message>>,
    held: Arc<MemoryReservation>,
    disk: Arc<SpillManager>,
) {
    // Once an output lane's rows go to disk, the rest of them does, so that they stay in order.
    let mut spilling: Vec<_> = outputs.iter().map(|_| None).collect();
    let mut send = |output: usize, part: RecordBatch| {
        if spilling[output].is_none() {
            let bytes = part.columns().iter().map(bytes_of).sum::<DfResult<usize>>()?;
            if held.try_grow(bytes).is_ok() {
                // A reader that is gone wants nothing.
                let _ = outputs[output].send(Ok(Some(ExchangedRows::Held(part, bytes))));
                return Ok(());
            }
            spilling[output] = Some(disk.create_in_progress_file("OrderedExchange")?);
        }
        if let Some(file) = &mut spilling[output] {
            file.append_batch(&part)?;
        }
        Ok(())
    };
    let mut ended = false;
    while !ended {
        let sent = match rows.next().await {
            Some(batch) => batch.and_then(|batch| dealer.deal(batch, &mut send)),
            None => {
                ended = true;
                dealer.end(outputs.len(), &mut send)
            }
        };
        if let Err(error) = sent {
            let error = Arc::new(error);
            for output in &outputs {
                let _ = output.send(Err(datafusion::error::DataFusionError::Shared(Arc::clone(&error))));
            }
            return;
        }
        if outputs.iter().all(UnboundedSender::is_closed) {
            return;
        }
    }
    for (output, file) in outputs.iter().zip(spilling) {
        let spilled = file.map_or(Ok(None), |mut file| file.finish());
        if let Some(spilled) = spilled.transpose() {
            let _ = output.send(spilled.map(|file| Some(ExchangedRows::Spilled(file))));
        }
        let _ = output.send(Ok(None));
    }
}

impl DisplayAs for OrderedExchangeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderedExchangeExec: {}", self.properties.partitioning)
    }
}

impl ExecutionPlan for OrderedExchangeExec {
    one_input!("OrderedExchangeExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let mut started = self.inboxes.lock();
        let started = match &mut *started {
            Some(started) => started,
            none => none.insert(self.start(&context)?),
        };
        let taken = started.inboxes.get_mut(lane).and_then(Option::take);
        let inbox = taken.ok_or_else(|| internal_datafusion_err!("lane {lane} of an exchange was executed twice"))?;
        let (held, disk, tasks) = (Arc::clone(&started.held), Arc::clone(&started.disk), Arc::clone(&started.tasks));
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
                    held.shrink(bytes);
                    stream::once(ready(Ok(batch))).boxed()
                }
                Ok(ExchangedRows::Spilled(file)) => match disk.read_spill_as_stream(file, None) {
                    Ok(rows) => rows.boxed(),
                    Err(error) => stream::once(ready(Err(error))).boxed(),
                },
                Err(error) => stream::once(ready(Err(error))).boxed(),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), rows)))
    }
}

/// Cuts each record batch into as many slices as there will be lanes, so that what is dealt out in turn is dealt out evenly.
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
