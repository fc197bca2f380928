//! Models: rows in, predictions out. [`Model`] is the contract; ONNX is the one kind there is.
//!
//! A model is loaded once a process, whoever uses it. Each of its sessions has a copy of the
//! weights.
//!
//! | file | what is in it |
//! |---|---|
//! | [`cache`] | which models are loaded; it tells formats of files apart by their first bytes |
//! | [`mlflow`] | a local MLflow folder: where the model's own file lies |
//! | `onnx`, `onnx_run`, `onnx_fields` | ONNX models, one run of a session, and two questions that ONNX Runtime does not answer |
//! | [`spec`] | what a model takes and gives |
//! | [`bind`], [`tensor`] | which columns go to which input; columns to tensors and back |
//! | [`predict`] | many rows, cut into chunks, on every core |
//! | [`tune`], `climb` | how many rows a chunk should have, measured while it runs |
//! | [`function`] | a model as a function that a plan may call |
//! | [`recurrent`], [`axis`] | a model that keeps something of each key; tensors whose rows are not first |

pub mod axis;
pub mod bind;
pub mod cache;
mod climb;
pub mod function;
pub mod mlflow;
#[cfg(feature = "onnx")]
pub mod onnx;
mod onnx_fields;
#[cfg(feature = "onnx")]
mod onnx_run;
pub mod predict;
pub mod recurrent;
pub mod spec;
pub mod tensor;
pub mod tune;

pub use function::ModelFunction;
pub use predict::{NullPolicy, PredictMode, PredictOptions, Predictor};
pub use recurrent::{ModelStates, RecurrentModel};
pub use spec::{Dim, Element, TensorSpec};

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Context, Error, Result};
use tensor::Tensor;

/// A loaded model of some format. One value serves all threads at once.
pub trait Model: Send + Sync + Debug {
    /// Identifies the model's content and the options that change its results.
    fn digest(&self) -> &str;

    /// What it takes; the first dimension of each is the rows.
    fn inputs(&self) -> &[TensorSpec];

    /// What it gives; the first dimension of each is the rows.
    fn outputs(&self) -> &[TensorSpec];

    /// Outputs that are no tensors, which nobody can ask for.
    fn left_out(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Runs on `rows` rows, one tensor for each input, and returns one tensor for each output of
    /// `wanted` (indices into [`Model::outputs`]). Called on several threads at once; blocks until
    /// the rows are done.
    fn run(&self, inputs: &[Tensor], rows: usize, wanted: &[usize], threads: SessionThreads) -> Result<Vec<Tensor>>;
}

/// How many of the machine's cores one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionThreads {
    /// One: other chunks run on the others.
    One,
    /// All: there are few rows, or the model is too big to have it several times.
    All,
}

/// Where a model comes from.
#[derive(Clone, Copy, Debug)]
pub enum ModelLocation<'a> {
    /// A file, or a local MLflow model folder that holds an ONNX model.
    Path(&'a Path),
    Bytes(&'a [u8]),
}

/// Loads a model, or finds it loaded already.
pub fn load(location: ModelLocation<'_>) -> Result<Arc<dyn Model>> {
    match location {
        ModelLocation::Bytes(bytes) => cache::load(bytes, None),
        ModelLocation::Path(path) => {
            let file = if path.is_dir() { mlflow::model_file(path)? } else { path.to_path_buf() };
            let doing = || format!("loading the model '{}'", path.display());
            let bytes = std::fs::read(&file).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    Error::of(crate::error::condition::PATH_NOT_FOUND).with("path", file.display())
                }
                _ => error.into(),
            });
            cache::load(&bytes.context(doing)?, Some(&file)).context(doing)
        }
    }
}
