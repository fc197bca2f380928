"""The predicates that `known.toml` names.

Each tells from a case and its two answers whether the difference is of its kind.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialects import Case

SPACE = "".join(map(chr, range(33)))
LISTED: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).resolve().with_name("known.toml").read_text(encoding="utf-8")
)


def of(dialect: str, case: Case, expected: Any, found: Any) -> str | None:
    """Name the first kind on the list that a difference is of."""
    for entry in LISTED.get(dialect, []):
        if globals()[entry["kind"]](case, expected, found):
            return str(entry["kind"])
    return None


def examples(dialect: str) -> list[tuple[Case, Any]]:
    """List one case of each kind that is on the list, with PySpark's answer."""
    return [(json.loads(entry["case"]), json.loads(entry["pyspark"])) for entry in LISTED.get(dialect, [])]


def _condition(answer: Any) -> str | None:
    return answer.get("condition") if isinstance(answer, dict) else None


def _error(answer: Any) -> str | None:
    return answer.get("error") if isinstance(answer, dict) else None


def _is_value(*answers: Any) -> bool:
    return all(_error(answer) is None and "no answer" not in answer for answer in answers)


def _texts(case: Case) -> str:
    rows = [cell for row in case.get("rows", []) for cell in row]
    return " ".join(str(text) for text in [*case.get("given", []), case.get("text", ""), *rows])


def _called(case: Case, *names: str) -> bool:
    return case.get("call", "").startswith(names)


def refused_by_name(case: Case, expected: Any, found: Any) -> bool:
    """A missing feature says so."""
    return "UnsupportedOperationException" in (_error(found), _error(found.get("back")))


def fault_in_java(case: Case, expected: Any, found: Any) -> bool:
    """Spark itself fails with an error of an index or of a cast of classes, or an internal one."""
    faults = ("begin 0, end", "cannot be cast to class", "[INTERNAL_ERROR]", "String index out of range")
    from_java = _error(expected) == "Py4JJavaError"
    return from_java and _is_value(found) and any(fault in expected["message"] for fault in faults)


def cause_of_a_malformed_record(case: Case, expected: Any, found: Any) -> bool:
    """FAILFAST: a Java error is compared by its deepest cause, ours by the first words of both."""
    causes = {"MALFORMED_CSV_RECORD", "CANNOT_PARSE_JSON_FIELD", None}
    from_java = _error(expected) == "Py4JJavaError" and _condition(expected) in causes
    return from_java and "[MALFORMED_RECORD_IN_PARSING" in found.get("message", "")


# regex


def condition_of_a_bad_replacement(case: Case, expected: Any, found: Any) -> bool:
    """A group that is not there, a `$` or a backslash at the end."""
    return _condition(expected) == "INVALID_REGEXP_REPLACE" and _error(found) is not None and _condition(found) is None


def condition_of_a_bad_pattern_in_split(case: Case, expected: Any, found: Any) -> bool:
    """`split` lets Java's own error through."""
    java = _error(expected) == "IllegalArgumentException"
    return _called(case, "split") and java and _condition(found) == "INVALID_PARAMETER_VALUE.PATTERN"


def group_index_without_a_match(case: Case, expected: Any, found: Any) -> bool:
    """Spark looks at the index when there is a match."""
    index = "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX"
    return _called(case, "regexp_extract") and _is_value(expected) and _condition(found) == index


def length_of_a_lookbehind(case: Case, expected: Any, found: Any) -> bool:
    """Java takes some lookbehinds of unlimited length, such as `(?<=a++)`.

    It finds other matches with them.
    """
    unbounded = re.search(r"\(\?<[=!].*([+*]|,\})", case["given"][1] if len(case["given"]) > 1 else "", re.DOTALL)
    refused = _condition(found) == "INVALID_PARAMETER_VALUE.PATTERN"
    return bool(unbounded) and (refused or _is_value(expected, found))


def print_and_graph_in_unicode(case: Case, expected: Any, found: Any) -> bool:
    r"""`(?U)\p{Print}`, `(?U)\p{Graph}`."""
    pattern = case["given"][1] if len(case["given"]) > 1 else ""
    return bool(re.search(r"\(\?i?U\).*\\[pP]\{(Print|Graph)\}", pattern)) and _is_value(expected, found)


def case_of_a_dotless_i(case: Case, expected: Any, found: Any) -> bool:
    """`(?iu)i` is also `ı` in Java."""
    folded = bool({"i", "I", "ı", "İ"} & set(_texts(case))) and "(?i" in _texts(case)
    return folded and _is_value(expected, found)


def pattern_not_looked_at(case: Case, expected: Any, found: Any) -> bool:
    """`regexp_replace` from a place beyond the text."""
    beyond = case.get("given", [])[-1:] == [100]
    return beyond and _condition(expected) == "INVALID_PARAMETER_VALUE.PATTERN" and _is_value(found)


