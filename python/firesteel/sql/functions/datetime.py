"""Dates, times and intervals."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _n, _o

__all__ = [
    "add_months",
    "curdate",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_timezone",
    "date_add",
    "date_diff",
    "date_format",
    "date_from_unix_date",
    "date_part",
    "date_sub",
    "date_trunc",
    "dateadd",
    "datediff",
    "datepart",
    "day",
    "dayname",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "extract",
    "from_unixtime",
    "from_utc_timestamp",
    "hour",
    "last_day",
    "localtimestamp",
    "make_date",
    "make_time",
    "make_timestamp_ltz",
    "minute",
    "month",
    "monthname",
    "months_between",
    "next_day",
    "now",
    "quarter",
    "second",
    "time_bucket",
    "time_diff",
    "time_from_micros",
    "time_from_millis",
    "time_from_seconds",
    "time_to_micros",
    "time_to_millis",
    "time_to_seconds",
    "time_trunc",
    "timestamp_add",
    "timestamp_diff",
    "timestamp_micros",
    "timestamp_millis",
    "timestamp_nanos",
    "timestamp_seconds",
    "to_date",
    "to_time",
    "to_timestamp",
    "to_timestamp_ltz",
    "to_timestamp_ntz",
    "to_unix_timestamp",
    "to_utc_timestamp",
    "trunc",
    "try_make_timestamp_ltz",
    "try_to_date",
    "try_to_time",
    "try_to_timestamp",
    "unix_date",
    "unix_micros",
    "unix_millis",
    "unix_nanos",
    "unix_seconds",
    "weekday",
    "weekofyear",
    "window_time",
    "year",
]


def add_months(start: ColumnOrName, months: ColumnOrName | int) -> Column:
    """A date some months later.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-01-31' AS d").select(F.add_months("d", 1)).first()[0]
    datetime.date(2024, 2, 29)
    """
    return _call("add_months", _c(start), _n(months))


def curdate() -> Column:
    """Today, as the batch started."""
    return _call("curdate")


def current_date() -> Column:
    """Today, as the batch started."""
    return _call("current_date")


def current_time(precision: int | None = None) -> Column:
    """Calls ``current_time`` of Spark SQL."""
    return _call_optional("current_time", precision)


def current_timestamp() -> Column:
    """Now, as the batch started."""
    return _call("current_timestamp")


def current_timezone() -> Column:
    """The session's time zone.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.current_timezone()).first()[0]
    'UTC'
    """
    return _call("current_timezone")


def date_add(start: ColumnOrName, days: ColumnOrName | int) -> Column:
    """A date some days later.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-28' AS d").select(F.date_add("d", 2)).first()[0]
    datetime.date(2024, 3, 1)
    """
    return _call("date_add", _c(start), _n(days))


def date_diff(end: ColumnOrName, start: ColumnOrName) -> Column:
    """The days from `start` to `end`.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-03-01' AS a, date'2024-02-01' AS b").select(F.date_diff("a", "b")).first()[0]
    29
    """
    return _call("date_diff", _c(end), _c(start))


def date_format(date: ColumnOrName, format: str) -> Column:
    """A date or time as text, by a Java pattern.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts")
    >>> df.select(F.date_format("ts", "dd/MM/yyyy HH:mm")).first()[0]
    '29/02/2024 13:45'
    """
    return _call("date_format", _c(date), format)


def date_from_unix_date(days: ColumnOrName) -> Column:
    """The date some days after 1970-01-01.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.date_from_unix_date("n")).first()[0]
    datetime.date(1970, 1, 2)
    """
    return _call("date_from_unix_date", _c(days))


def date_part(field: Column, source: ColumnOrName) -> Column:
    """A part of a date or time.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.date_part(F.lit("month"), "d")).first()[0]
    2
    """
    return _call("date_part", field, _c(source))


def date_sub(start: ColumnOrName, days: ColumnOrName | int) -> Column:
    """A date some days earlier.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-03-01' AS d").select(F.date_sub("d", 1)).first()[0]
    datetime.date(2024, 2, 29)
    """
    return _call("date_sub", _c(start), _n(days))


def date_trunc(format: str, timestamp: ColumnOrName) -> Column:
    """A timestamp cut to a unit.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts")
    >>> df.select(F.date_trunc("hour", "ts").cast("string")).first()[0]
    '2024-02-29 13:00:00'
    """
    return _call("date_trunc", format, _c(timestamp))


def dateadd(start: ColumnOrName, days: ColumnOrName | int) -> Column:
    """A date some days later.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-28' AS d").select(F.dateadd("d", 2)).first()[0]
    datetime.date(2024, 3, 1)
    """
    return _call("dateadd", _c(start), _n(days))


def datediff(end: ColumnOrName, start: ColumnOrName) -> Column:
    """The days from `start` to `end`.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-03-01' AS a, date'2024-02-01' AS b").select(F.datediff("a", "b")).first()[0]
    29
    """
    return _call("datediff", _c(end), _c(start))


def datepart(field: Column, source: ColumnOrName) -> Column:
    """A part of a date or time.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.datepart(F.lit("year"), "d")).first()[0]
    2024
    """
    return _call("datepart", field, _c(source))


def day(col: ColumnOrName) -> Column:
    """The day of the month.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.day("d")).first()[0]
    29
    """
    return _call("day", _c(col))


def dayname(col: ColumnOrName) -> Column:
    """The short name of the day of the week.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.dayname("d")).first()[0]
    'Thu'
    """
    return _call("dayname", _c(col))


def dayofmonth(col: ColumnOrName) -> Column:
    """The day of the month.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.dayofmonth("d")).first()[0]
    29
    """
    return _call("dayofmonth", _c(col))


def dayofweek(col: ColumnOrName) -> Column:
    """The day of the week, Sunday is 1.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.dayofweek("d")).first()[0]
    5
    """
    return _call("dayofweek", _c(col))


def dayofyear(col: ColumnOrName) -> Column:
    """The day of the year.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.dayofyear("d")).first()[0]
    60
    """
    return _call("dayofyear", _c(col))


def extract(field: Column, source: ColumnOrName) -> Column:
    """A part of a date or time.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts").select(F.extract(F.lit("hour"), "ts")).first()[0]
    13
    """
    return _call("extract", field, _c(source))


def from_unixtime(timestamp: ColumnOrName, format: str = "yyyy-MM-dd HH:mm:ss") -> Column:
    """Seconds since 1970 as text by a pattern, in the session's time zone.

    Examples
    --------
    >>> spark.sql("SELECT 0 AS n").select(F.from_unixtime("n")).first()[0]
    '1970-01-01 00:00:00'
    """
    return _call("from_unixtime", _c(timestamp), format)


def from_utc_timestamp(timestamp: ColumnOrName, tz: Column | str) -> Column:
    """A UTC clock reading in a time zone.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-01-01 12:00:00' AS ts")
    >>> df.select(F.from_utc_timestamp("ts", "Asia/Tokyo").cast("string")).first()[0]
    '2024-01-01 21:00:00'
    """
    return _call("from_utc_timestamp", _c(timestamp), tz)


def hour(col: ColumnOrName) -> Column:
    """The hour.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts").select(F.hour("ts")).first()[0]
    13
    """
    return _call("hour", _c(col))


def last_day(date: ColumnOrName) -> Column:
    """The last day of the month.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-10' AS d").select(F.last_day("d")).first()[0]
    datetime.date(2024, 2, 29)
    """
    return _call("last_day", _c(date))


def localtimestamp() -> Column:
    """The time at which the batch started, without a time zone."""
    return _call("localtimestamp")


def make_date(year: ColumnOrName, month: ColumnOrName, day: ColumnOrName) -> Column:
    """A date from its parts.

    Examples
    --------
    >>> spark.sql("SELECT 2024 AS y, 2 AS m, 29 AS d").select(F.make_date("y", "m", "d")).first()[0]
    datetime.date(2024, 2, 29)
    """
    return _call("make_date", _c(year), _c(month), _c(day))


def make_time(hour: ColumnOrName, minute: ColumnOrName, second: ColumnOrName) -> Column:
    """Calls ``make_time`` of Spark SQL."""
    return _call("make_time", _c(hour), _c(minute), _c(second))


def make_timestamp_ltz(
    years: ColumnOrName,
    months: ColumnOrName,
    days: ColumnOrName,
    hours: ColumnOrName,
    mins: ColumnOrName,
    secs: ColumnOrName,
    timezone: ColumnOrName | None = None,
) -> Column:
    """A timestamp from its parts, in the session's time zone or in one that is given.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 2 AS m, 29 AS d, 13 AS h, 45 AS min, 30.5 AS s")
    >>> df.select(F.make_timestamp_ltz("y", "m", "d", "h", "min", "s").cast("string")).first()[0]
    '2024-02-29 13:45:30.5'
    """
    return _call_optional(
        "make_timestamp_ltz", _c(years), _c(months), _c(days), _c(hours), _c(mins), _c(secs), _o(timezone)
    )


def minute(col: ColumnOrName) -> Column:
    """The minute.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts").select(F.minute("ts")).first()[0]
    45
    """
    return _call("minute", _c(col))


def month(col: ColumnOrName) -> Column:
    """The month.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.month("d")).first()[0]
    2
    """
    return _call("month", _c(col))


def monthname(col: ColumnOrName) -> Column:
    """The short name of the month.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.monthname("d")).first()[0]
    'Feb'
    """
    return _call("monthname", _c(col))


def months_between(date1: ColumnOrName, date2: ColumnOrName, roundOff: bool = True) -> Column:
    """The months between two dates.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-03-31' AS a, date'2024-01-31' AS b").select(F.months_between("a", "b")).first()[0]
    2.0
    """
    return _call("months_between", _c(date1), _c(date2), roundOff)


def next_day(date: ColumnOrName, dayOfWeek: str) -> Column:
    """The next such day of the week.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.next_day("d", "Mon")).first()[0]
    datetime.date(2024, 3, 4)
    """
    return _call("next_day", _c(date), dayOfWeek)


def now() -> Column:
    """Now, as the batch started."""
    return _call("now")


def quarter(col: ColumnOrName) -> Column:
    """The quarter.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.quarter("d")).first()[0]
    1
    """
    return _call("quarter", _c(col))


def second(col: ColumnOrName) -> Column:
    """The second.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'2024-02-29 13:45:30' AS ts").select(F.second("ts")).first()[0]
    30
    """
    return _call("second", _c(col))


def timestamp_add(unit: str, quantity: ColumnOrName, ts: ColumnOrName) -> Column:
    """A timestamp some units later.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 13:45:00' AS ts")
    >>> df.select(F.timestamp_add("HOUR", F.lit(2), "ts").cast("string")).first()[0]
    '2024-02-29 15:45:00'
    """
    return _call("timestamp_add", unit, _c(quantity), _c(ts))


def timestamp_diff(unit: str, start: ColumnOrName, end: ColumnOrName) -> Column:
    """The units from one timestamp to another.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-02-29 12:00:00' AS a, timestamp'2024-03-01 13:30:00' AS b")
    >>> df.select(F.timestamp_diff("HOUR", "a", "b")).first()[0]
    25
    """
    return _call("timestamp_diff", unit, _c(start), _c(end))


def timestamp_micros(col: ColumnOrName) -> Column:
    """The timestamp some microseconds after 1970.

    Examples
    --------
    >>> spark.sql("SELECT 1500000 AS n").select(F.timestamp_micros("n").cast("string")).first()[0]
    '1970-01-01 00:00:01.5'
    """
    return _call("timestamp_micros", _c(col))


def timestamp_millis(col: ColumnOrName) -> Column:
    """The timestamp some milliseconds after 1970.

    Examples
    --------
    >>> spark.sql("SELECT 1500 AS n").select(F.timestamp_millis("n").cast("string")).first()[0]
    '1970-01-01 00:00:01.5'
    """
    return _call("timestamp_millis", _c(col))


def timestamp_nanos(col: ColumnOrName) -> Column:
    """Calls ``timestamp_nanos`` of Spark SQL."""
    return _call("timestamp_nanos", _c(col))


def timestamp_seconds(col: ColumnOrName) -> Column:
    """The timestamp some seconds after 1970.

    Examples
    --------
    >>> spark.sql("SELECT 60 AS n").select(F.timestamp_seconds("n").cast("string")).first()[0]
    '1970-01-01 00:01:00'
    """
    return _call("timestamp_seconds", _c(col))


def time_bucket(bucket_size: Column, ts: ColumnOrName, origin: Column | None = None) -> Column:
    """Calls ``time_bucket`` of Spark SQL."""
    return _call_optional("time_bucket", bucket_size, _c(ts), origin)


def time_diff(unit: ColumnOrName, start: ColumnOrName, end: ColumnOrName) -> Column:
    """Calls ``time_diff`` of Spark SQL."""
    return _call("time_diff", _c(unit), _c(start), _c(end))


def time_from_micros(col: ColumnOrName) -> Column:
    """Calls ``time_from_micros`` of Spark SQL."""
    return _call("time_from_micros", _c(col))


def time_from_millis(col: ColumnOrName) -> Column:
    """Calls ``time_from_millis`` of Spark SQL."""
    return _call("time_from_millis", _c(col))


def time_from_seconds(col: ColumnOrName) -> Column:
    """Calls ``time_from_seconds`` of Spark SQL."""
    return _call("time_from_seconds", _c(col))


def time_to_micros(col: ColumnOrName) -> Column:
    """Calls ``time_to_micros`` of Spark SQL."""
    return _call("time_to_micros", _c(col))


def time_to_millis(col: ColumnOrName) -> Column:
    """Calls ``time_to_millis`` of Spark SQL."""
    return _call("time_to_millis", _c(col))


def time_to_seconds(col: ColumnOrName) -> Column:
    """Calls ``time_to_seconds`` of Spark SQL."""
    return _call("time_to_seconds", _c(col))


def time_trunc(unit: ColumnOrName, time: ColumnOrName) -> Column:
    """Calls ``time_trunc`` of Spark SQL."""
    return _call("time_trunc", _c(unit), _c(time))


def to_date(col: ColumnOrName, format: str | None = None) -> Column:
    """A date from text or a timestamp.

    Examples
    --------
    >>> spark.sql("SELECT '29.02.2024' AS s").select(F.to_date("s", "dd.MM.yyyy")).first()[0]
    datetime.date(2024, 2, 29)
    """
    return _call_optional("to_date", _c(col), format)


def to_time(str: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Calls ``to_time`` of Spark SQL."""
    return _call_optional("to_time", _c(str), _o(format))


