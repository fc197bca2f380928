//! One lane's part of a pass of a stream.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, RecordBatch, UInt32Array, make_comparator};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow::compute::{SortOptions, concat_batches, take};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use super::kept::{KeyExpiry, part_of, parts_of};
use super::runs::{self, CHUNKS, KeyChunkResult, KeyRows};
use super::{OnNewVersion, RecurrentSpec};
use crate::error::{Error, Result};
use crate::plan::operators::stateful::OperatorPass;
use crate::plan::operators::stateful::distinct::DistinctKeys;
use crate::plan::operators::stateful::table::{TableKeys, event_times, timely};
use crate::plan::pass::PassContext;
use crate::state::prefix::{TableId, slots_of};
use crate::state::{SortedEntries, SortedKeys, StateOverlay};

/// How many bytes of values are put together before they go into the overlay.
const KEPT_BYTES: usize = 16 << 20;

/// One lane's part of a pass.
pub struct RecurrentLane {
    pub pass: Arc<PassContext>,
    pub lane: usize,
    pub lanes: usize,
    pub spec: Arc<RecurrentSpec>,
}

/// The rows that the function sees: their keys, and when they were.
struct SeenRows {
    /// Each key once. Its order is that of `by_key`.
    keys: TableKeys,
    by_key: KeyRows,
}

/// The order of the rows of a key.
enum RowOrder {
    Numbers(ScalarBuffer<i64>),
    Values(DynComparator),
}

impl RowOrder {
    fn of(column: &ArrayRef) -> Result<Self> {
        let numbers = match column.data_type() {
            DataType::Int64 => Some(column.as_primitive::<Int64Type>().values()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Some(column.as_primitive::<TimestampMicrosecondType>().values())
            }
            _ => None,
        };
        match numbers {
            Some(numbers) if column.null_count() == 0 => Ok(Self::Numbers(numbers.clone())),
            _ => {
                let options = SortOptions { descending: false, nulls_first: true };
                Ok(Self::Values(make_comparator(column, column, options)?))
            }
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Numbers(numbers) => numbers[a].cmp(&numbers[b]),
            Self::Values(compare) => compare(a, b),
        }
    }
}

impl RecurrentLane {
    /// The lane's rows with what the function gives.
    pub async fn rows(self, mut input: SendableRecordBatchStream) -> DfResult<RecordBatch> {
        let pass = Arc::clone(&self.pass);
        let state = pass.state(self.spec.number())?;
        let clock = pass.clock();
        let mut overlay = state.overlay();
        let mut batches = Vec::new();
        while let Some(batch) = input.next().await {
            batches.push(timely(batch?, self.spec.event_time, state)?);
        }
        let rows = concat_batches(&input.schema(), &batches)?;
        drop(batches);
        let began = clock.monotonic();
        self.begin(&mut overlay, state)?;
        let given = self.call(rows, &mut overlay, state).await?;
        state.counters.took_updating(clock.monotonic().saturating_sub(began));
        let began = clock.monotonic();
        if let Some(now_ms) = self.now_ms(state) {
            self.spec.kept.evict(slots_of(self.lane, self.lanes), now_ms, &mut overlay, state)?;
        }
        state.counters.took_removing(clock.monotonic().saturating_sub(began));
        state.finish(self.lane, overlay);
        Ok(given)
    }

    /// The time by which keys are forgotten.
    fn now_ms(&self, state: &OperatorPass) -> Option<i64> {
        match self.spec.expiry {
            KeyExpiry::Never => None,
            KeyExpiry::Watermark(_) => state.watermark.evict_ms,
            KeyExpiry::Clock(_) => Some(self.pass.batch().clock_ms),
        }
    }

    /// Looks whether the keys are those of this version of the function.
    fn begin(&self, overlay: &mut StateOverlay, state: &OperatorPass) -> Result<()> {
        let spec = &self.spec;
        let changed = spec.kept.changed_parts(parts_of(self.lane, self.lanes), spec.function.version(), overlay)?;
        // All parts change in one batch, and one lane has the first.
        if changed.first() == Some(&0) {
            let (name, number) = (spec.function.name(), spec.number());
            match spec.on_new_version {
                OnNewVersion::Keep => log::warn!(
                    "the model '{name}' of operator {number} is another version than the one that wrote its state; it goes on from that \
                     state, as on_new_version=\"keep\" says"
                ),
                OnNewVersion::Reset => log::warn!(
                    "the model '{name}' of operator {number} is another version than the one that wrote its state; all keys begin anew, as \
                     on_new_version=\"reset\" says"
                ),
            }
        }
        match spec.on_new_version {
            OnNewVersion::Keep => Ok(()),
            OnNewVersion::Reset => changed.into_iter().try_for_each(|part| spec.kept.clear(part, overlay, state)),
        }
    }

