"""Nexmark: queries over the events of an auction house, here and on Spark.

The programs are PySpark's, the same on both engines. Here the events come from `format("nexmark")`;
Spark reads the same events from Parquet files. The rate is the rows that a query reads over the
time of its batches and the number of cores. Before that each query's rows are compared with Spark's,
and with those of the same program as a batch over the same events, as far as windows are complete.
Query 6 is none of these: its rows depend on the batches.

    python tests/bench/nexmark.py --events 2000000
    python tests/bench/nexmark.py --query q5 --no-spark

Query 4 has windows, since a stream cannot keep every auction for ever. Query 6 keeps a seller's last
ten prices in a processor (`transformWithState`).
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

#: Each query and the rows a second that a core must do.
QUERIES = {"q0": 1e6, "q1": 1e6, "q2": 1e6, "q3": 0, "q4": 0, "q5": 1e5, "q6": 0, "q7": 0, "q8": 5e5}

OURS = """
from firesteel.sql import SparkSession, functions as F
from firesteel.sql.streaming import StatefulProcessor
from firesteel.streaming import batch_seconds
spark = (SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.streaming.numRecentProgressUpdates", "100000").getOrCreate())

def stream(table):
    options = {"table": table, "events": events, "eventsPerBatch": per_batch}
    return spark.readStream.format("nexmark").options(**options).load()

def seconds(query):
    return batch_seconds(query)
"""

SPARK = """
from pyspark.sql import SparkSession, functions as F
from pyspark.sql.streaming import StatefulProcessor
spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "8g")
    .config("spark.sql.shuffle.partitions", "4")
    .config("spark.sql.streaming.numRecentProgressUpdates", "100000")
    .config("spark.sql.streaming.stateStore.providerClass",
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider")
    .config("spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled", "true")
    .getOrCreate())
spark.sparkContext.setLogLevel("ERROR")

def stream(table):
    folder = f"{data}/{table}"
    return spark.readStream.schema(spark.read.parquet(folder).schema).option("maxFilesPerTrigger", 1).parquet(folder)

def seconds(query):
    return [p["durationMs"]["triggerExecution"] / 1000 for p in query.recentProgress if p["numInputRows"]]
"""

PROGRAMS = """
import pandas as pd

class LastPrices(StatefulProcessor):
    def init(self, handle):
        self.prices = handle.getListState("prices", "price bigint")

    def handleInputRows(self, key, rows, timerValues):
        kept = [price for (price,) in self.prices.get()]
        for frame in rows:
            kept = (kept + frame.sort_values(["at", "auction"])["price"].tolist())[-10:]
        self.prices.put([(price,) for price in kept])
        yield pd.DataFrame({"seller": [key[0]], "average": [sum(kept) / len(kept)], "prices": [len(kept)]})

    def close(self):
        pass

def won(read):
    auctions = read("auction").withWatermark("dateTime", "4 seconds").alias("a")
    bids = read("bid").withWatermark("dateTime", "4 seconds").alias("b")
    within = "a.id = b.auction AND b.dateTime BETWEEN a.dateTime AND a.dateTime + INTERVAL 10 SECONDS"
    pairs = auctions.join(bids, F.expr(within + " AND b.dateTime <= a.expires"))
    window = F.window("a.dateTime", "10 seconds").alias("w")
    return pairs.groupBy(window, "a.id", "a.category", "a.seller").agg(F.max("b.price").alias("price"))

def q0(read):
    return read("bid").select("auction", "bidder", "price", "dateTime", "extra")

def q1(read):
    return read("bid").select("auction", "bidder", (F.col("price") * 0.908).alias("price"), "dateTime", "extra")

def q2(read):
    return read("bid").where("auction % 123 = 0").select("auction", "price")

def q3(read):
    auctions = read("auction").where("category = 10").select(F.col("id").alias("auction"), "seller")
    persons = read("person").where("state IN ('OR', 'ID', 'CA')").select("id", "name", "city", "state")
    return auctions.join(persons, auctions.seller == persons.id).select("name", "city", "state", "auction")

def q4(read):
    prices = won(read).groupBy(F.window("w", "10 seconds"), "category")
    return prices.agg(F.avg("price").alias("average")).select("window.start", "category", "average")

def q5(read):
    bids = read("bid").withWatermark("dateTime", "4 seconds")
    counts = bids.groupBy(F.window("dateTime", "10 seconds", "2 seconds"), "auction").count()
    hot = counts.groupBy("window").agg(F.max(F.struct("count", "auction")).alias("hot"))
    return hot.select("window.start", "hot.auction", "hot.count")

def q6(read):
    prices = won(read).select("seller", F.col("w.start").alias("at"), F.col("id").alias("auction"), "price")
    form = "seller bigint, average double, prices int"
    return prices.groupBy("seller").transformWithStateInPandas(LastPrices(), form, "Append", "None")

def q7(read):
    bids = read("bid").withWatermark("dateTime", "4 seconds").groupBy(F.window("dateTime", "10 seconds"))
    highest = bids.agg(F.max(F.struct("price", "bidder", "auction")).alias("b"))
    return highest.select("window.start", "b.price", "b.bidder", "b.auction")

