//! Text as dates and times by a pattern.

use super::letters::PatternItem;
use super::{MONTHS, name};
use crate::types::calendar::{self, MICROS_PER_SECOND, SECONDS_PER_DAY};
use crate::types::zone::Zone;

/// Names of zones that text has, the longer before those that they begin with. Short ones are the
/// same in summer.
const ZONE_NAMES: [(&str, &str); 22] = [
    ("Coordinated Universal Time", "UTC"),
    ("Greenwich Mean Time", "GMT"),
    ("Eastern Standard Time", "America/New_York"),
    ("Eastern Daylight Time", "America/New_York"),
    ("Central Standard Time", "America/Chicago"),
    ("Central Daylight Time", "America/Chicago"),
    ("Mountain Standard Time", "America/Denver"),
    ("Mountain Daylight Time", "America/Denver"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Pacific Daylight Time", "America/Los_Angeles"),
    ("India Standard Time", "Asia/Kolkata"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("IST", "Asia/Kolkata"),
    ("BST", "Europe/London"),
    ("CEST", "Europe/Paris"),
];

/// What a parse found. A field that the pattern lacks is 1970, January, the first, midnight.
#[derive(Clone, Copy, Debug, Default)]
pub struct ParsedFields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    hour12: Option<i64>,
    afternoon: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    nanos: Option<i64>,
    before_christ: Option<i64>,
    pub zone: Option<Zone>,
}

pub fn read_items<'a>(items: &[PatternItem], mut text: &'a str, found: &mut ParsedFields) -> Option<&'a str> {
    for (at, item) in items.iter().enumerate() {
        text = match item {
            PatternItem::Literal(literal) => {
                let head = text.get(..literal.len())?;
                if !head.eq_ignore_ascii_case(literal) {
                    return None;
                }
                &text[literal.len()..]
            }
            PatternItem::Optional(items) => {
                let before = *found;
                match read_items(items, text, found) {
                    Some(rest) => rest,
                    None => {
                        *found = before;
                        text
                    }
                }
            }
            PatternItem::Field(letter, count) => {
                read_field(*letter, *count, following_digits(&items[at + 1..]), text, found)?
            }
        };
    }
    Some(text)
}

/// Digits that the fixed-width numbers right after a number take from it: `yyyyMMdd`.
fn following_digits(items: &[PatternItem]) -> usize {
    let width = |item: &PatternItem| match item {
        // A longer fraction takes as many digits as there are.
        PatternItem::Field('S', 1) => Some(1),
        PatternItem::Field('M' | 'L' | 'y' | 'u' | 'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's', 2) => Some(2),
        PatternItem::Field('D', 3) => Some(3),
        _ => None,
    };
    items.iter().map_while(width).sum()
}

fn read_field<'a>(
    letter: char,
    count: usize,
    reserved: usize,
    text: &'a str,
    found: &mut ParsedFields,
) -> Option<&'a str> {
    let number = |least: usize, most: usize| -> Option<(i64, &'a str)> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let taken = most.min(digits.saturating_sub(reserved).max(least));
        if taken < least || taken > digits || taken == 0 {
            return None;
        }
        Some((text[..taken].parse().ok()?, &text[taken..]))
    };
    // One letter takes as many digits as there are; two take two.
    let plain = || if count == 1 { number(1, 19) } else { number(count, count) };
    let within = |range: std::ops::RangeInclusive<i64>| plain().filter(|(value, _)| range.contains(value));
    let (slot, (value, rest)) = match letter {
        'y' | 'u' => (&mut found.year, read_year(letter == 'u', count, reserved, text)?),
        'M' | 'L' if count > 2 => {
            let (month, rest) = read_name(&MONTHS, count, text)?;
            (&mut found.month, (month as i64 + 1, rest))
        }
        'M' | 'L' => (&mut found.month, within(1..=12)?),
        'd' => (&mut found.day, within(1..=31)?),
        'D' => {
            let most = if count == 1 { 19 } else { 3 };
            (&mut found.day_of_year, number(count, most).filter(|(value, _)| (1..=366).contains(value))?)
        }
        'a' => {
            let (half, rest) = read_word(&["AM", "PM"], text)?;
            (&mut found.afternoon, (half, rest))
        }
        'H' | 'k' => {
            let (value, rest) = within(if letter == 'H' { 0..=23 } else { 1..=24 })?;
            (&mut found.hour, (value % 24, rest))
        }
        'h' | 'K' => {
            let (value, rest) = within(if letter == 'K' { 0..=11 } else { 1..=12 })?;
            (&mut found.hour12, (value % 12, rest))
        }
        'm' => (&mut found.minute, within(0..=59)?),
        's' => (&mut found.second, within(0..=59)?),
        'S' => {
            let digits = text.bytes().take(count).take_while(u8::is_ascii_digit).count();
            let value: i64 = text[..digits].parse().ok()?;
            (&mut found.nanos, (value * 10_i64.pow(9 - digits as u32), &text[digits..]))
        }
        'G' => {
            let names = if count == 4 { ["Anno Domini", "Before Christ"] } else { ["AD", "BC"] };
            (&mut found.before_christ, read_word(&names, text)?)
        }
        _ => return read_zone(letter, count, text, found),
    };
    // A field may stand twice if its values agree.
    (*slot.get_or_insert(value) == value).then_some(rest)
}

