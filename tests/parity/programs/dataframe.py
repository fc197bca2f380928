"""DataFrame's members: their effects and results on batch frames."""

import contextlib
import io

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F


def _frame(spark):
    return spark.createDataFrame([(1, "a", 1.5), (2, "b", None), (3, None, 2.5)], "i int, s string, d double")


def _printed(call):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call()
    return out.getvalue()


def select_forms(spark):
    df = _frame(spark)
    return [df.select("i").columns, df.select("*").columns, df.select("i", "*").columns, df.select(["i", "s"]).columns, df.select(df.i, F.col("s")).columns, df.select(df["d"]).columns, df.select().columns, df.select(F.col("*"), F.lit(1)).columns, df.select(df.colRegex("`[is]`")).columns]


def select_expr(spark):
    return _frame(spark).selectExpr("i * 2 AS twice", "upper(s)", "d IS NULL AS missing", "*")


def filters(spark):
    df = _frame(spark)
    return [df.filter("i > 1").count(), df.where(df.s == "a").count(), df.filter((df.i > 1) & df.s.isNotNull()).count(), df.filter(df.d.isNull()).count(), df.where("s IN ('a', 'b') AND d > 1").count(), df.filter(F.lit(True)).count(), df[df.i > 2].count(), df.filter("s = null").count()]


def filter_by_what_is_no_boolean(spark):
    return _frame(spark).filter(F.col("i") + 1).collect()


def filter_by_a_python_bool(spark):
    return _frame(spark).filter(True).collect()  # noqa: FBT003


def with_column(spark):
    return _frame(spark).withColumn("j", F.col("i") + 1).withColumn("s", F.upper("s")).withColumn("I", F.lit(0))


def with_columns(spark):
    return _frame(spark).withColumns({"a": F.lit(1), "b": F.col("i") * 2})


def with_column_of_no_column(spark):
    return _frame(spark).withColumn("x", 1)


def with_column_renamed(spark):
    df = _frame(spark)
    return [df.withColumnRenamed("i", "k").columns, df.withColumnRenamed("nope", "k").columns, df.withColumnsRenamed({"i": "a", "s": "b"}).columns, df.toDF("x", "y", "z").columns, df.withMetadata("i", {"k": 1}).schema["i"].metadata]


def to_df_with_too_few_names(spark):
    return _frame(spark).toDF("x").columns


def drops(spark):
    df = _frame(spark)
    return [df.drop("i").columns, df.drop("i", "s").columns, df.drop(df.d).columns, df.drop("nope").columns, df.drop("I").columns]


def attribute_and_item_access(spark):
    df = _frame(spark)
    return [df.select(df.i).columns, df.select(df["s"]).columns, df.select(df[0]).columns, df[["i", "d"]].columns, hasattr(df, "nope"), "i" in dir(df)]


def an_unknown_attribute(spark):
    return _frame(spark).nope


def an_unknown_item(spark):
    return _frame(spark)["nope"]


def nulls_dropped(spark):
    df = spark.createDataFrame([(1, "a", 1.5), (None, None, None), (3, None, float("nan"))], "i int, s string, d double")
    return [df.dropna().count(), df.na.drop("all").count(), df.dropna(thresh=2).count(), df.dropna(subset=["i"]).count(), df.dropna(how="all", subset=["s", "d"]).count()]


def nulls_filled(spark):
    df = spark.createDataFrame([(1, "a", 1.5, True), (None, None, None, None)], "i int, s string, d double, b boolean")
    return [df.fillna(0).collect(), df.fillna("x").collect(), df.na.fill({"i": 9, "s": "z"}).collect(), df.fillna(False).collect(), df.fillna(1.9, subset=["i"]).collect()]


def _refused(call):
    try:
        call()
        return "taken"
    except Exception as error:
        return [type(error).__name__, error.getCondition()]


def a_replacement_needs_a_value(spark):
    df = spark.createDataFrame([("a", 1, 2.0)], "s STRING, i INT, d DOUBLE")
    calls = [lambda: df.replace(1), lambda: df.na.replace(1), lambda: df.replace([1, 2]), lambda: df.replace(1, object())]
    return [df.replace({1: 3}).collect(), df.replace(1, None).collect(), [_refused(call) for call in calls]]


