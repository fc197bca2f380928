"""Row, the types, DDL strings and JSON schemas."""

import datetime as dt
import decimal
import pickle

from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql import types as T


def row_by_keyword(spark):
    r = Row(name="a", n=1)
    return [str(r), r.name, r["n"], r[0], list(r), r.asDict(), r == Row(name="a", n=1), r == ("a", 1), "name" in r, len(r), r.__fields__, r.count("a"), r.index(1)]


def row_as_a_class(spark):
    Person = Row("name", "age")
    p = Person("ann", 3)
    return [str(Person), str(p), p.age, p.asDict(), Person("x", None) < Person("y", 1)]


def row_without_names(spark):
    return [str(Row(1, "a")), tuple(Row(1, 2)), Row(1, 2)[1]]


def row_nested_as_dict(spark):
    r = Row(a=Row(b=1), c=[Row(d=2)], e={"k": Row(f=3)})
    return [str(r), r.asDict(recursive=True), str(r.asDict())]


def row_is_pickled(spark):
    return pickle.loads(pickle.dumps(Row(a=1, b="x")))


def row_cannot_be_changed(spark):
    r = Row(a=1)
    r.a = 2


def row_with_both_kinds(spark):
    return Row(1, a=2)


def row_class_with_too_many_values(spark):
    return Row("a")(1, 2)


def simple_strings(spark):
    types = [T.ByteType(), T.ShortType(), T.IntegerType(), T.LongType(), T.FloatType(), T.DoubleType(), T.DecimalType(10, 2), T.DecimalType(), T.StringType(), T.BinaryType(), T.BooleanType(), T.DateType(), T.TimestampType(), T.TimestampNTZType(), T.NullType(), T.ArrayType(T.IntegerType()), T.MapType(T.StringType(), T.DoubleType(), False), T.StructType([T.StructField("a", T.IntegerType(), False)]), T.DayTimeIntervalType(), T.DayTimeIntervalType(0, 1), T.YearMonthIntervalType(), T.VarcharType(5), T.CharType(3)]
    return [[t.simpleString(), str(t), t.typeName(), t.json()] for t in types]


def struct_building(spark):
    s = T.StructType().add("a", T.IntegerType()).add("b", "string", False).add(T.StructField("c", T.ArrayType(T.LongType(), False), True, {"k": "v"}))
    return [s.simpleString(), s.json(), s.fieldNames(), s.names, len(s), s["b"].nullable, str(s[0]), str(s[1:]), [f.name for f in s], repr(s), "a" in s.names, s == T.StructType.fromJson(s.jsonValue()), s.treeString(), s.toDDL() if hasattr(s, "toDDL") else None]


def ddl(spark):
    texts = ["a int", "a INT, b STRING NOT NULL", "a: int, b: string", "struct<a:int,b:array<string>>", "a map<string,array<struct<x:int>>>", "a decimal(10,2), b decimal", "int", "array<int>", "a bigint COMMENT 'x'", "`a b` int", "a timestamp_ntz, b date, c timestamp", "a interval day to second", "a byte, b short, c long, d real, e float, f double, g numeric(5,1)", "a void", "a varchar(3), b char(2)", "tinyint", "a smallint, b integer, c dec(4,2), d boolean, e binary"]
    return [[t, T._parse_datatype_string(t).simpleString(), T._parse_datatype_string(t).json()] for t in texts]


def ddl_that_is_wrong(spark):
    return T._parse_datatype_string("a int b")


def ddl_from_the_class(spark):
    return [T.StructType.fromDDL("a int, b string").simpleString(), T.DataType.fromDDL("array<int>").simpleString()]


def struct_of_an_unknown_field(spark):
    return T.StructType([T.StructField("a", T.IntegerType())])["b"]


def struct_add_without_a_type(spark):
    return T.StructType().add("a")


def struct_of_what_is_no_field(spark):
    return T.StructType(["a"])


def types_are_values(spark):
    return [T.IntegerType() == T.IntegerType(), T.ArrayType(T.IntegerType()) == T.ArrayType(T.IntegerType(), False), T.DecimalType(5, 2) == T.DecimalType(5, 2), len({T.StringType(), T.StringType()}), T.StructType([]) == T.StructType()]


