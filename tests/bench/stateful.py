"""Queries with state, here and on Spark with RocksDB: a windowed count, a join, a deduplication.

Each engine reads the same Parquet files, one a batch, and drops what comes out. Keys are strings of
16 characters, drawn evenly. The rate of a batch is its rows over the time from its trigger to its
commit. The figure is the median of the batches after the warm-up, and of Spark the best of several
numbers of shuffle partitions. Memory is the peak of the process and, of Spark, of its JVM.

    python tests/bench/stateful.py --rows 1000 --keys 10000
    python tests/bench/stateful.py --rows 2000000 --keys 10000 --batches 8 --within 1 --target 8
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, arguments, at_least, figure, report

QUERIES = ["count", "join", "dedup"]

OURS = """
from firesteel.sql import SparkSession, functions as F
from firesteel.streaming import batch_seconds
spark = (SparkSession.builder.config("spark.sql.streaming.numRecentProgressUpdates", "100000")
    .config("firesteel.checkpoint.fsync", fsync).config("firesteel.memory.limit", memory).getOrCreate())

def seconds(query):
    return batch_seconds(query)

processes = ["self"]
"""

SPARK = """
from pyspark.sql import SparkSession, functions as F
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "8g")
    .config("spark.sql.streaming.numRecentProgressUpdates", "100000")
    .config("spark.sql.shuffle.partitions", partitions)
    .config("spark.sql.streaming.stateStore.providerClass",
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
    .config("spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled", "true")
    .getOrCreate())
spark.sparkContext.setLogLevel("ERROR")

def seconds(query):
    return [p["durationMs"]["triggerExecution"] / 1000 for p in query.recentProgress if p["numInputRows"]]

processes = ["self", spark.sparkContext._gateway.proc.pid]
"""

JOB = """
import json, shutil, statistics, tempfile

def read(side):
    files = spark.readStream.schema("k string, t timestamp, v bigint").option("maxFilesPerTrigger", 1)
    return files.parquet(f"{data}/{side}").withWatermark("t", "1 hour")

def peak(process):
    high = [line for line in open(f"/proc/{process}/status") if line.startswith("VmHWM")]
    return int(high[0].split()[1]) / 1000

left = read("left")
if what == "count":
    frame, mode = left.groupBy(F.window("t", "10 minutes"), "k").count(), "update"
elif what == "dedup":
    frame, mode = left.dropDuplicatesWithinWatermark(["k"]), "append"
else:
    right = read("right").select(F.col("k").alias("k2"), F.col("t").alias("t2"), F.col("v").alias("v2"))
    near = f"t2 BETWEEN t - INTERVAL {within} SECONDS AND t + INTERVAL {within} SECONDS"
    frame, mode = left.join(right, F.expr(f"k = k2 AND {near}")), "append"

checkpoint = tempfile.mkdtemp()
query = frame.writeStream.format("noop").outputMode(mode).option("checkpointLocation", checkpoint)
query = query.trigger(availableNow=True).start()
query.awaitTermination()
done = [p for p in query.recentProgress if p["numInputRows"]]
times = seconds(query)[:len(done)][warm:]
rows = [p["numInputRows"] for p in done][warm:]
state = done[-1]["stateOperators"][0]
out = {
    "rate": statistics.median(n / s for n, s in zip(rows, times)), "batches": len(times),
    "p50_ms": statistics.median(times) * 1000, "max_ms": max(times) * 1000,
    "state_rows": state["numRowsTotal"], "state_bytes": state["memoryUsedBytes"],
    "peak_mb": sum(peak(each) for each in processes),
}
spark.stop()
shutil.rmtree(checkpoint, ignore_errors=True)
print(json.dumps(out))
"""


def write_rows(folder: Path, rows: int, keys: int, batches: int) -> None:
    """Write two streams: a file for each batch, each a minute of rows."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    names = pa.array([f"key-{at:012d}" for at in range(keys)])
    for side in ("left", "right"):
        (folder / side).mkdir()
        for batch in range(batches):
            began = 1_700_000_000_000_000 + batch * 60_000_000
            times = pa.array(np.sort(random.integers(0, 60_000_000, rows)) + began, pa.timestamp("us", "UTC"))
            values = pa.array(random.integers(0, 1_000, rows))
            drawn = names.take(pa.array(random.integers(0, keys, rows)))
            path = folder / side / f"{batch:05d}.parquet"
            pq.write_table(pa.table({"k": drawn, "t": times, "v": values}), path)
            # In this order, whatever the file system's clock says.
            os.utime(path, (1_700_000_000 + batch, 1_700_000_000 + batch))
    os.sync()


def run(engine: str, job: str, **names: object) -> dict:
    """One query in a fresh interpreter: what the job prints last."""
    told = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", "\n".join([told, engine, job])]
    return json.loads(subprocess.check_output(command, env=environment, text=True).splitlines()[-1])


def measured(what: str, given, data: str) -> tuple[list[Figure], dict]:
    """The figures of one query on both engines."""
    common = {"what": what, "data": data, "warm": given.warm, "within": given.within}
    ours = run(OURS, JOB, **common, fsync=given.fsync, memory=given.memory)
    listed = [
        figure(f"{what}, ours", ours["rate"], "rows/s"),
        figure(f"{what}, ours, a batch", ours["p50_ms"], "ms"),
        figure(f"{what}, ours, peak memory", ours["peak_mb"], "MB"),
    ]
    details = {what: {"ours": ours}}
    if given.partitions and shutil.which("java"):
        asked = {n: run(SPARK, JOB, **common, partitions=n) for n in given.partitions}
        best = max(asked.values(), key=lambda each: each["rate"])
        details[what]["spark"] = asked
        listed += [
            figure(f"{what}, Spark", best["rate"], "rows/s"),
            figure(f"{what}, Spark, a batch", best["p50_ms"], "ms"),
            figure(f"{what}, Spark, peak memory", best["peak_mb"], "MB"),
            at_least(given.target, f"{what}, ours over Spark", ours["rate"] / best["rate"], "x"),
        ]
    return listed, details


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of a batch")
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--warm", type=int, default=3, help="batches before those that count")
    parser.add_argument("--partitions", type=int, nargs="*", default=[2, 4, 8], help="of Spark; none: not measured")
    parser.add_argument("--within", type=int, default=10, help="seconds between the rows of a join")
    parser.add_argument("--query", choices=QUERIES, action="append")
    parser.add_argument("--fsync", default="true")
    parser.add_argument("--memory", default="4g")
    parser.add_argument("--target", type=float, default=50, help="how many times Spark's rate")
    given = parser.parse_args()
    figures, details = [], {}
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder), given.rows, given.keys, given.batches)
        for what in given.query or QUERIES:
            listed, told = measured(what, given, folder)
            figures += listed
            details |= told
            report(listed, None)
    report(figures, given.json, **details)


if __name__ == "__main__":
    main()
