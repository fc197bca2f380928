//! Rows cut into chunks that several threads run: whoever asks works too, where it may, and threads
//! that have nothing else to do help.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::stream::StreamExt;

use super::function_threads::FunctionThreads;
use super::stack::THREAD_STACK;
use super::threads::BlockingThreads;
use super::turn::{LOOK, Turn};
use super::{Cancel, may_block};
use crate::error::{Error, Result};

/// Threads that help with chunks, and how many threads have work for them at present: lanes,
/// callers and the helpers themselves.
pub struct ComputePool {
    pool: rayon::ThreadPool,
    functions: Arc<FunctionThreads>,
    /// With how many threads at work a helper holds back: the cores are shared by all.
    most: usize,
    working: AtomicUsize,
}

/// ChunkRunners runs the chunks.
#[derive(Clone, Debug)]
pub enum ChunkRunners {
    /// The thread that waits for them, if it may block, and helpers.
    Everybody,
    /// Helpers alone, for a thread that may not block.
    Helpers,
    /// Threads for user code, which may do anything: it does not belong on a thread that drives a
    /// plan, nor on a helper, which others wait for. With a turn, one thread after the other.
    Functions(Option<Arc<Turn>>),
}

/// Rows whose chunks are being run.
pub struct SharedChunks<T> {
    crew: Arc<ComputePool>,
    job: Arc<SharedJob<T>>,
    who: ChunkRunners,
    /// How many helpers were called.
    helpers: usize,
    send: UnboundedSender<ChunkResult<T>>,
    parts: UnboundedReceiver<ChunkResult<T>>,
}

/// What came of some of the rows.
struct ChunkResult<T> {
    rows: Range<usize>,
    result: Result<T>,
}

struct SharedJob<T> {
    rows: usize,
    next: AtomicUsize,
    /// How many threads are inside [`SharedJob::run_next`], before they take a chunk and until its result
    /// is sent.
    running: AtomicUsize,
    /// How many chunks there are, as it looked at the beginning.
    chunks: usize,
    chunk_rows: Box<dyn Fn(usize) -> usize + Send + Sync>,
    run: Box<dyn Fn(Range<usize>) -> Result<T> + Send + Sync>,
}

/// Counts a thread among those that have work.
pub struct BusyThread(Arc<ComputePool>);

impl Drop for BusyThread {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ComputePool {
    pub(super) fn new(
        name: &'static str,
        helpers: usize,
        most: usize,
        threads: Arc<BlockingThreads>,
    ) -> Result<Arc<Self>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(helpers.max(1))
            .stack_size(THREAD_STACK)
            .thread_name(move |i| format!("firesteel-{name}-{i}"))
            // Whoever waits for a chunk sees its channel close, and raises that.
            .panic_handler(|_| {})
            .build()
            .map_err(|error| Error::internal(format!("cannot start the threads '{name}': {error}")))?;
        let functions = FunctionThreads::new(threads, most);
        Ok(Arc::new(Self { pool, functions, most, working: AtomicUsize::new(0) }))
    }

    /// This thread has work from now on, until what is returned is dropped.
    pub fn working(self: &Arc<Self>) -> BusyThread {
        self.working.fetch_add(1, Ordering::Relaxed);
        BusyThread(Arc::clone(self))
    }

    /// Cuts `rows` rows into chunks of `chunk_rows`, which is asked before each and told how many
    /// rows are left, and has `run` run them: by helpers from now on, if any have nothing else to
    /// do, and by the thread that [waits](SharedChunks::finish) for them.
    pub fn share<T: Send + 'static>(
        self: &Arc<Self>,
        rows: usize,
        who: ChunkRunners,
        chunk_rows: impl Fn(usize) -> usize + Send + Sync + 'static,
        run: impl Fn(Range<usize>) -> Result<T> + Send + Sync + 'static,
    ) -> SharedChunks<T> {
        let (send, parts) = unbounded();
        let job = SharedJob {
            rows,
            chunks: rows.div_ceil(chunk_rows(rows).max(1)),
            next: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            chunk_rows: Box::new(chunk_rows),
            run: Box::new(run),
        };
        let who = match who {
            ChunkRunners::Everybody if !may_block() => ChunkRunners::Helpers,
            who => who,
        };
        let mut shared = SharedChunks { crew: Arc::clone(self), job: Arc::new(job), who, helpers: 0, send, parts };
        while shared.call_helper() {}
        shared
    }

    fn has_room(&self) -> bool {
        self.working.load(Ordering::Relaxed) < self.most
    }
}

