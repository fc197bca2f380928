"""One trigger: `rate-micro-batch` of 100 rows into `noop`, until `commits/N` is durable.

The figure is the median of the last 1,000 of 1,300 batches that run back to back. The time also
holds the steps after the commit: the source is told, and old log files are removed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from figures import Figure, arguments, at_most, figure, report
from firesteel.ml import Model
from firesteel.sql import SparkSession
from firesteel.streaming import batch_seconds

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
WARM = 300


def milliseconds(spark: SparkSession, batches: int, *, fsync: bool, model: str | None = None) -> list[float]:
    """The times of a number of batches after a warm-up, in milliseconds."""
    spark.conf.set("firesteel.checkpoint.fsync", str(fsync).lower())
    spark.conf.set("spark.sql.streaming.numRecentProgressUpdates", str(WARM + batches))
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load()
    if model:
        score = Model.load(MODELS / model).udf()
        features = ", ".join(["cast(value AS float)"] * 32)
        rows = rows.selectExpr(f"array({features}) AS features").select(score("features"))
    with tempfile.TemporaryDirectory() as checkpoint:
        query = rows.writeStream.format("noop").option("checkpointLocation", checkpoint).start()
        while query.isActive and (query.lastProgress is None or query.lastProgress.batchId < WARM + batches):
            time.sleep(0.05)
        times = batch_seconds(query)
        query.stop()
        if query.exception():
            raise query.exception()
    return [seconds * 1000 for seconds in times[-batches:]]


def shown(name: str, limit: float, times: list[float]) -> list[Figure]:
    """The median beside its target, and its distance from the slowest."""
    ordered = sorted(times)
    return [
        at_most(limit, f"{name}, p50", statistics.median(ordered), "ms"),
        figure(f"{name}, p99", ordered[len(ordered) * 99 // 100], "ms"),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--batches", type=int, default=1000)
    given = parser.parse_args()
    spark = SparkSession.builder.getOrCreate()
    report(
        [
            *shown("a trigger, synced", 2, milliseconds(spark, given.batches, fsync=True)),
            *shown("a trigger, not synced", 0.2, milliseconds(spark, given.batches, fsync=False)),
            *shown(
                "a trigger with a model, synced", 3, milliseconds(spark, given.batches, fsync=True, model="mlp.onnx")
            ),
        ],
        given.json,
    )


if __name__ == "__main__":
    main()
