//! Functions of groups of rows that keep something of each group: `applyInPandasWithState` and
//! `transformWithState`.
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
    /// When the batch's clock reading has come to the group's time.
    ProcessingTime,
    /// When the watermark has come to the group's time.
    EventTime,
}

/// What kind of function it is. Each is one of Spark's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum GroupKind {
    /// `applyInPandasWithState`: one value and one time a group. A time is over when it is past.
    State,
    /// `transformWithStateInPandas`: variables, any number of timers, values that expire. A timer is
    /// over when its time has come.
    PandasProcessor,
    /// `transformWithState`: the same with rows.
    RowProcessor,
}

impl GroupKind {
    /// Spark's name of the operator.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "applyInPandasWithState",
            Self::PandasProcessor => "transformWithStateInPandasExec",
            Self::RowProcessor => "transformWithStateInPySparkExec",
        }
    }
}

/// Why groups are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupCause {
    /// Rows of theirs have come.
    Rows,
    /// Their times are over. They have no rows.
    TimedOut,
    /// Something that was kept of them has expired.
    Expired,
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
    /// The times of each group, in milliseconds since the epoch.
    pub times: Vec<Vec<i64>>,
    /// The times that are over: group and time, in the order in which they are told.
    pub over: Vec<(usize, i64)>,
}

/// What becomes of what was kept of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOutcome {
    /// It stays as it was.
    Kept,
    /// It is the next one of [`GroupResults::values`] from now on, with these times in milliseconds
    /// since the epoch.
    Written {
        times: Vec<i64>,
        /// When the first thing in it expires.
        expires_ms: Option<i64>,
    },
    Removed,
}

/// What a function did, as progress reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Entries that are new, less entries that are gone.
    pub grown: i64,
    pub updated: u64,
    pub removed: u64,
}

/// What came of a chunk.
#[derive(Clone, Debug)]
pub struct GroupResults {
    /// Columns of the output.
    pub rows: Vec<ArrayRef>,
    /// One a group.
    pub outcomes: Vec<GroupOutcome>,
    /// One value for each group that was written, in their order. Null where only times are kept.
    pub values: StructArray,
    /// `None` where groups are counted.
    pub counts: Option<GroupCounts>,
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

    /// Begins one lane of one batch. Called once for each, on a thread for user code.
    /// `watermark_ms` is the batch's; `None` where none reaches the operator.
    fn open(&self, batch: &Batch, watermark_ms: Option<i64>) -> Result<Arc<dyn GroupCalls>>;
}

/// The calls of one lane of one batch, all on threads for user code. A batch that fails or is
/// replayed repeats them with the same chunks.
pub trait GroupCalls: Send + Sync {
    /// Calls the user's code for each group of a chunk, one after the other. Called chunk after
    /// chunk: those with rows, then those whose times are over, then those with something that has
    /// expired. An error ends the batch, and nothing of the batch is kept.
    fn call(&self, batch: &Batch, chunk: GroupChunk) -> Result<GroupResults>;

    /// Ends the lane. Called once after the last chunk, and not after an error.
    fn close(&self, batch: &Batch) -> Result<()>;
}
