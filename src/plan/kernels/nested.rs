//! Reaching into structs, arrays and maps, and building structs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Int32Type};

use super::Kernel;
use super::normalize::normalize_floats;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;
use crate::types::array;

/// A struct's field by position; null where the struct is.
pub fn field_at(value: Typed, index: usize, field: &Field) -> Typed {
    let nullable = value.nullable || field.is_nullable();
    Kernel::arrays(format!("field_{index}_{}", value.data_type), field.data_type().clone(), nullable, move |arrays| {
        let structure = arrays[0].as_struct();
        masked(structure.column(index), structure.nulls())
    })
    .infallible()
    .call(vec![value])
}

/// A child with its parent's nulls.
fn masked(child: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef> {
    if parent.is_none() || *child.data_type() == DataType::Null {
        return Ok(Arc::clone(child));
    }
    let nulls = NullBuffer::union(parent, child.nulls());
    Ok(make_array(child.to_data().into_builder().nulls(nulls).build()?))
}

/// The field at `index` of every struct in an array.
pub fn field_of_each(value: Typed, index: usize) -> Typed {
    let DataType::List(element) = value.data_type.clone() else { return value };
    let DataType::Struct(fields) = element.data_type() else { return value };
    let nullable_element = element.is_nullable() || fields[index].is_nullable();
    let result = array(fields[index].data_type().clone(), nullable_element);
    let item = Arc::new(Field::new("element", fields[index].data_type().clone(), nullable_element));
    let nullable = value.nullable;
    Kernel::arrays(format!("field_of_each_{index}_{}", value.data_type), result, nullable, move |arrays| {
        let list = arrays[0].as_list::<i32>();
        let structure = list.values().as_struct();
        let values = masked(structure.column(index), structure.nulls())?;
        Ok(Arc::new(ListArray::try_new(Arc::clone(&item), list.offsets().clone(), values, list.nulls().cloned())?))
    })
    .infallible()
    .call(vec![value])
}

/// An array's element from 0. A position outside is an error under ANSI, else null.
pub fn element_at(lists: Typed, positions: Typed, element: DataType, ansi: bool) -> Typed {
    let kernel =
        Kernel::arrays(format!("element_{ansi}"), element, true, move |arrays| elements(&arrays[0], &arrays[1], ansi));
    let kernel = if ansi { kernel } else { kernel.infallible() };
    kernel.call(vec![lists, positions])
}

fn elements(lists: &ArrayRef, positions: &ArrayRef, ansi: bool) -> Result<ArrayRef> {
    let (lists, positions) = (lists.as_list::<i32>(), positions.as_primitive::<Int32Type>());
    let mut indices = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        if lists.is_null(row) || positions.is_null(row) {
            indices.push(None);
            continue;
        }
        let (start, length, position) = (lists.value_offsets()[row], lists.value_length(row), positions.value(row));
        if position < 0 || position >= length {
            if ansi {
                return Err(Error::of(condition::INVALID_ARRAY_INDEX)
                    .with("indexValue", position)
                    .with("arraySize", length));
            }
            indices.push(None);
        } else {
            indices.push(u32::try_from(start + position).ok());
        }
    }
    Ok(take(lists.values(), &UInt32Array::from(indices), None)?)
}

/// A map's value of type `value` by key, or null.
pub fn value_of_key(maps: Typed, keys: Typed, value: DataType) -> Typed {
    Kernel::arrays("map_value", value, true, |arrays| map_value(&arrays[0], &arrays[1]))
        .infallible()
        .call(vec![maps, keys])
}

/// The value of each row's key in each row's map, or null. The last of equal keys wins, as in a
/// literal map.
pub fn map_value(maps: &ArrayRef, keys: &ArrayRef) -> Result<ArrayRef> {
    let maps = maps.as_map();
    let (held, keys) = (normalize_floats(maps.keys())?, normalize_floats(keys)?);
    let compare = arrow::array::make_comparator(&held, &keys, arrow::compute::SortOptions::default())?;
    let mut indices = Vec::with_capacity(maps.len());
    for row in 0..maps.len() {
        if maps.is_null(row) || keys.is_null(row) {
            indices.push(None);
            continue;
        }
        let range = maps.value_offsets()[row]..maps.value_offsets()[row + 1];
        #[expect(clippy::cast_sign_loss, reason = "offsets are not negative")]
        indices.push(range.rev().map(|at| at as u32).find(|at| compare(*at as usize, row).is_eq()));
    }
    Ok(take(maps.values(), &UInt32Array::from(indices), None)?)
}

/// A struct of named values.
pub fn structure(fields: Vec<(String, Typed)>) -> Typed {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let fields: Fields = names
        .iter()
        .zip(&values)
        .map(|(name, value)| Field::new(name, value.data_type.clone(), value.nullable))
        .collect();
    let data_type = DataType::Struct(fields.clone());
    Kernel::new(format!("struct_{data_type}"), data_type, false, move |arguments, rows| {
        let columns = arguments.iter().map(|argument| Ok(argument.to_array(rows)?)).collect::<Result<Vec<_>>>()?;
        let structure = if columns.is_empty() {
            StructArray::new_empty_fields(rows, None)
        } else {
            StructArray::try_new(fields.clone(), columns, None)?
        };
        Ok(datafusion::logical_expr::ColumnarValue::Array(Arc::new(structure)))
    })
    .infallible()
    .call(values)
}
