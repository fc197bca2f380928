"""DataFrame: rows with named columns, described by a plan that runs when an action asks."""

from __future__ import annotations

import difflib
import random
import sys
from collections.abc import Callable, Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    PySparkAttributeError,
    PySparkIndexError,
    PySparkTypeError,
    PySparkValueError,
    _missing,
    _not_type,
    _refuse,
)
from firesteel.sql.column import Column, _expr, _flat
from firesteel.sql.conf import _NoValue
from firesteel.sql.types import Row, StructType, _parse_datatype_json_string
from firesteel.storagelevel import StorageLevel

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from firesteel.rdd import RDD
    from firesteel.sql.group import GroupedData
    from firesteel.sql.na import DataFrameNaFunctions
    from firesteel.sql.readwriter import DataFrameWriter
    from firesteel.sql.session import SparkSession
    from firesteel.sql.stat import DataFrameStatFunctions
    from firesteel.sql.streaming.readwriter import DataStreamWriter

__all__ = ["DataFrame", "DataFrameNaFunctions", "DataFrameStatFunctions"]


def _key_columns(subset: list[str] | None) -> list[str] | None:
    """Check the columns of a key."""
    if subset is None:
        return None
    if isinstance(subset, str) or not hasattr(subset, "__iter__"):
        raise _not_type("subset", "list or tuple", subset)
    names = list(subset)
    for name in names:
        if not isinstance(name, str):
            raise _not_type("subset", "list or tuple of str", name)
    return names


