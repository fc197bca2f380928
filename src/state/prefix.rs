//! The first bytes of a key: which table of which operator, and which slot.
//!
//! ```text
//! operator (2 bytes) | table (1 byte) | slot (1 byte) | the rest is the table's own
//! ```
//!
//! Numbers are big-endian, so the rows of one table and of one slot lie together. The rest of a key
//! is a row ([`row`](super::row)), after parts that must be in order: times, as [`ordered_time`]
//! writes them.

/// How many slots keys are spread over. It is fixed: another number would be another format.
pub const SLOTS: usize = 256;

/// The bytes before a table's own part of a key.
pub const PREFIX: usize = 4;

/// The bytes of an [`ordered_time`].
pub const TIME: usize = 9;

/// A table of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId {
    /// The operator's number in the query, from the sink to the sources.
    pub operator: u16,
    pub table: u8,
}

/// The slot of a key: the low byte of Spark's `hash` of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySlot(pub u8);

impl KeySlot {
    pub fn of(hash: u32) -> Self {
        Self((hash & 0xff) as u8)
    }
}

impl TableId {
    /// What every key of the table in a slot begins with.
    pub fn prefix(self, slot: KeySlot) -> [u8; PREFIX] {
        let [high, low] = self.operator.to_be_bytes();
        [high, low, self.table, slot.0]
    }

    /// The key of this table in the slot of another key, which has `rest` behind the slot.
    pub fn instead(self, key: &[u8], rest: &[u8]) -> Vec<u8> {
        let slot = Self::of(key).map_or(KeySlot(0), |(_, slot)| slot);
        [self.prefix(slot).as_slice(), rest].concat()
    }

    /// The key of this table for another key and a time, where keys lie by time: the time, then what
    /// the other has behind its slot.
    pub fn by_time(self, key: &[u8], time: Option<i64>) -> Vec<u8> {
        self.instead(key, &[ordered_time(time).as_slice(), &key[PREFIX..]].concat())
    }

    /// The table and the slot of a key.
    pub fn of(key: &[u8]) -> Option<(Self, KeySlot)> {
        let [high, low, table, slot] = *key.first_chunk::<PREFIX>()?;
        Some((Self { operator: u16::from_be_bytes([high, low]), table }, KeySlot(slot)))
    }
}

/// The lane of `lanes` that has a slot: each has neighbouring ones.
pub fn lane_of(slot: KeySlot, lanes: usize) -> usize {
    usize::from(slot.0) * lanes / SLOTS
}

/// The slots of a lane.
pub fn slots_of(lane: usize, lanes: usize) -> impl Iterator<Item = KeySlot> {
    (0..=u8::MAX).map(KeySlot).filter(move |slot| lane_of(*slot, lanes) == lane)
}

/// The partition that Spark would give a key.
pub fn spark_partition(hash: u32, partitions: usize) -> usize {
    usize::try_from(i64::from(hash as i32).rem_euclid(partitions.max(1) as i64)).unwrap_or_default()
}

/// The bytes of a time in microseconds: their order is that of times, with null behind all of them.
pub fn ordered_time(micros: Option<i64>) -> [u8; TIME] {
    let mut bytes = [0; TIME];
    match micros {
        Some(micros) => bytes[1..].copy_from_slice(&(micros as u64 ^ 1 << 63).to_be_bytes()),
        None => bytes[0] = 1,
    }
    bytes
}
