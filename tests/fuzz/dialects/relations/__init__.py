"""Whole queries over a few small tables: joins, groups, windows, subqueries, set operations.

A case is ``{"query": tree}``. The answer is the columns with their types, and the rows. Rows are
sorted here unless the query sorts them, and both zeros are one: which of two equal values a query
keeps is for the engine to choose.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import programs

from dialects.relations import making, tables, tree
from dialects.source import source

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from dialects import Case

THREADS = 3
"""Most of the time an engine waits for its own threads."""


def case(choose: random.Random) -> Case:
    """Make a query."""
    return {"query": making.query(choose)}


def shown(case: Case) -> str:
    """Show the query. `tables.py` has what its tables hold."""
    return f"spark.sql({source(tree.spelled(case['query']))})"


def smaller(case: Case) -> Iterator[Case]:
    """Put a part in place of the whole, or leave a part out."""
    for query in tree.smaller(case["query"]):
        yield {"query": query}


def ask(spark: Any, cases: list[Case]) -> Iterator[tuple[int, Any]]:
    """Answer queries one by one, a few at a time."""
    tables.make(spark)
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda numbered: (numbered[0], _answer(spark, numbered[1])), enumerate(cases))


def _answer(spark: Any, case: Case) -> Any:
    return programs.answer(("", lambda engine, _: _rows(engine, case["query"])), spark)


def _rows(spark: Any, query: tree.Node) -> dict[str, Any]:
    frame = spark.sql(tree.spelled(query))
    columns = [f"{field.name}: {field.dataType.simpleString()}" for field in frame.schema.fields]
    rows = [_with_one_zero(programs.plain(tuple(row))) for row in frame.collect()]
    return {"columns": columns, "rows": rows if tree.is_sorted(query) else sorted(rows, key=repr)}


def _with_one_zero(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_one_zero(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_one_zero(item) for key, item in value.items()}
    return 0.0 if isinstance(value, float) and value == 0 else value
