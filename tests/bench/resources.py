"""The resident memory, threads and open files of a process, and whether they stay flat."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import asdict, dataclass

import psutil

MB = 1_000_000

#: The growth after the warm-up that still counts as flat, since allocators vary.
FLAT = 1.05


class Tally:
    """A sum that several threads add to."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Add to the sum."""
        with self._lock:
            self.total += count


#: The rows that ``foreach`` writers saw. A writer is copied, but the module is not. It is a sum,
#: since a list would grow with every batch and the test looks for growth.
seen = Tally()


@dataclass(frozen=True)
class Usage:
    """The resources of this process at a point of its work.

    The point is in seconds or in batches since the start.
    """

    at: float
    rss_mb: float
    threads: int
    files: int

    @classmethod
    def now(cls, at: float) -> Usage:
        """Return the resources of this process."""
        process = psutil.Process()
        with process.oneshot():
            return cls(round(at, 1), round(process.memory_info().rss / MB, 1), process.num_threads(), process.num_fds())


class Curve:
    """The usage over a run, oldest first."""

    def __init__(self) -> None:
        self.points: list[Usage] = []

    def add(self, at: float) -> Usage:
        """Measure now."""
        self.points.append(Usage.now(at))
        return self.points[-1]

    def near(self, at: float) -> Usage:
        """Return the measurement nearest to a point of the work."""
        return min(self.points, key=lambda usage: abs(usage.at - at))

    def growth(self, warm: float) -> float:
        """Return the resident memory at the end over that after the warm-up.

        Each is the median of a tenth of the points after the warm-up.
        """
        first, last = self._ends(warm)
        return statistics.median(each.rss_mb for each in last) / statistics.median(each.rss_mb for each in first)

    def flat(self, warm: float) -> bool:
        """Return whether memory, threads and open files have not grown since the warm-up."""
        first, last = self._ends(warm)
        # Runtimes start and end spare threads, and a batch opens a file for a moment. So the least
        # number at either end counts.
        threads = min(each.threads for each in last) <= max(each.threads for each in first)
        files = min(each.files for each in last) <= max(each.files for each in first)
        return self.growth(warm) <= FLAT and threads and files

    def _ends(self, warm: float) -> tuple[list[Usage], list[Usage]]:
        after = [usage for usage in self.points if usage.at >= warm]
        tenth = max(1, len(after) // 10)
        return after[:tenth], after[-tenth:]

    def report(self) -> list[dict]:
        """Return the curve as data."""
        return [asdict(usage) for usage in self.points]


def lines(curve: Curve, at: list[float], unit: str) -> list[str]:
    """Return some points of a curve as lines of text."""
    found = [curve.near(point) for point in at]
    return [
        f"{each.at:>9.0f} {unit}  {each.rss_mb:7.1f} MB  {each.threads:3} threads  {each.files:3} files"
        for each in found
    ]


def sample(curve: Curve, every: float, stop: threading.Event, tell) -> None:
    """Measure at an interval of seconds until told to stop."""
    began = time.monotonic()
    while not stop.wait(every):
        tell(curve.add(time.monotonic() - began))
