//! `current_timestamp()` and its kin: functions without arguments that read the batch's clock, so
//! that a replayed batch gives the same rows. (DataFusion would fold its own `now()` into a literal
//! when the query is planned.)

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};

use super::{Chunk, Function, FunctionKey, Runs};
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::types::calendar::MICROS_PER_DAY;
use crate::types::zone::Zone;

/// Which reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClockReading {
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
    reading: ClockReading,
    zone: Zone,
}

impl ClockFunction {
    /// The clock function that Spark calls `name`, if it is one: `current_timestamp`, `now`,
    /// `localtimestamp`, `current_date`, `curdate`.
    pub fn named(name: &str, time_zone: &str) -> Option<Result<Self>> {
        let reading = match name {
            "current_timestamp" | "now" => ClockReading::Timestamp,
            "localtimestamp" => ClockReading::LocalTimestamp,
            "current_date" | "curdate" => ClockReading::Date,
            _ => return None,
        };
        Some(Zone::of(time_zone).map(|zone| Self { name: name.to_owned(), reading, zone }))
    }
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
            ClockReading::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ClockReading::LocalTimestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            ClockReading::Date => DataType::Date32,
        };
        Ok(Arc::new(Field::new(&self.name, data_type, false)))
    }

    fn call(&self, batch: &Batch, chunk: Chunk) -> Result<ArrayRef> {
        let instant = batch.clock_ms * 1000;
        let local = self.zone.to_local(instant);
        Ok(match self.reading {
            ClockReading::Timestamp => {
                Arc::new(TimestampMicrosecondArray::from_value(instant, chunk.rows).with_timezone("UTC"))
            }
            ClockReading::LocalTimestamp => Arc::new(TimestampMicrosecondArray::from_value(local, chunk.rows)),
            ClockReading::Date => {
                let day = i32::try_from(local.div_euclid(MICROS_PER_DAY))
                    .map_err(|_| Error::internal(format!("the batch's clock reads {} ms", batch.clock_ms)))?;
                Arc::new(Date32Array::from_value(day, chunk.rows))
            }
        })
    }
}
