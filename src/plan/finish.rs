//! A finished plan, and its passes.
//!
//! A query is planned once ([`finish`]); each batch runs one [`Pass`], which owns a reset copy of
//! the plan and a `TaskContext` whose session configuration carries the [`PassContext`]: nothing in
//! the finished plan is swapped.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as DfResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
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
use super::operators::in_order::in_order;
use super::operators::lambdas::NumberLambdas;
use super::operators::lanes::{LanesPlanner, settled};
use super::operators::watermark::{EventTime, WatermarkPlanner};
use super::pass::{Inputs, Pass, PassContext};
use super::{Leaf, Resolved, Watermark};
use crate::batch::Batch;
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
    state: SessionState,
}

impl Env {
    /// Reads `firesteel.memory.limit` and the number of lanes.
    pub fn new(conf: Arc<Conf>, runtime: Runtime, clock: Arc<dyn Clock>) -> Result<Self> {
        let limit = parse_bytes("firesteel.memory.limit", conf.get("firesteel.memory.limit").unwrap_or_default())?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let memory = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(SpillingPool::new(limit))).build_arc()?;
        let state = state(runtime.lanes(), limit, memory);
        Ok(Self { conf, runtime, clock, state })
    }

    /// The same threads and memory under another configuration.
    #[must_use]
    pub fn with_conf(&self, conf: Arc<Conf>) -> Self {
        Self { conf, runtime: self.runtime.clone(), clock: Arc::clone(&self.clock), state: self.state.clone() }
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
        let planners: Vec<Arc<dyn ExtensionPlanner + Send + Sync>> =
            vec![Arc::new(WatermarkPlanner), Arc::new(FunctionPlanner), Arc::new(LanesPlanner)];
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
    env: Arc<Env>,
    task: TaskContext,
}

/// Optimises and plans a resolved relation, once.
pub fn finish(resolved: &Resolved, env: &Arc<Env>) -> Result<Finished> {
    let optimized = with_null_safe_keys(env.state.optimize(&resolved.plan)?)?;
    let physical = env.runtime.block_on(env.state.query_planner().create_physical_plan(&optimized, &env.state))?;
    let physical = in_order(settled(physical)?)?;
    let task = TaskContext::from(&env.state);
    Ok(Finished {
        physical,
        optimized,
        schema: resolved.schema(),
        leaves: resolved.leaves.clone(),
        watermarks: resolved.watermarks.clone(),
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
        self.begin(batch, inputs, None)
    }

    /// [`Finished::pass`] of a continuous query: functions that pull their input go on where the
    /// pass before, with the same `kept`, left them. Only one lane of such a pass is run.
    pub fn pass_after(&self, batch: Arc<Batch>, inputs: Inputs, kept: &Arc<Kept>) -> Result<Pass> {
        self.begin(batch, inputs, Some(Arc::clone(kept)))
    }

    fn begin(&self, batch: Arc<Batch>, mut inputs: Inputs, kept: Option<Arc<Kept>>) -> Result<Pass> {
        for leaf in &self.leaves {
            if let std::collections::hash_map::Entry::Vacant(e) = inputs.entry(leaf.id) {
                let partitions = if leaf.streaming { Vec::new() } else { self.open_static(leaf, &batch.cancel)? };
                e.insert(partitions);
            }
        }
        let rows = inputs.keys().map(|leaf| (*leaf, AtomicU64::new(0))).collect();
        let watermarks = self.watermarks.iter().map(|_| EventTime::default()).collect();
        let context =
            Arc::new(PassContext { batch, runtime: self.env.runtime.clone(), inputs, rows, watermarks, kept });
        let config = self.task.session_config().clone().with_extension(Arc::clone(&context));
        let task = TaskContext::new(
            None,
            String::new(),
            config,
            self.task.scalar_functions().clone(),
            self.task.higher_order_functions().clone(),
            self.task.aggregate_functions().clone(),
            self.task.window_functions().clone(),
            self.task.runtime_env(),
        );
        let plan = reset_plan_states(Arc::clone(&self.physical))?;
        Ok(Pass { plan, task: Arc::new(task), context, schema: self.schema() })
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
