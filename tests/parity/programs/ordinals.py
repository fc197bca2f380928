"""Positions in grouping and ordering: numbers, literals and constants, in calls and in text."""

from pyspark.sql import functions as F
from pyspark.sql.window import Window

VIEWS = {"o": "SELECT * FROM VALUES (1, 'b', 10), (1, 'a', 20), (2, 'a', 30), (3, 'c', 5) AS o(k, s, n)"}


def _t(spark):
    return spark.table("o")


def _off(spark, key, ask):
    spark.conf.set(key, "false")
    try:
        found = ask()
        return [found.columns, [tuple(row) for row in found.collect()]]
    finally:
        spark.conf.unset(key)


def _in_order(df):
    return [df.columns, [tuple(row) for row in df.collect()]]


PYTHON = [
    *[f"_t(spark).groupBy({key}).count()" for key in ("1", "2", "-1", "0", "4", "1, 2", "[1, 2]", "2, 1", "1, 1", "'k', 2", "True", "1.0", "F.lit(1)", "F.lit(2)", "F.lit(3)", "F.lit(4)", "F.lit(0)", "F.lit(-1)", "F.lit('k')", "F.lit('x')", "F.lit(1.5)", "F.lit(None)", "F.lit(True)", "F.lit(1).alias('one')", "F.lit(1).cast('int')", "F.lit(1).cast('bigint')", "F.lit(1) + 0", "F.expr('1')", "F.expr('2')", "F.expr('1 + 0')", "F.expr('1 AS one')", "F.expr('1L')", "F.expr('1S')", "F.expr('-1')", "F.lit(2**40)", "'k', F.lit(1)", "F.lit(1), 'k'", "F.lit(1), F.lit(2)", "F.lit(2), 'k'", "F.col('k'), F.lit('x')")],
    *[f"_t(spark).groupBy({key}).agg(F.sum('n').alias('t'))" for key in ("1", "F.lit(1)", "F.lit(2)", "F.lit('x')", "F.expr('1')")],
    *[f"_t(spark).groupBy({key}).agg(F.col('k'), F.sum('n').alias('t'))" for key in ("F.lit(1)", "F.lit(2)", "F.lit(3)")],
    *[f"_t(spark).groupBy({key}).agg(F.lit(1).alias('one'), F.max('s'))" for key in ("F.lit(1)", "F.lit(2)", "'k'", "F.lit(1).alias('one')")],
    *[f"_t(spark).{kind}({key}).count()" for kind in ("rollup", "cube") for key in ("1", "1, 2", "F.lit(1)", "'k', F.lit(2)", "F.lit('x')")],
    *[f"_t(spark).groupBy({key}).pivot('s', ['a', 'b']).sum('n')" for key in ("1", "F.lit('x')")],
    "_t(spark).groupBy(F.lit(1)).sum('n')", "_t(spark).groupBy(F.lit(1)).max()", "_t(spark).groupBy(F.lit('x')).max()", "_t(spark).groupingSets([[1], []], 1).count()", "_t(spark).groupingSets([[F.lit(1)], []], F.lit(1)).count()",
    *[f"_in_order(_t(spark).coalesce(1).orderBy({key}))" for key in ("1, 2", "2, 3", "-1, 2", "0", "4", "-4", "[2, 1]", "True", "F.lit(1)", "F.lit(2), F.lit(3)", "F.lit(4)", "F.lit(0)", "F.lit(-1)", "F.lit('n')", "F.lit(1.5)", "F.lit(None)", "F.lit(3).desc()", "F.desc(F.lit(3))", "F.lit(3).desc_nulls_last()", "F.lit(3).alias('x')", "F.lit(3) + 0", "F.lit(3).cast('bigint')", "F.expr('3')", "F.expr('3').desc()", "F.expr('3 DESC')", "F.expr('1 + 2')", "F.expr('3L')", "F.lit(2**40)", "F.lit(1), 's'", "'s', F.lit(3)", "1, 3, ascending=False", "2, 3, ascending=[True, False]")],
    *[f"_in_order(_t(spark).coalesce(1).sortWithinPartitions({key}))" for key in ("1, 2", "0", "F.lit(2), F.lit(3)", "F.lit(4)", "F.lit(3).desc()", "F.lit(3) + 0")],
    "_in_order(_t(spark).select('s', 'n').orderBy(F.lit(2)))", "_in_order(_t(spark).select('s', 'n').orderBy(2))", "_in_order(_t(spark).groupBy('s').agg(F.sum('n').alias('t')).orderBy(F.lit(2)))", "_in_order(_t(spark).groupBy('s').agg(F.sum('n').alias('t')).orderBy(2))", "_in_order(_t(spark).groupBy('s').agg(F.sum('n').alias('t')).orderBy(-2))",
    *[f"_in_order(_t(spark).select('k', F.row_number().over(Window.{spec}).alias('r')))" for spec in ("orderBy(F.lit(3))", "partitionBy(F.lit(1)).orderBy('n')")],
    "_t(spark).repartition(2, F.lit(1)).count()", "_t(spark).repartitionByRange(1, F.lit(3)).count()", "_t(spark).dropDuplicates(['k']).count()", "_t(spark).select(F.lit(1)).groupBy(F.lit(1)).count()", "_t(spark).select(F.lit(1), F.max('n'))", "_t(spark).agg(F.lit(1), F.max('n'))",
    "_off(spark, 'spark.sql.groupByOrdinal', lambda: _t(spark).groupBy(F.lit(1)).count())", "_off(spark, 'spark.sql.groupByOrdinal', lambda: _t(spark).groupBy(1).count().orderBy('k'))", "_off(spark, 'spark.sql.groupByOrdinal', lambda: spark.sql('SELECT 7 AS c, count(*) FROM o GROUP BY 1'))", "_off(spark, 'spark.sql.groupByOrdinal', lambda: spark.sql('SELECT k, count(*) FROM o GROUP BY 1'))", "_off(spark, 'spark.sql.orderByOrdinal', lambda: _t(spark).coalesce(1).orderBy(F.lit(3)))", "_off(spark, 'spark.sql.orderByOrdinal', lambda: spark.sql('SELECT * FROM o ORDER BY 3'))", "_off(spark, 'spark.sql.orderByOrdinal', lambda: _t(spark).orderBy(3))", "_off(spark, 'spark.sql.groupByAliases', lambda: spark.sql('SELECT k AS x, count(*) FROM o GROUP BY x'))",
]

