//! The state of a run: opened at the version that is committed, read by each batch, changed by what
//! the batch's operators did.
//!
//! The change file of a batch also holds what its commit needs: how far event time came, and how
//! many rows each operator has. So a batch that a crash found visible is adopted. It does not run
//! again.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use serde_json::{Value, json};

use super::growth::StateGrowth;
use super::progress::OperatorProgress;
use crate::batch::{Batch, BatchId};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::conf::{LoggedConf, partitions};
use crate::checkpoint::operators::{OperatorEntry, TableEntry};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::finish::Finished;
use crate::plan::operators::stateful::form::{FormChange, OperatorForm};
use crate::plan::operators::stateful::{
    IdleBatch, OperatorPass, OperatorWatermark, PassState, StateTable, StatefulOperator,
};
use crate::plan::state_memory::StateShare;
use crate::state::{Merging, StateOptions, StateStore, Version, WrittenChange};
use crate::types::type_json::schema_to_json;

/// The state of one run of one query.
pub struct QueryState {
    plan: Arc<Finished>,
    store: StateStore,
    share: StateShare,
    /// By operator, how many rows it keeps.
    rows: Vec<i64>,
    /// By operator, when it wants a batch, in milliseconds since the epoch.
    due: Vec<Option<i64>>,
    /// Spark's number of partitions.
    partitions: u64,
    /// `spark.sql.streaming.statefulOperator.allowMultiple`: whether a batch has two watermarks.
    several: bool,
    /// By operator, how it works.
    settings: Vec<Value>,
    /// By operator, what becomes of what an earlier run kept.
    forms: Vec<FormChange>,
    /// By operator, the watermark of this run's last batch.
    watermarks: Option<Vec<OperatorWatermark>>,
    growth: StateGrowth,
}

/// What a batch did to the state, durable but not current yet.
pub struct StateChange {
    written: WrittenChange,
    rows: Vec<i64>,
    due: Vec<Option<i64>>,
    watermarks: Vec<OperatorWatermark>,
    pub operators: Vec<OperatorProgress>,
}

/// What a batch left whose rows are visible and whose commit is missing.
pub struct LeftChange {
    /// By declared watermark, how far event time came.
    pub event_times: Vec<Option<i64>>,
    rows: Vec<i64>,
    due: Vec<Option<i64>>,
    forms: Vec<FormChange>,
}

/// What it means that the change file of a visible batch is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfGone {
    /// It was lost.
    Refuse,
    /// A rollback let it go: the batch runs again.
    RunAgain,
}

impl QueryState {
    /// Opens the state of a query that keeps any. `committed` is the newest batch that is.
    pub fn open(
        checkpoint: &Checkpoint,
        plan: &Arc<Finished>,
        conf: &LoggedConf,
        committed: Option<BatchId>,
    ) -> Result<Option<Self>> {
        let operators: Vec<_> = plan.operators().iter().map(about).collect();
        let settings = checkpoint.check_operators(&operators, checkpoint.newest_begun()?.is_some())?;
        if operators.is_empty() {
            return Ok(None);
        }
        let env = plan.env();
        let share = env.state_memory.share();
        let options = StateOptions {
            dir: checkpoint.layout().kept(),
            query: checkpoint.id().to_owned(),
            durability: checkpoint.durability(),
            memory: share.bytes(),
            retain: checkpoint.retain(),
            merging: Merging::Background(env.runtime.clone()),
        };
        let version = Version(committed.map_or(0, |batch| batch.0 + 1));
        let store = StateStore::open(options, version)?;
        let rows = rows_of(store.summary(), operators.len());
        let due = due_of(store.summary(), operators.len());
        let partitions = partitions(conf)?;
        let forms = forms_of(store.summary(), plan.operators(), checkpoint)?;
        let growth = StateGrowth::new(&env.conf, operators.len())?;
        let several = env.conf.flag("spark.sql.streaming.statefulOperator.allowMultiple")?;
        let plan = Arc::clone(plan);
        Ok(Some(Self { plan, store, share, rows, due, partitions, several, settings, forms, watermarks: None, growth }))
    }

