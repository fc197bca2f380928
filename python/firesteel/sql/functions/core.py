"""Columns, literals, conditions, structs, lambdas and functions with special arguments."""

from __future__ import annotations

import random as py_random
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import PySparkTypeError, PySparkValueError, _not_type
from firesteel.sql.column import Column
from firesteel.sql.functions._build import (
    ColumnOrName,
    _c,
    _call,
    _call_optional,
    _cs,
    _lambda,
    _n,
    _o,
    _options,
    _schema,
)

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame


def col(col: str) -> Column:
    """The column of a name.

    Parameters
    ----------
    col : str
        The name. Dots lead into structs, backquotes keep a dot in a name and ``*`` is every column.

    Examples
    --------
    >>> F.col("a.b")
    Column<'a.b'>
    """
    if not isinstance(col, str):
        raise _not_type("col", "str", col)
    return Column(_native.Expr.column(col))


column = col


def lit(col: Any) -> Column:
    """The column of a constant. A column stays as it is, and a list becomes an array.

    Examples
    --------
    >>> F.lit(5), F.lit("x")
    (Column<'5'>, Column<''x''>)
    """
    return col if isinstance(col, Column) else Column(_native.Expr.literal(col))


def expr(str: str) -> Column:
    """The column of a SQL expression.

    Examples
    --------
    >>> F.expr("a + 1").alias("b")
    Column<'+(a, 1) AS b'>
    """
    from firesteel.sql.session import SparkSession

    session = SparkSession.getActiveSession()
    # Times without a zone are of the session's zone, or of UTC without a session.
    return Column(_native.Expr.sql(str) if session is None else session._expression(str))


def when(condition: Column, value: Any) -> Column:
    """A value where a condition holds. Go on with ``.when`` and ``.otherwise``.

    Examples
    --------
    >>> F.when(F.col("a") > 1, "many").otherwise("one")
    Column<'CASE WHEN >(a, 1) THEN 'many' ELSE 'one' END'>
    """
    if not isinstance(condition, Column):
        raise _not_type("condition", "Column", condition)
    return Column(_native.Expr.case([(condition, value)]))


def broadcast(df: DataFrame) -> DataFrame:
    """Marks a DataFrame as small for a join, which only ``explain`` shows in one process."""
    return df.hint("broadcast")


def call_function(funcName: str, *cols: ColumnOrName) -> Column:
    """Calls any built-in or registered SQL function by its name."""
    return _call(funcName, *_cs(cols))


def call_udf(udfName: str, *cols: ColumnOrName) -> Column:
    """Calls a registered function by its name."""
    return _call(udfName, *_cs(cols))


# Orders


def asc(col: ColumnOrName) -> Column:
    """Sorts upwards, nulls first.

    Examples
    --------
    >>> [row.n for row in spark.sql("SELECT n FROM VALUES (2), (1) AS t(n)").sort(F.asc("n")).collect()]
    [1, 2]
    """
    return Column(_c(col)).asc()


def asc_nulls_first(col: ColumnOrName) -> Column:
    """Sorts upwards, nulls first.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (2), (NULL), (1) AS t(n)")
    >>> [row.n for row in df.sort(F.asc_nulls_first("n")).collect()]
    [None, 1, 2]
    """
    return Column(_c(col)).asc_nulls_first()


def asc_nulls_last(col: ColumnOrName) -> Column:
    """Sorts upwards, nulls last.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (2), (NULL), (1) AS t(n)")
    >>> [row.n for row in df.sort(F.asc_nulls_last("n")).collect()]
    [1, 2, None]
    """
    return Column(_c(col)).asc_nulls_last()


def desc(col: ColumnOrName) -> Column:
    """Sorts downwards, nulls last.

    Examples
    --------
    >>> [row.n for row in spark.sql("SELECT n FROM VALUES (2), (NULL), (3) AS t(n)").sort(F.desc("n")).collect()]
    [3, 2, None]
    """
    return Column(_c(col)).desc()


def desc_nulls_first(col: ColumnOrName) -> Column:
    """Sorts downwards, nulls first.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (2), (NULL), (3) AS t(n)")
    >>> [row.n for row in df.sort(F.desc_nulls_first("n")).collect()]
    [None, 3, 2]
    """
    return Column(_c(col)).desc_nulls_first()


