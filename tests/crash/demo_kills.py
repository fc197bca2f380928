"""Kill the demonstration at seeded moments, let it finish, and compare its output with an uninterrupted run.

::

    python tests/crash/demo_kills.py [--kills 50] [--seed 1] [--days 184]

Each run of ``firesteel demo`` is killed with SIGKILL a random moment after it has planned a few more batches. Then one
run ends by itself, and the output, read through ``_spark_metadata`` and by a plain glob, must be the same multiset of
rows as that of a run that nobody killed. Prints where each kill fell and exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlparse

import pyarrow as pa
import pyarrow.parquet as pq


def main() -> int:
    """Run the experiment and return the exit status."""
    parser = argparse.ArgumentParser(description="Kill the demo, restart it, compare.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=184)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        if start(whole, options.days).wait() != 0:
            print("the run that nobody killed failed")
            return 1
        kills = kill(killed, options)
        if start(killed, options.days).wait() != 0:
            print("the run after the last kill failed")
            return 1
        expected = rows(by_glob(whole))
        same = {
            "plain glob": rows(by_glob(killed)) == expected,
            "_spark_metadata": rows(by_log(killed)) == expected,
        }
    running = sum(planned >= 0 for planned, _ in kills)
    ahead = sum(planned == done + 1 for planned, done in kills)
    print(f"{len(kills)} kills, {running} of them after the first offsets and before the last commits,")
    print(f"{ahead} of them left offsets one ahead of commits; {sum(expected.values()):,} rows")
    for reader, equal in same.items():
        print(f"{reader}: {'the same rows' if equal else 'DIFFERENT ROWS'} as the run that nobody killed")
    return 0 if all(same.values()) else 1


def start(folder: Path, days: int) -> subprocess.Popen[bytes]:
    """Start the demo, a batch a day."""
    words = ["demo", "--output", str(folder), "--days", str(days), "--files-per-batch", "1", "--no-plot"]
    return subprocess.Popen([sys.executable, "-m", "firesteel", *words], stdout=subprocess.DEVNULL)


def kill(folder: Path, options: argparse.Namespace) -> list[tuple[int, int]]:
    """Start and kill the demo, and return the newest (offsets, commits) after each kill."""
    seed = random.Random(options.seed)
    deaths: list[tuple[int, int]] = []
    while len(deaths) < options.kills:
        left = options.days - 1 - newest(folder, "commits")
        step = max(1, left // (options.kills - len(deaths) + 1))
        goal = newest(folder, "commits") + seed.randint(1, max(1, 2 * step - 1))
        process = start(folder, options.days)
        while process.poll() is None and newest(folder, "offsets") < goal:
            time.sleep(0.0005)
        time.sleep(seed.random() * 0.06)
        if process.poll() is not None:
            print(f"the demo ended before kill {len(deaths) + 1}: fewer kills than asked for")
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        planned, done = newest(folder, "offsets"), newest(folder, "commits")
        if planned not in (done, done + 1):
            message = f"offsets {planned} and commits {done} are no state that a crash may leave"
            raise AssertionError(message)
        deaths.append((planned, done))
        print(f"kill {len(deaths):>3}: planned {planned:>3}, done {done:>3}", flush=True)
    return deaths


def newest(folder: Path, log: str) -> int:
    """Return the highest batch in a log of the checkpoint, -1 if there is none."""
    names = [path.name for path in (folder / "checkpoint" / log).glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=-1)


def by_glob(folder: Path) -> list[Path]:
    """Return the files that a reader finds that knows nothing of Spark's log."""
    return sorted((folder / "predictions").glob("*.parquet"))


def by_log(folder: Path) -> list[Path]:
    """Return the files that ``_spark_metadata`` names, read here without the engine under test."""
    log = folder / "predictions" / "_spark_metadata"
    found = sorted(log.glob("[0-9]*"), key=lambda path: int(path.name.removesuffix(".compact")))
    compacted = max((i for i, path in enumerate(found) if path.name.endswith(".compact")), default=0)
    lines = [line for path in found[compacted:] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [Path(unquote(urlparse(json.loads(line)["path"]).path)) for line in lines]


def rows(files: list[Path]) -> Counter:
    """Return the multiset of the files' rows."""
    table = pa.concat_tables([pq.read_table(path) for path in files])
    return Counter(zip(*[column.to_pylist() for column in table.columns], strict=True))


if __name__ == "__main__":
    sys.exit(main())
