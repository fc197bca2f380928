"""Runs one stateful query over steps of input and tells everything that can be seen of it.

The programs ``stateful_*`` import this module. It runs on the driver alone, so that PySpark's
workers need not import it.

A step is a text and is written as one JSON file, which one batch takes. A row is a key, a time in
seconds after the epoch and, after a colon, a value: ``a5``, ``b1.5:7``. A missing key or time is
null, as is the value ``~``; a missing value is 1. The files of several sources are parted by ``;``,
several files of one source by ``|``. The columns are ``k, ts, v``, and of several sources ``lk, lts,
lv``, ``rk, rts, rv`` and ``xk, xts, xv``. A step that is ``restart(…)`` stops the query and starts
it again on its checkpoint, with what changes given.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = re.compile(r"([a-zA-Z]*)(-?[\d.]*)(?::(.*))?")
SIDES = {1: [""], 2: ["l", "r"], 3: ["l", "r", "x"]}
SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": 1}
METRICS = ["operatorName", "numRowsTotal", "numRowsUpdated", "numRowsRemoved", "numRowsDroppedByWatermark"]
SLOW_POLLING = 100
"""Milliseconds between two searches for data where there are several sources.

The files of a step are put down while the query sleeps. So one batch takes all of them.
"""


class Raced(Exception):
    """Two batches took one step. The case is asked again."""


def restart(**changes: Any) -> dict[str, Any]:
    """Return the step that starts the query again. It may change ``build``, ``mode`` and ``conf``."""
    return changes


def run(spark: Any, tmp: Path, build: Callable[..., Any], *steps: str | dict[str, Any], **options: Any) -> Any:
    """Return what the query answers: columns, batches, the watermarks of its logs, its error.

    A batch is its id, its rows as sorted texts, its watermark in milliseconds and the metrics of
    each operator. Options: ``mode``, ``trigger`` (``once`` or ``availableNow``: each step is a run
    of its own), ``conf``, ``reader`` (options of the sources), ``value`` (the type of the values),
    ``ordered`` (the rows of a batch stay as they came).
    """
    for _ in range(4):
        with contextlib.suppress(Raced):
            return _Run(spark, Path(tempfile.mkdtemp(dir=tmp)), build, steps, **options).answer()
    raise Raced("one step came in two batches, four times")


def modes(spark: Any, tmp: Path, build: Callable[..., Any], *steps: str | dict[str, Any], **options: Any) -> Any:
    """Ask the same in each output mode."""
    return {
        mode: attempt(lambda mode=mode: run(spark, tmp, build, *steps, mode=mode, **options))
        for mode in ("append", "update", "complete")
    }


def attempt(ask: Callable[[], Any]) -> Any:
    """Return the answer, or the error as an answer."""
    try:
        return ask()
    except Raced:
        raise
    except Exception as error:
        return programs.raised(error)


def started(spark: Any, tmp: Path, build: Callable[..., Any], mode: str = "append", sides: int = 1) -> str:
    """Say that a query starts, for questions about those that do not."""
    _Run(spark, Path(tempfile.mkdtemp(dir=tmp)), build, (";" * (sides - 1),), mode=mode).start_only()
    return "starts"


@contextlib.contextmanager
def settings(spark: Any, **conf: Any) -> Iterator[None]:
    """Set configuration keys, and set them back afterwards."""
    before = {key: spark.conf.get(key, None) for key in conf}
    for key, value in conf.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, value)


def row(token: str, side: str = "", value: str = "int") -> dict[str, Any]:
    """Read one row of a step."""
    found = TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"{token!r} is no row")
    key, seconds, given = found.groups()
    read = None if given == "~" else 1 if given is None else given
    if read is not None and value != "string":
        read = json.loads(str(read)) if str(read) != "NaN" else given
    return {
        f"{side}k": key or None,
        f"{side}ts": _iso(seconds) if seconds else None,
        f"{side}v": str(read) if value == "string" and read is not None else read,
    }


def show(value: Any) -> str:
    """Write a value of a row: times as seconds after the epoch, structs in brackets, no last digits."""
    if value is None:
        return "null"
    if isinstance(value, dt.datetime):
        micros = (value - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1)
        sign, (seconds, rest) = "-" if micros < 0 else "", divmod(abs(micros), 1_000_000)
        return f"{sign}{seconds}{'.' + f'{rest:06}'.rstrip('0') if rest else ''}s"
    if hasattr(value, "__fields__"):
        return "(" + ", ".join(f"{n}={show(v)}" for n, v in zip(value.__fields__, value, strict=True)) + ")"
    if isinstance(value, float):
        # The last digits depend on the order of a sum.
        return repr(float(f"{value:.12g}"))
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return str(value)


class _Run:
    def __init__(
        self,
        spark: Any,
        tmp: Path,
        build: Callable[..., Any],
        steps: tuple[Any, ...],
        mode: str = "append",
        trigger: str | None = None,
        conf: dict[str, Any] | None = None,
        reader: dict[str, Any] | None = None,
        value: str = "int",
        ordered: bool = False,
    ) -> None:
        self.spark, self.tmp, self.build, self.steps = spark, tmp, build, steps
        self.mode, self.trigger, self.reader, self.value = mode, trigger, reader or {}, value
        self.ordered = ordered
        sources = max(step.split("|")[0].count(";") for step in steps if isinstance(step, str)) + 1
        self.sides = SIDES[sources]
        polling = {"spark.sql.streaming.pollingDelay": SLOW_POLLING} if sources > 1 and trigger is None else {}
        self.conf = {**SETTINGS, **polling, **(conf or {})}
        self.query: Any = None
        self.seen: list[Any] = []  # of this run of the query: batch id and rows
        self.raised: Exception | None = None  # inside a batch
        self.files = 0
        self.found: dict[str, Any] = {"columns": None, "batches": []}

    def answer(self) -> dict[str, Any]:
        for side in self.sides:
            (self.tmp / f"in{side}").mkdir()
        try:
            with contextlib.ExitStack() as changed:
                changed.enter_context(settings(self.spark, **self.conf))
                self._all_steps(changed)
        finally:
            if self.query is not None:
                self.query.stop()
        self.found["offsets"] = [json.loads(text.split("\n")[1])["batchWatermarkMs"] for text in self._log("offsets")]
        self.found["commits"] = [
            json.loads(text.split("\n")[1])["nextBatchWatermarkMs"] for text in self._log("commits")
        ]
        return self.found

    def start_only(self) -> None:
        for side in self.sides:
            (self.tmp / f"in{side}").mkdir()
        with settings(self.spark, **self.conf):
            self._start()
            self.query.stop()

    def _all_steps(self, changed: contextlib.ExitStack) -> None:
        for step in self.steps:
            if isinstance(step, dict):
                self._end()
                self.build, self.mode = step.get("build", self.build), step.get("mode", self.mode)
                changed.enter_context(settings(self.spark, **step.get("conf", {})))
                continue
            try:
                self._step(step)
            except Exception as error:
                if type(error).__name__ != "StreamingQueryException":
                    raise
                if self.raised is None and (user := _of_user_code(error)) is not None:
                    self.found["failed"] = {"error": "PythonException", "condition": "PYTHON_EXCEPTION"}
                    self.found["python"] = _named(user)
                    break
                failed = self.raised or _cause(error)
                self.found["failed"] = programs.raised(failed)
                if type(failed).__name__ == "PythonException" or "Traceback (most recent call last)" in str(failed):
                    self.found["python"] = _in_python(failed)
                break
        self._end()

    def _step(self, step: str) -> None:
        if self.trigger is not None:
            self._write(step)
            self._start()
            self.query.awaitTermination(80)
            self._end()
            return
        if self.query is None:
            self._write(step)
            self._start()
            self.query.processAllAvailable()
            return
        before = len(self.seen)
        self._write(step)
        self.query.processAllAvailable()
        if len(self.sides) > 1:
            taken = [self._progress(batch) for batch, _ in self.seen[before:]]
            if sum(bool(progress and progress["numInputRows"]) for progress in taken) > 1:
                self.query.stop()
                raise Raced

    def _write(self, step: str) -> None:
        waiting = []
        for file in step.split("|"):
            for side, rows in zip(self.sides, (file + ";" * len(self.sides)).split(";"), strict=False):
                if rows.strip():
                    name = f"{self.files:04}.json"
                    lines = [json.dumps(row(token, side, self.value)) + "\n" for token in rows.split()]
                    (self.tmp / name).write_text("".join(lines))
                    stamp = 1_700_000_000 + self.files
                    os.utime(self.tmp / name, (stamp, stamp))
                    waiting.append((self.tmp / name, self.tmp / f"in{side}" / name))
                    self.files += 1
        for source, target in waiting:
            source.rename(target)

    def _start(self) -> None:
        sources = [
            self.spark.readStream.schema(f"{side}k string, {side}ts timestamp, {side}v {self.value}")
            .options(**self.reader)
            .json(str(self.tmp / f"in{side}"))
            for side in self.sides
        ]
        built = self.build(*sources)
        self.found["columns"] = self.found["columns"] or [f"{name}: {type_}" for name, type_ in built.dtypes]
        writer = built.writeStream.outputMode(self.mode).option("checkpointLocation", str(self.tmp / "checkpoint"))
        if self.trigger is not None:
            writer = writer.trigger(**{self.trigger: True})
        self.seen = seen = []

        def each(frame: Any, batch: int) -> None:
            try:
                rows = frame.collect()
            except Exception as error:
                # A plan that cannot run fails here, and the query's own error hides it.
                self.raised = error
                raise
            texts = [" ".join(map(show, found)) for found in rows]
            seen.append((batch, texts if self.ordered else sorted(texts)))

        self.query = writer.foreachBatch(each).start()

    def _end(self) -> None:
        """Stop the query and keep what its batches told."""
        if self.query is None:
            return
        self.query.stop()
        for batch, rows in self.seen:
            progress = self._progress(batch) or {}
            operators = [[each[metric] for metric in METRICS] for each in progress.get("stateOperators", [])]
            self.found["batches"].append([batch, rows, _watermark(progress), operators])
        self.query, self.seen = None, []

    def _progress(self, batch: int) -> Any:
        of_batch = [each for each in self.query.recentProgress if each["batchId"] == batch]
        return next((each for each in of_batch if "addBatch" in each["durationMs"]), None)

    def _log(self, name: str) -> list[str]:
        log = self.tmp / "checkpoint" / name
        entries = sorted(int(path.name) for path in log.glob("*") if path.name.isdigit()) if log.exists() else []
        return [(log / str(entry)).read_text() for entry in entries]


def _iso(seconds: str) -> str:
    moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=round(float(seconds) * 1_000_000))
    return moment.isoformat(timespec="microseconds") + "Z"


def _watermark(progress: Any) -> int | None:
    text = progress.get("eventTime", {}).get("watermark")
    if text is None:
        return None
    return (dt.datetime.fromisoformat(text) - dt.datetime.fromtimestamp(0, dt.UTC)) // dt.timedelta(milliseconds=1)


def _cause(error: Any) -> Any:
    """Find why a query failed: the deepest cause that has a condition, else the deepest."""
    causes = [error]
    # PySpark keeps a cause in `_cause`, Firesteel in `__cause__`.
    while (cause := getattr(causes[-1], "_cause", None) or causes[-1].__cause__) is not None:
        causes.append(cause)
    named = [each for each in causes[1:] if hasattr(each, "getCondition") and each.getCondition()]
    return named[-1] if named else causes[-1]


def _of_user_code(error: Any) -> Any:
    """Find the exception of user code that ended a query. Of Firesteel's query it is the cause itself."""
    return error.__cause__ if re.search(r"the function '[^']*' raised", str(error)) else None


def _named(raised: Any) -> str:
    """Name an exception of the user's own code and its condition."""
    return f"{type(raised).__name__} {getattr(raised, 'getCondition', lambda: None)()}"


def _in_python(error: Any) -> str:
    """Name the exception of the user's own code and its condition, as its query's error tells it."""
    if error.__cause__ is not None:
        return _named(error.__cause__)
    # PySpark has its text alone: the last line of the trace that is no part of one.
    lines = re.findall(r"^([\w.]*(?:Error|Exception|Invalid))\b(.*)$", str(error), flags=re.MULTILINE)
    name, told = lines[-1] if lines else ("None", "")
    condition = re.search(r"\[([A-Z][A-Z0-9_.]+)\]", told)
    return f"{name.rsplit('.', 1)[-1]} {condition[1] if condition else None}"
