//! The handle behind `firesteel.ml.Model`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchReader, StructArray, make_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Fields};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use parking_lot::Mutex;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyCapsule, PyList};
use pyo3_arrow::ffi::to_array_pycapsules;

use super::arrow::columns;
use super::door::{compute, quick_over};
use super::error::raise;
use super::functions::FunctionHandle;
use super::recurrent::RecurrentHandle;
use super::types::type_of;
use crate::error::{Error, Result};
use crate::model::bind::Binding;
use crate::model::{
    Dim, ModelFunction, ModelLocation, ModelStates, NullPolicy, PredictMode, PredictOptions, Predictor, RecurrentModel,
    TensorSpec, load,
};
use crate::runtime::Cancel;

/// A loaded model and how it is used.
#[pyclass(frozen, name = "Model", module = "firesteel._native")]
pub struct ModelHandle {
    predictor: Arc<Predictor>,
    /// What the last record batch's schema meant: rows that come one by one have the same.
    known: Mutex<Option<Arc<Known>>>,
}

/// What a schema means for a model.
struct Known {
    /// The schema's types and names, as text.
    schema: String,
    data_type: DataType,
    binding: Arc<Binding>,
    /// The type of the last output, and the `pyarrow.Schema` of it.
    output: Mutex<Option<(DataType, Py<PyAny>)>>,
}

/// Name, element type and dimensions, a size or a name each.
type Spec<'py> = (String, String, Vec<Bound<'py, PyAny>>);

#[pymethods]
impl ModelHandle {
    /// Loads an ONNX model from a path, a local MLflow folder, or bytes.
    #[staticmethod]
    #[pyo3(signature = (location, nulls, outputs, chunk_rows, mode))]
    fn load(
        py: Python<'_>,
        location: &Bound<'_, PyAny>,
        nulls: &str,
        outputs: Option<Vec<String>>,
        chunk_rows: Option<usize>,
        mode: &str,
    ) -> PyResult<Self> {
        find_library(py)?;
        let options = options(nulls, outputs, chunk_rows, mode).map_err(|error| raise(py, &error))?;
        let what = "the loading of the model";
        let predictor = match location.cast::<PyBytes>() {
            Ok(bytes) => {
                let bytes: Vec<u8> = bytes.as_bytes().to_vec();
                compute(py, what, move |_| Predictor::new(load(ModelLocation::Bytes(&bytes))?, options))
            }
            Err(_) => {
                let path: PathBuf = location.extract()?;
                compute(py, what, move |_| Predictor::new(load(ModelLocation::Path(&path))?, options))
            }
        }?;
        Ok(Self { predictor, known: Mutex::new(None) })
    }

    /// The model's file in a local MLflow model folder.
    #[staticmethod]
    fn file_in(py: Python<'_>, folder: PathBuf) -> PyResult<PathBuf> {
        crate::model::mlflow::model_file(&folder).map_err(|error| raise(py, &error))
    }

    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Spec<'py>>> {
        self.predictor.inputs().iter().map(|input| spec(py, input)).collect()
    }

    #[getter]
    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Spec<'py>>> {
        self.predictor.outputs().map(|output| spec(py, output)).collect()
    }

    /// The SHA-256 of the model's content.
    #[getter]
    fn digest(&self) -> &str {
        self.predictor.model().digest()
    }

    /// How many rows a chunk has now.
    #[getter]
    fn chunk_rows(&self) -> usize {
        self.predictor.tuner().best()
    }

    /// Predictions for Arrow data: a `pyarrow.RecordBatch` for an array or a record batch, a
    /// `pyarrow.Table` for a stream.
    fn predict<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = data.py();
        if let Some(method) = data.getattr_opt(intern!(py, "__arrow_c_array__"))? {
            let capsules = method.call0()?;
            let (schema, array): (Bound<'py, PyCapsule>, Bound<'py, PyCapsule>) = capsules.extract()?;
            let known = self.known(py, capsule(&schema, c"arrow_schema")?)?;
            let pointer: *mut FFI_ArrowArray = capsule(&array, c"arrow_array")?;
            // SAFETY: the capsule holds an array of the schema beside it, which moves out of it
            // here, as the capsule interface says.
            let array = unsafe { from_ffi_and_data_type(FFI_ArrowArray::from_raw(pointer), known.data_type.clone()) };
            let array = make_array(array.map_err(|error| raise(py, &error.into()))?);
            let rows = array.len();
            let columns = match array.data_type() {
                DataType::Struct(_) => crate::model::bind::argument_columns(vec![array]),
                _ => vec![array],
            };
            return known.record_batch(py, self.rows(py, &known.binding, &columns, rows)?);
        }
        if data.hasattr("__arrow_c_stream__")? {
            return self.stream(py, columns(data)?);
        }
        Err(PyTypeError::new_err(format!(
            "data must be Arrow data, an object with the method __arrow_c_array__ or __arrow_c_stream__; found {}",
            data.get_type().name()?
        )))
    }

    /// The model as a function of expressions; `result` is a type to cast its output to.
    #[pyo3(signature = (name, result=None))]
    fn function(&self, py: Python<'_>, name: String, result: Option<&str>) -> PyResult<FunctionHandle> {
        let result = result.map(|text| type_of(py, text)).transpose()?;
        Ok(FunctionHandle(Arc::new(ModelFunction::new(name, Arc::clone(&self.predictor), result))))
    }

    /// The model with states: an input, the output that is the input of the next row, and the bytes of
    /// a new key's or `None` for zeros.
    fn stateful(
        &self,
        py: Python<'_>,
        name: String,
        states: Vec<(String, String, Option<Vec<u8>>)>,
    ) -> PyResult<RecurrentHandle> {
        let state = |(input, output, initial)| ModelStates { input, output, initial };
        let states = states.into_iter().map(state).collect();
        let model = RecurrentModel::new(name, Arc::clone(&self.predictor), states);
        Ok(RecurrentHandle(Arc::new(model.map_err(|error| raise(py, &error))?)))
    }

    /// The type, as Spark's JSON, that [`ModelHandle::function`] returns by itself.
    fn result_type(&self) -> String {
        crate::types::type_json::to_json(&ModelFunction::new("", Arc::clone(&self.predictor), None).data_type())
    }
}

