//! Sizes and durations as options and configuration keys spell them.

use super::options::bad;
use crate::error::Result;

/// A size as Spark writes it: `4g`, `512m`, `64k`, `100b`, or a plain number of bytes.
pub fn parse_bytes(key: &str, text: &str) -> Result<u64> {
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
    let shift = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        "t" | "tb" => 40,
        _ => return Err(bad(key, "a size such as 512m or 4g", text)),
    };
    let number: u64 = digits.trim().parse().map_err(|_| bad(key, "a size such as 512m or 4g", text))?;
    number
        .checked_shl(shift)
        .filter(|bytes| bytes >> shift == number)
        .ok_or_else(|| bad(key, "a size below 2^64 bytes", text))
}

/// A time with a unit, as options and configuration keys spell it, in milliseconds.
pub fn parse_duration_ms(text: &str, bare_ms: i64) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: i64 = number.parse().ok()?;
    let unit_ms = match unit.trim() {
        "" => bare_ms,
        "us" => return Some(number / 1000),
        "ms" => 1,
        "s" | "second" | "seconds" => 1000,
        "m" | "min" | "minute" | "minutes" => 60_000,
        "h" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(unit_ms)
}
