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
    """How many bits are set.

    Examples
    --------
    >>> spark.sql("SELECT 7 AS n").select(F.bit_count("n")).first()[0]
    3
    """
    return _call("bit_count", _c(col))


def bit_get(col: ColumnOrName, pos: ColumnOrName) -> Column:
    """The bit at a position.

    Examples
    --------
    >>> spark.sql("SELECT 5 AS n, 2 AS at").select(F.bit_get("n", "at")).first()[0]
    1
    """
    return _call("bit_get", _c(col), _c(pos))


def bitwise_not(col: ColumnOrName) -> Column:
    """Every bit flipped.

    Examples
    --------
    >>> spark.sql("SELECT 0 AS n").select(F.bitwise_not("n")).first()[0]
    -1
    """
    return _call("~", _c(col))


def getbit(col: ColumnOrName, pos: ColumnOrName) -> Column:
    """The bit at a position.

    Examples
    --------
    >>> spark.sql("SELECT 5 AS n, 1 AS at").select(F.getbit("n", "at")).first()[0]
    0
    """
    return _call("bit_get", _c(col), _c(pos))


def shiftleft(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted left.

    Examples
    --------
    >>> spark.sql("SELECT 3 AS n").select(F.shiftleft("n", 2)).first()[0]
    12
    """
    return _call("shiftleft", _c(col), numBits)


def shiftright(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted right, with the sign.

    Examples
    --------
    >>> spark.sql("SELECT -8 AS n").select(F.shiftright("n", 1)).first()[0]
    -4
    """
    return _call("shiftright", _c(col), numBits)


def shiftrightunsigned(col: ColumnOrName, numBits: int) -> Column:
    """The bits shifted right, with zeros.

    Examples
    --------
    >>> spark.sql("SELECT -8 AS n").select(F.shiftrightunsigned("n", 1)).first()[0]
    2147483644
    """
    return _call("shiftrightunsigned", _c(col), numBits)
