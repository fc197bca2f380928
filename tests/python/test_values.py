"""A value of each Spark type in Python, pandas and Arrow.

It goes in by createDataFrame, out by collect and through functions.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from firesteel.errors import ArithmeticException, PySparkTypeError, PySparkValueError, PythonException
from firesteel.sql import SparkSession
from firesteel.sql.functions import arrow_udf, pandas_udf, udf

REPEATED = ["2024-11-03 05:30:00+00:00", "2024-11-03 06:30:00+00:00"]
"""01:30 in New York, first before and then after the clock went back."""


@pytest.fixture
def new_york(spark: SparkSession) -> Iterator[SparkSession]:
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    yield spark
    spark.conf.set("spark.sql.session.timeZone", "UTC")


def micros(frame: Any) -> list[int]:
    return [row[0] for row in frame.selectExpr("unix_micros(v)").collect()]


# createDataFrame ----------------------------------------------------------------------------------


def test_a_dict_of_mixed_values_is_a_map_of_the_type_that_holds_them_all(spark: SparkSession) -> None:
    rows = spark.createDataFrame([({"a": 1, "b": "x"},)], ["m"]).collect()
    assert rows[0].m == {"a": "1", "b": "x"}


def test_a_decimal_of_many_digits_is_rounded(spark: SparkSession) -> None:
    assert spark.createDataFrame([(Decimal.from_float(1.234),)]).collect()[0][0] == Decimal("1.233999999999999986")


def test_a_decimal_that_does_not_fit_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(ArithmeticException):
        spark.createDataFrame([(Decimal("123456.78"),)], "v decimal(5,2)")


def test_a_decimal_rounds_half_up_away_from_zero(spark: SparkSession) -> None:
    given = [(Decimal("0.005"),), (Decimal("-0.005"),), (Decimal("0.0049"),), (Decimal("1E+2"),), (Decimal("9E-30"),)]
    found = [row[0] for row in spark.createDataFrame(given, "v decimal(5,2)").collect()]
    assert found == [Decimal("0.01"), Decimal("-0.01"), Decimal("0.00"), Decimal("100.00"), Decimal("0.00")]


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (np.int64(1), "bigint"),
        (np.float64(1), "double"),
        (np.bool_(True), "boolean"),
        (pd.NaT, "timestamp"),
        (pd.Timestamp("2024-01-01"), "timestamp"),
        (pd.Timedelta("1s"), "interval day to second"),
        (True, "int"),
        (1, "double"),
        ({1}, "array<int>"),
        (np.array([1]), "array<int>"),
    ],
)
def test_a_value_of_a_class_that_the_type_does_not_take_is_refused_by_name(
    spark: SparkSession, value: Any, declared: str
) -> None:
    with pytest.raises(PySparkTypeError, match="can not accept object") as raised:
        spark.createDataFrame([(value,)], f"v {declared}")
    assert raised.value.getCondition() == "FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME"


def test_the_later_of_two_equal_clock_readings_comes_back_as_itself() -> None:
    program = """
        import datetime as dt
        from firesteel.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        later = spark.sql("SELECT timestamp'2024-11-03 06:30:00Z' AS v, timestamp'2024-11-03 05:30:00Z' AS w")
        row = later.collect()[0]
        assert (row.v.fold, row.w.fold) == (1, 0), row
        again = spark.createDataFrame([row])
        assert again.selectExpr("unix_seconds(v) - unix_seconds(w)").collect()[0][0] == 3600
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=True, env={"TZ": "America/New_York", "PATH": ""}
    )


