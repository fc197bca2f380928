//! Reads a state file.

use std::fs::File;
use std::io::ErrorKind as Io;
use std::num::NonZero;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Advice, FlockOperation, fadvise, flock};
use rustix::io::Errno;
use twox_hash::{XxHash3_64, XxHash3_128};

use super::block::{Block, BlockDamage};
use super::filter::KeyFilter;
use super::format::{
    BlockIndex, FOOTER, FORMAT_VERSION, HEADER, HEADER_MAGIC, StateDigest, StateFileMeta, StateFooter,
};
use super::names::StateFileName;
use super::prefix::TableId;
use crate::error::{Context, Error, ErrorKind, Result};

/// How much of a file's end the first read takes: all of a small file.
const FIRST_READ: u64 = 64 << 10;

/// An open state file. It stays readable after its name is gone.
#[derive(Debug)]
pub struct StateFileReader {
    /// What errors call it.
    label: String,
    file: File,
    /// Unique in the process: the cache's name for the file.
    id: u64,
    size: u64,
    footer: StateFooter,
    pub meta: StateFileMeta,
    pub index: BlockIndex,
    pub filter: Option<KeyFilter>,
}

/// The error of a state file that is not what it should be.
pub(super) fn damaged(label: impl std::fmt::Display, what: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Checkpoint, format!("the state file {label} is damaged: {what}"))
}

