"""Values of any schema come back as they went in, also through every kind of function."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from firesteel.sql import Row, SparkSession
from firesteel.sql import types as T
from firesteel.sql.functions import arrow_udf, pandas_udf, udf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Session = Callable[[], SparkSession]

ASKED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def session(spark: SparkSession) -> Session:
    # Hypothesis asks its arguments for attributes that a session lacks.
    return lambda: spark


_INTEGERS = {T.ByteType(): 7, T.ShortType(): 15, T.IntegerType(): 31, T.LongType(): 63}
_FIRST, _LAST = dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)


def _instant(value: dt.datetime) -> bool:
    """Whether the process's clock shows this time once."""
    return value.astimezone(dt.UTC).astimezone().replace(tzinfo=None) == value and (
        value.astimezone() == value.replace(fold=1).astimezone()
    )


def _decimals(kind: T.DecimalType) -> st.SearchStrategy[Decimal]:
    top = 10**kind.precision - 1
    return st.integers(-top, top).map(lambda digits: Decimal(digits).scaleb(-kind.scale))


_ATOMS: list[tuple[T.DataType, st.SearchStrategy[Any]]] = [
    *((kind, st.integers(-(2**bits), 2**bits - 1)) for kind, bits in _INTEGERS.items()),
    (T.BooleanType(), st.booleans()),
    (T.FloatType(), st.floats(width=32)),
    (T.DoubleType(), st.floats()),
    (T.DecimalType(10, 2), _decimals(T.DecimalType(10, 2))),
    (T.StringType(), st.text(st.characters(exclude_categories=["Cs"]))),
    (T.BinaryType(), st.binary()),
    (T.DateType(), st.dates()),
    (T.TimestampType(), st.datetimes(_FIRST, _LAST).filter(_instant)),
    (T.TimestampNTZType(), st.datetimes(_FIRST, _LAST)),
    (T.DayTimeIntervalType(), st.timedeltas(dt.timedelta(days=-100_000), dt.timedelta(days=100_000))),
]


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = inner.map(lambda pair: (T.ArrayType(pair[0]), st.lists(st.none() | pair[1], max_size=3)))
    maps = inner.map(
        lambda pair: (
            T.MapType(T.StringType(), pair[0]),
            st.dictionaries(st.text("abc"), st.none() | pair[1], max_size=3),
        )
    )

    def struct(pairs: list[Any]) -> Any:
        names = [f"f{at}" for at in range(len(pairs))]
        kind = T.StructType([T.StructField(name, pair[0]) for name, pair in zip(names, pairs, strict=True)])
        values = st.tuples(*(st.none() | pair[1] for pair in pairs))
        return kind, values.map(lambda found: Row(**dict(zip(names, found, strict=True))))

    return arrays | maps | st.lists(inner, min_size=1, max_size=3).map(struct)


PAIRS = st.recursive(st.sampled_from(_ATOMS), _nested, max_leaves=3)


@st.composite
def columns(draw: st.DrawFn, pairs: st.SearchStrategy[Any] = PAIRS) -> tuple[T.DataType, list[Any]]:
    kind, values = draw(pairs)
    return kind, draw(st.lists(st.none() | values, min_size=1, max_size=4))


def same(left: Any, right: Any) -> bool:
    """Equality in which NaN is NaN, and -0.0 is not 0.0."""
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def frame_of(spark: SparkSession, column: tuple[T.DataType, list[Any]]) -> Any:
    kind, values = column
    return spark.createDataFrame([(value,) for value in values], T.StructType().add("v", kind))


def values_of(frame: Any) -> list[Any]:
    return [row[0] for row in frame.collect()]


@ASKED
@given(columns())
def test_rows_come_back_as_they_went_in(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    assert same(values_of(frame_of(spark, column)), column[1])


@ASKED
@given(columns())
def test_a_udf_gives_back_what_it_is_given(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    for arrow in (True, False):
        function = udf(lambda value: value, column[0], useArrow=arrow)
        assert same(values_of(frame_of(spark, column).select(function("v"))), column[1])


@ASKED
@given(columns())
def test_an_arrow_udf_gives_back_what_it_is_given(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    function = arrow_udf(lambda array: array, column[0])
    assert same(values_of(frame_of(spark, column).select(function("v"))), column[1])


@ASKED
@given(columns())
def test_an_arrow_table_comes_back_as_it_went_in(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    frame = frame_of(spark, column)
    assert same(values_of(spark.createDataFrame(frame.toArrow())), column[1])
    assert same(values_of(spark.createDataFrame(frame.toArrow(), frame.schema)), column[1])


def lost_in_pandas(kind: T.DataType, value: Any) -> bool:
    """Whether pandas cannot hold a value.

    It has only one missing value, and floats where whole numbers are missing.
    """
    if value is None:
        return False
    if isinstance(kind, (T.FloatType, T.DoubleType)):
        return math.isnan(value)
    if isinstance(kind, T.LongType):
        return abs(value) > 2**53
    return False


@ASKED
@given(columns(st.sampled_from(_ATOMS)))
def test_pandas_gives_back_what_it_is_given(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    kind, values = column
    kept = [None if lost_in_pandas(kind, value) else value for value in values]
    frame = frame_of(spark, (kind, kept))
    assert same(values_of(frame.select(pandas_udf(lambda series: series, kind)("v"))), kept)
    assert same(values_of(spark.createDataFrame(frame.toPandas(), frame.schema)), kept)


@ASKED
@given(
    columns(_nested(st.sampled_from([pair for pair in _ATOMS if not isinstance(pair[0], (T.FloatType, T.DoubleType))])))
)
def test_nested_values_go_through_pandas(session: Session, column: tuple[T.DataType, list[Any]]) -> None:
    spark = session()
    kind, values = column
    if isinstance(kind, T.StructType):
        return  # As an argument it is a DataFrame, which has no missing rows.
    function = pandas_udf(lambda series: series, kind)
    assert same(values_of(frame_of(spark, column).select(function("v"))), values)
