//! One lane's part of a pass of a join.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use arrow::compute::{concat_batches, filter_record_batch, take};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::TryStreamExt;

use super::side::{JoinRows, JoinSideSpec};
use super::{StreamJoinKind, StreamJoinSpec};
use crate::error::{Error, Result};
use crate::plan::operators::stateful::table::{TableEntries, in_chunks, timely};
use crate::plan::operators::stateful::{OperatorCounters, OperatorPass};
use crate::plan::pass::PassContext;
use crate::state::prefix::{TIME, ordered_time, slots_of};
use crate::state::{KeyRange, SortedKeys, StateOverlay, StateValues};

/// How many pairs are looked at at once.
const PAIRS: usize = 1 << 15;

/// Which side's rows probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probing {
    Left,
    Right,
}

/// One lane's part of a pass.
pub struct JoinLane {
    pass: Arc<PassContext>,
    lane: usize,
    spec: Arc<StreamJoinSpec>,
    schema: SchemaRef,
    rows: Vec<RecordBatch>,
}

/// What came of a probe.
struct Probed {
    /// Which probing rows have had a partner.
    matched: Vec<bool>,
    /// The kept rows that have had one, under their keys, with their values.
    partners: HashMap<Vec<u8>, Vec<u8>>,
}

/// Pairs to look at.
#[derive(Default)]
struct PairQueue {
    /// Of each pair the probing row, and which of the kept rows below.
    probing: Vec<u32>,
    kept: Vec<u32>,
    rows: TableEntries,
}

/// The times that the partners of rows of one key may have, both included. The rows are in the order
/// of their times, from `timed` on.
struct ProbingRows {
    timed: usize,
    from: Vec<Option<[u8; TIME]>>,
    to: Vec<Option<[u8; TIME]>>,
}

impl ProbingRows {
    /// The rows that a kept row of this time may match, among those from `first` on. Kept rows come
    /// in the order of their times.
    fn partners(&self, time: &[u8], first: &mut usize) -> Range<usize> {
        while *first < self.to.len() && self.to[*first].is_some_and(|to| to.as_slice() < time) {
            *first += 1;
        }
        let mut end = *first;
        while end < self.from.len() && self.from[end].is_none_or(|from| from.as_slice() <= time) {
            end += 1;
        }
        self.timed + *first..self.timed + end
    }
}

impl JoinLane {
    pub fn new(pass: Arc<PassContext>, lane: usize, spec: Arc<StreamJoinSpec>, schema: SchemaRef) -> Self {
        Self { pass, lane, spec, schema, rows: Vec::new() }
    }

    pub async fn run(
        mut self,
        left: SendableRecordBatchStream,
        right: SendableRecordBatchStream,
    ) -> DfResult<Vec<RecordBatch>> {
        let (left, right) = (all_rows(left).await?, all_rows(right).await?);
        let pass = Arc::clone(&self.pass);
        let state = pass.state(self.spec.operator.number)?;
        let clock = pass.clock();
        let began = clock.monotonic();
        let mut overlay = state.overlay();
        let spec = Arc::clone(&self.spec);
        let left = spec.left.rows_of(&timely(left, spec.left.event_time, state)?)?;
        let right = spec.right.rows_of(&timely(right, spec.right.event_time, state)?)?;
        if spec.kind == StreamJoinKind::LeftSemi {
            self.semi(&left, &right, state, &mut overlay)?;
        } else {
            self.pairs(&left, &right, state, &mut overlay)?;
        }
        let probed = clock.monotonic();
        state.counters.took_updating(probed.saturating_sub(began));
        self.evict(Probing::Left, state, &mut overlay)?;
        self.evict(Probing::Right, state, &mut overlay)?;
        state.counters.took_removing(clock.monotonic().saturating_sub(probed));
        state.finish(self.lane, overlay);
        Ok(self.rows)
    }

