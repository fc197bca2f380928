//! The file sink: exactly once for both kinds of reader, Spark's through `_spark_metadata` and a
//! plain glob.
//!
//! ```text
//! stage    <out>/k=v/.part-00000-<uuid>.c000.snappy.parquet.staged    synced, and no glob sees it
//! record   <out>/_spark_metadata/.7.committing                         synced: from here on the batch will become visible, as this query's
//! rename   <out>/k=v/part-00000-<uuid>.c000.snappy.parquet
//! log      <out>/_spark_metadata/7                                     Spark's entry
//! ```
//! A record found later is finished; a staged file that no record names is removed.
//!
//! | file | what is in it |
//! |---|---|
//! | [`log`], `record` | `_spark_metadata`, and beside it the files that are ours |
//! | [`take_back`] | batches taken back, when a checkpoint goes back |
//! | `part`, `held` | the part files of one lane; rows whose directory has no file open |
//! | [`save`] | batch writes, which have no log |

mod held;
mod log;
pub(crate) mod part;
mod record;
pub(crate) mod save;
pub mod take_back;

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt, ready};

use self::log::SinkLog;
use self::part::{Empty, LaneOf, LaneParts, PartFile, remove_staged};
use self::record::OTHER;
use super::encode::{CsvEncoding, Encoding, JsonEncoding, ParquetEncoding, TextEncoding};
use super::format::{OutputFormat, SinkRequest};
use super::{OutputMode, RowsPlace, Sink, SinkAbilities, SinkReport, SinkRun, Staged, Writer};
use crate::batch::{Batch, BatchId};
use crate::durable::log::SINK_METADATA;
use crate::durable::store::{Durability, Put};
use crate::error::{Context, Error, Result, condition};
use crate::source::RecordBatches;
use crate::source::files::path;
use crate::types::uri;

/// The formats that are files.
#[derive(Clone, Copy, Debug)]
pub enum FileOutputFormat {
    Parquet,
    Csv,
    Json,
    Text,
}

impl OutputFormat for FileOutputFormat {
    fn name(&self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
        }
    }

    fn sink(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Sink>> {
        let path =
            request.path.clone().ok_or_else(|| Error::of(condition::PATH_MISSING).with("call", "start(path)"))?;
        if request.options.get("retention").is_some() {
            return Err(Error::unsupported(
                "the file sink's option 'retention' is not implemented in Firesteel: every file stays in the log",
            ));
        }
        Ok(Arc::new(FileSink { path: uri::local_path(&path)?, encoding: self.encoding(request)? }))
    }

    fn encoding(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Encoding>> {
        let SinkRequest { options, conf, .. } = request;
        if options.parse::<i64>("maxRecordsPerFile", "a whole number")?.is_some_and(|most| most > 0) {
            return Err(Error::unsupported(
                "the option 'maxRecordsPerFile' is not implemented in Firesteel: a lane's rows of a partition make one file",
            ));
        }
        Ok(match self {
            Self::Parquet => Arc::new(ParquetEncoding::new(options, conf)?),
            Self::Csv => Arc::new(CsvEncoding::new(options, conf)?),
            Self::Json => Arc::new(JsonEncoding::new(options, conf)?),
            Self::Text => Arc::new(TextEncoding::new(options)?),
        })
    }
}

/// `format("parquet" | "csv" | "json" | "text")` with a path.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    encoding: Arc<dyn Encoding>,
}

impl Sink for FileSink {
    fn description(&self) -> String {
        format!("FileSink[{}]", path::display(&self.path))
    }

    fn can(&self) -> SinkAbilities {
        SinkAbilities { modes: &[OutputMode::Append], partition_by: true, temporary_checkpoint: false, recovers: true }
    }

    fn keeps(&self) -> RowsPlace {
        RowsPlace::Files(std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone()))
    }

    fn check_start(&self, run: &SinkRun, begun: Option<BatchId>) -> Result<()> {
        SinkLog::check_start(&self.path.join(SINK_METADATA), run, begun)
    }

    fn open(&self, run: SinkRun) -> Result<Arc<dyn Writer>> {
        let durability = Durability::of(&run.conf)?;
        durability.create_dir(&self.path).context(|| format!("opening the output {}", self.path.display()))?;
        let path =
            self.path.canonicalize().context(|| format!("opening the output directory {}", self.path.display()))?;
        self.encoding.check(&run.schema)?;
        let log = SinkLog::open(&path.join(SINK_METADATA), durability, &run)?;
        let layout = part::layout(&run.schema, &run.partition_by, &run.conf)?;
        Ok(Arc::new(FileWriter { path, log, layout, encoding: Arc::clone(&self.encoding), durability, run }))
    }
}

