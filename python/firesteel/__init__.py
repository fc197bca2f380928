"""Spark-style Structured Streaming with model inference, in one Python process and without a JVM.

``firesteel.sql`` is PySpark's API. ``firesteel.ml`` applies models to Arrow data.
``firesteel.streaming`` is Firesteel's own. Everything is loaded when it is first used.

Examples
--------
>>> from firesteel.sql import SparkSession
>>> spark = SparkSession.builder.getOrCreate()
>>> spark.range(3).count()
3
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firesteel.conf import SparkConf
    from firesteel.context import SparkContext
    from firesteel.ml import Model
    from firesteel.sql.session import SparkSession
    from firesteel.sql.types import Row
    from firesteel.storagelevel import StorageLevel

__all__ = ["Model", "Row", "SparkConf", "SparkContext", "SparkSession", "StorageLevel", "__version__"]

_WHERE = {
    "Model": "firesteel.ml",
    "Row": "firesteel.sql.types",
    "SparkConf": "firesteel.conf",
    "SparkContext": "firesteel.context",
    "SparkSession": "firesteel.sql.session",
    "StorageLevel": "firesteel.storagelevel",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from firesteel import _native

        return _native.__version__
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