    /// The state as a pass of the batch sees it.
    pub fn pass(&self, batch: &Batch) -> Result<PassState> {
        if let Some(error) = self.plan.operators().iter().find_map(|operator| operator.refused.clone()) {
            return Err(error);
        }
        self.check_watermark(batch.evict_ms)?;
        let late_ms = if self.several { batch.late_ms } else { batch.evict_ms };
        let (late, evict) = (self.plan.watermarks_at(late_ms), self.plan.watermarks_at(batch.evict_ms));
        let watermarks = late.into_iter().zip(evict).map(|(late_ms, evict_ms)| OperatorWatermark { late_ms, evict_ms });
        let (view, operators) = (self.store.view(), self.plan.operators().len());
        // What an operator's lane may hold of changes.
        let budget = self.store.memory() / (4 * self.plan.env().runtime.lanes().max(1) * operators.max(1));
        let each = watermarks.zip(&self.forms).zip(&self.settings).enumerate();
        let pass = |(at, ((mark, form), settings)): (usize, ((OperatorWatermark, &FormChange), &Value))| {
            let before = self.watermarks.as_ref().map(|before| before[at]);
            let pass = OperatorPass::new(view.clone(), mark, form.renewed.clone(), budget);
            pass.after(before).with_settings(settings.clone())
        };
        Ok(PassState::new(each.map(pass).collect()))
    }

    /// Refuses a watermark that is declared over another one, once it has moved: what it would say to
    /// the operators above it is not known.
    pub fn check_watermark(&self, watermark_ms: i64) -> Result<()> {
        if watermark_ms > 0 && self.several && self.plan.redefines_watermark() {
            return Err(Error::of(condition::WATERMARK_REDEFINED));
        }
        Ok(())
    }

    /// Whether some operator wants a batch without rows when the query's watermark moves from one
    /// value to another, or because the clock has come to `now_ms`.
    pub fn wants_idle_batch(&self, from_ms: i64, to_ms: i64, now_ms: i64) -> bool {
        let (from, to) = (self.plan.watermarks_at(from_ms), self.plan.watermarks_at(to_ms));
        let operators = self.plan.operators().iter().zip(&self.due);
        operators.zip(from.into_iter().zip(to)).any(|((operator, due), (from, to))| match operator.idle {
            IdleBatch::Never => false,
            IdleBatch::WatermarkMoved => to > from,
            IdleBatch::ClockDue => due.is_some_and(|due| now_ms >= due),
        })
    }

    /// Makes durable what the passes of a batch changed. `event_times` go with it.
    pub fn write(
        &self,
        state: &PassState,
        event_times: &[Option<i64>],
        clock: &dyn Fn() -> Duration,
    ) -> Result<StateChange> {
        let began = clock();
        let grown = state.operators().iter().map(|operator| operator.grown());
        let rows: Vec<i64> = self.rows.iter().zip(grown).map(|(rows, grown)| rows + grown).collect();
        for ((operator, before), after) in self.plan.operators().iter().zip(&self.rows).zip(&rows) {
            self.growth.check(operator, *before, *after)?;
        }
        let mut parts = Vec::new();
        for (about, operator) in self.plan.operators().iter().zip(state.operators()) {
            parts.extend(operator.take_changes(about.lanes)?);
        }
        let due: Vec<Option<i64>> = state.operators().iter().map(OperatorPass::due_ms).collect();
        let mut summary = json!({ "rows": rows, "eventTimes": event_times });
        if due.iter().any(Option::is_some) {
            summary["due"] = json!(due);
        }
        if self.forms.iter().any(|form| !form.noted.is_null()) {
            summary["forms"] = self.forms.iter().map(|form| form.noted.clone()).collect();
        }
        let written = self.store.write(parts, summary)?;
        let took = clock().saturating_sub(began);
        let report = self.store.report();
        let about = self.plan.operators().iter().zip(state.operators()).zip(&rows);
        let operators = about
            .map(|((about, pass), rows)| OperatorProgress {
                name: about.name,
                rows: *rows,
                counts: pass.counts(),
                commit: took,
                memory_bytes: report.memory_bytes as u64,
                files: report.files as u64,
                file_bytes: report.file_bytes,
                cache_hits: report.cache_hits,
                cache_misses: report.cache_misses,
                partitions: self.partitions,
                stores: about.stores.of(self.partitions),
            })
            .collect();
        let watermarks = state.operators().iter().map(|operator| operator.watermark).collect();
        Ok(StateChange { written, rows, due, watermarks, operators })
    }