def json_of_a_type(spark):
    return [T._parse_datatype_json_string('"integer"').simpleString(), T._parse_datatype_json_string('{"type":"array","elementType":"string","containsNull":false}').simpleString(), T.StructType.fromJson({"type": "struct", "fields": [{"name": "a", "type": "decimal(5,2)", "nullable": True, "metadata": {}}]}).simpleString()]


def inferred_from_python(spark):
    row = (1, 2.5, "s", True, b"x", decimal.Decimal("1.5"), dt.date(2024, 1, 5), dt.datetime(2024, 1, 5, 1, 2), [1], {"k": 1.0}, (1, "a"), Row(z=1), None, dt.timedelta(hours=1), bytearray(b"y"))
    try:
        return spark.createDataFrame([row, (*row[:12], "late", *row[13:])]).dtypes
    finally:
        pass


def python_values_of_every_type(spark):
    schema = "a tinyint, b smallint, c int, d bigint, e float, f double, g decimal(10,3), h string, i binary, j boolean, k date, l timestamp, m timestamp_ntz, n array<int>, o map<string,int>, p struct<x:int>, q interval day to second"
    row = (1, 2, 3, 4, 1.5, 2.5, decimal.Decimal("1.250"), "s", b"x", True, dt.date(2024, 1, 5), dt.datetime(2024, 1, 5, 1, 2, 3, 4), dt.datetime(2024, 1, 5, 1, 2, 3), [1, None], {"k": None}, (7,), dt.timedelta(days=1, microseconds=5))
    df = spark.createDataFrame([row, (None,) * 17], schema)
    return [[type(v).__name__ for v in df.collect()[0]], df]


def extreme_values(spark):
    df = spark.createDataFrame([(dt.date(1, 1, 1), dt.datetime(1900, 1, 1), decimal.Decimal("12345678901234567890.123456789012345678"), 2**63 - 1, -(2**63)), (dt.date(9999, 12, 31), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), decimal.Decimal("-1e-18"), 0, 0)], "a date, b timestamp, c decimal(38,18), d bigint, e bigint")
    return df


def a_decimal_is_rounded_in(spark):
    return spark.createDataFrame([(decimal.Decimal("1.005"),), (decimal.Decimal("2.5"),)], "a decimal(5,2)")


def a_bool_for_an_int(spark):
    return spark.createDataFrame([(True,)], "a int").collect()


def an_int_for_a_double(spark):
    return spark.createDataFrame([(1,)], "a double").collect()


def an_int_for_a_string(spark):
    return spark.createDataFrame([(1,)], "a string").collect()


def a_dict_for_a_struct(spark):
    return spark.createDataFrame([({"x": 1},)], "a struct<x:int,y:string>")


def without_verification(spark):
    return spark.createDataFrame([("1",)], "a string", verifySchema=False)


def literals(spark):
    df = spark.range(1)
    values = [1, 2**40, 1.5, "x", True, None, decimal.Decimal("1.50"), dt.date(2024, 1, 5), dt.datetime(2024, 1, 5, 1, 2, 3), b"x", [1, 2], dt.timedelta(hours=1)]
    return [[c.dataType.simpleString(), c.name] for c in df.select(*[F.lit(v) for v in values]).schema.fields]


def numpy_literals(spark):
    import numpy as np

    return spark.range(1).select(F.lit(np.int64(1)), F.lit(np.float32(1.5)), F.lit(np.bool_(True)), F.lit(np.array([1, 2]))).dtypes


def rows_of_other_lengths(spark):
    asked = [
        ([(1, 2), (3,)], ["a", "b"]),
        ([(3,), (1, 2)], ["a", "b"]),
        ([(1, 2), (3, 4, 5)], None),
        ([[1, 2], [3]], ["a", "b"]),
        ([(1, (2, 3)), (4, (5,))], ["a", "b"]),
        ([(1, 2), (3,)], "a int, b int"),
        ([{"a": 1, "b": 2}, {"a": 3}], None),
    ]
    answers = []
    for rows, schema in asked:
        try:
            answers.append([str(row) for row in spark.createDataFrame(rows, schema).collect()])
        except Exception as error:
            answers.append([type(error).__name__, error.getCondition()])
    return answers
