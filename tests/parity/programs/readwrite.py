"""Reading and writing csv, json, text and parquet: options, malformed rows, save modes, partitions."""

import os

from pyspark.sql import functions as F


def _file(tmp, text, name="in.txt"):
    path = tmp / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def _frame(spark):
    return spark.createDataFrame([(1, "a", 1.5, True), (2, None, None, False)], "i int, s string, d double, b boolean")


def _lines(directory):
    return sorted(line for name in os.listdir(directory) if name.startswith("part-") for line in open(f"{directory}/{name}", encoding="utf-8").read().split("\n") if line)


# --- csv -------------------------------------------------------------------------------------------------------------

def csv_as_it_comes(spark, tmp):
    return spark.read.csv(_file(tmp, "a,1,x\nb,2,\n"))


def csv_with_a_header(spark, tmp):
    return spark.read.csv(_file(tmp, "name,n\na,1\nb,\n"), header=True)


def csv_inferred(spark, tmp):
    return spark.read.option("header", "true").option("inferSchema", "true").csv(_file(tmp, "i,l,d,s,b,t,dt,e\n1,3000000000,1.5,x,true,2024-01-05 10:00:00,2024-01-05,\n2,1,2,3,false,2024-01-05T10:00:00,2024-01-06,\n"))


def csv_with_a_schema(spark, tmp):
    return spark.read.schema("n INT, s STRING, d DATE, t TIMESTAMP, x DOUBLE").csv(_file(tmp, "1,a,2024-01-05,2024-01-05 01:02:03,1e3\n,,,,\n"))


def csv_permissive(spark, tmp):
    return spark.read.schema("n INT, s STRING, _corrupt_record STRING").csv(_file(tmp, "1,a\nx,b\n3\n4,d,extra\n"))


def csv_permissive_without_the_column(spark, tmp):
    return spark.read.schema("n INT, s STRING").csv(_file(tmp, "1,a\nx,b\n3\n4,d,extra\n"))


def csv_dropmalformed(spark, tmp):
    return spark.read.schema("n INT, s STRING").option("mode", "DROPMALFORMED").csv(_file(tmp, "1,a\nx,b\n3\n4,d,extra\n"))


def csv_failfast(spark, tmp):
    return spark.read.schema("n INT, s STRING").option("mode", "FAILFAST").csv(_file(tmp, "1,a\nx,b\n")).collect()


def csv_a_corrupt_column_of_another_name(spark, tmp):
    return spark.read.csv(_file(tmp, "1,a\nx,b\n"), schema="n INT, s STRING, bad STRING", columnNameOfCorruptRecord="bad")


def csv_quotes_and_escapes(spark, tmp):
    return spark.read.csv(_file(tmp, '"a,b","c""d",e\n"x\\"y", z ,"w"\n\'q\',1,2\n'))


def csv_separators_and_nulls(spark, tmp):
    return spark.read.csv(_file(tmp, "a|NA|1\n-|b|\n"), sep="|", nullValue="NA", emptyValue="EMPTY")


def csv_many_character_separator(spark, tmp):
    return spark.read.option("delimiter", "||").csv(_file(tmp, "a||b\nc||d\n"))


def csv_comments_and_blank_lines(spark, tmp):
    return spark.read.csv(_file(tmp, "# no\na,1\n\n  \nb,2\n"), comment="#")


def csv_white_space(spark, tmp):
    path = _file(tmp, " a , 1 \n")
    return [spark.read.csv(path).collect(), spark.read.csv(path, ignoreLeadingWhiteSpace=True, ignoreTrailingWhiteSpace=True).collect(), spark.read.schema("a string, n int").csv(path).collect()]


def csv_many_lines_in_a_field(spark, tmp):
    return spark.read.csv(_file(tmp, 'a,"x\ny"\nb,z\n'), multiLine=True)


def csv_as_excel_and_pandas_write_it(spark, tmp):
    return spark.read.schema("a STRING, b STRING, c STRING").csv(_file(tmp, '1,"Smith, ""Bob""",z\n2,"a ""b"" c",y\n3,"""q""",x\n4,"say ""x,",w\n'))


