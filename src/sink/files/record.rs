//! The files of ours in `_spark_metadata`: `.writer` and the records of commits in progress. `log`
//! shows them.

use std::fs;

use serde::Deserialize;

use super::part::PartFile;
use crate::batch::BatchId;
use crate::durable::log::read_entries;
use crate::durable::store::Store;
use crate::error::{Context, Error, ErrorKind, Result};

const COMMITTING: &str = ".committing";
pub(super) const WRITER: &str = ".writer";
pub(super) const OTHER: &str = "another query";

/// The line of `.writer`: which query wrote the entries from a batch on.
#[derive(Deserialize)]
pub(super) struct SinkWriter {
    pub query: String,
    pub from: u64,
}

impl SinkWriter {
    /// The query that wrote the newest entries, where a Firesteel did.
    pub(super) fn read(store: &Store) -> Result<Option<Self>> {
        let Some(text) = store.get(WRITER)? else { return Ok(None) };
        let file = store.dir().join(WRITER).display().to_string();
        read_entries(&file, &text)?.next().map(|line| parse(&file, line)).transpose()
    }

    pub(super) fn of_other(&self) -> String {
        format!("{OTHER} (id {}), which wrote from batch {} on", self.query, self.from)
    }
}

/// The first line of a record. One of an older version has none.
#[derive(Deserialize)]
struct RecordedBy {
    query: String,
}

/// What we look at in an entry.
#[derive(Deserialize)]
struct EntryOf {
    path: String,
}

/// A commit in progress.
pub(super) struct SinkRecord {
    pub query: Option<String>,
    pub parts: Vec<PartFile>,
}

impl SinkRecord {
    /// The batches from `first` on that have a record, ascending. A record of a batch that the log has
    /// is that of a query that came too late and died.
    pub(super) fn list(store: &Store, first: u64) -> Result<Vec<BatchId>> {
        let dir = store.dir();
        let mut records = Vec::new();
        for entry in fs::read_dir(dir).context(|| format!("listing {}", dir.display()))? {
            let name = entry.context(|| format!("listing {}", dir.display()))?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(COMMITTING)?.parse().ok());
            records.extend(number.filter(|number| *number >= first).map(BatchId));
        }
        records.sort_unstable();
        Ok(records)
    }

    pub(super) fn read(store: &Store, id: BatchId) -> Result<Option<Self>> {
        let name = record_name(id);
        let Some(text) = store.get(&name)? else { return Ok(None) };
        let file = store.dir().join(&name).display().to_string();
        let mut record = Self { query: None, parts: Vec::new() };
        for line in read_entries(&file, &text)? {
            if line.starts_with('{') {
                record.query = Some(parse::<RecordedBy>(&file, line)?.query);
            } else {
                record.parts.push(PartFile::named(line.to_owned()));
            }
        }
        Ok(Some(record))
    }
}

pub(super) fn record_name(id: BatchId) -> String {
    format!(".{id}{COMMITTING}")
}

/// The URI in a line of Spark's log `file`.
pub(super) fn path_of(file: &str, line: &str) -> Result<String> {
    parse::<EntryOf>(file, line).map(|entry| entry.path)
}

fn parse<'a, T: Deserialize<'a>>(file: &str, line: &'a str) -> Result<T> {
    serde_json::from_str(line).map_err(|error| Error::new(ErrorKind::Checkpoint, format!("{file} is damaged: {error}")))
}
