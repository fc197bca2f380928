//! Functions of groups of rows that keep something of each group: `applyInPandasWithState`.
//!
//! The [operator](crate::plan::operators::stateful::groups) reads what was kept before it calls the
//! function, and writes what came of it after. The function sees no store.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray};
use arrow::datatypes::{Fields, SchemaRef};

use super::FunctionKey;
use crate::batch::Batch;
use crate::error::Result;
use crate::runtime::Turn;

/// When a group is called although no row of it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum GroupTimeout {
    Never,
    /// When the batch's clock reading is past the group's time.
    ProcessingTime,
    /// When the watermark is past the group's time.
    EventTime,
}

/// Why groups are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupCause {
    /// Rows of theirs have come.
    Rows,
    /// Their times are over. They have no rows.
    TimedOut,
}

/// Some groups of one lane, in the order of their keys.
#[derive(Clone, Debug)]
pub struct GroupChunk {
    pub cause: GroupCause,
    /// The input's columns. The rows of a group lie together, in the order in which they came.
    pub rows: Vec<ArrayRef>,
    /// By group, where its rows end.
    pub ends: Vec<usize>,
    /// The columns of the keys, one value a group.
    pub keys: Vec<ArrayRef>,
    /// What was kept, one value a group. Null where nothing was.
    pub values: StructArray,
    /// The watermark of the batch; `None` where none reaches the operator.
    pub watermark_ms: Option<i64>,
}

/// What becomes of what was kept of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupOutcome {
    /// It stays as it was.
    Kept,
    /// It is the next one of [`GroupResults::values`] from now on. Its time is this one, in
    /// milliseconds since the epoch.
    Written { timeout_ms: Option<i64> },
    Removed,
}

/// What came of a chunk.
#[derive(Clone, Debug)]
pub struct GroupResults {
    /// Columns of the output.
    pub rows: Vec<ArrayRef>,
    /// One a group.
    pub outcomes: Vec<GroupOutcome>,
    /// One value for each group that was written, in their order. Null where only the time is kept.
    pub values: StructArray,
}

/// A function that is called for each group of a stream's rows. One value serves every lane and
/// batch.
pub trait GroupFunction: Send + Sync + Debug {
    fn key(&self) -> FunctionKey;

    fn name(&self) -> &str;

    /// The turn of whoever enters user code; `None` where several threads may be inside at once.
    fn turn(&self) -> Option<&Arc<Turn>>;

    /// The rows that it gives.
    fn output(&self) -> SchemaRef;

    /// What it keeps of a group.
    fn state(&self) -> Fields;

    /// Calls the user's code for each group of a chunk, one after the other. Called on a thread for
    /// user code, chunk after chunk of a lane, those with rows first. A batch that fails or is
    /// replayed repeats its calls with the same chunks. An error ends the batch, and nothing of the
    /// batch is kept.
    fn call(&self, batch: &Batch, chunk: GroupChunk) -> Result<GroupResults>;
}

impl PartialEq for dyn GroupFunction {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
