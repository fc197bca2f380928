//! What a query reports of each batch: Spark's `StreamingQueryProgress`, with its keys in its
//! order.
//!
//! ```text
//! {"id":"…","runId":"…","name":null,"timestamp":"2026-01-01T00:00:00.000Z","batchId":1,"batchDuration":418,"numInputRows":10,
//!  "inputRowsPerSecond":1.5,"processedRowsPerSecond":23.9,"durationMs":{"addBatch":174,…},"stateOperators":[],
//!  "sources":[{"description":"…","startOffset":{…},"endOffset":{…},"latestOffset":null,"numInputRows":10,…}],
//!  "sink":{"description":"…","numOutputRows":10}}
//! ```
//!
//! Empty maps are left out; rates are rounded to one decimal and are 0.0 where nothing is known;
//! `numOutputRows` is -1 when unknown.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::plan::operators::stateful::OperatorCounts;
use crate::plan::operators::watermark::Stats;
use crate::source::Offset;

/// One batch's report.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    pub id: String,
    pub run_id: String,
    pub name: Option<String>,
    /// When the trigger began, in milliseconds since the epoch.
    pub began_ms: i64,
    pub batch_id: u64,
    pub ran: Ran,
    pub duration: Duration,
    /// From the last trigger's beginning to this one's; `None` for the first.
    pub since_last: Option<Duration>,
    pub durations: Durations,
    pub event_time: Option<EventTimeProgress>,
    /// By the numbers of the operators.
    pub operators: Vec<OperatorProgress>,
    pub sources: Vec<SourceProgress>,
    pub sink: SinkProgress,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ran {
    #[default]
    Batch,
    /// A trigger that found nothing new; it has no steps but looking.
    Nothing,
}

/// Where a trigger's time went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Durations {
    pub add_batch: Duration,
    pub commit_offsets: Duration,
    pub get_batch: Duration,
    pub latest_offset: Duration,
    pub query_planning: Duration,
    pub trigger_execution: Duration,
    pub wal_commit: Duration,
}

/// Event times of a query with a watermark.
#[derive(Clone, Copy, Debug)]
pub struct EventTimeProgress {
    /// `None` when no row came.
    pub stats: Option<Stats>,
    pub watermark_ms: i64,
}

/// One source's part.
#[derive(Clone, Debug, Default)]
pub struct SourceProgress {
    pub description: String,
    pub start: Option<Offset>,
    pub end: Option<Offset>,
    pub latest: Option<Offset>,
    pub rows: u64,
    pub metrics: Vec<(String, String)>,
}

/// A stateful operator's part.
#[derive(Clone, Debug)]
pub struct OperatorProgress {
    /// Spark's name.
    pub name: &'static str,
    /// How many rows it keeps after the batch.
    pub rows: i64,
    pub counts: OperatorCounts,
    /// How long its changes took to become durable.
    pub commit: Duration,
    /// Of the whole query: its operators share one store.
    pub memory_bytes: u64,
    pub partitions: u64,
    /// How many stores Spark has for it.
    pub stores: u64,
    /// Of the whole query: the files of its state.
    pub files: u64,
    pub file_bytes: u64,
    pub cache_hits: u64,
    pub cache_misses: u64,
}

impl OperatorProgress {
    fn to_json(&self) -> Value {
        json!({
            "operatorName": self.name,
            "numRowsTotal": self.rows,
            "numRowsUpdated": self.counts.updated,
            "allUpdatesTimeMs": millis(self.counts.updating),
            "numRowsRemoved": self.counts.removed,
            "allRemovalsTimeMs": millis(self.counts.removing),
            "commitTimeMs": millis(self.commit),
            "memoryUsedBytes": self.memory_bytes,
            "numRowsDroppedByWatermark": self.counts.dropped,
            "numShufflePartitions": self.partitions,
            "numStateStoreInstances": self.stores,
            "customMetrics": self.metrics(),
        })
    }

    /// What Spark has no field for.
    fn metrics(&self) -> Value {
        let mut metrics = json!({
            "stateCacheHits": self.cache_hits,
            "stateCacheMisses": self.cache_misses,
            "stateFileBytes": self.file_bytes,
            "stateFiles": self.files,
        });
        if let (Value::Object(metrics), Some(duplicates)) = (&mut metrics, self.counts.duplicates) {
            metrics.insert("numDroppedDuplicateRows".into(), duplicates.into());
        }
        metrics
    }
}

