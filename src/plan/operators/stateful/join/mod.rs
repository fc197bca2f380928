//! The join of two streams.
//!
//! ```text
//! left rows  → stage by key ┐
//!                           ├→ this: probe the other side's rows, keep, evict → rows
//! right rows → stage by key ┘
//! ```
//!
//! | file | what is in it |
//! |---|---|
//! | here | the operator, in a logical and in a physical plan |
//! | [`time`] | what the condition says of the two event times |
//! | `side` | one side's rows, as they are kept and found again |
//! | `lane` | one lane's part of a pass |
//!
//! Each row meets the rows of the other side that came before it, and is kept for those that come
//! later. It goes when no row that is still to come can match it, as the watermark says.

mod lane;
mod side;
pub mod time;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, DFSchema, DFSchemaRef, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{TryStreamExt, stream};

use self::lane::JoinLane;
use self::side::JoinSideSpec;
use self::time::{TimeBounds, WatermarkShift};
use super::form::{JoinForm, KnownPartners, OperatorForm};
use super::{
    ColumnNames, IdleBatch, Retention, SparkStores, StatefulOperator, StatefulPlace, WatermarkOut, several_event_times,
    stateful_properties,
};
use crate::error::condition;
use crate::error::{Error, Result};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::unordered;
use crate::plan::operators::one_input::{Plan, Visit};
use crate::plan::pass::PassContext;

/// Which rows a join of two streams gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum StreamJoinKind {
    Inner,
    Left,
    Right,
    Full,
    LeftSemi,
}

impl StreamJoinKind {
    /// Whether left rows without a partner are given, with nulls.
    pub fn keeps_left(self) -> bool {
        matches!(self, Self::Left | Self::Full)
    }

    /// Whether right rows without a partner are given, with nulls.
    pub fn keeps_right(self) -> bool {
        matches!(self, Self::Right | Self::Full)
    }

    /// What is known of the partners of kept left rows.
    fn left_partners(self) -> KnownPartners {
        match self {
            Self::LeftSemi => KnownPartners::HadNone,
            _ if self.keeps_left() => KnownPartners::Noted,
            _ => KnownPartners::Unknown,
        }
    }

    /// What is known of the partners of kept right rows.
    fn right_partners(self) -> KnownPartners {
        if self.keeps_right() { KnownPartners::Noted } else { KnownPartners::Unknown }
    }
}

/// One side of the logical operator. Columns are named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct StreamSide {
    pub keys: Vec<String>,
    /// The column of a condition on this side alone: a row that fails it has no partner.
    pub own_condition: Option<String>,
    /// The columns that have an event time. There may be one at most when a batch runs.
    pub event_times: Vec<String>,
    /// Columns that were made for the join: they are not in its output.
    pub helpers: Vec<String>,
    pub names: ColumnNames,
}

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamJoinNode {
    pub left: LogicalPlan,
    pub right: LogicalPlan,
    pub left_side: StreamSide,
    pub right_side: StreamSide,
    pub kind: StreamJoinKind,
    /// Which keys match null with null.
    pub null_safe: Vec<bool>,
    /// What is asked of two rows beside equal keys.
    pub filter: Option<Expr>,
    pub bounds: TimeBounds,
    /// The key that has the event time, and so says how long rows are kept.
    pub key_time: Option<usize>,
    pub schema: DFSchemaRef,
    pub place: Option<StatefulPlace>,
}

unordered!(StreamJoinNode);

/// The columns that a join gives.
pub fn join_schema(
    left: &LogicalPlan,
    right: &LogicalPlan,
    sides: (&StreamSide, &StreamSide),
    kind: StreamJoinKind,
) -> DfResult<DFSchemaRef> {
    let fields = |plan: &LogicalPlan, side: &StreamSide, nullable: bool| -> Vec<Field> {
        let shown = plan.schema().fields().iter().filter(|field| !side.helpers.contains(field.name()));
        shown.map(|field| field.as_ref().clone().with_nullable(field.is_nullable() || nullable)).collect()
    };
    let mut all = fields(left, sides.0, kind.keeps_right());
    if kind != StreamJoinKind::LeftSemi {
        all.extend(fields(right, sides.1, kind.keeps_left()));
    }
    Ok(Arc::new(DFSchema::from_unqualified_fields(all.into(), HashMap::new())?))
}

