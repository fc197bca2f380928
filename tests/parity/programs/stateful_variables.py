"""Variables and timers of a processor, read from its checkpoint."""

import json
import os

from pyspark.sql import Row
from pyspark.sql.streaming import StatefulProcessor

# Spark keeps these states in RocksDB only.
PROVIDER = "spark.sql.streaming.stateStore.providerClass"
ROCKSDB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
FILES = [[("a", 1, 1), ("a", 2, 2), ("b", 5, 2)], [("a", 20, 5), ("c", 21, 7)]]


class _All(StatefulProcessor):
    """Has a variable of each kind; with ``expires`` also one of each with a time to live."""

    expires = False

    def init(self, handle):
        self.handle = handle
        self.count = handle.getValueState("count", "n long")
        self.pair = handle.getValueState("pair", "v int, t string")
        self.items = handle.getListState("items", "t string")
        self.seen = handle.getMapState("seen", "v int", "n long")
        if self.expires:
            for name, get in (("lastCount", handle.getValueState), ("lastItems", handle.getListState)):
                setattr(self, name, get(name, "n long", 10**9))
            self.lastSeen = handle.getMapState("lastSeen", "v int", "n long", 10**9)

    def handleInputRows(self, key, rows, timerValues):
        rows = list(rows)
        total = (self.count.get()[0] if self.count.exists() else 0) + len(rows)
        self.count.update((total,))
        for row in rows:
            self.items.appendValue((f"i{row.v}",))
            self.seen.updateValue((row.v,), (total,))
            if row.v == 2:
                self.pair.update((row.v, key[0]))
        if key[0] == "c":
            self.items.clear()
        if self.expires:
            self.lastCount.update((total,))
            self.lastItems.put([(total,), (0,)])
            self.lastSeen.updateValue((1,), (total,))
        yield Row(k=key[0], n=total)

    def close(self):
        pass


class _Timed(_All):
    """Has variables with a time to live, and timers."""

    expires = True

    def handleInputRows(self, key, rows, timerValues):
        yield from super().handleInputRows(key, rows, timerValues)
        for at in (10**13, 2 * 10**13):
            self.handle.registerTimer(at)


class _ByEventTime(_All):
    def handleInputRows(self, key, rows, timerValues):
        yield from super().handleInputRows(key, rows, timerValues)
        for at in (50_000, 70_000):
            self.handle.registerTimer(at)


def _run(spark, tmp, processor=None, time="None", keys=("k",)):
    (tmp / "in").mkdir()
    for number, rows in enumerate(FILES):
        lines = [json.dumps({"k": k, "ts": f"1970-01-01T00:00:{s:02}Z", "v": v}) + "\n" for k, s, v in rows]
        (tmp / "in" / f"{number}.json").write_text("".join(lines))
        os.utime(tmp / "in" / f"{number}.json", (number, number))
    settings = {"spark.sql.shuffle.partitions": 3, PROVIDER: ROCKSDB}
    for name, value in settings.items():
        spark.conf.set(name, value)
    try:
        files = spark.readStream.schema("k string, ts timestamp, v int").option("maxFilesPerTrigger", 1)
        df = files.json(str(tmp / "in")).withWatermark("ts", "5 seconds")
        if processor is None:
            df = df.dropDuplicates(["k"])
        else:
            df = df.groupBy(*keys).transformWithState(processor, "k string, n long", "append", time)
        writer = df.writeStream.format("noop").option("checkpointLocation", str(tmp / "cp"))
        # By the clock, Spark asks for a batch at every trigger, and availableNow never ends.
        trigger = {"once": True} if time == "ProcessingTime" else {"availableNow": True}
        writer.trigger(**trigger).start().awaitTermination()
        return str(tmp / "cp")
    finally:
        for name in settings:
            spark.conf.unset(name)


def _read(spark, path, **options):
    """The columns and the rows, or the condition of what is raised."""
    spark.conf.set(PROVIDER, ROCKSDB)
    try:
        df = spark.read.format("statestore").options(**options).load(path)
        shown = [[sorted(cell.items()) if isinstance(cell, dict) else cell for cell in row] for row in df.collect()]
        return {"schema": df.schema.simpleString(), "rows": sorted(map(str, shown))}
    except Exception as error:
        condition = error.getCondition() if hasattr(error, "getCondition") else str(error).splitlines()[1]
        return {"error": type(error).__name__, "condition": condition}
    finally:
        spark.conf.unset(PROVIDER)


def each_kind(spark, tmp):
    path = _run(spark, tmp, _All())
    names = ("count", "pair", "items", "seen")
    return {name: _read(spark, path, stateVarName=name) for name in names}


def each_kind_after_the_first_batch(spark, tmp):
    path = _run(spark, tmp, _All())
    return {name: _read(spark, path, stateVarName=name, batchId=0) for name in ("count", "pair", "items", "seen")}


def whole_lists_and_maps(spark, tmp):
    path = _run(spark, tmp, _All())
    return {name: _read(spark, path, stateVarName=name, flattenCollectionTypes="false") for name in ("items", "seen")}


def with_a_time_to_live(spark, tmp):
    """Their schemas alone: the times differ from run to run."""
    path = _run(spark, tmp, _Timed(), "ProcessingTime")
    return {
        f"{name} {flat}": _read(spark, path, stateVarName=name, flattenCollectionTypes=flat)["schema"]
        for name in ("lastCount", "lastItems", "lastSeen")
        for flat in ("true", "false")
    }


def timers_by_the_clock(spark, tmp):
    return _read(spark, _run(spark, tmp, _Timed(), "ProcessingTime"), readRegisteredTimers="true")


def timers_by_event_time(spark, tmp):
    return _read(spark, _run(spark, tmp, _ByEventTime(), "EventTime"), readRegisteredTimers="true")


def two_keys(spark, tmp):
    path = _run(spark, tmp, _All(), keys=("k", "v"))
    return [_read(spark, path, stateVarName="items"), _read(spark, path, stateVarName="count")]


OPTIONS = [
    {},
    {"stateVarName": "none"},
    {"stateVarName": ""},
    {"stateVarName": " count "},
    {"stateVarName": "COUNT"},
    {"stateVarName": "count", "storeName": "default"},
    {"stateVarName": "count", "storeName": "other"},
    {"stateVarName": "count", "readRegisteredTimers": "true"},
    {"stateVarName": "count", "readRegisteredTimers": "false"},
    {"stateVarName": "count", "flattenCollectionTypes": "maybe"},
    {"stateVarName": "count", "batchId": 7},
    {"readRegisteredTimers": "true"},
    {"readRegisteredTimers": "perhaps"},
    {"stateVarName": "count", "snapshotStartBatchId": 0},
    {"stateVarName": "count", "snapshotPartitionId": 0},
    {"stateVarName": "count", "snapshotStartBatchId": -1, "snapshotPartitionId": 0},
    {"stateVarName": "count", "snapshotStartBatchId": 0, "snapshotPartitionId": -1},
    {"stateVarName": "count", "snapshotStartBatchId": 5, "snapshotPartitionId": 0},
    {"stateVarName": "count", "snapshotStartBatchId": 1, "snapshotPartitionId": 0, "batchId": 0},
]


def options_of_a_reader(spark, tmp):
    path = _run(spark, tmp, _All())
    return {json.dumps(options): _read(spark, path, **options) for options in OPTIONS}


def a_variable_of_another_operator(spark, tmp):
    path = _run(spark, tmp)
    return [
        _read(spark, path, **options)
        for options in ({"stateVarName": "count"}, {"readRegisteredTimers": "true"}, {"snapshotStartBatchId": 0})
    ]
