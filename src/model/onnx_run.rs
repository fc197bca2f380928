//! One run of a session, by ONNX Runtime's C interface.
//!
//! `ort`'s own `run` looks up names, allocators and memory descriptions anew in each call, which is
//! most of the time that one row takes; here they are made once a model. Everything else about
//! sessions is `ort`'s.

use std::ffi::{CString, c_void};
use std::panic::AssertUnwindSafe;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::buffer::Buffer;
use ort::AsPointer;
use ort::memory::MemoryInfo;
use ort::session::Session;
use ort::sys::{OrtStatusPtr, OrtValue};
use ort::value::{DynTensor, Tensor as OrtTensor, TensorElementType};

use super::onnx::element;
use super::spec::{Element, TensorSpec};
use super::tensor::{Data, Tensor};
use crate::error::{Error, Result};

/// What every run of a model needs.
pub struct Runner {
    inputs: Vec<CString>,
    outputs: Vec<CString>,
    memory: MemoryInfo<'static>,
}

/// A tensor of ONNX Runtime's. Released when dropped.
struct OnnxValue(NonNull<OrtValue>);

// SAFETY: a value is plain memory; nothing writes to it after the run that made it.
unsafe impl Send for OnnxValue {}
// SAFETY: as above, it is only read.
unsafe impl Sync for OnnxValue {}

impl Drop for OnnxValue {
    fn drop(&mut self) {
        // SAFETY: the pointer came from ONNX Runtime and is released once.
        unsafe { (ort::api().ReleaseValue)(self.0.as_ptr()) }
    }
}

fn check(status: OrtStatusPtr) -> std::result::Result<(), ort::Error> {
    // SAFETY: the status was returned by ONNX Runtime just now and is looked at once.
    unsafe { ort::Error::result_from_status(status) }
}

fn failed(what: &str, error: &ort::Error) -> Error {
    Error::runtime(format!("{what}: {}", error.message()))
}

impl Runner {
    pub fn new(inputs: &[TensorSpec], outputs: &[TensorSpec]) -> Result<Self> {
        let names = |specs: &[TensorSpec]| {
            specs.iter().map(|spec| CString::new(spec.name.as_str())).collect::<std::result::Result<Vec<_>, _>>()
        };
        let bad = |_| Error::illegal("a name in the model has a zero byte");
        Ok(Self {
            inputs: names(inputs).map_err(bad)?,
            outputs: names(outputs).map_err(bad)?,
            memory: MemoryInfo::default(),
        })
    }

    /// Runs the session, which nobody else uses meanwhile: `Run` is not safe on several threads.
    pub fn run(
        &self,
        session: &mut Session,
        inputs: &[Tensor],
        rows: usize,
        outputs: &[TensorSpec],
        wanted: &[usize],
    ) -> Result<Vec<Tensor>> {
        let mut texts = Vec::new();
        let mut numbers = Vec::with_capacity(inputs.len());
        let mut values = Vec::with_capacity(inputs.len());
        for (tensor, name) in inputs.iter().zip(&self.inputs) {
            match &tensor.data {
                Data::Numbers(memory) => {
                    let value = self.view(tensor, memory)?;
                    values.push(value.0.as_ptr().cast_const());
                    numbers.push(value);
                }
                Data::Strings(strings) => {
                    let strings: Vec<String> = strings.iter().flatten().map(str::to_owned).collect();
                    let value = OrtTensor::from_string_array((tensor.shape.clone(), strings.as_slice()))
                        .map_err(|error| failed(&format!("input {}", name.to_string_lossy()), &error))?;
                    values.push(value.ptr());
                    texts.push(value);
                }
            }
        }
        let input_names: Vec<_> = self.inputs.iter().map(|name| name.as_ptr()).collect();
        let output_names: Vec<_> = wanted.iter().map(|at| self.outputs[*at].as_ptr()).collect();
        let mut results: Vec<*mut OrtValue> = vec![ptr::null_mut(); wanted.len()];
        // SAFETY: the arrays have the lengths that are given, names end with zero, the inputs live
        // until the end of this function, and the session is borrowed alone.
        let status = unsafe {
            (ort::api().Run)(
                session.ptr().cast_mut(),
                ptr::null(),
                input_names.as_ptr(),
                values.as_ptr(),
                values.len(),
                output_names.as_ptr(),
                output_names.len(),
                results.as_mut_ptr(),
            )
        };
        // Owned from here on, whatever fails.
        let results: Vec<_> = results.into_iter().map(|value| NonNull::new(value).map(OnnxValue)).collect();
        check(status).map_err(|error| failed(&format!("the model failed on {rows} rows"), &error))?;
        let tensors = results.into_iter().zip(wanted).map(|(value, at)| {
            let value = value.ok_or_else(|| Error::internal("the model left out an output"))?;
            tensor(&outputs[*at], value, session)
        });
        tensors.collect()
    }