def replacements_of_one_kind(spark):
    df = spark.createDataFrame([("a", 1, 1.5, True)], "s STRING, i INT, d DOUBLE, b BOOLEAN")
    pairs = [{}, {1: None}, {1: True}, {1.5: True}, {True: False}, {True: None}, {None: 1}, {None: None}, {"a": 1}, {"a": "b", 2: 3}, {True: 1}, {True: 5, 2: 3}, {object(): 1}, {1: object()}, {"a": b"b"}]
    answers = []
    for given in pairs:
        try:
            answers.append(df.na.replace(given).collect())
        except Exception as error:
            answers.append(type(error).__name__)
    return answers


def a_subset_names_columns(spark):
    df = spark.createDataFrame([("a", 1, None)], "s STRING, i INT, d DOUBLE")
    calls = [lambda: df.na.fill(0, subset=["nope"]), lambda: df.na.fill("x", subset=["d", "nope"]), lambda: df.na.replace(1, 2, subset=["nope"]), lambda: df.na.drop(subset=["nope"]), lambda: df.na.fill({"nope": 1})]
    return [df.na.fill(0, subset=["s"]).collect(), df.na.fill(0, subset=["D"]).collect(), [_refused(call) for call in calls]]


def numeric_keys_are_aggregated_too(spark):
    df = spark.createDataFrame([(1, 2.0, "x"), (1, 3.0, "y"), (2, 4.0, "z")], "n INT, v DOUBLE, s STRING")
    frames = [df.groupBy("n").sum(), df.groupBy("s").max(), df.groupBy((df.n + 1).alias("m")).avg(), df.rollup("n").sum(), df.select("s").groupBy("s").sum(), df.groupBy("n").pivot("s", ["x"]).sum()]
    return [[frame.columns, sorted(frame.collect(), key=str)] for frame in frames]


def described_columns_are_those_that_are_named(spark):
    df = spark.sql("SELECT 'a' AS s, 1 AS i, 2.5D AS d, date'2024-01-05' AS t, true AS b")
    frames = [df.describe(), df.describe("d", "i"), df.describe(["d", "i"]), df.describe("t"), df.describe("I"), df.describe("*"), df.summary("count")]
    return [[frame.columns, frame.collect()] for frame in frames] + [_refused(lambda: df.describe("nope"))]


def values_replaced(spark):
    df = _frame(spark)
    return [df.replace(1, 10).collect(), df.na.replace("a", "A", "s").collect(), df.replace({"a": "x", "b": "y"}).collect(), df.replace(["a", "b"], ["p", "q"]).collect(), df.replace("a", None).collect()]


def first_rows(spark):
    df = _frame(spark).orderBy("i")
    return [df.first(), df.head(), df.head(2), df.take(2), df.collect(), df.tail(1), df.isEmpty(), df.limit(0).isEmpty(), df.count(), [r.i for r in df.toLocalIterator()]]


def rows_by_name_index_and_dict(spark):
    r = _frame(spark).orderBy("i").first()
    return [r.i, r["s"], r[2], r.asDict(), str(r), len(r), "i" in r, tuple(r)]


def columns_schema_dtypes(spark):
    df = _frame(spark)
    return [df.columns, df.dtypes, df.schema.simpleString(), df.schema.json(), str(df), repr(df), df.schema.names, str(df.schema)]


def aliases(spark):
    df = _frame(spark).alias("q")
    return [df.select("q.i").columns, df.select("q.*").columns, df.select(F.col("q.s")).columns]


def transform_chain(spark):
    def twice(df: DataFrame, by: int) -> DataFrame:
        return df.withColumn("t", df.i * by)

    return _frame(spark).transform(twice, 3).transform(lambda d: d.select("t"))


def cache_and_persist(spark):
    df = _frame(spark)
    states = [df.is_cached, df.cache().count(), df.is_cached, str(df.storageLevel), df.unpersist().is_cached]
    df.persist()
    return [*states, df.is_cached]


def partitions(spark):
    df = spark.range(10)
    return [df.repartition(3).rdd.getNumPartitions(), df.repartition(4, "id").count(), df.coalesce(1).rdd.getNumPartitions(), df.repartition("id").count(), df.repartitionByRange(2, "id").count()]


