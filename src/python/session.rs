//! The handle behind `SparkSession`.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use pyo3::prelude::*;

use super::arrow::{ArrowTable, batches};
use super::door::{pull, quick, quick_over, wait};
use super::error::{raise, user};
use super::expr::{ExprHandle, may_be_deep};
use super::frame::FrameHandle;
use super::listener::Streams;
use super::types::schema_of;
use crate::config::{Conf, Options, known, setting};
use crate::error::Error;
use crate::plan::sql::parameter::{Parameter, parameters};
use crate::plan::tree::Relation;
use crate::session::catalog::{CATALOG, DATABASE, Named};
use crate::session::names::relation_parts;
use crate::session::read::ReadRequest;
use crate::session::save::{SaveMode, SaveRequest};
use crate::session::{self, frame};
use crate::source::memory::MemoryTable;
use crate::source::range::Range;
use crate::source::{ReadMode, Source};
use crate::types::type_json::has_deep_types;

/// A session of the engine.
#[pyclass(frozen, name = "Session", module = "firesteel._native")]
pub struct SessionHandle {
    pub inner: Arc<session::Session>,
    /// The process that made it: a forked child has none of its threads.
    process: u32,
}

impl SessionHandle {
    /// A handle for a session that exists.
    pub fn of(inner: Arc<session::Session>) -> Self {
        Self { inner, process: std::process::id() }
    }

    /// The session, or the error that a forked child gets.
    pub fn alive(&self, py: Python<'_>) -> PyResult<&Arc<session::Session>> {
        if self.process == std::process::id() {
            return Ok(&self.inner);
        }
        Err(raise(
            py,
            &Error::illegal(
                "this session belongs to the parent process, whose threads a fork does not copy: start the child with the \
                 'spawn' method, or make its session in the child",
            ),
        ))
    }

    fn frame(&self, source: Arc<dyn Source>, streaming: bool) -> crate::error::Result<FrameHandle> {
        frame::Frame::new(&self.inner, &Relation::Source { source, streaming }).map(FrameHandle)
    }
}

/// The parameters of a SQL text: from which character to which, and the name, none for `?`.
#[pyfunction]
pub fn sql_parameters(py: Python<'_>, text: &str) -> PyResult<Vec<(usize, usize, Option<String>)>> {
    let found = quick(py, || parameters(text))?;
    Ok(found.into_iter().map(|Parameter { from, to, name }| (from, to, name)).collect())
}

/// Waits at most so many seconds until nothing runs on the engine's threads, which must not meet an
/// interpreter that goes; false when something still does.
#[pyfunction]
pub fn wait_until_idle(py: Python<'_>, seconds: f64) -> bool {
    pull(py, || crate::runtime::wait_until_idle(Duration::from_secs_f64(seconds)))
}

#[pymethods]
impl SessionHandle {
    #[new]
    fn new(py: Python<'_>, conf: Vec<(String, String)>) -> PyResult<Self> {
        let inner = quick(py, || {
            let mut settings = Conf::default();
            for (key, value) in conf {
                setting::check(&key, &value)?;
                settings.set(key, value);
            }
            session::Session::new(settings)
        })?;
        Ok(Self::of(inner))
    }

    /// The value of a key, its default, or `None`.
    fn conf_get(&self, key: &str) -> Option<String> {
        self.inner.conf().get_known(key).map(str::to_owned)
    }

    /// Whether Spark knows the key, with or without a default.
    #[staticmethod]
    fn conf_is_known(key: &str) -> bool {
        known::find(key).is_some()
    }

    /// The value that was set, or `None`.
    fn conf_get_set(&self, key: &str) -> Option<String> {
        self.inner.conf().get_set(key).map(str::to_owned)
    }

    /// Sets a key of the running session; one that is fixed by now, or a value that it does not
    /// take, is an error.
    fn conf_set(&self, py: Python<'_>, key: &str, value: &str) -> PyResult<()> {
        setting::check_modifiable(key).map_err(|error| raise(py, &error))?;
        self.conf_add(py, key, value)
    }

