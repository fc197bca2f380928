"""The figures that a benchmark reports, each beside its target if it has one."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured value. ``met`` is None if there is no target."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None


def figure(name: str, value: float, unit: str) -> Figure:
    """Return a figure without a target."""
    return Figure(name, significant(value), unit)


def at_most(limit: float, name: str, value: float, unit: str) -> Figure:
    """Return a figure that must not be more than a limit."""
    return Figure(name, significant(value), unit, f"≤ {limit:g} {unit}", value <= limit)


def at_least(limit: float, name: str, value: float, unit: str) -> Figure:
    """Return a figure that must not be less than a limit."""
    return Figure(name, significant(value), unit, f"≥ {limit:g} {unit}", value >= limit)


def significant(value: float) -> float:
    """Return the value as it is shown: four digits, all of a whole number."""
    return round(value) if abs(value) >= 10_000 else float(f"{value:.4g}")


def table(figures: list[Figure]) -> list[str]:
    """Return figures as a Markdown table."""
    said = {None: "", True: "yes", False: "**no**"}
    lines = ["| figure | value | target | met |", "|---|---|---|---|"]
    return lines + [
        f"| {each.name} | {each.value:g} {each.unit} | {each.target} | {said[each.met]} |" for each in figures
    ]


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the option that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser


def report(figures: list[Figure], out: Path | None, **details: Any) -> None:
    """Print figures, and write them and whatever else was measured as JSON if a file is given."""
    print("\n".join(table(figures)), flush=True)
    if out:
        out.write_text(json.dumps({"figures": [asdict(each) for each in figures], "details": details}, indent=2))
