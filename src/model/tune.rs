//! How many rows a run should have, and on how many cores: measured on the rows that come, so that
//! nothing is run twice and nothing is guessed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::SessionThreads;
use super::climb::{Climb, FIRST};
use crate::runtime::clock::{Clock, SystemClock};

/// What handing a chunk to another thread costs, with room to spare.
const HANDOVER: Duration = Duration::from_micros(50);
/// From here on a single run is worth all cores.
const HEAVY: Duration = Duration::from_millis(1);
/// How often one core and all are tried in turn.
const TRIALS: u32 = 8;

/// Finds the best chunk size for one use of a model, and whether a lone chunk is better run on all
/// cores.
#[derive(Debug)]
pub struct Tuner {
    clock: Arc<dyn Clock>,
    /// The best size so far.
    best: AtomicUsize,
    settled: AtomicBool,
    climb: Mutex<Climb>,
    /// What a row costs, a running mean in picoseconds; 0 is unknown.
    row_cost: AtomicU64,
    wide: Mutex<Wide>,
}

/// When a run began: by the clock, and by its thread's time on a core.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    wall: Duration,
    core: Duration,
}

/// Whether few rows are better run on one core or on all.
#[derive(Debug, Default)]
struct Wide {
    one: Option<Duration>,
    all: Option<Duration>,
    trials: u32,
}

impl Tuner {
    /// Searches, unless the size is given.
    pub fn new(fixed: Option<usize>) -> Self {
        Self::with_clock(fixed, Arc::new(SystemClock::default()))
    }

    pub fn with_clock(fixed: Option<usize>, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            best: AtomicUsize::new(fixed.unwrap_or(FIRST).max(1)),
            settled: AtomicBool::new(fixed.is_some()),
            climb: Mutex::default(),
            row_cost: AtomicU64::new(0),
            wide: Mutex::default(),
        }
    }

    /// How many rows the next chunk should have, of `available` ones that come at once.
    pub fn rows(&self, available: usize) -> usize {
        if self.settled.load(Ordering::Relaxed) {
            return self.best();
        }
        self.climb.try_lock().map_or_else(|| self.best(), |mut climb| climb.rows(available))
    }

    /// The best size so far.
    pub fn best(&self) -> usize {
        self.best.load(Ordering::Relaxed)
    }

    /// How long so many rows will take on one core; zero before anything was measured.
    pub fn estimate(&self, rows: usize) -> Duration {
        Duration::from_nanos(self.row_cost.load(Ordering::Relaxed).saturating_mul(rows as u64) / 1000)
    }

    /// Rows that are not worth another thread.
    pub fn handover_rows(&self) -> usize {
        match self.row_cost.load(Ordering::Relaxed) {
            0 => 64,
            cost => usize::try_from(HANDOVER.as_nanos() as u64 * 1000 / cost).unwrap_or(usize::MAX),
        }
    }

    /// Before a run, on its thread.
    pub fn start(&self) -> Start {
        Start { wall: self.clock.monotonic(), core: self.clock.thread_time() }
    }

    /// Notes that `rows` rows were run from `start` until now on this thread alone. Only its time
    /// on a core counts: on a busy machine large chunks are interrupted and small ones seldom are.
    pub fn ran(&self, rows: usize, start: Start) {
        let took = self.clock.thread_time().saturating_sub(start.core);
        let cost = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).saturating_mul(1000) / rows.max(1) as u64;
        let known = self.row_cost.load(Ordering::Relaxed);
        // A lone row costs more than one of many; what is kept is a running mean that follows the
        // use.
        self.row_cost.store(if known == 0 { cost } else { (known * 7 + cost) / 8 }.max(1), Ordering::Relaxed);
        if self.settled.load(Ordering::Relaxed) {
            return;
        }
        if let Some(mut climb) = self.climb.try_lock() {
            climb.ran(rows, took);
            self.best.store(climb.best(), Ordering::Relaxed);
            self.settled.store(climb.is_settled(), Ordering::Relaxed);
        }
    }

    /// On how many cores to run rows that make a single chunk.
    pub fn threads_for(&self, rows: usize) -> SessionThreads {
        if self.estimate(rows) < HEAVY {
            return SessionThreads::One;
        }
        let wide = self.wide.lock();
        match (wide.one, wide.all) {
            (None, _) => SessionThreads::One,
            (Some(_), None) => SessionThreads::All,
            (Some(one), Some(all)) => {
                let undecided = wide.trials < 2 * TRIALS && wide.trials.is_multiple_of(2);
                if (one <= all) == undecided { SessionThreads::All } else { SessionThreads::One }
            }
        }
    }

    /// Notes a run on one core or on all.
    pub fn ran_single(&self, rows: usize, threads: SessionThreads, start: Start) {
        let took = self.clock.monotonic().saturating_sub(start.wall) / u32::try_from(rows).unwrap_or(u32::MAX).max(1);
        if threads == SessionThreads::One {
            self.ran(rows, start);
        }
        if self.estimate(rows) < HEAVY {
            return;
        }
        let mut wide = self.wide.lock();
        wide.trials = wide.trials.saturating_add(1);
        let kept = match threads {
            SessionThreads::One => &mut wide.one,
            SessionThreads::All => &mut wide.all,
        };
        *kept = Some(kept.map_or(took, |best| best.min(took)));
    }
}
