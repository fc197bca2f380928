//! Python functions as functions of a plan: `udf`, `pandas_udf`, `arrow_udf`, and the handle that a `Column` is made of.
//!
//! What a kind means is written in Python (`firesteel/sql/_calls.py`), over whole columns: the engine hands out Arrow arrays, or lists of
//! values for a `udf`, and takes one Arrow array back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{DataType, Field, FieldRef};
use parking_lot::Mutex;
use pyo3::exceptions::{PyStopIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3_arrow::PyArray;

use super::error::{raise, user};
use super::expr::{ExprHandle, operands};
use super::row_out::values;
use super::session::SessionHandle;
use super::types::type_of;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::function::{self, Arrays, Chunk, Chunks, FunctionKey, Runs};
use crate::plan::tree;

/// A function that expressions may call.
#[pyclass(frozen, name = "Function", module = "firesteel._native")]
pub struct FunctionHandle(pub Arc<dyn function::Function>);

#[pymethods]
impl FunctionHandle {
    /// A Python function. `kind` is what `body` takes and returns:
    ///
    /// - `rows`: `body(lists, rows)`, one list of values for each argument, returns an Arrow array;
    /// - `arrays`: `body(arrays, rows)`, one Arrow array for each argument, returns one;
    /// - `iterator`: `body(iterator of lists of arrays)` returns an iterator of arrays.
    #[staticmethod]
    #[pyo3(signature = (name, body, returns, kind, deterministic, chunk_rows))]
    fn python(
        py: Python<'_>,
        name: String,
        body: Py<PyAny>,
        returns: &str,
        kind: &str,
        deterministic: bool,
        chunk_rows: Option<usize>,
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
        Ok(Self(Arc::new(PythonFunction { name, body: Arc::new(body), returns, kind, key, deterministic, chunk_rows })))
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
        Ok(ExprHandle(tree::Expr::Function { function: Arc::clone(&self.0), arguments: operands(arguments)? }))
    }
}

/// How many rows a function that is called row by row takes before it is asked whether anybody still wants them.
const CANCEL_ROWS: usize = 1024;

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

    fn chunk_rows(&self, _rows: usize) -> Option<usize> {
        self.chunk_rows
    }

    fn output(&self, _inputs: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.returns.clone(), true)))
    }

    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        if self.kind != BodyKind::Rows || chunk.rows <= CANCEL_ROWS {
            return self.call_once(chunk);
        }
        let mut parts = Vec::new();
        for chunk in chunk.cut(Some(CANCEL_ROWS)) {
            batch.cancel.check()?;
            parts.push(self.call_once(chunk)?);
        }
        Ok(concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())?)
    }

    fn pull(&self, _batch: &Batch, input: Chunks) -> Result<Arrays> {
        let failed = Arc::new(Mutex::new(None));
        let chunks = ChunkIterator { input: Mutex::new(input), failed: Arc::clone(&failed) };
        let outputs = Python::attach(|py| {
            let run = || -> PyResult<Py<PyAny>> {
                Ok(self.body.bind(py).call1((Bound::new(py, chunks)?,))?.try_iter()?.into_any().unbind())
            };
            run().map_err(|raised| first(&failed, user(py, raised, &format!("the function '{}'", self.name))))
        })?;
        Ok(Box::new(Outputs { outputs: Some(outputs), failed, name: self.name.clone(), returns: self.returns.clone() }))
    }
}

impl PythonFunction {
    fn call_once(&self, chunk: Chunk) -> Result<ArrayRef> {
        Python::attach(|py| {
            let run = || -> PyResult<ArrayRef> {
                let arguments = match self.kind {
                    BodyKind::Rows => lists(py, &chunk)?,
                    _ => arrays(py, &chunk)?,
                };
                let output = self.body.bind(py).call1((arguments, chunk.rows))?;
                Ok(output.extract::<PyArray>()?.into_inner().0)
            };
            run().map_err(|raised| user(py, raised, &format!("the function '{}'", self.name)))
        })
        .and_then(|output| typed(output, &self.returns, &self.name))
    }
}

/// The error that the input ended with goes before what the user's code made of it.
fn first(failed: &Mutex<Option<Error>>, otherwise: Error) -> Error {
    failed.lock().take().unwrap_or(otherwise)
}

fn lists<'py>(py: Python<'py>, chunk: &Chunk) -> PyResult<Bound<'py, PyList>> {
    let lists =
        chunk.columns.iter().map(|column| PyList::new(py, values(py, column)?)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, lists)
}

fn arrays<'py>(py: Python<'py>, chunk: &Chunk) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for column in &chunk.columns {
        list.append(PyArray::from_array_ref(Arc::clone(column)).to_pyarrow(py)?)?;
    }
    Ok(list)
}

/// The output in the declared type: what comes back may differ in the names of nested fields.
fn typed(output: ArrayRef, wanted: &DataType, name: &str) -> Result<ArrayRef> {
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
}

#[pymethods]
impl ChunkIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        match py.detach(|| self.input.lock().next()) {
            None => Ok(None),
            Some(Ok(chunk)) => arrays(py, &chunk).map(Some),
            Some(Err(error)) => {
                let raised = raise(py, &error);
                *self.failed.lock() = Some(error);
                Err(raised)
            }
        }
    }
}

/// What an iterator function yields. Lives on the function's own thread.
struct Outputs {
    outputs: Option<Py<PyAny>>,
    failed: Arc<Mutex<Option<Error>>>,
    name: String,
    returns: DataType,
}

impl Iterator for Outputs {
    type Item = Result<ArrayRef>;

    fn next(&mut self) -> Option<Self::Item> {
        let outputs = self.outputs.as_ref()?;
        let next = Python::attach(|py| {
            let run = || match outputs.bind(py).call_method0("__next__") {
                Ok(output) => Ok(Some(output.extract::<PyArray>()?.into_inner().0)),
                Err(raised) if raised.is_instance_of::<PyStopIteration>(py) => Ok(None),
                Err(raised) => Err(raised),
            };
            run().map_err(|raised| first(&self.failed, user(py, raised, &format!("the function '{}'", self.name))))
        });
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
