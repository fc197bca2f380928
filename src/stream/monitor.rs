//! What the rest of the process sees of a running query, and how it asks it to end. Shared by the
//! query's thread and everyone else.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::progress::Progress;
use super::trigger::Outcome;
use crate::error::Error;
use crate::runtime::{Cancel, CancelReason};

/// `query.status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub message: Cow<'static, str>,
    pub is_data_available: bool,
    pub is_trigger_active: bool,
}

/// How far a query's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `start()` waits for this to be over: listeners are being told.
    Starting,
    Active,
    Ended,
}

#[derive(Debug)]
struct MonitorState {
    status: Status,
    phase: Phase,
    failure: Option<Error>,
    recent: VecDeque<Arc<Progress>>,
    keep: usize,
    /// The number of triggers begun, and of the newest that found nothing to do.
    triggers: u64,
    idle: u64,
}

impl MonitorState {
    fn remember(&mut self, progress: Arc<Progress>) {
        if self.recent.len() >= self.keep {
            self.recent.pop_front();
        }
        self.recent.push_back(progress);
    }
}

/// The shared view of a query.
#[derive(Debug)]
pub struct Monitor {
    state: Mutex<MonitorState>,
    changed: Condvar,
    stopping: AtomicBool,
    /// By the batch's own function.
    stopped_inside: AtomicBool,
    cancel: Cancel,
}

/// Who asks a query to end. Either way the batch that is running is left for replay, unless it gets
/// to its end before it is cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoppedBy {
    /// Another thread: whatever runs is cut short.
    Another,
    /// The function of the batch itself, which goes on undisturbed, and whose batch is not recorded
    /// as done.
    ItsBatch,
}

impl Monitor {
    /// `keep`: how many progress reports are remembered.
    pub fn new(keep: usize, cancel: Cancel) -> Self {
        let status = Status {
            message: "Initializing StreamExecution".into(),
            is_data_available: false,
            is_trigger_active: false,
        };
        Self {
            state: Mutex::new(MonitorState {
                status,
                phase: Phase::Starting,
                failure: None,
                recent: VecDeque::new(),
                keep,
                triggers: 0,
                idle: 0,
            }),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            stopped_inside: AtomicBool::new(false),
            cancel,
        }
    }

    /// Says what the query is doing.
    pub fn message(&self, message: impl Into<Cow<'static, str>>) {
        self.state.lock().status.message = message.into();
    }

    /// `Getting offsets from …`.
    pub fn getting_offsets(&self, source: &str) {
        self.message(format!("Getting offsets from {source}"));
    }

    /// Listeners have heard of the query: `start()` returns.
    pub fn began(&self) {
        self.enter(Phase::Active);
    }

    fn enter(&self, phase: Phase) {
        self.state.lock().phase = phase;
        self.changed.notify_all();
    }

    /// Waits until listeners have heard that the query started.
    pub fn wait_until_begun(&self) {
        self.changed.wait_while(&mut self.state.lock(), |state| state.phase == Phase::Starting);
    }

    /// A trigger begins.
    pub fn trigger_began(&self) {
        let mut state = self.state.lock();
        state.triggers += 1;
        state.status.is_trigger_active = true;
    }

    pub fn data_available(&self, available: bool) {
        self.state.lock().status.is_data_available = available;
    }

    /// A trigger has ended; a batch's report is remembered.
    pub fn trigger_ended(&self, progress: Option<Arc<Progress>>) {
        let mut state = self.state.lock();
        state.status.is_trigger_active = false;
        match progress {
            Some(progress) => state.remember(progress),
            None => state.idle = state.triggers,
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Remembers a report that no batch belongs to: nothing was new.
    pub fn remember(&self, progress: Arc<Progress>) {
        self.state.lock().remember(progress);
    }

    /// The query has ended.
    pub fn ended(&self, failure: Option<Error>, message: impl Into<Cow<'static, str>>) {
        let mut state = self.state.lock();
        state.status = Status { message: message.into(), is_data_available: false, is_trigger_active: false };
        state.failure = failure;
        state.phase = Phase::Ended;
        drop(state);
        self.changed.notify_all();
    }

    /// Asks the query to end. Its thread looks between steps, and wakes from its sleep by the
    /// clock's `wake`.
    pub fn stop(&self, by: StoppedBy) {
        match by {
            StoppedBy::Another => self.cancel.cancel(CancelReason::Stopped),
            StoppedBy::ItsBatch => self.stopped_inside.store(true, Ordering::Release),
        }
        self.stopping.store(true, Ordering::Release);
    }

    pub fn is_stopped_inside(&self) -> bool {
        self.stopped_inside.load(Ordering::Acquire)
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub fn is_active(&self) -> bool {
        self.state.lock().phase != Phase::Ended
    }

    pub fn failure(&self) -> Option<Error> {
        self.state.lock().failure.clone()
    }

    pub fn status(&self) -> Status {
        self.state.lock().status.clone()
    }

    pub fn recent(&self) -> Vec<Arc<Progress>> {
        self.state.lock().recent.iter().cloned().collect()
    }

    pub fn last(&self) -> Option<Arc<Progress>> {
        self.state.lock().recent.back().cloned()
    }

    /// Waits for the end, at most for `timeout`; true when it has come.
    pub fn wait_for_end(&self, timeout: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        self.wait(&mut state, timeout, |state| state.phase != Phase::Ended);
        state.phase == Phase::Ended
    }

    /// The number that a trigger must exceed to have begun after this call.
    pub fn triggers(&self) -> u64 {
        self.state.lock().triggers
    }

    /// Waits until a trigger that began after the `after`-th found nothing to do, or the query
    /// ended; false at the timeout.
    pub fn wait_for_idle(&self, after: u64, timeout: Option<Duration>) -> bool {
        let busy = |state: &mut MonitorState| state.idle <= after && state.phase != Phase::Ended;
        let mut state = self.state.lock();
        self.wait(&mut state, timeout, busy);
        !busy(&mut state)
    }

    fn wait(
        &self,
        state: &mut MutexGuard<'_, MonitorState>,
        timeout: Option<Duration>,
        mut while_: impl FnMut(&mut MonitorState) -> bool,
    ) {
        match timeout {
            None => self.changed.wait_while(state, while_),
            Some(timeout) => {
                self.changed.wait_while_for(state, &mut while_, timeout);
            }
        }
    }
}

impl Outcome {
    /// What a trigger led to, by its report.
    pub fn of(progress: Option<&Arc<Progress>>) -> Self {
        if progress.is_some() { Self::Ran } else { Self::NoData }
    }
}
