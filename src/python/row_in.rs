//! Python values to columns: the rows of `createDataFrame` and what a `udf` returns, by Spark's
//! rules of what a type accepts.
//!
//! Column by column: the values of one field make one array, a struct hands the values of each of
//! its fields on.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, DurationMicrosecondBuilder,
    Float32Builder, Float64Builder, ListArray, MapArray, NullArray, PrimitiveBuilder, RecordBatch, RecordBatchOptions,
    StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Fields, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef,
};
use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};

use super::arrow::ArrowTable;
use super::error::{argument, raise};
use super::types::schema_of;
use crate::error::{Error, condition};
use crate::runtime::stack;
use crate::types::{map_fields, simple_name};

/// What becomes of a value that its type does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// It is an error, and so is one of a subclass (`verifySchema`).
    Exact,
    /// It is an error; a row may be shorter than the others (a schema that was inferred).
    Inferred,
    /// It is null, as in Spark without `verifySchema`.
    No,
}

type Value<'py> = Option<Bound<'py, PyAny>>;

/// Rows as a table. `verify`: `exact`, `inferred` or `no`. `single`: the rows are the values of the
/// schema's one field, as for `createDataFrame([1, 2], "int")`.
#[pyfunction]
pub fn rows_to_table(rows: &Bound<'_, PyList>, schema: &str, verify: &str, single: bool) -> PyResult<ArrowTable> {
    let py = rows.py();
    let schema = schema_of(py, schema)?;
    let verify = match verify {
        "exact" => Verify::Exact,
        "inferred" => Verify::Inferred,
        "no" => Verify::No,
        other => return Err(PyValueError::new_err(format!("no way to verify rows is called '{other}'"))),
    };
    let values: Vec<Value<'_>> = rows.iter().map(present).collect();
    let columns = match (single, schema.fields().first()) {
        (true, Some(field)) => vec![column(py, &values, field, verify, &format!("field {}", field.name()))?],
        _ => members(py, &values, schema.fields(), verify, "")?,
    };
    batch(py, schema, columns, rows.len()).map(|batch| ArrowTable { schema: batch.schema(), batches: vec![batch] })
}

fn batch(py: Python<'_>, schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> PyResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| raise(py, &Error::from(error)))
}

