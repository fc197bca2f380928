//! Events as columns.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringBuilder, TimestampMicrosecondArray};

use super::events::{Draws, EventTable, Events, auction, person, some_auction, some_person};

const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const CITIES: [&str; 10] =
    ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
const FIRST_NAMES: [&str; 11] =
    ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const LAST_NAMES: [&str; 9] = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];

/// The bytes that all columns of a row take together, by table; `extra` fills up what lacks.
const PERSON_BYTES: i64 = 200;
const AUCTION_BYTES: i64 = 500;
const BID_BYTES: i64 = 100;

/// One of several.
fn one_of<'a>(of: &[&'a str], draws: &mut Draws) -> &'a str {
    of[draws.below(of.len() as i64) as usize]
}

/// Lower-case letters.
fn letters(text: &mut String, count: i64, draws: &mut Draws) {
    let mut left = 0;
    for at in 0..count {
        if at % 12 == 0 {
            left = draws.next();
        }
        text.push(char::from(b'a' + (left % 26) as u8));
        left /= 26;
    }
}

fn numbers(events: &[i64], number: impl FnMut(&i64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(events.iter().map(number)))
}

fn times(events: &[i64], micros: impl FnMut(&i64) -> i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(events.iter().map(micros)).with_timezone("UTC"))
}

impl Events {
    /// A column of a table's rows.
    pub fn column(&self, table: EventTable, column: usize, events: &[i64]) -> ArrayRef {
        let draws = |event: &i64| self.draws(*event, column);
        let texts = |write: &dyn Fn(i64, &mut Draws, &mut String)| -> ArrayRef {
            let mut texts = StringBuilder::with_capacity(events.len(), events.len() * 16);
            let mut text = String::new();
            for event in events {
                text.clear();
                write(*event, &mut draws(event), &mut text);
                texts.append_value(&text);
            }
            Arc::new(texts.finish())
        };
        // Writing into a String does not fail.
        match (table, column) {
            (EventTable::Person, 0) => numbers(events, |event| person(*event)),
            (EventTable::Person, 1) => texts(&|_, draws, text| {
                let _ = write!(text, "{} {}", one_of(&FIRST_NAMES, draws), one_of(&LAST_NAMES, draws));
            }),
            (EventTable::Person, 2) => texts(&|_, draws, text| {
                letters(text, 7, draws);
                text.push('@');
                letters(text, 5, draws);
                text.push_str(".com");
            }),
            (EventTable::Person, 3) => texts(&|_, draws, text| {
                for group in 0..4 {
                    let _ = write!(text, "{}{:04}", if group > 0 { " " } else { "" }, draws.below(10_000));
                }
            }),
            (EventTable::Person, 4) => texts(&|_, draws, text| text.push_str(one_of(&CITIES, draws))),
            (EventTable::Person, 5) => texts(&|_, draws, text| text.push_str(one_of(&STATES, draws))),
            (EventTable::Person, 6) | (EventTable::Auction | EventTable::Bid, 5) => {
                times(events, |event| self.micros(*event))
            }
            (EventTable::Person, _) => texts(&|_, draws, text| letters(text, PERSON_BYTES - 80, draws)),

            (EventTable::Auction, 0) => numbers(events, |event| auction(*event)),
            (EventTable::Auction, 1) => texts(&|_, draws, text| letters(text, 20, draws)),
            (EventTable::Auction, 2) => texts(&|_, draws, text| letters(text, 100, draws)),
            (EventTable::Auction, 3) => numbers(events, |event| draws(event).price()),
            (EventTable::Auction, 4) => {
                numbers(events, |event| self.draws(*event, 3).price().saturating_add(draws(event).price()))
            }
            (EventTable::Auction, 6) => times(events, |event| {
                // Until about as many auctions have been opened as are open at a time.
                let longest = self.auctions_take_ms(100) * 2;
                self.micros(*event) + (1 + draws(event).below(longest)) * 1000
            }),
            (EventTable::Auction, 7) => numbers(events, |event| some_person(*event, 3, &mut draws(event))),
            (EventTable::Auction, 8) => numbers(events, |event| 10 + draws(event).below(5)),
            (EventTable::Auction, _) => texts(&|_, draws, text| letters(text, AUCTION_BYTES - 176, draws)),

            (EventTable::Bid, 0) => numbers(events, |event| some_auction(*event, &mut draws(event))),
            (EventTable::Bid, 1) => numbers(events, |event| some_person(*event, 3, &mut draws(event))),
            (EventTable::Bid, 2) => numbers(events, |event| draws(event).price()),
            (EventTable::Bid, 3) => texts(&|event, _, text| channel(&mut self.draws(event, 3), text)),
            (EventTable::Bid, 4) => texts(&|event, draws, text| {
                text.push_str("https://www.nexmark.com/");
                letters(text, 5, draws);
                text.push_str("/item.htm?query=1&channel=");
                channel(&mut self.draws(event, 3), text);
            }),
            (EventTable::Bid, _) => texts(&|_, draws, text| letters(text, BID_BYTES - 32, draws)),
        }
    }
}

/// Where a bid comes from: in half of the cases one of the few channels that most use.
fn channel(draws: &mut Draws, text: &mut String) {
    if draws.below(2) > 0 {
        text.push_str(one_of(&CHANNELS, draws));
    } else {
        let _ = write!(text, "channel-{}", draws.below(10_000));
    }
}
