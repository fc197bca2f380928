"""The bodies that the engine calls for each kind of Python function.

A body takes the columns of a chunk or its rows one by one. It returns one Arrow array. The engine
calls it on its own threads and holds the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError, PySparkTypeError
from firesteel.sql.representation import (
    argument_of,
    array_of_series,
    array_of_values,
    arrow_type,
    in_zone,
    value_converter,
)
from firesteel.sql.types import DataType, StructType

if TYPE_CHECKING:
    import pyarrow as pa

Body = Callable[..., Any]


def _ready() -> None:
    """Imports the modules that a worker of Spark has imported.

    User code may use ``pa.compute`` after a bare ``import pyarrow as pa``.
    """
    import pyarrow.compute  # noqa: F401


def _check_rows(found: int, rows: int) -> None:
    if found != rows:
        raise PySparkRuntimeError(
            errorClass="RESULT_ROWS_MISMATCH",
            messageParameters={"output_length": str(found), "input_length": str(rows)},
        )


def _with_keywords(func: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """The function over positional arguments of which the last ones are keywords."""
    if not names:
        return func

    def call(*args: Any) -> Any:
        split = len(args) - len(names)
        return func(*args[:split], **dict(zip(names, args[split:], strict=True)))

    return call


def _stopped(error: StopIteration) -> PySparkRuntimeError:
    return PySparkRuntimeError(errorClass="STOP_ITERATION_OCCURRED", messageParameters={"exc": str(error)})


# udf: row by row ----------------------------------------------------------------------------------


def rows(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...]) -> Body:
    """``udf``: results become the return type as Arrow converts them, as in Spark since 4.2."""
    _ready()
    function, target, convert = _with_keywords(func, names), arrow_type(return_type), value_converter(return_type)

    def body(rows: Iterator[tuple[Any, ...]]) -> pa.Array:
        return array_of_values(_each(function, rows), target, convert)

    return body


def pickled_rows(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...]) -> Body:
    """``udf(useArrow=False)``: a result of another type than the declared one is null."""
    from firesteel import _native

    function = _with_keywords(func, names)
    schema = StructType().add("value", return_type).json()

    def body(rows: Iterator[tuple[Any, ...]]) -> pa.Array:
        import pyarrow as pa

        table = pa.table(_native.rows_to_table(_each(function, rows), schema, "no", True))
        column = table.column(0).combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

    return body


def _each(function: Callable[..., Any], rows: Iterator[tuple[Any, ...]]) -> list[Any]:
    try:
        return [function(*row) for row in rows]
    except StopIteration as error:
        raise _stopped(error) from error


# pandas_udf ---------------------------------------------------------------------------------------


def pandas(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...], time_zone: str) -> Body:
    """``pandas_udf`` from series to a series."""
    _ready()
    function = _with_keywords(func, names)

    def body(columns: list[pa.Array], count: int) -> pa.Array:
        try:
            result = function(*[argument_of(column, time_zone) for column in columns])
        except StopIteration as error:
            raise _stopped(error) from error
        _check_rows(_length(result), count)
        return _from_pandas(result, return_type, time_zone)

    return body


def pandas_iterator(func: Callable[..., Any], return_type: DataType, time_zone: str) -> Body:
    """``pandas_udf`` from an iterator of series to an iterator of series."""
    _ready()

    def body(chunks: Iterator[list[pa.Array]]) -> Iterator[pa.Array]:
        def series() -> Iterator[Any]:
            for columns in chunks:
                converted = tuple(argument_of(column, time_zone) for column in columns)
                yield converted[0] if len(converted) == 1 else converted

        for result in _iterator(func(series()), "pandas.Series"):
            _length(result)
            yield _from_pandas(result, return_type, time_zone)

    return body


def _length(result: Any) -> int:
    try:
        return len(result)
    except TypeError:
        raise PySparkTypeError(
            errorClass="UDF_RETURN_TYPE",
            messageParameters={"expected": "array-like object", "actual": type(result).__name__},
        ) from None


def _iterator(result: Any, expected: str) -> Iterator[Any]:
    if not isinstance(result, Iterator):
        raise PySparkTypeError(
            errorClass="UDF_RETURN_TYPE",
            messageParameters={"expected": f"iterator of {expected}", "actual": type(result).__name__},
        )
    return result


def _from_pandas(result: Any, return_type: DataType, time_zone: str) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    if not isinstance(return_type, StructType):
        series = result if isinstance(result, pd.Series) else pd.Series(result)
        return array_of_series(series, return_type, time_zone, cast=True)
    if not isinstance(result, pd.DataFrame):
        raise PySparkTypeError(
            errorClass="UDF_RETURN_TYPE",
            messageParameters={"expected": "pandas.DataFrame", "actual": type(result).__name__},
        )
    fields = return_type.fields
    by_name = any(isinstance(name, str) for name in result.columns)
    missing = [field.name for field in fields if by_name and field.name not in result.columns]
    if missing:
        extra = [str(name) for name in result.columns if name not in return_type.names]
        raise PySparkRuntimeError(
            errorClass="RESULT_COLUMN_NAMES_MISMATCH",
            messageParameters={
                "missing": f" Missing: {', '.join(missing)}.",
                "extra": f" Unexpected: {', '.join(extra)}." if extra else "",
            },
        )
    columns = [result[field.name] if by_name else result.iloc[:, at] for at, field in enumerate(fields)]
    arrays = [
        array_of_series(column, field.dataType, time_zone, cast=True)
        for field, column in zip(fields, columns, strict=True)
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(arrow_type(return_type)))


# arrow_udf ----------------------------------------------------------------------------------------


def arrow(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...], time_zone: str) -> Body:
    """``arrow_udf`` from arrays to an array."""
    _ready()
    function, target = _with_keywords(func, names), arrow_type(return_type)

    def body(columns: list[pa.Array], count: int) -> pa.Array:
        result = _checked(function(*[in_zone(column, time_zone) for column in columns]))
        _check_rows(len(result), count)
        return _declared(result, target)

    return body


def arrow_iterator(func: Callable[..., Any], return_type: DataType, time_zone: str) -> Body:
    """``arrow_udf`` from an iterator of arrays to an iterator of arrays."""
    _ready()
    target = arrow_type(return_type)

    def body(chunks: Iterator[list[pa.Array]]) -> Iterator[pa.Array]:
        def arrays() -> Iterator[Any]:
            for columns in chunks:
                given = tuple(in_zone(column, time_zone) for column in columns)
                yield given[0] if len(given) == 1 else given

        for result in _iterator(func(arrays()), "pyarrow.Array"):
            yield _declared(_checked(result), target)

    return body


def _declared(array: pa.Array, target: pa.DataType) -> pa.Array:
    """The array in the declared type: a cast that would lose a value is an error."""
    import pyarrow as pa

    if array.type == target:
        return array
    try:
        return array.cast(target)
    except (pa.lib.ArrowInvalid, pa.lib.ArrowTypeError, pa.lib.ArrowNotImplementedError) as error:
        raise PySparkRuntimeError(
            errorClass="RESULT_COLUMN_TYPES_MISMATCH",
            messageParameters={"mismatch": f"expected {target}, found {array.type} ({error})"},
        ) from error


def _checked(result: Any) -> pa.Array:
    import pyarrow as pa

    if isinstance(result, pa.ChunkedArray):
        return result.combine_chunks()
    if not isinstance(result, pa.Array):
        raise PySparkTypeError(
            errorClass="UDF_RETURN_TYPE",
            messageParameters={"expected": "pyarrow.Array", "actual": type(result).__name__},
        )
    return result
