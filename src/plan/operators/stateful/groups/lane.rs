//! One lane's part of a pass.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::{concat_batches, filter_record_batch, take};
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use super::GroupsSpec;
use super::sorted::{SortedGroups, SortedRows, order_of};
use crate::error::{Error, Result};
use crate::function::groups::{GroupCause, GroupChunk, GroupTimeout};
use crate::plan::operators::stateful::table::{at_or_before, event_times};
use crate::plan::operators::stateful::OperatorCounters;
use crate::plan::pass::PassContext;
use crate::runtime::ChunkRunners;
use crate::state::StateOverlay;
use crate::state::prefix::slots_of;

/// How many groups, and how many rows, are called at once. A group is not cut.
const GROUPS: usize = 4096;
const ROWS: usize = 1 << 16;

/// What a lane does next.
enum GroupsWork {
    Read(SendableRecordBatchStream),
    Call(SortedRows),
    FindTimedOut,
    CallTimedOut(TimedOutGroups),
    Done,
}

/// The groups whose time is over, in the order of their keys.
struct TimedOutGroups {
    keys: Vec<ArrayRef>,
    hashes: Vec<u32>,
    called: usize,
}

/// One lane's part of a pass.
pub struct GroupsLane {
    work: GroupsWork,
    pass: Arc<PassContext>,
    lane: usize,
    lanes: usize,
    spec: Arc<GroupsSpec>,
    /// What this lane has changed; taken when all groups were called.
    overlay: Option<StateOverlay>,
    /// The input's columns without rows, for calls without any.
    no_rows: Vec<ArrayRef>,
}

impl GroupsLane {
    pub fn new(
        input: SendableRecordBatchStream,
        pass: Arc<PassContext>,
        (lane, lanes): (usize, usize),
        spec: Arc<GroupsSpec>,
        overlay: StateOverlay,
    ) -> Self {
        let schema = input.schema();
        let columns = schema.fields().len().saturating_sub(1);
        let no_rows = schema.fields().iter().take(columns).map(|field| new_empty_array(field.data_type())).collect();
        Self { work: GroupsWork::Read(input), pass, lane, lanes, spec, overlay: Some(overlay), no_rows }
    }

