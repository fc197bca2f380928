//! What is merged next: decisions without I/O.
//!
//! Both kinds of merges take neighbours of like size, from the newest on. So each entry is merged
//! as often as sizes double, and what is left grows with age.

use std::ops::Range;

/// How many neighbours of like size are merged in memory, at least.
const LAYERS: usize = 3;

/// When files are merged. The default is what a query runs with; tests make it small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergeLimits {
    /// How many files of like size are merged that nobody reads, since layers in memory hold the
    /// same.
    pub shadowed: usize,
    /// How many files of like size are merged that reads go to.
    pub read: usize,
    /// How many files the newest version may have beyond the base.
    pub most: usize,
}

impl Default for MergeLimits {
    fn default() -> Self {
        Self { shadowed: 16, read: 4, most: 64 }
    }
}

/// Which layers in memory are merged next, given their sizes, oldest first.
pub fn next_layer_merge(sizes: &[u64]) -> Option<Range<usize>> {
    let start = like_sizes(sizes, 4);
    (sizes.len() - start >= LAYERS).then_some(start..sizes.len())
}

/// The files of the newest version, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct ChainSizes<'a> {
    pub sizes: &'a [u64],
    /// The first file whose content is in memory, too. No merge goes across.
    pub shadowed_from: usize,
    /// Whether the first file is a base.
    pub has_base: bool,
}

impl ChainSizes<'_> {
    /// The files beyond the base.
    pub fn beyond_base(&self) -> usize {
        self.sizes.len() - usize::from(self.has_base)
    }
}

/// Which files are merged next.
///
/// Many files of like size are merged. If the files become too many nevertheless, the cheapest
/// neighbours are merged until half of what is allowed is left.
pub fn next_file_merge(chain: ChainSizes, limits: MergeLimits) -> Option<Range<usize>> {
    let (read, shadowed) = chain.sizes.split_at(chain.shadowed_from);
    let start = chain.shadowed_from + like_sizes(shadowed, 2);
    if chain.sizes.len() - start >= limits.shadowed.max(2) {
        return Some(start..chain.sizes.len());
    }
    let start = like_sizes(read, 2);
    if read.len() - start >= limits.read.max(2) {
        return Some(start..read.len());
    }
    let beyond = chain.beyond_base();
    if beyond * 4 <= limits.most * 3 {
        return None;
    }
    let base = usize::from(chain.has_base);
    let read = base.min(chain.shadowed_from)..chain.shadowed_from;
    let shadowed = chain.shadowed_from.max(base)..chain.sizes.len();
    let part = if read.len() > shadowed.len() { read } else { shadowed };
    let width = (beyond + 1 - limits.most / 2).min(part.len());
    let windows = (part.start..=part.end - width).map(|start| start..start + width);
    windows.filter(|_| width >= 2).min_by_key(|window| chain.sizes[window.clone()].iter().sum::<u64>())
}

/// Where the newest of like size begin: each is at most `1 + 1/part` of all newer ones.
fn like_sizes(sizes: &[u64], part: u64) -> usize {
    let Some(mut start) = sizes.len().checked_sub(1) else { return 0 };
    let mut newer = sizes[start];
    while start > 0 && sizes[start - 1] <= newer.saturating_add(newer / part) {
        start -= 1;
        newer = newer.saturating_add(sizes[start]);
    }
    start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ChainSizes, MergeLimits, next_file_merge, next_layer_merge};

    const LIMITS: MergeLimits = MergeLimits { shadowed: 8, read: 4, most: 16 };

    fn merge(sizes: &[u64], shadowed_from: usize, has_base: bool) -> Option<std::ops::Range<usize>> {
        next_file_merge(ChainSizes { sizes, shadowed_from, has_base }, LIMITS)
    }

    #[test]
    fn layers_of_like_size_are_merged_and_larger_ones_are_left() {
        assert_eq!(next_layer_merge(&[]), None);
        assert_eq!(next_layer_merge(&[1, 1]), None);
        assert_eq!(next_layer_merge(&[100, 1, 1, 1]), Some(1..4));
        assert_eq!(next_layer_merge(&[3, 1, 1, 1]), Some(0..4));
    }

    #[test]
    fn layers_stay_few() {
        let mut layers: Vec<u64> = Vec::new();
        let mut copied = 0;
        for _ in 0..10_000 {
            layers.push(1);
            if let Some(range) = next_layer_merge(&layers) {
                let sum = layers[range.clone()].iter().sum();
                copied += sum;
                layers.splice(range, [sum]);
            }
            assert!(layers.len() <= 16, "{layers:?}");
        }
        assert!(copied < 100_000, "{copied}");
    }

    #[test]
    fn a_base_joins_when_what_lies_above_has_grown_to_its_size() {
        assert_eq!(merge(&[100, 10, 10, 10, 10], 5, true), Some(1..5));
        assert_eq!(merge(&[50, 10, 10, 10, 10], 5, true), Some(0..5));
        assert_eq!(merge(&[100, 10, 10, 10], 4, true), None);
    }

    #[test]
    fn files_in_memory_too_wait_longer_and_are_not_merged_with_others() {
        assert_eq!(merge(&[1; 7], 0, false), None);
        assert_eq!(merge(&[1; 8], 0, false), Some(0..8));
        assert_eq!(merge(&[1; 10], 3, false), None);
        assert_eq!(merge(&[1; 10], 4, false), Some(0..4));
    }

    #[test]
    fn too_many_files_of_all_sizes_are_halved_where_it_is_cheapest() {
        let sizes: Vec<u64> = (0..14).map(|at| 1 << (40 - at * 2)).collect();
        assert_eq!(merge(&sizes, 14, true), Some(8..14));
        assert_eq!(merge(&sizes, 0, true), Some(8..14));
        assert_eq!(merge(&sizes[..13], 13, true), None);
    }

    proptest! {
        #[test]
        fn the_files_of_any_history_stay_below_the_limit(
            changes in proptest::collection::vec((0_u32..30, 0_u8..100), 1..400),
        ) {
            let limits = MergeLimits::default();
            let (mut sizes, mut shadowed_from) = (Vec::<u64>::new(), 0);
            for (magnitude, event) in changes {
                sizes.push(1 << magnitude);
                if event == 0 {
                    // The layers go: everything is read from files.
                    shadowed_from = sizes.len();
                }
                let mut merges = 0;
                loop {
                    // A state that is in memory whole may have a base, too.
                    let has_base = sizes.len() > 1;
                    let chain = ChainSizes { sizes: &sizes, shadowed_from, has_base };
                    let Some(range) = next_file_merge(chain, limits) else { break };
                    prop_assert!(range.len() >= 2 && range.end <= sizes.len());
                    prop_assert!(range.end <= shadowed_from || range.start >= shadowed_from);
                    if range.end <= shadowed_from {
                        shadowed_from -= range.len() - 1;
                    }
                    let sum = sizes[range.clone()].iter().sum();
                    sizes.splice(range, [sum]);
                    merges += 1;
                    prop_assert!(merges < 100);
                }
                prop_assert!(sizes.len() <= limits.most);
            }
        }
    }
}
