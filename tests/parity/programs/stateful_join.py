"""Joins of streams: with static frames, with each other, their rows, their state and which are refused."""

from pyspark.sql import functions as F
from stateful import attempt, restart, run, started

ZERO = "0 seconds"
KINDS = ["inner", "left", "right", "full", "left_semi", "left_anti"]
RANGE = "rts BETWEEN lts AND lts + interval 5 seconds"


def _join(condition, kind="inner", left="10 seconds", right="10 seconds", above=lambda df: df):
    def build(l, r):
        l = l.withWatermark("lts", left) if left else l
        r = r.withWatermark("rts", right) if right else r
        return above(l.join(r, F.expr(condition), kind))

    return build


def _pairs(df):
    return df.select([c for c in ("lk", "lts", "rk", "rts") if c in df.columns])


CASES = {}

# --- with a static frame ---------------------------------------------------------------------------------------------


def _static(spark):
    return spark.createDataFrame([("a", 1), ("a", 2), ("b", 3), (None, 4)], "k string, n int")


def _with_static(kind, stream_left):
    def build_of(spark):
        static = _static(spark)
        return lambda df: (df.select("k", "v").join(static, "k", kind) if stream_left else static.join(df.select("k", "v"), "k", kind))

    return lambda spark, tmp: run(spark, tmp, build_of(spark), "a1 c2 3", "b:5 a:6")


for _kind in [*KINDS, "cross"]:
    for _left in (True, False):
        CASES[f"{_kind} join of a stream on the {'left' if _left else 'right'} with a static frame"] = _with_static(_kind, _left)

# --- which pairs of streams may be joined ----------------------------------------------------------------------------

CONDITIONS = {
    "equal keys": "lk = rk",
    "equal times": "lk = rk AND lts = rts",
    "times between": "lk = rk AND rts BETWEEN lts AND lts + interval 5 seconds",
    "a lower bound of the left time": "lk = rk AND lts > rts - interval 5 seconds",
    "an upper bound of the left time": "lk = rk AND lts <= rts + interval 5 seconds",
    "no equality": "lts = rts OR lk = rk",
    "times between alone": "rts BETWEEN lts AND lts + interval 5 seconds",
}
MARKS = {"neither": (None, None), "left": (ZERO, None), "right": (None, ZERO), "both": (ZERO, ZERO)}


def _legal(kind, condition):
    def ask(spark, tmp):
        return {
            f"{mode}, watermark on {mark}": attempt(lambda mode=mode, delays=delays: started(spark, tmp, _join(condition, kind, *delays), mode, sides=2))
            for mode in ("append", "update", "complete") for mark, delays in MARKS.items()
            if mode == "append" or mark in ("both", "neither")
        }

    return ask


for _kind in KINDS:
    for _name, _condition in CONDITIONS.items():
        CASES[f"may be joined: {_kind}, {_name}"] = _legal(_kind, _condition)


def a_cross_join_of_streams(spark, tmp):
    return run(spark, tmp, lambda l, r: l.crossJoin(r), "a1 ; b1")


def joins_without_an_equality_fail_when_they_run(spark, tmp):
    conditions = ["lts < rts", "lk <> rk", "lk = rk OR lts = rts", RANGE, "lk = 'a' AND rk = 'a'", "upper(lk) = upper(rk)", "lk <=> rk", "lk = rk OR lk = rk"]
    return {text: attempt(lambda text=text: run(spark, tmp, _join(text, above=_pairs), "a1 ; a2", "b1 ; a3")) for text in conditions}


def an_aggregate_joined_with_a_stream(spark, tmp):
    def build(l, r):
        counts = l.withWatermark("lts", ZERO).groupBy("lk", F.window("lts", "10 seconds")).count()
        return counts.join(r.withWatermark("rts", ZERO).withColumn("w", F.window("rts", "10 seconds")), F.expr("lk = rk and window = w")).select("lk", "count", "rts")

    return run(spark, tmp, build, "a1 a2 ; a3", "b15 ; b16 a4", "c30 ; c31", "d60 ; d61")


