//! Groups of a stream by sessions, which grow and merge.
//!
//! | table | key, after the slot | value |
//! |---|---|---|
//! | sessions | the row of the other keys, the session's start | the row of the session and of the functions' buffers |
//! | by end | the session's end, then as above | nothing |
//!
//! All sessions of a key lie together. When a key has new rows they are read, merged with the new
//! ones where they touch, and written again.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::array::{ArrayRef, AsArray, BooleanArray, StructArray, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Schema, TimestampMicrosecondType};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::{TryStreamExt, stream};

use super::accumulators::Accumulators;
use super::form::OperatorForm;
use super::grouping::{GroupShape, Groups};
use super::table::{in_chunks, until};
use super::{
    IdleBatch, KeyLayout, OperatorCounters, OperatorPass, Retention, SparkStores, StateTable, StatefulOperator,
    StatefulPlace, WatermarkOut, stateful_properties,
};
use crate::batch::OutputMode;
use crate::error::{Error, Result, condition};
use crate::plan::operators::one_input::one_input;
use crate::plan::pass::PassContext;
use crate::state::prefix::{KeySlot, PREFIX, TableId, ordered_time, slots_of};
use crate::state::row::RowFormat;
use crate::state::{KeyRange, StateOverlay};

/// The bytes of a time in a key.
const TIME: usize = 9;

/// What the operator does, whatever its input.
#[derive(Debug)]
struct SessionSpec {
    operator: StatefulOperator,
    mode: OutputMode,
    shape: GroupShape,
    /// Which key is the session.
    session: usize,
    /// Whether the session has an event time.
    watched: bool,
    sessions: TableId,
    by_end: TableId,
    /// The keys without the session.
    key: RowFormat,
    /// The session, then the functions' buffers.
    value: RowFormat,
}

/// The operator.
#[derive(Debug)]
pub struct SessionAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<SessionSpec>,
    properties: Arc<PlanProperties>,
}

impl SessionAggregateExec {
    /// Over an input that is staged by the keys without the session.
    pub fn plan(
        input: Arc<dyn ExecutionPlan>,
        place: StatefulPlace,
        lanes: usize,
        (session, watched): (usize, bool),
        shape: GroupShape,
        refused: Option<Error>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let number = super::operator_number(place.number)?;
        let fields = shape.key_schema.fields();
        let others: Vec<_> = (0..shape.keys).filter(|key| *key != session).collect();
        let key_schema = shape.key_schema.project(&others)?;
        let value: Vec<_> = [&fields[session]].into_iter().chain(shape.buffer_schema.fields()).cloned().collect();
        let value_schema = Schema::new(value);
        let shown = shape.names.schema(&Schema::new(vec![Arc::clone(&fields[session])]));
        let shown: Vec<_> = shown.fields().iter().chain(shape.shown_buffers()?.fields()).cloned().collect();
        let shown_key = shape.names.schema(&key_schema);
        let alone = others.is_empty().then(|| Error::of(condition::GLOBAL_SESSION_WINDOW));
        let (key, value) = (RowFormat::of(&key_schema)?, RowFormat::of(&value_schema)?);
        let idle = match place.mode {
            OutputMode::Append | OutputMode::Update => IdleBatch::WatermarkMoved,
            OutputMode::Complete => IdleBatch::Never,
        };
        let operator = StatefulOperator {
            number: place.number,
            name: "sessionWindowStateStoreSaveExec",
            idle,
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables: vec![StateTable {
                name: "default",
                number: 0,
                layout: KeyLayout::RowTime,
                time: None,
                key: shown_key,
                value: Arc::new(Schema::new(shown)),
            }],
            retention: Retention::when(watched && place.mode != OutputMode::Complete),
            form: OperatorForm::AsTyped,
            gives: WatermarkOut::Same,
            refused: refused.or(alone),
            notes: None,
        };
        let table = |table| TableId { operator: number, table };
        let (sessions, by_end) = (table(0), table(1));
        let spec = SessionSpec { operator, mode: place.mode, shape, session, watched, sessions, by_end, key, value };
        Ok(Self::over(input, Arc::new(spec)))
    }

