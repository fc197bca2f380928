"""Values in Python, pandas and Arrow, converted by PySpark's Python code and by Firesteel.

PySpark converts them in Python, so no Java is needed. The tests call the functions that its
sessions and workers call. They ask for inferred types, accepted values, arguments of functions and
allowed results.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import uuid
import warnings
import zoneinfo
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from firesteel.sql import Row, SparkSession, representation
from firesteel.sql import types as ours

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # PySpark's, of pandas 3
    from pyspark.sql import Row as TheirRow
    from pyspark.sql import types as theirs
    from pyspark.sql.conversion import ArrowArrayToPandasConversion, PandasToArrowConversion
    from pyspark.sql.pandas.conversion import _convert_arrow_table_to_pandas
    from pyspark.sql.pandas.types import from_arrow_type

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

D = decimal.Decimal
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
ZONES = ["UTC", "America/New_York", "Asia/Kolkata"]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    session = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    yield session
    session.stop()


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Instant(dt.datetime):
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: str


Pair = collections.namedtuple("Pair", "a b")

VALUES: list[Any] = [
    1, 2**31, 1.5, float("nan"), float("inf"), 1e300, True, "x", b"x", bytearray(b"x"), memoryview(b"x"), D("1.5"), D("1.234"), dt.date(2024, 1, 2),
    dt.datetime(2024, 1, 2, 3, 4, 5, 6), dt.datetime(2024, 7, 2, 3, tzinfo=NEW_YORK), dt.datetime(2024, 7, 2, 3, tzinfo=dt.timezone(dt.timedelta(hours=1))), dt.timedelta(days=1, microseconds=3), uuid.UUID(int=1), 1j, {1}, frozenset([1]),
    (1, "x"), [1, "x"], {"a": 1}, {"a": 1, "b": "x"}, range(2), Colour.RED, Level.LOW, Text("t"), Whole(3), Pair(1, "x"), Point(1, "x"), object, array.array("i", [1, 2]), array.array("u", "a"), Instant(2024, 1, 2),
    {1: "x", "b": 2}, {"a": None, "b": "x"}, {"a": [1], "b": 2}, {None: 1}, {}, [], [None], [[], [1]], [1, None], [1, 2.5], [1, True], [1, [2]], [{"a": 1}, {"b": "x"}], (1, (2, "x")), (), None,
    *(getattr(np, kind)(1) for kind in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "bool_", "str_"]),
    np.datetime64("2024-01-02T03:04:05"), np.timedelta64(5, "s"), np.array([1, 2]), np.array(["a"]), np.array([[1]]), [np.int64(1)], {"k": np.float64(1)}, pd.Timestamp("2024-01-02"), pd.NaT, pd.NA, pd.Timedelta("1s"),
]  # fmt: skip
DECLARED = [
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "decimal(10,2)", "string", "varchar(3)", "binary", "date", "timestamp", "timestamp_ntz", "interval day to second", "array<int>", "array<string>", "map<string,int>", "struct<x:int,y:string>",
]  # fmt: skip


def found(ask: Any) -> str:
    """The answer, or the class and the condition of the error."""
    try:
        return str(ask())
    except RecursionError:
        # PySpark's own error for a value that holds itself, as an enum's does. Here the error says
        # that it is too deep.
        return "PySparkValueError CANNOT_PARSE_DATATYPE"
    except Exception as error:
        return f"{type(error).__name__} {getattr(error, 'getCondition', lambda: None)()}"


def their_type(kind: ours.DataType) -> theirs.DataType:
    return theirs._parse_datatype_json_string(kind.json())


def inferred(row: Any) -> str:
    schema = theirs._infer_schema(row)
    if theirs._has_nulltype(schema):
        raise theirs.PySparkValueError(errorClass="CANNOT_DETERMINE_TYPE", messageParameters={})
    return schema.simpleString()


def test_a_value_is_inferred_as_pyspark_infers_it(spark: SparkSession) -> None:
    different = {
        repr(value): (expected, answered)
        for value in VALUES
        if (expected := found(lambda value=value: inferred((value,))))
        != (answered := found(lambda value=value: spark.createDataFrame([(value,)]).schema.simpleString()))
    }
    assert different == {}


def test_a_row_is_inferred_as_pyspark_infers_it(spark: SparkSession) -> None:
    rows = [
        1,
        "x",
        None,
        (),
        [1, "x"],
        {"b": 1, "a": "x"},
        {1: "x", "b": 2},
        Point(1, "x"),
        Pair(1, "x"),
        {1, 2},
        Level.LOW,
        np.int64(1),
    ]
    for value in rows:
        expected = found(lambda value=value: inferred(value))
        assert found(lambda value=value: spark.createDataFrame([value]).schema.simpleString()) == expected, value
    assert inferred(TheirRow(b=1, a="x")) == spark.createDataFrame([Row(b=1, a="x")]).schema.simpleString()


@pytest.mark.parametrize("declared", DECLARED)
def test_a_type_accepts_what_it_accepts_in_pyspark(spark: SparkSession, declared: str) -> None:
    schema = ours._parse_datatype_string(f"v {declared}")
    verify = theirs._make_type_verifier(their_type(schema))
    different = {}
    for value in VALUES:
        expected = found(lambda value=value: verify((value,)))
        answered = found(lambda value=value: spark.createDataFrame([(value,)], schema).collect() and None)
        if expected != answered:
            different[repr(value)] = (expected, answered)
    assert different == {}


INSTANTS = pa.timestamp("us", "UTC")
EARLIER, LATER = (dt.datetime(2024, 11, 3, hour, 30, tzinfo=dt.UTC) for hour in (5, 6))
"""Both are 01:30 in New York."""
COLUMNS: dict[str, pa.Array] = {
    "void": pa.nulls(2), "boolean": pa.array([True, None]), "boolean without null": pa.array([True]), "tinyint": pa.array([1, None], pa.int8()), "bigint": pa.array([1]), "float": pa.array([1.5, None], pa.float32()), "double": pa.array([1.5, None, float("nan")]),
    "decimal": pa.array([D("1.50"), None]), "string": pa.array(["x", None]), "binary": pa.array([b"x", None]), "date": pa.array([dt.date(2024, 1, 1), None, dt.date(1, 1, 1)]), "timestamp": pa.array([EARLIER, LATER, None], INSTANTS), "timestamp_ntz": pa.array([dt.datetime(2024, 1, 1), None], pa.timestamp("us")), "interval": pa.array([dt.timedelta(1), None], pa.duration("us")),
    "array": pa.array([[1, 2], None, [1, None], []]), "array<string>": pa.array([["a", None]]), "array<timestamp>": pa.array([[EARLIER, LATER, None], None, []], pa.list_(INSTANTS)), "array<timestamp_ntz>": pa.array([[dt.datetime(2024, 1, 1)]], pa.list_(pa.timestamp("us"))), "array<array>": pa.array([[[1], None]]), "array<date>": pa.array([[dt.date(2024, 1, 1)]]), "array<decimal>": pa.array([[D("1.5")]]), "array<struct>": pa.array([[{"a": 1}]]), "array<interval>": pa.array([[dt.timedelta(1)]], pa.list_(pa.duration("us"))), "array<map>": pa.array([[[("a", 1)]]], pa.list_(pa.map_(pa.string(), pa.int32()))),
    "map": pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32())), "map<int,timestamp>": pa.array([[(1, EARLIER)]], pa.map_(pa.int32(), INSTANTS)), "map<string,array>": pa.array([[("a", [1])]], pa.map_(pa.string(), pa.list_(pa.int32()))),
    "struct": pa.array([{"a": 1, "b": "x"}, {"a": None, "b": None}]), "struct with null": pa.array([{"a": 1, "b": 2.0}, None]), "struct of times": pa.array([{"t": EARLIER, "n": dt.datetime(2024, 1, 1)}], pa.struct([("t", INSTANTS), ("n", pa.timestamp("us"))])), "struct of booleans": pa.array([{"b": True, "s": "x"}, {"b": None, "s": None}]),
    "struct of nested": pa.array([{"t": EARLIER, "l": [1], "m": [("k", 1)], "s": {"u": EARLIER}}], pa.struct([("t", INSTANTS), ("l", pa.list_(pa.int32())), ("m", pa.map_(pa.string(), pa.int32())), ("s", pa.struct([("u", INSTANTS)]))])),
}  # fmt: skip


def shown(value: Any) -> str:
    """A value with its types all the way down."""
    if isinstance(value, pd.DataFrame):
        return f"DataFrame({', '.join(f'{name}: {shown(value[name])}' for name in value.columns)})"
    if isinstance(value, (pd.Series, np.ndarray)):
        return f"{type(value).__name__}[{value.dtype}]({', '.join(map(shown, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{shown(key)}: {shown(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    return f"{type(value).__name__} {value!r}"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", COLUMNS)
def test_pandas_udf_is_given_what_pyspark_gives(name: str, zone: str) -> None:
    column = COLUMNS[name]
    expected = ArrowArrayToPandasConversion.convert(
        representation.in_zone(column, zone),
        from_arrow_type(column.type),
        ser_name="v",
        timezone=zone,
        struct_in_pandas="dict",
        df_for_struct=True,
    )
    assert shown(representation.argument_of(column, zone)) == shown(expected)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", COLUMNS)
def test_to_pandas_gives_what_pyspark_gives(name: str, zone: str) -> None:
    column = COLUMNS[name]
    schema = theirs.StructType().add("v", from_arrow_type(column.type))
    expected = _convert_arrow_table_to_pandas(
        pa.table({"v": column}), schema, timezone=zone, struct_handling_mode="legacy", date_as_object=True
    )
    assert shown(representation.column_of(pa.chunked_array([column]), zone)) == shown(expected["v"])


RETURNED: dict[str, pd.Series] = {
    "int": pd.Series([1, 2]), "float": pd.Series([1.5, None]), "whole float": pd.Series([float("nan"), 1.0]), "text": pd.Series(["a", None]), "digits": pd.Series(["1"]), "booleans": pd.Series([True, None]), "bytes": pd.Series([b"x"]), "decimals": pd.Series([D("1.5"), None]), "long decimals": pd.Series([D("1.5"), D("123.456")]), "dates": pd.Series([dt.date(2024, 1, 2)]), "times": pd.Series([dt.datetime(2024, 1, 2, 3)]), "intervals": pd.Series([dt.timedelta(1)]),
    "lists": pd.Series([[1, 2]]), "lists with null": pd.Series([[1, None], None]), "dicts": pd.Series([{"a": 1}]), "tuples": pd.Series([(1, "x")]), "arrays": pd.Series([np.array([1, 2])]), "large": pd.Series([2**40]), "nothing": pd.Series([None, None]), "mixed": pd.Series([1, "x"], dtype=object),
    "Int64": pd.Series([1, None], dtype="Int64"), "int8": pd.Series([1, 2], dtype="int8"), "uint64": pd.Series([1, 2], dtype="uint64"), "boolean": pd.Series([True, None], dtype="boolean"), "category": pd.Series(["a", None], dtype="category"), "nanoseconds": pd.Series(pd.to_datetime(["2024-01-02 03:04:05.123456789", None])), "repeated": pd.Series(pd.to_datetime(["2024-11-03 01:30:00", "2024-11-03 00:30:00"])), "skipped": pd.Series(pd.to_datetime(["2024-03-10 02:30:00"])), "zoned": pd.Series(pd.to_datetime(["2024-01-02"])).dt.tz_localize("Asia/Tokyo"),
}  # fmt: skip


@pytest.mark.parametrize("declared", [kind for kind in DECLARED if not kind.startswith(("struct", "varchar"))])
def test_pandas_udf_may_return_what_it_may_in_pyspark(declared: str) -> None:
    kind = ours._parse_datatype_string(f"v {declared}")["v"].dataType
    zone = "America/New_York"

    def expected(series: pd.Series) -> Any:
        schema = theirs.StructType().add("v", their_type(kind))
        made = PandasToArrowConversion.convert([series], schema, timezone=zone, safecheck=True, arrow_cast=True)
        return representation.in_zone(representation.whole(made.column(0)), "UTC").to_pylist()

    different = {}
    for name, series in RETURNED.items():
        if declared == "array<string>" and name in {"text", "category"}:
            continue  # PySpark fails on the NaN that pandas 3 has for a missing text.
        answers = [
            found(lambda series=series: expected(series)),
            found(lambda series=series: representation.array_of_series(series, kind, zone, cast=True).to_pylist()),
        ]
        # pandas' and Arrow's own errors are told apart here.
        refused = ["Error" in answer for answer in answers]
        if refused != [True, True] and answers[0] != answers[1]:
            different[name] = answers
    assert different == {}
