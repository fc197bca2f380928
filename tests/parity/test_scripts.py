"""Streaming scripts for PySpark run unchanged on Firesteel and give the recorded results."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import script_runs

RECHECKED = ["orders_enrichment"]


@pytest.mark.parametrize("name", script_runs.names())
def test_script_does_on_firesteel_what_it_does_on_pyspark(name: str) -> None:
    assert script_runs.run([sys.executable, "-m", "firesteel", "run"], name) == script_runs.recorded(name)


@pytest.mark.oracle
@pytest.mark.usefixtures("real_pyspark")
@pytest.mark.parametrize("name", RECHECKED)
def test_the_recorded_run_is_what_pyspark_does_now(name: str) -> None:
    assert script_runs.run([sys.executable], name) == script_runs.recorded(name)
