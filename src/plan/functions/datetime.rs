//! Dates and times: their parts, arithmetic, truncation. Text to times and back is `timetext`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, TimestampMicrosecondArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Fields, IntervalMonthDayNano, IntervalUnit, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;

use super::CallContext;
use super::Definition::Scalar;
use super::args::{cast_all, constant_text, count, implicit, literal, unexpected};
use super::conditional::{fixed, single};
use super::per_value::{
    Date, DateOut, Int, IntervalOut, Long, MicrosOut, MonthsOut, Text, Timestamp, TimestampNtz, TimestampNtzOut,
    TimestampOut, kernel, map1, map2, one, one_or, safe_kernel, two, two_or,
};
use crate::error::{Error, ErrorKind, Result, condition};
use crate::plan::kernels::arithmetic::overflow;
use crate::plan::kernels::cast::beyond_timestamps;
use crate::plan::resolve::cast::cast;
use crate::plan::resolve::coerce::is_numeric;
use crate::plan::resolve::date_arithmetic;
use crate::plan::typed::Typed;
use crate::types::calendar::{self, MICROS_PER_DAY, MICROS_PER_SECOND, SECONDS_PER_DAY};
use crate::types::interval::months_and_micros;
use crate::types::zone::Zone;
use crate::types::{self, day_time_interval, timestamp, timestamp_ntz};

pub const TABLE: super::DefinitionTable = &[
    (
        "add_months",
        Scalar(|c, a| {
            two_or::<Date, Int, DateOut>(c, a, |day, months| {
                calendar::add_months(day.into(), months.into())
                    .map_or_else(|| Err(out_of_range()), |day| Ok(Some(DateOut(day as i32))))
            })
        }),
    ),
    ("convert_timezone", Scalar(convert_timezone)),
    (
        "current_timezone",
        Scalar(|c, a| {
            count(c, &a, 0..=0)?;
            Ok(literal(ScalarValue::Utf8(Some(c.conf.time_zone().to_owned()))))
        }),
    ),
    (
        "date_add",
        Scalar(|c, a| {
            let [day, n] = fixed(c, a)?;
            add_days(c, day, n, false)
        }),
    ),
    (
        "dateadd",
        Scalar(|c, a| {
            let [day, n] = fixed(c, a)?;
            add_days(c, day, n, false)
        }),
    ),
    (
        "date_sub",
        Scalar(|c, a| {
            let [day, n] = fixed(c, a)?;
            add_days(c, day, n, true)
        }),
    ),
    ("datediff", Scalar(date_diff)),
    ("date_diff", Scalar(date_diff)),
    ("date_from_unix_date", Scalar(|c, a| one::<Int, DateOut>(c, a, DateOut))),
    ("date_part", Scalar(extract)),
    ("datepart", Scalar(extract)),
    ("extract", Scalar(extract)),
    ("date_trunc", Scalar(date_trunc)),
    (
        "trunc",
        Scalar(|c, a| {
            two_or::<Date, Text, DateOut>(c, a, |day, unit| {
                Ok(DateTimeUnit::of(unit)
                    .filter(|unit| unit.is_date())
                    .map(|unit| DateOut(unit.floor_day(day.into()) as i32)))
            })
        }),
    ),
    ("day", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::civil(day.into()).2 as i32))),
    ("dayofmonth", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::civil(day.into()).2 as i32))),
    (
        "dayname",
        Scalar(|c, a| {
            one::<Date, String>(c, a, |day| {
                ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][calendar::weekday(day.into()) as usize].to_owned()
            })
        }),
    ),
    (
        "monthname",
        Scalar(|c, a| one::<Date, String>(c, a, |day| MONTHS[calendar::civil(day.into()).1 as usize - 1].to_owned())),
    ),
    ("dayofweek", Scalar(|c, a| one::<Date, i32>(c, a, day_of_week))),
    ("dayofyear", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::day_of_year(day.into()) as i32))),
    ("weekday", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::weekday(day.into()) as i32))),
    ("weekofyear", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::iso_week(day.into()).1 as i32))),
    ("month", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::civil(day.into()).1 as i32))),
    ("quarter", Scalar(|c, a| one::<Date, i32>(c, a, |day| (calendar::civil(day.into()).1 as i32 - 1) / 3 + 1))),
    ("year", Scalar(|c, a| one::<Date, i32>(c, a, |day| calendar::civil(day.into()).0 as i32))),
    ("hour", Scalar(|c, a| clock_part(c, a, |micros| (micros / (3600 * MICROS_PER_SECOND)) as i32))),
    ("minute", Scalar(|c, a| clock_part(c, a, |micros| (micros / (60 * MICROS_PER_SECOND) % 60) as i32))),
    ("second", Scalar(|c, a| clock_part(c, a, |micros| (micros / MICROS_PER_SECOND % 60) as i32))),
    (
        "from_utc_timestamp",
        Scalar(|c, a| {
            two_or::<Timestamp, Text, TimestampOut>(c, a, |micros, zone| {
                Ok(Some(TimestampOut(Zone::of(zone)?.to_local(micros))))
            })
        }),
    ),
    (
        "to_utc_timestamp",
        Scalar(|c, a| {
            two_or::<Timestamp, Text, TimestampOut>(c, a, |micros, zone| {
                Ok(Zone::of(zone)?.to_utc(micros).map(TimestampOut))
            })
        }),
    ),
    ("last_day", Scalar(|c, a| one::<Date, DateOut>(c, a, last_day))),
    ("next_day", Scalar(next_day)),
    ("make_date", Scalar(make_date)),
    ("make_dt_interval", Scalar(make_dt_interval)),
    ("make_interval", Scalar(|c, a| make_interval(c, a, false))),
    ("try_make_interval", Scalar(|c, a| make_interval(c, a, true))),
    ("make_ym_interval", Scalar(make_ym_interval)),
    ("make_timestamp", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Session, false))),
    ("make_timestamp_ltz", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Session, false))),
    ("make_timestamp_ntz", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Local, false))),
    ("try_make_timestamp", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Session, true))),
    ("try_make_timestamp_ltz", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Session, true))),
    ("try_make_timestamp_ntz", Scalar(|c, a| make_timestamp(c, a, TimestampKind::Local, true))),
    ("months_between", Scalar(months_between)),
    ("timestamp_seconds", Scalar(timestamp_seconds)),
    (
        "timestamp_millis",
        Scalar(|c, a| {
            one_or::<Long, TimestampOut>(c, a, |n| {
                n.checked_mul(1000).map_or_else(|| Err(overflow("")), |n| Ok(Some(TimestampOut(n))))
            })
        }),
    ),
    ("timestamp_micros", Scalar(|c, a| one::<Long, TimestampOut>(c, a, TimestampOut))),
    ("timestamp_add", Scalar(timestamp_add)),
    ("timestampadd", Scalar(timestamp_add)),
    ("timestamp_diff", Scalar(timestamp_diff)),
    ("timestampdiff", Scalar(timestamp_diff)),
    ("unix_date", Scalar(|c, a| one::<Date, i32>(c, a, |day| day))),
    ("unix_micros", Scalar(|c, a| one::<Timestamp, i64>(c, a, |micros| micros))),
    ("unix_millis", Scalar(|c, a| one::<Timestamp, i64>(c, a, |micros| micros.div_euclid(1000)))),
    ("unix_seconds", Scalar(|c, a| one::<Timestamp, i64>(c, a, |micros| micros.div_euclid(MICROS_PER_SECOND)))),
    ("window", Scalar(window)),
    ("firesteel_windows", Scalar(windows)),
    ("window_time", Scalar(window_time)),
];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn out_of_range() -> Error {
    overflow("")
}

