"""Conversions between DataFrames and data in memory: pyarrow, pandas, polars, NumPy and rows.

pyarrow and pandas are imported where they are used. So a session starts without them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import PySparkTypeError, PySparkValueError, _not_type, _package
from firesteel.sql.representation import array_of_array, array_of_series, arrow_type, column_of, instants, whole
from firesteel.sql.types import (
    DataType,
    StructField,
    StructType,
    TimestampNTZType,
    _DeepTypes,
    _has_nulltype,
    _infer_schema,
    _merge_type,
    _parse_datatype_string,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.session import SparkSession


def to_arrow(df: DataFrame) -> pa.Table:
    """The rows as a pyarrow Table.

    As in Spark, instants are labelled UTC in any time zone of the session.
    """
    import pyarrow as pa

    return pa.table(df._frame.collect_arrow())


def to_pandas(df: DataFrame) -> pd.DataFrame:
    """The rows as a pandas DataFrame.

    Timestamps are naive in the session's time zone, and nested values are Python objects.
    """
    try:
        import pandas as pd
    except ImportError:
        raise _package("pandas", "2.2", "pandas") from None
    table, zone = to_arrow(df), _zone(df.sparkSession)
    series = [column_of(column, zone) for column in table.columns]
    if not series:
        return pd.DataFrame(index=pd.RangeIndex(table.num_rows))
    frame = pd.concat(series, axis=1) if len(series) > 1 else series[0].to_frame()
    frame.columns = pd.Index(table.column_names)
    return frame


def _zone(session: SparkSession) -> str:
    return session.conf.get("spark.sql.session.timeZone") or "UTC"


def create(session: SparkSession, data: Any, schema: Any, sampling_ratio: float | None, verify: bool) -> _native.Frame:
    """The frame that ``createDataFrame`` makes of its arguments."""
    if isinstance(schema, str):
        schema = _parse_datatype_string(schema)
    if schema is not None and not isinstance(schema, (DataType, list, tuple)):
        raise _not_type("schema", "list, None or StructType", schema)
    if hasattr(data, "__dataframe__") and type(data).__module__.startswith("pandas"):
        return _from_pandas(session, data, schema, verify)
    if type(data).__module__.split(".")[0] == "numpy" and hasattr(data, "ndim"):
        return _from_numpy(session, data, schema)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _from_arrow(session, data, schema)
    if hasattr(data, "to_arrow"):  # polars before its capsules, DuckDB
        return _from_arrow(session, data.to_arrow(), schema)
    return _from_rows(session, data, schema, verify)


@_DeepTypes()
def _from_rows(session: SparkSession, data: Iterable[Any], schema: Any, verify: bool) -> _native.Frame:
    from firesteel.rdd import RDD

    rows = data.collect() if isinstance(data, RDD) else data if isinstance(data, list) else list(data)
    how = "exact" if verify else "no"
    if isinstance(schema, StructType):
        struct, single = schema, False
    elif isinstance(schema, DataType):
        struct, single = StructType([StructField("value", schema)]), True
    else:
        struct, single, how = _infer(rows, list(schema) if schema is not None else None), False, "inferred"
    table = _native.rows_to_table(rows, struct.json(), how, single)
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
    """Names and types of a row of plain values.

    Rows of one shape have one schema, so only one of them is looked at.
    """
    if isinstance(row, dict):
        names, kinds = tuple(row), tuple(map(type, row.values()))
    elif isinstance(row, (tuple, list)):
        names = tuple(getattr(row, "__fields__", None) or getattr(row, "_fields", None) or ())
        kinds = tuple(map(type, row))
    else:
        return None
    return (names, kinds) if _PLAIN.issuperset(kinds) else None


def _from_arrow(session: SparkSession, data: Any, schema: Any) -> _native.Frame:
    """Arrow data under the names and in the types that the caller gave, if any.

    A cast loses no value.
    """
    if isinstance(schema, StructType) and len(schema.fields) > 0:
        import pyarrow as pa

        table = (
            pa.table(data) if hasattr(data, "__arrow_c_stream__") else pa.Table.from_batches([pa.record_batch(data)])
        )
        _same_length(schema.names, table.column_names)
        zone = _zone(session)
        columns = [
            pa.chunked_array(
                [array_of_array(chunk, field.dataType, zone) for chunk in column.chunks], arrow_type(field.dataType)
            )
            for field, column in zip(schema.fields, table.columns, strict=True)
        ]
        fields = [pa.field(field.name, arrow_type(field.dataType), field.nullable) for field in schema.fields]
        return session._native.from_arrow(pa.table(columns, schema=pa.schema(fields)))
    return _named(session._native.from_arrow(data), schema)


def _named(frame: _native.Frame, schema: Any) -> _native.Frame:
    """The frame under the names that the caller gave."""
    if schema is None or isinstance(schema, DataType):
        return frame
    _same_length(list(schema), frame.columns())
    return frame.rename_all(list(schema))


def _same_length(names: list[str], columns: list[str]) -> None:
    if len(names) != len(columns):
        raise PySparkValueError(
            errorClass="LENGTH_SHOULD_BE_THE_SAME",
            messageParameters={
                "arg1": "schema",
                "arg2": "data",
                "arg1_length": str(len(names)),
                "arg2_length": str(len(columns)),
            },
        )


def _from_pandas(session: SparkSession, data: Any, schema: Any, verify: bool) -> _native.Frame:
    """A pandas frame as rows, by way of Arrow.

    If Arrow does not take a column as the given type, the frame is converted row by row as in
    PySpark. A missing value in a column is null. Naive times are of the session's time zone.
    """
    import pyarrow as pa

    if isinstance(schema, DataType) and not isinstance(schema, StructType):
        return _from_rows(session, _records(data, schema, _zone(session)), schema, verify)
    zone = _zone(session)
    columns = [str(name) for name in data.columns]
    if isinstance(schema, StructType):
        _same_length(schema.names, columns)
        series = [data.iloc[:, i] for i in range(len(columns))]
        try:
            arrays = [
                array_of_series(each, field.dataType, zone, cast=False, gap="shift_forward")
                for each, field in zip(series, schema.fields, strict=True)
            ]
        except (TypeError, ValueError):
            return _from_rows(session, _records(data, schema, _zone(session)), schema, verify)
        fields = [pa.field(field.name, arrow_type(field.dataType), field.nullable) for field in schema.fields]
        return session._native.from_arrow(pa.Table.from_arrays(arrays, schema=pa.schema(fields)))
    arrays = [_inferred(data.iloc[:, i], columns[i], zone) for i in range(len(columns))]
    return _named(session._native.from_arrow(pa.Table.from_arrays(arrays, names=columns)), schema)


def _inferred(series: Any, name: str, zone: str) -> Any:
    """A column of pandas as an array of the type that Arrow finds in it."""
    import pyarrow as pa

    try:
        return whole(pa.Array.from_pandas(instants(series, zone, gap="shift_forward")))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise PySparkTypeError(
            f"the pandas column '{name}' does not become one Arrow type: {error}",
            errorClass="UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION",
        ) from error


def _records(data: Any, schema: DataType, zone: str) -> list[tuple[Any, ...]]:
    """The rows of a pandas frame as tuples of Python values, None where one is missing."""
    kinds = [field.dataType for field in schema] if isinstance(schema, StructType) else [schema]
    columns = []
    for i in range(data.shape[1]):
        series = data.iloc[:, i]
        kind, missing = getattr(series.dtype, "kind", "O"), series.isna()
        if kind == "M":
            naive = i < len(kinds) and isinstance(kinds[i], TimestampNTZType)
            values = list((series if naive else instants(series, zone, gap="shift_forward")).dt.to_pydatetime())
        elif kind == "m":
            values = list(series.dt.to_pytimedelta())
        else:
            values = series.astype(object).tolist()
        columns.append([None if absent else value for value, absent in zip(values, missing, strict=True)])
    return list(zip(*columns, strict=True))


def _from_numpy(session: SparkSession, data: Any, schema: Any) -> _native.Frame:
    import pyarrow as pa

    if data.ndim not in (1, 2):
        raise PySparkValueError(errorClass="INVALID_NDARRAY_DIMENSION", messageParameters={"dimensions": "1 or 2"})
    columns = [data] if data.ndim == 1 else [data[:, i] for i in range(data.shape[1])]
    names = ["value"] if len(columns) == 1 else [f"_{i + 1}" for i in range(len(columns))]
    table = pa.table({name: pa.array(column) for name, column in zip(names, columns, strict=True)})
    return _from_arrow(session, table, schema)
