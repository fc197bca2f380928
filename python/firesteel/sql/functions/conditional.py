"""Choosing between values, and predicates."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs

__all__ = [
    "coalesce",
    "equal_null",
    "ifnull",
    "ilike",
    "isnan",
    "isnotnull",
    "isnull",
    "like",
    "nanvl",
    "nullif",
    "nullifzero",
    "nvl",
    "nvl2",
    "regexp",
    "regexp_like",
    "rlike",
    "zeroifnull",
]


def coalesce(*cols: ColumnOrName) -> Column:
    """The first value that is not null."""
    return _call("coalesce", *_cs(cols))


def ifnull(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second value where the first is null."""
    return _call("ifnull", _c(col1), _c(col2))


def nanvl(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second number where the first is NaN."""
    return _call("nanvl", _c(col1), _c(col2))


def nullif(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Null where both are equal, else the first."""
    return _call("nullif", _c(col1), _c(col2))


def nullifzero(col: ColumnOrName) -> Column:
    """Null where the number is zero."""
    return _call("nullifzero", _c(col))


def nvl(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second value where the first is null."""
    return _call("nvl", _c(col1), _c(col2))


def nvl2(col1: ColumnOrName, col2: ColumnOrName, col3: ColumnOrName) -> Column:
    """The second value where the first is not null, else the third."""
    return _call("nvl2", _c(col1), _c(col2), _c(col3))


def zeroifnull(col: ColumnOrName) -> Column:
    """Zero where the number is null."""
    return _call("zeroifnull", _c(col))


def equal_null(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Whether both are equal, where null equals null."""
    return _call("equal_null", _c(col1), _c(col2))


def ilike(str: ColumnOrName, pattern: ColumnOrName, escapeChar: Column | None = None) -> Column:
    """Whether text matches a LIKE pattern, without regard to case."""
    return _call_optional("ilike", _c(str), _c(pattern), escapeChar)


def isnan(col: ColumnOrName) -> Column:
    """Whether the number is NaN."""
    return _call("isnan", _c(col))


def isnotnull(col: ColumnOrName) -> Column:
    """Whether the value is not null."""
    return _call("isnotnull", _c(col))


def isnull(col: ColumnOrName) -> Column:
    """Whether the value is null."""
    return _call("isnull", _c(col))


def like(str: ColumnOrName, pattern: ColumnOrName, escapeChar: Column | None = None) -> Column:
    """Whether text matches a LIKE pattern."""
    return _call_optional("like", _c(str), _c(pattern), escapeChar)


def regexp(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text."""
    return _call("regexp", _c(str), _c(regexp))


def regexp_like(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text."""
    return _call("regexp_like", _c(str), _c(regexp))


def rlike(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text."""
    return _call("rlike", _c(str), _c(regexp))
