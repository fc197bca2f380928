"""The names that Spark gives to unnamed columns."""

from pyspark.sql import Window
from pyspark.sql import functions as F

VIEWS = {
    "t": "SELECT 1 AS a, 2 AS b, 'x' AS s, array(1, 2) AS l, named_struct('f', 1) AS st, map('k', 'v') AS m, 1.5D AS d",
}

OVER = [
    (
        "t",
        [
            "a", "t.a", "A", "a + 1", "a + b * 2", "(a + b) * 2", "-a", "+a", "~a", "not (a > 1)", "!(a = 1)", "a = 1", "a == 1",
            "a <> 1", "a != 1", "a <=> 1", "a > 1 and b < 2 or s = 'x'", "a is null", "a is not null", "a in (1, 2)",
            "a not in (1, 2)", "a between 1 and 2", "a not between 1 and 2", "s like 'x%'", "s not like 'x%'", "s rlike 'x'",
            "s ilike 'X%'", "s || 'y'", "concat(s, 'y')", "cast(a as string)", "cast(a as decimal(10,2))", "a :: double",
            "int(s = 'x')", "try_cast(s as int)", "case when a = 1 then 'p' else 'q' end", "case when a = 1 then 'p' end",
            "case a when 1 then 'p' when 2 then 'q' end", "if(a = 1, 'p', 'q')", "coalesce(a, 0)", "nvl(a, 0)", "isnull(a)",
            "l[0]", "m['k']", "st.f", "st['f']", "t.st.f", "l[a]", "element_at(l, 1)", "size(l)", "upper(s)", "UPPER(s)", "ucase(s)",
            "substring(s, 1, 2)", "substr(s, 1)", "substring(s from 1 for 2)", "trim(s)", "trim(both 'x' from s)", "length(s)",
            "char_length(s)", "date_add(current_date(), a) is null", "date_format(date'2024-01-01', 'yyyy')", "year(date'2024-01-01')",
            "extract(year from date'2024-01-01')", "round(d, 1)", "round(d)", "abs(a)", "pow(a, 2)", "a % 2", "mod(a, 2)", "a div 2",
            "a & 1", "a | 1", "a ^ 1", "array(a, b)", "map('k', a)", "struct(a, b)", "struct(a, b + 1)", "named_struct('x', a)",
            "transform(l, x -> x + 1)", "filter(l, x -> x > 1)", "filter(l, (x, i) -> i > 0)", "exists(l, x -> x > 1)",
            "aggregate(l, 0, (acc, x) -> acc + x)", "'lit'", "1", "1.5", "1.5D", "null", "true", "date'2024-01-01'",
            "timestamp'2024-01-01 00:00:00'", "interval 1 day", "X'01'", "1L", "count(*)", "count(1)", "count(a)", "count(a, b)",
            "count(distinct a)", "count(distinct a, b)", "sum(a)", "sum(distinct a)", "sum(a + 1)", "avg(a)", "mean(a)", "min(s)",
            "max(a) + 1", "first(a)", "first(a, true)", "first_value(a)", "last(a)", "any_value(a)", "collect_list(a)", "collect_set(a)", "stddev(a)", "std(a)",
            "variance(a)", "percentile(a, 0.5)", "percentile_approx(a, 0.5)", "approx_count_distinct(a)", "bool_and(a = 1)", "every(a = 1)",
            "count_if(a = 1)", "sum(a) filter (where b > 1)", "max_by(a, b)", "corr(a, b)", "row_number() over (order by a)",
            "sum(a) over (partition by s order by b)", "sum(a) over (partition by s order by b rows between 1 preceding and current row)",
            "lag(a) over (order by b)", "lag(a, 1, 0) over (order by b)", "explode(l)", "posexplode(l)", "inline(array(st))",
            "to_json(st)", "from_json('{}', 'x int')", "from_json('{}', 'x int').x", "get_json_object(s, '$.a')", "current_date() is null",
            "split(s, ',')", "split(s, ',')[0]", "regexp_replace(s, 'x', 'y')", "to_date(s, 'yyyy')  is null", "nullif(a, 1)", "ifnull(a, 1)",
            "nvl2(a, 1, 2)", "decode(a, 1, 'x', 'y')", "greatest(a, b)", "hash(a)", "sha2(s, 256)", "monotonically_increasing_id()",
            "(select max(b) from values (1) as u(b))", "exists(select 1)", "grouping_id() is null",
        ],
    ),
]


