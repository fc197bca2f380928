//! What `format("x")` names where rows are written.

use std::sync::Arc;

use super::Sink;
use super::console::Print;
use super::encode::Encoding;
use crate::config::{Conf, Options};
use crate::error::{Error, Result};

/// What a format makes of `writeStream.format("x")` and `write.format("x")`.
pub trait OutputFormat: Send + Sync {
    fn name(&self) -> &str;

    /// Called at `start()`. Reads its options; what it leaves unread gets a warning.
    fn sink(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Sink>>;

    /// How the format's files are written, for a batch write; formats without files have none.
    fn encoding(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Encoding>> {
        let _ = request;
        Err(Error::unsupported(format!("the data source '{}' does not write files in a batch", self.name())))
    }
}

/// The arguments of [`OutputFormat::sink`].
pub struct SinkRequest<'a> {
    pub options: &'a mut Options,
    pub path: Option<String>,
    pub conf: &'a Conf,
    /// Where the console sink prints.
    pub print: Print,
}
