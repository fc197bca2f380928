//! Named points at which the recovery tests kill the process. Compiled to nothing without the feature `crash-points`.

/// Ends the process as SIGKILL would, when `FIRESTEEL_CRASH_AT` is `name`, or `name:n` and this is the n-th time (from 1).
#[cfg(feature = "crash-points")]
pub fn point(name: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static HITS: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("FIRESTEEL_CRASH_AT") else { return };
    let (wanted, n) = wanted.split_once(':').map_or((wanted.as_str(), 1), |(name, n)| (name, n.parse().unwrap_or(1)));
    if wanted == name && HITS.fetch_add(1, Ordering::SeqCst) + 1 == n {
        // No destructor, no atexit, no flush: what a power cut leaves, less the page cache.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        std::process::abort();
    }
}

/// Does nothing: the feature `crash-points` is off.
#[cfg(not(feature = "crash-points"))]
#[inline]
pub fn point(_name: &str) {}
