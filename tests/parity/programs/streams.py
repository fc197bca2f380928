"""A streaming DataFrame behind every method: what stays a stream, and what a stream refuses."""

import tempfile
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

INPUT = tempfile.TemporaryDirectory(prefix="parity-streams-")
(Path(INPUT.name) / "lines").write_text("b\na\na\n")


def _stream(spark):
    return spark.readStream.text(INPUT.name)


def _static(spark):
    return spark.createDataFrame([("a", 1), ("c", 2)], "value string, n int")


def _view(spark, name="stream_view"):
    _stream(spark).createOrReplaceTempView(name)
    return name


def _ran(df):
    """Whether it is a stream, its columns, and its rows after a run."""
    query = df.writeStream.format("memory").queryName("found").trigger(availableNow=True).start()
    query.awaitTermination(60)
    return [df.isStreaming, df.columns, sorted(map(str, df.sparkSession.table("found").collect()))]


def _found(rows):
    return [rows.isStreaming, rows.columns, sorted(map(str, rows.collect()))]


# --- the rows kept ---------------------------------------------------------------------------------------------------

def kept_and_asked_again(spark):
    df = _stream(spark)
    kept = df.cache()
    before = [kept is df, kept.is_cached, kept.isStreaming, str(kept.storageLevel), str(df.select("value").storageLevel)]
    df.unpersist()
    return [before, df.is_cached, df.isStreaming, str(df.storageLevel)]


def kept_inside_foreach_batch(spark):
    seen = []

    def each(df, number):
        kept = df.cache()
        seen.append([df.isStreaming, kept.isStreaming, kept.count(), kept.count()])

    query = _stream(spark).cache().writeStream.foreachBatch(each).trigger(availableNow=True).start()
    query.awaitTermination(60)
    return seen


def a_frame_over_a_kept_stream(spark):
    return _ran(_stream(spark).cache().where("value = 'a'").select(F.upper("value").alias("v")))


def a_view_of_a_kept_stream(spark):
    _stream(spark).cache().createOrReplaceTempView("kept_view")
    return _ran(spark.sql("SELECT value, 1 AS one FROM kept_view"))


def a_table_kept_by_the_catalog(spark):
    name = _view(spark, "catalog_view")
    spark.catalog.cacheTable(name)
    return [spark.catalog.isCached(name), _ran(spark.table(name))]


def a_table_kept_by_sql(spark):
    name = _view(spark, "sql_view")
    spark.sql(f"CACHE TABLE {name}").collect()
    return _ran(spark.table(name))


def a_table_kept_lazily_by_sql(spark):
    name = _view(spark, "lazy_view")
    spark.sql(f"CACHE LAZY TABLE {name}").collect()
    return _ran(spark.table(name))


# --- names -----------------------------------------------------------------------------------------------------------

def a_view_of_a_view(spark):
    _view(spark, "inner_view")
    spark.sql("CREATE OR REPLACE TEMP VIEW outer_view AS SELECT upper(value) AS v FROM inner_view")
    return _ran(spark.table("outer_view"))


def a_global_view(spark):
    _stream(spark).createOrReplaceGlobalTempView("global_stream")
    return _ran(spark.table("global_temp.global_stream"))


def a_table_made_of_a_stream(spark):
    _view(spark)
    return spark.sql("CREATE TABLE made_of_a_stream USING parquet AS SELECT * FROM stream_view").collect()


def a_table_saved_from_a_stream(spark):
    return _stream(spark).write.saveAsTable("saved_from_a_stream")


def an_insert_from_a_stream(spark):
    _view(spark)
    spark.sql("DROP TABLE IF EXISTS inserted_from_a_stream")
    spark.sql("CREATE TABLE inserted_from_a_stream (value string) USING parquet")
    return spark.sql("INSERT INTO inserted_from_a_stream SELECT * FROM stream_view").collect()


def a_frame_given_to_sql(spark):
    return _ran(spark.sql("SELECT upper(value) AS v FROM {lines}", lines=_stream(spark)))


# --- what writes -----------------------------------------------------------------------------------------------------

