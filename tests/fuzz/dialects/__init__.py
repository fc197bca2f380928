"""The dialects of the fuzz: small languages of text that both engines must treat alike.

A dialect is a module of this package with these names:

* ``case(choose)`` makes one case as plain JSON data, from a ``random.Random`` and nothing else
* ``ask(spark, cases)`` answers cases on the running engine and yields ``(index, answer)`` in any
  order
* ``shown(case)`` is the case as PySpark code that reproduces it
* ``smaller(case)`` lists cases that are one step smaller, for the search for the smallest one
"""

from __future__ import annotations

import importlib
import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("regex", "csv", "json", "numbers", "dates", "relations")
BY_HAND = ("stateful",)
"""Dialects that `run.py` asks when they are named. A case takes seconds, so none is recorded."""

Case = dict[str, Any]


def load(dialect: str) -> ModuleType:
    """Import one dialect."""
    return importlib.import_module(f"dialects.{dialect}")


def cases(dialect: str, seed: int, count: int) -> list[Case]:
    """Make the first cases of a seed. Each depends only on the dialect, the seed and its number."""
    make = load(dialect).case
    return [make(random.Random(f"{dialect}:{seed}:{number}")) for number in range(count)]
