//! The queries of a session: PySpark's `StreamingQueryManager`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::listener::{Bus, Event, Terminated};
use super::query::StreamingQuery;
use crate::config::Conf;
use crate::error::{Error, Result};
use crate::runtime::Runtime;

/// Knows the queries that run, and which ended last. One a session.
pub struct Manager {
    state: Mutex<ManagedQueries>,
    changed: Condvar,
    bus: Bus,
}

#[derive(Default)]
struct ManagedQueries {
    active: Vec<Arc<StreamingQuery>>,
    /// Since the last [`Manager::reset_terminated`]: what the first query that ended, or the first
    /// that failed, left.
    terminated: Option<Option<Error>>,
}

impl Manager {
    pub fn new(runtime: Runtime) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), bus: Bus::new(runtime) })
    }

    /// The session's listeners.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The queries that run now, in the order in which they started.
    pub fn active(&self) -> Vec<Arc<StreamingQuery>> {
        self.state.lock().active.clone()
    }

    /// A query that runs, by its id.
    pub fn get(&self, id: &str) -> Option<Arc<StreamingQuery>> {
        self.state.lock().active.iter().find(|query| query.id == id).cloned()
    }

    /// Waits until a query has ended since the last reset, at most for `timeout`; true when one
    /// has, the error when it was one.
    pub fn await_any_termination(&self, timeout: Option<Duration>) -> Result<bool> {
        let mut state = self.state.lock();
        match timeout {
            None => self.changed.wait_while(&mut state, |state| state.terminated.is_none()),
            Some(timeout) => {
                self.changed.wait_while_for(&mut state, |state| state.terminated.is_none(), timeout);
            }
        }
        match &state.terminated {
            None => Ok(false),
            Some(None) => Ok(true),
            Some(Some(failure)) => Err(failure.clone()),
        }
    }

    /// Forgets the queries that have ended.
    pub fn reset_terminated(&self) {
        self.state.lock().terminated = None;
    }

    /// Stops every query, and delivers what listeners have yet to hear.
    pub fn close(&self) -> Result<()> {
        let active = self.active();
        active.iter().for_each(|query| query.request_stop());
        let stopped = active.iter().map(|query| query.stop()).fold(Ok(()), Result::and);
        self.bus.close();
        stopped
    }

    /// An error when a running query has this name.
    pub(super) fn check_name(&self, name: Option<&str>) -> Result<()> {
        let taken = |query: &Arc<StreamingQuery>| name.is_some() && query.name.as_deref() == name;
        if !self.state.lock().active.iter().any(taken) {
            return Ok(());
        }
        Err(Error::illegal(format!(
            "Cannot start query with name {} as a query with that name is already active in this SparkSession",
            name.unwrap_or_default()
        )))
    }

    /// A query that runs already under the id of one that starts is stopped, or in its way.
    pub(super) fn make_way(&self, id: &str, conf: &Conf) -> Result<()> {
        let Some(running) = self.get(id) else { return Ok(()) };
        let key = "spark.sql.streaming.stopActiveRunOnRestart";
        if !conf.flag(key)? {
            return Err(Error::runtime(format!(
                "Cannot start query with id {id} as another query with same id is already active. Stop it first, \
                 or set \"{key}\" to true to have it stopped."
            )));
        }
        log::warn!("stopping the run {} of the streaming query {id}, which starts anew", running.run_id);
        running.stop()
    }

    pub(super) fn add(&self, query: Arc<StreamingQuery>) {
        self.state.lock().active.push(query);
    }

    /// A query's thread is done with it.
    pub(super) fn ended(
        &self,
        query: &Arc<StreamingQuery>,
        failure: Option<Error>,
        message: impl Into<Cow<'static, str>>,
    ) {
        let mut state = self.state.lock();
        state.active.retain(|active| !Arc::ptr_eq(active, query));
        if !matches!(state.terminated, Some(Some(_))) && (state.terminated.is_none() || failure.is_some()) {
            state.terminated = Some(failure.clone());
        }
        // Told before whoever waits for the query's end goes on: it may be closing the bus.
        self.bus.post(Event::Terminated(Terminated {
            id: query.id.clone(),
            run_id: query.run_id.clone(),
            failure: failure.clone(),
        }));
        query.monitor.ended(failure, message);
        drop(state);
        self.changed.notify_all();
    }
}