/// A year of four letters or more takes a plus, and must if it has more digits than the pattern.
/// One without an era takes a minus.
fn read_year(signed: bool, count: usize, reserved: usize, text: &str) -> Option<(i64, &str)> {
    let plus = text.strip_prefix('+').filter(|_| count >= 4);
    let minus = text.strip_prefix('-').filter(|_| count != 2 && signed);
    let unsigned = plus.or(minus).unwrap_or(text);
    let digits = unsigned.bytes().take(19 + reserved).take_while(u8::is_ascii_digit).count();
    let taken = match count {
        2 => 2,
        _ => digits.saturating_sub(reserved).max(count).min(19),
    };
    if taken > digits || count >= 4 && minus.is_none() && plus.is_some() != (taken > count) {
        return None;
    }
    let year: i64 = unsigned[..taken].parse().ok()?;
    let rest = &unsigned[taken..];
    let year = match (count, minus) {
        (2, _) => 2000 + year,
        (_, Some(_)) if year == 0 => return None,
        (_, Some(_)) => -year,
        (_, None) => year,
    };
    let least = if signed { -999_999_999 } else { 1 };
    (least..=999_999_999).contains(&year).then_some((year, rest))
}

/// The place of the word, in any case, that the text begins with.
fn read_word<'a>(words: &[&str], text: &'a str) -> Option<(i64, &'a str)> {
    let at =
        words.iter().position(|word| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)))?;
    Some((at as i64, &text[words[at].len()..]))
}

fn read_name<'a>(names: &[&'static str], count: usize, text: &'a str) -> Option<(usize, &'a str)> {
    let at = names.iter().position(|full| {
        let wanted = name(full, count);
        text.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted))
    })?;
    Some((at, &text[name(names[at], count).len()..]))
}

/// How long `UTC`, `GMT` or `UT` is where the offset behind it is not `+hh:mm` or `+hh:mm:ss`, and
/// so is not read.
fn prefix_alone(text: &str) -> Option<usize> {
    let prefix = ["UTC", "GMT", "UT"].into_iter().find(|prefix| text.starts_with(prefix))?;
    let offset = text[prefix.len()..].strip_prefix(['+', '-'])?;
    let shape: String = offset.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    (!matches!(shape.as_str(), "00:00" | "00:00:00")).then_some(prefix.len())
}

