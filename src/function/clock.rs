//! `current_timestamp()` and its kin: functions without arguments that read the batch's clock, so that a replayed batch gives the same rows.
//! (DataFusion would fold its own `now()` into a literal when the query is planned.)

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use chrono::{DateTime, Datelike, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Chunk, Function, FunctionKey, Runs};
use crate::batch::Batch;
use crate::error::{Error, Result};

/// Which reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// `current_timestamp`: an instant.
    Timestamp,
    /// `localtimestamp`: the wall clock in the session's time zone.
    LocalTimestamp,
    /// `current_date`: the day in the session's time zone.
    Date,
}

/// A clock function in a session's time zone.
#[derive(Clone, Debug)]
pub struct ClockFunction {
    name: String,
    reading: Reading,
    zone: Zone,
}

#[derive(Clone, Copy, Debug)]
enum Zone {
    Named(Tz),
    Fixed(chrono::FixedOffset),
}

impl ClockFunction {
    /// The clock function that Spark calls `name`, if it is one: `current_timestamp`, `now`, `localtimestamp`, `current_date`, `curdate`.
    pub fn named(name: &str, time_zone: &str) -> Option<Result<Self>> {
        let reading = match name {
            "current_timestamp" | "now" => Reading::Timestamp,
            "localtimestamp" => Reading::LocalTimestamp,
            "current_date" | "curdate" => Reading::Date,
            _ => return None,
        };
        Some(zone(time_zone).map(|zone| Self { name: name.to_owned(), reading, zone }))
    }

    fn local(&self, instant: DateTime<Utc>) -> chrono::NaiveDateTime {
        let offset = match self.zone {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&instant.naive_utc()).fix(),
            Zone::Fixed(offset) => offset,
        };
        instant.with_timezone(&offset).naive_local()
    }
}

fn zone(name: &str) -> Result<Zone> {
    if let Ok(zone) = name.parse::<Tz>() {
        return Ok(Zone::Named(zone));
    }
    let digits = name.strip_prefix("UTC").or_else(|| name.strip_prefix("GMT")).unwrap_or(name);
    DateTime::parse_from_rfc3339(&format!("1970-01-01T00:00:00{digits}"))
        .map(|parsed| Zone::Fixed(*parsed.offset()))
        .map_err(|_| {
            Error::illegal(format!(
                "the time zone must be a region such as Europe/Berlin or an offset such as +02:00, found '{name}'"
            ))
        })
}

impl Function for ClockFunction {
    fn key(&self) -> FunctionKey {
        FunctionKey(format!("clock:{:?}:{:?}", self.reading, self.zone))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn runs(&self) -> Runs {
        Runs::Inline
    }

    fn output(&self, inputs: &[FieldRef]) -> Result<FieldRef> {
        if !inputs.is_empty() {
            return Err(Error::internal(format!("{}() takes no arguments, found {}", self.name, inputs.len())));
        }
        let data_type = match self.reading {
            Reading::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Reading::LocalTimestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Reading::Date => DataType::Date32,
        };
        Ok(Arc::new(Field::new(&self.name, data_type, false)))
    }

    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let instant = DateTime::from_timestamp_millis(batch.clock_ms).ok_or_else(|| {
            Error::internal(format!("the batch's clock reads {} ms, which is no time", batch.clock_ms))
        })?;
        Ok(match self.reading {
            Reading::Timestamp => Arc::new(
                TimestampMicrosecondArray::from_value(instant.timestamp_micros(), chunk.rows).with_timezone("UTC"),
            ),
            Reading::LocalTimestamp => Arc::new(TimestampMicrosecondArray::from_value(
                self.local(instant).and_utc().timestamp_micros(),
                chunk.rows,
            )),
            Reading::Date => {
                let day = self.local(instant).date().num_days_from_ce() - UNIX_EPOCH_FROM_CE;
                Arc::new(Date32Array::from_value(day, chunk.rows))
            }
        })
    }
}

/// 1970-01-01 in chrono's count of days, which begins with 1 on 0001-01-01.
const UNIX_EPOCH_FROM_CE: i32 = 719_163;
