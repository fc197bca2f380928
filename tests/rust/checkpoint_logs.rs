//! The files of a checkpoint, byte for byte, and what is refused.

use std::path::Path;
use std::time::Duration;

use firesteel::batch::BatchId;
use firesteel::checkpoint::commits::CommitsEntry;
use firesteel::checkpoint::conf::{logged, overridden};
use firesteel::checkpoint::offsets::{Leaves, LoggedBatch, OffsetsEntry};
use firesteel::checkpoint::open::{CheckpointLocation, FoundCheckpoint, Removal, ReplayedBatch};
use firesteel::checkpoint::operators::{OperatorEntry, TableEntry};
use firesteel::checkpoint::recovery::{Damage, Decision, Facts, decide};
use firesteel::checkpoint::{Checkpoint, Recovered};
use firesteel::config::Conf;
use firesteel::durable::log::{CompactibleLog, Entries};
use firesteel::durable::store::{Durability, Put, Store};
use firesteel::error::{ErrorKind, Result};
use serde_json::json;

fn open(root: &Path) -> Result<Checkpoint> {
    let mut conf = Conf::default();
    conf.set("firesteel.checkpoint.fsync", "false");
    FoundCheckpoint::find(CheckpointLocation::At(root.to_owned()), &conf, || "fresh".into())?.lock()
}

fn entry(end: &str) -> OffsetsEntry {
    let conf = [("k".to_owned(), "v \"q\"".to_owned())].into();
    let batch = LoggedBatch { watermark_ms: 5, clock_ms: 1000, conf };
    OffsetsEntry { batch: Some(batch), ends: vec![Some(end.into()), None], leaves: Leaves::Known }
}

fn read(text: &str) -> Result<OffsetsEntry> {
    OffsetsEntry::read(Path::new("/cp/offsets/3"), text)
}

