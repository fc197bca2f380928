"""Window functions over batch frames: ranks, offsets, frames, null ordering."""

from pyspark.sql import Window
from pyspark.sql import functions as F

VIEWS = {"t": "SELECT * FROM VALUES ('a', 1, 10), ('a', 2, 20), ('a', 2, 30), ('b', 1, null), ('b', null, 5), ('b', 3, 7) AS t(k, o, v)", "moving": "SELECT * FROM VALUES ('a', 1, 0.1D), ('a', 2, double('NaN')), ('a', 3, 0.2D), ('a', 4, 0.7D), ('a', 5, double('Infinity')), ('a', 6, 1.1D), ('a', 7, NULL), ('b', 1, 4.0D), ('b', 2, 1.0D), ('b', 3, -4.5D), ('b', 4, 3.0D) AS t(k, o, x)"}

_SELECT = "SELECT k, o, v, {} AS w FROM t ORDER BY k, o, v"
_WINDOWS = [
    "row_number() OVER (PARTITION BY k ORDER BY o, v)", "rank() OVER (PARTITION BY k ORDER BY o)", "dense_rank() OVER (PARTITION BY k ORDER BY o DESC)", "percent_rank() OVER (PARTITION BY k ORDER BY o)", "cume_dist() OVER (PARTITION BY k ORDER BY o)", "ntile(2) OVER (PARTITION BY k ORDER BY o, v)",
    "lag(v) OVER (PARTITION BY k ORDER BY o, v)", "lag(v, 2, -1) OVER (PARTITION BY k ORDER BY o, v)", "lead(v) OVER (PARTITION BY k ORDER BY o, v)", "lead(v, 1, 0) OVER (PARTITION BY k ORDER BY o, v)", "lag(v) IGNORE NULLS OVER (PARTITION BY k ORDER BY o, v)", "first_value(v) OVER (PARTITION BY k ORDER BY o, v)", "last_value(v) OVER (PARTITION BY k ORDER BY o, v)", "first(v, true) OVER (PARTITION BY k ORDER BY o, v)", "nth_value(v, 2) OVER (PARTITION BY k ORDER BY o, v)",
    "sum(v) OVER (PARTITION BY k ORDER BY o)", "sum(v) OVER (PARTITION BY k)", "sum(v) OVER ()", "sum(v) OVER (ORDER BY k, o, v ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)", "sum(v) OVER (PARTITION BY k ORDER BY o RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)", "avg(v) OVER (PARTITION BY k ORDER BY o ROWS UNBOUNDED PRECEDING)", "count(*) OVER (PARTITION BY k)", "count(v) OVER (PARTITION BY k ORDER BY o)", "min(v) OVER (PARTITION BY k ORDER BY o ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)", "max(v) OVER (PARTITION BY k ORDER BY o DESC)", "sum(v) OVER w", "v - avg(v) OVER (PARTITION BY k)", "collect_list(v) OVER (PARTITION BY k ORDER BY o, v)", "stddev(v) OVER (PARTITION BY k)", "row_number() OVER (ORDER BY o NULLS LAST, v)", "sum(sum(v)) OVER ()",
]
_MOVING = [
    f"SELECT k, o, x, {call} OVER (PARTITION BY k ORDER BY o {frame}) AS w FROM moving ORDER BY k, o"
    for call in ("sum(x)", "avg(x)", "stddev(x)", "corr(x, o)", "regr_slope(x, o)", "bool_and(o > 2)", "some(x > 1)", "bit_and(o)", "bit_or(o)", "bit_xor(o)", "approx_count_distinct(x)", "collect_list(x)", "collect_set(o)", "count_if(x > 1)", "max(x)", "first(x) FILTER (WHERE o > 2)", "listagg(k)", "max_by(x, o)", "sum(o)", "first(struct(x))", "last(array(x), true)")
    for frame in ("ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", "ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING", "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING")
]
QUERIES = [*_MOVING] + [_SELECT.format(w) for w in _WINDOWS if w not in {"sum(v) OVER w", "sum(sum(v)) OVER ()"}] + [
    "SELECT k, o, v, sum(v) OVER w AS w FROM t WINDOW w AS (PARTITION BY k ORDER BY o) ORDER BY k, o, v",
    "SELECT k, sum(v), sum(sum(v)) OVER (ORDER BY k) FROM t GROUP BY k ORDER BY k",
    "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY k ORDER BY v DESC) AS rn FROM t) WHERE rn = 1 ORDER BY k",
    "SELECT k, v FROM t QUALIFY row_number() OVER (PARTITION BY k ORDER BY v DESC) = 1 ORDER BY k",
    "SELECT row_number() OVER (PARTITION BY k) FROM t",
    "SELECT rank() FROM t",
    "SELECT k FROM t WHERE row_number() OVER (ORDER BY k) = 1",
    "SELECT sum(v) OVER (PARTITION BY k ORDER BY k, o RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT count(DISTINCT v) OVER (PARTITION BY k) FROM t",
    "SELECT row_number() OVER (ORDER BY o ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT row_number() OVER (ORDER BY k, o, v ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS r FROM t",
    "SELECT rank() OVER (ORDER BY o RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT lag(v) OVER (ORDER BY o ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT lead(v) OVER (ORDER BY k, o, v ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS l FROM t",
    "SELECT cume_dist() OVER (ORDER BY o ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT cume_dist() OVER (ORDER BY o RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS c FROM t",
    "SELECT sum(o) OVER (ORDER BY date_from_unix_date(o) RANGE BETWEEN 3000000000 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(o) OVER (ORDER BY date_from_unix_date(o) RANGE BETWEEN 1.5 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(o) OVER (ORDER BY date_from_unix_date(o) RANGE BETWEEN 4L PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(o) OVER (ORDER BY date_from_unix_date(o) RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM t ORDER BY o, s",
    *[f"SELECT s, row_number() OVER (ORDER BY s {order}) AS r FROM VALUES ({two}), (null), ({none}), ({one}) AS t(s)" for order in ("NULLS LAST", "NULLS FIRST", "DESC", "DESC NULLS FIRST", "DESC NULLS LAST") for two, none, one in (("named_struct('x', 2)", "named_struct('x', null)", "named_struct('x', 1)"), ("array(2)", "array(CAST(null AS int))", "array(1)"))],
    *[f"SELECT s, sum(1) OVER (ORDER BY s {order}) AS r FROM VALUES (named_struct('x', 2)), (null), (named_struct('x', null)), (named_struct('x', 2)), (null) AS t(s)" for order in ("NULLS LAST", "DESC NULLS FIRST")],
    *[f"SELECT listagg(CAST(s.x AS string), ',') WITHIN GROUP (ORDER BY s {order}) FROM VALUES (named_struct('x', 2)), (named_struct('x', null)), (named_struct('x', 1)) AS t(s)" for order in ("NULLS LAST", "DESC", "DESC NULLS FIRST")],
    "SELECT row_number() OVER (PARTITION BY map(1, 2) ORDER BY o) FROM t",
    "SELECT row_number() OVER (PARTITION BY array(map(1, 2)) ORDER BY o) FROM t",
    "SELECT row_number() OVER (ORDER BY map(1, 2)) FROM t",
    "SELECT listagg('x') WITHIN GROUP (ORDER BY map(1, 2)) FROM t",
    "SELECT sum(1) OVER (ORDER BY named_struct('x', o) RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(1) OVER (ORDER BY named_struct('x', o) RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(1) OVER (ORDER BY k RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT sum(1) OVER (ORDER BY o > 1 RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
]


