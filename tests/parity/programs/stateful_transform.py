"""transformWithState and transformWithStateInPandas: variables, timers, TTL, initial state, chains and errors."""

from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql.streaming import StatefulProcessor
from stateful import attempt, restart, run, started

ZERO = "0 seconds"
OUT = "k string, what string, n long"
# Spark keeps these states in RocksDB only.
STORE = {"spark.sql.streaming.stateStore.providerClass": "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"}


class _Told(StatefulProcessor):
    """Yields the pairs (what, n) that its functions return for a key."""

    pandas = False

    def __init__(self, init, handle, expired=None, initial=None, pandas=False):
        self.begin, self.handle, self.expired, self.initial, self.pandas = init, handle, expired, initial, pandas

    def init(self, handle):
        self.handles = handle
        self.begin(self, handle)

    def handleInputRows(self, key, rows, timerValues):
        if self.pandas:
            rows = [(None if str(t) in ("NaT", "None", "nan") else t, int(v)) for frame in rows for t, v in zip(frame["ts"], frame["v"])]
        else:
            rows = [(row.ts, row.v) for row in rows]
        return self._give(key, self.handle(self, key, rows, timerValues))

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        told = self.expired(self, key, timerValues, expiredTimerInfo) if self.expired else []
        return self._give(key, told)

    def handleInitialState(self, key, initialState, timerValues):
        if self.initial:
            self.initial(self, key, initialState, timerValues)

    def close(self):
        pass

    def _give(self, key, told):
        if self.pandas:
            import pandas as pd

            return iter([pd.DataFrame({"k": [str(key[0])] * len(told), "what": [str(what) for what, _ in told], "n": [n for _, n in told]})])
        return iter([Row(k=str(key[0]), what=str(what), n=n) for what, n in told])


def _build(processor, time="None", mode="append", delay=ZERO, out=OUT, keys=("k",), initial=None, column=""):
    def build(df):
        df = df.withWatermark("ts", delay) if delay else df
        grouped = df.groupBy(*keys)
        call = grouped.transformWithStateInPandas if getattr(processor, "pandas", False) else grouped.transformWithState
        return call(processor, out, mode, time, initial, column)

    return build


def _ask(init, handle, *steps, time="None", expired=None, delay=ZERO, keys=("k",), pandas=False, conf=None, **options):
    def ask(spark, tmp):
        return run(spark, tmp, _build(_Told(init, handle, expired, pandas=pandas), time, delay=delay, keys=keys), *steps, conf={**STORE, **(conf or {})}, **options)

    return ask


def _value(self, handle):
    self.count = handle.getValueState("count", "n long")


def _count(self, key, rows, timers):
    total = (self.count.get()[0] if self.count.exists() else 0) + len(rows)
    self.count.update((total,))
    return [("total", total)]


CASES = {}

# --- the whole of it, in both forms ----------------------------------------------------------------------------------


def _init_of_trace(self, handle):
    self.count = handle.getValueState("count", "n long")
    self.items = handle.getListState("items", "t string")
    self.seen = handle.getMapState("seen", "v int", "n long")


def _handle_of_trace(self, key, rows, timers):
    total = (self.count.get()[0] if self.count.exists() else 0) + len(rows)
    self.count.update((total,))
    for _, v in rows:
        self.items.appendValue((f"i{v}",))
        self.seen.updateValue((v,), ((self.seen.getValue((v,)) or (0,))[0] + 1,))
    for more in (4000, 5000):
        self.handles.registerTimer(timers.getCurrentWatermarkInMs() + more)
    return [("total", total), (",".join(item[0] for item in self.items.get()), -1), (sorted((k[0], v[0]) for k, v in self.seen.iterator()), -2)]


def _expired_of_trace(self, key, timers, info):
    if key[0] == "b":
        self.count.clear()
        self.items.clear()
        self.seen.clear()
    return [(f"timer {self.count.exists()}", info.getExpiryTimeInMs())]


