"""The arguments of a function as an expression: columns, values and omitted ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from firesteel import _native
from firesteel.conf import _text
from firesteel.errors import PySparkValueError, _not_type
from firesteel.sql.column import Column, _call, _expr
from firesteel.sql.types import DataType, StructType

ColumnOrName = Column | str

_numbers = count()


def _c(value: ColumnOrName) -> _native.Expr:
    """An argument that is a column: a string is its name."""
    return _expr(value)


def _cs(values: Iterable[Any]) -> list[_native.Expr]:
    """Several of them, given one by one or as one list."""
    given = list(values)
    if len(given) == 1 and isinstance(given[0], (list, tuple, set)):
        given = list(given[0])
    return [_expr(value) for value in given]


def _n(value: Any) -> Any:
    """An argument that is a column, its name or a number."""
    return _expr(value) if isinstance(value, (Column, str)) else value


def _o(value: Any) -> Any:
    """As `_n`, or None for an argument that was not given."""
    return None if value is None else _n(value)


def _call_optional(name: str, *arguments: Any) -> Column:
    """A call whose last arguments may not have been given."""
    given = list(arguments)
    while given and given[-1] is None:
        given.pop()
    return _call(name, *given)


def _options(options: Any) -> list[Any]:
    """The options of a parsing function as a map literal, if there are any."""
    if not options:
        return []
    pairs: list[Any] = []
    for key, value in options.items():
        pairs += [key, _text(value)]
    return [_call("map", *pairs)]


def _schema(schema: Any) -> Any:
    """The schema of a parsing function. A type becomes DDL, other schemas stay as they are."""
    if isinstance(schema, StructType):
        return schema.toDDL()
    if isinstance(schema, DataType):
        return schema.simpleString()
    if isinstance(schema, (Column, str)):
        return schema
    raise _not_type("schema", "Column, DataType or str", schema)


def _lambda(f: Callable[..., Column], names: str = "xyz") -> Column:
    """A Python function of columns as a lambda of the engine."""
    code = getattr(f, "__code__", None)
    if code is None:
        import inspect

        parameters = inspect.signature(f).parameters.values()
        number = len(parameters)
        positional = all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    else:
        number = code.co_argcount - (1 if hasattr(f, "__self__") else 0)
        positional = code.co_kwonlyargcount == 0 and not code.co_flags & 0x0C
    name = getattr(f, "__name__", repr(f))
    if not positional:
        raise PySparkValueError(
            errorClass="UNSUPPORTED_PARAM_TYPE_FOR_HIGHER_ORDER_FUNCTION", messageParameters={"func_name": name}
        )
    if not 1 <= number <= 3:
        raise PySparkValueError(
            errorClass="WRONG_NUM_ARGS_FOR_HIGHER_ORDER_FUNCTION",
            messageParameters={"func_name": name, "num_args": str(number)},
        )
    variables = [f"{letter}_{next(_numbers)}" for letter in names[:number]]
    result = f(*(Column(_native.Expr.lambda_variable(variable)) for variable in variables))
    if not isinstance(result, Column):
        raise PySparkValueError(
            errorClass="HIGHER_ORDER_FUNCTION_SHOULD_RETURN_COLUMN",
            messageParameters={"func_name": name, "return_type": type(result).__name__},
        )
    return Column(_native.Expr.function(variables, result))
