"""Limits, offsets, sorts and samples of a stream."""

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run


def a_limit_in_each_mode(spark, tmp):
    return modes(spark, tmp, lambda df: df.select("k").limit(3), "a b", "c d e", "f")


def a_limit_is_for_the_life_of_the_query(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").limit(4), "a b", restart(), "c", restart(), "d e", "f", restart(), "g")


def a_limit_within_one_batch(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").limit(2), "a b c d", "e")


def a_limit_of_zero(spark, tmp):
    return run(spark, tmp, lambda df: df.limit(0), "a", "b")


def a_limit_of_one_with_a_watermark(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").select("k", "ts").limit(1), "a5", "b20", "c1")


def another_limit_after_a_restart(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").limit(2), "a", restart(build=lambda df: df.select("k").limit(4)), "b c", "d e", restart(build=lambda df: df.select("k").limit(1)), "f")


def a_limit_below_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.limit(3).groupBy("k").count(), "a b", "a c", "a")


def a_limit_above_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window("ts", "5 seconds")).count().orderBy("window").limit(2), "1", "7 12", "30")


def a_limit_above_an_aggregate_in_append(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window("ts", "5 seconds")).count().select("count").limit(2), "1 2", "7", "12", "30")


def a_limit_above_duplicates(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").dropDuplicates(["k"]).limit(3), "a a b", "b c d", "e")


def a_limit_below_duplicates(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").limit(3).dropDuplicates(["k"]), "a a b", "b c d", "e")


def two_limits(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k", "v").limit(4).filter("v > 0").limit(2), "a b:-1", "c d", "e")


def a_limit_of_a_union(spark, tmp):
    return run(spark, tmp, lambda df: df.select("k").limit(2).union(df.select(F.upper("k")).limit(3)), "a", "b c", "d")


def a_limit_over_partitions(spark, tmp):
    return run(spark, tmp, lambda df: df.select(F.lit(1)).limit(3), "a b", "c d", conf={"spark.sql.shuffle.partitions": 3})


def a_limit_that_is_no_number(spark):
    df = spark.readStream.format("rate").load()
    return {str(n): attempt(lambda n=n: df.limit(n).columns) for n in (-1, "2", None, 1.5)}


def an_offset(spark, tmp):
    return modes(spark, tmp, lambda df: df.select("k").offset(1), "a b", "c")


def an_offset_above_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.groupBy("k").count().orderBy("k").offset(1), "a b", "c b")


def a_sort(spark, tmp):
    return modes(spark, tmp, lambda df: df.orderBy("k"), "b a", "c")


def a_sort_within_partitions(spark, tmp):
    return modes(spark, tmp, lambda df: df.sortWithinPartitions("k"), "b a", "c")


def a_sort_above_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.groupBy("k").count().orderBy("k"), "b a", "c b")


def a_sort_below_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.orderBy("k").groupBy("k").count(), "b a", "c b")


def the_order_of_a_sorted_batch(spark, tmp):
    directory = tmp / "in"
    directory.mkdir()
    seen = []
    query = spark.readStream.schema("k string, v int").json(str(directory)).groupBy("k").sum("v").orderBy(F.desc("sum(v)"), "k").writeStream.outputMode("complete").option("checkpointLocation", str(tmp / "cp")).foreachBatch(lambda df, n: seen.append([tuple(row) for row in df.collect()])).start()
    try:
        for name, rows in (("a", [("b", 1), ("a", 5)]), ("c", [("b", 9), ("c", 5)])):
            (tmp / name).write_text("".join('{"k": "%s", "v": %d}\n' % row for row in rows))
            (tmp / name).rename(directory / name)
            query.processAllAvailable()
    finally:
        query.stop()
    return seen


def a_sample(spark, tmp):
    return run(spark, tmp, lambda df: df.sample(0.5), "a b")


def a_random_split(spark):
    return spark.readStream.format("rate").load().randomSplit([0.5, 0.5])


def heads_and_tails(spark):
    df = spark.readStream.format("rate").load()
    return {name: attempt(lambda call=call: call()) for name, call in {"head": lambda: df.head(), "take": lambda: df.take(1), "tail": lambda: df.tail(1), "first": lambda: df.first(), "isEmpty": lambda: df.isEmpty(), "limit": lambda: df.limit(1).collect()}.items()}


def a_limit_in_sql(spark, tmp):
    def build(df):
        df.createOrReplaceTempView("stateful_limits")
        return spark.sql("SELECT k FROM stateful_limits WHERE v > 0 LIMIT 2")

    return run(spark, tmp, build, "a b:-1", "c d", "e")


def a_limit_expression_in_sql(spark, tmp):
    def build(df):
        df.createOrReplaceTempView("stateful_limits")
        return spark.sql("SELECT k FROM stateful_limits LIMIT 1 + 1")

    return run(spark, tmp, build, "a b c")


def a_top_in_sql_in_complete(spark, tmp):
    def build(df):
        df.createOrReplaceTempView("stateful_limits")
        return spark.sql("SELECT k, sum(v) AS s FROM stateful_limits GROUP BY k ORDER BY s DESC, k LIMIT 2")

    return run(spark, tmp, build, "a:1 b:2 c:3", "a:9", mode="complete")