    /// The next rows that the function gives.
    pub async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        loop {
            match std::mem::replace(&mut self.work, GroupsWork::Done) {
                GroupsWork::Read(input) => self.work = GroupsWork::Call(self.read(input).await?),
                GroupsWork::Call(mut rows) => match rows.next(GROUPS, ROWS) {
                    Some(groups) => {
                        self.work = GroupsWork::Call(rows);
                        return Ok(Some(self.call(GroupCause::Rows, groups).await?));
                    }
                    None => self.work = GroupsWork::FindTimedOut,
                },
                GroupsWork::FindTimedOut => self.work = GroupsWork::CallTimedOut(self.timed_out()?),
                GroupsWork::CallTimedOut(mut groups) => match groups.next(&self.no_rows)? {
                    Some(chunk) => {
                        self.work = GroupsWork::CallTimedOut(groups);
                        return Ok(Some(self.call(GroupCause::TimedOut, chunk).await?));
                    }
                    None => self.finish()?,
                },
                GroupsWork::Done => return Ok(None),
            }
        }
    }

    fn overlay(&mut self) -> Result<&mut StateOverlay> {
        self.overlay.as_mut().ok_or_else(|| Error::internal("a lane of groups has ended"))
    }

    fn finish(&mut self) -> Result<()> {
        let overlay = self.overlay.take().ok_or_else(|| Error::internal("a lane of groups has ended"))?;
        self.pass.state(self.spec.operator.number)?.finish(self.lane, overlay);
        Ok(())
    }

    /// The lane's rows that are not late, in the order of their keys.
    async fn read(&mut self, mut input: SendableRecordBatchStream) -> DfResult<SortedRows> {
        let mut batches = Vec::new();
        while let Some(batch) = input.next().await {
            batches.push(self.timely(batch?)?);
        }
        let rows = concat_batches(&input.schema(), &batches)?;
        drop(batches);
        Ok(SortedRows::new(&rows, &self.spec.keys)?)
    }

    /// The rows that are not late.
    fn timely(&self, rows: RecordBatch) -> Result<RecordBatch> {
        let state = self.pass.state(self.spec.operator.number)?;
        let (Some(time), Some(late_ms)) = (self.spec.event_time, state.watermark.late_ms) else { return Ok(rows) };
        let times = event_times(rows.column(time))?;
        let timely: BooleanArray = (0..rows.num_rows()).map(|row| Some(!at_or_before(times, row, late_ms))).collect();
        OperatorCounters::add(&state.counters.dropped, rows.num_rows() - timely.true_count());
        Ok(filter_record_batch(&rows, &timely)?)
    }

    /// Calls the function for groups: reads what was kept of them, and writes what becomes of it.
    async fn call(&mut self, cause: GroupCause, groups: SortedGroups) -> Result<RecordBatch> {
        let (spec, pass) = (Arc::clone(&self.spec), Arc::clone(&self.pass));
        pass.batch().cancel.check()?;
        let (state, clock) = (pass.state(spec.operator.number)?, pass.clock());
        let began = clock.monotonic();
        let mut read = spec.kept.read(&groups.keys, &groups.hashes, self.overlay()?)?;
        let chunk = GroupChunk {
            cause,
            rows: groups.rows,
            ends: groups.ends,
            keys: groups.keys,
            values: std::mem::replace(&mut read.values, arrow::array::StructArray::new_empty_fields(0, None)),
            watermark_ms: state.watermark.evict_ms,
        };
        let (function, called) = (Arc::clone(&spec.function), Arc::clone(&pass));
        let who = ChunkRunners::Functions(function.turn().cloned());
        let calls = pass.runtime().compute().share(
            1,
            who,
            |_| 1,
            move |_| called.batch().cancel.owning(|| function.call(called.batch(), chunk.clone())),
        );
        let results = calls.finish_unless(&pass.batch().cancel).await?.pop();
        let results = results.ok_or_else(|| Error::internal("a function of groups gave nothing"))?;
        let earliest = spec.kept.write(&read, &results, self.overlay()?, state)?;
        if spec.timeout == GroupTimeout::ProcessingTime {
            // A time is over when the clock is past it.
            state.due_at(earliest.map(|ms| ms.saturating_add(1)));
        }
        let took = clock.monotonic().saturating_sub(began);
        match cause {
            GroupCause::Rows => state.counters.took_updating(took),
            GroupCause::TimedOut => state.counters.took_removing(took),
        }
        Ok(RecordBatch::try_new(Arc::clone(&spec.schema), results.rows)?)
    }

    /// The groups whose time is over, now that all groups with rows were called.
    fn timed_out(&mut self) -> Result<TimedOutGroups> {
        let pass = Arc::clone(&self.pass);
        let state = pass.state(self.spec.operator.number)?;
        let now_ms = match self.spec.timeout {
            GroupTimeout::Never => None,
            GroupTimeout::ProcessingTime => Some(pass.batch().clock_ms),
            GroupTimeout::EventTime => state.watermark.evict_ms,
        };
        let Some(now_ms) = now_ms else { return Ok(TimedOutGroups::none()) };
        let slots = slots_of(self.lane, self.lanes);
        let spec = Arc::clone(&self.spec);
        let due = spec.kept.due(slots, now_ms, self.overlay()?)?;
        if spec.timeout == GroupTimeout::ProcessingTime {
            state.due_at(due.next_ms.map(|ms| ms.saturating_add(1)));
        }
        if due.hashes.is_empty() {
            return Ok(TimedOutGroups::none());
        }
        let (order, _) = order_of(&due.keys)?;
        let keys = due.keys.iter().map(|key| take(key, &order, None)).collect::<Result<_, _>>()?;
        let hashes = order.values().iter().map(|group| due.hashes[*group as usize]).collect();
        Ok(TimedOutGroups { keys, hashes, called: 0 })
    }
}

impl TimedOutGroups {
    fn none() -> Self {
        Self { keys: Vec::new(), hashes: Vec::new(), called: 0 }
    }

    fn next(&mut self, no_rows: &[ArrayRef]) -> Result<Option<SortedGroups>> {
        let start = self.called;
        let count = (self.hashes.len() - start).min(GROUPS);
        if count == 0 {
            return Ok(None);
        }
        self.called += count;
        let places: UInt32Array = (start..self.called).map(|group| group as u32).collect();
        Ok(Some(SortedGroups {
            rows: no_rows.to_vec(),
            ends: vec![0; count],
            keys: self.keys.iter().map(|key| take(key, &places, None)).collect::<Result<_, _>>()?,
            hashes: self.hashes[start..self.called].to_vec(),
        }))
    }
}
