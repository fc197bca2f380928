//! Old versions, read from files without the store.

use std::path::Path;
use std::sync::Arc;

use super::cache::BlockCache;
use super::chain::open_chain;
use super::cursor::{EntryCursor, EntrySource};
use super::folder::StateFolder;
use super::names::{StateFileKind, StateFileName, Version};
use super::range::KeyRange;
use super::reader::StateFileReader;
use super::retention;
use super::store::StateStore;
use super::view::StateView;
use crate::durable::store::Durability;
use crate::error::{Error, Result};

/// The memory of the cache of one old version.
const CACHE: usize = 8 << 20;

impl StateStore {
    /// Opens a version from its files, while its query may run in this or another process. `query` is
    /// the id that the files must have, where it is known.
    pub fn history(dir: &Path, query: Option<&str>, version: Version) -> Result<StateView> {
        let folder = StateFolder::new(dir, Durability::Buffered);
        let mut files = folder.list()?;
        loop {
            let failed = match open_chain(&folder, &files, query, version) {
                Ok(chain) => {
                    let sources = chain.into_iter().rev().filter_map(|file| file.reader).map(EntrySource::File);
                    return Ok(StateView::new(version, sources.collect(), &Arc::new(BlockCache::new(CACHE))));
                }
                Err(error) => error,
            };
            // Whoever writes the state may have merged files after we listed them.
            let again = folder.list()?;
            if again == files {
                return Err(failed);
            }
            files = again;
        }
    }

    /// The versions that can be read, ascending. Version 0 always can.
    pub fn versions(dir: &Path) -> Result<Vec<Version>> {
        let files = StateFolder::new(dir, Durability::Buffered).list()?;
        let newest = files.keys().map(|name| name.to).max().unwrap_or(0);
        Ok((0..=newest).map(Version).filter(|version| retention::chain(&files, *version).is_ok()).collect())
    }

    /// Reads every file whole, and gives what is wrong. Call it while nobody writes the state.
    pub fn verify(dir: &Path, query: Option<&str>) -> Result<Vec<Error>> {
        let folder = StateFolder::new(dir, Durability::Buffered);
        let files = folder.list()?;
        let mut wrong: Vec<Error> = Vec::new();
        for name in files.keys() {
            wrong.extend(folder.open(*name, query).and_then(|reader| verify_file(reader, *name)).err());
        }
        for version in Self::versions(dir)? {
            if let Err(error) = open_chain(&folder, &files, query, version)
                && !wrong.iter().any(|known| known.message() == error.message())
            {
                wrong.push(error);
            }
        }
        Ok(wrong)
    }
}

/// Checks a file's digest, each block, the order of its keys and what its meta says of them.
fn verify_file(reader: StateFileReader, name: StateFileName) -> Result<()> {
    reader.check_digest()?;
    let reader = Arc::new(reader);
    let mut cursor = EntryCursor::open(&EntrySource::File(Arc::clone(&reader)), &KeyRange::all(), None)?;
    let (mut last, mut entries, mut removals) = (None::<Vec<u8>>, 0, 0);
    while let Some(on) = &mut cursor {
        if last.as_deref().is_some_and(|last| last >= on.key()) {
            return Err(reader.damaged("its keys do not ascend"));
        }
        let key = last.get_or_insert_default();
        key.clear();
        key.extend_from_slice(on.key());
        entries += 1;
        removals += u64::from(on.value().is_none());
        if !on.advance()? {
            cursor = None;
        }
    }
    let meta = &reader.meta;
    if (entries, removals) != (meta.entries, meta.removals) {
        let (said, of) = (meta.entries, meta.removals);
        let what = format!("it has {entries} entries, {removals} of them removals; its meta says {said} and {of}");
        return Err(reader.damaged(what));
    }
    if name.kind == StateFileKind::Run && name.is_first() && removals > 0 {
        return Err(reader.damaged("it is a base and holds removals"));
    }
    Ok(())
}
