//! Java's `DateTimeFormatter` patterns as Spark uses them: US names, any case, every digit where the pattern says, whole text or nothing.
//!
//! | letters | meaning |
//! |---|---|
//! | `y`, `M` `L`, `d`, `D`, `Q` `q` | year, month (`MMM` Jan, `MMMM` January), day of month, day of year, quarter |
//! | `H` `k` `h` `K`, `m`, `s`, `S`, `a` | hour (0-23, 1-24, 1-12, 0-11), minute, second, fraction, AM or PM |
//! | `E`, `F`, `G` | day of week (`E` Mon, `EEEE` Monday), aligned week, era |
//! | `V`, `z`, `O`, `X`, `x`, `Z` | zone id, zone name, `GMT+8`, offsets |
//! | `'text'`, `''`, `[optional]` | literal text, a quote, a part that may be absent |
//!
//! A fraction has as many digits as letters when it is written, and from one to as many when it is read.

use super::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND, SECONDS_PER_DAY};
use super::zone::{Zone, format_offset};
use crate::error::{Error, ErrorKind, Result, condition};

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

/// Letters of the week, which Spark 2 knew.
const WEEK_BASED: [char; 6] = ['Y', 'W', 'w', 'e', 'c', 'u'];

/// Names of zones that text has, the longer before those that they begin with. Short ones are the same in summer.
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
    zone: Option<Zone>,
}

impl Pattern {
    /// Reads a pattern that times are written by; a letter that Spark does not take is an error that names it.
    pub fn new(pattern: &str) -> Result<Self> {
        Self::made(pattern, "")
    }

    /// As [`Pattern::new`] for a pattern that text is read by: days of the week and quarters can only be written.
    pub fn for_parsing(pattern: &str) -> Result<Self> {
        Self::made(pattern, "EFQq")
    }

    fn made(pattern: &str, refused: &str) -> Result<Self> {
        let made = check_letters(pattern, refused).and_then(|()| items(pattern));
        match made {
            Ok(items) if has_era(&items) => Ok(Self(items)),
            Ok(items) => Ok(Self(items.into_iter().map(without_era).collect())),
            // As in Spark, which names its version where the pattern had a meaning before.
            Err(error) if is_of_spark_2(pattern) => Err(Error::of(condition::UPGRADE_DATETIME_PATTERN)
                .with("pattern", format!("'{pattern}'"))
                .with("why", error.message())),
            Err(error) => Err(error),
        }
    }

    /// Appends an instant, read in `zone`.
    pub fn format_timestamp(&self, micros: i64, zone: Zone, out: &mut String) {
        let local = Local { micros: zone.to_local(micros), zone: Some((zone, micros)), timed: true };
        write_items(&self.0, &local, out);
    }

    /// A date, in days since the epoch; an error where the pattern asks for a time or a zone outside an optional part.
    pub fn date(&self, days: i32) -> Result<String> {
        let (micros, mut out) = (i64::from(days) * MICROS_PER_DAY, String::new());
        if write_items(&self.0, &Local { micros, zone: None, timed: false }, &mut out) {
            return Ok(out);
        }
        Err(Error::new(ErrorKind::DateTime, "the date pattern asks for a time of day or a zone, which a date has not"))
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

/// The letters of a pattern outside quotes, each run of one letter once.
fn runs(pattern: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    let mut quoted = false;
    let mut last = None;
    for c in pattern.chars() {
        quoted ^= c == '\'';
        if !quoted && c.is_ascii_alphabetic() {
            match runs.last_mut().filter(|_| last == Some(c)) {
                Some((_, count)) => *count += 1,
                None => runs.push((c, 1)),
            }
        }
        last = Some(c);
    }
    runs
}

/// Refuses letters that Java takes and Spark does not, and `refused`.
fn check_letters(pattern: &str, refused: &str) -> Result<()> {
    let runs = runs(pattern);
    if let Some((letter, _)) = runs.iter().find(|(letter, _)| WEEK_BASED.contains(letter)) {
        return Err(Error::of(condition::WEEK_BASED_DATETIME_PATTERN)
            .with("pattern", format!("'{pattern}'"))
            .with("c", letter));
    }
    if let Some((letter, _)) = runs.iter().find(|(letter, _)| "ABnNp".contains(*letter) || refused.contains(*letter)) {
        return Err(Error::of(condition::INVALID_DATETIME_PATTERN_ILLEGAL_CHARACTER)
            .with("pattern", format!("'{pattern}'"))
            .with("c", letter));
    }
    let long = |(letter, count): &(char, usize)| match letter {
        'G' | 'M' | 'L' | 'E' | 'Q' | 'q' => *count > 4,
        'y' => *count > 6,
        _ => false,
    };
    if runs.iter().any(long) {
        return Err(Error::of(condition::INVALID_DATETIME_PATTERN_LENGTH).with("pattern", format!("'{pattern}'")));
    }
    Ok(())
}

/// Whether `SimpleDateFormat`, by which Spark 2 read patterns, takes this one.
fn is_of_spark_2(pattern: &str) -> bool {
    pattern.matches('\'').count().is_multiple_of(2)
        && runs(pattern)
            .iter()
            .all(|(letter, count)| "GyMdkHmsSEDFwWahKzZYuXL".contains(*letter) && (*letter != 'X' || *count <= 3))
}

fn has_era(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Field(letter, _) => *letter == 'G',
        Item::Optional(items) => has_era(items),
        Item::Literal(_) => false,
    })
}