def _frame(spark):
    return spark.createDataFrame([(1, 2, "x", [1, 2], {"k": "v"}, 1.5)], "a int, b int, s string, l array<int>, m map<string,string>, d double")


def column_methods(spark):
    df = _frame(spark)
    a, b, s, l, m, d = df.a, df.b, df.s, df.l, df.m, df.d
    return df.select(
        a + b, a - 1, a * 2.5, a / b, a % b, -a, a**2, a == b, a != b, ~(a > 1), (a > 1) & (b > 1), (a > 1) | (b > 1), a.eqNullSafe(b),
        a.isNull(), a.isNotNull(), a.isin(1, 2), a.isin([3]), a.between(1, 2), s.like("x%"), s.rlike("x"), s.ilike("x"), s.contains("x"),
        s.startswith("x"), s.endswith("x"), s.substr(1, 2), a.cast("string"), a.cast("long"), l[0], l.getItem(1), m["k"], m.getItem("k"),
        m.k, a.alias("n"), a.bitwiseAND(1), d.cast("decimal(3,1)"), a.astype("string"),
    ).columns


def functions(spark):
    df = _frame(spark)
    return df.select(
        F.lit(1), F.lit("x"), F.lit(None), F.lit(1.5), F.lit(True), F.col("a"), F.upper("s"), F.concat("s", F.lit("y")), F.concat_ws("-", "s", "a"),
        F.when(df.a == 1, "p").otherwise("q"), F.when(df.a == 1, "p"), F.coalesce("a", F.lit(0)), F.round("d", 1), F.round("d"), F.abs("a"),
        F.sqrt("a"), F.pow("a", F.lit(2)), F.substring("s", 1, 2), F.trim("s"), F.length("s"), F.split("s", ","), F.regexp_replace("s", "x", "y"),
        F.regexp_extract("s", "(x)", 1), F.array("a", "b"), F.struct("a", "b"), F.create_map(F.lit("k"), "a"), F.size("l"), F.array_contains("l", 1),
        F.element_at("l", 1), F.transform("l", lambda x: x + 1), F.filter("l", lambda x: x > 1), F.exists("l", lambda v: v > 1),
        F.aggregate("l", F.lit(0), lambda acc, x: acc + x), F.zip_with("l", "l", lambda p, q: p + q), F.to_date(F.lit("2024-01-01")),
        F.date_add(F.lit("2024-01-01"), 1), F.date_format(F.lit("2024-01-01"), "yyyy"), F.year(F.lit("2024-01-01")), F.to_timestamp(F.lit("2024-01-01")),
        F.unix_timestamp(F.lit("2024-01-01 00:00:00")), F.lower("s"), F.lpad("s", 3, "0"), F.expr("a + 1"), F.isnull("a"), F.isnan("d"),
        F.greatest("a", "b"), F.least("a", "b"), F.nanvl("d", "d"), F.hash("a"), F.sha2("s", 256), F.md5("s"), F.to_json(F.struct("a")),
        F.from_json("s", "x int"), F.get_json_object("s", "$.x"), F.initcap("s"), F.floor("d"), F.ceil("d"), F.translate("s", "x", "y"), F.negate("a"),
        F.monotonically_increasing_id(), F.spark_partition_id(), F.sort_array("l"), F.array_join("l", ","), F.json_tuple("s", "q"),
    ).columns


def explodes(spark):
    df = _frame(spark)
    return [df.select(e).columns for e in (F.explode("l"), F.explode("m"), F.posexplode("l"), F.explode_outer("l").alias("z"), F.explode("m").alias("p", "q"))]


def generated_names_of_clock_and_chance(spark):
    df = spark.range(1)
    return df.select(F.current_date(), F.current_timestamp(), F.rand(1), F.rand(seed=7), F.localtimestamp(), F.now()).columns


