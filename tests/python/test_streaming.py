"""Streams through the facade: handles, progress, listeners, foreach, ends."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import uuid

import pytest
from firesteel._screen import Tally
from firesteel.errors import AnalysisException, PySparkException, PySparkValueError, StreamingQueryException
from firesteel.sql.streaming import StreamingQueryListener
from firesteel.streaming import MemoryStream


@pytest.fixture
def numbers(spark):
    return spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()


def run(writer):
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    return query


def test_a_stream_reaches_a_memory_table(spark, numbers):
    query = run(numbers.writeStream.format("memory").queryName("reached"))
    assert spark.table("reached").count() == 10
    assert not query.isActive
    assert query.exception() is None
    assert query.name == "reached"


def test_progress_is_a_dict_with_attributes(numbers):
    query = run(numbers.writeStream.format("noop").queryName("told"))
    progress = query.recentProgress[0]
    assert progress["id"] == query.id
    assert progress.id == uuid.UUID(query.id)
    assert progress.numInputRows == progress["numInputRows"] == 10
    assert list(progress)[:5] == ["id", "runId", "name", "timestamp", "batchId"]
    assert progress.sources[0].numInputRows == 10
    assert '"batchId": 0' in progress.prettyJson
    assert query.lastProgress == query.recentProgress[-1]
    assert set(query.status) == {"message", "isDataAvailable", "isTriggerActive"}
    assert "told" in query._repr_html_()


def test_a_stream_fed_by_hand(spark):
    stream = MemoryStream("n INT", spark)
    query = stream.to_df().selectExpr("n * 2 AS n").writeStream.format("memory").queryName("fed").start()
    stream.add([(1,), (2,)])
    query.processAllAvailable()
    stream.add([(3,)])
    query.processAllAvailable()
    assert sorted(spark.table("fed").collect()) == [(2,), (4,), (6,)]
    assert [active.id for active in spark.streams.active] == [query.id]
    assert spark.streams.get(query.id).runId == query.runId
    query.stop()
    assert query.awaitTermination(1) is True


def test_cells_that_need_escapes_come_back_from_a_csv_sink(spark, tmp_path):
    cells = [("C:\\dir, x\\", "z"), ('say "x"', "a\\"), ("#a", "#b"), ("\\", '\\"'), ("a\nb", 'c""'), (None, "é,")]
    stream = MemoryStream("a STRING, b STRING", spark)
    query = (
        stream.to_df()
        .writeStream.format("csv")
        .start(str(tmp_path / "out"), checkpointLocation=str(tmp_path / "checkpoint"))
    )
    stream.add(cells)
    query.processAllAvailable()
    query.stop()
    back = spark.read.schema("a STRING, b STRING").csv(str(tmp_path / "out"), multiLine=True)
    assert sorted(map(tuple, back.collect()), key=str) == sorted(cells, key=str)


def test_a_tally_counts_the_batch_that_was_waited_for(spark, until):
    stream = MemoryStream("n INT", spark)
    query = stream.to_df().writeStream.format("noop").start()
    until(lambda: query.recentProgress)  # the report without new rows has the number of the next batch
    tally = Tally(query)
    assert not tally.update()
    stream.add([(1,), (2,)])
    query.processAllAvailable()
    assert tally.update()
    assert (tally.rows, tally.batches, tally.batch) == (2, 1, 0)
    query.stop()


def test_rows_that_come_one_by_one_stay_in_order_in_a_memory_table(spark, until):
    stream = MemoryStream("n INT", spark)
    writer = stream.to_df().writeStream.format("memory").queryName("one_by_one")
    query = writer.trigger(continuous="1 second").start()
    table = spark.table("one_by_one")
    for n in range(300):
        stream.add([(n,)])
    until(lambda: not query.isActive or table.count() >= 300)
    query.stop()
    assert query.exception() is None
    numbers = [row.n for row in table.collect()]
    assert sorted(numbers) == list(range(300))
    assert [row.n for row in table.offset(200).collect()] == numbers[200:]


def test_foreach_batch_gets_a_dataframe_and_a_number(numbers):
    seen = []
    run(
        numbers.writeStream.foreachBatch(
            lambda df, epoch: seen.append((epoch, df.count(), df.selectExpr("max(value)").first()[0]))
        )
    )
    assert seen == [(0, 10, 9)]


def test_an_error_in_foreach_batch_is_the_cause(numbers):
    boom = ValueError("boom")

    def fail(df, epoch):
        raise boom

    query = numbers.writeStream.foreachBatch(fail).start()
    with pytest.raises(StreamingQueryException) as raised:
        query.awaitTermination()
    assert raised.value.__cause__ is boom
    assert query.exception().__cause__ is boom
    assert isinstance(query.exception(), StreamingQueryException)


@pytest.mark.parametrize("swallows", [False, True])
def test_a_stop_in_the_middle_of_a_foreach_batch_leaves_the_batch_for_the_next_run(numbers, tmp_path, swallows):
    inside, stopping = threading.Event(), threading.Event()
    done = []

    def interrupted(df, number):
        inside.set()
        assert stopping.wait(60)
        while True:  # until the stop reaches an action
            try:
                df.count()
            except BaseException:
                if swallows:
                    return
                raise

    writer = numbers.writeStream.option("checkpointLocation", str(tmp_path))
    query = writer.foreachBatch(interrupted).start()
    assert inside.wait(60)
    stopping.set()
    query.stop()
    assert query.exception() is None
    assert not (tmp_path / "commits" / "0").exists()
    run(writer.foreachBatch(lambda df, number: done.append((number, df.count()))))
    assert done[0] == (0, 10)


def test_a_new_output_under_an_old_checkpoint_is_read_by_its_log(spark, tmp_path, caplog):
    (tmp_path / "in").mkdir()

    def score(number, output):
        (tmp_path / "in" / f"{number}.txt").write_text(f"{number}\n", encoding="utf-8")
        writer = spark.readStream.text(str(tmp_path / "in")).writeStream.format("text").trigger(availableNow=True)
        writer.option("checkpointLocation", str(tmp_path / "checkpoint")).start(
            str(tmp_path / output)
        ).awaitTermination()

    for number in range(12):
        score(number, "before")
    assert not [record for record in caplog.records if "went to another output" in record.message]
    for number in range(12, 24):  # beyond the number at which the log is compacted again
        score(number, "after")
        assert spark.read.text(str(tmp_path / "after")).count() == number - 11
    (warning,) = [record for record in caplog.records if "went to another output" in record.message]
    assert "has 0 batches, and the query's next is batch 12" in warning.message
    assert spark.read.text(str(tmp_path / "before")).count() == 12


def texts_to(spark, tmp_path, checkpoint, output):
    writer = spark.readStream.text(str(tmp_path / "in")).writeStream.format("text").trigger(availableNow=True)
    return writer.option("checkpointLocation", str(tmp_path / checkpoint)).start(str(tmp_path / output))


def arrive(tmp_path, name):
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_text(f"{name}\n", encoding="utf-8")


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_new_checkpoint_is_refused_an_output_that_another_query_wrote(spark, tmp_path):
    arrive(tmp_path, "a")
    texts_to(spark, tmp_path, "first", "out").awaitTermination()
    before = files_in(tmp_path / "out")
    with pytest.raises(PySparkException, match=r"up to 0 by another query .*its rows would be dropped"):
        texts_to(spark, tmp_path, "second", "out")
    assert files_in(tmp_path / "out") == before
    arrive(tmp_path, "b")
    texts_to(spark, tmp_path, "first", "out").awaitTermination()
    assert sorted(row.value for row in spark.read.text(str(tmp_path / "out")).collect()) == ["a", "b"]


def test_an_output_of_sparks_is_refused_a_checkpoint_that_knows_fewer_batches(spark, tmp_path):
    arrive(tmp_path, "a")
    texts_to(spark, tmp_path, "first", "out").awaitTermination()
    (tmp_path / "out" / "_spark_metadata" / ".writer").unlink()  # as Spark leaves it
    with pytest.raises(PySparkException, match="another query, or by this one with a newer checkpoint"):
        texts_to(spark, tmp_path, "second", "out")


def test_a_checkpoint_that_is_older_than_its_output_is_refused_where_rows_would_be_dropped(spark, tmp_path):
    for name in "abc":
        arrive(tmp_path, name)
        texts_to(spark, tmp_path, "checkpoint", "out").awaitTermination()
        if name == "a":
            shutil.copytree(tmp_path / "checkpoint", tmp_path / "backup")
    with pytest.raises(PySparkException, match=r"batches up to 2 .*knows of batches up to 0"):
        texts_to(spark, tmp_path, "backup", "out")


def test_a_batch_that_is_visible_and_not_committed_is_adopted(spark, tmp_path):
    for name in "ab":
        arrive(tmp_path, name)
        texts_to(spark, tmp_path, "checkpoint", "out").awaitTermination()
    (tmp_path / "checkpoint" / "commits" / "1").unlink()
    arrive(tmp_path, "c")
    texts_to(spark, tmp_path, "checkpoint", "out").awaitTermination()
    assert sorted(row.value for row in spark.read.text(str(tmp_path / "out")).collect()) == ["a", "b", "c"]


def test_another_querys_batch_is_not_taken_for_a_replayed_one(spark, tmp_path):
    for name in "ab":
        arrive(tmp_path, name)
        texts_to(spark, tmp_path, "first", "out").awaitTermination()
        texts_to(spark, tmp_path, "second", "other").awaitTermination()
    (tmp_path / "second" / "commits" / "1").unlink()
    with pytest.raises(PySparkException, match="has batches up to 1 by another query"):
        texts_to(spark, tmp_path, "second", "out")


class Collector:
    """Works on a copy of itself, so what it sees goes to a file."""

    def __init__(self, path):
        self.path = path

    def open(self, partition_id, epoch_id):
        self.rows = []
        return True

    def process(self, row):
        self.rows.append(row.value)

    def close(self, error):
        with open(self.path, "a") as out:  # noqa: PTH123
            out.writelines(f"{value}\n" for value in self.rows)


def test_foreach_opens_processes_and_closes(numbers, tmp_path):
    path = tmp_path / "seen"
    run(numbers.writeStream.foreach(Collector(str(path))))
    assert sorted(map(int, path.read_text().split())) == list(range(10))


def test_a_listener_hears_the_life_of_a_query(spark, numbers):
    ended = threading.Event()
    heard = []

    class Listener(StreamingQueryListener):
        def onQueryStarted(self, event):
            heard.append(("started", str(event.id)))

        def onQueryProgress(self, event):
            heard.append(("progress", event.progress.numInputRows))

        def onQueryTerminated(self, event):
            heard.append(("terminated", event.exception))
            ended.set()

    listener = Listener()
    spark.streams.addListener(listener)
    query = run(numbers.writeStream.format("noop"))
    assert ended.wait(10)
    spark.streams.removeListener(listener)
    assert heard[0] == ("started", query.id)
    assert ("progress", 10) in heard
    assert heard[-1] == ("terminated", None)


@pytest.mark.parametrize(
    ("arguments", "condition"),
    [
        ({}, "ONLY_ALLOW_SINGLE_TRIGGER"),
        ({"once": True, "availableNow": True}, "ONLY_ALLOW_SINGLE_TRIGGER"),
        ({"processingTime": " "}, "VALUE_NOT_NON_EMPTY_STR"),
        ({"availableNow": False}, "VALUE_NOT_ALLOWED"),
    ],
)
def test_a_wrong_trigger_names_its_condition(numbers, arguments, condition):
    with pytest.raises(PySparkValueError) as raised:
        numbers.writeStream.trigger(**arguments)
    assert raised.value.getCondition() == condition


def test_what_only_a_stream_or_only_a_batch_may_do(spark, numbers):
    with pytest.raises(AnalysisException, match="writeStream"):
        numbers.collect()
    with pytest.raises(AnalysisException):
        spark.range(1).writeStream  # noqa: B018
    with pytest.raises(AnalysisException, match="streaming aggregations without watermark"):
        numbers.groupBy("value").count().writeStream.format("memory").queryName("x").outputMode("append").start()


SLEEPER = """
import signal, sys, threading, os, time
from firesteel.sql import SparkSession
spark = SparkSession.builder.master("local[1]").getOrCreate()
stream = spark.readStream.format("rate").load()
query = stream.writeStream.format("noop").start()
try:
    print("ready", flush=True)
    query.awaitTermination()
