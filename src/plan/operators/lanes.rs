//! How rows lie in lanes, where the user says so: `repartition`, `coalesce`,
//! `sortWithinPartitions`.
//!
//! DataFusion takes exchanges and sorts out of a plan where no operator needs them. So the plan
//! holds a [`LanesNode`], which it leaves alone, and [`settled`] puts the operators in its place
//! when the plan is finished.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, SortExpr, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, OrderingRequirements, PhysicalExpr, create_physical_exprs,
    create_physical_sort_exprs,
};
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
    SendableRecordBatchStream,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::exchange::{OrderedExchangeExec, SlicesExec};
use super::in_order::InOrderExec;
use super::one_input::{one_input, unordered};

/// How rows are to lie.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum LaneLayout {
    /// Evenly over n lanes.
    Even(usize),
    /// Rows of equal values in one of n lanes.
    By(Vec<Expr>, usize),
    /// Over n lanes by ranges in an order; equal rows are in one lane.
    Ranges(Vec<SortExpr>, usize),
    /// Neighbouring lanes put together, so that there are no more than n.
    AtMost(usize),
    /// Each lane in an order of its own.
    Sorted(Vec<SortExpr>),
    /// As they are: below what looks at the order of rows, so that a sort below stays.
    AsTheyAre,
}

/// The logical operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LanesNode {
    pub input: LogicalPlan,
    pub layout: LaneLayout,
}

unordered!(LanesNode);

impl UserDefinedLogicalNodeCore for LanesNode {
    /// As the errors of streams name it.
    fn name(&self) -> &'static str {
        match &self.layout {
            LaneLayout::Sorted(_) => "Sort",
            _ => "Repartition",
        }
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        match &self.layout {
            LaneLayout::Even(_) | LaneLayout::AtMost(_) | LaneLayout::AsTheyAre => Vec::new(),
            LaneLayout::By(keys, _) => keys.clone(),
            LaneLayout::Sorted(order) | LaneLayout::Ranges(order, _) => {
                order.iter().map(|key| key.expr.clone()).collect()
            }
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", UserDefinedLogicalNodeCore::name(self), self.layout)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DfResult<Self> {
        let layout = match &self.layout {
            LaneLayout::By(_, lanes) => LaneLayout::By(exprs, *lanes),
            LaneLayout::Sorted(order) => LaneLayout::Sorted(with_exprs(order, exprs)),
            LaneLayout::Ranges(order, lanes) => LaneLayout::Ranges(with_exprs(order, exprs), *lanes),
            other => other.clone(),
        };
        Ok(Self { input: inputs.swap_remove(0), layout })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut columns = output_columns.to_vec();
        for expr in UserDefinedLogicalNodeCore::expressions(self) {
            for column in expr.column_refs() {
                let at = self.input.schema().maybe_index_of_column(column)?;
                if !columns.contains(&at) {
                    columns.push(at);
                }
            }
        }
        columns.sort_unstable();
        Some(vec![columns])
    }

    /// A filter gives the same rows above and below.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        HashSet::new()
    }
}

fn with_exprs(order: &[SortExpr], exprs: Vec<Expr>) -> Vec<SortExpr> {
    order.iter().zip(exprs).map(|(key, expr)| SortExpr { expr, ..key.clone() }).collect()
}

/// Plans a [`LanesNode`].
pub struct LanesPlanner;

#[async_trait]
impl ExtensionPlanner for LanesPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<LanesNode>() else { return Ok(None) };
        let (schema, props) = (node.input.schema(), session.execution_props());
        let planned = match &node.layout {
            LaneLayout::Even(lanes) => Planned::Even(*lanes),
            LaneLayout::AtMost(lanes) => Planned::AtMost(*lanes),
            LaneLayout::AsTheyAre => Planned::AsTheyAre,
            LaneLayout::By(keys, lanes) => Planned::By(create_physical_exprs(keys, schema, props, context)?, *lanes),
            LaneLayout::Sorted(order) | LaneLayout::Ranges(order, _) => {
                let Some(order) = LexOrdering::new(create_physical_sort_exprs(order, schema, props, context)?) else {
                    return internal_err!("a sort by nothing");
                };
                match &node.layout {
                    LaneLayout::Ranges(_, lanes) => Planned::Ranges(order, *lanes),
                    _ => Planned::Sorted(order),
                }
            }
        };
        let input = Arc::clone(&physical_inputs[0]);
        let input = match &planned {
            Planned::Even(1) | Planned::AtMost(_) | Planned::AsTheyAre => with_its_sort(input)?,
            _ => input,
        };
        Ok(Some(Arc::new(LanesExec::new(input, planned, None))))
    }
}