    /// A tensor over an Arrow buffer's memory.
    fn view(&self, tensor: &Tensor, memory: &Buffer) -> Result<OnnxValue> {
        let mut value = ptr::null_mut();
        // SAFETY: the memory has as many bytes as are given and outlives the value, which ONNX
        // Runtime only reads; the shape is checked against the bytes by ONNX Runtime.
        let status = unsafe {
            (ort::api().CreateTensorWithDataAsOrtValue)(
                self.memory.ptr(),
                memory.as_ptr().cast_mut().cast::<c_void>(),
                memory.len(),
                tensor.shape.as_ptr(),
                tensor.shape.len(),
                element_type(tensor.element).into(),
                &raw mut value,
            )
        };
        check(status).map_err(|error| failed("a tensor could not be made", &error))?;
        NonNull::new(value).map(OnnxValue).ok_or_else(|| Error::internal("ONNX Runtime made no tensor"))
    }
}

fn element_type(element: Element) -> TensorElementType {
    match element {
        Element::Float16 => TensorElementType::Float16,
        Element::Float32 => TensorElementType::Float32,
        Element::Float64 => TensorElementType::Float64,
        Element::Int8 => TensorElementType::Int8,
        Element::Int16 => TensorElementType::Int16,
        Element::Int32 => TensorElementType::Int32,
        Element::Int64 => TensorElementType::Int64,
        Element::Uint8 => TensorElementType::Uint8,
        Element::Uint16 => TensorElementType::Uint16,
        Element::Uint32 => TensorElementType::Uint32,
        Element::Uint64 => TensorElementType::Uint64,
        Element::Bool => TensorElementType::Bool,
        Element::String => TensorElementType::String,
    }
}

/// An output's element type and shape.
fn shape_of(value: &OnnxValue) -> std::result::Result<(TensorElementType, Vec<i64>), ort::Error> {
    let api = ort::api();
    let mut info = ptr::null_mut();
    // SAFETY: the value is a tensor, as the model declares; each call writes what it is asked for;
    // the info is released below.
    unsafe {
        check((api.GetTensorTypeAndShape)(value.0.as_ptr(), &raw mut info))?;
        let mut element = ort::sys::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
        let mut rank = 0;
        let read = check((api.GetTensorElementType)(info, &raw mut element))
            .and_then(|()| check((api.GetDimensionsCount)(info, &raw mut rank)))
            .and_then(|()| {
                let mut shape = vec![0_i64; rank];
                check((api.GetDimensions)(info, shape.as_mut_ptr(), rank)).map(|()| shape)
            });
        (api.ReleaseTensorTypeAndShapeInfo)(info);
        read.map(|shape| (element.into(), shape))
    }
}

/// A tensor that lives as long as an Arrow buffer points into it.
#[expect(dead_code, reason = "held, not read: dropping it frees the buffer's memory")]
struct TensorOwner(AssertUnwindSafe<OnnxValue>);

fn tensor(spec: &TensorSpec, value: OnnxValue, session: &Session) -> Result<Tensor> {
    let named = |error: ort::Error| failed(&format!("output '{}'", spec.name), &error);
    let (found, shape) = shape_of(&value).map_err(named)?;
    let element =
        element(found).ok_or_else(|| Error::unsupported(format!("output '{}' is of type {found}", spec.name)))?;
    let data = if element == Element::String {
        let pointer = value.0;
        std::mem::forget(value);
        // SAFETY: the value is a tensor and is owned by the `DynTensor` from here on.
        let tensor: DynTensor = unsafe { DynTensor::from_ptr(pointer, Some(session.allocator())) };
        Data::Strings(StringArray::from(tensor.try_extract_strings().map_err(named)?.1))
    } else {
        let len =
            usize::try_from(shape.iter().product::<i64>()).map_err(|_| Error::internal("a tensor of negative size"))?;
        let mut start = ptr::null_mut();
        // SAFETY: the value is a tensor of numbers.
        check(unsafe { (ort::api().GetTensorMutableData)(value.0.as_ptr(), &raw mut start) }).map_err(named)?;
        Data::Numbers(match NonNull::new(start.cast::<u8>()) {
            Some(start) if len > 0 => {
                let owner = Arc::new(TensorOwner(AssertUnwindSafe(value)));
                // SAFETY: the tensor has that many bytes, on the CPU (no other provider is asked
                // for), and is dropped with the buffer.
                unsafe { Buffer::from_custom_allocation(start, len * element.size(), owner) }
            }
            _ => Buffer::from(Vec::<u64>::new()),
        })
    };
    Ok(Tensor { element, shape, data })
}
