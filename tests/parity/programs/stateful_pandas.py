"""applyInPandasWithState: calls, state, timeouts, outputs, and what it refuses."""

import datetime as dt

from pyspark.sql import functions as F
from stateful import attempt, modes, restart, run, started

ZERO = "0 seconds"
OUT = "k string, what string, n long"
EVENT, CLOCK, NONE = "EventTimeTimeout", "ProcessingTimeTimeout", "NoTimeout"


def _told(handle):
    """A function that yields the rows (what, n) of ``handle`` in one frame."""

    def function(key, frames, state):
        import pandas as pd

        rows = handle(key, frames, state)
        yield pd.DataFrame({"k": [str(key[0])] * len(rows), "what": [str(what) for what, _ in rows], "n": [n for _, n in rows]})

    return function


def _apply(function, mode="append", timeout=NONE, schema="n long", out=OUT, delay=ZERO, keys=("k",)):
    def build(df):
        df = df.withWatermark("ts", delay) if delay else df
        return df.groupBy(*keys).applyInPandasWithState(function, out, schema, mode, timeout)

    return build


def _ask(handle, *steps, mode="append", timeout=NONE, schema="n long", delay=ZERO, keys=("k",), **options):
    return lambda spark, tmp: run(spark, tmp, _apply(_told(handle), mode, timeout, schema, delay=delay, keys=keys), *steps, mode=mode, **options)


def _count(key, frames, state):
    rows = sum(len(frame) for frame in frames)
    total = (state.get[0] if state.exists else 0) + rows
    state.update((total,))
    return [("rows", rows), ("total", total)]


# --- calls -----------------------------------------------------------------------------------------------------------

def counts_without_a_timeout(spark, tmp):
    return {mode: _ask(_count, "a1 b2 a3", "a1 c9", restart(), "b20 a2", mode=mode)(spark, tmp) for mode in ("append", "update")}


def counts_without_a_watermark(spark, tmp):
    return _ask(_count, "a1 b2 a3", "a1 c9", delay=None, mode="update")(spark, tmp)


def calls_come_in_order_of_the_key(spark, tmp):
    return _ask(_count, "d1 b2 a3 c4 b5", "z1 c1 aa1 B1", ordered=True)(spark, tmp)


def a_null_key(spark, tmp):
    return _ask(lambda key, frames, state: [(type(key[0]).__name__, sum(len(f) for f in frames))], "a1 2 3 b4", "5", ordered=True)(spark, tmp)


def what_a_call_is_given(spark, tmp):
    def handle(key, frames, state):
        frames = list(frames)
        told = [(type(key).__name__, len(key)), (",".join(frames[0].columns), len(frames)), (",".join(map(str, frames[0].dtypes)), len(frames[0])), (",".join(map(str, frames[0].index)), 0)]
        told += [(str(list(frame["v"])), len(frame)) for frame in frames]
        return [*told, (f"{state.exists} {state.hasTimedOut} {state.oldTimeoutTimestamp} {type(state).__name__} {type(frames).__name__}", 0)]

    return _ask(handle, "a1:5 b2:6 a3:7", ordered=True)(spark, tmp)


def chunks_of_rows(spark, tmp):
    return _ask(lambda key, frames, state: [(str([list(map(int, f["v"])) for f in frames]), 0)], "a1:1 a2:2 b1:9 a3:3 a4:4 a5:5", conf={"spark.sql.execution.arrow.maxRecordsPerBatch": 2})(spark, tmp)


def keys_of_several_columns(spark, tmp):
    return _ask(lambda key, frames, state: [(str(tuple(map(str, key))), sum(len(f) for f in frames))], "a1:1 a2:2 b1:1 a3:1 1:~", keys=("k", "v"))(spark, tmp)


def keys_that_are_expressions(spark, tmp):
    return _ask(lambda key, frames, state: [(f"{type(key[0]).__name__} {key[0]}", sum(len(f) for f in frames))], "a1:1 a2:2 b1:3", keys=(F.col("v") % 2 == 0,))(spark, tmp)


