"""Arrow data in and out, with the libraries that people have."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from firesteel.sql import Row


@pytest.fixture
def table():
    return pa.table({"n": pa.array([1, 2, None], pa.int32()), "s": ["a", None, "c"], "v": [[1.0], [], None]})


def test_any_arrow_object_becomes_the_same_dataframe(spark, table):
    expected = spark.createDataFrame(table).collect()
    assert expected[0] == Row(n=1, s="a", v=[1.0])
    for data in (
        pl.from_arrow(table),
        table.to_batches()[0],
        pa.RecordBatchReader.from_batches(table.schema, table.to_batches()),
    ):
        assert spark.createDataFrame(data).collect() == expected


def test_a_dataframe_is_an_arrow_object(spark, table):
    df = spark.createDataFrame(table)
    assert pa.table(df).equals(df.toArrow())
    assert pl.DataFrame(df)["n"].to_list() == [1, 2, None]
    assert pa.schema(df).names == ["n", "s", "v"]


def test_to_arrow_has_spark_s_types(spark):
    table = spark.sql("SELECT 1 AS i, 'x' AS s, timestamp'2020-01-01 00:00:00' AS t, array(1) AS a").toArrow()
    assert table.schema.field("t").type == pa.timestamp("us", "UTC")
    assert table.schema.field("s").type == pa.string()
    assert table.to_pylist()[0]["a"] == [1]


def test_pandas_in_and_out(spark):
    frame = pd.DataFrame(
        {"n": [1, 2], "x": [1.5, float("nan")], "s": ["a", None], "t": pd.to_datetime(["2020-01-01", "2020-01-02"])}
    )
    df = spark.createDataFrame(frame)
    assert dict(df.dtypes) == {"n": "bigint", "x": "double", "s": "string", "t": "timestamp"}
    assert df.first().t == datetime.datetime(2020, 1, 1).astimezone().replace(tzinfo=None)
    back = df.toPandas()
    assert back["t"].dt.tz is None
    assert back["t"].tolist() == frame["t"].tolist()
    assert back["n"].dtype == np.int64


def test_to_pandas_keeps_nested_values_as_python_objects(spark):
    frame = spark.sql(
        "SELECT named_struct('a', 1) AS s, map('k', 1) AS m, array(1, 2) AS v, CAST(NULL AS INT) AS n"
    ).toPandas()
    assert frame["s"][0] == {"a": 1}
    assert frame["m"][0] == {"k": 1}
    assert list(frame["v"][0]) == [1, 2]
    assert np.isnan(frame["n"][0])


def test_numpy_arrays_become_columns(spark):
    assert spark.createDataFrame(np.array([1, 2])).collect() == [Row(value=1), Row(value=2)]
    assert spark.createDataFrame(np.array([[1, 2]]), ["a", "b"]).collect() == [Row(a=1, b=2)]


def test_a_schema_renames_and_casts(spark, table):
    assert spark.createDataFrame(table.select(["n", "s"]), ["x", "y"]).columns == ["x", "y"]
    assert spark.createDataFrame(table.select(["n"]), "n BIGINT").dtypes == [("n", "bigint")]


def test_types_that_spark_lacks_are_widened(spark):
    table = pa.table(
        {
            "u": pa.array([2**32 - 1], pa.uint32()),
            "d": pa.array(["x"]).dictionary_encode(),
            "l": pa.array(["y"], pa.large_string()),
        }
    )
    assert spark.createDataFrame(table).dtypes == [("u", "bigint"), ("d", "string"), ("l", "string")]
