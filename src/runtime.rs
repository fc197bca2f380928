//! The only place where threads are made: one a query, Tokio for I/O and plans, rayon for compute.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Context, Error, Result};

thread_local! {
    static ON_IO_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is one of Tokio's threads, where nothing may block or compute for long. A query's own thread, which also drives
/// futures, is not.
pub fn on_io_thread() -> bool {
    ON_IO_THREAD.get()
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

/// Threads that help whoever computes outside a session (`Model.predict`): one fewer than there are cores, since the caller works too.
pub fn helpers() -> Result<&'static rayon::ThreadPool> {
    static HELPERS: OnceLock<Result<rayon::ThreadPool>> = OnceLock::new();
    HELPERS
        .get_or_init(|| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(cores().saturating_sub(1).max(1))
                .thread_name(|i| format!("firesteel-helper-{i}"))
                .panic_handler(|_| {})
                .build()
                .map_err(|error| Error::internal(format!("cannot start the helper threads: {error}")))
        })
        .as_ref()
        .map_err(Clone::clone)
}

/// The process's threads, shared by everything in a session. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    tokio: tokio::runtime::Runtime,
    compute: rayon::ThreadPool,
    lanes: usize,
}

impl Runtime {
    /// A runtime with `lanes` compute threads and as many Tokio workers.
    pub fn new(lanes: usize) -> Result<Self> {
        let lanes = lanes.max(1);
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(lanes)
            .thread_name("firesteel-io")
            .on_thread_start(|| ON_IO_THREAD.set(true))
            .enable_time()
            .build()
            .context(|| "starting the I/O threads".into())?;
        let compute = rayon::ThreadPoolBuilder::new()
            .num_threads(lanes)
            .thread_name(|i| format!("firesteel-compute-{i}"))
            // Whoever waits for the task sees its channel close, and raises that.
            .panic_handler(|_| {})
            .build()
            .map_err(|error| Error::internal(format!("cannot start the compute threads: {error}")))?;
        Ok(Self(Arc::new(Inner { tokio, compute, lanes })))
    }

    /// How many lanes a plan has, `local[n]`'s n.
    pub fn lanes(&self) -> usize {
        self.0.lanes
    }

    pub fn io(&self) -> &tokio::runtime::Handle {
        self.0.tokio.handle()
    }

    pub fn compute(&self) -> &rayon::ThreadPool {
        &self.0.compute
    }

    /// Runs `work` on a thread where it may block.
    pub fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> tokio::task::JoinHandle<T> {
        self.io().spawn_blocking(counted(work))
    }

    /// Runs a future on this thread, which must not be one of Tokio's.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.tokio.block_on(future)
    }

    /// Runs `work` on a compute thread without blocking the task that waits for it.
    pub async fn on_compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.start_compute(work).await
    }

    /// Like [`Runtime::on_compute`], and begins at once. Work whose future has been dropped before a thread is free is not done.
    pub fn start_compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.0.compute.spawn(counted(move || {
            if !send.is_closed() {
                let _ = send.send(work());
            }
        }));
        async move { receive.await.map_err(|_| Error::internal("a compute task panicked")) }
    }

    /// A thread of its own, for what pulls: a query, an iterator function, a Python writer.
    pub fn thread<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>> {
        Builder::new().name(name.to_owned()).spawn(counted(work)).context(|| format!("starting the thread '{name}'"))
    }
}
