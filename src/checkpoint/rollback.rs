//! `firesteel/rollback.json`: a checkpoint goes back, or went back, to the state after a batch.
//!
//! ```text
//! {"version":1,"kind":"replay","to":7,"through":12,"watermarkMs":1719290655000,"stage":"done"}
//! ```
//!
//! It is written before the first file goes, so that a rollback that a crash cut short is finished by
//! whoever comes next. That of a replay stays until the batches after `to` are committed again. It
//! tells commits that were let go from commits that were lost.

use serde::{Deserialize, Serialize};

use super::json_file::read_json;
use super::layout::CheckpointLayout;
use crate::batch::BatchId;
use crate::durable::store::{Durability, Store, text_at};
use crate::error::{Error, Result};

const NAME: &str = "rollback.json";
const VERSION: u32 = 1;

/// What becomes of the batches after the one that a checkpoint goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RollbackKind {
    /// They run again, with their logged ranges.
    Replay,
    /// They never were: the sink takes them back.
    Forget,
}

/// How far a rollback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RollbackStage {
    /// Files go.
    Begun,
    /// They are gone, and batches run again.
    Done,
}

/// A rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackFile {
    version: u32,
    pub kind: RollbackKind,
    /// The batch after which everything is as it was.
    pub to: u64,
    /// The newest batch that had begun.
    pub through: u64,
    /// The watermark that the newest batch had led to; a replay does not end below it. `None` where
    /// that batch was not committed.
    #[serde(rename = "watermarkMs")]
    pub watermark_ms: Option<i64>,
    pub stage: RollbackStage,
}

impl RollbackFile {
    pub fn new(kind: RollbackKind, to: BatchId, through: BatchId, watermark_ms: Option<i64>) -> Self {
        Self { version: VERSION, kind, to: to.0, through: through.0, watermark_ms, stage: RollbackStage::Begun }
    }

    pub fn read(layout: &CheckpointLayout) -> Result<Option<Self>> {
        let file = layout.firesteel().join(NAME);
        text_at(&file)?.map(|text| read_json(&file, &text, VERSION)).transpose()
    }

    pub fn write(&self, layout: &CheckpointLayout, durability: Durability) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| Error::internal(error.to_string()))?;
        Store::open(layout.firesteel(), durability)?.replace(NAME, text.as_bytes())
    }

    pub fn remove(layout: &CheckpointLayout, durability: Durability) -> Result<()> {
        Store::open(layout.firesteel(), durability)?.remove(NAME)
    }
}
