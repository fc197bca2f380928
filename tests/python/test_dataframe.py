"""DataFrames on the real engine."""

from __future__ import annotations

import datetime
import decimal
import subprocess
import sys

import pytest
from firesteel.errors import (
    AnalysisException,
    ArithmeticException,
    IllegalArgumentException,
    NumberFormatException,
    PySparkAttributeError,
    PySparkTypeError,
    PySparkValueError,
    UnsupportedOperationException,
)
from firesteel.sql import Row
from firesteel.sql import functions as F


@pytest.fixture
def people(spark):
    return spark.createDataFrame([(14, "Tom"), (23, "Alice"), (16, "Bob")], ["age", "name"])


def test_rows_of_every_kind_make_a_dataframe(spark):
    expected = [Row(a=1, b="x"), Row(a=2, b="y")]
    assert spark.createDataFrame([(1, "x"), (2, "y")], ["a", "b"]).collect() == expected
    assert spark.createDataFrame([{"a": 1, "b": "x"}, {"b": "y", "a": 2}]).collect() == expected
    assert spark.createDataFrame([Row(a=1, b="x"), Row(a=2, b="y")]).collect() == expected
    assert spark.createDataFrame([[1, "x"], [2, "y"]], "a INT, b STRING").collect() == expected
    assert spark.createDataFrame([1, 2], "int").collect() == [Row(value=1), Row(value=2)]
    assert spark.createDataFrame([], "a INT").collect() == []


def test_values_come_back_as_they_went_in(spark):
    row = (
        1, 2**40, 1.5, True, "é", bytearray(b"\x00"), datetime.date(1969, 12, 31),
        datetime.datetime(2021, 3, 4, 5, 6, 7, 89), decimal.Decimal("12.340"), [1, None], {"k": 1.5}, Row(x=1, y=None), None,
    )  # fmt: skip
    schema = (
        "i INT, l BIGINT, d DOUBLE, b BOOLEAN, s STRING, bin BINARY, day DATE, at TIMESTAMP, dec DECIMAL(10,3), "
        "a ARRAY<INT>, m MAP<STRING, DOUBLE>, r STRUCT<x: INT, y: STRING>, n STRING"
    )
    (got,) = spark.createDataFrame([row], schema).collect()
    assert tuple(got) == row


@pytest.mark.parametrize(
    ("data", "schema", "condition"),
    [
        ([("a",)], "a INT", "FIELD_DATA_TYPE_UNACCEPTABLE_WITH_NAME"),
        ([(1, 2)], "a INT", "FIELD_STRUCT_LENGTH_MISMATCH"),
        ([(300,)], "a TINYINT", "VALUE_OUT_OF_BOUNDS"),
        ([(None,)], "a INT NOT NULL", "FIELD_NOT_NULLABLE_WITH_NAME"),
        ([], None, "CANNOT_INFER_EMPTY_SCHEMA"),
        ([(None,)], None, "CANNOT_DETERMINE_TYPE"),
        ([1], None, "CANNOT_INFER_SCHEMA_FOR_TYPE"),
        ([(1,)], 5, "NOT_EXPECTED_TYPE"),
    ],
)
def test_rows_that_do_not_fit_name_their_condition(spark, data, schema, condition):
    with pytest.raises((PySparkTypeError, PySparkValueError)) as raised:
        spark.createDataFrame(data, schema)
    assert raised.value.getCondition() == condition


def test_select_filter_and_columns(people):
    assert people.filter(people.age > 15).select("name", (people.age + 1).alias("next")).collect() == [
        Row(name="Alice", next=24),
        Row(name="Bob", next=17),
    ]
    assert people.where("age < 15").collect() == [Row(age=14, name="Tom")]
    assert people[people["AGE"] == 16].first() == Row(age=16, name="Bob")
    assert people.withColumn("old", people.age > 20).drop("age", "nope").columns == ["name", "old"]
    assert people.withColumnRenamed("age", "years").columns == ["years", "name"]
    assert people.selectExpr("age * 2 AS twice").first().twice == 28