impl StreamJoinNode {
    fn columns_of(side: &StreamSide) -> impl Iterator<Item = &String> {
        side.keys.iter().chain(&side.own_condition).chain(side.event_times.iter().take(1))
    }
}

impl UserDefinedLogicalNodeCore for StreamJoinNode {
    fn name(&self) -> &'static str {
        "Join"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.left, &self.right]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        let columns = Self::columns_of(&self.left_side).chain(Self::columns_of(&self.right_side));
        columns.map(|name| Expr::Column(Column::from_name(name))).chain(self.filter.clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.left_side.keys.iter().zip(&self.right_side.keys).collect();
        write!(f, "StreamJoin: {:?}, keys={keys:?}", self.kind)?;
        self.filter.as_ref().map_or(Ok(()), |filter| write!(f, ", filter={filter}"))
    }

    fn with_exprs_and_inputs(&self, mut exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let (Some(right), Some(left)) = (inputs.pop(), inputs.pop()) else { return internal_err!("a join of one") };
        let schema = join_schema(&left, &right, (&self.left_side, &self.right_side), self.kind)?;
        let filter = self.filter.as_ref().and_then(|_| exprs.pop());
        Ok(Self { left, right, schema, filter, ..self.clone() })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let wanted: HashSet<&String> = output_columns.iter().map(|at| self.schema.field(*at).name()).collect();
        let filtered = self.filter.iter().flat_map(|filter| filter.column_refs()).map(|column| &column.name);
        let filtered: HashSet<&String> = filtered.collect();
        let of = |plan: &LogicalPlan, side: &StreamSide| {
            let named: HashSet<&String> = Self::columns_of(side).collect();
            let fields = plan.schema().fields().iter().enumerate();
            let needed = fields.filter(|(_, field)| {
                let name = field.name();
                wanted.contains(name) || named.contains(name) || filtered.contains(name)
            });
            needed.map(|(at, _)| at).collect()
        };
        Some(vec![of(&self.left, &self.left_side), of(&self.right, &self.right_side)])
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }
}

/// Plans a [`StreamJoinNode`].
pub struct StreamJoinPlanner;

#[async_trait]
impl ExtensionPlanner for StreamJoinPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<StreamJoinNode>() else { return Ok(None) };
        let Some(place) = node.place else { return internal_err!("a stateful operator without a number") };
        let lanes = session.config().target_partitions();
        let (left, right) = (Arc::clone(&physical_inputs[0]), Arc::clone(&physical_inputs[1]));
        let filter = match &node.filter {
            Some(filter) => {
                let both = node.left.schema().join(node.right.schema())?;
                Some(create_physical_expr(filter, &both, session.execution_props(), context)?)
            }
            None => None,
        };
        let spec = StreamJoinSpec::new(node, place.number, lanes, (&left.schema(), &right.schema()), filter)?;
        let left = StageExec::by_key(left, spec.left.keys.clone(), lanes);
        let right = StageExec::by_key(right, spec.right.keys.clone(), lanes);
        let schema = Arc::new(node.schema.as_arrow().clone());
        Ok(Some(Arc::new(StreamJoinExec::new(left, right, Arc::new(spec), schema))))
    }
}

/// What a join does, whatever its inputs.
pub struct StreamJoinSpec {
    operator: StatefulOperator,
    kind: StreamJoinKind,
    left: JoinSideSpec,
    right: JoinSideSpec,
    bounds: TimeBounds,
    /// Over the columns of both sides.
    filter: Option<Arc<dyn PhysicalExpr>>,
    /// The columns of both sides, for the filter.
    both: SchemaRef,
}

