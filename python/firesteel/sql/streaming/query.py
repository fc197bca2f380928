"""Queries that run: ``StreamingQuery``, and ``spark.streams``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from firesteel import _native
from firesteel.errors import PySparkValueError, StreamingQueryException
from firesteel.sql.streaming.listener import StreamingQueryListener, StreamingQueryProgress, _Adapter

if TYPE_CHECKING:
    from firesteel.sql.session import SparkSession

__all__ = ["StreamingQuery", "StreamingQueryManager"]


class StreamingQuery:
    """A query that was started. All its methods may be called from any thread.

    Notes
    -----
    :attr:`id` is the same on every restart from one checkpoint. :attr:`runId` is new for each run.
    """

    def __init__(self, native: _native.Query) -> None:
        self._native = native

    @property
    def id(self) -> str:
        """The query's id, which its checkpoint keeps."""
        return self._native.id()

    @property
    def runId(self) -> str:
        """The id of this run."""
        return self._native.run_id()

    @property
    def name(self) -> str | None:
        """The name that ``queryName`` gave it, or None."""
        return self._native.name()

    @property
    def isActive(self) -> bool:
        """Whether the query runs."""
        return self._native.is_active()

    def awaitTermination(self, timeout: float | None = None) -> bool | None:
        """Waits until the query ends.

        Parameters
        ----------
        timeout : float, optional
            The most seconds to wait.

        Returns
        -------
        bool, optional
            With a timeout: whether the query has ended.

        Raises
        ------
        StreamingQueryException
            If an error ended the query. Its ``__cause__`` is that error. If the user's own code
            raised it, it is the same object.
        """
        if timeout is None:
            self._native.await_termination(None)
            return None
        if not isinstance(timeout, (int, float)) or timeout <= 0:
            raise _not_positive("timeout", timeout)
        return self._native.await_termination(float(timeout))

    @property
    def status(self) -> dict[str, Any]:
        """The state of the query: ``message``, ``isDataAvailable``, ``isTriggerActive``."""
        message, data, trigger = self._native.status()
        return {"message": message, "isDataAvailable": data, "isTriggerActive": trigger}

    @property
    def recentProgress(self) -> list[StreamingQueryProgress]:
        """The reports of the newest batches.

        ``spark.sql.streaming.numRecentProgressUpdates`` says how many are kept.
        """
        return [StreamingQueryProgress.fromJson(json.loads(text)) for text in self._native.recent_progress()]

    @property
    def lastProgress(self) -> StreamingQueryProgress | None:
        """The report of the newest batch, or None."""
        text = self._native.last_progress()
        return None if text is None else StreamingQueryProgress.fromJson(json.loads(text))

    def processAllAvailable(self) -> None:
        """Waits until all data that is there now is processed and written, for tests.

        Raises
        ------
        StreamingQueryException
            If an error ended the query.
        """
        self._native.process_all_available()

    def stop(self) -> None:
        """Stops the query, and waits for the call that is running.

        It waits for ``spark.sql.streaming.stopTimeout`` at most.

        Notes
        -----
        A call inside the query's own ``foreachBatch`` marks the query and returns. The function
        goes on to its end. As in Spark the batch is not recorded as done, so the next start runs it
        again.
        """
        self._native.stop()

    def explain(self, extended: bool = False) -> None:
        """Prints the plan.

        Parameters
        ----------
        extended : bool, optional
            Whether to print the logical plans too.
        """
        print(self._native.explain(extended))

    def exception(self) -> StreamingQueryException | None:
        """Returns the error that ended the query, or None."""
        return self._native.exception()

    def _repr_html_(self) -> str:
        """The table for a notebook: name, state, batch and rows a second."""
        from html import escape

        progress = self.lastProgress
        state = "running" if self.isActive else "failed" if self.exception() is not None else "stopped"
        batch = "-" if progress is None else str(progress.batchId)
        rate = "-" if progress is None else f"{progress.processedRowsPerSecond:,.0f}"
        rows = "-" if progress is None else f"{progress.numInputRows:,}"
        cells = {
            "query": self.name or self.id,
            "state": f"{state}: {self.status['message']}",
            "batch": batch,
            "rows in batch": rows,
            "rows/s": rate,
        }
        head = "".join(f"<th>{name}</th>" for name in cells)
        body = "".join(f"<td>{escape(value)}</td>" for value in cells.values())
        return f"<table><tr>{head}</tr><tr>{body}</tr></table>"


class StreamingQueryManager:
    """The queries of a session: ``spark.streams``."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._native = session._native.streams()
        self._listeners: list[tuple[StreamingQueryListener, Any]] = []

    @property
    def active(self) -> list[StreamingQuery]:
        """The queries that run."""
        return [StreamingQuery(native) for native in self._native.active()]

    def get(self, id: str) -> StreamingQuery | None:
        """Returns the query of an id that runs, or None."""
        native = self._native.get(str(id))
        return None if native is None else StreamingQuery(native)

    def awaitAnyTermination(self, timeout: float | None = None) -> bool | None:
        """Waits until a query has ended since the session began, or since :meth:`resetTerminated`.

        Parameters
        ----------
        timeout : float, optional
            The most seconds to wait. Then the answer says whether a query has ended.

        Raises
        ------
        StreamingQueryException
            If an error ended it.
        """
        if timeout is None:
            self._native.await_any_termination(None)
            return None
        # As in PySpark, 0 is allowed here. It asks whether a query has ended by now.
        if not isinstance(timeout, (int, float)) or timeout < 0:
            raise _not_positive("timeout", timeout)
        return self._native.await_any_termination(float(timeout))

    def resetTerminated(self) -> None:
        """Forgets the queries that have ended."""
        self._native.reset_terminated()

    def addListener(self, listener: StreamingQueryListener) -> None:
        """Adds a listener, which is told of every query of the session.

        Parameters
        ----------
        listener : StreamingQueryListener
            The listener. It is told of a start before ``start()`` returns, and of other events soon
            after them.
        """
        listener._set_spark_session(self._session)
        self._listeners.append((listener, self._native.add_listener(_Adapter(listener))))

    def removeListener(self, listener: StreamingQueryListener) -> None:
        """Removes a listener."""
        for entry in list(self._listeners):
            if entry[0] is listener:
                self._native.remove_listener(entry[1])
                self._listeners.remove(entry)


def _not_positive(name: str, value: Any) -> PySparkValueError:
    return PySparkValueError(
        errorClass="VALUE_NOT_POSITIVE", messageParameters={"arg_name": name, "arg_value": repr(value)}
    )
