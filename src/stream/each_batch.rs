//! `foreachBatch`: the user's function gets each batch as a relation, and may run as many actions on it as it likes.
//!
//! The relation is a [`Source`] that holds (plan, batch, inputs): each action opens it and runs a pass of its own over the same inputs, so
//! nothing is held in memory between actions.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parking_lot::Mutex;

use crate::batch::{Batch, BatchId};
use crate::error::Result;
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
}

impl BatchFrame {
    pub fn new(plan: Arc<Finished>, batch: Arc<Batch>, inputs: Inputs) -> Self {
        Self { plan, batch, inputs, passes: Arc::default() }
    }

    /// What the passes so far have read and seen.
    pub fn passes(&self) -> Vec<Arc<PassContext>> {
        self.passes.lock().clone()
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
        let pass = Arc::new(self.plan.pass(Arc::clone(&self.batch), self.inputs.clone())?);
        self.passes.lock().push(Arc::clone(pass.context()));
        let lanes =
            (0..pass.lanes()).map(|lane| Arc::new(Lane { pass: Arc::clone(&pass), lane }) as Arc<dyn Partition>);
        Ok(Box::new(OnceReader(lanes.collect())))
    }
}

/// One lane of the batch's plan is one partition of the relation.
struct Lane {
    pass: Arc<Pass>,
    lane: usize,
}

impl Partition for Lane {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        use futures::StreamExt;
        let scan = scan.clone();
        let rows = self.pass.lane_stream(self.lane)?;
        Ok(RecordBatches::Async(Box::pin(rows.map(move |batch| scan.project(&batch?)))))
    }
}