# --- the worked example, by kind -------------------------------------------------------------------------------------

EXAMPLE = ("a1 b2 ; a3", "c20 ; z20", "d40 ; c22", "e60 ; y60", "e80 ; y80")


def _example(kind, mode="append"):
    return lambda spark, tmp: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, above=_pairs), *EXAMPLE, mode=mode)


for _kind in KINDS[:5]:
    CASES[f"the worked example: {_kind}"] = _example(_kind)
for _kind in ("inner", "left_semi"):
    CASES[f"the worked example in update: {_kind}"] = _example(_kind, "update")
for _kind in KINDS[:5]:
    CASES[f"equal times as keys: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join("lk = rk AND lts = rts", kind, ZERO, ZERO, _pairs), "a1 b2 ; a1 c2", "b2 d5 ; b2 c9", "e20 ; f20", "f20 ; e20", "g40 ; g40")
for _kind in KINDS[:5]:
    CASES[f"window keys: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, lambda l, r: l.withWatermark("lts", ZERO).select("lk", F.window("lts", "10 seconds").alias("lw")).join(r.withWatermark("rts", ZERO).select("rk", F.window("rts", "10 seconds").alias("rw")), F.expr("lk = rk and lw = rw"), kind), "a1 b2 ; a3", "c12 ; b4", "d35 ; c14", "e50 ; e50")
for _kind in KINDS[:5]:
    CASES[f"null keys: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "1 a1 ; 2 a2 b3", "3 ; 4", "c40 ; c40", "d60 ; d60")
for _kind in KINDS[:5]:
    CASES[f"null times: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "a a1 ; a a2", "b ; b3", "c40 ; c40", "d60 ; d60")
for _kind in KINDS[:5]:
    CASES[f"after a restart: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "a1 b2 ;", restart(), "; a3 d3", restart(), "c40 ; c40", restart(), "e50 ; e50", "f90 ; f90")
for _kind in ("left", "right", "full", "left_semi"):
    CASES[f"a condition of one side: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join(f"lk = rk AND {RANGE} AND lv < 1000 AND lk <> 'q' AND rv <> 7", kind, ZERO, ZERO, _pairs), "a1 q1 b2:2000 ; a2 q2 b3", "c4:7 ; c5:7", "d40 ; d40", "e60 ; e60")
for _kind in ("left", "right", "full", "left_semi", "inner"):
    CASES[f"many rows of one key: {_kind}"] = lambda spark, tmp, kind=_kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, "20 seconds", "20 seconds", _pairs), "a1 a2 a3 ; a2 a4 a9", "a4 a30 ; a6 a31", "a50 ; a50", "b90 ; b90")


# --- bounds ----------------------------------------------------------------------------------------------------------

BOUNDS = [
    "rts >= lts AND rts <= lts + interval 5 seconds", "rts > lts AND rts < lts + interval 5 seconds", "rts - interval 5 seconds <= lts AND lts <= rts", "lts BETWEEN rts - interval 5 seconds AND rts", "cast(rts as double) - cast(lts as double) BETWEEN 0 AND 5", "unix_timestamp(rts) >= unix_timestamp(lts)", "rts < lts + interval 5 seconds", "rts > lts - interval 5 seconds", "lts > rts - interval 5 seconds AND lts < rts + interval 3 seconds", "lts < rts + interval 5 seconds AND rts < lts + interval 3 seconds",
    "lts = rts", "rts BETWEEN lts AND lts + interval 1 month", "date_trunc('minute', rts) >= lts AND rts <= lts + interval 5 seconds", "NOT (rts < lts) AND NOT (rts > lts + interval 5 seconds)", "cast(rts as long) >= cast(lts as long) AND cast(rts as long) <= cast(lts as long) + 5", "rts >= lts AND rts <= lts + make_interval(0, 0, 0, 0, 0, 0, 5)", "rts >= lts + interval 2 seconds AND rts <= lts + interval 5 seconds AND rts <= lts + interval 3 seconds", "rts BETWEEN lts AND lts + interval 30 seconds", "rts BETWEEN lts - interval 5 seconds AND lts + interval 5 seconds",
]
for _bound in BOUNDS:
    CASES[f"bounds: {_bound}"] = lambda spark, tmp, bound=_bound: run(spark, tmp, _join(f"lk = rk AND {bound}", "inner", ZERO, ZERO, _pairs), "a1 b4 c5 ; a1 b6", "d10 ; d10", "a20 ; c7 a22", "e40 ; e40")
for _bound in BOUNDS[:10] + BOUNDS[13:]:
    CASES[f"bounds, left: {_bound}"] = lambda spark, tmp, bound=_bound: run(spark, tmp, _join(f"lk = rk AND {bound}", "left", ZERO, ZERO, _pairs), "a1 b4 c5 ; a1 b6", "d10 ; d10", "a20 ; c7 a22", "e40 ; e40")
for _conjunct in ("lv > 0", "lv > 15", "lv < 1000", "rv > 0", "lk <> 'q'", "lv + 0 > 0", "lv > rv", "cast(lv as timestamp) < lts"):
    CASES[f"a conjunct that is taken for a bound: {_conjunct}"] = lambda spark, tmp, conjunct=_conjunct: run(spark, tmp, _join(f"lk = rk AND {RANGE} AND {conjunct}", "left", ZERO, ZERO, _pairs), "a1 b2:100 ; a2", "c20 ; d20", "e40 ; f40")


def a_watermark_on_one_side_of_a_range(spark, tmp):
    return {
        "inner, left": attempt(lambda: run(spark, tmp, _join(f"lk = rk AND {RANGE}", "inner", ZERO, None, _pairs), "a1 b2 ; a3", "c20 ; z20", "d40 ; b4")),
        "inner, right": attempt(lambda: run(spark, tmp, _join(f"lk = rk AND {RANGE}", "inner", None, ZERO, _pairs), "a1 b2 ; a3", "c20 ; z20", "d40 ; b4")),
        "left, right": attempt(lambda: run(spark, tmp, _join(f"lk = rk AND {RANGE}", "left", None, ZERO, _pairs), "a1 b2 ; a3", "c20 ; z20", "d40 ; b4")),
    }


def a_watermark_on_one_side_of_equal_times(spark, tmp):
    return {
        "left, left": attempt(lambda: run(spark, tmp, _join("lk = rk AND lts = rts", "left", ZERO, None, _pairs), "a1 b2 ; a1", "c20 ; b2", "d10 e40 ; d10", "f60 ; f60")),
        "left, right": attempt(lambda: run(spark, tmp, _join("lk = rk AND lts = rts", "left", None, ZERO, _pairs), "a1 b2 ; a1", "c20 ; b2 z20", "d10 e40 ; d10 y40", "f60 ; f60")),
    }


def no_watermark_at_all(spark, tmp):
    return run(spark, tmp, _join("lk = rk", "inner", None, None, _pairs), "a1 b2 ; a3", "c20 a9 ; z20 b1", "; c1")


# --- order of work ---------------------------------------------------------------------------------------------------

def matched_rows_never_come_back(spark, tmp):
    return run(spark, tmp, _join("lk = rk AND lts BETWEEN rts AND rts + interval 30 seconds", "left", above=_pairs), "a20 ; a20", "b21 ; zz5", "c60 ; d60", "e100 ; f100")


def a_row_that_matches_in_its_own_batch(spark, tmp):
    return {kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "a1 a1 ; a2", "b30 ; b30") for kind in ("inner", "left_semi")}


def semi_emits_a_stored_row_when_it_matches(spark, tmp):
    return run(spark, tmp, _join("lk = rk AND rts BETWEEN lts AND lts + interval 50 seconds", "left_semi", above=_pairs), "a1 b2 ;", "c3 ; b4 c5", "; b6 a7", "z90 ; z90")


def eviction_by_value_moves_the_last_row(spark, tmp):
    return run(spark, tmp, lambda l, r: _join("lk = rk AND rts BETWEEN lts AND lts + interval 5 seconds", "inner", ZERO, ZERO)(l, r).select("lts", "rts"), "a1 a30 a31 a32 ;", "; a20", "b33 ; a33", "c60 ; c60")


def a_late_row_of_each_side(spark, tmp):
    return {kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "z20 ; z20", "a5 ; a6", "b19 c30 ; b20 c30", "d70 ; d70") for kind in ("inner", "left", "full")}


def rows_of_the_left_side_that_are_past_already(spark, tmp):
    return run(spark, tmp, _join("lk = rk AND lts BETWEEN rts - interval 5 seconds AND rts", "left", "20 seconds", ZERO, _pairs), "z40 ; z40", "a21 b30 ; b31 a50", "c90 ; c90")


def without_no_data_batches(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "full", ZERO, ZERO, _pairs), "a1 ; b2", "c30 ; d30", "e31 ; f31", "g70 ; g70", conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})