def empty_match_within_a_surrogate_pair(case: Case, expected: Any, found: Any) -> bool:
    """Java counts in UTF-16: an empty match is found between the halves of a character, too."""
    wide = any(ord(character) > 0xFFFF for character in str(case["given"][:1]))
    return wide and _is_value(expected, found)


# numbers


def digits_of_java_17(case: Case, expected: Any, found: Any) -> bool:
    """Java before 19 shows some floating point numbers with more digits than they need."""
    if not _is_value(expected, found) or not ("double" in case["call"] or "float" in case["call"]):
        return False
    texts = [str(answer.get("value")).replace(",", "").rstrip("|").strip() for answer in (expected, found)]
    try:
        first, second = map(float, texts)
    except ValueError:
        return False
    return abs(first - second) <= abs(first) * 1e-7


def decimal_in_format_string(case: Case, expected: Any, found: Any) -> bool:
    """Spark hands its own class to Java's formatter, which does not know it."""
    return "!= org.apache.spark.sql.types.Decimal" in expected.get("message", "") and _is_value(found)


def conversions_of_format_string(case: Case, expected: Any, found: Any) -> bool:
    """`%a`, `%#x`, `%(d`, and nulls and infinities with a flag."""
    rare = re.search(r"%[^dsf]*[aAhXxEG#(+]", case["call"])
    return _called(case, "format_string", "printf") and bool(rare) and _is_value(expected)


def hexadecimal_number(case: Case, expected: Any, found: Any) -> bool:
    """`0x1p3`."""
    return "0x" in _texts(case).lower() and _is_value(expected, found)


def overflow_of_conv(case: Case, expected: Any, found: Any) -> bool:
    """Digits beyond 64 bits."""
    return _called(case, "conv") and len(case["given"][0]) > 18


def number_beyond_all_times(case: Case, expected: Any, found: Any) -> bool:
    """Seconds that no timestamp holds: some are null and some wrap around."""
    seconds = "AS timestamp)" in case.get("call", "")
    seconds = seconds or ("timestamp" in str(case) and re.search(r"\d{19}", _texts(case)) is not None)
    return seconds and _is_value(expected, found)


def space_of_unicode(case: Case, expected: Any, found: Any) -> bool:
    """Only characters up to U+0020 are space around a number."""
    text = case["given"][0]
    return text.strip() != text.strip(SPACE) and _is_value(expected, found)


def whole_part_of_infinity(case: Case, expected: Any, found: Any) -> bool:
    """`floor` and `ceil` of numbers that no bigint holds."""
    return _called(case, "floor", "ceil") and _condition(expected) == "ARITHMETIC_OVERFLOW"


def condition_of_too_many_digits(case: Case, expected: Any, found: Any) -> bool:
    """More than 38 digits are none of any decimal."""
    return _condition(expected) == "NUMERIC_OUT_OF_SUPPORTED_RANGE" and _error(found) == "ArithmeticException"


def digits_of_other_scripts(case: Case, expected: Any, found: Any) -> bool:
    """Java's decimals take any digit of Unicode."""
    return any(character.isdigit() and not character.isascii() for character in case["given"][0]) and _is_value(
        expected
    )


def pictures_of_format_number(case: Case, expected: Any, found: Any) -> bool:
    """Pictures with more than digits, commas and a point, or a negative number of places.

    Such pictures are `0‰`, `x0`, `0.###E0` and `0.0.0`.
    """
    if not _called(case, "format_number"):
        return False
    form = case["given"][1]
    if isinstance(form, int):
        return form < 0
    return not form or form.count(".") > 1 or bool(set(form) & set("%‰¤xE'$-"))


def point_at_the_end_of_a_form(case: Case, expected: Any, found: Any) -> bool:
    """`to_char(1, '99.PR')`."""
    return (
        _called(case, "to_char", "to_varchar") and bool(re.search(r"\.(PR|S|MI)?'", case["call"])) and _is_value(found)
    )


# dates


def bad_pattern_is_looked_at_late(case: Case, expected: Any, found: Any) -> bool:
    """Spark makes the formatter at the first text, and takes its error for one of the text."""
    null = _is_value(expected) and expected["value"] is None
    unnamed = _error(expected) == "IllegalArgumentException" and "pattern" in expected["message"]
    late = (
        null
        or unnamed
        or _condition(expected) in {"CANNOT_PARSE_TIMESTAMP", "INVALID_DATETIME_PATTERN.WITH_SUGGESTION"}
    )
    return late and _error(found) is not None


def special_value(case: Case, expected: Any, found: Any) -> bool:
    """`epoch` in a literal."""
    return case["given"] == ["epoch"] and _is_value(expected, found)


