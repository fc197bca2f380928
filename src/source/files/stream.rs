//! New files as a stream.
//!
//! Which files a batch takes is written to the source's own log, `sources/<i>/K`, before the engine
//! writes `offsets/N`; an offset is that log's number, `{"logOffset":K}`. A crash between the two
//! leaves files that are seen and covered by no offset. So a batch never ends before the head of
//! the log; where batches have a limit, it takes the number that it was to have, and no more.
//! (Spark takes new files as well, above the limit, and other batches follow.) One line a file:
//!
//! ```text
//! v1
//! {"path":"file:///in/a%20b.csv","timestamp":1600000000000,"batchId":0}
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::clean::{Cleaner, Cleaning};
use super::committed::Committed;
use super::list::{FileEntry, Listing};
use super::seen::Seen;
use super::{FileSource, partition};
use crate::config::options::bad;
use crate::config::{Conf, Options};
use crate::durable::log::CompactibleLog;
use crate::durable::store::Put;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::clock::Clock;
use crate::source::{Available, Offset, Partition, ReadLimit, Reader, SourceRun};

/// The options of a stream of files.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    limit: Limit,
    latest_first: bool,
    max_age_ms: i64,
    file_name_only: bool,
    max_cached_files: usize,
    discard_ratio: f64,
    cleaning: Cleaning,
    compact_interval: u64,
    cleanup_delay: Duration,
    delete_expired: bool,
}

/// How much a batch takes; at least one file, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    None,
    Files(u64),
    Bytes(u64),
}

impl StreamOptions {
    pub fn read(options: &mut Options, conf: &Conf, listing: &Listing) -> Result<Self> {
        if let Some(key) = ["modifiedBefore", "modifiedAfter"].into_iter().find(|key| options.get(key).is_some()) {
            return Err(Error::illegal(format!("the option '{key}' is not allowed on a stream of files")));
        }
        let (files, bytes) = (options.positive("maxFilesPerTrigger")?, options.positive("maxBytesPerTrigger")?);
        let limit = match (files, bytes) {
            (Some(_), Some(_)) => {
                return Err(Error::illegal(
                    "the options 'maxFilesPerTrigger' and 'maxBytesPerTrigger' exclude each other: leave one out",
                ));
            }
            (Some(files), None) => Limit::Files(files as u64),
            (None, Some(bytes)) => Limit::Bytes(bytes as u64),
            (None, None) => Limit::None,
        };
        let latest_first = options.flag("latestFirst", false)?;
        let max_age_ms = options.duration_ms("maxFileAge", 1)?.unwrap_or(7 * 86_400_000);
        let discard_ratio = options.parse::<f64>("discardCachedInputRatio", "a number from 0 to 1")?.unwrap_or(0.2);
        if !(0.0..=1.0).contains(&discard_ratio) {
            return Err(bad("discardCachedInputRatio", "a number from 0 to 1", &discard_ratio.to_string()));
        }
        Ok(Self {
            limit,
            latest_first,
            // With the newest first, what is left for later is old by then, and must not be taken
            // for seen.
            max_age_ms: if latest_first && limit != Limit::None { i64::MAX } else { max_age_ms },
            file_name_only: options.flag("fileNameOnly", false)?,
            max_cached_files: options.not_negative("maxCachedFiles")?.unwrap_or(10_000) as usize,
            discard_ratio,
            cleaning: Cleaning::read(options, listing)?,
            compact_interval: conf.number("spark.sql.streaming.fileSource.log.compactInterval")?,
            cleanup_delay: Duration::from_millis(conf.millis("spark.sql.streaming.fileSource.log.cleanupDelay")?),
            delete_expired: conf.get("spark.sql.streaming.fileSource.log.deletion") != Some("false"),
        })
    }
}

/// A line of the log.
#[derive(Clone, Debug, Deserialize)]
struct SeenFile {
    path: String,
    timestamp: i64,
    #[serde(rename = "batchId")]
    number: i64,
}

impl SeenFile {
    fn parse(text: &str, log: &CompactibleLog) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Checkpoint, format!("a line of {} is damaged: {error}", log.store().dir().display()))
        })
    }

    fn write(uri: &str, modified_ms: i64, number: u64) -> String {
        // The path is quoted like any JSON text; the rest cannot need it.
        format!(r#"{{"path":{},"timestamp":{modified_ms},"batchId":{number}}}"#, serde_json::Value::from(uri))
    }
}

/// How many numbers of the log an offset covers.
fn covered(offset: Option<&Offset>) -> Result<u64> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Object {
            #[serde(rename = "logOffset")]
            number: i64,
        },
        /// As Spark 2.0 wrote it.
        Number(i64),
    }
    let Some(offset) = offset else { return Ok(0) };
    match serde_json::from_str(&offset.0) {
        Ok(Form::Object { number } | Form::Number(number)) => Ok(u64::try_from(number + 1).unwrap_or(0)),
        Err(error) => Err(offset.damaged("files", error)),
    }
}

