"""Models with state: the rows of a key one after the other, in batch frames, streams and restarts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from firesteel.errors import (
    AnalysisException,
    IllegalArgumentException,
    PySparkTypeError,
    PySparkValueError,
    StreamingQueryException,
    UnsupportedOperationException,
)
from firesteel.ml import Model
from firesteel.sql import DataFrame, SparkSession
from firesteel.sql import functions as F
from firesteel.streaming import MemoryStream
from onnx import TensorProto, helper

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
SCHEMA = "device STRING, ts INT, x ARRAY<FLOAT>"
GRU = {"h_in": "h_out"}
LSTM = {"h_in": "h_out", "c_in": "c_out"}

Rows = list[tuple[Any, ...]]


def load(name: str, **options: Any) -> Model:
    return Model.load(MODELS / f"{name}.onnx", **options)


class Bare:
    """A loop over ONNX Runtime, a row at a time, with the states in a dict."""

    def __init__(self, model: str, shapes: dict[str, tuple[int, ...]], state: dict[str, str]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(MODELS / f"{model}.onnx"), options)
        self.names = [output.name for output in self.session.get_outputs()]
        self.shapes, self.state = shapes, state
        self.kept: dict[Any, dict[str, np.ndarray]] = {}

    def __call__(self, key: Any, x: list[float]) -> dict[str, np.ndarray]:
        kept = self.kept.setdefault(key, {name: np.zeros(self.shapes[name], np.float32) for name in self.state})
        given = self.session.run(None, {"x": np.array(x, np.float32).reshape(self.shapes["x"]), **kept})
        found = dict(zip(self.names, given, strict=True))
        self.kept[key] = {name: found[output] for name, output in self.state.items()}
        return found


BARE: dict[str, Callable[[], Bare]] = {
    "gru": lambda: Bare("gru", {"x": (1, 3), "h_in": (1, 8)}, GRU),
    "gru_layers": lambda: Bare("gru_layers", {"x": (1, 1, 3), "h_in": (2, 1, 4)}, GRU),
    "lstm": lambda: Bare("lstm", {"x": (1, 1, 3), "h_in": (1, 1, 4), "c_in": (1, 1, 4)}, LSTM),
}
STATES = {"gru": GRU, "gru_layers": GRU, "lstm": LSTM}
OUTPUT = {"gru": "score", "gru_layers": "y", "lstm": "y"}


def readings(devices: int, each: int, seed: int = 3) -> Rows:
    """Rows of some devices, some of them with more rows than others, mixed."""
    random = np.random.default_rng(seed)
    rows = [
        (f"d{device:03}", ts, random.standard_normal(3).astype(np.float32).tolist())
        for device in range(devices)
        for ts in range(1 + (each + device) % each)
    ]
    random.shuffle(rows)
    return rows


def expected(model: str, rows: Rows) -> dict[tuple[str, int], np.ndarray]:
    """What the bare loop gives for rows in the order of their times."""
    bare = BARE[model]()
    name = OUTPUT[model]
    return {(device, ts): bare(device, x)[name].reshape(-1) for device, ts, x in sorted(rows, key=lambda row: row[1])}


def scores(rows: Any, output: str) -> dict[tuple[str, int], np.ndarray]:
    return {(row.device, row.ts): np.atleast_1d(np.array(row[output], np.float32)) for row in rows}


def agree(found: dict[Any, np.ndarray], wanted: dict[Any, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5, atol=1e-6, err_msg=str(key))


class Run:
    """A stream of readings through a model, with the rows of each batch."""

    def __init__(self, spark: SparkSession, build: Callable[[DataFrame], DataFrame], schema: str, mode: str) -> None:
        self.stream = MemoryStream(schema, spark)
        self.batches: list[list[Any]] = []
        frame = build(self.stream.to_df())
        writer = frame.writeStream.outputMode(mode)
        self.query = writer.foreachBatch(lambda rows, _: self.batches.append(rows.collect())).start()

    def add(self, rows: Rows) -> list[Any]:
        self.stream.add(rows)
        self.query.processAllAvailable()
        return next(batch for batch in reversed(self.batches) if batch)

    @property
    def state(self) -> dict[str, Any]:
        # A trigger that finds nothing to do may report, too.
        done = [each["stateOperators"][0] for each in self.query.recentProgress if each["stateOperators"]]
        return done[-1]


@pytest.fixture
def run(spark: SparkSession) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(build: Callable[[DataFrame], DataFrame], schema: str = SCHEMA, mode: str = "append") -> Run:
        runs.append(Run(spark, build, schema, mode))
        return runs[-1]

    yield start
    for each in runs:
        each.query.stop()


# What a model gives


@pytest.mark.parametrize("model", STATES)
def test_a_batch_frame_gives_what_a_bare_loop_gives(spark: SparkSession, model: str) -> None:
    rows = readings(40, 7)
    recurrent = load(model).stateful("device", STATES[model], order="ts")
    found = spark.createDataFrame(rows, SCHEMA).transform(recurrent)
    assert found.columns == ["device", "ts", "x", OUTPUT[model]]
    agree(scores(found.collect(), OUTPUT[model]), expected(model, rows))


@pytest.mark.parametrize("model", STATES)
def test_a_stream_of_several_batches_gives_the_same(run: Callable[..., Run], model: str) -> None:
    rows = sorted(readings(40, 7), key=lambda row: row[1])
    recurrent = load(model).stateful("device", STATES[model], order="ts")
    query = run(lambda df: df.transform(recurrent))
    found = [row for at in range(0, len(rows), 30) for row in query.add(rows[at : at + 30])]
    agree(scores(found, OUTPUT[model]), expected(model, rows))
    assert query.state["operatorName"] == "statefulModel"
    assert query.state["numRowsTotal"] == 40


@pytest.mark.parametrize("model", STATES)
def test_runs_of_one_row_have_the_bits_of_the_bare_loop(run: Callable[..., Run], model: str) -> None:
    rows = sorted(readings(10, 5), key=lambda row: row[1])
    query = run(lambda df: df.transform(load(model, chunk_rows=1).stateful("device", STATES[model], order="ts")))
    found = scores(query.add(rows[:20]) + query.add(rows[20:]), OUTPUT[model])
    wanted = expected(model, rows)
    assert {key: value.tobytes() for key, value in found.items()} == {
        key: value.tobytes() for key, value in wanted.items()
    }


def test_a_key_with_more_rows_than_a_batch_frame_takes_at_once_goes_on(spark: SparkSession) -> None:
    # 64 runs of 2 rows are taken at once.
    rows = [("a", ts, [float(ts % 7), 1.0, 0.0]) for ts in range(300)] + [("b", 0, [1.0, 1.0, 1.0])]
    recurrent = load("gru", chunk_rows=2).stateful("device", GRU, order="ts")
    found = spark.createDataFrame(rows, SCHEMA).transform(recurrent).collect()
    agree(scores(found, "score"), expected("gru", rows))


def test_states_of_whole_numbers_and_of_truth_count_too(run: Callable[..., Run]) -> None:
    counter = load("counter").stateful("k", {"n_in": "n_out", "seen_in": "seen_out"})
    query = run(lambda df: df.transform(counter), "k STRING, x FLOAT")
    assert [tuple(row) for row in query.add([("a", 0.0), ("a", 0.0)])] == [
        ("a", 0.0, 1.0, False),
        ("a", 0.0, 2.0, True),
    ]
    assert [tuple(row) for row in query.add([("a", 0.0), ("b", 0.0)])] == [
        ("a", 0.0, 3.0, True),
        ("b", 0.0, 1.0, False),
    ]


def test_rows_of_one_time_stay_as_they_came_and_others_are_sorted(spark: SparkSession) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", {"n_in": "n_out", "seen_in": "seen_out"}, order="ts")
    rows = [("a", 2, 0, 0.0), ("a", 1, 1, 0.0), ("a", 2, 2, 0.0), ("a", None, 3, 0.0), ("a", 1, 4, 0.0)]
    df = spark.createDataFrame(rows, "k STRING, ts INT, came INT, x FLOAT").transform(counter)
    # A null comes first, as in Spark's ascending order.
    assert [row.came for row in df.orderBy("n").collect()] == [3, 1, 4, 0, 2]


def test_without_an_order_rows_are_taken_as_they_come(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", {"n_in": "n_out", "seen_in": "seen_out"})
    query = run(lambda df: df.transform(counter), "k STRING, came INT, x FLOAT")
    rows = query.add([("a", 3, 0.0), ("a", 1, 0.0), ("a", 2, 0.0)])
    assert [(row.came, row.n) for row in rows] == [(3, 1.0), (1, 2.0), (2, 3.0)]


def test_several_columns_and_expressions_are_a_key(spark: SparkSession) -> None:
    counter = load("counter", outputs=["n"])
    state = {"n_in": "n_out", "seen_in": "seen_out"}
    df = spark.createDataFrame([("a", 1, 0.0), ("a", 2, 0.0), ("a", 3, 0.0)], "k STRING, v INT, x FLOAT")
    both = df.transform(counter.stateful(["k", "v"], state)).collect()
    assert [row.n for row in both] == [1.0, 1.0, 1.0]
    odd = df.transform(counter.stateful(F.col("v") % 2, state, order="v")).orderBy("v").collect()
    assert [row.n for row in odd] == [1.0, 1.0, 2.0]


def test_nulls_and_equal_floats_are_one_key(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", {"n_in": "n_out", "seen_in": "seen_out"})
    query = run(lambda df: df.transform(counter), "k DOUBLE, x FLOAT")
    rows = query.add([(None, 0.0), (None, 0.0), (0.0, 0.0), (-0.0, 0.0), (float("nan"), 0.0)])
    assert sorted((str(row.k), row.n) for row in rows) == [
        ("-0.0", 2.0),
        ("0.0", 1.0),
        ("None", 1.0),
        ("None", 2.0),
        ("nan", 1.0),
    ]


def test_inputs_are_found_by_name_or_given_as_arguments(spark: SparkSession) -> None:
    rows = [("a", 1, [1.0, 2.0, 3.0]), ("a", 2, [0.0, 1.0, 0.5])]
    gru = load("gru").stateful("device", GRU, order="ts")
    df = spark.createDataFrame(rows, SCHEMA)
    wide = df.select("device", "ts", *[F.col("x")[at].alias(f"x{at}") for at in range(3)])
    frames = [
        df.transform(gru),
        df.withColumnRenamed("x", "X").transform(gru),
        df.withColumnRenamed("x", "features").transform(gru, "features"),
        df.transform(gru, F.transform("x", lambda value: value * 1)),
        df.transform(gru, F.struct("x")),
        wide.transform(gru, "x0", "x1", "x2"),
    ]
    found = [scores(frame.collect(), "score") for frame in frames]
    for each in found:
        assert each == found[0]
    agree(found[0], expected("gru", rows))


def test_a_new_key_begins_as_the_user_says(spark: SparkSession) -> None:
    state = {"n_in": "n_out", "seen_in": "seen_out"}
    counter = load("counter").stateful("k", state, initial={"n_in": 10, "seen_in": [True]})
    df = spark.createDataFrame([("a", 0.0), ("b", 0.0)], "k STRING, x FLOAT").transform(counter)
    assert [(row.n, row.seen) for row in df.collect()] == [(11.0, True), (11.0, True)]
    bare = BARE["gru"]()
    begin = np.linspace(-1, 1, 8, dtype=np.float32)
    bare.kept["a"] = {"h_in": begin.reshape(1, 8)}
    row = spark.createDataFrame([("a", 1, [1.0, 0.0, 0.0])], SCHEMA)
    found = row.transform(load("gru").stateful("device", GRU, initial={"h_in": begin})).collect()
    np.testing.assert_allclose(found[0].score, bare("a", [1.0, 0.0, 0.0])["score"], rtol=1e-6)


def test_columns_of_a_model_are_called_as_the_user_says(spark: SparkSession) -> None:
    df = spark.createDataFrame([("a", 1, [1.0, 0.0, 0.0])], SCHEMA)
    assert df.transform(load("gru").stateful("device", GRU, output="risk")).columns[-1] == "risk"
    with_state = load("gru", outputs=["score", "h_out"]).stateful("device", GRU, output=["risk", "hidden"])
    rows = df.transform(with_state).collect()
    assert len(rows[0].hidden) == 8
    with pytest.raises(IllegalArgumentException, match="gives a column 'TS', and there is one already"):
        df.transform(load("gru").stateful("device", GRU, output="TS"))
    with pytest.raises(
        IllegalArgumentException, match="a name for each output of the model 'model', which are 'score'"
    ):
        df.transform(load("gru").stateful("device", GRU, output=["a", "b"]))


# Rows that are missing something


def test_a_row_with_a_null_gives_null_and_leaves_the_state_alone(run: Callable[..., Run]) -> None:
    query = run(lambda df: df.transform(load("gru").stateful("device", GRU, order="ts")))
    rows = [
        ("a", 1, [1.0, 0.0, 0.0]),
        ("a", 2, None),
        ("a", 3, [1.0, None, 0.0]),
        ("a", 4, [0.5, 0.5, 0.5]),
        ("b", 1, None),
    ]
    found = {(row.device, row.ts): row.score for row in query.add(rows)}
    assert [found["a", 2], found["a", 3], found["b", 1]] == [None, None, None]
    wanted = expected("gru", [rows[0], rows[3]])
    np.testing.assert_allclose(found["a", 4], wanted["a", 4], rtol=1e-5)
    assert query.state["numRowsTotal"] == 1


def test_a_batch_frame_of_nulls_gives_nulls(spark: SparkSession) -> None:
    df = spark.createDataFrame([("a", 1, None), ("b", 1, None)], SCHEMA)
    found = df.transform(load("gru").stateful("device", GRU, order="ts"))
    assert [row.score for row in found.collect()] == [None, None]
    assert spark.createDataFrame([], SCHEMA).transform(load("gru").stateful("device", GRU)).collect() == []


def test_a_model_may_see_nan_for_null_or_refuse_it(spark: SparkSession) -> None:
    df = spark.createDataFrame([("a", 1, [1.0, None, 0.0]), ("a", 2, [1.0, None, 0.0])], SCHEMA)
    nan = df.transform(load("gru", nulls="nan").stateful("device", GRU)).collect()
    # The state has seen the row: a second one differs from the first.
    bare = BARE["gru"]()
    wanted = [bare("a", [1.0, float("nan"), 0.0])["score"][0] for _ in range(2)]
    np.testing.assert_allclose([row.score for row in nan], wanted, rtol=1e-5)
    with pytest.raises(IllegalArgumentException, match="the model takes no nulls"):
        df.transform(load("gru", nulls="error").stateful("device", GRU)).collect()


# What is kept, and for how long

COUNTED = {"n_in": "n_out", "seen_in": "seen_out"}


def timed(df: DataFrame) -> DataFrame:
    return df.withColumn("time", F.timestamp_seconds("second")).withWatermark("time", "5 seconds")


def test_a_key_goes_when_the_watermark_has_passed_its_last_row(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", COUNTED, order="time")
    query = run(lambda df: timed(df).transform(counter).select("k", "second", "n"), "k STRING, second LONG, x FLOAT")
    query.add([("a", 10, 0.0), ("b", 10, 0.0), ("a", 20, 0.0)])
    # The watermark is 15: b is gone after a batch without rows.
    assert query.state["numRowsTotal"] == 1
    rows = query.add([("a", 21, 0.0), ("b", 16, 0.0), ("a", 15, 0.0)])
    # The row of second 15 is late.
    assert sorted(map(tuple, rows)) == [("a", 21, 3.0), ("b", 16, 1.0)]
    done = [each["stateOperators"][0] for each in query.query.recentProgress if each["stateOperators"]]
    assert sum(state["numRowsDroppedByWatermark"] for state in done) == 1


def test_a_time_to_live_is_added_to_the_last_event_time(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", COUNTED, order="time", ttl=timedelta(seconds=10))
    query = run(lambda df: timed(df).transform(counter).select("k", "n"), "k STRING, second LONG, x FLOAT")
    query.add([("a", 10, 0.0), ("b", 10, 0.0)])
    query.add([("a", 24, 0.0)])
    # The watermark is 19.
    assert query.state["numRowsTotal"] == 2
    query.add([("a", 25, 0.0)])
    assert query.state["numRowsTotal"] == 1
    query.add([("a", 36, 0.0)])
    # The watermark is 31, and a is remembered until 46: its time was moved when it first came.
    assert query.state["numRowsTotal"] == 1
    assert sorted(map(tuple, query.add([("a", 37, 0.0), ("b", 37, 0.0)]))) == [("a", 5.0), ("b", 1.0)]


def test_a_filter_above_keeps_no_row_from_the_model(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", COUNTED)
    query = run(lambda df: df.transform(counter).where("v > 1").select("n"), "k STRING, v INT, x FLOAT")
    assert [row.n for row in query.add([("a", 1, 0.0), ("a", 2, 0.0)])] == [2.0]


def test_a_model_whose_column_nobody_reads_keeps_its_state_all_the_same(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"]).stateful("k", COUNTED)
    query = run(lambda df: df.transform(counter).select("k"), "k STRING, v INT, x FLOAT")
    assert len(query.add([("a", 1, 0.0), ("a", 2, 0.0)])) == 2
    assert query.state["numRowsTotal"] == 1


def test_two_models_stand_one_above_the_other(run: Callable[..., Run]) -> None:
    counter = load("counter", outputs=["n"])
    below, above = counter.stateful("k", COUNTED), counter.stateful("v", COUNTED, output="m")
    query = run(lambda df: df.transform(below).transform(above, F.col("n")), "k STRING, v INT, x FLOAT", "update")
    query.add([("a", 1, 0.0)])
    rows = query.add([("a", 2, 0.0), ("b", 1, 0.0)])
    assert sorted((row.k, row.n, row.m) for row in rows) == [("a", 2.0, 1.0), ("b", 1.0, 2.0)]


# Restarts


class Restarts:
    """One checkpoint, and queries that go on one after the other."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        (folder / "in").mkdir()
        self.files = 0

    def __call__(self, build: Callable[[DataFrame], DataFrame], rows: Rows) -> list[Any]:
        """Run a query over a file of rows to its end. Its rows come back."""
        file = self.folder / "in" / f"{self.files}.json"
        file.write_text("\n".join(json.dumps({"k": k, "x": x, "ts": ts}) for k, ts, x in rows))
        self.files += 1
        stream = self.spark.readStream.schema("k STRING, ts LONG, x ARRAY<FLOAT>").json(str(self.folder / "in"))
        found: list[Any] = []
        writer = build(stream).writeStream.option("checkpointLocation", str(self.folder / "cp"))
        query = writer.foreachBatch(lambda rows, _: found.extend(rows.collect())).trigger(availableNow=True).start()
        query.awaitTermination()
        return found


