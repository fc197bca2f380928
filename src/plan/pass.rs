//! One execution of a finished plan, and what its leaves and operators read meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use futures::stream::{BoxStream, StreamExt};

use super::LeafId;
use super::operators::call::{FunctionExec, Kept};
use super::operators::scan::ScanExec;
use super::operators::watermark::{EventTime, WatermarkExec};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
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

    /// What this pass read and saw, for as long as anybody asks.
    pub fn context(&self) -> &Arc<PassContext> {
        &self.context
    }
}

/// Whether a lane reads no partition, and takes no rows of other lanes either.
fn gives_nothing(plan: &Arc<dyn ExecutionPlan>, lane: usize, pass: &PassContext) -> Result<bool> {
    if let Some(scan) = plan.downcast_ref::<ScanExec>() {
        return Ok(scan.partitions(pass, lane)?.is_empty());
    }
    match plan.children().as_slice() {
        [below] if keeps_lanes(plan.as_ref()) => gives_nothing(below, lane, pass),
        _ => Ok(false),
    }
}

/// Whether each lane of an operator has rows of the same lane below it, and of no other.
fn keeps_lanes(plan: &dyn ExecutionPlan) -> bool {
    plan.is::<FilterExec>()
        || plan.is::<ProjectionExec>()
        || plan.is::<CooperativeExec>()
        || plan.is::<FunctionExec>()
        || plan.is::<WatermarkExec>()
}

/// What leaves and operators of a pass read: found through the `TaskContext`.
pub struct PassContext {
    pub(super) batch: Arc<Batch>,
    pub(super) runtime: Runtime,
    pub(super) inputs: Inputs,
    pub(super) rows: HashMap<LeafId, AtomicU64>,
    pub(super) watermarks: Vec<EventTime>,
    pub(super) kept: Option<Arc<Kept>>,
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
