"""A count over 20 M keys in a memory cgroup of 1 GB, page cache included.

Keys are strings of 32 characters, and each has the buffers of eight numbers. The steps share one
checkpoint, and each runs in a fresh process:

- one batch of new keys brings all of them
- batches of 1 M keys drawn evenly, as a rate beside that of the same batches with all in memory
- batches of 1,000 keys drawn evenly, and by Zipf's law with exponent 1
- a restart: from `start()` until the first batch is committed

There is no working copy to rebuild: the checkpoint's own files are read.

It needs root, since it makes a cgroup.

    python tests/bench/large_state.py
    python tests/bench/large_state.py --keys 2000000 --limit-mb 400 --memory 150m
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, arguments, at_least, at_most, figure, report

CGROUPS = Path("/sys/fs/cgroup")
SMALL = 1_000

JOB = """
import os, sys
if cgroup:
    open(cgroup + "/cgroup.procs", "w").write(str(os.getpid()))
import json, time
from firesteel.sql import SparkSession, functions as F
from firesteel.streaming import batch_seconds

spark = (SparkSession.builder.config("spark.sql.streaming.numRecentProgressUpdates", "100000")
    .config("firesteel.memory.limit", memory).getOrCreate())
rows = spark.readStream.schema("id bigint").option("maxFilesPerTrigger", 1).parquet(data)
number = F.col("id") % 1000
buffers = [F.count("*"), F.sum(number), F.min(number), F.max(number), F.avg(number), F.max("id")]
counted = rows.groupBy(F.md5(F.col("id").cast("string")).alias("k")).agg(*buffers)
writer = counted.writeStream.format("noop").outputMode("update").option("checkpointLocation", checkpoint)
began = time.perf_counter()
query = writer.trigger(availableNow=True).start()
while query.lastProgress is None and query.isActive:
    time.sleep(0.001)
first = time.perf_counter() - began
query.awaitTermination()
state = query.recentProgress[-1]["stateOperators"][0]
high = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps({
    "first": first, "seconds": batch_seconds(query), "state_rows": state["numRowsTotal"],
    "peak_mb": int(high) / 1000, "last": query.recentProgress[-1]["durationMs"], "state": state,
}))
"""


@contextlib.contextmanager
def memory_cgroup(limit_mb: int) -> Iterator[Path]:
    """A cgroup whose processes and page cache may take so much, of either version of cgroups."""
    old = CGROUPS / "memory"
    folder = (old if old.is_dir() else CGROUPS) / f"firesteel-bench-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.limit_in_bytes" if old.is_dir() else "memory.max")).write_text(str(limit_mb * 1_000_000))
        yield folder
    finally:
        folder.rmdir()


class Run:
    """One query over its files: a checkpoint, and files that come step by step."""

    def __init__(self, folder: Path, cgroup: Path | None, memory: str) -> None:
        self.data, self.checkpoint = folder / "data", folder / "checkpoint"
        self.data.mkdir(parents=True)
        self.told = {"cgroup": str(cgroup) if cgroup else None, "memory": memory}
        self.files = 0

    def write(self, ids) -> None:
        """Write the file of a batch."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.data / f"{self.files:06d}.parquet"
        pq.write_table(pa.table({"id": ids}), path, row_group_size=200_000)
        os.utime(path, (1_700_000_000 + self.files, 1_700_000_000 + self.files))
        self.files += 1

    def step(self) -> dict:
        """Run the query over what it has not seen."""
        os.sync()
        told = {**self.told, "data": str(self.data), "checkpoint": str(self.checkpoint)}
        lines = [*(f"{name} = {value!r}" for name, value in told.items()), JOB]
        out = subprocess.check_output([sys.executable, "-c", "\n".join(lines)], text=True)
        return json.loads(out.splitlines()[-1])


def drawn(random, keys: int, rows: int, law: str):
    """Keys of a batch, evenly or by Zipf's law with exponent 1."""
    import numpy as np

    if law == "uniform":
        return random.integers(0, keys, rows)
    ranks = np.minimum(keys, np.exp(random.random(rows) * np.log(keys + 1)).astype(np.int64)) - 1
    # Neighbours in rank are no neighbours in state.
    return ranks * 7_919 % keys


def steps(one: Run, given, *, small: bool) -> dict[str, dict]:
    """What each step told, by its name."""
    import numpy as np

    random = np.random.default_rng(7)
    told = {}
    one.write(np.arange(given.keys))
    told["load"] = one.step()
    for _ in range(given.batches):
        one.write(drawn(random, given.keys, given.rows, "uniform"))
    told["large"] = one.step()
    for law in ("zipf", "uniform") if small else ():
        for _ in range(given.small_batches):
            one.write(drawn(random, given.keys, SMALL, law))
        told[law] = one.step()
    one.write(drawn(random, given.keys, SMALL, "uniform"))
    told["restart"] = one.step()
    return told


def small_figures(law: str, limit: float, seconds: list[float]) -> list[Figure]:
    """The median of small batches and its distance from the slowest, after the warm-up."""
    ordered = sorted(each * 1000 for each in seconds[len(seconds) // 10 :])
    p50, p99 = statistics.median(ordered), ordered[len(ordered) * 99 // 100]
    return [
        at_most(limit, f"{SMALL:,} keys, {law}, p50", p50, "ms"),
        at_most(5, f"{SMALL:,} keys, {law}, p99 over p50", p99 / p50, "x"),
    ]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--keys", type=int, default=20_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of a large batch")
    parser.add_argument("--batches", type=int, default=6, help="large batches")
    parser.add_argument("--small-batches", type=int, default=500)
    parser.add_argument("--limit-mb", type=int, default=1_000, help="of the cgroup")
    parser.add_argument("--memory", default="500m", help="firesteel.memory.limit in the cgroup")
    parser.add_argument("--plenty", default="16g", help="firesteel.memory.limit without a cgroup; 0: not measured")
    given = parser.parse_args()
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        if given.plenty != "0":
            told["in memory"] = steps(Run(Path(folder, "plenty"), None, given.plenty), given, small=False)
        with memory_cgroup(given.limit_mb) as cgroup:
            told["in the cgroup"] = steps(Run(Path(folder, "small"), cgroup, given.memory), given, small=True)
    figures = []
    for where, each in told.items():
        load, large = each["load"], each["large"]
        figures += [
            figure(f"{where}: all keys in one batch", load["seconds"][0], "s"),
            figure(f"{where}: {given.rows:,} keys", given.rows / statistics.median(large["seconds"][1:]), "rows/s"),
            figure(f"{where}: peak resident memory", max(step["peak_mb"] for step in each.values()), "MB"),
        ]
    small = told["in the cgroup"]
    if "in memory" in told:
        rates = [statistics.median(told[where]["large"]["seconds"][1:]) for where in ("in memory", "in the cgroup")]
        figures.append(at_least(0.25, "rate in the cgroup over that in memory", rates[0] / rates[1], "x"))
    figures += small_figures("zipf", 20, small["zipf"]["seconds"])
    figures += small_figures("uniform", 100, small["uniform"]["seconds"])
    figures.append(at_most(2, "restart, until the first batch is committed", small["restart"]["first"], "s"))
    report(figures, given.json, **told)


if __name__ == "__main__":
    main()
