//! What is kept of keys: the tensors that they hand on.
//!
//! | table | key | value |
//! |---|---|---|
//! | 0 | the key | an array for each tensor, row after row; `lastTime` if keys expire |
//! | 1 | a time, then the key | nothing |
//! | 2 | nothing | the version of the function |
//!
//! A key that expires stands in table 1 once, at a time at or before that at which it expires: the
//! time is moved when it has come. So a batch that finds a key again does not touch table 1.
//!
//! Table 2 has the version in each [part](PARTS) of the slots. So a new version is seen where its
//! first rows are, and what it removes goes with what it writes.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, ListArray, TimestampMicrosecondArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::error::{Error, ErrorKind, Result};
use crate::function::recurrent::HandedTensor;
use crate::plan::operators::stateful::table::{RowTable, until};
use crate::plan::operators::stateful::{OperatorCounters, OperatorPass};
use crate::state::prefix::{KeySlot, PREFIX, SLOTS, TIME, TableId};
use crate::state::row::RowFormat;
use crate::state::{KeyRange, SortedEntries, SortedKeys, StateOverlay, StateValues};

/// A chunk of keys never has keys of two parts, and a lane has whole parts. So the chunks, and with
/// them the bits, do not depend on the number of lanes.
pub const PARTS: usize = 16;

/// The part of a slot.
pub fn part_of(slot: KeySlot) -> usize {
    usize::from(slot.0) / (SLOTS / PARTS)
}

/// The first slot of a part, where its version is.
fn first_slot(part: usize) -> KeySlot {
    KeySlot((part * (SLOTS / PARTS)) as u8)
}

/// The parts of a lane.
pub fn parts_of(lane: usize, lanes: usize) -> Range<usize> {
    lane * PARTS / lanes..(lane + 1) * PARTS / lanes
}

fn slots_in(part: usize) -> impl Iterator<Item = KeySlot> {
    (part * SLOTS / PARTS..(part + 1) * SLOTS / PARTS).map(|slot| KeySlot(slot as u8))
}

/// When a key is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExpiry {
    Never,
    /// When the watermark has come to its last event time and this many microseconds.
    Watermark(i64),
    /// This many microseconds after the clock reading of the batch that had its last row.
    Clock(i64),
}

impl KeyExpiry {
    fn after(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::Watermark(micros) | Self::Clock(micros) => Some(micros),
        }
    }
}

/// The tables of the operator.
#[derive(Debug)]
pub struct KeptTensors {
    pub table: RowTable,
    by_expiry: TableId,
    versions: TableId,
    expiry: KeyExpiry,
    /// A value with zeros. All have its length: what differs lies in `places` and `last_time`.
    template: Vec<u8>,
    /// Of each tensor its bytes in a value.
    places: Vec<Range<usize>>,
    last_time: Option<usize>,
    /// What a new key hands on.
    initial: Vec<Buffer>,
}

/// Keys of a block, as they were read.
pub struct ReadKeys {
    found: StateValues,
}

