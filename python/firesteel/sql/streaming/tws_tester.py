"""Processors of ``transformWithState`` in tests, without a query: ``TwsTester``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkValueError
from firesteel.sql.streaming.stateful_processor import ExpiredTimerInfo, StatefulProcessor, TimerValues

if TYPE_CHECKING:
    import pandas as pd

    from firesteel.sql._processor_calls import GroupVariables
    from firesteel.sql.types import Row

__all__ = ["TwsTester"]


class TwsTester:
    """Calls a processor for rows that a test gives it, and shows its variables.

    Parameters
    ----------
    processor : StatefulProcessor
        The processor. It is called itself, and not a copy.
    initialStateRow : list of tuple, optional
        Keys and rows for ``handleInitialState``.
    initialStatePandas : list of tuple, optional
        Keys and frames for ``handleInitialState``.
    timeMode : str
        ``None``, ``ProcessingTime`` or ``EventTime``.
    outputMode : str
        As the call of ``transformWithState`` has it. It changes nothing here.
    eventTimeExtractor : function, optional
        The time of a row in milliseconds. Rows at or before the watermark are dropped by it.

    Notes
    -----
    A key stays as it is given, such as ``"a"`` or ``("a",)``. Values live until they are removed:
    a time to live has no effect.

    Examples
    --------
    >>> from firesteel.sql import Row
    >>> class Counter(StatefulProcessor):
    ...     def init(self, handle):
    ...         self.count = handle.getValueState("count", "n long")
    ...
    ...     def handleInputRows(self, key, rows, timerValues):
    ...         before = self.count.get()[0] if self.count.exists() else 0
    ...         self.count.update((before + len(list(rows)),))
    ...         yield Row(user=key, seen=self.count.get()[0])
    >>> tester = TwsTester(Counter())
    >>> tester.test("a", [Row(page="x"), Row(page="y")])
    [Row(user='a', seen=2)]
    >>> tester.peekValueState("count", "a")
    (2,)
    """

    def __init__(
        self,
        processor: StatefulProcessor,
        initialStateRow: list[tuple[Any, Row]] | None = None,
        initialStatePandas: list[tuple[Any, pd.DataFrame]] | None = None,
        timeMode: str = "None",
        outputMode: str = "Append",
        eventTimeExtractor: Callable[[Any], int] | None = None,
    ) -> None:
        # Here, since it imports this package.
        from firesteel.sql._processor_calls import ProcessorBatch

        modes = {"none": "none", "processingtime": "processing", "eventtime": "event"}
        if timeMode.lower() not in modes:
            raise PySparkValueError(f"the time mode '{timeMode}' must be 'None', 'ProcessingTime' or 'EventTime'")
        self._mode = modes[timeMode.lower()]
        if self._mode == "event" and eventTimeExtractor is None:
            raise PySparkValueError("the time mode EventTime needs an eventTimeExtractor")
        self._processor, self._time_of = processor, eventTimeExtractor
        self._watermark_ms = self._clock_ms = 0
        self._batch = ProcessorBatch(self._mode, -1)
        self._batch.begin(processor)
        self._groups: dict[Any, GroupVariables] = {}
        for key, state in [*(initialStateRow or []), *(initialStatePandas or [])]:
            self._enter(key)
            processor.handleInitialState(key, state, self._timers())

    def test(self, key: Any, input: list[Row]) -> list[Row]:
        """Call the processor for rows of a key.

        Parameters
        ----------
        key : object
            The key.
        input : list of Row
            The rows.

        Returns
        -------
        list of Row
            What it gives.
        """
        rows = [row for row in input if not self._is_late(row)]
        if not rows:
            return []
        self._enter(key)
        return list(self._processor.handleInputRows(key, iter(rows), self._timers()))

    def testInPandas(self, key: Any, input: pd.DataFrame) -> pd.DataFrame:
        """Call the processor for a frame of a key.

        Parameters
        ----------
        key : object
            The key.
        input : pandas.DataFrame
            The rows.

        Returns
        -------
        pandas.DataFrame
            What it gives.
        """
        if self._time_of is not None:
            timely = [not self._is_late(row) for _, row in input.iterrows()]
            input = input[timely].reset_index(drop=True)
        if input.empty:
            return input.iloc[0:0]
        self._enter(key)
        return _one_frame(self._processor.handleInputRows(key, iter([input]), self._timers()))

    def setProcessingTime(self, currentTimeMs: int) -> list[Row] | pd.DataFrame:
        """Set the clock, and call the processor for the timers that are over.

        Parameters
        ----------
        currentTimeMs : int
            Milliseconds since the epoch, after the time that was set before.

        Returns
        -------
        list of Row or pandas.DataFrame
            What it gives.
        """
        self._check_later("processing", "the clock", currentTimeMs, self._clock_ms)
        self._clock_ms = currentTimeMs
        return self._call_timers(currentTimeMs)

    def setWatermark(self, currentWatermarkMs: int) -> list[Row] | pd.DataFrame:
        """Set the watermark, and call the processor for the timers that are over.

        Parameters
        ----------
        currentWatermarkMs : int
            Milliseconds since the epoch, after the watermark that was set before.

        Returns
        -------
        list of Row or pandas.DataFrame
            What it gives.
        """
        self._check_later("event", "the watermark", currentWatermarkMs, self._watermark_ms)
        self._watermark_ms = currentWatermarkMs
        return self._call_timers(currentWatermarkMs)

    def updateValueState(self, stateName: str, key: Any, value: tuple[Any, ...]) -> None:
        """Set a variable that has one value."""
        self._write(stateName, "value", key, (value, None))

    def updateListState(self, stateName: str, key: Any, value: list[tuple[Any, ...]]) -> None:
        """Set a variable that has a list of values."""
        self._write(stateName, "list", key, [(each, None) for each in value])

    def updateMapState(self, stateName: str, key: Any, value: dict[Any, Any]) -> None:
        """Set a variable that has values by keys."""
        self._write(stateName, "map", key, {name: (each, None) for name, each in value.items()})

    def peekValueState(self, stateName: str, key: Any) -> tuple[Any, ...] | None:
        """Give the value of a variable, or None."""
        found = self._read(stateName, "value", key)
        return None if found is None else found[0]

    def peekListState(self, stateName: str, key: Any) -> list[tuple[Any, ...]]:
        """Give the values of a variable that has a list."""
        return [value for value, _ in self._read(stateName, "list", key)]

    def peekMapState(self, stateName: str, key: Any) -> dict[Any, Any]:
        """Give the values of a variable by their keys."""
        return {name: value for name, (value, _) in self._read(stateName, "map", key).items()}

    def deleteState(self, stateName: str, key: Any) -> None:
        """Remove what a variable has."""
        at = self._place(stateName, None)
        nothing: dict[str, Any] = {"value": None, "list": [], "map": {}}
        empty = nothing[self._batch.declared[at].kind]
        self._group(key).write(at, empty)

    def _is_late(self, row: Any) -> bool:
        return self._time_of is not None and self._mode == "event" and self._time_of(row) <= self._watermark_ms > 0

    def _timers(self) -> TimerValues:
        if self._mode == "none":
            return TimerValues(-1, -1)
        return TimerValues(self._clock_ms, self._watermark_ms)

    def _group(self, key: Any) -> GroupVariables:
        from firesteel.sql._processor_calls import GroupVariables

        if key not in self._groups:
            self._groups[key] = GroupVariables(self._batch, None, [])
        return self._groups[key]

    def _enter(self, key: Any) -> None:
        self._batch.enter(self._group(key))

    def _check_later(self, mode: str, what: str, found: int, before: int) -> None:
        if self._mode != mode:
            raise PySparkValueError(f"{what} cannot be set in this time mode")
        if found <= before:
            raise PySparkValueError(f"{what} must be set to a time after {before}, found {found}")

    def _call_timers(self, until_ms: int) -> list[Row] | pd.DataFrame:
        given: list[Any] = []
        for key, group in list(self._groups.items()):
            for time in sorted(time for time in group.timers if time <= until_ms):
                self._enter(key)
                given.extend(self._processor.handleExpiredTimer(key, self._timers(), ExpiredTimerInfo(time)))
                group.remove_timer(time)
        import pandas as pd

        return _one_frame(iter(given)) if any(isinstance(each, pd.DataFrame) for each in given) else given

    def _place(self, name: str, kind: str | None) -> int:
        for at, declared in enumerate(self._batch.declared):
            if declared.name == name and kind in (None, declared.kind):
                return at
        raise PySparkValueError(f"the processor has no {kind or ''} variable named '{name}'".replace("  ", " "))

    def _read(self, name: str, kind: str, key: Any) -> Any:
        return self._group(key).read(self._place(name, kind))

    def _write(self, name: str, kind: str, key: Any, data: Any) -> None:
        self._group(key).write(self._place(name, kind), data)


def _one_frame(frames: Iterator[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    given = list(frames)
    return pd.concat(given, ignore_index=True) if given else pd.DataFrame()
