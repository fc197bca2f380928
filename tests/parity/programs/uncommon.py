"""Rare questions: changed fields of structs, several generators, odd window frames, file columns, dropped functions."""

from pyspark.sql import functions as F

VIEWS = {
    "w": "SELECT * FROM VALUES (1, 1, null), (1, 2, 20), (1, 3, null), (1, 4, 40), (2, 1, 5), (2, 2, null), (2, 3, 7) AS t(k, o, v)",
    "s": "SELECT struct(1 AS a, 2 AS b, struct(3 AS c, 4 AS d) AS n) AS s, CAST(null AS struct<a: int>) AS z, 1 AS i, array(struct(1 AS q)) AS arr",
}

_CALLS = ["first(v)", "last(v)", "first(v) ignore nulls", "last(v) ignore nulls", "first(v,true)", "last(v,true)", "first_value(v) ignore nulls", "last_value(v) ignore nulls", "nth_value(v,2)", "nth_value(v,2) ignore nulls", "any_value(v)", "any_value(v) ignore nulls"]
_FRAMES = ["rows between 1 preceding and 1 following", "rows between current row and unbounded following", "rows between 1 following and 2 following", "rows between 2 preceding and 1 preceding", "range between 1 preceding and current row", "rows between unbounded preceding and 1 preceding", "range between current row and unbounded following"]

QUERIES = [f"select k,o,{call} over (partition by k order by o {frame}) x from w order by k,o" for call in _CALLS for frame in _FRAMES] + [
    "select explode(array(1,2)), explode(array(3,4))",
    "select explode(array(1,2)) a, posexplode(array(3,4))",
    "select explode(array(1,2))+1",
    "select 1, explode(array(1,2)), posexplode(array(3))",
    "select explode(array(1,2)) a, explode(array(a,a+1))",
    "select inline(array(struct(1,2))), stack(2,1,2)",
    "select json_tuple('{\"a\":1}','a'), explode(array(1))",
]


def _fields(column):
    def ask(spark):
        return spark.table("s").select(column())

    return ask


with_field_replaced = _fields(lambda: F.col("s").withField("b", F.lit("x")))
with_field_nested = _fields(lambda: F.col("s").withField("n.c", F.lit(9)).alias("t"))
with_field_of_other_case = _fields(lambda: F.col("s").withField("B", F.lit(7)))
with_field_deep_and_not_there = _fields(lambda: F.col("s").withField("n.e.f", F.lit(9)))
with_field_of_null = _fields(lambda: F.col("z").withField("b", F.lit(9)))
with_field_of_no_struct = _fields(lambda: F.col("i").withField("b", F.lit(9)))
with_field_below_no_struct = _fields(lambda: F.col("s").withField("a.b", F.lit(1)))
with_field_chained = _fields(lambda: F.col("s").withField("x", F.col("s.a") + 1).dropFields("a").withField("y", F.lit(None)))
with_field_in_transform = _fields(lambda: F.transform("arr", lambda x: x.withField("w", x.q + 1)))
with_field_of_no_text = _fields(lambda: F.col("s").withField(1, F.lit(1)))
with_field_of_no_column = _fields(lambda: F.col("s").withField("a", 1))
drop_fields = _fields(lambda: F.col("s").dropFields("a", "b"))
drop_fields_nested = _fields(lambda: F.col("s").dropFields("n.c"))
drop_fields_all = _fields(lambda: F.col("s").dropFields("a", "b", "n"))
drop_fields_all_nested = _fields(lambda: F.col("s").dropFields("n.c", "n.d"))
drop_fields_not_there = _fields(lambda: F.col("s").dropFields("nope"))
drop_fields_deep_and_not_there = _fields(lambda: F.col("s").dropFields("q.nope"))
drop_fields_of_no_struct = _fields(lambda: F.col("i").dropFields("b"))




def drop_fields_of_equal_names(spark):
    return spark.sql("SELECT named_struct('a', 1, 'a', 2, 'b', 3) AS s").select(F.col("s").dropFields("a"))


