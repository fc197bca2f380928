//! The keys of a session's configuration that Firesteel knows: what each takes, and what it is
//! where nobody sets it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::quantity::{parse_bytes, parse_duration_ms};
use crate::error::{Error, Result, condition};
use crate::types::zone::Zone;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Flag,
    /// A whole number, of any sign.
    Integer,
    /// A whole number above zero.
    Positive,
    /// A time with a unit; a bare number is milliseconds.
    Millis,
    /// A size with a unit; a bare number is bytes.
    Bytes,
    /// One of these, in any case.
    OneOf(&'static [&'static str]),
    Zone,
    Text,
}

/// Every key with a value of its own. `firesteel.*` keys are ours.
const SETTINGS: &[(&str, Takes, &str)] = {
    use Takes::{Bytes, Flag, Integer, Millis, OneOf, Positive, Text, Zone};
    &[
        ("spark.app.name", Text, "firesteel"),
        ("spark.master", Text, "local[*]"),
        ("spark.sql.ansi.enabled", Flag, "true"),
        ("spark.sql.caseSensitive", Flag, "false"),
        ("spark.sql.groupByOrdinal", Flag, "true"),
        ("spark.sql.groupByAliases", Flag, "true"),
        ("spark.sql.orderByOrdinal", Flag, "true"),
        ("spark.sql.session.timeZone", Zone, "UTC"),
        ("spark.sql.shuffle.partitions", Positive, "200"),
        ("spark.sql.mapKeyDedupPolicy", OneOf(&["EXCEPTION", "LAST_WIN"]), "EXCEPTION"),
        ("spark.sql.runSQLOnFiles", Flag, "true"),
        ("spark.sql.sources.default", Text, "parquet"),
        ("spark.sql.sources.partitionOverwriteMode", OneOf(&["STATIC", "DYNAMIC"]), "STATIC"),
        ("spark.sql.sources.partitionColumnTypeInference.enabled", Flag, "true"),
        ("spark.sql.storeAssignmentPolicy", OneOf(&["ANSI", "LEGACY", "STRICT"]), "ANSI"),
        ("spark.sql.warehouse.dir", Text, "spark-warehouse"),
        ("spark.sql.columnNameOfCorruptRecord", Text, "_corrupt_record"),
        ("spark.sql.files.ignoreCorruptFiles", Flag, "false"),
        ("spark.sql.files.ignoreMissingFiles", Flag, "false"),
        ("spark.sql.files.maxPartitionBytes", Bytes, "134217728b"),
        ("spark.sql.files.openCostInBytes", Bytes, "4194304b"),
        (
            "spark.sql.parquet.compression.codec",
            OneOf(&["brotli", "uncompressed", "lzo", "snappy", "lz4_raw", "none", "zstd", "lz4", "gzip"]),
            "snappy",
        ),
        ("spark.sql.parquet.mergeSchema", Flag, "false"),
        ("spark.sql.repl.eagerEval.enabled", Flag, "false"),
        ("spark.sql.repl.eagerEval.maxNumRows", Integer, "20"),
        ("spark.sql.repl.eagerEval.truncate", Integer, "20"),
        ("spark.sql.execution.arrow.maxRecordsPerBatch", Integer, "10000"),
        ("spark.sql.execution.pythonUDF.arrow.enabled", Flag, "true"),
        ("spark.sql.streaming.schemaInference", Flag, "false"),
        ("spark.sql.streaming.pollingDelay", Millis, "10ms"),
        ("spark.sql.streaming.minBatchesToRetain", Positive, "100"),
        ("spark.sql.streaming.numRecentProgressUpdates", Integer, "100"),
        ("spark.sql.streaming.noDataProgressEventInterval", Millis, "10000ms"),
        ("spark.sql.streaming.stopTimeout", Millis, "0ms"),
        ("spark.sql.streaming.noDataMicroBatches.enabled", Flag, "true"),
        ("spark.sql.streaming.statefulOperator.allowMultiple", Flag, "true"),
        ("spark.sql.streaming.statefulOperator.checkCorrectness.enabled", Flag, "true"),
        ("spark.sql.streaming.unsupportedOperationCheck", Flag, "true"),
        ("spark.sql.streaming.multipleWatermarkPolicy", OneOf(&["min", "max"]), "min"),
        ("spark.sql.streaming.fileSource.log.compactInterval", Integer, "10"),
        ("spark.sql.streaming.fileSource.log.cleanupDelay", Millis, "600000ms"),
        ("spark.sql.streaming.fileSource.log.deletion", Flag, "true"),
        ("spark.sql.streaming.fileStreamSink.ignoreMetadata", Flag, "false"),
        ("spark.sql.streaming.fileSink.log.compactInterval", Integer, "10"),
        ("spark.sql.streaming.fileSink.log.cleanupDelay", Millis, "600000ms"),
        ("spark.sql.streaming.fileSource.schema.forceNullable", Flag, "true"),
        ("spark.sql.streaming.forceDeleteTempCheckpointLocation", Flag, "false"),
        ("spark.sql.streaming.stopActiveRunOnRestart", Flag, "true"),
        ("spark.sql.streaming.verifyCheckpointDirectoryEmptyOnStart", Flag, "true"),
        // fsync of every log file and its directory; "false" trades the last batches after a power
        // cut for speed.
        ("firesteel.checkpoint.fsync", Flag, "true"),
        // Bytes a plan may hold before it spills to disk.
        ("firesteel.memory.limit", Bytes, "4g"),
        // Of it, what the state of queries may hold; half, where it is not set.
        ("firesteel.state.memory", Bytes, "2g"),
        // Rows that an operator with state may keep, and at which a warning comes; 0 is no limit.
        ("firesteel.state.rows.limit", Integer, "0"),
        ("firesteel.state.rows.warning", Integer, "0"),
    ]
};

