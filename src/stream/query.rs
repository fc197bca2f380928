//! A running query: its handle, and the loop of its thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use super::batch::{self, MicroBatch};
use super::continuous::{self, Continuous};
use super::listener::{Event, Idle, QueryStarted};
use super::manager::Manager;
use super::monitor::{Monitor, Status, StoppedBy};
use super::progress::Progress;
use super::trigger::{Next, Outcome, Trigger};
use crate::checkpoint::open::Removal;
use crate::config::Conf;
use crate::error::{Error, Result, condition, panicked};
use crate::plan::finish::Finished;
use crate::runtime::clock::Clock;

/// A query that was started: PySpark's `StreamingQuery`. Every method may be called from any
/// thread.
pub struct StreamingQuery {
    /// The same on every restart from one checkpoint.
    pub id: String,
    /// Of this run alone.
    pub run_id: String,
    pub name: Option<String>,
    pub(super) monitor: Arc<Monitor>,
    plan: Arc<Finished>,
    logical: String,
    trigger: Trigger,
    clock: Arc<dyn Clock>,
    conf: Arc<Conf>,
    thread: OnceLock<ThreadId>,
}

/// What a query is made of beside its run.
pub(super) struct Identity {
    pub id: String,
    pub run_id: String,
    pub name: Option<String>,
    pub logical: String,
    pub trigger: Trigger,
}

impl StreamingQuery {
    pub(super) fn new(identity: Identity, plan: Arc<Finished>, monitor: Arc<Monitor>) -> Self {
        let Identity { id, run_id, name, logical, trigger } = identity;
        let (clock, conf) = (Arc::clone(&plan.env().clock), Arc::clone(&plan.env().conf));
        Self { id, run_id, name, monitor, plan, logical, trigger, clock, conf, thread: OnceLock::new() }
    }

    pub fn is_active(&self) -> bool {
        self.monitor.is_active()
    }

    pub fn status(&self) -> Status {
        self.monitor.status()
    }

    pub fn recent_progress(&self) -> Vec<Arc<Progress>> {
        self.monitor.recent()
    }

    pub fn last_progress(&self) -> Option<Arc<Progress>> {
        self.monitor.last()
    }

    /// The `StreamingQueryException` that ended the query, if one did.
    pub fn exception(&self) -> Option<Error> {
        self.monitor.failure()
    }

    /// Waits for the end, at most for `timeout`; true when it has come, the error when it was one.
    pub fn await_termination(&self, timeout: Option<Duration>) -> Result<bool> {
        let ended = self.monitor.wait_for_end(timeout);
        match self.monitor.failure() {
            Some(failure) if ended => Err(failure),
            _ => Ok(ended),
        }
    }

    /// What [`StreamingQuery::await_available`] waits beyond.
    pub fn triggers(&self) -> u64 {
        self.monitor.triggers()
    }

    /// Waits, at most for `timeout`, until a trigger that began after the `after`-th found nothing
    /// new; true when it has.
    pub fn await_available(&self, after: u64, timeout: Option<Duration>) -> Result<bool> {
        if self.trigger.is_continuous() {
            return Err(Error::unsupported(
                "processAllAvailable() needs a micro-batch trigger: a continuous query never has processed all",
            ));
        }
        let idle = self.monitor.wait_for_idle(after, timeout);
        match self.monitor.failure() {
            Some(failure) => Err(failure),
            None => Ok(idle),
        }
    }

    /// Waits until everything that was available when this was called is processed.
    pub fn process_all_available(&self) -> Result<()> {
        self.await_available(self.triggers(), None).map(|_| ())
    }

    /// Asks the query to end, without waiting.
    pub fn request_stop(&self) {
        self.monitor.stop(if self.is_own_thread() { StoppedBy::ItsBatch } else { StoppedBy::Another });
        self.clock.wake();
    }

