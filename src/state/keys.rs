//! Sorted keys in one arena.

/// Keys ascending by bytes, each once.
#[derive(Clone, Debug, Default)]
pub struct SortedKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl SortedKeys {
    /// Adds a key, which must be greater than all before.
    #[inline]
    pub fn push(&mut self, key: &[u8]) {
        debug_assert!(self.ends.is_empty() || self.get(self.ends.len() - 1) < key, "keys must ascend");
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    /// Forgets the keys and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.get(index))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The first index from `start` on whose key is greater than `key`.
    #[inline]
    pub(super) fn above(&self, key: &[u8], start: usize) -> usize {
        gallop(start, self.len(), |index| self.get(index) <= key)
    }
}

impl<K: AsRef<[u8]>> FromIterator<K> for SortedKeys {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut sorted = Self::default();
        keys.into_iter().for_each(|key| sorted.push(key.as_ref()));
        sorted
    }
}

/// The first index in `start..end` that `before` does not hold for; it holds for none after that.
/// The steps double, so that the cost grows with the logarithm of the distance.
#[inline]
pub(super) fn gallop(start: usize, end: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut step) = (start, 1);
    // All below `low` are before.
    let mut high = loop {
        let probe = low + step - 1;
        if probe >= end {
            break end;
        }
        if !before(probe) {
            break probe;
        }
        low = probe + 1;
        step *= 2;
    };
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::gallop;

    #[test]
    fn a_gallop_finds_the_end_of_what_is_before() {
        for end in 0..40 {
            for start in 0..=end {
                for last in start..=end {
                    assert_eq!(gallop(start, end, |index| index < last), last);
                }
            }
        }
    }
}