impl<T> SharedJob<T> {
    /// Runs the next chunk; false when there is none, or nobody wants it.
    fn run_next(&self, parts: &UnboundedSender<ChunkResult<T>>) -> bool {
        let _running = Running::count(&self.running);
        let left = self.rows.saturating_sub(self.next.load(Ordering::Relaxed));
        let chunk = (self.chunk_rows)(left).max(1);
        let start = self.next.fetch_add(chunk, Ordering::SeqCst);
        if start >= self.rows || parts.is_closed() {
            return false;
        }
        let rows = start..self.rows.min(start + chunk);
        let result = (self.run)(rows.clone());
        let failed = result.is_err();
        if failed {
            self.next.store(self.rows, Ordering::Relaxed);
        }
        parts.unbounded_send(ChunkResult { rows, result }).is_ok() && !failed
    }
}

impl<T: Send + 'static> SharedChunks<T> {
    /// Waits for the chunks, running those that nobody else runs, and gives what came of all, in
    /// order.
    pub async fn finish(mut self) -> Result<Vec<T>> {
        if matches!(self.who, ChunkRunners::Everybody) {
            while self.job.run_next(&self.send) {
                self.call_helper();
            }
        }
        let Self { job, send, mut parts, .. } = self;
        drop(send);
        let (mut done, mut counted) = (Vec::new(), 0);
        // A helper that has not begun holds the channel open, so parts are counted by rows.
        while counted < job.rows {
            let part = parts.next().await.ok_or_else(|| Error::internal("a thread that computes panicked"))?;
            counted += part.rows.len();
            done.push((part.rows.start, part.result?));
        }
        Ok(in_order(done))
    }

    /// [`SharedChunks::finish`] for functions: once `cancel` asks for the end no chunk begins, and
    /// those that run are waited for. Chunks may wait for a turn that somebody else holds for long.
    /// Needs Tokio's timer.
    pub async fn finish_unless(self, cancel: &Cancel) -> Result<Vec<T>> {
        let Self { job, send, mut parts, .. } = self;
        drop(send);
        let (mut done, mut counted) = (Vec::new(), 0);
        while counted < job.rows {
            match tokio::time::timeout(LOOK, parts.next()).await {
                Ok(part) => {
                    let part = part.ok_or_else(|| Error::internal("a thread that computes panicked"))?;
                    counted += part.rows.len();
                    done.push((part.rows.start, part.result?));
                }
                Err(_) => {
                    if let Err(ended) = cancel.check() {
                        job.next.store(job.rows, Ordering::SeqCst);
                        if job.running.load(Ordering::SeqCst) == 0 {
                            return Err(ended);
                        }
                    }
                }
            }
        }
        Ok(in_order(done))
    }

    /// Calls one helper more, if there is a chunk for it, and a core: where helpers run everything,
    /// theirs are all cores.
    fn call_helper(&mut self) -> bool {
        let cores = match &self.who {
            ChunkRunners::Everybody => self.crew.most.saturating_sub(self.crew.working.load(Ordering::Relaxed).max(1)),
            ChunkRunners::Helpers | ChunkRunners::Functions(None) => self.crew.most,
            ChunkRunners::Functions(Some(_)) => 1,
        };
        if self.helpers >= self.job.chunks.min(cores) {
            return false;
        }
        self.helpers += 1;
        let (crew, job, send) = (Arc::clone(&self.crew), Arc::clone(&self.job), self.send.clone());
        let run = move || {
            let _working = crew.working();
            while job.run_next(&send) {}
        };
        match &self.who {
            ChunkRunners::Functions(turn) => self.crew.functions.run(turn.clone(), run),
            ChunkRunners::Helpers => self.crew.pool.spawn(super::counted(run)),
            ChunkRunners::Everybody => {
                let crew = Arc::clone(&self.crew);
                // Others may have taken up work meanwhile.
                self.crew.pool.spawn(super::counted(move || {
                    if crew.has_room() {
                        run();
                    }
                }));
            }
        }
        true
    }
}

/// Results in the order of their rows.
fn in_order<T>(mut done: Vec<(usize, T)>) -> Vec<T> {
    done.sort_by_key(|(start, _)| *start);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Counts a thread that may be running a chunk.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn count(running: &'a AtomicUsize) -> Self {
        running.fetch_add(1, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
