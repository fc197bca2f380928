//! Arrow columns to tensors and back.
//!
//! | column | into | |
//! |---|---|---|
//! | primitive of the tensor's type | `[N]`, `[N, 1]` | no copy |
//! | `FixedSizeList<T, k>`, `List<T>` whose rows all have k elements (nested too) | `[N, k]`, `[N, a, b]` | no copy |
//! | several primitive columns | `[N, F]` | copied row by row |
//! | another numeric type, booleans | | cast, so copied |
//! | text | string tensor | copied |
//!
//! Out of a model, numbers are adopted: the Arrow buffer owns the tensor. Booleans become bits and
//! text is copied.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeListArray, ListArray, PrimitiveArray, StringArray,
};
use arrow::buffer::{Buffer, MutableBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Field, FieldRef, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::error::ArrowError;

use super::spec::{Dim, Element, TensorSpec};
use crate::error::{Error, Result};
use crate::types;

/// `$body` with `$type` as the Arrow type of a numeric element; `None` for the others.
macro_rules! with_type {
    (@ $type:ident = $arrow:ty, $body:expr) => {{
        type $type = $arrow;
        Some($body)
    }};
    ($element:expr, $type:ident => $body:expr) => {
        match $element {
            Element::Float16 => with_type!(@ $type = Float16Type, $body),
            Element::Float32 => with_type!(@ $type = Float32Type, $body),
            Element::Float64 => with_type!(@ $type = Float64Type, $body),
            Element::Int8 => with_type!(@ $type = Int8Type, $body),
            Element::Int16 => with_type!(@ $type = Int16Type, $body),
            Element::Int32 => with_type!(@ $type = Int32Type, $body),
            Element::Int64 => with_type!(@ $type = Int64Type, $body),
            Element::Uint8 => with_type!(@ $type = UInt8Type, $body),
            Element::Uint16 => with_type!(@ $type = UInt16Type, $body),
            Element::Uint32 => with_type!(@ $type = UInt32Type, $body),
            Element::Uint64 => with_type!(@ $type = UInt64Type, $body),
            Element::Bool | Element::String => None,
        }
    };
}

/// A tensor that shares the column's memory where it can.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub element: Element,
    pub shape: Vec<i64>,
    pub data: Data,
}

/// A tensor's elements, row after row.
#[derive(Clone, Debug)]
pub enum Data {
    /// Aligned to the element; booleans are one byte each.
    Numbers(Buffer),
    Strings(StringArray),
}

/// Whether a column of this type can go into an input: the error names both.
pub fn check_type(spec: &TensorSpec, found: &DataType) -> Result<()> {
    let wanted = || {
        Error::illegal(format!(
            "input '{}' takes {}, found a column of type {}",
            spec.name,
            expected_column(spec),
            types::simple_name(found)
        ))
    };
    let mut leaf = found;
    let mut elements = Some(1_usize);
    loop {
        leaf = match leaf {
            DataType::FixedSizeList(item, size) => {
                elements = elements.map(|n| n * usize::try_from(*size).unwrap_or_default());
                item.data_type()
            }
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => {
                elements = None;
                item.data_type()
            }
            _ => break,
        };
    }
    let nested = !std::ptr::eq(leaf, found);
    if nested && spec.dims.len() < 2 {
        return Err(wanted());
    }
    if let (Some(width), Some(elements)) = (spec.width(), elements)
        && width != elements
    {
        return Err(wanted());
    }
    if !nested && spec.width() != Some(1) {
        return Err(wanted());
    }
    if converts(leaf, spec.element) { Ok(()) } else { Err(wanted()) }
}

