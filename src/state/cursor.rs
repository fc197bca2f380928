//! Cursors over sorted entries, in memory or in a file.

use std::ops::Range;
use std::sync::Arc;

use super::block::Block;
use super::block::{BlockDamage, BlockShape, Payload, open_block};
use super::cache::BlockCache;
use super::entries::SortedEntries;
use super::range::KeyRange;
use super::reader::StateFileReader;
use crate::error::Result;

/// Sorted entries that a view or a merge reads. Cheap to clone.
#[derive(Clone, Debug)]
pub enum EntrySource {
    Memory(Arc<SortedEntries>),
    File(Arc<StateFileReader>),
}

impl EntrySource {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(entries) => entries.len(),
            Self::File(reader) => reader.meta.entries as usize,
        }
    }

    /// The bytes of keys and values.
    pub fn content_bytes(&self) -> u64 {
        match self {
            Self::Memory(entries) => entries.content_bytes() as u64,
            Self::File(reader) => reader.meta.bytes,
        }
    }
}

/// Stands on an entry and goes to the next.
#[derive(Debug)]
pub enum EntryCursor {
    Memory(MemoryCursor),
    File(FileCursor),
}

impl EntryCursor {
    /// A cursor on the first entry in `range`; `None` when there is none. Without a cache a file is
    /// read in large pieces.
    ///
    /// `place` is where the range before ended, if there was one and it lies before this.
    pub fn open(
        source: &EntrySource,
        range: &KeyRange,
        cache: Option<&Arc<BlockCache>>,
        place: &mut usize,
    ) -> Result<Option<Self>> {
        if range.is_empty() {
            return Ok(None);
        }
        match source {
            EntrySource::Memory(entries) => Ok(MemoryCursor::open(entries, range, place).map(Self::Memory)),
            EntrySource::File(reader) => Ok(FileCursor::open(reader, range, cache)?.map(Self::File)),
        }
    }

    #[inline]
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Memory(cursor) => cursor.entries.key(cursor.index),
            Self::File(cursor) => &cursor.key,
        }
    }

    /// The value, or `None` for a removal.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(cursor) => cursor.entries.value(cursor.index),
            Self::File(cursor) => cursor.value.clone().map(|range| &cursor.payload()[range]),
        }
    }

    /// Goes to the next entry; false at the end, after which the cursor must not be used.
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        match self {
            Self::Memory(cursor) => {
                cursor.index += 1;
                Ok(cursor.index < cursor.end)
            }
            Self::File(cursor) => cursor.advance(),
        }
    }
}

#[derive(Debug)]
pub struct MemoryCursor {
    entries: Arc<SortedEntries>,
    index: usize,
    end: usize,
}

impl MemoryCursor {
    fn open(entries: &Arc<SortedEntries>, range: &KeyRange, place: &mut usize) -> Option<Self> {
        let index = entries.at_least_near(&range.from, *place);
        let end = range.to.as_ref().map_or(entries.len(), |to| entries.at_least_near(to, index));
        *place = end;
        (index < end).then(|| Self { entries: Arc::clone(entries), index, end })
    }
}

/// How many blocks a scan takes through the cache before it reads ahead.
const THROUGH_CACHE: usize = 4;
/// How much is read ahead at first, and at most.
const AHEAD: Range<usize> = 64 << 10..512 << 10;

#[derive(Debug)]
pub struct FileCursor {
    reader: Arc<StateFileReader>,
    cache: Option<Arc<BlockCache>>,
    /// The blocks that were not entered yet.
    blocks: Range<usize>,
    to: Option<Vec<u8>>,
    /// How many blocks may still go through the cache.
    through_cache: usize,
    ahead: usize,
    /// Blocks read ahead, as they are stored.
    pieces: Vec<u8>,
    piece_blocks: Range<usize>,
    unpacked: Vec<u8>,
    held: HeldBlock,
    shape: BlockShape,
    index: usize,
    /// Where the range ends in this block.
    end: usize,
    prefix: usize,
    key: Vec<u8>,
    value: Option<Range<usize>>,
}

/// Where the payload of a cursor's block is.
#[derive(Debug)]
enum HeldBlock {
    Cached(Arc<Block>),
    Piece(Range<usize>),
    Unpacked,
}

