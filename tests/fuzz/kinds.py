"""The predicates that `known.toml` names: each tells from a case and its two answers whether the difference is of its kind."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialects import Case

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
