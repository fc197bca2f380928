//! The only door out of the interpreter lock. Whoever waits for Rust waits here: detached, looking
//! for signals every 50 ms.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;

use super::error::raise;
use crate::error::{Error, Result};
use crate::runtime::{Cancel, CancelReason, stack, step_aside, thread};

/// How often a wait looks for signals.
const SIGNALS: Duration = Duration::from_millis(50);

/// How long an interrupted call may take to end before the caller gets its exception anyway.
const PATIENCE: u32 = 40;

/// Runs work that takes microseconds, such as resolving a name, detached on the calling thread.
/// That is the interpreter's, whose stack may be small.
pub fn quick<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    quick_over(py, true, work)
}

/// [`quick`] for work that walks over what may be `deep`, or is known not to be: a plan, a type, or
/// nothing that a user builds.
pub fn quick_over<T: Send>(py: Python<'_>, deep: bool, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(|| stack::walk(deep, work)).map_err(|error| raise(py, &error))
}

/// Waits on the calling thread for something that others do and that ends with them, such as a
/// function's next rows.
pub fn pull<T: Send>(py: Python<'_>, next: impl FnOnce() -> T + Send) -> T {
    py.detach(|| {
        let _aside = step_aside();
        next()
    })
}

/// Runs work that may take long on a thread of its own, and honours Ctrl-C: the work is cancelled,
/// given two seconds to end, and the caller gets `KeyboardInterrupt`. A second Ctrl-C does not
/// wait. The work ends, too, with the query whose function calls this.
pub fn wait<T: Send + 'static>(
    py: Python<'_>,
    what: &str,
    work: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let cancel = Cancel::of_call().map_err(|error| raise(py, &error))?;
    wait_under(py, cancel, what, work)
}

/// [`wait`] for work that runs no user code, such as a prediction: a function that asks for it
/// keeps its turn.
pub fn compute<T: Send + 'static>(
    py: Python<'_>,
    what: &str,
    work: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let cancel = Cancel::of_call().map_err(|error| raise(py, &error))?;
    wait_here(py, cancel, what, work)
}

/// [`wait`] for work that is cancelled by `cancel`, which outlives it.
pub fn wait_under<T: Send + 'static>(
    py: Python<'_>,
    cancel: Cancel,
    what: &str,
    work: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    aside(py, || wait_here(py, cancel, what, work))
}

/// Waits with the function that runs on this thread left to others, if one does.
fn aside<T>(py: Python<'_>, wait: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let left = step_aside();
    let result = wait();
    if !left.is_nowhere() {
        py.detach(|| drop(left));
    }
    result
}

fn wait_here<T: Send + 'static>(
    py: Python<'_>,
    cancel: Cancel,
    what: &str,
    work: impl FnOnce(&Cancel) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let given = cancel.clone();
    let (send, receive) = mpsc::sync_channel(1);
    let receive = Mutex::new(receive); // a receiver is not Sync, and detaching borrows it
    let thread = thread("firesteel-call", move || {
        let _ = send.send(given.owning(|| work(&given)));
    });
    let thread = thread.map_err(|error| raise(py, &error))?;
    let mut interrupted: Option<(PyErr, u32)> = None;
    loop {
        let answer = py.detach(|| receive.lock().recv_timeout(SIGNALS));
        match answer {
            Ok(result) => {
                let _ = py.detach(|| thread.join());
                return match interrupted {
                    Some((signal, _)) => Err(signal),
                    None => result.map_err(|error| raise(py, &error)),
                };
            }
            Err(RecvTimeoutError::Disconnected) => {
                let error = Error::internal(format!("{what} panicked; the log says where"));
                return Err(raise(py, &error));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        match (py.check_signals(), interrupted.take()) {
            (Ok(()), None) => {}
            (Ok(()), Some((signal, rounds))) if rounds < PATIENCE => interrupted = Some((signal, rounds + 1)),
            (Err(signal), None) => {
                log::warn!("interrupted: waiting for {what} to end");
                cancel.cancel(CancelReason::Interrupted);
                interrupted = Some((signal, 0));
            }
            (_, Some((signal, _))) => return Err(signal),
        }
    }
}

/// Waits until `done` answers, asking it for at most 50 ms at a time: for waits that have a clock
/// of their own. Ends with the query whose function calls this.
pub fn poll<T: Send>(py: Python<'_>, mut done: impl FnMut(Duration) -> Result<Option<T>> + Send) -> PyResult<T> {
    let cancel = Cancel::of_call().map_err(|error| raise(py, &error))?;
    let mut next = || cancel.check().and_then(|()| done(SIGNALS));
    aside(py, || {
        loop {
            let answer = py.detach(&mut next).map_err(|error| raise(py, &error))?;
            if let Some(value) = answer {
                return Ok(value);
            }
            py.check_signals()?;
        }
    })
}