    /// Asks the query to end and waits for the call that is running; for
    /// `spark.sql.streaming.stopTimeout` at most, 0 being without end. From inside its own batch
    /// this returns at once, and that batch is left for replay, as in Spark.
    pub fn stop(&self) -> Result<()> {
        self.request_stop();
        if self.is_own_thread() {
            return Ok(());
        }
        let key = "spark.sql.streaming.stopTimeout";
        let timeout_ms = self.conf.millis(key)?;
        let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms));
        if self.monitor.wait_for_end(timeout) {
            return Ok(());
        }
        Err(Error::runtime(format!(
            "the streaming query {} did not stop within {timeout_ms} ms (set by {key}); it is still in: {}",
            self.label(),
            self.status().message
        )))
    }

    /// Whether this is the thread that the query's batches run on, so that nobody there may wait
    /// for its end.
    pub fn is_own_thread(&self) -> bool {
        self.thread.get() == Some(&std::thread::current().id())
    }

    /// `explain()`: the physical plan, and every stage before it when `extended`.
    pub fn explain(&self, extended: bool) -> String {
        if self.monitor.last().is_none() && !self.trigger.is_continuous() {
            return "No physical plan. Waiting for data.".into();
        }
        let (optimized, physical) = self.plan.explain();
        let physical = format!("== Physical Plan ==\n{physical}");
        if extended {
            // A query keeps no unresolved plan, so both logical plans are the resolved one.
            let logical = &self.logical;
            format!(
                "== Parsed Logical Plan ==\n{logical}\n\n== Analyzed Logical Plan ==\n{logical}\n\n== Optimized Logical Plan ==\n{optimized}\n\n{physical}"
            )
        } else {
            physical
        }
    }

    /// `name [id = …, runId = …]`, as Spark shows a query.
    fn label(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
        format!("{name}[id = {}, runId = {}]", self.id, self.run_id)
    }

    /// The `StreamingQueryException` around what ended the query, with the state of the query below
    /// its message, as in Spark.
    fn failed(&self, cause: Error, offsets: Option<(String, String)>) -> Error {
        let (state, plan) = match offsets {
            Some(_) => ("ACTIVE", format!("\n\nLogical Plan:\n{}", self.logical)),
            None => ("INITIALIZING", String::new()),
        };
        let (committed, available) = offsets.unwrap_or_else(|| ("{}".into(), "{}".into()));
        let debug = format!(
            "=== Streaming Query ===\nIdentifier: {}\nCurrent Committed Offsets: {committed}\nCurrent Available Offsets: {available}\n\n\
             Current State: {state}\nThread State: RUNNABLE{plan}",
            self.label(),
        );
        Error::of(condition::STREAM_FAILED)
            .with("id", &self.id)
            .with("runId", &self.run_id)
            .with("message", &cause)
            .detailed(debug)
            .caused_by(cause)
    }
}

/// What a query's thread works on.
pub(super) enum Work {
    MicroBatch(batch::MicroBatchParts),
    Continuous(continuous::ContinuousParts),
}

/// The whole of a query's thread.
pub(super) fn run(query: &Arc<StreamingQuery>, work: Work, manager: &Manager) {
    let _ = query.thread.set(std::thread::current().id());
    manager.bus().started(&QueryStarted {
        id: query.id.clone(),
        run_id: query.run_id.clone(),
        name: query.name.clone(),
        at_ms: query.clock.now_ms(),
    });
    query.monitor.began();
    let ended = match work {
        Work::MicroBatch(parts) => alive(query, || MicroBatch::open(parts), |batches| drive(query, batches, manager)),
        Work::Continuous(parts) => alive(query, || Continuous::open(parts), Continuous::run),
    };
    let failure = match ended {
        Ok(()) => None,
        Err(Ended { cause, .. }) if query.monitor.is_stopping() && cause.kind().is_cancel() => None,
        Err(Ended { cause, offsets }) => {
            let message = format!("Terminated with exception: {cause}");
            Some((query.failed(cause, offsets), message))
        }
    };
    let (failure, message) = match failure {
        Some((failure, message)) => (Some(failure), message.into()),
        None => (None, std::borrow::Cow::Borrowed("Stopped")),
    };
    manager.ended(query, failure, message);
}

/// What ended a query, and where its sources stood.
struct Ended {
    cause: Error,
    offsets: Option<(String, String)>,
}