fn day_of_week(day: i32) -> i32 {
    // 1 is Sunday.
    ((calendar::weekday(day.into()) + 1) % 7) as i32 + 1
}

fn last_day(day: i32) -> DateOut {
    let (year, month, of_month) = calendar::civil(day.into());
    DateOut(day + (calendar::days_in_month(year, month) - of_month) as i32)
}

fn add_days(context: &CallContext<'_>, day: Typed, days: Typed, minus: bool) -> Result<Typed> {
    let day = implicit(context, day, &DataType::Date32, 0)?;
    let days = match &days.data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Null | DataType::Utf8 => {
            cast(days, &DataType::Int32, context.conf)?
        }
        found => return Err(unexpected(context, 1, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")", found)),
    };
    date_arithmetic::add_days(day, days, minus, context.conf)
}

fn date_diff(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    two::<Date, Date, i32>(context, arguments, |end, start| end.wrapping_sub(start))
}

/// A part of the time of day, in the session's zone.
fn clock_part(context: &CallContext<'_>, arguments: Vec<Typed>, part: fn(i64) -> i32) -> Result<Typed> {
    let value = single(context, arguments)?;
    if value.data_type == timestamp_ntz() {
        return one::<TimestampNtz, i32>(context, vec![value], move |micros| part(micros.rem_euclid(MICROS_PER_DAY)));
    }
    let zone = Zone::of(context.conf.time_zone())?;
    let value = implicit(context, value, &timestamp(), 0)?;
    let nullable = value.nullable;
    Ok(safe_kernel(context, &format!("({})", zone.id()), DataType::Int32, nullable, vec![value], move |arrays| {
        map1::<Timestamp, i32>(arrays, |micros| Ok(Some(part(zone.to_local(micros).rem_euclid(MICROS_PER_DAY)))))
    }))
}

