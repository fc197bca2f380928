//! The chunk size that is found is the one that is fastest, by a manual clock.

use std::sync::Arc;
use std::time::Duration;

use firesteel::model::SessionThreads;
use firesteel::model::tune::Tuner;
use firesteel::runtime::clock::ManualClock;

/// Runs chunks of the size that the tuner asks for until it has settled; `nanos` is what a chunk of
/// so many rows takes.
fn settle(fixed: Option<usize>, nanos: impl Fn(usize) -> u64) -> usize {
    let clock = Arc::new(ManualClock::at(0));
    let tuner = Tuner::with_clock(fixed, Arc::<ManualClock>::clone(&clock));
    for _ in 0..10_000 {
        let (rows, start) = (tuner.rows(usize::MAX), tuner.start());
        clock.advance(Duration::from_nanos(nanos(rows)));
        tuner.ran(rows, start);
    }
    tuner.best()
}

/// A cost for each run, one for each row, and more for each row that does not fit the cache.
fn cost(run: u64, row: u64, fits: usize) -> impl Fn(usize) -> u64 {
    move |rows| run + row * rows as u64 + row * rows.saturating_sub(fits) as u64
}

#[test]
fn the_best_size_is_found_above_and_below_the_first() {
    assert_eq!(settle(None, cost(20_000, 100, 1024)), 1024);
    assert_eq!(settle(None, cost(100, 1000, 64)), 64);
}

#[test]
fn a_level_stretch_does_not_end_the_search() {
    let row = |rows: usize| match rows {
        ..=256 => 1000,
        512 => 995,
        1024 => 960,
        2048 => 900,
        _ => 950,
    };
    assert_eq!(settle(None, |rows| row(rows) * rows as u64), 2048);
}

#[test]
fn a_chunk_never_takes_long() {
    let rows = settle(None, cost(1_000_000, 1_000_000, 1 << 20));
    assert!(rows <= 32, "{rows} rows take {rows} ms");
}

#[test]
fn a_size_is_tried_when_enough_rows_come() {
    let clock = Arc::new(ManualClock::at(0));
    let tuner = Tuner::with_clock(None, Arc::<ManualClock>::clone(&clock));
    let run = |available| {
        for _ in 0..3000 {
            let (rows, start) = (tuner.rows(available), tuner.start());
            assert!(rows <= available);
            clock.advance(Duration::from_nanos(cost(20_000, 100, 1024)(rows)));
            tuner.ran(rows, start);
        }
        (tuner.rows(available), tuner.best())
    };
    assert_eq!(run(2400), (512, 512));
    assert_eq!(run(usize::MAX), (1024, 1024));
}

#[test]
fn a_given_size_stays() {
    assert_eq!(settle(Some(100), cost(20_000, 100, 1024)), 100);
}

#[test]
fn few_heavy_rows_run_on_all_cores_if_that_is_faster() {
    for (all, expected) in [(4, SessionThreads::All), (15, SessionThreads::One)] {
        let clock = Arc::new(ManualClock::at(0));
        let tuner = Tuner::with_clock(None, Arc::<ManualClock>::clone(&clock));
        for _ in 0..50 {
            let (threads, start) = (tuner.threads_for(1), tuner.start());
            clock.advance(Duration::from_millis(if threads == SessionThreads::One { 10 } else { all }));
            tuner.ran_single(1, threads, start);
        }
        assert_eq!(tuner.threads_for(1), expected);
    }
}
