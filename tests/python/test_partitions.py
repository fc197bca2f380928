"""Many partition directories: each lane and directory has one file, and few are open at once."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter

import pytest


@pytest.fixture(autouse=True)
def not_synced(spark):
    """Turns syncing off, since these thousands of files need not survive a power cut."""
    spark.conf.set("firesteel.checkpoint.fsync", "false")
    yield
    spark.conf.unset("firesteel.checkpoint.fsync")


def folders(out):
    return Counter(path.parent.name for path in out.rglob("part-*"))


@pytest.mark.parametrize("fmt", ["parquet", "csv", "json"])
def test_a_write_of_2000_partitions_has_one_file_for_each_and_every_row(spark, tmp_path, fmt):
    rows = spark.range(0, 20_000, 1, 1).selectExpr("id", "id % 2000 AS k")
    rows.write.partitionBy("k").format(fmt).save(str(tmp_path / "out"))
    found = folders(tmp_path / "out")
    assert len(found) == 2000
    assert set(found.values()) == {1}
    back = spark.read.schema("id LONG, k LONG").format(fmt).load(str(tmp_path / "out"))
    counted = back.selectExpr("count(*)", "sum(id)", "count_if(id % 2000 = k)").collect()[0]
    assert tuple(counted) == (20_000, 199_990_000, 20_000)


def test_rows_of_a_partition_keep_their_order(spark, tmp_path):
    rows = spark.range(0, 20_000, 1, 1).selectExpr("id", "id % 500 AS k")
    rows.write.partitionBy("k").parquet(str(tmp_path / "out"))
    for k in (0, 250, 499):
        values = [row.id for row in spark.read.parquet(str(tmp_path / "out" / f"k={k}")).collect()]
        assert values == list(range(k, 20_000, 500))


FEW_FILES = """
import resource, sys
from firesteel.sql import SparkSession
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
spark = SparkSession.builder.master("local[2]").config("firesteel.checkpoint.fsync", "false").getOrCreate()
out = sys.argv[1]
rows = spark.range(20_000).selectExpr("id", "id % 5000 AS k")
rows.write.partitionBy("k").parquet(out + "/batch")
stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10_000).load().selectExpr("value", "value % 5000 AS k")
query = stream.writeStream.partitionBy("k").format("parquet").option("checkpointLocation", out + "/checkpoint")
query.trigger(availableNow=True).start(out + "/stream").awaitTermination()
print(spark.read.parquet(out + "/batch").count(), spark.read.parquet(out + "/stream").count())
"""


def test_5000_partitions_need_few_open_files(tmp_path):
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 256
    words = [sys.executable, "-c", FEW_FILES, str(tmp_path)]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["20000", "10000"], run.stderr
    for out in ("batch", "stream"):
        assert len(folders(tmp_path / out)) == 5000
