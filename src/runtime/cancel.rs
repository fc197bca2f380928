//! Asking whoever works to end: a tree, so that whatever ends a query ends all that runs for it.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::clock::Clock;
use crate::error::{Error, ErrorKind, Result};

/// Why work is to end. The first reason stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The query that the work belongs to was stopped.
    Stopped,
    /// A signal came, such as Ctrl-C.
    Interrupted,
    /// Its time is over.
    TimedOut,
    /// Another part of the same work failed.
    Failed,
    /// Nobody waits for the result any more.
    Abandoned,
}

impl CancelReason {
    /// The error that work ends with.
    pub fn error(self) -> Error {
        match self {
            Self::Stopped => Error::new(ErrorKind::Cancelled, "cancelled: the streaming query was stopped"),
            Self::Interrupted => Error::new(ErrorKind::Interrupted, "interrupted"),
            Self::TimedOut => Error::new(ErrorKind::Cancelled, "cancelled: the time given for it is over"),
            Self::Failed => Error::new(ErrorKind::Cancelled, "cancelled: another part of the query failed"),
            Self::Abandoned => Error::new(ErrorKind::Cancelled, "cancelled: nobody waits for the result"),
        }
    }
}

/// A node of the tree. It is cancelled when it is asked to end, when an ancestor is, and once its
/// deadline is over. Cooperative: work looks at it between rows or record batches.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<CancelNode>);

#[derive(Default)]
struct CancelNode {
    /// Several where work has several owners: a caller, and the batch whose rows it reads.
    parents: Vec<Cancel>,
    deadline: Option<Deadline>,
    reason: OnceLock<CancelReason>,
    /// How many calls of user code this is inside of.
    nesting: usize,
}

struct Deadline {
    clock: Arc<dyn Clock>,
    /// By the clock's monotonic reading.
    at: Duration,
}

impl fmt::Debug for CancelNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelNode").field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// How deep queries may lie inside functions of queries. A function that calls itself without end
/// would otherwise use up the machine's threads.
const MOST_NESTED: usize = 32;

thread_local! {
    /// To whom belongs what runs on this thread.
    static OWNER: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// Gives a thread back to the owner that it had.
struct FormerOwner(Option<Cancel>);

impl Drop for FormerOwner {
    fn drop(&mut self) {
        OWNER.set(self.0.take());
    }
}

impl Cancel {
    /// A node under others.
    pub fn under(parents: impl IntoIterator<Item = Self>) -> Self {
        let parents: Vec<Self> = parents.into_iter().collect();
        let nesting = parents.iter().map(|parent| parent.0.nesting).max().unwrap_or_default();
        Self(Arc::new(CancelNode { parents, nesting, ..CancelNode::default() }))
    }

    /// A node under this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self::under([self.clone()])
    }

    /// A node under this one that is cancelled, too, once `time` has passed by `clock`.
    #[must_use]
    pub fn child_for(&self, time: Duration, clock: &Arc<dyn Clock>) -> Self {
        let deadline = Deadline { at: clock.monotonic().saturating_add(time), clock: Arc::clone(clock) };
        let (parents, nesting) = (vec![self.clone()], self.0.nesting);
        Self(Arc::new(CancelNode { parents, deadline: Some(deadline), reason: OnceLock::new(), nesting }))
    }

    /// A node for a call that begins on this thread: it belongs to whatever called it.
    pub fn of_call() -> Result<Self> {
        let Some(owner) = Self::owner() else { return Ok(Self::default()) };
        let nesting = owner.0.nesting + 1;
        if nesting > MOST_NESTED {
            return Err(Error::runtime(format!(
                "queries run inside functions of queries {MOST_NESTED} deep, the most there may be: a function seems to \
                 call itself without end"
            )));
        }
        Ok(Self(Arc::new(CancelNode { parents: vec![owner], nesting, ..CancelNode::default() })))
    }

    /// The owner of what runs on this thread: a batch while its `foreachBatch` function runs, a
    /// query while one of its functions does.
    pub fn owner() -> Option<Self> {
        OWNER.with_borrow(Clone::clone)
    }

    /// Runs `work` as the owner of what it calls on this thread.
    pub fn owning<T>(&self, work: impl FnOnce() -> T) -> T {
        let _former = FormerOwner(OWNER.replace(Some(self.clone())));
        work()
    }

    /// Asks this node, and all below it, to end.
    pub fn cancel(&self, reason: CancelReason) {
        // A node that ended has its reason already.
        let _ = self.0.reason.set(reason);
    }

    /// Why this is to end, if it is.
    pub fn reason(&self) -> Option<CancelReason> {
        let node = &self.0;
        if let Some(reason) = node.reason.get() {
            return Some(*reason);
        }
        let over = |deadline: &Deadline| deadline.clock.monotonic() >= deadline.at;
        let found = node
            .parents
            .iter()
            .find_map(Self::reason)
            .or_else(|| node.deadline.as_ref().is_some_and(over).then_some(CancelReason::TimedOut))?;
        Some(*node.reason.get_or_init(|| found))
    }

    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// The error of the reason for which this is to end.
    pub fn check(&self) -> Result<()> {
        self.reason().map_or(Ok(()), |reason| Err(reason.error()))
    }
}
