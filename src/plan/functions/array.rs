//! Arrays. Most of these functions choose elements of each row's array, so they make indices and `take` once.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef};

use super::args::{count, unexpected, unified};
use super::kernels::safe_kernel;
use super::{CallContext, Typed};
use crate::error::{Error, Result};

pub const TABLE: super::Table = &[];

/// The element's field of an array type.
pub fn element(context: &CallContext<'_>, argument: &Typed, at: usize) -> Result<FieldRef> {
    match &argument.data_type {
        DataType::List(element) => Ok(Arc::clone(element)),
        found => Err(unexpected(context, at, "\"ARRAY\"", found)),
    }
}

/// A list array of elements chosen by index from `values`, row by row.
pub fn choose(
    field: &FieldRef, values: &ArrayRef, rows: usize, nulls: Option<NullBuffer>, mut indices: impl FnMut(usize, &mut Vec<Option<u32>>),
) -> Result<ArrayRef> {
    let mut picks = Vec::new();
    let mut lengths = Vec::with_capacity(rows);
    for row in 0..rows {
        let before = picks.len();
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            indices(row, &mut picks);
        }
        lengths.push(picks.len() - before);
    }
    let values = take(values, &UInt32Array::from(picks), None)?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

/// Where a row's elements lie in the values.
pub fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offsets = list.value_offsets();
    offsets[row] as usize..offsets[row + 1] as usize
}

/// Arrays one after the other; null if one is.
pub fn concat(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let arguments = unified(context, arguments)?;
    let field = element(context, &arguments[0], 0)?;
    let (data_type, nullable) = (arguments[0].data_type.clone(), arguments.iter().any(|argument| argument.nullable));
    Ok(safe_kernel(context, "_arrays", data_type, nullable, arguments, move |arrays| {
        let lists: Vec<&ListArray> = arrays.iter().map(|array| array.as_list::<i32>()).collect();
        let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
        let starts: Vec<usize> = values
            .iter()
            .scan(0, |start, array| {
                let here = *start;
                *start += array.len();
                Some(here)
            })
            .collect();
        let joined = arrow::compute::concat(&values)?;
        let nulls = lists.iter().fold(None, |nulls, list| NullBuffer::union(nulls.as_ref(), list.nulls()));
        choose(&field, &joined, lists[0].len(), nulls, |row, picks| {
            for (list, start) in lists.iter().zip(&starts) {
                picks.extend(range(list, row).map(|at| Some((start + at) as u32)));
            }
        })
    }))
}

/// The elements from last to first.
pub fn reverse(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 1..=1)?;
    let argument = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    let field = element(context, &argument, 0)?;
    let (data_type, nullable) = (argument.data_type.clone(), argument.nullable);
    Ok(safe_kernel(context, "_array", data_type, nullable, vec![argument], move |arrays| {
        let list = arrays[0].as_list::<i32>();
        choose(&field, list.values(), list.len(), list.nulls().cloned(), |row, picks| {
            picks.extend(range(list, row).rev().map(|at| Some(at as u32)));
        })
    }))
}
