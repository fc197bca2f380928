"""``firesteel score``: any ONNX model over files, once or as a stream."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from firesteel.cli import main

MODELS = Path(__file__).parents[1] / "fixtures" / "models"


def rows(folder: Path) -> list[dict]:
    """Return the rows of a Parquet output as a plain glob reads them."""
    tables = [pq.read_table(path) for path in sorted(folder.glob("part-*.parquet"))]
    return [row for table in tables for row in table.to_pylist()]


def test_columns_are_found_by_the_names_of_the_inputs(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"id": [1, 2], "B": pa.array([5, 6], pa.float32()), "a": [1.5, 2.5]}), tmp_path / "in.parquet"
    )
    assert main(["score", str(MODELS / "add.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out")]) == 0
    assert rows(tmp_path / "out") == [
        {"id": 1, "B": 5.0, "a": 1.5, "sum": 6.5},
        {"id": 2, "B": 6.0, "a": 2.5, "sum": 8.5},
    ]


def test_features_name_the_columns_of_one_wide_input(tmp_path: Path) -> None:
    table = pa.table({"id": [7], **{f"f{i}": [float(i)] for i in range(32)}})
    pq.write_table(table, tmp_path / "in.parquet")
    words = ["score", str(MODELS / "mlp.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out"), "--features", "f*"]
    assert main(words) == 0
    (row,) = rows(tmp_path / "out")
    assert row["id"] == 7
    assert len(row["scores"]) == 4


def test_every_output_of_the_model_is_a_column(tmp_path: Path) -> None:
    pacsv.write_csv(pa.table({"x": [2.0, -4.0]}), tmp_path / "in.csv")
    assert main(["score", str(MODELS / "several.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out")]) == 0
    assert rows(tmp_path / "out") == [
        {"x": 2.0, "half": 1.0, "square": 4.0, "positive": True},
        {"x": -4.0, "half": -2.0, "square": 16.0, "positive": False},
    ]


def test_text_and_json_work_too(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"word": "green"}\n{"word": "grey"}\n', encoding="utf-8")
    assert main(["score", str(MODELS / "strings.onnx"), str(tmp_path / "in.json"), str(tmp_path / "out")]) == 0
    assert rows(tmp_path / "out") == [{"word": "green", "code": 2}, {"word": "grey", "code": -1}]


def test_a_stream_scores_only_what_is_new(tmp_path: Path) -> None:
    arriving = tmp_path / "in"
    arriving.mkdir()
    words = ["score", str(MODELS / "double_int.onnx"), str(arriving), str(tmp_path / "out"), "--stream"]
    for number in range(3):
        pq.write_table(pa.table({"n": [number, 10 + number]}), arriving / f"{number}.parquet")
        assert main(words) == 0
    assert main(words) == 0
    scored = sorted((row["n"], row["doubled"]) for row in rows(tmp_path / "out"))
    assert scored == [(0, 0), (1, 2), (2, 4), (10, 20), (11, 22), (12, 24)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent.onnx", "in.parquet", "out"], "absent.onnx"),
        (["MODELS/add.onnx", "absent.parquet", "out"], "absent.parquet"),
        (["MODELS/mlp.onnx", "in.parquet", "out"], "no column is named as the model's input 'features'"),
        (["MODELS/add.onnx", "in.parquet", "out", "--features", "a,c"], "--features names 'c'"),
        (["MODELS/add.onnx", "in.parquet", "out", "--features", "a"], "the model has 2 inputs"),
        (["MODELS/add.onnx", "in.parquet", "out", "--trigger", "1 second"], "need --stream"),
        (["MODELS/add.onnx", "in", "out"], "give --format"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"a": [1.0], "b": [2.0]}), "in.parquet")
    assert main(["score", *[word.replace("MODELS", str(MODELS)) for word in words]]) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert not Path("out").exists()


def test_a_model_that_fails_at_run_time_leaves_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"index": [1, 9]}), tmp_path / "in.parquet")
    assert main(["score", str(MODELS / "fails.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out")]) == 1
    assert "the model failed" in capsys.readouterr().err
    assert not rows(tmp_path / "out")


def test_doctor_names_the_runtime_and_the_cores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert "libonnxruntime.so" in report
    assert "CPUExecutionProvider" in report
    assert "cores" in report
