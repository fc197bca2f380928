//! The memory sink: rows stay in the process and are read through a temporary view called like the
//! query.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use futures::future::{BoxFuture, FutureExt, ready};
use futures::stream::TryStreamExt;
use parking_lot::Mutex;

use super::{ContinuousWriter, EpochId, OutputMode, Sink, SinkAbilities, SinkReport, SinkRun, Staged, Writer};
use crate::batch::{Batch, BatchId};
use crate::error::{Error, Result};
use crate::runtime::{Cancel, Runtime};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};

/// What a memory sink holds. Shared by the query's writer and by every reader of the view.
#[derive(Debug)]
pub struct MemorySinkTable {
    schema: SchemaRef,
    state: Mutex<SinkRows>,
}

#[derive(Debug, Default)]
struct SinkRows {
    rows: Vec<RecordBatch>,
    newest: Option<BatchId>,
}

/// Rows of a merged record batch at most.
const MERGED_ROWS: usize = 8192;

impl SinkRows {
    /// Adds rows. A continuous query adds one or two at a time, so a record batch is merged with
    /// the one before it while that is no bigger, as a binary counter carries: a reader finds few
    /// of them, and a row is copied a dozen times at most.
    fn push(&mut self, rows: RecordBatch) {
        let mut newest = rows;
        while let Some(before) = self.rows.last()
            && before.num_rows() <= newest.num_rows()
            && before.num_rows() + newest.num_rows() <= MERGED_ROWS
            // Text beyond 2 GB does not fit into one array, and stays apart.
            && let Ok(merged) = concat_batches(before.schema_ref(), [before, &newest])
        {
            self.rows.pop();
            newest = merged;
        }
        self.rows.push(newest);
    }
}

impl MemorySinkTable {
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, state: Mutex::default() }
    }

    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The rows that are visible now.
    pub fn snapshot(&self) -> Vec<RecordBatch> {
        self.state.lock().rows.clone()
    }

    fn publish(&self, id: BatchId, rows: Vec<RecordBatch>, mode: OutputMode) {
        let mut state = self.state.lock();
        if state.newest.is_some_and(|newest| id <= newest) {
            return;
        }
        state.newest = Some(id);
        if mode == OutputMode::Complete {
            state.rows.clear();
        }
        rows.into_iter().for_each(|rows| state.push(rows));
    }
}

/// The view of what a memory sink holds: each read sees the rows that are visible then.
#[derive(Debug)]
pub struct MemoryView(pub Arc<MemorySinkTable>);

impl Source for MemoryView {
    fn description(&self) -> String {
        "MemoryPlan".into()
    }

    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn open(&self, _run: SourceRun) -> Result<Box<dyn Reader>> {
        Ok(Box::new(OnceReader(vec![Arc::new(Snapshot(self.0.snapshot()))])))
    }
}

struct Snapshot(Vec<RecordBatch>);

impl Partition for Snapshot {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        Ok(RecordBatches::ready(self.0.iter().map(|batch| scan.project(batch)).collect::<Result<_>>()?))
    }
}

/// `format("memory")`.
#[derive(Debug)]
pub struct MemorySink {
    table: Arc<MemorySinkTable>,
}

impl MemorySink {
    pub fn new(table: Arc<MemorySinkTable>) -> Self {
        Self { table }
    }
}

impl Sink for MemorySink {
    fn description(&self) -> String {
        "MemorySink".into()
    }

    fn can(&self) -> SinkAbilities {
        SinkAbilities {
            modes: &[OutputMode::Append, OutputMode::Update, OutputMode::Complete],
            partition_by: false,
            temporary_checkpoint: true,
            recovers: false,
        }
    }

    fn open(&self, run: SinkRun) -> Result<Arc<dyn Writer>> {
        Ok(Arc::new(MemoryWriter {
            table: Arc::clone(&self.table),
            mode: run.mode,
            runtime: run.runtime,
            cancel: run.cancel,
        }))
    }

    fn open_continuous(&self, run: SinkRun) -> Result<Arc<dyn ContinuousWriter>> {
        Ok(Arc::new(MemoryWriter {
            table: Arc::clone(&self.table),
            mode: run.mode,
            runtime: run.runtime,
            cancel: run.cancel,
        }))
    }
}

struct MemoryWriter {
    table: Arc<MemorySinkTable>,
    mode: OutputMode,
    runtime: Runtime,
    cancel: Cancel,
}

impl Writer for MemoryWriter {
    fn is_committed(&self, id: BatchId) -> BoxFuture<'_, Result<bool>> {
        ready(Ok(self.table.state.lock().newest.is_some_and(|newest| id <= newest))).boxed()
    }

    fn stage<'a>(&'a self, _batch: &'a Batch, _lane: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>> {
        async move {
            let rows: Vec<RecordBatch> = rows.into_stream(&self.runtime, &self.cancel).try_collect().await?;
            Ok(Box::new(rows) as Staged)
        }
        .boxed()
    }

    fn commit<'a>(&'a self, batch: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>> {
        let rows = || -> Result<Vec<RecordBatch>> {
            let mut all = Vec::new();
            for lane in staged {
                all.extend(
                    *lane.downcast::<Vec<RecordBatch>>().map_err(|_| Error::internal("not what this sink staged"))?,
                );
            }
            Ok(all)
        };
        ready(rows().map(|mut rows| {
            rows.retain(|batch| batch.num_rows() > 0);
            let count = rows.iter().map(|batch| batch.num_rows() as u64).sum();
            self.table.publish(batch.id, rows, self.mode);
            SinkReport { rows: Some(count) }
        }))
        .boxed()
    }

    fn abort<'a>(&'a self, _batch: &'a Batch, _staged: Vec<Staged>) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }
}

impl ContinuousWriter for MemoryWriter {
    fn write(&self, _epoch: EpochId, _lane: usize, rows: RecordBatch) -> BoxFuture<'_, Result<()>> {
        if rows.num_rows() > 0 {
            self.table.state.lock().push(rows);
        }
        ready(Ok(())).boxed()
    }

    fn end_epoch(&self, _epoch: EpochId, _lane: usize) -> BoxFuture<'_, Result<()>> {
        ready(Ok(())).boxed()
    }
}
