"""The one table of conversions of each Spark type: in Python, in pandas and in Arrow.

| Spark type | Python | pandas (a null makes it) | Arrow |
|---|---|---|---|
| void | None | object | null |
| boolean | bool | bool (object) | bool |
| tinyint, smallint, int, bigint | int | int8, int16, int32, int64 (float64) | int8, int16, int32, int64 |
| float, double | float | float32, float64 (NaN) | float, double |
| decimal(p, s) | decimal.Decimal | object of Decimals (None) | decimal128(p, s) |
| string, char, varchar | str | str; object before pandas 3 (NaN) | string |
| binary | bytes | object of bytes (None) | binary |
| date | datetime.date | object of dates (None) | date32 |
| timestamp | naive datetime of the process's zone | naive datetime64 of the session's zone (NaT) | timestamp[us] of the session's zone |
| timestamp_ntz | naive datetime | naive datetime64 (NaT) | timestamp[us] |
| interval day to second | datetime.timedelta | timedelta64 (NaT) | duration[us] |
| interval year to month | int, the months | none | none |
| array | list | numpy.ndarray (None) | list |
| map | dict | dict (None) | map |
| struct | Row | dict; a DataFrame as an argument of a function | struct |

As in PySpark, a datetime64 has nanoseconds as an argument of a function and microseconds in
``toPandas``. The engine labels instants with UTC. The zone of a session is put on where they leave
it and taken as read where they come in.

Arrow arrays stay as they are if types agree. A label of a zone is changed without a copy. The
engine makes and reads the Python values by the same table (``row_out.rs``, ``row_in.rs``). This
module has the other three conversions: from the result of a function to Arrow, from Arrow to pandas
and from pandas to Arrow.
"""

from __future__ import annotations

import array
import datetime
import decimal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkTypeError, PySparkValueError
from firesteel.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    ByteType,
    CharType,
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
    ShortType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
    VarcharType,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Convert = Callable[[Any], Any]


# The types of Arrow -------------------------------------------------------------------------------

_ARROW: dict[type[DataType], str] = {
    NullType: "null",
    BooleanType: "bool_",
    ByteType: "int8",
    ShortType: "int16",
    IntegerType: "int32",
    LongType: "int64",
    FloatType: "float32",
    DoubleType: "float64",
    StringType: "string",
    CharType: "string",
    VarcharType: "string",
    BinaryType: "binary",
    DateType: "date32",
}


def arrow_type(data_type: DataType, zone: str = "UTC") -> pa.DataType:
    """The Arrow type of a Spark type, with instants labelled with a zone."""
    import pyarrow as pa

    plain = _ARROW.get(type(data_type))
    if plain is not None:
        return getattr(pa, plain)()
    if isinstance(data_type, DecimalType):
        return pa.decimal128(data_type.precision, data_type.scale)
    if isinstance(data_type, TimestampNTZType):
        return pa.timestamp("us")
    if isinstance(data_type, TimestampType):
        return pa.timestamp("us", tz=zone)
    if isinstance(data_type, DayTimeIntervalType):
        return pa.duration("us")
    if isinstance(data_type, ArrayType):
        return pa.list_(pa.field("element", arrow_type(data_type.elementType, zone), data_type.containsNull))
    if isinstance(data_type, MapType):
        return pa.map_(
            pa.field("key", arrow_type(data_type.keyType, zone), False),
            pa.field("value", arrow_type(data_type.valueType, zone), data_type.valueContainsNull),
        )
    if isinstance(data_type, StructType):
        return pa.struct(
            [pa.field(field.name, arrow_type(field.dataType, zone), field.nullable) for field in data_type.fields]
        )
    raise TypeError(f"{data_type} has no Arrow type")


def in_zone(column: Any, zone: str) -> Any:
    """The array with its instants labelled with a zone. Values are not copied."""
    wanted = _zoned(column.type, zone)
    return column if wanted == column.type else column.cast(wanted)


def _zoned(found: pa.DataType, zone: str) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(found):
        return pa.timestamp(found.unit, zone) if found.tz else found
    if pa.types.is_list(found):
        return pa.list_(found.value_field.with_type(_zoned(found.value_type, zone)))
    if pa.types.is_map(found):
        return pa.map_(
            found.key_field.with_type(_zoned(found.key_type, zone)),
            found.item_field.with_type(_zoned(found.item_type, zone)),
        )
    if pa.types.is_struct(found):
        return pa.struct([field.with_type(_zoned(field.type, zone)) for field in found])
    return found


