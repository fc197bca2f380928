//! The console sink: each batch as a table.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::future::{BoxFuture, FutureExt, ready};
use futures::stream::TryStreamExt;

use super::format::{OutputFormat, SinkRequest};
use super::{ContinuousWriter, EpochId, OutputMode, Sink, SinkAbilities, SinkReport, SinkRun, Staged, Writer};
use crate::batch::{Batch, BatchId};
use crate::config::{Options, options};
use crate::error::{Error, Result};
use crate::source::RecordBatches;
use crate::types::show::{ShowLayout, render};
use crate::types::zone::Zone;

/// Where printed text goes: the process's output, or Python's `sys.stdout`.
pub type Print = Arc<dyn Fn(&str) -> Result<()> + Send + Sync>;

/// The format `console`.
pub struct ConsoleFormat;

impl OutputFormat for ConsoleFormat {
    fn name(&self) -> &'static str {
        "console"
    }

    fn sink(&self, request: SinkRequest<'_>) -> Result<Arc<dyn Sink>> {
        Ok(Arc::new(ConsoleSink::new(request.options, request.print)?))
    }
}

/// `format("console")`.
pub struct ConsoleSink {
    layout: ShowLayout,
    print: Print,
}

impl ConsoleSink {
    /// Reads `numRows` (20) and `truncate` (`true`: 20, `false`: whole, or a number).
    pub fn new(options: &mut Options, print: Print) -> Result<Self> {
        let rows = options.parse("numRows", "a whole number")?.unwrap_or(20);
        let truncate = match options.get("truncate").map(str::to_lowercase).as_deref() {
            None | Some("true") => 20,
            Some("false") => 0,
            Some(number) => {
                number.parse().map_err(|_| options::bad("truncate", "true, false or a whole number", number))?
            }
        };
        Ok(Self { layout: ShowLayout { rows, truncate, vertical: false }, print })
    }
}

impl fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleSink").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Sink for ConsoleSink {
    fn description(&self) -> String {
        format!(
            "org.apache.spark.sql.execution.streaming.sources.ConsoleTable$@{:x}",
            std::ptr::from_ref(self).cast::<u8>() as usize & 0x7fff_ffff
        )
    }

    fn can(&self) -> SinkAbilities {
        SinkAbilities {
            modes: &[OutputMode::Append, OutputMode::Update, OutputMode::Complete],
            partition_by: true,
            temporary_checkpoint: true,
            recovers: true,
        }
    }

    fn open(&self, run: SinkRun) -> Result<Arc<dyn Writer>> {
        Ok(Arc::new(self.writer(run)?))
    }

    fn open_continuous(&self, run: SinkRun) -> Result<Arc<dyn ContinuousWriter>> {
        Ok(Arc::new(self.writer(run)?))
    }
}

impl ConsoleSink {
    fn writer(&self, run: SinkRun) -> Result<ConsoleWriter> {
        let zone = Zone::of(run.conf.time_zone())?;
        Ok(ConsoleWriter { layout: self.layout, print: Arc::clone(&self.print), zone, run })
    }
}

struct ConsoleWriter {
    layout: ShowLayout,
    print: Print,
    zone: Zone,
    run: SinkRun,
}

impl ConsoleWriter {
    fn show(&self, id: u64, rows: &[RecordBatch]) -> Result<()> {
        const RULE: &str = "-------------------------------------------";
        let table = render(&self.run.schema, rows, self.layout, self.zone)?;
        // A whole table is followed by an empty line, one that was cut by its note alone.
        let end = if table.ends_with("+\n") { "\n" } else { "" };
        (self.print)(&format!("{RULE}\nBatch: {id}\n{RULE}\n{table}{end}"))
    }
}

impl Writer for ConsoleWriter {
    fn is_committed(&self, _id: BatchId) -> BoxFuture<'_, Result<bool>> {
        // Nobody can ask what was printed. Spark prints a replayed batch again.
        ready(Ok(false)).boxed()
    }

    fn stage<'a>(&'a self, _batch: &'a Batch, _lane: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>> {
        async move {
            let rows: Vec<RecordBatch> = rows.into_stream(&self.run.runtime, &self.run.cancel).try_collect().await?;
            Ok(Box::new(rows) as Staged)
        }
        .boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>> {
        async move {
            let mut rows = Vec::new();
            for lane in staged {
                rows.extend(
                    *lane.downcast::<Vec<RecordBatch>>().map_err(|_| Error::internal("not what this sink staged"))?,
                );
            }
            self.show(batch.id.0, &rows)?;
            Ok(SinkReport { rows: Some(rows.iter().map(|batch| batch.num_rows() as u64).sum()) })
        }
        .boxed()
    }

    fn abort<'a>(&'a self, _batch: &'a Batch, _staged: Vec<Staged>) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }
}

impl ContinuousWriter for ConsoleWriter {
    fn write(&self, epoch: EpochId, _lane: usize, rows: RecordBatch) -> BoxFuture<'_, Result<()>> {
        ready(if rows.num_rows() == 0 { Ok(()) } else { self.show(epoch.0, &[rows]) }).boxed()
    }

    fn end_epoch(&self, _epoch: EpochId, _lane: usize) -> BoxFuture<'_, Result<()>> {
        ready(Ok(())).boxed()
    }
}
