"""The dialects that are fuzzed: small languages of text that both engines must read and write alike.

A dialect is a module of this package with these names:

* ``case(choose)`` makes one case, plain JSON data, from a ``random.Random`` and nothing else;
* ``ask(spark, cases)`` answers cases on the running engine: it yields ``(index, answer)``, in any order;
* ``shown(case)`` is the case as PySpark code to reproduce it by;
* ``smaller(case)`` lists cases that are one step smaller, for the search for the smallest one.
"""

from __future__ import annotations

import importlib
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("regex", "csv", "json", "numbers", "dates")

Case = dict[str, Any]


def load(dialect: str) -> ModuleType:
    """Import one dialect."""
    return importlib.import_module(f"dialects.{dialect}")


def cases(dialect: str, seed: int, count: int) -> list[Case]:
    """Make the first cases of a seed: each depends on the dialect, the seed and its own number alone."""
    make = load(dialect).case
    return [make(random.Random(f"{dialect}:{seed}:{number}")) for number in range(count)]
