"""Every option of PySpark's readers and writers takes effect, is refused or gets a warning.

Errors and warnings name the option. PySpark's options are read from the text of the installed
package. For each there is a file or rows, and a value that must change the result. The others are
in the list of refused options or of those that Spark ignores too.
"""

from __future__ import annotations

import ast
import importlib.metadata
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from firesteel.errors import PySparkException

FORMATS = ("csv", "json", "parquet", "text")

# Arguments that are no options.
PLACES = {"self", "path", "paths", "schema", "partitionBy", "options"}

# format → option → (the file's text, the value, the schema). Reads with and without the value must
# differ.
READING: dict[str, dict[str, tuple[str, Any, str | None]]] = {
    "csv": {
        "sep": ("a|b\n", "|", None),
        "encoding": ("é\n", "ISO-8859-1", None),
        "quote": ("'a,b'\n", "'", None),
        "escape": ('"a+"b"\n', "+", None),
        "comment": ("#a\nb\n", "#", None),
        "header": ("a\nb\n", True, None),
        "inferSchema": ("1\n", True, None),
        "ignoreLeadingWhiteSpace": (" a\n", True, None),
        "ignoreTrailingWhiteSpace": ("a \n", True, None),
        "nullValue": ("NA\n", "NA", None),
        "nanValue": ("nada\n", "nada", "a DOUBLE"),
        "positiveInf": ("big\n", "big", "a DOUBLE"),
        "negativeInf": ("small\n", "small", "a DOUBLE"),
        "dateFormat": ("05/01/2024\n", "dd/MM/yyyy", "a DATE"),
        "timestampFormat": ("05/01/2024\n", "dd/MM/yyyy", "a TIMESTAMP"),
        "maxColumns": ("a,b,c\n", 2, None),
        "maxCharsPerColumn": ("abc\n", 2, None),
        "mode": ("x\n1\n", "DROPMALFORMED", "a INT"),
        "columnNameOfCorruptRecord": ("x,b\n", "bad", "a INT, b STRING, bad STRING"),
        "multiLine": ('"a\nb"\n', True, None),
        "charToEscapeQuoteEscaping": ('"a#\\"",b\n', "#", None),
        "samplingRatio": ("1\n" * 2 + "x\n", 0.5, None),
        "enforceSchema": ("a\n1\n", False, "b INT"),
        "emptyValue": ('""\n', "empty", None),
        "locale": ("a\n", "de-DE", None),
        "lineSep": ("a;b\n", ";", None),
        "unescapedQuoteHandling": ('"a"b,c\n', "RAISE_ERROR", None),
    },
    "json": {
        "primitivesAsString": ('{"a": 1}\n', True, None),
        "prefersDecimal": ('{"a": 1.25}\n', True, None),
        "allowComments": ('{"a": /* one */ 1}\n', True, None),
        "allowUnquotedFieldNames": ("{a: 1}\n", True, None),
        "allowSingleQuotes": ("{'a': 1}\n", False, None),
        "allowBackslashEscapingAnyCharacter": ('{"a": "\\$"}\n', True, None),
        "mode": ('{"a": 1}\n{\n', "DROPMALFORMED", "a INT"),
        "columnNameOfCorruptRecord": ("{\n", "bad", "a INT, bad STRING"),
        "dateFormat": ('{"a": "05/01/2024"}\n', "dd/MM/yyyy", "a DATE"),
        "timestampFormat": ('{"a": "05/01/2024"}\n', "dd/MM/yyyy", "a TIMESTAMP"),
        "multiLine": ('{"a":\n1}\n', True, "a INT"),
        "allowUnquotedControlChars": ('{"a": "x\ty"}\n', True, "a STRING"),
        "lineSep": ('{"a": 1};{"a": 2}\n', ";", "a INT"),
        "samplingRatio": ('{"a": 1}\n' * 2 + '{"a": "x"}\n', 0.5, None),
        "dropFieldIfAllNull": ('{"a": null, "b": 1}\n', True, None),
        "encoding": ('{"a": "é"}', "ISO-8859-1", "a STRING"),
        "locale": ('{"a": 1}\n', "de-DE", None),
        "allowNonNumericNumbers": ('{"a": NaN}\n', False, "a DOUBLE"),
        "useUnsafeRow": ('{"a": 1}\n', True, None),
    },
    "text": {"wholetext": ("a\nb\n", True, None), "lineSep": ("a;b\n", ";", None)},
    "parquet": {},
}
# The options that a reader needs to show the effect of another.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("csv", "samplingRatio"): {"inferSchema": True},
    ("csv", "enforceSchema"): {"header": True},
    ("json", "encoding"): {"multiLine": True},
}
# The options that choose files. They are the same for every format.
LISTING = {"pathGlobFilter", "recursiveFileLookup", "modifiedBefore", "modifiedAfter"}

