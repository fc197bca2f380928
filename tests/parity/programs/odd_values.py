"""NaN, -0.0, null and the rest of the odd values in every operation that compares: one definition of equal and of order, seeded tables."""

import random

from pyspark.sql import functions as F

FLOATS = ["0.0D", "-0.0D", "double('NaN')", "-double('NaN')", "sqrt(-1D)", "1.5D", "-1.5D", "double('Infinity')", "double('-Infinity')", "null"]
TEXTS = ["''", "' '", "'a'", "'A'", "'a '", "'ß'", "'ss'", "'é'", "null"]


def _table(seed, rows):
    """A SELECT of seeded rows: a key, a number of the row, and a column of each kind that holds odd values."""
    choose = random.Random(seed)
    some = lambda: choose.choice(FLOATS)
    lists = lambda: f"array({', '.join(some() for _ in range(choose.randrange(1, 4)))})"
    made = [
        f"({choose.randrange(3)}, {row}, cast({some()} as double), cast({some()} as float), named_struct('d', cast({some()} as double), 'x', {choose.randrange(2)}), {lists()}, array(named_struct('d', cast({some()} as double))), {choose.choice(TEXTS)})"
        for row in range(rows)
    ]
    columns = "k int, i int, d double, f float, s struct<d:double,x:int>, a array<double>, n array<struct<d:double>>, t string".split(", ")
    shown = ", ".join(f"cast(col{i + 1} as {column.split(' ', 1)[1]}) AS {column.split(' ', 1)[0]}" for i, column in enumerate(columns))
    return f"SELECT {shown} FROM VALUES {', '.join(made)}"


VIEWS = {"l": _table(1, 14), "r": _table(2, 11)}
KINDS = ["d", "f", "s", "a", "n", "t"]
SCALARS = ["d", "f", "s"]

