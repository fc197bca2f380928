//! Java's `DateTimeFormatter` patterns as Spark uses them: US names, any case, every digit where the pattern says, whole text or nothing.
//!
//! | letters | meaning |
//! |---|---|
//! | `y`, `M` `L`, `d`, `D`, `Q` `q` | year, month (`MMM` Jan, `MMMM` January), day of month, day of year, quarter |
//! | `H` `k` `h` `K`, `m`, `s`, `S`, `a` | hour (0-23, 1-24, 1-12, 0-11), minute, second, fraction, AM or PM |
//! | `E`, `F`, `G` | day of week (`E` Mon, `EEEE` Monday), aligned week, era |
//! | `V`, `z`, `O`, `X`, `x`, `Z` | zone id, zone name, `GMT+8`, offsets |
//! | `'text'`, `''`, `[optional]` | literal text, a quote, a part that may be absent |

use super::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND, SECONDS_PER_DAY};
use super::zone::{Zone, format_offset};
use crate::error::{Error, Result, condition};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A pattern, read once and used for a whole column.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<Item>);

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Literal(String),
    /// A field and how often its letter stands.
    Field(char, usize),
    Optional(Vec<Item>),
}

/// What a parse found. A field that the pattern lacks is 1970, January, the first, midnight.
#[derive(Clone, Copy, Debug, Default)]
struct ParsedFields {
    year: Option<i64>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    hour12: Option<i64>,
    afternoon: Option<bool>,
    minute: i64,
    second: i64,
    nanos: i64,
    before_christ: bool,
    zone: Option<Zone>,
}

impl Pattern {
    /// Reads a pattern; a letter that Spark does not take is an error that names it.
    pub fn new(pattern: &str) -> Result<Self> {
        let letters: Vec<char> = pattern.chars().collect();
        let mut open: Vec<Vec<Item>> = vec![Vec::new()];
        let mut at = 0;
        while at < letters.len() {
            let letter = letters[at];
            let start = at;
            at += 1;
            let item = match letter {
                '\'' => {
                    let mut text = String::new();
                    loop {
                        match (letters.get(at), letters.get(at + 1)) {
                            (Some('\''), Some('\'')) => {
                                text.push('\'');
                                at += 2;
                            }
                            (Some('\''), _) => {
                                at += 1;
                                break;
                            }
                            (Some(other), _) => {
                                text.push(*other);
                                at += 1;
                            }
                            (None, _) => return Err(illegal(pattern, letter)),
                        }
                    }
                    Item::Literal(if at - start == 2 { "'".to_owned() } else { text })
                }
                '[' => {
                    open.push(Vec::new());
                    continue;
                }
                ']' => match open.pop() {
                    Some(items) if !open.is_empty() => Item::Optional(items),
                    _ => return Err(illegal(pattern, letter)),
                },
                'Y' | 'W' | 'w' | 'e' | 'c' | 'u' => {
                    return Err(Error::of(condition::UPGRADE_DATETIME_PATTERN)
                        .with("pattern", format!("'{pattern}'"))
                        .with("c", letter));
                }
                letter if letter.is_ascii_alphabetic() => {
                    while letters.get(at) == Some(&letter) {
                        at += 1;
                    }
                    field(pattern, letter, at - start)?
                }
                '{' | '}' | '#' => return Err(illegal(pattern, letter)),
                other => Item::Literal(other.to_string()),
            };
            if let Some(items) = open.last_mut() {
                items.push(item);
            }
        }
        // Java closes what is left open at the end.
        while open.len() > 1 {
            let items = open.pop().unwrap_or_default();
            if let Some(outer) = open.last_mut() {
                outer.push(Item::Optional(items));
            }
        }
        Ok(Self(open.pop().unwrap_or_default()))
    }

    /// Appends an instant, read in `zone`.
    pub fn format_timestamp(&self, micros: i64, zone: Zone, out: &mut String) {
        let local = Local { micros: zone.to_local(micros), zone: Some((zone, micros)) };
        write_items(&self.0, &local, out);
    }

    /// Appends a clock reading that has no zone; `None` where the pattern asks for one outside an optional part.
    pub fn format_local(&self, micros: i64, out: &mut String) -> Option<()> {
        write_items(&self.0, &Local { micros, zone: None }, out).then_some(())
    }