def one_side_alone_delivers(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "left", ZERO, ZERO, _pairs), "a1 ;", "b20 ;", "; a2", "; z50", "c60 ;")


def the_highest_of_two_watermarks(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "left", ZERO, ZERO, _pairs), "a1 ; z9", "b20 ; z15", "a2 ; a3", "c60 ;", conf={"spark.sql.streaming.multipleWatermarkPolicy": "max"})


def with_once(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "left", ZERO, ZERO, _pairs), "a1 b2 ; a3", "c20 ; z20", "d40 ; b4", "e60 ; e60", trigger="once")


def over_partitions(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "full", ZERO, ZERO, _pairs), "a1 b1 c1 d1 e1 ; b2 d2 f2 g2", "z40 ; z40", "y60 ; y60", conf={"spark.sql.shuffle.partitions": 3})


# --- shapes ----------------------------------------------------------------------------------------------------------

def by_a_common_column(spark, tmp):
    return {kind: run(spark, tmp, lambda l, r: l.toDF("k", "lts", "lv").join(r.toDF("k", "rts", "rv"), "k", kind), "a1 b2 ; a3", "a4 ; b5") for kind in ("inner",)}


def by_a_common_column_and_time(spark, tmp):
    return {kind: run(spark, tmp, lambda l, r: l.toDF("k", "ts", "lv").withWatermark("ts", ZERO).join(r.toDF("k", "ts", "rv").withWatermark("ts", ZERO), ["k", "ts"], kind), "a1 b2 ; a1:5", "c20 ; d20", "e40 ; e40") for kind in KINDS[:5]}


