"""Arrays, maps and structs."""

from __future__ import annotations

from typing import Any

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs, _n, _o

__all__ = [
    "array_append",
    "array_compact",
    "array_contains",
    "array_distinct",
    "array_except",
    "array_insert",
    "array_intersect",
    "array_max",
    "array_min",
    "array_position",
    "array_prepend",
    "array_remove",
    "array_repeat",
    "array_size",
    "array_union",
    "arrays_overlap",
    "arrays_zip",
    "cardinality",
    "concat",
    "element_at",
    "flatten",
    "get",
    "map_contains_key",
    "map_entries",
    "map_from_arrays",
    "map_from_entries",
    "map_keys",
    "map_values",
    "named_struct",
    "reverse",
    "sequence",
    "size",
    "slice",
    "sort_array",
    "str_to_map",
    "try_element_at",
]


def cardinality(col: ColumnOrName) -> Column:
    """The number of elements.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.cardinality("a")).first()[0]
    2
    """
    return _call("cardinality", _c(col))


def concat(*cols: ColumnOrName) -> Column:
    """Joins texts, bytes or arrays.

    Examples
    --------
    >>> spark.sql("SELECT 'a' AS s, 'b' AS t").select(F.concat("s", "t")).first()[0]
    'ab'
    """
    return _call("concat", *_cs(cols))


def element_at(col: ColumnOrName, extraction: Any) -> Column:
    """The value of a key, or the element at a position from 1 or from the end.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.element_at("a", -1)).first()[0]
    2
    """
    return _call("element_at", _c(col), extraction)


def reverse(col: ColumnOrName) -> Column:
    """Text or an array backwards.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.reverse("a")).first()[0]
    [2, 1]
    """
    return _call("reverse", _c(col))


def size(col: ColumnOrName) -> Column:
    """The number of elements.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m").select(F.size("m")).first()[0]
    1
    """
    return _call("size", _c(col))


def try_element_at(col: ColumnOrName, extraction: ColumnOrName) -> Column:
    """As element_at, or null where there is none.

    Examples
    --------
    >>> print(spark.sql("SELECT array(1, 2) AS a").select(F.try_element_at("a", F.lit(3))).first()[0])
    None
    """
    return _call("try_element_at", _c(col), _c(extraction))


def array_append(col: ColumnOrName, value: Any) -> Column:
    """An array with a value at its end.

    Examples
    --------
    >>> spark.sql("SELECT array(1) AS a").select(F.array_append("a", 2)).first()[0]
    [1, 2]
    """
    return _call("array_append", _c(col), value)


def array_compact(col: ColumnOrName) -> Column:
    """An array without nulls.

    Examples
    --------
    >>> spark.sql("SELECT array(1, NULL) AS a").select(F.array_compact("a")).first()[0]
    [1]
    """
    return _call("array_compact", _c(col))


def array_contains(col: ColumnOrName, value: Any) -> Column:
    """Whether a value is in an array.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.array_contains("a", 2)).first()[0]
    True
    """
    return _call("array_contains", _c(col), value)


def array_distinct(col: ColumnOrName) -> Column:
    """An array without duplicates.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2, 1) AS a").select(F.array_distinct("a")).first()[0]
    [1, 2]
    """
    return _call("array_distinct", _c(col))


def array_except(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The elements that are in the first array and not in the second.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a, array(2) AS b").select(F.array_except("a", "b")).first()[0]
    [1]
    """
    return _call("array_except", _c(col1), _c(col2))


def array_insert(arr: ColumnOrName, pos: ColumnOrName | int, value: Any) -> Column:
    """An array with a value put at a position.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 3) AS a").select(F.array_insert("a", 2, 2)).first()[0]
    [1, 2, 3]
    """
    return _call("array_insert", _c(arr), _n(pos), value)


def array_intersect(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The elements that are in both arrays.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a, array(2) AS b").select(F.array_intersect("a", "b")).first()[0]
    [2]
    """
    return _call("array_intersect", _c(col1), _c(col2))


def array_max(col: ColumnOrName) -> Column:
    """The greatest element.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 3, NULL) AS a").select(F.array_max("a")).first()[0]
    3
    """
    return _call("array_max", _c(col))


def array_min(col: ColumnOrName) -> Column:
    """The smallest element.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 3, NULL) AS a").select(F.array_min("a")).first()[0]
    1
    """
    return _call("array_min", _c(col))


def array_position(col: ColumnOrName, value: Any) -> Column:
    """The position of a value from 1, or 0.

    Examples
    --------
    >>> spark.sql("SELECT array('a', 'b') AS a").select(F.array_position("a", "b")).first()[0]
    2
    """
    return _call("array_position", _c(col), value)


def array_prepend(col: ColumnOrName, value: Any) -> Column:
    """An array with a value at its start.

    Examples
    --------
    >>> spark.sql("SELECT array(2) AS a").select(F.array_prepend("a", 1)).first()[0]
    [1, 2]
    """
    return _call("array_prepend", _c(col), value)


def array_remove(col: ColumnOrName, element: Any) -> Column:
    """An array without a value.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2, 1) AS a").select(F.array_remove("a", 1)).first()[0]
    [2]
    """
    return _call("array_remove", _c(col), element)


