"""Queries in the place of values and conditions: what they see, what NOT makes of them, where they may stand."""

from pyspark.sql import functions as F

VIEWS = {
    "t": "SELECT * FROM VALUES (1, 10, 'a'), (2, 20, 'b'), (3, null, 'a'), (null, 40, null) AS t(x, y, s)",
    "d": "SELECT * FROM VALUES (1, 5), (3, 30), (null, 7), (2, null) AS d(n, m)",
}

QUERIES = [
    "SELECT x, (x IN (SELECT n FROM d)) = false FROM t",
    "SELECT x FROM t WHERE (x IN (SELECT n FROM d)) = false",
    "SELECT x, x IN (SELECT n FROM d) FROM t",
    "SELECT x, NOT (x IN (SELECT n FROM d)) FROM t",
    "SELECT x, (x IN (SELECT n FROM d WHERE n IS NOT NULL)) = false FROM t",
    "SELECT x, NOT (x IN (SELECT n FROM d) AND y > 10) FROM t",
    "SELECT x, NOT (NOT (x IN (SELECT n FROM d) AND y > 10)) FROM t",
    "SELECT x, NOT (NOT (x IN (SELECT n FROM d)) OR y > 10) FROM t",
    "SELECT x FROM t WHERE NOT (x IN (SELECT n FROM d WHERE t.y < m) AND y > 10)",
    "SELECT x FROM t WHERE NOT (x IN (SELECT n FROM d WHERE t.y < n) AND x IN (SELECT m FROM d))",
    "SELECT x FROM t WHERE NOT (x IN (SELECT n FROM d WHERE t.y < n) AND y > 3)",
    "SELECT x FROM t WHERE NOT (x IN (SELECT n FROM d WHERE t.x < n + 1) OR y > 3)",
    "SELECT x FROM t WHERE (x, y) IN (SELECT n, m FROM d)",
    "SELECT x FROM t WHERE (x, y) IN (SELECT n, m * 2 FROM d)",
    "SELECT x FROM t WHERE (x, 5) IN (SELECT n, m FROM d)",
    "SELECT x FROM t WHERE (x, 5) NOT IN (SELECT n, m FROM d)",
    "SELECT x FROM t WHERE (x, 5) NOT IN (SELECT n, m FROM d WHERE n IS NOT NULL AND m IS NOT NULL)",
    "SELECT x FROM t WHERE (x, 5L) NOT IN (SELECT n, m FROM d) OR x = 3",
    "SELECT x FROM t WHERE (x, 5) IN (SELECT n, m FROM d) OR x = 3",
    "SELECT x, (x, 5) IN (SELECT n, m FROM d) FROM t",
    "SELECT x, (x, 5) IN (SELECT n, m FROM d) AS i FROM t",
    "SELECT x FROM t WHERE (x, y) IN (SELECT n FROM d)",
    "SELECT x FROM t WHERE x IN (SELECT n, m FROM d)",
    "SELECT x FROM t WHERE struct(x) IN (SELECT struct(n) FROM d)",
    "SELECT x FROM t WHERE struct(x) IN (SELECT n FROM d)",
    "SELECT x FROM t WHERE named_struct('a', x) IN (SELECT struct(n) FROM d)",
    "SELECT x FROM t WHERE (x, array(1)) IN (SELECT n, m FROM d)",
    "SELECT x FROM t WHERE (x, y) IN ((1, 10), (2, 3))",
    "SELECT x, (x, y) IN ((1, 10), (2, 3)) FROM t",
    "SELECT x FROM t WHERE (x, y) IN (SELECT n, m FROM d WHERE d.n = t.x)",
    "SELECT x FROM t WHERE (x, 30) NOT IN (SELECT n, m FROM d WHERE d.n = t.x)",
    "SELECT x, (x IN (SELECT n FROM d)) IS FALSE FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) IS NOT TRUE FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) IS NOT FALSE FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) != true FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) <> false FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) <=> false FROM t",
    "SELECT x, false = (x IN (SELECT n FROM d)) FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) = true FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) = (y > 15) FROM t",
    "SELECT x, (x IN (SELECT n FROM d)) IS NULL FROM t",
    "SELECT x, coalesce(x IN (SELECT n FROM d), true) FROM t",
    "SELECT x, if(x IN (SELECT n FROM d), 1, 2) FROM t",
    "SELECT x, CASE WHEN x IN (SELECT n FROM d) THEN 1 WHEN NOT (x IN (SELECT n FROM d)) THEN 2 ELSE 3 END FROM t",
    "SELECT x, (x IN (SELECT n FROM d) AND y > 1) = false FROM t",
    "SELECT x, (x NOT IN (SELECT n FROM d)) = false FROM t",
    "SELECT x, (x NOT IN (SELECT n FROM d)) = true FROM t",
    "SELECT x FROM t WHERE (x NOT IN (SELECT n FROM d)) = false",
    "SELECT x FROM t WHERE (x IN (SELECT n FROM d)) IS FALSE",
    "SELECT x FROM t WHERE (x IN (SELECT n FROM d)) <=> false",
    "SELECT x FROM t WHERE (x IN (SELECT n FROM d WHERE m > 6)) = false OR y = 10",
    "SELECT x FROM t WHERE (x IN (SELECT n FROM d WHERE m > 6)) IS NOT TRUE",
    "SELECT x FROM t WHERE (EXISTS (SELECT 1 FROM d WHERE n = x)) = false",
    "SELECT x, (x + 1, 5) IN (SELECT n, m FROM d) FROM t",
    "SELECT c FROM (SELECT -x AS e, x AS c FROM t) s ORDER BY x",
    "SELECT c FROM (SELECT x AS c FROM t) s ORDER BY y",
    "SELECT c FROM (SELECT x AS c FROM t) ORDER BY y",
    "SELECT c FROM (SELECT x AS c, y FROM t) ORDER BY y",
    "SELECT x AS c FROM t ORDER BY y",
    "WITH s AS (SELECT x AS c FROM t) SELECT c FROM s ORDER BY y",
    "SELECT c FROM (SELECT x AS c FROM t) s WHERE x > 1",
    "SELECT x, s, count(*) FROM t GROUP BY CUBE(x, s), s",
    "SELECT struct(x, y) IN (struct(1, 10), struct(2L, 3L)) FROM t",
    "SELECT struct(x, y) IN (struct(1, 10L)) FROM t",
    "SELECT struct(x AS a) IN (struct(1 AS b), struct(2 AS c)) FROM t",
    "SELECT array(struct(x AS a)) IN (array(struct(1 AS b))) FROM t",
    "SELECT c FROM (SELECT x AS c, x FROM t) s ORDER BY s.x",
    "SELECT c FROM (SELECT x AS c FROM t) s ORDER BY t.x",
    "SELECT (SELECT max(q) FROM (SELECT n AS q FROM d) z WHERE q = x) FROM t",
    "SELECT (x, y) FROM t",
    "SELECT struct(x, y), struct(1, x AS e), (t.x, struct(y)) FROM t",
    "SELECT count((x, y)), count(DISTINCT (x, y)) FROM t",
    "SELECT (x, y) = (1, 10), (x, y) < (2, 5), max((x, y)) FROM t GROUP BY x, y",
    "SELECT (x, y).x, (x, y).y FROM t",
    "SELECT CASE (x, y) WHEN (1, 10) THEN 1 END FROM t",
    "SELECT * FROM t WHERE (x, y) BETWEEN (1, 1) AND (2, 30)",
    "SELECT max(struct(x, y)), max((x, y)) FROM t",
    "SELECT x FROM t WHERE x IN ((SELECT max(n) FROM d))",
    "SELECT x FROM t GROUP BY x HAVING x IN (SELECT n FROM d)",
    "SELECT x FROM t GROUP BY x HAVING NOT (x IN (SELECT n FROM d))",
    "SELECT x FROM t WHERE EXISTS (SELECT 1 FROM d WHERE n > x OR m = y)",
    "SELECT count(*) FROM t GROUP BY x IN (SELECT n FROM d)",
    "SELECT DISTINCT x IN (SELECT n FROM d) FROM t",
]


def sets_of_keys(spark):
    t = spark.table("t")
    frames = [
        t.rollup("x", "x").count(),
        t.groupingSets([["s"], ["x", "s"], []], "x", "s").count(),
        t.groupingSets([["x"], []], "x").agg(F.grouping("x"), F.grouping_id(), F.sum("y")),
        t.groupingSets([[F.col("x") + 1], []], F.col("x") + 1).agg(F.sum("y")),
        t.rollup(F.col("x").alias("k"), "s").agg(F.grouping_id("x", "s")),
    ]
    return [(frame.columns, sorted(map(str, frame.collect()))) for frame in frames]


def a_set_without_the_key_that_is_shown(spark):
    return spark.table("t").groupingSets([["x"], []], "s").count()


def a_left_out_column_behind_an_alias(spark):
    return spark.table("t").select(F.col("x").alias("c")).alias("s").filter("x > 1")


def a_left_out_column_without_an_alias(spark):
    return spark.table("t").select(F.col("x").alias("c")).filter("x > 1")


def a_left_out_order_behind_an_alias(spark):
    return spark.table("t").select(F.col("x").alias("c")).alias("s").orderBy("y")
