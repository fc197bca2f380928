//! Back to the state after an earlier batch.
//!
//! `--replay` lets commits and state go, and keeps the ranges: the recovery table runs each batch
//! again, with its logged range and clock. A sink that knows a batch as visible does not get it twice.
//! `--forget` lets the ranges go too, and takes the batches back from the sink.
//!
//! Everything is checked before the first file goes. Then `firesteel/rollback.json` says what is being
//! done, so that a run that a crash cut short is finished by the next one, or by the query's start.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::about::find;
use super::locked;
use crate::batch::BatchId;
use crate::checkpoint::layout::CheckpointLayout;
use crate::checkpoint::logs::BatchLogs;
use crate::checkpoint::mode::CheckpointMode;
use crate::checkpoint::operators;
use crate::checkpoint::query_file::{OutputPlace, QueryFile};
use crate::checkpoint::recovery::Damage;
use crate::checkpoint::rollback::{RollbackFile, RollbackKind, RollbackStage};
use crate::durable::log::CompactibleLog;
use crate::durable::numbered::NumberedLog;
use crate::durable::store::{Durability, Store};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::runtime::crash;
use crate::sink::files::take_back::FileOutput;
use crate::state::{StateStore, Version};
use crate::types::uri;

/// How many files that are gone an error names.
const NAMED: usize = 3;

/// A rollback that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolledBack {
    pub kind: RollbackKind,
    pub to: BatchId,
    /// The newest batch that had begun.
    pub through: BatchId,
}

impl RolledBack {
    pub fn to_json(&self) -> Value {
        json!({ "kind": self.kind, "to": self.to.0, "through": self.through.0 })
    }
}

/// Takes the checkpoint at `path` back to the state after the batch `to`. A rollback that was cut short
/// is finished first.
pub fn rollback(path: &Path, to: BatchId, kind: RollbackKind) -> Result<RolledBack> {
    let (layout, id) = find(path)?;
    let _lock = locked(&layout, "taking it back")?;
    let durability = Durability::Synced;
    if let Some(finished) = finish(&layout, &id, durability)?.filter(|before| (before.to, before.kind) == (to, kind)) {
        return Ok(finished);
    }
    let logs = BatchLogs::list(&layout)?;
    let going = Going { layout: &layout, id: &id, logs: &logs, to, kind };
    let file = going.check()?;
    file.write(&layout, durability)?;
    crash::point("rollback");
    carry_out(&layout, &id, file, durability)
}

/// Finishes a rollback that was cut short. The caller holds the checkpoint's lock.
pub fn finish(layout: &CheckpointLayout, id: &str, durability: Durability) -> Result<Option<RolledBack>> {
    match RollbackFile::read(layout)? {
        Some(file) if file.stage == RollbackStage::Begun => carry_out(layout, id, file, durability).map(Some),
        _ => Ok(None),
    }
}

/// Lets files go. Each step may have been done before.
fn carry_out(
    layout: &CheckpointLayout,
    id: &str,
    mut file: RollbackFile,
    durability: Durability,
) -> Result<RolledBack> {
    let to = BatchId(file.to);
    if file.kind == RollbackKind::Forget
        && let Some(query) = QueryFile::read(layout)?
    {
        for output in query.outputs_after(to) {
            let OutputPlace::Files(dir) = &output.kept else { continue };
            if let Some(output) = FileOutput::open(Path::new(dir), id, durability)? {
                output.take_back(to)?;
            }
        }
    }
    crash::point("rollback");
    if layout.kept().is_dir() {
        StateStore::go_back(&layout.kept(), Version(to.0 + 1), durability)?;
    }
    crash::point("rollback");
    NumberedLog::open(layout.commits(), durability)?.remove_after(Some(to))?;
    durability.sync_dir(&layout.commits())?;
    crash::point("rollback");
    match file.kind {
        RollbackKind::Replay => {
            file.stage = RollbackStage::Done;
            file.write(layout, durability)?;
        }
        RollbackKind::Forget => {
            NumberedLog::open(layout.offsets(), durability)?.remove_after(Some(to))?;
            durability.sync_dir(&layout.offsets())?;
            crash::point("rollback");
            RollbackFile::remove(layout, durability)?;
        }
    }
    Ok(RolledBack { kind: file.kind, to, through: BatchId(file.through) })
}

/// A rollback before it is begun.
struct Going<'a> {
    layout: &'a CheckpointLayout,
    id: &'a str,
    logs: &'a BatchLogs,
    to: BatchId,
    kind: RollbackKind,
}

