//! The `conf` map of `offsets/N`: settings that a query keeps for as long as its checkpoint lives.
//!
//! Spark 4.3 writes these keys and, on restart, lets them override the session's. Most speak of
//! state. A query that keeps none writes them so that Spark finds in our checkpoint what it would have
//! written itself.
//! The map has no order: readers compare it as a map.

use std::collections::BTreeMap;

use crate::config::Conf;
use crate::error::{Error, Result};

/// Key, the value of Spark 4.3 in a new checkpoint, and the value that a log without the key means
/// (the behaviour of before the key).
const LOGGED: &[(&str, &str, Option<&str>)] = &[
    (PROVIDER, "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider", None),
    ("spark.sql.dropDuplicates.deterministicKeyOrder.enabled", "true", Some("false")),
    ("spark.sql.streaming.stateStore.rocksdb.mergeOperatorVersion", "2", Some("1")),
    ("spark.sql.streaming.stateStore.rocksdb.formatVersion", "5", None),
    ("spark.sql.streaming.queryEvolution.enableSourceEvolution", "false", Some("false")),
    ("spark.sql.streaming.stateStore.encodingFormat", "unsaferow", Some("unsaferow")),
    ("spark.sql.streaming.statefulOperator.useStrictDistribution", "true", Some("false")),
    ("spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion", "2", None),
    ("spark.sql.streaming.multipleWatermarkPolicy", "min", Some("min")),
    ("spark.sql.streaming.stateStore.rowChecksum.enabled", "false", Some("false")),
    ("spark.sql.streaming.statefulOperator.alwaysNullableOutput.enabled", "true", Some("false")),
    ("spark.sql.streaming.aggregation.stateFormatVersion", "2", None),
    ("spark.sql.function.protobufExtensions.enabled", "false", Some("false")),
    (PARTITIONS, "200", None),
    ("spark.sql.streaming.join.stateFormatVersion", "2", None),
    ("spark.sql.streaming.stateStore.compression.codec", "lz4", Some("lz4")),
    ("spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan", "false", Some("true")),
];

/// The settings that a batch logs.
pub type LoggedConf = BTreeMap<String, String>;

/// What a query with the configuration `conf` logs.
pub fn logged(conf: &Conf) -> LoggedConf {
    LOGGED.iter().map(|(key, value, _)| ((*key).to_owned(), conf.get(key).unwrap_or(value).to_owned())).collect()
}

/// What a query that keeps state logs: the store is ours, which Spark then refuses by name. Unless
/// the user has set a number of partitions, it is that of lanes.
pub fn logged_with_state(conf: &Conf, lanes: usize) -> LoggedConf {
    let mut log = logged(conf);
    log.insert(PROVIDER.to_owned(), "firesteel".to_owned());
    if conf.get_set(PARTITIONS).is_none() {
        log.insert(PARTITIONS.to_owned(), lanes.to_string());
    }
    log
}

/// The number of partitions that a log fixes.
pub fn partitions(log: &LoggedConf) -> Result<u64> {
    let text = log.get(PARTITIONS).map(String::as_str).unwrap_or_default();
    text.parse()
        .ok()
        .filter(|partitions| *partitions > 0)
        .ok_or_else(|| Error::illegal(format!("'{PARTITIONS}' must be a whole number above zero, found '{text}'")))
}

/// Fixes another number of partitions in a log; false where it is the same.
pub fn with_partitions(log: &mut LoggedConf, partitions: u64) -> bool {
    let text = partitions.to_string();
    log.insert(PARTITIONS.to_owned(), text.clone()).as_ref() != Some(&text)
}

const PROVIDER: &str = "spark.sql.streaming.stateStore.providerClass";
const PARTITIONS: &str = "spark.sql.shuffle.partitions";

/// The session's configuration under what the checkpoint logged.
#[must_use]
pub fn overridden(session: &Conf, log: &LoggedConf) -> Conf {
    let mut conf = session.clone();
    for (key, _, before) in LOGGED {
        let Some(value) = log.get(*key).map(String::as_str).or(*before) else { continue };
        if conf.get_set(key).is_some_and(|set| set != value) {
            log::warn!("'{key}' is '{value}' in the checkpoint, which overrides the session's value for this query");
        }
        conf.set(*key, value);
    }
    conf
}
