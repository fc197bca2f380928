//! The handle behind `StreamingQuery`, and how `writeStream` starts one.

use crate::batch::OutputMode;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;

use super::door::{poll, quick, wait};
use super::error::{exception, raise};
use super::foreach::{BatchFunction, ForeachSink};
use super::frame::FrameHandle;
use crate::config::Options;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::session::write_stream::{WriteStream, start, to_table};
use crate::stream::query::StreamingQuery;
use crate::stream::start::QueryOutput;
use crate::stream::trigger::Trigger;

/// A query that was started.
#[pyclass(frozen, module = "firesteel._native")]
pub struct Query {
    pub inner: Arc<StreamingQuery>,
    pub runtime: Runtime,
}

/// Waits in slices for something that says whether it has come; false once `timeout` has passed.
pub fn await_with_timeout(
    py: Python<'_>,
    timeout: Option<f64>,
    mut come: impl FnMut(Duration) -> Result<bool> + Send,
) -> PyResult<bool> {
    let mut left = timeout.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
    poll(py, move |slice| {
        let slice = left.map_or(slice, |left| left.min(slice));
        if come(slice)? {
            return Ok(Some(true));
        }
        left = left.map(|left| left.saturating_sub(slice));
        Ok((left == Some(Duration::ZERO)).then_some(false))
    })
}

#[pymethods]
impl Query {
    fn id(&self) -> &str {
        &self.inner.id
    }

    fn run_id(&self) -> &str {
        &self.inner.run_id
    }

    fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    /// Message, whether data is available, whether a trigger is active.
    fn status(&self) -> (String, bool, bool) {
        let status = self.inner.status();
        (status.message.into_owned(), status.is_data_available, status.is_trigger_active)
    }

    /// The newest reports, as Spark's JSON.
    fn recent_progress(&self) -> Vec<String> {
        self.inner.recent_progress().iter().map(|progress| progress.to_json().to_string()).collect()
    }

    /// How long the remembered batches took, in seconds: exact, where a report has whole
    /// milliseconds.
    fn batch_seconds(&self) -> Vec<f64> {
        self.inner.recent_progress().iter().map(|progress| progress.duration.as_secs_f64()).collect()
    }

    fn last_progress(&self) -> Option<String> {
        self.inner.last_progress().map(|progress| progress.to_json().to_string())
    }

    /// The exception that ended the query, or `None`.
    fn exception<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.inner.exception().map(|error| exception(py, &error)).transpose()
    }

    /// True when the query has ended, false at the timeout, in seconds; raises what ended it.
    fn await_termination(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        await_with_timeout(py, timeout, |slice| self.inner.await_termination(Some(slice)))
    }

    fn process_all_available(&self, py: Python<'_>) -> PyResult<()> {
        let after = self.inner.triggers();
        poll(py, |slice| Ok(self.inner.await_available(after, Some(slice))?.then_some(())))
    }

    /// Stops the query and waits for the call that is running. Inside its own batch it marks and
    /// returns.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        if self.inner.is_own_thread() {
            return quick(py, || self.inner.stop());
        }
        let query = Arc::clone(&self.inner);
        let what = format!("the batch of query {} (now: {})", query.id, query.status().message);
        wait(py, &what, move |_| query.stop())
    }

    fn explain(&self, py: Python<'_>, extended: bool) -> PyResult<String> {
        let query = Arc::clone(&self.inner);
        wait(py, "the explanation of the query", move |_| Ok(query.explain(extended)))
    }
}

/// Starts a query. `each` is `("foreach", pickled)`, `("foreachBatch", function)`, or `None`.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "what writeStream was told, in one call")]
pub fn start_stream(
    frame: &Bound<'_, FrameHandle>,
    py: Python<'_>,
    path: Option<String>,
    table: Option<String>,
    format: Option<String>,
    mode: Option<&str>,
    name: Option<String>,
    partition_by: Vec<String>,
    options: Vec<(String, String)>,
    trigger: (String, Option<String>),
    each: Option<(String, Bound<'_, PyAny>)>,
) -> PyResult<Query> {
    let mode = match mode.map(OutputMode::parse) {
        None => OutputMode::Append,
        Some(Some(mode)) => mode,
        Some(None) => return Err(raise(py, &Error::illegal("the output mode must be append, update or complete"))),
    };
    let trigger = trigger_of(&trigger.0, trigger.1.as_deref()).map_err(|error| raise(py, &error))?;
    let frame = frame.get().0.clone();
    let session = Arc::clone(frame.session());
    let output = match each {
        None => None,
        Some((kind, pickled)) if kind == "foreach" => {
            let sink = ForeachSink::new(pickled.extract::<Vec<u8>>()?, session.runtime().clone());
            Some((kind, QueryOutput::Sink(Arc::new(sink))))
        }
        Some((kind, function)) => {
            Some((kind, QueryOutput::EachBatch(Arc::new(BatchFunction::new(function.unbind(), Arc::clone(&session))))))
        }
    };
    let write = WriteStream { output, format, options: Options::new(options), mode, trigger, name, partition_by, path };
    let runtime = session.runtime().clone();
    let inner = wait(py, "the start of the query", move |_| match table {
        Some(table) => to_table(&frame, &table, write),
        None => start(&frame, write),
    })?;
    Ok(Query { inner, runtime })
}

fn trigger_of(kind: &str, interval: Option<&str>) -> Result<Trigger> {
    match (kind, interval) {
        ("once", _) => Ok(Trigger::Once),
        ("availableNow", _) => Ok(Trigger::AvailableNow),
        ("continuous", Some(interval)) => Trigger::continuous(interval),
        ("processingTime", interval) => Trigger::processing_time(interval.unwrap_or("0 seconds")),
        (other, _) => Err(Error::internal(format!("there is no trigger '{other}'"))),
    }
}

/// Raises when a trigger's interval does not parse: `trigger(…)` says so at once, as in Spark.
#[pyfunction]
pub fn check_trigger(py: Python<'_>, kind: &str, interval: &str) -> PyResult<()> {
    trigger_of(kind, Some(interval)).map(|_| ()).map_err(|error| raise(py, &error))
}
