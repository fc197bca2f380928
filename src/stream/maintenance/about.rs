//! What a checkpoint says of itself, also while its query runs: nothing is locked, nothing written.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::batch::BatchId;
use crate::checkpoint::commits::CommitsEntry;
use crate::checkpoint::conf::{LoggedConf, partitions};
use crate::checkpoint::layout::CheckpointLayout;
use crate::checkpoint::logs::BatchLogs;
use crate::checkpoint::metadata;
use crate::checkpoint::mode::CheckpointMode;
use crate::checkpoint::offsets::OffsetsEntry;
use crate::checkpoint::operators::{self, OperatorEntry};
use crate::checkpoint::query_file::{OutputEntry, QueryFile, SourceEntry};
use crate::checkpoint::recovery::{Decision, decide};
use crate::checkpoint::rollback::{RollbackFile, RollbackStage};
use crate::durable::store::Durability;
use crate::error::{Error, ErrorKind, Result, condition};
use crate::state::{StateStore, Version};

/// What a checkpoint says of itself.
#[derive(Clone, Debug)]
pub struct CheckpointAbout {
    pub path: PathBuf,
    /// The query's id.
    pub id: String,
    /// That of the newest run; `None` where only Spark has written.
    pub mode: Option<CheckpointMode>,
    pub logs: BatchLogs,
    /// What a query that starts does first.
    pub next: Decision,
    /// A rollback that is not over.
    pub rollback: Option<RollbackFile>,
    /// The newest batch that was begun, and the newest commit.
    pub newest: Option<OffsetsEntry>,
    pub commit: Option<CommitsEntry>,
    pub query: Option<QueryFile>,
    pub state: Option<StateAbout>,
}

/// What a checkpoint says of its state.
#[derive(Clone, Debug)]
pub struct StateAbout {
    /// That of the newest commit.
    pub version: Version,
    /// Why it cannot be read, where it cannot.
    pub problem: Option<Error>,
    /// The oldest and the newest version that can be read.
    pub kept: Option<(Version, Version)>,
    /// Spark's number of partitions.
    pub partitions: u64,
    /// All files, and their bytes.
    pub files: usize,
    pub bytes: u64,
    pub operators: Vec<OperatorAbout>,
}

/// What is known of an operator.
#[derive(Clone, Debug)]
pub struct OperatorAbout {
    pub entry: OperatorEntry,
    /// How many rows it keeps, as progress counts them.
    pub rows: Option<i64>,
}

/// The layout of the checkpoint at `path`, and its query's id; an error where there is none.
pub fn find(path: &Path) -> Result<(CheckpointLayout, String)> {
    let layout = CheckpointLayout::new(path);
    if let Some(id) = metadata::read(&layout)? {
        return Ok((layout, id));
    }
    if layout.offsets().is_dir() || layout.commits().is_dir() {
        return Err(
            Error::of(condition::STREAMING_CHECKPOINT_MISSING_METADATA_FILE).with("checkpointLocation", path.display())
        );
    }
    Err(Error::new(
        ErrorKind::IllegalArgument,
        format!("{} is no checkpoint of a streaming query: it has no file 'metadata'", path.display()),
    ))
}

