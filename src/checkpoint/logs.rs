//! `offsets/` and `commits/` of a checkpoint, as they are read to decide what comes next, by its
//! query or by somebody else. Nothing is written.

use std::path::PathBuf;

use super::commits::CommitsEntry;
use super::layout::CheckpointLayout;
use super::offsets::OffsetsEntry;
use super::recovery::{Damage, Facts};
use crate::batch::BatchId;
use crate::durable::numbered::NumberedLog;
use crate::durable::store::{Durability, text_at};
use crate::error::{Error, ErrorKind, Result};

/// Which batches the logs of a checkpoint have.
#[derive(Clone, Debug)]
pub struct BatchLogs {
    layout: CheckpointLayout,
    /// Ascending.
    pub offsets: Vec<BatchId>,
    /// Ascending.
    pub commits: Vec<BatchId>,
}

impl BatchLogs {
    pub fn list(layout: &CheckpointLayout) -> Result<Self> {
        let numbers = |dir: PathBuf| match dir.is_dir() {
            true => NumberedLog::open(dir, Durability::Buffered)?.numbers(),
            false => Ok(Vec::new()),
        };
        Ok(Self { offsets: numbers(layout.offsets())?, commits: numbers(layout.commits())?, layout: layout.clone() })
    }

    /// What the recovery table is asked with.
    pub fn facts(&self, rolled_back: Option<BatchId>) -> Facts {
        let (newest_offsets, newest_commit) = (self.offsets.last().copied(), self.commits.last().copied());
        let first = newest_commit.unwrap_or_default().0;
        let mut needed = newest_offsets.map(|newest| first..=newest.0).into_iter().flatten().map(BatchId);
        let missing_offsets = needed.find(|batch| self.offsets.binary_search(batch).is_err());
        Facts { newest_offsets, newest_commit, missing_offsets, rolled_back }
    }

    /// A range; an error where it is not there.
    pub fn range(&self, id: BatchId) -> Result<OffsetsEntry> {
        let file = self.offsets_file(id);
        let text = text_at(&file)?.ok_or_else(|| self.refuse(Damage::OffsetsMissing(id)))?;
        OffsetsEntry::read(&file, &text)
    }

    /// A commit; an error where it is not there.
    pub fn commit(&self, id: BatchId) -> Result<CommitsEntry> {
        let file = self.commits_file(id);
        let text = text_at(&file)?.ok_or_else(|| self.refuse(Damage::CommitMissing(id)))?;
        CommitsEntry::read(&file, &text)
    }

    pub fn offsets_file(&self, id: BatchId) -> PathBuf {
        self.layout.offsets().join(id.to_string())
    }

    pub fn commits_file(&self, id: BatchId) -> PathBuf {
        self.layout.commits().join(id.to_string())
    }

    /// The error of a checkpoint whose logs mean nothing.
    pub fn refuse(&self, damage: Damage) -> Error {
        let (file, why) = match damage {
            Damage::OffsetsMissing(id) => (self.offsets_file(id), "a later batch was written after it"),
            Damage::CommitMissing(id) => (self.commits_file(id), "a later batch was begun"),
        };
        Error::new(
            ErrorKind::Checkpoint,
            format!(
                "the checkpoint {} is damaged: {} is missing, and {why}; nothing was changed, start with a new checkpoint or restore the file",
                self.layout.root().display(),
                file.display()
            ),
        )
    }
}
