"""Python functions as columns: ``udf``, the function object and ``spark.udf``."""

from __future__ import annotations

import functools
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import PySparkNotImplementedError, PySparkTypeError, _not_type
from firesteel.sql.column import Column, _expr
from firesteel.sql.types import DataType, StringType, _parse_datatype_string

if TYPE_CHECKING:
    from firesteel.sql.session import SparkSession

__all__ = ["UDFRegistration", "UserDefinedFunction", "udf"]


class PythonEvalType:
    """Spark's numbers for those kinds of Python functions that exist here."""

    SQL_BATCHED_UDF = 100
    SQL_ARROW_BATCHED_UDF = 101
    SQL_SCALAR_PANDAS_UDF = 200
    SQL_GROUPED_MAP_PANDAS_UDF = 201
    SQL_GROUPED_AGG_PANDAS_UDF = 202
    SQL_SCALAR_PANDAS_ITER_UDF = 204
    SQL_SCALAR_ARROW_UDF = 250
    SQL_SCALAR_ARROW_ITER_UDF = 251
    SQL_GROUPED_AGG_ARROW_UDF = 252


_KINDS = {
    PythonEvalType.SQL_BATCHED_UDF: "rows",
    PythonEvalType.SQL_ARROW_BATCHED_UDF: "rows",
    PythonEvalType.SQL_SCALAR_PANDAS_UDF: "arrays",
    PythonEvalType.SQL_SCALAR_ARROW_UDF: "arrays",
    PythonEvalType.SQL_SCALAR_PANDAS_ITER_UDF: "iterator",
    PythonEvalType.SQL_SCALAR_ARROW_ITER_UDF: "iterator",
}


_MISSING = {
    PythonEvalType.SQL_GROUPED_MAP_PANDAS_UDF: "a pandas_udf over whole groups (GROUPED_MAP)",
    PythonEvalType.SQL_GROUPED_AGG_PANDAS_UDF: "a pandas_udf that aggregates a group to one value (GROUPED_AGG)",
    PythonEvalType.SQL_GROUPED_AGG_ARROW_UDF: "an arrow_udf that aggregates a group to one value",
}


def udf(
    f: Callable[..., Any] | DataType | str | None = None,
    returnType: DataType | str = StringType(),
    *,
    useArrow: bool | None = None,
) -> Any:
    """Make a function of columns from a Python function of values.

    Parameters
    ----------
    f : function, optional
        The function, called once for each row. With hints of pandas or pyarrow types it is a
        function of whole columns, as for ``pandas_udf``. In a decorator with arguments this is the
        return type.
    returnType : DataType or str
        The type of the result as a DDL string or a :class:`~firesteel.sql.types.DataType`, by
        default ``string``.
    useArrow : bool, optional
        Whether results are converted as Arrow converts them. Otherwise a result of another type
        than ``returnType`` is null. It is true by default if there is a session when the function
        is made.

    Returns
    -------
    function
        A function of columns, with ``asNondeterministic()``.

    Examples
    --------
    >>> from firesteel.sql.functions import udf
    >>> @udf("int")
    ... def plus_one(value):
    ...     return value + 1
    >>> plus_one("id")
    Column<'plus_one(id)'>
    """
    if f is None or isinstance(f, (str, DataType)):
        # A decorator, with or without arguments.
        return functools.partial(_create_py_udf, returnType=f or returnType, useArrow=useArrow)
    return _create_py_udf(f=f, returnType=returnType, useArrow=useArrow)


def _create_py_udf(f: Callable[..., Any], returnType: DataType | str, useArrow: bool | None = None) -> Any:
    session = _session()
    arrow = (
        (session is not None and _flag(session, "spark.sql.execution.pythonUDF.arrow.enabled"))
        if useArrow is None
        else useArrow
    )
    eval_type = None
    if useArrow is None:
        from firesteel.sql.pandas.functions import infer_for_udf

        try:
            eval_type = infer_for_udf(f)
        except Exception:  # As in Spark. A hint is the user's code and may raise anything.
            warnings.warn(
                "the type hints say nothing about the kind of this function, so it is called row by row",
                UserWarning,
                stacklevel=3,
            )
    if eval_type is None:
        eval_type = PythonEvalType.SQL_ARROW_BATCHED_UDF if arrow else PythonEvalType.SQL_BATCHED_UDF
    return UserDefinedFunction(f, returnType, None, eval_type)._wrapped()


def _session() -> SparkSession | None:
    from firesteel.sql.session import SparkSession

    return SparkSession.getActiveSession()


def _flag(session: SparkSession, key: str) -> bool:
    value = session._native.conf_get(key)
    return value is None or value.lower() == "true"


