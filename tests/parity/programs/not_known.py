"""What an optimiser may take for known and is not: names in lists, left out keys, constants, orders and limits."""

from pyspark.sql import functions as F

VIEWS = {
    "nn": "SELECT * FROM VALUES (1L, 1, 'k'), (3L, 2, 'l'), (7L, 3, 'm'), (20L, 9, 'ant') AS t(id, g, s)",
    "big2": "SELECT id, id % 40 AS g, id % 101 AS x FROM range(0, 20000, 1, 8)",
}

_LARGE = " + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 0"

_ROWS = "SELECT * FROM VALUES (3, array(5, 1)), (NULL, array(4)), (1, array(2)) AS v(x, l)"

_T = "(SELECT * FROM VALUES (1L, 1, 0.5D, 'a', array(1, 2)), (2L, 1, -0.0D, 'b', array()), (3L, 2, 0.0D, NULL, array(3, NULL)), (4L, NULL, double('NaN'), 'a', NULL), (NULL, 2, NULL, 'c', array(2)) AS t(id, g, x, s, a))"
_U = "(SELECT * FROM VALUES (1L, 1, 0.5D, true), (1L, 2, double('NaN'), NULL), (3L, 2, 0.0D, false), (NULL, NULL, NULL, NULL), (5L, 1, 2.5D, true) AS u(id, g, x, b))"

_ASKED = [
    f"SELECT t.id FROM {_T} t WHERE {condition} ORDER BY id"
    for condition in (
        f"x NOT IN (SELECT u.x FROM {_U} u WHERE u.id = t.id)",
        f"g NOT IN (SELECT u.g FROM {_U} u WHERE u.b OR t.id = 1)",
        f"g = 1 OR NOT EXISTS (SELECT 1 FROM {_U} u WHERE u.x <=> t.x)",
        f"g = 1 OR EXISTS (SELECT 1 FROM {_U} u WHERE u.id > t.id AND u.b)",
        f"NOT (g = 1 AND EXISTS (SELECT 1 FROM {_U} u WHERE u.x = t.x))",
        f"g = 2 OR x IN (SELECT u.x FROM {_U} u WHERE u.id = t.id)",
        f"g = 2 OR x NOT IN (SELECT u.x FROM {_U} u WHERE u.id = t.id)",
        f"g = 2 OR NOT x NOT IN (SELECT u.x FROM {_U} u WHERE u.id <> t.id)",
        f"coalesce(x IN (SELECT u.x FROM {_U} u WHERE u.g = t.g), true)",
        f"NULL NOT IN (SELECT u.g FROM {_U} u)",
        f"NULL NOT IN (SELECT u.g FROM {_U} u WHERE false)",
        f"year(CAST(NULL AS date)) NOT IN (SELECT u.g FROM {_U} u WHERE u.g > 1)",
        f"3 NOT IN (SELECT u.g FROM {_U} u WHERE u.g IS NOT NULL)",
        f"1 IN (SELECT u.g FROM {_U} u WHERE u.id = t.id)",
        f"id + 1 NOT IN (SELECT u.g FROM {_U} u WHERE u.g IS NOT NULL)",
        f"(SELECT count(*) FROM {_U} u WHERE u.x = t.x) > 0",
        f"(SELECT count(*) FROM {_U} u WHERE u.g = t.id) = 2",
        f"(SELECT max(u.id) FROM {_U} u WHERE upper(u.b) = upper(t.g = 1)) = 5",
        f"(SELECT count(*) FROM {_U} u WHERE struct(u.g) = struct(t.g)) = 0",
        f"(SELECT sum(u.x) FROM {_U} u WHERE u.g + 1 = t.g AND u.b) > 1",
        f"(SELECT max(u.id) FROM {_U} u WHERE u.x <=> t.x) = 1",
        f"(SELECT count(*) FROM {_U} u WHERE u.id >= t.id) = 1",
        f"(SELECT count(*) FROM {_U} u WHERE t.g = 1) = 5",
    )
] + [
    f"SELECT t.id, (SELECT count(*) FROM {_U} u WHERE u.x = t.x) AS n, EXISTS (SELECT 1 FROM {_U} u WHERE u.x = t.x) AS e FROM {_T} t ORDER BY id, n",
    f"SELECT t.id, EXISTS (SELECT 1 FROM {_U} u WHERE u.x <=> t.x) AS e FROM {_T} t ORDER BY id",
]

