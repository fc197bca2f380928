//! Python functions of groups of rows that keep something of each group.
//!
//! How the groups of a chunk are called is written in Python (`firesteel/sql/_state_calls.py` and
//! `_processor_calls.py`). Rows go there and back as Arrow arrays, and what is kept as tuples, for
//! all groups at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use pyo3_arrow::PyArray;

use super::error::{raise, user};
use super::functions::{TurnHandle, typed};
use super::row_in::{self, Verify};
use super::row_out;
use super::types::schema_of;
use crate::batch::Batch;
use crate::error::{Error, Result, condition};
use crate::function::FunctionKey;
use crate::function::groups::{
    GroupCalls, GroupCause, GroupChunk, GroupCounts, GroupFunction, GroupOutcome, GroupResults,
};
use crate::runtime::{Cancel, Turn};

/// A function of groups.
#[pyclass(frozen, name = "GroupFunction", module = "firesteel._native")]
pub struct GroupFunctionHandle(pub Arc<dyn GroupFunction>);

#[pymethods]
impl GroupFunctionHandle {
    /// `open(clock_ms, watermark_ms, wanted)` begins a lane of a batch and gives `call` and `close`.
    /// `wanted()` raises once nobody wants the batch any more.
    ///
    /// `call(cause, columns, ends, keys, values, times, over)` calls the groups of a chunk. `cause`
    /// is `rows`, `timeout` or `expired`. It gives a struct array of rows, by group 0 for kept, 1 for
    /// written and 2 for removed, of the groups that were written their values, their times and
    /// when they expire, and counts: grown, updated and removed, or `None`.
    ///
    /// `form` is `rows` for columns as lists of values, or `arrays`.
    ///
    /// `convert(values)` gives values of the schema's types where they are others, or raises.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "what a function is, in one call")]
    fn new(
        py: Python<'_>,
        name: String,
        open: Py<PyAny>,
        convert: Py<PyAny>,
        output: &str,
        state: &str,
        form: &str,
        turn: &Bound<'_, TurnHandle>,
    ) -> PyResult<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = FunctionKey(format!("groups:{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let (output, state) = (schema_of(py, output)?, schema_of(py, state)?.fields().clone());
        let turn = turn.get().turn();
        let python = Arc::new(GroupsInPython { name, open, convert, output, state, in_rows: form == "rows" });
        Ok(Self(Arc::new(PythonGroups { python, key, turn })))
    }
}

/// Whether a batch is still wanted, asked between two calls of user code.
#[pyclass(frozen, module = "firesteel._native")]
struct BatchWanted {
    cancel: Cancel,
}

#[pymethods]
impl BatchWanted {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.cancel.check().map_err(|error| raise(py, &error))
    }
}

/// What the function is in Python.
#[derive(Debug)]
struct GroupsInPython {
    name: String,
    open: Py<PyAny>,
    convert: Py<PyAny>,
    output: SchemaRef,
    state: Fields,
    /// Columns come as lists of values, and as Arrow arrays otherwise.
    in_rows: bool,
}

#[derive(Debug)]
struct PythonGroups {
    python: Arc<GroupsInPython>,
    key: FunctionKey,
    turn: Arc<Turn>,
}

/// One lane of one batch.
struct PythonGroupCalls {
    python: Arc<GroupsInPython>,
    call: Py<PyAny>,
    close: Py<PyAny>,
}

