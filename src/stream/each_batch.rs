//! `foreachBatch`: the user's function gets each batch as a relation, and may run as many actions
//! on it as it likes.
//!
//! The relation is a [`Source`] that holds (plan, batch, inputs): each read runs a pass of its own
//! over the same inputs, so nothing is held in memory between actions. A plan with state runs once:
//! its rows are held, in memory or on disk, for as long as the relation is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::lock::Mutex as AsyncMutex;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use parking_lot::Mutex;

use crate::batch::{Batch, BatchId};
use crate::error::Result;
use crate::plan::finish::Finished;
use crate::plan::pass::{Inputs, Pass, PassContext};
use crate::runtime::Cancel;
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};

/// The user's function.
pub trait EachBatch: Send + Sync {
    /// Called once a batch, again when the batch is replayed after a crash: tell the repetition by
    /// its number. On the query's own thread, with no lock held. An error ends the query and leaves
    /// the batch for replay.
    fn call(&self, rows: Arc<dyn Source>, id: BatchId) -> Result<()>;
}

/// The rows of one batch, as a relation.
#[derive(Clone)]
pub struct BatchFrame(Arc<BatchRows>);

struct BatchRows {
    plan: Arc<Finished>,
    batch: Arc<Batch>,
    inputs: Inputs,
    /// The one pass of a plan with state.
    held: Option<Arc<Pass>>,
    passes: Mutex<Vec<Arc<PassContext>>>,
    /// The user's function has returned. A frame that it kept no longer ends with the query.
    done: AtomicBool,
}

impl BatchFrame {
    pub fn new(plan: Arc<Finished>, batch: Arc<Batch>, inputs: Inputs) -> Self {
        let (passes, done) = (Mutex::default(), AtomicBool::new(false));
        Self(Arc::new(BatchRows { plan, batch, inputs, held: None, passes, done }))
    }

    /// The rows of a pass whose stages are filled, the last of which holds them.
    pub fn held(plan: Arc<Finished>, batch: Arc<Batch>, pass: Arc<Pass>) -> Self {
        let (passes, done) = (Mutex::new(vec![Arc::clone(pass.context())]), AtomicBool::new(false));
        Self(Arc::new(BatchRows { plan, batch, inputs: Inputs::new(), held: Some(pass), passes, done }))
    }

    /// The user's function has returned.
    pub fn done(&self) {
        self.0.done.store(true, Ordering::Release);
    }

    /// What the passes so far have read and seen.
    pub fn passes(&self) -> Vec<Arc<PassContext>> {
        self.0.passes.lock().clone()
    }
}

impl fmt::Debug for BatchFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchFrame({})", self.0.batch.id)
    }
}

impl Source for BatchFrame {
    fn description(&self) -> String {
        format!("ForeachBatch[{}]", self.0.batch.id)
    }

    fn schema(&self) -> SchemaRef {
        self.0.plan.schema()
    }

    fn owner(&self) -> Option<Cancel> {
        self.0.owner()
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let cancel = Cancel::under(self.0.owner().into_iter().chain([run.cancel]));
        let batch = Arc::new(Batch { cancel, ..Batch::clone(&self.0.batch) });
        let begun = AsyncMutex::new(vec![self.0.begin(&batch)?]);
        let reads = Arc::new(Reads { rows: Arc::clone(&self.0), batch, begun });
        let lanes = (0..self.0.plan.lanes())
            .map(|lane| Arc::new(LanePartition { reads: Arc::clone(&reads), lane }) as Arc<dyn Partition>);
        Ok(Box::new(OnceReader(lanes.collect())))
    }
}

impl BatchRows {
    fn owner(&self) -> Option<Cancel> {
        (!self.done.load(Ordering::Acquire)).then(|| self.batch.cancel.clone())
    }

    /// Prepares one more pass. Blocks: a static leaf of the plan is opened.
    fn begin(&self, batch: &Arc<Batch>) -> Result<RunningPass> {
        if let Some(held) = &self.held {
            return Ok(RunningPass { pass: Arc::clone(held), taken: vec![false; held.lanes()] });
        }
        let pass = Arc::new(self.plan.pass(Arc::clone(batch), self.inputs.clone())?);
        self.passes.lock().push(Arc::clone(pass.context()));
        let taken = vec![false; pass.lanes()];
        Ok(RunningPass { pass, taken })
    }
}

/// A pass, and which of its lanes are being read: each may be, once.
struct RunningPass {
    pass: Arc<Pass>,
    taken: Vec<bool>,
}

/// The passes of one action. A plan that names the frame twice, as a self-join does, reads each
/// lane twice: the second read is served by another pass, whose other lanes wait for their own
/// second read.
struct Reads {
    rows: Arc<BatchRows>,
    /// The batch, under the action that reads it.
    batch: Arc<Batch>,
    begun: AsyncMutex<Vec<RunningPass>>,
}

impl Reads {
    /// The lane's rows, of a pass that has not given them yet.
    async fn take(&self, lane: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut begun = self.begun.lock().await;
        let free = match begun.iter().position(|begun| !begun.taken[lane]) {
            Some(free) => free,
            None => {
                let (rows, batch) = (Arc::clone(&self.rows), Arc::clone(&self.batch));
                begun.push(self.rows.plan.env().runtime.blocking(move || rows.begin(&batch)).await??);
                begun.len() - 1
            }
        };
        begun[free].taken[lane] = true;
        begun[free].pass.lane_stream(lane)
    }
}

/// One lane of the batch's plan is one partition of the relation.
struct LanePartition {
    reads: Arc<Reads>,
    lane: usize,
}

impl Partition for LanePartition {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let (reads, lane, scan) = (Arc::clone(&self.reads), self.lane, scan.clone());
        let rows = stream::once(async move { reads.take(lane).await }).try_flatten();
        let project = move |batch: Result<_>| batch.and_then(|batch| scan.project(&batch));
        Ok(RecordBatches::Async(rows.map(project).boxed()))
    }
}
