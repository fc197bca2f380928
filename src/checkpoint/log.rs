//! Logs of numbered files, as Spark writes them: `v1` on the first line, one entry a line, no newline at the end.
//!
//! ```text
//! sources/0/9.compact        v1
//!                            {"path":"file:///in/a.csv","timestamp":1719290655000,"batchId":0}
//!                            {"path":"file:///in/b.csv","timestamp":1719290656000,"batchId":9}
//! ```

use std::path::PathBuf;
use std::time::Duration;

use super::store::{Durability, Put, Store};
use crate::condition;
use crate::error::{Error, ErrorKind, Result};

const VERSION: &str = "v1";
const COMPACT: &str = ".compact";

/// A source's own log `sources/<i>/`, given to it when it is opened.
#[derive(Clone, Debug)]
pub struct SourceLog {
    pub dir: PathBuf,
    pub durability: Durability,
}

impl SourceLog {
    /// The directory as a store; made when the source first writes.
    pub fn store(&self) -> Result<Store> {
        Store::open(&self.dir, self.durability)
    }
}

/// The text of a log file.
pub fn write_entries(entries: &[String]) -> String {
    let mut text = VERSION.to_owned();
    for entry in entries {
        text.push('\n');
        text.push_str(entry);
    }
    text
}

/// The entries of a log file; `file` names it in errors.
pub fn read_entries(file: &str, text: &str) -> Result<Vec<String>> {
    let mut lines = text.split('\n');
    check_version(file, lines.next().unwrap_or(""), 1)?;
    Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// Checks a log's first line, `v<number>`, and gives the number.
pub fn check_version(file: &str, line: &str, newest: u32) -> Result<u32> {
    let version: u32 = line
        .strip_prefix('v')
        .and_then(|number| number.parse().ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| Error::of(condition::LOG_MALFORMED).with("logFile", file).with("text", line))?;
    if version > newest {
        return Err(Error::of(condition::LOG_VERSION_TOO_NEW)
            .with("logFile", file)
            .with("version", version)
            .with("maxSupportedVersion", newest));
    }
    Ok(version)
}

fn newest_folded(numbers: &[(u64, bool)]) -> Option<u64> {
    numbers.iter().rev().find(|(_, compact)| *compact).map(|(number, _)| *number)
}

/// A log that is folded into one file every few entries: the file source's and the file sink's.
#[derive(Clone, Debug)]
pub struct CompactibleLog {
    store: Store,
    interval: u64,
}

impl CompactibleLog {
    /// `interval`: every how many numbers the log is folded.
    pub fn new(store: Store, interval: u64) -> Self {
        Self { store, interval: interval.max(1) }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The numbers there are, ascending, and whether each is a folded one.
    fn numbers(&self) -> Result<Vec<(u64, bool)>> {
        let mut numbers: Vec<_> = self
            .store
            .list()?
            .iter()
            .filter_map(|name| match name.strip_suffix(COMPACT) {
                Some(number) => number.parse().ok().map(|number| (number, true)),
                None => name.parse().ok().map(|number| (number, false)),
            })
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The newest number.
    pub fn latest(&self) -> Result<Option<u64>> {
        Ok(self.numbers()?.last().map(|(number, _)| *number))
    }

    /// Every entry up to the newest number, oldest first.
    pub fn all(&self) -> Result<Vec<String>> {
        let mut numbers = self.numbers()?;
        loop {
            let Some((newest, _)) = numbers.last().copied() else { return Ok(Vec::new()) };
            let failed = match self.up_to(&numbers, newest) {
                Ok(entries) => return Ok(entries),
                Err(error) => error,
            };
            // Whoever writes the log may have folded it after we listed it, and removed what it folded.
            let again = self.numbers()?;
            if newest_folded(&again) <= newest_folded(&numbers) {
                return Err(failed);
            }
            numbers = again;
        }
    }

    fn up_to(&self, numbers: &[(u64, bool)], newest: u64) -> Result<Vec<String>> {
        let folded = newest_folded(numbers);
        let mut entries = Vec::new();
        for number in folded.unwrap_or(0)..=newest {
            let name = if Some(number) == folded { format!("{number}{COMPACT}") } else { number.to_string() };
            entries.extend(self.entries(&name)?.ok_or_else(|| {
                let file = self.store.dir().join(&name);
                Error::new(
                    ErrorKind::Checkpoint,
                    format!("{} is missing, and later entries of its log are there", file.display()),
                )
            })?);
        }
        Ok(entries)
    }

    /// What was added as `number`, or everything up to it when it is a folded one; `None` when there is no such number.
    pub fn get(&self, number: u64) -> Result<Option<Vec<String>>> {
        match self.entries(&number.to_string())? {
            Some(entries) => Ok(Some(entries)),
            None => self.entries(&format!("{number}{COMPACT}")),
        }
    }

    fn entries(&self, name: &str) -> Result<Option<Vec<String>>> {
        let Some(text) = self.store.get(name)? else { return Ok(None) };
        read_entries(&self.store.dir().join(name).display().to_string(), &text).map(Some)
    }

    /// Whether `number` would be folded.
    pub fn is_compaction(&self, number: u64) -> bool {
        (number + 1).is_multiple_of(self.interval)
    }

    /// Adds `entries` as `number`, unless it is there. A folded one repeats all earlier entries.
    pub fn add(&self, number: u64, entries: &[String]) -> Result<Put> {
        if self.get(number)?.is_some() {
            return Ok(Put::Exists);
        }
        if !self.is_compaction(number) {
            return self.store.put_if_absent(&number.to_string(), write_entries(entries).as_bytes());
        }
        let numbers = self.numbers()?;
        let mut folded = match numbers.iter().rev().find(|(there, _)| *there < number) {
            Some((newest, _)) => self.up_to(&numbers, *newest)?,
            None => Vec::new(),
        };
        folded.extend_from_slice(entries);
        self.store.put_if_absent(&format!("{number}{COMPACT}"), write_entries(&folded).as_bytes())
    }

    /// Removes files that a folded one covers and that are older than `delay` at `now_ms`.
    pub fn remove_covered(&self, now_ms: i64, delay: Duration) -> Result<()> {
        let numbers = self.numbers()?;
        let Some(folded) = newest_folded(&numbers) else {
            return Ok(());
        };
        for (number, compact) in numbers.into_iter().filter(|(number, _)| *number < folded) {
            let name = if compact { format!("{number}{COMPACT}") } else { number.to_string() };
            if self.store.modified_ms(&name)?.is_some_and(|modified| now_ms - modified > delay.as_millis() as i64) {
                self.store.remove(&name)?;
            }
        }
        Ok(())
    }
}
