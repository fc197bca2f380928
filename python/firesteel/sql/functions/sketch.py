"""Data sketches.

The engine has none of these yet. A call raises an error with its name when it is analysed.
"""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional

__all__ = [
    "hll_sketch_estimate",
    "hll_union",
    "kll_sketch_get_n_bigint",
    "kll_sketch_get_n_double",
    "kll_sketch_get_n_float",
    "kll_sketch_get_quantile_bigint",
    "kll_sketch_get_quantile_double",
    "kll_sketch_get_quantile_float",
    "kll_sketch_get_rank_bigint",
    "kll_sketch_get_rank_double",
    "kll_sketch_get_rank_float",
    "kll_sketch_merge_bigint",
    "kll_sketch_merge_double",
    "kll_sketch_merge_float",
    "kll_sketch_to_string_bigint",
    "kll_sketch_to_string_double",
    "kll_sketch_to_string_float",
    "theta_difference",
    "theta_intersection",
    "theta_sketch_estimate",
    "theta_union",
    "tuple_difference_double",
    "tuple_difference_integer",
    "tuple_difference_theta_double",
    "tuple_difference_theta_integer",
    "tuple_intersection_double",
    "tuple_intersection_integer",
    "tuple_intersection_theta_double",
    "tuple_intersection_theta_integer",
    "tuple_sketch_estimate_double",
    "tuple_sketch_estimate_integer",
    "tuple_sketch_summary_double",
    "tuple_sketch_summary_integer",
    "tuple_sketch_theta_double",
    "tuple_sketch_theta_integer",
    "tuple_union_double",
    "tuple_union_integer",
    "tuple_union_theta_double",
    "tuple_union_theta_integer",
]


def hll_sketch_estimate(col: ColumnOrName) -> Column:
    """Calls ``hll_sketch_estimate`` of Spark SQL."""
    return _call("hll_sketch_estimate", _c(col))


def hll_union(col1: ColumnOrName, col2: ColumnOrName, allowDifferentLgConfigK: bool | None = None) -> Column:
    """Calls ``hll_union`` of Spark SQL."""
    return _call_optional("hll_union", _c(col1), _c(col2), allowDifferentLgConfigK)