# From the result of a function to Arrow -
# -----------------------------------------------------------


def array_of_values(values: list[Any], target: pa.DataType, convert: Convert | None) -> pa.Array:
    """Python values that a function returned as an array.

    A number or a text of another type is cast if it keeps its value.
    """
    import pyarrow as pa

    converted = values if convert is None else [convert(value) for value in values]
    try:
        made = pa.array(converted, type=target)
    except pa.lib.ArrowInvalid:
        made = pa.array(converted).cast(target)
    return whole(made)


def value_converter(data_type: DataType) -> Convert | None:
    """The conversion of a function's result to a value for pyarrow, or None if it is one."""
    if isinstance(data_type, (StringType, CharType, VarcharType)):
        return _text
    if isinstance(data_type, NullType):
        return _checked(data_type, lambda value: False, lambda value: value)
    if isinstance(data_type, BinaryType):
        return _checked(data_type, lambda value: isinstance(value, (bytes, bytearray)), bytes)
    if isinstance(data_type, TimestampType):
        # A naive datetime is of the process's time zone, as Spark hands them out.
        return _checked(data_type, _is_datetime, lambda value: value.astimezone(datetime.UTC))
    if isinstance(data_type, TimestampNTZType):
        return _checked(data_type, lambda value: _is_datetime(value) and value.tzinfo is None, lambda value: value)
    if isinstance(data_type, DecimalType):
        return _decimal_converter(data_type)
    if isinstance(data_type, ArrayType):
        entry = value_converter(data_type.elementType) or _same
        accepted = (list, array.array)
        return _checked(
            data_type, lambda value: isinstance(value, accepted), lambda value: [entry(each) for each in value]
        )
    if isinstance(data_type, MapType):
        key, item = value_converter(data_type.keyType) or _same, value_converter(data_type.valueType) or _same
        return _checked(
            data_type,
            lambda value: isinstance(value, dict),
            lambda value: [(key(each), item(other)) for each, other in value.items()],
        )
    if isinstance(data_type, StructType):
        fields = [(field.name, value_converter(field.dataType) or _same) for field in data_type.fields]
        return lambda value: _struct(value, data_type, fields)
    return None


def _checked(data_type: DataType, accepts: Callable[[Any], bool], convert: Convert) -> Convert:
    def checked(value: Any) -> Any:
        if value is None:
            return None
        if not accepts(value):
            raise _unacceptable(data_type, value)
        return convert(value)

    return checked


def _unacceptable(data_type: DataType, value: Any) -> PySparkTypeError:
    return PySparkTypeError(
        errorClass="FIELD_DATA_TYPE_UNACCEPTABLE",
        messageParameters={"data_type": str(data_type), "obj": repr(value), "obj_type": str(type(value))},
    )


def _is_datetime(value: Any) -> bool:
    # NaT is a datetime by its class, but has no time.
    return isinstance(value, datetime.datetime) and value == value


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _decimal_converter(data_type: DecimalType) -> Convert:
    step = decimal.Decimal(f"1E-{data_type.scale}")
    context = decimal.Context(prec=data_type.precision, rounding=decimal.ROUND_HALF_EVEN)

    def convert(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, decimal.Decimal):
            raise _unacceptable(data_type, value)
        return None if value.is_nan() else value.quantize(step, context=context)

    return convert


def _struct(value: Any, data_type: StructType, fields: list[tuple[str, Convert]]) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        if len(value) != len(fields):
            raise PySparkValueError(
                errorClass="AXIS_LENGTH_MISMATCH",
                messageParameters={"expected_length": str(len(fields)), "actual_length": str(len(value))},
            )
        return {name: convert(entry) for (name, convert), entry in zip(fields, value, strict=True)}
    if not isinstance(value, dict):
        if not hasattr(value, "__dict__"):
            raise _unacceptable(data_type, value)
        value = value.__dict__
    return {name: convert(value.get(name)) for name, convert in fields}


# From Arrow to pandas -----------------------------------------------------------------------------


def argument_of(column: pa.Array, zone: str) -> pd.Series | pd.DataFrame:
    """A column as ``pandas_udf`` gets it: a struct is a DataFrame, and a time has nanoseconds."""
    import pandas as pd
    import pyarrow as pa

    if not pa.types.is_struct(column.type):
        return _series(column, zone, "ns")
    names = [field.name for field in column.type]
    plain = all(map(_is_plain, (field.type for field in column.type)))
    # As in PySpark, which treats a struct of plain fields in its own way.
    series = [_series(each, zone, "ns") if plain else _field_series(each, zone) for each in column.flatten()]
    if not series:
        return pd.DataFrame(index=pd.RangeIndex(len(column)))
    frame = pd.concat(series, axis=1)
    frame.columns = pd.Index(names)
    return frame


