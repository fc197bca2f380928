"""Aggregates: one value for the rows of a group."""

from __future__ import annotations

from collections.abc import Sequence

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs

__all__ = [
    "approx_percentile",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bitmap_and_agg",
    "bitmap_construct_agg",
    "bitmap_or_agg",
    "bool_and",
    "bool_or",
    "collect_list",
    "collect_set",
    "collect_union",
    "corr",
    "count",
    "count_if",
    "count_min_sketch",
    "covar_pop",
    "covar_samp",
    "every",
    "grouping",
    "grouping_id",
    "histogram_numeric",
    "hll_sketch_agg",
    "hll_union_agg",
    "kll_merge_agg_bigint",
    "kll_merge_agg_double",
    "kll_merge_agg_float",
    "kll_sketch_agg_bigint",
    "kll_sketch_agg_double",
    "kll_sketch_agg_float",
    "kurtosis",
    "listagg",
    "max",
    "max_by",
    "mean",
    "median",
    "min",
    "min_by",
    "percentile",
    "percentile_approx",
    "product",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "skewness",
    "some",
    "std",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "theta_intersection_agg",
    "theta_sketch_agg",
    "theta_union_agg",
    "try_avg",
    "try_sum",
    "tuple_intersection_agg_double",
    "tuple_intersection_agg_integer",
    "tuple_sketch_agg_double",
    "tuple_sketch_agg_integer",
    "tuple_union_agg_double",
    "tuple_union_agg_integer",
    "var_pop",
    "var_samp",
    "variance",
]


def approx_percentile(
    col: ColumnOrName, percentage: Column | float | Sequence[float] | tuple[float, ...], accuracy: Column | int = 10000
) -> Column:
    """An approximate percentile.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)").select(F.approx_percentile("n", 0.5)).first()[0]
    2
    """
    return _call("approx_percentile", _c(col), percentage, accuracy)


def array_agg(col: ColumnOrName) -> Column:
    """The values as an array.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)").select(F.sort_array(F.array_agg("n"))).first()[0]
    [1, 2]
    """
    return _call("array_agg", _c(col))


def avg(col: ColumnOrName) -> Column:
    """The average.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)").select(F.avg("n")).first()[0]
    1.5
    """
    return _call("avg", _c(col))


def bit_and(col: ColumnOrName) -> Column:
    """The bits that are set in every value.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (6), (3) AS t(n)").select(F.bit_and("n")).first()[0]
    2
    """
    return _call("bit_and", _c(col))


def bit_or(col: ColumnOrName) -> Column:
    """The bits that are set in some value.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (6), (3) AS t(n)").select(F.bit_or("n")).first()[0]
    7
    """
    return _call("bit_or", _c(col))


def bit_xor(col: ColumnOrName) -> Column:
    """The exclusive or of the bits.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (6), (3) AS t(n)").select(F.bit_xor("n")).first()[0]
    5
    """
    return _call("bit_xor", _c(col))


def bitmap_and_agg(col: ColumnOrName) -> Column:
    """Calls ``bitmap_and_agg`` of Spark SQL."""
    return _call("bitmap_and_agg", _c(col))


def bitmap_construct_agg(col: ColumnOrName) -> Column:
    """Calls ``bitmap_construct_agg`` of Spark SQL."""
    return _call("bitmap_construct_agg", _c(col))


def bitmap_or_agg(col: ColumnOrName) -> Column:
    """Calls ``bitmap_or_agg`` of Spark SQL."""
    return _call("bitmap_or_agg", _c(col))


def bool_and(col: ColumnOrName) -> Column:
    """Whether every value is true.

    Examples
    --------
    >>> spark.sql("SELECT b FROM VALUES (true), (false) AS t(b)").select(F.bool_and("b")).first()[0]
    False
    """
    return _call("bool_and", _c(col))


def bool_or(col: ColumnOrName) -> Column:
    """Whether some value is true.

    Examples
    --------
    >>> spark.sql("SELECT b FROM VALUES (true), (false) AS t(b)").select(F.bool_or("b")).first()[0]
    True
    """
    return _call("bool_or", _c(col))


def collect_list(col: ColumnOrName) -> Column:
    """The values as an array, nulls left out.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (NULL), (2) AS t(n)").select(F.sort_array(F.collect_list("n"))).first()[0]
    [1, 2]
    """
    return _call("collect_list", _c(col))


def collect_set(col: ColumnOrName) -> Column:
    """The distinct values as an array.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (1) AS t(n)").select(F.collect_set("n")).first()[0]
    [1]
    """
    return _call("collect_set", _c(col))


def collect_union(col: ColumnOrName) -> Column:
    """Calls ``collect_union`` of Spark SQL."""
    return _call("collect_union", _c(col))