fn read_zone<'a>(letter: char, count: usize, text: &'a str, found: &mut ParsedFields) -> Option<&'a str> {
    let length = |accept: fn(char) -> bool| text.find(|c| !accept(c)).unwrap_or(text.len());
    let (zone, taken) = match letter {
        'V' | 'z' => {
            if letter == 'z'
                && let Some((place, rest)) = read_word(&ZONE_NAMES.map(|(name, _)| name), text)
            {
                (Zone::find(ZONE_NAMES[place as usize].1)?, text.len() - rest.len())
            } else {
                let taken = length(|c| c.is_ascii_alphanumeric() || "/_+-:".contains(c));
                let taken = prefix_alone(&text[..taken]).unwrap_or(taken);
                (Zone::find_in_any_case(&text[..taken])?, taken)
            }
        }
        'X' if text.starts_with(['Z', 'z']) => (Zone::Fixed(0), 1),
        'Z' if count == 5 && text.starts_with(['Z', 'z']) => (Zone::Fixed(0), 1),
        'O' => {
            let taken = length(|c| c.is_ascii_alphanumeric() || "+-:".contains(c));
            (Zone::find(&text[..taken]).filter(|_| text.starts_with("GMT"))?, taken)
        }
        _ => {
            let text = if letter == 'Z' && count == 4 { text.strip_prefix("GMT")? } else { text };
            let taken = 1 + text.get(1..)?.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len() - 1);
            let colons = text[..taken].contains(':');
            let wanted = matches!((letter, count), ('X' | 'x', 3 | 5) | ('Z', 4 | 5));
            let fits = match (letter, count) {
                ('X' | 'x', 1) => !colons,
                _ => taken > 3 && colons == wanted,
            };
            (Zone::find(&text[..taken]).filter(|_| fits && text.starts_with(['+', '-']))?, taken)
        }
    };
    found.zone = Some(zone);
    let skipped = if letter == 'Z' && count == 4 { 3 } else { 0 };
    Some(&text[skipped + taken..])
}

impl ParsedFields {
    /// Where a date is told twice, by day of the year and by month or day, both must agree.
    pub fn days(&self) -> Option<i64> {
        let year = self.year.map_or(1970, |year| if self.before_christ == Some(1) { 1 - year } else { year });
        let first = calendar::days(year, 1, 1)?;
        let days = match (self.month, self.day, self.day_of_year) {
            (None, _, Some(of_year)) | (_, None, Some(of_year)) => first + of_year - 1,
            (month, day, _) => calendar::days(year, month.unwrap_or(1) as u32, day.unwrap_or(1) as u32)?,
        };
        let (found_year, found_month, found_day) = calendar::civil(days);
        let agrees = found_year == year
            && self.month.is_none_or(|month| month == i64::from(found_month))
            && self.day.is_none_or(|day| day == i64::from(found_day))
            && self.day_of_year.is_none_or(|of_year| of_year == days - first + 1);
        agrees.then_some(days)
    }

    /// Whether there is a second without a minute, or a fraction without a second.
    fn has_gap(&self) -> bool {
        match (self.minute, self.second) {
            (None, second) => second.is_some() || self.nanos.is_some(),
            (Some(_), second) => second.is_none() && self.nanos.is_some(),
        }
    }

    pub fn local_micros(&self) -> Option<i64> {
        let hour = match (self.hour, self.hour12, self.afternoon) {
            (Some(hour), Some(twelve), Some(half)) => (hour == twelve + 12 * half).then_some(hour)?,
            // A time that lacks what stands between its parts is not looked at any further.
            (Some(hour), _, _) if self.has_gap() => hour,
            (Some(hour), twelve, half) => {
                let agrees =
                    twelve.is_none_or(|twelve| twelve == hour % 12) && half.is_none_or(|half| half == hour / 12);
                agrees.then_some(hour)?
            }
            (None, twelve, half) => twelve.unwrap_or(0) + 12 * half.unwrap_or(0),
        };
        let seconds = hour * 3600 + self.minute.unwrap_or(0) * 60 + self.second.unwrap_or(0);
        let seconds = self.days()?.checked_mul(SECONDS_PER_DAY)?.checked_add(seconds)?;
        seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(self.nanos.unwrap_or(0) / 1000)
    }
}
