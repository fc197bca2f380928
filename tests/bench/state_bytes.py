"""The bytes that the state of a stream takes for each key: ``python tests/bench/state_bytes.py``.

Each query gets 17 batches of new keys. The columns are bytes a key: in the change file of a batch,
in the run into which 16 of them are merged, and in memory. The table of `docs/state.md` is from
here. Keys count up, so a run of them compresses well: real keys lie between both figures.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F

KEYS = 60_000
MERGED = 16
IN_TIME = "k2 = k AND t2 BETWEEN t AND t + INTERVAL 1 HOUR"


def queries(rows: DataFrame) -> Iterator[tuple[str, DataFrame, str]]:
    """Each query: what it is, its frame and its output mode."""
    rows = rows.select(F.col("value").alias("k"), F.col("timestamp").alias("t"))
    timed = rows.withWatermark("t", "1 hour")
    text = F.md5(F.col("k").cast("string"))
    other = timed.select(F.col("k").alias("k2"), F.col("t").alias("t2"))
    yield "`count` by a bigint", rows.groupBy("k").count(), "update"
    yield "`count` by a window and a bigint", timed.groupBy(F.window("t", "10 minutes"), "k").count(), "append"
    yield "`count` by a string of 32 characters", rows.groupBy(text).count(), "update"
    five = [F.count("*"), F.sum("k"), F.min("k"), F.max("k"), F.avg("k")]
    yield "`count`, `sum`, `min`, `max`, `avg` by a bigint", rows.groupBy("k").agg(*five), "update"
    yield "`dropDuplicates` of a bigint", rows.dropDuplicates(["k"]), "append"
    yield "`dropDuplicates` of a string of 32 characters", rows.select(text.alias("s")).dropDuplicates(), "append"
    yield "`dropDuplicatesWithinWatermark` of a bigint", timed.dropDuplicatesWithinWatermark(["k"]), "append"
    yield "inner join, a row of a bigint and a time", timed.join(other, F.expr(IN_TIME)), "append"
    yield "left join, the same", timed.join(other, F.expr(IN_TIME), "left"), "append"


def measure(spark: SparkSession, frame: DataFrame, mode: str) -> tuple[float, float, float]:
    """Return the bytes a key of a change file, of a merged run and in memory."""
    with tempfile.TemporaryDirectory() as folder:
        stream = frame.writeStream.format("noop").outputMode(mode).option("checkpointLocation", folder)
        query = stream.trigger(processingTime="0 seconds").start()
        while len(done := [p for p in query.recentProgress if p["stateOperators"]]) <= MERGED:
            time.sleep(0.01)
        state = Path(folder, "firesteel", "state")
        while not (run := state / "runs" / f"1-{MERGED}").exists():
            time.sleep(0.01)
        query.stop()
        rows = [sum(operator["numRowsTotal"] for operator in progress["stateOperators"]) for progress in done]
        first, memory = state / "changes" / "1", done[MERGED]["stateOperators"][0]["memoryUsedBytes"]
        return first.stat().st_size / rows[0], run.stat().st_size / rows[MERGED - 1], memory / rows[MERGED - 1]


def main() -> None:
    """Print the table."""
    spark = SparkSession.builder.config("firesteel.checkpoint.fsync", "false").getOrCreate()
    options = {"rowsPerBatch": KEYS, "startTimestamp": 1_700_000_000_000}
    rows = spark.readStream.format("rate-micro-batch").options(**options).load()
    print("| query | change file | merged | memory |\n|---|---|---|---|")
    for name, frame, mode in queries(rows):
        change, run, memory = measure(spark, frame, mode)
        print(f"| {name} | {change:.0f} | {run:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