def by_keys_of_other_types(spark, tmp):
    return run(spark, tmp, _join("cast(lv as long) = rv + 1", "inner", None, None, _pairs), "a1:1 b1:2 ; c1:0 d1:1", "e1:~ ; f1:~")


def by_an_expression(spark, tmp):
    return run(spark, tmp, _join(f"upper(lk) = upper(rk) AND lv % 2 = rv % 2 AND {RANGE}", "left", ZERO, ZERO, _pairs), "a1:1 b1:2 ; A2:3 B2:3", "c30 ; c30", "d60 ; d60")


def null_safe_keys(spark, tmp):
    return run(spark, tmp, _join(f"lk <=> rk AND {RANGE}", "left", ZERO, ZERO, _pairs), "1 a1 ; 2 b2", "c30 ; c30", "d60 ; d60")


def the_sides_swapped(spark, tmp):
    return run(spark, tmp, lambda l, r: r.withWatermark("rts", ZERO).join(l.withWatermark("lts", ZERO), F.expr(f"lk = rk AND {RANGE}"), "left").select("rk", "rts", "lk", "lts"), "a1 b2 ; a3 c4", "z20 ; z20", "y40 ; y40")


def a_join_of_a_stream_with_itself(spark, tmp):
    def build(df):
        l = df.select(F.col("k").alias("lk"), F.col("ts").alias("lts")).withWatermark("lts", ZERO)
        r = df.select(F.col("k").alias("rk"), F.col("ts").alias("rts")).withWatermark("rts", ZERO)
        return l.join(r, F.expr("lk = rk AND rts > lts AND rts <= lts + interval 5 seconds"))

    return run(spark, tmp, build, "a1 a2 b3", "a5 b9", "c30", "c32")