fn options(nulls: &str, outputs: Option<Vec<String>>, chunk_rows: Option<usize>, mode: &str) -> Result<PredictOptions> {
    let nulls = match nulls {
        "null" => NullPolicy::Null,
        "nan" => NullPolicy::Nan,
        "error" => NullPolicy::Error,
        other => return Err(Error::illegal(format!("nulls must be 'null', 'nan' or 'error', found '{other}'"))),
    };
    let mode = match mode {
        "auto" => PredictMode::Auto,
        "pool" => PredictMode::Pool,
        "single" => PredictMode::Single,
        other => return Err(Error::illegal(format!("mode must be 'auto', 'pool' or 'single', found '{other}'"))),
    };
    Ok(PredictOptions { nulls, outputs, chunk_rows, mode })
}

/// Tells the engine where the installed `onnxruntime` package has its library. Only the package is
/// looked up, it is not imported.
pub fn find_library(py: Python<'_>) -> PyResult<()> {
    #[cfg(feature = "onnx")]
    if crate::model::onnx::library().is_none() {
        let found = py.import("importlib.util")?.call_method1("find_spec", ("onnxruntime",))?;
        if !found.is_none() {
            let folders = found.getattr("submodule_search_locations")?;
            for folder in folders.try_iter()? {
                if let Some(library) = crate::model::onnx::library_in(&folder?.extract::<PathBuf>()?) {
                    crate::model::onnx::set_library(library);
                    break;
                }
            }
        }
    }
    Ok(())
}

fn spec<'py>(py: Python<'py>, spec: &TensorSpec) -> PyResult<Spec<'py>> {
    let dims = spec.dims.iter().map(|dim| match dim {
        Dim::Fixed(size) => Ok(size.into_pyobject(py)?.into_any()),
        Dim::Any(name) => Ok(name.into_pyobject(py)?.into_any()),
    });
    Ok((spec.name.clone(), spec.element.to_string(), dims.collect::<PyResult<_>>()?))
}

/// Rows that are known to take less than this are predicted on the calling thread: a signal can
/// wait for them.
const SHORT: Duration = Duration::from_millis(20);

impl ModelHandle {
    /// What a schema means; remembered, since most calls have the schema of the call before.
    fn known(&self, py: Python<'_>, schema: *mut FFI_ArrowSchema) -> PyResult<Arc<Known>> {
        // SAFETY: the caller's capsule holds a schema, and lives.
        let schema = unsafe { &*schema };
        let mut text = String::with_capacity(64);
        write_schema(schema, &mut text);
        if let Some(known) = self.known.lock().as_ref().filter(|known| known.schema == text) {
            return Ok(Arc::clone(known));
        }
        let field = Field::try_from(schema).map_err(|error| raise(py, &error.into()))?;
        let fields = match field.data_type() {
            DataType::Struct(fields) => fields.clone(),
            _ => Fields::from(vec![field.clone()]),
        };
        let binding = Binding::by_name(self.predictor.inputs(), &fields).map_err(|error| raise(py, &error))?;
        let known = Arc::new(Known {
            schema: text,
            data_type: field.data_type().clone(),
            binding: Arc::new(binding),
            output: Mutex::new(None),
        });
        *self.known.lock() = Some(Arc::clone(&known));
        Ok(known)
    }

    /// Predicts: few rows here, many on threads of their own, so that a signal ends it.
    fn rows(&self, py: Python<'_>, binding: &Arc<Binding>, columns: &[ArrayRef], rows: usize) -> PyResult<StructArray> {
        let cost = self.predictor.tuner().estimate(rows);
        let columns = columns.to_vec();
        let columns = if rows == 0 || (cost > Duration::ZERO && cost < SHORT) {
            quick_over(py, false, || self.predictor.predict(binding, columns, rows, &Cancel::default()))?
        } else {
            let (predictor, binding) = (Arc::clone(&self.predictor), Arc::clone(binding));
            compute(py, "the prediction", move |cancel| predictor.predict(&binding, columns, rows, cancel))?
        };
        self.named(columns, rows).map_err(|error| raise(py, &error))
    }

