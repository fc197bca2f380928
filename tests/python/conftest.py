"""A session of the real engine for every test. Each test has its own views and folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from firesteel.sql import SparkSession


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition of another thread. If it does not come, the test fails."""

    def wait(condition: Callable[[], object], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not come"
            time.sleep(0.005)

    return wait


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
