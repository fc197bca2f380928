"""Time windows: which windows a row falls into, their columns and their wrong arguments, on frames and on streams."""

from pyspark.sql import functions as F
from stateful import attempt, modes, run

ZERO = "0 seconds"


def _times(spark, *seconds):
    return spark.createDataFrame([(float(s) if s is not None else None,) for s in seconds], "s double").select(F.expr("timestamp_micros(bigint(round(s * 1000000)))").alias("ts"))


def _windows(spark, seconds, *arguments):
    """The windows of each time, in order."""
    rows = _times(spark, *seconds).select("ts", F.window("ts", *arguments).alias("w")).selectExpr("unix_micros(ts)", "unix_micros(w.start)", "unix_micros(w.end)").collect()
    return [list(row) for row in rows]


SECONDS = [-11, -10.000001, -10, -1, -0.000001, 0, 0.000001, 4.5, 7, 9.999999, 10, 11, 1_000_000_000.25, None]
WINDOWS = {
    "tumbling": ("10 seconds",),
    "tumbling with a start": ("10 seconds", None, "3 seconds"),
    "tumbling with a start before the epoch": ("10 seconds", None, "-3 seconds"),
    "sliding": ("10 seconds", "5 seconds"),
    "sliding by what does not divide it": ("10 seconds", "4 seconds"),
    "sliding by what does not divide it, with a start": ("10 seconds", "4 seconds", "1 second"),
    "sliding by itself": ("10 seconds", "10 seconds"),
    "sliding by microseconds": ("5 microseconds", "2 microseconds"),
    "a day": ("1 day",),
    "a week": ("1 week",),
    "seven days": ("7 days", "1 day"),
    "an interval of several parts": ("1 hour 30 minutes", "45 minutes", "15 minutes"),
    "an interval with its word": ("interval 1 minute",),
}
CASES = {f"the windows of times: {name}": (lambda spark, tmp, arguments=arguments: _windows(spark, SECONDS, *arguments)) for name, arguments in WINDOWS.items()}

ARGUMENTS = [
    "window(ts, '1 month')", "window(ts, '1 year')", "window(ts, '10 seconds', '1 month')", "window(ts, '10 seconds', '5 seconds', '1 month')", "window(ts, '0 seconds')", "window(ts, '-5 seconds')", "window(ts, '10 seconds', '0 seconds')", "window(ts, '10 seconds', '-1 second')",
    "window(ts, '5 seconds', '10 seconds')", "window(ts, '10 seconds', '5 seconds', '5 seconds')", "window(ts, '10 seconds', '5 seconds', '-5 seconds')", "window(ts, '10 seconds', '5 seconds', '4 seconds')", "window(ts, 'soon')", "window(ts, '')", "window(ts, null)", "window(ts, '10')", "window(ts, interval 10 seconds)", "window(ts, interval '10' second)", "window(ts, 10000000)", "window(ts, 10000000L, 5000000L, 1L)", "window(ts, k)", "window(ts)", "window()", "window(ts, '1 second', '1 second', '0 seconds', '1')",
    "window(k, '10 seconds')", "window(v, '10 seconds')", "window(cast(ts as date), '10 seconds')", "window(cast(ts as timestamp_ntz), '10 seconds')", "window(null, '10 seconds')", "window('1970-01-01 00:00:05', '10 seconds')", "window(struct(ts), '10 seconds')", "window(nope, '10 seconds')", "window(ts + interval 1 second, '10 seconds')", "window(ts, '10 seconds').start", "window(ts, '10 seconds').nope",
    "session_window(ts, '5 seconds')", "session_window(ts, '0 seconds')", "session_window(ts, '-1 second')", "session_window(ts, '1 month')", "session_window(ts, null)", "session_window(ts, v)", "session_window(ts, k)", "session_window(k, '5 seconds')", "session_window(cast(ts as timestamp_ntz), '5 seconds')", "session_window(ts, interval 5 seconds)", "session_window(ts, make_dt_interval(0, 0, 0, v))", "session_window(ts, make_interval(0, 0, 0, 0, 0, 0, v))", "session_window(ts)", "session_window(ts, 'soon')",
    "window_time(ts)", "window_time(window(ts, '10 seconds'))", "window_time(struct(ts as start, ts as end))", "window_time()",
]