def test_sorting_limits_and_ends(people):
    assert [row.age for row in people.orderBy("age", ascending=False).collect()] == [23, 16, 14]
    assert [row.age for row in people.orderBy(people.name.desc()).take(2)] == [14, 16]
    assert people.orderBy("age").tail(1) == [Row(age=23, name="Alice")]
    assert people.limit(0).first() is None
    assert people.limit(0).isEmpty()
    assert people.offset(1).count() == 2
    with pytest.raises(PySparkValueError):
        people.sort()


def test_groups_and_joins(spark, people):
    teams = spark.createDataFrame([("Tom", "red"), ("Alice", "red"), ("Eve", "blue")], ["name", "team"])
    joined = people.join(teams, "name")
    assert joined.columns == ["name", "age", "team"]
    assert joined.groupBy("team").agg(F.sum("age").alias("ages"), F.count("*")).collect() == [
        Row(team="red", ages=37, **{"count(1)": 2})
    ]
    assert people.join(teams, "name", "anti").collect() == [Row(name="Bob", age=16)]
    assert people.join(teams, people.name == teams.name, "full").count() == 4
    assert people.groupBy().avg("age").columns == ["avg(age)"]
    assert people.crossJoin(teams).count() == 9
    with pytest.raises(AnalysisException):
        people.join(teams, "name", "sideways")


def test_a_join_with_itself_tells_its_sides_apart(people):
    other = people.alias("other")
    pairs = people.alias("one").join(other, F.col("one.age") < F.col("other.age"))
    assert pairs.count() == 3


def test_set_operations(spark):
    a, b = spark.createDataFrame([(1,), (1,), (2,)], ["x"]), spark.createDataFrame([(1,), (3,)], ["x"])
    assert sorted(a.union(b).collect()) == [(1,), (1,), (1,), (2,), (3,)]
    assert a.intersect(b).collect() == [Row(x=1)]
    assert a.subtract(b).collect() == [Row(x=2)]
    assert sorted(a.exceptAll(b).collect()) == [(1,), (2,)]
    assert a.distinct().count() == 2
    wide = spark.createDataFrame([(5, 6)], ["x", "y"])
    assert a.unionByName(wide, allowMissingColumns=True).columns == ["x", "y"]


def test_show_is_spark_s_table(people, capsys):
    people.show()
    assert capsys.readouterr().out == (
        "+---+-----+\n|age| name|\n+---+-----+\n| 14|  Tom|\n| 23|Alice|\n| 16|  Bob|\n+---+-----+\n\n"
    )
    people.show(1, truncate=False)
    assert capsys.readouterr().out == (
        "+---+----+\n|age|name|\n+---+----+\n|14 |Tom |\n+---+----+\nonly showing top 1 row\n"
    )
    people.limit(1).show(vertical=True)
    assert capsys.readouterr().out == "-RECORD 0---\n age  | 14  \n name | Tom \n\n"


def test_schema_is_printed_as_a_tree(people, capsys):
    people.printSchema()
    assert capsys.readouterr().out == "root\n |-- age: long (nullable = true)\n |-- name: string (nullable = true)\n\n"


def test_a_dataframe_describes_itself(people):
    assert repr(people) == "DataFrame[age: bigint, name: string]"
    assert people.dtypes == [("age", "bigint"), ("name", "string")]
    assert people._repr_html_() is None
    assert "name" in dir(people)


def test_missing_names_are_errors_of_spark_s_kind(people):
    with pytest.raises(AnalysisException) as raised:
        people.select("nope")
    assert raised.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert raised.value.getSqlState() == "42703"
    assert raised.value.getMessageParameters()["objectName"] == "`nope`"
    with pytest.raises(PySparkAttributeError):
        _ = people.nope
    with pytest.raises(AnalysisException):
        people["nope"]


def test_a_bad_value_fails_when_it_runs(people):
    with pytest.raises(NumberFormatException) as raised:
        people.select(people.name.cast("int")).collect()
    assert raised.value.getCondition() == "CAST_INVALID_INPUT"


def test_missing_values(spark):
    df = spark.createDataFrame([(1, None), (None, "b"), (None, None)], "n INT, s STRING")
    assert df.na.drop().count() == 0
    assert df.na.drop("all").count() == 2
    assert df.na.drop(subset=["n"]).count() == 1
    assert df.fillna(0).fillna("?").collect() == [Row(n=1, s="?"), Row(n=0, s="b"), Row(n=0, s="?")]
    assert df.fillna({"n": 7}).select("n").collect() == [Row(n=1), Row(n=7), Row(n=7)]
    assert df.replace(1, 2).first().n == 2
    assert df.na.replace({"b": "c"}).collect()[1].s == "c"


