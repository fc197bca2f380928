//! The directory of a state: names, listing, new files put into place.

use std::fs::{self, File};
use std::io::ErrorKind as Io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, flock};

use super::names::{StateFileKind, StateFileName, StateFiles};
use super::reader::StateFileReader;
use crate::durable::store::Durability;
use crate::error::{Context, Error, ErrorKind, Result};

const KINDS: [StateFileKind; 2] = [StateFileKind::Change, StateFileKind::Run];

/// How many change files are kept to be written anew, and how large each may be.
const SPARES: usize = 32;
const SPARE_BYTES: u64 = 1 << 20;

/// `<dir>/changes/` and `<dir>/runs/`. Files are written once under hidden names
/// (`.<name>.<uuid>.tmp`), and renamed.
///
/// A file system makes and removes a file much more slowly than it writes one anew. So a change
/// file that nothing needs gets a hidden name and becomes the next change file. Whoever reads a
/// state file holds a shared lock on it: one that is being read, here or in another process, is
/// removed and not written to. So is one with other links.
#[derive(Clone, Debug)]
pub struct StateFolder {
    dir: PathBuf,
    durability: Durability,
    /// Files to write anew, locked.
    spares: Arc<SpareFiles>,
}

/// Files to write anew. They go with the last who may write them.
#[derive(Debug, Default)]
struct SpareFiles(Mutex<Vec<SpareFile>>);

#[derive(Debug)]
struct SpareFile {
    path: PathBuf,
    /// Locked, so that nobody reads it.
    file: File,
    size: u64,
}

/// A file under its hidden name. Unless it is published, it goes when this is dropped.
#[derive(Debug)]
pub struct HiddenFile {
    name: StateFileName,
    path: PathBuf,
    /// How large it was before, where it is written anew.
    was: Option<u64>,
    published: bool,
}

impl Drop for HiddenFile {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for SpareFiles {
    fn drop(&mut self) {
        for spare in self.0.get_mut() {
            let _ = fs::remove_file(&spare.path);
        }
    }
}

impl StateFolder {
    pub fn new(dir: impl Into<PathBuf>, durability: Durability) -> Self {
        Self { dir: dir.into(), durability, spares: Arc::default() }
    }

    pub fn durability(&self) -> Durability {
        self.durability
    }

    fn folder(&self, kind: StateFileKind) -> PathBuf {
        self.dir.join(kind.folder())
    }

    pub fn path(&self, name: StateFileName) -> PathBuf {
        self.folder(name.kind).join(name.file_name())
    }

    /// The files that are there and the bytes of each.
    pub fn list(&self) -> Result<StateFiles> {
        let mut files = StateFiles::new();
        for kind in KINDS {
            each_name(&self.folder(kind), |entry, name| {
                if let Some(file) = StateFileName::parse(kind, name) {
                    // A file may go while its directory is listed.
                    match entry.metadata() {
                        Err(error) if error.kind() == Io::NotFound => {}
                        metadata => drop(files.insert(file, metadata?.len())),
                    }
                }
                Ok(())
            })?;
        }
        Ok(files)
    }

