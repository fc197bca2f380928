"""``firesteel score``: any ONNX model over files, once or as a stream."""

from __future__ import annotations

import itertools
import json
import re
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
        (
            ["MODELS/add.onnx", "in.parquet", "out", "--stream", "--mode", "overwrite"],
            "--mode overwrite does not go with",
        ),
        (["MODELS/add.onnx", "in", "out"], "[PATH_NOT_FOUND]"),
        (["MODELS/add.onnx", "nothing*", "out"], "[PATH_NOT_FOUND]"),
        (["MODELS/add.onnx", "empty", "out"], "give --format parquet, csv or json, and --schema, such as"),
        (
            ["MODELS/add.onnx", "empty", "out", "--stream", "--format", "csv"],
            "no rows yet in which to find the columns",
        ),
        (
            ["MODELS/several.onnx", "in.parquet", "out", "--features", "a", "--outputs", "cube"],
            "no tensor output 'cube'",
        ),
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
    Path("empty").mkdir()
    assert main(["score", *[word.replace("MODELS", str(MODELS)) for word in words]]) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert not Path("out").exists()


def test_a_model_that_fails_at_run_time_leaves_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"index": [1, 9]}), tmp_path / "in.parquet")
    assert main(["score", str(MODELS / "fails.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out")]) == 1
    assert "the model failed" in capsys.readouterr().err
    assert not rows(tmp_path / "out")


def test_a_stream_that_fails_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"index": [1, 9]}), tmp_path / "in.parquet")
    words = ["score", str(MODELS / "fails.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out"), "--stream"]
    assert main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("firesteel: ")
    assert "the model failed" in line


def test_outputs_are_chosen_in_order(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [2.0]}), tmp_path / "in.parquet")
    words = ["score", str(MODELS / "several.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out")]
    assert main([*words, "--outputs", "square, half"]) == 0
    (row,) = rows(tmp_path / "out")
    assert list(row.items()) == [("x", 2.0), ("square", 4.0), ("half", 1.0)]


@pytest.mark.parametrize(("more", "whole"), [([], "INT"), (["--stream"], "DOUBLE")])
def test_a_value_that_is_no_number_is_named_and_a_schema_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], whole: str
) -> None:
    (tmp_path / "in.csv").write_text("a,b\n1.5,2\nunknown,3\n", encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out"), *more]
    assert main(words) == 1
    assert capsys.readouterr().err.splitlines() == [
        "firesteel: the model's input 'a' takes float32 values, and the column 'a' is a STRING; "
        f"a value that is no number, or no value at all, makes a CSV column text: give --schema 'a DOUBLE, b {whole}'"
    ]
    assert main([*words, "--schema", "a FLOAT, b FLOAT"]) == 0
    assert rows(tmp_path / "out") == [{"a": 1.5, "b": 2.0, "sum": 3.5}, {"a": None, "b": 3.0, "sum": None}]


@pytest.mark.parametrize("schema", [[], ["--schema", "id BIGINT, a DOUBLE, b DOUBLE"]])
def test_later_runs_of_a_stream_keep_the_schema_of_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schema: list[str]
) -> None:
    arriving = tmp_path / "in"
    arriving.mkdir()
    words = ["score", str(MODELS / "add.onnx"), str(arriving), str(tmp_path / "out"), "--stream"]
    (arriving / "1.csv").write_text("id,a,b\n1,1,2\n", encoding="utf-8")
    assert main([*words, *schema]) == 0
    said = "types found in the files: id BIGINT, a DOUBLE, b DOUBLE (--schema sets others)"
    assert (said in capsys.readouterr().out.splitlines()) == (not schema)
    (arriving / "2.csv").write_text("id,a,b\n5000000000,1.5,2\n", encoding="utf-8")  # whole and small by chance so far
    assert main(words) == 0
    (arriving / "3.csv").write_text("id,a,b\n3,unknown,4\n", encoding="utf-8")  # if inferred again, `a` would be text
    assert main(words) == (0 if schema else 1)
    if not schema:
        errors = capsys.readouterr().err
        assert errors.startswith(
            "firesteel: a row does not fit the types that the first files had, id BIGINT, a DOUBLE"
        )
        assert "3.csv" in errors
        assert "3,unknown,4" in errors
        assert main([*words, "--option", "mode=PERMISSIVE"]) == 0
    scored = sorted(rows(tmp_path / "out"), key=lambda row: row["id"])
    assert scored == [
        {"id": 1, "a": 1.0, "b": 2.0, "sum": 3.0},
        {"id": 3, "a": None, "b": 4.0, "sum": None},
        {"id": 5_000_000_000, "a": 1.5, "b": 2.0, "sum": 3.5},
    ]


