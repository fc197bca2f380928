"""Mistakes: the class and the condition of each error, and the whole message of some."""

from pyspark.sql import Row, Window
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructField, StructType


def _frame(spark):
    return spark.createDataFrame([(1, "a")], "id int, name string")


def a_missing_column(spark):
    return _frame(spark).select("nmae")


def a_missing_column_without_likeness(spark):
    return spark.range(1).select().select("x")


def a_missing_column_in_a_filter(spark):
    return _frame(spark).filter(F.col("idd") > 1)


def a_missing_column_in_an_expression(spark):
    return _frame(spark).selectExpr("id + nope")


def a_missing_column_in_a_group(spark):
    return _frame(spark).groupBy("nope").count()


def a_missing_column_in_an_aggregate(spark):
    return _frame(spark).groupBy("id").agg(F.sum("nope"))


def a_missing_struct_field(spark):
    return spark.sql("SELECT struct(1 AS a) AS s").select("s.b")


def a_column_of_another_frame(spark):
    other = spark.range(1)
    return _frame(spark).select(other.id)


def an_ambiguous_column(spark):
    df = _frame(spark)
    return df.join(df.withColumnRenamed("name", "n"), df.id == 1).select("id")


def a_missing_table(spark):
    return spark.table("nope")


def a_missing_table_in_sql(spark):
    return spark.sql("SELECT * FROM nope.nada")


def a_missing_function(spark):
    return spark.sql("SELECT nosuch(1)")


def a_missing_function_in_expr(spark):
    return _frame(spark).select(F.expr("nosuch(id)"))


def too_few_arguments(spark):
    return spark.sql("SELECT substring('a')")


def too_many_arguments(spark):
    return _frame(spark).selectExpr("length(name, 1)")


def a_wrong_argument_type(spark):
    return _frame(spark).select(F.transform("name", lambda x: x))


def a_wrong_operand_type(spark):
    return spark.sql("SELECT array(1) + 1")


def date_plus_a_double(spark):
    return spark.sql("SELECT date'2024-01-01' + 1.5D")


def bad_syntax(spark):
    return spark.sql("SELECT 1 +")


def bad_syntax_in_expr(spark):
    return _frame(spark).selectExpr("id +* 2")


def bad_syntax_in_filter(spark):
    return _frame(spark).filter("id >> > 2")


def a_window_that_has_no_order(spark):
    return spark.range(1).select(F.row_number().over(Window.partitionBy("id")))


def an_aggregate_in_where(spark):
    return spark.range(1).filter(F.sum("id") > 1)


def a_mixed_select_of_aggregates(spark):
    return spark.range(1).select("id", F.sum("id"))


def a_generator_in_where(spark):
    return spark.sql("SELECT array(1) AS a").filter(F.explode("a") == 1)


def lit_of_an_object(spark):
    return F.lit(object())


def col_of_a_number(spark):
    return F.col(1)


def upper_of_a_number(spark):
    return F.upper(1)


def when_without_a_column(spark):
    return F.when(True, 1)  # noqa: FBT003


def otherwise_without_when(spark):
    return F.lit(1).otherwise(2)


def otherwise_twice(spark):
    return F.when(F.lit(True), 1).otherwise(2).otherwise(3)


def when_after_otherwise(spark):
    return F.when(F.lit(True), 1).otherwise(2).when(F.lit(False), 3)


def iterating_over_a_column(spark):
    return list(F.col("a"))


def a_column_in_an_if(spark):
    return 1 if F.col("a") == 1 else 2


def in_on_a_column(spark):
    return "x" in F.col("a")


def and_of_columns_by_keyword(spark):
    return (F.col("a") == 1) and (F.col("b") == 2)


def isin_without_parentheses(spark):
    return _frame(spark).filter(_frame(spark).id.isin).collect()


def substr_of_mixed_types(spark):
    return F.col("a").substr(1, F.lit(2))


def between_of_wrong_types(spark):
    return spark.sql("SELECT array(1) BETWEEN 1 AND 2")


def alias_with_two_names_and_metadata(spark):
    return F.col("a").alias("x", "y", metadata={"k": 1})


def join_on_a_number(spark):
    return spark.range(1).join(spark.range(1), 5)


def select_a_number(spark):
    return spark.range(1).select(5)


def drop_a_number(spark):
    return spark.range(1).drop(5)


def sample_out_of_range(spark):
    return spark.range(1).sample(2.0).collect()