TRACE = ("b1:1 a1:2 a2:3", "c5:4", "a6:2 b3:1", "e20:9")
for _form in (False, True):
    _word = "in pandas" if _form else "in rows"
    CASES[f"the trace, {_word}"] = _ask(_init_of_trace, _handle_of_trace, *TRACE, time="EventTime", expired=_expired_of_trace, pandas=_form)
    CASES[f"the trace with restarts, {_word}"] = _ask(_init_of_trace, _handle_of_trace, TRACE[0], restart(), TRACE[1], restart(), TRACE[2], restart(), TRACE[3], time="EventTime", expired=_expired_of_trace, pandas=_form)
    CASES[f"counts without timers, {_word}"] = _ask(_value, _count, "a1 b2 a3", "a1 c9", restart(), "b20 a2", pandas=_form)
    CASES[f"counts in update, {_word}"] = _ask(_value, _count, "a1 b2 a3", "a1 c9", mode="update", pandas=_form)
    CASES[f"counts without a watermark, {_word}"] = _ask(_value, _count, "a1 b2 a3", "a1 c9", delay=None, pandas=_form)
    CASES[f"the order of keys, {_word}"] = _ask(_value, _count, "d1 b2 a3 c4 b5", "z1 c1 aa1 B1", ordered=True, pandas=_form)
    CASES[f"null keys, {_word}"] = _ask(_value, lambda self, key, rows, timers: [(key[0] is None or str(key[0]) == "nan", len(rows))], "a1 2 3", "4", pandas=_form)
    CASES[f"what a call is given, {_word}"] = _ask(_value, lambda self, key, rows, timers: [(f"{type(key).__name__} {len(key)} {type(timers).__name__}", len(rows)), (sorted(v for _, v in rows), 0)], "a1:5 b2:6 a3:7", pandas=_form)
    CASES[f"attributes live for a batch, {_word}"] = _ask(_value, lambda self, key, rows, timers: [("calls", setattr(self, "calls", getattr(self, "calls", 0) + 1) or self.calls)], "a1 b2 c3", "a1 b2", pandas=_form)

# --- variables -------------------------------------------------------------------------------------------------------


def _value_of(act, schema="n long"):
    """What happens to a value that is written once and read in the next batch."""

    def init(self, handle):
        self.x = handle.getValueState("x", schema)

    def handle(self, key, rows, timers):
        if self.x.exists():
            return [(repr(self.x.get()), -1)]
        return [(repr(act(self.x)), 0)]

    return _ask(init, handle, "a1", "a2")


def _numpy():
    import numpy

    return numpy


VALUES = {
    "a tuple": (lambda x: x.update((5,)), "n long"),
    "a list": (lambda x: x.update([5]), "n long"),
    "a row": (lambda x: x.update(Row(n=5)), "n long"),
    "a number": (lambda x: x.update(5), "n long"),
    "None": (lambda x: x.update(None), "n long"),
    "a tuple of None": (lambda x: x.update((None,)), "n long"),
    "too many values": (lambda x: x.update((5, 6)), "n long"),
    "too few values": (lambda x: x.update((5,)), "n long, m long"),
    "a text for a long": (lambda x: x.update(("5",)), "n long"),
    "a long for a text": (lambda x: x.update((7,)), "n string"),
    "a long for a double": (lambda x: x.update((7,)), "n double"),
    "a double for a long": (lambda x: x.update((3.7,)), "n long"),
    "a bool for a long": (lambda x: x.update((True,)), "n long"),
    "numpy numbers": (lambda x: x.update((_numpy().int64(5), _numpy().float64(5.5))), "n long, d double"),
    "many types": (lambda x: x.update(("x", 1.5, True, b"b", [1, 2], {"a": 1}, (1, "y"))), "s string, d double, b boolean, y binary, a array<int>, m map<string, int>, t struct<i: int, u: string>"),
    "get without a value": (lambda x: x.get(), "n long"),
    "exists without a value": (lambda x: x.exists(), "n long"),
    "cleared": (lambda x: (x.update((5,)), x.clear(), x.exists(), x.get()), "n long"),
    "cleared without a value": (lambda x: x.clear(), "n long"),
    "written twice": (lambda x: (x.update((5,)), x.update((6,)), x.get()), "n long"),
    "written, cleared, written": (lambda x: (x.update((5,)), x.clear(), x.update((6,)), x.get()), "n long"),
}
CASES.update({f"a value: {name}": _value_of(*asked) for name, asked in VALUES.items()})


def _list_of(act):
    def init(self, handle):
        self.x = handle.getListState("x", "n long")

    def handle(self, key, rows, timers):
        if self.x.exists():
            return [(repr(list(self.x.get())), -1)]
        return [(repr(act(self.x)), 0)]

    return _ask(init, handle, "a1", "a2")


LISTS = {
    "put": lambda x: x.put([(1,), (2,)]),
    "put twice": lambda x: (x.put([(1,), (2,)]), x.put([(3,)]), list(x.get())),
    "appended": lambda x: (x.appendValue((1,)), x.appendValue((2,)), list(x.get())),
    "appended to what is put": lambda x: (x.put([(1,)]), x.appendList([(2,), (3,)]), x.appendValue((4,)), list(x.get())),
    "an empty list put": lambda x: x.put([]),
    "an empty list appended": lambda x: x.appendList([]),
    "None appended": lambda x: x.appendValue(None),
    "a number appended": lambda x: x.appendValue(5),
    "a tuple of None": lambda x: x.appendValue((None,)),
    "no value": lambda x: (x.exists(), list(x.get())),
    "cleared": lambda x: (x.put([(1,)]), x.clear(), x.exists(), list(x.get())),
    "two readers": lambda x: (x.put([(1,), (2,)]), list(zip(x.get(), x.get()))),
    "many": lambda x: (x.put([(i,) for i in range(250)]), sum(i[0] for i in x.get())),
}
CASES.update({f"a list: {name}": _list_of(act) for name, act in LISTS.items()})


