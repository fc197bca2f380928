"""The streaming job of the demonstration in PySpark's API, with a model from Firesteel.

Files of flights arrive in a folder. Each flight is joined to a static table, the weather of its
airport and hour. The model scores it. The predictions go to Parquet. Each is there exactly once,
however often the job is killed and started again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firesteel.demo.data import FLIGHTS_SCHEMA, MISSING, WEATHER_SCHEMA
from firesteel.ml import Model
from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.sql.streaming import StreamingQuery

MODEL = Path(__file__).with_name("flight_delay.onnx")
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]


def read_weather(spark: SparkSession, path: Path) -> DataFrame:
    """Return the weather of each airport and hour, kept in memory for all batches."""
    table = spark.read.csv(str(path), schema=WEATHER_SCHEMA, header=True, nullValue=MISSING)
    return table.select("origin", "time_hour", *WEATHER).cache()


def score(flights: DataFrame, weather: DataFrame, model: Model) -> DataFrame:
    """Return the flights with the model's two predictions.

    ``arr_delay`` is the real delay, by which the predictions are measured. The model does not see
    it.
    It is null for cancelled and diverted flights, which are scored like all others.
    """
    known = flights.join(weather, ["origin", "time_hour"], "left")
    known = known.withColumn("weekday", F.dayofweek(F.make_date("year", "month", "day")))
    predict = model.udf()
    known = known.withColumn("prediction", predict(*[F.col(each.name) for each in model.inputs]))
    return known.select(
        "year", "month", "day", "sched_dep_time", "carrier", "flight", "origin", "dest",
        "prediction.late_probability", "prediction.delay_minutes", "arr_delay",
    )  # fmt: skip


def start(spark: SparkSession, folder: Path, files_per_batch: int, trigger: dict[str, Any]) -> StreamingQuery:
    """Start the job in a folder with ``weather.csv`` and ``flights/``, where files arrive."""
    flights = (
        spark.readStream.schema(FLIGHTS_SCHEMA)
        .option("header", True)
        .option("nullValue", MISSING)
        .option("maxFilesPerTrigger", files_per_batch)
        .csv(str(folder / "flights"))
    )
    model = Model.load(MODEL, nulls="nan")  # the weather has gaps, which the model was trained to take as NaN
    scored = score(flights, read_weather(spark, folder / "weather.csv"), model)
    return (
        scored.writeStream.format("parquet")
        .option("checkpointLocation", str(folder / "checkpoint"))
        .queryName("flight_delay")
        .trigger(**trigger)
        .start(str(folder / "predictions"))
    )
