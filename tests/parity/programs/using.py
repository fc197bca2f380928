"""Joins by names: the order of columns, the keys of both sides, and writes by position, in calls and in text."""

from pyspark.sql import functions as F

KINDS = ["inner", "left", "right", "full", "semi", "anti", "cross"]
SQL_KINDS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN", "CROSS JOIN"]
VIEWS = {
    "x": "SELECT * FROM VALUES ('p', 1, 10, 2.5), ('q', 2, 20, 3.5), ('r', null, 30, 4.5) AS x(a, k, j, w)",
    "y": "SELECT * FROM VALUES (10, true, 1L), (99, false, 3L), (30, null, null) AS y(j, b, k)",
}


def _x(spark):
    return spark.table("x")


def _y(spark):
    return spark.table("y")


def a_write_by_position_after_a_semi_join(spark):
    spark.sql("DROP TABLE IF EXISTS by_position")
    spark.sql("CREATE TABLE by_position (k int, a string, j int, w double) USING parquet")
    _x(spark).join(_y(spark), "k", "semi").write.insertInto("by_position")
    return spark.table("by_position")


def keys_named_by_both_sides(spark):
    x, y, found = _x(spark), _y(spark), {}
    for how in KINDS[:4]:
        joined = x.join(y, "k", how)
        found[how] = sorted(map(str, joined.select("k", x.k, y.k, x["j"], y["j"]).collect()))
    return found


def a_key_of_another_case(spark):
    x, y = _x(spark), _y(spark).withColumnRenamed("k", "K")
    return [[how, x.join(y, "K", how).columns, y.join(x, "k", how).columns] for how in KINDS[:6]]


def keys_of_one_frame(spark):
    x = _x(spark)
    return [[how, x.join(x, ["j", "k"], how).columns, sorted(map(str, x.join(x, ["j", "k"], how).collect()))] for how in KINDS[:6]]


def aliases_after_the_join(spark):
    x, y, found = _x(spark).alias("l"), _y(spark).alias("r"), {}
    for how in KINDS[:6]:
        joined = x.join(y, ["j"], how)
        names = ["j", "l.j", "l.k"] + (["r.j", "r.k"] if how not in ("semi", "anti") else [])
        found[how] = [joined.columns, joined.select("l.*").columns, sorted(map(str, joined.select(*names).collect()))]
    return found


def a_second_join(spark):
    x, y = _x(spark), _y(spark)
    return [[how, x.join(y, ["k"], how).join(y.select("k", F.lit(1).alias("one")), "k", "semi").columns] for how in KINDS[:6]]


def three_by_one_key(spark):
    x, y = _x(spark), _y(spark)
    z = y.select("k", F.lit(1).alias("z"))
    return [[how, sorted(map(str, x.select("a", "k").join(y, "k", how).join(z, "k", how).collect()))] for how in KINDS[:6]]


PYTHON = [
    *[f"_x(spark).join(_y(spark), {on}, {how!r})" for on in ("'k'", "['k']", "['j', 'k']", "['k', 'j']", "['k', 'k']", "['K']") for how in KINDS],
    "_x(spark).join(_y(spark), 'j', 'semi').select('*')", "_x(spark).join(_y(spark), 'j', 'anti').union(_x(spark).select('j', 'a', 'k', 'w'))", "_x(spark).join(_y(spark), 'j', 'semi').drop('j').columns", "_x(spark).join(_y(spark), 'j', 'semi').toDF('c1', 'c2', 'c3', 'c4')", "_x(spark).join(_y(spark), 'nope', 'semi').columns", "_x(spark).join(_y(spark), ['w', 'j'], 'anti').columns",
    "_x(spark).join(_y(spark), 'k', 'full').drop(_x(spark).k).columns", "_x(spark).join(_y(spark), F.col('a') == 'p', 'semi').columns",
]

QUERIES = [
    *[f"SELECT * FROM x {kind} y USING ({keys})" for kind in SQL_KINDS for keys in ("k", "j, k", "k, j")],
    *[f"SELECT * FROM x NATURAL {kind} y" for kind in SQL_KINDS],
    *[f"SELECT x.*, k FROM x {kind} y USING (k)" for kind in SQL_KINDS[:6]], *[f"SELECT y.*, k FROM x {kind} y USING (k)" for kind in SQL_KINDS[:6]], *[f"SELECT x.k, y.k, k FROM x {kind} y USING (k)" for kind in SQL_KINDS[:4]],
    "SELECT x.k FROM x LEFT SEMI JOIN y USING (k)", "SELECT y.k FROM x LEFT SEMI JOIN y USING (k)", "SELECT * FROM x JOIN y USING (k, k)", "SELECT * FROM x JOIN y USING (K)", "SELECT * FROM x NATURAL JOIN (SELECT 1 AS other)", "SELECT * FROM x FULL JOIN y USING (k) ORDER BY k, a", "SELECT k, count(*) FROM x FULL JOIN y USING (k) GROUP BY k", "SELECT count(x.k), count(y.k), count(k) FROM x FULL JOIN y USING (k)", "SELECT * FROM x FULL JOIN y USING (k) WHERE k > 1", "SELECT * FROM x FULL JOIN y USING (k) WHERE x.k IS NULL", "SELECT * FROM x JOIN y USING (k) JOIN y AS z USING (k)", "SELECT * FROM x FULL JOIN y USING (k) FULL JOIN y AS z USING (k)", "SELECT * FROM x RIGHT JOIN y USING (k) RIGHT JOIN y AS z USING (k)", "SELECT * EXCEPT (k) FROM x JOIN y USING (k)", "SELECT * FROM (SELECT * FROM x LEFT SEMI JOIN y USING (j)) AS q WHERE q.j = 10", "SELECT * FROM x LEFT ANTI JOIN y USING (k) UNION ALL SELECT k, a, j, w FROM x", "SELECT * FROM x NATURAL JOIN y NATURAL JOIN y AS z",
]
