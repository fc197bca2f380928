"""The common part of the handover tests and the script that makes their fixtures.

It has the input, the expected rows and the move of a checkpoint.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from handover_step import ROWS_PER_BATCH, START_MS

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "spark_checkpoints"
PLACEHOLDER = "/@ROOT@"
FIRST_MS = 1_700_000_000_000

Rows = list[tuple]


def add_input(root: Path, start: int, count: int) -> None:
    """Write ``count`` JSON files of three rows, each newer than the one before.

    The first is named after ``start``.
    """
    directory = root / "input"
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        path = directory / f"{number:03}.json"
        rows = (
            {"id": number * 10 + i, "kind": "abc"[i], "amount": number + i / 2 if i != 1 else None} for i in range(3)
        )
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        os.utime(path, ns=(_modified(number), _modified(number)))


def expected_files(root: Path) -> Rows:
    """The rows that the query ``files`` makes of all its input."""
    rows = [
        json.loads(line)
        for path in (root / "input").iterdir()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return sorted((row["id"], row["kind"].upper(), row["amount"] * 2) for row in rows if row["amount"] is not None)


def expected_rate(batches: int) -> Rows:
    """The rows of the first ``batches`` batches of the query ``rate``."""

    def stamp(batch: int) -> datetime:
        return datetime.fromtimestamp(START_MS / 1000 + batch, tz=UTC).replace(tzinfo=None)

    return [(value, value * 10, stamp(value // ROWS_PER_BATCH)) for value in range(batches * ROWS_PER_BATCH)]


def read_by_log(root: Path) -> Rows:
    """Read the output as Spark does: the files that ``_spark_metadata`` names, each once."""
    log = root / "output" / "_spark_metadata"
    newest = max((int(path.stem) for path in log.glob("[0-9]*.compact")), default=-1)
    entries = [
        path for path in log.iterdir() if re.fullmatch(r"\d+(\.compact)?", path.name) and int(path.stem) >= newest
    ]
    chosen = [path for path in entries if int(path.stem) > newest or path.suffix]
    files = [
        json.loads(line)["path"].removeprefix("file://")
        for path in chosen
        for line in path.read_text().splitlines()[1:]
    ]
    assert len(files) == len(set(files)), "a file is in the log twice"
    return _rows(map(Path, files))


def read_by_glob(root: Path) -> Rows:
    """Read the output as a tool that does not know the log."""
    return _rows((root / "output").glob("*.parquet"))


def unpack(kind: str, root: Path) -> None:
    """Copy a fixture to ``root``.

    Its logs name the new place, and its input is as old as they say.
    """
    shutil.copytree(FIXTURES / kind, root, dirs_exist_ok=True)
    for path in _logs(root):
        path.write_text(path.read_text(encoding="utf-8").replace(PLACEHOLDER, str(root)), encoding="utf-8")
    for path in (root / "input").glob("*.json") if (root / "input").exists() else ():
        os.utime(path, ns=(_modified(int(path.stem)), _modified(int(path.stem))))


def pack(root: Path) -> None:
    """Make a checkpoint and output fit for a move.

    The place becomes a placeholder, and changed files lose their checksums.
    """
    for path in _logs(root):
        path.write_text(path.read_text(encoding="utf-8").replace(str(root), PLACEHOLDER), encoding="utf-8")
    for path in root.rglob(".*.crc"):
        path.unlink()


def forget(root: Path, *names: str) -> None:
    """Remove files below ``root`` with their checksums, as if a crash had come before them."""
    for name in names:
        path = root / name
        path.unlink()
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)


def last_batch(root: Path) -> int:
    """Return the newest batch that has an offset."""
    return max(int(path.name) for path in (root / "checkpoint" / "offsets").iterdir() if path.name.isdigit())


def _logs(root: Path) -> list[Path]:
    folders = [root / "checkpoint" / "sources", root / "output" / "_spark_metadata"]
    return [path for folder in folders for path in folder.rglob("[0-9]*") if path.is_file()]


def _modified(number: int) -> int:
    return (FIRST_MS + number * 1000) * 1_000_000


def _rows(paths) -> Rows:
    tables = [pq.ParquetFile(path).read() for path in paths]
    rows = [tuple(row.values()) for table in tables for row in table.to_pylist()]
    return sorted(tuple(_naive(item) for item in row) for row in rows)


def _naive(item):
    return item.replace(tzinfo=None) if isinstance(item, datetime) else item
