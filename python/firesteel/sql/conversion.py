"""Between DataFrames and the libraries that hold data in memory: pyarrow, pandas, polars, NumPy, rows.

pyarrow and pandas are imported where they are used, so that a session starts without them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import PySparkTypeError, PySparkValueError, _not_type, _package
from firesteel.sql.types import (
    DataType,
    StructField,
    StructType,
    _has_nulltype,
    _infer_schema,
    _merge_type,
    _parse_datatype_json_string,
    _parse_datatype_string,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.session import SparkSession


def to_arrow(df: DataFrame) -> pa.Table:
    """The rows as a pyarrow Table; instants are labelled UTC, whatever the session's time zone, as in Spark."""
    import pyarrow as pa

    return pa.table(df._frame.collect_arrow())


def _in_session_zone(df: DataFrame) -> pa.Table:
    """The rows as a pyarrow Table whose instants are labelled with the session's time zone."""
    import pyarrow as pa

    table = to_arrow(df)
    zone = df.sparkSession.conf.get("spark.sql.session.timeZone") or "UTC"
    if zone == "UTC":
        return table
    fields = [field.with_type(_zoned(field.type, zone)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _zoned(data_type: Any, zone: str) -> Any:
    """The type with its instants labelled with another zone: the instants stay."""
    import pyarrow as pa

    if pa.types.is_timestamp(data_type):
        return pa.timestamp("us", zone) if data_type.tz else data_type
    if pa.types.is_list(data_type):
        return pa.list_(data_type.value_field.with_type(_zoned(data_type.value_type, zone)))
    if pa.types.is_map(data_type):
        return pa.map_(_zoned(data_type.key_type, zone), _zoned(data_type.item_type, zone))
    if pa.types.is_struct(data_type):
        return pa.struct([field.with_type(_zoned(field.type, zone)) for field in data_type])
    return data_type


def to_pandas(df: DataFrame) -> pd.DataFrame:
    """The rows as a pandas DataFrame: timestamps naive in the session's time zone, nested values as Python objects."""
    try:
        import pandas as pd
    except ImportError:
        raise _package("pandas", "2.2", "pandas") from None
    table = _in_session_zone(df)
    series = [_series(column) for column in table.columns]
    if not series:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    frame = pd.concat(series, axis=1) if len(series) > 1 else series[0].to_frame()
    frame.columns = pd.Index(table.column_names)
    return frame


def _series(column: Any) -> Any:
    """pyarrow's own choice of dtype, but for maps, which become dicts, and for times, which lose their zone."""
    import pyarrow as pa

    series = column.to_pandas(date_as_object=True, maps_as_pydicts="strict")
    if pa.types.is_timestamp(column.type) and column.type.tz:
        series = series.dt.tz_localize(None)
    return series


def create(session: SparkSession, data: Any, schema: Any, sampling_ratio: float | None, verify: bool) -> _native.Frame:
    """What ``createDataFrame`` makes of its arguments."""
    if isinstance(schema, str):
        schema = _parse_datatype_string(schema)
    if schema is not None and not isinstance(schema, (DataType, list, tuple)):
        raise _not_type("schema", "list, None or StructType", schema)
    if hasattr(data, "__dataframe__") and type(data).__module__.startswith("pandas"):
        return _from_pandas(session, data, schema)
    if type(data).__module__.split(".")[0] == "numpy" and getattr(data, "ndim", 0) in (1, 2):
        return _from_numpy(session, data, schema)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _named(session._native.from_arrow(data), schema, session)
    if hasattr(data, "to_arrow"):  # polars before its capsules, DuckDB
        return _named(session._native.from_arrow(data.to_arrow()), schema, session)
    return _from_rows(session, data, schema, verify)


def _from_rows(session: SparkSession, data: Iterable[Any], schema: Any, verify: bool) -> _native.Frame:
    from firesteel.rdd import RDD

    rows = data.collect() if isinstance(data, RDD) else data if isinstance(data, list) else list(data)
    if isinstance(schema, StructType):
        struct, single = schema, False
    elif isinstance(schema, DataType):
        struct, single = StructType([StructField("value", schema)]), True
    else:
        struct, single, verify = _infer(rows, list(schema) if schema is not None else None), False, False
    table = _native.rows_to_table(rows, struct.json(), verify, single)
    return session._native.from_arrow(table)


def _infer(rows: list[Any], names: list[str] | None) -> StructType:
    if not rows:
        raise PySparkValueError(errorClass="CANNOT_INFER_EMPTY_SCHEMA", messageParameters={})
    struct: StructType | None = None
    seen: set[Any] = set()
    for row in rows:
        shape = _shape(row)
        if shape is not None:
            if shape in seen:
                continue
            seen.add(shape)
        found = _infer_schema(row, names)
        struct = found if struct is None else _merge_type(struct, found)
    assert struct is not None
    if _has_nulltype(struct):
        raise PySparkValueError(errorClass="CANNOT_DETERMINE_TYPE", messageParameters={})
    for i, name in enumerate(names or []):
        if i >= len(struct.fields):
            raise IndexError("list index out of range")
        struct.fields[i].name = struct.names[i] = name
    return struct


_PLAIN = frozenset((type(None), bool, int, float, str, bytes, bytearray, datetime.date, datetime.datetime))


def _shape(row: Any) -> Any:
    """Names and types of a row of plain values: rows of one shape have one schema, so one is looked into."""
    if isinstance(row, dict):
        names, kinds = tuple(row), tuple(map(type, row.values()))
    elif isinstance(row, (tuple, list)):
        names = tuple(getattr(row, "__fields__", None) or getattr(row, "_fields", None) or ())
        kinds = tuple(map(type, row))
    else:
        return None
    return (names, kinds) if _PLAIN.issuperset(kinds) else None


def _named(frame: _native.Frame, schema: Any, session: SparkSession) -> _native.Frame:
    """Arrow data under the names, or cast to the types, that the caller gave."""
    if schema is None:
        return frame
    names = schema.names if isinstance(schema, StructType) else list(schema)
    if len(names) != len(frame.columns()):
        raise PySparkValueError(
            errorClass="LENGTH_SHOULD_BE_THE_SAME",
            messageParameters={
                "arg1": "schema",
                "arg2": "data",
                "arg1_length": str(len(names)),
                "arg2_length": str(len(frame.columns())),
            },
        )
    frame = frame.rename_all(names)
    if not isinstance(schema, StructType):
        return frame
    own = _parse_datatype_json_string(frame.schema())
    if own == schema:
        return frame
    casts = [frame.column_at(i).cast(field.dataType.json()).alias([field.name]) for i, field in enumerate(schema)]
    return frame.select(casts)


def _from_pandas(session: SparkSession, data: Any, schema: Any) -> _native.Frame:
    """By way of pyarrow: NaN in a column of objects is null, naive times are of the session's time zone."""
    import pyarrow as pa

    names = schema.names if isinstance(schema, StructType) else list(schema) if schema is not None else None
    columns = [str(name) for name in data.columns]
    zone = session.conf.get("spark.sql.session.timeZone") or "UTC"
    arrays = []
    for i in range(len(columns)):
        series = data.iloc[:, i]
        kind = getattr(series.dtype, "kind", "O")
        wanted = schema.fields[i].dataType if isinstance(schema, StructType) and i < len(schema.fields) else None
        if (
            kind == "M"
            and getattr(series.dtype, "tz", None) is None
            and getattr(wanted, "typeName", lambda: "")() != "timestamp_ntz"
        ):
            series = series.dt.tz_localize(zone, ambiguous=False, nonexistent="shift_forward")
        try:
            arrays.append(pa.Array.from_pandas(series))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise PySparkTypeError(
                f"the pandas column '{columns[i]}' does not become one Arrow type: {error}",
                errorClass="UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION",
            ) from error
    table = pa.Table.from_arrays([_flat(array) for array in arrays], names=columns)
    return _named(session._native.from_arrow(table), schema if schema is not None else names, session)


def _flat(array: Any) -> Any:
    return array.combine_chunks() if hasattr(array, "combine_chunks") else array


def _from_numpy(session: SparkSession, data: Any, schema: Any) -> _native.Frame:
    import pyarrow as pa

    columns = [data] if data.ndim == 1 else [data[:, i] for i in range(data.shape[1])]
    names = ["value"] if data.ndim == 1 else [f"_{i + 1}" for i in range(len(columns))]
    table = pa.table({name: pa.array(column) for name, column in zip(names, columns, strict=True)})
    return _named(session._native.from_arrow(table), schema, session)
