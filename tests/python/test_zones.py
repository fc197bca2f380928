"""Clock changes: a local day is not always 24 hours, and an hour may occur twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from firesteel.sql import SparkSession
from firesteel.sql import functions as F


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


def test_the_difference_of_timestamps_is_that_of_the_clock(new_york: SparkSession) -> None:
    query = "SELECT timestamp'2024-03-11 00:00:00' - timestamp'2024-03-10 00:00:00'"
    assert new_york.sql(query).collect()[0][0] == dt.timedelta(days=1)


def test_units_of_timestampadd_are_of_the_calendar_from_a_day_on(new_york: SparkSession) -> None:
    noon = new_york.sql("SELECT timestamp'2024-03-09 12:00:00' AS t")
    for unit, number, expected in [("DAY", 1, "12:00:00"), ("HOUR", 24, "13:00:00"), ("MINUTE", 1440, "13:00:00")]:
        later = F.date_format(F.timestamp_add(unit, F.lit(number), "t"), "HH:mm:ss")
        assert noon.select(later).collect()[0][0] == expected, unit


def test_hours_between_two_midnights_are_hours_of_the_clock(new_york: SparkSession) -> None:
    days = new_york.sql("SELECT timestamp'2024-03-10 00:00:00' AS a, timestamp'2024-03-11 00:00:00' AS b")
    assert days.select(F.timestamp_diff("HOUR", "a", "b")).collect()[0][0] == 24


def test_months_between_counts_the_time_that_passed_since_midnight(new_york: SparkSession) -> None:
    query = "SELECT months_between(timestamp'2024-03-10 12:00:00', timestamp'2024-02-09 12:00:00')"
    # 11 hours had passed on the one day, 12 on the other.
    assert new_york.sql(query).collect()[0][0] == round(1 + (24 - 1) / (31 * 24), 8)


def test_a_sequence_of_days_keeps_the_time_of_day(new_york: SparkSession) -> None:
    query = (
        "SELECT transform(sequence(timestamp'2024-03-09 12:00:00', timestamp'2024-03-11 12:00:00', {}), t -> hour(t))"
    )
    for step in ["interval 1 day", "interval '1' day", "interval 24 hours"]:
        assert new_york.sql(query.format(step)).collect()[0][0] == [12, 12, 12], step


def test_an_offset_keeps_the_prefix_that_it_was_written_with(spark: SparkSession) -> None:
    try:
        for name, shown in [
            ("UT", "UT UT Z"),
            ("GMT+5", "GMT+05:00 GMT+05:00 +05:00"),
            ("Etc/GMT+3", "Etc/GMT+3 GMT-03:00 -03:00"),
        ]:
            spark.conf.set("spark.sql.session.timeZone", name)
            found = spark.sql("SELECT date_format(timestamp_seconds(0), 'VV z XXX')").collect()[0][0]
            assert found == shown
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
