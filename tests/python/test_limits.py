"""Deep or large inputs end in a result or an exception, never in the end of the process.

Each runs in its own process. A full stack ends that process, which is then a failure and not the
end of all tests. The timeout finds inputs that do not end. It says nothing about speed.
"""

from __future__ import annotations

import subprocess
import sys

START = """
import sys
from firesteel.errors import AnalysisException, ParseException, PySparkException, PySparkValueError
from firesteel.sql import Row, SparkSession, functions as F
from firesteel.sql.types import *
spark = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC").getOrCreate()

def nested(n):
    return "array<" * n + "int" + ">" * n

def plus(n):
    column = F.col("id")
    for _ in range(n):
        column = column + F.col("id")
    return column

def when(n):
    column = F.lit(0)
    for i in range(n):
        column = F.when(F.col("id") == i, i).otherwise(column)
    return column

def raised(error, work):
    try:
        work()
    except error as found:
        return str(found)
    raise AssertionError("it did not raise")
"""


def process(code: str, seconds: float = 120) -> None:
    """Runs `code` after `START`, and fails if the process does."""
    child = subprocess.run(
        [sys.executable, "-c", START + code], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert child.returncode == 0, f"exit status {child.returncode}: {child.stderr[-2000:]}"


def test_500_columns_are_added_one_after_the_other() -> None:
    process("""
frame = spark.range(1)
for i in range(500):
    frame = frame.withColumn(f"c{i}", F.col("id") + i)
assert frame.collect()[0][-1] == 499
""")


def test_columns_that_are_added_one_after_the_other_are_one_projection() -> None:
    process("""
def projections(n):
    frame = spark.range(1)
    for i in range(n):
        frame = frame.withColumn(f"c{i}", F.col("id") + i)
    return frame._frame.explain()[0].count("Projection")
assert projections(5) == projections(1)
""")


def test_500_columns_that_each_read_the_one_before_are_added() -> None:
    process("""
frame = spark.range(1)
for i in range(500):
    frame = frame.withColumn("id", F.col("id") + 1)
assert frame.collect()[0][0] == 500
""")


def test_5000_columns_that_each_read_the_one_before_are_an_error() -> None:
    process("""
def add():
    frame = spark.range(1)
    for i in range(5000):
        frame = frame.withColumn("id", F.col("id") + 1)
message = raised(AnalysisException, add)
assert "a plan may be 4000 levels deep" in message, message
""")


def test_1000_columns_are_added_one_after_the_other() -> None:
    process("""
frame = spark.range(1)
for i in range(1000):
    frame = frame.withColumn(f"c{i}", F.col("id"))
assert len(frame.collect()[0]) == 1001
""")


def test_5000_columns_are_added_in_one_call() -> None:
    process("""
frame = spark.range(1).withColumns({f"c{i}": F.col("id") + i for i in range(5000)})
assert len(frame.collect()[0]) == 5001
""")


def test_1000_unions_are_one_table() -> None:
    process("""
frame = spark.range(1)
for _ in range(1000):
    frame = frame.union(spark.range(1))
assert len(frame.collect()) == 1001
""")


def test_a_union_with_itself_30_times_is_an_error() -> None:
    process("""
def double():
    frame = spark.range(1)
    for _ in range(30):
        frame = frame.union(frame)
message = raised(AnalysisException, double)
assert "a plan may be 50000 operators large" in message, message
""")


def test_a_sum_of_600_columns_is_planned() -> None:
    process("""
frame = spark.range(1).select(*[(F.col("id") + i).alias(f"c{i}") for i in range(600)])
column = F.col("c0")
for i in range(1, 600):
    column = column + F.col(f"c{i}")
assert frame.select(column).collect()[0][0] == sum(range(600))
""")


def test_a_sum_of_5000_terms_is_an_error() -> None:
    process("""
message = raised(AnalysisException, lambda: plus(5000))
assert "an expression may be 1000 levels deep, found 1001" in message, message
""")


def test_a_sum_that_doubles_itself_is_an_error() -> None:
    process("""
def double():
    column = F.col("id")
    for _ in range(60):
        column = column + column
message = raised(AnalysisException, double)
assert "an expression may be 500000 expressions large" in message, message
""")


def test_a_frame_that_doubles_its_column_60_times_is_planned() -> None:
    process("""
frame = spark.range(1).withColumn("x", F.col("id") + 1)
for _ in range(60):
    frame = frame.withColumn("x", (F.col("x") + F.col("x")) % 1000)
assert len(frame.collect()) == 1
""")


def test_300_whens_stand_inside_each_other() -> None:
    process("""
assert spark.range(2).select(when(300).alias("x")).collect() == [Row(x=0), Row(x=1)]
""")


def test_5000_whens_inside_each_other_are_an_error() -> None:
    process("""
message = raised(AnalysisException, lambda: when(5000))
assert "an expression may be 1000 levels deep" in message, message
""")


def test_a_deep_column_shows_itself() -> None:
    process("""
assert repr(plus(990)).startswith("Column<'+(+(")
""")


def test_a_deep_column_is_dropped_on_a_thread_with_a_small_stack() -> None:
    process("""
import threading
threading.stack_size(256 * 1024)
columns, frames = [plus(990)], [spark.range(1)]
for _ in range(400):
    frames[0] = frames[0].withColumn("id", F.col("id") + 1)
def drop():
    columns[0] + 1
    columns.clear()
    frames.clear()
thread = threading.Thread(target=drop)
thread.start()
thread.join()
""")


def test_a_case_has_5000_branches() -> None:
    process("""
column = F.when(F.col("id") == 0, 0)
for i in range(1, 5000):
    column = column.when(F.col("id") == i, i)
assert spark.range(4999, 5000).select(column.alias("x")).collect() == [Row(x=4999)]
""")


def test_isin_takes_10000_values() -> None:
    process("""
assert spark.range(20000).filter(F.col("id").isin(list(range(10000)))).count() == 10000
""")


def test_coalesce_takes_5000_arguments() -> None:
    process("""
assert spark.range(1).select(F.coalesce(*[F.col("id")] * 5000).alias("x")).collect() == [Row(x=0)]
""")


def test_lambdas_stand_inside_each_other() -> None:
    process("""
def lists(n):
    column = F.array(F.lit(1))
    for _ in range(n):
        total = F.aggregate(column, F.lit(0), lambda a, b: a + b)
        column = sums(total)
    return column
def sums(total):
    return F.transform(F.array(F.lit(1)), lambda x: total)
assert spark.range(1).select(lists(8).alias("x")).collect() == [Row(x=[1])]
message = raised(AnalysisException, lambda: lists(2000))
assert "levels deep" in message, message
""")


def test_sql_of_10000_terms_is_an_error() -> None:
    process("""
message = raised(AnalysisException, lambda: spark.sql("SELECT " + "+".join(["1"] * 10000)))
assert "an expression may be 1000 levels deep" in message, message
message = raised(ParseException, lambda: spark.sql("SELECT " + "+".join(["1"] * 1000000)))
assert "FAILED_TO_PARSE_TOO_COMPLEX" in message, message
""")


def test_sql_has_10000_conditions() -> None:
    process("""
where = " OR ".join(f"id = {i}L" for i in range(10000))
assert spark.sql(f"SELECT count(*) AS n FROM range(20000) WHERE {where}").collect() == [Row(n=10000)]
""")


def test_sql_has_10000_values() -> None:
    process("""
rows = ", ".join(f"({i}, 'a')" for i in range(10000))
assert spark.sql(f"SELECT count(*) AS n FROM VALUES {rows}").collect() == [Row(n=10000)]
""")


def test_sql_has_300_parentheses_inside_each_other() -> None:
    process("""
assert spark.sql("SELECT " + "(" * 300 + "1" + ")" * 300 + " AS x").collect() == [Row(x=1)]
""")


def test_2000_parentheses_inside_each_other_are_an_error() -> None:
    process("""
for n in (2000, 100000):
    message = raised(ParseException, lambda: spark.sql("SELECT " + "(" * n + "1" + ")" * n))
    assert "FAILED_TO_PARSE_TOO_COMPLEX" in message, message
message = raised(ParseException, lambda: F.expr("(" * 2000 + "1" + ")" * 2000))
assert "FAILED_TO_PARSE_TOO_COMPLEX" in message, message
""")


def test_sql_has_50_queries_inside_each_other() -> None:
    process("""
assert spark.sql("SELECT * FROM (" * 50 + "SELECT 1 AS x" + ")" * 50).collect() == [Row(x=1)]
assert spark.sql("SELECT " + "(SELECT " * 8 + "1" + ")" * 8 + " AS x").collect() == [Row(x=1)]
message = raised(AnalysisException, lambda: spark.sql("SELECT " + "(SELECT " * 20 + "1" + ")" * 20 + " AS x"))
assert "a query inside an expression may be 16 queries deep" in message, message
""")


def test_2000_queries_inside_each_other_are_an_error() -> None:
    process("""
message = raised(ParseException, lambda: spark.sql("SELECT * FROM (" * 2000 + "SELECT 1 AS x" + ")" * 2000))
assert "FAILED_TO_PARSE_TOO_COMPLEX" in message, message
message = raised(ParseException, lambda: spark.sql("SELECT " + "(SELECT " * 2000 + "1" + ")" * 2000 + " AS x"))
assert "FAILED_TO_PARSE_TOO_COMPLEX" in message, message
""")


def test_sql_has_500_unions() -> None:
    process("""
assert len(spark.sql(" UNION ALL ".join(["SELECT 1 AS x"] * 500)).collect()) == 500
""")


def test_with_has_500_tables_that_each_read_the_one_before() -> None:
    process("""
tables = "".join(f", t{i} AS (SELECT x + 1 AS x FROM t{i - 1})" for i in range(1, 500))
assert spark.sql(f"WITH t0 AS (SELECT 1 AS x){tables} SELECT * FROM t499").collect() == [Row(x=500)]
""")


def test_views_stand_over_views() -> None:
    process("""
def views(n):
    spark.range(1).createOrReplaceTempView("v0")
    for i in range(n):
        spark.sql(f"SELECT id + 1 AS id FROM v{i}").createOrReplaceTempView(f"v{i + 1}")
views(200)
assert spark.table("v200").collect() == [Row(id=200)]
message = raised(AnalysisException, lambda: views(5000))
assert "a plan may be 4000 levels deep" in message, message
""")


def test_a_type_is_500_deep_or_an_error() -> None:
    process("""
frame = spark.range(1).select(F.lit(None).cast(nested(100)).alias("x"))
assert frame.collect() == [Row(x=None)]
frame.printSchema()
frame.explain(True)
assert len(frame.schema.json()) > 100
message = raised(ParseException, lambda: F.lit(None).cast(nested(2000)))
assert "a type may be 500 types deep" in message, message
message = raised(PySparkException, lambda: spark.createDataFrame([], "x " + nested(2000)))
assert "a type may be 500 types deep" in message, message
message = raised(ParseException, lambda: spark.sql("SELECT CAST(NULL AS " + nested(2000) + ")"))
""")


def test_a_schema_of_500_structs_is_a_result_or_an_error() -> None:
    process("""
def struct(n):
    schema = StructType([StructField("a", IntegerType())])
    for _ in range(n - 1):
        schema = StructType([StructField("a", schema)])
    return schema
frame = spark.createDataFrame([], struct(100))
assert frame.schema == struct(100)
frame.collect(), frame.show(), frame.explain(), frame.printSchema(), frame.schema.json()
for n in (500, 2000):
    message = raised(PySparkValueError, lambda: spark.createDataFrame([], struct(n)))
    assert "too deeply" in message, message
    message = raised(PySparkValueError, lambda: struct(n).json())
    assert "too deeply" in message, message
""")


def test_the_json_of_a_schema_of_2000_structs_is_an_error() -> None:
    process("""
text = '{"type":"struct","fields":[{"name":"a","nullable":true,"metadata":{},"type":' * 2000 + '"integer"' + "}]}" * 2000
message = raised(PySparkValueError, lambda: DataType.fromDDL("x " + nested(499)))
assert "too deeply" in message, message
value = "integer"
for _ in range(2000):
    value = {"type": "struct", "fields": [{"name": "a", "nullable": True, "metadata": {}, "type": value}]}
message = raised(PySparkValueError, lambda: StructType.fromJson(value))
assert "too deeply" in message, message
message = raised(PySparkException, lambda: spark.read.schema(text).json("/"))
assert "deep" in message, message
""")


def test_a_python_value_nested_1000_deep_is_an_error() -> None:
    process("""
value = 1
for _ in range(1000):
    value = [value]
message = raised(PySparkValueError, lambda: spark.createDataFrame([(value,)], ["x"]))
assert "too deeply" in message, message
raised(PySparkException, lambda: F.lit(value))
""")


def test_json_data_nested_100000_deep_is_null() -> None:
    process("""
for n in (1100, 100000):
    rows = spark.createDataFrame([("[" * n + "]" * n,)], "s string")
    assert rows.select(F.from_json("s", "array<string>").alias("x")).collect() == [Row(x=None)], n
    assert rows.select(F.get_json_object("s", "$[0]").alias("x")).collect() == [Row(x=None)], n
rows = spark.createDataFrame([('{"a":' * 100000 + "1" + "}" * 100000,)], "s string")
assert rows.select(F.from_json("s", "a string").alias("x")).collect() == [Row(x=Row(a=None))]
assert rows.select(F.schema_of_json(F.lit('{"a":' * 50 + "1" + "}" * 50)).alias("x")).count() == 1
""")


def test_a_json_file_nested_100000_deep_is_a_malformed_row() -> None:
    process("""
import pathlib, tempfile
folder = tempfile.mkdtemp()
pathlib.Path(folder, "a.json").write_text('{"a":' * 100000 + "1" + "}" * 100000 + '\\n{"a":1}\\n')
assert spark.read.schema("a int").json(folder).collect() == [Row(a=None), Row(a=1)]
try:
    spark.read.json(folder).collect()
except PySparkException:
    pass
""")


def test_a_pattern_with_2000_groups_inside_each_other_is_an_error() -> None:
    process("""
pattern = "(" * 2000 + "a" + ")" * 2000
rows = spark.createDataFrame([("a",)], "s string")
raised(PySparkException, lambda: rows.select(F.regexp_like("s", F.lit(pattern))).collect())
""")


def test_a_stream_runs_over_500_columns_that_were_added_one_after_the_other() -> None:
    process("""
import tempfile
frame = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()
for i in range(500):
    frame = frame.withColumn("value", F.col("value") + 1)
seen = []
def each(batch, number):
    for _ in range(100):
        batch = batch.withColumn("value", F.col("value") + 1)
    seen.append(batch.agg(F.min("value")).collect()[0][0])
query = frame.writeStream.foreachBatch(each).trigger(availableNow=True).start()
try:
    while not seen and query.isActive:
        query.awaitTermination(0.1)
finally:
    query.stop()
assert query.exception() is None, query.exception()
assert seen and seen[0] == 600, seen
""")


def test_an_arrow_type_is_500_deep_or_an_error() -> None:
    process("""
import pyarrow as pa

def table(depth):
    deep = pa.int64()
    for _ in range(depth - 1):
        deep = pa.list_(deep)
    return pa.table({"x": pa.nulls(1, deep)})

assert spark.createDataFrame(table(500)).count() == 1
for depth in (501, 5000):
    found = raised(ParseException, lambda: spark.createDataFrame(table(depth)))
    assert "500 types deep" in found, found
""")


def test_a_parquet_file_is_500_types_deep_or_an_error(tmp_path) -> None:
    process(f"""
import pyarrow as pa, pyarrow.parquet as pq

def read(depth):
    deep = pa.int64()
    for _ in range(depth - 1):
        deep = pa.list_(deep)
    pq.write_table(pa.table({{"x": pa.nulls(1, deep)}}), "{tmp_path}/deep.parquet")
    return spark.read.parquet("{tmp_path}/deep.parquet").count()

assert read(100) == read(500) == 1
for depth in (600, 4000):
    found = raised(ParseException, lambda: read(depth))
    assert "500 types deep" in found, found
""")


def test_a_filter_of_many_terms_that_can_raise_is_planned() -> None:
    process("""
rows = spark.range(3).selectExpr("id AS a", "id + 1 AS b")
text = " AND ".join(f"a + b < {n + 10}" for n in range(100))
assert rows.where(text).count() == 3
column = F.col("a") + F.col("b") < 10
for n in range(60):
    column = column & (F.col("a") + F.col("b") < n + 10)
assert rows.where(column).count() == 3
assert rows.join(rows.alias("c"), F.expr(text.replace("a + b", "c.a + c.b"))).count() == 9
""")


def test_a_chain_of_terms_that_can_raise_is_planned_in_bounded_time() -> None:
    process("""
chain = F.lit(True)
for i in range(100):
    chain = chain & (F.lit(100) / (F.col("id") + i + 1) > 0)
assert spark.range(3).select(chain.alias("x")).collect() == [Row(x=True)] * 3
""")


def test_calls_in_the_values_of_a_case_are_14_deep_or_an_error() -> None:
    process("""
def nested(n):
    chosen = F.lit(0)
    for i in range(n):
        chosen = F.when(F.col("id") >= 0, chosen + 1).otherwise(F.lit(i))
    return spark.range(1).select(chosen.alias("x")).collect()
assert nested(10) == [Row(x=10)]
message = raised(AnalysisException, lambda: nested(30))
assert "may be 14 levels deep, found 15" in message, message
""")


def test_functions_of_functions_are_14_deep_or_an_error() -> None:
    process("""
def nested(n):
    inner = "id"
    for i in range(n):
        inner = f"element_at(transform(array(id), x{i} -> {inner}), 1)"
    return spark.range(1).selectExpr(f"{inner} AS x").collect()
assert nested(8) == [Row(x=0)]
message = raised(AnalysisException, lambda: nested(30))
assert "may be 14 levels deep, found 15" in message, message
""")


def test_names_of_a_list_that_stand_for_one_another_are_computed_once() -> None:
    process("""
doubled = [(F.col(f"c{i}") + F.col(f"c{i}")).alias(f"c{i + 1}") for i in range(40)]
assert spark.range(1, 2).select(F.col("id").alias("c0"), *doubled).first()[40] == 2**40
chain = [(F.col(f"c{i}") + 1).alias(f"c{i + 1}") for i in range(1000)]
assert spark.range(1).select(F.col("id").alias("c0"), *chain).first()[1000] == 1000
sums = ["sum(id) AS c0", *[f"c{i} + c{i} AS c{i + 1}" for i in range(40)]]
assert spark.range(2).selectExpr(*sums).first()[40] == 2**40
""")


def test_having_reads_what_the_select_list_calls() -> None:
    process("""
spark.udf.register("plus_one", lambda x: x + 1, "long")
text = "SELECT id % 2 AS k, plus_one(sum(id)) AS s, s + s + s + s + s AS t FROM range(4) GROUP BY 1"
assert spark.sql(f"{text} HAVING s > 3").collect() == [Row(k=1, s=5, t=25)]
assert spark.sql(f"{text} HAVING t + s > 18 ORDER BY t").collect() == [Row(k=1, s=5, t=25)]
""")


def test_a_filter_over_columns_that_read_one_another_is_planned() -> None:
    process("""
frame = spark.range(4).withColumn("x", F.col("id") + 1)
for _ in range(60):
    frame = frame.withColumn("x", (F.col("x") + F.col("x") + F.col("x")) % 1000)
values = [row.x for row in frame.collect()]
assert frame.filter("x > 500 AND id < 4").count() == sum(value > 500 for value in values)
other = spark.range(4).withColumn("y", F.col("id") * 2)
joined = frame.join(other, (frame.id == other.id) & (frame.x > 500), "left").where("y > 0")
assert joined.count() == sum(value > 500 for value in values[1:])
names = ["id AS c0", *[f"c{i} + c{i} - c{i} + 1 + 0 + 0 AS c{i + 1}" for i in range(60)]]
assert spark.range(4).selectExpr(*names).filter("c60 > 61").count() == 2
grouped = ["sum(id) AS c0", *names[1:]]
assert spark.sql(f"SELECT {', '.join(grouped)} FROM range(3) GROUP BY id % 2 HAVING c60 > 61").count() == 1
""")


def test_a_cube_of_12_keys_or_an_error() -> None:
    process("""
keys = [f"k{i}" for i in range(13)]
frame = spark.range(1).selectExpr(*[f"id AS {key}" for key in keys])
assert frame.cube(*keys[:8]).count().count() == 2**8
frame.createOrReplaceTempView("many_keys")
cube = "SELECT count(*) FROM many_keys GROUP BY "
for group in (lambda: frame.cube(*keys).count(), lambda: spark.sql(f"{cube} CUBE({', '.join(keys)})"), lambda: spark.sql(cube + ", ".join(f"CUBE({key})" for key in keys))):
    assert "may be 4096 grouping sets, found 8192" in raised(AnalysisException, group)
assert "grouping sets" in raised(AnalysisException, lambda: spark.sql(f"{cube} CUBE({', '.join(keys * 6)})"))
""")
