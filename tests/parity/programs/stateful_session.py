"""Session windows in a stream: how sessions grow, merge, end, and which rows are late."""

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run, started

ZERO = "0 seconds"


def _sessions(gap="5 seconds", delay="10 seconds", *columns):
    columns = columns or (F.count("*").alias("n"), F.sum("v").alias("s"))
    return lambda df: df.withWatermark("ts", delay).groupBy("k", F.session_window("ts", gap)).agg(*columns)


def the_worked_example(spark, tmp):
    return run(spark, tmp, _sessions(), "a1 a4 a9 b1", "a10 a25", "z14 y12 q40", "a29 q55", "q70")


def in_each_mode(spark, tmp):
    return modes(spark, tmp, _sessions(), "a1 a4 a9 b1", "a10 a25", "z40", "z60")


def touching_sessions_merge(spark, tmp):
    return run(spark, tmp, _sessions(), "a4 a9 b4 b9.000001", "c40", "c60")


def a_row_that_bridges_two_sessions(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", "20 seconds", F.count("*"), F.min("v"), F.collect_list("v")), "a1:1 a9:2", "a5:0", "z60")


def a_row_that_bridges_three_sessions(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", "30 seconds"), "a1 a8 a15", "a5 a11", "z60")


def a_session_grows_at_its_start(spark, tmp):
    return run(spark, tmp, _sessions(), "a9", "a6", "a3", "z40", "z60")


def rows_of_one_session_in_one_file_out_of_order(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", "10 seconds", F.first("v"), F.last("v"), F.collect_list("v")), "a9:1 a3:2 a6:3 a1:4", "a5:5 z40", "z60")


def a_late_row_is_dropped_before_it_can_merge(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a10", "a5 a6", "b30")


def a_session_that_ends_at_the_watermark(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a10", "z14.999", "z15", "a10 a10.001")


def dropped_rows_are_counted_after_partial_aggregation(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "z50", "a1 a1 a2 b1", "z90")


def with_sessions_merged_in_the_local_partition(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "z50", "a1 a1 a2 b1 a48 a49", "z90", conf={"spark.sql.streaming.sessionWindow.merge.sessions.in.local.partition": True})


def complete_keeps_all_sessions(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a1 a8 b1", "a5 a40", mode="complete")


def complete_drops_late_rows(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", "40 seconds"), "a1 b50", "a2 b51", "a3", "a9", mode="complete")


def complete_without_a_watermark(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k", F.session_window("ts", "5 seconds")).count(), "a1 b50", "a2 b51", "a3 a-20", mode="complete")


def append_without_a_watermark(spark, tmp):
    return started(spark, tmp, lambda df: df.groupBy("k", F.session_window("ts", "5 seconds")).count())


def a_gap_by_row(spark, tmp):
    gap = F.when(F.col("k") == "a", F.concat("v", F.lit(" seconds"))).otherwise("3 seconds")
    return run(spark, tmp, _sessions(gap), "a1:3 a3:10 b1", "a12:1 b3", "z40", "z60")


def a_long_gap_covers_later_rows(spark, tmp):
    return run(spark, tmp, _sessions(F.expr("make_interval(0, 0, 0, 0, 0, 0, v)"), ZERO), "a1:20 a3:1 a15:2 b1:1", "a22:5", "z60:1")


def gaps_that_are_null_zero_or_negative(spark, tmp):
    gap = F.expr("case v when 1 then '5 seconds' when 2 then null when 3 then '0 seconds' when 4 then '-5 seconds' end")
    return run(spark, tmp, _sessions(gap), "a1:1 b1:2 c1:3 d1:4 e1:5", "a3:2 a4:1", "z40:1")


def null_times_and_null_keys(spark, tmp):
    return run(spark, tmp, _sessions(), "a 1 2:~ a3", "b 4", "z40", "z60")


def several_keys(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.session_window("ts", "5 seconds"), "k", "v").count(), "a1:1 a2:2 a3:1 b1:~", "b4:~ a7:2", "z60")


def a_session_that_is_not_the_last_key(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.session_window("ts", "5 seconds").alias("s"), F.upper("k").alias("u")).agg(F.sum("v")), "a1 A3", "a5", "z60")


def without_another_key(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.session_window("ts", "5 seconds")).count(), "a1", "b30")


def functions_over_merged_sessions(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", "20 seconds", F.avg("v"), F.max("v"), F.first("v"), F.last("v"), F.stddev("v"), F.sort_array(F.collect_set("v")), F.count_distinct("v") if False else F.approx_count_distinct("v")), "a1:1 a9:2 a10:2", "a5:7", "a12:4 z60")


def after_a_restart(spark, tmp):
    return run(spark, tmp, _sessions(), "a1 a4", restart(), "a9 b1", restart(), "a10 z25", restart(), "z26", "z60")


def with_once(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a1 a4 z20", "a6 a30", "b50", "c80", trigger="once")


def without_no_data_batches(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a1 b10", "a4 b12", "b30", "b31", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def a_window_above_it(spark, tmp):
    return run(spark, tmp, lambda df: _sessions("5 seconds", ZERO)(df).groupBy(F.window("session_window", "10 seconds")).agg(F.count("*").alias("sessions"), F.sum("n").alias("events")), "a1 a3 b1", "z20", "z40", "z80")


def a_session_of_windows(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "5 seconds")).count().groupBy("k", F.session_window(F.window_time("window"), "6 seconds")).agg(F.sum("count"), F.count("*")), "a1 a6 b1", "a12 z30", "z60", "z99")


def duplicates_below_it(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]).groupBy("k", F.session_window("ts", "5 seconds")).count(), "a1 a1 a3", "a3 a5", "z60")


def duplicates_above_it(spark, tmp):
    return run(spark, tmp, lambda df: _sessions("5 seconds", ZERO)(df).dropDuplicates(["k"]), "a1 b1", "a20", "z60", "a80")


def its_start_and_end(spark, tmp):
    return run(spark, tmp, lambda df: _sessions()(df).select("k", "session_window.start", F.col("session_window.end").alias("e"), "n"), "a1 a4", "z40", "z60")


def over_partitions(spark, tmp):
    return run(spark, tmp, _sessions("5 seconds", ZERO), "a1 b2 c3 d4 e5 f6", "a4 b9 g30", "z60", conf={"spark.sql.shuffle.partitions": 3})


def in_sql(spark, tmp):
    def build(df):
        df.withWatermark("ts", ZERO).createOrReplaceTempView("stateful_sessions")
        return spark.sql("SELECT k, session_window.start AS s, count(*) AS n FROM stateful_sessions GROUP BY k, session_window(ts, '5 seconds')")

    return run(spark, tmp, build, "a1 a3 b1", "z20", "z40")


def another_gap_at_a_restart(spark, tmp):
    return run(spark, tmp, _sessions(), "a1 b1", restart(build=_sessions("20 seconds")), "a15 b5", "z90", "z99")


def a_negative_gap(spark, tmp):
    return attempt(lambda: run(spark, tmp, _sessions("-5 seconds", ZERO), "a1", "z60"))
