//! Reads and verifies everything of a checkpoint. Nothing is written.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::about::{decision_json, find};
use crate::batch::BatchId;
use crate::checkpoint::layout::CheckpointLayout;
use crate::checkpoint::logs::BatchLogs;
use crate::checkpoint::mode::CheckpointMode;
use crate::checkpoint::offsets::OffsetsEntry;
use crate::checkpoint::operators;
use crate::checkpoint::query_file::QueryFile;
use crate::checkpoint::recovery::{Damage, Decision, decide};
use crate::checkpoint::rollback::{RollbackFile, RollbackStage};
use crate::durable::lock::Lock;
use crate::durable::log::CompactibleLog;
use crate::durable::store::{Durability, Store};
use crate::error::{Error, ErrorKind, Result};
use crate::state::{StateDamage, StateStore, Version};

/// What was read, and what is wrong.
#[derive(Clone, Debug)]
pub struct CheckpointReport {
    pub findings: Vec<Finding>,
    /// What a query that starts does first; `None` for a continuous query.
    pub next: Option<Decision>,
    batches: usize,
    state_files: usize,
    state_bytes: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    pub problem: String,
    /// What it means for the query.
    pub meaning: String,
    /// What to do.
    pub remedy: String,
}

const NO_START: &str = "the query does not start";
const RESTORE: &str = "restore the file from a backup of this checkpoint, or start with a new checkpoint and output";

impl CheckpointReport {
    /// Verifies the checkpoint at `path`, on which no query may run meanwhile.
    pub fn read(path: &Path) -> Result<Self> {
        let layout = CheckpointLayout::new(path);
        let _lock = Lock::take_idle(&layout.lock(), path, "verifying it")?;
        let mut report = Self { findings: Vec::new(), next: None, batches: 0, state_files: 0, state_bytes: 0 };
        let id = match find(path) {
            Ok((_, id)) => Some(id),
            Err(error) if layout.metadata().is_file() || layout.offsets().is_dir() => {
                report.add(layout.metadata(), &error, NO_START, RESTORE);
                None
            }
            Err(error) => return Err(error),
        };
        let logs = BatchLogs::list(&layout)?;
        report.own_files(&layout);
        let newest = report.batches(&layout, &logs);
        report.sources(&layout, newest.as_ref());
        report.state(&layout, id.as_deref(), &logs)?;
        Ok(report)
    }

    fn add(&mut self, file: PathBuf, problem: &Error, meaning: impl Into<String>, remedy: impl Into<String>) {
        let problem = problem.to_string();
        self.findings.push(Finding { file, problem, meaning: meaning.into(), remedy: remedy.into() });
    }

    /// The files of ours that are one JSON object or one word.
    fn own_files(&mut self, layout: &CheckpointLayout) {
        let dir = layout.firesteel();
        if let Err(error) = CheckpointMode::read(layout) {
            let remedy = "write 'micro-batch' or 'continuous' into it, as the query ran last";
            self.add(dir.join("mode"), &error, NO_START, remedy);
        }
        if let Err(error) = QueryFile::read(layout) {
            let remedy = "remove the file: the next start writes it anew";
            self.add(dir.join("query.json"), &error, "the query does not start, and cannot be rolled back", remedy);
        }
        match RollbackFile::read(layout) {
            Err(error) => self.add(dir.join("rollback.json"), &error, NO_START, RESTORE),
            Ok(Some(rollback)) if rollback.stage == RollbackStage::Begun => self.findings.push(Finding {
                file: dir.join("rollback.json"),
                problem: format!("a rollback to batch {} was cut short", rollback.to),
                meaning: "some files of the batches after it are gone, and some are there".into(),
                remedy: "start the query or run the rollback again: both finish it".into(),
            }),
            Ok(_) => {}
        }
    }