    /// As `conf_set`, for the settings that a builder brings to a session that runs: one that is
    /// fixed by now is only kept.
    fn conf_add(&self, py: Python<'_>, key: &str, value: &str) -> PyResult<()> {
        setting::check(key, value).map_err(|error| raise(py, &error))?;
        setting::note(key);
        self.inner.change_conf(|conf| conf.set(key, value));
        Ok(())
    }

    fn conf_unset(&self, py: Python<'_>, key: &str) -> PyResult<()> {
        setting::check_modifiable(key).map_err(|error| raise(py, &error))?;
        self.inner.change_conf(|conf| conf.unset(key));
        Ok(())
    }

    /// Whether a running session may change a key.
    #[staticmethod]
    fn conf_is_modifiable(key: &str) -> bool {
        setting::is_modifiable(key)
            || setting::default(key).is_none() && known::find(key).is_some_and(|key| key.modifiable)
    }

    /// What was set, in order of keys.
    fn conf_all(&self) -> Vec<(String, String)> {
        self.inner.conf().iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The n of `local[n]`.
    fn lanes(&self) -> usize {
        self.inner.runtime().lanes()
    }

    /// Sends what the console sink prints to a Python function.
    fn set_print(&self, print: Py<PyAny>) {
        self.inner.set_print(Arc::new(move |text: &str| {
            Python::attach(|py| {
                print.call1(py, (text,)).map(|_| ()).map_err(|raised| user(py, raised, "printing a batch"))
            })
        }));
    }

    /// A frame over Arrow data, from any object with the capsule methods.
    fn from_arrow(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<FrameHandle> {
        self.alive(py)?;
        let (schema, rows) = match data.cast::<ArrowTable>() {
            Ok(table) => (Arc::clone(&table.get().schema), table.get().batches.clone()),
            Err(_) => batches(data)?,
        };
        let rows: Vec<RecordBatch> = rows.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        let deep = has_deep_types(&schema);
        quick_over(py, deep, || self.frame(Arc::new(MemoryTable::new(schema, rows)?), false))
    }

    fn range(
        &self,
        py: Python<'_>,
        start: i64,
        end: i64,
        step: i64,
        partitions: Option<usize>,
    ) -> PyResult<FrameHandle> {
        let partitions = partitions.unwrap_or_else(|| self.inner.runtime().lanes());
        quick_over(py, false, || self.frame(Arc::new(Range::new(start, end, step, partitions)?), false))
    }

    fn sql(&self, py: Python<'_>, text: String) -> PyResult<FrameHandle> {
        let session = Arc::clone(self.alive(py)?);
        wait(py, "the statement", move |cancel| session.sql(&text, cancel)).map(FrameHandle)
    }

    /// The expression of a SQL text.
    fn expression(&self, py: Python<'_>, text: &str) -> PyResult<ExprHandle> {
        ExprHandle::of(py, quick_over(py, may_be_deep(text), || self.inner.expression(text))?)
    }

    /// `spark.read…load()` or `spark.readStream…load()`.
    fn read(
        &self,
        py: Python<'_>,
        format: Option<String>,
        options: Vec<(String, String)>,
        schema: Option<&str>,
        paths: Vec<String>,
        streaming: bool,
    ) -> PyResult<FrameHandle> {
        let schema = schema.map(|text| schema_of(py, text)).transpose()?;
        let mode = if streaming { ReadMode::Stream } else { ReadMode::Batch };
        let request = ReadRequest { format, options: Options::new(options), schema, paths, mode };
        let session = Arc::clone(self.alive(py)?);
        wait(py, "the listing of files", move |_| session.read(request)).map(FrameHandle)
    }

    fn table(&self, py: Python<'_>, name: &str, streaming: bool) -> PyResult<FrameHandle> {
        let parts = parts(py, name)?;
        let mode = if streaming { ReadMode::Stream } else { ReadMode::Batch };
        self.alive(py)?;
        quick(py, || self.inner.table(&parts, mode)).map(FrameHandle)
    }

    fn create_view(&self, py: Python<'_>, name: &str, frame: &Bound<'_, FrameHandle>, replace: bool) -> PyResult<()> {
        let frame = &frame.get().0;
        quick(py, || self.inner.create_view(name, frame, replace))
    }

    /// `global_temp.name`.
    fn create_global_view(
        &self,
        py: Python<'_>,
        name: &str,
        frame: &Bound<'_, FrameHandle>,
        replace: bool,
    ) -> PyResult<()> {
        let frame = &frame.get().0;
        quick(py, || self.inner.create_global_view(name, frame, replace))
    }

    fn drop_global_view(&self, name: &str) -> bool {
        crate::session::catalog::global_views().drop(name)
    }

    fn drop_view(&self, name: &str) -> bool {
        self.inner.catalog().drop_view(name)
    }

    /// `catalog.createTable()` with a schema, as JSON or DDL.
    #[expect(clippy::too_many_arguments, reason = "Python's arguments")]
    fn create_table(
        &self,
        py: Python<'_>,
        name: &str,
        path: Option<&str>,
        format: Option<String>,
        schema: &str,
        options: Vec<(String, String)>,
        description: Option<String>,
    ) -> PyResult<()> {
        let parts = parts(py, name)?;
        let schema = schema_of(py, schema)?;
        let request = SaveRequest {
            format,
            options: Options::new(options),
            mode: SaveMode::ErrorIfExists,
            partition_by: Vec::new(),
        };
        quick(py, || crate::session::statement::declare(&self.inner, &parts, path, request, schema, description))
    }

    fn drop_table(&self, py: Python<'_>, name: &str, if_exists: bool) -> PyResult<()> {
        let parts = parts(py, name)?;
        quick(py, || crate::session::statement::drop_table(&self.inner, &parts, if_exists))
    }

    /// Every name: `(name, Spark's word for its kind, description)`.
    fn tables(&self) -> Vec<(String, &'static str, Option<String>)> {
        let catalog = self.inner.catalog();
        let views = catalog.views().into_iter().map(|name| (name, "TEMPORARY", None));
        let tables = catalog.tables();
        let tables = tables.iter().map(|table| {
            let kind = if table.managed { "MANAGED" } else { "EXTERNAL" };
            (table.name.clone(), kind, table.description.clone())
        });
        tables.chain(views).collect()
    }

    /// Whether a name means something; `Some(true)` for a view.
    fn find(&self, py: Python<'_>, name: &str) -> PyResult<Option<bool>> {
        let parts = parts(py, name)?;
        Ok(self.inner.catalog().find(&parts).map(|named| matches!(named, Named::View(_))))
    }

    /// How many of a table's last columns make directories.
    fn partition_columns(&self, py: Python<'_>, name: &str) -> PyResult<usize> {
        Ok(match self.inner.catalog().find(&parts(py, name)?) {
            Some(Named::Table(table)) => table.partition_by.len(),
            _ => 0,
        })
    }

    /// Whether a name is a view of this very frame.
    fn is_view_of(&self, py: Python<'_>, name: &str, frame: &Bound<'_, FrameHandle>) -> PyResult<bool> {
        let found = self.inner.catalog().find(&parts(py, name)?);
        Ok(matches!(found, Some(Named::View(view)) if Arc::ptr_eq(&view, frame.get().0.resolved())))
    }

    fn function_names(&self) -> Vec<String> {
        self.inner.function_names()
    }

    /// The queries of the session.
    fn streams(&self) -> Streams {
        Streams::of(&self.inner)
    }

    /// Stops every query. In a forked child there is none to stop.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        if self.alive(py).is_err() { Ok(()) } else { self.streams().close(py) }
    }

    /// Whether a function is registered or built in.
    fn function_exists(&self, name: &str) -> bool {
        self.inner.function(name).is_some() || crate::plan::functions::lookup(&name.to_lowercase()).is_some()
    }

    /// The parts of the name of a table or view.
    #[staticmethod]
    fn relation_parts(py: Python<'_>, name: &str) -> PyResult<Vec<String>> {
        parts(py, name)
    }

    #[staticmethod]
    fn names() -> (&'static str, &'static str) {
        (CATALOG, DATABASE)
    }
}

/// The parts of a table's name.
fn parts(py: Python<'_>, name: &str) -> PyResult<Vec<String>> {
    relation_parts(name).map_err(|error| raise(py, &error))
}
