//! Threads for what may block. The one that fell idle last works next: it has the warmest cache,
//! and those that nobody needs any more end. Tokio's threads for blocking work take turns, so that
//! as many stay as were ever needed at once.

use std::mem;
use std::sync::{Arc, Weak};
use std::thread::Builder;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::stack::THREAD_STACK;
use crate::error::{Context, Result};

/// How long a thread waits for work before it ends.
const SPARE: Duration = Duration::from_secs(10);

/// It does not panic: who makes it catches that, and says so where its result is waited for.
type Job = Box<dyn FnOnce() + Send>;

/// The threads, as many as have work and some to spare. When this is dropped they end, each when
/// its work is done.
#[derive(Default)]
pub struct BlockingThreads {
    /// Those without work, the one that fell idle last at the end.
    idle: Mutex<Vec<Arc<IdleThread>>>,
}

/// Where a thread finds its next job.
#[derive(Default)]
struct IdleThread {
    job: Mutex<Option<Job>>,
    put: Condvar,
}

impl IdleThread {
    fn put(&self, job: Job) {
        *self.job.lock() = Some(job);
        self.put.notify_one();
    }
}

impl BlockingThreads {
    /// Runs a job on a thread that has no other, now.
    pub fn run(self: &Arc<Self>, job: Job) -> Result<()> {
        let idle = self.idle.lock().pop();
        if let Some(desk) = idle {
            desk.put(job);
            return Ok(());
        }
        let threads = Arc::downgrade(self);
        let name = "firesteel-lane";
        let builder = Builder::new().name(name.to_owned()).stack_size(THREAD_STACK);
        let started = builder.spawn(move || work(&threads, job));
        started.map(drop).context(|| format!("starting the thread '{name}'"))
    }

    /// Whether the thread of this desk leaves: not when it is about to be given a job.
    fn leaves(&self, desk: &Arc<IdleThread>) -> bool {
        let mut idle = self.idle.lock();
        let at = idle.iter().position(|other| Arc::ptr_eq(other, desk));
        at.map(|at| idle.remove(at)).is_some()
    }
}

impl Drop for BlockingThreads {
    fn drop(&mut self) {
        for desk in mem::take(self.idle.get_mut()) {
            desk.put(Box::new(|| {}));
        }
    }
}

/// A thread's life: the first job, and those that it finds on its desk.
fn work(threads: &Weak<BlockingThreads>, first: Job) {
    let desk = Arc::new(IdleThread::default());
    let mut job = first;
    loop {
        job();
        let Some(all) = threads.upgrade() else { return };
        all.idle.lock().push(Arc::clone(&desk));
        drop(all);
        let mut next = desk.job.lock();
        job = loop {
            if let Some(job) = next.take() {
                break job;
            }
            if desk.put.wait_for(&mut next, SPARE).timed_out() && next.is_none() {
                drop(next);
                if threads.upgrade().is_none_or(|all| all.leaves(&desk)) {
                    return;
                }
                next = desk.job.lock();
            }
        };
    }
}
