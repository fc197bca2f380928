//! `start()`: checks what Spark checks before a row is read, finds and locks the checkpoint, opens
//! the sink, gives the query its thread.

use crate::batch::OutputMode;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::batch::{self, Opened};
use super::continuous;
use super::each_batch::EachBatch;
use super::maintenance::rollback;
use super::manager::Manager;
use super::monitor::Monitor;
use super::query::{Identity, StreamingQuery, Work, run};
use super::trigger::Trigger;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::conf::overridden;
use crate::checkpoint::layout::CheckpointLayout;
use crate::checkpoint::open::{CheckpointLocation, FoundCheckpoint, Removal};
use crate::error::{Context, Error, Result, condition};
use crate::plan::finish::{Env, Finished, ResultRows, finish_stream};
use crate::plan::streaming::{self, continuous_leaf};
use crate::plan::{Leaf, Resolved};
use crate::runtime::Cancel;
use crate::sink::{ContinuousWriter, Sink, SinkRun};
use crate::source::{ContinuousReader, SourceRun};
use crate::types::uri;

/// Where a query's rows go.
#[derive(Clone)]
pub enum QueryOutput {
    Sink(Arc<dyn Sink>),
    EachBatch(Arc<dyn EachBatch>),
}

/// What `writeStream…start()` says.
pub struct StartRequest {
    pub resolved: Arc<Resolved>,
    /// The session's configuration as it is now, threads and clock.
    pub env: Arc<Env>,
    pub output: QueryOutput,
    /// What the user called the sink: `parquet`, `memory`, `foreachBatch`; for errors.
    pub format: String,
    pub mode: OutputMode,
    pub trigger: Trigger,
    pub name: Option<String>,
    pub partition_by: Vec<String>,
    /// The option `checkpointLocation`.
    pub checkpoint: Option<String>,
}

impl Manager {
    /// Starts a query. Returns when listeners have heard of it and its thread runs.
    pub fn start(self: &Arc<Self>, request: StartRequest) -> Result<Arc<StreamingQuery>> {
        check(&request)?;
        warn_unreplayable(&request.resolved);
        self.check_name(request.name.as_deref())?;
        let location = location(&request)?;
        let found = FoundCheckpoint::find(location, &request.env.conf, || Uuid::new_v4().to_string())?;
        self.make_way(found.id(), &request.env.conf)?;
        let checkpoint = found.lock()?;
        finish_rollback(&checkpoint)?;
        // Logged settings override the session's for as long as the checkpoint lives. A log that
        // cannot be read ends the query when it recovers.
        let conf = match checkpoint.logged_conf() {
            Ok(Some(logged)) => Arc::new(overridden(&request.env.conf, &logged)),
            Ok(None) | Err(_) => Arc::clone(&request.env.conf),
        };
        let env = Arc::new(request.env.with_conf(conf));
        let cancel = Cancel::default();
        let keep =
            usize::try_from(env.conf.number("spark.sql.streaming.numRecentProgressUpdates")?).unwrap_or(usize::MAX);
        let monitor = Arc::new(Monitor::new(keep, cancel.clone()));
        let rows = match request.output {
            QueryOutput::Sink(_) => ResultRows::Once,
            QueryOutput::EachBatch(_) => ResultRows::Often,
        };
        let opened = finish_stream(&request.resolved, request.mode, rows, &env)
            .map(Arc::new)
            .and_then(|plan| open(&request, &checkpoint, &plan, &cancel).map(|opened| (plan, opened)));
        let (plan, opened) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                checkpoint.close(Removal::Allowed);
                return Err(error);
            }
        };
        let identity = Identity {
            id: checkpoint.id().to_owned(),
            run_id: Uuid::new_v4().to_string(),
            name: request.name.clone(),
            logical: request.resolved.plan.display_indent().to_string(),
            trigger: request.trigger,
        };
        let work = opened.work(checkpoint, Arc::clone(&plan), cancel, Arc::clone(&monitor));
        let query = Arc::new(StreamingQuery::new(identity, plan, Arc::clone(&monitor)));
        self.add(Arc::clone(&query));
        let (thread_query, manager) = (Arc::clone(&query), Arc::clone(self));
        let name = format!("stream execution thread for {}", query.id);
        let thread = env.runtime.thread(&name, move || run(&thread_query, work, &manager));
        if let Err(error) = thread {
            self.ended(&query, Some(error.clone()), "Terminated with exception");
            return Err(error);
        }
        monitor.wait_until_begun();
        Ok(query)
    }
}

