"""The expressions that queries are made of, by their types."""

from __future__ import annotations

import re

from dialects.relations.tree import PLAIN

# Holes are named by the type of the expression that fills them; `any` is any type that has an order.
# fmt: off
CALLS = {
    "int": ["{int} + {int}", "pmod({int}, 5)", "-{int}", "length({string})", "coalesce({int}, {int})", "if({boolean}, {int}, {int})", "CASE WHEN {boolean} THEN {int} WHEN {boolean} THEN {int} END", "CASE {int} WHEN {int} THEN {int} ELSE {int} END", "nullif({int}, {int})", "size({array})", "year({date})", "datediff({date}, {date})", "greatest({int}, {int})", "{struct}.k", "get({array}, 0)", "CAST({boolean} AS int)", "aggregate({array}, 0, (p, q) -> p + coalesce(q, {int}))"],
    "bigint": ["{bigint} + {int}", "{bigint} % 4", "coalesce({bigint}, 7L)", "if({boolean}, {bigint}, {bigint})", "CAST({int} AS bigint)", "nullif({bigint}, {bigint})", "least({bigint}, {bigint})"],
    "double": ["{double} + {double}", "{double} * 0.5D", "-{double}", "coalesce({double}, {double})", "if({boolean}, {double}, {double})", "nullif({double}, {double})", "nanvl({double}, {double})", "CAST({int} AS double)", "try_divide({double}, if({boolean}, 2, 0))", "greatest({double}, {double})"],
    "decimal": ["coalesce({decimal}, {decimal})", "if({boolean}, {decimal}, 2.25BD)", "if({boolean}, {decimal}, {decimal})", "nullif({decimal}, {decimal})", "TRY_CAST({decimal} + 1 AS decimal(10, 2))", "abs({decimal})"],
    "string": ["concat({string}, {string})", "upper({string})", "{string} || '-'", "substr({string}, 1, 1)", "coalesce({string}, {string})", "if({boolean}, {string}, {string})", "CAST({int} AS string)", "nullif({string}, {string})", "{struct}.v", "CASE WHEN {boolean} THEN {string} ELSE {string} END"],
    "boolean": ["{any} IS NULL", "{any} IS NOT NULL", "NOT {boolean}", "({boolean} AND {boolean})", "({boolean} OR {boolean})", "{string} LIKE 'a%'", "{int} IN (1, 2)", "{int} IN (2, NULL)", "{string} NOT IN ('a', 'b')", "{int} BETWEEN 1 AND {int}", "isnan({double})", "array_contains({array}, 1)", "exists({array}, p -> p = {int})", "coalesce({boolean}, false)", "if({boolean}, {boolean}, {boolean})"],
    "date": ["date_add({date}, 3)", "coalesce({date}, {date})", "if({boolean}, {date}, {date})", "last_day({date})", "nullif({date}, {date})"],
    "array": ["array({int}, {int})", "transform({array}, p -> p + {int})", "filter({array}, p -> p > {int} AND {boolean})", "coalesce({array}, array(0))", "if({boolean}, {array}, {array})", "array_distinct({array})"],
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
EQUALITIES = ["{} = {}", "{} = {}", "{} <=> {}"]
COMPARISONS = [*EQUALITIES, "{} < {}", "{} >= {}", "{} <> {}"]
# fmt: on
ORDERED = [kind for kind in PLAIN if kind in LITERALS]
HOLE = re.compile(r"\{(\w+)\}")
