"""Streaming aggregation: every function over batches, keys, modes, restarts and chains."""

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run, started

ZERO = "0 seconds"


def _by_key(*columns):
    return lambda df: df.groupBy("k").agg(*columns)


def _by_window(*columns, width="10 seconds", delay=ZERO):
    return lambda df: df.withWatermark("ts", delay).groupBy(F.window("ts", width)).agg(*columns)


def _updates(text, *steps, value="int"):
    """One function, by key in update mode, over batches that add, repeat and miss keys."""
    steps = steps or ("a1:3 a2:5 b1:~", "b2:2 c1:-4", "a3:5 a4:1 b3:~ c2:-4", ":7")
    return lambda spark, tmp: run(spark, tmp, _by_key(F.expr(text).alias("r")), *steps, mode="update", value=value)


def _appends(text, *steps, value="int"):
    """The same function by window in append mode. State goes through a restart."""
    steps = steps or ("a1:3 b2:5 c12:1", "a4:5 b11:~", restart(), "a3:9 c25:4", "a60")
    return lambda spark, tmp: run(spark, tmp, _by_window(F.expr(text).alias("r"), delay="20 seconds"), *steps, value=value)


FUNCTIONS = [
    "count(*)", "count(v)", "count_if(v > 2)", "sum(v)", "avg(v)", "min(v)", "max(v)", "min(k)", "max(k)", "first(v)", "first(v, true)", "last(v)", "last(v, true)", "any_value(v)",
    "collect_list(v)", "sort_array(collect_set(v))", "min_by(v, ts)", "max_by(v, ts)", "bool_and(v > 0)", "bool_or(v > 4)", "every(v > 0)", "some(v > 4)", "bit_and(v)", "bit_or(v)", "bit_xor(v)",
    "stddev(v)", "stddev_pop(v)", "var_samp(v)", "var_pop(v)", "skewness(v)", "kurtosis(v)", "corr(v, unix_seconds(ts))", "covar_pop(v, unix_seconds(ts))", "covar_samp(v, unix_seconds(ts))", "regr_slope(v, unix_seconds(ts))", "regr_count(v, unix_seconds(ts))", "regr_r2(v, unix_seconds(ts))",
    "mode(v)", "percentile(v, 0.5)", "median(v)", "percentile_approx(v, 0.5)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY v)", "approx_count_distinct(v)", "listagg(k)", "listagg(k, '-')", "sum(v) FILTER (WHERE v > 2)", "try_sum(v)", "try_avg(v)", "histogram_numeric(v, 2)", "grouping_id()",
    "min(ts)", "max(ts)", "max(struct(v, ts))", "sum(v) + count(*)", "round(avg(v), 1)", "array_size(collect_list(v))", "count(v, k)", "sum(cast(v as decimal(10,2)))", "avg(cast(v as decimal(10,2)))", "max(cast(v as string))", "max_by(k, v, 2)", "array_agg(v)",
]
CASES = {}
for _text in FUNCTIONS:
    CASES[f"{_text} by key in update"] = _updates(_text)
for _text in FUNCTIONS[:44] + ["max(struct(v, ts))", "sum(v) FILTER (WHERE v > 2)"]:
    CASES[f"{_text} by window in append"] = _appends(_text)
for _text in ("sum(v)", "avg(v)", "min(v)", "max(v)", "stddev(v)", "collect_list(v)"):
    CASES[f"{_text} of doubles in update"] = _updates(_text, "a1:1.5 a2:-0.5 b1:NaN c1:~", "a3:0.25 b2:1.0 c2:2.5", "a4:NaN c3:-0.0", value="double")


# --- modes -----------------------------------------------------------------------------------------------------------

def the_worked_example_in_each_mode(spark, tmp):
    return modes(spark, tmp, _by_window(F.count("*").alias("c"), F.sum("v").alias("s"), delay="5 seconds"), "1:1 12:2", "14:3 3:4", "26:5", "9:1 21:1 16:7", "40:1")


