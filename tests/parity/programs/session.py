"""The session: builder, settings, context, catalog, registered functions."""

from pyspark import SparkConf, SparkContext, StorageLevel
from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def builder_gives_the_running_session(spark):
    other = SparkSession.builder.appName("other").config("spark.sql.shuffle.partitions", 7).getOrCreate()
    found = [other is spark, spark.conf.get("spark.sql.shuffle.partitions"), spark.sparkContext.appName]
    spark.conf.set("spark.sql.shuffle.partitions", 2)
    return found


def builder_takes_maps_and_confs(spark):
    return [SparkSession.builder.config(map={"spark.a.b": 1}).getOrCreate().conf.get("spark.a.b"), SparkSession.Builder().config(conf=SparkConf(loadDefaults=False).set("spark.c.d", "x")).getOrCreate().conf.get("spark.c.d")]


def active_sessions(spark):
    return [SparkSession.getActiveSession() is spark, SparkSession.active() is spark, spark.newSession() is spark, isinstance(spark, SparkSession), spark.version]


def context(spark):
    sc = spark.sparkContext
    return [sc.appName, sc.master, sc.defaultParallelism, sc.version, type(sc).__name__, SparkContext.getOrCreate() is sc, sc.setLogLevel("OFF"), bool(sc.applicationId), sc.getConf().get("spark.app.name"), sc.uiWebUrl]


def context_parallelize(spark):
    sc = spark.sparkContext
    return [sc.parallelize([1, 2, 3]).collect(), sc.parallelize(range(4), 2).getNumPartitions(), sc.parallelize([]).isEmpty(), sc.parallelize([(1, "a")]).toDF(["x", "y"]).collect(), sc.broadcast({"k": 1}).value]


def spark_conf(spark):
    c = SparkConf(loadDefaults=False).setAppName("x").setMaster("local").set("a", "1").setAll([("b", "2")]).setIfMissing("a", "9")
    return [c.get("a"), c.get("nope"), c.get("nope", "d"), c.contains("b"), sorted(c.getAll()), sorted(c.toDebugString().splitlines())]


def settings(spark):
    conf = spark.conf
    conf.set("spark.my.own", "v")
    conf.set("spark.my.flag", True)
    conf.set("spark.my.number", 5)
    found = [conf.get("spark.my.own"), conf.get("spark.my.flag"), conf.get("spark.my.number"), conf.get("spark.sql.session.timeZone"), conf.get("spark.sql.ansi.enabled"), conf.get("spark.sql.caseSensitive"), conf.isModifiable("spark.sql.shuffle.partitions"), conf.isModifiable("spark.driver.memory")]
    conf.unset("spark.my.own")
    return [*found, conf.get("spark.my.own", "gone"), conf.get("spark.sql.shuffle.partitions", "ignored"), "spark.my.flag" in conf.getAll]


def default_settings(spark):
    return [[k, spark.conf.get(k)] for k in ("spark.sql.sources.default", "spark.sql.streaming.schemaInference", "spark.sql.streaming.pollingDelay", "spark.sql.streaming.minBatchesToRetain", "spark.sql.streaming.numRecentProgressUpdates", "spark.sql.execution.arrow.maxRecordsPerBatch", "spark.sql.repl.eagerEval.maxNumRows", "spark.sql.files.maxPartitionBytes", "spark.sql.streaming.stopTimeout", "spark.sql.parquet.compression.codec", "spark.sql.mapKeyDedupPolicy", "spark.sql.streaming.noDataProgressEventInterval")]


def case_sensitive_resolution(spark):
    spark.conf.set("spark.sql.caseSensitive", True)
    try:
        return spark.createDataFrame([(1, 2)], ["a", "A"]).select("a", "A").collect(), spark.createDataFrame([(1,)], ["a"]).select("A").collect()
    finally:
        spark.conf.set("spark.sql.caseSensitive", False)


def map_keys_last_win(spark):
    spark.conf.set("spark.sql.mapKeyDedupPolicy", "LAST_WIN")
    try:
        return spark.sql("SELECT map('a', 1, 'a', 2) AS m").collect()
    finally:
        spark.conf.unset("spark.sql.mapKeyDedupPolicy")


def catalog(spark):
    spark.range(2).createOrReplaceTempView("cat_v")
    c = spark.catalog
    found = [c.currentDatabase(), c.currentCatalog(), c.databaseExists("default"), c.tableExists("cat_v"), [[t.name, t.tableType, t.isTemporary] for t in c.listTables() if t.name == "cat_v"], [[x.name, x.dataType, x.nullable] for x in c.listColumns("cat_v")], c.functionExists("upper"), c.functionExists("nosuch"), c.isCached("cat_v")]
    c.cacheTable("cat_v")
    found += [c.isCached("cat_v"), c.uncacheTable("cat_v"), c.isCached("cat_v"), [d.name for d in c.listDatabases()]]
    c.dropTempView("cat_v")
    return found


def tags_of_a_session(spark):
    spark.addTag("a")
    spark.addTag("b")
    found = [sorted(spark.getTags()), sorted(spark.sparkContext.getJobTags())]
    spark.removeTag("a")
    found.append(sorted(spark.getTags()))
    spark.removeTag("b")
    refused = []
    for tag in ("a,b", ""):
        try:
            spark.addTag(tag)
        except Exception as error:
            refused.append(type(error).__name__)
    return [*found, sorted(spark.getTags()), refused]


