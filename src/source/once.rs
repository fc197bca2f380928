//! The reader of whatever is there once and whole: a static table is a stream of one batch.

use std::sync::Arc;

use super::{Available, Offset, Partition, ReadLimit, Reader};
use crate::error::Result;

/// A reader whose one batch is these partitions.
pub struct OnceReader(pub Vec<Arc<dyn Partition>>);

impl Reader for OnceReader {
    fn initial(&mut self) -> Result<Option<Offset>> {
        Ok(None)
    }

    fn pin_available(&mut self) -> Result<Available> {
        Ok(Available::Pinned)
    }

    fn end_of_batch(&mut self, start: Option<&Offset>, _: ReadLimit) -> Result<Option<Offset>> {
        Ok(start.is_none().then(|| Offset("0".into())))
    }

    fn partitions(&mut self, _: Option<&Offset>, _: &Offset) -> Result<Vec<Arc<dyn Partition>>> {
        Ok(self.0.clone())
    }
}
