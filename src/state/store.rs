//! The store of one run of one query.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::block::Compression;
use super::cache::BlockCache;
use super::chain::{ChainFile, check_link, open_chain};
use super::cursor::EntrySource;
use super::entries::SortedEntries;
use super::folder::{StateFolder, missing};
use super::format::StateDigest;
use super::levels::MergeLimits;
use super::merge::{MergedEntries, Removals, merge_in_memory};
use super::names::{StateFileName, StateFiles, Version};
use super::overlay::ChangePart;
use super::range::KeyRange;
use super::reader::StateFileReader;
use super::upkeep::Upkeep;
use super::view::StateView;
use super::writer::{StateFileFacts, StateFileWriter};
use crate::durable::store::Durability;
use crate::error::{Context, Error, Result};
use crate::runtime::Runtime;
use crate::runtime::crash;

/// How much is read into memory when a store is opened, at most: a restart must not take long.
const LOADED: u64 = 64 << 20;

/// What an entry takes in memory beside its key and value.
const ENTRY_BYTES: u64 = 32;

/// Where large merges run.
#[derive(Clone)]
pub enum Merging {
    /// On the thread that calls the store, to their end.
    Inline,
    /// On a blocking thread, in pieces, at a bounded rate.
    Background(Runtime),
}

/// What a store is opened with.
#[derive(Clone)]
pub struct StateOptions {
    /// `<checkpoint>/firesteel/state`.
    pub dir: PathBuf,
    /// The query's id: a file of another query is refused.
    pub query: String,
    pub durability: Durability,
    /// Bytes for the layers in memory and the cache of blocks together.
    pub memory: usize,
    /// How many versions before the newest stay readable, whatever is forgotten.
    pub retain: u64,
    pub merging: Merging,
}

/// The state of a query, held by the one run that may write it.
pub struct StateStore {
    pub(super) options: StateOptions,
    pub(super) folder: StateFolder,
    pub(super) version: Version,
    /// The files of this history, up to the current version.
    pub(super) files: StateFiles,
    pub(super) chain: Vec<ChainFile>,
    /// Oldest first; together they are the versions from `layers_from` on.
    pub(super) layers: Vec<Arc<SortedEntries>>,
    pub(super) layers_from: u64,
    /// The summary of the newest change.
    pub(super) summary: Value,
    pub(super) upkeep: Upkeep,
    cache: Arc<BlockCache>,
    view: StateView,
    /// Whether the folder is ready to be written.
    prepared: AtomicBool,
}

/// A change file that was written and is not the current version yet.
#[derive(Debug)]
pub struct WrittenChange {
    name: StateFileName,
    size: u64,
    digest: StateDigest,
    previous: StateDigest,
    summary: Value,
    source: EntrySource,
}

/// Figures of a store, for progress and for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateReport {
    pub version: Version,
    /// Layers, cached blocks, and the indexes and filters of open files.
    pub memory_bytes: usize,
    pub layers: usize,
    /// All files kept, and their bytes.
    pub files: usize,
    pub file_bytes: u64,
    /// The files that the current version needs.
    pub current_files: usize,
    pub cache_hits: u64,
    pub cache_misses: u64,
    pub merges: u64,
}

impl StateStore {
    /// Opens the state at `version`. Newer files are left alone and not used; nothing is written.
    pub fn open(options: StateOptions, version: Version) -> Result<Self> {
        Self::open_with(options, version, MergeLimits::default())
    }

    /// [`StateStore::open`] with other limits than a query's.
    pub fn open_with(options: StateOptions, version: Version, limits: MergeLimits) -> Result<Self> {
        let folder = StateFolder::new(&options.dir, options.durability);
        let mut files = folder.list()?;
        files.retain(|name, _| name.to <= version.0);
        let chain = open_chain(&folder, &files, Some(&options.query), version)?;
        let cache = Arc::new(BlockCache::new(options.memory / 2));
        let newest = chain.last().and_then(|file| file.reader.as_ref());
        let mut store = Self {
            folder,
            version,
            files,
            layers: Vec::new(),
            layers_from: version.0 + 1,
            summary: newest.map_or(Value::Null, |reader| reader.meta.summary.clone()),
            upkeep: Upkeep::new(limits, Version(version.0.saturating_sub(options.retain))),
            chain,
            view: StateView::new(version, Vec::new(), &cache),
            cache,
            options,
            prepared: AtomicBool::new(false),
        };
        store.load_newest()?;
        store.refresh_view();
        Ok(store)
    }