fn present(value: Bound<'_, PyAny>) -> Value<'_> {
    if value.is_none() { None } else { Some(value) }
}

/// The values of one column as an array. `name` is where the column is, for errors: `field a`,
/// `element in array field a`.
pub fn column<'py>(
    py: Python<'py>,
    values: &[Value<'py>],
    field: &Field,
    verify: Verify,
    name: &str,
) -> PyResult<ArrayRef> {
    if !stack::has_room() {
        return Err(raise(
            py,
            &Error::illegal(format!("the values of {name} are nested too deeply for this thread's stack")),
        ));
    }
    if verify != Verify::No && !field.is_nullable() && values.iter().any(Option::is_none) {
        return Err(not_nullable(py, name));
    }
    let data_type = field.data_type();
    let accept = |found: Option<()>, value: &Bound<'py, PyAny>| -> PyResult<()> {
        if found.is_none() && verify != Verify::No { Err(unacceptable(py, data_type, value, name)) } else { Ok(()) }
    };
    if verify == Verify::Exact {
        for value in values.iter().flatten() {
            accept(accepts_class(data_type, value)?.then_some(()), value)?;
        }
    }
    macro_rules! built {
        ($builder:expr, $convert:expr) => {{
            let mut builder = $builder;
            for value in values {
                let converted = match value {
                    None => None,
                    Some(value) => {
                        let converted = $convert(value)?;
                        accept(converted.as_ref().map(|_| ()), value)?;
                        converted
                    }
                };
                builder.append_option(converted);
            }
            Ok(Arc::new(builder.finish()) as ArrayRef)
        }};
    }
    match data_type {
        DataType::Null => Ok(Arc::new(NullArray::new(values.len()))),
        DataType::Boolean => built!(BooleanBuilder::new(), |value: &Bound<'py, PyAny>| {
            PyResult::Ok(value.cast::<PyBool>().ok().map(|flag| flag.is_true()))
        }),
        DataType::Int8 => integers::<Int8Type>(py, values, &accept),
        DataType::Int16 => integers::<Int16Type>(py, values, &accept),
        DataType::Int32 => integers::<Int32Type>(py, values, &accept),
        DataType::Int64 => integers::<Int64Type>(py, values, &accept),
        DataType::Float32 => {
            built!(Float32Builder::new(), |value: &Bound<'py, PyAny>| PyResult::Ok(float(value).map(|v| v as f32)))
        }
        DataType::Float64 => built!(Float64Builder::new(), |value: &Bound<'py, PyAny>| PyResult::Ok(float(value))),
        DataType::Decimal128(precision, scale) => {
            let builder = Decimal128Builder::new().with_data_type(DataType::Decimal128(*precision, *scale));
            let mut builder = builder;
            for value in values {
                let read = value.as_ref().map(|value| Digits::of(value)).transpose()?.flatten();
                if let (Some(value), None) = (value, &read) {
                    accept(None, value)?;
                }
                let Some(Digits::Number(digits)) = read else {
                    if verify != Verify::No && !field.is_nullable() {
                        return Err(not_nullable(py, name));
                    }
                    builder.append_null();
                    continue;
                };
                match digits.at(*precision, *scale) {
                    Some(unscaled) => builder.append_value(unscaled),
                    None => return Err(raise(py, &out_of_range(&digits.text, *precision, *scale))),
                }
            }
            Ok(Arc::new(builder.finish()))
        }
        DataType::Utf8 => built!(StringBuilder::new(), text),
        DataType::Binary => built!(BinaryBuilder::new(), |value: &Bound<'py, PyAny>| PyResult::Ok(bytes(value))),
        DataType::Date32 => built!(Date32Builder::new(), |value: &Bound<'py, PyAny>| PyResult::Ok(days(value))),
        DataType::Timestamp(_, zone) => {
            let builder = TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone());
            let instant = zone.is_some();
            built!(builder, |value: &Bound<'py, PyAny>| PyResult::Ok(micros(value, instant)))
        }
        DataType::Duration(_) => built!(DurationMicrosecondBuilder::new(), |value: &Bound<'py, PyAny>| {
            let span = value.cast::<PyDelta>().ok().and_then(|delta| delta.extract::<TimeDelta>().ok());
            PyResult::Ok(span.and_then(|span| span.num_microseconds()))
        }),
        DataType::List(element) => lists(py, values, element, verify, name, &accept),
        DataType::Map(..) => maps(py, values, data_type, verify, name, &accept),
        DataType::Struct(fields) => {
            let valid: NullBuffer = values.iter().map(Option::is_some).collect();
            let columns = members(py, values, fields, verify, name)?;
            let array = StructArray::try_new_with_length(fields.clone(), columns, Some(valid), values.len());
            array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| raise(py, &Error::from(error)))
        }
        other => {
            let parameters = [("data_type", simple_name(other))];
            Err(argument(py, "PySparkTypeError", "UNSUPPORTED_DATA_TYPE", &parameters))
        }
    }
}

type Accept<'a, 'py> = dyn Fn(Option<()>, &Bound<'py, PyAny>) -> PyResult<()> + 'a;

fn integers<'py, T: ArrowPrimitiveType>(
    py: Python<'py>,
    values: &[Value<'py>],
    accept: &Accept<'_, 'py>,
) -> PyResult<ArrayRef>
where
    T::Native: TryFrom<i64> + Into<i64>,
{
    let mut builder = PrimitiveBuilder::<T>::with_capacity(values.len());
    for value in values {
        let Some(value) = value else {
            builder.append_null();
            continue;
        };
        let whole = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
        accept(whole.then_some(()), value)?;
        if !whole {
            builder.append_null();
            continue;
        }
        let fits = value.extract::<i64>().ok().and_then(|number| T::Native::try_from(number).ok());
        let Some(number) = fits else {
            let bits = T::DATA_TYPE.primitive_width().unwrap_or(8) * 8;
            let upper = i128::from(u64::MAX >> 1) >> (64 - bits);
            let parameters = [
                ("arg_name", "obj".to_owned()),
                ("lower_bound", (-upper - 1).to_string()),
                ("upper_bound", upper.to_string()),
                ("actual", value.repr()?.to_string()),
            ];
            return Err(argument(py, "PySparkValueError", "VALUE_OUT_OF_BOUNDS", &parameters));
        };
        builder.append_value(number);
    }
    Ok(Arc::new(builder.finish()))
}

/// One array a field, from dicts by name, from sequences by position, from objects by attribute.
fn members<'py>(
    py: Python<'py>,
    rows: &[Value<'py>],
    fields: &Fields,
    verify: Verify,
    name: &str,
) -> PyResult<Vec<ArrayRef>> {
    let mut columns: Vec<Vec<Value<'py>>> = fields.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        let Some(row) = row else {
            columns.iter_mut().for_each(|column| column.push(None));
            continue;
        };
        if let Ok(dict) = row.cast::<PyDict>() {
            for (column, field) in columns.iter_mut().zip(fields) {
                column.push(dict.get_item(field.name())?.and_then(present));
            }
        } else if let Ok(tuple) = row.cast::<PyTuple>() {
            check_length(py, tuple.len(), fields.len(), verify, name)?;
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(tuple.get_item(at).ok().and_then(present));
            }
        } else if let Ok(list) = row.cast::<PyList>() {
            check_length(py, list.len(), fields.len(), verify, name)?;
            for (at, column) in columns.iter_mut().enumerate() {
                column.push(list.get_item(at).ok().and_then(present));
            }
        } else if row.hasattr("__dict__")? {
            for (column, field) in columns.iter_mut().zip(fields) {
                column.push(row.getattr_opt(field.name().as_str())?.and_then(present));
            }
        } else {
            return Err(unacceptable(py, &DataType::Struct(fields.clone()), row, name));
        }
    }
    let inside = |field: &Field| match name {
        "" => format!("field {}", field.name()),
        outer => format!("field {} in {outer}", field.name()),
    };
    let build = |(values, field): (&Vec<Value<'py>>, &Arc<Field>)| {
        // A null struct has null fields, whatever the fields say; only a present one is checked.
        let lenient = verify != Verify::No && !field.is_nullable() && rows.iter().any(Option::is_none);
        let checked = if lenient { Arc::new(field.as_ref().clone().with_nullable(true)) } else { Arc::clone(field) };
        column(py, values, &checked, verify, &inside(field))
    };
    columns.iter().zip(fields).map(build).collect()
}

