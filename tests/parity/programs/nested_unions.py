"""Unions of structs, lists and maps of structs: fields that are missing, in another order, of another case or type."""

from pyspark.sql import functions as F

SHAPES = {
    "ab": "named_struct('a', 1, 'b', 'x')",
    "ba": "named_struct('b', 'y', 'a', 2)",
    "a": "named_struct('a', 3)",
    "abc": "named_struct('a', 4, 'b', 'z', 'c', 5)",
    "AB": "named_struct('A', 6, 'B', 'w')",
    "xy": "named_struct('x', 7, 'y', 'v')",
    "wide": "named_struct('a', 8L, 'b', 'u')",
    "odd": "named_struct('a', 'nine', 'b', 't')",
    "null": "cast(null as struct<a:int,b:string>)",
    "deep": "named_struct('a', 10, 'b', named_struct('p', 1, 'q', 2))",
    "deeper": "named_struct('a', 11, 'b', named_struct('q', 3, 'r', 4))",
    "void": "named_struct('a', null, 'b', 's')",
    "int": "12",
}
PAIRS = [("ab", other) for other in SHAPES] + [("ba", "ab"), ("a", "ab"), ("abc", "ab"), ("abc", "ba"), ("deep", "deeper"), ("deeper", "deep"), ("deep", "a"), ("wide", "ab"), ("AB", "abc"), ("int", "ab")]


def _of(spark, shape, around="{}"):
    """One row with the shape in a column `s`, perhaps inside something."""
    return spark.sql(f"SELECT 1 AS k, {around.format(SHAPES[shape])} AS s")


def _told(df):
    return [df.schema.simpleString(), [[field.name, field.nullable] for field in df.schema], sorted(map(str, df.collect()))]


def nullable_fields(spark):
    left = spark.createDataFrame([], "s struct<a:int not null,b:string> not null, l array<int> not null")
    right = spark.createDataFrame([], "s struct<a:int,b:string not null>, l array<int>")
    return [left.union(right).schema.json(), left.unionByName(right).schema.json(), right.union(left).schema.json(), left.union(left).schema.json()]


def three_of_them(spark):
    return _told(_of(spark, "ab").unionByName(_of(spark, "a"), True).unionByName(_of(spark, "abc"), True))


def columns_and_fields_missing(spark):
    left, right = _of(spark, "ab"), _of(spark, "abc").drop("k").withColumn("n", F.lit(1))
    return [_told(left.unionByName(right, True)), _told(right.unionByName(left, True))]


def a_struct_that_one_side_lacks(spark):
    return [_told(_of(spark, "ab").unionByName(spark.range(1).withColumnRenamed("id", "k"), True)), _told(spark.range(1).withColumnRenamed("id", "k").unionByName(_of(spark, "deep"), True))]


def in_a_stream(spark, tmp):
    (tmp / "d").mkdir()
    (tmp / "d" / "f").write_text("1\n")
    lines = spark.readStream.text(str(tmp / "d"))
    left, right = lines.select(F.struct(F.lit(1).alias("a"), F.lit(2).alias("b")).alias("s")), lines.select(F.struct(F.lit(3).alias("b"), F.lit(4).alias("c")).alias("s"))
    query = left.unionByName(right, True).writeStream.format("memory").queryName("united").trigger(availableNow=True).start()
    query.awaitTermination(60)
    return spark.table("united")


