"""Clock changes: a day of the local calendar is not always 24 hours, and an hour may occur twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from firesteel.sql import SparkSession


@pytest.fixture
def new_york(spark: SparkSession) -> Iterator[SparkSession]:
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    yield spark
    spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_a_day_later_is_the_same_time_of_day(new_york: SparkSession) -> None:
    query = "SELECT cast(timestamp'2024-03-09 12:00:00' + {} AS string)"
    for interval in ["interval 1 day", "interval '24' hour", "make_interval(0, 0, 0, 1)"]:
        assert new_york.sql(query.format(interval)).collect()[0][0] == "2024-03-10 12:00:00", interval
    hours = "SELECT cast(timestamp'2024-03-09 12:00:00' + interval '23' hour AS string)"
    assert new_york.sql(hours).collect()[0][0] == "2024-03-10 12:00:00"


def test_an_hour_that_occurs_twice_stays_the_one_that_it_was(new_york: SparkSession) -> None:
    query = "SELECT date_trunc('hour', timestamp'2024-11-03 06:30:00Z') = timestamp'2024-11-03 06:00:00Z'"
    assert new_york.sql(query).collect()[0][0]


def test_a_sequence_of_days_keeps_the_time_of_day(new_york: SparkSession) -> None:
    query = (
        "SELECT transform(sequence(timestamp'2024-03-09 12:00:00', timestamp'2024-03-11 12:00:00', {}), t -> hour(t))"
    )
    for step in ["interval 1 day", "interval '1' day", "interval 24 hours"]:
        assert new_york.sql(query.format(step)).collect()[0][0] == [12, 12, 12], step
