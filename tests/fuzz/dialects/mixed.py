"""Dialects of which some cases are expressions and others files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialects import expressions, files
from dialects.source import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialects import Case


def ask(spark: Any, cases: list[Case]) -> Iterator[tuple[int, Any]]:
    """Answer expressions together, and files one by one."""
    numbered = list(enumerate(cases))
    calls = [(index, case) for index, case in numbered if "call" in case]
    for place, answer in expressions.ask(spark, [case for _, case in calls]):
        yield calls[place][0], answer
    yield from files.ask(spark, [(index, case) for index, case in numbered if "do" in case])


def shown(case: Case) -> str:
    """Show a case as PySpark code."""
    return expressions.shown(case) if "call" in case else files.shown(case)


def smaller(case: Case) -> Iterator[Case]:
    """List cases that are one step smaller."""
    return expressions.smaller(case) if "call" in case else files.smaller(case)


def options_map(options: dict[str, str]) -> str:
    """Spell options as the last argument of a call. Its braces are those of a template."""
    pairs = [literal(text) for pair in options.items() for text in pair]
    return f", map({', '.join(pairs)})".replace("{", "{{").replace("}", "}}") if pairs else ""
