"""Bits."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call

__all__ = [
    "bit_count",
    "bit_get",
    "bitwise_not",
    "getbit",
    "shiftleft",
    "shiftright",
    "shiftrightunsigned",
]


def bit_count(col: ColumnOrName) -> Column:
    """How many bits are set."""
    return _call("bit_count", _c(col))


def bit_get(col: ColumnOrName, pos: ColumnOrName) -> Column:
    """The bit at a position."""
    return _call("bit_get", _c(col), _c(pos))


def bitwise_not(col: ColumnOrName) -> Column:
    """Every bit flipped."""
    return _call("~", _c(col))


def getbit(col: ColumnOrName, pos: ColumnOrName) -> Column:
    """The bit at a position."""
    return _call("bit_get", _c(col), _c(pos))


def shiftleft(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted left."""
    return _call("shiftleft", _c(col), numBits)


def shiftright(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted right, with the sign."""
    return _call("shiftright", _c(col), numBits)


def shiftrightunsigned(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted right, with zeros."""
    return _call("shiftrightunsigned", _c(col), numBits)