def desc_nulls_last(col: ColumnOrName) -> Column:
    """Sorts downwards, nulls last.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (2), (NULL), (3) AS t(n)")
    >>> [row.n for row in df.sort(F.desc_nulls_last("n")).collect()]
    [3, 2, None]
    """
    return Column(_c(col)).desc_nulls_last()


# Structs, arrays and maps


def struct(*cols: ColumnOrName | Sequence[ColumnOrName] | tuple[ColumnOrName, ...]) -> Column:
    """A struct of columns.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n, 'a' AS s").select(F.struct("n", "s")).first()[0]
    Row(n=1, s='a')
    """
    return _call("struct", *_cs(cols))


def array(*cols: ColumnOrName | Sequence[ColumnOrName] | tuple[ColumnOrName, ...]) -> Column:
    """An array of columns of one type.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n, 2 AS m").select(F.array("n", "m")).first()[0]
    [1, 2]
    """
    return _call("array", *_cs(cols))


def create_map(*cols: ColumnOrName | Sequence[ColumnOrName] | tuple[ColumnOrName, ...]) -> Column:
    """A map from keys and values in turn.

    Examples
    --------
    >>> spark.sql("SELECT 'a' AS k, 1 AS v").select(F.create_map("k", "v")).first()[0]
    {'a': 1}
    """
    return _call("map", *_cs(cols))


def map_concat(*cols: ColumnOrName | Sequence[ColumnOrName] | tuple[ColumnOrName, ...]) -> Column:
    """The pairs of several maps as one map.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m, map('b', 2) AS k").select(F.map_concat("m", "k")).first()[0]
    {'a': 1, 'b': 2}
    """
    return _call("map_concat", *_cs(cols))


def array_join(col: ColumnOrName, delimiter: str, null_replacement: str | None = None) -> Column:
    """The elements as text, with a delimiter. Nulls are left out or replaced.

    Examples
    --------
    >>> spark.sql("SELECT array('a', NULL, 'b') AS a").select(F.array_join("a", ",", "?")).first()[0]
    'a,?,b'
    """
    return _call_optional("array_join", _c(col), delimiter, null_replacement)


def shuffle(col: ColumnOrName, seed: Column | int | None = None) -> Column:
    """An array in a random order."""
    return _call("shuffle", _c(col), _seed() if seed is None else seed)


def overlay(src: ColumnOrName, replace: ColumnOrName, pos: ColumnOrName | int, len: ColumnOrName | int = -1) -> Column:
    """Text with a part of it replaced by another.

    Examples
    --------
    >>> spark.sql("SELECT 'abcdef' AS s, 'XY' AS t").select(F.overlay("s", "t", 3)).first()[0]
    'abXYef'
    """
    return _call("overlay", _c(src), _c(replace), _n(pos), _n(len))


# Higher-order functions


def transform(col: ColumnOrName, f: Callable[[Column], Column] | Callable[[Column, Column], Column]) -> Column:
    """An array with a function applied to each element, and its index.

    Examples
    --------
    >>> doubled = F.transform("values", lambda x: x * 2)
    """
    return _call("transform", _c(col), _lambda(f))


def exists(col: ColumnOrName, f: Callable[[Column], Column]) -> Column:
    """Whether a condition holds for some element.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.exists("a", lambda x: x > 1)).first()[0]
    True
    """
    return _call("exists", _c(col), _lambda(f))


def forall(col: ColumnOrName, f: Callable[[Column], Column]) -> Column:
    """Whether a condition holds for every element.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.forall("a", lambda x: x > 1)).first()[0]
    False
    """
    return _call("forall", _c(col), _lambda(f))


def filter(col: ColumnOrName, f: Callable[[Column], Column] | Callable[[Column, Column], Column]) -> Column:
    """The elements for which a condition holds.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2, 3) AS a").select(F.filter("a", lambda x: x % 2 == 1)).first()[0]
    [1, 3]
    """
    return _call("filter", _c(col), _lambda(f))


def aggregate(
    col: ColumnOrName,
    initialValue: ColumnOrName,
    merge: Callable[[Column, Column], Column],
    finish: Callable[[Column], Column] | None = None,
) -> Column:
    """Folds an array into one value.

    Examples
    --------
    >>> df = spark.sql("SELECT array(1, 2, 3) AS a")
    >>> df.select(F.aggregate("a", F.lit(0), lambda total, x: total + x)).first()[0]
    6
    """
    last = [] if finish is None else [_lambda(finish)]
    return _call("aggregate", _c(col), _c(initialValue), _lambda(merge), *last)