@pytest.mark.parametrize("header", ["b,a", "a,b,c", "a"])
def test_a_header_that_is_not_the_schema_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str
) -> None:
    (tmp_path / "in.csv").write_text(f"{header}\n1,2\n", encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out")]
    assert main([*words, "--schema", "a FLOAT, b FLOAT"]) == 1
    assert f"the header of file://{tmp_path}/in.csv is '{', '.join(header.split(','))}'" in capsys.readouterr().err
    by_position = ["--schema", "a FLOAT, b FLOAT", "--option", "enforceSchema=true", "--mode", "overwrite"]
    assert main([*words, *by_position]) == 0
    assert [(row["a"], row["b"], row["sum"]) for row in rows(tmp_path / "out")] == [(1.0, 2.0, 3.0)]


def test_header_names_that_are_empty_or_there_twice_are_the_schema_s(tmp_path: Path) -> None:
    arriving = tmp_path / "in"
    arriving.mkdir()
    (arriving / "1.csv").write_text(",a,b,c,c\n0,1,2,3,4\n", encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(arriving), str(tmp_path / "out"), "--stream"]
    assert main(words) == 0
    assert rows(tmp_path / "out") == [{"_c0": 0, "a": 1.0, "b": 2.0, "c3": 3, "c4": 4, "sum": 3.0}]


def test_a_stream_and_its_output_belong_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "in.parquet")
    batch = ["score", str(MODELS / "double_int.onnx"), str(tmp_path / "in.parquet")]
    (out, other), checkpoint = (str(tmp_path / name) for name in ("out", "other")), tmp_path / "out.checkpoint"
    assert main([*batch, other]) == 0
    assert main([*batch, other, "--stream"]) == 1
    assert "has files already, which would be hidden by the log of a stream" in capsys.readouterr().err
    assert main([*batch, other, "--stream", "--mode", "append"]) == 1
    assert "--mode append does not go with --stream, whose OUTPUT is its own" in capsys.readouterr().err
    assert main([*batch, out, "--stream"]) == 0
    for mode in ("append", "overwrite"):
        assert main([*batch, out, "--mode", mode]) == 1
        assert "is what a stream writes" in capsys.readouterr().err
    assert main([*batch, str(tmp_path / "third"), "--stream", "--checkpoint", str(checkpoint)]) == 1
    assert "has scored rows that are not in" in capsys.readouterr().err
    checkpoint.rename(tmp_path / "lost")
    assert main([*batch, out, "--stream"]) == 1
    assert "give the checkpoint that the output was written with" in capsys.readouterr().err
    assert main([*batch, out, "--stream", "--checkpoint", str(tmp_path / "lost")]) == 0
    assert [len(rows(Path(path))) for path in (out, other)] == [2, 2]


@pytest.mark.parametrize("more", [[], ["--stream"]])
def test_a_failed_first_run_can_be_put_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    (tmp_path / "in.csv").write_text("b,a\n1,2\n", encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out"), *more]
    assert main([*words, "--schema", "a FLOAT, b FLOAT"]) == 1
    assert "the header of file" in capsys.readouterr().err
    assert main([*words, "--schema", "b FLOAT, a FLOAT"]) == 0
    assert rows(tmp_path / "out") == [{"b": 1.0, "a": 2.0, "sum": 3.0}]


@pytest.mark.parametrize("more", [[], ["--stream"]])
def test_a_header_alone_tells_no_types(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    (tmp_path / "in.csv").write_text("a,b\n", encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out"), *more]
    assert main(words) == 1
    assert "has no rows yet in which to find the columns: give --schema" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--schema", "x DOUBLE, y DOUBLE"], "other schema (struct<x:float,y:float>; now struct<x:double,y:double>): "),
        (["--features", "y"], "other features (x; now y): "),
        (["--outputs", "half"], "other outputs (half, square; now half): "),
    ],
)
def test_a_run_that_scores_otherwise_is_refused_the_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    (tmp_path / "in.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    words = ["score", str(MODELS / "several.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out"), "--stream"]
    assert main([*words, "--schema", "x FLOAT, y FLOAT", "--features", "x", "--outputs", "half,square"]) == 0
    asked = {"--features": "x", "--outputs": "half,square", more[0]: more[1]}
    assert main([*words, *itertools.chain(*asked.items())]) == 1
    assert message in capsys.readouterr().err
    assert main([*words, "--features", "x", "--outputs", "half,square"]) == 0
    assert len(rows(tmp_path / "out")) == 1


def test_settings_bind_only_when_a_batch_has_begun(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    kept = tmp_path / "out.checkpoint" / "firesteel" / "score.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"schema": {"type": "struct", "fields": []}, "features": ["z"], "outputs": []}', encoding="utf-8")
    words = ["score", str(MODELS / "add.onnx"), str(tmp_path / "in.csv"), str(tmp_path / "out"), "--stream"]
    assert main(words) == 0
    assert json.loads(kept.read_text(encoding="utf-8"))["features"] == ["a", "b"]


def test_the_progress_of_a_batch_is_one_line_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "in.parquet")
    words = ["score", str(MODELS / "double_int.onnx"), str(tmp_path / "in.parquet"), str(tmp_path / "out"), "--stream"]
    assert main(words) == 0
    progress, output = capsys.readouterr().out.splitlines()
    count, rate, took = re.fullmatch(r" *(\d+) rows +([\d,]+) rows/s +batch +0 took +(\d+) ms", progress).groups()
    assert int(count) == 2
    assert int(rate.replace(",", "")) == round(2000 / max(int(took), 1))
    assert output.startswith("output: ")
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines()[0] == "nothing new had arrived"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["score", "m", "i", "o", "--stream", "--trigger", "often"],
            "argument --trigger: expected a time",
        ),
        (
            ["demo", "--follow", "--trigger", "often"],
            "argument --trigger: expected a time",
        ),
        (["score", "m", "i", "o", "--check", "c"], "--check"),
        (["demo", "--foll"], "--foll"),
        (["score", "m", "i", "o", "--files-per-batch", "0"], "expected a whole number above zero, found '0'"),
        (["score", "m", "i", "o", "--option", "header"], "expected KEY=VALUE, found 'header'"),
    ],
)
def test_misused_options_are_named(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_doctor_names_the_runtime_and_the_cores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    report = capsys.readouterr().out
    assert "libonnxruntime.so" in report
    assert "CPUExecutionProvider" in report
    assert "cores" in report
