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
use crate::error::Result;

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
        Ok(StateScan(MergedEntries::new(sources, range, Some(&self.0.cache))?))
    }

    pub(super) fn cache(&self) -> &Arc<BlockCache> {
        &self.0.cache
    }
}

/// Keys and values, ascending. It sees the state as it was when it began.
#[derive(Debug)]
pub struct StateScan(MergedEntries);

impl StateScan {
    /// The next key and value, valid until the next call; `None` at the end.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        loop {
            if !self.0.advance()? {
                return Ok(None);
            }
            if self.0.value().is_some() {
                break;
            }
        }
        Ok(self.0.value().map(|value| (self.0.key(), value)))
    }
}