def _on_a_frame(text):
    def ask(spark, tmp):
        frame = spark.sql("SELECT * FROM VALUES ('a', timestamp'1970-01-01 00:00:05', 3), ('b', timestamp'1970-01-01 00:00:12', 4) AS t(k, ts, v)")
        counted = frame.groupBy(F.expr(text).alias("w")).count()
        return [counted.schema.simpleString(), sorted(str(row) for row in counted.collect())]

    return ask


def _on_a_stream(text):
    return lambda spark, tmp: run(spark, tmp, lambda df: df.groupBy("k", F.expr(text).alias("w")).count(), "a5:3 b12:4", "a6:3", mode="complete")


for _text in ARGUMENTS:
    CASES[f"{_text} on a frame"] = _on_a_frame(_text)
for _text in ARGUMENTS:
    if _text.startswith(("window_time", "session_window")) or "month" in _text or "interval" in _text or "ntz" in _text or "'10 seconds', '5 seconds'" in _text or ", 10000000" in _text:
        CASES[f"{_text} on a stream"] = _on_a_stream(_text)


# --- columns ---------------------------------------------------------------------------------------------------------

def names_and_types(spark):
    frame = _times(spark, 5)
    frames = {
        "window": frame.select(F.window("ts", "10 seconds")),
        "window, aliased": frame.select(F.window("ts", "10 seconds").alias("w")),
        "sliding": frame.select(F.window("ts", "10 seconds", "5 seconds")),
        "grouped": frame.groupBy(F.window("ts", "10 seconds")).count(),
        "start": frame.groupBy(F.window("ts", "10 seconds").start).count(),
        "window.*": frame.groupBy(F.window("ts", "10 seconds")).count().select("window.*"),
        "window_time": frame.groupBy(F.window("ts", "10 seconds")).count().select(F.window_time("window"), "count"),
        "session": frame.groupBy(F.session_window("ts", "10 seconds")).count(),
        "ntz": frame.select(F.window(F.col("ts").cast("timestamp_ntz"), "10 seconds")),
    }
    return {name: f.schema.jsonValue() for name, f in frames.items()}


def window_time_of_a_window(spark):
    return _times(spark, 5, 15).groupBy(F.window("ts", "10 seconds")).count().select(F.window_time("window"), "count")


def a_window_of_a_window(spark):
    frame = _times(spark, 5, 15, 25).groupBy(F.window("ts", "10 seconds")).count()
    return frame.groupBy(F.window("window", "20 seconds")).agg(F.sum("count"))


def a_window_of_window_time(spark):
    frame = _times(spark, 5, 15, 25).groupBy(F.window("ts", "10 seconds")).count()
    return frame.groupBy(F.window(F.window_time("window"), "20 seconds")).agg(F.sum("count"))


def a_session_window_of_a_window(spark):
    frame = _times(spark, 5, 15, 45).groupBy(F.window("ts", "10 seconds")).count()
    return frame.groupBy(F.session_window(F.window_time("window"), "15 seconds")).agg(F.sum("count"))


def sessions_of_a_frame(spark):
    frame = spark.createDataFrame([("a", 1), ("a", 4), ("a", 9), ("b", 1), ("a", 20), ("b", 7), (None, 1), (None, 3), ("c", None)], "k string, s long").select("k", F.timestamp_seconds("s").alias("ts"))
    return {
        "by key": frame.groupBy("k", F.session_window("ts", "5 seconds")).count(),
        "without a key": frame.groupBy(F.session_window("ts", "5 seconds")).count(),
        "a gap by row": frame.groupBy("k", F.session_window("ts", F.when(F.col("k") == "a", "5 seconds").otherwise("1 minute"))).count(),
        "a gap that is null or negative": frame.groupBy("k", F.session_window("ts", F.expr("case k when 'a' then '-1 second' when 'b' then null else '1 second' end"))).count(),
    }


def two_windows_in_one_operator(spark):
    return _times(spark, 5).groupBy(F.window("ts", "10 seconds"), F.window("ts", "20 seconds").alias("other")).count()


