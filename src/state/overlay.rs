//! What one lane of one pass has changed so far, over a view.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use super::block::Compression;
use super::cursor::EntrySource;
use super::entries::{MAX_ENTRY, SortedEntries, too_large};
use super::format::StateDigest;
use super::found::StateValues;
use super::keys::SortedKeys;
use super::levels;
use super::lookup::look_up;
use super::merge::{MergedEntries, Removals, merge_in_memory};
use super::range::KeyRange;
use super::reader::StateFileReader;
use super::view::{StateScan, StateView};
use super::writer::{StateFileFacts, StateFileWriter};
use crate::error::{Context, Result};

/// How large the tree of single puts grows before it is frozen.
const OPEN_BYTES: usize = 1 << 20;
/// What a node of that tree takes beside key and value.
const NODE_BYTES: usize = 96;
/// Layers above this size are not merged before the change file is written.
const MERGED_BYTES: usize = 8 << 20;

/// A sorted run that an overlay wrote to free memory. Its file has no name: it is gone when
/// nobody reads it.
#[derive(Clone, Debug)]
pub struct SpilledRun(pub(super) Arc<StateFileReader>);

/// Some of a batch's changes.
#[derive(Debug)]
pub enum ChangePart {
    Memory(SortedEntries),
    Spilled(SpilledRun),
}

impl ChangePart {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(entries) => entries.len(),
            Self::Spilled(run) => run.0.meta.entries as usize,
        }
    }
}

/// The changes of one lane of one pass, over a view. Reads see them. Values are absolute: a put
/// replaces what was there.
///
/// Above its budget it sorts what it holds and spills it as a run.
#[derive(Debug)]
pub struct StateOverlay {
    view: StateView,
    budget: usize,
    spill_dir: PathBuf,
    /// Single puts and removals, the newest of all.
    open: BTreeMap<Box<[u8]>, Option<Box<[u8]>>>,
    open_bytes: usize,
    /// Oldest first, all older than `open`.
    layers: Vec<Arc<SortedEntries>>,
    /// Oldest first, all older than the layers.
    spilled: Vec<Arc<StateFileReader>>,
}

impl StateOverlay {
    /// `budget` is the memory that the changes may take. `spill_dir` exists.
    pub fn new(view: StateView, budget: usize, spill_dir: impl Into<PathBuf>) -> Self {
        let (spill_dir, open) = (spill_dir.into(), BTreeMap::new());
        Self { view, budget, spill_dir, open, open_bytes: 0, layers: Vec::new(), spilled: Vec::new() }
    }