/// A unit of `date_trunc`, `trunc`, `timestampadd`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateTimeUnit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl DateTimeUnit {
    /// The unit of a name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "MICROSECOND" => Self::Microsecond,
            "MILLISECOND" => Self::Millisecond,
            "SECOND" => Self::Second,
            "MINUTE" => Self::Minute,
            "HOUR" => Self::Hour,
            "DAY" | "DD" | "DAYOFYEAR" => Self::Day,
            "WEEK" => Self::Week,
            "MONTH" | "MON" | "MM" => Self::Month,
            "QUARTER" => Self::Quarter,
            "YEAR" | "YYYY" | "YY" => Self::Year,
            _ => return None,
        })
    }

    /// Whether a date can be cut to it.
    fn is_date(self) -> bool {
        matches!(self, Self::Week | Self::Month | Self::Quarter | Self::Year)
    }

    fn floor_day(self, days: i64) -> i64 {
        let (year, month, day) = calendar::civil(days);
        let first = |year, month| calendar::days(year, month, 1).unwrap_or(days);
        match self {
            Self::Week => days - calendar::weekday(days),
            Self::Month => days - i64::from(day) + 1,
            Self::Quarter => first(year, (month - 1) / 3 * 3 + 1),
            Self::Year => first(year, 1),
            _ => days,
        }
    }

    /// The beginning of the unit that a local clock reading lies in.
    fn floor(self, local: i64) -> i64 {
        match self.micros() {
            Some(length) if self < Self::Week => local - local.rem_euclid(length),
            _ => self.floor_day(local.div_euclid(MICROS_PER_DAY)) * MICROS_PER_DAY,
        }
    }

    /// Its length, where that is fixed.
    fn micros(self) -> Option<i64> {
        Some(match self {
            Self::Microsecond => 1,
            Self::Millisecond => 1000,
            Self::Second => MICROS_PER_SECOND,
            Self::Minute => 60 * MICROS_PER_SECOND,
            Self::Hour => 3600 * MICROS_PER_SECOND,
            Self::Day => MICROS_PER_DAY,
            Self::Week => 7 * MICROS_PER_DAY,
            _ => return None,
        })
    }

    fn months(self) -> Option<i64> {
        Some(match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
            _ => return None,
        })
    }
}

/// `date_trunc(unit, timestamp)`; an unknown unit gives null.
fn date_trunc(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [unit, value] = fixed(context, arguments)?;
    let unit = implicit(context, unit, &DataType::Utf8, 0)?;
    let zone = Zone::of(context.conf.time_zone())?;
    let (to, ntz) = if value.data_type == timestamp_ntz() { (timestamp_ntz(), true) } else { (timestamp(), false) };
    let value = implicit(context, value, &to, 1)?;
    Ok(safe_kernel(context, &format!("({})", zone.id()), to, true, vec![unit, value], move |arrays| {
        if ntz {
            return map2::<Text, TimestampNtz, TimestampNtzOut>(arrays, |unit, micros| {
                Ok(DateTimeUnit::of(unit).map(|unit| TimestampNtzOut(unit.floor(micros))))
            });
        }
        map2::<Text, Timestamp, TimestampOut>(arrays, |unit, micros| {
            let Some(unit) = DateTimeUnit::of(unit) else { return Ok(None) };
            Ok(match unit.micros() {
                // Offsets have whole seconds, so only from minutes on is the local clock asked. A
                // reading that occurs twice keeps its offset.
                Some(length) if unit < DateTimeUnit::Minute => Some(TimestampOut(micros - micros.rem_euclid(length))),
                _ => zone.to_utc_near(unit.floor(zone.to_local(micros)), zone.offset_at(micros)).map(TimestampOut),
            })
        })
    }))
}

/// `extract(part FROM x)`, `date_part('part', x)`.
fn extract(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [part, value] = fixed(context, arguments)?;
    let part = constant_text(context, &part, 0)?.unwrap_or_default();
    let call = |name: &str, value: Typed| match super::lookup(name) {
        Some(super::Definition::Scalar(build)) => build(&CallContext { name, ..*context }, vec![value]),
        _ => Err(Error::internal(format!("{name} is a function"))),
    };
    let upper = part.to_ascii_uppercase();
    if let DataType::Duration(_) | DataType::Interval(_) = value.data_type {
        return extract_interval(context, &upper, value);
    }
    match upper.as_str() {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => call("year", value),
        "YEAROFWEEK" => one::<Date, i32>(&CallContext { name: "yearofweek", ..*context }, vec![value], |day| {
            calendar::iso_week(day.into()).0 as i32
        }),
        "QUARTER" | "QTR" => call("quarter", value),
        "MONTH" | "MON" | "MONS" | "MONTHS" => call("month", value),
        "WEEK" | "W" | "WEEKS" => call("weekofyear", value),
        "DAY" | "D" | "DAYS" => call("day", value),
        "DAYOFWEEK" | "DOW" => call("dayofweek", value),
        "DAYOFWEEK_ISO" | "DOW_ISO" => {
            one::<Date, i32>(&CallContext { name: "dow_iso", ..*context }, vec![value], |day| {
                calendar::weekday(day.into()) as i32 + 1
            })
        }
        "DOY" => call("dayofyear", value),
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => call("hour", value),
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => call("minute", value),
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => {
            let value =
                if value.data_type == timestamp_ntz() { value } else { implicit(context, value, &timestamp(), 1)? };
            let nullable = value.nullable;
            Ok(safe_kernel(
                &CallContext { name: "second_with_fraction", ..*context },
                "",
                DataType::Decimal128(8, 6),
                nullable,
                vec![value],
                |arrays| {
                    let values = arrays[0].as_primitive::<TimestampMicrosecondType>();
                    super::per_value::decimals(
                        values.iter().map(|micros| {
                            Ok(micros.map(|micros| i128::from(micros.rem_euclid(60 * MICROS_PER_SECOND))))
                        }),
                        8,
                        6,
                    )
                },
            ))
        }
        _ => Err(Error::of(condition::INVALID_EXTRACT_FIELD)
            .with("field", format!("`{part}`"))
            .with("expr", format!("\"{}\"", context.arguments.get(1).map_or("", String::as_str)))),
    }
}

