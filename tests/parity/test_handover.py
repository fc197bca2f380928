"""A stateless query moves between Spark and Firesteel, and no row is lost or doubled.

``make_spark_checkpoints.py`` made the checkpoints of PySpark 4.3 in
``tests/fixtures/spark_checkpoints``. So one direction needs no Java. A crash is imitated: the files
that it would have come before are removed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import handover

STEP = Path(__file__).with_name("handover_step.py")


def _firesteel(*arguments: object) -> None:
    _run([sys.executable, "-m", "firesteel", STEP, *arguments])


def _pyspark(*arguments: object) -> None:
    _run([sys.executable, STEP, *arguments])


def _run(command: list[object]) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def _assert_files_exact(root: Path) -> None:
    assert handover.read_by_log(root) == handover.expected_files(root)
    assert handover.read_by_glob(root) == handover.expected_files(root)


def test_the_fixtures_hold_what_spark_wrote(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path / "files")
    handover.unpack("rate", tmp_path / "rate")

    _assert_files_exact(tmp_path / "files")
    assert handover.read_by_log(tmp_path / "rate") == handover.expected_rate(3)


def test_firesteel_continues_a_file_query_of_spark(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)
    handover.add_input(tmp_path, 12, 3)

    _firesteel("files", tmp_path)

    _assert_files_exact(tmp_path)
    assert handover.last_batch(tmp_path) == 14


def test_firesteel_finds_nothing_new_in_a_finished_query_of_spark(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)

    _firesteel("files", tmp_path)

    _assert_files_exact(tmp_path)
    assert handover.last_batch(tmp_path) == 11


def test_firesteel_replays_a_batch_that_spark_made_visible_and_did_not_commit(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)
    handover.forget(tmp_path, "checkpoint/commits/11")
    handover.add_input(tmp_path, 12, 1)

    _firesteel("files", tmp_path)

    _assert_files_exact(tmp_path)


def test_firesteel_replays_a_batch_that_spark_never_wrote(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)
    handover.forget(tmp_path, "checkpoint/commits/11", "output/_spark_metadata/11")

    _firesteel("files", tmp_path)

    # Spark left the part of its unfinished batch behind. Only a reader of the log skips it.
    assert handover.read_by_log(tmp_path) == handover.expected_files(tmp_path)


def test_firesteel_takes_files_that_spark_had_seen_but_covered_by_no_offset(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)
    handover.forget(tmp_path, "checkpoint/commits/11", "checkpoint/offsets/11", "output/_spark_metadata/11")

    _firesteel("files", tmp_path)

    assert handover.read_by_log(tmp_path) == handover.expected_files(tmp_path)


def test_firesteel_continues_past_the_next_compaction(tmp_path: Path) -> None:
    handover.unpack("files", tmp_path)
    handover.add_input(tmp_path, 12, 10)

    _firesteel("files", tmp_path)

    _assert_files_exact(tmp_path)
    assert (tmp_path / "checkpoint/sources/0/19.compact").exists()
    assert (tmp_path / "output/_spark_metadata/19.compact").exists()


def test_firesteel_continues_a_rate_query_of_spark(tmp_path: Path) -> None:
    handover.unpack("rate", tmp_path)

    _firesteel(*["rate", tmp_path] * 2)

    assert handover.read_by_log(tmp_path) == handover.expected_rate(5)
    assert handover.read_by_glob(tmp_path) == handover.expected_rate(5)


def test_firesteel_replays_a_rate_batch_of_spark(tmp_path: Path) -> None:
    handover.unpack("rate", tmp_path)
    handover.forget(tmp_path, "checkpoint/commits/2", "output/_spark_metadata/2")

    _firesteel("rate", tmp_path)

    # The replayed batch, and the one that availableNow takes after it.
    assert handover.read_by_log(tmp_path) == handover.expected_rate(handover.last_batch(tmp_path) + 1)


@pytest.mark.oracle
@pytest.mark.usefixtures("real_pyspark")
def test_spark_continues_queries_of_firesteel(tmp_path: Path) -> None:
    """One PySpark process continues from four states.

    They are a clean end, a batch to replay, a batch already visible and files seen but not covered.
    """
    roots = {name: tmp_path / name for name in ("clean", "replay", "visible", "seen")}
    for root in roots.values():
        handover.add_input(root, 0, 11)
    rate = tmp_path / "rate"
    _firesteel(*(part for root in roots.values() for part in ("files", root)), *["rate", rate] * 2)
    handover.forget(roots["replay"], "checkpoint/commits/10", "output/_spark_metadata/10")
    handover.forget(roots["visible"], "checkpoint/commits/10")
    handover.forget(roots["seen"], "checkpoint/commits/10", "checkpoint/offsets/10", "output/_spark_metadata/10")
    for root in roots.values():
        handover.add_input(root, 11, 2)

    _pyspark(*(part for root in roots.values() for part in ("files", root)), "rate", rate)

    for root in roots.values():
        assert handover.read_by_log(root) == handover.expected_files(root)
    assert handover.read_by_log(rate) == handover.expected_rate(3)
    _firesteel("files", roots["clean"], "rate", rate)
    _assert_files_exact(roots["clean"])
    assert handover.read_by_log(rate) == handover.expected_rate(4)
