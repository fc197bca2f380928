"""One trigger: `rate-micro-batch` of 100 rows into `noop`, until `commits/N` is durable.

With state it is a count over 1,000 keys: in update mode, and in append mode of windows, where a
batch without rows follows each batch with rows. Both together are one trigger then. The figure is the median of the last 1,000 of 1,300 batches that run back to back. The time also
holds the steps after the commit: the source is told, and old log files are removed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from figures import Figure, arguments, at_most, figure, report
from firesteel.ml import Model
from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.streaming import batch_seconds

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
WARM = 300


def counted(rows: DataFrame, mode: str) -> DataFrame:
    """A count over 1,000 keys."""
    key = (F.col("value") % 1000).alias("k")
    if mode == "update":
        return rows.groupBy(key).count()
    return rows.withWatermark("timestamp", "10 seconds").groupBy(F.window("timestamp", "1 second"), key).count()


def milliseconds(
    spark: SparkSession, batches: int, *, fsync: bool, model: str | None = None, mode: str | None = None
) -> list[float]:
    """The times of a number of triggers after a warm-up, in milliseconds.

    ``mode`` is the output mode of a count with state.
    """
    spark.conf.set("firesteel.checkpoint.fsync", str(fsync).lower())
    spark.conf.set("spark.sql.streaming.numRecentProgressUpdates", str((WARM + batches) * 2))
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load()
    if model:
        score = Model.load(MODELS / model).udf()
        features = ", ".join(["cast(value AS float)"] * 32)
        rows = rows.selectExpr(f"array({features}) AS features").select(score("features"))
    if mode:
        rows = counted(rows, mode)
    together = 2 if mode == "append" else 1
    with tempfile.TemporaryDirectory() as checkpoint:
        writer = rows.writeStream.format("noop").outputMode(mode or "append")
        query = writer.option("checkpointLocation", checkpoint).start()
        while query.isActive and (
            query.lastProgress is None or query.lastProgress.batchId < (WARM + batches) * together
        ):
            time.sleep(0.05)
        times = batch_seconds(query)
        query.stop()
        if query.exception():
            raise query.exception()
    times = [sum(times[at : at + together]) for at in range(0, len(times) - together + 1, together)]
    return [seconds * 1000 for seconds in times[-batches:]]


def shown(name: str, limit: float, times: list[float]) -> list[Figure]:
    """The median beside its target, and its distance from the slowest."""
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[len(ordered) * 99 // 100]
    return [at_most(limit, f"{name}, p50", p50, "ms"), figure(f"{name}, p99", p99, "ms")]


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
            *shown("a count, update, synced", 1.8, milliseconds(spark, given.batches, fsync=True, mode="update")),
            *shown("a count, update, not synced", 0.3, milliseconds(spark, given.batches, fsync=False, mode="update")),
            *shown("a count, append, synced", 3.5, milliseconds(spark, given.batches, fsync=True, mode="append")),
            *shown("a count, append, not synced", 0.6, milliseconds(spark, given.batches, fsync=False, mode="append")),
        ],
        given.json,
    )


if __name__ == "__main__":
    main()
