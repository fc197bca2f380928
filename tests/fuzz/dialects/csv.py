"""CSV: files read and written, ``from_csv``, ``to_csv`` and ``schema_of_csv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialects.files import looked_at
from dialects.mixed import ask, options_map, shown, smaller
from dialects.source import literal

if TYPE_CHECKING:
    import random

    from dialects import Case

__all__ = ["ask", "case", "shown", "smaller"]

# fmt: off
PIECES = ["a", "b", "a b", "é", "😀", "1", "", "", " ", "\t", ",", ",", '"', '"', '""', "\\", "\\", '\\"', "\\\\", "'", ";", "#", "|", "\x00", "\u2028", "\x0b", "\ufeff"]
LINE_ENDS = ["\n", "\n", "\n", "\r\n", "\r", "\n\n", ""]
TYPED = {
    "int": ["1", "-1", "+1", " 1", "1 ", "01", "1.0", "1e2", "2147483648", "x", "", "0x1", "1L", "-0"],
    "bigint": ["1", "-9223372036854775808", "9223372036854775808", "1.", "x"],
    "double": ["1", "1.5", "-0.0", "1e3", "1E-3", ".5", "5.", "NaN", "nan", "Inf", "-Inf", "Infinity", "+Inf", "1d", "1f", "0x1p3", "1,5", "1_0", "x"],
    "float": ["1.1", "3.4028236e38", "1e-46", "NaN", "Inf", "x"],
    "boolean": ["true", "TRUE", "True", "false", "t", "1", "yes", "", " true"],
    "decimal(5,2)": ["1", "1.005", "1.015", "999.994", "999.999", "1e2", "1E+2", "1,000.5", "1,0", "(1)", "-1.", ".5", " 1", "x"],
    "date": ["2024-01-02", "2024-1-2", "2024-01", "2024", "02/01/2024", "2024-01-02T03:04:05", "2024-02-30", "0001-01-01", "+2024-01-02", " 2024-01-02", "x"],
    "timestamp": ["2024-01-02T03:04:05", "2024-01-02 03:04:05.1", "2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123456+01:00", "2024-01-02", "2024-01-02T03:04", "2024-01-02 03:04:05 Z", "2024-01-02T24:00:00", "2024-01-02 03:04:05 UTC", "2024-01-02T03:04:05.1234567", "x"],
    "timestamp_ntz": ["2024-01-02T03:04:05", "2024-01-02 03:04:05.1", "2024-01-02T03:04:05Z", "2024-01-02", "x"],
    "binary": ["a", "é", ""],
}
SEPARATORS = [";", "|", "\t", " ", "||", ";,", "\\t", "a", "\x01", "\\", "é"]
READING: dict[str, list[str]] = {
    "sep": SEPARATORS,
    "delimiter": SEPARATORS[:3],
    "quote": ["'", "'", "", "|", "\x00", "#"],
    "escape": ['"', '"', '"', "'", "", "|", "\x00"],
    "charToEscapeQuoteEscaping": ['"', "#", "\\", "\x00"],
    "comment": ["#", ";", "a"],
    "header": ["true"],
    "nullValue": ["NA", "a", "1", "-", '"', " "],
    "emptyValue": ["E", "a", ""],
    "nanValue": ["x", "a"],
    "positiveInf": ["x", "Infinity"],
    "negativeInf": ["x", "-"],
    "ignoreLeadingWhiteSpace": ["true"],
    "ignoreTrailingWhiteSpace": ["true"],
    "multiLine": ["true", "true"],
    "lineSep": ["\n", "\r", ";", "|", "\r\n", "a"],
    "mode": ["DROPMALFORMED", "FAILFAST", "PERMISSIVE", "failfast", "x"],
    "columnNameOfCorruptRecord": ["bad", "a"],
    "unescapedQuoteHandling": ["STOP_AT_CLOSING_QUOTE", "STOP_AT_DELIMITER", "SKIP_VALUE", "RAISE_ERROR", "BACK_TO_DELIMITER", "stop_at_closing_quote"],
    "inferSchema": ["true"],
    "preferDate": ["false"],
    "enforceSchema": ["false"],
    "maxColumns": ["1", "2"],
    "maxCharsPerColumn": ["1", "3"],
    "encoding": ["ISO-8859-1", "UTF-16LE", "UTF-16", "US-ASCII", "windows-1252", "utf8", "foo"],
    "dateFormat": ["dd/MM/yyyy", "yyyy-M-d", "yyyy"],
    "timestampFormat": ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSS", "yyyy-MM-dd HH:mm:ss[.SSS]", "dd/MM/yyyy"],
    "timeZone": ["Asia/Kolkata", "America/New_York", "+01:00"],
}
WRITING: dict[str, list[str]] = {
    "sep": SEPARATORS,
    "quote": ["'", "'", "", "|", "\x00", "#"],
    "escape": ['"', '"', '"', "'", "", "|", "\x00"],
    "charToEscapeQuoteEscaping": ['"', "#", "\\", "\x00"],
    "header": ["true"],
    "quoteAll": ["true", "true"],
    "escapeQuotes": ["false", "false"],
    "nullValue": ["NA", "a", "", '"', "a,b"],
    "emptyValue": ["E", "a", "", '"'],
    "ignoreLeadingWhiteSpace": ["false", "false"],
    "ignoreTrailingWhiteSpace": ["false", "false"],
    "comment": ["#", "a"],
    "lineSep": ["\r\n", "\r", ";", "|", "ab", ""],
    "encoding": ["ISO-8859-1", "UTF-16LE"],
    "multiLine": ["true"],
    "dateFormat": ["dd/MM/yyyy", "yyyy-M-d"],
    "timestampFormat": ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSSSSS", "dd/MM/yyyy HH:mm"],
    "timeZone": ["Asia/Kolkata", "America/New_York"],
    "nanValue": ["x"],
    "positiveInf": ["x"],
}
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a case of one kind."""
    make = choose.choices([_read, _write, _from_csv, _to_csv, _schema_of_csv], [9, 3, 4, 4, 1])[0]
    return make(choose)