    /// Each left row meets the right rows of before, then each right row all left rows.
    fn pairs(
        &mut self,
        left: &JoinRows,
        right: &JoinRows,
        state: &OperatorPass,
        overlay: &mut StateOverlay,
    ) -> Result<()> {
        let (spec, kind) = (Arc::clone(&self.spec), self.spec.kind);
        let probed = self.probe(Probing::Left, left, overlay, true)?;
        self.note_partners(&spec.right, kind.keeps_right(), &probed, overlay)?;
        let (alone, kept): (Vec<_>, Vec<_>) = (0..left.len()).partition(|row| left.is_hopeless(*row));
        spec.left.keep(overlay, left, &kept, self.batch(), kind.keeps_left().then_some(&probed.matched))?;
        let mut updated = kept.len();
        if kind.keeps_left() {
            self.give_alone(Probing::Left, left, &alone)?;
        }
        overlay.gather()?;
        let probed = self.probe(Probing::Right, right, overlay, true)?;
        self.note_partners(&spec.left, kind.keeps_left(), &probed, overlay)?;
        let end = state.watermark.evict_ms.and_then(|ms| spec.right.end_ms(ms));
        let (alone, mut kept): (Vec<_>, Vec<_>) = (0..right.len()).partition(|row| right.is_hopeless(*row));
        kept.retain(|row| {
            // One that could go at once is kept only to be given without a partner.
            let comes_alone = kind.keeps_right() && !probed.matched[*row];
            comes_alone || !spec.right.is_over(right, *row, end)
        });
        spec.right.keep(overlay, right, &kept, self.batch(), kind.keeps_right().then_some(&probed.matched))?;
        updated += kept.len();
        if kind.keeps_right() {
            self.give_alone(Probing::Right, right, &alone)?;
        }
        OperatorCounters::add(&state.counters.updated, updated);
        state.counters.grow(updated as i64);
        Ok(())
    }

