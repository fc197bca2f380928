"""Finds and runs parity programs: questions that PySpark and Firesteel must answer alike.

A program is a file in ``programs/``. It imports only ``pyspark`` and the standard library; those
about state also ``stateful.py``, which runs a query over steps of input. It asks in six ways:

* A public function ``name(spark)`` or ``name(spark, tmp)`` returns the answer. ``tmp`` is the
  ``Path`` of an empty directory. A DataFrame is compared as a multiset of rows, rows and plain data
  in order.
* ``CASES`` names such functions, for tables of questions.
* ``EXPRESSIONS`` lists SQL expressions. Each is asked as ``SELECT <expression>`` and is the name of
  its case.
* ``OVER`` lists ``(relation, [expressions])``. Each is asked as ``SELECT <expression> FROM
  <relation>``, with rows in order. ``VIEWS`` names relations that are used more than once.
* ``QUERIES`` lists whole SQL statements. The answer is a multiset of rows, or ordered with ORDER
  BY.
* ``PYTHON`` lists Python expressions over ``spark`` and the program's own names. The answer is the
  value.

A program with ``ZONES`` asks its texts about times again in each of these time zones.

An exception is an answer too: its class and its condition. Its message is recorded for readers.
"""

from __future__ import annotations

import datetime as dt
import decimal
import importlib.util
import inspect
import json
import math
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
ANSWERS = HERE / "answers"

TIMES = re.compile("date|time|interval|window|unix|hour|minute|second|zone", re.IGNORECASE)
"""Names in a text whose answer may depend on the time zone."""

Case = tuple[str, "Callable[[Any, Path], Any]"]


def names() -> list[str]:
    """Name every program, in the order in which they are recorded."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py"))


def load(program: str) -> ModuleType:
    """Import one program. The running interpreter decides what its ``pyspark`` is."""
    spec = importlib.util.spec_from_file_location(f"parity_{program}", PROGRAMS / f"{program}.py")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"no parity program named {program} in {PROGRAMS}")
    module = importlib.util.module_from_spec(spec)
    # The program is not in sys.modules. So cloudpickle sends its functions by value to PySpark's
    # workers, which cannot import it.
    spec.loader.exec_module(module)
    return module


def cases(module: ModuleType) -> Iterator[Case]:
    """List a program's cases: its functions in the order of the file, its tables, then its SQL texts."""
    for name, function in list(vars(module).items()):
        own = inspect.isfunction(function) and function.__module__ == module.__name__
        if own and not name.startswith("_"):
            yield name, _call(function)
    yield from getattr(module, "CASES", {}).items()
    yield from _texts(module)
    for zone in getattr(module, "ZONES", []):
        for name, ask in _texts(module):
            if TIMES.search(name):
                yield f"{name} @ {zone}", _in_zone(zone, ask)


def _texts(module: ModuleType) -> Iterator[Case]:
    """List the cases that are lines of text."""
    for text in getattr(module, "EXPRESSIONS", []):
        yield text, _expression(text)
    for relation, texts in getattr(module, "OVER", []):
        for text in texts:
            yield f"{text} | {relation}", _over(text, relation)
    for text in getattr(module, "QUERIES", []):
        yield text, _query(text)
    for text in getattr(module, "PYTHON", []):
        yield text, _python(text, module)


def prepare(module: ModuleType, spark: Any) -> None:
    """Create the temporary views that a program's cases share."""
    for name, query in getattr(module, "VIEWS", {}).items():
        spark.sql(query).createOrReplaceTempView(name)


def answer(case: Case, spark: Any) -> Any:
    """Ask one case and return its answer as JSON-able data."""
    _, ask = case
    tmp = Path(tempfile.mkdtemp(prefix="parity-"))
    try:
        try:
            found = plain(ask(spark, tmp))
        except Exception as error:
            found = raised(error)
        return _hide(found, str(tmp))
    finally:
        for query in spark.streams.active:
            query.stop()
        shutil.rmtree(tmp, ignore_errors=True)


