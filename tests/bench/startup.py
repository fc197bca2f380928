"""Import and session, in fresh interpreters: the median of ten, page cache warm."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import time
began = time.perf_counter()
import firesteel
from firesteel.sql import SparkSession
SparkSession.builder.getOrCreate()
print(time.perf_counter() - began)
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    times = [float(subprocess.check_output([sys.executable, "-c", PROGRAM]).split()[-1]) for _ in range(11)][1:]
    figures = {"import and session, median s (at most 0.3)": round(statistics.median(times), 3), "times": times}
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
