//! Session configuration: Spark's keys and defaults, looked up without copies.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// A snapshot of a session's configuration: what was set, over the defaults.
#[derive(Clone, Debug, Default)]
pub struct Conf(BTreeMap<String, String>);

/// The keys that Firesteel carries out, with Spark's defaults. `firesteel.*` keys are ours.
const DEFAULTS: &[(&str, &str)] = &[
    ("spark.app.name", "firesteel"),
    ("spark.master", "local[*]"),
    ("spark.sql.ansi.enabled", "true"),
    ("spark.sql.caseSensitive", "false"),
    ("spark.sql.session.timeZone", "UTC"),
    ("spark.sql.shuffle.partitions", "200"),
    ("spark.sql.sources.default", "parquet"),
    ("spark.sql.warehouse.dir", "spark-warehouse"),
    ("spark.sql.columnNameOfCorruptRecord", "_corrupt_record"),
    ("spark.sql.files.ignoreCorruptFiles", "false"),
    ("spark.sql.files.ignoreMissingFiles", "false"),
    ("spark.sql.repl.eagerEval.enabled", "false"),
    ("spark.sql.repl.eagerEval.maxNumRows", "20"),
    ("spark.sql.repl.eagerEval.truncate", "20"),
    ("spark.sql.execution.arrow.maxRecordsPerBatch", "10000"),
    ("spark.sql.streaming.schemaInference", "false"),
    ("spark.sql.streaming.pollingDelay", "10"),
    ("spark.sql.streaming.minBatchesToRetain", "100"),
    ("spark.sql.streaming.numRecentProgressUpdates", "100"),
    ("spark.sql.streaming.noDataProgressEventInterval", "10000"),
    ("spark.sql.streaming.stopTimeout", "0"),
    ("spark.sql.streaming.multipleWatermarkPolicy", "min"),
    ("spark.sql.streaming.fileSource.log.compactInterval", "10"),
    ("spark.sql.streaming.fileSource.log.cleanupDelay", "600000"),
    ("spark.sql.streaming.fileSink.log.compactInterval", "10"),
    ("spark.sql.streaming.fileSink.log.cleanupDelay", "600000"),
    ("spark.sql.streaming.fileSource.schema.forceNullable", "true"),
    ("spark.sql.streaming.forceDeleteTempCheckpointLocation", "false"),
    ("spark.sql.streaming.stopActiveRunOnRestart", "true"),
    ("spark.sql.streaming.verifyCheckpointDirectoryEmptyOnStart", "true"),
    // fsync of every log file and its directory; "false" trades the last batches after a power cut for speed.
    ("firesteel.checkpoint.fsync", "true"),
    // Bytes a plan may hold before it spills to disk.
    ("firesteel.memory.limit", "4g"),
];

impl Conf {
    /// The value of a key: what was set, or the default.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).or_else(|| default(key))
    }

    /// The value that was set, without defaults.
    pub fn get_set(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    pub fn unset(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Every key that was set, in order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A key that is `true` or `false`.
    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            other => {
                Err(Error::illegal(format!("'{key}' must be true or false, found '{}'", other.unwrap_or("nothing"))))
            }
        }
    }

    /// A key that is a whole number. Sizes and times with a unit have parsers of their own in `options`.
    pub fn number(&self, key: &str) -> Result<u64> {
        let text = self.get(key).unwrap_or_default();
        text.trim_end_matches("ms")
            .parse()
            .map_err(|_| Error::illegal(format!("'{key}' must be a whole number, found '{text}'")))
    }

    /// `spark.sql.session.timeZone`.
    pub fn time_zone(&self) -> &str {
        self.get("spark.sql.session.timeZone").unwrap_or("UTC")
    }

    pub fn ansi(&self) -> bool {
        self.flag("spark.sql.ansi.enabled").unwrap_or(true)
    }

    pub fn case_sensitive(&self) -> bool {
        self.flag("spark.sql.caseSensitive").unwrap_or(false)
    }
}

/// The default of a key that Firesteel knows.
pub fn default(key: &str) -> Option<&'static str> {
    DEFAULTS.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
}
