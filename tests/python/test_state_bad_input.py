"""Bad input below state: the error says why, nothing that was committed is lost, a restart goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from firesteel.errors import AnalysisException, StreamingQueryException
from firesteel.sql import Row
from firesteel.sql import functions as F
from firesteel.sql.streaming import StatefulProcessor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Files:
    """A stream over files, one a batch, and the query over it."""

    def __init__(
        self, spark, tmp_path: Path, drain: Callable[..., list[tuple]], schema: str = "k string, ts timestamp"
    ) -> None:
        self.spark, self.dir, self.schema, self.files, self.drain = spark, tmp_path, schema, 0, drain
        (tmp_path / "in").mkdir()

    def add(self, *rows: dict[str, Any]) -> None:
        (self.dir / "in" / f"{self.files:03}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.files += 1

    def read(self):
        return self.spark.readStream.schema(self.schema).option("maxFilesPerTrigger", 1).json(str(self.dir / "in"))

    def run(self, frame, mode: str = "append") -> list[tuple]:
        return sorted(self.drain(frame, self.dir / "cp", mode), key=str)


@pytest.fixture
def files(spark, tmp_path: Path, drain: Callable[..., list[tuple]]) -> Files:
    return Files(spark, tmp_path, drain)


class Counting(StatefulProcessor):
    """Counts the rows of a key, and raises where it is told to."""

    raising: ClassVar[str] = ""
    kept: ClassVar[list[Any]] = []

    def _at(self, place: str) -> None:
        if Counting.raising == place:
            raise ValueError(f"told in {place}")

    def init(self, handle) -> None:
        self._at("init")
        self.handle, self.count = handle, handle.getValueState("count", "n long")

    def handleInputRows(self, key, rows, timerValues):
        self._at("rows")
        before = self.count.get()[0] if self.count.exists() else 0
        self.count.update((before + len(list(rows)),))
        self.handle.registerTimer(5000)
        if Counting.raising == "keep":
            Counting.kept.append((self.handle, self.count))
        return iter([Row(k=key[0], n=self.count.get()[0])])

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        self._at("timer")
        return iter([Row(k=key[0], n=-1)])

    def close(self) -> None:
        self._at("close")


@pytest.fixture(autouse=True)
def _calm() -> None:
    Counting.raising = ""
    Counting.kept.clear()


def counted(files: Files):
    timed = files.read().withWatermark("ts", "0 seconds")
    return timed.groupBy("k").transformWithState(Counting(), "k string, n long", "append", "EventTime")


def at(second: float, key: str = "a") -> dict[str, Any]:
    return {"k": key, "ts": f"1970-01-01T00:00:{second:06.3f}Z"}


@pytest.mark.parametrize("place", ["init", "rows", "timer", "close"])
def test_what_a_processor_raises_ends_the_query_and_a_restart_goes_on(files: Files, place: str) -> None:
    files.add(at(1))
    assert files.run(counted(files)) == [("a", 1)]

    Counting.raising = place
    files.add(at(20))
    with pytest.raises(StreamingQueryException) as failed:
        files.run(counted(files))
    assert isinstance(failed.value.__cause__, ValueError)
    assert str(failed.value.__cause__) == f"told in {place}"

    Counting.raising = ""
    # Timers come in a batch without rows. The batch with the row was committed before it.
    assert files.run(counted(files)) == ([("a", -1)] if place == "timer" else [("a", -1), ("a", 2)])
    assert files.run(counted(files)) == []
    files.add(at(30))
    assert ("a", 3) in files.run(counted(files))


def test_a_handle_that_is_kept_beyond_its_batch_raises_and_changes_nothing(files: Files) -> None:
    Counting.raising = "keep"
    files.add(at(1))
    assert files.run(counted(files)) == [("a", 1)]
    handle, count = Counting.kept[0]
    for use in (
        lambda: count.get(),
        lambda: count.update((100,)),
        lambda: count.clear(),
        lambda: handle.registerTimer(1),
        lambda: list(handle.listTimers()),
        lambda: handle.getValueState("late", "n long"),
    ):
        with pytest.raises(Exception, match=r"after its batch|CLOSED"):
            use()
    Counting.raising = ""
    files.add(at(2))
    assert files.run(counted(files)) == [("a", 2)]


KEYS: dict[str, Callable[[], Any]] = {
    "a map": lambda: F.create_map(F.lit("x"), "k"),
    "a map in a struct": lambda: F.struct(F.create_map(F.lit("x"), "k").alias("m")),
    "a map in an array": lambda: F.array(F.create_map(F.lit("x"), "k")),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_type_that_cannot_be_one_is_refused_before_the_query_starts(files: Files, key: str) -> None:
    files.add(at(1))
    calls: dict[str, Callable[[Any], Any]] = {
        "groupBy": lambda frame: frame.groupBy("m").count(),
        "dropDuplicates": lambda frame: frame.dropDuplicates(["m"]),
    }
    for call in calls.values():
        with pytest.raises(AnalysisException):
            files.run(call(files.read().select(KEYS[key]().alias("m"))), "update")
    # The process lives.
    assert files.spark.range(3).count() == 3


TIMES = {
    "null": None,
    "before 1970": "1969-12-31T23:59:59Z",
    "in the year 1": "0001-01-01T00:00:00Z",
    "in the year 9999": "9999-12-31T23:59:59.999999Z",
}


@pytest.mark.parametrize("time", TIMES)
def test_a_strange_event_time_loses_nothing_that_was_committed(files: Files, time: str) -> None:
    counts = files.read().withWatermark("ts", "10 seconds").groupBy(F.window("ts", "10 seconds")).count()
    shown = counts.select(F.unix_seconds("window.start"), "count")
    files.add(at(1), at(12))
    assert files.run(shown) == []
    files.add({"k": "a", "ts": TIMES[time]})
    files.add(at(13), at(40))
    rows = files.run(shown)
    # A time in the far future moves the watermark there. The batch after it is still filtered by the
    # watermark of before, and all its windows are over. What comes later is late.
    far = time == "in the year 9999"
    assert rows == [(0, 1), (10, 2), *([(40, 1)] if far else [])]
    files.add(at(41))
    assert files.run(shown) == []


@pytest.mark.parametrize("time", TIMES)
def test_strange_event_times_in_keys_and_joins_run(files: Files, time: str) -> None:
    timed = files.read().withWatermark("ts", "10 seconds")
    files.add({"k": "a", "ts": TIMES[time]}, {"k": "a", "ts": TIMES[time]}, at(20))
    # Rows at or before 1970 are late from the start.
    early = time in ("before 1970", "in the year 1")
    expected = [("a",)] if early else [("a",), ("a",)]
    assert files.run(timed.dropDuplicates(["k", "ts"]).select("k")) == expected
