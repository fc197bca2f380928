//! Columns to rows.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Decimal256Array, OffsetSizeTrait, StringArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::{DECIMAL_BYTES, LONG_DIGITS, RowBytes, bit_words, padded, width};
use crate::error::{Error, Result};

/// A column, ready to be written value by value.
struct RowCells<'a> {
    nulls: Option<&'a NullBuffer>,
    values: CellValues<'a>,
}

enum CellValues<'a> {
    /// The value's word, and its bytes as an element of an array.
    Words(Vec<u64>, usize),
    Texts(&'a StringArray),
    Binaries(&'a BinaryArray),
    /// Decimals of more than 18 digits.
    Wide(Vec<i128>),
    /// Rows, arrays or maps.
    Nested(RowBytes),
    Nothing,
}

impl<'a> RowCells<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        macro_rules! words {
            ($type:ty, $bits:ty) => {
                array.as_primitive::<$type>().values().iter().map(|value| u64::from(*value as $bits)).collect()
            };
        }
        let words = |words: Vec<u64>| match width(array.data_type()) {
            Some(width) => CellValues::Words(words, width),
            None => CellValues::Nothing,
        };
        let values = match array.data_type() {
            DataType::Null => CellValues::Nothing,
            DataType::Boolean => words(array.as_boolean().values().iter().map(u64::from).collect()),
            DataType::Int8 => words(words!(Int8Type, u8)),
            DataType::Int16 => words(words!(Int16Type, u16)),
            DataType::Int32 => words(words!(Int32Type, u32)),
            DataType::Int64 => words(words!(Int64Type, u64)),
            DataType::UInt8 => words(words!(UInt8Type, u8)),
            DataType::UInt16 => words(words!(UInt16Type, u16)),
            DataType::UInt32 => words(words!(UInt32Type, u32)),
            DataType::UInt64 => words(words!(UInt64Type, u64)),
            DataType::Float32 => {
                words(array.as_primitive::<Float32Type>().values().iter().map(|v| u64::from(v.to_bits())).collect())
            }
            DataType::Float64 => {
                words(array.as_primitive::<Float64Type>().values().iter().map(|v| v.to_bits()).collect())
            }
            DataType::Date32 => words(words!(Date32Type, u32)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => words(words!(TimestampMicrosecondType, u64)),
            DataType::Duration(TimeUnit::Microsecond) => words(words!(DurationMicrosecondType, u64)),
            DataType::Time64(TimeUnit::Microsecond) => words(words!(Time64MicrosecondType, u64)),
            DataType::Time64(TimeUnit::Nanosecond) => words(words!(Time64NanosecondType, u64)),
            DataType::Interval(IntervalUnit::YearMonth) => words(words!(IntervalYearMonthType, u32)),
            DataType::Decimal128(digits, _) if *digits <= LONG_DIGITS => words(words!(Decimal128Type, u64)),
            DataType::Decimal128(..) => CellValues::Wide(array.as_primitive::<Decimal128Type>().values().to_vec()),
            DataType::Decimal256(..) => CellValues::Nested(wider(array)?),
            DataType::Utf8 => CellValues::Texts(array.as_string()),
            DataType::Binary => CellValues::Binaries(array.as_binary()),
            DataType::Struct(_) => CellValues::Nested(rows(array.as_struct().columns(), array.len())?),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                CellValues::Nested(arrays(list.offsets(), list.values())?)
            }
            DataType::Map(..) => CellValues::Nested(maps(array)?),
            other => return Err(Error::internal(format!("a {other} as state"))),
        };
        Ok(Self { nulls: array.nulls(), values })
    }

    fn is_null(&self, i: usize) -> bool {
        matches!(self.values, CellValues::Nothing) || self.nulls.is_some_and(|nulls| nulls.is_null(i))
    }

    /// The bytes of a value that does not fit into a word.
    fn bytes(&self, i: usize) -> Option<&[u8]> {
        match &self.values {
            CellValues::Texts(texts) => Some(texts.value(i).as_bytes()),
            CellValues::Binaries(binaries) => Some(binaries.value(i)),
            CellValues::Nested(nested) => Some(nested.row(i)),
            CellValues::Words(..) | CellValues::Wide(_) | CellValues::Nothing => None,
        }
    }

    /// Adds to each row's length what it has behind its words.
    fn add_lengths(&self, lengths: &mut [usize]) {
        match &self.values {
            CellValues::Words(..) | CellValues::Nothing => {}
            // Set aside for a null, too.
            CellValues::Wide(_) => lengths.iter_mut().for_each(|length| *length += DECIMAL_BYTES),
            _ => {
                for (i, length) in lengths.iter_mut().enumerate() {
                    if !self.is_null(i) {
                        *length += padded(self.bytes(i).map_or(0, <[u8]>::len));
                    }
                }
            }
        }
    }

    /// The bytes behind the words of an array's element.
    fn behind(&self, i: usize) -> usize {
        match &self.values {
            _ if self.is_null(i) => 0,
            CellValues::Wide(decimals) => padded(shortest(&decimals[i].to_be_bytes()).len()),
            _ => padded(self.bytes(i).map_or(0, <[u8]>::len)),
        }
    }

    /// The bytes that one value has among the elements of an array.
    fn width(&self) -> usize {
        match self.values {
            CellValues::Words(_, width) => width,
            CellValues::Nothing => 1,
            _ => 8,
        }
    }
}

