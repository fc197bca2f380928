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
    """The number of elements."""
    return _call("cardinality", _c(col))


def concat(*cols: ColumnOrName) -> Column:
    """Joins texts, bytes or arrays."""
    return _call("concat", *_cs(cols))


def element_at(col: ColumnOrName, extraction: Any) -> Column:
    """The element at a position, from 1 or from the end, or the value of a key."""
    return _call("element_at", _c(col), extraction)


def reverse(col: ColumnOrName) -> Column:
    """Text or an array backwards."""
    return _call("reverse", _c(col))


def size(col: ColumnOrName) -> Column:
    """The number of elements."""
    return _call("size", _c(col))


def try_element_at(col: ColumnOrName, extraction: ColumnOrName) -> Column:
    """As element_at, or null where there is none."""
    return _call("try_element_at", _c(col), _c(extraction))


def array_append(col: ColumnOrName, value: Any) -> Column:
    """An array with a value at its end."""
    return _call("array_append", _c(col), value)


def array_compact(col: ColumnOrName) -> Column:
    """An array without nulls."""
    return _call("array_compact", _c(col))


def array_contains(col: ColumnOrName, value: Any) -> Column:
    """Whether a value is in an array."""
    return _call("array_contains", _c(col), value)


def array_distinct(col: ColumnOrName) -> Column:
    """An array without duplicates."""
    return _call("array_distinct", _c(col))


def array_except(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """What is in the first array and not in the second."""
    return _call("array_except", _c(col1), _c(col2))


def array_insert(arr: ColumnOrName, pos: ColumnOrName | int, value: Any) -> Column:
    """An array with a value put at a position."""
    return _call("array_insert", _c(arr), _n(pos), value)


def array_intersect(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """What is in both arrays."""
    return _call("array_intersect", _c(col1), _c(col2))


def array_max(col: ColumnOrName) -> Column:
    """The greatest element."""
    return _call("array_max", _c(col))


def array_min(col: ColumnOrName) -> Column:
    """The smallest element."""
    return _call("array_min", _c(col))


def array_position(col: ColumnOrName, value: Any) -> Column:
    """The position of a value, from 1, or 0."""
    return _call("array_position", _c(col), value)


def array_prepend(col: ColumnOrName, value: Any) -> Column:
    """An array with a value at its start."""
    return _call("array_prepend", _c(col), value)


def array_remove(col: ColumnOrName, element: Any) -> Column:
    """An array without a value."""
    return _call("array_remove", _c(col), element)


def array_repeat(col: ColumnOrName, count: ColumnOrName | int) -> Column:
    """An array of one value, repeated."""
    return _call("array_repeat", _c(col), _n(count))


def array_size(col: ColumnOrName) -> Column:
    """The number of elements, null for null."""
    return _call("array_size", _c(col))


def array_union(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """What is in one of the arrays."""
    return _call("array_union", _c(col1), _c(col2))


def arrays_overlap(a1: ColumnOrName, a2: ColumnOrName) -> Column:
    """Whether two arrays have an element in common."""
    return _call("arrays_overlap", _c(a1), _c(a2))


def arrays_zip(*cols: ColumnOrName) -> Column:
    """The n-th elements of several arrays, as structs."""
    return _call("arrays_zip", *_cs(cols))


def flatten(col: ColumnOrName) -> Column:
    """An array of arrays as one array."""
    return _call("flatten", _c(col))


def get(col: ColumnOrName, index: ColumnOrName | int) -> Column:
    """The element at a position, from 0, or null."""
    return _call("get", _c(col), _n(index))


def sequence(start: ColumnOrName, stop: ColumnOrName, step: ColumnOrName | None = None) -> Column:
    """The values from `start` to `stop`."""
    return _call_optional("sequence", _c(start), _c(stop), _o(step))


def slice(x: ColumnOrName, start: ColumnOrName | int, length: ColumnOrName | int) -> Column:
    """A part of an array, from position 1 or from the end."""
    return _call("slice", _c(x), _n(start), _n(length))


def sort_array(col: ColumnOrName, asc: bool = True) -> Column:
    """An array in its natural order."""
    return _call("sort_array", _c(col), asc)


def named_struct(*cols: ColumnOrName) -> Column:
    """A struct from names and values in turn."""
    return _call("named_struct", *_cs(cols))


def map_contains_key(col: ColumnOrName, value: Any) -> Column:
    """Whether a map has a key."""
    return _call("map_contains_key", _c(col), value)


def map_entries(col: ColumnOrName) -> Column:
    """The pairs of a map."""
    return _call("map_entries", _c(col))


def map_from_arrays(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """A map from an array of keys and one of values."""
    return _call("map_from_arrays", _c(col1), _c(col2))


def map_from_entries(col: ColumnOrName) -> Column:
    """A map from an array of pairs."""
    return _call("map_from_entries", _c(col))


def map_keys(col: ColumnOrName) -> Column:
    """The keys of a map."""
    return _call("map_keys", _c(col))


def map_values(col: ColumnOrName) -> Column:
    """The values of a map."""
    return _call("map_values", _c(col))


def str_to_map(
    text: ColumnOrName, pairDelim: ColumnOrName | None = None, keyValueDelim: ColumnOrName | None = None
) -> Column:
    """A map from text."""
    return _call_optional("str_to_map", _c(text), _o(pairDelim), _o(keyValueDelim))