def csv_escapes_in_quotes(spark, tmp):
    return spark.read.schema("a STRING, b STRING").csv(_file(tmp, '"a\\\\","b\\c"\n"\\"","d\\\\"\n"x"y,1\n"x" y"z,1\n"""\\a,b"\n"open,1\n'))


def csv_many_lines_and_doubled_quotes(spark, tmp):
    return spark.read.schema("a STRING, b STRING, c STRING").csv(_file(tmp, 'a,"x\ny ""q"",\nz",1\r\n\nb,"u\r\nv",2\n'), multiLine=True, escape='"')


def csv_many_lines_with_a_corrupt_column(spark, tmp):
    return spark.read.schema("n INT, s STRING, _corrupt_record STRING").csv(_file(tmp, 'x,"a\nb"\n1,c\n2\n'), multiLine=True)


def csv_cells_that_need_escapes_come_back(spark, tmp):
    frame = spark.createDataFrame([("C:\\dir, x\\", "z"), ('say "x"', "a\\"), ("#a", "#b"), ("\\", '\\"'), (" lead", "trail "), ("a\nb", "c|\n")], "a STRING, b STRING")
    frame.coalesce(1).write.csv(str(tmp / "out"))
    return [_lines(tmp / "out"), spark.read.csv(str(tmp / "out"), multiLine=True).collect()]


def csv_binary_and_null_columns(spark, tmp):
    spark.sql("SELECT X'4142' AS a").coalesce(1).write.csv(str(tmp / "out"))
    return _lines(tmp / "out")


def csv_of_a_void_column(spark, tmp):
    spark.sql("SELECT null AS a").write.csv(str(tmp / "out"))


def csv_dates_by_a_pattern_with_a_time(spark, tmp):
    spark.sql("SELECT date'2024-01-05' AS d").coalesce(1).write.csv(str(tmp / "out"), dateFormat="yyyy-MM-dd[ HH]")
    return _lines(tmp / "out")


def csv_fractions_of_any_length(spark, tmp):
    return spark.read.schema("t TIMESTAMP").csv(_file(tmp, "2024-01-05 01:02:03.1\n2024-01-05 01:02:03.12\n2024-01-05 01:02:03.1234\n"), timestampFormat="yyyy-MM-dd HH:mm:ss.SSS")


def csv_decimals_and_hexadecimal(spark, tmp):
    return spark.read.schema("a DECIMAL(10,2), b DOUBLE").csv(_file(tmp, '"1,000.5",0x1p3\n 1,0x1.8p1\n1 ,-0x10p-4\n'))


def csv_an_empty_line_separator(spark, tmp):
    return spark.read.csv(_file(tmp, "a\n"), lineSep="")


def csv_date_formats(spark, tmp):
    return spark.read.schema("d DATE, t TIMESTAMP").csv(_file(tmp, "05/01/2024,05.01.2024 13:14\n"), dateFormat="dd/MM/yyyy", timestampFormat="dd.MM.yyyy HH:mm")


def csv_numbers_of_every_shape(spark, tmp):
    return spark.read.schema("d DOUBLE, i INT, p DECIMAL(5,2), b BOOLEAN").csv(_file(tmp, "NaN,1,1.234,true\nInf,+2, 1,TRUE\n-Inf,03,9999,no\n1e5,1.0,1,\n"))


def csv_header_that_does_not_match(spark, tmp):
    path = _file(tmp, "x,y\n1,2\n")
    return [spark.read.schema("a INT, b INT").csv(path, header=True).collect()]


def csv_header_enforced(spark, tmp):
    return spark.read.schema("a INT, b INT").csv(_file(tmp, "x,y\n1,2\n"), header=True, enforceSchema=False).collect()


def csv_repeated_and_empty_header_names(spark, tmp):
    return spark.read.csv(_file(tmp, "a,a,,A\n1,2,3,4\n"), header=True).columns


