"""What a stream of ``firesteel score`` keeps in its checkpoint, so that every run scores as the first did."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

from firesteel.sql.types import StructType


class OtherJobError(ValueError):
    """The checkpoint was begun by a job that scores in another way."""


@dataclass(frozen=True)
class Settings:
    """What decides the columns and types of the output: two runs that differ in it must not share one."""

    schema: StructType
    features: Sequence[str]
    outputs: Sequence[str]
    #: Whether the schema was found in the first files, so that later ones may not fit it.
    found: bool = False

    @classmethod
    def of_checkpoint(cls, checkpoint: str) -> Settings | None:
        """Return the settings of the runs before, or None if no batch has begun there: then nothing binds yet."""
        path = place(checkpoint)
        if not path.is_file() or not has_begun(checkpoint):
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        schema = StructType.fromJson(kept["schema"])
        return cls(schema, kept["features"], kept["outputs"], kept.get("found", False))

    def texts(self) -> dict[str, str]:
        """Return each setting as an error shows it."""
        return {
            "schema": self.schema.simpleString(),
            "features": ", ".join(self.features),
            "outputs": ", ".join(self.outputs),
        }


def local(path: str) -> Path:
    """Return a path that may be a ``file:`` URI as a path."""
    return Path(unquote(urlparse(path).path) if path.startswith("file:") else path)


def has_begun(checkpoint: str) -> bool:
    """Return whether a stream has a batch in the checkpoint."""
    return any((local(checkpoint) / "offsets").glob("[0-9]*"))


def place(checkpoint: str) -> Path:
    """Return the file that holds the settings."""
    return local(checkpoint) / "firesteel" / "score.json"


def settle(checkpoint: str, settings: Settings, kept: Settings | None) -> None:
    """Keep the settings in the checkpoint before its first batch; refuse other ones than it has.

    Raises
    ------
    OtherJobError
        If the settings differ from the kept ones; the message says in what.
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
        return
    path = place(checkpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "schema": settings.schema.jsonValue(),
            "features": list(settings.features),
            "outputs": list(settings.outputs),
            "found": settings.found,
        },
        indent=2,
    )
    unfinished = path.with_name(".score.json.tmp")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