OF_A_COLUMN = [
    "SELECT {c}, count(*) AS n FROM l GROUP BY {c}", "SELECT DISTINCT {c} FROM l", "SELECT DISTINCT k, {c} FROM l", "SELECT count(DISTINCT {c}) AS n FROM l", "SELECT count(DISTINCT {c}, k) AS n FROM l", "SELECT k, count(DISTINCT {c}) AS n FROM l GROUP BY k", "SELECT k, {c}, count(*) AS n FROM l GROUP BY ROLLUP (k, {c})", "SELECT {c}, count(*) AS n FROM l GROUP BY {c} HAVING count(*) > 1", "SELECT approx_count_distinct({c}) AS n FROM l", "SELECT array_size(collect_set({c})) AS n FROM l", "SELECT array_size(array_distinct(collect_list({c}))) AS n FROM l",
    "SELECT {c} FROM l UNION SELECT {c} FROM r", "SELECT {c} FROM l INTERSECT SELECT {c} FROM r", "SELECT {c} FROM l EXCEPT SELECT {c} FROM r", "SELECT count(*) AS n FROM (SELECT {c} FROM l INTERSECT ALL SELECT {c} FROM r)", "SELECT count(*) AS n FROM (SELECT {c} FROM l EXCEPT ALL SELECT {c} FROM r)",
    "SELECT l.i, r.i FROM l JOIN r ON l.{c} = r.{c}", "SELECT l.i, r.i FROM l JOIN r ON l.{c} <=> r.{c}", "SELECT l.i, r.i FROM l LEFT JOIN r ON l.{c} = r.{c}", "SELECT l.i, r.i FROM l RIGHT JOIN r ON l.{c} <=> r.{c}", "SELECT l.i, r.i FROM l FULL JOIN r ON l.{c} = r.{c} AND l.k = r.k", "SELECT l.i FROM l LEFT SEMI JOIN r ON l.{c} = r.{c}", "SELECT l.i FROM l LEFT ANTI JOIN r ON l.{c} <=> r.{c}", "SELECT l.i, r.i FROM l JOIN r USING ({c})", "SELECT l.i, r.i, l.{c}, r.{c} FROM l JOIN r USING (k, {c})", "SELECT l.i, r.i FROM l JOIN r ON l.k = r.k AND l.{c} >= r.{c}", "SELECT l.i, r.i FROM l JOIN r ON l.{c} < r.{c}", "SELECT l.i, r.i FROM l JOIN r ON array(l.{c}) = array(r.{c})", "SELECT l.i, r.i FROM l JOIN r ON struct(l.{c}, l.k) <=> struct(r.{c}, r.k)",
    "SELECT i FROM l WHERE {c} IN (SELECT {c} FROM r)", "SELECT i FROM l WHERE {c} NOT IN (SELECT {c} FROM r WHERE {c} IS NOT NULL)", "SELECT i FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.{c} = l.{c})", "SELECT i FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE r.{c} <=> l.{c})", "SELECT i, (SELECT count(*) FROM r WHERE r.{c} = l.{c}) AS n FROM l", "SELECT i, {c} IN (SELECT {c} FROM r) AS b FROM l",
    "SELECT l.i, r.i, l.{c} = r.{c}, l.{c} <=> r.{c}, l.{c} < r.{c}, l.{c} <= r.{c}, l.{c} > r.{c}, l.{c} >= r.{c}, l.{c} != r.{c} FROM l CROSS JOIN r", "SELECT l.i, r.i, l.{c} BETWEEN r.{c} AND r.{c}, l.{c} IN (r.{c}), nullif(l.{c}, r.{c}) IS NULL, CASE l.{c} WHEN r.{c} THEN 1 ELSE 0 END, equal_null(l.{c}, r.{c}), array_contains(array(r.{c}), l.{c}), array_position(array(r.{c}), l.{c}), array_size(array_remove(array(r.{c}), l.{c})), array_size(array_union(array(l.{c}), array(r.{c}))), array_size(array_intersect(array(l.{c}), array(r.{c}))), array_size(array_except(array(l.{c}), array(r.{c}))), arrays_overlap(array(l.{c}), array(r.{c})) FROM l CROSS JOIN r WHERE l.{c} IS NOT NULL AND r.{c} IS NOT NULL",
    "SELECT l.i, r.i, greatest(l.{c}, r.{c}), least(l.{c}, r.{c}) FROM l CROSS JOIN r WHERE l.{c} != r.{c}",
    "SELECT i FROM l ORDER BY {c}, i", "SELECT i FROM l ORDER BY {c} DESC, i", "SELECT i FROM l ORDER BY {c} NULLS LAST, i DESC", "SELECT i FROM l ORDER BY {c} DESC NULLS FIRST, i LIMIT 5",
    "SELECT i, rank() OVER (ORDER BY {c}) AS a, dense_rank() OVER (ORDER BY {c} DESC) AS b, percent_rank() OVER (PARTITION BY k ORDER BY {c}) AS c, cume_dist() OVER (PARTITION BY k ORDER BY {c}) AS d FROM l ORDER BY i", "SELECT i, row_number() OVER (PARTITION BY {c} ORDER BY i) AS a, count(*) OVER (PARTITION BY {c}) AS b, sum(i) OVER (PARTITION BY k, {c}) AS c FROM l ORDER BY i", "SELECT i, sum(i) OVER (ORDER BY {c}) AS a, count(*) OVER (ORDER BY {c} RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS b, count(*) OVER (ORDER BY {c} DESC RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS c FROM l ORDER BY i", "SELECT i, lag(i) OVER (ORDER BY {c}, i) AS a, lead(i, 2) OVER (PARTITION BY k ORDER BY {c} DESC, i) AS b, first_value(i) OVER (ORDER BY {c}, i) AS c, ntile(3) OVER (ORDER BY {c}, i) AS d FROM l ORDER BY i",
    "SELECT max(struct({c}, i)).i, min(struct({c}, i)).i FROM l", "SELECT k, max(struct({c}, i)).i, min(struct({c}, i)).i FROM l GROUP BY k", "SELECT max_by(i, struct({c}, i)), min_by(i, struct({c}, -i)) FROM l", "SELECT k, max({c}) = min({c}), max({c}) <=> max({c}) FROM l GROUP BY k", "SELECT sort_array(collect_list(struct({c}, i))).i AS found FROM l", "SELECT sort_array(collect_list(struct({c}, i)), false).i AS found FROM l", "SELECT array_sort(collect_list(struct({c}, i))).i AS found FROM l", "SELECT array_max(collect_list(struct({c}, i))).i, array_min(collect_list(struct({c}, i))).i FROM l",
    "SELECT count(DISTINCT hash({c})) AS n FROM l", "SELECT i, hash({c}), xxhash64({c}) FROM l",
]