impl fmt::Debug for StreamJoinSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamJoinSpec").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl StreamJoinSpec {
    fn new(
        node: &StreamJoinNode,
        number: usize,
        lanes: usize,
        (left, right): (&SchemaRef, &SchemaRef),
        filter: Option<Arc<dyn PhysicalExpr>>,
    ) -> Result<Self> {
        // A watermark among the keys counts alone; else both sides must have one, and a bound.
        let two_times = !node.left_side.event_times.is_empty() && !node.right_side.event_times.is_empty();
        let (of_left, of_right) = match node.key_time {
            Some(_) => (vec![WatermarkShift::NONE], vec![WatermarkShift::NONE]),
            None if two_times => (node.bounds.of_left(), node.bounds.of_right()),
            None => (Vec::new(), Vec::new()),
        };
        let number_of = super::operator_number(number)?;
        let left_side = JoinSideSpec::new(number_of, 0, &node.left_side, left, of_left.clone(), node.key_time)?;
        let right_side = JoinSideSpec::new(number_of, 1, &node.right_side, right, of_right.clone(), node.key_time)?;
        let bounded = !of_left.is_empty() || !of_right.is_empty();
        let operator = StatefulOperator {
            number,
            name: "symmetricHashJoin",
            idle: if bounded { IdleBatch::WatermarkMoved } else { IdleBatch::Never },
            stores: SparkStores::InEachPartition(4),
            lanes,
            tables: left_side.tables("left").chain(right_side.tables("right")).collect(),
            retention: Retention::when(!left_side.keeps_all() && !right_side.keeps_all()),
            form: OperatorForm::Join(JoinForm {
                kind: format!("{:?}", node.kind),
                left: left_side.form(node.kind.left_partners()),
                right: right_side.form(node.kind.right_partners()),
            }),
            gives: WatermarkOut::Least([of_left, of_right].concat()),
            notes: None,
            refused: match node.left_side.keys.is_empty() {
                true => Some(Error::of(condition::STREAM_JOIN_WITHOUT_EQUALITY)),
                false => several_event_times(&node.left_side.event_times, &node.left_side.names, left)
                    .or_else(|| several_event_times(&node.right_side.event_times, &node.right_side.names, right)),
            },
        };
        let fields: Vec<_> = left.fields().iter().chain(right.fields()).cloned().collect();
        Ok(Self {
            operator,
            kind: node.kind,
            left: left_side,
            right: right_side,
            bounds: node.bounds.clone(),
            filter,
            both: Arc::new(Schema::new(fields)),
        })
    }
}

/// The operator.
#[derive(Debug)]
pub struct StreamJoinExec {
    left: Arc<dyn ExecutionPlan>,
    right: Arc<dyn ExecutionPlan>,
    spec: Arc<StreamJoinSpec>,
    properties: Arc<PlanProperties>,
    schema: SchemaRef,
}

impl StreamJoinExec {
    fn new(
        left: Arc<dyn ExecutionPlan>,
        right: Arc<dyn ExecutionPlan>,
        spec: Arc<StreamJoinSpec>,
        schema: SchemaRef,
    ) -> Self {
        let properties = stateful_properties(&left, Arc::clone(&schema));
        Self { left, right, spec, properties, schema }
    }

    pub fn operator(&self) -> &StatefulOperator {
        &self.spec.operator
    }

    fn over(&self, mut children: Vec<Plan>) -> DfResult<Plan> {
        let (Some(right), Some(left)) = (children.pop(), children.pop()) else {
            return internal_err!("a join of one");
        };
        Ok(Arc::new(Self::new(left, right, Arc::clone(&self.spec), Arc::clone(&self.schema))))
    }
}

impl DisplayAs for StreamJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamJoinExec: operator={}, {:?}", self.spec.operator.number, self.spec.kind)
    }
}

impl ExecutionPlan for StreamJoinExec {
    fn name(&self) -> &'static str {
        "StreamJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Plan> {
        vec![&self.left, &self.right]
    }

    fn apply_expressions(&self, _: Visit<'_>) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(self: Arc<Self>, children: Vec<Plan>, _: ReplaceChildrenOptions) -> DfResult<Plan> {
        self.over(children)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> DfResult<Plan> {
        self.over(children)
    }

    fn execute(&self, lane: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let pass = PassContext::of(&context)?;
        let (left, right) = (self.left.execute(lane, Arc::clone(&context))?, self.right.execute(lane, context)?);
        let work = JoinLane::new(pass, lane, Arc::clone(&self.spec), Arc::clone(&self.schema));
        let rows = stream::once(work.run(left, right));
        let rows = rows.map_ok(|batches| stream::iter(batches.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows)))
    }
}
