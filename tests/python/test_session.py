"""Sessions: settings, catalog, SQL, files."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from firesteel.conf import SparkConf
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    ParseException,
    PySparkNotImplementedError,
    SparkNoSuchElementException,
    UnsupportedOperationException,
)
from firesteel.sql import Row, SparkSession


def test_get_or_create_returns_the_session_that_runs(spark):
    again = (
        SparkSession.builder.config("spark.some.key", True).config(conf=SparkConf().set("spark.other", 1)).getOrCreate()
    )
    assert again is spark
    assert spark.conf.get("spark.some.key") == "true"
    assert spark.conf.get("spark.other") == "1"
    assert SparkSession.getActiveSession() is spark
    assert spark.version == "4.3.0"


def test_a_cluster_is_refused_and_told_where_to_go():
    with pytest.raises(IllegalArgumentException, match="pyspark"):
        SparkSession.builder.master("spark://host:7077").create()


def test_configuration(spark):
    spark.conf.set("spark.sql.shuffle.partitions", 5)
    assert spark.conf.get("spark.sql.shuffle.partitions") == "5"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    assert spark.conf.get("nope", "default") == "default"
    assert spark.conf.get("nope", None) is None
    with pytest.raises(SparkNoSuchElementException):
        spark.conf.get("nope")


def test_the_context_has_what_scripts_use(spark):
    context = spark.sparkContext
    assert (context.master, context.defaultParallelism) == ("local[2]", 2)
    context.setLogLevel("WARN")
    assert context.parallelize([1, 2, 3]).map(lambda x: x * 2).collect() == [2, 4, 6]
    assert context.broadcast({"a": 1}).value == {"a": 1}


def test_sql_and_views(spark):
    spark.range(4).createOrReplaceTempView("numbers")
    assert spark.sql("SELECT count(*) AS n FROM numbers WHERE id > 1").collect() == [Row(n=2)]
    assert spark.sql("SELECT :a + :b AS x", {"a": 1, "b": 2}).first().x == 3
    assert spark.sql("SELECT max(id) AS m FROM {df}", df=spark.range(3)).first().m == 2
    assert spark.catalog.tableExists("numbers")
    assert "numbers" in [table.name for table in spark.catalog.listTables() if table.isTemporary]
    assert spark.catalog.dropTempView("numbers")
    with pytest.raises(AnalysisException) as raised:
        spark.table("numbers")
    assert raised.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    with pytest.raises(ParseException):
        spark.sql("selec 1")


@pytest.mark.parametrize("form", ["parquet", "json", "csv"])
def test_files_come_back_as_written(spark, tmp_path, form):
    path = str(tmp_path / "out")
    df = spark.createDataFrame([(1, "a"), (2, "b")], "n INT, s STRING")
    df.write.format(form).option("header", True).save(path)
    read = spark.read.format(form).option("header", True).schema("n INT, s STRING").load(path)
    assert sorted(read.collect()) == [(1, "a"), (2, "b")]
    with pytest.raises(AnalysisException) as raised:
        df.write.format(form).save(path)
    assert raised.value.getCondition() == "PATH_ALREADY_EXISTS"
    df.write.mode("append").format(form).option("header", True).save(path)
    assert read.sparkSession.read.format(form).option("header", True).schema("n INT, s STRING").load(path).count() == 4


def test_a_missing_path_is_named(spark):
    with pytest.raises(AnalysisException, match="nowhere") as raised:
        spark.read.parquet("/nowhere/at/all")
    assert raised.value.getCondition() == "PATH_NOT_FOUND"


def test_a_forked_child_gets_a_clear_error():
    script = """
import os
from firesteel.sql import SparkSession
spark = SparkSession.builder.master("local[1]").getOrCreate()
pid = os.fork()
if pid == 0:
    try:
        spark.sql("SELECT 1")
    except Exception as error:
        os._exit(7 if "fork" in str(error) else 8)
    os._exit(9)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "7"


def test_a_table_is_not_kept_in_memory_and_stays_a_table(spark):
    spark.range(2).write.mode("overwrite").saveAsTable("not_kept")
    try:
        with pytest.raises(PySparkNotImplementedError, match="cacheTable of a table"):
            spark.catalog.cacheTable("not_kept")
        spark.range(3).write.insertInto("not_kept")
        assert spark.table("not_kept").count() == 5
    finally:
        spark.sql("DROP TABLE not_kept")


def test_insert_into_says_that_options_have_no_effect(spark, caplog):
    spark.range(1).write.mode("overwrite").saveAsTable("with_options_of_its_own")
    try:
        with caplog.at_level(logging.WARNING, logger="firesteel"):
            spark.range(1).write.options(sep="|", partitionOverwriteMode="dynamic").insertInto(
                "with_options_of_its_own"
            )
        for option in ("sep", "partitionOverwriteMode"):
            assert caplog.text.count(f"the option '{option}' has no effect on insertInto") == 1
    finally:
        spark.sql("DROP TABLE with_options_of_its_own")


def test_options_of_a_table_are_not_reported_with_each_use(spark, tmp_path, caplog):
    (tmp_path / "rows.csv").write_text("1|2\n", encoding="utf-8")
    schema = spark.createDataFrame([], "a INT, b INT").schema
    with caplog.at_level(logging.WARNING, logger="firesteel"):
        made = spark.catalog.createTable("quiet", str(tmp_path), "csv", schema, sep="|", quoteAll="true", comment="#")
        assert made.collect() == [Row(a=1, b=2)]
        spark.createDataFrame([(3, 4)], "a INT, b INT").write.insertInto("quiet")
    spark.sql("DROP TABLE quiet")
    assert caplog.text == ""


