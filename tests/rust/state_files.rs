//! State files: their bytes, and what damage does to them.

use std::fs;
use std::io::Write;
use std::path::Path;

use firesteel::durable::store::Durability;
use firesteel::error::ErrorKind;
use firesteel::state::{ChangePart, KeyRange, MergeLimits, Merging, SortedEntries, StateOptions, StateStore, Version};
use serde_json::json;

const LIMITS: MergeLimits = MergeLimits { shadowed: 2, read: 2, most: 8 };

fn options(dir: &Path, query: &str) -> StateOptions {
    StateOptions {
        dir: dir.to_owned(),
        query: query.into(),
        durability: Durability::Buffered,
        memory: 1 << 20,
        retain: 100,
        merging: Merging::Inline,
    }
}

fn open(dir: &Path, version: u64) -> firesteel::error::Result<StateStore> {
    StateStore::open_with(options(dir, "the-query"), Version(version), LIMITS)
}

fn entries(entries: &[(&str, Option<&str>)]) -> Vec<ChangePart> {
    let mut sorted = SortedEntries::default();
    entries.iter().for_each(|(key, value)| sorted.push(key.as_bytes(), value.map(str::as_bytes)));
    vec![ChangePart::Memory(sorted)]
}

/// Two batches: as two changes, or merged into a base beside the first change.
fn write_two(dir: &Path, limits: MergeLimits) {
    let mut store = StateStore::open_with(options(dir, "the-query"), Version(0), limits).unwrap();
    for (at, batch) in [[("key-1", Some("one")), ("key-2", Some("two"))], [("key-2", None), ("key-3", Some("three"))]]
        .iter()
        .enumerate()
    {
        let change = store.write(entries(batch), json!({"batch": at})).unwrap();
        store.advance(change).unwrap();
    }
}

fn read_all(dir: &Path, version: u64) -> firesteel::error::Result<Vec<(String, String)>> {
    let mut scan = StateStore::history(dir, Some("the-query"), Version(version))?.scan(&KeyRange::all())?;
    let mut all = Vec::new();
    while let Some((key, value)) = scan.next()? {
        all.push((String::from_utf8_lossy(key).into_owned(), String::from_utf8_lossy(value).into_owned()));
    }
    Ok(all)
}

/// Writes a file anew. It is not cut to nothing before: a file system that takes that for a
/// replacement waits for the disk.
fn overwrite(path: &Path, bytes: &[u8]) {
    let file = fs::File::options().write(true).open(path).unwrap();
    (&file).write_all(bytes).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

/// Text where the bytes are text, hexadecimal where not.
fn shown(bytes: &[u8]) -> String {
    let text: String = bytes.iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from).collect();
    text.replace("\\\"", "\"")
}

#[test]
fn a_change_and_a_run_look_the_same_in_every_release() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), MergeLimits::default());
    let change = shown(&fs::read(dir.path().join("changes/2")).unwrap());
    write_two(dir.path(), LIMITS);
    let run = shown(&fs::read(dir.path().join("runs/1-2")).unwrap());
    assert_eq!(change, CHANGE);
    assert_eq!(run, RUN);
}