    fn named(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<StructArray> {
        let fields: Fields = self
            .predictor
            .outputs()
            .zip(&columns)
            .map(|(output, column)| Field::new(&output.name, column.data_type().clone(), true))
            .collect();
        Ok(StructArray::try_new_with_length(fields, columns, None, rows)?)
    }

    /// A stream: small record batches are joined, so that every core has rows.
    fn stream<'py>(
        &self,
        py: Python<'py>,
        mut reader: Box<dyn RecordBatchReader + Send>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let schema = reader.schema();
        let binding = Binding::by_name(self.predictor.inputs(), schema.fields()).map_err(|error| raise(py, &error))?;
        let binding = Arc::new(binding);
        let outputs = PyList::empty(py);
        loop {
            let (back, batch) = compute(py, "reading the rows", move |_| {
                let batch = gathered(&mut reader)?;
                Ok((reader, batch))
            })?;
            reader = back;
            let Some(batch) = batch else { break };
            let output = self.rows(py, &binding, batch.columns(), batch.num_rows())?;
            outputs.append(to_record_batch(py, output)?)?;
        }
        if outputs.is_empty() {
            let nothing: Vec<ArrayRef> =
                schema.fields().iter().map(|field| arrow::array::new_empty_array(field.data_type())).collect();
            outputs.append(to_record_batch(py, self.rows(py, &binding, &nothing, 0)?)?)?;
        }
        py.import("pyarrow")?.getattr("Table")?.call_method1("from_batches", (outputs,))
    }
}

/// Rows that record batches of a stream are joined to.
const GATHER: usize = 16_384;

fn gathered(reader: &mut Box<dyn RecordBatchReader + Send>) -> Result<Option<RecordBatch>> {
    let mut parts: Vec<RecordBatch> = Vec::new();
    let mut rows = 0;
    while rows < GATHER {
        let Some(batch) = reader.next().transpose()? else { break };
        rows += batch.num_rows();
        parts.push(batch);
    }
    Ok(match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(concat_batches(&reader.schema(), &parts)?),
    })
}

/// The schema's names and types, enough to know it again.
fn write_schema(schema: &FFI_ArrowSchema, text: &mut String) {
    text.push_str(schema.name().unwrap_or_default());
    text.push(':');
    text.push_str(schema.format());
    for child in schema.children() {
        text.push('(');
        write_schema(child, text);
    }
    if let Some(dictionary) = schema.dictionary() {
        text.push('[');
        write_schema(dictionary, text);
    }
    text.push(')');
}

/// The pointer in a capsule of that name.
fn capsule<T>(capsule: &Bound<'_, PyCapsule>, name: &std::ffi::CStr) -> PyResult<*mut T> {
    Ok(capsule.pointer_checked(Some(name))?.cast::<T>().as_ptr())
}

static IMPORT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static IMPORT_ARRAY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn import<'py>(py: Python<'py>, cell: &'static PyOnceLock<Py<PyAny>>, method: &str) -> PyResult<Bound<'py, PyAny>> {
    let method = cell.get_or_try_init(py, || {
        PyResult::Ok(py.import("pyarrow")?.getattr("RecordBatch")?.getattr(method)?.unbind())
    })?;
    Ok(method.bind(py).clone())
}

/// A `pyarrow.RecordBatch` that shares the struct's memory.
fn to_record_batch<'py>(py: Python<'py>, output: StructArray) -> PyResult<Bound<'py, PyAny>> {
    let field = Arc::new(Field::new("", output.data_type().clone(), false));
    let capsules = to_array_pycapsules(py, field, &output, None)?;
    import(py, &IMPORT, "_import_from_c_capsule")?.call1(capsules)
}

impl Known {
    /// [`to_record_batch`] without making a schema that was made before.
    fn record_batch<'py>(&self, py: Python<'py>, output: StructArray) -> PyResult<Bound<'py, PyAny>> {
        let schema = self
            .output
            .lock()
            .as_ref()
            .filter(|(known, _)| known == output.data_type())
            .map(|(_, schema)| schema.clone_ref(py));
        let Some(schema) = schema else {
            let data_type = output.data_type().clone();
            let batch = to_record_batch(py, output)?;
            let schema = batch.getattr("schema")?.unbind();
            *self.output.lock() = Some((data_type, schema));
            return Ok(batch);
        };
        let mut array = FFI_ArrowArray::new(&output.into_data());
        // pyarrow moves the array out of this memory, and leaves it released.
        let pointer = &raw mut array as usize;
        import(py, &IMPORT_ARRAY, "_import_from_c")?.call1((pointer, schema))
    }
}