def _setting(key: str, default: str) -> str:
    session = _session()
    return default if session is None else session._native.conf_get(key) or default


_turns: weakref.WeakKeyDictionary[Any, _native.Turn] = weakref.WeakKeyDictionary()
_turns_lock = threading.Lock()


def _turn(func: Callable[..., Any], otherwise: _native.Turn) -> _native.Turn:
    """The turn of a Python function, the same for all columns that are made of it.

    It is ``otherwise`` for an object without a hash.
    """
    try:
        with _turns_lock:
            return _turns.setdefault(func, otherwise)
    except TypeError:
        return otherwise


class UserDefinedFunction:
    """A Python function as a function of columns.

    :func:`udf`, ``pandas_udf`` and ``arrow_udf`` make it.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        returnType: DataType | str = StringType(),
        name: str | None = None,
        evalType: int = PythonEvalType.SQL_BATCHED_UDF,
        deterministic: bool = True,
    ) -> None:
        if not callable(func):
            raise _not_type("func", "callable", func)
        if not isinstance(returnType, (DataType, str)):
            raise _not_type("returnType", "DataType or str", returnType)
        if not isinstance(evalType, int):
            raise _not_type("evalType", "int", evalType)
        if evalType not in _KINDS:
            raise PySparkNotImplementedError(
                errorClass="NOT_IMPLEMENTED",
                messageParameters={"feature": _MISSING.get(evalType, f"a Python function of kind {evalType}")},
            )
        self.func = func
        self._returnType = returnType
        self._parsed: DataType | None = None
        self._name = name or (func.__name__ if hasattr(func, "__name__") else func.__class__.__name__)
        self.evalType = evalType
        self.deterministic = deterministic
        self._made: dict[tuple[Any, ...], _native.Function] = {}
        self._own_turn = _native.Turn()

    @property
    def returnType(self) -> DataType:
        """The type of the result."""
        if self._parsed is None:
            parsed = (
                self._returnType if isinstance(self._returnType, DataType) else _parse_datatype_string(self._returnType)
            )
            _check_return_type(parsed, self.evalType)
            self._parsed = parsed
        return self._parsed

    def __call__(self, *args: Column | str, **kwargs: Column | str) -> Column:
        names = tuple(kwargs)
        function = self._function(self._name, names)
        return Column(function.call([_expr(value) for value in (*args, *kwargs.values())]))

    def _function(self, name: str, names: tuple[str, ...] = ()) -> _native.Function:
        """The engine's function, one for each set of keywords. So equal calls are one call."""
        time_zone = _setting("spark.sql.session.timeZone", "UTC")
        thread_safe = bool(getattr(self.func, "thread_safe", False))
        key = (name, names, time_zone, thread_safe)
        if key not in self._made:
            rows = int(_setting("spark.sql.execution.arrow.maxRecordsPerBatch", "10000"))
            self._made[key] = _native.Function.python(
                name,
                self._body(names, time_zone),
                self.returnType.json(),
                _KINDS[self.evalType],
                self.deterministic,
                rows if rows > 0 else None,
                None if thread_safe else _turn(self.func, self._own_turn),
            )
        return self._made[key]

    def _registered(self, name: str) -> _native.Function:
        """The function under the name that it has in SQL."""
        return self._function(name)

    def _body(self, names: tuple[str, ...], time_zone: str) -> Callable[..., Any]:
        from firesteel.sql import _calls

        kind, returns = self.evalType, self.returnType
        if names and _KINDS[kind] == "iterator":
            raise PySparkNotImplementedError(
                errorClass="NOT_IMPLEMENTED", messageParameters={"feature": "keyword arguments of an iterator function"}
            )
        if kind == PythonEvalType.SQL_BATCHED_UDF:
            return _calls.pickled_rows(self.func, returns, names)
        if kind == PythonEvalType.SQL_ARROW_BATCHED_UDF:
            return _calls.rows(self.func, returns, names)
        if kind == PythonEvalType.SQL_SCALAR_PANDAS_UDF:
            return _calls.pandas(self.func, returns, names, time_zone)
        if kind == PythonEvalType.SQL_SCALAR_PANDAS_ITER_UDF:
            return _calls.pandas_iterator(self.func, returns, time_zone)
        if kind == PythonEvalType.SQL_SCALAR_ARROW_UDF:
            return _calls.arrow(self.func, returns, names, time_zone)
        return _calls.arrow_iterator(self.func, returns, time_zone)

    def _wrapped(self) -> Any:
        """A plain function that carries the attributes of this object, as ``udf`` returns it."""
        assigned = tuple(name for name in functools.WRAPPER_ASSIGNMENTS if name not in ("__name__", "__module__"))

        @functools.wraps(self.func, assigned=assigned)
        def wrapper(*args: Column | str, **kwargs: Column | str) -> Column:
            return self(*args, **kwargs)

        wrapper.__name__ = self._name
        wrapper.__module__ = getattr(self.func, "__module__", None) or type(self.func).__module__
        wrapper.func = self.func  # type: ignore[attr-defined]
        wrapper.returnType = self.returnType  # type: ignore[attr-defined]
        wrapper.evalType = self.evalType  # type: ignore[attr-defined]
        wrapper.deterministic = self.deterministic  # type: ignore[attr-defined]
        wrapper.asNondeterministic = functools.wraps(self.asNondeterministic)(  # type: ignore[attr-defined]
            lambda: self.asNondeterministic()._wrapped()
        )
        wrapper._unwrapped = self  # type: ignore[attr-defined]
        return wrapper

    def asNondeterministic(self) -> UserDefinedFunction:
        """Declares that the function may return different results for equal arguments.

        Then no filter moves below its call.

        Returns
        -------
        UserDefinedFunction
            This function.
        """
        self.deterministic = False
        self._made.clear()
        return self


