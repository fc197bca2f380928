//! `StreamingQueryListener`, and the queries of a session: the handle behind `spark.streams`.

use std::sync::Arc;

use pyo3::prelude::*;

use super::door::wait;
use super::error::{exception, raise};
use super::query::{Query, await_with_timeout};
use crate::runtime::Runtime;
use crate::session;
use crate::stream::Manager;
use crate::stream::listener::{Idle, Listener, ListenerId, QueryStarted, Terminated};
use crate::stream::progress::{Progress, timestamp};

/// A listener's place, by which it is removed.
#[pyclass(frozen, module = "firesteel._native")]
pub struct ListenerHandle(ListenerId);

/// A Python object with `started`, `progressed`, `idle` and `terminated`. An exception of its own
/// is logged: a listener harms no query.
struct PythonListener(Py<PyAny>);

impl PythonListener {
    fn tell<'py>(&self, py: Python<'py>, method: &str, arguments: impl pyo3::call::PyCallArgs<'py>) {
        if let Err(raised) = self.0.bind(py).call_method1(method, arguments) {
            log::error!("a streaming query listener raised: {raised}");
        }
    }
}

impl Listener for PythonListener {
    fn started(&self, event: &QueryStarted) {
        Python::attach(|py| {
            self.tell(py, "started", (&event.id, &event.run_id, event.name.as_deref(), timestamp(event.at_ms)));
        });
    }

    fn progressed(&self, progress: &Progress) {
        let json = progress.to_json().to_string();
        Python::attach(|py| self.tell(py, "progressed", (json,)));
    }

    fn idle(&self, event: &Idle) {
        Python::attach(|py| self.tell(py, "idle", (&event.id, &event.run_id, timestamp(event.at_ms))));
    }

    fn terminated(&self, event: &Terminated) {
        Python::attach(|py| {
            let failure = event.failure.as_ref();
            let text = failure.and_then(|error| exception(py, error).ok()).map(|exception| exception.to_string());
            let condition = failure.and_then(|error| error.condition()).map(|condition| condition.name);
            self.tell(py, "terminated", (&event.id, &event.run_id, text, condition));
        });
    }
}

/// The queries of a session.
#[pyclass(frozen, module = "firesteel._native")]
pub struct Streams {
    manager: Arc<Manager>,
    runtime: Runtime,
}

impl Streams {
    pub fn of(session: &session::Session) -> Self {
        Self { manager: Arc::clone(session.streams()), runtime: session.runtime().clone() }
    }

    /// Stops every query and joins every thread that may call into Python.
    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        let active = self.manager.active();
        if active.iter().any(|query| query.is_own_thread()) || self.manager.bus().is_own_thread() {
            active.iter().for_each(|query| query.request_stop());
            return Ok(());
        }
        let manager = Arc::clone(&self.manager);
        wait(py, "the streaming queries", move |_| manager.close())
    }
}

#[pymethods]
impl Streams {
    /// The queries that run.
    fn active(&self) -> Vec<Query> {
        self.manager.active().into_iter().map(|inner| Query { inner, runtime: self.runtime.clone() }).collect()
    }

    /// The query of an id that runs, or `None`.
    fn get(&self, id: &str) -> Option<Query> {
        self.manager.get(id).map(|inner| Query { inner, runtime: self.runtime.clone() })
    }

    fn await_any_termination(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        await_with_timeout(py, timeout, |slice| self.manager.await_any_termination(Some(slice)))
    }

    fn reset_terminated(&self) {
        self.manager.reset_terminated();
    }

    fn add_listener(&self, py: Python<'_>, listener: Py<PyAny>) -> PyResult<ListenerHandle> {
        let added = self.manager.bus().add(Arc::new(PythonListener(listener)));
        added.map(ListenerHandle).map_err(|error| raise(py, &error))
    }

    fn remove_listener(&self, handle: &Bound<'_, ListenerHandle>) {
        self.manager.bus().remove(handle.get().0);
    }
}
