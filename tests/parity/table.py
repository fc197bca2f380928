"""Write the README's table of parity cases: `python tests/parity/table.py`.

It counts the recorded cases of each program in ``answers/`` and those that ``known_gaps.toml``
lists. No case is run.
"""

from __future__ import annotations

import ast
import json
import tomllib

import programs

README = programs.HERE.parents[1] / "README.md"
BEGIN, END = "<!-- parity: written by tests/parity/table.py -->\n", "<!-- /parity -->"


def counts() -> dict[str, tuple[int, int]]:
    """Count each program's cases, and those of them that PySpark answers alike."""
    gaps = tomllib.loads((programs.HERE / "known_gaps.toml").read_text(encoding="utf-8"))
    found = {}
    for program in programs.names():
        asked = len(json.loads((programs.ANSWERS / f"{program}.json").read_text(encoding="utf-8")))
        found[program] = asked, asked - len(gaps.get(program, {}))
    return found


def about(program: str) -> str:
    """Return the first sentence of a program, without its full stop."""
    words = ast.get_docstring(ast.parse((programs.PROGRAMS / f"{program}.py").read_text(encoding="utf-8"))) or program
    return words.splitlines()[0].rstrip(".")


def table() -> str:
    """Return the table in Markdown."""
    found = counts()
    rows = [
        f"| [`{program}`](tests/parity/programs/{program}.py) | {about(program)} | {asked} | {same} |"
        for program, (asked, same) in found.items()
    ]
    asked, same = (sum(each) for each in zip(*found.values(), strict=True))
    head = ["| program | asks about | cases | as PySpark |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, f"| all | | {asked} | {same} ({100 * same // asked} %) |", ""])


def readme_with_table() -> str:
    """Return the README with the table as it should be now."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not after:
        raise ValueError(f"{README} must have the lines '{BEGIN.strip()}' and '{END}'")
    return before + BEGIN + table() + END + after


def write() -> None:
    """Write the README."""
    README.write_text(readme_with_table(), encoding="utf-8")


if __name__ == "__main__":
    write()
    print(f"written to {README}")
