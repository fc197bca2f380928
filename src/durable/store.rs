//! Put-if-absent files: the one primitive that every log is built on.
//!
//! A file is written under a temporary name that readers ignore (`.<name>.<uuid>.tmp`), synced when
//! the store is durable, and renamed to its name, which fails when the name exists. The directory
//! is synced last. A stale Hadoop checksum `.<name>.crc` goes with it.

use std::fs::{self, File};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::config::Conf;
use crate::error::{Context, Error, Result};

/// Whether a write survives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// fsync of the file and of its directory.
    Synced,
    /// What the operating system does by itself; a crash of the process loses nothing.
    Buffered,
}

impl Durability {
    /// What `firesteel.checkpoint.fsync` asks for.
    pub fn of(conf: &Conf) -> Result<Self> {
        Ok(if conf.flag("firesteel.checkpoint.fsync")? { Self::Synced } else { Self::Buffered })
    }

    /// Syncs a file's content.
    pub fn sync(self, file: &File) -> Result<()> {
        match self {
            Self::Synced => Ok(file.sync_data()?),
            Self::Buffered => Ok(()),
        }
    }

    /// Makes a directory and what is missing above it.
    pub fn create_dir(self, dir: &Path) -> Result<()> {
        let holders = holders_of_new(dir);
        fs::create_dir_all(dir).context(|| format!("creating the directory {}", dir.display()))?;
        holders.iter().try_for_each(|holder| self.sync_dir(holder))
    }

    /// Syncs a directory: names given or taken in it.
    pub fn sync_dir(self, dir: &Path) -> Result<()> {
        match self {
            Self::Synced => {
                File::open(dir).and_then(|dir| dir.sync_all()).context(|| format!("syncing {}", dir.display()))
            }
            Self::Buffered => Ok(()),
        }
    }
}

/// The directories that get a new name when `dir` is made, the lowest first: they must be synced,
/// or a power cut takes `dir`.
pub fn holders_of_new(dir: &Path) -> Vec<PathBuf> {
    let mut holders = Vec::new();
    let mut missing = dir;
    while !missing.exists()
        && let Some(holder) = missing.parent()
    {
        holders.push(if holder.as_os_str().is_empty() { PathBuf::from(".") } else { holder.to_owned() });
        missing = holder;
    }
    holders
}

/// What a put-if-absent found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Written,
    /// Somebody else's file is there; it was not touched.
    Exists,
}

/// A directory of files that are written once.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    durability: Durability,
}

impl Store {
    /// Creates the directory where it is missing.
    pub fn open(dir: impl Into<PathBuf>, durability: Durability) -> Result<Self> {
        let dir = dir.into();
        durability.create_dir(&dir)?;
        Ok(Self { dir, durability })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes `name` unless it exists.
    pub fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put> {
        self.put(name, bytes, |from| File::create_new(from))
    }

    /// [`Store::put_if_absent`] into the file of `old`, which is due to be removed: a file system
    /// makes and removes files much more slowly than it writes one anew. A file with other links (a
    /// copy of the checkpoint, perhaps) is removed and not written to.
    pub fn put_reusing(&self, old: &str, name: &str, bytes: &[u8]) -> Result<Put> {
        remove_checksum(&self.dir, old).context(|| format!("removing the checksum of {old}"))?;
        self.put(name, bytes, |from| {
            if fs::rename(self.dir.join(old), from).is_ok() {
                let file = File::options().write(true).open(from)?;
                let about = rustix::fs::fstat(&file)?;
                if about.st_nlink == 1 {
                    // Not cut to nothing: ext4 takes that for a file being replaced, and writes it
                    // to the disk when it is closed.
                    let len = bytes.len() as u64;
                    if u64::try_from(about.st_size).is_ok_and(|size| size > len) {
                        file.set_len(len)?;
                    }
                    return Ok(file);
                }
                fs::remove_file(from)?;
            }
            File::create_new(from)
        })
    }

    fn put(&self, name: &str, bytes: &[u8], make: impl FnOnce(&Path) -> std::io::Result<File>) -> Result<Put> {
        self.publish(name, bytes, make, |from, to| match rename_if_absent(from, to) {
            Ok(()) => Ok(Put::Written),
            Err(error) if error.kind() == Io::AlreadyExists => {
                let _ = fs::remove_file(from);
                Ok(Put::Exists)
            }
            Err(error) => Err(error),
        })
    }

    /// Writes `name`, replacing what is there in one step.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let make = |from: &Path| File::create_new(from);
        self.publish(name, bytes, make, |from, to| fs::rename(from, to).map(|()| Put::Written)).map(|_| ())
    }

