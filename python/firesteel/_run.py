"""``firesteel run script.py``: run a PySpark script on Firesteel as ``python script.py`` does."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from firesteel import _pyspark

#: The exit status of a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130


def run_script(script: str, arguments: Sequence[str]) -> int:
    """Run a script with ``pyspark`` resolved to Firesteel, in this process and its children.

    The script sees what Python would show it. ``__name__`` is ``"__main__"``. ``sys.argv`` starts
    with the path of the script. The first place for imports is its folder.

    Returns
    -------
    int
        The exit status: 0 or the status that the script exits with. It is 1 after an exception that
        the script does not catch, and the traceback is printed. It is 130 after Ctrl-C, and nothing
        is printed.
    """
    path = Path(script)
    try:
        source = path.read_bytes()
    except OSError as error:
        print(f"firesteel: cannot read the script {script}: {error.strerror}", file=sys.stderr)
        return 2
    _pyspark.install()
    _pyspark.install_for_children()
    main = ModuleType("__main__")
    main.__dict__.update(__file__=script, __builtins__=builtins)
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    sys.path[0] = str(path.resolve().parent)
    try:
        code = compile(source, script, "exec")
        return execute(code, main)
    except SyntaxError as error:
        report(error, None)
        return 1


def execute(code: CodeType, main: ModuleType) -> int:
    """Run the script's code in its module, and turn its end into an exit status."""
    try:
        exec(code, main.__dict__)
    except SystemExit as end:
        return status_of(end)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BaseException as error:
        report(error, error.__traceback__.tb_next if error.__traceback__ else None)
        return 1
    return 0


def report(error: BaseException, traceback: TracebackType | None) -> None:
    """Print an exception as Python does, from the script's own frames on."""
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


def status_of(end: SystemExit) -> int:
    """Return the exit status that Python gives to ``sys.exit(...)``.

    A message is printed and means 1.
    """
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    print(end.code, file=sys.stderr)
    return 1
