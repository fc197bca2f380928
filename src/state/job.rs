//! Work in the background of a store: in pieces, at a bounded rate, ended on request.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::store::Merging;
use crate::error::{Error, ErrorKind, Result};

/// How many bytes a second a merge writes while nobody waits for it.
const BYTES_A_SECOND: u64 = 128 << 20;

/// How a job runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobSpeed {
    Paced,
    /// Somebody waits for it.
    Full,
    /// Nobody wants it any more.
    Cancelled,
}

/// What a job asks after each piece of its work.
#[derive(Debug)]
pub struct JobPace {
    speed: Mutex<JobSpeed>,
    changed: Condvar,
}

impl JobPace {
    fn new(speed: JobSpeed) -> Self {
        Self { speed: Mutex::new(speed), changed: Condvar::new() }
    }

    fn set(&self, speed: JobSpeed) {
        *self.speed.lock() = speed;
        self.changed.notify_all();
    }

    /// Call it after `bytes` were written. It waits as the rate demands. The error says that the
    /// job was cancelled.
    pub fn after(&self, bytes: u64) -> Result<()> {
        let mut speed = self.speed.lock();
        if *speed == JobSpeed::Paced {
            let wait = Duration::from_micros(bytes.saturating_mul(1_000_000) / BYTES_A_SECOND);
            self.changed.wait_while_for(&mut speed, |speed| *speed == JobSpeed::Paced, wait);
        }
        match *speed {
            JobSpeed::Cancelled => Err(Error::new(ErrorKind::Cancelled, "a merge of the state was cancelled")),
            JobSpeed::Paced | JobSpeed::Full => Ok(()),
        }
    }
}

/// A job that was begun, and what came of it. Dropping it cancels the job and waits for its end.
pub struct StateJob<T>(Option<Arc<SharedStateJob<T>>>);

struct SharedStateJob<T> {
    pace: JobPace,
    result: Mutex<Option<Result<T>>>,
    done: Condvar,
}

/// Gives the job a result even where it panics or is never run.
struct JobEnd<T>(Arc<SharedStateJob<T>>);

impl<T> JobEnd<T> {
    fn finish(self, result: Result<T>) {
        *self.0.result.lock() = Some(result);
    }
}

impl<T> Drop for JobEnd<T> {
    fn drop(&mut self) {
        let mut result = self.0.result.lock();
        result.get_or_insert_with(|| Err(Error::internal("a merge of the state ended without a result")));
        self.0.done.notify_all();
    }
}

impl<T: Send + 'static> StateJob<T> {
    /// Begins a job where merges run; inline it has ended when this returns.
    pub fn start(merging: &Merging, work: impl FnOnce(&JobPace) -> Result<T> + Send + 'static) -> Self {
        let speed = match merging {
            Merging::Inline => JobSpeed::Full,
            Merging::Background(_) => JobSpeed::Paced,
        };
        let (pace, result, done) = (JobPace::new(speed), Mutex::new(None), Condvar::new());
        let shared = Arc::new(SharedStateJob { pace, result, done });
        let end = JobEnd(Arc::clone(&shared));
        let run = move || {
            let result = work(&end.0.pace);
            end.finish(result);
        };
        match merging {
            Merging::Inline => run(),
            // What came of it is in the job.
            Merging::Background(runtime) => drop(runtime.blocking(run)),
        }
        Self(Some(shared))
    }

    /// What came of the job, if it has ended.
    pub fn ended(&self) -> bool {
        self.0.as_ref().is_none_or(|shared| shared.result.lock().is_some())
    }

    /// Waits for the job, which hurries.
    pub fn wait(mut self) -> Result<T> {
        let Some(shared) = self.0.take() else { return Err(Error::internal("a job was waited for twice")) };
        shared.end_with(JobSpeed::Full)
    }
}

impl<T> SharedStateJob<T> {
    fn end_with(&self, speed: JobSpeed) -> Result<T> {
        self.pace.set(speed);
        let mut result = self.result.lock();
        self.done.wait_while(&mut result, |result| result.is_none());
        result.take().unwrap_or_else(|| Err(Error::internal("a job has no result")))
    }
}

impl<T> Drop for StateJob<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            // A run that came to its end is kept by its file alone.
            let _ = shared.end_with(JobSpeed::Cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::StateJob;
    use crate::error::ErrorKind;
    use crate::runtime::Runtime;
    use crate::state::Merging;

    #[test]
    fn a_job_that_is_dropped_is_cancelled_and_has_ended() {
        let runtime = Runtime::new(1).unwrap();
        let (send, receive) = mpsc::channel();
        let job = StateJob::start(&Merging::Background(runtime), move |pace| {
            let ended = loop {
                if let Err(error) = pace.after(1) {
                    break error;
                }
            };
            send.send(ended.kind()).unwrap();
            Err::<(), _>(ended)
        });
        drop(job);
        assert_eq!(receive.try_recv(), Ok(ErrorKind::Cancelled));
    }

    #[test]
    fn a_job_that_panics_is_an_error() {
        let runtime = Runtime::new(1).unwrap();
        let job = StateJob::<()>::start(&Merging::Background(runtime), |_| panic!("the work"));
        assert!(job.wait().is_err());
    }

    #[test]
    fn whoever_waits_is_not_kept_by_the_pace() {
        let runtime = Runtime::new(1).unwrap();
        let job = StateJob::start(&Merging::Background(runtime), |pace| pace.after(u64::MAX).map(|()| 7));
        assert_eq!(job.wait().unwrap(), 7);
    }
}
