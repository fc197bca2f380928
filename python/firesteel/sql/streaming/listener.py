"""Listeners of a session's queries, their events and progress reports."""

from __future__ import annotations

import json
import logging
import uuid
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firesteel.sql.session import SparkSession

__all__ = [
    "QueryIdleEvent",
    "QueryProgressEvent",
    "QueryStartedEvent",
    "QueryTerminatedEvent",
    "SinkProgress",
    "SourceProgress",
    "StateOperatorProgress",
    "StreamingQueryListener",
    "StreamingQueryProgress",
]

_log = logging.getLogger("firesteel.streaming")


class StreamingQueryListener(ABC):
    """Is told of the events of a session's queries. See ``spark.streams.addListener``.

    ``onQueryStarted`` is called before ``start()`` returns. The other methods are called soon after
    their events, on a separate thread. An exception of a listener is logged and harms no query.
    """

    _spark: SparkSession | None = None

    def _set_spark_session(self, session: SparkSession) -> None:
        if self.spark is None:
            self.spark = session

    @property
    def spark(self) -> SparkSession | None:
        """The session, once the listener was added to it."""
        return self._spark

    @spark.setter
    def spark(self, session: SparkSession) -> None:
        self._spark = session

    @abstractmethod
    def onQueryStarted(self, event: QueryStartedEvent) -> None:
        """Called when a query has started."""

    @abstractmethod
    def onQueryProgress(self, event: QueryProgressEvent) -> None:
        """Called after each batch."""

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: B027 - a listener may leave it out
        """Called when a query had nothing to do for a while."""

    @abstractmethod
    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:
        """Called when a query has ended."""


class QueryStartedEvent:
    """A query has started."""

    def __init__(self, id: uuid.UUID, runId: uuid.UUID, name: str | None, timestamp: str, jobTags: set[str]) -> None:
        self._id, self._run_id, self._name = id, runId, name
        self._timestamp, self._job_tags = timestamp, jobTags

    @property
    def id(self) -> uuid.UUID:
        """The query's id, the same on every restart."""
        return self._id

    @property
    def runId(self) -> uuid.UUID:
        """The id of this run."""
        return self._run_id

    @property
    def name(self) -> str | None:
        """The query's name, or None."""
        return self._name

    @property
    def timestamp(self) -> str:
        """The time of the start."""
        return self._timestamp

    @property
    def jobTags(self) -> set[str]:
        """Empty, since operations have no tags here."""
        return self._job_tags


class QueryProgressEvent:
    """A batch is done."""

    def __init__(self, progress: StreamingQueryProgress) -> None:
        self._progress = progress

    @property
    def progress(self) -> StreamingQueryProgress:
        """The batch's report."""
        return self._progress


class QueryIdleEvent:
    """A query had nothing to do for a while."""

    def __init__(self, id: uuid.UUID, runId: uuid.UUID, timestamp: str) -> None:
        self._id, self._run_id, self._timestamp = id, runId, timestamp

    @property
    def id(self) -> uuid.UUID:
        """The query's id."""
        return self._id

    @property
    def runId(self) -> uuid.UUID:
        """The id of this run."""
        return self._run_id

    @property
    def timestamp(self) -> str:
        """The time of the last trigger."""
        return self._timestamp


class QueryTerminatedEvent:
    """A query has ended."""

    def __init__(
        self, id: uuid.UUID, runId: uuid.UUID, exception: str | None, errorClassOnException: str | None
    ) -> None:
        self._id, self._run_id = id, runId
        self._exception, self._error_class = exception, errorClassOnException

    @property
    def id(self) -> uuid.UUID:
        """The query's id."""
        return self._id

    @property
    def runId(self) -> uuid.UUID:
        """The id of this run."""
        return self._run_id

    @property
    def exception(self) -> str | None:
        """The text of the error that ended it, or None."""
        return self._exception

    @property
    def errorClassOnException(self) -> str | None:
        """The condition of that error, or None."""
        return self._error_class


class _Report(dict[str, Any]):
    """A part of a report: a dict with Spark's keys, which are also attributes.

    Its JSON leaves out unknown values.
    """

    def __init__(self, known: dict[str, Any], **fields: Any) -> None:
        super().__init__(fields)
        self._known = known

    @property
    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(self._known)

    @property
    def prettyJson(self) -> str:
        """The report as indented JSON."""
        return json.dumps(self._known, indent=4)

    def __str__(self) -> str:
        return self.prettyJson

    def __repr__(self) -> str:
        return self.prettyJson

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