/// Finishes a rollback that was cut short.
fn finish_rollback(checkpoint: &Checkpoint) -> Result<()> {
    let finished = rollback::finish(checkpoint.layout(), checkpoint.id(), checkpoint.durability())?;
    if let Some(finished) = finished {
        let root = checkpoint.layout().root().display();
        log::warn!("the rollback of {root} to batch {} had been cut short, and is finished now", finished.to);
    }
    Ok(())
}

/// Everything that Spark refuses before it looks at the checkpoint.
fn check(request: &StartRequest) -> Result<()> {
    let StartRequest { resolved, output, format, mode, trigger, partition_by, .. } = request;
    if !resolved.is_streaming() {
        return Err(Error::of(condition::WRITE_STREAM_NOT_ALLOWED));
    }
    let partitions = match output {
        QueryOutput::Sink(sink) => sink.can().partition_by,
        QueryOutput::EachBatch(_) => false,
    };
    if !partition_by.is_empty() && !partitions {
        return Err(Error::of(condition::SINK_WITHOUT_PARTITIONING).with("operation", format));
    }
    partition_columns(request)?;
    if trigger.is_continuous() {
        if matches!(output, QueryOutput::EachBatch(_)) {
            return Err(Error::of(condition::CONTINUOUS_UNSUPPORTED_SINK).with("source", format));
        }
        continuous_leaf(resolved)?;
    }
    streaming::check(resolved, *mode, &request.env.conf)?;
    match output {
        QueryOutput::Sink(sink) if !sink.can().modes.contains(mode) => {
            Err(Error::of(condition::OUTPUT_MODE_UNSUPPORTED_SINK)
                .with("outputMode", mode.name().to_lowercase())
                .with("className", format))
        }
        _ => Ok(()),
    }
}

/// Where the checkpoint lies: the option, else the configuration's directory, else a temporary one
/// where the sink allows it.
fn location(request: &StartRequest) -> Result<CheckpointLocation> {
    let StartRequest { output, env, name, checkpoint, mode, .. } = request;
    let key = "spark.sql.streaming.checkpointLocation";
    let (may_be_temporary, recovers) = match output {
        QueryOutput::Sink(sink) => {
            (sink.can().temporary_checkpoint, sink.can().recovers || *mode == OutputMode::Complete)
        }
        QueryOutput::EachBatch(_) => (true, true),
    };
    let location = match (checkpoint, env.conf.get(key)) {
        (Some(location), _) => CheckpointLocation::At(absolute(location)?),
        (None, Some(parent)) => {
            let own = name.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
            CheckpointLocation::At(absolute(parent)?.join(inside(parent, &own)?))
        }
        (None, None) if may_be_temporary => {
            CheckpointLocation::Temporary(std::env::temp_dir().join(format!("temporary-{}", Uuid::new_v4())))
        }
        (None, None) => return Err(Error::of(condition::CHECKPOINT_LOCATION_MISSING).with("config", key)),
    };
    if let (CheckpointLocation::At(root), false) = (&location, recovers) {
        let offsets = CheckpointLayout::new(root).offsets();
        if offsets.exists() {
            return Err(Error::of(condition::SINK_WITHOUT_RECOVERY).with("checkpointPath", offsets.display()));
        }
    }
    Ok(location)
}

/// A query's name as the path of its checkpoint below `parent`, which must not lead out of there.
fn inside<'a>(parent: &str, name: &'a str) -> Result<&'a Path> {
    let path = Path::new(name);
    if path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    Err(Error::illegal(format!(
        "the query '{name}' would have its checkpoint outside of {parent}: choose another queryName, or give the option checkpointLocation"
    )))
}

