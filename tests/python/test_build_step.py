"""A build shows its progress, missing tools and errors: ``.ci/step.py``, ``.ci/check-tools.sh``."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / ".ci"
ERROR = "error[E0308]: mismatched types\n --> src/a.rs:1:1\n  |\n\nerror: could not compile `a`\n"


@pytest.mark.parametrize(
    "tool, remedy",
    [("python3", "Python 3.11 or newer"), ("cargo", "rustup"), ("rustc", "rustup"), ("cc", "gcc or clang")],
)
def test_a_missing_tool_is_named_with_how_to_get_it(tmp_path, tool, remedy):
    for name in {"python3", "cargo", "rustc", "cc", "sed", "sh"} - {tool}:
        found = sys.executable if name == "python3" else shutil.which(name)
        assert found, f"{name} is needed for this test"
        (tmp_path / name).write_text(f'#!{shutil.which("sh")}\nexec "{found}" "$@"\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    checked = subprocess.run(
        [shutil.which("sh") or "sh", CI / "check-tools.sh", "python3"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 1
    (said,) = checked.stderr.splitlines()
    assert said.startswith("missing: ") and remedy in said


def _step(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, CI / "step.py", "Building", sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def progress():
    """A step that has not heard anything yet."""
    spec = importlib.util.spec_from_file_location("step", CI / "step.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Progress()


def test_a_step_that_fails_shows_the_whole_error_and_keeps_the_status():
    news = "   Compiling a v0.1.0 (/a)\n    Building [==>  ] 1/2: a\r"
    failed = _step(f"import sys; sys.stderr.write({news + ERROR!r}); sys.exit(101)")

    assert failed.returncode == 101
    first, *said, last = failed.stderr.splitlines(keepends=True)
    assert (first, "".join(said)) == ("Building\n", ERROR)
    assert last.startswith("  failed after")


def test_a_step_passes_standard_output_too():
    assert "an answer\n" in _step("print('an answer')").stderr


def test_a_step_passes_a_last_line_that_has_no_end():
    assert "half a line\n" in _step("import sys; sys.stderr.write('half a line')").stderr


def test_a_step_that_is_killed_fails():
    assert _step("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").returncode == 128 + 9


def test_a_step_ends_with_its_command_though_another_process_keeps_the_pipe(tmp_path):
    os.mkfifo(tmp_path / "until")
    waits = f"open({str(tmp_path / 'until')!r}).read()"
    ended = _step(
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {waits!r}], stdout=subprocess.DEVNULL)"
    )

    (tmp_path / "until").write_text("now")
    assert ended.returncode == 0


def test_a_log_gets_a_line_every_half_minute(progress):
    progress.passes(b"    Building [====>      ] 120/410: arrow-array, syn(build)")
    lines = [progress.due(second) for second in range(200)]

    assert [line for line in lines if line][:2] == [
        "  built 120 of 410 crates and build scripts, 30 s",
        "  built 120 of 410 crates and build scripts, 1 min 0 s",
    ]
    assert sum(line is not None for line in lines) == 6


def test_crates_that_are_fetched_are_counted(progress):
    assert not progress.passes(b"       Fetch [=================>               ] 241 complete; 28 pending   ")
    assert progress.now(20, 80) == "  fetched 241 of 269 files, 20 s"


def test_a_terminal_gets_the_crates_too_within_its_width(progress):
    progress.passes(b"\x1b[1m\x1b[96m    Building\x1b[0m [====>      ] 7/9: arrow-array, syn(build)   ")

    assert progress.now(200, 80) == "  built 7 of 9 crates and build scripts, 3 min 20 s: arrow-array, syn(build)"
    assert len(progress.now(200, 40)) == 39


@pytest.mark.parametrize(
    "line, passes",
    [
        (b"   Compiling arrow v59.3.2", False),
        (b"\x1b[1m\x1b[92m    Finished\x1b[0m `dev` profile [optimized] target(s) in 1.2s", False),
        ("🔗 Found pyo3 bindings with abi3-py3.11 support".encode(), False),
        ("⚠️  Warning: the extension is stale".encode(), True),
        (b"    Blocking waiting for file lock on build directory", True),
        (b"Compiling is what failed", True),
        (b"", True),
    ],
)
def test_only_news_of_cargo_and_maturin_is_left_out(progress, line, passes):
    assert progress.passes(line) is passes
