//! Looks many sorted keys up in one source.

use std::ops::Range;
use std::sync::Arc;

use super::block::{BLOCK_TARGET, BlockDamage, BlockShape, Payload, open_block};
use super::cache::BlockCache;
use super::cursor::EntrySource;
use super::entries::{SortedEntries, TOGETHER};
use super::filter::KeyFilter;
use super::found::StateValues;
use super::keys::{SortedKeys, gallop};
use super::reader::StateFileReader;
use crate::error::Result;

/// How many blocks are asked of the operating system before the first of them is read.
const WINDOW: usize = 1024;
/// How many bytes of blocks are read at once.
const EXTENT: usize = 512 << 10;

/// Looks the pending keys up in a source. Keys that it has are not pending any more.
pub fn look_up(source: &EntrySource, keys: &SortedKeys, found: &mut StateValues, cache: &BlockCache) -> Result<()> {
    if found.pending.is_empty() {
        return Ok(());
    }
    match source {
        EntrySource::Memory(entries) => look_up_in_memory(entries, keys, found),
        EntrySource::File(reader) => look_up_in_file(reader, keys, found, cache)?,
    }
    found.settle();
    Ok(())
}

/// How many entries there must be to a key before the keys are looked up in groups.
const SPARSE: usize = 8;

fn look_up_in_memory(entries: &SortedEntries, keys: &SortedKeys, found: &mut StateValues) {
    let pending = std::mem::take(&mut found.pending);
    if entries.len() / SPARSE > pending.len() {
        look_up_sparse(entries, keys, &pending, found);
    } else {
        look_up_dense(entries, keys, &pending, found);
    }
    found.pending = pending;
}

fn look_up_sparse(entries: &SortedEntries, keys: &SortedKeys, pending: &[u32], found: &mut StateValues) {
    let (mut window, mut places, mut group) = (0, Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
    for pending in pending.chunks(TOGETHER) {
        group.clear();
        group.extend(pending.iter().map(|key| keys.get(*key as usize)));
        entries.find_each(&group, &mut window, &mut places);
        for (key, place) in pending.iter().zip(&places) {
            if let Some(place) = place {
                found.answer(*key, entries.value(*place));
            }
        }
    }
}

/// Gallops through keys and entries by turns, so that the cost is that of the fewer ones.
fn look_up_dense(entries: &SortedEntries, keys: &SortedKeys, pending: &[u32], found: &mut StateValues) {
    let (mut at, mut entry) = (0, 0);
    while at < pending.len() {
        let key = keys.get(pending[at] as usize);
        entry = entries.at_least(key, entry);
        if entry == entries.len() {
            break;
        }
        let there = entries.key(entry);
        if there == key {
            found.answer(pending[at], entries.value(entry));
            entry += 1;
            at += 1;
        } else {
            at = gallop(at + 1, pending.len(), |at| keys.get(pending[at] as usize) < there);
        }
    }
}

/// A block, and which of the candidates may lie in it.
struct WantedBlock {
    block: usize,
    candidates: Range<usize>,
}

fn look_up_in_file(
    reader: &StateFileReader,
    keys: &SortedKeys,
    found: &mut StateValues,
    cache: &BlockCache,
) -> Result<()> {
    find_candidates(reader, keys, found);
    let candidates = std::mem::take(&mut found.candidates);
    let mut wanted: Vec<WantedBlock> = Vec::new();
    for (at, (block, _)) in candidates.iter().enumerate() {
        match wanted.last_mut().filter(|last| last.block == *block as usize) {
            Some(last) => last.candidates.end = at + 1,
            None => wanted.push(WantedBlock { block: *block as usize, candidates: at..at + 1 }),
        }
    }
    // A look-up that would fill much of the cache leaves it as it is.
    let keeps = wanted.len() * BLOCK_TARGET <= cache.capacity() / 4;
    let mut search = BlockSearch { reader, keys, candidates: &candidates, found };
    let mut result = Ok(());
    for window in wanted.chunks(WINDOW) {
        result = search.window(window, cache, keeps);
        if result.is_err() {
            break;
        }
    }
    found.candidates = candidates;
    result
}

/// Finds the blocks in which the pending keys may lie.
fn find_candidates(reader: &StateFileReader, keys: &SortedKeys, found: &mut StateValues) {
    found.candidates.clear();
    let key_of = |key: u32| keys.get(key as usize);
    let mut start = 0;
    if let Some(filter) = &reader.filter {
        if found.hashes.is_empty() {
            found.hashes.extend(keys.iter().map(KeyFilter::hash));
        }
        for key in &found.pending {
            if filter.may_have(found.hashes[*key as usize])
                && let Some(block) = reader.index.block_of(key_of(*key), start)
            {
                found.candidates.push((block as u32, *key));
                start = block;
            }
        }
    } else {
        for key in &found.pending {
            if let Some(block) = reader.index.block_of(key_of(*key), start) {
                found.candidates.push((block as u32, *key));
                start = block;
            }
        }
    }
}

struct BlockSearch<'a> {
    reader: &'a StateFileReader,
    keys: &'a SortedKeys,
    candidates: &'a [(u32, u32)],
    found: &'a mut StateValues,
}

