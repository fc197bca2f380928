//! One side of a join: its rows as they are kept, and found again.
//!
//! | table | key, after the slot | value |
//! |---|---|---|
//! | rows | the join key's row, the event time, the batch, the row's number | the row |
//! | matched | as above | nothing: the row has had a partner |
//! | by time | when the row may go, then as above | nothing |
//!
//! Rows lie by key, so that a probe is one range, which bounds of time make shorter.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Int32Type, Schema, SchemaRef};

use super::StreamSide;
use super::time::WatermarkShift;
use crate::error::{Error, Result};
use crate::plan::operators::stateful::form::{JoinSideForm, KnownPartners, RowEnds};
use crate::plan::operators::stateful::table::{event_times, until};
use crate::plan::operators::stateful::{ColumnNames, KeyLayout, StateTable};
use crate::state::prefix::{KeySlot, PREFIX, TIME, TableId, ordered_time};
use crate::state::row::{RowBytes, RowFormat};
use crate::state::{KeyRange, SortedEntries, StateOverlay};

/// The bytes of the batch and of the row's number, which end a key.
const NUMBER: usize = 12;

/// What one side of a join is.
#[derive(Debug)]
pub struct JoinSideSpec {
    pub keys: Vec<usize>,
    pub own_condition: Option<usize>,
    pub event_time: Option<usize>,
    /// The columns of the side's input, without the hash.
    pub schema: SchemaRef,
    /// How far its rows need not be kept; nothing: they are kept for ever.
    shifts: Vec<WatermarkShift>,
    /// The key that has the event time and says how long rows are kept.
    key_time: Option<usize>,
    rows: TableId,
    matched: TableId,
    by_time: TableId,
    key: RowFormat,
    value: RowFormat,
    names: ColumnNames,
}

/// Rows of one side in one batch.
pub struct JoinRows {
    pub columns: Vec<ArrayRef>,
    pub hashes: Int32Array,
    key_rows: RowBytes,
    values: RowBytes,
    /// Of the side's own event time.
    times: Option<TimestampMicrosecondArray>,
    /// When rows may go.
    ends: Option<TimestampMicrosecondArray>,
    /// Rows that fail the condition on their side alone.
    pub hopeless: Option<BooleanArray>,
}

impl JoinRows {
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    pub fn time(&self, row: usize) -> Option<i64> {
        self.times.as_ref().filter(|times| times.is_valid(row)).map(|times| times.value(row))
    }

    pub fn is_hopeless(&self, row: usize) -> bool {
        // A condition that is null is not true.
        self.hopeless.as_ref().is_some_and(|own| !(own.is_valid(row) && own.value(row)))
    }

    pub fn key(&self, row: usize) -> &[u8] {
        self.key_rows.row(row)
    }

    fn slot(&self, row: usize) -> KeySlot {
        KeySlot::of(self.hashes.value(row) as u32)
    }
}

/// What the keys of rows have after the slot, one after the other.
#[derive(Default)]
struct KeptKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeptKeys {
    fn push(&mut self, rows: &JoinRows, row: usize, batch: u64) {
        self.bytes.extend(rows.key(row));
        self.bytes.extend(ordered_time(rows.time(row)));
        self.bytes.extend(batch.to_be_bytes());
        self.bytes.extend((row as u32).to_be_bytes());
        self.ends.push(self.bytes.len());
    }

    fn key(&self, at: usize) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[from..self.ends[at]]
    }
}

impl JoinSideSpec {
    pub fn new(
        operator: u16,
        side: u8,
        names: &StreamSide,
        schema: &SchemaRef,
        shifts: Vec<WatermarkShift>,
        key_time: Option<usize>,
    ) -> Result<Self> {
        let index = |name: &String| Ok(schema.index_of(name)?);
        let keys = names.keys.iter().map(index).collect::<Result<Vec<_>>>()?;
        let types = |at: &mut dyn Iterator<Item = usize>| at.map(|at| schema.field(at).data_type().clone()).collect();
        let table = |part: u8| TableId { operator, table: part * 2 + side };
        Ok(Self {
            own_condition: names.own_condition.as_ref().map(index).transpose()?,
            event_time: names.event_times.first().map(index).transpose()?,
            key: RowFormat::new(types(&mut keys.iter().copied()))?,
            value: RowFormat::new(types(&mut (0..schema.fields().len())))?,
            schema: Arc::clone(schema),
            keys,
            shifts,
            key_time,
            rows: table(0),
            matched: table(1),
            by_time: table(2),
            names: names.names.clone(),
        })
    }

