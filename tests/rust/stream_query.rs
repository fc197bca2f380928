//! A query from outside: its handle, its manager, its listeners.

use firesteel::batch::OutputMode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::stream_support::{Session, collect, rate_micro_batch, stream};
use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use firesteel::batch::BatchId;
use firesteel::error::{Error, ErrorKind, Result};
use firesteel::runtime::clock::ManualClock;
use firesteel::sink::memory::{MemorySink, MemorySinkTable};
use firesteel::source::Source;
use firesteel::source::memory::MemoryStream;
use firesteel::stream::listener::{Idle, Listener, QueryStarted, Terminated};
use firesteel::stream::progress::Progress;
use firesteel::stream::{EachBatch, QueryOutput, StreamingQuery, Trigger};
use parking_lot::Mutex;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]))
}

fn rows(values: impl IntoIterator<Item = i64>) -> Vec<RecordBatch> {
    vec![RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(values))]).unwrap()]
}

fn values(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
    let mut values: Vec<_> = batches.iter().flat_map(column).collect();
    values.sort_unstable();
    values
}

/// The batches' numbers and values, and what is to happen in them.
struct Record<F>(Arc<Session>, Mutex<Vec<(u64, Vec<i64>)>>, F);

impl<F: Fn(u64) -> Result<()> + Send + Sync> EachBatch for Record<F> {
    fn call(&self, rows: Arc<dyn Source>, id: BatchId) -> Result<()> {
        let frame = super::stream_support::scan(firesteel::plan::Leaf {
            id: firesteel::plan::LeafId::fresh(),
            source: rows,
            streaming: false,
        });
        let first = collect(&frame, &self.0.env)?;
        let second = collect(&frame, &self.0.env)?;
        assert_eq!(values(&first), values(&second));
        self.1.lock().push((id.0, values(&first)));
        (self.2)(id.0)
    }
}

#[test]
fn everything_available_is_processed() {
    let session = Session::new(&[]);
    let (source, table) = (MemoryStream::new(schema()), Arc::new(MemorySinkTable::new(schema())));
    source.add(rows(0..5)).unwrap();
    let mut request = session.request(stream(Arc::new(source.clone())), None);
    request.output = QueryOutput::Sink(Arc::new(MemorySink::new(Arc::clone(&table))));
    let query = session.manager.start(request).unwrap();
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| query.process_all_available());
        while !waiting.is_finished() {
            session.env.clock.wake();
            std::thread::yield_now();
        }
        waiting.join().unwrap()
    });
    waited.unwrap();
    assert_eq!(values(&table.snapshot()), [0, 1, 2, 3, 4]);
    query.stop().unwrap();
    assert!(!query.is_active());
    assert_eq!(query.status().message, "Stopped");
    assert!(session.manager.active().is_empty());
}

#[test]
fn each_batch_may_be_read_several_times_and_counts_its_rows() {
    let session = Arc::new(Session::new(&[]));
    let source = MemoryStream::new(schema());
    source.add(rows(0..5)).unwrap();
    let callback = Arc::new(Record(Arc::clone(&session), Mutex::default(), |_| Ok(())));
    let mut request = session.request(stream(Arc::new(source)), None);
    (request.output, request.trigger) = (QueryOutput::EachBatch(Arc::clone(&callback) as _), Trigger::AvailableNow);
    let query = session.manager.start(request).unwrap();
    query.await_termination(None).unwrap();
    assert_eq!(*callback.1.lock(), [(0, vec![0, 1, 2, 3, 4])]);
    let progress = query.last_progress().unwrap();
    assert_eq!((progress.input_rows(), progress.sink.rows), (10, None), "as in Spark, both actions count");
}

#[test]
fn an_error_ends_the_query_and_is_kept_as_the_cause() {
    let session = Arc::new(Session::new(&[]));
    let fail = |id| if id == 1 { Err(Error::new(ErrorKind::User, "boom")) } else { Ok(()) };
    let mut request = session.request(stream(rate_micro_batch(1)), None);
    request.output = QueryOutput::EachBatch(Arc::new(Fail(fail)));
    let query = session.manager.start(request).unwrap();
    let error = query.await_termination(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StreamingQuery);
    assert_eq!(
        error.message(),
        format!(
            "[STREAM_FAILED] Query [id = {}, runId = {}] terminated with exception: boom SQLSTATE: XXKST",
            query.id, query.run_id
        )
    );
    let cause = error.cause().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!((cause.kind(), cause.message().as_str()), (ErrorKind::User, "boom"));
    assert_eq!(query.status().message, "Terminated with exception: boom");
    assert!(session.manager.await_any_termination(None).is_err());
    session.manager.reset_terminated();
    assert!(!session.manager.await_any_termination(Some(Duration::ZERO)).unwrap());
}