QUERIES = [
    "SELECT k, count(*) FROM o GROUP BY 1", "SELECT count(*), k FROM o GROUP BY 2", "SELECT k, s, sum(n) FROM o GROUP BY 1, 2", "SELECT k, s, sum(n) FROM o GROUP BY 2, 1", "SELECT k + 1 AS x, sum(n) FROM o GROUP BY 1", "SELECT k, sum(n) FROM o GROUP BY 2", "SELECT k, sum(n) FROM o GROUP BY 3", "SELECT k, sum(n) FROM o GROUP BY 0", "SELECT k, sum(n) FROM o GROUP BY -1", "SELECT sum(n) FROM o GROUP BY 1 + 0", "SELECT sum(n) FROM o GROUP BY 1L", "SELECT sum(n) FROM o GROUP BY 'k'", "SELECT sum(n) FROM o GROUP BY 1.0", "SELECT sum(n) FROM o GROUP BY NULL", "SELECT sum(n) FROM o GROUP BY true", "SELECT 7 AS c, sum(n) FROM o GROUP BY 1", "SELECT 7, sum(n) FROM o GROUP BY 7", "SELECT 2 AS c, k, sum(n) FROM o GROUP BY 1, 2", "SELECT * FROM o GROUP BY 1, 2, 3", "SELECT *, count(*) FROM o GROUP BY 1, 2, 3", "SELECT o.*, count(*) AS c FROM o GROUP BY 3, 2, 1", "SELECT k, s, sum(n) FROM o GROUP BY ROLLUP (1, 2)", "SELECT k, s, sum(n) FROM o GROUP BY CUBE (1, 2)", "SELECT k, s, sum(n) FROM o GROUP BY GROUPING SETS ((1), (2), ())", "SELECT k, s, sum(n) FROM o GROUP BY 1, 2 GROUPING SETS ((1), (2))", "SELECT k, s, sum(n) FROM o GROUP BY 1, ROLLUP (2)", "SELECT k, s, grouping(k) FROM o GROUP BY ROLLUP (1, 2)", "SELECT k, sum(n) FROM o GROUP BY ALL", "SELECT 1, sum(n) FROM o GROUP BY ALL", "SELECT k, sum(n) FROM o GROUP BY 1 HAVING k > 1", "SELECT k AS kk, sum(n) FROM o GROUP BY kk", "SELECT k AS s, sum(n) FROM o GROUP BY s", "SELECT k, sum(n) OVER () FROM o GROUP BY 1, n",
    "SELECT * FROM o ORDER BY 3", "SELECT * FROM o ORDER BY 2, 1 DESC", "SELECT * FROM o ORDER BY 4", "SELECT * FROM o ORDER BY 0", "SELECT * FROM o ORDER BY -1, n", "SELECT * FROM o ORDER BY 1 + 2, n", "SELECT * FROM o ORDER BY 'n', n", "SELECT * FROM o ORDER BY 3L, n", "SELECT * FROM o ORDER BY NULL, n", "SELECT s, sum(n) FROM o GROUP BY s ORDER BY 2", "SELECT s, sum(n) FROM o GROUP BY 1 ORDER BY 2 DESC", "SELECT s, sum(n) AS t FROM o GROUP BY 1 ORDER BY 3", "SELECT k, s FROM o ORDER BY ALL", "SELECT k, s FROM o UNION SELECT n, s FROM o ORDER BY 1, 2", "SELECT k, row_number() OVER (ORDER BY 3, n) AS r FROM o ORDER BY 2", "SELECT k FROM o SORT BY 1", "SELECT k, n FROM o DISTRIBUTE BY 1 SORT BY 2", "SELECT DISTINCT k FROM o ORDER BY 1 DESC", "SELECT * FROM (VALUES (2), (1)) ORDER BY 1", "SELECT k, n FROM o ORDER BY 2 LIMIT 2", "SELECT array_agg(k) WITHIN GROUP (ORDER BY 1) FROM o", "SELECT listagg(s, ',') WITHIN GROUP (ORDER BY 1) FROM o",
]
