"""Run the notebooks and store their output: ``python notebooks/execute.py [NOTEBOOK...]``.

``make notebooks`` and CI call it. A cell that fails fails the run and shows its error. The stored
notebook has no times of execution and no versions of the kernel. A path of this machine in an
output is an error.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
SECONDS_A_CELL = 120


def main(paths: list[Path]) -> None:
    """Run each notebook in its own kernel, with ``notebooks/`` as the working directory."""
    for path in paths:
        started = time.monotonic()
        notebook = nbformat.read(path, as_version=4)
        notebook = NotebookClient(notebook, timeout=SECONDS_A_CELL, kernel_name="python3", record_timing=False).execute(
            cwd=str(HERE)
        )
        clean(notebook)
        refuse_machine_paths(notebook, path)
        nbformat.write(notebook, path)
        print(f"{path.name}: {time.monotonic() - started:.0f} s")


def clean(notebook: nbformat.NotebookNode) -> None:
    """Remove the metadata that differs from machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})


def refuse_machine_paths(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Raise if an output names a folder of this machine."""
    folders = {str(HERE.parent), str(Path.home()), tempfile.gettempdir() + "/", sys.prefix}
    for number, cell in enumerate(notebook.cells):
        text = str(cell.get("outputs", ""))
        named = [folder for folder in folders if folder in text]
        if named:
            message = f"{path.name}, cell {number}: an output names {named[0]}"
            raise ValueError(message)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb")))
