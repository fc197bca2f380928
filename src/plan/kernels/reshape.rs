//! Structs in the shape of others: fields by name, in the other's order, and nulls for those that
//! are missing.
//!
//! Structs are looked for in structs and in arrays, as `unionByName` does. The keys and values of a
//! map stay as they are.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, Field, Fields};

use super::Kernel;
use crate::error::{Error, Result, condition};
use crate::plan::typed::Typed;
use crate::types::name_case::NameCase;

/// How fields find each other.
#[derive(Clone, Copy)]
pub struct FieldMatch {
    pub names: NameCase,
    pub missing: MissingField,
}

/// A field that only the other struct has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingField {
    Refused,
    Null,
}

/// The value with its structs in the shape of those of `like`. Fields that only the value has come
/// last.
pub fn reshaped(value: Typed, like: &DataType, by: FieldMatch) -> Result<Typed> {
    let data_type = shape(&value.data_type, like, by)?;
    if data_type == value.data_type {
        return Ok(value);
    }
    let (nullable, target) = (value.nullable, data_type.clone());
    let name = format!("reshape({} -> {data_type})", value.data_type);
    Ok(Kernel::arrays(name, data_type, nullable, move |arrays| reshape(&arrays[0], &target, by))
        .infallible()
        .call(vec![value]))
}

fn shape(from: &DataType, like: &DataType, by: FieldMatch) -> Result<DataType> {
    match (from, like) {
        (DataType::List(element), DataType::List(other)) => {
            let data_type = shape(element.data_type(), other.data_type(), by)?;
            Ok(DataType::List(Arc::new(element.as_ref().clone().with_data_type(data_type))))
        }
        (DataType::Struct(fields), DataType::Struct(others)) => {
            let mut shaped = Vec::with_capacity(others.len());
            for (at, other) in others.iter().enumerate() {
                shaped.push(match found(fields, others, at, by)? {
                    Some(from) => {
                        let field = fields[from].as_ref().clone();
                        let data_type = shape(field.data_type(), other.data_type(), by)?;
                        field.with_name(other.name()).with_data_type(data_type)
                    }
                    None if by.missing == MissingField::Null => {
                        Field::new(other.name(), other.data_type().clone(), true)
                    }
                    None => {
                        let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name())).collect();
                        return Err(Error::of(condition::FIELD_NOT_FOUND)
                            .with("fieldName", format!("`{}`", other.name()))
                            .with("fields", names.join(", ")));
                    }
                });
            }
            let only_here = |field: &&Arc<Field>| !others.iter().any(|other| by.names.same(field.name(), other.name()));
            shaped.extend(fields.iter().filter(only_here).map(|field| field.as_ref().clone()));
            Ok(DataType::Struct(shaped.into()))
        }
        _ => Ok(from.clone()),
    }
}

/// The place of the field that goes where `others` have one: where the names are the same in their
/// order, by its place.
fn found(fields: &Fields, others: &Fields, at: usize, by: FieldMatch) -> Result<Option<usize>> {
    let same = |field: &Arc<Field>, other: &Arc<Field>| by.names.same(field.name(), other.name());
    if fields.len() == others.len() && fields.iter().zip(others).all(|(field, other)| same(field, other)) {
        return Ok(Some(at));
    }
    let mut found = (0..fields.len()).filter(|from| same(&fields[*from], &others[at]));
    let first = found.next();
    match found.count() {
        0 => Ok(first),
        more => Err(Error::of(condition::AMBIGUOUS_REFERENCE_TO_FIELDS)
            .with("field", format!("`{}`", others[at].name()))
            .with("count", more + 1)),
    }
}

fn reshape(array: &ArrayRef, to: &DataType, by: FieldMatch) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    Ok(match to {
        DataType::List(element) => {
            let list = array.as_list::<i32>();
            let values = reshape(list.values(), element.data_type(), by)?;
            Arc::new(ListArray::try_new(Arc::clone(element), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        DataType::Struct(fields) => {
            let structure = array.as_struct();
            let columns: Result<Vec<_>> = (0..fields.len())
                .map(|at| match found(structure.fields(), fields, at, by)? {
                    Some(from) => reshape(structure.column(from), fields[at].data_type(), by),
                    None => Ok(new_null_array(fields[at].data_type(), structure.len())),
                })
                .collect();
            Arc::new(StructArray::try_new(fields.clone(), columns?, structure.nulls().cloned())?)
        }
        _ => Arc::clone(array),
    })
}
