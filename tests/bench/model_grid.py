"""`Model.predict` on Arrow data against raw ONNX Runtime from Python, side by side.

The raw side is measured over a grid: 1 or 2 threads inside a session, one or two Python threads,
batches of 256 to all rows. Two Python threads have a session each, which is the best that Python
can do. The raw side gets existing NumPy arrays, so nothing is converted. Ours gets a record batch
and returns one. Each measurement passes over all rows for a second at least. Measurements of a
quarter of a second differ by 3 %, and then the best of twenty is a matter of luck. Measurements are
interleaved and repeated, each time in another order. Medians are compared. ONNX Runtime's threads
spin for a while after a run. So each measurement waits until the threads of the one before sleep::

    python tests/bench/model_grid.py            # print the grid
    python tests/bench/model_grid.py --json out.json
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pyarrow as pa
from figures import Figure, arguments, at_least, report, significant
from firesteel.ml import Model

MODELS = Path(__file__).parents[1] / "fixtures" / "models"
BATCHES = [256, 1024, 4096, 16384, None]
SETTLE = 0.1
"""Seconds after which the threads of a session no longer spin."""
LASTS = 1.0
"""Seconds that a measurement lasts."""
ROUND, WARMUP = 300, 50
CASES = {"mlp": ((32,), 200_000, 1.0), "trees": ((30,), 60_000, 1.0), "transformer": ((16, 64), 6_000, 0.97)}


def session(name: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(MODELS / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])


def raw(sessions: list[ort.InferenceSession], key: str, data: np.ndarray, batch: int) -> float:
    """Seconds for all rows. Each of several sessions has a Python thread."""
    starts = range(0, len(data), batch)

    def work(at: int) -> None:
        for start in starts[at :: len(sessions)]:
            sessions[at].run(None, {key: data[start : start + batch]})

    began = time.perf_counter()
    if len(sessions) == 1:
        work(0)
    else:
        with ThreadPoolExecutor(len(sessions)) as pool:
            list(pool.map(work, range(len(sessions))))
    return time.perf_counter() - began


def column(data: np.ndarray) -> pa.Array:
    values = pa.array(data.reshape(-1))
    for size in reversed(data.shape[1:]):
        values = pa.FixedSizeListArray.from_arrays(values, size)
    return values


def ours(model: Model, rows: pa.RecordBatch, batch: int) -> float:
    began = time.perf_counter()
    for start in range(0, rows.num_rows, batch):
        model.predict(rows.slice(start, batch))
    return time.perf_counter() - began


def measured(passes: Callable[[], float]) -> float:
    """Mean seconds of a pass over all rows."""
    times = [passes()]
    while sum(times) < LASTS:
        times.append(passes())
    return statistics.mean(times)


def grid(name: str, repeats: int, scale: float) -> dict:
    shape, count, wanted = CASES[name]
    count = int(count * scale)
    data = np.random.default_rng(0).standard_normal((count, *shape), dtype=np.float32)
    model = Model.load(MODELS / f"{name}.onnx")
    key = model.inputs[0].name
    rows = pa.record_batch([column(data)], names=[key])
    sides = {}
    for threads in (1, 2):
        for callers in (1, 2):
            sides[f"raw intra_op={threads} threads={callers}"] = [session(name, threads) for _ in range(callers)]
    model.predict(rows)
    times: dict[tuple[str, int | None], list[float]] = {}
    cells = [(side, batch) for batch in BATCHES for side in (*sides, "ours")]
    for repeat in range(repeats):
        shift = repeat * len(cells) // repeats
        for side, batch in cells[shift:] + cells[:shift]:
            time.sleep(SETTLE)
            if side == "ours":
                took = measured(lambda batch=batch: ours(model, rows, batch or count))
            else:
                each = -(-count // len(sides[side]))
                took = measured(lambda side=side, size=batch or each: raw(sides[side], key, data, size))
            times.setdefault((side, batch), []).append(took)
    rates = {key: count / statistics.median(values) for key, values in times.items()}
    print(f"\n{name}: million rows/s, {count:,} rows, median of {repeats}; chunk_rows={model.chunk_rows}")
    print(f"{'':28}" + "".join(f"{batch or 'all':>10}" for batch in BATCHES))
    for side in [*sides, "ours"]:
        print(f"{side:28}" + "".join(f"{rates[side, batch] / 1e6:10.3f}" for batch in BATCHES))
    best_raw = max((rate, key) for key, rate in rates.items() if key[0] != "ours")
    best_ours = max((rate, key) for key, rate in rates.items() if key[0] == "ours")
    ratio = best_ours[0] / best_raw[0]
    for side, (rate, (_, batch)) in (("raw", best_raw), ("ours", best_ours)):
        print(f"best {side}: {rate / 1e6:.3f} at batch={batch or 'all'}")
    print(f"{ratio:.3f} x, wanted {wanted}")
    return {
        "rows": count,
        "ratio": ratio,
        "wanted": wanted,
        "rates": {f"{side} batch={batch or 'all'}": rate for (side, batch), rate in rates.items()},
    }


def one_row(name: str, rounds: int = 3000) -> dict:
    """One row as a record batch, beside `session.run` on the same row as a NumPy array."""
    shape, _, _ = CASES[name]
    data = np.random.default_rng(0).standard_normal((1, *shape), dtype=np.float32)
    model = Model.load(MODELS / f"{name}.onnx")
    key = model.inputs[0].name
    row = pa.record_batch([column(data)], names=[key])
    sessions = {f"raw intra_op={threads}": session(name, threads) for threads in (1, 2)}
    sides = {side: (lambda s=s: s.run(None, {key: data})) for side, s in sessions.items()}
    sides["ours"] = lambda: model.predict(row)
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds // ROUND):
        for side, call in sides.items():
            time.sleep(SETTLE)
            for at in range(ROUND + WARMUP):
                began = time.perf_counter()
                call()
                if at >= WARMUP:
                    times[side].append(time.perf_counter() - began)
    micros = {side: statistics.median(values) * 1e6 for side, values in times.items()}
    best = min(value for side, value in micros.items() if side != "ours")
    print(f"{name}, one row: " + ", ".join(f"{side} {value:.1f} us" for side, value in micros.items()), end="")
    print(f": {micros['ours'] / best:.2f} x, {micros['ours'] - best:+.1f} us (wanted 1.5 x or +15 us)")
    return {"micros": micros, "ratio": micros["ours"] / best, "more": micros["ours"] - best}


def figures(name: str, case: dict, row: dict) -> list[Figure]:
    """The figures of a model: its best rate over the best raw one, and the time of one row."""
    good = row["ratio"] <= 1.5 or row["more"] <= 15
    target = f"≤ 1.5 x or {min(row['micros'][side] for side in row['micros'] if side != 'ours') + 15:.1f} us"
    return [
        at_least(case["wanted"], f"{name}, best of ours over best raw ONNX Runtime", case["ratio"], "x"),
        Figure(f"{name}, one row", significant(row["micros"]["ours"]), "us", target, good),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of rows")
    parser.add_argument("models", nargs="*", default=list(CASES))
    given = parser.parse_args()
    grids = {name: grid(name, given.repeats, given.scale) for name in given.models}
    rows = {name: one_row(name) for name in given.models}
    listed = [each for name in given.models for each in figures(name, grids[name], rows[name])]
    report(listed, given.json, onnxruntime=ort.__version__, grid=grids, one_row=rows)
    return 0 if all(each.met for each in listed) else 1


if __name__ == "__main__":
    sys.exit(main())
