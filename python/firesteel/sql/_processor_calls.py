"""How the groups of a chunk are called with their variables and timers: ``transformWithState``.

The engine reads all variables and timers of a chunk's groups before, and writes them after. What a
processor does in between happens here, without the engine.

A group is kept as one value with a field for each variable. Every entry of a variable has the time
at which it expires.

| variable | field |
|---|---|
| value | struct<value, expiry> |
| list | array<struct<value, expiry>> |
| map | array<struct<key, value, expiry>> |
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError
from firesteel.sql._groups import GroupFrames, key_values
from firesteel.sql._state_calls import FrameRows, frames_of
from firesteel.sql.representation import arrow_type, value_converter, whole
from firesteel.sql.streaming.state import KEPT, REMOVED, WRITTEN
from firesteel.sql.streaming.stateful_processor import (
    ExpiredTimerInfo,
    ListState,
    MapState,
    StatefulProcessor,
    StatefulProcessorHandle,
    TimerValues,
    ValueState,
)
from firesteel.sql.types import (
    ArrayType,
    DataType,
    LongType,
    Row,
    StructType,
    _create_row,
    _parse_datatype_string,
)

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["GroupVariables", "ProcessorBatch", "ProcessorCalls"]

_UNREAD = object()


@dataclasses.dataclass(frozen=True)
class Declared:
    """A variable as a processor declared it."""

    kind: str
    name: str
    schema: StructType
    key: StructType | None
    ttl_ms: int | None

    def field(self) -> DataType:
        """How its values of a group are kept."""
        entry = StructType()
        if self.key is not None:
            entry.add("key", self.key)
        entry.add("value", self.schema).add("expiry", LongType())
        return entry if self.kind == "value" else ArrayType(entry)


class GroupVariables:
    """The variables and timers of one group while its chunk is called."""

    __slots__ = ("_batch", "_data", "_kept", "_timers", "changed", "grown", "put", "removed", "updated")

    def __init__(self, batch: ProcessorBatch, kept: tuple[Any, ...] | None, timers: list[int]) -> None:
        self._batch, self._kept, self._timers = batch, kept, set(timers)
        self._data: list[Any] = [_UNREAD] * len(batch.declared)
        self.changed = False
        self.grown = self.updated = self.removed = 0
        self.put: dict[int, int] = {}

    @property
    def timers(self) -> frozenset[int]:
        return frozenset(self._timers)

    def add_timer(self, time: int) -> None:
        if time not in self._timers:
            self._timers.add(time)
            self.changed = True

    def remove_timer(self, time: int) -> None:
        if time in self._timers:
            self._timers.remove(time)
            self.changed = True

    def read(self, at: int) -> Any:
        """A variable without what has expired: a value and its expiry, a list or a dict of them."""
        data = self._data[at]
        if data is _UNREAD:
            data = self._data[at] = self._load(at)
        return data

    def write(self, at: int, data: Any) -> None:
        """Sets a variable."""
        before = self.read(at)
        kind = self._batch.declared[at].kind
        self.grown += _entries(kind, data) - _entries(kind, before)
        self._data[at] = data
        self.changed = True

    def _load(self, at: int) -> Any:
        kept = None if self._kept is None else self._kept[at]
        kind = self._batch.declared[at].kind
        now = self._batch.clock_ms
        if kind == "value":
            if kept is None or not _is_over(kept[1], now):
                return None if kept is None else (kept[0], kept[1])
            self._expired(kind, kept, None, 0)
            return None
        entries = kept or ()
        there = [entry for entry in entries if not _is_over(entry[-1], now)]
        if kind == "list":
            data: Any = [(entry[0], entry[1]) for entry in there]
        else:
            data = {tuple(entry[0]): (entry[1], entry[2]) for entry in there}
        if len(there) < len(entries):
            self._expired(kind, kept, data, len(entries) - len(there))
        return data

    def _expired(self, kind: str, before: Any, after: Any, entries: int) -> None:
        self.changed = True
        self.grown += _entries(kind, after) - _entries(kind, before)
        # A value that expired and is set again in the same call was never removed, as in Spark.
        self.removed += entries

    def forget_expired(self) -> None:
        """Reads all variables, so that what has expired is gone."""
        for at, declared in enumerate(self._batch.declared):
            unread = self._data[at] is _UNREAD
            there = self._kept is not None and self._kept[at] is not None
            if self.read(at) is None and declared.kind == "value" and unread and there:
                self.removed += 1

    def end(self) -> tuple[int, tuple[Any, ...] | None, list[int], int | None]:
        """What becomes of the group: the outcome, its values, its timers and when something expires."""
        if not self.changed:
            return KEPT, None, [], None
        fields: list[Any] = []
        expiries: list[int] = []
        empty = not self._timers
        for at, declared in enumerate(self._batch.declared):
            if self._data[at] is _UNREAD and declared.ttl_ms is None:
                field = None if self._kept is None else self._kept[at]
            else:
                field = _field(declared.kind, self.read(at))
                expiries.extend(_expiries(declared.kind, field))
            empty = empty and not field
            fields.append(field)
        if empty:
            return REMOVED, None, [], None
        return WRITTEN, tuple(fields), sorted(self._timers), min(expiries, default=None)


def _is_over(expiry: int | None, now: int) -> bool:
    return expiry is not None and expiry <= now


def _entries(kind: str, data: Any) -> int:
    """How many entries of a store a variable is to Spark."""
    return len(data) if kind == "map" and data else int(bool(data))


def _field(kind: str, data: Any) -> Any:
    if kind == "map":
        return [(key, value, expiry) for key, (value, expiry) in data.items()] or None
    return data or None


def _expiries(kind: str, field: Any) -> Iterable[int]:
    entries = () if field is None else (field,) if kind == "value" else field
    return [entry[-1] for entry in entries if entry[-1] is not None]


class ProcessorBatch:
    """A processor in one lane of one batch: its variables, and the group whose call runs."""

    def __init__(self, time_mode: str, clock_ms: int, wanted: Callable[[], None] = lambda: None) -> None:
        self.time_mode, self.clock_ms, self._wanted = time_mode, clock_ms, wanted
        self.declared: list[Declared] = []
        self._state = "CREATED"
        self._current: GroupVariables | None = None

    def begin(self, processor: StatefulProcessor) -> None:
        """Let the processor declare its variables."""
        processor.init(StatefulProcessorHandle(self))
        self._state = "INITIALIZED"

    def end(self) -> None:
        """From now on its handles raise."""
        self._state, self._current = "CLOSED", None

    def enter(self, group: GroupVariables | None) -> None:
        """Name the group whose call runs."""
        self._wanted()
        self._current = group

    def group(self, what: str) -> GroupVariables:
        """Give the group whose call runs."""
        if self._current is None:
            why = "after its batch" if self._state == "CLOSED" else "outside of a call for a group"
            raise PySparkRuntimeError(f"{what} was used {why}: it works in handleInputRows and handleExpiredTimer")
        return self._current

    def check_timers(self, operation: str) -> None:
        """Refuse timers in the time mode None."""
        if self.time_mode == "none":
            raise PySparkRuntimeError(
                errorClass="STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE",
                messageParameters={"operationType": operation, "timeMode": "NoTime"},
            )

    def declare(
        self,
        kind: str,
        name: str,
        schema: StructType | str,
        key: StructType | str | None,
        ttl_ms: int | None,
    ) -> Any:
        """Add a variable."""
        self._check_state(f"get_{kind}_state")
        self._check_name(name)
        operation = {"operationType": f"get{kind.capitalize()}State", "stateName": name}
        if ttl_ms:
            if self.time_mode != "processing":
                raise PySparkRuntimeError(
                    errorClass="STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL", messageParameters=operation
                )
            if ttl_ms < 0:
                raise PySparkRuntimeError(
                    errorClass="STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE", messageParameters=operation
                )
        declared = Declared(kind, name, _struct(schema), None if key is None else _struct(key), ttl_ms or None)
        at = len(self.declared)
        self.declared.append(declared)
        if declared.key is not None:
            return MapState(self, at, name, declared.key, declared.schema, declared.ttl_ms)
        made = ValueState if kind == "value" else ListState
        return made(self, at, name, declared.schema, declared.ttl_ms)

    def forget(self, name: str) -> None:
        """Remove the last variable if it has this name."""
        self._check_state("delete_if_exists")
        if self.declared and self.declared[-1].name == name:
            self.declared.pop()

    def _check_state(self, operation: str) -> None:
        if self._state != "CREATED":
            raise PySparkRuntimeError(
                errorClass="STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE",
                messageParameters={"operationType": operation, "handleState": self._state},
            )

    def _check_name(self, name: str) -> None:
        if any(other.name == name for other in self.declared):
            raise PySparkRuntimeError(
                errorClass="STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED",
                messageParameters={"stateVarName": name},
            )
        if name.startswith("$"):
            raise PySparkRuntimeError(
                errorClass="STATE_STORE_CANNOT_CREATE_COLUMN_FAMILY_WITH_RESERVED_CHARS",
                messageParameters={"colFamilyName": name},
            )
        if not name.strip() or name != name.strip() or name == "default":
            raise PySparkRuntimeError(
                errorClass="STATE_STORE_CANNOT_USE_COLUMN_FAMILY_WITH_INVALID_NAME",
                messageParameters={"colFamilyName": name},
            )


def _struct(schema: StructType | str) -> StructType:
    parsed = _parse_datatype_string(schema) if isinstance(schema, str) else schema
    return parsed if isinstance(parsed, StructType) else StructType().add("value", parsed)


class ProcessorCalls:
    """A processor as the engine calls it.

    Parameters
    ----------
    processor : StatefulProcessor
        The user's processor.
    schema : StructType
        The columns of the input.
    keys : list of str
        The names of the columns that are the key.
    output : StructType
        The rows that the processor gives.
    time_mode : str
        ``none``, ``processing`` or ``event``.
    zone : str
        The time zone of the session.
    most : int
        How many rows a frame may have.
    in_pandas : bool
        Whether rows come and go as frames.
    initial : list of str, optional
        The columns of an initial state. They follow those of the input, and a last one says which
        rows are of it. In a group those follow the other rows.
    """

    def __init__(
        self,
        processor: StatefulProcessor,
        schema: StructType,
        keys: list[str],
        output: StructType,
        time_mode: str,
        zone: str,
        most: int,
        *,
        in_pandas: bool,
        initial: list[str] | None = None,
    ) -> None:
        self._processor, self._names, self._keys, self._output = processor, schema.names, keys, output
        self.time_mode, self._zone, self._most, self._in_pandas = time_mode, zone, most, in_pandas
        self._initial = initial
        self._failed: Exception | None = None

    def state(self) -> StructType:
        """Ask the processor for its variables. If it raises, each batch will."""
        batch, processor = ProcessorBatch(self.time_mode, 0), _copy_of(self._processor)
        try:
            batch.begin(processor)
            processor.close()
        except Exception as error:
            self._failed = error
            batch.declared.clear()
        finally:
            batch.end()
        kept = StructType()
        for declared in batch.declared:
            # A reader of the checkpoint shows the expiry of those alone that have one.
            kept.add(declared.name, declared.field(), metadata={"ttl": True} if declared.ttl_ms is not None else None)
        return kept

    def open(
        self, clock_ms: int, watermark_ms: int | None, wanted: Callable[[], None]
    ) -> tuple[Callable[..., Any], Callable[[], None]]:
        """Begin one lane of one batch. `wanted` raises once nobody wants it any more."""
        if self._failed is not None:
            raise self._failed
        batch, processor = ProcessorBatch(self.time_mode, clock_ms, wanted), _copy_of(self._processor)
        batch.begin(processor)
        timers = {
            "none": TimerValues(-1, -1),
            "processing": TimerValues(clock_ms, watermark_ms or 0),
            "event": TimerValues(clock_ms, watermark_ms or 0),
        }[self.time_mode]

        def call(
            cause: str,
            columns: list[Any],
            ends: list[int],
            keys: list[Any],
            values: list[tuple[Any, ...] | None],
            times: list[list[int]],
            over: list[tuple[int, int]],
        ) -> tuple[Any, ...]:
            groups = [GroupVariables(batch, value, set_times) for value, set_times in zip(values, times, strict=True)]
            named = self._key_tuples(keys)
            given: Any = FrameRows(self._output, self._zone) if self._in_pandas else []
            if cause == "rows":
                self._call_with_rows(batch, processor, timers, (columns, ends, named, groups), given)
            elif cause == "timeout":
                self._call_for_timers(batch, processor, timers, (named, groups, over), given)
            else:
                for group in groups:
                    group.forget_expired()
            batch.enter(None)
            return (self._rows_of(given), *_outcomes(groups))

        def close() -> None:
            try:
                processor.close()
            finally:
                batch.end()

        return call, close

    def _call_with_rows(
        self,
        batch: ProcessorBatch,
        processor: StatefulProcessor,
        timers: TimerValues,
        chunk: tuple[list[Any], list[int], list[tuple[Any, ...]], list[GroupVariables]],
        given: Any,
    ) -> None:
        columns, ends, keys, groups = chunk
        width = len(self._names)
        rows = self._rows(columns[:width], self._names)
        initial = self._rows(columns[width:-1], self._initial) if self._initial is not None else None
        flags = self._flags(columns[-1]) if initial is not None else []
        start = 0
        for key, end, group in zip(keys, ends, groups, strict=True):
            batch.enter(group)
            data_end = end
            if initial is not None:
                data_end = end - sum(flags[start:end])
                for row in initial(data_end, end):
                    processor.handleInitialState(key, row, timers)
            if data_end > start:
                given.extend(self._checked(processor.handleInputRows(key, rows(start, data_end), timers)))
            start = end

    def _rows(self, columns: list[Any], names: list[str]) -> Callable[[int, int], Iterator[Any]]:
        """What gives the rows from one place to another, as the processor takes them."""
        if self._in_pandas:
            return GroupFrames(columns, names, self._zone, self._most).of
        rows = list(zip(*columns, strict=True))
        return lambda start, end: (_create_row(names, row) for row in rows[start:end])

    def _flags(self, column: Any) -> list[bool]:
        return column.to_pylist() if self._in_pandas else column

    def _call_for_timers(
        self,
        batch: ProcessorBatch,
        processor: StatefulProcessor,
        timers: TimerValues,
        chunk: tuple[list[tuple[Any, ...]], list[GroupVariables], list[tuple[int, int]]],
        given: Any,
    ) -> None:
        keys, groups, over = chunk
        for at, time in over:
            group = groups[at]
            # A call before may have deleted it.
            if time not in group.timers:
                continue
            batch.enter(group)
            result = processor.handleExpiredTimer(
                key=_create_row(self._keys, keys[at]),
                timerValues=timers,
                expiredTimerInfo=ExpiredTimerInfo(time),
            )
            given.extend(self._checked(result))
            group.remove_timer(time)

    def _key_tuples(self, keys: list[Any]) -> list[tuple[Any, ...]]:
        return key_values(keys, self._zone) if self._in_pandas else list(zip(*keys, strict=True))

    def _checked(self, result: Any) -> Iterator[Any]:
        return frames_of(result, self._output) if self._in_pandas else iter(result)

    def _rows_of(self, given: Any) -> pa.Array:
        return given.rows() if isinstance(given, FrameRows) else _rows_of_rows(given, self._output)


def _copy_of(processor: StatefulProcessor) -> StatefulProcessor:
    """A copy for a batch. What cannot be copied is shared with the other batches."""
    try:
        return copy.deepcopy(processor)
    except Exception:
        return copy.copy(processor)


def _outcomes(groups: list[GroupVariables]) -> tuple[Any, ...]:
    outcomes, written, timers, expires = bytearray(len(groups)), [], [], []
    for at, group in enumerate(groups):
        outcome, kept, times, expiry = group.end()
        outcomes[at] = outcome
        if outcome == WRITTEN:
            written.append(kept)
            timers.append(times)
            expires.append(expiry)
    counts = tuple(sum(getattr(group, name) for group in groups) for name in ("grown", "updated", "removed"))
    return bytes(outcomes), written, timers, expires, counts


def _rows_of_rows(given: list[Row], output: StructType) -> pa.Array:
    """Rows as one struct array. Their fields are found by their names, as in Spark."""
    import pyarrow as pa

    target = arrow_type(output)
    named = [row.asDict() for row in given]
    arrays = []
    for field in output.fields:
        convert = value_converter(field.dataType)
        found = [row.get(field.name) for row in named]
        converted = found if convert is None else [convert(value) for value in found]
        arrays.append(whole(pa.array(converted, type=arrow_type(field.dataType))))
    if not arrays:
        return pa.array([{}] * len(given), type=target)
    return pa.StructArray.from_arrays(arrays, fields=list(target))
