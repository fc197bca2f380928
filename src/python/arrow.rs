//! Arrow data in, from anything with `__arrow_c_stream__` or `__arrow_c_array__`, and out, as
//! objects with the capsule methods.

use arrow::array::{Array, RecordBatch, RecordBatchIterator, RecordBatchOptions, RecordBatchReader, StructArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};
use std::sync::Arc;

use super::door::wait;
use super::error::{argument, raise};
use crate::error::Error;
use crate::model::bind::argument_columns;
use crate::types::ddl::{TYPE_DEPTH, too_deep};
use crate::types::normalize;

/// Record batches from any Arrow object, as its producer typed them.
pub fn reader(object: &Bound<'_, PyAny>) -> PyResult<Box<dyn RecordBatchReader + Send>> {
    object.extract::<AnyRecordBatch>()?.into_reader()
}

/// As [`reader`]; arrays that are no structs, such as those of a pandas Series, are one column.
pub fn columns(object: &Bound<'_, PyAny>) -> PyResult<Box<dyn RecordBatchReader + Send>> {
    let arrays = object.extract::<AnyArray>()?.into_reader()?;
    let field = arrays.field();
    let fields: Fields = match field.data_type() {
        // A missing struct is missing in each of its fields.
        DataType::Struct(fields) => fields.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect(),
        _ => Fields::from(vec![field]),
    };
    let schema = Arc::new(Schema::new(fields));
    let batch_schema = Arc::clone(&schema);
    let batches = arrays.map(move |array| {
        let array = array?;
        let rows = RecordBatchOptions::new().with_row_count(Some(array.len()));
        RecordBatch::try_new_with_options(Arc::clone(&batch_schema), argument_columns(vec![array]), &rows)
    });
    Ok(Box::new(RecordBatchIterator::new(batches, schema)))
}

/// The error for an object whose types are nested more deeply than ours may be. Libraries recurse
/// over them as they import them.
fn check_depth(object: &Bound<'_, PyAny>) -> PyResult<()> {
    const EXPORT: &str = "__arrow_c_schema__";
    // A table of pyarrow's has a schema. Other objects export theirs.
    let of_schema = object.getattr("schema").and_then(|schema| schema.getattr(EXPORT));
    let Ok(export) = of_schema.or_else(|_| object.getattr(EXPORT)) else { return Ok(()) };
    let capsule = export.call0()?.cast_into::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
    // SAFETY: a capsule of that name holds an `ArrowSchema`, which lives as long as the capsule.
    let mut level = vec![unsafe { pointer.as_ref() }];
    // The columns are the children of the table.
    for _ in 0..=TYPE_DEPTH {
        level = level.iter().flat_map(|field| field.children()).collect();
    }
    if level.is_empty() { Ok(()) } else { Err(raise(object.py(), &too_deep())) }
}

/// Record batches from any Arrow object, in Spark's types.
pub fn batches(object: &Bound<'_, PyAny>) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    let py = object.py();
    check_depth(object)?;
    let reader = reader(object)?;
    let schema = spark_schema(py, &reader.schema())?;
    let target = Arc::clone(&schema);
    let batches = wait(py, "reading the rows", move |cancel| {
        let spark =
            |batch: Result<RecordBatch, ArrowError>| cancel.check().and_then(|()| Ok(as_spark(&batch?, &target)?));
        reader.map(spark).collect::<crate::error::Result<Vec<_>>>()
    })?;
    Ok((schema, batches))
}

/// The schema in Spark's types, or the error that names the column that has none.
fn spark_schema(py: Python<'_>, schema: &Schema) -> PyResult<SchemaRef> {
    let field = |field: &Arc<Field>| {
        let data_type = normalize(field.data_type()).ok_or_else(|| {
            let parameters = [("data_type", format!("{} (column '{}')", field.data_type(), field.name()))];
            argument(py, "PySparkTypeError", "UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION", &parameters)
        })?;
        Ok(Field::new(field.name(), data_type, field.is_nullable()))
    };
    let fields: PyResult<Vec<_>> = schema.fields().iter().map(field).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

/// The batch in Spark's types. A column that has its type already is not copied.
pub fn as_spark(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let columns: Result<Vec<_>, ArrowError> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast_with_options(column, field.data_type(), &options),
        })
        .collect();
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &rows)
}

/// Record batches in memory: `toArrow`, and what `createDataFrame` made of rows. Can be read again
/// and again.
#[pyclass(frozen, module = "firesteel._native")]
pub struct ArrowTable {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

#[pymethods]
impl ArrowTable {
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batches = self.batches.clone().into_iter().map(Ok);
        stream(py, Arc::clone(&self.schema), batches, requested_schema)
    }
}

/// Record batches on their way: read once.
#[pyclass(frozen, module = "firesteel._native")]
pub struct ArrowStream {
    schema: SchemaRef,
    reader: Mutex<Option<Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>>>,
}

impl ArrowStream {
    /// A stream of batches that all have `schema`.
    pub fn new(
        schema: SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    ) -> Self {
        Self { schema, reader: Mutex::new(Some(Box::new(batches))) }
    }
}

#[pymethods]
impl ArrowStream {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let taken = self.reader.lock().take();
        let reader = taken
            .ok_or_else(|| raise(py, &Error::illegal("an Arrow stream can be read once, and was read already")))?;
        stream(py, Arc::clone(&self.schema), reader, requested_schema)
    }
}

fn stream<'py>(
    py: Python<'py>,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    requested: Option<Bound<'py, PyCapsule>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let field = Field::new_struct("", schema.fields().clone(), false).with_metadata(schema.metadata().clone());
    let arrays = batches.map(|batch| batch.map(|batch| Arc::new(StructArray::from(batch)) as arrow::array::ArrayRef));
    Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(arrays, Arc::new(field))), requested)?)
}