def a_window_as_the_key(spark, tmp):
    return _ask(lambda key, frames, state: [(type(key[0]).__name__, sum(len(f) for f in frames))], "a1:1 a2:2 b11:3", keys=(F.window("ts", "10 seconds"),))(spark, tmp)


def no_key(spark, tmp):
    return _ask(lambda key, frames, state: [(str(key), sum(len(f) for f in frames))], "a1", keys=())(spark, tmp)


def input_that_is_not_consumed(spark, tmp):
    return _ask(lambda key, frames, state: [("none", 1)], "a1 b2 a3 c4", "a5", conf={"spark.sql.execution.arrow.maxRecordsPerBatch": 1})(spark, tmp)


def over_partitions(spark, tmp):
    return _ask(_count, "a1 b2 c3 d4 e5 f6", "a1 g2", conf={"spark.sql.shuffle.partitions": 3})(spark, tmp)


# --- outputs ---------------------------------------------------------------------------------------------------------

OUTPUTS = {
    "several frames": lambda pd: [pd.DataFrame({"k": ["x"], "what": ["1"], "n": [1]}), pd.DataFrame({"k": ["y", "z"], "what": ["2", "3"], "n": [2, 3]})],
    "nothing": lambda pd: [],
    "an empty frame": lambda pd: [pd.DataFrame({"k": [], "what": [], "n": []})],
    "an empty frame without columns": lambda pd: [pd.DataFrame()],
    "columns in another order": lambda pd: [pd.DataFrame({"n": [1], "what": ["w"], "k": ["x"]})],
    "a missing column": lambda pd: [pd.DataFrame({"k": ["x"], "n": [1]})],
    "a column too many": lambda pd: [pd.DataFrame({"k": ["x"], "what": ["w"], "n": [1], "more": [True]})],
    "unnamed columns": lambda pd: [pd.DataFrame([["x", "w", 1]])],
    "names in other letters": lambda pd: [pd.DataFrame({"K": ["x"], "What": ["w"], "N": [1]})],
    "a float for a long": lambda pd: [pd.DataFrame({"k": ["x"], "what": ["w"], "n": [1.0]})],
    "a fraction for a long": lambda pd: [pd.DataFrame({"k": ["x"], "what": ["w"], "n": [1.5]})],
    "a text for a long": lambda pd: [pd.DataFrame({"k": ["x"], "what": ["w"], "n": ["1"]})],
    "a number for a text": lambda pd: [pd.DataFrame({"k": [7], "what": ["w"], "n": [1]})],
    "nulls": lambda pd: [pd.DataFrame({"k": [None, "x"], "what": ["w", None], "n": [None, 2]})],
    "no frame": lambda pd: [("x", "w", 1)],
    "a frame and no iterator": lambda pd: pd.DataFrame({"k": ["x"], "what": ["w"], "n": [1]}),
    "None": lambda pd: None,
}


def _output(make):
    def function(key, frames, state):
        import pandas as pd

        return make(pd)

    return lambda spark, tmp: run(spark, tmp, _apply(function), "a1 b2", "c3", ordered=True)


CASES = {f"an output: {name}": _output(make) for name, make in OUTPUTS.items()}

# --- state -----------------------------------------------------------------------------------------------------------


def _state(act, schema="n long"):
    """What happens to a state that is written once and read in the next batch."""

    def handle(key, frames, state):
        if state.exists:
            return [(repr(state.get), -1)]
        return [(repr(act(state)), 0)]

    return lambda spark, tmp: _ask(handle, "a1", "a2", schema=schema)(spark, tmp)


def _numpy():
    import numpy

    return numpy


