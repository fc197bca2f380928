//! Words that stand for a date or a time in constants: `epoch`, `now`, `today`, `tomorrow`,
//! `yesterday`.

use super::calendar::MICROS_PER_DAY;
use super::zone::Zone;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpecialTime {
    Epoch,
    Now,
    /// Days from today.
    Day(i64),
}

/// The word of a text. It may have a zone behind it, which must be one and means nothing.
fn word(text: &str) -> Option<SpecialTime> {
    let text = text.trim_matches(|c| c <= ' ');
    let (word, zone) = text.split_at(text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let zone = zone.trim_start_matches([' ', '\t']);
    let special = match word.to_ascii_lowercase().as_str() {
        "epoch" => SpecialTime::Epoch,
        "now" if zone.is_empty() => SpecialTime::Now,
        "today" => SpecialTime::Day(0),
        "tomorrow" => SpecialTime::Day(1),
        "yesterday" => SpecialTime::Day(-1),
        _ => return None,
    };
    (zone.is_empty() || Zone::find(zone).is_some()).then_some(special)
}

/// The clock's reading in a zone. A constant is looked at once, while the query is planned.
fn now(zone: Zone) -> i64 {
    zone.to_local(chrono::Utc::now().timestamp_micros())
}

/// Days since 1970; `now` is today.
pub fn date(text: &str, zone: Zone) -> Option<i32> {
    let days = match word(text)? {
        SpecialTime::Epoch => 0,
        SpecialTime::Now => now(zone).div_euclid(MICROS_PER_DAY),
        SpecialTime::Day(from_today) => now(zone).div_euclid(MICROS_PER_DAY) + from_today,
    };
    i32::try_from(days).ok()
}

/// An instant; a day is its midnight in the zone.
pub fn timestamp(text: &str, zone: Zone) -> Option<i64> {
    match word(text)? {
        SpecialTime::Epoch => Some(0),
        _ => zone.to_utc(timestamp_ntz(text, zone)?),
    }
}

/// A clock reading in the zone.
pub fn timestamp_ntz(text: &str, zone: Zone) -> Option<i64> {
    Some(match word(text)? {
        SpecialTime::Epoch => 0,
        SpecialTime::Now => now(zone),
        SpecialTime::Day(from_today) => (now(zone).div_euclid(MICROS_PER_DAY) + from_today) * MICROS_PER_DAY,
    })
}
