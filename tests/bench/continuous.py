"""Continuous trigger: socket → model → memory sink, a sender in its own process that stamps the monotonic clock into each row.

Latency is the time from the stamp to the row being visible in the sink, at 1,000 rows/s; p50 and p99 in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from firesteel.ml import Model
from firesteel.sql import SparkSession

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
RATE = 1000

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
time.sleep(2)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    spark = SparkSession.builder.getOrCreate()
    score = Model.load(MODELS / "mlp.onnx").udf()
    command = [sys.executable, "-c", SENDER, str(arguments.seconds), str(RATE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
        port = int(sender.stdout.readline())
        rows = spark.readStream.format("socket").option("host", "127.0.0.1").option("port", port).load()
        features = ", ".join(["cast(length(value) AS float)"] * 32)
        scored = rows.selectExpr("value", f"array({features}) AS features").select("value", score("features"))
        query = scored.writeStream.format("memory").queryName("latency").trigger(continuous="1 second").start()
        sink = spark.table("latency").select("value")
        delays: list[float] = []
        end = time.monotonic() + arguments.seconds + 5
        while len(delays) < arguments.seconds * RATE and time.monotonic() < end:
            batches = sink.toArrow()
            seen = time.monotonic_ns()
            delays += [(seen - int(value)) / 1e6 for value in batches["value"][len(delays) :].to_pylist()]
        query.stop()
    delays.sort()
    figures = {
        "rows": len(delays),
        "p50 ms": round(delays[len(delays) // 2], 2),
        "p99 ms (at most 5)": round(delays[len(delays) * 99 // 100], 2),
    }
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
