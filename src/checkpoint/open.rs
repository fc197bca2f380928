//! A checkpoint that a query has opened: found, locked, and recovered from.

use std::path::PathBuf;

use serde_json::Value;

use super::commits::CommitsEntry;
use super::conf::LoggedConf;
use super::layout::CheckpointLayout;
use super::logs::BatchLogs;
use super::metadata;
use super::mode::CheckpointMode;
use super::offsets::OffsetsEntry;
use super::operators::{self, OperatorEntry};
use super::query_file::{OutputEntry, QueryFile, SourceEntry};
use super::recovery::{Decision, decide};
use super::rollback::{RollbackFile, RollbackStage};
use crate::batch::BatchId;
use crate::config::Conf;
use crate::durable::lock::Lock;
use crate::durable::log::SourceLog;
use crate::durable::numbered::NumberedLog;
use crate::durable::store::{Durability, Store};
use crate::error::{Error, ErrorKind, Result, condition};

/// Where a query keeps its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointLocation {
    /// A directory that outlives the query.
    At(PathBuf),
    /// A directory of this run, removed when it ends well.
    Temporary(PathBuf),
}

/// A checkpoint whose query is known, not locked yet.
#[derive(Debug)]
pub struct FoundCheckpoint {
    layout: CheckpointLayout,
    id: String,
    durability: Durability,
    retain: u64,
    verify_empty: bool,
    temporary: bool,
}

impl FoundCheckpoint {
    /// Reads the query's id, or gives the new checkpoint `fresh` as its own.
    pub fn find(location: CheckpointLocation, conf: &Conf, fresh: impl Fn() -> String) -> Result<Self> {
        let retain = conf.number("spark.sql.streaming.minBatchesToRetain")?;
        if retain == 0 {
            return Err(Error::illegal("'spark.sql.streaming.minBatchesToRetain' must be above zero"));
        }
        let (root, temporary) = match location {
            CheckpointLocation::At(root) => (root, false),
            CheckpointLocation::Temporary(root) => (root, true),
        };
        // A checkpoint that is removed with its run need not survive a power cut.
        let synced = !temporary && conf.flag("firesteel.checkpoint.fsync")?;
        let durability = if synced { Durability::Synced } else { Durability::Buffered };
        let layout = CheckpointLayout::new(root);
        let id = metadata::read_or_create(&layout, durability, fresh)?;
        let verify_empty = conf.flag("spark.sql.streaming.verifyCheckpointDirectoryEmptyOnStart")?;
        Ok(Self { layout, id, durability, retain, verify_empty, temporary })
    }

    /// The query's id: the same on every restart.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Takes the checkpoint for this run.
    pub fn lock(self) -> Result<Checkpoint> {
        let Self { layout, id, durability, retain, verify_empty, temporary } = self;
        let lock = Lock::take(&layout.lock(), layout.root())?;
        let offsets = NumberedLog::open(layout.offsets(), durability)?;
        let commits = NumberedLog::open(layout.commits(), durability)?;
        Ok(Checkpoint { layout, id, durability, retain, verify_empty, temporary, offsets, commits, _lock: lock })
    }
}

/// A checkpoint held by one run of one query.
#[derive(Debug)]
pub struct Checkpoint {
    layout: CheckpointLayout,
    id: String,
    durability: Durability,
    retain: u64,
    verify_empty: bool,
    temporary: bool,
    offsets: NumberedLog,
    commits: NumberedLog,
    _lock: Lock,
}

/// Where a run begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Recovered {
    /// Batch 0 from the readers' initial offsets.
    Begin,
    /// The batch after `after`, from its ends.
    Continue { after: BatchId, ends: OffsetsEntry, commit: CommitsEntry },
    /// Batches again, one after the other: from the ends of the batch before the first of them (none
    /// for batch 0), each to its own.
    Replay { starts: Option<OffsetsEntry>, batches: Vec<ReplayedBatch>, rolled_back: Option<BatchId> },
}

/// A batch that was begun and runs again.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayedBatch {
    pub id: BatchId,
    pub ends: OffsetsEntry,
    /// The watermark that it led to, where that is known: the query's does not end below it.
    pub next_watermark_ms: Option<i64>,
}

