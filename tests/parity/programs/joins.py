"""Joins of every kind, duplicate names, self joins, unions, distinct and the other set operations, ordering."""

from pyspark.sql import functions as F

VIEWS = {"l": "SELECT * FROM VALUES (1, 'a'), (2, 'b'), (2, 'c'), (null, 'n') AS l(id, x)", "r": "SELECT * FROM VALUES (2, 'B'), (3, 'C'), (null, 'N') AS r(id, y)", "n": "SELECT * FROM VALUES (1, 0.5D, DATE'2024-01-31'), (1, -0.0D, NULL), (2, 0.0D, NULL), (NULL, NULL, DATE'2024-01-31'), (2, NULL, NULL), (3, double('NaN'), DATE'1970-01-01') AS n(g, x, d)", "c": "SELECT id, DATE'2024-01-31' AS d, CAST(NULL AS date) AS e FROM range(0, 9, 1, 3)"}

QUERIES = [
    "SELECT count(*) FROM n AS a JOIN n AS b ON a.x <=> b.x WHERE a.d = b.d",
    "SELECT count(*) FROM n AS a LEFT JOIN n AS b ON a.x <=> b.x WHERE a.d = b.d",
    "SELECT count(*) FROM n AS a FULL JOIN n AS b ON a.x <=> b.x WHERE a.d = b.d",
    "SELECT count(*) FROM n AS a JOIN n AS b ON a.x <=> b.x AND a.d = b.d",
    "SELECT count(*) FROM n AS a JOIN n AS b ON a.x = b.x WHERE a.d <=> b.d",
    "SELECT count(*) FROM n a JOIN n b ON a.x <=> b.x JOIN n c ON c.d = a.d",
    "SELECT count(*) FROM n a JOIN n b ON a.x <=> b.x JOIN n c ON c.d = a.d AND c.g = b.g WHERE a.g = b.g",
    "SELECT count(*) FROM n a, n b, n c WHERE a.x <=> b.x AND c.d = a.d AND c.g = b.g",
    "SELECT count(*) FROM n a, n b, n c WHERE a.x <=> b.x AND c.d <=> a.d AND c.g = b.g",
    "SELECT count(*) FROM n a LEFT JOIN n b ON a.x <=> b.x AND a.d <=> b.d WHERE a.g = b.g",
    "SELECT count(*) FROM n a WHERE NOT EXISTS (SELECT 1 FROM n b WHERE a.x <=> b.x AND a.d = b.d)",
    "SELECT b.d, a.e FROM c a JOIN c b ON a.id = b.id ORDER BY 2 DESC, 1 NULLS LAST OFFSET 2",
    "SELECT b.d, a.e FROM c a JOIN c b ON a.id <=> b.id ORDER BY 1, 2",
    "SELECT b.d, a.e, a.id FROM c a LEFT JOIN c b ON a.id = b.id ORDER BY 1, 2, 3",
    "SELECT * FROM l JOIN r ON l.id = r.id", "SELECT * FROM l LEFT JOIN r ON l.id = r.id", "SELECT * FROM l RIGHT OUTER JOIN r ON l.id = r.id", "SELECT * FROM l FULL JOIN r ON l.id = r.id", "SELECT * FROM l LEFT SEMI JOIN r ON l.id = r.id", "SELECT * FROM l LEFT ANTI JOIN r ON l.id = r.id", "SELECT * FROM l CROSS JOIN r", "SELECT * FROM l, r WHERE l.id = r.id", "SELECT * FROM l JOIN r USING (id)", "SELECT * FROM l FULL JOIN r USING (id)", "SELECT * FROM l LEFT JOIN r USING (id)", "SELECT * FROM l RIGHT JOIN r USING (id)", "SELECT * FROM l NATURAL JOIN r", "SELECT * FROM l JOIN r ON l.id <=> r.id", "SELECT * FROM l JOIN r ON l.id < r.id", "SELECT * FROM l LEFT JOIN r ON l.id = r.id AND r.y = 'Z'", "SELECT l.x, r.* FROM l JOIN r ON l.id = r.id", "SELECT a.id, b.x FROM l a JOIN l b ON a.id = b.id WHERE a.x < b.x", "SELECT id FROM l JOIN r ON l.id = r.id", "SELECT l.id FROM l a JOIN r ON a.id = r.id", "SELECT * FROM l JOIN r ON l.id = r.nope", "SELECT * FROM l JOIN r USING (nope)", "SELECT * FROM l JOIN r", "SELECT * FROM l JOIN r ON l.id = r.y",
    "SELECT id FROM l UNION ALL SELECT id FROM r", "SELECT id FROM l UNION SELECT id FROM r", "SELECT id FROM l INTERSECT SELECT id FROM r", "SELECT id FROM l EXCEPT SELECT id FROM r", "SELECT id FROM l EXCEPT ALL SELECT id FROM r", "SELECT id FROM l INTERSECT ALL SELECT id FROM r", "SELECT id FROM l MINUS SELECT id FROM r", "SELECT 1 AS a UNION ALL SELECT 2.5D", "SELECT 1 AS a UNION ALL SELECT 'x'", "SELECT 1 AS a UNION SELECT 1L", "SELECT 1, 2 UNION ALL SELECT 3", "SELECT array(1) UNION ALL SELECT 2", "SELECT date'2024-01-01' AS a UNION ALL SELECT timestamp'2024-01-01 00:00:00'",
    "SELECT * FROM l ORDER BY id, x", "SELECT * FROM l ORDER BY id DESC, x", "SELECT * FROM l ORDER BY id ASC NULLS LAST, x DESC", "SELECT * FROM l ORDER BY id DESC NULLS FIRST, x", "SELECT x FROM l ORDER BY id, x", "SELECT id AS k FROM l ORDER BY k", "SELECT id, x FROM l ORDER BY 2 DESC", "SELECT x FROM l ORDER BY upper(x) DESC", "SELECT d FROM VALUES (double('NaN')), (1D), (null), (double('Infinity')), (-0.0D), (0.0D) AS v(d) ORDER BY d DESC", "SELECT s FROM VALUES ('b'), ('B'), ('a'), (null), (''), ('é'), ('10'), ('9') AS v(s) ORDER BY s", "SELECT b FROM VALUES (true), (null), (false) AS v(b) ORDER BY b", "SELECT l FROM VALUES (array(2)), (array(1, 5)), (null), (array()) AS v(l) ORDER BY l", "SELECT id FROM l ORDER BY nope", "SELECT id FROM l ORDER BY 5",
    "SELECT * FROM l LEFT JOIN r USING (id) WHERE id % 2 = 1", "SELECT * FROM l RIGHT JOIN r USING (id) WHERE id + 1 = 3", "SELECT * FROM l FULL JOIN r USING (id) WHERE id * 2 > 3", "SELECT * FROM l LEFT SEMI JOIN r USING (id) WHERE id % 2 = 0", "SELECT * FROM l LEFT ANTI JOIN r USING (id) WHERE id + 1 = 2", "SELECT * FROM l LEFT JOIN r ON x = lower(y) WHERE x LIKE 'b%'", "SELECT * FROM l LEFT JOIN r ON x = lower(y) WHERE concat(x, 'z') = 'bz'", "SELECT * FROM l FULL JOIN r ON x = lower(y) WHERE substring(x, 1, 1) = 'c'", "SELECT * FROM (SELECT named_struct('f', id) AS s, x FROM l) LEFT JOIN (SELECT named_struct('f', id) AS s, y FROM r) USING (s) WHERE s.f = 2", "SELECT * FROM (SELECT array(id) AS k FROM l) LEFT JOIN (SELECT array(id) AS k, y FROM r) USING (k) WHERE array_contains(k, 2)", "SELECT * FROM (SELECT DATE'2024-01-01' AS d) LEFT JOIN (SELECT DATE'2024-01-01' AS d, 1 AS n) USING (d) WHERE date_add(d, 1) > DATE'2024-01-01'",
]


