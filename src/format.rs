//! What `format("x")` names: one registry of everything that can be read from or written to.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use indexmap::IndexMap;

use crate::condition;
use crate::conf::Conf;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::runtime::Runtime;
use crate::sink::Sink;
use crate::sink::console::Print;
use crate::sink::encode::Encoding;
use crate::source::{ReadMode, Source};

/// What a format makes of `readStream.format("x")` and `read.format("x")`.
pub trait InputFormat: Send + Sync {
    fn name(&self) -> &str;

    /// Called at `load()`. Reads its options (what it leaves unread gets a warning), infers the schema where it may.
    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let _ = request;
        Err(Error::unsupported(format!("the data source '{}' cannot be read", self.name())))
    }
}

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

/// The arguments of [`OutputFormat::sink`].
pub struct SinkRequest<'a> {
    pub options: &'a mut Options,
    pub path: Option<String>,
    pub conf: &'a Conf,
    /// Where the console sink prints.
    pub print: Print,
}

/// Spark's formats that no stream reads or writes.
const BATCH_ONLY: &[&str] = &["jdbc"];

/// The formats of a session, by lower-case name.
#[derive(Default)]
pub struct Formats {
    inputs: IndexMap<String, Arc<dyn InputFormat>>,
    outputs: IndexMap<String, Arc<dyn OutputFormat>>,
}

impl Formats {
    /// Every format that Firesteel brings.
    pub fn all() -> Self {
        let mut formats = Self::default();
        crate::source::register(&mut formats);
        crate::sink::register(&mut formats);
        formats
    }

    /// Adds a format that is read, under its name and under `aliases`.
    pub fn register(&mut self, format: Arc<dyn InputFormat>, aliases: &[&str]) {
        for alias in aliases {
            self.inputs.insert(alias.to_lowercase(), Arc::clone(&format));
        }
        self.inputs.insert(format.name().to_lowercase(), format);
    }

    /// Adds a format that is written.
    pub fn register_output(&mut self, format: Arc<dyn OutputFormat>) {
        self.outputs.insert(format.name().to_lowercase(), format);
    }

    /// The format called `name`, in any case, to read.
    pub fn input(&self, name: &str, mode: ReadMode) -> Result<Arc<dyn InputFormat>> {
        let key = name.to_lowercase();
        match self.inputs.get(&key) {
            Some(format) => Ok(Arc::clone(format)),
            None if mode == ReadMode::Stream && (self.outputs.contains_key(&key) || BATCH_ONLY.contains(&&*key)) => {
                Err(Error::of(condition::SOURCE_NOT_STREAMED).with("className", name).with("operator", "reading"))
            }
            None if self.outputs.contains_key(&key) => {
                Err(Error::unsupported(format!("the data source '{name}' cannot be read")))
            }
            None => Err(not_found(name)),
        }
    }

    /// The format called `name`, in any case, to write.
    pub fn output(&self, name: &str) -> Result<Arc<dyn OutputFormat>> {
        let key = name.to_lowercase();
        match self.outputs.get(&key) {
            Some(format) => Ok(Arc::clone(format)),
            None if self.inputs.contains_key(&key) => {
                Err(Error::unsupported(format!("the data source '{name}' cannot be written")))
            }
            None => Err(not_found(name)),
        }
    }
}

fn not_found(name: &str) -> Error {
    Error::of(condition::DATA_SOURCE_NOT_FOUND).with("provider", name)
}

/// Warns once of each option that nobody looked at, with the nearest that is known.
pub fn warn_unread(format: &str, options: &Options) {
    for key in options.unread() {
        let nearest = nearest(key, options.known());
        let hint = nearest.map(|known| format!("; did you mean '{known}'?")).unwrap_or_default();
        log::warn!("the option '{key}' has no effect on the format '{format}'{hint}");
    }
}

/// The candidate with the smallest edit distance, if it is near.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (strsim::levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance * 3 <= word.len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
