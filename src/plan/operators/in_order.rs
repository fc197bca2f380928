//! Where the order of rows shows in the answer, lanes are taken in order, as Spark takes its
//! partitions: under a limit (`first()`, `show()`, `LIMIT`), below an aggregate that looks at the
//! order (`first`, `collect_list`, `max_by`), and below a window: so each run gives the same rows.
//! DataFusion's own operators take whichever lane is quickest.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::exchange::OrderedExchangeExec;
use super::one_input::one_input;
use crate::plan::functions::looks_at_order;

/// Record batches that each lane may be ahead: enough that a limit of one row costs little, and
/// that lanes work side by side.
const AHEAD: usize = 2;

/// The plan with lanes taken in order wherever that can be seen; any other plan stays as it is.
pub fn in_order(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    lanes_in_order(limits_in_order(plan)?, false)
}

/// Whether an operator's answer shows the order of its rows: some aggregates, and windows, whose
/// equal rows stand as they come.
fn shows_order(node: &dyn ExecutionPlan) -> bool {
    let aggregate = node.downcast_ref::<AggregateExec>();
    aggregate.is_some_and(|aggregate| aggregate.aggr_expr().iter().any(|function| looks_at_order(function.fun())))
        || node.is::<WindowAggExec>()
        || node.is::<BoundedWindowAggExec>()
}

/// Everything below an operator that shows the order brings lanes together in their order.
fn lanes_in_order(node: Arc<dyn ExecutionPlan>, below: bool) -> DfResult<Arc<dyn ExecutionPlan>> {
    let below = below || shows_order(node.as_ref());
    let children: Vec<_> =
        node.children().into_iter().map(|child| lanes_in_order(Arc::clone(child), below)).collect::<DfResult<_>>()?;
    let node = replace_children_if_necessary(node, children)?;
    if !below {
        return Ok(node);
    }
    if let Some(lanes) = node.downcast_ref::<CoalescePartitionsExec>() {
        return Ok(InOrderExec::of(lanes));
    }
    if let Some(exchange) = node.downcast_ref::<RepartitionExec>() {
        let known = matches!(exchange.partitioning(), Partitioning::Hash(..) | Partitioning::RoundRobinBatch(_));
        if known && !exchange.preserve_order() {
            return Ok(OrderedExchangeExec::of(exchange, Arc::clone(exchange.input())));
        }
    }
    if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>() {
        // Of equal rows the first lane's first, not those of the lane that gave fewest so far.
        return Ok(Arc::new(merge.clone().with_round_robin_repartition(false)));
    }
    Ok(node)
}

/// The plan with every limit taking its lanes in order.
fn limits_in_order(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let changed = plan.transform_down(|node| {
        if let Some(lanes) = node.downcast_ref::<CoalescePartitionsExec>() {
            return Ok(match lanes.fetch() {
                Some(_) => Transformed::yes(InOrderExec::of(lanes)),
                None => Transformed::no(node),
            });
        }
        let Some(limit) = node.downcast_ref::<GlobalLimitExec>() else { return Ok(Transformed::no(node)) };
        let Some(lanes) = limit.input().downcast_ref::<CoalescePartitionsExec>() else {
            return Ok(Transformed::no(node));
        };
        let ordered = InOrderExec::of(lanes);
        replace_children_if_necessary(node, vec![ordered]).map(Transformed::yes)
    })?;
    Ok(changed.data)
}

/// The rows of the first lane, then those of the second, and so on, up to `fetch` of them; with
/// several output lanes, each takes neighbouring input lanes.
#[derive(Debug)]
pub struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    fetch: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl InOrderExec {
    /// In place of DataFusion's operator, whose properties hold for this one too.
    fn of(lanes: &CoalescePartitionsExec) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self {
            input: Arc::clone(lanes.input()),
            fetch: lanes.fetch(),
            properties: Arc::clone(lanes.properties()),
        })
    }

    /// Over no more than `lanes` lanes.
    pub fn over(input: Arc<dyn ExecutionPlan>, lanes: usize) -> Arc<dyn ExecutionPlan> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(lanes),
            input.properties().emission_type,
            input.properties().boundedness,
        );
        Arc::new(Self { input, fetch: None, properties: Arc::new(properties) })
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input, fetch: self.fetch, properties: Arc::clone(&self.properties) })
    }
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fetch {
            Some(fetch) => write!(f, "InOrderExec: fetch={fetch}"),
            None => write!(f, "InOrderExec"),
        }
    }
}

impl ExecutionPlan for InOrderExec {
    one_input!("InOrderExec", properties);

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    /// Every lane runs, on a task of its own, since lanes may exchange rows; what is not wanted any
    /// more is dropped with the stream.
    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let outputs = self.properties.partitioning.partition_count();
        let lanes = self.input.properties().partitioning.partition_count();
        let from = |output: usize| (output * lanes).div_ceil(outputs);
        let streams: Vec<_> = (from(lane)..from(lane + 1))
            .map(|lane| {
                let mut builder = RecordBatchReceiverStream::builder(self.input.schema(), AHEAD);
                let mut rows = self.input.execute(lane, Arc::clone(&context))?;
                let wanted = builder.tx();
                builder.spawn(async move {
                    while let Some(batch) = rows.next().await {
                        if wanted.send(batch).await.is_err() {
                            break;
                        }
                    }
                    Ok(())
                });
                Ok(builder.build())
            })
            .collect::<DfResult<_>>()?;
        let rows = stream::iter(streams).flatten();
        let left = self.fetch.unwrap_or(usize::MAX);
        let wanted = stream::try_unfold((rows, left), |(mut rows, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let Some(batch): Option<RecordBatch> = rows.try_next().await? else { return Ok(None) };
            let batch = if batch.num_rows() > left { batch.slice(0, left) } else { batch };
            let left = left - batch.num_rows();
            Ok(Some((batch, (rows, left))))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.input.schema(), wanted)))
    }
}
