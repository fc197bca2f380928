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
}