    /// Reads the newest files of the chain into one layer, as many as are small together.
    fn load_newest(&mut self) -> Result<()> {
        let (mut bytes, mut first) = (0, self.chain.len());
        for file in self.chain.iter().rev().filter_map(|file| file.reader.as_ref()) {
            bytes += file.meta.bytes + file.meta.entries * ENTRY_BYTES;
            if bytes > LOADED.min(self.layer_bytes() as u64 / 2) {
                break;
            }
            first -= 1;
        }
        let Some(oldest) = self.chain.get(first).map(|file| file.name) else { return Ok(()) };
        let newest_first = self.chain[first..].iter_mut().rev().filter_map(|file| file.reader.take());
        let sources: Vec<_> = newest_first.map(EntrySource::File).collect();
        self.layers = vec![Arc::new(merge_in_memory(&sources, Removals::of_merge_from(oldest.from))?)];
        self.layers_from = oldest.from;
        Ok(())
    }

    /// The bytes for the layers in memory and the cache of blocks together.
    pub fn memory(&self) -> usize {
        self.options.memory
    }

    /// Changes that. Layers that have become too large are written as files in time.
    pub fn set_memory(&mut self, bytes: usize) {
        if bytes != self.options.memory {
            self.options.memory = bytes;
            self.cache.set_capacity(bytes / 2);
        }
    }

    /// The share of the layers in the memory.
    pub(super) fn layer_bytes(&self) -> usize {
        self.options.memory / 2
    }

    /// Whether changes of a size are kept in memory.
    fn is_small(&self, entries: usize, bytes: u64) -> bool {
        bytes + entries as u64 * ENTRY_BYTES <= self.layer_bytes() as u64 / 2
    }

    pub(super) fn refresh_view(&mut self) {
        let layers = self.layers.iter().rev().map(|layer| EntrySource::Memory(Arc::clone(layer)));
        let files = self.chain.iter().rev().filter(|file| file.name.to < self.layers_from);
        let files = files.filter_map(|file| file.reader.clone()).map(EntrySource::File);
        self.view = StateView::new(self.version, layers.chain(files).collect(), &self.cache);
    }

    /// The current version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The current version for reading.
    pub fn view(&self) -> StateView {
        self.view.clone()
    }

    /// The summary that the current version was written with; null at version 0.
    pub fn summary(&self) -> &Value {
        &self.summary
    }

    /// The digest at which the state stands.
    fn digest(&self) -> StateDigest {
        self.chain.last().map_or(StateDigest::default(), |file| file.newest)
    }

    /// The summary of the change file after the current version, which a crash may have left: whole,
    /// and following the current version. `None` when there is none. A damaged one is an error, as
    /// is one that follows another history.
    pub fn found(&self) -> Result<Option<Value>> {
        Ok(self.open_found()?.map(|reader| reader.meta.summary))
    }

    fn open_found(&self) -> Result<Option<StateFileReader>> {
        let name = StateFileName::change(self.version.next());
        let path = self.folder.path(name);
        let Some(reader) = StateFileReader::open(&path, name, Some(&self.options.query))? else { return Ok(None) };
        check_link(&self.folder, self.chain.last(), &reader)?;
        reader.check_digest()?;
        Ok(Some(reader))
    }

    /// Writes the change file of the next version and makes it durable. One that a crash left is
    /// replaced. Views do not see it before [`StateStore::advance`].
    ///
    /// Of several parts with a key the later one wins.
    pub fn write(&self, parts: Vec<ChangePart>, summary: Value) -> Result<WrittenChange> {
        self.prepare()?;
        let name = StateFileName::change(self.version.next());
        let mut sources = Vec::with_capacity(parts.len());
        for part in parts {
            sources.push(match part {
                ChangePart::Memory(entries) => {
                    entries.check()?;
                    EntrySource::Memory(Arc::new(entries))
                }
                ChangePart::Spilled(run) => EntrySource::File(run.0),
            });
        }
        sources.reverse();
        let entries: usize = sources.iter().map(EntrySource::len).sum();
        let bytes: u64 = sources.iter().map(EntrySource::content_bytes).sum();
        let stays = self.is_small(entries, bytes);
        let (hidden, file) = self.folder.create(name)?;
        let path = self.folder.path(name);
        let writing = || format!("writing {}", path.display());
        let mut writer = StateFileWriter::new(file, Compression::None, (!stays).then_some(entries));
        let source = match sources.as_slice() {
            [EntrySource::Memory(only)] => {
                only.iter().try_for_each(|(key, value)| writer.push(key, value)).context(writing)?;
                stays.then(|| EntrySource::Memory(Arc::clone(only)))
            }
            _ => {
                let mut merged = MergedEntries::new(&sources, &KeyRange::all(), None)?;
                let mut kept = if stays {
                    SortedEntries::with_capacity(entries, bytes as usize)
                } else {
                    SortedEntries::default()
                };
                while merged.advance()? {
                    let (key, value) = (merged.key(), merged.value());
                    writer.push(key, value).context(writing)?;
                    if stays {
                        kept.push(key, value);
                    }
                }
                kept.shrink();
                stays.then(|| EntrySource::Memory(Arc::new(kept)))
            }
        };
        let (query, version, previous) = (self.options.query.clone(), name.to, self.digest());
        let facts =
            StateFileFacts { query, from: version, to: version, previous, newest: None, summary: summary.clone() };
        let finished = writer.finish(facts).context(writing)?;
        self.folder.publish(hidden, &finished.file, finished.size)?;
        crash::point("state-written");
        let source = match source {
            Some(source) => source,
            None => EntrySource::File(Arc::new(StateFileReader::of(finished.file, path.display().to_string())?)),
        };
        Ok(WrittenChange { name, size: finished.size, digest: finished.digest, previous, summary, source })
    }

