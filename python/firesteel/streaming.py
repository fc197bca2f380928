"""Firesteel's own for streams: a stream fed by hand, for tests and notebooks, and how long batches took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.sql.session import SparkSession, _schema_text
from firesteel.sql.types import DataType, StructType, _parse_datatype_string

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame
    from firesteel.sql.streaming.query import StreamingQuery

__all__ = ["MemoryStream", "batch_seconds"]


class MemoryStream:
    """A stream whose rows you add, there for the next batch, or at once in a continuous query.

    Parameters
    ----------
    schema : StructType or str
        The schema, or its DDL.
    session : SparkSession, optional
        The session; the one that runs, by default.

    Notes
    -----
    Rows live in this process: a query that restarts in another does not find them, and the log says so.

    Examples
    --------
    >>> from firesteel.streaming import MemoryStream
    >>> stream = MemoryStream("n INT", spark)
    >>> query = stream.to_df().writeStream.format("memory").queryName("fed").start()
    >>> stream.add([(1,), (2,)])
    >>> query.processAllAvailable()
    >>> spark.table("fed").count()
    2
    >>> query.stop()
    """

    def __init__(self, schema: StructType | str, session: SparkSession | None = None) -> None:
        self._session = session or SparkSession._require()
        parsed = _parse_datatype_string(schema) if isinstance(schema, str) else schema
        if not isinstance(parsed, StructType):
            parsed = StructType().add("value", parsed if isinstance(parsed, DataType) else schema)
        self._schema = parsed
        self._native = _native.MemoryStream(_schema_text(parsed))

    def add(self, rows: Any) -> None:
        """Adds rows: tuples, dicts or Row objects, or any Arrow data of the stream's schema."""
        if hasattr(rows, "__arrow_c_stream__") or hasattr(rows, "__arrow_c_array__"):
            self._native.add(rows)
        else:
            self._native.add(_native.rows_to_table(list(rows), self._schema.json(), "exact", False))

    def to_df(self) -> DataFrame:
        """Returns the stream as a DataFrame; several queries may read it."""
        return self._session._df(self._native.frame(self._session._native))


def batch_seconds(query: StreamingQuery) -> list[float]:
    """How long a query's last batches took, each from the start of its trigger until it is committed.

    Parameters
    ----------
    query : StreamingQuery
        Any query; a continuous one has no batches.

    Returns
    -------
    list of float
        Seconds, the oldest batch first: exact, where ``durationMs`` in progress has whole milliseconds. As many as
        progress is kept for, ``spark.sql.streaming.numRecentProgressUpdates``.

    Examples
    --------
    >>> from firesteel.streaming import batch_seconds
    >>> query = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 100).load() \\
    ...     .writeStream.format("noop").trigger(once=True).start()
    >>> query.awaitTermination()
    >>> [0 < seconds < 60 for seconds in batch_seconds(query)]
    [True]
    """
    return query._native.batch_seconds()
