//! Rows in the order of their keys.

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::SortOptions;
use arrow::datatypes::Int32Type;
use arrow::row::{RowConverter, SortField};

use crate::error::{Error, Result};
use crate::plan::operators::gather::gather_rows;
use crate::plan::operators::stateful::distinct::DistinctKeys;

/// The order of rows by these columns, nulls first and equal rows as they came; and where equal
/// rows end.
pub fn order_of(columns: &[ArrayRef]) -> Result<(UInt32Array, Vec<usize>)> {
    let options = SortOptions { descending: false, nulls_first: true };
    let fields = columns.iter().map(|column| SortField::new_with_options(column.data_type().clone(), options));
    let rows = RowConverter::new(fields.collect())?.convert_columns(columns)?;
    let count =
        u32::try_from(rows.num_rows()).map_err(|_| Error::unsupported("a batch of so many rows in one lane"))?;
    let distinct = DistinctKeys::of((0..count).map(|row| (row, rows.row(row as usize).data())));
    let mut keys: Vec<u32> = (0..).take(distinct.firsts.len()).collect();
    keys.sort_unstable_by_key(|key| rows.row(distinct.firsts[*key as usize] as usize));
    let (order, ends) = distinct.in_order(&keys);
    Ok((order.into(), ends))
}

/// A lane's rows, group after group.
#[derive(Debug)]
pub struct RowsByKey {
    /// The input's columns.
    columns: Vec<ArrayRef>,
    hashes: Vec<u32>,
    ends: Vec<usize>,
    keys: Vec<usize>,
    /// How many groups were taken.
    taken: usize,
}

/// Some groups of a lane.
pub struct SortedGroups {
    pub rows: Vec<ArrayRef>,
    pub ends: Vec<usize>,
    pub keys: Vec<ArrayRef>,
    /// One a group.
    pub hashes: Vec<u32>,
}

impl RowsByKey {
    /// Sorts rows by the columns at `keys`. The last column is the key's hash.
    pub fn new(rows: &RecordBatch, keys: &[usize]) -> Result<Self> {
        let key: Vec<_> = keys.iter().map(|at| std::sync::Arc::clone(rows.column(*at))).collect();
        let (order, ends) = order_of(&key)?;
        let sorted = gather_rows(rows, &order)?;
        let Some((hash, columns)) = sorted.columns().split_last() else { return Err(Error::internal("no hashes")) };
        let hashes = hash.as_primitive::<Int32Type>().values().iter().map(|hash| *hash as u32).collect();
        Ok(Self { columns: columns.to_vec(), hashes, ends, keys: keys.to_vec(), taken: 0 })
    }

    fn start(&self, group: usize) -> usize {
        if group == 0 { 0 } else { self.ends[group - 1] }
    }

    /// The next groups: at least one, and no more than these many groups and rows otherwise.
    pub fn next(&mut self, groups: usize, rows: usize) -> Option<SortedGroups> {
        let (first, start) = (self.taken, self.start(self.taken));
        if first == self.ends.len() {
            return None;
        }
        let fits = |end: &&usize| **end - start <= rows;
        let fitting = self.ends[first..].iter().take(groups).take_while(fits).count().max(1);
        self.taken = first + fitting;
        let end = self.start(self.taken);
        let firsts: Vec<usize> = (first..self.taken).map(|group| self.start(group)).collect();
        let rows: Vec<_> = self.columns.iter().map(|column| column.slice(start, end - start)).collect();
        let places: UInt32Array = firsts.iter().map(|row| (row - start) as u32).collect();
        let key = |at: &usize| arrow::compute::take(&rows[*at], &places, None);
        Some(SortedGroups {
            ends: self.ends[first..self.taken].iter().map(|end| end - start).collect(),
            keys: self.keys.iter().map(key).collect::<Result<_, _>>().ok()?,
            hashes: firsts.iter().map(|row| self.hashes[*row]).collect(),
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch, StringArray};
    use arrow::datatypes::Int32Type;

    use super::{RowsByKey, SortedGroups};

    fn rows() -> RowsByKey {
        let keys: ArrayRef = Arc::new(StringArray::from(vec![Some("b"), None, Some("a"), Some("b"), None]));
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5]));
        let hashes: ArrayRef = Arc::new(Int32Array::from(vec![20, 42, 10, 20, 42]));
        let batch = RecordBatch::try_from_iter([("k", keys), ("v", values), ("#hash", hashes)]);
        RowsByKey::new(&batch.expect("columns of one length"), &[0]).expect("keys that have an order")
    }

    fn values(groups: &SortedGroups) -> Vec<i32> {
        groups.rows[1].as_primitive::<Int32Type>().values().to_vec()
    }

    #[test]
    fn groups_come_in_the_order_of_their_keys_and_rows_as_they_came() {
        let groups = rows().next(10, 10).expect("three groups");
        assert!(groups.keys[0].is_null(0));
        assert_eq!(groups.hashes, [42, 10, 20]);
        assert_eq!(values(&groups), [2, 5, 3, 1, 4]);
        assert_eq!(groups.ends, [2, 3, 5]);
    }

    #[test]
    fn groups_are_taken_whole_however_few_rows_are_wanted() {
        let mut rows = rows();
        let taken: Vec<_> = std::iter::from_fn(|| rows.next(10, 1)).map(|groups| values(&groups)).collect();
        assert_eq!(taken, [vec![2, 5], vec![3], vec![1, 4]]);
    }
}