def test_statistics(spark):
    df = spark.createDataFrame([(1, "a"), (3, "b")], ["n", "s"])
    assert df.describe("n").collect() == [
        Row(summary="count", n="2"),
        Row(summary="mean", n="2.0"),
        Row(summary="stddev", n="1.4142135623730951"),
        Row(summary="min", n="1"),
        Row(summary="max", n="3"),
    ]
    assert df.summary("count", "max").columns == ["summary", "n", "s"]
    assert spark.range(100).approxQuantile("id", [0.5], 0.0) == [49.0]
    assert df.corr("n", "n") == pytest.approx(1.0)


def test_unpivot_turns_columns_into_rows(spark):
    df = spark.createDataFrame([(1, 10, 11)], ["id", "a", "b"])
    assert df.unpivot("id", ["a", "b"], "key", "value").collect() == [
        Row(id=1, key="a", value=10),
        Row(id=1, key="b", value=11),
    ]


def test_a_random_split_loses_nothing(spark):
    parts = spark.range(100).randomSplit([1.0, 2.0], seed=7)
    assert sum(part.count() for part in parts) == 100


def test_a_sample_is_the_same_rows_each_time(spark):
    sample = spark.range(1000).sample(0.1, seed=7)
    assert sample.collect() == sample.collect()


def test_an_exchange_is_charged_for_its_rows_once(spark):
    # 16 MB: 300 slices that are each charged as the whole buffer would be over the limit of 4 GB.
    rows = spark.range(2_000_000)
    assert rows.repartitionByRange(300, "id").count() == 2_000_000
    lists = rows.limit(400_000).select("id", F.array("id", "id").alias("pair"))
    assert lists.repartitionByRange(600, "id").agg(F.count("pair")).collect()[0][0] == 400_000


SPILLS = """
from firesteel.sql import SparkSession, Window
from firesteel.sql import functions as F
spark = SparkSession.builder.master("local[2]").config("firesteel.memory.limit", "32m").getOrCreate()
rows = spark.range(2_000_000).select((F.col("id") % 100).alias("k"), "id", (F.col("id") * 2).alias("twice"))
number = F.row_number().over(Window.partitionBy("k").orderBy("id"))
print(rows.select(number.alias("n"), "twice").agg(F.sum("n"), F.sum("twice")).collect())
"""


def test_a_window_over_more_rows_than_fit_in_memory():
    ended = subprocess.run([sys.executable, "-c", SPILLS], capture_output=True, text=True, timeout=300, check=False)
    assert "[Row(sum(n)=20001000000, sum(twice)=3999998000000)]" in ended.stdout, ended.stderr


IN_SLICES = """
from firesteel.sql import SparkSession
spark = SparkSession.builder.master("local[2]").config("firesteel.memory.limit", "300m").getOrCreate()
rows = spark.range(0, 20_000, 1, 1).selectExpr("id", "id % 7 AS g", "array(id, id) AS pair", "struct(id AS k) AS s")
rows.createOrReplaceTempView("rows")
calls = ["count(DISTINCT id, g)", "count(DISTINCT pair)", "first(s)", "last(pair)", "collect_list(pair)", "max(s)"]
for call in calls:
    for group in ("", "GROUP BY id", "GROUP BY ROLLUP(id % 500, g)"):
        spark.sql(f"SELECT {call} AS found FROM rows {group}").write.format("noop").mode("overwrite").save()
rows.dropDuplicates(["id"]).write.format("noop").mode("overwrite").save()
print("fits")
"""


def test_groups_are_charged_for_their_own_rows():
    # A value of each of 20,000 groups lies in the same batch, of which each is charged its slice.
    ended = subprocess.run([sys.executable, "-c", IN_SLICES], capture_output=True, text=True, timeout=300, check=False)
    assert "fits" in ended.stdout, ended.stderr


def test_a_sample_is_a_part(spark):
    assert 0 < spark.range(1000).sample(0.5, seed=3).count() < 1000