def three_streams_on_equal_times(spark, tmp):
    def build(l, r, x):
        l, r, x = (df.withWatermark(c, ZERO) for df, c in ((l, "lts"), (r, "rts"), (x, "xts")))
        return l.join(r, F.expr("lk = rk and lts = rts"), "left").join(x, F.expr("lk = xk and lts = xts"), "left").select("lk", "rk", "xk")

    return run(spark, tmp, build, "a1 b2 ; a1 ; b2", "x10 ; x10 ; x10", "y20 ; y20 ; y20")


def three_streams_by_ranges(spark, tmp):
    def build(l, r, x):
        l, r, x = (df.withWatermark(c, ZERO) for df, c in ((l, "lts"), (r, "rts"), (x, "xts")))
        return l.join(r, F.expr(f"lk = rk and {RANGE}")).join(x, F.expr("lk = xk and xts between lts and lts + interval 5 seconds")).select("lk", "lts", "rts", "xts")

    return run(spark, tmp, build, "a1 ; a2 ; a3", "b20 ; b20 ;", "; ; b21 z21", "c40 ; c40 ; c40", "d60 ; d60 ; d60")


def three_streams_by_ranges_of_one_time(spark, tmp):
    def build(l, r, x):
        l, r, x = (df.withWatermark(c, ZERO) for df, c in ((l, "lts"), (r, "rts"), (x, "xts")))
        below = l.join(r, F.expr(f"lk = rk and {RANGE}")).select("lk", "lts", F.unix_seconds("rts").alias("r"))
        return below.join(x, F.expr("lk = xk and xts between lts and lts + interval 5 seconds"), "left").select("lk", "lts", "r", "xts")

    return run(spark, tmp, build, "a1 ; a2 ; a3", "b20 ; b20 ;", "; ; b21 z21", "c40 ; c40 ; c40", "d60 ; d60 ; d60", "e90 ; e90 ; e90")


def duplicates_above_a_join_of_one_time(spark, tmp):
    return run(spark, tmp, lambda l, r: _join(f"lk = rk AND {RANGE}", "inner", ZERO, ZERO)(l, r).select("lk", "lts").dropDuplicates(["lk", "lts"]), "a1 ; a2 a3", "b20 ; b20", "c40 ; c40")


def an_aggregate_joined_with_a_stream_of_one_time(spark, tmp):
    def build(l, r):
        counts = l.withWatermark("lts", ZERO).groupBy("lk", F.window("lts", "10 seconds")).count()
        return counts.join(r.withWatermark("rts", ZERO).select("rk", F.window("rts", "10 seconds").alias("w"), "rv"), F.expr("lk = rk and window = w"), "left").select("lk", "window", "count", "rv")

    return run(spark, tmp, build, "a1 a2 ; a3:5", "b15 ; b16:6 a4:7", "c30 ; c31:8", "d60 ; d61", "e90 ; e90")


