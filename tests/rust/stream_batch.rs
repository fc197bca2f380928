//! The life of a batch, as its log tells it.

use super::stream_support::{Session, rate_micro_batch, stream, texts};
use firesteel::stream::Trigger;

#[test]
fn a_batch_is_logged_before_and_after_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    let mut request = session.request(stream(rate_micro_batch(10)), Some(dir.path()));
    request.trigger = Trigger::AvailableNow;
    let query = session.manager.start(request).unwrap();
    assert!(query.await_termination(None).unwrap());
    assert_eq!(texts(&dir.path().join("commits")), "0: v1⏎{\"nextBatchWatermarkMs\":0}");
    insta::assert_snapshot!(texts(&dir.path().join("offsets")), @r#"0: v1⏎{"batchWatermarkMs":0,"batchTimestampMs":1000000,"conf":{"spark.sql.dropDuplicates.deterministicKeyOrder.enabled":"true","spark.sql.function.protobufExtensions.enabled":"false","spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan":"false","spark.sql.shuffle.partitions":"200","spark.sql.streaming.aggregation.stateFormatVersion":"2","spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion":"2","spark.sql.streaming.join.stateFormatVersion":"2","spark.sql.streaming.multipleWatermarkPolicy":"min","spark.sql.streaming.queryEvolution.enableSourceEvolution":"false","spark.sql.streaming.stateStore.compression.codec":"lz4","spark.sql.streaming.stateStore.encodingFormat":"unsaferow","spark.sql.streaming.stateStore.providerClass":"org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider","spark.sql.streaming.stateStore.rocksdb.formatVersion":"5","spark.sql.streaming.stateStore.rocksdb.mergeOperatorVersion":"2","spark.sql.streaming.stateStore.rowChecksum.enabled":"false","spark.sql.streaming.statefulOperator.alwaysNullableOutput.enabled":"true","spark.sql.streaming.statefulOperator.useStrictDistribution":"true"}}⏎{"offset":10,"timestamp":1000}"#);
    assert_eq!(std::fs::read_to_string(dir.path().join("metadata")).unwrap(), format!("{{\"id\":\"{}\"}}", query.id));
    let progress = query.last_progress().unwrap();
    assert_eq!((progress.batch_id, progress.input_rows(), progress.sink.rows), (0, 10, Some(10)));
}

#[test]
fn the_next_run_continues_after_the_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let session = Session::new(&[]);
    for batch in 0..3 {
        let mut request = session.request(stream(rate_micro_batch(10)), Some(dir.path()));
        request.trigger = Trigger::AvailableNow;
        let query = session.manager.start(request).unwrap();
        query.await_termination(None).unwrap();
        assert_eq!(query.last_progress().unwrap().batch_id, batch);
    }
}
