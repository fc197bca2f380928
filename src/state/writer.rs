//! Writes a state file.

use std::fs::File;
use std::io::Write;

use serde_json::Value;
use twox_hash::{XxHash3_64, XxHash3_128};

use super::block::{BlockWriter, Compression, common_prefix};
use super::entries::{MAX_ENTRY, too_large};
use super::filter::KeyFilter;
use super::format::{BlockIndex, FOOTER_MAGIC, FORMAT_VERSION, HEADER_MAGIC, StateDigest, StateFileMeta, StateFooter};
use crate::error::{Error, Result};

/// How many bytes are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Writes sorted entries into a new file. [`StateFooter`] has the format.
pub struct StateFileWriter {
    file: File,
    buffer: Vec<u8>,
    /// What is in the file already.
    written: u64,
    digest: XxHash3_128,
    compression: Compression,
    block: BlockWriter,
    /// The last key of the block before.
    last_key: Vec<u8>,
    index: Vec<u8>,
    filter: Option<KeyFilter>,
    entries: u64,
    removals: u64,
    bytes: u64,
}

/// What the caller says about a file.
#[derive(Debug)]
pub struct StateFileFacts {
    pub query: String,
    pub from: u64,
    pub to: u64,
    pub previous: StateDigest,
    /// The digest of the change `to`, for a run.
    pub newest: Option<StateDigest>,
    pub summary: Value,
}

/// A file as written; nothing is synced.
#[derive(Debug)]
pub struct FinishedFile {
    pub file: File,
    pub size: u64,
    pub digest: StateDigest,
}

impl StateFileWriter {
    /// Writes into `file`, which is empty. A file with a filter has room in it for `filter` keys.
    pub fn new(file: File, compression: Compression, filter: Option<usize>) -> Self {
        let mut buffer = Vec::with_capacity(BUFFER / 4);
        buffer.extend_from_slice(&HEADER_MAGIC);
        buffer.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        Self {
            file,
            buffer,
            written: 0,
            digest: XxHash3_128::new(),
            compression,
            block: BlockWriter::default(),
            last_key: Vec::new(),
            index: Vec::new(),
            filter: filter.map(KeyFilter::sized),
            entries: 0,
            removals: 0,
            bytes: 0,
        }
    }

    /// Adds an entry, whose key must be greater than all before.
    #[inline]
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let size = key.len() + value.map_or(0, <[u8]>::len);
        if size > MAX_ENTRY {
            return Err(too_large(size));
        }
        let last = if self.block.len() == 0 { &self.last_key } else { self.block.last_key().unwrap_or_default() };
        if last >= key && self.entries > 0 {
            return Err(Error::internal("keys of a state file that do not ascend"));
        }
        if let Some(filter) = &mut self.filter {
            filter.add(KeyFilter::hash(key));
        }
        self.block.push(key, value);
        self.entries += 1;
        self.removals += u64::from(value.is_none());
        self.bytes += size as u64;
        if self.block.is_full() {
            self.end_block()?;
        }
        Ok(())
    }

    /// The bytes so far.
    pub fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The file being written.
    pub fn file(&self) -> &File {
        &self.file
    }

    fn end_block(&mut self) -> Result<()> {
        let Some(first) = self.block.first_key() else { return Ok(()) };
        // The shortest key that is greater than those before.
        let separator = match self.index.is_empty() {
            true => first.len(),
            false => (common_prefix(&self.last_key, first) + 1).min(first.len()),
        };
        let (separator, entries) = (first[..separator].to_vec(), self.block.len());
        self.last_key.clear();
        self.last_key.extend_from_slice(self.block.last_key().unwrap_or_default());
        let len = self.block.finish(self.compression, &mut self.buffer);
        BlockIndex::write_block(&mut self.index, &separator, len, entries);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.digest.write(&self.buffer);
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self, facts: StateFileFacts) -> Result<FinishedFile> {
        self.end_block()?;
        BlockIndex::write_end(&mut self.index, &self.last_key);
        let index = self.len();
        let mut tail = std::mem::take(&mut self.index);
        let index_len = tail.len();
        if let Some(filter) = &self.filter {
            filter.write(&mut tail);
        }
        let filter_len = tail.len() - index_len;
        let StateFileFacts { query, from, to, previous, newest, summary } = facts;
        let (entries, removals, bytes) = (self.entries, self.removals, self.bytes);
        let meta = StateFileMeta { query, from, to, previous, newest, entries, removals, bytes, summary };
        serde_json::to_writer(&mut tail, &meta)
            .map_err(|error| Error::internal("the meta of a state file").caused_by(error))?;
        let meta_len = tail.len() - index_len - filter_len;
        let [index_len, filter_len, meta_len] = [index_len, filter_len, meta_len].map(|len| len as u64);
        let mut footer = StateFooter { index, index_len, filter_len, meta_len, digest: StateDigest::default() };
        tail.extend_from_slice(&footer.places());
        // A small file is hashed and written in one go.
        if self.buffer.len() + tail.len() > BUFFER {
            self.flush()?;
        }
        self.digest.write(&self.buffer);
        self.digest.write(&tail);
        footer.digest = StateDigest(self.digest.finish_128());
        tail.extend_from_slice(&footer.digest.0.to_be_bytes());
        let checksum = XxHash3_64::oneshot(&tail);
        tail.extend_from_slice(&checksum.to_le_bytes());
        tail.extend_from_slice(&FOOTER_MAGIC);
        self.buffer.extend_from_slice(&tail);
        self.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        Ok(FinishedFile { file: self.file, size: self.written, digest: footer.digest })
    }
}