_LAMBDAS = [
    f"SELECT t.id, transform(v.a, p -> p + 1) AS w, t.s, v.x FROM {_T} t LEFT JOIN {_T} v ON t.g <=> v.g AND v.s = 'a' ORDER BY t.id, v.id",
    f"SELECT t.*, v.*, max(v.g) OVER (PARTITION BY t.s ORDER BY t.id) AS m FROM {_T} t JOIN {_T} v ON t.x = v.x OR exists(t.a, p -> p = 1) ORDER BY t.id, v.id",
    f"SELECT t.id, v.id FROM {_T} t FULL JOIN {_T} v ON t.x = v.x AND exists(t.a, p -> p = v.g) ORDER BY t.id, v.id",
    f"SELECT s, n FROM (SELECT s, aggregate(b, 0, (p, q) -> p + q + g) AS n FROM (SELECT s, g, transform(a, p -> coalesce(p, g)) AS b, id FROM {_T})) ORDER BY s, n",
    f"SELECT transform(a, p -> transform(b, q -> p + q + g)) AS w FROM (SELECT g, a, transform(a, p -> p * 2) AS b FROM {_T}) WHERE g = 1 ORDER BY w",
    f"SELECT aggregate(a, 0, (p, q) -> p + coalesce(q, 1)) AS k, count(*) AS n FROM {_T} GROUP BY ROLLUP(aggregate(a, 0, (x, y) -> x + coalesce(y, 1))) ORDER BY k, n",
    f"SELECT transform(a, p -> p + 1) AS k, count(*) AS n FROM {_T} GROUP BY transform(a, q -> q + 1) ORDER BY n, k",
    f"SELECT transform(a, p -> p + 1) AS k FROM {_T} GROUP BY transform(a, q -> q + 2)",
    f"SELECT DISTINCT transform(a, p -> p + 1) AS k FROM {_T} ORDER BY transform(a, x -> x + 1)",
]

