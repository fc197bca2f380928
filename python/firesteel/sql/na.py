"""Missing values: ``df.na``."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from firesteel.errors import IllegalArgumentException, PySparkTypeError, PySparkValueError, _not_type
from firesteel.sql.conf import _NoValue
from firesteel.sql.types import BooleanType, DataType, DoubleType, FloatType, NumericType, StringType

if TYPE_CHECKING:
    from collections.abc import Callable

    from firesteel.sql.column import Column
    from firesteel.sql.dataframe import DataFrame

__all__ = ["DataFrameNaFunctions"]


class DataFrameNaFunctions:
    """Drops, fills and replaces missing values. In a column of floats, NaN is missing too."""

    def __init__(self, df: DataFrame) -> None:
        self.df = df

    def drop(self, how: str = "any", thresh: int | None = None, subset: Any = None) -> DataFrame:
        """Leaves out rows with missing values.

        Parameters
        ----------
        how : str
            ``any`` drops a row with one missing value, ``all`` a row with missing values only.
        thresh : int, optional
            The number of present values that a row must have. It replaces `how`.
        subset : str or list of str, optional
            The columns to look at.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, "a"), (None, "b"), (None, None)], "n INT, s STRING")
        >>> df.na.drop().collect()
        [Row(n=1, s='a')]
        >>> df.na.drop("all").count()
        2
        """
        from firesteel.sql import functions as F

        if how is not None and how not in ("any", "all"):
            raise PySparkValueError(
                errorClass="VALUE_NOT_ALLOWED",
                messageParameters={"arg_name": "how", "allowed_values": "'any' or 'all'"},
            )
        names = self._subset(subset)
        needed = thresh if thresh is not None else (len(names) if how == "any" else 1)
        if not names:
            return self.df
        present = [
            F.when(_present(self.df[name], data_type), 1).otherwise(0)
            for name, data_type in zip(names, self._types(names), strict=True)
        ]
        return self.df.filter(reduce(lambda a, b: a + b, present) >= needed)

    def _types(self, names: list[str]) -> list[DataType | None]:
        """The type of each of some columns; none for a name that is no column of its own."""
        fields = self.df.schema.fields
        known: dict[str, DataType] = {}
        for name, field in zip(self.df._frame.folded([field.name for field in fields]), fields, strict=True):
            known.setdefault(name, field.dataType)
        return [known.get(name) for name in self.df._frame.folded(names)]

    def _subset(self, subset: Any) -> list[str]:
        if subset is None:
            return self.df.columns
        names = [subset] if isinstance(subset, str) else subset
        if not isinstance(names, (list, tuple)):
            raise _not_type("subset", "list or tuple", subset)
        for name in names:
            _ = self.df[name]  # a name that is no column raises
        return list(names)

    def fill(self, value: Any, subset: Any = None) -> DataFrame:
        """Fills missing values in the columns of the value's kind.

        Parameters
        ----------
        value : int, float, str, bool or dict
            The value to fill in. A dict gives each column its own.
        subset : str or list of str, optional
            The columns to look at.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, None), (None, "b")], "n INT, s STRING")
        >>> df.na.fill(0).na.fill("?").collect()
        [Row(n=1, s='?'), Row(n=0, s='b')]
        """
        if not isinstance(value, (float, int, str, bool, dict)):
            raise _not_type("value", "bool, dict, float, int or str", value)
        if isinstance(value, dict):
            for name in value:
                _ = self.df[name]
            return self._rebuild(value, _fill)
        names = self._fitting(value, subset)
        return self._rebuild(dict.fromkeys(names, value), _fill)

    def _fitting(self, value: Any, subset: Any) -> list[str]:
        """The columns of a value's kind."""
        names = self._subset(subset)
        return [name for name, found in zip(names, self._types(names), strict=True) if _fits(value, found)]

    def _rebuild(self, values: dict[str, Any], change: Callable[[DataType, Column, Any], Column]) -> DataFrame:
        """All columns, and those of some names changed by a value each."""
        by_name = dict(zip(self.df._frame.folded(list(values)), values.values(), strict=True))
        fields = self.df.schema.fields
        columns = []
        for at, name in enumerate(self.df._frame.folded([field.name for field in fields])):
            column, field = self.df._at(at), fields[at]
            if name in by_name:
                column = change(field.dataType, column, by_name[name]).alias(field.name)
            columns.append(column)
        return self.df.select(*columns)

    def replace(self, to_replace: Any, value: Any = _NoValue, subset: Any = None) -> DataFrame:
        """Replaces values by others of the same kind.

        Parameters
        ----------
        to_replace : bool, int, float, str, list or dict
            The values to replace. A dict maps old values to new ones.
        value : bool, int, float, str, list or None, optional
            The new values, needed unless `to_replace` is a dict.
        subset : str or list of str, optional
            The columns to look at.

        Examples
        --------
        >>> df = spark.createDataFrame([(1, "a"), (None, "b"), (None, None)], "n INT, s STRING")
        >>> df.na.replace({"a": "A", "b": None}).collect()
        [Row(n=1, s='A'), Row(n=None, s=None), Row(n=None, s=None)]
        """
        if value is _NoValue and not isinstance(to_replace, dict):
            raise PySparkTypeError(
                errorClass="ARGUMENT_REQUIRED",
                messageParameters={"arg_name": "value", "condition": "`to_replace` is not a dict"},
            )
        if not isinstance(to_replace, (bool, float, int, str, list, tuple, dict)):
            raise _not_type("to_replace", "bool, dict, float, int, str or tuple", to_replace)
        if isinstance(to_replace, dict):
            pairs = dict(to_replace)
        elif value is not None and not isinstance(value, (bool, float, int, str, list, tuple)):
            raise _not_type("value", "bool, float, int, list, None, str or tuple", value)
        else:
            old = list(to_replace) if isinstance(to_replace, (list, tuple)) else [to_replace]
            new = list(value) if isinstance(value, (list, tuple)) else [value] * len(old)
            if len(old) != len(new):
                raise PySparkValueError(
                    errorClass="LENGTH_SHOULD_BE_THE_SAME",
                    messageParameters={
                        "arg1": "to_replace",
                        "arg2": "value",
                        "arg1_length": str(len(old)),
                        "arg2_length": str(len(new)),
                    },
                )
            pairs = dict(zip(old, new, strict=True))
        items = (*pairs, *(item for item in pairs.values() if item is not None))
        if not any(all(isinstance(item, kind) for item in items) for kind in (bool, str, (int, float))):
            raise PySparkValueError(errorClass="MIXED_TYPE_REPLACEMENT", messageParameters={})
        # To Python a bool is a number, too, and may be what a number becomes.
        if any(isinstance(old, bool) for old in pairs) and not all(isinstance(item, bool) for item in items):
            raise IllegalArgumentException("replace() takes bools in place of a bool, and no numbers beside it")
        fitting = self._fitting(next(iter(pairs)), subset) if pairs else []
        return self._rebuild(dict.fromkeys(fitting, pairs), _replace)


def _fits(value: Any, data_type: DataType | None) -> bool:
    kind = BooleanType if isinstance(value, bool) else StringType if isinstance(value, str) else NumericType
    return isinstance(data_type, kind)


def _present(column: Column, data_type: DataType | None) -> Column:
    from firesteel.sql import functions as F

    floating = isinstance(data_type, (FloatType, DoubleType))
    return column.isNotNull() & ~F.isnan(column) if floating else column.isNotNull()


def _replace(data_type: DataType, column: Column, pairs: dict[Any, Any]) -> Column:
    from firesteel.sql import functions as F

    branches = None
    for old, new in pairs.items():
        then = F.lit(new).cast(data_type)
        same = column == F.lit(old)
        branches = F.when(same, then) if branches is None else branches.when(same, then)
    return column if branches is None else branches.otherwise(column)


def _fill(data_type: DataType, column: Column, value: Any) -> Column:
    from firesteel.sql import functions as F

    filler = F.lit(value).cast(data_type)
    if isinstance(data_type, (FloatType, DoubleType)):
        column = F.nanvl(column, F.lit(None).cast(data_type))
    return F.coalesce(column, filler)
