//! `commits/N`: batch N is visible in the sink.
//!
//! ```text
//! v1
//! {"nextBatchWatermarkMs":0}
//! ```
//!
//! Version 1 is written. Versions 2 and 3, which add what Spark knows of its state stores and
//! sinks, are read for their watermark.

use std::path::Path;

use serde::Deserialize;

use crate::durable::log::check_version;
use crate::error::{Error, ErrorKind, Result};

const NEWEST: u32 = 3;

/// What one file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CommitsEntry {
    /// The watermark that the batch's rows led to: that of the next batch.
    #[serde(rename = "nextBatchWatermarkMs", default)]
    pub next_watermark_ms: i64,
}

impl CommitsEntry {
    /// The text of the file.
    pub fn write(&self) -> String {
        format!("v1\n{{\"nextBatchWatermarkMs\":{}}}", self.next_watermark_ms)
    }

    /// Reads the text of `file`; an error names it.
    pub fn read(file: &Path, text: &str) -> Result<Self> {
        let (version, rest) = text.split_once('\n').unwrap_or((text, ""));
        check_version(&file.display().to_string(), version, NEWEST)?;
        serde_json::from_str(rest).map_err(|error| {
            Error::new(
                ErrorKind::Checkpoint,
                format!("the commit log file {} is damaged: line 2: {error}", file.display()),
            )
        })
    }
}
