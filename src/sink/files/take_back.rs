//! Batches are taken back from the output of a query that does not run.
//!
//! First a record names the parts that go (`_spark_metadata/.taking-back`, synced). Then the entries
//! of Spark's log go, so that no reader of it looks for a part that is gone, and then the parts. A
//! record that is found later is carried out again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use super::part::PartFile;
use super::record::{SinkRecord, SinkWriter, path_of, record_name};
use crate::batch::BatchId;
use crate::durable::log::{CompactibleLog, SINK_METADATA, read_entries, write_entries};
use crate::durable::store::{Durability, Store};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::runtime::crash;
use crate::types::uri;

const TAKING_BACK: &str = ".taking-back";

#[derive(Deserialize)]
struct TakenTo {
    to: u64,
}

/// The output of a query.
pub struct FileOutput {
    dir: PathBuf,
    log: CompactibleLog,
    query: String,
    durability: Durability,
}

impl FileOutput {
    /// The output of `query` in a directory; `None` where nothing was written.
    pub fn open(dir: &Path, query: &str, durability: Durability) -> Result<Option<Self>> {
        if !dir.join(SINK_METADATA).is_dir() {
            return Ok(None);
        }
        let dir = dir.canonicalize().context(|| format!("opening the output {}", dir.display()))?;
        let store = Store::open(dir.join(SINK_METADATA), durability)?;
        // The interval matters to writers alone.
        Ok(Some(Self { log: CompactibleLog::new(store, 10), dir, query: query.to_owned(), durability }))
    }

    /// Refuses what [`FileOutput::take_back`] could not do. Nothing is written.
    pub fn check(&self, to: BatchId) -> Result<()> {
        self.parts_after(to).map(drop)
    }

    /// Takes back every batch after `to`. May be repeated.
    pub fn take_back(&self, to: BatchId) -> Result<()> {
        let parts = match self.recorded()? {
            Some((recorded, parts)) if recorded == to => parts,
            Some((recorded, _)) => {
                return Err(Error::new(
                    ErrorKind::Checkpoint,
                    format!("batches of {} are being taken back to batch {recorded}, not {to}", self.dir.display()),
                ));
            }
            None => {
                let parts = self.parts_after(to)?;
                let mut lines = vec![json!({ "to": to.0 }).to_string()];
                lines.extend(parts.iter().map(|part| part.name().to_owned()));
                self.log.store().replace(TAKING_BACK, write_entries(&lines).as_bytes())?;
                parts
            }
        };
        crash::point("rollback");
        for id in SinkRecord::list(self.log.store(), to.0 + 1)? {
            self.log.store().remove(&record_name(id))?;
        }
        self.log.remove_after(to.0)?;
        crash::point("rollback");
        for part in &parts {
            part.withdraw(&self.dir)?;
        }
        let mut folders: Vec<_> = parts.iter().map(|part| part.directory(&self.dir)).collect();
        folders.sort_unstable();
        folders.dedup();
        folders.iter().filter(|folder| folder.is_dir()).try_for_each(|folder| self.durability.sync_dir(folder))?;
        self.log.store().remove(TAKING_BACK)
    }

    /// What a run that a crash cut short was about to do.
    fn recorded(&self) -> Result<Option<(BatchId, Vec<PartFile>)>> {
        let Some(text) = self.log.store().get(TAKING_BACK)? else { return Ok(None) };
        let file = self.log.store().dir().join(TAKING_BACK).display().to_string();
        let mut lines = read_entries(&file, &text)?;
        let TakenTo { to } = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| Error::new(ErrorKind::Checkpoint, format!("{file} is damaged: {error}")))?;
        Ok(Some((BatchId(to), lines.map(|line| PartFile::named(line.to_owned())).collect())))
    }

    /// The parts of the batches after `to`, and of one whose commit a crash cut short.
    fn parts_after(&self, to: BatchId) -> Result<Vec<PartFile>> {
        let file = self.log.store().dir().display().to_string();
        if let Some(other) = SinkWriter::read(self.log.store())?.filter(|writer| writer.query != self.query) {
            return Err(self.refuse(format!("its newest batches are by {}", other.of_other())));
        }
        let mut parts = Vec::new();
        for id in SinkRecord::list(self.log.store(), to.0 + 1)? {
            let Some(record) = SinkRecord::read(self.log.store(), id)? else { continue };
            if record.query.as_ref().is_some_and(|query| *query != self.query) {
                return Err(self.refuse(format!("another query is committing batch {id} there")));
            }
            parts.extend(record.parts);
        }
        let kept = self.log.through(to.0).map_err(|error| {
            self.refuse(format!(
                "its log has folded the batches after {to} with those before, and the files that tell them apart are \
                 gone ({error}); go back to a later batch, or with --replay"
            ))
        })?;
        let kept: HashSet<&str> = kept.iter().collect();
        let all = self.log.all()?;
        for line in all.iter().filter(|line| !kept.contains(line)) {
            let path = uri::to_path(&path_of(&file, line)?)?;
            let name = path.strip_prefix(&self.dir).ok().and_then(Path::to_str);
            let name = name.ok_or_else(|| {
                self.refuse(format!("its log names {}, which is not below it; was it moved?", path.display()))
            })?;
            parts.push(PartFile::named(name.to_owned()));
        }
        Ok(parts)
    }

    fn refuse(&self, why: String) -> Error {
        let message = format!("the output {} cannot take batches back: {why}; nothing was changed", self.dir.display());
        Error::new(ErrorKind::Checkpoint, message)
    }
}
