"""A model that keeps a state for each key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from firesteel.errors import PySparkTypeError, PySparkValueError

if TYPE_CHECKING:
    from firesteel.ml.model import Model
    from firesteel.sql.column import Column
    from firesteel.sql.dataframe import DataFrame

__all__ = ["StatefulModel"]


class StatefulModel:
    """A model that hands tensors on from each row of a key to the next.

    :meth:`firesteel.ml.Model.stateful` makes it. Give it to ``DataFrame.transform``.

    Attributes
    ----------
    model : Model
    """

    def __init__(
        self,
        model: Model,
        key: str | Column | Sequence[str | Column],
        state: Mapping[str, str],
        order: str | Column | None,
        ttl: str | timedelta | None,
        on_new_version: Literal["keep", "reset"],
        initial: Mapping[str, Any] | None,
        output: str | Sequence[str] | None,
    ) -> None:
        keys = [key] if isinstance(key, str) or not isinstance(key, Sequence) else list(key)
        if not keys:
            raise PySparkValueError("key must name a column at least, found an empty list")
        if not isinstance(state, Mapping):
            raise PySparkTypeError(f"state must be a dict of input and output names, found {type(state).__name__}")
        if on_new_version not in ("keep", "reset"):
            raise PySparkValueError(f"on_new_version must be 'keep' or 'reset', found {on_new_version!r}")
        self.model = model
        self._keys = keys
        self._order = order
        self._ttl = _interval(ttl)
        self._on_new_version = on_new_version
        begins = _initial(model, state, initial or {})
        self._native = model._native.stateful("model", [(name, state[name], begins.get(name)) for name in state])
        outputs = self._native.outputs
        self._names = outputs if output is None else [output] if isinstance(output, str) else list(output)

    def __repr__(self) -> str:
        states = ", ".join(
            f"{name} -> {output}: {kind}[{', '.join(map(str, shape))}]"
            for name, output, kind, shape in self._native.states
        )
        return f"StatefulModel({', '.join(self._native.arguments)} -> {', '.join(self._native.outputs)}; {states})"

    def __call__(self, df: DataFrame, *cols: Column | str) -> DataFrame:
        """Apply the model to the rows of a frame.

        Parameters
        ----------
        df : DataFrame
            A stream or a batch frame.
        *cols : Column or str
            The model's inputs that are no states, as :meth:`firesteel.ml.Model.udf` takes them. Without
            any, the columns that are called as the inputs are.

        Returns
        -------
        DataFrame
            The columns of ``df``, then those of the model.
        """
        from firesteel.sql.column import _expr
        from firesteel.sql.dataframe import DataFrame

        if not isinstance(df, DataFrame):
            raise PySparkTypeError(f"a model with state takes a DataFrame of Firesteel, found {type(df).__name__}")
        frame = df._frame.stateful_model(
            self._native,
            [_expr(key) for key in self._keys],
            None if self._order is None else _expr(self._order),
            [_expr(col) for col in cols],
            self._names,
            self._ttl,
            self._on_new_version,
        )
        return df._new(frame)


def _interval(ttl: str | timedelta | None) -> str | None:
    if isinstance(ttl, timedelta):
        return f"{ttl // timedelta(microseconds=1)} microseconds"
    if ttl is not None and not isinstance(ttl, str):
        raise PySparkTypeError(f"ttl must be text such as '1 hour', or a timedelta, found {type(ttl).__name__}")
    return ttl


def _initial(model: Model, state: Mapping[str, str], initial: Mapping[str, Any]) -> dict[str, bytes]:
    """The bytes of a new key's states, or of one element for all.

    Shapes are compared with those of the model, which knows which dimension is the rows.
    """
    if not isinstance(initial, Mapping):
        raise PySparkTypeError(f"initial must be a dict of states and values, found {type(initial).__name__}")
    if not initial:
        return {}
    import numpy as np

    types = {spec.name: spec.type for spec in model.inputs}
    begins = {}
    for name, value in initial.items():
        if name not in state:
            raise PySparkValueError(f"initial names {name!r}, and the states are {', '.join(map(repr, state))}")
        begins[name] = np.ascontiguousarray(np.asarray(value, dtype=types.get(name, "float32"))).tobytes()
    return begins
