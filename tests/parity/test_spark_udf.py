"""A model scores inside real Spark's Python workers as it does here, by ``spark_udf``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).resolve().parents[1] / "fixtures" / "models" / "several.onnx"
PROGRAM = """
import sys
from pyspark.sql import SparkSession
from firesteel.ml import spark_udf

spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
square = spark_udf(spark, sys.argv[1], "double", outputs=["square"])
rows = spark.range(3).selectExpr("CAST(nullif(id, 1) AS FLOAT) AS x")
print(rows.select(square("x").alias("y")).collect())
"""


@pytest.mark.oracle
@pytest.mark.usefixtures("real_pyspark")
def test_a_model_runs_in_the_workers_of_real_spark() -> None:
    command = [sys.executable, "-c", PROGRAM, str(MODEL)]
    workers = {**os.environ, "PYSPARK_PYTHON": sys.executable}

    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=workers)

    assert done.stdout.splitlines()[-1:] == ["[Row(y=0.0), Row(y=None), Row(y=4.0)]"], done.stderr[-3000:]