#[test]
fn offsets_are_written_as_spark_writes_them_and_read_back() {
    let text = entry(r#"{"offset":10}"#).write();
    assert_eq!(
        text,
        "v1\n{\"batchWatermarkMs\":5,\"batchTimestampMs\":1000,\"conf\":{\"k\":\"v \\\"q\\\"\"}}\n{\"offset\":10}\n-"
    );
    assert_eq!(read(&text).unwrap(), entry(r#"{"offset":10}"#));
}

#[test]
fn a_continuous_log_has_an_empty_second_line() {
    let entry = OffsetsEntry { batch: None, ends: vec![Some("[1,2]".into())], leaves: Leaves::Known };
    assert_eq!(entry.write(), "v1\n\n[1,2]");
    assert_eq!(read("v1\n\n[1,2]").unwrap(), entry);
}

#[test]
fn version_2_is_read_when_its_sources_are_numbered() {
    let head = r#"{"batchWatermarkMs":0,"batchTimestampMs":1,"conf":{},"sourceMetadataInfo":{}}"#;
    let entry = read(&format!("v2\n{head}\n1:{{\"offset\":10}}")).unwrap();
    assert_eq!(entry.for_leaves(3).unwrap(), [None, Some("{\"offset\":10}".to_owned()), None]);
    let named = read(&format!("v2\n{head}\nclicks:1")).unwrap_err();
    assert!(named.to_string().contains("'clicks'"), "{named}");
}

#[test]
fn a_damaged_or_newer_file_is_refused_by_its_name() {
    for text in [
        "",
        "v1",
        "v3\n{}\n1",
        "x1\n{}\n1",
        "v1\n{bad\n1",
        "v1\n{\"batchWatermarkMs\":0,\"batchTimestampMs\":1}",
        "v1\n\n",
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Checkpoint, "{text:?}");
        assert!(error.to_string().contains("/cp/offsets/3"), "{text:?}: {error}");
    }
    let commit = |text| CommitsEntry::read(Path::new("/cp/commits/3"), text);
    for text in ["v4\n{}", "v1\n{", ""] {
        assert!(commit(text).unwrap_err().to_string().contains("/cp/commits/3"), "{text:?}");
    }
}

#[test]
fn commits_of_every_version_give_their_watermark() {
    let commit = |text| CommitsEntry::read(Path::new("/cp/commits/3"), text).unwrap().next_watermark_ms;
    assert_eq!(CommitsEntry { next_watermark_ms: 7 }.write(), "v1\n{\"nextBatchWatermarkMs\":7}");
    assert_eq!(commit("v1\n{\"nextBatchWatermarkMs\":7}"), 7);
    assert_eq!(commit("v1\n{\"nextBatchWatermarkMs\":7,\"stateUniqueIds\":{}}"), 7);
    assert_eq!(commit("v2\n{\"nextBatchWatermarkMs\":7,\"stateUniqueIds\":{\"0\":[]}}"), 7);
    assert_eq!(commit("v3\n{\"nextBatchWatermarkMs\":7,\"stateUniqueIds\":{},\"sinkMetadataMap\":{}}"), 7);
}

#[test]
fn an_added_source_is_refused() {
    let error = entry("1").for_leaves(3).unwrap_err();
    assert!(
        error.to_string().starts_with("There are [2] sources in the checkpoint offsets and now there are [3] sources"),
        "{error}"
    );
}

#[test]
fn the_recovery_table_holds() {
    let none = Facts::default();
    let facts = |offsets: Option<u64>, commit: Option<u64>| {
        decide(Facts { newest_offsets: offsets.map(BatchId), newest_commit: commit.map(BatchId), ..none })
    };
    let replay = |from, through| Decision::Replay { from: BatchId(from), through: BatchId(through) };
    assert_eq!(facts(None, None), Decision::Begin);
    assert_eq!(facts(Some(0), None), replay(0, 0));
    assert_eq!(facts(Some(4), Some(3)), replay(4, 4));
    assert_eq!(facts(Some(4), Some(4)), Decision::Continue { after: BatchId(4) });
    assert_eq!(facts(Some(4), Some(2)), Decision::Refuse(Damage::CommitMissing(BatchId(3))));
    assert_eq!(facts(Some(4), None), Decision::Refuse(Damage::CommitMissing(BatchId(3))));
    assert_eq!(facts(Some(4), Some(5)), Decision::Refuse(Damage::OffsetsMissing(BatchId(5))));
    assert_eq!(facts(None, Some(0)), Decision::Refuse(Damage::OffsetsMissing(BatchId(0))));
}

#[test]
fn commits_that_a_rollback_let_go_are_not_lost() {
    let facts = |commit: u64, through: Option<u64>, missing: Option<u64>| {
        decide(Facts {
            newest_offsets: Some(BatchId(9)),
            newest_commit: Some(BatchId(commit)),
            missing_offsets: missing.map(BatchId),
            rolled_back: through.map(BatchId),
        })
    };
    let replay = |from| Decision::Replay { from: BatchId(from), through: BatchId(9) };
    assert_eq!(facts(3, Some(9), None), replay(4));
    // Some have run again.
    assert_eq!(facts(6, Some(9), None), replay(7));
    assert_eq!(facts(8, Some(9), None), replay(9));
    assert_eq!(facts(9, Some(9), None), Decision::Continue { after: BatchId(9) });
    // An older rollback says nothing of these.
    assert_eq!(facts(6, Some(7), None), Decision::Refuse(Damage::CommitMissing(BatchId(8))));
    assert_eq!(facts(3, Some(9), Some(5)), Decision::Refuse(Damage::OffsetsMissing(BatchId(5))));
    assert_eq!(facts(8, None, Some(8)), Decision::Refuse(Damage::OffsetsMissing(BatchId(8))));
}

#[test]
fn a_checkpoint_tells_where_its_next_run_begins() {
    let dir = tempfile::tempdir().unwrap();
    let mut checkpoint = open(dir.path()).unwrap();
    assert_eq!(checkpoint.recover().unwrap(), Recovered::Begin);
    checkpoint.log_offsets(BatchId(0), &entry("1")).unwrap();
    let replayed = |starts, id, end| {
        let batches = vec![ReplayedBatch { id: BatchId(id), ends: entry(end), next_watermark_ms: None }];
        Recovered::Replay { starts, batches, rolled_back: None }
    };
    assert_eq!(checkpoint.recover().unwrap(), replayed(None, 0, "1"));
    checkpoint.log_commit(BatchId(0), CommitsEntry::default()).unwrap();
    let continued = Recovered::Continue { after: BatchId(0), ends: entry("1"), commit: CommitsEntry::default() };
    assert_eq!(checkpoint.recover().unwrap(), continued);
    checkpoint.log_offsets(BatchId(1), &entry("2")).unwrap();
    assert_eq!(checkpoint.recover().unwrap(), replayed(Some(entry("1")), 1, "2"));
}

#[test]
fn one_run_at_a_time_holds_a_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let second = open(dir.path()).unwrap_err();
    assert!(second.to_string().starts_with("Multiple streaming queries are concurrently using"), "{second}");
    first.close(Removal::Allowed);
    let mut third = open(dir.path()).unwrap();
    third.log_offsets(BatchId(0), &entry("1")).unwrap();
    let twice = third.log_offsets(BatchId(0), &entry("2")).unwrap_err();
    assert!(twice.to_string().starts_with("Multiple streaming queries are concurrently using"), "{twice}");
}

#[test]
fn a_checkpoint_that_lost_its_metadata_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().log_offsets(BatchId(0), &entry("1")).unwrap();
    std::fs::remove_file(dir.path().join("metadata")).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert_eq!(error.condition().unwrap().name, "STREAMING_CHECKPOINT_MISSING_METADATA_FILE");
}

