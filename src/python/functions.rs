//! Python functions as functions of a plan: `udf`, `pandas_udf`, `arrow_udf`, and the handle that a
//! `Column` is made of.
//!
//! The kinds are written in Python (`firesteel/sql/_calls.py`), over whole chunks. The engine hands
//! out Arrow arrays, or the rows as tuples for a `udf`. It takes one Arrow array back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};
use parking_lot::Mutex;
use pyo3::exceptions::{PyStopIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyTuple};
use pyo3_arrow::PyArray;

use super::door::pull;
use super::error::{raise, user};
use super::expr::{ExprHandle, operands};
use super::row_out::values;
use super::session::SessionHandle;
use super::types::type_of;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::function::{self, Arrays, Chunk, Chunks, FunctionKey, Runs};
use crate::plan::tree;
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::{Cancel, Entry, Turn};

/// A function that expressions may call.
#[pyclass(frozen, name = "Function", module = "firesteel._native")]
pub struct FunctionHandle(pub Arc<dyn function::Function>);

#[pymethods]
impl FunctionHandle {
    /// A Python function. `kind` is what `body` takes and returns:
    ///
    /// - `rows`: `body(rows)`, an iterator of tuples with one value for each argument, returns an
    ///   Arrow array;
    /// - `arrays`: `body(arrays, rows)`, one Arrow array for each argument, returns one;
    /// - `iterator`: `body(iterator of lists of arrays)` returns an iterator of arrays.
    ///
    /// One thread after the other enters it by `turn`; without one, several do at once.
    #[staticmethod]
    #[pyo3(signature = (name, body, returns, kind, deterministic, chunk_rows, turn))]
    #[expect(clippy::too_many_arguments, reason = "what a function is, in one call")]
    fn python(
        py: Python<'_>,
        name: String,
        body: Py<PyAny>,
        returns: &str,
        kind: &str,
        deterministic: bool,
        chunk_rows: Option<usize>,
        turn: Option<&Bound<'_, TurnHandle>>,
    ) -> PyResult<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let kind = match kind {
            "rows" => BodyKind::Rows,
            "arrays" => BodyKind::Arrays,
            "iterator" => BodyKind::Iterator,
            other => return Err(PyValueError::new_err(format!("no kind of function is called '{other}'"))),
        };
        let key = FunctionKey(format!("python:{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let returns = type_of(py, returns)?;
        let turn = turn.map(|turn| Arc::clone(&turn.get().0));
        let body = Arc::new(body);
        Ok(Self(Arc::new(PythonFunction { name, body, returns, kind, key, deterministic, chunk_rows, turn })))
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// Gives the function a name in the session's SQL.
    fn register(&self, py: Python<'_>, session: &SessionHandle, name: &str) -> PyResult<()> {
        session.alive(py)?.register_function(name, Arc::clone(&self.0));
        Ok(())
    }

    /// The call of this function over columns or values.
    fn call(&self, arguments: &Bound<'_, PyList>) -> PyResult<ExprHandle> {
        let function = Arc::clone(&self.0);
        ExprHandle::of(arguments.py(), tree::Expr::Function { function, arguments: operands(arguments)? })
    }
}

/// The right to enter a Python function, which all functions made of it share.
#[pyclass(frozen, name = "Turn", module = "firesteel._native")]
pub struct TurnHandle(Arc<Turn>);

#[pymethods]
impl TurnHandle {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }
}

impl TurnHandle {
    pub fn turn(&self) -> Arc<Turn> {
        Arc::clone(&self.0)
    }
}

/// What the body takes and returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    Rows,
    Arrays,
    Iterator,
}

#[derive(Debug)]
struct PythonFunction {
    name: String,
    body: Arc<Py<PyAny>>,
    returns: DataType,
    kind: BodyKind,
    key: FunctionKey,
    deterministic: bool,
    chunk_rows: Option<usize>,
    turn: Option<Arc<Turn>>,
}