@pytest.fixture
def restarts(spark: SparkSession, tmp_path: Path) -> Restarts:
    return Restarts(spark, tmp_path)


def with_model(model: Model, state: dict[str, str] = GRU, **options: Any) -> Callable[[DataFrame], DataFrame]:
    return lambda df: df.transform(model.stateful("k", state, order="ts", **options))


def test_a_restart_goes_on_bit_for_bit(restarts: Restarts) -> None:
    rows = sorted(readings(20, 6), key=lambda row: row[1])
    build = with_model(load("gru", chunk_rows=1))
    found = restarts(build, rows[:25]) + restarts(build, rows[25:])
    wanted = {key: value.tobytes() for key, value in expected("gru", rows).items()}
    assert {(row.k, row.ts): np.float32(row.score).tobytes() for row in found} == wanted


def test_the_checkpoint_says_how_many_rows_a_run_has_and_what_a_state_is(restarts: Restarts) -> None:
    restarts(with_model(load("gru", chunk_rows=2)), readings(5, 3))
    restarts(with_model(load("gru", chunk_rows=100)), readings(5, 3))
    file = restarts.folder / "cp" / "firesteel" / "state" / "operators.json"
    operator = json.loads(file.read_text())["operators"][0]
    assert operator["name"] == "statefulModel"
    assert operator["settings"] == {"chunkRows": 2}
    assert operator["form"] == {"states": [{"name": "h_in", "output": "h_out", "type": "float", "shape": [8]}]}


