//! The only place where threads are made. Also time, stopping, and what a thread may do.
//!
//! | file | what is in it |
//! |---|---|
//! | [`threads`], `function_threads` | threads that may block; those that enter user code |
//! | [`share`] | rows cut into chunks that several threads run |
//! | [`turn`] | who may enter a function, one after the other |
//! | [`cancel`] | asking whoever works to end |
//! | [`clock`] | time, which is given and never taken |
//! | [`stack`] | how much stack the walks over what users build may take |
//! | [`crash`] | named points at which the recovery tests kill the process |

mod cancel;
pub mod clock;
pub mod crash;
mod function_threads;
mod share;
pub mod stack;
mod threads;
mod turn;

use std::cell::Cell;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use futures::channel::oneshot;
use parking_lot::{Condvar, Mutex};

pub use self::cancel::{Cancel, CancelReason};
pub use self::share::{BusyThread, ChunkRunners, ComputePool, SharedChunks};
use self::threads::BlockingThreads;
pub use self::turn::{Entry, LOOK, SteppedAside, Turn, step_aside};
use crate::error::{Context, Error, Result, panicked};

thread_local! {
    static MAY_BLOCK: Cell<bool> = const { Cell::new(true) };
}

/// Whether this thread may block and compute for long. Those on which Tokio drives tasks may not;
/// those of queries and lanes, which drive futures too, may.
pub fn may_block() -> bool {
    MAY_BLOCK.get()
}

/// How many cores this process may use.
pub fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, NonZero::get))
}

/// How much of what this process's runtimes began on threads is not done.
static LIVE: Live = Live { count: Mutex::new(0), done: Condvar::new() };

struct Live {
    count: Mutex<usize>,
    done: Condvar,
}

/// Held by what runs on a thread.
struct Lively;

impl Drop for Lively {
    fn drop(&mut self) {
        *LIVE.count.lock() -= 1;
        LIVE.done.notify_all();
    }
}

/// `work`, counted among what is not done from now on, until it is.
fn counted<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    *LIVE.count.lock() += 1;
    let lively = Lively;
    move || {
        let _lively = lively;
        work()
    }
}

/// Waits until nothing runs on any thread, at most for `patience`; false when something still does.
pub fn wait_until_idle(patience: Duration) -> bool {
    let mut count = LIVE.count.lock();
    !LIVE.done.wait_while_for(&mut count, |count| *count > 0, patience).timed_out()
}

/// Threads that help whoever computes outside a session (`Model.predict`): one fewer than there are
/// cores, since the caller works too.
pub fn helpers() -> Result<&'static Arc<ComputePool>> {
    static HELPERS: OnceLock<Result<Arc<ComputePool>>> = OnceLock::new();
    HELPERS
        .get_or_init(|| ComputePool::new("helper", cores().saturating_sub(1), cores(), Arc::default()))
        .as_ref()
        .map_err(Clone::clone)
}

/// A session's threads, shared by everything in it. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<RuntimeInner>);

struct RuntimeInner {
    /// For what may block: lanes, which wait for each other's rows, so that one without a thread
    /// would keep the others waiting.
    threads: Arc<BlockingThreads>,
    tokio: tokio::runtime::Runtime,
    compute: Arc<ComputePool>,
    lanes: usize,
}

impl Runtime {
    /// A runtime with `lanes` compute threads and as many Tokio workers.
    pub fn new(lanes: usize) -> Result<Self> {
        let lanes = lanes.max(1);
        stack::prepare();
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(lanes)
            .thread_name("firesteel-io")
            .thread_stack_size(stack::THREAD_STACK)
            .on_thread_start(|| MAY_BLOCK.set(false))
            .enable_time()
            .build()
            .context(|| "starting the I/O threads".into())?;
        let threads = Arc::default();
        let compute = ComputePool::new("compute", lanes, lanes, Arc::clone(&threads))?;
        Ok(Self(Arc::new(RuntimeInner { threads, tokio, compute, lanes })))
    }

    /// How many lanes a plan has, `local[n]`'s n.
    pub fn lanes(&self) -> usize {
        self.0.lanes
    }

    pub fn io(&self) -> &tokio::runtime::Handle {
        self.0.tokio.handle()
    }

    /// The threads that compute.
    pub fn compute(&self) -> &Arc<ComputePool> {
        &self.0.compute
    }

    /// Runs `work` on a thread where it may block, from now on; the future is what came of it, and
    /// an error if it panicked.
    pub fn blocking<T, W>(&self, work: W) -> impl Future<Output = Result<T>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let runtime = self.clone();
        let job = counted(move || {
            // The runtime lives while something runs on its threads; nobody need wait for what came
            // of it.
            let _runtime = runtime;
            let _ = send.send(catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panicked(panic.as_ref())));
        });
        let started = self.0.threads.run(Box::new(job));
        async move {
            started?;
            receive.await.map_err(|_| Error::internal("a thread ended without a result"))?
        }
    }

    /// Runs a lane to its end on a thread of its own, where sources may read, functions compute and
    /// sinks write.
    pub fn lane<T, F>(&self, lane: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (io, crew) = (self.io().clone(), Arc::clone(self.compute()));
        let done = self.blocking(move || {
            let _working = crew.working();
            io.block_on(lane)
        });
        async move { done.await? }
    }

    /// Runs a future on this thread, which must neither be one of Tokio's nor drive a future
    /// already, as a lane's does.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.tokio.block_on(future)
    }

    /// A thread of its own, for what pulls: a query, an iterator function, a Python writer.
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>> {
        thread(name, work)
    }
}

/// [`Runtime::thread`] for what has no session, as `Model.load` has none.
pub fn thread<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    let builder = Builder::new().name(name.to_owned()).stack_size(stack::THREAD_STACK);
    builder.spawn(counted(work)).context(|| format!("starting the thread '{name}'"))
}