def _map_of(act):
    def init(self, handle):
        self.x = handle.getMapState("x", "name string", "n long")

    def handle(self, key, rows, timers):
        if self.x.exists():
            return [(repr(sorted(self.x.iterator())), -1)]
        return [(repr(act(self.x)), 0)]

    return _ask(init, handle, "a1", "a2")


MAPS = {
    "written": lambda x: (x.updateValue(("p",), (1,)), x.updateValue(("q",), (2,)), x.getValue(("p",))),
    "written twice": lambda x: (x.updateValue(("p",), (1,)), x.updateValue(("p",), (2,)), x.getValue(("p",))),
    "a key that is not there": lambda x: (x.getValue(("p",)), x.containsKey(("p",)), x.exists()),
    "a key that is there": lambda x: (x.updateValue(("p",), (1,)), x.containsKey(("p",)), x.exists()),
    "a key removed": lambda x: (x.updateValue(("p",), (1,)), x.updateValue(("q",), (1,)), x.removeKey(("p",)), x.removeKey(("nope",)), x.containsKey(("p",))),
    "the last key removed": lambda x: (x.updateValue(("p",), (1,)), x.removeKey(("p",)), x.exists()),
    "keys and values": lambda x: (x.updateValue(("q",), (2,)), x.updateValue(("p",), (1,)), sorted(x.keys()), sorted(x.values()), sorted(x.iterator())),
    "cleared": lambda x: (x.updateValue(("p",), (1,)), x.clear(), x.exists(), list(x.keys())),
    "a null value": lambda x: (x.updateValue(("p",), (None,)), x.getValue(("p",))),
    "a null key": lambda x: (x.updateValue((None,), (1,)), x.getValue((None,))),
    "None for a key": lambda x: x.updateValue(None, (1,)),
    "None for a value": lambda x: x.updateValue(("p",), None),
    "nothing": lambda x: (x.exists(), list(x.keys()), list(x.values()), list(x.iterator())),
}
CASES.update({f"a map: {name}": _map_of(act) for name, act in MAPS.items()})


def _variables_of(declare):
    """Whether a processor may declare its variables so."""
    return _ask(lambda self, handle: declare(handle), lambda self, key, rows, timers: [("data", len(rows))], "a1")


DECLARED = {
    "two of one name": lambda h: (h.getValueState("x", "n long"), h.getListState("x", "n long")),
    "a name with a dollar": lambda h: h.getValueState("$x", "n long"),
    "an underscore": lambda h: h.getValueState("_x", "n long"),
    "an empty name": lambda h: h.getValueState("", "n long"),
    "a name with spaces": lambda h: h.getValueState(" x ", "n long"),
    "a name with a space inside": lambda h: h.getValueState("x y", "n long"),
    "the name default": lambda h: h.getValueState("default", "n long"),
    "a bad schema": lambda h: h.getValueState("x", "n nope"),
    "none at all": lambda h: None,
    "a TTL in None": lambda h: h.getValueState("x", "n long", 1000),
    "a timer in init": lambda h: h.registerTimer(1000),
    "one deleted that is not there": lambda h: h.deleteIfExists("x"),
    "one deleted that is there": lambda h: (h.getValueState("x", "n long"), h.deleteIfExists("x")),
}
CASES.update({f"variables: {name}": _variables_of(declare) for name, declare in DECLARED.items()})


def a_variable_declared_late(spark, tmp):
    return _ask(lambda self, handle: None, lambda self, key, rows, timers: [(repr(self.handles.getValueState("x", "n long")), 0)], "a1")(spark, tmp)


# --- timers ----------------------------------------------------------------------------------------------------------


def _timers(act, *steps, time="EventTime", expired=None, **options):
    """Timers of key a are set by ``act``; the other keys move the watermark."""

    def handle(self, key, rows, timers):
        if key[0] != "a":
            return []
        return [(repr(act(self.handles, timers)), timers.getCurrentWatermarkInMs())]

    def fired(self, key, timers, info):
        told = expired(self.handles, timers, info) if expired else None
        return [(f"timer {told} {type(key).__name__}", info.getExpiryTimeInMs())]

    return _ask(_value, handle, *(steps or ("a1", "z10", "z20", "z30")), time=time, expired=fired, ordered=True, **options)


