//! One lane's part of a pass.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StructArray, UInt32Array, new_empty_array};
use arrow::compute::{concat_batches, take};
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use super::GroupsSpec;
use super::frame::LaneState;
use super::kept::DueTimes;
use super::renew::renew;
use super::sorted::{RowsByKey, SortedGroups, order_of};
use crate::error::{Error, Result, condition};
use crate::function::groups::{GroupCalls, GroupCause, GroupChunk, GroupKind, GroupTimeout};
use crate::plan::operators::stateful::table::{at_or_before, event_times, timely};
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
    Call(RowsByKey),
    /// Looks for the groups that are called without rows.
    Find(GroupCause),
    CallWithoutRows(GroupCause, DueInOrder),
    Finish,
    Done,
}

/// Times of groups, in the order in which they are told.
struct DueInOrder {
    keys: Vec<ArrayRef>,
    hashes: Vec<u32>,
    times: Vec<i64>,
    told: usize,
}

/// Groups of a chunk, and which of their times are over.
struct ChunkGroups {
    groups: SortedGroups,
    over: Vec<(usize, i64)>,
}

/// One lane's part of a pass.
pub struct GroupsLane {
    work: GroupsWork,
    pass: Arc<PassContext>,
    lane: usize,
    lanes: usize,
    spec: Arc<GroupsSpec>,
    state: LaneState,
    /// The function, once it was begun.
    calls: Option<Arc<dyn GroupCalls>>,
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
        state: LaneState,
    ) -> Result<Self> {
        let schema = input.schema();
        let columns = schema.fields().len().saturating_sub(1);
        let no_rows = schema.fields().iter().take(columns).map(|field| new_empty_array(field.data_type())).collect();
        let (work, overlay) = (GroupsWork::Read(input), Some(state.get()?.overlay()));
        Ok(Self { work, pass, lane, lanes, spec, state, calls: None, overlay, no_rows })
    }

    /// The next rows that the function gives.
    pub async fn next(&mut self) -> DfResult<Option<RecordBatch>> {
        loop {
            match std::mem::replace(&mut self.work, GroupsWork::Done) {
                GroupsWork::Read(input) => {
                    self.renew()?;
                    self.work = GroupsWork::Call(self.read(input).await?);
                    // A processor is begun and ended in each batch.
                    if self.spec.kind != GroupKind::State {
                        self.open().await?;
                    }
                }
                GroupsWork::Call(mut rows) => match rows.next(GROUPS, ROWS) {
                    Some(groups) => {
                        self.work = GroupsWork::Call(rows);
                        let chunk = ChunkGroups { groups, over: Vec::new() };
                        return Ok(Some(self.call(GroupCause::Rows, chunk).await?));
                    }
                    None => self.work = GroupsWork::Find(GroupCause::TimedOut),
                },
                GroupsWork::Find(cause) => self.work = GroupsWork::CallWithoutRows(cause, self.due(cause)?),
                GroupsWork::CallWithoutRows(cause, mut due) => match due.next(&self.no_rows)? {
                    Some(chunk) => {
                        self.work = GroupsWork::CallWithoutRows(cause, due);
                        return Ok(Some(self.call(cause, chunk).await?));
                    }
                    None if cause == GroupCause::TimedOut && self.spec.kind != GroupKind::State => {
                        self.work = GroupsWork::Find(GroupCause::Expired);
                    }
                    None => self.work = GroupsWork::Finish,
                },
                GroupsWork::Finish => self.finish().await?,
                GroupsWork::Done => return Ok(None),
            }
        }
    }

    fn overlay(&mut self) -> Result<&mut StateOverlay> {
        self.overlay.as_mut().ok_or_else(|| Error::internal("a lane of groups has ended"))
    }

    /// Writes groups anew that an earlier run kept under other variables.
    fn renew(&mut self) -> Result<()> {
        let (own, spec) = (self.state.clone(), Arc::clone(&self.spec));
        let state = own.get()?;
        let Some(before) = &state.renewed else { return Ok(()) };
        let slots = slots_of(self.lane, self.lanes);
        renew(&spec.kept, before, slots, self.overlay()?, state)
    }

    async fn open(&mut self) -> Result<Arc<dyn GroupCalls>> {
        if let Some(calls) = &self.calls {
            return Ok(Arc::clone(calls));
        }
        let (pass, spec) = (Arc::clone(&self.pass), Arc::clone(&self.spec));
        let function = Arc::clone(&spec.function);
        let watermark_ms = self.state.get()?.watermark.evict_ms;
        let calls = apart(&pass, &spec, move |pass| function.open(pass.batch(), watermark_ms)).await?;
        self.calls = Some(Arc::clone(&calls));
        Ok(calls)
    }

    async fn finish(&mut self) -> Result<()> {
        let (pass, spec) = (Arc::clone(&self.pass), Arc::clone(&self.spec));
        if let Some(calls) = self.calls.take() {
            apart(&pass, &spec, move |pass| calls.close(pass.batch())).await?;
        }
        let overlay = self.overlay.take().ok_or_else(|| Error::internal("a lane of groups has ended"))?;
        self.state.get()?.finish(self.lane, overlay);
        Ok(())
    }

    /// The lane's rows that are not late, in the order of their keys.
    async fn read(&mut self, mut input: SendableRecordBatchStream) -> DfResult<RowsByKey> {
        let mut batches = Vec::new();
        while let Some(batch) = input.next().await {
            batches.push(timely(batch?, self.spec.event_time, self.state.get()?)?);
        }
        let rows = concat_batches(&input.schema(), &batches)?;
        drop(batches);
        Ok(RowsByKey::new(&rows, &self.spec.keys)?)
    }

    /// Calls the function for groups: reads what was kept of them, and writes what becomes of it.
    async fn call(&mut self, cause: GroupCause, chunk: ChunkGroups) -> Result<RecordBatch> {
        let (spec, pass) = (Arc::clone(&self.spec), Arc::clone(&self.pass));
        pass.batch().cancel.check()?;
        let calls = self.open().await?;
        let own = self.state.clone();
        let (state, clock) = (own.get()?, pass.clock());
        let began = clock.monotonic();
        let ChunkGroups { groups, over } = chunk;
        let mut read = spec.kept.read(&groups.keys, &groups.hashes, self.overlay()?)?;
        let chunk = GroupChunk {
            cause,
            rows: groups.rows,
            ends: groups.ends,
            keys: groups.keys,
            values: std::mem::replace(&mut read.values, StructArray::new_empty_fields(0, None)),
            times: read.times.clone(),
            over,
        };
        let results = apart(&pass, &spec, move |pass| calls.call(pass.batch(), chunk.clone())).await?;
        let earliest = spec.kept.write(&read, &results, self.overlay()?, state)?;
        if spec.timeout == GroupTimeout::ProcessingTime {
            state.due_at(earliest.map(|ms| self.over_at(ms)));
        }
        let took = clock.monotonic().saturating_sub(began);
        match cause {
            GroupCause::Rows => state.counters.took_updating(took),
            GroupCause::TimedOut | GroupCause::Expired => state.counters.took_removing(took),
        }
        if let (Some(at), Some(late_ms)) = (spec.gives_time, state.watermark.late_ms) {
            check_times(&results.rows[at], late_ms)?;
        }
        Ok(RecordBatch::try_new(Arc::clone(&spec.schema), results.rows)?)
    }

    /// The first clock reading at which a time is over.
    fn over_at(&self, ms: i64) -> i64 {
        if self.spec.kind == GroupKind::State { ms.saturating_add(1) } else { ms }
    }

    /// The groups that are called without rows, now that all groups with rows were called.
    fn due(&mut self, cause: GroupCause) -> Result<DueInOrder> {
        let (pass, spec) = (Arc::clone(&self.pass), Arc::clone(&self.spec));
        let own = self.state.clone();
        let state = own.get()?;
        let now_ms = match spec.timeout {
            GroupTimeout::ProcessingTime => Some(pass.batch().clock_ms),
            GroupTimeout::EventTime if cause == GroupCause::TimedOut => {
                // Without a watermark a processor's is 0.
                state.watermark.evict_ms.or((spec.kind != GroupKind::State).then_some(0))
            }
            GroupTimeout::EventTime | GroupTimeout::Never => None,
        };
        let Some(now_ms) = now_ms else { return Ok(DueInOrder::none()) };
        let until_ms = if spec.kind == GroupKind::State { now_ms.saturating_sub(1) } else { now_ms };
        let which = if cause == GroupCause::Expired { DueTimes::Expiries } else { DueTimes::Timers };
        let due = spec.kept.due(which, slots_of(self.lane, self.lanes), until_ms, self.overlay()?)?;
        if spec.timeout == GroupTimeout::ProcessingTime && which == DueTimes::Timers {
            state.due_at(due.next_ms.map(|ms| self.over_at(ms)));
        }
        if due.times.is_empty() {
            return Ok(DueInOrder::none());
        }
        // A processor is told of times in their order, another function of keys in theirs.
        let mut by: Vec<ArrayRef> = due.keys.clone();
        if spec.kind != GroupKind::State {
            by.insert(0, Arc::new(Int64Array::from(due.times.clone())));
        }
        let (order, _) = order_of(&by)?;
        Ok(DueInOrder {
            keys: due.keys.iter().map(|key| take(key, &order, None)).collect::<Result<_, _>>()?,
            hashes: order.values().iter().map(|at| due.hashes[*at as usize]).collect(),
            times: order.values().iter().map(|at| due.times[*at as usize]).collect(),
            told: 0,
        })
    }
}

