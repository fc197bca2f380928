//! `cache()`: a plan whose rows are kept from the first read on.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::future::try_join_all;
use futures::stream::TryStreamExt;
use parking_lot::Mutex;

use super::scan::leaf_plan;
use crate::batch::Batch;
use crate::error::Result;
use crate::plan::finish::{Env, Finished, finish};
use crate::plan::limits::PlanExtent;
use crate::plan::pass::Inputs;
use crate::plan::{Leaf, LeafId, Resolved};
use crate::runtime::{Cancel, LOOK};
use crate::source::once::OnceReader;
use crate::source::{Partition, Reader, RecordBatches, Scan, Source, SourceRun};

/// `resolved`, its rows kept from the first read on. Attributes keep their identities, so `df["x"]`
/// still resolves.
pub fn cached(env: &Arc<Env>, resolved: &Resolved) -> Result<Resolved> {
    let source = Cached { plan: finish(resolved, env)?, kept: Mutex::new(None) };
    let leaf = Leaf { id: LeafId::fresh(), source: Arc::new(source), streaming: false };
    Ok(Resolved {
        hidden: Vec::new(),
        plan: leaf_plan(leaf.clone(), &resolved.output, &[])?,
        output: resolved.output.clone(),
        leaves: vec![leaf],
        watermarks: Vec::new(),
        operations: Vec::new(),
        extent: PlanExtent::leaf(),
    })
}

/// A finished plan, and its rows by lane once they have been read.
struct Cached {
    plan: Finished,
    kept: Mutex<Option<CachedRows>>,
}

type CachedRows = Arc<Vec<Vec<RecordBatch>>>;

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached").field("read", &self.kept.lock().is_some()).finish_non_exhaustive()
    }
}

impl Source for Cached {
    fn description(&self) -> String {
        "InMemoryRelation".into()
    }

    fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    fn owner(&self) -> Option<Cancel> {
        self.plan.owner()
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let rows = self.keep(&run)?;
        let lanes =
            (0..rows.len()).map(|lane| Arc::new(KeptLane { rows: Arc::clone(&rows), lane }) as Arc<dyn Partition>);
        Ok(Box::new(OnceReader(lanes.collect())))
    }
}

impl Cached {
    /// The rows, read now if nobody has read them. A read that fails keeps nothing.
    fn keep(&self, run: &SourceRun) -> Result<CachedRows> {
        let mut kept = loop {
            // Another action may be reading, for as long as it takes.
            if let Some(kept) = self.kept.try_lock_for(LOOK) {
                break kept;
            }
            run.cancel.check()?;
        };
        if let Some(rows) = kept.as_ref() {
            return Ok(Arc::clone(rows));
        }
        let batch = Batch { clock_ms: run.clock.now_ms(), cancel: run.cancel.clone(), ..Batch::default() };
        let pass = self.plan.pass(Arc::new(batch), Inputs::new())?;
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| Ok(run.runtime.lane(pass.lane_stream(lane)?.try_collect::<Vec<_>>())))
            .collect::<Result<_>>()?;
        let rows = run.runtime.block_on(try_join_all(lanes))?;
        let rows = Arc::new(rows);
        *kept = Some(Arc::clone(&rows));
        Ok(rows)
    }
}

struct KeptLane {
    rows: CachedRows,
    lane: usize,
}

impl Partition for KeptLane {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let rows = self.rows[self.lane].iter().map(|batch| scan.project(batch)).collect::<Result<_>>()?;
        Ok(RecordBatches::ready(rows))
    }
}
