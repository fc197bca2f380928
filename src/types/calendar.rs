//! The proleptic Gregorian calendar as plain arithmetic on days since 1970-01-01: what parsing,
//! formatting and date functions share.

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const SECONDS_PER_DAY: i64 = 86_400;
pub const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

/// Year, month (1 to 12) and day of month of a day number.
///
/// Howard Hinnant's algorithm: eras of 400 years that begin on 1 March, so that the leap day is the
/// last of its year.
pub fn civil(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day number of a date, or `None` where the calendar has no such day.
pub fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) || year.abs() > 5_900_000 {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

pub fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// 0 for Monday to 6 for Sunday.
pub fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// 1 for 1 January.
pub fn day_of_year(days_number: i64) -> i64 {
    let (year, ..) = civil(days_number);
    days_number - days(year, 1, 1).unwrap_or(days_number) + 1
}

/// The year and number of the ISO week that holds a day.
pub fn iso_week(days_number: i64) -> (i64, i64) {
    let thursday = days_number - weekday(days_number) + 3;
    let (year, ..) = civil(thursday);
    (year, (day_of_year(thursday) - 1) / 7 + 1)
}

/// The day `months` later; the day of month is cut to the length of its new month.
pub fn add_months(days_number: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil(days_number);
    let index = (year * 12 + i64::from(month) - 1).checked_add(months)?;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
    days(year, month, day.min(days_in_month(year, month)))
}
