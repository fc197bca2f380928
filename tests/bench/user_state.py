"""Python functions with state: what a key costs here, and the rate beside Spark's with RocksDB.

A function counts and sums the rows of its key, in state. It is called in three ways:

- `applyInPandasWithState` and `transformWithStateInPandas`, with 1, 10 and 1,000 rows a key
- `transformWithState`, which gets rows instead of frames, with one row a key

Each engine reads the same Parquet files, one a batch with some rows of every key, and drops what
comes out. The overhead of a key is the time of a batch, less that of the same function in a bare
loop over frames that are there already and over state in a dictionary, over the keys. Figures are
medians of the batches after the warm-up.

    python tests/bench/user_state.py
    python tests/bench/user_state.py --way pandas --each 1 --partitions
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from figures import Figure, arguments, at_least, at_most, figure, report
from stateful import OURS, SPARK, run

#: The keys of a batch, by the rows of a key.
KEYS = {1: 20_000, 10: 20_000, 1_000: 1_000}

FUNCTIONS = """
import pandas as pd

def summed(key, frames, state):
    number, total = state.get if state.exists else (0, 0)
    for frame in frames:
        number += len(frame)
        total += int(frame["v"].to_numpy().sum())
    state.update((number, total))
    yield pd.DataFrame({"k": [key[0]], "number": [number], "total": [total]})

class Summed(StatefulProcessor):
    def init(self, handle):
        self.sums = handle.getValueState("sums", "number bigint, total bigint")

    def handleInputRows(self, key, frames, timers):
        number, total = self.sums.get() if self.sums.exists() else (0, 0)
        for frame in frames:
            number += len(frame)
            total += int(frame["v"].to_numpy().sum())
        self.sums.update((number, total))
        yield pd.DataFrame({"k": [key[0]], "number": [number], "total": [total]})

    def close(self):
        pass

class SummedRows(StatefulProcessor):
    def init(self, handle):
        self.sums = handle.getValueState("sums", "number bigint, total bigint")

    def handleInputRows(self, key, rows, timers):
        number, total = self.sums.get() if self.sums.exists() else (0, 0)
        for row in rows:
            number += 1
            total += row.v
        self.sums.update((number, total))
        yield Row(k=key[0], number=number, total=total)

    def close(self):
        pass
"""

IMPORTS = """
from {package}.sql import Row
from {package}.sql.streaming import StatefulProcessor
from {package}.sql.streaming.state import GroupStateTimeout
"""

JOB = """
import json, shutil, statistics, tempfile

rows = spark.readStream.schema("k bigint, v bigint").option("maxFilesPerTrigger", 1).parquet(data)
output = "k bigint, number bigint, total bigint"
groups = rows.groupBy("k")
if way == "pandas":
    frame = groups.applyInPandasWithState(
        summed, output, "number bigint, total bigint", "update", GroupStateTimeout.NoTimeout)
elif way == "processor":
    frame = groups.transformWithStateInPandas(Summed(), output, "Update", "None")
else:
    frame = groups.transformWithState(SummedRows(), output, "Update", "None")

checkpoint = tempfile.mkdtemp()
query = frame.writeStream.format("noop").outputMode("update").option("checkpointLocation", checkpoint)
query = query.trigger(availableNow=True).start()
query.awaitTermination()
done = [p for p in query.recentProgress if p["numInputRows"]]
times = seconds(query)[:len(done)][warm:]
spark.stop()
shutil.rmtree(checkpoint, ignore_errors=True)
print(json.dumps({"seconds": statistics.median(times), "all": times}))
"""

BARE = """
import glob, json, statistics, time
import pyarrow.parquet as pq

class State:
    exists, get = False, None
    def update(self, value):
        self.exists, self.get = True, value

class Value:
    def __init__(self):
        self.kept = {}
    def exists(self):
        return self.key in self.kept
    def get(self):
        return self.kept[self.key]
    def update(self, value):
        self.kept[self.key] = value

class Handle:
    def getValueState(self, name, schema):
        self.value = Value()
        return self.value

