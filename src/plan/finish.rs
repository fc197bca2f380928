//! A finished plan, and its passes.
//!
//! A query is planned once ([`finish`]); each batch runs one [`Pass`], which owns a reset copy of
//! the plan and a `TaskContext` whose session configuration carries the [`PassContext`]: nothing in
//! the finished plan is swapped.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DfResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;

use super::filters::bounded;
use super::memory_pool::SpillingPool;
use super::null_safe::{with_null_safe_keys, without_null_safe_keys};
use super::operators::apart::HideWhatIsNotSo;
use super::operators::call::{FunctionPlanner, Kept, PruneCalls};
use super::operators::first_batch::FirstBatchPlanner;
use super::operators::in_order::in_order;
use super::operators::lambdas::NumberLambdas;
use super::operators::lanes::{LanesPlanner, settled};
use super::operators::stateful::aggregate::StatefulAggregatePlanner;
use super::operators::stateful::dedup::DedupPlanner;
use super::operators::stateful::flow::WatermarkFlow;
use super::operators::stateful::groups::GroupsPlanner;
use super::operators::stateful::join::StreamJoinPlanner;
use super::operators::stateful::kept::keeping_state;
use super::operators::stateful::limit::StreamLimitPlanner;
use super::operators::stateful::recurrent::RecurrentPlanner;
use super::operators::stateful::stages::{held, operators, staged};
use super::operators::stateful::{PassState, Placed, StatefulOperator, StatefulPlace, placed};
use super::operators::watermark::{EventTime, WatermarkPlanner};
use super::pass::{Inputs, Pass, PassContext, stages};
use super::state_memory::StateMemory;
use super::{Leaf, Resolved, Watermark};
use crate::batch::{Batch, OutputMode};
use crate::config::Conf;
use crate::config::quantity::parse_bytes;
use crate::error::Result;
use crate::runtime::clock::Clock;
use crate::runtime::{Cancel, Runtime};
use crate::source::{Partition, ReadLimit, SourceRun};

/// What plans run in: threads, memory and DataFusion's state; one a session.
pub struct Env {
    pub conf: Arc<Conf>,
    pub runtime: Runtime,
    pub clock: Arc<dyn Clock>,
    pub state_memory: Arc<StateMemory>,
    state: SessionState,
    /// For streams, whose operators with state must stay.
    stream_state: SessionState,
}

impl Env {
    /// Reads `firesteel.memory.limit` and the number of lanes.
    pub fn new(conf: Arc<Conf>, runtime: Runtime, clock: Arc<dyn Clock>) -> Result<Self> {
        let limit = parse_bytes("firesteel.memory.limit", conf.get("firesteel.memory.limit").unwrap_or_default())?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let pool: Arc<dyn MemoryPool> = Arc::new(SpillingPool::new(limit));
        let state_memory = StateMemory::new(&conf, limit, Arc::clone(&pool))?;
        let memory = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        let state = state(runtime.lanes(), limit, memory);
        let rules = optimizer_rules().into_iter().map(keeping_state).collect();
        let stream_state = SessionStateBuilder::new_from_existing(state.clone()).with_optimizer_rules(rules).build();
        Ok(Self { conf, runtime, clock, state_memory, state, stream_state })
    }

    /// The same threads and memory under another configuration.
    #[must_use]
    pub fn with_conf(&self, conf: Arc<Conf>) -> Self {
        let (runtime, clock) = (self.runtime.clone(), Arc::clone(&self.clock));
        let (state, stream_state) = (self.state.clone(), self.stream_state.clone());
        Self { conf, runtime, clock, state_memory: Arc::clone(&self.state_memory), state, stream_state }
    }

    /// DataFusion's session state, for what must plan an expression of its own.
    pub fn state(&self) -> &SessionState {
        &self.state
    }
}

fn state(lanes: usize, limit: usize, memory: Arc<RuntimeEnv>) -> SessionState {
    let mut config = SessionConfig::new()
        .with_target_partitions(lanes)
        .with_round_robin_repartition(false)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    // A dynamic filter lives in the plan, so two passes of one plan would share it.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    // Over rows that are sorted already it makes a plan that fails.
    options.optimizer.enable_distinct_aggregation_soft_limit = false;
    options.execution.collect_statistics = false;
    // Its two kinds of expressions find the nullability of a CASE in two ways, which differ.
    options.execution.skip_physical_aggregate_schema_check = true;
    // Each sort sets this much aside for its merge, and a small limit must have room for one a
    // lane.
    let set_aside = &mut options.execution.sort_spill_reservation_bytes;
    *set_aside = (*set_aside).min(limit / (4 * lanes));
    SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(memory)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_optimizer_rules(optimizer_rules())
        .with_physical_optimizer_rules(physical_rules())
        .build()
}

