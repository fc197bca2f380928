//! `statestore` of a processor: one of its variables, or its timers, as rows.
//!
//! | what | columns, beside `key` and `partition_id` |
//! |---|---|
//! | a value | `value` |
//! | a list | `list_element`, one a row; or `list_value`, whole |
//! | a map | `user_map_key` and `user_map_value`, one entry a row; or `map_value`, whole |
//! | timers | `expiration_timestamp_ms`, one a row |
//!
//! A value, an element or a map's value that has a time to live is a struct of `value` and
//! `ttlExpirationMs`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, UInt32Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::table::{EntryRows, StateTableReader};
use crate::checkpoint::operators::TableEntry;
use crate::error::{Error, Result};
use crate::plan::operators::stateful::form::VariableKind;
use crate::types::{map, metadata};

/// What is shown of what a processor keeps.
#[derive(Clone, Debug)]
pub enum ProcessorPart {
    Variable(String),
    Timers,
}

/// How lists and maps are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collections {
    /// Each element, or each entry, in a row of its own.
    Flat,
    Whole,
}

/// What shows a part of what a processor keeps.
#[derive(Debug)]
pub struct VariableReader {
    table: StateTableReader,
    part: ShownPart,
    schema: SchemaRef,
}

#[derive(Clone, Copy, Debug)]
enum ShownPart {
    Timers,
    Variable { at: usize, kind: VariableKind, has_ttl: bool, collections: Collections },
}

impl VariableReader {
    /// Of a processor's table whose values have these variables, or else those that it tells. `None`
    /// where none is called so.
    pub fn new(
        table: &TableEntry,
        variables: Option<Fields>,
        part: &ProcessorPart,
        collections: Collections,
        partitions: u64,
    ) -> Result<Option<Self>> {
        let (table, variables) = StateTableReader::of_processor(table, variables, partitions)?;
        let (part, columns) = match part {
            ProcessorPart::Timers => (ShownPart::Timers, vec![nullable("expiration_timestamp_ms", DataType::Int64)]),
            ProcessorPart::Variable(name) => {
                let Some((at, variable)) = variables.find(name) else { return Ok(None) };
                let kind = VariableKind::of(variable.data_type());
                let has_ttl = metadata(variable, "ttl").is_some();
                let part = ShownPart::Variable { at, kind, has_ttl, collections };
                (part, columns_of(variable.data_type(), kind, has_ttl, collections)?)
            }
        };
        let own = &table.schema().fields();
        let fields: Vec<_> = std::iter::once(Arc::clone(&own[0]))
            .chain(columns.into_iter().map(Arc::new))
            .chain([Arc::clone(&own[2])])
            .collect();
        Ok(Some(Self { table, part, schema: Arc::new(Schema::new(fields)) }))
    }
}

impl EntryRows for VariableReader {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn columns(&self, keys: &[&[u8]], values: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        let columns = self.table.columns(keys, values)?;
        let [key, value, ids] = columns.as_slice() else { return Err(Error::internal("three columns of a table")) };
        let groups = value.as_struct();
        let (owners, shown) = match self.part {
            ShownPart::Timers => {
                let (owners, times) = elements(groups.column(1).as_list())?;
                (owners, vec![times])
            }
            ShownPart::Variable { at, kind, has_ttl, collections } => {
                let variable = groups.column(0).as_struct().column(at);
                match (kind, collections) {
                    (VariableKind::Value, _) => {
                        let there = rows_of(variable);
                        let entries = take(variable, &there, None)?;
                        (there, vec![with_ttl(entries.as_struct(), has_ttl)?])
                    }
                    (VariableKind::List, Collections::Flat) => {
                        let (owners, entries) = elements(variable.as_list())?;
                        (owners, vec![with_ttl(entries.as_struct(), has_ttl)?])
                    }
                    (VariableKind::Map, Collections::Flat) => {
                        let (owners, entries) = elements(variable.as_list())?;
                        let entries = entries.as_struct();
                        (owners, vec![field(entries, "key")?, with_ttl(entries, has_ttl)?])
                    }
                    (_, Collections::Whole) => {
                        let there = rows_of(variable);
                        let lists = take(variable, &there, None)?;
                        (there, vec![whole(lists.as_list(), self.schema.field(1).data_type(), has_ttl)?])
                    }
                }
            }
        };
        let mut columns = vec![take(key, &owners, None)?];
        columns.extend(shown);
        columns.push(take(ids, &owners, None)?);
        Ok(columns)
    }
}

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// A value of this type beside its expiry.
fn ttl_fields(value: &DataType) -> Fields {
    vec![nullable("value", value.clone()), nullable("ttlExpirationMs", DataType::Int64)].into()
}

