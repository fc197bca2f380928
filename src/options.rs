//! Options of a reader or writer: case-insensitive keys, and a note of which were looked at, so that a key nobody knows gets a warning.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use indexmap::IndexMap;

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

    /// Notes of every option that someone knows it: a table keeps those of its readers and its writers, and neither looks at all.
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

    /// A time with a unit, e.g. `5 minutes` or `100ms`; a bare number counts `bare_ms` milliseconds each.
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

    /// Every option as given, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.values().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The keys, as the user spelled them, that nobody looked at.
    pub fn unread(&self) -> Vec<&str> {
        self.values.iter().filter(|(key, _)| !self.read.contains_key(*key)).map(|(_, (key, _))| key.as_str()).collect()
    }

    /// The keys that someone looked at, as they are documented: candidates for "did you mean".
    pub fn known(&self) -> impl Iterator<Item = &str> {
        self.read.values().map(String::as_str)
    }
}

/// The error for an option with a bad value.
pub fn bad(key: &str, expected: &str, found: &str) -> Error {
    Error::illegal(format!("option '{key}' must be {expected}, found '{found}'"))
}

/// A size as Spark writes it: `4g`, `512m`, `64k`, `100b`, or a plain number of bytes.
pub fn parse_bytes(key: &str, text: &str) -> Result<u64> {
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        "t" | "tb" => 40,
        _ => return Err(bad(key, "a size such as 512m or 4g", text)),
    };
    let number: u64 = digits.trim().parse().map_err(|_| bad(key, "a size such as 512m or 4g", text))?;
    number
        .checked_shl(shift)
        .filter(|bytes| bytes >> shift == number)
        .ok_or_else(|| bad(key, "a size below 2^64 bytes", text))
}

/// A time with a unit, as options and configuration keys spell it, in milliseconds.
pub fn parse_duration_ms(text: &str, bare_ms: i64) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: i64 = number.parse().ok()?;
    let unit_ms = match unit.trim() {
        "" => bare_ms,
        "us" => return Some(number / 1000),
        "ms" => 1,
        "s" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit_ms)
}