def field_made_and_read(spark):
    return spark.table("s").withColumn("s", F.col("s").withField("k", F.lit(1))).select("s.k")


def with_field_of_rows_that_are_null(spark):
    df = spark.sql("select struct(struct(1 as a) as x) s union all select null")
    return df.select(F.col("s").withField("x.b", F.lit(2)))


def several_generators_in_agg(spark):
    return spark.range(2).groupBy("id").agg(F.explode(F.array(F.lit(1))), F.explode(F.array(F.lit(1), F.lit(2))))


def several_generators_in_columns(spark):
    return spark.range(2).withColumns({"a": F.explode(F.array(F.lit(1))), "b": F.explode(F.array(F.lit(3), F.lit(4)))})


def several_generators_of_columns(spark):
    return spark.range(2).select("id", F.explode(F.array("id", F.lit(9))).alias("x"), F.explode(F.array(F.lit(3), F.lit(4))).alias("y"))


def _dropped(spark, *texts):
    found = []
    for text in texts:
        try:
            found.append(spark.sql(text).count())
        except Exception as error:
            found.append(error.getCondition())
    return found


def drop_temporary_function(spark):
    found = _dropped(spark, "drop temporary function nope", "drop temporary function if exists nope", "drop function nope", "drop function if exists nope", "drop temporary function upper", "drop temporary function if exists upper", "drop function upper")
    spark.udf.register("myf", lambda x: x)
    return found + _dropped(spark, "drop function myf", "select myf(1)", "drop temporary function MYF", "select myf(1)")


def a_function_does_not_hide_one_of_spark(spark):
    spark.udf.register("upper", lambda x: "mine")
    found = [spark.sql("select upper('a')").first()[0]]
    spark.sql("drop temporary function upper")
    return [*found, spark.sql("select upper('a')").first()[0]]


def is_local(spark):
    df = spark.createDataFrame([(1,)], "a int")
    frames = [spark.range(0, 20, 1, 2), spark.sql("show tables"), df, spark.sql("select 1"), spark.sql("values (1),(2)"), spark.createDataFrame([], "a int"), spark.sql("select * from values (1) t(a) where a = 1"), spark.sql("set"), df.limit(1), spark.readStream.format("rate").load()]
    return [frame.isLocal() for frame in frames]


def same_semantics(spark):
    df, c = spark.range(0, 20, 1, 2), spark.createDataFrame([(1,)], "a int")
    pairs = [
        (df.select("id"), df.select("id")),
        (df.select(F.col("id").alias("a")), df.select(F.col("id").alias("b"))),
        (df.filter("id>1 and id <5"), df.filter("id<5 and id>1")),
        (df, spark.range(0, 20, 1, 2)),
        (spark.range(10), spark.range(10)),
        (df.filter("id>1"), df.filter("1<id")),
        (df.select(F.rand(3)), df.select(F.rand(3))),
        (df.select(F.rand()), df.select(F.rand())),
        (df.selectExpr("id+1 x"), df.selectExpr("1+id x")),
        (df.selectExpr("id+1 x"), df.selectExpr("id+2 x")),
        (df.alias("a"), df.alias("b")),
        (df.select("id").select("id"), df.select("id")),
        (df.withColumnRenamed("id", "x"), df),
        (df.limit(3), df.limit(3)),
        (df.limit(3), df.limit(4)),
        (df.filter("id>1"), df.where(F.col("id") > 1)),
        (df.groupBy("id").count(), df.groupBy("id").agg(F.count(F.lit(1)).alias("count"))),
        (df.union(df), df.unionAll(df)),
        (c, spark.createDataFrame([(1,)], "a int")),
        (c, c),
        (spark.sql("select 1 a"), spark.sql("select 1 b")),
        (spark.sql("values (1)"), spark.sql("values (1)")),
        (df.select("id"), df),
        (df.filter("id in (1,2)"), df.filter("id in (2,1)")),
        (df.filter("id = 1 or id = 2"), df.filter("id = 2 or id =1")),
        (df.drop("x"), df),
        (df.distinct(), df.dropDuplicates()),
        (df.orderBy("id"), df.sort("id")),
        (df.orderBy("id"), df.orderBy(F.desc("id"))),
        (df.select(F.col("id").cast("int")), df.selectExpr("int(id)")),
        (df, df.repartition(3)),
        (df.select(F.upper(F.lit("a"))), df.select(F.upper(F.lit("a")).alias("q"))),
        (df.select("id", "id"), df.select("id")),
        (df.join(df.alias("z"), "id"), df.join(df.alias("y"), "id")),
        (df.filter("true"), df),
        (df.filter("not id > 1"), df.filter("id <= 1")),
    ]
    return [[a.sameSemantics(b), a.semanticHash() == b.semanticHash()] for a, b in pairs]