#[test]
fn old_batches_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let mut conf = Conf::default();
    conf.set("spark.sql.streaming.minBatchesToRetain", "2");
    let mut checkpoint = FoundCheckpoint::find(CheckpointLocation::At(dir.path().to_owned()), &conf, || "fresh".into())
        .unwrap()
        .lock()
        .unwrap();
    for id in 0..6 {
        checkpoint.log_offsets(BatchId(id), &entry("1")).unwrap();
        checkpoint.log_commit(BatchId(id), CommitsEntry::default()).unwrap();
        checkpoint.forget_before(BatchId(id)).unwrap();
    }
    for log in ["offsets", "commits"] {
        let mut names: Vec<_> = std::fs::read_dir(dir.path().join(log))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["3", "4", "5"]);
    }
}

#[test]
fn a_forgotten_file_with_another_link_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Durability::Synced).unwrap();
    store.put_if_absent("0", b"a long first text").unwrap();
    store.put_if_absent("1", b"second").unwrap();
    let copy = dir.path().join("copy");
    std::fs::hard_link(dir.path().join("0"), &copy).unwrap();
    assert_eq!(store.put_reusing("0", "2", b"third").unwrap(), Put::Written);
    assert_eq!(store.put_reusing("1", "3", b"4th").unwrap(), Put::Written);
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "a long first text");
    assert_eq!(store.get("2").unwrap().unwrap(), "third");
    assert_eq!(store.get("3").unwrap().unwrap(), "4th");
    assert_eq!(store.put_reusing("2", "3", b"5th").unwrap(), Put::Exists);
    let mut names = store.list().unwrap();
    names.sort();
    assert_eq!(names, ["3", "copy"]);
}

#[test]
fn a_log_is_folded_text_after_text_and_read_on_from_any_number() {
    let dir = tempfile::tempdir().unwrap();
    let log = CompactibleLog::new(Store::open(dir.path(), Durability::Buffered).unwrap(), 3);
    let text = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    let since = |first| log.since(first).unwrap().iter().map(str::to_owned).collect::<Vec<_>>();
    log.add(0, &["a".into(), "b".into()]).unwrap();
    // Another writer may have ended its file with a line's end.
    std::fs::write(dir.path().join("1"), "v1\n").unwrap();
    assert_eq!(log.add(1, &["x".into()]).unwrap(), Put::Exists);
    log.add(2, &["c".into()]).unwrap();
    assert_eq!(text("2.compact"), "v1\na\nb\nc");
    assert_eq!(log.add(2, &["x".into()]).unwrap(), Put::Exists);
    log.add(3, &["d".into()]).unwrap();
    assert_eq!(
        (since(0), since(3), since(4)),
        (vec!["a".into(), "b".into(), "c".into(), "d".into()], vec!["d".into()], vec![])
    );
    assert_eq!((log.since(3).unwrap().next, log.since(9).unwrap().next), (4, 4));
    (4..6).for_each(|number| assert_eq!(log.add(number, &[]).unwrap(), Put::Written));
    log.remove_covered(i64::MAX, Duration::ZERO, u64::MAX).unwrap();
    assert_eq!((text("5.compact"), since(4)), ("v1\na\nb\nc\nd".into(), since(0)));
}

