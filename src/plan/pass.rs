//! One execution of a finished plan, and what its leaves and operators read meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use futures::stream::{BoxStream, StreamExt};

use super::LeafId;
use super::operators::call::{FunctionExec, Kept};
use super::operators::exchange::stage::StageExec;
use super::operators::scan::ScanExec;
use super::operators::stateful::{OperatorPass, PassState};
use super::operators::watermark::{EventTime, WatermarkExec};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::runtime::clock::Clock;
use crate::source::{Partition, RecordBatches};
use crate::types::relabel;

/// Record batches by leaf: what a pass reads.
pub type Inputs = HashMap<LeafId, Vec<Arc<dyn Partition>>>;

/// One execution of a finished plan.
pub struct Pass {
    pub(super) plan: Arc<dyn ExecutionPlan>,
    pub(super) task: Arc<TaskContext>,
    pub(super) context: Arc<PassContext>,
    pub(super) schema: SchemaRef,
    /// The plan's stages, each after those below it.
    pub(super) stages: Vec<Arc<dyn ExecutionPlan>>,
}

impl Pass {
    pub fn lanes(&self) -> usize {
        self.plan.properties().partitioning.partition_count()
    }

    /// Lane `i`'s rows, under the user's names. Every lane of a pass must be run, each once: lanes
    /// may exchange rows.
    pub fn lane(&self, i: usize) -> Result<RecordBatches> {
        if gives_nothing(&self.plan, i, &self.context)? {
            return Ok(RecordBatches::Nothing);
        }
        Ok(RecordBatches::Async(self.lane_stream(i)?))
    }

    /// [`Pass::lane`] as a stream.
    pub fn lane_stream(&self, i: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let schema = Arc::clone(&self.schema);
        // Some operators start tasks as soon as they are executed.
        let _runtime = self.context.runtime.io().enter();
        let batches = self.plan.execute(i, Arc::clone(&self.task))?;
        Ok(batches.map(move |batch| relabel(&batch?, &schema)).boxed())
    }

    /// How many lanes each stage has below it. All of them are run to their ends, stage after stage,
    /// before a lane of the pass is.
    pub fn stages(&self) -> impl Iterator<Item = usize> + use<> {
        let lanes: Vec<_> = self.stages.iter().filter_map(stage).map(StageExec::lanes_below).collect();
        lanes.into_iter()
    }

    /// Runs one lane below a stage to its end.
    pub async fn fill(&self, number: usize, lane: usize) -> Result<()> {
        let stage = self.stages.get(number).and_then(stage).ok_or_else(|| Error::internal("a stage"))?;
        if gives_nothing(stage.below(), lane, &self.context)? {
            return Ok(stage.leave_empty(lane, &self.task)?);
        }
        Ok(stage.fill(lane, Arc::clone(&self.task)).await?)
    }

    /// What this pass read and saw, for as long as anybody asks.
    pub fn context(&self) -> &Arc<PassContext> {
        &self.context
    }
}

/// Whether a lane reads no partition, and neither takes rows of other lanes nor makes rows of none.
fn gives_nothing(plan: &Arc<dyn ExecutionPlan>, lane: usize, pass: &PassContext) -> Result<bool> {
    if let Some(scan) = plan.downcast_ref::<ScanExec>() {
        return Ok(scan.partitions(pass, lane)?.is_empty());
    }
    match plan.children().as_slice() {
        [below] if keeps_lanes(plan.as_ref()) || combines_rows(plan.as_ref()) => gives_nothing(below, lane, pass),
        _ => Ok(false),
    }
}

/// Whether an operator gives one row for each key that its lane has rows of.
fn combines_rows(plan: &dyn ExecutionPlan) -> bool {
    plan.downcast_ref::<AggregateExec>().is_some_and(|aggregate| {
        let keys = aggregate.group_expr();
        *aggregate.mode() == AggregateMode::Partial && keys.is_single() && !keys.is_empty()
    })
}

/// Whether each lane of an operator has rows of the same lane below it, and of no other.
pub(super) fn keeps_lanes(plan: &dyn ExecutionPlan) -> bool {
    plan.is::<FilterExec>()
        || plan.is::<ProjectionExec>()
        || plan.is::<CooperativeExec>()
        || plan.is::<FunctionExec>()
        || plan.is::<WatermarkExec>()
}

fn stage(plan: &Arc<dyn ExecutionPlan>) -> Option<&StageExec> {
    plan.downcast_ref::<StageExec>()
}

/// The stages of a plan, each after those below it.
pub(super) fn stages(plan: &Arc<dyn ExecutionPlan>) -> Vec<Arc<dyn ExecutionPlan>> {
    let mut found: Vec<_> = plan.children().into_iter().flat_map(stages).collect();
    if plan.is::<StageExec>() {
        found.push(Arc::clone(plan));
    }
    found
}

/// Whether every lane of an operator runs the lanes below it to their ends, on its own thread.
pub(super) fn drains_lanes(plan: &dyn ExecutionPlan) -> bool {
    keeps_lanes(plan) || plan.is::<UnionExec>()
}

/// What leaves and operators of a pass read: found through the `TaskContext`.
pub struct PassContext {
    pub(super) batch: Arc<Batch>,
    pub(super) runtime: Runtime,
    pub(super) inputs: Inputs,
    pub(super) rows: HashMap<LeafId, AtomicU64>,
    pub(super) watermarks: Vec<EventTime>,
    pub(super) kept: Option<Arc<Kept>>,
    pub(super) state: Option<PassState>,
    pub(super) clock: Arc<dyn Clock>,
}

impl PassContext {
    /// The pass that `context` belongs to.
    pub fn of(context: &TaskContext) -> Result<Arc<Self>> {
        context
            .session_config()
            .get_extension::<Self>()
            .ok_or_else(|| Error::internal("a plan was executed outside a pass"))
    }

    pub fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The state of all operators; `None` in a plan that keeps none.
    pub fn states(&self) -> Option<&PassState> {
        self.state.as_ref()
    }

    /// The state of the operator of that number.
    pub fn state(&self, operator: usize) -> Result<&OperatorPass> {
        let state =
            self.state.as_ref().ok_or_else(|| Error::internal("an operator with state ran outside of a query"))?;
        state.operator(operator)
    }

    /// In a continuous query: the functions that the lane's passes hand on.
    pub(super) fn kept(&self) -> Option<&Arc<Kept>> {
        self.kept.as_ref()
    }

    pub(super) fn partitions(&self, leaf: LeafId) -> Result<&[Arc<dyn Partition>]> {
        self.inputs
            .get(&leaf)
            .map(Vec::as_slice)
            .ok_or_else(|| Error::internal("a leaf of the plan has no input in this pass"))
    }

    pub(super) fn count_rows(&self, leaf: LeafId, rows: usize) {
        if let Some(count) = self.rows.get(&leaf) {
            count.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }

    /// Rows that a leaf has given so far, and all of them once every lane has ended.
    pub fn rows_read(&self, leaf: LeafId) -> u64 {
        self.rows.get(&leaf).map_or(0, |rows| rows.load(Ordering::Relaxed))
    }

    /// What the i-th declared watermark saw; complete once every lane has ended.
    pub fn event_time(&self, i: usize) -> Option<&EventTime> {
        self.watermarks.get(i)
    }
}
