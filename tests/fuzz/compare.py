"""The comparison of two answers.

Values are compared exactly, to the type and the sign of zero. Errors are compared by class and
condition and not by text.
"""

from __future__ import annotations

import math
from typing import Any

import programs


def same(expected: Any, found: Any) -> bool:
    """Compare PySpark's answer with Firesteel's."""
    if type(expected) is not type(found):
        return False
    if isinstance(expected, dict):
        if "error" in expected and "error" in found:
            return programs.same(expected, found) or _causes(expected, found)
        return expected.keys() == found.keys() and all(same(item, found[key]) for key, item in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, float):
        return expected == found and math.copysign(1, expected) == math.copysign(1, found)
    return expected == found


def _causes(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    """Tell whether the condition of a deepest cause is named as a cause here.

    A Java error has nothing else to compare.
    """
    from_java = expected["error"] in {"Py4JError", "Py4JJavaError"} and expected["condition"]
    return bool(from_java) and f"[{expected['condition']}]" in found["message"]


def shown(answer: Any) -> str:
    """Show an answer in one line, an error by its first words."""
    if isinstance(answer, dict) and "error" in answer:
        message = " ".join((answer.get("message") or "").split())
        return f"{answer['error']} {answer['condition'] or ''}: {message[:160]}"
    if isinstance(answer, dict) and set(answer) == {"type", "value"}:
        return f"{answer['value']!a}: {answer['type']}"
    return ascii(answer)