def reduce(
    col: ColumnOrName,
    initialValue: ColumnOrName,
    merge: Callable[[Column, Column], Column],
    finish: Callable[[Column], Column] | None = None,
) -> Column:
    """Folds an array into one value.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2, 3) AS a").select(F.reduce("a", F.lit(0), lambda total, x: total + x)).first()[0]
    6
    """
    last = [] if finish is None else [_lambda(finish)]
    return _call("reduce", _c(col), _c(initialValue), _lambda(merge), *last)


def array_sort(col: ColumnOrName, comparator: Callable[[Column, Column], Column] | None = None) -> Column:
    """An array in order, nulls last, or in the order of a function that gives -1, 0 or 1.

    Examples
    --------
    >>> spark.sql("SELECT array(3, 1, NULL, 2) AS a").select(F.array_sort("a")).first()[0]
    [1, 2, 3, None]
    """
    return _call("array_sort", _c(col), *([] if comparator is None else [_lambda(comparator)]))


def zip_with(left: ColumnOrName, right: ColumnOrName, f: Callable[[Column, Column], Column]) -> Column:
    """Joins two arrays, element by element.

    Examples
    --------
    >>> df = spark.sql("SELECT array(1, 2) AS a, array(10, 20) AS b")
    >>> df.select(F.zip_with("a", "b", lambda x, y: x + y)).first()[0]
    [11, 22]
    """
    return _call("zip_with", _c(left), _c(right), _lambda(f))


def transform_keys(col: ColumnOrName, f: Callable[[Column, Column], Column]) -> Column:
    """A map with a function of key and value in place of each key.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m").select(F.transform_keys("m", lambda key, value: F.upper(key))).first()[0]
    {'A': 1}
    """
    return _call("transform_keys", _c(col), _lambda(f))


def transform_values(col: ColumnOrName, f: Callable[[Column, Column], Column]) -> Column:
    """A map with a function of key and value in place of each value.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m").select(F.transform_values("m", lambda key, value: value + 1)).first()[0]
    {'a': 2}
    """
    return _call("transform_values", _c(col), _lambda(f))


def map_filter(col: ColumnOrName, f: Callable[[Column, Column], Column]) -> Column:
    """The pairs of a map for which a condition holds.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1, 'b', 2) AS m").select(F.map_filter("m", lambda key, value: value > 1)).first()[0]
    {'b': 2}
    """
    return _call("map_filter", _c(col), _lambda(f))


def map_zip_with(col1: ColumnOrName, col2: ColumnOrName, f: Callable[[Column, Column, Column], Column]) -> Column:
    """Joins two maps, key by key.

    Examples
    --------
    >>> df = spark.sql("SELECT map('a', 1) AS m, map('a', 10) AS k")
    >>> df.select(F.map_zip_with("m", "k", lambda key, x, y: x + y)).first()[0]
    {'a': 11}
    """
    return _call("map_zip_with", _c(col1), _c(col2), _lambda(f))


# Numbers


def log(arg1: ColumnOrName | float, arg2: ColumnOrName | None = None) -> Column:
    """The natural logarithm of one argument, or that of the second to the base of the first.

    Examples
    --------
    >>> spark.sql("SELECT 8D AS x").select(F.log(2.0, "x")).first()[0]
    3.0
    """
    return _call("ln", _n(arg1)) if arg2 is None else _call("log", _n(arg1), _c(arg2))


def _seed() -> int:
    return py_random.randint(0, sys.maxsize)


def rand(seed: int | None = None) -> Column:
    """Random numbers from 0 up to 1."""
    return _call("rand", _long(_seed() if seed is None else seed))


def randn(seed: int | None = None) -> Column:
    """Random numbers of the standard normal distribution."""
    return _call("randn", _long(_seed() if seed is None else seed))


def _long(seed: Any) -> Column:
    return lit(seed).cast("bigint") if isinstance(seed, int) and abs(seed) < 2**31 else lit(seed)


def uniform(min: Column | int | float, max: Column | int | float, seed: Column | int | None = None) -> Column:
    """Random numbers between two bounds."""
    return _call("uniform", min, max, _seed() if seed is None else seed)


