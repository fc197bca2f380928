//! `spark.read`, `spark.readStream` and tables: from a format and its options to a frame over a
//! source.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::Session;
use super::catalog::{Named, Table};
use super::frame::Frame;
use super::names::quoted;
use crate::config::Options;
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::tree::Relation;
use crate::sink::format::SinkRequest;
use crate::source::format::SourceRequest;
use crate::source::{ReadMode, Source};

/// What `spark.read` or `spark.readStream` was told before `load()`.
pub struct ReadRequest {
    pub format: Option<String>,
    pub options: Options,
    pub schema: Option<SchemaRef>,
    pub paths: Vec<String>,
    pub mode: ReadMode,
}

impl Session {
    /// `spark.read…load()` and `spark.readStream…load()`.
    pub fn read(self: &Arc<Self>, request: ReadRequest) -> Result<Frame> {
        let streaming = request.mode == ReadMode::Stream;
        let source = self.source(request)?;
        Frame::new(self, &Relation::Source { source, streaming })
    }

    fn source(&self, request: ReadRequest) -> Result<Arc<dyn Source>> {
        let conf = self.conf();
        let name = request.format.as_deref().unwrap_or_else(|| conf.default_format());
        let mut options = request.options;
        let mut paths = request.paths;
        if let Some(path) = options.get("path").map(str::to_owned)
            && paths.is_empty()
        {
            paths.push(path);
        }
        let source = self.opened(name, &mut options, paths, request.schema, request.mode)?;
        options.warn_unread(name);
        Ok(source)
    }

    /// Checks what a table is made with before it is: its format, its options and its types.
    pub(super) fn check_table(
        &self,
        location: &Path,
        format: &str,
        options: &Options,
        schema: &SchemaRef,
    ) -> Result<()> {
        let (conf, mut options, path) = (self.conf(), options.clone(), location.to_string_lossy().into_owned());
        self.opened(format, &mut options, vec![path.clone()], Some(Arc::clone(schema)), ReadMode::Batch)?;
        // What its writer knows is known.
        if let Ok(output) = self.output_format(format) {
            let request = SinkRequest { options: &mut options, path: Some(path), conf: &conf, print: self.print() };
            output.encoding(request)?;
        }
        options.warn_unread(format);
        Ok(())
    }

    /// The source of a format, which notes the options that it knows.
    fn opened(
        &self,
        format: &str,
        options: &mut Options,
        paths: Vec<String>,
        schema: Option<SchemaRef>,
        mode: ReadMode,
    ) -> Result<Arc<dyn Source>> {
        let (conf, runtime) = (self.conf(), self.runtime());
        let format = self.formats.read().input(format, mode)?;
        format.source(SourceRequest { options, paths, schema, mode, conf: &conf, runtime })
    }

    /// `spark.table(name)`, or `spark.readStream.table(name)`.
    pub fn table(self: &Arc<Self>, parts: &[String], mode: ReadMode) -> Result<Frame> {
        if mode == ReadMode::Stream
            && let Named::Table(table) = self.catalog.get(parts)?
        {
            return self.read(ReadRequest { mode, ..files_of(&table) });
        }
        let frame = Frame::new(self, &Relation::Table(parts.to_vec()))?;
        if mode == ReadMode::Stream && !frame.is_streaming() {
            return Err(Error::of(condition::NOT_A_STREAMING_VIEW).with("quoted", quoted(parts)));
        }
        Ok(frame)
    }

    /// The files that `` json.`/data` `` names; nothing where the first part is no format.
    pub(super) fn files_by_path(&self, parts: &[String]) -> Result<Option<Relation>> {
        let [format, path] = parts else { return Ok(None) };
        if !self.conf().flag("spark.sql.runSQLOnFiles")? || !self.formats.read().reads_files(format)? {
            return Ok(None);
        }
        if path.is_empty() {
            return Err(Error::of(condition::INVALID_EMPTY_LOCATION).with("location", path));
        }
        let request = ReadRequest {
            format: Some(format.clone()),
            options: Options::default(),
            schema: None,
            paths: vec![path.clone()],
            mode: ReadMode::Batch,
        };
        match self.source(request) {
            Ok(source) => Ok(Some(Relation::Source { source, streaming: false })),
            Err(error) if error.kind() == ErrorKind::Analysis => Err(error),
            Err(error) => Err(Error::of(condition::FAILED_TO_CREATE_PLAN_FOR_DIRECT_QUERY)
                .with("dataSourceType", format)
                .detailed(error.to_string())
                .caused_by(error)),
        }
    }

    pub(super) fn table_relation(&self, table: &Table) -> Result<Relation> {
        let source = self.source(files_of(table))?;
        Ok(Relation::Source { source: source.looking_again().unwrap_or(source), streaming: false })
    }
}

fn files_of(table: &Table) -> ReadRequest {
    ReadRequest {
        format: Some(table.format.clone()),
        options: table.options.clone(),
        schema: Some(Arc::clone(&table.schema)),
        paths: vec![path_text(&table.path)],
        mode: ReadMode::Batch,
    }
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
