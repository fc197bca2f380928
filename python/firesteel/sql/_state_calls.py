"""How the groups of a chunk are called with what is kept of them: ``applyInPandasWithState``.

The engine opens a function for each lane of each batch. Then it calls it chunk by chunk, on its own
threads, and holds the interpreter's lock. It has read what is kept of all groups of a chunk before,
and writes what became of it after.
"""

from __future__ import annotations

import dataclasses
import decimal
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError, PySparkTypeError
from firesteel.sql._groups import GroupFrames, key_values
from firesteel.sql.representation import array_of_series, arrow_type
from firesteel.sql.streaming.state import NO_TIMEOUT, WRITTEN, GroupState
from firesteel.sql.types import (
    ArrayType,
    BooleanType,
    ByteType,
    CharType,
    DataType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    ShortType,
    StringType,
    StructType,
    VarcharType,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["BatchFacts", "apply_in_pandas_with_state", "kept_value", "state_converter"]

Call = Callable[..., tuple[Any, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class BatchFacts:
    """What is the same for all groups of a batch."""

    timeout: str
    clock_ms: int
    watermark_ms: int | None


def apply_in_pandas_with_state(
    func: Callable[..., Any],
    names: list[str],
    output: StructType,
    timeout: str,
    zone: str,
    most: int,
) -> Callable[..., Any]:
    """What opens the function of ``applyInPandasWithState``.

    Parameters
    ----------
    func : function
        The user's function of a key, frames and a state.
    names : list of str
        The names of the input's columns.
    output : StructType
        The rows that the function gives.
    timeout : str
        One of :class:`~firesteel.sql.streaming.state.GroupStateTimeout`.
    zone : str
        The time zone of the session.
    most : int
        How many rows a frame may have.
    """

    def open_batch(
        clock_ms: int, watermark_ms: int | None, wanted: Callable[[], None]
    ) -> tuple[Call, Callable[[], None]]:
        facts = BatchFacts(timeout, clock_ms, watermark_ms)

        def call(
            cause: str,
            columns: list[pa.Array],
            ends: list[int],
            keys: list[pa.Array],
            values: list[tuple[Any, ...] | None],
            times: list[list[int]],
            over: list[tuple[int, int]],
        ) -> tuple[Any, ...]:
            frames = GroupFrames(columns, names, zone, most)
            given = FrameRows(output, zone)
            outcomes, written, set_times = bytearray(len(ends)), [], []
            start, timed_out = 0, cause == "timeout"
            for group, (key, end, value) in enumerate(zip(key_values(keys, zone), ends, values, strict=True)):
                wanted()
                state = GroupState(facts, value, timed_out)
                rows = frames.without_rows() if timed_out else frames.of(start, end)
                given.extend(frames_of(func(key, rows, state), output))
                outcome, kept, time = state._end()
                outcomes[group] = outcome
                if outcome == WRITTEN:
                    written.append(kept)
                    set_times.append([] if time == NO_TIMEOUT else [time])
                start = end
            return given.rows(), bytes(outcomes), written, set_times, [None] * len(written), None

        return call, lambda: None

    return open_batch


# What the functions give ----------------------------------------------------------------------------


def frames_of(result: Any, output: StructType) -> Iterator[pd.DataFrame]:
    """The frames of a call that have rows, each checked."""
    import pandas as pd

    if isinstance(result, pd.DataFrame) or not isinstance(result, Iterable):
        raise _returned("an iterable of pandas.DataFrame", result)
    expected = len(output.fields)
    for frame in result:
        if not isinstance(frame, pd.DataFrame):
            raise _returned("an iterable of pandas.DataFrame", frame)
        rows, width = frame.shape
        if rows and width == expected > 0:
            yield frame
        elif width not in (0, expected):
            raise PySparkRuntimeError(
                errorClass="RESULT_COLUMN_SCHEMA_MISMATCH",
                messageParameters={"expected": str(expected), "actual": str(width)},
            )


def _returned(expected: str, found: Any) -> PySparkTypeError:
    return PySparkTypeError(
        errorClass="UDF_RETURN_TYPE", messageParameters={"expected": expected, "actual": type(found).__name__}
    )


TOGETHER = 256
"""How many frames are converted at once. More of them lie in memory for longer and take no less time."""


class FrameRows:
    """The rows of the frames that functions give, as one struct array."""

    def __init__(self, output: StructType, zone: str) -> None:
        self._output, self._zone = output, zone
        self._waiting: list[pd.DataFrame] = []
        self._made: list[pa.Array] = []

    def extend(self, frames: Iterable[pd.DataFrame]) -> None:
        """Add frames."""
        for frame in frames:
            self._waiting.append(frame)
            if len(self._waiting) == TOGETHER:
                self._convert()

    def rows(self) -> pa.Array:
        """Give all rows."""
        import pyarrow as pa

        self._convert()
        return self._made[0] if len(self._made) == 1 else pa.concat_arrays(self._made)

    def _convert(self) -> None:
        if self._waiting or not self._made:
            self._made.append(rows_of_frames(self._waiting, self._output, self._zone))
        self._waiting = []


def rows_of_frames(frames: list[pd.DataFrame], output: StructType, zone: str) -> pa.Array:
    """The rows of frames as one struct array. Columns are found by their names, as in Spark."""
    import pyarrow as pa

    target = arrow_type(output)
    if not frames:
        return pa.array([], type=target)
    if len(frames) > 1 and (together := _together(frames, output)) is not None:
        return _rows_of(together, output, target, zone)
    made = [_rows_of(frame, output, target, zone) for frame in frames]
    return made[0] if len(made) == 1 else pa.concat_arrays(made)


def _together(frames: list[pd.DataFrame], output: StructType) -> pd.DataFrame | None:
    """All rows as one frame, if that changes no value. To convert each frame takes much longer."""
    import pandas as pd

    first = frames[0].columns
    try:
        # As wide as each of them if all have the same columns. To compare theirs takes longer.
        together = pd.concat(frames, ignore_index=True) if first.is_unique else None
    except pd.errors.InvalidIndexError:
        return None
    if together is None or len(together.columns) != len(first):
        return None
    for name, before, after in zip(first, frames[0].dtypes, together.dtypes, strict=True):
        whole = name in output.names and not isinstance(output[name].dataType, (DoubleType, FloatType))
        # Whole numbers beside fractions would all become fractions.
        if before != after or (whole and after.kind == "f"):
            return None
    return together


def _rows_of(frame: pd.DataFrame, output: StructType, target: pa.DataType, zone: str) -> pa.Array:
    import pyarrow as pa

    arrays = []
    for field in output.fields:
        if field.name in frame.columns:
            arrays.append(array_of_series(frame[field.name], field.dataType, zone, cast=True))
        else:
            # As in Spark, which counts the columns and then finds them by their names.
            arrays.append(pa.nulls(len(frame), arrow_type(field.dataType)))
    if not arrays:
        return pa.array([{}] * len(frame), type=target)
    return pa.StructArray.from_arrays(arrays, fields=list(target))


# What is kept ---------------------------------------------------------------------------------------

_WHOLE: dict[type[DataType], int] = {ByteType: 8, ShortType: 16, IntegerType: 32, LongType: 64}


def state_converter(schema: StructType) -> Callable[[list[Any]], list[Any]]:
    """The conversion of values that are kept to the types of their schema.

    A value that would lose something is an error that names its field.
    """
    fields = [(field.name, field.dataType) for field in schema.fields]

    def convert(values: list[Any]) -> list[Any]:
        return [
            None if value is None else tuple(kept_value(v, t, n) for v, (n, t) in zip(value, fields, strict=True))
            for value in values
        ]

    return convert


def kept_value(value: Any, data_type: DataType, name: str) -> Any:
    """The value in a type, or an error."""
    value = _python(value)
    if value is None:
        return None
    bits = _WHOLE.get(type(data_type))
    found: Any = value
    if bits is not None:
        found = _whole(value, bits)
    elif isinstance(data_type, (DoubleType, FloatType)):
        found = _fraction(value)
    elif isinstance(data_type, DecimalType):
        found = decimal.Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    elif isinstance(data_type, BooleanType):
        found = value if isinstance(value, bool) else None
    elif isinstance(data_type, (StringType, CharType, VarcharType)):
        found = value if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else None
    elif isinstance(data_type, ArrayType) and isinstance(value, (list, tuple)):
        found = [kept_value(entry, data_type.elementType, f"element in {name}") for entry in value]
    elif isinstance(data_type, MapType) and isinstance(value, dict):
        found = {
            kept_value(key, data_type.keyType, f"key in {name}"): kept_value(
                entry, data_type.valueType, f"value in {name}"
            )
            for key, entry in value.items()
        }
    elif isinstance(data_type, StructType) and isinstance(value, (list, tuple)) and len(value) == len(data_type):
        each = zip(value, data_type.fields, strict=True)
        found = tuple(kept_value(entry, field.dataType, f"{name}.{field.name}") for entry, field in each)
    if found is None:
        raise PySparkTypeError(
            errorClass="FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME",
            messageParameters={
                "field_name": f"field {name} of the state",
                "data_type": str(data_type),
                "obj": repr(value),
                "obj_type": str(type(value)),
            },
        )
    return found


def _python(value: Any) -> Any:
    """The value of Python that a value of NumPy or pandas is."""
    import numpy as np
    import pandas as pd

    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, pd.Timedelta):
        return value.to_pytimedelta()
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value).to_pydatetime()
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return value


def _whole(value: Any, bits: int) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return None
    if isinstance(value, (float, decimal.Decimal)):
        if not math.isfinite(value) or value != int(value):
            return None
        value = int(value)
    return value if isinstance(value, int) and -(1 << bits - 1) <= value < 1 << bits - 1 else None


def _fraction(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, decimal.Decimal, str)):
        try:
            made = float(value)
        except (ValueError, OverflowError):
            return None
        return made if isinstance(value, (str, decimal.Decimal)) or int(made) == value else None
    return value if isinstance(value, float) else None
