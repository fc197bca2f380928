//! The handle behind `firesteel.streaming.MemoryStream`: a stream that is fed by hand.

use std::sync::Arc;

use pyo3::prelude::*;

use super::arrow::{ArrowTable, batches};
use super::door::quick;
use super::frame::FrameHandle;
use super::session::SessionHandle;
use super::types::schema_of;
use crate::plan::tree::Relation;
use crate::session::frame;
use crate::source::memory;

/// A stream that is fed by hand.
#[pyclass(frozen, name = "MemoryStream", module = "firesteel._native")]
pub struct MemoryStreamHandle(memory::MemoryStream);

#[pymethods]
impl MemoryStreamHandle {
    #[new]
    fn new(py: Python<'_>, schema: &str) -> PyResult<Self> {
        Ok(Self(memory::MemoryStream::new(schema_of(py, schema)?)))
    }

    /// Adds rows from any Arrow object.
    fn add(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = match data.cast::<ArrowTable>() {
            Ok(table) => table.get().batches.clone(),
            Err(_) => batches(data)?.1,
        };
        quick(py, || self.0.add(rows).map(|_| ()))
    }

    /// The stream as a frame of a session.
    fn frame(&self, py: Python<'_>, session: &Bound<'_, SessionHandle>) -> PyResult<FrameHandle> {
        let session = session.get().alive(py)?;
        let source = Arc::new(self.0.clone());
        quick(py, || frame::Frame::new(session, &Relation::Source { source, streaming: true })).map(FrameHandle)
    }
}
