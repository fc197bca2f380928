//! Turns: a function that several threads may not enter at once is entered by one after the other.
//!
//! A turn is never held while its holder waits for the engine: a function that runs a query of its
//! own [leaves](step_aside) it meanwhile. So nobody who holds a turn waits for another one.

use std::cell::RefCell;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::Cancel;
use super::function_threads::FunctionThreads;
use crate::error::Result;

/// How often whoever waits looks whether it was asked to end.
pub const LOOK: Duration = Duration::from_millis(50);

/// The right to enter a function.
#[derive(Debug, Default)]
pub struct Turn {
    state: Mutex<TurnState>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct TurnState {
    taken: bool,
    /// Threads that wait. They go before jobs, which would else overtake them without end.
    waiting: usize,
    /// Pools that have jobs for this turn and found it taken.
    queued: Vec<Weak<FunctionThreads>>,
}

/// A turn that is held until this is dropped. `None` once it was given back.
#[derive(Debug)]
pub struct HeldTurn(Option<Arc<Turn>>);

impl Turn {
    /// The turn, if it is free. If it is not, `pool` is asked again once it may be.
    pub(super) fn try_take(self: &Arc<Self>, pool: &Arc<FunctionThreads>) -> Option<HeldTurn> {
        let mut state = self.state.lock();
        if state.taken || state.waiting > 0 {
            state.queued.push(Arc::downgrade(pool));
            return None;
        }
        state.taken = true;
        Some(HeldTurn(Some(Arc::clone(self))))
    }

    /// Waits for the turn, unless `cancel` ends that.
    pub fn take(self: &Arc<Self>, cancel: &Cancel) -> Result<HeldTurn> {
        self.wait(|| cancel.check())
    }

    /// Nobody has the turn; who wants it for a job.
    fn free(&self) -> Vec<Weak<FunctionThreads>> {
        let mut state = self.state.lock();
        state.taken = false;
        let queued = mem::take(&mut state.queued);
        drop(state);
        self.left.notify_one();
        queued
    }

    fn wait(self: &Arc<Self>, ended: impl Fn() -> Result<()>) -> Result<HeldTurn> {
        let mut state = self.state.lock();
        state.waiting += 1;
        let mut result = Ok(());
        while state.taken && result.is_ok() {
            self.left.wait_for(&mut state, LOOK);
            result = ended();
        }
        state.waiting -= 1;
        match result {
            Ok(()) => {
                state.taken = true;
                Ok(HeldTurn(Some(Arc::clone(self))))
            }
            Err(error) => {
                // A job that this wait held up may go on.
                let queued = if state.taken { Vec::new() } else { mem::take(&mut state.queued) };
                drop(state);
                ask(queued);
                Err(error)
            }
        }
    }
}

impl HeldTurn {
    /// Gives the turn back, and asks every pool that wants it but `pool`, which looks itself.
    pub(super) fn give_back_in(mut self, pool: &Arc<FunctionThreads>) {
        let Some(turn) = self.0.take() else { return };
        let mut queued = turn.free();
        queued.retain(|other| !std::ptr::eq(other.as_ptr(), Arc::as_ptr(pool)));
        ask(queued);
    }
}

impl Drop for HeldTurn {
    fn drop(&mut self) {
        if let Some(turn) = self.0.take() {
            ask(turn.free());
        }
    }
}

fn ask(pools: Vec<Weak<FunctionThreads>>) {
    pools.iter().filter_map(Weak::upgrade).for_each(|pool| pool.start());
}

/// Where a thread runs user code: the turn that it holds, and the pool whose room it takes.
#[derive(Debug)]
pub struct Entry {
    turn: Option<Arc<Turn>>,
    held: Mutex<Option<HeldTurn>>,
    /// Its input is pulled by a thread of the function's own, for which its first thread may wait.
    released: AtomicBool,
    pool: Option<Arc<FunctionThreads>>,
}

thread_local! {
    static ENTRY: RefCell<Option<Arc<Entry>>> = const { RefCell::new(None) };
}

/// Gives a thread back what it was inside of.
struct FormerEntry(Option<Arc<Entry>>);

impl Drop for FormerEntry {
    fn drop(&mut self) {
        ENTRY.set(self.0.take());
    }
}

/// Gives an entry's turn back.
struct LeavesTurn<'a>(&'a Entry);