TIMERS = {
    "one": _timers(lambda h, t: h.registerTimer(5000)),
    "at the watermark": _timers(lambda h, t: h.registerTimer(10000)),
    "one ms above the watermark": _timers(lambda h, t: h.registerTimer(10001)),
    "several, out of order": _timers(lambda h, t: [h.registerTimer(n) for n in (9000, 4000, 5000, 15000, 10000)]),
    "the same twice": _timers(lambda h, t: [h.registerTimer(n) for n in (5000, 5000)]),
    "in the past": _timers(lambda h, t: h.registerTimer(5000), "z10", "a11", "z30"),
    "zero and below": _timers(lambda h, t: [h.registerTimer(n) for n in (0, -1, -5000)]),
    "deleted": _timers(lambda h, t: (h.registerTimer(5000), h.registerTimer(6000), h.deleteTimer(5000))),
    "deleted without being there": _timers(lambda h, t: h.deleteTimer(5000)),
    "listed": _timers(lambda h, t: ([h.registerTimer(n) for n in (9000, 5000)], sorted(h.listTimers()))),
    "none listed": _timers(lambda h, t: list(h.listTimers())),
    "set in a timer": _timers(lambda h, t: h.registerTimer(5000), expired=lambda h, t, i: h.registerTimer(i.getExpiryTimeInMs() + 1000) if i.getExpiryTimeInMs() < 8000 else None),
    "listed in a timer": _timers(lambda h, t: [h.registerTimer(n) for n in (5000, 25000)], expired=lambda h, t, i: sorted(h.listTimers())),
    "deleted in a timer": _timers(lambda h, t: [h.registerTimer(n) for n in (5000, 25000)], expired=lambda h, t, i: h.deleteTimer(25000)),
    "the watermark in a timer": _timers(lambda h, t: h.registerTimer(5000), expired=lambda h, t, i: t.getCurrentWatermarkInMs()),
    "in None": _timers(lambda h, t: h.registerTimer(5000), time="None"),
    "listed in None": _timers(lambda h, t: list(h.listTimers()), time="None"),
    "a float": _timers(lambda h, t: h.registerTimer(5000.5)),
    "a text": _timers(lambda h, t: h.registerTimer("5000")),
    "after a restart": _timers(lambda h, t: h.registerTimer(15000), "a1", restart(), "z10", restart(), "z20", "z30"),
    "without no-data batches": _timers(lambda h, t: h.registerTimer(5000), conf={"spark.sql.streaming.noDataMicroBatches.enabled": False}),
    "by the clock": _timers(lambda h, t: [h.registerTimer(1000), h.registerTimer(10**14)], "a1", "z10", "a20", time="ProcessingTime", trigger="once"),
    "what the clock says": _timers(lambda h, t: (t.getCurrentProcessingTimeInMs() > 10**12,), "a1", "a2", time="ProcessingTime", trigger="once"),
    "what the clock says in event time": _timers(lambda h, t: (t.getCurrentProcessingTimeInMs() > 10**12,), "a1", "a2"),
    "what the clock says in None": _timers(lambda h, t: (t.getCurrentProcessingTimeInMs(), t.getCurrentWatermarkInMs()), "a1", "a2", time="None"),
}
CASES.update({f"timers: {name}": ask for name, ask in TIMERS.items()})


def the_order_of_timers_over_keys(spark, tmp):
    def handle(self, key, rows, timers):
        for _, v in rows:
            self.handles.registerTimer(v * 1000)
        return []

    return _ask(_value, handle, "b1:5 a1:7 c1:5 a1:3 b1:3", "z10:99", "z11:99", time="EventTime", expired=lambda self, key, timers, info: [("timer", info.getExpiryTimeInMs())], ordered=True)(spark, tmp)


def late_rows_in_each_time_mode(spark, tmp):
    return {time: attempt(lambda time=time: _ask(_value, _count, "a10", "a5 b5 c20", "a1", time=time)(spark, tmp)) for time in ("None", "EventTime")}


def late_rows_by_the_clock(spark, tmp):
    return _ask(_value, _count, "a10", "a5 b5 c20", "a1", time="ProcessingTime", trigger="once")(spark, tmp)


def event_time_without_a_watermark(spark, tmp):
    return _ask(_value, lambda self, key, rows, timers: [("watermark", timers.getCurrentWatermarkInMs())], "a1", "a2", time="EventTime", delay=None)(spark, tmp)


# --- time to live ----------------------------------------------------------------------------------------------------


def _lives(ttl, time="ProcessingTime"):
    def init(self, handle):
        self.x = handle.getValueState("x", "n long", ttl)
        self.l = handle.getListState("l", "n long", ttl)
        self.m = handle.getMapState("m", "s string", "n long", ttl)

    def handle(self, key, rows, timers):
        told = [(f"{self.x.exists()} {[i[0] for i in self.l.get()]} {sorted(k[0] for k in self.m.keys())}", len(rows))]
        self.x.update((1,))
        for _, v in rows:
            self.l.appendValue((v,))
            self.m.updateValue((f"v{v}",), (v,))
        return told

    return _ask(init, handle, "a1:1 b1:2", "a1:3", "a1:4 b1:5", time=time, trigger="once", delay=None)


