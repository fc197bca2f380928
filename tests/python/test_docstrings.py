"""Every example in our docstrings runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import firesteel.sql
import pytest
from firesteel.sql import Window, functions

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(firesteel.sql.__path__, "firesteel.sql.")
    if not name.startswith("firesteel.sql.pandas")
] + ["firesteel", "firesteel.conf", "firesteel.ml.model", "firesteel.ml.spark", "firesteel.streaming"]
MODELS = Path(__file__).resolve().parents[1] / "fixtures" / "models"
"""The folder in which the examples run: they load models by their names."""


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(spark, monkeypatch, name):
    monkeypatch.chdir(MODELS)
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    given = {"spark": spark, "F": functions, "Window": Window} if "functions" in name else {"spark": spark}
    result = doctest.testmod(module, extraglobs=given, optionflags=flags)
    assert result.failed == 0