def _frame(spark):
    return spark.createDataFrame([("a", 1, 10.0), ("a", 2, 20.0), ("b", 1, None), ("b", 2, 7.0)], "k string, o int, v double")


def ranks(spark):
    w = Window.partitionBy("k").orderBy(F.col("v").desc())
    return _frame(spark).select("k", "o", F.row_number().over(w).alias("rn"), F.rank().over(w).alias("r"), F.lag("v", 1).over(w).alias("p"), F.lead("v", 1, 0.0).over(w).alias("n"))


def frames(spark):
    w = Window.partitionBy("k").orderBy("o")
    return _frame(spark).withColumn("s", F.sum("v").over(w.rowsBetween(Window.unboundedPreceding, Window.currentRow))).withColumn("m", F.max("v").over(w.rowsBetween(Window.currentRow, 1))).withColumn("r", F.sum("v").over(w.rangeBetween(-1, 0)))


def top_row_per_group(spark):
    w = Window.partitionBy("k").orderBy(F.desc_nulls_last("v"))
    return _frame(spark).withColumn("rn", F.row_number().over(w)).where("rn = 1").drop("rn")


def share_of_the_total(spark):
    return _frame(spark).select("k", "o", (F.col("v") / F.sum("v").over(Window.partitionBy("k"))).alias("share"))


def a_window_function_without_a_window(spark):
    return _frame(spark).select(F.row_number()).collect()


def a_window_in_a_filter(spark):
    return _frame(spark).filter(F.row_number().over(Window.orderBy("o")) == 1).collect()


def a_range_of_days(spark):
    w = Window.orderBy("d").rangeBetween(-1, 0)
    return _frame(spark).select(F.date_from_unix_date("o").alias("d"), "v").select("d", F.sum("v").over(w))


def a_frame_for_a_ranking(spark):
    return _frame(spark).select(F.rank().over(Window.orderBy("o").rowsBetween(-1, 0))).collect()