fn check_length(py: Python<'_>, found: usize, expected: usize, verify: Verify, name: &str) -> PyResult<()> {
    if found == expected {
        return Ok(());
    }
    if verify != Verify::Exact {
        let mismatch = Error::of(condition::STRUCT_ARRAY_LENGTH_MISMATCH);
        return Err(raise(py, &mismatch.with("expected", expected).with("actual", found)));
    }
    let mut parameters = vec![("object_length", found.to_string()), ("field_length", expected.to_string())];
    let mut condition = "FIELD_STRUCT_LENGTH_MISMATCH";
    if !name.is_empty() {
        condition = "FIELD_STRUCT_LENGTH_MISMATCH_WITH_NAME";
        parameters.push(("field_name", name.to_owned()));
    }
    Err(argument(py, "PySparkValueError", condition, &parameters))
}

fn lists<'py>(
    py: Python<'py>,
    values: &[Value<'py>],
    element: &Arc<Field>,
    verify: Verify,
    name: &str,
    accept: &Accept<'_, 'py>,
) -> PyResult<ArrayRef> {
    let (mut flat, mut lengths, mut valid) =
        (Vec::new(), Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for value in values {
        let before = flat.len();
        let mut found = false;
        if let Some(value) = value {
            found = sequence(value, &mut flat)?;
            accept(found.then_some(()), value)?;
        }
        valid.push(found);
        lengths.push(flat.len() - before);
    }
    let elements = column(py, &flat, element, verify, &format!("element in array {name}"))?;
    let array = ListArray::try_new(
        Arc::clone(element),
        OffsetBuffer::from_lengths(lengths),
        elements,
        Some(NullBuffer::from(valid)),
    );
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| raise(py, &Error::from(error)))
}

