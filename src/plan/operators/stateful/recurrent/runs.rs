//! Runs of the function: a row of each of several keys at once.
//!
//! Keys are cut into chunks of one size. A chunk first runs on the first row of each of its keys,
//! then on the second rows, and so on. Keys with the most rows come first in their block, so that the
//! keys of a run are always the first ones of its chunk, and what they hand on stays where it is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt32Array, new_null_array};
use arrow::buffer::Buffer;
use arrow::compute::{concat, take};

use crate::error::{Error, Result};
use crate::function::recurrent::RecurrentFunction;
use crate::plan::operators::gather::gather;
use crate::plan::pass::PassContext;
use crate::runtime::{Cancel, ChunkRunners, may_block};

/// How many chunks a block of keys has. What is handed on is in memory for one block at a time.
pub const CHUNKS: usize = 64;

/// Rows by key: those of a key lie together, in the order in which the function sees them.
#[derive(Debug, Default)]
pub struct KeyRows {
    pub rows: Vec<u32>,
    /// By key, where its rows end.
    pub ends: Vec<usize>,
}

impl KeyRows {
    pub fn keys(&self) -> usize {
        self.ends.len()
    }

    pub fn of_key(&self, key: usize) -> &[u32] {
        let from = if key == 0 { 0 } else { self.ends[key - 1] };
        &self.rows[from..self.ends[key]]
    }
}

/// What a chunk of keys runs on.
#[derive(Debug)]
pub struct KeyChunk {
    /// Those with the most rows first.
    pub keys: Vec<usize>,
    /// Rows by their place among those of their key.
    rows: Vec<u32>,
    /// How many keys have a first row, a second row and so on.
    counts: Vec<usize>,
    /// What the keys hand on, one buffer for each tensor.
    pub states: Vec<Buffer>,
}

/// What came of a chunk.
#[derive(Debug)]
pub struct KeyChunkResult {
    pub chunk: KeyChunk,
    /// One column for each output, in the order of the chunk's rows.
    outputs: Vec<ArrayRef>,
}

/// Cuts neighbouring keys into chunks of `size`. Their states are still to be filled in.
pub fn chunks(rows: &KeyRows, keys: std::ops::Range<usize>, size: usize) -> Vec<KeyChunk> {
    let mut order: Vec<usize> = keys.collect();
    let count = |key: &usize| rows.of_key(*key).len();
    // Stable, so equal counts stay in the order of their keys.
    order.sort_by_key(|key| std::cmp::Reverse(count(key)));
    let chunk = |keys: &[usize]| {
        let most = keys.first().map_or(0, count);
        let counts: Vec<usize> = (0..most).map(|at| keys.partition_point(|key| count(key) > at)).collect();
        let row = |at: usize| keys[..counts[at]].iter().map(move |key| rows.of_key(*key)[at]);
        let rows = (0..most).flat_map(row).collect();
        KeyChunk { keys: keys.to_vec(), rows, counts, states: Vec::new() }
    };
    order.chunks(size.max(1)).map(chunk).collect()
}

/// Runs the function on chunks, whose results come in their order.
pub async fn run(
    function: &Arc<dyn RecurrentFunction>,
    columns: &[ArrayRef],
    chunks: Vec<KeyChunk>,
    pass: &PassContext,
) -> Result<Vec<KeyChunkResult>> {
    let cancel = pass.batch().cancel.clone();
    if chunks.len() <= 1 && may_block() {
        let run = |chunk| run_chunk(function.as_ref(), columns, chunk, &cancel);
        return chunks.into_iter().map(run).collect();
    }
    let (function, columns) = (Arc::clone(function), columns.to_vec());
    let count = chunks.len();
    let chunks: Vec<_> = chunks.into_iter().map(|chunk| parking_lot::Mutex::new(Some(chunk))).collect();
    let work = move |at: std::ops::Range<usize>| {
        let chunk = chunks[at.start].lock().take().ok_or_else(|| Error::internal("a chunk of keys ran twice"))?;
        run_chunk(function.as_ref(), &columns, chunk, &cancel)
    };
    pass.runtime().compute().share(count, ChunkRunners::Everybody, |_| 1, work).finish().await
}