    /// After `commits/N`: the change is part of the state.
    pub fn advance(&mut self, change: StateChange) -> Result<()> {
        self.store.advance(change.written)?;
        self.store.set_memory(self.share.bytes());
        for ((operator, before), after) in self.plan.operators().iter().zip(&self.rows).zip(&change.rows) {
            self.growth.note(operator, *before, *after);
        }
        (self.rows, self.due, self.watermarks) = (change.rows, change.due, Some(change.watermarks));
        self.forms.iter_mut().for_each(|form| form.renewed = None);
        Ok(())
    }

    /// What a crash left of the batch after the committed ones, which is visible. `None` where it is
    /// gone and that is no loss.
    pub fn left(&self, checkpoint: &Checkpoint, if_gone: IfGone) -> Result<Option<LeftChange>> {
        let Some(summary) = self.store.found()? else {
            return match if_gone {
                IfGone::RunAgain => Ok(None),
                IfGone::Refuse => Err(self.change_missing()),
            };
        };
        let times = summary.get("eventTimes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let rows = rows_of(&summary, self.rows.len());
        let due = due_of(&summary, self.rows.len());
        let forms = forms_of(&summary, self.plan.operators(), checkpoint)?;
        Ok(Some(LeftChange { event_times: times.iter().map(Value::as_i64).collect(), rows, due, forms }))
    }

    fn change_missing(&self) -> Error {
        Error::new(
            ErrorKind::Checkpoint,
            format!(
                "the change file of state version {} is missing, and its batch is visible in the sink: restore the file, or use a new checkpoint location",
                self.store.version().0 + 1
            ),
        )
    }

    /// After `commits/N` of a batch that was found visible: what it changed is part of the state.
    pub fn adopt(&mut self, left: LeftChange) -> Result<()> {
        self.store.adopt()?;
        (self.rows, self.due, self.forms) = (left.rows, left.due, left.forms);
        Ok(())
    }

    /// Versions before that of the batch `oldest` need not be read again.
    pub fn forget_before(&mut self, oldest: BatchId) -> Result<()> {
        self.store.forget_before(Version(oldest.0))
    }
}

/// What the checkpoint notes of an operator.
fn about(operator: &StatefulOperator) -> OperatorEntry {
    let schema = |schema: &SchemaRef| serde_json::from_str(&schema_to_json(schema)).unwrap_or_default();
    let table = |table: &StateTable| TableEntry {
        name: table.name.to_owned(),
        number: table.number,
        layout: table.layout.name().to_owned(),
        time: table.time,
        key: schema(&table.key),
        value: schema(&table.value),
        versioned: matches!(operator.form, OperatorForm::Processor(_)),
    };
    let notes = operator.notes.clone();
    let (form, settings) = notes.map(|notes| (notes.form, notes.settings)).unwrap_or_default();
    OperatorEntry {
        name: operator.name.to_owned(),
        tables: operator.tables.iter().map(table).collect(),
        form,
        settings,
    }
}

/// Compares the query with what a change file says of its operators.
fn forms_of(summary: &Value, operators: &[StatefulOperator], checkpoint: &Checkpoint) -> Result<Vec<FormChange>> {
    let noted = |at: usize| summary.get("forms").and_then(|forms| forms.get(at)).cloned().unwrap_or_default();
    let each = operators.iter().enumerate().map(|(at, operator)| {
        let mut kept = noted(at);
        if kept.is_null() && summary.is_object() && matches!(operator.form, OperatorForm::Processor(_)) {
            // Of an earlier release: its variables never changed.
            kept = match checkpoint.first_values(at)? {
                Some(value) => json!({ "variables": variables_of(&value) }),
                None => Value::Null,
            };
        }
        operator.form.after(&kept, operator)
    });
    each.collect()
}

/// The variables among the fields of a processor's value.
fn variables_of(value: &Value) -> Value {
    let fields = value.get("fields").and_then(Value::as_array).and_then(|fields| fields.first());
    fields.and_then(|field| field.get("type")).cloned().unwrap_or_default()
}

fn due_of(summary: &Value, operators: usize) -> Vec<Option<i64>> {
    let due = summary.get("due").and_then(Value::as_array);
    (0..operators).map(|at| due?.get(at)?.as_i64()).collect()
}

fn rows_of(summary: &Value, operators: usize) -> Vec<i64> {
    let rows = summary.get("rows").and_then(Value::as_array);
    let row = |at: usize| rows.and_then(|rows| rows.get(at)).and_then(Value::as_i64).unwrap_or(0);
    (0..operators).map(row).collect()
}
