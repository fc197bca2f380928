"""State that grows: the warnings, and the limit at which a query ends and goes on again."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from firesteel.errors import StreamingQueryException
from firesteel.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMIT, WARNING = "firesteel.state.rows.limit", "firesteel.state.rows.warning"
NO_DATA = "spark.sql.streaming.noDataMicroBatches.enabled"


@pytest.fixture(autouse=True)
def _settings(spark) -> Iterator[None]:
    yield
    spark.conf.unset(LIMIT)
    spark.conf.unset(WARNING)
    spark.conf.unset(NO_DATA)


class Rows:
    """A stream over files, one a batch, counted by key or by window."""

    def __init__(self, spark, tmp_path: Path, drain: Callable[..., list[tuple]]) -> None:
        self.spark, self.dir, self.files, self.drain = spark, tmp_path, 0, drain
        (tmp_path / "in").mkdir()

    def add(self, *keys: int) -> None:
        lines = [json.dumps({"k": key, "t": key}) + "\n" for key in keys]
        (self.dir / "in" / f"{self.files:03}.json").write_text("".join(lines))
        self.files += 1

    def read(self):
        frame = self.spark.readStream.schema("k long, t long").option("maxFilesPerTrigger", 1)
        return frame.json(str(self.dir / "in")).withColumn("ts", F.timestamp_seconds("t"))

    def run(self, frame, mode: str = "update") -> list[tuple]:
        """Run what is there, and give the rows of all batches."""
        return sorted(self.drain(frame, self.dir / "cp", mode))

    def commits(self) -> int:
        return len([path for path in (self.dir / "cp" / "commits").iterdir() if path.name.isdigit()])


@pytest.fixture
def rows(spark, tmp_path: Path, drain: Callable[..., list[tuple]]) -> Rows:
    return Rows(spark, tmp_path, drain)


def test_a_batch_that_would_keep_too_many_rows_ends_the_query_and_is_not_committed(rows: Rows) -> None:
    counts = rows.read().groupBy("k").count()
    rows.spark.conf.set(LIMIT, "3")
    rows.add(1, 2, 3)
    rows.add(3, 4, 5)
    with pytest.raises(StreamingQueryException) as failed:
        rows.run(counts)
    text = str(failed.value)
    assert "operator 0 (stateStoreSave) would keep 5 rows" in text
    assert f"'{LIMIT}' allows 3" in text
    assert rows.commits() == 1

    # The same limit fails in the same way, a higher one goes on where the query was.
    with pytest.raises(StreamingQueryException, match="would keep 5 rows"):
        rows.run(counts)
    rows.spark.conf.set(LIMIT, "5")
    assert rows.run(counts) == [(3, 2), (4, 1), (5, 1)]
    assert rows.commits() == 2


def test_the_limit_is_that_of_each_operator(rows: Rows) -> None:
    rows.spark.conf.set(LIMIT, "2")
    rows.add(1, 2, 3)
    timed = rows.read().withWatermark("ts", "0 seconds")
    chain = timed.dropDuplicates(["k", "ts"]).groupBy(F.window("ts", "100 seconds")).count()
    with pytest.raises(StreamingQueryException, match=r"operator 1 \(dedupe\) would keep 3 rows"):
        rows.run(chain, "append")


def test_a_lower_limit_lets_a_batch_through_that_makes_the_state_smaller(rows: Rows) -> None:
    counts = rows.read().withWatermark("ts", "0 seconds").groupBy(F.window("ts", "10 seconds")).count()
    rows.spark.conf.set(NO_DATA, "false")
    rows.add(1, 11, 21)
    assert rows.run(counts, "append") == []
    rows.spark.conf.set(LIMIT, "1")
    rows.add(22)
    assert len(rows.run(counts, "append")) == 2


def test_a_size_at_which_a_warning_comes_once(rows: Rows, caplog) -> None:
    rows.spark.conf.set(WARNING, "2")
    for key in range(4):
        rows.add(key)
    with caplog.at_level(logging.WARNING):
        rows.run(rows.read().groupBy("k").count())
    told = [record.getMessage() for record in caplog.records if WARNING in record.getMessage()]
    assert told == [told[0]]
    assert "operator 0 (stateStoreSave) keeps 3 rows" in told[0]


@pytest.mark.parametrize("mode", ["update", "complete"])
def test_keys_that_are_kept_for_ever_and_grow_are_told_once_a_run(rows: Rows, caplog, mode: str) -> None:
    for key in range(12):
        rows.add(key)
    with caplog.at_level(logging.WARNING):
        rows.run(rows.read().groupBy("k").count(), mode)
    told = [record.getMessage() for record in caplog.records if "for ever" in record.getMessage()]
    assert len(told) == 1
    assert "operator 0 (stateStoreSave) keeps its rows for ever, and grows: it has 10 rows" in told[0]


@pytest.mark.parametrize("build", ["the same keys", "a watermark"])
def test_no_warning_comes_for_state_that_has_an_end(rows: Rows, caplog, build: str) -> None:
    for second in range(12):
        rows.add(second)
    frame = rows.read()
    if build == "a watermark":
        frame = frame.withWatermark("ts", "100 seconds").groupBy(F.window("ts", "1 second")).count()
    else:
        frame = frame.groupBy(F.expr("k % 5").alias("r")).count()
    with caplog.at_level(logging.WARNING):
        rows.run(frame)
    assert "for ever" not in caplog.text


def test_a_size_that_is_none_is_refused(rows: Rows) -> None:
    with pytest.raises(Exception, match=LIMIT):
        rows.spark.conf.set(LIMIT, "many")
    rows.spark.conf.set(LIMIT, "-1")
    rows.add(1)
    with pytest.raises(StreamingQueryException, match=f"'{LIMIT}' must be a whole number, found '-1'"):
        rows.run(rows.read().groupBy("k").count())
