"""Duplicates in a stream: dropDuplicates, distinct and dropDuplicatesWithinWatermark."""

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run, started

ZERO = "0 seconds"


def _within(delay, *keys):
    return lambda df: df.withWatermark("ts", delay).dropDuplicatesWithinWatermark(list(keys) or None)


# --- dropDuplicates --------------------------------------------------------------------------------------------------

def by_key_and_time(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "10 seconds").dropDuplicates(["k", "ts"]), "a5 a5 b5", "a5 a25", "a15 c14 c16", "z45", "n n")


def by_key_without_a_watermark(spark, tmp):
    return modes(spark, tmp, lambda df: df.dropDuplicates(["k"]), "a1:1 a2:2 b1:3", "b2:4 c1:5", "a9:6")


def by_key_with_a_watermark(spark, tmp):
    """Late rows are dropped and state is kept for ever: the keys hold no time."""
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k"]), "a5 b6", "c3 a20", "b30 d31", "a32")


def by_the_time_alone(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["ts"]), "a5 b5 c6", "d6 e7", "f5 g8")


def by_all_columns(spark, tmp):
    return modes(spark, tmp, lambda df: df.dropDuplicates(), "a1 a1 a2 b1", "a1 b1:2", ":1 a1")


def distinct(spark, tmp):
    return modes(spark, tmp, lambda df: df.select("k", "v").distinct(), "a1 a2 a3:2", "b1 a9 b2")


def distinct_with_a_watermark(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").select("k", "ts").distinct(), "a5 a5 b7", "a5 c20", "a14 a16 a16", "d40")


def an_empty_list_of_columns(spark, tmp):
    return run(spark, tmp, lambda df: df.dropDuplicates([]), "a1 b2", "c3", "d4")


def nulls_equal_each_other(spark, tmp):
    return run(spark, tmp, lambda df: df.dropDuplicates(["k", "v"]), "1:~ 2:~ a1:~ a2:~", "3:~ 4:1", "5:1 a6:1")


def null_times_are_kept_for_ever(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["ts"]), "a b 5", "c 6", "d 20", "e")


def float_keys(spark, tmp):
    return run(spark, tmp, lambda df: df.dropDuplicates(["v"]).select("k", "v"), "a:0.0 b:-0.0 c:NaN d:NaN", "e:-0.0 f:NaN g:1.5", value="double")


def a_window_as_the_key(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).select(F.window("ts", "10 seconds").alias("w"), "k").dropDuplicates(["w", "k"]), "a1 a2 a11", "a12 b3", "c40")


def the_first_row_wins_not_the_earliest(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "100 seconds").dropDuplicates(["k"]), "a9:1 a3:2 b4:3", "b1:4 c8:5 c2:6")


def the_order_of_survivors(spark, tmp):
    return run(spark, tmp, lambda df: df.dropDuplicates(["k"]).groupBy().agg(F.collect_list("k")), "c1 a2 c3 b4 a5 d6", "z1 d2 y3", mode="update")


def in_complete_below_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.dropDuplicates(["k"]).groupBy("v").count(), "a:1 a:2 b:1", "c:2 b:3")


def after_a_restart(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]), "a5 b6", restart(), "b6 a5 c7", restart(), "c7 d8", "d8")


def without_no_data_batches(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]), "a5 b6", "b6 c7", "c7 b6", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def keys_change_at_a_restart(spark, tmp):
    one = lambda df: df.dropDuplicates(["k", "v"])
    others = {
        "in another order": lambda df: df.dropDuplicates(["v", "k"]),
        "fewer": lambda df: df.dropDuplicates(["k"]),
        "more": lambda df: df.dropDuplicates(["k", "v", "ts"]),
        "the same twice": lambda df: df.dropDuplicates(["k", "v", "k"]),
        "within watermark": lambda df: df.withWatermark("ts", ZERO).dropDuplicatesWithinWatermark(["k", "v"]),
    }
    return {name: attempt(lambda other=other: run(spark, tmp, one, "a1", restart(build=other), "a2 b3", mode="append")) for name, other in others.items()}


def over_partitions(spark, tmp):
    return run(spark, tmp, lambda df: df.dropDuplicates(["k"]), "a b c d e f g", "a g h", conf={"spark.sql.shuffle.partitions": 3})


def unknown_columns(spark):
    df = spark.readStream.format("rate").load()
    return {str(keys): attempt(lambda keys=keys: df.dropDuplicates(keys).columns) for keys in (["nope"], ["value", "nope"], "value", [1], ("value",), None)}


def unknown_columns_within_watermark(spark):
    df = spark.readStream.format("rate").load().withWatermark("timestamp", "1 second")
    return {str(keys): attempt(lambda keys=keys: df.dropDuplicatesWithinWatermark(keys).columns) for keys in (["nope"], "value", [], ("value",), None)}


