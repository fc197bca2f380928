"""Draw the README's chart from a report: `python tests/bench/chart.py [REPORT.json] [CHART.svg]`.

`run.py` writes the report. Every figure comes from one report. The chart names the workload, the
machine and the script. A report without PySpark is refused, since nothing can be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDTH, LEFT, BAR, GAP = 720, 190, 22, 8
INK, MUTED, OURS, THEIRS = "#24292f", "#57606a", "#c4471c", "#8c959f"

GROUPS = {
    "batch": ("ours, batch", "PySpark mapInArrow, batch", "PySpark pandas_udf, batch"),
    "stream, availableNow": ("ours, stream", "PySpark mapInArrow, stream", "PySpark pandas_udf, stream"),
}
"""The bars of each group by the names of figures in `scoring.py`: ours and PySpark's two."""
LABELS = ("Firesteel", "PySpark 4.3, mapInArrow", "PySpark 4.3, pandas_udf")


def bars(figures: dict[str, float]) -> list[tuple[str, str, float, str]]:
    """List the group, label, millions of rows a second and colour of each bar, from the top."""
    listed = []
    for group, names in GROUPS.items():
        for label, name in zip(LABELS, names, strict=True):
            if name not in figures:
                raise SystemExit(f"the report has no figure '{name}': run tests/bench/run.py where Java is")
            listed.append((group, label, figures[name], OURS if label == LABELS[0] else THEIRS))
    return listed


def draw(report: dict) -> str:
    """Return the chart as SVG."""
    figures = report["benchmarks"]["scoring"]["figures"]
    listed = bars({figure["name"]: figure["value"] for figure in figures})
    longest = max(value for _, _, value, _ in listed)
    machine = report["machine"]
    y = 64
    shapes = []
    group_before = None
    for group, label, value, colour in listed:
        if group != group_before:
            y += GAP * 2 + 14
            shapes.append(text(LEFT, y - GAP, group, 13, INK, weight=600))
            group_before = group
        length = max(value / longest * (WIDTH - LEFT - 110), 1)
        shapes.append(text(LEFT - 10, y + BAR - 6, label, 13, INK, anchor="end"))
        shapes.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" fill="{colour}"/>')
        shapes.append(text(LEFT + length + 8, y + BAR - 6, f"{value:g} M rows/s", 13, INK))
        y += BAR + GAP
    foot = f"{machine['cores']} cores, {machine['system'].split('-')[0]}, Python {machine['python']}; tests/bench/scoring.py"
    height = y + 40
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img"',
            '     font-family="system-ui, sans-serif">',
            f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#ffffff"/>',
            text(16, 30, "Rows scored in a second, by the same model on the same machine", 16, INK, weight=600),
            text(16, 50, "1 M rows of 32 features, a multilayer perceptron in ONNX; more is better", 13, MUTED),
            *shapes,
            text(16, height - 14, foot, 12, MUTED),
            "</svg>",
            "",
        ]
    )


def text(x: float, y: float, words: str, size: int, colour: str, anchor: str = "start", weight: int = 400) -> str:
    """Return one line of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="{colour}">{escape(words)}</text>'
    )


def main() -> int:
    """Read a report and write a chart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", nargs="?", type=Path, default=ROOT / ".build" / "bench" / "report.json")
    parser.add_argument("chart", nargs="?", type=Path, default=ROOT / "docs" / "scoring.svg")
    arguments = parser.parse_args()
    arguments.chart.write_text(draw(json.loads(arguments.report.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"written to {arguments.chart}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