def _frames(spark):
    l = spark.createDataFrame([(1, "a"), (2, "b"), (2, "c"), (None, "n")], "id int, x string")
    r = spark.createDataFrame([(2, "B"), (3, "C"), (None, "N")], "id int, y string")
    return l, r


def every_kind_by_name(spark):
    l, r = _frames(spark)
    found = {}
    for how in ("inner", "left", "leftouter", "left_outer", "right", "rightouter", "right_outer", "outer", "full", "fullouter", "full_outer", "semi", "leftsemi", "left_semi", "anti", "leftanti", "left_anti", "cross"):
        j = l.join(r, l.id == r.id, how)
        found[how] = [j.columns, sorted(map(str, j.collect()))]
    return found


def using_one_column(spark):
    l, r = _frames(spark)
    return [[how, l.join(r, "id", how).columns, sorted(map(str, l.join(r, "id", how).collect()))] for how in ("inner", "left", "right", "outer", "semi", "anti")]


def using_several_columns(spark):
    l = spark.createDataFrame([(1, 2, "p"), (1, 3, "q")], ["a", "b", "x"])
    r = spark.createDataFrame([(1, 2, "P"), (4, 5, "R")], ["a", "b", "y"])
    return l.join(r, ["a", "b"], "outer")


def on_an_expression_keeps_both(spark):
    l, r = _frames(spark)
    j = l.join(r, l.id == r.id)
    return [j.columns, j.select(l.id, r.id, "x").columns, j.drop(r.id).columns, j.drop("id").columns, j.select(l["*"]).columns]