impl StateFileReader {
    /// Opens the file `name` at `path`; `None` when it is not there, or is about to be written anew.
    /// `query` is the one that it must belong to, where that is known.
    ///
    /// The file is locked for reading while it is open. Where a file system has no locks nothing is
    /// written anew either.
    pub fn open(path: &Path, name: StateFileName, query: Option<&str>) -> Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == Io::NotFound => return Ok(None),
            file => file.context(|| format!("opening {}", path.display()))?,
        };
        if flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK) {
            return Ok(None);
        }
        let opened = Self::of(file, path.display().to_string())?;
        if let Some(query) = query.filter(|query| *query != opened.meta.query) {
            let (label, owner) = (&opened.label, &opened.meta.query);
            let message = format!("the state file {label} belongs to another query: {owner}, not {query}");
            return Err(Error::new(ErrorKind::Checkpoint, message));
        }
        if opened.meta.name() != name {
            return Err(damaged(&opened.label, format!("it says that it is {}", opened.meta.name())));
        }
        Ok(Some(opened))
    }

    /// Opens a file that has no name to check.
    pub fn of(file: File, label: String) -> Result<Self> {
        let _ = flock(&file, FlockOperation::NonBlockingLockShared);
        static IDS: AtomicU64 = AtomicU64::new(0);
        let broken = |what: &str| damaged(&label, what);
        let reading = || format!("reading {label}");
        let size = file.metadata().context(reading)?.len();
        if size < (HEADER + FOOTER) as u64 {
            return Err(broken(&format!("it has {size} bytes, fewer than the smallest has")));
        }
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).context(reading)?;
        let (magic, version) = header.split_at(HEADER_MAGIC.len());
        if magic != HEADER_MAGIC {
            return Err(broken("it does not begin as a state file does"));
        }
        let version = u32::from_le_bytes(version.try_into().unwrap_or_default());
        if version > FORMAT_VERSION {
            let message = format!(
                "the state file {label} has format version {version}, and this release reads up to {FORMAT_VERSION}: \
                 use the release that wrote it, or a newer one"
            );
            return Err(Error::new(ErrorKind::Checkpoint, message));
        }
        if version != FORMAT_VERSION {
            return Err(broken(&format!("there is no format version {version}")));
        }
        let read_from = |start: u64| -> Result<Vec<u8>> {
            let mut bytes = vec![0; usize::try_from(size - start).unwrap_or_default()];
            file.read_exact_at(&mut bytes, start).context(reading)?;
            Ok(bytes)
        };
        let mut start = size.saturating_sub(FIRST_READ);
        let mut tail = read_from(start)?;
        let cut = || broken("its end is not that of a state file; it may be cut short");
        let (footer, checksum) = StateFooter::read(&tail, size).ok_or_else(cut)?;
        if footer.index < start {
            start = footer.index;
            tail = read_from(start)?;
        }
        let tail = &tail[(footer.index - start) as usize..];
        let (covered, _) = tail.split_at(tail.len() - 16);
        if XxHash3_64::oneshot(covered) != checksum {
            return Err(broken("the checksum of its index does not match"));
        }
        let (index, rest) = tail.split_at(footer.index_len as usize);
        let (filter, rest) = rest.split_at(footer.filter_len as usize);
        let meta = serde_json::from_slice(&rest[..footer.meta_len as usize])
            .map_err(|error| broken(&format!("its meta does not parse: {error}")))?;
        let index = BlockIndex::read(index, footer.index).ok_or_else(|| broken("its index does not parse"))?;
        let filter = match filter {
            [] => None,
            bytes => Some(KeyFilter::read(bytes).ok_or_else(|| broken("its filter does not parse"))?),
        };
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { label, file, id, size, footer, meta, index, filter })
    }

    pub fn label(&self) -> &str {
        &self.label
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The digest of the file's own content.
    pub fn digest(&self) -> StateDigest {
        self.footer.digest
    }

    /// The digest of the newest change in it, which the next file names.
    pub fn newest(&self) -> StateDigest {
        self.meta.newest.unwrap_or(self.footer.digest)
    }

    /// The memory that the open file takes.
    pub fn bytes(&self) -> usize {
        self.index.bytes() + self.filter.as_ref().map_or(0, KeyFilter::bytes)
    }

    pub fn damaged(&self, what: impl std::fmt::Display) -> Error {
        damaged(&self.label, what)
    }

    /// The error of a block that is damaged.
    pub fn damaged_block(&self, block: usize, damage: BlockDamage) -> Error {
        let (at, len) = self.index.place(block);
        let what = match damage {
            BlockDamage::Checksum => "the checksum does not match",
            BlockDamage::Content => "it does not parse",
        };
        self.damaged(format!("block {block} at {at}, {len} bytes{}: {what}", self.place_of(block)))
    }

    /// Whose keys a block has, as far as the index says.
    fn place_of(&self, block: usize) -> String {
        match TableId::of(self.index.key(block)) {
            Some((TableId { operator, table }, slot)) => {
                format!(", from operator {operator}, table {table}, slot {} on", slot.0)
            }
            None => String::new(),
        }
    }

    /// Where neighbouring blocks lie: offset and length.
    pub fn extent(&self, blocks: Range<usize>) -> (u64, usize) {
        if blocks.is_empty() {
            return (0, 0);
        }
        let ((start, _), (last, len)) = (self.index.place(blocks.start), self.index.place(blocks.end - 1));
        (start, (last - start) as usize + len)
    }

    /// Tells the operating system that blocks will be read soon.
    pub fn will_need(&self, blocks: Range<usize>) {
        let (start, len) = self.extent(blocks);
        // Advice that is not taken costs time alone.
        let _ = fadvise(&self.file, start, NonZero::new(len as u64), Advice::WillNeed);
    }

    /// Reads neighbouring blocks as they are stored.
    pub fn read_blocks(&self, blocks: Range<usize>, into: &mut Vec<u8>) -> Result<()> {
        let (start, len) = self.extent(blocks);
        // Zeroing what the read overwrites is avoided where the buffer is reused.
        if into.len() < len {
            into.resize(len, 0);
        } else {
            into.truncate(len);
        }
        self.read_at(into, start)
    }

    /// Reads one block.
    pub fn read_block(&self, block: usize) -> Result<Block> {
        let mut stored = Vec::new();
        self.read_blocks(block..block + 1, &mut stored)?;
        self.block_in(block, &stored)
    }

    /// A block in what was read of it.
    pub fn block_in(&self, block: usize, stored: &[u8]) -> Result<Block> {
        let read = Block::read(stored).map_err(|damage| self.damaged_block(block, damage))?;
        if read.shape.count != self.index.entries(block) {
            return Err(self.damaged_block(block, BlockDamage::Content));
        }
        Ok(read)
    }

    fn read_at(&self, into: &mut [u8], start: u64) -> Result<()> {
        match self.file.read_exact_at(into, start) {
            Err(error) if error.kind() == Io::UnexpectedEof => {
                Err(self.damaged(format!("it ends inside a block at {start}")))
            }
            read => read.context(|| format!("reading {}", self.label)),
        }
    }

    /// Reads the whole file and compares its digest.
    pub fn check_digest(&self) -> Result<()> {
        let (end, mut at, mut digest) = (self.size - FOOTER as u64 + 32, 0, XxHash3_128::new());
        let mut buffer = vec![0; end.min(1 << 20) as usize];
        while at < end {
            let len = (end - at).min(buffer.len() as u64);
            let piece = &mut buffer[..len as usize];
            self.read_at(piece, at)?;
            digest.write(piece);
            at += len;
        }
        let found = StateDigest(digest.finish_128());
        if found == self.digest() {
            return Ok(());
        }
        Err(self.damaged(format!("the digest of its content is {found}, and it should be {}", self.digest())))
    }
}
