"""Runs the scripts in ``scripts/`` as their owners would, and records their output and files.

``python tests/parity/script_runs.py [script …]`` runs them with real PySpark. It rewrites
``scripts/answers``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as ds

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).resolve().parent / "scripts"
ANSWERS = SCRIPTS / "answers"
LINES = ["apple", "  banana ", "", "Crème brûlée", "end"]
"""The lines for the socket script. Then Ctrl-C stops it, as its owner would."""
UNORDERED = {"socket_upper"}
"""Scripts that print rows as they come, from partitions side by side."""
SECONDS = 240


def names() -> list[str]:
    """Name every script."""
    return sorted(path.stem for path in SCRIPTS.glob("*.py"))


def recorded(name: str) -> dict[str, Any]:
    """Read the record of the script on PySpark."""
    return json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))


def run(interpreter: list[str], name: str) -> dict[str, Any]:
    """Run a script in a fresh folder that holds its data.

    Return its exit status, its output and the rows of its files.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"script-{name}-"))
    try:
        _lay_out(name, folder)
        with _arguments(name) as arguments:
            status, printed = _run([*interpreter, str(SCRIPTS / f"{name}.py"), *arguments], folder, name)
        if name in UNORDERED:
            printed.sort()
        return {"status": status, "printed": printed, "written": _written(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_out(name: str, folder: Path) -> None:
    data = SCRIPTS / "data" / name
    if not data.exists():
        return
    shutil.copytree(data, folder / "data")
    # A checkout has no times, so the order of arrival is that of the names.
    for number, path in enumerate(sorted(path for path in (folder / "data").rglob("*") if path.is_file())):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))


@contextmanager
def _arguments(name: str) -> Iterator[list[str]]:
    if name != "socket_upper":
        yield []
        return
    with closing(socket.create_server(("localhost", 0))) as server:
        threading.Thread(target=_serve, args=(server,), daemon=True).start()
        yield ["localhost", str(server.getsockname()[1])]


def _serve(server: socket.socket) -> None:
    # PySpark may open the socket more than once. Each connection gets all lines and stays open.
    kept = []
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connection.sendall("".join(line + "\n" for line in LINES).encode())
        kept.append(connection)


def _run(command: list[str], folder: Path, name: str) -> tuple[int, list[str]]:
    environment = {**os.environ, "TZ": "UTC", "PYTHONUNBUFFERED": "1", "PYSPARK_PYTHON": sys.executable}
    with (folder / ".out").open("w+") as out, (folder / ".err").open("w+") as err:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment)
        deadline = time.monotonic() + SECONDS
        interrupted = False
        while process.poll() is None:
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
            if name == "socket_upper" and not interrupted and "END" in (folder / ".out").read_text():
                process.send_signal(signal.SIGINT)
                interrupted = True
            time.sleep(0.02)
        err.seek(0)
        if process.returncode:
            sys.stderr.write(err.read()[-3000:])
    return process.returncode, [line.rstrip() for line in (folder / ".out").read_text(encoding="utf-8").splitlines()]


def _written(folder: Path) -> dict[str, list[str]]:
    """Read each folder of Parquet, JSON or CSV that the script made, as sorted texts of rows."""
    found: dict[str, list[str]] = {}
    parts = [path for path in folder.rglob("part-*") if path.suffix in {".parquet", ".json", ".csv"}]
    for part in parts:
        place = re.sub(r"/[^/=]+=.*", "", str(part.relative_to(folder).parent))
        if part.suffix == ".parquet":
            partition = part.relative_to(folder / place).parent.parts
            rows = [
                json.dumps([*row.values(), *partition], default=_plain)
                for row in ds.dataset(part).to_table().to_pylist()
            ]
        else:
            rows = part.read_text(encoding="utf-8").splitlines()
        found.setdefault(place, []).extend(rows)
    return {place: sorted(rows) for place, rows in sorted(found.items())}


def _plain(value: Any) -> str:
    # Spark's files keep a time without a zone, Firesteel's in UTC. It is the same instant.
    return str(value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value)


def main() -> None:
    """Record the scripts named on the command line, or all."""
    ANSWERS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or names():
        answer = run([sys.executable], name)
        (ANSWERS / f"{name}.json").write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name, answer["status"], len(answer["printed"]), "lines")


if __name__ == "__main__":
    main()