STATES = {
    "a tuple": (lambda state: state.update((5,)), "n long"),
    "a list": (lambda state: state.update([5]), "n long"),
    "a number": (lambda state: state.update(5), "n long"),
    "None": (lambda state: state.update(None), "n long"),
    "a tuple of None": (lambda state: state.update((None,)), "n long"),
    "too many values": (lambda state: state.update((5, 6)), "n long"),
    "too few values": (lambda state: state.update((5,)), "n long, m long"),
    "no value": (lambda state: state.update(()), "n long"),
    "a text for a long": (lambda state: state.update(("5",)), "n long"),
    "a long for a text": (lambda state: state.update((7,)), "n string"),
    "a long for a double": (lambda state: state.update((7,)), "n double"),
    "a double for a long": (lambda state: state.update((7.0,)), "n long"),
    "a bool for a long": (lambda state: state.update((True,)), "n long"),
    "a numpy long": (lambda state: state.update((_numpy().int64(5),)), "n long"),
    "a numpy double": (lambda state: state.update((_numpy().float64(5.5),)), "n double"),
    "a long too large for an int": (lambda state: state.update((2**40,)), "n int"),
    "many types": (lambda state: state.update(("x", 1.5, True, dt.datetime(2024, 1, 2, 3, 4, 5), dt.date(2024, 1, 2), b"b")), "s string, d double, b boolean, t timestamp, e date, y binary"),
    "an array": (lambda state: state.update(([1, 2, 3],)), "a array<int>"),
    "a map": (lambda state: state.update(({"a": 1},)), "m map<string, int>"),
    "a struct": (lambda state: state.update(((1, "x"),)), "s struct<i: int, t: string>"),
    "get without a value": (lambda state: state.get, "n long"),
    "getOption without a value": (lambda state: state.getOption, "n long"),
    "removed": (lambda state: (state.update((5,)), state.remove(), state.exists), "n long"),
    "removed without a value": (lambda state: state.remove(), "n long"),
    "removed and written again": (lambda state: (state.update((5,)), state.remove(), state.update((6,)), state.get), "n long"),
    "written twice": (lambda state: (state.update((5,)), state.update((6,)), state.get), "n long"),
    "its text": (lambda state: (state.update((5,)), str(state)), "n long"),
    "a duration without a timeout": (lambda state: state.setTimeoutDuration(1000), "n long"),
    "a time without a timeout": (lambda state: state.setTimeoutTimestamp(1000), "n long"),
    "the watermark": (lambda state: state.getCurrentWatermarkMs(), "n long"),
    "the type of the clock": (lambda state: type(state.getCurrentProcessingTimeMs()).__name__, "n long"),
}
CASES.update({f"a state: {name}": _state(*asked) for name, asked in STATES.items()})


def the_watermark_without_one(spark, tmp):
    return _ask(lambda key, frames, state: [("watermark", state.getCurrentWatermarkMs())], "a1", delay=None)(spark, tmp)


def a_removed_state_is_gone(spark, tmp):
    def handle(key, frames, state):
        if state.exists:
            state.remove()
            return [("removed", int(state.exists))]
        return _count(key, frames, state)

    return _ask(handle, "a1 b2", "a3", "a4 b5", "b6")(spark, tmp)


# --- timeouts --------------------------------------------------------------------------------------------------------

def _trace(key, frames, state):
    if state.hasTimedOut:
        total = state.get[0]
        state.remove()
        return [("timeout", -total)]
    told = _count(key, frames, state)
    state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 5000)
    return told


def the_trace(spark, tmp):
    return {mode: _ask(_trace, "a1 b1", "c6", "d7 a5", "e30", timeout=EVENT, mode=mode)(spark, tmp) for mode in ("append", "update")}


def the_trace_with_restarts(spark, tmp):
    return _ask(_trace, "a1 b1", restart(), "c6", restart(), "d7 a5", restart(), "e30", timeout=EVENT)(spark, tmp)


def the_trace_without_no_data_batches(spark, tmp):
    return _ask(_trace, "a1 b1", "c6", "d7 a5", "e30", "f31", timeout=EVENT, conf={"spark.sql.streaming.noDataMicroBatches.enabled": False})(spark, tmp)


