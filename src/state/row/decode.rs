//! Rows to columns.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal256Array, ListArray, MapArray, NullArray,
    PrimitiveArray, StringArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, IntervalUnit, IntervalYearMonthType, Time64MicrosecondType, Time64NanosecondType, TimeUnit,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};

use super::{LONG_DIGITS, bit_words, padded, width};
use crate::error::{Error, ErrorKind, Result};
use crate::types::map_fields;

/// A value as it lies in a row or in an array.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Null,
    Word(u64),
    Bytes(&'a [u8]),
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Checkpoint, format!("a row of state is damaged: {what}"))
}

fn word(bytes: &[u8], at: usize) -> Result<u64> {
    let word = at.checked_add(8).and_then(|to| bytes.get(at..to)).ok_or_else(|| damaged("it ends too early"))?;
    Ok(u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]))
}

fn size(word: u64) -> Result<usize> {
    usize::try_from(word).map_err(|_| damaged("a size is too large"))
}

/// What `offset << 32 | size` means in `bytes`.
fn behind(bytes: &[u8], word: u64) -> Result<&[u8]> {
    let (from, len) = (size(word >> 32)?, size(word & 0xffff_ffff)?);
    let found = from.checked_add(len).and_then(|to| bytes.get(from..to));
    found.ok_or_else(|| damaged(&format!("{len} bytes at {from} are asked for, and it has {}", bytes.len())))
}

fn is_set(bits: &[u8], at: usize) -> Result<bool> {
    bits.get(at / 8).map(|byte| byte >> (at % 8) & 1 == 1).ok_or_else(|| damaged("it ends too early"))
}

/// The column of the field `at` of `count`.
pub fn field(rows: &[&[u8]], at: usize, count: usize, data_type: &DataType) -> Result<ArrayRef> {
    let here = bit_words(count) + 8 * at;
    let is_word = width(data_type).is_some();
    let mut cells = Vec::with_capacity(rows.len());
    for row in rows {
        cells.push(if is_set(row, at)? {
            Cell::Null
        } else {
            let word = word(row, here)?;
            if is_word { Cell::Word(word) } else { Cell::Bytes(behind(row, word)?) }
        });
    }
    array(data_type, &cells)
}

/// The elements of one of Spark's arrays.
fn elements<'a>(bytes: &'a [u8], data_type: &DataType, found: &mut Vec<Cell<'a>>) -> Result<usize> {
    let count = size(word(bytes, 0)?)?;
    // Each element has a bit at least.
    if count / 8 > bytes.len() {
        return Err(damaged(&format!("an array of {count} elements has {} bytes", bytes.len())));
    }
    let begin = 8 + bit_words(count);
    let bits = &bytes[8.min(bytes.len())..];
    let own = width(data_type);
    let step = own.unwrap_or(8);
    let fixed = begin.checked_add(padded(count.saturating_mul(step)));
    if fixed.is_none_or(|fixed| fixed > bytes.len()) {
        return Err(damaged(&format!("an array of {count} elements has {} bytes", bytes.len())));
    }
    for at in 0..count {
        let here = begin + at * step;
        found.push(if is_set(bits, at)? {
            Cell::Null
        } else if own.is_some() {
            let low = &bytes[here..here + step];
            Cell::Word(low.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
        } else {
            Cell::Bytes(behind(bytes, word(bytes, here)?)?)
        });
    }
    Ok(count)
}

fn primitive<T: ArrowPrimitiveType>(
    cells: &[Cell<'_>],
    data_type: &DataType,
    of: impl Fn(u64) -> T::Native,
) -> ArrayRef {
    let value = |cell: &Cell<'_>| match cell {
        Cell::Word(word) => Some(of(*word)),
        _ => None,
    };
    let array: PrimitiveArray<T> = cells.iter().map(value).collect();
    Arc::new(array.with_data_type(data_type.clone()))
}

