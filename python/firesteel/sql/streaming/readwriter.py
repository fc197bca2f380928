"""Reading and writing streams: ``spark.readStream`` and ``df.writeStream``."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import (
    AnalysisException,
    PySparkAttributeError,
    PySparkException,
    PySparkValueError,
    _missing,
    _not_type,
)
from firesteel.sql.column import _flat
from firesteel.sql.readwriter import _options, _pairs
from firesteel.sql.session import _schema_text

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.session import SparkSession
    from firesteel.sql.streaming.query import StreamingQuery
    from firesteel.sql.types import Row, StructType

__all__ = ["DataStreamReader", "DataStreamWriter"]


class DataStreamReader:
    """Says what stream to read, then declares it: ``spark.readStream``.

    Examples
    --------
    >>> spark.readStream.format("rate").load().isStreaming
    True
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._format: str | None = None
        self._schema: str | None = None
        self._options: dict[str, Any] = {}

    def format(self, source: str) -> DataStreamReader:
        """Sets the source: ``rate``, ``rate-micro-batch``, ``socket`` or a file format."""
        self._format = source
        return self

    def schema(self, schema: StructType | str) -> DataStreamReader:
        """Sets the schema, or its DDL. A stream of files needs one."""
        self._schema = _schema_text(schema)
        return self

    def option(self, key: str, value: Any) -> DataStreamReader:
        """Sets an option of the source."""
        self._options[key] = value
        return self

    def options(self, **options: Any) -> DataStreamReader:
        """Sets several options of the source."""
        self._options.update(options)
        return self

    def name(self, source_name: str) -> DataStreamReader:
        """Names the source: needs Spark's source evolution, which Firesteel does not have."""
        if not isinstance(source_name, str):
            raise _not_type("source_name", "str", source_name)
        if not re.fullmatch(r"[a-zA-Z0-9_]+", source_name):
            raise PySparkValueError(
                errorClass="INVALID_STREAMING_SOURCE_NAME", messageParameters={"source_name": source_name}
            )
        raise _missing("DataStreamReader.name")

    def load(
        self,
        path: str | None = None,
        format: str | None = None,
        schema: StructType | str | None = None,
        **options: Any,
    ) -> DataFrame:
        """Declares the stream.

        Parameters
        ----------
        path : str, optional
            The directory or glob of a stream of files.
        format : str, optional
            The source.
        schema : StructType or str, optional
            The schema, or its DDL.
        options : dict
            Options of the source.
        """
        if path is not None and (not isinstance(path, str) or not path.strip()):
            raise PySparkValueError(
                errorClass="VALUE_NOT_NON_EMPTY_STR", messageParameters={"arg_name": "path", "arg_value": str(path)}
            )
        return self._declare(format, path, schema, options)

    def _load(self, format: str, path: Any, schema: Any, options: dict[str, Any]) -> DataFrame:
        if not isinstance(path, str):
            raise _not_type("path", "str", path)
        return self._declare(format, path, schema, options)

    def _declare(self, format: str | None, path: str | None, schema: Any, options: dict[str, Any]) -> DataFrame:
        if format is not None:
            self.format(format)
        if schema is not None:
            self.schema(schema)
        self.options(**{key: value for key, value in options.items() if value is not None})
        paths = [] if path is None else [path]
        native = self._spark._native
        return self._spark._df(native.read(self._format, _pairs(self._options), self._schema, paths, True))

    def table(self, tableName: str) -> DataFrame:
        """Reads a table as a stream."""
        if not isinstance(tableName, str):
            raise _not_type("tableName", "str", tableName)
        return self._spark._df(self._spark._native.table(tableName, True))

    def changes(self, tableName: str) -> DataFrame:
        """A table's changes: not in Firesteel."""
        raise _missing("DataStreamReader.changes")

    def csv(
        self,
        path: str,
        schema: StructType | str | None = None,
        sep: str | None = None,
        encoding: str | None = None,
        quote: str | None = None,
        escape: str | None = None,
        comment: str | None = None,
        header: bool | str | None = None,
        inferSchema: bool | str | None = None,
        ignoreLeadingWhiteSpace: bool | str | None = None,
        ignoreTrailingWhiteSpace: bool | str | None = None,
        nullValue: str | None = None,
        nanValue: str | None = None,
        positiveInf: str | None = None,
        negativeInf: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        maxColumns: int | str | None = None,
        maxCharsPerColumn: int | str | None = None,
        maxMalformedLogPerPartition: int | str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        multiLine: bool | str | None = None,
        charToEscapeQuoteEscaping: bool | str | None = None,
        enforceSchema: bool | str | None = None,
        emptyValue: str | None = None,
        locale: str | None = None,
        lineSep: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        unescapedQuoteHandling: str | None = None,
    ) -> DataFrame:
        """Reads CSV files. The arguments are the format's options."""
        return self._load("csv", path, schema, _options(locals()))

    def json(
        self,
        path: str,
        schema: StructType | str | None = None,
        primitivesAsString: bool | str | None = None,
        prefersDecimal: bool | str | None = None,
        allowComments: bool | str | None = None,
        allowUnquotedFieldNames: bool | str | None = None,
        allowSingleQuotes: bool | str | None = None,
        allowNumericLeadingZero: bool | str | None = None,
        allowBackslashEscapingAnyCharacter: bool | str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        multiLine: bool | str | None = None,
        allowUnquotedControlChars: bool | str | None = None,
        lineSep: str | None = None,
        locale: str | None = None,
        dropFieldIfAllNull: bool | str | None = None,
        encoding: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        allowNonNumericNumbers: bool | str | None = None,
        useUnsafeRow: bool | str | None = None,
    ) -> DataFrame:
        """Reads JSON files, one object a line. The arguments are the format's options."""
        return self._load("json", path, schema, _options(locals()))

    def parquet(
        self,
        path: str,
        mergeSchema: bool | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
        datetimeRebaseMode: bool | str | None = None,
        int96RebaseMode: bool | str | None = None,
    ) -> DataFrame:
        """Reads Parquet files. The arguments are the format's options."""
        return self._load("parquet", path, None, _options(locals()))

    def text(
        self,
        path: str,
        wholetext: bool = False,
        lineSep: str | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
    ) -> DataFrame:
        """Reads text files, one line a row. The arguments are the format's options."""
        return self._load("text", path, None, _options(locals()))

    def orc(
        self,
        path: str,
        mergeSchema: bool | None = None,
        pathGlobFilter: bool | str | None = None,
        recursiveFileLookup: bool | str | None = None,
    ) -> DataFrame:
        """Reads ORC files. The arguments are the format's options."""
        return self._load("orc", path, None, _options(locals()))

    def xml(
        self,
        path: str,
        rowTag: str | None = None,
        schema: StructType | str | None = None,
        excludeAttribute: bool | str | None = None,
        attributePrefix: str | None = None,
        valueTag: str | None = None,
        ignoreSurroundingSpaces: bool | str | None = None,
        rowValidationXSDPath: str | None = None,
        ignoreNamespace: bool | str | None = None,
        wildcardColName: str | None = None,
        encoding: str | None = None,
        inferSchema: bool | str | None = None,
        nullValue: str | None = None,
        dateFormat: str | None = None,
        timestampFormat: str | None = None,
        mode: str | None = None,
        columnNameOfCorruptRecord: str | None = None,
        multiLine: bool | str | None = None,
        samplingRatio: float | str | None = None,
        locale: str | None = None,
    ) -> DataFrame:
        """Reads XML files. The arguments are the format's options."""
        return self._load("xml", path, schema, _options(locals()))


