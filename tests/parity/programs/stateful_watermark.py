"""Watermarks: what moves them, what is late, what they evict, and when a batch runs without data."""

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run, started

POLICY = "spark.sql.streaming.multipleWatermarkPolicy"


def _count(df, delay="0 seconds", width="10 seconds"):
    return df.withWatermark("ts", delay).groupBy(F.window("ts", width)).count()


def _union(left="10 seconds", right="5 seconds"):
    return lambda l, r: l.toDF("k", "ts", "v").withWatermark("ts", left).union(r.toDF("k", "ts", "v").withWatermark("ts", right)).groupBy(F.window("ts", "5 seconds")).count()


# --- the number ------------------------------------------------------------------------------------------------------

def it_is_the_latest_time_less_the_delay(spark, tmp):
    return run(spark, tmp, lambda df: _count(df, "5 seconds"), "1 12", "26")


def it_is_cut_to_milliseconds(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("ts").count(), "1.0009 1.0005", "1.0006 2.0")


def it_never_falls(spark, tmp):
    return run(spark, tmp, lambda df: _count(df, "5 seconds"), "50", "47", "46 60", "40")


def late_rows_move_it_too(spark, tmp):
    """A delay that shrinks on restart shows that the filter and the number are apart."""
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").dropDuplicates(["k", "ts"]), "a10", "a20", "a5 a15", "b20 b21")


def a_null_time_counts_as_the_epoch(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("ts").count(), "a a", "a 5", "a 7")


def only_null_times(spark, tmp):
    return run(spark, tmp, lambda df: _count(df), "a b", "a5", "b a12")


def rows_at_or_before_the_epoch_are_late_at_once(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").dropDuplicates(["ts"]), "0 -1 0.001 1")


def windows_before_the_epoch_are_late_at_once(spark, tmp):
    return run(spark, tmp, _count, "-25 -5", "-4", "3", "-4 20")


def a_delay_of_a_month_is_31_days(spark, tmp):
    return run(spark, tmp, lambda df: _count(df, "1 month", "1 day"), "2678400", "2678401", "2765000")


def delays_in_other_words(spark, tmp):
    words = ["interval 5 seconds", "1 minute 5 seconds", "INTERVAL '5' SECOND", "2 hours", "1500 milliseconds", "1 day", "0 seconds", "7 microseconds", "1 week", "1 year"]
    return {word: attempt(lambda word=word: run(spark, tmp, lambda df: _count(df, word), "100000000", "100000001")["commits"]) for word in words}


def delays_that_are_refused(spark):
    df = spark.readStream.format("rate").load()
    return {word: attempt(lambda word=word: df.withWatermark("timestamp", word).columns) for word in ("-5 seconds", "-1 month", "", "soon", "5", "5 parsecs")}


def a_delay_that_nets_to_nothing(spark):
    return spark.readStream.format("rate").load().withWatermark("timestamp", "1 minute -60 seconds").columns


# --- the column ------------------------------------------------------------------------------------------------------

def columns_that_are_refused(spark, tmp):
    df = lambda df: df.select("k", "v", F.struct("ts").alias("s"), F.col("ts").cast("timestamp_ntz").alias("n"), F.col("ts").cast("date").alias("d"), F.col("ts").cast("bigint").alias("l"))
    return {name: attempt(lambda name=name: started(spark, tmp, lambda given: df(given).withWatermark(name, "1 second"))) for name in ("k", "v", "s", "s.ts", "n", "d", "l", "nope")}


def a_window_can_carry_it(spark, tmp):
    return run(spark, tmp, lambda df: df.select(F.window("ts", "10 seconds").alias("w")).withWatermark("w", "0 seconds").groupBy("w").count(), "5", "15", "30")


def it_survives_names_filters_and_projections(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").filter("v > 0").select(F.col("ts").alias("t"), "v").withColumnRenamed("t", "u").toDF("x", "y").groupBy(F.window("x", "10 seconds")).count(), "5", "15", "30")


def expressions_that_lose_it(spark, tmp):
    def build(expression):
        return lambda df: df.withWatermark("ts", "0 seconds").select(F.expr(expression).alias("t")).groupBy("t").count()

    texts = ["ts", "(ts)", "cast(ts as timestamp)", "ts + interval 0 seconds", "cast(ts as date)", "coalesce(ts, ts)", "date_trunc('second', ts)", "window(ts, '10 seconds')", "window(ts, '10 seconds').end", "struct(ts).ts", "if(v > 0, ts, ts)", "timestamp(ts)"]
    return {text: attempt(lambda text=text: list(run(spark, tmp, build(text), "1"))) for text in texts}


def a_window_of_an_expression_has_none(spark, tmp):
    return started(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window(F.col("ts") + F.expr("interval 0 seconds"), "10 seconds")).count())


def the_end_of_a_window_as_the_key(spark, tmp):
    return started(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window("ts", "10 seconds").end).count())


