"""Every parity program, asked of Firesteel and compared with what PySpark 4.3 answered.

The record is in ``answers/``, so no Java is needed. ``known_gaps.toml`` names the cases where
Firesteel differs, each with its reason. It is strict: a gap that has closed fails until its line is
removed.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import programs
import table

GAPS: dict[str, dict[str, str]] = tomllib.loads((programs.HERE / "known_gaps.toml").read_text(encoding="utf-8"))
RECORDED: dict[str, dict[str, Any]] = {
    program: json.loads((programs.ANSWERS / f"{program}.json").read_text(encoding="utf-8"))
    for program in programs.names()
}
SILENT_SECONDS = 90
"""A case that has not answered by then hangs: a busy machine is slow, but not that slow."""
RECHECKED = ["names", "windows", "types"]
"""The programs that are asked of real PySpark again, to see that the record is what it says now."""


def _cases() -> list[Any]:
    listed = []
    for program, answers in RECORDED.items():
        for case in answers:
            reason = GAPS.get(program, {}).get(case)
            marks = [pytest.mark.xfail(reason=reason, strict=not reason.startswith("unsteady"))] if reason else []
            listed.append(pytest.param(program, case, marks=marks, id=f"{program}::{case}"))
    return listed


@pytest.mark.parametrize(("program", "case"), _cases())
def test_answers_as_pyspark_does(program: str, case: str) -> None:
    expected, found = RECORDED[program][case], _firesteel(program).get(case, "no such case in the program")
    assert programs.same(expected, found), f"PySpark: {json.dumps(expected)}\nFiresteel: {json.dumps(found)}"


def test_known_gaps_name_recorded_cases() -> None:
    unknown = [
        f"{program}::{case}"
        for program, cases in GAPS.items()
        for case in cases
        if case not in RECORDED.get(program, {})
    ]
    assert not unknown, "known_gaps.toml names cases that are not in the record"


def test_the_table_in_the_readme_counts_them() -> None:
    assert table.README.read_text(encoding="utf-8") == table.readme_with_table(), "run: python tests/parity/table.py"


@pytest.mark.oracle
@pytest.mark.usefixtures("real_pyspark")
def test_the_record_is_what_pyspark_answers_now(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, programs.HERE / "record.py", "--out", tmp_path, *RECHECKED],
        check=True,
        capture_output=True,
        timeout=600,
    )
    for program in RECHECKED:
        found = json.loads((tmp_path / f"{program}.json").read_text(encoding="utf-8"))
        assert list(found) == list(RECORDED[program]), f"the cases of {program} changed: record it again"
        changed = [case for case, expected in RECORDED[program].items() if not programs.same(expected, found[case])]
        assert not changed, f"PySpark now answers these cases of {program} otherwise: record it again"


@functools.cache
def _firesteel(program: str) -> dict[str, Any]:
    """Ask Firesteel a whole program in separate processes.

    A crash or a hang costs one case and not the suite.
    """
    out = Path(tempfile.mkdtemp(prefix="parity-answers-"))
    target = out / f"{program}.json"
    while True:
        ended = _ask(program, out)
        found = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
        waiting = [case for case in RECORDED[program] if case not in found]
        if ended is None or not waiting:
            return found
        found[waiting[0]] = {"no answer": ended}
        target.write_text(json.dumps(found), encoding="utf-8")


def _ask(program: str, out: Path) -> str | None:
    """Run one process until it is done and return None. Return the reason if it dies or falls
    silent.
    """
    target = out / f"{program}.json"
    # Each case rewrites the target, so its time says when the last answer came.
    command = [
        sys.executable,
        "-m",
        "firesteel",
        str(programs.HERE / "record.py"),
        "--resume",
        "--out",
        str(out),
        program,
    ]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
        last, stamp = time.monotonic(), None
        while process.poll() is None:
            now = target.stat().st_mtime_ns if target.exists() else None
            if now != stamp:
                last, stamp = time.monotonic(), now
            if time.monotonic() - last > SILENT_SECONDS:
                process.kill()
                process.wait()
                return f"silent for {SILENT_SECONDS} s"
            time.sleep(0.02)
        if process.returncode == 0:
            return None
        log.seek(0)
        return f"process ended with {process.returncode}: {log.read()[-1500:]}"
