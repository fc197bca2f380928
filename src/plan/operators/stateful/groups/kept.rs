//! What is kept of groups, read before a call and written after it.
//!
//! One table has a value for each key: what the function keeps, and the time at which the group is
//! called without rows. Another has the keys by that time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StructArray, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type, Schema};

use crate::error::{Error, Result};
use crate::function::groups::{GroupOutcome, GroupResults};
use crate::plan::operators::stateful::table::{RowTable, TableKeys};
use crate::plan::operators::stateful::{OperatorCounters, OperatorPass};
use crate::state::prefix::{KeySlot, PREFIX, TableId, ordered_time};
use crate::state::row::RowFormat;
use crate::state::{KeyRange, SortedEntries, StateOverlay, StateValues};

/// The time of a group that has none, as Spark writes it.
const NO_TIMEOUT: i64 = -1;
/// The bytes of a time in a key.
const TIME: usize = 9;

/// The tables of the operator.
#[derive(Debug)]
pub struct KeptGroups {
    table: RowTable,
    by_timeout: TableId,
    state: DataType,
    /// Whether values have a time.
    timed: bool,
}

/// What was kept of a chunk's groups, as it was read.
pub struct ReadGroups {
    keys: TableKeys,
    /// By group.
    was_there: Vec<bool>,
    timeouts: Vec<Option<i64>>,
    /// What the function kept.
    pub values: StructArray,
}

/// The groups of a lane whose time is over, and when the next one's is.
pub struct DueGroups {
    /// The columns of their keys, in no order.
    pub keys: Vec<ArrayRef>,
    /// By group, a number with the key's slot.
    pub hashes: Vec<u32>,
    /// The earliest time of the others.
    pub next_ms: Option<i64>,
}

impl KeptGroups {
    pub fn new(operator: u16, key: &Schema, value: &Schema) -> Result<Self> {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect();
        let table = RowTable {
            id: TableId { operator, table: 0 },
            key: RowFormat::new(types(key))?,
            value: RowFormat::new(types(value))?,
            time: None,
        };
        let by_timeout = TableId { operator, table: 1 };
        let state = value.field(0).data_type().clone();
        Ok(Self { table, by_timeout, state, timed: value.fields().len() > 1 })
    }

    /// Reads what was kept of groups with these keys, each once.
    pub fn read(&self, keys: &[ArrayRef], hashes: &[u32], overlay: &StateOverlay) -> Result<ReadGroups> {
        let keys = self.table.keys(keys, hashes)?;
        let mut found = StateValues::default();
        overlay.get_many(&keys.sorted(), &mut found)?;
        // By group, the place of its value among those found.
        let mut places: Vec<Option<u32>> = vec![None; hashes.len()];
        let mut rows = Vec::new();
        for (at, group) in keys.order.iter().enumerate() {
            if let Some(value) = found.value(at) {
                places[*group as usize] = Some(rows.len() as u32);
                rows.push(value);
            }
        }
        let was_there = places.iter().map(Option::is_some).collect();
        let count = hashes.len();
        let (values, timeouts) = if rows.is_empty() {
            (new_null_array(&self.state, count), vec![None; count])
        } else {
            let columns = self.table.value.decode(&rows)?;
            let places = UInt32Array::from(places);
            let times = match columns.get(1) {
                None => vec![None; count],
                Some(times) => {
                    let times = take(times, &places, None)?;
                    times.as_primitive::<Int64Type>().iter().map(|time| time.filter(|ms| *ms != NO_TIMEOUT)).collect()
                }
            };
            (take(&columns[0], &places, None)?, times)
        };
        Ok(ReadGroups { keys, was_there, timeouts, values: values.as_struct().clone() })
    }

