//! The state store against a model, over histories with crashes, merges and restored backups.

use std::collections::BTreeMap;
use std::path::Path;

use firesteel::durable::store::Durability;
use firesteel::state::{
    ChangePart, KeyRange, MergeLimits, Merging, SortedEntries, SortedKeys, StateOptions, StateOverlay, StateScan,
    StateStore, StateValues, StateView, Version,
};
use proptest::prelude::*;
use serde_json::json;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

fn options(dir: &Path, memory: usize) -> StateOptions {
    StateOptions {
        dir: dir.to_owned(),
        query: "the-query".into(),
        durability: Durability::Buffered,
        memory,
        retain: 4,
        merging: Merging::Inline,
    }
}

fn sorted(changes: &Changes) -> SortedEntries {
    let mut entries = SortedEntries::default();
    changes.iter().for_each(|(key, value)| entries.push(key, value.as_deref()));
    entries
}

fn apply(model: &Model, changes: &Changes) -> Model {
    let mut model = model.clone();
    for (key, value) in changes {
        match value {
            Some(value) => drop(model.insert(key.clone(), value.clone())),
            None => drop(model.remove(key)),
        }
    }
    model
}

/// Keys and values of a range, by a scan.
fn scanned(view: &StateView, range: &KeyRange) -> Model {
    let (mut scan, mut found) = (view.scan(range).unwrap(), Model::new());
    while let Some((key, value)) = scan.next().unwrap() {
        assert!(found.last_key_value().is_none_or(|(last, _)| last.as_slice() < key));
        found.insert(key.to_vec(), value.to_vec());
    }
    found
}

/// Reads everything in every way and compares it.
fn assert_is(view: &StateView, model: &Model, version: u64) {
    assert_eq!(view.version(), Version(version));
    assert_eq!(&scanned(view, &KeyRange::all()), model, "version {version}");
    // Keys that are there, and keys between them.
    let asked: std::collections::BTreeSet<Vec<u8>> =
        model.keys().flat_map(|key| [key.clone(), [key.as_slice(), b"!"].concat()]).chain([b"".to_vec()]).collect();
    let (keys, mut found) = (SortedKeys::from_iter(&asked), StateValues::default());
    view.get_many(&keys, &mut found).unwrap();
    for (index, key) in asked.iter().enumerate() {
        assert_eq!(found.value(index), model.get(key).map(Vec::as_slice), "version {version}, {key:?}");
    }
    if let (Some((first, _)), Some((last, _))) = (model.first_key_value(), model.last_key_value()) {
        assert_eq!(view.get(last).unwrap().as_ref(), model.get(last));
        let range = KeyRange::new(first.clone(), last.clone());
        let expected: Model = model.range(first.clone()..last.clone()).map(|(k, v)| (k.clone(), v.clone())).collect();
        assert_eq!(scanned(view, &range), expected);
    }
    for prefix in [&b"k0"[..], b"k01", b"k1", b"z"] {
        let expected = model.iter().filter(|(key, _)| key.starts_with(prefix));
        let expected: Model = expected.map(|(key, value)| (key.clone(), value.clone())).collect();
        assert_eq!(scanned(view, &KeyRange::prefix(prefix)), expected);
    }
}

#[test]
fn views_are_shared_by_threads_and_the_rest_moves_between_them() {
    fn shared<T: Clone + Send + Sync>() {}
    fn moves<T: Send>() {}
    shared::<StateView>();
    moves::<StateStore>();
    moves::<StateOverlay>();
    moves::<StateScan>();
    moves::<ChangePart>();
}

#[test]
fn what_was_written_is_read_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = StateStore::open(options(dir.path(), 1 << 20), Version(0)).unwrap();
    let mut overlay = StateOverlay::new(store.view(), 1 << 20, dir.path());
    overlay.put(b"a", b"1").unwrap();
    overlay.put(b"b", b"2").unwrap();
    overlay.remove(b"a").unwrap();
    assert_eq!(overlay.get(b"a").unwrap(), None);
    let change = store.write(overlay.finish(), json!({"watermark": 7})).unwrap();
    assert_eq!(store.view().get(b"b").unwrap(), None);
    store.advance(change).unwrap();
    let expected = Model::from([(b"b".to_vec(), b"2".to_vec())]);
    assert_is(&store.view(), &expected, 1);
    drop(store);
    let store = StateStore::open(options(dir.path(), 1 << 20), Version(1)).unwrap();
    assert_is(&store.view(), &expected, 1);
}

