//! A log with one file for each batch, named by its number: `offsets/` and `commits/`.

use std::path::PathBuf;

use super::store::{Durability, Put, Store};
use crate::batch::BatchId;
use crate::error::{Error, ErrorKind, Result};

/// Numbered files that are written once. Names that are not numbers (Hadoop's checksums, temporary
/// files) are not ours and are passed over.
#[derive(Debug)]
pub struct NumberedLog {
    store: Store,
    /// The oldest number that may still be there, so that removing old files lists the directory
    /// only once.
    oldest: u64,
}

impl NumberedLog {
    /// Opens the log in `dir`, which is made where it is missing.
    pub fn open(dir: PathBuf, durability: Durability) -> Result<Self> {
        let store = Store::open(dir, durability)?;
        let mut log = Self { store, oldest: 0 };
        log.oldest = log.numbers()?.first().map_or(0, |id| id.0);
        Ok(log)
    }

    /// The numbers there are, ascending.
    pub fn numbers(&self) -> Result<Vec<BatchId>> {
        let mut numbers: Vec<_> = self.store.list()?.iter().filter_map(|name| name.parse().ok().map(BatchId)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub fn newest(&self) -> Result<Option<BatchId>> {
        Ok(self.numbers()?.last().copied())
    }

    /// The path of a number's file, for errors.
    pub fn file(&self, id: BatchId) -> PathBuf {
        self.store.dir().join(id.to_string())
    }

    pub fn get(&self, id: BatchId) -> Result<Option<String>> {
        self.store.get(&id.to_string())
    }

    /// Writes a number's file, into that of the oldest number when it is below `first`, from where
    /// on numbers are kept. When the number's file exists somebody else works on this checkpoint,
    /// and this query must end.
    pub fn put(&mut self, id: BatchId, text: &str, first: BatchId) -> Result<()> {
        let (name, bytes) = (id.to_string(), text.as_bytes());
        let put = if self.oldest < first.0 {
            self.oldest += 1;
            self.store.put_reusing(&(self.oldest - 1).to_string(), &name, bytes)
        } else {
            self.store.put_if_absent(&name, bytes)
        };
        match put? {
            Put::Written => Ok(()),
            Put::Exists => Err(Error::new(
                ErrorKind::Checkpoint,
                format!(
                    "Multiple streaming queries are concurrently using {}: {id} was written by another one",
                    self.store.dir().display()
                ),
            )),
        }
    }

    /// Removes the files with numbers below `first`.
    pub fn remove_before(&mut self, first: BatchId) -> Result<()> {
        while self.oldest < first.0 {
            self.store.remove(&self.oldest.to_string())?;
            self.oldest += 1;
        }
        Ok(())
    }

    /// Removes the files with numbers above `last`, newest first; all of them when `last` is
    /// `None`.
    pub fn remove_after(&self, last: Option<BatchId>) -> Result<()> {
        for id in self.numbers()?.into_iter().rev().take_while(|id| last.is_none_or(|last| *id > last)) {
            self.store.remove(&id.to_string())?;
        }
        Ok(())
    }
}
