"""The queries with state that `state_kills.py` kills: ``python state_jobs.py NAME FOLDER``.

Each reads the files of ``FOLDER/in``, one a batch, and ends with the last of them. ``random``
queries have a function below the state that gives other numbers each time that it is called.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pandas as pd
from firesteel.ml import Model
from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.sql.streaming import StatefulProcessor

KEYS = 40
MODELS = Path(__file__).parents[1] / "fixtures" / "models"
ROWS = "k bigint, t timestamp, v bigint, r double"


def write_files(folder: Path, files: int, rows: int) -> None:
    """Write the input. Times rise with each file, and no row is late."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "in").mkdir(parents=True)
    numbers = random.Random(7)
    for file in range(files):
        began = 1_700_000_000_000_000 + file * 2_000_000
        keys = [numbers.randrange(KEYS) + file // 20 * KEYS // 2 for _ in range(rows)]
        times = [began + numbers.randrange(2_000_000) for _ in range(rows)]
        columns = {
            "k": pa.array(keys, pa.int64()),
            "t": pa.array(times, pa.timestamp("us", "UTC")),
            "v": pa.array(range(file * rows, (file + 1) * rows), pa.int64()),
        }
        pq.write_table(pa.table(columns), folder / "in" / f"{file:05d}.parquet")


def read(spark: SparkSession, folder: Path, *, noise: bool) -> DataFrame:
    """The rows of the files, with a number that is other each time, or 0."""
    files = spark.readStream.schema("k bigint, t timestamp, v bigint").option("maxFilesPerTrigger", 1)
    number = F.udf(lambda v: random.random(), "double").asNondeterministic()("v") if noise else F.lit(0.0)
    return files.parquet(str(folder / "in")).withColumn("r", number).withWatermark("t", "10 seconds")


def aggregation(rows: DataFrame) -> DataFrame:
    """Windows that are given when they are over."""
    window = F.window("t", "10 seconds", "5 seconds")
    counted = rows.groupBy(window, "k").agg(F.count("*").alias("n"), F.sum("v").alias("s"), F.sum("r").alias("r"))
    return counted.select(F.col("window.start").alias("t"), "k", "n", "s", "r")


def join(rows: DataFrame) -> DataFrame:
    """Rows of even numbers with those of odd ones that come soon after, or alone."""
    odd = rows.filter("v % 2 = 1").select(F.col("k").alias("k2"), F.col("t").alias("t2"), F.col("v").alias("v2"))
    within = F.expr("k = k2 AND t2 BETWEEN t AND t + INTERVAL 3 SECONDS")
    return rows.filter("v % 2 = 0").join(odd, within, "left").select("k", "t", "v", "v2", "r")


def deduplication(rows: DataFrame) -> DataFrame:
    """The first row of each key within the watermark."""
    return rows.dropDuplicatesWithinWatermark(["k"])


class Totals(StatefulProcessor):
    """Gives each key's number, its rows and totals, after each batch that has rows of it."""

    def init(self, handle):
        self.total = handle.getValueState("total", "n bigint, s bigint, r double")
        self.last = handle.getListState("last", "v bigint")

    def handleInputRows(self, key, rows, timerValues):
        for frame in rows:
            n, s, r = self.total.get() if self.total.exists() else (0, 0, 0.0)
            own = float(frame["r"].sum())
            total = (n + len(frame), s + int(frame["v"].sum()), r + own)
            self.total.update(total)
            self.last.put([(int(frame["v"].max()),)])
            yield pd.DataFrame({"k": [key[0]], "n": [total[0]], "s": [total[1]], "r": [total[2]], "own": [own]})

    def close(self):
        pass


def processor(rows: DataFrame) -> DataFrame:
    """Totals that `transformWithState` keeps."""
    form = "k bigint, n bigint, s bigint, r double, own double"
    return rows.groupBy("k").transformWithStateInPandas(Totals(), form, "Append", "None")


def recurrent(rows: DataFrame) -> DataFrame:
    """Totals that a model keeps, after each row."""
    model = Model.load(MODELS / "totals.onnx").stateful(key="k", state={"s_in": "s_out"}, order="v")
    one = F.array(F.lit(1.0), F.col("v").cast("double"), "r")
    n, s, r = (F.col("totals")[at].alias(name) for at, name in enumerate("nsr"))
    return rows.withColumn("x", one).transform(model).select("k", n, s, r, F.col("r").alias("own"))


JOBS = {each.__name__: each for each in (aggregation, join, deduplication, processor, recurrent)}
#: Jobs whose rows tell each key's totals, and the part of them that is new.
TOTALS = ("processor", "recurrent")


def main() -> None:
    """Run a job to its end."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    what, _, noise = name.partition("-")
    spark = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "4").getOrCreate()
    frame = JOBS[what](read(spark, folder, noise=noise == "random"))
    writer = frame.writeStream.format("parquet").option("path", str(folder / "predictions"))
    writer = writer.option("checkpointLocation", str(folder / "checkpoint")).outputMode("append")
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()


if __name__ == "__main__":
    main()
