"""Sessions: settings, catalog, SQL, files."""

from __future__ import annotations

import subprocess
import sys

import pytest
from firesteel.conf import SparkConf
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    ParseException,
    SparkNoSuchElementException,
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
