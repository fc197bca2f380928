"""Random numbers in streams and without a seed, which the parity programs do not ask for."""

from __future__ import annotations

import pytest
from firesteel.errors import PySparkException
from firesteel.sql import functions as F


def _run(spark, source, checkpoint, name):
    frame = spark.readStream.schema("id bigint").option("maxFilesPerTrigger", 1).json(str(source))
    query = (
        frame.select("id", F.rand(5).alias("r"))
        .writeStream.format("json")
        .option("checkpointLocation", str(checkpoint))
        .trigger(availableNow=True)
        .start(str(name))
    )
    query.awaitTermination()
    return {row.id: row.r for row in spark.read.schema("id bigint, r double").json(str(name)).collect()}


def test_the_batches_of_a_stream_draw_other_numbers_and_a_second_run_draws_the_same(spark, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for i in range(3):
        (source / f"{i}.json").write_text(f'{{"id": {i}}}\n')
    first = _run(spark, source, tmp_path / "c1", tmp_path / "o1")
    again = _run(spark, source, tmp_path / "c2", tmp_path / "o2")
    assert len(set(first.values())) == 3
    assert first == again


def test_calls_without_a_seed_differ(spark):
    row = spark.sql("SELECT rand(), rand(), randn(), shuffle(sequence(1, 50)), shuffle(sequence(1, 50))").first()
    assert row[0] != row[1]
    assert row[3] != row[4]
    assert sorted(row[3]) == list(range(1, 51))


def test_a_sample_without_a_seed_is_another_each_time(spark):
    numbers = spark.range(1000)
    samples = {tuple(row.id for row in numbers.sample(0.5).collect()) for _ in range(3)}
    assert len(samples) == 3


def test_numbers_do_not_depend_on_how_rows_come_in_record_batches(spark):
    # More rows than one record batch holds.
    numbers = [row.r for row in spark.range(0, 100_000, 1, 1).select(F.randn(3).alias("r")).collect()]
    head = [row.r for row in spark.range(0, 1000, 1, 1).select(F.randn(3).alias("r")).collect()]
    assert numbers[:1000] == head
    assert len(set(numbers)) == 100_000


def test_what_poisson_cannot_draw_is_named(spark):

    with pytest.raises(PySparkException, match="with replacement of a fraction of 40 or more"):
        spark.range(3).sample(True, 45.0, 1).collect()
