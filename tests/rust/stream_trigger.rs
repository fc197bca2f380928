//! When a query works: decisions, without a clock.

use firesteel::source::Offset;
use firesteel::source::ReadLimit;
use firesteel::stream::progress::{Durations, EventTimeProgress, Progress, SinkProgress, SourceProgress};
use firesteel::stream::trigger::{Next, Outcome, Trigger, next_multiple};
use firesteel::stream::watermark::{Policy, Tracker};
use firesteel::types::interval;
use std::time::Duration;

#[test]
fn processing_time_is_aligned_to_the_epoch() {
    let trigger = Trigger::processing_time("5 seconds").unwrap();
    assert_eq!(trigger.next(Outcome::Ran, 12_345), Next::At(15_000));
    assert_eq!(trigger.next(Outcome::NoData, 15_000), Next::At(20_000));
    assert_eq!(next_multiple(5000, -1), 0);
}

#[test]
fn the_default_trigger_goes_on_at_once_and_polls_when_idle() {
    assert_eq!(Trigger::default().next(Outcome::Ran, 1), Next::Now);
    assert_eq!(Trigger::default().next(Outcome::NoData, 1), Next::Poll);
}

#[test]
fn once_ends_after_one_trigger_and_available_now_when_nothing_is_left() {
    assert_eq!(Trigger::Once.next(Outcome::NoData, 1), Next::End);
    assert_eq!(Trigger::Once.limit(), ReadLimit::All);
    assert_eq!(Trigger::AvailableNow.next(Outcome::Ran, 1), Next::Now);
    assert_eq!(Trigger::AvailableNow.next(Outcome::NoData, 1), Next::End);
    assert_eq!(Trigger::AvailableNow.limit(), ReadLimit::Configured);
    assert_eq!(Trigger::AvailableNow.with_a_source_that_cannot_pin(), Trigger::Once);
}

#[test]
fn intervals_are_read_as_spark_reads_them() {
    assert_eq!(interval::micros("interval 5 seconds").unwrap(), 5_000_000);
    assert_eq!(interval::micros(" 1.5 Second ").unwrap(), 1_500_000);
    assert_eq!(interval::micros("1 day 2 hours 1 week 5 microseconds").unwrap(), 698_400_000_005);
    assert_eq!(interval::micros("1 second -500 milliseconds").unwrap(), 500_000);
    assert_eq!(interval::micros("- 1 second").unwrap(), -1_000_000);
}

#[test]
fn an_interval_that_cannot_be_read_has_sparks_condition() {
    for (text, name) in [
        ("abc", "UNRECOGNIZED_NUMBER"),
        ("5", "MISSING_UNIT"),
        ("5 seconds 3", "MISSING_UNIT"),
        ("5 foo", "INVALID_UNIT"),
        ("500 ms", "INVALID_UNIT"),
        ("5seconds", "INVALID_VALUE"),
        ("1.5 minutes", "INVALID_FRACTION"),
        ("99999999999999999999 seconds", "ARITHMETIC_EXCEPTION"),
    ] {
        let error = interval::micros(text).unwrap_err();
        assert_eq!(error.condition().unwrap().name, format!("INVALID_INTERVAL_FORMAT.{name}"), "{text}");
    }
    let months = interval::micros("1 month").unwrap_err();
    assert_eq!(months.to_string(), "Doesn't support month or year interval: 1 month");
    let negative = Trigger::processing_time("-1 seconds").unwrap_err();
    assert_eq!(negative.to_string(), "requirement failed: the interval of trigger should not be negative");
}

#[test]
fn the_watermark_follows_the_slowest_input_and_never_goes_back() {
    let mut min = Tracker::new(Policy::Min, 2, 0);
    min.advance([Some(100), None]);
    assert_eq!(min.current_ms(), 0);
    min.advance([Some(50), Some(70)]);
    assert_eq!(min.current_ms(), 70);
    min.advance([None, None]);
    assert_eq!(min.current_ms(), 70);
    let mut max = Tracker::new(Policy::Max, 2, 90);
    max.advance([Some(100), Some(70)]);
    assert_eq!(max.current_ms(), 100);
}

#[test]
fn progress_has_sparks_keys_in_sparks_order() {
    let source = SourceProgress {
        description: "S".into(),
        end: Some(Offset(r#"{"offset":10}"#.into())),
        latest: Some(Offset("not json".into())),
        rows: 10,
        metrics: vec![("lag".into(), "1".into())],
        ..SourceProgress::default()
    };
    let progress = Progress {
        id: "i".into(),
        run_id: "r".into(),
        began_ms: 1_000,
        batch_id: 1,
        duration: Duration::from_millis(400),
        since_last: Some(Duration::from_secs(3)),
        durations: Durations { add_batch: Duration::from_millis(2), ..Durations::default() },
        event_time: Some(EventTimeProgress { stats: None, watermark_ms: 0 }),
        sources: vec![source],
        sink: SinkProgress { description: "K".into(), rows: None },
        ..Progress::default()
    };
    insta::assert_snapshot!(progress.to_json().to_string(), @r#"{"id":"i","runId":"r","name":null,"timestamp":"1970-01-01T00:00:01.000Z","batchId":1,"batchDuration":400,"numInputRows":10,"inputRowsPerSecond":3.3,"processedRowsPerSecond":25.0,"durationMs":{"addBatch":2,"commitOffsets":0,"getBatch":0,"latestOffset":0,"queryPlanning":0,"triggerExecution":0,"walCommit":0},"eventTime":{"watermark":"1970-01-01T00:00:00.000Z"},"stateOperators":[],"sources":[{"description":"S","startOffset":null,"endOffset":{"offset":10},"latestOffset":"not json","numInputRows":10,"inputRowsPerSecond":3.3,"processedRowsPerSecond":25.0,"metrics":{"lag":"1"}}],"sink":{"description":"K","numOutputRows":-1}}"#);
}
