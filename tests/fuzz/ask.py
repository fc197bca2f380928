"""Answers cases by PySpark (``python ask.py``) or by Firesteel (``firesteel run ask.py``).

Each line of standard input is a request, ``{"dialect": …, "cases": path, "answers": path, "alone":
bool}``. Both files hold a JSON value a line. An answer is ``[index, answer]``. After the last
answer ``done`` is written to standard output.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "parity")]
import dialects

if TYPE_CHECKING:
    from collections.abc import Iterator

# Results depend only on the zone. The other settings save time, since every query is new and small.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": 1,
    "spark.sql.adaptive.enabled": False,
    "spark.ui.enabled": False,
    "spark.ui.showConsoleProgress": False,
}


def main() -> None:
    """Serve requests until standard input ends."""
    # The output of an engine goes to standard error. The end of the answers is told on another
    # descriptor.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.chdir(tempfile.mkdtemp(prefix="fuzz-"))
    # PySpark logs each error with both stacks.
    logging.disable()
    spark = _session()
    for line in sys.stdin:
        request = json.loads(line)
        cases = [json.loads(case) for case in Path(request["cases"]).read_text(encoding="utf-8").splitlines()]
        with Path(request["answers"]).open("w", encoding="utf-8") as answers:
            for index, answer in _answered(spark, request["dialect"], cases, alone=request["alone"]):
                answers.write(json.dumps([index, answer]) + "\n")
                answers.flush()
        print("done", file=told, flush=True)
    spark.stop()


def _answered(spark: Any, dialect: str, cases: list[dialects.Case], *, alone: bool) -> Iterator[tuple[int, Any]]:
    ask = dialects.load(dialect).ask
    if not alone:
        yield from ask(spark, cases)
        return
    for index, case in enumerate(cases):
        for _, answer in ask(spark, [case]):
            yield index, answer


def _session() -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("fuzz")
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    spark = builder.config("spark.sql.warehouse.dir", str(Path.cwd() / "warehouse")).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


if __name__ == "__main__":
    main()
