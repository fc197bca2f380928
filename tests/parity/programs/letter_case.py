"""Names that differ by case: columns, fields, keys and files, by both values of spark.sql.caseSensitive."""

from pyspark.sql import functions as F
from pyspark.sql.types import StructType

VIEWS = {
    "c": "SELECT * FROM VALUES (1, 'x', named_struct('f', 1, 'G', 2)), (2, 'y', named_struct('f', 3, 'G', 4)) AS c(a, B, s)",
    "e": "SELECT * FROM VALUES (1, 'p'), (3, 'q') AS e(A, z)",
}


def _c(spark):
    return spark.table("c")


def _e(spark):
    return spark.table("e")


def _both(spark):
    """A frame that has both `a` and `A`."""
    return spark.createDataFrame([(1, 2)], "a int, A int")


def _told(found):
    return [found.columns, sorted(map(str, found.collect()))] if hasattr(found, "collect") else found


def _either(spark, ask):
    """The answer where case does not count, and where it does."""
    answers = []
    for value in ("false", "true"):
        spark.conf.set("spark.sql.caseSensitive", value)
        try:
            answers.append(_told(ask()))
        except Exception as error:
            answers.append([type(error).__name__, error.getCondition() if hasattr(error, "getCondition") else None])
        finally:
            spark.conf.unset("spark.sql.caseSensitive")
    return answers


def _file(tmp, name, *lines):
    (tmp / name).write_text("".join(line + "\n" for line in lines))
    return str(tmp / name)


# --- files -----------------------------------------------------------------------------------------------------------

def json_keys_in_two_lines(spark, tmp):
    path = _file(tmp, "f", '{"a": 1}', '{"A": 2}')
    return _either(spark, lambda: spark.read.json(path))


def json_keys_in_one_line(spark, tmp):
    path = _file(tmp, "f", '{"a": 1, "A": 2}')
    return _either(spark, lambda: spark.read.json(path))


def json_keys_of_a_nested_object(spark, tmp):
    path = _file(tmp, "f", '{"o": {"a": 1}}', '{"o": {"A": 2}}')
    return _either(spark, lambda: spark.read.json(path).select("o"))


def json_keys_of_objects_in_a_list(spark, tmp):
    path = _file(tmp, "f", '{"o": [{"a": 1}, {"A": 2}]}')
    return _either(spark, lambda: spark.read.json(path))


def json_by_a_schema_of_another_case(spark, tmp):
    path = _file(tmp, "f", '{"a": 1, "o": {"k": 5}}', '{"A": 2, "o": {"K": 6}}')
    return _either(spark, lambda: spark.read.schema("A int, o struct<K:int>").json(path))


def json_by_a_schema_of_both_cases(spark, tmp):
    path = _file(tmp, "f", '{"a": 1, "A": 2}')
    return _either(spark, lambda: spark.read.schema("a int, A int").json(path))


def json_in_a_stream_by_a_schema_of_another_case(spark, tmp):
    (tmp / "d").mkdir()
    _file(tmp / "d", "1", '{"a": 1}', '{"A": 2}')
    query = spark.readStream.schema("A int").json(str(tmp / "d")).writeStream.format("memory").queryName("cased").trigger(availableNow=True).start()
    query.awaitTermination(60)
    return spark.table("cased")


def json_in_a_stream_with_inference(spark, tmp):
    (tmp / "d").mkdir()
    _file(tmp / "d", "1", '{"a": 1}', '{"A": 2}')
    spark.conf.set("spark.sql.streaming.schemaInference", "true")
    try:
        return spark.readStream.json(str(tmp / "d")).columns
    finally:
        spark.conf.unset("spark.sql.streaming.schemaInference")


def csv_header_of_both_cases(spark, tmp):
    path = _file(tmp, "f", "a,A,b", "1,2,3")
    return _either(spark, lambda: spark.read.option("header", True).csv(path))


def csv_header_of_both_cases_and_a_schema(spark, tmp):
    path = _file(tmp, "f", "a,A", "1,2")
    return _either(spark, lambda: spark.read.schema("x int, y int").option("header", True).option("enforceSchema", True).csv(path))


def csv_header_of_another_case(spark, tmp):
    path = _file(tmp, "f", "A,b", "1,2")
    return _either(spark, lambda: spark.read.schema("a int, B int").option("header", True).option("enforceSchema", False).csv(path))


