//! `offsets/N`: the range of batch N, logged before a row of it enters the plan.
//!
//! ```text
//! v1
//! {"batchWatermarkMs":0,"batchTimestampMs":1719290655102,"conf":{"spark.sql.shuffle.partitions":"200",…}}
//! {"offset":10,"timestamp":1000}
//! -
//! ```
//!
//! One line of JSON for each leaf of the query that reads a stream, in the order of the tree, `-`
//! where a source has no offset yet; no newline at the end. A continuous query leaves the second
//! line empty. Version 2, which Spark writes for sources that have names, has `<source>:<offset>`
//! lines; it is read when its sources are numbered.

use std::path::Path;

use serde::Deserialize;

use super::conf::LoggedConf;
use crate::durable::log::check_version;
use crate::error::{Error, ErrorKind, Result};

const NEWEST: u32 = 2;
const VOID: &str = "-";

/// What one file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetsEntry {
    /// `None` in the log of a continuous query.
    pub batch: Option<LoggedBatch>,
    /// By leaf; the text is the source's own.
    pub ends: Vec<Option<String>>,
    /// How many leaves it speaks of; version 2 leaves out those that have no offset yet, so that it
    /// does not say.
    pub leaves: Leaves,
}

/// The number of leaves of the query that wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    Known,
    AtLeast,
}

/// What a batch is beside its range.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct LoggedBatch {
    /// The watermark that evicts state in this batch.
    #[serde(rename = "batchWatermarkMs")]
    pub watermark_ms: i64,
    /// What `current_timestamp()` returns, when it is replayed too.
    #[serde(rename = "batchTimestampMs")]
    pub clock_ms: i64,
    #[serde(default)]
    pub conf: LoggedConf,
}

impl OffsetsEntry {
    /// The text of the file.
    pub fn write(&self) -> String {
        let mut text = String::with_capacity(2048);
        text.push_str("v1\n");
        if let Some(batch) = &self.batch {
            batch.write(&mut text);
        }
        for end in &self.ends {
            text.push('\n');
            text.push_str(end.as_deref().unwrap_or(VOID));
        }
        text
    }

    /// Reads the text of `file`; an error names it and touches nothing.
    pub fn read(file: &Path, text: &str) -> Result<Self> {
        let damaged = |why: &str| {
            Error::new(ErrorKind::Checkpoint, format!("the offset log file {} is damaged: {why}", file.display()))
        };
        let mut lines = text.split('\n');
        let version = check_version(&file.display().to_string(), lines.next().unwrap_or_default(), NEWEST)?;
        let batch = match lines.next() {
            None => return Err(damaged("it ends after its first line")),
            Some("") => None,
            Some(line) => Some(serde_json::from_str(line).map_err(|error| damaged(&format!("line 2: {error}")))?),
        };
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() || lines.contains(&"") {
            return Err(damaged("a source's offset is missing"));
        }
        let (ends, leaves) = match version {
            1 => (lines.into_iter().map(offset).collect(), Leaves::Known),
            _ => (by_number(&lines).map_err(|why| damaged(&why))?, Leaves::AtLeast),
        };
        Ok(Self { batch, ends, leaves })
    }

    /// The ends by the query's `leaves` leaves. An added or a removed source is refused.
    pub fn for_leaves(mut self, leaves: usize) -> Result<Vec<Option<String>>> {
        if self.leaves == Leaves::AtLeast && self.ends.len() < leaves {
            self.ends.resize(leaves, None);
        }
        if self.ends.len() == leaves {
            return Ok(self.ends);
        }
        Err(Error::new(
            ErrorKind::Checkpoint,
            format!(
                "There are [{}] sources in the checkpoint offsets and now there are [{leaves}] sources requested by the query. \
                 Cannot continue: a query's sources are fixed when it first starts; use a new checkpoint location",
                self.ends.len()
            ),
        ))
    }
}

impl LoggedBatch {
    fn write(&self, text: &mut String) {
        use std::fmt::Write as _;
        let _ = write!(
            text,
            r#"{{"batchWatermarkMs":{},"batchTimestampMs":{},"conf":{{"#,
            self.watermark_ms, self.clock_ms
        );
        for (i, (key, value)) in self.conf.iter().enumerate() {
            let _ = write!(text, "{}{}:{}", if i == 0 { "" } else { "," }, quoted(key), quoted(value));
        }
        text.push_str("}}");
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn offset(text: &str) -> Option<String> {
    (text != VOID).then(|| text.to_owned())
}

/// The offsets of version 2, by their sources' numbers.
fn by_number(lines: &[&str]) -> Result<Vec<Option<String>>, String> {
    let mut ends = Vec::new();
    for line in lines {
        let (source, end) =
            line.split_once(':').ok_or_else(|| format!("expected '<source>:<offset>', found '{line}'"))?;
        let number = source.parse::<u16>().map_err(|_| {
            format!("it names its sources ('{source}'), and Firesteel tells sources apart by their order")
        })?;
        let number = usize::from(number);
        if ends.len() <= number {
            ends.resize(number + 1, None);
        }
        ends[number] = offset(end);
    }
    Ok(ends)
}
