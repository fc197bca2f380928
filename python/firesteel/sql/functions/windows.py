"""Window functions: only with ``over``."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _o

__all__ = [
    "counter_diff",
    "cume_dist",
    "dense_rank",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
]


def counter_diff(value: ColumnOrName, startTime: ColumnOrName | None = None) -> Column:
    """Calls ``counter_diff`` of Spark SQL."""
    return _call_optional("counter_diff", _c(value), _o(startTime))


def cume_dist() -> Column:
    """The share of rows up to this one.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.cume_dist().over(Window.orderBy("n"))).collect()]
    [0.5, 1.0]
    """
    return _call("cume_dist")


def dense_rank() -> Column:
    """The rank, without gaps.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.dense_rank().over(Window.orderBy("n"))).collect()]
    [1, 1, 2]
    """
    return _call("dense_rank")


def ntile(n: int) -> Column:
    """The number of the `n` equal parts that the row is in.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)")
    >>> [row[0] for row in df.select(F.ntile(2).over(Window.orderBy("n"))).collect()]
    [1, 1, 2]
    """
    return _call("ntile", n)


def percent_rank() -> Column:
    """The rank as a share.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)")
    >>> [row[0] for row in df.select(F.percent_rank().over(Window.orderBy("n"))).collect()]
    [0.0, 0.5, 1.0]
    """
    return _call("percent_rank")


def rank() -> Column:
    """The rank, with gaps.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.rank().over(Window.orderBy("n"))).collect()]
    [1, 1, 3]
    """
    return _call("rank")


def row_number() -> Column:
    """The number of the row, from 1.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (5), (7) AS t(n)")
    >>> [row[0] for row in df.select(F.row_number().over(Window.orderBy("n"))).collect()]
    [1, 2]
    """
    return _call("row_number")
