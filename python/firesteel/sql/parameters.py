"""Parameters of SQL text.

``:name`` and ``?`` stand for values, ``{name}`` for DataFrames and values.
"""

from __future__ import annotations

import string
from itertools import count
from typing import Any

from firesteel._native import sql_parameters
from firesteel.errors import AnalysisException, PySparkTypeError, _not_type
from firesteel.sql.conf import _NoValue

_numbers = count()


def with_values(text: str, args: Any) -> str:
    """The text with its parameters replaced by literals."""
    if not isinstance(args, (dict, list, tuple)):
        raise _not_type("args", "dict or list", args)
    positions = iter(args) if isinstance(args, (list, tuple)) else iter(())
    named = args if isinstance(args, dict) else {}
    written, end = [], 0
    for start, stop, name in sql_parameters(text):
        if name is not None:
            if name not in named:
                raise _unbound(name)
            value = named[name]
        else:
            value = next(positions, _NoValue)
            if value is _NoValue:
                raise _unbound(f"_{start}")
        written += [text[end:start], literal(value)]
        end = stop
    return "".join([*written, text[end:]])


def _unbound(name: str) -> AnalysisException:
    return AnalysisException(f"[UNBOUND_SQL_PARAMETER] the parameter `{name}` has no value. SQLSTATE: 42P02")


class _View(str):
    """The name of a view; ``{df[id]}`` is a column of it."""

    def __getitem__(self, column: Any) -> str:
        return _quoted(column)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def with_frames(text: str, kwargs: dict[str, Any], views: list[str]) -> str:
    """The text with each ``{name}`` replaced. The views that stand for DataFrames in it go to `views`."""
    from firesteel.sql.column import Column
    from firesteel.sql.dataframe import DataFrame

    shown: dict[str, Any] = {}
    for name, value in kwargs.items():
        if isinstance(value, DataFrame):
            view = f"_firesteel_sql_{next(_numbers)}"
            value.createOrReplaceTempView(view)
            views.append(view)
            shown[name] = _View(view)
        elif isinstance(value, Column):
            column = value._expr.name()
            if column is None:
                raise PySparkTypeError(
                    f"the parameter '{name}' must be a plain column, a DataFrame or a value, found {value}"
                )
            shown[name] = _quoted(column)
        else:
            shown[name] = literal(value)
    return string.Formatter().vformat(text, (), shown)


def literal(value: Any) -> str:
    """A Python value as a SQL literal."""
    import datetime
    import decimal

    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, decimal.Decimal) and value.is_finite():
        return f"{value:f}BD"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, (bytes, bytearray)):
        return f"X'{value.hex()}'"
    if isinstance(value, datetime.datetime) and value == value:  # NaT is not
        # A naive datetime is of the process's time zone, as everywhere else.
        return f"TIMESTAMP '{value.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(sep=' ')}Z'"
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, datetime.timedelta):
        micros = value // datetime.timedelta(microseconds=1)
        sign, (seconds, rest) = "-" if micros < 0 else "", divmod(abs(micros), 10**6)
        return f"INTERVAL '{sign}{seconds}.{rest:06d}' SECOND"
    if isinstance(value, (list, tuple)):
        return f"array({', '.join(map(literal, value))})"
    if isinstance(value, dict):
        return f"map({', '.join(f'{literal(k)}, {literal(v)}' for k, v in value.items())})"
    raise PySparkTypeError(errorClass="UNSUPPORTED_LITERAL", messageParameters={"literal": repr(value)})
