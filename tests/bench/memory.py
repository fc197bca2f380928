"""Peak resident memory while eight files of 1 M rows × 32 features are scored as a stream.

The jobs are those of `scoring.py`. The memory of the imports is subtracted. Ours is one process:
the peak that the kernel reports, less the resident memory after the imports. PySpark's is driver,
JVM and Python workers together, less the memory of the driver's imports. It is read every 50 ms as
proportional set size. So pages that forked workers share count once. PySpark is measured if Java is
there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
from figures import arguments, at_most, figure, report
from scoring import JOBS, MAP_IN_ARROW, OURS, PANDAS_UDF, ROWS, SPARK, environment, program, write_rows

MB = 1_000_000

OUR_IMPORTS = "import numpy, pyarrow, onnxruntime, firesteel.sql, firesteel.ml"
SPARK_IMPORTS = "import numpy, pandas, pyarrow, onnxruntime, pyspark.sql, pyspark.sql.functions"

IMPORTED = """
import psutil
print(psutil.Process().memory_info().rss, flush=True)
"""

PEAK = """
stream()
import re
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024)
spark.stop()
"""


def ours(data: Path) -> tuple[float, float]:
    """The resident memory after the imports and at the peak, in MB."""
    out = subprocess.check_output(program(OUR_IMPORTS, IMPORTED, OURS, JOBS, PEAK, data=data)).split()
    return int(out[0]) / MB, int(out[-1]) / MB


def theirs(way: str, data: Path) -> tuple[float, float]:
    """The same for all processes of PySpark together."""
    command = program(SPARK_IMPORTS, IMPORTED, SPARK, way, JOBS, "stream()\nspark.stop()", data=data)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        imported = int(process.stdout.readline())
        peak = 0
        while process.poll() is None:
            peak = max(peak, together(psutil.Process(process.pid)))
            time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return imported / MB, peak / MB


def together(process: psutil.Process) -> int:
    """The proportional set sizes of a process and all below it."""
    size = 0
    try:
        for each in [process, *process.children(recursive=True)]:
            try:
                size += each.memory_full_info().pss
            except psutil.Error:
                continue  # it has just ended
    except psutil.Error:
        return 0
    return size


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_rows(data, given.rows)
        measured = {"ours": ours(data)}
        if shutil.which("java"):
            measured["PySpark pandas_udf"] = theirs(PANDAS_UDF, data)
            measured["PySpark mapInArrow"] = theirs(MAP_IN_ARROW, data)
    listed = []
    for name, (imported, peak) in measured.items():
        what = f"{name}, peak resident memory over imports"
        listed.append(
            at_most(200, what, peak - imported, "MB") if name == "ours" else figure(what, peak - imported, "MB")
        )
    report(listed, given.json, imported_and_peak_mb=json.loads(json.dumps(measured)))


if __name__ == "__main__":
    main()