/// The fields of a value.
pub fn value_schema(states: &[HandedTensor], expiry: KeyExpiry) -> SchemaRef {
    let list = |state: &HandedTensor| {
        let element = Field::new("element", state.element.clone(), true);
        Field::new(&state.input, DataType::List(Arc::new(element)), true)
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let last = expiry.after().map(|_| Field::new("lastTime", time, true));
    Arc::new(Schema::new(states.iter().map(list).chain(last).collect::<Vec<_>>()))
}

impl KeptTensors {
    pub fn new(operator: u16, key: &Schema, states: &[HandedTensor], expiry: KeyExpiry) -> Result<Self> {
        let value = RowFormat::of(&value_schema(states, expiry))?;
        let table = RowTable { id: TableId { operator, table: 0 }, key: RowFormat::of(key)?, value, time: None };
        let mut columns = states.iter().map(zeros).collect::<Result<Vec<_>>>()?;
        if expiry.after().is_some() {
            columns.push(Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")));
        }
        let template = table.value.encode(&columns, 1)?.row(0).to_vec();
        let words = template_words(columns.len());
        let place = |(at, state): (usize, &HandedTensor)| {
            let word =
                template.get(words + 8 * at..).and_then(<[u8]>::first_chunk).map(|word| u64::from_le_bytes(*word));
            let body = usize::try_from(word.unwrap_or_default() >> 32).unwrap_or_default();
            let from = body + 8 + state.elements().div_ceil(64) * 8;
            from..from + state.bytes()
        };
        let places: Vec<_> = states.iter().enumerate().map(place).collect();
        if places.iter().any(|place| place.end > template.len()) {
            return Err(Error::internal("a tensor that is longer than its row"));
        }
        let last_time = expiry.after().map(|_| words + 8 * states.len());
        let initial = states.iter().map(|state| state.initial.clone()).collect();
        let (by_expiry, versions) = (TableId { operator, table: 1 }, TableId { operator, table: 2 });
        Ok(Self { table, by_expiry, versions, expiry, template, places, last_time, initial })
    }

    /// Reads what keys hand on.
    pub fn read(&self, keys: &SortedKeys, overlay: &StateOverlay) -> Result<ReadKeys> {
        let mut found = StateValues::default();
        overlay.get_many(keys, &mut found)?;
        found.iter().flatten().try_for_each(|value| self.check(value))?;
        Ok(ReadKeys { found })
    }

    /// Refuses a value that is not of this form.
    fn check(&self, value: &[u8]) -> Result<()> {
        let mut from = 0;
        let time = self.last_time.map(|at| at..at + 8);
        // The last time lies before the tensors.
        let same = value.len() == self.template.len()
            && time.iter().chain(&self.places).all(|place| {
                let same = value[from..place.start] == self.template[from..place.start];
                from = place.end;
                same
            });
        if same {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Checkpoint,
            "a value of a model's state is damaged: it has not the form of its tensors",
        ))
    }

    fn last_us(&self, value: &[u8]) -> Option<i64> {
        let word = value.get(self.last_time?..)?.first_chunk()?;
        Some(i64::from_le_bytes(*word))
    }

    /// Whether a value's time is over.
    fn is_over(&self, value: &[u8], now_ms: Option<i64>) -> bool {
        match (self.last_us(value), self.expiry.after(), now_ms) {
            (Some(last), Some(after), Some(now_ms)) => last.saturating_add(after) <= now_ms.saturating_mul(1000),
            _ => false,
        }
    }

    /// What these keys hand on, one buffer for each tensor. A key that is new, or whose time is over,
    /// begins anew.
    pub fn states(
        &self,
        read: &ReadKeys,
        keys: impl Iterator<Item = usize> + Clone,
        now_ms: Option<i64>,
    ) -> Vec<Buffer> {
        let (count, _) = keys.size_hint();
        let tensor = |(place, initial): (&Range<usize>, &Buffer)| {
            let mut bytes = Vec::with_capacity(count * initial.len());
            for key in keys.clone() {
                match read.found.value(key).filter(|value| !self.is_over(value, now_ms)) {
                    Some(value) => bytes.extend_from_slice(&value[place.clone()]),
                    None => bytes.extend_from_slice(initial),
                }
            }
            Buffer::from(bytes)
        };
        self.places.iter().zip(&self.initial).map(tensor).collect()
    }

    /// Writes what keys hand on: of each its place in `states`, ascending by key, and its last time.
    /// The values go into `entries`, which ascend from block to block.
    pub fn write<'a>(
        &self,
        read: &ReadKeys,
        keys: &SortedKeys,
        states: impl Iterator<Item = (&'a [Buffer], usize, i64)>,
        entries: &mut SortedEntries,
        overlay: &mut StateOverlay,
        state: &OperatorPass,
    ) -> Result<()> {
        let mut value = self.template.clone();
        let mut times = Vec::new();
        for (at, (buffers, rank, last_us)) in states.enumerate() {
            for (place, buffer) in self.places.iter().zip(buffers) {
                let size = place.len();
                value[place.clone()].copy_from_slice(&buffer[rank * size..(rank + 1) * size]);
            }
            let key = keys.get(at);
            if let (Some(word), Some(after)) = (self.last_time, self.expiry.after()) {
                let before = read.found.value(at).and_then(|value| self.last_us(value));
                // A row may be older than the one before it.
                let last = before.map_or(last_us, |before| before.max(last_us));
                value[word..word + 8].copy_from_slice(&last.to_le_bytes());
                if before.is_none() {
                    times.push(self.by_expiry.by_time(key, Some(last.saturating_add(after))));
                }
            }
            entries.push(key, Some(&value));
        }
        let new = read.found.iter().filter(Option::is_none).count();
        OperatorCounters::add(&state.counters.updated, keys.len());
        state.counters.grow(new as i64);
        if times.is_empty() {
            return Ok(());
        }
        times.sort_unstable();
        let mut index = SortedEntries::with_capacity(times.len(), 0);
        times.iter().for_each(|key| index.push(key, Some(&[])));
        overlay.put_sorted(index)
    }

    /// Removes the keys in these slots whose time is over.
    pub fn evict(
        &self,
        slots: impl Iterator<Item = KeySlot>,
        now_ms: i64,
        overlay: &mut StateOverlay,
        state: &OperatorPass,
    ) -> Result<()> {
        let Some(after) = self.expiry.after() else { return Ok(()) };
        for slot in slots {
            let mut due = Vec::new();
            let mut scan = overlay.scan(&until(self.by_expiry, slot, now_ms))?;
            while let Some((key, _)) = scan.next()? {
                due.push(key.to_vec());
            }
            if due.is_empty() {
                continue;
            }
            let prefix = self.table.id.prefix(slot);
            let mut keys: Vec<_> = due.iter().map(|key| [prefix.as_slice(), &key[PREFIX + TIME..]].concat()).collect();
            keys.sort_unstable();
            let keys: SortedKeys = keys.into_iter().collect();
            let read = self.read(&keys, overlay)?;
            let mut gone = SortedEntries::with_capacity(keys.len(), 0);
            let mut index: Vec<_> = due.into_iter().map(|key| (key, false)).collect();
            for (key, value) in keys.iter().zip(read.found.iter()) {
                match value {
                    Some(value) if !self.is_over(value, Some(now_ms)) => {
                        let last = self.last_us(value).unwrap_or_default();
                        index.push((self.by_expiry.by_time(key, Some(last.saturating_add(after))), true));
                    }
                    Some(_) => gone.push(key, None),
                    None => {}
                }
            }
            index.sort_unstable();
            let mut moved = SortedEntries::with_capacity(index.len(), 0);
            index.iter().for_each(|(key, there)| moved.push(key, there.then_some(&[])));
            OperatorCounters::add(&state.counters.removed, gone.len());
            state.counters.grow(-(gone.len() as i64));
            overlay.put_sorted(gone)?;
            overlay.put_sorted(moved)?;
        }
        Ok(())
    }

    /// The parts whose keys another version wrote. From now on `version` is theirs.
    pub fn changed_parts(&self, parts: Range<usize>, version: &str, overlay: &mut StateOverlay) -> Result<Vec<usize>> {
        let key = |part: usize| self.versions.prefix(first_slot(part));
        let keys: SortedKeys = parts.clone().map(key).collect();
        let mut found = StateValues::default();
        overlay.get_many(&keys, &mut found)?;
        let mut changed = Vec::new();
        for (part, found) in parts.zip(found.iter()) {
            if found == Some(version.as_bytes()) {
                continue;
            }
            if found.is_some() {
                changed.push(part);
            }
            overlay.put(&key(part), version.as_bytes())?;
        }
        Ok(changed)
    }

    /// Removes all keys of a part.
    pub fn clear(&self, part: usize, overlay: &mut StateOverlay, state: &OperatorPass) -> Result<()> {
        for slot in slots_in(part) {
            for table in [self.table.id, self.by_expiry] {
                let mut gone = SortedEntries::default();
                let mut scan = overlay.scan(&KeyRange::prefix(&table.prefix(slot)))?;
                while let Some((key, _)) = scan.next()? {
                    gone.push(key, None);
                }
                if table == self.table.id {
                    OperatorCounters::add(&state.counters.removed, gone.len());
                    state.counters.grow(-(gone.len() as i64));
                }
                overlay.put_sorted(gone)?;
            }
        }
        Ok(())
    }
}

/// The bytes of a row before the words of its fields.
fn template_words(fields: usize) -> usize {
    fields.div_ceil(64) * 8
}

/// A list of as many zeros as a tensor has elements.
fn zeros(state: &HandedTensor) -> Result<ArrayRef> {
    let values = cast(&Int32Array::from(vec![0; state.elements()]), &state.element)?;
    let element = Arc::new(Field::new("element", state.element.clone(), true));
    let offsets = OffsetBuffer::from_lengths([state.elements()]);
    Ok(Arc::new(ListArray::try_new(element, offsets, values, None)?))
}
