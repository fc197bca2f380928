//! A checkpoint as somebody else reads it, perhaps while its query runs. Nothing is written, nothing
//! is locked.

use std::path::PathBuf;

use super::conf::partitions;
use super::layout::CheckpointLayout;
use super::metadata;
use super::offsets::OffsetsEntry;
use super::operators::{self, OperatorEntry};
use crate::batch::BatchId;
use crate::durable::numbered::NumberedLog;
use crate::durable::store::Durability;
use crate::error::Result;

/// What a checkpoint says of itself.
#[derive(Clone, Debug)]
pub struct CheckpointView {
    layout: CheckpointLayout,
    /// The query's id.
    pub id: String,
    /// The operators with state, by their numbers.
    pub operators: Vec<OperatorEntry>,
    /// How many partitions Spark would give the state; 0 where there is none.
    pub partitions: u64,
    /// The oldest batch whose commit is still there.
    pub oldest: BatchId,
    /// The newest batch that is committed.
    pub newest: BatchId,
}

impl CheckpointView {
    /// `None` where there is no checkpoint, or one without a committed batch.
    pub fn open(root: PathBuf) -> Result<Option<Self>> {
        let (layout, durability) = (CheckpointLayout::new(root), Durability::Buffered);
        let Some(id) = metadata::read(&layout)? else { return Ok(None) };
        if !layout.commits().is_dir() || !layout.offsets().is_dir() {
            return Ok(None);
        }
        let committed = NumberedLog::open(layout.commits(), durability)?.numbers()?;
        let (Some(oldest), Some(newest)) = (committed.first().copied(), committed.last().copied()) else {
            return Ok(None);
        };
        let offsets = NumberedLog::open(layout.offsets(), durability)?;
        let entry = offsets.get(newest)?.map(|text| OffsetsEntry::read(&offsets.file(newest), &text)).transpose()?;
        let log = entry.and_then(|entry| entry.batch).unwrap_or_default().conf;
        let operators = operators::read(&layout, durability)?.unwrap_or_default();
        let partitions = if operators.is_empty() { 0 } else { partitions(&log)? };
        Ok(Some(Self { layout, id, operators, partitions, oldest, newest }))
    }

    /// Where the state lies.
    pub fn state(&self) -> PathBuf {
        self.layout.kept()
    }
}