    /// Writes what became of them. The earliest time that was set comes back.
    pub fn write(
        &self,
        read: &ReadGroups,
        results: &GroupResults,
        overlay: &mut StateOverlay,
        state: &OperatorPass,
    ) -> Result<Option<i64>> {
        let written = |outcome: &GroupOutcome| match outcome {
            GroupOutcome::Written { timeout_ms } => Some(timeout_ms.unwrap_or(NO_TIMEOUT)),
            GroupOutcome::Kept | GroupOutcome::Removed => None,
        };
        let timeouts: Vec<i64> = results.outcomes.iter().filter_map(written).collect();
        if results.outcomes.len() != read.was_there.len() || timeouts.len() != results.values.len() {
            return Err(Error::internal("a function of groups gave other outcomes than it was given groups"));
        }
        let count = timeouts.len();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(results.values.clone())];
        if self.timed {
            columns.push(Arc::new(Int64Array::from(timeouts)));
        }
        let rows = self.table.value.encode(&columns, count)?;
        let mut place = vec![0; results.outcomes.len()];
        let mut next = 0;
        for (group, outcome) in results.outcomes.iter().enumerate() {
            place[group] = next;
            next += usize::from(matches!(outcome, GroupOutcome::Written { .. }));
        }
        let mut entries = SortedEntries::with_capacity(count, rows.bytes().len());
        let (mut index, mut earliest) = (Vec::new(), None::<i64>);
        let (mut removed, mut grown) = (0, 0);
        for group in &read.keys.order {
            let group = *group as usize;
            let key = read.keys.key(group);
            let (before, was_there) = (read.timeouts[group], read.was_there[group]);
            let after = match results.outcomes[group] {
                GroupOutcome::Kept => continue,
                GroupOutcome::Removed => {
                    entries.push(key, None);
                    removed += 1;
                    grown -= i64::from(was_there);
                    None
                }
                GroupOutcome::Written { timeout_ms } => {
                    entries.push(key, Some(rows.row(place[group])));
                    grown += i64::from(!was_there);
                    timeout_ms
                }
            };
            earliest = earliest.into_iter().chain(after).min();
            if before != after {
                index.extend(before.map(|ms| (self.timeout_key(key, ms), false)));
                index.extend(after.map(|ms| (self.timeout_key(key, ms), true)));
            }
        }
        index.sort_unstable();
        let mut by_timeout = SortedEntries::with_capacity(index.len(), 0);
        index.iter().for_each(|(key, there)| by_timeout.push(key, there.then_some(&[])));
        OperatorCounters::add(&state.counters.updated, count);
        OperatorCounters::add(&state.counters.removed, removed);
        state.counters.grow(grown);
        overlay.put_sorted(entries)?;
        overlay.put_sorted(by_timeout)?;
        Ok(earliest)
    }

    fn timeout_key(&self, key: &[u8], ms: i64) -> Vec<u8> {
        let slot = TableId::of(key).map_or(KeySlot(0), |(_, slot)| slot);
        let time = ordered_time(Some(ms.saturating_mul(1000)));
        [self.by_timeout.prefix(slot).as_slice(), &time, &key[PREFIX..]].concat()
    }

    /// The groups in these slots whose time is before `now_ms`.
    pub fn due(&self, slots: impl Iterator<Item = KeySlot>, now_ms: i64, overlay: &StateOverlay) -> Result<DueGroups> {
        let (mut found, mut hashes, mut next_ms) = (Vec::new(), Vec::new(), None::<i64>);
        let bound = ordered_time(Some(now_ms.saturating_mul(1000)));
        for slot in slots {
            let mut scan = overlay.scan(&KeyRange::prefix(&self.by_timeout.prefix(slot)))?;
            while let Some((key, _)) = scan.next()? {
                let time = key.get(PREFIX..PREFIX + TIME).unwrap_or_default();
                if time >= bound.as_slice() {
                    next_ms = next_ms.into_iter().chain(milliseconds(time)).min();
                    break;
                }
                found.push(key[PREFIX + TIME..].to_vec());
                hashes.push(u32::from(slot.0));
            }
        }
        let rows: Vec<_> = found.iter().map(Vec::as_slice).collect();
        Ok(DueGroups { keys: self.table.key.decode(&rows)?, hashes, next_ms })
    }
}

/// The milliseconds of a time as [`ordered_time`] writes it.
fn milliseconds(time: &[u8]) -> Option<i64> {
    let micros = u64::from_be_bytes(*time.get(1..)?.first_chunk()?);
    Some(((micros ^ 1 << 63) as i64).div_euclid(1000))
}
