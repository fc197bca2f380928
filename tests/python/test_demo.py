"""The demonstration, on a few days of its real data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("pandas")

from firesteel import _native
from firesteel.cli import main
from firesteel.demo import data, quality, train

DAYS = 6


def glob_rows(folder: Path) -> pa.Table:
    """Return what a plain glob reads, in one order."""
    table = pa.concat_tables([pq.read_table(path) for path in sorted((folder / "predictions").glob("part-*.parquet"))])
    return table.sort_by([(name, "ascending") for name in table.column_names])


def demo(folder: Path, *words: str) -> int:
    return main(["demo", "--output", str(folder), "--days", str(DAYS), *words])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one uninterrupted run."""
    folder = tmp_path_factory.mktemp("demo")
    assert demo(folder) == 0
    return folder


def test_every_flight_is_scored_once_and_as_onnx_runtime_scores_it(finished: Path) -> None:
    import onnxruntime
    import pandas as pd

    scored = glob_rows(finished).to_pandas()
    _, days = data.read_days(data.SCORING_MONTHS)
    assert len(scored) == sum(len(lines) for lines in list(days.values())[:DAYS])

    weather = pd.read_csv(finished / "weather.csv", na_values=["NA"], keep_default_na=False)
    flights = pd.concat(
        pd.read_csv(path, na_values=["NA"], keep_default_na=False) for path in (finished / "flights").glob("*.csv")
    )
    keys = ["year", "month", "day", "sched_dep_time", "carrier", "flight", "origin", "dest"]
    table = flights.merge(weather[["origin", "time_hour", *train.WEATHER]], on=["origin", "time_hour"], how="left")
    table["weekday"] = (pd.to_datetime(table[["year", "month", "day"]]).dt.day_of_week + 1) % 7 + 1
    feed = {name: table[name].to_numpy(object) for name in train.TEXT}
    feed |= {name: table[name].to_numpy(np.float32) for name in train.NUMBERS + train.WEATHER}
    probability, minutes = onnxruntime.InferenceSession(str(train.MODEL)).run(None, feed)
    expected = table[keys].assign(late_probability=probability, delay_minutes=minutes, arr_delay=table["arr_delay"])
    expected = expected.sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(
        scored.sort_values(keys).reset_index(drop=True)[expected.columns.tolist()],
        expected,
        check_dtype=False,
        rtol=1e-5,
    )


def test_it_leaves_a_plot_and_says_how_good_it_was(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo(finished) == 0
    said = capsys.readouterr().out
    assert (finished / "quality.png").stat().st_size > 10_000
    assert "late or not (AUC)" in said
    assert str(finished / "predictions") in said


def test_a_second_run_scores_nothing_again(finished: Path) -> None:
    before = {path.name for path in (finished / "predictions").glob("part-*.parquet")}
    assert demo(finished, "--no-plot") == 0
    assert {path.name for path in (finished / "predictions").glob("part-*.parquet")} == before


def test_a_killed_run_goes_on_where_it_was(finished: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "firesteel", "demo", "--output", str(tmp_path), "--days", str(DAYS), "--no-plot"]
    words += ["--files-per-batch", "1"]
    commits = tmp_path / "checkpoint" / "commits"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ.copy()) as process:
        while process.poll() is None and not (commits / "0").exists():
            time.sleep(0.001)  # waits for another process, not for a clock
        process.send_signal(signal.SIGKILL)
    assert demo(tmp_path, "--no-plot") == 0
    assert glob_rows(tmp_path).equals(glob_rows(finished))


def test_a_run_killed_before_its_first_batch_starts_anew(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "predictions" / "_spark_metadata").mkdir(parents=True)  # as such a run leaves it
    assert demo(tmp_path, "--no-plot") == 0
    assert glob_rows(tmp_path).equals(glob_rows(finished))


@pytest.mark.skipif(not hasattr(_native, "CRASH_POINTS"), reason="built without the feature crash-points")
def test_a_kill_at_any_named_step_loses_and_doubles_nothing() -> None:
    program = Path(__file__).parents[1] / "crash" / "demo_points.py"
    killed = subprocess.run(
        [sys.executable, program, "--days", "4", "--passes", "2"], capture_output=True, text=True, check=False
    )
    assert killed.returncode == 0, killed.stdout + killed.stderr


def test_following_ends_when_the_last_file_has_been_scored(finished: Path, tmp_path: Path) -> None:
    assert demo(tmp_path, "--no-plot", "--follow", "--every", "0.01", "--trigger", "10 milliseconds") == 0
    assert glob_rows(tmp_path).equals(glob_rows(finished))


def test_fresh_removes_only_what_the_demo_made(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    assert demo(tmp_path, "--no-plot") == 0
    assert demo(tmp_path, "--no-plot", "--fresh") == 0
    assert (tmp_path / "mine.txt").exists()
    assert glob_rows(tmp_path).equals(glob_rows(finished))


def test_a_cancelled_flight_is_scored_and_not_measured() -> None:
    scored = pa.table(
        {
            "arr_delay": pa.array([30.0, -5.0, None]),
            "late_probability": pa.array([0.9, 0.1, 0.99], pa.float32()),
            "delay_minutes": pa.array([20.0, -5.0, 60.0], pa.float32()),
            "sched_dep_time": pa.array([1800, 600, 1800], pa.int32()),
        }
    )
    measured = quality.measure(scored, quality.load_facts())
    assert (measured.scored, measured.without_arrival, measured.auc, measured.error) == (3, 1, 1.0, 5.0)


def test_the_area_under_the_curve_counts_ties_as_half() -> None:
    happened = np.array([True, False, True, False])
    assert quality.area_under_curve(happened, np.array([0.9, 0.1, 0.5, 0.5])) == pytest.approx(0.875)