/// Decided when the session starts.
const STATIC: &[&str] = &[
    "spark.sql.warehouse.dir",
    "spark.sql.extensions",
    "spark.sql.catalogImplementation",
    "spark.sql.globalTempDatabase",
    "firesteel.memory.limit",
    "firesteel.state.memory",
];

/// Keys of the process, which Spark reads when it starts and a running session refuses.
const OF_THE_PROCESS: &[&str] = &[
    "spark.cores.max",
    "spark.driver.",
    "spark.dynamicAllocation.",
    "spark.eventLog.",
    "spark.executor.",
    "spark.history.",
    "spark.jars",
    "spark.kryo",
    "spark.kubernetes.",
    "spark.local.dir",
    "spark.memory.",
    "spark.network.",
    "spark.plugins",
    "spark.pyspark.",
    "spark.python.",
    "spark.rpc.",
    "spark.scheduler.",
    "spark.serializer",
    "spark.shuffle.",
    "spark.speculation",
    "spark.submit.",
    "spark.task.",
    "spark.ui.",
    "spark.yarn.",
];

/// What only a cluster or a JVM needs: taken, and without effect here. The documentation has the
/// same table.
const OF_A_CLUSTER: &[&str] = &[
    "spark.jars",
    "spark.driver.",
    "spark.executor.",
    "spark.cores.max",
    "spark.yarn.",
    "spark.kubernetes.",
    "spark.dynamicAllocation.",
    "spark.shuffle.",
    "spark.network.",
    "spark.rpc.",
    "spark.ui.",
    "spark.eventLog.",
    "spark.history.",
    "spark.hadoop.",
    "spark.serializer",
    "spark.kryo",
    "spark.memory.",
    "spark.submit.",
    "spark.local.",
    "spark.scheduler.",
    "spark.task.",
    "spark.speculation",
    "spark.python.",
    "spark.pyspark.",
    "spark.sql.adaptive.",
    "spark.sql.autoBroadcastJoinThreshold",
    "spark.sql.execution.arrow.pyspark.",
    "spark.sql.catalogImplementation",
    "spark.sql.catalog.",
    "spark.sql.extensions",
    "spark.sql.streaming.stateStore.",
    "spark.default.parallelism",
    "spark.plugins",
    "spark.databricks.",
    "spark.home",
];

/// Carried out, and without a default.
const WITHOUT_DEFAULT: &[&str] = &["spark.sql.streaming.checkpointLocation"];

