//! What the files of a checkpoint mean: facts in, decision out.
//!
//! | newest offsets | newest commits | meaning | next |
//! |---|---|---|---|
//! | none | none | new query | batch 0 from the readers' initial offsets |
//! | N | N | stopped cleanly | plan N+1 from offsets N |
//! | N | N-1 (or none and N=0) | died inside N | replay N with the logged range |
//! | anything else | | damaged, or not ours | an error that names the file; nothing is touched |

use crate::batch::BatchId;

/// What lies in the logs of a micro-batch query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub newest_offsets: Option<BatchId>,
    /// Whether the file before the newest is there: where a replayed batch begins.
    pub offsets_before_newest: bool,
    pub newest_commit: Option<BatchId>,
}

/// What a query that starts does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Batch 0 from the readers' initial offsets.
    Begin,
    /// The batch after this one, which is committed.
    Continue { after: BatchId },
    /// This batch again, with its logged range: it may or may not be visible.
    Replay { batch: BatchId },
    /// Nothing: the log is damaged or was written by something else.
    Refuse(Damage),
}

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A batch was committed whose range is not there.
    OffsetsMissing(BatchId),
    /// The newest range but one was never committed.
    CommitMissing(BatchId),
}

/// The recovery table.
pub fn decide(facts: Facts) -> Decision {
    let Facts { newest_offsets, offsets_before_newest, newest_commit } = facts;
    match (newest_offsets, newest_commit) {
        (None, None) => Decision::Begin,
        (None, Some(commit)) => Decision::Refuse(Damage::OffsetsMissing(commit)),
        (Some(batch), commit) if commit == Some(batch) => Decision::Continue { after: batch },
        (Some(batch), Some(commit)) if commit > batch => Decision::Refuse(Damage::OffsetsMissing(commit)),
        (Some(batch), commit) if commit == batch.previous() => match batch.previous() {
            Some(before) if !offsets_before_newest => Decision::Refuse(Damage::OffsetsMissing(before)),
            _ => Decision::Replay { batch },
        },
        // Some(batch) is above 0 here: with batch 0, `commit == batch.previous()` covers a commit
        // that is not there.
        (Some(batch), _) => Decision::Refuse(Damage::CommitMissing(batch.previous().unwrap_or_default())),
    }
}
