"""Scoring 1 M rows × 32 features with an MLP: our model function against PySpark's iterator `pandas_udf` around ONNX Runtime, in the same run.

Batch: one parquet file read, scored and thrown away. Stream: eight files, `availableNow`. Each engine runs in a process of its own; each
figure is the median of three runs after a warm-up.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = Path(__file__).parents[1] / "fixtures" / "models" / "mlp.onnx"
ROWS, FEATURES, FILES = 1_000_000, 32, 8

COMMON = """
import json, statistics, sys, tempfile, time, shutil
data, model, rows, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def timed(work):
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return rows / statistics.median(times)

def batch():
    spark.read.parquet(data).select(score("features")).write.format("noop").mode("overwrite").save()

def stream():
    checkpoint = tempfile.mkdtemp()
    files = spark.readStream.schema("features array<float>").option("maxFilesPerTrigger", 1).parquet(data)
    query = files.select(score("features")).writeStream.format("noop").option("checkpointLocation", checkpoint)
    query = query.trigger(availableNow=True).start()
    query.awaitTermination()
    shutil.rmtree(checkpoint)
"""

OURS = """
from firesteel.sql import SparkSession
from firesteel.ml import Model
spark = SparkSession.builder.getOrCreate()
score = Model.load(model).udf()
"""

SPARK = """
from typing import Iterator
import numpy as np, pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

@pandas_udf("array<float>")
def score(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options)
    name = session.get_inputs()[0].name
    for batch in batches:
        yield pd.Series(list(session.run(None, {name: np.stack(batch.to_numpy())})[0]))
"""

END = """
print(json.dumps({"batch": timed(batch), "stream": timed(stream)}))
spark.stop()
"""


def write_rows(folder: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    for i in range(FILES):
        values = pa.array(random.standard_normal(ROWS // FILES * FEATURES, dtype=np.float32))
        offsets = pa.array(np.arange(0, len(values) + 1, FEATURES, dtype=np.int32))
        pq.write_table(pa.table({"features": pa.ListArray.from_arrays(offsets, values)}), folder / f"{i}.parquet")


def rates(engine: str, data: Path, repeats: int) -> dict:
    program = engine + COMMON.replace("data, model", "data, model", 1) + END
    arguments = f"import sys\nmodel = sys.argv[2]\n{program}"
    command = [sys.executable, "-c", arguments, str(data), str(MODEL), str(ROWS), str(repeats)]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    return json.loads(subprocess.check_output(command, env=environment).decode().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_rows(data)
        ours = rates(OURS, data, 3)
        figures = {
            "ours, batch, M rows/s": round(ours["batch"] / 1e6, 3),
            "ours, stream, M rows/s": round(ours["stream"] / 1e6, 3),
        }
        if shutil.which("java"):
            spark = rates(SPARK, data, 1)
            figures |= {
                "PySpark pandas_udf, batch, M rows/s": round(spark["batch"] / 1e6, 3),
                "PySpark pandas_udf, stream, M rows/s": round(spark["stream"] / 1e6, 3),
                "batch, times PySpark (at least 15)": round(ours["batch"] / spark["batch"], 1),
                "stream, times PySpark (at least 20)": round(ours["stream"] / spark["stream"], 1),
            }
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