def test_states_can_be_read(spark: SparkSession, restarts: Restarts) -> None:
    rows = [("a", 1, [1.0, 0.0, 0.0]), ("a", 2, [0.5, 0.5, 0.5])]
    restarts(with_model(load("gru")), rows)
    bare = BARE["gru"]()
    for _, _, x in rows:
        bare("a", x)
    state = spark.read.format("statestore").load(str(restarts.folder / "cp")).collect()
    assert [row.key.asDict() for row in state] == [{"k": "a"}]
    np.testing.assert_allclose(state[0].value.h_in, bare.kept["a"]["h_in"][0], rtol=1e-5, atol=1e-6)


def with_weights(change: Callable[[onnx.ModelProto], None]) -> bytes:
    model = onnx.load(MODELS / "gru.onnx")
    change(model)
    return model.SerializeToString()


def doubled(model: onnx.ModelProto) -> None:
    weights = next(tensor for tensor in model.graph.initializer if tensor.name == "out")
    weights.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weights) * 2, "out"))


def test_another_version_of_a_model_goes_on_from_the_states(
    restarts: Restarts, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("a", 1, [1.0, 0.0, 0.0]), ("a", 2, [0.5, 0.5, 0.5])]
    restarts(with_model(load("gru")), rows[:1])
    with caplog.at_level(logging.WARNING):
        found = restarts(with_model(Model.load(with_weights(doubled))), rows[1:])
        assert [record.message for record in caplog.records if "another version" in record.message]
    np.testing.assert_allclose(found[0].score, 2 * expected("gru", rows)["a", 2][0], rtol=1e-5)
    caplog.clear()
    restarts(with_model(Model.load(with_weights(doubled))), rows[1:])
    assert not [record for record in caplog.records if "another version" in record.message]


