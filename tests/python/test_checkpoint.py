"""``firesteel checkpoint`` and ``firesteel.checkpoint``: checkpoints without their queries."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from firesteel import _native, checkpoint
from firesteel.cli import main
from firesteel.errors import (
    IllegalArgumentException,
    SparkRuntimeException,
    StreamingQueryException,
    UnsupportedOperationException,
)
from firesteel.sql import functions as F

LATER = ["replay", "forget"]


class Clicks:
    """A count of clicks by page and minute: files in, files out, a file a batch."""

    def __init__(self, spark, folder):
        self.spark, self.folder = spark, folder
        self.input, self.output, self.checkpoint = folder / "in", folder / "out", folder / "cp"
        self.input.mkdir(parents=True)

    def add(self, first, last):
        """Adds a file for each batch. Each has a new minute, and a click that is one batch old."""
        for batch in range(first, last):
            minutes = [batch, batch - 1] if batch else [batch]
            rows = [{"time": f"2024-01-01T00:{minute:02}:05Z", "page": page} for page in "abc" for minute in minutes]
            path = self.input / f"{batch:03}.json"
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
            os.utime(path, (1_700_000_000 + batch, 1_700_000_000 + batch))

    def counts(self):
        """The query's rows."""
        stream = self.spark.readStream.schema("time TIMESTAMP, page STRING").option("maxFilesPerTrigger", 1)
        clicks = stream.json(str(self.input)).withWatermark("time", "1 minute")
        return clicks.groupBy(F.window("time", "1 minute"), "page").count()

    def start(self, partitions=4):
        """Starts the query on everything that is there."""
        self.spark.conf.set("spark.sql.shuffle.partitions", partitions)
        try:
            writer = self.counts().select("window.start", "page", "count").writeStream.format("json")
            writer = writer.option("checkpointLocation", str(self.checkpoint)).trigger(availableNow=True)
            return writer.start(str(self.output))
        finally:
            self.spark.conf.unset("spark.sql.shuffle.partitions")

    def run(self):
        """Runs the query over everything that is there, and returns it."""
        query = self.start()
        query.awaitTermination()
        return query

    def rows(self):
        """What a plain glob finds, in order."""
        files = self.output.glob("part-*")
        return sorted(line for path in files for line in path.read_text().splitlines())

    def logged_rows(self):
        """What the sink's log names, in order."""
        schema = "start STRING, page STRING, count LONG"
        return sorted(tuple(row) for row in self.spark.read.schema(schema).json(str(self.output)).collect())

    def state(self):
        """What the query keeps."""
        rows = self.spark.read.format("statestore").load(str(self.checkpoint)).select("key", "value").collect()
        return sorted(str(row) for row in rows)

    def logs(self):
        """The commits and the ranges, without the clock readings and the settings."""
        commits = {path.name: path.read_text() for path in (self.checkpoint / "commits").iterdir()}
        ranges = {}
        for path in (self.checkpoint / "offsets").iterdir():
            version, batch, *ends = path.read_text().splitlines()
            ranges[path.name] = (version, json.loads(batch)["batchWatermarkMs"], ends)
        return commits, ranges

    def everything(self):
        """All that somebody can see of the query."""
        return self.rows(), self.logged_rows(), self.state(), self.logs()


@pytest.fixture
def clicks(spark, tmp_path):
    return Clicks(spark, tmp_path / "clicks")


def undisturbed(spark, tmp_path, batches):
    """Everything of a query that nobody touched."""
    other = Clicks(spark, tmp_path / "undisturbed")
    other.add(0, batches)
    other.run()
    return other.everything()