fn run_chunk(
    function: &dyn RecurrentFunction,
    columns: &[ArrayRef],
    mut chunk: KeyChunk,
    cancel: &Cancel,
) -> Result<KeyChunkResult> {
    let places = UInt32Array::from(std::mem::take(&mut chunk.rows));
    let columns = columns.iter().map(|column| gather(column, &places)).collect::<Result<Vec<_>>>()?;
    chunk.rows = places.values().to_vec();
    let sizes: Vec<usize> = function.states().iter().map(|state| state.bytes()).collect();
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); function.outputs().len()];
    let mut given = std::mem::take(&mut chunk.states);
    // What the keys hand on after their last rows. Where all have one row, that is what they gave.
    let several = chunk.counts.len() > 1;
    let mut last: Vec<Vec<u8>> =
        sizes.iter().map(|size| vec![0; if several { size * chunk.keys.len() } else { 0 }]).collect();
    let mut from = 0;
    for (at, count) in chunk.counts.iter().copied().enumerate() {
        cancel.check()?;
        let rows: Vec<_> = columns.iter().map(|column| column.slice(from, count)).collect();
        let states: Vec<_> =
            given.iter().zip(&sizes).map(|(state, size)| state.slice_with_length(0, count * size)).collect();
        let step = function.step(&rows, &states, count)?;
        let fits = step.outputs.iter().all(|output| output.len() == count)
            && step.states.iter().zip(&sizes).all(|(state, size)| state.len() == count * size);
        if !fits || step.outputs.len() != parts.len() || step.states.len() != sizes.len() {
            return Err(Error::internal(format!("'{}' gave other rows than it was given", function.name())));
        }
        parts.iter_mut().zip(step.outputs).for_each(|(part, output)| part.push(output));
        given = step.states;
        if several {
            let next = chunk.counts.get(at + 1).copied().unwrap_or(0);
            for ((last, state), size) in last.iter_mut().zip(&given).zip(&sizes) {
                last[next * size..count * size].copy_from_slice(&state[next * size..count * size]);
            }
        }
        from += count;
    }
    chunk.states = if several { last.into_iter().map(Buffer::from).collect() } else { given };
    let outputs = parts.into_iter().map(joined).collect::<Result<_>>()?;
    Ok(KeyChunkResult { chunk, outputs })
}

fn joined(mut parts: Vec<ArrayRef>) -> Result<ArrayRef> {
    match parts.len() {
        1 => Ok(parts.swap_remove(0)),
        _ => Ok(concat(&parts.iter().map(|part| part.as_ref() as &dyn Array).collect::<Vec<_>>())?),
    }
}

/// The outputs of all chunks as columns of `rows` rows: null for a row that no chunk had.
pub fn outputs(function: &dyn RecurrentFunction, results: Vec<KeyChunkResult>, rows: usize) -> Result<Vec<ArrayRef>> {
    let fields = function.outputs();
    let mut places: Vec<Option<u32>> = vec![None; rows];
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); fields.len()];
    let mut next = 0;
    for result in results {
        for row in &result.chunk.rows {
            places[*row as usize] = Some(next);
            next += 1;
        }
        parts.iter_mut().zip(result.outputs).for_each(|(part, output)| part.push(output));
    }
    let places = UInt32Array::from(places);
    let column = |(field, parts): (&arrow::datatypes::FieldRef, Vec<ArrayRef>)| {
        if parts.is_empty() {
            return Ok(new_null_array(field.data_type(), rows));
        }
        Ok(take(&joined(parts)?, &places, None)?)
    };
    fields.iter().zip(parts).map(column).collect()
}
