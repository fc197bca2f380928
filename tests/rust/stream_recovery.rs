//! The law of recovery: whatever crashed wherever, the rows are those of an uninterrupted run.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use super::stream_support::{Session, rate_micro_batch, stream};
use datafusion::common::ScalarValue;
use firesteel::batch::OutputMode;
use firesteel::checkpoint::open::{CheckpointLocation, FoundCheckpoint};
use firesteel::config::Options;
use firesteel::plan::Resolved;
use firesteel::plan::finish::{ResultRows, finish_stream};
use firesteel::plan::resolve::{Names, ResolveContext, resolve};
use firesteel::plan::tree::{Expr, Grouping, Relation};
use firesteel::runtime::Cancel;
use firesteel::runtime::crash::{self, Crashed, POINTS};
use firesteel::session::formats::Formats;
use firesteel::sink::SinkRun;
use firesteel::sink::format::SinkRequest;
use firesteel::source::ReadLimit;
use firesteel::stream::batch::{MicroBatch, MicroBatchParts, Opened};
use firesteel::stream::monitor::Monitor;
use proptest::prelude::*;

const BATCHES: u64 = 4;
const ROWS: i64 = 3;

/// One run on the checkpoint below `root`, as far as it comes.
fn run(session: &Session, root: &Path) {
    run_to(session, root, &stream(rate_micro_batch(ROWS)), BATCHES);
}

/// [`run`] of another query, for so many batches.
pub fn run_to(session: &Session, root: &Path, query: &Resolved, batches: u64) {
    let mut run = open_query(session, root, "cp", query);
    while !root.join("cp/commits").join((batches - 1).to_string()).exists() {
        run.trigger(ReadLimit::Configured).unwrap();
    }
}

/// A query with the checkpoint `name`, which is its id too, into `out`.
fn open(session: &Session, root: &Path, name: &str) -> MicroBatch {
    open_query(session, root, name, &stream(rate_micro_batch(ROWS)))
}

pub fn open_query(session: &Session, root: &Path, name: &str, query: &Resolved) -> MicroBatch {
    let env = &session.env;
    let checkpoint = FoundCheckpoint::find(CheckpointLocation::At(root.join(name)), &env.conf, || name.to_owned())
        .unwrap()
        .lock()
        .unwrap();
    let plan = Arc::new(finish_stream(query, OutputMode::Append, ResultRows::Once, env).unwrap());
    let mut options = Options::default();
    let sink = Formats::all()
        .output("json")
        .unwrap()
        .sink(SinkRequest {
            options: &mut options,
            path: Some(root.join("out").display().to_string()),
            conf: &env.conf,
            print: Arc::new(|_: &str| Ok(())),
        })
        .unwrap();
    let cancel = Cancel::default();
    let sink_run = SinkRun {
        query_id: checkpoint.id().to_owned(),
        query_name: None,
        schema: plan.schema(),
        mode: OutputMode::Append,
        partition_by: Vec::new(),
        lanes: plan.lanes(),
        conf: Arc::clone(&env.conf),
        clock: Arc::clone(&env.clock),
        cancel: cancel.clone(),
        runtime: env.runtime.clone(),
    };
    let writer = sink.open(sink_run.clone()).unwrap();
    MicroBatch::open(MicroBatchParts {
        checkpoint,
        plan,
        output: Opened::Writer { sink, run: sink_run, writer },
        monitor: Arc::new(Monitor::new(1, cancel.clone())),
        cancel,
    })
    .unwrap()
}

/// How often each line stands in the files that a plain glob finds.
pub fn by_glob(out: &Path) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for entry in std::fs::read_dir(out).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() && !name.starts_with(['.', '_']) {
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
    }
    lines
}

/// The same through the files that Spark's log names.
fn by_log(out: &Path) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for batch in 0..BATCHES {
        let log = std::fs::read_to_string(out.join("_spark_metadata").join(batch.to_string())).unwrap();
        for entry in log.lines().skip(1) {
            let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
            let path = firesteel::types::uri::to_path(entry["path"].as_str().unwrap()).unwrap();
            for line in std::fs::read_to_string(path).unwrap().lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
    }
    lines
}