def sliding_windows(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds", "5 seconds")).count(), "7 12", "21")


def update_evicts_in_silence(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", "10 seconds").groupBy("k", F.window("ts", "5 seconds")).count(), "a1 a6", "b20 a2", "a3 b21", mode="update")


def without_a_watermark_in_each_mode(spark, tmp):
    return modes(spark, tmp, lambda df: df.groupBy("k").count(), "a1 b2", "a3", "", "c1 b1")


def complete_keeps_late_rows(spark, tmp):
    return run(spark, tmp, _by_window(F.count("*")), "5", "50", "6 7", "1", mode="complete")


def a_batch_that_touches_no_group(spark, tmp):
    return modes(spark, tmp, lambda df: df.filter("v > 0").withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds")).count(), "5", "6:-1", "20")


def the_mode_changes_at_a_restart(spark, tmp):
    build = _by_window(F.count("*"))
    return {
        "append to update": attempt(lambda: run(spark, tmp, build, "5 15", restart(mode="update"), "6 25", "16 60")),
        "update to append": attempt(lambda: run(spark, tmp, build, "5 15", restart(mode="append"), "6 25", "16 60", mode="update")),
        "append to complete": attempt(lambda: run(spark, tmp, build, "5 15", restart(mode="complete"), "6 25", "16 60")),
        "complete to update": attempt(lambda: run(spark, tmp, build, "5 15", restart(mode="update"), "6 25", "16 60", mode="complete")),
    }


# --- without keys ----------------------------------------------------------------------------------------------------

def a_global_aggregate(spark, tmp):
    return modes(spark, tmp, lambda df: df.agg(F.count("*"), F.sum("v"), F.max("k")), "a1 b2:5", "c3:~")


def a_global_aggregate_over_nothing(spark, tmp):
    return modes(spark, tmp, lambda df: df.filter("v > 100").agg(F.count("*"), F.sum("v")), "a1 b2:5", "c3", "d4:200", "e5")


def a_global_aggregate_with_a_watermark(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).agg(F.count("*"), F.max("ts")), "a1 b20", "c3", "d40")


def the_order_of_rows_is_kept_over_batches(spark, tmp):
    return run(spark, tmp, lambda df: df.agg(F.first("k"), F.last("k"), F.collect_list("k")), "a1 b2 a3 c4", "d1 a2", restart(), "e0", mode="update")


def a_group_by_of_no_column(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy().sum("v"), "a1", "b2:4", mode="complete")


# --- keys ------------------------------------------------------------------------------------------------------------

def null_keys_are_one_group(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k", "v").count(), "1:~ 2:~ a3:~ 4", "5:~ a6:~", mode="update")


def float_keys_are_normalised(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("v").count(), "a:0.0 b:-0.0 c:NaN", "d:-0.0 e:NaN f:1.5", mode="update", value="double")


def keys_of_many_types(spark, tmp):
    keys = ["v > 1", "cast(v as tinyint)", "cast(v as bigint)", "cast(v as decimal(5,1))", "cast(v as decimal(30,1))", "date_from_unix_date(v)", "cast(k as binary)", "array(k, k)", "struct(k, v)", "cast(v as float)", "ts", "cast(ts as timestamp_ntz)", "make_dt_interval(0, 0, v)", "named_struct('a', array(struct(v)))"]
    return {key: attempt(lambda key=key: run(spark, tmp, lambda df: df.groupBy(F.expr(key).alias("g")).count(), "a1 b2:2", "a1 c1", mode="update")["batches"]) for key in keys}


def a_map_as_a_key(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy(F.create_map("k", "v").alias("m")).count(), "a1", "a2", mode="update")


def an_expression_as_a_key(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy(F.upper("k").alias("u"), (F.col("v") % 2).alias("odd")).agg(F.sum("v")), "a1:1 A2:3 b1:2", "B1:4", mode="update")


def a_key_and_a_window(spark, tmp):
    return modes(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").groupBy("k", F.window("ts", "10 seconds")).agg(F.sum("v").alias("s")), "a1:1 b2:2 12:3", "a14:1 b30:1", "a3:1 31:1", "a60")


def collated_keys(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy(F.expr("k collate UTF8_LCASE").alias("c")).count(), "a1 A2", "A3 b1", mode="update")


def more_keys_than_one_partition(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").count(), "a b c d e f g h i j k l m n o p q r s t u v w x y z", "a z A Z", mode="update", conf={"spark.sql.shuffle.partitions": 5})


def the_number_of_partitions_in_the_log_wins(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").count(), "a b c", restart(conf={"spark.sql.shuffle.partitions": 4}), "a d", "b", mode="update", conf={"spark.sql.shuffle.partitions": 2})


# --- rollup and the like ---------------------------------------------------------------------------------------------

def rollup_in_update(spark, tmp):
    return run(spark, tmp, lambda df: df.rollup("k").count(), "a1 a2 b1 c1", "a1", mode="update")


def cube_in_complete(spark, tmp):
    return run(spark, tmp, lambda df: df.cube("k", "v").agg(F.count("*"), F.grouping_id()), "a1:1 a2:2 b1:1", "a1:1 3:~", mode="complete")


def grouping_sets_in_update(spark, tmp):
    return run(spark, tmp, lambda df: df.groupingSets([("k",), ("v",), ()], "k", "v").agg(F.sum("v"), F.grouping("k")), "a1:1 b2:2", "a1:2", mode="update")


def rollup_over_a_window(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).rollup(F.window("ts", "10 seconds"), "k").count(), "a1 b2", "a11", "c30")


def pivot_with_values(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").pivot("v", [1, 2]).count(), "a1:1 a2:2", "b1:1", mode="update")


# --- above an aggregate ----------------------------------------------------------------------------------------------

def having_in_update(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").agg(F.sum("v").alias("s")).filter("s > 0"), "a1:5 b1:-1", "a2:-9 b2:4", "a1:10", mode="update")


def having_in_append(spark, tmp):
    return run(spark, tmp, lambda df: _by_window(F.count("*").alias("c"))(df).filter("c > 1"), "1 2 12", "31")


def a_projection_in_update(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").agg(F.sum("v").alias("s")).select(F.concat("k", F.lit("!")).alias("k"), (F.col("s") * 2).alias("twice"), F.lit(None).alias("n")), "a1:5", "a2:1 b", mode="update")


def a_sort_in_complete(spark, tmp):
    """The rows of a batch are sorted in the answer; a running number shows their order."""
    return run(spark, tmp, lambda df: df.groupBy("k").agg(F.sum("v").alias("s")).orderBy(F.desc("s"), "k").limit(2), "a1:5 b1:7 c1:5", "c1:9", "b1:1 d1:7", mode="complete")


def an_explode_above_an_aggregate(spark, tmp):
    return run(spark, tmp, lambda df: df.groupBy("k").agg(F.collect_list("v").alias("l")).select("k", F.explode("l")), "a1:5 a2:6", "a2:1 b", mode="update")


def a_static_join_above_an_aggregate(spark, tmp):
    static = spark.createDataFrame([("a", 10), ("b", 20)], "k string, n int")
    return modes(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "10 seconds")).count().join(static, "k", "left").select("k", "count", "n"), "a1 c1", "b20 a2")


# --- sql -------------------------------------------------------------------------------------------------------------

def in_sql(spark, tmp):
    def build(df):
        df.withWatermark("ts", ZERO).createOrReplaceTempView("stateful_events")
        return spark.sql("SELECT window.start, k, count(*) AS c FROM stateful_events GROUP BY window(ts, '10 seconds'), k HAVING c > 0")

    return run(spark, tmp, build, "a1 a2 b3", "a11", "c30")


def select_distinct_in_sql(spark, tmp):
    def build(df):
        df.withWatermark("ts", ZERO).createOrReplaceTempView("stateful_events")
        return spark.sql("SELECT DISTINCT k, ts FROM stateful_events")

    return modes(spark, tmp, build, "a1 a1 b3", "a1 b3 a11", "c30")


def select_distinct_without_the_time(spark, tmp):
    def build(df):
        df.createOrReplaceTempView("stateful_events")
        return spark.sql("SELECT DISTINCT k FROM stateful_events")

    return modes(spark, tmp, build, "a1 a1 b3", "a1 c3")


# --- restarts --------------------------------------------------------------------------------------------------------

def a_restart_in_the_middle(spark, tmp):
    return modes(spark, tmp, _by_window(F.count("*"), F.collect_list("k")), "a5", restart(), "b6 c15", restart(), "d7", restart(), restart(), "e30", "f31")


def another_projection_at_a_restart(spark, tmp):
    first, then = F.sum("v").alias("s"), F.sum("v").alias("renamed")
    return run(spark, tmp, _by_key(first), "a1:5", restart(build=lambda df: _by_key(then)(df).select((F.col("renamed") + 1).alias("x")).filter("x > 0")), "a1:1 b2:2", mode="update")


def another_delay_at_a_restart(spark, tmp):
    return run(spark, tmp, _by_window(F.count("*")), "5 25", restart(build=_by_window(F.count("*"), delay="20 seconds")), "6 30", "7 70")


def states_that_do_not_fit_at_a_restart(spark, tmp):
    one = _by_key(F.sum("v"))
    others = {
        "another function of the same buffer": _by_key(F.max("v")),
        "another type of buffer": _by_key(F.sum(F.col("v").cast("double"))),
        "another number of buffers": _by_key(F.sum("v"), F.count("*")),
        "another name of the key": lambda df: df.groupBy(F.col("k").alias("q")).sum("v"),
        "another type of the key": lambda df: df.groupBy("v").sum("v"),
        "another number of keys": lambda df: df.groupBy("k", "ts").sum("v"),
        "no aggregate": lambda df: df.select("k"),
        "another operator": lambda df: df.dropDuplicates(["k"]),
        "one operator more": lambda df: df.dropDuplicates(["k", "v"]).groupBy("k").sum("v"),
    }
    return {name: attempt(lambda other=other: run(spark, tmp, one, "a1:5", restart(build=other), "a1:1 b2:2", mode="update")) for name, other in others.items()}


# --- several ---------------------------------------------------------------------------------------------------------

def a_union_of_two_aggregates(spark, tmp):
    return run(spark, tmp, lambda df: _by_window(F.count("*"), width="5 seconds")(df).union(_by_window(F.count("*"))(df)), "1", "12", "30")


def a_union_of_two_sources_of_two_aggregates(spark, tmp):
    return run(spark, tmp, lambda l, r: _by_window(F.count("*"), width="5 seconds")(l.toDF("k", "ts", "v")).union(_by_window(F.count("*"))(r.toDF("k", "ts", "v"))), "1 ; 1", "12 ; 11", "30 ; 30")


def a_union_below_an_aggregate(spark, tmp):
    return run(spark, tmp, lambda l, r: l.toDF("k", "ts", "v").union(r.toDF("k", "ts", "v")).groupBy("k").agg(F.sum("v"), F.collect_list("v")), "a:1 ; a:2", "; b:1", "a:3 b:4 ;", mode="update")


def a_chain_by_window_time(spark, tmp):
    return run(spark, tmp, lambda df: _by_window(F.sum("v").alias("s"), width="5 seconds")(df).groupBy(F.window(F.window_time("window"), "10 seconds")).agg(F.max("s"), F.count("*")), "1:3 2:4 6:1 11:1", "16:5 9:1", "30", "50")


def chains_in_update_and_complete(spark, tmp):
    build = lambda df: _by_window(F.sum("v").alias("s"), width="5 seconds")(df).groupBy(F.window(F.window_time("window"), "10 seconds")).agg(F.max("s"))
    return {mode: attempt(lambda mode=mode: started(spark, tmp, build, mode)) for mode in ("update", "complete")}


def a_chain_in_update_with_the_check_off(spark, tmp):
    build = lambda df: _by_window(F.sum("v").alias("s"), width="5 seconds")(df).groupBy(F.window(F.window_time("window"), "10 seconds")).agg(F.max("s"))
    return run(spark, tmp, build, "1:3 2:4 6:1 11:1", "16:5 9:1", "30", mode="update", conf={"spark.sql.streaming.statefulOperator.checkCorrectness.enabled": False})


def an_aggregate_of_counts_by_key(spark, tmp):
    return run(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "5 seconds")).count().groupBy("window").agg(F.max("count"), F.count("*")), "a1 a2 b1", "a6", "c20")


# --- pandas and python -----------------------------------------------------------------------------------------------

def a_python_function_above_and_below(spark, tmp):
    @F.udf("string")
    def shout(text):
        return (text or "none").upper()

    return run(spark, tmp, lambda df: df.groupBy(shout("k").alias("u")).agg(F.sum("v").alias("s")).select(shout("u").alias("uu"), "s"), "a1 A2 3", "b1:4 a1", mode="update")


def a_pandas_aggregate_is_refused(spark, tmp):
    import pandas as pd

    @F.pandas_udf("double")
    def mean(v: pd.Series) -> float:
        return float(v.mean())

    return run(spark, tmp, lambda df: df.groupBy("k").agg(mean("v")), "a1", mode="update")


def apply_in_pandas_is_stateless(spark, tmp):
    def count(frame):
        return frame.groupby("k", as_index=False).agg(n=("v", "sum"))

    return run(spark, tmp, lambda df: df.groupBy("k").applyInPandas(count, "k string, n long"), "a1 a2 b1", "a3:5", "c1")