/// The offset behind a number of the log.
fn offset(number: u64) -> Offset {
    Offset(format!(r#"{{"logOffset":{number}}}"#))
}

/// A stream of files opened by one run of one query.
pub struct FileStreamReader {
    source: FileSource,
    options: Arc<StreamOptions>,
    log: CompactibleLog,
    clock: Arc<dyn Clock>,
    lanes: usize,
    seen: Seen,
    /// How many numbers the log has.
    head: u64,
    /// Files found and left for later batches; then the directory is not listed again.
    unread: VecDeque<FileEntry>,
    /// The sink's log, where it says which files there are.
    committed: Option<Committed>,
    /// `availableNow`: what was there when the query started.
    pinned: Option<Vec<FileEntry>>,
    /// What recent numbers of the log hold, so that they are not read back.
    recent: BTreeMap<u64, Vec<FileEntry>>,
    /// Up to which number of the log files were cleaned; `None` before this run has cleaned any.
    cleaned: Option<u64>,
    cleaner: Cleaner,
}

impl FileStreamReader {
    pub fn open(source: FileSource, options: Arc<StreamOptions>, run: &SourceRun) -> Result<Self> {
        let Some(log) = &run.log else {
            return Err(Error::internal("a stream of files was opened without a log"));
        };
        let log = CompactibleLog::new(log.store()?, options.compact_interval);
        let mut seen = Seen::new(options.max_age_ms, options.file_name_only);
        for line in log.all()?.iter() {
            let line = SeenFile::parse(line, &log)?;
            seen.add(&line.path, line.timestamp);
        }
        seen.purge();
        log::debug!("{} remembers {} files", source.shown, seen.len());
        let head = log.latest()?.map_or(0, |newest| newest + 1);
        let cleaner = Cleaner::new(options.cleaning.clone());
        Ok(Self {
            source,
            options,
            log,
            clock: Arc::clone(&run.clock),
            lanes: run.lanes,
            seen,
            head,
            unread: VecDeque::new(),
            committed: None,
            pinned: None,
            recent: BTreeMap::new(),
            cleaned: None,
            cleaner,
        })
    }

    /// The files there are now that were not taken, in the order in which batches take them.
    fn list(&mut self) -> Result<Vec<FileEntry>> {
        let (listing, seen) = (&self.source.listing, &self.seen);
        let is_new = |file: &FileEntry| seen.is_new(&crate::types::uri::from_path(&file.path), file.modified_ms);
        let mut files = match listing.sink_log() {
            None => listing.files(false)?,
            Some(log) => {
                let committed = match &mut self.committed {
                    Some(committed) => committed,
                    none => none.insert(Committed::open(&log, &listing.paths[0])?),
                };
                committed.read_on(|file| listing.takes(file) && is_new(file))?;
                committed.files()
            }
        };
        files.retain(is_new);
        if self.options.latest_first {
            files.sort_by_key(|file| std::cmp::Reverse(file.modified_ms));
        } else {
            files.sort_by_key(|file| file.modified_ms);
        }
        Ok(files)
    }

    fn new_files(&mut self) -> Result<VecDeque<FileEntry>> {
        if !self.unread.is_empty() {
            return Ok(std::mem::take(&mut self.unread));
        }
        let Some(pinned) = &self.pinned else { return self.list().map(Into::into) };
        let is_new = |file: &&FileEntry| self.seen.is_new(&crate::types::uri::from_path(&file.path), file.modified_ms);
        Ok(pinned.iter().filter(is_new).cloned().collect())
    }

    /// Splits what is new into this batch's files, and those worth keeping for the next without
    /// listing again.
    fn take(&self, mut new: VecDeque<FileEntry>, limit: Limit) -> (Vec<FileEntry>, VecDeque<FileEntry>) {
        let count = match limit {
            Limit::None => new.len(),
            Limit::Files(most) => usize::try_from(most).unwrap_or(usize::MAX).min(new.len()),
            Limit::Bytes(most) => {
                let mut sum = 0_u64;
                let fits = new.iter().take_while(|file| {
                    sum = sum.saturating_add(file.size);
                    sum <= most
                });
                fits.count().max(1).min(new.len())
            }
        };
        let mut rest = new.split_off(count);
        // Too little would be left for a full batch, while the directory may have more by then:
        // look again instead.
        let enough = match limit {
            Limit::None => false,
            Limit::Files(most) => rest.len() as f64 >= most as f64 * self.options.discard_ratio,
            Limit::Bytes(most) => {
                rest.iter().map(|file| file.size).sum::<u64>() as f64 >= most as f64 * self.options.discard_ratio
            }
        };
        if !enough || (self.options.latest_first && self.pinned.is_none()) {
            rest.clear();
        }
        if self.pinned.is_none() {
            rest.truncate(self.options.max_cached_files);
        }
        (new.into(), rest)
    }

    /// Writes the files that a batch takes as the log's next number.
    fn append(&mut self, files: Vec<FileEntry>) -> Result<()> {
        let number = self.head;
        let uris: Vec<_> = files.iter().map(|file| crate::types::uri::from_path(&file.path)).collect();
        let lines: Vec<_> =
            uris.iter().zip(&files).map(|(uri, file)| SeenFile::write(uri, file.modified_ms, number)).collect();
        if self.log.add(number, &lines)? == Put::Exists {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "another query writes to {} at the same time: give each query a checkpoint of its own",
                    self.log.store().dir().display()
                ),
            ));
        }
        if self.options.delete_expired && self.log.is_compaction(number) {
            self.log.remove_covered(self.clock.now_ms(), self.options.cleanup_delay, u64::MAX)?;
        }
        for (uri, file) in uris.iter().zip(&files) {
            self.seen.add(uri, file.modified_ms);
        }
        self.seen.purge();
        self.head += 1;
        self.recent.insert(number, files);
        Ok(())
    }

    /// The files that numbers `from..to` of the log hold.
    fn files(&mut self, from: u64, to: u64) -> Result<Vec<FileEntry>> {
        if to > self.head {
            return Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "{} ends before number {}, which an offset of this query names: its files are missing",
                    self.log.store().dir().display(),
                    to - 1
                ),
            ));
        }
        if !(from..to).all(|number| self.recent.contains_key(&number)) {
            for number in from..to {
                self.recent.insert(number, Vec::new());
            }
            for line in self.log.all()?.iter() {
                let line = SeenFile::parse(line, &self.log)?;
                let number = u64::try_from(line.number).unwrap_or_default();
                if (from..to).contains(&number) {
                    let file = self.entry(&line)?;
                    self.recent.entry(number).or_default().push(file);
                }
            }
        }
        Ok((from..to).filter_map(|number| self.recent.get(&number)).flatten().cloned().collect())
    }

    /// A file as the log has it; its size is looked up, and one that is gone fails when it is read.
    fn entry(&self, line: &SeenFile) -> Result<FileEntry> {
        let path = crate::types::uri::to_path(&line.path)?;
        let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        let listing = &self.source.listing;
        let base = listing.base.clone().or_else(|| listing.paths.iter().find(|base| path.starts_with(base)).cloned());
        let values = match (listing.recursive, base) {
            (true, _) => partition::Values::new(),
            (false, Some(base)) => partition::values(&path, &base),
            // Below a glob: the components that it covers are not partitions.
            (false, None) => {
                let depth = listing.paths.first().map_or(0, |pattern| pattern.components().count());
                partition::values(&path, &path.components().take(depth).collect::<std::path::PathBuf>())
            }
        };
        Ok(FileEntry { path, size, modified_ms: line.timestamp, values })
    }
}

