//! Spark's interval text: `10 minutes`, `interval 1 hour -2.5 seconds`.

use crate::error::{Error, ErrorKind, Result, condition};

/// The delay of a watermark, `10 minutes`, in milliseconds; a month counts 31 days.
pub fn watermark_delay_ms(text: &str) -> Result<i64> {
    let unparsed = |_| {
        Error::of(condition::CANNOT_PARSE_INTERVAL)
            .with("intervalString", format!("'{text}'"))
            .as_kind(ErrorKind::Analysis)
    };
    // `INTERVAL '5' SECOND` is SQL's form of the same.
    let plain = match text.trim().get(..8) {
        Some(word) if word.eq_ignore_ascii_case("interval") => &text.replace('\'', " "),
        _ => text,
    };
    let (months, micros) = months_and_micros(plain).map_err(unparsed)?;
    let ms = months.saturating_mul(31 * 86_400_000).saturating_add(micros / 1000);
    if ms < 0 {
        return Err(Error::illegal(format!(
            "requirement failed: the delay of a watermark ({text}) should not be negative"
        )));
    }
    Ok(ms)
}

/// Spark's interval text in microseconds. Months and years have no fixed length and are refused.
pub fn micros(text: &str) -> Result<i64> {
    match months_and_micros(text)? {
        (0, micros) => Ok(micros),
        _ => Err(Error::of(condition::INTERVAL_WITH_MONTHS).with("interval", text)),
    }
}

/// Spark's interval text, `interval 1 month 2.5 seconds`, in months and microseconds.
pub fn months_and_micros(text: &str) -> Result<(i64, i64)> {
    let (months, days, micros) = calendar_parts(text)?;
    let overflow = || Error::of(condition::INTERVAL_OVERFLOW).with("input", text).with("word", text);
    let all = days.checked_mul(86_400_000_000).and_then(|days| days.checked_add(micros)).ok_or_else(overflow)?;
    Ok((months, all))
}

/// Spark's interval text in months, days and microseconds.
pub fn calendar_parts(text: &str) -> Result<(i64, i64, i64)> {
    let fail = |condition, slot: &'static str, found: &str| Error::of(condition).with("input", text).with(slot, found);
    let lower = text.trim().to_lowercase();
    let mut words = lower.split_whitespace().peekable();
    words.next_if_eq(&"interval");
    if words.peek().is_none() {
        return Err(fail(condition::INTERVAL_EMPTY, "word", ""));
    }
    let (mut months, mut days, mut micros): (i64, i64, i64) = (0, 0, 0);
    while let Some(mut number) = words.next() {
        let mut sign = 1;
        if let Some(alone) = [("+", 1), ("-", -1)].into_iter().find(|(symbol, _)| *symbol == number) {
            sign = alone.1;
            number = words.next().ok_or_else(|| fail(condition::INTERVAL_MISSING_NUMBER, "word", alone.0))?;
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if !number.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            return Err(fail(condition::INTERVAL_UNRECOGNIZED_NUMBER, "number", number));
        }
        let (sign, whole) = match whole.strip_prefix('-') {
            Some(rest) => (-sign, rest),
            None => (sign, whole.strip_prefix('+').unwrap_or(whole)),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 9 || (whole.is_empty() && fraction.is_empty()) {
            return Err(fail(condition::INTERVAL_INVALID_VALUE, "value", number));
        }
        let unit = words.next().ok_or_else(|| fail(condition::INTERVAL_MISSING_UNIT, "word", number))?;
        let (total, unit_size): (_, i64) = match unit.strip_suffix('s').unwrap_or(unit) {
            "year" => (&mut months, 12),
            "month" => (&mut months, 1),
            "week" => (&mut days, 7),
            "day" => (&mut days, 1),
            "hour" => (&mut micros, 3_600_000_000),
            "minute" => (&mut micros, 60_000_000),
            "second" => (&mut micros, 1_000_000),
            "millisecond" => (&mut micros, 1000),
            "microsecond" => (&mut micros, 1),
            _ => return Err(fail(condition::INTERVAL_INVALID_UNIT, "unit", unit)),
        };
        if number.contains('.') && unit_size != 1_000_000 {
            return Err(fail(condition::INTERVAL_INVALID_FRACTION, "unit", unit));
        }
        // Nanoseconds below a microsecond are cut off.
        let fraction: i64 = format!("{fraction:0<6}")[..6].parse().unwrap_or(0);
        let whole = if whole.is_empty() { Some(0) } else { whole.parse::<i64>().ok() };
        *total = whole
            .and_then(|whole| {
                whole.checked_mul(unit_size)?.checked_add(fraction)?.checked_mul(sign)?.checked_add(*total)
            })
            .ok_or_else(|| fail(condition::INTERVAL_OVERFLOW, "word", number))?;
    }
    Ok((months, days, micros))
}