impl Going<'_> {
    /// Refuses what cannot be done. Nothing is written.
    fn check(&self) -> Result<RollbackFile> {
        let through = self.check_batches()?;
        self.check_state()?;
        let query = QueryFile::read(self.layout)?.ok_or_else(|| {
            self.refuse(
                "it does not say where its rows come from and go to, as one that Spark has written; let the query run \
                 a batch with Firesteel first",
            )
        })?;
        self.check_sources(&query, through)?;
        if self.kind == RollbackKind::Forget {
            self.check_outputs(&query)?;
        }
        let watermark_ms = match self.logs.commits.last() {
            Some(newest) if *newest == through => Some(self.logs.commit(through)?.next_watermark_ms),
            // That of the rollback before, of which not all batches have run again.
            _ => RollbackFile::read(self.layout)?
                .filter(|before| before.through == through.0)
                .and_then(|before| before.watermark_ms),
        };
        Ok(RollbackFile::new(self.kind, self.to, through, watermark_ms))
    }

    /// The batches after `to` are begun, and their ranges are there. Gives the newest.
    fn check_batches(&self) -> Result<BatchId> {
        let (logs, to) = (self.logs, self.to);
        if CheckpointMode::read(self.layout)? == Some(CheckpointMode::Continuous) {
            return Err(self.refuse("its query ran in continuous mode, whose epochs do not run again"));
        }
        let committed = (logs.commits.first().copied(), logs.commits.last().copied());
        let (Some(oldest), Some(newest)) = committed else {
            return Err(self.refuse("no batch is committed yet"));
        };
        if logs.commits.binary_search(&to).is_err() {
            return Err(
                self.refuse(&format!("batch {to} is not among the committed ones that are kept, {oldest} to {newest}"))
            );
        }
        let through =
            logs.offsets.last().copied().filter(|through| *through > to).ok_or_else(|| {
                self.refuse(&format!("batch {to} is the newest one: there is nothing to go back from"))
            })?;
        for id in (to.0..=through.0).map(BatchId) {
            if logs.offsets.binary_search(&id).is_err() {
                return Err(logs.refuse(Damage::OffsetsMissing(id)));
            }
            if logs.range(id)?.batch.is_none() {
                return Err(self.refuse(&format!("{} is of a continuous query", logs.offsets_file(id).display())));
            }
        }
        logs.commit(to)?;
        Ok(through)
    }

    /// The state after `to` is kept whole.
    fn check_state(&self) -> Result<()> {
        let dir = self.layout.kept();
        if operators::read(self.layout, Durability::Buffered)?.is_none() {
            return match dir.is_dir() && StateStore::size(&dir)?.0 > 0 {
                true => Err(self.refuse(&format!("{} is missing", dir.join("operators.json").display()))),
                false => Ok(()),
            };
        }
        let version = Version(self.to.0 + 1);
        StateStore::verify_version(&dir, self.id, version).map_err(|error| {
            let versions = StateStore::versions(&dir).unwrap_or_default();
            let kept = match (versions.iter().find(|version| version.0 > 0), versions.last()) {
                (Some(oldest), Some(newest)) => format!("those after batches {} to {} are", oldest.0 - 1, newest.0 - 1),
                _ => "none is".to_owned(),
            };
            self.refuse(&format!(
                "the state after batch {} is not kept ({error}); {kept}, as many as spark.sql.streaming.minBatchesToRetain said",
                self.to
            ))
        })
    }

    /// Each source has the rows of the batches after `to`.
    fn check_sources(&self, query: &QueryFile, through: BatchId) -> Result<()> {
        let (start, end) = (self.logs.range(self.to)?, self.logs.range(through)?);
        for (number, source) in query.sources.iter().enumerate() {
            let at = source.leaves.first().copied().unwrap_or(number);
            let offset = |ends: &[Option<String>]| ends.get(at).cloned().flatten();
            let (from, to) = (offset(&start.ends), offset(&end.ends));
            if from == to {
                continue;
            }
            if !source.replays {
                return Err(self.refuse(&format!(
                    "the source {} cannot give the rows of batches {} to {through} again",
                    source.description,
                    self.to.next()
                )));
            }
            if let (from, Some(to)) = (log_offset(from.as_deref()), log_offset(to.as_deref())) {
                let first = from.map_or(0, |from| from + 1);
                let gone = missing_files(&self.layout.source(number), first, to)?;
                if !gone.is_empty() {
                    let named: Vec<_> = gone.iter().take(NAMED).map(|path| path.display().to_string()).collect();
                    let more = match gone.len().saturating_sub(NAMED) {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    return Err(self.refuse(&format!(
                        "the source {} has files of batches {} to {through} no more: {}{more}",
                        source.description,
                        self.to.next(),
                        named.join(", ")
                    )));
                }
            }
        }
        Ok(())
    }

    /// Each output of the batches after `to` can take them back.
    fn check_outputs(&self, query: &QueryFile) -> Result<()> {
        for output in query.outputs_after(self.to) {
            match &output.kept {
                OutputPlace::Nowhere => {}
                OutputPlace::Files(dir) => {
                    if let Some(files) = FileOutput::open(Path::new(dir), self.id, Durability::Buffered)? {
                        files.check(self.to)?;
                    }
                }
                OutputPlace::Elsewhere => {
                    return Err(self.refuse(&format!(
                        "the sink {} cannot take batches back: go back with --replay, or take the rows of batches {} \
                         and later out by other means and begin with a new checkpoint",
                        output.sink,
                        self.to.next()
                    )));
                }
            }
        }
        Ok(())
    }

    fn refuse(&self, why: &str) -> Error {
        let root = self.layout.root().display();
        Error::new(
            ErrorKind::Checkpoint,
            format!("{root} cannot go back to batch {}: {why}; nothing was changed", self.to),
        )
    }
}

/// The number in an offset of files.
fn log_offset(offset: Option<&str>) -> Option<u64> {
    let offset: Value = serde_json::from_str(offset?).ok()?;
    offset.get("logOffset")?.as_u64()
}

/// The files that the numbers `first..=last` of a source's own log name, and that are not there.
fn missing_files(dir: &Path, first: u64, last: u64) -> Result<Vec<PathBuf>> {
    #[derive(Deserialize)]
    struct TakenFile {
        path: String,
        #[serde(rename = "batchId")]
        number: u64,
    }
    let log = CompactibleLog::new(Store::open(dir, Durability::Buffered)?, 10);
    let mut gone = Vec::new();
    for line in log.all()?.iter() {
        let file: TakenFile = serde_json::from_str(line).map_err(|error| {
            Error::new(ErrorKind::Checkpoint, format!("a line of {} is damaged: {error}", dir.display()))
        })?;
        if (first..=last).contains(&file.number) {
            let path = uri::to_path(&file.path)?;
            if !path.try_exists().context(|| format!("looking for {}", path.display()))? {
                gone.push(path);
            }
        }
    }
    Ok(gone)
}