except KeyboardInterrupt:
    print("interrupted", query.isActive, flush=True)
"""


def start_sleeper():
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline().strip() == "ready"
    return child


def test_ctrl_c_ends_a_wait_and_the_process_ends_cleanly():
    child = start_sleeper()
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    assert out.strip() == "interrupted True"
    assert child.returncode == 0


def test_sigterm_ends_the_process_cleanly():
    child = start_sleeper()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=20)
    assert child.returncode == 128 + signal.SIGTERM


ENDS_IN_A_FUNCTION = """
import os, signal, sys, threading, time
from collections.abc import Iterator
import pyarrow as pa
from firesteel.sql import SparkSession
from firesteel.sql.functions import arrow_udf, udf
spark = SparkSession.builder.master("local[2]").getOrCreate()
inside = threading.Event()

@arrow_udf("bigint")
def pulls(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
    for batch in batches:
        for _ in range(100):
            time.sleep(0.001)
            inside.set()
        yield batch

@udf("bigint")
def slow(x):
    inside.set()
    time.sleep(0.001)
    return x

if sys.argv[1] == "query":
    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 400000).load()
    rows.select(pulls("value")).writeStream.format("noop").start()
    inside.wait()
else:
    def interrupt():
        inside.wait()
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=interrupt).start()
    spark.range(40000).select(slow("id")).collect()
