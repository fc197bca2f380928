//! Buffers that grow with every row, such as that of `collect_list`.
//!
//! A group's newest values lie beside its other buffers. When they make its row long, they become a
//! chunk: an entry of its own in a second table, under the group's key and the chunk's number. So a
//! batch writes what it adds, and only who gives the group reads all of it.
//!
//! ```text
//! default  key            → buffers, the newest values of lists, how many chunks there are
//! lists    key | number   → values of lists
//! ```
//!
//! Values of a set that lie in several chunks may be there more than once. So chunks of sets are
//! merged as the digits of a binary number that counts up: chunk n takes those before it that as
//! many chunks went into. There are few of them, and each value is written again as many times.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

use crate::error::{Error, Result};
use crate::plan::functions::{KeptValues, kept_by};
use crate::plan::operators::stateful::accumulators::Accumulators;
use crate::plan::operators::stateful::grouping::GroupShape;
use crate::plan::operators::stateful::table::{TableEntries, TableKeys};
use crate::state::prefix::TableId;
use crate::state::row::{RowBytes, RowFormat};
use crate::state::{KeyRange, SortedEntries, StateOverlay};

/// The field that says how many chunks a group has.
pub const CHUNKS: &str = "chunks";

/// GroupLists of more bytes become a chunk.
const LONG: usize = 4096;

/// The byte of a key that is the number of its table.
const TABLE: usize = 2;

/// The lists of an aggregation.
#[derive(Debug)]
pub struct GroupLists {
    /// The table of the chunks.
    pub id: TableId,
    functions: Vec<ListFunction>,
    /// A chunk: the buffers of all these functions.
    chunk: RowFormat,
    /// Whether a function wants each value once.
    sets: bool,
}

/// A function that keeps every value.
#[derive(Debug)]
struct ListFunction {
    function: Arc<AggregateFunctionExpr>,
    /// Its number among all functions.
    number: usize,
    /// Its buffers among those of all functions.
    from: usize,
    to: usize,
}

impl GroupLists {
    /// Those of an aggregation, if there are any.
    pub fn of(shape: &GroupShape, id: TableId) -> Result<Option<Self>> {
        let (mut functions, mut from, mut sets) = (Vec::new(), 0, false);
        for (number, function) in shape.functions.iter().enumerate() {
            let to = from + function.state_fields()?.len();
            let kept = kept_by(function.fun());
            if kept != KeptValues::Little {
                functions.push(ListFunction { function: Arc::clone(function), number, from, to });
            }
            sets |= kept == KeptValues::EachOnce;
            from = to;
        }
        if functions.is_empty() {
            return Ok(None);
        }
        let types = functions.iter().flat_map(|function| function.from..function.to);
        let types = types.map(|at| shape.buffer_schema.field(at).data_type().clone()).collect();
        Ok(Some(Self { id, functions, chunk: RowFormat::new(types)?, sets }))
    }

    /// The schema of chunks, by that of all buffers.
    pub fn shown(&self, buffers: &Schema) -> SchemaRef {
        Arc::new(Schema::new(self.columns().map(|at| Arc::clone(&buffers.fields()[at])).collect::<Vec<_>>()))
    }

    /// The buffers that are lists, among all.
    fn columns(&self) -> impl Iterator<Item = usize> {
        self.functions.iter().flat_map(|function| function.from..function.to)
    }

    /// The values of groups, which had so many chunks. Long lists go into chunks.
    pub fn keep(
        &self,
        value: &RowFormat,
        keys: &TableKeys,
        buffers: &[ArrayRef],
        mut chunks: Vec<i64>,
        overlay: &mut StateOverlay,
    ) -> Result<RowBytes> {
        let rows = chunks.len();
        let lists: Vec<_> = self.columns().map(|at| Arc::clone(&buffers[at])).collect();
        let encoded = self.chunk.encode(&lists, rows)?;
        let long: BooleanArray = (0..rows).map(|row| Some(encoded.row(row).len() > LONG)).collect();
        let mut columns = buffers.to_vec();
        if long.true_count() > 0 {
            let mut entries = SortedEntries::default();
            for row in keys.order.iter().map(|row| *row as usize).filter(|row| long.value(*row)) {
                self.chunk_of(keys.key(row), chunks[row], encoded.row(row), overlay, &mut entries)?;
                chunks[row] += 1;
            }
            overlay.put_sorted(entries)?;
            for at in self.columns() {
                columns[at] = without(&columns[at], &long)?;
            }
        }
        columns.push(Arc::new(Int64Array::from(chunks)));
        value.encode(&columns, rows)
    }

