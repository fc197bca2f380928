"""Stopping reaches actions inside foreachBatch, functions, writers and models.

Functions take turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from firesteel.errors import PythonException, QueryCancelledException, StreamingQueryException
from firesteel.sql import SparkSession
from firesteel.sql import functions as F

PATIENCE = 60


@pytest.fixture
def texts(spark, tmp_path):
    """A stream over a file with the lines 1, 2 and 3."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("1\n2\n3\n")
    return spark.readStream.text(str(tmp_path / "in"))


class Endless:
    """A function of columns over endless rows, with calls of about a millisecond."""

    def __init__(self):
        self.inside = threading.Event()

    def column(self, name="id"):
        def endless(value):
            self.inside.set()
            return value + 0 * sum(range(50_000))

        return F.udf(endless, "bigint")(F.col(name))


def stopped_in(texts, checkpoint, function, inside):
    """Starts a query over `function` and stops it once `inside` is set.

    Returns the query and the time that stopping took.
    """
    query = texts.writeStream.foreachBatch(function).option("checkpointLocation", str(checkpoint)).start()
    assert inside.wait(PATIENCE)
    query.stop()
    assert not query.isActive
    return query


def commits(checkpoint):
    return [path.name for path in (checkpoint / "commits").iterdir()]


ACTIONS = {
    "collect": lambda frame: frame.collect(),
    "count": lambda frame: frame.filter("x >= 0").count(),
    "show": lambda frame: frame.orderBy("x").show(),
    "toPandas": lambda frame: frame.toPandas(),
    "toLocalIterator": lambda frame: list(frame.toLocalIterator()),
    "save": lambda frame: frame.write.format("noop").mode("overwrite").save(),
    "cache": lambda frame: frame.cache().count(),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_stop_ends_every_action_on_a_frame_of_the_batch(spark, texts, tmp_path, action):
    endless, raised = Endless(), []

    def run(df, _):
        many = df.crossJoin(spark.range(1_000_000)).select(endless.column().alias("x"))
        try:
            ACTIONS[action](many)
        except BaseException as error:
            raised.append(error)
            raise

    query = stopped_in(texts, tmp_path / "cp", run, endless.inside)

    assert [type(error) for error in raised] == [QueryCancelledException]
    assert "stopped" in str(raised[0])
    assert query.exception() is None
    assert commits(tmp_path / "cp") == []


def test_stop_ends_what_the_function_asks_of_other_frames(spark, texts, tmp_path):
    endless, raised = Endless(), []

    def run(df, _):
        try:
            df.sparkSession.range(1_000_000).select(endless.column()).collect()
        except BaseException as error:
            raised.append(type(error))
            raise

    query = stopped_in(texts, tmp_path / "cp", run, endless.inside)

    assert raised == [QueryCancelledException]
    assert query.exception() is None
    assert commits(tmp_path / "cp") == []


def test_stop_ends_an_action_on_a_thread_of_the_function_s_own(spark, texts, tmp_path):
    endless, raised = Endless(), []

    def run(df, _):
        def act():
            try:
                df.crossJoin(spark.range(1_000_000)).select(endless.column()).collect()
            except BaseException as error:
                raised.append(type(error))

        thread = threading.Thread(target=act)
        thread.start()
        thread.join()

    stopped_in(texts, tmp_path / "cp", run, endless.inside)

    assert raised == [QueryCancelledException]
    assert commits(tmp_path / "cp") == []


def test_stop_ends_a_wait_for_another_query(spark, texts, tmp_path):
    inside, raised = threading.Event(), []

    def run(df, _):
        other = spark.readStream.format("rate").load().writeStream.format("noop").start()
        inside.set()
        try:
            other.awaitTermination()
        except BaseException as error:
            raised.append(type(error))
            raise
        finally:
            other.stop()

    query = stopped_in(texts, tmp_path / "cp", run, inside)

    assert raised == [QueryCancelledException]
    assert query.exception() is None


@pytest.mark.parametrize("how", ["from the stop", "instead of it"])
def test_an_error_of_the_function_s_own_is_one_though_the_query_was_stopped(spark, texts, tmp_path, how):
    endless = Endless()

    def run(df, _):
        try:
            df.crossJoin(spark.range(1_000_000)).select(endless.column()).collect()
        except QueryCancelledException as error:
            if how == "from the stop":
                raise RuntimeError("cleaned up") from error
            raise RuntimeError("its own") from None

    query = stopped_in(texts, tmp_path / "cp", run, endless.inside)

    if how == "from the stop":
        assert query.exception() is None
    else:
        assert isinstance(query.exception(), StreamingQueryException)
        assert str(query.exception().__cause__) == "its own"
    assert commits(tmp_path / "cp") == []


def test_a_frame_kept_from_a_batch_outlives_its_query(texts):
    kept = []
    query = texts.writeStream.foreachBatch(lambda df, _: kept.append(df)).trigger(availableNow=True).start()
    assert query.awaitTermination(PATIENCE)
    query.stop()

    assert kept[0].count() == 3


def test_stop_ends_a_query_in_a_function_of_another_query(spark):
    endless = Endless()

    def nested(value):
        return spark.range(1_000_000).select(endless.column().alias("x")).groupBy().sum("x").first()[0]

    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 10).load()
    query = rows.select(F.udf(nested, "bigint")("value")).writeStream.format("noop").start()
    assert endless.inside.wait(PATIENCE)
    query.stop()

    assert query.exception() is None


