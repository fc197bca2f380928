"""Checkpoints of streaming queries, looked at, verified and changed without their queries.

The command line has the same as ``firesteel checkpoint``.

Examples
--------
>>> from firesteel import checkpoint
>>> stream = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 4).load()
>>> query = (
...     stream.groupBy((stream.value % 2).alias("half")).count()
...     .writeStream.format("noop").outputMode("update").option("checkpointLocation", "halves.checkpoint")
...     .trigger(availableNow=True).start()
... )
>>> query.awaitTermination()
>>> about = checkpoint.inspect("halves.checkpoint")
>>> about["next"]
{'action': 'continue', 'batch': 1}
>>> [(operator["name"], operator["rows"]) for operator in about["state"]["operators"]]
[('stateStoreSave', 2)]
>>> checkpoint.fsck("halves.checkpoint")["findings"]
[]
>>> checkpoint.rescale("halves.checkpoint", 16) == about["state"]["partitions"]
True
"""

from __future__ import annotations

import json
import os
from typing import Any

from firesteel import _native

__all__ = ["fsck", "inspect", "rescale", "rollback"]


def inspect(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a checkpoint says of itself, also while its query runs.

    Parameters
    ----------
    path : str or os.PathLike
        The query's ``checkpointLocation``.

    Returns
    -------
    dict
        ``id`` and ``mode`` of the query; the oldest and the newest batch in ``offsets`` and
        ``commits``; what a query that starts does ``next``; ``watermarkMs`` and ``clockMs`` in
        milliseconds since the epoch; ``sources`` with the ``end`` of the newest batch; ``outputs``
        with the first batch of each; ``conf``, the settings that the query keeps. ``state`` has the
        ``version`` of the newest commit, the ``problem`` if that cannot be read, the ``versions``
        that can be, ``partitions``, ``files``, ``bytes`` and the ``operators`` with their ``rows``
        and the schemas of their tables. It is ``None`` for a query without state. So is every value that is not known.

    Raises
    ------
    IllegalArgumentException
        If there is no checkpoint.
    SparkRuntimeException
        If a file is damaged or has a newer format. The message names it.

    Notes
    -----
    Nothing is locked and nothing is written.
    """
    report: dict[str, Any] = json.loads(_native.checkpoint_inspect(path))
    return report


def fsck(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read and verify everything of a checkpoint whose query does not run.

    Parameters
    ----------
    path : str or os.PathLike
        The query's ``checkpointLocation``.

    Returns
    -------
    dict
        ``findings`` is empty for a sound checkpoint. Else each has a ``file``, the ``problem``, its
        ``meaning`` for the query, and a ``remedy``. ``next`` says what a query that starts does.
        ``batches``, ``stateFiles`` and ``stateBytes`` say how much was read.

    Raises
    ------
    IllegalArgumentException
        If there is no checkpoint.
    SparkRuntimeException
        If its query runs.

    Notes
    -----
    Nothing is written.
    """
    report: dict[str, Any] = json.loads(_native.checkpoint_fsck(path))
    return report


def rescale(path: str | os.PathLike[str], partitions: int) -> int:
    """Give the state of a query another number of partitions, and return the number before.

    Keys lie in 256 fixed slots, so none of them moves. The number is what ``partition_id`` and
    progress say.

    Parameters
    ----------
    path : str or os.PathLike
        The query's ``checkpointLocation``.
    partitions : int
        The number, above zero.

    Raises
    ------
    IllegalArgumentException
        If there is no checkpoint, or the number is not allowed.
    SparkRuntimeException
        If the query runs, or keeps no state.
    """
    if isinstance(partitions, bool) or not isinstance(partitions, int) or not 0 < partitions < 1 << 31:
        message = f"partitions must be a whole number from 1 to {(1 << 31) - 1}, found {partitions!r}"
        raise ValueError(message)
    return _native.checkpoint_rescale(path, partitions)


def rollback(path: str | os.PathLike[str], *, to: int, later: str) -> dict[str, Any]:
    """Take a checkpoint back to the state after an earlier batch.

    Parameters
    ----------
    path : str or os.PathLike
        The query's ``checkpointLocation``.
    to : int
        The batch after which everything is as it was.
    later : str
        What becomes of later batches. With ``"replay"`` they run again at the next start, each with
        the rows and the clock reading that it had. With ``"forget"`` they never were: the sink takes
        them back, and their rows come in new batches.

    Returns
    -------
    dict
        ``kind``, ``to``, and ``through``: the newest batch that had begun.

    Raises
    ------
    IllegalArgumentException
        If there is no checkpoint.
    SparkRuntimeException
        If the query runs, the state after the batch is not kept, a source has not the rows of later
        batches any more, or the sink cannot take them back. Nothing is changed then.

    Notes
    -----
    A replayed batch that the sink knows as visible is not written again. Its state is computed
    anew. Sinks that do not know, as ``foreachBatch``, get the batch a second time under its number.

    A rollback that a crash cut short is finished by the next call, or by the query's start.
    """
    if later not in {"replay", "forget"}:
        message = f"later must be 'replay' or 'forget', found {later!r}"
        raise ValueError(message)
    if isinstance(to, bool) or not isinstance(to, int) or not 0 <= to < 1 << 63:
        message = f"to must be the number of a batch, found {to!r}"
        raise ValueError(message)
    report: dict[str, Any] = json.loads(_native.checkpoint_rollback(path, to, later == "replay"))
    return report
