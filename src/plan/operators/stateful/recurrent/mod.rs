//! Models with state: `Model.stateful`. A function sees the rows of a key one after the other, and
//! hands tensors on from each to the next.
//!
//! ```text
//! rows → stage by key → this: drop what is late, order the rows of keys, read, run, write, evict → rows
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | here | the operator, in a logical and in a physical plan of a stream |
//! | `batch` | the same in a plan of a batch frame, where all keys begin anew |
//! | `lane` | one lane's part of a pass |
//! | `runs` | keys in chunks, rows by their place; one run |
//! | `kept` | what is kept of keys, read before the runs and written after them |
//!
//! Rows leave in the order in which they came. A row that the function does not see, since something
//! of it is missing, gives nulls and hands nothing on.

mod batch;
mod kept;
mod lane;
mod runs;

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{TryStreamExt, stream};
use serde_json::json;

use self::batch::RecurrentBatchExec;
use self::kept::{KeptTensors, KeyExpiry, PARTS, value_schema};
use self::lane::RecurrentLane;
use super::form::OperatorForm;
use super::{
    ColumnNames, IdleBatch, KeyLayout, OperatorNotes, Retention, SparkStores, StateTable, StatefulOperator,
    StatefulPlace, WatermarkOut, several_event_times, stateful_properties,
};
use crate::error::Result;
use crate::function::recurrent::{HandedTensor, RecurrentFunction};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::{one_input, one_input_node, unordered};
use crate::plan::pass::PassContext;

/// How many rows leave at once.
const ROWS: usize = 1 << 14;

/// What becomes of the state of an older version of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum OnNewVersion {
    /// The new version goes on from it.
    Keep,
    /// All keys begin anew.
    Reset,
}

/// The logical operator: the input's columns, then those of the function.
#[derive(Clone, Debug)]
pub struct RecurrentNode {
    pub input: LogicalPlan,
    /// The names of the columns that are the key. Floats in them are normalized.
    pub keys: Vec<String>,
    /// The column that orders the rows of a key.
    pub order: Option<String>,
    /// In a batch frame: the column that says in which order rows came.
    pub arrival: Option<String>,
    /// The columns that the function is given.
    pub arguments: Vec<String>,
    /// The names of the columns that have an event time. There may be one at most when a batch runs.
    pub event_times: Vec<String>,
    /// What the user calls the columns of the key.
    pub names: ColumnNames,
    pub function: Arc<dyn RecurrentFunction>,
    /// The names of the function's columns in the plan.
    pub outputs: Vec<String>,
    pub ttl_ms: Option<i64>,
    pub on_new_version: OnNewVersion,
    pub schema: DFSchemaRef,
    pub place: Option<StatefulPlace>,
}

/// What a node is made of, beside its input.
#[derive(Clone, Debug)]
pub struct RecurrentColumns {
    pub keys: Vec<String>,
    pub order: Option<String>,
    pub arrival: Option<String>,
    pub arguments: Vec<String>,
    pub event_times: Vec<String>,
    pub names: ColumnNames,
    pub outputs: Vec<String>,
}

impl RecurrentNode {
    pub fn new(
        input: LogicalPlan,
        columns: RecurrentColumns,
        function: Arc<dyn RecurrentFunction>,
        ttl_ms: Option<i64>,
        on_new_version: OnNewVersion,
    ) -> DfResult<Self> {
        let RecurrentColumns { keys, order, arrival, arguments, event_times, names, outputs } = columns;
        let schema = with_outputs(&input, function.as_ref(), &outputs)?;
        let place = None;
        Ok(Self {
            input,
            keys,
            order,
            arrival,
            arguments,
            event_times,
            names,
            function,
            outputs,
            ttl_ms,
            on_new_version,
            schema,
            place,
        })
    }

    /// The columns that it reads.
    fn reads(&self) -> impl Iterator<Item = &String> {
        let rest = self.keys.iter().chain(&self.order).chain(&self.arrival).chain(&self.arguments);
        rest.chain(self.event_times.iter())
    }
}