def csv_encoding_and_line_ends(spark, tmp):
    return [spark.read.csv(_file(tmp, "é,1\n".encode("latin-1"), "l1"), encoding="ISO-8859-1").collect(), spark.read.csv(_file(tmp, "a,1\r\nb,2\r\n", "crlf")).collect(), spark.read.csv(_file(tmp, "a,1;b,2;", "sep"), lineSep=";").collect(), spark.read.csv(_file(tmp, "\ufeffa,1\n", "bom")).collect()]


def csv_from_strings(spark):
    return spark.read.csv(spark.createDataFrame([("1,a",), ("2,b",)], ["value"]).rdd.map(lambda r: r.value), schema="n int, s string")


def csv_written(spark, tmp):
    out = str(tmp / "out")
    df = spark.createDataFrame([(1, "a,b", 1.5, True), (2, None, None, None), (3, 'q"q', 1e10, False), (4, "", -0.0, None), (5, " x ", float("nan"), None)], "i int, s string, d double, b boolean").coalesce(1)
    df.write.csv(out)
    return _lines(out)


def csv_written_with_options(spark, tmp):
    out = str(tmp / "out")
    df = spark.sql("SELECT 1 AS i, cast(null AS string) AS s, date'2024-01-05' AS d, timestamp'2024-01-05 01:02:03.5' AS t, 1.50 AS p")
    df.write.csv(out, header=True, sep=";", nullValue="NULL", quoteAll=True, dateFormat="yyyy/MM/dd", timestampFormat="HH:mm")
    df.write.mode("overwrite").csv(str(tmp / "plain"), header=True)
    return [_lines(out), _lines(tmp / "plain")]


def csv_of_an_array_is_refused(spark, tmp):
    spark.sql("SELECT array(1) AS a").write.csv(str(tmp / "out"))


# --- json ------------------------------------------------------------------------------------------------------------

def json_inferred(spark, tmp):
    return spark.read.json(_file(tmp, '{"b": 1, "a": "x", "n": {"z": 1.5}, "l": [1, 2]}\n{"b": 2.5, "c": true, "l": []}\n{"d": null}\n'))


def json_with_a_schema(spark, tmp):
    return spark.read.schema("a STRING, b INT, t TIMESTAMP, d DATE").json(_file(tmp, '{"a": 1, "b": 2, "t": "2024-01-05T01:02:03Z", "d": "2024-01-05"}\n{"b": null}\n{}\n'))


def json_permissive(spark, tmp):
    return spark.read.schema("a INT, b STRING, _corrupt_record STRING").json(_file(tmp, '{"a": 1, "b": "x"}\n{"a": "no", "b": "y"}\nnot json\n{"a": 3\n\n[{"a": 4}]\n'))


def json_dropmalformed(spark, tmp):
    return spark.read.schema("a INT").option("mode", "dropmalformed").json(_file(tmp, '{"a": 1}\nbad\n{"a": "no"}\n'))


def json_failfast(spark, tmp):
    return spark.read.schema("a INT").option("mode", "FAILFAST").json(_file(tmp, '{"a": 1}\nbad\n')).collect()


def json_inferred_with_a_bad_line(spark, tmp):
    return spark.read.json(_file(tmp, '{"a": 1}\nbad\n'))


def json_only_the_corrupt_column(spark, tmp):
    return spark.read.json(_file(tmp, '{"a": 1}\nbad\n')).select("_corrupt_record").collect()


def json_many_lines(spark, tmp):
    return spark.read.json(_file(tmp, '[{"a": 1},\n {"a": 2}]'), multiLine=True)


def json_single_quotes_and_bare_names(spark, tmp):
    return spark.read.json(_file(tmp, "{'a': 1, c: 1.5}\n"), allowUnquotedFieldNames=True)


def json_leading_zeros(spark, tmp):
    return spark.read.schema("b int").json(_file(tmp, '{"b": 007}\n'), allowNumericLeadingZero=True)