fn extract_interval(context: &CallContext<'_>, part: &str, value: Typed) -> Result<Typed> {
    let bad = || {
        Error::of(condition::INVALID_EXTRACT_FIELD)
            .with("field", format!("`{part}`"))
            .with("expr", format!("\"{}\"", context.arguments.get(1).map_or("", String::as_str)))
    };
    let part = part.trim_end_matches('S').to_owned();
    let context = CallContext { name: "extract_interval", ..*context };
    if value.data_type == DataType::Interval(IntervalUnit::YearMonth) {
        let f: fn(i32) -> i32 = match part.as_str() {
            "YEAR" => |months| months / 12,
            "MONTH" => |months| months % 12,
            _ => return Err(bad()),
        };
        let nullable = value.nullable;
        return Ok(safe_kernel(&context, &part, DataType::Int32, nullable, vec![value], move |arrays| {
            map1::<super::per_value::Months, i32>(arrays, |months| Ok(Some(f(months))))
        }));
    }
    let value = implicit(&context, value, &day_time_interval(), 1)?;
    let nullable = value.nullable;
    let f: fn(i64) -> i32 = match part.as_str() {
        "DAY" => |micros| (micros / MICROS_PER_DAY) as i32,
        "HOUR" => |micros| (micros % MICROS_PER_DAY / (3600 * MICROS_PER_SECOND)) as i32,
        "MINUTE" => |micros| (micros / (60 * MICROS_PER_SECOND) % 60) as i32,
        "SECOND" => {
            return Ok(safe_kernel(&context, &part, DataType::Decimal128(8, 6), nullable, vec![value], |arrays| {
                let values = arrays[0].as_primitive::<arrow::datatypes::DurationMicrosecondType>();
                super::per_value::decimals(
                    values.iter().map(|micros| Ok(micros.map(|micros| i128::from(micros % (60 * MICROS_PER_SECOND))))),
                    8,
                    6,
                )
            }));
        }
        _ => return Err(bad()),
    };
    Ok(safe_kernel(&context, &part, DataType::Int32, nullable, vec![value], move |arrays| {
        map1::<super::per_value::Micros, i32>(arrays, |micros| Ok(Some(f(micros))))
    }))
}

fn next_day(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let ansi = context.conf.ansi();
    two_or::<Date, Text, DateOut>(context, arguments, move |day, name| {
        let upper = name.trim().to_ascii_uppercase();
        let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
        let found = names.iter().position(|full| upper == *full || upper == full[..3] || upper == full[..2]);
        match found {
            Some(weekday) => {
                let ahead = (weekday as i64 - calendar::weekday(day.into()) + 6).rem_euclid(7) + 1;
                Ok(Some(DateOut(day + ahead as i32)))
            }
            None if ansi => Err(Error::of(condition::ILLEGAL_DAY_OF_WEEK).with("string", name)),
            None => Ok(None),
        }
    })
}

fn no_such_date(message: String) -> Error {
    Error::of(condition::DATETIME_FIELD_OUT_OF_BOUNDS)
        .with("rangeMessage", message)
        .with("ansiConfig", "\"spark.sql.ansi.enabled\"")
}

fn make_date(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let ansi = context.conf.ansi();
    super::per_value::three_or::<Int, Int, Int, DateOut>(context, arguments, move |year, month, day| {
        let days = u32::try_from(month)
            .ok()
            .zip(u32::try_from(day).ok())
            .and_then(|(month, day)| calendar::days(year.into(), month, day));
        match days {
            Some(days) => Ok(Some(DateOut(days as i32))),
            None if ansi => Err(no_such_date(format!("there is no date {year}-{month}-{day}"))),
            None => Ok(None),
        }
    })
}

/// Numbers that stand in for those not given.
fn padded(mut arguments: Vec<Typed>, wanted: usize) -> Vec<Typed> {
    while arguments.len() < wanted {
        arguments.push(literal(ScalarValue::Int32(Some(0))));
    }
    arguments
}