_READ_AGAIN = [
    f"SELECT t.id FROM {_T} t WHERE NOT (g IN (SELECT g FROM {_U} u) AND id > 1) ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE NOT (g IN (SELECT g FROM {_U} u) OR id > 5) ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE NOT (g NOT IN (SELECT g FROM {_U} u) AND id > 1) ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE NOT (NOT (g IN (SELECT g FROM {_U} u WHERE u.id = t.id)) AND id > 1) ORDER BY id",
    f"SELECT t.id, NOT (g IN (SELECT g FROM {_U} u) AND id > 1) AS n FROM {_T} t ORDER BY id",
    f"SELECT t.id, g IN (SELECT g FROM {_U} u) AS n, g NOT IN (SELECT g FROM {_U} u WHERE g IS NOT NULL) AS m, g IN (SELECT g FROM {_U} u WHERE false) AS o FROM {_T} t ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE id > 5 OR g IN (SELECT g FROM {_U} u) ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE id > 5 OR g NOT IN (SELECT g FROM {_U} u) ORDER BY id",
    f"SELECT t.id FROM {_T} t WHERE id > 5 OR x IN (SELECT x FROM {_U} u) ORDER BY id",
    f"SELECT 1 AS one, count(*) AS n FROM {_T} t GROUP BY ROLLUP(1) ORDER BY one",
    f"SELECT 1 AS one, count(*) AS n FROM {_T} t GROUP BY CUBE(1) ORDER BY one",
    f"SELECT g AS k, count(*) AS n FROM {_T} t GROUP BY 1 ORDER BY k",
    f"SELECT g + 1 AS k, count(*) AS n FROM {_T} t GROUP BY ROLLUP(1) ORDER BY k, n",
    "SELECT corr(x,y) AS c FROM VALUES (double('NaN'),1D),(1D,1D) v(x,y)",
    "SELECT corr(x,y) AS c FROM VALUES (double('NaN'),1D),(1D,2D) v(x,y)",
    "SELECT corr(x,y) AS c FROM VALUES (double('Infinity'),1D),(1D,1D) v(x,y)",
    f"SELECT id, (SELECT v.k FROM (SELECT * FROM VALUES (3L,1),(99L,1),(99L,2) w(id,k)) v WHERE v.id = t.id) AS k FROM {_T} t ORDER BY id",
    f"SELECT id, (SELECT v.k FROM (SELECT * FROM VALUES (3L,1),(3L,1),(99L,2) w(id,k)) v WHERE v.id = t.id) AS k FROM {_T} t ORDER BY id",
    "SELECT (SELECT id FROM range(3) WHERE id > 5) AS n, (SELECT id FROM range(3) WHERE id = 2) AS k",
    f"SELECT t.id, u.id AS v FROM {_T} t JOIN {_U} u ON exists(t.a, p -> p = u.g) ORDER BY 1, 2",
    f"SELECT t.id, u.id AS v FROM {_T} t LEFT JOIN {_U} u ON exists(t.a, p -> p = u.g) ORDER BY 1, 2",
    f"SELECT t.id FROM {_T} t LEFT SEMI JOIN {_U} u ON exists(t.a, p -> p = u.g) ORDER BY 1",
    f"SELECT t.id FROM {_T} t WHERE EXISTS (SELECT 1 FROM {_U} u WHERE exists(t.a, p -> p = u.g)) ORDER BY 1",
    f"SELECT t.id, u.id AS v FROM {_T} t CROSS JOIN {_U} u WHERE exists(t.a, p -> p = u.g) ORDER BY 1, 2",
    f"SELECT transform(a, p -> transform(a, q -> q + p)) AS k, count(*) AS n FROM {_T} GROUP BY transform(a, x -> transform(a, y -> y + x)) ORDER BY n, k",
    f"SELECT transform(a, p -> transform(a, q -> q + p)) AS k FROM {_T} GROUP BY transform(a, x -> transform(a, y -> x))",
    "SELECT count(*) FROM range(3) GROUP BY ()",
    "SELECT id, count(*) FROM range(3) GROUP BY id, ()",
    "SELECT DISTINCT values FROM (SELECT 1 AS values)","SELECT ALL values FROM (SELECT 1 AS values)","SELECT DISTINCT values AS v FROM (SELECT 1 AS values)",
    "VALUES 1, 2 UNION ALL VALUES 3, 4","SELECT 1 AS x UNION DISTINCT VALUES 1, 2",
    "SELECT transform(a, (p, i) -> p + i) AS k FROM VALUES (array(1, 2)) AS t(a) GROUP BY transform(a, (x, y) -> x + y)",
    "SELECT transform(array(array(1)), p -> aggregate(p, 0, (q, r) -> q + r + size(p))) AS k",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) c FROM VALUES (date'2022-05-05'),(date'2024-01-01'),(date'2024-01-05'),(date'2024-01-06') t(d) ORDER BY d",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN CURRENT ROW AND INTERVAL 1 DAY FOLLOWING) c FROM VALUES (date'2022-05-05'),(date'2024-01-01'),(date'2024-01-05'),(date'2024-01-06') t(d) ORDER BY d",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 4 DAYS PRECEDING AND INTERVAL 1 DAY PRECEDING) c FROM VALUES (date'2022-05-05'),(date'2024-01-01'),(date'2024-01-05'),(date'2024-01-06') t(d) ORDER BY d",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 36 HOURS PRECEDING AND CURRENT ROW) c FROM VALUES (date'2022-05-05'),(date'2024-01-01'),(date'2024-01-05'),(date'2024-01-06') t(d) ORDER BY d",
    "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW) c FROM VALUES (timestamp'2024-01-05 00:00:00'),(timestamp'2024-01-05 12:00:00'),(timestamp'2024-01-06 11:00:00') t(d) ORDER BY d",
    "SELECT aggregate(array(1.5D, 2.5D), 0, (a,x) -> a + x)",
    "SELECT reduce(array(0.5D, 0.5D), 0, (a,x) -> a + x)",
    "SELECT aggregate(array(1.25, 2.5), 0, (a,x) -> a + x)",
    "SELECT aggregate(array(1,2), 0, (a,x) -> a / x)",
    "SELECT aggregate(array(1,2), 0L, (a,x) -> a + x)",
    "SELECT aggregate(array(1,2), 0, (a,x) -> CAST(a + x AS bigint))",
    "SELECT aggregate(array(1S), 0, (a,x) -> CAST(a + x AS smallint))",
    "SELECT aggregate(array(1,2), 0.0, (a,x) -> a + x)",
    "SELECT aggregate(array(1,2), NULL, (a,x) -> a + x)",
    "SELECT aggregate(array(1,2), array(), (a,x) -> concat(a, array(x)))",
    "SELECT aggregate(array('a','b'), '', (a,x) -> a || x)",
    "SELECT aggregate(array(1,2), CAST(NULL AS int), (a,x) -> coalesce(a, 0) + x)",
    "SELECT aggregate(array(1,2), struct(0 AS s, 0 AS n), (a,x) -> struct(a.s + x AS s, a.n + 1 AS n), a -> a.s / a.n)",
    "SELECT aggregate(array(1,2), struct(0 AS s, 0 AS n), (a,x) -> struct(a.s + x, a.n + 1))",
    "SELECT aggregate(array(1,2), 0, (a,x) -> '5')",
    "SELECT aggregate(array(1,2), 'a', (a,x) -> 5)",
    "SELECT aggregate(array(1,2), 0D, (a,x) -> a + x)",
    "SELECT aggregate(array(1,2), 0D, (a,x) -> x)",
    "SELECT upper(n) u FROM (SELECT lower(n) n FROM VALUES ('B'),('a') v(n)) ORDER BY n",
    "SELECT count(*) OVER (ORDER BY d) c FROM (SELECT -d AS d FROM VALUES (1),(2) t1(d)) ORDER BY d",
    "SELECT c FROM (SELECT -d AS e, d AS c FROM VALUES (1),(2) t(d)) s ORDER BY e",
]

