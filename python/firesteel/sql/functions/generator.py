"""Generators: several rows for one."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _cs

__all__ = [
    "explode",
    "explode_outer",
    "inline",
    "inline_outer",
    "posexplode",
    "posexplode_outer",
    "stack",
]


def explode(col: ColumnOrName) -> Column:
    """A row for each element of an array, or pair of a map."""
    return _call("explode", _c(col))


def explode_outer(col: ColumnOrName) -> Column:
    """As explode, and a row of null where there is none."""
    return _call("explode_outer", _c(col))


def inline(col: ColumnOrName) -> Column:
    """A row for each struct of an array."""
    return _call("inline", _c(col))


def inline_outer(col: ColumnOrName) -> Column:
    """As inline, and a row of null where there is none."""
    return _call("inline_outer", _c(col))


def posexplode(col: ColumnOrName) -> Column:
    """A row for each element, with its position."""
    return _call("posexplode", _c(col))


def posexplode_outer(col: ColumnOrName) -> Column:
    """As posexplode, and a row of null where there is none."""
    return _call("posexplode_outer", _c(col))


def stack(*cols: ColumnOrName) -> Column:
    """The values, cut into `n` rows."""
    return _call("stack", *_cs(cols))
