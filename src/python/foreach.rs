//! `foreach` and `foreachBatch`: the user's Python code as a sink, and as the function of a batch.

use crate::batch::OutputMode;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, ready};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::error::user;
use super::frame::FrameHandle;
use super::row_out;
use crate::batch::{Batch, BatchId};
use crate::error::Result;
use crate::plan::tree::Relation;
use crate::runtime::{Cancel, CancelReason, Runtime};
use crate::session::{Session, frame};
use crate::sink::{ContinuousWriter, EpochId, Sink, SinkAbilities, SinkReport, SinkRun, Staged, Writer};
use crate::source::{RecordBatches, Source};
use crate::stream::EachBatch;

/// `foreachBatch(f)`: calls `f(frame, number)` on the query's own thread, with no lock held.
pub struct BatchFunction {
    function: Py<PyAny>,
    session: Arc<Session>,
}

impl BatchFunction {
    pub fn new(function: Py<PyAny>, session: Arc<Session>) -> Self {
        Self { function, session }
    }
}

impl EachBatch for BatchFunction {
    fn call(&self, rows: Arc<dyn Source>, id: BatchId) -> Result<()> {
        let frame = frame::Frame::new(&self.session, &Relation::Source { source: rows, streaming: false })?;
        Python::attach(|py| {
            let called = FrameHandle(frame).into_pyobject(py).and_then(|frame| self.function.call1(py, (frame, id.0)));
            called.map(|_| ()).map_err(|raised| user(py, raised, "the function of foreachBatch"))
        })
    }
}

/// `foreach(f)`: a copy of the pickled function or object for each lane and batch, as Spark gives
/// its tasks.
pub struct ForeachSink {
    pickled: Arc<Vec<u8>>,
    runtime: Runtime,
}

impl ForeachSink {
    pub fn new(pickled: Vec<u8>, runtime: Runtime) -> Self {
        Self { pickled: Arc::new(pickled), runtime }
    }
}

impl fmt::Debug for ForeachSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeachSink")
    }
}

impl Sink for ForeachSink {
    fn description(&self) -> String {
        let address = std::ptr::from_ref(self).cast::<u8>() as usize & 0x7fff_ffff;
        format!("ForeachWriterTable(org.apache.spark.sql.execution.python.streaming.PythonForeachWriter@{address:x},)")
    }

    fn can(&self) -> SinkAbilities {
        SinkAbilities {
            modes: &[OutputMode::Append, OutputMode::Update, OutputMode::Complete],
            partition_by: false,
            temporary_checkpoint: true,
            recovers: true,
        }
    }

    fn open(&self, run: SinkRun) -> Result<Arc<dyn Writer>> {
        Ok(Arc::new(self.writer(&run)))
    }

    fn open_continuous(&self, run: SinkRun) -> Result<Arc<dyn ContinuousWriter>> {
        Ok(Arc::new(self.writer(&run)))
    }
}

impl ForeachSink {
    fn writer(&self, run: &SinkRun) -> ForeachWriter {
        ForeachWriter {
            pickled: Arc::clone(&self.pickled),
            names: Arc::new(run.schema.fields().iter().map(|field| field.name().clone()).collect()),
            runtime: self.runtime.clone(),
            cancel: run.cancel.clone(),
            open: Arc::default(),
        }
    }
}

/// The sink opened by one run.
struct ForeachWriter {
    pickled: Arc<Vec<u8>>,
    names: Arc<Vec<String>>,
    runtime: Runtime,
    /// The query's.
    cancel: Cancel,
    /// In a continuous query, the copy that each lane works with in this epoch.
    open: Arc<Mutex<HashMap<usize, (EpochId, Arc<Copy>)>>>,
}

/// One copy of the user's function or object, opened for one lane of one batch.
struct Copy {
    object: Py<PyAny>,
    process: Py<PyAny>,
    wanted: bool,
}

const WHAT: &str = "the function of foreach";

impl Copy {
    fn open(pickled: &[u8], lane: usize, epoch: u64) -> Result<Self> {
        Python::attach(|py| {
            let open = || {
                let object = py.import("cloudpickle")?.getattr("loads")?.call1((PyBytes::new(py, pickled),))?;
                if !object.hasattr("process")? {
                    return Ok(Self { process: object.clone().unbind(), object: object.unbind(), wanted: true });
                }
                let wanted = match object.getattr_opt("open")? {
                    Some(open) => open.call1((lane, epoch))?.is_truthy()?,
                    None => true,
                };
                Ok(Self { process: object.getattr("process")?.unbind(), object: object.unbind(), wanted })
            };
            open().map_err(|raised| user(py, raised, WHAT))
        })
    }

    /// Looks at `cancel` before each row, for a call may take long.
    fn process(&self, names: &[String], batch: &RecordBatch, cancel: &Cancel) -> Result<()> {
        if !self.wanted {
            return cancel.check();
        }
        Python::attach(|py| {
            let rows =
                row_out::rows(py, names, std::slice::from_ref(batch)).map_err(|raised| user(py, raised, WHAT))?;
            for row in rows.iter() {
                cancel.check()?;
                self.process.call1(py, (row,)).map_err(|raised| user(py, raised, WHAT))?;
            }
            Ok(())
        })
    }