def test_a_naive_pandas_time_that_occurs_twice_is_the_later(new_york: SparkSession) -> None:
    frame = pd.DataFrame({"v": pd.to_datetime(["2024-11-03 01:30:00"])})
    assert micros(new_york.createDataFrame(frame)) == [pd.Timestamp(REPEATED[1]).value // 1000]


def test_arrow_data_is_never_cut_to_fit_a_schema(spark: SparkSession) -> None:
    with pytest.raises(PySparkValueError):
        spark.createDataFrame(pa.table({"v": [1.5]}), "v int")
    with pytest.raises(PySparkValueError):
        spark.createDataFrame(pa.table({"v": [300]}), "v tinyint")


def test_an_array_of_three_dimensions_is_refused(spark: SparkSession) -> None:
    with pytest.raises(PySparkValueError) as raised:
        spark.createDataFrame(np.zeros((1, 1, 1)))
    assert raised.value.getCondition() == "INVALID_NDARRAY_DIMENSION"


# Arguments of a function -
# ---------------------------------------------------------------------------


def test_seconds_by_way_of_integers_are_seconds(spark: SparkSession) -> None:
    seconds = pandas_udf(lambda s: s.astype("int64") // 10**9, "bigint")
    assert spark.sql("SELECT timestamp'2024-01-01 00:00:00' AS t").select(seconds("t")).collect()[0][0] == 1704067200


def test_a_map_is_a_dict_in_pandas(spark: SparkSession) -> None:
    size = pandas_udf(lambda s: s.map(lambda each: str(sorted(each.items()))), "string")
    assert (
        spark.sql("SELECT map('b', 2, 'a', null) AS m").select(size("m")).collect()[0][0] == "[('a', None), ('b', 2)]"
    )


def test_arrow_times_have_the_zone_of_the_session(new_york: SparkSession) -> None:
    kind = arrow_udf(lambda a: pa.array([str(a.type)] * len(a)), "string")
    frame = new_york.sql("SELECT current_timestamp() AS t, array(current_timestamp()) AS l")
    found = frame.select(kind("t"), kind("l")).collect()[0]
    assert found[0] == "timestamp[us, tz=America/New_York]"
    assert "tz=America/New_York" in found[1]


def test_nested_times_are_of_the_zone_of_the_session(new_york: SparkSession) -> None:
    frame = new_york.sql(
        "SELECT array(timestamp'2024-07-01 12:00:00') AS l, map(1, timestamp'2024-07-01 12:00:00') AS m"
    )
    pandas = frame.toPandas()
    assert [str(pandas["l"][0][0]), str(pandas["m"][0][1])] == ["2024-07-01 12:00:00"] * 2


def test_compute_is_there_after_a_bare_import() -> None:
    # This runs in its own process. Elsewhere another test has imported it.
    program = """
        from firesteel.sql import SparkSession
        from firesteel.sql.functions import arrow_udf
        import pyarrow as pa
        spark = SparkSession.builder.getOrCreate()
        rows = spark.range(2).select(arrow_udf(lambda a: pa.compute.add(a, 1), "bigint")("id")).collect()
        assert [row[0] for row in rows] == [1, 2], rows
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


# Results of a function -
# ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [pandas_udf, arrow_udf])
def test_the_hour_that_repeats_goes_through_a_function(new_york: SparkSession, kind: Any) -> None:
    text = ", ".join(f"(timestamp'{time}')" for time in REPEATED)
    found = new_york.sql(f"SELECT v FROM VALUES {text} AS t(v)").select(kind(lambda s: s, "timestamp")("v").alias("v"))
    earlier, later = (pd.Timestamp(time).value // 1000 for time in REPEATED)
    # pandas has no fold: both are the later one, as in PySpark.
    assert micros(found) == [later if kind is pandas_udf else earlier, later]


@pytest.mark.parametrize("value", [{"x": 1}, (1, 2), 5, "text"])
def test_what_is_no_array_is_an_error_and_not_null(spark: SparkSession, value: Any) -> None:
    with pytest.raises(PythonException, match="can not accept object"):
        spark.range(1).select(udf(lambda _: value, "array<int>")("id")).collect()


def test_what_does_not_fit_the_declared_type_is_an_error(spark: SparkSession) -> None:
    for returned, declared in [
        ([1.5], "int"),
        ([300], "tinyint"),
        (["x"], "int"),
        ([Decimal("1.555")], "decimal(3,2)"),
    ]:
        with pytest.raises(PythonException):
            spark.range(1).select(pandas_udf(lambda s, r=returned: pd.Series(r), declared)("id")).collect()


def test_a_struct_may_hold_structs_in_a_returned_frame(spark: SparkSession) -> None:
    def make(ids: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({"a": ids, "b": [{"c": int(each)} for each in ids]})

    found = spark.range(2).select(pandas_udf(make, "a bigint, b struct<c:int>")("id").alias("s")).collect()
    assert [row.s.b.c for row in found] == [0, 1]


def test_an_array_of_another_type_that_loses_values_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(PythonException, match="does not become the declared type"):
        spark.range(1).select(arrow_udf(lambda a: pa.array([1.5]), "int")("id")).collect()
