//! The watermark of a query: how far event time has come, over all of its `withWatermark`s.

use crate::config::Conf;
use crate::error::{Error, Result};

/// `spark.sql.streaming.multipleWatermarkPolicy`: which of several watermarks is the query's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The slowest input's: nothing is late that any input may still bring.
    Min,
    /// The fastest input's.
    Max,
}

impl Policy {
    pub fn of(conf: &Conf) -> Result<Self> {
        let key = "spark.sql.streaming.multipleWatermarkPolicy";
        match conf.get(key).unwrap_or_default().to_ascii_lowercase().as_str() {
            "min" => Ok(Self::Min),
            "max" => Ok(Self::Max),
            other => Err(Error::illegal(format!("'{key}' must be min or max, found '{other}'"))),
        }
    }
}

/// The watermark, in milliseconds since the epoch. It moves between batches only, and never back.
#[derive(Clone, Debug)]
pub struct Tracker {
    policy: Policy,
    /// By declared watermark: the greatest event time less the delay. Not part of the checkpoint,
    /// as in Spark.
    inputs: Vec<Option<i64>>,
    current_ms: i64,
}

impl Tracker {
    /// A tracker of `inputs` declared watermarks that stands at `current_ms`.
    pub fn new(policy: Policy, inputs: usize, current_ms: i64) -> Self {
        Self { policy, inputs: vec![None; inputs], current_ms }
    }

    pub fn current_ms(&self) -> i64 {
        self.current_ms
    }

    /// Moves to `ms`, unless it is further already: a replayed batch led there before.
    pub fn reach(&mut self, ms: i64) {
        self.current_ms = self.current_ms.max(ms);
    }

    /// Takes what a batch saw: by declared watermark, the greatest event time less the delay;
    /// `None` where no row came.
    pub fn advance(&mut self, seen: impl IntoIterator<Item = Option<i64>>) {
        for (input, seen) in self.inputs.iter_mut().zip(seen) {
            *input = Some(match (*input, seen) {
                (Some(old), Some(new)) => old.max(new),
                (old, new) => new.or(old).unwrap_or(0),
            });
        }
        let inputs = self.inputs.iter().flatten().copied();
        let chosen = match self.policy {
            Policy::Min => inputs.min(),
            Policy::Max => inputs.max(),
        };
        self.current_ms = self.current_ms.max(chosen.unwrap_or(self.current_ms));
    }
}