def json_leading_zeros_in_the_plural(spark, tmp):
    return spark.read.schema("b int").option("allowNumericLeadingZeros", True).json(_file(tmp, '{"b": 007}\n'))


def json_primitives_as_strings(spark, tmp):
    return spark.read.json(_file(tmp, '{"a": 1, "b": true}\n'), primitivesAsString=True)


def json_decimals_preferred(spark, tmp):
    return spark.read.option("prefersDecimal", True).json(_file(tmp, '{"a": 1.25}\n'))


def json_comments(spark, tmp):
    return spark.read.option("allowComments", True).json(_file(tmp, '{"a": 1 /* c */}\n'))


def json_a_bad_escape_and_a_control_character(spark, tmp):
    path = _file(tmp, '{"a": "x\\q"}\n{"a": "t\tb"}\n')
    return [spark.read.schema("a string").json(path).collect(), spark.read.schema("a string").json(path, allowBackslashEscapingAnyCharacter=True, allowUnquotedControlChars=True).collect()]


def json_timestamps_inferred(spark, tmp):
    path = _file(tmp, '{"t": "2024-01-05T01:02:03.000Z"}\n')
    return [spark.read.json(path).dtypes, spark.read.option("inferTimestamp", True).json(path).dtypes]


def json_names_that_differ_by_case(spark, tmp):
    return spark.read.json(_file(tmp, '{"a": 1}\n{"A": 2}\n'))


def json_names_that_differ_by_case_where_case_counts(spark, tmp):
    spark.conf.set("spark.sql.caseSensitive", True)
    try:
        return [tuple(row) for row in spark.read.json(_file(tmp, '{"a": 1}\n{"A": 2}\n')).collect()]
    finally:
        spark.conf.set("spark.sql.caseSensitive", False)


def json_a_name_of_another_case_than_the_schema(spark, tmp):
    return spark.read.schema("a INT").json(_file(tmp, '{"a": 1}\n{"A": 2}\n'))


def json_a_name_twice(spark, tmp):
    return spark.read.json(_file(tmp, '{"a": 1, "a": 2}\n'))


def json_a_name_twice_under_a_schema(spark, tmp):
    return spark.read.schema("a INT, m MAP<STRING, INT>, _corrupt_record STRING").json(_file(tmp, '{"a": 1, "a": 2}\n{"a": 1, "a": "x"}\n{"a": "x", "a": 2}\n{"m": {}, "m": 1.5}\n'))


def json_bytes_beyond_their_range(spark, tmp):
    return spark.read.schema("a TINYINT, b SMALLINT").json(_file(tmp, '{"a": 128, "b": 32767}\n{"a": 255, "b": 32768}\n{"a": 256}\n{"a": -129}\n'))


def json_of_corrupt_records_alone(spark, tmp):
    return spark.read.json(_file(tmp, "{x\n")).collect()


def json_fractions_of_any_length(spark, tmp):
    return spark.read.schema("t TIMESTAMP").json(_file(tmp, '{"t": "2024-01-05 01:02:03.1"}\n{"t": "2024-01-05 01:02:03.1234"}\n'), timestampFormat="yyyy-MM-dd HH:mm:ss.SSS")


def json_of_an_empty_file(spark, tmp):
    return spark.read.json(_file(tmp, ""))


def json_from_strings(spark):
    return spark.read.json(spark.sparkContext.parallelize(['{"a": 1}', '{"a": 2, "b": "x"}']))


def json_written(spark, tmp):
    out = str(tmp / "out")
    spark.sql("SELECT 1 AS i, 'é\"x' AS s, cast(null AS int) AS n, 1.50 AS p, 1.5D AS d, true AS b, date'2024-01-05' AS dt, timestamp'2024-01-05 01:02:03.5' AS t, array(1, null) AS l, map('k', 1) AS m, struct(1 AS x, null AS y) AS st, X'4142' AS bin").write.json(out)
    return _lines(out)


