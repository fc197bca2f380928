//! ONNX models, run by ONNX Runtime. Its library is loaded at run time from the installed
//! `onnxruntime` Python package (whose wheel holds `capi/libonnxruntime.so.*`), or from where
//! `ORT_DYLIB_PATH` says.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::{Outlet, TensorElementType, ValueType};
use parking_lot::{Condvar, Mutex};

use super::onnx_fields::has_shape;
use super::onnx_run::Runner;
use super::spec::{Dim, Element, TensorSpec};
use super::tensor::Tensor;
use super::{Model, SessionThreads};
use crate::error::{Context, Error, Result};
use crate::runtime::cores;

/// Above this a model has one session, since each has its own copy of the weights.
const BIG: usize = 256 << 20;

static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
static ENVIRONMENT: OnceLock<Result<Environment>> = OnceLock::new();

/// Says where ONNX Runtime's library is, before the first model is loaded; `ORT_DYLIB_PATH` goes
/// before. Later calls change nothing.
pub fn set_library(path: PathBuf) {
    let _ = LIBRARY.set(path);
}

/// The library inside the folder of an installed `onnxruntime` package.
pub fn library_in(package: &Path) -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(package.join("capi"))
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libonnxruntime.so")))
        .collect();
    found.sort();
    found.pop()
}

/// The library that is or will be used.
pub fn library() -> Option<PathBuf> {
    std::env::var_os("ORT_DYLIB_PATH")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| LIBRARY.get().cloned())
}

fn environment() -> Result<&'static Environment> {
    ENVIRONMENT
        .get_or_init(|| {
            let path = library().ok_or_else(|| {
                Error::runtime(
                    "ONNX Runtime is not there: install the Python package 'onnxruntime', or set ORT_DYLIB_PATH to its library",
                )
            })?;
            let doing = || format!("loading ONNX Runtime from '{}'", path.display());
            let builder = ort::init_from(&path).map_err(|error| Error::runtime(error.to_string())).context(doing)?;
            builder.with_name("firesteel").with_telemetry(false).build().map_err(|error| failed(&error)).context(doing)
        })
        .as_ref()
        .map_err(Clone::clone)
}

/// ONNX Runtime's version and build, for `doctor`.
pub fn runtime_info() -> Result<&'static str> {
    environment().map(|_| ort::info())
}

fn failed<R>(error: &ort::Error<R>) -> Error {
    Error::runtime(format!("ONNX Runtime: {}", error.message()))
}

/// A loaded ONNX model: sessions on one core each, as many as run at once, and one on all cores,
/// made when they are first wanted.
pub struct OnnxModel {
    digest: String,
    content: Content,
    bytes: usize,
    inputs: Vec<TensorSpec>,
    output_specs: Vec<TensorSpec>,
    /// Outputs that are no tensors.
    left_out: Vec<String>,
    runner: Runner,
    narrow: Mutex<Pool>,
    given_back: Condvar,
    wide: Mutex<Option<Session>>,
}

/// What further sessions are made from.
enum Content {
    Bytes(Arc<[u8]>),
    /// Its weights lie beside it.
    File(PathBuf),
}

#[derive(Default)]
struct Pool {
    free: Vec<Session>,
    made: usize,
}

impl fmt::Debug for OnnxModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxModel")
            .field("inputs", &self.inputs)
            .field("outputs", &self.output_specs)
            .finish_non_exhaustive()
    }
}

impl OnnxModel {
    /// Opens a model; `file` is given when weights lie beside it.
    pub fn open(bytes: &[u8], file: Option<&Path>, digest: String) -> Result<Self> {
        let content = match file {
            Some(file) => Content::File(file.to_path_buf()),
            None => Content::Bytes(bytes.into()),
        };
        let size = match file.and_then(Path::parent).and_then(|folder| std::fs::read_dir(folder).ok()) {
            Some(files) => {
                files.flatten().filter_map(|file| file.metadata().ok()).map(|about| about.len() as usize).sum()
            }
            None => bytes.len(),
        };
        let big = size > BIG;
        let session = content.session(if big { cores() } else { 1 })?;
        let inputs = session.inputs().iter().map(input_spec).collect::<Result<Vec<_>>>()?;
        if let Some(input) = inputs.iter().find(|input| input.dims.is_empty()) {
            return Err(without_rows(&input.name, has_shape(bytes, &input.name)));
        }
        let mut output_specs = Vec::new();
        let mut left_out = Vec::new();
        for outlet in session.outputs() {
            match tensor_spec(outlet) {
                Some(spec) => output_specs.push(spec),
                None => left_out.push(outlet.name().to_owned()),
            }
        }
        let runner = Runner::new(&inputs, &output_specs)?;
        let (narrow, wide) =
            if big { (Pool::default(), Some(session)) } else { (Pool { free: vec![session], made: 1 }, None) };
        Ok(Self {
            digest,
            content,
            bytes: size,
            inputs,
            output_specs,
            left_out,
            runner,
            narrow: Mutex::new(narrow),
            given_back: Condvar::new(),
            wide: Mutex::new(wide),
        })
    }