def _read(choose: random.Random) -> Case:
    options = _options(choose, READING)
    schema = _schema(choose, options)
    case = {"do": "read", "format": "csv", "text": _text(choose, options, schema), "options": options, "schema": schema}
    return looked_at(choose, case)


def _write(choose: random.Random) -> Case:
    options = _options(choose, WRITING)
    schema = _schema(choose, {}) or "a string, b string"
    kinds = [field.split(" ")[1] for field in schema.split(", ")]
    rows = [[_value(choose, options, kind) for kind in kinds] for _ in range(choose.choice([1, 1, 2]))]
    return {"do": "write", "format": "csv", "rows": rows, "options": options, "schema": schema}


def _from_csv(choose: random.Random) -> Case:
    options = _options(choose, READING)
    schema = _schema(choose, options) or "a string, b string"
    text = _text(choose, options, schema)
    if choose.random() < 0.8:
        text = text.split("\n", maxsplit=1)[0]
    return {
        "call": f"from_csv({{}}, {literal(schema)}{options_map(options)})",
        "given": [text],
        "over": choose.random() < 0.3,
    }


def _to_csv(choose: random.Random) -> Case:
    options = _options(choose, WRITING)
    kinds = [field.split(" ")[1] for field in (_schema(choose, {}) or "a string, b string").split(", ")]
    given = [_value(choose, options, kind) for kind in kinds]
    fields = [f"'{name}', {'{}' if kind == 'string' else f'CAST({{}} AS {kind})'}" for name, kind in zip("abc", kinds, strict=False)]  # fmt: skip
    return {
        "call": f"to_csv(named_struct({', '.join(fields)}){options_map(options)})",
        "given": given,
        "over": choose.random() < 0.3,
    }


def _schema_of_csv(choose: random.Random) -> Case:
    options = _options(choose, READING)
    text = _text(choose, options, _schema(choose, {})).split("\n", maxsplit=1)[0]
    return {"call": f"schema_of_csv({{}}{options_map(options)})", "given": [text], "over": False}


def _options(choose: random.Random, known: dict[str, list[str]]) -> dict[str, str]:
    chosen = choose.sample(list(known), choose.choice([0, 0, 1, 1, 1, 2, 2, 3]))
    options = {name: choose.choice(known[name]) for name in chosen}
    if "enforceSchema" in options and choose.random() < 0.8:
        options["header"] = "true"
    return options


