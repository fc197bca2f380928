"""Every example in our docstrings runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import firesteel.sql
import pytest

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(firesteel.sql.__path__, "firesteel.sql.")
    if not name.startswith("firesteel.sql.pandas")
] + ["firesteel", "firesteel.conf", "firesteel.streaming"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(spark, name):
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, extraglobs={"spark": spark}, optionflags=flags)
    assert result.failed == 0