    /// Right rows come first. A left row is given once, with its first partner, and then forgotten.
    fn semi(
        &mut self,
        left: &JoinRows,
        right: &JoinRows,
        state: &OperatorPass,
        overlay: &mut StateOverlay,
    ) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let probed = self.probe(Probing::Right, right, overlay, false)?;
        let mut found: Vec<_> = probed.partners.iter().collect();
        found.sort_unstable();
        let values: Vec<&[u8]> = found.iter().map(|(_, value)| value.as_slice()).collect();
        self.give(&spec.left.decode(&values)?, values.len())?;
        let by_time = found.iter().map(|(key, value)| spec.left.by_time_key(key, value));
        let by_time = by_time.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;
        let keys = found.iter().map(|(key, _)| (*key).clone()).collect();
        spec.left.forget(overlay, keys, by_time, false)?;
        OperatorCounters::add(&state.counters.removed, found.len());
        state.counters.grow(-(found.len() as i64));
        let end = state.watermark.evict_ms.and_then(|ms| spec.right.end_ms(ms));
        let stay: Vec<_> = (0..right.len()).filter(|row| !spec.right.is_over(right, *row, end)).collect();
        spec.right.keep(overlay, right, &stay, self.batch(), None)?;
        let mut updated = stay.len();
        overlay.gather()?;
        let probed = self.probe(Probing::Left, left, overlay, false)?;
        let matched: Vec<u32> = (0..left.len()).filter(|row| probed.matched[*row]).map(|row| row as u32).collect();
        let rows = UInt32Array::from(matched);
        let columns = left.columns.iter().map(|column| Ok(take(column, &rows, None)?)).collect::<Result<Vec<_>>>()?;
        self.give(&columns, rows.len())?;
        let stay = (0..left.len()).filter(|row| !probed.matched[*row] && !left.is_hopeless(*row));
        let stay: Vec<_> = stay.collect();
        spec.left.keep(overlay, left, &stay, self.batch(), None)?;
        updated += stay.len();
        OperatorCounters::add(&state.counters.updated, updated);
        state.counters.grow(updated as i64);
        Ok(())
    }

    fn batch(&self) -> u64 {
        self.pass.batch().id.0
    }

    /// Notes that kept rows have had a partner, if it matters.
    fn note_partners(
        &self,
        side: &JoinSideSpec,
        matters: bool,
        probed: &Probed,
        overlay: &mut StateOverlay,
    ) -> Result<()> {
        if matters {
            for key in probed.partners.keys() {
                overlay.put(&side.matched_key(key), &[])?;
            }
        }
        Ok(())
    }

    /// Looks for partners of rows among the other side's kept rows. The pairs are given if `give`.
    fn probe(&mut self, probing: Probing, rows: &JoinRows, overlay: &StateOverlay, give: bool) -> Result<Probed> {
        let spec = Arc::clone(&self.spec);
        let other = match probing {
            Probing::Left => &spec.right,
            Probing::Right => &spec.left,
        };
        let mut probed = Probed { matched: vec![false; rows.len()], partners: HashMap::new() };
        let mut order: Vec<usize> = (0..rows.len()).filter(|row| !rows.is_hopeless(*row)).collect();
        // In the order of the state, whose blocks are then read one after the other.
        let place = |row: &usize| (JoinSideSpec::slot(rows, *row), rows.key(*row));
        order.sort_by(|a, b| place(a).cmp(&place(b)));
        let mut queue = PairQueue::default();
        let mut scan = overlay.scan_each([])?;
        for group in order.chunk_by_mut(|a, b| rows.key(*a) == rows.key(*b)) {
            self.pass.batch().cancel.check()?;
            let (range, probing_rows) = self.wanted(probing, rows, group);
            scan.enter(range)?;
            let mut first = 0;
            while let Some((key, value)) = scan.next()? {
                let partners = match &probing_rows {
                    Some(probing_rows) => probing_rows.partners(other.time_in(key)?, &mut first),
                    None => 0..group.len(),
                };
                if partners.is_empty() {
                    continue;
                }
                let kept = queue.rows.len() as u32;
                queue.rows.push(key, value);
                for at in partners {
                    queue.probing.push(group[at] as u32);
                    queue.kept.push(kept);
                }
                if queue.probing.len() >= PAIRS {
                    self.look(probing, rows, std::mem::take(&mut queue), give, &mut probed)?;
                }
            }
        }
        self.look(probing, rows, queue, give, &mut probed)?;
        Ok(probed)
    }

    /// Where the partners of rows of one key lie. Where the condition says something of times, the
    /// rows are put in their order, those without one in front: such a row has no partner.
    fn wanted(&self, probing: Probing, rows: &JoinRows, group: &mut [usize]) -> (KeyRange, Option<ProbingRows>) {
        let spec = &self.spec;
        let (of_left, other) = match probing {
            Probing::Left => (true, &spec.right),
            Probing::Right => (false, &spec.left),
        };
        let (slot, key) = (JoinSideSpec::slot(rows, group[0]), rows.key(group[0]));
        if other.event_time.is_none() || spec.bounds.is_empty() {
            return (other.partners(slot, key, None, None), None);
        }
        group.sort_unstable_by_key(|row| (rows.time(*row), *row));
        let timed = group.partition_point(|row| rows.time(*row).is_none());
        let times: Vec<i64> = group[timed..].iter().filter_map(|row| rows.time(*row)).collect();
        let (Some(least), Some(greatest)) = (times.first(), times.last()) else {
            return (KeyRange::new(Vec::new(), Vec::new()), None);
        };
        let (from, to) = spec.bounds.partners(of_left, *least, *greatest);
        let range = other.partners(slot, key, from, to);
        let ordered = |time: Option<i64>| time.map(|time| ordered_time(Some(time)));
        let each = times.iter().map(|time| spec.bounds.partners(of_left, *time, *time));
        let (from, to) = each.map(|(from, to)| (ordered(from), ordered(to))).unzip();
        (range, Some(ProbingRows { timed, from, to }))
    }

    /// Asks the condition of pairs.
    fn look(
        &mut self,
        probing: Probing,
        rows: &JoinRows,
        queue: PairQueue,
        give: bool,
        probed: &mut Probed,
    ) -> Result<()> {
        if queue.probing.is_empty() {
            return Ok(());
        }
        self.pass.batch().cancel.check()?;
        let spec = Arc::clone(&self.spec);
        let (numbers, kept) = (UInt32Array::from(queue.probing), UInt32Array::from(queue.kept));
        let each = |columns: &[ArrayRef], at: &UInt32Array| -> Result<Vec<ArrayRef>> {
            columns.iter().map(|column| Ok(take(column, at, None)?)).collect()
        };
        let (keys, values) = queue.rows.parts();
        let own = each(&rows.columns, &numbers)?;
        let (left, right) = match probing {
            Probing::Left => (own, each(&spec.right.decode(&values)?, &kept)?),
            Probing::Right => (each(&spec.left.decode(&values)?, &kept)?, own),
        };
        let columns: Vec<_> = left.into_iter().chain(right).collect();
        let pairs = RecordBatch::try_new(Arc::clone(&spec.both), columns)?;
        let holds = match &spec.filter {
            Some(filter) => {
                let mask = filter.evaluate(&pairs)?.into_array(pairs.num_rows())?;
                let mask = mask.as_boolean();
                BooleanArray::from_iter((0..mask.len()).map(|at| Some(mask.is_valid(at) && mask.value(at))))
            }
            None => BooleanArray::from(vec![true; pairs.num_rows()]),
        };
        let noted = match probing {
            _ if spec.kind == StreamJoinKind::LeftSemi => true,
            Probing::Left => spec.kind.keeps_right(),
            Probing::Right => spec.kind.keeps_left(),
        };
        for at in (0..holds.len()).filter(|at| holds.value(*at)) {
            probed.matched[numbers.value(at) as usize] = true;
            let kept = kept.value(at) as usize;
            if noted && !probed.partners.contains_key(keys[kept]) {
                probed.partners.insert(keys[kept].to_vec(), values[kept].to_vec());
            }
        }
        if give {
            let pairs = filter_record_batch(&pairs, &holds)?;
            self.give_pairs(&pairs)?;
        }
        Ok(())
    }

    /// Pairs of both sides' columns as rows.
    fn give_pairs(&mut self, pairs: &RecordBatch) -> Result<()> {
        let columns = shown(&self.schema, pairs.schema_ref(), pairs.columns())?;
        self.push(columns, pairs.num_rows())
    }

    /// Left rows as rows.
    fn give(&mut self, columns: &[ArrayRef], rows: usize) -> Result<()> {
        let columns = shown(&self.schema, &self.spec.left.schema, columns)?;
        self.push(columns, rows)
    }

    fn push(&mut self, columns: Vec<ArrayRef>, rows: usize) -> Result<()> {
        if rows > 0 {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            self.rows.push(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?);
        }
        Ok(())
    }

    /// Rows of this batch without a partner.
    fn give_alone(&mut self, side: Probing, rows: &JoinRows, numbers: &[usize]) -> Result<()> {
        let at: UInt32Array = numbers.iter().map(|row| Some(*row as u32)).collect();
        let columns = rows.columns.iter().map(|column| Ok(take(column, &at, None)?)).collect::<Result<Vec<_>>>()?;
        self.give_with_nulls(side, columns, numbers.len())
    }

    /// One side's columns, with nulls for the other side's.
    fn give_with_nulls(&mut self, side: Probing, columns: Vec<ArrayRef>, rows: usize) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let nulls = |schema: &SchemaRef| -> Vec<ArrayRef> {
            schema.fields().iter().map(|field| new_null_array(field.data_type(), rows)).collect()
        };
        let all: Vec<_> = match side {
            Probing::Left => columns.into_iter().chain(nulls(&spec.right.schema)).collect(),
            Probing::Right => nulls(&spec.left.schema).into_iter().chain(columns).collect(),
        };
        let columns = shown(&self.schema, &spec.both, &all)?;
        self.push(columns, rows)
    }

    /// Forgets the rows that nothing to come can match. Those that are to be given all the same, and
    /// had no partner, are given.
    fn evict(&mut self, side: Probing, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<()> {
        let spec = Arc::clone(&self.spec);
        let (kept, gives) = match side {
            Probing::Left => (&spec.left, spec.kind.keeps_left()),
            Probing::Right => (&spec.right, spec.kind.keeps_right()),
        };
        let Some(end_ms) = state.watermark.evict_ms.and_then(|ms| kept.end_ms(ms)) else { return Ok(()) };
        let mut gone: Vec<Vec<u8>> = Vec::new();
        let slots = slots_of(self.lane, self.spec.operator.lanes);
        in_chunks(overlay.scan_each(slots.map(|slot| kept.over(slot, end_ms)))?, &mut |keys, _| {
            gone.extend(keys.iter().map(|key| key.to_vec()));
            Ok(())
        })?;
        for chunk in gone.chunks(PAIRS) {
            let rows: Vec<_> = chunk.iter().map(|by_time| kept.row_key(by_time)).collect();
            if gives {
                let matched: Vec<_> = rows.iter().map(|key| kept.matched_key(key)).collect();
                let had_none = missing(overlay, &matched)?;
                let alone: Vec<_> = rows.iter().zip(&had_none).filter(|(_, none)| **none).map(|(key, _)| key).collect();
                let values = values_of(overlay, &alone)?;
                let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
                self.give_with_nulls(side, kept.decode(&values)?, values.len())?;
            }
            kept.forget(overlay, rows, chunk.to_vec(), gives)?;
        }
        OperatorCounters::add(&state.counters.removed, gone.len());
        state.counters.grow(-(gone.len() as i64));
        Ok(())
    }
}