def a_list_of_conditions(spark):
    l, r = _frames(spark)
    return l.join(r, [l.id == r.id, l.x != r.y])


def cross_join(spark):
    l, r = _frames(spark)
    return l.limit(2).select("x").crossJoin(r.limit(1).select("y"))


def join_without_a_condition(spark):
    l, r = _frames(spark)
    return l.select("x").join(r.select("y"))


def self_join_with_aliases(spark):
    l, _ = _frames(spark)
    a, b = l.alias("a"), l.alias("b")
    return a.join(b, F.col("a.id") == F.col("b.id")).select("a.id", F.col("a.x").alias("p"), F.col("b.x").alias("q")).where("p < q")


def self_join_without_aliases(spark):
    l, _ = _frames(spark)
    return l.join(l, l.id == l.id).collect()


def self_joins_by_columns_of_both_sides(spark):
    a = spark.createDataFrame([(1, 2), (2, 1), (3, 3)], "id int, p int")
    b, c, e = a.select("*"), a.withColumnRenamed("p", "q"), a.filter("id > 1")
    x, y = a.alias("x"), a.alias("y")
    asked = [
        lambda: a.join(b, a.id == b.p),
        lambda: a.join(c, a.id == c.q),
        lambda: a.join(c, a.id == c.id),
        lambda: a.join(e, (a.id == e.id) & (a.p > 1)),
        lambda: a.join(e, a.id < e.id),
        lambda: a.join(a, a.id == a.id + 1),
        lambda: a.join(e, [a.id == e.id, a.p == e.p]),
        lambda: x.join(y, x.id == y.p),
        lambda: x.join(y, F.col("x.id") == F.col("y.p")),
        lambda: a.join(c, (a.id == c.id) & (a.p > 1), "left"),
        lambda: a.join(e, a.id == e.p, "left_semi"),
    ]
    answers = []
    for ask in asked:
        try:
            answers.append(sorted(str(row) for row in ask().collect()))
        except Exception as error:
            answers.append(error.getCondition())
    return answers


def self_join_on_a_name(spark):
    l, _ = _frames(spark)
    return l.join(l, "id").columns


def an_ambiguous_name(spark):
    l, r = _frames(spark)
    return l.join(r, l.id == r.id).select("id").collect()


def an_unknown_kind(spark):
    l, r = _frames(spark)
    return l.join(r, "id", "sideways").collect()