def seconds_beyond_all_years(case: Case, expected: Any, found: Any) -> bool:
    """Spark's seconds overflow."""
    return _called(case, "from_unixtime") and case["given"][0] == "9223372036854775"


def offset_after_a_zone(case: Case, expected: Any, found: Any) -> bool:
    """`GMT+1` for `VV`: Java reads `GMT` and stops."""
    return "VV" in _texts(case) and "GMT+1" in _texts(case)


def fraction_before_1970(case: Case, expected: Any, found: Any) -> bool:
    """Seconds of a time before 1970 that has a fraction: cut off, or the second before."""
    both = _is_value(expected, found) and _called(case, "to_unix_timestamp", "unix_timestamp")
    return both and abs((expected["value"] or 0) - (found["value"] or 0)) == 1


def zone_in_the_text_of_a_date(case: Case, expected: Any, found: Any) -> bool:
    """The day is that of the session's zone."""
    return "try_to_date" in case.get("call", "") and "VV" in case["given"][1] and _is_value(expected, found)


# csv and json


def line_end_in_a_corrupt_record(case: Case, expected: Any, found: Any) -> bool:
    """Spark leaves the line ends at its end out."""
    spoken = "corrupt" in str(case) or "columnNameOfCorruptRecord" in str(case)
    return spoken and _is_value(expected, found) and _stripped(expected) == _stripped(found)


def line_ends_of_utf_16(case: Case, expected: Any, found: Any) -> bool:
    """Spark cuts lines at the byte 0A and leaves half a character."""
    wide = case.get("options", {}).get("encoding", "").startswith("UTF-16")
    return wide and _is_value(expected, found)


def carriage_return_in_a_cell(case: Case, expected: Any, found: Any) -> bool:
    """multiLine: a line end within a cell becomes a line feed where it is that of the file."""
    wide = case.get("options", {}).get("multiLine") == "true" and "\r" in case.get("text", "")
    return wide and _is_value(expected, found)


def byte_order_mark(case: Case, expected: Any, found: Any) -> bool:
    """Spark drops the mark wherever a parser starts."""
    return "\ufeff" in _texts(case) and _is_value(expected, found)


def one_null_in_a_line(case: Case, expected: Any, found: Any) -> bool:
    """A row of one null is no line in Spark if it is the first of its file."""
    alone = [None] in case.get("rows", []) or (_called(case, "to_csv") and case["given"] == [None])
    return alone and _is_value(expected, found)


def name_of_a_corrupt_record_twice(case: Case, expected: Any, found: Any) -> bool:
    """The column for corrupt records is called like another."""
    twice = case.get("options", {}).get(
        "columnNameOfCorruptRecord"
    ) == "a" or "'columnNameOfCorruptRecord', 'a'" in case.get("call", "")
    return twice and (_condition(expected) == "COLUMN_ALREADY_EXISTS" or _is_value(expected, found))


def names_that_differ_by_case(case: Case, expected: Any, found: Any) -> bool:
    """Keys `a` and `A`, each in a line."""
    return _condition(expected) == "COLUMN_ALREADY_EXISTS" and case.get("do") == "read"


def keys_of_a_map(case: Case, expected: Any, found: Any) -> bool:
    """`from_json` with a map whose keys are no strings."""
    return _condition(expected) == "DATATYPE_MISMATCH.INVALID_JSON_MAP_KEY_TYPE"


def interval_as_text(case: Case, expected: Any, found: Any) -> bool:
    """An interval's unit."""
    return "INTERVAL" in case.get("call", "") and _is_value(expected, found)


def lone_surrogate(case: Case, expected: Any, found: Any) -> bool:
    r"""`"\ud83d"`: Java writes a question mark."""
    return "ud83d" in _texts(case) and _is_value(expected, found)


def control_character_in_a_path(case: Case, expected: Any, found: Any) -> bool:
    """`get_json_object` lets control characters stand in a text."""
    return _called(case, "get_json_object") and any(character < " " for character in case["given"][0])


def field_before_a_fault(case: Case, expected: Any, found: Any) -> bool:
    """A comma before a closing brace, in an object that is read as text."""
    return ",}" in _texts(case) and _is_value(expected, found)


def line_separator_in_a_cell(case: Case, expected: Any, found: Any) -> bool:
    """A cell that holds the first character of the line separator is quoted."""
    given = "lineSep" in case.get("options", {}) or "'lineSep'" in case.get("call", "")
    return given and (case.get("do") == "write" or _called(case, "to_csv")) and _is_value(expected, found)


def line_feed_in_a_line(case: Case, expected: Any, found: Any) -> bool:
    """With another line separator a line feed is a character as any."""
    return (
        case.get("do") == "read"
        and "lineSep" in case["options"]
        and "\n" in case["text"]
        and _is_value(expected, found)
    )