_OTHERS = [
    f"SELECT g, dense_rank() OVER (PARTITION BY x ORDER BY g, s) AS r FROM {_T} WHERE substr(s, 1, 1) = s ORDER BY g, r",
    f"SELECT DISTINCT if(x <> x, s, 'c') AS c FROM {_T}",
    f"SELECT if(g <> g, x, 2.5D) AS c, count(*) AS n FROM {_T} GROUP BY 1",
    "SELECT count(DISTINCT id, x), count(DISTINCT g, x, id) FROM big2",
    "SELECT g, count(DISTINCT id, x) AS n, count(DISTINCT array(x)) AS m FROM big2 GROUP BY g ORDER BY g LIMIT 3",
    "SELECT count(DISTINCT a, b), count(DISTINCT a), count(DISTINCT struct(a, b)) FROM VALUES (1, 0.0D), (1, -0.0D), (1, double('NaN')), (NULL, 1.0D), (2, NULL), (1, double('NaN')) AS t(a, b)",
    "SELECT sum(k) AS s, count(*) AS n FROM (SELECT g, first(struct(id AS k)).k AS k, last(array(x)) AS l FROM big2 GROUP BY g)",
]

QUERIES = [
    *_ASKED,
    *_LAMBDAS,
    *_OTHERS,
    *_READ_AGAIN,
    *[
        f"SELECT id{more} AS a, a AS b, count(*) AS n FROM range(3) GROUP BY {sets} ORDER BY a"
        for more in ("", _LARGE)
        for sets in (f"ROLLUP(id{more})", f"CUBE(id{more})", f"GROUPING SETS ((id{more}), ())")
    ],
    *[
        f"SELECT id % 2{more} AS k, k + 1 AS kk, sum(id) AS s FROM range(4) GROUP BY ROLLUP(id % 2{more}) HAVING {having} ORDER BY k"
        for more in ("", _LARGE)
        for having in ("kk IS NULL", "k IS NULL", "kk > 1", "s > 2")
    ],
    "SELECT id + 1 AS n FROM range(2) GROUP BY ROLLUP(id) ORDER BY n",
    "SELECT id + 1 AS n FROM range(2) GROUP BY ROLLUP(id) HAVING n IS NULL",
    "SELECT struct(k) AS s, array(k) AS a, map('k', k) AS m FROM (SELECT id AS k FROM range(2)) GROUP BY ROLLUP(k) ORDER BY k",
    "SELECT id, id + 1 AS n, count(*) AS c FROM range(2) GROUP BY CUBE(id, id + 1) ORDER BY id, n",
    "SELECT * FROM (SELECT id AS a, a + 1 AS b FROM range(2) GROUP BY ROLLUP(id)) WHERE b IS NULL",
    "SELECT coalesce(id, -1) AS a, grouping(id) AS g FROM range(2) GROUP BY ROLLUP(id) ORDER BY a",
    *[
        f"SELECT {outputs} FROM range(3) WHERE id > 5 GROUP BY {sets}"
        for outputs in ("count(*) AS c", "id, sum(id) AS s", "grouping_id() AS g, count(*) AS c")
        for sets in ("CUBE(id)", "ROLLUP(id)", "GROUPING SETS ((id), ())", "GROUPING SETS (())")
    ],
    "SELECT * FROM (SELECT id, 3L AS a FROM range(3) GROUP BY ROLLUP(id)) WHERE a <> 3",
    "SELECT a, b, grouping_id() AS g, grouping(a) AS ga, grouping(b) AS gb, count(*) AS n FROM VALUES (1, 2), (1, 3), (2, 2) AS t(a, b) GROUP BY CUBE(a, b) ORDER BY g, a, b",
    "SELECT a, grouping_id() AS g, count(*) AS n FROM VALUES (1), (1), (2) AS t(a) GROUP BY GROUPING SETS ((a), (a), ()) ORDER BY g, a",
    *[
        f"SELECT id % 2 AS k, sort_array(collect_list(id)) AS l FROM range(6){where} GROUP BY {sets} ORDER BY k, size(l)"
        for where in ("", " WHERE id % 2 = 0")
        for sets in ("ROLLUP(id % 2, 4L + 0L)", "ROLLUP(id % 2)", "CUBE(4L, id % 2)", "GROUPING SETS ((id % 2, 7), (7), ())")
    ],
    "SELECT k, sort_array(collect_list(id)) AS l FROM (SELECT id % 2 AS k, id FROM range(6) ORDER BY k) GROUP BY ROLLUP(k) ORDER BY k",
    "SELECT k, j, sort_array(collect_list(id)) AS l FROM (SELECT 1 AS k, id % 2 AS j, id FROM range(6)) GROUP BY CUBE(k, j) ORDER BY k, j",
    "SELECT id % 2 AS k, sum(id) AS s FROM range(4) GROUP BY id % 2 ORDER BY s + 1, s + 1 DESC",
    "SELECT id % 2 AS k, sum(id) AS s FROM range(4) GROUP BY id % 2 ORDER BY max(id), max(id) DESC, k",
    *[
        f"SELECT 'b' AS src, id FROM range(5) UNION ALL SELECT 'a' AS src, id + 3 AS id FROM range(5) ORDER BY {order}{limit}"
        for order in ("src, id", "src DESC, id", "id, src", "src, id DESC")
        for limit in (" LIMIT 3", " LIMIT 7", "", " LIMIT 2 OFFSET 4")
    ],
    "SELECT id AS a, id AS b FROM range(3) UNION ALL SELECT id AS a, id AS b FROM range(3) ORDER BY a, b",
    "SELECT id AS a, -id AS b FROM range(3) UNION ALL SELECT id AS a, id AS b FROM range(3) ORDER BY a, b LIMIT 4",
    "SELECT src, count(*) AS n FROM (SELECT 'b' AS src UNION ALL SELECT 'a' UNION ALL SELECT 'b') GROUP BY src ORDER BY src",
    "SELECT src, id, row_number() OVER (PARTITION BY src ORDER BY id DESC) AS r FROM (SELECT 'b' AS src, id FROM range(3) UNION ALL SELECT 'a', id FROM range(2)) ORDER BY src, id",
    "SELECT src, id, rank() OVER (ORDER BY src, id) AS r FROM (SELECT 'b' AS src, id FROM range(3) UNION ALL SELECT 'a', id FROM range(2)) ORDER BY r",
    *[f"SELECT x, explode(l) AS e FROM ({_ROWS}) ORDER BY x, e{limit}" for limit in ("", " LIMIT 1", " LIMIT 3")],
    "SELECT x, y FROM VALUES ('b', 1), ('a', 2), ('c', 0) AS t(x, y) ORDER BY x, y LIMIT 2",
    "SELECT id AS current_date, typeof(current_date) AS t FROM range(1)",
    "SELECT id AS current_user, typeof(current_user) AS t FROM range(1)",
    "SELECT explode(array(1, 2)) AS e, e + 1 AS b",
    "SELECT posexplode(array(3, 4)) AS (p, e), p + e AS b",
    "SELECT 1 AS a, explode(array(1, 2)) AS e, a + e AS b, b + b AS c",
    "SELECT explode(array(1, 2)), col + 1 AS b",
    "SELECT z FROM (SELECT uuid() AS u, u = u AS z FROM range(2))",
    "SELECT count(*) AS n FROM (SELECT uuid() AS a, concat(a, 'x') AS q FROM range(20)) WHERE q <> concat(a, 'x')",
    "SELECT rand() AS r, r - r AS z FROM range(2) WHERE 1 = 0",
    "SELECT id % 3 AS k, count(*) OVER () AS c, c + 1 AS d FROM range(9) GROUP BY id % 3 HAVING k > 0 AND d > 1",
    'SELECT * FROM (SELECT 1 c1, sum(id) n FROM nn) WHERE c1 = 2',
    'SELECT * FROM (SELECT 1 c1, count(*) n FROM nn UNION ALL SELECT 2, count(*) FROM nn) WHERE c1 = 2',
    'SELECT count(*) n FROM nn HAVING (SELECT max(id) FROM nn) < 5',
    'SELECT * FROM nn l LEFT ANTI JOIN (SELECT sum(id) n FROM nn) r ON 1=0',
    'SELECT * FROM nn l LEFT JOIN (SELECT count(*) n FROM nn) r ON l.id > r.n AND 1=0',
    'SELECT g, count(*) OVER () c FROM (SELECT g FROM big2 GROUP BY g) ORDER BY g LIMIT 2',
    'SELECT g, row_number() OVER (PARTITION BY g ORDER BY id) r, count(*) OVER () c FROM nn ORDER BY g LIMIT 2',
    'SELECT * FROM (SELECT * FROM nn ORDER BY id DESC OFFSET 1) ORDER BY id',
    'SELECT * FROM (SELECT * FROM nn ORDER BY id DESC OFFSET 1) ORDER BY id OFFSET 1',
    'SELECT row_number() OVER (ORDER BY id) r, id FROM (SELECT * FROM nn ORDER BY id DESC OFFSET 1)',
    'SELECT a.id i, b.id j, count(*) n FROM nn a JOIN nn b ON a.id=b.id GROUP BY ROLLUP(a.id, b.id) ORDER BY j DESC NULLS LAST, i DESC LIMIT 3',
    'SELECT i, j, n, sum(n) OVER (PARTITION BY i) si, sum(n) OVER (PARTITION BY j) sj FROM (SELECT a.id i, b.id j, count(*) n FROM nn a JOIN nn b ON a.id=b.id GROUP BY ROLLUP(a.id, b.id)) ORDER BY i, j',
    'SELECT k, j, count(*) AS n FROM (SELECT id k, id j FROM nn) GROUP BY CUBE(k, j) ORDER BY j DESC NULLS LAST, k DESC LIMIT 5',
    'SELECT c4, g, count(*) n FROM (SELECT g, max(id) OVER () c4 FROM nn) GROUP BY ROLLUP(c4, g) ORDER BY c4 NULLS LAST, n DESC, g',
    "SELECT l.p, r.q FROM (SELECT 'a' p FROM nn) l FULL JOIN (SELECT 'b' q FROM nn) r ON l.p = r.q ORDER BY p NULLS FIRST, q LIMIT 2",
    'SELECT l.g, r.m, l.id FROM big2 l LEFT JOIN (SELECT max(x) m FROM big2) r ON l.x = r.m ORDER BY g, m DESC NULLS LAST, l.id LIMIT 3',
    'SELECT l.p FROM (SELECT id p, CAST(id AS DOUBLE) x, CAST(id AS DOUBLE) y FROM nn) l JOIN (SELECT CAST(id AS DOUBLE) d FROM nn) r ON l.x = r.d AND l.y = r.d ORDER BY p',
    'SELECT l.p, r.d FROM (SELECT id p, CAST(id AS DOUBLE) x, CAST(id + 1 AS DOUBLE) y FROM nn) l LEFT JOIN (SELECT CAST(id AS DOUBLE) d FROM nn) r ON l.x = r.d AND l.y = r.d ORDER BY p',
    'SELECT l.p, r.d FROM (SELECT id p, CAST(id AS DOUBLE) x, CAST(id + 1 AS DOUBLE) y FROM nn) l FULL JOIN (SELECT CAST(id AS DOUBLE) d FROM nn) r ON l.x <=> r.d AND l.y <=> r.d ORDER BY p, d',
]