/// Refuses a row whose time an operator above would take for late.
fn check_times(column: &ArrayRef, late_ms: i64) -> Result<()> {
    let times = event_times(column)?;
    match (0..times.len()).find(|row| at_or_before(times, *row, late_ms)) {
        Some(row) => Err(Error::of(condition::EMITTING_ROWS_OLDER_THAN_WATERMARK)
            .with("eventTime", times.value(row))
            .with("watermark", late_ms)),
        None => Ok(()),
    }
}

/// Runs something of a function's on a thread for user code.
async fn apart<T: Send + 'static>(
    pass: &Arc<PassContext>,
    spec: &GroupsSpec,
    work: impl Fn(&PassContext) -> Result<T> + Send + Sync + 'static,
) -> Result<T> {
    let inside = Arc::clone(pass);
    let who = ChunkRunners::Functions(spec.function.turn().cloned());
    let compute = pass.runtime().compute();
    let running = compute.share(1, who, |_| 1, move |_| inside.batch().cancel.owning(|| work(&inside)));
    let done = running.finish_unless(&pass.batch().cancel).await?.pop();
    done.ok_or_else(|| Error::internal("a function of groups gave nothing"))
}

impl DueInOrder {
    fn none() -> Self {
        Self { keys: Vec::new(), hashes: Vec::new(), times: Vec::new(), told: 0 }
    }