def csv_by_a_schema_of_both_cases(spark, tmp):
    path = _file(tmp, "f", "1,2")
    return _either(spark, lambda: spark.read.schema("a int, A int").csv(path))


def _parquet(spark, tmp):
    spark.createDataFrame([(1, 2)], "a int, b int").repartition(1).write.parquet(str(tmp / "p/one"))
    spark.createDataFrame([(3, 4)], "A int, b int").repartition(1).write.parquet(str(tmp / "p/two"))


def parquet_by_a_schema_of_another_case(spark, tmp):
    _parquet(spark, tmp)
    return _either(spark, lambda: spark.read.schema("A int, B int").parquet(str(tmp / "p/one")))


def parquet_files_of_two_cases(spark, tmp):
    _parquet(spark, tmp)
    return _either(spark, lambda: spark.read.parquet(str(tmp / "p/one"), str(tmp / "p/two")).select("b"))


def parquet_files_of_two_cases_and_one_schema(spark, tmp):
    _parquet(spark, tmp)
    return _either(spark, lambda: spark.read.schema("a int, b int").parquet(str(tmp / "p/one"), str(tmp / "p/two")))


def parquet_files_of_two_cases_merged(spark, tmp):
    _parquet(spark, tmp)
    return _either(spark, lambda: spark.read.option("mergeSchema", True).parquet(str(tmp / "p/one"), str(tmp / "p/two")))


def parquet_with_both_cases(spark, tmp):
    spark.conf.set("spark.sql.caseSensitive", "true")
    try:
        _both(spark).write.parquet(str(tmp / "p"))
    finally:
        spark.conf.unset("spark.sql.caseSensitive")
    return [_either(spark, lambda: spark.read.parquet(str(tmp / "p"))), _either(spark, lambda: spark.read.schema("a int").parquet(str(tmp / "p")))]


def parquet_fields_of_another_case(spark, tmp):
    _c(spark).select("s").write.parquet(str(tmp / "p"))
    return _either(spark, lambda: spark.read.schema("s struct<F:int,g:int>").parquet(str(tmp / "p")))


def writes_of_both_cases(spark, tmp):
    return [_either(spark, lambda: _both(spark).write.mode("overwrite").format(format).save(str(tmp / format))) for format in ("parquet", "json", "csv")]


def writes_of_a_struct_of_both_cases(spark, tmp):
    df = spark.sql("SELECT named_struct('a', 1, 'A', 2) AS s")
    return [_either(spark, lambda: df.write.mode("overwrite").format(format).save(str(tmp / format))) for format in ("parquet", "json")]


def partition_by_another_case(spark, tmp):
    def ask():
        _c(spark).select("a", "B").write.mode("overwrite").partitionBy("A").parquet(str(tmp / "p"))
        return [sorted(p.name for p in (tmp / "p").iterdir() if "=" in p.name), spark.read.parquet(str(tmp / "p")).columns]
    return _either(spark, ask)


def partition_directories_of_two_cases(spark, tmp):
    for name, value in (("k=1", "a"), ("K=2", "b")):
        (tmp / "d" / name).mkdir(parents=True)
        (tmp / "d" / name / "f").write_text(value)
    return _either(spark, lambda: spark.read.text(str(tmp / "d")))


def a_partition_and_a_column_of_another_case(spark, tmp):
    (tmp / "d" / "A=7").mkdir(parents=True)
    _file(tmp / "d" / "A=7", "f", '{"a": 1, "b": 2}')
    return _either(spark, lambda: spark.read.json(str(tmp / "d")))


def a_partition_by_a_schema_of_another_case(spark, tmp):
    (tmp / "d" / "k=7").mkdir(parents=True)
    _file(tmp / "d" / "k=7", "f", '{"b": 2}')
    return _either(spark, lambda: spark.read.schema("b int, K int").json(str(tmp / "d")))


def a_stream_in_directories_of_another_case(spark, tmp):
    (tmp / "d").mkdir()
    _file(tmp / "d", "f", '{"a": 1, "B": "x"}')
    rows = spark.readStream.schema("a int, B string").json(str(tmp / "d"))

    def directories(column):
        place = f"{column}{spark.conf.get('spark.sql.caseSensitive')}"
        written = rows.writeStream.partitionBy(column).format("json").option("checkpointLocation", str(tmp / f"c{place}"))
        written.trigger(availableNow=True).start(str(tmp / place)).awaitTermination()
        return sorted(path.name for path in (tmp / place).iterdir() if "=" in path.name)

    return [_either(spark, lambda column=column: directories(column)) for column in ("a", "A", "b")]