struct FileWriter {
    path: PathBuf,
    log: SinkLog,
    layout: part::PartLayout,
    encoding: Arc<dyn Encoding>,
    durability: Durability,
    run: SinkRun,
}

impl FileWriter {
    /// Renames what a record names and puts the log entry; each step may have been done before.
    fn roll_forward(&self, id: BatchId, parts: &[PartFile]) -> Result<Put> {
        for part in parts {
            part.publish(&self.path, self.durability)?;
            crate::runtime::crash::point("sink-renamed");
        }
        self.log.sign(id)?;
        let put = self.log.put(id, &self.path, parts)?;
        if put == Put::Written {
            crate::runtime::crash::point("sink-logged");
            self.log.forget(id)?;
        }
        Ok(put)
    }

    fn is_visible(&self, id: BatchId) -> Result<bool> {
        if self.log.contains(id)? {
            self.log.check_writer(id)?;
            if let Ok(Some(parts)) = self.log.recorded(id) {
                if !parts.is_empty() && !self.log.names(id, &parts)? {
                    return self.withdraw(id, &parts).map(|()| true);
                }
                self.log.forget(id)?;
            }
            return Ok(true);
        }
        let recorded = self.log.recorded(id)?;
        if let Some(parts) = &recorded {
            if self.roll_forward(id, parts)? == Put::Exists {
                self.withdraw(id, parts)?;
            }
        } else {
            remove_staged(&self.path, &self.log.recorded_parts()?)?;
        }
        Ok(recorded.is_some())
    }

    fn publish(&self, id: BatchId, parts: &[PartFile]) -> Result<()> {
        let recorded = self.log.reach(id).and_then(|free| match free {
            true => self.log.record(id, parts).map(|()| true),
            false if self.log.names(id, parts)? => Ok(false),
            false => Err(self.log.taken(id, OTHER)),
        });
        match recorded {
            Ok(true) => {}
            // This very commit was done before.
            Ok(false) => return Ok(()),
            Err(error) => {
                parts.iter().try_for_each(|part| part.discard(&self.path))?;
                return Err(error);
            }
        }
        crate::runtime::crash::point("sink-recorded");
        if self.roll_forward(id, parts)? == Put::Written {
            return Ok(());
        }
        self.withdraw(id, parts)
    }

    /// Undoes a commit whose entry somebody else put, who keeps no record: Spark, perhaps. It does
    /// not name these parts. Always an error.
    fn withdraw(&self, id: BatchId, parts: &[PartFile]) -> Result<()> {
        parts.iter().try_for_each(|part| part.withdraw(&self.path))?;
        self.log.unsign(id)?;
        self.log.forget(id)?;
        Err(self.log.taken(id, OTHER))
    }
}

impl Writer for FileWriter {
    fn is_committed(&self, id: BatchId) -> BoxFuture<'_, Result<bool>> {
        ready(self.is_visible(id)).boxed()
    }

    fn stage<'a>(&'a self, _batch: &'a Batch, lane: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>> {
        async move {
            let lane = LaneOf { lane, lanes: self.run.lanes };
            let parts = LaneParts::new(&self.path, lane, &self.layout, &self.encoding, self.durability);
            let rows = rows.into_stream(&self.run.runtime, &self.run.cancel);
            Ok(Box::new(parts.take(rows, Empty::Nothing).await?) as Staged)
        }
        .boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>> {
        ready(unpack(staged).and_then(|parts| {
            self.publish(batch.id, &parts)
                .context(|| format!("committing batch {} to {}", batch.id, self.path.display()))?;
            Ok(SinkReport { rows: None })
        }))
        .boxed()
    }

    fn abort<'a>(&'a self, _batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<()>> {
        ready(unpack(staged).and_then(|parts| parts.iter().try_for_each(|part| part.discard(&self.path)))).boxed()
    }
}

fn unpack(staged: Vec<Staged>) -> Result<Vec<PartFile>> {
    let mut parts = Vec::new();
    for lane in staged {
        parts.extend(*lane.downcast::<Vec<PartFile>>().map_err(|_| Error::internal("not what this sink staged"))?);
    }
    Ok(parts)
}
