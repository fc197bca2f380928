"""Firesteel's own part of streaming: a stream fed by hand, and the times of batches."""

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
    """A stream whose rows you add. The next batch reads them, and a continuous query at once.

    Parameters
    ----------
    schema : StructType or str
        The schema, or its DDL.
    session : SparkSession, optional
        The session, by default the one that runs.

    Notes
    -----
    Rows live in this process. A query that restarts in another process does not find them, and a warning says so.

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
        """Adds rows: tuples, dicts, Row objects or any Arrow data of the stream's schema."""
        if hasattr(rows, "__arrow_c_stream__") or hasattr(rows, "__arrow_c_array__"):
            self._native.add(rows)
        else:
            self._native.add(_native.rows_to_table(list(rows), self._schema.json(), "exact", False))

    def to_df(self) -> DataFrame:
        """Returns the stream as a DataFrame, which several queries may read."""
        return self._session._df(self._native.frame(self._session._native))


def batch_seconds(query: StreamingQuery) -> list[float]:
    """The times of a query's last batches, each from the start of its trigger to its commit.

    Parameters
    ----------
    query : StreamingQuery
        The query. A continuous one has no batches.

    Returns
    -------
    list of float
        Seconds, with the oldest batch first. They are exact, while ``durationMs`` in progress has
        whole milliseconds. ``spark.sql.streaming.numRecentProgressUpdates`` says how many are kept.

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
