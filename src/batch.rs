//! What describes a batch: one value that leaves, functions and writers read. And what a query gives
//! of its result in each.

use std::fmt;

use crate::runtime::Cancel;

/// The number of a micro-batch, from 0, as in `offsets/N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

impl BatchId {
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The batch before, if there is one.
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A batch: the same value when it is replayed, its clock reading included.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub id: BatchId,
    /// `batchTimestampMs`: what `current_timestamp()` returns, in milliseconds since the epoch.
    pub clock_ms: i64,
    /// The watermark that drops late rows: that of batch N-1, in milliseconds since the epoch.
    pub late_ms: i64,
    /// The watermark that evicts state: that of this batch, in milliseconds since the epoch.
    pub evict_ms: i64,
    pub cancel: Cancel,
}

/// `outputMode`: what a query gives of its result in each batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub enum OutputMode {
    /// Rows that will never change.
    Append,
    /// Rows that have changed.
    Update,
    /// All rows.
    Complete,
}

impl OutputMode {
    /// As `outputMode("…")` spells it, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "append" => Some(Self::Append),
            "update" => Some(Self::Update),
            "complete" => Some(Self::Complete),
            _ => None,
        }
    }

    /// Spark's display name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "Append",
            Self::Update => "Update",
            Self::Complete => "Complete",
        }
    }
}
