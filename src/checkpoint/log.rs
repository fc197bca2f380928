//! Logs of numbered files, as Spark writes them: `v1` on the first line, entries on the rest, no newline at the end.

use std::path::PathBuf;

use super::store::{Durability, Store};
use crate::error::Result;

/// A source's own log `sources/<i>/`, given to it when it is opened.
#[derive(Clone, Debug)]
pub struct SourceLog {
    pub dir: PathBuf,
    pub durability: Durability,
}

impl SourceLog {
    /// The directory as a store; made when the source first writes.
    pub fn store(&self) -> Result<Store> {
        Store::open(&self.dir, self.durability)
    }
}