/// The columns of a variable that is kept as `kept`.
fn columns_of(kept: &DataType, kind: VariableKind, has_ttl: bool, collections: Collections) -> Result<Vec<Field>> {
    let entry = match kept {
        DataType::List(entry) => entry.data_type(),
        other => other,
    };
    let part = |name: &str| match entry {
        DataType::Struct(fields) => fields.find(name).map(|(_, field)| field.data_type().clone()),
        _ => None,
    };
    let missing = || Error::internal("a variable without its value");
    let value = part("value").ok_or_else(missing)?;
    let value = if has_ttl { DataType::Struct(ttl_fields(&value)) } else { value };
    Ok(match (kind, collections) {
        (VariableKind::Value, _) => vec![nullable("value", value)],
        (VariableKind::List, Collections::Flat) => vec![nullable("list_element", value)],
        (VariableKind::List, Collections::Whole) => vec![nullable("list_value", crate::types::array(value, true))],
        (VariableKind::Map, Collections::Flat) => {
            vec![nullable("user_map_key", part("key").ok_or_else(missing)?), nullable("user_map_value", value)]
        }
        (VariableKind::Map, Collections::Whole) => {
            vec![nullable("map_value", map(part("key").ok_or_else(missing)?, value, true))]
        }
    })
}

/// The elements of lists, and of each the row of its list.
fn elements(lists: &ListArray) -> Result<(UInt32Array, ArrayRef)> {
    let (mut owners, mut places) = (Vec::new(), Vec::new());
    for row in (0..lists.len()).filter(|row| lists.is_valid(*row)) {
        let range = lists.value_offsets()[row] as u32..lists.value_offsets()[row + 1] as u32;
        owners.extend(range.clone().map(|_| row as u32));
        places.extend(range);
    }
    let places: UInt32Array = places.into();
    Ok((owners.into(), take(lists.values(), &places, None)?))
}

/// The rows that have something.
fn rows_of(column: &ArrayRef) -> UInt32Array {
    let empty = |row: usize| column.as_list_opt::<i32>().is_some_and(|lists| lists.value_length(row) == 0);
    (0..column.len()).filter(|row| column.is_valid(*row) && !empty(*row)).map(|row| row as u32).collect()
}

fn field(entries: &StructArray, name: &str) -> Result<ArrayRef> {
    entries.column_by_name(name).map(Arc::clone).ok_or_else(|| Error::internal("an entry of a variable"))
}

/// The values of entries, beside their expiry if they have one.
fn with_ttl(entries: &StructArray, has_ttl: bool) -> Result<ArrayRef> {
    let value = field(entries, "value")?;
    if !has_ttl {
        return Ok(value);
    }
    let fields = ttl_fields(value.data_type());
    Ok(Arc::new(StructArray::try_new(fields, vec![value, field(entries, "expiry")?], None)?))
}

/// Lists of entries as lists or maps of this type.
fn whole(lists: &ListArray, shown: &DataType, has_ttl: bool) -> Result<ArrayRef> {
    let (entries, offsets): (&StructArray, OffsetBuffer<i32>) = (lists.values().as_struct(), lists.offsets().clone());
    let values = with_ttl(entries, has_ttl)?;
    match shown {
        DataType::List(element) => Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, None)?)),
        DataType::Map(pair, sorted) => {
            let DataType::Struct(fields) = pair.data_type() else { return Err(Error::internal("a map of no pairs")) };
            let pairs = StructArray::try_new(fields.clone(), vec![field(entries, "key")?, values], None)?;
            Ok(Arc::new(MapArray::try_new(Arc::clone(pair), offsets, pairs, None, *sorted)?))
        }
        other => Err(Error::internal(format!("a variable shown as {other}"))),
    }
}