    /// The instant that text names; without a zone of its own it is a reading in `zone`.
    pub fn parse_timestamp(&self, text: &str, zone: Zone) -> Option<i64> {
        let found = self.read(text)?;
        found.zone.unwrap_or(zone).to_utc(found.local_micros()?)
    }

    /// The clock reading that text names; a zone is passed over.
    pub fn parse_local(&self, text: &str) -> Option<i64> {
        self.read(text)?.local_micros()
    }

    /// The date that text names; a time is passed over.
    pub fn parse_date(&self, text: &str) -> Option<i32> {
        i32::try_from(self.read(text)?.days()?).ok()
    }

    fn read(&self, text: &str) -> Option<ParsedFields> {
        let mut found = ParsedFields::default();
        let rest = read_items(&self.0, text, &mut found)?;
        rest.is_empty().then_some(found)
    }
}

fn illegal(pattern: &str, letter: char) -> Error {
    Error::of(condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER)
        .with("pattern", format!("'{pattern}'"))
        .with("c", letter)
}

/// A field, when its letter may stand `count` times.
fn field(pattern: &str, letter: char, count: usize) -> Result<Item> {
    let most = match letter {
        'y' => 6,
        'M' | 'L' | 'E' | 'G' | 'O' | 'z' => 4,
        'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's' => 2,
        'D' => 3,
        'Q' | 'q' => 4,
        'F' | 'a' => 1,
        'S' => 9,
        'V' => 2,
        'X' | 'x' | 'Z' => 5,
        _ => return Err(illegal(pattern, letter)),
    };
    let even = !(letter == 'V' && count != 2 || letter == 'O' && count != 1 && count != 4);
    if count > most || !even {
        return Err(Error::of(condition::INVALID_DATETIME_PATTERN_LENGTH).with("pattern", format!("'{pattern}'")));
    }
    Ok(Item::Field(letter, count))
}

/// A clock reading to format, with the zone and instant it came from.
struct Local {
    micros: i64,
    zone: Option<(Zone, i64)>,
}

/// False, with `out` as it was, when a field asks for a zone that is not there.
fn write_items(items: &[Item], local: &Local, out: &mut String) -> bool {
    let start = out.len();
    for item in items {
        let written = match item {
            Item::Literal(text) => {
                out.push_str(text);
                true
            }
            Item::Optional(items) => {
                write_items(items, local, out);
                true
            }
            Item::Field(letter, count) => write_field(*letter, *count, local, out).is_some(),
        };
        if !written {
            out.truncate(start);
            return false;
        }
    }
    true
}

fn write_field(letter: char, count: usize, local: &Local, out: &mut String) -> Option<()> {
    let days = local.micros.div_euclid(MICROS_PER_DAY);
    let of_day = local.micros.rem_euclid(MICROS_PER_DAY);
    let hour = of_day / (3600 * MICROS_PER_SECOND);
    let (year, month, day) = calendar::civil(days);
    let mut number = |value: i64, width: usize| out.push_str(&format!("{value:0width$}"));
    match letter {
        'y' => {
            let of_era = if year > 0 { year } else { 1 - year };
            match count {
                2 => number(of_era % 100, 2),
                _ if count >= 4 && of_era >= 10_i64.pow(count as u32) => out.push_str(&format!("+{of_era}")),
                _ => number(of_era, count),
            }
        }
        'M' | 'L' if count > 2 => out.push_str(name(MONTHS[month as usize - 1], count)),
        'M' | 'L' => number(i64::from(month), count),
        'd' => number(i64::from(day), count),
        'D' => number(calendar::day_of_year(days), count),
        'Q' | 'q' => {
            let quarter = (month - 1) / 3 + 1;
            match count {
                1 | 2 => number(i64::from(quarter), count),
                3 => out.push_str(&format!("Q{quarter}")),
                _ => out.push_str(&format!("{} quarter", ["1st", "2nd", "3rd", "4th"][quarter as usize - 1])),
            }
        }
        'F' => number(i64::from((day - 1) % 7 + 1), count),
        'G' => out.push_str(match (year > 0, count) {
            (true, 4) => "Anno Domini",
            (false, 4) => "Before Christ",
            (true, _) => "AD",
            (false, _) => "BC",
        }),
        'E' => out.push_str(name(WEEKDAYS[calendar::weekday(days) as usize], if count < 4 { 3 } else { 4 })),
        'a' => out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'H' => number(hour, count),
        'k' => number(if hour == 0 { 24 } else { hour }, count),
        'K' => number(hour % 12, count),
        'h' => number(if hour % 12 == 0 { 12 } else { hour % 12 }, count),
        'm' => number(of_day / (60 * MICROS_PER_SECOND) % 60, count),
        's' => number(of_day / MICROS_PER_SECOND % 60, count),
        'S' => {
            let nanos = format!("{:06}000", of_day % MICROS_PER_SECOND);
            out.push_str(&nanos[..count]);
        }
        'V' => out.push_str(&local.zone?.0.id()),
        'z' => {
            let (zone, at) = local.zone?;
            out.push_str(&if count == 4 { zone.id() } else { zone.abbreviation(at) });
        }
        _ => {
            let (zone, at) = local.zone?;
            out.push_str(&offset_text(letter, count, zone.offset_at(at)));
        }
    }
    Some(())
}

