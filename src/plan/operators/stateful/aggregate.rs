//! Groups of a stream: what each group had before is kept, and merged with what a batch brings.
//!
//! ```text
//! rows → partial aggregation (DataFusion's) → stage by key → this: combine, drop what is late,
//!        merge with what was kept, keep, evict → rows
//! ```
//!
//! The state of a group is the buffers of its functions. Old buffers are merged before new ones, so
//! `first`, `collect_list` and their kin see rows in the order in which they came.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Aggregate, Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{TryStreamExt, stream};

use super::accumulators::Accumulators;
use super::form::OperatorForm;
use super::grouping::{GroupShape, Groups};
use super::session::SessionAggregateExec;
use super::table::{EventTimeKey, RowTable, at_or_before, in_chunks};
use super::{
    ColumnNames, IdleBatch, KeyLayout, OperatorCounters, OperatorPass, Retention, SparkStores, StateTable,
    StatefulOperator, StatefulPlace, WatermarkOut, several_event_times, stateful_properties,
};
use crate::batch::OutputMode;
use crate::error::{Error, Result, condition};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::one_input;
use crate::plan::pass::PassContext;
use crate::state::prefix::{TableId, slots_of};
use crate::state::row::RowFormat;
use crate::state::{SortedEntries, StateOverlay, StateValues};

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatefulAggregateNode {
    pub aggregate: Aggregate,
    /// The names of the keys that have an event time. There may be one at most when a batch runs.
    pub event_times: Vec<String>,
    /// The name of the key that is a session, which grows.
    pub session: Option<String>,
    pub names: ColumnNames,
    pub place: Option<StatefulPlace>,
}

impl PartialOrd for StatefulAggregateNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other { Some(Ordering::Equal) } else { None }
    }
}

impl StatefulAggregateNode {
    fn keys(&self) -> usize {
        self.aggregate.schema.fields().len() - self.aggregate.aggr_expr.len()
    }
}

impl UserDefinedLogicalNodeCore for StatefulAggregateNode {
    fn name(&self) -> &'static str {
        "Aggregate"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.aggregate.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.aggregate.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.aggregate.group_expr.iter().chain(&self.aggregate.aggr_expr).cloned().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |exprs: &[Expr]| exprs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let Aggregate { group_expr, aggr_expr, .. } = &self.aggregate;
        write!(f, "StatefulAggregate: groupBy=[{}], aggr=[{}]", show(group_expr), show(aggr_expr))
    }

    fn with_exprs_and_inputs(&self, mut exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let functions = exprs.split_off(self.aggregate.group_expr.len());
        let input = Arc::new(inputs.swap_remove(0));
        let schema = Arc::clone(&self.aggregate.schema);
        let aggregate = Aggregate::try_new_with_schema(input, exprs, functions, schema)?;
        Ok(Self { aggregate, ..self.clone() })
    }

    fn necessary_children_exprs(&self, _output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let schema = self.aggregate.input.schema();
        let mut columns = Vec::new();
        for expr in UserDefinedLogicalNodeCore::expressions(self) {
            for column in expr.column_refs() {
                columns.push(schema.maybe_index_of_column(column)?);
            }
        }
        columns.sort_unstable();
        columns.dedup();
        Some(vec![columns])
    }

    /// As in Spark a filter on keys goes below, so that nothing is kept that nobody asks for.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let by_sets = matches!(self.aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
        let kept = if by_sets { 0 } else { self.keys() };
        self.aggregate.schema.fields().iter().skip(kept).map(|field| field.name().clone()).collect()
    }
}

/// Plans a [`StatefulAggregateNode`].
pub struct StatefulAggregatePlanner;

