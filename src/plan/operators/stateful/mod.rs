//! Operators that remember rows from batch to batch.
//!
//! | file | what it is |
//! |---|---|
//! | here | what such an operator is to the engine, and what it works with in one pass |
//! | [`aggregate`] | groups of a stream |
//! | [`session`] | groups by sessions, which grow and merge |
//! | [`grouping`] | groups on their way: keys and buffers |
//! | [`dedup`] | rows whose key was not seen before |
//! | [`groups`] | functions of groups, with what they keep |
//! | [`join`] | rows of two streams together |
//! | [`limit`] | the first rows of a query |
//! | [`recurrent`] | models with state |
//! | [`accumulators`] | DataFusion's accumulators, fed with buffers that were kept |
//! | [`flow`] | how the watermark reaches each operator |
//! | [`form`] | what kept rows are beside their types, and who may go on from them |
//! | [`kept`] | rules of the optimiser, which cut off no state |
//! | [`stages`] | where a plan with state is cut |
//! | [`distinct`] | rows by their keys |
//! | [`table`] | one table of an operator: keys and values as rows |
//!
//! An operator reads the version of its batch, and changes an overlay of its own lane. It hands the
//! overlay to its [`OperatorPass`] when the lane ends. Nothing here writes to disk.

pub mod accumulators;
pub mod aggregate;
pub mod dedup;
pub mod distinct;
pub mod flow;
pub mod form;
pub mod grouping;
pub mod groups;
pub mod join;
pub mod kept;
pub mod limit;
pub mod recurrent;
pub mod session;
pub mod stages;
pub mod table;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use arrow::datatypes::{Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Limit, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::{ExecutionPlan, Partitioning, PlanProperties};
use parking_lot::Mutex;
use serde_json::Value;

use self::aggregate::{StatefulAggregateExec, StatefulAggregateNode};
use self::dedup::{DedupExec, DedupNode};
use self::form::OperatorForm;
use self::groups::frame::GroupedRows;
use self::groups::{GroupsExec, GroupsNode};
use self::join::time::WatermarkShift;
use self::join::{StreamJoinExec, StreamJoinNode};
use self::limit::{StreamLimitExec, StreamLimitNode};
use self::recurrent::{RecurrentExec, RecurrentNode};
use self::session::SessionAggregateExec;
use crate::batch::OutputMode;
use crate::error::{Error, Result, condition};
use crate::plan::Attribute;
use crate::state::{ChangePart, StateOverlay, StateView};

/// When an operator wants a batch although no row has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleBatch {
    Never,
    /// When the watermark that reaches it has moved since it last evicted.
    WatermarkMoved,
    /// When the clock has come to the time that its last pass named.
    ClockDue,
}

/// Which operator a node of a query is, once the query is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct StatefulPlace {
    /// From the sink to the sources, the left input before the right one.
    pub number: usize,
    /// What the query gives in each batch.
    pub mode: OutputMode,
}

/// Whether a node is an operator with state, once it has a place.
fn is_stateful(node: &dyn UserDefinedLogicalNode) -> bool {
    let node = node.as_any();
    node.is::<StatefulAggregateNode>()
        || node.is::<DedupNode>()
        || node.is::<GroupsNode>()
        || node.is::<StreamJoinNode>()
        || node.is::<StreamLimitNode>()
        || node.is::<RecurrentNode>()
}

/// What a node of a stream becomes in its query.
pub enum Placed {
    /// The operator of that number.
    Stateful(Arc<dyn UserDefinedLogicalNode>),
    /// An operator that keeps nothing in the query's mode.
    Stateless(LogicalPlan),
    /// A node that keeps nothing.
    AsItIs,
}

/// Whether a plan groups a stream.
fn aggregates(plan: &LogicalPlan) -> bool {
    let here =
        matches!(plan, LogicalPlan::Extension(extension) if extension.node.as_any().is::<StatefulAggregateNode>());
    here || plan.inputs().into_iter().any(aggregates)
}