def what_a_timeout_is_given(spark, tmp):
    def handle(key, frames, state):
        if not state.hasTimedOut:
            state.update((1,))
            state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 5000)
            return [("data", 0)]
        frames = list(frames)
        state.remove()
        return [(f"{len(frames)} {[len(f) for f in frames]} {list(frames[0].columns) if frames else None} {state.exists} {state.oldTimeoutTimestamp}", state.getCurrentWatermarkMs())]

    return _ask(handle, "a1 b2", "c20", "d40", timeout=EVENT)(spark, tmp)


def a_timeout_at_the_watermark(spark, tmp):
    def handle(key, frames, state):
        if state.hasTimedOut:
            state.remove()
            return [("timeout", state.getCurrentWatermarkMs())]
        state.update((1,))
        state.setTimeoutTimestamp(max(10000, state.getCurrentWatermarkMs()))
        return [("data", state.getCurrentWatermarkMs())]

    return _ask(handle, "a1", "b10", "c10.001", "a10.5", timeout=EVENT)(spark, tmp)


def _timeout_only_of(key, frames, state, then):
    if state.hasTimedOut:
        return [("timeout", then(state))]
    if key[0] != "z":
        state.update((1,))
        state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 1000)
    return [("data", 0)]


def a_timeout_that_does_nothing_comes_again(spark, tmp):
    return _ask(lambda key, frames, state: _timeout_only_of(key, frames, state, lambda state: 0), "a1", "z10", "z20", "z30", timeout=EVENT)(spark, tmp)


def an_update_clears_the_timeout(spark, tmp):
    return _ask(lambda key, frames, state: _timeout_only_of(key, frames, state, lambda state: state.update((2,)) or 1), "a1", "z10", "z20", "z30", timeout=EVENT)(spark, tmp)


def a_timeout_that_is_set_in_a_timeout(spark, tmp):
    return _ask(lambda key, frames, state: _timeout_only_of(key, frames, state, lambda state: state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 15000) or 2), "a1", "z10", "z20", "z30", timeout=EVENT)(spark, tmp)


def a_removed_state_with_a_timeout(spark, tmp):
    def handle(key, frames, state):
        if state.hasTimedOut:
            return [("timeout", int(state.exists))]
        if key[0] != "z":
            state.update((1,))
            state.remove()
            state.setTimeoutTimestamp(state.getCurrentWatermarkMs() + 1000)
        return [("data", int(state.exists))]

    return _ask(handle, "a1", "z10", "a20", "z30", timeout=EVENT)(spark, tmp)


def data_without_an_update_keeps_the_timeout(spark, tmp):
    def handle(key, frames, state):
        if state.hasTimedOut:
            state.remove()
            return [("timeout", 0)]
        if not state.exists and key[0] != "z":
            state.update((1,))
            state.setTimeoutTimestamp(15000)
        return [("data", int(state.exists))]

    return _ask(handle, "a1", "a10", "a12", "z20", "z30", timeout=EVENT)(spark, tmp)


def data_and_timeout_in_one_batch(spark, tmp):
    def handle(key, frames, state):
        if state.hasTimedOut:
            state.remove()
            return [("timeout", state.getCurrentWatermarkMs())]
        if not state.exists and key[0] != "z":
            state.update((1,))
            state.setTimeoutTimestamp(max(15000, state.getCurrentWatermarkMs() + 1000))
        return [("data", state.getCurrentWatermarkMs())]

    return _ask(handle, "a1", "z20", "a21 b22", "z40", timeout=EVENT, conf={"spark.sql.streaming.noDataMicroBatches.enabled": False}, ordered=True)(spark, tmp)


def _times(set_timeout, timeout=EVENT):
    def handle(key, frames, state):
        if state.hasTimedOut:
            state.remove()
            return [("timeout", 0)]
        state.update((1,))
        return [(repr(set_timeout(state)), 1)]

    return lambda spark, tmp: _ask(handle, "a5", "a10", "z20", timeout=timeout)(spark, tmp)