def randstr(length: Column | int, seed: Column | int | None = None) -> Column:
    """Random text of a length."""
    return _call("randstr", length, _seed() if seed is None else seed)


def levenshtein(left: ColumnOrName, right: ColumnOrName, threshold: int | None = None) -> Column:
    """The edit distance of two texts, or -1 beyond a threshold.

    Examples
    --------
    >>> spark.sql("SELECT 'kitten' AS s, 'sitting' AS t").select(F.levenshtein("s", "t")).first()[0]
    3
    """
    return _call_optional("levenshtein", _c(left), _c(right), threshold)


# Dates and times


def unix_timestamp(timestamp: ColumnOrName | None = None, format: str = "yyyy-MM-dd HH:mm:ss") -> Column:
    """Seconds from 1970 to a text by a pattern, to a timestamp or to now.

    Examples
    --------
    >>> spark.sql("SELECT '1970-01-02 00:00:00' AS s").select(F.unix_timestamp("s")).first()[0]
    86400
    """
    return _call("unix_timestamp") if timestamp is None else _call("unix_timestamp", _c(timestamp), format)


def window(
    timeColumn: ColumnOrName, windowDuration: str, slideDuration: str | None = None, startTime: str | None = None
) -> Column:
    """The time windows that a timestamp falls into, as structs of ``start`` and ``end``.

    Parameters
    ----------
    timeColumn : Column or str
        The timestamp.
    windowDuration : str
        The length of a window, such as ``"10 minutes"``.
    slideDuration : str, optional
        The time from the start of a window to the next, by default the length of a window.
    startTime : str, optional
        The offset of the first window from 1970-01-01 00:00 UTC.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts")
    >>> df.select(F.window("ts", "1 hour").cast("string")).first()[0]
    '{2024-02-29 13:00:00, 2024-02-29 14:00:00}'
    """
    for name, value in (("windowDuration", windowDuration), ("slideDuration", slideDuration), ("startTime", startTime)):
        if not isinstance(value, str) and (value is not None or name == "windowDuration"):
            raise _not_type(name, "str", value)
    if not windowDuration:
        raise _not_type("windowDuration", "str", windowDuration)
    return _call("window", _c(timeColumn), windowDuration, slideDuration or windowDuration, startTime or "0 second")


def session_window(timeColumn: ColumnOrName, gapDuration: Column | str) -> Column:
    """The session that a timestamp belongs to: it ends when nothing happened for the gap.

    Parameters
    ----------
    timeColumn : Column or str
        The timestamp.
    gapDuration : Column or str
        The time without a row that ends a session, such as ``"5 minutes"``; a column may say it for each row.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 13:45:00' + make_interval(0, 0, 0, 0, 0, m) AS ts FROM VALUES (0), (3), (20) AS t(m)")
    >>> df.groupBy(F.session_window("ts", "5 minutes").alias("s")).count().selectExpr("s.start", "count").orderBy("start").collect()
    [Row(start=datetime.datetime(2024, 2, 29, 13, 45), count=2), Row(start=datetime.datetime(2024, 2, 29, 14, 5), count=1)]
    """
    if not isinstance(gapDuration, str | Column):
        raise _not_type("gapDuration", "Column or str", gapDuration)
    return _call("session_window", _c(timeColumn), gapDuration)


def convert_timezone(sourceTz: Column | None, targetTz: Column, sourceTs: ColumnOrName) -> Column:
    """A clock reading of one time zone in another. The first is by default the session's.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp_ntz'2024-01-01 12:00:00' AS ts")
    >>> df.select(F.convert_timezone(F.lit("UTC"), F.lit("Asia/Tokyo"), "ts").cast("string")).first()[0]
    '2024-01-01 21:00:00'
    """
    source = [] if sourceTz is None else [sourceTz]
    return _call("convert_timezone", *source, targetTz, _c(sourceTs))


def _parts(name: str, parts: Sequence[Any]) -> Column:
    """A call whose parts are zero where they were not given."""
    values = [0 if part is None else _o(part) for part in parts]
    return _call(name, *values)


def make_interval(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    weeks: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
) -> Column:
    """An interval from its parts."""
    return _parts("make_interval", (years, months, weeks, days, hours, mins, secs))


def try_make_interval(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    weeks: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
) -> Column:
    """An interval from its parts, or null on overflow."""
    return _parts("try_make_interval", (years, months, weeks, days, hours, mins, secs))


