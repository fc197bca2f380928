"""The names that ``pyspark.sql`` exports, loaded when they are first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firesteel.sql.catalog import Catalog
    from firesteel.sql.column import Column
    from firesteel.sql.context import HiveContext, SQLContext
    from firesteel.sql.dataframe import DataFrame, DataFrameNaFunctions, DataFrameStatFunctions
    from firesteel.sql.group import GroupedData
    from firesteel.sql.observation import Observation
    from firesteel.sql.readwriter import DataFrameReader, DataFrameWriter
    from firesteel.sql.session import SparkSession
    from firesteel.sql.types import Row
    from firesteel.sql.udf import UDFRegistration
    from firesteel.sql.window import Window, WindowSpec

_WHERE = {
    "Catalog": "catalog",
    "Column": "column",
    "DataFrame": "dataframe",
    "DataFrameNaFunctions": "na",
    "DataFrameReader": "readwriter",
    "DataFrameStatFunctions": "stat",
    "DataFrameWriter": "readwriter",
    "GroupedData": "group",
    "HiveContext": "context",
    "Observation": "observation",
    "Row": "types",
    "SQLContext": "context",
    "SparkSession": "session",
    "UDFRegistration": "udf",
    "Window": "window",
    "WindowSpec": "window",
}

__all__ = [
    "Catalog",
    "Column",
    "DataFrame",
    "DataFrameNaFunctions",
    "DataFrameReader",
    "DataFrameStatFunctions",
    "DataFrameWriter",
    "GroupedData",
    "HiveContext",
    "Observation",
    "Row",
    "SQLContext",
    "SparkSession",
    "UDFRegistration",
    "Window",
    "WindowSpec",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _WHERE:
        value = getattr(import_module(f"firesteel.sql.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    if name in ("functions", "types", "streaming", "udf", "window"):
        return import_module(f"firesteel.sql.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