def q8(read):
    persons = read("person").withWatermark("dateTime", "4 seconds")
    persons = persons.select("id", "name", F.window("dateTime", "10 seconds").alias("w"))
    auctions = read("auction").withWatermark("dateTime", "4 seconds")
    auctions = auctions.select("seller", F.window("dateTime", "10 seconds").alias("w2"))
    joined = persons.join(auctions, F.expr("id = seller AND w = w2"))
    return joined.select("id", "name", "w.start")
"""

RUN = """
import json, statistics, tempfile

def table(name):
    return spark.read.parquet(f"{data}/{name}")

def digest(rows):
    if "start" in rows.columns:
        # The last windows are not given yet.
        seconds = events // 10_000 - 30
        rows = rows.where(F.col("start") < F.timestamp_seconds(F.lit(1_436_918_400 + seconds)))
    columns = [F.coalesce(F.col(c).cast("string"), F.lit("-")) for c in rows.columns]
    row = rows.agg(F.count("*"), F.sum(F.xxhash64(F.concat_ws("|", *columns)).cast("decimal(38,0)"))).collect()[0]
    return [int(row[0]), str(row[1])]

program = globals()[what]
checkpoint = tempfile.mkdtemp()
frame = program(stream)
writer = frame.writeStream.outputMode("append").option("checkpointLocation", checkpoint + "/c")
if check:
    writer = writer.format("parquet").option("path", checkpoint + "/out")
else:
    writer = writer.format("noop")
query = writer.trigger(availableNow=True).start()
query.awaitTermination()
out = {}
if check:
    out["stream"] = digest(spark.read.schema(frame.schema).parquet(checkpoint + "/out"))
    out["batch"] = digest(program(table)) if what != "q6" else None
else:
    done = [p for p in query.recentProgress if p["numInputRows"]]
    times = seconds(query)[: len(done)]
    rows = [p["numInputRows"] for p in done]
    out["rate"] = sum(rows[1:]) / sum(times[1:]) / 2
    out["rows"] = sum(rows)
spark.stop()
shutil.rmtree(checkpoint, ignore_errors=True)
print(json.dumps(out))
"""


def run(engine: str, **names: object) -> dict:
    """One query in a fresh interpreter."""
    told = "\n".join(f"{name} = {value!r}" for name, value in names.items())
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", "\n".join([told, "import shutil", engine, PROGRAMS, RUN])]
    return json.loads(subprocess.check_output(command, env=environment, text=True).splitlines()[-1])


def write_events(folder: Path, events: int, per_batch: int) -> None:
    """Write the three tables, a file for each batch."""
    program = f"""
from firesteel.sql import SparkSession
spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
for table in ("person", "auction", "bid"):
    options = {{"table": table, "events": {events}, "eventsPerBatch": {per_batch}, "numPartitions": 1}}
    writer = spark.readStream.format("nexmark").options(**options).load().coalesce(1).writeStream
    writer = writer.option("checkpointLocation", {str(folder)!r} + "/of-" + table)
    writer.trigger(availableNow=True).start({str(folder)!r} + "/" + table).awaitTermination()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    for table in ("person", "auction", "bid"):
        log = folder / table / "_spark_metadata"
        # Without the log a plain reader takes the files one by one, in the order of their times.
        for entry in sorted(log.glob("[0-9]*"), key=lambda path: int(path.name.removesuffix(".compact"))):
            for line in entry.read_text().splitlines()[1:]:
                path = folder / table / Path(json.loads(line)["path"]).name
                written = 1_700_000_000 + int(entry.name.removesuffix(".compact"))
                os.utime(path, (written, written))
        shutil.rmtree(log)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--per-batch", type=int, default=500_000, help="events of a batch")
    parser.add_argument("--checked", type=int, default=1_000_000, help="events whose rows are compared")
    parser.add_argument("--query", choices=QUERIES, action="append")
    parser.add_argument("--no-spark", action="store_true")
    given = parser.parse_args()
    figures: list[Figure] = []
    details: dict = {}
    spark = not given.no_spark and shutil.which("java") is not None
    with tempfile.TemporaryDirectory() as scratch:
        small, large = Path(scratch, "small"), Path(scratch, "large")
        write_events(small, given.checked, given.checked // 5)
        if spark:
            write_events(large, given.events, given.per_batch)
        for what in given.query or QUERIES:
            checked = {"what": what, "check": True, "data": str(small), "events": given.checked}
            ours = run(OURS, **checked, per_batch=given.checked // 5)
            details[what] = {"ours": ours}
            if spark:
                details[what]["spark"] = run(SPARK, **checked)
                if details[what]["spark"]["stream"] != ours["stream"]:
                    raise SystemExit(f"{what}: other rows than Spark's: {details[what]}")
            if ours["batch"] and ours["batch"] != ours["stream"]:
                raise SystemExit(f"{what}: other rows than as a batch: {details[what]}")
            measured = {"what": what, "check": False, "data": str(large), "events": given.events}
            rate = run(OURS, **measured, per_batch=given.per_batch)["rate"]
            name = f"{what}, ours, a core"
            listed = [at_least(QUERIES[what], name, rate, "rows/s") if QUERIES[what] else figure(name, rate, "rows/s")]
            if spark:
                theirs = run(SPARK, **measured)["rate"]
                listed += [
                    figure(f"{what}, Spark, a core", theirs, "rows/s"),
                    figure(f"{what}, ours over Spark", rate / theirs, "x"),
                ]
            figures += listed
            print(details[what], [(each.name, each.value) for each in listed], flush=True)
    report(figures, given.json, **details)


if __name__ == "__main__":
    main()