impl function::Function for PythonFunction {
    fn key(&self) -> FunctionKey {
        self.key.clone()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn runs(&self) -> Runs {
        if self.kind == BodyKind::Iterator { Runs::OwnThread } else { Runs::Apart }
    }

    fn deterministic(&self) -> bool {
        self.deterministic
    }

    fn turn(&self) -> Option<&Arc<Turn>> {
        self.turn.as_ref()
    }

    fn chunk_rows(&self, _rows: usize) -> Option<usize> {
        self.chunk_rows
    }

    fn output(&self, _inputs: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.returns.clone(), true)))
    }

    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        batch
            .cancel
            .owning(|| self.call_body(&batch.cancel, &chunk))
            .and_then(|output| typed(output, &self.returns, &self.name))
    }

    fn pull(&self, batch: &Batch, input: Chunks) -> Result<Arrays> {
        let failed = Arc::new(Mutex::new(None));
        let (entry, cancel) = (Entry::of_thread(self.turn.clone()), batch.cancel.clone());
        let chunks = ChunkIterator {
            input: Mutex::new(input),
            failed: Arc::clone(&failed),
            entry: Arc::clone(&entry),
            cancel: cancel.clone(),
        };
        let begin = || {
            Python::attach(|py| {
                let run = || -> PyResult<Py<PyAny>> {
                    Ok(self.body.bind(py).call1((Bound::new(py, chunks)?,))?.try_iter()?.into_any().unbind())
                };
                run().map_err(|raised| first(&failed, user(py, raised, &format!("the function '{}'", self.name))))
            })
        };
        let outputs = cancel.owning(|| entry.during(&cancel, begin))??;
        let (name, returns) = (self.name.clone(), self.returns.clone());
        Ok(Box::new(Outputs { outputs: Some(outputs), failed, name, returns, entry, cancel }))
    }
}

impl PythonFunction {
    fn call_body(&self, cancel: &Cancel, chunk: &Chunk) -> Result<ArrayRef> {
        let failed = Arc::new(Mutex::new(None));
        Python::attach(|py| {
            let body = self.body.bind(py);
            let run = || -> PyResult<ArrayRef> {
                let output = if self.kind == BodyKind::Rows {
                    body.call1((row_tuples(py, chunk, cancel, &failed)?,))?
                } else {
                    body.call1((arrays(py, chunk)?, chunk.rows))?
                };
                Ok(output.extract::<PyArray>()?.into_inner().0)
            };
            run().map_err(|raised| first(&failed, user(py, raised, &format!("the function '{}'", self.name))))
        })
    }
}

/// The error that the input ended with goes before what the user's code made of it.
fn first(failed: &Mutex<Option<Error>>, otherwise: Error) -> Error {
    failed.lock().take().unwrap_or(otherwise)
}

/// A chunk's rows as an iterator of tuples, which ends once nobody wants them any more.
fn row_tuples<'py>(
    py: Python<'py>,
    chunk: &Chunk,
    cancel: &Cancel,
    failed: &Arc<Mutex<Option<Error>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let itertools = py.import("itertools")?;
    let tuples = if chunk.columns.is_empty() {
        itertools.getattr("repeat")?.call1((PyTuple::empty(py), chunk.rows))?
    } else {
        let lists =
            chunk.columns.iter().map(|column| PyList::new(py, values(py, column)?)).collect::<PyResult<Vec<_>>>()?;
        py.import("builtins")?.getattr("zip")?.call1(PyTuple::new(py, lists)?)?
    };
    let slices = RowSlices {
        tuples: tuples.try_iter()?.unbind(),
        islice: itertools.getattr("islice")?.unbind(),
        cancel: cancel.clone(),
        failed: Arc::clone(failed),
        clock: SystemClock::default(),
        pace: Mutex::new(Pace { left: chunk.rows, rows: 0, began: Duration::ZERO }),
    };
    itertools.getattr("chain")?.call_method1("from_iterable", (Bound::new(py, slices)?,))
}

/// A call that takes so long is worth a look whether the next one is wanted.
const SLOW: Duration = Duration::from_millis(1);
/// So many calls are made between two looks where all are quick, so that looking costs little
/// beside them.
const QUICK_ROWS: usize = 16;

