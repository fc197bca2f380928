//! What `format("x")` names where rows are read.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::{ReadMode, Source};
use crate::config::{Conf, Options};
use crate::error::{Error, Result, condition};
use crate::runtime::Runtime;

/// What a format makes of `readStream.format("x")` and `read.format("x")`.
pub trait InputFormat: Send + Sync {
    fn name(&self) -> &str;

    /// Whether it reads files, which SQL may name by their path.
    fn reads_files(&self) -> bool {
        false
    }

    /// Called at `load()`. Reads its options (what it leaves unread gets a warning), infers the
    /// schema where it may.
    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let _ = request;
        Err(Error::unsupported(format!("the data source '{}' cannot be read", self.name())))
    }
}

/// The arguments of [`InputFormat::source`].
pub struct SourceRequest<'a> {
    pub options: &'a mut Options,
    /// What `load(path)` was given, already out of the options.
    pub paths: Vec<String>,
    /// The user's schema; without one the format infers it, or raises.
    pub schema: Option<SchemaRef>,
    pub mode: ReadMode,
    pub conf: &'a Conf,
    pub runtime: &'a Runtime,
}

impl SourceRequest<'_> {
    /// An error unless the source is read as a stream.
    pub fn stream_only(&self, format: &str) -> Result<()> {
        match self.mode {
            ReadMode::Stream => Ok(()),
            ReadMode::Batch => Err(Error::of(condition::SOURCE_NOT_BATCH).with("className", format)),
        }
    }

    /// An error when the user gave a schema to a source that has one of its own.
    pub fn fixed_schema(&self, format: &str) -> Result<()> {
        match self.schema {
            None => Ok(()),
            Some(_) => Err(Error::of(condition::SOURCE_WITH_OWN_SCHEMA).with("provider", format)),
        }
    }
}
