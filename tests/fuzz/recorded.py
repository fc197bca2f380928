"""PySpark's answers that are kept.

The repository has those to a few cases of each dialect. A cache has those to all cases that were
asked.

Both are files of one case a line, ``[case, answer]``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialects import Case
    from engines import Engine

# The things beside its case that an answer depends on.
ASKING = (
    "ask.py",
    "dialects/expressions.py",
    "dialects/files.py",
    "dialects/relations/__init__.py",
    "dialects/relations/tables.py",
    "dialects/session.py",
    "../parity/programs.py",
    "../parity/stateful.py",
)
PART = 128
ANSWERS = Path(__file__).resolve().with_name("answers")


class Cached:
    """PySpark, which is asked only new cases."""

    def __init__(self, pyspark: Engine, folder: Path) -> None:
        self._pyspark = pyspark
        sources = b"".join((ANSWERS.parent / name).read_bytes() for name in ASKING)
        self._folder = folder / hashlib.sha256(sources).hexdigest()[:12]
        self._known: dict[str, dict[str, Any]] = {}

    def answers(self, dialect: str, cases: list[Case]) -> list[Any]:
        """Answer every case, in their order."""
        path = self._folder / f"{dialect}.jsonl"
        if dialect not in self._known:
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            self._known[dialect] = {json.dumps(case): answer for case, answer in map(json.loads, lines)}
        known = self._known[dialect]
        new = {key: case for case in cases if (key := json.dumps(case)) not in known}
        self._folder.mkdir(parents=True, exist_ok=True)
        # Cases are asked a part at a time, so that answers are kept if the run is interrupted.
        keys = list(new)
        for part in (keys[start : start + PART] for start in range(0, len(keys), PART)):
            found = self._pyspark.answers(dialect, [new[key] for key in part])
            known.update(zip(part, found, strict=True))
            with path.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps([new[key], known[key]]) + "\n" for key in part)
        return [known[json.dumps(case)] for case in cases]


def write(dialect: str, pyspark: Cached, cases: list[Case]) -> None:
    """Ask PySpark, and replace the record of one dialect."""
    answers = pyspark.answers(dialect, cases)
    ANSWERS.mkdir(exist_ok=True)
    lines = [json.dumps(pair) + "\n" for pair in zip(cases, answers, strict=True)]
    (ANSWERS / f"{dialect}.jsonl").write_text("".join(lines), encoding="utf-8")


def read(dialect: str) -> list[tuple[Case, Any]]:
    """Read the record of one dialect."""
    lines = (ANSWERS / f"{dialect}.jsonl").read_text(encoding="utf-8").splitlines()
    return [tuple(json.loads(line)) for line in lines]
