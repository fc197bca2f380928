//! A finished plan, and its passes.
//!
//! A query is planned once ([`finish`]); each batch runs one [`Pass`], which owns a reset copy of the plan and a `TaskContext`
//! whose session configuration carries the [`PassContext`]: nothing in the finished plan is swapped.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result as DfResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use futures::stream::{BoxStream, StreamExt};

use super::function_exec::{FunctionPlanner, Kept, PruneCalls};
use super::in_order::in_order;
use super::lanes::{LanesPlanner, settled};
use super::watermark::{EventTime, WatermarkPlanner};
use super::{Leaf, LeafId, Resolved, Watermark};
use crate::batch::{Batch, Cancel};
use crate::clock::Clock;
use crate::conf::Conf;
use crate::error::{Error, Result};
use crate::options::parse_bytes;
use crate::runtime::Runtime;
use crate::source::{Partition, ReadLimit, RecordBatches, SourceRun};
use crate::types::relabel;

/// Record batches by leaf: what a pass reads.
pub type Inputs = HashMap<LeafId, Vec<Arc<dyn Partition>>>;

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
        let memory = usize::try_from(limit).unwrap_or(usize::MAX);
        let memory = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(memory))).build_arc()?;
        let state = state(runtime.lanes(), memory);
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

fn state(lanes: usize, memory: Arc<RuntimeEnv>) -> SessionState {
    let mut config = SessionConfig::new()
        .with_target_partitions(lanes)
        .with_round_robin_repartition(false)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    // A dynamic filter lives in the plan, so two passes of one plan would share it.
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.execution.collect_statistics = false;
    SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(memory)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_optimizer_rule(Arc::new(PruneCalls))
        .build()
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
    let optimized = env.state.optimize(&resolved.plan)?;
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

    /// Prepares one execution. `inputs` are the streaming leaves' partitions; a static leaf is opened here, anew in each pass.
    pub fn pass(&self, batch: Arc<Batch>, inputs: Inputs) -> Result<Pass> {
        self.begin(batch, inputs, None)
    }

    /// [`Finished::pass`] of a continuous query: functions that pull their input go on where the pass before, with the same `kept`, left them.
    /// Only one lane of such a pass is run.
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

/// One execution of a finished plan.
pub struct Pass {
    plan: Arc<dyn ExecutionPlan>,
    task: Arc<TaskContext>,
    context: Arc<PassContext>,
    schema: SchemaRef,
}

impl Pass {
    pub fn lanes(&self) -> usize {
        self.plan.properties().partitioning.partition_count()
    }

    /// Lane `i`'s rows, under the user's names. Every lane of a pass must be run, each once: lanes may exchange rows.
    pub fn lane(&self, i: usize) -> Result<RecordBatches> {
        Ok(RecordBatches::Async(self.lane_stream(i)?))
    }

    /// [`Pass::lane`] as a stream.
    pub fn lane_stream(&self, i: usize) -> Result<BoxStream<'static, Result<arrow::array::RecordBatch>>> {
        let schema = Arc::clone(&self.schema);
        // Some operators start tasks as soon as they are executed.
        let _runtime = self.context.runtime.io().enter();
        let batches = self.plan.execute(i, Arc::clone(&self.task))?;
        Ok(batches.map(move |batch| relabel(&batch?, &schema)).boxed())
    }

    /// What this pass read and saw, for as long as anybody asks.
    pub fn context(&self) -> &Arc<PassContext> {
        &self.context
    }
}

/// What leaves and operators of a pass read: found through the `TaskContext`.
pub struct PassContext {
    batch: Arc<Batch>,
    runtime: Runtime,
    inputs: Inputs,
    rows: HashMap<LeafId, AtomicU64>,
    watermarks: Vec<EventTime>,
    kept: Option<Arc<Kept>>,
}

impl PassContext {
    /// The pass that `context` belongs to.
    pub fn of(context: &TaskContext) -> Result<Arc<Self>> {
        context
            .session_config()
            .get_extension::<Self>()
            .ok_or_else(|| Error::internal("a plan was executed outside a pass"))
    }

    pub fn batch(&self) -> &Arc<Batch> {
        &self.batch
    }

    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// In a continuous query: the functions that the lane's passes hand on.
    pub(super) fn kept(&self) -> Option<&Arc<Kept>> {
        self.kept.as_ref()
    }

    pub(super) fn partitions(&self, leaf: LeafId) -> Result<&[Arc<dyn Partition>]> {
        self.inputs
            .get(&leaf)
            .map(Vec::as_slice)
            .ok_or_else(|| Error::internal("a leaf of the plan has no input in this pass"))
    }

    pub(super) fn count_rows(&self, leaf: LeafId, rows: usize) {
        if let Some(count) = self.rows.get(&leaf) {
            count.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }

    /// Rows that a leaf has given so far, and all of them once every lane has ended.
    pub fn rows_read(&self, leaf: LeafId) -> u64 {
        self.rows.get(&leaf).map_or(0, |rows| rows.load(Ordering::Relaxed))
    }

    /// What the i-th declared watermark saw; complete once every lane has ended.
    pub fn event_time(&self, i: usize) -> Option<&EventTime> {
        self.watermarks.get(i)
    }
}