/// Where no era stands, a year has a sign.
fn without_era(item: Item) -> Item {
    match item {
        Item::Field('y', count) => Item::Field('u', count),
        Item::Optional(items) => Item::Optional(items.into_iter().map(without_era).collect()),
        item => item,
    }
}

fn unreadable(pattern: &str, why: &str) -> Error {
    Error::of(condition::INVALID_DATETIME_PATTERN_WITH_SUGGESTION)
        .with("pattern", format!("'{pattern}'"))
        .with("why", why)
}

/// A pattern's parts.
fn items(pattern: &str) -> Result<Vec<Item>> {
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
                        (None, _) => return Err(unreadable(pattern, "a quote is not closed")),
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
                _ => return Err(unreadable(pattern, "a ] closes nothing")),
            },
            letter if letter.is_ascii_alphabetic() => {
                while letters.get(at) == Some(&letter) {
                    at += 1;
                }
                field(pattern, letter, at - start)?
            }
            '{' | '}' | '#' => return Err(unreadable(pattern, &format!("{letter} is reserved"))),
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
    Ok(open.pop().unwrap_or_default())
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
        _ => return Err(unreadable(pattern, &format!("the letter {letter} has no meaning"))),
    };
    let even = !(letter == 'V' && count != 2 || letter == 'O' && count != 1 && count != 4);
    if count > most || !even {
        return Err(unreadable(pattern, &format!("it has {count} letters {letter} in a row")));
    }
    Ok(Item::Field(letter, count))
}

/// A clock reading to format, with the zone and instant it came from.
struct Local {
    micros: i64,
    zone: Option<(Zone, i64)>,
    /// Whether there is a time of day, which a date has not.
    timed: bool,
}

/// False, with `out` as it was, when a field asks for a time or a zone that is not there.
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
    if !local.timed && "HkhKmsSa".contains(letter) {
        return None;
    }
    let days = local.micros.div_euclid(MICROS_PER_DAY);
    let of_day = local.micros.rem_euclid(MICROS_PER_DAY);
    let hour = of_day / (3600 * MICROS_PER_SECOND);
    let (year, month, day) = calendar::civil(days);
    let mut number = |value: i64, width: usize| out.push_str(&format!("{value:0width$}"));
    match letter {
        'y' | 'u' => {
            let shown = if letter == 'u' || year > 0 { year } else { 1 - year };
            match count {
                2 => number(shown.abs() % 100, 2),
                _ if count >= 4 && shown >= 10_i64.pow(count as u32) => out.push_str(&format!("+{shown}")),
                // The sign is none of the digits.
                _ if shown < 0 => out.push_str(&format!("-{:0count$}", -shown)),
                _ => number(shown, count),
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
        // A longer fraction takes as many digits as there are.
        Item::Field('S', 1) => Some(1),
        Item::Field('M' | 'L' | 'y' | 'u' | 'd' | 'H' | 'k' | 'h' | 'K' | 'm' | 's', 2) => Some(2),
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

/// A year of four letters or more takes a plus, and must if it has more digits than the pattern. One without an era takes a minus.
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
    fn days(&self) -> Option<i64> {
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

    fn local_micros(&self) -> Option<i64> {
        let hour = match (self.hour, self.hour12, self.afternoon) {
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