def json_written_with_nulls(spark, tmp):
    out = str(tmp / "out")
    _frame(spark).coalesce(1).write.option("ignoreNullFields", False).json(out)
    return _lines(out)


# --- text ------------------------------------------------------------------------------------------------------------

def text_lines(spark, tmp):
    return spark.read.text(_file(tmp, "one\n\ntwo\r\nthree"))


def text_whole_and_separated(spark, tmp):
    path = _file(tmp, "a\nb;c")
    return [spark.read.text(path, wholetext=True).collect(), spark.read.text(path, lineSep=";").collect()]


def text_written(spark, tmp):
    out = str(tmp / "out")
    spark.createDataFrame([("a",), (None,), ("b",)], "value string").coalesce(1).write.text(out)
    return [open(f"{out}/{n}").read() for n in sorted(os.listdir(out)) if n.startswith("part-")]


def text_of_two_columns_is_refused(spark, tmp):
    _frame(spark).write.text(str(tmp / "out"))


def text_of_a_number_is_refused(spark, tmp):
    spark.range(1).write.text(str(tmp / "out"))


# --- parquet and what all formats share ------------------------------------------------------------------------------

def parquet_round_trip(spark, tmp):
    out = str(tmp / "out")
    df = spark.sql("SELECT 1Y AS a, 2S AS b, 3 AS c, 4L AS d, 1.5F AS e, 2.5D AS f, 1.50 AS g, 'x' AS h, X'01' AS i, true AS j, date'2024-01-05' AS k, timestamp'2024-01-05 01:02:03.123456' AS l, timestamp_ntz'2024-01-05 01:02:03' AS m, array(1, null) AS n, map('k', struct(1 AS z)) AS o, struct(null AS p, array('q') AS q) AS r, cast(1 AS decimal(38,10)) AS s")
    df.drop("r").write.parquet(out)
    return spark.read.parquet(out)


def parquet_of_a_null_column(spark, tmp):
    spark.sql("SELECT null AS a").write.parquet(str(tmp / "out"))


def parquet_schema_is_nullable_when_read(spark, tmp):
    spark.range(1).write.parquet(str(tmp / "out"))
    return [[f.name, f.nullable] for f in spark.read.parquet(str(tmp / "out")).schema.fields]


def parquet_merged_schemas(spark, tmp):
    spark.createDataFrame([(1, "a")], "i int, s string").write.parquet(str(tmp / "p" / "k=1"))
    spark.createDataFrame([(2, 2.5)], "i int, d double").write.parquet(str(tmp / "p" / "k=2"))
    return spark.read.option("mergeSchema", "true").parquet(str(tmp / "p"))


def parquet_with_a_schema_that_differs(spark, tmp):
    spark.createDataFrame([(1, "a")], "i int, s string").write.parquet(str(tmp / "p"))
    return spark.read.schema("s string, nope int").parquet(str(tmp / "p"))


def partitions_written_and_found(spark, tmp):
    out = str(tmp / "out")
    spark.createDataFrame([(1, "a", 2024), (2, "b c", 2024), (3, None, 2023)], "i int, k string, y int").write.partitionBy("y", "k").parquet(out)
    names = sorted(os.path.relpath(d, out) for d, _, files in os.walk(out) if any(f.endswith(".parquet") for f in files))
    df = spark.read.parquet(out)
    return [names, df.dtypes, sorted(map(str, df.collect())), df.where("y = 2024").count()]


def partition_values_that_look_like_types(spark, tmp):
    out = tmp / "t"
    for k in ("2024-01-05", "2024-01-06"):
        spark.range(1).write.parquet(str(out / f"d={k}" / "n=01"))
    return [spark.read.parquet(str(out)).dtypes, spark.read.parquet(str(out)).orderBy("d").collect()]


def base_path(spark, tmp):
    spark.range(1).write.parquet(str(tmp / "t" / "k=1"))
    return [spark.read.parquet(str(tmp / "t" / "k=1")).columns, spark.read.option("basePath", str(tmp / "t")).parquet(str(tmp / "t" / "k=1")).columns]


