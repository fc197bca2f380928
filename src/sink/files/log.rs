//! `_spark_metadata`: Spark's log of visible files, and beside it what is ours, under names that
//! Spark passes over.
//!
//! ```text
//! 7                  v1                                    Spark's entry of batch 7
//!                    {"path":"file:///out/part-…",…}
//! .8.committing      v1                                    our record of a commit in progress: who commits which parts
//!                    {"query":"5b2c…"}
//!                    part-00000-….snappy.parquet
//! .writer            v1                                    which query wrote the entries from a batch on
//!                    {"query":"5b2c…","from":0}
//! .taking-back       v1                                    our record of batches that are taken back: those after `to`
//!                    {"to":5}
//!                    file:///out/part-…
//! ```
//! Entry:
//! `{"path":"file:///out/part-…","size":1,"isDir":false,"modificationTime":2,"blockReplication":1,"blockSize":33554432,"action":"add"}`.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::part::PartFile;
use super::record::{OTHER, SinkRecord, SinkWriter, WRITER, path_of, record_name};
use crate::batch::BatchId;
use crate::durable::log::{CompactibleLog, write_entries};
use crate::durable::store::{Durability, Put, Store};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::sink::SinkRun;

/// What Hadoop's local file system reports as its block size.
const BLOCK_SIZE: u64 = 32 * 1024 * 1024;

pub(super) struct SinkLog {
    log: CompactibleLog,
    cleanup_delay: Duration,
    /// How many batches before the newest one a rollback can take back.
    retain: u64,
    run: SinkRun,
    /// Whether `.writer` is known to name this query.
    is_ours: AtomicBool,
}

impl SinkLog {
    pub(super) fn open(dir: &Path, durability: Durability, run: &SinkRun) -> Result<Self> {
        let interval = run.conf.number("spark.sql.streaming.fileSink.log.compactInterval")?;
        let delay = run.conf.millis("spark.sql.streaming.fileSink.log.cleanupDelay")?;
        Ok(Self {
            log: CompactibleLog::new(Store::open(dir, durability)?, interval),
            cleanup_delay: Duration::from_millis(delay),
            retain: run.conf.number("spark.sql.streaming.minBatchesToRetain")?,
            run: run.clone(),
            is_ours: AtomicBool::new(false),
        })
    }

    /// Refuses a query that would find the numbers of its batches taken: whatever it reads would
    /// not be shown. `begun` is the newest batch that its checkpoint knows of.
    pub(super) fn check_start(dir: &Path, run: &SinkRun, begun: Option<BatchId>) -> Result<()> {
        if !dir.is_dir() {
            return Ok(());
        }
        let log = Self::open(dir, Durability::of(&run.conf)?, run)?;
        let recorded = log.records(0)?.last().copied();
        let Some(newest) = log.log.latest()?.max(recorded.map(|id| id.0)) else { return Ok(()) };
        let other = log.writer()?.filter(|writer| writer.query != run.query_id);
        if other.is_none() && begun.is_some_and(|begun| newest <= begun.0) {
            return Ok(());
        }
        let by = other.map_or_else(
            || "another query, or by this one with a newer checkpoint".to_owned(),
            |other| other.of_other(),
        );
        let known =
            begun.map_or_else(|| "knows of no batch".to_owned(), |begun| format!("knows of batches up to {begun}"));
        Err(Error::new(
            ErrorKind::Checkpoint,
            format!(
                "the output {} has batches up to {newest} by {by}, and the checkpoint of this query {known}: its rows would be dropped there. \
                 Write to another path, or give the checkpoint that the output was written with, or remove the output",
                dir.parent().unwrap_or(dir).display()
            ),
        ))
    }

    /// The query that wrote the newest entries, where a Firesteel did.
    fn writer(&self) -> Result<Option<SinkWriter>> {
        SinkWriter::read(self.log.store())
    }

    /// Refuses when the batch, or one before it, was written by another query; an entry of Spark's
    /// says nothing of that.
    pub(super) fn check_writer(&self, id: BatchId) -> Result<()> {
        if self.is_ours.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.writer()?.filter(|writer| writer.query != self.run.query_id && writer.from <= id.0) {
            Some(other) if self.next()? > other.from => Err(self.taken(id, &other.of_other())),
            _ => Ok(()),
        }
    }

    /// The error of a query that meets another one in its output.
    pub(super) fn taken(&self, id: BatchId, by: &str) -> Error {
        Error::new(
            ErrorKind::Checkpoint,
            format!(
                "batch {id} of {} is taken by {by}: two queries write there. Let one of them write to another path, with another checkpoint; \
                 the rows of this batch are not in the output",
                self.log.store().dir().parent().unwrap_or(self.log.store().dir()).display()
            ),
        )
    }

