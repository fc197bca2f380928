//! Columns to Python values: what `collect` returns and a `udf` is given. Values are made column by
//! column, then zipped into rows.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, TimestampMicrosecondType,
};
use chrono::{DateTime, Local, LocalResult, NaiveDate, TimeDelta, TimeZone};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use super::error::{argument, raise};
use crate::error::Error;
use crate::runtime::stack;
use crate::types::simple_name;

static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static ROW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The rows of batches, as `Row` objects.
pub fn rows<'py>(py: Python<'py>, names: &[String], batches: &[RecordBatch]) -> PyResult<Bound<'py, PyList>> {
    let maker = RowMaker::new(py, names)?;
    let list = PyList::empty(py);
    for batch in batches {
        let columns: PyResult<Vec<_>> = batch.columns().iter().map(|column| values(py, column)).collect();
        let columns = columns?;
        for row in 0..batch.num_rows() {
            list.append(maker.row(columns.iter().map(|column| column[row].clone()))?)?;
        }
    }
    Ok(list)
}

/// Makes rows that share their names.
struct RowMaker<'py> {
    py: Python<'py>,
    make: Bound<'py, PyAny>,
    names: Bound<'py, PyList>,
}

impl<'py> RowMaker<'py> {
    fn new<T: AsRef<str>>(py: Python<'py>, names: &[T]) -> PyResult<Self> {
        let make = ROW
            .get_or_try_init(py, || PyResult::Ok(py.import("firesteel.sql.types")?.getattr("_create_row")?.unbind()))?;
        let names = PyList::new(py, names.iter().map(|name| PyString::new(py, name.as_ref())))?;
        Ok(Self { py, make: make.bind(py).clone(), names })
    }

    fn row(&self, values: impl ExactSizeIterator<Item = Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        self.make.call1((&self.names, PyTuple::new(self.py, values)?))
    }
}

/// The values of a column, in the Python types that Spark gives them.
pub fn values<'py>(py: Python<'py>, array: &ArrayRef) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if !stack::has_room() {
        return Err(raise(py, &Error::illegal("a value is nested too deeply for this thread's stack")));
    }
    let nulls = array.logical_nulls();
    let each = |make: &dyn Fn(usize) -> PyResult<Bound<'py, PyAny>>| -> PyResult<Vec<Bound<'py, PyAny>>> {
        (0..array.len())
            .map(|row| match nulls.as_ref() {
                Some(nulls) if nulls.is_null(row) => Ok(py.None().into_bound(py)),
                _ => make(row),
            })
            .collect()
    };
    macro_rules! primitive {
        ($type:ty) => {{
            let array = array.as_primitive::<$type>();
            each(&|row| array.value(row).into_bound_py_any(py))
        }};
    }
    match array.data_type() {
        DataType::Null => each(&|_| Ok(py.None().into_bound(py))),
        DataType::Boolean => each(&|row| array.as_boolean().value(row).into_bound_py_any(py)),
        DataType::Int8 => primitive!(Int8Type),
        DataType::Int16 => primitive!(Int16Type),
        DataType::Int32 => primitive!(Int32Type),
        DataType::Int64 => primitive!(Int64Type),
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>();
            each(&|row| f64::from(array.value(row)).into_bound_py_any(py))
        }
        DataType::Float64 => primitive!(Float64Type),
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            each(&|row| array.value(row).into_bound_py_any(py))
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            each(&|row| Ok(PyBytes::new(py, array.value(row)).into_any()))
        }
        DataType::Decimal128(_, scale) => {
            let decimal =
                DECIMAL.get_or_try_init(py, || PyResult::Ok(py.import("decimal")?.getattr("Decimal")?.unbind()))?;
            let (array, scale) = (array.as_primitive::<Decimal128Type>(), *scale);
            each(&|row| decimal.bind(py).call1((format!("{}E{}", array.value(row), -i32::from(scale)),)))
        }
        DataType::Date32 => {
            let array = array.as_primitive::<Date32Type>();
            each(&|row| date(py, array.value(row))?.into_bound_py_any(py))
        }
        DataType::Timestamp(_, zone) => {
            let (array, instant) = (array.as_primitive::<TimestampMicrosecondType>(), zone.is_some());
            each(&|row| timestamp(py, array.value(row), instant))
        }
        DataType::Duration(_) => {
            let array = array.as_primitive::<DurationMicrosecondType>();
            each(&|row| TimeDelta::microseconds(array.value(row)).into_bound_py_any(py))
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            let array = array.as_primitive::<IntervalYearMonthType>();
            each(&|row| array.value(row).into_bound_py_any(py))
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let offsets = array.value_offsets();
            let (first, last) = (offsets[0] as usize, offsets[array.len()] as usize);
            let elements = values(py, &array.values().slice(first, last - first))?;
            each(&|row| {
                let range = offsets[row] as usize - first..offsets[row + 1] as usize - first;
                Ok(PyList::new(py, &elements[range])?.into_any())
            })
        }
        DataType::Map(..) => {
            let array = array.as_map();
            let (keys, items) = (values(py, array.keys())?, values(py, array.values())?);
            let offsets = array.value_offsets();
            each(&|row| {
                let dict = PyDict::new(py);
                for at in offsets[row] as usize..offsets[row + 1] as usize {
                    dict.set_item(&keys[at], &items[at])?;
                }
                Ok(dict.into_any())
            })
        }
        DataType::Struct(fields) => {
            let array = array.as_struct();
            let columns: PyResult<Vec<_>> = array.columns().iter().map(|column| values(py, column)).collect();
            let columns = columns?;
            let names: Vec<_> = fields.iter().map(|field| field.name().as_str()).collect();
            let maker = RowMaker::new(py, &names)?;
            each(&|row| maker.row(columns.iter().map(|column| column[row].clone())))
        }
        other => {
            let feature = format!("a Python value of type {}", simple_name(other));
            Err(argument(py, "PySparkNotImplementedError", "NOT_IMPLEMENTED", &[("feature", feature)]))
        }
    }
}

fn date(py: Python<'_>, days: i32) -> PyResult<NaiveDate> {
    let date = NaiveDate::default().checked_add_signed(TimeDelta::days(i64::from(days)));
    date.ok_or_else(|| raise(py, &Error::runtime(format!("the date {days} days after 1970 is outside Python's range"))))
}

/// An instant as a naive datetime of the process's time zone, as Spark hands it out; a clock
/// reading as it is.
fn timestamp(py: Python<'_>, micros: i64, instant: bool) -> PyResult<Bound<'_, PyAny>> {
    let moment = DateTime::from_timestamp_micros(micros).ok_or_else(|| {
        raise(py, &Error::runtime(format!("the timestamp {micros} µs after 1970 is outside Python's range")))
    })?;
    if !instant {
        return moment.naive_utc().into_bound_py_any(py);
    }
    let naive = moment.with_timezone(&Local).naive_local();
    let value = naive.into_bound_py_any(py)?;
    // Of a clock reading that occurs twice, `fold` tells which one it is: so it comes back as the
    // same instant.
    match Local.from_local_datetime(&naive) {
        // Not by their places: of the process's zone chrono does not give the earlier one first.
        LocalResult::Ambiguous(one, other) if one.max(other).timestamp_micros() == micros => {
            let fold = PyDict::new(py);
            fold.set_item("fold", 1)?;
            value.call_method("replace", (), Some(&fold))
        }
        _ => Ok(value),
    }
}
