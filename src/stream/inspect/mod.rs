//! Checkpoints as frames: `format("state-metadata")` and `format("statestore")`, also of a query
//! that runs.
//!
//! | file | what is in it |
//! |---|---|
//! | [`metadata`] | which operators keep state |
//! | [`rows`] | what an operator keeps, or kept after an earlier batch |
//! | [`table`] | an operator's table: its keys and its values as columns |
//! | [`variable`] | a variable or the timers of a processor |

mod metadata;
mod rows;
mod table;
mod variable;

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Result, condition};
use crate::source::ReadMode;
use crate::source::format::{InputFormat, SourceRequest};
use crate::types::uri::local_path;

/// Every format that looks into checkpoints.
pub fn formats() -> Vec<Arc<dyn InputFormat>> {
    vec![Arc::new(metadata::StateMetadataFormat), Arc::new(rows::StateStoreFormat)]
}

/// The checkpoint that a request names. It is read once, and has a schema of its own.
fn checkpoint(request: &SourceRequest<'_>, format: &str) -> Result<PathBuf> {
    if request.mode == ReadMode::Stream {
        return Err(Error::of(condition::SOURCE_NOT_STREAMED).with("className", format).with("operator", "reading"));
    }
    request.fixed_schema(format)?;
    match request.paths.as_slice() {
        [path] => local_path(path),
        [] => Err(Error::of(condition::STDS_REQUIRED_OPTION_UNSPECIFIED).with("optionName", "path")),
        several => Err(Error::of(condition::STDS_INVALID_OPTION_VALUE)
            .with("optionName", "path")
            .with("message", format!("one checkpoint is read at a time, found {}", several.len()))),
    }
}
