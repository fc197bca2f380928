"""Models over Arrow data and as columns of a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Model", "ModelFunction", "StatefulModel", "TensorSpec", "spark_udf"]

if TYPE_CHECKING:
    from firesteel.ml.model import Model, ModelFunction, TensorSpec
    from firesteel.ml.spark import spark_udf
    from firesteel.ml.stateful import StatefulModel


def __getattr__(name: str) -> Any:
    # They are loaded when they are used, so a session without models does not pay for them.
    if name in ("Model", "ModelFunction", "TensorSpec"):
        from firesteel.ml import model

        return getattr(model, name)
    if name == "StatefulModel":
        from firesteel.ml.stateful import StatefulModel

        return StatefulModel
    if name == "spark_udf":
        from firesteel.ml.spark import spark_udf

        return spark_udf
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
