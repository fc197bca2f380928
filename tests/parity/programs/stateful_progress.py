"""What a stateful query tells of itself: names in its progress, event times, its metadata."""

import json
import os

from pyspark.sql import functions as F

ZERO = "0 seconds"


def _names(value):
    if isinstance(value, dict):
        return {key: _names(item) for key, item in value.items()}
    return [_names(item) for item in value] if isinstance(value, list) else type(value).__name__


def _ask(spark, tmp, build, files, tell, mode="append", conf=()):
    """Feed one file at a time and tell something of each batch's progress and, at the end, of the checkpoint."""
    (tmp / "in").mkdir()
    before = {key: spark.conf.get(key, None) for key, _ in [("spark.sql.shuffle.partitions", 1), *conf]}
    for key, value in [("spark.sql.shuffle.partitions", 1), *conf]:
        spark.conf.set(key, value)
    query = None
    try:
        query = build(spark.readStream.schema("k string, ts timestamp, v int").json(str(tmp / "in"))).writeStream.outputMode(mode).format("noop").queryName("stateful_progress").option("checkpointLocation", str(tmp / "cp")).start()
        for number, rows in enumerate(files):
            lines = [json.dumps({"k": k, "ts": None if s is None else f"1970-01-01T00:00:{s:06.3f}Z", "v": 1}) + "\n" for k, s in rows]
            (tmp / str(number)).write_text("".join(lines))
            (tmp / str(number)).rename(tmp / "in" / f"{number}.json")
            query.processAllAvailable()
        return [tell(p) for p in query.recentProgress if "addBatch" in p["durationMs"]]
    finally:
        if query is not None:
            query.stop()
        for key, value in before.items():
            spark.conf.unset(key) if value is None else spark.conf.set(key, value)


BUILDS = {
    "an aggregate": lambda df: df.withWatermark("ts", ZERO).groupBy(F.window("ts", "10 seconds")).count(),
    "duplicates": lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]),
    "duplicates within a watermark": lambda df: df.withWatermark("ts", ZERO).dropDuplicatesWithinWatermark(["k"]),
    "sessions": lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.session_window("ts", "5 seconds")).count(),
    "a join": lambda df: df.withWatermark("ts", ZERO).join(df.select(F.col("k").alias("rk"), F.col("ts").alias("rts")).withWatermark("rts", ZERO), F.expr("k = rk AND ts = rts")),
    "a limit": lambda df: df.limit(3),
    "a chain": lambda df: df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"]).groupBy(F.window("ts", "5 seconds")).count().groupBy(F.window("window", "10 seconds")).count(),
}
ROWS = [[("a", 5), ("a", 5), ("b", 12)], [("a", 1), ("c", 31)]]
COUNTS = ["operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark", "numShufflePartitions", "numStateStoreInstances"]
CASES = {}
for _name, _build in BUILDS.items():
    CASES[f"names and types in stateOperators: {_name}"] = lambda spark, tmp, build=_build: _ask(spark, tmp, build, ROWS[:1], lambda p: [_names(each) for each in json.loads(p.json)["stateOperators"]])[:1]
    CASES[f"counts of partitions and stores: {_name}"] = lambda spark, tmp, build=_build: _ask(spark, tmp, build, ROWS, lambda p: [[each[key] for key in COUNTS] for each in p["stateOperators"]], conf=[("spark.sql.shuffle.partitions", 3)])
    CASES[f"duplicates counted: {_name}"] = lambda spark, tmp, build=_build: _ask(spark, tmp, build, ROWS, lambda p: [each["customMetrics"].get("numDroppedDuplicateRows") for each in p["stateOperators"]])


def event_times(spark, tmp):
    return _ask(spark, tmp, BUILDS["an aggregate"], [[("a", 1), ("a", 12)], [("b", 26), ("b", 27.5)], [("c", 3)], [], [("d", None)], [("e", 30), ("e", None)]], lambda p: [p["batchId"], p["numInputRows"], p["eventTime"]])


def event_times_with_a_delay(spark, tmp):
    return _ask(spark, tmp, lambda df: df.withWatermark("ts", "5 seconds").groupBy(F.window("ts", "10 seconds")).count(), [[("a", 1), ("a", 12)], [("b", 26)]], lambda p: [p["batchId"], p["eventTime"]])