/// A run of either kind, as its thread sees it.
trait Run {
    /// What is committed and what is available, by source.
    fn offsets(&self) -> (String, String);
    fn close(self, removal: Removal);
}

impl Run for MicroBatch {
    fn offsets(&self) -> (String, String) {
        self.offsets()
    }

    fn close(self, removal: Removal) {
        self.close(removal);
    }
}

impl Run for Continuous {
    fn offsets(&self) -> (String, String) {
        self.offsets()
    }

    fn close(self, removal: Removal) {
        self.close(removal);
    }
}

/// Opens a run, works it, and closes it whatever happened. A panic is an error of the query, not of
/// the process.
fn alive<R: Run>(
    query: &StreamingQuery,
    open: impl FnOnce() -> Result<R>,
    work: impl FnOnce(&mut R) -> Result<()>,
) -> Result<(), Ended> {
    let mut run = caught(open).map_err(|cause| Ended { cause, offsets: None })?;
    let worked = caught(|| work(&mut run));
    let offsets = run.offsets();
    let force = query.conf.flag("spark.sql.streaming.forceDeleteTempCheckpointLocation").unwrap_or(false);
    let well = worked.is_ok() || query.monitor.is_stopping();
    run.close(if well || force { Removal::Allowed } else { Removal::Kept });
    worked.map_err(|cause| Ended { cause, offsets: Some(offsets) })
}

fn caught<T>(step: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

/// Trigger after trigger, until the query is stopped or has done what it was started for.
fn drive(query: &StreamingQuery, batches: &mut MicroBatch, manager: &Manager) -> Result<()> {
    let (clock, monitor) = (&query.clock, &query.monitor);
    let polling = Duration::from_millis(query.conf.millis("spark.sql.streaming.pollingDelay")?);
    let idle_after_ms = query.conf.millis("spark.sql.streaming.noDataProgressEventInterval")? as i64;
    let trigger = batches.pin_available(query.trigger)?;
    let named = |progress| Progress {
        id: query.id.clone(),
        run_id: query.run_id.clone(),
        name: query.name.clone(),
        ..progress
    };
    let mut last_heard_ms = None;
    while !monitor.is_stopping() {
        let began_ms = clock.now_ms();
        monitor.trigger_began();
        let progress = batches.trigger(trigger.limit())?.map(|progress| Arc::new(named(progress)));
        let now_ms = clock.now_ms();
        let idle = match &progress {
            Some(progress) => {
                last_heard_ms = Some(now_ms);
                manager.bus().post(Event::Progress(Arc::clone(progress)));
                None
            }
            None if last_heard_ms.is_none_or(|heard| now_ms - heard >= idle_after_ms) => {
                // As in Spark, the first report of nothing is no event.
                if last_heard_ms.replace(now_ms).is_some() {
                    manager.bus().post(Event::Idle(Idle {
                        id: query.id.clone(),
                        run_id: query.run_id.clone(),
                        at_ms: began_ms,
                    }));
                }
                Some(Arc::new(named(batches.nothing_new(began_ms))))
            }
            None => None,
        };
        let outcome = Outcome::of(progress.as_ref());
        monitor.trigger_ended(progress);
        if let Some(idle) = idle {
            monitor.remember(idle);
        }
        match trigger.next(outcome, began_ms) {
            Next::Now => {}
            Next::Poll => clock.sleep_unless(polling, &|| monitor.is_stopping()),
            Next::At(at_ms) => {
                let late_ms = clock.now_ms() - at_ms;
                if late_ms > 0 {
                    log::warn!("a batch took longer than the trigger's interval; the next one is {late_ms} ms late");
                }
                wait_until(query, at_ms);
            }
            Next::End => break,
        }
    }
    Ok(())
}

fn wait_until(query: &StreamingQuery, at_ms: i64) {
    query.monitor.message("Waiting for next trigger");
    while !query.monitor.is_stopping() {
        match u64::try_from(at_ms - query.clock.now_ms()) {
            Ok(left @ 1..) => query.clock.sleep_unless(Duration::from_millis(left), &|| query.monitor.is_stopping()),
            _ => return,
        }
    }
}
