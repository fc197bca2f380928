//! What a model takes and gives.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

/// The type of a tensor's elements, by ONNX's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    Float16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Bool,
    String,
}

impl Element {
    /// The Arrow type of one element.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Float16 => DataType::Float16,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Int8 => DataType::Int8,
            Self::Int16 => DataType::Int16,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Uint8 => DataType::UInt8,
            Self::Uint16 => DataType::UInt16,
            Self::Uint32 => DataType::UInt32,
            Self::Uint64 => DataType::UInt64,
            Self::Bool => DataType::Boolean,
            Self::String => DataType::Utf8,
        }
    }

    /// Bytes of one element in a tensor; text has none.
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Bool => 1,
            Self::Float16 | Self::Int16 | Self::Uint16 => 2,
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Float64 | Self::Int64 | Self::Uint64 => 8,
            Self::String => 0,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float32 | Self::Float64)
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Bool => "bool",
            Self::String => "string",
        })
    }
}

/// One dimension of a tensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    Fixed(usize),
    /// Any size; the model may name it.
    Any(String),
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => size.fmt(f),
            Self::Any(name) if name.is_empty() => f.write_str("?"),
            Self::Any(name) => f.write_str(name),
        }
    }
}

/// A model's input or output: `features: float32[N, 32]`. The first dimension is the rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorSpec {
    pub name: String,
    pub element: Element,
    /// With the rows first.
    pub dims: Vec<Dim>,
}

impl TensorSpec {
    /// The dimensions of one row.
    pub fn row_dims(&self) -> &[Dim] {
        self.dims.get(1..).unwrap_or_default()
    }

    /// Elements in one row, if the model says.
    pub fn width(&self) -> Option<usize> {
        self.row_dims().iter().try_fold(1, |width, dim| match dim {
            Dim::Fixed(size) => Some(width * size),
            Dim::Any(_) => None,
        })
    }

    /// How many rows every run must have, for a model that was exported so.
    pub fn fixed_rows(&self) -> Option<usize> {
        match self.dims.first() {
            Some(Dim::Fixed(rows)) => Some(*rows),
            _ => None,
        }
    }

    /// The Arrow type of the column: one element a row is a plain column, others are lists of fixed
    /// size where the size is known.
    pub fn data_type(&self) -> DataType {
        let dims = self.row_dims();
        if dims.iter().all(|dim| *dim == Dim::Fixed(1)) {
            return self.element.data_type();
        }
        dims.iter().rev().fold(self.element.data_type(), |inner, dim| {
            let item = Arc::new(Field::new("item", inner, true));
            match dim {
                Dim::Fixed(size) => DataType::FixedSizeList(item, i32::try_from(*size).unwrap_or(i32::MAX)),
                Dim::Any(_) => DataType::List(item),
            }
        })
    }
}

impl fmt::Display for TensorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<_> = self.dims.iter().map(ToString::to_string).collect();
        write!(f, "{}: {}[{}]", self.name, self.element, dims.join(", "))
    }
}