    /// What Spark keeps of a side: how many rows a key has, and the rows.
    pub fn tables(&self, side: &'static str) -> impl Iterator<Item = StateTable> + use<> {
        let names = match side {
            "left" => "left-keyWithIndexToValue",
            _ => "right-keyWithIndexToValue",
        };
        let key = self.keys.iter().enumerate();
        let field = |(at, key): (usize, &usize)| {
            Field::new(format!("field{at}"), self.schema.field(*key).data_type().clone(), true)
        };
        let key = Arc::new(Schema::new(key.map(field).collect::<Vec<_>>()));
        let (number, value) = (self.rows.table, self.names.schema(&self.schema));
        std::iter::once(StateTable { name: names, number, layout: KeyLayout::RowTimeNumber, time: None, key, value })
    }

    /// What its kept rows are.
    pub fn form(&self, partners: KnownPartners) -> JoinSideForm {
        let ends = match self.key_time {
            _ if self.keeps_all() => RowEnds::Never,
            Some(key) => RowEnds::Key(key),
            None => RowEnds::Time,
        };
        JoinSideForm { time: self.event_time, ends, partners }
    }

    /// How far rows may go at the watermark `ms`; `None` if they are kept for ever.
    pub fn end_ms(&self, ms: i64) -> Option<i64> {
        self.shifts.iter().map(|shift| shift.of(ms)).min()
    }

    /// Whether rows are kept for ever.
    pub fn keeps_all(&self) -> bool {
        self.shifts.is_empty()
    }

    /// Rows of an input, whose last column is the key's hash.
    pub fn rows_of(&self, batch: &RecordBatch) -> Result<JoinRows> {
        let Some((hash, columns)) = batch.columns().split_last() else { return Err(Error::internal("no hashes")) };
        let keys: Vec<_> = self.keys.iter().map(|at| Arc::clone(&columns[*at])).collect();
        let count = batch.num_rows();
        let times = self.event_time.map(|at| event_times(&columns[at]).cloned()).transpose()?;
        let ends = match self.key_time {
            _ if self.keeps_all() => None,
            Some(key) => Some(event_times(&keys[key])?.clone()),
            None => times.clone(),
        };
        Ok(JoinRows {
            key_rows: self.key.encode(&keys, count)?,
            values: self.value.encode(columns, count)?,
            hashes: hash.as_primitive::<Int32Type>().clone(),
            times,
            ends,
            hopeless: self.own_condition.map(|at| columns[at].as_boolean().clone()),
            columns: columns.to_vec(),
        })
    }

    /// Whether a row could go at once.
    pub fn is_over(&self, rows: &JoinRows, row: usize, end_ms: Option<i64>) -> bool {
        match (&rows.ends, end_ms) {
            (Some(ends), Some(end_ms)) => ends.is_valid(row) && ends.value(row) <= end_ms.saturating_mul(1000),
            _ => false,
        }
    }

    /// Keeps some rows. `matched` says of every row whether it has had a partner, if that is noted.
    pub fn keep(
        &self,
        overlay: &mut StateOverlay,
        rows: &JoinRows,
        which: &[usize],
        batch: u64,
        matched: Option<&[bool]>,
    ) -> Result<()> {
        let mut own = KeptKeys::default();
        for row in which {
            own.push(rows, *row, batch);
        }
        let mut order: Vec<usize> = (0..which.len()).collect();
        let place = |at: usize| (rows.slot(which[at]), own.key(at));
        order.sort_unstable_by(|a, b| place(*a).cmp(&place(*b)));
        let keys = own.bytes.len() + which.len() * PREFIX;
        let mut kept = SortedEntries::with_capacity(which.len(), keys + rows.values.bytes().len());
        let mut key = Vec::new();
        let mut put = |entries: &mut SortedEntries, table: TableId, time: &[u8], at: usize, value: &[u8]| {
            key.clear();
            [&table.prefix(rows.slot(which[at])), time, own.key(at)]
                .iter()
                .for_each(|part| key.extend_from_slice(part));
            entries.push(&key, Some(value));
        };
        order.iter().for_each(|at| put(&mut kept, self.rows, &[], *at, rows.values.row(which[*at])));
        overlay.put_sorted(kept)?;
        if let Some(matched) = matched {
            let mut noted = SortedEntries::default();
            let have_had = order.iter().filter(|at| matched[which[**at]]);
            have_had.for_each(|at| put(&mut noted, self.matched, &[], *at, &[]));
            overlay.put_sorted(noted)?;
        }
        if let Some(ends) = &rows.ends {
            let end = |at: usize| ordered_time(ends.is_valid(which[at]).then(|| ends.value(which[at])));
            let place = |at: usize| (rows.slot(which[at]), end(at), own.key(at));
            order.sort_unstable_by(|a, b| place(*a).cmp(&place(*b)));
            let mut by_time = SortedEntries::with_capacity(which.len(), keys + which.len() * TIME);
            order.iter().for_each(|at| put(&mut by_time, self.by_time, &end(*at), *at, &[]));
            overlay.put_sorted(by_time)?;
        }
        Ok(())
    }