#[test]
fn a_change_that_a_crash_left_is_found_with_its_summary_and_adopted() {
    let dir = tempfile::tempdir().unwrap();
    let store = StateStore::open(options(dir.path(), 1 << 20), Version(0)).unwrap();
    assert_eq!(store.found().unwrap(), None);
    let changes = Changes::from([(b"a".to_vec(), Some(b"1".to_vec()))]);
    store.write(vec![ChangePart::Memory(sorted(&changes))], json!({"watermark": 7})).unwrap();
    drop(store);
    let mut store = StateStore::open(options(dir.path(), 1 << 20), Version(0)).unwrap();
    assert_is(&store.view(), &Model::new(), 0);
    assert_eq!(store.found().unwrap(), Some(json!({"watermark": 7})));
    store.adopt().unwrap();
    assert_is(&store.view(), &apply(&Model::new(), &changes), 1);
}

/// How a batch ends.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Advances,
    /// Dies after the change file was written; it is adopted.
    Adopted,
    /// Dies after the change file was written; the batch runs again with other changes.
    RunsAgain,
}

/// How a batch hands its changes over.
#[derive(Clone, Copy, Debug)]
enum Handing {
    OnePart,
    /// Every key at first with another value, in parts that overlap.
    OverlappingParts,
    /// Single puts, through an overlay that spills.
    SmallOverlay,
    /// Sorted puts, through an overlay.
    SortedOverlay,
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Changes, Handing, Fate),
    Reopen,
    Forget(u64),
    /// Keeps a view until the end.
    Hold,
    BackUp,
    /// The backup is copied over what is there: the files of later versions stay.
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![(0_u32..12).prop_map(|n| format!("k{n:02}")), (0_u32..4000).prop_map(|n| format!("k{n:06}"))];
    let value = proptest::option::weighted(0.7, proptest::collection::vec(any::<u8>(), 0..40));
    let changes = proptest::collection::btree_map(key.prop_map(String::into_bytes), value, 0..60);
    let handing = prop_oneof![
        Just(Handing::OnePart),
        Just(Handing::OverlappingParts),
        Just(Handing::SmallOverlay),
        Just(Handing::SortedOverlay)
    ];
    let fate = prop_oneof![8 => Just(Fate::Advances), 1 => Just(Fate::Adopted), 1 => Just(Fate::RunsAgain)];
    prop_oneof![
        20 => (changes, handing, fate).prop_map(|(changes, handing, fate)| Step::Batch(changes, handing, fate)),
        2 => Just(Step::Reopen),
        2 => (0_u64..8).prop_map(Step::Forget),
        1 => Just(Step::Hold),
        1 => Just(Step::BackUp),
        1 => Just(Step::Restore),
    ]
}

fn handed_over(changes: &Changes, handing: Handing, store: &StateStore, dir: &Path) -> Vec<ChangePart> {
    match handing {
        Handing::OnePart => vec![ChangePart::Memory(sorted(changes))],
        Handing::OverlappingParts => {
            let before: Changes = changes.keys().map(|key| (key.clone(), Some(b"before".to_vec()))).collect();
            let (one, two): (Changes, Changes) = changes.clone().into_iter().partition(|(key, _)| key.len() % 2 == 0);
            [before, one, two].iter().map(|part| ChangePart::Memory(sorted(part))).collect()
        }
        Handing::SmallOverlay => {
            let mut overlay = StateOverlay::new(store.view(), 600, dir);
            for (key, value) in changes {
                overlay.put(key, b"before").unwrap();
                assert_eq!(overlay.get(key).unwrap().as_deref(), Some(&b"before"[..]));
                match value {
                    Some(value) => overlay.put(key, value).unwrap(),
                    None => overlay.remove(key).unwrap(),
                }
            }
            assert_overlay(&overlay, changes);
            overlay.gather().unwrap();
            assert_overlay(&overlay, changes);
            overlay.finish()
        }
        Handing::SortedOverlay => {
            let mut overlay = StateOverlay::new(store.view(), 3000, dir);
            let entries: Vec<_> = changes.iter().collect();
            for chunk in entries.chunks(7) {
                let chunk = chunk.iter().map(|(key, value)| ((*key).clone(), (*value).clone())).collect();
                overlay.put_sorted(sorted(&chunk)).unwrap();
            }
            overlay.put_sorted(sorted(changes)).unwrap();
            assert_overlay(&overlay, changes);
            overlay.gather().unwrap();
            assert_overlay(&overlay, changes);
            overlay.finish()
        }
    }
}

/// An overlay reads as the version below with the changes applied.
fn assert_overlay(overlay: &StateOverlay, changes: &Changes) {
    let model = apply(&scanned(overlay.view(), &KeyRange::all()), changes);
    let (mut scan, mut found) = (overlay.scan(&KeyRange::all()).unwrap(), Model::new());
    while let Some((key, value)) = scan.next().unwrap() {
        found.insert(key.to_vec(), value.to_vec());
    }
    assert_eq!(found, model);
    let asked: std::collections::BTreeSet<&Vec<u8>> = model.keys().chain(changes.keys()).collect();
    let (keys, mut found) = (SortedKeys::from_iter(&asked), StateValues::default());
    overlay.get_many(&keys, &mut found).unwrap();
    for (index, key) in asked.into_iter().enumerate() {
        assert_eq!(found.value(index), model.get(key).map(Vec::as_slice));
    }
}