impl FileCursor {
    fn open(reader: &Arc<StateFileReader>, range: &KeyRange, cache: Option<&Arc<BlockCache>>) -> Result<Option<Self>> {
        let index = &reader.index;
        let end = range.to.as_ref().map_or(index.len(), |to| index.first_from(to));
        let mut cursor = Self {
            reader: Arc::clone(reader),
            cache: cache.cloned(),
            blocks: index.first_with(&range.from)..end,
            to: range.to.clone(),
            through_cache: THROUGH_CACHE,
            ahead: if cache.is_some() { AHEAD.start } else { AHEAD.end },
            pieces: Vec::new(),
            piece_blocks: 0..0,
            unpacked: Vec::new(),
            held: HeldBlock::Unpacked,
            shape: BlockShape::default(),
            index: 0,
            end: 0,
            prefix: 0,
            key: Vec::new(),
            value: None,
        };
        Ok(cursor.enter(&range.from)?.then_some(cursor))
    }

    #[inline]
    fn payload(&self) -> &[u8] {
        match &self.held {
            HeldBlock::Cached(block) => block.payload(),
            HeldBlock::Piece(range) => &self.pieces[range.clone()],
            HeldBlock::Unpacked => &self.unpacked,
        }
    }

    #[inline]
    fn advance(&mut self) -> Result<bool> {
        self.index += 1;
        if self.index < self.end {
            return self.take_entry().map(|()| true);
        }
        self.enter(&[])
    }

    /// Enters the next block that has an entry in the range, at the first key that is at least
    /// `from`; false when there is none.
    fn enter(&mut self, from: &[u8]) -> Result<bool> {
        while let Some(block) = self.blocks.next() {
            self.load(block)?;
            let damage = || self.reader.damaged_block(block, BlockDamage::Content);
            let (payload, shape) = (self.payload(), self.shape);
            let at_least = |key: &[u8]| shape.at_least(payload, key, 0).map(|(index, _)| index).ok_or_else(damage);
            let start = if from.is_empty() { 0 } else { at_least(from)? };
            let end = match &self.to {
                // Keys beyond the range are in its last block alone.
                Some(to) if self.blocks.is_empty() => at_least(to)?,
                _ => shape.count,
            };
            let prefix = shape.prefix(payload);
            self.prefix = prefix.len();
            let mut key = std::mem::take(&mut self.key);
            key.clear();
            key.extend_from_slice(shape.prefix(self.payload()));
            self.key = key;
            (self.index, self.end) = (start, end);
            if start < end {
                return self.take_entry().map(|()| true);
            }
        }
        Ok(false)
    }

    #[inline]
    fn take_entry(&mut self) -> Result<()> {
        let mut key = std::mem::take(&mut self.key);
        let payload = self.payload();
        let Some(place) = self.shape.entry(payload, self.index) else {
            return Err(self.reader.damaged_block(self.blocks.start.saturating_sub(1), BlockDamage::Content));
        };
        key.truncate(self.prefix);
        key.extend_from_slice(&payload[place.suffix]);
        self.key = key;
        self.value = place.value;
        Ok(())
    }

    fn load(&mut self, block: usize) -> Result<()> {
        if let Some(cache) = &self.cache
            && !self.piece_blocks.contains(&block)
        {
            let mut found = cache.get(self.reader.id(), block);
            if found.is_none() && self.through_cache > 0 {
                self.through_cache -= 1;
                let read = Arc::new(self.reader.read_block(block)?);
                cache.insert(self.reader.id(), block, Arc::clone(&read));
                found = Some(read);
            }
            if let Some(found) = found {
                self.shape = found.shape;
                self.held = HeldBlock::Cached(found);
                return Ok(());
            }
        }
        if !self.piece_blocks.contains(&block) {
            let mut end = block + 1;
            while end < self.blocks.end && self.reader.extent(block..end + 1).1 <= self.ahead {
                end += 1;
            }
            self.ahead = (self.ahead * 2).min(AHEAD.end);
            self.reader.read_blocks(block..end, &mut self.pieces)?;
            self.piece_blocks = block..end;
        }
        let (start, len) = self.reader.extent(self.piece_blocks.start..block + 1);
        let (at, block_len) = self.reader.index.place(block);
        let stored = (at - start) as usize..len;
        debug_assert_eq!(stored.len(), block_len);
        let opened = open_block(&self.pieces[stored.clone()], &mut self.unpacked);
        self.held = match opened.map_err(|damage| self.reader.damaged_block(block, damage))? {
            Payload::Stored(range) => HeldBlock::Piece(stored.start + range.start..stored.start + range.end),
            Payload::Unpacked => HeldBlock::Unpacked,
        };
        let shape = BlockShape::of(self.payload()).filter(|shape| shape.count == self.reader.index.entries(block));
        self.shape = shape.ok_or_else(|| self.reader.damaged_block(block, BlockDamage::Content))?;
        Ok(())
    }
}