def test_another_version_of_a_model_begins_anew_if_the_user_says_so(restarts: Restarts) -> None:
    rows = [("a", 1, [1.0, 0.0, 0.0]), ("b", 1, [1.0, 0.0, 0.0]), ("a", 2, [0.5, 0.5, 0.5])]
    build = with_model(load("gru"), on_new_version="reset")
    restarts(build, rows[:1])
    found = restarts(build, [("a", 2, [0.5, 0.5, 0.5])])
    np.testing.assert_allclose(found[0].score, expected("gru", rows)["a", 2][0], rtol=1e-5)
    changed = with_model(Model.load(with_weights(doubled)), on_new_version="reset")
    found = restarts(changed, [("b", 2, [0.5, 0.5, 0.5]), ("a", 3, [0.5, 0.5, 0.5])])
    anew = 2 * expected("gru", [("a", 1, [0.5, 0.5, 0.5])])["a", 1][0]
    np.testing.assert_allclose([row.score for row in found], [anew, anew], rtol=1e-5)
    state = restarts.spark.read.format("statestore").load(str(restarts.folder / "cp"))
    assert sorted(row.key.k for row in state.collect()) == ["a", "b"]


def test_another_shape_of_the_state_is_refused_and_nothing_is_written(restarts: Restarts) -> None:
    restarts(with_model(load("gru")), [("a", 1, [1.0, 0.0, 0.0])])
    before = sorted(path.name for path in (restarts.folder / "cp").rglob("*"))
    with pytest.raises(StreamingQueryException) as raised:
        restarts(with_model(load("gru_layers")), [("a", 2, [1.0, 0.0, 0.0])])
    assert '"shape":[2,4]' in str(raised.value)
    assert '"shape":[8]' in str(raised.value)
    assert sorted(path.name for path in (restarts.folder / "cp").rglob("*")) == before


