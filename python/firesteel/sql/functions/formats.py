"""CSV, JSON, XML and variants."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call

__all__ = [
    "get_json_object",
    "is_valid_variant",
    "is_variant_null",
    "json_array_length",
    "json_object_keys",
    "parse_json",
    "schema_of_variant",
    "schema_of_variant_agg",
    "to_variant_object",
    "try_parse_json",
    "try_variant_array_append",
    "try_variant_get",
    "try_variant_insert",
    "try_variant_set",
    "variant_array_append",
    "variant_delete",
    "variant_get",
    "variant_insert",
    "variant_set",
    "variant_strip_nulls",
    "xpath",
    "xpath_boolean",
    "xpath_double",
    "xpath_float",
    "xpath_int",
    "xpath_long",
    "xpath_number",
    "xpath_short",
    "xpath_string",
]


def get_json_object(col: ColumnOrName, path: str) -> Column:
    """The text at a path of JSON text.

    Examples
    --------
    >>> spark.sql('''SELECT '{"a": {"b": [1, 2]}}' AS s''').select(F.get_json_object("s", "$.a.b[1]")).first()[0]
    '2'
    """
    return _call("get_json_object", _c(col), path)


def json_array_length(col: ColumnOrName) -> Column:
    """The number of elements of a JSON array.

    Examples
    --------
    >>> spark.sql("SELECT '[1, 2, 3]' AS s").select(F.json_array_length("s")).first()[0]
    3
    """
    return _call("json_array_length", _c(col))


def json_object_keys(col: ColumnOrName) -> Column:
    """The keys of a JSON object.

    Examples
    --------
    >>> spark.sql('''SELECT '{"a": 1, "b": 2}' AS s''').select(F.json_object_keys("s")).first()[0]
    ['a', 'b']
    """
    return _call("json_object_keys", _c(col))


def is_valid_variant(v: ColumnOrName) -> Column:
    """Calls ``is_valid_variant`` of Spark SQL."""
    return _call("is_valid_variant", _c(v))


def is_variant_null(v: ColumnOrName) -> Column:
    """Calls ``is_variant_null`` of Spark SQL."""
    return _call("is_variant_null", _c(v))


def parse_json(col: ColumnOrName) -> Column:
    """Calls ``parse_json`` of Spark SQL."""
    return _call("parse_json", _c(col))


def schema_of_variant(v: ColumnOrName) -> Column:
    """Calls ``schema_of_variant`` of Spark SQL."""
    return _call("schema_of_variant", _c(v))


def schema_of_variant_agg(v: ColumnOrName) -> Column:
    """Calls ``schema_of_variant_agg`` of Spark SQL."""
    return _call("schema_of_variant_agg", _c(v))


def try_variant_get(v: ColumnOrName, path: Column | str, targetType: str) -> Column:
    """Calls ``try_variant_get`` of Spark SQL."""
    return _call("try_variant_get", _c(v), path, targetType)


def variant_array_append(v: ColumnOrName, path: Column | str, value: ColumnOrName) -> Column:
    """Calls ``variant_array_append`` of Spark SQL."""
    return _call("variant_array_append", _c(v), path, _c(value))


def try_variant_array_append(v: ColumnOrName, path: Column | str, value: ColumnOrName) -> Column:
    """Calls ``try_variant_array_append`` of Spark SQL."""
    return _call("try_variant_array_append", _c(v), path, _c(value))


def variant_delete(v: ColumnOrName, *paths: Column | str) -> Column:
    """Calls ``variant_delete`` of Spark SQL."""
    return _call("variant_delete", _c(v), *paths)


def variant_strip_nulls(v: ColumnOrName, include_arrays: bool = True) -> Column:
    """Calls ``variant_strip_nulls`` of Spark SQL."""
    return _call("variant_strip_nulls", _c(v), include_arrays)


def variant_get(v: ColumnOrName, path: Column | str, targetType: str) -> Column:
    """Calls ``variant_get`` of Spark SQL."""
    return _call("variant_get", _c(v), path, targetType)


def variant_insert(v: ColumnOrName, path: Column | str, value: ColumnOrName) -> Column:
    """Calls ``variant_insert`` of Spark SQL."""
    return _call("variant_insert", _c(v), path, _c(value))


def try_variant_insert(v: ColumnOrName, path: Column | str, value: ColumnOrName) -> Column:
    """Calls ``try_variant_insert`` of Spark SQL."""
    return _call("try_variant_insert", _c(v), path, _c(value))


def variant_set(v: ColumnOrName, path: Column | str, value: ColumnOrName, create_if_missing: bool = True) -> Column:
    """Calls ``variant_set`` of Spark SQL."""
    return _call("variant_set", _c(v), path, _c(value), create_if_missing)


def try_variant_set(v: ColumnOrName, path: Column | str, value: ColumnOrName, create_if_missing: bool = True) -> Column:
    """Calls ``try_variant_set`` of Spark SQL."""
    return _call("try_variant_set", _c(v), path, _c(value), create_if_missing)


def try_parse_json(col: ColumnOrName) -> Column:
    """Calls ``try_parse_json`` of Spark SQL."""
    return _call("try_parse_json", _c(col))


def to_variant_object(col: ColumnOrName) -> Column:
    """Calls ``to_variant_object`` of Spark SQL."""
    return _call("to_variant_object", _c(col))


def xpath(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath`` of Spark SQL."""
    return _call("xpath", _c(xml), _c(path))


def xpath_boolean(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_boolean`` of Spark SQL."""
    return _call("xpath_boolean", _c(xml), _c(path))


def xpath_double(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_double`` of Spark SQL."""
    return _call("xpath_double", _c(xml), _c(path))


def xpath_float(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_float`` of Spark SQL."""
    return _call("xpath_float", _c(xml), _c(path))


def xpath_int(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_int`` of Spark SQL."""
    return _call("xpath_int", _c(xml), _c(path))


def xpath_long(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_long`` of Spark SQL."""
    return _call("xpath_long", _c(xml), _c(path))


def xpath_number(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_number`` of Spark SQL."""
    return _call("xpath_number", _c(xml), _c(path))


def xpath_short(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_short`` of Spark SQL."""
    return _call("xpath_short", _c(xml), _c(path))


def xpath_string(xml: ColumnOrName, path: ColumnOrName) -> Column:
    """Calls ``xpath_string`` of Spark SQL."""
    return _call("xpath_string", _c(xml), _c(path))