class DataFrame:
    """Rows with named columns.

    A method that returns a DataFrame checks names and types at once. An action runs it later, such
    as :meth:`show`, :meth:`collect`, :meth:`count` or :attr:`write`.

    Examples
    --------
    >>> df = spark.createDataFrame([(2, "Alice"), (5, "Bob")], ["age", "name"])
    >>> df.filter(df.age > 3).select("name").show()
    +----+
    |name|
    +----+
    | Bob|
    +----+
    """

    def __init__(self, frame: _native.Frame, session: SparkSession) -> None:
        self._frame = frame
        self._session = session
        self._before_cache: _native.Frame | None = None
        self._level = StorageLevel.NONE
        self._schema: StructType | None = None

    def _new(self, frame: _native.Frame) -> DataFrame:
        return DataFrame(frame, self._session)

    # Its description

    @property
    def sparkSession(self) -> SparkSession:
        """The session that made it."""
        return self._session

    @property
    def sql_ctx(self) -> Any:
        """The session's SQLContext, for older scripts."""
        from firesteel.sql.context import SQLContext

        return SQLContext(self._session.sparkContext, self._session)

    @property
    def schema(self) -> StructType:
        """The schema.

        Examples
        --------
        >>> spark.range(1).schema
        StructType([StructField('id', LongType(), False)])
        """
        if self._schema is None:
            self._schema = _parse_datatype_json_string(self._frame.schema())  # type: ignore[assignment]
        return self._schema  # type: ignore[return-value]

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self._frame.columns()

    @property
    def dtypes(self) -> list[tuple[str, str]]:
        """The name and type of each column.

        Examples
        --------
        >>> spark.range(1).dtypes
        [('id', 'bigint')]
        """
        return [(field.name, field.dataType.simpleString()) for field in self.schema]

    @property
    def isStreaming(self) -> bool:
        """Whether a stream is among its sources."""
        return self._frame.is_streaming()

    def printSchema(self, level: int | None = None) -> None:
        """Prints the schema as a tree.

        Parameters
        ----------
        level : int, optional
            The depth to print, by default all levels.

        Examples
        --------
        >>> spark.range(1).printSchema()
        root
         |-- id: long (nullable = false)
        <BLANKLINE>
        """
        print(self.schema.treeString(level))

    def explain(self, extended: bool | str | None = None, mode: str | None = None) -> None:
        """Prints Firesteel's plan under Spark's headings.

        Parameters
        ----------
        extended : bool or str, optional
            Whether to print the logical plans too, or a mode as a string.
        mode : str, optional
            ``simple``, ``extended``, ``codegen``, ``cost`` or ``formatted``.
        """
        if extended is not None and mode is not None:
            raise PySparkValueError(
                errorClass="CANNOT_SET_TOGETHER", messageParameters={"arg_list": "extended and mode"}
            )
        if extended is not None and not isinstance(extended, (bool, str)):
            raise _not_type("extended", "bool or str", extended)
        if mode is not None and not isinstance(mode, str):
            raise _not_type("mode", "str", mode)
        chosen = mode or (extended if isinstance(extended, str) else "extended" if extended else "simple")
        print(self._explain(chosen))

    def _explain(self, mode: str) -> str:
        modes = ("simple", "extended", "codegen", "cost", "formatted")
        if mode.lower() not in modes:
            raise PySparkValueError(
                errorClass="VALUE_NOT_ALLOWED", messageParameters={"arg_name": "mode", "allowed_values": str(modes)}
            )
        analysed, optimised, physical = self._frame.explain()
        text = f"== Physical Plan ==\n{physical.rstrip()}\n"
        if mode.lower() in ("extended", "cost"):
            types = ", ".join(f"{name}: {kind}" for name, kind in self.dtypes)
            text = (
                f"== Parsed Logical Plan ==\n{analysed}\n\n== Analyzed Logical Plan ==\n{types}\n{analysed}\n\n"
                f"== Optimized Logical Plan ==\n{optimised}\n\n{text}"
            )
        return text

    def __repr__(self) -> str:
        conf = self._session.conf
        if not self.isStreaming and conf.get("spark.sql.repl.eagerEval.enabled") == "true":
            return self._show(*self._eager())
        return f"DataFrame[{', '.join(f'{name}: {kind}' for name, kind in self.dtypes)}]"

    def _eager(self) -> tuple[int, int, bool]:
        conf = self._session.conf
        rows = int(conf.get("spark.sql.repl.eagerEval.maxNumRows") or 20)
        return rows, int(conf.get("spark.sql.repl.eagerEval.truncate") or 20), False

    def _repr_html_(self) -> str | None:
        if self.isStreaming or self._session.conf.get("spark.sql.repl.eagerEval.enabled") != "true":
            return None
        from html import escape

        rows, truncate, _ = self._eager()
        shown = self._pretty().limit(rows + 1).collect()

        def cell(value: Any) -> str:
            text = "NULL" if value is None else str(value)
            return text if truncate <= 0 or len(text) <= truncate else text[: max(truncate - 3, 0)] + "..."

        lines = ["<table border='1'>", f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in self.columns)}</tr>"]
        lines += [f"<tr>{''.join(f'<td>{escape(cell(value))}</td>' for value in row)}</tr>" for row in shown[:rows]]
        text = "\n".join(lines) + "\n</table>\n"
        if len(shown) > rows:
            text += f"only showing top {rows} {'row' if rows == 1 else 'rows'}\n"
        return text

    def _pretty(self) -> DataFrame:
        """Every column as text."""
        return self._new(
            self._frame.select([self[i].cast("string").alias(name) for i, name in enumerate(self.columns)])
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self.columns if name.isidentifier())})

    # Columns

    def __getitem__(self, item: int | str | Column | list[Any] | tuple[Any, ...]) -> Any:
        if isinstance(item, str):
            return Column(self._frame.column(item))
        if isinstance(item, Column):
            return self.filter(item)
        if isinstance(item, (list, tuple)):
            return self.select(*item)
        if isinstance(item, int):
            return self._at(item)
        raise _not_type("item", "Column, int, list, str or tuple", item)

    def _at(self, position: int) -> Column:
        return Column(self._frame.column_at(range(len(self.columns))[position]))

    def __getattr__(self, name: str) -> Column:
        if name.startswith("_") and ("_frame" not in self.__dict__ or name not in self.columns):
            raise AttributeError(f"'DataFrame' object has no attribute '{name}'")
        if name not in self.columns:
            near = difflib.get_close_matches(name, [*self.columns, *dir(type(self))], n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"the columns are {', '.join(self.columns)}."
            raise PySparkAttributeError(
                f"there is no attribute and no column `{name}`; {hint}",
                errorClass="ATTRIBUTE_NOT_SUPPORTED",
                messageParameters={"attr_name": name},
            )
        return self[name]

    def colRegex(self, colName: str) -> Column:
        """The columns whose whole name fits a regular expression between backquotes.

        A text without backquotes is a column's name.

        Examples
        --------
        >>> df = spark.sql("SELECT 1 AS a, 2 AS b, 3 AS cc")
        >>> df.select(df.colRegex("`[ac]+`")).columns
        ['a', 'cc']
        """
        if not isinstance(colName, str):
            raise _not_type("colName", "str", colName)
        if not (len(colName) > 1 and colName.startswith("`") and colName.endswith("`")):
            return self[colName]
        return Column(self._frame.columns_like(colName[1:-1]))

    def metadataColumn(self, colName: str) -> Column:
        """The hidden column of a name: ``_metadata`` of files.

        Parameters
        ----------
        colName : str
            The column's name.
        """
        if not isinstance(colName, str):
            raise _not_type("colName", "str", colName)
        return self[colName]

    def select(self, *cols: Any) -> DataFrame:
        """Selects columns and expressions.

        Parameters
        ----------
        cols : str, Column or a list of them
            The columns to select. ``"*"`` stands for all.

        Examples
        --------
        >>> df = spark.range(2)
        >>> df.select("id", (df.id + 1).alias("next")).show()
        +---+----+
        | id|next|
        +---+----+
        |  0|   1|
        |  1|   2|
        +---+----+
        """
        return self._new(self._frame.select([_expr(col) for col in _flat(cols)]))

    def selectExpr(self, *expr: Any) -> DataFrame:
        """Selects SQL expressions.

        Examples
        --------
        >>> spark.range(2).selectExpr("id * 2 AS twice").collect()
        [Row(twice=0), Row(twice=2)]
        """
        return self._new(self._frame.select([self._session._expression(text) for text in _flat(expr)]))

    def filter(self, condition: Column | str) -> DataFrame:
        """Keeps the rows for which a condition holds.

        Parameters
        ----------
        condition : Column or str
            A column of booleans, or a SQL expression.
        """
        if isinstance(condition, str):
            return self._new(self._frame.filter(self._session._expression(condition)))
        if isinstance(condition, Column):
            return self._new(self._frame.filter(condition._expr))
        raise _not_type("condition", "Column or str", condition)

    def where(self, condition: Column | str) -> DataFrame:
        """Keeps the rows for which a condition holds, as :meth:`filter` does."""
        return self.filter(condition)

    def withColumn(self, colName: str, col: Column) -> DataFrame:
        """Adds a column, or replaces the one of that name.

        Examples
        --------
        >>> df = spark.range(1)
        >>> df.withColumn("next", df.id + 1).collect()
        [Row(id=0, next=1)]
        """
        if not isinstance(col, Column):
            raise _not_type("col", "Column", col)
        return self._new(self._frame.with_columns([(colName, col)]))

    def withColumns(self, *colsMap: dict[str, Column]) -> DataFrame:
        """Adds or replaces several columns, given as a dict of names and columns."""
        if len(colsMap) != 1 or not isinstance(colsMap[0], dict):
            raise _not_type("colsMap", "dict", colsMap[0] if colsMap else None)
        for column in colsMap[0].values():
            if not isinstance(column, Column):
                raise _not_type("colsMap", "dict of Column", column)
        return self._new(self._frame.with_columns(list(colsMap[0].items())))

    def withColumnRenamed(self, existing: str, new: str) -> DataFrame:
        """Renames a column, if there is one of that name."""
        return self._new(self._frame.rename([(existing, new)]))

    def withColumnsRenamed(self, colsMap: dict[str, str]) -> DataFrame:
        """Renames several columns, given as a dict of old and new names."""
        if not isinstance(colsMap, dict):
            raise _not_type("colsMap", "dict", colsMap)
        return self._new(self._frame.rename(list(colsMap.items())))

    def withMetadata(self, columnName: str, metadata: dict[str, Any]) -> DataFrame:
        """Sets the metadata of a column's field."""
        if not isinstance(metadata, dict):
            raise _not_type("metadata", "dict", metadata)
        return self.withColumn(columnName, self[columnName].alias(columnName, metadata=metadata))

    def toDF(self, *cols: str) -> DataFrame:
        """Renames all columns."""
        for name in cols:
            if not isinstance(name, str):
                raise _not_type("cols", "list of str", name)
        return self._new(self._frame.rename_all(list(cols)))

    def to(self, schema: StructType) -> DataFrame:
        """Brings the columns into the order and types of a schema, by name."""
        return self.select(*[self[field.name].cast(field.dataType).alias(field.name) for field in schema])

    def drop(self, *cols: Any) -> DataFrame:
        """Leaves columns out. A name that does not exist is no error."""
        exprs = []
        for col in cols:
            if isinstance(col, str):
                exprs.append(_native.Expr.column(f"`{col.replace('`', '``')}`"))
            elif isinstance(col, Column):
                exprs.append(col._expr)
            else:
                raise _not_type("col", "Column or str", col)
        return self._new(self._frame.drop(exprs))

    def alias(self, alias: str) -> DataFrame:
        """Names the DataFrame, so that its columns may be called ``alias.column``."""
        if not isinstance(alias, str):
            raise _not_type("alias", "str", alias)
        return self._new(self._frame.alias(alias))

    def transform(self, func: Callable[..., DataFrame], *args: Any, **kwargs: Any) -> DataFrame:
        """Applies a function to this DataFrame, for chaining."""
        result = func(self, *args, **kwargs)
        if not isinstance(result, DataFrame):
            raise PySparkTypeError(f"the function must return a DataFrame, found {type(result).__name__}")
        return result

    # Rows

    def distinct(self) -> DataFrame:
        """Leaves duplicate rows out.

        Of a stream it keeps every row that came, for ever, unless a column has the watermark.
        """
        return self._new(self._frame.distinct(None, False))

    def dropDuplicates(self, subset: list[str] | None = None) -> DataFrame:
        """Leaves out the rows that are equal to another in some columns, or in all.

        The first row stays. Of a stream the keys that came are kept, for ever, unless one of the
        columns has the watermark: then a key goes when the watermark passes it.

        Parameters
        ----------
        subset : list of str, optional
            The columns that make the key; all of them without it.
        """
        return self._new(self._frame.distinct(_key_columns(subset), False))

    def drop_duplicates(self, subset: list[str] | None = None) -> DataFrame:
        """Leaves duplicates out, as :meth:`dropDuplicates` does."""
        return self.dropDuplicates(subset)

    def dropDuplicatesWithinWatermark(self, subset: list[str] | None = None) -> DataFrame:
        """Leaves out the rows of a stream that are equal to one shortly before, in some columns or in all.

        A key is kept from the event time of its first row on for the watermark's delay. After that it
        passes again.

        Parameters
        ----------
        subset : list of str, optional
            The columns that make the key; all of them without it.

        Raises
        ------
        AnalysisException
            If this is no stream, at once; if it has no watermark, when the query starts.
        """
        return self._new(self._frame.distinct(_key_columns(subset), True))

    def limit(self, num: int) -> DataFrame:
        """Keeps the first rows."""
        if not isinstance(num, int):
            raise _not_type("num", "int", num)
        return self._new(self._frame.limit(_count("limit", num)))

    def offset(self, num: int) -> DataFrame:
        """Leaves the first rows out."""
        return self._new(self._frame.offset(_count("offset", num)))

    def orderBy(self, *cols: Any, **kwargs: Any) -> DataFrame:
        """Sorts the rows.

        Parameters
        ----------
        cols : str, int, Column or a list of them
            The columns to sort by. A number is a column's position from 1. A negative one sorts
            downwards.
        ascending : bool or list of bool, optional
            The direction of all, or of each.
        """
        return self._new(self._frame.sort(self._order(cols, kwargs), True))

    def sort(self, *cols: Any, **kwargs: Any) -> DataFrame:
        """Sorts the rows, as :meth:`orderBy` does."""
        return self._new(self._frame.sort(self._order(cols, kwargs), True))

    def sortWithinPartitions(self, *cols: Any, **kwargs: Any) -> DataFrame:
        """Sorts the rows of each partition. No row changes its partition."""
        return self._new(self._frame.sort(self._order(cols, kwargs), False))

    def _order(self, cols: tuple[Any, ...], kwargs: dict[str, Any]) -> list[_native.Expr]:
        ascending = kwargs.pop("ascending", True)
        if kwargs:
            raise TypeError(f"unexpected arguments: {', '.join(kwargs)}")
        given = _flat(cols)
        if not given:
            raise PySparkValueError(errorClass="CANNOT_BE_EMPTY", messageParameters={"item": "cols"})
        columns = [self._sortable(col) for col in given]
        if isinstance(ascending, (bool, int)):
            directions = [bool(ascending)] * len(columns)
        elif isinstance(ascending, list):
            directions = [bool(flag) for flag in ascending]
            directions += [True] * (len(columns) - len(directions))
        else:
            raise _not_type("ascending", "bool or list", ascending)
        return [expr if expr.is_sort() and up else expr.sort(up) for expr, up in zip(columns, directions, strict=False)]

    def _sortable(self, col: Any) -> _native.Expr:
        if isinstance(col, int) and not isinstance(col, bool):
            if col == 0:
                raise PySparkIndexError(errorClass="ZERO_INDEX", messageParameters={})
            return self._at(col - 1)._expr if col > 0 else self._at(-col - 1)._expr.sort(False)
        return _expr(col)

    def sample(
        self, withReplacement: float | bool | None = None, fraction: float | None = None, seed: int | None = None
    ) -> DataFrame:
        """Keeps each row with a probability, or takes it as often as a Poisson distribution says.

        Parameters
        ----------
        withReplacement : bool, optional
            Whether a row may be taken more than once. False when absent.
        fraction : float
            The probability. With replacement it is the mean number of times that a row is taken. It
            must be below 40.
        seed : int, optional
            The seed of the random numbers.
        """
        if isinstance(withReplacement, float) or (
            withReplacement is not None and not isinstance(withReplacement, bool)
        ):
            withReplacement, fraction, seed = False, withReplacement, fraction if seed is None else seed  # type: ignore[assignment]
        if not isinstance(fraction, (int, float)) or isinstance(fraction, bool):
            raise PySparkTypeError(
                errorClass="NOT_EXPECTED_TYPE",
                messageParameters={
                    "arg_name": "withReplacement (optional), fraction (required) and seed (optional)",
                    "expected_type": "bool, float or int",
                    "arg_type": ", ".join(type(value).__name__ for value in (withReplacement, fraction, seed)),
                },
            )
        share = float(fraction)
        if withReplacement:
            if not share >= 0:
                raise IllegalArgumentException(
                    f"requirement failed: Sampling fraction ({share}) must be nonnegative with replacement"
                )
            return self._new(self._frame.sample_with_replacement(share, _seed(seed)))
        if not 0 <= share <= 1:
            raise IllegalArgumentException(
                f"requirement failed: Sampling fraction ({share}) must be on interval [0, 1] without replacement"
            )
        return self._new(self._frame.sample(0.0, share, _seed(seed)))

    def randomSplit(self, weights: list[float], seed: int | None = None) -> list[DataFrame]:
        """Splits the rows at random, by weights.

        Notes
        -----
        The rows of each partition are sorted first. So a seed gives the same parts for any order of
        the rows.
        """
        if any(weight < 0 for weight in weights):
            raise PySparkValueError(
                errorClass="VALUE_NOT_POSITIVE", messageParameters={"arg_name": "weights", "arg_value": str(weights)}
            )
        total = sum(float(weight) for weight in weights)
        if not total > 0:
            shown = ",".join(str(float(weight)) for weight in weights)
            raise IllegalArgumentException(f"requirement failed: Sum of weights must be positive, but got [{shown}]")
        chosen, rows, low = _seed(seed), self._frame.sorted_by_all(), 0.0
        parts = []
        for weight in weights:
            high = low + float(weight) / total
            parts.append(self._new(rows.sample(low, min(high, 1.0), chosen)))
            low = high
        return parts

    def union(self, other: DataFrame) -> DataFrame:
        """Appends the rows of another DataFrame, column by column in order."""
        return self._new(self._frame.union(_frame(other), False, False))

    def unionAll(self, other: DataFrame) -> DataFrame:
        """Appends the rows of another DataFrame, as :meth:`union` does."""
        return self.union(other)

    def unionByName(self, other: DataFrame, allowMissingColumns: bool = False) -> DataFrame:
        """Appends the rows of another DataFrame, by the names of the columns."""
        return self._new(self._frame.union(_frame(other), True, allowMissingColumns))

    def intersect(self, other: DataFrame) -> DataFrame:
        """Keeps the distinct rows that are in both."""
        return self._new(self._frame.set_operation(_frame(other), False, False))

    def intersectAll(self, other: DataFrame) -> DataFrame:
        """Keeps the rows that are in both, as often as in both."""
        return self._new(self._frame.set_operation(_frame(other), False, True))

    def subtract(self, other: DataFrame) -> DataFrame:
        """Keeps the distinct rows that are not in the other."""
        return self._new(self._frame.set_operation(_frame(other), True, False))

    def exceptAll(self, other: DataFrame) -> DataFrame:
        """Keeps the rows that are more often here than in the other."""
        return self._new(self._frame.set_operation(_frame(other), True, True))

    # Joins and groups

    def join(self, other: DataFrame, on: Any = None, how: str | None = None) -> DataFrame:
        """Joins with another DataFrame.

        Parameters
        ----------
        other : DataFrame
            The right side.
        on : str, list of str, Column or list of Column, optional
            A condition, or names of columns that both sides have. The result has such a column
            once.
        how : str, optional
            ``inner`` (the default), ``cross``, ``outer``, ``left``, ``right``, ``semi``, ``anti``
            or one of their longer names.

        Examples
        --------
        >>> left = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "x"])
        >>> right = spark.createDataFrame([(2, "c")], ["id", "y"])
        >>> left.join(right, "id").collect()
        [Row(id=2, x='b', y='c')]
        """
        if how is not None and not isinstance(how, str):
            raise _not_type("how", "str", how)
        if on is not None and not isinstance(on, (list, tuple)):
            on = [on]
        if on:
            if all(isinstance(item, str) for item in on):
                on = list(on)
            elif all(isinstance(item, Column) for item in on):
                on = reduce(lambda a, b: a & b, on)
            else:
                raise _not_type("on", "Column or str", on[0])
        return self._new(self._frame.join(_frame(other), on if on is not None and _some(on) else None, how or "inner"))

    def crossJoin(self, other: DataFrame) -> DataFrame:
        """Pairs each row with each row of another DataFrame."""
        return self._new(self._frame.join(_frame(other), None, "cross"))

    def groupBy(self, *cols: Any) -> GroupedData:
        """Groups the rows by columns, for an aggregate.

        Examples
        --------
        >>> spark.range(4).selectExpr("id % 2 AS odd").groupBy("odd").count().orderBy("odd").collect()
        [Row(odd=0, count=2), Row(odd=1, count=2)]
        """
        return self._group("by", cols)

    def groupby(self, *cols: Any) -> GroupedData:
        """Groups the rows, as :meth:`groupBy` does."""
        return self._group("by", cols)

    def rollup(self, *cols: Any) -> GroupedData:
        """Groups the rows by columns, then by all but the last and so on to none."""
        return self._group("rollup", cols)

    def cube(self, *cols: Any) -> GroupedData:
        """Groups the rows by every subset of columns."""
        return self._group("cube", cols)

    def groupingSets(self, groupingSets: Any, *cols: Any) -> GroupedData:
        """Groups the rows by several sets of columns."""
        from firesteel.sql.group import GroupedData

        sets = [[self._groupable(col) for col in group] for group in groupingSets]
        return GroupedData(self, "sets", [self._groupable(col) for col in cols], sets)

    def _group(self, kind: str, cols: tuple[Any, ...]) -> GroupedData:
        from firesteel.sql.group import GroupedData

        return GroupedData(self, kind, [self._groupable(col) for col in _flat(cols)])

    def _groupable(self, col: Any) -> _native.Expr:
        if isinstance(col, int) and not isinstance(col, bool):
            if col <= 0:
                raise PySparkIndexError(errorClass="INDEX_NOT_POSITIVE", messageParameters={"index": str(col)})
            return self._at(col - 1)._expr
        return _expr(col)

    def agg(self, *exprs: Any) -> DataFrame:
        """Aggregates all rows, as ``groupBy().agg`` does."""
        return self.groupBy().agg(*exprs)

    def unpivot(self, ids: Any, values: Any, variableColumnName: str, valueColumnName: str) -> DataFrame:
        """Turns columns into rows.

        Parameters
        ----------
        ids : str, Column or a list of them
            The columns that stay.
        values : str, Column, a list of them, or None
            The columns that become rows, by default all others.
        variableColumnName, valueColumnName : str
            The columns for their names and values.
        """
        kept = [_expr(col) for col in _as_list(ids)]
        turned = None if values is None else [_expr(col) for col in _as_list(values)]
        return self._new(self._frame.unpivot(kept, turned, variableColumnName, valueColumnName))

    def melt(self, ids: Any, values: Any, variableColumnName: str, valueColumnName: str) -> DataFrame:
        """Turns columns into rows, as :meth:`unpivot` does."""
        return self.unpivot(ids, values, variableColumnName, valueColumnName)

    @property
    def na(self) -> DataFrameNaFunctions:
        """Functions for missing values."""
        from firesteel.sql.na import DataFrameNaFunctions

        return DataFrameNaFunctions(self)

    @property
    def stat(self) -> DataFrameStatFunctions:
        """Statistics."""
        from firesteel.sql.stat import DataFrameStatFunctions

        return DataFrameStatFunctions(self)

    def dropna(self, how: str = "any", thresh: int | None = None, subset: Any = None) -> DataFrame:
        """Leaves out rows with missing values. See :meth:`DataFrameNaFunctions.drop`."""
        return self.na.drop(how, thresh, subset)

    def fillna(self, value: Any, subset: Any = None) -> DataFrame:
        """Fills missing values. See :meth:`DataFrameNaFunctions.fill`."""
        return self.na.fill(value, subset)

    def replace(self, to_replace: Any, value: Any = _NoValue, subset: Any = None) -> DataFrame:
        """Replaces values. See :meth:`DataFrameNaFunctions.replace`."""
        return self.na.replace(to_replace, value, subset)

    def describe(self, *cols: Any) -> DataFrame:
        """The counts, means, deviations, minima and maxima of columns."""
        frame = self.select(*_flat(cols)) if cols else self
        return frame.stat._summary(("count", "mean", "stddev", "min", "max"))

    def summary(self, *statistics: str) -> DataFrame:
        """Statistics of the columns: the named ones, or those of :meth:`describe` and quartiles."""
        given = _flat(statistics)
        return self.stat._summary(given or ["count", "mean", "stddev", "min", "25%", "50%", "75%", "max"])

    def approxQuantile(self, col: Any, probabilities: Any, relativeError: float) -> Any:
        """Quantiles. See :meth:`DataFrameStatFunctions.approxQuantile`."""
        return self.stat.approxQuantile(col, probabilities, relativeError)

    def corr(self, col1: str, col2: str, method: str | None = None) -> float:
        """The Pearson correlation of two columns."""
        return self.stat.corr(col1, col2, method)

    def cov(self, col1: str, col2: str) -> float:
        """The sample covariance of two columns."""
        return self.stat.cov(col1, col2)

    def crosstab(self, col1: str, col2: str) -> DataFrame:
        """How often each pair of values occurs."""
        return self.stat.crosstab(col1, col2)

    def freqItems(self, cols: Any, support: float | None = None) -> DataFrame:
        """Frequent values: not in Firesteel."""
        raise _missing("DataFrame.freqItems")

    def sampleBy(self, col: Any, fractions: dict[Any, float], seed: int | None = None) -> DataFrame:
        """Keeps the rows of each value of a column with a probability of its own."""
        return self.stat.sampleBy(col, fractions, seed)

    # How it runs

    def repartition(self, numPartitions: Any, *cols: Any) -> DataFrame:
        """Spreads the rows over partitions.

        Without columns they are spread evenly. With columns, rows of equal values go into one
        partition.

        Parameters
        ----------
        numPartitions : int, str or Column
            Their number, or the first column. Then there are as many as the session has threads.
        cols : str or Column
            The columns.
        """
        partitions, by = self._partitioning(numPartitions, cols)
        return self._new(self._frame.repartition(partitions, by))

    def _partitioning(self, numPartitions: Any, cols: tuple[Any, ...]) -> tuple[int, list[_native.Expr]]:
        if isinstance(numPartitions, int) and not isinstance(numPartitions, bool):
            if numPartitions <= 0:
                raise IllegalArgumentException(
                    f"requirement failed: Number of partitions ({numPartitions}) must be positive."
                )
            return numPartitions, [_expr(col) for col in cols]
        if not isinstance(numPartitions, (str, Column)):
            raise _not_type("numPartitions", "Column, int or str", numPartitions)
        return self._session._native.lanes(), [_expr(col) for col in (numPartitions, *cols)]

    def repartitionByRange(self, numPartitions: Any, *cols: Any) -> DataFrame:
        """Spreads the rows over partitions by ranges of columns.

        The values of a partition come before those of the next one.

        Parameters
        ----------
        numPartitions : int, str or Column
            Their number, or the first column. Then there are as many as the session has threads.
        cols : str or Column
            The columns, each with a direction or ascending.
        """
        by = cols if isinstance(numPartitions, int) else (numPartitions, *cols)
        if not by:
            raise PySparkValueError(errorClass="CANNOT_BE_EMPTY", messageParameters={"item": "partition-by expression"})
        partitions, order = self._partitioning(numPartitions, cols)
        return self._new(self._frame.repartition_by_range(partitions, order))

    def coalesce(self, numPartitions: int) -> DataFrame:
        """Brings the rows together in no more than a number of partitions.

        Neighbouring partitions go together, in their order.
        """
        if not isinstance(numPartitions, int) or isinstance(numPartitions, bool):
            raise _not_type("numPartitions", "int", numPartitions)
        if numPartitions <= 0:
            raise IllegalArgumentException(
                f"requirement failed: Number of partitions ({numPartitions}) must be positive."
            )
        return self._new(self._frame.coalesce(numPartitions))

    def hint(self, name: str, *parameters: Any) -> DataFrame:
        """Gives a hint.

        Parameters
        ----------
        name : str
            ``repartition``, ``repartition_by_range`` and ``coalesce`` are carried out.
            ``rebalance`` and the hints of joins such as ``broadcast`` have no effect in one
            process.
        parameters : str, int, float, Column or list
            The hint's parameters: a number of partitions, columns or names of tables.
        """
        if not isinstance(name, str):
            raise _not_type("name", "str", name)
        given = _flat(parameters)
        for parameter in given:
            if not isinstance(parameter, (str, int, float, list, Column)):
                raise _not_type("parameters", "str, float, int, list or Column", parameter)
        match name.lower():
            case "repartition" if given:
                return self.repartition(*given)
            case "repartition_by_range" if given:
                return self.repartitionByRange(*given)
            case "coalesce" if given:
                return self.coalesce(*given)
        return self._new(self._frame.hint(name))

    def cache(self) -> DataFrame:
        """Keeps the rows in memory from the first action on."""
        return self.persist()

    def persist(self, storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_DESER) -> DataFrame:
        """Keeps the rows in memory from the first action on. Every storage level means memory."""
        if self._before_cache is None:
            self._before_cache, self._frame = self._frame, self._frame.cache()
        self._level = storageLevel
        return self

    def unpersist(self, blocking: bool = False) -> DataFrame:
        """Forgets the rows that :meth:`persist` keeps."""
        if self._before_cache is not None:
            self._frame, self._before_cache = self._before_cache, None
        self._level = StorageLevel.NONE
        return self

    @property
    def is_cached(self) -> bool:
        """Whether :meth:`persist` was called."""
        return self._before_cache is not None

    @property
    def storageLevel(self) -> StorageLevel:
        """The level that :meth:`persist` was given."""
        return self._level

    def checkpoint(self, eager: bool = True) -> DataFrame:
        """Computes the rows and returns a DataFrame that holds them."""
        return self._new(self._session._native.from_arrow(self._frame.collect_arrow()))

    def localCheckpoint(self, eager: bool = True, storageLevel: StorageLevel | None = None) -> DataFrame:
        """Computes the rows and returns a DataFrame that holds them."""
        return self.checkpoint(eager)

    def withWatermark(self, eventTime: str, delayThreshold: str) -> DataFrame:
        """Declares a column to be the event time, and how late a row may be.

        Parameters
        ----------
        eventTime : str
            The column.
        delayThreshold : str
            How late, e.g. ``"10 minutes"``.
        """
        for name, value in (("eventTime", eventTime), ("delayThreshold", delayThreshold)):
            if not value or not isinstance(value, str):
                raise _not_type(name, "str", value)
        return self._new(self._frame.watermark(eventTime, delayThreshold))

    # Actions

    def show(self, n: int = 20, truncate: bool | int = True, vertical: bool = False) -> None:
        """Prints the first rows.

        Parameters
        ----------
        n : int
            How many rows.
        truncate : bool or int
            Whether cells are cut to 20 characters, or to how many.
        vertical : bool
            Whether each row is a block of lines.

        Examples
        --------
        >>> spark.range(3).show(2)
        +---+
        | id|
        +---+
        |  0|
        |  1|
        +---+
        only showing top 2 rows
        """
        if not isinstance(n, int) or isinstance(n, bool):
            raise _not_type("n", "int", n)
        if not isinstance(vertical, bool):
            raise _not_type("vertical", "bool", vertical)
        if isinstance(truncate, bool):
            length = 20 if truncate else 0
        else:
            try:
                length = int(truncate)
            except ValueError:
                raise _not_type("truncate", "bool or int", truncate) from None
        print(self._show(n, length, vertical))

    def _show(self, n: int, truncate: int, vertical: bool) -> str:
        return self._frame.show(max(n, 0), max(truncate, 0), vertical)

    def collect(self) -> list[Row]:
        """Returns every row."""
        return self._frame.collect()

    def toLocalIterator(self, prefetchPartitions: bool = False) -> Iterator[Row]:
        """Iterates over the rows without holding them all."""
        for rows in self._frame.iterate():
            yield from rows

    def count(self) -> int:
        """Returns the number of rows."""
        return self._frame.count()

    def isEmpty(self) -> bool:
        """Whether there is no row."""
        return not self.take(1)

    def take(self, num: int) -> list[Row]:
        """Returns the first rows."""
        return self.limit(num).collect()

    def head(self, n: int | None = None) -> Any:
        """Returns the first row or None, or with a number a list of the first rows."""
        if n is None:
            rows = self.take(1)
            return rows[0] if rows else None
        return self.take(n)

    def first(self) -> Row | None:
        """Returns the first row, or None."""
        return self.head()

    def tail(self, num: int) -> list[Row]:
        """Returns the last rows."""
        rows = self.collect()
        return rows[len(rows) - min(num, len(rows)) :]

    def foreach(self, f: Callable[[Row], None]) -> None:
        """Calls a function with each row."""
        for row in self.toLocalIterator():
            f(row)

    def foreachPartition(self, f: Callable[[Iterator[Row]], None]) -> None:
        """Calls a function with the rows of each partition."""
        for rows in self._frame.collect_lanes():
            f(iter(rows))

    def toPandas(self) -> pd.DataFrame:
        """Returns the rows as a pandas DataFrame, with the dtypes that Spark gives."""
        from firesteel.sql.conversion import to_pandas

        return to_pandas(self)

    def toArrow(self) -> pa.Table:
        """Returns the rows as a pyarrow Table."""
        from firesteel.sql.conversion import to_arrow

        return to_arrow(self)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Gives the rows to any Arrow library without a copy, as in ``pyarrow.table(df)``."""
        return self._frame.collect_arrow().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> Any:
        """The schema, for any Arrow library."""
        return self.limit(0)._frame.collect_arrow().__arrow_c_schema__()

    @property
    def rdd(self) -> RDD:
        """The rows, with the few methods of an RDD that scripts use."""
        from firesteel.rdd import RDD

        return RDD(lambda: list(self._frame.collect_lanes()))

    def toJSON(self, use_unicode: bool = True) -> RDD:
        """The rows as JSON texts."""
        from firesteel.sql import functions as F

        return self.select(F.to_json(F.struct("*")).alias("value")).rdd.map(lambda row: row[0])

    def inputFiles(self) -> list[str]:
        """The files that the rows come from."""
        return self._frame.files()

    def isLocal(self) -> bool:
        """Whether the rows need no job, as rows written in SQL and the answer of a statement."""
        return self._frame.is_local()

    def sameSemantics(self, other: DataFrame) -> bool:
        """Whether another DataFrame has the same plan."""
        return self._frame.same(_frame(other))

    def semanticHash(self) -> int:
        """A number that is the same for the same plan."""
        return self._frame.plan_hash()

    # Names and writes

    def createOrReplaceTempView(self, name: str) -> None:
        """Gives the DataFrame a name in SQL, in place of the view that has it.

        Examples
        --------
        >>> spark.range(2).createOrReplaceTempView("numbers")
        >>> spark.sql("SELECT sum(id) FROM numbers").collect()
        [Row(sum(id)=1)]
        """
        self._session._native.create_view(name, self._frame, True)

    def createTempView(self, name: str) -> None:
        """Gives the DataFrame a name in SQL, and raises if a view has it."""
        self._session._native.create_view(name, self._frame, False)

    def createGlobalTempView(self, name: str) -> None:
        """Gives the DataFrame the name ``global_temp.name`` in SQL, and raises if a view has it.

        The name holds in every session of the process.
        """
        self._session._native.create_global_view(name, self._frame, False)

    def createOrReplaceGlobalTempView(self, name: str) -> None:
        """Gives the DataFrame the name ``global_temp.name`` in every session of the process.

        Examples
        --------
        >>> spark.range(2).createOrReplaceGlobalTempView("numbers")
        >>> spark.sql("SELECT sum(id) FROM global_temp.numbers").collect()
        [Row(sum(id)=1)]
        """
        self._session._native.create_global_view(name, self._frame, True)

    def registerTempTable(self, name: str) -> None:
        """Gives the DataFrame a name in SQL. The older name of :meth:`createOrReplaceTempView`."""
        self.createOrReplaceTempView(name)

    @property
    def write(self) -> DataFrameWriter:
        """Writes the rows."""
        from firesteel.sql.readwriter import DataFrameWriter

        return DataFrameWriter(self)

    @property
    def writeStream(self) -> DataStreamWriter:
        """Writes the stream."""
        from firesteel.sql.streaming.readwriter import DataStreamWriter

        return DataStreamWriter(self)


for _name in (
    "asTable", "exists", "lateralJoin", "mapInArrow", "mapInPandas", "mergeInto", "nearestByJoin", "observe", "pandas_api",
    "repartitionById", "scalar", "transpose", "writeTo", "zip", "zipWithIndex",
):  # fmt: skip
    setattr(DataFrame, _name, _refuse("DataFrame", _name))


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _frame(other: Any) -> _native.Frame:
    if not isinstance(other, DataFrame):
        raise _not_type("other", "DataFrame", other)
    return other._frame


def _some(on: Any) -> bool:
    return bool(on) if isinstance(on, list) else True


def _seed(seed: int | None) -> int:
    return random.randint(0, sys.maxsize) if seed is None else (int(seed) + 2**63) % 2**64 - 2**63


def _count(what: str, num: int) -> int:
    if num < 0:
        raise AnalysisException(
            f'[INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE] the {what} must not be negative, found "{num}". SQLSTATE: 42K0E'
        )
    return num


def __getattr__(name: str) -> Any:
    if name == "DataFrameNaFunctions":
        from firesteel.sql.na import DataFrameNaFunctions

        return DataFrameNaFunctions
    if name == "DataFrameStatFunctions":
        from firesteel.sql.stat import DataFrameStatFunctions

        return DataFrameStatFunctions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