#[async_trait]
impl ExtensionPlanner for StatefulAggregatePlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        state: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(nothing) = node.as_any().downcast_ref::<NothingNode>() {
            let schema = Arc::new(nothing.schema.as_arrow().clone());
            // A stage hides that it is empty: a count would become a constant.
            return Ok(Some(StageExec::keeping(Arc::new(EmptyExec::new(schema)))));
        }
        let Some(node) = node.as_any().downcast_ref::<StatefulAggregateNode>() else { return Ok(None) };
        let Some(place) = node.place else {
            return internal_err!("a stateful operator without a number");
        };
        // DataFusion plans the same aggregation over nothing; its functions are taken.
        let Aggregate { input, group_expr, aggr_expr, schema, .. } = &node.aggregate;
        let nothing =
            LogicalPlan::Extension(Extension { node: Arc::new(NothingNode { schema: Arc::clone(input.schema()) }) });
        let over_nothing = Aggregate::try_new_with_schema(
            Arc::new(nothing),
            group_expr.clone(),
            aggr_expr.clone(),
            Arc::clone(schema),
        )?;
        let planned = planner.create_physical_plan(&LogicalPlan::Aggregate(over_nothing), state).await?;
        let Some(lower) = lower_half(&planned) else {
            return internal_err!("an aggregation of which the planner made another operator");
        };
        let below = Arc::clone(&physical_inputs[0]);
        let partial = AggregateExec::try_new(
            AggregateMode::Partial,
            lower.group_expr().clone(),
            lower.aggr_expr().to_vec(),
            lower.filter_expr().to_vec(),
            Arc::clone(&below),
            below.schema(),
        )?;
        let functions = lower.aggr_expr().to_vec();
        let index = |name: &String| schema.index_of_column_by_name(None, name);
        let (keys, session) = (node.keys(), node.session.as_ref().and_then(index));
        let lanes = state.config().target_partitions();
        let staged_by = (0..keys).filter(|key| Some(*key) != session).collect();
        let staged = StageExec::by_key(Arc::new(partial), staged_by, lanes);
        let output = Arc::new(schema.as_arrow().clone());
        let shape = GroupShape::new(keys, functions, &staged.schema(), output, node.names.clone())?;
        let unwatched = place.mode == OutputMode::Append && node.event_times.is_empty();
        let unwatched = unwatched.then(|| Error::of(condition::STREAMING_OPERATOR_WITHOUT_WATERMARK));
        let refused = several_event_times(&node.event_times, &node.names, schema.as_arrow()).or(unwatched);
        if let Some(session) = session {
            let watched = !node.event_times.is_empty();
            return SessionAggregateExec::plan(staged, place, lanes, (session, watched), shape, refused).map(Some);
        }
        let event_time = node.event_times.first().and_then(index);
        let mut spec = AggregateSpec::new(place, lanes, event_time, shape)?;
        spec.operator.refused = refused;
        Ok(Some(Arc::new(StatefulAggregateExec::new(staged, Arc::new(spec)))))
    }
}

/// The lowest aggregation in a plan of DataFusion's: the one that takes rows.
fn lower_half(plan: &Arc<dyn ExecutionPlan>) -> Option<&AggregateExec> {
    let below = plan.children().into_iter().find_map(lower_half);
    below.or_else(|| plan.downcast_ref::<AggregateExec>())
}

/// Stands for an input, of which only the schema is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NothingNode {
    schema: DFSchemaRef,
}

impl PartialOrd for NothingNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self == other { Some(Ordering::Equal) } else { None }
    }
}

impl UserDefinedLogicalNodeCore for NothingNode {
    fn name(&self) -> &'static str {
        "Nothing"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        Vec::new()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nothing")
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, _inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(self.clone())
    }
}

/// What an aggregation does, whatever its input.
#[derive(Debug)]
struct AggregateSpec {
    operator: StatefulOperator,
    mode: OutputMode,
    shape: GroupShape,
    table: RowTable,
}

impl AggregateSpec {
    fn new(place: StatefulPlace, lanes: usize, event_time: Option<usize>, shape: GroupShape) -> Result<Self> {
        let StatefulPlace { number, mode } = place;
        let table = RowTable {
            id: TableId { operator: super::operator_number(number)?, table: 0 },
            key: RowFormat::of(&shape.key_schema)?,
            value: RowFormat::of(&shape.buffer_schema)?,
            time: event_time.map(|column| EventTimeKey { column }),
        };
        let idle = match mode {
            OutputMode::Append | OutputMode::Update => IdleBatch::WatermarkMoved,
            OutputMode::Complete => IdleBatch::Never,
        };
        let layout = if table.time.is_some() { KeyLayout::TimeRow } else { KeyLayout::Row };
        let (key, value) = (shape.names.schema(&shape.key_schema), shape.shown_buffers()?);
        let operator = StatefulOperator {
            number,
            name: "stateStoreSave",
            idle,
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables: vec![StateTable { name: "default", number: 0, layout, time: event_time, key, value }],
            retention: Retention::when(layout == KeyLayout::TimeRow && mode != OutputMode::Complete),
            form: OperatorForm::AsTyped,
            gives: WatermarkOut::Same,
            refused: None,
            notes: None,
        };
        Ok(Self { operator, mode, shape, table })
    }
}

/// The operator.
#[derive(Debug)]
pub struct StatefulAggregateExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<AggregateSpec>,
    properties: Arc<PlanProperties>,
}

impl StatefulAggregateExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<AggregateSpec>) -> Self {
        let properties = stateful_properties(&input, Arc::clone(&spec.shape.output));
        Self { input, spec, properties }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for StatefulAggregateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AggregateSpec { operator, mode, .. } = self.spec.as_ref();
        write!(f, "StatefulAggregateExec: operator={}, mode={}", operator.number, mode.name())
    }
}

impl ExecutionPlan for StatefulAggregateExec {
    one_input!("StatefulAggregateExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let input = self.input.execute(lane, context)?;
        let work = AggregateLane {
            pass,
            lane,
            lanes: self.properties.partitioning.partition_count(),
            spec: Arc::clone(&self.spec),
        };
        let rows = stream::once(work.run(input)).map_ok(|batches| stream::iter(batches.into_iter().map(Ok)));
        let schema = Arc::clone(&self.spec.shape.output);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.try_flatten())))
    }
}

