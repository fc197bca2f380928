//! What `format("x")` names: one registry of everything that can be read from or written to.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use indexmap::IndexMap;

use crate::conf::Conf;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::runtime::Runtime;
use crate::sink::Sink;
use crate::source::{ReadMode, Source};

/// What a format makes of `format("x")` and its options. One registry holds them all.
pub trait Format: Send + Sync {
    fn name(&self) -> &str;

    /// Called at `load()`. Reads its options (what it leaves unread gets a warning), infers the schema where it may.
    ///
    /// `paths` is what `load(path)` was given, already out of the options.
    fn source(&self, request: SourceRequest<'_>) -> Result<Arc<dyn Source>> {
        let _ = request;
        Err(Error::unsupported(format!("the data source '{}' cannot be read", self.name())))
    }

    /// Called at `start()` or `save()`.
    fn sink(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Sink>> {
        let _ = request;
        Err(Error::unsupported(format!("the data source '{}' cannot be written", self.name())))
    }
}

/// The arguments of [`Format::source`].
pub struct SourceRequest<'a> {
    pub options: &'a mut Options,
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
            ReadMode::Batch => Err(Error::new(
                ErrorKind::Analysis,
                format!("the data source '{format}' can only be read as a stream: use spark.readStream"),
            )),
        }
    }

    /// An error when the user gave a schema to a source that has one of its own.
    pub fn fixed_schema(&self, format: &str) -> Result<()> {
        match self.schema {
            None => Ok(()),
            Some(_) => Err(Error::unsupported(format!("the data source '{format}' has a schema of its own: leave out schema(…)"))),
        }
    }
}

/// The arguments of [`Format::sink`].
pub struct SinkRequest<'a> {
    pub options: &'a mut Options,
    pub path: Option<String>,
    pub conf: &'a Conf,
}

/// The formats of a session, by lower-case name.
#[derive(Default)]
pub struct Formats(IndexMap<String, Arc<dyn Format>>);

impl Formats {
    /// Adds a format under its name and under `aliases`.
    pub fn register(&mut self, format: Arc<dyn Format>, aliases: &[&str]) {
        for alias in aliases {
            self.0.insert(alias.to_lowercase(), Arc::clone(&format));
        }
        self.0.insert(format.name().to_lowercase(), format);
    }

    /// The format called `name`, in any case.
    pub fn get(&self, name: &str) -> Result<Arc<dyn Format>> {
        self.0
            .get(&name.to_lowercase())
            .cloned()
            .ok_or_else(|| Error::of(crate::condition::DATA_SOURCE_NOT_FOUND).with("provider", name))
    }
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
