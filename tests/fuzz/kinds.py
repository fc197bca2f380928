"""The predicates that `known.toml` names.

Each tells from a case and its two answers whether the difference is of its kind.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialects.relations.tree import spelled

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


def refused_by_name(case: Case, expected: Any, found: Any) -> bool:
    """A missing feature says so."""
    return "UnsupportedOperationException" in (_error(found), _error(found.get("back")))


def fault_in_java(case: Case, expected: Any, found: Any) -> bool:
    """Spark itself fails with an error that nobody wrote: of an index, of a cast of classes, an internal one."""
    faults = ("begin 0, end", "cannot be cast to class", "[INTERNAL_ERROR]", "String index out of range")
    from_java = _error(expected) == "Py4JJavaError"
    at_fault = from_java and any(fault in expected["message"] for fault in faults)
    # A first cell of space alone whose end is trimmed.
    failed = _condition(expected) in {"MALFORMED_CSV_RECORD", "FAILED_READ_FILE.NO_HINT"}
    trimmed = failed and "ignoreTrailingWhiteSpace" in str(case)
    return _is_value(found) and (at_fault or trimmed)


def cause_of_a_malformed_record(case: Case, expected: Any, found: Any) -> bool:
    """A Java error is compared by its deepest cause, ours by the first words of both; Spark's is bare where it infers."""
    causes = {"MALFORMED_CSV_RECORD", "CANNOT_PARSE_JSON_FIELD", "CAST_INVALID_INPUT", None}
    from_java = _error(expected) == "Py4JJavaError" and _condition(expected) in causes
    while_inferring = _condition(expected) == "MALFORMED_CSV_RECORD" and _condition(found) == "FAILED_READ_FILE.NO_HINT"
    message = found.get("message", "")
    return (from_java and "[MALFORMED_RECORD_IN_PARSING" in message) or (
        while_inferring and "[MALFORMED_CSV_RECORD]" in message
    )


# regex


def length_of_a_lookbehind(case: Case, expected: Any, found: Any) -> bool:
    """Java takes some lookbehinds whose length has no end, as `(?<=a++)`, and finds other matches with them."""
    unbounded = re.search(r"\(\?<[=!].*([+*]|,\})", case["given"][1] if len(case["given"]) > 1 else "", re.DOTALL)
    refused = _error(found) is not None
    return bool(unbounded) and (refused or _is_value(expected, found))


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


# csv and json


def line_ends_of_utf_16(case: Case, expected: Any, found: Any) -> bool:
    """Spark cuts lines at the byte 0A and leaves half a character."""
    wide = case.get("options", {}).get("encoding", "").startswith("UTF-16")
    return wide and _is_value(expected, found)


def byte_order_mark(case: Case, expected: Any, found: Any) -> bool:
    """A mark that a parser starts with, and nothing behind it."""
    return "\ufeff" in _texts(case) and _is_value(expected, found)


def header_of_other_names(case: Case, expected: Any, found: Any) -> bool:
    """`enforceSchema=false` over a header whose names are empty or there twice."""
    options = case.get("options", {})
    return options.get("enforceSchema") == "false" and case.get("schema") is None and _error(expected) is not None


def interval_as_text(case: Case, expected: Any, found: Any) -> bool:
    """An interval's unit."""
    return "INTERVAL" in case.get("call", "") and _is_value(expected, found)


def lone_surrogate(case: Case, expected: Any, found: Any) -> bool:
    r"""`"\ud83d"`: Java writes a question mark."""
    return "ud83d" in _texts(case) and _is_value(expected, found)


def field_before_a_fault(case: Case, expected: Any, found: Any) -> bool:
    """A comma before a closing brace, in an object that is read as text."""
    return ",}" in _texts(case) and _is_value(expected, found)


def remains_of_a_cell(case: Case, expected: Any, found: Any) -> bool:
    """For a cell of spaces Spark writes old content of its buffer if it trims one end only."""
    names = ("ignoreLeadingWhiteSpace", "ignoreTrailingWhiteSpace")
    one = sum(case.get("options", {}).get(name) == "false" for name in names) == 1
    blank = any(cell and not cell.strip(SPACE) for row in case.get("rows", []) for cell in row)
    return one and blank and _is_value(expected, found)


def nul_as_the_quote(case: Case, expected: Any, found: Any) -> bool:
    """`quote` is U+0000."""
    return case.get("options", {}).get("quote") == "\0" and _is_value(expected, found)


def base64_that_breaks_off(case: Case, expected: Any, found: Any) -> bool:
    """A letter alone at the end of base64, in a record with other fields."""
    text = re.search(r'"((?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/])"', _texts(case))
    return " binary" in str(case.get("schema", case.get("call"))) and bool(text) and _is_value(expected, found)


def decimals_that_are_none(case: Case, expected: Any, found: Any) -> bool:
    """`prefersDecimal`: Spark fails on an infinity and on an exponent."""
    return "prefersDecimal" in str(case) and _error(expected) is not None


def fault_of_a_set_operation(case: Case, expected: Any, found: Any) -> bool:
    """Spark fails to plan EXCEPT ALL and INTERSECT ALL of a column that is there twice, and to run them on structs."""
    failed = ("[PLAN_VALIDATION_FAILED_RULE_IN_BATCH]", "Job aborted due to stage failure", "key not found: ")
    from_java = _error(expected) == "Py4JJavaError" and any(fault in expected["message"] for fault in failed)
    return from_java and _is_value(found) and any(word in str(case) for word in ("EXCEPT ALL", "INTERSECT ALL"))


def hidden_constant_is_a_key(case: Case, expected: Any, found: Any) -> bool:
    """Spark takes the `true` that it adds to `sort_array(x)` for the key `true` of grouping sets, and refuses it."""
    refused = _condition(expected) == "DATATYPE_MISMATCH.NON_FOLDABLE_INPUT" and "sort_array" in expected["message"]
    return refused and _is_value(found)


def order_lost_below_a_value(case: Case, expected: Any, found: Any) -> bool:
    """Spark limits the rows of a query in another order than it says, beside or below one that names columns around it."""
    text = spelled(case["query"])
    beside = re.search(r"ORDER BY [^()]*(LIMIT|OFFSET) \d+\) AS q", text)
    asks = re.search(r"(?<!FROM )(?<!JOIN )\(SELECT ", text)
    below = re.search(r"<=> [^()]* ORDER BY [^()]* LIMIT 1\)", text)
    return bool((beside and asks) or below) and _is_value(expected, found)


def comparison_that_is_no_key(case: Case, expected: Any, found: Any) -> bool:
    """A query that compares with columns around it by more than `=` and `<=>` where only a key can be."""
    return found.get("message", "").startswith("a query that names columns of the query around it becomes a join if")


def key_that_is_not_shown(case: Case, expected: Any, found: Any) -> bool:
    """A key of a group that is a query of the rows around it, and no column of the SELECT."""
    refused = str(_condition(expected)).endswith(".MUST_AGGREGATE_CORRELATED_SCALAR_SUBQUERY")
    return refused and " GROUP BY " in spelled(case["query"]) and _is_value(found)


def fault_of_a_key_of_using(case: Case, expected: Any, found: Any) -> bool:
    """A column of a join by USING that is not shown."""
    failed = _condition(expected) == "MISSING_ATTRIBUTES.RESOLVED_ATTRIBUTE_APPEAR_IN_OPERATION"
    return failed and " USING (" in spelled(case["query"]) and _is_value(found)
