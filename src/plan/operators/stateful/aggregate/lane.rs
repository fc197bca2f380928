//! One lane's part of a pass.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::{Stream, TryStreamExt, stream};

use super::AggregateSpec;
use super::portions::Portions;
use crate::batch::OutputMode;
use crate::error::{Error, Result};
use crate::plan::operators::exchange::store::ExchangeStore;
use crate::plan::operators::stateful::accumulators::Accumulators;
use crate::plan::operators::stateful::grouping::Groups;
use crate::plan::operators::stateful::table::{TableEntries, at_or_before, until};
use crate::plan::operators::stateful::{OperatorCounters, OperatorPass};
use crate::plan::pass::PassContext;
use crate::state::prefix::{KeySlot, slots_of};
use crate::state::{KeyRange, SortedEntries, StateOverlay, StateScan, StateValues};

/// One lane's part of a pass. Rows are given as they are made, so that memory holds a part of them.
pub struct AggregateLane {
    pass: Arc<PassContext>,
    lane: usize,
    lanes: usize,
    spec: Arc<AggregateSpec>,
    overlay: StateOverlay,
    /// Keys that go, before the overlay has them.
    gone: SortedEntries,
    step: LaneStep,
}

/// What a lane does next.
enum LaneStep {
    Combine(SendableRecordBatchStream, ExchangeStore),
    /// Groups are merged with what was kept.
    Keep(Portions),
    /// Groups whose time is over go, and then the chunks of their lists.
    Evict(StateScan),
    EvictLists(StateScan),
    /// Every group there is is given.
    Show(StateScan),
    Finish,
}

/// How many bytes of removals are put together before they go into the overlay.
const GONE_BYTES: usize = 1 << 20;

impl AggregateLane {
    pub fn new(
        pass: Arc<PassContext>,
        (lane, lanes): (usize, usize),
        spec: Arc<AggregateSpec>,
        input: SendableRecordBatchStream,
        waiting: ExchangeStore,
    ) -> Result<Self> {
        let overlay = pass.state(spec.operator.number)?.overlay();
        let (step, gone) = (LaneStep::Combine(input, waiting), SortedEntries::default());
        Ok(Self { pass, lane, lanes, spec, overlay, gone, step })
    }

    /// The rows of this pass.
    pub fn rows(self) -> impl Stream<Item = DfResult<RecordBatch>> + Send {
        stream::try_unfold(self, Self::next).map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten()
    }

    /// Some rows, and what gives the rest of them.
    async fn next(mut self) -> DfResult<Option<(Vec<RecordBatch>, Self)>> {
        loop {
            let mut rows = Vec::new();
            self.step = match std::mem::replace(&mut self.step, LaneStep::Finish) {
                LaneStep::Combine(input, waiting) => {
                    LaneStep::Keep(Portions::of(&self.spec.shape, input, waiting).await?)
                }
                LaneStep::Keep(mut portions) => match portions.next().await? {
                    Some(groups) => {
                        rows = self.keep(groups)?;
                        LaneStep::Keep(portions)
                    }
                    None => self.after_keeping()?,
                },
                LaneStep::Evict(mut scan) => match TableEntries::next(&mut scan)? {
                    Some(entries) => {
                        rows = self.evict(&entries)?;
                        LaneStep::Evict(scan)
                    }
                    None => self.after_evicting()?,
                },
                LaneStep::EvictLists(mut scan) => match TableEntries::next(&mut scan)? {
                    Some(chunks) => {
                        self.forget(&chunks.parts().0)?;
                        LaneStep::EvictLists(scan)
                    }
                    None => {
                        self.overlay.put_sorted(std::mem::take(&mut self.gone))?;
                        LaneStep::Finish
                    }
                },
                LaneStep::Show(mut scan) => match TableEntries::next(&mut scan)? {
                    Some(entries) => {
                        rows = self.kept(&entries)?;
                        LaneStep::Show(scan)
                    }
                    None => LaneStep::Finish,
                },
                LaneStep::Finish => {
                    self.pass.state(self.spec.operator.number)?.finish(self.lane, self.overlay);
                    return Ok(None);
                }
            };
            if !rows.is_empty() {
                return Ok(Some((rows, self)));
            }
        }
    }

    fn state(&self) -> Result<&OperatorPass> {
        self.pass.state(self.spec.operator.number)
    }

    /// A scan of a range in each of the lane's slots.
    fn slots(&self, range: impl Fn(KeySlot) -> KeyRange) -> Result<StateScan> {
        self.overlay.scan_each(slots_of(self.lane, self.lanes).map(range))
    }

    fn after_keeping(&self) -> Result<LaneStep> {
        let table = &self.spec.table;
        if self.spec.mode == OutputMode::Complete {
            return Ok(LaneStep::Show(self.slots(|slot| table.slot(slot))?));
        }
        Ok(match (table.time, self.state()?.evictable_ms()) {
            (Some(_), Some(evict_ms)) => LaneStep::Evict(self.slots(|slot| table.until(slot, evict_ms))?),
            _ => LaneStep::Finish,
        })
    }

    fn after_evicting(&mut self) -> Result<LaneStep> {
        self.overlay.put_sorted(std::mem::take(&mut self.gone))?;
        Ok(match (&self.spec.lists, self.state()?.evictable_ms()) {
            (Some(lists), Some(evict_ms)) => LaneStep::EvictLists(self.slots(|slot| until(lists.id, slot, evict_ms))?),
            _ => LaneStep::Finish,
        })
    }

