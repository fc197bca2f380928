//! Sources as streams: offsets, replay, limits, the file source's log.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Load, rows, run, runtime, source};
use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, TimestampMicrosecondType};
use firesteel::durable::log::CompactibleLog;
use firesteel::durable::store::{Durability, Store};
use firesteel::error::ErrorKind;
use firesteel::runtime::clock::ManualClock;
use firesteel::runtime::{Cancel, Runtime};
use firesteel::source::memory::{MemoryStream, MemoryTable};
use firesteel::source::range::Range;
use firesteel::source::{Available, Offset, ReadLimit, ReadMode, Reader, RecordBatches, Source};
use futures::StreamExt;
use proptest::prelude::*;
use tempfile::TempDir;

const NO_PATH: &str = "";

fn offset(text: &str) -> Offset {
    Offset(text.into())
}

fn values(
    reader: &mut dyn Reader,
    source: &dyn Source,
    start: Option<&Offset>,
    end: &Offset,
    runtime: &Runtime,
) -> Vec<i64> {
    let partitions = reader.partitions(start, end).unwrap();
    let schema = source.schema();
    let batches = rows(&partitions, &schema, runtime).unwrap();
    let at = schema.index_of("value").unwrap();
    let mut values: Vec<i64> =
        batches.iter().flat_map(|b| b.column(at).as_primitive::<Int64Type>().values().to_vec()).collect();
    values.sort_unstable();
    values
}

