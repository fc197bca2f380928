"""Aggregates: values, types, nulls, NaN, overflow, empty input, grouping."""

from pyspark.sql import functions as F

VIEWS = {
    "t": "SELECT * FROM VALUES ('a', 1, 1.5D, 1.10, true), ('a', 2, double('NaN'), 2.20, false), ('b', null, -0.0D, null, null), ('b', 4, 0.0D, 4.40, true), (null, 5, 2.5D, 5.50, false) AS t(k, i, d, p, b)",
    "none": "SELECT * FROM t WHERE i > 100",
    "n": "SELECT CAST(null AS INT) AS i, CAST(null AS STRING) AS k",
}

_EACH = [
    "count(*)", "count(i)", "count(DISTINCT k)", "count(DISTINCT i, k)", "count(i, k)", "sum(i)", "sum(d)", "sum(p)", "sum(DISTINCT i)", "avg(i)", "avg(p)", "avg(d)", "mean(i)", "min(i)", "max(k)", "min(d)", "max(d)", "min(b)", "max(p)",
    "first(i)", "last(i)", "first(i, true)", "last(i, true)", "first_value(k) IS NOT NULL", "any_value(i) IS NOT NULL", "sort_array(collect_list(i))", "sort_array(collect_set(k))", "sort_array(collect_set(d))", "size(collect_list(k))", "sort_array(array_agg(i))",
    "stddev(i)", "stddev_samp(i)", "stddev_pop(i)", "variance(i)", "var_samp(i)", "var_pop(i)", "skewness(i)", "kurtosis(i)", "corr(i, p)", "covar_pop(i, p)", "covar_samp(i, p)", "regr_slope(i, p)", "regr_count(i, p)",
    "approx_count_distinct(k)", "percentile(i, 0.5)", "percentile(i, array(0.25, 0.75))", "percentile_approx(i, 0.5)", "percentile_approx(d, array(0.5, 1.0), 100)", "median(i)", "mode(k)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY i)", "percentile_disc(0.5) WITHIN GROUP (ORDER BY i)",
    "max_by(k, i)", "min_by(k, i)", "bool_and(b)", "bool_or(b)", "every(b)", "some(b)", "any(b)", "count_if(b)", "bit_and(i)", "bit_or(i)", "bit_xor(i)", "sum(i) FILTER (WHERE k = 'a')", "count(*) FILTER (WHERE i > 2)", "sum(i) + 1", "sum(i + 1)", "max(struct(i, k)).k", "product(i)", "try_sum(i)", "try_avg(i)", "string_agg(k, ',') IS NOT NULL", "listagg(k, ',') WITHIN GROUP (ORDER BY k)", "hll_sketch_estimate(hll_sketch_agg(i))", "histogram_numeric(i, 2)", "sum(b)", "sum(k)", "avg(k)",
]

OVER = [("t", _EACH), ("none", [e for e in _EACH if "approx" not in e and e not in {"sum(b)", "sum(k)", "avg(k)"}][:60]), ("n", ["count(*)", "count(i)", "sum(i)", "avg(i)", "min(i)", "max(k)", "collect_list(i)", "first(i)", "stddev(i)", "approx_count_distinct(i)"])]