def make_dt_interval(
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
) -> Column:
    """A day-time interval from its parts.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS d, 2 AS h").select(F.make_dt_interval("d", "h")).first()[0]
    datetime.timedelta(days=1, seconds=7200)
    """
    return _parts("make_dt_interval", (days, hours, mins, secs))


def make_ym_interval(years: ColumnOrName | None = None, months: ColumnOrName | None = None) -> Column:
    """A year-month interval from its parts."""
    return _parts("make_ym_interval", (years, months))


def _make_timestamp(name: str, whole: Sequence[Any], timezone: Any, date: Any, time: Any) -> Column:
    given = [part for part in whole if part is not None]
    pair = [part for part in (date, time) if part is not None]
    if (given and pair) or len(given) not in (0, 6) or (not given and len(pair) != 2):
        raise PySparkValueError(
            errorClass="CANNOT_SET_TOGETHER",
            messageParameters={"arg_list": "years, months, days, hours, mins, secs and date, time"},
        )
    zone = [] if timezone is None else [_c(timezone)]
    return _call(name, *[_c(part) for part in given or pair], *zone)


def make_timestamp(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
    timezone: ColumnOrName | None = None,
    date: ColumnOrName | None = None,
    time: ColumnOrName | None = None,
) -> Column:
    """A timestamp from its parts.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 2 AS m, 29 AS d, 13 AS h, 45 AS min, 30.5 AS s")
    >>> df.select(F.make_timestamp("y", "m", "d", "h", "min", "s").cast("string")).first()[0]
    '2024-02-29 13:45:30.5'
    """
    return _make_timestamp("make_timestamp", (years, months, days, hours, mins, secs), timezone, date, time)


def try_make_timestamp(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
    timezone: ColumnOrName | None = None,
    date: ColumnOrName | None = None,
    time: ColumnOrName | None = None,
) -> Column:
    """A timestamp from its parts, or null.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 13 AS m, 29 AS d, 13 AS h, 45 AS min, 30 AS s")
    >>> print(df.select(F.try_make_timestamp("y", "m", "d", "h", "min", "s")).first()[0])
    None
    """
    return _make_timestamp("try_make_timestamp", (years, months, days, hours, mins, secs), timezone, date, time)


def make_timestamp_ntz(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
    date: ColumnOrName | None = None,
    time: ColumnOrName | None = None,
) -> Column:
    """A timestamp without a time zone from its parts.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 2 AS m, 29 AS d, 13 AS h, 45 AS min, 30.5 AS s")
    >>> df.select(F.make_timestamp_ntz("y", "m", "d", "h", "min", "s").cast("string")).first()[0]
    '2024-02-29 13:45:30.5'
    """
    return _make_timestamp("make_timestamp_ntz", (years, months, days, hours, mins, secs), None, date, time)


def try_make_timestamp_ntz(
    years: ColumnOrName | None = None,
    months: ColumnOrName | None = None,
    days: ColumnOrName | None = None,
    hours: ColumnOrName | None = None,
    mins: ColumnOrName | None = None,
    secs: ColumnOrName | None = None,
    date: ColumnOrName | None = None,
    time: ColumnOrName | None = None,
) -> Column:
    """A timestamp without a time zone from its parts, or null.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 13 AS m, 29 AS d, 13 AS h, 45 AS min, 30 AS s")
    >>> print(df.select(F.try_make_timestamp_ntz("y", "m", "d", "h", "min", "s")).first()[0])
    None
    """
    return _make_timestamp("try_make_timestamp_ntz", (years, months, days, hours, mins, secs), None, date, time)


# Aggregates


def _ignoring(name: str, column: ColumnOrName, ignore: Any, *more: Any) -> Column:
    if isinstance(ignore, Column):
        return _call(name, _c(column), *more, ignore)
    return Column(_native.Expr.call(name, [_c(column), *more], False, bool(ignore)))


def first(col: ColumnOrName, ignorenulls: bool = False) -> Column:
    """The first value of a group. With `ignorenulls`, the first that is not null.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (NULL), (2) AS t(n)").select(F.first("n", ignorenulls=True)).first()[0]
    2
    """
    return _ignoring("first", col, ignorenulls)


def last(col: ColumnOrName, ignorenulls: bool = False) -> Column:
    """The last value of a group. With `ignorenulls`, the last that is not null.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (NULL) AS t(n)").select(F.last("n", ignorenulls=True)).first()[0]
    1
    """
    return _ignoring("last", col, ignorenulls)


