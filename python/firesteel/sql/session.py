"""SparkSession: the entry point."""

from __future__ import annotations

import atexit
import logging
import signal
import sys
import threading
import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from firesteel import _native
from firesteel.conf import _text
from firesteel.errors import (
    IllegalArgumentException,
    PySparkRuntimeError,
    PySparkTypeError,
    PySparkValueError,
    _missing_attribute,
    _not_type,
)
from firesteel.sql.conf import RuntimeConfig
from firesteel.sql.types import DataType, StructType

if TYPE_CHECKING:
    from firesteel.conf import SparkConf
    from firesteel.context import SparkContext
    from firesteel.sql.catalog import Catalog
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.readwriter import DataFrameReader
    from firesteel.sql.streaming.query import StreamingQueryManager
    from firesteel.sql.streaming.readwriter import DataStreamReader
    from firesteel.sql.udf import UDFRegistration

__all__ = ["SparkSession"]

_log = logging.getLogger("firesteel")


class SparkSession:
    """The entry point of reads, SQL, streams and configuration.

    Examples
    --------
    >>> from firesteel.sql import SparkSession
    >>> spark = SparkSession.builder.appName("docs").getOrCreate()
    >>> spark.range(3).count()
    3
    """

    class Builder:
        """Collects settings, then makes a session or finds the one that runs."""

        def __init__(self) -> None:
            self._options: dict[str, str] = {}

        def config(
            self,
            key: str | None = None,
            value: Any = None,
            conf: SparkConf | None = None,
            *,
            map: dict[str, Any] | None = None,
        ) -> SparkSession.Builder:
            """Sets a key, or all of a :class:`SparkConf` or a dict."""
            if conf is not None:
                for name, text in conf.getAll():
                    self._options[name] = text
            elif map is not None:
                for name, text in map.items():
                    self._options[name] = _text(text)
            elif key is not None:
                self._options[key] = _text(value)
            return self

        def master(self, master: str) -> SparkSession.Builder:
            """Sets the number of threads by ``local``, ``local[n]`` or ``local[*]``.

            A cluster's URL is an error.
            """
            return self.config("spark.master", master)

        def appName(self, name: str) -> SparkSession.Builder:
            """Sets the application's name."""
            return self.config("spark.app.name", name)

        def enableHiveSupport(self) -> SparkSession.Builder:
            """Has no effect: there is no Hive, and tables live as long as the session."""
            _log.warning("enableHiveSupport has no effect here: tables live as long as the session")
            return self

        def remote(self, url: str) -> SparkSession.Builder:
            """Raises: a remote session needs pyspark."""
            raise PySparkValueError(
                f"'{url}' is a Spark Connect server, and Firesteel runs in this process: use pyspark for a cluster",
                errorClass="MASTER_URL_INVALID",
                messageParameters={"master": url},
            )

        def create(self) -> SparkSession:
            """Makes a new session."""
            _heed_ctrl_c()
            return SparkSession(_native.Session(list(self._take().items())))

        def getOrCreate(self) -> SparkSession:
            """Returns the session that runs and adds these settings, or makes a session."""
            with SparkSession._lock:
                options = self._take()
                session = SparkSession._active
                if session is None or session._stopped:
                    _heed_ctrl_c()
                    session = SparkSession(_native.Session(list(options.items())))
                    SparkSession._active = session
                else:
                    for key, value in options.items():
                        if key not in ("spark.master", "spark.app.name"):
                            session._native.conf_add(key, value)
                return session

        def _take(self) -> dict[str, str]:
            return dict(self._options)

    class _BuilderProperty:
        def __get__(self, instance: object, owner: type) -> SparkSession.Builder:
            return SparkSession.Builder()

    builder: ClassVar[Any] = _BuilderProperty()
    _lock: ClassVar[Any] = threading.RLock()
    _active: ClassVar[SparkSession | None] = None
    _sessions: ClassVar[weakref.WeakSet[SparkSession]] = weakref.WeakSet()

    def __init__(self, native: Any, *_: Any, **__: Any) -> None:
        if not isinstance(native, _native.Session):
            # SparkSession(sparkContext) is the older way to the running session.
            native = getattr(native, "_session", native)._native
        self._native = native
        self._stopped = False
        self._local = threading.local()
        native.set_print(_print)
        SparkSession._sessions.add(self)

    @classmethod
    def getActiveSession(cls) -> SparkSession | None:
        """Returns the session that runs, or None."""
        session = cls._active
        return None if session is None or session._stopped else session

    @classmethod
    def active(cls) -> SparkSession:
        """Returns the session that runs.

        Raises
        ------
        PySparkRuntimeError
            If there is none.
        """
        return cls._require()

    @classmethod
    def _require(cls) -> SparkSession:
        session = cls.getActiveSession()
        if session is None:
            raise PySparkRuntimeError(errorClass="NO_ACTIVE_OR_DEFAULT_SESSION", messageParameters={})
        return session

    def newSession(self) -> SparkSession:
        """Returns a session of its own views and settings."""
        return SparkSession(_native.Session(self._native.conf_all()))

    @cached_property
    def conf(self) -> RuntimeConfig:
        """The configuration."""
        return RuntimeConfig(self._native)

    @cached_property
    def version(self) -> str:
        """The version of Spark whose behaviour this session follows."""
        return "4.3.0"

    @cached_property
    def sparkContext(self) -> SparkContext:
        """The context, as far as scripts use it on one machine."""
        from firesteel.context import SparkContext

        return SparkContext(_session=self)

    @cached_property
    def catalog(self) -> Catalog:
        """Views, tables and functions."""
        from firesteel.sql.catalog import Catalog

        return Catalog(self)

    @property
    def udf(self) -> UDFRegistration:
        """Registers Python functions for SQL."""
        from firesteel.sql.udf import UDFRegistration

        return UDFRegistration(self)

    def _expression(self, text: Any) -> _native.Expr:
        if not isinstance(text, str):
            raise _not_type("expr", "str", text)
        return self._native.expression(text)

    def _df(self, frame: _native.Frame) -> DataFrame:
        from firesteel.sql.dataframe import DataFrame

        return DataFrame(frame, self)

    def range(self, start: int, end: int | None = None, step: int = 1, numPartitions: int | None = None) -> DataFrame:
        """Makes a DataFrame of numbers, in a column ``id``.

        Parameters
        ----------
        start : int
            The first number. If it is given alone, it is the number to end before.
        end : int, optional
            The number to end before.
        step : int, optional
            The distance from one to the next.
        numPartitions : int, optional
            The number of partitions.

        Examples
        --------
        >>> spark.range(1, 7, 2).collect()
        [Row(id=1), Row(id=3), Row(id=5)]
        """
        if end is None:
            start, end = 0, start
        return self._df(self._native.range(int(start), int(end), int(step), numPartitions))

    def sql(self, sqlQuery: str, args: Any = None, **kwargs: Any) -> DataFrame:
        """Runs a SQL text.

        Parameters
        ----------
        sqlQuery : str
            A query or a statement. ``{name}`` in it stands for the DataFrame or value of a keyword
            argument.
        args : dict or list, optional
            The values of ``:name`` or ``?`` in the text.

        Examples
        --------
        >>> spark.sql("SELECT 1 + 1 AS two").collect()
        [Row(two=2)]
        """
        views: list[str] = []
        try:
            if kwargs:
                from firesteel.sql.parameters import with_frames

                sqlQuery = with_frames(sqlQuery, kwargs, views)
            if args:
                from firesteel.sql.parameters import with_values

                sqlQuery = with_values(sqlQuery, args)
            return self._df(self._native.sql(sqlQuery))
        finally:
            for view in views:
                self._native.drop_view(view)

    def table(self, tableName: str) -> DataFrame:
        """Returns a table or a view."""
        if not isinstance(tableName, str):
            raise _not_type("tableName", "str", tableName)
        return self._df(self._native.table(tableName, False))

    def createDataFrame(
        self,
        data: Any,
        schema: Any = None,
        samplingRatio: float | None = None,
        verifySchema: bool = True,
    ) -> DataFrame:
        """Makes a DataFrame of data in memory.

        Parameters
        ----------
        data : list, pandas.DataFrame, pyarrow.Table, polars.DataFrame, or any Arrow object
            Rows as tuples, lists, dicts, :class:`Row` or objects. Or a table of another library,
            which is not copied if its types are Spark's.
        schema : DataType, str or list of str, optional
            The schema, its DDL or only the names. By default it is inferred from the data.
        samplingRatio : float, optional
            Has no effect, since every row is looked at.
        verifySchema : bool, optional
            Whether a value that does not fit its type is an error. Otherwise it becomes null.

        Examples
        --------
        >>> spark.createDataFrame([("Alice", 1)], ["name", "age"]).collect()
        [Row(name='Alice', age=1)]
        >>> spark.createDataFrame([("Alice", 1)], "name STRING, age INT").dtypes
        [('name', 'string'), ('age', 'int')]
        """
        from firesteel.sql.conversion import create
        from firesteel.sql.dataframe import DataFrame

        SparkSession._active = SparkSession._active or self
        if isinstance(data, DataFrame):
            raise PySparkTypeError(
                errorClass="INVALID_TYPE", messageParameters={"arg_name": "data", "arg_type": "DataFrame"}
            )
        return self._df(create(self, data, schema, samplingRatio, verifySchema))

    def emptyDataFrame(self, schema: StructType | str) -> DataFrame:
        """Makes a DataFrame without rows."""
        return self.createDataFrame([], schema)

    @property
    def read(self) -> DataFrameReader:
        """Reads files and tables."""
        from firesteel.sql.readwriter import DataFrameReader

        return DataFrameReader(self)

    @property
    def readStream(self) -> DataStreamReader:
        """Reads streams."""
        from firesteel.sql.streaming.readwriter import DataStreamReader

        return DataStreamReader(self)

    @cached_property
    def streams(self) -> StreamingQueryManager:
        """The queries that run."""
        from firesteel.sql.streaming.query import StreamingQueryManager

        return StreamingQueryManager(self)

    def stop(self) -> None:
        """Stops the session and its queries."""
        with SparkSession._lock:
            if SparkSession._active is self:
                SparkSession._active = None
            already, self._stopped = self._stopped, True
        if not already:
            self._native.stop()

    def __enter__(self) -> SparkSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _repr_html_(self) -> str:
        from html import escape

        context = self.sparkContext
        return (
            "<div><p><b>SparkSession - Firesteel</b></p><dl>"
            f"<dt>Follows Spark</dt><dd><code>v{self.version}</code></dd>"
            f"<dt>Master</dt><dd><code>{escape(context.master)}</code></dd>"
            f"<dt>AppName</dt><dd><code>{escape(context.appName)}</code></dd></dl></div>"
        )

    def addTag(self, tag: str) -> None:
        """Adds a tag to this thread's operations.

        It can be read again. Nothing finds an operation by its tag here.

        Raises
        ------
        IllegalArgumentException
            If the tag is empty or has a comma.
        """
        if not tag or "," in tag:
            raise IllegalArgumentException(f"a tag must be a text without a comma, found '{tag}'")
        self._tags().add(tag)

    def removeTag(self, tag: str) -> None:
        """Removes a tag of this thread."""
        self._tags().discard(tag)

    def getTags(self) -> set[str]:
        """Returns the tags of this thread, which are not those of the context."""
        return set(self._tags())

    def clearTags(self) -> None:
        """Removes every tag of this thread."""
        self._tags().clear()

    def _tags(self) -> set[str]:
        local = self._local
        if not hasattr(local, "tags"):
            local.tags = set()
        return local.tags

    def __getattr__(self, name: str) -> Any:
        raise _missing_attribute("SparkSession", name)


def _print(text: str) -> None:
    """Prints for the console sink to `sys.stdout`, which a cell or a test may replace."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _heed_ctrl_c() -> None:
    """Lets SIGINT raise ``KeyboardInterrupt`` if it is ignored, as in background jobs of a shell.

    PySpark does so too. Otherwise only a signal that leaves no time to stop queries could end such
    a job.
    """
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_PATIENCE = 10.0
"""How many seconds a function that is running when the interpreter ends has to return."""


@atexit.register
def _stop_all() -> None:
    """Stops every query before the interpreter ends.

    It waits for every thread that may call into Python.
    """
    for session in list(SparkSession._sessions):
        try:
            session.stop()
        except Exception:
            _log.exception("a session did not stop cleanly at exit")
    if not _native.wait_until_idle(_PATIENCE):
        _log.warning("functions still run after %s seconds: the process may not end cleanly", _PATIENCE)


def _schema_text(schema: Any) -> str:
    """A schema as text for the engine: JSON of a type, or DDL as it is."""
    if isinstance(schema, DataType):
        return schema.json()
    if isinstance(schema, str):
        return schema
    raise _not_type("schema", "StructType or str", schema)
