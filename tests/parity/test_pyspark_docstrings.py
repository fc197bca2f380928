"""The examples of PySpark's streaming docstrings run on Firesteel and print the same.

``docstring_gaps.toml`` lists those that do not, each with its reason. It is strict both ways.
"""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import docstrings

GAPS: dict[str, dict[str, str]] = tomllib.loads((HERE / "docstring_gaps.toml").read_text(encoding="utf-8"))
FILES = ["sql/streaming/readwriter.py", "sql/streaming/query.py"]
LEAST = 0.9

#: The docstrings on windows, watermarks and state, in files that have others too.
STATEFUL = {
    "sql/dataframe.py": [
        "DataFrame.withWatermark",
        "DataFrame.dropDuplicates",
        "DataFrame.dropDuplicatesWithinWatermark",
    ],
    "sql/functions/builtin.py": ["window", "session_window", "window_time"],
    "sql/pandas/group_ops.py": [
        "PandasGroupedOpsMixin.applyInPandasWithState",
        "PandasGroupedOpsMixin.transformWithStateInPandas",
        "PandasGroupedOpsMixin.transformWithState",
    ],
}


def _installed() -> bool:
    try:
        return importlib.metadata.version("pyspark") == "4.3.0"
    except importlib.metadata.PackageNotFoundError:
        return False


def start(file: str, out: Path, *only: str) -> subprocess.Popen[str]:
    """Run a file's docstrings, or some of them, and write the outcomes."""
    command = [sys.executable, "-m", "firesteel", HERE / "docstrings.py", file, "--out", out]
    command += [word for name in only for word in ("--only", name)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str | None]]:
    """Run both files at once in separate processes, since their examples mostly sleep."""
    if not _installed():
        pytest.skip("needs the docstrings of pyspark==4.3.0")
    out = tmp_path_factory.mktemp("docstrings")
    started = [start(file, out / file.replace("/", "-")) for file in FILES]
    found: dict[str, dict[str, str | None]] = {}
    for file, process in zip(FILES, started, strict=True):
        log, _ = process.communicate(timeout=900)
        assert process.returncode == 0, log[-3000:]
        found |= json.loads((out / file.replace("/", "-")).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("file", FILES)
def test_the_docstrings_that_fail_are_those_listed(outcomes: dict[str, dict[str, str | None]], file: str) -> None:
    listed = GAPS.get(file, {})
    steady = {name for name, why in listed.items() if not why.startswith("unsteady")}
    failed = {name: why for name, why in outcomes[file].items() if why is not None}
    assert steady <= failed.keys() <= listed.keys(), {
        name: failed.get(name, "passes now") for name in failed.keys() ^ listed.keys()
    }


@pytest.mark.parametrize("file", STATEFUL)
@pytest.mark.skipif(not _installed(), reason="needs the docstrings of pyspark==4.3.0")
def test_the_docstrings_on_windows_watermarks_and_state_pass(file: str, tmp_path: Path) -> None:
    process = start(file, tmp_path / "out", *STATEFUL[file])
    log, _ = process.communicate(timeout=600)
    assert process.returncode == 0, log[-3000:]
    found = json.loads((tmp_path / "out").read_text(encoding="utf-8"))[file]
    assert found.keys() == set(STATEFUL[file])
    assert {name: why for name, why in found.items() if why is not None} == {}


def test_nine_in_ten_docstrings_pass(outcomes: dict[str, dict[str, str | None]]) -> None:
    every = [why for file in FILES for why in outcomes[file].values()]
    assert every.count(None) >= LEAST * len(every)


@pytest.mark.skipif(not _installed(), reason="needs the docstrings of pyspark==4.3.0")
def test_every_docstring_with_examples_is_found() -> None:
    assert [len(docstrings.docstrings(file)) for file in FILES] == [26, 17]