def corr(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The Pearson correlation.

    Examples
    --------
    >>> spark.sql("SELECT x, y FROM VALUES (1D, 2D), (2D, 4D) AS t(x, y)").select(F.corr("x", "y")).first()[0]
    1.0
    """
    return _call("corr", _c(col1), _c(col2))


def count(col: ColumnOrName) -> Column:
    """How many rows have a value. ``count("*")`` counts rows.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (NULL), (2) AS t(n)").select(F.count("n")).first()[0]
    2
    """
    return _call("count", _c(col))


def count_if(col: ColumnOrName) -> Column:
    """How many values are true.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)").select(F.count_if(F.col("n") > 1)).first()[0]
    2
    """
    return _call("count_if", _c(col))


def count_min_sketch(
    col: ColumnOrName, eps: Column | float, confidence: Column | float, seed: Column | int | None = None
) -> Column:
    """Calls ``count_min_sketch`` of Spark SQL."""
    return _call_optional("count_min_sketch", _c(col), eps, confidence, seed)


def covar_pop(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The population covariance.

    Examples
    --------
    >>> spark.sql("SELECT x, y FROM VALUES (1D, 2D), (3D, 4D) AS t(x, y)").select(F.covar_pop("x", "y")).first()[0]
    1.0
    """
    return _call("covar_pop", _c(col1), _c(col2))


def covar_samp(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """The sample covariance.

    Examples
    --------
    >>> spark.sql("SELECT x, y FROM VALUES (1D, 2D), (3D, 4D) AS t(x, y)").select(F.covar_samp("x", "y")).first()[0]
    2.0
    """
    return _call("covar_samp", _c(col1), _c(col2))


def every(col: ColumnOrName) -> Column:
    """Whether every value is true.

    Examples
    --------
    >>> spark.sql("SELECT b FROM VALUES (true), (false) AS t(b)").select(F.every("b")).first()[0]
    False
    """
    return _call("every", _c(col))


def grouping(col: ColumnOrName) -> Column:
    """Whether a key of a grouping set is aggregated."""
    return _call("grouping", _c(col))


def grouping_id(*cols: ColumnOrName) -> Column:
    """Which keys of a grouping set are aggregated, as bits."""
    return _call("grouping_id", *_cs(cols))


def histogram_numeric(col: ColumnOrName, nBins: Column) -> Column:
    """Calls ``histogram_numeric`` of Spark SQL."""
    return _call("histogram_numeric", _c(col), nBins)


def hll_sketch_agg(col: ColumnOrName, lgConfigK: int | Column | None = None) -> Column:
    """Calls ``hll_sketch_agg`` of Spark SQL."""
    return _call_optional("hll_sketch_agg", _c(col), lgConfigK)


def hll_union_agg(col: ColumnOrName, allowDifferentLgConfigK: bool | Column | None = None) -> Column:
    """Calls ``hll_union_agg`` of Spark SQL."""
    return _call_optional("hll_union_agg", _c(col), allowDifferentLgConfigK)


def kll_sketch_agg_bigint(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_sketch_agg_bigint`` of Spark SQL."""
    return _call_optional("kll_sketch_agg_bigint", _c(col), k)


def kll_sketch_agg_double(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_sketch_agg_double`` of Spark SQL."""
    return _call_optional("kll_sketch_agg_double", _c(col), k)


def kll_sketch_agg_float(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_sketch_agg_float`` of Spark SQL."""
    return _call_optional("kll_sketch_agg_float", _c(col), k)


def kll_merge_agg_bigint(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_merge_agg_bigint`` of Spark SQL."""
    return _call_optional("kll_merge_agg_bigint", _c(col), k)


def kll_merge_agg_double(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_merge_agg_double`` of Spark SQL."""
    return _call_optional("kll_merge_agg_double", _c(col), k)


def kll_merge_agg_float(col: ColumnOrName, k: int | Column | None = None) -> Column:
    """Calls ``kll_merge_agg_float`` of Spark SQL."""
    return _call_optional("kll_merge_agg_float", _c(col), k)


def kurtosis(col: ColumnOrName) -> Column:
    """The kurtosis.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)").select(F.kurtosis("n")).first()[0]
    -1.5
    """
    return _call("kurtosis", _c(col))


def listagg(col: ColumnOrName, delimiter: Column | str | bytes | None = None) -> Column:
    """The values as one text.

    Examples
    --------
    >>> spark.sql("SELECT s FROM VALUES ('a'), ('a') AS t(s)").select(F.listagg("s", ",")).first()[0]
    'a,a'
    """
    return _call_optional("listagg", _c(col), delimiter)


def max(col: ColumnOrName) -> Column:
    """The greatest value.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.max("n")).first()[0]
    3
    """
    return _call("max", _c(col))


def max_by(col: ColumnOrName, ord: ColumnOrName, k: int | None = None) -> Column:
    """The value where another is greatest.

    Examples
    --------
    >>> spark.sql("SELECT s, n FROM VALUES ('a', 1), ('b', 3) AS t(s, n)").select(F.max_by("s", "n")).first()[0]
    'b'
    """
    return _call_optional("max_by", _c(col), _c(ord), k)


def mean(col: ColumnOrName) -> Column:
    """The average.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)").select(F.mean("n")).first()[0]
    1.5
    """
    return _call("avg", _c(col))


def median(col: ColumnOrName) -> Column:
    """The median.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (5), (6) AS t(n)").select(F.median("n")).first()[0]
    5.0
    """
    return _call("median", _c(col))


def min(col: ColumnOrName) -> Column:
    """The smallest value.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.min("n")).first()[0]
    1
    """
    return _call("min", _c(col))


def min_by(col: ColumnOrName, ord: ColumnOrName, k: int | None = None) -> Column:
    """The value where another is smallest.

    Examples
    --------
    >>> spark.sql("SELECT s, n FROM VALUES ('a', 1), ('b', 3) AS t(s, n)").select(F.min_by("s", "n")).first()[0]
    'a'
    """
    return _call_optional("min_by", _c(col), _c(ord), k)


def percentile(
    col: ColumnOrName, percentage: Column | float | Sequence[float] | tuple[float, ...], frequency: Column | int = 1
) -> Column:
    """The exact percentile.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (0), (10) AS t(n)").select(F.percentile("n", 0.25)).first()[0]
    2.5
    """
    return _call("percentile", _c(col), percentage, frequency)


def percentile_approx(
    col: ColumnOrName, percentage: Column | float | Sequence[float] | tuple[float, ...], accuracy: Column | int = 10000
) -> Column:
    """An approximate percentile.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)").select(F.percentile_approx("n", 0.5)).first()[0]
    2
    """
    return _call("percentile_approx", _c(col), percentage, accuracy)


def product(col: ColumnOrName) -> Column:
    """The product.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (2), (5) AS t(n)").select(F.product("n")).first()[0]
    10.0
    """
    return _call("product", _c(col))


def regr_avgx(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The mean of `x` where both are there.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (1D, 2D), (2D, 4D) AS t(y, x)").select(F.regr_avgx("y", "x")).first()[0]
    3.0
    """
    return _call("regr_avgx", _c(y), _c(x))