/// DataFusion's rules, with ours.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules: Vec<_> = Optimizer::new().rules.into_iter().map(bounded).map(without_null_safe_keys).collect();
    rules.push(Arc::new(PruneCalls));
    rules
}

/// DataFusion's rules, with ours, and without those that offer filters to the leaves: ours take
/// none, and on its way a filter would multiply, as [`bounded`] says.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = vec![Arc::new(HideWhatIsNotSo)];
    let known = PhysicalOptimizer::new().rules.into_iter();
    rules.extend(known.filter(|rule| !rule.name().starts_with("FilterPushdown")));
    rules.push(Arc::new(NumberLambdas));
    rules
}

/// DataFusion's physical planner with our operators.
#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, state: &dyn Session) -> DfResult<Arc<dyn ExecutionPlan>> {
        let planners: Vec<Arc<dyn ExtensionPlanner + Send + Sync>> = vec![
            Arc::new(WatermarkPlanner),
            Arc::new(FunctionPlanner),
            Arc::new(LanesPlanner),
            Arc::new(StatefulAggregatePlanner),
            Arc::new(DedupPlanner),
            Arc::new(FirstBatchPlanner),
            Arc::new(GroupsPlanner),
            Arc::new(StreamLimitPlanner),
            Arc::new(StreamJoinPlanner),
            Arc::new(RecurrentPlanner),
        ];
        DefaultPhysicalPlanner::with_extension_planners(planners).create_physical_plan(plan, state).await
    }
}

/// A plan that is ready to run, any number of times.
pub struct Finished {
    physical: Arc<dyn ExecutionPlan>,
    optimized: LogicalPlan,
    schema: SchemaRef,
    leaves: Vec<Leaf>,
    watermarks: Vec<Watermark>,
    /// By their numbers.
    operators: Vec<StatefulOperator>,
    flow: WatermarkFlow,
    env: Arc<Env>,
    task: TaskContext,
}

/// How the rows of a query are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultRows {
    /// Each lane once.
    Once,
    /// As often as somebody asks, if the plan has state: then it runs once all the same.
    Often,
}

/// Optimises and plans a resolved relation, once.
pub fn finish(resolved: &Resolved, env: &Arc<Env>) -> Result<Finished> {
    planned(resolved, resolved.plan.clone(), ResultRows::Once, env, &env.state)
}

/// Optimises and plans a stream, once. Its operators with state get their numbers: from the sink to
/// the sources, the left input before the right one.
pub fn finish_stream(resolved: &Resolved, mode: OutputMode, rows: ResultRows, env: &Arc<Env>) -> Result<Finished> {
    let mut next = 0;
    let numbered = resolved.plan.clone().transform_down(|node| {
        let LogicalPlan::Extension(extension) = &node else { return Ok(Transformed::no(node)) };
        let place = StatefulPlace { number: next, mode };
        match placed(extension.node.as_ref(), place) {
            Placed::AsItIs => Ok(Transformed::no(node)),
            Placed::Stateless(plan) => Ok(Transformed::yes(plan)),
            Placed::Stateful(node) => {
                next += 1;
                Ok(Transformed::yes(LogicalPlan::Extension(Extension { node })))
            }
        }
    })?;
    planned(resolved, numbered.data, rows, env, &env.stream_state)
}

fn planned(
    resolved: &Resolved,
    plan: LogicalPlan,
    rows: ResultRows,
    env: &Arc<Env>,
    state: &SessionState,
) -> Result<Finished> {
    let optimized = with_null_safe_keys(state.optimize(&plan)?)?;
    let physical = env.runtime.block_on(env.state.query_planner().create_physical_plan(&optimized, &env.state))?;
    let physical = staged(in_order(settled(physical)?)?)?;
    let operators = operators(&physical)?;
    let physical = if rows == ResultRows::Often && !operators.is_empty() { held(physical) } else { physical };
    let flow = WatermarkFlow::of(&physical, operators.len());
    let task = TaskContext::from(&env.state);
    Ok(Finished {
        physical,
        optimized,
        schema: resolved.schema(),
        leaves: resolved.leaves.clone(),
        watermarks: resolved.watermarks.clone(),
        operators,
        flow,
        env: Arc::clone(env),
        task,
    })
}