impl Drop for LeavesTurn<'_> {
    fn drop(&mut self) {
        drop(self.0.take_held());
    }
}

impl Entry {
    /// The entry of a job of a pool, which has its turn already.
    pub(super) fn of_job(held: Option<HeldTurn>, pool: &Arc<FunctionThreads>) -> Self {
        let turn = held.as_ref().and_then(|held| held.0.clone());
        Self { turn, held: Mutex::new(held), released: AtomicBool::new(false), pool: Some(Arc::clone(pool)) }
    }

    /// The entry of a function that has a thread of its own.
    pub fn of_thread(turn: Option<Arc<Turn>>) -> Arc<Self> {
        Arc::new(Self { turn, held: Mutex::new(None), released: AtomicBool::new(false), pool: None })
    }

    /// Runs user code inside, once it is its turn.
    pub fn during<T>(self: &Arc<Self>, cancel: &Cancel, work: impl FnOnce() -> T) -> Result<T> {
        self.enter(cancel)?;
        let _leaves = LeavesTurn(self);
        Ok(self.inside(work))
    }

    /// The turn, if it is held still.
    pub(super) fn take_held(&self) -> Option<HeldTurn> {
        let mut held = self.held.lock();
        held.take()
    }

    pub(super) fn inside<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        let _former = FormerEntry(ENTRY.replace(Some(Arc::clone(self))));
        work()
    }

    fn enter(&self, cancel: &Cancel) -> Result<()> {
        if let Some(turn) = self.turn.as_ref().filter(|_| !self.released.load(Ordering::Acquire)) {
            let taken = turn.take(cancel)?;
            let mut held = self.held.lock();
            // Released while this waited?
            *held = (!self.released.load(Ordering::Acquire)).then_some(taken);
        }
        Ok(())
    }

    /// A thread of the function's own waits for the engine, and perhaps the function's first thread
    /// for that one: from now on this entry needs no turn.
    pub fn release(&self) {
        self.released.store(true, Ordering::Release);
        drop(self.take_held());
    }

    /// Whether the calling thread is the one inside.
    pub fn is_here(self: &Arc<Self>) -> bool {
        ENTRY.with_borrow(|entry| entry.as_ref().is_some_and(|entry| Arc::ptr_eq(entry, self)))
    }
}

/// A thread that left its function in order to wait. Dropping this waits until it may go on there.
pub struct SteppedAside(Option<Arc<Entry>>);

/// The function that runs on this thread is about to wait for the engine: others may enter it, and
/// have its room among the threads.
pub fn step_aside() -> SteppedAside {
    let entry = ENTRY.take();
    if let Some(entry) = &entry {
        drop(entry.take_held());
        if let Some(pool) = &entry.pool {
            pool.left();
        }
    }
    SteppedAside(entry)
}

impl SteppedAside {
    /// Whether there is nothing to come back to, so that dropping this waits for nobody.
    pub fn is_nowhere(&self) -> bool {
        self.0.is_none()
    }
}

impl Drop for SteppedAside {
    fn drop(&mut self) {
        let Some(entry) = self.0.take() else { return };
        // Nothing cancels this wait: user code goes on, if only to its end.
        let back = entry.enter(&Cancel::default());
        debug_assert!(back.is_ok(), "nothing cancels a root that nobody else has");
        if let Some(pool) = &entry.pool {
            pool.came_back();
        }
        ENTRY.set(Some(entry));
    }
}
