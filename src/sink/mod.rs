//! Where rows go: the contract of a sink.
//!
//! A [`Sink`] is what `writeStream.format("x")` declares; `start()` opens it into a [`Writer`]. A
//! batch's rows are staged lane by lane, invisible, and made visible by one commit. The tutorial is
//! `console`: options, a format, a writer.
//!
//! To add one: a file here, its line in [`formats`] below, a table in `docs/sinks.md`. A sink may block.
//! One that promises "exactly once" answers [`Writer::is_committed`], as [`files`] does.
//!
//! | file | what is in it |
//! |---|---|
//! | [`format`](mod@format) | the contract of a format: options in, a [`Sink`] out |
//! | [`files`] | files, exactly once; [`encode`] turns rows into their bytes |
//! | [`console`], [`memory`], [`noop`] | a table a batch; rows kept in the process; rows that nobody wants |

pub mod console;
pub mod encode;
pub mod files;
pub mod format;
pub mod memory;
pub mod noop;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::future::BoxFuture;

use self::format::OutputFormat;
use crate::batch::{Batch, BatchId, OutputMode};
use crate::config::Conf;
use crate::error::{Error, Result};
use crate::runtime::clock::Clock;
use crate::runtime::{Cancel, Runtime};
use crate::source::RecordBatches;

/// What a sink can do; checked at `start()`, before a row is read.
#[derive(Clone, Debug)]
pub struct SinkAbilities {
    pub modes: &'static [OutputMode],
    pub partition_by: bool,
    /// Whether a query may run without a checkpoint location (memory, foreach, foreachBatch,
    /// console, noop).
    pub temporary_checkpoint: bool,
    /// False for a sink whose rows die with the process: it refuses an existing checkpoint, except
    /// in complete mode.
    pub recovers: bool,
}

/// What a query writes to, declared; several queries may open it.
pub trait Sink: Send + Sync + Debug {
    /// Spark's string for progress, e.g. `MemorySink`.
    fn description(&self) -> String;

    fn can(&self) -> SinkAbilities;

    /// Refuses to start a query whose batches would be lost there, before it reads a row. `begun`
    /// is the newest batch that its checkpoint knows of.
    fn check_start(&self, run: &SinkRun, begun: Option<BatchId>) -> Result<()> {
        let _ = (run, begun);
        Ok(())
    }

    /// Where the rows of batches stay: a rollback asks, which runs without the query.
    fn keeps(&self) -> RowsPlace {
        RowsPlace::Elsewhere
    }

    /// Opens the sink for one run of one query. May do I/O.
    fn open(&self, run: SinkRun) -> Result<Arc<dyn Writer>>;

    /// Opens the sink for a continuous query.
    fn open_continuous(&self, run: SinkRun) -> Result<Arc<dyn ContinuousWriter>> {
        let _ = run;
        Err(Error::of(crate::error::condition::CONTINUOUS_UNSUPPORTED_SINK).with("source", self.description()))
    }
}

/// Where a sink keeps the rows of batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsPlace {
    /// In files below this directory, with a `_spark_metadata`.
    Files(PathBuf),
    /// It keeps none.
    Nowhere,
    /// Where nobody but the sink itself can take them back.
    Elsewhere,
}

/// What a writer is given when it is opened.
#[derive(Clone)]
pub struct SinkRun {
    /// The same on every restart from one checkpoint.
    pub query_id: String,
    pub query_name: Option<String>,
    pub schema: SchemaRef,
    pub mode: OutputMode,
    pub partition_by: Vec<String>,
    pub lanes: usize,
    pub conf: Arc<Conf>,
    pub clock: Arc<dyn Clock>,
    pub cancel: Cancel,
    pub runtime: Runtime,
}

/// What a lane's stage left behind, in the writer's own words; given back to its commit or abort.
pub type Staged = Box<dyn std::any::Any + Send>;

/// What a commit reports for progress.
#[derive(Clone, Debug, Default)]
pub struct SinkReport {
    /// `sink.numOutputRows`; `None` is written as -1.
    pub rows: Option<u64>,
}

/// A sink opened by one run of one query. The engine cancels and awaits; it never just drops a
/// future. `stage` is polled on the lane's thread, which may block; everything else on the query's
/// thread.
pub trait Writer: Send + Sync {
    /// Whether the batch is visible already: asked before a replay, and of a writer opened anew
    /// after a commit failed. May finish what a crash left half-done. A sink that promises exactly
    /// once answers truly or with an error, never a guess; one that promises at least once answers
    /// `false`, and the batch comes again.
    fn is_committed(&self, id: BatchId) -> BoxFuture<'_, Result<bool>>;

    /// Takes one lane's rows. Nothing becomes visible; what is staged need not survive the process.
    /// Lanes run at once.
    fn stage<'a>(&'a self, batch: &'a Batch, lane: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>>;

    /// Makes the batch visible, whole. `staged` is in lane order and may be empty. Idempotent by
    /// the batch's id.
    fn commit<'a>(&'a self, batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>>;

    /// After every lane has ended, when one failed: removes what was staged.
    fn abort<'a>(&'a self, batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<()>>;
}

/// The number of an epoch of a continuous query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochId(pub u64);

/// A sink opened by a continuous query.
pub trait ContinuousWriter: Send + Sync {
    /// Rows are visible on return.
    fn write(&self, epoch: EpochId, lane: usize, rows: RecordBatch) -> BoxFuture<'_, Result<()>>;

    /// Ends the lane's epoch, before `offsets/E`. Its rows are durable on return.
    fn end_epoch(&self, epoch: EpochId, lane: usize) -> BoxFuture<'_, Result<()>>;
}

/// Every format that Firesteel writes. The memory sink is the session's: it makes a view.
pub fn formats() -> Vec<Arc<dyn OutputFormat>> {
    vec![
        Arc::new(console::ConsoleFormat),
        Arc::new(noop::NoopFormat),
        Arc::new(files::FileOutputFormat::Parquet),
        Arc::new(files::FileOutputFormat::Csv),
        Arc::new(files::FileOutputFormat::Json),
        Arc::new(files::FileOutputFormat::Text),
    ]
}
