//! What a look-up found.

use super::keys::SortedKeys;
use crate::error::{Error, Result};

/// What a look-up found for each of its keys. Keep one and reuse it: its room stays.
#[derive(Debug, Default)]
pub struct StateValues {
    bytes: Vec<u8>,
    marks: Vec<FoundMark>,
    /// The keys that no source has answered yet, ascending.
    pub(super) pending: Vec<u32>,
    /// The hashes of those keys, for the filters; empty until the first filter asks.
    pub(super) hashes: Vec<u64>,
    /// The blocks in which keys may lie: block and key.
    pub(super) candidates: Vec<(u32, u32)>,
    answered: usize,
}

#[derive(Clone, Copy, Debug)]
enum FoundMark {
    Pending,
    Removed,
    Value { start: usize, end: usize },
}

impl StateValues {
    /// How many keys were looked up.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// The value of the key at `index`, or `None` when the state does not have the key.
    #[inline]
    pub fn value(&self, index: usize) -> Option<&[u8]> {
        match self.marks[index] {
            FoundMark::Value { start, end } => Some(&self.bytes[start..end]),
            FoundMark::Pending | FoundMark::Removed => None,
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        (0..self.len()).map(|index| self.value(index))
    }

    /// Begins a look-up of `keys` keys.
    pub(super) fn begin(&mut self, keys: &SortedKeys) -> Result<()> {
        let count = u32::try_from(keys.len())
            .map_err(|_| Error::internal(format!("{} keys in one look-up of the state", keys.len())))?;
        self.bytes.clear();
        self.marks.clear();
        self.marks.resize(keys.len(), FoundMark::Pending);
        self.pending.clear();
        self.pending.extend(0..count);
        self.hashes.clear();
        self.answered = 0;
        Ok(())
    }

    /// Answers a key. No older source is asked for it.
    #[inline]
    pub(super) fn answer(&mut self, key: u32, value: Option<&[u8]>) {
        self.answered += 1;
        self.marks[key as usize] = match value {
            None => FoundMark::Removed,
            Some(value) => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(value);
                FoundMark::Value { start, end: self.bytes.len() }
            }
        };
    }

    /// Ends a source's turn: the keys that it answered are not pending any more.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.answered) == 0 {
            return;
        }
        let marks = &self.marks;
        self.pending.retain(|key| matches!(marks[*key as usize], FoundMark::Pending));
    }
}