impl Checkpoint {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn layout(&self) -> &CheckpointLayout {
        &self.layout
    }

    /// The newest batch that has begun: its range is logged.
    pub fn newest_begun(&self) -> Result<Option<BatchId>> {
        self.offsets.newest()
    }

    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// How many batches before the newest one can be gone back to.
    pub fn retain(&self) -> u64 {
        self.retain
    }

    /// The schema of the values that an operator kept in its first run, in Spark's JSON form.
    pub fn first_values(&self, operator: usize) -> Result<Option<Value>> {
        let operators = operators::read(&self.layout, self.durability)?.unwrap_or_default();
        let table = operators.get(operator).and_then(|operator| operator.tables.first());
        Ok(table.map(|table| table.value.clone()))
    }

    /// Compares the query's operators with state with those that the checkpoint knows. Nothing is
    /// written where they differ. `begun` says whether a batch has been committed. The settings of
    /// the operators come back that hold.
    pub fn check_operators(&self, operators: &[OperatorEntry], begun: bool) -> Result<Vec<Value>> {
        let theirs = self.layout.state();
        if theirs.is_dir() && !Store::open(&theirs, self.durability)?.list()?.is_empty() {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "{} holds state that Spark wrote, which Firesteel does not read: use a new checkpoint location",
                    theirs.display()
                ),
            ));
        }
        operators::check(&self.layout, self.durability, operators, begun)
    }

    /// Notes where this run's rows come from and go to.
    pub fn note_query(&self, sources: Vec<SourceEntry>, output: OutputEntry) -> Result<()> {
        QueryFile::note(&self.layout, self.durability, sources, output)
    }

    /// The own log of the query's source `i`.
    pub fn source_log(&self, i: usize) -> SourceLog {
        SourceLog { dir: self.layout.source(i), durability: self.durability }
    }

    /// The settings that the newest batch logged; `None` in a new checkpoint.
    pub fn logged_conf(&self) -> Result<Option<LoggedConf>> {
        let Some(newest) = self.offsets.newest()? else { return Ok(None) };
        Ok(BatchLogs::list(&self.layout)?.range(newest)?.batch.map(|batch| batch.conf))
    }

    /// Where a micro-batch run begins. Entries of a continuous run after its last commit are
    /// dropped first.
    pub fn recover(&self) -> Result<Recovered> {
        let newest_offsets = self.offsets.newest()?;
        let ran = CheckpointMode::read(&self.layout)?;
        let left_by_continuous = match (ran, newest_offsets) {
            (Some(mode), _) => mode == CheckpointMode::Continuous,
            (None, Some(newest)) => BatchLogs::list(&self.layout)?.range(newest)?.batch.is_none(),
            (None, None) => false,
        };
        if left_by_continuous {
            self.offsets.remove_after(self.commits.newest()?)?;
        }
        let recovered = self.decide()?;
        if recovered == Recovered::Begin && self.verify_empty {
            self.check_empty()?;
        }
        if ran != Some(CheckpointMode::MicroBatch) {
            CheckpointMode::MicroBatch.write(&self.layout, self.durability)?;
        }
        Ok(recovered)
    }

    /// A new query must not find another one's files. Hidden names are passed over: a crash while
    /// `offsets/0` was written leaves one.
    fn check_empty(&self) -> Result<()> {
        for dir in [self.layout.offsets(), self.layout.commits(), self.layout.state()] {
            if dir.is_dir() && !Store::open(&dir, self.durability)?.list()?.is_empty() {
                return Err(Error::of(condition::CHECKPOINT_NOT_EMPTY).with("checkpointLocation", dir.display()));
            }
        }
        Ok(())
    }

    fn decide(&self) -> Result<Recovered> {
        let logs = BatchLogs::list(&self.layout)?;
        let rollback = self.rollback(&logs)?;
        let rolled_back = rollback.as_ref().map(|rollback| BatchId(rollback.through));
        match decide(logs.facts(rolled_back)) {
            Decision::Begin => Ok(Recovered::Begin),
            Decision::Continue { after } => {
                Ok(Recovered::Continue { after, ends: logs.range(after)?, commit: logs.commit(after)? })
            }
            Decision::Replay { from, through } => {
                let starts = from.previous().map(|before| logs.range(before)).transpose()?;
                let mut batches = Vec::new();
                // The newest first: the watermark that a batch led to is that of the next one.
                let mut next_watermark_ms = rollback.and_then(|rollback| rollback.watermark_ms);
                for id in (from.0..=through.0).rev().map(BatchId) {
                    let ends = logs.range(id)?;
                    let watermark_ms = ends.batch.as_ref().map(|batch| batch.watermark_ms);
                    batches.push(ReplayedBatch { id, ends, next_watermark_ms });
                    next_watermark_ms = watermark_ms;
                }
                batches.reverse();
                Ok(Recovered::Replay { starts, batches, rolled_back })
            }
            Decision::Refuse(damage) => Err(logs.refuse(damage)),
        }
    }

    /// The rollback whose batches are not all committed again. The file of one that is over goes.
    fn rollback(&self, logs: &BatchLogs) -> Result<Option<RollbackFile>> {
        let Some(rollback) = RollbackFile::read(&self.layout)? else { return Ok(None) };
        if rollback.stage == RollbackStage::Begun {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the rollback of {} to batch {} was cut short: run it again",
                    self.layout.root().display(),
                    rollback.to
                ),
            ));
        }
        if logs.commits.last().is_some_and(|newest| newest.0 >= rollback.through) {
            self.end_rollback()?;
            return Ok(None);
        }
        Ok(Some(rollback))
    }

    /// Where a continuous run begins: after the newest commit, whose epoch and ends these are.
    /// Newer offsets are dropped.
    pub fn recover_continuous(&self) -> Result<Option<(BatchId, OffsetsEntry)>> {
        let newest = self.commits.newest()?;
        let ends = match newest {
            Some(epoch) => Some((epoch, BatchLogs::list(&self.layout)?.range(epoch)?)),
            None => None,
        };
        self.offsets.remove_after(newest)?;
        CheckpointMode::Continuous.write(&self.layout, self.durability)?;
        Ok(ends)
    }

    /// Records the range of a batch, before a row of it is read.
    pub fn log_offsets(&mut self, id: BatchId, entry: &OffsetsEntry) -> Result<()> {
        let first = self.first_kept(id);
        let put = self.offsets.put(id, &entry.write(), first);
        put.map_err(|error| self.unwritten(condition::CHECKPOINT_OFFSETS_UNWRITTEN, id, error))
    }

    /// The batches of a rollback are committed again.
    pub fn end_rollback(&self) -> Result<()> {
        RollbackFile::remove(&self.layout, self.durability)
    }

    /// Records that a batch is visible.
    pub fn log_commit(&mut self, id: BatchId, entry: CommitsEntry) -> Result<()> {
        let first = self.first_kept(id);
        let put = self.commits.put(id, &entry.write(), first);
        put.map_err(|error| self.unwritten(condition::CHECKPOINT_COMMIT_UNWRITTEN, id, error))
    }

    fn unwritten(&self, condition: &'static crate::error::Condition, id: BatchId, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Checkpoint => error,
            _ => Error::of(condition)
                .with("batchId", id)
                .with("checkpointLocation", self.layout.root().display())
                .with("reason", &error)
                .caused_by(error),
        }
    }

    /// The oldest batch that is kept with batch `id`: `spark.sql.streaming.minBatchesToRetain`
    /// before it.
    pub fn first_kept(&self, id: BatchId) -> BatchId {
        BatchId(id.0.saturating_sub(self.retain))
    }

    /// Removes what need not be kept with batch `id`, which is committed.
    pub fn forget_before(&mut self, id: BatchId) -> Result<()> {
        let first = self.first_kept(id);
        self.offsets.remove_before(first)?;
        self.commits.remove_before(first)
    }

    /// The run has ended: releases the lock, and removes a temporary checkpoint.
    pub fn close(self, removal: Removal) {
        let Self { layout, temporary, _lock, .. } = self;
        drop(_lock);
        if temporary
            && removal == Removal::Allowed
            && let Err(error) = std::fs::remove_dir_all(layout.root())
        {
            log::warn!("cannot remove the temporary checkpoint {}: {error}", layout.root().display());
        }
    }
}

/// Whether a temporary checkpoint may go: it stays after a failure, so that one can look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Allowed,
    Kept,
}
