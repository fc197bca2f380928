//! The best chunk size, found by climbing: twice as many rows while a row then costs less, else
//! half as many.
//!
//! The best size so far and the one being tried run in turn, so that a machine that becomes slower
//! meanwhile makes both slower; each for a while, since what one size leaves in a core's cache does
//! not serve the other.

use std::time::Duration;

/// Where measuring begins: for small models 256 to 1024 rows is best, since a chunk's activations
/// stay in the core's cache.
pub const FIRST: usize = 256;
const LEAST: usize = 1;
const MOST: usize = 16_384;
/// How many rows a size runs in its turn, in a few runs at least.
const TURN_ROWS: usize = 8192;
const TURN_RUNS: u32 = 4;
/// The first runs of a turn are not counted: on each of two cores the first finds what the other
/// size left.
const UNCOUNTED: u32 = 2;
/// After so many turns, or so much time, a size is judged by the mean of its runs.
const TURNS: u32 = 4;
const TRIAL_TIME: Duration = Duration::from_millis(50);
/// A smaller size must be this much better; a larger one only better at all.
const GAIN: f64 = 0.995;
/// Chunks of a size that come at once where it is tried.
const SEVERAL: usize = 4;
/// Sizes in a row that were no better, after which larger ones are not tried: a model's costs may
/// be level for a while before they fall.
const MISSES: u32 = 2;
/// No chunk should take longer: it holds a core, and a query that wants to stop waits for it.
const LONGEST: Duration = Duration::from_millis(20);
/// A size that takes so long is left for half of it even at this cost.
const HASTE: f64 = 1.25;

/// The search.
#[derive(Debug)]
pub struct Climb {
    best: Size,
    tried: Option<Size>,
    /// Whose turn it is, while one is tried.
    turn: ClimbTurn,
    step: SizeStep,
    /// Sizes tried since the best one.
    misses: u32,
    /// Runs do not count while too few rows come at once for the size that is tried.
    paused: bool,
    settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClimbTurn {
    Best,
    Tried,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SizeStep {
    Up,
    Down,
}

/// A size and what its runs took.
#[derive(Debug)]
struct Size {
    rows: usize,
    /// Turns that are over, and runs of this one.
    turns: u32,
    runs: u32,
    counted: usize,
    took: Duration,
}

impl Size {
    fn new(rows: usize) -> Self {
        Self { rows, turns: 0, runs: 0, counted: 0, took: Duration::ZERO }
    }

    /// Notes a run; whether its turn is over.
    fn ran(&mut self, took: Duration) -> bool {
        self.runs += 1;
        if self.runs > UNCOUNTED || took >= LONGEST {
            self.counted += self.rows;
            self.took += took;
        }
        let counted = self.runs.saturating_sub(UNCOUNTED);
        let over = self.is_long() || (counted >= TURN_RUNS && counted as usize * self.rows >= TURN_ROWS);
        if over {
            self.turns += 1;
            self.runs = 0;
        }
        over
    }

    /// Seconds a row.
    fn cost(&self) -> f64 {
        self.took.as_secs_f64() / self.counted.max(1) as f64
    }

    fn is_long(&self) -> bool {
        self.cost() * self.rows as f64 >= LONGEST.as_secs_f64()
    }

    fn is_measured(&self) -> bool {
        self.is_long() || self.turns >= TURNS || (self.turns > 0 && self.took >= TRIAL_TIME)
    }
}

impl Default for Climb {
    fn default() -> Self {
        Self {
            best: Size::new(FIRST),
            tried: None,
            turn: ClimbTurn::Best,
            step: SizeStep::Up,
            misses: 0,
            paused: false,
            settled: false,
        }
    }
}

impl Climb {
    /// How many rows the next chunk should have, of `available` ones that come at once. A size
    /// beyond the first is tried where several chunks of it come: what few rows cost says little
    /// about many.
    pub fn rows(&mut self, available: usize) -> usize {
        self.paused = self.tried.as_ref().is_some_and(|tried| tried.rows > FIRST && tried.rows * SEVERAL > available);
        match &self.tried {
            Some(tried) if self.turn == ClimbTurn::Tried && !self.paused => tried.rows,
            _ => self.best.rows,
        }
    }

    /// The best size so far.
    pub fn best(&self) -> usize {
        self.best.rows
    }

    /// Whether the search is over.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Notes what a run of `rows` rows took.
    pub fn ran(&mut self, rows: usize, took: Duration) {
        let (size, next) = match (&mut self.tried, self.turn) {
            (Some(tried), ClimbTurn::Tried) => (tried, ClimbTurn::Best),
            _ => (&mut self.best, ClimbTurn::Tried),
        };
        if self.settled || self.paused || size.rows != rows || !size.ran(took) {
            return;
        }
        if !(next == ClimbTurn::Best && self.best.is_long()) {
            self.turn = next;
        }
        if !self.best.is_measured() {
            return;
        }
        match self.tried.take_if(|tried| tried.is_measured()) {
            Some(tried) => self.judge(tried),
            None if self.tried.is_some() => {}
            None if self.best.is_long() => self.turn_down(),
            None => self.go_on(Some(2 * FIRST)),
        }
    }

    fn judge(&mut self, tried: Size) {
        let wanted = match self.step {
            SizeStep::Up => 1.0,
            SizeStep::Down if self.best.is_long() => HASTE,
            SizeStep::Down => GAIN,
        };
        let (rows, is_long) = (tried.rows, tried.is_long());
        let better = tried.cost() < self.best.cost() * wanted && !(self.step == SizeStep::Up && is_long);
        if better {
            (self.best, self.misses) = (tried, 0);
        } else {
            self.misses += 1;
        }
        match self.step {
            SizeStep::Up if self.misses < MISSES && !is_long => self.go_on(Some(rows * 2)),
            SizeStep::Up if self.best.rows == FIRST => self.turn_down(),
            SizeStep::Up => self.go_on(None),
            SizeStep::Down => self.go_on(better.then_some(rows / 2)),
        }
    }

    /// The steps up were no better, or the first size takes too long already.
    fn turn_down(&mut self) {
        self.step = SizeStep::Down;
        self.go_on(Some(FIRST / 2));
    }

    /// Tries another size, or ends.
    fn go_on(&mut self, next: Option<usize>) {
        self.tried = next.filter(|rows| (LEAST..=MOST).contains(rows)).map(Size::new);
        self.turn = ClimbTurn::Tried;
        self.settled = self.tried.is_none();
        if !self.best.is_long() {
            self.best = Size::new(self.best.rows);
        }
    }
}