/// Whether values of an Arrow type can become elements. A fraction never becomes a whole number
/// unasked.
fn converts(from: &DataType, to: Element) -> bool {
    match to {
        Element::String => {
            matches!(from, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
                || matches!(from, DataType::Dictionary(_, value) if value.is_string())
        }
        Element::Bool => *from == DataType::Boolean,
        _ if to.is_float() => from.is_numeric() || *from == DataType::Boolean,
        _ => from.is_integer() || *from == DataType::Boolean,
    }
}

fn expected_column(spec: &TensorSpec) -> String {
    let dims: Vec<_> = spec.row_dims().iter().map(ToString::to_string).collect();
    match (spec.width(), dims.len()) {
        (Some(1), _) => format!("{} values", spec.element),
        (Some(width), 1) => format!("lists of {width} {} values", spec.element),
        _ => format!("lists of {} values of shape [{}]", spec.element, dims.join(", ")),
    }
}

/// The rows of a column in which nothing is missing, elements of lists included; `None` when
/// nothing is missing at all.
pub fn complete_rows(column: &dyn Array) -> Option<NullBuffer> {
    let own = column.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let inner = match column.data_type() {
        DataType::FixedSizeList(..) => {
            let list = column.as_fixed_size_list();
            let size = usize::try_from(list.value_length()).unwrap_or_default();
            complete_rows(list.values()).map(|nulls| {
                (0..list.len()).map(|row| nulls.slice(row * size, size).null_count() == 0).collect::<NullBuffer>()
            })
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            complete_rows(list.values()).map(|nulls| {
                let rows = list.offsets().windows(2);
                rows.map(|w| nulls.slice(w[0] as usize, (w[1] - w[0]) as usize).null_count() == 0)
                    .collect::<NullBuffer>()
            })
        }
        _ => None,
    };
    NullBuffer::union(own.as_ref(), inner.as_ref()).filter(|nulls| nulls.null_count() > 0)
}

impl Tensor {
    /// The column of an output: the shape has the rows first. Numbers stay where they are.
    pub fn into_column(self, name: &str, rows: usize) -> Result<ArrayRef> {
        let values: ArrayRef = match self.data {
            Data::Strings(strings) => Arc::new(strings),
            Data::Numbers(memory) => {
                let len = memory.len() / self.element.size().max(1);
                adopted(self.element, memory, len)?
            }
        };
        to_column(name, values, &self.shape, rows)
    }

    /// One column for one input. The column has no nulls, and no lists but those of
    /// [`narrow_lists`].
    pub fn from_column(spec: &TensorSpec, column: &ArrayRef) -> Result<Self> {
        let rows = column.len();
        let mut values = Arc::clone(column);
        let mut sizes = Vec::new();
        loop {
            values = match values.data_type() {
                DataType::FixedSizeList(_, size) => {
                    sizes.push(usize::try_from(*size).unwrap_or_default());
                    // The child of a sliced list is sliced already.
                    Arc::clone(values.as_fixed_size_list().values())
                }
                DataType::List(_) => {
                    let (size, inner) = uniform(spec, values.as_list::<i32>())?;
                    sizes.push(size);
                    inner
                }
                _ => break,
            };
        }
        let shape = row_shape(spec, rows, &sizes)?;
        Ok(Self { element: spec.element, shape, data: elements(spec, &values)? })
    }

    /// Several primitive columns side by side for one `[N, F]` input. The columns have no nulls.
    pub fn from_columns(spec: &TensorSpec, columns: &[ArrayRef]) -> Result<Self> {
        let rows = columns.first().map_or(0, Array::len);
        let width = columns.len();
        let shape = row_shape(spec, rows, &[width])?;
        if spec.element == Element::String {
            let texts = columns.iter().map(|c| strict_cast(spec, c, &DataType::Utf8)).collect::<Result<Vec<_>>>()?;
            let rows = (0..rows).flat_map(|row| texts.iter().map(move |text| text.as_string::<i32>().value(row)));
            return Ok(Self { element: spec.element, shape, data: Data::Strings(StringArray::from_iter_values(rows)) });
        }
        let size = spec.element.size();
        let mut packed = MutableBuffer::from_len_zeroed(rows * width * size);
        for (at, column) in columns.iter().enumerate() {
            let Data::Numbers(values) = elements(spec, column)? else {
                return Err(Error::internal("numbers became text"));
            };
            match size {
                1 => stride::<1>(packed.as_slice_mut(), &values, at, width),
                2 => stride::<2>(packed.as_slice_mut(), &values, at, width),
                4 => stride::<4>(packed.as_slice_mut(), &values, at, width),
                _ => stride::<8>(packed.as_slice_mut(), &values, at, width),
            }
        }
        Ok(Self { element: spec.element, shape, data: Data::Numbers(packed.into()) })
    }
}

/// Copies a column's values into column `at` of a row-major matrix.
fn stride<const SIZE: usize>(matrix: &mut [u8], values: &[u8], at: usize, width: usize) {
    let (values, _) = values.as_chunks::<SIZE>();
    let (cells, _) = matrix.as_chunks_mut::<SIZE>();
    for (cell, value) in cells.iter_mut().skip(at).step_by(width).zip(values) {
        *cell = *value;
    }
}

/// The one length that all lists have, and their elements.
fn uniform(spec: &TensorSpec, list: &ListArray) -> Result<(usize, ArrayRef)> {
    let offsets = list.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return Err(Error::internal("a list without offsets"));
    };
    let size = match spec.row_dims() {
        [Dim::Fixed(size)] => i32::try_from(*size).unwrap_or(i32::MAX),
        _ => offsets.get(1).map_or(0, |second| second - first),
    };
    if let Some(row) = offsets.windows(2).position(|w| w[1] - w[0] != size) {
        return Err(Error::illegal(format!(
            "input '{}' takes {}, found a list of {} in row {row} of a chunk",
            spec.name,
            match spec.width() {
                Some(_) => expected_column(spec),
                None => format!("lists of equal length, here {size},"),
            },
            offsets[row + 1] - offsets[row]
        )));
    }
    let values = list.values().slice(*first as usize, (last - first) as usize);
    Ok((usize::try_from(size).unwrap_or_default(), values))
}