/// `offset << 32 | size`.
fn place(offset: usize, size: usize) -> Result<u64> {
    let number = |number: usize| {
        u32::try_from(number).ok().filter(|number| *number <= i32::MAX as u32).map(u64::from).ok_or_else(|| {
            Error::unsupported(format!(
                "a row of state has {number} bytes, and 2147483647 is the most that it may have"
            ))
        })
    };
    Ok(number(offset)? << 32 | number(size)?)
}

/// A big-endian number without the leading bytes that say nothing.
fn shortest(bytes: &[u8]) -> &[u8] {
    let mut from = 0;
    while from + 1 < bytes.len() {
        let sign = if bytes[from + 1] & 0x80 == 0 { 0 } else { 0xff };
        if bytes[from] != sign {
            break;
        }
        from += 1;
    }
    &bytes[from..]
}

fn set_word(bytes: &mut [u8], at: usize, word: u64) {
    bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
}

/// The rows of columns, `count` of them.
pub fn rows(columns: &[ArrayRef], count: usize) -> Result<RowBytes> {
    let cells = columns.iter().map(RowCells::of).collect::<Result<Vec<_>>>()?;
    let bits = bit_words(cells.len());
    let words = bits + 8 * cells.len();
    let mut lengths = vec![words; count];
    cells.iter().for_each(|column| column.add_lengths(&mut lengths));
    let mut total = 0;
    let begins: Vec<usize> = lengths
        .iter()
        .map(|length| {
            total += length;
            total - length
        })
        .collect();
    let mut bytes = vec![0; total];
    // Where the next value behind the words goes, from the row's beginning.
    let mut cursors = vec![words; count];
    for (at, column) in cells.iter().enumerate() {
        let (bit, word) = (at / 8, bits + 8 * at);
        for (i, begin) in begins.iter().enumerate() {
            let row = &mut bytes[*begin..];
            let null = column.is_null(i);
            if null {
                row[bit] |= 1 << (at % 8);
            }
            match &column.values {
                CellValues::Wide(decimals) => {
                    let cursor = cursors[i];
                    cursors[i] += DECIMAL_BYTES;
                    let number = decimals[i].to_be_bytes();
                    let number = if null { &[] } else { shortest(&number) };
                    row[cursor..cursor + number.len()].copy_from_slice(number);
                    set_word(row, word, place(cursor, number.len())?);
                }
                _ if null => {}
                CellValues::Words(values, _) => set_word(row, word, values[i]),
                _ => {
                    let value = column.bytes(i).unwrap_or_default();
                    let cursor = cursors[i];
                    row[cursor..cursor + value.len()].copy_from_slice(value);
                    cursors[i] += padded(value.len());
                    set_word(row, word, place(cursor, value.len())?);
                }
            }
        }
    }
    let ends = begins.iter().zip(&lengths).map(|(begin, length)| begin + length).collect();
    Ok(RowBytes { bytes, ends })
}

/// Lists as Spark's arrays, one for each range of `offsets`.
fn arrays<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>, elements: &ArrayRef) -> Result<RowBytes> {
    let cells = RowCells::of(elements)?;
    let mut found = RowBytes::default();
    for range in offsets.windows(2) {
        let (from, to) = (range[0].as_usize(), range[1].as_usize());
        let count = to - from;
        let (bits, fixed) = (8 + bit_words(count), padded(count * cells.width()));
        let behind: usize = (from..to).map(|i| cells.behind(i)).sum();
        let begin = found.bytes.len();
        found.bytes.resize(begin + bits + fixed + behind, 0);
        let array = &mut found.bytes[begin..];
        set_word(array, 0, count as u64);
        let mut cursor = bits + fixed;
        for (at, i) in (from..to).enumerate() {
            let word = bits + at * cells.width();
            if cells.is_null(i) {
                array[8 + at / 8] |= 1 << (at % 8);
                continue;
            }
            match &cells.values {
                CellValues::Words(values, width) => {
                    array[word..word + width].copy_from_slice(&values[i].to_le_bytes()[..*width]);
                }
                CellValues::Wide(decimals) => {
                    let number = decimals[i].to_be_bytes();
                    let number = shortest(&number);
                    array[cursor..cursor + number.len()].copy_from_slice(number);
                    set_word(array, word, place(cursor, number.len())?);
                    cursor += padded(number.len());
                }
                _ => {
                    let value = cells.bytes(i).unwrap_or_default();
                    array[cursor..cursor + value.len()].copy_from_slice(value);
                    set_word(array, word, place(cursor, value.len())?);
                    cursor += padded(value.len());
                }
            }
        }
        found.ends.push(found.bytes.len());
    }
    Ok(found)
}

/// Maps: the bytes of the array of keys, that array, the array of values.
fn maps(array: &ArrayRef) -> Result<RowBytes> {
    let map = array.as_map();
    let (keys, values) = (arrays(map.offsets(), map.keys())?, arrays(map.offsets(), map.values())?);
    let mut found = RowBytes::default();
    for i in 0..map.len() {
        found.bytes.extend((keys.row(i).len() as u64).to_le_bytes());
        found.bytes.extend(keys.row(i));
        found.bytes.extend(values.row(i));
        found.ends.push(found.bytes.len());
    }
    Ok(found)
}

/// Decimals of more than 38 digits: 32 bytes, big-endian.
fn wider(array: &ArrayRef) -> Result<RowBytes> {
    let decimals = array.as_any().downcast_ref::<Decimal256Array>().ok_or_else(|| Error::internal("a decimal"))?;
    let mut found = RowBytes::default();
    for value in decimals.values() {
        found.bytes.extend(value.to_be_bytes());
        found.ends.push(found.bytes.len());
    }
    Ok(found)
}