CASES["a TTL of a millisecond"] = _lives(1)
CASES["a TTL of a day"] = _lives(86_400_000)
CASES["a TTL of zero"] = _lives(0)
CASES["a TTL that is negative"] = _lives(-5)
CASES["a TTL in event time"] = _lives(1000, "EventTime")
CASES["a TTL without a time mode"] = _lives(1000, "None")


# --- initial state ---------------------------------------------------------------------------------------------------


def _with_initial(rows, schema="k string, n long", keys=("k",), pandas=False):
    def initial(self, key, row, timers):
        before = self.count.get()[0] if self.count.exists() else 0
        self.count.update((before + int(row["n"].iloc[0] if self.pandas else row.n),))

    def ask(spark, tmp):
        grouped = spark.createDataFrame(rows, schema).groupBy(*keys)
        build = _build(_Told(_value, _count, initial=initial, pandas=pandas), initial=grouped)
        return run(spark, tmp, build, "a1 b2", "z3", restart(), "a4 y5", conf=STORE)

    return ask


CASES["an initial state in rows"] = _with_initial([("a", 10), ("z", 20)])
CASES["an initial state with two rows of a key"] = _with_initial([("a", 10), ("a", 11), ("z", 20)])
CASES["an initial state in pandas"] = _with_initial([("a", 10), ("z", 20)], pandas=True)
CASES["an initial state of nothing"] = _with_initial([])
CASES["an initial state with other keys"] = _with_initial([(1, 10)], "k int, n long")
CASES["an initial state with more keys"] = _with_initial([("a", 10)], keys=("k", "n"))


def an_initial_state_that_is_a_stream(spark, tmp):
    return attempt(lambda: run(spark, tmp, lambda df: df.groupBy("k").transformWithState(_Told(_value, _count), OUT, "append", "None", df.groupBy("k")), "a1", conf=STORE))


def an_initial_state_that_is_not_grouped(spark, tmp):
    frame = spark.createDataFrame([("a", 1)], "k string, n long")
    return attempt(lambda: run(spark, tmp, lambda df: df.groupBy("k").transformWithState(_Told(_value, _count), OUT, "append", "None", frame), "a1", conf=STORE))


# --- outputs ---------------------------------------------------------------------------------------------------------


class _Gives(StatefulProcessor):
    def __init__(self, make):
        self.make = make

    def init(self, handle):
        pass

    def handleInputRows(self, key, rows, timerValues):
        return self.make(key)


OUTPUTS = {
    "rows": lambda key: iter([Row(k="x", what="w", n=1)]),
    "a list": lambda key: [Row(k="x", what="w", n=1)],
    "tuples": lambda key: iter([("x", "w", 1)]),
    "no row": lambda key: iter([]),
    "None": lambda key: None,
    "fields in another order": lambda key: iter([Row(n=1, what="w", k="x")]),
    "a field missing": lambda key: iter([Row(k="x", n=1)]),
    "a field too many": lambda key: iter([Row(k="x", what="w", n=1, more=2)]),
    "a text for a long": lambda key: iter([Row(k="x", what="w", n="1")]),
    "a float for a long": lambda key: iter([Row(k="x", what="w", n=1.5)]),
    "nulls": lambda key: iter([Row(k=None, what=None, n=None)]),
}
CASES.update({f"an output: {name}": (lambda spark, tmp, make=make: run(spark, tmp, _build(_Gives(make)), "a1", conf=STORE)) for name, make in OUTPUTS.items()})

# --- chains ----------------------------------------------------------------------------------------------------------


class _Times(StatefulProcessor):
    """Gives each row with its own time, or with another."""

    def __init__(self, seconds=0):
        self.seconds = seconds

    def init(self, handle):
        self.count = handle.getValueState("count", "n long")

    def handleInputRows(self, key, rows, timerValues):
        import datetime as dt

        for row in rows:
            yield Row(k=key[0], t=row.ts + dt.timedelta(seconds=self.seconds), v=row.v)


