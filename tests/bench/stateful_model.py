"""A GRU over many keys in a stream, beside ONNX Runtime with ready tensors.

::

    python tests/bench/stateful_model.py [--keys 100000] [--hidden 64] [--inputs 16] [--each 1 10] [--batches 8]

Each batch has some rows of every key, in random order, from a Parquet file. The stream goes from
the file through the model to ``noop``, with its state made durable. ONNX Runtime is given the same
rows and the states of before as arrays that are there already. It may choose between one session on
all cores and a session for each core, with several sizes of runs: its best counts. The first
batches warm up and do not count. Both are measured in turn, as the machine may be busy.

The ratio is the stream's rows a second over those of ONNX Runtime. It needs a build with the
wheel's profile.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))

WARM = 3
SIZES = (512, 1024, 4096, 16_384, 1 << 30)


def write_batches(folder: Path, keys: int, inputs: int, each: int, batches: int) -> None:
    """Write a file for each batch."""
    random = np.random.default_rng(5)
    for batch in range(batches + WARM):
        key = np.tile(np.arange(keys, dtype=np.int64) * 7919, each)
        ts = np.repeat(np.arange(each, dtype=np.int64), keys)
        order = random.permutation(len(key))
        x = random.standard_normal((len(key), inputs), dtype=np.float32)
        lists = pa.ListArray.from_arrays(pa.array(range(0, x.size + 1, inputs), pa.int32()), pa.array(x.reshape(-1)))
        table = pa.table({"key": key[order], "ts": ts[order], "x": lists})
        pq.write_table(table, folder / f"{batch:04}.parquet", compression="none")


def stream(model: bytes, folder: Path, sync: bool) -> list[float]:
    """Return the seconds of each batch that counts."""
    from firesteel.ml import Model
    from firesteel.sql import SparkSession

    spark = SparkSession.builder.config("firesteel.checkpoint.fsync", str(sync).lower()).getOrCreate()
    rows = (
        spark.readStream.schema("key LONG, ts LONG, x ARRAY<FLOAT>")
        .option("maxFilesPerTrigger", 1)
        .parquet(str(folder))
    )
    gru = Model.load(model).stateful("key", {"h_in": "h_out"}, order="ts")
    with tempfile.TemporaryDirectory() as checkpoint:
        writer = rows.transform(gru).writeStream.format("noop").option("checkpointLocation", checkpoint)
        query = writer.trigger(availableNow=True).start()
        query.awaitTermination()
        progress = query.recentProgress[WARM:]
    last = progress[-1]["stateOperators"][0]
    print("  last batch:", json.dumps(progress[-1]["durationMs"]))
    print("  its state:", {key: last[key] for key in ("allUpdatesTimeMs", "commitTimeMs", "memoryUsedBytes")})
    return [each["durationMs"]["triggerExecution"] / 1000 for each in progress]


def raw(model: bytes, keys: int, inputs: int, hidden: int, each: int) -> float:
    """Return the seconds of a batch by ONNX Runtime's best way."""
    random = np.random.default_rng(5)
    x = random.standard_normal((each, keys, inputs), dtype=np.float32)
    states = random.standard_normal((keys, hidden), dtype=np.float32)
    cores = os.cpu_count() or 1

    def session(threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(model, options)

    def steps(one: onnxruntime.InferenceSession, begin: int, end: int, size: int) -> None:
        for start in range(begin, end, size):
            rows = slice(start, min(end, start + size))
            handed = states[rows]
            for step in range(each):
                _, handed = one.run(["score", "h_out"], {"x": x[step, rows], "h_in": handed})

    best, best_way = float("inf"), ""
    with ThreadPoolExecutor(cores) as pool:
        own = [session(1) for _ in range(cores)]
        wide = session(cores)
        for size in SIZES:
            for way in ("a session for each core", "one session"):
                took = []
                for _ in range(3):
                    began = time.perf_counter()
                    if way == "one session":
                        steps(wide, 0, keys, size)
                    else:
                        cuts = [keys * core // cores for core in range(cores + 1)]
                        list(pool.map(steps, own, cuts[:-1], cuts[1:], [size] * cores))
                    took.append(time.perf_counter() - began)
                if min(took) < best:
                    best, best_way = min(took), f"{way}, runs of {min(size, keys)}"
    print("  ONNX Runtime's best way:", best_way)
    return best


def main() -> None:
    """Print a line for each number of rows a key."""
    parser = argparse.ArgumentParser(description="A GRU over many keys, beside ONNX Runtime with ready tensors.")
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--inputs", type=int, default=16)
    parser.add_argument("--each", type=int, nargs="+", default=[1, 10], help="rows of a key in a batch")
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--no-sync", action="store_true", help="without syncing the checkpoint")
    options = parser.parse_args()
    from make_models import gru

    model = gru(options.inputs, options.hidden).SerializeToString()
    print(f"{options.keys:,} keys, {options.inputs} inputs, {options.hidden} hidden, {os.cpu_count()} cores")
    for each in options.each:
        with tempfile.TemporaryDirectory() as folder:
            write_batches(Path(folder), options.keys, options.inputs, each, options.batches)
            rows = options.keys * each
            before = raw(model, options.keys, options.inputs, options.hidden, each)
            took = median(stream(model, Path(folder), not options.no_sync))
            bare = min(before, raw(model, options.keys, options.inputs, options.hidden, each))
        print(
            f"{each} rows a key and batch: stream {rows / took:,.0f} rows/s, ONNX Runtime {rows / bare:,.0f} rows/s, "
            f"ratio {bare / took:.2f}"
        )


if __name__ == "__main__":
    main()
