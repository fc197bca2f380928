//! How many rows a run should have: measured on the rows that come, so that nothing is run twice and nothing is guessed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::Threads;
use crate::clock::{Clock, SystemClock};

/// Where measuring begins: for small models 256 to 1024 rows is best, since a chunk's activations stay in the core's cache.
const FIRST: usize = 256;
const LEAST: usize = 1;
const MOST: usize = 16_384;
/// What is run at one size before it is judged by the mean: so many runs and either so many rows or so long. A mean over as many rows treats
/// sizes alike on a busy machine, where the best of a few runs favours small ones, which are seldom interrupted.
const TRIALS: u32 = 8;
const TRIAL_ROWS: usize = 8192;
const TRIAL_TIME: Duration = Duration::from_millis(200);
/// Another size must be this much better.
const GAIN: f64 = 0.99;
/// Sizes in a row that were no better, after which larger ones are not tried: a model's costs may be level for a while before they fall.
const MISSES: u32 = 2;
/// Runs in a row of other sizes than the one being tried, after which it is given up: record batches may be smaller than that.
const OTHERS: u32 = 32;
/// No chunk should take longer: it holds a core, and a query that wants to stop waits for it.
const LONGEST: Duration = Duration::from_millis(20);
/// What handing a chunk to another thread costs, with room to spare.
const HANDOVER: Duration = Duration::from_micros(50);
/// From here on a single run is worth all cores.
const HEAVY: Duration = Duration::from_millis(1);

/// Finds the best chunk size for one use of a model. It climbs: twice as many rows while that is faster, else half as many.
#[derive(Debug)]
pub struct Tuner {
    clock: Arc<dyn Clock>,
    /// The size to use now.
    size: AtomicUsize,
    /// The best cost of a row seen so far, in picoseconds; 0 is unknown.
    row_cost: AtomicU64,
    search: Mutex<Search>,
    wide: Mutex<Wide>,
}

#[derive(Debug, Default)]
struct Search {
    settled: bool,
    step: Step,
    /// Runs of the size being tried. The first is not counted: what it touches is not in the cache.
    trials: u32,
    rows: usize,
    took: Duration,
    /// The best size and its cost, in seconds a row.
    best: Option<(usize, f64)>,
    /// Sizes tried since then.
    misses: u32,
    /// Runs in a row of other sizes than the one being tried.
    others: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Up,
    Down,
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
            size: AtomicUsize::new(fixed.unwrap_or(FIRST).max(LEAST)),
            row_cost: AtomicU64::new(0),
            search: Mutex::new(Search { settled: fixed.is_some(), ..Search::default() }),
            wide: Mutex::new(Wide::default()),
        }
    }

    /// How many rows a chunk should have now.
    pub fn rows(&self) -> usize {
        self.size.load(Ordering::Relaxed)
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

    pub fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Notes that `rows` rows took from `start` until now on one core.
    pub fn ran(&self, rows: usize, start: Duration) {
        let took = self.clock.monotonic().saturating_sub(start);
        let cost = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).saturating_mul(1000) / rows.max(1) as u64;
        let known = self.row_cost.load(Ordering::Relaxed);
        // A lone row costs more than one of many; what is kept is a running mean that follows the use.
        self.row_cost.store(if known == 0 { cost } else { (known * 7 + cost) / 8 }.max(1), Ordering::Relaxed);
        let Some(mut search) = self.search.try_lock().filter(|search| !search.settled) else { return };
        if rows == self.rows() {
            search.others = 0;
            self.judge(&mut search, rows, took);
        } else if let Some((best, _)) = search.best {
            // Rows do not come in chunks of this size.
            search.others += 1;
            if search.others > OTHERS {
                search.settled = true;
                self.size.store(best, Ordering::Relaxed);
            }
        }
    }

    fn judge(&self, search: &mut Search, rows: usize, took: Duration) {
        search.trials += 1;
        if search.trials == 1 {
            return;
        }
        search.rows += rows;
        search.took += took;
        let enough = search.trials > TRIALS && (search.rows >= TRIAL_ROWS || search.took >= TRIAL_TIME);
        if !enough && took < LONGEST {
            return;
        }
        let cost = search.took.as_secs_f64() / search.rows.max(1) as f64;
        (search.trials, search.rows, search.took) = (0, 0, Duration::ZERO);
        let long = LONGEST.as_secs_f64();
        let better = match search.best {
            None => true,
            // Away from a size that takes too long, even at some cost.
            Some((size, best)) if rows < size && best * size as f64 >= long => cost <= best * 1.25,
            Some((_, best)) => cost < best * GAIN,
        };
        if better {
            search.best = Some((rows, cost));
            search.misses = 0;
        } else {
            search.misses += 1;
        }
        let best = search.best.map_or(rows, |(size, _)| size);
        let too_long = cost * rows as f64 >= long;
        let next = match search.step {
            Step::Up if search.misses < MISSES && !too_long && rows * 2 <= MOST => Some(rows * 2),
            // The steps up were no better, or the first size takes too long already: try the other way.
            Step::Up if best == FIRST => {
                search.step = Step::Down;
                Some(best / 2)
            }
            Step::Down if better => Some(rows / 2),
            _ => None,
        };
        match next.filter(|size| *size >= LEAST) {
            Some(size) => self.size.store(size, Ordering::Relaxed),
            None => {
                search.settled = true;
                self.size.store(best, Ordering::Relaxed);
            }
        }
    }

    /// On how many cores to run rows that make a single chunk.
    pub fn threads_for(&self, rows: usize) -> Threads {
        if self.estimate(rows) < HEAVY {
            return Threads::One;
        }
        let wide = self.wide.lock();
        match (wide.one, wide.all) {
            (None, _) => Threads::One,
            (Some(_), None) => Threads::All,
            (Some(one), Some(all)) => {
                let undecided = wide.trials < 2 * TRIALS && wide.trials.is_multiple_of(2);
                if (one <= all) == undecided { Threads::All } else { Threads::One }
            }
        }
    }

    /// Notes a run that [`Tuner::threads_for`] was asked about.
    pub fn ran_single(&self, rows: usize, threads: Threads, start: Duration) {
        let took = self.clock.monotonic().saturating_sub(start) / u32::try_from(rows).unwrap_or(u32::MAX).max(1);
        if threads == Threads::One {
            self.ran(rows, start);
        }
        if self.estimate(rows) < HEAVY {
            return;
        }
        let mut wide = self.wide.lock();
        wide.trials = wide.trials.saturating_add(1);
        let kept = match threads {
            Threads::One => &mut wide.one,
            Threads::All => &mut wide.all,
        };
        *kept = Some(kept.map_or(took, |best| best.min(took)));
    }
}
