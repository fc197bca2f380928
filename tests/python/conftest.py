"""A session of the real engine for every test. Each test has its own views and folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from firesteel.sql import DataFrame, SparkSession


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition of another thread. If it does not come, the test fails."""

    def wait(condition: Callable[[], object], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.005)

    return wait


@pytest.fixture
def drain() -> Callable[..., list[tuple]]:
    """Runs a stream over what is there, and gives the rows of all batches."""

    def run(frame: DataFrame, checkpoint: Path, mode: str = "append") -> list[tuple]:
        seen: list[tuple] = []
        writer = frame.writeStream.outputMode(mode).option("checkpointLocation", str(checkpoint))
        writer = writer.foreachBatch(lambda batch, _: seen.extend(tuple(row) for row in batch.collect()))
        writer.trigger(availableNow=True).start().awaitTermination()
        return seen

    return run


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    session = (
        SparkSession.builder.master("local[2]")
        .appName("tests")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield session
    session.stop()
