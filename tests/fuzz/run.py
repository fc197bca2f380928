"""Asks PySpark and Firesteel the same seeded cases: ``python tests/fuzz/run.py csv --seed 1``.

It shows the differences. The exit status is 0 if all of them are of kinds that `known.toml` lists.
It needs Java 17, PySpark and Firesteel. PySpark is slow and does not change, so its answers are
kept in `--cache`. The same cases need only Firesteel the next time.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "parity")]
import dialects
import differences
import recorded
from engines import Engine

SEED, CASES = 1, 2000
CACHE = Path("~/.cache/firesteel/fuzz")


def main() -> int:
    """Run the dialects that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dialect", nargs="+", choices=[*dialects.NAMES, *dialects.BY_HAND, "all"])
    parser.add_argument("--cases", type=int, default=CASES, help=f"so many of each dialect (default {CASES})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the generators (default {SEED})")
    parser.add_argument("--case", help="ask this one instead: JSON, as `--show json` prints it")
    parser.add_argument("--groups", type=int, default=40, help="show so many groups, the biggest first (default 40)")
    parser.add_argument("--shrink", type=int, default=20, help="search for the smallest case of so many groups")
    parser.add_argument("--each", action="store_true", help="put each difference in a group of its own")
    parser.add_argument("--show", choices=["code", "json"], default="code", help="how a case is shown")
    parser.add_argument("--record", action="store_true", help="write PySpark's answers to answers/, ask no Firesteel")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"where PySpark's answers are kept (default {CACHE})")
    chosen = parser.parse_args()
    for package in ("pyspark", "firesteel"):
        if importlib.util.find_spec(package) is None:
            parser.error(f"{package} is not in the environment of {sys.executable}")
    names = list(dialects.NAMES) if "all" in chosen.dialect else chosen.dialect
    with Engine("PySpark") as pyspark, Engine("Firesteel") as firesteel:
        cached = recorded.Cached(pyspark, chosen.cache.expanduser())
        if chosen.record:
            for name in names:
                recorded.write(name, cached, dialects.cases(name, chosen.seed, chosen.cases))
            return 0
        outcomes = [_run(name, (cached, firesteel), chosen) for name in names]
    print("; ".join(map(_summary, outcomes)))
    return 1 if any(outcome.unlisted for outcome in outcomes) else 0


def _run(name: str, engines: differences.Engines, chosen: argparse.Namespace) -> differences.Outcome:
    cases = [json.loads(chosen.case)] if chosen.case else dialects.cases(name, chosen.seed, chosen.cases)
    started = time.monotonic()
    outcome = differences.sort(name, len(cases), differences.ask_both(engines, name, cases))
    print(f"## {name}: {len(cases)} cases of seed {chosen.seed} in {time.monotonic() - started:.0f} s")
    groups = sorted(outcome.groups.values(), key=len, reverse=True)
    if chosen.each:
        groups = [[difference] for group in groups for difference in group]
    groups = groups[: chosen.groups]
    smallest = [min(group, key=lambda difference: difference.size) for group in groups]
    smallest[: chosen.shrink] = differences.shrink(engines, smallest[: chosen.shrink])
    for group, difference in zip(groups, smallest, strict=True):
        print(f"\n{len(group)} × {difference.likeness}\n  {difference}")
        if chosen.show == "json":
            print(f"    case    {json.dumps(difference.case)}\n    pyspark {json.dumps(difference.expected)}")
    for kind, count in outcome.known.most_common():
        print(f"\n{count} × {kind} (known)")
    if (chosen.seed, chosen.cases) == (SEED, CASES) and not chosen.case:
        for kind in outcome.gone:
            print(f"\nno case is of the kind {kind!r} any more: take it out of known.toml")
    print(flush=True)
    return outcome


def _summary(outcome: differences.Outcome) -> str:
    known = sum(outcome.known.values())
    return f"{outcome.dialect}: {outcome.asked} cases, {outcome.unlisted} differ, {known} more in known kinds"


if __name__ == "__main__":
    sys.exit(main())