class StateOperatorProgress(_Report):
    """The report of a stateful operator."""

    @classmethod
    def fromJson(cls, j: dict[str, Any]) -> StateOperatorProgress:
        """Builds a report from parsed JSON."""
        return cls(j, **{"customMetrics": {}, **j})


class SourceProgress(_Report):
    """The report of a source. Its offsets are JSON text."""

    @classmethod
    def fromJson(cls, j: dict[str, Any]) -> SourceProgress:
        """Builds a report from parsed JSON."""
        return cls(
            j,
            description=j["description"],
            startOffset=_offset(j["startOffset"]),
            endOffset=_offset(j["endOffset"]),
            latestOffset=_offset(j["latestOffset"]),
            numInputRows=j["numInputRows"],
            inputRowsPerSecond=j.get("inputRowsPerSecond"),
            processedRowsPerSecond=j.get("processedRowsPerSecond"),
            metrics=j.get("metrics", {}),
        )


class SinkProgress(_Report):
    """The report of a sink. ``numOutputRows`` is -1 if it does not count."""

    @classmethod
    def fromJson(cls, j: dict[str, Any]) -> SinkProgress:
        """Builds a report from parsed JSON."""
        return cls(
            j, description=j["description"], numOutputRows=j.get("numOutputRows", -1), metrics=j.get("metrics", {})
        )


class StreamingQueryProgress(_Report):
    """A batch's report: a dict with Spark's keys in Spark's order, which are also attributes.

    As in Spark, ``progress["id"]`` is text and ``progress.id`` a UUID.
    """

    @classmethod
    def fromJson(cls, j: dict[str, Any]) -> StreamingQueryProgress:
        """Builds a report from parsed JSON."""
        return cls(
            j,
            id=uuid.UUID(j["id"]),
            runId=uuid.UUID(j["runId"]),
            name=j["name"],
            timestamp=j["timestamp"],
            batchId=j["batchId"],
            batchDuration=j["batchDuration"],
            durationMs=j.get("durationMs", {}),
            eventTime=j.get("eventTime", {}),
            stateOperators=[StateOperatorProgress.fromJson(state) for state in j["stateOperators"]],
            sources=[SourceProgress.fromJson(source) for source in j["sources"]],
            sink=SinkProgress.fromJson(j["sink"]),
            numInputRows=j.get("numInputRows"),
            inputRowsPerSecond=j.get("inputRowsPerSecond"),
            processedRowsPerSecond=j.get("processedRowsPerSecond"),
            observedMetrics=j.get("observedMetrics", {}),
        )

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return str(value) if isinstance(value, uuid.UUID) else value

    @property
    def id(self) -> uuid.UUID:
        """The query's id, the same on every restart."""
        return super().__getitem__("id")

    @property
    def runId(self) -> uuid.UUID:
        """The id of this run."""
        return super().__getitem__("runId")


def _offset(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Adapter:
    """The object that the engine calls.

    It makes events of Spark's classes and lets no exception through.
    """

    def __init__(self, listener: StreamingQueryListener) -> None:
        self._listener = listener

    def _tell(self, method: Any, event: Any) -> None:
        try:
            method(event)
        except Exception:
            _log.exception("the listener %r raised", self._listener)

    def started(self, id: str, run_id: str, name: str | None, timestamp: str) -> None:
        event = QueryStartedEvent(uuid.UUID(id), uuid.UUID(run_id), name, timestamp, set())
        self._tell(self._listener.onQueryStarted, event)

    def progressed(self, text: str) -> None:
        report = StreamingQueryProgress.fromJson(json.loads(text))
        self._tell(self._listener.onQueryProgress, QueryProgressEvent(report))

    def idle(self, id: str, run_id: str, timestamp: str) -> None:
        self._tell(self._listener.onQueryIdle, QueryIdleEvent(uuid.UUID(id), uuid.UUID(run_id), timestamp))

    def terminated(self, id: str, run_id: str, exception: str | None, condition: str | None) -> None:
        event = QueryTerminatedEvent(uuid.UUID(id), uuid.UUID(run_id), exception, condition)
        self._tell(self._listener.onQueryTerminated, event)