def _schema(choose: random.Random, options: dict[str, str]) -> str | None:
    kind = choose.random()
    if kind < 0.35:
        return None
    kinds = ["string"] * choose.choice([1, 2, 2, 3])
    if kind < 0.65:
        kinds[choose.randrange(len(kinds))] = choose.choice(list(TYPED))
    if {"inferSchema", "nanValue", "positiveInf", "negativeInf"} & options.keys() and "string" in kinds:
        kinds[kinds.index("string")] = "double"
    fields = [f"{name} {kind}" for name, kind in zip("abc", kinds, strict=False)]
    if options and ({"mode", "columnNameOfCorruptRecord"} & options.keys() or choose.random() < 0.15):
        fields.append(f"{options.get('columnNameOfCorruptRecord', '_corrupt_record')} string")
    return ", ".join(fields)


def _text(choose: random.Random, options: dict[str, str], schema: str | None) -> str:
    if choose.random() < 0.2:
        pool = [*PIECES, *LINE_ENDS, *_own(options)]
        return "".join(choose.choice(pool) for _ in range(choose.randrange(1, 8)))
    ends = [options["lineSep"], "\n"] if "lineSep" in options else LINE_ENDS
    kinds = [field.split(" ")[1] for field in schema.split(", ")] if schema else []
    if not kinds:
        kinds = [choose.choice(["string", "string", *TYPED] if "inferSchema" in options else ["string"])] * 2
    lines = []
    if options.get("header") == "true":
        lines.append(choose.choice(["a,b", "A,b", "a", "b,a", ",a", "a,a", "a,A", '"a","b"', "a,b,c", "", " a ,b"]))
    for _ in range(choose.choice([1, 1, 1, 2, 3])):
        count = max(1, len(kinds) + choose.choice([0, 0, 0, 0, -1, 1]))
        separator = options.get("sep", options.get("delimiter", ","))
        lines.append(separator.join(_cell(choose, options, kinds[place % len(kinds)]) for place in range(count)))
    return "".join(line + choose.choice(ends) for line in lines)


def _cell(choose: random.Random, options: dict[str, str], kind: str) -> str:
    quote = options.get("quote", '"')
    if kind != "string" and choose.random() < 0.85:
        value = choose.choice([*TYPED[kind], *_own(options)])
        return f"{quote}{value}{quote}" if choose.random() < 0.2 else value
    value = _string(choose, options)
    how = choose.random()
    if how < 0.35:
        return value
    if how < 0.6:
        # As spreadsheets write it.
        return quote + (value.replace(quote, quote * 2) if quote else value) + quote
    if how < 0.85:
        escape = options.get("escape", "\\")
        return quote + (value.replace(quote, escape + quote) if quote else value) + quote
    return choose.choice([f" {quote}{value}{quote}", f"{quote}{value}{quote} ", f"{quote}{value}", f"{value}{quote}", f"{quote}{value}{quote}a"])  # fmt: skip


def _string(choose: random.Random, options: dict[str, str]) -> str:
    pool = [*PIECES, "\n", *_own(options), *_own(options)]
    return "".join(choose.choice(pool) for _ in range(choose.choice([0, 1, 1, 2, 2, 3])))


def _value(choose: random.Random, options: dict[str, str], kind: str) -> str | None:
    if choose.random() < 0.12:
        return None
    if kind == "string":
        return _string(choose, options)
    return choose.choice([value for value in TYPED[kind] if _casts(value, kind)])


def _casts(value: str, kind: str) -> bool:
    """Leave out the texts that a cast refuses: what is written needs a value."""
    if kind == "binary":
        return True
    if kind in {"date", "timestamp", "timestamp_ntz"}:
        return value.startswith(("2024-01", "0001")) and "T24" not in value
    if kind == "boolean":
        return value in {"true", "TRUE", "false", "t", "1", "yes"}
    return value not in {"x", "", "01", "0x1", "1L", "1.0", "1.", "1e2", "2147483648", "9223372036854775808", "0x1p3", "1,5", "1_0", "1,0", "1,000.5", "(1)"} or (kind in {"double", "float"} and value in {"1.0", "1e2"})  # fmt: skip


def _own(options: dict[str, str]) -> list[str]:
    """List the characters that the options of a case give a meaning."""
    names = (
        "sep",
        "delimiter",
        "quote",
        "escape",
        "comment",
        "nullValue",
        "emptyValue",
        "charToEscapeQuoteEscaping",
        "lineSep",
    )
    return [options[name] for name in names if options.get(name)]