def the_same_window_twice(spark):
    return _times(spark, 5).groupBy(F.window("ts", "10 seconds").alias("a"), F.window("ts", "10 seconds").alias("b")).count()


def a_window_and_a_session(spark):
    return _times(spark, 5).groupBy(F.window("ts", "10 seconds"), F.session_window("ts", "10 seconds")).count()


def windows_in_other_places(spark):
    frame = _times(spark, 5, 12)
    return {
        "filter": attempt(lambda: frame.filter(F.window("ts", "10 seconds").start > F.lit("1970-01-01 00:00:05")).collect()),
        "order by": attempt(lambda: frame.orderBy(F.window("ts", "10 seconds")).collect()),
        "select with an aggregate": attempt(lambda: frame.select(F.max(F.window("ts", "10 seconds"))).collect()),
        "in an expression": attempt(lambda: frame.select(F.date_format(F.window("ts", "10 seconds").end, "ss")).collect()),
        "partition by": attempt(lambda: frame.selectExpr("count(*) over (partition by window(ts, '10 seconds'))").collect()),
        "session in select": attempt(lambda: frame.select(F.session_window("ts", "10 seconds")).collect()),
    }


def wrong_arguments_in_python(spark):
    calls = {
        "duration as a number": lambda: F.window("ts", 10),
        "no duration": lambda: F.window("ts", None),
        "empty duration": lambda: F.window("ts", ""),
        "slide as a number": lambda: F.window("ts", "10 seconds", 5),
        "start as a number": lambda: F.window("ts", "10 seconds", None, 5),
        "gap as a number": lambda: F.session_window("ts", 5),
        "gap empty": lambda: F.session_window("ts", ""),
        "window_time of a number": lambda: F.window_time(5),
    }
    return {name: attempt(lambda call=call: type(call()).__name__) for name, call in calls.items()}


def in_another_zone(spark):
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    try:
        return _times(spark, 0, 80_000).select(F.window("ts", "1 day").alias("w")).selectExpr("unix_seconds(w.start)", "cast(w.start as string)")
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


# --- on streams ------------------------------------------------------------------------------------------------------

def sliding_windows_that_do_not_divide(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds", "4 seconds", "1 second")).agg(F.count("*"), F.sum("v")), "-1 7:2", "12:3 3:4", "40")


def a_start_on_a_stream(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds", None, "-3 seconds")).count(), "-1 7", "17", "16 40")


def a_window_of_a_window_on_a_stream(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds"), "k").count().groupBy(F.window("window", "20 seconds")).agg(F.sum("count")), "a1 b1 a11", "a21", "c50", "d80")


def sliding_windows_over_windows(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "5 seconds")).count().groupBy(F.window("window", "10 seconds", "5 seconds")).agg(F.sum("count")), "1 6 11", "16", "40", "70")


def window_time_keeps_the_watermark(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds")).count().select(F.window_time("window").alias("t"), "count").groupBy("t").sum("count"), "1 11", "25", "60")


def a_window_selected_before_it_is_a_key(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).select(F.window("ts", "10 seconds").alias("w"), "k").groupBy("w", "k").count(), "a1 b11", "a2 a30", "c70")


def rows_that_a_window_copies_are_seen_by_the_watermark_once(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).select(F.window("ts", "10 seconds", "2 seconds").alias("w"), "k"), "a1", "b11 c3", "d30")


def a_gap_between_windows(spark, tmp):
    """A window shorter than its slide is refused, so a row is always in at least one."""
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "3 seconds", "2 seconds")).count(), "0 1 2 3", "9", "20")


def two_windows_in_one_operator_on_a_stream(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds"), F.window("ts", "20 seconds").alias("w2")).count(), "1", "30")


def null_times_vanish(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds"), "k").count(), "a b1", "a a2 c", "d40")


def the_start_as_a_second_key(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds"), F.window("ts", "10 seconds").start.alias("s")).count(), "1 12", "30", "60")


def windows_in_the_result_of_an_aggregate(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds")).count().select("window.start", F.date_format("window.end", "mm:ss").alias("end"), "count"), "1 12", "30", "60")
