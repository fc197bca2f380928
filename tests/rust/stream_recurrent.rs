//! Functions that hand something on from row to row of a key: what they are given, and that it is the
//! same after any crash, on any number of lanes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float32Array, Int32Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Int64Type};
use datafusion::common::ScalarValue;
use firesteel::config::Conf;
use firesteel::error::Result;
use firesteel::function::FunctionKey;
use firesteel::function::recurrent::{HandedTensor, RecurrentArguments, RecurrentFunction, Step};
use firesteel::plan::Resolved;
use firesteel::plan::finish::Env;
use firesteel::plan::operators::stateful::recurrent::OnNewVersion;
use firesteel::plan::resolve::{ResolveContext, resolve};
use firesteel::plan::tree::{Expr, RecurrentCall, Relation};
use firesteel::runtime::Runtime;
use firesteel::runtime::clock::ManualClock;
use firesteel::runtime::crash::{self, Crashed, POINTS};
use firesteel::source::ReadLimit;
use firesteel::stream::Manager;
use proptest::prelude::*;

use super::stream_recovery::{NoNames, by_glob, open_query, run_to};
use super::stream_support::{Session, collect, rate_micro_batch};

const BATCHES: u64 = 5;
const ROWS: i64 = 40;

/// A level that follows its input, and the number of rows of the run that gave it: so an answer shows
/// which rows a run had.
#[derive(Debug)]
struct Following {
    version: &'static str,
    states: Vec<HandedTensor>,
}

impl Following {
    fn new(version: &'static str) -> Self {
        let initial = Buffer::from(vec![1.0_f32, 0.0]);
        let (input, output) = ("level_in".into(), "level_out".into());
        Self {
            version,
            states: vec![HandedTensor { input, output, element: DataType::Float32, shape: vec![2], initial }],
        }
    }
}

impl RecurrentFunction for Following {
    fn key(&self) -> FunctionKey {
        FunctionKey(self.version.into())
    }

    fn name(&self) -> &str {
        "following"
    }

    fn version(&self) -> &str {
        self.version
    }

    fn states(&self) -> &[HandedTensor] {
        &self.states
    }

    fn arguments(&self) -> Vec<String> {
        vec!["value".into()]
    }

    fn outputs(&self) -> Vec<FieldRef> {
        let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
        vec![field("level", DataType::Float32), field("rows", DataType::Int32)]
    }

    fn chunk_rows(&self) -> usize {
        3
    }

    fn check(&self, _: &[FieldRef]) -> Result<()> {
        Ok(())
    }

    fn prepare(&self, columns: Vec<ArrayRef>) -> Result<RecurrentArguments> {
        Ok(RecurrentArguments { columns, seen: None })
    }

    fn step(&self, columns: &[ArrayRef], states: &[Buffer], rows: usize) -> Result<Step> {
        let values = columns[0].as_primitive::<Int64Type>();
        let before = states[0].typed_data::<f32>();
        let level = |row: usize| before[2 * row] * 0.7 + values.value(row) as f32 * 0.31;
        let after: Vec<f32> = (0..rows).flat_map(|row| [level(row), before[2 * row + 1] + 1.0]).collect();
        let levels: ArrayRef = Arc::new((0..rows).map(level).collect::<Float32Array>());
        let counts: ArrayRef = Arc::new(Int32Array::from(vec![rows as i32; rows]));
        Ok(Step { outputs: vec![levels, counts], states: vec![Buffer::from(after)] })
    }
}

fn column(name: &str) -> Expr {
    Expr::Column(vec![name.to_owned()])
}

fn call(version: &'static str, on_new_version: OnNewVersion, ttl_ms: Option<i64>) -> RecurrentCall {
    let number = Expr::Literal(ScalarValue::Int64(Some(11)));
    RecurrentCall {
        function: Arc::new(Following::new(version)),
        keys: vec![Expr::operator("%", vec![column("value"), number])],
        order: Some(column("value")),
        arguments: Vec::new(),
        names: vec!["level".into(), "rows".into()],
        ttl_ms,
        on_new_version,
    }
}