/// Seconds as microseconds.
const SECONDS: DataType = DataType::Decimal128(18, 6);

fn make_interval(context: &CallContext<'_>, arguments: Vec<Typed>, lenient: bool) -> Result<Typed> {
    count(context, &arguments, 0..=7)?;
    let mut types = vec![DataType::Int32; 6];
    types.push(SECONDS);
    let arguments = cast_all(context, padded(arguments, 7), &types)?;
    Ok(kernel(context, "", DataType::Interval(IntervalUnit::MonthDayNano), true, arguments, move |arrays| {
        let parts: Vec<_> =
            arrays[..6].iter().map(|array| array.as_primitive::<arrow::datatypes::Int32Type>()).collect();
        let seconds = arrays[6].as_primitive::<Decimal128Type>();
        <IntervalOut as super::per_value::Out>::build((0..seconds.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return Ok(None);
            }
            let part = |at: usize| i64::from(parts[at].value(row));
            let made = || {
                let months = i32::try_from(part(0) * 12 + part(1)).ok()?;
                let days = i32::try_from(part(2) * 7 + part(3)).ok()?;
                let whole = (part(4) * 60 + part(5)).checked_mul(60 * MICROS_PER_SECOND)?;
                let nanos = whole.checked_add(i64::try_from(seconds.value(row)).ok()?)?.checked_mul(1000)?;
                Some(IntervalOut(IntervalMonthDayNano::new(months, days, nanos)))
            };
            match made() {
                None if !lenient => Err(out_of_range()),
                made => Ok(made),
            }
        }))
    }))
}

fn make_dt_interval(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 0..=4)?;
    let arguments =
        cast_all(context, padded(arguments, 4), &[DataType::Int32, DataType::Int32, DataType::Int32, SECONDS])?;
    Ok(kernel(context, "", day_time_interval(), true, arguments, |arrays| {
        let parts: Vec<_> =
            arrays[..3].iter().map(|array| array.as_primitive::<arrow::datatypes::Int32Type>()).collect();
        let seconds = arrays[3].as_primitive::<Decimal128Type>();
        <MicrosOut as super::per_value::Out>::build((0..seconds.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return Ok(None);
            }
            let part = |at: usize| i128::from(parts[at].value(row));
            let micros =
                ((part(0) * 24 + part(1)) * 60 + part(2)) * 60 * i128::from(MICROS_PER_SECOND) + seconds.value(row);
            i64::try_from(micros).map(|micros| Some(MicrosOut(micros))).map_err(|_| out_of_range())
        }))
    }))
}