class DataStreamWriter:
    """Says where and when to write a stream, then starts the query: ``df.writeStream``.

    Examples
    --------
    >>> stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5).load()
    >>> query = stream.writeStream.format("memory").queryName("five").trigger(availableNow=True).start()
    >>> query.awaitTermination()
    >>> spark.table("five").count()
    5
    """

    def __init__(self, df: DataFrame) -> None:
        if not df.isStreaming:
            raise AnalysisException(
                "[WRITE_STREAM_NOT_ALLOWED] only a stream has `writeStream`; use `write`. SQLSTATE: 42601"
            )
        self._df = df
        self._spark = df.sparkSession
        self._format: str | None = None
        self._mode: str | None = None
        self._name: str | None = None
        self._options: dict[str, Any] = {}
        self._partition_by: list[str] = []
        self._trigger: tuple[str, str | None] = ("processingTime", "0 seconds")
        self._refused: str | None = None
        self._each: tuple[str, Any] | None = None

    def outputMode(self, outputMode: str) -> DataStreamWriter:
        """Sets which rows are written: ``append``, ``update`` or ``complete``."""
        if not outputMode or not isinstance(outputMode, str) or not outputMode.strip():
            raise PySparkValueError(
                errorClass="VALUE_NOT_NON_EMPTY_STR",
                messageParameters={"arg_name": "outputMode", "arg_value": str(outputMode)},
            )
        if outputMode.lower() not in ("append", "update", "complete"):
            from firesteel.errors import IllegalArgumentException

            raise IllegalArgumentException(
                f"[STREAMING_OUTPUT_MODE.INVALID] the output mode '{outputMode}' must be 'Append', 'Complete' or "
                "'Update'. SQLSTATE: 42KDE"
            )
        self._mode = outputMode
        return self

    def format(self, source: str) -> DataStreamWriter:
        """Sets the sink: ``console``, ``memory``, ``noop`` or a file format."""
        self._format = source
        return self

    def option(self, key: str, value: Any) -> DataStreamWriter:
        """Sets an option of the sink, or ``checkpointLocation``."""
        self._options[key] = value
        return self

    def options(self, **options: Any) -> DataStreamWriter:
        """Sets several options."""
        self._options.update(options)
        return self

    def partitionBy(self, *cols: Any) -> DataStreamWriter:
        """Sets the columns whose values become directories."""
        self._partition_by = _flat(cols)
        return self

    def clusterBy(self, *cols: Any) -> DataStreamWriter:
        """Names the columns that a table is clustered by.

        No sink here has clusters. As in Spark, files keep none.
        """
        warnings.warn("clusterBy has no effect on files, as in Spark", UserWarning, stacklevel=2)
        return self

    def queryName(self, queryName: str) -> DataStreamWriter:
        """Names the query, and for the memory sink also its table."""
        if not queryName or not isinstance(queryName, str) or not queryName.strip():
            raise PySparkValueError(
                errorClass="VALUE_NOT_NON_EMPTY_STR",
                messageParameters={"arg_name": "queryName", "arg_value": str(queryName)},
            )
        self._name = queryName
        return self

    def trigger(
        self,
        *,
        processingTime: str | None = None,
        once: bool | None = None,
        continuous: str | None = None,
        availableNow: bool | None = None,
        realTime: str | None = None,
    ) -> DataStreamWriter:
        """Sets when a batch runs, by exactly one argument.

        Parameters
        ----------
        processingTime : str, optional
            At the multiples of an interval, such as ``"5 seconds"``.
        once : bool, optional
            One batch of all data, and then the end.
        continuous : str, optional
            Rows as they come. The interval says how often progress is recorded.
        availableNow : bool, optional
            Batches of all data that is there now, and then the end.
        realTime : str, optional
            Not in Firesteel. ``continuous`` takes every function and model.
        """
        given = {
            "processingTime": processingTime,
            "once": once,
            "continuous": continuous,
            "availableNow": availableNow,
            "realTime": realTime,
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        if len(chosen) != 1:
            raise PySparkValueError(errorClass="ONLY_ALLOW_SINGLE_TRIGGER", messageParameters={})
        ((name, value),) = chosen.items()
        if name in ("once", "availableNow"):
            if value is not True:
                raise PySparkValueError(
                    errorClass="VALUE_NOT_ALLOWED", messageParameters={"arg_name": name, "allowed_values": "True"}
                )
            self._trigger = (name, None)
            return self
        if not isinstance(value, str) or not value.strip():
            raise PySparkValueError(
                errorClass="VALUE_NOT_NON_EMPTY_STR", messageParameters={"arg_name": name, "arg_value": str(value)}
            )
        if name == "realTime":
            # Spark also refuses at start() a query that real-time mode cannot run.
            self._refused = "trigger(realTime=…); use trigger(continuous=…)"
            return self
        _native.check_trigger(name, value.strip())
        self._trigger = (name, value.strip())
        return self

    def foreach(self, f: Callable[[Row], None] | Any) -> DataStreamWriter:
        """Calls a function, or the ``process`` of an object, with each row.

        Parameters
        ----------
        f : callable, or object with process and perhaps open and close
            ``open(partition_id, epoch_id)`` says whether the partition is wanted. ``process(row)``
            takes a row. ``close(error)`` is called at the end. Each lane of each batch has a copy
            of the object.
        """
        if not callable(f):
            if not hasattr(f, "process"):
                raise PySparkAttributeError(
                    "the object for foreach() needs a method 'process'",
                    errorClass="ATTRIBUTE_NOT_CALLABLE",
                    messageParameters={"attr_name": "process", "obj_name": type(f).__name__},
                )
            for name in ("open", "process", "close"):
                if hasattr(f, name) and not callable(getattr(f, name)):
                    raise PySparkAttributeError(
                        f"the attribute '{name}' of the object for foreach() is not callable",
                        errorClass="ATTRIBUTE_NOT_CALLABLE",
                        messageParameters={"attr_name": name, "obj_name": type(f).__name__},
                    )
        self._each = ("foreach", f)
        return self

    def foreachBatch(self, func: Callable[[DataFrame, int], None]) -> DataStreamWriter:
        """Calls a function with the rows of each batch as a DataFrame, and the batch's number.

        Parameters
        ----------
        func : callable
            The function. When a batch is replayed after a crash, it is called again with the same
            rows and number.
        """
        if not callable(func):
            raise _not_type("func", "a function of a DataFrame and a number", func)
        self._each = ("foreachBatch", func)
        return self

    def start(
        self,
        path: str | None = None,
        format: str | None = None,
        outputMode: str | None = None,
        partitionBy: str | list[str] | None = None,
        queryName: str | None = None,
        **options: Any,
    ) -> StreamingQuery:
        """Starts the query and returns its handle.

        Parameters
        ----------
        path : str, optional
            The directory of a file sink.
        format : str, optional
            The sink.
        outputMode, partitionBy, queryName : optional
            As the methods of these names.
        options : dict
            Options of the sink, and ``checkpointLocation``.
        """
        self._take(format, outputMode, partitionBy, queryName, options)
        return self._start(path, None)

    def toTable(
        self,
        tableName: str,
        format: str | None = None,
        outputMode: str | None = None,
        partitionBy: str | list[str] | None = None,
        queryName: str | None = None,
        **options: Any,
    ) -> StreamingQuery:
        """Starts the query into a table, which is made if it is missing.

        The arguments are those of :meth:`start`.
        """
        if not isinstance(tableName, str) or not tableName.strip():
            raise PySparkValueError(
                errorClass="VALUE_NOT_NON_EMPTY_STR",
                messageParameters={"arg_name": "tableName", "arg_value": str(tableName)},
            )
        self._take(format, outputMode, partitionBy, queryName, options)
        return self._start(None, tableName)

    def _take(self, format: Any, mode: Any, partition_by: Any, name: Any, options: dict[str, Any]) -> None:
        self.options(**{key: value for key, value in options.items() if value is not None})
        if mode is not None:
            self.outputMode(mode)
        if partition_by is not None:
            self.partitionBy(*([partition_by] if isinstance(partition_by, str) else partition_by))
        if format is not None:
            self.format(format)
        if name is not None:
            self.queryName(name)

    def _start(self, path: str | None, table: str | None) -> StreamingQuery:
        from firesteel.sql.streaming.query import StreamingQuery

        if self._refused:
            raise _missing(self._refused)
        _end_cleanly_on_sigterm()
        try:
            native = _native.start_stream(
                self._df._frame,
                path, table, self._format, self._mode, self._name, self._partition_by, _pairs(self._options),
                self._trigger, self._adapter(),
            )  # fmt: skip
        except PySparkException as error:
            _name_the_misspelt(error, self._options)
            raise
        return StreamingQuery(native)

    def _adapter(self) -> tuple[str, Any] | None:
        """The user's function in the form that the engine calls."""
        if self._each is None:
            return None
        kind, function = self._each
        if kind == "foreach":
            import cloudpickle

            return kind, cloudpickle.dumps(function)
        session = self._spark

        def each_batch(frame: Any, epoch: int) -> None:
            function(session._df(frame), epoch)

        return kind, each_batch


def _end_cleanly_on_sigterm() -> None:
    """Lets SIGTERM end the process by way of `atexit`, which stops the queries.

    It does so only if there is no other handler. Rows that are not committed then are left for
    replay.
    """
    import signal
    import sys
    import threading

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def _name_the_misspelt(error: PySparkException, options: dict[str, Any]) -> None:
    """Adds the misspelt name that was given to an error about a missing option."""
    missing = {"_LEGACY_ERROR_TEMP_1298": "checkpointLocation", "_LEGACY_ERROR_TEMP_2047": "path"}.get(
        error.getCondition() or ""
    )
    if missing and (near := difflib.get_close_matches(missing, options, n=1)):
        error._message += f" The option '{near[0]}' was given: did you mean '{missing}'?"
