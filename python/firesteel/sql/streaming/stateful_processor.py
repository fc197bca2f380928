"""What ``transformWithState`` calls and what its processors work with.

A processor declares its variables in ``init``. Each has a value of its own for every group. A
variable always means the group whose call runs. All of them become durable with the batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError

if TYPE_CHECKING:
    from firesteel.sql._processor_calls import GroupVariables, ProcessorBatch
    from firesteel.sql.types import Row, StructType

__all__ = [
    "ExpiredTimerInfo",
    "ListState",
    "MapState",
    "StatefulProcessor",
    "StatefulProcessorHandle",
    "TimerValues",
    "ValueState",
]


class TimerValues:
    """The clock and the watermark of a batch."""

    def __init__(self, currentProcessingTimeInMs: int = -1, currentWatermarkInMs: int = -1) -> None:
        self._clock_ms, self._watermark_ms = currentProcessingTimeInMs, currentWatermarkInMs

    def getCurrentProcessingTimeInMs(self) -> int:
        """The clock reading of the batch, in milliseconds since the epoch. -1 in the time mode None."""
        return self._clock_ms

    def getCurrentWatermarkInMs(self) -> int:
        """The watermark in milliseconds since the epoch: 0 without one, -1 in the time mode None."""
        return self._watermark_ms


class ExpiredTimerInfo:
    """The timer for which a group is called."""

    def __init__(self, expiryTimeInMs: int = -1) -> None:
        self._expiry_ms = expiryTimeInMs

    def getExpiryTimeInMs(self) -> int:
        """Its time in milliseconds since the epoch."""
        return self._expiry_ms


class _Variable:
    """A variable of the group whose call runs."""

    def __init__(self, batch: ProcessorBatch, at: int, name: str, schema: StructType, ttl_ms: int | None) -> None:
        self._batch, self._at, self._name, self._schema, self._ttl_ms = batch, at, name, schema, ttl_ms

    def _group(self) -> GroupVariables:
        return self._batch.group(self._name)

    def _checked(self, value: Any, schema: StructType | None = None) -> tuple[Any, ...]:
        """The value as a tuple, one entry for each field."""
        fields = (schema or self._schema).fields
        if not isinstance(value, (tuple, list)):
            raise TypeError(f"the variable '{self._name}' takes tuples, found {type(value).__name__}")
        if len(value) != len(fields):
            raise PySparkRuntimeError(
                errorClass="STRUCT_ARRAY_LENGTH_MISMATCH",
                messageParameters={
                    "what": f"a value of the variable '{self._name}'",
                    "actual": str(len(value)),
                    "expected": str(len(fields)),
                },
            )
        return tuple(value)

    def _expiry(self) -> int | None:
        return None if self._ttl_ms is None else self._batch.clock_ms + self._ttl_ms


class ValueState(_Variable):
    """A variable that has one value."""

    def exists(self) -> bool:
        """Whether it has one."""
        return self._group().read(self._at) is not None

    def get(self) -> tuple[Any, ...] | None:
        """Its value, or None."""
        found = self._group().read(self._at)
        return None if found is None else tuple(found[0])

    def update(self, newValue: tuple[Any, ...]) -> None:
        """Sets its value."""
        group = self._group()
        group.write(self._at, (self._checked(newValue), self._expiry()))
        group.updated += 1

    def clear(self) -> None:
        """Removes its value."""
        group = self._group()
        group.write(self._at, None)
        group.removed += 1


class ListState(_Variable):
    """A variable that has a list of values."""

    def exists(self) -> bool:
        """Whether the list has any."""
        return bool(self._group().read(self._at))

    def get(self) -> Iterator[tuple[Any, ...]]:
        """The values, as they are now."""
        return iter([tuple(value) for value, _ in self._group().read(self._at)])

    def put(self, newState: list[tuple[Any, ...]]) -> None:
        """Sets all of its values."""
        group, values = self._group(), self._all(newState)
        group.updated += len(values) - group.put.get(self._at, 0)
        group.put[self._at] = len(values)
        group.write(self._at, values)

    def appendValue(self, newState: tuple[Any, ...]) -> None:
        """Adds a value at the end."""
        group = self._group()
        group.write(self._at, [*group.read(self._at), (self._checked(newState), self._expiry())])
        group.updated += 1

    def appendList(self, newState: list[tuple[Any, ...]]) -> None:
        """Adds values at the end."""
        group, values = self._group(), self._all(newState)
        group.write(self._at, [*group.read(self._at), *values])
        group.updated += len(values)

    def clear(self) -> None:
        """Removes all values."""
        group = self._group()
        group.removed += int(bool(group.read(self._at)))
        group.write(self._at, [])

    def _all(self, values: list[tuple[Any, ...]]) -> list[tuple[tuple[Any, ...], int | None]]:
        if not values:
            raise PySparkRuntimeError(
                errorClass="ILLEGAL_STATE_STORE_VALUE.EMPTY_LIST_VALUE", messageParameters={"stateName": self._name}
            )
        expiry = self._expiry()
        return [(self._checked(value), expiry) for value in values]


class MapState(_Variable):
    """A variable that has values by keys."""

    def __init__(
        self,
        batch: ProcessorBatch,
        at: int,
        name: str,
        key_schema: StructType,
        schema: StructType,
        ttl_ms: int | None,
    ) -> None:
        super().__init__(batch, at, name, schema, ttl_ms)
        self._key_schema = key_schema

    def exists(self) -> bool:
        """Whether it has any key."""
        return bool(self._group().read(self._at))

    def getValue(self, key: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The value of a key, or None."""
        from firesteel.sql.types import _create_row

        found = self._group().read(self._at).get(self._key(key))
        return None if found is None else _create_row(self._schema.names, found[0])

    def containsKey(self, key: tuple[Any, ...]) -> bool:
        """Whether it has a key."""
        return self._key(key) in self._group().read(self._at)

    def updateValue(self, key: tuple[Any, ...], value: tuple[Any, ...]) -> None:
        """Sets the value of a key."""
        group = self._group()
        changed = (self._checked(value), self._expiry())
        group.write(self._at, {**group.read(self._at), self._key(key): changed})
        group.updated += 1

    def iterator(self) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """The keys and their values, as they are now."""
        return iter([(key, tuple(value)) for key, (value, _) in self._group().read(self._at).items()])

    def keys(self) -> Iterator[tuple[Any, ...]]:
        """The keys, as they are now."""
        return iter(list(self._group().read(self._at)))

    def values(self) -> Iterator[tuple[Any, ...]]:
        """The values, as they are now."""
        return iter([tuple(value) for value, _ in self._group().read(self._at).values()])

    def removeKey(self, key: tuple[Any, ...]) -> None:
        """Removes a key, if it is there."""
        group, gone = self._group(), self._key(key)
        group.write(self._at, {other: value for other, value in group.read(self._at).items() if other != gone})
        group.removed += 1

    def clear(self) -> None:
        """Removes all keys."""
        group = self._group()
        group.removed += len(group.read(self._at))
        group.write(self._at, {})

    def _key(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        return self._checked(key, self._key_schema)


class StatefulProcessorHandle:
    """What a processor declares its variables with, and sets its timers.

    Variables are declared in ``init``. Timers belong to the group whose call runs.
    """

    def __init__(self, batch: ProcessorBatch) -> None:
        self._batch = batch

    def getValueState(self, stateName: str, schema: StructType | str, ttlDurationMs: int | None = None) -> ValueState:
        """Declares a variable that has one value.

        Parameters
        ----------
        stateName : str
            Its name.
        schema : StructType or str
            The fields of its value.
        ttlDurationMs : int, optional
            How long a value lives after it was set, by the clock.
        """
        return self._batch.declare("value", stateName, schema, None, ttlDurationMs)

    def getListState(self, stateName: str, schema: StructType | str, ttlDurationMs: int | None = None) -> ListState:
        """Declares a variable that has a list of values.

        Parameters
        ----------
        stateName : str
            Its name.
        schema : StructType or str
            The fields of each value.
        ttlDurationMs : int, optional
            How long each value lives after it was added, by the clock.
        """
        return self._batch.declare("list", stateName, schema, None, ttlDurationMs)

    def getMapState(
        self,
        stateName: str,
        userKeySchema: StructType | str,
        valueSchema: StructType | str,
        ttlDurationMs: int | None = None,
    ) -> MapState:
        """Declares a variable that has values by keys.

        Parameters
        ----------
        stateName : str
            Its name.
        userKeySchema, valueSchema : StructType or str
            The fields of its keys and of its values.
        ttlDurationMs : int, optional
            How long a value lives after it was set, by the clock.
        """
        return self._batch.declare("map", stateName, valueSchema, userKeySchema, ttlDurationMs)

    def registerTimer(self, expiryTimestampMs: int) -> None:
        """Sets a timer of the group.

        Parameters
        ----------
        expiryTimestampMs : int
            Its time in milliseconds since the epoch. It is over when the clock or the watermark has
            come to it.
        """
        self._batch.check_timers("register_timer")
        self._batch.group("a timer").add_timer(_milliseconds(expiryTimestampMs))

    def deleteTimer(self, expiryTimestampMs: int) -> None:
        """Removes a timer of the group, if it is there.

        Parameters
        ----------
        expiryTimestampMs : int
            Its time in milliseconds since the epoch.
        """
        self._batch.check_timers("delete_timer")
        self._batch.group("a timer").remove_timer(_milliseconds(expiryTimestampMs))

    def listTimers(self) -> Iterator[int]:
        """The times of the group's timers, ascending."""
        self._batch.check_timers("list_timers")
        return iter(sorted(self._batch.group("a timer").timers))

    def deleteIfExists(self, stateName: str) -> None:
        """Removes a variable that was declared before in this ``init``.

        Parameters
        ----------
        stateName : str
            Its name.
        """
        self._batch.forget(stateName)


def _milliseconds(time: int) -> int:
    if isinstance(time, bool) or not isinstance(time, int):
        raise TypeError(f"a timer's time is an int of milliseconds, found {type(time).__name__}")
    return time


class StatefulProcessor(ABC):
    """What ``transformWithState`` calls for the groups of a stream.

    Each batch works with a copy of the processor. So attributes last for a batch, and variables for
    the life of the query.

    Examples
    --------
    >>> class Counter(StatefulProcessor):
    ...     def init(self, handle):
    ...         self.count = handle.getValueState("count", "n long")
    ...
    ...     def handleInputRows(self, key, rows, timerValues):
    ...         before = self.count.get()[0] if self.count.exists() else 0
    ...         self.count.update((before + len(list(rows)),))
    ...         yield Row(user=key[0], seen=self.count.get()[0])
    """

    @abstractmethod
    def init(self, handle: StatefulProcessorHandle) -> None:
        """Declares the variables. Called at the beginning of each batch, and once before the query.

        Parameters
        ----------
        handle : StatefulProcessorHandle
            It lives as long as the batch.
        """

    @abstractmethod
    def handleInputRows(self, key: Any, rows: Iterator[Any], timerValues: TimerValues) -> Iterator[Any]:
        """Called for each group that has rows, in the order of the keys.

        Parameters
        ----------
        key : tuple
            The key.
        rows : iterator of Row or pandas.DataFrame
            The rows.
        timerValues : TimerValues
            The clock and the watermark.

        Returns
        -------
        iterator of Row or pandas.DataFrame
        """

    def handleExpiredTimer(
        self, key: Any, timerValues: TimerValues, expiredTimerInfo: ExpiredTimerInfo
    ) -> Iterator[Any]:
        """Called for each timer that is over, after all groups with rows.

        Parameters
        ----------
        key : Row
            The key.
        timerValues : TimerValues
            The clock and the watermark.
        expiredTimerInfo : ExpiredTimerInfo
            The timer.

        Returns
        -------
        iterator of Row or pandas.DataFrame
        """
        return iter([])

    def close(self) -> None:  # noqa: B027 - a processor need not have it
        """Called at the end of each batch."""

    def handleInitialState(  # noqa: B027 - a processor need not have it
        self, key: Any, initialState: Row | Any, timerValues: TimerValues
    ) -> None:
        """Called in the first batch for each row of an initial state, before the rows of its group.

        Parameters
        ----------
        key : tuple
            The key.
        initialState : Row or pandas.DataFrame
            The row, or a frame of all rows of the group.
        timerValues : TimerValues
            The clock and the watermark.
        """