fn make_ym_interval(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 0..=2)?;
    two_or::<Int, Int, MonthsOut>(context, padded(arguments, 2), |years, months| {
        let total = years.checked_mul(12).and_then(|total| total.checked_add(months)).ok_or_else(out_of_range)?;
        Ok(Some(MonthsOut(total)))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TimestampKind {
    Session,
    Local,
}

/// `make_timestamp(year, month, day, hour, minute, second[, zone])`.
fn make_timestamp(
    context: &CallContext<'_>,
    arguments: Vec<Typed>,
    kind: TimestampKind,
    lenient: bool,
) -> Result<Typed> {
    count(context, &arguments, 6..=7)?;
    let lenient = lenient || !context.conf.ansi();
    let mut types = vec![DataType::Int32; 5];
    types.extend([DataType::Decimal128(16, 6), DataType::Utf8]);
    let arguments = cast_all(context, arguments, &types)?;
    let zone = Zone::of(context.conf.time_zone())?;
    let to = if kind == TimestampKind::Local { timestamp_ntz() } else { timestamp() };
    Ok(kernel(context, &format!("({})", zone.id()), to.clone(), true, arguments, move |arrays| {
        let parts: Vec<_> =
            arrays[..5].iter().map(|array| array.as_primitive::<arrow::datatypes::Int32Type>()).collect();
        let seconds = arrays[5].as_primitive::<Decimal128Type>();
        let zones = arrays.get(6).map(|array| array.as_string::<i32>());
        let rows = (0..seconds.len()).map(|row| {
            if arrays.iter().any(|array| array.is_null(row)) {
                return Ok(None);
            }
            let part = |at: usize| parts[at].value(row);
            let zone = zones.map_or(Ok(zone), |zones| Zone::of(zones.value(row)))?;
            let micros = i64::try_from(seconds.value(row)).unwrap_or(-1);
            let days = u32::try_from(part(1))
                .ok()
                .zip(u32::try_from(part(2)).ok())
                .and_then(|(month, day)| calendar::days(part(0).into(), month, day));
            // A second of 60 is the next minute, but only without a fraction.
            let in_range = (0..24).contains(&part(3))
                && (0..60).contains(&part(4))
                && (0..=60 * MICROS_PER_SECOND).contains(&micros);
            let time = (i64::from(part(3)) * 60 + i64::from(part(4))) * 60 * MICROS_PER_SECOND + micros;
            match days.filter(|_| in_range) {
                Some(days) => {
                    let local = days.checked_mul(MICROS_PER_DAY).and_then(|day| day.checked_add(time));
                    let moment = local
                        .and_then(|local| if kind == TimestampKind::Local { Some(local) } else { zone.to_utc(local) });
                    moment.map(Some).ok_or_else(beyond_timestamps)
                }
                None if lenient => Ok(None),
                None => Err(no_such_date(format!(
                    "there is no time {}-{}-{} {}:{}:{}",
                    part(0),
                    part(1),
                    part(2),
                    part(3),
                    part(4),
                    crate::types::display::decimal(micros.into(), 6)
                ))),
            }
        });
        let array = rows.collect::<Result<TimestampMicrosecondArray>>()?;
        Ok(if kind == TimestampKind::Local { Arc::new(array) } else { Arc::new(array.with_timezone(types::UTC)) })
    }))
}

/// Whole months where both days are equal or both last of their months, else months of 31 days;
/// rounded to 8 digits unless told not to.
fn months_between(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.push(literal(ScalarValue::Boolean(Some(true))));
    }
    let zone = Zone::of(context.conf.time_zone())?;
    super::per_value::three_or::<Timestamp, Timestamp, super::per_value::Bool, f64>(
        context,
        arguments,
        move |end, start, round| {
            let split = |instant: i64| {
                let days = zone.to_local(instant).div_euclid(MICROS_PER_DAY);
                // The time that passed since midnight, which is not the clock's reading on the day
                // of a clock change.
                let midnight = zone.to_utc(days * MICROS_PER_DAY).unwrap_or(instant);
                let (year, month, day) = calendar::civil(days);
                let last = calendar::days_in_month(year, month) == day;
                (year * 12 + i64::from(month), i64::from(day), last, (instant - midnight) / MICROS_PER_SECOND)
            };
            let ((months1, day1, last1, seconds1), (months2, day2, last2, seconds2)) = (split(end), split(start));
            let whole = (months1 - months2) as f64;
            if day1 == day2 || (last1 && last2) {
                return Ok(Some(whole));
            }
            let seconds = (day1 - day2) * SECONDS_PER_DAY + seconds1 - seconds2;
            let months = whole + seconds as f64 / (31 * SECONDS_PER_DAY) as f64;
            Ok(Some(if round { (months * 1e8).round() / 1e8 } else { months }))
        },
    )
}

fn timestamp_seconds(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let value = single(context, arguments)?;
    match &value.data_type {
        found if is_numeric(found) || *found == DataType::Null => cast(value, &timestamp(), context.conf),
        found => Err(unexpected(context, 0, "\"NUMERIC\"", found)),
    }
}

/// `convert_timezone([from,] to, timestamp_ntz)`.
fn convert_timezone(context: &CallContext<'_>, mut arguments: Vec<Typed>) -> Result<Typed> {
    count(context, &arguments, 2..=3)?;
    if arguments.len() == 2 {
        arguments.insert(0, literal(ScalarValue::Utf8(Some(context.conf.time_zone().to_owned()))));
    }
    super::per_value::three_or::<Text, Text, TimestampNtz, TimestampNtzOut>(context, arguments, |from, to, local| {
        let (from, to) = (Zone::of(from)?, Zone::of(to)?);
        Ok(from.to_utc(local).map(|micros| TimestampNtzOut(to.to_local(micros))))
    })
}

fn unit(context: &CallContext<'_>, argument: &Typed) -> Result<DateTimeUnit> {
    let name = constant_text(context, argument, 0)?.unwrap_or_default();
    DateTimeUnit::of(&name).filter(|unit| *unit <= DateTimeUnit::Year).ok_or_else(|| bad_unit(context, &name))
}

fn bad_unit(context: &CallContext<'_>, name: &str) -> Error {
    Error::of(condition::INVALID_PARAMETER_VALUE_DATETIME_UNIT)
        .with("functionName", format!("`{}`", context.name.to_lowercase()))
        .with("parameter", "`unit`")
        .with("invalidValue", format!("'{name}'"))
}

/// `timestampadd(unit, n, timestamp)`.
fn timestamp_add(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [by, number, value] = fixed(context, arguments)?;
    let unit = unit(context, &by)?;
    let ntz = value.data_type == timestamp_ntz();
    let to = if ntz { timestamp_ntz() } else { timestamp() };
    let zone = if ntz { Zone::UTC } else { Zone::of(context.conf.time_zone())? };
    let arguments = vec![implicit(context, number, &DataType::Int64, 1)?, implicit(context, value, &to, 2)?];
    Ok(kernel(context, &format!("({unit:?}, {})", zone.id()), to, true, arguments, move |arrays| {
        let add = |number: i64, micros: i64| -> Result<Option<i64>> {
            let beyond = || Error::of(condition::DATETIME_OVERFLOW).with("operation", format!("add {number} {unit:?}"));
            let moved = if let Some(months) = unit.months() {
                number.checked_mul(months).and_then(|months| zone.plus(micros, months, 0, 0))
            } else {
                let step = unit.micros().and_then(|length| length.checked_mul(number)).ok_or_else(beyond)?;
                // 24 hours are 24 hours here, unlike in an interval; a day is one of the local
                // calendar.
                let days = if unit >= DateTimeUnit::Day { step / MICROS_PER_DAY } else { 0 };
                zone.plus(micros, 0, days, step - days * MICROS_PER_DAY)
            };
            moved.map(Some).ok_or_else(beyond)
        };
        if ntz {
            map2::<Long, TimestampNtz, TimestampNtzOut>(arrays, |number, micros| {
                Ok(add(number, micros)?.map(TimestampNtzOut))
            })
        } else {
            map2::<Long, Timestamp, TimestampOut>(arrays, |number, micros| Ok(add(number, micros)?.map(TimestampOut)))
        }
    }))
}

/// `timestampdiff(unit, start, end)`: whole units.
fn timestamp_diff(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let [by, start, end] = fixed(context, arguments)?;
    // It is one of adding only.
    let name = constant_text(context, &by, 0)?.filter(|name| name.eq_ignore_ascii_case("DAYOFYEAR"));
    if let Some(name) = name {
        return Err(bad_unit(context, &name).as_kind(ErrorKind::IllegalArgument));
    }
    let unit = unit(context, &by)?;
    let zone = Zone::of(context.conf.time_zone())?;
    let arguments = vec![implicit(context, start, &timestamp(), 1)?, implicit(context, end, &timestamp(), 2)?];
    Ok(kernel(context, &format!("({unit:?}, {})", zone.id()), DataType::Int64, true, arguments, move |arrays| {
        map2::<Timestamp, Timestamp, i64>(arrays, |start, end| {
            // Of every unit, as in Spark: over a clock change an hour of the clock is not an hour
            // that passed.
            let (from, to) = (zone.to_local(start), zone.to_local(end));
            Ok(Some(match (unit.months(), unit.micros()) {
                (None, Some(length)) => to.checked_sub(from).ok_or_else(out_of_range)? / length,
                (months, _) => {
                    let index = |local: i64| {
                        let (year, month, day) = calendar::civil(local.div_euclid(MICROS_PER_DAY));
                        (year * 12 + i64::from(month), (day, local.rem_euclid(MICROS_PER_DAY)))
                    };
                    let ((m1, rest1), (m2, rest2)) = (index(from), index(to));
                    let mut between = m2 - m1;
                    if between > 0 && rest2 < rest1 {
                        between -= 1;
                    } else if between < 0 && rest2 > rest1 {
                        between += 1;
                    }
                    between / months.unwrap_or(1)
                }
            }))
        })
    }))
}

/// A duration that `window` takes, in microseconds: text such as `10 minutes`, or a whole number.
fn duration(argument: &Typed) -> Result<i64> {
    match &argument.expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => match months_and_micros(text) {
            Ok((0, micros)) => Ok(micros),
            Ok(_) => Err(Error::of(condition::WINDOW_OF_MONTHS).with("interval", text)),
            Err(_) => Err(Error::of(condition::CANNOT_PARSE_INTERVAL)
                .with("intervalString", format!("'{text}'"))
                .as_kind(ErrorKind::Analysis)),
        },
        Expr::Literal(ScalarValue::Int64(Some(micros)), _) => Ok(*micros),
        Expr::Literal(ScalarValue::Int32(Some(micros)), _) => Ok(i64::from(*micros)),
        _ => Err(Error::of(condition::WINDOW_DURATION_NOT_LITERAL)),
    }
}