    /// Makes the directories, and removes what a crash left under hidden names.
    pub fn prepare(&self) -> Result<()> {
        self.spares.0.lock().clear();
        for kind in KINDS {
            let folder = self.folder(kind);
            self.durability.create_dir(&folder)?;
            each_name(&folder, |entry, name| {
                let hidden = name.starts_with('.') && name.ends_with(".tmp");
                if hidden { fs::remove_file(entry.path()) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// Opens a file that must be there.
    pub fn open(&self, name: StateFileName, query: Option<&str>) -> Result<StateFileReader> {
        let found = StateFileReader::open(&self.path(name), name, query)?;
        found.ok_or_else(|| missing(&self.path(name)))
    }

    fn hidden_path(&self, name: StateFileName) -> PathBuf {
        self.folder(name.kind).join(format!(".{}.{}.tmp", name.file_name(), uuid::Uuid::new_v4()))
    }

    /// Begins a file under a hidden name. It may have old content, which
    /// [`StateFolder::publish`] cuts off.
    pub fn create(&self, name: StateFileName) -> Result<(HiddenFile, File)> {
        if name.kind == StateFileKind::Change
            && let Some(SpareFile { path, file, size }) = self.spares.0.lock().pop()
        {
            return Ok((HiddenFile { name, path, was: Some(size), published: false }, file));
        }
        let path = self.hidden_path(name);
        let file = File::options().read(true).write(true).create_new(true).open(&path);
        let file = file.context(|| format!("creating {}", path.display()))?;
        Ok((HiddenFile { name, path, was: None, published: false }, file))
    }

    /// Gives a file of `size` bytes its name, in place of one that has it, and makes both durable.
    pub fn publish(&self, mut hidden: HiddenFile, file: &File, size: u64) -> Result<()> {
        let path = self.path(hidden.name);
        let writing = || format!("writing {}", path.display());
        if let Some(was) = hidden.was {
            // Not cut to nothing before it was written: ext4 takes that for a file being replaced,
            // and writes it to the disk when it is closed.
            if was > size {
                file.set_len(size).context(writing)?;
            }
            // From now on it is read.
            let _ = flock(file, FlockOperation::NonBlockingLockShared);
        }
        self.durability.sync(file).context(writing)?;
        fs::rename(&hidden.path, &path).context(writing)?;
        hidden.published = true;
        self.durability.sync_dir(&self.folder(hidden.name.kind))
    }

    /// Removes files and makes that durable.
    pub fn remove(&self, names: &[StateFileName]) -> Result<()> {
        for name in names {
            let path = self.path(*name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == Io::NotFound => {}
                removed => removed.context(|| format!("removing {}", path.display()))?,
            }
        }
        for kind in KINDS {
            if names.iter().any(|name| name.kind == kind) {
                self.durability.sync_dir(&self.folder(kind))?;
            }
        }
        Ok(())
    }

    /// Removes a file that nothing needs, or keeps it to be written anew. One that comes back after
    /// a power cut does no harm.
    pub fn forget(&self, name: StateFileName, size: u64) {
        let path = self.path(name);
        if name.kind == StateFileKind::Change && size <= SPARE_BYTES && self.spares.0.lock().len() < SPARES {
            let hidden = self.hidden_path(name);
            // Renamed before it is locked: whoever finds it locked looks for its name again.
            if fs::rename(&path, &hidden).is_ok() {
                match spare(&hidden) {
                    Ok(Some(file)) => self.spares.0.lock().push(SpareFile { path: hidden, file, size }),
                    _ => drop(fs::remove_file(&hidden)),
                }
                return;
            }
        }
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != Io::NotFound
        {
            log::warn!("cannot remove {}, which is not needed any more: {error}", path.display());
        }
    }
}

/// Opens and locks a file to write it anew, unless it is read or has other links.
fn spare(path: &Path) -> std::io::Result<Option<File>> {
    let file = File::options().read(true).write(true).open(path)?;
    let locked = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    Ok((locked && file.metadata()?.nlink() == 1).then_some(file))
}

/// The error of a state file that is needed and not there.
pub fn missing(path: &Path) -> Error {
    Error::new(ErrorKind::Checkpoint, format!("the state file {} is missing", path.display()))
}

/// Calls `each` with the names in a directory; there are none when it does not exist.
fn each_name(dir: &Path, mut each: impl FnMut(&fs::DirEntry, &str) -> std::io::Result<()>) -> Result<()> {
    let listing = || format!("listing {}", dir.display());
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == Io::NotFound => return Ok(()),
        entries => entries.context(listing)?,
    };
    for entry in entries {
        let entry = entry.context(listing)?;
        if let Some(name) = entry.file_name().to_str() {
            each(&entry, name).context(listing)?;
        }
    }
    Ok(())
}
