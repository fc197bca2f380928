//! When a query works: what the user asked for, and the decisions that follow from it, as pure
//! functions.

use crate::error::{Error, Result};
use crate::source::ReadLimit;
use crate::types::interval;

/// `writeStream.trigger(…)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// As soon as the batch before is done; 0 is the default trigger. Otherwise at the multiples of
    /// the interval since the epoch.
    ProcessingTime { interval_ms: i64 },
    /// One batch of everything there is, then the end. Deprecated in Spark.
    Once,
    /// Everything that is there now, in batches of the configured size, then the end.
    AvailableNow,
    /// Rows as they come; an epoch is committed at each interval.
    Continuous { interval_ms: i64 },
}

impl Default for Trigger {
    fn default() -> Self {
        Self::ProcessingTime { interval_ms: 0 }
    }
}

/// What a trigger led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A batch ran.
    Ran,
    /// There was nothing to run.
    NoData,
}

/// What a query does after a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next trigger at once.
    Now,
    /// The next trigger when the clock shows this time, in milliseconds since the epoch.
    At(i64),
    /// The next trigger after `spark.sql.streaming.pollingDelay`.
    Poll,
    /// The query has done what it was started for.
    End,
}

impl Trigger {
    /// `trigger(processingTime="5 seconds")`.
    pub fn processing_time(interval: &str) -> Result<Self> {
        Ok(Self::ProcessingTime { interval_ms: trigger_interval(interval)? })
    }

    /// `trigger(continuous="5 seconds")`.
    pub fn continuous(interval: &str) -> Result<Self> {
        Ok(Self::Continuous { interval_ms: trigger_interval(interval)? })
    }

    /// Whether rows flow as they come, without batches. A new trigger says so here.
    pub fn is_continuous(self) -> bool {
        match self {
            Self::ProcessingTime { .. } | Self::Once | Self::AvailableNow => false,
            Self::Continuous { .. } => true,
        }
    }

    /// The trigger of a query with a source that cannot pin what is available now: one single
    /// batch.
    #[must_use]
    pub fn with_a_source_that_cannot_pin(self) -> Self {
        match self {
            Self::AvailableNow => Self::Once,
            other => other,
        }
    }

    /// How much each batch may take.
    pub fn limit(self) -> ReadLimit {
        match self {
            Self::Once => ReadLimit::All,
            Self::ProcessingTime { .. } | Self::AvailableNow | Self::Continuous { .. } => ReadLimit::Configured,
        }
    }

    /// What follows a trigger that began at `began_ms`.
    pub fn next(self, outcome: Outcome, began_ms: i64) -> Next {
        match (self, outcome) {
            (Self::Once, _) | (Self::AvailableNow, Outcome::NoData) => Next::End,
            (Self::AvailableNow, Outcome::Ran) => Next::Now,
            (Self::ProcessingTime { interval_ms } | Self::Continuous { interval_ms }, outcome) => {
                match (interval_ms, outcome) {
                    (1.., _) => Next::At(next_multiple(interval_ms, began_ms)),
                    (_, Outcome::Ran) => Next::Now,
                    (_, Outcome::NoData) => Next::Poll,
                }
            }
        }
    }
}

/// The first multiple of `interval_ms` since the epoch that lies after `now_ms`.
pub fn next_multiple(interval_ms: i64, now_ms: i64) -> i64 {
    (now_ms.div_euclid(interval_ms) + 1).saturating_mul(interval_ms)
}

fn trigger_interval(text: &str) -> Result<i64> {
    let micros = interval::micros(text)?;
    if micros < 0 {
        return Err(Error::illegal("requirement failed: the interval of trigger should not be negative"));
    }
    Ok(micros / 1000)
}
