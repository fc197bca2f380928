"""The README's program is one script that runs here and on real Spark."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests" / "fixtures" / "models" / "add.onnx"


def program() -> str:
    """The README's first Python program, changed so that it ends."""
    text = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert text is not None
    endless = 'trigger(processingTime="1 second")'
    assert text[1].count(endless) == 1
    return text[1].replace(endless, "trigger(availableNow=True)")


def scored(folder: Path, *interpreter: str) -> list[dict[str, object]]:
    """The rows that the program writes in a folder with a model and two files."""
    shutil.copy(MODEL, folder / "fraud.onnx")
    incoming = folder / "incoming"
    incoming.mkdir()
    (incoming / "1.csv").write_text("id,amount,age\n1,10.5,2\n2,,3\n", encoding="utf-8")
    (incoming / "2.csv").write_text("id,amount,age\n3,1.25,4\n", encoding="utf-8")
    (folder / "scores.py").write_text(program(), encoding="utf-8")

    command = [*interpreter, "scores.py"]
    workers = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(command, cwd=folder, env=workers, capture_output=True, text=True, timeout=240, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    parts = [part for part in (folder / "scored").glob("*.parquet") if pq.read_metadata(part).num_rows]
    rows = [row for part in parts for row in pq.read_table(part, partitioning=None).to_pylist()]
    return sorted(rows, key=lambda row: row["id"])


EXPECTED = [
    {"id": 1, "amount": 10.5, "age": 2.0, "score": 12.5},
    {"id": 2, "amount": None, "age": 3.0, "score": None},
    {"id": 3, "amount": 1.25, "age": 4.0, "score": 5.25},
]


def test_the_program_scores_the_files_here(tmp_path: Path) -> None:
    assert scored(tmp_path, sys.executable, "-m", "firesteel", "run") == EXPECTED


@pytest.mark.oracle
@pytest.mark.usefixtures("real_pyspark")
def test_the_program_scores_the_files_on_real_spark(tmp_path: Path) -> None:
    assert scored(tmp_path, sys.executable) == EXPECTED
