//! Time zones by the names that Java and Spark take: regions (`Europe/Paris`), offsets (`+01:00`,
//! `UTC+1`, `Z`) and Java's short ids (`PST`).

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

use super::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND};
use crate::error::{Error, Result};

/// A time zone: an offset from UTC in seconds, or a region with a history of offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    Fixed(i32),
    /// An offset that was written after `UTC`, `GMT` or `UT`, which its id keeps.
    Prefixed(&'static str, i32),
    Region(Tz),
}

/// Java's `ZoneId.SHORT_IDS`, which Spark allows.
const SHORT_IDS: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
    ("EST", "-05:00"),
    ("MST", "-07:00"),
    ("HST", "-10:00"),
];

/// Short names that Java knows and the tz database does not.
const SHORT_NAMES: &[(&str, &str)] = &[("America/Sao_Paulo", "BRT"), ("Asia/Dubai", "GST"), ("Asia/Singapore", "SGT")];

/// Long names of zones that many use: in winter, in summer where that has one, and whose they are.
const LONG_NAMES: &[(&str, &str, &[&str])] = &[
    ("Coordinated Universal Time", "", &["UTC", "Etc/UTC"]),
    ("Greenwich Mean Time", "", &["GMT", "Etc/GMT"]),
    ("Greenwich Mean Time", "British Summer Time", &["Europe/London"]),
    (
        "Central European Standard Time",
        "Central European Summer Time",
        &[
            "Europe/Amsterdam",
            "Europe/Berlin",
            "Europe/Brussels",
            "Europe/Copenhagen",
            "Europe/Madrid",
            "Europe/Oslo",
            "Europe/Paris",
            "Europe/Prague",
            "Europe/Rome",
            "Europe/Stockholm",
            "Europe/Vienna",
            "Europe/Warsaw",
            "Europe/Zurich",
        ],
    ),
    (
        "Eastern European Standard Time",
        "Eastern European Summer Time",
        &["Africa/Cairo", "Europe/Athens", "Europe/Helsinki"],
    ),
    ("Moscow Standard Time", "", &["Europe/Moscow"]),
    ("Gulf Standard Time", "", &["Asia/Dubai"]),
    ("India Standard Time", "", &["Asia/Kolkata", "Asia/Calcutta"]),
    ("China Standard Time", "", &["Asia/Shanghai"]),
    ("Singapore Standard Time", "", &["Asia/Singapore"]),
    ("Japan Standard Time", "", &["Asia/Tokyo"]),
    (
        "Australian Eastern Standard Time",
        "Australian Eastern Daylight Time",
        &["Australia/Sydney", "Australia/Melbourne"],
    ),
    ("New Zealand Standard Time", "New Zealand Daylight Time", &["Pacific/Auckland"]),
    ("Eastern Standard Time", "Eastern Daylight Time", &["America/New_York", "America/Toronto"]),
    ("Central Standard Time", "Central Daylight Time", &["America/Chicago"]),
    ("Mountain Standard Time", "Mountain Daylight Time", &["America/Denver", "America/Phoenix"]),
    ("Pacific Standard Time", "Pacific Daylight Time", &["America/Los_Angeles"]),
    ("Brasilia Standard Time", "", &["America/Sao_Paulo"]),
];

impl Zone {
    pub const UTC: Self = Self::Region(Tz::UTC);

    /// The zone of a name, or `None` where Java knows none.
    pub fn find(name: &str) -> Option<Self> {
        let name = name.trim();
        if name == "Z" {
            return Some(Self::Fixed(0));
        }
        if let Some((_, long)) = SHORT_IDS.iter().find(|(short, _)| *short == name) {
            return Self::find(long);
        }
        if let Ok(region) = name.parse() {
            return Some(Self::Region(region));
        }
        for prefix in ["UTC", "GMT", "UT"] {
            match name.strip_prefix(prefix) {
                Some("") => return Some(Self::Prefixed(prefix, 0)),
                Some(offset) => return offset_seconds(offset).map(|seconds| Self::Prefixed(prefix, seconds)),
                None => {}
            }
        }
        offset_seconds(name).map(Self::Fixed)
    }

