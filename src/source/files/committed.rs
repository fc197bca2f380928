//! The files that a file sink has committed, as its log `_spark_metadata` says: what a directory
//! that a stream writes holds.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;

use super::list::FileEntry;
use super::partition;
use crate::durable::log::CompactibleLog;
use crate::durable::store::{Durability, Store};
use crate::error::{Error, ErrorKind, Result};

/// How far a sink's log has been read, and the files that it named.
#[derive(Debug)]
pub struct Committed {
    log: CompactibleLog,
    /// The directory that the sink writes.
    dir: PathBuf,
    /// The number of the log that comes next.
    next: u64,
    files: IndexMap<PathBuf, FileEntry>,
}

/// A line of the log.
#[derive(Deserialize)]
struct CommittedFile {
    path: String,
    #[serde(default)]
    size: u64,
    #[serde(rename = "modificationTime", default)]
    modified_ms: i64,
    #[serde(default)]
    action: String,
}

impl Committed {
    /// The log in the directory `log` of the sink that writes `dir`; nothing is read yet.
    pub fn open(log: &Path, dir: &Path) -> Result<Self> {
        // Only read here: the interval matters to who writes.
        let log = CompactibleLog::new(Store::open(log, Durability::Buffered)?, 10);
        Ok(Self { log, dir: dir.to_owned(), next: 0, files: IndexMap::new() })
    }

    /// Reads what the log has more by now. Of all files, earlier ones included, those stay that are
    /// `wanted`: of a stream, those that no batch has taken.
    pub fn read_on(&mut self, wanted: impl Fn(&FileEntry) -> bool) -> Result<()> {
        let mut entries = self.log.since(self.next)?;
        if entries.next < self.next {
            // The directory was written anew, from number 0.
            self.files.clear();
            entries = self.log.all()?;
        }
        for line in entries.iter() {
            let line: CommittedFile = serde_json::from_str(line).map_err(|error| {
                let log = self.log.store().dir().display();
                Error::new(ErrorKind::Checkpoint, format!("a line of {log} is damaged: {error}"))
            })?;
            let path = crate::types::uri::to_path(&line.path)?;
            if line.action == "delete" {
                self.files.shift_remove(&path);
                continue;
            }
            let values = partition::values(&path, &self.dir);
            let file = FileEntry { path, size: line.size, modified_ms: line.modified_ms, values };
            if wanted(&file) {
                self.files.insert(file.path.clone(), file);
            }
        }
        self.files.retain(|_, file| wanted(file));
        self.next = entries.next;
        Ok(())
    }

    /// The files, in order of paths.
    pub fn files(&self) -> Vec<FileEntry> {
        let mut files: Vec<_> = self.files.values().cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}
