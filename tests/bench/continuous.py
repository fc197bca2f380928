"""Continuous trigger: socket → model → memory sink, at 1,000 rows/s for 60 s.

The sender is another process. It stamps each row with the monotonic clock, which all processes
share. A row's latency is the time from that stamp until a read of the sink's table has returned it.
So it holds the time of the read. A read takes only the new rows (`offset`), so its cost does not
depend on the size of the table. The times of reads and their number are reported beside the
latency. Every row counts, also the first ones.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from figures import arguments, at_most, figure, report
from firesteel.ml import Model
from firesteel.sql import SparkSession

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
RATE = 1000
PAUSE = 0.0005

SENDER = """
import socket, sys, time
seconds, rate = int(sys.argv[1]), int(sys.argv[2])
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
began = time.monotonic_ns()
for i in range(seconds * rate):
    wait = began + i * 1_000_000_000 // rate - time.monotonic_ns()
    if wait > 0:
        time.sleep(wait / 1e9)
    connection.sendall(b"%d\\n" % time.monotonic_ns())
sys.stdin.read()
"""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    given = parser.parse_args()
    rows = given.seconds * RATE
    spark = SparkSession.builder.getOrCreate()
    score = Model.load(MODELS / "mlp.onnx").udf()
    command = [sys.executable, "-c", SENDER, str(given.seconds), str(RATE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        port = int(sender.stdout.readline())
        lines = spark.readStream.format("socket").option("host", "127.0.0.1").option("port", port).load()
        features = ", ".join(["cast(length(value) AS float)"] * 32)
        scored = lines.selectExpr("value", f"array({features}) AS features")
        scored = scored.select("value", score("features").alias("score"))
        query = scored.writeStream.format("memory").queryName("latency").trigger(continuous="1 second").start()
        delays, reads = watch(spark, query, rows, given.seconds)
        query.stop()
        sender.stdin.close()
    if len(delays) < rows:
        raise SystemExit(f"only {len(delays):,} of {rows:,} rows came: {query.exception()}")
    settled = sorted(delays[RATE:])
    delays.sort()
    report(
        [
            figure("rows", len(delays), ""),
            figure("row visible in the sink, p50", at(delays, 50), "ms"),
            at_most(5, "row visible in the sink, p99", at(delays, 99), "ms"),
            figure("row visible in the sink, p99 after the first second", at(settled, 99), "ms"),
            figure("row visible in the sink, slowest", delays[-1], "ms"),
            figure("one read of the sink, p50", at(sorted(reads), 50), "ms"),
            figure("reads a second", len(reads) / given.seconds, ""),
        ],
        given.json,
    )


def watch(spark: SparkSession, query, rows: int, seconds: int) -> tuple[list[float], list[float]]:
    """The latency of each row and the time of each read, until every row was seen.

    Both are in milliseconds.
    """
    sink = spark.table("latency").select("value")
    delays: list[float] = []
    reads: list[float] = []
    end = time.monotonic() + seconds + 30
    while len(delays) < rows and query.isActive and time.monotonic() < end:
        began = time.monotonic_ns()
        new = sink.offset(len(delays)).toArrow()["value"]
        now = time.monotonic_ns()
        reads.append((now - began) / 1e6)
        delays += [(now - int(stamp)) / 1e6 for stamp in new.to_pylist()]
        time.sleep(PAUSE)
    return delays, reads


def at(ordered: list[float], percent: int) -> float:
    """A percentile of sorted values."""
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


if __name__ == "__main__":
    main()