    /// `offsets/`, `commits/`, and what they mean together. Gives the newest range.
    fn batches(&mut self, layout: &CheckpointLayout, logs: &BatchLogs) -> Option<OffsetsEntry> {
        self.batches = logs.offsets.len();
        let mut newest = None;
        for id in &logs.offsets {
            match logs.range(*id) {
                Ok(range) => newest = Some(range),
                Err(error) => self.unreadable(logs.offsets_file(*id), &error, *id, logs),
            }
        }
        for id in &logs.commits {
            if let Err(error) = logs.commit(*id) {
                self.unreadable(logs.commits_file(*id), &error, *id, logs);
            }
        }
        let continuous = match CheckpointMode::read(layout) {
            Ok(Some(mode)) => mode == CheckpointMode::Continuous,
            _ => newest.as_ref().is_some_and(|newest| newest.batch.is_none()),
        };
        if continuous {
            return newest;
        }
        let rolled_back = RollbackFile::read(layout).ok().flatten().map(|rollback| BatchId(rollback.through));
        let next = decide(logs.facts(rolled_back));
        self.next = Some(next);
        let refused = match next {
            Decision::Refuse(damage) => {
                let file = match damage {
                    Damage::OffsetsMissing(id) => logs.offsets_file(id),
                    Damage::CommitMissing(id) => logs.commits_file(id),
                };
                self.add(file.clone(), &logs.refuse(damage), NO_START, RESTORE);
                Some(file)
            }
            _ => None,
        };
        // Holes that do not keep the query from starting.
        for (numbers, file) in [
            (&logs.offsets, BatchLogs::offsets_file as fn(&BatchLogs, BatchId) -> PathBuf),
            (&logs.commits, BatchLogs::commits_file),
        ] {
            for pair in numbers.windows(2) {
                for id in (pair[0].0 + 1..pair[1].0).map(BatchId) {
                    let file = file(logs, id);
                    if refused.as_ref() != Some(&file) {
                        self.findings.push(Finding {
                            problem: "the file is missing, and those of batches around it are there".into(),
                            meaning: format!("the query starts, and cannot be rolled back to batch {id} or before"),
                            remedy: "restore the file from a backup of this checkpoint if you need that".into(),
                            file,
                        });
                    }
                }
            }
        }
        newest
    }

    fn unreadable(&mut self, file: PathBuf, error: &Error, id: BatchId, logs: &BatchLogs) {
        let first = logs.commits.last().copied().unwrap_or_default();
        match id < first {
            true => {
                let meaning = format!("the query starts, and cannot be rolled back to batch {id}");
                self.add(file, error, meaning, "restore the file from a backup of this checkpoint if you need that");
            }
            false => self.add(file, error, NO_START, RESTORE),
        }
    }

    /// The own logs of sources.
    fn sources(&mut self, layout: &CheckpointLayout, newest: Option<&OffsetsEntry>) {
        let Ok(folders) = std::fs::read_dir(layout.sources()) else { return };
        let names = folders.filter_map(|folder| folder.ok()?.file_name().into_string().ok());
        let mut numbers: Vec<usize> = names.filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        let query = QueryFile::read(layout).ok().flatten();
        for number in numbers {
            let dir = layout.source(number);
            let leaf = query.as_ref().and_then(|query| query.sources.get(number)?.leaves.first().copied());
            let end = newest.zip(leaf).and_then(|(newest, leaf)| newest.ends.get(leaf)?.as_deref());
            if let Err(error) = verify_source(&dir, end) {
                self.add(dir, &error, NO_START, RESTORE);
            }
        }
    }