def each_write(spark, tmp):
    df, found = _stream(spark), {}
    path = str(tmp / "out")
    for name, write in {"save": lambda: df.write.save(path), "csv": lambda: df.write.csv(path), "noop": lambda: df.write.format("noop").mode("append").save(), "insertInto": lambda: df.write.insertInto("nowhere"), "member": lambda: df.write}.items():
        try:
            write()
            found[name] = "written"
        except Exception as error:
            found[name] = [type(error).__name__, error.getCondition()]
    return found


def each_start_of_a_static_frame(spark, tmp):
    df, found = _static(spark), {}
    cp = str(tmp / "cp")
    for name, write in {"member": lambda: df.writeStream, "kept": lambda: df.cache().writeStream, "empty": lambda: df.limit(0).writeStream, "mixed": lambda: _stream(spark).union(df.select("value")).writeStream.format("noop").option("checkpointLocation", cp).start()}.items():
        try:
            write()
            found[name] = "written"
        except Exception as error:
            found[name] = [type(error).__name__, error.getCondition()]
    return found


PYTHON = [
    "_ran(_stream(spark))",
    "_ran(_stream(spark).cache())", "_ran(_stream(spark).persist())", "_ran(_stream(spark).persist(StorageLevel.DISK_ONLY))", "_ran(_stream(spark).cache().unpersist())", "_ran(_stream(spark).cache().cache())",
    "_ran(_stream(spark).checkpoint())", "_ran(_stream(spark).checkpoint(False))", "_ran(_stream(spark).localCheckpoint())", "_ran(_stream(spark).localCheckpoint(False))", "_ran(_stream(spark).cache().localCheckpoint())",
    "_stream(spark).cache().collect()", "_stream(spark).cache().count()", "_stream(spark).localCheckpoint(False).collect()", "_static(spark).localCheckpoint(False).collect()",
    "_ran(_stream(spark).alias('s').select('s.value'))", "_ran(_stream(spark).toDF('v'))", "_ran(_stream(spark).to(StructType().add('value', 'string')))", "_ran(_stream(spark).hint('broadcast'))", "_ran(F.broadcast(_stream(spark)))", "_ran(_stream(spark).repartition(2))", "_ran(_stream(spark).repartition('value'))", "_ran(_stream(spark).hint('repartition', 2))", "_ran(_stream(spark).coalesce(1))", "_ran(_stream(spark).repartitionByRange(2, 'value'))",
    "_ran(_stream(spark).select('*'))", "_ran(_stream(spark).selectExpr('value AS v'))", "_ran(_stream(spark).filter('value = 1 OR true'))", "_ran(_stream(spark).withColumn('n', F.lit(1)))", "_ran(_stream(spark).withColumnRenamed('value', 'v'))", "_ran(_stream(spark).withMetadata('value', {'a': 1}))", "_ran(_stream(spark).drop('value').select(F.lit(1).alias('one')))", "_ran(_stream(spark).transform(lambda df: df.where('false')))", "_ran(_stream(spark).dropna())", "_ran(_stream(spark).fillna('x'))", "_ran(_stream(spark).replace('a', 'z'))", "_ran(_stream(spark).select(F.explode(F.split('value', '')).alias('c')))", "_ran(_stream(spark).unpivot([], ['value'], 'name', 'v'))",
    "_ran(_stream(spark).union(_stream(spark)))", "_ran(_stream(spark).unionByName(_stream(spark)))", "_ran(_stream(spark).union(_static(spark).select('value')))", "_static(spark).select('value').union(_stream(spark)).isStreaming", "_ran(_stream(spark).unionByName(_static(spark), allowMissingColumns=True))",
    "_ran(_stream(spark).join(_static(spark), 'value'))", "_ran(_stream(spark).join(_static(spark), 'value', 'left'))", "_ran(_stream(spark).join(_static(spark), 'value', 'semi'))", "_ran(_stream(spark).join(_static(spark), 'value', 'anti'))", "_ran(_static(spark).join(_stream(spark), 'value'))", "_ran(_static(spark).join(_stream(spark), 'value', 'semi'))", "_ran(_stream(spark).crossJoin(_static(spark).select('n')))",
    "_ran(_stream(spark).limit(2))", "_ran(_stream(spark).offset(1))", "_ran(_stream(spark).sample(1.0, 3))", "_ran(_stream(spark).sample(1.0))", "_ran(_stream(spark).sample(True, 0.0, 3))", "[part.isStreaming for part in _stream(spark).randomSplit([1.0, 1.0], 3)]", "_ran(_stream(spark).sampleBy('value', {'a': 1.0}, 3))",
    "_ran(_stream(spark).distinct())", "_ran(_stream(spark).dropDuplicates())", "_ran(_stream(spark).orderBy('value'))", "_ran(_stream(spark).sortWithinPartitions('value'))", "_ran(_stream(spark).groupBy('value').count())", "_ran(_stream(spark).intersect(_stream(spark)))", "_ran(_stream(spark).subtract(_static(spark).select('value')))", "_ran(_stream(spark).exceptAll(_static(spark).select('value')))", "_ran(_static(spark).select('value').subtract(_stream(spark)))",
    "_stream(spark).groupBy('value').count().isStreaming", "_stream(spark).agg(F.count('*')).isStreaming", "_stream(spark).groupBy().pivot('value').count().isStreaming", "_stream(spark).groupBy().pivot('value', ['a']).count().isStreaming", "_stream(spark).describe().isStreaming", "_stream(spark).describe('value').collect()", "_stream(spark).summary().isStreaming", "_stream(spark).summary('count').collect()", "_stream(spark).crosstab('value', 'value')", "_stream(spark).freqItems(['value'])", "_stream(spark).select(F.length('value').alias('n')).approxQuantile('n', [0.5], 0.1)", "_stream(spark).select(F.length('value').alias('n')).corr('n', 'n')", "_stream(spark).select(F.length('value').alias('n')).cov('n', 'n')",
    "_stream(spark).collect()", "_stream(spark).count()", "_stream(spark).show()", "_stream(spark).take(1)", "_stream(spark).first()", "_stream(spark).head()", "_stream(spark).head(1)", "_stream(spark).tail(1)", "_stream(spark).isEmpty()", "_stream(spark).foreach(print)", "_stream(spark).foreachPartition(list)", "list(_stream(spark).toLocalIterator())", "_stream(spark).toPandas()", "_stream(spark).toArrow()", "_stream(spark).toJSON().collect()", "_stream(spark).rdd.collect()", "_stream(spark).rdd.getNumPartitions()", "_stream(spark).isLocal()", "_stream(spark).inputFiles()", "_stream(spark).limit(1).collect()", "_stream(spark).select(F.count('*')).collect()", "_stream(spark).groupBy('value').count().collect()", "_stream(spark).orderBy('value').collect()", "repr(_stream(spark))", "_stream(spark).sameSemantics(_stream(spark))", "_stream(spark).groupBy('value').pivot('value').count().collect()", "_stream(spark).explain()",
    "_ran(spark.table(_view(spark)))", "_ran(spark.sql(f'SELECT * FROM {_view(spark)}'))", "spark.sql(f'SELECT * FROM {_view(spark)}').collect()", "spark.sql(f'SELECT count(*) FROM {_view(spark)}').collect()", "_ran(spark.readStream.table(_view(spark)))", "spark.read.table(_view(spark)).isStreaming", "_ran(spark.sql(f'WITH w AS (SELECT * FROM {_view(spark)}) SELECT * FROM w'))", "_ran(spark.sql(f'SELECT * FROM (SELECT value AS v FROM {_view(spark)}) WHERE v > \"a\"'))",
    "_static(spark).where(f'value IN (SELECT value FROM {_view(spark)})').isStreaming", "_static(spark).where(f'value IN (SELECT value FROM {_view(spark)})').collect()", "_static(spark).where(f'n = (SELECT count(*) FROM {_view(spark)})').collect()", "spark.sql(f'SELECT (SELECT max(value) FROM {_view(spark)}) AS m').collect()", "spark.sql(f'SELECT EXISTS (SELECT * FROM {_view(spark)}) AS e').collect()",
    "_static(spark).isStreaming", "_static(spark).writeStream", "_found(_static(spark).cache())", "_found(_static(spark).checkpoint())", "_found(_static(spark).localCheckpoint())", "spark.createDataFrame(_stream(spark))",
]
