//! Threads for user code: as many run at once as there are lanes, and others when those wait.
//!
//! A job that [steps aside](super::turn::step_aside) gives its room to another. So what a function
//! itself asks the engine for always has a thread, on one lane, too.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parking_lot::Mutex;

use super::threads::BlockingThreads;
use super::turn::{Entry, HeldTurn, Turn};

type FunctionWork = Box<dyn FnOnce() + Send>;

/// The threads of a runtime that run functions, and the jobs that wait for one.
pub struct FunctionThreads {
    threads: Arc<BlockingThreads>,
    most: usize,
    state: Mutex<FunctionJobs>,
}

#[derive(Default)]
struct FunctionJobs {
    queue: VecDeque<FunctionJob>,
    /// How many threads run one, those aside that wait for something else.
    running: usize,
}

/// Part of a function's rows.
struct FunctionJob {
    turn: Option<Arc<Turn>>,
    work: FunctionWork,
}

/// A job whose turn it is.
struct Ready {
    held: Option<HeldTurn>,
    work: FunctionWork,
}

impl fmt::Debug for FunctionThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionThreads").field("most", &self.most).finish_non_exhaustive()
    }
}

impl FunctionThreads {
    pub(super) fn new(threads: Arc<BlockingThreads>, most: usize) -> Arc<Self> {
        Arc::new(Self { threads, most: most.max(1), state: Mutex::default() })
    }

    /// Runs `work`, once there is room and it has its turn.
    pub fn run(self: &Arc<Self>, turn: Option<Arc<Turn>>, work: impl FnOnce() + Send + 'static) {
        self.state.lock().queue.push_back(FunctionJob { turn, work: Box::new(work) });
        self.start();
    }

    /// Starts the next job that may run, if there is one and room for it.
    pub(super) fn start(self: &Arc<Self>) {
        let Some(job) = self.next(Room::Taken) else { return };
        let pool = Arc::clone(self);
        let started = self.threads.run(Box::new(super::counted(move || pool.work(job))));
        if let Err(error) = started {
            // The job is gone, and whoever waits for its rows is told so by their channel.
            log::error!("a function does not run: {error}");
            self.state.lock().running -= 1;
        }
    }

    fn work(self: &Arc<Self>, job: Ready) {
        let mut next = Some(job);
        while let Some(Ready { held, work }) = next {
            let entry = Arc::new(Entry::of_job(held, self));
            // Whoever waits for the rows of a job that panics sees their channel close, and raises
            // that.
            let _ = catch_unwind(AssertUnwindSafe(|| entry.inside(work)));
            if let Some(held) = entry.take_held() {
                held.give_back_in(self);
            }
            next = self.next(Room::Mine);
            if next.is_some() {
                // This thread may have passed over a job whose turn came only now.
                self.start();
            }
        }
    }

    /// The first job that may run. The room for it is taken anew, or the caller's, which is given
    /// back where there is no job for it.
    fn next(self: &Arc<Self>, room: Room) -> Option<Ready> {
        let mut state = self.state.lock();
        let mine = usize::from(room == Room::Mine);
        let found = if state.running - mine < self.most { self.take(&mut state) } else { None };
        state.running = state.running - mine + usize::from(found.is_some());
        found
    }

    fn take(self: &Arc<Self>, state: &mut FunctionJobs) -> Option<Ready> {
        // A turn is asked for once, however many jobs wait for it.
        let mut busy: Vec<*const Turn> = Vec::new();
        let mut found = None;
        for (at, job) in state.queue.iter().enumerate() {
            let Some(turn) = &job.turn else {
                found = Some((at, None));
                break;
            };
            if busy.contains(&Arc::as_ptr(turn)) {
                continue;
            }
            match turn.try_take(self) {
                Some(held) => {
                    found = Some((at, Some(held)));
                    break;
                }
                None => busy.push(Arc::as_ptr(turn)),
            }
        }
        let (at, held) = found?;
        state.queue.remove(at).map(|job| Ready { held, work: job.work })
    }

    /// A job waits for something else.
    pub(super) fn left(self: &Arc<Self>) {
        self.state.lock().running -= 1;
        self.start();
    }

    /// It goes on, at once: it may hold what others wait for.
    pub(super) fn came_back(&self) {
        self.state.lock().running += 1;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Taken,
    Mine,
}