def to_timestamp(col: ColumnOrName, format: str | None = None) -> Column:
    """A timestamp from text.

    Examples
    --------
    >>> df = spark.sql("SELECT '29.02.2024 13:45' AS s")
    >>> df.select(F.to_timestamp("s", "dd.MM.yyyy HH:mm").cast("string")).first()[0]
    '2024-02-29 13:45:00'
    """
    return _call_optional("to_timestamp", _c(col), format)


def to_timestamp_ltz(timestamp: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Text as an instant, by a pattern or by the rules of casts.

    Examples
    --------
    >>> spark.sql("SELECT '2024-02-29 13:45:00' AS s").select(F.to_timestamp_ltz("s").cast("string")).first()[0]
    '2024-02-29 13:45:00'
    """
    return _call_optional("to_timestamp_ltz", _c(timestamp), _o(format))


def to_timestamp_ntz(timestamp: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Text as a clock reading without a time zone, by a pattern or by the rules of casts.

    Examples
    --------
    >>> spark.sql("SELECT '2024-02-29 13:45:00' AS s").select(F.to_timestamp_ntz("s").cast("string")).first()[0]
    '2024-02-29 13:45:00'
    """
    return _call_optional("to_timestamp_ntz", _c(timestamp), _o(format))


def to_unix_timestamp(timestamp: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Seconds since 1970 of a time.

    Examples
    --------
    >>> spark.sql("SELECT '1970-01-02 00:00:00' AS s").select(F.to_unix_timestamp("s")).first()[0]
    86400
    """
    return _call_optional("to_unix_timestamp", _c(timestamp), _o(format))


def to_utc_timestamp(timestamp: ColumnOrName, tz: Column | str) -> Column:
    """A time zone's clock reading in UTC.

    Examples
    --------
    >>> df = spark.sql("SELECT timestamp'2024-01-01 21:00:00' AS ts")
    >>> df.select(F.to_utc_timestamp("ts", "Asia/Tokyo").cast("string")).first()[0]
    '2024-01-01 12:00:00'
    """
    return _call("to_utc_timestamp", _c(timestamp), tz)


def trunc(date: ColumnOrName, format: str) -> Column:
    """A date cut to a unit.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.trunc("d", "year")).first()[0]
    datetime.date(2024, 1, 1)
    """
    return _call("trunc", _c(date), format)


def try_make_timestamp_ltz(
    years: ColumnOrName,
    months: ColumnOrName,
    days: ColumnOrName,
    hours: ColumnOrName,
    mins: ColumnOrName,
    secs: ColumnOrName,
    timezone: ColumnOrName | None = None,
) -> Column:
    """As `make_timestamp_ltz`, or null where there is no such moment.

    Examples
    --------
    >>> df = spark.sql("SELECT 2024 AS y, 13 AS m, 29 AS d, 13 AS h, 45 AS min, 30 AS s")
    >>> print(df.select(F.try_make_timestamp_ltz("y", "m", "d", "h", "min", "s")).first()[0])
    None
    """
    return _call_optional(
        "try_make_timestamp_ltz", _c(years), _c(months), _c(days), _c(hours), _c(mins), _c(secs), _o(timezone)
    )


def try_to_time(str: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Calls ``try_to_time`` of Spark SQL."""
    return _call_optional("try_to_time", _c(str), _o(format))


def try_to_timestamp(col: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """A timestamp from text, or null.

    Examples
    --------
    >>> print(spark.sql("SELECT 'soon' AS s").select(F.try_to_timestamp("s")).first()[0])
    None
    """
    return _call_optional("try_to_timestamp", _c(col), _o(format))


def try_to_date(col: ColumnOrName, format: str | None = None) -> Column:
    """A date from text, or null.

    Examples
    --------
    >>> print(spark.sql("SELECT 'soon' AS s").select(F.try_to_date("s")).first()[0])
    None
    """
    return _call_optional("try_to_date", _c(col), format)


def unix_date(col: ColumnOrName) -> Column:
    """Days since 1970-01-01.

    Examples
    --------
    >>> spark.sql("SELECT date'1970-01-02' AS d").select(F.unix_date("d")).first()[0]
    1
    """
    return _call("unix_date", _c(col))


def unix_micros(col: ColumnOrName) -> Column:
    """Microseconds since 1970.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'1970-01-01 00:00:01' AS ts").select(F.unix_micros("ts")).first()[0]
    1000000
    """
    return _call("unix_micros", _c(col))


def unix_millis(col: ColumnOrName) -> Column:
    """Milliseconds since 1970.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'1970-01-01 00:00:01' AS ts").select(F.unix_millis("ts")).first()[0]
    1000
    """
    return _call("unix_millis", _c(col))


def unix_nanos(col: ColumnOrName) -> Column:
    """Calls ``unix_nanos`` of Spark SQL."""
    return _call("unix_nanos", _c(col))


def unix_seconds(col: ColumnOrName) -> Column:
    """Seconds since 1970.

    Examples
    --------
    >>> spark.sql("SELECT timestamp'1970-01-01 00:00:01' AS ts").select(F.unix_seconds("ts")).first()[0]
    1
    """
    return _call("unix_seconds", _c(col))


def weekday(col: ColumnOrName) -> Column:
    """The day of the week, Monday is 0.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.weekday("d")).first()[0]
    3
    """
    return _call("weekday", _c(col))


def weekofyear(col: ColumnOrName) -> Column:
    """The ISO week of the year.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.weekofyear("d")).first()[0]
    9
    """
    return _call("weekofyear", _c(col))


def window_time(windowColumn: ColumnOrName) -> Column:
    """The time of a window that a later window may use: its end less one microsecond."""
    return _call("window_time", _c(windowColumn))


def year(col: ColumnOrName) -> Column:
    """The year.

    Examples
    --------
    >>> spark.sql("SELECT date'2024-02-29' AS d").select(F.year("d")).first()[0]
    2024
    """
    return _call("year", _c(col))
