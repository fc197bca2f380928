//! The memory that the state of a session's queries may take: `firesteel.state.memory`.
//!
//! It is a part of `firesteel.memory.limit`. Plans have that part as long as no query with state is
//! open. Open ones have even shares of it.

use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use crate::config::Conf;
use crate::config::quantity::parse_bytes;
use crate::error::{Error, Result};

const OWN: &str = "firesteel.state.memory";
const ALL: &str = "firesteel.memory.limit";

/// The memory for state, and how many queries share it.
#[derive(Debug)]
pub struct StateMemory {
    bytes: usize,
    pool: Arc<dyn MemoryPool>,
    open: Mutex<OpenQueries>,
}

#[derive(Debug, Default)]
struct OpenQueries {
    count: usize,
    /// What is taken from plans.
    taken: Option<MemoryReservation>,
}

/// One query's share. It ends when it is dropped.
#[derive(Debug)]
pub struct StateShare(Arc<StateMemory>);

impl StateMemory {
    /// What was set, else half of what plans may hold.
    pub fn new(conf: &Conf, limit: usize, pool: Arc<dyn MemoryPool>) -> Result<Arc<Self>> {
        let bytes = match conf.get_set(OWN) {
            None => limit / 2,
            Some(text) => {
                let bytes = usize::try_from(parse_bytes(OWN, text)?).unwrap_or(usize::MAX);
                if bytes >= limit {
                    return Err(Error::illegal(format!(
                        "{OWN} is a part of {ALL} and must be below it, found {text} of {}",
                        conf.get(ALL).unwrap_or_default()
                    )));
                }
                bytes
            }
        };
        Ok(Arc::new(Self { bytes, pool, open: Mutex::default() }))
    }

    /// A share for a query.
    pub fn share(self: &Arc<Self>) -> StateShare {
        let mut open = self.open.lock();
        open.count += 1;
        open.taken.get_or_insert_with(|| {
            let taken = MemoryConsumer::new("State").register(&self.pool);
            taken.grow(self.bytes);
            taken
        });
        drop(open);
        StateShare(Arc::clone(self))
    }
}

impl StateShare {
    /// The bytes that the query may have now. They change when other queries start and end.
    pub fn bytes(&self) -> usize {
        self.0.bytes / self.0.open.lock().count.max(1)
    }
}

impl Drop for StateShare {
    fn drop(&mut self) {
        let mut open = self.0.open.lock();
        open.count -= 1;
        if open.count == 0 {
            open.taken = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::memory_pool::SpillingPool;

    #[test]
    fn queries_with_state_share_a_part_of_the_memory_that_plans_have_without_them() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SpillingPool::new(1000));
        let memory = StateMemory::new(&Conf::default(), 1000, Arc::clone(&pool)).expect("a memory");
        assert_eq!(pool.reserved(), 0);
        let first = memory.share();
        assert_eq!((first.bytes(), pool.reserved()), (500, 500));
        let second = memory.share();
        assert_eq!((first.bytes(), second.bytes(), pool.reserved()), (250, 250, 500));
        drop(first);
        assert_eq!((second.bytes(), pool.reserved()), (500, 500));
        drop(second);
        assert_eq!(pool.reserved(), 0);
    }
}