/// Rows that count up through the function, by the remainder of 11.
fn following(session: &Session, streaming: bool, call: RecurrentCall) -> Resolved {
    let source = Relation::Source { source: rate_micro_batch(ROWS), streaming };
    let relation = Relation::StatefulModel { input: Box::new(source), call };
    resolve(&relation, &ResolveContext { conf: &session.env.conf, names: &NoNames }).unwrap()
}

fn kept(session: &Session) -> Resolved {
    following(session, true, call("one", OnNewVersion::Keep, None))
}

/// A session with so many lanes.
fn session_of(lanes: usize) -> (Session, Arc<ManualClock>) {
    let mut conf = Conf::default();
    conf.set("firesteel.checkpoint.fsync", "false");
    let (runtime, clock) = (Runtime::new(lanes).unwrap(), Arc::new(ManualClock::at(1_000_000)));
    let env = Arc::new(Env::new(Arc::new(conf), runtime.clone(), Arc::clone(&clock) as _).unwrap());
    (Session { env, manager: Manager::new(runtime) }, clock)
}

/// The lines of the output after crashes at each (point, n-th time) in turn, and how many came.
fn survived(lanes: &[usize], history: &[(&str, u64)]) -> (BTreeMap<String, u64>, usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut crashes = 0;
    for (at, (point, n)) in history.iter().enumerate() {
        let (session, _) = session_of(lanes[at % lanes.len()]);
        let query = kept(&session);
        crash::arm(point, *n);
        let ended = catch_unwind(AssertUnwindSafe(|| run_to(&session, dir.path(), &query, BATCHES)));
        crash::disarm();
        if let Err(panic) = ended {
            assert!(panic.is::<Crashed>(), "a panic that is no crash");
            crashes += 1;
        }
    }
    let (session, _) = session_of(lanes[history.len() % lanes.len()]);
    run_to(&session, dir.path(), &kept(&session), BATCHES);
    (by_glob(&dir.path().join("out")), crashes)
}

/// What a loop over the rows gives: by value its level.
fn by_hand() -> BTreeMap<i64, f32> {
    let mut levels = [1.0_f32; 11];
    let each = |value: i64| {
        let level = &mut levels[value as usize % 11];
        *level = *level * 0.7 + value as f32 * 0.31;
        (value, *level)
    };
    (0..BATCHES as i64 * ROWS).map(each).collect()
}

fn levels(lines: &BTreeMap<String, u64>) -> BTreeMap<i64, f32> {
    let parse = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let level = |line: serde_json::Value| (line["value"].as_i64().unwrap(), line["level"].as_f64().unwrap() as f32);
    lines.keys().map(parse).map(level).collect()
}

#[test]
fn a_stream_gives_each_key_its_rows_in_order() {
    let (lines, _) = survived(&[2], &[]);
    assert!(lines.values().all(|count| *count == 1));
    assert_eq!(levels(&lines), by_hand());
}

#[test]
fn a_batch_frame_gives_the_same_levels() {
    let (session, _) = session_of(2);
    let numbers = Relation::TableFunction {
        name: "range".into(),
        arguments: vec![Expr::Literal(ScalarValue::Int64(Some(BATCHES as i64 * ROWS)))],
    };
    let named = Relation::RenameAll { input: Box::new(numbers), names: vec!["value".into()] };
    let relation = Relation::StatefulModel { input: Box::new(named), call: call("one", OnNewVersion::Keep, None) };
    let frame = resolve(&relation, &ResolveContext { conf: &session.env.conf, names: &NoNames }).unwrap();
    let found: BTreeMap<i64, f32> = collect(&frame, &session.env)
        .unwrap()
        .iter()
        .flat_map(|batch| {
            let values = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
            let levels = batch.column(1).as_primitive::<Float32Type>().values().to_vec();
            values.into_iter().zip(levels)
        })
        .collect();
    assert_eq!(found, by_hand());
}

