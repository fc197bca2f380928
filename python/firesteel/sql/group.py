"""Groups of rows, waiting for an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    PySparkNotImplementedError,
    PySparkValueError,
    UnsupportedOperationException,
    _not_type,
    _refuse,
)
from firesteel.sql.column import Column, _call, _flat
from firesteel.sql.types import NumericType, StructType, _parse_datatype_string

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.streaming.stateful_processor import StatefulProcessor

__all__ = ["GroupedData"]


class GroupedData:
    """The result of ``df.groupBy(…)``, on which an aggregate is called.

    Examples
    --------
    >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
    >>> df.groupBy("k").agg({"v": "sum"}).orderBy("k").collect()
    [Row(k='a', sum(v)=4), Row(k='b', sum(v)=5)]
    """

    def __init__(
        self,
        df: DataFrame,
        kind: str,
        keys: list[_native.Expr],
        sets: list[list[_native.Expr]] | None = None,
        pivot: tuple[_native.Expr, list[Any] | None] | None = None,
    ) -> None:
        self._df = df
        self._kind = kind
        self._keys = keys
        self._sets = sets
        self._pivot = pivot

    def __repr__(self) -> str:
        keys = ", ".join(map(repr, self._keys))
        value = ", ".join(f"{name}: {kind}" for name, kind in self._df.dtypes)
        names = {"by": "GroupBy", "rollup": "Rollup", "cube": "Cube", "sets": "GroupingSets"}
        kind = names[self._kind] if self._pivot is None else "Pivot"
        return f"GroupedData[grouping expressions: [{keys}], value: [{value}], type: {kind}]"

    def agg(self, *exprs: Any) -> DataFrame:
        """Aggregates each group.

        Parameters
        ----------
        exprs : Column, or one dict
            Aggregates, or a dict of column names and function names.
        """
        if not exprs:
            raise PySparkValueError(errorClass="CANNOT_BE_EMPTY", messageParameters={"item": "aggregate expression"})
        if len(exprs) == 1 and isinstance(exprs[0], dict):
            columns = [_named(name, function) for name, function in exprs[0].items()]
        else:
            columns = list(exprs)
            for column in columns:
                if not isinstance(column, Column):
                    raise _not_type("exprs", "Column", column)
        return self._aggregate(columns)

    def _aggregate(self, columns: list[Column]) -> DataFrame:
        frame = self._df._frame
        if self._pivot is not None:
            column, values = self._pivot
            return self._df._new(frame.pivot(self._keys, column, values, columns))
        if self._sets is not None:
            return self._df._new(frame.grouping_sets(self._sets, self._keys, columns))
        return self._df._new(frame.aggregate(self._kind, self._keys, columns))

    def count(self) -> DataFrame:
        """Counts the rows of each group.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
        >>> df.groupBy("k").count().orderBy("k").collect()
        [Row(k='a', count=2), Row(k='b', count=1)]
        """
        return self._aggregate([_call("count", 1).alias("count")])

    def _numeric(self, function: str, cols: tuple[Any, ...]) -> DataFrame:
        names = _flat(cols)
        fields = self._df.schema.fields
        if not names:
            names = [f.name for f in fields if isinstance(f.dataType, NumericType)]
        else:
            wrong = [f.name for f in fields if f.name in names and not isinstance(f.dataType, NumericType)]
            if wrong:
                raise AnalysisException(f'"{wrong[0]}" is not a numeric column; {function} takes numeric columns only')
        return self._aggregate([_call(function, self._df[name]) for name in names])

    def avg(self: GroupedData, *cols: str) -> DataFrame:
        """Averages numeric columns, by default all of them with the keys.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
        >>> df.groupBy("k").avg("v").orderBy("k").collect()
        [Row(k='a', avg(v)=2.0), Row(k='b', avg(v)=5.0)]
        """
        return self._numeric("avg", cols)

    def mean(self: GroupedData, *cols: str) -> DataFrame:
        """Averages numeric columns, as :meth:`avg` does."""
        return self._numeric("avg", cols)

    def max(self: GroupedData, *cols: str) -> DataFrame:
        """The greatest values of numeric columns.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
        >>> df.groupBy("k").max("v").orderBy("k").collect()
        [Row(k='a', max(v)=3), Row(k='b', max(v)=5)]
        """
        return self._numeric("max", cols)

    def min(self: GroupedData, *cols: str) -> DataFrame:
        """The smallest values of numeric columns.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
        >>> df.groupBy("k").min("v").orderBy("k").collect()
        [Row(k='a', min(v)=1), Row(k='b', min(v)=5)]
        """
        return self._numeric("min", cols)

    def sum(self: GroupedData, *cols: str) -> DataFrame:
        """The sums of numeric columns.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 1), ("a", 3), ("b", 5)], ["k", "v"])
        >>> df.groupBy("k").sum("v").orderBy("k").collect()
        [Row(k='a', sum(v)=4), Row(k='b', sum(v)=5)]
        """
        return self._numeric("sum", cols)

    def pivot(self, pivot_col: str, values: list[Any] | None = None) -> GroupedData:
        """Turns the values of a column into columns of the aggregate.

        Parameters
        ----------
        pivot_col : str
            The column.
        values : list, optional
            Its values. Without them the query is run to find them.

        Examples
        --------
        >>> df = spark.createDataFrame([("a", 2024, 1), ("a", 2025, 3)], ["k", "year", "v"])
        >>> df.groupBy("k").pivot("year").sum("v").collect()
        [Row(k='a', 2024=1, 2025=3)]
        """
        from firesteel.sql.column import _expr
        from firesteel.sql.functions import lit

        if self._kind != "by":
            found = "groupingSets" if self._kind == "sets" else self._kind
            message = f"pivot follows groupBy, not {found}: aggregate first, then group and pivot the result"
            raise UnsupportedOperationException(message, "UNSUPPORTED_FEATURE.PIVOT_AFTER_GROUP_BY", {})
        given = [lit(value)._expr for value in (values if values is not None else self._values(pivot_col))]
        return GroupedData(self._df, self._kind, self._keys, self._sets, (_expr(pivot_col), given))

    def _values(self, pivot_col: Any) -> list[Any]:
        if self._df.isStreaming:
            message = "pivot is not supported on a streaming DataFrames/Datasets"
            raise AnalysisException(message, "_LEGACY_ERROR_TEMP_3063", {"msg": message})
        rows = self._df.select(pivot_col).distinct().orderBy(1).limit(10001).collect()
        if len(rows) > 10000:
            raise PySparkValueError("the pivot column has more than 10000 values: name those that are wanted")
        return [row[0] for row in rows]

    def applyInPandasWithState(
        self,
        func: Callable[..., Any],
        outputStructType: StructType | str,
        stateStructType: StructType | str,
        outputMode: str,
        timeoutConf: str,
    ) -> DataFrame:
        """Calls a function for each group of a stream, with what it keeps of the group.

        In each batch it is called for every group that has rows, in the order of the keys. Then it
        is called for those whose time is over.

        Parameters
        ----------
        func : function
            Takes the key as a tuple, an iterator of frames and a
            :class:`~firesteel.sql.streaming.state.GroupState`. Gives an iterable of frames.
        outputStructType : StructType or str
            The columns of those frames. They are found by their names.
        stateStructType : StructType or str
            The fields of the state.
        outputMode : str
            ``append`` or ``update``. The query must have the same.
        timeoutConf : str
            One of :class:`~firesteel.sql.streaming.state.GroupStateTimeout`.

        Returns
        -------
        DataFrame
            What the function gives.

        Notes
        -----
        What the function keeps becomes durable with the batch. A batch that runs again, after a
        crash, calls it with the same rows and the same states.
        """
        from firesteel.sql._state_calls import apply_in_pandas_with_state, state_converter
        from firesteel.sql.streaming.state import GroupStateTimeout
        from firesteel.sql.udf import _setting, _turn

        known = (
            GroupStateTimeout.NoTimeout,
            GroupStateTimeout.ProcessingTimeTimeout,
            GroupStateTimeout.EventTimeTimeout,
        )
        if timeoutConf not in known:
            raise AssertionError(f"timeoutConf must be one of {', '.join(known)}, found {timeoutConf!r}")
        if not callable(func):
            raise TypeError(f"the function of applyInPandasWithState must be callable, found {type(func).__name__}")
        if self._kind != "by" or self._pivot is not None:
            raise PySparkNotImplementedError(
                errorClass="NOT_IMPLEMENTED", messageParameters={"feature": "applyInPandasWithState over grouping sets"}
            )
        output, state = _struct(outputStructType), _struct(stateStructType)
        opened = apply_in_pandas_with_state(
            func,
            self._df.columns,
            output,
            timeoutConf,
            _setting("spark.sql.session.timeZone", "UTC"),
            max(int(_setting("spark.sql.execution.arrow.maxRecordsPerBatch", "10000")), 0),
        )
        name = getattr(func, "__name__", type(func).__name__)
        function = _native.GroupFunction(
            name, opened, state_converter(state), output.json(), state.json(), "arrays", _turn(func, _native.Turn())
        )
        timeouts = dict(zip(known, ("none", "processing", "event"), strict=True))
        frame = self._df._frame.groups_with_state(
            self._keys, function, "state", outputMode, timeouts[timeoutConf], None, None
        )
        return self._df._new(frame)

    def transformWithState(
        self,
        statefulProcessor: StatefulProcessor,
        outputStructType: StructType | str,
        outputMode: str,
        timeMode: str,
        initialState: GroupedData | None = None,
        eventTimeColumnName: str = "",
    ) -> DataFrame:
        """Calls a processor for each group of a stream, with rows.

        Parameters
        ----------
        statefulProcessor : StatefulProcessor
            Its ``handleInputRows`` gets the rows of a group as an iterator of
            :class:`~firesteel.sql.Row` and gives rows.
        outputStructType : StructType or str
            The columns of those rows. They are found by their names.
        outputMode : str
            ``append`` or ``update``.
        timeMode : str
            ``None``, ``ProcessingTime`` or ``EventTime``: what timers go by.
        initialState : GroupedData, optional
            A frame that is no stream, grouped by the same key. The first batch hands its rows to
            ``handleInitialState``, before the rows of their groups.
        eventTimeColumnName : str, optional
            The column of the output that is its event time.

        Returns
        -------
        DataFrame
            What the processor gives.

        Notes
        -----
        All variables of a group are kept as one value. It is read before the group is called and
        written after it, whole. It becomes durable with the batch.
        """
        return self._processed(
            "rows", statefulProcessor, outputStructType, outputMode, timeMode, initialState, eventTimeColumnName
        )

    def transformWithStateInPandas(
        self,
        statefulProcessor: StatefulProcessor,
        outputStructType: StructType | str,
        outputMode: str,
        timeMode: str,
        initialState: GroupedData | None = None,
        eventTimeColumnName: str = "",
    ) -> DataFrame:
        """Calls a processor for each group of a stream, with pandas frames.

        The same as :meth:`transformWithState`, but that ``handleInputRows`` gets frames and gives
        frames.

        Parameters
        ----------
        statefulProcessor : StatefulProcessor
            The processor.
        outputStructType : StructType or str
            The columns of its frames. They are found by their names.
        outputMode : str
            ``append`` or ``update``.
        timeMode : str
            ``None``, ``ProcessingTime`` or ``EventTime``: what timers go by.
        initialState : GroupedData, optional
            A frame that is no stream, grouped by the same key. The first batch hands its rows to
            ``handleInitialState``, before the rows of their groups.
        eventTimeColumnName : str, optional
            The column of the output that is its event time.

        Returns
        -------
        DataFrame
            What the processor gives.
        """
        return self._processed(
            "pandas", statefulProcessor, outputStructType, outputMode, timeMode, initialState, eventTimeColumnName
        )

    def _processed(
        self,
        kind: str,
        processor: StatefulProcessor,
        outputStructType: StructType | str,
        outputMode: str,
        timeMode: str,
        initialState: GroupedData | None,
        eventTimeColumnName: str,
    ) -> DataFrame:
        from firesteel.sql._processor_calls import ProcessorCalls
        from firesteel.sql._state_calls import state_converter
        from firesteel.sql.streaming.stateful_processor import StatefulProcessor
        from firesteel.sql.udf import _setting

        if initialState is not None and not isinstance(initialState, GroupedData):
            raise AssertionError(f"initialState must be GroupedData, found {type(initialState).__name__}")
        if not isinstance(processor, StatefulProcessor):
            raise AssertionError(f"statefulProcessor must be a StatefulProcessor, found {type(processor).__name__}")
        if self._kind != "by" or self._pivot is not None:
            raise PySparkNotImplementedError(
                errorClass="NOT_IMPLEMENTED", messageParameters={"feature": "transformWithState over grouping sets"}
            )
        timeouts = {"none": "none", "processingtime": "processing", "eventtime": "event"}
        if timeMode.lower() not in timeouts:
            raise IllegalArgumentException(
                f"[STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE] the time mode '{timeMode}' must be 'None', 'ProcessingTime' or "
                "'EventTime'. SQLSTATE: 42802"
            )
        output = _struct(outputStructType)
        calls = ProcessorCalls(
            processor,
            self._df.schema,
            self._key_names(),
            output,
            timeouts[timeMode.lower()],
            _setting("spark.sql.session.timeZone", "UTC"),
            max(int(_setting("spark.sql.execution.arrow.maxRecordsPerBatch", "10000")), 0),
            in_pandas=kind == "pandas",
            initial=None if initialState is None else initialState._df.columns,
        )
        state = calls.state()
        name = f"{type(processor).__name__}"
        function = _native.GroupFunction(
            name,
            calls.open,
            state_converter(state),
            output.json(),
            state.json(),
            "rows" if kind == "rows" else "arrays",
            _native.Turn(),
        )
        initial = None if initialState is None else (initialState._df._frame, initialState._keys)
        frame = self._df._frame.groups_with_state(
            self._keys, function, kind, outputMode, calls.time_mode, eventTimeColumnName or None, initial
        )
        return self._df._new(frame)

    def _key_names(self) -> list[str]:
        return [key.name() or repr(key) for key in self._keys]


def _struct(given: StructType | str) -> StructType:
    """A schema, as it is or as a DDL string."""
    if isinstance(given, str):
        parsed = _parse_datatype_string(given) if given.strip() else StructType()
        return parsed if isinstance(parsed, StructType) else StructType().add("value", parsed)
    if not isinstance(given, StructType):
        raise _not_type("schema", "StructType or str", given)
    return given


def _named(name: str, function: str) -> Column:
    if name == "*" and function.lower() == "count":
        return _call("count", 1)
    return _call(function.lower(), Column(_native.Expr.column(name)))


for _name in (
    "apply", "applyInArrow", "applyInPandas", "cogroup",
):  # fmt: skip
    setattr(GroupedData, _name, _refuse("GroupedData", _name))