def names_of_what_is_written(spark, tmp):
    out = str(tmp / "out")
    spark.range(2).coalesce(1).write.parquet(out)
    return sorted("part" if n.startswith("part-00000-") and n.endswith("-c000.snappy.parquet") else ".part.crc" if n.startswith(".part-00000-") and n.endswith("-c000.snappy.parquet.crc") else n for n in os.listdir(out) if not n.endswith(".crc"))


def compressed_names(spark, tmp):
    for codec in ("gzip", "none"):
        spark.range(1).coalesce(1).write.csv(str(tmp / codec), compression=codec)
    return [[n.split("-c000")[-1] for n in sorted(os.listdir(tmp / c)) if n.startswith("part")] for c in ("gzip", "none")]


def several_paths_and_globs(spark, tmp):
    for k in "abc":
        _file(tmp, k + "\n", f"{k}.txt")
    return [spark.read.text([str(tmp / "a.txt"), str(tmp / "b.txt")]).count(), spark.read.text(str(tmp / "*.txt")).count(), spark.read.text(str(tmp / "{a,c}.txt")).count(), spark.read.text(str(tmp / "[ab].txt")).count(), spark.read.text(str(tmp), pathGlobFilter="a*").count(), spark.read.format("text").load(str(tmp)).count(), spark.read.load(str(tmp), format="text").count()]


def hidden_files_are_passed_over(spark, tmp):
    _file(tmp, "a\n", "a.txt")
    _file(tmp, "b\n", "_b.txt")
    _file(tmp, "c\n", ".c.txt")
    return spark.read.text(str(tmp)).collect()


def recursion(spark, tmp):
    (tmp / "d").mkdir()
    _file(tmp, "a\n", "a.txt")
    _file(tmp / "d", "b\n", "b.txt")
    return [spark.read.option("recursiveFileLookup", "true").text(str(tmp)).count()]


def save_mode_append(spark, tmp):
    for _ in range(2):
        spark.range(2).write.mode("append").parquet(str(tmp / "o"))
    return spark.read.parquet(str(tmp / "o")).count()


def save_mode_overwrite(spark, tmp):
    spark.range(5).write.parquet(str(tmp / "o"))
    spark.range(2).write.mode("overwrite").parquet(str(tmp / "o"))
    return spark.read.parquet(str(tmp / "o")).count()


def save_mode_ignore(spark, tmp):
    spark.range(5).write.parquet(str(tmp / "o"))
    spark.range(2).write.mode("ignore").parquet(str(tmp / "o"))
    return spark.read.parquet(str(tmp / "o")).count()


def save_mode_error(spark, tmp):
    spark.range(5).write.parquet(str(tmp / "o"))
    spark.range(2).write.parquet(str(tmp / "o"))


def save_mode_unknown(spark, tmp):
    spark.range(2).write.mode("sideways").parquet(str(tmp / "o"))


def save_with_a_format(spark, tmp):
    _frame(spark).coalesce(1).write.format("json").option("compression", "none").save(str(tmp / "o"))
    _frame(spark).write.save(str(tmp / "p"))
    return [_lines(tmp / "o"), spark.read.load(str(tmp / "p")).count(), spark.read.format("json").load(str(tmp / "o")).dtypes]


def a_path_that_is_missing(spark, tmp):
    return spark.read.csv(str(tmp / "nope"))


def a_glob_that_matches_nothing(spark, tmp):
    return spark.read.parquet(str(tmp / "*.parquet"))


def parquet_of_an_empty_directory(spark, tmp):
    return spark.read.parquet(str(tmp))


def parquet_that_is_no_parquet(spark, tmp):
    return spark.read.parquet(_file(tmp, "not parquet at all", "x.parquet")).collect()


def csv_of_an_empty_directory(spark, tmp):
    return spark.read.csv(str(tmp))


def a_format_that_is_unknown(spark, tmp):
    return spark.read.format("nope").load(str(tmp))