struct Fail<F>(F);

impl<F: Fn(u64) -> Result<()> + Send + Sync> EachBatch for Fail<F> {
    fn call(&self, _: Arc<dyn Source>, id: BatchId) -> Result<()> {
        (self.0)(id.0)
    }
}

#[test]
fn a_panic_ends_the_query_and_not_the_process() {
    let session = Session::new(&[]);
    let mut request = session.request(stream(rate_micro_batch(1)), None);
    request.output = QueryOutput::EachBatch(Arc::new(Fail(|_| panic!("ouch"))));
    let error = session.manager.start(request).unwrap().await_termination(None).unwrap_err();
    assert!(error.message().contains("ouch"), "{error}");
}

#[test]
fn stop_inside_a_batch_leaves_it_for_replay() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    let handle: Arc<Mutex<Option<Arc<StreamingQuery>>>> = Arc::default();
    let started = Arc::clone(&handle);
    let mut request = session.request(stream(rate_micro_batch(1)), Some(dir.path()));
    request.output = QueryOutput::EachBatch(Arc::new(Fail(move |id| {
        if id == 0 {
            // start() returns before or after this batch begins.
            while started.lock().is_none() {
                std::thread::yield_now();
            }
            started.lock().as_ref().unwrap().stop()?;
        }
        Ok(())
    })));
    let query = session.manager.start(request).unwrap();
    *handle.lock() = Some(Arc::clone(&query));
    assert!(query.await_termination(None).unwrap());
    assert!(dir.path().join("offsets/0").exists() && !dir.path().join("commits/0").exists());
}

#[test]
fn processing_time_waits_for_the_multiple_of_its_interval() {
    let clock = Arc::new(ManualClock::at(12_345));
    let session = Session::with_clock(Arc::clone(&clock) as _, &[]);
    let mut request = session.request(stream(rate_micro_batch(1)), None);
    request.trigger = Trigger::processing_time("5 seconds").unwrap();
    let query = session.manager.start(request).unwrap();
    for (at_ms, wait_ms) in [(12_345, 2_655), (15_000, 5_000), (20_000, 5_000)] {
        while query.last_progress().is_none_or(|progress| progress.began_ms < at_ms) {
            std::thread::yield_now();
        }
        clock.wait_for_sleepers(1);
        assert_eq!(query.last_progress().unwrap().began_ms, at_ms);
        assert_eq!(query.status().message, "Waiting for next trigger");
        clock.advance(Duration::from_millis(wait_ms));
    }
    query.stop().unwrap();
}

#[derive(Default)]
struct Heard {
    events: Mutex<Vec<String>>,
    idles: AtomicU64,
}

impl Listener for Heard {
    fn started(&self, event: &QueryStarted) {
        self.events.lock().push(format!("started {}", event.name.as_deref().unwrap_or("-")));
    }

    fn progressed(&self, progress: &Progress) {
        self.events.lock().push(format!("progress {}", progress.batch_id));
    }

    fn idle(&self, _: &Idle) {
        self.idles.fetch_add(1, Ordering::SeqCst);
    }

    fn terminated(&self, event: &Terminated) {
        self.events.lock().push(format!("terminated {}", event.failure.is_some()));
    }
}

#[test]
fn listeners_hear_of_a_query_from_its_start_to_its_end() {
    let session = Session::new(&[]);
    let heard = Arc::new(Heard::default());
    let id = session.manager.bus().add(Arc::clone(&heard) as _).unwrap();
    let mut request = session.request(stream(rate_micro_batch(1)), None);
    (request.name, request.trigger) = (Some("q".into()), Trigger::AvailableNow);
    let query = session.manager.start(request).unwrap();
    assert_eq!(heard.events.lock()[0], "started q", "told before start() returns");
    query.await_termination(None).unwrap();
    session.manager.close().unwrap();
    assert_eq!(*heard.events.lock(), ["started q", "progress 0", "terminated false"]);
    session.manager.bus().remove(id);
}