/// Adds the elements of a list, a tuple, an `array.array` or a NumPy array; false for anything
/// else.
fn sequence<'py>(value: &Bound<'py, PyAny>, flat: &mut Vec<Value<'py>>) -> PyResult<bool> {
    if let Ok(list) = value.cast::<PyList>() {
        flat.extend(list.iter().map(present));
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        flat.extend(tuple.iter().map(present));
    } else if value.hasattr("tolist")? {
        let list = value.call_method0("tolist")?;
        let Ok(list) = list.cast::<PyList>() else { return Ok(false) };
        flat.extend(list.iter().map(present));
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn maps<'py>(
    py: Python<'py>,
    values: &[Value<'py>],
    data_type: &DataType,
    verify: Verify,
    name: &str,
    accept: &Accept<'_, 'py>,
) -> PyResult<ArrayRef> {
    let (Some((key, value_field)), DataType::Map(entries, ordered)) = (map_fields(data_type), data_type) else {
        return Err(raise(py, &Error::internal("a map type has a key and a value")));
    };
    let (mut keys, mut items) = (Vec::new(), Vec::new());
    let (mut lengths, mut valid) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for value in values {
        let before = keys.len();
        let dict = value.as_ref().and_then(|value| value.cast::<PyDict>().ok());
        if let Some(value) = value {
            accept(dict.map(|_| ()), value)?;
        }
        for (key, item) in dict.into_iter().flat_map(|dict| dict.iter()) {
            keys.push(present(key));
            items.push(present(item));
        }
        valid.push(dict.is_some());
        lengths.push(keys.len() - before);
    }
    let keys = column(py, &keys, key, strict(verify), &format!("key of map {name}"))?;
    let items = column(py, &items, value_field, verify, &format!("value of map {name}"))?;
    let fields = Fields::from(vec![Arc::clone(key), Arc::clone(value_field)]);
    let array = StructArray::try_new(fields, vec![keys, items], None).and_then(|pairs| {
        let offsets = OffsetBuffer::from_lengths(lengths);
        MapArray::try_new(Arc::clone(entries), offsets, pairs, Some(NullBuffer::from(valid)), *ordered)
    });
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|error| raise(py, &Error::from(error)))
}

/// A key is never null, whatever is verified.
fn strict(verify: Verify) -> Verify {
    if verify == Verify::No { Verify::Inferred } else { verify }
}

/// Whether the value's class is one that `verifySchema` accepts for a type: a subclass is not. Any
/// value has a text.
fn accepts_class(data_type: &DataType, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(match data_type {
        DataType::Boolean => value.is_exact_instance_of::<PyBool>(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => value.is_exact_instance_of::<PyInt>(),
        DataType::Float32 | DataType::Float64 => value.is_exact_instance_of::<PyFloat>(),
        DataType::Decimal128(..) => is_decimal(value)?,
        DataType::Binary => value.is_exact_instance_of::<PyBytes>() || value.is_exact_instance_of::<PyByteArray>(),
        DataType::Date32 => value.is_exact_instance_of::<PyDate>() || value.is_exact_instance_of::<PyDateTime>(),
        DataType::Timestamp(..) => value.is_exact_instance_of::<PyDateTime>(),
        DataType::Duration(_) => value.is_exact_instance_of::<PyDelta>(),
        DataType::List(_) => {
            value.is_exact_instance_of::<PyList>()
                || value.is_exact_instance_of::<PyTuple>()
                || value.get_type().fully_qualified_name()? == "array.array"
        }
        DataType::Map(..) => value.is_exact_instance_of::<PyDict>(),
        _ => true,
    })
}

fn is_decimal(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(value.get_type().name()? == "Decimal")
}

fn float(value: &Bound<'_, PyAny>) -> Option<f64> {
    value.is_instance_of::<PyFloat>().then(|| value.extract().ok()).flatten()
}

/// Any object has a text; those of bools and floats are Java's.
fn text(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Some(flag.is_true().to_string()));
    }
    match value.cast::<PyString>() {
        Ok(text) => Ok(Some(text.to_cow()?.into_owned())),
        Err(_) => Ok(Some(value.str()?.to_cow()?.into_owned())),
    }
}

