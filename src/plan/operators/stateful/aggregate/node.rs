//! The logical operator, and how it is planned.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Aggregate, Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::{AggregateSpec, StatefulAggregateExec};
use crate::batch::OutputMode;
use crate::error::{Error, condition};
use crate::plan::operators::exchange::stage::StageExec;
use crate::plan::operators::one_input::unordered;
use crate::plan::operators::stateful::grouping::GroupShape;
use crate::plan::operators::stateful::session::SessionAggregateExec;
use crate::plan::operators::stateful::{ColumnNames, StatefulPlace, several_event_times};

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

unordered!(StatefulAggregateNode);

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

unordered!(NothingNode);

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
