//! Ranges of keys.

/// The keys from one, itself included, to another, itself excluded, or to the end.
///
/// ```
/// use firesteel::state::KeyRange;
///
/// let range = KeyRange::prefix(b"ab");
/// assert!(range.contains(b"ab") && range.contains(b"abc") && !range.contains(b"ac"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    pub from: Vec<u8>,
    pub to: Option<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    pub fn all() -> Self {
        Self::default()
    }

    pub fn new(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> Self {
        Self { from: from.into(), to: Some(to.into()) }
    }

    pub fn starting_at(from: impl Into<Vec<u8>>) -> Self {
        Self { from: from.into(), to: None }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        // The next key that does not begin so: the last byte that can grow grows.
        let len = prefix.iter().rposition(|byte| *byte < u8::MAX).map_or(0, |last| last + 1);
        let mut to = prefix[..len].to_vec();
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        Self { from: prefix.to_vec(), to: (len > 0).then_some(to) }
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.from.as_slice() <= key && self.to.as_ref().is_none_or(|to| key < to.as_slice())
    }

    /// Whether no key can lie in it.
    pub fn is_empty(&self) -> bool {
        self.to.as_ref().is_some_and(|to| *to <= self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyRange;

    #[test]
    fn a_prefix_ends_where_the_next_begins() {
        assert_eq!(KeyRange::prefix(b"a\xff"), KeyRange::new(*b"a\xff", *b"b"));
        assert_eq!(KeyRange::prefix(b"\xff\xff"), KeyRange::starting_at(*b"\xff\xff"));
        assert_eq!(KeyRange::prefix(b""), KeyRange::all());
    }
}
