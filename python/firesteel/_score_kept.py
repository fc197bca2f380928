"""The settings that a stream of ``firesteel score`` keeps, so that every run scores alike."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firesteel.sql.types import StructType


class OtherJobError(ValueError):
    """The checkpoint was begun by a job that scores in another way."""


@dataclass(frozen=True)
class Settings:
    """The settings that decide the columns and types of the output.

    Two runs with different settings must not share an output.
    """

    schema: StructType
    features: Sequence[str]
    outputs: Sequence[str]
    #: Whether the schema was found in the first files. Then later files may not fit it.
    found: bool = False

    @classmethod
    def of_checkpoint(cls, checkpoint: str) -> Settings | None:
        """Return the settings that earlier runs kept, if there are any."""
        path = place(checkpoint)
        if not path.is_file():
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        schema = StructType.fromJson(kept["schema"])
        return cls(schema, kept["features"], kept["outputs"], kept.get("found", False))

    def text(self) -> str:
        """Return the settings as they are kept."""
        kept = {
            "schema": self.schema.jsonValue(),
            "features": list(self.features),
            "outputs": list(self.outputs),
            "found": self.found,
        }
        return json.dumps(kept, indent=2)

    def texts(self) -> dict[str, str]:
        """Return each setting as an error shows it."""
        return {
            "schema": self.schema.simpleString(),
            "features": ", ".join(self.features),
            "outputs": ", ".join(self.outputs),
        }


def local(path: str) -> Path:
    """Return a path that may begin with ``file:`` as the engine takes it."""
    return Path(path.removeprefix("file:").removeprefix("//") if path.startswith("file:") else path)


@dataclass(frozen=True)
class Written:
    """The newest batch in each of a stream's logs, or -1.

    The logs are written in this order.
    """

    #: In the checkpoint's ``offsets``: begun.
    begun: int
    #: In the output's ``_spark_metadata``: its rows are there, or will be.
    logged: int
    #: In the checkpoint's ``commits``: done.
    done: int

    @classmethod
    def find(cls, checkpoint: str, output: str) -> Written:
        """Look at the checkpoint and at the output."""
        folder = local(checkpoint)
        return cls(newest(folder / "offsets"), newest(local(output) / "_spark_metadata"), newest(folder / "commits"))


def newest(log: Path) -> int:
    """Return the greatest number of a log's files, or -1.

    A file may be compacted or about to be written.
    """
    names = (re.fullmatch(r"(\d+)(\.compact)?|\.(\d+)\.committing", path.name) for path in log.glob("*"))
    return max((int(name[1] or name[3]) for name in names if name), default=-1)


def place(checkpoint: str) -> Path:
    """Return the file that holds the settings."""
    return local(checkpoint) / "firesteel" / "score.json"


@contextmanager
def settled(checkpoint: str, settings: Settings, kept: Settings | None) -> Iterator[None]:
    """Keep the settings in the checkpoint while its first batch begins inside this context.

    If the batch does not begin, the former settings stay.

    Raises
    ------
    OtherJobError
        If the settings differ from those that bind. The message names the difference.
    """
    if kept:
        before, now = kept.texts(), settings.texts()
        differing = [f"{name} ({before[name]}; now {now[name]})" for name in now if now[name] != before[name]]
        if differing:
            message = (
                f"the checkpoint {checkpoint} was begun with other {' and other '.join(differing)}: "
                "score as before, or into another OUTPUT with another checkpoint"
            )
            raise OtherJobError(message)
        yield
        return
    path = place(checkpoint)
    former = path.read_text(encoding="utf-8") if path.is_file() else None
    keep(path, settings.text())
    try:
        yield
    except BaseException:
        if former is not None:  # they may be those of another process on this checkpoint
            keep(path, former)
        raise


def keep(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(".score.json.tmp")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
