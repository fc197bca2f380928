//! `metadata`: the query's identity, `{"id":"<uuid>"}`, one line without an end. Written once,
//! before anything else.

use std::path::Path;

use serde::Deserialize;

use super::layout::CheckpointLayout;
use crate::durable::numbered::NumberedLog;
use crate::durable::store::{Durability, Put, Store};
use crate::error::{Error, ErrorKind, Result, condition};

const NAME: &str = "metadata";

#[derive(Deserialize)]
struct Metadata {
    id: String,
}

/// The query's id in a checkpoint, or a new one when there is none yet. A checkpoint that has logs
/// but lost its `metadata` is refused.
pub fn read_or_create(layout: &CheckpointLayout, durability: Durability, fresh: impl Fn() -> String) -> Result<String> {
    let store = Store::open(layout.root(), durability)?;
    if let Some(text) = store.get(NAME)? {
        return parse(&layout.metadata(), &text);
    }
    for log in [layout.offsets(), layout.commits()] {
        if log.is_dir() && NumberedLog::open(log, durability)?.newest()?.is_some() {
            return Err(Error::of(condition::STREAMING_CHECKPOINT_MISSING_METADATA_FILE)
                .with("checkpointLocation", layout.root().display()));
        }
    }
    let id = fresh();
    match store.put_if_absent(NAME, format!(r#"{{"id":"{id}"}}"#).as_bytes())? {
        Put::Written => Ok(id),
        // Another query began here at the same moment; the lock decides between the two.
        Put::Exists => parse(&layout.metadata(), &store.get(NAME)?.unwrap_or_default()),
    }
}

/// The query's id in a checkpoint; `None` where there is no checkpoint.
pub fn read(layout: &CheckpointLayout) -> Result<Option<String>> {
    if !layout.metadata().is_file() {
        return Ok(None);
    }
    let text = Store::open(layout.root(), Durability::Buffered)?.get(NAME)?;
    text.map(|text| parse(&layout.metadata(), &text)).transpose()
}

fn parse(file: &Path, text: &str) -> Result<String> {
    serde_json::from_str(text).map(|metadata: Metadata| metadata.id).map_err(|error| {
        Error::new(ErrorKind::Checkpoint, format!("the checkpoint file {} is damaged: {error}", file.display()))
    })
}