def a_mode_that_is_unknown(spark, tmp):
    return spark.read.schema("a int").option("mode", "nope").csv(_file(tmp, "1\nx\n"))


def a_bad_value_of_an_option(spark, tmp):
    return spark.read.option("header", "maybe").csv(_file(tmp, "a\n")).collect()


def partition_by_an_unknown_column(spark, tmp):
    spark.range(2).write.partitionBy("nope").parquet(str(tmp / "o"))


def partition_by_every_column(spark, tmp):
    spark.range(2).write.partitionBy("id").parquet(str(tmp / "o"))


def write_of_repeated_names(spark, tmp):
    spark.range(1).select("id", F.lit(1).alias("ID")).write.parquet(str(tmp / "o"))


def options_are_case_insensitive(spark, tmp):
    return spark.read.option("HEADER", True).option("InferSchema", True).csv(_file(tmp, "a\n1\n")).dtypes


def input_file_name(spark, tmp):
    df = spark.read.text(_file(tmp, "a\n")).select(F.input_file_name().alias("f"), F.col("_metadata.file_name").alias("n"), F.col("_metadata.file_size").alias("s"))
    return [[r.f.startswith("file:///"), r.n, r.s] for r in df.collect()]


def tables(spark):
    spark.range(3).write.mode("overwrite").saveAsTable("parity_t")
    try:
        spark.range(2).write.insertInto("parity_t")
        return [spark.table("parity_t").count(), spark.read.table("parity_t").columns, spark.catalog.tableExists("parity_t"), "parity_t" in [t.name for t in spark.catalog.listTables()], [c.name for c in spark.catalog.listColumns("parity_t")]]
    finally:
        spark.sql("DROP TABLE parity_t")


def _rows(spark, table):
    return [spark.table(table).columns, sorted(map(list, spark.table(table).collect()))]


def _refused(write):
    try:
        write()
        return "taken"
    except Exception as error:
        return [type(error).__name__, error.getCondition()]


def a_table_is_appended_by_name(spark):
    rows = lambda schema, *row: spark.createDataFrame([row], schema).write.mode("append")
    spark.createDataFrame([(1, 2)], "i INT, j INT").write.saveAsTable("parity_by_name")
    try:
        rows("j INT, i INT", 30, 4).saveAsTable("parity_by_name")
        rows("J BIGINT, I INT", 31, 5).saveAsTable("parity_by_name")
        rows("j INT, i INT", 7, 8).insertInto("parity_by_name")
        refused = [
            _refused(lambda: rows("j INT", 30).saveAsTable("parity_by_name")),
            _refused(lambda: rows("j INT, i INT, k INT", 30, 4, 5).saveAsTable("parity_by_name")),
            _refused(lambda: rows("a INT, b INT", 30, 4).saveAsTable("parity_by_name")),
            _refused(lambda: rows("i INT, i INT", 30, 4).saveAsTable("parity_by_name")),
            _refused(lambda: rows("i INT, j INT", 30, 4).format("csv").saveAsTable("parity_by_name")),
            _refused(lambda: rows("i INT, j INT", 30, 4).format("PARQUET").saveAsTable("parity_by_name")),
            _refused(lambda: rows("i INT, j INT", 30, 4).partitionBy("i").saveAsTable("parity_by_name")),
            _refused(lambda: rows("i INT", 30).insertInto("parity_by_name")),
            _refused(lambda: rows("i INT, j INT, k INT", 30, 4, 5).insertInto("parity_by_name")),
        ]
        return [*_rows(spark, "parity_by_name"), refused]
    finally:
        spark.sql("DROP TABLE parity_by_name")