def until_stopped():
    """Returns when the query that the calling function belongs to has been stopped."""
    try:
        while True:
            SparkSession.getActiveSession().range(1).count()
    except QueryCancelledException:
        pass


def test_a_slow_function_is_asked_before_each_row_whether_its_rows_are_wanted(spark):
    calls, inside = [], threading.Event()

    @F.udf("bigint")
    def slow(value):
        calls.append(value)
        inside.set()
        until_stopped()
        return value

    rows = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1000).load()
    query = rows.select(slow("value")).writeStream.format("noop").start()
    assert inside.wait(PATIENCE)
    query.stop()

    assert query.exception() is None
    # One in each lane: the second was let in while the first ran its query.
    assert len(calls) <= 2


@pytest.mark.parametrize("continuous", [False, True])
def test_foreach_is_asked_before_each_row_whether_its_rows_are_wanted(spark, tmp_path, until, continuous):
    log = tmp_path / "log"
    rows = spark.readStream.format("rate").option("rowsPerSecond", 1000).option("numPartitions", 1).load()

    class Writer:
        def process(self, row):
            with log.open("a") as out:
                out.write("row\n")
            until_stopped()

        def close(self, error):
            with log.open("a") as out:
                out.write(f"closed {type(error).__name__}\n")

    trigger = {"continuous": "1 hour"} if continuous else {"processingTime": "0 seconds"}
    query = rows.writeStream.foreach(Writer()).trigger(**trigger).start()
    until(lambda: log.exists() and log.read_text(), PATIENCE)
    query.stop()

    assert log.read_text() == "row\nclosed QueryCancelledException\n"
    assert query.exception() is None


SIGNALS = """
import os, signal, sys, threading
from firesteel.errors import QueryCancelledException
from firesteel.sql import SparkSession
from firesteel.sql import functions as F
spark = SparkSession.builder.master("local[2]").getOrCreate()
inside = threading.Event()

@F.udf("bigint")
def endless(value):
    inside.set()
    return spark.range(3).count() + value

def interrupt():
    inside.wait()
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    spark.range(100_000_000).select(endless("id")).collect()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def python(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )


def test_a_signal_is_a_keyboard_interrupt():
    ended = python(SIGNALS)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr


NESTED = """
import sys
from firesteel.sql import SparkSession
from firesteel.sql import functions as F
spark = SparkSession.builder.master(f"local[{sys.argv[1]}]").getOrCreate()

def inner(value):
    return value + 1

def outer(value):
    rows = spark.range(5).select(F.udf(inner, "bigint")("id").alias("x")).collect()
    return sum(row.x for row in rows) + value

def itself(value):
    if value == 0:
        return 1
    return 1 + spark.range(value - 1, value).select(recursive("id")).collect()[0][0]

recursive = F.udf(itself, "bigint")

def without_end(value):
    return spark.range(1).select(endless("id")).collect()[0][0]

endless = F.udf(without_end, "bigint")
print([row[0] for row in spark.range(20).select(F.udf(outer, "bigint")("id")).collect()] == [15 + i for i in range(20)])
print(spark.range(4).select(recursive("id")).collect()[3][0])
try:
    spark.range(1).select(endless("id")).collect()
