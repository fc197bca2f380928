//! Functions of the groups of a stream, with what they keep of each: `applyInPandasWithState` and
//! `transformWithState`.
//!
//! ```text
//! rows → stage by key → this: drop what is late, sort by key, call chunk by chunk, then whose time is over → rows
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | here | the operator, in a logical and in a physical plan |
//! | [`frame`] | what differs for a frame that is no stream |
//! | `lane` | one lane's part of a pass |
//! | `kept` | what is kept of groups, read before a call and written after it |
//! | `renew` | groups that were kept under other variables |
//! | `sorted` | rows in the order of their keys |
//!
//! A lane calls its groups in the order of their keys, nulls first. Then it calls those whose time
//! is over, in that order too. What was kept of a chunk's groups is read at once, and written at
//! once.

pub mod frame;
mod kept;
mod lane;
mod renew;
mod sorted;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::Schema;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::stream;

use self::frame::{GroupedRows, LaneState, with_hashes};
use self::kept::KeptGroups;
use self::lane::GroupsLane;
use super::form::{OperatorForm, ProcessorForm};
use super::{
    ColumnNames, IdleBatch, KeyLayout, Retention, SparkStores, StateTable, StatefulOperator, StatefulPlace,
    WatermarkOut, several_event_times, stateful_properties,
};
use crate::batch::OutputMode;
use crate::error::{Error, ErrorKind, Result};
use crate::function::groups::{GroupFunction, GroupKind, GroupTimeout};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::in_order::InOrderExec;
use crate::plan::operators::one_input::{one_input, one_input_node, unordered};
use crate::plan::pass::PassContext;

/// The logical operator. Its input has the columns that the function sees, and no others.
#[derive(Clone, Debug)]
pub struct GroupsNode {
    pub input: LogicalPlan,
    pub of: GroupedRows,
    /// The names of the columns that are the key.
    pub keys: Vec<String>,
    /// The names of the columns that have an event time. There may be one at most when a batch runs.
    pub event_times: Vec<String>,
    /// What the user calls the columns of the input.
    pub names: ColumnNames,
    pub function: Arc<dyn GroupFunction>,
    pub kind: GroupKind,
    /// The output mode that the call names.
    pub mode: OutputMode,
    pub timeout: GroupTimeout,
    /// The column of the output that has its event time.
    pub gives_time: Option<usize>,
    /// The function's output, by the names of the plan.
    pub schema: DFSchemaRef,
    pub place: Option<StatefulPlace>,
}

impl PartialEq for GroupsNode {
    fn eq(&self, other: &Self) -> bool {
        self.function.key() == other.function.key()
            && self.schema == other.schema
            && self.keys == other.keys
            && self.place == other.place
            && self.input == other.input
    }
}

impl Eq for GroupsNode {}

impl Hash for GroupsNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.key().hash(state);
        self.keys.hash(state);
        self.place.hash(state);
        self.input.hash(state);
    }
}

unordered!(GroupsNode);

impl UserDefinedLogicalNodeCore for GroupsNode {
    one_input_node!("FlatMapGroupsInPandasWithState", schema);

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlatMapGroupsInPandasWithState: {}, by [{}]", self.function.name(), self.keys.join(", "))
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        Ok(Self { input: inputs.swap_remove(0), ..self.clone() })
    }

    /// The function sees all columns.
    fn necessary_children_exprs(&self, _output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }
}

/// Plans a [`GroupsNode`].
pub struct GroupsPlanner;

#[async_trait]
impl ExtensionPlanner for GroupsPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<GroupsNode>() else { return Ok(None) };
        let input = Arc::clone(&physical_inputs[0]);
        if node.of == GroupedRows::OfFrame {
            let spec = GroupsSpec::new((0, 1), node, &input.schema())?;
            return Ok(Some(Arc::new(GroupsExec::new(InOrderExec::over(input, 1), Arc::new(spec)))));
        }
        let Some(place) = node.place else { return internal_err!("a stateful operator without a number") };
        // Lanes that take turns gain nothing. One lane calls all groups in the order of their keys.
        let several = node.function.turn().is_none();
        let lanes = if several { session.config().target_partitions() } else { 1 };
        let spec = GroupsSpec::new((place.number, lanes), node, &input.schema())?;
        let keys = spec.keys.clone();
        let staged = StageExec::by_key(input, keys, lanes);
        Ok(Some(Arc::new(GroupsExec::new(staged, Arc::new(spec)))))
    }
}

/// What the operator does, whatever its input.
#[derive(Debug)]
struct GroupsSpec {
    of: GroupedRows,
    operator: StatefulOperator,
    function: Arc<dyn GroupFunction>,
    kind: GroupKind,
    timeout: GroupTimeout,
    gives_time: Option<usize>,
    keys: Vec<usize>,
    /// Rows are late by it. Only a timeout of event time drops late rows.
    event_time: Option<usize>,
    kept: KeptGroups,
    schema: Arc<Schema>,
}

