"""One trigger: `rate-micro-batch` of 100 rows into `noop`, from the start of the trigger to a durable `commits/N`.

`triggerExecution` has whole milliseconds, so the time of a thousand batches is taken from the files that they leave: the
median of the distances between consecutive `commits/N`, while the query runs back to back.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

from firesteel.ml import Model
from firesteel.sql import SparkSession

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
BATCHES = 1000


def one(spark: SparkSession, fsync: bool, model: str | None) -> float:
    """The median distance of two commits in milliseconds."""
    spark.conf.set("firesteel.checkpoint.fsync", str(fsync).lower())
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load()
    if model:
        score = Model.load(MODELS / model).udf()
        features = ", ".join(["cast(value AS float)"] * 32)
        rows = rows.selectExpr(f"array({features}) AS features").select(score("features"))
    with tempfile.TemporaryDirectory() as checkpoint:
        query = rows.writeStream.format("noop").option("checkpointLocation", checkpoint).start()
        commits = Path(checkpoint) / "commits"
        seen: dict[str, int] = {}
        while len(seen) < BATCHES:
            for path in commits.glob("[0-9]*") if commits.exists() else ():
                if path.name not in seen:
                    seen[path.name] = path.stat().st_mtime_ns
            time.sleep(0.01)
        query.stop()
    times = [seen[key] for key in sorted(seen, key=int)][100:]
    return statistics.median(b - a for a, b in itertools.pairwise(times)) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    spark = SparkSession.builder.getOrCreate()
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
