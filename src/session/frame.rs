//! An analysed DataFrame, and its actions.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::FutureExt;
use futures::future::TryFutureExt;
use futures::future::join_all;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use super::Session;
use crate::batch::Batch;
use crate::error::{Error, Result, condition, panicked};
use crate::plan::Resolved;
use crate::plan::finish::{Finished, finish};
use crate::plan::operators::cached;
use crate::plan::pass::{Inputs, Pass};
use crate::plan::resolve::resolve;
use crate::plan::tree::Relation;
use crate::runtime::{Cancel, CancelReason, stack};
use crate::types::show::{ShowLayout, render};
use crate::types::zone::Zone;

static NOTHING: LazyLock<Arc<Resolved>> = LazyLock::new(|| Arc::new(Resolved::nothing()));

/// A DataFrame: names and types are resolved, nothing has run.
#[derive(Clone)]
pub struct Frame {
    session: Arc<Session>,
    resolved: Arc<Resolved>,
    local: bool,
}

/// A frame lives on the interpreter's threads, whose stack may be small.
impl Drop for Frame {
    fn drop(&mut self) {
        if self.resolved.extent.is_deep() {
            let deep = mem::replace(&mut self.resolved, Arc::clone(&NOTHING));
            stack::walk(true, || drop(deep));
        }
    }
}

impl Frame {
    /// Resolves a relation in a session; raises what Spark's analyser raises.
    pub fn new(session: &Arc<Session>, relation: &Relation) -> Result<Self> {
        let resolved = session.with_context(|context| resolve(relation, context))?;
        let local = match relation {
            Relation::Values(_) => true,
            Relation::Source { source, .. } => source.is_local(),
            _ => false,
        };
        Ok(Self { session: Arc::clone(session), resolved: Arc::new(resolved), local })
    }

    /// A frame of a relation that is resolved already.
    pub fn of(session: &Arc<Session>, resolved: Arc<Resolved>) -> Self {
        Self { session: Arc::clone(session), resolved, local: false }
    }

    /// A relation over this one.
    pub fn derive(&self, build: impl FnOnce(Box<Relation>) -> Relation) -> Result<Self> {
        Self::new(&self.session, &build(Box::new(self.relation())))
    }

    /// This frame as a leaf of a bigger tree.
    pub fn relation(&self) -> Relation {
        Relation::Resolved(Arc::clone(&self.resolved))
    }

    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub fn resolved(&self) -> &Arc<Resolved> {
        &self.resolved
    }

    pub fn schema(&self) -> SchemaRef {
        self.resolved.schema()
    }

    /// Whether the rows are there without a job: literal rows, a statement's answer.
    pub fn is_local(&self) -> bool {
        self.local
    }

    /// The files that the rows come from, each once.
    pub fn files(&self) -> Result<Vec<String>> {
        self.refuse_stream()?;
        let mut all = Vec::new();
        for leaf in &self.resolved.leaves {
            for file in leaf.source.files()? {
                if !all.contains(&file) {
                    all.push(file);
                }
            }
        }
        Ok(all)
    }

    pub fn is_streaming(&self) -> bool {
        self.resolved.is_streaming()
    }

    /// The error for a stream, whose rows come with a query that is started. No action has them.
    fn refuse_stream(&self) -> Result<()> {
        if self.is_streaming() {
            return Err(Error::of(condition::STREAMING_WITHOUT_WRITE_STREAM));
        }
        Ok(())
    }

    /// Optimised and physical plan as text.
    pub fn explain(&self) -> Result<(String, String)> {
        Ok(self.finish()?.explain())
    }

    /// The analysed plan as text.
    pub fn analyzed(&self) -> String {
        self.resolved.plan.display_indent().to_string()
    }

    fn finish(&self) -> Result<Finished> {
        finish(&self.resolved, &self.session.env())
    }

    /// Plans and prepares a batch run; a stream has no batch run.
    pub fn pass(&self, cancel: &Cancel) -> Result<Pass> {
        self.refuse_stream()?;
        let plan = self.finish()?;
        let cancel = Cancel::under(plan.owner().into_iter().chain([cancel.clone()]));
        let batch = Batch { clock_ms: self.session.clock().now_ms(), cancel, ..Batch::default() };
        plan.pass(Arc::new(batch), Inputs::new())
    }

