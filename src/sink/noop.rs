//! `noop`: takes every row and keeps none, for measuring and for queries that are run for their
//! side effects.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::future::BoxFuture;

use super::format::{OutputFormat, SinkRequest};
use super::{
    ContinuousWriter, EpochId, OutputMode, RowsPlace, Sink, SinkAbilities, SinkReport, SinkRun, Staged, Writer,
};
use crate::batch::{Batch, BatchId};
use crate::error::Result;
use crate::source::RecordBatches;

/// `format("noop")`.
pub struct NoopFormat;

impl OutputFormat for NoopFormat {
    fn name(&self) -> &str {
        "noop"
    }

    fn sink(&self, _: SinkRequest<'_>) -> Result<Arc<dyn Sink>> {
        Ok(Arc::new(Noop))
    }
}

/// What `writeStream.format("noop")` declares, and its own writer: it has nothing to open.
#[derive(Clone, Copy, Debug)]
pub struct Noop;

impl Sink for Noop {
    fn description(&self) -> String {
        "NoopTable".into()
    }

    fn can(&self) -> SinkAbilities {
        SinkAbilities {
            modes: &[OutputMode::Append, OutputMode::Update, OutputMode::Complete],
            partition_by: true,
            temporary_checkpoint: true,
            recovers: true,
        }
    }

    fn keeps(&self) -> RowsPlace {
        RowsPlace::Nowhere
    }

    fn open(&self, _: SinkRun) -> Result<Arc<dyn Writer>> {
        Ok(Arc::new(*self))
    }

    fn open_continuous(&self, _: SinkRun) -> Result<Arc<dyn ContinuousWriter>> {
        Ok(Arc::new(*self))
    }
}

impl Writer for Noop {
    /// Nothing is ever visible, so running a batch again changes nothing.
    fn is_committed(&self, _: BatchId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Ok(false) })
    }

    fn stage<'a>(&'a self, _: &'a Batch, _: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>> {
        Box::pin(async { Ok(Box::new(rows.drain().await?) as Staged) })
    }

    fn commit<'a>(&'a self, _: &'a Batch, staged: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>> {
        let rows = staged.iter().filter_map(|staged| staged.downcast_ref::<u64>()).sum();
        Box::pin(async move { Ok(SinkReport { rows: Some(rows) }) })
    }

    fn abort<'a>(&'a self, _: &'a Batch, _: Vec<Staged>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl ContinuousWriter for Noop {
    fn write(&self, _: EpochId, _: usize, _: RecordBatch) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn end_epoch(&self, _: EpochId, _: usize) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