def timeouts(spark):
    query = spark.readStream.format("rate").load().writeStream.format("noop").start()
    found = [spark.streams.awaitAnyTermination(0), query.awaitTermination(True)]
    for wait, value in ((spark.streams.awaitAnyTermination, -1), (spark.streams.awaitAnyTermination, "5"), (query.awaitTermination, 0), (query.awaitTermination, "5")):
        try:
            found.append(wait(value))
        except Exception as error:
            found.append([type(error).__name__, error.getCondition()])
    query.stop()
    return found


def a_view_kept_and_let_go(spark):
    spark.range(2).createOrReplaceTempView("kept_v")
    spark.range(2).createOrReplaceGlobalTempView("kept_g")
    c = spark.catalog
    found = []
    for name in ("kept_v", "global_temp.kept_g"):
        c.cacheTable(name)
        found += [c.isCached(name), spark.table(name).count(), c.uncacheTable(name), c.isCached(name), spark.table(name).count(), c.uncacheTable(name)]
    c.cacheTable("kept_v")
    c.clearCache()
    found += [c.isCached("kept_v"), spark.table("kept_v").count()]
    c.cacheTable("kept_v")
    spark.range(5).createOrReplaceTempView("kept_v")
    found += [c.isCached("kept_v"), spark.table("kept_v").count()]
    c.dropTempView("kept_v")
    c.dropGlobalTempView("kept_g")
    for call in (c.cacheTable, c.uncacheTable):
        try:
            call("kept_v")
        except Exception as error:
            found.append([type(error).__name__, error.getCondition()])
    return found


def a_persisted_rdd(spark):
    return [spark.range(2).rdd.persist(StorageLevel.MEMORY_ONLY).collect(), spark.range(1).rdd.persist().count()]


def older_names_of_functions(spark):
    return spark.range(2).select(F.negate("id").alias("n"), F.power("id", F.lit(2)).alias("p"), F.power(F.lit(3), 2).alias("q"))


def catalog_of_what_is_missing(spark):
    return spark.catalog.listColumns("nope_nope")


def tables_that_are_refreshed(spark):
    spark.sql("CREATE TABLE cat_plain (a INT) USING parquet")
    spark.sql("CREATE TABLE cat_parts (a INT, b INT) USING parquet PARTITIONED BY (b)")
    spark.range(1).createOrReplaceTempView("cat_view")
    found = []
    for call in (spark.catalog.refreshTable, spark.catalog.recoverPartitions, spark.catalog.uncacheTable):
        for name in ("cat_none", "cat_view", "cat_plain", "cat_parts"):
            try:
                found.append(call(name))
            except Exception as error:
                found.append([type(error).__name__, error.getCondition()])
    spark.sql("DROP TABLE cat_plain")
    spark.sql("DROP TABLE cat_parts")
    spark.catalog.dropTempView("cat_view")
    return found


def registered_functions(spark):
    spark.udf.register("thrice", lambda s: s * 3)
    plus = F.udf(lambda x: x + 1, "int")
    spark.udf.register("plus", plus)
    return [spark.sql("SELECT thrice('ab') AS a, plus(1) AS b").collect(), spark.sql("SELECT thrice('x'), plus(2)").dtypes]


def registered_function_used_by_call_udf(spark):
    spark.udf.register("shout", lambda s: s.upper() + "!")
    return spark.createDataFrame([("a",)], ["s"]).select(F.call_udf("shout", "s"), F.call_function("upper", F.col("s"))).collect()


def udf_called_with_keyword_arguments(spark):
    minus = F.udf(lambda a, b: a - b, "int")
    return spark.sql("SELECT 5 AS x, 3 AS y").select(minus(b="y", a="x").alias("m")).collect()


def udf_on_nulls_and_structs(spark):
    name = F.udf(lambda r: f"{r.a}-{r['b']}", "string")
    both = F.udf(lambda x: (x, str(x)), "a int, b string")
    many = F.udf(lambda x: [x] * x if x else None, "array<int>")
    table = F.udf(lambda x: {"k": x}, "map<string,int>")
    df = spark.createDataFrame([(2,), (None,)], "i int")
    return df.select("i", name(F.struct(F.col("i").alias("a"), F.lit("z").alias("b"))).alias("n"), both("i").alias("p"), many("i").alias("l"), table("i").alias("m"))


def udf_members(spark):
    f = F.udf(lambda x: x, "int")

    @F.udf("string")
    def named(x):
        """What it does."""
        return x

    return [str(f.returnType), f.deterministic, f.asNondeterministic().deterministic, named.__name__, named.__doc__, callable(named.func)]


def storage_levels(spark):
    return [str(StorageLevel.MEMORY_AND_DISK), str(StorageLevel.DISK_ONLY), str(StorageLevel.MEMORY_ONLY), spark.range(1).persist(StorageLevel.MEMORY_ONLY).storageLevel == StorageLevel.MEMORY_ONLY]


def sql_with_bad_parameters(spark):
    return spark.sql("SELECT :a", {"b": 1}).collect()


def time_and_null_of_a_config(spark):
    spark.conf.set("spark.x.y", None)
