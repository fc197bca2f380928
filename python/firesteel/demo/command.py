"""``firesteel demo``: lay out the flights, run the job and measure it."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from firesteel._screen import POLL_SECONDS, Screen, Tally, bar
from firesteel.demo import job, quality
from firesteel.demo.data import Arrivals, copy_weather
from firesteel.sql import SparkSession
from firesteel.sql.streaming import StreamingQuery

#: The files that the demo makes in its folder, and that ``fresh`` removes.
OURS = ("flights", "weather.csv", "checkpoint", "predictions", "quality.png")

INTERRUPTED = 130
NEWEST = 4


@dataclass(frozen=True)
class Options:
    """The arguments of ``firesteel demo``."""

    output: Path
    fresh: bool = False
    follow: bool = False
    every: float = 0.25
    trigger: str = "1 second"
    files_per_batch: int = 4
    days: int | None = None
    plot: bool = True


def run(options: Options) -> int:
    """Run the demonstration and return its exit status: 0, or 130 after Ctrl-C."""
    if options.plot:
        require_matplotlib()
    screen = Screen()
    folder = options.output
    if options.fresh:
        remove(folder)
    arrivals = Arrivals(folder / "flights", options.days)
    copy_weather(folder / "weather.csv")

    spark = SparkSession.builder.appName("firesteel demo").getOrCreate()
    before = already_scored(spark, folder)
    how = f"one day every {options.every:g} s" if options.follow else "all files at once"
    screen.say(
        f"Firesteel demo: {arrivals.total:,} flights in {arrivals.files} files, {how}, scored by {job.MODEL.name}"
    )
    if before:
        screen.say(f"{before:,} of them were scored by earlier runs and stay as they are (--fresh starts anew)")

    if options.follow:
        query = job.start(spark, folder, options.files_per_batch, {"processingTime": options.trigger})
        stop_feeding = feed(arrivals, options.every)
    else:
        arrivals.land_all()
        query = job.start(spark, folder, options.files_per_batch, {"availableNow": True})
        stop_feeding = threading.Event()
    status = 0
    progress = Progress(spark, folder, before, arrivals.total)
    try:
        watch(screen, query, progress, until_all=options.follow)
    except KeyboardInterrupt:
        status = INTERRUPTED
        screen.say("stopping after this batch; what is committed stays, and the next run goes on from there")
    finally:
        stop_feeding.set()
        query.stop()
    report(screen, spark, options)
    return status


def require_matplotlib() -> None:
    """Raise before the work if the plot cannot be drawn."""
    try:
        import matplotlib as mpl
    except ImportError as error:
        message = "the demo draws a plot with matplotlib, which is not installed: pip install 'firesteel[demo]'"
        raise RuntimeError(message) from error
    del mpl


def remove(folder: Path) -> None:
    """Remove the files of an earlier demo from the folder, and no others."""
    for name in OURS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def feed(arrivals: Arrivals, every: float) -> threading.Event:
    """Let one file after the other arrive on another thread, until the returned event is set."""
    stop = threading.Event()

    def drop() -> None:
        for _ in arrivals.land():
            if stop.wait(every):
                return

    threading.Thread(target=drop, name="arrivals", daemon=True).start()
    return stop


def already_scored(spark: SparkSession, folder: Path) -> int:
    """Return how many predictions earlier runs have committed."""
    predictions = folder / "predictions"
    # The log's folder exists before its first entry. A run may have been killed in between.
    if not any((predictions / "_spark_metadata").glob("[0-9]*")):
        return 0
    return spark.read.parquet(str(predictions)).count()


class Progress:
    """How far the scoring is, over all runs."""

    def __init__(self, spark: SparkSession, folder: Path, before: int, total: int) -> None:
        self._spark = spark
        self.folder = folder
        self.before = before
        self.total = total

    def line(self, tally: Tally) -> str:
        """Return the progress as one line of text."""
        done = min(self.before + tally.rows, self.total)
        return f"{bar(done, self.total)}  {done:>9,} flights  {tally.text()}"

    def complete(self, tally: Tally) -> bool:
        """Return whether every flight is scored.

        A batch that was replayed after a crash may count twice. So the committed rows are counted
        before it says yes.
        """
        if self.before + tally.rows < self.total:
            return False
        committed = already_scored(self._spark, self.folder)
        self.before = committed - tally.rows
        return committed >= self.total


def watch(screen: Screen, query: StreamingQuery, progress: Progress, *, until_all: bool) -> None:
    """Show the query until it ends or every flight is scored, and raise its error."""
    tally = Tally(query)
    newest = Newest(progress.folder / "predictions")
    with screen.drawing():
        while active := query.isActive:
            time.sleep(POLL_SECONDS)
            if tally.update() and screen.due():
                screen.draw(progress.line(tally), newest.lines())
            if until_all and progress.complete(tally):
                break
        if not active:
            query.awaitTermination()  # raises the error of the query
        tally.update()
        screen.draw(progress.line(tally), newest.lines())
    if not tally.rows:
        screen.say("nothing new had arrived")


class Newest:
    """The newest predictions, from the newest file in the output."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(self) -> list[str]:
        """Return one line for each of the last few predictions."""
        files = sorted(self._folder.glob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns)
        if not files:
            return []
        table = pq.read_table(files[-1])
        return [describe(row) for row in table.slice(max(table.num_rows - NEWEST, 0)).to_pylist()]


def describe(row: dict) -> str:
    """Return one prediction as a line of text."""
    day = time.strftime("%d %b", (row["year"], row["month"], row["day"], 0, 0, 0, 0, 0, 0))
    hour, minute = divmod(row["sched_dep_time"], 100)
    return (
        f"   {day} {hour:02}:{minute:02}  {row['carrier']} {row['flight']:<5} {row['origin']} → {row['dest']}   "
        f"late {row['late_probability']:>4.0%}   expected {round(row['delay_minutes']):>+4} min"
    )


def report(screen: Screen, spark: SparkSession, options: Options) -> None:
    """Measure the predictions, draw the plot and print the place of the output."""
    predictions = options.output / "predictions"
    if not already_scored(spark, options.output):
        screen.say("nothing has been scored yet")
        return
    scored = spark.read.parquet(str(predictions)).toArrow()
    measured = quality.measure(scored, quality.load_facts())
    screen.say()
    for line in measured.lines():
        screen.say(line)
    if options.plot:
        target = options.output / "quality.png"
        quality.plot(scored, measured, target)
        screen.say(f"plot                     {target}")
    screen.say(f"predictions              {predictions}")
