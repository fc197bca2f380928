//! The tree by which work is asked to end.

use std::sync::Arc;
use std::time::Duration;

use firesteel::error::ErrorKind;
use firesteel::runtime::clock::{Clock, ManualClock};
use firesteel::runtime::{Cancel, CancelReason};

#[test]
fn what_is_below_ends_and_what_is_above_or_beside_goes_on() {
    let query = Cancel::default();
    let (batch, other) = (query.child(), query.child());
    let action = batch.child();

    batch.cancel(CancelReason::Failed);

    assert_eq!(action.reason(), Some(CancelReason::Failed));
    assert!(!query.is_cancelled());
    assert!(!other.is_cancelled());
}

#[test]
fn work_with_two_owners_ends_with_either() {
    for ending in [0, 1] {
        let owners = [Cancel::default(), Cancel::default()];
        let action = Cancel::under(owners.clone());
        owners[ending].cancel(CancelReason::Stopped);

        assert_eq!(action.reason(), Some(CancelReason::Stopped));
        assert!(!owners[1 - ending].is_cancelled());
    }
}

#[test]
fn the_first_reason_stays() {
    let query = Cancel::default();
    let action = query.child();
    action.cancel(CancelReason::Interrupted);
    query.cancel(CancelReason::Stopped);
    action.cancel(CancelReason::Abandoned);

    assert_eq!(action.reason(), Some(CancelReason::Interrupted));
    assert_eq!(query.reason(), Some(CancelReason::Stopped));
}

#[test]
fn a_deadline_is_over_when_the_clock_says_so() {
    let manual = Arc::new(ManualClock::at(0));
    let clock = Arc::clone(&manual) as Arc<dyn Clock>;
    let work = Cancel::default().child_for(Duration::from_secs(5), &clock);
    let part = work.child();

    manual.advance(Duration::from_millis(4_999));
    assert!(part.check().is_ok());
    manual.advance(Duration::from_millis(1));

    assert_eq!(part.reason(), Some(CancelReason::TimedOut));
    assert_eq!(part.check().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn only_a_signal_makes_an_error_of_an_interrupt() {
    let kind = |reason: CancelReason| reason.error().kind();

    assert_eq!(kind(CancelReason::Interrupted), ErrorKind::Interrupted);
    for reason in [CancelReason::Stopped, CancelReason::TimedOut, CancelReason::Failed, CancelReason::Abandoned] {
        assert_eq!(kind(reason), ErrorKind::Cancelled);
        assert!(kind(reason).is_cancel());
    }
}

#[test]
fn a_call_belongs_to_what_runs_on_its_thread() {
    let batch = Cancel::default();
    let inside = batch.owning(|| {
        let deeper = Cancel::default();
        deeper.owning(|| assert!(Cancel::owner().is_some()));
        Cancel::of_call().unwrap()
    });
    assert!(Cancel::owner().is_none());

    batch.cancel(CancelReason::Stopped);

    assert!(inside.is_cancelled());
}

#[test]
fn calls_inside_of_calls_without_end_are_refused() {
    fn nested(depth: usize) -> Result<usize, String> {
        match Cancel::of_call() {
            Ok(call) => call.owning(|| nested(depth + 1)),
            Err(error) => Err(format!("{depth}: {error}")),
        }
    }

    let error = Cancel::default().owning(|| nested(0)).unwrap_err();

    assert!(error.starts_with("32: queries run inside functions"), "{error}");
}