/// How windows of time lie, in microseconds.
struct TimeWindows {
    length: i64,
    slide: i64,
    start: i64,
}

impl TimeWindows {
    /// The arguments of `window` after the time.
    fn of(context: &CallContext<'_>, arguments: &[Typed]) -> Result<Self> {
        count(context, arguments, 2..=4)?;
        let length = duration(&arguments[1])?;
        let slide = arguments.get(2).map_or(Ok(length), duration)?;
        let start = arguments.get(3).map_or(Ok(0), duration)?;
        let shown = || format!("\"window(…, {length}, {slide}, {start})\"");
        for (name, value) in [("window_duration", length), ("slide_duration", slide)] {
            if value <= 0 {
                return Err(Error::of(condition::VALUE_OUT_OF_RANGE)
                    .with("sqlExpr", shown())
                    .with("exprName", format!("`{name}`"))
                    .with("valueRange", format!("(0, {}]", i64::MAX))
                    .with("currentValue", format!("{value}L")));
            }
        }
        let violated = |left: String, constraint: &str, right: String| {
            Err(Error::of(condition::PARAMETER_CONSTRAINT_VIOLATION)
                .with("sqlExpr", shown())
                .with("leftExprName", left)
                .with("constraint", constraint)
                .with("rightExprName", right))
        };
        let shown_slide = format!("`slide_duration`({slide}L)");
        if slide > length {
            return violated(shown_slide, "<=", format!("`window_duration`({length}L)"));
        }
        let distance = start.saturating_abs();
        if distance >= slide {
            return violated(format!("`abs(start_time)`({distance}L)"), "<", shown_slide);
        }
        Ok(Self { length, slide, start })
    }
}