# Bad input


def stateless(inputs: list[Any], outputs: list[Any]) -> Model:
    """A model of these tensors, each output an input as it is."""
    nodes = [helper.make_node("Identity", [inputs[at][0]], [output[0]]) for at, output in enumerate(outputs)]
    tensors = [[helper.make_tensor_value_info(*value) for value in values] for values in (inputs, outputs)]
    graph = helper.make_graph(nodes, "identity", *tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return Model.load(model.SerializeToString())


FLOAT, DOUBLE, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"h": "h_out"}, "state names the input 'h', and the model has 'x', 'h_in'"),
        ({"h_in": "h"}, "state names the output 'h', and the model has 'score', 'h_out'"),
        (
            {"h_in": "score"},
            r"must have the type and shape of its input, h_in: float32\[N, 8\]; found score: float32\[N\]",
        ),
        ({"x": "h_out"}, r"must have the type and shape of its input, x: float32\[N, 3\]"),
        ({"h_in": "h_out", "x": "h_out"}, "two states take the output 'h_out'"),
        ({}, "state must name the model's inputs that are handed on"),
    ],
)
def test_a_state_that_the_model_has_not_is_refused(state: dict[str, str], message: str) -> None:
    with pytest.raises(IllegalArgumentException, match=message):
        load("gru").stateful("device", state)