fn absolute(location: &str) -> Result<PathBuf> {
    let path = uri::local_path(location).context(|| "finding the checkpoint location".to_owned())?;
    Ok(std::path::absolute(path)?)
}

/// Source and sink as far as `start()` opens them. A micro-batch reader is opened on the query's
/// thread.
enum OpenedEnds {
    MicroBatch(Opened),
    Continuous { leaf: Leaf, reader: Box<dyn ContinuousReader>, writer: Arc<dyn ContinuousWriter>, interval_ms: i64 },
}

impl OpenedEnds {
    fn work(self, checkpoint: Checkpoint, plan: Arc<Finished>, cancel: Cancel, monitor: Arc<Monitor>) -> Work {
        match self {
            Self::MicroBatch(output) => {
                Work::MicroBatch(batch::MicroBatchParts { checkpoint, plan, output, cancel, monitor })
            }
            Self::Continuous { leaf, reader, writer, interval_ms } => Work::Continuous(continuous::ContinuousParts {
                checkpoint,
                plan,
                leaf: leaf.id,
                description: leaf.source.description(),
                reader,
                writer,
                cancel,
                monitor,
                interval_ms,
            }),
        }
    }
}

/// The columns of `partitionBy` by their own names, which a stream's directories have. A batch
/// write takes the names that were given.
fn partition_columns(request: &StartRequest) -> Result<Vec<String>> {
    let (output, names) = (&request.resolved.output, request.env.conf.name_case());
    let own = |column: &String| {
        let found = output.iter().find(|attribute| names.same(&attribute.name, column));
        found.map(|attribute| attribute.name.clone()).ok_or_else(|| {
            let names: Vec<_> = output.iter().map(|attribute| attribute.name.as_str()).collect();
            Error::of(condition::PARTITION_COLUMN_NOT_FOUND)
                .with("col", column)
                .with("normalizedParCols", names.join(", "))
        })
    };
    request.partition_by.iter().map(own).collect()
}

fn open(request: &StartRequest, checkpoint: &Checkpoint, plan: &Finished, cancel: &Cancel) -> Result<OpenedEnds> {
    let sink = match &request.output {
        QueryOutput::EachBatch(callback) => return Ok(OpenedEnds::MicroBatch(Opened::EachBatch(Arc::clone(callback)))),
        QueryOutput::Sink(sink) => Arc::clone(sink),
    };
    let env = plan.env();
    let run = SinkRun {
        query_id: checkpoint.id().to_owned(),
        query_name: request.name.clone(),
        schema: plan.schema(),
        mode: request.mode,
        partition_by: partition_columns(request)?,
        lanes: plan.lanes(),
        conf: Arc::clone(&env.conf),
        clock: Arc::clone(&env.clock),
        cancel: cancel.clone(),
        runtime: env.runtime.clone(),
    };
    let Trigger::Continuous { interval_ms } = request.trigger else {
        sink.check_start(&run, checkpoint.newest_begun()?)?;
        let writer = sink.open(run.clone())?;
        return Ok(OpenedEnds::MicroBatch(Opened::Writer { sink, run, writer }));
    };
    let leaf = continuous_leaf(&request.resolved)?.clone();
    let reader = leaf.source.open_continuous(SourceRun {
        lanes: env.runtime.lanes(),
        conf: Arc::clone(&env.conf),
        clock: Arc::clone(&env.clock),
        cancel: cancel.clone(),
        runtime: env.runtime.clone(),
        // A continuous source's offsets say all there is to remember.
        log: None,
    })?;
    Ok(OpenedEnds::Continuous { leaf, reader, writer: sink.open_continuous(run)?, interval_ms })
}

/// Says which sources do not survive a crash.
fn warn_unreplayable(resolved: &Resolved) {
    for leaf in resolved.leaves.iter().filter(|leaf| leaf.streaming && !leaf.source.replays()) {
        log::warn!(
            "the source {} cannot give the same rows again: a crash loses what it had read",
            leaf.source.description()
        );
    }
}
