//! Sorted entries in one arena, searched with few reads.

use std::cmp::Ordering;

use super::block::common_prefix;
use super::keys::SortedKeys;
use crate::error::{Error, ErrorKind, Result};

/// The most bytes that a key and its value may have together.
pub const MAX_ENTRY: usize = 1 << 30;

/// The length that stands for a removal.
const REMOVED: u32 = u32::MAX;

/// How many keys [`SortedEntries::find_each`] takes at once, at most.
pub(super) const TOGETHER: usize = 64;

/// Every how many keys [`SortedEntries`] keeps one in its samples.
const SAMPLED: usize = 32;

/// How many keys are compared one after the other before a key is searched.
const NEAR: usize = 4;

/// Keys ascending by bytes, each once, with a value or its removal.
///
/// ```
/// use firesteel::state::SortedEntries;
///
/// let mut entries = SortedEntries::default();
/// entries.push(b"a", Some(b"1"));
/// entries.push(b"b", None);
/// assert_eq!(entries.iter().collect::<Vec<_>>(), [(&b"a"[..], Some(&b"1"[..])), (b"b", None)]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SortedEntries {
    bytes: Vec<u8>,
    marks: Vec<EntryMark>,
    removals: usize,
    /// Every [`SAMPLED`]th key: the first of each window. They lie close together, so that a search
    /// in a large arena reads little of it.
    samples: SortedKeys,
    /// For each full window, how much all of its keys begin with.
    prefixes: Vec<u32>,
    /// For each key of the full windows, the 8 bytes after that, as a number.
    heads: Vec<u64>,
    /// The bytes of an entry that is too large. It was left out.
    too_large: Option<usize>,
}

/// Where an entry lies: its key, then its value.
#[derive(Clone, Copy, Debug)]
struct EntryMark {
    start: u64,
    key: u32,
    /// The value's length or [`REMOVED`].
    value: u32,
}

