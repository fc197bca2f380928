"""Vectors.

The engine has none of these yet. A call raises an error with its name when it is analysed.
"""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _o

__all__ = [
    "vector_avg",
    "vector_cosine_similarity",
    "vector_inner_product",
    "vector_l2_distance",
    "vector_norm",
    "vector_normalize",
    "vector_sum",
]


def vector_cosine_similarity(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``vector_cosine_similarity`` of Spark SQL."""
    return _call("vector_cosine_similarity", _c(left), _c(right))


def vector_inner_product(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``vector_inner_product`` of Spark SQL."""
    return _call("vector_inner_product", _c(left), _c(right))


def vector_l2_distance(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``vector_l2_distance`` of Spark SQL."""
    return _call("vector_l2_distance", _c(left), _c(right))


def vector_norm(vector: ColumnOrName, degree: ColumnOrName | None = None) -> Column:
    """Calls ``vector_norm`` of Spark SQL."""
    return _call_optional("vector_norm", _c(vector), _o(degree))


def vector_normalize(vector: ColumnOrName, degree: ColumnOrName | None = None) -> Column:
    """Calls ``vector_normalize`` of Spark SQL."""
    return _call_optional("vector_normalize", _c(vector), _o(degree))


def vector_avg(col: ColumnOrName) -> Column:
    """Calls ``vector_avg`` of Spark SQL."""
    return _call("vector_avg", _c(col))


def vector_sum(col: ColumnOrName) -> Column:
    """Calls ``vector_sum`` of Spark SQL."""
    return _call("vector_sum", _c(col))