/// What `call` gives.
type CallResults<'py> =
    (PyArray, Vec<u8>, Bound<'py, PyList>, Vec<Vec<i64>>, Vec<Option<i64>>, Option<(i64, u64, u64)>);

/// The same as arrays.
struct ReadResults {
    rows: ArrayRef,
    outcomes: Vec<u8>,
    values: ArrayRef,
    times: Vec<Vec<i64>>,
    expires: Vec<Option<i64>>,
    counts: Option<GroupCounts>,
}

impl GroupFunction for PythonGroups {
    fn key(&self) -> FunctionKey {
        self.key.clone()
    }

    fn name(&self) -> &str {
        &self.python.name
    }

    fn turn(&self) -> Option<&Arc<Turn>> {
        Some(&self.turn)
    }

    fn output(&self) -> SchemaRef {
        Arc::clone(&self.python.output)
    }

    fn state(&self) -> Fields {
        self.python.state.clone()
    }

    fn open(&self, batch: &Batch, watermark_ms: Option<i64>) -> Result<Arc<dyn GroupCalls>> {
        Python::attach(|py| {
            let wanted = BatchWanted { cancel: batch.cancel.clone() };
            let open = || self.python.open.bind(py).call1((batch.clock_ms, watermark_ms, wanted))?.extract();
            let (call, close) = open().map_err(|raised| self.python.raised(py, raised))?;
            Ok(Arc::new(PythonGroupCalls { python: Arc::clone(&self.python), call, close }) as Arc<dyn GroupCalls>)
        })
    }
}

impl GroupCalls for PythonGroupCalls {
    fn call(&self, _batch: &Batch, chunk: GroupChunk) -> Result<GroupResults> {
        let python = &self.python;
        let found = Python::attach(|py| python.results(py, &self.call, &chunk))?;
        let rows = typed(found.rows, &DataType::Struct(python.output.fields().clone()), &python.name)?;
        let values = typed(found.values, &DataType::Struct(python.state.clone()), &python.name)?;
        let mut written = found.times.into_iter().zip(found.expires);
        let outcome = |kind: u8| match kind {
            0 => Ok(GroupOutcome::Kept),
            1 => {
                let (times, expires_ms) = written.next().unwrap_or_default();
                Ok(GroupOutcome::Written { times, expires_ms })
            }
            2 => Ok(GroupOutcome::Removed),
            other => Err(Error::internal(format!("no outcome of a group is called {other}"))),
        };
        let outcomes = found.outcomes.into_iter().map(outcome).collect::<Result<_>>()?;
        let (rows, values) = (rows.as_struct().columns().to_vec(), values.as_struct().clone());
        Ok(GroupResults { rows, outcomes, values, counts: found.counts })
    }

    fn close(&self, _batch: &Batch) -> Result<()> {
        Python::attach(|py| self.close.bind(py).call0().map(drop).map_err(|raised| self.python.raised(py, raised)))
    }
}

impl GroupsInPython {
    fn raised(&self, py: Python<'_>, raised: PyErr) -> Error {
        user(py, raised, &format!("the function '{}'", self.name))
    }

    fn results(&self, py: Python<'_>, call: &Py<PyAny>, chunk: &GroupChunk) -> Result<ReadResults> {
        let cause = match chunk.cause {
            GroupCause::Rows => "rows",
            GroupCause::TimedOut => "timeout",
            GroupCause::Expired => "expired",
        };
        let call = || -> PyResult<CallResults<'_>> {
            let given = |columns: &[ArrayRef]| match self.in_rows {
                true => value_lists(py, columns),
                false => pyarrow_list(py, columns),
            };
            let (columns, keys) = (given(&chunk.rows)?, given(&chunk.keys)?);
            let values = tuples(py, &chunk.values)?;
            let given = (cause, columns, &chunk.ends, keys, values, &chunk.times, &chunk.over);
            call.bind(py).call1(given)?.extract()
        };
        let (rows, outcomes, values, times, expires, counts) = call().map_err(|raised| self.raised(py, raised))?;
        self.check_lengths(&values)?;
        let values = self.values(py, &values).map_err(|raised| self.raised(py, raised))?;
        let counts = counts.map(|(grown, updated, removed)| GroupCounts { grown, updated, removed });
        Ok(ReadResults { rows: rows.into_inner().0, outcomes, values, times, expires, counts })
    }

    fn check_lengths(&self, values: &Bound<'_, PyList>) -> Result<()> {
        let expected = self.state.len();
        for value in values.iter() {
            if let Ok(value) = value.cast::<PyTuple>()
                && value.len() != expected
            {
                return Err(Error::of(condition::STRUCT_ARRAY_LENGTH_MISMATCH)
                    .with("expected", expected)
                    .with("actual", value.len())
                    .context(format!("keeping the state of '{}'", self.name)));
            }
        }
        Ok(())
    }

    /// The values that are kept, as they are if their types are those of the schema.
    fn values(&self, py: Python<'_>, values: &Bound<'_, PyList>) -> PyResult<ArrayRef> {
        if let Ok(made) = self.column(py, values) {
            return Ok(made);
        }
        let converted = self.convert.bind(py).call1((values,))?;
        self.column(py, converted.cast::<PyList>()?)
    }

    fn column(&self, py: Python<'_>, values: &Bound<'_, PyList>) -> PyResult<ArrayRef> {
        let field = Field::new("state", DataType::Struct(self.state.clone()), true);
        let values: Vec<_> = values.iter().map(|value| (!value.is_none()).then_some(value)).collect();
        row_in::column(py, &values, &field, Verify::Exact, "the state")
    }
}

fn pyarrow_list<'py>(py: Python<'py>, columns: &[ArrayRef]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for column in columns {
        list.append(PyArray::from_array_ref(Arc::clone(column)).to_pyarrow(py)?)?;
    }
    Ok(list)
}

fn value_lists<'py>(py: Python<'py>, columns: &[ArrayRef]) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for column in columns {
        list.append(PyList::new(py, row_out::values(py, column)?)?)?;
    }
    Ok(list)
}

/// Structs as tuples, and `None` where there is none.
fn tuples<'py>(py: Python<'py>, values: &StructArray) -> PyResult<Bound<'py, PyList>> {
    let columns = values.columns().iter().map(|column| row_out::values(py, column)).collect::<PyResult<Vec<_>>>()?;
    let list = PyList::empty(py);
    for row in 0..values.len() {
        if values.is_null(row) {
            list.append(py.None())?;
        } else {
            list.append(PyTuple::new(py, columns.iter().map(|column| &column[row]))?)?;
        }
    }
    Ok(list)
}
