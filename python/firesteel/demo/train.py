"""Train the flight-delay model on January to June and write it as one ONNX file.

Run it with ``python -m firesteel.demo.train``. It needs scikit-learn, onnx and pandas. The demo
itself does not.

The model knows what a passenger can know before departure: the schedule, the carrier, the route,
and the weather of the scheduled hour of departure. The weather is measured, while a passenger has a
forecast. The model learns two things, each by 60 boosted trees. One is the probability that a
flight arrives at least 15 minutes late, as the US Department of Transportation defines late. The
other is the median of its arrival delay. Cancelled and diverted flights have no arrival delay and
are left out of the training.

The settings below were chosen by training on January to April and testing on May and June. ``main``
repeats that and writes the result beside the model. July to December had no part in the choice.

The text columns enter the ONNX graph as text. A table in the graph gives each carrier, airport and
destination its share of late flights. A share of few flights is drawn towards the overall share. An
unknown name gets the overall share.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firesteel.demo.data import MISSING, TRAINING_MONTHS, package_folder, read_days

if TYPE_CHECKING:
    import onnx
    import pandas as pd

MODEL = Path(__file__).with_name("flight_delay.onnx")
FACTS = MODEL.with_suffix(".json")

TEXT = ["carrier", "origin", "dest"]
NUMBERS = ["weekday", "sched_dep_time", "sched_arr_time", "distance"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]

LATE_MINUTES = 15
SETTINGS: dict[str, Any] = {
    "max_iter": 60,
    "max_leaf_nodes": 16,
    "learning_rate": 0.05,
    "min_samples_leaf": 200,
    "early_stopping": False,
    "random_state": 0,
}
FEW = 50  # the share of a name seen this often is half its own and half the overall one


def training_table(months: range = TRAINING_MONTHS) -> pd.DataFrame:
    """Return the flights of the months that arrived, with the model's inputs.

    They are joined to the weather of their hour.
    """
    import pandas as pd

    header, days = read_days(months)
    lines = header + "".join(line for day in days.values() for line in day)
    flights = pd.read_csv(io.StringIO(lines), na_values=[MISSING], keep_default_na=False)
    weather = pd.read_csv(package_folder() / "weather.csv", na_values=[MISSING], keep_default_na=False)
    table = flights.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    monday_is_0 = pd.to_datetime(table[["year", "month", "day"]]).dt.day_of_week
    table["weekday"] = (monday_is_0 + 1) % 7 + 1  # as Spark's dayofweek: Sunday is 1
    return table[table["arr_delay"].notna()].reset_index(drop=True)


class Trained:
    """The two fitted models and the tables that turn names into numbers."""

    def __init__(self, table: pd.DataFrame) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        late = (table["arr_delay"] >= LATE_MINUTES).to_numpy()
        self.overall = float(late.mean())
        self.shares: dict[str, dict[str, float]] = {}
        for column in TEXT:
            groups = table.assign(late=late).groupby(column)["late"].agg(["sum", "size"])
            share = (groups["sum"] + FEW * self.overall) / (groups["size"] + FEW)
            self.shares[column] = {str(name): float(np.float32(value)) for name, value in share.items()}
        x = self.features(table)
        self.late = HistGradientBoostingClassifier(**SETTINGS).fit(x, late)
        self.delay = HistGradientBoostingRegressor(loss="absolute_error", **SETTINGS).fit(x, table["arr_delay"])

    def features(self, table: pd.DataFrame) -> np.ndarray:
        """Return the float32 matrix that the trees see, as the ONNX graph makes it."""
        names = [table[column].map(self.shares[column]).fillna(self.overall) for column in TEXT]
        return np.column_stack([*names, table[NUMBERS + WEATHER]]).astype(np.float32)

    def predict(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return the probability of being late and the median arrival delay, by scikit-learn."""
        x = self.features(table)
        return self.late.predict_proba(x)[:, 1], self.delay.predict(x)


def tree_attributes(models: list[Any]) -> dict[str, Any]:
    """Return the attributes of an ONNX TreeEnsembleRegressor of all models.

    Target i is the raw sum of model i. skl2onnx cannot convert these estimators with current
    releases of onnx, so their trees are read from ``_predictors``. A threshold is rounded down to
    float32. Then ``x <= threshold`` is the same as before for a float32 ``x``.
    """
    keys = [
        "treeids",
        "nodeids",
        "featureids",
        "values",
        "modes",
        "truenodeids",
        "falsenodeids",
        "missing_value_tracks_true",
    ]
    node: dict[str, list] = {key: [] for key in keys}
    leaf: dict[str, list] = {key: [] for key in ["treeids", "nodeids", "ids", "weights"]}
    tree = 0
    for target, model in enumerate(models):
        for (predictor,) in model._predictors:
            for number, row in enumerate(predictor.nodes):
                is_leaf = bool(row["is_leaf"])
                threshold = 0.0 if is_leaf else round_down(row["num_threshold"])
                values = [tree, number, int(row["feature_idx"]), threshold, "LEAF" if is_leaf else "BRANCH_LEQ"]
                branches = [int(row["left"]), int(row["right"]), int(row["missing_go_to_left"])]
                for key, value in zip(keys, [*values, *([0, 0, 0] if is_leaf else branches)], strict=True):
                    node[key].append(value)
                if is_leaf:
                    for key, value in zip(leaf, [tree, number, target, float(row["value"])], strict=True):
                        leaf[key].append(value)
            tree += 1
    attributes = {f"nodes_{key}": value for key, value in node.items()}
    attributes |= {f"target_{key}": value for key, value in leaf.items()}
    bases = [float(np.ravel(model._baseline_prediction)[0]) for model in models]
    return attributes | {"n_targets": len(models), "base_values": bases, "aggregate_function": "SUM"}