    fn over(input: Arc<dyn ExecutionPlan>, spec: Arc<SessionSpec>) -> Arc<dyn ExecutionPlan> {
        let properties = stateful_properties(&input, Arc::clone(&spec.shape.output));
        Arc::new(Self { input, spec, properties })
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Self::over(input, Arc::clone(&self.spec))
    }
}

impl DisplayAs for SessionAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionAggregateExec: operator={}, mode={}", self.spec.operator.number, self.spec.mode.name())
    }
}

impl ExecutionPlan for SessionAggregateExec {
    one_input!("SessionAggregateExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let input = self.input.execute(lane, context)?;
        let schema = Arc::clone(&self.spec.shape.output);
        let work = SessionLane { pass, lane, spec: Arc::clone(&self.spec) };
        let rows = stream::once(work.run(input)).map_ok(|batches| stream::iter(batches.into_iter().map(Ok)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten())))
    }
}

/// One lane's part of a pass.
struct SessionLane {
    pass: Arc<PassContext>,
    lane: usize,
    spec: Arc<SessionSpec>,
}

/// Sessions, kept ones and new ones, which may touch.
#[derive(Default)]
struct SessionList {
    /// The key, as bytes after the slot, and the slot.
    keys: Vec<(KeySlot, Vec<u8>)>,
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// Where the session's buffers are: among those kept, or among the new ones.
    kept: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
}

impl SessionLane {
    async fn run(self, input: SendableRecordBatchStream) -> DfResult<Vec<RecordBatch>> {
        let spec = Arc::clone(&self.spec);
        let pass = Arc::clone(&self.pass);
        let groups = spec.shape.combine(input).await?;
        let state = pass.state(spec.operator.number)?;
        let clock = pass.clock();
        let began = clock.monotonic();
        let mut overlay = state.overlay();
        let groups = self.without_late(groups, state)?;
        if groups.len() > 0 {
            self.merge(&groups, state, &mut overlay)?;
        }
        let merged = clock.monotonic();
        state.counters.took_updating(merged.saturating_sub(began));
        let rows = match spec.mode {
            OutputMode::Complete => self.all(&overlay)?,
            OutputMode::Append | OutputMode::Update => self.evict(state, &mut overlay)?,
        };
        state.counters.took_removing(clock.monotonic().saturating_sub(merged));
        state.finish(self.lane, overlay);
        Ok(rows)
    }

    /// The starts and the ends of sessions.
    fn bounds(session: &ArrayRef) -> Result<(&TimestampMicrosecondArray, &TimestampMicrosecondArray)> {
        let of = |name| {
            let column = session.as_struct().column_by_name(name);
            column.map(|column| column.as_primitive::<TimestampMicrosecondType>())
        };
        of("start").zip(of("end")).ok_or_else(|| Error::internal("a session without its bounds"))
    }

    /// The rows whose own session is not over. In every mode, unlike windows.
    fn without_late(&self, groups: Groups, state: &OperatorPass) -> Result<Groups> {
        let (true, Some(late_ms)) = (self.spec.watched, state.watermark.late_ms) else { return Ok(groups) };
        let (_, ends) = Self::bounds(&groups.keys[self.spec.session])?;
        let late_micros = late_ms.saturating_mul(1000);
        let timely: BooleanArray = ends.values().iter().map(|end| Some(*end > late_micros)).collect();
        OperatorCounters::add(&state.counters.dropped, groups.len() - timely.true_count());
        groups.only(&timely)
    }

