//! Named points at which the recovery tests kill the process. Compiled to nothing without the
//! feature `crash-points`.
//!
//! `FIRESTEEL_CRASH_AT=<point>[:<n>]` kills the process, as SIGKILL does, the n-th time (from 1)
//! that the point is passed. A test in this process arms a point for its own thread instead
//! (`arm`), which then unwinds.

/// Every point, in the order in which a batch passes them; a sink's lie inside its commit.
pub const POINTS: &[&str] = &[
    "source-log",
    "before-offsets",
    "offsets",
    "staged",
    "state-written",
    "sink-recorded",
    "sink-renamed",
    "sink-logged",
    "sink-committed",
    "commits",
    "state-folded",
    "state-merged",
    "source-committed",
    // Between batches, when a checkpoint goes back.
    "rollback",
];

/// Does nothing: the feature `crash-points` is off.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn point(_name: &str) {}

#[cfg(feature = "crash-points")]
pub use armed::{Crashed, arm, disarm, point};

#[cfg(feature = "crash-points")]
mod armed {
    use std::cell::RefCell;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// What the crash of an armed thread unwinds with.
    #[derive(Debug)]
    pub struct Crashed;

    thread_local! {
        static ARMED: RefCell<Option<(String, u64)>> = const { RefCell::new(None) };
    }

    /// Makes this thread unwind with [`Crashed`] the n-th time (from 1) that it passes `point`.
    pub fn arm(point: &str, n: u64) {
        ARMED.with_borrow_mut(|armed| *armed = Some((point.to_owned(), n)));
    }

    /// Undoes [`arm`].
    pub fn disarm() {
        ARMED.with_borrow_mut(|armed| *armed = None);
    }

    /// `point` or `point:n`.
    fn wanted() -> Option<&'static (String, u64)> {
        static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
        WANTED
            .get_or_init(|| {
                let text = std::env::var("FIRESTEEL_CRASH_AT").ok()?;
                let (point, n) = text.split_once(':').unwrap_or((&text, "1"));
                Some((point.to_owned(), n.parse().ok()?))
            })
            .as_ref()
    }

    /// Passes the point `name`, which is one of [`POINTS`](super::POINTS).
    pub fn point(name: &str) {
        static PASSED: AtomicU64 = AtomicU64::new(0);
        debug_assert!(super::POINTS.contains(&name), "'{name}' is not in crash::POINTS");
        if let Some((point, n)) = wanted()
            && point == name
            && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *n
        {
            // No destructor, no atexit, no flush: what a power cut leaves, less the page cache.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            std::process::abort();
        }
        let fires = ARMED.with_borrow_mut(|armed| match armed {
            Some((point, n)) if point == name => {
                *n -= 1;
                *n == 0 && armed.take().is_some()
            }
            _ => false,
        });
        if fires {
            std::panic::resume_unwind(Box::new(Crashed));
        }
    }
}