impl Reader for FileStreamReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(None)
    }

    fn pin_available(&mut self) -> Result<Available> {
        self.pinned = Some(self.list()?);
        Ok(Available::Pinned)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, limit: ReadLimit) -> Result<Option<Offset>> {
        let start = covered(start)?;
        let limit = if limit == ReadLimit::All { Limit::None } else { self.options.limit };
        if limit != Limit::None && start < self.head {
            // A run before took files for this batch, and ended before it was planned.
            return Ok(Some(offset(start)));
        }
        let new = self.new_files()?;
        let (batch, rest) = self.take(new, limit);
        self.unread = rest;
        if !batch.is_empty() {
            self.append(batch)?;
        }
        Ok((self.head > start).then(|| offset(self.head - 1)))
    }

    fn partitions(&mut self, start: Option<&Offset>, end: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        let (start, end) = (covered(start)?, covered(Some(end))?);
        self.cleaned = Some(self.cleaned.map_or(start, |cleaned| cleaned.max(start)));
        let files = self.files(start, end)?;
        Ok(self.source.partitions(&files, self.lanes))
    }

    fn commit(&mut self, end: &Offset) -> Result<()> {
        let end = covered(Some(end))?;
        // Of what earlier runs committed, a crash may have kept only the last from being cleaned.
        let from = self.cleaned.unwrap_or(end.saturating_sub(1));
        if self.cleaner.cleans() && from < end {
            for file in self.files(from, end)? {
                self.cleaner.clean(&file);
            }
        }
        self.cleaned = Some(from.max(end));
        self.recent = self.recent.split_off(&end);
        Ok(())
    }
}