    /// Merges new sessions with those of their keys, and keeps what comes of it.
    fn merge(&self, groups: &Groups, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<()> {
        let spec = &self.spec;
        let others: Vec<_> =
            (0..spec.shape.keys).filter(|key| *key != spec.session).map(|key| Arc::clone(&groups.keys[key])).collect();
        let rows = spec.key.encode(&others, groups.len())?;
        let (starts, ends) = Self::bounds(&groups.keys[spec.session])?;
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|a, b| rows.row(*a).cmp(rows.row(*b)));
        let mut list = SessionList::default();
        let mut kept: Vec<Vec<u8>> = Vec::new();
        for group in order.chunk_by(|a, b| rows.row(*a) == rows.row(*b)) {
            let (slot, key) = (KeySlot::of(groups.hashes[group[0]]), rows.row(group[0]));
            let prefix = [spec.sessions.prefix(slot).as_slice(), key].concat();
            let mut scan = overlay.scan(&KeyRange::prefix(&prefix))?;
            while let Some((_, value)) = scan.next()? {
                list.keys.push((slot, key.to_vec()));
                list.kept.push(Some(kept.len()));
                list.new.push(None);
                kept.push(value.to_vec());
            }
            for row in group {
                list.keys.push((slot, key.to_vec()));
                list.kept.push(None);
                list.new.push(Some(*row));
            }
        }
        let values: Vec<&[u8]> = kept.iter().map(Vec::as_slice).collect();
        let kept = spec.value.decode(&values)?;
        let (kept_starts, kept_ends) = Self::bounds(&kept[0])?;
        for at in 0..list.keys.len() {
            let (start, end) = match (list.kept[at], list.new[at]) {
                (Some(kept), _) => (kept_starts.value(kept), kept_ends.value(kept)),
                (None, Some(new)) => (starts.value(new), ends.value(new)),
                (None, None) => return Err(Error::internal("a session that is nowhere")),
            };
            list.starts.push(start);
            list.ends.push(end);
        }
        for kept in (0..list.keys.len()).filter(|at| list.kept[*at].is_some()) {
            let (key, by_end) = self.keys_of(&list.keys[kept], list.starts[kept], list.ends[kept]);
            overlay.remove(&key)?;
            overlay.remove(&by_end)?;
        }
        self.keep(list, groups, &kept, state, overlay)
    }

    /// The keys of a session in both tables.
    fn keys_of(&self, (slot, key): &(KeySlot, Vec<u8>), start: i64, end: i64) -> (Vec<u8>, Vec<u8>) {
        let own = [key.as_slice(), &ordered_time(Some(start))].concat();
        let by_end = [self.spec.by_end.prefix(*slot).as_slice(), &ordered_time(Some(end)), &own].concat();
        ([self.spec.sessions.prefix(*slot).as_slice(), &own].concat(), by_end)
    }

    /// Puts sessions that touch into one, and keeps them.
    fn keep(
        &self,
        list: SessionList,
        groups: &Groups,
        kept: &[ArrayRef],
        state: &OperatorPass,
        overlay: &mut StateOverlay,
    ) -> Result<()> {
        let spec = &self.spec;
        // By key and start; of equal ones the kept one first.
        let mut order: Vec<usize> = (0..list.keys.len()).collect();
        order.sort_by(|a, b| {
            let of = |at: usize| (&list.keys[at].1, list.starts[at], list.kept[at].is_none());
            of(*a).cmp(&of(*b))
        });
        let mut merged: Vec<(usize, i64, i64)> = Vec::new();
        let mut group_of = vec![0; order.len()];
        for at in &order {
            match merged.last_mut() {
                Some((first, _, end)) if list.keys[*first].1 == list.keys[*at].1 && list.starts[*at] <= *end => {
                    *end = (*end).max(list.ends[*at]);
                }
                _ => merged.push((*at, list.starts[*at], list.ends[*at])),
            }
            group_of[*at] = merged.len() - 1;
        }
        // All buffers in the order of starts, kept ones behind new ones in one array.
        let new_rows = groups.len();
        let place = |at: usize| list.kept[at].map_or_else(|| list.new[at].unwrap_or(0), |kept| new_rows + kept);
        let places: UInt32Array = order.iter().map(|at| Some(place(*at) as u32)).collect();
        let buffers = groups.buffers.iter().zip(&kept[1..]).map(|(new, kept)| {
            let all = concat(&[new.as_ref(), kept.as_ref()])?;
            Ok(take(&all, &places, None)?)
        });
        let buffers = buffers.collect::<Result<Vec<_>>>()?;
        let numbers: Vec<usize> = order.iter().map(|at| group_of[*at]).collect();
        let mut accumulators = Accumulators::new(&spec.shape.functions)?;
        accumulators.merge(&buffers, &numbers, merged.len())?;
        let session = self.sessions(&merged)?;
        let columns: Vec<_> = [session].into_iter().chain(accumulators.buffers()?).collect();
        let values = spec.value.encode(&columns, merged.len())?;
        let mut starts_now = std::collections::HashSet::new();
        for (at, (first, start, end)) in merged.iter().enumerate() {
            let (key, by_end) = self.keys_of(&list.keys[*first], *start, *end);
            overlay.put(&key, values.row(at))?;
            overlay.put(&by_end, &[])?;
            starts_now.insert(key);
        }
        let before = list.kept.iter().filter(|kept| kept.is_some()).count();
        let replaced = (0..list.keys.len()).filter(|at| {
            let key = self.keys_of(&list.keys[*at], list.starts[*at], list.ends[*at]).0;
            list.kept[*at].is_some() && !starts_now.contains(&key)
        });
        OperatorCounters::add(&state.counters.removed, replaced.count());
        OperatorCounters::add(&state.counters.updated, merged.len());
        state.counters.grow(merged.len() as i64 - before as i64);
        Ok(())
    }