impl SortedEntries {
    /// Room for `entries` with `bytes` of keys and values together.
    pub fn with_capacity(entries: usize, bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            marks: Vec::with_capacity(entries),
            prefixes: Vec::with_capacity(entries / SAMPLED),
            heads: Vec::with_capacity(entries / SAMPLED * SAMPLED),
            ..Self::default()
        }
    }

    /// Adds an entry, whose key must be greater than all before. `None` removes the key.
    ///
    /// An entry above [`MAX_ENTRY`] is left out, and whoever takes the entries fails.
    #[inline]
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        debug_assert!(self.marks.is_empty() || self.key(self.marks.len() - 1) < key, "keys must ascend");
        let size = key.len() + value.map_or(0, <[u8]>::len);
        if size > MAX_ENTRY {
            self.too_large = Some(size);
            return;
        }
        if self.marks.len().is_multiple_of(SAMPLED) {
            self.end_window();
            self.samples.push(key);
        }
        #[expect(clippy::cast_possible_truncation, reason = "MAX_ENTRY is below u32::MAX")]
        let (key_len, value_len) = (key.len() as u32, value.map_or(REMOVED, |value| value.len() as u32));
        self.marks.push(EntryMark { start: self.bytes.len() as u64, key: key_len, value: value_len });
        self.bytes.extend_from_slice(key);
        match value {
            Some(value) => self.bytes.extend_from_slice(value),
            None => self.removals += 1,
        }
    }

    fn end_window(&mut self) {
        let end = self.marks.len();
        let Some(start) = end.checked_sub(SAMPLED) else { return };
        let prefix = common_prefix(self.key(start), self.key(end - 1));
        self.prefixes.push(prefix as u32);
        for index in start..end {
            let head = head(self.key(index), prefix);
            self.heads.push(head);
        }
    }

    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// How many of the entries are removals.
    pub fn removals(&self) -> usize {
        self.removals
    }

    #[inline]
    pub fn key(&self, index: usize) -> &[u8] {
        let mark = self.marks[index];
        let start = mark.start as usize;
        &self.bytes[start..start + mark.key as usize]
    }

    /// The value, or `None` for a removal.
    #[inline]
    pub fn value(&self, index: usize) -> Option<&[u8]> {
        let mark = self.marks[index];
        let start = mark.start as usize + mark.key as usize;
        (mark.value != REMOVED).then(|| &self.bytes[start..start + mark.value as usize])
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        (0..self.len()).map(|index| (self.key(index), self.value(index)))
    }

    /// The memory that the entries take.
    pub fn bytes(&self) -> usize {
        let search = self.samples.bytes() + self.prefixes.capacity() * 4 + self.heads.capacity() * 8;
        self.bytes.capacity() + self.marks.capacity() * size_of::<EntryMark>() + search
    }

    /// The bytes of the keys and values.
    pub fn content_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Gives back room that was reserved and not used.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.marks.shrink_to_fit();
        self.samples.shrink();
        self.prefixes.shrink_to_fit();
        self.heads.shrink_to_fit();
    }

    /// Fails where an entry was too large to be added.
    pub fn check(&self) -> Result<()> {
        match self.too_large {
            None => Ok(()),
            Some(size) => Err(too_large(size)),
        }
    }

    /// The first index from `start` on whose key is not less than `key`; `len()` when there is
    /// none. The cost grows with the logarithm of the distance.
    #[inline]
    pub fn at_least(&self, key: &[u8], start: usize) -> usize {
        let len = self.len();
        if start >= len || self.key(start) >= key {
            return start;
        }
        let after = self.samples.above(key, start / SAMPLED + 1);
        let window = after - 1;
        let (mut low, mut high) = ((window * SAMPLED).max(start + 1), (after * SAMPLED).min(len));
        if let Some(prefix) = self.prefixes.get(window).map(|prefix| *prefix as usize) {
            let shared = prefix.min(key.len());
            match key[..shared].cmp(&self.samples.get(window)[..shared]) {
                Ordering::Less => return low,
                Ordering::Greater => return high,
                Ordering::Equal => {}
            }
            // The heads say almost all: they are read instead of keys all over the arena.
            let wanted = head(key, prefix);
            let heads = &self.heads[low..high];
            let (less, not_more) = (heads.partition_point(|head| *head < wanted), |head: &u64| *head <= wanted);
            high = low + less + heads[less..].partition_point(not_more);
            low += less;
        }
        while low < high {
            let middle = low.midpoint(high);
            match self.key(middle).cmp(key) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return middle,
                Ordering::Greater => high = middle,
            }
        }
        low
    }

    /// [`SortedEntries::at_least`] for a key that is likely to be close to `start`.
    #[inline]
    pub fn at_least_near(&self, key: &[u8], start: usize) -> usize {
        let far = (start + NEAR).min(self.len());
        let near = (start..far).find(|index| self.key(*index) >= key);
        near.unwrap_or_else(|| self.at_least(key, far))
    }

    /// Where each of some ascending keys is, from the window `window` on.
    ///
    /// In large entries each look waits for memory. So all keys take a step before any takes the
    /// next: the waits of one step overlap.
    pub(super) fn find_each(&self, keys: &[&[u8]], window: &mut usize, places: &mut Vec<Option<usize>>) {
        let mut ranges = [(0, 0); TOGETHER];
        let keys = &keys[..keys.len().min(TOGETHER)];
        for (key, range) in keys.iter().zip(&mut ranges) {
            let after = self.samples.above(key, *window);
            *window = after.saturating_sub(1);
            *range = (*window * SAMPLED, (after * SAMPLED).min(self.len()));
        }
        for (key, (low, high)) in keys.iter().zip(&mut ranges) {
            let window = *low / SAMPLED;
            let Some(prefix) = self.prefixes.get(window).filter(|_| low < high) else { continue };
            let prefix = *prefix as usize;
            // Keys that begin otherwise are not in the window.
            if !key.starts_with(&self.samples.get(window)[..prefix]) {
                *high = *low;
                continue;
            }
            let (wanted, heads) = (head(key, prefix), &self.heads[*low..*high]);
            // Counted, not searched: so no step waits for the one before.
            let less = heads.iter().filter(|head| **head < wanted).count();
            let equal = heads.iter().filter(|head| **head == wanted).count();
            (*low, *high) = (*low + less, *low + less + equal);
        }
        let mut touched = 0;
        for (low, high) in &ranges[..keys.len()] {
            touched ^= if low < high { self.marks[*low].start } else { 0 };
        }
        std::hint::black_box(touched);
        for (low, high) in &ranges[..keys.len()] {
            touched ^= if low < high { self.key(*low).last().map_or(0, |byte| u64::from(*byte)) } else { 0 };
        }
        std::hint::black_box(touched);
        places.clear();
        places.extend(keys.iter().zip(&ranges).map(|(key, (low, high))| {
            let (mut low, mut high) = (*low, *high);
            while low < high {
                let middle = low.midpoint(high);
                match self.key(middle).cmp(key) {
                    Ordering::Less => low = middle + 1,
                    Ordering::Equal => return Some(middle),
                    Ordering::Greater => high = middle,
                }
            }
            None
        }));
    }
}