def fillna_of_a_list(spark):
    return spark.range(1).fillna([1])


def dropna_how(spark):
    return spark.range(1).dropna(how="some")


def limit_of_text(spark):
    return spark.range(1).limit("a")


def repartition_to_zero(spark):
    return spark.range(1).repartition(0)


def range_step_zero(spark):
    return spark.range(0, 10, 0).collect()


def row_without_the_field(spark):
    return Row(a=1).b


def row_without_the_key(spark):
    return Row(a=1)["b"]


def a_bad_ddl_string(spark):
    return spark.createDataFrame([(1,)], "a notatype")


def a_bad_ddl_syntax(spark):
    return spark.read.schema("a int,, b")


def a_schema_of_the_wrong_kind(spark):
    return spark.read.schema(5)


def create_dataframe_from_a_frame(spark):
    return spark.createDataFrame(spark.range(1))


def create_dataframe_with_a_bad_schema(spark):
    return spark.createDataFrame([(1,)], 5)


def create_dataframe_too_wide(spark):
    return spark.createDataFrame([(1, 2)], StructType([StructField("a", IntegerType())])).collect()


def create_dataframe_with_a_bad_type(spark):
    return spark.createDataFrame([("x",)], StructType([StructField("a", IntegerType())])).collect()


def a_setting_that_is_unknown(spark):
    return spark.conf.get("spark.nope.nada")


def a_setting_that_is_unknown_with_a_default(spark):
    return [spark.conf.get("spark.nope.nada", "d"), spark.conf.get("spark.nope.nada", None)]


def a_setting_that_cannot_change(spark):
    spark.conf.set("spark.sql.warehouse.dir", "x")


def a_core_setting_that_cannot_change(spark):
    spark.conf.set("spark.executor.memory", "1g")


def a_setting_with_a_bad_value(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "many")


def a_setting_of_a_bad_kind(spark):
    spark.conf.set("spark.sql.shuffle.partitions", [1])


def a_bad_time_zone(spark):
    spark.conf.set("spark.sql.session.timeZone", "Mars/Phobos")


def a_query_id_that_is_unknown(spark):
    return spark.streams.get("00000000-0000-0000-0000-000000000000")


def a_bad_lambda_result(spark):
    return F.transform("a", lambda: 1)


def a_lambda_that_returns_no_column(spark):
    return F.transform("a", lambda x: 1)


def a_lambda_with_too_many_arguments(spark):
    return F.transform("a", lambda x, y, z: x)


def a_udf_return_type_that_is_none(spark):
    return spark.range(1).select(F.udf(lambda x: x, "nosuch")("id")).collect()


def a_udf_that_is_not_callable(spark):
    return F.udf(5, "int")


def calling_a_column(spark):
    return F.col("a")()


def a_view_that_is_missing_dropped(spark):
    return [spark.catalog.dropTempView("nope"), spark.sql("DROP VIEW IF EXISTS nope").collect()]


def a_view_dropped_by_sql_that_is_missing(spark):
    return spark.sql("DROP VIEW nope")


def error_details(spark):
    """The accessors of an exception."""
    try:
        _frame(spark).select("nmae")
    except Exception as e:
        return [type(e).__name__, e.getCondition(), e.getErrorClass(), e.getSqlState(), dict(e.getMessageParameters()), isinstance(e, Exception), e.getMessage()[:60], len(e.getQueryContext())]


def error_details_of_python_side(spark):
    try:
        F.col("a").substr(1, F.lit(2))
    except Exception as e:
        return [type(e).__name__, e.getCondition(), e.getSqlState(), dict(e.getMessageParameters()), str(e), isinstance(e, TypeError)]


def error_details_of_a_runtime_failure(spark):
    try:
        spark.sql("SELECT 1 / 0").collect()
    except Exception as e:
        return [type(e).__name__, e.getCondition(), e.getSqlState(), dict(e.getMessageParameters()), len(e.getQueryContext())]


def exceptions_caught_by_their_base(spark):
    from pyspark.errors import AnalysisException, ParseException, PySparkException, PySparkTypeError, PySparkValueError
    from pyspark.sql.utils import AnalysisException as OldAnalysisException

    return [issubclass(ParseException, AnalysisException), issubclass(AnalysisException, PySparkException), issubclass(PySparkTypeError, TypeError), issubclass(PySparkValueError, ValueError), OldAnalysisException is AnalysisException or issubclass(OldAnalysisException, AnalysisException)]