def a_table_has_its_partition_columns_last(spark):
    rows = lambda schema, *row: spark.createDataFrame([row], schema).write.mode("append")
    rows("k INT, a INT, l INT, b INT", 1, 2, 9, 3).partitionBy("L", "K").saveAsTable("parity_parts")
    try:
        rows("a INT, b INT, l INT, k INT", 10, 20, 40, 30).insertInto("parity_parts")
        rows("k INT, a INT, l INT, b INT", 5, 6, 8, 7).partitionBy("l", "k").saveAsTable("parity_parts")
        spark.sql("INSERT INTO parity_parts VALUES (11, 12, 13, 14)")
        refused = [
            _refused(lambda: rows("k INT, a INT, l INT, b INT", 5, 6, 8, 7).saveAsTable("parity_parts")),
            _refused(lambda: rows("k INT, a INT, l INT, b INT", 5, 6, 8, 7).partitionBy("k", "l").saveAsTable("parity_parts")),
            _refused(lambda: rows("k INT, a INT, l INT, b INT", 5, 6, 8, 7).partitionBy("k", "l").insertInto("parity_parts")),
        ]
        return [*_rows(spark, "parity_parts"), refused]
    finally:
        spark.sql("DROP TABLE parity_parts")


def a_table_keeps_its_options(spark):
    rows = lambda *row: spark.createDataFrame([row], "a INT, s STRING").write
    rows(1, "x,y").format("csv").option("sep", "|").option("header", True).saveAsTable("parity_options")
    try:
        rows(2, "z").insertInto("parity_options")
        rows(3, "w").mode("append").format("csv").option("sep", ";").saveAsTable("parity_options")
        spark.sql("INSERT INTO parity_options VALUES (4, 'v')")
        return [*_rows(spark, "parity_options"), _refused(lambda: rows(5, "u").mode("append").saveAsTable("parity_options"))]
    finally:
        spark.sql("DROP TABLE parity_options")


def tables_with_a_place_of_their_own(spark, tmp):
    spark.sql(f"CREATE TABLE parity_at (a INT) USING csv LOCATION '{tmp}/at'")
    spark.sql("CREATE TABLE parity_near (a INT) USING csv LOCATION 'parity_near_place'")
    spark.sql(f"CREATE TABLE parity_as USING json LOCATION '{tmp}/as' AS SELECT 1 AS a")
    spark.sql("CREATE TABLE parity_by (a INT, b INT) PARTITIONED BY (a)")
    spark.range(2).write.option("path", f"{tmp}/saved").saveAsTable("parity_saved")
    names = ["parity_at", "parity_near", "parity_as", "parity_by", "parity_saved"]
    try:
        spark.sql("INSERT INTO parity_at VALUES (1)")
        spark.sql("INSERT INTO parity_near VALUES (2)")
        spark.sql("INSERT INTO parity_by VALUES (3, 4)")
        warehouse = spark.conf.get("spark.sql.warehouse.dir").removeprefix("file:")
        near = os.path.exists(f"{warehouse}/parity_near_place")
        found = [[_rows(spark, name), spark.catalog.getTable(name).tableType] for name in names]
    finally:
        for name in names:
            spark.sql(f"DROP TABLE IF EXISTS {name}")
    return [found, near, [os.path.exists(f"{tmp}/{name}") for name in ("at", "as", "saved")]]


def tables_that_the_catalog_makes(spark, tmp):
    schema = spark.createDataFrame([], "a INT, b INT").schema
    (tmp / "place").mkdir()
    _file(tmp, "1|2\n", "place/rows.csv")
    c = spark.catalog
    made = [c.createTable("parity_made", path=f"{tmp}/place", source="csv", schema=schema, description="two numbers", sep="|").collect()]
    made.append(c.createTable("parity_empty", source="csv", schema=schema, sep=";").collect())
    try:
        for name in ("parity_made", "parity_empty"):
            spark.createDataFrame([(3, 4)], "a INT, b INT").write.insertInto(name)
            table = c.getTable(name)
            made += [_rows(spark, name), table.tableType, table.description]
        return made
    finally:
        spark.sql("DROP TABLE parity_made")
        spark.sql("DROP TABLE parity_empty")


def a_table_that_exists(spark):
    spark.range(1).write.saveAsTable("parity_u")
    try:
        spark.range(1).write.saveAsTable("parity_u")
    finally:
        spark.sql("DROP TABLE parity_u")