/// Says of a key that is set, once a process, that it has no effect here. A key that is not Spark's
/// own is the user's.
pub fn note(key: &str) {
    static NOTED: LazyLock<Mutex<BTreeSet<String>>> = LazyLock::new(Mutex::default);
    let why = if OF_A_CLUSTER.iter().any(|prefix| key.starts_with(prefix)) {
        "everything runs in this one process"
    } else if key.starts_with("spark.sql.") && find(key).is_none() && !WITHOUT_DEFAULT.contains(&key) {
        "nothing reads it"
    } else {
        return;
    };
    if NOTED.lock().insert(key.to_owned()) {
        log::warn!("the setting '{key}' has no effect here: {why}");
    }
}

fn find(key: &str) -> Option<&'static (&'static str, Takes, &'static str)> {
    SETTINGS.iter().find(|(name, ..)| *name == key)
}

/// The default of a key that Firesteel knows.
pub fn default(key: &str) -> Option<&'static str> {
    find(key).map(|(_, _, default)| *default)
}

/// Whether a running session may change a key that Firesteel knows.
pub fn is_modifiable(key: &str) -> bool {
    let of_the_application = matches!(key, "spark.app.name" | "spark.master");
    find(key).is_some() && !of_the_application && !STATIC.contains(&key)
}

/// An error where a running session may not change a key.
pub fn check_modifiable(key: &str) -> Result<()> {
    if STATIC.contains(&key) {
        return Err(Error::of(condition::CANNOT_MODIFY_STATIC_CONFIG).with("key", format!("\"{key}\"")));
    }
    if OF_THE_PROCESS.iter().any(|prefix| key.starts_with(prefix)) {
        return Err(Error::of(condition::CANNOT_MODIFY_CONFIG)
            .with("key", format!("\"{key}\""))
            .with("docroot", "https://spark.apache.org/docs/latest"));
    }
    Ok(())
}

/// An error where a key does not take a value. A key that nobody knows takes anything, as in Spark.
pub fn check(key: &str, value: &str) -> Result<()> {
    let Some((_, takes, _)) = find(key) else { return Ok(()) };
    let text = value.trim();
    let invalid =
        |condition| Error::of(condition).with("confName", format!("\"{key}\"")).with("confValue", format!("'{value}'"));
    let of_type = |fits: bool, name: &str| match fits {
        true => Ok(()),
        false => Err(invalid(condition::INVALID_CONF_VALUE_TYPE_MISMATCH).with("confType", name)),
    };
    match takes {
        Takes::Text => Ok(()),
        Takes::Flag => of_type(text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"), "boolean"),
        Takes::Integer => of_type(text.parse::<i32>().is_ok(), "int"),
        Takes::Positive => match text.parse::<i32>() {
            Ok(number) if number > 0 => Ok(()),
            Ok(_) => {
                Err(invalid(condition::INVALID_CONF_VALUE_REQUIREMENT).with("confRequirement", "it must be positive"))
            }
            Err(_) => of_type(false, "int"),
        },
        // Spark takes a unit right behind the number only, and a sign.
        Takes::Millis => {
            let magnitude = text.strip_prefix('-').unwrap_or(text);
            of_type(!magnitude.contains(' ') && parse_duration_ms(magnitude, 1).is_some(), "time in MILLISECONDS")
        }
        Takes::Bytes => of_type(parse_bytes(key, text).is_ok(), "bytes in BYTE"),
        Takes::OneOf(values) if values.iter().any(|one| one.eq_ignore_ascii_case(text)) => Ok(()),
        Takes::OneOf(values) if key == "spark.sql.streaming.multipleWatermarkPolicy" => {
            Err(invalid(condition::INVALID_CONF_VALUE_REQUIREMENT)
                .with("confRequirement", format!("it must be one of {}", values.join(", "))))
        }
        Takes::OneOf(values) => {
            Err(invalid(condition::INVALID_CONF_VALUE_OPTIONS).with("confOptions", format!("'{}'", values.join(", "))))
        }
        Takes::Zone => match Zone::find(value) {
            Some(_) => Ok(()),
            None => Err(invalid(condition::INVALID_CONF_VALUE_TIME_ZONE)),
        },
    }
}
