//! Session configuration: Spark's keys and defaults, looked up without copies.

use std::collections::BTreeMap;

use super::quantity::parse_duration_ms;
use super::{known, setting};
use crate::error::{Error, Result};
use crate::types::name_case::NameCase;

/// A snapshot of a session's configuration: what was set, over the defaults.
#[derive(Clone, Debug, Default)]
pub struct Conf(BTreeMap<String, String>);

impl Conf {
    /// The value of a key: what was set, or the default.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).or_else(|| setting::default(key))
    }

    /// The value of any key that Spark knows, read here or not: what was set, or Spark's default,
    /// which may be another key's value.
    pub fn get_known(&self, key: &str) -> Option<&str> {
        let found =
            self.get(key).or_else(|| self.get_set(known::older_name(key)?)).or_else(|| known::find(key)?.default)?;
        match found.strip_prefix("<value of ").and_then(|rest| rest.strip_suffix('>')) {
            Some(other) if other != key => self.get_known(other),
            _ => Some(found),
        }
    }

    /// The value that was set, without defaults.
    pub fn get_set(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    pub fn unset(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Every key that was set, in order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A key that is `true` or `false`.
    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            other => {
                Err(Error::illegal(format!("'{key}' must be true or false, found '{}'", other.unwrap_or("nothing"))))
            }
        }
    }

    /// A key that is a whole number. Sizes have a parser of their own in `options`.
    pub fn number(&self, key: &str) -> Result<u64> {
        let text = self.get(key).unwrap_or_default();
        text.trim().parse().map_err(|_| Error::illegal(format!("'{key}' must be a whole number, found '{text}'")))
    }

    /// A key that is a time, in milliseconds: with a unit, or bare.
    pub fn millis(&self, key: &str) -> Result<u64> {
        let text = self.get(key).unwrap_or_default();
        let millis = parse_duration_ms(text, 1).and_then(|millis| u64::try_from(millis).ok());
        millis.ok_or_else(|| Error::illegal(format!("'{key}' must be a time such as 100ms or 5s, found '{text}'")))
    }

    /// `spark.sql.session.timeZone`.
    pub fn time_zone(&self) -> &str {
        self.get("spark.sql.session.timeZone").unwrap_or("UTC")
    }

    pub fn ansi(&self) -> bool {
        self.flag("spark.sql.ansi.enabled").unwrap_or(true)
    }

    /// Whether a table takes only values that fit its columns.
    pub fn checks_stored_types(&self) -> bool {
        !self.get("spark.sql.storeAssignmentPolicy").is_some_and(|policy| policy.eq_ignore_ascii_case("legacy"))
    }

    pub fn default_format(&self) -> &str {
        self.get("spark.sql.sources.default").unwrap_or("parquet")
    }

    /// Whether names that differ by case are two.
    pub fn name_case(&self) -> NameCase {
        if self.flag("spark.sql.caseSensitive").unwrap_or(false) { NameCase::Counts } else { NameCase::Ignored }
    }

    /// Whether a whole number as a grouping key is the position of an output.
    pub fn group_by_ordinal(&self) -> bool {
        self.flag("spark.sql.groupByOrdinal").unwrap_or(true)
    }

    /// Whether a grouping key may name an output's alias.
    pub fn group_by_aliases(&self) -> bool {
        self.flag("spark.sql.groupByAliases").unwrap_or(true)
    }

    /// Whether a whole number in an order is the position of an output.
    pub fn order_by_ordinal(&self) -> bool {
        self.flag("spark.sql.orderByOrdinal").unwrap_or(true)
    }
}