    /// As [`Zone::find`], with the name of a region in any case.
    pub fn find_in_any_case(name: &str) -> Option<Self> {
        Self::find(name).or_else(|| {
            chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name)).copied().map(Self::Region)
        })
    }

    /// The zone of a name, or an error that names it.
    pub fn of(name: &str) -> Result<Self> {
        Self::find(name)
            .ok_or_else(|| Error::of(crate::error::condition::INVALID_TIMEZONE).with("timeZone", format!("'{name}'")))
    }

    /// Seconds that local time is ahead of UTC at an instant.
    pub fn offset_at(&self, micros: i64) -> i64 {
        match self {
            Self::Fixed(seconds) | Self::Prefixed(_, seconds) => i64::from(*seconds),
            Self::Region(Tz::UTC) => 0,
            Self::Region(region) => {
                i64::from(region.offset_from_utc_datetime(&calendar_time(micros)).fix().local_minus_utc())
            }
        }
    }

    /// The local clock reading at an instant, as microseconds.
    pub fn to_local(&self, micros: i64) -> i64 {
        micros.saturating_add(self.offset_at(micros) * MICROS_PER_SECOND)
    }

    /// The instant of a local clock reading. As in Java: a reading that occurs twice is the earlier
    /// one, and one that a clock change skips moves forward by the length of the gap.
    pub fn to_utc(&self, local: i64) -> Option<i64> {
        self.instant(local, None)
    }

    /// As [`to_utc`](Self::to_utc), but a reading that occurs twice is the one with this offset, as
    /// where Java moves a time.
    pub fn to_utc_near(&self, local: i64, offset: i64) -> Option<i64> {
        self.instant(local, Some(offset))
    }

    fn instant(&self, local: i64, preferred: Option<i64>) -> Option<i64> {
        let offset = match self {
            Self::Fixed(seconds) | Self::Prefixed(_, seconds) => i64::from(*seconds),
            Self::Region(Tz::UTC) => 0,
            Self::Region(region) => {
                let resolve = |micros: i64| {
                    let at = calendar_time(micros);
                    let seconds = |offset: chrono_tz::TzOffset| i64::from(offset.fix().local_minus_utc());
                    match region.offset_from_local_datetime(&at) {
                        LocalResult::Single(offset) => Some(seconds(offset)),
                        LocalResult::Ambiguous(_, later) if Some(seconds(later)) == preferred => Some(seconds(later)),
                        LocalResult::Ambiguous(earlier, _) => Some(seconds(earlier)),
                        LocalResult::None => None,
                    }
                };
                match resolve(local) {
                    Some(offset) => offset,
                    None => resolve(local.checked_sub(MICROS_PER_DAY)?)?,
                }
            }
        };
        local.checked_sub(offset * MICROS_PER_SECOND)
    }

    /// An instant moved by months, then by days of the local calendar, then by time that passes.
    /// After each of the first two steps a clock reading that a clock change skips moves forward,
    /// and one that occurs twice keeps its offset.
    pub fn plus(&self, instant: i64, months: i64, days: i64, micros: i64) -> Option<i64> {
        let mut at = instant;
        if months != 0 {
            at = self.move_date(at, |date| calendar::add_months(date, months))?;
        }
        if days != 0 {
            at = self.move_date(at, |date| date.checked_add(days))?;
        }
        at.checked_add(micros)
    }

    fn move_date(&self, instant: i64, moved: impl Fn(i64) -> Option<i64>) -> Option<i64> {
        let local = self.to_local(instant);
        let date = moved(local.div_euclid(MICROS_PER_DAY))?;
        let reading = date.checked_mul(MICROS_PER_DAY)?.checked_add(local.rem_euclid(MICROS_PER_DAY))?;
        self.to_utc_near(reading, self.offset_at(instant))
    }

    /// The zone's id as Java prints it.
    pub fn id(&self) -> String {
        match self {
            Self::Fixed(0) => "Z".to_owned(),
            Self::Fixed(seconds) => format_offset(i64::from(*seconds), true),
            Self::Prefixed(prefix, 0) => (*prefix).to_owned(),
            Self::Prefixed(prefix, seconds) => format!("{prefix}{}", format_offset(i64::from(*seconds), true)),
            Self::Region(region) => region.name().to_owned(),
        }
    }

    /// The short name at an instant, e.g. `CET`.
    pub fn abbreviation(&self, micros: i64) -> String {
        match self {
            Self::Fixed(_) | Self::Prefixed(..) => self.id(),
            Self::Region(region) if region.name().starts_with("Etc/GMT") && self.offset_at(micros) != 0 => {
                format!("GMT{}", format_offset(self.offset_at(micros), true))
            }
            Self::Region(region) => {
                let offset = region.offset_from_utc_datetime(&calendar_time(micros));
                match offset.abbreviation() {
                    // Java has no name for the time before zones, and shows the one of today.
                    Some("LMT") => self.abbreviation(self.standard_time()),
                    Some(abbreviation) => abbreviation.to_owned(),
                    None => {
                        let short = SHORT_NAMES.iter().find(|(zone, _)| *zone == region.name());
                        short.map_or(region.name(), |(_, short)| short).to_owned()
                    }
                }
            }
        }
    }

    /// An instant of these years at which no clock is put forward.
    fn standard_time(&self) -> i64 {
        let (january, july) = (1_704_067_200 * MICROS_PER_SECOND, 1_719_792_000 * MICROS_PER_SECOND);
        if self.is_summer(january) { july } else { january }
    }

    fn is_summer(&self, micros: i64) -> bool {
        match self {
            Self::Fixed(_) | Self::Prefixed(..) => false,
            Self::Region(region) => !region.offset_from_utc_datetime(&calendar_time(micros)).dst_offset().is_zero(),
        }
    }

    /// The long name at an instant, e.g. `Central European Summer Time`; of zones that few use
    /// their id.
    pub fn long_name(&self, micros: i64) -> String {
        let Self::Region(region) = self else { return self.id() };
        let summer = self.is_summer(micros);
        let named = LONG_NAMES.iter().find(|(_, _, zones)| zones.contains(&region.name()));
        match named {
            Some((standard, _, _)) if !summer => (*standard).to_owned(),
            Some((_, name, _)) if !name.is_empty() => (*name).to_owned(),
            _ if region.name().starts_with("Etc/GMT") => self.abbreviation(micros),
            _ => region.name().to_owned(),
        }
    }
}