def files(folder):
    """Every file below a folder but the lock, with its bytes."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def command(*arguments):
    return main(["checkpoint", *map(str, arguments)])


def test_stop_rescale_go_back_and_go_on_as_if_nothing_had_happened(spark, clicks, tmp_path):
    clicks.add(0, 8)
    query = clicks.run()
    assert query.lastProgress["stateOperators"][0]["numShufflePartitions"] == 4
    newest = checkpoint.inspect(clicks.checkpoint)["commits"]["newest"]
    assert checkpoint.rescale(clicks.checkpoint, 16) == 4
    report = checkpoint.rollback(clicks.checkpoint, to=newest - 5, later="replay")
    assert report == {"kind": "replay", "to": newest - 5, "through": newest}
    clicks.add(8, 12)
    query = clicks.run()
    operator = query.lastProgress["stateOperators"][0]
    assert (operator["numShufflePartitions"], operator["numStateStoreInstances"]) == (16, 16)
    replayed = [progress["batchId"] for progress in query.recentProgress]
    assert replayed[:6] == list(range(newest - 4, newest + 2))
    assert clicks.everything()[:3] == undisturbed(spark, tmp_path, 12)[:3]
    ids = {row.partition_id for row in spark.read.format("statestore").load(str(clicks.checkpoint)).collect()}
    assert max(ids) > 3
    assert checkpoint.fsck(clicks.checkpoint)["findings"] == []


@pytest.mark.parametrize("later", LATER)
def test_a_rollback_leaves_what_an_undisturbed_run_leaves(spark, clicks, tmp_path, later):
    clicks.add(0, 9)
    clicks.run()
    before = clicks.everything()
    rows = clicks.rows()
    checkpoint.rollback(clicks.checkpoint, to=3, later=later)
    if later == "replay":
        assert clicks.rows() == rows
        clicks.run()
        assert clicks.everything() == before
    else:
        # The files of the batches that are gone come in one batch.
        assert len(clicks.rows()) < len(rows)
        assert [tuple(json.loads(row).values()) for row in clicks.rows()] == clicks.logged_rows()
        assert checkpoint.inspect(clicks.checkpoint)["next"] == {"action": "continue", "batch": 4}
        clicks.run()
        assert clicks.rows() == before[0]
        assert clicks.state() == before[2]


@pytest.mark.parametrize("later", LATER)
@pytest.mark.skipif(not hasattr(_native, "CRASH_POINTS"), reason="built without the feature crash-points")
def test_a_rollback_that_is_killed_is_finished_by_the_start(clicks, later):
    clicks.add(0, 9)
    clicks.run()
    rows, state = clicks.rows(), clicks.state()
    script = f"from firesteel import checkpoint; checkpoint.rollback({str(clicks.checkpoint)!r}, to=3, later={later!r})"
    environment = {**os.environ, "FIRESTEEL_CRASH_AT": "rollback:3"}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert checkpoint.inspect(clicks.checkpoint)["rollback"]["stage"] == "begun"
    assert "was cut short" in checkpoint.fsck(clicks.checkpoint)["findings"][0]["problem"]
    clicks.run()
    assert (clicks.rows(), clicks.state()) == (rows, state)
    assert checkpoint.inspect(clicks.checkpoint)["rollback"] is None


def test_inspect_of_a_query_that_runs(spark, clicks, capsys, until):
    clicks.add(0, 3)
    writer = clicks.counts().writeStream.format("noop").option("checkpointLocation", str(clicks.checkpoint))
    query = writer.outputMode("update").start()
    try:
        query.processAllAvailable()
        assert command("inspect", clicks.checkpoint) == 0
        text = capsys.readouterr().out
        assert f"query         {query.id} (micro-batch)" in text
        assert "FileStreamSource[file:" in text
        assert "operator 0    stateStoreSave, " in text
        assert "window struct<start:timestamp,end:timestamp>, page string -> count bigint" in text
        assert command("inspect", clicks.checkpoint, "--json") == 0
        about = json.loads(capsys.readouterr().out)
        assert about == checkpoint.inspect(clicks.checkpoint)
        assert about["commits"] == about["offsets"]
        assert about["state"]["operators"][0]["rows"] == query.lastProgress["stateOperators"][0]["numRowsTotal"]
        assert about["outputs"] == [{"from": 0, "sink": "NoopTable", "kept": "nowhere"}]
        for arguments in (["fsck"], ["rescale", "3"], ["rollback", "--to", "0", "--replay"]):
            action, *rest = arguments
            assert command(action, clicks.checkpoint, *rest) == 1
            assert "a query runs on" in capsys.readouterr().err
    finally:
        query.stop()
    assert command("fsck", clicks.checkpoint) == 0
    assert capsys.readouterr().out.startswith("sound: ")


def test_inspect_of_a_query_without_state(spark, tmp_path):
    stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 2).load()
    writer = stream.writeStream.format("noop").option("checkpointLocation", str(tmp_path / "cp"))
    writer.trigger(availableNow=True).start().awaitTermination()
    about = checkpoint.inspect(tmp_path / "cp")
    assert about["state"] is None
    assert about["sources"] == [
        {
            "number": 0,
            "description": about["sources"][0]["description"],
            "replays": True,
            "end": {"offset": 2, "timestamp": 1000},
        }
    ]
    with pytest.raises(SparkRuntimeException, match="has no state"):
        checkpoint.rescale(tmp_path / "cp", 3)
    assert checkpoint.fsck(tmp_path / "cp")["findings"] == []


@pytest.mark.parametrize("action", [["inspect"], ["fsck"], ["rescale", "3"], ["rollback", "--to", "0", "--forget"]])
def test_where_there_is_no_checkpoint_nothing_is_made(tmp_path, capsys, action):
    name, *rest = action
    assert command(name, tmp_path / "none", *rest) == 1
    assert "none is no checkpoint of a streaming query" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    with pytest.raises(IllegalArgumentException):
        checkpoint.inspect(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_arguments_are_checked(tmp_path, capsys):
    with pytest.raises(ValueError, match="'replay' or 'forget'"):
        checkpoint.rollback(tmp_path, to=1, later="both")
    for to in (-1, "1", True):
        with pytest.raises(ValueError, match="the number of a batch"):
            checkpoint.rollback(tmp_path, to=to, later="replay")
    for partitions in (0, 1 << 31, 1.5):
        with pytest.raises(ValueError, match="a whole number from 1"):
            checkpoint.rescale(tmp_path, partitions)
    for arguments in (
        ["rollback", tmp_path, "--to", "1"],
        ["rollback", tmp_path, "--replay"],
        ["rescale", tmp_path, "x"],
    ):
        with pytest.raises(SystemExit) as misused:
            command(*arguments)
        assert misused.value.code == 2
    capsys.readouterr()


@pytest.mark.parametrize("later", LATER)
def test_a_source_without_its_rows_is_named(clicks, later):
    clicks.add(0, 6)
    clicks.run()
    gone = sorted(clicks.input.iterdir())[3:]
    for path in gone[:2]:
        path.unlink()
    before = files(clicks.folder)
    with pytest.raises(
        SparkRuntimeException, match=r"FileStreamSource.* has files of batches 2 to .* no more"
    ) as raised:
        checkpoint.rollback(clicks.checkpoint, to=1, later=later)
    assert all(path.name in str(raised.value) for path in gone[:2])
    assert gone[2].name not in str(raised.value)
    assert files(clicks.folder) == before
    # These rows are in the state already.
    checkpoint.rollback(clicks.checkpoint, to=4, later=later)


def test_rows_in_memory_do_not_come_again(spark, tmp_path):
    from firesteel.streaming import MemoryStream

    stream = MemoryStream("word STRING")
    counts = stream.to_df().groupBy("word").count().writeStream.outputMode("update").format("noop")
    query = counts.option("checkpointLocation", str(tmp_path / "cp")).start()
    for word in "ab":
        stream.add([(word,)])
        query.processAllAvailable()
    query.stop()
    with pytest.raises(
        SparkRuntimeException, match=r"the source MemoryStream.* cannot give the rows of batches 1 to 1 again"
    ):
        checkpoint.rollback(tmp_path / "cp", to=0, later="replay")


def test_a_sink_that_cannot_take_batches_back_is_named(spark, clicks):
    clicks.add(0, 4)
    seen = []
    writer = clicks.counts().writeStream.outputMode("update").option("checkpointLocation", str(clicks.checkpoint))
    writer = writer.foreachBatch(lambda rows, batch: seen.append((batch, sorted(map(str, rows.collect())))))
    writer.trigger(availableNow=True).start().awaitTermination()
    before = files(clicks.folder)
    with pytest.raises(SparkRuntimeException, match="the sink ForeachBatchSink cannot take batches back"):
        checkpoint.rollback(clicks.checkpoint, to=1, later="forget")
    assert files(clicks.folder) == before
    checkpoint.rollback(clicks.checkpoint, to=1, later="replay")
    once = list(seen)
    writer.trigger(availableNow=True).start().awaitTermination()
    # It gets the batches again, as they were.
    assert seen == once + [batch for batch in once if batch[0] > 1]


def test_a_rollback_past_another_output_takes_both_back(spark, clicks):
    clicks.add(0, 3)
    clicks.run()
    first = clicks.output
    clicks.output = clicks.folder / "second"
    clicks.add(3, 6)
    clicks.run()
    outputs = checkpoint.inspect(clicks.checkpoint)["outputs"]
    assert [Path(output["kept"]["files"]).name for output in outputs] == ["out", "second"]
    before = sorted(path.name for path in first.glob("part-*"))
    checkpoint.rollback(clicks.checkpoint, to=1, later="forget")
    assert clicks.rows() == []
    assert sorted(path.name for path in first.glob("part-*")) < before or before == []


def damage_cut(clicks, path):
    path.write_bytes(path.read_bytes()[:-9])


def damage_flip(clicks, path):
    data = bytearray(path.read_bytes())
    data[30] ^= 4
    path.write_bytes(data)


def damage_missing(clicks, path):
    path.unlink()


def damage_other_query(clicks, path):
    other = Clicks(clicks.spark, clicks.folder / "other")
    other.add(0, 6)
    other.run()
    shutil.copy(other.checkpoint / path.relative_to(clicks.checkpoint), path)


def damage_newer(clicks, path):
    data = bytearray(path.read_bytes())
    data[8] = 2
    path.write_bytes(data)


def damage_other_history(clicks, path):
    """The change file of another run of this query, over other rows."""
    copy = clicks.folder.with_name("copy")
    shutil.copytree(clicks.folder, copy)
    whole = path.read_bytes()
    batch = int(path.name) - 1
    checkpoint.rollback(clicks.checkpoint, to=batch - 1, later="forget")
    rows = clicks.input / f"{batch:03}.json"
    rows.write_text(rows.read_text().replace('"a"', '"z"'))
    clicks.run()
    other = path.read_bytes()
    assert other != whole
    shutil.rmtree(clicks.folder)
    copy.rename(clicks.folder)
    path.write_bytes(other)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (damage_cut, "is damaged: its end is not that of a state file; it may be cut short"),
        (damage_flip, r"is damaged: block 0 at 12, \d+ bytes, from operator 0, table 0, slot \d+ on: the checksum"),
        (damage_missing, "is missing"),
        (damage_other_query, "belongs to another query"),
        (damage_newer, "has format version 2, and this release reads up to 1"),
        (damage_other_history, "from another history"),
    ],
)
def test_a_damaged_state_file_is_refused_at_the_start_and_found(clicks, capsys, damage, problem):
    clicks.add(0, 6)
    clicks.run()
    path = clicks.checkpoint / "firesteel" / "state" / "changes" / "5"
    damage(clicks, path)
    clicks.add(30, 31)
    before = files(clicks.folder)
    query = clicks.start()
    with pytest.raises(StreamingQueryException, match=problem) as raised:
        query.awaitTermination()
    assert isinstance(raised.value.__cause__, SparkRuntimeException)
    assert str(path) in str(raised.value)
    assert files(clicks.folder) == before
    assert command("fsck", clicks.checkpoint) == 1
    printed = capsys.readouterr().out
    assert str(path) in printed
    assert "the query does not start" in printed
    assert "rollback PATH --to 3 --replay" in printed
    assert files(clicks.folder) == before


def test_a_damaged_state_is_computed_anew(spark, clicks, tmp_path):
    clicks.add(0, 6)
    clicks.run()
    damage_flip(clicks, clicks.checkpoint / "firesteel" / "state" / "changes" / "5")
    checkpoint.rollback(clicks.checkpoint, to=3, later="replay")
    clicks.run()
    assert clicks.everything() == undisturbed(spark, tmp_path, 6)


def test_an_older_backup_under_a_newer_output_is_refused(clicks):
    clicks.add(0, 4)
    clicks.run()
    shutil.copytree(clicks.checkpoint, clicks.folder / "backup")
    clicks.add(4, 6)
    clicks.run()
    shutil.rmtree(clicks.checkpoint)
    (clicks.folder / "backup").rename(clicks.checkpoint)
    clicks.add(6, 7)
    before = files(clicks.folder)
    with pytest.raises(SparkRuntimeException, match="with a newer checkpoint"):
        clicks.start()
    assert files(clicks.folder) == before


def test_an_older_backup_of_the_state_alone_is_refused(clicks):
    clicks.add(0, 4)
    clicks.run()
    state = clicks.checkpoint / "firesteel" / "state"
    shutil.copytree(state, clicks.folder / "backup")
    clicks.add(4, 6)
    clicks.run()
    shutil.rmtree(state)
    (clicks.folder / "backup").rename(state)
    before = files(clicks.folder)
    query = clicks.start()
    with pytest.raises(StreamingQueryException, match=r"the state file .*changes/\d+ is missing"):
        query.awaitTermination()
    assert files(clicks.folder) == before
    assert "is missing" in checkpoint.fsck(clicks.checkpoint)["findings"][0]["problem"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("offsets/3", "junk", "junk"),
        ("offsets/3", None, "the file is missing"),
        ("commits/3", "v9\n{}", "v9|version"),
        ("commits/7", "junk", "junk"),
        ("sources/0/2", "v1\njunk", "the line 'junk'"),
        ("sources/0/5", None, "it ends before number 5"),
        ("metadata", "junk", "metadata is damaged"),
        ("metadata", None, "metadata"),
        ("firesteel/mode", "fast", "it holds 'fast'"),
        ("firesteel/query.json", "{}", "query.json is damaged"),
        ("firesteel/query.json", '{"version":9}', "version"),
        ("firesteel/rollback.json", "junk", "rollback.json is damaged"),
        ("firesteel/state/operators.json", "{", "operators.json is damaged"),
        ("firesteel/state/operators.json", '{"version":7}', "version"),
        ("firesteel/state/operators.json", None, "the file is missing"),
    ],
)
def test_fsck_finds_each_file_that_is_not_what_it_should_be(clicks, name, text, problem):
    import re

    clicks.add(0, 6)
    clicks.run()
    assert checkpoint.inspect(clicks.checkpoint)["commits"]["newest"] == 6
    path = clicks.checkpoint / name.replace("commits/7", "commits/6")
    path.unlink() if text is None else path.write_text(text)
    before = files(clicks.folder)
    findings = checkpoint.fsck(clicks.checkpoint)["findings"]
    assert len(findings) == 1, findings
    assert findings[0]["file"] in {str(path), str(path.parent)}
    assert re.search(problem, findings[0]["problem"])
    assert findings[0]["meaning"]
    assert findings[0]["remedy"]
    assert files(clicks.folder) == before


@pytest.mark.parametrize(
    "location", ["s3://b/cp", "s3a://b/cp", "gs://b/cp", "abfss://c@a.net/cp", "hdfs:///cp", "hdfs:/cp"]
)
def test_a_checkpoint_on_another_file_system_is_refused_by_name(spark, clicks, monkeypatch, location):
    clicks.add(0, 1)
    empty = clicks.folder / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    writer = clicks.counts().writeStream.outputMode("update").format("noop").option("checkpointLocation", location)
    with pytest.raises(UnsupportedOperationException, match=f"the file system '{location.split(':')[0]}'") as raised:
        writer.start()
    assert "the checkpoint location" in str(raised.value)
    assert list(empty.iterdir()) == []
