//! The format of a state file around its blocks: header, index, meta and footer.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::keys::gallop;
use super::names::{StateFileKind, StateFileName};

pub const HEADER_MAGIC: [u8; 8] = *b"firestat";
pub const FOOTER_MAGIC: [u8; 8] = *b"statfire";

/// The format that this release writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// Magic and format version.
pub const HEADER: usize = 8 + 4;
/// Four offsets and lengths, the digest, the checksum and the magic.
pub const FOOTER: usize = 4 * 8 + 16 + 8 + 8;

/// The xxh3_128 of a file's content. A change file names that of the change before it: zeros, for
/// the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct StateDigest(pub u128);

impl fmt::Display for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<StateDigest> for String {
    fn from(digest: StateDigest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for StateDigest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digest = u128::from_str_radix(&text, 16).map(Self);
        digest.ok().filter(|digest| digest.to_string() == text).ok_or(format!("'{text}' is no digest"))
    }
}

/// What a file says about itself, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFileMeta {
    pub query: String,
    pub from: u64,
    pub to: u64,
    /// The digest of the change before `from`.
    pub previous: StateDigest,
    /// In a run, the digest of the change `to`. A change's own digest is in its footer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<StateDigest>,
    pub entries: u64,
    pub removals: u64,
    /// The bytes of keys and values.
    pub bytes: u64,
    /// What the caller gave to the change, in a run to the change `to`.
    pub summary: Value,
}

impl StateFileMeta {
    /// The file's name by what it says.
    pub fn name(&self) -> StateFileName {
        let kind = if self.newest.is_some() { StateFileKind::Run } else { StateFileKind::Change };
        StateFileName { from: self.from, to: self.to, kind }
    }
}

/// Where the parts of a file lie.
///
/// ```text
/// bytes 8    "firestat"
/// u32        format version
/// ...        data blocks (see BlockWriter), one after the other
/// ...        index: for each block u32 length of the key, the key, u32 length of the block,
///            u32 number of entries; at the end u32 length of the file's last key, and the key.
///            A block's key is at most its first key and greater than all keys before
/// ...        filter (see KeyFilter), or nothing
/// ...        meta (see StateFileMeta), JSON
/// u64 x 4    where the index begins; lengths of index, filter and meta
/// bytes 16   digest: xxh3_128 of everything above, most significant byte first
/// u64        xxh3_64 of everything from the index to the digest
/// bytes 8    "statfire"
/// ```
///
/// All numbers are little-endian. Each byte is covered: a header is compared, a block has its
/// checksum, and the checksum of the footer covers the rest. So a file is opened without reading
/// its blocks, and the digest says whether they are those of that history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateFooter {
    pub index: u64,
    pub index_len: u64,
    pub filter_len: u64,
    pub meta_len: u64,
    pub digest: StateDigest,
}

impl StateFooter {
    /// The part that the digest covers.
    pub fn places(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let numbers = [self.index, self.index_len, self.filter_len, self.meta_len];
        bytes.chunks_exact_mut(8).zip(numbers).for_each(|(to, number)| to.copy_from_slice(&number.to_le_bytes()));
        bytes
    }

    /// The footer in the last bytes of a file of `size` bytes, and its checksum; `None` when there
    /// is none that fits.
    pub fn read(bytes: &[u8], size: u64) -> Option<(Self, u64)> {
        let footer: &[u8; FOOTER] = bytes.get(bytes.len().checked_sub(FOOTER)?..)?.try_into().ok()?;
        let number = |at: usize| footer[at..at + 8].try_into().map(u64::from_le_bytes).ok();
        let digest = StateDigest(u128::from_be_bytes(footer[32..48].try_into().ok()?));
        let (index, index_len, filter_len, meta_len) = (number(0)?, number(8)?, number(16)?, number(24)?);
        let end = index.checked_add(index_len)?.checked_add(filter_len)?.checked_add(meta_len)?;
        let fits = index >= HEADER as u64 && end.checked_add(FOOTER as u64)? == size && footer[56..] == FOOTER_MAGIC;
        fits.then_some((Self { index, index_len, filter_len, meta_len, digest }, number(48)?))
    }
}

