"""Arrays, maps, structs and functions that take a lambda."""

from pyspark.sql import Row
from pyspark.sql import functions as F

VIEWS = {"t": "SELECT * FROM VALUES (array(3, 1, null, 2), map('a', 1, 'b', null), named_struct('x', 1, 'y', 'p')), (array(), map(), named_struct('x', null, 'y', null)), (null, null, null) AS t(l, m, st)"}

EXPRESSIONS = [
    "array(1, 2, 3)", "array()", "array(1, 2.5D)", "array(1, 'a')", "array(null)", "array(1, null)", "array(1, 2)[0]", "array(1, 2)[2]", "array(1, 2)[-1]", "get(array(1, 2), 5)", "element_at(array(1, 2), 1)", "element_at(array(1, 2), -1)", "element_at(array(1, 2), 3)", "element_at(array(1, 2), 0)", "try_element_at(array(1, 2), 3)", "element_at(map('a', 1), 'z')", "map('a', 1)['z']", "map('a', 1)['a']", "map()", "map('a', 1, 'a', 2)", "map(null, 1)", "map('a')", "map_from_arrays(array('a', 'b'), array(1, 2))", "map_from_entries(array(struct('a', 1)))", "map_keys(map('a', 1, 'b', 2))", "map_values(map('a', 1, 'b', 2))", "map_entries(map('a', 1))", "map_concat(map('a', 1), map('b', 2))", "map_contains_key(map('a', 1), 'a')", "cardinality(map('a', 1))", "str_to_map('a=1;b', ';', '=')",
    "struct(1, 'a')", "named_struct('a', 1, 'b', 'x')", "named_struct('a', 1).a", "struct(1 as x).x", "named_struct('a', 1).z", "size(array(1, 2))", "size(null)", "size(map())", "array_size(array(1))",
    "array_contains(array(1, null), 1)", "array_contains(array(1, null), 2)", "array_contains(array(1), null)", "array_contains(array(1), 'a')", "array_position(array('a', 'b'), 'b')", "array_remove(array(1, 2, 1), 1)", "array_distinct(array(1, 2, 1, null, null))", "array_union(array(1, 2), array(2, 3))", "array_intersect(array(1, 2, 2), array(2, 3))", "array_except(array(1, 2, 2), array(1))", "arrays_overlap(array(1, null), array(2, null))", "arrays_overlap(array(1, 2), array(2))", "arrays_zip(array(1, 2), array('a'))", "array_join(array('a', null, 'b'), ',')", "array_join(array('a', null), ',', '?')", "array_max(array(1, null, 3))", "array_min(array(double('NaN'), 1D))", "sort_array(array(2, null, 1))", "sort_array(array(2, null, 1), false)", "array_sort(array(2, null, 1))", "array_sort(array(1, 2, 3), (a, b) -> b - a)", "reverse(array(1, 2))", "slice(array(1, 2, 3, 4), 2, 2)", "slice(array(1, 2, 3), -2, 2)", "slice(array(1), 0, 1)", "concat(array(1), array(2, 3))", "flatten(array(array(1), array(2, 3)))", "flatten(array(array(1), null))", "array_repeat('x', 3)", "sequence(1, 5)", "sequence(5, 1)", "sequence(1, 6, 2)", "sequence(1, 5, -1)", "shuffle(array(1)) ", "array_append(array(1), 2)", "array_prepend(array(1), 0)", "array_insert(array(1, 3), 2, 2)", "array_insert(array(1), 0, 2)", "array_compact(array(1, null))", "array_agg(1)",
    "transform(array(1, 2), x -> x * 10)", "transform(array(1, 2), (x, i) -> x + i)", "filter(array(1, null, 3), x -> x is not null)", "filter(array(5, 6, 7), (x, i) -> i % 2 = 0)", "exists(array(1, 2), x -> x > 1)", "exists(array(1, null), x -> x > 1)", "forall(array(1, 2), x -> x > 0)", "forall(array(1, null), x -> x > 0)", "aggregate(array(1, 2, 3), 0, (acc, x) -> acc + x)", "aggregate(array(1, 2), 0D, (acc, x) -> acc + x, acc -> acc / 2)", "reduce(array(1, 2), 10, (a, x) -> a - x)", "zip_with(array(1, 2), array(10), (a, b) -> a + b)", "transform_keys(map('a', 1), (k, v) -> upper(k))", "transform_values(map('a', 1), (k, v) -> v + 1)", "map_filter(map('a', 1, 'b', 2), (k, v) -> v > 1)", "map_zip_with(map('a', 1), map('a', 2, 'b', 3), (k, a, b) -> a + b)", "transform(array(array(1, 2), array(3)), x -> transform(x, y -> y + 1))", "transform(array(1, 2), x -> struct(x, x + 1 as y))", "filter(array(1, 2), x -> 'a')", "transform(array(1), x -> z)", "transform(1, x -> x)",
    "array(struct(1 as a, 'x' as b), struct(2, 'y')).a", "array(map('k', 1))[0]['k']", "inline(array(struct(1, 'a')))", "explode(array(1, 2))", "posexplode(array('a'))", "stack(2, 1, 'a', 2, 'b')", "json_array_length('[1,2]')", "array(1, 2) || array(3)",
    "sequence(1D, 3D)", "sequence(1.0, 3.0)", "sequence('a', 'b')", "sequence(true, false)", "sequence(null, null)", "sequence(1, null)",
]