def same_semantics_of_no_frame(spark):
    return spark.range(3).sameSemantics(3)


def metadata_where_there_is_none(spark):
    return spark.range(3).select("_metadata")


def _files(spark, tmp):
    spark.range(0, 6, 1, 2).selectExpr("id", "id%2 p").write.partitionBy("p").parquet(f"{tmp}/pq")
    spark.range(0, 4, 1, 1).selectExpr("cast(id as string) value").write.text(f"{tmp}/tx")
    return spark.read.parquet(f"{tmp}/pq"), spark.read.text(f"{tmp}/tx")


def metadata_of_text(spark, tmp):
    return _files(spark, tmp)[1].select("value", "_metadata.file_block_length")


def metadata_type(spark, tmp):
    return [p.select("_metadata").schema for p in _files(spark, tmp)]


def metadata_of_rows_in_text(spark, tmp):
    return _files(spark, tmp)[1].select("_metadata.row_index")


def metadata_field_that_is_none(spark, tmp):
    return _files(spark, tmp)[0].select("_metadata.nope")


def metadata_of_rows(spark, tmp):
    p, _ = _files(spark, tmp)
    return [p.filter("id=1").select("_metadata.row_index", "id"), p.select("id", "_metadata.row_index"), p.select("id").select("_metadata.row_index").count()]


def metadata_in_a_view(spark, tmp):
    _files(spark, tmp)[0].createOrReplaceTempView("pq")
    return spark.sql("select _metadata.file_name from pq limit 1")


def input_file_name(spark, tmp):
    p, t = _files(spark, tmp)
    none = spark.sql("select input_file_name(), input_file_block_start(), input_file_block_length()")
    return [none, spark.range(0, 20, 1, 2).select(F.input_file_name(), F.input_file_block_start()).limit(1), p.filter(F.input_file_name().contains("p=1")).select("id"), p.orderBy("id").select(F.input_file_name()).limit(1), p.groupBy().count().select(F.input_file_name())]


def input_file_name_of_two_sources(spark, tmp):
    p, t = _files(spark, tmp)
    return p.join(t, p.id == t.value).select(F.input_file_name())


def input_files(spark, tmp):
    p, t = _files(spark, tmp)
    frames = [p, p.filter("id>2").select("id"), p.filter("p=1"), p.union(p), p.join(t, p.id == t.value), spark.range(3), p.groupBy().count(), p.orderBy("id").limit(2)]
    return [[len(f.inputFiles()), sorted({name[: name.index(str(tmp))] for name in f.inputFiles()})] for f in frames]


def a_file_that_vanished(spark, tmp):
    found = []
    for fmt in ["parquet", "csv", "json", "text"]:
        path = tmp / fmt
        spark.range(0, 4, 1, 2).selectExpr("cast(id as string) s").write.format(fmt).save(str(path))
        ignoring = spark.read.format(fmt).option("ignoreMissingFiles", "true").load(str(path))
        sorted(path.glob("part*"))[0].unlink()
        found.append([tuple(row) for row in ignoring.collect()])
    return found
