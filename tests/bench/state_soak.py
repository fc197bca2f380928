"""An hour of a sliding window and of a join at full speed, to see whether state or the process grows.

::

    python tests/bench/state_soak.py [--minutes 60] [--json out.json]

Two queries run without a pause, each over its own stream whose event time goes on by 10 seconds a
batch: a count by sliding windows and key in append mode, and an inner join of two streams within 20
seconds. So both keep about as many rows all the time. Resident memory, threads, open files and the
bytes of the checkpoints are measured every ten seconds. The exit status is 1 if they are not flat
after the first sixth, or if a query failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from resources import FLAT, MB, Curve, Usage, lines, sample

EVERY = 10.0
ROWS = 2_000
KEYS = 5_000


def queries(spark) -> dict:
    """Each query by its name: its frame."""
    from firesteel.sql import functions as F

    def stream(delay: str):
        options = {"rowsPerBatch": ROWS, "advanceMillisPerBatch": 10_000, "startTimestamp": 1_700_000_000_000}
        rows = spark.readStream.format("rate-micro-batch").options(**options).load()
        return rows.withColumn("k", F.col("value") % KEYS).withWatermark("timestamp", delay)

    sliding = F.window("timestamp", "2 minutes", "30 seconds")
    right = stream("30 seconds").select(F.col("k").alias("k2"), F.col("timestamp").alias("t2"))
    near = "k = k2 AND t2 BETWEEN timestamp - INTERVAL 20 SECONDS AND timestamp + INTERVAL 20 SECONDS"
    return {
        "window": stream("30 seconds").groupBy(sliding, "k").count(),
        "join": stream("30 seconds").join(right, F.expr(near)),
    }


def size(folder: Path) -> float:
    """The bytes of all files below a folder, in MB. Files come and go meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return round(total / MB, 3)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    seconds = given.minutes * 60
    from firesteel.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    curve, stop, bytes_of = Curve(), threading.Event(), []
    with tempfile.TemporaryDirectory() as scratch:
        running = [
            frame.writeStream.format("noop").queryName(name).option("checkpointLocation", f"{scratch}/{name}").start()
            for name, frame in queries(spark).items()
        ]

        def kept(query) -> int:
            done = query.lastProgress
            return sum(state["numRowsTotal"] for state in done["stateOperators"]) if done else 0

        def tell(usage: Usage) -> None:
            bytes_of.append((usage.at, size(Path(scratch))))
            states = ", ".join(f"{query.name} {kept(query):,} rows" for query in running)
            print(f"{lines(curve, [usage.at], 's')[0]}  {bytes_of[-1][1]:.1f} MB in files  {states}", flush=True)

        threading.Thread(target=sample, args=(curve, EVERY, stop, tell), daemon=True).start()
        time.sleep(seconds)
        stop.set()
        fallen = [query.name for query in running if not query.isActive or query.exception()]
        batches = {query.name: query.lastProgress.batchId for query in running if query.lastProgress}
        for query in running:
            query.stop()
    spark.stop()

    warm = seconds / 6
    after = [mb for at, mb in bytes_of if at >= warm]
    half = len(after) // 2
    files = statistics.median(after[half:]) / statistics.median(after[:half])
    growth, flat = curve.growth(warm), curve.flat(warm) and files <= FLAT
    print(f"\nbatches: {batches}")
    print("\n".join(lines(curve, [seconds * part / 6 for part in (0.2, 1, 2, 3, 4, 5, 6)], "s")))
    print(
        f"resident memory after the first sixth: x {growth:.3f}, files x {files:.3f}, {'flat' if flat else 'NOT FLAT'}"
    )
    if fallen:
        print(f"FALLEN: {fallen}")
    if given.json:
        report = {"batches": batches, "growth": growth, "files": files, "curve": curve.report(), "bytes": bytes_of}
        given.json.write_text(json.dumps(report, indent=2))
    return 0 if flat and not fallen else 1


if __name__ == "__main__":
    sys.exit(main())