/// The tensor's shape for rows whose nesting has these sizes: a flat list of the right number of
/// elements is taken as well.
fn row_shape(spec: &TensorSpec, rows: usize, sizes: &[usize]) -> Result<Vec<i64>> {
    let wrong = || {
        Error::illegal(format!("input '{}' takes {}, found rows of shape {sizes:?}", spec.name, expected_column(spec)))
    };
    let dims = spec.row_dims();
    let found: usize = sizes.iter().product();
    let row: Vec<usize> = if sizes.len() == dims.len() {
        let fits = dims.iter().zip(sizes).all(|(dim, size)| match dim {
            Dim::Fixed(fixed) => fixed == size,
            Dim::Any(_) => true,
        });
        if !fits {
            return Err(wrong());
        }
        sizes.to_vec()
    } else {
        // One free dimension follows from the others.
        let known: usize = dims.iter().map(|dim| if let Dim::Fixed(size) = dim { *size } else { 1 }).product();
        let free = dims.iter().filter(|dim| matches!(dim, Dim::Any(_))).count();
        let fits = if free == 0 { known == found } else { free == 1 && known > 0 && found.is_multiple_of(known) };
        if !fits {
            return Err(wrong());
        }
        dims.iter().map(|dim| if let Dim::Fixed(size) = dim { *size } else { found / known }).collect()
    };
    Ok(std::iter::once(rows).chain(row).map(|size| i64::try_from(size).unwrap_or(i64::MAX)).collect())
}

/// The values of a primitive column as elements.
fn elements(spec: &TensorSpec, values: &ArrayRef) -> Result<Data> {
    let wanted = spec.element.data_type();
    let values = if *values.data_type() == wanted { Arc::clone(values) } else { strict_cast(spec, values, &wanted)? };
    Ok(match spec.element {
        Element::String => Data::Strings(values.as_string::<i32>().clone()),
        Element::Bool => Data::Numbers(values.as_boolean().values().iter().map(u8::from).collect::<Vec<_>>().into()),
        element => {
            let memory = with_type!(element, T => values.as_primitive::<T>().values().inner().clone());
            Data::Numbers(memory.ok_or_else(|| Error::internal("text has no numbers"))?)
        }
    })
}