    /// Sessions as a column.
    fn sessions(&self, merged: &[(usize, i64, i64)]) -> Result<ArrayRef> {
        let DataType::Struct(fields) = self.spec.shape.key_schema.field(self.spec.session).data_type().clone() else {
            return Err(Error::internal("a session that is no struct"));
        };
        let column = |at: usize, times: Vec<i64>| -> ArrayRef {
            let times = TimestampMicrosecondArray::from(times);
            Arc::new(times.with_data_type(fields[at].data_type().clone()))
        };
        let starts = column(0, merged.iter().map(|(_, start, _)| *start).collect());
        let ends = column(1, merged.iter().map(|(.., end)| *end).collect());
        Ok(Arc::new(StructArray::try_new(fields.clone(), vec![starts, ends], None)?))
    }

    /// Gives the sessions that are over, and forgets them.
    fn evict(&self, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<Vec<RecordBatch>> {
        let spec = &self.spec;
        let (true, Some(evict_ms)) = (spec.watched, state.watermark.evict_ms) else { return Ok(Vec::new()) };
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        let ranges = slots_of(self.lane, spec.operator.lanes).map(|slot| until(spec.by_end, slot, evict_ms));
        in_chunks(overlay.scan_each(ranges)?, &mut |keys, _| {
            let own: Vec<_> = keys.iter().map(|key| spec.sessions.instead(key, &key[PREFIX + TIME..])).collect();
            let mut values = Vec::with_capacity(own.len());
            for key in &own {
                let value = overlay.get(key)?;
                values.push(value.ok_or_else(|| Error::internal("a session is not where its end says"))?);
            }
            rows.extend(self.given(&own, &values)?);
            gone.extend(own.into_iter().zip(keys.iter().map(|key| key.to_vec())));
            Ok(())
        })?;
        for (key, by_end) in &gone {
            overlay.remove(key)?;
            overlay.remove(by_end)?;
        }
        OperatorCounters::add(&state.counters.removed, gone.len());
        state.counters.grow(-(gone.len() as i64));
        Ok(rows)
    }

    /// Every session there is.
    fn all(&self, overlay: &StateOverlay) -> Result<Vec<RecordBatch>> {
        let mut rows = Vec::new();
        let slots = slots_of(self.lane, self.spec.operator.lanes);
        let ranges = slots.map(|slot| KeyRange::prefix(&self.spec.sessions.prefix(slot)));
        in_chunks(overlay.scan_each(ranges)?, &mut |keys, values| {
            rows.extend(self.given(keys, values)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Kept sessions as rows.
    fn given(&self, keys: &[impl AsRef<[u8]>], values: &[impl AsRef<[u8]>]) -> Result<Vec<RecordBatch>> {
        let spec = &self.spec;
        let damaged = || Error::internal("a session's key is too short");
        let own = |key: &[u8]| key.len().checked_sub(TIME).filter(|end| *end >= PREFIX);
        let rows = keys.iter().map(|key| {
            let key = key.as_ref();
            own(key).map(|end| &key[PREFIX..end]).ok_or_else(damaged)
        });
        let mut others = spec.key.decode(&rows.collect::<Result<Vec<_>>>()?)?;
        let values: Vec<&[u8]> = values.iter().map(AsRef::as_ref).collect();
        let mut columns = spec.value.decode(&values)?;
        let buffers = columns.split_off(1);
        others.insert(spec.session, columns.swap_remove(0));
        let groups = Groups { keys: others, hashes: vec![0; values.len()], buffers };
        spec.shape.rows(&groups, Accumulators::new(&spec.shape.functions)?)
    }
}
