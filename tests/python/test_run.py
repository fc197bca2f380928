"""``firesteel run`` and ``python -m firesteel``: a script runs as Python would run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


def command(tmp_path: Path, code: str, *arguments: str, short: bool = False) -> list[str]:
    """Write a script and return the command that runs it."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    return [sys.executable, "-m", "firesteel", *([] if short else ["run"]), str(script), *arguments]


def run(tmp_path: Path, code: str, *arguments: str, short: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code as a script."""
    words = command(tmp_path, code, *arguments, short=short)
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("short", [False, True])
def test_a_script_sees_its_name_arguments_and_folder(tmp_path: Path, *, short: bool) -> None:
    (tmp_path / "neighbour.py").write_text("here = 'yes'\n", encoding="utf-8")
    code = """
        import sys
        from neighbour import here
        print(__name__, sys.argv[1:], here, __file__ == sys.argv[0])
        """
    done = run(tmp_path, code, "--days", "3", "-v", short=short)
    assert (done.stdout, done.stderr, done.returncode) == ("__main__ ['--days', '3', '-v'] yes True\n", "", 0)


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('no luck')", 1, "no luck\n"),
    ],
)
def test_exit_statuses_are_the_scripts(tmp_path: Path, code: str, status: int, message: str) -> None:
    done = run(tmp_path, code)
    assert (done.returncode, done.stderr) == (status, message)


def test_a_failure_shows_the_scripts_frames_only(tmp_path: Path) -> None:
    done = run(tmp_path, "def inner():\n    raise ValueError('mine')\ninner()\n")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("ValueError: mine\n")
    assert "firesteel" not in done.stderr


def test_a_script_that_is_not_python_says_where(tmp_path: Path) -> None:
    done = run(tmp_path, "x = = 1\n")
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    assert "script.py" in done.stderr


def test_a_missing_script_is_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "firesteel", "run", str(tmp_path / "absent.py")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "absent.py" in done.stderr


def test_ctrl_c_ends_a_running_query_quietly(tmp_path: Path) -> None:
    code = """
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        query = spark.readStream.format("rate").load().writeStream.format("noop").start()
        print("running", flush=True)
        query.awaitTermination()
        """
    with subprocess.Popen(
        command(tmp_path, code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")


IGNORED = """
import os, signal
from pyspark.sql import SparkSession
print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, flush=True)
spark = SparkSession.builder.master("local[1]").getOrCreate()
query = spark.readStream.format("rate").load().writeStream.format("noop").start()
try:
    os.kill(os.getpid(), signal.SIGINT)
    query.awaitTermination()
except KeyboardInterrupt:
    query.stop()
    print("stopped", query.exception(), flush=True)
"""


def test_sigint_that_a_shell_ignored_for_its_background_job_is_heeded_once_there_is_a_session(tmp_path):
    # PySpark 4.3 makes its own handler with the context, also if the signal is ignored.
    script = tmp_path / "job.py"
    script.write_text(IGNORED)
    ended = subprocess.run(
        [sys.executable, "-m", "firesteel", "run", str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (ended.returncode, ended.stdout) == (0, "True\nstopped None\n"), ended.stderr
