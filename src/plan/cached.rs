//! Plans as sources: `cache()`, and the frame that foreachBatch is given. Both run a finished plan when they are read.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use parking_lot::Mutex;

use super::execute::{Env, Finished, Inputs, finish};
use super::scan::leaf_plan;
use super::{Leaf, LeafId, Resolved};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::source::{Available, Offset, Partition, ReadLimit, Reader, RecordBatches, Scan, Source, SourceRun};

/// `resolved`, its rows kept from the first read on. Attributes keep their identities, so `df["x"]` still resolves.
pub fn cached(env: &Arc<Env>, resolved: &Resolved) -> Result<Resolved> {
    let source = PlanSource {
        plan: Arc::new(finish(resolved, env)?),
        batch: None,
        inputs: Inputs::new(),
        kept: Some(Mutex::new(None)),
    };
    leaf(Arc::new(source), resolved)
}

/// One batch of a query as a relation that can be read any number of times: each read is a pass over the same inputs.
pub fn batch_of(plan: &Arc<Finished>, batch: &Arc<Batch>, inputs: Inputs, resolved: &Resolved) -> Result<Resolved> {
    let source = PlanSource { plan: Arc::clone(plan), batch: Some(Arc::clone(batch)), inputs, kept: None };
    leaf(Arc::new(source), resolved)
}

fn leaf(source: Arc<dyn Source>, resolved: &Resolved) -> Result<Resolved> {
    let leaf = Leaf { id: LeafId::fresh(), source, streaming: false };
    Ok(Resolved {
        hidden: Vec::new(),
        plan: leaf_plan(leaf.clone(), &resolved.output)?,
        output: resolved.output.clone(),
        leaves: vec![leaf],
        watermarks: Vec::new(),
        unsupported_on_stream: None,
    })
}

/// A finished plan that is read as a source.
struct PlanSource {
    plan: Arc<Finished>,
    /// The batch it belongs to; none for a batch read, which has a clock reading of its own.
    batch: Option<Arc<Batch>>,
    inputs: Inputs,
    /// For a cache: the rows, by lane, once they have been read.
    kept: Option<Mutex<Option<Kept>>>,
}

type Kept = Arc<Vec<Vec<RecordBatch>>>;

impl fmt::Debug for PlanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanSource").field("cached", &self.kept.is_some()).finish_non_exhaustive()
    }
}

impl Source for PlanSource {
    fn description(&self) -> String {
        if self.kept.is_some() { "InMemoryRelation".into() } else { "Batch".into() }
    }

    fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    fn open(&self, run: SourceRun) -> Result<Box<dyn Reader>> {
        let partitions: Vec<Arc<dyn Partition>> = match &self.kept {
            Some(kept) => {
                let rows = self.keep(kept, &run)?;
                (0..rows.len())
                    .map(|lane| Arc::new(KeptLane { rows: Arc::clone(&rows), lane }) as Arc<dyn Partition>)
                    .collect()
            }
            None => {
                let lanes = Arc::new(PassLanes {
                    plan: Arc::clone(&self.plan),
                    batch: self.batch(&run),
                    inputs: self.inputs.clone(),
                    ready: Mutex::new((0..self.plan.lanes()).map(|_| Vec::new()).collect()),
                });
                (0..self.plan.lanes())
                    .map(|lane| Arc::new(PassLane { lanes: Arc::clone(&lanes), lane }) as Arc<dyn Partition>)
                    .collect()
            }
        };
        Ok(Box::new(PlanReader { partitions }))
    }
}

impl PlanSource {
    fn batch(&self, run: &SourceRun) -> Arc<Batch> {
        self.batch.clone().unwrap_or_else(|| {
            Arc::new(Batch { clock_ms: run.clock.now_ms(), cancel: run.cancel.clone(), ..Batch::default() })
        })
    }

    /// The rows, read now if nobody has read them. A read that fails keeps nothing.
    fn keep(&self, kept: &Mutex<Option<Kept>>, run: &SourceRun) -> Result<Kept> {
        let mut kept = kept.lock();
        if let Some(rows) = kept.as_ref() {
            return Ok(Arc::clone(rows));
        }
        let pass = self.plan.pass(self.batch(run), self.inputs.clone())?;
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| Ok(run.runtime.io().spawn(pass.lane_stream(lane)?.try_collect::<Vec<_>>())))
            .collect::<Result<_>>()?;
        let rows = run.runtime.block_on(async {
            let mut rows = Vec::with_capacity(lanes.len());
            for lane in lanes {
                rows.push(lane.await.map_err(|error| Error::internal(format!("a lane panicked: {error}")))??);
            }
            Ok::<_, Error>(rows)
        })?;
        let rows = Arc::new(rows);
        *kept = Some(Arc::clone(&rows));
        Ok(rows)
    }
}

struct PlanReader {
    partitions: Vec<Arc<dyn Partition>>,
}

impl Reader for PlanReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(None)
    }

    fn pin_available(&mut self) -> Result<Available> {
        Ok(Available::OneBatchOnly)
    }

    fn end_of_batch(&mut self, _start: Option<&Offset>, _limit: ReadLimit) -> Result<Option<Offset>> {
        Ok(Some(Offset("0".into())))
    }

    fn partitions(&mut self, _start: Option<&Offset>, _end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        Ok(self.partitions.clone())
    }
}

struct KeptLane {
    rows: Kept,
    lane: usize,
}

impl Partition for KeptLane {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let rows = self.rows[self.lane].iter().map(|batch| Ok(batch.project(&scan.columns)?)).collect::<Result<_>>()?;
        Ok(RecordBatches::ready(rows))
    }
}

/// The lanes of passes over one batch. A plan that names the leaf twice, as a self join does, reads each lane twice: the
/// second read is served by another pass, whose other lanes wait for their own second read.
struct PassLanes {
    plan: Arc<Finished>,
    batch: Arc<Batch>,
    inputs: Inputs,
    ready: Mutex<Vec<Vec<BoxStream<'static, Result<RecordBatch>>>>>,
}

impl PassLanes {
    fn take(&self, lane: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut ready = self.ready.lock();
        if ready[lane].is_empty() {
            let pass = self.plan.pass(Arc::clone(&self.batch), self.inputs.clone())?;
            for (i, streams) in ready.iter_mut().enumerate() {
                streams.push(pass.lane_stream(i)?);
            }
        }
        ready[lane].pop().ok_or_else(|| Error::internal("a pass has fewer lanes than its plan"))
    }
}

struct PassLane {
    lanes: Arc<PassLanes>,
    lane: usize,
}

impl Partition for PassLane {
    fn read(&self, scan: &Scan) -> Result<RecordBatches> {
        let columns = scan.columns.clone();
        let rows = self.lanes.take(self.lane)?;
        Ok(RecordBatches::Async(rows.map(move |batch| Ok(batch?.project(&columns)?)).boxed()))
    }
}
