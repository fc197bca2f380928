//! Functions that give one output row for each input row: `udf`, `pandas_udf`, a model, the clock. The contract of the operator
//! that runs them (`plan/function_exec.rs`), so that every kind is called alike, in batch and in stream, micro-batch and continuous.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::FieldRef;

use crate::batch::Batch;
use crate::error::Result;

/// Two calls with an equal key and equal arguments are one call. A function that is not deterministic has a key per occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey(pub String);

/// Where a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// On the calling task, at once: it costs nothing (the clock).
    Inline,
    /// On a compute thread; called only with a chunk ready, it never waits for input.
    Compute,
    /// On a thread of its own, because it pulls its input (an iterator function).
    OwnThread,
}

/// Rows given to a function: one column per argument.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub columns: Vec<ArrayRef>,
    pub rows: usize,
}

/// A function that a plan may call.
pub trait Function: Send + Sync + Debug {
    fn key(&self) -> FunctionKey;

    /// The name that an unnamed column shows, e.g. `plus_one` in `plus_one(id)`.
    fn name(&self) -> &str;

    fn runs(&self) -> Runs;

    fn deterministic(&self) -> bool {
        true
    }

    /// How many rows a chunk should have; `None` leaves them as they come. Asked at the start of each pass.
    fn chunk_rows(&self) -> Option<usize> {
        None
    }

    /// The output's field for these inputs; several outputs make a struct. An error names the input that does not fit.
    fn output(&self, inputs: &[FieldRef]) -> Result<FieldRef>;

    /// Opens the function for one lane: once a pass; in continuous mode once a run. `lanes` lanes may be open at once.
    fn open(self: Arc<Self>, lane: usize) -> Result<Box<dyn Calls>>;
}

/// A function opened for one lane.
pub trait Calls: Send {
    /// Takes a chunk and returns what is ready: the output of this chunk, or of earlier ones for a function that reads ahead.
    /// The operator matches outputs to inputs by their number of rows, in order.
    fn call(&mut self, batch: &Batch, chunk: Chunk) -> Result<Vec<ArrayRef>>;

    /// The input has ended: what is still owed.
    fn finish(&mut self, batch: &Batch) -> Result<Vec<ArrayRef>> {
        let _ = batch;
        Ok(Vec::new())
    }
}

impl From<RecordBatch> for Chunk {
    fn from(batch: RecordBatch) -> Self {
        Self { rows: batch.num_rows(), columns: batch.columns().to_vec() }
    }
}