def a_name_that_one_side_lacks(spark):
    l, r = _frames(spark)
    return l.join(r, "y").collect()


def broadcast_and_hint(spark):
    l, r = _frames(spark)
    return [l.join(F.broadcast(r), "id").count(), l.hint("broadcast").join(r.hint("merge"), "id").count()]


def union_by_position(spark):
    l, r = _frames(spark)
    return l.union(r)


def union_all_keeps_duplicates(spark):
    l, _ = _frames(spark)
    return [l.union(l).count(), l.unionAll(l).distinct().count()]


def union_by_name(spark):
    a = spark.createDataFrame([(1, "x")], ["p", "q"])
    b = spark.createDataFrame([("y", 2)], ["q", "p"])
    return a.unionByName(b)


def union_by_name_with_missing_columns(spark):
    a = spark.createDataFrame([(1, "x")], ["p", "q"])
    b = spark.createDataFrame([(2, True)], ["p", "z"])
    return a.unionByName(b, allowMissingColumns=True)


def union_by_name_refuses_missing_columns(spark):
    a = spark.createDataFrame([(1, "x")], ["p", "q"])
    return a.unionByName(a.select("p")).collect()


def union_of_different_widths(spark):
    l, r = _frames(spark)
    return l.union(r.select("id")).collect()


def union_widens_types(spark):
    return spark.createDataFrame([(1,)], ["i"]).union(spark.createDataFrame([(1.5,)], ["d"]))


def intersect_and_except(spark):
    l, r = _frames(spark)
    a, b = l.select("id"), r.select("id")
    return [sorted(map(str, f.collect())) for f in (a.intersect(b), a.intersectAll(b), a.exceptAll(b), a.subtract(b))]


def distinct_and_drop_duplicates(spark):
    df = spark.createDataFrame([(0.0, "a"), (-0.0, "a"), (float("nan"), "b"), (float("nan"), "b"), (None, None), (None, None)], "d double, s string")
    return [df.distinct().count(), sorted(map(str, df.dropDuplicates(["s"]).select("s").collect())), df.drop_duplicates().count(), df.dropDuplicates(["d"]).count(), df.distinct().where("d = 0").collect()]


def drop_duplicates_of_an_unknown_column(spark):
    return spark.range(2).dropDuplicates(["nope"]).collect()


def drop_duplicates_of_a_string(spark):
    return spark.range(2).dropDuplicates("id").collect()


def sort_orders(spark):
    df = spark.createDataFrame([(3, "a"), (None, "b"), (1, None)], "i int, s string")
    return {
        "asc": df.orderBy("i").collect(), "desc": df.orderBy(F.desc("i")).collect(), "col_desc": df.orderBy(df.i.desc()).collect(), "nulls": df.orderBy(df.i.asc_nulls_last(), df.s).collect(), "desc_nulls_first": df.sort(F.desc_nulls_first("i")).collect(),
        "ascending=False": df.orderBy("s", ascending=False).collect(), "list": df.sort(["i", "s"], ascending=[False, True]).collect(), "expression": df.orderBy(-df.i).collect(), "number": df.orderBy(1).collect(), "minus": df.orderBy(-1).collect(),
    }


def sort_of_an_unknown_column(spark):
    return spark.range(2).orderBy("nope").collect()


def sort_by_a_column_that_was_dropped(spark):
    df = spark.createDataFrame([(2, "a"), (1, "b")], ["i", "s"])
    return df.select("s").orderBy(df.i).collect()


def sort_within_partitions(spark):
    return spark.range(4, numPartitions=1).sortWithinPartitions(F.desc("id")).collect()


def limits(spark):
    df = spark.range(10).orderBy("id")
    return [df.limit(2).collect(), df.offset(8).collect(), df.limit(0).collect(), df.offset(1).limit(1).collect(), df.tail(2), df.take(1), df.first(), df.head(), df.head(2), spark.range(0).first(), spark.range(0).head(), spark.range(0).head(1)]


def negative_limit(spark):
    return spark.range(3).limit(-1).collect()