fn values(lines: &BTreeMap<String, u64>) -> Vec<(i64, u64)> {
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["value"].as_i64().unwrap();
    let mut values: Vec<_> = lines.iter().map(|(line, count)| (value(line), *count)).collect();
    values.sort_unstable();
    values
}

/// Crashes at each (point, n-th time) in turn, then runs to the end. Says how many of the crashes
/// came.
fn survive(history: &[(usize, u64)]) -> Result<usize, TestCaseError> {
    let mut crashes = 0;
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    for (point, n) in history {
        crash::arm(POINTS[*point], *n);
        let ended = catch_unwind(AssertUnwindSafe(|| run(&session, dir.path())));
        crash::disarm();
        if let Err(panic) = ended {
            prop_assert!(panic.is::<Crashed>(), "a panic that is no crash");
            crashes += 1;
        }
    }
    run(&session, dir.path());
    let once: Vec<_> = (0..BATCHES as i64 * ROWS).map(|value| (value, 1)).collect();
    prop_assert_eq!(values(&by_glob(&dir.path().join("out"))), once.clone());
    prop_assert_eq!(values(&by_log(&dir.path().join("out"))), once);
    Ok(crashes)
}

/// Points that only a query with state passes, or none: `state-merged` is passed on another thread,
/// `rollback` between batches.
const OF_STATE: &[&str] = &["state-written", "state-folded", "state-merged", "rollback"];

#[test]
fn a_crash_at_any_single_point_loses_and_doubles_nothing() {
    for (point, name) in POINTS.iter().enumerate().filter(|(_, name)| !OF_STATE.contains(name)) {
        for n in 1..=2 {
            assert_eq!(survive(&[(point, n)]).unwrap(), 1, "the crash at {name} ({n}) did not come");
        }
    }
}

/// Counts by window and by remainder, of a stream whose windows close after two batches.
pub fn counts(session: &Session) -> Resolved {
    let column = |name: &str| Expr::Column(vec![name.to_owned()]);
    let text = |text: &str| Expr::Literal(ScalarValue::Utf8(Some(text.to_owned())));
    let number = |number| Expr::Literal(ScalarValue::Int64(Some(number)));
    let source = Relation::Source { source: rate_micro_batch(ROWS), streaming: true };
    let watched = Relation::Watermark { input: Box::new(source), column: "timestamp".to_owned(), delay_ms: 0 };
    let keys = vec![
        Expr::call("window", vec![column("timestamp"), text("2 seconds")]),
        Expr::operator("%", vec![column("value"), number(3)]),
    ];
    let outputs = vec![
        Expr::call("count", vec![number(1)]),
        Expr::call("sum", vec![column("value")]),
        Expr::call("first", vec![column("value")]),
    ];
    let grouped = Relation::Aggregate {
        input: Box::new(watched),
        keys: Grouping::By(keys),
        outputs,
        with_keys: true,
        having: None,
    };
    resolve(&grouped, &ResolveContext { conf: &session.env.conf, names: &NoNames }).unwrap()
}

/// Nothing has a name.
pub struct NoNames;

impl Names for NoNames {
    fn table(&self, parts: &[String]) -> firesteel::error::Result<Relation> {
        panic!("the table {parts:?}")
    }

    fn function(&self, _: &str) -> Option<Arc<dyn firesteel::function::Function>> {
        None
    }
}

/// The lines of the counts after crashes at each (point, n-th time) in turn, and how many came.
fn counted(history: &[(&str, u64)]) -> (BTreeMap<String, u64>, usize) {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    let query = counts(&session);
    let mut crashes = 0;
    for (point, n) in history {
        crash::arm(point, *n);
        let ended = catch_unwind(AssertUnwindSafe(|| run_to(&session, dir.path(), &query, 2 * BATCHES)));
        crash::disarm();
        if let Err(panic) = ended {
            assert!(panic.is::<Crashed>(), "a panic that is no crash");
            crashes += 1;
        }
    }
    run_to(&session, dir.path(), &query, 2 * BATCHES);
    (by_glob(&dir.path().join("out")), crashes)
}