const CHANGE: &str = r#"firestat\x01\x00\x00\x00\x00\x01\x002\x01\x063threekey-\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x02\x00\x00\x00N\xb9\xc3\xc2D<l\xa2\x05\x00\x00\x00key-2(\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00key-3{"query":"the-query","from":2,"to":2,"previous":"15927fa7999d3ed9aec93940f4b5ee70","entries":2,"removals":1,"bytes":15,"summary":{"batch":1}}4\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x8d\x00\x00\x00\x00\x00\x00\x00~W\xd2\xff\xab\xa5-~\x93\xc1\xa0\xbc\xf4A\x98\x8e\xb3\x18%\xd2\xa4%\x8d\xc8statfire"#;
const RUN: &str = r#"firestat\x01\x00\x00\x00\x00\x01\x041one\x01\x063threekey-\x00\x00\x00\x00\x06\x00\x00\x00\x04\x00\x00\x00\x02\x00\x00\x00E\xa0\xa1j\x13&\x07A\x05\x00\x00\x00key-1+\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00key-3\x00\x00\x00\x00\x08\x00\x00\x00\x00 \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\x00\x00\x80@\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x04\x02\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x02{"query":"the-query","from":1,"to":2,"previous":"00000000000000000000000000000000","newest":"7e57d2ffaba52d7e93c1a0bcf441988e","entries":2,"removals":0,"bytes":18,"summary":{"batch":1}}7\x00\x00\x00\x00\x00\x00\x00\x1a\x00\x00\x00\x00\x00\x00\x00@\x00\x00\x00\x00\x00\x00\x00\xb9\x00\x00\x00\x00\x00\x00\x00\x1dkx\x0e~\xf1{\xbe\xca\xcb\x91\xcf\x8b\x92\x1d\x92\x98\x83\xcebe\x08j\x96statfire"#;

#[test]
fn each_bit_that_flips_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), LIMITS);
    assert_each_damage_is_noticed(dir.path(), "runs/1-2");
    write_two(dir.path(), MergeLimits::default());
    assert_each_damage_is_noticed(dir.path(), "changes/1");
    assert_each_damage_is_noticed(dir.path(), "changes/2");
}

fn assert_each_damage_is_noticed(dir: &Path, name: &str) {
    let whole = fs::read(dir.join(name)).unwrap();
    let check = |damaged: &[u8], bit: u8| {
        overwrite(&dir.join(name), damaged);
        let error = read_all(dir, 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Checkpoint, "{error}");
        assert!(error.to_string().contains(name), "{error}");
        // Slow: it reads every version.
        assert!(bit != 0 || !StateStore::verify(dir, None).unwrap().is_empty());
    };
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            check(&damaged, bit);
        }
        check(&whole[..at], 1);
    }
    check(&[&whole[..], b"\0"].concat(), 0);
    overwrite(&dir.join(name), &whole);
    assert_eq!(read_all(dir, 2).unwrap(), [("key-1".into(), "one".into()), ("key-3".into(), "three".into())]);
}

#[test]
fn a_found_change_that_is_damaged_is_an_error_and_is_replaced_by_a_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), 0).unwrap();
    store.write(entries(&[("key", Some("value"))]), json!(1)).unwrap();
    let path = dir.path().join("changes/1");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let mut store = open(dir.path(), 0).unwrap();
    assert!(store.found().unwrap_err().to_string().contains("changes/1 is damaged"));
    let change = store.write(entries(&[("key", Some("again"))]), json!(1)).unwrap();
    store.advance(change).unwrap();
    assert_eq!(store.view().get(b"key").unwrap().unwrap(), b"again");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), MergeLimits::default());
    fs::remove_file(dir.path().join("changes/1")).unwrap();
    let error = open(dir.path(), 2).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Checkpoint);
    let text = error.to_string();
    assert!(text.contains("changes/1 is missing") && text.contains("opening version 2 of the state"), "{text}");
    assert_eq!(StateStore::versions(dir.path()).unwrap(), [Version(0)]);
}

#[test]
fn a_newer_format_and_a_foreign_query_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), LIMITS);
    let error = StateStore::open(options(dir.path(), "another"), Version(2)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("runs/1-2 belongs to another query: the-query, not another"), "{error}");
    let path = dir.path().join("runs/1-2");
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    fs::write(&path, &bytes).unwrap();
    let error = open(dir.path(), 2).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("format version 2, and this release reads up to 1"), "{error}");
}

#[test]
fn a_file_under_another_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), MergeLimits::default());
    fs::copy(dir.path().join("changes/2"), dir.path().join("changes/1")).unwrap();
    let error = open(dir.path(), 2).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("changes/1 is damaged: it says that it is changes/2"), "{error}");
}

