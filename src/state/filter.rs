//! A Bloom filter: says which keys a file does not have.

use twox_hash::XxHash3_64;

/// Bits for each key: about one key in a hundred that is not there is taken for one that may be.
const BITS_A_KEY: usize = 10;
/// How many bits each key sets.
const PROBES: u64 = 6;
/// One group is a cache line: a key's bits all lie in one.
const GROUP_WORDS: usize = 8;
const GROUP_BITS: u64 = 512;

/// Groups of 512 bits. A key's hash, xxh3 of its bytes, chooses a group by its upper half. It sets
/// bits `a + i * b` of the group for i below 6: `a` is the hash, `b` is it shifted right by 9, odd.
///
/// On disk the groups' words follow each other, each a little-endian u64.
#[derive(Debug)]
pub struct KeyFilter {
    words: Vec<u64>,
}

impl KeyFilter {
    /// A filter for at most `keys` keys.
    pub fn sized(keys: usize) -> Self {
        let groups = (keys * BITS_A_KEY).div_ceil(GROUP_BITS as usize).max(1);
        Self { words: vec![0; groups * GROUP_WORDS] }
    }

    pub fn hash(key: &[u8]) -> u64 {
        XxHash3_64::oneshot(key)
    }

    #[inline]
    fn group(&self, hash: u64) -> usize {
        let groups = (self.words.len() / GROUP_WORDS) as u64;
        (((hash >> 32) * groups) >> 32) as usize * GROUP_WORDS
    }

    pub fn add(&mut self, hash: u64) {
        let group = self.group(hash);
        for (word, bit) in probes(hash) {
            self.words[group + word] |= bit;
        }
    }

    /// False when the key is not there.
    #[inline]
    pub fn may_have(&self, hash: u64) -> bool {
        let group = self.group(hash);
        probes(hash).all(|(word, bit)| self.words[group + word] & bit != 0)
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        self.words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }

    /// `None` for bytes that are no filter.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let whole = rest.is_empty() && !words.is_empty() && words.len().is_multiple_of(GROUP_WORDS);
        whole.then(|| Self { words: words.iter().map(|word| u64::from_le_bytes(*word)).collect() })
    }

    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        self.words.len() * 8
    }
}

#[inline]
fn probes(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let step = hash >> 9 | 1;
    (0..PROBES).map(move |probe| {
        let bit = hash.wrapping_add(probe.wrapping_mul(step)) % GROUP_BITS;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::KeyFilter;

    #[test]
    fn a_filter_knows_its_keys_and_few_others() {
        let mut filter = KeyFilter::sized(10_000);
        (0..10_000_u64).for_each(|key| filter.add(KeyFilter::hash(&key.to_le_bytes())));
        let mut bytes = Vec::new();
        filter.write(&mut bytes);
        let filter = KeyFilter::read(&bytes).unwrap();
        let may_have = |key: u64| filter.may_have(KeyFilter::hash(&key.to_le_bytes()));
        assert!((0..10_000).all(may_have));
        let wrong = (10_000..110_000).filter(|key| may_have(*key)).count();
        assert!(wrong < 2_000, "{wrong} of 100,000");
    }

    #[test]
    fn a_filter_looks_the_same_in_every_release() {
        let mut filter = KeyFilter::sized(1);
        filter.add(KeyFilter::hash(b"key"));
        assert_eq!(KeyFilter::hash(b"key"), 0xbbea_0d63_a051_65e3);
        let words = [0, 0, 140_737_492_549_632, 0, 0, 17_179_869_696, 0, 1_152_921_538_966_585_344];
        assert_eq!(filter.words, words);
    }
}