# Options that Spark itself ignores. A warning names them.
IGNORED = {("csv", "maxMalformedLogPerPartition"), ("json", "allowNumericLeadingZero")}

# Of Parquet files of Spark 2 and of files that differ in their columns: see `test_parquet_…`.
PARQUET = {"mergeSchema", "datetimeRebaseMode", "int96RebaseMode"}

WRITING: dict[str, dict[str, Any]] = {
    "csv": {
        "compression": "gzip",
        "sep": "|",
        "quote": "'",
        "escape": "+",
        "header": True,
        "nullValue": "NA",
        "escapeQuotes": False,
        "quoteAll": True,
        "dateFormat": "dd/MM/yyyy",
        "timestampFormat": "yyyy",
        "ignoreLeadingWhiteSpace": False,
        "ignoreTrailingWhiteSpace": False,
        "charToEscapeQuoteEscaping": "#",
        "encoding": "UTF-16",
        "emptyValue": "empty",
        "lineSep": ";",
    },
    "json": {
        "compression": "gzip",
        "dateFormat": "dd/MM/yyyy",
        "timestampFormat": "yyyy",
        "lineSep": ";",
        "encoding": "UTF-16",
        "ignoreNullFields": False,
    },
    "parquet": {"compression": "gzip"},
    "text": {"compression": "gzip", "lineSep": ";"},
}


def _signatures(file: str, kind: str) -> dict[str, set[str]]:
    """The options of each format's method of a class in the installed package.

    The package is parsed and not imported.
    """
    text = importlib.metadata.distribution("pyspark").locate_file(f"pyspark/sql/{file}").read_text(encoding="utf-8")
    (body,) = [node.body for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == kind]
    methods = [node for node in body if isinstance(node, ast.FunctionDef) and node.name in FORMATS]
    return {
        method.name: {argument.arg for argument in [*method.args.args, *method.args.kwonlyargs]} - PLACES
        for method in methods
    }


READERS = [("readwriter.py", "DataFrameReader"), ("streaming/readwriter.py", "DataStreamReader")]


@pytest.mark.parametrize(("file", "kind"), READERS)
def test_each_option_that_pyspark_reads_with_is_tried_here(file: str, kind: str) -> None:
    for form, options in _signatures(file, kind).items():
        tried = set(READING[form]) | LISTING | {name for of, name in IGNORED if of == form}
        assert options <= tried | (PARQUET if form == "parquet" else set()), form


def test_each_option_that_pyspark_writes_with_is_tried_here() -> None:
    for form, options in _signatures("readwriter.py", "DataFrameWriter").items():
        assert options - {"mode"} <= set(WRITING[form]), form


def _outcome(frame: Any) -> Any:
    """The outcome of a read: its types and rows, or its error."""
    try:
        read = frame()
        return read.dtypes, sorted(map(str, read.collect()))
    except PySparkException as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize(
    ("form", "option"), [(form, option) for form, options in READING.items() for option in options]
)
def test_an_option_makes_a_difference_to_what_is_read(spark, tmp_path: Path, form: str, option: str) -> None:
    text, value, schema = READING[form][option]
    path = tmp_path / "in"
    path.write_bytes(text.encode("iso-8859-1" if option == "encoding" else "utf-8"))

    def read(**options: Any) -> Any:
        reader = spark.read.format(form).options(**BESIDE.get((form, option), {}), **options)
        return (reader.schema(schema) if schema else reader).load(str(path))

    assert _outcome(lambda: read(**{option: value})) != _outcome(read)


