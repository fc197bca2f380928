//! Python functions of groups of rows that keep something of each group.
//!
//! How the groups of a chunk are called is written in Python (`firesteel/sql/_state_calls.py`).
//! Rows go there and back as Arrow arrays, and what is kept as tuples, for all groups at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use pyo3_arrow::PyArray;

use super::error::user;
use super::functions::{TurnHandle, typed};
use super::row_in::{self, Verify};
use super::row_out;
use super::types::schema_of;
use crate::batch::Batch;
use crate::error::{Error, Result, condition};
use crate::function::FunctionKey;
use crate::function::groups::{GroupCause, GroupChunk, GroupFunction, GroupOutcome, GroupResults};
use crate::runtime::Turn;

/// A function of groups.
#[pyclass(frozen, name = "GroupFunction", module = "firesteel._native")]
pub struct GroupFunctionHandle(pub Arc<dyn GroupFunction>);

#[pymethods]
impl GroupFunctionHandle {
    /// `body(columns, ends, keys, values, timed_out, clock_ms, watermark_ms)` calls the groups of a
    /// chunk. It gives a struct array of rows, by group 0 for kept, 1 for written and 2 for removed,
    /// and of the groups that were written their values and their times, -1 for none.
    ///
    /// `convert(values)` gives values of the schema's types where they are others, or raises.
    #[new]
    fn new(
        py: Python<'_>,
        name: String,
        body: Py<PyAny>,
        convert: Py<PyAny>,
        output: &str,
        state: &str,
        turn: &Bound<'_, TurnHandle>,
    ) -> PyResult<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let key = FunctionKey(format!("groups:{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let (output, state) = (schema_of(py, output)?, schema_of(py, state)?.fields().clone());
        let turn = turn.get().turn();
        Ok(Self(Arc::new(PythonGroups { name, body, convert, key, output, state, turn })))
    }
}

#[derive(Debug)]
struct PythonGroups {
    name: String,
    body: Py<PyAny>,
    convert: Py<PyAny>,
    key: FunctionKey,
    output: SchemaRef,
    state: Fields,
    turn: Arc<Turn>,
}

/// What the body gives.
struct BodyResults {
    rows: ArrayRef,
    outcomes: Vec<u8>,
    timeouts: Vec<i64>,
    values: ArrayRef,
}

impl GroupFunction for PythonGroups {
    fn key(&self) -> FunctionKey {
        self.key.clone()
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn turn(&self) -> Option<&Arc<Turn>> {
        Some(&self.turn)
    }

    fn output(&self) -> SchemaRef {
        Arc::clone(&self.output)
    }

    fn state(&self) -> Fields {
        self.state.clone()
    }

    fn call(&self, batch: &Batch, chunk: GroupChunk) -> Result<GroupResults> {
        let found = Python::attach(|py| self.call_body(py, batch, &chunk))?;
        let rows = typed(found.rows, &DataType::Struct(self.output.fields().clone()), &self.name)?;
        let values = typed(found.values, &DataType::Struct(self.state.clone()), &self.name)?;
        let mut timeouts = found.timeouts.into_iter();
        let outcome = |kind: u8| match kind {
            0 => Ok(GroupOutcome::Kept),
            1 => Ok(GroupOutcome::Written { timeout_ms: timeouts.next().filter(|ms| *ms >= 0) }),
            2 => Ok(GroupOutcome::Removed),
            other => Err(Error::internal(format!("no outcome of a group is called {other}"))),
        };
        let outcomes = found.outcomes.into_iter().map(outcome).collect::<Result<_>>()?;
        Ok(GroupResults { rows: rows.as_struct().columns().to_vec(), outcomes, values: values.as_struct().clone() })
    }
}

impl PythonGroups {
    fn call_body(&self, py: Python<'_>, batch: &Batch, chunk: &GroupChunk) -> Result<BodyResults> {
        let raised = |raised: PyErr| user(py, raised, &format!("the function '{}'", self.name));
        let call = || -> PyResult<_> {
            let columns = pyarrow_list(py, &chunk.rows)?;
            let keys = pyarrow_list(py, &chunk.keys)?;
            let timed_out = chunk.cause == GroupCause::TimedOut;
            let values = tuples(py, &chunk.values)?;
            let given = (columns, &chunk.ends, keys, values, timed_out, batch.clock_ms, chunk.watermark_ms);
            let output = self.body.bind(py).call1(given)?;
            output.extract::<(PyArray, Vec<u8>, Bound<'_, PyList>, Vec<i64>)>()
        };
        let (rows, outcomes, values, timeouts) = call().map_err(raised)?;
        self.check_lengths(&values)?;
        let values = self.values(py, &values).map_err(raised)?;
        Ok(BodyResults { rows: rows.into_inner().0, outcomes, timeouts, values })
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