    /// What operators keep.
    fn state(&mut self, layout: &CheckpointLayout, id: Option<&str>, logs: &BatchLogs) -> Result<()> {
        let dir = layout.kept();
        if !dir.is_dir() {
            return Ok(());
        }
        (self.state_files, self.state_bytes) = StateStore::size(&dir)?;
        match operators::read(layout, Durability::Buffered) {
            Err(error) => self.add(dir.join("operators.json"), &error, NO_START, RESTORE),
            Ok(None) if self.state_files > 0 => self.findings.push(Finding {
                file: dir.join("operators.json"),
                problem: "the file is missing, and the checkpoint has state".into(),
                meaning: NO_START.into(),
                remedy: RESTORE.into(),
            }),
            Ok(_) => {}
        }
        let current = Version(logs.commits.last().map_or(0, |newest| newest.0 + 1));
        let damages = StateStore::verify(&dir, id)?;
        let readable: Vec<Version> = StateStore::versions(&dir)?
            .into_iter()
            .filter(|version| damages.iter().all(|damage| !damage.versions.contains(version)))
            .collect();
        let has = |version: &Version| readable.binary_search(version).is_ok();
        for damage in &damages {
            self.damaged(damage, current, &readable);
        }
        let known = |version: Version| damages.iter().any(|damage| damage.versions.contains(&version));
        if !has(&current)
            && !known(current)
            && let Err(error) = StateStore::about(&dir, id, current)
        {
            self.add(dir.clone(), &error, NO_START, remedy(back_from(current, &readable)));
        }
        let first = readable.iter().copied().find(|version| version.0 > 0).unwrap_or(current);
        for version in (first.0 + 1..current.0).map(Version).filter(|version| !has(version) && !known(*version)) {
            if let Err(error) = StateStore::about(&dir, id, version) {
                let meaning = format!("the query starts, and cannot be rolled back to batch {}", version.0 - 1);
                self.add(
                    dir.clone(),
                    &error,
                    meaning,
                    "restore the file from a backup of this checkpoint if you need that",
                );
            }
        }
        Ok(())
    }

    fn damaged(&mut self, damage: &StateDamage, current: Version, readable: &[Version]) {
        let StateDamage { file, versions, error } = damage;
        if versions.contains(&current) {
            return self.add(file.clone(), error, NO_START, remedy(back_from(current, readable)));
        }
        let (meaning, what) = match (versions.first(), versions.last()) {
            (Some(Version(first)), Some(_)) if *first > current.0 => (
                "it is of a batch that is not committed: that batch runs again and replaces it, unless it is visible \
                 in the sink; then the query does not start"
                    .to_owned(),
                "remove the file if the query does not start, and see the error",
            ),
            (Some(first), Some(last)) => (
                format!("the query starts; versions {first} to {last} of the state cannot be read or gone back to"),
                "restore the file from a backup of this checkpoint if you need them",
            ),
            _ => ("no version needs it".to_owned(), "nothing: it goes in time"),
        };
        self.add(file.clone(), error, meaning, what);
    }

    pub fn to_json(&self) -> Value {
        let finding = |finding: &Finding| {
            json!({
                "file": finding.file.to_string_lossy(),
                "problem": finding.problem,
                "meaning": finding.meaning,
                "remedy": finding.remedy,
            })
        };
        json!({
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "next": self.next.as_ref().map(decision_json),
            "batches": self.batches,
            "stateFiles": self.state_files,
            "stateBytes": self.state_bytes,
        })
    }
}

/// The newest batch before the version `current` whose state can be gone back to.
fn back_from(current: Version, readable: &[Version]) -> Option<u64> {
    readable.iter().rev().find(|version| **version < current)?.0.checked_sub(1)
}

fn remedy(back_to: Option<u64>) -> String {
    match back_to {
        Some(batch) => format!(
            "restore the file from a backup of this checkpoint, or go back before it: \
             firesteel checkpoint rollback PATH --to {batch} --replay"
        ),
        None => RESTORE.to_owned(),
    }
}

/// Reads a source's own log, and compares it with the `end` of the newest batch.
fn verify_source(dir: &Path, end: Option<&str>) -> Result<()> {
    // The interval matters to writers alone.
    let log = CompactibleLog::new(Store::open(dir, Durability::Buffered)?, 10);
    let damaged =
        |what: String| Error::new(ErrorKind::Checkpoint, format!("the log {} is damaged: {what}", dir.display()));
    for line in log.all()?.iter() {
        serde_json::from_str::<Value>(line).map_err(|error| damaged(format!("the line '{line}': {error}")))?;
    }
    let end: Option<Value> = end.and_then(|end| serde_json::from_str(end).ok());
    let covered = end.as_ref().and_then(|end| end.get("logOffset")?.as_u64());
    match (covered, log.latest()?) {
        (Some(covered), newest) if newest.is_none_or(|newest| newest < covered) => {
            Err(damaged(format!("it ends before number {covered}, which the newest batch ends with")))
        }
        _ => Ok(()),
    }
}