impl Finished {
    /// The schema as the user sees it; a pass's record batches have it.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The leaves that a query must feed, in the order of the tree; one used twice stands twice.
    pub fn stream_leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().filter(|leaf| leaf.streaming)
    }

    pub fn watermarks(&self) -> &[Watermark] {
        &self.watermarks
    }

    /// The operators with state, by their numbers.
    pub fn operators(&self) -> &[StatefulOperator] {
        &self.operators
    }

    /// Whether a watermark is declared over another one.
    pub fn redefines_watermark(&self) -> bool {
        self.flow.redefined()
    }

    /// The watermark that reaches each operator with state when the query's is `watermark_ms`.
    pub fn watermarks_at(&self, watermark_ms: i64) -> Vec<Option<i64>> {
        self.flow.at(watermark_ms)
    }

    pub fn env(&self) -> &Arc<Env> {
        &self.env
    }

    /// How many lanes a pass has.
    pub fn lanes(&self) -> usize {
        self.physical.properties().partitioning.partition_count()
    }

    /// The optimised and the physical plan as text.
    pub fn explain(&self) -> (String, String) {
        (self.optimized.display_indent().to_string(), displayable(self.physical.as_ref()).indent(false).to_string())
    }

    /// With whom every pass ends: the owners of the leaves.
    pub fn owner(&self) -> Option<Cancel> {
        let mut owners = self.leaves.iter().filter_map(|leaf| leaf.source.owner()).peekable();
        owners.peek().is_some().then(|| Cancel::under(owners))
    }

    /// Prepares one execution. `inputs` are the streaming leaves' partitions; a static leaf is
    /// opened here, anew in each pass.
    pub fn pass(&self, batch: Arc<Batch>, inputs: Inputs) -> Result<Pass> {
        self.begin(batch, inputs, None, None)
    }

    /// [`Finished::pass`] of a plan whose operators work with this state.
    pub fn pass_with(&self, batch: Arc<Batch>, inputs: Inputs, state: Option<PassState>) -> Result<Pass> {
        self.begin(batch, inputs, None, state)
    }

    /// [`Finished::pass`] of a continuous query: functions that pull their input go on where the
    /// pass before, with the same `kept`, left them. Only one lane of such a pass is run.
    pub fn pass_after(&self, batch: Arc<Batch>, inputs: Inputs, kept: &Arc<Kept>) -> Result<Pass> {
        self.begin(batch, inputs, Some(Arc::clone(kept)), None)
    }

    fn begin(
        &self,
        batch: Arc<Batch>,
        mut inputs: Inputs,
        kept: Option<Arc<Kept>>,
        state: Option<PassState>,
    ) -> Result<Pass> {
        for leaf in &self.leaves {
            if let std::collections::hash_map::Entry::Vacant(e) = inputs.entry(leaf.id) {
                let partitions = if leaf.streaming { Vec::new() } else { self.open_static(leaf, &batch.cancel)? };
                e.insert(partitions);
            }
        }
        let rows = inputs.keys().map(|leaf| (*leaf, AtomicU64::new(0))).collect();
        let watermarks = self.watermarks.iter().map(|_| EventTime::default()).collect();
        let (runtime, clock) = (self.env.runtime.clone(), Arc::clone(&self.env.clock));
        let context = Arc::new(PassContext { batch, runtime, inputs, rows, watermarks, kept, state, clock });
        let config = self.task.session_config().clone().with_extension(Arc::clone(&context));
        let task = TaskContext::new(
            None,
            String::new(),
            config,
            // A plan has its functions: their names are not looked up while it runs.
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            self.task.runtime_env(),
        );
        let plan = reset_plan_states(Arc::clone(&self.physical))?;
        let stages = if self.operators.is_empty() { Vec::new() } else { stages(&plan) };
        Ok(Pass { plan, task: Arc::new(task), context, schema: self.schema(), stages })
    }

    fn open_static(&self, leaf: &Leaf, cancel: &Cancel) -> Result<Vec<Arc<dyn Partition>>> {
        let run = SourceRun {
            lanes: self.env.runtime.lanes(),
            conf: Arc::clone(&self.env.conf),
            clock: Arc::clone(&self.env.clock),
            cancel: cancel.clone(),
            runtime: self.env.runtime.clone(),
            log: None,
        };
        let mut reader = leaf.source.open(run)?;
        let start = reader.initial()?;
        match reader.end_of_batch(start.as_ref(), ReadLimit::All)? {
            Some(end) if Some(&end) != start.as_ref() => reader.partitions(start.as_ref(), &end),
            _ => Ok(Vec::new()),
        }
    }
}
