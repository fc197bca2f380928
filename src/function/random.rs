//! The random number generators behind Spark's functions, so that a seed gives Spark's numbers.
//!
//! | generator | behind |
//! |---|---|
//! | [`XorShift`] | `rand`, `randn`, `randstr`, `uniform`, `sample`, `randomSplit` |
//! | [`MersenneTwister`] | `shuffle`, `uuid` |
//! | [`Well19937c`] | `sample` with replacement |

/// MurmurHash3 of 32 bits over whole words.
fn murmur3(words: [u32; 2], seed: u32) -> u32 {
    let mut hash = seed;
    for word in words {
        let k = word.wrapping_mul(0xCC9E_2D51).rotate_left(15).wrapping_mul(0x1B87_3593);
        hash = (hash ^ k).rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64);
    }
    hash ^= 8;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}

/// Spark's `XORShiftRandom`: Marsaglia's generator of 64 bits under the methods of
/// `java.util.Random`.
#[derive(Clone, Debug)]
pub struct XorShift {
    state: u64,
    /// The polar method makes two numbers at once.
    next_gaussian: Option<f64>,
}

impl XorShift {
    /// Spark hashes the seed, since Java's seeds have few bits set.
    pub fn new(seed: i64) -> Self {
        // The seed's bytes, the highest first, are read as little-endian words.
        let bytes = seed.cast_unsigned().swap_bytes();
        let words = [bytes as u32, (bytes >> 32) as u32];
        let low = murmur3(words, 0x3C07_4A61);
        let high = murmur3(words, low);
        Self { state: u64::from(high) << 32 | u64::from(low), next_gaussian: None }
    }

    fn next(&mut self, bits: u32) -> i32 {
        let mut state = self.state;
        state ^= state << 21;
        state ^= state >> 35;
        state ^= state << 4;
        self.state = state;
        ((state & ((1 << bits) - 1)) as u32).cast_signed()
    }

    /// All 32 bits.
    pub fn next_int(&mut self) -> i32 {
        self.next(32)
    }

    /// Evenly from 0 (included) to 1 (not included).
    pub fn next_double(&mut self) -> f64 {
        let high = i64::from(self.next(26)) << 27;
        (high + i64::from(self.next(27))) as f64 / (1_u64 << 53) as f64
    }

    /// The bell curve around 0 with deviation 1, by Marsaglia's polar method.
    pub fn next_gaussian(&mut self) -> f64 {
        if let Some(kept) = self.next_gaussian.take() {
            return kept;
        }
        loop {
            let (u, v) = (2.0 * self.next_double() - 1.0, 2.0 * self.next_double() - 1.0);
            let square = u * u + v * v;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.next_gaussian = Some(v * factor);
                return u * factor;
            }
        }
    }
}

/// Matsumoto and Nishimura's generator, seeded by two words of 32 bits.
#[derive(Clone, Debug)]
pub struct MersenneTwister {
    words: Vec<u32>,
    at: usize,
}

const MERSENNE_WORDS: usize = 624;

impl MersenneTwister {
    pub fn new(seed: i64) -> Self {
        let key = halves(seed);
        let mut words = vec![0_u32; MERSENNE_WORDS];
        words[0] = 19_650_218;
        for i in 1..MERSENNE_WORDS {
            let before = words[i - 1];
            words[i] = 1_812_433_253_u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as u32);
        }
        let (mut i, mut j) = (1, 0);
        let mixed = |before: u32, factor: u32| (before ^ (before >> 30)).wrapping_mul(factor);
        for _ in 0..MERSENNE_WORDS {
            words[i] = (words[i] ^ mixed(words[i - 1], 1_664_525)).wrapping_add(key[j]).wrapping_add(j as u32);
            j = (j + 1) % key.len();
            i = Self::after(&mut words, i);
        }
        for _ in 1..MERSENNE_WORDS {
            words[i] = (words[i] ^ mixed(words[i - 1], 1_566_083_941)).wrapping_sub(i as u32);
            i = Self::after(&mut words, i);
        }
        words[0] = 0x8000_0000;
        Self { words, at: MERSENNE_WORDS }
    }

    /// The place after `i`, where the first word follows the last.
    fn after(words: &mut [u32], i: usize) -> usize {
        if i + 1 < MERSENNE_WORDS {
            return i + 1;
        }
        words[0] = words[MERSENNE_WORDS - 1];
        1
    }

    fn next(&mut self, bits: u32) -> i32 {
        if self.at == MERSENNE_WORDS {
            for k in 0..MERSENNE_WORDS {
                let y = (self.words[k] & 0x8000_0000) | (self.words[(k + 1) % MERSENNE_WORDS] & 0x7FFF_FFFF);
                let odd = if y & 1 == 1 { 0x9908_B0DF } else { 0 };
                self.words[k] = self.words[(k + 397) % MERSENNE_WORDS] ^ (y >> 1) ^ odd;
            }
            self.at = 0;
        }
        let mut y = self.words[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^= y >> 18;
        (y >> (32 - bits)).cast_signed()
    }

    /// Evenly from 0 up to, and without, `bound`, which is above 0.
    fn below(&mut self, bound: i32) -> i32 {
        if bound & -bound == bound {
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            // The last, partial round of the range would favour small values.
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value;
            }
        }
    }

    fn next_long(&mut self) -> u64 {
        let high = u64::from(self.next(32).cast_unsigned());
        high << 32 | u64::from(self.next(32).cast_unsigned())
    }

    /// Places of `length` elements in a random order, by Fisher and Yates from the inside out.
    pub fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut places = vec![0; length];
        for i in 0..length {
            let j = self.below(i as i32 + 1) as usize;
            places[i] = places[j];
            places[j] = i;
        }
        places
    }

    /// A UUID of version 4.
    pub fn uuid(&mut self) -> uuid::Uuid {
        let high = (self.next_long() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.next_long() | 0x8000_0000_0000_0000) & 0xBFFF_FFFF_FFFF_FFFF;
        uuid::Uuid::from_u64_pair(high, low)
    }
}

