"""A model as a function of columns, for a Firesteel session or for Spark itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkNotImplementedError

if TYPE_CHECKING:
    from firesteel.ml.model import Model

__all__ = ["spark_udf"]


def spark_udf(
    spark: Any,
    model_uri: str | os.PathLike[str] | bytes,
    result_type: Any = None,
    env_manager: str | None = None,
    params: dict[str, Any] | None = None,
    extra_env: dict[str, str] | None = None,
    prebuilt_env_uri: str | None = None,
    model_config: str | dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Make a function of columns from a model, as ``mlflow.pyfunc.spark_udf`` does.

    Parameters
    ----------
    spark : SparkSession
        A session of Firesteel or of ``pyspark``. With ``pyspark`` the function runs the same engine
        inside Spark's Python workers.
    model_uri : str, path or bytes
        A model as :meth:`firesteel.ml.Model.load` takes it. The package ``mlflow`` fetches a
        ``runs:/``, ``models:/`` or remote URI.
    result_type : DataType or str, optional
        A type to cast the result to, by default the model's own.
    env_manager : str, optional
        Only ``"local"``: the model runs in this environment.
    params, extra_env, prebuilt_env_uri, model_config
        Arguments of MLflow. An ONNX model has none of them, so they are refused.
    **options
        Options of :meth:`firesteel.ml.Model.load`: ``nulls``, ``outputs``, ``chunk_rows``,
        ``mode``.

    Returns
    -------
    callable
        Call it with columns, or give it to ``spark.udf.register``.

    Notes
    -----
    On Spark each Python worker loads the model once, when its first rows arrive. It runs the model
    on one core for each task.

    Examples
    --------
    >>> from firesteel.ml import spark_udf
    >>> double = spark_udf(spark, "double_int.onnx", "int")
    >>> spark.range(3).select(double("id").alias("twice")).collect()
    [Row(twice=0), Row(twice=2), Row(twice=4)]
    """
    refused = {
        "env_manager": None if env_manager in (None, "local") else env_manager,
        "params": params,
        "extra_env": extra_env,
        "prebuilt_env_uri": prebuilt_env_uri,
        "model_config": model_config,
    }
    for name, value in refused.items():
        if value is not None:
            raise PySparkNotImplementedError(
                errorClass="NOT_IMPLEMENTED",
                messageParameters={"feature": f"spark_udf with {name}={value!r} for an ONNX model"},
            )
    from firesteel.ml.model import Model

    model = Model.load(_local(model_uri), **options)
    if type(spark).__module__.startswith("pyspark."):
        return _for_spark(model, result_type)
    return model.udf(result_type)


def _local(model_uri: str | os.PathLike[str] | bytes) -> str | bytes:
    if isinstance(model_uri, bytes):
        return model_uri
    uri = os.fspath(model_uri)
    if ("://" not in uri and not uri.startswith(("runs:/", "models:/"))) or uri.startswith("file:"):
        return uri
    try:
        import mlflow
    except ImportError as error:
        from firesteel.errors import PySparkImportError

        raise PySparkImportError(
            errorClass="PACKAGE_NOT_INSTALLED", messageParameters={"package_name": "mlflow", "minimum_version": "2.0"}
        ) from error
    return str(mlflow.artifacts.download_artifacts(artifact_uri=uri))


def _for_spark(model: Model, result_type: Any) -> Any:
    """An Arrow iterator function for Spark's workers.

    The workers get the model's content, and load it when rows arrive.
    """
    import pyarrow as pa
    from pyspark.sql.functions import arrow_udf

    content, options = _content(model), model._options
    declared = model.udf().returnType.simpleString() if result_type is None else result_type
    target = None if result_type is None else _arrow_type(result_type)

    def score(batches: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        from firesteel.ml.spark import _score_batches

        yield from _score_batches(content, options, target, batches)

    # Spark reads the kind of function from its hints, which are text here.
    score.__annotations__ = {"batches": Iterator[tuple[pa.Array, ...]], "return": Iterator[pa.Array]}
    # Its declared overloads lack functions over iterators of several columns. Spark takes them.
    return arrow_udf(score, declared)  # type: ignore[call-overload]


def _content(model: Model) -> bytes:
    if isinstance(model._location, bytes):
        return model._location
    path = Path(model._location)
    if path.is_dir():
        from firesteel import _native

        path = _native.Model.file_in(path)
    return path.read_bytes()


def _arrow_type(result_type: Any) -> Any:
    from pyspark.sql.pandas.types import to_arrow_type
    from pyspark.sql.types import _parse_datatype_string

    return to_arrow_type(_parse_datatype_string(result_type) if isinstance(result_type, str) else result_type)


_MODELS: dict[tuple[bytes, str], Any] = {}


def _score_batches(content: bytes, options: dict[str, Any], target: Any, batches: Iterator[Any]) -> Iterator[Any]:
    """Runs in Spark's workers. Each process makes one model when the first rows arrive."""
    import hashlib

    import pyarrow as pa

    from firesteel.ml.model import Model

    key = (hashlib.sha256(content).digest(), repr(options))
    for columns in batches:
        model = _MODELS.get(key)
        if model is None:
            model = _MODELS[key] = Model.load(content, **options)
        arrays = list(columns) if isinstance(columns, (tuple, list)) else [columns]
        if len(arrays) == 1 and pa.types.is_struct(arrays[0].type):
            data = arrays[0]
        elif len(arrays) == len(model.inputs):
            data = pa.record_batch(arrays, names=[spec.name for spec in model.inputs])
        else:
            data = pa.record_batch(arrays, names=[f"_{at}" for at in range(len(arrays))])
        output = model.predict(data)
        column = _as_lists(output.column(0)) if output.num_columns == 1 else _as_struct(output)
        yield column if target is None else column.cast(target)


def _as_lists(column: Any) -> Any:
    """The array with lists of any size, since Spark's arrays have no fixed size.

    The elements are not copied.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_fixed_size_list(column.type):
        return column
    inner = _as_lists(column.flatten() if column.null_count == 0 else column.values)
    if column.null_count == 0:
        size = column.type.list_size
        offsets = pa.array(range(0, (len(column) + 1) * size, size) if size else [0] * (len(column) + 1), pa.int32())
        return pa.ListArray.from_arrays(offsets, inner)
    return pc.cast(column, pa.list_(column.type.value_type))


def _as_struct(output: Any) -> Any:
    import pyarrow as pa

    columns = [_as_lists(column) for column in output.columns]
    return pa.StructArray.from_arrays(columns, names=output.schema.names)
