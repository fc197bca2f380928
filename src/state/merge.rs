//! Merges sorted entries of several sources into one ascending order, where newer ones win.

use std::sync::Arc;

use super::cache::BlockCache;
use super::cursor::{EntryCursor, EntrySource};
use super::entries::SortedEntries;
use super::range::KeyRange;
use crate::error::Result;

/// The entries of several sources, keys ascending and each once: the newest source that has a key
/// has the word. Removals are entries here.
#[derive(Debug)]
pub struct MergedEntries {
    /// Newest first.
    cursors: Vec<EntryCursor>,
    /// Cursors that are not at their end, the least key at the root. Of equal keys the newest is
    /// less.
    heap: Vec<u32>,
    state: MergeState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MergeState {
    Begins,
    /// The root is the entry that was given last.
    OnEntry,
}

impl MergedEntries {
    /// Merges the entries of `sources`, newest first, in a range.
    pub fn new<'a>(
        sources: impl IntoIterator<Item = &'a EntrySource>,
        range: &KeyRange,
        cache: Option<&Arc<BlockCache>>,
    ) -> Result<Self> {
        let mut merged = Self { cursors: Vec::new(), heap: Vec::new(), state: MergeState::Begins };
        for source in sources {
            merged.cursors.extend(EntryCursor::open(source, range, cache, &mut 0)?);
        }
        merged.begin();
        Ok(merged)
    }

    /// Begins anew, in a range behind the one before. `places` has of each source where that ended.
    pub fn enter(
        &mut self,
        sources: &[EntrySource],
        places: &mut [usize],
        range: &KeyRange,
        cache: &Arc<BlockCache>,
    ) -> Result<()> {
        self.cursors.clear();
        for (source, place) in sources.iter().zip(places) {
            self.cursors.extend(EntryCursor::open(source, range, Some(cache), place)?);
        }
        self.begin();
        Ok(())
    }

    fn begin(&mut self) {
        self.heap.clear();
        #[expect(clippy::cast_possible_truncation, reason = "as many as there are sources")]
        self.heap.extend(0..self.cursors.len() as u32);
        self.state = MergeState::Begins;
        (0..self.heap.len() / 2).rev().for_each(|at| self.sift(at));
    }

    /// Goes to the next entry; false at the end.
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        if self.state == MergeState::OnEntry && !self.heap.is_empty() {
            self.advance_at(0)?;
        }
        self.state = MergeState::OnEntry;
        if self.heap.len() > 1 {
            self.drop_older()?;
        }
        Ok(!self.heap.is_empty())
    }

    /// The key of the entry that [`MergedEntries::advance`] went to.
    #[inline]
    pub fn key(&self) -> &[u8] {
        self.cursors[self.heap[0] as usize].key()
    }

    /// Its value, or `None` for a removal.
    #[inline]
    pub fn value(&self) -> Option<&[u8]> {
        self.cursors[self.heap[0] as usize].value()
    }

    /// Passes older entries with the root's key. Any such lies right below the root, or below
    /// another.
    fn drop_older(&mut self) -> Result<()> {
        let mut child = 1;
        while child <= 2 && child < self.heap.len() {
            let (root, other) = (self.heap[0] as usize, self.heap[child] as usize);
            if self.cursors[root].key() == self.cursors[other].key() {
                self.advance_at(child)?;
            } else {
                child += 1;
            }
        }
        Ok(())
    }

    /// Advances the cursor at a place of the heap, and puts it where it belongs below.
    #[inline]
    fn advance_at(&mut self, at: usize) -> Result<()> {
        if !self.cursors[self.heap[at] as usize].advance()? {
            self.heap.swap_remove(at);
            // The last cursor came from below another parent: it may belong above.
            let mut at = at;
            while at > 0 && at < self.heap.len() && self.less(at, (at - 1) / 2) {
                self.heap.swap(at, (at - 1) / 2);
                at = (at - 1) / 2;
            }
            self.sift(at);
            return Ok(());
        }
        self.sift(at);
        Ok(())
    }

    #[inline]
    fn less(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.heap[a], self.heap[b]);
        let (left, right) = (self.cursors[a as usize].key(), self.cursors[b as usize].key());
        left.cmp(right).then(a.cmp(&b)).is_lt()
    }

    #[inline]
    fn sift(&mut self, at: usize) {
        let mut at = at;
        loop {
            let left = at * 2 + 1;
            if left >= self.heap.len() {
                return;
            }
            let least = if left + 1 < self.heap.len() && self.less(left + 1, left) { left + 1 } else { left };
            if !self.less(least, at) {
                return;
            }
            self.heap.swap(least, at);
            at = least;
        }
    }
}

/// Whether a merge keeps removals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removals {
    /// Older entries lie below what is merged.
    Kept,
    /// Nothing lies below.
    Dropped,
}

impl Removals {
    /// What a merge of the versions from `from` on does.
    pub fn of_merge_from(from: u64) -> Self {
        if from == 1 { Self::Dropped } else { Self::Kept }
    }
}

/// Merges sources, newest first, in memory.
pub fn merge_in_memory(sources: &[EntrySource], removals: Removals) -> Result<SortedEntries> {
    let entries = sources.iter().map(EntrySource::len).sum();
    let bytes: u64 = sources.iter().map(EntrySource::content_bytes).sum();
    let mut merged = MergedEntries::new(sources, &KeyRange::all(), None)?;
    let mut into = SortedEntries::with_capacity(entries, usize::try_from(bytes).unwrap_or_default());
    while merged.advance()? {
        let value = merged.value();
        if value.is_some() || removals == Removals::Kept {
            into.push(merged.key(), value);
        }
    }
    into.shrink();
    Ok(into)
}
