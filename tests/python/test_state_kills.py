"""Queries with state that kill themselves at a step of the state, and go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from firesteel import _native

STEPS = ("state-written", "sink-committed", "commits", "state-folded", "state-merged")


@pytest.mark.skipif(not hasattr(_native, "CRASH_POINTS"), reason="built without the feature crash-points")
@pytest.mark.parametrize("job", ["aggregation", "join", "deduplication", "processor", "recurrent"])
def test_a_kill_at_any_step_of_the_state_changes_no_row(job: str) -> None:
    program = Path(__file__).parents[1] / "crash" / "state_kills.py"
    options = ["--job", job, "--files", "60", *(word for step in STEPS for word in ("--point", step))]
    killed = subprocess.run([sys.executable, program, *options], capture_output=True, text=True, check=False)
    assert killed.returncode == 0, killed.stdout + killed.stderr
