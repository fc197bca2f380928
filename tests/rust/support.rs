//! What several tests need to open a source without a session.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use firesteel::config::{Conf, Options};
use firesteel::durable::log::SourceLog;
use firesteel::durable::store::Durability;
use firesteel::error::Result;
use firesteel::runtime::clock::{Clock, ManualClock};
use firesteel::runtime::{Cancel, Runtime};
use firesteel::session::formats::Formats;
use firesteel::source::format::SourceRequest;
use firesteel::source::{Partition, ReadLimit, ReadMode, RecordBatches, Scan, Source, SourceRun};
use futures::StreamExt;

/// A read, as `spark.read` has it. An option `conf:key` is configuration.
pub struct Load<'a> {
    pub format: &'a str,
    pub path: &'a Path,
    /// DDL; empty for none.
    pub schema: &'a str,
    pub options: &'a [(&'a str, &'a str)],
}

/// The runtime of a test: two lanes.
pub fn runtime() -> Runtime {
    Runtime::new(2).unwrap()
}

/// Declares a source.
pub fn source(load: &Load<'_>, mode: ReadMode, runtime: &Runtime) -> Result<(Arc<dyn Source>, Arc<Conf>)> {
    let mut conf = Conf::default();
    let mut options = Options::default();
    for (key, value) in load.options {
        match key.strip_prefix("conf:") {
            Some(key) => conf.set(key, *value),
            None => options.set(*key, *value),
        }
    }
    let formats = Formats::all();
    let schema = if load.schema.is_empty() { None } else { Some(firesteel::types::ddl::parse_schema(load.schema)?) };
    let paths =
        if load.path.as_os_str().is_empty() { Vec::new() } else { vec![load.path.to_str().unwrap().to_owned()] };
    let request = SourceRequest { options: &mut options, paths, schema, mode, conf: &conf, runtime };
    let source = formats.input(load.format, mode)?.source(request)?;
    Ok((source, Arc::new(conf)))
}

/// A run of a query on a clock of its own.
pub fn run(conf: &Arc<Conf>, runtime: &Runtime, log: Option<&Path>) -> (SourceRun, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let run = SourceRun {
        lanes: 2,
        conf: Arc::clone(conf),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        cancel: Cancel::default(),
        runtime: runtime.clone(),
        log: log.map(|dir| SourceLog { dir: dir.to_owned(), durability: Durability::Buffered }),
    };
    (run, clock)
}

/// The rows of partitions, one partition after the other.
pub fn rows(partitions: &[Arc<dyn Partition>], schema: &Schema, runtime: &Runtime) -> Result<Vec<RecordBatch>> {
    let scan = Scan::all(schema, Cancel::default());
    let mut batches = Vec::new();
    for partition in partitions {
        match partition.read(&scan)? {
            RecordBatches::Nothing => {}
            RecordBatches::Blocking(iterator) => {
                for batch in iterator {
                    batches.push(batch?);
                }
            }
            RecordBatches::Async(stream) => {
                let all: Vec<_> = runtime.block_on(stream.collect());
                for batch in all {
                    batches.push(batch?);
                }
            }
        }
    }
    Ok(batches)
}

/// A whole batch read.
pub fn read_all(load: Load<'_>) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let runtime = runtime();
    let (source, conf) = source(&load, ReadMode::Batch, &runtime)?;
    let (run, _) = run(&conf, &runtime, None);
    let mut reader = source.open(run)?;
    let schema = source.schema();
    let Some(end) = reader.end_of_batch(None, ReadLimit::All)? else { return Ok((schema, Vec::new())) };
    let partitions = reader.partitions(None, &end)?;
    let batches = rows(&partitions, &schema, &runtime)?;
    Ok((schema, batches))
}
