"""``firesteel checkpoint``: its arguments, and its reports as text."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any


def add(commands: argparse._SubParsersAction) -> None:
    """Describe ``firesteel checkpoint``."""
    group = commands.add_parser(
        "checkpoint",
        allow_abbrev=False,
        help="look at, verify or change a query's checkpoint",
        description="Look at, verify or change the checkpoint of a streaming query.",
    )
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    inspect = action(actions, "inspect", "say what a checkpoint holds, also of a query that runs")
    inspect.add_argument("--json", action="store_true", help="print one JSON object")
    fsck = action(actions, "fsck", "read and verify everything; the status is 1 if anything is wrong")
    fsck.add_argument("--json", action="store_true", help="print one JSON object")
    rescale = action(actions, "rescale", "give the state another number of partitions")
    rescale.add_argument("partitions", type=whole, metavar="N", help="the number of partitions")
    rollback = action(actions, "rollback", "go back to the state after an earlier batch")
    rollback.add_argument("--to", type=whole, required=True, metavar="BATCH", help="the batch to go back to")
    later = rollback.add_mutually_exclusive_group(required=True)
    later.add_argument(
        "--replay", dest="later", action="store_const", const="replay", help="later batches run again, with their rows"
    )
    later.add_argument(
        "--forget", dest="later", action="store_const", const="forget", help="the sink takes later batches back"
    )


def action(actions: argparse._SubParsersAction, name: str, what: str) -> argparse.ArgumentParser:
    """Return the parser of one action on the checkpoint PATH."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name, allow_abbrev=False, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.add_argument("path", metavar="PATH", help="the query's checkpointLocation")
    return parser


def whole(text: str) -> int:
    """Return the text as a whole number."""
    if not (text.isascii() and text.isdecimal()):
        message = f"expected a whole number, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint ACTION`` and return the exit status."""
    return ACTIONS[options.action](options)


def inspect(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint inspect``."""
    from firesteel import checkpoint

    about = checkpoint.inspect(options.path)
    print(json.dumps(about, indent=2) if options.json else "\n".join(described(about)))
    return 0


def fsck(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint fsck``."""
    from firesteel import checkpoint

    report = checkpoint.fsck(options.path)
    findings = report["findings"]
    print(json.dumps(report, indent=2) if options.json else "\n".join(verdict(report)))
    return 1 if findings else 0


def verdict(report: dict[str, Any]) -> list[str]:
    """Return what a verification found, and how much it read."""
    lines = []
    for finding in report["findings"]:
        lines += [finding["file"], f"  found   {finding['problem']}", f"  means   {finding['meaning']}"]
        lines += [f"  remedy  {finding['remedy']}", ""]
    files = f"{report['stateFiles']} {plural('file', report['stateFiles'])} of state"
    read = f"{report['batches']} {'batch' if report['batches'] == 1 else 'batches'}, {files} ({report['stateBytes']:,} bytes)"
    if report["findings"]:
        count = len(report["findings"])
        return [*lines, f"{count} {plural('finding', count)} in {read}"]
    then = "" if report["next"] is None else f"; next: {next_step(report['next'])}"
    return [f"sound: {read}{then}"]


def rescale(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint rescale``."""
    from firesteel import checkpoint

    before = checkpoint.rescale(options.path, options.partitions)
    print(f"{options.path}: {options.partitions} {plural('partition', options.partitions)}, before {before}")
    return 0


def rollback(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint rollback``."""
    from firesteel import checkpoint

    report = checkpoint.rollback(options.path, to=options.to, later=options.later)
    batches = span({"oldest": report["to"] + 1, "newest": report["through"]})
    then = f"{batches} run again at the next start" if report["kind"] == "replay" else f"{batches} are forgotten"
    print(f"{options.path}: back after batch {report['to']}; {then}")
    return 0


def described(about: dict[str, Any]) -> list[str]:
    """Return what a checkpoint says of itself, a fact a line."""
    lines = [
        line("checkpoint", about["path"]),
        line("query", f"{about['id']} ({about['mode'] or 'written by Spark alone'})"),
        line("batches", f"begun {span(about['offsets'])}, committed {span(about['commits'])}"),
        line("next", next_step(about["next"])),
    ]
    if about["rollback"] is not None:
        lines.append(line("rollback", rollback_stage(about["rollback"])))
    if about["clockMs"] is not None:
        lines.append(line("newest clock", instant(about["clockMs"])))
    if about["watermarkMs"]:
        lines.append(line("watermark", instant(about["watermarkMs"])))
    for source in about["sources"]:
        once = "" if source["replays"] is not False else ", cannot give rows again"
        end = "nothing yet" if source["end"] is None else f"up to {json.dumps(source['end'])}"
        lines.append(line(f"source {source['number']}", f"{source['description'] or 'unknown'}: {end}{once}"))
    lines.extend(line("output", f"{output['sink']}, from batch {output['from']}") for output in about["outputs"])
    if about["state"] is not None:
        lines.extend(state(about["state"]))
    return lines


def state(about: dict[str, Any]) -> list[str]:
    """Return the lines of a query's state."""
    kept = about["versions"]
    versions = "no version kept" if kept is None else f"versions {span(kept)} kept"
    size = f"{about['files']} {plural('file', about['files'])}, {about['bytes']:,} bytes"
    partitions = f"{about['partitions']} {plural('partition', about['partitions'])}"
    lines = [line("state", f"version {about['version']}; {versions}; {partitions}; {size}")]
    if about["problem"] is not None:
        lines.append(line("", f"cannot be read: {about['problem'].splitlines()[0]}"))
    for operator in about["operators"]:
        rows = "" if operator["rows"] is None else f", {operator['rows']:,} {plural('row', operator['rows'])}"
        lines.append(line(f"operator {operator['number']}", f"{operator['name']}{rows}"))
        for table in operator["tables"]:
            lines.append(line(f"  {table['name']}", f"{columns(table['key'])} -> {columns(table['value'])}"))
    return lines


def columns(schema: dict[str, Any]) -> str:
    """Return a schema as one line: names and types."""
    from firesteel.sql.types import StructType

    fields = StructType.fromJson(schema).fields
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in fields) or "()"


def line(name: str, text: str) -> str:
    """Return a line with its name in a column of its own."""
    return f"{name:<13} {text}"


def span(numbers: dict[str, int] | None) -> str:
    """Return the oldest and the newest number."""
    if numbers is None:
        return "none"
    oldest, newest = numbers["oldest"], numbers["newest"]
    return str(newest) if oldest == newest else f"{oldest} to {newest}"


def next_step(step: dict[str, Any]) -> str:
    """Return what a query that starts does first."""
    if step["action"] == "refuse":
        return "the query does not start: a file of a batch is missing ('firesteel checkpoint fsck' says which)"
    if step["action"] != "replay":
        return f"batch {step['batch']}"
    batches = span({"oldest": step["batch"], "newest": step["through"]})
    return f"batch {batches} again, with the range in the log"


def rollback_stage(about: dict[str, Any]) -> str:
    """Return how far a rollback is."""
    if about["stage"] == "begun":
        return f"to batch {about['to']}, cut short: the next start finishes it"
    return f"to batch {about['to']}: the batches up to {about['through']} run again"


def instant(milliseconds: int) -> str:
    """Return a time in UTC, as progress shows it."""
    seconds, rest = divmod(milliseconds, 1000)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"


def plural(word: str, count: int) -> str:
    """Return the word for so many."""
    return word if count == 1 else f"{word}s"


ACTIONS = {"inspect": inspect, "fsck": fsck, "rescale": rescale, "rollback": rollback}
