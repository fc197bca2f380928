"""Cases that read a file or write one.

``{"do": "read", "format": …, "text": …, "options": {…}, "schema": DDL or None}`` is answered by
columns and rows. If ``then`` asks for a column or for their number, it is answered by that. A
reader need not look at all of a row.

``{"do": "write", "format": …, "rows": [[text or None]], "schema": DDL, "options": {…}}`` is
answered by the text of the file, and by the rows that are read from it with the same options. The
texts are cast to the types of the schema.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import programs

from dialects.shrinking import shorter, without_key, without_one
from dialects.source import literal, source

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from dialects import Case


THREADS = 4


def ask(spark: Any, cases: list[tuple[int, Case]]) -> Iterator[tuple[int, Any]]:
    """Answer cases one by one, a few at a time.

    Most of the time an engine waits for its own threads.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda numbered: (numbered[0], _answer(spark, numbered[1])), cases)


def shown(case: Case) -> str:
    """Show a case as PySpark code. ``path`` is a file, or a directory to write."""
    options = f".options(**{case['options']!a})" if case["options"] else ""
    if case["do"] == "write":
        return f"spark.sql({source(_query(case))}).write{options}.{case['format']}(path)"
    schema = f".schema({case['schema']!r})" if case["schema"] else ""
    then = {None: "", "count": ".groupBy().count()"}.get(case.get("then"), f".select({case.get('then')!r})")
    return f"path.write_bytes({_bytes(case)!r}); spark.read{schema}{options}.{case['format']}(path){then}.collect()"


def smaller(case: Case) -> Iterator[Case]:
    """Take out an option, a row or a piece of the text or of a cell."""
    for options in without_key(case["options"]):
        yield {**case, "options": options}
    if "then" in case:
        yield {key: value for key, value in case.items() if key != "then"}
    if case["do"] == "read":
        for text in shorter(case["text"]):
            yield {**case, "text": text}
        if case["schema"] and ", " in case["schema"]:
            yield {**case, "schema": case["schema"].rpartition(", ")[0]}
        return
    for rows in without_one(case["rows"]):
        if rows:
            yield {**case, "rows": rows}
    for row, cells in enumerate(case["rows"]):
        for column, cell in enumerate(cells):
            for text in shorter(cell) if cell else ():
                changed = [*cells[:column], text, *cells[column + 1 :]]
                yield {**case, "rows": [*case["rows"][:row], changed, *case["rows"][row + 1 :]]}
    if ", " in case["schema"] and "select" not in case:
        yield {**case, "schema": case["schema"].rpartition(", ")[0], "rows": [cells[:-1] for cells in case["rows"]]}


def _answer(spark: Any, case: Case) -> Any:
    answers = _read if case["do"] == "read" else _written
    return programs.answer(("", lambda engine, tmp: answers(engine, tmp, case)), spark)


def looked_at(choose: random.Random, case: Case) -> Case:
    """Now and then look at one column alone or only count the rows."""
    names = [field.split(" ")[0] for field in case["schema"].split(", ")] if case["schema"] else []
    if choose.random() < 0.9 or len(names) < 2:
        return case
    return {**case, "then": choose.choice([*names, "count"])}


def _read(spark: Any, tmp: Path, case: Case) -> dict[str, Any]:
    path = tmp / "file"
    path.write_bytes(_bytes(case))
    return _rows(spark, path, case)


def _written(spark: Any, tmp: Path, case: Case) -> dict[str, Any]:
    path = tmp / "out"
    _writer(spark.sql(_query(case)), case).save(str(path))
    parts = sorted(part for part in path.iterdir() if part.name.startswith("part-"))
    text = b"".join(part.read_bytes() for part in parts).decode("utf-8", "surrogateescape")
    return {"text": text, "back": programs.answer(("", lambda engine, _: _rows(engine, path, case)), spark)}


def _writer(frame: Any, case: Case) -> Any:
    return frame.coalesce(1).write.format(case["format"]).options(**case["options"])


def _rows(spark: Any, path: Path, case: Case) -> dict[str, Any]:
    reader = spark.read.format(case["format"]).options(**case["options"])
    if case["schema"]:
        reader = reader.schema(case["schema"])
    frame = reader.load(str(path))
    if case.get("then") == "count":
        frame = frame.groupBy().count()
    elif "then" in case:
        frame = frame.select(case["then"])
    columns = [f"{field.name}: {field.dataType.simpleString()}" for field in frame.schema.fields]
    return {"columns": columns, "rows": [programs.plain(tuple(row)) for row in frame.collect()]}


def _query(case: Case) -> str:
    """Spell the rows as a query of texts.

    The texts are cast to their columns' types or put together as ``select`` says.
    """
    fields = [field.split(" ", maxsplit=1) for field in case["schema"].split(", ")]
    columns = [name if kind == "string" else f"CAST({name} AS {kind}) AS {name}" for name, kind in fields]
    names = "abcdef"[: len(case["rows"][0])]
    rows = ", ".join(f"({', '.join(map(_text, row))})" for row in case["rows"])
    return f"SELECT {case.get('select') or ', '.join(columns)} FROM VALUES {rows} AS v({', '.join(names)})"


def _text(value: str | None) -> str:
    return "CAST(NULL AS STRING)" if value is None else literal(value)


def _bytes(case: Case) -> bytes:
    encoding = case["options"].get("encoding", "UTF-8")
    try:
        return case["text"].encode(encoding, "surrogateescape")
    except (LookupError, UnicodeEncodeError):
        return case["text"].encode("utf-8", "surrogateescape")