impl BlockSearch<'_> {
    /// Searches some blocks: those that are cached at once, the others after asking for them all.
    fn window(&mut self, window: &[WantedBlock], cache: &BlockCache, keeps: bool) -> Result<()> {
        let mut missing: Vec<&WantedBlock> = Vec::new();
        for wanted in window {
            match cache.get(self.reader.id(), wanted.block) {
                Some(block) => self.block(wanted, block.payload(), block.shape)?,
                None => missing.push(wanted),
            }
        }
        let extents: Vec<&[&WantedBlock]> = neighbours(self.reader, &missing);
        if extents.len() > 1 {
            extents.iter().for_each(|extent| self.reader.will_need(blocks_of(extent)));
        }
        let (mut stored, mut unpacked) = (Vec::new(), Vec::new());
        for extent in extents {
            let blocks = blocks_of(extent);
            self.reader.read_blocks(blocks.clone(), &mut stored)?;
            let (base, _) = self.reader.index.place(blocks.start);
            for wanted in extent {
                let (at, len) = self.reader.index.place(wanted.block);
                let start = (at - base) as usize;
                let stored = &stored[start..start + len];
                if keeps {
                    let block = Arc::new(self.reader.block_in(wanted.block, stored)?);
                    self.block(wanted, block.payload(), block.shape)?;
                    cache.insert(self.reader.id(), wanted.block, block);
                } else {
                    self.stored_block(wanted, stored, &mut unpacked)?;
                }
            }
        }
        Ok(())
    }

    fn stored_block(&mut self, wanted: &WantedBlock, stored: &[u8], unpacked: &mut Vec<u8>) -> Result<()> {
        let damaged = |damage| self.reader.damaged_block(wanted.block, damage);
        let payload = match open_block(stored, unpacked).map_err(damaged)? {
            Payload::Stored(range) => &stored[range],
            Payload::Unpacked => unpacked.as_slice(),
        };
        let shape = BlockShape::of(payload).filter(|shape| shape.count == self.reader.index.entries(wanted.block));
        let shape = shape.ok_or_else(|| damaged(BlockDamage::Content))?;
        self.block(wanted, payload, shape)
    }

    fn block(&mut self, wanted: &WantedBlock, payload: &[u8], shape: BlockShape) -> Result<()> {
        let damaged = || self.reader.damaged_block(wanted.block, BlockDamage::Content);
        let mut start = 0;
        for (_, key) in &self.candidates[wanted.candidates.clone()] {
            let searched = shape.at_least(payload, self.keys.get(*key as usize), start);
            let (at, equal) = searched.ok_or_else(damaged)?;
            start = at;
            if equal {
                let place = shape.entry(payload, at).ok_or_else(damaged)?;
                self.found.answer(*key, place.value.map(|range| &payload[range]));
            }
        }
        Ok(())
    }
}

fn blocks_of(extent: &[&WantedBlock]) -> Range<usize> {
    match extent {
        [first, .., last] => first.block..last.block + 1,
        [only] => only.block..only.block + 1,
        [] => 0..0,
    }
}

/// Cuts blocks into groups that lie side by side in the file.
fn neighbours<'a, 'b>(reader: &StateFileReader, wanted: &'a [&'b WantedBlock]) -> Vec<&'a [&'b WantedBlock]> {
    let mut extents = Vec::new();
    let mut rest = wanted;
    while let [first, ..] = rest {
        let mut len = 1;
        while len < rest.len()
            && rest[len].block == rest[len - 1].block + 1
            && reader.extent(first.block..rest[len].block + 1).1 <= EXTENT
        {
            len += 1;
        }
        let (extent, after) = rest.split_at(len);
        extents.push(extent);
        rest = after;
    }
    extents
}
