"""PySpark's answers to a few cases of each dialect, kept as data: one case a line, ``[case, answer]``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialects import Case
    from engines import Engine

ANSWERS = Path(__file__).resolve().with_name("answers")


def write(dialect: str, pyspark: Engine, cases: list[Case]) -> None:
    """Ask PySpark, and replace the record of one dialect."""
    answers = pyspark.answers(dialect, cases)
    ANSWERS.mkdir(exist_ok=True)
    lines = [json.dumps(pair) + "\n" for pair in zip(cases, answers, strict=True)]
    (ANSWERS / f"{dialect}.jsonl").write_text("".join(lines), encoding="utf-8")


def read(dialect: str) -> list[tuple[Case, Any]]:
    """Read the record of one dialect."""
    lines = (ANSWERS / f"{dialect}.jsonl").read_text(encoding="utf-8").splitlines()
    return [tuple(json.loads(line)) for line in lines]
