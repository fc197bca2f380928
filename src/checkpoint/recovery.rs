//! What the files of a checkpoint mean: facts in, decision out.
//!
//! | newest offsets | newest commits | meaning | next |
//! |---|---|---|---|
//! | none | none | new query | batch 0 from the readers' initial offsets |
//! | N | N | stopped cleanly | plan N+1 from offsets N |
//! | N | N-1 (or none and N=0) | died inside N | replay N with the logged range |
//! | N | C < N-1, and a rollback let the commits up to N go | was rolled back | replay C+1 to N, each with its logged range |
//! | anything else | | damaged, or not ours | an error that names the file; nothing is touched |

use crate::batch::BatchId;

/// What lies in the logs of a micro-batch query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub newest_offsets: Option<BatchId>,
    pub newest_commit: Option<BatchId>,
    /// The first range that is not there, from the newest commit to the newest range: a replayed
    /// batch begins where the one before it ends.
    pub missing_offsets: Option<BatchId>,
    /// The newest batch whose commit a rollback let go.
    pub rolled_back: Option<BatchId>,
}

/// What a query that starts does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Batch 0 from the readers' initial offsets.
    Begin,
    /// The batch after this one, which is committed.
    Continue { after: BatchId },
    /// These batches again, one after the other, each with its logged range: they may or may not be
    /// visible.
    Replay { from: BatchId, through: BatchId },
    /// Nothing: the log is damaged or was written by something else.
    Refuse(Damage),
}

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// A batch was committed, or is to be replayed, and a range that it needs is not there.
    OffsetsMissing(BatchId),
    /// The newest range but one was never committed.
    CommitMissing(BatchId),
}

/// The recovery table.
pub fn decide(facts: Facts) -> Decision {
    let Facts { newest_offsets, newest_commit, missing_offsets, rolled_back } = facts;
    let through = match (newest_offsets, newest_commit) {
        (None, None) => return Decision::Begin,
        (None, Some(commit)) => return Decision::Refuse(Damage::OffsetsMissing(commit)),
        (Some(batch), Some(commit)) if commit > batch => return Decision::Refuse(Damage::OffsetsMissing(commit)),
        (Some(batch), Some(commit)) if commit == batch => return Decision::Continue { after: batch },
        (Some(batch), _) => batch,
    };
    let from = newest_commit.map_or(BatchId(0), BatchId::next);
    if from < through && rolled_back.is_none_or(|rolled_back| rolled_back < through) {
        return Decision::Refuse(Damage::CommitMissing(through.previous().unwrap_or_default()));
    }
    match missing_offsets {
        Some(missing) => Decision::Refuse(Damage::OffsetsMissing(missing)),
        None => Decision::Replay { from, through },
    }
}
