//! What the tests of queries share: a session without an edge.

use firesteel::batch::OutputMode;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::TableReference;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use firesteel::batch::Batch;
use firesteel::config::Conf;
use firesteel::error::Result;
use firesteel::plan::finish::{Env, finish};
use firesteel::plan::operators::scan::SourceTable;
use firesteel::plan::pass::Inputs;
use firesteel::plan::{Attribute, Leaf, LeafId, Resolved};
use firesteel::runtime::Runtime;
use firesteel::runtime::clock::{Clock, ManualClock};
use firesteel::sink::noop::Noop;
use firesteel::source::Source;
use firesteel::source::rate_micro_batch::RateMicroBatch;
use firesteel::stream::{Manager, QueryOutput, StartRequest, Trigger};
use futures::TryStreamExt;

/// Threads, a clock and a manager.
pub struct Session {
    pub env: Arc<Env>,
    pub manager: Arc<Manager>,
}

impl Session {
    pub fn with_clock(clock: Arc<dyn Clock>, conf: &[(&str, &str)]) -> Self {
        let mut settings = Conf::default();
        settings.set("firesteel.checkpoint.fsync", "false");
        for (key, value) in conf {
            settings.set(*key, *value);
        }
        let runtime = Runtime::new(2).unwrap();
        let env = Arc::new(Env::new(Arc::new(settings), runtime.clone(), clock).unwrap());
        Self { env, manager: Manager::new(runtime) }
    }

    pub fn new(conf: &[(&str, &str)]) -> Self {
        Self::with_clock(Arc::new(ManualClock::at(1_000_000)), conf)
    }

    /// `readStream…writeStream.format("noop")` with everything at its default.
    pub fn request(&self, resolved: Resolved, checkpoint: Option<&Path>) -> StartRequest {
        StartRequest {
            resolved: Arc::new(resolved),
            env: Arc::clone(&self.env),
            output: QueryOutput::Sink(Arc::new(Noop)),
            format: "noop".into(),
            mode: OutputMode::Append,
            trigger: Trigger::default(),
            name: None,
            partition_by: Vec::new(),
            checkpoint: checkpoint.map(|path| path.display().to_string()),
        }
    }
}

/// A stream of every column of `source`.
pub fn stream(source: Arc<dyn Source>) -> Resolved {
    scan(Leaf { id: LeafId::fresh(), source, streaming: true })
}

/// A relation that is one leaf.
pub fn scan(leaf: Leaf) -> Resolved {
    let output: Vec<_> = leaf
        .source
        .schema()
        .fields()
        .iter()
        .map(|field| Attribute::new(field.name(), field.data_type().clone(), field.is_nullable()))
        .collect();
    let table = provider_as_source(Arc::new(SourceTable::new(leaf.clone(), &output)));
    let name = TableReference::bare(format!("leaf{}", leaf.id.0));
    let plan = LogicalPlanBuilder::scan(name, table, None).unwrap().build().unwrap();
    Resolved { plan, output, leaves: vec![leaf], ..Resolved::nothing() }
}

/// Every row of a relation, by an action of its own.
pub fn collect(resolved: &Resolved, env: &Arc<Env>) -> Result<Vec<RecordBatch>> {
    let pass = finish(resolved, env)?.pass(Arc::new(Batch::default()), Inputs::new())?;
    let mut rows = Vec::new();
    for lane in 0..pass.lanes() {
        rows.extend(env.runtime.block_on(pass.lane_stream(lane)?.try_collect::<Vec<_>>())?);
    }
    Ok(rows)
}

/// `rate-micro-batch` with `rows` rows in each batch.
pub fn rate_micro_batch(rows: i64) -> Arc<dyn Source> {
    Arc::new(RateMicroBatch { rows_per_batch: rows, partitions: 2, start_ms: 0, advance_ms: 1000 })
}

/// Every file of a directory that is not hidden, in order, with its text.
pub fn texts(dir: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'))
        .collect();
    files.sort();
    let show = |path: &std::path::PathBuf| {
        format!(
            "{}: {}",
            path.file_name().unwrap().to_str().unwrap(),
            std::fs::read_to_string(path).unwrap().replace('\n', "⏎")
        )
    };
    files.iter().map(show).collect::<Vec<_>>().join("\n")
}
