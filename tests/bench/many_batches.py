"""Ten thousand batches through each way of calling Python, and stops inside batches.

::

    python tests/bench/many_batches.py [--batches 10000] [--only foreach_batch] [--json out.json]

The question is whether anything grows. Each part runs in its own process with a listener on the
session. It is measured every 200 batches:

- ``foreach_batch``: two actions on each batch's frame, one of them with a model
- ``foreach``: a writer with ``open``, ``process`` and ``close``
- ``listener``: batches into ``noop``, each progress event read by the listener
- ``stop``: a query that is stopped inside a batch and started again, over and over. The interrupted
  batch is the next one again, and none is left out.

Exits with 1 if resident memory, threads or open files are not flat after the first fifth.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import resources
from resources import Curve, lines

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
ROWS = 100
EVERY = 200
STOPS = 300


def session():
    """Return a session without syncing of checkpoints, since the test is of the engine."""
    from firesteel.sql import SparkSession

    return SparkSession.builder.config("firesteel.checkpoint.fsync", "false").getOrCreate()


def listen(spark) -> list[int]:
    """Add a listener that reads every event.

    Return its counts of batches and of queries that ended.
    """
    from firesteel.sql.streaming import StreamingQueryListener

    counts = [0, 0]

    class Counting(StreamingQueryListener):
        def onQueryStarted(self, event):
            pass

        def onQueryProgress(self, event):
            assert event.progress.numInputRows >= 0
            assert event.progress.json
            counts[0] += 1

        def onQueryTerminated(self, event):
            counts[1] += 1

    spark.streams.addListener(Counting())
    return counts


def numbers(spark):
    return spark.readStream.format("rate-micro-batch").option("rowsPerBatch", ROWS).load()


class Writer:
    """Counts its rows in a module, since every batch and lane has a copy of the writer."""

    def open(self, partition_id, epoch_id):
        self.rows = 0
        return True

    def process(self, row):
        self.rows += row.value >= 0

    def close(self, error):
        import resources

        resources.seen.add(self.rows)


def follow(query, curve: Curve, batches: int) -> None:
    """Measure a query every few batches until it has done enough of them, and stop it."""
    measured = 0
    while query.isActive:
        last = query.lastProgress
        done = last.batchId + 1 if last else 0
        if done >= measured + EVERY:
            measured = done
            curve.add(done)
        if done >= batches:
            break
        time.sleep(0.005)
    query.stop()
    if query.exception():
        raise query.exception()


def foreach_batch(spark, curve: Curve, batches: int) -> dict:
    from firesteel.ml import Model

    score = Model.load(MODELS / "mlp.onnx").udf()
    features = ", ".join(["cast(value AS float)"] * 32)
    rows = numbers(spark).selectExpr("value", f"array({features}) AS features")
    seen = [0, 0]

    def each(frame, _):
        seen[0] += frame.count()
        seen[1] += frame.select(score("features")).toArrow().num_rows

    follow(rows.writeStream.foreachBatch(each).start(), curve, batches)
    assert seen[0] >= batches * ROWS <= seen[1]
    return {"rows": seen[0]}


def foreach(spark, curve: Curve, batches: int) -> dict:
    follow(numbers(spark).writeStream.foreach(Writer()).start(), curve, batches)
    assert resources.seen.total >= batches * ROWS
    return {"rows": resources.seen.total}


def listener(spark, curve: Curve, batches: int) -> dict:
    query = numbers(spark).writeStream.format("noop").start()
    follow(query, curve, batches)
    return {"rows": batches * ROWS}


def stop(spark, curve: Curve, _: int) -> dict:
    """Stop in the middle of a batch, and start again from the checkpoint."""
    calls: list[int] = []
    inside, outside = threading.Event(), threading.Event()

    def each(frame, number):
        calls.append(number)
        if len(calls) % 3 == 0:
            inside.set()
            outside.wait()
        frame.count()

    stopped: list[int] = []
    with tempfile.TemporaryDirectory() as checkpoint:
        for at in range(STOPS):
            inside.clear()
            outside.clear()
            query = numbers(spark).writeStream.foreachBatch(each).option("checkpointLocation", checkpoint).start()
            inside.wait()
            stopping = threading.Thread(target=query.stop)
            stopping.start()
            while not stopping.is_alive():
                pass
            outside.set()
            stopping.join()
            assert not query.isActive
            assert query.exception() is None
            stopped.append(calls[-1])
            if at % 10 == 9:
                curve.add(at + 1)
    # Every number is called, in order. Only one that was stopped may be called again.
    for before, after in itertools.pairwise(calls):
        assert after == before + 1 or (after == before and before in stopped), (before, after)
    return {"stops": len(stopped), "batches": calls[-1] + 1, "called again": len(calls) - calls[-1] - 1}


PARTS = {part.__name__: part for part in (foreach_batch, foreach, listener, stop)}


def one(name: str, batches: int) -> dict:
    """Run one part in this process."""
    spark = session()
    heard = listen(spark)
    curve = Curve()
    began = time.monotonic()
    told = PARTS[name](spark, curve, batches)
    took = time.monotonic() - began
    end = curve.points[-1].at
    spark.stop()
    print(f"{name}: {end:,.0f} in {took:.0f} s, {told}, the listener heard {heard[0]:,} batches and {heard[1]} ends")
    points = [end * part / 10 for part in (1, 2, 4, 6, 8, 10)]
    print("\n".join(lines(curve, points, "batches" if name != "stop" else "stops")))
    growth, flat = curve.growth(end / 5), curve.flat(end / 5)
    print(f"resident memory after the first fifth: x {growth:.3f}, {'flat' if flat else 'NOT FLAT'}", flush=True)
    return {"seconds": took, "growth": growth, "flat": flat, "heard": heard[0], **told, "curve": curve.report()}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--batches", type=int, default=10_000)
    arguments.add_argument("--only", choices=PARTS, action="append")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--here", choices=PARTS, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.here:
        report = one(given.here, given.batches)
        if given.json:
            given.json.write_text(json.dumps(report))
        return 0 if report["flat"] else 1
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.only or PARTS:
            out = Path(folder, name)
            command = [sys.executable, __file__, "--here", name, "--batches", str(given.batches), "--json", str(out)]
            status = subprocess.run(command, check=False).returncode
            reports[name] = json.loads(out.read_text()) if out.exists() else {"flat": False, "status": status}
    if given.json:
        given.json.write_text(json.dumps(reports, indent=2))
    return 0 if all(report["flat"] for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
