//! Where rows come from: the contract of a source.
//!
//! A [`InputFormat`](format::InputFormat) is what `format("x")` names. Its [`Source`] is what
//! `load()` declares; a query opens it into a [`Reader`], which says where each batch ends and cuts
//! a range of offsets into [`Partition`]s. A batch read uses the same path as a stream of one batch
//! without a checkpoint. The simplest implementation, and so the tutorial, is [`rate_micro_batch`].
//!
//! To add one: a file here, its line in [`formats`] below, a table in `docs/sources.md`. A source may
//! block; Tokio has no driver for I/O here.
//!
//! | file | what is in it |
//! |---|---|
//! | [`format`](mod@format) | the contract of a format: options in, a [`Source`] out |
//! | [`files`] | files, in batch and as a stream |
//! | [`rate`], [`rate_micro_batch`], [`range`], [`socket`] | rows made by the clock, by the batch, once; lines from a server |
//! | [`memory`] | rows in memory: static relations, and the stream that tests fill |
//! | [`nexmark`] | the events of an auction house, for measurements |
//! | [`once`] | the reader of what is there once and whole |

pub mod files;
pub mod format;
pub mod memory;
pub mod nexmark;
pub mod once;
pub mod range;
pub mod rate;
pub mod rate_micro_batch;
pub mod socket;

use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::future::{FutureExt, ready};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use self::format::InputFormat;
use crate::config::Conf;
use crate::durable::log::SourceLog;
use crate::error::{Error, ErrorKind, Result, panicked};
use crate::runtime::clock::Clock;
use crate::runtime::{Cancel, Runtime, may_block};

/// Every format that can be read.
pub fn formats() -> Vec<Arc<dyn InputFormat>> {
    let mut formats: Vec<Arc<dyn InputFormat>> = Vec::new();
    formats.extend(files::formats::FileInputFormat::ALL.map(|format| Arc::new(format) as Arc<dyn InputFormat>));
    formats.push(Arc::new(rate::RateFormat));
    formats.push(Arc::new(rate_micro_batch::RateMicroBatchFormat));
    formats.push(Arc::new(nexmark::NexmarkFormat));
    formats.push(Arc::new(socket::SocketFormat));
    formats
}

/// One line of JSON, opaque to the engine, in the form that Spark writes for the source. Offsets
/// are equal when their texts are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Offset(pub String);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Offset {
    /// The error for an offset that `source` cannot read: it is damaged, or another source wrote
    /// it.
    pub fn damaged(&self, source: &str, why: impl fmt::Display) -> Error {
        Error::new(
            ErrorKind::Checkpoint,
            format!(
                "the offset '{self}' was not written by the source '{source}' ({why}); is this another query's checkpoint?"
            ),
        )
    }
}

/// Record batches on their way, from code that blocks (run on a thread where it may) or from code
/// that does not.
pub enum RecordBatches {
    Blocking(Box<dyn Iterator<Item = Result<RecordBatch>> + Send>),
    Async(BoxStream<'static, Result<RecordBatch>>),
    /// No part of the batch is this lane's: Spark has no task for it.
    Nothing,
}

impl RecordBatches {
    /// Batches that are in memory already.
    pub fn ready(batches: Vec<RecordBatch>) -> Self {
        Self::Async(Box::pin(stream::iter(batches.into_iter().map(Ok))))
    }

    /// Reads them to their end, and says how many rows there were.
    pub async fn drain(self) -> Result<u64> {
        let count = |sum, batch: RecordBatch| sum + batch.num_rows() as u64;
        match self {
            Self::Nothing => Ok(0),
            Self::Blocking(mut batches) => batches.try_fold(0, |sum, batch| Ok(count(sum, batch?))),
            Self::Async(batches) => batches.try_fold(0, |sum, batch| ready(Ok(count(sum, batch)))).await,
        }
    }

