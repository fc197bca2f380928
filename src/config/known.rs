//! Spark's other keys with their defaults. Nothing here reads them, and `spark.conf.get` answers
//! for them as Spark does.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A key, a letter and a default in each line, with tabs between. The letter is `s` for a key that
/// only a new session may set, else `m`; a key without the third column has no default.
const TABLE: &str = include_str!("known.tsv");

/// A key of Spark's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    pub default: Option<&'static str>,
    pub modifiable: bool,
}

static KEYS: LazyLock<HashMap<&'static str, KnownKey>> = LazyLock::new(|| TABLE.lines().filter_map(read).collect());

fn read(line: &'static str) -> Option<(&'static str, KnownKey)> {
    let mut columns = line.splitn(3, '\t');
    let (key, letter) = (columns.next()?, columns.next()?);
    Some((key, KnownKey { default: columns.next(), modifiable: letter == "m" }))
}

/// Older names of keys, whose value holds where the key itself was not set.
const OLDER_NAMES: &[(&str, &str)] = &[
    (
        "spark.sql.execution.arrow.transformWithStateInPySpark.maxStateRecordsPerBatch",
        "spark.sql.execution.arrow.transformWithStateInPandas.maxRecordsPerBatch",
    ),
    ("spark.sql.parquet.datetimeRebaseModeInRead", "spark.sql.legacy.parquet.datetimeRebaseModeInRead"),
    (
        "spark.sql.sources.v2.bucketing.allowKeysSubsetOfPartitionKeys.enabled",
        "spark.sql.sources.v2.bucketing.allowJoinKeysSubsetOfPartitionKeys.enabled",
    ),
];

/// The name that a key had before.
pub fn older_name(key: &str) -> Option<&'static str> {
    OLDER_NAMES.iter().find(|(name, _)| *name == key).map(|(_, older)| *older)
}

/// What Spark knows of a key; none where it does not know the key.
pub fn find(key: &str) -> Option<KnownKey> {
    KEYS.get(key).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_key() {
        assert_eq!(KEYS.len(), TABLE.lines().count());
        assert!(KEYS.keys().all(|key| key.starts_with("spark.")));
    }

    #[test]
    fn a_key_has_its_default_or_none() {
        let expected = KnownKey { default: Some("10485760b"), modifiable: true };
        assert_eq!(find("spark.sql.autoBroadcastJoinThreshold"), Some(expected));
        assert_eq!(find("spark.sql.extensions"), Some(KnownKey { default: None, modifiable: false }));
        assert_eq!(find("spark.sql.nope"), None);
    }
}