/// A name, or its first three letters.
fn name(full: &'static str, count: usize) -> &'static str {
    if count < 4 { &full[..3] } else { full }
}

fn offset_text(letter: char, count: usize, seconds: i64) -> String {
    match (letter, count) {
        ('X', _) if seconds == 0 => "Z".to_owned(),
        ('Z', 5) if seconds == 0 => "Z".to_owned(),
        ('O', _) | ('Z', 4) => {
            let long = letter == 'Z' || count == 4;
            match seconds {
                0 => "GMT".to_owned(),
                _ if long => format!("GMT{}", format_offset(seconds, true)),
                _ => {
                    let sign = if seconds < 0 { '-' } else { '+' };
                    let minutes = seconds.abs() / 60 % 60;
                    let minutes = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
                    format!("GMT{sign}{}{minutes}", seconds.abs() / 3600)
                }
            }
        }
        ('X' | 'x', 1) => {
            let text = format_offset(seconds / 60 * 60, false);
            text.strip_suffix("00").map_or(text.clone(), str::to_owned)
        }
        ('X' | 'x', 2) => format_offset(seconds / 60 * 60, false),
        ('X' | 'x', 3) => format_offset(seconds / 60 * 60, true),
        ('X' | 'x', 4) => format_offset(seconds, false),
        ('Z', 1..=3) => format_offset(seconds / 60 * 60, false),
        _ => format_offset(seconds, true),
    }
}

fn read_items<'a>(items: &[Item], mut text: &'a str, found: &mut ParsedFields) -> Option<&'a str> {
    for (at, item) in items.iter().enumerate() {
        text = match item {
            Item::Literal(literal) => {
                let head = text.get(..literal.len())?;
                if !head.eq_ignore_ascii_case(literal) {
                    return None;
                }
                &text[literal.len()..]
            }
            Item::Optional(items) => {
                let before = *found;
                match read_items(items, text, found) {
                    Some(rest) => rest,
                    None => {
                        *found = before;
                        text
                    }
                }
            }
            Item::Field(letter, count) => read_field(*letter, *count, following_digits(&items[at + 1..]), text, found)?,
        };
    }
    Some(text)
}

