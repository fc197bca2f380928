//! A column as a file has it, as the schema wants it: nested fields by name, numbers widened, never
//! narrowed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StringArray, StructArray, new_null_array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use crate::types;
use crate::types::name_case::NameCase;

/// The column as `to`; the error is the type that the file has, when it does not fit.
pub fn adapt(column: &ArrayRef, to: &DataType, names: NameCase) -> Result<ArrayRef, String> {
    let from = column.data_type();
    if from == to {
        return Ok(Arc::clone(column));
    }
    let odd = || types::normalize(from).map_or_else(|| from.to_string(), |known| types::simple_name(&known));
    match to {
        DataType::Struct(fields) if matches!(from, DataType::Struct(_)) => {
            let held = column.as_struct();
            let children = fields.iter().map(|field| child(held, field, names)).collect::<Result<Vec<_>, _>>()?;
            let rebuilt = if fields.is_empty() {
                StructArray::new_empty_fields(held.len(), held.nulls().cloned())
            } else {
                StructArray::try_new(fields.clone(), children, held.nulls().cloned())
                    .map_err(|error| error.to_string())?
            };
            Ok(Arc::new(rebuilt))
        }
        DataType::List(element) => {
            let plain = DataType::List(Arc::new(Field::new("element", inner(from).ok_or_else(odd)?, true)));
            let held = cast(column, &plain).map_err(|error| error.to_string())?;
            let held = held.as_list::<i32>();
            let values = adapt(held.values(), element.data_type(), names)?;
            let rebuilt =
                ListArray::try_new(Arc::clone(element), held.offsets().clone(), values, held.nulls().cloned());
            Ok(Arc::new(rebuilt.map_err(|error| error.to_string())?))
        }
        DataType::Map(entries, sorted) if matches!(from, DataType::Map(..)) => {
            let (held, (Some((key, value)), DataType::Struct(fields))) =
                (column.as_map(), (types::map_fields(to), entries.data_type()))
            else {
                return Err(odd());
            };
            let keys = adapt(held.keys(), key.data_type(), names)?;
            let values = adapt(held.values(), value.data_type(), names)?;
            let pairs =
                StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(|error| error.to_string())?;
            let rebuilt =
                MapArray::try_new(Arc::clone(entries), held.offsets().clone(), pairs, held.nulls().cloned(), *sorted);
            Ok(Arc::new(rebuilt.map_err(|error| error.to_string())?))
        }
        _ => match types::normalize(from) {
            // Bytes that are no text become what `CAST` makes of them.
            Some(DataType::Binary) if *to == DataType::Utf8 => {
                let bytes = cast(column, &DataType::Binary).map_err(|error| error.to_string())?;
                let texts = bytes.as_binary::<i32>().iter().map(|bytes| bytes.map(String::from_utf8_lossy));
                Ok(Arc::new(texts.collect::<StringArray>()))
            }
            Some(known) if known == *to || widens(&known, to) => {
                let options = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(column, to, &options).map_err(|error| error.to_string())
            }
            _ => Err(odd()),
        },
    }
}

fn child(held: &StructArray, field: &FieldRef, names: NameCase) -> Result<ArrayRef, String> {
    let place = held.fields().iter().position(|held| names.same(held.name(), field.name()));
    match place {
        Some(place) => adapt(held.column(place), field.data_type(), names),
        None => Ok(new_null_array(field.data_type(), held.len())),
    }
}

fn inner(list: &DataType) -> Option<DataType> {
    match list {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Some(field.data_type().clone())
        }
        _ => None,
    }
}

/// Whether every value of `from` is one of `to`, where Spark's reader widens too.
fn widens(from: &DataType, to: &DataType) -> bool {
    use DataType::{Binary, Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Timestamp, Utf8};
    let digits = |data_type: &DataType| match data_type {
        Int8 | Int16 | Int32 => Some(10),
        Int64 => Some(20),
        _ => None,
    };
    match (from, to) {
        (Int8, Int16 | Int32 | Int64)
        | (Int16, Int32 | Int64)
        | (Int32, Int64)
        | (Int8 | Int16 | Int32 | Float32, Float64)
        | (Utf8, Binary)
        | (Binary, Utf8)
        | (Date32, Timestamp(_, None))
        | (Timestamp(_, None), Timestamp(_, Some(_))) => true,
        (Decimal128(p, s), Decimal128(q, t)) => {
            s <= t && i16::from(*p) - i16::from(*s) <= i16::from(*q) - i16::from(*t)
        }
        (from, Decimal128(q, t)) => digits(from).is_some_and(|digits| digits <= i16::from(*q) - i16::from(*t)),
        _ => false,
    }
}

/// Fields of both, by name; `None` when a name has two types.
pub fn merge(left: &Fields, right: &Fields, names: NameCase) -> Option<Vec<FieldRef>> {
    let mut merged: Vec<FieldRef> = left.iter().cloned().collect();
    for field in right {
        match merged.iter_mut().find(|known| names.same(known.name(), field.name())) {
            None => merged.push(Arc::clone(field)),
            Some(known) => {
                let data_type = merge_types(known.data_type(), field.data_type(), names)?;
                *known = Arc::new(known.as_ref().clone().with_data_type(data_type));
            }
        }
    }
    Some(merged)
}

fn merge_types(left: &DataType, right: &DataType, names: NameCase) -> Option<DataType> {
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (DataType::Struct(left), DataType::Struct(right)) => Some(DataType::Struct(merge(left, right, names)?.into())),
        (DataType::List(left), DataType::List(right)) => {
            let element = merge_types(left.data_type(), right.data_type(), names)?;
            Some(DataType::List(Arc::new(left.as_ref().clone().with_data_type(element))))
        }
        _ => None,
    }
}