    /// The batches as a stream. A blocking iterator runs on the polling thread if that thread may
    /// block, as a lane's may. Otherwise a blocking thread runs it, two record batches ahead.
    pub fn into_stream(self, runtime: &Runtime, cancel: &Cancel) -> BoxStream<'static, Result<RecordBatch>> {
        let iterator = match self {
            Self::Nothing => return stream::empty().boxed(),
            Self::Async(stream) => return stream,
            Self::Blocking(iterator) => iterator,
        };
        let (runtime, batches) = (runtime.clone(), to_first_error(iterator, cancel.clone()));
        let polled = async move { if may_block() { stream::iter(batches).boxed() } else { ahead(batches, &runtime) } };
        polled.flatten_stream().boxed()
    }
}

/// The batches up to the first error: a cancel is one, and so is a panic, which must not look like
/// the end of the rows.
fn to_first_error(
    mut batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    cancel: Cancel,
) -> impl Iterator<Item = Result<RecordBatch>> + Send + 'static {
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed {
            return None;
        }
        let next = cancel.check().and_then(|()| {
            catch_unwind(AssertUnwindSafe(|| batches.next()))
                .unwrap_or_else(|panic| Some(Err(panicked(panic.as_ref()))))
                .transpose()
        });
        failed = next.is_err();
        next.transpose()
    })
}

/// The batches of an iterator that runs on a thread where it may block, two batches ahead.
fn ahead(
    batches: impl Iterator<Item = Result<RecordBatch>> + Send + 'static,
    runtime: &Runtime,
) -> BoxStream<'static, Result<RecordBatch>> {
    let (send, receive) = tokio::sync::mpsc::channel(2);
    let reading = runtime.blocking(move || {
        for batch in batches {
            if send.blocking_send(batch).is_err() {
                return;
            }
        }
    });
    let rows = stream::unfold(receive, |mut receive| async move { receive.recv().await.map(|batch| (batch, receive)) });
    // A thread that did not start sends nothing, which must not look like the end of the rows.
    let end = stream::once(async move { reading.await.err().map(Err) }).filter_map(ready);
    rows.chain(end).boxed()
}

/// Whether a source is read once, whole, or as a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMode {
    Batch,
    Stream,
}

/// How much a batch may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLimit {
    /// What the source's options say.
    Configured,
    /// Everything: `once`, `availableNow` after [`Available::OneBatchOnly`], and batch reads.
    All,
}

/// What a source answers to `availableNow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Available {
    /// It noted what is there now and will end there.
    Pinned,
    /// It cannot (rate): the query runs one single batch.
    OneBatchOnly,
}

/// What a pass wants of a partition.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Indices into the source's schema; the batches hold exactly these columns in this order.
    pub columns: Vec<usize>,
    pub cancel: Cancel,
}

impl Scan {
    /// Every column of `schema`.
    pub fn all(schema: &Schema, cancel: Cancel) -> Self {
        Self { columns: (0..schema.fields().len()).collect(), cancel }
    }

    /// A record batch of `rows` rows whose columns, of the source's `schema`, are made on demand:
    /// what is not wanted is not made.
    pub fn build(
        &self,
        schema: &Schema,
        rows: usize,
        mut column: impl FnMut(usize) -> ArrayRef,
    ) -> Result<RecordBatch> {
        let columns = self.columns.iter().map(|i| column(*i)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(schema.project(&self.columns)?), columns, &options)?)
    }

    /// The wanted columns of a record batch that has all of them; nothing is copied.
    pub fn project(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        Ok(batch.project(&self.columns)?)
    }
}

/// Sources are equal that read the same.
impl PartialEq for dyn Source {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

/// What `load()` declares; several queries may open it.
pub trait Source: Send + Sync + Debug {
    /// Spark's string for progress, e.g. `FileStreamSource[file:/data/in]`.
    fn description(&self) -> String;

    fn schema(&self) -> SchemaRef;

    /// Columns behind those of the schema, which a plan may read and `*` leaves out: what a file
    /// says of its rows.
    fn hidden(&self) -> Vec<Field> {
        Vec::new()
    }

    /// How many partitions the user asked for, where the source was told: the plan has a lane for
    /// each.
    fn partitions(&self) -> Option<usize> {
        None
    }

    /// Whether the rows are there, without a job that makes them.
    fn is_local(&self) -> bool {
        false
    }

    /// The same for two sources that read the same.
    fn identity(&self) -> String {
        self.description()
    }

