//! `foreachBatch`: the user's function gets each batch as a relation, and may run as many actions on it as it likes.
//!
//! The relation is a [`Source`] that holds (plan, batch, inputs): each action opens it and runs a pass of its own over the same inputs, so
//! nothing is held in memory between actions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;

use crate::batch::{Batch, BatchId};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::execute::{Finished, Inputs, Pass, PassContext};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};

/// The user's function.
pub trait EachBatch: Send + Sync {
    /// Called once a batch, again when the batch is replayed after a crash: tell the repetition by its number. On the query's own
    /// thread, with no lock held. An error ends the query and leaves the batch for replay.
    fn call(&self, rows: Arc<dyn Source>, id: BatchId) -> Result<()>;
}

/// The rows of one batch, as a relation.
pub struct BatchFrame {
    plan: Arc<Finished>,
    batch: Arc<Batch>,
    inputs: Inputs,
    passes: Arc<Mutex<Vec<Arc<PassContext>>>>,
    cut_short: CutShort,
}

impl BatchFrame {
    pub fn new(plan: Arc<Finished>, batch: Arc<Batch>, inputs: Inputs) -> Self {
        Self { plan, batch, inputs, passes: Arc::default(), cut_short: CutShort::default() }
    }

    /// An error of kind [`Cancelled`](ErrorKind::Cancelled) when an action did not see all rows because the query was stopped. Such
    /// a batch is not done, whatever the user's function made of the error.
    pub fn check_complete(&self) -> Result<()> {
        if self.cut_short.0.load(Ordering::Acquire) { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// What the passes so far have read and seen.
    pub fn passes(&self) -> Vec<Arc<PassContext>> {
        self.passes.lock().clone()
    }
}

/// Whether an action on the batch was cancelled.
#[derive(Clone, Default)]
struct CutShort(Arc<AtomicBool>);

impl CutShort {
    fn note(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Cancelled {
            self.0.store(true, Ordering::Release);
        }
        error
    }
}

impl fmt::Debug for BatchFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchFrame({})", self.batch.id)
    }
}

impl Source for BatchFrame {
    fn description(&self) -> String {
        format!("ForeachBatch[{}]", self.batch.id)
    }

    fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    fn open(&self, _: SourceRun) -> Result<Box<dyn Reader>> {
        let pass = self.plan.pass(Arc::clone(&self.batch), self.inputs.clone());
        let pass = Arc::new(pass.map_err(|error| self.cut_short.note(error))?);
        self.passes.lock().push(Arc::clone(pass.context()));
        let lane = |lane| Lane { pass: Arc::clone(&pass), lane, cut_short: self.cut_short.clone() };
        let lanes = (0..pass.lanes()).map(|i| Arc::new(lane(i)) as Arc<dyn Partition>);
        Ok(Box::new(OnceReader(lanes.collect())))
    }
}

/// One lane of the batch's plan is one partition of the relation.
struct Lane {
    pass: Arc<Pass>,
    lane: usize,
    cut_short: CutShort,
}

impl Partition for Lane {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        use futures::StreamExt;
        let scan = scan.clone();
        let rows = self.pass.lane_stream(self.lane)?;
        let cut_short = self.cut_short.clone();
        let project = move |batch: Result<_>| batch.and_then(|batch| scan.project(&batch));
        Ok(RecordBatches::Async(Box::pin(rows.map(move |batch| project(batch).map_err(|error| cut_short.note(error))))))
    }
}
