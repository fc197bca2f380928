"""PySpark's recorded answers to a few cases of each dialect, asked of Firesteel without Java.

A case may differ only in a kind that `known.toml` lists. Each kind on the list must still occur.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "parity")]
import compare
import dialects
import kinds
import recorded
from engines import Engine


@functools.cache
def _answers(dialect: str) -> list[tuple[dialects.Case, Any, Any]]:
    """Ask Firesteel the recorded cases, and after them the example of each kind that is listed."""
    asked = [*recorded.read(dialect), *kinds.examples(dialect)]
    with Engine("Firesteel") as firesteel:
        found = firesteel.answers(dialect, [case for case, _ in asked])
    return [(case, expected, answer) for (case, expected), answer in zip(asked, found, strict=True)]


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_a_recorded_answer_differs_only_in_a_known_kind(dialect: str) -> None:
    unlisted = [
        f"{dialects.load(dialect).shown(case)}\n  PySpark   {compare.shown(expected)}\n  Firesteel {compare.shown(found)}"
        for case, expected, found in _answers(dialect)
        if not compare.same(expected, found) and kinds.of(dialect, case, expected, found) is None
    ]
    assert not unlisted, f"{len(unlisted)} cases differ:\n" + "\n".join(unlisted)


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [(dialect, entry["kind"]) for dialect in dialects.NAMES for entry in kinds.LISTED.get(dialect, [])],
)
def test_a_known_kind_still_differs(dialect: str, kind: str) -> None:
    [entry] = [entry for entry in kinds.LISTED[dialect] if entry["kind"] == kind]
    [(case, expected, found)] = [
        answer
        for answer in _answers(dialect)
        if answer[:2] == (json.loads(entry["case"]), json.loads(entry["pyspark"]))
    ][-1:]
    assert not compare.same(expected, found), f"{kind} has gone: take it out of known.toml"
    assert kinds.of(dialect, case, expected, found) == kind, "the example is of another kind"