    /// How many lanes its rows come in.
    pub fn lanes(&self) -> Result<usize> {
        Ok(self.finish()?.lanes())
    }

    /// Every row, in the order of lanes.
    pub fn collect(&self, cancel: &Cancel) -> Result<Vec<RecordBatch>> {
        let lanes = self.collect_lanes(cancel)?;
        Ok(lanes.into_iter().flatten().collect())
    }

    /// Every row, by lane.
    pub fn collect_lanes(&self, cancel: &Cancel) -> Result<Vec<Vec<RecordBatch>>> {
        self.each_lane(&self.pass(cancel)?, |_, rows| rows.try_collect())?.into_iter().collect()
    }

    /// Works through the lanes of a pass side by side, each to its end, which comes early once
    /// another has failed; what came of each, in the order of lanes.
    pub fn each_lane<T, F>(
        &self,
        pass: &Pass,
        work: impl Fn(usize, BoxStream<'static, Result<RecordBatch>>) -> F,
    ) -> Result<Vec<Result<T>>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let runtime = self.session.runtime();
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| {
                let (work, cancel) = (work(lane, pass.lane_stream(lane)?), pass.context().batch().cancel.clone());
                Ok(runtime.lane(work.inspect_err(move |_| cancel.cancel(CancelReason::Failed))))
            })
            .collect::<Result<_>>()?;
        let mut results = runtime.block_on(join_all(lanes));
        // A lane that ended because another one failed says less than that one.
        let failure = results.iter().filter_map(|result| result.as_ref().err()).find(|error| !error.kind().is_cancel());
        if let Some(failure) = failure.cloned() {
            for result in &mut results {
                if result.as_ref().is_err_and(|error| error.kind().is_cancel()) {
                    *result = Err(failure.clone());
                }
            }
        }
        Ok(results)
    }

    /// Rows as they come, lane after lane, for a reader that takes them one record batch at a time.
    pub fn stream(&self, cancel: &Cancel) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let pass = self.pass(cancel)?;
        // Lanes may exchange rows, so all must run: each is a task two record batches ahead, and
        // has no thread of its own, which would wait for the reader as long as he likes.
        let lanes: Vec<_> = (0..pass.lanes())
            .map(|lane| {
                let mut rows = pass.lane_stream(lane)?;
                let (send, receive) = tokio::sync::mpsc::channel(2);
                self.session.runtime().io().spawn(async move {
                    let sending = async {
                        while let Some(batch) = rows.next().await {
                            if send.send(batch).await.is_err() {
                                return;
                            }
                        }
                    };
                    // A channel that only closed would look like the end of the rows.
                    if let Err(panic) = AssertUnwindSafe(sending).catch_unwind().await {
                        let _ = send.send(Err(panicked(panic.as_ref()))).await;
                    }
                });
                Ok(receive)
            })
            .collect::<Result<_>>()?;
        let lanes = futures::stream::iter(lanes);
        Ok(lanes
            .flat_map(|receive| {
                futures::stream::unfold(receive, |mut receive| async move {
                    receive.recv().await.map(|batch| (batch, receive))
                })
            })
            .boxed())
    }

    /// The number of rows.
    pub fn count(&self, cancel: &Cancel) -> Result<u64> {
        let none = self.derive(|input| Relation::Project { input, expressions: Vec::new() })?;
        Ok(none.collect(cancel)?.iter().map(|batch| batch.num_rows() as u64).sum())
    }

    /// What `show()` prints.
    pub fn show(&self, layout: ShowLayout, cancel: &Cancel) -> Result<String> {
        let rows = layout.rows as u64 + 1;
        let head = self.derive(|input| Relation::Limit { input, rows })?;
        let zone = Zone::of(self.session.conf().time_zone())?;
        render(&self.schema(), &head.collect(cancel)?, layout, zone)
    }

    /// The same frame, its rows kept in memory from the first action on.
    pub fn cache(&self) -> Result<Self> {
        self.refuse_stream()?;
        let resolved = cached::cached(&self.session.env(), &self.resolved)?;
        Ok(Self { session: Arc::clone(&self.session), resolved: Arc::new(resolved), local: false })
    }
}