#[test]
fn runs_have_the_same_rows_on_any_number_of_lanes() {
    let (two, _) = survived(&[2], &[]);
    for lanes in [1, 3, 5, 16, 20] {
        assert_eq!(survived(&[lanes], &[]).0, two, "{lanes} lanes");
    }
}

#[test]
fn a_crash_at_any_single_point_changes_no_bit() {
    let (undisturbed, _) = survived(&[2], &[]);
    for point in POINTS.iter().filter(|point| !["state-merged", "rollback"].contains(*point)) {
        for n in 1..=2 {
            let (lines, crashes) = survived(&[2, 3], &[(point, n)]);
            assert_eq!(crashes, 1, "the crash at {point} ({n}) did not come");
            assert_eq!(lines, undisturbed, "after a crash at {point} ({n})");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_of_crashes_changes_a_bit(
        history in prop::collection::vec((0..POINTS.len(), 1_u64..4), 1..5),
        lanes in prop::collection::vec(1_usize..5, 1..4),
    ) {
        let (undisturbed, _) = survived(&[2], &[]);
        let history: Vec<_> = history.into_iter().map(|(point, n)| (POINTS[point], n)).collect();
        prop_assert_eq!(survived(&lanes, &history).0, undisturbed);
    }
}

/// The levels of a run of one batch more.
fn next_batch(session: &Session, root: &Path, query: &Resolved) -> BTreeMap<i64, f32> {
    let before = levels(&by_glob_of(root));
    let mut run = open_query(session, root, "cp", query);
    run.trigger(ReadLimit::Configured).unwrap();
    drop(run);
    let after = levels(&by_glob_of(root));
    after.into_iter().filter(|(value, _)| !before.contains_key(value)).collect()
}

fn by_glob_of(root: &Path) -> BTreeMap<String, u64> {
    if root.join("out").exists() { by_glob(&root.join("out")) } else { BTreeMap::new() }
}

/// The first row of a key in a batch begins with this level if the key begins anew.
fn first_level(value: i64) -> f32 {
    0.7 + value as f32 * 0.31
}

#[test]
fn a_key_whose_time_to_live_is_over_by_the_clock_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (session, clock) = session_of(2);
    let query = following(&session, true, call("one", OnNewVersion::Keep, Some(1000)));
    next_batch(&session, dir.path(), &query);
    clock.advance(std::time::Duration::from_millis(999));
    let kept = next_batch(&session, dir.path(), &query);
    assert_ne!(kept[&ROWS], first_level(ROWS));
    clock.advance(std::time::Duration::from_secs(1));
    let anew = next_batch(&session, dir.path(), &query);
    assert_eq!(anew[&(2 * ROWS)], first_level(2 * ROWS));
}

#[test]
fn another_version_goes_on_or_begins_anew_and_no_crash_loses_that() {
    for (on_new_version, point) in
        [(OnNewVersion::Keep, "offsets"), (OnNewVersion::Reset, "offsets"), (OnNewVersion::Reset, "state-written")]
    {
        let dir = tempfile::tempdir().unwrap();
        let (session, _) = session_of(2);
        next_batch(&session, dir.path(), &following(&session, true, call("one", on_new_version, None)));
        let changed = following(&session, true, call("two", on_new_version, None));
        crash::arm(point, 1);
        let crashed = catch_unwind(AssertUnwindSafe(|| next_batch(&session, dir.path(), &changed)));
        crash::disarm();
        assert!(crashed.unwrap_err().is::<Crashed>());
        let found = next_batch(&session, dir.path(), &changed);
        assert_eq!(found[&ROWS] == first_level(ROWS), on_new_version == OnNewVersion::Reset, "{on_new_version:?}");
        // The version is known from now on.
        let more = next_batch(&session, dir.path(), &changed);
        assert_ne!(more[&(2 * ROWS)], first_level(2 * ROWS));
    }
}
