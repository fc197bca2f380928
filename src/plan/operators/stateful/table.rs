//! One table of an operator: its keys and its values as rows.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, TimestampMicrosecondType};

use super::{OperatorCounters, OperatorPass};
use crate::error::{Error, Result};
use crate::state::prefix::{KeySlot, PREFIX, TIME, TableId, ordered_time};
use crate::state::row::RowFormat;
use crate::state::{KeyRange, SortedKeys, StateScan};

/// The column of a key that says when its row may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct EventTimeKey {
    pub column: usize,
}

impl EventTimeKey {
    /// The times: of a window its end.
    pub fn times<'a>(&self, columns: &'a [ArrayRef]) -> Result<&'a TimestampMicrosecondArray> {
        let column = columns.get(self.column).ok_or_else(|| Error::internal("a key without its event time"))?;
        event_times(column)
    }
}

/// The event times of a column: of a window its end.
pub fn event_times(column: &ArrayRef) -> Result<&TimestampMicrosecondArray> {
    match column.data_type() {
        DataType::Timestamp(..) => Ok(column.as_primitive::<TimestampMicrosecondType>()),
        DataType::Struct(_) => match column.as_struct().column_by_name("end") {
            Some(end) => event_times(end),
            None => Err(Error::internal("an event time that is no window")),
        },
        other => Err(Error::internal(format!("an event time of type {other}"))),
    }
}

/// Whether each time is at or before `ms`. Null never is.
pub fn at_or_before(times: &TimestampMicrosecondArray, row: usize, ms: i64) -> bool {
    times.is_valid(row) && times.value(row) <= ms.saturating_mul(1000)
}

/// The rows that are not late, by the event time in a column. Late ones are counted.
pub fn timely(rows: RecordBatch, event_time: Option<usize>, state: &OperatorPass) -> Result<RecordBatch> {
    let (Some(time), Some(late_ms)) = (event_time, state.watermark.late_ms) else { return Ok(rows) };
    let times = event_times(rows.column(time))?;
    let timely: BooleanArray = (0..rows.num_rows()).map(|row| Some(!at_or_before(times, row, late_ms))).collect();
    OperatorCounters::add(&state.counters.dropped, rows.num_rows() - timely.true_count());
    Ok(filter_record_batch(&rows, &timely)?)
}

/// A table whose keys and values are rows. Where a key has an event time, it lies by time.
#[derive(Clone, Debug)]
pub struct RowTable {
    pub id: TableId,
    pub key: RowFormat,
    pub value: RowFormat,
    pub time: Option<EventTimeKey>,
}

/// The bytes of keys, in the order of their rows, and the order of the bytes.
pub struct TableKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The rows by their keys.
    pub order: Vec<u32>,
}

impl TableKeys {
    pub fn key(&self, row: usize) -> &[u8] {
        let from = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[from..self.ends[row]]
    }

    /// The rows by their keys. Most keys differ soon behind the bytes that all of them have, so those
    /// are compared as a number: reading two keys from memory takes longer.
    fn sorted_rows(&self) -> Vec<u32> {
        let rows = self.ends.len();
        if rows == 0 {
            return Vec::new();
        }
        let first = &self.key(0)[PREFIX..];
        let common = (1..rows).fold(first.len(), |most, row| common_bytes(first, &self.key(row)[PREFIX..], most));
        // The slot, and the bytes behind those that all keys have.
        let head = |row: usize| {
            let key = self.key(row);
            let behind = &key[PREFIX + common..];
            let mut head = [0; 16];
            let taken = behind.len().min(head.len() - 1);
            head[0] = key[PREFIX - 1];
            head[1..=taken].copy_from_slice(&behind[..taken]);
            u128::from_be_bytes(head)
        };
        let mut order: Vec<(u128, u32)> = (0..rows).map(|row| (head(row), row as u32)).collect();
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.key(a.1 as usize).cmp(self.key(b.1 as usize))));
        order.into_iter().map(|(_, row)| row).collect()
    }

    /// All keys in their order.
    pub fn sorted(&self) -> SortedKeys {
        let mut sorted = SortedKeys::default();
        self.order.iter().for_each(|row| sorted.push(self.key(*row as usize)));
        sorted
    }
}

/// How many of the first `most` bytes of two keys are the same.
fn common_bytes(a: &[u8], b: &[u8], most: usize) -> usize {
    a.iter().zip(b).take(most).take_while(|(a, b)| a == b).count()
}

impl RowTable {
    /// The bytes before the row of a key.
    fn head(&self) -> usize {
        PREFIX + if self.time.is_some() { TIME } else { 0 }
    }

    /// The keys of rows, which have these hashes.
    pub fn keys(&self, columns: &[ArrayRef], hashes: &[u32]) -> Result<TableKeys> {
        let rows = self.key.encode(columns, hashes.len())?;
        let times = self.time.map(|time| time.times(columns)).transpose()?;
        let mut bytes = Vec::with_capacity(rows.bytes().len() + hashes.len() * self.head());
        let mut ends = Vec::with_capacity(hashes.len());
        for (i, hash) in hashes.iter().enumerate() {
            bytes.extend(self.id.prefix(KeySlot::of(*hash)));
            if let Some(times) = times {
                bytes.extend(ordered_time(times.is_valid(i).then(|| times.value(i))));
            }
            bytes.extend(rows.row(i));
            ends.push(bytes.len());
        }
        let mut keys = TableKeys { bytes, ends, order: Vec::new() };
        keys.order = keys.sorted_rows();
        Ok(keys)
    }

