"""The time of import and session: the median of ten fresh interpreters, page cache warm."""

from __future__ import annotations

import statistics
import subprocess
import sys

from figures import arguments, at_most, report

PROGRAM = """
import time
began = time.perf_counter()
import firesteel
from firesteel.sql import SparkSession
SparkSession.builder.getOrCreate()
print(time.perf_counter() - began)
"""


def main() -> None:
    given = arguments(__doc__).parse_args()
    times = [float(subprocess.check_output([sys.executable, "-c", PROGRAM]).split()[-1]) for _ in range(11)][1:]
    report([at_most(0.3, "import and session, median of 10", statistics.median(times), "s")], given.json, times=times)


if __name__ == "__main__":
    main()