#[test]
fn a_log_goes_back_as_long_as_it_can_tell_its_numbers_apart() {
    let dir = tempfile::tempdir().unwrap();
    let log = CompactibleLog::new(Store::open(dir.path(), Durability::Buffered).unwrap(), 3);
    let text = |entries: &Entries| entries.iter().collect::<Vec<_>>().join(" ");
    (0..10).for_each(|number| assert_eq!(log.add(number, &[format!("e{number}")]).unwrap(), Put::Written));
    assert_eq!(text(&log.through(6).unwrap()), "e0 e1 e2 e3 e4 e5 e6");
    assert_eq!(
        (text(&log.through(9).unwrap()), text(&log.through(20).unwrap())),
        (text(&log.all().unwrap()), text(&log.all().unwrap()))
    );
    // Those from 4 on can still be told apart: 2.compact, 3, 4, …
    log.remove_covered(i64::MAX, Duration::ZERO, 4).unwrap();
    assert_eq!(text(&log.through(4).unwrap()), "e0 e1 e2 e3 e4");
    let error = log.through(1).map(drop).unwrap_err().to_string();
    assert!(error.contains("/0 is missing"), "{error}");
    log.remove_after(6).unwrap();
    assert_eq!((text(&log.all().unwrap()), log.latest().unwrap()), ("e0 e1 e2 e3 e4 e5 e6".into(), Some(6)));
    log.remove_after(3).unwrap();
    assert_eq!((text(&log.all().unwrap()), log.latest().unwrap()), ("e0 e1 e2 e3".into(), Some(3)));
    log.add(4, &["new".into()]).unwrap();
    assert_eq!(text(&log.all().unwrap()), "e0 e1 e2 e3 new");
}