def _check_return_type(return_type: DataType, eval_type: int) -> None:
    from firesteel.sql.representation import arrow_type

    words = {
        PythonEvalType.SQL_ARROW_BATCHED_UDF: "Invalid return type with Arrow-optimized Python UDF",
        PythonEvalType.SQL_SCALAR_PANDAS_UDF: "Invalid return type with scalar Pandas UDFs",
        PythonEvalType.SQL_SCALAR_PANDAS_ITER_UDF: "Invalid return type with scalar Pandas UDFs",
        PythonEvalType.SQL_SCALAR_ARROW_UDF: "Invalid return type with scalar Arrow UDFs",
        PythonEvalType.SQL_SCALAR_ARROW_ITER_UDF: "Invalid return type with scalar Arrow UDFs",
    }
    if eval_type not in words:
        return
    try:
        arrow_type(return_type)
    except TypeError:
        raise PySparkNotImplementedError(
            errorClass="NOT_IMPLEMENTED", messageParameters={"feature": f"{words[eval_type]}: {return_type}"}
        ) from None


class UDFRegistration:
    """``spark.udf``: gives Python functions and models names in SQL."""

    def __init__(self, sparkSession: SparkSession) -> None:
        self.sparkSession = sparkSession

    def register(self, name: str, f: Callable[..., Any], returnType: DataType | str | None = None) -> Any:
        """Give a function a name that SQL text can call.

        Parameters
        ----------
        name : str
            The name in SQL.
        f : function
            A Python function, a result of :func:`udf` or ``pandas_udf``, a ``Model`` or its
            ``udf()``.
        returnType : DataType or str, optional
            The result's type for a plain Python function, by default ``string``.

        Returns
        -------
        function
            The function under its new name.

        Examples
        --------
        >>> strlen = spark.udf.register("strlen", lambda text: len(text), "int")
        >>> spark.sql("SELECT strlen('four') AS n").collect()
        [Row(n=4)]
        """
        made = getattr(f, "_unwrapped", f)
        if isinstance(made, UserDefinedFunction) or hasattr(made, "_registered"):
            if returnType is not None:
                raise PySparkTypeError(
                    errorClass="CANNOT_SPECIFY_RETURN_TYPE_FOR_UDF",
                    messageParameters={"arg_name": "f", "return_type": str(returnType)},
                )
            made._registered(name).register(self.sparkSession._native, name)
            if not isinstance(made, UserDefinedFunction):
                return f
            named = UserDefinedFunction(made.func, made.returnType, name, made.evalType, made.deterministic)
            return named._wrapped()
        named = UserDefinedFunction(f, StringType() if returnType is None else returnType, name, self._eval_type())
        named._registered(name).register(self.sparkSession._native, name)
        return named._wrapped()

    def _eval_type(self) -> int:
        arrow = _flag(self.sparkSession, "spark.sql.execution.pythonUDF.arrow.enabled")
        return PythonEvalType.SQL_ARROW_BATCHED_UDF if arrow else PythonEvalType.SQL_BATCHED_UDF

    def registerJavaFunction(self, name: str, javaClassName: str, returnType: DataType | str | None = None) -> None:
        """Raises: there is no JVM here."""
        raise PySparkNotImplementedError(
            errorClass="NOT_IMPLEMENTED", messageParameters={"feature": "registerJavaFunction (there is no JVM)"}
        )

    def registerJavaUDAF(self, name: str, javaClassName: str) -> None:
        """Raises: there is no JVM here."""
        raise PySparkNotImplementedError(
            errorClass="NOT_IMPLEMENTED", messageParameters={"feature": "registerJavaUDAF (there is no JVM)"}
        )
