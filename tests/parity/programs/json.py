"""JSON in columns: from_json and its modes, to_json, paths, inferred schemas."""

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, MapType, StringType, StructField, StructType

VIEWS = {"j": """SELECT * FROM VALUES ('{"a": 1, "b": "x", "c": [1, 2], "d": {"e": 1.5}}'), ('{"a": "oops", "b": 2}'), ('{bad'), ('{}'), (''), (null), ('[{"a": 3}]'), ('{"A": 5, "a": null}') AS j(s)"""}

EXPRESSIONS = [
    "from_json('{\"a\": 1, \"b\": 0.8}', 'a INT, b DOUBLE')", "from_json('{\"a\": 1}', 'STRUCT<a: BIGINT>')", "from_json('{\"t\": \"26/08/2015\"}', 't TIMESTAMP', map('timestampFormat', 'dd/MM/yyyy'))", "from_json('{\"t\": \"2024-01-05T01:02:03.5Z\"}', 't TIMESTAMP')", "from_json('{\"d\": \"2024-01-05\"}', 'd DATE')", "from_json('[1, 2]', 'ARRAY<INT>')", "from_json('{\"k\": 1}', 'MAP<STRING,INT>')", "from_json('[{\"a\": 1}, {\"a\": 2}]', 'ARRAY<STRUCT<a: INT>>')", "from_json('{\"a\": 1}', 'a STRING')", "from_json('{\"a\": {\"x\": 1}}', 'a STRING')", "from_json('{\"a\": 1.5}', 'a INT')", "from_json('{\"a\": \"1\"}', 'a INT')", "from_json('{\"a\": 99999999999}', 'a INT')", "from_json('{\"a\": true}', 'a BOOLEAN')", "from_json('{\"a\": 1.23}', 'a DECIMAL(5,1)')", "from_json('{\"a\": NaN}', 'a DOUBLE')", "from_json('{\"a\": \"Infinity\"}', 'a DOUBLE')", "from_json('{''a'': 1}', 'a INT')", "from_json('{\"a\": 1', 'a INT')", "from_json('{\"a\": 1', 'a INT', map('mode', 'FAILFAST'))", "from_json('{\"a\": 1', 'a INT, _corrupt_record STRING')", "from_json('{\"a\": \"x\", \"b\": 2}', 'a INT, b INT, _c STRING', map('columnNameOfCorruptRecord', '_c'))", "from_json('{\"a\": 1}', 'a INT', map('mode', 'DROPMALFORMED'))", "from_json('{\"a\": 1, \"a\": 2}', 'a INT')", "from_json('{\"a\": null}', 'a INT')", "from_json('  ', 'a INT')", "from_json('null', 'a INT')", "from_json('{\"a\": \"\\\\u00e9\"}', 'a STRING')", "from_json(1, 'a INT')", "from_json('{}', 'a NOPE')", "from_json('{\"a\":\"YWJj\"}', 'a BINARY')", "from_json('{\"a\": 1}', 'a INT').a",
    "to_json(named_struct('a', 1, 'b', null))", "to_json(named_struct('a', null, 'b', 2), map('ignoreNullFields', 'false'))", "to_json(struct(1, 'x\"y'))", "to_json(array(1, null))", "to_json(map('k', 1.5D))", "to_json(map(1, 'a'))", "to_json(array(struct(1 as a), struct(2 as a)))", "to_json(named_struct('t', timestamp'2024-01-05 01:02:03.5', 'd', date'2024-01-05'))", "to_json(named_struct('t', timestamp'2024-01-05 01:02:03'), map('timestampFormat', 'yyyy/MM/dd'))", "to_json(named_struct('a', 1.10, 'b', 1e10D, 'c', 1.5F, 'd', double('NaN')))", "to_json(named_struct('a', X'4142'))", "to_json(named_struct('a', 'é\\n/'))", "to_json(1)", "to_json(named_struct('n', named_struct('x', array(map('k', true)))))", "to_json(null)", "to_json(named_struct('a', 1), map('pretty', 'true'))",
    "get_json_object('{\"a\": {\"b\": [1, 2]}}', '$.a.b[1]')", "get_json_object('{\"a\": {\"b\": [1, 2]}}', '$.a')", "get_json_object('{\"a\": \"x\"}', '$.a')", "get_json_object('[1, 2]', '$[0]')", "get_json_object('{\"a\": [{\"b\": 1}, {\"b\": 2}]}', '$.a[*].b')", "get_json_object('{\"a\": 1}', '$.z')", "get_json_object('{\"a\": null}', '$.a')", "get_json_object('{bad', '$.a')", "get_json_object('{\"a\": 1}', 'a')", "get_json_object('{\"a b\": 1}', '$[''a b'']')", "get_json_object('{\"a\": 1.0}', '$.a')", "get_json_object('{\"a\": true}', '$.a')", "get_json_object('{\"a\": 1}', '$')",
    "json_tuple('{\"a\": 1, \"b\": \"x\"}', 'a')", "json_object_keys('{\"a\": 1, \"b\": 2}')", "json_array_length('[1, 2, 3]')", "json_array_length('{}')", "schema_of_json('{\"a\": 1, \"b\": [1.5], \"c\": \"x\", \"d\": null}')", "schema_of_json('[{\"a\": 1}, {\"b\": true}]')", "schema_of_json('1')", "to_json(from_json('{\"a\":1,\"b\":2}', 'b INT, a INT'))",
    "from_json('{\"a\": 1}', '`')", "from_json('{\"a\": 1}', '`a`` int')", "from_json('{\"a\": 1}', '`a` int')",
]