def test_a_model_without_a_dimension_for_rows_is_refused() -> None:
    fixed = stateless([("h", FLOAT, [1, 8]), ("x", FLOAT, ["N"])], [("h2", FLOAT, [1, 8]), ("y", FLOAT, ["N"])])
    with pytest.raises(IllegalArgumentException, match=r"the state 'h: float32\[1, 8\]' has no dimension of any size"):
        fixed.stateful("k", {"h": "h2"})
    free = stateless(
        [("h", FLOAT, ["N", 8]), ("x", FLOAT, ["a", "b"])], [("h2", FLOAT, ["N", 8]), ("y", FLOAT, ["a", "b"])]
    )
    with pytest.raises(IllegalArgumentException, match=r"the input 'x: float32\[a, b\]' has 2 dimensions of any size"):
        free.stateful("k", {"h": "h2"})


def test_a_state_of_another_type_is_refused() -> None:
    inputs = [("h", FLOAT, ["N", 8]), ("x", FLOAT, ["N"])]
    text = stateless([("h", STRING, ["N"]), ("x", FLOAT, ["N"])], [("h2", STRING, ["N"]), ("y", FLOAT, ["N"])])
    with pytest.raises(UnsupportedOperationException, match="the state 'h' is of type string"):
        text.stateful("k", {"h": "h2"})
    only = stateless(inputs, [("h2", FLOAT, ["N", 8])])
    with pytest.raises(IllegalArgumentException, match=r"all outputs of the model are states \('h2'\)"):
        only.stateful("k", {"h": "h2"})