def a_window_above_a_left_join(spark, tmp):
    return run(spark, tmp, lambda l, r: _join(f"lk = rk AND {RANGE}", "left", ZERO, ZERO)(l, r).groupBy(F.window("lts", "5 seconds")).agg(F.count("*"), F.count("rk").alias("matched")), "a1 b2 ; a3", "c20 ; c20", "d40 ; d40", "e60 ; e60")


def a_window_above_a_join_on_window_keys(spark, tmp):
    return run(spark, tmp, lambda l, r: l.withWatermark("lts", ZERO).select("lk", F.window("lts", "10 seconds").alias("w")).join(r.withWatermark("rts", ZERO).select("rk", F.window("rts", "10 seconds").alias("w")), "w").groupBy("w").count(), "a1 b2 ; c3", "d15 ; e16", "f30 ; g30")


def duplicates_above_a_join(spark, tmp):
    return run(spark, tmp, lambda l, r: _join(f"lk = rk AND {RANGE}", "inner", ZERO, ZERO, _pairs)(l, r).dropDuplicates(["lk", "lts"]), "a1 ; a2 a3", "b20 ; b20", "c40 ; c40")


def duplicates_below_a_join(spark, tmp):
    return run(spark, tmp, lambda l, r: l.withWatermark("lts", ZERO).dropDuplicates(["lk", "lts"]).join(r.withWatermark("rts", ZERO), F.expr(f"lk = rk AND {RANGE}"), "left").select("lk", "lts", "rts"), "a1 a1 b2 ; a2", "a1 z20 ; z20", "y40 ; y40")


def a_union_below_a_join(spark, tmp):
    return run(spark, tmp, lambda l, r, x: l.union(x.toDF("lk", "lts", "lv")).withWatermark("lts", ZERO).join(r.withWatermark("rts", ZERO), F.expr(f"lk = rk AND {RANGE}"), "left").select("lk", "lts", "rts"), "a1 ; a2 ; b3", "; b4 ; a2", "z30 ; z30 ;", "y60 ; y60 ;")


def a_static_join_below_and_above_a_join(spark, tmp):
    static = _static(spark)
    return run(spark, tmp, lambda l, r: l.withWatermark("lts", ZERO).join(static, F.col("lk") == F.col("k")).join(r.withWatermark("rts", ZERO), F.expr(f"lk = rk AND {RANGE}"), "left").select("lk", "n", "rts"), "a1 b2 ; a2", "a30 ; b31", "a60 ; a60")


def aggregates_of_two_streams_joined(spark, tmp):
    def build(l, r):
        a = l.withWatermark("lts", ZERO).groupBy("lk", F.window("lts", "5 seconds")).agg(F.sum("lv").alias("ls"))
        b = r.withWatermark("rts", ZERO).groupBy("rk", F.window("rts", "5 seconds")).agg(F.sum("rv").alias("rs"))
        return a.alias("a").join(b.alias("b"), F.expr("lk = rk and a.window = b.window"), "left").select("lk", "a.window", "ls", "rs")

    return run(spark, tmp, build, "a1 a2 b3 ; a4 c1", "d20 ; d20", "e40 ; e40", "f60 ; f60")


def a_join_in_sql(spark, tmp):
    def build(l, r):
        l.withWatermark("lts", ZERO).createOrReplaceTempView("stateful_left")
        r.withWatermark("rts", ZERO).createOrReplaceTempView("stateful_right")
        return spark.sql(f"SELECT lk, lts, rts FROM stateful_left LEFT JOIN stateful_right ON lk = rk AND {RANGE}")

    return run(spark, tmp, build, "a1 b2 ; a3", "z20 ; z20", "y40 ; y40")


def the_kind_changes_at_a_restart(spark, tmp):
    condition = f"lk = rk AND {RANGE}"
    return {
        f"{one} to {other}": attempt(lambda one=one, other=other: run(spark, tmp, _join(condition, one, ZERO, ZERO, _pairs), "a1 b2 ; a3", restart(build=_join(condition, other, ZERO, ZERO, _pairs)), "c4 ; b5", "z40 ; z40", "y60 ; y60"))
        for one, other in (("inner", "left"), ("left", "inner"), ("left", "full"))
    }