    /// The version that lies below.
    pub fn view(&self) -> &StateView {
        &self.view
    }

    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.change(key, Some(value))
    }

    pub fn remove(&mut self, key: &[u8]) -> Result<()> {
        self.change(key, None)
    }

    fn change(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let len = value.map_or(0, <[u8]>::len);
        if key.len() + len > MAX_ENTRY {
            return Err(too_large(key.len() + len));
        }
        match self.open.get_mut(key) {
            Some(there) => {
                self.open_bytes -= there.as_ref().map_or(0, |value| value.len());
                *there = value.map(Into::into);
            }
            None => {
                self.open_bytes += key.len() + NODE_BYTES;
                self.open.insert(key.into(), value.map(Into::into));
            }
        }
        self.open_bytes += len;
        if self.open_bytes > OPEN_BYTES.min(self.budget) {
            self.freeze_open();
            self.settle()?;
        }
        Ok(())
    }

    /// Changes many keys at once: the quick way.
    pub fn put_sorted(&mut self, entries: SortedEntries) -> Result<()> {
        entries.check()?;
        if entries.is_empty() {
            return Ok(());
        }
        self.freeze_open();
        self.push_layer(entries);
        self.settle()
    }

    fn freeze_open(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let mut frozen = SortedEntries::with_capacity(self.open.len(), self.open_bytes);
        self.open.iter().for_each(|(key, value)| frozen.push(key, value.as_deref()));
        frozen.shrink();
        self.open.clear();
        self.open_bytes = 0;
        self.push_layer(frozen);
    }

    /// Adds a layer. A small one whose keys follow those of the layer below goes into that.
    fn push_layer(&mut self, entries: SortedEntries) {
        if entries.bytes() <= MERGED_BYTES
            && let Some(last) = self.layers.last_mut().and_then(Arc::get_mut)
            && !last.is_empty()
            && last.key(last.len() - 1) < entries.key(0)
        {
            entries.iter().for_each(|(key, value)| last.push(key, value));
            return;
        }
        self.layers.push(Arc::new(entries));
    }

    /// Keeps the layers few and below the budget.
    fn settle(&mut self) -> Result<()> {
        let unspilled: usize = self.layers.iter().map(|layer| layer.bytes()).sum();
        if unspilled > self.budget {
            return self.spill();
        }
        let small = self.layers.iter().rev().take_while(|layer| layer.bytes() <= MERGED_BYTES).count();
        let first = self.layers.len() - small;
        let sizes: Vec<u64> = self.layers[first..].iter().map(|layer| layer.bytes() as u64).collect();
        if let Some(range) = levels::next_layer_merge(&sizes) {
            let range = first + range.start..first + range.end;
            let newest_first: Vec<_> = self.layers[range.clone()].iter().rev().map(memory_source).collect();
            let merged = merge_in_memory(&newest_first, Removals::Kept)?;
            self.layers.splice(range, [Arc::new(merged)]);
        }
        Ok(())
    }

    /// The memory that the changes take.
    pub fn bytes(&self) -> usize {
        let layers: usize = self.layers.iter().map(|layer| layer.bytes()).sum();
        let spilled: usize = self.spilled.iter().map(|run| run.bytes()).sum();
        self.open_bytes + layers + spilled
    }

    /// Puts together what was changed, before many scans: each of them looks into every layer.
    pub fn gather(&mut self) -> Result<()> {
        self.freeze_open();
        if self.spilled.len() > 1 {
            let all: Vec<_> = self.frozen().collect();
            self.spilled.clear();
            return self.write_run(&all);
        }
        let unspilled: usize = self.layers.iter().map(|layer| layer.bytes()).sum();
        if self.layers.len() > 1 && unspilled > self.budget / 2 {
            return self.spill();
        }
        if self.layers.len() > 1 {
            let newest_first: Vec<_> = self.layers.iter().rev().map(memory_source).collect();
            self.layers = vec![Arc::new(merge_in_memory(&newest_first, Removals::Kept)?)];
        }
        Ok(())
    }

    /// Writes what is in memory as one run.
    fn spill(&mut self) -> Result<()> {
        self.freeze_open();
        let sources: Vec<_> = self.layers.iter().rev().map(memory_source).collect();
        if sources.is_empty() {
            return Ok(());
        }
        self.write_run(&sources)
    }

    /// Writes sources, newest first, as the newest run, in place of the layers.
    fn write_run(&mut self, sources: &[EntrySource]) -> Result<()> {
        let spilling = || format!("spilling changes of the state into {}", self.spill_dir.display());
        let file = tempfile::tempfile_in(&self.spill_dir).context(spilling)?;
        let keys = sources.iter().map(EntrySource::len).sum();
        let mut writer = StateFileWriter::new(file, Compression::None, Some(keys));
        let mut merged = MergedEntries::new(sources, &KeyRange::all(), None)?;
        while merged.advance()? {
            writer.push(merged.key(), merged.value()).context(spilling)?;
        }
        let facts = StateFileFacts {
            query: String::new(),
            from: 1,
            to: 1,
            previous: StateDigest::default(),
            newest: None,
            summary: serde_json::Value::Null,
        };
        let finished = writer.finish(facts).context(spilling)?;
        let label = format!("of changes spilled into {}", self.spill_dir.display());
        let reader = StateFileReader::of(finished.file, label)?;
        self.layers.clear();
        self.spilled.push(Arc::new(reader));
        Ok(())
    }

    /// What was changed, newest first, less the single puts.
    fn frozen(&self) -> impl Iterator<Item = EntrySource> {
        let spilled = self.spilled.iter().rev().map(|run| EntrySource::File(Arc::clone(run)));
        self.layers.iter().rev().map(memory_source).chain(spilled)
    }

    /// Looks up keys, each once and ascending. `found` has the values in their order.
    pub fn get_many(&self, keys: &SortedKeys, found: &mut StateValues) -> Result<()> {
        found.begin(keys)?;
        if !self.open.is_empty() {
            for (index, key) in keys.iter().enumerate() {
                if let Some(value) = self.open.get(key) {
                    #[expect(clippy::cast_possible_truncation, reason = "`begin` has counted the keys")]
                    found.answer(index as u32, value.as_deref());
                }
            }
            found.settle();
        }
        for source in self.frozen() {
            look_up(&source, keys, found, self.view.cache())?;
        }
        self.view.look_up_pending(keys, found)
    }

    /// Looks up one key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        if let Some(value) = self.open.get(key) {
            return Ok(value.as_deref().map(<[u8]>::to_vec));
        }
        let (keys, mut found) = (SortedKeys::from_iter([key]), StateValues::default());
        self.get_many(&keys, &mut found)?;
        Ok(found.value(0).map(<[u8]>::to_vec))
    }

    /// The keys and values in a range, ascending, with what was changed before this call.
    pub fn scan(&self, range: &KeyRange) -> Result<StateScan> {
        self.view.scan_below(&self.changed_in(range), range)
    }

    /// [`StateOverlay::scan`] of several ranges, which ascend.
    pub fn scan_each(&self, ranges: impl IntoIterator<Item = KeyRange>) -> Result<StateScan> {
        self.view.scan_each_below(self.changed_in(&KeyRange::all()), ranges.into_iter().collect())
    }

    /// What was changed in a range, newest first. Some of it may lie outside.
    fn changed_in(&self, range: &KeyRange) -> Vec<EntrySource> {
        let mut newer = Vec::new();
        if !self.open.is_empty() && !range.is_empty() {
            let to = range.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut open = SortedEntries::default();
            let changed = self.open.range::<[u8], _>((Bound::Included(range.from.as_slice()), to));
            changed.for_each(|(key, value)| open.push(key, value.as_deref()));
            newer.push(EntrySource::Memory(Arc::new(open)));
        }
        newer.extend(self.frozen());
        newer
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.layers.is_empty() && self.spilled.is_empty()
    }

    /// Ends the lane: what it changed, oldest first. A later part wins.
    pub fn finish(mut self) -> Vec<ChangePart> {
        self.freeze_open();
        let spilled = self.spilled.into_iter().map(|run| ChangePart::Spilled(SpilledRun(run)));
        spilled.chain(self.layers.into_iter().map(|layer| ChangePart::Memory(Arc::unwrap_or_clone(layer)))).collect()
    }
}

fn memory_source(layer: &Arc<SortedEntries>) -> EntrySource {
    EntrySource::Memory(Arc::clone(layer))
}