fn copy_over(from: &Path, to: &Path) {
    for folder in ["changes", "runs"] {
        std::fs::create_dir_all(to.join(folder)).unwrap();
        for entry in std::fs::read_dir(from.join(folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            // As a restore does: a new file takes the name.
            let (hidden, name) = (to.join("copied"), to.join(folder).join(entry.file_name()));
            std::fs::copy(entry.path(), &hidden).unwrap();
            std::fs::rename(&hidden, name).unwrap();
        }
    }
}

const FEW: MergeLimits = MergeLimits { shadowed: 4, read: 3, most: 8 };

/// Runs a history and compares every version that is retained with the model.
fn live(steps: &[Step], memory: usize, merging: &Merging) {
    let (dir, backup, spill) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = StateOptions { merging: merging.clone(), ..options(dir.path(), memory) };
    let open = |version: usize| StateStore::open_with(options.clone(), Version(version as u64), FEW).unwrap();
    let mut store = open(0);
    let (mut models, mut oldest) = (vec![Model::new()], 0_usize);
    let (mut backed_up, mut held) = (None, Vec::new());
    for step in steps {
        match step {
            Step::Batch(changes, handing, fate) => {
                let version = models.len();
                let parts = handed_over(changes, *handing, &store, spill.path());
                let mut change = store.write(parts, json!(version)).unwrap();
                assert_is(&store.view(), &models[version - 1], version as u64 - 1);
                let mut changes = changes.clone();
                if let Fate::Adopted | Fate::RunsAgain = fate {
                    drop(store);
                    store = open(version - 1);
                    oldest = oldest.max((version - 1).saturating_sub(4));
                    assert_eq!(store.found().unwrap(), Some(json!(version)));
                }
                if let Fate::RunsAgain = fate {
                    changes.insert(b"again".to_vec(), Some(version.to_string().into_bytes()));
                    change = store.write(vec![ChangePart::Memory(sorted(&changes))], json!(version)).unwrap();
                }
                match fate {
                    Fate::Adopted => store.adopt().unwrap(),
                    Fate::Advances | Fate::RunsAgain => store.advance(change).unwrap(),
                }
                assert_eq!(store.summary(), &json!(version));
                models.push(apply(&models[version - 1], &changes));
            }
            Step::Reopen => {
                drop(store);
                store = open(models.len() - 1);
                oldest = oldest.max((models.len() - 1).saturating_sub(4));
            }
            Step::Forget(back) => {
                let newest = models.len() - 1;
                store.forget_before(Version(newest.saturating_sub(*back as usize) as u64)).unwrap();
                oldest = oldest.max(newest.saturating_sub(4.max(*back as usize)));
            }
            Step::Hold => held.push((store.view(), models.len() - 1, models[models.len() - 1].clone())),
            Step::BackUp => {
                store.settle().unwrap();
                std::fs::remove_dir_all(backup.path()).unwrap();
                copy_over(dir.path(), backup.path());
                backed_up = Some((models.len(), oldest));
            }
            Step::Restore => {
                let Some((len, oldest_then)) = backed_up else { continue };
                drop(store);
                copy_over(backup.path(), dir.path());
                models.truncate(len);
                store = open(len - 1);
                oldest = oldest_then.max((len - 1).saturating_sub(4));
            }
        }
        let version = models.len() - 1;
        assert_is(&store.view(), &models[version], version as u64);
        let report = store.report();
        assert!(report.current_files <= FEW.most + 1, "{report:?}");
    }
    for (version, model) in models.iter().enumerate().skip(oldest) {
        assert_is(
            &StateStore::history(dir.path(), Some("the-query"), Version(version as u64)).unwrap(),
            model,
            version as u64,
        );
    }
    for (view, version, model) in held {
        assert_is(&view, &model, version as u64);
    }
    store.settle().unwrap();
    drop(store);
    // Files of a history that was given up lie above until the next write.
    let wrong = StateStore::verify(dir.path(), Some("the-query")).unwrap();
    let above = StateStore::versions(dir.path()).unwrap().last().is_some_and(|newest| newest.0 >= models.len() as u64);
    assert!(above || wrong.is_empty(), "{wrong:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_history_reads_as_its_model(
        steps in proptest::collection::vec(step(), 1..50),
        memory in prop_oneof![Just(0), Just(4_000), Just(40_000), Just(1 << 20)],
    ) {
        live(&steps, memory, &Merging::Inline);
    }

    #[test]
    fn merges_in_the_background_change_nothing(
        steps in proptest::collection::vec(step(), 1..40),
        memory in prop_oneof![Just(4_000), Just(1 << 20)],
    ) {
        live(&steps, memory, &Merging::Background(runtime()));
    }
}

/// A store that lives through some batches, each of which puts `value` and the version.
fn grow(dir: &Path, from: &Model, version: usize, batches: usize, value: &str) -> Vec<Model> {
    let mut store = StateStore::open_with(options(dir, 1 << 20), Version(version as u64), FEW).unwrap();
    let mut models = vec![from.clone()];
    for version in version + 1..=version + batches {
        let key = |n: usize| format!("k{:02}", version * n % 7).into_bytes();
        let changes = Changes::from([
            (key(1), Some(format!("{value} {version}").into_bytes())),
            (key(3), (version % 3 > 0).then(|| value.as_bytes().to_vec())),
        ]);
        let change = store.write(vec![ChangePart::Memory(sorted(&changes))], json!(version)).unwrap();
        store.advance(change).unwrap();
        models.push(apply(&models[models.len() - 1], &changes));
    }
    models
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn mixed_files_of_two_histories_read_as_one_of_them_or_not_at_all(
        common in 0_usize..12,
        (here, there) in (1_usize..14, 1_usize..14),
        taken in proptest::collection::vec(any::<bool>(), 40),
    ) {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let before = grow(dir.path(), &Model::new(), 0, common, "before");
        copy_over(dir.path(), other.path());
        let mine = grow(dir.path(), &before[common], common, here, "here");
        let theirs = grow(other.path(), &before[common], common, there, "there");
        let mut taken = taken.into_iter().cycle();
        for folder in ["changes", "runs"] {
            let mut names: Vec<_> = std::fs::read_dir(other.path().join(folder)).unwrap().map(|e| e.unwrap().path()).collect();
            names.sort();
            for path in names.into_iter().filter(|_| taken.next().unwrap()) {
                let to = dir.path().join(folder).join(path.file_name().unwrap());
                let _ = std::fs::remove_file(&to);
                std::fs::copy(path, to).unwrap();
            }
        }
        for version in 0..=common + here.max(there) {
            let branched = version.checked_sub(common).filter(|since| *since > 0);
            let candidates: Vec<&Model> = match branched {
                None => before.get(version).into_iter().collect(),
                Some(since) => [mine.get(since), theirs.get(since)].into_iter().flatten().collect(),
            };
            match StateStore::history(dir.path(), Some("the-query"), Version(version as u64)) {
                Ok(view) => prop_assert!(candidates.contains(&&scanned(&view, &KeyRange::all()))),
                Err(error) => prop_assert_eq!(error.kind(), firesteel::error::ErrorKind::Checkpoint),
            }
        }
    }
}

fn runtime() -> firesteel::runtime::Runtime {
    static RUNTIME: std::sync::OnceLock<firesteel::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| firesteel::runtime::Runtime::new(1).unwrap()).clone()
}