def rdd_is_empty(spark):
    return [_frame(spark).rdd.isEmpty(), spark.range(0).rdd.isEmpty(), _frame(spark).rdd.map(lambda r: r.i).collect(), _frame(spark).rdd.count()]


def ranges(spark):
    return [spark.range(3).collect(), spark.range(1, 4).count(), spark.range(0, 10, 3).collect(), spark.range(5, 0, -2).collect(), spark.range(1).schema.simpleString(), spark.range(3, 3).count()]


def sampling_and_splits(spark):
    df = spark.range(100)
    return [df.sample(1.0).count(), df.sample(0.0).count(), sum(p.count() for p in df.randomSplit([0.5, 0.5], seed=1)), 0 < df.sample(fraction=0.5, seed=3).count() < 100]


def cross_tables(spark):
    df = _frame(spark)
    return [sorted(map(str, df.crosstab("s", "i").collect())), df.approxQuantile("i", [0.5], 0.0), df.corr("i", "d") is not None, df.freqItems(["i"]).columns]


def create_from_lists(spark):
    return [
        spark.createDataFrame([(1, "a")]).columns, spark.createDataFrame([(1, "a")], ["x", "y"]).dtypes, spark.createDataFrame([{"b": 1, "a": "x"}]).dtypes, spark.createDataFrame([Row(b=1, a="x")]).dtypes, spark.createDataFrame([1, 2], "int").dtypes, spark.createDataFrame(["x"], "string").columns,
        spark.createDataFrame([(1, None), (None, 2.5)], ["p", "q"]).dtypes, spark.createDataFrame([], "a int, b string").dtypes, spark.createDataFrame([[1, [1, 2], {"k": 1.5}]], ["i", "l", "m"]).dtypes, spark.createDataFrame([(b"x", True)], ["b", "c"]).dtypes, spark.createDataFrame([(1, "a")], ["x"]).dtypes,
    ]


def create_from_nothing(spark):
    return spark.createDataFrame([])


def create_of_unknown_types(spark):
    return spark.createDataFrame([(None,)], ["a"])


def create_with_mixed_types(spark):
    return spark.createDataFrame([(1,), ("x",)], ["a"]).collect()


def create_with_a_wrong_value(spark):
    return spark.createDataFrame([("x",)], "a int").collect()


def create_with_a_null_that_is_forbidden(spark):
    return spark.createDataFrame([(None,)], "a int not null").collect()


def create_with_too_large_a_value(spark):
    return spark.createDataFrame([(2**40,)], "a int").collect()