OF_A_NUMBER = [
    "SELECT max({c}), min({c}) FROM l", "SELECT k, max({c}) FROM l GROUP BY k", "SELECT sum(DISTINCT {c} + 0.0D) IS NULL FROM l", "SELECT percentile({c}, array(0.0, 0.25, 0.5, 1.0)) FROM l", "SELECT percentile_approx({c}, array(0.0, 0.3, 0.6, 1.0)) FROM l", "SELECT median({c}) FROM l", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {c}), percentile_disc(0.75) WITHIN GROUP (ORDER BY {c} DESC) FROM l", "SELECT mode({c}) FROM l WHERE isnan({c})", "SELECT mode({c}) + 0 FROM l WHERE {c} = 0", "SELECT mode({c}, true) AS found FROM l WHERE isnan({c}) OR {c} IS NULL", "SELECT i, count(*) OVER (ORDER BY {c} RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS a, sum(i) OVER (ORDER BY {c} DESC RANGE BETWEEN UNBOUNDED PRECEDING AND 2 FOLLOWING) AS b FROM l ORDER BY i", "SELECT i, {c} = 0, {c} IN (0, 7), {c} IN (double('NaN'), 1), {c} BETWEEN 0 AND 0, {c} BETWEEN double('NaN') AND double('NaN'), {c} > double('Infinity'), {c} >= -0.0D, {c} < 0.0D, isnan({c}), {c} <=> double('NaN'), {c} <=> -0.0D FROM l", "SELECT i, greatest({c}, double('NaN')), least({c}, double('NaN')), greatest({c}, 1), least({c}, -1), nullif({c}, 0), nanvl({c}, 9), nanvl(7, {c}), coalesce({c}, 0), if({c} = 0, 'zero', 'other'), decode({c}, 0.0D, 'zero', double('NaN'), 'nan') FROM l", "SELECT i FROM l WHERE {c} = 0", "SELECT i FROM l WHERE {c} = double('NaN')", "SELECT i FROM l WHERE {c} > 1", "SELECT i FROM l WHERE NOT {c} <= 1", "SELECT i FROM l WHERE {c} IN (0.0D, double('NaN'))", "SELECT i, sign({c}), abs({c}), -{c}, {c} + 0.0D, {c} * -1, cast({c} as string), cast({c} as float) FROM l", "SELECT * FROM (SELECT k, {c} AS p, i FROM l) PIVOT (count(i) FOR p IN (0.0D AS zero, -0.0D AS minus, 1.5D AS some, null AS none))", "SELECT count(*) FILTER (WHERE {c} = 0), count_if({c} = double('NaN')), bool_or({c} > 1), any_value({c} IS NULL) IS NOT NULL FROM l", "SELECT k, sort_array(collect_set({c} = 0)) AS found FROM l WHERE {c} IS NOT NULL GROUP BY k", "SELECT map_from_arrays(array({c}), array(i))[0.0D] FROM l WHERE {c} IS NOT NULL", "SELECT element_at(map({c}, i), double('NaN')), map_contains_key(map({c}, i), -0.0D), map_keys(map({c}, i)) FROM l WHERE {c} IS NOT NULL", "SELECT width_bucket({c}, -2, 2, 4), round({c}, 1), floor({c} / 10) FROM l WHERE abs({c}) < 5 OR {c} IS NULL",
]

