"""The steps that the search for the smallest case tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def shorter(text: str) -> Iterator[str]:
    """Take ever smaller pieces out of a text: a half, a quarter and at last each character."""
    size = len(text) // 2
    while size >= 1:
        for start in range(0, len(text), size):
            yield text[:start] + text[start + size :]
        size //= 2
    if len(text) == 1:
        yield ""


def without_one(items: list[Any]) -> Iterator[list[Any]]:
    """Take out each item of a list."""
    for place in range(len(items)):
        yield [*items[:place], *items[place + 1 :]]


def without_key(items: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Take out each key of a dictionary."""
    for gone in items:
        yield {key: value for key, value in items.items() if key != gone}