    /// Adds a group's next chunk.
    fn chunk_of(
        &self,
        key: &[u8],
        before: i64,
        values: &[u8],
        overlay: &StateOverlay,
        entries: &mut SortedEntries,
    ) -> Result<()> {
        let merged = (before + 1).trailing_zeros();
        if !self.sets || merged == 0 {
            entries.push(&self.key(key, before), Some(values));
            return Ok(());
        }
        let first = self.key(key, before + 1 - (1 << merged));
        let range = KeyRange::new(first.clone(), self.key(key, before));
        // Fewer than are taken at once: as many as a chunk's number has bits.
        let older = TableEntries::next(&mut overlay.scan(&range)?)?.unwrap_or_default();
        let (older_keys, older_values) = older.parts();
        let all: Vec<&[u8]> = older_values.into_iter().chain([values]).collect();
        let functions: Vec<_> = self.functions.iter().map(|each| Arc::clone(&each.function)).collect();
        let mut accumulators = Accumulators::new(&functions)?;
        accumulators.merge(&self.chunk.decode(&all)?, &vec![0; all.len()], 1)?;
        entries.push(&first, Some(self.chunk.encode(&accumulators.buffers()?, 1)?.row(0)));
        older_keys.iter().filter(|key| **key != first.as_slice()).for_each(|key| entries.push(key, None));
        Ok(())
    }

    /// Adds what lies in chunks to accumulators of groups, which have these keys and so many chunks.
    pub fn read(
        &self,
        overlay: &StateOverlay,
        keys: &[&[u8]],
        chunks: &[i64],
        accumulators: &mut Accumulators,
    ) -> Result<()> {
        let mut groups: Vec<usize> = (0..keys.len()).filter(|group| chunks[*group] > 0).collect();
        groups.sort_unstable_by_key(|group| keys[*group]);
        for group in groups {
            let mut scan = overlay.scan(&KeyRange::prefix(&self.prefix(keys[group])))?;
            while let Some(entries) = TableEntries::next(&mut scan)? {
                let (_, values) = entries.parts();
                let (columns, of_group) = (self.chunk.decode(&values)?, vec![group; values.len()]);
                let mut columns = columns.as_slice();
                for ListFunction { number, from, to, .. } in &self.functions {
                    let (own, rest) = columns.split_at(to - from);
                    accumulators.merge_one(*number, own, &of_group, keys.len())?;
                    columns = rest;
                }
            }
        }
        Ok(())
    }

    /// What the keys of a group's chunks begin with.
    fn prefix(&self, key: &[u8]) -> Vec<u8> {
        let mut prefix = key.to_vec();
        prefix[TABLE] = self.id.table;
        prefix
    }

    fn key(&self, key: &[u8], number: i64) -> Vec<u8> {
        [self.prefix(key).as_slice(), &number.to_be_bytes()].concat()
    }
}

/// A column of lists with empty ones where a mask is set.
fn without(lists: &ArrayRef, mask: &BooleanArray) -> Result<ArrayRef> {
    let Some(list) = lists.as_list_opt::<i32>() else {
        return Err(Error::internal("a function that keeps every value in no list"));
    };
    let (element, _, values, _) = list.clone().into_parts();
    let none = new_empty_array(values.data_type());
    let empty = ListArray::try_new(element, OffsetBuffer::from_lengths([0]), none, None)?;
    Ok(zip(mask, &arrow::array::Scalar::new(empty), list)?)
}