def first_value(col: ColumnOrName, ignoreNulls: bool | Column | None = None) -> Column:
    """The first value of a group.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (7), (7) AS t(n)").select(F.first_value("n")).first()[0]
    7
    """
    return _ignoring("first_value", col, ignoreNulls)


def last_value(col: ColumnOrName, ignoreNulls: bool | Column | None = None) -> Column:
    """The last value of a group.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (7), (7) AS t(n)").select(F.last_value("n")).first()[0]
    7
    """
    return _ignoring("last_value", col, ignoreNulls)


def any_value(col: ColumnOrName, ignoreNulls: bool | Column | None = None) -> Column:
    """Some value of a group.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1) AS t(n)").select(F.any_value("n")).first()[0]
    1
    """
    return _ignoring("any_value", col, ignoreNulls)


def count_distinct(col: ColumnOrName, *cols: ColumnOrName) -> Column:
    """How many distinct combinations of values there are.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)").select(F.count_distinct("n")).first()[0]
    2
    """
    return _call("count", _c(col), *_cs(cols), distinct=True)


def sum_distinct(col: ColumnOrName) -> Column:
    """The sum of the distinct values.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)").select(F.sum_distinct("n")).first()[0]
    3
    """
    return _call("sum", _c(col), distinct=True)


def listagg_distinct(col: ColumnOrName, delimiter: Column | str | bytes | None = None) -> Column:
    """The distinct values as one text.

    Examples
    --------
    >>> spark.sql("SELECT s FROM VALUES ('a'), ('a') AS t(s)").select(F.listagg_distinct("s", ",")).first()[0]
    'a'
    """
    return _call("listagg", _c(col), *([] if delimiter is None else [delimiter]), distinct=True)


def string_agg_distinct(col: ColumnOrName, delimiter: Column | str | bytes | None = None) -> Column:
    """The distinct values as one text.

    Examples
    --------
    >>> spark.sql("SELECT s FROM VALUES ('a'), ('a') AS t(s)").select(F.string_agg_distinct("s", ",")).first()[0]
    'a'
    """
    return _call("string_agg", _c(col), *([] if delimiter is None else [delimiter]), distinct=True)


def approx_count_distinct(col: ColumnOrName, rsd: float | None = None) -> Column:
    """About how many distinct values there are.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)").select(F.approx_count_distinct("n")).first()[0]
    2
    """
    return _call_optional("approx_count_distinct", _c(col), rsd)


def mode(col: ColumnOrName, deterministic: bool = False) -> Column:
    """The most frequent value.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1), (2) AS t(n)").select(F.mode("n")).first()[0]
    1
    """
    return _call("mode", _c(col), *([True] if deterministic else []))


# Window functions


def lag(col: ColumnOrName, offset: int = 1, default: Any | None = None) -> Column:
    """The value some rows before, or a default.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.lag("n").over(Window.orderBy("n"))).collect()]
    [None, 1]
    """
    return _call_optional("lag", _c(col), offset, default)


def lead(col: ColumnOrName, offset: int = 1, default: Any | None = None) -> Column:
    """The value some rows after, or a default.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.lead("n", 1, 0).over(Window.orderBy("n"))).collect()]
    [2, 0]
    """
    return _call_optional("lead", _c(col), offset, default)


def nth_value(col: ColumnOrName, offset: int, ignoreNulls: bool | None = False) -> Column:
    """The value of the n-th row of the window frame.

    Examples
    --------
    >>> df = spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)")
    >>> [row[0] for row in df.select(F.nth_value("n", 2).over(Window.orderBy("n"))).collect()]
    [None, 2]
    """
    return _ignoring("nth_value", col, ignoreNulls, offset)


# JSON, CSV and XML


def from_json(col: ColumnOrName, schema: Any, options: Mapping[str, str] | None = None) -> Column:
    """The struct, array or map of a JSON text.

    Parameters
    ----------
    col : Column or str
        The text.
    schema : DataType, Column or str
        The type to read, or its DDL.
    options : dict, optional
        The options of the JSON reader.

    Examples
    --------
    >>> spark.sql('''SELECT '{"a": 1, "b": "x"}' AS s''').select(F.from_json("s", "a INT, b STRING")).first()[0]
    Row(a=1, b='x')
    """
    return _call("from_json", _c(col), _schema(schema), *_options(options))


