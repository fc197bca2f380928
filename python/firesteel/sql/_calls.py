"""What the engine calls: each kind of Python function over whole columns.

A body takes the columns of a chunk, or its rows one by one, and returns one Arrow array. It is called on the engine's
threads, holding the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkRuntimeError, PySparkTypeError
from firesteel.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DayTimeIntervalType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    Row,
    ShortType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Body = Callable[..., Any]


def arrow_type(data_type: DataType) -> pa.DataType:
    """The Arrow type of a Spark type."""
    import pyarrow as pa

    plain: dict[type, Callable[[], pa.DataType]] = {
        NullType: pa.null,
        BooleanType: pa.bool_,
        ByteType: pa.int8,
        ShortType: pa.int16,
        IntegerType: pa.int32,
        LongType: pa.int64,
        FloatType: pa.float32,
        DoubleType: pa.float64,
        BinaryType: pa.binary,
        DateType: pa.date32,
    }
    if type(data_type) in plain:
        return plain[type(data_type)]()
    if isinstance(data_type, DecimalType):
        return pa.decimal128(data_type.precision, data_type.scale)
    if isinstance(data_type, TimestampNTZType):
        return pa.timestamp("us")
    if isinstance(data_type, TimestampType):
        return pa.timestamp("us", tz="UTC")
    if isinstance(data_type, DayTimeIntervalType):
        return pa.duration("us")
    if isinstance(data_type, ArrayType):
        return pa.list_(pa.field("element", arrow_type(data_type.elementType), data_type.containsNull))
    if isinstance(data_type, MapType):
        return pa.map_(
            pa.field("key", arrow_type(data_type.keyType), False),
            pa.field("value", arrow_type(data_type.valueType), data_type.valueContainsNull),
        )
    if isinstance(data_type, StructType):
        return pa.struct(
            [pa.field(field.name, arrow_type(field.dataType), field.nullable) for field in data_type.fields]
        )
    if data_type.simpleString().split("(")[0] in ("string", "char", "varchar"):
        return pa.string()
    raise TypeError(f"{data_type} has no Arrow type")


def _array(values: Any, target: pa.DataType) -> pa.Array:
    import pyarrow as pa

    try:
        array = pa.array(values, type=target)
    except pa.lib.ArrowInvalid:
        array = pa.array(values).cast(target)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


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
    function, target, convert = _with_keywords(func, names), arrow_type(return_type), _converter(return_type)

    def body(rows: Iterator[tuple[Any, ...]]) -> pa.Array:
        results = _each(function, rows)
        return _array(results if convert is None else [convert(value) for value in results], target)

    return body


def pickled_rows(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...]) -> Body:
    """``udf(useArrow=False)``: a result of another type than the declared one is null."""
    from firesteel import _native

    function = _with_keywords(func, names)
    schema = StructType().add("value", return_type).json()

    def body(rows: Iterator[tuple[Any, ...]]) -> pa.Array:
        import pyarrow as pa

        table = pa.table(_native.rows_to_table(_each(function, rows), schema, False, True))
        column = table.column(0).combine_chunks()
        return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

    return body


def _each(function: Callable[..., Any], rows: Iterator[tuple[Any, ...]]) -> list[Any]:
    try:
        return [function(*row) for row in rows]
    except StopIteration as error:
        raise _stopped(error) from error


def _converter(data_type: DataType) -> Callable[[Any], Any] | None:
    """From what a user returns to what pyarrow takes; None where that is the same."""
    if isinstance(data_type, StringType):
        return _text
    if isinstance(data_type, BinaryType):
        return lambda value: None if value is None else bytes(value)
    if isinstance(data_type, TimestampType):
        # A naive datetime is of the process's time zone, as Spark hands them out.
        return lambda value: None if value is None else value.astimezone() if value.tzinfo is None else value
    if isinstance(data_type, ArrayType):
        entry = _converter(data_type.elementType) or _same
        return lambda value: None if value is None else [entry(each) for each in value]
    if isinstance(data_type, MapType):
        key, item = _converter(data_type.keyType) or _same, _converter(data_type.valueType) or _same
        return lambda value: None if value is None else [(key(k), item(v)) for k, v in value.items()]
    if isinstance(data_type, StructType):
        fields = [(field.name, _converter(field.dataType) or _same) for field in data_type.fields]
        return lambda value: _struct(value, fields)
    return None


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _struct(value: Any, fields: list[tuple[str, Callable[[Any], Any]]]) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, dict) or (isinstance(value, Row) and hasattr(value, "__fields__")):
        found = value if isinstance(value, dict) else value.asDict()
        return {name: convert(found.get(name)) for name, convert in fields}
    if isinstance(value, (tuple, list)):
        if len(value) != len(fields):
            raise PySparkTypeError(
                errorClass="FIELD_STRUCT_LENGTH_MISMATCH",
                messageParameters={"object_length": str(len(value)), "field_length": str(len(fields))},
            )
        return {name: convert(entry) for (name, convert), entry in zip(fields, value, strict=True)}
    return {name: convert(getattr(value, name, None)) for name, convert in fields}


# pandas_udf ---------------------------------------------------------------------------------------


def pandas(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...], time_zone: str) -> Body:
    """``pandas_udf`` from series to a series."""
    function, target = _with_keywords(func, names), arrow_type(return_type)

    def body(columns: list[pa.Array], count: int) -> pa.Array:
        try:
            result = function(*[_to_pandas(column, time_zone) for column in columns])
        except StopIteration as error:
            raise _stopped(error) from error
        _check_rows(_length(result), count)
        return _from_pandas(result, return_type, target, time_zone)

    return body


def pandas_iterator(func: Callable[..., Any], return_type: DataType, time_zone: str) -> Body:
    """``pandas_udf`` from an iterator of series to an iterator of series."""
    target = arrow_type(return_type)

    def body(chunks: Iterator[list[pa.Array]]) -> Iterator[pa.Array]:
        def series() -> Iterator[Any]:
            for columns in chunks:
                converted = tuple(_to_pandas(column, time_zone) for column in columns)
                yield converted[0] if len(converted) == 1 else converted

        for result in _iterator(func(series()), "pandas.Series"):
            _length(result)
            yield _from_pandas(result, return_type, target, time_zone)

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


def _to_pandas(column: pa.Array, time_zone: str) -> pd.Series | pd.DataFrame:
    """A series; a struct is a data frame; an instant is the wall clock of the session's time zone."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_struct(column.type):
        fields = zip(column.type, column.flatten(), strict=True)
        return pd.DataFrame({field.name: _to_pandas(values, time_zone) for field, values in fields})
    if pa.types.is_timestamp(column.type):
        series = column.to_pandas()
        return series if column.type.tz is None else series.dt.tz_convert(time_zone).dt.tz_localize(None)
    return column.to_pandas(date_as_object=True)