OVER = [
    (
        "t",
        ["size(l)", "l[0]", "sort_array(l)", "array_contains(l, 1)", "transform(l, x -> x + 1)", "filter(l, x -> x > 1)", "aggregate(l, 0, (a, x) -> a + coalesce(x, 0))", "exists(l, x -> x = 2)", "m['a']", "map_keys(m)", "size(m)", "st.x", "st.y || '!'", "st IS NULL", "array_max(l)", "concat(l, array(9))", "array_distinct(l)", "element_at(m, 'b')", "m", "l", "st", "get(l, 1)", "array_join(cast(l as array<string>), '-')", "transform(l, (x, i) -> i)", "map_filter(m, (k, v) -> v IS NOT NULL)"],
    ),
]


def _frame(spark):
    return spark.createDataFrame([(1, [3, 1, 2], {"a": 1}, Row(x=1, y="p")), (2, [], {}, Row(x=None, y=None)), (3, None, None, None)], "id int, l array<int>, m map<string,int>, st struct<x:int,y:string>")


def explode_drops_empty_rows(spark):
    return _frame(spark).select("id", F.explode("l").alias("e"))


def explode_outer_keeps_them(spark):
    return _frame(spark).select("id", F.explode_outer("l").alias("e"))


def explode_of_a_map(spark):
    return _frame(spark).select("id", F.explode("m"))


def posexplode_outer(spark):
    return _frame(spark).select("id", F.posexplode_outer("l"))


def inline_of_structs(spark):
    df = spark.createDataFrame([([Row(a=1, b="x"), Row(a=2, b="y")],)], "s array<struct<a:int,b:string>>")
    return df.select(F.inline("s"))


def two_generators_in_one_select(spark):
    return _frame(spark).select(F.explode("l"), F.explode("m")).collect()


def higher_order_functions(spark):
    df = _frame(spark)
    return df.select(
        "id", F.transform("l", lambda x: x * 2).alias("a"), F.transform("l", lambda x, i: x + i).alias("b"), F.filter("l", lambda x: x > 1).alias("c"), F.exists("l", lambda x: x == 3).alias("d"), F.forall("l", lambda x: x > 0).alias("e"),
        F.aggregate("l", F.lit(0), lambda acc, x: acc + x).alias("f"), F.aggregate("l", F.lit(0), lambda acc, x: acc + x, lambda acc: acc * 10).alias("g"), F.zip_with("l", "l", lambda x, y: x * y).alias("h"), F.transform_values("m", lambda k, v: v + 1).alias("i"),
        F.map_filter("m", lambda k, v: v > 0).alias("j"), F.reduce("l", F.lit(1), lambda a, x: a * x).alias("k"), F.array_sort("l", lambda x, y: y - x).alias("n"),
    )


def a_lambda_sees_other_columns(spark):
    return _frame(spark).select(F.transform("l", lambda x: x + F.col("id")).alias("a"))


def collection_functions(spark):
    df = _frame(spark)
    return df.select(
        "id", F.size("l").alias("a"), F.array_contains("l", 1).alias("b"), F.sort_array("l", asc=False).alias("c"), F.array_max("l").alias("d"), F.slice("l", 1, 2).alias("e"), F.element_at("m", "a").alias("f"), F.map_keys("m").alias("g"), F.map_values("m").alias("h"), F.array_position("l", 1).alias("i"),
        F.array_join(F.col("l").cast("array<string>"), "+").alias("j"), F.array_repeat("id", 2).alias("k"), F.concat("l", "l").alias("o"), F.array_distinct("l").alias("p"), F.get("l", 0).alias("q"), df.st.x.alias("r"), df.st["y"].alias("s"), df.st.getField("x").alias("u"),
    )


def struct_star_and_fields(spark):
    df = _frame(spark)
    return [df.select("st.*").columns, df.select("id", "st.x").columns, df.select(F.col("st.y").alias("q")).collect(), df.select(df.st.withField("z", F.lit(9)).alias("w")).collect(), df.select(df.st.dropFields("x").alias("w")).collect()]