except Exception as error:
    print("without end" in str(error))
"""


@pytest.mark.parametrize("lanes", ["1", "2"])
def test_a_function_that_runs_a_query_with_a_function_comes_to_its_end(lanes):
    ended = python(NESTED, lanes)
    assert (ended.returncode, ended.stdout) == (0, "True\n4\nTrue\n"), ended.stderr


class Inside:
    """The number of threads in a function, and the most at any time."""

    def __init__(self):
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


@pytest.fixture
def two_lanes(spark):
    return spark.range(0, 4000, 1, 2)


def kinds(inside):
    import pyarrow as pa

    def row(value):
        with inside:
            return value

    def chunk(values):
        with inside:
            sum(range(1000))
            return pa.compute.add(values, 0)

    def pulled(chunks):
        for values in chunks:
            with inside:
                sum(range(1000))
                result = pa.compute.add(values, 0)
            yield result

    return {
        "udf": F.udf(row, "bigint"),
        "arrow_udf": F.arrow_udf(chunk, "bigint", F.ArrowUDFType.SCALAR),
        "arrow_udf iterator": F.arrow_udf(pulled, "bigint", F.ArrowUDFType.SCALAR_ITER),
    }


@pytest.mark.parametrize("kind", ["udf", "arrow_udf", "arrow_udf iterator"])
def test_a_function_is_entered_by_one_thread_at_a_time(two_lanes, kind):
    inside = Inside()
    function = kinds(inside)[kind]
    queries = [
        threading.Thread(target=lambda: two_lanes.select(function("id"), function(F.col("id") + 1)).collect())
        for _ in range(3)
    ]
    for query in queries:
        query.start()
    for query in queries:
        query.join(PATIENCE)

    assert inside.most == 1


def test_a_thread_safe_function_is_entered_by_several_threads(two_lanes):
    both = threading.Barrier(2, timeout=PATIENCE)

    def meet(values):
        both.wait()
        return values

    meet.thread_safe = True
    rows = two_lanes.select(F.arrow_udf(meet, "bigint", F.ArrowUDFType.SCALAR)("id")).count()

    assert rows == 4000


def test_a_lane_that_fails_ends_the_others(two_lanes):
    inside = threading.Event()

    def fail(value):
        if value >= 2000:
            inside.set()
            until_stopped()
            return value
        assert inside.wait(PATIENCE)
        raise ValueError("told you so")

    fail.thread_safe = True
    with pytest.raises(PythonException) as raised:
        two_lanes.select(F.udf(fail, "bigint")("id")).collect()

    assert str(raised.value.__cause__) == "told you so"


def test_functions_made_of_one_python_function_take_turns(two_lanes):
    inside = Inside()

    def shared(value):
        with inside:
            return value

    one, other = F.udf(shared, "bigint"), F.udf(shared, "string")
    two_lanes.select(one("id"), other("id")).collect()

    assert inside.most == 1


def test_an_iterator_function_over_itself_that_reads_ahead_on_a_thread_of_its_own_ends(two_lanes):
    import queue

    def ahead(chunks):
        waiting = queue.Queue(1)

        def read():
            for values in chunks:
                waiting.put(values)
            waiting.put(None)

        threading.Thread(target=read).start()
        while (values := waiting.get()) is not None:
            yield values

    read_ahead = F.arrow_udf(ahead, "bigint", F.ArrowUDFType.SCALAR_ITER)
    rows = two_lanes.select(read_ahead("id").alias("x")).repartition(2).select(read_ahead("x").alias("x"))

    assert rows.groupBy().sum("x").collect()[0][0] == sum(range(4000))


LOADS = """
import os, signal, sys, threading
from firesteel.ml import Model
path = sys.argv[1]

def interrupt():
    pipe = open(path, "wb")  # once the loading has opened it, which then waits for what nobody writes
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()
    pipe.close()

threading.Thread(target=interrupt).start()
try:
    Model.load(path)
except KeyboardInterrupt:
    print("interrupted", flush=True)
os._exit(0)
"""


def test_ctrl_c_ends_the_loading_of_a_model(tmp_path):
    pipe = tmp_path / "model.onnx"
    os.mkfifo(pipe)
    ended = python(LOADS, str(pipe))
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr
