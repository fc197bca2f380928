"""A query as a tree of texts, which can be cut down without a parser.

A node is ``[kind, template, parts]``. The kind says what may stand in its place: ``query``,
``relation``, ``clause`` (may be left out), ``items`` (a list, its template the separator), or the
type of an expression.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = list[Any]
"""``[kind, template, parts]``: a list, since that is what JSON gives back."""

NOTHING: Node = ["clause", "", []]
PLAIN = {
    "int": "1",
    "bigint": "1L",
    "double": "1.0D",
    "decimal": "2.25BD",
    "string": "'a'",
    "boolean": "true",
    "date": "DATE'2024-01-31'",
}
"""The plainest value of a type."""


def expression(kind: str, template: str, *parts: Node) -> Node:
    """Make an expression of a type."""
    return [kind, template, list(parts)]


def bracketed(part: Node) -> Node:
    """Put an expression in parentheses, unless it is one word."""
    kind, template, parts = part
    return [kind, f"({template})", parts] if parts else part


def named(part: Node, name: str) -> Node:
    """Make an item of a list."""
    return ["item", f"{{}} AS {name}", [part]]


def clause(template: str, *parts: Node) -> Node:
    """Make what may be left out."""
    return ["clause", template, list(parts)]


def spelled(node: Node) -> str:
    """Spell a tree as SQL."""
    kind, template, parts = node
    texts = [spelled(part) for part in parts]
    return template.join(texts) if kind == "items" else template.format(*texts)


def is_sorted(query: Node) -> bool:
    """Tell whether the last clause of a query sorts it."""
    return any(part[0] == "clause" and part[1].startswith(" ORDER BY") for part in query[2])


def smaller(root: Node) -> Iterator[Node]:
    """List trees that are one step smaller, those that lose most first."""
    waiting: deque[tuple[Node, tuple[int, ...]]] = deque([(root, ())])
    while waiting:
        node, place = waiting.popleft()
        for less in _instead(node):
            yield _with(root, place, less)
        waiting.extend((part, (*place, number)) for number, part in enumerate(node[2]))


def _instead(node: Node) -> Iterator[Node]:
    """List what may stand in the place of a node."""
    kind, template, parts = node
    if kind == "clause" and template:
        yield NOTHING
    elif kind == "items":
        for place in range(len(parts) if len(parts) > 1 else 0):
            yield [kind, template, [*parts[:place], *parts[place + 1 :]]]
    elif kind in PLAIN and template != PLAIN[kind]:
        yield [kind, PLAIN[kind], []]
    if kind not in {"clause", "items"}:
        yield from (within for within in _within(node) if within[0] == kind)


def _within(node: Node) -> Iterator[Node]:
    for part in node[2]:
        yield part
        yield from _within(part)


def _with(node: Node, place: tuple[int, ...], less: Node) -> Node:
    """Copy a tree with another node at one place."""
    if not place:
        return less
    kind, template, parts = node
    number, *rest = place
    return [kind, template, [*parts[:number], _with(parts[number], tuple(rest), less), *parts[number + 1 :]]]
