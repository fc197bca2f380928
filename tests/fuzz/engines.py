"""The two engines, each in a process of its own that answers cases until it is told to end.

A process that dies or falls silent costs one case. The answer of that case is ``{"no answer":
why}``. A new process goes on.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from dialects import Case

ASK = str(Path(__file__).resolve().with_name("ask.py"))
COMMANDS = {"PySpark": [sys.executable, ASK], "Firesteel": [sys.executable, "-m", "firesteel", "run", ASK]}
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Every query is new: the second compiler and the parallel collector cost more than they give."""
SILENT_SECONDS = {"PySpark": 3600, "Firesteel": 300}
"""An engine without an answer for so long hangs. PySpark starts slowly on a busy machine."""
SUSPECTS = 200
"""After a death so many cases are asked one by one, in search of the one that killed."""


class Engine:
    """One engine and the process that runs it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: subprocess.Popen[str] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
        self._log = self._folder / "log"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def answers(self, dialect: str, cases: list[Case]) -> list[Any]:
        """Answer every case, in their order."""
        found: dict[int, Any] = {}
        suspects = 0
        while len(found) < len(cases):
            missing = [index for index in range(len(cases)) if index not in found]
            asked = missing[:suspects] if suspects else missing
            answered, ended = self._request(dialect, [cases[index] for index in asked], alone=suspects > 0)
            found.update({asked[place]: answer for place, answer in answered.items()})
            if ended is None:
                suspects = 0
            elif not suspects:
                suspects = SUSPECTS
            else:
                [culprit, *_] = [index for index in asked if index not in found]
                found[culprit] = {"no answer": ended}
        return [found[index] for index in range(len(cases))]

    def _request(self, dialect: str, cases: list[Case], *, alone: bool) -> tuple[dict[int, Any], str | None]:
        """Ask once. Return the answers, and the end of the process if it ended."""
        process = self._running()
        asked, answers = self._folder / "cases", self._folder / "answers"
        asked.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
        answers.write_text("", encoding="utf-8")
        request = {"dialect": dialect, "cases": str(asked), "answers": str(answers), "alone": alone}
        if process.stdin is None or process.stdout is None:
            raise RuntimeError(f"{self.name} was started without pipes")
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        ended = self._waited(process, answers)
        lines = answers.read_text(encoding="utf-8").split("\n")[:-1]
        return dict(json.loads(line) for line in lines), ended

    def _waited(self, process: subprocess.Popen[str], answers: Path) -> str | None:
        size, last = -1, time.monotonic()
        while not select.select([process.stdout], [], [], 0.5)[0]:
            if answers.stat().st_size != size:
                size, last = answers.stat().st_size, time.monotonic()
            elif time.monotonic() - last > SILENT_SECONDS[self.name]:
                self._end()
                return f"silent for {SILENT_SECONDS[self.name]} s"
        if process.stdout is not None and process.stdout.readline() == "done\n":
            return None
        status = process.wait()
        self._end()
        return f"process ended with {status}: {self._log.read_text(encoding='utf-8', errors='replace')[-600:]}"

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(
                    COMMANDS[self.name],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env={**os.environ, "PYSPARK_PYTHON": sys.executable, "JAVA_TOOL_OPTIONS": JAVA},
                )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