#[test]
fn files_of_two_histories_are_not_read_as_one() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, value) in [(&dir, "here"), (&other, "there")] {
        let mut store = StateStore::open(options(dir.path(), "the-query"), Version(0)).unwrap();
        for _ in 0..3 {
            let change = store.write(entries(&[("key", Some(value))]), json!(0)).unwrap();
            store.advance(change).unwrap();
        }
    }
    fs::copy(other.path().join("changes/2"), dir.path().join("changes/2")).unwrap();
    let error = open(dir.path(), 3).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Checkpoint);
    let text = error.to_string();
    assert!(text.contains("changes/2 does not follow") && text.contains("changes/1"), "{text}");
    assert!(text.contains("another history (a backup restored"), "{text}");
    let found = StateStore::open(options(dir.path(), "the-query"), Version(1)).unwrap().found().unwrap_err();
    assert!(found.to_string().contains("does not follow"), "{found}");
    assert_eq!(StateStore::verify(dir.path(), None).unwrap().len(), 1);
}

#[test]
fn newer_files_go_before_a_new_history_is_written() {
    let dir = tempfile::tempdir().unwrap();
    write_two(dir.path(), LIMITS);
    let mut store = open(dir.path(), 1).unwrap();
    assert_eq!(store.view().get(b"key-2").unwrap().unwrap(), b"two");
    let change = store.write(entries(&[("key-9", Some("nine"))]), json!(9)).unwrap();
    assert!(!dir.path().join("runs/1-2").exists());
    store.advance(change).unwrap();
    drop(store);
    let store = open(dir.path(), 2).unwrap();
    assert_eq!(store.summary(), &json!(9));
    assert_eq!(store.view().get(b"key-2").unwrap().unwrap(), b"two");
    assert_eq!(store.view().get(b"key-9").unwrap().unwrap(), b"nine");
}

#[test]
fn a_merge_that_fails_loses_nothing_and_is_an_error_only_when_files_become_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path(), 0).unwrap();
    let write = |store: &mut StateStore, at: u64| {
        let change = store.write(entries(&[(&format!("key-{at:02}"), Some("value"))]), json!(at)).unwrap();
        store.advance(change)
    };
    write(&mut store, 0).unwrap();
    // Runs cannot be created while their folder is a file.
    fs::remove_dir_all(dir.path().join("runs")).unwrap();
    fs::write(dir.path().join("runs"), "").unwrap();
    let failed = (1..20).find(|at| write(&mut store, *at).is_err());
    assert_eq!(failed, Some(LIMITS.most as u64));
    assert_eq!(store.version(), Version(LIMITS.most as u64 + 1));
    assert_eq!(store.view().get(b"key-08").unwrap().unwrap(), b"value");
    fs::remove_file(dir.path().join("runs")).unwrap();
    fs::create_dir(dir.path().join("runs")).unwrap();
    write(&mut store, 9).unwrap();
    assert!(store.report().current_files <= 2);
    assert_eq!(read_all(dir.path(), 10).unwrap().len(), 10);
}

#[test]
fn a_change_that_is_read_elsewhere_is_not_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store_options = StateOptions { retain: 0, ..options(dir.path(), "the-query") };
    let mut store = StateStore::open_with(store_options, Version(0), LIMITS).unwrap();
    let mut old = Vec::new();
    for at in 0..40 {
        let value = format!("value-{at}");
        let change = store.write(entries(&[("key", Some(&value))]), json!(at)).unwrap();
        store.advance(change).unwrap();
        old.push((StateStore::history(dir.path(), None, store.version()).unwrap(), value));
        store.forget_before(store.version()).unwrap();
    }
    for (view, value) in old {
        assert_eq!(view.get(b"key").unwrap().unwrap(), value.as_bytes());
    }
}