PYTHON = [
    *[f"_told(spark.sql(\"SELECT {left} AS s\").unionByName(spark.sql(\"SELECT {right} AS s\"), {missing}))" for missing in (False, True) for left, right in (("named_struct('a', 1, 'A', 2)", "named_struct('A', 3, 'a', 4)"), ("named_struct('a', 1, 'A', 2)", "named_struct('a', 3)"), ("named_struct('a', 1)", "named_struct('A', 3, 'a', 4)"), ("named_struct('a', 1)", "named_struct('b', 3, 'B', 4)"), ("array(named_struct('a', 1, 'A', 2))", "array(named_struct('A', 3, 'a', 4))"))],
    *[f"_told(_of(spark, {left!r}).{call})" for left, right in PAIRS for call in (f"union(_of(spark, {right!r}))", f"unionByName(_of(spark, {right!r}))", f"unionByName(_of(spark, {right!r}), allowMissingColumns=True)")],
    *[f"_told(_of(spark, {left!r}, {around!r}).{call})" for around in ("array({})", "map('k', {})", "array(array({}))", "named_struct('o', {})", "map('k', array({}))") for left, right in (("ab", "ba"), ("ab", "a"), ("ab", "abc"), ("ab", "AB"), ("ab", "xy"), ("ab", "wide"), ("ab", "odd"), ("ab", "int"), ("deep", "deeper")) for call in (f"union(_of(spark, {right!r}, {around!r}))", f"unionByName(_of(spark, {right!r}, {around!r}))", f"unionByName(_of(spark, {right!r}, {around!r}), allowMissingColumns=True)")],
    *[f"_told(_of(spark, {left!r}).select('s').{call}(_of(spark, {right!r}).select('s')))" for call in ("intersect", "subtract", "exceptAll") for left, right in (("ab", "ab"), ("ab", "ba"), ("ab", "AB"), ("ab", "a"), ("ab", "wide"), ("ab", "odd"))],
    *[f"_told(spark.sql(\"SELECT {call}\"))" for call in (f"coalesce({SHAPES['ab']}, {SHAPES['ba']}) AS s", f"coalesce({SHAPES['ab']}, {SHAPES['AB']}) AS s", f"coalesce({SHAPES['ab']}, {SHAPES['wide']}) AS s", f"coalesce({SHAPES['ab']}, {SHAPES['abc']}) AS s", f"array({SHAPES['ab']}, {SHAPES['AB']}) AS s", f"array({SHAPES['ab']}, {SHAPES['xy']}) AS s", f"array({SHAPES['ab']}, {SHAPES['wide']}) AS s", f"if(true, {SHAPES['ab']}, {SHAPES['AB']}) AS s", f"CASE WHEN true THEN {SHAPES['ab']} ELSE {SHAPES['a']} END AS s", f"{SHAPES['ab']} = {SHAPES['AB']} AS s", f"{SHAPES['ab']} = {SHAPES['xy']} AS s", f"{SHAPES['ab']} = {SHAPES['wide']} AS s", f"{SHAPES['ab']} = {SHAPES['a']} AS s", f"{SHAPES['ab']} IN ({SHAPES['AB']}) AS s", f"map(1, {SHAPES['ab']}, 2, {SHAPES['AB']}) AS s", f"concat(array({SHAPES['ab']}), array({SHAPES['AB']})) AS s", f"array_union(array({SHAPES['ab']}), array({SHAPES['AB']})) AS s", f"nvl({SHAPES['null']}, {SHAPES['AB']}) AS s", f"greatest({SHAPES['ab']}, {SHAPES['AB']}) AS s")],
]

QUERIES = [
    *[f"SELECT {SHAPES[left]} AS s UNION ALL SELECT {SHAPES[right]}" for left, right in PAIRS],
    *[f"SELECT {SHAPES[left]} AS s UNION SELECT {SHAPES[right]}" for left, right in (("ab", "ab"), ("ab", "AB"), ("ab", "wide"), ("ab", "xy"))],
    "SELECT s FROM VALUES (named_struct('a', 1)), (named_struct('A', 2)) AS v(s)", "SELECT s FROM VALUES (named_struct('a', 1)), (named_struct('b', 2)) AS v(s)", "SELECT s FROM VALUES (named_struct('a', 1)), (named_struct('a', 2L)) AS v(s)", "SELECT s.a FROM (SELECT named_struct('a', 1) AS s UNION ALL SELECT named_struct('A', 2))", "SELECT s.A FROM (SELECT named_struct('a', 1) AS s UNION ALL SELECT named_struct('b', 2))",
]