/// Panneton, L'Ecuyer and Matsumoto's generator with Matsumoto and Kurita's tempering.
#[derive(Clone, Debug)]
pub struct Well19937c {
    words: Vec<u32>,
    at: usize,
}

const WELL_WORDS: usize = 624;

impl Well19937c {
    pub fn new(seed: i64) -> Self {
        let key = halves(seed);
        let mut words = vec![0_u32; WELL_WORDS];
        words[..2].copy_from_slice(&key);
        for i in key.len()..WELL_WORDS {
            // The word is taken with its sign.
            let before = i64::from(words[i - key.len()].cast_signed());
            words[i] = 1_812_433_253_i64.wrapping_mul(before ^ (before >> 30)).wrapping_add(i as i64) as u32;
        }
        Self { words, at: 0 }
    }

    fn next(&mut self, bits: u32) -> u32 {
        let place = |distance: usize| (self.at + distance) % WELL_WORDS;
        let (last, before_last) = (place(WELL_WORDS - 1), place(WELL_WORDS - 2));
        let (v0, v1, v2, v3) =
            (self.words[self.at], self.words[place(70)], self.words[place(179)], self.words[place(449)]);
        let z0 = (0x8000_0000 & self.words[last]) ^ (0x7FFF_FFFF & self.words[before_last]);
        let z1 = (v0 ^ (v0 << 25)) ^ (v1 ^ (v1 >> 27));
        let z2 = (v2 >> 9) ^ (v3 ^ (v3 >> 1));
        let z3 = z1 ^ z2;
        let mut z4 = z0 ^ (z1 ^ (z1 << 9)) ^ (z2 ^ (z2 << 21)) ^ (z3 ^ (z3 >> 21));
        self.words[self.at] = z3;
        self.words[last] = z4;
        self.words[before_last] &= 0x8000_0000;
        self.at = last;
        z4 ^= (z4 << 7) & 0xE46E_1700;
        z4 ^= (z4 << 15) & 0x9B86_8000;
        z4 >> (32 - bits)
    }

    fn next_double(&mut self) -> f64 {
        let high = u64::from(self.next(26)) << 26;
        (high | u64::from(self.next(26))) as f64 / (1_u64 << 52) as f64
    }

    /// How often an event happens that is to happen `mean` times, for a mean below
    /// [`Well19937c::MOST`].
    pub fn next_poisson(&mut self, mean: f64) -> i32 {
        let (floor, mut product, mut count) = ((-mean).exp(), 1.0, 0);
        while f64::from(count) < 1000.0 * mean {
            product *= self.next_double();
            if product < floor {
                break;
            }
            count += 1;
        }
        count
    }

    /// From this mean on another method would be needed.
    pub const MOST: f64 = 40.0;
}

/// The seed of a partition where Spark draws one for each: the numbers of `java.util.Random`, the
/// first for partition 0.
pub fn drawn_seed(seed: i64, partition: usize) -> i64 {
    const FACTOR: u64 = 0x5_DEEC_E66D;
    const BITS: u64 = (1 << 48) - 1;
    let mut state = (seed.cast_unsigned() ^ FACTOR) & BITS;
    let mut next = || {
        state = state.wrapping_mul(FACTOR).wrapping_add(0xB) & BITS;
        i64::from((state >> 16) as i32)
    };
    let mut drawn = 0;
    for _ in 0..=partition {
        drawn = (next() << 32).wrapping_add(next());
    }
    drawn
}

fn halves(seed: i64) -> [u32; 2] {
    let seed = seed.cast_unsigned();
    [(seed >> 32) as u32, seed as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_that_spark_gives() {
        let mut random = XorShift::new(5);
        assert_eq!(random.next_double(), 0.023_906_964_275_028_92);
        assert_eq!(random.next_double(), 0.095_097_677_440_844_52);
        let mut random = XorShift::new(5);
        assert_eq!(random.next_gaussian(), 1.529_849_647_724_301_5);
        assert_eq!(random.next_gaussian(), 0.251_746_054_493_509_5);
        assert_eq!(XorShift::new(-1).next_double(), 0.303_026_213_608_256_2);
    }

    #[test]
    fn a_seed_takes_rows_as_often_as_spark_does() {
        let mut random = Well19937c::new(drawn_seed(42, 0));
        let counts: Vec<_> = (0..6).map(|_| random.next_poisson(0.8)).collect();
        assert_eq!(counts, [0, 0, 0, 0, 0, 1]);
        let mut random = Well19937c::new(drawn_seed(42, 1));
        let counts: Vec<_> = (0..7).map(|_| random.next_poisson(0.8)).collect();
        assert_eq!(counts, [0, 0, 2, 1, 0, 2, 1]);
    }

    #[test]
    fn a_seed_gives_the_orders_and_identifiers_that_spark_gives() {
        let mut random = MersenneTwister::new(3);
        assert_eq!(random.permutation(7), [3, 0, 2, 5, 1, 6, 4]);
        assert_eq!(random.permutation(7), [4, 6, 1, 3, 5, 2, 0]);
        let mut random = MersenneTwister::new(3);
        assert_eq!(random.uuid().to_string(), "46531ce3-3cad-4022-abcd-83550a3bfb79");
        assert_eq!(random.uuid().to_string(), "5ed41d1a-9ea6-4102-93f8-a556596cd456");
    }
}
