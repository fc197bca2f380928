"""Functions of a stream's groups: what they are given, what they keep, and when they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from firesteel.errors import PySparkRuntimeError, StreamingQueryException
from firesteel.sql import Row, SparkSession
from firesteel.sql.streaming import StatefulProcessor, TwsTester
from firesteel.sql.streaming.state import GroupState
from firesteel.streaming import MemoryStream

OUT = "k STRING, n LONG"


class _Run:
    """A query over a stream of (k, v), with the rows of each batch."""

    def __init__(self, spark: SparkSession, build: Callable[[Any], Any], mode: str = "update") -> None:
        self.stream = MemoryStream("k STRING, v LONG", spark)
        self.batches: list[list[tuple[Any, ...]]] = []
        frame = build(self.stream.to_df())
        writer = frame.writeStream.outputMode(mode)
        self.query = writer.foreachBatch(
            lambda rows, _: self.batches.append([tuple(r) for r in rows.collect()])
        ).start()

    def add(self, *rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        self.stream.add(list(rows))
        self.query.processAllAvailable()
        return self.batches[-1]


@pytest.fixture
def run(spark: SparkSession) -> Iterator[Callable[..., _Run]]:
    runs: list[_Run] = []

    def start(build: Callable[[Any], Any], mode: str = "update") -> _Run:
        runs.append(_Run(spark, build, mode))
        return runs[-1]

    yield start
    for each in runs:
        each.query.stop()


def _with_state(
    function: Callable[..., Any], state: str = "n LONG", timeout: str = "NoTimeout"
) -> Callable[[Any], Any]:
    return lambda df: df.groupBy("k").applyInPandasWithState(function, OUT, state, "update", timeout)


def test_a_group_does_not_see_that_its_neighbours_hold_nulls(run: Callable[..., _Run]) -> None:
    seen: dict[Any, str] = {}

    def look(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        seen[key[0]] = " ".join(f"{frame['v'].dtype} {list(frame.index)}" for frame in frames)
        return iter([])

    run(_with_state(look)).add(("a", 1), ("b", None), ("a", 2), ("b", 3))
    assert seen == {"a": "int64 [0, 1]", "b": "float64 [0, 1]"}


def test_writing_into_a_frame_touches_no_other_group(run: Callable[..., _Run]) -> None:
    def write(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        frame = next(frames)
        frame.loc[:, "v"] = frame["v"] + 100
        yield pd.DataFrame({"k": key, "n": [frame["v"].sum()]})

    assert run(_with_state(write)).add(("a", 1), ("b", 2), ("a", 3)) == [("a", 204), ("b", 102)]


def test_a_state_that_outlives_its_batch_raises(run: Callable[..., _Run]) -> None:
    kept: list[GroupState] = []

    def keep(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        kept.append(state)
        return iter([])

    run(_with_state(keep)).add(("a", 1))
    with pytest.raises(PySparkRuntimeError, match="after its batch"):
        kept[0].update((1,))


def test_a_value_of_another_type_is_converted_or_refused_by_name(run: Callable[..., _Run]) -> None:
    def keep(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        if state.exists:
            yield pd.DataFrame({"k": [repr(state.get)], "n": [0]})
        state.update((key[0],))

    counts = run(_with_state(keep))
    counts.add(("5", 1))
    assert counts.add(("5", 1)) == [("(5,)", 0)]
    with pytest.raises(StreamingQueryException, match="field n of the state"):
        counts.add(("five", 1))


def test_the_exception_of_a_function_is_the_cause_of_the_query(run: Callable[..., _Run]) -> None:
    told = ValueError("told you so")

    def fail(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        raise told

    with pytest.raises(StreamingQueryException) as raised:
        run(_with_state(fail)).add(("a", 1))
    assert raised.value.__cause__ is told


def test_a_timeout_by_the_clock_asks_for_a_batch_and_then_for_none(
    run: Callable[..., _Run], until: Callable[..., None]
) -> None:
    def wait(key: tuple[Any, ...], frames: Iterator[pd.DataFrame], state: GroupState) -> Iterator[pd.DataFrame]:
        if state.hasTimedOut:
            state.remove()
        else:
            state.update((1,))
            state.setTimeoutDuration(1)
        yield pd.DataFrame({"k": key, "n": [int(state.hasTimedOut)]})

    waiting = run(_with_state(wait, timeout="ProcessingTimeTimeout"))
    assert waiting.add(("a", 1)) in ([("a", 0)], [("a", 1)])
    until(lambda: waiting.batches[-1] == [("a", 1)])
    # Nothing is due any more, so this ends.
    waiting.query.processAllAvailable()
    assert waiting.batches == [[("a", 0)], [("a", 1)]]


class _Counter(StatefulProcessor):
    def init(self, handle: Any) -> None:
        self.handle = handle
        self.count = handle.getValueState("count", "n LONG")
        self.seen = handle.getListState("seen", "v LONG")
        self.last = handle.getMapState("last", "v LONG", "n LONG")

    def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:
        before = self.count.get()[0] if self.count.exists() else 0
        for row in rows:
            before += 1
            self.seen.appendValue((row.v,))
            self.last.updateValue((row.v,), (before,))
        self.count.update((before,))
        told = [before, *(value for (value,) in self.seen.get()), *(n for (n,) in self.last.values())]
        yield from (Row(k=key[0], n=n) for n in told)


def test_variables_of_all_kinds_last_from_batch_to_batch(run: Callable[..., _Run]) -> None:
    counter = run(lambda df: df.groupBy("k").transformWithState(_Counter(), OUT, "update", "None"))
    counter.add(("a", 7), ("b", 8))
    assert counter.add(("a", 7), ("a", 9)) == [("a", n) for n in (3, 7, 7, 9, 2, 3)]


def test_a_variable_outside_of_a_call_raises(run: Callable[..., _Run]) -> None:
    kept: list[Any] = []

    class Keeps(_Counter):
        def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:
            kept.append(self.count)
            return iter([])

    shared = Keeps()
    run(lambda df: df.groupBy("k").transformWithState(shared, OUT, "update", "None")).add(("a", 1))
    with pytest.raises(PySparkRuntimeError, match="after its batch"):
        kept[0].get()


def test_timers_by_the_clock_fire_once_in_their_order(run: Callable[..., _Run], until: Callable[..., None]) -> None:
    class Timers(StatefulProcessor):
        def init(self, handle: Any) -> None:
            self.handle = handle

        def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:
            for more in (2, 1):
                self.handle.registerTimer(timerValues.getCurrentProcessingTimeInMs() + more)
            return iter([])

        def handleExpiredTimer(self, key: Any, timerValues: Any, expiredTimerInfo: Any) -> Iterator[Any]:
            left = len(list(self.handle.listTimers()))
            yield Row(k=key.k, n=left)

    timers = run(lambda df: df.groupBy("k").transformWithState(Timers(), OUT, "update", "ProcessingTime"))
    timers.add(("a", 1))
    until(lambda: [row for rows in timers.batches for row in rows] == [("a", 2), ("a", 1)])
    timers.query.processAllAvailable()


def test_a_processor_can_be_tested_without_a_query() -> None:
    tester = TwsTester(_Counter())
    tester.updateListState("seen", "a", [(1,)])
    assert [row.n for row in tester.test("a", [Row(v=2)])] == [1, 1, 2, 1]
    assert tester.peekValueState("count", "a") == (1,)
    assert tester.peekListState("seen", "a") == [(1,), (2,)]
    assert tester.peekMapState("last", "a") == {(2,): (1,)}
    tester.deleteState("count", "a")
    assert tester.peekValueState("count", "a") is None


def test_the_timers_of_a_tested_processor_fire_when_its_clock_is_set() -> None:
    class Timer(StatefulProcessor):
        def init(self, handle: Any) -> None:
            self.handle = handle

        def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:
            self.handle.registerTimer(timerValues.getCurrentProcessingTimeInMs() + 10)
            return iter([])

        def handleExpiredTimer(self, key: Any, timerValues: Any, expiredTimerInfo: Any) -> Iterator[Any]:
            yield Row(k=key, n=expiredTimerInfo.getExpiryTimeInMs())

    tester = TwsTester(Timer(), timeMode="ProcessingTime")
    tester.test("a", [Row(v=1)])
    assert tester.setProcessingTime(9) == []
    assert tester.setProcessingTime(10) == [Row(k="a", n=10)]
    assert tester.setProcessingTime(11) == []