def _from_pandas(result: Any, return_type: DataType, target: pa.DataType, time_zone: str) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    if isinstance(return_type, StructType):
        if not isinstance(result, pd.DataFrame):
            raise PySparkTypeError(
                errorClass="UDF_RETURN_TYPE",
                messageParameters={"expected": "pandas.DataFrame", "actual": type(result).__name__},
            )
        fields = return_type.fields
        by_name = all(isinstance(name, str) for name in result.columns)
        missing = [field.name for field in fields if by_name and field.name not in result.columns]
        if missing:
            extra = [name for name in result.columns if name not in return_type.names]
            raise PySparkRuntimeError(
                errorClass="RESULT_COLUMN_NAMES_MISMATCH",
                messageParameters={
                    "missing": f" Missing: {', '.join(missing)}.",
                    "extra": f" Unexpected: {', '.join(extra)}." if extra else "",
                },
            )
        columns = [result[field.name] if by_name else result.iloc[:, at] for at, field in enumerate(fields)]
        arrays = [
            _from_pandas(column, field.dataType, target.field(at).type, time_zone)
            for at, (field, column) in enumerate(zip(fields, columns, strict=True))
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(target))
    series = result if isinstance(result, pd.Series) else pd.Series(result)
    if isinstance(return_type, TimestampType) and pd.api.types.is_datetime64_any_dtype(series.dtype):
        zoned = series.dt.tz_localize(time_zone) if series.dt.tz is None else series
        return _array(zoned.dt.tz_convert("UTC"), target)
    convert = _converter(return_type)
    if convert is not None and not (isinstance(return_type, StringType) and pd.api.types.is_string_dtype(series.dtype)):
        values = [convert(None if _is_missing(value) else value) for value in series]
        return _array(values, target)
    try:
        array = pa.Array.from_pandas(series, type=target)
    except pa.lib.ArrowInvalid:
        array = pa.Array.from_pandas(series).cast(target)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


# arrow_udf ----------------------------------------------------------------------------------------


def arrow(func: Callable[..., Any], return_type: DataType, names: tuple[str, ...]) -> Body:
    """``arrow_udf`` from arrays to an array."""
    function, target = _with_keywords(func, names), arrow_type(return_type)

    def body(columns: list[pa.Array], count: int) -> pa.Array:
        result = _checked(function(*columns))
        _check_rows(len(result), count)
        return result if result.type == target else result.cast(target)

    return body


def arrow_iterator(func: Callable[..., Any], return_type: DataType) -> Body:
    """``arrow_udf`` from an iterator of arrays to an iterator of arrays."""
    target = arrow_type(return_type)

    def body(chunks: Iterator[list[pa.Array]]) -> Iterator[pa.Array]:
        arrays = (columns[0] if len(columns) == 1 else tuple(columns) for columns in chunks)
        for result in _iterator(func(arrays), "pyarrow.Array"):
            array = _checked(result)
            yield array if array.type == target else array.cast(target)

    return body


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