    /// The columns of keys.
    pub fn decode_keys(&self, keys: &[&[u8]]) -> Result<Vec<ArrayRef>> {
        let rows: Vec<_> = keys.iter().map(|key| key.get(self.head()..).unwrap_or_default()).collect();
        self.key.decode(&rows)
    }

    /// All keys of a slot.
    pub fn slot(&self, slot: KeySlot) -> KeyRange {
        KeyRange::prefix(&self.id.prefix(slot))
    }

    /// The keys of a slot whose time is at or before `ms`. Null times are none of them.
    pub fn until(&self, slot: KeySlot, ms: i64) -> KeyRange {
        until(self.id, slot, ms)
    }
}

/// The keys of a table's slot that begin with a time at or before `ms`.
pub fn until(table: TableId, slot: KeySlot, ms: i64) -> KeyRange {
    let prefix = table.prefix(slot);
    let after = ms.saturating_mul(1000).saturating_add(1);
    KeyRange::new(prefix, [prefix.as_slice(), &ordered_time(Some(after))].concat())
}

/// How many keys and values are shown at once.
pub const CHUNK: usize = 8192;

/// Some keys and values of a scan of a table.
#[derive(Debug, Default)]
pub struct TableEntries {
    bytes: Vec<u8>,
    /// The ends of each key and of its value.
    ends: Vec<(usize, usize)>,
}

impl TableEntries {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a key and its value.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((end, self.bytes.len()));
    }

    /// The next entries of a scan; `None` at its end.
    pub fn next(scan: &mut StateScan) -> Result<Option<Self>> {
        let mut entries = Self::default();
        while entries.ends.len() < CHUNK {
            let Some((key, value)) = scan.next()? else { break };
            entries.push(key, value);
        }
        Ok((!entries.ends.is_empty()).then_some(entries))
    }

    /// The keys and the values.
    pub fn parts(&self) -> (Vec<&[u8]>, Vec<&[u8]>) {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let cut = |(from, (key, end)): (usize, &(usize, usize))| (&self.bytes[from..*key], &self.bytes[*key..*end]);
        starts.zip(&self.ends).map(cut).unzip()
    }
}

/// Shows the keys and the values of a scan, some at a time.
pub fn in_chunks(mut scan: StateScan, show: &mut dyn FnMut(&[&[u8]], &[&[u8]]) -> Result<()>) -> Result<()> {
    while let Some(entries) = TableEntries::next(&mut scan)? {
        let (keys, values) = entries.parts();
        show(&keys, &values)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::{EventTimeKey, RowTable};
    use crate::state::prefix::TableId;
    use crate::state::row::RowFormat;

    /// Checks the order of keys of these columns, in slots that come and go.
    fn check(columns: &[ArrayRef], time: Option<EventTimeKey>, slots: u32) {
        let types = columns.iter().map(|column| column.data_type().clone()).collect();
        let key = RowFormat::new(types).expect("types of rows");
        let value = RowFormat::new(Vec::new()).expect("a row without fields");
        let table = RowTable { id: TableId { operator: 1, table: 0 }, key, value, time };
        let hashes: Vec<u32> = (0..columns[0].len() as u32).map(|row| row * 7 % slots).collect();
        let keys = table.keys(columns, &hashes).expect("keys");
        let sorted: Vec<_> = keys.order.iter().map(|row| keys.key(*row as usize)).collect();
        let mut wanted = sorted.clone();
        wanted.sort_unstable();
        assert_eq!(sorted, wanted);
        let mut rows = keys.order.clone();
        rows.sort_unstable();
        assert!(rows.iter().copied().eq(0..columns[0].len() as u32));
    }

    #[test]
    fn rows_are_in_the_order_of_the_bytes_of_their_keys() {
        let numbers = (0..300).map(|row| (row % 11 > 0).then_some(row * 7_919_771 % 90));
        let numbers: ArrayRef = Arc::new(numbers.collect::<Int64Array>());
        let texts = (0..300).map(|row| (row % 13 > 0).then(|| "a".repeat(row % 40) + &(row * 31 % 70).to_string()));
        let texts: ArrayRef = Arc::new(texts.collect::<StringArray>());
        let times = (0..300).map(|row| (row % 5 > 0).then_some(row * 1_000_003 % 97));
        let times: ArrayRef = Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"));
        for slots in [1, 200] {
            check(&[Arc::clone(&numbers)], None, slots);
            check(&[Arc::clone(&texts)], None, slots);
            check(&[Arc::clone(&texts), Arc::clone(&numbers)], None, slots);
            check(&[Arc::clone(&times), Arc::clone(&numbers)], Some(EventTimeKey { column: 0 }), slots);
            check(&[numbers.slice(0, 1)], None, slots);
            check(&[numbers.slice(0, 0)], None, slots);
        }
    }
}
