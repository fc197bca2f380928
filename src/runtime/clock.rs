//! Time is given, never taken: the system's clock in production, a manual one in tests, which
//! therefore never wait.

use std::fmt::Debug;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};
use rustix::time::{ClockId, clock_gettime};

/// Where time comes from.
pub trait Clock: Send + Sync + Debug {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;
    /// A monotonic reading, for durations.
    fn monotonic(&self) -> Duration;
    /// How long the calling thread has had a core, for costs: those are the same however many
    /// threads want the cores.
    fn thread_time(&self) -> Duration;
    /// Sleeps for `wait`, or until [`Clock::wake`] is called by another thread.
    fn sleep(&self, wait: Duration) {
        self.sleep_unless(wait, &|| false);
    }

    /// [`Clock::sleep`], unless `ended` holds already. Whoever makes `ended` true and then calls
    /// [`Clock::wake`] is never slept through.
    fn sleep_unless(&self, wait: Duration, ended: &dyn Fn() -> bool);

    /// Ends every sleep in progress.
    fn wake(&self);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    waiting: Mutex<u64>,
    woken: Condvar,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { started: now(), waiting: Mutex::new(0), woken: Condvar::new() }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        i64::try_from(epoch().as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn thread_time(&self) -> Duration {
        clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
    }

    fn sleep_unless(&self, wait: Duration, ended: &dyn Fn() -> bool) {
        let mut wakes = self.waiting.lock();
        if ended() {
            return;
        }
        let seen = *wakes;
        self.woken.wait_while_for(&mut wakes, |wakes| *wakes == seen, wait);
    }

    fn wake(&self) {
        *self.waiting.lock() += 1;
        self.woken.notify_all();
    }
}

/// A clock that a test moves by hand. A sleep ends when the clock has been moved past its end.
#[derive(Debug, Default)]
pub struct ManualClock {
    state: Mutex<Manual>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Manual {
    now: Duration,
    wakes: u64,
    sleepers: usize,
}

impl ManualClock {
    /// A clock that stands at `ms` milliseconds after the epoch.
    pub fn at(ms: u64) -> Self {
        Self {
            state: Mutex::new(Manual { now: Duration::from_millis(ms), ..Manual::default() }),
            moved: Condvar::new(),
        }
    }

    /// Moves the clock forward and ends the sleeps that are over.
    pub fn advance(&self, by: Duration) {
        self.state.lock().now += by;
        self.moved.notify_all();
    }

    /// Blocks until at least `n` threads sleep on this clock.
    pub fn wait_for_sleepers(&self, n: usize) {
        let mut state = self.state.lock();
        self.moved.wait_while(&mut state, |state| state.sleepers < n);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        i64::try_from(self.state.lock().now.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().now
    }

    fn thread_time(&self) -> Duration {
        self.monotonic()
    }

    fn sleep_unless(&self, wait: Duration, ended: &dyn Fn() -> bool) {
        let mut state = self.state.lock();
        if ended() {
            return;
        }
        let (end, wakes) = (state.now + wait, state.wakes);
        state.sleepers += 1;
        self.moved.notify_all();
        self.moved.wait_while(&mut state, |state| state.now < end && state.wakes == wakes);
        state.sleepers -= 1;
    }

    fn wake(&self) {
        self.state.lock().wakes += 1;
        self.moved.notify_all();
    }
}
