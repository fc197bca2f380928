"""Scoring 1 M rows × 32 features with an MLP, here and with ONNX Runtime inside PySpark.

PySpark has the two forms that people write: an iterator `pandas_udf` and `mapInArrow`. The batch
reads and scores eight parquet files and drops the rows. The stream takes the same files under
`availableNow`, one a batch. Each engine runs in its own process. Each figure is the median of seven
runs after a warm-up. PySpark is measured if Java is there.
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

MODEL = Path(__file__).parents[1] / "fixtures" / "models" / "mlp.onnx"
ROWS, FEATURES, FILES = 1_000_000, 32, 8

OURS = """
from firesteel.sql import SparkSession
from firesteel.ml import Model
spark = SparkSession.builder.getOrCreate()
score = Model.load(model).udf()

def scored(rows):
    return rows.select(score("features"))
"""

SPARK = """
from typing import Iterator
import numpy as np, onnxruntime as ort, pandas as pd, pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

def session():
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options)
"""

PANDAS_UDF = """
@pandas_udf("array<float>")
def score(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
    loaded = session()
    name = loaded.get_inputs()[0].name
    for batch in batches:
        yield pd.Series(list(loaded.run(None, {name: np.stack(batch.to_numpy())})[0]))

def scored(rows):
    return rows.select(score("features"))
"""

MAP_IN_ARROW = """
def score(batches):
    loaded = session()
    name = loaded.get_inputs()[0].name
    for batch in batches:
        features = batch.column(0)
        values = features.flatten().to_numpy().reshape(len(features), -1)
        result = loaded.run(None, {name: values})[0]
        offsets = pa.array(np.arange(0, result.size + 1, result.shape[1], dtype=np.int32))
        yield pa.record_batch([pa.ListArray.from_arrays(offsets, pa.array(result.reshape(-1)))], names=["score"])

def scored(rows):
    return rows.mapInArrow(score, "score array<float>")
"""

JOBS = """
import shutil, tempfile

def batch():
    scored(spark.read.parquet(data)).write.format("noop").mode("overwrite").save()

def stream():
    checkpoint = tempfile.mkdtemp()
    files = spark.readStream.schema("features array<float>").option("maxFilesPerTrigger", 1).parquet(data)
    query = scored(files).writeStream.format("noop").option("checkpointLocation", checkpoint)
    query = query.trigger(availableNow=True).start()
    query.awaitTermination()
    shutil.rmtree(checkpoint)
"""

TIMES = """
import json, statistics, time

def seconds(work):
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)

print(json.dumps({"batch": seconds(batch), "stream": seconds(stream)}))
spark.stop()
"""


def write_rows(folder: Path, rows: int) -> None:
    """Write the input: eight files of float features."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    for i in range(FILES):
        values = pa.array(random.standard_normal(rows // FILES * FEATURES, dtype=np.float32))
        offsets = pa.array(np.arange(0, len(values) + 1, FEATURES, dtype=np.int32))
        pq.write_table(pa.table({"features": pa.ListArray.from_arrays(offsets, values)}), folder / f"{i}.parquet")
    os.sync()  # else the disk still writes while the first engine is measured


def environment() -> dict[str, str]:
    """The environment in which PySpark's workers find this interpreter."""
    return {**os.environ, "PYSPARK_PYTHON": sys.executable}


def program(*parts: str, data: Path, repeats: int = 0) -> list[str]:
    """The command that runs parts of a program in a fresh interpreter."""
    names = f"data, model, repeats = {str(data)!r}, {str(MODEL)!r}, {repeats}\n"
    return [sys.executable, "-c", names + "\n".join(parts)]


def rates(*engine: str, data: Path, rows: int, repeats: int) -> dict[str, float]:
    """Millions of rows a second of the batch and of the stream."""
    command = program(*engine, JOBS, TIMES, data=data, repeats=repeats)
    told = subprocess.check_output(command, env=environment()).decode().splitlines()[-1]
    return {kind: rows / seconds / 1e6 for kind, seconds in json.loads(told).items()}


def figures(ours: dict[str, float], pandas_udf: dict[str, float], map_in_arrow: dict[str, float]) -> list[Figure]:
    """Our figures beside PySpark's."""
    listed = [figure(f"ours, {kind}", rate, "M rows/s") for kind, rate in ours.items()]
    for name, theirs in (("pandas_udf", pandas_udf), ("mapInArrow", map_in_arrow)):
        listed += [figure(f"PySpark {name}, {kind}", rate, "M rows/s") for kind, rate in theirs.items()]
    if pandas_udf:
        listed += [
            at_least(15, "batch, ours over PySpark pandas_udf", ours["batch"] / pandas_udf["batch"], "x"),
            figure("batch, ours over PySpark mapInArrow", ours["batch"] / map_in_arrow["batch"], "x"),
            at_least(20, "stream, ours over PySpark pandas_udf", ours["stream"] / pandas_udf["stream"], "x"),
            at_least(10, "stream, ours over PySpark mapInArrow", ours["stream"] / map_in_arrow["stream"], "x"),
        ]
    return listed


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_rows(data, given.rows)
        how = {"data": data, "rows": given.rows, "repeats": given.repeats}
        ours = rates(OURS, **how)
        there = shutil.which("java") is not None
        pandas_udf = rates(SPARK, PANDAS_UDF, **how) if there else {}
        map_in_arrow = rates(SPARK, MAP_IN_ARROW, **how) if there else {}
    report(figures(ours, pandas_udf, map_in_arrow), given.json)


if __name__ == "__main__":
    main()