/// One lane's part of a pass.
struct AggregateLane {
    pass: Arc<PassContext>,
    lane: usize,
    lanes: usize,
    spec: Arc<AggregateSpec>,
}

impl AggregateLane {
    async fn run(self, input: SendableRecordBatchStream) -> DfResult<Vec<RecordBatch>> {
        let groups = self.spec.shape.combine(input).await?;
        let state = self.pass.state(self.spec.operator.number)?;
        let mut overlay = state.overlay();
        let groups = self.without_late(groups, state)?;
        let groups = self.keep(groups, state, &mut overlay)?;
        let rows = match self.spec.mode {
            OutputMode::Update => {
                let rows = self.spec.shape.rows(groups)?;
                self.evict(state, &mut overlay, &mut |_, _| Ok(()))?;
                rows
            }
            OutputMode::Append => {
                let mut rows = Vec::new();
                self.evict(state, &mut overlay, &mut |keys, values| {
                    rows.extend(self.kept(keys, values)?);
                    Ok(())
                })?;
                rows
            }
            OutputMode::Complete => self.all(&overlay)?,
        };
        state.finish(self.lane, overlay);
        Ok(rows)
    }

    /// The groups whose time is not yet over.
    fn without_late(&self, groups: Groups, state: &OperatorPass) -> Result<Groups> {
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

    /// Merges the groups with what was kept, and keeps the outcome.
    fn keep(&self, groups: Groups, state: &OperatorPass, overlay: &mut StateOverlay) -> Result<Groups> {
        let (spec, clock) = (&self.spec, self.pass.clock());
        let began = clock.monotonic();
        let table = &spec.table;
        let keys = table.keys(&groups.keys, &groups.hashes)?;
        let mut found = StateValues::default();
        state.view.get_many(&keys.sorted(), &mut found)?;
        let old: Vec<(usize, &[u8])> = keys
            .order
            .iter()
            .enumerate()
            .filter_map(|(at, row)| found.value(at).map(|value| (*row as usize, value)))
            .collect();
        let merged = if old.is_empty() {
            groups
        } else {
            let (rows, values): (Vec<_>, Vec<_>) = old.iter().copied().unzip();
            let mut accumulators = Accumulators::new(&spec.shape.functions)?;
            accumulators.merge(&table.value.decode(&values)?, &rows, groups.len())?;
            let all: Vec<_> = (0..groups.len()).collect();
            accumulators.merge(&groups.buffers, &all, groups.len())?;
            Groups { buffers: accumulators.buffers()?, ..groups }
        };
        let values = table.value.encode(&merged.buffers, merged.len())?;
        let mut entries = SortedEntries::with_capacity(merged.len(), values.bytes().len());
        for row in &keys.order {
            let row = *row as usize;
            entries.push(keys.key(row), Some(values.row(row)));
        }
        let counters = &state.counters;
        OperatorCounters::add(&counters.updated, merged.len());
        counters.grow(merged.len() as i64 - old.len() as i64);
        overlay.put_sorted(entries)?;
        counters.took_updating(clock.monotonic().saturating_sub(began));
        Ok(merged)
    }

    /// Removes the groups whose time is over, and shows them, some at a time.
    fn evict(
        &self,
        state: &OperatorPass,
        overlay: &mut StateOverlay,
        show: &mut dyn FnMut(&[&[u8]], &[&[u8]]) -> Result<()>,
    ) -> Result<()> {
        let (true, Some(evict_ms)) = (self.spec.table.time.is_some(), state.watermark.evict_ms) else { return Ok(()) };
        let clock = self.pass.clock();
        let began = clock.monotonic();
        let mut gone = SortedEntries::with_capacity(0, 0);
        for slot in slots_of(self.lane, self.lanes) {
            in_chunks(overlay.scan(&self.spec.table.until(slot, evict_ms))?, &mut |keys, values| {
                show(keys, values)?;
                keys.iter().for_each(|key| gone.push(key, None));
                Ok(())
            })?;
        }
        let counters = &state.counters;
        OperatorCounters::add(&counters.removed, gone.len());
        counters.grow(-(gone.len() as i64));
        overlay.put_sorted(gone)?;
        counters.took_removing(clock.monotonic().saturating_sub(began));
        Ok(())
    }

    /// Every group there is.
    fn all(&self, overlay: &StateOverlay) -> Result<Vec<RecordBatch>> {
        let mut rows = Vec::new();
        for slot in slots_of(self.lane, self.lanes) {
            in_chunks(overlay.scan(&self.spec.table.slot(slot))?, &mut |keys, values| {
                rows.extend(self.kept(keys, values)?);
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// Rows of groups as they are kept.
    fn kept(&self, keys: &[&[u8]], values: &[&[u8]]) -> Result<Vec<RecordBatch>> {
        let table = &self.spec.table;
        let (keys, buffers) = (table.decode_keys(keys)?, table.value.decode(values)?);
        self.spec.shape.rows(Groups { keys, hashes: vec![0; values.len()], buffers })
    }
}
