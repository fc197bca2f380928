//! Which columns go to which input.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef, Fields};

use super::spec::TensorSpec;
use super::tensor::{Tensor, check_type};
use crate::error::{Error, Result};
use crate::types;

/// How a model's inputs are filled from columns: one entry for each input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding(Vec<BoundInput>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum BoundInput {
    Column(usize),
    /// All columns, side by side, in order.
    AllColumns,
}

impl Binding {
    /// By name, as for the columns of a table; others are left alone. Only a model with one input
    /// takes columns of any name: one column that fits, or as many numeric columns as the input is
    /// wide.
    pub fn by_name(inputs: &[TensorSpec], fields: &Fields) -> Result<Self> {
        if inputs.iter().all(|input| fields.find(&input.name).is_some()) {
            let sources = inputs
                .iter()
                .filter_map(|input| fields.find(&input.name).map(|(at, field)| (input, at, field)))
                .map(|(input, at, field)| check_type(input, field.data_type()).map(|()| BoundInput::Column(at)))
                .collect::<Result<_>>()?;
            return Ok(Self(sources));
        }
        let types: Vec<_> = fields.iter().map(|field| field.data_type()).collect();
        match (inputs, &types[..]) {
            ([input], [only]) => fits(input, only).map(|()| Self(vec![BoundInput::Column(0)])),
            ([input], _) if input.width() == Some(types.len()) => side_by_side(input, &types),
            _ => {
                let missing: Vec<_> = inputs
                    .iter()
                    .filter(|input| fields.find(&input.name).is_none())
                    .map(|i| format!("'{}'", i.name))
                    .collect();
                let found: Vec<_> = fields.iter().map(|field| format!("'{}'", field.name())).collect();
                Err(Error::illegal(format!(
                    "the model takes {}{}; there is no column {}, found {}",
                    listed(inputs),
                    or_columns(inputs),
                    missing.join(" and no column "),
                    found.join(", ")
                )))
            }
        }
    }

    /// In order, as for the arguments of a call: one for each input, or as many numbers as the only
    /// input is wide.
    pub fn by_position(inputs: &[TensorSpec], types: &[&DataType]) -> Result<Self> {
        if types.len() == inputs.len() {
            for (input, found) in inputs.iter().zip(types) {
                fits(input, found)?;
            }
            return Ok(Self((0..inputs.len()).map(BoundInput::Column).collect()));
        }
        match inputs {
            [input] if types.len() > 1 && input.width().is_none_or(|width| width == types.len()) => {
                side_by_side(input, types)
            }
            _ => Err(Error::illegal(format!(
                "the model takes {} argument{}, {}{}; found {}",
                inputs.len(),
                if inputs.len() == 1 { "" } else { "s" },
                listed(inputs),
                or_columns(inputs),
                types.len()
            ))),
        }
    }

    /// The tensors of a chunk without nulls.
    pub fn tensors(&self, inputs: &[TensorSpec], columns: &[ArrayRef]) -> Result<Vec<Tensor>> {
        inputs
            .iter()
            .zip(&self.0)
            .map(|(input, source)| match source {
                BoundInput::Column(at) => Tensor::from_column(input, &columns[*at]),
                BoundInput::AllColumns => Tensor::from_columns(input, columns),
            })
            .collect()
    }

    /// The columns in the order of the inputs, as [`positions`] takes them.
    pub fn ordered(&self, columns: &[ArrayRef]) -> Vec<ArrayRef> {
        let of_input = |source: &BoundInput| match source {
            BoundInput::Column(at) => vec![ArrayRef::clone(&columns[*at])],
            BoundInput::AllColumns => columns.to_vec(),
        };
        self.0.iter().flat_map(of_input).collect()
    }

    /// The columns that are read.
    pub fn columns(&self, all: usize) -> Vec<usize> {
        let mut read: Vec<usize> = self
            .0
            .iter()
            .flat_map(|source| match source {
                BoundInput::Column(at) => vec![*at],
                BoundInput::AllColumns => (0..all).collect(),
            })
            .collect();
        read.sort_unstable();
        read.dedup();
        read
    }
}

/// As [`check_type`]; a single number where several would do is told so.
fn fits(input: &TensorSpec, found: &DataType) -> Result<()> {
    check_type(input, found).map_err(|error| match input.width() {
        Some(width) if width > 1 && check_type(&of_one(input), found).is_ok() => Error::illegal(format!(
            "input '{}' takes {width} {} values a row, side by side or as a list; found a single column of type {}",
            input.name,
            input.element,
            types::simple_name(found)
        )),
        _ => error,
    })
}

/// The input as if it took one value a row.
fn of_one(input: &TensorSpec) -> TensorSpec {
    TensorSpec { dims: input.dims[..1].to_vec(), ..input.clone() }
}

fn side_by_side(input: &TensorSpec, types: &[&DataType]) -> Result<Binding> {
    let one = of_one(input);
    for found in types {
        check_type(&one, found)?;
    }
    Ok(Binding(vec![BoundInput::AllColumns]))
}

fn listed(inputs: &[TensorSpec]) -> String {
    inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What a model with one wide input takes as well.
fn or_columns(inputs: &[TensorSpec]) -> String {
    match inputs {
        [input] => input.width().filter(|width| *width > 1).map(|width| format!(", or {width} numbers side by side")),
        _ => None,
    }
    .unwrap_or_default()
}

/// The columns that the arguments of a call stand for: a single struct stands for its fields, by
/// name.
pub fn arguments(inputs: &[TensorSpec], fields: &[FieldRef]) -> Result<Binding> {
    match fields {
        [only] if let DataType::Struct(inner) = only.data_type() => Binding::by_name(inputs, inner),
        _ => Binding::by_position(inputs, &fields.iter().map(|field| field.data_type()).collect::<Vec<_>>()),
    }
}

/// [`arguments`] of columns that [`argument_columns`] gave already.
pub fn positions(inputs: &[TensorSpec], fields: &[FieldRef]) -> Result<Binding> {
    Binding::by_position(inputs, &fields.iter().map(|field| field.data_type()).collect::<Vec<_>>())
}

/// The columns to which [`arguments`] refers.
pub fn argument_columns(columns: Vec<ArrayRef>) -> Vec<ArrayRef> {
    match &columns[..] {
        [only] if matches!(only.data_type(), DataType::Struct(_)) => {
            let whole = only.as_struct();
            if whole.null_count() == 0 {
                return whole.columns().to_vec();
            }
            // A missing struct is missing in each of its fields.
            whole.columns().iter().map(|field| with_nulls(field, whole)).collect()
        }
        _ => columns,
    }
}

fn with_nulls(field: &ArrayRef, whole: &dyn Array) -> ArrayRef {
    let nulls = arrow::buffer::NullBuffer::union(field.nulls(), whole.nulls());
    match field.to_data().into_builder().nulls(nulls).build() {
        Ok(data) => arrow::array::make_array(data),
        Err(_) => ArrayRef::clone(field),
    }
}