#[test]
fn a_crash_at_any_single_point_changes_no_count() {
    let (undisturbed, _) = counted(&[]);
    assert!(undisturbed.len() > 6, "{undisturbed:?}");
    for point in POINTS.iter().filter(|point| !["state-merged", "rollback"].contains(*point)) {
        for n in 1..=3 {
            let (lines, crashes) = counted(&[(point, n)]);
            assert_eq!(crashes, 1, "the crash at {point} ({n}) did not come");
            assert_eq!(lines, undisturbed, "after a crash at {point} ({n})");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_history_of_crashes_changes_a_count(history in prop::collection::vec((0..POINTS.len(), 1_u64..5), 1..5)) {
        let (undisturbed, _) = counted(&[]);
        let history: Vec<_> = history.into_iter().map(|(point, n)| (POINTS[point], n)).collect();
        prop_assert_eq!(counted(&history).0, undisturbed);
    }
}

/// Parts of a query that are not visible.
fn staged(out: &Path) -> usize {
    let names = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().ends_with(".staged")).count()
}

#[test]
fn of_two_queries_that_write_one_batch_of_an_output_one_fails_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    let (mut first, mut second) = (open(&session, dir.path(), "first"), open(&session, dir.path(), "second"));
    first.trigger(ReadLimit::Configured).unwrap();
    let error = second.trigger(ReadLimit::Configured).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("is taken by another query (id first)"), "{error}");
    assert!(!dir.path().join("second/commits/0").exists());
    first.trigger(ReadLimit::Configured).unwrap();
    let out = dir.path().join("out");
    assert_eq!(values(&by_glob(&out)), (0..2 * ROWS).map(|value| (value, 1)).collect::<Vec<_>>());
    assert_eq!(staged(&out), 0);
}

#[test]
fn a_query_that_died_in_its_commit_is_not_committed_by_another_and_finishes_itself() {
    for point in ["sink-recorded", "sink-renamed", "sink-logged"] {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::new(&[]);
        let crashed = catch_unwind(AssertUnwindSafe(|| {
            let mut first = open(&session, dir.path(), "first");
            crash::arm(point, 1);
            first.trigger(ReadLimit::Configured).map(|_| ())
        }));
        crash::disarm();
        assert!(crashed.unwrap_err().is::<Crashed>(), "{point}");
        let mut second = open(&session, dir.path(), "second");
        let error = second.trigger(ReadLimit::Configured).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("is taken by another query (id first)"), "{point}: {error}");
        let mut first = open(&session, dir.path(), "first");
        first.trigger(ReadLimit::Configured).unwrap();
        let out = dir.path().join("out");
        assert_eq!(values(&by_glob(&out)), (0..ROWS).map(|value| (value, 1)).collect::<Vec<_>>(), "{point}");
        assert_eq!(staged(&out), 0, "{point}");
    }
}

#[test]
fn a_commit_whose_entry_somebody_else_put_meanwhile_is_undone() {
    for point in ["sink-recorded", "sink-renamed"] {
        let dir = tempfile::tempdir().unwrap();
        let session = Session::new(&[]);
        let crashed = catch_unwind(AssertUnwindSafe(|| {
            let mut query = open(&session, dir.path(), "first");
            crash::arm(point, 1);
            query.trigger(ReadLimit::Configured).map(|_| ())
        }));
        crash::disarm();
        assert!(crashed.unwrap_err().is::<Crashed>(), "{point}");
        let out = dir.path().join("out");
        // As Spark leaves it, which keeps no record.
        std::fs::write(out.join("_spark_metadata/0"), "v1").unwrap();
        let mut query = open(&session, dir.path(), "first");
        let error = query.trigger(ReadLimit::Configured).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("batch 0") && error.contains("is taken by another query"), "{error}");
        assert!(by_glob(&out).is_empty(), "{point}");
        assert_eq!(staged(&out), 0, "{point}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_crash_history_gives_the_rows_of_an_uninterrupted_run(
        history in proptest::collection::vec((0..POINTS.len(), 1..4_u64), 0..6)
    ) {
        survive(&history).map(|_| ())?;
    }
}
