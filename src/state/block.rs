//! Data blocks: a few kilobytes of sorted entries.

use std::cmp::Ordering;
use std::ops::Range;

use twox_hash::XxHash3_64;

/// How many bytes of entries a block has before it ends. The entry that passes it belongs to it.
pub const BLOCK_TARGET: usize = 8 << 10;

/// What a block stored has around its payload: the encoding before it, the checksum after it.
const AROUND: usize = 1 + 8;

const RAW: u8 = 0;
const LZ4: u8 = 1;

/// Whether the blocks of a file are compressed. A block that gains little stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    Lz4,
}

/// Collects the entries of a block and writes it.
///
/// A block as stored is its encoding (u8: 0 raw, 1 lz4), its payload and the xxh3_64 of both. An
/// lz4 payload is the length (u32) of what it holds, then an lz4 block. All numbers are
/// little-endian. The payload:
///
/// ```text
/// entry, for each key ascending:
///   varint   length of the key less the block's prefix
///   varint   0 for a removal, else the length of the value plus 1
///   bytes    the rest of the key
///   bytes    the value
/// bytes      the prefix that all keys of the block have in common
/// u32        for each entry, where it begins
/// u32        length of the prefix
/// u32        number of entries
/// ```
#[derive(Debug, Default)]
pub struct BlockWriter {
    /// Keys and values as they came.
    bytes: Vec<u8>,
    marks: Vec<PendingEntry>,
    offsets: Vec<u32>,
    packed: Vec<u8>,
}

#[derive(Debug)]
struct PendingEntry {
    start: usize,
    key: usize,
    value: Option<usize>,
}

impl BlockWriter {
    #[inline]
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let mark = PendingEntry { start: self.bytes.len(), key: key.len(), value: value.map(<[u8]>::len) };
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.marks.push(mark);
    }

    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn is_full(&self) -> bool {
        self.bytes.len() + self.marks.len() * 6 >= BLOCK_TARGET
    }

    fn key(&self, index: usize) -> Option<&[u8]> {
        self.marks.get(index).map(|mark| &self.bytes[mark.start..mark.start + mark.key])
    }

    pub fn first_key(&self) -> Option<&[u8]> {
        self.key(0)
    }

    #[inline]
    pub fn last_key(&self) -> Option<&[u8]> {
        self.key(self.marks.len().wrapping_sub(1))
    }

    /// Appends the block to `out` and begins the next one. Gives the number of bytes.
    pub fn finish(&mut self, compression: Compression, out: &mut Vec<u8>) -> usize {
        let begin = out.len();
        match compression {
            Compression::None => {
                out.push(RAW);
                self.payload(out);
            }
            Compression::Lz4 => {
                out.push(LZ4);
                let mut packed = std::mem::take(&mut self.packed);
                packed.clear();
                self.payload(&mut packed);
                let most = lz4_flex::block::get_maximum_output_size(packed.len());
                out.extend_from_slice(&u32_of(packed.len()));
                let start = out.len();
                out.resize(start + most, 0);
                let fits = lz4_flex::block::compress_into(&packed, &mut out[start..]).ok();
                match fits.filter(|len| *len < packed.len() - packed.len() / 8) {
                    Some(len) => out.truncate(start + len),
                    None => {
                        out.truncate(begin);
                        out.push(RAW);
                        out.extend_from_slice(&packed);
                    }
                }
                self.packed = packed;
            }
        }
        let checksum = XxHash3_64::oneshot(&out[begin..]);
        out.extend_from_slice(&checksum.to_le_bytes());
        self.bytes.clear();
        self.marks.clear();
        out.len() - begin
    }

    fn payload(&mut self, out: &mut Vec<u8>) {
        let begin = out.len();
        // The keys ascend: what the first and the last have in common, all have.
        let prefix = match (self.first_key(), self.last_key()) {
            (Some(first), Some(last)) => common_prefix(first, last),
            _ => 0,
        };
        out.reserve(self.bytes.len() + self.marks.len() * 8 + prefix + 8);
        self.offsets.clear();
        for mark in &self.marks {
            self.offsets.push(number(out.len() - begin));
            let key_end = mark.start + mark.key;
            put_varint(out, mark.key - prefix);
            put_varint(out, mark.value.map_or(0, |len| len + 1));
            let end = key_end + mark.value.unwrap_or_default();
            out.extend_from_slice(&self.bytes[mark.start + prefix..end]);
        }
        out.extend_from_slice(&self.first_key().unwrap_or_default()[..prefix]);
        self.offsets.iter().for_each(|offset| out.extend_from_slice(&offset.to_le_bytes()));
        out.extend_from_slice(&u32_of(prefix));
        out.extend_from_slice(&u32_of(self.marks.len()));
    }
}