def plain(value: Any) -> Any:
    """Turn a result into JSON data.

    It keeps the values that JSON lacks: decimals, dates, NaN, bytes and rows with equal names.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"double": repr(value)}
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    if isinstance(value, dt.datetime):
        return {"timestamp": value.isoformat(sep=" ")}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if isinstance(value, dt.time):
        return {"time": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"interval": f"{value.days}d {value.seconds}s {value.microseconds}us"}
    if isinstance(value, bytes | bytearray):
        return {"binary": bytes(value).hex()}
    if hasattr(value, "__fields__"):
        return {"row": [[name, plain(item)] for name, item in zip(value.__fields__, value, strict=True)]}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=_text)
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: plain(item) for key, item in value.items()}
        return {"map": sorted(([plain(k), plain(v)] for k, v in value.items()), key=_text)}
    if hasattr(value, "collect") and hasattr(value, "schema"):
        return _frame(value)
    if hasattr(value, "simpleString"):
        return {"type": value.simpleString()}
    return {"object": type(value).__name__}


def same(expected: Any, found: Any) -> bool:
    """Compare a recorded answer with one found.

    Doubles may differ in their last bits, since the order of a sum is free.
    """
    if isinstance(expected, dict) and "error" in expected and isinstance(found, dict) and "error" in found:
        # Without Java there is no Py4JError. Only a condition can be asked for, or else any error.
        from_java = expected["error"] in {"Py4JError", "Py4JJavaError"}
        compared = ["error", "condition"] if not from_java else ["condition"] if expected["condition"] else []
        return all(expected[key] == found[key] for key in compared)
    if isinstance(expected, float) and isinstance(found, float):
        both_zero = expected == 0 and found == 0
        if both_zero:
            return math.copysign(1, expected) == math.copysign(1, found)
        return math.isclose(expected, found, rel_tol=1e-9)
    if type(expected) is not type(found):
        return False
    if isinstance(expected, dict):
        return expected.keys() == found.keys() and all(same(item, found[key]) for key, item in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    return expected == found


def _call(function: Callable[..., Any]) -> Callable[[Any, Path], Any]:
    takes_directory = len(inspect.signature(function).parameters) > 1
    return (lambda spark, tmp: function(spark, tmp)) if takes_directory else (lambda spark, _: function(spark))


def _expression(text: str) -> Callable[[Any, Path], Any]:
    def ask(spark: Any, _: Path) -> Any:
        frame = spark.sql(f"SELECT {text}")
        field = frame.schema.fields[0]
        return {"name": field.name, "type": field.dataType.simpleString(), "value": frame.collect()[0][0]}

    return ask


def _over(text: str, relation: str) -> Callable[[Any, Path], Any]:
    def ask(spark: Any, _: Path) -> Any:
        frame = spark.sql(f"SELECT {text} FROM {relation}")
        field = frame.schema.fields[0]
        return {"name": field.name, "type": field.dataType.simpleString(), "values": [r[0] for r in frame.collect()]}

    return ask


def _query(text: str) -> Callable[[Any, Path], Any]:
    def ask(spark: Any, _: Path) -> Any:
        frame = spark.sql(text)
        found = _frame(frame)
        if "ORDER BY" in text:
            found["rows"] = [plain(tuple(row)) for row in frame.collect()]
        return found

    return ask


def _python(text: str, module: ModuleType) -> Callable[[Any, Path], Any]:
    return lambda spark, _: eval(text, {**vars(module), "spark": spark})


def _in_zone(zone: str, ask: Callable[[Any, Path], Any]) -> Callable[[Any, Path], Any]:
    def asked(spark: Any, tmp: Path) -> Any:
        before = spark.conf.get("spark.sql.session.timeZone")
        spark.conf.set("spark.sql.session.timeZone", zone)
        try:
            # The frame is collected now. After the zone is set back it would be of that zone.
            return plain(ask(spark, tmp))
        finally:
            spark.conf.set("spark.sql.session.timeZone", before)

    return asked


def _frame(frame: Any) -> dict[str, Any]:
    columns = [f"{field.name}: {field.dataType.simpleString()}" for field in frame.schema.fields]
    rows = [plain(tuple(row)) for row in frame.collect()]
    return {"columns": columns, "rows": sorted(rows, key=_text)}


def raised(error: Exception) -> dict[str, Any]:
    """Write an exception down: its class, its condition and, for readers, its message."""
    condition = error.getCondition() if hasattr(error, "getCondition") else None
    message = str(error).split("\n\nJVM stacktrace:")[0].strip()
    if type(error).__name__ == "Py4JJavaError":
        # PySpark lets some Java errors through. The deepest cause with a condition tells the error.
        causes = re.findall(r"^(?:Caused by)?: ?[\w.$]*: (.*)$", message, flags=re.MULTILINE)
        named = [(cause, found[1]) for cause in causes if (found := re.match(r"\[([A-Z0-9_.]+)\]", cause))]
        message, condition = named[-1] if named else (causes[-1], None)
    return {"error": type(error).__name__, "condition": condition, "message": _short(message)}


def _short(message: str) -> str:
    """Drop the parts of a message that differ between runs: plans, ids, traces and places."""
    message = message.replace(sys.prefix, "<environment>")
    message = message.replace(str(Path(__file__).resolve().parents[2]), "<repository>")
    message = message.split(";\n", maxsplit=1)[0].split("\nTraceback", maxsplit=1)[0]
    message = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", message)
    return re.sub(r"#\d+L?", "#", re.sub(r"\bo\d+\.", "o.", message))[:1500]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _hide(value: Any, tmp: str) -> Any:
    if isinstance(value, str):
        return value.replace(tmp, "<tmp>")
    if isinstance(value, list):
        return [_hide(item, tmp) for item in value]
    if isinstance(value, dict):
        return {key: _hide(item, tmp) for key, item in value.items()}
    return value
