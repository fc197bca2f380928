//! `firesteel checkpoint`: a checkpoint is looked at, verified and changed without its query.
//!
//! | file | what is in it |
//! |---|---|
//! | [`about`] | what a checkpoint says of itself, also while its query runs |
//! | [`fsck`] | everything read and verified |
//! | [`rescale`](mod@rescale) | another number of partitions |
//! | [`rollback`](mod@rollback) | back to the state after an earlier batch |
//!
//! Whatever writes holds the lock that a query holds, and checks everything before the first write.

pub mod about;
pub mod fsck;
pub mod rescale;
pub mod rollback;

pub use about::CheckpointAbout;
pub use fsck::CheckpointReport;
pub use rescale::rescale;
pub use rollback::rollback;

use crate::checkpoint::layout::CheckpointLayout;
use crate::durable::lock::Lock;
use crate::error::Result;

/// Takes a checkpoint for work that `doing` names.
fn locked(layout: &CheckpointLayout, doing: &str) -> Result<Lock> {
    match Lock::take_idle(&layout.lock(), layout.root(), doing)? {
        Some(lock) => Ok(lock),
        None => Lock::take(&layout.lock(), layout.root()),
    }
}