def _is_plain(found: pa.DataType) -> bool:
    import pyarrow as pa

    kinds = pa.types
    asked = (kinds.is_null, kinds.is_boolean, kinds.is_integer, kinds.is_floating, kinds.is_binary, kinds.is_date)
    return any(kind(found) for kind in asked) or kinds.is_timestamp(found)


def _field_series(column: pa.Array, zone: str) -> pd.Series:
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_integer(column.type) and column.null_count:
        names = {8: pd.Int8Dtype, 16: pd.Int16Dtype, 32: pd.Int32Dtype, 64: pd.Int64Dtype}
        return column.to_pandas(integer_object_nulls=True).astype(names[column.type.bit_width]())
    return _series(column, zone, _unit())


def cells_of(column: pa.Array, zone: str) -> pd.Series:
    """A column as a frame of a function's group has it: a struct is a value, and a time has nanoseconds."""
    return _series(column, zone, "ns")


def column_of(column: pa.ChunkedArray, zone: str) -> pd.Series:
    """A column as ``toPandas`` gives it."""
    return _series(column, zone, _unit(), exact=False)


def _unit() -> str:
    """The unit of pandas' times where PySpark does not ask for one: of pandas 3, microseconds."""
    import pandas as pd

    return "us" if int(pd.__version__.split(".")[0]) >= 3 else "ns"


def _series(column: Any, zone: str, unit: str, *, exact: bool = True) -> pd.Series:
    """A column as a series.

    With `exact`, whole numbers beside nulls stay whole in nested values.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind):
        series = column.cast(pa.timestamp(unit, kind.tz)).to_pandas()
        return series if kind.tz is None else series.dt.tz_convert(zone).dt.tz_localize(None)
    if pa.types.is_duration(kind):
        return column.cast(pa.duration(_unit())).to_pandas()
    nested = pa.types.is_nested(kind)
    series = column.to_pandas(date_as_object=True, integer_object_nulls=exact and nested)
    convert = _element(kind, zone) if nested else None
    # Not by `map`, which would infer a type from the results.
    return series if convert is None else _objects([None if v is None else convert(v) for v in series])


def _objects(values: list[Any]) -> pd.Series:
    """A series of objects, from which pandas infers no type."""
    import numpy as np
    import pandas as pd

    cells = np.empty(len(values), dtype=object)
    cells[:] = values if not values or not isinstance(values[0], np.ndarray) else None
    for at, value in enumerate(values):
        cells[at] = value
    return pd.Series(cells)


def _element(found: pa.DataType, zone: str) -> Convert | None:
    """The conversion of an entry of a nested value from pyarrow's form to that of the table.

    It is None if they are the same.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_timestamp(found):
        if found.tz is None:
            return pd.Timestamp

        def instant(value: Any) -> Any:
            moment = pd.Timestamp(value)
            aware = moment if moment.tzinfo is not None else moment.tz_localize("UTC")
            return aware.tz_convert(zone).tz_localize(None)

        return instant
    if pa.types.is_list(found):
        entry = _element(found.value_type, zone)
        if entry is None:
            return None

        def entries(values: Any) -> Any:
            converted = [None if _is_missing(value) else entry(value) for value in values]
            return np.array(converted)

        return entries
    if pa.types.is_map(found):
        key, item = _element(found.key_type, zone) or _same, _element(found.item_type, zone) or _same
        return lambda pairs: {key(k): v if v is None else item(v) for k, v in pairs}
    if pa.types.is_struct(found):
        fields = {field.name: _element(field.type, zone) or _same for field in found}
        return lambda value: {name: v if (v := value.get(name)) is None else to(v) for name, to in fields.items()}
    return None


# From Arrow to the declared types -----------------------------------------------------------------