fn bytes(value: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    match value.cast::<PyBytes>() {
        Ok(bytes) => Some(bytes.as_bytes().to_vec()),
        Err(_) => value.cast::<PyByteArray>().ok().map(|bytes| bytes.to_vec()),
    }
}

fn days(value: &Bound<'_, PyAny>) -> Option<i32> {
    let date = value.cast::<PyDate>().ok()?.extract::<NaiveDate>().ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Microseconds of a datetime: an instant (a naive one is of the process's time zone), or a clock
/// reading.
pub fn micros(value: &Bound<'_, PyAny>, instant: bool) -> Option<i64> {
    let value = value.cast::<PyDateTime>().ok()?;
    // pandas' NaT is a datetime by its class, and has no time.
    if !value.is_exact_instance_of::<PyDateTime>() && value.get_type().name().is_ok_and(|name| name == "NaTType") {
        return None;
    }
    let aware = value.getattr("tzinfo").is_ok_and(|zone| !zone.is_none());
    if aware {
        let offset: TimeDelta = value.call_method0("utcoffset").ok()?.extract().ok()?;
        let naive = without_zone(value)?;
        let offset = FixedOffset::east_opt(i32::try_from(offset.num_seconds()).ok()?)?;
        let moment: DateTime<Utc> = offset.from_local_datetime(&naive).single()?.with_timezone(&Utc);
        return Some(if instant {
            moment.timestamp_micros()
        } else {
            moment.with_timezone(&Local).naive_local().and_utc().timestamp_micros()
        });
    }
    let naive: NaiveDateTime = value.extract().ok()?;
    if !instant {
        return Some(naive.and_utc().timestamp_micros());
    }
    match Local.from_local_datetime(&naive) {
        chrono::LocalResult::Single(moment) => Some(moment.timestamp_micros()),
        chrono::LocalResult::Ambiguous(one, other) => {
            let fold: u8 = value.getattr("fold").ok()?.extract().ok()?;
            Some(if fold == 1 { one.max(other) } else { one.min(other) }.timestamp_micros())
        }
        // A reading that a clock change skips: as Python, the offset before the change holds.
        chrono::LocalResult::None => {
            let before = Local.from_local_datetime(&(naive - TimeDelta::hours(3))).earliest()?;
            Some((naive.and_utc().timestamp_micros()) - i64::from(before.offset().local_minus_utc()) * 1_000_000)
        }
    }
}

fn without_zone(value: &Bound<'_, PyDateTime>) -> Option<NaiveDateTime> {
    let arguments = PyDict::new(value.py());
    arguments.set_item("tzinfo", value.py().None()).ok()?;
    value.call_method("replace", (), Some(&arguments)).ok()?.extract().ok()
}

/// What a `decimal.Decimal` holds.
pub enum Digits {
    Number(DecimalDigits),
    /// NaN, which is null, as Spark's decimals have none.
    NotANumber,
}

/// The digits of a `decimal.Decimal`, however many.
pub struct DecimalDigits {
    negative: bool,
    digits: Vec<u8>,
    exponent: i32,
    text: String,
}

impl Digits {
    /// The digits; none for what is no decimal, and for an infinite one.
    pub fn of(value: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if !is_decimal(value)? {
            return Ok(None);
        }
        let (negative, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) =
            value.call_method0("as_tuple")?.extract()?;
        let Ok(exponent) = exponent.extract::<i32>() else {
            let nan = value.call_method0("is_nan")?.is_truthy()?;
            return Ok(nan.then_some(Self::NotANumber));
        };
        let text = value.str()?.to_cow()?.into_owned();
        Ok(Some(Self::Number(DecimalDigits { negative: negative == 1, digits, exponent, text })))
    }
}

impl DecimalDigits {
    /// The number at a column's scale, rounded half up; none where it has more digits than the
    /// column.
    pub fn at(&self, precision: u8, scale: i8) -> Option<i128> {
        // How many of the digits stand before the end of the scale.
        let kept = i64::try_from(self.digits.len()).ok()? + i64::from(self.exponent) + i64::from(scale);
        let digit = |at: i64| usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or(0);
        let mut unscaled = 0_i128;
        for at in 0..kept {
            let next = unscaled.checked_mul(10)?.checked_add(i128::from(digit(at)))?;
            if next >= 10_i128.pow(u32::from(precision)) {
                return None;
            }
            unscaled = next;
        }
        if digit(kept) >= 5 {
            unscaled += 1;
        }
        let fits = unscaled < 10_i128.pow(u32::from(precision));
        fits.then_some(if self.negative { -unscaled } else { unscaled })
    }
}

/// The digits of a `decimal.Decimal` at a scale, rounded half up; none where they do not fit.
pub fn decimal(value: &Bound<'_, PyAny>, precision: u8, scale: i8) -> PyResult<Option<i128>> {
    Ok(match Digits::of(value)? {
        Some(Digits::Number(digits)) => digits.at(precision, scale),
        _ => None,
    })
}

fn out_of_range(text: &str, precision: u8, scale: i8) -> Error {
    Error::of(condition::NUMERIC_VALUE_OUT_OF_RANGE_WITH_SUGGESTION)
        .with("value", text)
        .with("precision", precision.to_string())
        .with("scale", scale.to_string())
        .with("config", "\"spark.sql.ansi.enabled\"")
}

fn not_nullable(py: Python<'_>, name: &str) -> PyErr {
    match name {
        "" => argument(py, "PySparkValueError", "FIELD_NOT_NULLABLE", &[]),
        name => argument(py, "PySparkValueError", "FIELD_NOT_NULLABLE_WITH_NAME", &[("field_name", name.to_owned())]),
    }
}

fn unacceptable(py: Python<'_>, data_type: &DataType, value: &Bound<'_, PyAny>, name: &str) -> PyErr {
    let show = |shown: PyResult<Bound<'_, PyString>>| shown.map_or_else(|_| "?".to_owned(), |text| text.to_string());
    let mut parameters = vec![
        ("data_type", class_text(data_type)),
        ("obj", show(value.repr())),
        ("obj_type", show(value.get_type().repr())),
    ];
    let mut condition = "FIELD_DATA_TYPE_UNACCEPTABLE";
    if !name.is_empty() {
        condition = "FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME";
        parameters.push(("field_name", name.to_owned()));
    }
    argument(py, "PySparkTypeError", condition, &parameters)
}

/// A type as its Python class shows itself, e.g. `ArrayType(IntegerType(), True)`.
fn class_text(data_type: &DataType) -> String {
    let flag = |value: bool| if value { "True" } else { "False" };
    match data_type {
        DataType::Null => "NullType()".into(),
        DataType::Boolean => "BooleanType()".into(),
        DataType::Int8 => "ByteType()".into(),
        DataType::Int16 => "ShortType()".into(),
        DataType::Int32 => "IntegerType()".into(),
        DataType::Int64 => "LongType()".into(),
        DataType::Float32 => "FloatType()".into(),
        DataType::Float64 => "DoubleType()".into(),
        DataType::Decimal128(precision, scale) => format!("DecimalType({precision},{scale})"),
        DataType::Utf8 => "StringType()".into(),
        DataType::Binary => "BinaryType()".into(),
        DataType::Date32 => "DateType()".into(),
        DataType::Timestamp(_, Some(_)) => "TimestampType()".into(),
        DataType::Timestamp(_, None) => "TimestampNTZType()".into(),
        DataType::Duration(_) => "DayTimeIntervalType(0, 3)".into(),
        DataType::List(element) => {
            format!("ArrayType({}, {})", class_text(element.data_type()), flag(element.is_nullable()))
        }
        DataType::Map(..) => map_fields(data_type).map_or_else(String::new, |(key, value)| {
            format!(
                "MapType({}, {}, {})",
                class_text(key.data_type()),
                class_text(value.data_type()),
                flag(value.is_nullable())
            )
        }),
        DataType::Struct(fields) => {
            let shown: Vec<_> = fields
                .iter()
                .map(|field| {
                    format!(
                        "StructField('{}', {}, {})",
                        field.name(),
                        class_text(field.data_type()),
                        flag(field.is_nullable())
                    )
                })
                .collect();
            format!("StructType([{}])", shown.join(", "))
        }
        other => simple_name(other),
    }
}