/// The sink's part.
#[derive(Clone, Debug, Default)]
pub struct SinkProgress {
    pub description: String,
    pub rows: Option<u64>,
}

impl Progress {
    pub fn input_rows(&self) -> u64 {
        self.sources.iter().map(|source| source.rows).sum()
    }

    /// Rows a second that came in since the last trigger.
    pub fn input_rate(&self) -> f64 {
        self.since_last.map_or(0.0, |since| rate(self.input_rows(), since))
    }

    /// Rows a second that were worked through.
    pub fn processed_rate(&self) -> f64 {
        rate(self.input_rows(), self.duration)
    }

    /// Spark's JSON.
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "runId": self.run_id,
            "name": self.name,
            "timestamp": timestamp(self.began_ms),
            "batchId": self.batch_id,
            "batchDuration": millis(self.duration),
            "numInputRows": self.input_rows(),
            "inputRowsPerSecond": self.input_rate(),
            "processedRowsPerSecond": self.processed_rate(),
            "durationMs": self.durations.to_json(self.ran),
        });
        let Value::Object(fields) = &mut json else { return json };
        if let Some(event_time) = &self.event_time {
            fields.insert("eventTime".into(), event_time.to_json());
        }
        let operators = self.operators.iter().map(OperatorProgress::to_json).collect();
        fields.insert("stateOperators".into(), operators);
        fields.insert("sources".into(), self.sources.iter().map(|source| self.source_json(source)).collect());
        let rows = self.sink.rows.map_or_else(|| json!(-1), |rows| json!(rows));
        fields.insert("sink".into(), json!({"description": self.sink.description, "numOutputRows": rows}));
        json
    }

    fn source_json(&self, source: &SourceProgress) -> Value {
        let mut json = json!({
            "description": source.description,
            "startOffset": offset(source.start.as_ref()),
            "endOffset": offset(source.end.as_ref()),
            "latestOffset": offset(source.latest.as_ref()),
            "numInputRows": source.rows,
            "inputRowsPerSecond": self.since_last.map_or(0.0, |since| rate(source.rows, since)),
            "processedRowsPerSecond": rate(source.rows, self.duration),
        });
        if let (Value::Object(fields), false) = (&mut json, source.metrics.is_empty()) {
            let metrics: Map<_, _> = source.metrics.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
            fields.insert("metrics".into(), metrics.into());
        }
        json
    }
}

impl Durations {
    fn to_json(self, ran: Ran) -> Value {
        if ran == Ran::Nothing {
            return json!({
                "latestOffset": millis(self.latest_offset),
                "triggerExecution": millis(self.trigger_execution),
            });
        }
        json!({
            "addBatch": millis(self.add_batch),
            "commitOffsets": millis(self.commit_offsets),
            "getBatch": millis(self.get_batch),
            "latestOffset": millis(self.latest_offset),
            "queryPlanning": millis(self.query_planning),
            "triggerExecution": millis(self.trigger_execution),
            "walCommit": millis(self.wal_commit),
        })
    }
}

impl EventTimeProgress {
    fn to_json(self) -> Value {
        let mut json = Map::new();
        if let Some(stats) = self.stats {
            json.insert("avg".into(), timestamp(stats.avg_ms as i64).into());
            json.insert("max".into(), timestamp(stats.max_ms).into());
            json.insert("min".into(), timestamp(stats.min_ms).into());
        }
        json.insert("watermark".into(), timestamp(self.watermark_ms).into());
        json.into()
    }
}

/// `2026-01-01T00:00:00.000Z`.
pub fn timestamp(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map_or_else(|| ms.to_string(), |time| time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Rows a second, to one decimal. Our batches may take less than Spark's millisecond, so the
/// durations are not rounded first.
fn rate(rows: u64, time: Duration) -> f64 {
    if rows == 0 || time.is_zero() {
        return 0.0;
    }
    (rows as f64 / time.as_secs_f64() * 10.0).round() / 10.0
}

/// Parsed where it is JSON, as it stands where it is not.
fn offset(offset: Option<&Offset>) -> Value {
    offset.map_or(Value::Null, |offset| serde_json::from_str(&offset.0).unwrap_or_else(|_| json!(offset.0)))
}
