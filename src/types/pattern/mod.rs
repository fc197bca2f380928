//! Java's `DateTimeFormatter` patterns as Spark uses them: US names, any case, every digit where
//! the pattern says, whole text or nothing.
//!
//! | letters | meaning |
//! |---|---|
//! | `y`, `M` `L`, `d`, `D`, `Q` `q` | year, month (`MMM` Jan, `MMMM` January), day of month, day of year, quarter |
//! | `H` `k` `h` `K`, `m`, `s`, `S`, `a` | hour (0-23, 1-24, 1-12, 0-11), minute, second, fraction, AM or PM |
//! | `E`, `F`, `G` | day of week (`E` Mon, `EEEE` Monday), aligned week, era |
//! | `V`, `z`, `O`, `X`, `x`, `Z` | zone id, zone name, `GMT+8`, offsets |
//! | `'text'`, `''`, `[optional]` | literal text, a quote, a part that may be absent |
//!
//! A fraction has as many digits as letters when it is written, and from one to as many when it is
//! read.
//!
//! `letters` has what they mean and which of them Spark refuses, `read` takes a text apart, and
//! `write` makes one.

mod letters;
mod read;
mod write;

use self::letters::{PatternItem, PatternUse, letters};
use self::read::{ParsedFields, read_items};
use self::write::{Local, write_items};
use super::calendar::MICROS_PER_DAY;
use super::zone::Zone;
use crate::error::{Error, ErrorKind, Result, condition};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A pattern, read once and used for a whole column.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<PatternItem>);

impl Pattern {
    /// Reads a pattern that times are written by; a letter that Spark does not take is an error
    /// that names it.
    pub fn new(pattern: &str) -> Result<Self> {
        letters(pattern, PatternUse::Writing).map(Self)
    }

    /// As [`Pattern::new`] for a pattern that dates are written to files by. Of one that was never
    /// any, Java's own error comes through.
    pub fn for_dates(pattern: &str) -> Result<Self> {
        Self::new(pattern).map_err(|error| match error.condition() {
            Some(known) if known.name == condition::INVALID_DATETIME_PATTERN_WITH_SUGGESTION.name => {
                Error::illegal(format!("the pattern of dates '{pattern}' is none of Java's"))
            }
            _ => error,
        })
    }

    /// As [`Pattern::new`] for a pattern that text is read by.
    pub fn for_parsing(pattern: &str) -> Result<Self> {
        letters(pattern, PatternUse::Reading).map(Self)
    }

    /// As [`Pattern::for_parsing`] for clock readings, where Spark does not tell a pattern of Spark
    /// 2 from one that was never any.
    pub fn for_parsing_local(pattern: &str) -> Result<Self> {
        Self::for_parsing(pattern).map_err(|error| letters::unreadable(pattern, &error.message()))
    }

    /// Appends an instant, read in `zone`.
    pub fn format_timestamp(&self, micros: i64, zone: Zone, out: &mut String) {
        let local = Local { micros: zone.to_local(micros), zone: Some((zone, micros)), timed: true };
        write_items(&self.0, &local, out);
    }

    /// A date, in days since the epoch; an error where the pattern asks for a time or a zone
    /// outside an optional part.
    pub fn date(&self, days: i32) -> Result<String> {
        let (micros, mut out) = (i64::from(days) * MICROS_PER_DAY, String::new());
        if write_items(&self.0, &Local { micros, zone: None, timed: false }, &mut out) {
            return Ok(out);
        }
        Err(Error::new(ErrorKind::DateTime, "the date pattern asks for a time of day or a zone, which a date has not"))
    }

    /// The instant that text names; without a zone of its own it is a reading in `zone`.
    pub fn parse_timestamp(&self, text: &str, zone: Zone) -> Option<i64> {
        let found = self.read(text)?;
        found.zone.unwrap_or(zone).to_utc(found.local_micros()?)
    }

    /// The clock reading that text names; a zone is passed over.
    pub fn parse_local(&self, text: &str) -> Option<i64> {
        self.read(text)?.local_micros()
    }

    /// The date that text names; a time is passed over.
    pub fn parse_date(&self, text: &str) -> Option<i32> {
        i32::try_from(self.read(text)?.days()?).ok()
    }

    fn read(&self, text: &str) -> Option<ParsedFields> {
        let mut found = ParsedFields::default();
        let rest = read_items(&self.0, text, &mut found)?;
        rest.is_empty().then_some(found)
    }
}

/// A name, or its first three letters.
fn name(full: &'static str, count: usize) -> &'static str {
    if count < 4 { &full[..3] } else { full }
}