#[test]
fn rate_micro_batch_gives_the_same_rows_for_a_range() {
    let runtime = runtime();
    let load = Load {
        format: "rate-micro-batch",
        path: Path::new(NO_PATH),
        schema: "",
        options: &[("rowsPerBatch", "3"), ("startTimestamp", "5")],
    };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let mut reader = source.open(run(&conf, &runtime, None).0).unwrap();
    let start = reader.initial().unwrap().unwrap();
    assert_eq!(start, offset(r#"{"offset":0,"timestamp":5}"#));
    let end = reader.end_of_batch(Some(&start), ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(end, offset(r#"{"offset":3,"timestamp":1005}"#));
    assert_eq!(values(&mut *reader, &*source, Some(&start), &end, &runtime), [0, 1, 2]);
    assert_eq!(values(&mut *reader, &*source, Some(&start), &end, &runtime), [0, 1, 2]);
    // As Spark writes it, with spaces.
    let spaced = offset(r#"{"offset": 3, "timestamp": 1005}"#);
    let next = reader.end_of_batch(Some(&spaced), ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(values(&mut *reader, &*source, Some(&spaced), &next, &runtime), [3, 4, 5]);
    let foreign = reader.end_of_batch(Some(&offset("5")), ReadLimit::Configured).unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Checkpoint);
}

#[test]
fn rate_micro_batch_ends_after_one_batch_of_what_is_available() {
    let runtime = runtime();
    let load =
        Load { format: "rate-micro-batch", path: Path::new(NO_PATH), schema: "", options: &[("rowsPerBatch", "3")] };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let mut reader = source.open(run(&conf, &runtime, None).0).unwrap();
    assert_eq!(reader.pin_available().unwrap(), Available::Pinned);
    let start = reader.initial().unwrap();
    let end = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap();
    assert!(end.is_some());
    assert_eq!(reader.end_of_batch(end.as_ref(), ReadLimit::Configured).unwrap(), None);
}

#[test]
fn rate_ramps_up_and_goes_on_after_a_restart() {
    let (runtime, log) = (runtime(), TempDir::new().unwrap());
    let options = [("rowsPerSecond", "10"), ("rampUpTime", "4s")];
    let load = Load { format: "rate", path: Path::new(NO_PATH), schema: "", options: &options };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    assert_eq!(source.description(), "RateStreamV2[rowsPerSecond=10, rampUpTimeSeconds=4, numPartitions=default");
    let (first, clock) = run(&conf, &runtime, Some(log.path()));
    let mut reader = source.open(first).unwrap();
    assert_eq!(fs::read_to_string(log.path().join("0")).unwrap(), "v1\n1700000000000");
    let mut start = reader.initial().unwrap();
    let mut counts = Vec::new();
    for _ in 0..6 {
        assert_eq!(reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap(), None);
        clock.advance(Duration::from_secs(1));
        let end = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap().unwrap();
        counts.push(values(&mut *reader, &*source, start.as_ref(), &end, &runtime).len());
        start = Some(end);
    }
    // As PySpark 4.3 has it for the same options.
    assert_eq!(counts, [2, 4, 6, 8, 10, 10]);
    let (second, clock) = run(&conf, &runtime, Some(log.path()));
    clock.advance(Duration::from_secs(7));
    let mut again = source.open(second).unwrap();
    let end = again.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(values(&mut *again, &*source, start.as_ref(), &end, &runtime), (40..50).collect::<Vec<_>>());
}

#[test]
fn rate_times_lie_evenly_in_the_second() {
    let runtime = runtime();
    let load = Load {
        format: "rate",
        path: Path::new(NO_PATH),
        schema: "",
        options: &[("rowsPerSecond", "4"), ("numPartitions", "1")],
    };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let mut reader = source.open(run(&conf, &runtime, None).0).unwrap();
    let partitions = reader.partitions(Some(&offset("0")), &offset("1")).unwrap();
    let batches = rows(&partitions, &source.schema(), &runtime).unwrap();
    let times = batches[0].column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec();
    assert_eq!(times.iter().map(|t| t / 1000 - 1_700_000_000_000).collect::<Vec<_>>(), [0, 250, 500, 750]);
}

#[test]
fn continuous_rate_keeps_sparks_offsets() {
    let runtime = runtime();
    let load = Load {
        format: "rate",
        path: Path::new(NO_PATH),
        schema: "",
        options: &[("rowsPerSecond", "4"), ("numPartitions", "2")],
    };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let (now, clock) = run(&conf, &runtime, None);
    let mut reader = source.open_continuous(now).unwrap();
    let mut tails = reader.start(None).unwrap();
    clock.advance(Duration::from_secs(1));
    let mut ends = Vec::new();
    for (lane, tail) in tails.iter_mut().enumerate() {
        let (batch, end) = tail.next(Duration::ZERO).unwrap().unwrap();
        assert_eq!(batch.column(1).as_primitive::<Int64Type>().values().to_vec(), [lane as i64, lane as i64 + 2]);
        assert!(tail.next(Duration::ZERO).unwrap().is_none());
        ends.push(end);
    }
    let merged = reader.merge(&ends).unwrap();
    assert_eq!(merged.0, r#"{"0":{"value":2,"runTimeMs":1700000001000},"1":{"value":3,"runTimeMs":1700000001000}}"#);
    clock.advance(Duration::from_millis(500));
    let mut again = reader.start(Some(&merged)).unwrap();
    let (batch, _) = again[1].next(Duration::ZERO).unwrap().unwrap();
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().values().to_vec(), [5]);
}

fn numbers(values: &[i64]) -> RecordBatch {
    RecordBatch::try_new(memory_schema(), vec![Arc::new(Int64Array::from(values.to_vec()))]).unwrap()
}

fn memory_schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![Field::new("value", DataType::Int64, true)]))
}

#[test]
fn a_memory_stream_forgets_what_every_query_has_committed() {
    let runtime = runtime();
    let stream = MemoryStream::new(memory_schema());
    let (now, _) = run(&Arc::default(), &runtime, None);
    let (mut a, mut b) = (stream.open(now.clone()).unwrap(), stream.open(now).unwrap());
    assert_eq!(a.end_of_batch(None, ReadLimit::Configured).unwrap(), None);
    let first = stream.add(vec![numbers(&[1, 2])]).unwrap();
    assert_eq!(a.end_of_batch(None, ReadLimit::Configured).unwrap(), Some(first.clone()));
    a.commit(&first).unwrap();
    assert_eq!(values(&mut *b, &stream, None, &first, &runtime), [1, 2]);
    b.commit(&first).unwrap();
    let gone = b.partitions(None, &first).err().unwrap();
    assert_eq!(gone.kind(), ErrorKind::Checkpoint);
    let second = stream.add(vec![numbers(&[3]), numbers(&[4])]).unwrap();
    assert_eq!(values(&mut *b, &stream, Some(&first), &second, &runtime), [3, 4]);
}

#[test]
fn a_memory_stream_wakes_a_continuous_lane() {
    let runtime = runtime();
    let stream = MemoryStream::new(memory_schema());
    let (now, _) = run(&Arc::default(), &runtime, None);
    let mut reader = stream.open_continuous(now).unwrap();
    let mut tails = reader.start(None).unwrap();
    assert!(tails[0].next(Duration::ZERO).unwrap().is_none());
    let feeder = stream.clone();
    let thread = runtime
        .thread("feeder", move || feeder.add(vec![numbers(&[1]), numbers(&[2]), numbers(&[3])]).unwrap())
        .unwrap();
    let (batch, _) = tails[0].next(Duration::from_secs(60)).unwrap().unwrap();
    assert_eq!(batch, numbers(&[1]));
    thread.join().unwrap();
    let (batch, one) = tails[1].next(Duration::ZERO).unwrap().unwrap();
    assert_eq!(batch, numbers(&[2]));
    let (batch, zero) = tails[0].next(Duration::ZERO).unwrap().unwrap();
    assert_eq!(batch, numbers(&[3]));
    assert_eq!(reader.merge(&[zero, one]).unwrap(), offset("[4,3]"));
}

#[test]
fn a_range_and_a_table_keep_their_order_over_partitions() {
    let runtime = runtime();
    let (now, _) = run(&Arc::default(), &runtime, None);
    for (start, end, step, expected) in [(0, 7, 2, vec![0, 2, 4, 6]), (5, 0, -2, vec![5, 3, 1]), (3, 3, 1, vec![])] {
        let range = Range::new(start, end, step, 3).unwrap();
        let mut reader = range.open(now.clone()).unwrap();
        let end = reader.end_of_batch(None, ReadLimit::All).unwrap().unwrap();
        let partitions = reader.partitions(None, &end).unwrap();
        let batches = rows(&partitions, &range.schema(), &runtime).unwrap();
        let found: Vec<i64> =
            batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(found, expected);
    }
    let table = MemoryTable::new(memory_schema(), vec![numbers(&[1, 2, 3]), numbers(&[]), numbers(&[4, 5])]).unwrap();
    let mut reader = table.open(now).unwrap();
    let end = reader.end_of_batch(None, ReadLimit::All).unwrap().unwrap();
    let partitions = reader.partitions(None, &end).unwrap();
    assert_eq!(partitions.len(), 2);
    let batches = rows(&partitions, &table.schema(), &runtime).unwrap();
    let found: Vec<i64> =
        batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(found, [1, 2, 3, 4, 5]);
}

#[test]
fn socket_lines_arrive_in_both_modes() {
    use std::io::Write;
    let runtime = runtime();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let options = [("host", "127.0.0.1"), ("port", port.as_str()), ("includeTimestamp", "true")];
    let load = Load { format: "socket", path: Path::new(NO_PATH), schema: "", options: &options };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let text = |batch: &RecordBatch| {
        batch.column(0).as_string::<i32>().iter().map(|v| v.unwrap().to_owned()).collect::<Vec<_>>()
    };

    let (now, _) = run(&conf, &runtime, None);
    let mut reader = source.open_continuous(now.clone()).unwrap();
    let mut tails = reader.start(None).unwrap();
    let (mut peer, _) = server.accept().unwrap();
    peer.write_all(b"a\r\nb\nc").unwrap();
    let wait = Duration::from_secs(60);
    assert_eq!(text(&tails[0].next(wait).unwrap().unwrap().0), ["a"]);
    assert_eq!(text(&tails[1].next(wait).unwrap().unwrap().0), ["b"]);
    assert!(tails[0].next(Duration::ZERO).unwrap().is_none(), "a line is there when it has ended");
    peer.write_all(b"c\n").unwrap();
    assert_eq!(text(&tails[0].next(wait).unwrap().unwrap().0), ["cc"]);
    drop(tails);
    drop(reader);

    let mut reader = source.open(now).unwrap();
    let start = reader.initial().unwrap().unwrap();
    assert_eq!(start, offset("-1"));
    assert_eq!(reader.end_of_batch(Some(&start), ReadLimit::Configured).unwrap(), None);
    let (mut peer, _) = server.accept().unwrap();
    peer.write_all(b"x\ny\nz\n").unwrap();
    drop(peer);
    let end = loop {
        match reader.end_of_batch(Some(&start), ReadLimit::Configured).unwrap() {
            Some(end) if end == offset("2") => break end,
            _ => std::thread::yield_now(),
        }
    };
    let partitions = reader.partitions(Some(&start), &end).unwrap();
    let batches = rows(&partitions, &source.schema(), &runtime).unwrap();
    assert_eq!(batches.iter().flat_map(text).collect::<Vec<_>>(), ["x", "z", "y"]);
    reader.commit(&end).unwrap();
    assert_eq!(reader.partitions(Some(&start), &end).err().unwrap().kind(), ErrorKind::Checkpoint);
}

#[test]
fn a_port_that_nobody_listens_on_is_an_error() {
    let runtime = runtime();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let options = [("host", "127.0.0.1"), ("port", port.as_str())];
    let load = Load { format: "socket", path: Path::new(NO_PATH), schema: "", options: &options };
    let (source, conf) = source(&load, ReadMode::Stream, &runtime).unwrap();
    let mut reader = source.open(run(&conf, &runtime, None).0).unwrap();
    let start = reader.initial().unwrap();
    let error = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap_err();
    assert!(error.to_string().contains(&port), "{error}");
}

/// A directory of CSV files with a number each, and a checkpoint.
struct Drops {
    input: TempDir,
    log: TempDir,
    runtime: Runtime,
}

/// Milliseconds since the epoch that file n was modified.
const fn modified(n: u64) -> u64 {
    1_600_000_000_000 + n * 1000
}

impl Drops {
    fn new() -> Self {
        Self { input: TempDir::new().unwrap(), log: TempDir::new().unwrap(), runtime: runtime() }
    }

    fn drop_file(&self, n: u64) {
        let path = self.input.path().join(format!("a b{n:04}.csv"));
        fs::write(&path, format!("{n}\n")).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_millis(modified(n));
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }

    /// The log of a sink that writes these files, folded every third time.
    fn sink_log(&self) -> CompactibleLog {
        CompactibleLog::new(Store::open(self.input.path().join("_spark_metadata"), Durability::Buffered).unwrap(), 3)
    }

    /// The line of file n in it, as Spark writes it.
    fn sink_line(&self, n: u64, action: &str) -> String {
        let (dir, time) = (self.input.path().display(), modified(n));
        format!(
            r#"{{"path":"file://{dir}/a%20b{n:04}.csv","size":2,"isDir":false,"modificationTime":{time},"blockReplication":1,"blockSize":2,"action":"{action}"}}"#
        )
    }

    fn open(&self, options: &[(&str, &str)]) -> (Box<dyn Reader>, Arc<dyn Source>, Arc<ManualClock>) {
        let load = Load { format: "csv", path: self.input.path(), schema: "a int", options };
        let (source, conf) = source(&load, ReadMode::Stream, &self.runtime).unwrap();
        let (now, clock) = run(&conf, &self.runtime, Some(self.log.path()));
        (source.open(now).unwrap(), source, clock)
    }

    fn read(&self, reader: &mut dyn Reader, source: &dyn Source, start: Option<&Offset>, end: &Offset) -> Vec<i32> {
        let partitions = reader.partitions(start, end).unwrap();
        let batches = rows(&partitions, &source.schema(), &self.runtime).unwrap();
        let mut all: Vec<i32> =
            batches.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect();
        all.sort_unstable();
        all
    }
}

#[test]
fn files_are_taken_in_order_within_the_limit_and_logged_as_spark_does() {
    let drops = Drops::new();
    (0..25).for_each(|n| drops.drop_file(n));
    let (mut reader, source, _) = drops.open(&[("maxFilesPerTrigger", "2")]);
    assert_eq!(source.description(), format!("FileStreamSource[file:{}]", drops.input.path().display()));
    assert_eq!(reader.pin_available().unwrap(), Available::Pinned);
    drops.drop_file(99);
    let (mut start, mut taken) = (None, Vec::new());
    while let Some(end) = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap() {
        assert_eq!(end, offset(&format!(r#"{{"logOffset":{}}}"#, taken.len())));
        taken.push(drops.read(&mut *reader, &*source, start.as_ref(), &end));
        reader.commit(&end).unwrap();
        start = Some(end);
    }
    let expected: Vec<Vec<i32>> = (0..25).collect::<Vec<_>>().chunks(2).map(<[i32]>::to_vec).collect();
    assert_eq!(taken, expected);
    let uri = format!("file://{}", drops.input.path().display());
    let line = |n: u64, batch: u64| {
        format!(r#"{{"path":"{uri}/a%20b{n:04}.csv","timestamp":{},"batchId":{batch}}}"#, modified(n))
    };
    let read = |name: &str| fs::read_to_string(drops.log.path().join(name)).unwrap();
    assert_eq!(read("1"), format!("v1\n{}\n{}", line(2, 1), line(3, 1)));
    let compact: Vec<_> = (0..20).map(|n| line(n, n / 2)).collect();
    assert_eq!(read("9.compact"), format!("v1\n{}", compact.join("\n")));
    assert!(!drops.log.path().join("9").exists());
}

#[test]
fn the_log_is_the_least_end_after_a_crash() {
    let drops = Drops::new();
    drops.drop_file(0);
    let (mut reader, ..) = drops.open(&[]);
    // The process dies between the source's log and `offsets/0`.
    assert_eq!(reader.end_of_batch(None, ReadLimit::Configured).unwrap(), Some(offset(r#"{"logOffset":0}"#)));
    drop(reader);
    let (mut reader, source, _) = drops.open(&[]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(end, offset(r#"{"logOffset":0}"#));
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [0]);
    drops.drop_file(1);
    drop(reader);
    let (mut reader, source, _) = drops.open(&[]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [0, 1]);
    // Spark 2.0's form, and Spark's spaces.
    for start in ["0", r#"{"logOffset": 0}"#] {
        assert_eq!(drops.read(&mut *reader, &*source, Some(&offset(start)), &end), [1]);
    }
    let beyond = reader.partitions(None, &offset(r#"{"logOffset":7}"#)).err().unwrap();
    assert_eq!(beyond.kind(), ErrorKind::Checkpoint);
}

#[test]
fn a_crash_before_a_batch_is_planned_changes_no_batch_with_a_limit() {
    let drops = Drops::new();
    (0..4).for_each(|n| drops.drop_file(n));
    let limit = [("maxFilesPerTrigger", "1")];
    let (mut reader, ..) = drops.open(&limit);
    assert!(reader.end_of_batch(None, ReadLimit::Configured).unwrap().is_some());
    drop(reader);
    let (mut reader, source, _) = drops.open(&limit);
    assert_eq!(reader.pin_available().unwrap(), Available::Pinned);
    let (mut start, mut taken) = (None, Vec::new());
    while let Some(end) = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap() {
        taken.push(drops.read(&mut *reader, &*source, start.as_ref(), &end));
        start = Some(end);
    }
    assert_eq!(taken, [[0], [1], [2], [3]]);
    // One batch for all is one batch after a crash too.
    let (mut reader, source, _) = drops.open(&limit);
    let end = reader.end_of_batch(None, ReadLimit::All).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [0, 1, 2, 3]);
}

#[test]
fn a_rewritten_file_is_not_read_again_and_an_old_one_is_too_old() {
    let drops = Drops::new();
    drops.drop_file(100);
    let (mut reader, ..) = drops.open(&[("maxFileAge", "10s")]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap();
    drops.drop_file(100);
    drops.drop_file(89);
    assert_eq!(reader.end_of_batch(end.as_ref(), ReadLimit::Configured).unwrap(), None);
    drops.drop_file(91);
    assert!(reader.end_of_batch(end.as_ref(), ReadLimit::Configured).unwrap().is_some());
}

#[test]
fn the_newest_come_first_when_asked_and_a_byte_limit_takes_one_at_least() {
    let drops = Drops::new();
    (10..15).for_each(|n| drops.drop_file(n));
    let (mut reader, source, _) = drops.open(&[("latestFirst", "true"), ("maxBytesPerTrigger", "1")]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [14]);
    let next = reader.end_of_batch(Some(&end), ReadLimit::All).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, Some(&end), &next), [10, 11, 12, 13]);
}

#[test]
fn committed_files_are_archived_or_deleted() {
    let drops = Drops::new();
    drops.drop_file(0);
    let archive = TempDir::new().unwrap();
    let dir = archive.path().to_str().unwrap();
    let (mut reader, source, _) = drops.open(&[("cleanSource", "archive"), ("sourceArchiveDir", dir)]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [0]);
    reader.commit(&end).unwrap();
    reader.commit(&end).unwrap();
    assert!(!drops.input.path().join("a b0000.csv").exists());
    assert!(archive.path().join(drops.input.path().strip_prefix("/").unwrap()).join("a b0000.csv").exists());
    drops.drop_file(1);
    let (mut reader, ..) = drops.open(&[("cleanSource", "delete")]);
    let end = reader.end_of_batch(Some(&end), ReadLimit::Configured).unwrap().unwrap();
    reader.commit(&end).unwrap();
    assert!(!drops.input.path().join("a b0001.csv").exists());
}

#[test]
fn a_file_that_came_under_the_name_of_a_read_one_is_not_cleaned() {
    let drops = Drops::new();
    let file = drops.input.path().join("a b0000.csv");
    let came_later = || {
        drops.drop_file(0);
        let later = std::time::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
    };
    drops.drop_file(0);
    let (mut reader, ..) = drops.open(&[("cleanSource", "delete")]);
    let first = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    came_later();
    reader.commit(&first).unwrap();
    assert!(file.exists());
    drops.drop_file(1);
    let second = reader.end_of_batch(Some(&first), ReadLimit::Configured).unwrap().unwrap();
    reader.commit(&second).unwrap();
    // A run that begins repeats the last commit: what the first batch read was cleaned long ago, if
    // at all.
    drops.drop_file(0);
    let (mut reader, ..) = drops.open(&[("cleanSource", "delete")]);
    reader.commit(&second).unwrap();
    assert!(file.exists());
}

#[test]
fn a_reader_that_panics_does_not_end_its_rows() {
    let runtime = runtime();
    let rows =
        (0..2).map(|i| if i == 0 { Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))) } else { panic!("torn") });
    let rows = RecordBatches::Blocking(Box::new(rows)).into_stream(&runtime, &Cancel::default());
    let read: Vec<_> = runtime.block_on(rows.collect());
    assert_eq!(read.len(), 2);
    assert!(read[1].as_ref().unwrap_err().to_string().contains("torn"));
}

#[test]
fn a_stream_of_files_refuses_bad_options_by_name() {
    let drops = Drops::new();
    for options in [
        &[("maxFilesPerTrigger", "1"), ("maxBytesPerTrigger", "1")] as &[_],
        &[("maxFilesPerTrigger", "0")],
        &[("maxBytesPerTrigger", "10k")],
        &[("cleanSource", "nope")],
        &[("cleanSource", "archive")],
        &[("maxFileAge", "x")],
        &[("latestFirst", "x")],
        &[("modifiedAfter", "2020-01-01T00:00:00")],
        &[("maxCachedFiles", "-1")],
        &[("discardCachedInputRatio", "2")],
    ] {
        let load = Load { format: "csv", path: drops.input.path(), schema: "a int", options };
        let (source, conf) = source(&load, ReadMode::Stream, &drops.runtime).unwrap();
        // As in Spark, the query fails and not `load()`.
        let error = source.open(run(&conf, &drops.runtime, Some(drops.log.path())).0).err().unwrap();
        assert!(matches!(error.kind(), ErrorKind::IllegalArgument | ErrorKind::NumberFormat), "{error}");
        assert!(error.to_string().contains(options[0].0), "{error}");
    }
    let load = Load { format: "csv", path: drops.input.path(), schema: "", options: &[] };
    let error = source(&load, ReadMode::Stream, &drops.runtime).err().unwrap();
    assert!(error.to_string().contains("Schema must be specified"), "{error}");
}

#[test]
fn the_output_of_a_file_sink_is_read_by_its_log() {
    let drops = Drops::new();
    (0..3).for_each(|n| drops.drop_file(n));
    let meta = drops.input.path().join("_spark_metadata");
    fs::create_dir(&meta).unwrap();
    let line = |n| drops.sink_line(n, "add");
    fs::write(meta.join("0"), format!("v1\n{}", line(2))).unwrap();
    let (mut reader, source, _) = drops.open(&[]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [2]);
    fs::write(meta.join("1"), format!("v1\n{}", line(0))).unwrap();
    let next = reader.end_of_batch(Some(&end), ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, Some(&end), &next), [0]);
}

#[test]
fn what_a_sink_took_back_before_a_batch_took_it_is_not_read() {
    let drops = Drops::new();
    (0..4).for_each(|n| drops.drop_file(n));
    let log = drops.sink_log();
    let lines = |names: &[u64], action| names.iter().map(|n| drops.sink_line(*n, action)).collect::<Vec<_>>();
    log.add(0, &lines(&[0, 1, 2], "add")).unwrap();
    let (mut reader, source, _) = drops.open(&[("maxFilesPerTrigger", "1"), ("maxCachedFiles", "0")]);
    let end = reader.end_of_batch(None, ReadLimit::Configured).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, None, &end), [0]);
    log.add(1, &[lines(&[1], "delete"), lines(&[3], "add")].concat()).unwrap();
    let rest = reader.end_of_batch(Some(&end), ReadLimit::All).unwrap().unwrap();
    assert_eq!(drops.read(&mut *reader, &*source, Some(&end), &rest), [2, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever arrives when, in a directory or in a sink's log that is folded meanwhile, whatever
    /// the limit, and wherever the process dies: each file is in exactly one batch.
    #[test]
    fn each_file_is_read_once_whatever_happens(
        steps in proptest::collection::vec((0_u64..4, proptest::bool::ANY, proptest::bool::ANY), 1..30),
        limit in 1_u64..4,
        by_log in proptest::bool::ANY,
    ) {
        let drops = Drops::new();
        let sink = by_log.then(|| drops.sink_log());
        let limit = limit.to_string();
        let options = [("maxFilesPerTrigger", limit.as_str()), ("conf:spark.sql.streaming.fileSource.log.compactInterval", "3"), ("conf:spark.sql.streaming.fileSource.log.cleanupDelay", "0")];
        let (mut reader, mut source, mut clock) = drops.open(&options);
        let (mut start, mut next, mut seen) = (None, 0, Vec::new());
        for (number, (arrivals, dies_before_offset, dies_after_batch)) in (0..).zip(steps) {
            (next..next + arrivals).for_each(|n| drops.drop_file(n));
            if let Some(log) = &sink {
                let lines: Vec<_> = (next..next + arrivals).map(|n| drops.sink_line(n, "add")).collect();
                log.add(number, &lines).unwrap();
                log.remove_covered(i64::MAX, Duration::ZERO, u64::MAX).unwrap();
            }
            next += arrivals;
            clock.advance(Duration::from_secs(1_000_000_000));
            let mut end = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap();
            if dies_before_offset {
                (reader, source, clock) = drops.open(&options);
                end = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap();
            }
            let Some(end) = end else { continue };
            if dies_after_batch {
                (reader, source, clock) = drops.open(&options);
            }
            seen.extend(drops.read(&mut *reader, &*source, start.as_ref(), &end));
            reader.commit(&end).unwrap();
            start = Some(end);
        }
        while let Some(end) = reader.end_of_batch(start.as_ref(), ReadLimit::Configured).unwrap() {
            seen.extend(drops.read(&mut *reader, &*source, start.as_ref(), &end));
            start = Some(end);
        }
        seen.sort_unstable();
        prop_assert!(seen.iter().copied().eq(0..next as i32), "{seen:?} of {next}");
    }
}

#[test]
fn strings_parse_as_from_json_has_it() {
    let text = StringArray::from(vec![Some(r#"{"a":1,"b":[1,2]}"#), Some("{"), None, Some("")]);
    let to = firesteel::types::ddl::parse_type("struct<a:int,b:array<int>>").unwrap();
    let parsed =
        firesteel::source::files::json::parse_strings(&text, &to, &mut Default::default(), &Default::default())
            .unwrap();
    use arrow::array::Array;
    let parsed = parsed.as_struct();
    assert_eq!((0..4).map(|i| parsed.is_null(i)).collect::<Vec<_>>(), [false, false, true, true]);
    let a = parsed.column(0).as_primitive::<Int32Type>();
    assert_eq!(a.iter().collect::<Vec<_>>(), [Some(1), None, None, None]);
}