fn bytes_of<'a>(cell: &Cell<'a>) -> Option<&'a [u8]> {
    match cell {
        Cell::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn nulls(cells: &[Cell<'_>]) -> NullBuffer {
    cells.iter().map(|cell| !matches!(cell, Cell::Null)).collect()
}

/// A number as wide as `N` bytes out of a shorter big-endian one.
fn widened<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    if bytes.is_empty() || bytes.len() > N {
        return Err(damaged(&format!("a decimal of {} bytes", bytes.len())));
    }
    let mut wide = [if bytes[0] & 0x80 == 0 { 0 } else { 0xff }; N];
    wide[N - bytes.len()..].copy_from_slice(bytes);
    Ok(wide)
}

fn array(data_type: &DataType, cells: &[Cell<'_>]) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Null => Arc::new(NullArray::new(cells.len())),
        DataType::Boolean => {
            let value = |cell: &Cell<'_>| match cell {
                Cell::Word(word) => Some(*word != 0),
                _ => None,
            };
            Arc::new(cells.iter().map(value).collect::<BooleanArray>())
        }
        DataType::Int8 => primitive::<Int8Type>(cells, data_type, |word| word as i8),
        DataType::Int16 => primitive::<Int16Type>(cells, data_type, |word| word as i16),
        DataType::Int32 => primitive::<Int32Type>(cells, data_type, |word| word as i32),
        DataType::Int64 => primitive::<Int64Type>(cells, data_type, |word| word as i64),
        DataType::UInt8 => primitive::<UInt8Type>(cells, data_type, |word| word as u8),
        DataType::UInt16 => primitive::<UInt16Type>(cells, data_type, |word| word as u16),
        DataType::UInt32 => primitive::<UInt32Type>(cells, data_type, |word| word as u32),
        DataType::UInt64 => primitive::<UInt64Type>(cells, data_type, |word| word),
        DataType::Float32 => primitive::<Float32Type>(cells, data_type, |word| f32::from_bits(word as u32)),
        DataType::Float64 => primitive::<Float64Type>(cells, data_type, f64::from_bits),
        DataType::Date32 => primitive::<Date32Type>(cells, data_type, |word| word as i32),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitive::<TimestampMicrosecondType>(cells, data_type, |word| word as i64)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            primitive::<DurationMicrosecondType>(cells, data_type, |word| word as i64)
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            primitive::<Time64MicrosecondType>(cells, data_type, |word| word as i64)
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            primitive::<Time64NanosecondType>(cells, data_type, |word| word as i64)
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitive::<IntervalYearMonthType>(cells, data_type, |word| word as i32)
        }
        DataType::Decimal128(digits, _) if *digits <= LONG_DIGITS => {
            primitive::<Decimal128Type>(cells, data_type, |word| i128::from(word as i64))
        }
        DataType::Decimal128(..) => {
            let value = |cell| bytes_of(cell).map(|bytes| Ok(i128::from_be_bytes(widened(bytes)?))).transpose();
            let array = cells.iter().map(value).collect::<Result<PrimitiveArray<Decimal128Type>>>()?;
            Arc::new(array.with_data_type(data_type.clone()))
        }
        DataType::Decimal256(..) => {
            let value = |cell| bytes_of(cell).map(|bytes| Ok(i256::from_be_bytes(widened(bytes)?))).transpose();
            let array = cells.iter().map(value).collect::<Result<Decimal256Array>>()?;
            Arc::new(array.with_data_type(data_type.clone()))
        }
        DataType::Utf8 => {
            let text = |bytes| std::str::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"));
            let texts = cells.iter().map(|cell| bytes_of(cell).map(text).transpose());
            Arc::new(texts.collect::<Result<StringArray>>()?)
        }
        DataType::Binary => Arc::new(cells.iter().map(bytes_of).collect::<BinaryArray>()),
        DataType::Struct(fields) => {
            let empty = vec![0; bit_words(fields.len()) + 8 * fields.len()];
            let empty = nothing(empty, fields.len());
            let rows: Vec<&[u8]> = cells.iter().map(|cell| bytes_of(cell).unwrap_or(&empty)).collect();
            let columns = fields.iter().enumerate().map(|(at, it)| field(&rows, at, fields.len(), it.data_type()));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, Some(nulls(cells)), cells.len())?)
        }
        DataType::List(element) => {
            let (mut items, mut lengths) = (Vec::new(), Vec::with_capacity(cells.len()));
            for cell in cells {
                lengths.push(match bytes_of(cell) {
                    Some(bytes) => elements(bytes, element.data_type(), &mut items)?,
                    None => 0,
                });
            }
            let items = array(element.data_type(), &items)?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::try_new(Arc::clone(element), offsets, items, Some(nulls(cells)))?)
        }
        DataType::Map(entries, sorted) => {
            let (key, value) = map_fields(data_type).ok_or_else(|| Error::internal("a map without entries"))?;
            let (mut keys, mut values, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(cells.len()));
            for cell in cells {
                let Some(bytes) = bytes_of(cell) else {
                    lengths.push(0);
                    continue;
                };
                let to = size(word(bytes, 0)?)?.checked_add(8).filter(|to| *to <= bytes.len());
                let to = to.ok_or_else(|| damaged("a map ends too early"))?;
                let count = elements(&bytes[8..to], key.data_type(), &mut keys)?;
                if elements(&bytes[to..], value.data_type(), &mut values)? != count {
                    return Err(damaged("a map has another number of keys than of values"));
                }
                lengths.push(count);
            }
            let columns = vec![array(key.data_type(), &keys)?, array(value.data_type(), &values)?];
            let DataType::Struct(fields) = entries.data_type() else { return Err(Error::internal("a map's entries")) };
            let items = StructArray::try_new_with_length(fields.clone(), columns, None, keys.len())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, items, Some(nulls(cells)), *sorted)?)
        }
        other => return Err(Error::internal(format!("a {other} as state"))),
    })
}

/// A row of nulls.
fn nothing(mut row: Vec<u8>, fields: usize) -> Vec<u8> {
    for at in 0..fields {
        row[at / 8] |= 1 << (at % 8);
    }
    row
}