QUERIES = [
    "SELECT avg(DISTINCT d) FROM VALUES (0.0D), (-0.0D), (3.0D) AS z(d)", "SELECT sort_array(collect_list(DISTINCT d)) FROM VALUES (0.0D), (-0.0D), (3.0D), (double('NaN')), (null) AS z(d)", "SELECT size(array_agg(DISTINCT d)), count(DISTINCT d), sum(DISTINCT d) FROM VALUES (0.0D), (-0.0D), (3.0D), (double('NaN')), (null) AS z(d)", "SELECT collect_list(DISTINCT struct(d)) FROM VALUES (-0.0D), (-0.0D) AS z(d)", "SELECT skewness(DISTINCT d), kurtosis(DISTINCT d) FROM VALUES (0.0D), (-0.0D), (3.0D), (4.0D) AS z(d)", "SELECT count(DISTINCT d, i) FROM VALUES (0.0D, 1), (-0.0D, 1), (double('NaN'), 2), (null, 3) AS z(d, i)",
    "SELECT k, count(*), sum(i), avg(d) FROM t GROUP BY k ORDER BY k",
    "SELECT k, count(*) AS n FROM t GROUP BY k HAVING n > 1 ORDER BY k",
    "SELECT k, sum(i) FROM t GROUP BY k HAVING sum(i) IS NOT NULL AND count(*) > 1 ORDER BY k",
    "SELECT i % 2 AS odd, count(*) FROM t GROUP BY odd ORDER BY odd",
    "SELECT i % 2, count(*) FROM t GROUP BY 1 ORDER BY 1",
    "SELECT i % 2 + 1, count(*) FROM t GROUP BY i % 2 ORDER BY 1",
    "SELECT d, count(*) FROM t GROUP BY d ORDER BY d",
    "SELECT k, b, count(*) FROM t GROUP BY k, b ORDER BY k, b",
    "SELECT k, b, count(*), grouping(k), grouping_id() FROM t GROUP BY ROLLUP(k, b) ORDER BY grouping_id(), k, b",
    "SELECT k, count(*) FROM t GROUP BY CUBE(k) ORDER BY k, 2",
    "SELECT k, b, sum(i) FROM t GROUP BY GROUPING SETS ((k), (b), ()) ORDER BY k, b, 3",
    "SELECT DISTINCT k FROM t ORDER BY k",
    "SELECT count(*) FROM none",
    "SELECT k, count(*) FROM none GROUP BY k",
    "SELECT k, i FROM t GROUP BY k",
    "SELECT k, sum(i) FROM t",
    "SELECT sum(sum(i)) FROM t",
    "SELECT k FROM t WHERE sum(i) > 1",
    "SELECT k, collect_list(i) FROM t GROUP BY 7",
    "SELECT sum(x) FROM VALUES (9223372036854775807L), (1L) AS v(x)",
    "SELECT sum(x), avg(x) FROM VALUES (2147483647), (2147483647) AS v(x)",
    "SELECT sum(x) FROM VALUES (CAST(9e37 AS DECIMAL(38,0))), (CAST(9e37 AS DECIMAL(38,0))) AS v(x)",
    "SELECT try_sum(x) FROM VALUES (9223372036854775807L), (1L) AS v(x)",
    "SELECT avg(x), sum(x) FROM VALUES (interval 1 day), (interval 2 day) AS v(x)",
    "SELECT min(x), max(x) FROM VALUES (date'2024-01-01'), (date'2023-01-01') AS v(x)",
    "SELECT max(x), min(x) FROM VALUES (array(1, 2)), (array(1)) AS v(x)",
    "SELECT count(*) FROM t GROUP BY ALL",
    "SELECT k, sum(i) FROM t GROUP BY ALL ORDER BY k",
    "SELECT map_keys(m) FROM (SELECT map('a', 1) AS m) GROUP BY m",
    "SELECT k, b, i, count(*), grouping_id() FROM t GROUP BY ROLLUP((k, b), i) ORDER BY grouping_id(), k, b, i",
    "SELECT k, b, i, count(*), grouping_id() FROM t GROUP BY CUBE((k, b), i) ORDER BY grouping_id(), k, b, i",
    "SELECT k, b, count(*) FROM t GROUP BY ROLLUP(k, (k, b)) ORDER BY k, b, 3",
    "SELECT k, grouping_id(), count(*) FROM t GROUP BY GROUPING SETS ((k), (k)) ORDER BY k, 3",
    "SELECT k, b, grouping_id(), grouping(k), count(*) FROM t GROUP BY GROUPING SETS ((k), (k), (k, b)) ORDER BY k, b, 3",
    "SELECT sum(cast(9e37 AS DECIMAL(38,0))) FROM VALUES (1), (2), (3), (4) AS v(a)",
    "SELECT try_sum(cast(9e37 AS DECIMAL(38,0))) FROM VALUES (1), (2), (3), (4) AS v(a)",
    "SELECT sum(cast(a * 9e37 AS DECIMAL(38,0))) FROM VALUES (1), (1), (-1) AS v(a)",
    "SELECT sum(DISTINCT cast(a AS DECIMAL(38,2))) FROM VALUES (1), (2), (3), (3) AS v(a)",
    "SELECT a, sum(cast(a AS DECIMAL(38,2))) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM VALUES (1), (2), (3) AS v(a)",
    "SELECT avg(cast(9e37 AS DECIMAL(38,0))) FROM VALUES (1), (2), (3), (4) AS v(a)",
    "SELECT try_avg(cast(9e37 AS DECIMAL(38,0))) FROM VALUES (1), (2), (3), (4) AS v(a)",
    "SELECT avg(cast(9e33 AS DECIMAL(38,0))) FROM VALUES (1), (2), (3), (4) AS v(a)",
    "SELECT avg(cast(a AS DECIMAL(38,10))), avg(cast(-a AS DECIMAL(5,0))) FROM VALUES (1), (2), (2) AS v(a)",
]