def chained(spark, tmp):
    out = "k string, t timestamp, v int"
    windows = lambda df: df.groupBy(F.window("t", "5 seconds")).count()
    steps = ("a1 b2 a6", "c20 a21", "d40")
    builds = {
        "a window above": lambda df: windows(_build(_Times(), "EventTime", out=out, column="t")(df)),
        "a window above, the column in capitals": lambda df: windows(_build(_Times(), "EventTime", out=out, column="T")(df)),
        "a window above, in None": lambda df: windows(_build(_Times(), "None", out=out, column="t")(df)),
        "a window above, no column": lambda df: windows(_build(_Times(), "EventTime", out=out)(df)),
        "a window above, an unknown column": lambda df: windows(_build(_Times(), "EventTime", out=out, column="nope")(df)),
        "a window above, a column of another type": lambda df: windows(_build(_Times(), "EventTime", out=out, column="v")(df)),
        "duplicates above": lambda df: _build(_Times(), "EventTime", out=out, column="t")(df).dropDuplicates(["k", "t"]),
        "older rows": lambda df: windows(_build(_Times(-15), "EventTime", out=out, column="t")(df)),
        "newer rows": lambda df: windows(_build(_Times(15), "EventTime", out=out, column="t")(df)),
        "duplicates below": lambda df: _build(_Told(_value, _count), "EventTime", delay=None)(df.withWatermark("ts", ZERO).dropDuplicates(["k", "ts"])),
        "a watermark below without event time": lambda df: _build(_Told(_value, _count), "None")(df).filter("n > 0"),
        "twice": lambda df: _build(_Told(_value, lambda self, key, rows, timers: [("rows", len(rows))]), "None", delay=None)(_build(_Times(), "EventTime", out="k string, ts timestamp, v int", column="ts")(df)),
    }
    return {name: attempt(lambda build=build: run(spark, tmp, build, *steps, conf=STORE)) for name, build in builds.items()}


# --- restarts and errors ---------------------------------------------------------------------------------------------


def what_changes_at_a_restart(spark, tmp):
    def other(init, time="None", mode="append"):
        return _build(_Told(init, lambda self, key, rows, timers: [("data", len(rows))]), time, mode)

    changes = {
        "the time mode": other(_value, "EventTime"),
        "the output mode": other(_value, mode="update"),
        "another kind of variable": other(lambda self, h: h.getListState("count", "n long")),
        "another type": other(lambda self, h: h.getValueState("count", "n string")),
        "one variable more": other(lambda self, h: (_value(self, h), h.getValueState("more", "n long"))),
        "one variable less": other(lambda self, h: None),
        "one variable deleted": other(lambda self, h: h.deleteIfExists("count")),
        "another key": _build(_Told(_value, _count), keys=("v",)),
        "another output": _build(_Told(_value, lambda self, key, rows, timers: [("x", 1)]), out="k string, what string, n long, more string"),
    }
    return {name: attempt(lambda build=build: run(spark, tmp, _build(_Told(_value, _count)), "a1 a2", restart(build=build), "a3 b4", "a5", conf=STORE)) for name, build in changes.items()}


def _variables(*declared, ttl=None, time="None"):
    """A processor with these variables, of which each call writes and tells all."""

    def init(self, handle):
        self.all = []
        for kind, name in declared:
            if kind == "value":
                self.all.append((name, handle.getValueState(name, "n long", ttl)))
            elif kind == "list":
                self.all.append((name, handle.getListState(name, "n long", ttl)))
            else:
                self.all.append((name, handle.getMapState(name, "s string", "n long", ttl)))

    def handle(self, key, rows, timers):
        told = []
        for name, x in self.all:
            if hasattr(x, "appendValue"):
                told.append((f"{name} {[n for n, in x.get()]}", 0))
                for _, v in rows:
                    x.appendValue((v,))
            elif hasattr(x, "updateValue"):
                told.append((f"{name} {sorted((k[0], n[0]) for k, n in x.iterator())}", 0))
                for _, v in rows:
                    x.updateValue((f"v{v}",), (v,))
            else:
                told.append((f"{name} {x.get() if x.exists() else None}", 0))
                for _, v in rows:
                    x.update((v,))
        return told

    return _build(_Told(init, handle), time, delay=None)


THREE = (("value", "x"), ("list", "l"), ("map", "m"))
for _name, _kinds in {
    "none more": THREE,
    "one more in front": (("value", "new"), *THREE),
    "one more at the end": (*THREE, ("map", "new")),
    "another order": (THREE[2], THREE[0], THREE[1]),
    "the list is gone": (THREE[0], THREE[2]),
    "the map and the value are gone": (THREE[1],),
    "all others": (("list", "y"), ("value", "z")),
}.items():
    CASES[f"variables at a restart: {_name}"] = lambda spark, tmp, kinds=_kinds: run(spark, tmp, _variables(*THREE), "a1:1 a2:2 b3:3", restart(build=_variables(*kinds)), "a4:4", restart(), "b5:5 a6:6 c7:7", conf=STORE)
CASES["variables at a restart: gone and back"] = lambda spark, tmp: run(spark, tmp, _variables(*THREE), "a1:1 a2:2 b3:3", restart(build=_variables(THREE[0])), "a4:4", restart(build=_variables(*THREE)), "b5:5 a6:6 c7:7", conf=STORE)