def kll_sketch_get_n_bigint(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_n_bigint`` of Spark SQL."""
    return _call("kll_sketch_get_n_bigint", _c(col))


def kll_sketch_get_n_double(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_n_double`` of Spark SQL."""
    return _call("kll_sketch_get_n_double", _c(col))


def kll_sketch_get_n_float(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_n_float`` of Spark SQL."""
    return _call("kll_sketch_get_n_float", _c(col))


def kll_sketch_get_quantile_bigint(sketch: ColumnOrName, rank: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_quantile_bigint`` of Spark SQL."""
    return _call("kll_sketch_get_quantile_bigint", _c(sketch), _c(rank))


def kll_sketch_get_quantile_double(sketch: ColumnOrName, rank: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_quantile_double`` of Spark SQL."""
    return _call("kll_sketch_get_quantile_double", _c(sketch), _c(rank))


def kll_sketch_get_quantile_float(sketch: ColumnOrName, rank: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_quantile_float`` of Spark SQL."""
    return _call("kll_sketch_get_quantile_float", _c(sketch), _c(rank))


def kll_sketch_get_rank_bigint(sketch: ColumnOrName, quantile: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_rank_bigint`` of Spark SQL."""
    return _call("kll_sketch_get_rank_bigint", _c(sketch), _c(quantile))


def kll_sketch_get_rank_double(sketch: ColumnOrName, quantile: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_rank_double`` of Spark SQL."""
    return _call("kll_sketch_get_rank_double", _c(sketch), _c(quantile))


def kll_sketch_get_rank_float(sketch: ColumnOrName, quantile: ColumnOrName) -> Column:
    """Calls ``kll_sketch_get_rank_float`` of Spark SQL."""
    return _call("kll_sketch_get_rank_float", _c(sketch), _c(quantile))


def kll_sketch_merge_bigint(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``kll_sketch_merge_bigint`` of Spark SQL."""
    return _call("kll_sketch_merge_bigint", _c(left), _c(right))


def kll_sketch_merge_double(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``kll_sketch_merge_double`` of Spark SQL."""
    return _call("kll_sketch_merge_double", _c(left), _c(right))


def kll_sketch_merge_float(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``kll_sketch_merge_float`` of Spark SQL."""
    return _call("kll_sketch_merge_float", _c(left), _c(right))


def kll_sketch_to_string_bigint(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_to_string_bigint`` of Spark SQL."""
    return _call("kll_sketch_to_string_bigint", _c(col))


def kll_sketch_to_string_double(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_to_string_double`` of Spark SQL."""
    return _call("kll_sketch_to_string_double", _c(col))


def kll_sketch_to_string_float(col: ColumnOrName) -> Column:
    """Calls ``kll_sketch_to_string_float`` of Spark SQL."""
    return _call("kll_sketch_to_string_float", _c(col))


def theta_difference(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``theta_difference`` of Spark SQL."""
    return _call("theta_difference", _c(col1), _c(col2))


def theta_intersection(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``theta_intersection`` of Spark SQL."""
    return _call("theta_intersection", _c(col1), _c(col2))


def theta_sketch_estimate(col: ColumnOrName) -> Column:
    """Calls ``theta_sketch_estimate`` of Spark SQL."""
    return _call("theta_sketch_estimate", _c(col))


def theta_union(col1: ColumnOrName, col2: ColumnOrName, lgNomEntries: int | Column | None = None) -> Column:
    """Calls ``theta_union`` of Spark SQL."""
    return _call_optional("theta_union", _c(col1), _c(col2), lgNomEntries)


def tuple_difference_double(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``tuple_difference_double`` of Spark SQL."""
    return _call("tuple_difference_double", _c(col1), _c(col2))


def tuple_difference_integer(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``tuple_difference_integer`` of Spark SQL."""
    return _call("tuple_difference_integer", _c(col1), _c(col2))


def tuple_difference_theta_double(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``tuple_difference_theta_double`` of Spark SQL."""
    return _call("tuple_difference_theta_double", _c(col1), _c(col2))


def tuple_difference_theta_integer(col1: ColumnOrName, col2: ColumnOrName) -> Column:
    """Calls ``tuple_difference_theta_integer`` of Spark SQL."""
    return _call("tuple_difference_theta_integer", _c(col1), _c(col2))


def tuple_intersection_double(col1: ColumnOrName, col2: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_intersection_double`` of Spark SQL."""
    return _call_optional("tuple_intersection_double", _c(col1), _c(col2), mode)


def tuple_intersection_integer(col1: ColumnOrName, col2: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_intersection_integer`` of Spark SQL."""
    return _call_optional("tuple_intersection_integer", _c(col1), _c(col2), mode)


def tuple_intersection_theta_double(col1: ColumnOrName, col2: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_intersection_theta_double`` of Spark SQL."""
    return _call_optional("tuple_intersection_theta_double", _c(col1), _c(col2), mode)


def tuple_intersection_theta_integer(
    col1: ColumnOrName, col2: ColumnOrName, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_intersection_theta_integer`` of Spark SQL."""
    return _call_optional("tuple_intersection_theta_integer", _c(col1), _c(col2), mode)


def tuple_sketch_estimate_double(col: ColumnOrName) -> Column:
    """Calls ``tuple_sketch_estimate_double`` of Spark SQL."""
    return _call("tuple_sketch_estimate_double", _c(col))


def tuple_sketch_estimate_integer(col: ColumnOrName) -> Column:
    """Calls ``tuple_sketch_estimate_integer`` of Spark SQL."""
    return _call("tuple_sketch_estimate_integer", _c(col))


def tuple_sketch_summary_double(col: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_sketch_summary_double`` of Spark SQL."""
    return _call_optional("tuple_sketch_summary_double", _c(col), mode)


def tuple_sketch_summary_integer(col: ColumnOrName, mode: str | Column | None = None) -> Column:
    """Calls ``tuple_sketch_summary_integer`` of Spark SQL."""
    return _call_optional("tuple_sketch_summary_integer", _c(col), mode)


def tuple_sketch_theta_double(col: ColumnOrName) -> Column:
    """Calls ``tuple_sketch_theta_double`` of Spark SQL."""
    return _call("tuple_sketch_theta_double", _c(col))


def tuple_sketch_theta_integer(col: ColumnOrName) -> Column:
    """Calls ``tuple_sketch_theta_integer`` of Spark SQL."""
    return _call("tuple_sketch_theta_integer", _c(col))


def tuple_union_double(
    col1: ColumnOrName, col2: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_double`` of Spark SQL."""
    return _call_optional("tuple_union_double", _c(col1), _c(col2), lgNomEntries, mode)


def tuple_union_integer(
    col1: ColumnOrName, col2: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_integer`` of Spark SQL."""
    return _call_optional("tuple_union_integer", _c(col1), _c(col2), lgNomEntries, mode)


def tuple_union_theta_double(
    col1: ColumnOrName, col2: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_theta_double`` of Spark SQL."""
    return _call_optional("tuple_union_theta_double", _c(col1), _c(col2), lgNomEntries, mode)


def tuple_union_theta_integer(
    col1: ColumnOrName, col2: ColumnOrName, lgNomEntries: int | Column | None = None, mode: str | Column | None = None
) -> Column:
    """Calls ``tuple_union_theta_integer`` of Spark SQL."""
    return _call_optional("tuple_union_theta_integer", _c(col1), _c(col2), lgNomEntries, mode)
