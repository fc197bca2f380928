"""One trigger: `rate-micro-batch` of 100 rows into `noop`, from the start of the trigger until `commits/N` is durable.

The median of the last 1,000 of 1,300 batches that run back to back. The time also holds what follows the commit: telling the source, and
forgetting old log files.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from firesteel.ml import Model
from firesteel.sql import SparkSession
from firesteel.streaming import batch_seconds

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
WARMUP, BATCHES = 300, 1000


def one(spark: SparkSession, fsync: bool, model: str | None) -> float:
    """The median time of a batch in milliseconds."""
    spark.conf.set("firesteel.checkpoint.fsync", str(fsync).lower())
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load()
    if model:
        score = Model.load(MODELS / model).udf()
        features = ", ".join(["cast(value AS float)"] * 32)
        rows = rows.selectExpr(f"array({features}) AS features").select(score("features"))
    with tempfile.TemporaryDirectory() as checkpoint:
        query = rows.writeStream.format("noop").option("checkpointLocation", checkpoint).start()
        while (query.lastProgress or {"batchId": 0})["batchId"] < WARMUP + BATCHES:
            time.sleep(0.05)
        times = batch_seconds(query)
        query.stop()
    return statistics.median(times[-BATCHES:]) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    spark = SparkSession.builder.config("spark.sql.streaming.numRecentProgressUpdates", str(BATCHES)).getOrCreate()
    figures = {
        "trigger with fsync, p50 ms (at most 2)": one(spark, True, None),
        "trigger without fsync, p50 ms (at most 0.2)": one(spark, False, None),
        "trigger with a model and fsync, p50 ms (at most 3)": one(spark, True, "mlp.onnx"),
    }
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
