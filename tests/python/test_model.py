"""Models over Arrow data, without a session."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    SparkRuntimeException,
    UnsupportedOperationException,
)
from firesteel.ml import Model

MODELS = Path(__file__).parents[1] / "fixtures" / "models"


def load(name: str, **options: object) -> Model:
    return Model.load(MODELS / f"{name}.onnx", **options)


def raw(name: str, **inputs: np.ndarray) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(str(MODELS / f"{name}.onnx")).run(None, inputs)


def features(rows: int, width: int = 32) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((rows, width), dtype=np.float32)


def lists(data: np.ndarray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), data.shape[1])


def values(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_pylist(), np.float32)


def test_a_model_says_what_it_takes_and_gives() -> None:
    model = load("several")
    assert [str(spec) for spec in model.inputs] == ["x: float32[N]"]
    assert [str(spec) for spec in model.outputs] == ["half: float32[N]", "square: float32[N]", "positive: bool[N]"]


@pytest.mark.parametrize("rows", [1, 7, 1000, 30_000])
def test_a_record_batch_gives_what_onnx_runtime_gives(rows: int) -> None:
    data = features(rows)
    output = load("mlp").predict(pa.record_batch([lists(data)], names=["features"]))
    assert isinstance(output, pa.RecordBatch)
    assert output.num_rows == rows
    np.testing.assert_allclose(values(output.column("scores")), raw("mlp", features=data)[0], rtol=1e-4, atol=1e-5)


def test_every_shape_of_column_gives_the_same() -> None:
    data = features(500)
    expected = raw("mlp", features=data)[0]
    wide = {f"f{at}": data[:, at] for at in range(32)}
    shapes = [
        lists(data),
        lists(data).cast(pa.list_(pa.float32())),
        lists(data).cast(pa.list_(pa.float64())),
        lists(data).cast(pa.large_list(pa.float32())),
        pa.table({"features": lists(data)}),
        pa.table({"id": range(500), "features": lists(data)}),
        pa.table(wide),
        pa.table({name: values.astype(np.float64) for name, values in wide.items()}),
        pd.DataFrame(wide),
        pl.DataFrame(wide),
        pa.chunked_array([lists(data[:200]), lists(data[200:])]),
        data,
    ]
    for shape in shapes:
        output = load("mlp").predict(shape)
        np.testing.assert_allclose(values(output.column("scores")), expected, rtol=1e-4, atol=1e-5)


def test_a_slice_is_read_where_it_begins() -> None:
    data = features(100)
    column = lists(data).slice(30, 50)
    np.testing.assert_allclose(
        values(load("mlp").predict(column).column(0)), raw("mlp", features=data[30:80])[0], rtol=1e-4, atol=1e-5
    )
    as_list = lists(data).cast(pa.list_(pa.float32())).slice(30, 50)
    np.testing.assert_allclose(
        values(load("mlp").predict(as_list).column(0)), raw("mlp", features=data[30:80])[0], rtol=1e-4, atol=1e-5
    )


def test_inputs_are_found_by_name_whatever_their_order() -> None:
    table = pa.table({"b": pa.array([1, 2], pa.float32()), "other": ["x", "y"], "a": pa.array([10, 20], pa.float32())})
    assert load("scaled").predict(table).column("scaled").to_pylist() == [101.0, 202.0]


def test_types_are_kept_or_converted() -> None:
    assert load("double_int").predict(pa.table({"n": pa.array([1, 2], pa.int32())})).column(0).to_pylist() == [2, 4]
    assert load("strings").predict(pa.array(["blue", "red", "pink"])).column(0).to_pylist() == [3, 1, -1]
    output = load("several").predict(pa.array([-2.0, 3.0], pa.float32()))
    assert output.to_pydict() == {"half": [-1.0, 1.5], "square": [4.0, 9.0], "positive": [False, True]}


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, 3]),
        pl.Series([1, 2, 3]),
        pa.chunked_array([[1, 2], [3]]),
        pa.chunked_array([pa.array([{"n": 1}, {"n": 2}]), pa.array([{"n": 3}])]),
    ],
    ids=["pandas", "polars", "pyarrow", "structs"],
)
def test_a_stream_of_arrays_is_a_column(column: object) -> None:
    output = load("double_int").predict(column)
    assert isinstance(output, pa.Table)
    assert output.to_pydict() == {"doubled": [2, 4, 6]}


def test_a_missing_struct_of_a_stream_is_a_missing_row() -> None:
    structs = pa.chunked_array([pa.array([{"n": 1}, None], pa.struct([pa.field("n", pa.int64(), nullable=False)]))])
    assert load("double_int").predict(structs).to_pydict() == {"doubled": [2, None]}


def test_tensors_of_three_dimensions() -> None:
    data = np.random.default_rng(3).standard_normal((9, 16, 64), dtype=np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), 16 * 64)
    nested = pa.FixedSizeListArray.from_arrays(pa.FixedSizeListArray.from_arrays(pa.array(data.reshape(-1)), 64), 16)
    for column in (flat, nested, data):
        output = load("transformer").predict(column)
        np.testing.assert_allclose(values(output.column(0)), raw("transformer", tokens=data)[0], rtol=1e-3, atol=1e-4)


def test_outputs_can_be_chosen() -> None:
    output = load("several", outputs=["positive", "half"]).predict(pa.array([2.0], pa.float32()))
    assert output.to_pydict() == {"positive": [True], "half": [1.0]}


def test_no_rows_give_no_rows() -> None:
    empty = pa.table({"features": pa.array([], pa.list_(pa.float32(), 32))})
    output = load("mlp").predict(empty)
    assert output.num_rows == 0
    assert output.schema.names == ["scores"]


def test_null_in_gives_null_out() -> None:
    table = pa.table({"a": pa.array([1, None, 3], pa.float32()), "b": pa.array([None, 2, 4], pa.float32())})
    assert load("add").predict(table).column(0).to_pylist() == [None, None, 7.0]
    inside = pa.array([[1.0] * 32, [None] + [1.0] * 31, None], pa.list_(pa.float32()))
    assert [row is None for row in load("mlp").predict(inside).column(0).to_pylist()] == [False, True, True]
    large = inside.cast(pa.large_list(pa.float32()))  # as polars gives lists
    assert load("mlp").predict(large).column(0).to_pylist()[1:] == [None, None]
    with pytest.raises(IllegalArgumentException, match="takes no nulls, found 2 rows"):
        load("mlp", nulls="error").predict(large)


def test_nulls_can_be_nan_or_an_error() -> None:
    table = pa.table({"a": pa.array([1, None], pa.float32()), "b": pa.array([1, 1], pa.float32())})
    first, second = load("add", nulls="nan").predict(table).column(0).to_pylist()
    assert first == 2.0
    assert np.isnan(second)
    with pytest.raises(IllegalArgumentException, match="takes no nulls, found 1 rows"):
        load("add", nulls="error").predict(table)


@pytest.mark.parametrize("options", [{"mode": "pool"}, {"mode": "single"}, {"chunk_rows": 17}, {"chunk_rows": 100_000}])
def test_how_rows_are_cut_does_not_change_them(options: dict) -> None:
    data = features(3000)
    output = load("mlp", **options).predict(lists(data))
    np.testing.assert_allclose(values(output.column(0)), raw("mlp", features=data)[0], rtol=1e-4, atol=1e-5)


def test_a_model_is_used_by_several_threads_at_once() -> None:
    data = features(20_000)
    expected = raw("mlp", features=data)[0]
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(values(load("mlp").predict(lists(data)).column(0))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def test_bytes_paths_and_mlflow_folders_load(tmp_path: Path) -> None:
    content = (MODELS / "add.onnx").read_bytes()
    (tmp_path / "network.onnx").write_bytes(content)
    (tmp_path / "MLmodel").write_text(
        "artifact_path: m\nflavors:\n  onnx:\n    data: network.onnx\n  python_function:\n    env: e\n"
    )
    table = pa.table({"a": pa.array([1.0], pa.float32()), "b": pa.array([2.0], pa.float32())})
    for where in (content, tmp_path, str(MODELS / "add.onnx"), (MODELS / "add.onnx").as_uri()):
        assert Model.load(where).predict(table).column(0).to_pylist() == [3.0]


def test_a_model_can_be_pickled() -> None:
    model = pickle.loads(pickle.dumps(load("several", outputs=["half"])))
    assert model.predict(pa.array([2.0], pa.float32())).to_pydict() == {"half": [1.0]}


def test_a_model_is_registered_as_its_function_is(spark) -> None:
    spark.udf.register("halved", load("several", outputs="half"))
    assert spark.sql("SELECT halved(id) FROM range(3)").collect() == [(0.0,), (0.5,), (1.0,)]


class TestErrors:
    """Each names the object, what was expected and what was found."""

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(AnalysisException, match=r"absent\.onnx"):
            Model.load(tmp_path / "absent.onnx")

    def test_a_file_that_is_not_onnx(self, tmp_path: Path) -> None:
        (tmp_path / "text.onnx").write_text("this is no model")
        with pytest.raises(IllegalArgumentException, match=r"must be an ONNX model[\s\S]*text.onnx"):
            Model.load(tmp_path / "text.onnx")

    def test_a_folder_that_is_no_mlflow_model(self, tmp_path: Path) -> None:
        with pytest.raises(IllegalArgumentException, match="MLmodel"):
            Model.load(tmp_path)

    def test_an_mlflow_model_of_another_flavor(self, tmp_path: Path) -> None:
        (tmp_path / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
        with pytest.raises(IllegalArgumentException, match="must have the flavor 'onnx', found sklearn"):
            Model.load(tmp_path)

    def test_a_missing_column(self) -> None:
        table = pa.table({"a": pa.array([1.0], pa.float32()), "c": pa.array([1.0], pa.float32())})
        with pytest.raises(IllegalArgumentException, match="no column 'b', found 'a', 'c'"):
            load("add").predict(table)

    def test_a_column_of_another_type(self) -> None:
        with pytest.raises(
            IllegalArgumentException,
            match="input 'features' takes lists of 32 float32 values, found a column of type string",
        ):
            load("mlp").predict(pa.array(["x"]))

    def test_one_number_or_too_many_for_a_wide_input(self, spark) -> None:
        with pytest.raises(
            IllegalArgumentException,
            match="takes 32 float32 values a row, side by side or as a list; found a single column",
        ):
            load("mlp").predict(pa.array([1.5]))
        with pytest.raises(IllegalArgumentException, match="or 32 numbers side by side; there is no column 'features'"):
            load("mlp").predict(pa.table({f"f{i}": [1.0] for i in range(33)}))
        with pytest.raises(IllegalArgumentException, match="or 32 numbers side by side; found 2"):
            spark.range(1).select(load("mlp")("id", "id"))

    def test_a_fraction_is_no_whole_number(self) -> None:
        with pytest.raises(
            IllegalArgumentException, match="input 'n' takes int64 values, found a column of type double"
        ):
            load("double_int").predict(pa.array([1.5]))

    def test_lists_of_another_length(self) -> None:
        with pytest.raises(IllegalArgumentException, match="takes lists of 32 float32 values"):
            load("mlp").predict(lists(features(3, 31)))
        with pytest.raises(IllegalArgumentException, match="found a list of 2 in row 1"):
            load("mlp").predict(pa.array([[1.0] * 32, [1.0, 2.0]], pa.list_(pa.float32())))

    def test_data_that_is_no_arrow(self) -> None:
        with pytest.raises(TypeError, match="must be Arrow data"):
            load("mlp").predict([1, 2, 3])

    def test_an_unknown_output(self) -> None:
        with pytest.raises(
            IllegalArgumentException, match="no tensor output 'nope'; it has 'half', 'square', 'positive'"
        ):
            load("several", outputs=["nope"])

    def test_a_result_that_the_outputs_cannot_become(self, spark) -> None:
        of_all = load("several").udf("double")
        with pytest.raises(
            IllegalArgumentException, match="its outputs are 'half', 'square', 'positive': choose among them"
        ):
            spark.range(1).select(of_all("id"))
        assert spark.range(1).select(load("several", outputs="half").udf("double")("id")).collect() == [(0.0,)]

    def test_a_model_that_fails_while_running(self) -> None:
        with pytest.raises(SparkRuntimeException, match="the model failed on 2 rows"):
            load("fails").predict(pa.array([0, 7]))
        assert load("fails").predict(pa.array([0, 1])).column(0).to_pylist() == [10.0, 20.0]

    def test_an_output_that_is_no_tensor(self, tmp_path: Path) -> None:
        from onnx import TensorProto, helper

        node = helper.make_node("SequenceConstruct", ["x"], ["all"])
        also = helper.make_node("Identity", ["x"], ["same"])
        sequence = helper.make_tensor_sequence_value_info("all", TensorProto.FLOAT, ["N"])
        graph = helper.make_graph(
            [node, also],
            "sequence",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])],
            [sequence, helper.make_tensor_value_info("same", TensorProto.FLOAT, ["N"])],
        )
        content = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
        ).SerializeToString()
        with pytest.raises(UnsupportedOperationException, match="output 'all' must be a tensor"):
            Model.load(content)
        chosen = Model.load(content, outputs=["same"])
        assert chosen.predict(pa.array([1.5], pa.float32())).to_pydict() == {"same": [1.5]}


def made(nodes: list, inputs: list, outputs: list) -> bytes:
    """Return an ONNX model of these nodes.

    Inputs and outputs are (name, element type, shape).
    """
    from onnx import helper

    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def test_a_chunk_without_a_complete_row_joins_lists_of_a_width_that_only_rows_tell() -> None:
    from onnx import TensorProto, helper

    free = [("x", TensorProto.FLOAT, ["N", "M"])], [("same", TensorProto.FLOAT, ["N", "M"])]
    model = Model.load(made([helper.make_node("Identity", ["x"], ["same"])], *free), chunk_rows=2)
    rows = [None, None, [1.0, 2.0], None, None, None, [3.0, 4.0]]
    output = model.predict(pa.array(rows, pa.list_(pa.float32())))
    assert output.column("same").to_pylist() == rows


def test_outputs_of_types_that_spark_lacks_are_the_next_wider_in_a_plan(spark) -> None:
    from onnx import TensorProto, helper

    types = {"byte": TensorProto.UINT8, "half": TensorProto.FLOAT16}
    nodes = [helper.make_node("Cast", ["x"], [name], to=to) for name, to in types.items()]
    outputs = [(name, to, ["N"]) for name, to in types.items()]
    score = Model.load(made(nodes, [("x", TensorProto.FLOAT, ["N"])], outputs)).udf()
    scored = spark.createDataFrame([(200.0,), (None,), (1.5,)], "x float").select(score("x").alias("y")).select("y.*")
    assert scored.dtypes == [("byte", "smallint"), ("half", "float")]
    assert [tuple(row) for row in scored.collect()] == [(200, 200.0), (None, None), (1, 1.5)]


def test_a_model_that_takes_a_fixed_number_of_rows() -> None:
    from onnx import TensorProto, helper

    four = [("x", TensorProto.FLOAT, [4])], [("twice", TensorProto.FLOAT, [4])]
    model = Model.load(made([helper.make_node("Add", ["x", "x"], ["twice"])], *four))
    output = model.predict(pa.array(np.arange(10, dtype=np.float32)))
    assert output.column(0).to_pylist() == [2.0 * at for at in range(10)]


@pytest.mark.parametrize(
    ("shape", "reason"),
    [(None, "does not say the shape of its input 'x'"), ([], "input 'x' is a single value")],
    ids=["no shape", "no dimensions"],
)
def test_an_input_whose_rows_are_nowhere_is_refused_for_its_own_reason(shape: list | None, reason: str) -> None:
    from onnx import TensorProto, helper

    values = [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)]
    with pytest.raises(UnsupportedOperationException, match=reason):
        Model.load(made([helper.make_node("Neg", ["x"], ["y"])], *values))


def test_an_output_of_which_no_shape_is_said() -> None:
    from onnx import TensorProto, helper

    values = [("x", TensorProto.FLOAT, ["N", 2])], [("y", TensorProto.FLOAT, None)]
    model = Model.load(made([helper.make_node("Neg", ["x"], ["y"])], *values))
    assert model.predict(pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2))).to_pydict() == {"y": [[-1.0, -2.0]]}


def test_an_output_that_no_shape_tells_is_a_value_a_row_until_the_user_says_its_type(spark) -> None:
    from onnx import TensorProto, helper

    # The branches differ in rank, so ONNX Runtime cannot tell that of the output.
    branches = {
        "then_branch": helper.make_graph(
            [helper.make_node("Identity", ["x"], ["a"])],
            "then",
            [],
            [helper.make_tensor_value_info("a", TensorProto.FLOAT, None)],
        ),
        "else_branch": helper.make_graph(
            [helper.make_node("Size", ["x"], ["n"]), helper.make_node("Cast", ["n"], ["b"], to=TensorProto.FLOAT)],
            "else",
            [],
            [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)],
        ),
    }
    nodes = [
        helper.make_node("Size", ["x"], ["size"]),
        helper.make_node("Cast", ["size"], ["any"], to=TensorProto.BOOL),
        helper.make_node("If", ["any"], ["y"], **branches),
    ]
    model = Model.load(made(nodes, [("x", TensorProto.FLOAT, ["N", 2])], [("y", TensorProto.FLOAT, None)]))
    rows = spark.createDataFrame([([1.0, 2.0],)], "x array<float>")
    with pytest.raises(SparkRuntimeException, match=r"gave ARRAY<FLOAT>, where it must give FLOAT"):
        rows.select(model.udf()("x")).collect()
    assert rows.select(model.udf("array<float>")("x").alias("y")).collect() == [([1.0, 2.0],)]