def test_wrong_arguments_are_refused_by_name(spark: SparkSession) -> None:
    gru = load("gru")
    df = spark.createDataFrame([("a", 1, [1.0, 0.0, 0.0])], SCHEMA)
    with pytest.raises(PySparkValueError, match="key must name a column"):
        gru.stateful([], GRU)
    with pytest.raises(PySparkTypeError, match="state must be a dict"):
        gru.stateful("device", "h_in")  # type: ignore[arg-type]
    with pytest.raises(PySparkValueError, match="on_new_version must be 'keep' or 'reset'"):
        gru.stateful("device", GRU, on_new_version="drop")  # type: ignore[arg-type]
    with pytest.raises(PySparkTypeError, match="ttl must be text"):
        gru.stateful("device", GRU, ttl=5)  # type: ignore[arg-type]
    with pytest.raises(PySparkValueError, match="initial names 'c'"):
        gru.stateful("device", GRU, initial={"c": 1})
    with pytest.raises(IllegalArgumentException, match=r"initial has 3 values for the state h_in: float32\[N, 8\]"):
        gru.stateful("device", GRU, initial={"h_in": [1, 2, 3]})
    with pytest.raises(IllegalArgumentException, match="ttl must be at least a millisecond"):
        df.transform(gru.stateful("device", GRU, ttl="0 seconds"))
    with pytest.raises(PySparkTypeError, match="takes a DataFrame of Firesteel, found list"):
        gru.stateful("device", GRU)([])  # type: ignore[arg-type]


