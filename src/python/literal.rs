//! Python values as literals of an expression, typed as Spark types them.

use arrow::datatypes::DataType;
use chrono::{NaiveDate, TimeDelta};
use datafusion::common::ScalarValue;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};

use super::error::{argument, raise};
use super::expr::ExprHandle;
use super::row_in::{decimal, micros};
use crate::error::Error;
use crate::plan::tree;
use crate::runtime::stack;
use crate::types::UTC;

/// An operand: an `Expr`, a `Column` (which holds one), or a Python value, which becomes a literal.
pub fn operand(value: &Bound<'_, PyAny>) -> PyResult<tree::Expr> {
    if let Ok(expr) = value.cast::<ExprHandle>() {
        return Ok(expr.get().expr());
    }
    match value.getattr_opt("_expr")? {
        Some(inner) => match inner.cast::<ExprHandle>() {
            Ok(expr) => Ok(expr.get().expr()),
            Err(_) => literal(value),
        },
        None => literal(value),
    }
}

/// The literal of a Python value; a list is an array of literals, a dict a map of them.
pub fn literal(value: &Bound<'_, PyAny>) -> PyResult<tree::Expr> {
    if !stack::has_room() {
        return Err(raise(value.py(), &Error::illegal("a literal is nested too deeply for this thread's stack")));
    }
    if let Some(scalar) = scalar(value)? {
        return Ok(tree::Expr::Literal(scalar));
    }
    if let Ok(list) = value.cast::<PyList>() {
        let elements: PyResult<Vec<_>> = list.iter().map(|element| operand(&element)).collect();
        return Ok(tree::Expr::call("array", elements?));
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        let elements: PyResult<Vec<_>> = tuple.iter().map(|element| operand(&element)).collect();
        let elements = elements?;
        return match value.getattr_opt("__fields__")? {
            Some(names) => {
                let names: Vec<String> = names.extract()?;
                let named = elements.into_iter().zip(names).map(|(element, name)| element.alias(name)).collect();
                Ok(tree::Expr::call("struct", named))
            }
            None => Ok(tree::Expr::call("array", elements)),
        };
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let mut pairs = Vec::with_capacity(dict.len() * 2);
        for (key, item) in dict.iter() {
            pairs.push(operand(&key)?);
            pairs.push(operand(&item)?);
        }
        return Ok(tree::Expr::call("map", pairs));
    }
    if value.is_instance(&value.py().import("enum")?.getattr("Enum")?)? {
        return literal(&value.getattr("value")?);
    }
    numpy(value)?.ok_or_else(|| {
        let shown = value.repr().map_or_else(|_| "?".to_owned(), |text| text.to_string());
        argument(value.py(), "PySparkTypeError", "UNSUPPORTED_LITERAL", &[("literal", shown)])
    })
}

fn scalar(value: &Bound<'_, PyAny>) -> PyResult<Option<ScalarValue>> {
    if value.is_none() {
        return Ok(Some(ScalarValue::Null));
    }
    if value.hasattr("dtype")? {
        return Ok(None); // numpy.float64 is a float, and keeps its own type all the same
    }
    Ok(Some(if let Ok(flag) = value.cast::<PyBool>() {
        ScalarValue::Boolean(Some(flag.is_true()))
    } else if value.is_instance_of::<PyInt>() {
        match (value.extract::<i32>(), value.extract::<i64>(), value.extract::<i128>()) {
            (Ok(small), ..) => ScalarValue::Int32(Some(small)),
            (_, Ok(large), _) => ScalarValue::Int64(Some(large)),
            (_, _, Ok(huge)) => {
                let digits = u8::try_from(huge.unsigned_abs().to_string().len()).unwrap_or(38);
                ScalarValue::Decimal128(Some(huge), digits.min(38), 0)
            }
            _ => return Ok(None),
        }
    } else if value.is_instance_of::<PyFloat>() {
        ScalarValue::Float64(Some(value.extract()?))
    } else if let Ok(text) = value.cast::<PyString>() {
        ScalarValue::Utf8(Some(text.to_cow()?.into_owned()))
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        ScalarValue::Binary(Some(bytes.as_bytes().to_vec()))
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        ScalarValue::Binary(Some(bytes.to_vec()))
    } else if value.is_instance_of::<PyDateTime>() {
        // pandas' NaT has no instant, and is no null that somebody wrote.
        let Some(micros) = micros(value, true) else { return Ok(None) };
        ScalarValue::TimestampMicrosecond(Some(micros), Some(UTC.into()))
    } else if let Ok(date) = value.cast::<PyDate>() {
        let days = date.extract::<NaiveDate>()?.signed_duration_since(NaiveDate::default()).num_days();
        ScalarValue::Date32(i32::try_from(days).ok())
    } else if let Ok(delta) = value.cast::<PyDelta>() {
        ScalarValue::DurationMicrosecond(delta.extract::<TimeDelta>()?.num_microseconds())
    } else if value.get_type().name()? == "Decimal" {
        return decimal_scalar(value);
    } else {
        return Ok(None);
    }))
}

/// `Decimal("1.20")` is a `decimal(3,2)`: its own digits and places.
fn decimal_scalar(value: &Bound<'_, PyAny>) -> PyResult<Option<ScalarValue>> {
    let (_, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) = value.call_method0("as_tuple")?.extract()?;
    let Ok(exponent) = exponent.extract::<i32>() else { return Ok(None) };
    let scale = i8::try_from((-exponent).max(0)).unwrap_or(i8::MAX);
    let digits = i32::try_from(digits.len()).unwrap_or(i32::MAX) + exponent.max(0);
    let Ok(precision) = u8::try_from(digits.max(i32::from(scale)).max(1)) else { return Ok(None) };
    if precision > 38 {
        return Ok(None);
    }
    Ok(decimal(value, precision, scale)?.map(|unscaled| ScalarValue::Decimal128(Some(unscaled), precision, scale)))
}

/// A NumPy scalar has the type of its dtype, if Spark has it; a NumPy array is an array.
fn numpy(value: &Bound<'_, PyAny>) -> PyResult<Option<tree::Expr>> {
    let (Some(dtype), true) = (value.getattr_opt("dtype")?, value.hasattr("tolist")?) else { return Ok(None) };
    let to = match dtype.str()?.to_string().as_str() {
        "bool" => DataType::Boolean,
        "int8" => DataType::Int8,
        "int16" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" => DataType::Int64,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        other if other.starts_with("datetime64") => {
            return literal(&value.call_method1("astype", ("datetime64[us]",))?.call_method0("tolist")?).map(Some);
        }
        other if other.starts_with("<U") => {
            let plain = value.call_method0("tolist")?;
            return literal(&plain).map(Some);
        }
        _ => {
            let name = dtype.getattr("name")?.to_string();
            let parameters = [("dtype", name)];
            return Err(argument(value.py(), "PySparkTypeError", "UNSUPPORTED_NUMPY_ARRAY_SCALAR", &parameters));
        }
    };
    let plain = value.call_method0("tolist")?;
    let cast = |input| tree::Expr::Cast { input: Box::new(input), to: to.clone(), try_cast: false };
    if let Ok(list) = plain.cast::<PyList>() {
        let elements: PyResult<Vec<_>> = list.iter().map(|element| literal(&element).map(cast)).collect();
        return Ok(Some(tree::Expr::call("array", elements?)));
    }
    let scalar = scalar(&plain)?;
    Ok(scalar.map(|scalar| match scalar.cast_to(&to) {
        Ok(typed) => tree::Expr::Literal(typed),
        Err(_) => cast(tree::Expr::Literal(scalar)),
    }))
}