/// The fields of the function's columns under their names in a plan.
fn output_fields(function: &dyn RecurrentFunction, names: &[String]) -> Vec<FieldRef> {
    let named = |(field, name): (FieldRef, &String)| Arc::new(Field::new(name, field.data_type().clone(), true));
    function.outputs().into_iter().zip(names).map(named).collect()
}

fn with_outputs(input: &LogicalPlan, function: &dyn RecurrentFunction, names: &[String]) -> DfResult<DFSchemaRef> {
    let schema = input.schema();
    let mut fields: Vec<_> = schema.iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect();
    fields.extend(output_fields(function, names).into_iter().map(|field| (None, field)));
    Ok(Arc::new(DFSchema::new_with_metadata(fields, schema.metadata().clone())?))
}

impl PartialEq for RecurrentNode {
    fn eq(&self, other: &Self) -> bool {
        self.function.key() == other.function.key()
            && self.keys == other.keys
            && self.order == other.order
            && self.arguments == other.arguments
            && self.outputs == other.outputs
            && self.ttl_ms == other.ttl_ms
            && self.on_new_version == other.on_new_version
            && self.place == other.place
            && self.input == other.input
    }
}

impl Eq for RecurrentNode {}

impl Hash for RecurrentNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.key().hash(state);
        self.keys.hash(state);
        self.outputs.hash(state);
        self.place.hash(state);
        self.input.hash(state);
    }
}

unordered!(RecurrentNode);

impl UserDefinedLogicalNodeCore for RecurrentNode {
    one_input_node!("StatefulModel", schema);

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatefulModel: {}, by [{}]", self.function.name(), self.keys.join(", "))
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let input = inputs.swap_remove(0);
        let schema = with_outputs(&input, self.function.as_ref(), &self.outputs)?;
        Ok(Self { input, schema, ..self.clone() })
    }

    /// An event time is kept, whoever reads it: it says what is late, and when a key is forgotten.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let input = self.input.schema();
        let mut columns: Vec<_> = output_columns.iter().copied().filter(|at| *at < input.fields().len()).collect();
        for name in self.reads() {
            columns.push(input.index_of_column_by_name(None, name)?);
        }
        columns.sort_unstable();
        columns.dedup();
        Some(vec![columns])
    }

    /// A filter below would keep rows from the function.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }
}

/// Plans a [`RecurrentNode`].
pub struct RecurrentPlanner;

#[async_trait]
impl ExtensionPlanner for RecurrentPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<RecurrentNode>() else { return Ok(None) };
        let input = Arc::clone(&physical_inputs[0]);
        let Some(place) = node.place else { return Ok(Some(RecurrentBatchExec::plan(input, node)?)) };
        let lanes = lanes_of(session.config().target_partitions());
        let spec = RecurrentSpec::new((place.number, lanes), node, &input.schema())?;
        let staged = StageExec::by_key(input, spec.keys.clone(), lanes);
        Ok(Some(Arc::new(RecurrentExec::new(staged, Arc::new(spec)))))
    }
}

/// As many lanes as divide the parts evenly.
fn lanes_of(lanes: usize) -> usize {
    1 << lanes.clamp(1, PARTS).ilog2()
}

/// The columns of `names` in a schema.
fn places(names: &[String], schema: &Schema) -> Result<Vec<usize>> {
    names.iter().map(|name| Ok(schema.index_of(name)?)).collect()
}

/// A schema with the function's columns.
fn schema_of(node: &RecurrentNode, input: &Schema) -> SchemaRef {
    let outputs = output_fields(node.function.as_ref(), &node.outputs);
    Arc::new(Schema::new(input.fields().iter().cloned().chain(outputs).collect::<Vec<_>>()))
}

