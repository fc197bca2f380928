//! What is kept of groups, read before a call and written after it.
//!
//! One table has a value for each key: what the function keeps, and the times at which the group is
//! called without rows. Two others have the keys by those times, and by the times at which
//! something in the values expires.
//!
//! | kind | value |
//! |---|---|
//! | `applyInPandasWithState` | `groupState`, and `timeoutTimestamp` if it has a timeout, -1 for none |
//! | a processor | `variables`, `timers` (an array), `expiresMs` |

use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, Int64Builder, ListBuilder, StructArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema};

use crate::error::{Error, Result};
use crate::function::groups::{GroupCounts, GroupKind, GroupOutcome, GroupResults, GroupTimeout};
use crate::plan::operators::stateful::table::{RowTable, TableKeys};
use crate::plan::operators::stateful::{OperatorCounters, OperatorPass};
use crate::state::prefix::{KeySlot, PREFIX, TIME, TableId};
use crate::state::row::{RowBytes, RowFormat};
use crate::state::{KeyRange, SortedEntries, StateOverlay, StateValues};

/// The time of a group that has none, as Spark writes it.
const NO_TIMEOUT: i64 = -1;

/// The fields of a value.
pub fn value_fields(kind: GroupKind, timeout: GroupTimeout, state: Fields) -> Vec<Field> {
    let state = |name: &str| Field::new(name, DataType::Struct(state.clone()), true);
    match kind {
        GroupKind::State if timeout == GroupTimeout::Never => vec![state("groupState")],
        GroupKind::State => vec![state("groupState"), Field::new("timeoutTimestamp", DataType::Int64, true)],
        GroupKind::PandasProcessor | GroupKind::RowProcessor => vec![
            state("variables"),
            Field::new_list("timers", Field::new("element", DataType::Int64, true), true),
            Field::new("expiresMs", DataType::Int64, true),
        ],
    }
}

/// The tables of the operator.
#[derive(Debug)]
pub struct KeptGroups {
    kind: GroupKind,
    table: RowTable,
    /// Keys by their times.
    by_time: TableId,
    /// Keys by the time at which something of them expires.
    by_expiry: TableId,
    state: DataType,
    /// The types of a value's fields.
    types: Vec<DataType>,
}

/// What was kept of a chunk's groups, as it was read.
pub struct ReadGroups {
    keys: TableKeys,
    /// By group.
    was_there: Vec<bool>,
    pub times: Vec<Vec<i64>>,
    expires: Vec<Option<i64>>,
    /// What the function kept.
    pub values: StructArray,
}

/// The groups of a lane whose time has come, and when the next one's does.
pub struct DueGroups {
    /// The columns of their keys, in no order. A key stands there for each of its times.
    pub keys: Vec<ArrayRef>,
    /// A number with the key's slot.
    pub hashes: Vec<u32>,
    /// In milliseconds since the epoch.
    pub times: Vec<i64>,
    /// The earliest time of the others.
    pub next_ms: Option<i64>,
}

/// Which times are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueTimes {
    Timers,
    Expiries,
}

/// What changes in a table of keys by time.
pub type IndexChanges = Vec<(Vec<u8>, bool)>;

impl KeptGroups {
    pub fn new(operator: u16, kind: GroupKind, key: &Schema, value: &Schema) -> Result<Self> {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        let table = RowTable {
            id: TableId { operator, table: 0 },
            key: RowFormat::new(types(key))?,
            value: RowFormat::new(types(value))?,
            time: None,
        };
        let (by_time, by_expiry) = (TableId { operator, table: 1 }, TableId { operator, table: 2 });
        let (state, types) = (value.field(0).data_type().clone(), types(value));
        Ok(Self { kind, table, by_time, by_expiry, state, types })
    }

    /// The types of a value's fields.
    pub fn value_types(&self) -> Vec<DataType> {
        self.types.clone()
    }

    /// The type of what the function keeps.
    pub fn state_type(&self) -> &DataType {
        &self.state
    }

