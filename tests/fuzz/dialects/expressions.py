"""Cases that are SQL expressions over literal values, with many in one query.

A case that fails is asked alone.

A case is ``{"call": "rlike({}, {})", "given": ["text", "pattern"], "over": bool, "conf": {…}}``.

``given``
is put in as parameters, which are literals. With ``over`` it is put in as columns of a relation. An
engine may treat the two differently.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import programs

from dialects.session import configured
from dialects.shrinking import shorter
from dialects.source import source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialects import Case

TOGETHER = 64
"""The number of cases in one query.

A query that fails is halved until the failing case is alone.
"""


def shown(case: Case) -> str:
    """Show the query and the settings of the session."""
    settings = "".join(f"spark.conf.set({key!r}, {value!r}); " for key, value in case.get("conf", {}).items())
    query, given = _query([case], named=False)
    values = (
        f", [{', '.join(source(value) if isinstance(value, str) else repr(value) for value in given)}]" if given else ""
    )
    return f"{settings}spark.sql({source(query)}{values})"


def ask(spark: Any, cases: list[Case]) -> Iterator[tuple[int, Any]]:
    """Answer cases: their type and value, or the error they raise."""
    settings = [sorted(case.get("conf", {}).items()) for case in cases]
    order = sorted(range(len(cases)), key=lambda index: settings[index])
    for setting, group in groupby(order, key=lambda index: settings[index]):
        indices = list(group)
        with configured(spark, dict(setting)):
            for start in range(0, len(indices), TOGETHER):
                yield from _together(spark, cases, indices[start : start + TOGETHER])


def smaller(case: Case) -> Iterator[Case]:
    """Take a character or a piece out of one of the given texts."""
    for place, value in enumerate(case["given"]):
        if isinstance(value, str):
            for text in shorter(value):
                yield {**case, "given": [*case["given"][:place], text, *case["given"][place + 1 :]]}
    if case.get("over"):
        yield {**case, "over": False}
    for key in case.get("conf", {}):
        yield {**case, "conf": {name: value for name, value in case["conf"].items() if name != key}}


def _together(spark: Any, cases: list[Case], indices: list[int]) -> Iterator[tuple[int, Any]]:
    if len(indices) == 1:
        alone = cases[indices[0]]
        answer = programs.answer(("", lambda engine, _: _answers(engine, [alone])[0]), spark)
        yield indices[0], answer
        return
    try:
        found = _answers(spark, [cases[index] for index in indices])
    except Exception:
        middle = len(indices) // 2
        yield from _together(spark, cases, indices[:middle])
        yield from _together(spark, cases, indices[middle:])
    else:
        for index, answer in zip(indices, found, strict=True):
            yield index, programs.plain(answer)


def _answers(spark: Any, cases: list[Case]) -> list[dict[str, Any]]:
    query, given = _query(cases, named=True)
    frame = spark.sql(query, given or None)
    [row] = frame.collect()
    return [
        {"type": field.dataType.simpleString(), "value": value}
        for field, value in zip(frame.schema.fields, row, strict=True)
    ]


def _query(cases: list[Case], *, named: bool) -> tuple[str, list[Any]]:
    """Spell cases as one query. The values go apart, so that the literals of an engine play no
    part.
    """
    expressions, names, columns, here, there = [], [], [], [], []
    for number, case in enumerate(cases):
        # A null without a type is another question than a text that is null.
        marks = ["CAST(? AS STRING)" if value is None else "?" for value in case["given"]]
        if case.get("over"):
            places = [f"c{number}_{place}" if named else "abcdef"[place] for place in range(len(case["given"]))]
            names += places
            there += case["given"]
            columns += marks
        else:
            places = marks
            here += case["given"]
        expression = case["call"].format(*places)
        expressions.append(f"{expression} AS c{number}" if named else expression)
    relation = f" FROM VALUES ({', '.join(columns)}) AS v({', '.join(names)})" if names else ""
    return f"SELECT {', '.join(expressions)}{relation}", here + there
