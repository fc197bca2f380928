"""Bad input of streams gives an exception of PySpark's class.

The process lives, and committed rows stay.
"""

from __future__ import annotations

import logging
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    NumberFormatException,
    SparkRuntimeException,
    StreamingQueryException,
)
from firesteel.ml import Model
from firesteel.sql import functions as F

MODELS = Path(__file__).resolve().parent.parent / "fixtures" / "models"


@pytest.fixture
def lines(spark, tmp_path):
    """Makes a stream of text lines over a file of its own."""

    def make(*lines):
        folder = tmp_path / "in"
        folder.mkdir(exist_ok=True)
        (folder / "a").write_text("".join(f"{line}\n" for line in lines))
        return spark.readStream.text(str(folder))

    return make


def numbers(spark, rows=1):
    return spark.readStream.format("rate-micro-batch").option("rowsPerBatch", rows).load()


def writer(stream, tmp_path):
    return stream.writeStream.format("noop").option("checkpointLocation", str(tmp_path / "cp"))


def run(writer):
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    return query


def failure(writer):
    """The error that ends a query, and its cause."""
    query = writer.start()
    with pytest.raises(StreamingQueryException) as raised:
        query.awaitTermination(30)
    assert raised.value.getCondition() == "STREAM_FAILED"
    assert not query.isActive
    assert sorted(raised.value.getMessageParameters()) == ["id", "message", "runId"]
    assert "=== Streaming Query ===" in str(raised.value)
    return raised.value.__cause__


def test_a_missing_folder(spark, tmp_path):
    with pytest.raises(AnalysisException, match="nope") as raised:
        spark.readStream.text(str(tmp_path / "nope"))
    assert raised.value.getCondition() == "PATH_NOT_FOUND"


def test_a_column_of_the_wrong_type_for_a_model(lines):
    model = Model.load(MODELS / "mlp.onnx")
    with pytest.raises(IllegalArgumentException, match="lists of 32 float32 values"):
        lines("x").select(model.udf()("value"))


def test_a_list_of_the_wrong_length_for_a_model(spark, lines, tmp_path):
    lines("[1.0, 2.0]")
    model = Model.load(MODELS / "mlp.onnx")
    lists = spark.readStream.text(str(tmp_path / "in")).select(F.from_json("value", "array<float>").alias("x"))
    cause = failure(writer(lists.select(model.udf()("x")), tmp_path))
    assert isinstance(cause, IllegalArgumentException)
    assert "found a list of 2" in str(cause)


@pytest.mark.parametrize("file_first", [True, False])
def test_the_checkpoint_of_another_source(spark, lines, tmp_path, file_first):
    streams = [lines("1"), numbers(spark)]
    first, second = streams if file_first else reversed(streams)
    run(writer(first, tmp_path))
    cause = failure(writer(second, tmp_path))
    assert isinstance(cause, SparkRuntimeException)
    assert "another query's checkpoint" in str(cause)


@pytest.mark.parametrize("name", ["offsets/0", "commits/0", "sources/0/0"])
@pytest.mark.parametrize(
    ("text", "condition"),
    [("junk", "MALFORMED_LOG_FILE"), ("v99\n{}", "INVALID_LOG_VERSION.MAX_SUPPORTED_VERSION")],
)
def test_a_log_that_is_damaged_or_too_new(lines, tmp_path, name, text, condition):
    query = writer(lines("1"), tmp_path)
    run(query)
    (tmp_path / "cp" / name).write_text(text)
    cause = failure(query)
    assert cause.getCondition() == condition
    assert name in str(cause)
    assert (tmp_path / "cp" / name).read_text() == text


def test_damaged_metadata(lines, tmp_path):
    query = writer(lines("1"), tmp_path)
    run(query)
    (tmp_path / "cp" / "metadata").write_text("junk")
    with pytest.raises(SparkRuntimeException, match="metadata is damaged"):
        query.start()


def test_an_option_with_a_bad_value(spark, lines, tmp_path):
    lines("1")
    stream = spark.readStream.option("maxFilesPerTrigger", "many").text(str(tmp_path / "in"))
    assert "maxFilesPerTrigger" in str(failure(writer(stream, tmp_path)))
    with pytest.raises(NumberFormatException, match="rowsPerSecond"):
        spark.readStream.format("rate").option("rowsPerSecond", "many").load()
    with pytest.raises(NumberFormatException, match="numRows"):
        lines("1").writeStream.format("console").option("numRows", "many").start()


