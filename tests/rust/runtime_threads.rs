//! Threads for what may block: used again, one more for each job at once, and gone with the
//! runtime.

use std::collections::HashSet;
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};

use firesteel::error::ErrorKind;
use firesteel::runtime::{Runtime, may_block, wait_until_idle};

fn here(runtime: &Runtime) -> ThreadId {
    runtime.block_on(runtime.blocking(|| thread::current().id())).unwrap()
}

#[test]
fn threads_are_used_again() {
    let runtime = Runtime::new(2).unwrap();
    // A thread falls idle a moment after what it made has come.
    let used: HashSet<_> = (0..1000).map(|_| here(&runtime)).collect();
    assert!(used.len() < 10, "{} threads", used.len());
}

#[test]
fn jobs_that_wait_for_each_other_have_a_thread_each() {
    let runtime = Runtime::new(1).unwrap();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..50).map(|_| channel::<()>()).unzip();
    let jobs: Vec<_> = receivers.into_iter().map(|wait| runtime.blocking(move || wait.recv().is_ok())).collect();
    senders.into_iter().rev().for_each(|go| go.send(()).unwrap());
    assert!(jobs.into_iter().all(|job| runtime.block_on(job).unwrap()));
}

#[test]
fn a_job_that_panics_is_an_error_and_its_thread_goes_on() {
    let runtime = Runtime::new(1).unwrap();
    let (send, ids) = channel();
    let mut used = HashSet::new();
    // A thread that falls idle a moment late is not the next; one that had ended would never be
    // there again.
    let again = (0..1000).any(|_| {
        let send = send.clone();
        let fails = move || -> u8 {
            send.send(thread::current().id()).unwrap();
            panic!("on purpose")
        };
        let error = runtime.block_on(runtime.blocking(fails)).unwrap_err();
        assert!(error.to_string().contains("on purpose"), "{error}");
        !used.insert(ids.recv().unwrap())
    });
    assert!(again);
    let lane = async { panic!("on purpose") as firesteel::error::Result<()> };
    assert_eq!(runtime.block_on(runtime.lane(lane)).unwrap_err().kind(), ErrorKind::Internal);
    assert!(runtime.block_on(runtime.blocking(may_block)).unwrap());
}

#[test]
fn a_runtime_lives_as_long_as_something_runs_on_it() {
    let (done, seen) = channel();
    let (go, wait) = channel::<()>();
    let runtime = Runtime::new(2).unwrap();
    drop(runtime.lane(async move {
        wait.recv().unwrap();
        tokio::task::yield_now().await;
        done.send(()).unwrap();
        Ok(())
    }));
    drop(runtime);
    go.send(()).unwrap();
    seen.recv().unwrap();
    assert!(wait_until_idle(std::time::Duration::from_secs(20)));
}