    /// The groups whose time is not yet over.
    fn without_late(&self, groups: Groups) -> Result<Groups> {
        let state = self.state()?;
        // Everything counts where everything is shown.
        let (Some(time), Some(late_ms)) = (self.spec.table.time, state.watermark.late_ms) else { return Ok(groups) };
        if self.spec.mode == OutputMode::Complete {
            return Ok(groups);
        }
        let times = time.times(&groups.keys)?;
        let timely: BooleanArray = (0..groups.len()).map(|row| Some(!at_or_before(times, row, late_ms))).collect();
        let late = groups.len() - timely.true_count();
        if late == 0 {
            return Ok(groups);
        }
        OperatorCounters::add(&state.counters.dropped, late);
        groups.only(&timely)
    }

    /// Merges groups with what was kept, and keeps the outcome. Gives it, where each change is given.
    fn keep(&mut self, groups: Groups) -> Result<Vec<RecordBatch>> {
        let groups = self.without_late(groups)?;
        let (spec, clock) = (Arc::clone(&self.spec), Arc::clone(self.pass.clock()));
        let began = clock.monotonic();
        let table = &spec.table;
        let keys = table.keys(&groups.keys, &groups.hashes)?;
        let mut found = StateValues::default();
        self.overlay.view().get_many(&keys.sorted(), &mut found)?;
        let old: Vec<(usize, &[u8])> = keys
            .order
            .iter()
            .enumerate()
            .filter_map(|(at, row)| found.value(at).map(|value| (*row as usize, value)))
            .collect();
        let mut chunks = vec![0; if spec.lists.is_some() { groups.len() } else { 0 }];
        let merged = if old.is_empty() {
            groups
        } else {
            let (rows, values): (Vec<_>, Vec<_>) = old.iter().copied().unzip();
            let mut kept = table.value.decode(&values)?;
            if spec.lists.is_some() {
                let counts = kept.pop().ok_or_else(|| Error::internal("groups without the number of their chunks"))?;
                let counts = counts.as_primitive::<Int64Type>().values().iter();
                rows.iter().zip(counts).for_each(|(row, count)| chunks[*row] = *count);
            }
            let mut accumulators = Accumulators::new(&spec.shape.functions)?;
            accumulators.merge(&kept, &rows, groups.len())?;
            let all: Vec<_> = (0..groups.len()).collect();
            accumulators.merge(&groups.buffers, &all, groups.len())?;
            Groups { buffers: accumulators.buffers()?, ..groups }
        };
        let given = if spec.mode == OutputMode::Update {
            let own: Vec<_> = (0..merged.len()).map(|row| keys.key(row)).collect();
            self.rows_of(&merged, &own, &chunks)?
        } else {
            Vec::new()
        };
        let values = match &spec.lists {
            None => table.value.encode(&merged.buffers, merged.len())?,
            Some(lists) => lists.keep(&table.value, &keys, &merged.buffers, chunks, &mut self.overlay)?,
        };
        let mut entries = SortedEntries::with_capacity(merged.len(), values.bytes().len());
        for row in &keys.order {
            let row = *row as usize;
            entries.push(keys.key(row), Some(values.row(row)));
        }
        self.overlay.put_sorted(entries)?;
        let counters = &self.state()?.counters;
        OperatorCounters::add(&counters.updated, merged.len());
        counters.grow(merged.len() as i64 - old.len() as i64);
        counters.took_updating(clock.monotonic().saturating_sub(began));
        Ok(given)
    }

    /// Removes groups whose time is over, and gives them, where groups are given when they are complete.
    fn evict(&mut self, entries: &TableEntries) -> Result<Vec<RecordBatch>> {
        let clock = Arc::clone(self.pass.clock());
        let began = clock.monotonic();
        let rows = if self.spec.mode == OutputMode::Append { self.kept(entries)? } else { Vec::new() };
        let (keys, _) = entries.parts();
        self.forget(&keys)?;
        let counters = &self.state()?.counters;
        OperatorCounters::add(&counters.removed, keys.len());
        counters.grow(-(keys.len() as i64));
        counters.took_removing(clock.monotonic().saturating_sub(began));
        Ok(rows)
    }

    /// Removes keys, which ascend.
    fn forget(&mut self, keys: &[&[u8]]) -> Result<()> {
        keys.iter().for_each(|key| self.gone.push(key, None));
        if self.gone.bytes() > GONE_BYTES {
            self.overlay.put_sorted(std::mem::take(&mut self.gone))?;
        }
        Ok(())
    }

    /// Rows of groups as they are kept.
    fn kept(&self, entries: &TableEntries) -> Result<Vec<RecordBatch>> {
        let table = &self.spec.table;
        let (own, values) = entries.parts();
        let (keys, mut buffers) = (table.decode_keys(&own)?, table.value.decode(&values)?);
        let counts = if self.spec.lists.is_some() { buffers.pop() } else { None };
        let chunks = counts.map(|counts| counts.as_primitive::<Int64Type>().values().to_vec()).unwrap_or_default();
        self.rows_of(&Groups { keys, hashes: vec![0; values.len()], buffers }, &own, &chunks)
    }

    /// Groups as rows. They have these keys in the state, and so many chunks of lists.
    fn rows_of(&self, groups: &Groups, keys: &[&[u8]], chunks: &[i64]) -> Result<Vec<RecordBatch>> {
        let shape = &self.spec.shape;
        let mut accumulators = Accumulators::new(&shape.functions)?;
        if let Some(lists) = &self.spec.lists {
            lists.read(&self.overlay, keys, chunks, &mut accumulators)?;
        }
        shape.rows(groups, accumulators)
    }
}
