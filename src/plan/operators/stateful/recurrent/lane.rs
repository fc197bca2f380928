//! One lane's part of a pass of a stream.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_comparator};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::compute::{SortOptions, concat_batches};
use arrow::datatypes::Int32Type;
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use super::kept::{KeyExpiry, part_of, parts_of};
use super::runs::{self, CHUNKS, KeyChunkResult, KeyRows};
use super::{OnNewVersion, RecurrentSpec};
use crate::error::{Error, Result};
use crate::plan::operators::stateful::OperatorPass;
use crate::plan::operators::stateful::table::{TableKeys, event_times, timely};
use crate::plan::pass::PassContext;
use crate::state::prefix::{TableId, slots_of};
use crate::state::{SortedKeys, StateOverlay};

/// One lane's part of a pass.
pub struct RecurrentLane {
    pub pass: Arc<PassContext>,
    pub lane: usize,
    pub lanes: usize,
    pub spec: Arc<RecurrentSpec>,
}

/// The rows that the function sees: their keys, and when they were.
struct SeenRows {
    keys: TableKeys,
    by_key: KeyRows,
    /// By key, a row of it.
    firsts: Vec<usize>,
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
        for block in seen.blocks(size * CHUNKS) {
            results.extend(self.block(&seen, block, size, &arguments.columns, &last, (overlay, state)).await?);
        }
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
        (overlay, state): (&mut StateOverlay, &OperatorPass),
    ) -> Result<Vec<KeyChunkResult>> {
        let (spec, first) = (&self.spec, block.start);
        let keys: SortedKeys = block.clone().map(|key| seen.keys.key(seen.firsts[key])).collect();
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
        spec.kept.write(&read, &keys, states, overlay, state)?;
        Ok(results)
    }

    /// The rows that the function sees, by key and in their order.
    fn seen(&self, columns: &[ArrayRef], hashes: &[u32], seen: Option<&NullBuffer>) -> Result<SeenRows> {
        let spec = &self.spec;
        let key: Vec<ArrayRef> = spec.keys.iter().map(|at| Arc::clone(&columns[*at])).collect();
        let keys = spec.kept.table.keys(&key, hashes)?;
        let options = SortOptions { descending: false, nulls_first: true };
        let order = spec.order.map(|at| make_comparator(&columns[at], &columns[at], options)).transpose()?;
        let mut by_key = KeyRows::default();
        let mut firsts = Vec::new();
        let mut from = 0;
        while from < keys.order.len() {
            let first = keys.order[from] as usize;
            let same = keys.order[from..].iter().take_while(|row| keys.key(**row as usize) == keys.key(first)).count();
            let begin = by_key.rows.len();
            let there = |row: &&u32| seen.is_none_or(|seen| seen.is_valid(**row as usize));
            by_key.rows.extend(keys.order[from..from + same].iter().filter(there));
            from += same;
            let rows = &mut by_key.rows[begin..];
            if rows.len() > 1 {
                // Rows of one time stay as they came.
                rows.sort_unstable_by(|a, b| {
                    let by_order = order.as_ref().map(|order| order(*a as usize, *b as usize));
                    by_order.unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(b))
                });
            }
            if by_key.rows.len() > begin {
                by_key.ends.push(by_key.rows.len());
                firsts.push(first);
            }
        }
        Ok(SeenRows { keys, by_key, firsts })
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
    /// Neighbouring keys of one part, at most `most` of them.
    fn blocks(&self, most: usize) -> Vec<Range<usize>> {
        let part = |key: usize| TableId::of(self.keys.key(self.firsts[key])).map(|(_, slot)| part_of(slot));
        let (mut blocks, mut from) = (Vec::new(), 0);
        for key in 1..=self.firsts.len() {
            if key == self.firsts.len() || key - from == most || part(key) != part(from) {
                blocks.push(from..key);
                from = key;
            }
        }
        blocks
    }
}