def aggregates(spark):
    df = _frame(spark)
    return df.agg(
        F.count("*"), F.count("a"), F.count(F.lit(1)), F.countDistinct("a"), F.countDistinct("a", "b"), F.count_distinct("a"), F.sum("a"),
        F.sum_distinct("a"), F.avg("a"), F.mean("a"), F.min("a"), F.max("a"), F.first("a"), F.first("a", ignorenulls=True), F.last("a"),
        F.collect_list("a"), F.collect_set("a"), F.stddev("a"), F.stddev_pop("a"), F.stddev_samp("a"), F.variance("a"), F.var_pop("a"),
        F.approx_count_distinct("a"), F.approx_count_distinct("a", 0.1), F.percentile_approx("a", 0.5), F.percentile("a", 0.5), F.median("a"), F.corr("a", "b"),
        F.skewness("a"), F.kurtosis("a"), F.max_by("a", "b"), F.min_by("a", "b"), F.bool_and(df.a == 1), F.every(df.a == 1), F.any_value("a"), F.mode("a"),
        F.sum(df.a + df.b), F.sum(F.when(df.a > 1, 1).otherwise(0)), F.product("a"), F.count_if(df.a == 1),
    ).columns


def grouped(spark):
    df = _frame(spark)
    return [
        df.groupBy("s").count().columns,
        df.groupBy("s").sum("a", "b").columns,
        df.groupBy("s").avg().columns,
        df.groupBy("s").agg({"a": "max", "b": "avg", "*": "count"}).columns,
        df.groupBy(df.a + 1).count().columns,
        df.groupBy((df.a % 2).alias("odd")).agg(F.max("b").alias("top")).columns,
        df.groupby("s").mean("d").columns,
        df.groupBy("s").pivot("a").sum("b").columns,
        df.groupBy("s").pivot("a", [1, 2]).agg(F.sum("b"), F.max("d")).columns,
        df.rollup("s").count().columns,
        df.cube("s", "a").agg(F.grouping_id()).columns,
    ]


def windows(spark):
    df = _frame(spark)
    w = Window.partitionBy("s").orderBy(F.desc("a"))
    return df.select(
        F.row_number().over(w), F.rank().over(w), F.dense_rank().over(w), F.lag("a").over(w), F.lead("a", 2, 0).over(w), F.sum("a").over(w),
        F.avg("a").over(Window.partitionBy("s")), F.ntile(4).over(w), F.percent_rank().over(w), F.cume_dist().over(w), F.first("a").over(w),
        F.sum("a").over(w.rowsBetween(-1, 0)), F.count("*").over(Window.partitionBy()), F.nth_value("a", 2).over(w), F.max("a").over(w.rangeBetween(Window.unboundedPreceding, 0)),
    ).columns


def strings_of_columns(spark):
    """A Column prints as Column<'…'>."""
    df = _frame(spark)
    return [
        str(c)
        for c in (
            df.a, F.col("a"), df["a"], df.a + 1, F.lit("x"), df.a.alias("z"), df.a == 1, F.sum("a"), ~df.a.isNull(), df.a.cast("int"), F.when(df.a == 1, 2).otherwise(3),
            df.l[0], df.s.like("x"), F.upper(df.s), F.col("t.a"), F.desc("a"), df.a.asc_nulls_last(), F.expr("a + 1"), F.col("*"), df.a.isin(1, 2)
        )
    ]


def backticks_and_dots(spark):
    df = spark.createDataFrame([(1, 2)], ["a.b", "c d"])
    return [df.select("`a.b`", "`c d`", F.col("`a.b`") + 1).columns, df.selectExpr("`a.b` + `c d`", "`c d` AS `e f`").columns]


def case_of_the_name_asked_for(spark):
    """select("A") has the schema's spelling in its output, which is the attribute's name."""
    df = spark.createDataFrame([(1,)], ["Abc"])
    return [df.select("abc").columns, df.select(F.col("ABC")).columns, df.selectExpr("aBC + 1").columns, df.select(df.abc).columns if hasattr(df, "abc") else None, df.withColumn("ABC", F.lit(2)).columns, df.drop("abc").columns, df.withColumnRenamed("ABC", "z").columns]