DAY = 86_400_000
for _name, (_one, _other) in {"added": (None, DAY), "removed": (DAY, None), "longer": (DAY, 2 * DAY), "over at once": (DAY, 1)}.items():
    CASES[f"a TTL at a restart: {_name}"] = lambda spark, tmp, one=_one, other=_other: run(spark, tmp, _variables(*THREE, ttl=one, time="ProcessingTime"), "a1:1 b3:3", restart(build=_variables(*THREE, ttl=other, time="ProcessingTime")), "a4:4", "b5:5 a6:6", conf=STORE, trigger="once")


def a_processor_that_raises(spark, tmp):
    def raises(*_):
        raise ValueError("told you so")

    return {"init": attempt(lambda: _ask(raises, _count, "a1")(spark, tmp)), "rows": attempt(lambda: _ask(_value, raises, "a1")(spark, tmp)), "timer": attempt(lambda: _ask(_value, lambda self, key, rows, timers: self.handles.registerTimer(1) or [], "a5", "b9", time="EventTime", expired=raises)(spark, tmp))}


def calls_that_are_refused(spark, tmp):
    processor = _Told(_value, _count)
    calls = {
        "query in complete": lambda: started(spark, tmp, _build(processor), "complete"),
        "query in another mode": lambda: started(spark, tmp, _build(processor, mode="append"), "update"),
        "call in complete": lambda: started(spark, tmp, _build(processor, mode="complete"), "append"),
        "a mode in capitals": lambda: started(spark, tmp, _build(processor, mode="Append"), "append"),
        "a mode that is none": lambda: started(spark, tmp, _build(processor, mode="sideways")),
        "a time mode in small letters": lambda: started(spark, tmp, _build(processor, "eventtime")),
        "a time mode that is none": lambda: started(spark, tmp, _build(processor, "Sometime")),
        "no processor": lambda: started(spark, tmp, _build(5)),
        "a class and no object": lambda: started(spark, tmp, _build(_Told)),
        "a bad output": lambda: started(spark, tmp, _build(processor, out="k nope")),
        "no key": lambda: started(spark, tmp, _build(processor, keys=())),
        "an unknown key": lambda: started(spark, tmp, _build(processor, keys=("nope",))),
        "an aggregate above": lambda: started(spark, tmp, lambda df: _build(processor)(df).groupBy("k").count(), "update"),
        "an aggregate above, complete": lambda: started(spark, tmp, lambda df: _build(processor)(df).groupBy("k").count(), "complete"),
        "a sort above": lambda: started(spark, tmp, lambda df: _build(processor)(df).orderBy("k")),
    }
    return {name: attempt(call) for name, call in calls.items()}


def another_store(spark, tmp):
    return attempt(lambda: run(spark, tmp, _build(_Told(_value, _count)), "a1"))


def over_partitions(spark, tmp):
    return _ask(_value, _count, "a1 b2 c3 d4 e5 f6", "a1 g2", conf={"spark.sql.shuffle.partitions": 3})(spark, tmp)


def keys_of_several_columns(spark, tmp):
    return _ask(_value, lambda self, key, rows, timers: [(str(tuple(map(str, key))), len(rows))], "a1:1 a2:2 b1:1 a3:1", keys=("k", "v"))(spark, tmp)


def chunks_of_pandas_rows(spark, tmp):
    class Chunks(StatefulProcessor):
        def init(self, handle):
            pass

        def handleInputRows(self, key, rows, timerValues):
            import pandas as pd

            yield pd.DataFrame({"k": [key[0]], "what": [str([list(map(int, frame["v"])) for frame in rows])], "n": [0]})

    return run(spark, tmp, lambda df: df.groupBy("k").transformWithStateInPandas(Chunks(), OUT, "append", "None"), "a1:1 a2:2 b1:9 a3:3 a4:4 a5:5", conf={**STORE, "spark.sql.execution.arrow.maxRecordsPerBatch": 2})


def on_a_frame(spark, tmp):
    from stateful import settings

    frame = spark.createDataFrame([("a", 1, 5), ("a", 2, 6), ("b", 3, 7)], "k string, s long, v int").select("k", F.timestamp_seconds("s").alias("ts"), "v")
    ask = lambda grouped, processor, time: sorted(map(str, grouped.transformWithState(processor, OUT, "append", time).collect()))
    timer = _Told(_value, lambda self, key, rows, timers: self.handles.registerTimer(-1) or [("data", len(rows))], lambda self, key, timers, info: [("timer", info.getExpiryTimeInMs())])
    with settings(spark, **STORE):
        return {"counts": attempt(lambda: ask(frame.groupBy("k"), _Told(_value, _count), "None")), "event time": attempt(lambda: ask(frame.withWatermark("ts", ZERO).groupBy("k"), timer, "EventTime")), "initial state": attempt(lambda: sorted(map(str, frame.groupBy("k").transformWithState(_Told(_value, _count, initial=lambda self, key, row, timers: self.count.update((row.v,))), OUT, "append", "None", frame.groupBy("k")).collect())))}


