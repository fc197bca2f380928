"""Makes queries that both engines should take, from a seeded ``random.Random`` and nothing else.

Every expression has a type, and no expression fails on a value: which rows an engine looks at first
is for it to choose.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from dialects.relations.tables import COLUMNS, TYPES
from dialects.relations.tree import NOTHING, PLAIN, Node

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

# Holes are named by the type of the expression that fills them; `any` is any type that has an order.
# fmt: off
CALLS = {
    "int": ["{int} + {int}", "pmod({int}, 5)", "-{int}", "length({string})", "coalesce({int}, {int})", "if({boolean}, {int}, {int})", "CASE WHEN {boolean} THEN {int} WHEN {boolean} THEN {int} END", "CASE {int} WHEN {int} THEN {int} ELSE {int} END", "nullif({int}, {int})", "size({array})", "year({date})", "datediff({date}, {date})", "greatest({int}, {int})", "{struct}.k", "get({array}, 0)", "CAST({boolean} AS int)", "aggregate({array}, 0, (p, q) -> p + coalesce(q, 1))"],
    "bigint": ["{bigint} + {int}", "{bigint} % 4", "coalesce({bigint}, 7L)", "if({boolean}, {bigint}, {bigint})", "CAST({int} AS bigint)", "nullif({bigint}, {bigint})", "least({bigint}, {bigint})"],
    "double": ["{double} + {double}", "{double} * 0.5D", "-{double}", "coalesce({double}, {double})", "if({boolean}, {double}, {double})", "nullif({double}, {double})", "nanvl({double}, {double})", "CAST({int} AS double)", "try_divide({double}, if({boolean}, 2, 0))", "greatest({double}, {double})"],
    "decimal": ["coalesce({decimal}, {decimal})", "if({boolean}, {decimal}, 2.25BD)", "if({boolean}, {decimal}, {decimal})", "nullif({decimal}, {decimal})", "TRY_CAST({decimal} + 1 AS decimal(10, 2))", "abs({decimal})"],
    "string": ["concat({string}, {string})", "upper({string})", "{string} || '-'", "substr({string}, 1, 1)", "coalesce({string}, {string})", "if({boolean}, {string}, {string})", "CAST({int} AS string)", "nullif({string}, {string})", "{struct}.v", "CASE WHEN {boolean} THEN {string} ELSE {string} END"],
    "boolean": ["{any} IS NULL", "{any} IS NOT NULL", "NOT {boolean}", "({boolean} AND {boolean})", "({boolean} OR {boolean})", "{string} LIKE 'a%'", "{int} IN (1, 2)", "{int} IN (2, NULL)", "{string} NOT IN ('a', 'b')", "{int} BETWEEN 1 AND {int}", "isnan({double})", "array_contains({array}, 1)", "exists({array}, p -> p = 1)", "coalesce({boolean}, false)", "if({boolean}, {boolean}, {boolean})"],
    "date": ["date_add({date}, 3)", "coalesce({date}, {date})", "if({boolean}, {date}, {date})", "last_day({date})", "nullif({date}, {date})"],
    "array": ["array({int}, {int})", "transform({array}, p -> p + 1)", "filter({array}, p -> p > 1)", "coalesce({array}, array(0))", "if({boolean}, {array}, {array})", "array_distinct({array})"],
    "struct": ["struct({int} AS k, {string} AS v)", "coalesce({struct}, struct(0 AS k, 'z' AS v))", "if({boolean}, {struct}, {struct})"],
}
LITERALS = {
    "int": ["0", "1", "2", "3", "CAST(NULL AS int)"],
    "bigint": ["1L", "5L", "CAST(NULL AS bigint)"],
    "double": ["0.0D", "0.5D", "2.5D", "double('NaN')", "CAST(NULL AS double)"],
    "decimal": ["1.50BD", "2.25BD", "CAST(NULL AS decimal(10, 2))"],
    "string": ["'a'", "'b'", "''", "CAST(NULL AS string)"],
    "boolean": ["true", "false", "CAST(NULL AS boolean)"],
    "date": ["DATE'2024-01-31'", "CAST(NULL AS date)"],
    "array": ["array(1, 2)", "CAST(NULL AS array<int>)"],
    "struct": ["struct(1 AS k, 'a' AS v)"],
}
AGGREGATES = {
    "int": ["max({int})", "min({int})", "max(pmod({int}, 3))"],
    "bigint": ["count(*)", "count({any})", "count(DISTINCT {any})", "count(DISTINCT {any}, {any})", "sum({int})", "sum(DISTINCT {int})", "count_if({boolean})", "max({bigint})"],
    "double": ["sum({double})", "avg({int})", "min({double})", "max({double})", "sum(DISTINCT {double})", "median({int})"],
    "decimal": ["max({decimal})", "min({decimal})"],
    "string": ["max({string})", "min({string})", "concat_ws(',', sort_array(collect_list({string})))", "concat_ws(',', sort_array(collect_set({string})))"],
    "boolean": ["bool_and({boolean})", "bool_or({boolean})", "max({boolean})"],
    "date": ["max({date})", "min({date})"],
    "array": ["sort_array(collect_list({int}))", "sort_array(collect_set({int}))"],
    "struct": ["max({struct})"],
}
# Over the rows that are equal in the order, so that every engine counts the same rows.
WINDOWS = {
    "int": ["rank()", "dense_rank()", "max({int})", "row_number()", "lag({int})", "lead({int}, 2)", "ntile(2)", "first_value({int})"],
    "bigint": ["count(*)", "count({any})", "sum({int})"],
    "double": ["sum({double})", "avg({int})", "min({double})", "percent_rank()", "cume_dist()"],
    "string": ["min({string})", "lag({string})", "last_value({string})"],
    "decimal": ["max({decimal})"],
    "boolean": ["bool_or({boolean})"],
}
FRAMES = ["", "", "", " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"]
WITHOUT_FRAME = ("rank", "dense_rank", "row_number", "lag", "lead", "ntile", "percent_rank", "cume_dist")
JOINS = ["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"]
COMPARISONS = ["{} = {}", "{} = {}", "{} <=> {}", "{} < {}", "{} >= {}", "{} <> {}"]
# fmt: on
ORDERED = [kind for kind in PLAIN if kind in LITERALS]
HOLE = re.compile(r"\{(\w+)\}")


class Column(NamedTuple):
    """An expression that a query may read by a name, and its type."""

    text: str
    kind: str


Scope = list[Column]


def query(choose: random.Random) -> Node:
    """Make a query. One in three sorts its rows, by all of them, and keeps the first."""
    maker = _Maker(choose)
    made, columns = maker.query(choose.choice([1, 2, 2, 3]))
    if choose.random() < 0.65 or any(column.kind not in ORDERED for column in columns):
        return made
    return ["query", "SELECT * FROM ({}) AS z{}", [made, maker.order(len(columns))]]


class _Maker:
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
        return _clause(f" ORDER BY {items}{{}}", _clause(limit))

    def _name(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    # Relations

    def _relation(self, depth: int) -> tuple[Node, Scope]:
        draw = self.choose.random()
        if depth > 1 and draw < 0.35:
            return self._nested(depth)
        if depth > 1 and draw < 0.7:
            return self._join(depth)
        if draw > 0.93:
            return self._exploded(depth)
        if draw > 0.9:
            alias = self._name("q")
            range_of_ids = f"range({self.choose.choice([0, 1, 4])}) AS {alias}"
            return ["relation", range_of_ids, []], [Column(f"{alias}.id", "bigint")]
        return self._table(self.choose.choices(list(COLUMNS), [12, 8, 6, 2, 0])[0])

    def _table(self, name: str) -> tuple[Node, Scope]:
        alias = self._name("q")
        scope = [Column(f"{alias}.{column}", TYPES[column]) for column in COLUMNS[name]]
        return ["relation", f"{self.choose.choice('vp')}_{name} AS {alias}", []], scope

    def _nested(self, depth: int) -> tuple[Node, Scope]:
        made, columns = self.query(depth - 1)
        alias = self._name("q")
        limited = all(column.kind in ORDERED for column in columns) and self.choose.random() < 0.25
        order = [self.order(len(columns))] if limited else [NOTHING]
        # The order belongs to a query of its own, since a set operation's is of its last part.
        inner = ["query", "SELECT * FROM ({}) AS z{}", [made, *order]] if limited else made
        scope = [Column(f"{alias}.{column.text}", column.kind) for column in columns]
        return ["relation", f"({{}}) AS {alias}", [inner]], scope

    def _exploded(self, depth: int) -> tuple[Node, Scope]:
        alias, column = self._name("q"), self._name("e")
        made, scope = self._table("t")
        outer = self.choose.choice(["", " OUTER"])
        item = self.expression("array", scope, depth)
        explode = f"(SELECT * FROM {{}} LATERAL VIEW{outer} explode({{}}) AS {column}) AS {alias}"
        names = [Column(f"{alias}.{name}", TYPES[name]) for name in COLUMNS["t"]]
        return ["relation", explode, [made, item]], [*names, Column(f"{alias}.{column}", "int")]

    def _join(self, depth: int) -> tuple[Node, Scope]:
        left, here = self._relation(depth - 1)
        right, there = self._relation(depth - 1)
        if " JOIN " in right[1]:
            right = ["relation", f"({right[1]})", right[2]]
        kind = self.choose.choice(JOINS)
        scope = here if "SEMI" in kind or "ANTI" in kind else here + there
        shared = sorted({_short(column) for column in here if column.kind in ORDERED} & {_short(one) for one in there})
        if shared and kind != "CROSS JOIN" and self.choose.random() < 0.15:
            using = ", ".join(self.choose.sample(shared, self.choose.choice([1, min(2, len(shared))])))
            return ["relation", f"{{}} {kind} {{}} USING ({using})", [left, right]], scope
        if kind == "CROSS JOIN":
            return ["relation", "{} CROSS JOIN {}", [left, right]], scope
        return ["relation", f"{{}} {kind} {{}} ON {{}}", [left, right, self._condition(here, there)]], scope

    def _condition(self, here: Scope, there: Scope) -> Node:
        """Compare columns of two sides, and now and then ask more of them."""
        pairs = [(one, other) for one in here for other in there if one.kind == other.kind]
        pairs = [pair for pair in pairs if pair[0].kind in ORDERED]
        if not pairs:
            return self.expression("boolean", here + there, 1)
        one, other = self.choose.choice(pairs)
        compared = _expression("boolean", self.choose.choice(COMPARISONS), _leaf(one), _leaf(other))
        if self.choose.random() < 0.6:
            return compared
        word = self.choose.choice(["AND", "AND", "OR"])
        more = self.expression("boolean", here + there, 1)
        return _expression("boolean", f"({{}} {word} {{}})", compared, more)

    # Queries

    def _values(self) -> tuple[Node, Scope]:
        kinds = self.choose.choices(ORDERED, k=self.choose.choice([1, 2, 3]))
        rows = [
            ", ".join(self.choose.choice(LITERALS[kind]) for kind in kinds)
            for _ in range(self.choose.choice([1, 2, 4]))
        ]
        names = [self._name("c") for _ in kinds]
        alias = self._name("q")
        text = f"SELECT * FROM VALUES ({'), ('.join(rows)}) AS {alias}({', '.join(names)})"
        return ["query", text, []], [Column(name, kind) for name, kind in zip(names, kinds, strict=True)]

    def _pivot(self) -> tuple[Node, Scope]:
        relation, scope = self._table("t")
        kind = self._kind(scope, AGGREGATES)
        key, one, other = self._name("c"), self._name("c"), self._name("c")
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
        kind = self._kind(scope, ORDERED)
        key, one, other, name, value = (self._name("c") for _ in range(5))
        values = [self.expression(kind, scope, 1) for _ in range(2)]
        source = ["relation", f"(SELECT g AS {key}, {{}} AS {one}, {{}} AS {other} FROM {{}})", [*values, relation]]
        nulls = self.choose.choice(["", " INCLUDE NULLS", " EXCLUDE NULLS"])
        query = f"SELECT * FROM {{}} UNPIVOT{nulls} ({value} FOR {name} IN ({one}, {other}))"
        return ["query", query, [source]], [Column(key, "int"), Column(name, "string"), Column(value, kind)]

    def _with(self, depth: int) -> tuple[Node, Scope]:
        """A query that reads a named one twice."""
        named, columns = self.query(depth - 1)
        name, one, other = self._name("n"), self._name("q"), self._name("q")
        here = [Column(f"{one}.{column.text}", column.kind) for column in columns]
        there = [Column(f"{other}.{column.text}", column.kind) for column in columns]
        items, given = self._items(here + there, 1)
        join = f"WITH {name} AS ({{}}) SELECT {{}} FROM {name} AS {one} JOIN {name} AS {other} ON {{}}"
        return ["query", join, [named, items, self._condition(here, there)]], given

    def _set_operation(self, depth: int) -> tuple[Node, Scope]:
        left, columns = self._select(depth - 1)
        word = self.choose.choice(
            ["UNION ALL", "UNION ALL", "UNION", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"]
        )
        relation, scope = self._relation(depth - 1)
        items = [self.expression(column.kind, scope, 1) for column in columns]
        right = ["query", "SELECT {} FROM {}{}", [["items", ", ", items], relation, self._where(scope, depth - 1)]]
        return ["query", f"({{}}) {word} ({{}})", [left, right]], columns

    def _select(self, depth: int) -> tuple[Node, Scope]:
        relation, scope = self._relation(depth)
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
            columns = [*(Column(_short(column), column.kind) for column in scope), *columns]
        distinct = self.choose.choice([" DISTINCT", "", "", ""])
        return ["query", "SELECT{} {} FROM {}{}", [_clause(distinct), items, relation, where]], columns

    def _items(self, scope: Scope, depth: int) -> tuple[Node, Scope]:
        """Make a list of expressions. Those behind may read the names of those before."""
        items, columns = [], []
        for _ in range(self.choose.choice([1, 2, 3, 4])):
            kind, name = self._kind(scope, CALLS), self._name("c")
            names = columns if self.choose.random() < 0.15 else []
            items.append(_named(self.expression(kind, scope + names * 3, depth), name))
            columns.append(Column(name, kind))
        return ["items", ", ", items], columns

    def _where(self, scope: Scope, depth: int) -> Node:
        if self.choose.random() < 0.6:
            return NOTHING
        condition = self.expression("boolean", scope, 2)
        if depth > 1 and self.choose.random() < 0.45:
            word = self.choose.choice(["AND", "AND", "AND", "OR"])
            condition = _expression("boolean", f"{{}} {word} {{}}", self._subquery(scope, depth), condition)
        return _clause(" WHERE {}", condition)

    def _subquery(self, scope: Scope, depth: int) -> Node:
        """Make a condition that asks a query, which may read the columns of the rows that ask."""
        relation, inner = self._relation(depth - 1)
        conditions = []
        if self.choose.random() < 0.7:
            conditions.append(self._condition(inner, scope))
        if self.choose.random() < 0.3:
            conditions.append(self.expression("boolean", inner, 1))
        where = _clause(f" WHERE {' AND '.join('{}' for _ in conditions)}", *conditions) if conditions else NOTHING
        draw = self.choose.random()
        if draw < 0.4:
            word = self.choose.choice(["EXISTS", "NOT EXISTS"])
            return _expression("boolean", f"{word} (SELECT 1 FROM {{}}{{}})", relation, where)
        kind = self._kind(inner, ORDERED)
        asked = self.expression(kind, scope, 1)
        if draw < 0.75:
            item = self.expression(kind, inner, 1)
            word = self.choose.choice(["IN", "IN", "NOT IN"])
            template = f"{{}} {word} (SELECT {{}} FROM {{}}{{}})"
            return _expression("boolean", template, _bracketed(asked), item, relation, where)
        item = self._call(self.choose.choice(AGGREGATES[kind]), kind, inner, 1)
        comparison = self.choose.choice(COMPARISONS).format("{}", "(SELECT {} FROM {}{})")
        return _expression("boolean", comparison, _bracketed(asked), item, relation, where)

    def _grouped(self, relation: Node, scope: Scope, depth: int) -> tuple[Node, Scope]:
        kinds = [self._kind(scope, ORDERED) for _ in range(self.choose.choice([0, 1, 1, 2]))]
        keys = [self.expression(kind, scope, self.choose.choice([0, 0, 1])) for kind in kinds]
        items, columns = [], []
        for key, kind in zip(keys, kinds, strict=True):
            if self.choose.random() < 0.8:
                columns.append(Column(self._name("c"), kind))
                items.append(_named(key, columns[-1].text))
        for _ in range(self.choose.choice([1, 1, 2, 3])):
            kind = self._kind(scope, AGGREGATES)
            columns.append(Column(self._name("c"), kind))
            items.append(_named(self._aggregate(kind, scope), columns[-1].text))
        group = self._group_by(keys)
        having = NOTHING
        if self.choose.random() < 0.2:
            kind = self._kind(scope, ORDERED)
            comparison = self.choose.choice(COMPARISONS)
            compared = _expression("boolean", comparison, self._aggregate(kind, scope), self.expression(kind, [], 0))
            having = _clause(" HAVING {}", compared)
        parts = [["items", ", ", items], relation, self._where(scope, depth), group, having]
        return ["query", "SELECT {} FROM {}{}{}{}", parts], columns

    def _group_by(self, keys: list[Node]) -> Node:
        if not keys:
            return NOTHING
        listed = ["items", ", ", keys]
        style = self.choose.choice(["{}", "{}", "{}", "ROLLUP({})", "CUBE({})", "sets"])
        if style != "sets":
            return _clause(f" GROUP BY {style}", listed)
        sets = [["items", ", ", list(keys)], *(["items", ", ", [key]] for key in keys)]
        chosen = self.choose.sample(sets, self.choose.choice([1, len(sets)]))
        places = ", ".join("({})" for _ in chosen) + self.choose.choice(["", ", ()"])
        return _clause(f" GROUP BY GROUPING SETS ({places})", *chosen)

    def _aggregate(self, kind: str, scope: Scope) -> Node:
        template = self.choose.choice(AGGREGATES[kind])
        called = self._call(template, kind, scope, 1)
        if self.choose.random() < 0.12 and template.count("(") == 1:
            return _expression(kind, "{} FILTER (WHERE {})", called, self.expression("boolean", scope, 1))
        if self.choose.random() < 0.15 and kind in {"int", "bigint", "double"}:
            return _expression(kind, "coalesce({}, 0)" if kind != "double" else "{} * 0.5D", called)
        return called

    def _windowed(self, scope: Scope, depth: int) -> tuple[Node, Scope]:
        """Make a list of expressions and of a call over a window."""
        made, columns = self._items(scope, depth)
        # One: two could come in either order on rows that are equal.
        kind = self._kind(scope, WINDOWS)
        template = self.choose.choice(WINDOWS[kind])
        call = self._call(template, kind, scope, 1)
        columns.append(Column(self._name("c"), kind))
        over = self._over(scope, framed=not template.startswith(WITHOUT_FRAME))
        made[2].append(_named(_expression(kind, "{} OVER ({}{})", call, *over), columns[-1].text))
        return made, columns

    def _over(self, scope: Scope, *, framed: bool) -> tuple[Node, Node]:
        """Sort by every column that has an order. Arrays and structs follow them in the tables."""
        partition = NOTHING
        if self.choose.random() < 0.6:
            keys = [self.expression(self._kind(scope, ORDERED), scope, self.choose.choice([0, 0, 1]))]
            partition = _clause("PARTITION BY {}", ["items", ", ", keys])
        words = ["", " DESC", " NULLS LAST"]
        items = ", ".join(f"{column.text}{self.choose.choice(words)}" for column in scope)
        return partition, _clause(f" ORDER BY {items}{self.choose.choice(FRAMES) if framed else ''}")

    # Expressions

    def _kind(self, scope: Scope, kinds: Iterable[str]) -> str:
        """Choose a type, rather one that a column of the scope has."""
        there = [column.kind for column in scope if column.kind in kinds]
        return self.choose.choice(there if there and self.choose.random() < 0.8 else list(kinds))

    def expression(self, kind: str, scope: Scope, depth: int) -> Node:
        """Make an expression of a type over the columns of a scope."""
        columns = [column for column in scope if column.kind == kind]
        if depth > 0 and self.choose.random() < 0.6:
            if kind == "boolean" and self.choose.random() < 0.5:
                compared = self._kind(scope, ORDERED)
                sides = (self.expression(compared, scope, depth - 1) for _ in range(2))
                return _expression("boolean", self.choose.choice(COMPARISONS), *map(_bracketed, sides))
            return self._call(self.choose.choice(CALLS[kind]), kind, scope, depth - 1)
        if columns and self.choose.random() < 0.85:
            return _leaf(self.choose.choice(columns))
        return _expression(kind, self.choose.choice(LITERALS[kind]))

    def _call(self, template: str, kind: str, scope: Scope, depth: int) -> Node:
        parts = []
        for hole in HOLE.findall(template):
            filled = self._kind(scope, ORDERED) if hole == "any" else hole
            part = self.expression(filled, scope, depth)
            parts.append(_bracketed(part) if "(" not in template.partition("{")[0] else part)
        return _expression(kind, HOLE.sub("{}", template), *parts)


def _short(column: Column) -> str:
    """The name of a column without the table's."""
    return column.text.rpartition(".")[2]


def _expression(kind: str, template: str, *parts: Node) -> Node:
    return [kind, template, list(parts)]


def _bracketed(part: Node) -> Node:
    kind, template, parts = part
    return [kind, f"({template})", parts] if parts else part


def _leaf(column: Column) -> Node:
    return [column.kind, column.text, []]


def _named(part: Node, name: str) -> Node:
    return ["item", f"{{}} AS {name}", [part]]


def _clause(template: str, *parts: Node) -> Node:
    return ["clause", template, list(parts)]