    fn publish(
        &self,
        name: &str,
        bytes: &[u8],
        make: impl FnOnce(&Path) -> std::io::Result<File>,
        place: impl FnOnce(&Path, &Path) -> std::io::Result<Put>,
    ) -> Result<Put> {
        let (from, to) = (self.dir.join(format!(".{name}.{}.tmp", uuid::Uuid::new_v4())), self.dir.join(name));
        let written = (|| -> std::io::Result<Put> {
            let mut file = make(&from)?;
            file.write_all(bytes)?;
            if self.durability == Durability::Synced {
                file.sync_data()?;
            }
            let put = place(&from, &to)?;
            if put == Put::Written {
                remove_checksum(&self.dir, name)?;
                if self.durability == Durability::Synced {
                    File::open(&self.dir)?.sync_all()?;
                }
            }
            Ok(put)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&from);
        }
        written.context(|| format!("writing {}", to.display()))
    }

    /// The text of a file, or `None` when it is not there.
    pub fn get(&self, name: &str) -> Result<Option<String>> {
        text_at(&self.dir.join(name))
    }

    /// Whether a file is there.
    pub fn contains(&self, name: &str) -> Result<bool> {
        let path = self.dir.join(name);
        path.try_exists().context(|| format!("looking for {}", path.display()))
    }

    /// When a file was last written, in milliseconds since the epoch; `None` when it is not there.
    pub fn modified_ms(&self, name: &str) -> Result<Option<i64>> {
        let path = self.dir.join(name);
        match fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            Ok(time) => {
                let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Ok(Some(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
            }
            Err(error) if error.kind() == Io::NotFound => Ok(None),
            Err(error) => Err(error).context(|| format!("reading {}", path.display())),
        }
    }

    /// Removes a file and its checksum; nothing when it is not there.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.dir.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != Io::NotFound => Err(error).context(|| format!("removing {}", path.display())),
            _ => remove_checksum(&self.dir, name).context(|| format!("removing the checksum of {}", path.display())),
        }
    }

    /// Names that are not hidden, in no order.
    pub fn list(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir).context(|| format!("listing {}", self.dir.display()))? {
            let name = entry.context(|| format!("listing {}", self.dir.display()))?.file_name();
            if let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

/// The text of a file, or `None` when it is not there.
pub fn text_at(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Error::new(crate::error::ErrorKind::Checkpoint, format!("{} is not text", path.display()))),
        Err(error) if error.kind() == Io::NotFound => Ok(None),
        Err(error) => Err(error).context(|| format!("reading {}", path.display())),
    }
}

/// Renames a file unless the new name is taken. A file system without such a rename (some network
/// ones) links the new name and removes the old one.
fn rename_if_absent(from: &Path, to: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        renamed => Ok(renamed?),
    }
}

/// Hadoop keeps a checksum beside each file; one that outlives its file makes Spark refuse the new
/// one.
fn remove_checksum(dir: &Path, name: &str) -> std::io::Result<()> {
    match fs::remove_file(dir.join(format!(".{name}.crc"))) {
        Err(error) if error.kind() != Io::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Durability, holders_of_new};

    #[test]
    fn every_directory_that_gets_a_new_name_is_synced() {
        let dir = tempfile::tempdir().unwrap();
        let (out, year) = (dir.path(), dir.path().join("year=2024"));
        let month = year.join("month=1");
        assert_eq!(holders_of_new(&month), [year.as_path(), out]);
        Durability::Synced.create_dir(&month).unwrap();
        assert!(month.is_dir());
        assert_eq!(holders_of_new(&year.join("month=2")), [year.as_path()]);
        assert!(holders_of_new(&month).is_empty());
    }
}
