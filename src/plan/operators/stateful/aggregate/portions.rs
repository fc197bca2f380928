//! The groups of a batch, in portions that fit into memory.
//!
//! Rows are combined as they come. Groups that take more memory than the session has for them go to
//! disk by the slots of their keys, and combining begins anew. In the end the groups of neighbouring
//! slots are combined, as many at a time as fit. So a key is in one portion, and its buffers are
//! merged in the order in which they came.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, UInt32Array};
use arrow::datatypes::SchemaRef;
use datafusion::error::Result as DfResult;
use datafusion::execution::SpillFile;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use crate::plan::operators::exchange::store::{ExchangeStore, SpillWriter, spill_writer};
use crate::plan::operators::gather::gather_rows;
use crate::plan::operators::stateful::grouping::{Combining, GroupShape, Groups};
use crate::state::prefix::{KeySlot, SLOTS};

/// Fewer groups are never taken to disk: nothing would be won.
const FEW: usize = 1024;

/// How many times the bytes of groups are taken while they are merged with what was kept: as they
/// are, as rows of keys and of values, and as rows that are given.
const COPIES: usize = 4;

/// The groups that one lane's rows make.
pub struct Portions {
    shape: Arc<GroupShape>,
    waiting: ExchangeStore,
    combining: Combining,
    /// Groups on disk, by slot.
    spilled: Option<VecDeque<Arc<dyn SpillFile>>>,
}

impl Portions {
    /// The groups of `input`'s rows, which have the keys, the functions' buffers and the key's hash.
    pub async fn of(
        shape: &Arc<GroupShape>,
        mut input: SendableRecordBatchStream,
        waiting: ExchangeStore,
    ) -> DfResult<Self> {
        let mut combining = Combining::new(shape)?;
        let schema = input.schema();
        let mut files: Vec<Option<SpillWriter>> = Vec::new();
        while let Some(batch) = input.next().await {
            combining.add(&batch?)?;
            if combining.len() >= FEW && waiting.held.try_resize(COPIES * combining.bytes()).is_err() {
                spill(combining.take()?, &schema, &waiting, &mut files)?;
                // Not what is left of it, which keeps its room.
                combining = Combining::new(shape)?;
            }
        }
        let spilled = if files.is_empty() {
            None
        } else {
            // Adapted functions have no columns when they have no groups.
            if combining.len() > 0 {
                spill(combining.take()?, &schema, &waiting, &mut files)?;
                combining = Combining::new(shape)?;
            }
            let ended = files.into_iter().flatten().map(|mut file| file(None));
            Some(ended.filter_map(Result::transpose).collect::<DfResult<_>>()?)
        };
        Ok(Self { shape: Arc::clone(shape), waiting, combining, spilled })
    }

    /// The next groups. No key is in two portions.
    pub async fn next(&mut self) -> DfResult<Option<Groups>> {
        if let Some(files) = &mut self.spilled {
            let mut slots = 0;
            while let Some(file) = files.pop_front() {
                let mut rows = self.waiting.read(file)?;
                while let Some(batch) = rows.next().await {
                    self.combining.add(&batch?)?;
                }
                slots += 1;
                let with_another = self.combining.bytes() / slots * (slots + 1);
                if self.waiting.held.try_resize(COPIES * with_another).is_err() {
                    break;
                }
            }
        }
        if self.combining.len() == 0 {
            self.waiting.held.free();
            return Ok(None);
        }
        let groups = self.combining.take()?;
        if self.spilled.is_some() {
            self.combining = Combining::new(&self.shape)?;
        }
        Ok(Some(groups))
    }
}

/// Writes groups to the files of their slots.
fn spill(
    groups: Groups,
    schema: &SchemaRef,
    waiting: &ExchangeStore,
    files: &mut Vec<Option<SpillWriter>>,
) -> DfResult<()> {
    files.resize_with(SLOTS, || None);
    let mut by_slot: Vec<Vec<u32>> = vec![Vec::new(); SLOTS];
    for (row, hash) in groups.hashes.iter().enumerate() {
        by_slot[usize::from(KeySlot::of(*hash).0)].push(row as u32);
    }
    let hashes: ArrayRef = Arc::new(groups.hashes.iter().map(|hash| *hash as i32).collect::<Int32Array>());
    let columns = groups.keys.into_iter().chain(groups.buffers).chain([hashes]).collect();
    let rows = RecordBatch::try_new(Arc::clone(schema), columns)?;
    for (slot, of_slot) in by_slot.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        let part = gather_rows(&rows, &UInt32Array::from(of_slot))?;
        let file = match &mut files[slot] {
            Some(file) => file,
            none => none.insert(spill_writer(&waiting.disk)?),
        };
        file(Some(&part))?;
    }
    waiting.held.free();
    Ok(())
}
