"""SparkFiles: the files that ``SparkContext.addFile`` took, by name."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

from firesteel.errors import IllegalArgumentException, PySparkValueError

__all__ = ["SparkFiles"]


class SparkFiles:
    """Finds the files that :meth:`SparkContext.addFile` took. The class has no instances."""

    _root: ClassVar[Path | None] = None

    def __init__(self) -> None:
        raise NotImplementedError("SparkFiles has only class methods")

    @classmethod
    def get(cls, filename: str) -> str:
        """Returns the path of a file that was added, by its name."""
        return str(cls._directory() / filename)

    @classmethod
    def getRootDirectory(cls) -> str:
        """Returns the directory that holds the files that were added."""
        return str(cls._directory())

    @classmethod
    def _directory(cls) -> Path:
        if cls._root is None:
            cls._root = Path(tempfile.mkdtemp(prefix="firesteel-files-"))
            atexit.register(shutil.rmtree, cls._root, ignore_errors=True)
        return cls._root

    @classmethod
    def _add(cls, path: str, recursive: bool) -> str:
        """Copies a file or directory in, and returns its name in ``listFiles``."""
        scheme, separator, rest = path.partition(":")
        local = rest if separator and scheme == "file" else path
        if separator and scheme != "file" and len(scheme) > 1 and not Path(path).exists():
            raise PySparkValueError(f"'{path}' is not a local file, and Firesteel fetches none from elsewhere")
        source = Path("/" + local.lstrip("/") if local.startswith("//") else local).absolute()
        target = cls._directory() / source.name
        if source.is_dir():
            if not recursive:
                raise IllegalArgumentException(f"'{path}' is a directory: give addFile recursive=True")
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)
        return f"file:{source}"