/// Which of the keys are not there.
fn missing(overlay: &StateOverlay, keys: &[Vec<u8>]) -> Result<Vec<bool>> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_unstable_by(|a, b| keys[*a].cmp(&keys[*b]));
    let sorted: SortedKeys = order.iter().map(|at| keys[*at].as_slice()).collect();
    let mut found = StateValues::default();
    overlay.get_many(&sorted, &mut found)?;
    let mut missing = vec![false; keys.len()];
    for (at, row) in order.into_iter().enumerate() {
        missing[row] = found.value(at).is_none();
    }
    Ok(missing)
}

/// The values of keys that are there.
fn values_of(overlay: &StateOverlay, keys: &[&Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_unstable_by(|a, b| keys[*a].cmp(keys[*b]));
    let sorted: SortedKeys = order.iter().map(|at| keys[*at].as_slice()).collect();
    let mut found = StateValues::default();
    overlay.get_many(&sorted, &mut found)?;
    let mut values = vec![Vec::new(); keys.len()];
    for (at, row) in order.into_iter().enumerate() {
        let value = found.value(at).ok_or_else(|| Error::internal("a row of a join is not where its time says"))?;
        values[row] = value.to_vec();
    }
    Ok(values)
}

/// The columns of `schema`, by name.
fn shown(schema: &Schema, of: &Schema, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let column = |name: &String| Ok(Arc::clone(&columns[of.index_of(name)?]));
    schema.fields().iter().map(|field| column(field.name())).collect()
}

/// All rows of an input.
async fn all_rows(input: SendableRecordBatchStream) -> DfResult<RecordBatch> {
    let schema = input.schema();
    let batches: Vec<_> = input.try_collect().await?;
    Ok(concat_batches(&schema, &batches)?)
}