def a_key_that_is_given_a_name(spark):
    frame = spark.sql("SELECT * FROM VALUES ('a', 1), ('b', 2), ('a', 3) AS t(k, v)")
    found = frame.groupBy(F.col("k").alias("kk")).agg(F.expr("concat(kk, 'x')").alias("c"), F.sum("v").alias("s"), F.expr("s + 1").alias("t"))
    return [found.columns, sorted(map(tuple, found.collect()))]


def columns_that_read_one_another(spark):
    frame = spark.range(2).withColumn("x", F.col("id") + 10)
    calls = [
        lambda: frame.withColumns({"a": F.expr("x"), "b": F.col("a") + 1}),
        lambda: frame.withColumns({"x": F.lit(0), "b": F.col("x") + 1}),
        lambda: frame.withColumns({"a": F.col("b") + 1, "b": F.col("x")}),
        lambda: frame.withColumns({"x": F.lit(0), "y": F.col("x"), "z": F.col("y") + 1}),
    ]
    answers = []
    for call in calls:
        try:
            found = call()
            answers.append([found.columns, sorted(map(tuple, found.collect()))])
        except Exception as error:
            answers.append([type(error).__name__, error.getCondition()])
    return answers


def a_window_over_a_function(spark):
    spark.udf.register("not_known_inc", lambda v: v + 1, "bigint")
    texts = [
        "SELECT id, lag(not_known_inc(id)) OVER (ORDER BY id) AS w FROM range(5) ORDER BY id",
        "SELECT id, sum(not_known_inc(id)) OVER (ORDER BY id DESC) AS w FROM range(5) ORDER BY id",
        "SELECT id, not_known_inc(id) AS g, row_number() OVER (ORDER BY not_known_inc(-id)) AS w FROM range(5) ORDER BY id",
        "SELECT not_known_inc(id) AS g FROM (SELECT * FROM range(9) ORDER BY id DESC LIMIT 5) ORDER BY g",
    ]
    return [spark.sql(text).collect() for text in texts]


