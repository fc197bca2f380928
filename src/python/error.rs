//! Errors at the edge: ours become the Python class of their kind, a user's exception becomes the
//! source of ours, and comes out again as `__cause__`, the same object.

use std::error::Error as StdError;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::error::{Error, ErrorKind};
use crate::runtime::Cancel;

/// The exception for an error.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    if error.kind() == ErrorKind::Interrupted {
        return PyKeyboardInterrupt::new_err(error.to_string());
    }
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// The class of the exception of work that was asked to end.
const CANCELLED: &str = "QueryCancelledException";

/// Whether an exception says that its query was asked to end, or comes of one that does.
fn is_cancelled(py: Python<'_>, raised: &PyErr) -> PyResult<bool> {
    let cancelled = py.import("firesteel.errors")?.getattr(CANCELLED)?;
    let mut next = Some(raised.value(py).clone().into_any());
    while let Some(exception) = next {
        if exception.is_instance(&cancelled)? {
            return Ok(true);
        }
        let cause = exception.getattr("__cause__")?;
        let hidden = exception.getattr("__suppress_context__")?.is_truthy()?;
        next = if cause.is_none() && !hidden { Some(exception.getattr("__context__")?) } else { Some(cause) }
            .filter(|next| !next.is_none());
    }
    Ok(false)
}

/// The class in `firesteel.errors` of each kind.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Analysis => "AnalysisException",
        ErrorKind::Parse => "ParseException",
        ErrorKind::IllegalArgument => "IllegalArgumentException",
        ErrorKind::Unsupported => "UnsupportedOperationException",
        ErrorKind::Arithmetic => "ArithmeticException",
        ErrorKind::NumberFormat => "NumberFormatException",
        ErrorKind::DateTime => "DateTimeException",
        ErrorKind::ArrayIndex => "ArrayIndexOutOfBoundsException",
        ErrorKind::Upgrade => "SparkUpgradeException",
        ErrorKind::Runtime | ErrorKind::Checkpoint => "SparkRuntimeException",
        ErrorKind::User => "PythonException",
        ErrorKind::StreamingQuery => "StreamingQueryException",
        ErrorKind::Cancelled => CANCELLED,
        ErrorKind::Internal | ErrorKind::Interrupted => "UnknownException",
    }
}

/// The exception object for an error, its cause attached.
pub fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let class = py.import("firesteel.errors")?.getattr(class(error.kind()))?;
    let class = class.cast::<PyType>()?;
    let parameters = PyDict::new(py);
    for (name, value) in error.parameters() {
        parameters.set_item(name, value)?;
    }
    let condition = match (error.condition(), error.kind()) {
        (Some(condition), _) => Some((condition.name, condition.sqlstate)),
        // Spark's name for whatever user code raises. The text is that of the code's exception.
        (None, ErrorKind::User) => Some(("PYTHON_EXCEPTION", "38000")),
        (None, _) => None,
    };
    let arguments = (error.to_string(), condition.map(|(name, _)| name), condition.map(|(_, state)| state), parameters);
    let exception = class.call_method1("_native", arguments)?;
    if let Some(cause) = error.cause().map(|cause| cause_of(py, cause.as_ref())).transpose()?.flatten() {
        exception.setattr("__cause__", cause)?;
    }
    Ok(exception)
}

/// The Python object behind a source: the user's exception, or the exception of an error of ours.
fn cause_of<'py>(py: Python<'py>, source: &(dyn StdError + 'static)) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(raised) = source.downcast_ref::<PyErr>() {
        return Ok(Some(raised.clone_ref(py).into_value(py).into_bound(py).into_any()));
    }
    if let Some(error) = source.downcast_ref::<Error>() {
        // The exception of a query's user code stands for itself. The message around it is in the
        // query's own.
        if error.kind() == ErrorKind::User
            && let Some(raised) = error.cause()
        {
            return cause_of(py, raised.as_ref());
        }
        return exception(py, error).map(Some);
    }
    source.source().map_or(Ok(None), |inner| cause_of(py, inner))
}

/// The exception of a user's code as our error. The exception object travels as its source. If the
/// code only passes on that its query was asked to end, that is no error of the code.
pub fn user(py: Python<'_>, raised: PyErr, doing: &str) -> Error {
    if let Some(reason) = Cancel::owner().and_then(|owner| owner.reason())
        && is_cancelled(py, &raised).unwrap_or(false)
    {
        return reason.error();
    }
    let kind = raised.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string());
    Error::new(ErrorKind::User, format!("{doing} raised {kind}: {}", raised.value(py))).caused_by(raised)
}

/// A `PySparkTypeError`, `PySparkValueError`, … by condition, as the facade raises for an argument.
pub fn argument(py: Python<'_>, class: &str, condition: &str, parameters: &[(&str, String)]) -> PyErr {
    let make = || -> PyResult<Bound<'_, PyAny>> {
        let filled = PyDict::new(py);
        for (name, value) in parameters {
            filled.set_item(name, value)?;
        }
        let named = PyDict::new(py);
        named.set_item("errorClass", condition)?;
        named.set_item("messageParameters", filled)?;
        py.import("firesteel.errors")?.getattr(class)?.call((), Some(&named))
    };
    make().map_or_else(|failure| failure, PyErr::from_value)
}