impl CheckpointAbout {
    /// Reads the checkpoint at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let (layout, id) = find(path)?;
        let mut logs = BatchLogs::list(&layout)?;
        loop {
            let failed = match Self::of(&layout, &id, &logs) {
                Ok(about) => return Ok(about),
                Err(error) => error,
            };
            // A query that runs may have let files go after they were listed.
            let again = BatchLogs::list(&layout)?;
            if (&again.offsets, &again.commits) == (&logs.offsets, &logs.commits) {
                return Err(failed);
            }
            logs = again;
        }
    }

    fn of(layout: &CheckpointLayout, id: &str, logs: &BatchLogs) -> Result<Self> {
        let rollback = RollbackFile::read(layout)?.filter(|rollback| {
            let again = logs.commits.last().is_some_and(|newest| newest.0 >= rollback.through);
            rollback.stage == RollbackStage::Begun || !again
        });
        let next = decide(logs.facts(rollback.as_ref().map(|rollback| BatchId(rollback.through))));
        let newest = logs.offsets.last().map(|newest| logs.range(*newest)).transpose()?;
        let commit = logs.commits.last().map(|newest| logs.commit(*newest)).transpose()?;
        let conf = newest.as_ref().and_then(|newest| newest.batch.as_ref()).map(|batch| &batch.conf);
        let state = StateAbout::read(layout, id, logs, conf)?;
        Ok(Self {
            path: layout.root().to_owned(),
            id: id.to_owned(),
            mode: CheckpointMode::read(layout)?,
            query: QueryFile::read(layout)?,
            logs: logs.clone(),
            next,
            rollback,
            newest,
            commit,
            state,
        })
    }

    /// How far event time had come when the newest batch ended; `None` before the first batch.
    pub fn watermark_ms(&self) -> Option<i64> {
        let begun = self.newest.as_ref()?.batch.as_ref()?.watermark_ms;
        Some(self.commit.map_or(begun, |commit| begun.max(commit.next_watermark_ms)))
    }

    pub fn to_json(&self) -> Value {
        let span = |numbers: &[BatchId]| match (numbers.first(), numbers.last()) {
            (Some(oldest), Some(newest)) => json!({ "oldest": oldest.0, "newest": newest.0 }),
            _ => Value::Null,
        };
        let batch = self.newest.as_ref().and_then(|newest| newest.batch.as_ref());
        json!({
            "path": self.path.to_string_lossy(),
            "id": self.id,
            "mode": self.mode.map(CheckpointMode::text),
            "offsets": span(&self.logs.offsets),
            "commits": span(&self.logs.commits),
            "next": decision_json(&self.next),
            "rollback": self.rollback,
            "watermarkMs": self.watermark_ms(),
            "clockMs": batch.map(|batch| batch.clock_ms),
            "sources": self.sources(),
            "outputs": self.query.as_ref().map_or(&[][..], |query| &query.outputs).iter().map(output_json).collect::<Vec<_>>(),
            "state": self.state.as_ref().map(StateAbout::to_json),
            "conf": batch.map(|batch| &batch.conf),
        })
    }

    /// The sources as the query notes them, with where the newest batch ends in each. Where it notes
    /// none they are the lines of `offsets/N`.
    fn sources(&self) -> Vec<Value> {
        let ends = self.newest.as_ref().map(|newest| newest.ends.as_slice()).unwrap_or_default();
        let end = |at: usize| {
            let text = ends.get(at).and_then(Option::as_deref)?;
            Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
        };
        let json = |number: usize, known: Option<&SourceEntry>, leaf: usize| {
            json!({
                "number": number,
                "description": known.map(|known| &known.description),
                "replays": known.map(|known| known.replays),
                "end": end(leaf),
            })
        };
        match &self.query {
            Some(query) => {
                let each = query.sources.iter().enumerate();
                each.map(|(at, known)| json(at, Some(known), known.leaves.first().copied().unwrap_or(at))).collect()
            }
            None => (0..ends.len()).map(|at| json(at, None, at)).collect(),
        }
    }
}

fn output_json(output: &OutputEntry) -> Value {
    json!({ "from": output.from, "sink": output.sink, "kept": output.kept })
}

/// A decision as JSON.
pub fn decision_json(next: &Decision) -> Value {
    match next {
        Decision::Begin => json!({ "action": "begin", "batch": 0 }),
        Decision::Continue { after } => json!({ "action": "continue", "batch": after.0 + 1 }),
        Decision::Replay { from, through } => json!({ "action": "replay", "batch": from.0, "through": through.0 }),
        Decision::Refuse(_) => json!({ "action": "refuse" }),
    }
}

impl StateAbout {
    fn read(layout: &CheckpointLayout, id: &str, logs: &BatchLogs, conf: Option<&LoggedConf>) -> Result<Option<Self>> {
        let Some(operators) = operators::read(layout, Durability::Buffered)? else { return Ok(None) };
        let dir = layout.kept();
        let version = Version(logs.commits.last().map_or(0, |newest| newest.0 + 1));
        let (summary, problem) = match StateStore::about(&dir, Some(id), version) {
            Ok(about) => (about.summary, None),
            Err(error) => (Value::Null, Some(error)),
        };
        let rows = |at: usize| summary.get("rows").and_then(|rows| rows.get(at)).and_then(Value::as_i64);
        let operators: Vec<_> =
            operators.into_iter().enumerate().map(|(at, entry)| OperatorAbout { entry, rows: rows(at) }).collect();
        let versions = StateStore::versions(&dir)?;
        let kept = versions.iter().copied().find(|version| version.0 > 0).zip(versions.last().copied());
        let (files, bytes) = StateStore::size(&dir)?;
        let partitions = conf.map(partitions).transpose()?.unwrap_or(0);
        Ok(Some(Self { version, problem, kept, partitions, files, bytes, operators }))
    }

    fn to_json(&self) -> Value {
        let operators: Vec<_> = self
            .operators
            .iter()
            .enumerate()
            .map(|(number, operator)| {
                json!({
                    "number": number,
                    "name": operator.entry.name,
                    "rows": operator.rows,
                    "tables": operator.entry.tables,
                })
            })
            .collect();
        json!({
            "version": self.version.0,
            "problem": self.problem.as_ref().map(ToString::to_string),
            "versions": self.kept.map(|(oldest, newest)| json!({ "oldest": oldest.0, "newest": newest.0 })),
            "partitions": self.partitions,
            "files": self.files,
            "bytes": self.bytes,
            "operators": operators,
        })
    }
}