    fn next(&mut self, no_rows: &[ArrayRef]) -> Result<Option<ChunkGroups>> {
        let start = self.told;
        let count = (self.times.len() - start).min(GROUPS);
        if count == 0 {
            return Ok(None);
        }
        self.told += count;
        let keys: Vec<_> = self.keys.iter().map(|key| key.slice(start, count)).collect();
        // A group with several times is one group.
        let (order, ends) = order_of(&keys)?;
        let (mut firsts, mut group_of, mut from) = (Vec::<u32>::with_capacity(ends.len()), vec![0; count], 0);
        for (group, end) in ends.iter().enumerate() {
            let members = &order.values()[from..*end];
            firsts.extend(members.first());
            members.iter().for_each(|at| group_of[*at as usize] = group);
            from = *end;
        }
        let places = UInt32Array::from(firsts);
        let groups = SortedGroups {
            rows: no_rows.to_vec(),
            ends: vec![0; ends.len()],
            keys: keys.iter().map(|key| take(key, &places, None)).collect::<Result<_, _>>()?,
            hashes: places.values().iter().map(|at| self.hashes[start + *at as usize]).collect(),
        };
        let over = group_of.into_iter().zip(self.times[start..self.told].iter().copied()).collect();
        Ok(Some(ChunkGroups { groups, over }))
    }
}
