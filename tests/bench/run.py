"""Every figure that Firesteel quotes, measured side by side in one run, with the wheel's profile.

Builds the wheel, installs it into an environment of its own, runs each benchmark in a fresh interpreter, and writes
`report.json` and `report.md` under `.build/bench/`. PySpark is measured in the same run when Java is there.

    python tests/bench/run.py                 # everything
    python tests/bench/run.py --only latency  # one benchmark
    python tests/bench/run.py --no-build      # with whatever `firesteel` this interpreter imports
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / ".build" / "bench"

# name, script, needs Java
BENCHMARKS = [
    ("startup", "startup.py", False),
    ("latency", "latency.py", False),
    ("scoring", "scoring.py", False),
    ("model_grid", "model_grid.py", False),
    ("continuous", "continuous.py", False),
]


def wheel_python() -> Path:
    """Builds the wheel and returns the interpreter of an environment that has it, and nothing of this tree."""
    wheels = BUILD / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "maturin", "build", "--release", "--out", str(wheels)], cwd=ROOT, check=True)
    home = BUILD / "venv"
    venv.create(home, with_pip=True, clear=True)
    python = home / "bin" / "python"
    requirements = [str(next(wheels.glob("*.whl"))), "-r", str(ROOT / "requirements" / "test.txt")]
    requirements += ["-r", str(ROOT / "requirements" / "demo.txt")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
    return python


def measure(python: Path, script: str) -> dict:
    """One benchmark in a fresh interpreter, outside the tree so that no development build shadows the wheel."""
    out = BUILD / f"{Path(script).stem}.json"
    out.unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([python, str(HERE / script), "--json", str(out)], cwd=BUILD, env=environment, check=True)
    return json.loads(out.read_text())


def machine() -> dict:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "java": shutil.which("java") is not None,
    }


def markdown(report: dict) -> str:
    lines = ["# Benchmarks", "", ", ".join(f"{key}: {value}" for key, value in report["machine"].items()), ""]
    for name, figures in report["benchmarks"].items():
        lines += [f"## {name}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {value} |" for key, value in figures.items() if not isinstance(value, (dict, list))]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=[name for name, _, _ in BENCHMARKS], action="append")
    parser.add_argument("--no-build", action="store_true", help="measure the firesteel that this interpreter imports")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable) if arguments.no_build else wheel_python()
    report: dict = {"machine": machine(), "benchmarks": {}}
    for name, script, _ in BENCHMARKS:
        if not arguments.only or name in arguments.only:
            print(f"== {name}", flush=True)
            report["benchmarks"][name] = measure(python, script)
    (BUILD / "report.json").write_text(json.dumps(report, indent=2))
    (BUILD / "report.md").write_text(markdown(report))
    print(markdown(report))
    print(f"written to {BUILD / 'report.md'} and report.json")


if __name__ == "__main__":
    main()