states, handle = {}, Handle()
processor = {"processor": Summed, "rows": SummedRows}.get(way, Summed)()
processor.init(handle)
times = []
for path in sorted(glob.glob(data + "/*.parquet")):
    table = pq.read_table(path).sort_by("k")
    if way == "rows":
        given = [(key, [Row(k=key, v=v)]) for key, v in zip(*table.to_pydict().values())]
    else:
        given = [(key, frame.reset_index(drop=True)) for key, frame in table.to_pandas().groupby("k")]
    began = time.perf_counter()
    for key, group in given:
        if way == "pandas":
            list(summed((key,), iter([group]), states.setdefault(key, State())))
        else:
            handle.value.key = key
            list(processor.handleInputRows((key,), iter(group if way == "rows" else [group]), None))
    times.append(time.perf_counter() - began)
print(json.dumps({"seconds": statistics.median(times[warm:])}))
"""

NAMES = {
    "pandas": "applyInPandasWithState",
    "processor": "transformWithStateInPandas",
    "rows": "transformWithState",
}


def write_rows(folder: Path, each: int, batches: int) -> None:
    """Write a file for each batch: some rows of every key, in random order."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    keys = np.repeat(np.arange(KEYS[each]), each)
    for batch in range(batches):
        values = random.integers(0, 1_000, len(keys))
        path = folder / f"{batch:05d}.parquet"
        pq.write_table(pa.table({"k": random.permutation(keys), "v": values}), path)
        os.utime(path, (1_700_000_000 + batch, 1_700_000_000 + batch))
    os.sync()


def measured(way: str, each: int, given, data: str) -> tuple[list[Figure], dict]:
    """The figures of one way on both engines."""
    common = {"way": way, "data": data, "warm": given.warm}
    name, keys = f"{NAMES[way]}, {each} rows a key", KEYS[each]
    engine = OURS + IMPORTS.format(package="firesteel") + FUNCTIONS
    ours = run(engine, JOB, **common, fsync="true", memory="4g")
    bare = run(IMPORTS.format(package="firesteel") + FUNCTIONS, BARE, **common)
    overhead = (ours["seconds"] - bare["seconds"]) / keys * 1e6
    listed = [
        figure(f"{name}, a bare loop", bare["seconds"] / keys * 1e6, "µs/key"),
        figure(f"{name}, ours", ours["seconds"] / keys * 1e6, "µs/key"),
        at_most(40, f"{name}, ours over a bare loop", overhead, "µs/key"),
    ]
    details = {name: {"ours": ours, "bare": bare}}
    if given.partitions and shutil.which("java"):
        engine = SPARK + IMPORTS.format(package="pyspark") + FUNCTIONS
        asked = {n: run(engine, JOB, **common, partitions=n) for n in given.partitions}
        best = min(each["seconds"] for each in asked.values())
        details[name]["spark"] = asked
        listed.append(figure(f"{name}, Spark", best / keys * 1e6, "µs/key"))
        times = best / ours["seconds"]
        target = 10 if way == "rows" else {1: 2, 1_000: 5}.get(each)
        against = f"{name}, ours over Spark"
        listed.append(at_least(target, against, times, "x") if target else figure(against, times, "x"))
    return listed, details


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--way", choices=list(NAMES), action="append")
    parser.add_argument("--each", type=int, choices=list(KEYS), action="append", help="rows a key")
    parser.add_argument("--batches", type=int, default=9)
    parser.add_argument("--warm", type=int, default=3, help="batches before those that count")
    parser.add_argument("--partitions", type=int, nargs="*", default=[2, 4], help="of Spark; none: not measured")
    given = parser.parse_args()
    figures, details = [], {}
    for way in given.way or NAMES:
        for each in given.each or ([1] if way == "rows" else KEYS):
            with tempfile.TemporaryDirectory() as folder:
                write_rows(Path(folder), each, given.batches)
                listed, told = measured(way, each, given, folder)
            figures += listed
            details |= told
            report(listed, None)
    report(figures, given.json, **details)


if __name__ == "__main__":
    main()