    /// The same source as one that looks at each read what there is, where it would keep what it
    /// found when it was made: a table, whose rows may be added to.
    fn looking_again(&self) -> Option<Arc<dyn Source>> {
        None
    }

    /// The files that a batch would read, as URIs.
    fn files(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// False for a source that cannot give the same rows again (socket, memory): the docs and
    /// `start()` say so.
    fn replays(&self) -> bool {
        true
    }

    /// Opens the source for one run of one query, or one batch read. May do I/O.
    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>>;

    /// With whom every action on these rows ends, if with anybody: the rows of a batch with their
    /// query.
    fn owner(&self) -> Option<Cancel> {
        None
    }

    /// Opens the source for a continuous query.
    fn open_continuous(&self, run: SourceRun) -> Result<Box<dyn ContinuousReader>> {
        let _ = run;
        Err(Error::of(crate::error::condition::CONTINUOUS_UNSUPPORTED_SOURCE).with("sourceName", self.description()))
    }
}

/// What a reader is given when it is opened.
#[derive(Clone)]
pub struct SourceRun {
    /// Parallel lanes of the plan; a source's partitions go to lanes in their order, neighbours
    /// together.
    pub lanes: usize,
    pub conf: Arc<Conf>,
    pub clock: Arc<dyn Clock>,
    pub cancel: Cancel,
    /// Where threads come from.
    pub runtime: Runtime,
    /// The source's own log `sources/<i>/`; none for a batch read.
    pub log: Option<SourceLog>,
}

/// A source opened by one run of one query. Lives on the query's own thread, one call at a time;
/// dropping it there is its stop.
pub trait Reader: Send {
    /// Where a new query begins; `None` is before everything. The same when batch 0 is replayed.
    fn initial(&mut self) -> Result<Option<Offset>>;

    /// `availableNow`, once, before any batch.
    fn pin_available(&mut self) -> Result<Available>;

    /// Where this batch ends. `None`: nothing new. Never before the head of the source's own log.
    /// Called once a batch; may do I/O.
    fn end_of_batch(&mut self, start: Option<&Offset>, limit: ReadLimit) -> Result<Option<Offset>>;

    /// Cuts `(start, end]` into partitions, never called with `end == start`. The same range gives
    /// the same rows, or an error.
    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>>;

    /// After `commits/N`: the source may forget everything up to `end`. May be repeated.
    fn commit(&mut self, end: &Offset) -> Result<()> {
        let _ = end;
        Ok(())
    }

    /// For progress.
    fn report(&self) -> SourceReport {
        SourceReport::default()
    }
}

/// What a reader knows for progress.
#[derive(Clone, Debug, Default)]
pub struct SourceReport {
    /// The newest offset there is, where the source knows one beyond the batch's end.
    pub latest: Option<Offset>,
    /// `metrics` in progress, in order.
    pub metrics: Vec<(String, String)>,
}

/// A part of a batch's rows, read by one lane. May be read again.
pub trait Partition: Send + Sync {
    fn read(&self, scan: &Scan) -> Result<RecordBatches>;
}

/// Where a lane stands, in the source's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneOffset(pub String);

/// A source opened by a continuous query.
pub trait ContinuousReader: Send {
    /// One tail a lane, from the committed offset or the source's beginning; a source whose option
    /// says how many partitions it has returns as many, and the query then has that many lanes.
    fn start(&mut self, from: Option<&Offset>) -> Result<Vec<Box<dyn Tail>>>;

    /// What `offsets/E` holds when every lane has ended the epoch; `ends[i]` is lane i's.
    fn merge(&self, ends: &[LaneOffset]) -> Result<Offset>;

    /// New partitions: the engine ends the epoch and starts again.
    fn changed(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        let _ = end;
        Ok(())
    }
}

/// One lane of a continuous source, on a thread of its own.
pub trait Tail: Send {
    /// The next rows as soon as there are any, with all of the source's columns, and where the lane
    /// stands after them; `None` when `wait` has passed without.
    fn next(&mut self, wait: Duration) -> Result<Option<(RecordBatch, LaneOffset)>>;

    /// Where the lane stands now.
    fn offset(&self) -> LaneOffset;
}
