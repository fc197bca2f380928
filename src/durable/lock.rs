//! One run at a time on a directory: a lock of the operating system, which dies with its process
//! however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::{Context, Error, ErrorKind, Result};

/// Held for as long as a query runs; released when dropped, or when the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock file `path`, which guards `guarded`, or says that another query, of this
    /// process or another, has it.
    pub fn take(path: &Path, guarded: &Path) -> Result<Self> {
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).context(|| format!("creating {}", dir.display()))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "Multiple streaming queries are concurrently using {}: stop the other one first",
                    guarded.display()
                ),
            )),
            Err(TryLockError::Error(error)) => Err(error).context(|| format!("locking {}", path.display())),
        }
    }

    /// Takes the lock for work that `doing` names while no query runs on `guarded`. Nothing is
    /// written: where there is no lock file no query of ours has ever run.
    pub fn take_idle(path: &Path, guarded: &Path, doing: &str) -> Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.context(|| format!("opening {}", path.display()))?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Checkpoint,
                format!("a query runs on {}: stop it before {doing}", guarded.display()),
            )),
            Err(TryLockError::Error(error)) => Err(error).context(|| format!("locking {}", path.display())),
        }
    }
}