fn strict_cast(spec: &TensorSpec, values: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(values, to, &options).map_err(|error| match error {
        ArrowError::CastError(why) => Error::illegal(format!(
            "input '{}' takes {}, and a value of type {} does not fit: {why}",
            spec.name,
            expected_column(spec),
            values.data_type()
        )),
        other => other.into(),
    })
}

/// The column of an output: `values` are its elements, `shape` has the rows first.
pub fn to_column(name: &str, values: ArrayRef, shape: &[i64], rows: usize) -> Result<ArrayRef> {
    let sizes: Vec<usize> = shape.iter().map(|size| usize::try_from(*size).unwrap_or_default()).collect();
    if sizes.first() != Some(&rows) {
        return Err(Error::illegal(format!(
            "output '{name}' must have one row for each input row, {rows}, found a tensor of shape {shape:?}"
        )));
    }
    if sizes[1..].iter().all(|size| *size == 1) {
        return Ok(values);
    }
    let mut column = values;
    for size in sizes[1..].iter().rev() {
        let item = Arc::new(Field::new("item", column.data_type().clone(), true));
        let length =
            i32::try_from(*size).map_err(|_| Error::illegal(format!("output '{name}' has {size} values a row")))?;
        column = if length == 0 {
            let lists = column.len();
            Arc::new(FixedSizeListArray::try_new_with_length(item, 0, column, None, lists)?)
        } else {
            Arc::new(FixedSizeListArray::try_new(item, length, column, None)?)
        };
    }
    Ok(column)
}

/// A primitive column over memory that something else owns.
pub fn adopted(element: Element, memory: Buffer, len: usize) -> Result<ArrayRef> {
    if element == Element::Bool {
        let bits: BooleanArray = memory.iter().take(len).map(|byte| Some(*byte != 0)).collect();
        return Ok(Arc::new(bits));
    }
    let array = with_type!(element, T => Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::new(memory, 0, len), None)) as ArrayRef);
    array.ok_or_else(|| Error::internal("text has no numbers"))
}

/// Lists of fixed size as lists of any size, which is what Spark's arrays are: the elements stay
/// where they are.
pub fn as_lists(column: &ArrayRef) -> Result<ArrayRef> {
    let DataType::FixedSizeList(_, size) = column.data_type() else { return Ok(Arc::clone(column)) };
    let list = column.as_fixed_size_list();
    let values = as_lists(list.values())?;
    let item = Arc::new(Field::new("item", values.data_type().clone(), true));
    let offsets: ScalarBuffer<i32> =
        (0..=i32::try_from(list.len()).unwrap_or(i32::MAX)).map(|row| row * size).collect();
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::new(offsets), values, list.nulls().cloned())?))
}

/// Lists of any kind inside a column as `List` or `FixedSizeList`, which share their elements; the
/// column itself where it has no others.
pub fn narrow_lists(column: &ArrayRef) -> Result<ArrayRef> {
    fn narrow(data_type: &DataType) -> DataType {
        let inner = |item: &FieldRef| Arc::new(item.as_ref().clone().with_data_type(narrow(item.data_type())));
        match data_type {
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => DataType::List(inner(item)),
            DataType::FixedSizeList(item, size) => DataType::FixedSizeList(inner(item), *size),
            other => other.clone(),
        }
    }
    let wanted = narrow(column.data_type());
    if wanted == *column.data_type() {
        return Ok(Arc::clone(column));
    }
    Ok(cast_with_options(column, &wanted, &CastOptions { safe: false, ..CastOptions::default() })?)
}

/// The type that an output has in a plan: lists of any size, and Spark's numbers.
pub fn list_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::FixedSizeList(item, _) | DataType::List(item) => {
            DataType::List(Arc::new(Field::new("item", list_type(item.data_type()), true)))
        }
        other => types::normalize(other).unwrap_or_else(|| other.clone()),
    }
}
