//! A checkpoint that goes back: whatever is let go and whenever the process dies, the rows and the
//! state are those of a run that never went back.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use firesteel::batch::BatchId;
use firesteel::checkpoint::layout::CheckpointLayout;
use firesteel::checkpoint::rollback::RollbackKind;
use firesteel::durable::store::Durability;
use firesteel::plan::Resolved;
use firesteel::runtime::crash::{self, Crashed, POINTS};
use firesteel::state::{KeyRange, StateStore, Version};
use firesteel::stream::maintenance::{CheckpointReport, rescale, rollback};
use proptest::prelude::*;

use super::stream_recovery::{by_glob, counts, run_to};
use super::stream_support::{Session, rate_micro_batch, stream};

/// Everything that a reader of the output or of the checkpoint can see.
#[derive(Debug, PartialEq)]
struct Seen {
    lines: BTreeMap<String, u64>,
    /// By path, the logs of the checkpoint.
    logs: BTreeMap<String, String>,
    state: Vec<(Vec<u8>, Vec<u8>)>,
}

fn seen(root: &Path) -> Seen {
    let mut logs = BTreeMap::new();
    for log in ["offsets", "commits"] {
        for entry in std::fs::read_dir(root.join("cp").join(log)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{log}/{}", path.file_name().unwrap().to_str().unwrap());
            logs.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    let newest = logs.keys().filter_map(|name| name.strip_prefix("commits/")?.parse::<u64>().ok()).max();
    let (dir, mut state) = (root.join("cp/firesteel/state"), Vec::new());
    if let Some(newest) = newest.filter(|_| dir.is_dir()) {
        let view = StateStore::history(&dir, Some("cp"), Version(newest + 1)).unwrap();
        let mut scan = view.scan(&KeyRange::all()).unwrap();
        while let Some((key, value)) = scan.next().unwrap() {
            state.push((key.to_vec(), value.to_vec()));
        }
    }
    Seen { lines: by_glob(&root.join("out")), logs, state }
}

fn session() -> Session {
    // So few that the sink's log is folded several times.
    Session::new(&[
        ("spark.sql.streaming.fileSink.log.compactInterval", "3"),
        ("spark.sql.streaming.fileSink.log.cleanupDelay", "0"),
    ])
}

fn undisturbed(query: &impl Fn(&Session) -> Resolved, batches: u64) -> Seen {
    let dir = tempfile::tempdir().unwrap();
    let session = session();
    run_to(&session, dir.path(), &query(&session), batches);
    seen(dir.path())
}

fn back(root: &Path, to: u64, kind: RollbackKind) -> firesteel::error::Result<()> {
    rollback(&root.join("cp"), BatchId(to), kind).map(drop)
}

/// Runs until it dies, if it does. Says whether it did.
fn dies(work: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => false,
        Err(panic) => {
            assert!(panic.is::<Crashed>(), "a panic that is no crash");
            true
        }
    }
}

fn finish(root: &Path) {
    let layout = CheckpointLayout::new(root.join("cp"));
    rollback::finish(&layout, "cp", Durability::Buffered).unwrap();
}

fn without_state(_: &Session) -> Resolved {
    stream(rate_micro_batch(3))
}

#[test]
fn batches_that_run_again_leave_everything_as_it_was() {
    for to in 0..7 {
        let dir = tempfile::tempdir().unwrap();
        let session = session();
        run_to(&session, dir.path(), &counts(&session), 8);
        back(dir.path(), to, RollbackKind::Replay).unwrap();
        assert!(!dir.path().join(format!("cp/commits/{}", to + 1)).exists());
        run_to(&session, dir.path(), &counts(&session), 8);
        assert_eq!(seen(dir.path()), undisturbed(&counts, 8), "back to {to}");
        run_to(&session, dir.path(), &counts(&session), 12);
        assert_eq!(seen(dir.path()), undisturbed(&counts, 12), "back to {to}");
        assert!(!dir.path().join("cp/firesteel/rollback.json").exists());
    }
}

#[test]
fn batches_that_are_forgotten_never_were() {
    fn check(query: impl Fn(&Session) -> Resolved) {
        for to in 0..10 {
            let dir = tempfile::tempdir().unwrap();
            let session = session();
            run_to(&session, dir.path(), &query(&session), 11);
            back(dir.path(), to, RollbackKind::Forget).unwrap();
            assert_eq!(seen(dir.path()), undisturbed(&query, to + 1), "back to {to}");
            assert_eq!(CheckpointReport::read(&dir.path().join("cp")).unwrap().findings, []);
            run_to(&session, dir.path(), &query(&session), 14);
            assert_eq!(seen(dir.path()), undisturbed(&query, 14), "back to {to}");
        }
    }
    check(counts);
    check(without_state);
}

#[test]
fn a_rollback_that_dies_is_finished_by_the_next_one_and_by_the_start() {
    for kind in [RollbackKind::Replay, RollbackKind::Forget] {
        let mut deaths = 0;
        for n in 1..12 {
            for by_start in [false, true] {
                let dir = tempfile::tempdir().unwrap();
                let session = session();
                run_to(&session, dir.path(), &counts(&session), 8);
                crash::arm("rollback", n);
                let died = dies(|| back(dir.path(), 2, kind).unwrap());
                crash::disarm();
                if !died {
                    continue;
                }
                deaths += 1;
                let found = CheckpointReport::read(&dir.path().join("cp")).unwrap().findings;
                assert!(found.iter().any(|found| found.problem.contains("was cut short")), "{n}: {found:?}");
                match by_start {
                    true => finish(dir.path()),
                    false => back(dir.path(), 2, kind).unwrap(),
                }
                assert_eq!(CheckpointReport::read(&dir.path().join("cp")).unwrap().findings, []);
                run_to(&session, dir.path(), &counts(&session), 10);
                assert_eq!(seen(dir.path()), undisturbed(&counts, 10), "{kind:?} {n} {by_start}");
            }
        }
        assert!(deaths > 6, "{kind:?}: {deaths}");
    }
}

#[test]
fn a_query_does_not_run_on_half_a_rollback() {
    let dir = tempfile::tempdir().unwrap();
    let session = session();
    run_to(&session, dir.path(), &counts(&session), 5);
    crash::arm("rollback", 2);
    assert!(dies(|| back(dir.path(), 2, RollbackKind::Forget).unwrap()));
    crash::disarm();
    let request = session.request(without_state(&session), Some(&dir.path().join("cp")));
    // The start finishes it, and finds that this is another query.
    let error = session.manager.start(request).unwrap().await_termination(None).unwrap_err().to_string();
    assert!(error.contains("STATEFUL_OPERATOR"), "{error}");
    assert!(!dir.path().join("cp/firesteel/rollback.json").exists());
    assert!(!dir.path().join("cp/offsets/3").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn crashes_while_batches_run_again_change_nothing(
        to in 0_u64..7,
        history in proptest::collection::vec((0..POINTS.len(), 1..4_u64), 0..4),
        again in proptest::option::of(0_u64..7),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let session = session();
        let run = || run_to(&session, dir.path(), &counts(&session), 10);
        run_to(&session, dir.path(), &counts(&session), 8);
        back(dir.path(), to, RollbackKind::Replay).unwrap();
        for (point, n) in &history {
            crash::arm(POINTS[*point], *n);
            dies(run);
            crash::disarm();
        }
        // Once more, where it is possible, perhaps while batches are still to run again.
        if let Some(again) = again {
            let _ = back(dir.path(), again, RollbackKind::Replay);
        }
        run();
        prop_assert_eq!(seen(dir.path()), undisturbed(&counts, 10));
    }
}

/// Every file below a directory but the lock, with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with("firesteel/lock") => {}
                false => drop(found.insert(path.display().to_string(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found
}

#[test]
fn what_cannot_be_gone_back_to_is_refused_and_nothing_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[("spark.sql.streaming.minBatchesToRetain", "3")]);
    run_to(&session, dir.path(), &counts(&session), 8);
    let refused = |to: u64, kind: RollbackKind| {
        let before = files(dir.path());
        let error = back(dir.path(), to, kind).unwrap_err().to_string();
        assert_eq!(files(dir.path()), before, "{error}");
        error
    };
    let replay = |to| refused(to, RollbackKind::Replay);
    assert!(replay(7).contains("batch 7 is the newest one"), "{}", replay(7));
    assert!(replay(8).contains("batch 8 is not among the committed ones that are kept, 4 to 7"), "{}", replay(8));
    assert!(replay(3).contains("batch 3 is not among the committed ones"), "{}", replay(3));
    let change = std::fs::read_dir(dir.path().join("cp/firesteel/state/changes")).unwrap().count();
    assert!(change > 0);

    let state = dir.path().join("cp/firesteel/state");
    let needed: Vec<_> = ["runs", "changes"]
        .iter()
        .flat_map(|kind| std::fs::read_dir(state.join(kind)).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .collect();
    for path in needed {
        let whole = std::fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        damaged[20] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        // A later file does not matter.
        let name = path.file_name().unwrap().to_str().unwrap();
        let last: u64 = name.rsplit('-').next().unwrap().parse().unwrap();
        if last <= 5 {
            let error = replay(4);
            assert!(error.contains("the state after batch 4 is not kept"), "{error}");
            assert!(error.contains(name), "{error}");
        }
        std::fs::write(&path, whole).unwrap();
    }

    std::fs::remove_file(dir.path().join("cp/offsets/5")).unwrap();
    assert!(replay(4).contains("offsets/5 is missing"), "{}", replay(4));
    let error = refused(4, RollbackKind::Forget);
    assert!(error.contains("offsets/5 is missing"), "{error}");
}

#[test]
fn a_lost_commit_is_not_taken_for_a_rollback() {
    let dir = tempfile::tempdir().unwrap();
    let session = session();
    run_to(&session, dir.path(), &counts(&session), 8);
    back(dir.path(), 5, RollbackKind::Replay).unwrap();
    run_to(&session, dir.path(), &counts(&session), 8);
    for batch in [6, 7] {
        std::fs::remove_file(dir.path().join(format!("cp/commits/{batch}"))).unwrap();
    }
    let report = CheckpointReport::read(&dir.path().join("cp")).unwrap();
    assert!(report.findings[0].problem.contains("commits/6 is missing"), "{:?}", report.findings);
}

#[test]
fn batches_of_another_query_are_not_taken_back() {
    let dir = tempfile::tempdir().unwrap();
    let session = session();
    run_to(&session, dir.path(), &without_state(&session), 4);
    let writer = dir.path().join("out/_spark_metadata/.writer");
    let text = std::fs::read_to_string(&writer).unwrap();
    std::fs::write(&writer, text.replace("\"cp\"", "\"other\"")).unwrap();
    let before = files(dir.path());
    let error = back(dir.path(), 1, RollbackKind::Forget).unwrap_err().to_string();
    assert!(error.contains("its newest batches are by another query (id other)"), "{error}");
    assert_eq!(files(dir.path()), before);
    back(dir.path(), 1, RollbackKind::Replay).unwrap();
}

#[test]
fn another_number_of_partitions_is_the_query_s_from_then_on() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[("spark.sql.shuffle.partitions", "4")]);
    run_to(&session, dir.path(), &counts(&session), 4);
    let path = dir.path().join("cp");
    let before = seen(dir.path());
    assert_eq!(rescale(&path, 16).unwrap(), 4);
    assert_eq!(rescale(&path, 16).unwrap(), 16);
    let text = |batch: u64| std::fs::read_to_string(path.join(format!("offsets/{batch}"))).unwrap();
    for batch in 0..4 {
        let old = before.logs[&format!("offsets/{batch}")].clone();
        let (four, sixteen) = (r#""spark.sql.shuffle.partitions":"4""#, r#""spark.sql.shuffle.partitions":"16""#);
        assert_eq!(text(batch), old.replace(four, sixteen));
    }
    for wanted in [0, 1 << 31] {
        assert!(rescale(&path, wanted).unwrap_err().to_string().contains("a number of partitions"));
    }
}
