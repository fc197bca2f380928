"""What ``applyInPandasWithState`` keeps of a group: ``GroupState`` and ``GroupStateTimeout``."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError, PySparkTypeError, PySparkValueError, _not_type

if TYPE_CHECKING:
    from firesteel.sql._state_calls import BatchFacts

__all__ = ["GroupState", "GroupStateTimeout"]

KEPT, WRITTEN, REMOVED = 0, 1, 2
"""What became of a state in a call, as the engine reads it."""
NO_TIMEOUT = -1


class GroupStateTimeout:
    """When a group is called although no row of it has come.

    Attributes
    ----------
    NoTimeout : str
        Never.
    ProcessingTimeTimeout : str
        When the clock has passed a time that :meth:`GroupState.setTimeoutDuration` sets.
    EventTimeTimeout : str
        When the watermark has passed a time that :meth:`GroupState.setTimeoutTimestamp` sets.
    """

    NoTimeout: str = "NoTimeout"
    ProcessingTimeTimeout: str = "ProcessingTimeTimeout"
    EventTimeTimeout: str = "EventTimeTimeout"


class GroupState:
    """What the engine keeps of one group between batches. A function gets it in each call.

    Changes become durable with the batch. If the batch fails, they are lost with it.

    Notes
    -----
    A state lives as long as its batch. A call on one that was kept for longer raises.

    A value of another type than the schema's is converted if it loses nothing. Otherwise the batch
    fails with an error that names the field. Spark writes null in its place.

    Examples
    --------
    >>> def count(key, frames, state):
    ...     total = (state.get[0] if state.exists else 0) + sum(map(len, frames))
    ...     state.update((total,))
    ...     yield pd.DataFrame({"user": [key[0]], "seen": [total]})
    """

    __slots__ = ("_facts", "_outcome", "_timed_out", "_timeout", "_value")

    def __init__(self, facts: BatchFacts, value: tuple[Any, ...] | None, timed_out: bool) -> None:
        self._facts: BatchFacts | None = facts
        self._value = value
        self._timed_out = timed_out
        self._outcome = KEPT
        self._timeout = NO_TIMEOUT

    def _batch(self) -> BatchFacts:
        if self._facts is None:
            raise PySparkRuntimeError("a GroupState was used after its batch: read and change it in the call it is for")
        return self._facts

    @property
    def exists(self) -> bool:
        """Whether the group has a state."""
        self._batch()
        return self._value is not None

    @property
    def get(self) -> tuple[Any, ...]:
        """The state, a tuple.

        Raises
        ------
        PySparkValueError
            If there is none.
        """
        self._batch()
        if self._value is None:
            raise PySparkValueError(errorClass="STATE_NOT_EXISTS", messageParameters={})
        return self._value

    @property
    def getOption(self) -> tuple[Any, ...] | None:
        """The state, or None."""
        self._batch()
        return self._value

    @property
    def hasTimedOut(self) -> bool:
        """Whether the group is called because its time is over."""
        self._batch()
        return self._timed_out

    @property
    def oldTimeoutTimestamp(self) -> int:
        """Always -1, as in Spark."""
        self._batch()
        return NO_TIMEOUT

    def update(self, newValue: Any) -> None:
        """Replaces the state. A time that was set before goes.

        Parameters
        ----------
        newValue : tuple
            One value for each field of the state's schema.
        """
        self._batch()
        if newValue is None:
            raise PySparkTypeError(errorClass="CANNOT_BE_NONE", messageParameters={"arg_name": "newValue"})
        self._value = tuple(newValue)
        self._outcome = WRITTEN

    def remove(self) -> None:
        """Removes the state."""
        self._batch()
        self._value = None
        self._outcome = REMOVED

    def setTimeoutDuration(self, durationMs: int) -> None:
        """Sets the time at which the group is called without rows: so long after this batch.

        Parameters
        ----------
        durationMs : int
            Milliseconds, at least 1.
        """
        facts = self._batch()
        if isinstance(durationMs, str):
            raise _not_type("durationMs", "int", durationMs)
        if facts.timeout != GroupStateTimeout.ProcessingTimeTimeout:
            raise _without("set timeout duration", GroupStateTimeout.ProcessingTimeTimeout)
        if durationMs <= 0:
            raise _not_positive("durationMs", durationMs)
        self._timeout = int(facts.clock_ms + durationMs)

    def setTimeoutTimestamp(self, timestampMs: int | datetime.datetime) -> None:
        """Sets the time that the watermark must pass for the group to be called without rows.

        Parameters
        ----------
        timestampMs : int or datetime
            Milliseconds since the epoch, or a time. It must not be below the watermark.
        """
        facts = self._batch()
        if facts.timeout != GroupStateTimeout.EventTimeTimeout:
            raise _without("set timeout timestamp", GroupStateTimeout.EventTimeTimeout)
        if isinstance(timestampMs, datetime.datetime):
            timestampMs = (timestampMs.astimezone(datetime.UTC) - _EPOCH) // datetime.timedelta(milliseconds=1)
        if timestampMs <= 0:
            raise _not_positive("timestampMs", timestampMs)
        if facts.watermark_ms is not None and timestampMs < facts.watermark_ms:
            raise PySparkValueError(
                errorClass="INVALID_TIMEOUT_TIMESTAMP",
                messageParameters={"timestamp": str(timestampMs), "watermark": str(facts.watermark_ms)},
            )
        self._timeout = int(timestampMs)

    def getCurrentWatermarkMs(self) -> int:
        """The watermark in milliseconds since the epoch.

        Raises
        ------
        PySparkRuntimeError
            If the query has none.
        """
        facts = self._batch()
        if facts.watermark_ms is None:
            raise _without("get event time watermark", "a watermark: call withWatermark on the rows before")
        return facts.watermark_ms

    def getCurrentProcessingTimeMs(self) -> int:
        """The clock reading of the batch, in milliseconds since the epoch."""
        return self._batch().clock_ms

    def __str__(self) -> str:
        return f"GroupState({'<undefined>' if self._value is None else self._value})"

    def _end(self) -> tuple[int, tuple[Any, ...] | None, int]:
        """Ends the call: what becomes of the state, its value, and its time."""
        self._facts = None
        outcome = self._outcome
        if self._timeout != NO_TIMEOUT:
            # A time is kept with the value, or without one.
            outcome = WRITTEN
        return outcome, self._value, self._timeout


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def _without(action: str, needed: str) -> PySparkRuntimeError:
    return PySparkRuntimeError(
        errorClass="CANNOT_WITHOUT", messageParameters={"condition1": action, "condition2": needed}
    )


def _not_positive(name: str, value: Any) -> PySparkValueError:
    return PySparkValueError(
        errorClass="VALUE_NOT_POSITIVE", messageParameters={"arg_name": name, "arg_value": str(value)}
    )