/// Digits that the fixed-width numbers right after a number take from it: `yyyyMMdd`.
fn following_digits(items: &[Item]) -> usize {
    let width = |item: &Item| match item {
        Item::Field('S', count) => Some(*count),
        Item::Field('M' | 'L' | 'y' | 'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's', 2) => Some(2),
        Item::Field('D', 3) => Some(3),
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
    let plain = || if count == 1 { number(1, 18) } else { number(count, count) };
    let within = |range: std::ops::RangeInclusive<i64>| plain().filter(|(value, _)| range.contains(value));
    match letter {
        'y' => {
            let (year, rest) = match count {
                2 => number(2, 2).map(|(year, rest)| (2000 + year, rest))?,
                _ if count >= 4 => match text.strip_prefix('+') {
                    Some(signed) => {
                        let digits = signed.bytes().take_while(u8::is_ascii_digit).count();
                        let taken = digits.saturating_sub(reserved);
                        (signed.get(..taken)?.parse().ok().filter(|_| taken > count)?, &signed[taken..])
                    }
                    None => number(count, count)?,
                },
                _ => number(count, 18)?,
            };
            found.year = Some(year);
            Some(rest)
        }
        'M' | 'L' if count > 2 => {
            let (month, rest) = read_name(&MONTHS, count, text)?;
            found.month = Some(month as u32 + 1);
            Some(rest)
        }
        'M' | 'L' => within(1..=12).map(|(value, rest)| {
            found.month = Some(value as u32);
            rest
        }),
        'd' => within(1..=31).map(|(value, rest)| {
            found.day = Some(value as u32);
            rest
        }),
        'D' => {
            let (value, rest) = number(count, 3).filter(|(value, _)| (1..=366).contains(value))?;
            found.day_of_year = Some(value);
            Some(rest)
        }
        'E' => {
            let (weekday, rest) = read_name(&WEEKDAYS, count, text)?;
            found.weekday = Some(weekday as i64);
            Some(rest)
        }
        'a' => {
            let half = text.get(..2)?;
            found.afternoon = Some(half.eq_ignore_ascii_case("PM"));
            (found.afternoon == Some(true) || half.eq_ignore_ascii_case("AM")).then(|| &text[2..])
        }
        'H' | 'k' => {
            let (value, rest) = within(if letter == 'H' { 0..=23 } else { 1..=24 })?;
            found.hour = Some(value % 24);
            Some(rest)
        }
        'h' | 'K' => {
            let (value, rest) = within(if letter == 'K' { 0..=11 } else { 1..=12 })?;
            found.hour12 = Some(value % 12);
            Some(rest)
        }
        'm' => {
            let (value, rest) = within(0..=59)?;
            found.minute = value;
            Some(rest)
        }
        's' => {
            let (value, rest) = within(0..=59)?;
            found.second = value;
            Some(rest)
        }
        'S' => {
            let (value, rest) = number(count, count)?;
            found.nanos = value * 10_i64.pow(9 - count as u32);
            Some(rest)
        }
        'G' => {
            let names = if count == 4 { ["Anno Domini", "Before Christ"] } else { ["AD", "BC"] };
            let at = names
                .iter()
                .position(|name| text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)))?;
            found.before_christ = at == 1;
            Some(&text[names[at].len()..])
        }
        'Q' | 'q' | 'F' => plain().map(|(_, rest)| rest),
        _ => read_zone(letter, count, text, found),
    }
}

fn read_name<'a>(names: &[&'static str], count: usize, text: &'a str) -> Option<(usize, &'a str)> {
    let at = names.iter().position(|full| {
        let wanted = name(full, count);
        text.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted))
    })?;
    Some((at, &text[name(names[at], count).len()..]))
}

fn read_zone<'a>(letter: char, count: usize, text: &'a str, found: &mut ParsedFields) -> Option<&'a str> {
    let length = |accept: fn(char) -> bool| text.find(|c| !accept(c)).unwrap_or(text.len());
    let (zone, taken) = match letter {
        'V' | 'z' => {
            let taken = length(|c| c.is_ascii_alphanumeric() || "/_+-:".contains(c));
            (Zone::find(&text[..taken])?, taken)
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
    fn days(&self) -> Option<i64> {
        let year = self.year.unwrap_or(1970);
        let year = if self.before_christ { 1 - year } else { year };
        let days = match self.day_of_year {
            Some(day) if self.month.is_none() => {
                let limit = if calendar::is_leap(year) { 366 } else { 365 };
                calendar::days(year, 1, 1).filter(|_| day <= limit)? + day - 1
            }
            _ => calendar::days(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        (self.weekday.is_none_or(|weekday| weekday == calendar::weekday(days))).then_some(days)
    }

    fn local_micros(&self) -> Option<i64> {
        let hour = match (self.hour, self.hour12) {
            (Some(hour), _) => hour,
            (None, Some(hour)) => hour + if self.afternoon == Some(true) { 12 } else { 0 },
            (None, None) => {
                if self.afternoon == Some(true) {
                    12
                } else {
                    0
                }
            }
        };
        let seconds = hour * 3600 + self.minute * 60 + self.second;
        let seconds = self.days()?.checked_mul(SECONDS_PER_DAY)?.checked_add(seconds)?;
        seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(self.nanos / 1000)
    }
}