def event_times_without_a_stateful_operator(spark, tmp):
    return _ask(spark, tmp, lambda df: df.withWatermark("ts", ZERO).select("k"), [[("a", 1), ("a", 12)], [("b", 26)]], lambda p: [p["batchId"], p["eventTime"]])


def event_times_without_a_watermark(spark, tmp):
    return _ask(spark, tmp, lambda df: df.groupBy("k").count(), [[("a", 1)], [("b", 26)]], lambda p: [p["batchId"], p["eventTime"]], mode="update")


def event_times_of_two_watermarks(spark, tmp):
    return _ask(spark, tmp, lambda df: df.filter("k = 'a'").withWatermark("ts", ZERO).union(df.withWatermark("ts", "2 seconds")).groupBy(F.window("ts", "10 seconds")).count(), [[("a", 1), ("b", 12)], [("b", 26)], [("a", 30)]], lambda p: [p["batchId"], p["eventTime"]])


def names_of_a_whole_progress(spark, tmp):
    return _ask(spark, tmp, BUILDS["an aggregate"], ROWS[:1], lambda p: [list(p), sorted(p["durationMs"])])


def attributes_of_a_state_operator(spark, tmp):
    def tell(p):
        operator = p.stateOperators[0]
        return [type(operator).__name__, operator.operatorName, operator.numRowsTotal, operator.numRowsUpdated, operator.numRowsRemoved, operator.numRowsDroppedByWatermark, operator.numShufflePartitions, operator.numStateStoreInstances, type(operator.memoryUsedBytes).__name__, type(operator.allUpdatesTimeMs).__name__, type(operator.allRemovalsTimeMs).__name__, type(operator.commitTimeMs).__name__, type(operator.customMetrics).__name__, isinstance(operator, dict), sorted(operator.customMetrics)]

    return _ask(spark, tmp, BUILDS["an aggregate"], ROWS, tell)


def the_status_of_a_stateful_query(spark, tmp):
    (tmp / "in").mkdir()
    query = BUILDS["an aggregate"](spark.readStream.schema("k string, ts timestamp").json(str(tmp / "in"))).writeStream.format("noop").option("checkpointLocation", str(tmp / "cp")).start()
    try:
        query.processAllAvailable()
        return [query.lastProgress, query.status["isDataAvailable"]]
    finally:
        query.stop()


def the_configuration_in_the_log(spark, tmp):
    _ask(spark, tmp, BUILDS["an aggregate"], ROWS[:1], lambda p: None)
    return json.loads((tmp / "cp" / "offsets" / "0").read_text().split("\n")[1])["conf"]


def the_names_in_the_logs(spark, tmp):
    _ask(spark, tmp, BUILDS["an aggregate"], ROWS, lambda p: None)
    return [{name: list(json.loads((tmp / "cp" / log / name).read_text().split("\n")[1])) for name in sorted(os.listdir(tmp / "cp" / log)) if not name.startswith(".")} for log in ("offsets", "commits")]


def metadata_of_operators(spark, tmp):
    _ask(spark, tmp, BUILDS["a chain"], ROWS, lambda p: None)
    return {name: (tmp / "cp" / "state" / name / "_metadata" / "metadata").read_text() for name in sorted(os.listdir(tmp / "cp" / "state")) if not name.startswith(".")}


def state_read_as_a_frame(spark, tmp):
    _ask(spark, tmp, lambda df: df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "10 seconds")).agg(F.count("*").alias("c"), F.max("ts")), ROWS, lambda p: None)
    return {str(batch): spark.read.format("statestore").option("batchId", batch).load(str(tmp / "cp")) for batch in (0, 1)}


def state_of_duplicates_read_as_a_frame(spark, tmp):
    _ask(spark, tmp, BUILDS["duplicates within a watermark"], ROWS, lambda p: None)
    return [spark.read.format("statestore").option("batchId", 0).load(str(tmp / "cp")), spark.read.format("statestore").load(str(tmp / "cp"))]


def metadata_read_as_a_frame(spark, tmp):
    _ask(spark, tmp, BUILDS["a chain"], ROWS, lambda p: None)
    return spark.read.format("state-metadata").load(str(tmp / "cp"))
