//! Options of a reader or writer: case-insensitive keys, and a note of which were looked at, so
//! that a key nobody knows gets a warning.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use indexmap::IndexMap;

use super::quantity::parse_duration_ms;
use crate::error::{Error, ErrorKind, Result};

/// A case-insensitive map of options that remembers what was read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    values: IndexMap<String, (String, String)>,
    /// By lower-case key, the key as it is documented.
    read: BTreeMap<String, String>,
}

impl Options {
    pub fn new<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut options = Self::default();
        for (key, value) in pairs {
            options.set(key, value);
        }
        options
    }

    /// Sets an option; a later value of the same key, in any case, replaces the earlier one.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        let key = key.into();
        self.values.insert(key.to_lowercase(), (key, value.into()));
    }

    /// Leaves an option out.
    pub fn remove(&mut self, key: &str) {
        self.values.shift_remove(&key.to_lowercase());
    }

    /// Notes of every option that someone knows it: a table keeps those of its readers and its
    /// writers, and neither looks at all.
    pub fn mark_read(&mut self) {
        self.read.extend(self.values.iter().map(|(lower, (key, _))| (lower.clone(), key.clone())));
    }

    /// The text of an option; notes that someone knows the key.
    pub fn get(&mut self, key: &str) -> Option<&str> {
        let lower = key.to_lowercase();
        let value = self.values.get(&lower).map(|(_, value)| value.as_str());
        self.read.insert(lower, key.to_owned());
        value
    }

    /// An option as a number; a value that does not parse is an error that names the option.
    pub fn parse<T: FromStr<Err: Display>>(&mut self, key: &str, expected: &str) -> Result<Option<T>> {
        let Some(text) = self.get(key) else { return Ok(None) };
        match text.trim().parse() {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                Err(bad(key, expected, text).as_kind(ErrorKind::NumberFormat).context(format!("parsing it: {error}")))
            }
        }
    }

    /// A whole number above zero.
    pub fn positive(&mut self, key: &str) -> Result<Option<i64>> {
        self.at_least(key, 1, "a whole number above zero")
    }

    /// A whole number, zero or more.
    pub fn not_negative(&mut self, key: &str) -> Result<Option<i64>> {
        self.at_least(key, 0, "a whole number, zero or more")
    }

    /// A time with a unit, e.g. `5 minutes` or `100ms`; a bare number counts `bare_ms` milliseconds
    /// each.
    pub fn duration_ms(&mut self, key: &str, bare_ms: i64) -> Result<Option<i64>> {
        let expected = "a time such as '50s', '100ms', '5 minutes' or '7d'";
        match self.get(key) {
            None => Ok(None),
            Some(text) => parse_duration_ms(text, bare_ms)
                .map(Some)
                .ok_or_else(|| bad(key, expected, text).as_kind(ErrorKind::NumberFormat)),
        }
    }

    fn at_least(&mut self, key: &str, least: i64, expected: &str) -> Result<Option<i64>> {
        match self.parse::<i64>(key, expected)? {
            Some(value) if value < least => Err(bad(key, expected, &value.to_string())),
            value => Ok(value),
        }
    }

    /// An option that is `true` or `false`, in any case.
    pub fn flag(&mut self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(text) if text.trim().eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.trim().eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(bad(key, "true or false", text)),
        }
    }

    /// These options, and `other` over them.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.values.extend(other.values);
        self
    }

    /// Every option as given, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.values().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The keys, as the user spelled them, that nobody looked at.
    pub fn unread(&self) -> Vec<&str> {
        self.values.iter().filter(|(key, _)| !self.read.contains_key(*key)).map(|(_, (key, _))| key.as_str()).collect()
    }

    /// The keys that someone looked at, as they are documented: candidates for "did you mean".
    fn known(&self) -> impl Iterator<Item = &str> {
        self.read.values().map(String::as_str)
    }

    /// Warns once of each option that nobody looked at, with the nearest that is known.
    pub fn warn_unread(&self, format: &str) {
        for key in self.unread() {
            let nearest = nearest(key, self.known());
            let hint = nearest.map(|known| format!("; did you mean '{known}'?")).unwrap_or_default();
            log::warn!("the option '{key}' has no effect on the format '{format}'{hint}");
        }
    }
}

/// The error for an option with a bad value.
pub fn bad(key: &str, expected: &str, found: &str) -> Error {
    Error::illegal(format!("option '{key}' must be {expected}, found '{found}'"))
}

/// The candidate with the smallest edit distance, if it is near. Two letters that changed places are
/// one edit.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (strsim::osa_distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance * 3 <= word.len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