def _frame(spark):
    return spark.createDataFrame([("a", 1, 1.5), ("a", 2, 2.5), ("b", 3, None), (None, 4, 0.5)], "k string, i int, d double")


def group_by_count(spark):
    return _frame(spark).groupBy("k").count()


def group_by_several_aggregates(spark):
    return _frame(spark).groupBy("k").agg(F.sum("i").alias("s"), F.avg("d"), F.max("i"), F.countDistinct("i").alias("n"), F.sort_array(F.collect_list("d")).alias("l"))


def group_by_nothing(spark):
    return _frame(spark).groupBy().sum()


def agg_with_a_dict(spark):
    return _frame(spark).agg({"i": "max", "d": "avg"})


def group_by_an_expression(spark):
    df = _frame(spark)
    return df.groupBy((df.i % 2).alias("odd"), F.upper("k")).agg(F.count("*").alias("n"))


def group_by_nan_and_zero(spark):
    df = spark.createDataFrame([(float("nan"),), (float("nan"),), (0.0,), (-0.0,), (None,)], "d double")
    return df.groupBy("d").count()


def pivot_of_values(spark):
    return _frame(spark).groupBy("k").pivot("i", [1, 2]).agg(F.sum("d"))


def rollup_and_cube(spark):
    return [_frame(spark).rollup("k").agg(F.sum("i")).orderBy("k", "sum(i)").collect(), _frame(spark).cube("k").agg(F.grouping("k"), F.count("*")).orderBy("k", "grouping(k)").collect()]


def aggregate_of_an_aggregate(spark):
    return _frame(spark).groupBy("k").agg(F.sum(F.max("i"))).collect()


def grouped_apply_of_an_unknown_function(spark):
    return _frame(spark).groupBy("k").agg({"i": "nosuch"}).collect()


def agg_needs_columns(spark):
    return _frame(spark).groupBy("k").agg("i")


def sum_of_a_string_column(spark):
    return _frame(spark).groupBy().agg(F.sum("k")).collect()


def describe_and_summary(spark):
    df = spark.createDataFrame([(1, "a", 1.5), (2, "b", None), (3, "c", 2.5)], "i int, s string, d double")
    return [df.describe().collect(), df.describe("i").collect(), df.summary("count", "min", "50%", "max").collect()]


def aggregate_filters_and_conditions(spark):
    df = _frame(spark)
    return df.agg(F.sum(F.when(df.k == "a", df.i)).alias("a"), F.count(F.when(df.i > 1, True)).alias("b"), F.count_if(df.d > 1).alias("c"), F.expr("sum(i) FILTER (WHERE d IS NOT NULL)").alias("d"))