def test_a_table_is_replaced_with_its_rows_or_stays_as_it_was(spark):
    spark.sql("CREATE TABLE replaced USING parquet AS SELECT 1 AS a")
    for wrong in ("(a INT) USING cvs", "(a ARRAY<INT>) USING csv", "(a INT, A INT) USING parquet"):
        with pytest.raises(AnalysisException):
            spark.sql(f"CREATE OR REPLACE TABLE replaced {wrong}")
        assert spark.table("replaced").collect() == [Row(a=1)]
    spark.sql("CREATE OR REPLACE TABLE replaced (b STRING) USING csv")
    assert spark.table("replaced").collect() == []
    spark.sql("DROP TABLE replaced")


def test_a_table_that_is_refused_leaves_no_folder(spark):
    with pytest.raises(AnalysisException, match="no data source cvs; did you mean 'csv'"):
        spark.sql("CREATE TABLE misspelt (a INT) USING cvs")
    spark.sql("CREATE TABLE misspelt (a INT) USING csv")
    spark.sql("DROP TABLE misspelt")


def test_columns_may_be_called_as_what_is_refused(spark):
    spark.sql("CREATE TABLE called (default INT, char STRING, s STRUCT<varchar: INT>) USING json")
    assert spark.table("called").columns == ["default", "char", "s"]
    spark.sql("DROP TABLE called")
    for column in ("a INT DEFAULT 5", "a VARCHAR(3)", "a STRUCT<b: CHAR(2)>"):
        with pytest.raises(UnsupportedOperationException):
            spark.sql(f"CREATE TABLE called ({column}) USING json")
    with pytest.raises(UnsupportedOperationException, match="PARTITIONED BY of a function"):
        spark.sql("CREATE TABLE called (a INT) USING json PARTITIONED BY (bucket(4, a))")


def test_a_stream_writes_a_table_by_its_format_and_options(spark, tmp_path):
    spark.sql("CREATE TABLE headed (value BIGINT) USING csv OPTIONS (header true)")
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 3).load().select("value")
    with pytest.raises(AnalysisException) as refused:
        rows.writeStream.format("json").option("checkpointLocation", str(tmp_path / "c")).toTable("headed")
    assert refused.value.getCondition() == "_LEGACY_ERROR_TEMP_1192"
    writer = rows.writeStream.option("checkpointLocation", str(tmp_path / "c")).trigger(availableNow=True)
    writer.toTable("headed").awaitTermination()
    assert sorted(row.value for row in spark.table("headed").collect()) == [0, 1, 2]
    spark.sql("DROP TABLE headed")
    with pytest.raises(AnalysisException, match="parqet"):
        rows.writeStream.format("parqet").toTable("headed")
    assert not spark.catalog.tableExists("headed")


@pytest.mark.parametrize(
    "clause",
    ["CLUSTERED BY (a) INTO 2 BUCKETS", "ROW FORMAT DELIMITED", "STORED AS parquet"],
    ids=lambda clause: clause.split()[0],
)
def test_a_clause_that_a_table_does_not_take_is_refused(spark, clause):
    with pytest.raises((UnsupportedOperationException, ParseException)):
        spark.sql(f"CREATE TABLE refused (a INT) {clause}")
    assert not spark.catalog.tableExists("refused")


@pytest.mark.parametrize("how", ["set", "sql", "builder"])
@pytest.mark.parametrize(
    ("key", "why"),
    [("spark.databricks.{}", "everything runs in this one process"), ("spark.sql.nobody.reads.{}", "nothing reads it")],
    ids=["cluster", "unknown"],
)
def test_a_setting_without_effect_is_noted_once_wherever_it_is_set(spark, caplog, how, key, why):
    key = key.format(how)
    ways = {
        "set": lambda: spark.conf.set(key, "1"),
        "sql": lambda: spark.sql(f"SET {key}=1"),
        "builder": lambda: SparkSession.builder.config(key, "1").getOrCreate(),
    }
    with caplog.at_level(logging.WARNING, logger="firesteel"):
        for _ in range(2):
            ways[how]()
    assert caplog.text.count(f"the setting '{key}' has no effect here: {why}") == 1
    spark.conf.unset(key)


def test_settings_that_are_read_and_settings_of_the_user_are_not_noted(spark, caplog):
    keys = ["spark.sql.shuffle.partitions", "spark.sql.streaming.checkpointLocation", "spark.my.own"]
    with caplog.at_level(logging.WARNING, logger="firesteel"):
        for key in keys:
            spark.conf.set(key, "7")
            spark.conf.unset(key)
    assert caplog.text == ""


def test_a_table_of_another_database_is_not_taken_for_ours(spark):
    spark.range(2).write.saveAsTable("kept")
    try:
        spark.sql("DROP TABLE IF EXISTS other.kept")
        with pytest.raises(AnalysisException, match="SCHEMA_NOT_FOUND"):
            spark.range(5).write.mode("overwrite").saveAsTable("other.kept")
        stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
        with pytest.raises(AnalysisException, match="SCHEMA_NOT_FOUND"):
            stream.writeStream.toTable("other.kept")
        assert spark.table("spark_catalog.default.kept").count() == 2
    finally:
        spark.sql("DROP TABLE spark_catalog.default.kept")


def test_what_is_missing_is_not_there_for_hasattr(spark):
    for owner in (spark, spark.catalog, spark.sparkContext.parallelize([1])):
        assert not hasattr(owner, "nothing_of_this_name")
        with pytest.raises(PySparkNotImplementedError, match="nothing_of_this_name"):
            owner.nothing_of_this_name()