    /// All groups of a slot.
    pub fn all(&self, slot: KeySlot) -> KeyRange {
        KeyRange::prefix(&self.table.id.prefix(slot))
    }

    /// The table of keys by expiry.
    pub fn by_expiry(&self) -> TableId {
        self.by_expiry
    }

    /// Values as rows.
    pub fn encode(&self, columns: &[ArrayRef], count: usize) -> Result<RowBytes> {
        self.table.value.encode(columns, count)
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
        let count = hashes.len();
        let mut read = ReadGroups {
            keys,
            was_there: places.iter().map(Option::is_some).collect(),
            times: vec![Vec::new(); count],
            expires: vec![None; count],
            values: new_null_array(&self.state, count).as_struct().clone(),
        };
        if rows.is_empty() {
            return Ok(read);
        }
        let columns = self.table.value.decode(&rows)?;
        let places = UInt32Array::from(places);
        read.values = take(&columns[0], &places, None)?.as_struct().clone();
        if let Some(times) = columns.get(1) {
            let times = take(times, &places, None)?;
            read.times = (0..count).map(|group| self.times_of(&times, group)).collect();
        }
        if let Some(expires) = columns.get(2) {
            read.expires = take(expires, &places, None)?.as_primitive::<Int64Type>().iter().collect();
        }
        Ok(read)
    }

    fn times_of(&self, times: &ArrayRef, group: usize) -> Vec<i64> {
        if times.is_null(group) {
            return Vec::new();
        }
        match self.kind {
            GroupKind::State => Some(times.as_primitive::<Int64Type>().value(group))
                .filter(|ms| *ms != NO_TIMEOUT)
                .into_iter()
                .collect(),
            _ => times.as_list::<i32>().value(group).as_primitive::<Int64Type>().values().to_vec(),
        }
    }