    /// Removes files of another history before the first write: those above the current version,
    /// less the change file that is about to be replaced.
    fn prepare(&self) -> Result<()> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        self.folder.prepare()?;
        let replaced = StateFileName::change(self.version.next());
        let newer = self.folder.list()?.into_keys().filter(|name| name.to > self.version.0 && *name != replaced);
        self.folder.remove(&newer.collect::<Vec<_>>())?;
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    /// Makes a written change the current version. Call it after `commits/N` is there.
    ///
    /// Merges begin here, and what came of those that ended is taken up. An error after that leaves
    /// the new version whole: it says that merges fail and files have become too many.
    pub fn advance(&mut self, change: WrittenChange) -> Result<()> {
        if change.name != StateFileName::change(self.version.next()) || change.previous != self.digest() {
            let message = format!("{} does not follow version {} of the state", change.name, self.version);
            return Err(Error::internal(message));
        }
        self.files.insert(change.name, change.size);
        let mut file = ChainFile { name: change.name, size: change.size, newest: change.digest, reader: None };
        match change.source {
            EntrySource::Memory(entries) => self.layers.push(entries),
            EntrySource::File(reader) => file.reader = Some(reader),
        }
        let is_large = file.reader.is_some();
        self.chain.push(file);
        self.version = self.version.next();
        self.summary = change.summary;
        if is_large {
            self.drop_layers()?;
        }
        self.refresh_view();
        crash::point("state-folded");
        self.keep_up()
    }

    /// Serves everything from files. They hold what the layers hold.
    pub(super) fn drop_layers(&mut self) -> Result<()> {
        self.layers.clear();
        self.upkeep.lose_layers();
        self.layers_from = self.version.0 + 1;
        for file in self.chain.iter_mut().filter(|file| file.reader.is_none()) {
            file.reader = Some(Arc::new(self.folder.open(file.name, Some(&self.options.query))?));
        }
        Ok(())
    }

    /// Makes the change file that a crash left the current version.
    pub fn adopt(&mut self) -> Result<()> {
        let name = StateFileName::change(self.version.next());
        let reader = self.open_found()?.ok_or_else(|| missing(&self.folder.path(name)))?;
        self.prepare()?;
        let (size, digest, previous) = (reader.size(), reader.digest(), reader.meta.previous);
        let summary = reader.meta.summary.clone();
        let source = EntrySource::File(Arc::new(reader));
        let stays = self.is_small(source.len(), source.content_bytes());
        let source = match stays {
            true => EntrySource::Memory(Arc::new(merge_in_memory(&[source], Removals::Kept)?)),
            false => source,
        };
        self.advance(WrittenChange { name, size, digest, previous, summary, source })
    }

    pub fn report(&self) -> StateReport {
        let layers: usize = self.layers.iter().map(|layer| layer.bytes()).sum();
        let open: usize = self.chain.iter().filter_map(|file| file.reader.as_ref()).map(|reader| reader.bytes()).sum();
        let (cache_hits, cache_misses) = self.cache.hits_and_misses();
        StateReport {
            version: self.version,
            memory_bytes: layers + open + self.cache.bytes(),
            layers: self.layers.len(),
            files: self.files.len(),
            file_bytes: self.files.values().sum(),
            current_files: self.chain.len(),
            cache_hits,
            cache_misses,
            merges: self.upkeep.merges(),
        }
    }
}
