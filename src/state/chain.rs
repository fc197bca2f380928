//! The files of one version, opened, each checked to follow the one before.

use std::path::Path;
use std::sync::Arc;

use super::folder::{StateFolder, missing};
use super::format::StateDigest;
use super::names::{StateFileName, StateFiles, Version};
use super::reader::StateFileReader;
use super::retention;
use crate::error::{Context, Error, ErrorKind, Result};

/// One file of the chain that makes up a version.
#[derive(Clone, Debug)]
pub struct ChainFile {
    pub name: StateFileName,
    pub size: u64,
    /// The digest of its newest change: the next file names it.
    pub newest: StateDigest,
    /// Open where reads need it.
    pub reader: Option<Arc<StateFileReader>>,
}

impl ChainFile {
    pub fn of(reader: StateFileReader) -> Self {
        let (name, size, newest) = (reader.meta.name(), reader.size(), reader.newest());
        Self { name, size, newest, reader: Some(Arc::new(reader)) }
    }

    /// Its reader, opened anew where none is held.
    pub fn open(&self, folder: &StateFolder, query: &str) -> Result<Arc<StateFileReader>> {
        match &self.reader {
            Some(reader) => Ok(Arc::clone(reader)),
            None => folder.open(self.name, Some(query)).map(Arc::new),
        }
    }
}

/// Opens the files of a version and checks that each follows the one before.
pub fn open_chain(
    folder: &StateFolder,
    files: &StateFiles,
    query: Option<&str>,
    version: Version,
) -> Result<Vec<ChainFile>> {
    let needs = || format!("opening version {version} of the state");
    let names = retention::chain(files, version).map_err(|name| missing(&folder.path(name)).context(needs()))?;
    let mut chain: Vec<ChainFile> = Vec::with_capacity(names.len());
    let mut owner = query.map(str::to_owned);
    for name in names {
        let reader = folder.open(name, owner.as_deref()).context(needs)?;
        check_link(folder, chain.last(), &reader).context(needs)?;
        owner.get_or_insert_with(|| reader.meta.query.clone());
        chain.push(ChainFile::of(reader));
    }
    Ok(chain)
}

/// Checks that a file follows the one before it.
pub fn check_link(folder: &StateFolder, before: Option<&ChainFile>, file: &StateFileReader) -> Result<()> {
    let expected = before.map_or(StateDigest::default(), |before| before.newest);
    let found = file.meta.previous;
    if found == expected {
        return Ok(());
    }
    let (label, path) = (file.label(), before.map(|before| folder.path(before.name)));
    let message = match path.as_deref().map(Path::display) {
        Some(path) => format!(
            "the state file {label} does not follow {path}: it follows a change with the digest {found}, and that one \
             has {expected}; one of the two is from another history (a backup restored, or a checkpoint copied over \
             another)"
        ),
        None => format!(
            "the state file {label} is the first and follows a change with the digest {found}: it is from another \
             history (a backup restored, or a checkpoint copied over another)"
        ),
    };
    Err(Error::new(ErrorKind::Checkpoint, message))
}