/// The process dies at each point that the store passes, and the next run goes on.
#[cfg(feature = "crash-points")]
#[test]
fn a_crash_at_any_point_of_the_state_loses_nothing() {
    use firesteel::runtime::crash::{Crashed, arm, disarm};

    for point in ["state-written", "state-folded", "state-merged"] {
        for n in 1..6 {
            let dir = tempfile::tempdir().unwrap();
            let open = |version| StateStore::open_with(options(dir.path(), 4_000), Version(version), FEW).unwrap();
            let (mut models, mut crashes) = (vec![Model::new()], 0);
            let changes = |version: usize| -> Changes {
                (0..20).map(|at| (format!("k{:03}", at * version % 50).into_bytes(), Some(vec![7; version]))).collect()
            };
            arm(point, n);
            while models.len() < 30 {
                let version = models.len();
                let run = std::panic::AssertUnwindSafe(|| {
                    let mut store = open(version as u64 - 1);
                    for version in version..30 {
                        let change = store.write(vec![ChangePart::Memory(sorted(&changes(version)))], json!(version));
                        // Here `commits/N` would be written.
                        models.push(apply(&models[version - 1], &changes(version)));
                        store.advance(change.unwrap()).unwrap();
                        store.forget_before(Version(version as u64)).unwrap();
                    }
                });
                if let Err(panic) = std::panic::catch_unwind(run) {
                    assert!(panic.is::<Crashed>());
                    crashes += 1;
                }
                let newest = models.len() - 1;
                assert_is(&open(newest as u64).view(), &models[newest], newest as u64);
            }
            disarm();
            assert_eq!(crashes, 1, "{point} {n}");
            assert!(StateStore::verify(dir.path(), None).unwrap().is_empty());
        }
    }
}