impl GroupsSpec {
    fn new((number, lanes): (usize, usize), node: &GroupsNode, input: &Schema) -> Result<Self> {
        let keys = node.keys.iter().map(|key| Ok(input.index_of(key)?)).collect::<Result<Vec<_>>>()?;
        let key = Arc::new(input.project(&keys)?);
        let value = Arc::new(Schema::new(kept::value_fields(node.kind, node.timeout, node.function.state())));
        let refused = if keys.is_empty() {
            let message = format!("{} needs a column to group by", node.kind.name());
            Some(Error::new(ErrorKind::IllegalArgument, message))
        } else {
            several_event_times(&node.event_times, &node.names, input)
        };
        let kept = KeptGroups::new(super::operator_number(number)?, node.kind, &key, &value)?;
        let operator = StatefulOperator {
            number,
            name: node.kind.name(),
            idle: match node.timeout {
                GroupTimeout::Never if node.kind == GroupKind::State => IdleBatch::Never,
                GroupTimeout::Never => IdleBatch::WatermarkMoved,
                GroupTimeout::ProcessingTime => IdleBatch::ClockDue,
                GroupTimeout::EventTime => IdleBatch::WatermarkMoved,
            },
            stores: SparkStores::InEachPartition(1),
            lanes,
            tables: vec![StateTable {
                name: "default",
                number: 0,
                layout: KeyLayout::Row,
                time: None,
                key: node.names.schema(&key),
                value,
            }],
            retention: Retention::UserCode,
            form: form_of(node),
            gives: match node.kind {
                GroupKind::State => WatermarkOut::Nothing,
                _ if node.timeout == GroupTimeout::ProcessingTime => WatermarkOut::Nothing,
                _ => WatermarkOut::Same,
            },
            refused,
            notes: None,
        };
        let event_time = node.event_times.iter().find_map(|name| input.index_of(name).ok());
        Ok(Self {
            of: node.of,
            operator,
            function: Arc::clone(&node.function),
            kind: node.kind,
            timeout: node.timeout,
            gives_time: node.gives_time,
            keys,
            event_time: event_time.filter(|_| node.timeout == GroupTimeout::EventTime),
            kept,
            schema: Arc::clone(node.schema.inner()),
        })
    }
}

/// What the kept groups are.
fn form_of(node: &GroupsNode) -> OperatorForm {
    let time_mode = match node.timeout {
        GroupTimeout::Never => "NoTime",
        GroupTimeout::ProcessingTime => "ProcessingTime",
        GroupTimeout::EventTime => "EventTime",
    };
    match node.kind {
        GroupKind::State => OperatorForm::AsTyped,
        GroupKind::PandasProcessor | GroupKind::RowProcessor => OperatorForm::Processor(ProcessorForm {
            time_mode,
            output_mode: node.mode.name(),
            variables: node.function.state(),
        }),
    }
}

/// The operator.
#[derive(Debug)]
pub struct GroupsExec {
    input: Arc<dyn ExecutionPlan>,
    spec: Arc<GroupsSpec>,
    properties: Arc<PlanProperties>,
}

impl GroupsExec {
    fn new(input: Arc<dyn ExecutionPlan>, spec: Arc<GroupsSpec>) -> Self {
        let properties = stateful_properties(&input, Arc::clone(&spec.schema));
        Self { input, spec, properties }
    }

    /// The operator of a query, if it is one.
    pub fn operator(&self) -> Option<&StatefulOperator> {
        (self.spec.of == GroupedRows::OfStream).then_some(&self.spec.operator)
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, Arc::clone(&self.spec)))
    }
}

impl DisplayAs for GroupsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupsExec: operator={}, {}", self.spec.operator.number, self.spec.function.name())
    }
}

impl ExecutionPlan for GroupsExec {
    one_input!("GroupsExec", properties);

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let state = LaneState::new(self.spec.of, &pass, self.spec.operator.number);
        let lanes = self.properties.partitioning.partition_count();
        let mut input = self.input.execute(lane, context)?;
        if self.spec.of == GroupedRows::OfFrame {
            if let Some(error) = &self.spec.operator.refused {
                return Err(error.clone().into());
            }
            input = with_hashes(input, self.spec.keys.clone());
        }
        let work = GroupsLane::new(input, pass, (lane, lanes), Arc::clone(&self.spec), state)?;
        let rows = stream::try_unfold(work, |mut work| async move { Ok(work.next().await?.map(|rows| (rows, work))) });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