def comment_after_space(case: Case, expected: Any, found: Any) -> bool:
    """A cell is quoted for its first character, not for the first one after trimming."""
    cells = [*case.get("given", []), *(row[0] for row in case.get("rows", []))]
    trimmed = any(cell and cell[0] in SPACE and cell.lstrip(SPACE).startswith("#") for cell in cells)
    return trimmed and _is_value(expected, found)


def remains_of_a_cell(case: Case, expected: Any, found: Any) -> bool:
    """For a cell of spaces Spark writes old content of its buffer if it trims one end only."""
    names = ("ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace")
    one = sum(case.get("options", {}).get(name) == "false" for name in names) == 1
    blank = any(cell and not cell.strip(SPACE) for row in case.get("rows", []) for cell in row)
    return one and blank and _is_value(expected, found)


def file_without_a_row(case: Case, expected: Any, found: Any) -> bool:
    """A file of empty lines has no columns."""
    return case.get("do") == "read" and _condition(found) == "UNABLE_TO_INFER_SCHEMA" and _is_value(expected)


def point_after_a_whole_number(case: Case, expected: Any, found: Any) -> bool:
    """`1.` is a decimal of no places."""
    return (
        _called(case, "schema_of_csv") and bool(re.search(r"\d\.(\D|$)", _texts(case))) and _is_value(expected, found)
    )


def header_that_is_not_the_schema(case: Case, expected: Any, found: Any) -> bool:
    """`enforceSchema=false`."""
    return case.get("options", {}).get("enforceSchema") == "false" and _error(expected) is not None


def nul_as_the_quote(case: Case, expected: Any, found: Any) -> bool:
    """`quote` is U+0000."""
    return case.get("options", {}).get("quote") == "\0" and _is_value(expected, found)


def exponent_of_a_decimal(case: Case, expected: Any, found: Any) -> bool:
    """JSON shows decimals as Java's BigDecimal does: `0E-18`."""
    return "decimal(38,18)" in str(case) and "E-" in str(expected) and _is_value(expected, found)


def digits_of_a_big_number(case: Case, expected: Any, found: Any) -> bool:
    """`get_json_object` copies whole numbers of any length."""
    return _called(case, "get_json_object") and bool(re.search(r"\d{19}", _texts(case))) and _is_value(expected, found)


def key_twice_in_an_object(case: Case, expected: Any, found: Any) -> bool:
    """The last of them counts. The types and faults of the others count too."""
    twice = re.search(
        r"""["']?(\w+|\\u0061)["']?\s*:.*["']?\1["']?\s*:""", _texts(case).replace("\\u0061", "a"), re.DOTALL
    )
    return bool(twice) and (_is_value(expected) or "NEGATIVE_SCALE" in str(_condition(expected)))


def single_quotes_in_keys(case: Case, expected: Any, found: Any) -> bool:
    """The functions that look into a text take single quotes."""
    looks = _called(case, "json_object_keys", "json_array_length", "get_json_object")
    return looks and "'" in _texts(case) and _is_value(expected, found)


def days_as_text(case: Case, expected: Any, found: Any) -> bool:
    """A date in JSON that is the text of a number is days since 1970."""
    return " date" in str(case.get("schema", case.get("call"))) and '"1"' in _texts(case) and _is_value(expected, found)


def nothing_in_inference(case: Case, expected: Any, found: Any) -> bool:
    """An empty text or an empty object says nothing of a type."""
    inferred = case.get("do") == "read" and case["schema"] is None
    inferred = inferred or _called(case, "schema_of_json")
    nothing = re.search(r'""|\{\}', _texts(case)) or not _texts(case).strip()
    return inferred and bool(nothing) and _is_value(expected)


def decimals_that_are_none(case: Case, expected: Any, found: Any) -> bool:
    """`prefersDecimal`: Spark fails on an infinity and on an exponent."""
    return "prefersDecimal" in str(case) and _error(expected) is not None


def infinity_as_text(case: Case, expected: Any, found: Any) -> bool:
    """A number beyond all doubles, read as text."""
    return "1e400" in _texts(case) and "Infinity" in str(expected) and _is_value(expected, found)


def text_after_an_array(case: Case, expected: Any, found: Any) -> bool:
    """`json_array_length` stops at the end of the array."""
    return _called(case, "json_array_length") and _is_value(expected, found)


def _stripped(answer: Any) -> Any:
    """Leave out the line ends at the end of every text."""
    if isinstance(answer, str):
        return answer.rstrip("\r\n")
    if isinstance(answer, list):
        return [_stripped(item) for item in answer]
    if isinstance(answer, dict):
        return {key: _stripped(item) for key, item in answer.items()}
    return answer