/// A length that [`MAX_ENTRY`](super::entries::MAX_ENTRY) keeps in range.
#[expect(clippy::cast_possible_truncation, reason = "a block is smaller than MAX_ENTRY and a little more")]
fn number(len: usize) -> u32 {
    len as u32
}

fn u32_of(len: usize) -> [u8; 4] {
    number(len).to_le_bytes()
}

pub fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[inline]
fn put_varint(out: &mut Vec<u8>, number: usize) {
    let mut number = number;
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A varint at `at`, and where it ends.
#[inline]
fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((first as usize, at + 1));
    }
    let (mut number, mut shift) = ((first & 0x7f) as usize, 7);
    for at in at + 1..at + 5 {
        let byte = *bytes.get(at)?;
        number |= ((byte & 0x7f) as usize) << shift;
        if byte < 0x80 {
            return Some((number, at + 1));
        }
        shift += 7;
    }
    None
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// What is wrong with a block as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockDamage {
    Checksum,
    /// The checksum holds and the content is none of ours.
    Content,
}

/// Where the payload of a stored block lies. Compressed, it is unpacked into `unpacked`.
pub enum Payload {
    /// At this range of what is stored.
    Stored(Range<usize>),
    Unpacked,
}

/// Checks a block as stored, and finds or unpacks its payload.
pub fn open_block(stored: &[u8], unpacked: &mut Vec<u8>) -> Result<Payload, BlockDamage> {
    let end = stored.len().checked_sub(8).filter(|_| stored.len() >= AROUND).ok_or(BlockDamage::Content)?;
    if XxHash3_64::oneshot(&stored[..end]).to_le_bytes() != stored[end..] {
        return Err(BlockDamage::Checksum);
    }
    match stored[0] {
        RAW => Ok(Payload::Stored(1..end)),
        LZ4 => {
            let (len, packed) = (u32_at(stored, 1).ok_or(BlockDamage::Content)?, &stored[5..end]);
            // No lz4 block grows by more: a length out of range must not take all memory.
            if len > packed.len().saturating_mul(256) {
                return Err(BlockDamage::Content);
            }
            unpacked.clear();
            unpacked.resize(len, 0);
            match lz4_flex::block::decompress_into(packed, unpacked) {
                Ok(written) if written == len => Ok(Payload::Unpacked),
                _ => Err(BlockDamage::Content),
            }
        }
        _ => Err(BlockDamage::Content),
    }
}

/// Where the parts of a payload lie. It borrows nothing: the methods take the payload again.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockShape {
    pub count: usize,
    prefix_start: usize,
    prefix_end: usize,
}

/// Where an entry lies in its payload: the rest of the key, and the value unless it is a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPlace {
    pub suffix: Range<usize>,
    pub value: Option<Range<usize>>,
}

impl BlockShape {
    /// `None` for what is no payload.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let count_at = payload.len().checked_sub(4)?;
        let (count, prefix) = (u32_at(payload, count_at)?, u32_at(payload, count_at.checked_sub(4)?)?);
        let prefix_end = (count_at - 4).checked_sub(count.checked_mul(4)?)?;
        let prefix_start = prefix_end.checked_sub(prefix)?;
        (count > 0).then_some(Self { count, prefix_start, prefix_end })
    }

    pub fn prefix(self, payload: &[u8]) -> &[u8] {
        payload.get(self.prefix_start..self.prefix_end).unwrap_or_default()
    }

    /// The entry at `index`; `None` when there is none, or when the payload is damaged.
    #[inline]
    pub fn entry(self, payload: &[u8], index: usize) -> Option<EntryPlace> {
        if index >= self.count {
            return None;
        }
        let at = u32_at(payload, self.prefix_end + index * 4)?;
        let entries = payload.get(..self.prefix_start)?;
        let (suffix, at) = varint(entries, at)?;
        let (value, start) = varint(entries, at)?;
        let suffix_end = start + suffix;
        let end = suffix_end + value.saturating_sub(1);
        (end <= self.prefix_start)
            .then_some(EntryPlace { suffix: start..suffix_end, value: (value > 0).then_some(suffix_end..end) })
    }

    /// The first index from `start` on whose key is not less than `key`, and whether it is equal.
    /// `None` when the payload is damaged.
    #[inline]
    pub fn at_least(self, payload: &[u8], key: &[u8], start: usize) -> Option<(usize, bool)> {
        let prefix = self.prefix(payload);
        let shared = prefix.len().min(key.len());
        match key[..shared].cmp(&prefix[..shared]) {
            Ordering::Less => return Some((start, false)),
            Ordering::Greater => return Some((self.count, false)),
            Ordering::Equal if key.len() < prefix.len() => return Some((start, false)),
            Ordering::Equal => {}
        }
        let suffix = &key[prefix.len()..];
        let (mut low, mut high) = (start, self.count);
        while low < high {
            let middle = low.midpoint(high);
            let place = self.entry(payload, middle)?;
            match payload[place.suffix].cmp(suffix) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some((middle, true)),
                Ordering::Greater => high = middle,
            }
        }
        Some((low, false))
    }
}

