"""The differences of two engines by their kinds, and the smallest case of each kind."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import compare
import dialects
import kinds

if TYPE_CHECKING:
    from dialects import Case
    from engines import Engine
    from recorded import Cached

    Engines = tuple[Engine | Cached, Engine]

ROUNDS = 12
"""So many steps a case shrinks at most."""


@dataclass
class Difference:
    """One case and its two answers."""

    dialect: str
    case: Case
    expected: Any
    found: Any

    @property
    def likeness(self) -> str:
        """The common part of differences of one kind: the question and the answers, as far as a
        program can tell.
        """
        asked = self.case.get("do") or (_name(self.case) if "call" in self.case else "query")
        return f"{asked}: {_kind(self.expected)} | {_kind(self.found)}"

    @property
    def size(self) -> int:
        """The amount that there is to read."""
        return len(dialects.load(self.dialect).shown(self.case))

    def __str__(self) -> str:
        return (
            f"{dialects.load(self.dialect).shown(self.case)}\n"
            f"    PySpark   {compare.shown(self.expected)}\n    Firesteel {compare.shown(self.found)}"
        )


@dataclass
class Outcome:
    """The result of a run of one dialect."""

    dialect: str
    asked: int
    known: Counter[str] = field(default_factory=Counter)
    groups: dict[str, list[Difference]] = field(default_factory=lambda: defaultdict(list))

    @property
    def unlisted(self) -> int:
        """The number of cases that differ in no listed kind."""
        return sum(map(len, self.groups.values()))

    @property
    def gone(self) -> list[str]:
        """The listed kinds that no case met."""
        return [entry["kind"] for entry in kinds.LISTED.get(self.dialect, []) if entry["kind"] not in self.known]


def ask_both(engines: Engines, dialect: str, cases: list[Case]) -> list[Difference]:
    """Ask both engines at once. Each case has a difference or none."""
    with ThreadPoolExecutor(2) as pool:
        expected, found = pool.map(lambda engine: engine.answers(dialect, cases), engines)
    both = zip(cases, expected, found, strict=True)
    return [Difference(dialect, *answers) for answers in both if not compare.same(answers[1], answers[2])]


def sort(dialect: str, asked: int, differences: list[Difference]) -> Outcome:
    """Separate the listed kinds from the others."""
    outcome = Outcome(dialect, asked)
    for difference in differences:
        kind = kinds.of(dialect, difference.case, difference.expected, difference.found)
        if kind:
            outcome.known[kind] += 1
        else:
            outcome.groups[difference.likeness].append(difference)
    return outcome


def shrink(engines: Engines, differences: list[Difference]) -> list[Difference]:
    """Make cases smaller step by step while they differ in the same way.

    Each round has a step of all of them.
    """
    smallest = list(differences)
    moving = set(range(len(smallest)))
    smaller = dialects.load(differences[0].dialect).smaller if differences else None
    for _ in range(ROUNDS):
        tried = [(place, case) for place in sorted(moving) for case in _some(smaller(smallest[place].case))]
        if not tried:
            break
        still = ask_both(engines, differences[0].dialect, [case for _, case in tried])
        owner = {id(case): place for place, case in tried}
        moving.clear()
        for difference in sorted(still, key=lambda difference: difference.size):
            place = owner[id(difference.case)]
            unlisted = kinds.of(difference.dialect, difference.case, difference.expected, difference.found) is None
            if place not in moving and unlisted and difference.likeness == smallest[place].likeness:
                smallest[place] = difference
                moving.add(place)
    return smallest


def _some(cases: Any) -> list[Case]:
    """Leave out cases that are asked twice."""
    return list({repr(case): case for case in cases}.values())[:60]


def _name(case: Case) -> str:
    """The name of the call, without the texts and options in it."""
    if not case["given"]:
        return "a literal"
    return re.sub(r", map\(.*?\)", "", re.sub(r"'(?:[^'\\]|\\.)*'", "…", case["call"]))


def _kind(answer: Any) -> str:
    if not isinstance(answer, dict):
        return type(answer).__name__
    if "error" in answer:
        return f"{answer['error']} {answer['condition'] or ''}".strip()
    if "no answer" in answer:
        return "no answer"
    if "value" in answer:
        return "null" if answer["value"] is None else "value"
    return ", ".join(f"{key} {_kind(item)}" if isinstance(item, dict) else key for key, item in answer.items())
