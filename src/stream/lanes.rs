//! A batch's lanes, run to their ends on the query's thread and beside it.

use std::time::Duration;

use futures::FutureExt;
use futures::future::{TryFutureExt, join, join_all};

use crate::error::{Error, Result, panicked};
use crate::runtime::{Cancel, CancelReason, Runtime};

/// Where lanes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanePlace {
    /// All on the query's thread: waking another costs more than a small batch.
    Here,
    /// The first on the query's thread, each other beside it.
    Spread,
}

/// A batch whose rows took less than this over several threads is followed by one on the query's
/// thread alone.
const SMALL: Duration = Duration::from_micros(600);
/// A batch whose rows took more than this on the query's thread is followed by one over several.
const LARGE: Duration = Duration::from_millis(1);

impl LanePlace {
    /// For the batch after one that ran in this place and whose rows took this long.
    pub fn after(self, took: Duration) -> Self {
        match self {
            Self::Here if took > LARGE => Self::Spread,
            Self::Spread if took < SMALL => Self::Here,
            same => same,
        }
    }
}

/// Runs every lane to its end. When one fails the others are cancelled and awaited, never dropped;
/// what the good ones gave comes back with the error.
pub fn all_lanes<T, F>(
    runtime: &Runtime,
    place: LanePlace,
    lanes: usize,
    cancel: &Cancel,
    lane: impl Fn(usize) -> F,
) -> std::result::Result<Vec<T>, (Error, Vec<T>)>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let guarded = |i| {
        let (cancel, lane) = (cancel.clone(), lane(i));
        async move {
            let result = std::panic::AssertUnwindSafe(lane)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
            if result.is_err() {
                cancel.cancel(CancelReason::Failed);
            }
            result
        }
    };
    let here = match place {
        LanePlace::Here => lanes,
        LanePlace::Spread => lanes.min(1),
    };
    let others: Vec<_> = (here..lanes).map(|i| runtime.lane(guarded(i))).collect();
    let working = runtime.compute().working();
    let mine = async {
        let results = join_all((0..here).map(guarded)).await;
        drop(working);
        results
    };
    // A lane that did not even start has not cancelled the others.
    let others = join_all(others.into_iter().map(|other| other.inspect_err(|_| cancel.cancel(CancelReason::Failed))));
    let (mut results, of_others) = runtime.block_on(join(mine, others));
    results.extend(of_others);
    let (mut good, mut worst) = (Vec::with_capacity(lanes), None::<Error>);
    for result in results {
        match result {
            Ok(value) => good.push(value),
            // The lanes that were cancelled because of it say less than the one that failed.
            Err(error) if worst.as_ref().is_none_or(|worst| worst.kind().is_cancel()) => worst = Some(error),
            Err(_) => {}
        }
    }
    match worst {
        None => Ok(good),
        Some(error) => Err((error, good)),
    }
}
