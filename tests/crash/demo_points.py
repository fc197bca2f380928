"""Kill the demonstration once at each named step of a batch and compare its output.

::

    python tests/crash/demo_points.py [--days 6] [--passes 2 3] [--point sink-renamed]

The extension must be built with the feature ``crash-points``. The feature compiles the steps in and
lists them as ``firesteel._native.CRASH_POINTS``. Each step has a run in its own folder.
``FIRESTEEL_CRASH_AT=<point>:<n>`` makes the run kill itself with SIGKILL the n-th time that it
comes there. Its exit status shows that it died so. The next run must end by itself. Its output is
read through ``_spark_metadata`` and by a plain glob. Both must give the same multiset of rows as a
run that nobody killed.

Two files a batch make two parts. So ``sink-renamed:1`` and ``:3`` fall between the renames of one
batch. The exit status is 1 if anything differs, or if a point was not reached.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo_runs import Demo, newest, readings

#: Points that the demonstration cannot reach, and why.
OUT_OF_REACH: dict[str, str] = dict.fromkeys(
    ("state-written", "state-folded", "state-merged"), "the demonstration has no state"
) | {"rollback": "the demonstration never goes back"}


def main() -> int:
    """Run the experiment and return the exit status."""
    parser = argparse.ArgumentParser(description="Kill the demo at each named step, restart it, compare.")
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 2, 3], help="at which pass of each point to kill")
    parser.add_argument("--point", action="append", help="only these points")
    options = parser.parse_args()
    points = named_points()
    if points is None:
        print("this build of the extension has no crash points: maturin develop --features crash-points")
        return 2
    demo = Demo(options.days, files_per_batch=2)
    arms = [f"{point}:{n}" for point in options.point or points if point not in OUT_OF_REACH for n in options.passes]
    for point, reason in OUT_OF_REACH.items():
        print(f"{point}: not reached by the demo: {reason}")

    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch, "whole")
        demo.finish(whole)
        expected = readings(whole)["plain glob"]
        folders = [Path(scratch, arm.replace(":", "-")) for arm in arms]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            good = list(pool.map(lambda arm, folder: survives(demo, arm, folder, expected), arms, folders))
    print(
        f"{sum(good)} of {len(good)} kills at named steps left nothing lost or doubled; {sum(expected.values()):,} rows"
    )
    return 0 if all(good) else 1


def named_points() -> list[str] | None:
    """Return the steps at which this build can be killed, or None if it was built without them."""
    from firesteel import _native

    return getattr(_native, "CRASH_POINTS", None)


def survives(demo: Demo, arm: str, folder: Path, expected: Counter) -> bool:
    """Kill the demo at an armed point and let it finish.

    Return whether the point was reached and the rows are right.
    """
    status = demo.start(folder, crash_at=arm).wait()
    planned, done = newest(folder, "offsets"), newest(folder, "commits")
    where = f"{arm:<20} planned {planned:>2}, done {done:>2}"
    if status != -signal.SIGKILL:
        print(f"{where}: the point was NOT REACHED, the run ended with {status}", flush=True)
        return False
    demo.finish(folder)
    different = [reader for reader, found in readings(folder).items() if found != expected]
    left = [path.name for path in (folder / "predictions").rglob("*") if path.name.endswith((".staged", ".committing"))]
    verdict = f"DIFFERENT ROWS by {', '.join(different)}" if different else "the same rows by both readers"
    print(f"{where}: killed; {verdict}" + (f"; LEFT BEHIND {left}" if left else ""), flush=True)
    return not different and not left


if __name__ == "__main__":
    sys.exit(main())
