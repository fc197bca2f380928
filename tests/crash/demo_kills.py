"""Kill the demonstration at random moments and compare its output with an uninterrupted run.

::

    python tests/crash/demo_kills.py [--kills 50] [--seed 1] [--days 184]

The moments come from a seed. Each run of ``firesteel demo`` is killed with SIGKILL a random time
after it has planned a few more batches. Then one run ends by itself. Its output is read through
``_spark_metadata`` and by a plain glob. Both must give the same multiset of rows as a run that
nobody killed.

The program prints the place of each kill. The exit status is 1 if anything differs, or if the kills
prove too little. At least four in five must fall between the first ``offsets`` and the last
``commits``. At least one in five must leave a batch that was planned and not committed.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from demo_runs import Demo, newest, readings


def main() -> int:
    """Run the experiment and return the exit status."""
    parser = argparse.ArgumentParser(description="Kill the demo, restart it, compare.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=184)
    options = parser.parse_args()
    demo = Demo(options.days)

    with tempfile.TemporaryDirectory() as scratch:
        whole, killed = Path(scratch, "whole"), Path(scratch, "killed")
        demo.finish(whole)
        kills = kill(demo, killed, options.kills, random.Random(options.seed))
        demo.finish(killed)
        expected = readings(whole)["plain glob"]
        same = {reader: found == expected for reader, found in readings(killed).items()}
    running = sum(planned >= 0 and done < demo.batches - 1 for planned, done in kills)
    ahead = sum(planned == done + 1 for planned, done in kills)
    print(f"{len(kills)} kills, {running} of them after the first offsets and before the last commits,")
    print(f"{ahead} of them left offsets one ahead of commits; {sum(expected.values()):,} rows")
    for reader, equal in same.items():
        print(f"{reader}: {'the same rows' if equal else 'DIFFERENT ROWS'} as the run that nobody killed")
    worth = len(kills) == options.kills and running * 5 >= options.kills * 4 and ahead * 5 >= options.kills
    if not worth:
        print("too few kills fell where they matter: try another seed")
    return 0 if all(same.values()) and worth else 1


def kill(demo: Demo, folder: Path, kills: int, seed: random.Random) -> list[tuple[int, int]]:
    """Start and kill the demo. Return the newest (offsets, commits) after each kill."""
    deaths: list[tuple[int, int]] = []
    while len(deaths) < kills:
        left = demo.days - 1 - newest(folder, "commits")
        step = max(1, left // (kills - len(deaths) + 1))
        goal = newest(folder, "commits") + seed.randint(1, max(1, 2 * step - 1))
        process = demo.start(folder)
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


if __name__ == "__main__":
    sys.exit(main())
