//! `df.writeStream…start()` and `toTable`: from what the user said to a running query.

use crate::batch::OutputMode;
use std::sync::Arc;

use super::catalog::{Catalog, Named, Table};
use super::frame::Frame;
use super::names::{relation_parts, view_name};
use crate::config::Options;
use crate::durable::log::SINK_METADATA;
use crate::error::{Error, Result, condition};
use crate::plan::tree::Relation;
use crate::sink::Sink;
use crate::sink::format::SinkRequest;
use crate::sink::memory::{MemorySink, MemorySinkTable, MemoryView};
use crate::stream::query::StreamingQuery;
use crate::stream::start::{QueryOutput, StartRequest};
use crate::stream::trigger::Trigger;
use crate::types::uri;

/// What `writeStream` was told before `start()`.
pub struct WriteStream {
    /// `foreach`, `foreachBatch`: an output that is not a format.
    pub output: Option<(String, QueryOutput)>,
    pub format: Option<String>,
    pub options: Options,
    pub mode: OutputMode,
    pub trigger: Trigger,
    pub name: Option<String>,
    pub partition_by: Vec<String>,
    pub path: Option<String>,
}

/// Starts a query.
pub fn start(frame: &Frame, mut write: WriteStream) -> Result<Arc<StreamingQuery>> {
    let session = frame.session();
    let conf = session.conf();
    let checkpoint = write.options.get("checkpointLocation").map(str::to_owned);
    let default = conf.default_format();
    let format = write.format.clone().unwrap_or_else(|| default.to_owned());
    let path = match (write.path.take(), write.options.get("path").map(str::to_owned)) {
        (Some(path), _) | (None, Some(path)) => Some(path),
        (None, None) => None,
    };
    let mut view = None;
    let (format, output) = match write.output.take() {
        Some((name, output)) => (name, output),
        None if format.eq_ignore_ascii_case("memory") => {
            let name = write.name.clone().ok_or_else(|| Error::of(condition::MEMORY_SINK_WITHOUT_NAME))?;
            // Before the query runs: after an error there must be none.
            view_name(&name)?;
            let table = Arc::new(MemorySinkTable::new(frame.schema()));
            let source = Arc::new(MemoryView(Arc::clone(&table)));
            view = Some((name, Frame::new(session, &Relation::Source { source, streaming: false })?));
            (format, QueryOutput::Sink(Arc::new(MemorySink::new(table)) as Arc<dyn Sink>))
        }
        None => {
            let output = session.output_format(&format)?;
            let request = SinkRequest { options: &mut write.options, path, conf: &conf, print: session.print() };
            (format, QueryOutput::Sink(output.sink(request)?))
        }
    };
    write.options.warn_unread(&format);
    let query = session.streams().start(StartRequest {
        resolved: Arc::clone(frame.resolved()),
        env: session.env(),
        output,
        format,
        mode: write.mode,
        trigger: write.trigger,
        name: write.name,
        partition_by: write.partition_by,
        checkpoint,
    })?;
    // As in Spark, the view is there once the query is.
    if let Some((name, frame)) = view {
        session.create_view(&name, &frame, true)?;
    }
    Ok(query)
}

/// `toTable(name)`: a table that is missing is created first.
pub fn to_table(frame: &Frame, name: &str, mut write: WriteStream) -> Result<Arc<StreamingQuery>> {
    let session = frame.session();
    let parts = relation_parts(name)?;
    let table = match find(session.catalog(), &parts)? {
        Some(table) => table,
        None => {
            let own = Catalog::new_name(&parts)?;
            let given = write.path.clone().or_else(|| write.options.get("path").map(str::to_owned));
            let location = match given.as_deref() {
                Some(given) => uri::local_path(given)?,
                // The output of this very query in an earlier session: the sink sees whether it is.
                None if session.table_path(&own)?.join(SINK_METADATA).is_dir() => session.table_path(&own)?,
                None => session.new_table_path(&own)?,
            };
            let conf = session.conf();
            let format = write.format.clone().unwrap_or_else(|| conf.default_format().to_owned());
            session.output_format(&format)?;
            std::fs::create_dir_all(&location)?;
            session.catalog().put_table(
                Table {
                    name: own.as_str().to_owned(),
                    format,
                    options: write.options.clone(),
                    path: std::path::absolute(location)?,
                    schema: frame.schema(),
                    partition_by: write.partition_by.clone(),
                    description: None,
                    managed: given.is_none(),
                },
                conf.name_case(),
            );
            find(session.catalog(), &parts)?.ok_or_else(|| Error::internal("a table that was created is not there"))?
        }
    };
    if let Some(format) = write.format.as_ref().filter(|format| !format.eq_ignore_ascii_case(&table.format)) {
        return Err(Error::of(condition::INPUT_SOURCE_DIFFERS_FROM_TABLE)
            .with("source", format)
            .with("tableName", &table.name)
            .with("provider", &table.format));
    }
    write.format = Some(table.format.clone());
    // Rows are written as the table is read.
    write.options = table.options.clone().with(write.options);
    write.path = Some(table.path.to_string_lossy().into_owned());
    start(frame, write)
}

fn find(catalog: &Catalog, parts: &[String]) -> Result<Option<Arc<Table>>> {
    match catalog.find(parts) {
        None => Ok(None),
        Some(Named::Table(table)) => Ok(Some(table)),
        Some(Named::View(_)) => {
            Err(Error::unsupported(format!("'{}' is a view, and a stream is written to a table", parts.join("."))))
        }
    }
}
