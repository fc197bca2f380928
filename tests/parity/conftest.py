"""The parity suite's marker, and the one question it asks of a machine: can PySpark run here?"""

from __future__ import annotations

import importlib.util
import shutil

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "oracle: runs real PySpark, so needs Java; with CI=true their absence is a failure"
    )


@pytest.fixture(scope="session")
def real_pyspark() -> None:
    """Skip where PySpark cannot run; on CI that is a failure, as every skip, so that the record cannot rot unseen."""
    missing = [
        name
        for name, there in (("java", shutil.which("java")), ("pyspark", importlib.util.find_spec("pyspark")))
        if not there
    ]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