/// A chunk's rows in slices. Before each it looks whether anybody still wants them. A slice is one
/// row where calls take long.
#[pyclass(frozen, module = "firesteel._native")]
struct RowSlices {
    tuples: Py<PyIterator>,
    islice: Py<PyAny>,
    cancel: Cancel,
    failed: Arc<Mutex<Option<Error>>>,
    clock: SystemClock,
    pace: Mutex<Pace>,
}

struct Pace {
    left: usize,
    /// Of the slice that is being worked on, and when it was begun.
    rows: usize,
    began: Duration,
}

impl Pace {
    /// The rows of the next slice.
    fn next(&mut self, now: Duration) -> usize {
        let slow = now.saturating_sub(self.began) >= SLOW;
        self.rows = if slow || self.rows == 0 { 1 } else { (2 * self.rows).min(QUICK_ROWS) }.min(self.left);
        self.left -= self.rows;
        self.began = now;
        self.rows
    }
}

#[pymethods]
impl RowSlices {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let rows = self.pace.lock().next(self.clock.monotonic());
        if rows == 0 {
            return Ok(None);
        }
        if let Err(error) = self.cancel.check() {
            return Err(noted(py, &self.failed, error));
        }
        self.islice.bind(py).call1((&self.tuples, rows)).map(Some)
    }
}

/// Raises what ended a function's input, which is known again by what is noted.
fn noted(py: Python<'_>, failed: &Mutex<Option<Error>>, error: Error) -> PyErr {
    let raised = raise(py, &error);
    *failed.lock() = Some(error);
    raised
}

fn arrays<'py>(py: Python<'py>, chunk: &Chunk) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for column in &chunk.columns {
        list.append(PyArray::from_array_ref(Arc::clone(column)).to_pyarrow(py)?)?;
    }
    Ok(list)
}

/// The output in the declared type: what comes back may differ in the names of nested fields.
pub fn typed(output: ArrayRef, wanted: &DataType, name: &str) -> Result<ArrayRef> {
    if output.data_type() == wanted {
        return Ok(output);
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(&output, wanted, &options)
        .map_err(|error| Error::from(error).context(format!("taking the result of '{name}', declared as {wanted}")))
}

/// The chunks of a pass as a Python iterator.
#[pyclass(frozen, module = "firesteel._native")]
struct ChunkIterator {
    input: Mutex<Chunks>,
    failed: Arc<Mutex<Option<Error>>>,
    entry: Arc<Entry>,
    cancel: Cancel,
}

#[pymethods]
impl ChunkIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        if !self.entry.is_here() {
            self.entry.release();
        }
        let next = pull(py, || {
            self.cancel.check()?;
            self.input.lock().next().transpose()
        });
        match next {
            Ok(None) => Ok(None),
            Ok(Some(chunk)) => arrays(py, &chunk).map(Some),
            Err(error) => Err(noted(py, &self.failed, error)),
        }
    }
}

/// What an iterator function yields. Lives on the function's own thread.
struct Outputs {
    outputs: Option<Py<PyAny>>,
    failed: Arc<Mutex<Option<Error>>>,
    name: String,
    returns: DataType,
    entry: Arc<Entry>,
    cancel: Cancel,
}

impl Iterator for Outputs {
    type Item = Result<ArrayRef>;

    fn next(&mut self) -> Option<Self::Item> {
        let outputs = self.outputs.as_ref()?;
        let run = |py: Python<'_>| match outputs.bind(py).call_method0("__next__") {
            Ok(output) => Ok(Some(output.extract::<PyArray>()?.into_inner().0)),
            Err(raised) if raised.is_instance_of::<PyStopIteration>(py) => Ok(None),
            Err(raised) => Err(raised),
        };
        let what = || format!("the function '{}'", self.name);
        let step = || Python::attach(|py| run(py).map_err(|raised| first(&self.failed, user(py, raised, &what()))));
        let next = self.cancel.owning(|| self.entry.during(&self.cancel, step)).flatten();
        match next {
            Ok(Some(output)) => Some(typed(output, &self.returns, &self.name)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Drop for Outputs {
    /// A generator that is given up is closed here, where it ran.
    fn drop(&mut self) {
        if let Some(outputs) = self.outputs.take() {
            Python::attach(|_| drop(outputs));
        }
    }
}