@pytest.mark.parametrize("form", FORMATS)
def test_the_options_of_listing_choose_files(spark, tmp_path: Path, form: str) -> None:
    spark.createDataFrame([("x",)], "a STRING").coalesce(1).write.format(form).save(str(tmp_path / "in" / "deep"))
    (part,) = [file for file in (tmp_path / "in" / "deep").iterdir() if file.name.startswith("part-")]
    part.rename(tmp_path / "in" / part.name)

    def count(**options: Any) -> int:
        reader = spark.read.format(form).schema("a STRING").options(**options)
        return reader.load(str(tmp_path / "in")).count()

    assert count() == 1
    assert count(pathGlobFilter="*.nothing") == 0
    assert count(modifiedAfter="2050-01-01T00:00:00") == 0
    assert count(modifiedBefore="2000-01-01T00:00:00") == 0
    (tmp_path / "in" / part.name).rename(tmp_path / "in" / "deep" / part.name)
    assert (count(), count(recursiveFileLookup=True)) == (0, 1)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_parquet_is_read_however_it_is_packed(spark, tmp_path: Path, codec: str) -> None:
    table = pa.table({"number": range(1000), "text": [f"row {row % 7}" for row in range(1000)]})
    pq.write_table(table, tmp_path / "packed.parquet", compression=codec)

    assert spark.read.parquet(str(tmp_path)).toArrow().to_pydict() == table.to_pydict()


def test_parquet_files_are_merged_when_asked(spark, tmp_path: Path) -> None:
    spark.range(1).selectExpr("id AS a").write.parquet(str(tmp_path / "p" / "k=1"))
    spark.range(1).selectExpr("id AS b").write.parquet(str(tmp_path / "p" / "k=2"))
    assert sorted(spark.read.parquet(str(tmp_path / "p"), mergeSchema=True).columns) == ["a", "b", "k"]
    assert len(spark.read.parquet(str(tmp_path / "p")).columns) == 2


@pytest.mark.parametrize("option", ["datetimeRebaseMode", "int96RebaseMode"])
def test_parquet_of_the_julian_calendar_is_refused(spark, tmp_path: Path, option: str) -> None:
    spark.range(1).write.parquet(str(tmp_path / "p"))
    assert spark.read.parquet(str(tmp_path / "p"), **{option: "CORRECTED"}).count() == 1
    with pytest.raises(PySparkException, match=option):
        spark.read.parquet(str(tmp_path / "p"), **{option: "LEGACY"}).count()


@pytest.mark.parametrize(("form", "option"), sorted(IGNORED))
def test_what_spark_ignores_is_named_in_a_warning(spark, tmp_path: Path, caplog, form: str, option: str) -> None:
    (tmp_path / "in").write_text('{"a": 1}\n')
    with caplog.at_level(logging.WARNING, logger="firesteel"):
        spark.read.format(form).schema("a STRING").option(option, True).load(str(tmp_path / "in")).collect()
    assert option in caplog.text


def _written(spark, form: str, path: Path, options: dict[str, Any]) -> Any:
    texts = "' é\"x, ' AS a, 'q\"\\\\q' AS b, '' AS c, CAST(NULL AS STRING) AS d"
    rows = spark.sql(f"SELECT {texts}, date'2024-01-05' AS e, timestamp'2024-01-05 01:02:03' AS f").coalesce(1)
    try:
        (rows.select("a") if form == "text" else rows).write.format(form).options(**options).save(str(path))
    except PySparkException as error:
        return next((option for option in options if option in str(error)), "an error that does not name the option")
    (part,) = [file for file in path.iterdir() if file.name.startswith("part-")]
    return part.name.split(".", 1)[1], part.read_bytes() if form != "parquet" else b""


@pytest.mark.parametrize(
    ("form", "option"), [(form, option) for form, options in WRITING.items() for option in options]
)
def test_an_option_makes_a_difference_to_what_is_written(spark, tmp_path: Path, form: str, option: str) -> None:
    plain = _written(spark, form, tmp_path / "plain", {})
    found = _written(spark, form, tmp_path / "with", {option: WRITING[form][option]})
    assert found != plain
    assert found != "an error that does not name the option"


def test_an_overwrite_of_touched_partitions_leaves_the_others(spark, tmp_path: Path) -> None:
    path = str(tmp_path / "p")
    spark.range(4).selectExpr("id", "id % 2 AS k").write.partitionBy("k").parquet(path)
    write = spark.range(10, 11).selectExpr("id", "0L AS k").write.partitionBy("k").mode("overwrite")
    write.option("partitionOverwriteMode", "dynamic").parquet(path)
    assert sorted(row.id for row in spark.read.parquet(path).collect()) == [1, 3, 10]
    write.option("partitionOverwriteMode", "static").parquet(path)
    assert [row.id for row in spark.read.parquet(path).collect()] == [10]
