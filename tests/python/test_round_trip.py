"""A reader gives back the rows that its writer wrote, for any rows and options.

A batch and a stream's file sink write them. Each law says what its format loses. Spark loses
exactly the same.
"""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The same examples in every run: the fuzz looks for new ones.
laws = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

NASTY = ",;|\"\\'#^ \t\n\r\x00\x0b\x85\u2028aé😀"
TRIMMED = "".join(map(chr, range(33)))
texts = st.text(st.sampled_from(NASTY), max_size=6) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=4
)
dates = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
# To the millisecond, as the formats of text write them by default.
times = st.datetimes(dt.datetime(1583, 1, 1), dt.datetime(9999, 12, 30)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
decimals = st.integers(-(10**10) + 1, 10**10 - 1).map(lambda units: decimal.Decimal(units).scaleb(-2))
longs = st.integers(-(2**63), 2**63 - 1)
doubles = st.floats()
scalars = {
    "l BIGINT": longs,
    "d DOUBLE": doubles,
    "n DECIMAL(10,2)": decimals,
    "b BOOLEAN": st.booleans(),
    "day DATE": dates,
    "time TIMESTAMP": times,
}


def rows_of(columns: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows whose cells are null now and then."""
    cells = [st.none() | values for values in columns.values()]
    return st.lists(st.tuples(*cells), min_size=1, max_size=8)


def comparable(value: Any) -> Any:
    """A value that equals only itself: NaN is NaN, and -0.0 is not 0.0."""
    if isinstance(value, float):
        return ("double", "nan" if math.isnan(value) else repr(value))
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    if isinstance(value, dict):
        return sorted(([comparable(key), comparable(item)] for key, item in value.items()), key=repr)
    return value


def written_by_a_batch(spark, frame, form: str, options: dict[str, Any], path: Path) -> None:
    frame.write.format(form).options(**options).save(str(path))


def written_by_a_stream(spark, frame, form: str, options: dict[str, Any], path: Path) -> None:
    source, checkpoint = path.with_name("source"), path.with_name("checkpoint")
    frame.write.parquet(str(source))
    stream = spark.readStream.schema(frame.schema).parquet(str(source))
    writer = stream.writeStream.format(form).options(**options).option("checkpointLocation", str(checkpoint))
    writer.trigger(availableNow=True).start(str(path)).awaitTermination()


# All arguments go by name. Hypothesis asks the first one for attributes, and a session has an error
# for each that it lacks.
# A stream takes three times as long as a batch.
written = st.sampled_from([written_by_a_batch, written_by_a_batch, written_by_a_batch, written_by_a_stream])


def there_and_back(write, spark, form: str, schema: str, rows: list[tuple[Any, ...]], options: dict[str, Any]):
    """Write rows, and return them as they are read with the same options.

    Both have the same order.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        write(spark, spark.createDataFrame(rows, schema), form, options, path)
        found = spark.read.format(form).schema(schema).options(**options).load(str(path)).collect()
    return ordered(tuple(row) for row in found)


def ordered(rows) -> list[Any]:
    return sorted((comparable(row) for row in rows), key=repr)


def there(rows, *laws) -> list[Any]:
    """The rows that must come back, without the losses that each law names."""
    return ordered(tuple(functools.reduce(lambda cell, law: law(cell), laws, cell) for cell in row) for row in rows)


@st.composite
def csv_tables(draw, *, escapes: bool = False, trimmed: bool = False):
    """Options of csv, rows that they can write and the rows that must come back."""
    quote = draw(st.sampled_from(['"', "'"]))
    options: dict[str, Any] = {
        "sep": draw(st.sampled_from([",", ";", "|", "\t", "||"])),
        "quote": quote,
        "escape": draw(st.sampled_from(["\\", "^", quote])),
        "quoteAll": draw(st.booleans()),
        "header": draw(st.booleans()),
        "multiLine": draw(st.booleans()),
    }
    # With multiLine the first line end of a file is that of all its lines, and a line feed between quotes.
    lost = "\ufeff\r" if options["multiLine"] else "\ufeff\n\r"
    if not escapes:
        lost += options["escape"] + quote
    elif options["escape"] == quote:
        lost += "\x00"  # the parser drops it from a cell in quotes
    cells = texts.map(lambda text: "".join(character for character in text if character not in lost))
    kept: list[Callable[[Any], Any]] = []
    if trimmed:
        kept.append(lambda cell: cell.strip(TRIMMED) if isinstance(cell, str) else cell)
    else:
        options |= {"ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False}
    if quote != '"':
        kept.append(lambda cell: '""' if cell == "" else cell)  # Spark writes an empty text so, whatever the quote is
    if draw(st.booleans()):
        options["nullValue"] = "NULL"
    else:
        kept.append(lambda cell: cell or None if isinstance(cell, str) else cell)  # both are an empty cell
    rows = draw(st.lists(st.tuples(longs, st.none() | cells, st.none() | cells), min_size=1, max_size=6))
    return options, rows, there(rows, *kept)


@laws
@given(write=written, table=csv_tables())
def test_csv_gives_back_texts(*, spark, write, table):
    options, rows, expected = table
    assert there_and_back(write, spark, "csv", "i BIGINT, a STRING, b STRING", rows, options) == expected


@laws
@given(write=written, table=csv_tables(trimmed=True))
def test_csv_gives_back_texts_without_the_space_around_them(*, spark, write, table):
    options, rows, expected = table
    assert there_and_back(write, spark, "csv", "i BIGINT, a STRING, b STRING", rows, options) == expected


@laws
@given(write=written, table=csv_tables(escapes=True))
def test_csv_gives_back_quotes_and_escapes(*, spark, write, table):
    options, rows, expected = table
    assert there_and_back(write, spark, "csv", "i BIGINT, a STRING, b STRING", rows, options) == expected


@laws
@given(
    write=written,
    table=st.sampled_from(list(scalars)).flatmap(
        lambda name: st.tuples(st.just(name), rows_of({"i": longs, "x": scalars[name]}))
    ),
    quote_all=st.booleans(),
)
def test_csv_gives_back_numbers_and_dates(*, spark, write, table, quote_all):
    column, rows = table
    found = there_and_back(write, spark, "csv", f"i BIGINT, {column}", rows, {"quoteAll": quote_all})
    assert found == there(rows)


# Null within an array or a map is kept. A field that is null is left out and so null again.
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
nested = {
    "list ARRAY<STRING>": st.lists(st.none() | texts, max_size=3),
    "record STRUCT<x: STRING, y: ARRAY<BIGINT>>": st.tuples(
        st.none() | texts, st.none() | st.lists(st.none() | longs, max_size=2)
    ),
    "map MAP<STRING, STRING>": st.dictionaries(keys, texts, max_size=3),
    "lists ARRAY<ARRAY<BIGINT>>": st.lists(st.none() | st.lists(longs, max_size=2), max_size=2),
    "records ARRAY<STRUCT<x: STRING>>": st.lists(st.none() | st.tuples(st.none() | texts), max_size=2),
}
values = {**scalars, **nested, "s STRING": texts, "raw BINARY": st.binary(max_size=4)}
tables = st.lists(st.sampled_from(list(values)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(st.just(", ".join(names)), rows_of({name: values[name] for name in names}))
)


@laws
@given(write=written, table=tables, ignore_nulls=st.booleans())
def test_json_gives_back_values(*, spark, write, table, ignore_nulls):
    schema, rows = table
    assert there_and_back(write, spark, "json", schema, rows, {"ignoreNullFields": ignore_nulls}) == there(rows)


@laws
@given(write=written, table=tables, compression=st.sampled_from(["snappy", "none", "zstd", "gzip"]))
def test_parquet_gives_back_values(*, spark, write, table, compression):
    schema, rows = table
    assert there_and_back(write, spark, "parquet", schema, rows, {"compression": compression}) == there(rows)


@laws
@given(write=written, end=st.sampled_from([None, ";", "||", "\r\n"]), data=st.data())
def test_text_gives_back_lines(*, spark, write, end, data):
    ends = set(end or "\n\r")
    lines = texts.map(lambda text: "".join(character for character in text if character not in ends))
    rows = data.draw(st.lists(st.tuples(lines), min_size=1, max_size=6))
    options = {"lineSep": end} if end else {}
    assert there_and_back(write, spark, "text", "value STRING", rows, options) == there(rows)
