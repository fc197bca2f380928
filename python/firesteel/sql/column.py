"""A column: an expression over the columns of a DataFrame, not yet computed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import (
    IllegalArgumentException,
    PySparkAttributeError,
    PySparkTypeError,
    PySparkValueError,
    UnsupportedOperationException,
    _not_type,
)
from firesteel.sql.types import DataType

if TYPE_CHECKING:
    from firesteel.sql.window import WindowSpec

__all__ = ["Column"]

ColumnOrName = "Column | str"


def _expr(value: Column | str) -> _native.Expr:
    """The expression of a column, or of the column that a string names."""
    if isinstance(value, Column):
        return value._expr
    if isinstance(value, str):
        return _native.Expr.column(value)
    raise _not_type("col", "Column or str", value)


def _flat(given: Any) -> list[Any]:
    """The arguments, which may be given one by one or as one list."""
    return list(given[0]) if len(given) == 1 and isinstance(given[0], (list, tuple)) else list(given)


def _type_text(data_type: DataType | str) -> str:
    if isinstance(data_type, str):
        return data_type
    if isinstance(data_type, DataType):
        return data_type.json()
    raise _not_type("dataType", "DataType or str", data_type)


def _binary(symbol: str, doc: str) -> Callable[[Column, Any], Column]:
    def operate(self: Column, other: Any) -> Column:
        return Column(_native.Expr.operator(symbol, [self._expr, other]))

    operate.__doc__ = doc
    return operate


def _reverse(symbol: str, doc: str) -> Callable[[Column, Any], Column]:
    def operate(self: Column, other: Any) -> Column:
        return Column(_native.Expr.operator(symbol, [other, self._expr]))

    operate.__doc__ = doc
    return operate


class Column:
    """A column of a DataFrame, or an expression over columns.

    ``df.name`` and ``df["name"]`` make columns. So do the functions of
    :mod:`firesteel.sql.functions` and operators.

    Examples
    --------
    >>> from firesteel.sql import functions as F
    >>> F.col("a") + 1
    Column<'+(a, 1)'>
    """

    __slots__ = ("_expr",)

    def __init__(self, expr: _native.Expr) -> None:
        if not isinstance(expr, _native.Expr):
            raise _not_type("expr", "an expression; use functions.col(name)", expr)
        self._expr = expr

    def __repr__(self) -> str:
        return f"Column<'{self._expr!r}'>"

    __hash__ = None  # type: ignore[assignment]

    # Arithmetic
    __add__ = _binary("+", "The sum.")
    __sub__ = _binary("-", "The difference.")
    __mul__ = _binary("*", "The product.")
    __truediv__ = _binary("/", "The quotient, a double or a decimal.")
    __div__ = __truediv__
    __mod__ = _binary("%", "The remainder, with the sign of the dividend.")
    __radd__ = __add__
    __rsub__ = _reverse("-", "The difference.")
    __rmul__ = __mul__
    __rtruediv__ = _reverse("/", "The quotient.")
    __rdiv__ = __rtruediv__
    __rmod__ = _reverse("%", "The remainder.")

    def __pow__(self, other: Any) -> Column:
        return _call("power", self, other)

    def __rpow__(self, other: Any) -> Column:
        return _call("power", other, self)

    def __neg__(self) -> Column:
        return _call("negative", self)

    # Comparison
    __eq__ = _binary("=", "Whether both are equal; null where one is null.")  # type: ignore[assignment]
    __lt__ = _binary("<", "Whether this is smaller.")
    __le__ = _binary("<=", "Whether this is smaller or equal.")
    __gt__ = _binary(">", "Whether this is greater.")
    __ge__ = _binary(">=", "Whether this is greater or equal.")

    def __ne__(self, other: object) -> Column:  # type: ignore[override]
        return Column(_native.Expr.operator("not", [(self == other)._expr]))  # type: ignore[attr-defined]

    def eqNullSafe(self, other: Any) -> Column:
        """Whether both are equal, where null equals null and nothing else."""
        return Column(_native.Expr.operator("<=>", [self._expr, other]))

    # Logic. Python's `and`, `or` and `not` cannot be overloaded, hence `&`, `|` and `~`.
    __and__ = _binary("and", "Whether both hold.")
    __or__ = _binary("or", "Whether one holds.")
    __rand__ = _reverse("and", "Whether both hold.")
    __ror__ = _reverse("or", "Whether one holds.")

    def __invert__(self) -> Column:
        return Column(_native.Expr.operator("not", [self._expr]))

    def __bool__(self) -> bool:
        raise PySparkValueError(
            errorClass="CANNOT_CONVERT_COLUMN_INTO_BOOL", messageParameters={"column": repr(self._expr)}
        )

    __nonzero__ = __bool__

    def __contains__(self, item: object) -> bool:
        raise PySparkValueError(errorClass="CANNOT_APPLY_IN_FOR_COLUMN", messageParameters={})

    def __iter__(self) -> Any:
        raise PySparkTypeError(errorClass="NOT_ITERABLE", messageParameters={"objectName": "Column"})

    bitwiseAND = _binary("&", "The bits that are set in both.")
    bitwiseOR = _binary("|", "The bits that are set in one.")
    bitwiseXOR = _binary("^", "The bits that are set in exactly one.")

    # Parts
    def getItem(self, key: Any) -> Column:
        """Returns the element at a position of an array, or the value of a key of a map.

        Parameters
        ----------
        key : literal or Column
            The position from 0, or the key.
        """
        return self[key]

    def getField(self, name: Any) -> Column:
        """Returns a field of a struct.

        Parameters
        ----------
        name : str or Column
            The field's name.
        """
        return self[name]

    def __getitem__(self, key: Any) -> Column:
        if isinstance(key, slice):
            if key.step is not None:
                raise PySparkValueError(errorClass="SLICE_WITH_STEP", messageParameters={})
            return self.substr(key.start, key.stop)
        return Column(self._expr.extract(key))

    def __getattr__(self, item: Any) -> Column:
        if item.startswith("__"):
            raise PySparkAttributeError(errorClass="CANNOT_ACCESS_TO_DUNDER", messageParameters={})
        if item in Column.__slots__:
            raise AttributeError(item)
        return self[item]

    def withField(self, fieldName: str, col: Column) -> Column:
        """Returns the struct with a field added or replaced.

        Parameters
        ----------
        fieldName : str
            The field's name.
        col : Column
            Its value.
        """
        if not isinstance(fieldName, str):
            raise _not_type("fieldName", "str", fieldName)
        if not isinstance(col, Column):
            raise _not_type("col", "Column", col)
        return Column(self._expr.update_field(fieldName, col))

    def dropFields(self, *fieldNames: str) -> Column:
        """Returns the struct without some of its fields."""
        if not fieldNames:
            raise UnsupportedOperationException("dropFields() takes at least one name, found none")
        result = self._expr
        for name in fieldNames:
            result = result.update_field(name)
        return Column(result)

    # Text
    def like(self: Column, other: str) -> Column:
        """Whether the text matches a pattern of ``%`` (any text) and ``_`` (any character)."""
        return Column(_native.Expr.operator("like", [self._expr, other]))

    def ilike(self: Column, other: str) -> Column:
        """As :meth:`like`, without regard to case."""
        return Column(_native.Expr.operator("ilike", [self._expr, other]))

    def rlike(self: Column, other: str) -> Column:
        """Whether a regular expression is found in the text."""
        return Column(_native.Expr.operator("rlike", [self._expr, other]))

    def startswith(self, other: Any) -> Column:
        """Whether the text starts with another."""
        return _call("startswith", self, other)

    def endswith(self, other: Any) -> Column:
        """Whether the text ends with another."""
        return _call("endswith", self, other)

    def contains(self, other: Any) -> Column:
        """Whether the text contains another."""
        return _call("contains", self, other)

    def substr(self, startPos: int | Column, length: int | Column) -> Column:
        """Returns a part of the text.

        Parameters
        ----------
        startPos : int or Column
            Where it starts, from 1.
        length : int or Column
            How many characters it has.
        """
        if type(startPos) is not type(length):
            raise PySparkTypeError(
                errorClass="NOT_SAME_TYPE",
                messageParameters={
                    "arg_name1": "startPos",
                    "arg_name2": "length",
                    "arg_type1": type(startPos).__name__,
                    "arg_type2": type(length).__name__,
                },
            )
        if not isinstance(startPos, (int, Column)):
            raise _not_type("startPos", "Column or int", startPos)
        return _call("substr", self, startPos, length)

    # Null and membership
    def isNull(self) -> Column:
        """Whether the value is null."""
        return _call("isnull", self)

    def isNotNull(self) -> Column:
        """Whether the value is not null."""
        return _call("isnotnull", self)

    def isNaN(self) -> Column:
        """Whether the number is NaN."""
        return _call("isnan", self)

    def isin(self, *cols: Any) -> Column:
        """Whether the value is one of several.

        Parameters
        ----------
        cols : values, or one list or set of them
            The allowed values.
        """
        values = cols[0] if len(cols) == 1 and isinstance(cols[0], (list, set)) else cols
        return Column(_native.Expr.operator("in", [self._expr, *values]))

    def between(self, lowerBound: Any, upperBound: Any) -> Column:
        """Whether the value lies between two bounds, both included."""
        return (self >= lowerBound) & (self <= upperBound)

    # Order
    def asc(self) -> Column:
        """Sorts upwards, nulls first."""
        return Column(self._expr.sort(True))

    def asc_nulls_first(self) -> Column:
        """Sorts upwards, nulls first."""
        return Column(self._expr.sort(True, True))

    def asc_nulls_last(self) -> Column:
        """Sorts upwards, nulls last."""
        return Column(self._expr.sort(True, False))

    def desc(self) -> Column:
        """Sorts downwards, nulls last."""
        return Column(self._expr.sort(False))

    def desc_nulls_first(self) -> Column:
        """Sorts downwards, nulls first."""
        return Column(self._expr.sort(False, True))

    def desc_nulls_last(self) -> Column:
        """Sorts downwards, nulls last."""
        return Column(self._expr.sort(False, False))

    # Name and type
    def alias(self, *alias: str, **kwargs: Any) -> Column:
        """Returns the column under another name.

        Parameters
        ----------
        alias : str
            The name. A generator of several columns takes several.
        metadata : dict, optional
            Metadata for the field of the schema. It needs a single name.
        """
        metadata = kwargs.pop("metadata", None)
        if kwargs:
            raise TypeError(f"alias() got unexpected arguments: {', '.join(kwargs)}")
        if metadata is not None and len(alias) != 1:
            raise PySparkValueError(
                errorClass="ONLY_ALLOWED_FOR_SINGLE_COLUMN", messageParameters={"arg_name": "metadata"}
            )
        return Column(self._expr.alias(list(alias), None if metadata is None else json.dumps(metadata)))

    def name(self, *alias: str, **kwargs: Any) -> Column:
        """Returns the column under another name, as :meth:`alias` does."""
        return self.alias(*alias, **kwargs)

    def cast(self, dataType: DataType | str) -> Column:
        """Converts to a type. A value that does not fit is an error.

        Parameters
        ----------
        dataType : DataType or str
            The type, or its DDL.

        Examples
        --------
        >>> from firesteel.sql import functions as F
        >>> F.col("a").cast("int")
        Column<'CAST(a AS INT)'>
        """
        return Column(self._expr.cast(_type_text(dataType)))

    def astype(self, dataType: DataType | str) -> Column:
        """Converts to a type, as :meth:`cast` does."""
        return self.cast(dataType)

    def try_cast(self, dataType: DataType | str) -> Column:
        """Converts to a type. A value that does not fit becomes null."""
        return Column(self._expr.cast(_type_text(dataType), True))

    # Conditions, windows and the rest
    def when(self, condition: Column, value: Any) -> Column:
        """Adds a branch to a ``when``.

        Parameters
        ----------
        condition : Column
            When the branch is taken.
        value : Column or value
            The value of the branch.
        """
        if not isinstance(condition, Column):
            raise _not_type("condition", "Column", condition)
        expr = self._expr.when(condition, value)
        if expr is None:
            raise IllegalArgumentException("when() can only follow when(), and not otherwise()")
        return Column(expr)

    def otherwise(self, value: Any) -> Column:
        """Ends a ``when`` with the value for rows where no branch is taken, which is null without
        it.
        """
        expr = self._expr.otherwise(value)
        if expr is None:
            raise IllegalArgumentException("otherwise() can only follow when(), and only once")
        return Column(expr)

    def over(self, window: WindowSpec) -> Column:
        """Computes an aggregate or a window function over a window.

        Parameters
        ----------
        window : WindowSpec
            The window, made by :class:`firesteel.sql.Window`.
        """
        from firesteel.sql.window import WindowSpec

        if not isinstance(window, WindowSpec):
            raise _not_type("window", "WindowSpec", window)
        return Column(self._expr.over(window._partition, window._order, window._frame))

    def transform(self, f: Callable[[Column], Column]) -> Column:
        """Applies a function to this column, for chaining."""
        result = f(self)
        if not isinstance(result, Column):
            raise PySparkTypeError(
                errorClass="HIGHER_ORDER_FUNCTION_SHOULD_RETURN_COLUMN",
                messageParameters={"func_name": getattr(f, "__name__", repr(f)), "return_type": type(result).__name__},
            )
        return result

    def outer(self) -> Column:
        """Marks a column of the outer query of a lateral subquery."""
        return _call("lazy", self)


def _call(name: str, *arguments: Any, distinct: bool = False) -> Column:
    """A call by Spark's name. A string among the arguments is a literal."""
    return Column(_native.Expr.call(name, list(arguments), distinct))
