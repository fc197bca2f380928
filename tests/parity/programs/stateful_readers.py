"""Checkpoints read as frames: what operators keep, after which batch, and what is asked wrongly."""

import json
import os

from pyspark.sql import functions as F

FILES = [[("a", 1, 1), ("b", 5, 2), (None, 5, 3)], [("a", 20, 5), ("c", 21, 7)]]


def _window(df):
    return df.withWatermark("ts", "5 seconds")


BUILDS = {
    "an aggregate": (
        lambda df: df.groupBy("k").agg(F.count("*"), F.sum("v").alias("s"), F.avg("v"), F.max("k"), F.first("v")),
        "complete",
    ),
    "windows": (lambda df: _window(df).groupBy(F.window("ts", "10 seconds"), "k").count(), "update"),
    "no key": (lambda df: df.agg(F.count("*").alias("c"), F.min("v")), "complete"),
    "duplicates": (lambda df: df.dropDuplicates(["k"]), "append"),
    "duplicates by time": (lambda df: _window(df).dropDuplicates(["k", "ts"]), "append"),
    "duplicates within a watermark": (lambda df: _window(df).dropDuplicatesWithinWatermark(["k"]), "append"),
    "a limit": (lambda df: df.limit(4), "append"),
    "sessions": (
        lambda df: df.withWatermark("ts", "50 seconds").groupBy(F.session_window("ts", "5 seconds"), "k").count(),
        "append",
    ),
    "a chain": (
        lambda df: (
            _window(df)
            .groupBy(F.window("ts", "10 seconds"))
            .count()
            .groupBy(F.window("window", "20 seconds"))
            .agg(F.max("count"))
        ),
        "append",
    ),
    "no state": (lambda df: df.select("k"), "append"),
}


def _run(spark, tmp, build, mode):
    (tmp / "in").mkdir()
    for number, rows in enumerate(FILES):
        lines = [json.dumps({"k": k, "ts": f"1970-01-01T00:00:{s:02}Z", "v": v}) + "\n" for k, s, v in rows]
        (tmp / "in" / f"{number}.json").write_text("".join(lines))
        os.utime(tmp / "in" / f"{number}.json", (number, number))
    spark.conf.set("spark.sql.shuffle.partitions", 3)
    try:
        df = (
            spark.readStream.schema("k string, ts timestamp, v int")
            .option("maxFilesPerTrigger", 1)
            .json(str(tmp / "in"))
        )
        query = build(df).writeStream.outputMode(mode).format("noop").option("checkpointLocation", str(tmp / "cp"))
        query.trigger(availableNow=True).start().awaitTermination()
    finally:
        spark.conf.unset("spark.sql.shuffle.partitions")
    return str(tmp / "cp")


def _read(spark, format, path, **options):
    """The columns and the rows, or the condition of what is raised."""
    try:
        reader = spark.read.format(format).options(**options)
        df = reader.load(path) if path else reader.load()
        return {"schema": df.schema.simpleString(), "rows": sorted(map(str, df.collect()))}
    except Exception as error:
        return {"error": type(error).__name__, "condition": error.getCondition()}


def _of(build, mode):
    def case(spark, tmp):
        path = _run(spark, tmp, build, mode)
        return {
            "operators": _read(spark, "state-metadata", path),
            "first": _read(spark, "statestore", path, batchId=0),
            "last": _read(spark, "statestore", path),
        }

    return case


CASES = {name: _of(build, mode) for name, (build, mode) in BUILDS.items()}


def a_second_operator(spark, tmp):
    return _read(spark, "statestore", _run(spark, tmp, *BUILDS["a chain"]), operatorId=1, batchId=0)


def sides_of_a_join(spark, tmp):
    def build(df):
        right = df.select(F.col("k").alias("rk"), F.col("ts").alias("rts")).withWatermark("rts", "50 seconds")
        return df.withWatermark("ts", "50 seconds").join(right, F.expr("k = rk AND ts <= rts"))

    path = _run(spark, tmp, build, "append")
    return {side: _read(spark, "statestore", path, joinSide=side) for side in ("left", "RIGHT")}


OPTIONS = [
    {"batchId": 1},
    {"batchId": 9},
    {"batchId": -1},
    {"operatorId": 1},
    {"operatorId": -1},
    {"storeName": ""},
    {"storeName": "default"},
    {"joinSide": "left"},
    {"joinSide": "both"},
    {"joinSide": "none"},
    {"joinSide": "left", "storeName": "left-keyToNumValues"},
    {"readChangeFeed": "false"},
    {"unknown": 1},
]


def options_of_a_reader(spark, tmp):
    path = _run(spark, tmp, *BUILDS["no key"])
    return {json.dumps(options): _read(spark, "statestore", path, **options) for options in OPTIONS}


def places_without_a_checkpoint(spark, tmp):
    return {
        format: [_read(spark, format, path) for path in (None, str(tmp / "none"))]
        for format in ("statestore", "state-metadata")
    }


def read_as_a_stream(spark, tmp):
    return spark.readStream.format("statestore").load(_run(spark, tmp, *BUILDS["no key"]))


def read_with_a_schema(spark, tmp):
    return spark.read.format("statestore").schema("a int").load(_run(spark, tmp, *BUILDS["no key"]))


def the_state_of_a_query_that_runs(spark, tmp):
    df = spark.readStream.schema("k string").json(str(tmp))
    query = (
        df.groupBy("k")
        .count()
        .writeStream.outputMode("complete")
        .format("noop")
        .option("checkpointLocation", str(tmp / "cp"))
        .start()
    )
    try:
        (tmp / "a.json").write_text('{"k": "a"}\n')
        query.processAllAvailable()
        return spark.read.format("statestore").load(str(tmp / "cp")).select("key", "value").collect()
    finally:
        query.stop()


def a_frame_like_others(spark, tmp):
    path = _run(spark, tmp, *BUILDS["an aggregate"])
    df = spark.read.format("statestore").load(path)
    return df.where("key.k >= 'b'").select("value.*", F.col("key.k").alias("of")).orderBy("of")
