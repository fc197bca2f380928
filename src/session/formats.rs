//! What `format("x")` names: one registry of everything that can be read from or written to.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::config::options::nearest;
use crate::error::{Error, Result, condition};
use crate::sink::format::OutputFormat;
use crate::source::ReadMode;
use crate::source::format::InputFormat;
use crate::{sink, source, stream};

/// Spark's formats that no stream reads or writes.
const BATCH_ONLY: &[&str] = &["jdbc"];

/// Spark's formats without files that are not here.
const WITHOUT_FILES: &[&str] = &["hive", "jdbc"];

/// What is on its way.
const NOT_YET: &[&str] = &["delta", "kafka", "kinesis"];

/// Spark's formats of files that are not here.
const OTHER_FILES: &[&str] = &["avro", "binaryfile", "orc", "xml"];

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
        let inputs = source::formats().into_iter().chain(stream::inspect::formats());
        inputs.for_each(|format| formats.register(format));
        sink::formats().into_iter().for_each(|format| formats.register_output(format));
        formats
    }

    /// Adds a format that is read.
    pub fn register(&mut self, format: Arc<dyn InputFormat>) {
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
            None => Err(self.not_found(name)),
        }
    }

    /// Whether `` name.`path` `` in SQL names files. A name that is no format gives false. A format
    /// without files is an error.
    pub fn reads_files(&self, name: &str) -> Result<bool> {
        let key = name.to_lowercase();
        if self.inputs.get(&key).is_some_and(|format| format.reads_files()) {
            return Ok(true);
        }
        if self.inputs.contains_key(&key) || self.outputs.contains_key(&key) || WITHOUT_FILES.contains(&&*key) {
            return Err(Error::of(condition::UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY).with("dataSourceType", name));
        }
        if OTHER_FILES.contains(&&*key) {
            return Err(Error::unsupported(format!("files of the format '{name}' are not read by Firesteel")));
        }
        Ok(false)
    }

    /// The format called `name`, in any case, to write.
    pub fn output(&self, name: &str) -> Result<Arc<dyn OutputFormat>> {
        let key = name.to_lowercase();
        match self.outputs.get(&key) {
            Some(format) => Ok(Arc::clone(format)),
            None if self.inputs.contains_key(&key) => {
                Err(Error::unsupported(format!("the data source '{name}' cannot be written")))
            }
            None => Err(self.not_found(name)),
        }
    }

    /// The error for a name of no format: the nearest one, or all.
    fn not_found(&self, name: &str) -> Error {
        let known = || self.inputs.keys().chain(self.outputs.keys()).map(String::as_str);
        if NOT_YET.contains(&&*name.to_lowercase()) {
            let hint = "Firesteel does not have it yet";
            return Error::of(condition::DATA_SOURCE_NOT_FOUND).with("provider", name).with("hint", hint);
        }
        let hint = nearest(name, known()).map_or_else(
            || {
                let mut all: Vec<_> = known().collect();
                all.sort_unstable();
                all.dedup();
                format!("there are {}", all.join(", "))
            },
            |near| format!("did you mean '{near}'?"),
        );
        Error::of(condition::DATA_SOURCE_NOT_FOUND).with("provider", name).with("hint", hint)
    }
}
