//! Which event is what, and what its numbers are.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// Of so many events one is a person and [`AUCTIONS`] are auctions; the rest are bids.
const ROUND: i64 = 50;
const AUCTIONS: i64 = 3;
/// The ids of the first person and of the first auction.
const FIRST_ID: i64 = 1000;
/// How many of the last persons may bid or sell, and how many of the last auctions are bid on.
const ACTIVE: i64 = 1000;
const IN_FLIGHT: i64 = 100;
/// One of so many ids is hot.
const HOT: i64 = 100;

/// Which events become rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTable {
    Person,
    Auction,
    Bid,
}

impl EventTable {
    pub fn of(name: &str) -> Option<Self> {
        [Self::Person, Self::Auction, Self::Bid].into_iter().find(|table| table.name().eq_ignore_ascii_case(name))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Auction => "auction",
            Self::Bid => "bid",
        }
    }

    pub fn schema(self) -> SchemaRef {
        let (number, text) = (DataType::Int64, DataType::Utf8);
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields = match self {
            Self::Person => vec![
                ("id", number),
                ("name", text.clone()),
                ("emailAddress", text.clone()),
                ("creditCard", text.clone()),
                ("city", text.clone()),
                ("state", text.clone()),
                ("dateTime", time),
                ("extra", text),
            ],
            Self::Auction => vec![
                ("id", number.clone()),
                ("itemName", text.clone()),
                ("description", text.clone()),
                ("initialBid", number.clone()),
                ("reserve", number.clone()),
                ("dateTime", time.clone()),
                ("expires", time),
                ("seller", number.clone()),
                ("category", number),
                ("extra", text),
            ],
            Self::Bid => vec![
                ("auction", number.clone()),
                ("bidder", number.clone()),
                ("price", number),
                ("channel", text.clone()),
                ("url", text.clone()),
                ("dateTime", time),
                ("extra", text),
            ],
        };
        let field = |(name, data_type): (&str, DataType)| Field::new(name, data_type, true);
        Arc::new(Schema::new(fields.into_iter().map(field).collect::<Vec<_>>()))
    }

    /// The events of this table in a range, ascending.
    pub fn among(self, range: Range<i64>) -> impl Iterator<Item = i64> + Send {
        let places = match self {
            Self::Person => 0..1,
            Self::Auction => 1..1 + AUCTIONS,
            Self::Bid => 1 + AUCTIONS..ROUND,
        };
        range.filter(move |event| places.contains(&(event % ROUND)))
    }
}

/// How events follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Events {
    pub seed: i64,
    pub start_ms: i64,
    pub per_second: i64,
}

/// Random numbers of one event, one after the other: SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Draws(u64);

impl Draws {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly at least 0 and below `end`.
    pub fn below(&mut self, end: i64) -> i64 {
        ((u128::from(self.next()) * end.max(1) as u128) >> 64) as i64
    }

    /// From 100 to 100 million, evenly by digits.
    pub fn price(&mut self) -> i64 {
        let digits = self.next() as f64 / u64::MAX as f64 * 6.0;
        (10f64.powf(digits) * 100.0).round() as i64
    }
}

impl Events {
    /// The random numbers of a column of an event.
    pub fn draws(&self, event: i64, column: usize) -> Draws {
        let mut seed = Draws((self.seed as u64).rotate_left(32) ^ (event as u64));
        Draws(seed.next() ^ (column as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// When an event happens, in microseconds.
    pub fn micros(&self, event: i64) -> i64 {
        let since = i128::from(event) * 1_000_000 / i128::from(self.per_second);
        self.start_ms.saturating_mul(1000).saturating_add(since as i64)
    }

    /// How long it takes for a number of auctions to be opened, in milliseconds.
    pub fn auctions_take_ms(&self, auctions: i64) -> i64 {
        (auctions * ROUND / AUCTIONS * 1000 / self.per_second).max(1)
    }
}

/// The newest person at an event.
pub fn person(event: i64) -> i64 {
    FIRST_ID + event / ROUND
}

/// The newest auction at an event; none before the first.
pub fn auction(event: i64) -> i64 {
    let before = event / ROUND * AUCTIONS;
    let here = (event % ROUND).min(AUCTIONS) - 1;
    (FIRST_ID + before + here).max(FIRST_ID)
}

/// A recent person: in `hot` of `hot + 1` cases one of the few that do most.
pub fn some_person(event: i64, hot: i64, draws: &mut Draws) -> i64 {
    let newest = person(event) - FIRST_ID;
    if draws.below(hot + 1) > 0 {
        return FIRST_ID + (newest / HOT * HOT + 1).min(newest);
    }
    let active = ACTIVE.min(newest + 1);
    FIRST_ID + newest + 1 - active + draws.below(active)
}

/// A recent auction: in half of the cases the one that most bid on.
pub fn some_auction(event: i64, draws: &mut Draws) -> i64 {
    let newest = auction(event) - FIRST_ID;
    if draws.below(2) > 0 {
        return FIRST_ID + newest / HOT * HOT;
    }
    let open = IN_FLIGHT.min(newest + 1);
    FIRST_ID + newest + 1 - open + draws.below(open)
}