def doubles_that_are_moved_and_sorted(spark):
    frame = spark.createDataFrame([(1, 2.0), (2, 0.5), (3, float("nan")), (4, -0.0), (5, 0.0)], "id long, d double")
    return [
        [row.id for row in frame.repartition("d").orderBy("d", "id").collect()],
        [row.id for row in frame.repartition(3, "d").sortWithinPartitions("d").orderBy("d", "id").collect()],
        frame.repartition("d").groupBy("d").count().count(),
    ]


def a_value_that_differs_from_call_to_call_is_one_under_its_name(spark):
    frames = [
        spark.range(9).withColumns({"u": F.expr("uuid()"), "v": F.col("u")}),
        spark.sql("SELECT uuid() AS u, explode(array(1, 2)) AS e, u AS v FROM range(5)"),
        spark.sql("SELECT uuid() AS u, max(id) AS m, u AS v FROM range(5) GROUP BY id"),
    ]
    return [sum(row.u != row.v for row in frame.collect()) for frame in frames]


def a_column_that_another_replaced(spark):
    frame = spark.createDataFrame([(1, "a", 2.0), (2, "b", None)], "id int, name string, pay double")
    frames = [
        frame.withColumn("id", -F.col("id")).select("name").orderBy("id"),
        frame.alias("q").withColumn("id", -F.col("id")).select("name").filter("id < -1"),
        frame.fillna({"pay": 9.0}).select("name").orderBy("pay"),
        spark.range(3).join(spark.range(3), "id").select(F.lit(1).alias("x")).orderBy("id"),
    ]
    return [frame.collect() for frame in frames]
