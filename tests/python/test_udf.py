"""Python functions and models as columns."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from firesteel.errors import (
    AnalysisException,
    PySparkNotImplementedError,
    PySparkTypeError,
    PySparkValueError,
    PythonException,
)
from firesteel.ml import Model, spark_udf
from firesteel.sql import Row, SparkSession
from firesteel.sql import functions as F
from firesteel.sql.functions import arrow_udf, pandas_udf, udf
from firesteel.sql.types import IntegerType

MODELS = Path(__file__).parents[1] / "fixtures" / "models"


class TestUdf:
    """``udf``: one call a row."""

    def test_a_filter_calls_several_functions_and_one_inside_another(self, spark: SparkSession) -> None:
        @udf("long")
        def halved(value: int) -> int:
            return value // 2

        @udf("long")
        def less(value: int) -> int:
            return value - 2

        frame = spark.range(10)
        kept = frame.filter(halved("id") > less("id"))
        assert [row.id for row in kept.collect()] == [0, 1, 2]
        assert [row.id for row in frame.filter(halved(less("id")) > 2).collect()] == [8, 9]
        shared = frame.filter((halved("id") > 1) & (halved("id") < 4) & (less(halved("id")) > 0))
        assert [row.id for row in shared.collect()] == [6, 7]

    def test_a_function_is_a_column(self, spark: SparkSession) -> None:
        @udf("int")
        def plus_one(value: int) -> int:
            return value + 1

        frame = spark.range(3).select(plus_one("id"), plus_one(F.col("id") * 2).alias("b"))
        assert frame.columns == ["plus_one(id)", "b"]
        assert [tuple(row) for row in frame.collect()] == [(1, 1), (2, 3), (3, 5)]

    def test_the_type_is_string_by_default(self, spark: SparkSession) -> None:
        shown = udf(lambda value: value)
        assert spark.range(2).select(shown("id")).collect()[1][0] == "1"

    @pytest.mark.parametrize(
        ("returns", "value"),
        [
            ("boolean", True),
            ("double", 1.5),
            ("string", "text"),
            ("binary", bytearray(b"\x00\x01")),
            ("decimal(10,2)", Decimal("1.50")),
            ("date", datetime.date(2024, 2, 29)),
            ("timestamp", datetime.datetime(2024, 2, 29, 12, 30, 1, 5)),
            ("timestamp_ntz", datetime.datetime(2024, 2, 29, 12, 30)),
            ("array<int>", [1, None, 3]),
            ("map<string,int>", {"a": 1, "b": None}),
            ("struct<a:int,b:string>", Row(a=1, b="x")),
            ("array<struct<a:int>>", [Row(a=1), None]),
        ],
    )
    @pytest.mark.parametrize("arrow", [True, False])
    def test_values_come_back_as_they_went(self, spark: SparkSession, returns: str, value: object, arrow: bool) -> None:
        same = udf(lambda _: value, returns, useArrow=arrow)
        again = udf(lambda given: given, returns, useArrow=arrow)
        frame = spark.range(1).select(same("id").alias("v")).select(again("v"), F.col("v"))
        assert list(frame.collect()[0]) == [value, value]

    def test_null_is_none(self, spark: SparkSession) -> None:
        seen = udf(lambda value: "none" if value is None else None)
        frame = spark.createDataFrame([(1,), (None,)], "x int")
        assert [row[0] for row in frame.select(seen("x")).collect()] == [None, "none"]

    def test_keyword_arguments(self, spark: SparkSession) -> None:
        minus = udf(lambda a, b: a - b, "bigint")
        frame = spark.range(1).select(F.lit(10).alias("x"), F.lit(3).alias("y"))
        assert frame.select(minus(b="y", a="x"), minus("x", b=F.col("y"))).collect() == [Row(7, 7)]

    def test_no_arguments(self, spark: SparkSession) -> None:
        assert [row[0] for row in spark.range(2).select(udf(lambda: 7, "int")()).collect()] == [7, 7]

    def test_a_struct_is_a_row(self, spark: SparkSession) -> None:
        name = udf(lambda row: row.a + row["b"], "string")
        frame = spark.range(1).select(F.struct(F.lit("x").alias("a"), F.lit("y").alias("b")).alias("s"))
        assert frame.select(name("s")).collect()[0][0] == "xy"

    def test_results_are_converted_as_arrow_converts_them(self, spark: SparkSession) -> None:
        whole = udf(lambda _: 1, "double", useArrow=True)
        assert spark.range(1).select(whole("id")).collect()[0][0] == 1.0
        assert spark.range(1).select(udf(lambda _: 1, "double", useArrow=False)("id")).collect()[0][0] is None

    def test_the_users_exception_is_the_cause(self, spark: SparkSession) -> None:
        error = ValueError("no such thing")

        def fail(value: int) -> int:
            raise error

        with pytest.raises(PythonException, match="ValueError: no such thing") as raised:
            spark.range(3).select(udf(fail, "int")("id")).collect()
        assert raised.value.__cause__ is error

    def test_filters_and_functions_of_functions(self, spark: SparkSession) -> None:
        calls = []

        @udf("bigint")
        def twice(value: int) -> int:
            calls.append(value)
            return value * 2

        frame = spark.range(10).withColumn("t", twice("id")).filter("t > 10 AND id < 9").select(twice("t"))
        assert sorted(row[0] for row in frame.collect()) == [24, 28, 32]
        assert sorted(calls)[:9] == list(range(9))

    def test_equal_calls_are_one_call(self, spark: SparkSession) -> None:
        calls = []

        @udf("bigint")
        def note(value: int) -> int:
            calls.append(value)
            return value

        spark.range(4).select(note("id"), note("id") + 1).collect()
        assert sorted(calls) == [0, 1, 2, 3]

    def test_in_sql(self, spark: SparkSession) -> None:
        named = spark.udf.register("shout", lambda text: text.upper())
        assert spark.sql("SELECT shout('a') AS x, SHOUT('b') AS y").collect() == [Row(x="A", y="B")]
        assert spark.range(1).select(named(F.lit("c"))).collect()[0][0] == "C"
        spark.udf.register("add_ints", udf(lambda a, b: a + b, "int"))
        assert spark.range(1).selectExpr("add_ints(1, 2) AS n").collect() == [Row(n=3)]
        with pytest.raises(PySparkTypeError, match="return type"):
            spark.udf.register("x", udf(lambda a: a, "int"), "int")

    def test_what_a_function_object_carries(self) -> None:
        @udf("int")
        def documented(value: int) -> int:
            """It says so."""
            return value

        assert documented.__name__ == "documented"
        assert documented.__doc__ == "It says so."
        assert documented.returnType == IntegerType()
        assert documented.deterministic
        assert not documented.asNondeterministic().deterministic

    def test_bad_arguments(self) -> None:
        with pytest.raises(PySparkTypeError, match="NOT_EXPECTED_TYPE"):
            udf(lambda value: value, 3)


class TestPandasUdf:
    """``pandas_udf``: whole columns."""

    def test_series_to_series(self, spark: SparkSession) -> None:
        @pandas_udf("double")
        def half(x: pd.Series) -> pd.Series:
            return x / 2

        frame = spark.range(5).select(half("id"))
        assert sorted(row[0] for row in frame.collect()) == [0.0, 0.5, 1.0, 1.5, 2.0]

    def test_hints_make_a_udf_one_of_columns(self, spark: SparkSession) -> None:
        @udf("bigint")
        def plus(a: pd.Series, b: pd.Series) -> pd.Series:
            assert isinstance(a, pd.Series)
            return a + b

        assert sorted(row[0] for row in spark.range(3).select(plus("id", "id")).collect()) == [0, 2, 4]

    def test_a_struct_is_a_frame(self, spark: SparkSession) -> None:
        @pandas_udf("total long, text string")
        def both(frame: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame({"text": frame.a.astype(str), "total": frame.a + frame.b})

        frame = spark.range(2).select(F.struct(F.col("id").alias("a"), F.col("id").alias("b")).alias("s"))
        assert frame.select(both("s").alias("r")).select("r.total", "r.text").orderBy("total").collect() == [
            Row(total=0, text="0"),
            Row(total=2, text="1"),
        ]

    def test_an_iterator_loads_once_and_may_read_ahead(self, spark: SparkSession) -> None:
        @pandas_udf("bigint")
        def plus_ten(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
            waiting = list(batches)
            for series in waiting:
                yield series + 10

        frame = spark.range(25_000).select("id", plus_ten("id").alias("p"))
        assert frame.filter("p != id + 10").count() == 0
        assert frame.count() == 25_000

    def test_an_iterator_of_several_columns(self, spark: SparkSession) -> None:
        @pandas_udf("bigint")
        def times(batches: Iterator[tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
            for a, b in batches:
                yield a * b

        assert sorted(row[0] for row in spark.range(4).select(times("id", "id")).collect()) == [0, 1, 4, 9]

    def test_iterators_over_iterators(self, spark: SparkSession) -> None:
        @pandas_udf("bigint")
        def plus_one(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
            for series in batches:
                yield series + 1

        frame = spark.range(30_000).select(plus_one(plus_one("id")).alias("x"))
        assert frame.agg(F.sum("x")).collect()[0][0] == sum(range(30_000)) + 60_000

    def test_timestamps_are_the_sessions_wall_clock(self, spark: SparkSession) -> None:
        @pandas_udf("timestamp")
        def later(moments: pd.Series) -> pd.Series:
            assert moments.dt.tz is None
            return moments + pd.Timedelta(hours=1)

        frame = spark.sql("SELECT timestamp'2024-01-01 10:00:00' AS t").select(
            later("t") == F.expr("timestamp'2024-01-01 11:00:00'")
        )
        assert frame.collect()[0][0]

    def test_missing_values(self, spark: SparkSession) -> None:
        @pandas_udf("string")
        def same(text: pd.Series) -> pd.Series:
            return text

        frame = spark.createDataFrame([("a",), (None,)], "t string")
        assert [row[0] for row in frame.select(same("t")).collect()] == ["a", None]

    def test_a_wrong_number_of_rows(self, spark: SparkSession) -> None:
        @pandas_udf("bigint")
        def short(x: pd.Series) -> pd.Series:
            return x.head(1)

        with pytest.raises(PythonException, match="RESULT_ROWS_MISMATCH"):
            spark.range(3, numPartitions=1).select(short("id")).collect()

    def test_an_exception_in_an_iterator_is_the_cause(self, spark: SparkSession) -> None:
        @pandas_udf("bigint")
        def fail(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
            for series in batches:
                raise KeyError("k")
                yield series

        with pytest.raises(PythonException) as raised:
            spark.range(3).select(fail("id")).collect()
        assert isinstance(raised.value.__cause__, KeyError)

    def test_what_is_refused(self) -> None:
        with pytest.raises(PySparkValueError, match="0-arg"):
            pandas_udf(lambda: None, "int")
        with pytest.raises(PySparkNotImplementedError):

            @pandas_udf("double")
            def mean(x: pd.Series) -> float:
                return x.mean()

        with pytest.raises(PySparkValueError, match="TYPE_HINT_SHOULD_BE_SPECIFIED"):

            @pandas_udf("double")
            def half_hinted(x: pd.Series, y) -> pd.Series:
                return x


class TestArrowUdf:
    """``arrow_udf``: Arrow arrays."""

    def test_arrays_and_iterators(self, spark: SparkSession) -> None:
        import pyarrow.compute as pc

        @arrow_udf("bigint")
        def plus(a: pa.Array, b: pa.Array) -> pa.Array:
            return pc.add(a, b)

        @arrow_udf("bigint")
        def negated(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
            for batch in batches:
                yield pc.negate(batch)

        frame = spark.range(3).select(negated(plus("id", "id")))
        assert sorted(row[0] for row in frame.collect()) == [-4, -2, 0]


class TestModels:
    """A model as a function of columns."""

    def test_a_model_over_an_array(self, spark: SparkSession) -> None:
        model = Model.load(MODELS / "mlp.onnx")
        frame = spark.range(3).select(F.array([F.lit(0.5).cast("float")] * 32).alias("features"))
        scored = frame.select(model("features").alias("scores"))
        assert scored.dtypes == [("scores", "array<float>")]
        expected = model.predict(pa.array([[0.5] * 32], pa.list_(pa.float32()))).column(0)[0].as_py()
        assert scored.collect()[2].scores == pytest.approx(expected, rel=1e-4)

    def test_several_columns_and_several_outputs(self, spark: SparkSession) -> None:
        frame = spark.createDataFrame([(1.0, 2.0), (3.0, None)], "a double, b double")
        scaled = Model.load(MODELS / "scaled.onnx").udf()
        assert [row[0] for row in frame.select(scaled("a", "b")).collect()] == [12.0, None]
        assert [row[0] for row in frame.select(scaled(F.struct("b", "a"))).collect()] == [12.0, None]
        several = Model.load(MODELS / "several.onnx").udf()
        assert frame.select(several("a").alias("o")).select("o.square", "o.positive").collect()[1] == Row(
            square=9.0, positive=True
        )

    def test_a_result_type(self, spark: SparkSession) -> None:
        double = Model.load(MODELS / "double_int.onnx").udf("string")
        assert spark.range(2).select(double("id").alias("d")).collect()[1] == Row(d="2")

    def test_in_sql(self, spark: SparkSession) -> None:
        spark.udf.register("code", Model.load(MODELS / "strings.onnx").udf())
        assert spark.sql("SELECT code('blue') AS c").collect() == [Row(c=3)]

    def test_a_column_that_does_not_fit_is_an_analysis_error(self, spark: SparkSession) -> None:
        model = Model.load(MODELS / "mlp.onnx")
        with pytest.raises(Exception, match="takes lists of 32 float32 values, found a column of type") as raised:
            spark.range(1).select(model(F.lit("x")))
        assert isinstance(raised.value, (AnalysisException, ValueError, Exception))

    def test_spark_udf_as_mlflow_has_it(self, spark: SparkSession) -> None:
        score = spark_udf(spark, MODELS / "add.onnx", "double")
        frame = spark.createDataFrame([(1.0, 2.0)], "a double, b double")
        assert frame.select(score("a", "b").alias("s")).collect() == [Row(s=3.0)]
        with pytest.raises(PySparkNotImplementedError, match="env_manager='conda'"):
            spark_udf(spark, MODELS / "add.onnx", env_manager="conda")
