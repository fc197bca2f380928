"""The output of show(), printSchema() and explain()."""

import contextlib
import datetime as dt
import decimal
import io

from pyspark.sql import functions as F


def _printed(call, *args, **kwargs):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*args, **kwargs)
    return out.getvalue()


def _wide(spark):
    return spark.createDataFrame(
        [(1, "short", 1.0, True, decimal.Decimal("1.50"), dt.date(2024, 1, 5), dt.datetime(2024, 1, 5, 1, 2, 3), [1, None], {"k": "v"}, (1, None), b"AB"), (None,) * 11],
        "i int, s string, d double, b boolean, p decimal(5,2), dt date, ts timestamp, l array<int>, m map<string,string>, st struct<x:int,y:string>, bin binary",
    )


def show_of_every_type(spark):
    return _printed(_wide(spark).show)


def show_truncates_at_twenty(spark):
    df = spark.createDataFrame([("x" * 30, "y" * 20, "z" * 21)], ["a", "b", "c"])
    return [_printed(df.show), _printed(df.show, truncate=False), _printed(df.show, truncate=5), _printed(df.show, 1, 3), _printed(df.show, n=1, truncate=True)]


def show_vertical(spark):
    return [_printed(_wide(spark).select("i", "s", "d").show, vertical=True), _printed(spark.range(2).show, 1, vertical=True)]


def show_more_rows_than_asked(spark):
    return [_printed(spark.range(25).show), _printed(spark.range(3).show, 2), _printed(spark.range(2).show, 1), _printed(spark.range(1).show, 0)]


def show_of_nothing(spark):
    return [_printed(spark.range(0).show), _printed(spark.createDataFrame([], "a int, bb string").show), _printed(spark.range(1).select().show)]


def show_with_bad_arguments(spark):
    spark.range(1).show("x")


def show_with_a_bool_for_n(spark):
    spark.range(1).show(True)  # noqa: FBT003


def show_of_wide_characters_and_control(spark):
    df = spark.createDataFrame([("你好", "a\nb\tc"), ("é", "")], ["中文", "x"])
    return _printed(df.show)


def show_of_doubles(spark):
    return _printed(spark.createDataFrame([(1e-5, 1e7), (123456.789, 0.1 + 0.2), (float("nan"), float("-inf")), (1e300, -0.0)], ["a", "b"]).show)


def show_of_nested(spark):
    return _printed(spark.sql("SELECT array(struct(1 AS a, 'x' AS b)) AS l, map('k', array(1.5D, null)) AS m, struct(null AS p, true AS q) AS s, array('a', 'b') AS strs, interval 1 day AS i").show, truncate=False)


def print_schema_of_every_type(spark):
    return _printed(_wide(spark).printSchema)


def print_schema_of_nested(spark):
    df = spark.sql("SELECT array(struct(1 AS a, array('x') AS b)) AS l, map('k', struct(1.5D AS z)) AS m, struct(struct(true AS deep) AS inner) AS s")
    return [_printed(df.printSchema), _printed(df.printSchema, 1), _printed(df.printSchema, 2)]


def nullability(spark):
    df = spark.createDataFrame([(1, "a")], "i int not null, s string")
    frames = {
        "literals": spark.sql("SELECT 1 AS a, 'x' AS b, null AS c, array(1) AS d, current_date() AS e"), "range": spark.range(1), "arithmetic": df.select(df.i + 1, df.i / 2, df.s, F.upper("s"), F.coalesce("s", F.lit("z"))), "cast": df.select(df.i.cast("string"), df.i.cast("long"), df.s.cast("int")), "aggregates": df.groupBy("i").agg(F.count("s"), F.sum("i"), F.collect_list("i"), F.max("i")),
        "left_join": df.join(df.select("i", F.lit(1).alias("z")), "i", "left"), "when": df.select(F.when(df.i > 1, 1), F.when(df.i > 1, 1).otherwise(2)), "filter": df.filter("s IS NOT NULL"), "functions": df.select(F.isnull("s"), F.length("s"), F.concat("s", "s"), F.concat_ws("-", "s"), F.size(F.array("i")), F.rand(1), F.struct("i", "s"), F.to_json(F.struct("i"))), "window_function": df.select(F.expr("row_number() OVER (ORDER BY i)"), F.expr("lag(i) OVER (ORDER BY i)")), "udf": df.select(F.udf(lambda x: x, "int")("i")),
    }
    return {name: [[f.name, f.nullable, f.dataType.simpleString()] for f in frame.schema.fields] for name, frame in frames.items()}


def nullability_of_created_frames(spark):
    return [spark.createDataFrame([(1,)], ["a"]).schema.jsonValue(), spark.createDataFrame([(1, [1], {"a": 1})], ["a", "l", "m"]).schema.jsonValue()]


def tree_strings(spark):
    return [_wide(spark).schema.treeString(), spark.range(1).schema.treeString()]


def explain_starts_with(spark):
    text = _printed(spark.range(3).filter("id > 1").explain)
    extended = _printed(spark.range(3).explain, True)
    return [text.splitlines()[0], [line for line in extended.splitlines() if line.startswith("==")]]


def explain_modes(spark):
    return [_printed(spark.range(1).explain, mode="simple").splitlines()[0], _printed(spark.range(1).explain, extended="formatted").splitlines()[0]]


def explain_in_a_bad_mode(spark):
    spark.range(1).explain(mode="nope")


def eager_evaluation(spark):
    spark.conf.set("spark.sql.repl.eagerEval.enabled", True)
    try:
        return repr(spark.range(2))
    finally:
        spark.conf.unset("spark.sql.repl.eagerEval.enabled")