#[test]
fn a_name_and_a_checkpoint_belong_to_one_query_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    let mut request = session.request(stream(rate_micro_batch(1)), Some(dir.path()));
    request.name = Some("q".into());
    let first = session.manager.start(request).unwrap();
    let mut same_name = session.request(stream(rate_micro_batch(1)), None);
    same_name.name = Some("q".into());
    let error = session.manager.start(same_name).err().unwrap();
    assert_eq!(
        error.to_string(),
        "Cannot start query with name q as a query with that name is already active in this SparkSession"
    );
    let second = session.manager.start(session.request(stream(rate_micro_batch(1)), Some(dir.path()))).unwrap();
    assert_eq!(first.id, second.id);
    assert_ne!(first.run_id, second.run_id);
    assert!(!first.is_active(), "the run before was stopped");
    second.stop().unwrap();
}

#[test]
fn what_spark_refuses_at_start_is_refused_at_start() {
    let session = Session::new(&[]);
    let request = || session.request(stream(rate_micro_batch(1)), None);
    let refused = |request| session.manager.start(request).err().unwrap();
    let mut complete = request();
    complete.mode = OutputMode::Complete;
    assert_eq!(refused(complete).condition().unwrap().name, "STREAMING_OUTPUT_MODE.UNSUPPORTED_OPERATION");
    let mut partitioned = request();
    partitioned.partition_by = vec!["nope".into()];
    assert_eq!(
        refused(partitioned).to_string(),
        "Partition column nope not found in existing columns (timestamp, value)."
    );
    let mut each = request();
    (each.output, each.format) = (QueryOutput::EachBatch(Arc::new(Fail(|_| Ok(())))), "foreachBatch".into());
    each.partition_by = vec!["value".into()];
    assert_eq!(refused(each).to_string(), "'foreachBatch' does not support partitioning.");
    let mut continuous = request();
    continuous.trigger = Trigger::continuous("1 second").unwrap();
    assert_eq!(refused(continuous).kind(), ErrorKind::Unsupported);
    let mut stateful = request();
    Arc::get_mut(&mut stateful.resolved).unwrap().operations =
        vec![firesteel::plan::streaming::StreamOperation::DropDuplicatesWithoutWatermark];
    let error = refused(stateful);
    assert_eq!(error.kind(), ErrorKind::Analysis);
    assert!(error.to_string().contains("dropDuplicates"), "{error}");
    let mut batch = request();
    Arc::get_mut(&mut batch.resolved).unwrap().leaves[0].streaming = false;
    assert_eq!(refused(batch).condition().unwrap().name, "WRITE_STREAM_NOT_ALLOWED");
}

#[test]
fn a_continuous_query_shows_rows_as_they_come_and_resumes_at_its_last_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(500));
    let session = Session::with_clock(Arc::clone(&clock) as _, &[]);
    let (source, table) = (MemoryStream::new(schema()), Arc::new(MemorySinkTable::new(schema())));
    let mut request = session.request(stream(Arc::new(source.clone())), Some(dir.path()));
    request.output = QueryOutput::Sink(Arc::new(MemorySink::new(Arc::clone(&table))));
    request.trigger = Trigger::continuous("1 second").unwrap();
    let query = session.manager.start(request).unwrap();
    clock.wait_for_sleepers(1);
    source.add(rows(0..3)).unwrap();
    while table.snapshot().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(values(&table.snapshot()), [0, 1, 2]);
    assert!(!dir.path().join("offsets/0").exists());
    clock.advance(Duration::from_millis(500));
    while !dir.path().join("commits/0").exists() {
        std::thread::yield_now();
    }
    assert!(query.recent_progress().is_empty());
    query.stop().unwrap();
    assert!(query.exception().is_none());
    assert!(std::fs::read_to_string(dir.path().join("offsets/0")).unwrap().starts_with("v1\n\n["));
    assert_eq!(std::fs::read_to_string(dir.path().join("firesteel/mode")).unwrap(), "continuous");
}