    /// The columns of the values that are written.
    fn columns(&self, results: &GroupResults) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(results.values.clone())];
        let written = results.outcomes.iter().filter_map(|outcome| match outcome {
            GroupOutcome::Written { times, expires_ms } => Some((times, expires_ms)),
            GroupOutcome::Kept | GroupOutcome::Removed => None,
        });
        match self.kind {
            GroupKind::State if self.types.len() > 1 => {
                let times = written.map(|(times, _)| times.first().copied().unwrap_or(NO_TIMEOUT));
                columns.push(Arc::new(times.collect::<Int64Array>()));
            }
            GroupKind::State => {}
            GroupKind::PandasProcessor | GroupKind::RowProcessor => {
                let mut lists =
                    ListBuilder::new(Int64Builder::new()).with_field(Field::new("element", DataType::Int64, true));
                let mut expiries = Int64Builder::new();
                for (times, expires) in written {
                    lists.append_value(times.iter().copied().map(Some));
                    expiries.append_option(*expires);
                }
                columns.push(Arc::new(lists.finish()));
                columns.push(Arc::new(expiries.finish()));
            }
        }
        columns
    }

    /// Writes what became of them. The earliest time that was set comes back.
    pub fn write(
        &self,
        read: &ReadGroups,
        results: &GroupResults,
        overlay: &mut StateOverlay,
        state: &OperatorPass,
    ) -> Result<Option<i64>> {
        let is_written = |outcome: &GroupOutcome| matches!(outcome, GroupOutcome::Written { .. });
        let count = results.outcomes.iter().filter(|outcome| is_written(outcome)).count();
        if results.outcomes.len() != read.was_there.len() || count != results.values.len() {
            return Err(Error::internal("a function of groups gave other outcomes than it was given groups"));
        }
        let rows = self.table.value.encode(&self.columns(results), count)?;
        let mut place = vec![0; results.outcomes.len()];
        let mut next = 0;
        for (group, outcome) in results.outcomes.iter().enumerate() {
            place[group] = next;
            next += usize::from(is_written(outcome));
        }
        let mut entries = SortedEntries::with_capacity(count, rows.bytes().len());
        let (mut by_time, mut by_expiry) = (IndexChanges::new(), IndexChanges::new());
        let mut counts = GroupCounts { updated: count as u64, ..GroupCounts::default() };
        let mut earliest = None::<i64>;
        for group in &read.keys.order {
            let group = *group as usize;
            let (key, was_there) = (read.keys.key(group), read.was_there[group]);
            let (times, expires): (&[i64], _) = match &results.outcomes[group] {
                GroupOutcome::Kept => continue,
                GroupOutcome::Removed => {
                    entries.push(key, None);
                    counts.removed += 1;
                    counts.grown -= i64::from(was_there);
                    (&[], None)
                }
                GroupOutcome::Written { times, expires_ms } => {
                    entries.push(key, Some(rows.row(place[group])));
                    counts.grown += i64::from(!was_there);
                    (times, *expires_ms)
                }
            };
            earliest = earliest.into_iter().chain(times.iter().copied()).min();
            moved(self.by_time, key, &read.times[group], times, &mut by_time);
            let (before, after) = (read.expires[group], expires);
            moved(self.by_expiry, key, before.as_slice(), after.as_slice(), &mut by_expiry);
        }
        let counts = results.counts.unwrap_or(counts);
        OperatorCounters::add(&state.counters.updated, counts.updated as usize);
        OperatorCounters::add(&state.counters.removed, counts.removed as usize);
        state.counters.grow(counts.grown);
        overlay.put_sorted(entries)?;
        overlay.put_sorted(index_entries(by_time))?;
        overlay.put_sorted(index_entries(by_expiry))?;
        Ok(earliest)
    }

    /// The groups in these slots whose times are at or before `until_ms`.
    pub fn due(
        &self,
        which: DueTimes,
        slots: impl Iterator<Item = KeySlot>,
        until_ms: i64,
        overlay: &StateOverlay,
    ) -> Result<DueGroups> {
        let table = match which {
            DueTimes::Timers => self.by_time,
            DueTimes::Expiries => self.by_expiry,
        };
        let (mut found, mut hashes, mut times, mut next_ms) = (Vec::new(), Vec::new(), Vec::new(), None::<i64>);
        for slot in slots {
            let mut scan = overlay.scan(&KeyRange::prefix(&table.prefix(slot)))?;
            while let Some((key, _)) = scan.next()? {
                let Some(time) = key.get(PREFIX..PREFIX + TIME).and_then(milliseconds) else {
                    return Err(Error::internal("a key by time without its time"));
                };
                if time > until_ms {
                    next_ms = next_ms.into_iter().chain([time]).min();
                    break;
                }
                found.push(key[PREFIX + TIME..].to_vec());
                hashes.push(u32::from(slot.0));
                times.push(time);
            }
        }
        let rows: Vec<_> = found.iter().map(Vec::as_slice).collect();
        Ok(DueGroups { keys: self.table.key.decode(&rows)?, hashes, times, next_ms })
    }
}

/// Moves a key from some times to others, in milliseconds as they are: a timer may have any.
pub fn moved(table: TableId, key: &[u8], before: &[i64], after: &[i64], changes: &mut IndexChanges) {
    let gone = before.iter().filter(|ms| !after.contains(ms));
    changes.extend(gone.map(|ms| (table.by_time(key, Some(*ms)), false)));
    let new = after.iter().filter(|ms| !before.contains(ms));
    changes.extend(new.map(|ms| (table.by_time(key, Some(*ms)), true)));
}

pub fn index_entries(mut changes: IndexChanges) -> SortedEntries {
    changes.sort_unstable();
    changes.dedup();
    let mut entries = SortedEntries::with_capacity(changes.len(), 0);
    changes.iter().for_each(|(key, there)| entries.push(key, there.then_some(&[])));
    entries
}

/// The milliseconds of a time as [`ordered_time`] writes them.
fn milliseconds(time: &[u8]) -> Option<i64> {
    let ordered = u64::from_be_bytes(*time.get(1..)?.first_chunk()?);
    Some((ordered ^ 1 << 63) as i64)
}
