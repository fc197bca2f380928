//! The cache of blocks of open files.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::block::{BLOCK_TARGET, Block};

/// A block by its file's id and its number there.
type BlockId = (u64, u32);

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<BlockId, Arc<Block>> for ByBytes {
    fn weight(&self, _id: &BlockId, block: &Arc<Block>) -> u64 {
        block.weight() as u64
    }
}

/// Blocks that were read lately, bounded by their bytes. Shared by all views of a store.
pub struct BlockCache {
    blocks: Cache<BlockId, Arc<Block>, ByBytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl fmt::Debug for BlockCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockCache({} of {} bytes)", self.blocks.weight(), self.blocks.capacity())
    }
}

impl BlockCache {
    pub fn new(bytes: usize) -> Self {
        let blocks = Cache::with_weighter(bytes / BLOCK_TARGET, bytes as u64, ByBytes);
        Self { blocks, hits: AtomicU64::default(), misses: AtomicU64::default() }
    }

    pub fn get(&self, file: u64, block: usize) -> Option<Arc<Block>> {
        let found = self.blocks.get(&(file, u32::try_from(block).ok()?));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub fn insert(&self, file: u64, block: usize, content: Arc<Block>) {
        if let Ok(block) = u32::try_from(block) {
            self.blocks.insert((file, block), content);
        }
    }

    pub fn capacity(&self) -> usize {
        self.blocks.capacity() as usize
    }

    pub fn set_capacity(&self, bytes: usize) {
        self.blocks.set_capacity(bytes as u64);
    }

    /// The memory that the blocks take.
    pub fn bytes(&self) -> usize {
        self.blocks.weight() as usize
    }

    /// Blocks asked for that were there, and those that were not.
    pub fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}
