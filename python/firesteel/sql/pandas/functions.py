"""``pandas_udf`` and ``arrow_udf``: functions of whole columns, and their type hints."""

from __future__ import annotations

import functools
import inspect
import types
import typing
import warnings
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

from firesteel.errors import PySparkNotImplementedError, PySparkTypeError, PySparkValueError, _not_type
from firesteel.sql.types import DataType
from firesteel.sql.udf import PythonEvalType, UserDefinedFunction

__all__ = ["ArrowUDFType", "PandasUDFType", "arrow_udf", "pandas_udf"]


class PandasUDFType:
    """The kinds that ``functionType`` may name. Type hints are the better way."""

    SCALAR = PythonEvalType.SQL_SCALAR_PANDAS_UDF
    SCALAR_ITER = PythonEvalType.SQL_SCALAR_PANDAS_ITER_UDF
    GROUPED_MAP = PythonEvalType.SQL_GROUPED_MAP_PANDAS_UDF
    GROUPED_AGG = PythonEvalType.SQL_GROUPED_AGG_PANDAS_UDF


class ArrowUDFType:
    """The kinds that ``functionType`` of ``arrow_udf`` may name."""

    SCALAR = PythonEvalType.SQL_SCALAR_ARROW_UDF
    SCALAR_ITER = PythonEvalType.SQL_SCALAR_ARROW_ITER_UDF
    GROUPED_AGG = PythonEvalType.SQL_GROUPED_AGG_ARROW_UDF


def pandas_udf(f: Any = None, returnType: Any = None, functionType: Any = None) -> Any:
    """Make a function of columns from a function of pandas series.

    Parameters
    ----------
    f : function, optional
        From series to a series (``pd.Series, … -> pd.Series``), or from an iterator of series to an
        iterator of series. A struct column is a ``pd.DataFrame``. In a decorator with arguments
        this is the return type.
    returnType : DataType or str, optional
        The type of the result.
    functionType : int, optional
        A kind of :class:`PandasUDFType`, for functions without type hints.

    Returns
    -------
    function

    Notes
    -----
    A series has at most ``spark.sql.execution.arrow.maxRecordsPerBatch`` rows. An iterator function
    is called once for each of the engine's lanes and batches. It has its own thread and may read
    ahead.

    Examples
    --------
    >>> import pandas as pd
    >>> from firesteel.sql.functions import pandas_udf
    >>> @pandas_udf("double")
    ... def celsius(fahrenheit: pd.Series) -> pd.Series:
    ...     return (fahrenheit - 32) / 1.8
    >>> celsius("t")
    Column<'celsius(t)'>
    """
    return _vectorized(f, returnType, functionType, "pandas")


def arrow_udf(f: Any = None, returnType: Any = None, functionType: Any = None) -> Any:
    """Make a function of columns from a function of ``pyarrow`` arrays.

    Parameters
    ----------
    f : function, optional
        From arrays to an array (``pa.Array, … -> pa.Array``), or from an iterator of arrays to an
        iterator of arrays. In a decorator with arguments this is the return type.
    returnType : DataType or str, optional
        The type of the result.
    functionType : int, optional
        A kind of :class:`ArrowUDFType`, for functions without type hints.

    Returns
    -------
    function
    """
    return _vectorized(f, returnType, functionType, "arrow")


def _vectorized(f: Any, returnType: Any, functionType: Any, kind: str) -> Any:
    decorator = f is None or isinstance(f, (str, DataType))
    if decorator:
        # The return type may come first: @pandas_udf("double").
        return_type = f or returnType
        eval_type = returnType if f is not None and returnType is not None else functionType
    else:
        return_type, eval_type = returnType, functionType
    if return_type is None:
        raise PySparkTypeError(errorClass="CANNOT_BE_NONE", messageParameters={"arg_name": "returnType"})
    allowed = _allowed(kind)
    if eval_type is not None and eval_type not in allowed.values():
        raise PySparkTypeError(
            errorClass="INVALID_PANDAS_UDF_TYPE",
            messageParameters={"arg_name": "functionType", "arg_type": str(eval_type)},
        )
    if decorator:
        return functools.partial(_create, returnType=return_type, evalType=eval_type, kind=kind)
    return _create(f, return_type, eval_type, kind)


def _allowed(kind: str) -> dict[str, int]:
    named = PandasUDFType if kind == "pandas" else ArrowUDFType
    return {name: value for name, value in vars(named).items() if not name.startswith("_")}


