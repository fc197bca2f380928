//! A limit over several lanes takes the rows of the first lane first, as Spark takes its partitions in order: so `first()`, `show()` and
//! `LIMIT` give the same rows each time. DataFusion's own operator takes whichever lane is quickest.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{ReplaceChildrenOptions, replace_children_if_necessary};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::{StreamExt, TryStreamExt, stream};

/// Record batches that each lane may be ahead: enough that a limit of one row costs little, and that lanes work side by side.
const AHEAD: usize = 2;

/// The plan with every limit taking its lanes in order.
pub fn limits_in_order(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
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

/// The rows of the first lane, then those of the second, and so on, up to `fetch` of them.
#[derive(Debug)]
struct InOrderExec {
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

    fn over(&self, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self { input: children.swap_remove(0), fetch: self.fetch, properties: Arc::clone(&self.properties) })
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
    fn name(&self) -> &'static str {
        "InOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self.over(children))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self.over(children))
    }

    /// Every lane runs, on a task of its own, since lanes may exchange rows; what is not wanted any more is dropped with the stream.
    fn execute(&self, _lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let lanes = self.input.properties().partitioning.partition_count();
        let streams: Vec<_> = (0..lanes)
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
