"""Queries inside expressions, which may read the columns of the rows that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialects.relations.scope import leaf
from dialects.relations.tree import NOTHING, bracketed, clause, expression
from dialects.relations.words import AGGREGATES, COMPARISONS, EQUALITIES, ORDERED

if TYPE_CHECKING:
    from dialects.relations.making import Maker
    from dialects.relations.scope import Scope
    from dialects.relations.tree import Node


def condition(maker: Maker, scope: Scope, depth: int) -> Node:
    """Make a condition that asks a query."""
    relation, inner, where = _rows(maker, scope, depth, by=None)
    draw = maker.choose.random()
    if draw < 0.35:
        word = maker.choose.choice(["EXISTS", "NOT EXISTS"])
        return expression("boolean", f"{word} ({{}})", _of_rows(maker, relation, inner, where))
    kind = maker.kind(inner, ORDERED)
    asked = bracketed(maker.expression(kind, scope, 1))
    if draw < 0.7:
        return _membership(maker, kind, asked, (relation, inner, where), scope)
    item = maker.call(maker.choose.choice(AGGREGATES[kind]), kind, inner, 1)
    comparison = maker.choose.choice(COMPARISONS).format("{}", "(SELECT {} FROM {}{})")
    return expression("boolean", comparison, asked, item, relation, where)


def value(maker: Maker, kind: str, scope: Scope, depth: int, *, limited: bool) -> Node | None:
    """Make a value that a query gives, if there is one of its type. It compares by = and <=> alone.

    PySpark takes no ``LIMIT 1`` in a key of a group.
    """
    relation, inner, where = _rows(maker, scope, depth, by=EQUALITIES)
    if kind == "boolean":
        if maker.choose.random() < 0.5:
            return expression(kind, "EXISTS ({})", _of_rows(maker, relation, inner, where))
        compared = maker.kind(inner, ORDERED)
        item, asked = maker.expression(compared, inner, 1), bracketed(maker.expression(compared, scope, 1))
        return expression(kind, "{} IN (SELECT {} FROM {}{})", asked, item, relation, where)
    if kind not in AGGREGATES:
        return None
    if limited and maker.choose.random() < 0.3:
        item = maker.expression(kind, inner, 1)
        order = ", ".join(column.text for column in inner)
        return expression(kind, f"(SELECT {{}} FROM {{}}{{}} ORDER BY {order} LIMIT 1)", item, relation, where)
    having = clause(maker.choose.choice(["", "", "", " HAVING count(*) > 1", " HAVING count(*) = 0"]))
    return expression(kind, "(SELECT {} FROM {}{}{})", maker.aggregate(kind, inner), relation, where, having)


def _rows(maker: Maker, scope: Scope, depth: int, by: list[str] | None) -> tuple[Node, Scope, Node]:
    """Make rows to ask, with a condition that may compare them with the rows that ask."""
    relation, inner = maker.relation(depth - 1)
    conditions = []
    if maker.choose.random() < 0.7:
        pairs = [(one, other) for one in inner for other in scope if one.kind == other.kind and one.kind in ORDERED]
        if by is None:
            conditions.append(maker.condition(inner, scope))
        elif pairs:
            one, other = maker.choose.choice(pairs)
            conditions.append(expression("boolean", maker.choose.choice(by), leaf(one), leaf(other)))
    if maker.choose.random() < 0.3:
        conditions.append(maker.expression("boolean", inner, 1))
    if not conditions:
        return relation, inner, NOTHING
    return relation, inner, clause(f" WHERE {' AND '.join('{}' for _ in conditions)}", *conditions)


def _of_rows(maker: Maker, relation: Node, inner: Scope, where: Node) -> Node:
    """Make a query of which it matters whether it has rows."""
    kind = maker.kind(inner, ORDERED)
    draw = maker.choose.random()
    if draw < 0.6:
        return ["query", "SELECT 1 FROM {}{}", [relation, where]]
    if draw < 0.75:
        item = maker.expression(kind, inner, 1)
        distinct = maker.choose.choice([" DISTINCT", ""])
        limit = clause(maker.choose.choice(["", " LIMIT 1", " LIMIT 2"]))
        return ["query", f"SELECT{distinct} {{}} FROM {{}}{{}}{{}}", [item, relation, where, limit]]
    having = clause(maker.choose.choice(["", " HAVING count(*) > 1", " HAVING count(*) = 0"]))
    group = NOTHING
    if maker.choose.random() < 0.5:
        group = clause(" GROUP BY {}", maker.expression(kind, inner, 0))
    return ["query", "SELECT {} FROM {}{}{}{}", [maker.aggregate(kind, inner), relation, where, group, having]]


def _membership(maker: Maker, kind: str, asked: Node, rows: tuple[Node, Scope, Node], scope: Scope) -> Node:
    """Make an IN of a query, of one column or two."""
    relation, inner, where = rows
    word = maker.choose.choice(["IN", "IN", "NOT IN"])
    draw = maker.choose.random()
    if draw < 0.15:
        other = maker.kind(inner, ORDERED)
        items = [maker.expression(one, inner, 1) for one in (kind, other)]
        more = maker.expression(other, scope, 1)
        return expression(
            "boolean", f"({{}}, {{}}) {word} (SELECT {{}}, {{}} FROM {{}}{{}})", asked, more, *items, relation, where
        )
    item = maker.call(maker.choose.choice(AGGREGATES[kind]), kind, inner, 1) if draw < 0.3 else None
    if item is None:
        distinct = maker.choose.choice([" DISTINCT", "", "", ""])
        item = maker.expression(kind, inner, 1)
        return expression("boolean", f"{{}} {word} (SELECT{distinct} {{}} FROM {{}}{{}})", asked, item, relation, where)
    group = clause(" GROUP BY {}", maker.expression(kind, inner, 0)) if draw < 0.22 else NOTHING
    return expression("boolean", f"{{}} {word} (SELECT {{}} FROM {{}}{{}}{{}})", asked, item, relation, where, group)
