"""The columns that ``firesteel score`` gives to the model, and their types."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Any

from firesteel.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    NumericType,
    StringType,
    StructField,
    StructType,
)


class ScoreError(ValueError):
    """The arguments do not fit the model or the input."""


def feature_columns(columns: Sequence[str], inputs: Sequence[Any], features: Sequence[str]) -> list[str]:
    """Return the columns to give to the model, in the order of its inputs.

    Parameters
    ----------
    columns
        The columns of the data.
    inputs
        The inputs of the model, each with a ``name`` and a ``shape``.
    features
        The columns or patterns that the user named, in order. If empty, each input's column has the
        input's name.

    Returns
    -------
    list of str
        One column for each input. For a model with one input, all columns that make up its rows.

    Raises
    ------
    ScoreError
        If a name is not in the data, or if the columns do not fit the inputs.
    """
    if features:
        named = [name for feature in features for name in matching(feature.strip(), columns)]
        if len(inputs) > 1 and len(named) != len(inputs):
            message = f"--features names {len(named)} columns, the model has {len(inputs)} inputs: {names_of(inputs)}"
            raise ScoreError(message)
        return named
    found = []
    for each in inputs:
        alike = [name for name in columns if name == each.name] or [
            name for name in columns if name.lower() == each.name.lower()
        ]
        if len(alike) != 1:
            width = next((size for size in reversed(each.shape) if isinstance(size, int)), None)
            several = f", which takes {width} values a row" if width and width > 1 else ""
            message = (
                f"no column is named as the model's input {each.name!r}{several}; the columns are "
                f"{', '.join(columns)}; name the model's columns, in order, with --features a,b,c or --features 'f*'"
            )
            raise ScoreError(message)
        found.append(alike[0])
    return found


def matching(feature: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that one name or pattern means."""
    if feature in columns:
        return [feature]
    found = [name for name in columns if fnmatch.fnmatchcase(name.lower(), feature.lower())]
    if not found:
        message = f"--features names {feature!r}, and the columns are {', '.join(columns)}"
        raise ScoreError(message)
    return found


def names_of(inputs: Sequence[Any]) -> str:
    """Return the inputs' names as a list in text."""
    return ", ".join(each.name for each in inputs)


def takers(inputs: Sequence[Any], features: Sequence[str]) -> dict[str, Any]:
    """Return the input that takes each column: a single one takes all."""
    return dict(zip(features, inputs if len(inputs) > 1 else [*inputs] * len(features), strict=True))


def misfit(schema: StructType, inputs: Sequence[Any], features: Sequence[str]) -> str | None:
    """Return the column whose type its input does not take, or None if each may fit."""
    for feature, taker in takers(inputs, features).items():
        kind = schema[feature].dataType
        fitting = (StringType,) if taker.type == "string" else (NumericType, BooleanType)
        if not isinstance(kind, (*fitting, ArrayType, StructType)):
            return (
                f"the model's input {taker.name!r} takes {taker.type} values, and the column {feature!r} is a "
                f"{kind.simpleString().upper()}"
            )
    return None


def lasting(schema: StructType, inputs: Sequence[Any], features: Sequence[str]) -> StructType:
    """Return the types that a stream keeps, since the first values may be whole or small by chance.

    Numbers for the model are as wide as its input's kind. Other whole numbers are BIGINT.
    """
    taken = takers(inputs, features)

    def wide(kind: DataType, *, fraction: bool) -> DataType:
        if isinstance(kind, ArrayType):
            return ArrayType(wide(kind.elementType, fraction=fraction), kind.containsNull)
        if fraction and isinstance(kind, NumericType):
            return DoubleType()
        return LongType() if isinstance(kind, IntegerType) else kind

    def is_fraction(name: str) -> bool:
        return name in taken and taken[name].type.startswith("float")

    fields = [
        StructField(each.name, wide(each.dataType, fraction=is_fraction(each.name)), each.nullable) for each in schema
    ]
    return StructType(fields)


def ddl(schema: StructType) -> str:
    """Return the schema as ``--schema`` takes it."""

    def spelled(each: StructField) -> str:
        name = each.name if each.name.isidentifier() else "`" + each.name.replace("`", "``") + "`"
        kind = each.dataType.simpleString()  # it also holds names of fields
        return f"{name} {kind if '<' in kind else kind.upper()}"

    return ", ".join(spelled(each) for each in schema)


def numeric(schema: StructType, inputs: Sequence[Any], features: Sequence[str]) -> StructType:
    """Return the schema with numbers in place of text where the model takes numbers."""
    numbers = {name for name, taker in takers(inputs, features).items() if taker.type != "string"}
    text = {each.name for each in schema if isinstance(each.dataType, StringType)}
    fields = [StructField(each.name, DoubleType() if each.name in text & numbers else each.dataType) for each in schema]
    return StructType(fields)
