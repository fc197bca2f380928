"""Half an hour at full speed with everything at once, to see whether the process grows.

::

    python tests/bench/soak.py [--minutes 30] [--json out.json]

One process runs these queries, with a listener that reads every event:

- a model into ``noop``, ``foreachBatch`` with two actions, and ``foreach``, without a pause
- the model into Parquet files twice a second, and a stream that reads those files
- a continuous query at 2,000 rows/s
- every minute one more query, which is stopped inside a batch

Resident memory, threads and open files are measured every ten seconds. The exit status is 1 if they
are not flat after the first sixth, or if a query failed or made no progress.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from many_batches import MODELS, Writer, listen, numbers, session
from resources import Curve, Usage, lines, sample

EVERY = 10.0


def start_all(spark, folder: Path) -> list:
    """Start the queries that run without a pause."""
    from firesteel.ml import Model

    score = Model.load(MODELS / "mlp.onnx").udf()
    features = ", ".join(["cast(value AS float)"] * 32)

    def scored(rows):
        return rows.selectExpr("value", f"array({features}) AS features").select("value", score("features").alias("y"))

    def each(frame, _):
        frame.count()
        frame.selectExpr("value % 7 AS k").groupBy("k").count().toArrow()

    written = folder / "written"
    written.mkdir()
    ticks = spark.readStream.format("rate").option("rowsPerSecond", 2000).load()
    files = spark.readStream.schema("value BIGINT, y ARRAY<FLOAT>").parquet(str(written))
    writers = {
        "noop": scored(numbers(spark)).writeStream.format("noop"),
        "each": numbers(spark).writeStream.foreachBatch(each),
        "rows": numbers(spark).writeStream.foreach(Writer()),
        "files": scored(numbers(spark))
        .writeStream.format("parquet")
        .option("path", str(written))
        .trigger(processingTime="500 milliseconds"),
        "read": files.writeStream.format("noop").trigger(processingTime="500 milliseconds"),
        "continuous": scored(ticks).writeStream.foreach(Writer()).trigger(continuous="1 second"),
    }
    return [
        writer.queryName(name).option("checkpointLocation", str(folder / "checkpoints" / name)).start()
        for name, writer in writers.items()
    ]


def start_and_stop(spark) -> None:
    """Stop a query inside a batch."""
    inside = threading.Event()

    def each(frame, _):
        inside.set()
        frame.count()

    query = numbers(spark).writeStream.foreachBatch(each).start()
    inside.wait()
    query.stop()
    if query.exception():
        raise query.exception()


def newest(folder: Path, name: str) -> int:
    """Return a query's newest commit."""
    return max((int(path.name) for path in (folder / "checkpoints" / name / "commits").glob("[0-9]*")), default=-1)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=30)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    seconds = given.minutes * 60
    spark = session()
    heard = listen(spark)
    curve, stop = Curve(), threading.Event()

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        queries = start_all(spark, folder)
        names = [query.name for query in queries]

        def tell(usage: Usage) -> None:
            batches = ", ".join(f"{name} {newest(folder, name) + 1:,}" for name in names)
            print(f"{lines_of(curve, usage)}  {batches}", flush=True)

        threading.Thread(target=sample, args=(curve, EVERY, stop, tell), daemon=True).start()
        began, stops, stuck = time.monotonic(), 0, []
        before = dict.fromkeys(names, -1)
        while (left := began + seconds - time.monotonic()) > 0:
            time.sleep(min(60, left))
            start_and_stop(spark)
            stops += 1
            now = {name: newest(folder, name) for name in names}
            stuck += [name for name in names if now[name] <= before[name]]
            before = now
        stop.set()
        fallen = [query.name for query in queries if not query.isActive or query.exception()]
        for query in queries:
            query.stop()
        batches = {name: newest(folder, name) + 1 for name in names}
    spark.stop()

    warm = seconds / 6
    growth, flat = curve.growth(warm), curve.flat(warm)
    print(f"\nbatches: {batches}; {stops} stops in the middle of a batch; {heard[0]:,} events heard")
    print("\n".join(lines(curve, [seconds * part / 6 for part in (0.2, 1, 2, 4, 6)], "s")))
    print(f"resident memory after the first sixth: x {growth:.3f}, {'flat' if flat else 'NOT FLAT'}")
    if fallen or stuck:
        print(f"FALLEN: {fallen}, STOOD STILL: {stuck}")
    if given.json:
        report = {"seconds": seconds, "batches": batches, "growth": growth, "flat": flat, "curve": curve.report()}
        given.json.write_text(json.dumps(report, indent=2))
    return 0 if flat and not fallen and not stuck else 1


def lines_of(curve: Curve, usage: Usage) -> str:
    """Return one point of the curve as text."""
    return lines(curve, [usage.at], "s")[0]


if __name__ == "__main__":
    sys.exit(main())