"""


@pytest.mark.parametrize(("what", "code"), [("query", 0), ("collect", 1)])
def test_a_process_that_ends_while_a_function_runs_ends_cleanly(what, code):
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_IN_A_FUNCTION, what], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode in (code, -signal.SIGINT if what == "collect" else 0), ended.stderr
    assert "Fatal" not in ended.stderr


STOPS_IN_A_LISTENER = """
import threading
from firesteel.sql import SparkSession
from firesteel.sql.streaming import StreamingQueryListener
spark = SparkSession.builder.master("local[2]").getOrCreate()
stopped = threading.Event()

class Stops(StreamingQueryListener):
    def onQueryStarted(self, event): pass
    def onQueryProgress(self, event): pass
    def onQueryIdle(self, event): pass
    def onQueryTerminated(self, event):
        spark.stop()
        stopped.set()

spark.streams.addListener(Stops())
rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5).load()
rows.writeStream.format("noop").trigger(once=True).start().awaitTermination()
print(stopped.wait(30))
"""


def test_a_listener_may_stop_the_session():
    ended = subprocess.run(
        [sys.executable, "-c", STOPS_IN_A_LISTENER], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "True\n"), ended.stderr


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"pth": "out", "checkpointLocation": "at"}, "The option 'pth' was given: did you mean 'path'?"),
        (
            {"path": "out", "checkpoint_location": "at"},
            "The option 'checkpoint_location' was given: did you mean 'checkpointLocation'?",
        ),
    ],
)
def test_a_misspelt_option_is_named_where_it_is_missing(spark, options, missing):
    writer = spark.readStream.format("rate").load().writeStream.format("parquet").options(**options)
    with pytest.raises(PySparkException) as raised:
        writer.start()
    assert str(raised.value).endswith(missing)


def test_foreach_opens_no_writer_for_a_lane_that_has_no_part_of_the_batch(spark, tmp_path):
    # In PySpark 4.3 with local[4] one file is one partition. One task opens and closes, with rows
    # or without.
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("1\n2\n")
    log = tmp_path / "log"

    class Writer:
        def open(self, partition, epoch):
            with log.open("a") as out:
                out.write(f"open {partition} {epoch}\n")
            return True

        def process(self, row):
            with log.open("a") as out:
                out.write(f"row {row.value}\n")

        def close(self, error):
            with log.open("a") as out:
                out.write(f"close {error}\n")

    rows = spark.readStream.text(str(tmp_path / "in"))
    for stream, seen in [(rows, "row 1\nrow 2\n"), (rows.filter("value > 10"), "")]:
        log.write_text("")
        query = stream.writeStream.foreach(Writer()).trigger(availableNow=True).start()
        assert query.awaitTermination(60)
        assert log.read_text() == f"open 0 0\n{seen}close None\n"
