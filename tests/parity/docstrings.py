"""Runs the examples of PySpark's docstrings: ``firesteel run docstrings.py sql/column.py …``.

The text stays in the installed ``pyspark`` package. It is found through the package's metadata and
parsed, but not imported. A docstring passes if all its examples run and print the expected text
(ELLIPSIS, NORMALIZE_WHITESPACE). Examples marked ``+SKIP`` are left out. ``--only NAME`` runs one
docstring, or several, and shows its differences. ``--out FILE`` writes JSON.
"""

from __future__ import annotations

import argparse
import ast
import doctest
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECONDS = 120
"""The seconds that one docstring may take. The slowest of PySpark sleep ten."""


class Docstring(NamedTuple):
    """One docstring that has examples to run."""

    name: str
    line: int
    examples: list[doctest.Example]


def source(file: str) -> str:
    """Read a file of the installed pyspark package, given relative to it."""
    return Path(str(distribution("pyspark").locate_file(f"pyspark/{file}"))).read_text(encoding="utf-8")


def docstrings(file: str) -> list[Docstring]:
    """List the docstrings of a file whose examples are to be run."""
    found: list[Docstring] = []
    _walk(ast.parse(source(file)), "", found)
    return found


def run(file: str, only: list[str] | None = None) -> dict[str, str | None]:
    """Run a file's docstrings, or some. Return None for each, or its first failure."""
    outcomes: dict[str, str | None] = {}
    with _session() as spark:
        names = _globals(file)
        for docstring in docstrings(file):
            if only is None or docstring.name in only:
                outcomes[docstring.name] = _outcome(docstring, {**names, "spark": spark, "sc": spark.sparkContext})
    return outcomes


def main() -> None:
    """Run what the command line names and print the rates."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", nargs="+", help="a file of the pyspark package, such as sql/functions/builtin.py")
    arguments.add_argument("--only", action="append", help="run only the docstrings of these names")
    arguments.add_argument("--out", type=Path, help="write the outcomes as JSON")
    chosen = arguments.parse_args()
    out = chosen.out and chosen.out.resolve()
    outcomes = {file: run(file, chosen.only) for file in chosen.file}
    for file, found in outcomes.items():
        failed = {name: why for name, why in found.items() if why is not None}
        for name, why in failed.items():
            print(why if chosen.only else f"  {name}: {_gist(why)}")
        print(f"{file}: {len(found) - len(failed)} of {len(found)} docstrings pass")
    if out:
        out.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")


def _walk(node: ast.AST, prefix: str, found: list[Docstring]) -> None:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef | ast.FunctionDef):
            continue
        name = f"{prefix}{child.name}"
        text = ast.get_docstring(child, clean=False)
        examples = doctest.DocTestParser().get_examples(text) if text else []
        if any(not example.options.get(doctest.SKIP) for example in examples):
            # An overload or a property's setter repeats a name. help() shows the last one.
            found[:] = [other for other in found if other.name != name]
            found.append(Docstring(name, child.lineno, examples))
        if isinstance(child, ast.ClassDef):
            _walk(child, f"{name}.", found)


def _globals(file: str) -> dict[str, Any]:
    """Give the examples the names that the file itself has: what it imports and what it defines."""
    names: dict[str, Any] = {}
    for statement in ast.parse(source(file)).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            with suppress(ImportError):
                exec(compile(ast.Module([statement], []), file, "exec"), names)
    module = importlib.import_module("pyspark." + file.removesuffix(".py").replace("/", "."))
    # A class that an example defines belongs to no module that a worker could import.
    return names | vars(module) | {"__name__": "__main__"}


class _MainThreadOut(doctest._SpoofOut):
    """The output of an example, without that of a query's thread.

    PySpark's console sink writes from Java. So the text of the examples does not hold its output.
    """

    def write(self, text: str) -> int:
        if threading.current_thread() is threading.main_thread():
            return super().write(text)
        return sys.__stderr__.write(text) if sys.__stderr__ else 0


class _session:
    def __enter__(self) -> Any:
        from pyspark.sql import SparkSession

        os.chdir(tempfile.mkdtemp(prefix="docstrings-"))
        self.spark = SparkSession.builder.master("local[4]").appName("docstrings").getOrCreate()
        return self.spark

    def __exit__(self, *_: object) -> None:
        self.spark.stop()


def _outcome(docstring: Docstring, names: dict[str, Any]) -> str | None:
    test = doctest.DocTest(docstring.examples, names, docstring.name, None, docstring.line, None)
    report = io.StringIO()
    spark = names["spark"]
    signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(SECONDS)
    try:
        runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
        runner._fakeout = _MainThreadOut()
        result = runner.run(test, out=report.write)
    except TimeoutError as error:
        return str(error)
    finally:
        signal.alarm(0)
        for query in spark.streams.active:
            query.stop()
    return report.getvalue() if result.failed else None


def _too_slow(*_: object) -> NoReturn:
    raise TimeoutError(f"took longer than {SECONDS} s")


def _gist(report: str) -> str:
    """Return a line about the first failure: the exception or the example."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    raised = [line for line in lines if "Error: " in line or "Exception: " in line]
    asked = lines[lines.index("Failed example:") + 1] if "Failed example:" in lines else report.strip()
    return (f"{asked[:80]} → {raised[0]}" if raised else asked)[:220]


if __name__ == "__main__":
    main()