#[test]
fn numbers_that_are_passed_over_are_entries_of_nothing() {
    let files = |begun: u64, next: u64, number: u64| {
        let dir = tempfile::tempdir().unwrap();
        let log = CompactibleLog::new(Store::open(dir.path(), Durability::Buffered).unwrap(), 10);
        (0..begun).for_each(|there| assert_eq!(log.add(there, &[format!("e{there}")]).unwrap(), Put::Written));
        log.skip(next, number).unwrap();
        assert_eq!(log.add(number, &["new".into()]).unwrap(), Put::Written);
        let mut names = log.store().list().unwrap();
        names.sort();
        (names.join(" "), log.all().unwrap().iter().map(str::to_owned).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(files(0, 0, 0), ("0".into(), "new".into()));
    assert_eq!(files(0, 0, 2), ("0 1 2".into(), "new".into()));
    assert_eq!(files(0, 0, 9), ("0 1 2 3 4 5 6 7 8 9.compact".into(), "new".into()));
    assert_eq!(files(0, 0, 10), ("10 9.compact".into(), "new".into()));
    assert_eq!(files(0, 0, 25), ("19.compact 20 21 22 23 24 25".into(), "new".into()));
    assert_eq!(files(2, 2, 4), ("0 1 2 3 4".into(), "e0 e1 new".into()));
    assert_eq!(files(2, 2, 31), ("0 1 29.compact 30 31".into(), "e0 e1 new".into()));
}

#[test]
fn what_a_continuous_run_did_not_commit_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let mut checkpoint = open(dir.path()).unwrap();
    let epoch = |end: &str| OffsetsEntry { batch: None, ends: vec![Some(end.into())], leaves: Leaves::Known };
    assert_eq!(checkpoint.recover_continuous().unwrap(), None);
    checkpoint.log_offsets(BatchId(0), &epoch("1")).unwrap();
    checkpoint.log_commit(BatchId(0), CommitsEntry::default()).unwrap();
    checkpoint.log_offsets(BatchId(1), &epoch("2")).unwrap();
    assert_eq!(checkpoint.recover_continuous().unwrap(), Some((BatchId(0), epoch("1"))));
    assert!(!dir.path().join("offsets/1").exists());
    checkpoint.log_offsets(BatchId(1), &epoch("2")).unwrap();
    let continued = Recovered::Continue { after: BatchId(0), ends: epoch("1"), commit: CommitsEntry::default() };
    assert_eq!(checkpoint.recover().unwrap(), continued);
}

#[test]
fn the_checkpoint_overrides_the_session() {
    let mut session = Conf::default();
    session.set("spark.sql.shuffle.partitions", "7");
    let log = logged(&session);
    assert_eq!(log.len(), 17);
    session.set("spark.sql.shuffle.partitions", "9");
    assert_eq!(overridden(&session, &log).get("spark.sql.shuffle.partitions"), Some("7"));
}

fn operator(layout: &str, key: &str) -> OperatorEntry {
    let fields = |name: &str| json!({"type": "struct", "fields": [{"name": name, "type": key}]});
    let table = TableEntry {
        name: "default".into(),
        number: 0,
        layout: layout.into(),
        time: None,
        key: fields("k"),
        value: json!({"type": "struct", "fields": []}),
        versioned: false,
    };
    OperatorEntry { name: "stateStoreSave".into(), tables: vec![table], ..OperatorEntry::default() }
}

fn condition_of<T: std::fmt::Debug>(result: Result<T>) -> Option<String> {
    result.unwrap_err().condition().map(|condition| condition.name.to_owned())
}

#[test]
fn operators_are_compared_with_those_of_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = open(dir.path()).unwrap();
    let kept = operator("row", "string");
    checkpoint.check_operators(std::slice::from_ref(&kept), false).unwrap();
    checkpoint.check_operators(std::slice::from_ref(&kept), true).unwrap();

    // Names may change, types and layouts may not.
    let mut renamed = kept.clone();
    renamed.tables[0].key = json!({"type": "struct", "fields": [{"name": "other", "type": "string"}]});
    checkpoint.check_operators(&[renamed], true).unwrap();
    let keys = Some("STATE_STORE_KEY_SCHEMA_NOT_COMPATIBLE".to_owned());
    assert_eq!(condition_of(checkpoint.check_operators(&[operator("row", "long")], true)), keys);
    assert_eq!(condition_of(checkpoint.check_operators(&[operator("time,row", "string")], true)), keys);
    // Nor may the column whose time comes first. A file of an earlier release does not name it.
    let by_time = |column| {
        let mut kept = kept.clone();
        kept.tables[0].time = column;
        kept
    };
    checkpoint.check_operators(&[by_time(Some(1))], true).unwrap();
    let other = tempfile::tempdir().unwrap();
    let other = open(other.path()).unwrap();
    other.check_operators(&[by_time(Some(0))], false).unwrap();
    other.check_operators(&[by_time(Some(0))], true).unwrap();
    assert_eq!(condition_of(other.check_operators(&[by_time(Some(1))], true)), keys);

    let operators = Some("STREAMING_STATEFUL_OPERATOR_NOT_MATCH_IN_STATE_METADATA".to_owned());
    assert_eq!(condition_of(checkpoint.check_operators(&[kept.clone(), kept.clone()], true)), operators);
    assert_eq!(condition_of(checkpoint.check_operators(&[], true)), operators);

    let file = dir.path().join("firesteel/state/operators.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"version\":1", "\"version\":9")).unwrap();
    let newer = checkpoint.check_operators(std::slice::from_ref(&kept), true).unwrap_err().to_string();
    assert!(newer.contains("operators.json"), "{newer}");
    std::fs::remove_file(&file).unwrap();
    let missing = checkpoint.check_operators(&[kept], true).unwrap_err().to_string();
    assert!(missing.contains("operators.json is missing"), "{missing}");
}