for _one in KINDS[:5]:
    for _other in KINDS[:5]:
        if _one != _other:
            CASES[f"another kind at a restart: {_one} to {_other}"] = lambda spark, tmp, one=_one, other=_other: run(spark, tmp, _join(f"lk = rk AND {RANGE}", one, above=_pairs), "a1 b2 d3 ; a3 d1", restart(build=_join(f"lk = rk AND {RANGE}", other, above=_pairs)), "c4 ; b5 a4 d9", "z60 ; z60", "y90 ; y90")

OTHER_BOUNDS = {
    "a watermark and bounds": (("lk = rk", None, None), (f"lk = rk AND {RANGE}", ZERO, ZERO)),
    "bounds": (("lk = rk", ZERO, ZERO), (f"lk = rk AND {RANGE}", ZERO, ZERO)),
    "no bounds": ((f"lk = rk AND {RANGE}", ZERO, ZERO), ("lk = rk", ZERO, ZERO)),
    "no bounds and no watermark": ((f"lk = rk AND {RANGE}", ZERO, ZERO), ("lk = rk", None, None)),
    "narrower bounds": ((f"lk = rk AND {RANGE}", ZERO, ZERO), ("lk = rk AND rts BETWEEN lts AND lts + interval 1 second", ZERO, ZERO)),
    "another delay": ((f"lk = rk AND {RANGE}", ZERO, ZERO), (f"lk = rk AND {RANGE}", "10 seconds", "10 seconds")),
    "a watermark of the left": (("lk = rk", None, None), ("lk = rk", ZERO, None)),
}
for _name, (_one, _other) in OTHER_BOUNDS.items():
    CASES[f"at a restart: {_name}"] = lambda spark, tmp, one=_one, other=_other: run(spark, tmp, _join(one[0], "inner", *one[1:], _pairs), "a1 b2 ; a3", restart(build=_join(other[0], "inner", *other[1:], _pairs)), "c4 ; b5 a4", "z60 ; z60", "y90 a91 ; y90 a92")


def the_bounds_change_at_a_restart(spark, tmp):
    return run(spark, tmp, _join(f"lk = rk AND {RANGE}", "left", ZERO, ZERO, _pairs), "a1 b2 ; a3", restart(build=_join("lk = rk AND rts BETWEEN lts AND lts + interval 60 seconds", "left", ZERO, ZERO, _pairs)), "c20 ; b40", "z90 ; z90", "y120 ; y120")


def the_columns_change_at_a_restart(spark, tmp):
    return run(spark, tmp, _join("lk = rk", "inner", None, None), "a1 ; a3", restart(build=lambda l, r: l.withColumn("more", F.lit(1)).join(r, F.expr("lk = rk"))), "b4 ; b5 a9")


def nulls_skipped(spark, tmp):
    return run(spark, tmp, _join("lk <=> rk", "inner", None, None, _pairs), "1 a2 ; 3 a4", "5 ; 6", conf={"spark.sql.streaming.stateStore.skipNullsForStreamStreamJoins.enabled": True})


def hints_and_the_side_of_a_broadcast(spark, tmp):
    return run(spark, tmp, lambda l, r: l.hint("broadcast").join(F.broadcast(r), F.expr("lk = rk")).select("lk", "lts", "rts"), "a1 ; a3", "b4 ; b5")


def the_format_of_the_state(spark, tmp):
    return {
        f"{version}, {kind}": attempt(lambda version=version, kind=kind: run(spark, tmp, _join(f"lk = rk AND {RANGE}", kind, ZERO, ZERO, _pairs), "a1 b2 ; a3", "z20 ; z20", conf={"spark.sql.streaming.join.stateFormatVersion": version}))
        for version in (1, 2) for kind in ("inner", "left")
    }