/// The node at a place of its query.
pub fn placed(node: &dyn UserDefinedLogicalNode, place: StatefulPlace) -> Placed {
    let (node, at) = (node.as_any(), Some(place));
    if let Some(node) = node.downcast_ref::<StatefulAggregateNode>() {
        return Placed::Stateful(Arc::new(StatefulAggregateNode { place: at, ..node.clone() }));
    }
    if let Some(node) = node.downcast_ref::<DedupNode>() {
        return Placed::Stateful(Arc::new(DedupNode { place: at, ..node.clone() }));
    }
    if let Some(node) = node.downcast_ref::<GroupsNode>().filter(|node| node.of == GroupedRows::OfStream) {
        return Placed::Stateful(Arc::new(GroupsNode { place: at, ..node.clone() }));
    }
    if let Some(node) = node.downcast_ref::<StreamJoinNode>() {
        return Placed::Stateful(Arc::new(StreamJoinNode { place: at, ..node.clone() }));
    }
    if let Some(node) = node.downcast_ref::<RecurrentNode>() {
        return Placed::Stateful(Arc::new(RecurrentNode { place: at, ..node.clone() }));
    }
    if let Some(node) = node.downcast_ref::<StreamLimitNode>() {
        // Over groups that are all given in each batch, a limit begins anew. Below them it does not.
        if place.mode == OutputMode::Complete && aggregates(&node.input) || node.rows == 0 {
            let fetch = Some(Box::new(Expr::Literal(ScalarValue::Int64(i64::try_from(node.rows).ok()), None)));
            return Placed::Stateless(LogicalPlan::Limit(Limit {
                skip: None,
                fetch,
                input: Arc::new(node.input.clone()),
            }));
        }
        return Placed::Stateful(Arc::new(StreamLimitNode { place: at, ..node.clone() }));
    }
    Placed::AsItIs
}

/// The properties of an operator over `input` whose rows come when the input has ended.
fn stateful_properties(input: &Arc<dyn ExecutionPlan>, schema: SchemaRef) -> Arc<PlanProperties> {
    let lanes = input.properties().partitioning.partition_count();
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(lanes),
        EmissionType::Final,
        input.properties().boundedness,
    ))
}

/// Why an operator whose input has several of these columns cannot run: nobody can say which of them
/// makes a row late.
fn several_event_times(columns: &[String], names: &ColumnNames, input: &Schema) -> Option<Error> {
    let there: Vec<_> = columns.iter().filter(|name| input.index_of(name).is_ok()).collect();
    (there.len() > 1).then(|| {
        let shown = there.into_iter().map(|column| names.name(column)).collect::<Vec<_>>().join(", ");
        Error::of(condition::MULTIPLE_EVENT_TIME_COLUMNS).with("eventTimeCols", shown)
    })
}

/// The operator's number as keys have it.
fn operator_number(number: usize) -> Result<u16> {
    u16::try_from(number).map_err(|_| Error::unsupported("a query of more than 65536 operators with state"))
}

/// What a stateful operator is to the engine.
#[derive(Clone, Debug)]
pub struct StatefulOperator {
    /// Its number in the query, from the sink to the sources.
    pub number: usize,
    /// Spark's name in progress, e.g. `stateStoreSave`.
    pub name: &'static str,
    pub idle: IdleBatch,
    pub stores: SparkStores,
    pub lanes: usize,
    pub tables: Vec<StateTable>,
    /// What its rows are beside the types of its tables.
    pub form: OperatorForm,
    pub retention: Retention,
    /// The watermark that its rows have.
    pub gives: WatermarkOut,
    /// Why the first batch fails.
    pub refused: Option<Error>,
    /// What the checkpoint notes of it beside its tables.
    pub notes: Option<OperatorNotes>,
}

/// What a checkpoint notes of an operator beside its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorNotes {
    /// What is kept, as far as the types of the tables do not say it. Another one is refused.
    pub form: Value,
    /// How the operator works. A restart works as the checkpoint says.
    pub settings: Value,
}

impl fmt::Display for StatefulOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.number, self.name)
    }
}

/// How long an operator keeps its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Until the watermark has passed them, or only a fixed number of them.
    Bounded,
    Forever,
    /// Until the user's code lets them go.
    UserCode,
}

impl Retention {
    pub fn when(bounded: bool) -> Self {
        if bounded { Self::Bounded } else { Self::Forever }
    }

    /// What makes an operator keep fewer rows.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Bounded => "give the watermark a shorter delay",
            Self::Forever => {
                "put an event time with a watermark among its keys, or bounds of time into the condition of a join"
            }
            Self::UserCode => "remove what is no longer needed in the function, or set timeouts or times to live",
        }
    }
}

/// How many stores Spark has for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SparkStores {
    /// So many in each partition.
    InEachPartition(u64),
    /// One: all rows are in one partition.
    One,
}

impl SparkStores {
    pub fn of(self, partitions: u64) -> u64 {
        match self {
            Self::InEachPartition(stores) => stores * partitions,
            Self::One => 1,
        }
    }
}

/// The watermark of an operator's rows, as the one that reaches it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatermarkOut {
    /// The same.
    Same,
    /// The least of it and of what it is after each of these.
    Least(Vec<WatermarkShift>),
    /// None: nobody knows the times of its rows.
    Nothing,
}