def test_columns_that_do_not_fit_are_refused_by_name(spark: SparkSession) -> None:
    gru = load("gru").stateful("device", GRU, order="ts")
    df = spark.createDataFrame([("a", 1, [1.0, 0.0, 0.0])], SCHEMA)
    with pytest.raises(AnalysisException, match="device"):
        df.drop("device").transform(gru)
    with pytest.raises(IllegalArgumentException, match="there is no column 'x', found 'device', 'ts'"):
        df.drop("x").transform(gru)
    with pytest.raises(
        IllegalArgumentException, match="takes lists of 3 float32 values, found a column of type string"
    ):
        df.transform(gru, "device")
    unordered = df.withColumn("ts", F.create_map(F.lit("a"), F.lit(1)))
    with pytest.raises(
        IllegalArgumentException, match="the order of the model 'model' must be of a type that has an order"
    ):
        unordered.transform(gru)
    with pytest.raises(
        IllegalArgumentException, match="the key of the model 'model' must be of a type that has an order"
    ):
        unordered.transform(load("gru").stateful("ts", GRU))


def test_a_list_of_another_length_ends_the_query(run: Callable[..., Run]) -> None:
    query = run(lambda df: df.transform(load("gru").stateful("device", GRU)))
    with pytest.raises(StreamingQueryException, match=r"input 'x' takes lists of 3 float32 values, found a list of 2"):
        query.add([("a", 1, [1.0, 2.0])])


def test_a_continuous_query_and_changing_rows_below_are_refused(spark: SparkSession) -> None:
    stream = MemoryStream("k STRING, x FLOAT", spark).to_df()
    counter = load("counter", outputs=["n"]).stateful("k", COUNTED)
    scored = stream.transform(counter)
    with pytest.raises(AnalysisException, match="Continuous processing does not support StatefulModel operations"):
        scored.writeStream.format("memory").queryName("refused").trigger(continuous="1 second").start()
    counts = stream.groupBy("k").agg(F.sum("x").cast("float").alias("x")).transform(counter)
    with pytest.raises(AnalysisException, match="a row of an aggregation that changes comes again"):
        counts.writeStream.format("memory").queryName("refused").outputMode("update").start()
    with pytest.raises(AnalysisException, match="no streaming aggregations"):
        scored.writeStream.format("memory").queryName("refused").outputMode("complete").start()