def array_of_array(array: pa.Array, data_type: DataType, zone: str) -> pa.Array:
    """Arrow data as an array of a Spark type, or an error.

    Naive times that become instants are of a zone.
    """
    import pyarrow as pa

    target = arrow_type(data_type)
    if array.type == target:
        return array
    try:
        if pa.types.is_timestamp(array.type):
            import pyarrow.compute as pc

            if array.type.unit == "ns":
                array = pc.floor_temporal(array, unit="microsecond")
            if array.type.tz is None and isinstance(data_type, TimestampType):
                array = pc.assume_timezone(array, zone, ambiguous="latest", nonexistent="latest")
        return array.cast(target)
    except (pa.lib.ArrowInvalid, pa.lib.ArrowTypeError, pa.lib.ArrowNotImplementedError) as error:
        words = f"Arrow data of the type {array.type} does not become '{data_type.simpleString()}': {error}"
        raise PySparkValueError(words) from error


# From pandas to Arrow -----------------------------------------------------------------------------


def array_of_series(series: pd.Series, data_type: DataType, zone: str, *, cast: bool, gap: str = "raise") -> pa.Array:
    """A series as an array of a Spark type, or an error.

    No value is lost, and none becomes null.

    `cast` says that Arrow may cast values that it does not take. `gap` is pandas' treatment of a
    time that a clock change skips.
    """
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.dtype.categories.dtype)
    target = arrow_type(data_type, zone)
    found, given = series.dtype, series
    if isinstance(data_type, TimestampType):
        given = instants(series, zone, gap=gap)
    elif isinstance(data_type, (ArrayType, MapType, StructType)):
        convert = _entry(data_type, zone) or _same
        given = _objects([None if _is_missing(value) else convert(value) for value in series])
    mask = None if hasattr(given.array, "__arrow_array__") else given.isnull()
    words = f"pandas values of the dtype '{found}' do not become the declared type '{data_type.simpleString()}'"
    try:
        try:
            made = pa.Array.from_pandas(given, mask=mask, type=target)
        except pa.lib.ArrowInvalid:
            if not cast:
                raise
            made = pa.Array.from_pandas(given, mask=mask).cast(target)
    except TypeError as error:
        raise PySparkTypeError(f"{words}: {error}") from error
    except ValueError as error:
        raise PySparkValueError(f"{words}: {error}") from error
    return in_zone(whole(made), "UTC")


def instants(series: pd.Series, zone: str, *, gap: str = "raise") -> pd.Series:
    """Naive times as instants of a zone. A time that occurs twice is the later one.

    `gap` is pandas' treatment of a time that a clock change skips.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return series.dt.tz_convert("UTC")
    if pd.api.types.is_datetime64_dtype(series.dtype):
        return series.dt.tz_localize(zone, ambiguous=False, nonexistent=gap).dt.tz_convert("UTC")
    return series


def _entry(data_type: DataType, zone: str) -> Convert | None:
    """The conversion of an entry of a nested value in a series to a value for pyarrow.

    It is None if they are the same.
    """
    import pandas as pd

    if isinstance(data_type, TimestampType):

        def instant(value: Any) -> Any:
            moment = pd.Timestamp(value)
            return (moment if moment.tzinfo is not None else moment.tz_localize(zone, ambiguous=False)).to_pydatetime()

        return instant
    if isinstance(data_type, TimestampNTZType):
        return lambda value: pd.Timestamp(value).to_pydatetime()
    if isinstance(data_type, ArrayType):
        entry = _entry(data_type.elementType, zone) or _same
        return lambda values: [
            None if value is None else entry(value) for value in _all_of(values, data_type, Iterable)
        ]
    if isinstance(data_type, MapType):
        key, item = _entry(data_type.keyType, zone) or _same, _entry(data_type.valueType, zone) or _same
        return lambda value: [
            (key(k), None if v is None else item(v)) for k, v in _all_of(value, data_type, dict).items()
        ]
    if isinstance(data_type, StructType):
        fields = [(field.name, _entry(field.dataType, zone) or _same) for field in data_type.fields]

        def struct(value: Any) -> Any:
            _all_of(value, data_type, (dict, tuple))
            found = value if isinstance(value, dict) else dict(zip(data_type.names, value, strict=False))
            return {name: None if (v := found.get(name)) is None else to(v) for name, to in fields}

        return struct
    return None


def _all_of(value: Any, data_type: DataType, accepted: Any) -> Any:
    if not isinstance(value, accepted):
        raise _unacceptable(data_type, value)
    return value


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


def whole(made: Any) -> pa.Array:
    """One array of an array or of its chunks."""
    import pyarrow as pa

    if not isinstance(made, pa.ChunkedArray):
        return made
    made = made.combine_chunks()
    return made.chunk(0) if isinstance(made, pa.ChunkedArray) else made