OVER = [("j", ["from_json(s, 'a INT, b STRING')", "from_json(s, 'a INT, b STRING, c ARRAY<INT>, d STRUCT<e: DOUBLE>').d.e", "from_json(s, 'a STRING, _corrupt_record STRING')", "get_json_object(s, '$.a')", "get_json_object(s, '$.d.e')", "from_json(s, 'a INT') IS NULL", "from_json(s, 'MAP<STRING,STRING>')", "from_json(s, 'ARRAY<STRUCT<a:INT>>')", "json_array_length(s)"])]

QUERIES = ["SELECT s, t.* FROM j LATERAL VIEW json_tuple(s, 'a', 'b') t AS a, b"]


def schema_as_a_type(spark):
    schema = StructType([StructField("a", IntegerType(), False), StructField("b", ArrayType(StructType([StructField("c", StringType())])))])
    df = spark.createDataFrame([('{"a": 1, "b": [{"c": "x"}, {"c": null}]}',), ('{"b": []}',)], ["s"])
    parsed = df.select(F.from_json("s", schema).alias("p"))
    return [parsed.select("p.a", F.explode_outer("p.b").alias("e")).select("a", "e.c").collect(), parsed.schema.simpleString(), parsed.schema["p"].dataType["a"].nullable]


def schema_as_a_map(spark):
    df = spark.createDataFrame([('{"k": 1}',)], ["s"])
    return df.select(F.from_json("s", MapType(StringType(), IntegerType())).alias("m"))


def schema_of_an_example(spark):
    df = spark.createDataFrame([('{"k": 1, "z": 2.5}',)], ["s"])
    return df.select(F.from_json("s", F.schema_of_json('{"k": 0, "z": 0.5}')).alias("m"))


def options_given_as_a_dict(spark):
    df = spark.createDataFrame([('{"d": "05/01/2024"}',)], ["s"])
    return df.select(F.from_json("s", "d date", {"dateFormat": "dd/MM/yyyy"}).alias("p"), F.to_json(F.struct(F.lit(None).cast("int").alias("x")), {"ignoreNullFields": "false"}).alias("q"))


def whole_row_to_json(spark):
    df = spark.createDataFrame([(1, "a", None), (2, None, [1.5])], "id int, s string, l array<double>")
    return [df.select(F.to_json(F.struct("*")).alias("value")).collect(), df.toJSON().collect()]


def failfast_raises(spark):
    df = spark.createDataFrame([("{bad",)], ["s"])
    return df.select(F.from_json("s", "a int", {"mode": "FAILFAST"})).collect()


def schema_must_be_a_literal(spark):
    df = spark.createDataFrame([("{}", "a int")], ["s", "t"])
    return df.select(F.from_json("s", df.t)).collect()