def round_down(value: float) -> float:
    """Return the largest float32 that is not above the value."""
    near = np.float32(value)
    return float(near if float(near) <= value else np.nextafter(near, np.float32(-np.inf)))


def to_onnx(trained: Trained) -> onnx.ModelProto:
    """Return the model as one graph: named columns in, a probability and minutes out."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, columns = [], []
    for name in TEXT:
        shares = trained.shares[name]
        table: dict[str, Any] = {
            "keys_strings": list(shares),
            "values_floats": list(shares.values()),
            "default_float": trained.overall,
        }
        nodes.append(helper.make_node("LabelEncoder", [name], [f"{name}.share"], domain="ai.onnx.ml", **table))
        columns.append(f"{name}.share")
    columns += NUMBERS + WEATHER
    for name in columns:
        nodes.append(helper.make_node("Unsqueeze", [name, "axis1"], [f"{name}.column"]))
    nodes.append(helper.make_node("Concat", [f"{name}.column" for name in columns], ["features"], axis=1))
    trees = tree_attributes([trained.late, trained.delay])
    nodes.append(helper.make_node("TreeEnsembleRegressor", ["features"], ["sums"], domain="ai.onnx.ml", **trees))
    nodes.append(helper.make_node("Split", ["sums"], ["late.column", "delay.column"], axis=1))
    nodes.append(helper.make_node("Squeeze", ["late.column", "axis1"], ["late.sum"]))
    nodes.append(helper.make_node("Sigmoid", ["late.sum"], ["late_probability"]))
    nodes.append(helper.make_node("Squeeze", ["delay.column", "axis1"], ["delay_minutes"]))

    inputs = [helper.make_tensor_value_info(name, TensorProto.STRING, ["N"]) for name in TEXT]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in NUMBERS + WEATHER]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("late_probability", "delay_minutes")
    ]
    axis = numpy_helper.from_array(np.array([1], np.int64), "axis1")
    graph = helper.make_graph(nodes, "flight_delay", inputs, outputs, [axis])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="firesteel.demo.train")
    checker.check_model(model)
    return model


def validate() -> dict[str, float]:
    """Train on January to April, and return how good that model is on May and June."""
    from firesteel.demo.quality import area_under_curve

    held_out = training_table(range(5, 7))
    probability, minutes = Trained(training_table(range(1, 5))).predict(held_out)
    late = (held_out["arr_delay"] >= LATE_MINUTES).to_numpy()
    error = float(np.abs(held_out["arr_delay"] - minutes).mean())
    return {"auc": round(area_under_curve(late, probability), 4), "mean_absolute_error": round(error, 3)}


def check(model: onnx.ModelProto, trained: Trained, table: pd.DataFrame) -> None:
    """Check on real rows that ONNX Runtime and scikit-learn give the same."""
    import onnxruntime

    feed = {name: table[name].to_numpy(object) for name in TEXT}
    feed |= {name: table[name].to_numpy(np.float32) for name in NUMBERS + WEATHER}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for ours, theirs in zip(session.run(None, feed), trained.predict(table), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def main() -> None:
    """Train the model, check it, and write it with the facts about it."""
    validation = validate()
    table = training_table()
    trained = Trained(table)
    model = to_onnx(trained)
    check(model, trained, table)
    late = table["arr_delay"] >= LATE_MINUTES
    facts = {
        "trained_on": "2013-01-01 to 2013-06-30",
        "rows": len(table),
        "median_delay_minutes": float(table["arr_delay"].median()),
        "late_share": round(trained.overall, 4),
        "late_share_by_hour": {str(hour): round(float(s), 4) for hour, s in late.groupby(table["hour"]).mean().items()},
        "trained_to_april_tested_on_may_and_june": validation,
    }
    MODEL.write_bytes(model.SerializeToString(deterministic=True))
    FACTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"{MODEL}: {MODEL.stat().st_size:,} bytes\n{FACTS.read_text(encoding='utf-8')}")


if __name__ == "__main__":
    main()