# --- columns ---------------------------------------------------------------------------------------------------------

PYTHON = [f"_either(spark, lambda: {text})" for text in (
    "_c(spark).select('A', 'b')", "_c(spark).select(F.col('A').alias('q'))", "_c(spark).select('A').columns", "_c(spark).select(_c(spark)['A'])", "_c(spark).A is not None", "_c(spark).select('S.F', 's.g')", "_c(spark).select(F.col('s')['F'])", "_c(spark).select(F.col('s').getField('g'))", "_c(spark).select('C.A')", "_c(spark).alias('Q').select('q.a')", "_c(spark).selectExpr('A + a', 's.F')",
    "_c(spark).withColumn('A', F.lit(9))", "_c(spark).withColumns({'A': F.lit(9), 'b': F.lit(8)})", "_c(spark).withColumns({'n': F.lit(9), 'N': F.lit(8)})", "_c(spark).withColumnRenamed('A', 'z')", "_c(spark).withColumnRenamed('a', 'A')", "_c(spark).withColumnsRenamed({'A': 'z', 'b': 'y'})", "_c(spark).drop('A')", "_c(spark).drop('A', 'B').columns", "_c(spark).drop(F.col('A')).columns", "_c(spark).toDF('x', 'X', 'y').columns", "_c(spark).toDF('x', 'X', 'y').select('x')", "_c(spark).withMetadata('A', {'m': 1}).columns", "_c(spark).select('a', F.lit(1).alias('A')).select('a')", "_c(spark).select('a', F.lit(1).alias('A')).columns",
    "_c(spark).withColumn('s', F.col('s').withField('F', F.lit(7)))", "_c(spark).withColumn('s', F.col('s').dropFields('g'))", "_c(spark).select(F.struct(F.lit(1).alias('a'), F.lit(2).alias('A')).alias('s')).select('s.a')", "_c(spark).select(F.struct(F.lit(1).alias('a'), F.lit(2).alias('A')).alias('s')).select('s')",
    "_c(spark).groupBy('A').count()", "_c(spark).groupBy('a', 'A').count()", "_c(spark).groupBy(F.col('a').alias('p'), F.col('a').alias('q')).count()", "_c(spark).groupBy('a', F.col('a').cast('int').alias('q')).count()", "_c(spark).rollup('a', F.col('a').alias('q')).count()", "spark.sql('SELECT * EXCEPT (A, a) FROM c')", "spark.sql('SELECT * EXCEPT (a, a) FROM c')", "_c(spark).groupBy('A').agg({'b': 'max'})", "_c(spark).groupBy('b').sum('A')", "_c(spark).groupBy('A').pivot('b').count()", "_c(spark).groupBy('b').pivot('A', [1]).agg(F.max('a'))", "_c(spark).agg(F.max('A')).columns", "_c(spark).orderBy('A')", "_c(spark).sort(F.desc('A')).select('a').take(1)", "_c(spark).dropDuplicates(['A']).count()", "_c(spark).fillna(0, ['A']).columns", "_c(spark).fillna({'A': 0}).count()", "_c(spark).dropna(subset=['A']).count()", "_c(spark).replace(1, 5, ['A']).select('a')", "_c(spark).approxQuantile('A', [0.5], 0.0)", "_c(spark).describe('A').columns", "_c(spark).corr('A', 'a')", "_c(spark).crosstab('A', 'b').columns", "_c(spark).sampleBy('A', {1: 1.0}, 3).count()", "_c(spark).unpivot('B', ['A'], 'n', 'v')", "_c(spark).repartition(2, 'A').count()", "_c(spark).colRegex('`A`') is not None", "_c(spark).select(_c(spark).colRegex('`A|b`')).columns", "_c(spark).to(StructType.fromDDL('A int, b string'))",
    "_c(spark).join(_e(spark), 'a').columns", "_c(spark).join(_e(spark), 'A').columns", "_c(spark).join(_e(spark), ['A'], 'full').columns", "_e(spark).join(_c(spark), 'a', 'right').columns", "_c(spark).join(_e(spark), _c(spark).a == _e(spark)['A']).columns", "_c(spark).join(_e(spark), F.col('c.a') == F.col('e.A')).select('a')", "spark.sql('SELECT * FROM c JOIN e USING (A)')", "spark.sql('SELECT * FROM c NATURAL JOIN e')", "spark.sql('SELECT * FROM C')", "spark.sql('SELECT c.A FROM C')", "spark.sql('SELECT C.a FROM c')", "spark.sql('SELECT a AS x, X + 1 FROM c')", "spark.sql('SELECT a AS x, max(b) FROM c GROUP BY X')", "spark.sql('SELECT a AS x FROM c ORDER BY X')", "spark.sql('WITH W AS (SELECT 1 AS k) SELECT K FROM w')", "spark.sql('SELECT * EXCEPT (A) FROM c')", "spark.sql('SELECT transform(array(1), X -> x + 1)')", "spark.sql(\"SELECT named_struct('a', 1, 'A', 2)\")", "spark.sql(\"SELECT named_struct('a', 1, 'A', 2).a\")", "spark.sql('SELECT MAX(a), Upper(B) FROM c GROUP BY b')", "spark.sql('SELECT A, count(*) FROM c GROUP BY a')", "spark.sql('SELECT a FROM c GROUP BY A HAVING A > 1')", "spark.sql('SELECT first(a) OVER W FROM c WINDOW w AS (ORDER BY A)')", "spark.sql('SELECT * FROM c PIVOT (max(A) FOR b IN (\"x\"))')", "spark.sql('SELECT * FROM c LATERAL VIEW explode(array(1)) T AS V WHERE v = 1 AND t.V = 1')",
    "_c(spark).select('a', 'B').unionByName(_e(spark).select('A', F.lit('w').alias('b')))", "_c(spark).select('a', 'B').unionByName(_e(spark).select('A'), allowMissingColumns=True)", "_c(spark).select('a', F.lit(1).alias('A')).unionByName(_c(spark).select('a', F.lit(1).alias('A')))", "_c(spark).select('a').union(_e(spark).select('A')).columns", "_c(spark).select('a').intersect(_e(spark).select('A'))",
    "_both(spark)", "_both(spark).select('a')", "_both(spark).columns", "_both(spark).collect()[0].asDict()", "_both(spark)['a'] is not None", "_both(spark).drop('a').columns", "_both(spark).withColumn('a', F.lit(0))", "_both(spark).toPandas().columns.tolist()", "_both(spark).groupBy('a').count()", "_both(spark).distinct().count()", "_both(spark).dropDuplicates(['a']).count()", "_both(spark).fillna(0, ['a']).count()", "_both(spark).createOrReplaceTempView('both_cases')", "_both(spark).orderBy('a')", "_both(spark).select('*').count()", "_both(spark).withColumnRenamed('a', 'b').columns", "_both(spark).select(F.struct('*').alias('s')).select('s.a')", "_both(spark).unionByName(_both(spark))", "_both(spark).join(_c(spark), 'a').columns", "_both(spark).filter('a = 1').count()",
    "spark.createDataFrame([{'a': 1}, {'A': 2}]).columns", "spark.createDataFrame([({'k': 1, 'K': 2},)], 'm map<string,int>').select('m.k')", "spark.createDataFrame([({'k': 1},)], 'm map<string,int>').select('m.K')", "spark.createDataFrame([((1,),)], 's struct<f:int>').select('s.F').columns", "spark.sql(\"SELECT from_json('{\\\"A\\\": 1}', 'a int') AS j\")", "spark.sql(\"SELECT from_json('{\\\"a\\\": 1, \\\"A\\\": 2}', 'a int, A int') AS j\")", "spark.sql(\"SELECT schema_of_json('{\\\"a\\\": 1, \\\"A\\\": 2}') AS j\")", "spark.sql(\"SELECT get_json_object('{\\\"a\\\": 1, \\\"A\\\": 2}', '$.A') AS j\")", "spark.sql(\"SELECT to_json(named_struct('a', 1, 'A', 2)) AS j\")", "spark.sql(\"SELECT from_csv('1,2', 'a int, A int') AS j\")", "StructType.fromDDL('a int, A int').fieldNames()", "spark.createDataFrame([], 'a int, A int').columns", "spark.sql('SELECT 1 AS `ä`, 2 AS `Ä`').columns", "spark.sql('SELECT 1 AS `ä`').select('Ä').columns", "spark.sql('SELECT 1 AS `straße`').select('STRASSE').columns", "spark.sql('SELECT 1 AS `ı`').select('I').columns", "spark.sql('SELECT 1 AS `K`').select('k').columns",
)]