/// A block in memory, as the cache keeps it.
#[derive(Debug)]
pub struct Block {
    payload: Vec<u8>,
    pub shape: BlockShape,
}

impl Block {
    /// Checks a block as stored and takes a copy of its payload.
    pub fn read(stored: &[u8]) -> Result<Self, BlockDamage> {
        let mut unpacked = Vec::new();
        let payload = match open_block(stored, &mut unpacked)? {
            Payload::Stored(range) => stored[range].to_vec(),
            Payload::Unpacked => unpacked,
        };
        let shape = BlockShape::of(&payload).ok_or(BlockDamage::Content)?;
        Ok(Self { payload, shape })
    }

    #[inline]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The memory that it takes.
    pub fn weight(&self) -> usize {
        self.payload.capacity() + size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Block, BlockShape, BlockWriter, Compression};

    fn block(entries: &[(&[u8], Option<&[u8]>)], compression: Compression) -> Vec<u8> {
        let (mut writer, mut out) = (BlockWriter::default(), Vec::new());
        entries.iter().for_each(|(key, value)| writer.push(key, *value));
        writer.finish(compression, &mut out);
        out
    }

    #[test]
    fn a_block_has_its_documented_bytes() {
        let stored = block(&[(b"key-1", Some(b"one")), (b"key-2", None)], Compression::None);
        let payload = b"\x00\x01\x041one\x01\x002key-\0\0\0\0\x06\0\0\0\x04\0\0\0\x02\0\0\0";
        assert_eq!(&stored[..stored.len() - 8], payload);
        assert_eq!(stored[stored.len() - 8..], twox_hash::XxHash3_64::oneshot(payload).to_le_bytes());
    }

    #[test]
    fn each_key_is_found_and_no_other() {
        let keys: Vec<String> = (0..500).map(|n| format!("key-{:04}", n * 2)).collect();
        let entries: Vec<_> = keys.iter().map(|key| (key.as_bytes(), Some(&key.as_bytes()[4..]))).collect();
        for compression in [Compression::None, Compression::Lz4] {
            let block = Block::read(&block(&entries, compression)).unwrap();
            for n in 0..1000_usize {
                let key = format!("key-{n:04}");
                let (at, equal) = block.shape.at_least(block.payload(), key.as_bytes(), 0).unwrap();
                assert_eq!((at, equal), (n.div_ceil(2), n % 2 == 0));
                if equal {
                    let place = block.shape.entry(block.payload(), at).unwrap();
                    assert_eq!(&block.payload()[place.value.unwrap()], &key.as_bytes()[4..]);
                }
            }
            for (key, expected) in [("a", 0), ("key", 0), ("key-", 0), ("key.", 500), ("z", 500)] {
                let found = block.shape.at_least(block.payload(), key.as_bytes(), 0);
                assert_eq!(found, Some((expected, false)), "{key}");
            }
        }
    }

    #[test]
    fn a_damaged_block_is_an_error() {
        for compression in [Compression::None, Compression::Lz4] {
            let stored = block(&[(&[7; 100], Some(&[1; 100])), (&[8; 100], None)], compression);
            assert!(Block::read(&stored).is_ok());
            for at in 0..stored.len() {
                for bit in 0..8 {
                    let mut damaged = stored.clone();
                    damaged[at] ^= 1 << bit;
                    assert!(Block::read(&damaged).is_err());
                }
                assert!(Block::read(&stored[..at]).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn bytes_that_are_no_block_do_no_harm(
            payload in proptest::collection::vec(0_u8..40, 0..80),
            count in 0_u8..8,
            key in proptest::collection::vec(any::<u8>(), 0..4),
        ) {
            let payload = [&payload[..], &[0, 0, 0, 0, count, 0, 0, 0]].concat();
            if let Some(shape) = BlockShape::of(&payload) {
                let _ = shape.at_least(&payload, &key, 0);
                for index in 0..=shape.count {
                    let _ = shape.entry(&payload, index);
                }
            }
            for encoding in 0..3 {
                let stored = [&[encoding], &payload[..]].concat();
                let checksum = twox_hash::XxHash3_64::oneshot(&stored).to_le_bytes();
                let _ = Block::read(&[&stored[..], &checksum].concat());
            }
        }
    }
}