/// The plan, the sort that its rows come from held in place: DataFusion drops one that no operator
/// asks for.
fn with_its_sort(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    if let Some(sort) = plan.downcast_ref::<SortExec>() {
        let order = Some(sort.expr().clone());
        return Ok(Arc::new(LanesExec::new(plan, Planned::AsTheyAre, order)));
    }
    match (plan.children().as_slice(), plan.maintains_input_order().as_slice()) {
        ([child], [true]) => {
            let child = with_its_sort(Arc::clone(child))?;
            replace_children_if_necessary(plan, vec![child])
        }
        _ => Ok(plan),
    }
}

#[derive(Clone, Debug)]
enum Planned {
    Even(usize),
    By(Vec<Arc<dyn PhysicalExpr>>, usize),
    AtMost(usize),
    Ranges(LexOrdering, usize),
    Sorted(LexOrdering),
    AsTheyAre,
}

/// Holds the place of the operators until the plan is finished; it never runs.
#[derive(Debug)]
struct LanesExec {
    input: Arc<dyn ExecutionPlan>,
    planned: Planned,
    /// The order that the rows below were put in, which must not be lost.
    order: Option<LexOrdering>,
    properties: Arc<PlanProperties>,
}

impl LanesExec {
    fn new(input: Arc<dyn ExecutionPlan>, planned: Planned, order: Option<LexOrdering>) -> Self {
        let lanes = input.output_partitioning().partition_count();
        let partitioning = match &planned {
            Planned::Even(lanes) | Planned::Ranges(_, lanes) => Partitioning::UnknownPartitioning(*lanes),
            Planned::By(keys, lanes) => Partitioning::Hash(keys.clone(), *lanes),
            Planned::AtMost(most) => Partitioning::UnknownPartitioning((*most).min(lanes)),
            Planned::Sorted(_) | Planned::AsTheyAre => input.output_partitioning().clone(),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            partitioning,
            input.properties().emission_type,
            input.properties().boundedness,
        );
        Self { input, planned, order, properties: Arc::new(properties) }
    }

    /// The operators in whose place this one stands.
    fn settle(&self) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = Arc::clone(&self.input);
        Ok(match &self.planned {
            Planned::AtMost(lanes) if *lanes >= input.output_partitioning().partition_count() => input,
            Planned::AsTheyAre => input,
            Planned::AtMost(lanes) => InOrderExec::over(input, *lanes),
            Planned::Even(1) => InOrderExec::over(input, 1),
            Planned::Ranges(order, lanes) => {
                let sorted = Arc::new(SortExec::new(order.clone(), input).with_preserve_partitioning(true));
                let merged = SortPreservingMergeExec::new(order.clone(), sorted).with_round_robin_repartition(false);
                OrderedExchangeExec::ranges(Arc::new(merged), order.clone(), *lanes)
            }
            Planned::Even(lanes) => {
                let slices = Arc::new(SlicesExec::new(input, *lanes));
                Arc::new(RepartitionExec::try_new(slices, Partitioning::RoundRobinBatch(*lanes))?)
            }
            Planned::By(keys, lanes) => {
                Arc::new(RepartitionExec::try_new(input, Partitioning::Hash(keys.clone(), *lanes))?)
            }
            Planned::Sorted(order) => Arc::new(SortExec::new(order.clone(), input).with_preserve_partitioning(true)),
        })
    }

    fn with_input(&self, input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self::new(input, self.planned.clone(), self.order.clone()))
    }
}

/// The plan with the operators that [`LanesNode`]s stand for.
pub fn settled(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let settled = plan.transform_up(|node| match node.downcast_ref::<LanesExec>() {
        Some(lanes) => Ok(Transformed::yes(lanes.settle()?)),
        None => Ok(Transformed::no(node)),
    })?;
    Ok(settled.data)
}

/// The operator, with what DataFusion knows of its rows hidden until the plan is finished.
pub fn hidden(operator: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    Arc::new(LanesExec::new(operator, Planned::AsTheyAre, None))
}

impl DisplayAs for LanesExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LanesExec: {:?}", self.planned)
    }
}

impl ExecutionPlan for LanesExec {
    one_input!("LanesExec", properties);

    fn required_input_distribution(&self) -> Vec<Distribution> {
        let all = self.order.is_some();
        vec![if all { Distribution::SinglePartition } else { Distribution::UnspecifiedDistribution }]
    }

    fn supports_limit_pushdown(&self) -> bool {
        self.order.is_none() && matches!(self.planned, Planned::AsTheyAre)
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone().map(OrderingRequirements::from)]
    }

    fn execute(&self, _lane: usize, _context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        internal_err!("a plan ran before it was finished")
    }
}