    /// Notes that the entries from this batch on are this query's, before the first of them is put.
    pub(super) fn sign(&self, id: BatchId) -> Result<()> {
        if self.is_ours.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.writer()?.is_none_or(|writer| writer.query != self.run.query_id) {
            let line = json!({ "query": self.run.query_id, "from": id.0 }).to_string();
            self.log.store().replace(WRITER, write_entries(&[line]).as_bytes())?;
        }
        // It stays so: the others are refused from here on.
        self.is_ours.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes [`SinkLog::sign`] back, after all.
    pub(super) fn unsign(&self, id: BatchId) -> Result<()> {
        self.is_ours.store(false, Ordering::Relaxed);
        match self.writer()? {
            Some(writer) if writer.query == self.run.query_id && writer.from == id.0 => self.log.store().remove(WRITER),
            _ => Ok(()),
        }
    }

    fn records(&self, first: u64) -> Result<Vec<BatchId>> {
        SinkRecord::list(self.log.store(), first)
    }

    /// Names of parts that some record will show, this query's or not.
    pub(super) fn recorded_parts(&self) -> Result<Vec<PartFile>> {
        let records = self
            .records(self.next()?)?
            .into_iter()
            .map(|id| Ok(self.record_of(id)?.map_or_else(Vec::new, |record| record.parts)));
        Ok(records.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Whether the entries from the batch on name one of these parts, whose file names nobody else
    /// has.
    pub(super) fn names(&self, id: BatchId, parts: &[PartFile]) -> Result<bool> {
        let file = self.log.store().dir().display().to_string();
        let entries = self.log.since(id.0)?;
        let paths = entries.iter().map(|line| path_of(&file, line)).collect::<Result<Vec<_>>>()?;
        let named: HashSet<&str> = paths.iter().filter_map(|path| path.rsplit('/').next()).collect();
        Ok(parts.iter().any(|part| part.name().rsplit('/').next().is_some_and(|name| named.contains(name))))
    }

    /// Whether the batch's entry is there, or folded into a later one.
    pub(super) fn contains(&self, id: BatchId) -> Result<bool> {
        Ok(id.0 < self.next()?)
    }

    /// The number after the newest.
    fn next(&self) -> Result<u64> {
        Ok(self.log.latest()?.map_or(0, |newest| newest + 1))
    }

    /// Makes the log ready for the batch; false if it has one of this number, or a later one.
    /// Batches that wrote to another output are batches without a file here: neither we nor Spark
    /// read a log with a hole.
    pub(super) fn reach(&self, id: BatchId) -> Result<bool> {
        self.check_writer(id)?;
        let next = self.next()?;
        if next < id.0 {
            if let Some(other) = self.records(next)?.first() {
                return Err(self.taken(id, &format!("{OTHER}, which is committing batch {other}")));
            }
            log::warn!(
                "{} has {next} batches, and the query's next is batch {id}: the rows between went to another output, or are lost",
                self.log.store().dir().display(),
            );
            self.log.skip(next, id.0)?;
        }
        Ok(next <= id.0)
    }

    /// The commit point: the names that will become visible. It is one query's at a time: what
    /// another one commits meanwhile is an error.
    pub(super) fn record(&self, id: BatchId, parts: &[PartFile]) -> Result<()> {
        let mut lines = vec![json!({ "query": self.run.query_id }).to_string()];
        lines.extend(parts.iter().map(|part| part.name().to_owned()));
        if self.log.store().put_if_absent(&record_name(id), write_entries(&lines).as_bytes())? == Put::Exists {
            let by = self.record_of(id)?.and_then(|record| record.query);
            return Err(self.taken(id, &by.map_or_else(|| OTHER.to_owned(), |query| format!("{OTHER} (id {query})"))));
        }
        let alone = || -> Result<()> {
            if self.log.contains(id.0)? {
                return Err(self.taken(id, OTHER));
            }
            match self.records(id.0)?.into_iter().find(|other| *other != id) {
                Some(other) => Err(self.taken(id, &format!("{OTHER}, which is committing batch {other}"))),
                None => Ok(()),
            }
        };
        if let Err(error) = alone() {
            self.forget(id)?;
            return Err(error);
        }
        Ok(())
    }

    /// The parts of a record of this query's, if the batch has one; an error where it is another
    /// one's.
    pub(super) fn recorded(&self, id: BatchId) -> Result<Option<Vec<PartFile>>> {
        let Some(record) = self.record_of(id)? else { return Ok(None) };
        match record.query {
            Some(query) if query != self.run.query_id => Err(self.taken(id, &format!("{OTHER} (id {query})"))),
            _ => Ok(Some(record.parts)),
        }
    }

    fn record_of(&self, id: BatchId) -> Result<Option<SinkRecord>> {
        SinkRecord::read(self.log.store(), id)
    }

    /// Puts Spark's entry for the batch.
    pub(super) fn put(&self, id: BatchId, out: &Path, parts: &[PartFile]) -> Result<Put> {
        let entries: Result<Vec<String>> = parts.iter().map(|part| entry(&out.join(part.name()))).collect();
        let put = self.log.add(id.0, &entries?)?;
        if put == Put::Written && self.log.is_compaction(id.0) {
            let kept = id.0.saturating_sub(self.retain);
            self.log.remove_covered(self.run.clock.now_ms(), self.cleanup_delay, kept)?;
        }
        Ok(put)
    }

    /// Removes the record of a batch that is visible.
    pub(super) fn forget(&self, id: BatchId) -> Result<()> {
        self.log.store().remove(&record_name(id))
    }
}

fn entry(path: &Path) -> Result<String> {
    let metadata = fs::metadata(path).context(|| format!("reading {}", path.display()))?;
    let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(json!({
        "path": crate::types::uri::from_path(path), "size": metadata.len(), "isDir": false,
        "modificationTime": u64::try_from(modified.as_millis()).unwrap_or(u64::MAX),
        "blockReplication": 1, "blockSize": BLOCK_SIZE, "action": "add",
    })
    .to_string())
}
