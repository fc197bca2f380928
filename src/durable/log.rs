//! Logs of numbered files, as Spark writes them: `v1` on the first line, one entry a line, no
//! newline at the end.
//!
//! ```text
//! sources/0/9.compact        v1
//!                            {"path":"file:///in/a.csv","timestamp":1719290655000,"batchId":0}
//!                            {"path":"file:///in/b.csv","timestamp":1719290656000,"batchId":9}
//! ```

use std::path::PathBuf;
use std::time::Duration;

use super::store::{Durability, Put, Store};
use crate::error::{Error, ErrorKind, Result, condition};

/// The log of a file sink inside its output directory: the sink writes it, and the file source
/// reads it.
pub const SINK_METADATA: &str = "_spark_metadata";

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
pub fn read_entries<'a>(file: &str, text: &'a str) -> Result<impl Iterator<Item = &'a str> + use<'a>> {
    let (version, entries) = text.split_once('\n').unwrap_or((text, ""));
    check_version(file, version, 1)?;
    Ok(entries.split('\n').filter(|entry| !entry.is_empty()))
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

/// What some files of a log hold.
#[derive(Debug)]
pub struct Entries {
    texts: Vec<String>,
    /// The number that the log has next.
    pub next: u64,
}

impl Entries {
    /// The entries, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().flat_map(|text| text.split('\n').skip(1)).filter(|entry| !entry.is_empty())
    }
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

    /// Every entry, oldest first.
    pub fn all(&self) -> Result<Entries> {
        self.since(0)
    }

    /// The entries of the numbers from `first` on, oldest first. Where one of those is folded, what
    /// came before it is repeated.
    pub fn since(&self, first: u64) -> Result<Entries> {
        let mut numbers = self.numbers()?;
        loop {
            let failed = match self.read(&numbers, first) {
                Ok(texts) => {
                    return Ok(Entries { texts, next: numbers.last().map_or(0, |(newest, _)| newest + 1) });
                }
                Err(error) => error,
            };
            // Whoever writes the log may have folded it after we listed it, and removed what it
            // folded.
            let again = self.numbers()?;
            if newest_folded(&again) <= newest_folded(&numbers) {
                return Err(failed);
            }
            numbers = again;
        }
    }

    /// The entries of the numbers up to `last`, oldest first. An error where a later number is there
    /// and a file of these is not: it was folded, and removed then.
    pub fn through(&self, last: u64) -> Result<Entries> {
        let mut numbers = self.numbers()?;
        if numbers.last().is_none_or(|(newest, _)| *newest <= last) {
            return self.all();
        }
        numbers.retain(|(number, _)| *number <= last);
        let folded = newest_folded(&numbers);
        let names = (folded.unwrap_or(0)..=last)
            .map(|number| if Some(number) == folded { format!("{number}{COMPACT}") } else { number.to_string() });
        let texts = names.map(|name| self.present(&name)).collect::<Result<_>>()?;
        Ok(Entries { texts, next: last + 1 })
    }

    /// Removes the numbers above `last`. A reader finds a whole log at each moment: later ones go
    /// first, and the one that holds earlier ones goes after those.
    pub fn remove_after(&self, last: u64) -> Result<()> {
        let mut numbers = self.numbers()?;
        numbers.retain(|(number, _)| *number > last);
        let folded = newest_folded(&numbers).unwrap_or(last);
        let (covered, mut later): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|(number, _)| *number < folded);
        later.reverse();
        let newest_folded = later.pop_if(|(_, compact)| *compact);
        for (number, compact) in later.into_iter().chain(covered).chain(newest_folded) {
            self.store.remove(&if compact { format!("{number}{COMPACT}") } else { number.to_string() })?;
        }
        Ok(())
    }

    /// The files that hold the numbers from `first` on.
    fn read(&self, numbers: &[(u64, bool)], first: u64) -> Result<Vec<String>> {
        let Some((newest, _)) = numbers.last() else { return Ok(Vec::new()) };
        let folded = newest_folded(numbers);
        let names = (folded.unwrap_or(0).max(first)..=*newest)
            .map(|number| if Some(number) == folded { format!("{number}{COMPACT}") } else { number.to_string() });
        names.map(|name| self.present(&name)).collect()
    }

    fn present(&self, name: &str) -> Result<String> {
        self.text(name)?.ok_or_else(|| {
            let file = self.store.dir().join(name);
            Error::new(
                ErrorKind::Checkpoint,
                format!("{} is missing, and later entries of its log are there", file.display()),
            )
        })
    }

    /// The text of a file whose version we can read.
    fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(text) = self.store.get(name)? else { return Ok(None) };
        let file = self.store.dir().join(name).display().to_string();
        read_entries(&file, &text).map(drop)?;
        Ok(Some(text))
    }

    /// Whether there is such a number.
    pub fn contains(&self, number: u64) -> Result<bool> {
        Ok(self.store.contains(&number.to_string())? || self.store.contains(&format!("{number}{COMPACT}"))?)
    }

    /// Whether `number` would be folded.
    pub fn is_compaction(&self, number: u64) -> bool {
        (number + 1).is_multiple_of(self.interval)
    }

    /// Lets the log, which ends before `next`, have `number` next: adds empty entries, from the
    /// last that would be folded on.
    pub fn skip(&self, next: u64, number: u64) -> Result<()> {
        let folded = (number / self.interval * self.interval).saturating_sub(1);
        (next.max(folded)..number).try_for_each(|skipped| self.add(skipped, &[]).map(drop))
    }

    /// Adds `entries` as `number`, unless it is there. A folded one repeats all earlier entries.
    pub fn add(&self, number: u64, entries: &[String]) -> Result<Put> {
        if self.contains(number)? {
            return Ok(Put::Exists);
        }
        let added = write_entries(entries);
        if !self.is_compaction(number) {
            return self.store.put_if_absent(&number.to_string(), added.as_bytes());
        }
        let mut numbers = self.numbers()?;
        numbers.retain(|(there, _)| *there < number);
        // Text after text, and the first is the longest by far: a log grows as long as its query
        // runs.
        let mut texts = self.read(&numbers, 0)?.into_iter();
        let mut folded = texts.next().unwrap_or_else(|| VERSION.to_owned());
        for text in texts.chain([added]) {
            folded.truncate(folded.trim_end_matches('\n').len());
            if let Some((_, entries)) = text.split_once('\n').filter(|(_, entries)| !entries.is_empty()) {
                folded.push('\n');
                folded.push_str(entries);
            }
        }
        self.store.put_if_absent(&format!("{number}{COMPACT}"), folded.as_bytes())
    }

    /// Removes files that a folded one covers and that are older than `delay` at `now_ms`. What the
    /// log held after each number from `kept` on stays readable.
    pub fn remove_covered(&self, now_ms: i64, delay: Duration, kept: u64) -> Result<()> {
        let numbers = self.numbers()?;
        let Some(folded) = newest_folded(&numbers) else {
            return Ok(());
        };
        let begin = numbers.iter().rev().find(|(number, compact)| *compact && *number <= kept);
        let first = begin.map_or(0, |(number, _)| *number).min(folded);
        for (number, compact) in numbers.into_iter().filter(|(number, _)| *number < first) {
            let name = if compact { format!("{number}{COMPACT}") } else { number.to_string() };
            if self.store.modified_ms(&name)?.is_some_and(|modified| now_ms - modified > delay.as_millis() as i64) {
                self.store.remove(&name)?;
            }
        }
        Ok(())
    }
}