def regr_avgy(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The mean of `y` where both are there.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (1D, 2D), (2D, 4D) AS t(y, x)").select(F.regr_avgy("y", "x")).first()[0]
    1.5
    """
    return _call("regr_avgy", _c(y), _c(x))


def regr_count(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The number of rows where both are there.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (1D, 2D), (2D, NULL) AS t(y, x)").select(F.regr_count("y", "x")).first()[0]
    1
    """
    return _call("regr_count", _c(y), _c(x))


def regr_intercept(y: ColumnOrName, x: ColumnOrName) -> Column:
    """Where the regression line crosses the axis of `y`.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 2D) AS t(y, x)").select(F.regr_intercept("y", "x")).first()[0]
    1.0
    """
    return _call("regr_intercept", _c(y), _c(x))


def regr_r2(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The coefficient of determination of the regression line.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 2D) AS t(y, x)").select(F.regr_r2("y", "x")).first()[0]
    1.0
    """
    return _call("regr_r2", _c(y), _c(x))


def regr_slope(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The slope of the regression line.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 2D) AS t(y, x)").select(F.regr_slope("y", "x")).first()[0]
    2.0
    """
    return _call("regr_slope", _c(y), _c(x))


def regr_sxx(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The sum of the squared distances of `x` from its mean.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 3D) AS t(y, x)").select(F.regr_sxx("y", "x")).first()[0]
    2.0
    """
    return _call("regr_sxx", _c(y), _c(x))


def regr_sxy(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The sum of the products of the distances of `x` and `y` from their means.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 3D) AS t(y, x)").select(F.regr_sxy("y", "x")).first()[0]
    2.0
    """
    return _call("regr_sxy", _c(y), _c(x))


def regr_syy(y: ColumnOrName, x: ColumnOrName) -> Column:
    """The sum of the squared distances of `y` from its mean.

    Examples
    --------
    >>> spark.sql("SELECT y, x FROM VALUES (3D, 1D), (5D, 3D) AS t(y, x)").select(F.regr_syy("y", "x")).first()[0]
    2.0
    """
    return _call("regr_syy", _c(y), _c(x))


def skewness(col: ColumnOrName) -> Column:
    """The skewness.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2), (3) AS t(n)").select(F.skewness("n")).first()[0]
    0.0
    """
    return _call("skewness", _c(col))


def some(col: ColumnOrName) -> Column:
    """Whether some value is true.

    Examples
    --------
    >>> spark.sql("SELECT b FROM VALUES (true), (false) AS t(b)").select(F.some("b")).first()[0]
    True
    """
    return _call("some", _c(col))


def std(col: ColumnOrName) -> Column:
    """The sample standard deviation.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3), (5) AS t(n)").select(F.std("n")).first()[0]
    2.0
    """
    return _call("std", _c(col))


def stddev(col: ColumnOrName) -> Column:
    """The sample standard deviation.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3), (5) AS t(n)").select(F.stddev("n")).first()[0]
    2.0
    """
    return _call("stddev", _c(col))


def stddev_pop(col: ColumnOrName) -> Column:
    """The population standard deviation.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.stddev_pop("n")).first()[0]
    1.0
    """
    return _call("stddev_pop", _c(col))


def stddev_samp(col: ColumnOrName) -> Column:
    """The sample standard deviation.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3), (5) AS t(n)").select(F.stddev_samp("n")).first()[0]
    2.0
    """
    return _call("stddev_samp", _c(col))


def string_agg(col: ColumnOrName, delimiter: Column | str | bytes | None = None) -> Column:
    """The values as one text.

    Examples
    --------
    >>> spark.sql("SELECT s FROM VALUES ('a'), ('a') AS t(s)").select(F.string_agg("s", ",")).first()[0]
    'a,a'
    """
    return _call_optional("string_agg", _c(col), delimiter)


def sum(col: ColumnOrName) -> Column:
    """The sum.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)").select(F.sum("n")).first()[0]
    3
    """
    return _call("sum", _c(col))


def theta_intersection_agg(col: ColumnOrName) -> Column:
    """Calls ``theta_intersection_agg`` of Spark SQL."""
    return _call("theta_intersection_agg", _c(col))


def theta_sketch_agg(col: ColumnOrName, lgNomEntries: int | Column | None = None) -> Column:
    """Calls ``theta_sketch_agg`` of Spark SQL."""
    return _call_optional("theta_sketch_agg", _c(col), lgNomEntries)


def theta_union_agg(col: ColumnOrName, lgNomEntries: int | Column | None = None) -> Column:
    """Calls ``theta_union_agg`` of Spark SQL."""
    return _call_optional("theta_union_agg", _c(col), lgNomEntries)


def tuple_intersection_agg_double(col: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_intersection_agg_double`` of Spark SQL."""
    return _call_optional("tuple_intersection_agg_double", _c(col), mode)


def tuple_intersection_agg_integer(col: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_intersection_agg_integer`` of Spark SQL."""
    return _call_optional("tuple_intersection_agg_integer", _c(col), mode)


def tuple_sketch_agg_double(
    key: ColumnOrName, summary: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_sketch_agg_double`` of Spark SQL."""
    return _call_optional("tuple_sketch_agg_double", _c(key), _c(summary), lgNomEntries, mode)


def tuple_sketch_agg_integer(
    key: ColumnOrName, summary: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_sketch_agg_integer`` of Spark SQL."""
    return _call_optional("tuple_sketch_agg_integer", _c(key), _c(summary), lgNomEntries, mode)


def tuple_union_agg_double(
    col: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_agg_double`` of Spark SQL."""
    return _call_optional("tuple_union_agg_double", _c(col), lgNomEntries, mode)


def tuple_union_agg_integer(
    col: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_agg_integer`` of Spark SQL."""
    return _call_optional("tuple_union_agg_integer", _c(col), lgNomEntries, mode)


def try_avg(col: ColumnOrName) -> Column:
    """The average, or null on overflow.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (2) AS t(n)").select(F.try_avg("n")).first()[0]
    1.5
    """
    return _call("try_avg", _c(col))


def try_sum(col: ColumnOrName) -> Column:
    """The sum, or null on overflow.

    Examples
    --------
    >>> print(spark.sql("SELECT n FROM VALUES (9223372036854775807), (1) AS t(n)").select(F.try_sum("n")).first()[0])
    None
    """
    return _call("try_sum", _c(col))


def var_pop(col: ColumnOrName) -> Column:
    """The population variance.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.var_pop("n")).first()[0]
    1.0
    """
    return _call("var_pop", _c(col))


def var_samp(col: ColumnOrName) -> Column:
    """The sample variance.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.var_samp("n")).first()[0]
    2.0
    """
    return _call("var_samp", _c(col))


def variance(col: ColumnOrName) -> Column:
    """The sample variance.

    Examples
    --------
    >>> spark.sql("SELECT n FROM VALUES (1), (3) AS t(n)").select(F.variance("n")).first()[0]
    2.0
    """
    return _call("variance", _c(col))
