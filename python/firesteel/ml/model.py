"""A model, which is loaded once per process and runs on every core."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from firesteel import _native

if TYPE_CHECKING:
    from datetime import timedelta

    import pyarrow as pa

    from firesteel.ml.stateful import StatefulModel
    from firesteel.sql.column import Column
    from firesteel.sql.types import DataType

__all__ = ["Model", "ModelFunction", "TensorSpec"]


class TensorSpec(NamedTuple):
    """An input or output of a model.

    Attributes
    ----------
    name : str
        Its name in the model.
    type : str
        The type of its elements by ONNX's name, such as ``float32``.
    shape : tuple of int or str
        Its dimensions, with the rows first. A name stands for any size.
    """

    name: str
    type: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.type}[{', '.join(str(dim) for dim in self.shape)}]"


class Model:
    """An ONNX model.

    :meth:`Model.load` makes it. Equal content is loaded once per process, whoever uses it.

    Notes
    -----
    These columns become tensors without a copy: a primitive column of the input's type, lists of
    fixed size, lists that all have the same length. Several columns for one input are copied chunk
    by chunk, and so are other numeric types. Numeric outputs are not copied if a call makes a
    single chunk.

    Examples
    --------
    >>> from firesteel.ml import Model
    >>> model = Model.load("add.onnx")
    >>> model
    Model(a: float32[N], b: float32[N] -> sum: float32[N])
    >>> spark.range(2).select(model("id", "id").alias("twice")).collect()
    [Row(twice=0.0), Row(twice=2.0)]
    """

    __slots__ = ("_location", "_native", "_options")
    _location: str | bytes
    _native: _native.Model
    _options: dict[str, Any]

    def __init__(self) -> None:
        raise TypeError("Model() makes no model: use Model.load(path)")

    @classmethod
    def load(
        cls,
        model: str | os.PathLike[str] | bytes,
        *,
        nulls: Literal["null", "nan", "error"] = "null",
        outputs: str | Sequence[str] | None = None,
        chunk_rows: int | None = None,
        mode: Literal["auto", "pool", "single"] = "auto",
    ) -> Model:
        """Load a model.

        Parameters
        ----------
        model : str, path or bytes
            An ``.onnx`` file, a local MLflow model folder with one, or a file's content.
        nulls : {"null", "nan", "error"}
            The result for a row with a missing value. ``null`` gives null, and the model does not
            see the row. ``nan`` gives a prediction, with NaN for missing numbers. ``error`` is an
            error.
        outputs : str or list of str, optional
            The outputs to return in this order, by default all.
        chunk_rows : int, optional
            The number of rows in a run, by default measured on the rows that come.
        mode : {"auto", "pool", "single"}
            ``pool`` runs chunks side by side, each on one core. ``single`` runs one after another,
            each on all cores. ``auto`` measures which is faster.

        Returns
        -------
        Model

        Raises
        ------
        AnalysisException
            There is no such file.
        IllegalArgumentException
            The file is not an ONNX model, or an option has a value that is not allowed.
        UnsupportedOperationException
            The model has inputs or outputs that are not tensors.

        Examples
        --------
        >>> model = Model.load("several.onnx", nulls="nan", outputs=["square"])
        >>> model.outputs
        [TensorSpec(name='square', type='float32', shape=('N',))]
        """
        location = bytes(model) if isinstance(model, (bytes, bytearray, memoryview)) else os.fspath(model)
        if isinstance(location, str) and location.startswith("file:"):
            from urllib.parse import unquote, urlparse

            location = unquote(urlparse(location).path)
        options = {
            "nulls": nulls,
            "outputs": [outputs] if isinstance(outputs, str) else None if outputs is None else list(outputs),
            "chunk_rows": chunk_rows,
            "mode": mode,
        }
        return cls._make(location, options)

    @classmethod
    def _make(cls, location: str | bytes, options: dict[str, Any]) -> Model:
        self = object.__new__(cls)
        self._native = _native.Model.load(location, **options)
        self._location = location
        self._options = options
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (Model._make, (self._location, self._options))

    def __repr__(self) -> str:
        inputs = ", ".join(str(spec) for spec in self.inputs)
        outputs = ", ".join(str(spec) for spec in self.outputs)
        return f"Model({inputs} -> {outputs})"

    @property
    def inputs(self) -> list[TensorSpec]:
        """The inputs of the model."""
        return [TensorSpec(name, kind, tuple(dims)) for name, kind, dims in self._native.inputs]

    @property
    def outputs(self) -> list[TensorSpec]:
        """The outputs that were asked for."""
        return [TensorSpec(name, kind, tuple(dims)) for name, kind, dims in self._native.outputs]

    @property
    def chunk_rows(self) -> int:
        """The number of rows in a run: as given, or as measured so far."""
        return self._native.chunk_rows

    def predict(self, data: Any) -> pa.RecordBatch | pa.Table:
        """Run the model.

        Parameters
        ----------
        data : Arrow data
            Any object with ``__arrow_c_array__`` or ``__arrow_c_stream__``, such as those of
            pyarrow, pandas, polars and DuckDB. Columns are matched to inputs by name, and others
            are left alone. A model with one input also takes a NumPy array whose first dimension is
            the rows, or one column of any name. Or it takes as many numeric columns as its input is
            wide, in order.

        Returns
        -------
        pyarrow.RecordBatch or pyarrow.Table
            One column for each output. A record batch or an array gives a record batch, and a
            stream gives a table.

        Raises
        ------
        IllegalArgumentException
            A column is missing, or its type or shape is not the input's.

        Examples
        --------
        >>> import pyarrow as pa
        >>> batch = pa.record_batch({"a": [1.0, None], "b": [2.0, 3.0]})
        >>> Model.load("add.onnx").predict(batch).to_pydict()
        {'sum': [3.0, None]}
        """
        if type(data).__module__ == "numpy":
            data = _from_numpy(data)
        return self._native.predict(data)

    def udf(self, returnType: DataType | str | None = None, name: str | None = None) -> ModelFunction:
        """Make a function of columns.

        Parameters
        ----------
        returnType : DataType or str, optional
            A type to cast the result to. By default one output is a column of its own type. It is
            an array if the output has several values a row. Several outputs are a struct.
        name : str, optional
            The name that an unnamed column shows.

        Returns
        -------
        ModelFunction
            Call it with columns, or give it to ``spark.udf.register``.

        Examples
        --------
        >>> add = Model.load("add.onnx").udf("double")
        >>> _ = spark.udf.register("add_up", add)
        >>> spark.sql("SELECT add_up(1, 2.5) AS total").collect()
        [Row(total=3.5)]
        """
        return ModelFunction(self, returnType, name)

    def stateful(
        self,
        key: str | Column | Sequence[str | Column],
        state: Mapping[str, str],
        order: str | Column | None = None,
        *,
        ttl: str | timedelta | None = None,
        on_new_version: Literal["keep", "reset"] = "keep",
        initial: Mapping[str, Any] | None = None,
        output: str | Sequence[str] | None = None,
    ) -> StatefulModel:
        """Make a model that keeps a state for each key, such as a GRU.

        Parameters
        ----------
        key : str, Column or list of them
            What the rows of one state have in common. Nulls are a key.
        state : dict of str to str
            Inputs of the model, and the outputs that are these inputs of the key's next row.
        order : str or Column, optional
            The order of a key's rows in a batch, nulls first. By default, and for equal values, rows
            stay as they come.
        ttl : str or timedelta, optional
            How long a key without rows is remembered, such as ``"1 hour"``. It is added to the last
            event time if the stream has a watermark. Otherwise it counts from the batch with the
            last row.
        on_new_version : {"keep", "reset"}
            What becomes of the states when a query goes on with another version of the model.
        initial : dict of str to number or array, optional
            What a new key begins with, by default zeros. An array has the shape of one key's state.
        output : str or list of str, optional
            Names for the columns of the model, by default those of its outputs.

        Returns
        -------
        StatefulModel
            Give it to ``df.transform``. The result has the columns of ``df`` and one for each output
            that is no state. ``outputs`` of :meth:`load` chooses others.

        Raises
        ------
        IllegalArgumentException
            The model has no such input or output, a state's output has another type or shape than
            its input, or no dimension of a tensor can be the rows.

        Notes
        -----
        Each row is one step. A row with a missing input gives null and leaves the state as it is, if
        the model was loaded with ``nulls="null"``. In a stream the states are part of the query's
        checkpoint. In a batch frame every key begins anew.

        Examples
        --------
        >>> gru = Model.load("gru.onnx").stateful("device", {"h_in": "h_out"}, order="ts")
        >>> gru
        StatefulModel(x -> score; h_in -> h_out: float[8])
        >>> df = spark.createDataFrame(
        ...     [("a", 2, [0.5, 1.0, 0.0]), ("a", 1, [1.0, 0.0, 0.0]), ("b", 1, [1.0, 0.0, 0.0])],
        ...     "device STRING, ts INT, x ARRAY<FLOAT>",
        ... )
        >>> rows = df.transform(gru).orderBy("device", "ts").collect()
        >>> [rows[0].score == rows[2].score, rows[0].score == rows[1].score]
        [True, False]
        """
        from firesteel.ml.stateful import StatefulModel

        return StatefulModel(self, key, state, order, ttl, on_new_version, initial, output)

    def __call__(self, *cols: Column | str) -> Column:
        """Apply the model to columns: ``df.select(model("features"))``."""
        return self.udf()(*cols)

    def _registered(self, name: str) -> Any:
        """The model itself under a name in SQL."""
        return self.udf()._registered(name)


class ModelFunction:
    """A model as a function of columns.

    It takes one argument for each input, or as many numeric columns as its only input is wide. Or
    it takes one struct with a field for each input.

    Attributes
    ----------
    model : Model
    """

    def __init__(self, model: Model, returnType: DataType | str | None = None, name: str | None = None) -> None:
        from firesteel.sql.column import _type_text

        text = None if returnType is None else _type_text(returnType)
        self.model = model
        self._name = name or "model"
        self._return_type = text
        self._function = model._native.function(self._name, text)

    def __reduce__(self) -> tuple[Any, ...]:
        return (ModelFunction, (self.model, self._return_type, self._name))

    def __repr__(self) -> str:
        return f"ModelFunction({self.model!r})"

    @property
    def returnType(self) -> DataType:
        """The type of the result."""
        from firesteel.sql.types import _parse_datatype_json_string, _parse_datatype_string

        if self._return_type is None:
            return _parse_datatype_json_string(self.model._native.result_type())
        if self._return_type.startswith(("{", '"')):
            return _parse_datatype_json_string(self._return_type)
        return _parse_datatype_string(self._return_type)

    def __call__(self, *cols: Column | str) -> Column:
        from firesteel.sql.column import Column, _expr

        return Column(self._function.call([_expr(col) for col in cols]))

    def _registered(self, name: str) -> _native.Function:
        """The function under the name that it has in SQL."""
        return self.model._native.function(name, self._return_type)


def _from_numpy(data: Any) -> Any:
    """A NumPy array as an Arrow array of as many rows.

    Lists share the memory of a contiguous array.
    """
    import numpy as np
    import pyarrow as pa

    if data.ndim == 0:
        raise ValueError("the first dimension of data must be the rows, found a single value")
    column = pa.array(np.ascontiguousarray(data).reshape(-1))
    for size in reversed(data.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, int(size))
    return column
