//! The handle behind `firesteel.ml.StatefulModel`.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::function::recurrent::RecurrentFunction;

/// A model that hands tensors on from row to row of a key.
#[pyclass(frozen, name = "RecurrentModel", module = "firesteel._native")]
pub struct RecurrentHandle(pub Arc<dyn RecurrentFunction>);

#[pymethods]
impl RecurrentHandle {
    /// What it takes beside its states.
    #[getter]
    fn arguments(&self) -> Vec<String> {
        self.0.arguments()
    }

    /// What it gives beside its states.
    #[getter]
    fn outputs(&self) -> Vec<String> {
        self.0.outputs().iter().map(|field| field.name().clone()).collect()
    }

    /// Its states: input, output, the type of an element, and the shape of one key's.
    #[getter]
    fn states(&self) -> Vec<(String, String, String, Vec<usize>)> {
        let state = |state: &crate::function::recurrent::HandedTensor| {
            let element = crate::types::simple_name(&state.element);
            (state.input.clone(), state.output.clone(), element, state.shape.clone())
        };
        self.0.states().iter().map(state).collect()
    }
}
