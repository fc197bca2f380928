//! `_spark_metadata`: Spark's log of visible files, and beside it our record of a commit in progress.
//!
//! Entry: `{"path":"file:///out/part-…","size":1,"isDir":false,"modificationTime":2,"blockReplication":1,"blockSize":33554432,"action":"add"}`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::part::PartFile;
use crate::batch::BatchId;
use crate::durable::log::{CompactibleLog, read_entries, write_entries};
use crate::durable::store::{Durability, Put, Store};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::sink::SinkRun;

/// What Hadoop's local file system reports as its block size.
const BLOCK_SIZE: u64 = 32 * 1024 * 1024;

pub(super) struct SinkLog {
    log: CompactibleLog,
    cleanup_delay: Duration,
    run: SinkRun,
}

impl SinkLog {
    pub(super) fn open(dir: &Path, durability: Durability, run: &SinkRun) -> Result<Self> {
        let interval = run.conf.number("spark.sql.streaming.fileSink.log.compactInterval")?;
        let delay = run.conf.millis("spark.sql.streaming.fileSink.log.cleanupDelay")?;
        Ok(Self {
            log: CompactibleLog::new(Store::open(dir, durability)?, interval),
            cleanup_delay: Duration::from_millis(delay),
            run: run.clone(),
        })
    }

    /// Whether the batch's entry is there, or folded into a later one.
    pub(super) fn contains(&self, id: BatchId) -> Result<bool> {
        Ok(id.0 < self.next()?)
    }

    /// The number after the newest.
    fn next(&self) -> Result<u64> {
        Ok(self.log.latest()?.map_or(0, |newest| newest + 1))
    }

    /// Makes the log ready for the batch; false if it has a batch of this number, or a later one. Batches that wrote to another output are
    /// batches without a file here: neither we nor Spark read a log with a hole.
    pub(super) fn reach(&self, id: BatchId) -> Result<bool> {
        let next = self.next()?;
        if next < id.0 {
            log::warn!(
                "{} has {next} batches, and the query's next is batch {id}: the rows between went to another output, or are lost",
                self.log.store().dir().display(),
            );
            self.log.skip(next, id.0)?;
        }
        Ok(next <= id.0)
    }

    /// The commit point: the names that will become visible.
    pub(super) fn record(&self, id: BatchId, parts: &[PartFile]) -> Result<()> {
        let lines: Vec<String> = parts.iter().map(|part| part.name().to_owned()).collect();
        self.log.store().replace(&record_name(id), write_entries(&lines).as_bytes())
    }

    /// The parts of a record, if the batch has one.
    pub(super) fn recorded(&self, id: BatchId) -> Result<Option<Vec<PartFile>>> {
        let name = record_name(id);
        let Some(text) = self.log.store().get(&name)? else { return Ok(None) };
        let names = read_entries(&self.log.store().dir().join(&name).display().to_string(), &text)?;
        Ok(Some(names.map(|name| PartFile::named(name.to_owned())).collect()))
    }

    /// Puts Spark's entry for the batch.
    pub(super) fn put(&self, id: BatchId, out: &Path, parts: &[PartFile]) -> Result<()> {
        let entries: Result<Vec<String>> = parts.iter().map(|part| entry(&out.join(part.name()))).collect();
        match self.log.add(id.0, &entries?)? {
            Put::Written if self.log.is_compaction(id.0) => {
                self.log.remove_covered(self.run.clock.now_ms(), self.cleanup_delay)
            }
            Put::Written => Ok(()),
            Put::Exists => Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "batch {id} appeared in {} meanwhile: does another query write there?",
                    self.log.store().dir().display()
                ),
            )),
        }
    }

    /// Removes the record of a batch that is visible.
    pub(super) fn forget(&self, id: BatchId) -> Result<()> {
        self.log.store().remove(&record_name(id))
    }
}

fn record_name(id: BatchId) -> String {
    format!(".{id}.committing")
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