# --- batch frames ----------------------------------------------------------------------------------------------------


def _on_frame(init, handle, time="None", expired=None, initial=None, delay=None, pandas=False, rows=(("a", 1, 5), ("b", 3, 7), ("a", 2, 6)), mode="append", column="", frame=None, keys=("k",), out=OUT):
    """The rows that a processor gives for a frame that is no stream, as texts in their order."""

    def ask(spark, tmp):
        from stateful import settings

        with settings(spark, **STORE, **{"spark.sql.shuffle.partitions": 1}):
            df = frame(spark) if frame else spark.createDataFrame([*rows], "k string, s long, v int").select("k", F.timestamp_seconds("s").alias("ts"), "v")
            before = spark.createDataFrame([("a", 10), ("z", 20)], "k string, n long").groupBy("k") if initial else None
            return [str(row) for row in _build(_Told(init, handle, expired, initial, pandas), time, mode, delay, out, keys, before, column)(df).collect()]

    return ask


def _timer_at(*times):
    return lambda self, key, rows, timers: [self.handles.registerTimer(time) for time in times] and [("data", len(rows))]


def _fired(self, key, timers, info):
    return [("timer", info.getExpiryTimeInMs())]


def _adds_initial(self, key, row, timers):
    self.count.update((int(row["n"].iloc[0] if self.pandas else row.n),))


FRAMES = {
    "counts": _on_frame(_value, _count),
    "counts in pandas": _on_frame(_value, _count, pandas=True),
    "counts in update": _on_frame(_value, _count, mode="update"),
    "counts in complete": _on_frame(_value, _count, mode="complete"),
    "null keys": _on_frame(_value, _count, rows=((None, 1, 1), ("a", 2, 2), (None, 3, 3))),
    "no rows": _on_frame(_value, _count, rows=(), frame=lambda spark: spark.createDataFrame([], "k string, ts timestamp, v int")),
    "all of a trace": _on_frame(_init_of_trace, lambda self, key, rows, timers: _handle_of_trace(self, key, rows, timers), "EventTime", _expired_of_trace, delay=ZERO),
    "timers of event time": _on_frame(_value, _timer_at(-1, 0, 1, 1000, 10**14), "EventTime", _fired, delay=ZERO),
    "timers of event time without a watermark": _on_frame(_value, _timer_at(-1, 0, 1, 1000), "EventTime", _fired),
    "timers by the clock": _on_frame(_value, _timer_at(-1, 0, 1000, 10**14), "ProcessingTime", _fired),
    "timers in None": _on_frame(_value, _timer_at(1), "None", _fired),
    "a timer in a timer": _on_frame(_value, _timer_at(-5), "EventTime", lambda self, key, timers, info: self.handles.registerTimer(-3) or _fired(self, key, timers, info), delay=ZERO),
    "what the clock and the watermark say": _on_frame(_value, lambda self, key, rows, timers: [(str((timers.getCurrentProcessingTimeInMs() > 10**12, timers.getCurrentWatermarkInMs())), 0)], "EventTime", delay=ZERO),
    "what the clock says in ProcessingTime": _on_frame(_value, lambda self, key, rows, timers: [(str((timers.getCurrentProcessingTimeInMs() > 10**12, timers.getCurrentWatermarkInMs())), 0)], "ProcessingTime"),
    "what the clock says in None": _on_frame(_value, lambda self, key, rows, timers: [(str((timers.getCurrentProcessingTimeInMs(), timers.getCurrentWatermarkInMs())), 0)]),
    "rows before the epoch": _on_frame(_value, _count, "EventTime", rows=(("a", -5, 1), ("a", 0, 1), ("a", 1, 1)), delay=ZERO),
    "a TTL": _on_frame(lambda self, handle: setattr(self, "count", handle.getValueState("count", "n long", 1)), _count, "ProcessingTime"),
    "a TTL in event time": _on_frame(lambda self, handle: setattr(self, "count", handle.getValueState("count", "n long", 1)), _count, "EventTime", delay=ZERO),
    "an initial state": _on_frame(_value, _count, initial=_adds_initial),
    "an initial state in pandas": _on_frame(_value, _count, initial=_adds_initial, pandas=True),
    "an event time column": _on_frame(_value, _count, "EventTime", delay=ZERO, out="k string, what string, n long, t timestamp", column="t"),
    "an unknown event time column": _on_frame(_value, _count, "EventTime", delay=ZERO, column="nope"),
    "a processor that raises": _on_frame(_value, lambda self, key, rows, timers: 1 / 0),
    "the order of keys": _on_frame(_value, _count, rows=tuple((key, 1, 1) for key in ("d", "b", "a", "c", "B", "aa"))),
    "keys of two columns": _on_frame(_value, _count, keys=("k", "v")),
}
CASES.update({f"a frame: {name}": ask for name, ask in FRAMES.items()})
