"""``import pyspark`` in ``firesteel run`` gives the same objects, and stand-ins for the rest."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from firesteel import _pyspark


def run(tmp_path: Path, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code as a script by ``firesteel run``."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    command = [sys.executable, "-m", "firesteel", "run", str(script), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | environment, cwd=tmp_path, check=False
    )


@pytest.mark.parametrize("target", sorted(set(_pyspark.MODULES.values())))
def test_every_module_in_the_table_exists(target: str) -> None:
    assert importlib.import_module(target)


@pytest.mark.parametrize(("name", "source"), sorted(_pyspark.NAMES["pyspark"].items()))
def test_every_name_in_the_table_exists(name: str, source: str) -> None:
    assert hasattr(importlib.import_module(source), name)


def test_an_alias_is_the_same_object(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import firesteel.errors, firesteel.sql, firesteel.sql.functions
        import pyspark
        import pyspark.sql.functions as F
        from pyspark.sql import SparkSession, functions, types
        from pyspark.sql.types import StringType
        from pyspark.sql.utils import AnalysisException
        from pyspark.errors.exceptions.captured import AnalysisException as Captured

        assert F is functions is pyspark.sql.functions is firesteel.sql.functions
        assert SparkSession is firesteel.sql.SparkSession
        assert StringType is types.StringType is firesteel.sql.types.StringType
        assert AnalysisException is Captured is firesteel.errors.AnalysisException
        assert pyspark.__version__ == "4.3.0"
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_wildcard_imports_bring_the_names_in(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        from pyspark import *
        from pyspark.sql import *
        from pyspark.sql.functions import *
        from pyspark.sql.types import *
        print(SparkConf.__name__, SparkSession.__name__, col.__name__, StructType.__name__)
        """,
    )
    assert (done.stdout, done.stderr) == ("SparkConf SparkSession col StructType\n", "")


def test_what_firesteel_lacks_imports_and_raises_when_used(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        from pyspark import Broadcast as B
        from pyspark.errors import PySparkNotImplementedError
        from pyspark.ml import Pipeline, feature
        from pyspark.ml.feature import VectorAssembler
        from pyspark.sql.functions import no_such_function
        import pyspark.pandas as ps

        def annotated(a: B, b: B[int], c: B | None = None, d: None | B = None) -> VectorAssembler: ...

        def subclass():
            class Mine(Pipeline): ...

        assert not isinstance(3, B)
        uses = {
            "pyspark.ml.feature.VectorAssembler": lambda: VectorAssembler(inputCols=[]),
            "pyspark.ml.feature.HashingTF": lambda: feature.HashingTF(),
            "pyspark.sql.functions.no_such_function": lambda: no_such_function("x"),
            "pyspark.pandas.DataFrame": lambda: ps.DataFrame({}),
            "pyspark.ml.Pipeline": subclass,
        }
        for name, use in uses.items():
            try:
                use()
            except PySparkNotImplementedError as error:
                assert name in str(error), error
            else:
                raise AssertionError(name)
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wildcard_import_of_what_is_not_there_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "from pyspark.ml.feature import *\n")
    assert done.returncode == 0
    assert "Firesteel has no pyspark.ml.feature" in done.stderr


def test_an_error_class_of_py4j_can_stand_in_an_except_clause(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        from py4j.protocol import Py4JJavaError
        try:
            raise ValueError("mine")
        except Py4JJavaError:
            print("never")
        except ValueError as error:
            print(error)
        """,
    )
    assert (done.stdout, done.stderr) == ("mine\n", "")


def test_child_processes_inherit_the_resolution(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
        import multiprocessing
        import subprocess
        import sys

        def name_of_functions(_):
            import pyspark.sql.functions
            return pyspark.sql.functions.__name__

        if __name__ == "__main__":
            code = "import pyspark.sql.types as t, pyspark.ml; print(t.__name__)"
            print(subprocess.check_output([sys.executable, "-c", code], text=True), end="")
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(pool.map(name_of_functions, [0])[0])
        """,
    )
    assert (done.stdout, done.stderr) == ("firesteel.sql.types\nfiresteel.sql.functions\n", "")
