//! Our own files of one JSON object each, with the version of their format in it.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result, condition};

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads the text of `file`. A newer format is told apart from damage: `newest` is the one that we
/// know.
pub fn read_json<T: DeserializeOwned>(file: &Path, text: &str, newest: u32) -> Result<T> {
    let damaged =
        |error: serde_json::Error| Error::new(ErrorKind::Checkpoint, format!("{} is damaged: {error}", file.display()));
    let Versioned { version } = serde_json::from_str(text).map_err(damaged)?;
    if version > newest {
        return Err(Error::of(condition::LOG_VERSION_TOO_NEW)
            .with("logFile", file.display())
            .with("version", version)
            .with("maxSupportedVersion", newest));
    }
    serde_json::from_str(text).map_err(damaged)
}