OF_A_LIST = [
    "SELECT i, array_distinct(a) AS a, array_max(a) AS b, array_min(a) AS c, sort_array(a) AS d, sort_array(a, false) AS e, array_sort(a) AS f FROM l", "SELECT i, array_sort(a, (x, y) -> CASE WHEN x < y THEN 1 WHEN x > y THEN -1 ELSE 0 END) AS a FROM l", "SELECT i, array_contains(a, 0.0D), array_contains(a, double('NaN')), array_position(a, -0.0D), array_position(a, double('NaN')) FROM l", "SELECT i, array_remove(a, 0.0D), array_remove(a, double('NaN')) FROM l", "SELECT i, array_compact(a), array_append(a, -0.0D), array_prepend(a, -0.0D) FROM l", "SELECT l.i, r.i, array_union(l.a, r.a), array_intersect(l.a, r.a), array_except(l.a, r.a), arrays_overlap(l.a, r.a) FROM l JOIN r ON l.k = r.k", "SELECT i, filter(a, x -> x = 0), exists(a, x -> x = double('NaN')), forall(a, x -> x >= 0), transform(a, x -> x <=> -0.0D), aggregate(a, 0, (n, x) -> n + if(x = 0, 1, 0)) FROM l", "SELECT i, array_distinct(n), array_contains(n, named_struct('d', 0.0D)), array_contains(n, named_struct('d', double('NaN'))), array_remove(n, named_struct('d', -0.0D)) FROM l", "SELECT l.i, r.i, array_size(array_union(l.n, r.n)), array_size(array_intersect(l.n, r.n)), array_size(array_except(l.n, r.n)), arrays_overlap(l.n, r.n) FROM l JOIN r ON l.k = r.k", "SELECT i, array_distinct(flatten(array(a, a))), array_distinct(array_repeat(a, 2)) FROM l",
    "SELECT map(0.0D, 1, -0.0D, 2)", "SELECT map(double('NaN'), 1, -double('NaN'), 2)", "SELECT map_from_entries(array(struct(0.0D, 1), struct(-0.0D, 2)))", "SELECT map_from_arrays(array(0.0D, -0.0D), array(1, 2))", "SELECT map_concat(map(0.0D, 1), map(-0.0D, 2))", "SELECT map_concat(map(double('NaN'), 1), map(sqrt(-1D), 2))", "SELECT map(-0.0D, 1)", "SELECT map(-0.0D, 1)[0.0D], map(0.0D, 1)[-0.0D], map(double('NaN'), 1)[sqrt(-1D)]", "SELECT map(struct(-0.0D), 1)[struct(0.0D)]", "SELECT map_keys(map(array(-0.0D), 1))", "SELECT map_zip_with(map(0.0D, 1), map(-0.0D, 2), (k, x, y) -> x + y)", "SELECT map_filter(map(-0.0D, 1), (k, v) -> k = 0)", "SELECT str_to_map('a:1,A:2')", "SELECT map('a', 1, 'A', 2)['A']",
    "SELECT hash(0.0D) = hash(-0.0D), hash(0.0F) = hash(-0.0F), xxhash64(0.0D) = xxhash64(-0.0D), hash(double('NaN')) = hash(sqrt(-1D)), hash(struct(-0.0D)) = hash(struct(0.0D)), hash(array(-0.0F)) = hash(array(0.0F))", "SELECT hash(-0.0D), hash(double('NaN')), xxhash64(-0.0D), xxhash64(sqrt(-1D)), hash(array(-0.0D)), hash(named_struct('a', float('NaN')))", "SELECT -0.0D, 0.0D = -0.0D, 0.0D <=> -0.0D, double('NaN') = double('NaN'), double('NaN') <=> null, double('NaN') > double('Infinity'), greatest(0.0D, -0.0D) = 0, array(-0.0D) = array(0.0D), struct(double('NaN')) = struct(sqrt(-1D))", "SELECT array_distinct(array(0.0D, -0.0D)), array_distinct(array(-0.0D, 0.0D)), array_union(array(-0.0D), array(0.0D)), array_intersect(array(-0.0D), array(0.0D)), array_except(array(-0.0D), array(0.0D))", "SELECT * FROM VALUES (-0.0D), (0.0D) AS v(d) WHERE d = 0", "SELECT cast(-0.0D as string), cast(-0.0F as string), concat(-0.0D), to_json(named_struct('d', -0.0D, 'n', double('NaN'))), format_string('%s', -0.0D), cast(-0.0D as int), cast(-0.0D as decimal(3,1)), cast(-0.0D as boolean)", "SELECT d, count(*) FROM VALUES (-0.0D), (0.0D) AS v(d) GROUP BY d", "SELECT d FROM VALUES (-0.0D), (-0.0D) AS v(d) GROUP BY d", "SELECT DISTINCT d FROM VALUES (-0.0D), (-0.0D) AS v(d)", "SELECT max(d), min(d) FROM VALUES (-0.0D) AS v(d)", "SELECT collect_set(d) FROM VALUES (-0.0D), (0.0D) AS v(d)", "SELECT collect_set(d) FROM VALUES (double('NaN')), (sqrt(-1D)), (-double('NaN')) AS v(d)", "SELECT d FROM VALUES (-0.0D) AS v(d) UNION SELECT 0.0D", "SELECT s, count(*) FROM VALUES (struct(-0.0D), 1), (struct(0.0D), 2) AS v(s, i) GROUP BY s", "SELECT a, count(*) FROM VALUES (array(-0.0D)), (array(0.0D)) AS v(a) GROUP BY a", "SELECT m, count(*) FROM VALUES (map(1, -0.0D)), (map(1, 0.0D)) AS v(m) GROUP BY m", "SELECT DISTINCT m FROM VALUES (map(1, 2)), (map(1, 2)) AS v(m)", "SELECT m FROM VALUES (map('a', 1, 'b', 2)), (map('b', 2, 'a', 1)) AS v(m) GROUP BY m",
]

