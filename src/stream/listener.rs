//! Who is told of a session's queries: `StreamingQueryListener`.
//!
//! That a query starts is told before `start()` returns, on the query's thread. Everything else
//! goes through one queue to one thread of its own, so a slow listener holds up no query; when the
//! queue is full, events are dropped and the log says so, as in Spark.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::ThreadId;

use parking_lot::Mutex;

use super::progress::Progress;
use crate::error::{Error, Result};
use crate::runtime::Runtime;

/// What a listener of the session hears. What it raises is its own affair: it must not unwind.
pub trait Listener: Send + Sync {
    fn started(&self, event: &QueryStarted);
    fn progressed(&self, progress: &Progress);
    fn idle(&self, event: &Idle);
    fn terminated(&self, event: &Terminated);
}

/// A query has started.
#[derive(Clone, Debug)]
pub struct QueryStarted {
    pub id: String,
    pub run_id: String,
    pub name: Option<String>,
    pub at_ms: i64,
}

/// A query had nothing to do for `spark.sql.streaming.noDataProgressEventInterval`.
#[derive(Clone, Debug)]
pub struct Idle {
    pub id: String,
    pub run_id: String,
    pub at_ms: i64,
}

/// A query has ended.
#[derive(Clone, Debug)]
pub struct Terminated {
    pub id: String,
    pub run_id: String,
    pub failure: Option<Error>,
}

/// What the queue holds.
#[derive(Clone, Debug)]
pub enum Event {
    Progress(Arc<Progress>),
    Idle(Idle),
    Terminated(Terminated),
}

enum Posted {
    Event(Event),
    /// Everything before was delivered.
    Settled(SyncSender<()>),
}

/// A listener's place in the bus, by which it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// As many events wait at most, as in Spark.
const QUEUE: usize = 10_000;

/// The listeners of a session.
pub struct Bus {
    runtime: Runtime,
    listeners: Arc<Mutex<Vec<(ListenerId, Arc<dyn Listener>)>>>,
    /// Made with the first listener.
    queue: Mutex<Option<SyncSender<Posted>>>,
    next: Mutex<u64>,
    dropped: AtomicBool,
    /// The thread on which listeners are told.
    thread: Mutex<Option<ThreadId>>,
}

impl Bus {
    pub fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            listeners: Arc::default(),
            queue: Mutex::default(),
            next: Mutex::default(),
            dropped: AtomicBool::new(false),
            thread: Mutex::default(),
        }
    }

    /// Adds a listener; it hears what is posted from now on.
    pub fn add(&self, listener: Arc<dyn Listener>) -> Result<ListenerId> {
        let mut queue = self.queue.lock();
        if queue.is_none() {
            let (send, receive) = sync_channel(QUEUE);
            let listeners = Arc::clone(&self.listeners);
            let thread = self.runtime.thread("firesteel-listeners", move || deliver(&receive, &listeners))?;
            *self.thread.lock() = Some(thread.thread().id());
            *queue = Some(send);
        }
        let mut next = self.next.lock();
        *next += 1;
        let id = ListenerId(*next);
        self.listeners.lock().push((id, listener));
        Ok(id)
    }

    pub fn remove(&self, id: ListenerId) {
        self.listeners.lock().retain(|(listener, _)| *listener != id);
    }

    /// Tells every listener at once, on this thread.
    pub fn started(&self, event: &QueryStarted) {
        for listener in snapshot(&self.listeners) {
            listener.started(event);
        }
    }

    /// Tells every listener soon, on the bus's thread.
    pub fn post(&self, event: Event) {
        if self.listeners.lock().is_empty() {
            return;
        }
        let queue = self.queue.lock().clone();
        if let Some(queue) = queue
            && let Err(TrySendError::Full(_)) = queue.try_send(Posted::Event(event))
            && !self.dropped.swap(true, Ordering::Relaxed)
        {
            log::warn!("a listener of streaming queries is too slow: events are dropped");
        }
    }

    /// Whether this is the thread on which listeners are told: it must not wait for itself.
    pub fn is_own_thread(&self) -> bool {
        *self.thread.lock() == Some(std::thread::current().id())
    }

    /// Waits until what was posted so far is delivered. Not from a listener.
    pub fn settle(&self) {
        let queue = self.queue.lock().clone();
        let (send, receive) = sync_channel(1);
        if let Some(queue) = queue
            && queue.send(Posted::Settled(send)).is_ok()
        {
            let _ = receive.recv();
        }
    }

    /// Ends the bus's thread once it has delivered everything.
    pub fn close(&self) {
        self.settle();
        self.queue.lock().take();
    }
}

fn snapshot(listeners: &Mutex<Vec<(ListenerId, Arc<dyn Listener>)>>) -> Vec<Arc<dyn Listener>> {
    listeners.lock().iter().map(|(_, listener)| Arc::clone(listener)).collect()
}

fn deliver(queue: &Receiver<Posted>, listeners: &Mutex<Vec<(ListenerId, Arc<dyn Listener>)>>) {
    for posted in queue {
        let event = match posted {
            Posted::Event(event) => event,
            Posted::Settled(waiting) => {
                let _ = waiting.send(());
                continue;
            }
        };
        for listener in snapshot(listeners) {
            match &event {
                Event::Progress(progress) => listener.progressed(progress),
                Event::Idle(idle) => listener.idle(idle),
                Event::Terminated(terminated) => listener.terminated(terminated),
            }
        }
    }
}
