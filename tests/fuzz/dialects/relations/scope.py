"""The columns that a query may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dialects.relations.tree import Node


class Column(NamedTuple):
    """An expression that a query may read by a name, and its type."""

    text: str
    kind: str


Scope = list[Column]


def short(column: Column) -> str:
    """The name of a column without the table's."""
    return column.text.rpartition(".")[2]


def leaf(column: Column) -> Node:
    """A column as an expression."""
    return [column.kind, column.text, []]
