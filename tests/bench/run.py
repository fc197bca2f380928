"""Every figure that Firesteel quotes, measured in one run with the wheel's profile.

It builds the wheel and installs it into a new environment. It runs each benchmark in a fresh
interpreter. It writes `report.json` and `report.md` under `.build/bench/`, with each figure beside
its target. PySpark is measured in the same run if Java is there.

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
from dataclasses import asdict
from pathlib import Path

from figures import Figure, at_most, table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / ".build" / "bench"

BENCHMARKS = ["startup", "latency", "scoring", "memory", "model_grid", "continuous"]
WHEEL_LIMIT_MB = 60


def step(title: str, command: list[str]) -> None:
    """A command that shows its progress."""
    subprocess.run([sys.executable, str(ROOT / ".ci" / "step.py"), title, *command], cwd=ROOT, check=True)


def wheel_python() -> Path:
    """Builds the wheel and returns the interpreter of an environment that has only the wheel."""
    wheels = BUILD / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    build = [sys.executable, "-m", "maturin", "build", "--release", "--out", str(wheels)]
    step("Building the wheel (the first time: 22 minutes on two cores)", build)
    home = BUILD / "venv"
    venv.create(home, with_pip=False, clear=True)
    python = home / "bin" / "python"
    # This environment's pip fills the new one. The pip of Python may not know `--group`.
    install = [sys.executable, "-m", "pip", "--quiet", "--python", str(python), "install", "--group", "test"]
    step("Installing the wheel and what the benchmarks need", [*install, str(next(wheels.glob("*.whl")))])
    return python


def wheel_figures() -> dict:
    """The size of the wheel."""
    size = next((BUILD / "wheels").glob("*.whl")).stat().st_size / 1e6
    return {"figures": [asdict(at_most(WHEEL_LIMIT_MB, "wheel", size, "MB"))], "details": {}}


def measure(python: Path, name: str) -> dict:
    """One benchmark in a fresh interpreter.

    It runs outside the tree, so that no development build shadows the wheel.
    """
    out = BUILD / f"{name}.json"
    out.unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [python, str(HERE / f"{name}.py"), "--json", str(out)]
    status = subprocess.run(command, cwd=BUILD, env=environment, check=False).returncode
    if not out.exists():
        raise SystemExit(f"the benchmark {name} broke down with exit status {status}")
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
    for name, measured in report["benchmarks"].items():
        figures = [Figure(**each) for each in measured["figures"]]
        lines += [f"## {name}", "", *table(figures), ""]
    promised = [each for measured in report["benchmarks"].values() for each in measured["figures"] if each["target"]]
    lines.append(f"{sum(each['met'] for each in promised)} of {len(promised)} targets are met.")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=BENCHMARKS, action="append")
    parser.add_argument("--no-build", action="store_true", help="measure the firesteel that this interpreter imports")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    python = Path(sys.executable) if arguments.no_build else wheel_python()
    report: dict = {"machine": machine(), "benchmarks": {}}
    if not arguments.no_build:
        report["benchmarks"]["wheel"] = wheel_figures()
    for name in arguments.only or BENCHMARKS:
        print(f"== {name}", flush=True)
        report["benchmarks"][name] = measure(python, name)
    (BUILD / "report.json").write_text(json.dumps(report, indent=2))
    (BUILD / "report.md").write_text(markdown(report))
    print(markdown(report))
    print(f"written to {BUILD / 'report.md'} and report.json")


if __name__ == "__main__":
    main()