def _create(f: Callable[..., Any], returnType: Any, evalType: int | None, kind: str) -> Any:
    if not callable(f):
        raise _not_type("f", "callable", f)
    spec = inspect.getfullargspec(f)
    if evalType is None and spec.annotations:
        evalType = _infer(f, kind)
    elif evalType is not None and kind == "pandas" and not spec.annotations:
        warnings.warn(
            "say the kind of a pandas function by type hints; functionType is the older way", UserWarning, stacklevel=3
        )
    if evalType is None:
        evalType = PandasUDFType.SCALAR if kind == "pandas" else ArrowUDFType.SCALAR
    if not spec.args and spec.varargs is None:
        detail = f"0-arg {kind}_udfs are not supported: write one with an argument and ignore it"
        raise PySparkValueError(errorClass="INVALID_PANDAS_UDF", messageParameters={"detail": detail})
    return UserDefinedFunction(f, returnType, None, evalType)._wrapped()


def infer_for_udf(f: Callable[..., Any]) -> int | None:
    """The kind in the hints of a function given to ``udf``, or None for a function of values."""
    spec = inspect.getfullargspec(f)
    if not spec.args or not spec.annotations:
        return None
    return _infer(f, "all") if _names_columns(f) else None


def _hints(f: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    try:
        hints = typing.get_type_hints(f)
    except NameError:
        hints = {}
    return inspect.signature(f), hints


def _names_columns(f: Callable[..., Any]) -> bool:
    """Whether a hint is a type of pandas or pyarrow. Neither is imported to find out."""
    _, hints = _hints(f)

    def inside(hint: Any) -> bool:
        module = getattr(hint, "__module__", "") or ""
        return module.split(".")[0] in ("pandas", "pyarrow") or any(inside(part) for part in get_args(hint))

    return any(inside(hint) for hint in hints.values())


def _infer(f: Callable[..., Any], kind: str) -> int:
    signature, hints = _hints(f)
    parameters = []
    for name, parameter in signature.parameters.items():
        if parameter.annotation is parameter.empty:
            raise _unhinted("all parameters", signature)
        parameters.append(hints.get(name, parameter.annotation))
    returned = hints.get("return", signature.return_annotation)
    if returned is signature.empty:
        raise _unhinted("the return type", signature)
    found = None
    if kind in ("pandas", "all"):
        import pandas as pd

        found = _kind_of(parameters, returned, (pd.Series, pd.DataFrame), PandasUDFType)
    if found is None and kind in ("arrow", "all"):
        import pyarrow as pa

        found = _kind_of(parameters, returned, (pa.Array,), ArrowUDFType)
    if found is None:
        raise PySparkNotImplementedError(
            errorClass="UNSUPPORTED_SIGNATURE", messageParameters={"signature": str(signature)}
        )
    return found


def _unhinted(target: str, signature: inspect.Signature) -> PySparkValueError:
    return PySparkValueError(
        errorClass="TYPE_HINT_SHOULD_BE_SPECIFIED", messageParameters={"target": target, "sig": str(signature)}
    )


def _kind_of(parameters: list[Any], returned: Any, columns: tuple[Any, ...], kinds: Any) -> int | None:
    """The kind: columns to a column, an iterator to an iterator or columns to a value."""

    def is_column(hint: Any) -> bool:
        if get_origin(hint) in (typing.Union, types.UnionType):
            return all(is_column(part) for part in get_args(hint))
        return any(hint is column for column in columns)

    def is_tuple_of_columns(hint: Any) -> bool:
        return get_origin(hint) is tuple and all(part is Ellipsis or is_column(part) for part in get_args(hint))

    def iterated(hint: Any) -> Any:
        return get_args(hint)[0] if get_origin(hint) is Iterator and get_args(hint) else None

    if all(is_column(hint) for hint in parameters):
        if is_column(returned):
            return kinds.SCALAR
        if iterated(returned) is None and get_origin(returned) is not tuple:
            return kinds.GROUPED_AGG
        return None
    element = iterated(parameters[0]) if len(parameters) == 1 else None
    if element is not None and (is_column(element) or is_tuple_of_columns(element)):
        result = iterated(returned)
        if result is not None and is_column(result):
            return kinds.SCALAR_ITER
        if result is None and not is_column(returned) and get_origin(returned) is not tuple:
            return kinds.GROUPED_AGG
    return None
