"""Columns: how they are built, shown and refused."""

from __future__ import annotations

import ast
import datetime
import decimal
import importlib.metadata

import pytest
from firesteel.errors import IllegalArgumentException, PySparkTypeError, PySparkValueError
from firesteel.sql import Window
from firesteel.sql import functions as F

c = F.col

# Other names of PySpark's functions. All serve table functions (`udtf`), which Firesteel lacks.
LACKING = {
    "AnalyzeArgument",
    "AnalyzeResult",
    "OrderingColumn",
    "PartitioningColumn",
    "SelectedColumn",
    "SkipRestOfInputTableException",
    "UserDefinedTableFunction",
}


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (lambda: c("a") + 1, "+(a, 1)"),
        (lambda: 1 - c("a"), "-(1, a)"),
        (lambda: c("a") != "x", "!(=(a, 'x'))"),
        (lambda: c("a") & c("b"), "and(a, b)"),
        (lambda: ~c("a"), "!(a)"),
        (lambda: -c("a"), "negative(a)"),
        (lambda: c("a") ** 2, "power(a, 2)"),
        (lambda: c("a").eqNullSafe(1), "<=>(a, 1)"),
        (lambda: c("a")[0], "a[0]"),
        (lambda: c("a").b, "a['b']"),
        (lambda: c("`a.b`"), "`a.b`"),
        (lambda: c("a").isNull(), "isNull(a)"),
        (lambda: c("a").isin(1, 2), "in(a, 1, 2)"),
        (lambda: c("a").isin([]), "in(a)"),
        (lambda: c("a").between(1, 2), "and(>=(a, 1), <=(a, 2))"),
        (lambda: c("a").alias("z"), "a AS z"),
        (lambda: c("a").cast("array<string>"), "CAST(a AS ARRAY<STRING>)"),
        (lambda: c("a").desc(), "a DESC NULLS LAST"),
        (lambda: F.when(c("a") > 1, 2).otherwise(0), "CASE WHEN >(a, 1) THEN 2 ELSE 0 END"),
        (lambda: F.lit(None), "NULL"),
        (lambda: F.lit(decimal.Decimal("1.20")), "1.20"),
        (lambda: F.lit([1, 2]), "array(1, 2)"),
        (lambda: F.count_distinct("a", "b"), "count(a, b)"),
        (lambda: F.unix_timestamp("a"), "unix_timestamp(a, 'yyyy-MM-dd HH:mm:ss')"),
        (lambda: F.window("t", "1 minute"), "window(t, '1 minute', '1 minute', '0 second')"),
        (
            lambda: F.sum("a").over(Window.partitionBy("b").orderBy("c").rowsBetween(-1, Window.currentRow)),
            "sum(a) OVER (PARTITION BY b ORDER BY c ASC NULLS FIRST ROWS BETWEEN -1 AND CURRENT ROW)",
        ),
    ],
)
def test_a_column_shows_itself_as_spark_does(column, shown):
    assert repr(column()) == f"Column<'{shown}'>"


def test_a_column_has_no_truth_value():
    with pytest.raises(PySparkValueError, match="write `&`") as raised:
        bool(c("a") > 1)
    assert raised.value.getCondition() == "CANNOT_CONVERT_COLUMN_INTO_BOOL"
    with pytest.raises(PySparkValueError):
        _ = c("a") and c("b")
    with pytest.raises(PySparkTypeError):
        list(c("a"))


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        (lambda: c("a").substr(1, c("b")), "NOT_SAME_TYPE"),
        (lambda: c("a").cast(1), "NOT_EXPECTED_TYPE"),
        (lambda: c("a").alias("x", "y", metadata={}), "ONLY_ALLOWED_FOR_SINGLE_COLUMN"),
        (lambda: F.when(1, 2), "NOT_EXPECTED_TYPE"),
        (lambda: F.sum(1.5), "NOT_EXPECTED_TYPE"),
        (lambda: F.transform("a", lambda *x: x), "UNSUPPORTED_PARAM_TYPE_FOR_HIGHER_ORDER_FUNCTION"),
        (lambda: F.transform("a", lambda x: 1), "HIGHER_ORDER_FUNCTION_SHOULD_RETURN_COLUMN"),
        (lambda: F.lit(object()), "UNSUPPORTED_LITERAL"),
    ],
)
def test_a_wrong_argument_names_its_condition(call, condition):
    with pytest.raises((PySparkTypeError, PySparkValueError)) as raised:
        call()
    assert raised.value.getCondition() == condition


def test_otherwise_ends_a_when():
    with pytest.raises(IllegalArgumentException):
        c("a").otherwise(1)
    with pytest.raises(IllegalArgumentException):
        F.when(c("a") > 1, 1).otherwise(2).otherwise(3)


def test_literals_keep_their_types(spark):
    row = spark.range(1).select(
        F.lit(1).alias("i"),
        F.lit(2**40).alias("l"),
        F.lit(1.5).alias("d"),
        F.lit("x").alias("s"),
        F.lit(b"ab").alias("b"),
        F.lit(datetime.date(2020, 1, 2)).alias("day"),
        F.lit(datetime.timedelta(days=1, seconds=3)).alias("span"),
        F.lit(decimal.Decimal("1.20")).alias("dec"),
    )
    assert [kind for _, kind in row.dtypes] == [
        "int", "bigint", "double", "string", "binary", "date", "interval day to second", "decimal(3,2)",
    ]  # fmt: skip
    values = row.collect()[0]
    assert values.dec == decimal.Decimal("1.20")
    assert values.span == datetime.timedelta(days=1, seconds=3)
    assert values.day == datetime.date(2020, 1, 2)
    assert values.b == bytearray(b"ab")


def test_every_name_of_pysparks_functions_is_here_but_those_that_are_listed():
    path = importlib.metadata.distribution("pyspark").locate_file("pyspark/sql/functions/__init__.py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (names,) = [node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
    theirs = {ast.literal_eval(name) for name in names.elts}

    assert len(theirs) > 400
    assert theirs - set(F.__all__) == LACKING
    assert [name for name in theirs - LACKING if not hasattr(F, name)] == []
