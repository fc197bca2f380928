"""State that grows: more groups than memory holds, and lists that get longer with every batch."""

from __future__ import annotations

import statistics
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from firesteel.sql import functions as F
from firesteel.streaming import MemoryStream

MANY_GROUPS = """
import sys
from firesteel.sql import SparkSession, functions as F
spark = SparkSession.builder.master("local[2]").config("firesteel.memory.limit", "24m").getOrCreate()
mode, folder = sys.argv[1:]
for part in (spark.range(300_000), spark.range(300_000, 600_000)):
    part.coalesce(1).write.mode("append").parquet(folder + "/in")
rows = spark.readStream.schema("id bigint").option("maxFilesPerTrigger", 1).parquet(folder + "/in")
key = F.md5((F.col("id") % 250_000).cast("string")).alias("k")
groups = rows.groupBy(key).agg(F.count("*").alias("n"), F.max("id").alias("last"), F.collect_list("id").alias("ids"))
seen = []

def each(batch, number):
    [row] = batch.agg(F.count("*"), F.sum("n"), F.max("last"), F.sum(F.size("ids"))).collect()
    seen.append(tuple(row))

query = groups.writeStream.outputMode(mode).foreachBatch(each).option("checkpointLocation", folder + "/checkpoint")
query = query.trigger(availableNow=True).start()
query.awaitTermination()
print(seen[-1], query.lastProgress["stateOperators"][0]["numRowsTotal"])
"""


@pytest.mark.parametrize("mode", ["update", "complete"])
def test_a_batch_of_more_groups_than_fit_in_memory(tmp_path, mode):
    # A file of 300,000 rows touches every group. They take about five times the memory that there is.
    command = [sys.executable, "-c", MANY_GROUPS, mode, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert "600000, 599999, 600000) 250000" in ended.stdout, ended.stderr


@pytest.fixture
def grown(spark, tmp_path):
    """Thirty batches of rows into windows of ten batches, and what each window should have."""
    stream = MemoryStream("k string, t timestamp, v bigint", spark)
    windows = stream.to_df().withWatermark("t", "10 seconds").groupBy(F.window("t", "10 seconds"), "k")
    lists = [F.collect_list("v").alias("all"), F.collect_set(F.col("v") % 1500).alias("set")]
    frame = windows.agg(*lists, F.sum("v").alias("sum"), F.percentile("v", 0.5).alias("median"))
    first, expected = datetime(2024, 1, 1), {}
    batches = []
    for batch in range(30):
        rows = []
        for at in range(700):
            key = f"k{at % 3}" if at % 7 else f"once {batch}"
            start = first + timedelta(seconds=batch // 10 * 10)
            rows.append((key, start + timedelta(seconds=at % 10), batch * 700 + at))
            expected.setdefault((key, start), []).append(batch * 700 + at)
        batches.append(rows)
    batches.append([("end", first + timedelta(hours=1), 0)])

    def run(mode):
        found, times = {}, []

        def each(rows, number):
            for row in rows.collect():
                key = (row["k"], row["window"]["start"])
                times.append(key)
                found[key] = (list(row["all"]), sorted(row["set"]), row["sum"], row["median"])

        writer = frame.writeStream.foreachBatch(each).outputMode(mode).option("checkpointLocation", str(tmp_path))
        query = writer.start()
        for rows in batches:
            stream.add(rows)
            query.processAllAvailable()
        rows = query.lastProgress["stateOperators"][0]["numRowsTotal"]
        query.stop()
        found.pop(("end", first + timedelta(hours=1)), None)
        return found, times, rows

    right = {
        key: (values, sorted({value % 1500 for value in values}), sum(values), statistics.median(values))
        for key, values in expected.items()
    }
    return run, right


@pytest.mark.parametrize("mode", ["append", "update", "complete"])
def test_lists_lie_in_chunks_and_come_out_whole(grown, mode):
    run, right = grown
    found, given, rows = run(mode)
    assert found == right
    if mode == "append":
        assert len(given) == len(set(given))
        assert rows == 1


def test_chunks_are_entries_of_their_own_and_go_with_their_group(spark, grown, tmp_path):
    run, _ = grown
    run("append")

    def chunks(batch):
        store = spark.read.format("statestore").option("storeName", "lists").option("batchId", batch)
        return store.load(str(tmp_path)).count()

    assert chunks(9) > 0
    newest = spark.read.format("state-metadata").load(str(tmp_path)).collect()[0]["maxBatchId"]
    assert chunks(newest) == 0