/// The index of a file's blocks, in memory while the file is open.
#[derive(Debug, Default)]
pub struct BlockIndex {
    keys: Vec<u8>,
    marks: Vec<BlockMark>,
    last_key: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct BlockMark {
    key_end: usize,
    offset: u64,
    len: u32,
    entries: u32,
}

impl BlockIndex {
    /// Appends a block to an index being written.
    pub fn write_block(out: &mut Vec<u8>, key: &[u8], len: usize, entries: usize) {
        for (number, bytes) in [(key.len(), key), (len, &[]), (entries, &[])] {
            #[expect(clippy::cast_possible_truncation, reason = "a block is smaller than MAX_ENTRY and a little more")]
            out.extend_from_slice(&(number as u32).to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }

    /// Ends an index being written.
    pub fn write_end(out: &mut Vec<u8>, last_key: &[u8]) {
        #[expect(clippy::cast_possible_truncation, reason = "a key is smaller than MAX_ENTRY")]
        out.extend_from_slice(&(last_key.len() as u32).to_le_bytes());
        out.extend_from_slice(last_key);
    }

    /// The index of blocks that end at `end`; `None` for bytes that are none.
    pub fn read(bytes: &[u8], end: u64) -> Option<Self> {
        let mut rest = bytes;
        let (mut index, mut offset) = (Self::default(), HEADER as u64);
        loop {
            let key_len = take_u32(&mut rest)? as usize;
            let key = rest.split_off(..key_len)?;
            if rest.is_empty() {
                index.last_key = key.to_owned();
                index.keys.shrink_to_fit();
                index.marks.shrink_to_fit();
                return (offset == end).then_some(index);
            }
            let (len, entries) = (take_u32(&mut rest)?, take_u32(&mut rest)?);
            index.keys.extend_from_slice(key);
            index.marks.push(BlockMark { key_end: index.keys.len(), offset, len, entries });
            offset = offset.checked_add(u64::from(len)).filter(|offset| *offset <= end)?;
        }
    }

    /// The number of blocks.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// The beginning of a block's first key, as far as it tells the block from those before.
    pub fn key(&self, block: usize) -> &[u8] {
        let start = if block == 0 { 0 } else { self.marks[block - 1].key_end };
        &self.keys[start..self.marks[block].key_end]
    }

    /// The only block that may have `key`, from the block `start` on; `None` when no block has it.
    #[inline]
    pub fn block_of(&self, key: &[u8], start: usize) -> Option<usize> {
        if key > self.last_key.as_slice() {
            return None;
        }
        gallop(start, self.len(), |block| self.key(block) <= key).checked_sub(1)
    }

    /// The first block that may have keys from `key` on; `len()` when none has.
    pub fn first_with(&self, key: &[u8]) -> usize {
        if key > self.last_key.as_slice() { self.len() } else { self.block_of(key, 0).unwrap_or(0) }
    }

    /// The first block all of whose keys are at least `key`.
    pub fn first_from(&self, key: &[u8]) -> usize {
        gallop(0, self.len(), |block| self.key(block) < key)
    }

    /// Where a block lies in the file: offset and length.
    #[inline]
    pub fn place(&self, block: usize) -> (u64, usize) {
        let mark = &self.marks[block];
        (mark.offset, mark.len as usize)
    }

    /// How many entries a block has.
    pub fn entries(&self, block: usize) -> usize {
        self.marks[block].entries as usize
    }

    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        self.keys.capacity() + self.marks.capacity() * size_of::<BlockMark>() + self.last_key.capacity()
    }
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    bytes.split_off(..4)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BlockIndex, FOOTER_MAGIC, HEADER, StateFooter};

    proptest! {
        #[test]
        fn bytes_that_are_no_index_and_no_footer_do_no_harm(
            bytes in proptest::collection::vec(0_u8..30, 0..160),
            key in proptest::collection::vec(0_u8..30, 0..4),
            size in 0_u64..400,
        ) {
            if let Some(index) = BlockIndex::read(&bytes, HEADER as u64 + size) {
                let _ = (index.block_of(&key, 0), index.first_with(&key), index.first_from(&key));
            }
            let footer = [&bytes[..], &FOOTER_MAGIC].concat();
            let _ = StateFooter::read(&footer, size);
        }
    }
}
