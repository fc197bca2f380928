//! One version of the state, as it is read.

use std::sync::Arc;

use super::cache::BlockCache;
use super::cursor::EntrySource;
use super::found::StateValues;
use super::keys::SortedKeys;
use super::lookup::look_up;
use super::merge::MergedEntries;
use super::names::Version;
use super::range::KeyRange;
use crate::error::{Error, Result};

/// The state at one version. It holds what it reads: neither a merge nor the removal of files
/// changes or ends it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StateView(Arc<ViewedVersion>);

#[derive(Debug)]
struct ViewedVersion {
    version: Version,
    /// Newest first.
    sources: Vec<EntrySource>,
    cache: Arc<BlockCache>,
}

impl StateView {
    pub(super) fn new(version: Version, sources: Vec<EntrySource>, cache: &Arc<BlockCache>) -> Self {
        Self(Arc::new(ViewedVersion { version, sources, cache: Arc::clone(cache) }))
    }

    /// A state of nothing.
    pub fn empty() -> Self {
        Self::new(Version(0), Vec::new(), &Arc::new(BlockCache::new(0)))
    }

    pub fn version(&self) -> Version {
        self.0.version
    }

    /// Looks up keys, each once and ascending. `found` has the values in their order.
    pub fn get_many(&self, keys: &SortedKeys, found: &mut StateValues) -> Result<()> {
        found.begin(keys)?;
        self.look_up_pending(keys, found)
    }

    /// Goes on with a look-up that something newer began.
    pub(super) fn look_up_pending(&self, keys: &SortedKeys, found: &mut StateValues) -> Result<()> {
        self.0.sources.iter().try_for_each(|source| look_up(source, keys, found, &self.0.cache))
    }

    /// Looks up one key. [`StateView::get_many`] is much quicker for several.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let (keys, mut found) = (SortedKeys::from_iter([key]), StateValues::default());
        self.get_many(&keys, &mut found)?;
        Ok(found.value(0).map(<[u8]>::to_vec))
    }

    /// The keys and values in a range, ascending.
    pub fn scan(&self, range: &KeyRange) -> Result<StateScan> {
        self.scan_below(&[], range)
    }

    /// A scan that sees newer entries, newest first.
    pub(super) fn scan_below(&self, newer: &[EntrySource], range: &KeyRange) -> Result<StateScan> {
        let sources = newer.iter().chain(&self.0.sources);
        Ok(StateScan { merged: MergedEntries::new(sources, range, Some(&self.0.cache))?, rest: None })
    }

    /// The keys and values in several ranges, which ascend: quicker than one scan for each.
    pub fn scan_each(&self, ranges: impl IntoIterator<Item = KeyRange>) -> Result<StateScan> {
        self.scan_each_below(Vec::new(), ranges.into_iter().collect())
    }

    /// A scan of several ranges that sees newer entries, newest first.
    pub(super) fn scan_each_below(&self, newer: Vec<EntrySource>, ranges: Vec<KeyRange>) -> Result<StateScan> {
        let sources: Vec<_> = newer.into_iter().chain(self.0.sources.iter().cloned()).collect();
        let (places, cache) = (vec![0; sources.len()], Arc::clone(&self.0.cache));
        let ranges = ranges.into_iter();
        let rest = Some(Box::new(RangesLeft { ranges, sources, places, before: KeyRange::default(), cache }));
        Ok(StateScan { merged: MergedEntries::new([], &KeyRange::all(), None)?, rest })
    }

    pub(super) fn cache(&self) -> &Arc<BlockCache> {
        &self.0.cache
    }
}

/// Keys and values, ascending. It sees the state as it was when it began.
#[derive(Debug)]
pub struct StateScan {
    merged: MergedEntries,
    rest: Option<Box<RangesLeft>>,
}

/// Ranges that a scan comes to yet.
#[derive(Debug)]
struct RangesLeft {
    ranges: std::vec::IntoIter<KeyRange>,
    sources: Vec<EntrySource>,
    /// The range before, and of each source where it ended.
    before: KeyRange,
    places: Vec<usize>,
    cache: Arc<BlockCache>,
}

impl RangesLeft {
    fn enter(&mut self, range: KeyRange, merged: &mut MergedEntries) -> Result<()> {
        if self.before.to.as_ref().is_none_or(|end| *end > range.from) {
            self.places.fill(0);
        }
        merged.enter(&self.sources, &mut self.places, &range, &self.cache)?;
        self.before = range;
        Ok(())
    }
}

impl StateScan {
    /// Goes on with a range, whatever is left of those before. It is quickest for one behind them. The
    /// scan was made by `scan_each`.
    pub fn enter(&mut self, range: KeyRange) -> Result<()> {
        let rest = self.rest.as_mut().ok_or_else(|| Error::internal("a scan of one range that enters another"))?;
        rest.enter(range, &mut self.merged)
    }

    /// The next key and value, valid until the next call; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        loop {
            if !self.merged.advance()? {
                let Some(rest) = &mut self.rest else { return Ok(None) };
                let Some(range) = rest.ranges.next() else { return Ok(None) };
                rest.enter(range, &mut self.merged)?;
            } else if self.merged.value().is_some() {
                break;
            }
        }
        Ok(self.merged.value().map(|value| (self.merged.key(), value)))
    }
}