/// `window(time, duration[, slide[, start]])` where windows do not overlap: the struct of the
/// window that a time lies in. Sliding windows give several rows for one, so they are not a scalar
/// function.
fn window(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let TimeWindows { length, slide, start } = TimeWindows::of(context, &arguments)?;
    if slide != length {
        return Err(Error::unsupported("a sliding window elsewhere than in a select list or among grouping keys"));
    }
    let (value, to) = windowed(context, arguments)?;
    let fields = Fields::from(vec![Field::new("start", to.clone(), true), Field::new("end", to, true)]);
    let data_type = DataType::Struct(fields.clone());
    let nullable = value.nullable;
    Ok(safe_kernel(context, &format!("({length}, {start})"), data_type, nullable, vec![value], move |arrays| {
        let times = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let floor = |micros: i64| micros - (micros - start).rem_euclid(length);
        let zone = |array: TimestampMicrosecondArray| array.with_data_type(times.data_type().clone());
        let starts = zone(times.unary::<_, TimestampMicrosecondType>(floor));
        let ends = zone(times.unary::<_, TimestampMicrosecondType>(|micros| floor(micros) + length));
        Ok(Arc::new(StructArray::try_new(
            fields.clone(),
            vec![Arc::new(starts), Arc::new(ends)],
            times.nulls().cloned(),
        )?))
    }))
}

/// The time that is windowed, and its type.
fn windowed(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<(Typed, DataType)> {
    let value = arguments.into_iter().next().ok_or_else(|| Error::internal("an argument was counted"))?;
    windowed_time(context, value)
}

/// A time that is windowed, and its type. Of a window it is the time of that window.
pub fn windowed_time(context: &CallContext<'_>, value: Typed) -> Result<(Typed, DataType)> {
    let is_window =
        matches!(&value.data_type, DataType::Struct(fields) if fields.len() == 2 && fields[1].name() == "end");
    let value = if is_window { window_time(context, vec![value])? } else { value };
    let to = if value.data_type == timestamp_ntz() { timestamp_ntz() } else { timestamp() };
    Ok((implicit(context, value, &to, 0)?, to))
}

/// `window(time, duration, slide[, start])` where windows overlap: the list of those that a time
/// lies in. The resolver makes a row of each.
fn windows(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let TimeWindows { length, slide, start } = TimeWindows::of(context, &arguments)?;
    let (value, to) = windowed(context, arguments)?;
    let fields = Fields::from(vec![Field::new("start", to.clone(), true), Field::new("end", to, true)]);
    let field = Arc::new(Field::new("element", DataType::Struct(fields.clone()), false));
    let data_type = DataType::List(Arc::clone(&field));
    let name = format!("({length}, {slide}, {start})");
    Ok(safe_kernel(context, &name, data_type, true, vec![value], move |arrays| {
        let times = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let (mut starts, mut lengths) = (Vec::new(), Vec::with_capacity(times.len()));
        for time in times {
            let before = starts.len();
            if let Some(time) = time {
                let last = time - (time - start).rem_euclid(slide);
                starts.extend(
                    std::iter::successors(Some(last), |at| Some(at - slide)).take_while(|at| at + length > time),
                );
            }
            lengths.push(starts.len() - before);
        }
        let zone = |array: TimestampMicrosecondArray| -> ArrayRef {
            Arc::new(array.with_data_type(times.data_type().clone()))
        };
        let ends = zone(starts.iter().map(|start| start + length).collect::<Vec<_>>().into());
        let items = StructArray::try_new(fields.clone(), vec![zone(starts.into()), ends], None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(Arc::clone(&field), offsets, Arc::new(items), times.nulls().cloned())?))
    }))
}

/// The last microsecond of a window.
fn window_time(context: &CallContext<'_>, arguments: Vec<Typed>) -> Result<Typed> {
    let value = single(context, arguments)?;
    let to = match &value.data_type {
        DataType::Struct(fields) if fields.len() == 2 && fields[1].name() == "end" => fields[1].data_type().clone(),
        found => return Err(unexpected(context, 0, "\"STRUCT<start: TIMESTAMP, end: TIMESTAMP>\"", found)),
    };
    let nullable = value.nullable;
    Ok(safe_kernel(context, "", to.clone(), nullable, vec![value], move |arrays| {
        let ends = arrays[0].as_struct().column(1).as_primitive::<TimestampMicrosecondType>();
        Ok(Arc::new(ends.unary::<_, TimestampMicrosecondType>(|micros| micros - 1).with_data_type(to.clone())))
    }))
}