def create_from_pandas(spark):
    import pandas as pd

    pdf = pd.DataFrame({"i": [1, 2], "f": [1.5, None], "s": ["a", None], "t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "b": [True, False]})
    return spark.createDataFrame(pdf)


def create_from_arrow(spark):
    import pyarrow as pa

    return spark.createDataFrame(pa.table({"i": pa.array([1, None], pa.int32()), "s": ["a", "b"], "l": [[1], None]}))


def to_pandas(spark):
    pdf = _frame(spark).orderBy("i").toPandas()
    return [list(pdf.columns), [str(t) for t in pdf.dtypes], pdf.iloc[0].tolist(), len(pdf), [str(t) for t in spark.sql("SELECT 1 AS a, 2L AS b, 'x' AS c, true AS d, date'2024-01-01' AS e, timestamp'2024-01-01 00:00:00' AS f, 1.5 AS g, array(1) AS h").toPandas().dtypes]]


def to_arrow(spark):
    t = _frame(spark).orderBy("i").toArrow()
    return [str(t.schema), t.to_pydict(), str(spark.sql("SELECT timestamp'2024-01-01 00:00:00' AS a, date'2024-01-01' AS b, 1.5 AS c, array(1) AS d, map('k', 1) AS e, struct(1) AS f, timestamp_ntz'2024-01-01 00:00:00' AS g, interval 1 day AS h, X'01' AS i, null AS j").toArrow().schema)]


def temp_views(spark):
    df = _frame(spark)
    df.createOrReplaceTempView("dfv")
    found = [spark.table("dfv").count(), spark.sql("SELECT max(i) FROM dfv").collect(), spark.catalog.tableExists("dfv"), spark.catalog.dropTempView("dfv"), spark.catalog.dropTempView("dfv"), spark.catalog.tableExists("dfv")]
    df.createOrReplaceGlobalTempView("gv")
    return [*found, spark.sql("SELECT count(*) FROM global_temp.gv").collect(), spark.catalog.dropGlobalTempView("gv")]


def a_view_that_exists(spark):
    spark.range(1).createOrReplaceTempView("twice")
    spark.range(1).createTempView("twice")


def a_bad_view_name(spark):
    spark.range(1).createTempView("not a name")


def is_streaming_and_local(spark):
    df = _frame(spark)
    return [df.isStreaming, spark.readStream.format("rate").load().isStreaming, df.isLocal() in (True, False), df.sparkSession is spark, df.inputFiles()]


def same_semantics(spark):
    df = spark.range(3)
    return [df.sameSemantics(spark.range(3)), df.select("id").columns == df.columns]


def foreach_rows(spark):
    return [_frame(spark).foreach(lambda r: None), _frame(spark).foreachPartition(lambda rows: None)]


def udfs(spark):
    @F.udf("int")
    def plus_one(x):
        return None if x is None else x + 1

    upper = F.udf(lambda s: s and s.upper())
    spark.udf.register("twice", lambda x: None if x is None else 2 * x, "int")
    df = _frame(spark)
    return [df.select(plus_one("i").alias("a"), upper(df.s), plus_one(df.i + 1)).orderBy("a").collect(), df.selectExpr("twice(i) AS t").orderBy("t").collect(), df.select(plus_one("i"), upper("s")).columns]


def a_udf_that_raises(spark):
    @F.udf("int")
    def fails(x):
        raise ValueError("told you so")

    return type(_frame(spark).select(fails("i")).collect())


def a_udf_with_a_wrong_type(spark):
    return _frame(spark).select(F.udf(lambda x: "text", "int")("i")).collect()


def pandas_udfs(spark):
    import pandas as pd

    @F.pandas_udf("double")
    def mean_free(s: pd.Series) -> pd.Series:
        return s * 2.0

    return _frame(spark).select("i", mean_free("i").alias("m"))


def iterator_pandas_udf(spark):
    from collections.abc import Iterator

    import pandas as pd

    @F.pandas_udf("long")
    def plus(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for s in batches:
            yield s + 1

    return spark.range(5).select(plus("id").alias("p"))


def pandas_udf_of_a_struct(spark):
    import pandas as pd

    @F.pandas_udf("a long, b string")
    def both(s: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({"a": s + 1, "b": s.astype(str)})

    return spark.range(3).select(both("id").alias("r")).select("r.*")


def collect_as_of_parameters_in_sql(spark):
    return [spark.sql("SELECT :a + 1 AS x", {"a": 41}).collect(), spark.sql("SELECT ? AS x, ? AS y", ["p", 2]).collect(), spark.sql("SELECT * FROM {d} WHERE id > {n}", d=spark.range(3), n=1).collect()]


def unpivot_and_melt(spark):
    df = spark.createDataFrame([(1, 11, 12), (2, 21, 22)], ["id", "a", "b"])
    return [sorted(map(str, df.unpivot("id", ["a", "b"], "k", "v").collect())), df.melt(["id"], None, "k", "v").columns]


def subtract_of_columns_with_dots(spark):
    df = spark.createDataFrame([(1, 2)], ["a.b", "c"])
    return [df.select("`a.b`").collect(), df.withColumnRenamed("a.b", "ab").columns, df.drop("a.b").columns]


def a_name_with_a_dot_and_no_backticks(spark):
    return spark.createDataFrame([(1, 2)], ["a.b", "c"]).select("a.b").collect()


def observation(spark):
    from pyspark.sql import Observation

    o = Observation("m")
    _frame(spark).observe(o, F.count(F.lit(1)).alias("n"), F.max("i").alias("top")).collect()
    return o.get


def html(spark):
    spark.conf.set("spark.sql.repl.eagerEval.enabled", True)
    try:
        return _frame(spark).orderBy("i")._repr_html_()
    finally:
        spark.conf.unset("spark.sql.repl.eagerEval.enabled")


def html_is_off_by_default(spark):
    return _frame(spark)._repr_html_()
