"""The output of a running job.

A terminal shows a block of lines that is drawn again in place. Other outputs get plain lines.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from firesteel.sql.streaming import StreamingQuery

POLL_SECONDS = 0.05
REDRAW_SECONDS = 0.1
LINE_SECONDS = 2.0


class Tally:
    """The work of a query's batches so far, from its progress reports."""

    def __init__(self, query: StreamingQuery) -> None:
        self._query = query
        self.batches = 0
        self.batch = -1
        self.rows = 0
        self.batch_ms = 0
        self.rows_per_second = 0.0

    def update(self) -> bool:
        """Take in the new reports, and return whether there were any."""
        # A report without new rows has the number of the next batch.
        reports = [
            report for report in self._query.recentProgress if report["numInputRows"] and report["batchId"] > self.batch
        ]
        for report in reports:
            self.batches += 1
            self.batch = report["batchId"]
            self.rows += report["numInputRows"]
            self.batch_ms = report["durationMs"]["triggerExecution"]
            self.rows_per_second = report["numInputRows"] * 1000 / max(self.batch_ms, 1)
        return bool(reports)

    def text(self) -> str:
        """Return the figures as one line."""
        return f"{self.rows_per_second:>9,.0f} rows/s   batch {self.batch:>3} took {self.batch_ms:>4} ms"


class Screen:
    """Shows the newest state of a job: on a terminal in place, elsewhere in a line now and then.

    Parameters
    ----------
    out
        The stream to write to, by default standard output.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self.live = self._out.isatty()
        self._drawn = 0
        self._last = ""
        self._next = 0.0

    def say(self, text: str = "") -> None:
        """Print a line that stays."""
        self._drawn = 0
        print(text, file=self._out, flush=True)

    def due(self) -> bool:
        """Return whether it is time to draw again."""
        return time.monotonic() >= self._next

    def draw(self, headline: str, details: list[str]) -> None:
        """Draw the headline in place of the former one, on a terminal with the details below it."""
        if self.live:
            up = f"\x1b[{self._drawn}A" if self._drawn else ""
            width = shutil.get_terminal_size().columns  # a line that wraps would count as two
            lines = [line[:width] for line in (headline, *details)]
            self._out.write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
            self._drawn = len(lines)
            self._next = time.monotonic() + REDRAW_SECONDS
        elif headline != self._last:  # the end of a run draws once more, which plain lines need not repeat
            self._last = headline
            self._out.write(headline + "\n")
            self._next = time.monotonic() + LINE_SECONDS
        self._out.flush()

    @contextmanager
    def drawing(self) -> Iterator[Screen]:
        """Hide the cursor while lines are drawn again, and show it whatever happens."""
        if self.live:
            self._out.write("\x1b[?25l")
        try:
            yield self
        finally:
            if self.live:
                self._out.write("\x1b[?25h")
                self._out.flush()


def bar(done: int, total: int, width: int = 30) -> str:
    """Return a progress bar with its percentage."""
    share = min(done / total, 1.0) if total else 1.0
    full = int(share * width)
    return f"{'█' * full}{'░' * (width - full)} {share:>4.0%}"