def a_watermark_on_another_column_than_the_key(spark, tmp):
    return started(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").withColumn("other", F.expr("ts + interval 1 second")).groupBy("other").count())


def a_watermark_without_a_stateful_operator(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").select("k", "ts"), "a5 b6", "a1", "b20 a3")


def a_watermark_that_nothing_uses(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("k").count(), "a5 b6", "a1", "b20 a3", mode="update")


def a_filter_above_it_on_another_column_hides_rows_from_it(spark, tmp):
    """The optimizer pushes such a condition below the watermark."""
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").filter("v > 0").groupBy(F.window("ts", "10 seconds")).count(), "5 50:-1", "6 7", "70")


def a_filter_above_it_on_two_columns(spark, tmp):
    texts = ["v > 0 and ts < timestamp'1970-01-01 00:00:40'", "v > 0 or ts < timestamp'1970-01-01 00:00:40'", "v > 0 and rand() >= 0", "rand() >= 0"]
    return {text: run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").filter(text).groupBy(F.window("ts", "10 seconds")).count(), "5 50:-1", "6 60:-1", "80") for text in texts}


def a_filter_above_it_with_a_python_function(spark, tmp):
    positive = F.udf(lambda v: v > 0, "boolean")
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").filter(positive("v")).groupBy(F.window("ts", "10 seconds")).count(), "5 50:-1", "6 60:-1", "80")


def having_on_a_key_hides_rows_from_it(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("k", F.window("ts", "10 seconds")).count().filter("k = 'a'"), "a5 b50", "a6 b60", "a80")


def having_on_a_count_does_not_hide_rows_from_it(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("k", F.window("ts", "10 seconds")).count().filter("count > 1"), "a5 b50", "a6 b60", "a80")


def a_filter_above_duplicates(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").dropDuplicates(["k", "ts"]).filter("k = 'a'"), "a5 b50", "a6 b60", "a80")


def null_keys_of_an_inner_join_do_not_move_it(spark, tmp):
    join = lambda kind: lambda l, r: l.withWatermark("lts", "0 seconds").join(r.withWatermark("rts", "0 seconds"), F.expr("lk = rk and rts between lts and lts + interval 5 seconds"), kind).select("lts")
    return {kind: run(spark, tmp, join(kind), "a5 50 ; a6 50", "b7 60 ; b8 60", "c90 ; c90") for kind in ("inner", "left", "full")}


def a_condition_of_one_side_of_a_join_hides_rows_from_it(spark, tmp):
    join = lambda kind: lambda l, r: l.withWatermark("lts", "0 seconds").join(r.withWatermark("rts", "0 seconds"), F.expr("lk = rk and rts between lts and lts + interval 5 seconds and lk <> 'z' and rk <> 'z'"), kind).select("lts")
    return {kind: run(spark, tmp, join(kind), "a5 z50 ; a6 z50", "b7 z60 ; b8 z60", "c90 ; c90") for kind in ("inner", "left", "full")}


def a_filter_below_it_hides_rows_from_it(spark, tmp):
    return run(spark, tmp, lambda df: df.filter("v > 0").withWatermark("ts", "0 seconds").groupBy(F.window("ts", "10 seconds")).count(), "5 50:-1", "6 7", "70")


def a_filter_on_the_time_above_it(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").filter("ts < timestamp'1970-01-01 00:00:20'").groupBy(F.window("ts", "10 seconds")).count(), "5 50", "6 7", "70")


def it_is_set_again_above_a_watermark(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").withWatermark("ts", "0 seconds").groupBy(F.window("ts", "10 seconds")).count(), "5", "20", "40")


def it_is_set_again_above_an_aggregation(spark, tmp):
    return run(spark, tmp, lambda df: _count(df).select(F.window_time("window").alias("t"), "count").withWatermark("t", "0 seconds").groupBy(F.window("t", "20 seconds")).sum("count"), "5", "20", "40")


def it_is_set_again_when_several_operators_are_not_allowed(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").withWatermark("ts", "0 seconds").groupBy(F.window("ts", "10 seconds")).count(), "5", "20", "40", conf={"spark.sql.streaming.statefulOperator.allowMultiple": False})


def two_watermark_columns_in_one_operator(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("ts", F.window("ts", "10 seconds")).count(), "5", "20")


def two_watermark_columns_after_a_join(spark, tmp):
    return run(spark, tmp, lambda l, r: l.withWatermark("lts", "0 seconds").join(r.withWatermark("rts", "0 seconds"), F.expr("lk = rk and rts between lts and lts + interval 5 seconds")).groupBy(F.window("lts", "10 seconds")).count(), "a1 ; a2", "b20 ; b21", "c40 ; c40")


# --- late rows, eviction ---------------------------------------------------------------------------------------------

def a_row_is_late_by_the_watermark_of_the_batch_before(spark, tmp):
    return run(spark, tmp, _count, "5", "25", "6 26", "7", "31", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def a_group_that_comes_and_goes_in_one_batch(spark, tmp):
    return run(spark, tmp, lambda df: _count(df, width="5 seconds"), "20", "3 21", "26", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def with_several_operators_not_allowed_both_are_the_newer(spark, tmp):
    return run(spark, tmp, _count, "5", "25", "6 26", "7", "31", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False, "spark.sql.streaming.statefulOperator.allowMultiple": False})


def the_first_batch_after_a_restart_filters_by_the_older(spark, tmp):
    return run(spark, tmp, _count, "5 25", "6 26", "7", "51", trigger="once")


def a_restart_of_a_query_that_had_nothing_to_do(spark, tmp):
    return run(spark, tmp, _count, "5", "25", restart(), "6 26", restart(), "7 40", restart(), restart(), "51")


def a_window_that_ends_at_the_watermark_is_done(spark, tmp):
    return run(spark, tmp, _count, "5", "9.999", "10", "9.999", "10.001")


def a_time_at_the_watermark_is_late(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("ts").count(), "10", "10 10.001", "10.001 10.002")


def null_times_are_never_late_and_never_evicted(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy("ts").count(), "a 5", "b 6", "c 7", mode="update")


def dropped_rows_are_counted_after_partial_aggregation(spark, tmp):
    return run(spark, tmp, _count, "40", "1 2 3 11", "5 41")


def without_no_data_batches(spark, tmp):
    return modes(spark, tmp, _count, "5", "25", "26", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def no_data_batches_in_each_mode(spark, tmp):
    return modes(spark, tmp, _count, "5", "25", "26")


def a_no_data_batch_needs_a_higher_watermark_not_a_due_group(spark, tmp):
    return run(spark, tmp, lambda df: _count(df, width="1 hour"), "5", "6", "6", "7")


# --- several watermarks ----------------------------------------------------------------------------------------------

def the_lowest_of_two(spark, tmp):
    return run(spark, tmp, _union(), "20 ; 40", "100 ;", "; 50 80", "; 300")


def the_highest_of_two(spark, tmp):
    return run(spark, tmp, _union(), "20 ; 40", "100 ;", "; 50 80", "; 300", conf={POLICY: "max"})


def a_source_that_never_delivers_holds_it(spark, tmp):
    return run(spark, tmp, _union(), "20 ;", "100 ;", "300 ;")


def a_source_that_never_delivers_does_not_hold_the_highest(spark, tmp):
    return run(spark, tmp, _union(), "20 ;", "100 ;", "300 ;", conf={POLICY: "max"})


def a_source_that_delivers_late(spark, tmp):
    return run(spark, tmp, _union("0 seconds", "0 seconds"), "20 ;", "30 ; 8", "31 ; 25", "; 90")


def an_unknown_policy(spark, tmp):
    return run(spark, tmp, _count, "5", conf={POLICY: "median"})


def the_policy_of_the_log_wins(spark, tmp):
    return run(spark, tmp, _union(), "20 ; 40", restart(conf={POLICY: "max"}), "100 ;", "; 50 80", "; 300")


def two_watermarks_on_one_source(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "10 seconds").union(df.withWatermark("ts", "5 seconds")).groupBy(F.window("ts", "5 seconds")).count(), "20", "31", "50")


def a_union_keeps_the_watermark_of_its_first_child(spark, tmp):
    plain = lambda df: df.toDF("k", "ts", "v")
    marked = lambda df: plain(df).withWatermark("ts", "0 seconds")
    count = lambda df: df.groupBy(F.window("ts", "10 seconds")).count()
    steps = ("5 ; 6", "30 ; 31", "2 ; 3", "60 ; 61")
    return {
        "first": attempt(lambda: run(spark, tmp, lambda l, r: count(marked(l).union(plain(r))), *steps)),
        "second": attempt(lambda: run(spark, tmp, lambda l, r: count(plain(l).union(marked(r))), *steps)),
        "second, in update": attempt(lambda: run(spark, tmp, lambda l, r: count(plain(l).union(marked(r))), *steps, mode="update")),
    }


# --- chains of operators ---------------------------------------------------------------------------------------------

def two_windows_in_a_row(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window("ts", "5 seconds")).agg(F.count("*").alias("c")).groupBy(F.window("window", "10 seconds")).agg(F.sum("c"), F.count("*")), "1 6 11", "16 9", "30")


def two_windows_in_a_row_with_a_restart(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "0 seconds").groupBy(F.window("ts", "5 seconds")).agg(F.count("*").alias("c")).groupBy(F.window("window", "10 seconds")).agg(F.sum("c"), F.count("*")), "1 6 11", restart(), "16 9", restart(), "30", "45")


def three_operators_in_a_row(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "2 seconds").dropDuplicates(["k", "ts"]).groupBy(F.window("ts", "5 seconds"), "k").agg(F.count("*").alias("c")).groupBy(F.window("window", "10 seconds")).agg(F.sum("c"), F.sort_array(F.collect_set("k"))), "a1 a1 b6", "a1 b13 b2", "c30", "c29 d50")


def a_window_above_a_join(spark, tmp):
    return run(spark, tmp, lambda l, r: l.withWatermark("lts", "0 seconds").join(r.withWatermark("rts", "0 seconds"), F.expr("lk = rk and rts between lts and lts + interval 5 seconds")).select("lts", "lk").groupBy(F.window("lts", "10 seconds")).count(), "a1 b2 ; a3", "c20 ; c20", "d40 ; d40", "e60 ; e60")


# --- logs and progress -----------------------------------------------------------------------------------------------

def event_time_in_progress(spark, tmp):
    directory = tmp / "in"
    directory.mkdir()
    query = spark.readStream.schema("ts timestamp").json(str(directory)).withWatermark("ts", "5 seconds").groupBy(F.window("ts", "10 seconds")).count().writeStream.outputMode("append").format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    try:
        for name, seconds in (("a", [1, 12]), ("b", [26, 27.5]), ("c", [])):
            (tmp / name).write_text("".join('{"ts": "1970-01-01T00:00:%06.3fZ"}\n' % s for s in seconds) or "{}\n")
            (tmp / name).rename(directory / name)
            query.processAllAvailable()
        return [[p["batchId"], p["numInputRows"], p["eventTime"]] for p in query.recentProgress if "addBatch" in p["durationMs"]]
    finally:
        query.stop()
