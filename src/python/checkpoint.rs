//! `firesteel.checkpoint`: what is done with a checkpoint without its query. Reports are JSON text.

use std::path::PathBuf;

use pyo3::prelude::*;

use super::door::wait;
use crate::batch::BatchId;
use crate::checkpoint::rollback::RollbackKind;
use crate::stream::maintenance::{CheckpointAbout, CheckpointReport, rescale, rollback};

/// What a checkpoint says of itself.
#[pyfunction]
pub fn checkpoint_inspect(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    wait(py, "the look at the checkpoint", move |_| Ok(CheckpointAbout::read(&path)?.to_json().to_string()))
}

/// What is wrong with a checkpoint.
#[pyfunction]
pub fn checkpoint_fsck(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    wait(py, "the verification of the checkpoint", move |_| Ok(CheckpointReport::read(&path)?.to_json().to_string()))
}

/// Gives the state another number of partitions, and gives the number before.
#[pyfunction]
pub fn checkpoint_rescale(py: Python<'_>, path: PathBuf, partitions: u64) -> PyResult<u64> {
    wait(py, "the new number of partitions", move |_| rescale(&path, partitions))
}

/// Goes back to the state after a batch. With `replay` the later ones run again, else they are
/// forgotten.
#[pyfunction]
pub fn checkpoint_rollback(py: Python<'_>, path: PathBuf, to: u64, replay: bool) -> PyResult<String> {
    let kind = if replay { RollbackKind::Replay } else { RollbackKind::Forget };
    wait(py, "the rollback", move |_| Ok(rollback(&path, BatchId(to), kind)?.to_json().to_string()))
}
