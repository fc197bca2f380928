"""Runs parity programs and writes their answers, one JSON file a program.

``python record.py [program …]`` on real PySpark rewrites the record in ``answers/``. ``firesteel
run record.py --out DIR [program …]`` gives Firesteel's answers. ``--case`` asks one case and prints
it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import programs


def main() -> None:
    """Record the programs named on the command line, or all."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program", nargs="*", default=programs.names())
    arguments.add_argument("--out", type=Path, default=programs.ANSWERS)
    arguments.add_argument("--case", help="ask only this case and print the answer")
    arguments.add_argument("--resume", action="store_true", help="keep the answers that are in --out, ask the others")
    chosen = arguments.parse_args()
    chosen.out = chosen.out.resolve()

    # collect() gives naive local times, so both engines must see the same local zone.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.chdir(tempfile.mkdtemp(prefix="parity-cwd-"))
    spark = _session()
    for program in chosen.program:
        _record(program, spark, chosen)
    spark.stop()


def _session():
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": str(Path.cwd() / "warehouse"),
        "spark.ui.enabled": False,
        "spark.ui.showConsoleProgress": False,
    }
    builder = SparkSession.builder.master("local[2]").appName("parity")
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def _record(program: str, spark, chosen: argparse.Namespace) -> None:
    if chosen.case is None:
        chosen.out.mkdir(parents=True, exist_ok=True)
    target = chosen.out / f"{program}.json"
    found = json.loads(target.read_text()) if chosen.resume and target.exists() else {}
    kept = set(found)
    module = programs.load(program)
    programs.prepare(module, spark)
    for case in programs.cases(module):
        name = case[0]
        if name in kept or (chosen.case is not None and name != chosen.case):
            continue
        if name in found:
            raise SystemExit(f"{program}: two cases are named {name!r}")
        found[name] = programs.answer(case, spark)
        if chosen.case is not None:
            print(json.dumps(found[name], indent=1, ensure_ascii=False))
        else:
            # The file is written after each case. So a crash or a hang of the engine costs one
            # answer.
            target.write_text(_pretty(found), encoding="utf-8")
    if chosen.case is None:
        print(f"{program}: {len(found)} cases")
    elif chosen.case not in found:
        raise SystemExit(f"{program} has no case {chosen.case!r}: add it first")


def _pretty(found: dict) -> str:
    """Print one case a line, so that a diff of the record is easy to read."""
    lines = (
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(item, ensure_ascii=False)}"
        for name, item in found.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