QUERIES = [
    *[text.format(c=kind) for text in OF_A_COLUMN for kind in KINDS],
    *[text.format(c=kind) for text in OF_A_NUMBER for kind in ("d", "f")],
    *OF_A_LIST,
]


def _l(spark):
    return spark.table("l")


def _r(spark):
    return spark.table("r")


def written_by_partition(spark, tmp):
    df = _l(spark).where("d != 0 OR d IS NULL").select("d", "i").repartition(1)
    df.write.partitionBy("d").parquet(str(tmp / "out"))
    return [sorted(p.name for p in (tmp / "out").iterdir() if p.name.startswith("d=")), sorted(map(str, spark.read.parquet(str(tmp / "out")).select("i", F.col("d").cast("string")).collect()))]


def written_and_read(spark, tmp):
    _l(spark).select("i", "d", "f", "s", "a").repartition(1).write.parquet(str(tmp / "out"))
    back = spark.read.parquet(str(tmp / "out"))
    return [sorted(r.i for r in back.where(text).collect()) for text in ("d = 0", "d = double('NaN')", "d > 1", "d < 0", "f = 0", "f >= float('NaN')", "s.d = 0", "s.d = double('NaN')", "d != 0", "NOT (d > 1)", "d <=> double('NaN')")]


PYTHON = [
    *[f"_l(spark).dropDuplicates(['{kind}']).count()" for kind in KINDS], *[f"_l(spark).select('{kind}').distinct().count()" for kind in KINDS], *[f"_l(spark).select('{kind}').intersect(_r(spark).select('{kind}')).count()" for kind in KINDS], *[f"_l(spark).select('{kind}').subtract(_r(spark).select('{kind}')).count()" for kind in KINDS], *[f"_l(spark).select('{kind}').exceptAll(_r(spark).select('{kind}')).count()" for kind in KINDS], *[f"_l(spark).join(_r(spark), '{kind}', '{how}').count()" for kind in KINDS for how in ("inner", "full", "semi", "anti")],
    *[f"_l(spark).approxQuantile('{kind}', [0.0, 0.25, 0.5, 1.0], {error})" for kind in ("d", "f") for error in ("0.0",)], "_l(spark).fillna(0.5).select('i', 'd', 'f')", "_l(spark).dropna(subset=['d', 'f']).select('i')", "_l(spark).replace(0.0, 7.0).select('i', 'd', 'f')", "_l(spark).replace(float('nan'), 7.0).select('i', 'd', 'f')", "_l(spark).replace(-0.0, 7.0).select('i', 'd')", "_l(spark).replace({0.0: 1.0, float('nan'): 2.0}).select('i', 'd')", "_l(spark).replace('a', 'z').select('i', 't')",
    "_l(spark).where(F.col('d').isin(0.0, float('nan'))).select('i')", "_l(spark).where(F.col('d') == float('nan')).select('i')", "_l(spark).where(F.col('d').eqNullSafe(-0.0)).select('i')", "_l(spark).where(F.col('d').between(-0.0, 0.0)).select('i')", "_l(spark).groupBy('k').pivot('d', [0.0, 1.5]).count()", "_l(spark).groupBy('k').pivot('d', [-0.0]).count()", "_l(spark).where('d = 0 OR isnan(d)').groupBy('k').pivot('d').count().columns", "_l(spark).repartition(3, 'd').groupBy(F.spark_partition_id()).agg(F.countDistinct('d').alias('n')).agg(F.sum('n'))", "_l(spark).crosstab('k', 't').count()", "_l(spark).select(F.lit(-0.0), F.lit(float('nan')))", "_l(spark).select(F.min('d'), F.max('d'), F.countDistinct('d', 'f'))", "_l(spark).describe('d').collect()", "_l(spark).summary('min', 'max', 'count').select('d', 'f').collect()", "spark.createDataFrame([(0.0,), (-0.0,), (float('nan'),)], 'd double').distinct().count()", "spark.createDataFrame([(float('nan'), 1), (None, 2)], 'd double, i int').orderBy('d').collect()", "spark.createDataFrame([({-0.0: 1},)], 'm map<double,int>').select(F.col('m')[0.0]).collect()", "spark.createDataFrame([({float('nan'): 1},)], 'm map<double,int>').select(F.col('m')[float('nan')]).collect()",
]