    /// The time in the key of a kept row, as [`ordered_time`] writes it.
    pub fn time_in<'a>(&self, key: &'a [u8]) -> Result<&'a [u8]> {
        let end = key.len().saturating_sub(NUMBER);
        key.get(end.saturating_sub(TIME)..end).ok_or_else(|| Error::internal("a kept row without its time"))
    }

    /// The rows of a key between two times, in microseconds.
    pub fn partners(&self, slot: KeySlot, key: &[u8], from: Option<i64>, to: Option<i64>) -> KeyRange {
        let prefix = [self.rows.prefix(slot).as_slice(), key].concat();
        let (Some(_), true) = (self.event_time, from.is_some() || to.is_some()) else {
            return KeyRange::prefix(&prefix);
        };
        let from = match from {
            Some(from) => [prefix.as_slice(), &ordered_time(Some(from))].concat(),
            None => prefix.clone(),
        };
        match to.and_then(|to| to.checked_add(1)) {
            Some(after) => KeyRange::new(from, [prefix.as_slice(), &ordered_time(Some(after))].concat()),
            None => KeyRange { from, to: KeyRange::prefix(&prefix).to },
        }
    }

    /// The key under which a kept row's partner is noted.
    pub fn matched_key(&self, key: &[u8]) -> Vec<u8> {
        self.matched.instead(key, &key[PREFIX..])
    }

    /// The rows of a slot that may go, by when they may.
    pub fn over(&self, slot: KeySlot, end_ms: i64) -> KeyRange {
        until(self.by_time, slot, end_ms)
    }

    /// The key of a row out of its entry by time.
    pub fn row_key(&self, by_time: &[u8]) -> Vec<u8> {
        self.rows.instead(by_time, by_time.get(PREFIX + TIME..).unwrap_or_default())
    }

    /// Forgets rows: their keys, their entries by time, and whether they have had a partner, if that
    /// is noted.
    pub fn forget(
        &self,
        overlay: &mut StateOverlay,
        keys: Vec<Vec<u8>>,
        by_time: Vec<Vec<u8>>,
        matched: bool,
    ) -> Result<()> {
        let noted = if matched { keys.iter().map(|key| self.matched_key(key)).collect() } else { Vec::new() };
        for mut gone in [keys, noted, by_time] {
            gone.sort_unstable();
            let mut removed = SortedEntries::with_capacity(gone.len(), gone.iter().map(Vec::len).sum());
            gone.iter().for_each(|key| removed.push(key, None));
            overlay.put_sorted(removed)?;
        }
        Ok(())
    }

    /// The entry by time of a kept row, whose value this is.
    pub fn by_time_key(&self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.keeps_all() {
            return Ok(None);
        }
        let columns = self.decode(&[value])?;
        let at = match (self.key_time, self.event_time) {
            (Some(key), _) => self.keys[key],
            (None, Some(time)) => time,
            (None, None) => return Ok(None),
        };
        let times = event_times(&columns[at])?;
        Ok(Some(self.by_time.by_time(key, times.is_valid(0).then(|| times.value(0)))))
    }

    /// The columns of kept rows.
    pub fn decode(&self, values: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        self.value.decode(values)
    }

    pub fn slot(rows: &JoinRows, row: usize) -> KeySlot {
        rows.slot(row)
    }
}