/// What the operator does, whatever its input.
#[derive(Debug)]
pub struct RecurrentSpec {
    operator: StatefulOperator,
    function: Arc<dyn RecurrentFunction>,
    keys: Vec<usize>,
    order: Option<usize>,
    arguments: Vec<usize>,
    event_time: Option<usize>,
    expiry: KeyExpiry,
    on_new_version: OnNewVersion,
    kept: KeptTensors,
    schema: SchemaRef,
}

impl RecurrentSpec {
    fn new((number, lanes): (usize, usize), node: &RecurrentNode, input: &Schema) -> Result<Self> {
        let keys = places(&node.keys, input)?;
        let key = Schema::new(input.project(&keys)?.fields().clone());
        let event_time = node.event_times.iter().find_map(|name| input.index_of(name).ok());
        let micros = node.ttl_ms.map(|ms| ms.saturating_mul(1000));
        let expiry = match (event_time, micros) {
            (Some(_), micros) => KeyExpiry::Watermark(micros.unwrap_or(0)),
            (None, Some(micros)) => KeyExpiry::Clock(micros),
            (None, None) => KeyExpiry::Never,
        };
        let states = node.function.states();
        let operator = StatefulOperator {
            number,
            name: "statefulModel",
            // A time to live alone asks for no batch: a key whose time is over begins anew.
            idle: if event_time.is_some() { IdleBatch::WatermarkMoved } else { IdleBatch::Never },
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables: vec![StateTable {
                name: "default",
                number: 0,
                layout: KeyLayout::Row,
                time: None,
                key: node.names.schema(&key),
                value: value_schema(states, expiry),
            }],
            form: OperatorForm::AsTyped,
            retention: Retention::when(expiry != KeyExpiry::Never),
            gives: WatermarkOut::Same,
            refused: several_event_times(&node.event_times, &node.names, input),
            notes: Some(notes(node.function.as_ref())),
        };
        Ok(Self {
            function: Arc::clone(&node.function),
            order: node.order.as_ref().map(|name| input.index_of(name)).transpose()?,
            arguments: places(&node.arguments, input)?,
            event_time,
            expiry,
            on_new_version: node.on_new_version,
            kept: KeptTensors::new(super::operator_number(number)?, &key, states, expiry)?,
            schema: schema_of(node, input),
            operator,
            keys,
        })
    }

    fn number(&self) -> usize {
        self.operator.number
    }
}

/// What the checkpoint notes of a function: what it hands on, and how many keys a run has.
fn notes(function: &dyn RecurrentFunction) -> OperatorNotes {
    let state = |state: &HandedTensor| {
        json!({
            "name": state.input,
            "output": state.output,
            "type": crate::types::simple_name(&state.element),
            "shape": state.shape,
        })
    };
    let states: Vec<_> = function.states().iter().map(state).collect();
    OperatorNotes { form: json!({ "states": states }), settings: json!({ "chunkRows": function.chunk_rows() }) }
}

/// The operator in a stream.
#[derive(Debug)]
pub struct RecurrentExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<RecurrentSpec>,
    properties: Arc<PlanProperties>,
}

impl RecurrentExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<RecurrentSpec>) -> Self {
        let properties = stateful_properties(&input, Arc::clone(&spec.schema));
        Self { input, spec, properties }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for RecurrentExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecurrentExec: operator={}, {}", self.spec.number(), self.spec.function.name())
    }
}

impl ExecutionPlan for RecurrentExec {
    one_input!("RecurrentExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let lanes = self.properties.partitioning.partition_count();
        let input = self.input.execute(lane, context)?;
        let work = RecurrentLane { pass, lane, lanes, spec: Arc::clone(&self.spec) };
        let rows =
            stream::once(work.rows(input)).map_ok(|rows| stream::iter(cut(&rows).into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// Rows in record batches of a size that operators above like.
fn cut(rows: &RecordBatch) -> Vec<RecordBatch> {
    (0..rows.num_rows()).step_by(ROWS).map(|from| rows.slice(from, ROWS.min(rows.num_rows() - from))).collect()
}
