"""The one question the parity suite asks of a machine: can PySpark run here?"""

from __future__ import annotations

import importlib.util
import shutil

import pytest


@pytest.fixture(scope="session")
def real_pyspark() -> None:
    """Skip if PySpark cannot run.

    On CI a skip is a failure, so that the record cannot become wrong unnoticed.
    """
    missing = [
        name
        for name, there in (("java", shutil.which("java")), ("pyspark", importlib.util.find_spec("pyspark")))
        if not there
    ]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
