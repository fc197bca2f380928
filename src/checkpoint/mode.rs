//! `firesteel/mode`: whether the newest run on a checkpoint was micro-batch or continuous, which
//! read each other's logs differently.

use super::layout::CheckpointLayout;
use crate::durable::store::{Durability, Store, text_at};
use crate::error::{Error, ErrorKind, Result};

const NAME: &str = "mode";

/// How a query runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointMode {
    MicroBatch,
    Continuous,
}

impl CheckpointMode {
    pub fn text(self) -> &'static str {
        match self {
            Self::MicroBatch => "micro-batch",
            Self::Continuous => "continuous",
        }
    }

    /// The mode of the newest run; `None` in a new checkpoint, and in one that only Spark has
    /// written.
    pub fn read(layout: &CheckpointLayout) -> Result<Option<Self>> {
        let Some(text) = text_at(&layout.firesteel().join(NAME))? else { return Ok(None) };
        [Self::MicroBatch, Self::Continuous].into_iter().find(|mode| mode.text() == text).map(Some).ok_or_else(|| {
            let file = layout.firesteel().join(NAME);
            Error::new(ErrorKind::Checkpoint, format!("{} is damaged: it holds '{text}'", file.display()))
        })
    }

    /// Notes that this run has mode `self`.
    pub fn write(self, layout: &CheckpointLayout, durability: Durability) -> Result<()> {
        Store::open(layout.firesteel(), durability)?.replace(NAME, self.text().as_bytes())
    }
}