TIMES = {
    "a datetime": lambda state: state.setTimeoutTimestamp(dt.datetime(1970, 1, 1, 0, 0, 15)),
    "zero": lambda state: state.setTimeoutTimestamp(0),
    "a negative number": lambda state: state.setTimeoutTimestamp(-5),
    "below the watermark": lambda state: state.setTimeoutTimestamp(state.getCurrentWatermarkMs() - 1 if state.getCurrentWatermarkMs() else 1),
    "at the watermark": lambda state: state.setTimeoutTimestamp(max(state.getCurrentWatermarkMs(), 1)),
    "a float": lambda state: state.setTimeoutTimestamp(15000.7),
    "a text": lambda state: state.setTimeoutTimestamp("15000"),
    "a duration": lambda state: state.setTimeoutDuration(1000),
    "set twice": lambda state: (state.setTimeoutTimestamp(6000), state.setTimeoutTimestamp(16000)),
}
CASES.update({f"a timeout: {name}": _times(act) for name, act in TIMES.items()})


def late_rows_with_each_timeout(spark, tmp):
    return {timeout: _ask(_count, "a10", "a5 b5 c20", "a1", timeout=timeout)(spark, tmp) for timeout in (NONE, EVENT)}


def late_rows_whose_filter_has_no_timeout_set(spark, tmp):
    return _ask(_count, "a10", "z30", "a5", timeout=EVENT, mode="update")(spark, tmp)


def a_timeout_by_the_clock(spark, tmp):
    def handle(key, frames, state):
        if state.hasTimedOut:
            state.remove()
            return [("timeout", 0)]
        told = _count(key, frames, state)
        state.setTimeoutDuration(1 if key[0] == "a" else 3_600_000)
        return told

    return _ask(handle, "a1 b2", "b3", "a4", "c5", timeout=CLOCK, trigger="once", delay=None)(spark, tmp)


def durations_of_the_clock(spark, tmp):
    durations = {"zero": 0, "negative": -1, "a text": "1 second", "a float": 1.5}

    def ask(duration):
        def handle(key, frames, state):
            state.update((1,))
            return [(repr(state.setTimeoutDuration(duration)), 0)]

        return attempt(lambda: _ask(handle, "a1", timeout=CLOCK, trigger="once", delay=None)(spark, tmp))

    return {name: ask(duration) for name, duration in durations.items()}


def a_time_by_the_clock(spark, tmp):
    def handle(key, frames, state):
        state.update((1,))
        state.setTimeoutTimestamp(10**15)
        return [("set", 0)]

    return _ask(handle, "a1", timeout=CLOCK, trigger="once", delay=None)(spark, tmp)


# --- restarts, chains, errors ----------------------------------------------------------------------------------------

def the_state_changes_at_a_restart(spark, tmp):
    others = {"another name": "m long", "another type": "n string", "one more": "n long, m long"}
    return {name: attempt(lambda schema=schema: run(spark, tmp, _apply(_told(_count)), "a1", restart(build=_apply(_told(_count), schema=schema)), "a2")) for name, schema in others.items()}


def the_timeout_changes_at_a_restart(spark, tmp):
    return attempt(lambda: run(spark, tmp, _apply(_told(_count)), "a1", restart(build=_apply(_told(_count), timeout=EVENT)), "a2"))


def the_mode_changes_at_a_restart(spark, tmp):
    return attempt(lambda: run(spark, tmp, _apply(_told(_count)), "a1", restart(build=_apply(_told(_count), mode="update"), mode="update"), "a2"))


def a_function_that_raises(spark, tmp):
    def handle(key, frames, state):
        raise ValueError("told you so")

    return _ask(handle, "a1")(spark, tmp)