/// A table of an operator: what its keys and its values are. Tables that only point into others, as
/// by time, are not among them.
#[derive(Clone, Debug)]
pub struct StateTable {
    /// Spark's name of the store.
    pub name: &'static str,
    /// Its number among the operator's tables, as keys have it.
    pub number: u8,
    pub layout: KeyLayout,
    /// The column of the key whose time comes before the row.
    pub time: Option<usize>,
    pub key: SchemaRef,
    pub value: SchemaRef,
}

/// What a key is made of, after the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLayout {
    /// The row of the key.
    Row,
    /// A time, then the row.
    TimeRow,
    /// The row, then a time.
    RowTime,
    /// The row, a time, the batch and the number of a row in it.
    RowTimeNumber,
    /// The row, and the number of a chunk of its lists.
    RowChunk,
    /// A time, the row, and the number of a chunk of its lists.
    TimeRowChunk,
}

impl KeyLayout {
    const ALL: [Self; 6] =
        [Self::Row, Self::TimeRow, Self::RowTime, Self::RowTimeNumber, Self::RowChunk, Self::TimeRowChunk];

    /// The layout of that name in `operators.json`.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// As `operators.json` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::TimeRow => "time,row",
            Self::RowTime => "row,time",
            Self::RowTimeNumber => "row,time,batch,number",
            Self::RowChunk => "row,chunk",
            Self::TimeRowChunk => "time,row,chunk",
        }
    }
}

/// What the user calls columns: ids and names. What is not in it keeps its own name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd)]
pub struct ColumnNames(Vec<(String, String)>);

impl ColumnNames {
    pub fn of<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Self {
        Self(attributes.into_iter().map(|attribute| (attribute.id.to_string(), attribute.name.clone())).collect())
    }

    /// Ids and names.
    pub fn new(names: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The user's name of a column.
    fn name<'a>(&'a self, column: &'a str) -> &'a str {
        self.0.iter().find(|(id, _)| id == column).map_or(column, |(_, name)| name)
    }

    /// A schema under the user's names.
    fn schema(&self, schema: &Schema) -> SchemaRef {
        let named = |field: &FieldRef| Field::new(self.name(field.name()), field.data_type().clone(), true);
        Arc::new(Schema::new(schema.fields().iter().map(named).collect::<Vec<_>>()))
    }
}

/// The operator that a node of a physical plan is, if it keeps state.
pub fn stateful(node: &dyn ExecutionPlan) -> Option<&StatefulOperator> {
    let aggregate = node.downcast_ref::<StatefulAggregateExec>().map(StatefulAggregateExec::operator);
    let dedup = node.downcast_ref::<DedupExec>().map(DedupExec::operator);
    let limit = node.downcast_ref::<StreamLimitExec>().map(StreamLimitExec::operator);
    let join = node.downcast_ref::<StreamJoinExec>().map(StreamJoinExec::operator);
    let session = node.downcast_ref::<SessionAggregateExec>().map(SessionAggregateExec::operator);
    let groups = node.downcast_ref::<GroupsExec>().and_then(GroupsExec::operator);
    let recurrent = node.downcast_ref::<RecurrentExec>().map(RecurrentExec::operator);
    aggregate.or(session).or(dedup).or(limit).or(join).or(groups).or(recurrent)
}

/// The watermark at an operator, in milliseconds since the epoch; `None` where none reaches it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorWatermark {
    /// A row at or before this time is late.
    pub late_ms: Option<i64>,
    /// State at or before this time goes.
    pub evict_ms: Option<i64>,
}

/// What one pass changes in one operator's state.
pub struct OperatorPass {
    pub view: StateView,
    pub watermark: OperatorWatermark,
    pub counters: OperatorCounters,
    /// The variables under which an earlier run kept groups, if they are others.
    pub renewed: Option<Fields>,
    /// The bytes that one lane's changes may take in memory.
    budget: usize,
    /// When it wants a batch, in milliseconds since the epoch; the greatest number if never.
    due_ms: AtomicI64,
    changes: Mutex<Vec<(usize, Vec<ChangePart>)>>,
    settings: Value,
    /// The pass before has evicted at the same watermark, and rows at or before it are late.
    evicted: bool,
}

/// What happened to an operator's rows. Lanes add to it.
#[derive(Debug, Default)]
pub struct OperatorCounters {
    /// Keys that are new, less keys that are gone.
    pub grown: AtomicI64,
    pub updated: AtomicU64,
    pub removed: AtomicU64,
    /// Rows that came too late.
    pub dropped: AtomicU64,
    /// Rows whose key was there.
    pub duplicates: AtomicU64,
    pub finds_duplicates: AtomicBool,
    updating_nanos: AtomicU64,
    removing_nanos: AtomicU64,
}

