"""foreachBatch: every way to read the frame of a batch, and the end of a query from inside."""

from __future__ import annotations

import threading

import pytest
from firesteel.sql import functions as F


@pytest.fixture
def texts(tmp_path):
    """Makes a stream over files. `texts.lines(...)` adds one."""

    class Texts:
        folder = tmp_path / "in"

        def lines(self, name, *lines):
            self.folder.mkdir(exist_ok=True)
            (self.folder / name).write_text("".join(f"{line}\n" for line in lines))

    return Texts()


def each(spark, texts, function, **options):
    stream = spark.readStream.text(str(texts.folder))
    query = stream.writeStream.foreachBatch(function).options(**options).trigger(availableNow=True).start()
    query.awaitTermination()
    return query


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_batch_may_be_joined_with_itself(spark, texts):
    texts.lines("a", 1, 2)
    texts.lines("b", 2, 3)
    seen = []

    def pairs(df, _):
        numbers = df.select(F.col("value").cast("int").alias("n"))
        seen.append(numbers.alias("l").join(numbers.alias("r"), F.col("l.n") == F.col("r.n")).count())
        seen.append(numbers.crossJoin(numbers.withColumnRenamed("n", "m")).count())
        seen.append(numbers.union(numbers).union(numbers).count())

    each(spark, texts, pairs)
    assert seen == [6, 16, 12]


def test_every_read_counts_as_in_spark(spark, texts):
    texts.lines("a", 1)

    def two_actions_and_a_self_join(df, _):
        df.count()
        df.count()
        df.join(df.withColumnRenamed("value", "other"), F.expr("value = other")).count()

    assert each(spark, texts, two_actions_and_a_self_join).lastProgress["numInputRows"] == 4


def test_a_cached_batch_is_read_once(spark, texts):
    texts.lines("a", 1, 2)
    seen = []

    def keep(df, _):
        kept = df.cache()
        seen.append((kept.count(), kept.join(kept.withColumnRenamed("value", "v"), F.expr("value = v")).count()))
        kept.unpersist()

    assert each(spark, texts, keep).lastProgress["numInputRows"] == 2
    assert seen == [(2, 2)]


def test_a_batch_over_a_cached_static_table_is_joined_with_itself(spark, texts):
    texts.lines("a", 1, 2)
    static = spark.createDataFrame([("1", "one"), ("2", "two")], ["value", "word"]).cache()
    seen = []
    stream = spark.readStream.text(str(texts.folder)).join(static, "value")
    query = (
        stream.writeStream.foreachBatch(
            lambda df, _: seen.append(df.join(df.select("value", F.col("word").alias("w")), "value").count())
        )
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    assert seen == [2]


def test_sql_over_a_view_and_a_write_inside(spark, texts, tmp_path):
    texts.lines("a", 1, 2, 3)
    seen = []

    def write(df, number):
        df.createOrReplaceTempView("batch_of_lines")
        rows = df.sparkSession.sql(
            "SELECT count(*) AS n FROM batch_of_lines a JOIN batch_of_lines b ON a.value = b.value"
        )
        seen.append((number, rows.first().n))
        df.write.mode("append").parquet(str(tmp_path / "out"))

    each(spark, texts, write)
    assert seen == [(0, 3)]
    assert spark.read.parquet(str(tmp_path / "out")).count() == 3


def test_stop_inside_leaves_the_batch_for_replay(spark, texts, tmp_path):
    texts.lines("a", 1)
    checkpoint, started, queries, numbers = tmp_path / "cp", threading.Event(), [], []

    def end(df, number):
        started.wait(10)
        queries[0].stop()
        numbers.append((number, df.count()))

    stream = spark.readStream.text(str(texts.folder))
    queries.append(stream.writeStream.foreachBatch(end).option("checkpointLocation", str(checkpoint)).start())
    started.set()
    assert queries[0].awaitTermination(20)
    assert queries[0].exception() is None
    assert not queries[0].isActive
    assert names(checkpoint / "commits") == []
    each(spark, texts, lambda df, number: numbers.append((number, df.count())), checkpointLocation=str(checkpoint))
    assert numbers == [(0, 1), (0, 1)]
    assert names(checkpoint / "commits") == ["0"]


def test_stop_cuts_an_action_short_and_is_no_failure(spark, texts, tmp_path):
    texts.lines("a", 1)
    inside, checkpoint = threading.Event(), tmp_path / "cp"

    def slow(df, _):
        inside.set()
        while True:
            df.count()

    stream = spark.readStream.text(str(texts.folder))
    query = stream.writeStream.foreachBatch(slow).option("checkpointLocation", str(checkpoint)).start()
    assert inside.wait(10)
    query.stop()
    assert query.exception() is None
    assert names(checkpoint / "commits") == []
