"""Run one step of a build and show its progress: ``python .ci/step.py TITLE COMMAND...``.

Cargo draws its bar only in a terminal and without the time. This script makes one line of the bar.
A terminal redraws the line, and a log gets one every half minute. Lines of status are left out.
Every other line of the command's two outputs passes unchanged.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

SECONDS_BETWEEN_LINES = 30
COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
BAR = re.compile(rb" *Building \[[=> ]*\] (\d+)/(\d+)(?:: (.*))?")
FETCH = re.compile(rb" *Fetch \[[=> ]*\] (\d+) complete; (\d+) pending")
VERBS = [
    "Adding",
    "Checking",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Executable",
    "Finished",
    "Locking",
    "Updating",
]
STATUS = re.compile("|".join([*(f"{verb:>12} " for verb in VERBS), *"🍹🐍🔗📡✏"]).encode())
"""Lines of status of Cargo and maturin. Each verb is aligned as Cargo aligns it.

A wait for the lock of another build is none of these.
"""
LINE_END = re.compile(rb"\r\n|\r|\n")


def spoken(seconds: float) -> str:
    """Return a length of time as words."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Progress:
    """The progress of a step, taken from its lines."""

    def __init__(self) -> None:
        self._count = ""
        self._names = ""
        self._next_line: float = SECONDS_BETWEEN_LINES

    def passes(self, line: bytes) -> bool:
        """Take a line, and return whether it is for the reader."""
        plain = COLOUR.sub(b"", line)
        if bar := BAR.match(plain):
            done, total, names = bar.groups()
            self._count = f"built {int(done)} of {int(total)} crates and build scripts, "
            self._names = (names or b"").decode(errors="replace").strip()
            return False
        if bar := FETCH.match(plain):
            done, left = map(int, bar.groups())
            self._count = f"fetched {done} of {done + left} files, "
            return False
        return not STATUS.match(plain)

    def now(self, elapsed: float, width: int) -> str:
        """Return the line for a terminal: with the crates in work, cut to its width."""
        names = f": {self._names}" if self._names else ""
        return f"  {self._count}{spoken(elapsed)}{names}"[: width - 1]

    def due(self, elapsed: float) -> str | None:
        """Return the line for a log, if its time has come."""
        if elapsed < self._next_line:
            return None
        self._next_line = elapsed + SECONDS_BETWEEN_LINES
        return f"  {self._count}{spoken(elapsed)}"


def heard(process: subprocess.Popen[bytes]) -> Iterator[bytes | None]:
    """Yield each line of the command and None each second until it ends."""
    pipe = process.stdout
    assert pipe is not None
    os.set_blocking(pipe.fileno(), False)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        ended = False
        # The command's own end counts: a process that it left behind may hold the pipe open.
        while not ended:
            ended = process.poll() is not None
            if selector.select(0 if ended else 1):
                while read := pipe.read(65536):
                    *lines, rest = LINE_END.split(rest + read)
                    yield from lines
                ended = ended or read == b""
            yield None
    if rest:
        yield rest


def main(title: str, command: list[str]) -> int:
    """Run the command, and return its exit status."""
    terminal = sys.stderr.isatty()
    environment = os.environ | {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "120"}
    if terminal and "NO_COLOR" not in os.environ:
        environment.setdefault("CARGO_TERM_COLOR", "always")
    started = time.monotonic()
    progress = Progress()

    def write(line: bytes, end: bytes = b"\n") -> None:
        sys.stderr.buffer.write((b"\r\x1b[K" if terminal else b"") + line + end)
        sys.stderr.buffer.flush()

    write(title.encode())
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment) as process:
        # Ctrl-C reaches the command too, and its end is waited for.
        signal.signal(signal.SIGINT, lambda _signal, _frame: None)
        signal.signal(signal.SIGTERM, lambda _signal, _frame: process.terminate())
        for line in heard(process):
            if line is not None and progress.passes(line):
                write(line)
            elapsed = time.monotonic() - started
            if terminal:
                write(progress.now(elapsed, shutil.get_terminal_size().columns).encode(), end=b"")
            elif due := progress.due(elapsed):
                write(due.encode())
    status = process.returncode
    write(f"  {'failed after' if status else 'done in'} {spoken(time.monotonic() - started)}".encode())
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
