"""JSON: files, ``from_json``, ``to_json``, ``schema_of_json`` and functions of paths."""

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
STRINGS = ['"a"', '""', '"é"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud83d"', '"a\\"b"', '"\\\\"', '"\\/"', '"\\n"', '"\\q"', '"\\x41"', '"\t"', '"\x01"', "'a'", "'a\"b'", '"1"', '"1.5"', '" "', '"null"', '"NaN"', '"true"', '"a', '"\U0001f600"', '"\u2028"', "'a\\'b'"]
NUMBERS = ["0", "1", "-1", "-0", "-0.0", "1.0", "1.5", "1e2", "1E+2", "1e-2", "1e400", "-1e400", "01", "-01", "+1", ".5", "5.", "0x1", "1_0", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "123456789012345678901234567890", "0.1", "0.10", "1.23456789012345678901", "1e-400", "NaN", "-NaN", "Infinity", "+Infinity", "-Infinity", "INF", "+INF", "-INF", "Inf", "1d", "1.5e", "00"]
WORDS = ["true", "false", "null", "True", "NULL", "nul", "undefined", "a"]
KEYS = ['"a"', '"a"', '"a"', '"b"', '"b"', '"A"', '"c"', '""', "'a'", "a", '"a.b"', '"é"', '"\\u0061"', "1", '"_corrupt_record"', '"a b"']
AROUND = ["", "", "", "", " ", "\t", "\r", "\x0b", "\ufeff", "/* c */", "// c\n", "# c\n", "\xa0", "\x00", ",", "}", "]", "{", "x"]
TYPED = {
    "string": STRINGS,
    "int": [*NUMBERS, '"1"', '""', "1.0"], "bigint": [*NUMBERS, '"1"'], "smallint": ["32768", "1", "-1.0", '"1"'], "tinyint": ["128", "1", "1.0"],
    "double": [*NUMBERS, '"1.5"', '"NaN"', '"Infinity"', '"-INF"', '"inf"', '""'], "float": [*NUMBERS, '"NaN"', "3.5e38", "0.1", "16777217"],
    "decimal(5,2)": [*NUMBERS, '"1.5"', "999.994", "999.995", "1.005", '"1,5"', '"1,000"', '" 1"'], "decimal(38,18)": [*NUMBERS, '"0.1"', "1e-19"],
    "boolean": [*WORDS, '"true"', '"True"', "1", "0", '""'],
    "date": ['"2024-01-02"', '"2024-1-2"', '"2024"', '"2024-01-02T03:04:05Z"', '"02/01/2024"', "1", "19724", '"2024-02-30"', '"0001-01-01"', '""', '" 2024-01-02"', '"1"'],
    "timestamp": ['"2024-01-02T03:04:05"', '"2024-01-02T03:04:05.1Z"', '"2024-01-02 03:04:05"', '"2024-01-02"', "1", "1.5", "1704164645", '"1704164645"', '"2024-01-02T03:04:05.123456789+05:30"', '"2024-01-02T03:04"', '"2024-01-02T3:4"', '"2024-01-02T03:04:05 Asia/Kolkata"', '""', '"x"'],
    "timestamp_ntz": ['"2024-01-02T03:04:05"', '"2024-01-02T03:04:05Z"', '"2024-01-02"', "1"],
    "binary": ['"YQ=="', '"YQ"', '"a"', '"*"', '""', "1"],
    "array<int>": ["[1]", "[]", "[1, null]", '["1"]', "[1.5]", "1", "[1,]", "{}", "[[1]]", '""', "null"],
    "array<string>": ['["a"]', "[1]", "[[1]]", '[{"a": 1}]', '"a"'],
    "struct<b:int,c:string>": ['{"b": 1}', '{"b": "x", "c": "y"}', '{"c": {"d": 1}}', "{}", "[]", '[1, "x"]', '{"B": 1}', '""', '{"b": 1, "b": 2}', "null"],
    "map<string,int>": ['{"b": 1}', "{}", '{"b": 1, "b": 2}', '{"b": null}', '{"b": "x"}', '{"": 1}', "[]", '{"b": 1.5}'],
    "map<int,string>": ['{"1": "a"}', '{"x": "a"}'],
    "array<struct<b:int>>": ['[{"b": 1}]', '{"b": 1}', "[{}]", "[null]", "[1]"],
}
READING: dict[str, list[str]] = {
    "primitivesAsString": ["true"], "prefersDecimal": ["true"], "allowComments": ["true"], "allowUnquotedFieldNames": ["true"],
    "allowSingleQuotes": ["false"], "allowNumericLeadingZeros": ["true"], "allowNumericLeadingZero": ["true"],
    "allowBackslashEscapingAnyCharacter": ["true"], "allowUnquotedControlChars": ["true"], "allowNonNumericNumbers": ["false"],
    "mode": ["DROPMALFORMED", "FAILFAST", "PERMISSIVE", "x"], "columnNameOfCorruptRecord": ["bad", "a"], "multiLine": ["true", "true"],
    "lineSep": ["\r", ";", "\r\n", "||", ","], "dropFieldIfAllNull": ["true"], "inferTimestamp": ["true"], "encoding": ["ISO-8859-1", "UTF-16LE", "UTF-8", "foo"],
    "dateFormat": ["dd/MM/yyyy", "yyyy-M-d"], "timestampFormat": ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "dd/MM/yyyy"], "timeZone": ["Asia/Kolkata", "America/New_York"],
}
WRITING: dict[str, list[str]] = {
    "ignoreNullFields": ["false", "false"], "pretty": ["true"], "lineSep": [";", "\r\n", ""], "encoding": ["UTF-16LE"],
    "dateFormat": ["dd/MM/yyyy"], "timestampFormat": ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX"], "timeZone": ["Asia/Kolkata", "America/New_York"],
    "writeNonAsciiCharacterAsCodePoint": ["true"], "sortKeys": ["true"],
}
TEXTS = ["a", "", "é", "\U0001f600", '"', "\\", "/", "\n", "\t", "\r", "\x00", "\x01", "\x1f", "\x7f", "\x85", "\u2028", "<", "&", "'", "a b", "null", "1", "\ufeff", "\x0b"]
CASTS = {
    "double": ["1", "-0.0", "1.5", "NaN", "Infinity", "-Infinity", "1e21", "1e-7", "1e6", "1e7", "123456789.125", "0.1", "4.9e-324"],
    "float": ["0.1", "1e10", "NaN", "3.4028235e38", "16777216", "1e-45", "-0.0"], "int": ["1", "-2147483648"], "bigint": ["9223372036854775807"],
    "decimal(10,2)": ["1", "1.5", "-0.01", "99999999.99"], "decimal(38,18)": ["0", "1e-18", "1"], "boolean": ["true"], "date": ["2024-01-02", "0001-01-01", "9999-12-31"],
    "timestamp": ["2024-01-02 03:04:05", "2024-01-02 03:04:05.1", "2024-01-02 03:04:05.123456", "1900-01-01 00:00:00", "2024-07-02 03:04:05Z"],
    "timestamp_ntz": ["2024-01-02 03:04:05", "2024-01-02 03:04:05.12"], "binary": ["a", "é", ""],
}
NESTED = ["array({0}, {1})", "named_struct('x', {0}, 'y', {1})", "map('k', {0})", "map(coalesce({0}, 'n'), {1})", "array(named_struct('x', {0}))", "array()", "map()", "named_struct('x', CAST(NULL AS INT))", "array(array({0}), NULL)", "map('k', named_struct('x', {0}))", "struct({0})", "INTERVAL '1' DAY", "map(1, {0})", "map(DATE'2024-01-02', {0})"]
PATHS = ["$", "$.a", "$['a']", "$.a.b", "$.a[0]", "$[0]", "$[*]", "$.*", "$.a[*]", "$.a[*].b", "$..a", "$.A", "$. a", "a", "", "$.", "$.a.", "$['a.b']", "$.b", "$[0].a", "$[-1]", "$[*].a", "$.a[0][0]", '$["a"]', "$[a]", "$.a b", "$.é", "$.*.b"]
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a case of one kind."""
    makers = [_read, _from_json, _write, _to_json, _schema_of_json, _get_json_object, _counts]
    return choose.choices(makers, [7, 7, 2, 4, 2, 3, 1])[0](choose)


def _read(choose: random.Random) -> Case:
    options = _options(choose, READING)
    schema = None if choose.random() < 0.5 else _schema(choose, options)
    ends = [options["lineSep"]] if "lineSep" in options else ["\n", "\n", "\n", "\r\n", "\r", "", "\n\n"]
    count = choose.choice([1, 1, 2, 2, 3])
    text = "".join(_record(choose, schema) + choose.choice(ends) for _ in range(count))
    if schema is None and choose.random() < 0.6:
        # A file in which no line reads has one kind of answer. One line that reads allows others.
        text = '{"a":0}' + ends[0] + text
    case = {"do": "read", "format": "json", "text": text, "options": options, "schema": schema}
    return looked_at(choose, case)


def _from_json(choose: random.Random) -> Case:
    options = _options(choose, READING)
    if choose.random() < 0.2:
        kind = choose.choice(
            [
                "array<int>",
                "map<string,int>",
                "array<struct<b:int>>",
                "map<string,string>",
                "int",
                "string",
                "struct<b:int,c:string>",
            ]
        )
        text, schema = _typed(choose, kind), kind
    else:
        schema = _schema(choose, options)
        text = _record(choose, schema)
    return {
        "call": f"from_json({{}}, {literal(schema)}{options_map(options)})",
        "given": [text],
        "over": choose.random() < 0.3,
    }


def _write(choose: random.Random) -> Case:
    options = _options(choose, WRITING)
    rows = [[_string(choose), _string(choose)] for _ in range(choose.choice([1, 1, 2]))]
    if choose.random() < 0.4:
        kind = choose.choice(list(CASTS))
        rows = [[first, choose.choice(CASTS[kind]) if choose.random() < 0.9 else None] for first, _ in rows]
        return {"do": "write", "format": "json", "rows": rows, "options": options, "schema": f"a string, b {kind}"}
    types = {
        "array({0}, {1})": "array<string>",
        "named_struct('x', {0}, 'y', {1})": "struct<x:string,y:string>",
        "map('k', {0})": "map<string,string>",
    }
    shape = choose.choice([None, None, *types])
    if shape is None:
        return {"do": "write", "format": "json", "rows": rows, "options": options, "schema": "a string, b string"}
    select = f"a, {shape.format('a', 'b')} AS b"
    return {
        "do": "write",
        "format": "json",
        "rows": rows,
        "options": options,
        "schema": f"a string, b {types[shape]}",
        "select": select,
    }


def _to_json(choose: random.Random) -> Case:
    kind = choose.choice(list(CASTS))
    given: list[str | None] = [_string(choose)]
    field = "{}"
    if choose.random() < 0.5:
        given = [choose.choice(CASTS[kind]) if choose.random() < 0.9 else None]
        field = f"CAST({{}} AS {kind})"
    elif choose.random() < 0.6:
        field = choose.choice(NESTED)
        given = [_string(choose), _string(choose)][: max(1, field.count("{"))]
        used = [place for place in range(2) if f"{{{place}}}" in field]
        given = given[: max(used, default=-1) + 1]
    value = f"named_struct('a', {field})"
    if field in NESTED and not field.startswith("INTERVAL") and choose.random() < 0.4:
        value = field
    return {
        "call": f"to_json({value}{options_map(_options(choose, WRITING))})",
        "given": given,
        "over": choose.random() < 0.3,
    }


def _schema_of_json(choose: random.Random) -> Case:
    text = _record(choose, None)
    return {"call": f"schema_of_json({{}}{options_map(_options(choose, READING))})", "given": [text], "over": False}


def _get_json_object(choose: random.Random) -> Case:
    return {
        "call": "get_json_object({}, {})",
        "given": [_record(choose, None), choose.choice(PATHS)],
        "over": choose.random() < 0.3,
    }


def _counts(choose: random.Random) -> Case:
    call = choose.choice(["json_array_length({})", "json_object_keys({})"])
    text = _record(choose, None) if choose.random() < 0.5 else _value(choose, 2)
    return {"call": call, "given": [text], "over": choose.random() < 0.3}


def _options(choose: random.Random, known: dict[str, list[str]]) -> dict[str, str]:
    chosen = choose.sample(list(known), choose.choice([0, 0, 0, 1, 1, 1, 2, 3]))
    return {name: choose.choice(known[name]) for name in chosen}


def _schema(choose: random.Random, options: dict[str, str]) -> str:
    kinds = [choose.choice(["string", "int", *TYPED]) for _ in range(choose.choice([1, 1, 2]))]
    names = choose.choice(["ab", "ab", "ab", "ba", "Ab", "ac"])
    fields = [f"{name} {kind}" for name, kind in zip(names, kinds, strict=False)]
    if {"mode", "columnNameOfCorruptRecord"} & options.keys() or choose.random() < 0.2:
        fields.append(f"{options.get('columnNameOfCorruptRecord', '_corrupt_record')} string")
    return ", ".join(fields)


def _record(choose: random.Random, schema: str | None) -> str:
    """Write an object that suits a schema, now and then with a fault."""
    how = choose.random()
    if how < (0.1 if schema else 0.05):
        return _damaged(choose, _value(choose, 2))
    fields = dict(field.split(" ", maxsplit=1) for field in schema.split(", ")) if schema else {}
    pairs: list[tuple[str, str]] = []
    for _ in range(choose.choice([1, 1, 2, 2, 3])):
        names = list(fields) or ["a", "b"]
        if pairs and choose.random() < 0.85:
            names = [name for name in names if f'"{name}"' not in dict(pairs)] or ["c"]
        name = choose.choice(names)
        if name in fields and choose.random() < 0.85:
            pairs.append((f'"{name}"', _typed(choose, fields[name])))
        else:
            pairs.append((choose.choice(KEYS) if choose.random() < 0.4 else f'"{name}"', _value(choose, 2)))
    gap = choose.choice(["", " "])
    text = "{" + f",{gap}".join(f"{key}:{gap}{value}" for key, value in pairs) + "}"
    return _damaged(choose, text) if how < (0.25 if schema else 0.12) else text


def _typed(choose: random.Random, kind: str) -> str:
    if choose.random() < 0.12 or kind not in TYPED:
        return _value(choose, 1)
    return choose.choice(TYPED[kind])


def _value(choose: random.Random, depth: int) -> str:
    kind = choose.random()
    if depth and kind < 0.2:
        return (
            "["
            + ",".join(_value(choose, depth - 1) for _ in range(choose.randrange(3)))
            + choose.choice(["]", "]", "]", ",]"])
        )
    if depth and kind < 0.4:
        pairs = [f"{choose.choice(KEYS)}:{_value(choose, depth - 1)}" for _ in range(choose.randrange(3))]
        return "{" + ",".join(pairs) + choose.choice(["}", "}", "}", ",}"])
    return choose.choice(choose.choice([STRINGS, NUMBERS, NUMBERS, WORDS]))


def _damaged(choose: random.Random, text: str) -> str:
    how = choose.randrange(4)
    if how == 0:
        return choose.choice(AROUND) + text + choose.choice(AROUND)
    if how == 1:
        return text[: choose.randrange(len(text) + 1)]
    if how == 2:
        return text + choose.choice([" ", "", "\t"]) + choose.choice(['{"a": 1}', "1", "{", "null", "[]"])
    place = choose.randrange(len(text) + 1)
    return text[:place] + choose.choice(AROUND) + text[place:]


def _string(choose: random.Random) -> str | None:
    if choose.random() < 0.15:
        return None
    return "".join(choose.choice(TEXTS) for _ in range(choose.choice([0, 1, 1, 2])))
