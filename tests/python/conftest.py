"""A session of the real engine for every test; each test has its own views and folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from firesteel.sql import SparkSession


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