def test_cache_keeps_the_dataframe_usable(people):
    kept = people.filter(people.age > 15).cache()
    assert kept.is_cached
    assert kept.count() == 2
    assert kept.count() == 2
    assert not kept.unpersist().is_cached


def test_rdd_basics(people):
    assert not people.rdd.isEmpty()
    assert sorted(people.rdd.map(lambda row: row.age).collect()) == [14, 16, 23]
    assert people.rdd.count() == 3


def test_rows_may_be_iterated_and_visited(people):
    assert [row.age for row in people.toLocalIterator()] == [14, 23, 16]
    seen: list[int] = []
    people.foreach(lambda row: seen.append(row.age))
    people.foreachPartition(lambda rows: seen.extend(row.age for row in rows))
    assert sorted(seen) == [14, 14, 16, 16, 23, 23]


def test_explain_has_spark_s_headings(people, capsys):
    people.explain()
    assert capsys.readouterr().out.startswith("== Physical Plan ==\n")
    people.explain(True)
    assert "== Optimized Logical Plan ==" in capsys.readouterr().out


def test_what_is_missing_raises_by_name(people):
    with pytest.raises(NotImplementedError, match="mapInPandas"):
        people.mapInPandas(None, None)
    with pytest.raises((AnalysisException, UnsupportedOperationException), match="hll_sketch_agg"):
        people.select(F.hll_sketch_agg("age"))


def test_a_clause_that_nothing_carries_out_is_refused(spark):
    spark.sql("CREATE TABLE refused_partition (v INT, p STRING) USING parquet")
    try:
        with pytest.raises(UnsupportedOperationException, match="PARTITION"):
            spark.sql("INSERT INTO refused_partition PARTITION (p = 'z') SELECT 3")
    finally:
        spark.sql("DROP TABLE refused_partition")
    with pytest.raises(UnsupportedOperationException, match="TIME ZONE"):
        spark.sql("SET TIME ZONE LOCAL")


def test_calls_over_odd_arguments_are_refused_and_do_not_panic(spark):
    pair = spark.createDataFrame([('{"a": 1}', "a")], "j string, k string")
    with pytest.raises(UnsupportedOperationException, match="json_tuple"):
        pair.selectExpr("json_tuple(*)").collect()
    with pytest.raises(UnsupportedOperationException, match="70000 digits"):
        spark.sql("SELECT format_string('%.70000f', 1.5D)").collect()
    with pytest.raises(IllegalArgumentException, match="does not parse"):
        spark.sql("SELECT format_string('%99999999999999999999d', 1)").collect()
    ends = spark.createDataFrame([(-(1 << 63), (1 << 63) - 1)], "a long, b long")
    for text in (
        "timestampdiff(DAY, timestamp_micros(a), timestamp_micros(b))",
        "timestampadd(YEAR, b, timestamp_micros(b))",
        "timestampadd(DAY, 1, timestamp_micros(b))",
    ):
        with pytest.raises(ArithmeticException):
            ends.selectExpr(text).collect()
    assert spark.sql("SELECT regexp_replace('aba', 'a', 'x', -2147483648)").collect()[0][0] == "xbx"


def test_an_overflow_names_what_gives_null_instead_once(spark):
    with pytest.raises(ArithmeticException) as raised:
        spark.sql("SELECT 9223372036854775807 + id FROM range(2)").collect()
    assert "does not fit its type. Use 'try_add' to tolerate overflow and return NULL instead." in str(raised.value)
    with pytest.raises(ArithmeticException, match=r"does not fit its type\.(?! Use)"):
        spark.sql("SELECT abs(id - 9223372036854775807 - 1) FROM range(1)").collect()


def test_a_join_finds_equal_keys_although_the_rest_of_its_condition_can_raise(spark, capsys):
    left = spark.createDataFrame([(1, 10), (2, 20)], "id BIGINT, x INT")
    right = spark.createDataFrame([(1, 5), (3, 0)], "other BIGINT, y INT")
    # A pair of 1 and 3 would divide by zero: only pairs with equal keys are asked.
    joined = left.join(right, F.expr("10 div y >= 2 + 0 * x AND id = other"))
    joined.explain()
    assert "HashJoinExec" in capsys.readouterr().out
    assert joined.collect() == [Row(id=1, x=10, other=1, y=5)]