impl OperatorCounters {
    pub fn add(counter: &AtomicU64, rows: usize) {
        counter.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub fn grow(&self, rows: i64) {
        self.grown.fetch_add(rows, Ordering::Relaxed);
    }

    pub fn took_updating(&self, time: Duration) {
        self.updating_nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub fn took_removing(&self, time: Duration) {
        self.removing_nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What happened to an operator's rows in a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperatorCounts {
    pub updated: u64,
    pub removed: u64,
    /// Rows that came too late.
    pub dropped: u64,
    /// Rows whose key was there, of an operator that looks for them.
    pub duplicates: Option<u64>,
    /// The time that updates took, in all lanes together.
    pub updating: Duration,
    /// The time that removals took, in all lanes together.
    pub removing: Duration,
}

impl OperatorPass {
    pub fn new(view: StateView, watermark: OperatorWatermark, renewed: Option<Fields>, budget: usize) -> Self {
        let (counters, due_ms) = (OperatorCounters::default(), AtomicI64::new(i64::MAX));
        let (changes, settings) = (Mutex::default(), Value::Null);
        Self { view, watermark, counters, renewed, budget, due_ms, changes, settings, evicted: false }
    }

    /// The watermark of the batch before this one in the same run, if there was one.
    #[must_use]
    pub fn after(self, before: Option<OperatorWatermark>) -> Self {
        let OperatorWatermark { late_ms, evict_ms } = self.watermark;
        Self { evicted: before.is_some_and(|before| before.evict_ms == evict_ms) && late_ms == evict_ms, ..self }
    }

    /// The time up to which kept rows go. `None` if no watermark says one, or if there are no such rows:
    /// the pass before has evicted them, and those that come are late. So it is for an operator that
    /// keeps no row whose time is at or before the watermark at which it is late.
    pub fn evictable_ms(&self) -> Option<i64> {
        self.watermark.evict_ms.filter(|_| !self.evicted)
    }

    /// The operator works as its checkpoint says.
    #[must_use]
    pub fn with_settings(self, settings: Value) -> Self {
        Self { settings, ..self }
    }

    /// How the operator works: [`OperatorNotes::settings`] of the checkpoint.
    pub fn settings(&self) -> &Value {
        &self.settings
    }

    /// The operator wants a batch when the clock comes to this time, or to one that was named before.
    pub fn due_at(&self, ms: Option<i64>) {
        if let Some(ms) = ms {
            self.due_ms.fetch_min(ms, Ordering::Relaxed);
        }
    }

    /// The earliest time that a lane has named.
    pub fn due_ms(&self) -> Option<i64> {
        Some(self.due_ms.load(Ordering::Relaxed)).filter(|ms| *ms != i64::MAX)
    }

    /// What a lane changes: nothing so far.
    pub fn overlay(&self) -> StateOverlay {
        StateOverlay::new(self.view.clone(), self.budget, std::env::temp_dir())
    }

    /// What has happened so far.
    pub fn counts(&self) -> OperatorCounts {
        let counters = &self.counters;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OperatorCounts {
            updated: of(&counters.updated),
            removed: of(&counters.removed),
            dropped: of(&counters.dropped),
            duplicates: counters.finds_duplicates.load(Ordering::Relaxed).then(|| of(&counters.duplicates)),
            updating: Duration::from_nanos(of(&counters.updating_nanos)),
            removing: Duration::from_nanos(of(&counters.removing_nanos)),
        }
    }

    /// Keys that are new, less keys that are gone.
    pub fn grown(&self) -> i64 {
        self.counters.grown.load(Ordering::Relaxed)
    }

    /// A lane has ended. These are its changes.
    pub fn finish(&self, lane: usize, overlay: StateOverlay) {
        self.changes.lock().push((lane, overlay.finish()));
    }

    /// What all `lanes` have changed, in their order. A lane that did not end is an error: its
    /// changes would be lost.
    pub fn take_changes(&self, lanes: usize) -> Result<Vec<ChangePart>> {
        let mut changes = std::mem::take(&mut *self.changes.lock());
        if changes.len() != lanes {
            return Err(Error::internal(format!(
                "{} of {lanes} lanes of an operator with state came to their ends",
                changes.len()
            )));
        }
        changes.sort_by_key(|(lane, _)| *lane);
        Ok(changes.into_iter().flat_map(|(_, parts)| parts).collect())
    }
}

/// The state of one pass, by operator.
#[derive(Clone)]
pub struct PassState(Arc<Vec<OperatorPass>>);

impl PassState {
    pub fn new(operators: Vec<OperatorPass>) -> Self {
        Self(Arc::new(operators))
    }

    pub fn operators(&self) -> &[OperatorPass] {
        &self.0
    }

    pub fn operator(&self, number: usize) -> Result<&OperatorPass> {
        self.0.get(number).ok_or_else(|| Error::internal(format!("operator {number} has no state in this pass")))
    }
}
