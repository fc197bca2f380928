//! Functions that one thread enters after the other, and functions that ask the engine for
//! something themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use firesteel::error::ErrorKind;
use firesteel::runtime::{Cancel, CancelReason, ChunkRunners, Entry, Runtime, Turn, step_aside};

/// Counts who is inside, and the most that ever were.
#[derive(Default)]
struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    fn visit(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::yield_now();
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn one_thread_enters_after_the_other_whatever_session_asks() {
    let (inside, turn, cancel) = (Arc::new(Inside::default()), Arc::new(Turn::default()), Cancel::default());
    let runtimes = [Runtime::new(2).unwrap(), Runtime::new(2).unwrap()];
    let jobs: Vec<_> = (0..20)
        .map(|i| {
            let inside = Arc::clone(&inside);
            let who = ChunkRunners::Functions(Some(Arc::clone(&turn)));
            let pool = runtimes[i % 2].compute();
            pool.share(
                50,
                who,
                |_| 7,
                move |rows| {
                    inside.visit();
                    Ok(rows.len())
                },
            )
        })
        .collect();

    for (i, job) in jobs.into_iter().enumerate() {
        let rows = runtimes[i % 2].block_on(job.finish_unless(&cancel)).unwrap();
        assert_eq!(rows.iter().sum::<usize>(), 50);
    }
    assert_eq!(inside.most.load(Ordering::SeqCst), 1);
}

#[test]
fn a_function_that_runs_itself_on_one_lane_comes_to_its_end() {
    fn run(runtime: &Runtime, turn: &Arc<Turn>, depth: usize) -> usize {
        let (inner, inner_turn) = (runtime.clone(), Arc::clone(turn));
        let job = runtime.compute().share(
            3,
            ChunkRunners::Functions(Some(Arc::clone(turn))),
            |_| 1,
            move |rows| {
                if depth == 0 {
                    return Ok(rows.len());
                }
                let _aside = step_aside();
                Ok(run(&inner, &inner_turn, depth - 1))
            },
        );
        runtime.block_on(job.finish_unless(&Cancel::default())).unwrap().into_iter().sum()
    }

    assert_eq!(run(&Runtime::new(1).unwrap(), &Arc::default(), 3), 81);
}

#[test]
fn who_waits_for_a_turn_is_told_when_the_query_ends() {
    let runtime = Runtime::new(2).unwrap();
    let turn = Arc::new(Turn::default());
    let held = turn.take(&Cancel::default()).unwrap();
    let cancel = Cancel::default();
    let who = ChunkRunners::Functions(Some(Arc::clone(&turn)));
    let job = runtime.compute().share(5, who, |_| 1, |rows| Ok(rows.len()));
    cancel.cancel(CancelReason::Stopped);

    assert_eq!(runtime.block_on(job.finish_unless(&cancel)).unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(turn.take(&cancel).unwrap_err().kind(), ErrorKind::Cancelled);
    drop(held);
    assert!(turn.take(&Cancel::default()).is_ok());
}

#[test]
fn a_function_whose_input_another_thread_of_its_own_pulls_needs_no_turn() {
    let turn = Arc::new(Turn::default());
    let entry = Entry::of_thread(Some(Arc::clone(&turn)));
    let (pulls, pulled) = mpsc::channel();
    entry
        .during(&Cancel::default(), || {
            assert!(entry.is_here());
            let (of_function, turn) = (Arc::clone(&entry), Arc::clone(&turn));
            let puller = std::thread::spawn(move || {
                assert!(!of_function.is_here());
                of_function.release();
                // Another lane's call, on which this one's input depends.
                drop(turn.take(&Cancel::default()).unwrap());
                pulls.send(()).unwrap();
            });
            pulled.recv().unwrap();
            puller.join().unwrap();
        })
        .unwrap();
}
