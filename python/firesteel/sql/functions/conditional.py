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
    """The first value that is not null.

    Examples
    --------
    >>> spark.sql("SELECT NULL AS n, 2 AS m").select(F.coalesce("n", "m")).first()[0]
    2
    """
    return _call("coalesce", *_cs(cols))


def ifnull(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second value where the first is null.

    Examples
    --------
    >>> spark.sql("SELECT NULL AS n, 2 AS m").select(F.ifnull("n", "m")).first()[0]
    2
    """
    return _call("ifnull", _c(col1), _c(col2))


def nanvl(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second number where the first is NaN.

    Examples
    --------
    >>> spark.sql("SELECT double('NaN') AS x, 2D AS y").select(F.nanvl("x", "y")).first()[0]
    2.0
    """
    return _call("nanvl", _c(col1), _c(col2))


def nullif(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Null where both are equal, else the first.

    Examples
    --------
    >>> print(spark.sql("SELECT 1 AS n, 1 AS m").select(F.nullif("n", "m")).first()[0])
    None
    """
    return _call("nullif", _c(col1), _c(col2))


def nullifzero(col: ColumnOrName) -> Column:
    """Null where the number is zero.

    Examples
    --------
    >>> print(spark.sql("SELECT 0 AS n").select(F.nullifzero("n")).first()[0])
    None
    """
    return _call("nullifzero", _c(col))


def nvl(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The second value where the first is null.

    Examples
    --------
    >>> spark.sql("SELECT NULL AS n, 2 AS m").select(F.nvl("n", "m")).first()[0]
    2
    """
    return _call("nvl", _c(col1), _c(col2))


def nvl2(col1: ColumnOrName, col2: ColumnOrName, col3: ColumnOrName) -> Column:
    """The second value where the first is not null, else the third.

    Examples
    --------
    >>> spark.sql("SELECT NULL AS n, 'there' AS s, 'missing' AS t").select(F.nvl2("n", "s", "t")).first()[0]
    'missing'
    """
    return _call("nvl2", _c(col1), _c(col2), _c(col3))


def zeroifnull(col: ColumnOrName) -> Column:
    """Zero where the number is null.

    Examples
    --------
    >>> spark.sql("SELECT CAST(NULL AS INT) AS n").select(F.zeroifnull("n")).first()[0]
    0
    """
    return _call("zeroifnull", _c(col))


def equal_null(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Whether both are equal, where null equals null.

    Examples
    --------
    >>> spark.sql("SELECT NULL AS n, NULL AS m").select(F.equal_null("n", "m")).first()[0]
    True
    """
    return _call("equal_null", _c(col1), _c(col2))


def ilike(str: ColumnOrName, pattern: ColumnOrName, escapeChar: Column | None = None) -> Column:
    """Whether text matches a LIKE pattern, without regard to case.

    Examples
    --------
    >>> spark.sql("SELECT 'Spark' AS s").select(F.ilike("s", F.lit("sp%"))).first()[0]
    True
    """
    return _call_optional("ilike", _c(str), _c(pattern), escapeChar)


def isnan(col: ColumnOrName) -> Column:
    """Whether the number is NaN.

    Examples
    --------
    >>> spark.sql("SELECT double('NaN') AS x").select(F.isnan("x")).first()[0]
    True
    """
    return _call("isnan", _c(col))


def isnotnull(col: ColumnOrName) -> Column:
    """Whether the value is not null.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.isnotnull("n")).first()[0]
    True
    """
    return _call("isnotnull", _c(col))


def isnull(col: ColumnOrName) -> Column:
    """Whether the value is null.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.isnull("n")).first()[0]
    False
    """
    return _call("isnull", _c(col))


def like(str: ColumnOrName, pattern: ColumnOrName, escapeChar: Column | None = None) -> Column:
    """Whether text matches a LIKE pattern.

    Examples
    --------
    >>> spark.sql("SELECT 'Spark' AS s").select(F.like("s", F.lit("Sp%"))).first()[0]
    True
    """
    return _call_optional("like", _c(str), _c(pattern), escapeChar)


def regexp(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text.

    Examples
    --------
    >>> spark.sql("SELECT 'a1' AS s").select(F.regexp("s", F.lit("[a-z][0-9]"))).first()[0]
    True
    """
    return _call("regexp", _c(str), _c(regexp))


def regexp_like(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text.

    Examples
    --------
    >>> spark.sql("SELECT 'a1' AS s").select(F.regexp_like("s", F.lit("[0-9]"))).first()[0]
    True
    """
    return _call("regexp_like", _c(str), _c(regexp))


def rlike(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """Whether a regular expression is found in text.

    Examples
    --------
    >>> spark.sql("SELECT 'a1' AS s").select(F.rlike("s", F.lit("^[0-9]"))).first()[0]
    False
    """
    return _call("rlike", _c(str), _c(regexp))
