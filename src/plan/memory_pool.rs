//! The memory that the plans of one session share, bounded by `firesteel.memory.limit`.
//!
//! DataFusion's own fair pool refuses a sort the few bytes that its merge needs when sorts of other
//! lanes happen to hold the rest. They would spill those bytes if they were asked, so whether a
//! query ended well depended on which lane came first.

use std::fmt;

use datafusion::common::{Result as DfResult, resources_datafusion_err};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};
use parking_lot::Mutex;

/// A pool whose consumers that can spill make room for those that cannot.
///
/// - A consumer that cannot spill gets bytes while all of its kind hold no more than the limit.
/// - A consumer that can spill may hold an even share of what the others leave. It is refused more,
///   and spills, as soon as that share is smaller than its holdings.
///
/// So the sum passes the limit for a moment: by no more than what cannot spill has just taken,
/// until each of the others asks next.
#[derive(Debug)]
pub struct SpillingPool {
    limit: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// How many consumers can spill.
    spilling: usize,
    /// Bytes of consumers that can spill.
    spillable: usize,
    /// Bytes of consumers that cannot.
    fixed: usize,
}

impl SpillingPool {
    /// A pool of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, held: Mutex::default() }
    }

    /// The most that the reservation may hold now, with the others as they are.
    fn most(&self, held: &Held, reservation: &MemoryReservation) -> usize {
        if reservation.consumer().can_spill() {
            self.limit.saturating_sub(held.fixed) / held.spilling.max(1)
        } else {
            self.limit.saturating_sub(held.fixed - reservation.size())
        }
    }
}

impl MemoryPool for SpillingPool {
    fn name(&self) -> &str {
        "spilling"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.held.lock().spilling += 1;
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.held.lock().spilling -= 1;
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.held.lock().of(reservation) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.held.lock().of(reservation) -= shrink;
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> DfResult<()> {
        let mut held = self.held.lock();
        let most = self.most(&held, reservation);
        if reservation.size().saturating_add(additional) > most {
            return Err(resources_datafusion_err!(
                "{} needs {} more and holds {}, but may hold {} of the session's {} now; set a larger \
                 firesteel.memory.limit",
                reservation.consumer().name(),
                human_readable_size(additional),
                human_readable_size(reservation.size()),
                human_readable_size(most),
                human_readable_size(self.limit)
            ));
        }
        *held.of(reservation) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let held = self.held.lock();
        held.spillable + held.fixed
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

impl Held {
    fn of(&mut self, reservation: &MemoryReservation) -> &mut usize {
        if reservation.consumer().can_spill() { &mut self.spillable } else { &mut self.fixed }
    }
}

impl fmt::Display for SpillingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(limit: {})", self.name(), human_readable_size(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn pool(limit: usize) -> Arc<dyn MemoryPool> {
        Arc::new(SpillingPool::new(limit))
    }

    fn sort(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new("sort").with_can_spill(true).register(pool)
    }

    fn merge(pool: &Arc<dyn MemoryPool>) -> MemoryReservation {
        MemoryConsumer::new("merge").register(pool)
    }

    #[test]
    fn a_merge_gets_its_bytes_while_a_sort_holds_all() {
        let pool = pool(100);
        let (sort, merge) = (sort(&pool), merge(&pool));
        sort.try_grow(100).expect("nobody else holds any");
        merge.try_grow(40).expect("the sort can spill");
        assert!(sort.try_grow(1).is_err(), "the sort must spill before it holds more");
        sort.free();
        sort.try_grow(60).expect("the merge left 60");
        assert_eq!(pool.reserved(), 100);
    }

    #[test]
    fn sorts_share_evenly() {
        let pool = pool(100);
        let (first, second) = (sort(&pool), sort(&pool));
        first.try_grow(50).expect("half");
        assert!(first.try_grow(1).is_err());
        second.try_grow(50).expect("the other half");
        drop(second);
        first.try_grow(50).expect("all, once it is alone");
    }

    #[test]
    fn what_cannot_spill_is_bounded_by_the_limit_alone() {
        let pool = pool(100);
        let (first, second) = (merge(&pool), merge(&pool));
        first.try_grow(70).expect("under the limit");
        let refused = second.try_grow(31).expect_err("over the limit").to_string();
        assert!(refused.contains("merge needs 31.0 B more and holds 0.0 B, but may hold 30.0 B"), "{refused}");
        assert!(refused.contains("firesteel.memory.limit"), "{refused}");
    }
}
