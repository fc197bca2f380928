//! Functions that give one output row for each input row: `udf`, `pandas_udf`, a model, the clock.
//!
//! This is their contract. The [operator](crate::plan::operators::call) that runs them knows no
//! kind of function. Whoever gives other rows than it takes is an operator, not a function.
//!
//! | file | what is in it |
//! |---|---|
//! | [`clock`] | functions of the batch's clock: the simplest, and so the tutorial |
//! | [`groups`] | functions of groups of rows, with what they keep: an operator runs them |
//! | [`recurrent`] | functions that hand something on from row to row of a key: an operator runs them |
//! | [`row`] | functions of a row's place in its lane, and those of a seed |
//! | [`random`] | the generators behind those of a seed |

pub mod clock;
pub mod groups;
pub mod random;
pub mod recurrent;
pub mod row;

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::FieldRef;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::runtime::Turn;

/// Two calls with an equal key and equal arguments are one call, unless the function is not
/// deterministic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey(pub String);

/// Where a function runs, and so which of its methods is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// [`Function::call`] on the calling task, at once: it costs nothing (the clock).
    Inline,
    /// [`Function::call`] on the lane's thread and on compute threads, several chunks at once.
    Compute,
    /// [`Function::call`] on threads for user code, which may do anything, a query of its own
    /// included.
    Apart,
    /// [`Function::pull`] on a thread of its own, because it pulls its input (an iterator
    /// function).
    OwnThread,
}

/// Rows given to a function: one column per argument.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub columns: Vec<ArrayRef>,
    /// How many rows; a function without arguments has no column to tell.
    pub rows: usize,
    /// The lane that the rows are in, and how many of its rows this pass has seen before them.
    pub lane: usize,
    pub first_row: u64,
}

impl From<RecordBatch> for Chunk {
    fn from(batch: RecordBatch) -> Self {
        Self { rows: batch.num_rows(), columns: batch.columns().to_vec(), lane: 0, first_row: 0 }
    }
}

impl Chunk {
    /// Rows `offset..offset + rows`, without a copy.
    #[must_use]
    pub fn slice(&self, offset: usize, rows: usize) -> Self {
        let columns = self.columns.iter().map(|column| column.slice(offset, rows)).collect();
        Self { columns, rows, lane: self.lane, first_row: self.first_row + offset as u64 }
    }

    /// The chunk cut into parts of at most `rows` rows, without a copy.
    pub fn cut(self, rows: Option<usize>) -> Vec<Self> {
        match rows {
            Some(size) if size > 0 && size < self.rows => {
                (0..self.rows).step_by(size).map(|offset| self.slice(offset, size.min(self.rows - offset))).collect()
            }
            _ => vec![self],
        }
    }
}

/// A function's input, pulled from its own thread; waits for rows. An error ends the pass: hand it
/// on.
pub type Chunks = Box<dyn Iterator<Item = Result<Chunk>> + Send>;

/// A function's output, pulled by the operator on the function's own thread.
pub type Arrays = Box<dyn Iterator<Item = Result<ArrayRef>>>;

/// A function with the state of one lane, e.g. of its random numbers. It gets the lane's chunks in
/// order.
pub trait LaneFunction: Send {
    /// As many rows out as in, of the function's output type.
    fn call(&mut self, chunk: Chunk) -> Result<ArrayRef>;
}

/// Functions are equal whose calls with equal arguments give the same.
impl PartialEq for dyn Function {
    fn eq(&self, other: &Self) -> bool {
        self.deterministic() && self.key() == other.key()
    }
}

/// A function that a plan may call. One value serves every lane, batch and query at once.
pub trait Function: Send + Sync + Debug {
    fn key(&self) -> FunctionKey;

    /// The name that an unnamed column shows, e.g. `plus_one` in `plus_one(id)`.
    fn name(&self) -> &str;

    fn runs(&self) -> Runs;

    /// False: it is called anew at each occurrence, and no filter moves below it.
    fn deterministic(&self) -> bool {
        true
    }

    /// How many rows a chunk may have, of `rows` that there are; `None` leaves them as they come.
    /// Asked again and again, so it may change while running.
    fn chunk_rows(&self, rows: usize) -> Option<usize> {
        let _ = rows;
        None
    }

    /// For [`Runs::Compute`]: so few rows are called at once on the thread that asks, if it may
    /// block, since sharing them would take longer.
    fn inline_rows(&self) -> usize {
        0
    }

    /// For user code: the turn of whoever enters it, so that one thread does after the other;
    /// `None` where several may be inside at once.
    fn turn(&self) -> Option<&Arc<Turn>> {
        None
    }

    /// The output's field for these inputs; several outputs make a struct. An error names the input
    /// that does not fit.
    fn output(&self, inputs: &[FieldRef]) -> Result<FieldRef>;

    /// For [`Runs::Inline`]: what one lane of one pass calls instead, when a row's output depends
    /// on the rows before it. Asked once for each lane of a pass, before its first row.
    fn in_lane(&self, batch: &Batch, lane: usize) -> Option<Box<dyn LaneFunction>> {
        let _ = (batch, lane);
        None
    }

    /// Runs on one chunk of at least one row: as many rows out, of the output's type. For all but
    /// [`Runs::OwnThread`]; called on several threads at once, and only for `Inline` on one where
    /// nothing may block; it never waits for another chunk.
    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let _ = (batch, chunk);
        Err(Error::internal(format!("function '{}' cannot be called chunk by chunk", self.name())))
    }

    /// Runs over all chunks of one lane of one pass. For [`Runs::OwnThread`]; it may read ahead as
    /// far as it likes. Outputs are matched to inputs by their number of rows, in order.
    fn pull(&self, batch: &Batch, input: Chunks) -> Result<Arrays> {
        let _ = (batch, input);
        Err(Error::internal(format!("function '{}' does not pull its input", self.name())))
    }
}
