"""Continuous queries: rows arrive at once, and restarts go on at the newest commit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from firesteel.errors import AnalysisException, StreamingQueryException, UnsupportedOperationException
from firesteel.ml import Model
from firesteel.sql import functions as F
from firesteel.streaming import MemoryStream

MODELS = Path(__file__).resolve().parent.parent / "fixtures" / "models"


def continuous(stream, name, **options):
    writer = stream.writeStream.format("memory").queryName(name).options(**options)
    return writer.trigger(continuous="100 milliseconds").start()


def test_an_iterator_function_is_opened_once_a_lane(spark, until):
    opened, closed = [], threading.Event()

    @F.pandas_udf("long")
    def numbered(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        opened.append(1)
        try:
            for seen, batch in enumerate(batches):
                yield batch * 0 + seen
        finally:
            closed.set()

    stream = MemoryStream("n LONG", spark)
    query = continuous(stream.to_df().select("n", numbered("n").alias("pass")), "kept_open")
    for n in range(8):
        stream.add([(n,)])
        until(lambda n=n: spark.table("kept_open").count() == n + 1)
    query.stop()
    assert closed.wait(10)
    lanes = spark.sparkContext.defaultParallelism
    assert len(opened) == lanes
    passes = sorted(row["pass"] for row in spark.table("kept_open").collect())
    assert passes == sorted(n // lanes for n in range(8))


def test_a_function_that_holds_rows_back_is_flushed_with_each_pass(spark, until):
    @F.pandas_udf("long")
    def late(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        held = None
        for batch in batches:
            if held is not None:
                yield held
            held = batch + 1
        if held is not None:
            yield held

    stream = MemoryStream("n LONG", spark)
    query = continuous(stream.to_df().select(late("n").alias("n")), "held_back")
    for n in range(3):
        stream.add([(n,), (n,)])
        until(lambda n=n: spark.table("held_back").count() == 2 * (n + 1))
    query.stop()
    assert sorted(row.n for row in spark.table("held_back").collect()) == [1, 1, 2, 2, 3, 3]


def test_an_error_of_an_iterator_function_is_the_cause(spark, until):
    boom = ValueError("boom")

    @F.pandas_udf("long")
    def fails(batches: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for batch in batches:
            if batch[0] == 1:
                raise boom
            yield batch

    stream = MemoryStream("n LONG", spark)
    query = continuous(stream.to_df().select(fails("n")), "raises_later")
    stream.add([(0,)])
    until(lambda: spark.table("raises_later").count() == 1)
    stream.add([(1,)])
    with pytest.raises(StreamingQueryException) as raised:
        query.awaitTermination(20)
    assert raised.value.__cause__ is boom


def test_a_udf_and_a_model_over_a_socket(spark, until):
    server = socket.create_server(("localhost", 0))
    port = server.getsockname()[1]
    lines = spark.readStream.format("socket").option("host", "localhost").option("port", port).load()
    model = Model.load(MODELS / "double_int.onnx")
    double = F.udf(lambda n: 2 * n, "long")
    numbers = lines.select(F.col("value").cast("long").alias("n"))
    query = continuous(numbers.select("n", double("n").alias("d"), model.udf()("n").alias("m")), "from_socket")
    connection, _ = server.accept()
    for n in range(1, 4):
        connection.sendall(f"{n}\n".encode())
        until(lambda n=n: spark.table("from_socket").count() == n)
    query.stop()
    connection.close()
    server.close()
    rows = sorted(spark.table("from_socket").collect())
    assert [(row.n, row.d) for row in rows] == [(1, 2), (2, 4), (3, 6)]
    assert [row.m for row in rows] == [2, 4, 6]


def test_rate_goes_on_at_the_newest_commit(spark, tmp_path, until):
    checkpoint = tmp_path / "cp"
    stream = spark.readStream.format("rate").option("rowsPerSecond", 200).load().select("value")
    seen, log = [], tmp_path / "seen"

    class Note:
        def __init__(self, path):
            self.path = path

        def process(self, row):
            with open(self.path, "a") as out:  # noqa: PTH123 - it is pickled
                out.write(f"{row.value}\n")

    for _ in range(2):
        writer = stream.writeStream.foreach(Note(str(log))).option("checkpointLocation", str(checkpoint))
        query = writer.trigger(continuous="50 milliseconds").start()
        before = len(list((checkpoint / "commits").iterdir())) if (checkpoint / "commits").exists() else 0
        until(lambda before=before: len(list((checkpoint / "commits").iterdir())) >= before + 3)
        query.stop()
        assert query.exception() is None
        seen.append(list(map(int, log.read_text().split())))
    # A stop ends the lanes wherever they are. So only the rows that the first run had begun are
    # known to be complete.
    begun = set(range(max(seen[0]) + 1))
    assert begun <= set(seen[1]), "at least once: no value is missing"
    assert len(seen[1]) > len(seen[0])


class Notes:
    def __init__(self, path):
        self.path = path

    def note(self, word):
        with self.path.open("a") as out:
            out.write(word + "\n")

    def open(self, partition, epoch):
        self.note("open")
        return True

    def process(self, row):
        self.note("row")

    def close(self, error):
        self.note("close")


def test_what_foreach_opened_is_closed_when_the_query_stops(spark, tmp_path, until):
    notes = tmp_path / "notes"
    stream = spark.readStream.format("rate").option("rowsPerSecond", 1000).load()
    query = stream.writeStream.foreach(Notes(notes)).trigger(continuous="1 hour").start()
    until(lambda: notes.exists() and "row" in notes.read_text())
    query.stop()
    words = notes.read_text().split()
    assert words.count("open") == words.count("close") > 0


def test_rows_reach_the_console(spark, capfd, until):
    stream = MemoryStream("n INT", spark)
    query = stream.to_df().writeStream.format("console").trigger(continuous="1 second").start()
    stream.add([(41,)])
    shown = []

    def printed():
        shown.append(capfd.readouterr().out)
        return "| 41|" in "".join(shown)

    until(printed)
    query.stop()


def test_progress_of_all_is_not_for_continuous_queries(spark):
    stream = MemoryStream("n INT", spark)
    query = continuous(stream.to_df(), "no_end")
    with pytest.raises(UnsupportedOperationException):
        query.processAllAvailable()
    query.stop()


@pytest.mark.parametrize(
    ("derive", "says"),
    [
        (lambda df: df.withWatermark("timestamp", "1 second"), "EventTimeWatermark"),
        (lambda df: df.union(df), "Union"),
        (lambda df: df.limit(3), "Limit"),
        (lambda df: df.select(F.current_timestamp()), "current time"),
        (lambda df: df.select(F.rand(1)), r"rand\(\)"),
        (lambda df: df.select(F.explode(F.array("value"))), "Generate"),
    ],
)
def test_only_maps_are_continuous(spark, derive, says):
    stream = derive(spark.readStream.format("rate").load())
    with pytest.raises(AnalysisException, match=says) as raised:
        stream.writeStream.format("noop").trigger(continuous="1 second").start()
    assert raised.value.getCondition() == "_LEGACY_ERROR_TEMP_3102"


def test_sources_and_sinks_that_are_not_continuous(spark, tmp_path):
    (tmp_path / "in").mkdir()
    files = spark.readStream.text(str(tmp_path / "in"))
    with pytest.raises(AnalysisException, match="StreamingRelation"):
        files.writeStream.format("noop").trigger(continuous="1 second").start()
    batches = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    with pytest.raises(UnsupportedOperationException, match="continuous processing") as raised:
        batches.writeStream.format("noop").trigger(continuous="1 second").start()
    assert raised.value.getCondition() == "_LEGACY_ERROR_TEMP_2253"
    rate = spark.readStream.format("rate").load()
    with pytest.raises(AnalysisException, match="continuous trigger"):
        rate.writeStream.foreachBatch(lambda df, n: None).trigger(continuous="1 second").start()
