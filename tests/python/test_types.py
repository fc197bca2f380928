"""Types, rows and schemas."""

from __future__ import annotations

import pickle

import pytest
from firesteel.errors import ParseException, PySparkKeyError, PySparkValueError
from firesteel.sql import Row
from firesteel.sql.types import (
    ArrayType,
    DataType,
    DecimalType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    _parse_datatype_string,
)


def test_ddl_and_json_say_the_same():
    schema = StructType.fromDDL("a INT NOT NULL, b ARRAY<STRUCT<x: DECIMAL(10,2)>>, m MAP<STRING, BIGINT>")
    assert schema == StructType(
        [
            StructField("a", IntegerType(), False),
            StructField("b", ArrayType(StructType([StructField("x", DecimalType(10, 2))]))),
            StructField("m", MapType(StringType(), LongType())),
        ]
    )
    assert DataType.fromJson(schema.jsonValue()) == schema
    assert StructType.fromDDL(schema.toDDL()) == schema
    assert schema.simpleString() == "struct<a:int,b:array<struct<x:decimal(10,2)>>,m:map<string,bigint>>"


def test_a_tree_shows_levels():
    schema = StructType.fromDDL("a INT, m MAP<STRING, ARRAY<BIGINT>>")
    assert schema.treeString() == (
        "root\n |-- a: integer (nullable = true)\n |-- m: map (nullable = true)\n |    |-- key: string\n"
        " |    |-- value: array (valueContainsNull = true)\n |    |    |-- element: long (containsNull = true)\n"
    )


def test_text_that_is_no_type_is_a_parse_error():
    with pytest.raises(ParseException):
        _parse_datatype_string("a inti")


def test_a_row_is_a_tuple_with_names():
    row = Row(name="Alice", age=11)
    assert (row.name, row["age"], row[0], "age" in row, len(row)) == ("Alice", 11, "Alice", True, 2)
    assert repr(row) == "Row(name='Alice', age=11)"
    assert pickle.loads(pickle.dumps(row)) == row
    assert pickle.loads(pickle.dumps(row)).asDict() == {"name": "Alice", "age": 11}
    assert row == ("Alice", 11)
    assert Row("a", "b")(1, 2).asDict() == {"a": 1, "b": 2}
    assert repr(Row("a", "b")) == "<Row('a', 'b')>"
    with pytest.raises(PySparkValueError):
        row["nope"]
    with pytest.raises(PySparkValueError):
        Row("a")(1, 2)


def test_a_nested_row_becomes_nested_dicts():
    row = Row(k=1, v=Row(x=[Row(y=1)]))
    assert row.asDict(True) == {"k": 1, "v": {"x": [{"y": 1}]}}
    assert row.asDict()["v"] == Row(x=[Row(y=1)])


def test_a_missing_field_raises_by_name():
    with pytest.raises(PySparkKeyError):
        StructType().add("a", "int")["b"]