    /// Waits for a session when as many as there are cores run already.
    fn take(&self) -> Result<Session> {
        let mut pool = self.narrow.lock();
        loop {
            if let Some(session) = pool.free.pop() {
                return Ok(session);
            }
            if pool.made < cores() {
                pool.made += 1;
                drop(pool);
                return self.content.session(1).inspect_err(|_| self.narrow.lock().made -= 1);
            }
            self.given_back.wait(&mut pool);
        }
    }

    fn give_back(&self, session: Session) {
        self.narrow.lock().free.push(session);
        self.given_back.notify_one();
    }
}

impl Model for OnnxModel {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn inputs(&self) -> &[TensorSpec] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorSpec] {
        &self.output_specs
    }

    fn left_out(&self) -> Vec<&str> {
        self.left_out.iter().map(String::as_str).collect()
    }

    fn run(&self, inputs: &[Tensor], rows: usize, wanted: &[usize], threads: SessionThreads) -> Result<Vec<Tensor>> {
        if threads == SessionThreads::All || self.bytes > BIG {
            let mut wide = self.wide.lock();
            let session = match &mut *wide {
                Some(session) => session,
                none => none.insert(self.content.session(cores())?),
            };
            return self.runner.run(session, inputs, rows, &self.output_specs, wanted);
        }
        let mut session = self.take()?;
        let result = self.runner.run(&mut session, inputs, rows, &self.output_specs, wanted);
        self.give_back(session);
        result
    }
}

impl Content {
    fn session(&self, threads: usize) -> Result<Session> {
        let not_onnx = |error: &ort::Error| {
            Error::illegal(format!("it must be an ONNX model, and ONNX Runtime does not take it: {}", error.message()))
        };
        let builder = Session::builder(environment()?).map_err(|error| failed(&error))?;
        let mut builder = builder.with_intra_threads(threads).map_err(|error| failed(&error))?;
        match self {
            Self::Bytes(bytes) => builder.commit_from_memory(bytes),
            Self::File(path) => builder.commit_from_file(path),
        }
        .map_err(|error| not_onnx(&error))
    }
}

pub(super) fn element(ty: TensorElementType) -> Option<Element> {
    Some(match ty {
        TensorElementType::Float16 => Element::Float16,
        TensorElementType::Float32 => Element::Float32,
        TensorElementType::Float64 => Element::Float64,
        TensorElementType::Int8 => Element::Int8,
        TensorElementType::Int16 => Element::Int16,
        TensorElementType::Int32 => Element::Int32,
        TensorElementType::Int64 => Element::Int64,
        TensorElementType::Uint8 => Element::Uint8,
        TensorElementType::Uint16 => Element::Uint16,
        TensorElementType::Uint32 => Element::Uint32,
        TensorElementType::Uint64 => Element::Uint64,
        TensorElementType::Bool => Element::Bool,
        TensorElementType::String => Element::String,
        _ => return None,
    })
}

fn tensor_spec(outlet: &Outlet) -> Option<TensorSpec> {
    let ValueType::Tensor { ty, shape, dimension_symbols } = outlet.dtype() else { return None };
    let dims = shape
        .iter()
        .zip(dimension_symbols.iter())
        .map(|(size, name)| match usize::try_from(*size) {
            Ok(size) => Dim::Fixed(size),
            Err(_) => Dim::Any(name.clone()),
        })
        .collect();
    Some(TensorSpec { name: outlet.name().to_owned(), element: element(*ty)?, dims })
}

/// The error for an input without dimensions.
fn without_rows(input: &str, has_shape: bool) -> Error {
    Error::unsupported(if has_shape {
        format!("the model's input '{input}' is a single value; the first dimension of an input must be the rows")
    } else {
        format!(
            "the model does not say the shape of its input '{input}', whose first dimension must be the rows; \
             export the model with the shapes of its inputs, as in [N, 32]"
        )
    })
}

fn input_spec(outlet: &Outlet) -> Result<TensorSpec> {
    tensor_spec(outlet).filter(|spec| spec.element != Element::Float16).ok_or_else(|| {
        Error::unsupported(format!(
            "the model's input '{}' is of type {}, which no column can become",
            outlet.name(),
            outlet.dtype()
        ))
    })
}
