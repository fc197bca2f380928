//! Old versions, read from files without the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::cache::BlockCache;
use super::chain::{ChainFile, check_link, open_chain};
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

/// What a version says of itself.
#[derive(Clone, Debug)]
pub struct VersionAbout {
    /// The files that it needs, and their bytes.
    pub files: usize,
    pub bytes: u64,
    /// What its newest change was written with.
    pub summary: Value,
}

impl StateStore {
    /// Opens a version from its files, while its query may run in this or another process. `query` is
    /// the id that the files must have, where it is known.
    pub fn history(dir: &Path, query: Option<&str>, version: Version) -> Result<StateView> {
        let chain = settled_chain(dir, query, version)?;
        let sources = chain.into_iter().rev().filter_map(|file| file.reader).map(EntrySource::File);
        Ok(StateView::new(version, sources.collect(), &Arc::new(BlockCache::new(CACHE))))
    }

    /// What the files of a version say of it. Like [`StateStore::history`], while its query may run.
    pub fn about(dir: &Path, query: Option<&str>, version: Version) -> Result<VersionAbout> {
        let chain = settled_chain(dir, query, version)?;
        let newest = chain.last().and_then(|file| file.reader.as_ref());
        Ok(VersionAbout {
            files: chain.len(),
            bytes: chain.iter().map(|file| file.size).sum(),
            summary: newest.map_or(Value::Null, |reader| reader.meta.summary.clone()),
        })
    }

    /// The versions that can be read, ascending. Version 0 always can.
    pub fn versions(dir: &Path) -> Result<Vec<Version>> {
        let files = StateFolder::new(dir, Durability::Buffered).list()?;
        let newest = files.keys().map(|name| name.to).max().unwrap_or(0);
        Ok((0..=newest).map(Version).filter(|version| retention::chain(&files, *version).is_ok()).collect())
    }

    /// Verifies the files of one version, all of their content, and that the file after them is of the
    /// same history.
    pub fn verify_version(dir: &Path, query: &str, version: Version) -> Result<()> {
        let folder = StateFolder::new(dir, Durability::Buffered);
        let files = folder.list()?;
        let chain = open_chain(&folder, &files, Some(query), version)?;
        for file in &chain {
            verify_file(folder.open(file.name, Some(query))?, file.name)?;
        }
        // A file that cannot be opened says nothing of those before it.
        let after = files.keys().find(|name| name.from == version.0 + 1);
        match after.map(|name| folder.open(*name, Some(query))) {
            Some(Ok(after)) => check_link(&folder, chain.last(), &after),
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Removes the files that hold a version after `version`, which must be one that can be read.
    /// Call it while nobody writes the state. May be repeated.
    pub fn go_back(dir: &Path, version: Version, durability: Durability) -> Result<()> {
        let folder = StateFolder::new(dir, durability);
        let later: Vec<_> = folder.list()?.into_keys().filter(|name| name.to > version.0).collect();
        folder.remove(&later)
    }

    /// How many files there are, and their bytes.
    pub fn size(dir: &Path) -> Result<(usize, u64)> {
        let files = StateFolder::new(dir, Durability::Buffered).list()?;
        Ok((files.len(), files.values().sum()))
    }

    /// Reads every file whole, and gives what is wrong. Call it while nobody writes the state.
    pub fn verify(dir: &Path, query: Option<&str>) -> Result<Vec<StateDamage>> {
        let folder = StateFolder::new(dir, Durability::Buffered);
        let files = folder.list()?;
        let chains = Self::versions(dir)?.into_iter().filter_map(|version| {
            let chain = retention::chain(&files, version).ok()?;
            Some((version, chain))
        });
        let chains: Vec<_> = chains.collect();
        let mut wrong: Vec<StateDamage> = Vec::new();
        for name in files.keys() {
            let checked = folder.open(*name, query).and_then(|reader| verify_file(reader, *name));
            let needing = chains.iter().filter(|(_, chain)| chain.contains(name)).map(|(version, _)| *version);
            let found = |error| StateDamage { file: folder.path(*name), versions: needing.collect(), error };
            wrong.extend(checked.err().map(found));
        }
        for (version, chain) in &chains {
            // What is wrong with one file is known.
            let Some(newest) = chain.last().filter(|_| wrong.iter().all(|known| !known.versions.contains(version)))
            else {
                continue;
            };
            let Err(error) = open_chain(&folder, &files, query, *version) else { continue };
            match wrong.iter_mut().find(|known| known.error.message() == error.message()) {
                Some(known) => known.versions.push(*version),
                None => {
                    // Which of the two is the wrong one is not known.
                    let before = chain.len().checked_sub(2).and_then(|before| chain.get(before));
                    let suspect =
                        chains.iter().filter(|(_, chain)| before.is_some_and(|before| chain.contains(before)));
                    let mut versions: Vec<_> = suspect.map(|(version, _)| *version).chain([*version]).collect();
                    versions.sort_unstable();
                    versions.dedup();
                    wrong.push(StateDamage { file: folder.path(*newest), versions, error });
                }
            }
        }
        Ok(wrong)
    }
}

/// What is wrong with a file of the state.
#[derive(Clone, Debug)]
pub struct StateDamage {
    pub file: PathBuf,
    /// The versions that need it, ascending.
    pub versions: Vec<Version>,
    pub error: Error,
}

/// The files of a version, opened. Whoever writes the state may have merged files after we listed
/// them.
fn settled_chain(dir: &Path, query: Option<&str>, version: Version) -> Result<Vec<ChainFile>> {
    let folder = StateFolder::new(dir, Durability::Buffered);
    let mut files = folder.list()?;
    loop {
        let failed = match open_chain(&folder, &files, query, version) {
            Ok(chain) => return Ok(chain),
            Err(error) => error,
        };
        let again = folder.list()?;
        if again == files {
            return Err(failed);
        }
        files = again;
    }
}

/// Checks a file's digest, each block, the order of its keys and what its meta says of them.
fn verify_file(reader: StateFileReader, name: StateFileName) -> Result<()> {
    reader.check_digest()?;
    let reader = Arc::new(reader);
    let mut cursor = EntryCursor::open(&EntrySource::File(Arc::clone(&reader)), &KeyRange::all(), None, &mut 0)?;
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
