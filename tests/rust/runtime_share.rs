//! Chunks that several threads run: all rows once, in order, wherever they are run.

use std::ops::Range;

use firesteel::error::Error;
use firesteel::runtime::{ChunkRunners, Runtime, SharedChunks, may_block};
use proptest::prelude::*;

/// Each chunk's range, from chunks of `size` rows.
fn ranges(runtime: &Runtime, rows: usize, who: ChunkRunners, size: usize) -> SharedChunks<Range<usize>> {
    runtime.compute().share(
        rows,
        who,
        move |left| size.min(left.div_ceil(2)),
        |rows| {
            assert!(may_block());
            Ok(rows)
        },
    )
}

fn cover(parts: Vec<Range<usize>>, rows: usize) -> bool {
    let mut next = 0;
    parts.into_iter().all(|part| std::mem::replace(&mut next, part.end) == part.start) && next == rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_come_in_order_whoever_runs_them(rows in 1..2000_usize, size in 1..300_usize, lanes in 1..4_usize, helpers: bool) {
        let runtime = Runtime::new(lanes).unwrap();
        let who = if helpers { ChunkRunners::Helpers } else { ChunkRunners::Everybody };
        let here = runtime.block_on(ranges(&runtime, rows, who.clone(), size).finish()).unwrap();
        prop_assert!(cover(here, rows));
        let on_io = {
            let (inner, who) = (runtime.clone(), who.clone());
            let task = runtime.io().spawn(async move { ranges(&inner, rows, who, size).finish().await });
            runtime.block_on(task).unwrap().unwrap()
        };
        prop_assert!(cover(on_io, rows));
        let in_lane = {
            let inner = runtime.clone();
            let lane = runtime.lane(async move { ranges(&inner, rows, who, size).finish().await });
            runtime.block_on(lane).unwrap()
        };
        prop_assert!(cover(in_lane, rows));
    }
}

#[test]
fn the_first_error_is_the_result_and_ends_the_others() {
    let runtime = Runtime::new(2).unwrap();
    for who in [ChunkRunners::Everybody, ChunkRunners::Helpers] {
        let run = |rows: Range<usize>| if rows.contains(&50) { Err(Error::runtime("fifty")) } else { Ok(rows) };
        let shared = runtime.compute().share(1_000_000, who, |_| 1, run);
        assert!(runtime.block_on(shared.finish()).unwrap_err().to_string().contains("fifty"));
    }
}

#[test]
fn a_helper_that_panics_is_an_error() {
    let runtime = Runtime::new(2).unwrap();
    let shared =
        runtime.compute().share(10, ChunkRunners::Helpers, |_| 3, |_| -> Result<(), Error> { panic!("as it happens") });
    assert!(runtime.block_on(shared.finish()).unwrap_err().to_string().contains("panicked"));
}

#[test]
fn rows_that_nobody_waits_for_are_left() {
    let runtime = Runtime::new(1).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    let (begun, may_end) = std::sync::mpsc::channel::<()>();
    let may_end = std::sync::Mutex::new(may_end);
    let run = move |rows: Range<usize>| {
        send.send(rows.start).unwrap();
        let _ = may_end.lock().unwrap().recv();
        Ok(())
    };
    let shared = runtime.compute().share(5, ChunkRunners::Helpers, |_| 1, run);
    assert_eq!(receive.recv(), Ok(0));
    drop(shared);
    begun.send(()).unwrap();
    assert!(receive.recv().is_err(), "another chunk was run");
}
