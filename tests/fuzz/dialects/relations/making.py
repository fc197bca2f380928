"""Makes queries that both engines should take, from a seeded ``random.Random`` and nothing else.

Every expression has a type, and no expression fails on a value: which rows an engine looks at first
is for it to choose.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from dialects.relations import asking
from dialects.relations.scope import Column, leaf, short
from dialects.relations.tables import COLUMNS, TYPES
from dialects.relations.tree import NOTHING, bracketed, clause, expression, named
from dialects.relations.words import (
    AGGREGATES,
    CALLS,
    COMPARISONS,
    FRAMES,
    HOLE,
    JOINS,
    LITERALS,
    ORDERED,
    WINDOWS,
    WITHOUT_FRAME,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from dialects.relations.scope import Scope
    from dialects.relations.tree import Node


def query(choose: random.Random) -> Node:
    """Make a query. One in three sorts its rows, by all of them, and keeps the first."""
    maker = Maker(choose)
    made, columns = maker.query(choose.choice([1, 2, 2, 3]))
    if choose.random() < 0.65 or any(column.kind not in ORDERED for column in columns):
        return made
    return ["query", "SELECT * FROM ({}) AS z{}", [made, maker.order(len(columns))]]


class Maker:
    """Makes the parts of one query, each with names of its own."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self._numbers = count()

    def query(self, depth: int) -> tuple[Node, Scope]:
        """Make a query and tell the columns that it gives."""
        draw = self.choose.random()
        if depth > 1 and draw < 0.15:
            return self._set_operation(depth)
        if depth > 1 and draw < 0.22:
            return self._with(depth)
        if draw < 0.27:
            return self._values()
        if draw < 0.31:
            return self.choose.choice([self._pivot, self._unpivot])()
        return self._select(depth)

    def order(self, columns: int) -> Node:
        """Sort by every column, so that rows that are equal in the order are equal."""
        places = self.choose.sample(range(1, columns + 1), columns)
        words = ["", "", " DESC", " DESC NULLS FIRST", " NULLS LAST"]
        items = ", ".join(f"{place}{self.choose.choice(words)}" for place in places)
        limit = self.choose.choice(["", " LIMIT 1", " LIMIT 3", " LIMIT 3 OFFSET 1", " OFFSET 2"])
        return clause(f" ORDER BY {items}{{}}", clause(limit))

    def name(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    # Relations

    def relation(self, depth: int) -> tuple[Node, Scope]:
        draw = self.choose.random()
        if depth > 1 and draw < 0.35:
            return self._nested(depth)
        if depth > 1 and draw < 0.7:
            return self._join(depth)
        if draw > 0.93:
            return self._exploded(depth)
        if draw > 0.9:
            alias = self.name("q")
            range_of_ids = f"range({self.choose.choice([0, 1, 4])}) AS {alias}"
            return ["relation", range_of_ids, []], [Column(f"{alias}.id", "bigint")]
        return self._table(self.choose.choices(list(COLUMNS), [12, 8, 6, 2, 0])[0])

    def _table(self, name: str) -> tuple[Node, Scope]:
        alias = self.name("q")
        scope = [Column(f"{alias}.{column}", TYPES[column]) for column in COLUMNS[name]]
        return ["relation", f"{self.choose.choice('vp')}_{name} AS {alias}", []], scope

    def _nested(self, depth: int) -> tuple[Node, Scope]:
        made, columns = self.query(depth - 1)
        alias = self.name("q")
        limited = all(column.kind in ORDERED for column in columns) and self.choose.random() < 0.25
        order = [self.order(len(columns))] if limited else [NOTHING]
        # The order belongs to a query of its own, since a set operation's is of its last part.
        inner = ["query", "SELECT * FROM ({}) AS z{}", [made, *order]] if limited else made
        scope = [Column(f"{alias}.{column.text}", column.kind) for column in columns]
        return ["relation", f"({{}}) AS {alias}", [inner]], scope

    def _exploded(self, depth: int) -> tuple[Node, Scope]:
        alias, column = self.name("q"), self.name("e")
        made, scope = self._table("t")
        outer = self.choose.choice(["", " OUTER"])
        item = self.expression("array", scope, depth)
        explode = f"(SELECT * FROM {{}} LATERAL VIEW{outer} explode({{}}) AS {column}) AS {alias}"
        names = [Column(f"{alias}.{name}", TYPES[name]) for name in COLUMNS["t"]]
        return ["relation", explode, [made, item]], [*names, Column(f"{alias}.{column}", "int")]

    def _join(self, depth: int) -> tuple[Node, Scope]:
        left, here = self.relation(depth - 1)
        right, there = self.relation(depth - 1)
        if " JOIN " in right[1]:
            right = ["relation", f"({right[1]})", right[2]]
        kind = self.choose.choice(JOINS)
        scope = here if "SEMI" in kind or "ANTI" in kind else here + there
        shared = sorted({short(column) for column in here if column.kind in ORDERED} & {short(one) for one in there})
        if shared and kind != "CROSS JOIN" and self.choose.random() < 0.15:
            using = ", ".join(self.choose.sample(shared, self.choose.choice([1, min(2, len(shared))])))
            return ["relation", f"{{}} {kind} {{}} USING ({using})", [left, right]], scope
        if kind == "CROSS JOIN":
            return ["relation", "{} CROSS JOIN {}", [left, right]], scope
        return ["relation", f"{{}} {kind} {{}} ON {{}}", [left, right, self.condition(here, there)]], scope

    def condition(self, here: Scope, there: Scope) -> Node:
        """Compare columns of two sides, and now and then ask more of them."""
        pairs = [(one, other) for one in here for other in there if one.kind == other.kind]
        pairs = [pair for pair in pairs if pair[0].kind in ORDERED]
        if not pairs:
            return self.expression("boolean", here + there, 1)
        one, other = self.choose.choice(pairs)
        compared = expression("boolean", self.choose.choice(COMPARISONS), leaf(one), leaf(other))
        if self.choose.random() < 0.6:
            return compared
        word = self.choose.choice(["AND", "AND", "OR"])
        more = self.expression("boolean", here + there, 1)
        return expression("boolean", f"({{}} {word} {{}})", compared, more)

    # Queries

    def _values(self) -> tuple[Node, Scope]:
        kinds = self.choose.choices(ORDERED, k=self.choose.choice([1, 2, 3]))
        rows = [
            ", ".join(self.choose.choice(LITERALS[kind]) for kind in kinds)
            for _ in range(self.choose.choice([1, 2, 4]))
        ]
        names = [self.name("c") for _ in kinds]
        alias = self.name("q")
        # PySpark takes `FROM VALUES true` for a table and its name.
        bare = len(kinds) == 1 and kinds[0] != "boolean" and self.choose.random() < 0.5
        listed = ", ".join(rows) if bare else f"({'), ('.join(rows)})"
        begin = self.choose.choice(["SELECT * FROM ", "SELECT * FROM ", ""])
        text = f"{begin}VALUES {listed} AS {alias}({', '.join(names)})"
        return ["query", text, []], [Column(name, kind) for name, kind in zip(names, kinds, strict=True)]

    def _pivot(self) -> tuple[Node, Scope]:
        relation, scope = self._table("t")
        kind = self.kind(scope, AGGREGATES)
        key, one, other = self.name("c"), self.name("c"), self.name("c")
        query = f"SELECT * FROM {{}} PIVOT ({{}} FOR s IN ('a' AS {one}, 'b' AS {other}))"
        source = [
            "relation",
            f"(SELECT g AS {key}, s, {{}} AS v FROM {{}})",
            [self.expression(kind, scope, 1), relation],
        ]
        call = self.choose.choice(["max(v)", "min(v)", "count(v)", "count(DISTINCT v)"])
        found = "bigint" if call.startswith("count") else kind
        columns = [Column(key, "int"), Column(one, found), Column(other, found)]
        return ["query", query, [source, [found, call, []]]], columns

    def _unpivot(self) -> tuple[Node, Scope]:
        relation, scope = self._table("t")
        kind = self.kind(scope, ORDERED)
        key, one, other, name, value = (self.name("c") for _ in range(5))
        values = [self.expression(kind, scope, 1) for _ in range(2)]
        source = ["relation", f"(SELECT g AS {key}, {{}} AS {one}, {{}} AS {other} FROM {{}})", [*values, relation]]
        nulls = self.choose.choice(["", " INCLUDE NULLS", " EXCLUDE NULLS"])
        query = f"SELECT * FROM {{}} UNPIVOT{nulls} ({value} FOR {name} IN ({one}, {other}))"
        return ["query", query, [source]], [Column(key, "int"), Column(name, "string"), Column(value, kind)]

    def _with(self, depth: int) -> tuple[Node, Scope]:
        """A query that reads a named one twice."""
        named, columns = self.query(depth - 1)
        name, one, other = self.name("n"), self.name("q"), self.name("q")
        here = [Column(f"{one}.{column.text}", column.kind) for column in columns]
        there = [Column(f"{other}.{column.text}", column.kind) for column in columns]
        items, given = self._items(here + there, 1)
        join = f"WITH {name} AS ({{}}) SELECT {{}} FROM {name} AS {one} JOIN {name} AS {other} ON {{}}"
        return ["query", join, [named, items, self.condition(here, there)]], given

    def _set_operation(self, depth: int) -> tuple[Node, Scope]:
        left, columns = self._select(depth - 1)
        word = self.choose.choice(
            ["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"]
        )
        relation, scope = self.relation(depth - 1)
        items = [self.expression(column.kind, scope, 1) for column in columns]
        right = ["query", "SELECT {} FROM {}{}", [["items", ", ", items], relation, self._where(scope, depth - 1)]]
        return ["query", f"({{}}) {word} ({{}})", [left, right]], columns

    def _select(self, depth: int) -> tuple[Node, Scope]:
        relation, scope = self.relation(depth)
        draw = self.choose.random()
        if draw < 0.03:
            return self._grouped(*self._table("many"), 1)
        if draw < 0.35:
            return self._grouped(relation, scope, depth)
        where = self._where(scope, depth)
        if draw < 0.5:
            items, columns = self._windowed(scope, depth)
        else:
            items, columns = self._items(scope, depth)
        if not relation[2] and relation[1].startswith(("v_", "p_")) and self.choose.random() < 0.15:
            items[2].insert(0, ["item", f"{relation[1].split()[-1]}.*", []])
            columns = [*(Column(short(column), column.kind) for column in scope), *columns]
        distinct = self.choose.choice([" DISTINCT", "", "", ""])
        return ["query", "SELECT{} {} FROM {}{}", [clause(distinct), items, relation, where]], columns

    def _items(self, scope: Scope, depth: int) -> tuple[Node, Scope]:
        """Make a list of expressions. Those behind may read the names of those before."""
        items, columns = [], []
        for _ in range(self.choose.choice([1, 2, 3, 4])):
            kind, name = self.kind(scope, CALLS), self.name("c")
            names = columns if self.choose.random() < 0.15 else []
            asks = depth > 1 and self.choose.random() < 0.08
            made = asking.value(self, kind, scope, depth, limited=True) if asks else None
            items.append(named(made or self.expression(kind, scope + names * 3, depth), name))
            columns.append(Column(name, kind))
        return ["items", ", ", items], columns

    def _where(self, scope: Scope, depth: int) -> Node:
        if self.choose.random() < 0.6:
            return NOTHING
        condition = self.expression("boolean", scope, 2)
        if depth > 1 and self.choose.random() < 0.45:
            word = self.choose.choice(["AND", "AND", "AND", "OR"])
            condition = expression("boolean", f"{{}} {word} {{}}", asking.condition(self, scope, depth), condition)
            if self.choose.random() < 0.2:
                condition = expression("boolean", "NOT ({})", condition)
        return clause(" WHERE {}", condition)

    def _grouped(self, relation: Node, scope: Scope, depth: int) -> tuple[Node, Scope]:
        kinds = [self.kind(scope, ORDERED) for _ in range(self.choose.choice([0, 1, 1, 2]))]
        keys = [self.key(kind, scope, depth) for kind in kinds]
        items, columns = [], []
        for key, kind in zip(keys, kinds, strict=True):
            if self.choose.random() < 0.8:
                columns.append(Column(self.name("c"), kind))
                items.append(named(key, columns[-1].text))
        for _ in range(self.choose.choice([1, 1, 2, 3])):
            kind = self.kind(scope, AGGREGATES)
            columns.append(Column(self.name("c"), kind))
            items.append(named(self.aggregate(kind, scope), columns[-1].text))
        group = self._group_by(keys)
        having = NOTHING
        named_keys = [column for column in columns if column.kind in kinds][: len(keys)]
        if depth > 1 and named_keys and group[1] == " GROUP BY {}" and self.choose.random() < 0.15:
            having = clause(" HAVING {}", asking.condition(self, named_keys, depth))
        elif self.choose.random() < 0.2:
            kind = self.kind(scope, ORDERED)
            comparison = self.choose.choice(COMPARISONS)
            compared = expression("boolean", comparison, self.aggregate(kind, scope), self.expression(kind, [], 0))
            having = clause(" HAVING {}", compared)
        parts = [["items", ", ", items], relation, self._where(scope, depth), group, having]
        return ["query", "SELECT {} FROM {}{}{}{}", parts], columns

    def key(self, kind: str, scope: Scope, depth: int) -> Node:
        """Make a key of a group, which may ask a query."""
        asked = (
            asking.value(self, kind, scope, depth, limited=False) if depth > 1 and self.choose.random() < 0.06 else None
        )
        return asked or self.expression(kind, scope, self.choose.choice([0, 0, 1]))

    def _group_by(self, keys: list[Node]) -> Node:
        if not keys:
            return NOTHING
        listed = ["items", ", ", keys]
        style = self.choose.choice(["{}", "{}", "{}", "ROLLUP({})", "CUBE({})", "sets"])
        if style != "sets":
            return clause(f" GROUP BY {style}", listed)
        sets = [["items", ", ", list(keys)], *(["items", ", ", [key]] for key in keys)]
        chosen = self.choose.sample(sets, self.choose.choice([1, len(sets)]))
        places = ", ".join("({})" for _ in chosen) + self.choose.choice(["", ", ()"])
        return clause(f" GROUP BY GROUPING SETS ({places})", *chosen)

    def aggregate(self, kind: str, scope: Scope) -> Node:
        template = self.choose.choice(AGGREGATES[kind])
        called = self.call(template, kind, scope, 1)
        if self.choose.random() < 0.12 and template.count("(") == 1:
            return expression(kind, "{} FILTER (WHERE {})", called, self.expression("boolean", scope, 1))
        if self.choose.random() < 0.15 and kind in {"int", "bigint", "double"}:
            return expression(kind, "coalesce({}, 0)" if kind != "double" else "{} * 0.5D", called)
        return called

    def _windowed(self, scope: Scope, depth: int) -> tuple[Node, Scope]:
        """Make a list of expressions and of a call over a window."""
        made, columns = self._items(scope, depth)
        # One: two could come in either order on rows that are equal.
        kind = self.kind(scope, WINDOWS)
        template = self.choose.choice(WINDOWS[kind])
        call = self.call(template, kind, scope, 1)
        columns.append(Column(self.name("c"), kind))
        over = self._over(scope, framed=not template.startswith(WITHOUT_FRAME))
        made[2].append(named(expression(kind, "{} OVER ({}{})", call, *over), columns[-1].text))
        return made, columns

    def _over(self, scope: Scope, *, framed: bool) -> tuple[Node, Node]:
        """Sort by every column that has an order. Arrays and structs follow them in the tables."""
        partition = NOTHING
        if self.choose.random() < 0.6:
            keys = [self.expression(self.kind(scope, ORDERED), scope, self.choose.choice([0, 0, 1]))]
            partition = clause("PARTITION BY {}", ["items", ", ", keys])
        words = ["", " DESC", " NULLS LAST"]
        items = ", ".join(f"{column.text}{self.choose.choice(words)}" for column in scope)
        return partition, clause(f" ORDER BY {items}{self.choose.choice(FRAMES) if framed else ''}")

    # Expressions

    def kind(self, scope: Scope, kinds: Iterable[str]) -> str:
        """Choose a type, rather one that a column of the scope has."""
        there = [column.kind for column in scope if column.kind in kinds]
        return self.choose.choice(there if there and self.choose.random() < 0.8 else list(kinds))

    def expression(self, kind: str, scope: Scope, depth: int) -> Node:
        """Make an expression of a type over the columns of a scope."""
        columns = [column for column in scope if column.kind == kind]
        if depth > 0 and self.choose.random() < 0.6:
            if kind == "boolean" and self.choose.random() < 0.5:
                compared = self.kind(scope, ORDERED)
                sides = (self.expression(compared, scope, depth - 1) for _ in range(2))
                return expression("boolean", self.choose.choice(COMPARISONS), *map(bracketed, sides))
            return self.call(self.choose.choice(CALLS[kind]), kind, scope, depth - 1)
        if columns and self.choose.random() < 0.85:
            return leaf(self.choose.choice(columns))
        return expression(kind, self.choose.choice(LITERALS[kind]))

    def call(self, template: str, kind: str, scope: Scope, depth: int) -> Node:
        parts = []
        for hole in HOLE.findall(template):
            filled = self.kind(scope, ORDERED) if hole == "any" else hole
            part = self.expression(filled, scope, depth)
            parts.append(bracketed(part) if "(" not in template.partition("{")[0] else part)
        return expression(kind, HOLE.sub("{}", template), *parts)
