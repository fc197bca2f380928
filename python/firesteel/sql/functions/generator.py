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
    """A row for each element of an array, or pair of a map.

    Examples
    --------
    >>> [row[0] for row in spark.sql("SELECT array(1, 2) AS a").select(F.explode("a")).collect()]
    [1, 2]
    """
    return _call("explode", _c(col))


def explode_outer(col: ColumnOrName) -> Column:
    """As explode, and a row of null where there is none.

    Examples
    --------
    >>> print(spark.sql("SELECT CAST(NULL AS ARRAY<INT>) AS a").select(F.explode_outer("a")).first()[0])
    None
    """
    return _call("explode_outer", _c(col))


def inline(col: ColumnOrName) -> Column:
    """A row for each struct of an array.

    Examples
    --------
    >>> df = spark.sql("SELECT array(named_struct('x', 1, 'y', 2)) AS a")
    >>> [tuple(row) for row in df.select(F.inline("a")).collect()]
    [(1, 2)]
    """
    return _call("inline", _c(col))


def inline_outer(col: ColumnOrName) -> Column:
    """As inline, and a row of null where there is none.

    Examples
    --------
    >>> df = spark.sql("SELECT CAST(NULL AS ARRAY<STRUCT<x: INT, y: INT>>) AS a")
    >>> [tuple(row) for row in df.select(F.inline_outer("a")).collect()]
    [(None, None)]
    """
    return _call("inline_outer", _c(col))


def posexplode(col: ColumnOrName) -> Column:
    """A row for each element, with its position.

    Examples
    --------
    >>> [tuple(row) for row in spark.sql("SELECT array('a', 'b') AS a").select(F.posexplode("a")).collect()]
    [(0, 'a'), (1, 'b')]
    """
    return _call("posexplode", _c(col))


def posexplode_outer(col: ColumnOrName) -> Column:
    """As posexplode, and a row of null where there is none.

    Examples
    --------
    >>> df = spark.sql("SELECT CAST(NULL AS ARRAY<INT>) AS a")
    >>> [tuple(row) for row in df.select(F.posexplode_outer("a")).collect()]
    [(None, None)]
    """
    return _call("posexplode_outer", _c(col))


def stack(*cols: ColumnOrName) -> Column:
    """The values, cut into `n` rows.

    Examples
    --------
    >>> [row[0] for row in spark.sql("SELECT 1 AS a, 2 AS b").select(F.stack(F.lit(2), "a", "b")).collect()]
    [1, 2]
    """
    return _call("stack", *_cs(cols))