    async fn call(&self, rows: RecordBatch, overlay: &mut StateOverlay, state: &OperatorPass) -> Result<RecordBatch> {
        let spec = &self.spec;
        let Some((hash, columns)) = rows.columns().split_last() else { return Err(Error::internal("no hashes")) };
        let hashes: Vec<u32> = hash.as_primitive::<Int32Type>().values().iter().map(|hash| *hash as u32).collect();
        let arguments = spec.arguments.iter().map(|at| Arc::clone(&columns[*at])).collect();
        let arguments = spec.function.prepare(arguments)?;
        let seen = self.seen(columns, &hashes, arguments.seen.as_ref())?;
        let last = self.last_times(columns)?;
        let size = state.settings()["chunkRows"].as_u64().and_then(|rows| usize::try_from(rows).ok());
        let size = size.ok_or_else(|| Error::internal("a model without its number of rows"))?;
        let mut results = Vec::new();
        let mut kept = SortedEntries::default();
        for block in seen.blocks(size * CHUNKS) {
            let of = (&mut kept, &mut *overlay, state);
            results.extend(self.block(&seen, block, size, &arguments.columns, &last, of).await?);
            if kept.bytes() > KEPT_BYTES {
                overlay.put_sorted(std::mem::take(&mut kept))?;
            }
        }
        overlay.put_sorted(kept)?;
        let given = runs::outputs(spec.function.as_ref(), results, rows.num_rows())?;
        let columns = columns.iter().cloned().chain(given).collect();
        Ok(RecordBatch::try_new(Arc::clone(&spec.schema), columns)?)
    }

    /// Runs the function for neighbouring keys: reads what they hand on, and writes it.
    async fn block(
        &self,
        seen: &SeenRows,
        block: Range<usize>,
        size: usize,
        columns: &[ArrayRef],
        last: &LastTimes,
        (kept, overlay, state): (&mut SortedEntries, &mut StateOverlay, &OperatorPass),
    ) -> Result<Vec<KeyChunkResult>> {
        let (spec, first) = (&self.spec, block.start);
        let keys: SortedKeys = block.clone().map(|key| seen.key(key)).collect();
        let read = spec.kept.read(&keys, overlay)?;
        let now_ms = self.now_ms(state);
        let mut chunks = runs::chunks(&seen.by_key, block.clone(), size);
        for chunk in &mut chunks {
            let places: Vec<usize> = chunk.keys.iter().map(|key| key - first).collect();
            chunk.states = spec.kept.states(&read, places.into_iter(), now_ms);
        }
        let results = runs::run(&spec.function, columns, chunks, &self.pass).await?;
        let mut handed: Vec<(&[Buffer], usize)> = vec![(&[], 0); block.len()];
        for result in &results {
            for (rank, key) in result.chunk.keys.iter().enumerate() {
                handed[key - first] = (&result.chunk.states, rank);
            }
        }
        let states =
            handed.into_iter().zip(block).map(|((states, rank), key)| (states, rank, last.of(seen.by_key.of_key(key))));
        spec.kept.write(&read, &keys, states, kept, overlay, state)?;
        Ok(results)
    }

    /// The rows that the function sees, by key and in their order.
    fn seen(&self, columns: &[ArrayRef], hashes: &[u32], seen: Option<&NullBuffer>) -> Result<SeenRows> {
        let spec = &self.spec;
        let key: Vec<ArrayRef> = spec.keys.iter().map(|at| Arc::clone(&columns[*at])).collect();
        let bytes = spec.kept.table.key.encode(&key, hashes.len())?;
        let rows = (0..hashes.len()).filter(|row| seen.is_none_or(|seen| seen.is_valid(*row)));
        let distinct = DistinctKeys::of(rows.map(|row| (row as u32, bytes.row(row))));
        let own: Vec<u32> = distinct.firsts.iter().map(|row| hashes[*row as usize]).collect();
        let firsts = UInt32Array::from(distinct.firsts.clone());
        let key = key.iter().map(|column| take(column, &firsts, None)).collect::<Result<Vec<_>, _>>()?;
        let keys = spec.kept.table.keys(&key, &own)?;
        let (rows, ends) = distinct.in_order(&keys.order);
        let mut by_key = KeyRows { rows, ends };
        if let Some(order) = spec.order {
            let order = RowOrder::of(&columns[order])?;
            let mut from = 0;
            for end in &by_key.ends {
                // Rows of one time stay as they came.
                by_key.rows[from..*end].sort_by(|a, b| order.compare(*a as usize, *b as usize));
                from = *end;
            }
        }
        Ok(SeenRows { keys, by_key })
    }

    fn last_times(&self, columns: &[ArrayRef]) -> Result<LastTimes> {
        Ok(match (self.spec.expiry, self.spec.event_time) {
            (KeyExpiry::Watermark(_), Some(time)) => {
                let times = event_times(&columns[time])?;
                // As in other operators a time that is null counts as 0.
                LastTimes::OfRows(
                    (0..times.len()).map(|row| if times.is_valid(row) { times.value(row) } else { 0 }).collect(),
                )
            }
            _ => LastTimes::Same(self.pass.batch().clock_ms.saturating_mul(1000)),
        })
    }
}

/// When rows were, in microseconds.
enum LastTimes {
    OfRows(Vec<i64>),
    Same(i64),
}

impl LastTimes {
    fn of(&self, rows: &[u32]) -> i64 {
        match self {
            Self::OfRows(times) => rows.iter().map(|row| times[*row as usize]).max().unwrap_or_default(),
            Self::Same(time) => *time,
        }
    }
}

impl SeenRows {
    fn key(&self, key: usize) -> &[u8] {
        self.keys.key(self.keys.order[key] as usize)
    }

    /// Neighbouring keys of one part, at most `most` of them.
    fn blocks(&self, most: usize) -> Vec<Range<usize>> {
        let part = |key: usize| TableId::of(self.key(key)).map(|(_, slot)| part_of(slot));
        let (mut blocks, mut from) = (Vec::new(), 0);
        for key in 1..=self.by_key.keys() {
            if key == self.by_key.keys() || key - from == most || part(key) != part(from) {
                blocks.push(from..key);
                from = key;
            }
        }
        blocks
    }
}