    /// Calls `close(error)` where there is one: with the exception that `process` raised, or
    /// `None`.
    fn close(&self, result: Result<()>) -> Result<()> {
        Python::attach(|py| {
            let close = || {
                let Some(close) = self.object.bind(py).getattr_opt("close")? else { return Ok(()) };
                let raised = match &result {
                    Err(error) => match error.cause().and_then(|cause| cause.downcast_ref::<PyErr>()) {
                        Some(raised) => raised.clone_ref(py).into_value(py).into_any(),
                        None => super::error::exception(py, error)?.unbind(),
                    },
                    Ok(()) => py.None(),
                };
                close.call1((raised,)).map(|_| ())
            };
            let closed = close().map_err(|raised: PyErr| user(py, raised, WHAT));
            result.and(closed)
        })
    }
}

/// Runs one lane of a batch on this thread, which may block.
fn run_lane(copy: &Copy, names: &[String], batch: &Batch, rows: RecordBatches, runtime: &Runtime) -> Result<()> {
    match rows {
        RecordBatches::Nothing => {}
        RecordBatches::Blocking(rows) => {
            for rows in rows {
                copy.process(names, &rows?, &batch.cancel)?;
            }
        }
        RecordBatches::Async(mut rows) => {
            while let Some(rows) = runtime.io().block_on(rows.next()) {
                copy.process(names, &rows?, &batch.cancel)?;
            }
        }
    }
    Ok(())
}

/// Python never runs on a Tokio worker: its calls have threads that may block.
async fn blocking<T: Send + 'static>(
    runtime: &Runtime,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    runtime.blocking(work).await?
}

impl Writer for ForeachWriter {
    /// Rows are processed as they come, so nobody can know: the batch runs again, and `open` is
    /// told its number.
    fn is_committed(&self, _: BatchId) -> BoxFuture<'_, Result<bool>> {
        ready(Ok(false)).boxed()
    }

    fn stage<'a>(&'a self, batch: &'a Batch, lane: usize, rows: RecordBatches) -> BoxFuture<'a, Result<Staged>> {
        // As in Spark, where there is no task for such a lane.
        if matches!(rows, RecordBatches::Nothing) {
            return ready(Ok(Box::new(()) as Staged)).boxed();
        }
        let (pickled, names, runtime) = (Arc::clone(&self.pickled), Arc::clone(&self.names), self.runtime.clone());
        let batch = batch.clone();
        blocking(&self.runtime, move || {
            batch.cancel.owning(|| {
                let copy = Copy::open(&pickled, lane, batch.id.0)?;
                let result = run_lane(&copy, &names, &batch, rows, &runtime);
                copy.close(result)?;
                Ok(Box::new(()) as Staged)
            })
        })
        .boxed()
    }

    fn commit<'a>(&'a self, _: &'a Batch, _: Vec<Staged>) -> BoxFuture<'a, Result<SinkReport>> {
        ready(Ok(SinkReport::default())).boxed()
    }

    fn abort<'a>(&'a self, _: &'a Batch, _: Vec<Staged>) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }
}

/// An epoch that was cut short: what its copies opened is closed, as after a failure.
impl Drop for ForeachWriter {
    fn drop(&mut self) {
        for (_, (_, copy)) in self.open.lock().drain() {
            let _ = copy.close(Err(CancelReason::Stopped.error()));
        }
    }
}

impl ContinuousWriter for ForeachWriter {
    fn write(&self, epoch: EpochId, lane: usize, rows: RecordBatch) -> BoxFuture<'_, Result<()>> {
        let (pickled, names, open) = (Arc::clone(&self.pickled), Arc::clone(&self.names), Arc::clone(&self.open));
        let cancel = self.cancel.clone();
        blocking(&self.runtime, move || {
            let known = open.lock().get(&lane).filter(|(of, _)| *of == epoch).map(|(_, copy)| Arc::clone(copy));
            let copy = match known {
                Some(copy) => copy,
                None => {
                    let copy = Arc::new(Copy::open(&pickled, lane, epoch.0)?);
                    open.lock().insert(lane, (epoch, Arc::clone(&copy)));
                    copy
                }
            };
            match cancel.owning(|| copy.process(&names, &rows, &cancel)) {
                Ok(()) => Ok(()),
                Err(error) => {
                    open.lock().remove(&lane);
                    copy.close(Err(error))
                }
            }
        })
        .boxed()
    }

    fn end_epoch(&self, _: EpochId, lane: usize) -> BoxFuture<'_, Result<()>> {
        let copy = self.open.lock().remove(&lane);
        blocking(&self.runtime, move || copy.map_or(Ok(()), |(_, copy)| copy.close(Ok(())))).boxed()
    }
}