def a_state_is_not_kept_when_the_batch_fails(spark, tmp):
    marker = str(tmp / "failed")

    def handle(key, frames, state):
        import os

        told = _count(key, frames, state)
        if state.get[0] == 2 and not os.path.exists(marker):
            open(marker, "w").close()
            raise ValueError("once")
        return told

    steps = ("a1", "a2")
    build = _apply(_told(handle))
    first = attempt(lambda: run(spark, tmp, build, *steps))
    return {"fails": [first["batches"], first["failed"]["error"]], "again": run(spark, tmp, build, *steps)["batches"]}


def modes_and_timeouts_that_are_refused(spark, tmp):
    function = _told(_count)
    return {
        "another mode": attempt(lambda: started(spark, tmp, _apply(function, "append"), "update")),
        "update in append": attempt(lambda: started(spark, tmp, _apply(function, "update"), "append")),
        "append in complete": attempt(lambda: started(spark, tmp, _apply(function, "append"), "complete")),
        "complete": attempt(lambda: started(spark, tmp, _apply(function, "complete"), "complete")),
        "mode in capitals": attempt(lambda: started(spark, tmp, _apply(function, "Append"), "append")),
        "a word": attempt(lambda: started(spark, tmp, _apply(function, "sideways"))),
        "a bad timeout": attempt(lambda: started(spark, tmp, _apply(function, timeout="Sometime"))),
        "a timeout in small letters": attempt(lambda: started(spark, tmp, _apply(function, timeout="eventtimetimeout"))),
        "event time without a watermark": attempt(lambda: started(spark, tmp, _apply(function, timeout=EVENT, delay=None))),
        "a bad schema": attempt(lambda: started(spark, tmp, _apply(function, schema="n nope"))),
        "a bad output": attempt(lambda: started(spark, tmp, _apply(function, out="k nope"))),
        "no function": attempt(lambda: started(spark, tmp, _apply(5))),
        "an empty state": attempt(lambda: started(spark, tmp, _apply(function, schema=""))),
        "an empty output": attempt(lambda: started(spark, tmp, _apply(function, out=""))),
        "a function of two arguments": attempt(lambda: run(spark, tmp, _apply(lambda key, frames: []), "a1")),
    }


def chains(spark, tmp):
    function, apply = _told(_count), _apply(_told(_count))
    again = lambda df, mode="append": df.groupBy("k").applyInPandasWithState(function, OUT, "n long", mode, NONE)
    builds = {
        "twice": lambda df: again(apply(df)),
        "an aggregate above": lambda df: apply(df).groupBy("k").count(),
        "an aggregate below": lambda df: again(df.withWatermark("ts", ZERO).groupBy("k", F.window("ts", "10 seconds")).count()),
        "duplicates above": lambda df: apply(df).dropDuplicates(["k"]),
        "duplicates below": lambda df: again(df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"])),
        "a limit above": lambda df: apply(df).limit(3),
        "event time, duplicates above": lambda df: _apply(function, timeout=EVENT)(df).dropDuplicates(["k"]),
        "a filter above": lambda df: apply(df).filter("n > 1"),
        "a watermark above": lambda df: apply(df).withColumn("t", F.timestamp_seconds("n")).withWatermark("t", ZERO).groupBy("t").count(),
    }
    found = {name: attempt(lambda build=build: run(spark, tmp, build, "a1 a2", "a3 b4", "c60")) for name, build in builds.items()}
    for mode in ("update", "complete"):
        build = lambda df: df.groupBy("k").applyInPandasWithState(function, OUT, "n long", "update", NONE).groupBy("k").count()
        found[f"in update, an aggregate above, {mode}"] = attempt(lambda mode=mode: started(spark, tmp, build, mode))
        found[f"an aggregate below, {mode}"] = attempt(lambda mode=mode: started(spark, tmp, lambda df: again(df.groupBy("k").count(), "update"), mode))
    return found


def on_a_frame(spark):
    frame = spark.createDataFrame([("a", 1), ("a", 2), ("b", 3)], "k string, v int")
    return attempt(lambda: sorted(map(str, frame.groupBy("k").applyInPandasWithState(_told(_count), OUT, "n long", "append", NONE).collect())))