def array_repeat(col: ColumnOrName, count: ColumnOrName | int) -> Column:
    """An array of one value, repeated.

    Examples
    --------
    >>> spark.sql("SELECT 'x' AS s").select(F.array_repeat("s", 3)).first()[0]
    ['x', 'x', 'x']
    """
    return _call("array_repeat", _c(col), _n(count))


def array_size(col: ColumnOrName) -> Column:
    """The number of elements, null for null.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a").select(F.array_size("a")).first()[0]
    2
    """
    return _call("array_size", _c(col))


def array_union(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The elements that are in one of the arrays.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a, array(2, 3) AS b").select(F.array_union("a", "b")).first()[0]
    [1, 2, 3]
    """
    return _call("array_union", _c(col1), _c(col2))


def arrays_overlap(a1: ColumnOrName, a2: ColumnOrName) -> Column:
    """Whether two arrays have an element in common.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a, array(2, 3) AS b").select(F.arrays_overlap("a", "b")).first()[0]
    True
    """
    return _call("arrays_overlap", _c(a1), _c(a2))


def arrays_zip(*cols: ColumnOrName) -> Column:
    """The n-th elements of several arrays, as structs.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2) AS a, array('x', 'y') AS b").select(F.arrays_zip("a", "b")).first()[0]
    [Row(a=1, b='x'), Row(a=2, b='y')]
    """
    return _call("arrays_zip", *_cs(cols))


def flatten(col: ColumnOrName) -> Column:
    """An array of arrays as one array.

    Examples
    --------
    >>> spark.sql("SELECT array(array(1), array(2, 3)) AS a").select(F.flatten("a")).first()[0]
    [1, 2, 3]
    """
    return _call("flatten", _c(col))


def get(col: ColumnOrName, index: ColumnOrName | int) -> Column:
    """The element at a position from 0, or null.

    Examples
    --------
    >>> print(spark.sql("SELECT array(1, 2) AS a").select(F.get("a", 5)).first()[0])
    None
    """
    return _call("get", _c(col), _n(index))


def sequence(start: ColumnOrName, stop: ColumnOrName, step: ColumnOrName | None = None) -> Column:
    """The values from `start` to `stop`.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS low, 7 AS high, 2 AS step").select(F.sequence("low", "high", "step")).first()[0]
    [1, 3, 5, 7]
    """
    return _call_optional("sequence", _c(start), _c(stop), _o(step))


def slice(x: ColumnOrName, start: ColumnOrName | int, length: ColumnOrName | int) -> Column:
    """A part of an array, from position 1 or from the end.

    Examples
    --------
    >>> spark.sql("SELECT array(1, 2, 3, 4) AS a").select(F.slice("a", 2, 2)).first()[0]
    [2, 3]
    """
    return _call("slice", _c(x), _n(start), _n(length))


def sort_array(col: ColumnOrName, asc: bool = True) -> Column:
    """An array in its natural order.

    Examples
    --------
    >>> spark.sql("SELECT array(2, NULL, 1) AS a").select(F.sort_array("a")).first()[0]
    [None, 1, 2]
    """
    return _call("sort_array", _c(col), asc)


def named_struct(*cols: ColumnOrName) -> Column:
    """A struct from names and values in turn.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.named_struct(F.lit("x"), "n")).first()[0]
    Row(x=1)
    """
    return _call("named_struct", *_cs(cols))


def map_contains_key(col: ColumnOrName, value: Any) -> Column:
    """Whether a map has a key.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m").select(F.map_contains_key("m", "a")).first()[0]
    True
    """
    return _call("map_contains_key", _c(col), value)


def map_entries(col: ColumnOrName) -> Column:
    """The pairs of a map.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1) AS m").select(F.map_entries("m")).first()[0]
    [Row(key='a', value=1)]
    """
    return _call("map_entries", _c(col))


def map_from_arrays(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """A map from an array of keys and one of values.

    Examples
    --------
    >>> df = spark.sql("SELECT array('a', 'b') AS keys, array(1, 2) AS numbers")
    >>> df.select(F.map_from_arrays("keys", "numbers")).first()[0]
    {'a': 1, 'b': 2}
    """
    return _call("map_from_arrays", _c(col1), _c(col2))


def map_from_entries(col: ColumnOrName) -> Column:
    """A map from an array of pairs.

    Examples
    --------
    >>> spark.sql("SELECT array(struct('a', 1)) AS pairs").select(F.map_from_entries("pairs")).first()[0]
    {'a': 1}
    """
    return _call("map_from_entries", _c(col))


def map_keys(col: ColumnOrName) -> Column:
    """The keys of a map.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1, 'b', 2) AS m").select(F.map_keys("m")).first()[0]
    ['a', 'b']
    """
    return _call("map_keys", _c(col))


def map_values(col: ColumnOrName) -> Column:
    """The values of a map.

    Examples
    --------
    >>> spark.sql("SELECT map('a', 1, 'b', 2) AS m").select(F.map_values("m")).first()[0]
    [1, 2]
    """
    return _call("map_values", _c(col))


def str_to_map(
    text: ColumnOrName, pairDelim: ColumnOrName | None = None, keyValueDelim: ColumnOrName | None = None
) -> Column:
    """A map from text.

    Examples
    --------
    >>> spark.sql("SELECT 'a:1,b:2' AS s").select(F.str_to_map("s")).first()[0]
    {'a': '1', 'b': '2'}
    """
    return _call_optional("str_to_map", _c(text), _o(pairDelim), _o(keyValueDelim))
