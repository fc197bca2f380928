"""The command line: ``firesteel demo``, ``score``, ``run``, ``checkpoint`` and ``doctor``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: Exit statuses, as shells know them.
FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    A failure prints one line on standard error and gives status 1. ``--debug`` shows the traceback
    instead. Ctrl-C prints nothing and gives 130.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] not in COMMANDS and (arguments[0].endswith(".py") or Path(arguments[0]).is_file()):
        arguments.insert(0, "run")  # python -m firesteel script.py
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        print(f"firesteel: {one_line(error)}", file=sys.stderr)
        return FAILED


def one_line(error: BaseException) -> str:
    """Return the error as one line.

    For a query that failed it is the first line of the cause, since its own message holds a report.
    The line also says what the query was doing.
    """
    from firesteel.errors import StreamingQueryException

    cause = error.__cause__ if isinstance(error, StreamingQueryException) and error.__cause__ else error
    first, *others = str(cause).splitlines() or [""]
    doing = [line.strip() for line in others if line.startswith("  while ")]
    return f"{first}{f' ({doing[-1]})' if doing else ''}" or type(cause).__name__


def parser() -> argparse.ArgumentParser:
    """Return the parser for all commands."""
    top = argparse.ArgumentParser(
        prog="firesteel", description="Spark-style streaming with model inference.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"firesteel {own_version()}")
    top.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_demo(commands)
    add_score(commands)
    add_run(commands)
    add_checkpoint(commands)
    commands.add_parser(
        "doctor", allow_abbrev=False, help="say what Firesteel runs on: versions, ONNX Runtime, providers, cores"
    )
    return top


def own_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("firesteel")
    except PackageNotFoundError:
        return "from a source tree"


def interval(text: str) -> str:
    """Return the text if it is a time between batches, such as ``1 second``."""
    from firesteel import _native
    from firesteel.errors import PySparkException

    try:
        _native.check_trigger("processingTime", text)
    except PySparkException as error:
        message = f"expected a time such as '1 second' or '500 milliseconds', found {text!r}"
        raise argparse.ArgumentTypeError(message) from error
    return text


def count(text: str) -> int:
    """Return the text as a whole number above zero."""
    if not text.isdecimal() or int(text) == 0:
        message = f"expected a whole number above zero, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def pair(text: str) -> tuple[str, str]:
    """Return the two sides of ``KEY=VALUE``."""
    key, equals, value = text.partition("=")
    if not equals:
        message = f"expected KEY=VALUE, found {text!r}"
        raise argparse.ArgumentTypeError(message)
    return key, value


def names(text: str) -> list[str]:
    """Return the names in a list that commas separate."""
    return [name.strip() for name in text.split(",") if name.strip()]


def add_demo(commands: argparse._SubParsersAction) -> None:
    """Describe ``firesteel demo``."""
    demo = commands.add_parser(
        "demo",
        allow_abbrev=False,
        help="score half a year of flights as they arrive, exactly once",
        description="Score half a year of flights with a delay model, exactly once. Kill it, run it again: it goes on.",
    )
    demo.add_argument("--output", type=Path, default=Path("demo-output"), metavar="DIR", help="default: demo-output")
    demo.add_argument("--fresh", action="store_true", help="remove what earlier runs made there, and start anew")
    demo.add_argument(
        "--follow", action="store_true", help="let one day's file arrive after the other, and follow live"
    )
    demo.add_argument("--every", type=float, default=0.25, metavar="SECONDS", help="with --follow, between files: 0.25")
    demo.add_argument(
        "--trigger",
        type=interval,
        default="1 second",
        metavar="TIME",
        help="with --follow, between batches: '1 second'",
    )
    demo.add_argument("--files-per-batch", type=count, default=4, metavar="N", help="default: 4")
    demo.add_argument("--days", type=count, metavar="N", help="the first N days only, of 184")
    demo.add_argument("--no-plot", action="store_true", help="draw no plot, so that matplotlib is not needed")


def add_score(commands: argparse._SubParsersAction) -> None:
    """Describe ``firesteel score``."""
    score = commands.add_parser(
        "score",
        allow_abbrev=False,
        help="score files with an ONNX model",
        description="Score parquet, csv or json files with an ONNX model. The output has the input's columns and one "
        "column for each output of the model.",
    )
    score.add_argument("model", metavar="MODEL", help="an ONNX file, or a local MLflow model folder that holds one")
    score.add_argument("input", metavar="INPUT", help="a file, a folder or a glob")
    score.add_argument("output", metavar="OUTPUT", help="the folder to write")
    score.add_argument(
        "--features",
        action="append",
        metavar="COLUMNS",
        help="columns for the model, in order, separated by commas; f* stands for all that begin with f. "
        "Without it, columns are found by the names of the model's inputs",
    )
    score.add_argument(
        "--outputs",
        type=names,
        default=[],
        metavar="NAMES",
        help="the model's outputs to write, separated by commas; default: all",
    )
    score.add_argument(
        "--schema",
        metavar="DDL",
        help="the input's columns, such as 'id BIGINT, age FLOAT'; default: found in the files",
    )
    formats = ["parquet", "csv", "json"]
    score.add_argument("--format", choices=formats, help="of the input; by default from the file names")
    score.add_argument("--output-format", choices=formats, default="parquet", help="default: parquet")
    score.add_argument("--mode", choices=["error", "overwrite", "append"], default="error", help="if OUTPUT exists")
    score.add_argument(
        "--option", action="append", type=pair, default=[], metavar="KEY=VALUE", help="for the reader; repeatable"
    )
    score.add_argument("--stream", action="store_true", help="score what is new since the last run, exactly once")
    score.add_argument("--checkpoint", metavar="DIR", help="with --stream; default: OUTPUT.checkpoint")
    score.add_argument(
        "--trigger",
        type=interval,
        metavar="TIME",
        help="with --stream: keep running, with a batch every TIME: '1 second'",
    )
    score.add_argument("--files-per-batch", type=count, metavar="N", help="with --stream; default: all that are new")


def add_run(commands: argparse._SubParsersAction) -> None:
    """Describe ``firesteel run``."""
    run = commands.add_parser(
        "run", allow_abbrev=False, help="run a PySpark script, unmodified", description="Run a PySpark script."
    )
    run.add_argument("script", metavar="SCRIPT")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS", help="for the script")


def add_checkpoint(commands: argparse._SubParsersAction) -> None:
    """Describe ``firesteel checkpoint``."""
    from firesteel._checkpoint import add

    add(commands)


def demo(options: argparse.Namespace) -> int:
    """Carry out ``firesteel demo``."""
    from firesteel.demo.command import Options, run

    return run(
        Options(
            output=options.output,
            fresh=options.fresh,
            follow=options.follow,
            every=options.every,
            trigger=options.trigger,
            files_per_batch=options.files_per_batch,
            days=options.days,
            plot=not options.no_plot,
        )
    )


def score(options: argparse.Namespace) -> int:
    """Carry out ``firesteel score``."""
    from firesteel._score import Job, run

    features = [name for group in options.features or [] for name in names(group)]
    return run(
        Job(
            model=options.model,
            input=options.input,
            output=options.output,
            features=features,
            outputs=options.outputs,
            schema=options.schema,
            format=options.format,
            output_format=options.output_format,
            mode=options.mode,
            options=dict(options.option),
            stream=options.stream,
            checkpoint=options.checkpoint,
            trigger=options.trigger,
            files_per_batch=options.files_per_batch,
        )
    )


def run(options: argparse.Namespace) -> int:
    """Carry out ``firesteel run``."""
    from firesteel._run import run_script

    return run_script(options.script, options.arguments)


def checkpoint(options: argparse.Namespace) -> int:
    """Carry out ``firesteel checkpoint``."""
    from firesteel._checkpoint import run

    return run(options)


def doctor(options: argparse.Namespace) -> int:
    """Carry out ``firesteel doctor``."""
    from firesteel._doctor import run

    del options
    return run()


COMMANDS = {"demo": demo, "score": score, "run": run, "checkpoint": checkpoint, "doctor": doctor}