/// The 8 bytes of a key from `start` on as a number, zeros where it ends. Of two keys that are equal
/// before `start` the lesser one has no greater head.
#[inline]
fn head(key: &[u8], start: usize) -> u64 {
    let rest = key.get(start..).unwrap_or_default();
    match rest.first_chunk::<8>() {
        Some(head) => u64::from_be_bytes(*head),
        None => {
            let mut head = [0; 8];
            head[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(head)
        }
    }
}

/// The error of an entry that is larger than [`MAX_ENTRY`].
pub(super) fn too_large(size: usize) -> Error {
    Error::new(
        ErrorKind::Runtime,
        format!("a key of the state and its value have {size} bytes: at most {MAX_ENTRY} are possible"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_ENTRY, SortedEntries};

    #[test]
    fn a_search_finds_the_first_key_that_is_not_less_from_any_start() {
        for len in [0_u32, 1, 2, 31, 32, 33, 64, 65, 300] {
            let mut entries = SortedEntries::default();
            (0..len).for_each(|n| entries.push(&(n * 2).to_be_bytes(), None));
            for key in 0..=len * 2 {
                for start in 0..=len as usize {
                    let expected = start.max(key.div_ceil(2) as usize).min(len as usize);
                    assert_eq!(entries.at_least(&key.to_be_bytes(), start), expected, "{len} {key} {start}");
                    assert_eq!(entries.at_least_near(&key.to_be_bytes(), start), expected, "{len} {key} {start}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_search_finds_keys_of_any_shape(
            keys in proptest::collection::btree_set(proptest::collection::vec(0_u8..2, 0..14), 0..200),
            key in proptest::collection::vec(0_u8..2, 0..14),
            start in 0_usize..200,
        ) {
            let mut entries = SortedEntries::default();
            keys.iter().for_each(|key| entries.push(key, None));
            let start = start.min(keys.len());
            let expected = start.max(keys.iter().take_while(|there| **there < key).count());
            prop_assert_eq!(entries.at_least(&key, start), expected);
            prop_assert_eq!(entries.at_least_near(&key, start), expected);
            let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).filter(|there| *there != key).take(63).collect();
            let mut asked: Vec<&[u8]> = asked.into_iter().chain([key.as_slice()]).collect();
            asked.sort_unstable();
            let mut places = Vec::new();
            entries.find_each(&asked, &mut 0, &mut places);
            let there: Vec<&Vec<u8>> = keys.iter().collect();
            let expected: Vec<_> = asked.iter().map(|key| there.binary_search_by(|k| k.as_slice().cmp(key)).ok()).collect();
            prop_assert_eq!(places, expected);
        }
    }

    #[test]
    fn an_entry_that_is_too_large_fails_whoever_takes_the_entries() {
        let mut entries = SortedEntries::default();
        entries.push(b"key", Some(&vec![0; MAX_ENTRY]));
        assert!(entries.is_empty());
        assert!(entries.check().unwrap_err().to_string().contains("at most 1073741824"));
    }
}