def test_an_unknown_option_is_named_with_the_nearest(spark, lines, tmp_path, caplog):
    lines("1")
    with caplog.at_level(logging.WARNING):
        spark.readStream.option("maxFilePerTrigger", "1").text(str(tmp_path / "in"))
    assert "'maxFilePerTrigger' has no effect" in caplog.text
    assert "did you mean 'maxFilesPerTrigger'?" in caplog.text


def test_a_port_that_nobody_listens_on(spark, tmp_path):
    stream = spark.readStream.format("socket").option("host", "localhost").option("port", 1).load()
    cause = failure(writer(stream, tmp_path))
    assert isinstance(cause, SparkRuntimeException)
    assert "localhost:1" in str(cause)


def test_a_checkpoint_that_cannot_be_written(lines, tmp_path):
    stream = lines("1")
    (tmp_path / "cp").write_text("a file")
    with pytest.raises(SparkRuntimeException, match="cp"):
        writer(stream, tmp_path).start()
    (tmp_path / "cp").unlink()
    assert run(writer(stream, tmp_path)).exception() is None


def test_a_checkpoint_that_breaks_while_the_query_runs(spark, tmp_path):
    stream = numbers(spark).writeStream.foreachBatch(lambda df, n: n and broken(tmp_path / "cp"))
    cause = failure(stream.option("checkpointLocation", str(tmp_path / "cp")))
    assert cause.getCondition() == "STREAMING_CHECKPOINT_LOG_WRITE_FAILURE.COMMIT_LOG"
    assert (tmp_path / "cp" / "old" / "0").exists()


def broken(checkpoint):
    shutil.move(checkpoint / "commits", checkpoint / "old")
    (checkpoint / "commits").write_text("a file")


@contextmanager
def full(size):
    """Makes the disk full: no file grows above a number of bytes.

    It ends before pytest writes, since pytest's output may be a file.
    """
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_what_was_committed(spark, tmp_path):
    out = str(tmp_path / "out")
    query = numbers(spark, 2000).select("value").writeStream.format("csv")
    query = query.option("checkpointLocation", str(tmp_path / "cp")).option("path", out)
    run(query)
    with full(3000):
        cause = failure(query.trigger(processingTime="0 seconds"))
    assert isinstance(cause, SparkRuntimeException)
    assert "part-" in str(cause)
    assert spark.read.schema("value LONG").csv(out).count() == 2000
    run(query)
    values = sorted(row.value for row in spark.read.schema("value LONG").csv(out).collect())
    assert values == list(range(len(values)))
    assert len(values) >= 4000


def test_a_full_disk_under_the_checkpoint(spark, tmp_path):
    with full(100):
        cause = failure(writer(numbers(spark), tmp_path))
    assert cause.getCondition() == "STREAMING_CHECKPOINT_LOG_WRITE_FAILURE.OFFSET_LOG"


def test_one_bad_line_in_a_million(spark, tmp_path):
    (tmp_path / "in").mkdir()
    with (tmp_path / "in" / "big.csv").open("w") as out:
        out.writelines("oops,oops\n" if n == 500_000 else f"{n},{n}\n" for n in range(1_000_000))
    reader = spark.readStream.schema("a INT, b INT")
    run(reader.csv(str(tmp_path / "in")).writeStream.format("memory").queryName("nearly_all"))
    row = spark.sql("SELECT count(*) AS n, count(a) AS good FROM nearly_all").first()
    assert (row.n, row.good) == (1_000_000, 999_999)
    failfast = reader.option("mode", "FAILFAST").csv(str(tmp_path / "in"))
    cause = failure(writer(failfast, tmp_path))
    assert cause.getCondition().startswith("FAILED_READ_FILE")
    assert "oops,oops" in str(cause)


BUSY = """
import sys, time
from firesteel.sql import SparkSession
spark = SparkSession.builder.master("local[2]").getOrCreate()
stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load().select("value")
def each(df, number):
    df.write.mode("overwrite").csv(f"{sys.argv[1]}/out/batch={number}")
    if number == 3:
        print("ready", flush=True)
query = stream.writeStream.foreachBatch(each).option("checkpointLocation", sys.argv[1] + "/cp").start()
try:
    query.awaitTermination()
except KeyboardInterrupt:
    query.stop()
    print("stopped", query.exception(), flush=True)
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_batches(tmp_path, end):
    child = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(end)
    out, err = child.communicate(timeout=30)
    assert child.returncode == (0 if end == signal.SIGINT else 128 + end), err
    assert out == ("stopped None\n" if end == signal.SIGINT else "")
    offsets, commits = (
        sorted(int(path.name) for path in (tmp_path / "cp" / log).iterdir() if path.name.isdigit())
        for log in ("offsets", "commits")
    )
    assert commits[-1] >= 3
    assert offsets[-1] - commits[-1] in (0, 1)
