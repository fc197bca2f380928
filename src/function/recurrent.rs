//! Functions that hand something on from row to row of a key: models with state.
//!
//! The [operator](crate::plan::operators::stateful::recurrent) knows which row of a key comes next,
//! and what was handed on. The function sees one row of each of several keys at once.

use std::fmt;
use std::fmt::Debug;

use arrow::array::ArrayRef;
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{DataType, FieldRef};

use super::FunctionKey;
use crate::error::Result;
use crate::types::simple_name;

/// A tensor that is handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedTensor {
    /// As the function takes it.
    pub input: String,
    /// As the function gives it.
    pub output: String,
    pub element: DataType,
    /// That of one key's.
    pub shape: Vec<usize>,
    /// The bytes of that of a new key.
    pub initial: Buffer,
}

impl HandedTensor {
    /// How many elements one key's has.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// How many bytes one key's has.
    pub fn bytes(&self) -> usize {
        self.initial.len()
    }

    /// Its element type and shape: `float[2, 64]`.
    pub fn form(&self) -> String {
        let shape: Vec<_> = self.shape.iter().map(ToString::to_string).collect();
        format!("{}[{}]", simple_name(&self.element), shape.join(", "))
    }
}

impl fmt::Display for HandedTensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.input, self.form())
    }
}

/// The arguments of some rows, as [`RecurrentFunction::step`] takes them.
#[derive(Clone, Debug)]
pub struct RecurrentArguments {
    pub columns: Vec<ArrayRef>,
    /// The rows that the function sees; all of them if `None`. The others give nulls.
    pub seen: Option<NullBuffer>,
}

/// What came of one row of each of several keys.
#[derive(Clone, Debug)]
pub struct Step {
    /// One column for each of [`RecurrentFunction::outputs`], of its type.
    pub outputs: Vec<ArrayRef>,
    /// One buffer for each tensor that is handed on: those of the keys, one after the other.
    pub states: Vec<Buffer>,
}

/// A function that hands tensors on from row to row. One value serves every lane and batch.
pub trait RecurrentFunction: Send + Sync + Debug {
    fn key(&self) -> FunctionKey;

    fn name(&self) -> &str;

    /// What the function computes, such as a digest of its weights: another one may give other rows
    /// for the same arguments.
    fn version(&self) -> &str;

    /// What it hands on: at least one tensor.
    fn states(&self) -> &[HandedTensor];

    /// The names of its arguments.
    fn arguments(&self) -> Vec<String>;

    /// The columns that it gives.
    fn outputs(&self) -> Vec<FieldRef>;

    /// How many keys a run may have, for a query that begins.
    fn chunk_rows(&self) -> usize;

    /// Whether it takes arguments of these types. An error names the one that does not fit.
    fn check(&self, arguments: &[FieldRef]) -> Result<()>;

    /// Brings arguments into the form that [`RecurrentFunction::step`] takes, row by row. Called once
    /// for many rows, on any thread.
    fn prepare(&self, arguments: Vec<ArrayRef>) -> Result<RecurrentArguments>;

    /// Runs on one row of each of `rows` keys, in the order of `states`. Called on several threads at
    /// once; blocks until the rows are done. Equal arguments, states and rows give equal bits.
    fn step(&self, columns: &[ArrayRef], states: &[Buffer], rows: usize) -> Result<Step>;
}
