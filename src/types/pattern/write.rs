//! Dates and times as text by a pattern.

use super::letters::PatternItem;
use super::{MONTHS, WEEKDAYS, name};
use crate::types::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::types::zone::{Zone, format_offset};

/// A clock reading to format, with the zone and instant it came from.
pub struct Local {
    pub micros: i64,
    pub zone: Option<(Zone, i64)>,
    /// Whether there is a time of day, which a date has not.
    pub timed: bool,
}

/// False, with `out` as it was, when a field asks for a time or a zone that is not there.
pub fn write_items(items: &[PatternItem], local: &Local, out: &mut String) -> bool {
    let start = out.len();
    for item in items {
        let written = match item {
            PatternItem::Literal(text) => {
                out.push_str(text);
                true
            }
            PatternItem::Optional(items) => {
                write_items(items, local, out);
                true
            }
            PatternItem::Field(letter, count) => write_field(*letter, *count, local, out).is_some(),
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
            out.push_str(&if count == 4 { zone.long_name(at) } else { zone.abbreviation(at) });
        }
        _ => {
            let (zone, at) = local.zone?;
            out.push_str(&offset_text(letter, count, zone.offset_at(at)));
        }
    }
    Some(())
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
