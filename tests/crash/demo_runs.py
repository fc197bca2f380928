"""The common part of both crash programs: runs of the demonstration, and reads of its output.

The demonstration runs in its own process. The output is read by a plain glob and by the lines of
``_spark_metadata``. Neither uses the engine under test.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Demo:
    """A demonstration over a number of days, with some of them in each batch."""

    days: int
    files_per_batch: int = 1

    @property
    def batches(self) -> int:
        """The number of batches of an uninterrupted run."""
        return -(-self.days // self.files_per_batch)

    def start(self, folder: Path, crash_at: str | None = None) -> subprocess.Popen[bytes]:
        """Start it.

        If a point is given (``name`` or ``name:n``), it kills itself there.
        """
        words = ["demo", "--output", str(folder), "--days", str(self.days), "--no-plot"]
        words += ["--files-per-batch", str(self.files_per_batch)]
        environment = {key: value for key, value in os.environ.items() if key != "FIRESTEEL_CRASH_AT"}
        if crash_at:
            environment["FIRESTEEL_CRASH_AT"] = crash_at
        command = [sys.executable, "-m", "firesteel", *words]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)

    def finish(self, folder: Path) -> None:
        """Run it to its end."""
        status = self.start(folder).wait()
        if status != 0:
            message = f"the demo in {folder} ended with {status}"
            raise RuntimeError(message)


def newest(folder: Path, log: str) -> int:
    """Return the highest batch in a log of the checkpoint, -1 if there is none."""
    names = [path.name for path in (folder / "checkpoint" / log).glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=-1)


def readings(folder: Path) -> dict[str, Counter]:
    """Return the multiset of rows that each kind of reader finds."""
    return {"plain glob": rows(by_glob(folder)), "_spark_metadata": rows(by_log(folder))}


def by_glob(folder: Path) -> list[Path]:
    """Return the files that a reader without Spark's log finds."""
    return sorted((folder / "predictions").glob("*.parquet"))


def by_log(folder: Path) -> list[Path]:
    """Return the files that ``_spark_metadata`` names."""
    log = folder / "predictions" / "_spark_metadata"
    found = sorted(log.glob("[0-9]*"), key=lambda path: int(path.name.removesuffix(".compact")))
    compacted = max((i for i, path in enumerate(found) if path.name.endswith(".compact")), default=0)
    lines = [line for path in found[compacted:] for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [Path(unquote(urlparse(json.loads(line)["path"]).path)) for line in lines]


def rows(files: list[Path]) -> Counter:
    """Return the multiset of the files' rows."""
    table = pa.concat_tables([pq.read_table(path) for path in files])
    return Counter(zip(*[column.to_pylist() for column in table.columns], strict=True))
