//! Another number of Spark's partitions for the state of a query.
//!
//! Keys lie in 256 fixed slots, whatever the number is. It is what `partition_id` and progress say,
//! and the query keeps it in the settings that each batch logs. So a number is written, and no key
//! moves.

use std::path::Path;

use super::about::find;
use super::locked;
use crate::checkpoint::conf::{partitions, with_partitions};
use crate::checkpoint::logs::BatchLogs;
use crate::checkpoint::operators;
use crate::checkpoint::rollback::{RollbackFile, RollbackStage};
use crate::durable::store::{Durability, Store};
use crate::error::{Error, ErrorKind, Result};

/// Spark's number of partitions is an int.
const MOST: u64 = i32::MAX as u64;

/// Gives the state of the checkpoint at `path` so many partitions, and gives the number before.
///
/// The newest batch is written last: a query reads its settings there. So one that a crash cut short
/// has done nothing, and is done again.
pub fn rescale(path: &Path, wanted: u64) -> Result<u64> {
    if wanted == 0 || wanted > MOST {
        return Err(Error::illegal(format!("a number of partitions is 1 to {MOST}, found {wanted}")));
    }
    let (layout, _) = find(path)?;
    let _lock = locked(&layout, "rescaling it")?;
    let refuse = |why: &str| Error::new(ErrorKind::Checkpoint, format!("{} {why}", path.display()));
    if operators::read(&layout, Durability::Synced)?.is_none() {
        return Err(refuse("has no state: there are no partitions to count"));
    }
    if RollbackFile::read(&layout)?.is_some_and(|rollback| rollback.stage == RollbackStage::Begun) {
        return Err(refuse("has a rollback that was cut short: run that again first, or start the query"));
    }
    let logs = BatchLogs::list(&layout)?;
    let mut entries = Vec::new();
    for id in &logs.offsets {
        entries.push((*id, logs.range(*id)?));
    }
    let batch = entries.last().and_then(|(_, entry)| entry.batch.as_ref());
    let batch = batch.ok_or_else(|| {
        refuse("has no batch yet, or only those of a continuous query: set spark.sql.shuffle.partitions before the first start")
    })?;
    let before = partitions(&batch.conf)?;
    let store = Store::open(layout.offsets(), Durability::Synced)?;
    for (id, mut entry) in entries {
        let Some(batch) = entry.batch.as_mut() else { continue };
        if with_partitions(&mut batch.conf, wanted) {
            store.replace(&id.to_string(), entry.write().as_bytes())?;
        }
    }
    Ok(before)
}
