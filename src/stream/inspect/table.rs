//! One table of an operator, as `operators.json` describes it: its entries as columns.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};

use crate::checkpoint::operators::TableEntry;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::functions::hash::row_hashes;
use crate::plan::operators::stateful::KeyLayout;
use crate::state::prefix::{PREFIX, TIME, spark_partition};
use crate::state::row::RowFormat;
use crate::types::type_json::schema_from_json;

/// The bytes of a batch and of a row's number.
const NUMBER: usize = 12;
/// The bytes of a chunk's number.
const CHUNK: usize = 8;

/// Where the row lies in a key.
#[derive(Clone, Copy, Debug)]
struct KeyShape {
    before: usize,
    after: usize,
    /// The time after the row is that of a session's start, which the value has too.
    session: bool,
}

impl KeyShape {
    fn of(table: &TableEntry) -> Result<Self> {
        let rows = Self { before: PREFIX, after: 0, session: false };
        match KeyLayout::of(&table.layout) {
            Some(KeyLayout::Row) => Ok(rows),
            Some(KeyLayout::TimeRow) => Ok(Self { before: PREFIX + TIME, ..rows }),
            Some(KeyLayout::RowTime) => Ok(Self { after: TIME, session: true, ..rows }),
            Some(KeyLayout::RowTimeNumber) => Ok(Self { after: TIME + NUMBER, ..rows }),
            Some(KeyLayout::RowChunk) => Ok(Self { after: CHUNK, ..rows }),
            Some(KeyLayout::TimeRowChunk) => Ok(Self { before: PREFIX + TIME, after: CHUNK, ..rows }),
            None => Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "the table '{}' has keys of the layout '{}', which this version does not know",
                    table.name, table.layout
                ),
            )),
        }
    }

    fn row<'a>(&self, key: &'a [u8]) -> Result<&'a [u8]> {
        let end = key.len().saturating_sub(self.after);
        key.get(self.before..end).ok_or_else(|| Error::internal("a key of state without its row"))
    }
}

/// What shows entries as rows. The last column is `partition_id`.
pub trait EntryRows: Debug + Send + Sync {
    fn schema(&self) -> &SchemaRef;

    /// The columns of entries.
    fn columns(&self, keys: &[&[u8]], values: &[&[u8]]) -> Result<Vec<ArrayRef>>;
}

/// What shows the entries of a table, each in a row.
#[derive(Debug)]
pub struct StateTableReader {
    shape: KeyShape,
    key_rows: RowFormat,
    value_rows: RowFormat,
    /// `key`, `value` and `partition_id`.
    schema: SchemaRef,
    /// 0 where every key is in the first one.
    partitions: usize,
}

impl StateTableReader {
    /// `one` says that Spark keeps the operator's rows in one partition, whatever their keys.
    pub fn new(table: &TableEntry, partitions: u64, one: bool) -> Result<Self> {
        Self::with_values(table, schema_from_json(&table.value.to_string())?.as_ref(), partitions, one)
    }

    /// Of the table of a processor, whose values have these variables, or else those that it tells.
    pub fn of_processor(table: &TableEntry, variables: Option<Fields>, partitions: u64) -> Result<(Self, Fields)> {
        let value = schema_from_json(&table.value.to_string())?;
        let Some((first, rest)) = value.fields().split_first() else {
            return Err(Error::internal("a processor that keeps nothing"));
        };
        let variables = match (variables, first.data_type()) {
            (Some(variables), _) => variables,
            (None, DataType::Struct(variables)) => variables.clone(),
            (None, _) => return Err(Error::internal("a processor without variables")),
        };
        let own = first.as_ref().clone().with_data_type(DataType::Struct(variables.clone()));
        let fields: Vec<_> = std::iter::once(Arc::new(own)).chain(rest.iter().map(Arc::clone)).collect();
        Ok((Self::with_values(table, &Schema::new(fields), partitions, false)?, variables))
    }

    fn with_values(table: &TableEntry, value: &Schema, partitions: u64, one: bool) -> Result<Self> {
        let shape = KeyShape::of(table)?;
        let key = schema_from_json(&table.key.to_string())?;
        let (key_rows, value_rows) = (RowFormat::of(&key)?, RowFormat::of(value)?);
        let (mut shown_key, mut shown_value) = (key.fields().to_vec(), value.fields().to_vec());
        if shape.session {
            let start = start_of(value)?;
            shown_value.splice(1..1, shown_key.clone());
            shown_key.push(Arc::new(Field::new("sessionStartTime", start.data_type().clone(), true)));
        }
        let of = |name: &str, fields: Vec<FieldRef>| Field::new(name, DataType::Struct(fields.into()), true);
        let schema = Arc::new(Schema::new(vec![
            of("key", shown_key),
            of("value", shown_value),
            Field::new("partition_id", DataType::Int32, true),
        ]));
        let single = one || key.fields().is_empty();
        let partitions = if single { 0 } else { usize::try_from(partitions).unwrap_or(usize::MAX) };
        Ok(Self { shape, key_rows, value_rows, schema, partitions })
    }
}

impl EntryRows for StateTableReader {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn columns(&self, keys: &[&[u8]], values: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        let rows = keys.iter().map(|key| self.shape.row(key)).collect::<Result<Vec<_>>>()?;
        let mut key = self.key_rows.decode(&rows)?;
        let mut value = self.value_rows.decode(values)?;
        let ids: Vec<i32> = match self.partitions {
            0 => vec![0; keys.len()],
            // Fits: Spark's number of partitions is an int.
            partitions => {
                row_hashes(&key, keys.len())?.into_iter().map(|hash| spark_partition(hash, partitions) as i32).collect()
            }
        };
        if self.shape.session {
            let start = value[0].as_struct().column(0);
            let own: Vec<_> = key.iter().map(Arc::clone).collect();
            key.push(Arc::clone(start));
            value.splice(1..1, own);
        }
        let of = |at: usize, columns: Vec<ArrayRef>| -> Result<ArrayRef> {
            let DataType::Struct(fields) = self.schema.field(at).data_type() else {
                return Err(Error::internal("a key of state that is no struct"));
            };
            Ok(Arc::new(StructArray::try_new_with_length(Fields::clone(fields), columns, None, keys.len())?))
        };
        Ok(vec![of(0, key)?, of(1, value)?, Arc::new(Int32Array::from(ids))])
    }
}

/// The field of a session's start, in the schema of its values.
fn start_of(value: &Schema) -> Result<FieldRef> {
    match value.fields().first().map(|field| field.data_type()) {
        Some(DataType::Struct(session)) if !session.is_empty() => Ok(Arc::clone(&session[0])),
        _ => Err(Error::internal("a session without its window")),
    }
}