# --- within watermark ------------------------------------------------------------------------------------------------

def within_watermark(spark, tmp):
    return run(spark, tmp, _within("10 seconds", "k"), "a5 a4", "a25 b16", "a25 c27", "x15 b17 b35", "b36 z60", "b51")


def within_watermark_keeps_each_for_the_delay(spark, tmp):
    return run(spark, tmp, _within("2 seconds", "k"), "a10 a1", "a12 b13", "a12 c14", "a13")


def within_watermark_is_not_extended_by_duplicates(spark, tmp):
    return run(spark, tmp, _within("10 seconds", "k"), "a1", "a9", "a10", "b22", "a12:2", "a23:3")


def within_watermark_by_all_columns(spark, tmp):
    return run(spark, tmp, _within("10 seconds"), "a1 a1 a2 b1", "a1 a1:2", "c30", "a1 c30 c21")


def within_watermark_of_null_times(spark, tmp):
    return run(spark, tmp, _within("10 seconds", "k"), "a a5", "a b12", "a b c", "d30")


def within_watermark_of_nothing_late(spark, tmp):
    return run(spark, tmp, _within(ZERO, "k"), "a5 a5 b5", "a5 a6", "a6 a7")


def within_watermark_without_a_watermark(spark, tmp):
    return started(spark, tmp, lambda df: df.dropDuplicatesWithinWatermark(["k"]))


def within_watermark_on_a_frame(spark):
    return spark.range(3).dropDuplicatesWithinWatermark(["id"]).collect()


def within_watermark_in_other_modes(spark, tmp):
    return modes(spark, tmp, _within("10 seconds", "k"), "a5 a4", "a25 b16", "a40")


def within_watermark_after_a_restart(spark, tmp):
    return run(spark, tmp, _within("10 seconds", "k"), "a5", restart(), "a7 b25", restart(), "a16 b30", restart(), "c60")


def within_watermark_with_another_delay_after_a_restart(spark, tmp):
    return run(spark, tmp, _within("10 seconds", "k"), "a5 b20", restart(build=_within("2 seconds", "k")), "a16 c21", "c22 d40", "a39 b39")


# --- in chains -------------------------------------------------------------------------------------------------------

def before_an_aggregate(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]).groupBy(F.window("ts", "5 seconds")).count(), "a1 a1 a6", "b16 a3", "c30")


def within_watermark_before_an_aggregate(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").dropDuplicatesWithinWatermark(["k"]).groupBy(F.window("ts", "5 seconds")).count(), "a1 a2 b6", "b16 a3", "a8 c30", "c60")


def after_an_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.groupBy("k").agg(F.sum("v").alias("s")).dropDuplicates(["k"]), "a1:1 b1:2", "a1:5 c1:1", "b1")


def after_an_aggregate_by_window(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "5 seconds")).count().dropDuplicates(["k"]), "a1 b1 a6", "a11", "b30 a30", "c50")


def after_an_aggregate_with_the_time_among_the_keys(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "5 seconds")).count().dropDuplicates(["window"]), "a1 b1 a6", "a11", "b30 a30", "c50")


def two_in_a_row(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]).dropDuplicates(["ts"]), "a5 b5 a6", "c6 a6 d7", "a9")


def after_a_union(spark, tmp):
    return run(spark, tmp, lambda l, r: l.toDF("k", "ts", "v").withWatermark("ts", ZERO).union(r.toDF("k", "ts", "v").withWatermark("ts", ZERO)).dropDuplicates(["k", "ts"]), "a5 ; a5 b6", "b6 c7 ; c7", "a9 ; a9")


def after_a_static_join(spark, tmp):
    static = spark.createDataFrame([("a", 1), ("a", 2), ("b", 3)], "k string, n int")
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).join(static, "k").dropDuplicates(["k", "n"]), "a5 b6 c7", "a8 b9", "a10")


def above_an_explode(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).select("ts", F.explode(F.array("k", F.lit("z"))).alias("e")).dropDuplicates(["e", "ts"]), "a5 b5", "a6", "b9")


# --- on frames -------------------------------------------------------------------------------------------------------

def a_frame_with_a_watermark(spark):
    frame = spark.createDataFrame([("a", 1), ("a", 1), ("b", 2)], "k string, s long").select("k", F.timestamp_seconds("s").alias("ts")).withWatermark("ts", ZERO)
    return {"duplicates": frame.dropDuplicates(), "keys": frame.dropDuplicates(["k"]).select("k"), "counted": frame.groupBy(F.window("ts", "10 seconds")).count()}