def to_json(col: ColumnOrName, options: Mapping[str, str] | None = None) -> Column:
    """A struct, array or map as JSON text.

    Examples
    --------
    >>> spark.sql("SELECT named_struct('a', 1, 'b', 'x') AS r").select(F.to_json("r")).first()[0]
    '{"a":1,"b":"x"}'
    """
    return _call("to_json", _c(col), *_options(options))


def from_csv(col: ColumnOrName, schema: Column | str, options: Mapping[str, str] | None = None) -> Column:
    """The struct of a CSV text."""
    return _call("from_csv", _c(col), _schema(schema), *_options(options))


def to_csv(col: ColumnOrName, options: Mapping[str, str] | None = None) -> Column:
    """A struct as CSV text."""
    return _call("to_csv", _c(col), *_options(options))


def schema_of_json(json: Column | str, options: Mapping[str, str] | None = None) -> Column:
    """The schema of a JSON text, as DDL.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.schema_of_json('{"a": 1}')).first()[0]
    'STRUCT<a: BIGINT>'
    """
    return _call("schema_of_json", json, *_options(options))


def schema_of_csv(csv: Column | str, options: Mapping[str, str] | None = None) -> Column:
    """The schema of a CSV text, as DDL."""
    return _call("schema_of_csv", csv, *_options(options))


def from_xml(col: ColumnOrName, schema: Any, options: Mapping[str, str] | None = None) -> Column:
    """The struct of an XML text."""
    return _call("from_xml", _c(col), _schema(schema), *_options(options))


def to_xml(col: ColumnOrName, options: Mapping[str, str] | None = None) -> Column:
    """A struct as XML text."""
    return _call("to_xml", _c(col), *_options(options))


def schema_of_xml(xml: Column | str, options: Mapping[str, str] | None = None) -> Column:
    """The schema of an XML text, as DDL."""
    return _call("schema_of_xml", xml, *_options(options))


def json_tuple(col: ColumnOrName, *fields: str) -> Column:
    """Some fields of a JSON object, as columns.

    Examples
    --------
    >>> df = spark.sql('''SELECT '{"a": 1, "b": 2}' AS s''')
    >>> [tuple(row) for row in df.select(F.json_tuple("s", "a", "b")).collect()]
    [('1', '2')]
    """
    if not fields:
        raise PySparkValueError(errorClass="CANNOT_BE_EMPTY", messageParameters={"item": "field"})
    return _call("json_tuple", _c(col), *fields)


# Partition transforms: for `partitionedBy` of a table format that we do not have.


def years(col: ColumnOrName) -> Column:
    """A table's partitions by year."""
    return _call("years", _c(col))


def months(col: ColumnOrName) -> Column:
    """A table's partitions by month."""
    return _call("months", _c(col))


def days(col: ColumnOrName) -> Column:
    """A table's partitions by day."""
    return _call("days", _c(col))


def hours(col: ColumnOrName) -> Column:
    """A table's partitions by hour."""
    return _call("hours", _c(col))


def bucket(numBuckets: Column | int, col: ColumnOrName) -> Column:
    """A table's partitions by hash."""
    if not isinstance(numBuckets, (int, Column)):
        raise PySparkTypeError(
            errorClass="NOT_EXPECTED_TYPE",
            messageParameters={
                "arg_name": "numBuckets",
                "expected_type": "Column or int",
                "arg_type": type(numBuckets).__name__,
            },
        )
    return _call("bucket", numBuckets, _c(col))


def unwrap_udt(col: ColumnOrName) -> Column:
    """The stored form of a user-defined type."""
    return _call("unwrap_udt", _c(col))


# Functions that ``import *`` leaves out, since their names are Python's.


def uuid(seed: Column | int | None = None) -> Column:
    """A random UUID, as text."""
    return _call("uuid", _seed() if seed is None else seed)


def chr(n: ColumnOrName) -> Column:
    """The character of a code.

    Examples
    --------
    >>> spark.sql("SELECT 65 AS n").select(F.chr("n")).first()[0]
    'A'
    """
    return _call("char", _c(n))


def random(seed: Column | int | None = None) -> Column:
    """Random numbers from 0 up to 1."""
    return _call("random", _seed() if seed is None else seed)
