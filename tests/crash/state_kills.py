"""Kill queries with state, and compare what they gave with an uninterrupted run.

::

    python tests/crash/state_kills.py [--kills 38] [--seed 1] [--files 120] [--job join]
    python tests/crash/state_kills.py --point state-merged --point commits [--passes 1 2]

Each job of `state_jobs.py` runs once undisturbed and once with kills: SIGKILL, a random time after
it has planned a few more batches. With ``--point`` it kills itself at these named steps of a batch
instead, one after the other, which needs an extension with the feature ``crash-points``. Then it
runs to its end. Without a random function below the
state, both give the same multiset of rows. With one, no run can be compared with another. Then what
is visible must fit together by itself: each total of a key is the total before it and what came
since, so the state is that of the rows that are visible and of no others.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from demo_runs import by_glob, newest, readings
from state_jobs import JOBS, TOTALS, write_files

HERE = Path(__file__).parent
ROWS = 60


def start(job: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start a job."""
    command = [sys.executable, str(HERE / "state_jobs.py"), job, str(folder)]
    return subprocess.Popen(command, env=os.environ | environment)


def finish(job: str, folder: Path) -> None:
    """Run a job to its end."""
    if start(job, folder).wait() != 0:
        message = f"{job} in {folder} failed"
        raise RuntimeError(message)


def prepared(folder: Path, files: int) -> Path:
    """Return a folder with the input."""
    write_files(folder, files, ROWS)
    return folder


def kill(job: str, folder: Path, kills: int, files: int, seed: random.Random) -> list[bool]:
    """Kill a job so many times, or until it ends. Return of each kill whether it cut a batch short."""
    inside = []
    for left in range(kills, 0, -1):
        done = newest(folder, "commits")
        goal = done + seed.randint(0, max(1, (files - done) // (left + 1)))
        process = start(job, folder)
        while process.poll() is None and newest(folder, "offsets") < goal:
            time.sleep(0.0005)
        time.sleep(seed.random() * 0.03)
        process.send_signal(signal.SIGKILL)
        status = process.wait()
        if status == 0:
            break  # it had read all files
        if status != -signal.SIGKILL:
            message = f"{job} ended with {status}, with {left} kills to go"
            raise RuntimeError(message)
        planned, done = newest(folder, "offsets"), newest(folder, "commits")
        if planned not in (done, done + 1):
            message = f"offsets {planned} and commits {done} are no state that a crash may leave"
            raise AssertionError(message)
        inside.append(planned > done)
    return inside


def kill_at(job: str, folder: Path, points: list[str], passes: list[int]) -> list[bool]:
    """Let a job kill itself at each point, so many passes after it began. Return as `kill` does."""
    inside = []
    for point in (f"{point}:{n}" for point in points for n in passes):
        status = start(job, folder, FIRESTEEL_CRASH_AT=point).wait()
        if status != -signal.SIGKILL:
            message = f"{job} ended with {status}, and did not come to {point}"
            raise RuntimeError(message)
        inside.append(newest(folder, "offsets") > newest(folder, "commits"))
    return inside


def fits_together(job: str, folder: Path, expected: Counter) -> bool:
    """Return whether rows that hold random numbers are those of one history."""
    if without_random(folder) != expected:
        return False
    if not job.startswith(TOTALS):
        return True
    totals: Counter[int] = Counter()
    for row in sorted(visible(folder).to_pylist(), key=lambda row: (row["k"], row["n"])):
        if abs(totals[row["k"]] + row["own"] - row["r"]) > 1e-9:
            return False
        totals[row["k"]] = row["r"]
    return True


def visible(folder: Path) -> pa.Table:
    """Return the rows that a job has given."""
    return pq.read_table([str(path) for path in by_glob(folder)])


def without_random(folder: Path) -> Counter:
    """Return the multiset of rows, less the columns that may hold random numbers."""
    table = visible(folder)
    names = [name for name in table.column_names if name not in ("r", "own")]
    return Counter(zip(*[table.column(name).to_pylist() for name in names], strict=True))


def main() -> int:
    """Run the experiment and return the exit status."""
    parser = argparse.ArgumentParser(description="Kill queries with state, restart them, compare.")
    parser.add_argument("--kills", type=int, default=38, help="of each job")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=120)
    parser.add_argument("--point", action="append", help="kill at these named steps instead")
    parser.add_argument("--passes", type=int, nargs="+", default=[1], help="at which pass of each point")
    parser.add_argument("--job", choices=JOBS, action="append")
    options = parser.parse_args()
    bad = total = inside = 0
    for name in options.job or JOBS:
        for job in (name, f"{name}-random"):
            with tempfile.TemporaryDirectory() as scratch:
                whole, killed = (prepared(Path(scratch, each), options.files) for each in ("whole", "killed"))
                finish(job, whole)
                if options.point:
                    kills = kill_at(job, killed, options.point, options.passes)
                else:
                    kills = kill(job, killed, options.kills, options.files, random.Random(options.seed))
                finish(job, killed)
                if job == name:
                    expected = readings(whole)["plain glob"]
                    same = all(found == expected for found in readings(killed).values())
                else:
                    same = fits_together(job, killed, without_random(whole))
                rows = sum(without_random(killed).values())
            total, inside, bad = total + len(kills), inside + sum(kills), bad + (not same)
            told = "as the run that nobody killed" if same else "DIFFERENT"
            print(f"{job}: {len(kills)} kills, {sum(kills)} inside a batch; {rows:,} rows, {told}", flush=True)
    print(f"{total} kills, {inside} of them inside a batch; {bad} jobs differ")
    return 1 if bad or (not options.point and inside * 10 < total) else 0


if __name__ == "__main__":
    sys.exit(main())
