//! Rows of keys and values as bytes: Spark's `UnsafeRow`, written column by column.
//!
//! ```text
//! key ("bb")                 00 00 00 00 00 00 00 00 | 02 00 00 00 10 00 00 00 | 62 62 00 00 00 00 00 00
//!                            bits of the nulls         size, offset              the text, padded
//! ```
//!
//! A row of n fields begins with the bits of its nulls, in words of eight bytes. Each field has one
//! word: its value, or `offset << 32 | size` of what lies behind the words. The offset counts from
//! the beginning of the row. What lies behind is padded with zeros to whole words. All numbers are
//! little-endian.
//!
//! | type | its word, or what lies behind |
//! |---|---|
//! | boolean, numbers, dates, times, intervals | the value in the low bytes of the word, zeros above |
//! | decimal of up to 18 digits | the unscaled value |
//! | decimal of more digits | the unscaled value, big-endian, as short as it can be, in 16 bytes |
//! | string, binary | its bytes |
//! | struct | a row |
//! | array | its length, the bits of its nulls, its elements side by side, what lies behind those |
//! | map | the bytes of the array of keys, that array, the array of values |
//!
//! Columns to rows is `encode`, rows to columns `decode`.
//!
//! Equal values have equal bytes if floats are normalized. So bytes serve as keys. The form is
//! Spark's, down to the bytes, for every type that Spark has. Types that only Arrow has follow it:
//! unsigned numbers as words, decimals above 38 digits as 32 bytes.

mod decode;
mod encode;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, IntervalUnit, Schema, TimeUnit};

use crate::error::{Error, Result};
use crate::types::map_fields;

/// The types of a row's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFormat {
    types: Vec<DataType>,
}

/// Rows as bytes, one after the other.
#[derive(Clone, Debug, Default)]
pub struct RowBytes {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl RowBytes {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn row(&self, i: usize) -> &[u8] {
        let from = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.bytes[from..self.ends[i]]
    }
}

impl RowFormat {
    /// Rows of fields of these types. A type that no row can hold is an error that names it.
    pub fn new(types: Vec<DataType>) -> Result<Self> {
        types.iter().try_for_each(check)?;
        Ok(Self { types })
    }

    /// Rows of a schema's fields.
    pub fn of(schema: &Schema) -> Result<Self> {
        Self::new(schema.fields().iter().map(|field| field.data_type().clone()).collect())
    }

    pub fn types(&self) -> &[DataType] {
        &self.types
    }

    /// The rows of `columns`, one for each type, all of them `rows` long.
    pub fn encode(&self, columns: &[ArrayRef], rows: usize) -> Result<RowBytes> {
        encode::rows(columns, rows)
    }

    /// The columns of rows. Bytes that are no row of these types are an error.
    pub fn decode(&self, rows: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        let field = |(at, data_type)| decode::field(rows, at, self.types.len(), data_type);
        self.types.iter().enumerate().map(field).collect()
    }
}

fn check(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::List(element) => check(element.data_type()),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check(field.data_type())),
        DataType::Map(..) => match map_fields(data_type) {
            Some((key, value)) => check(key.data_type()).and_then(|()| check(value.data_type())),
            None => Err(Error::internal("a map without entries")),
        },
        DataType::Utf8 | DataType::Binary | DataType::Decimal128(..) | DataType::Decimal256(..) => Ok(()),
        other if width(other).is_some() => Ok(()),
        other => Err(Error::unsupported(format!(
            "a value of type {} cannot be kept as state",
            crate::types::simple_name(other)
        ))),
    }
}

/// The bytes that a value has as an element of an array, if it fits into a word.
fn width(data_type: &DataType) -> Option<usize> {
    Some(match data_type {
        DataType::Null | DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1,
        DataType::Int16 | DataType::UInt16 => 2,
        DataType::Int32 | DataType::UInt32 | DataType::Float32 | DataType::Date32 => 4,
        DataType::Interval(IntervalUnit::YearMonth) => 4,
        DataType::Int64 | DataType::UInt64 | DataType::Float64 => 8,
        DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Duration(TimeUnit::Microsecond) => 8,
        DataType::Time64(TimeUnit::Microsecond | TimeUnit::Nanosecond) => 8,
        DataType::Decimal128(digits, _) if *digits <= LONG_DIGITS => 8,
        _ => return None,
    })
}

/// Decimals of up to this many digits fit into a word.
const LONG_DIGITS: u8 = 18;
/// The bytes that a row sets aside for a decimal that does not fit into a word.
const DECIMAL_BYTES: usize = 16;

fn padded(len: usize) -> usize {
    len.next_multiple_of(8)
}

/// The words that hold a bit for each of `count` values.
fn bit_words(count: usize) -> usize {
    count.div_ceil(64) * 8
}
