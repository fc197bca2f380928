//! Reaching into structs, arrays and maps, and building structs.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, UInt32Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Int32Type};

use super::cast::cast;
use super::coerce::{common, is_integral};
use super::operators::unexpected_type;
use super::scope::field_index;
use crate::condition;
use crate::conf::Conf;
use crate::error::{Error, Result};
use crate::plan::functions::Typed;
use crate::plan::kernel::Kernel;
use crate::types::{array, map_fields, sql_name};

/// `x.name`: a struct's field, that field of every struct in an array, or a map's value.
pub fn field(value: Typed, name: &str, conf: &Conf, text: &str) -> Result<Typed> {
    match &value.data_type {
        DataType::Struct(fields) => {
            let Some(index) = field_index(&value.data_type, name, conf.case_sensitive())? else {
                return Err(Error::internal("a struct without fields"));
            };
            let field = Arc::clone(&fields[index]);
            Ok(field_at(value, index, &field))
        }
        DataType::List(element) if matches!(element.data_type(), DataType::Struct(_)) => {
            let Some(index) = field_index(element.data_type(), name, conf.case_sensitive())? else {
                return Err(Error::internal("a struct without fields"));
            };
            Ok(field_of_each(value, index))
        }
        DataType::Map(..) => {
            let key = super::operators::literal(datafusion::common::ScalarValue::Utf8(Some(name.to_owned())));
            item(value, key, conf, text)
        }
        other => Err(Error::of(condition::INVALID_EXTRACT_BASE_FIELD_TYPE)
            .with("base", format!("\"{text}\""))
            .with("other", format!("\"{}\"", sql_name(other)))),
    }
}

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

fn field_of_each(value: Typed, index: usize) -> Typed {
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

/// `x[key]`: an array's element from 0, or a map's value.
pub fn item(value: Typed, key: Typed, conf: &Conf, text: &str) -> Result<Typed> {
    match &value.data_type {
        DataType::List(element) => {
            if !is_integral(&key.data_type) && key.data_type != DataType::Null {
                return Err(unexpected_type(text, "second", "\"INTEGRAL\"", text, &key.data_type));
            }
            let element = element.data_type().clone();
            let key = cast(key, &DataType::Int32, conf)?;
            let ansi = conf.ansi();
            let kernel = Kernel::arrays(format!("element_{ansi}"), element, true, move |arrays| {
                element_at(&arrays[0], &arrays[1], ansi)
            });
            let kernel = if ansi { kernel } else { kernel.infallible() };
            Ok(kernel.call(vec![value, key]))
        }
        DataType::Map(..) => {
            let Some((key_field, value_field)) = map_fields(&value.data_type) else {
                return Err(Error::internal("a map without entries"));
            };
            let Some(target) = common(key_field.data_type(), &key.data_type, conf.ansi()) else {
                return Err(unexpected_type(
                    text,
                    "second",
                    &format!("\"{}\"", sql_name(key_field.data_type())),
                    text,
                    &key.data_type,
                ));
            };
            let found = value_field.data_type().clone();
            let entries = super::cast::cast(
                value.clone(),
                &crate::types::map(target.clone(), found.clone(), value_field.is_nullable()),
                conf,
            )?;
            let key = cast(key, &target, conf)?;
            Ok(Kernel::arrays("map_value", found, true, |arrays| map_value(&arrays[0], &arrays[1]))
                .infallible()
                .call(vec![entries, key]))
        }
        other => Err(Error::of(condition::INVALID_EXTRACT_BASE_FIELD_TYPE)
            .with("base", format!("\"{text}\""))
            .with("other", format!("\"{}\"", sql_name(other)))),
    }
}

fn element_at(lists: &ArrayRef, positions: &ArrayRef, ansi: bool) -> Result<ArrayRef> {
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

/// The value of each row's key in each row's map, or null. The last of equal keys wins, as in a literal map.
pub fn map_value(maps: &ArrayRef, keys: &ArrayRef) -> Result<ArrayRef> {
    let maps = maps.as_map();
    let compare =
        arrow::array::make_comparator(maps.keys().as_ref(), keys.as_ref(), arrow::compute::SortOptions::default())?;
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
