"""Observation, which Firesteel does not have yet. The name raises when it is used."""

from __future__ import annotations

from typing import Any

from firesteel.errors import _missing

__all__ = ["Observation"]


class Observation:
    """Metrics of a DataFrame on its way: not in Firesteel."""

    def __init__(self, name: Any = None) -> None:
        raise _missing("Observation")