/// A time for chrono, whose calendar ends before that of timestamps does. No zone changes its rules
/// out there.
fn calendar_time(micros: i64) -> NaiveDateTime {
    const LAST: i64 = 200_000 * 365 * 86_400;
    let seconds = micros.div_euclid(MICROS_PER_SECOND).clamp(-LAST, LAST);
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().naive_utc()
}

/// `+hh:mm` or `+hhmm`, with seconds where there are any.
pub fn format_offset(seconds: i64, colon: bool) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, rest) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let colon = if colon { ":" } else { "" };
    let mut text = format!("{sign}{hours:02}{colon}{minutes:02}");
    if rest != 0 {
        text.push_str(&format!("{colon}{rest:02}"));
    }
    text
}

/// `+h`, `+hh`, `+h:mm`, `+hh:m`, `+hh:mm`, `+hhmm`, `+hh:mm:ss`, `+hhmmss`, up to 18 hours.
fn offset_seconds(text: &str) -> Option<i32> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &text[1..];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit() || b == b':') {
        return None;
    }
    let parts: Vec<&str> = if digits.contains(':') {
        digits.split(':').collect()
    } else {
        match digits.len() {
            1 | 2 => vec![digits],
            4 => vec![&digits[..2], &digits[2..]],
            6 => vec![&digits[..2], &digits[2..4], &digits[4..]],
            _ => return None,
        }
    };
    if parts.len() > 3 || parts.iter().any(|part| part.is_empty() || part.len() > 2) {
        return None;
    }
    let number = |at: usize| parts.get(at).map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes, seconds) = (number(0)?, number(1)?, number(2)?);
    let total = hours * 3600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && total <= 18 * 3600).then_some(sign * total)
}
