"""Window specifications: the rows that a window function sees."""

from __future__ import annotations

import sys
from typing import Any

from firesteel import _native
from firesteel.sql.column import Column, _expr, _flat

__all__ = ["Window", "WindowSpec"]

_LIMIT = 2**63 - 1


def _columns(cols: tuple[Any, ...]) -> list[_native.Expr]:
    return [_expr(col) for col in _flat(cols)]


class Window:
    """Makes window specifications.

    Examples
    --------
    >>> from firesteel.sql import Window, functions as F
    >>> F.row_number().over(Window.partitionBy("a").orderBy("b"))
    Column<'row_number() OVER (PARTITION BY a ORDER BY b ASC NULLS FIRST)'>
    """

    _PRECEDING_THRESHOLD = max(-sys.maxsize, -_LIMIT)
    _FOLLOWING_THRESHOLD = min(sys.maxsize, _LIMIT)
    unboundedPreceding: int = -(1 << 63)
    unboundedFollowing: int = (1 << 63) - 1
    currentRow: int = 0

    @staticmethod
    def partitionBy(*cols: Any) -> WindowSpec:
        """Divides the rows into partitions by columns."""
        return WindowSpec().partitionBy(*cols)

    @staticmethod
    def orderBy(*cols: Any) -> WindowSpec:
        """Orders the rows of each partition."""
        return WindowSpec().orderBy(*cols)

    @staticmethod
    def rowsBetween(start: int, end: int) -> WindowSpec:
        """Takes the rows from `start` to `end`, counted from the current one.

        Examples
        --------
        >>> from firesteel.sql import Window, functions as F
        >>> last_two = Window.orderBy("id").rowsBetween(-1, Window.currentRow)
        >>> [row[0] for row in spark.range(4).select(F.sum("id").over(last_two)).collect()]
        [0, 1, 3, 5]
        """
        return WindowSpec().rowsBetween(start, end)

    @staticmethod
    def rangeBetween(start: int, end: int) -> WindowSpec:
        """Takes the rows whose order value lies from `start` to `end` of the current one's.

        Examples
        --------
        >>> from firesteel.sql import Window, functions as F
        >>> near = Window.orderBy("id").rangeBetween(-5, 5)
        >>> [row[0] for row in spark.range(0, 30, 10).select(F.count("*").over(near)).collect()]
        [1, 1, 1]
        """
        return WindowSpec().rangeBetween(start, end)


class WindowSpec:
    """A window specification: partitions, order and frame."""

    def __init__(
        self,
        partition: list[_native.Expr] | None = None,
        order: list[_native.Expr] | None = None,
        frame: tuple[bool, int | None, int | None] | None = None,
    ) -> None:
        self._partition = partition or []
        self._order = order or []
        self._frame = frame

    def partitionBy(self, *cols: Any) -> WindowSpec:
        """Divides the rows into partitions by columns."""
        return WindowSpec(_columns(cols), self._order, self._frame)

    def orderBy(self, *cols: Any) -> WindowSpec:
        """Orders the rows of each partition."""
        order = [Column(expr) for expr in _columns(cols)]
        sorts = [col._expr if _is_sort(col) else col._expr.sort(True) for col in order]
        return WindowSpec(self._partition, sorts, self._frame)

    def rowsBetween(self, start: int, end: int) -> WindowSpec:
        """Takes the rows from `start` to `end`, counted from the current one."""
        return WindowSpec(self._partition, self._order, (True, *_bounds(start, end)))

    def rangeBetween(self, start: int, end: int) -> WindowSpec:
        """Takes the rows whose order value lies from `start` to `end` of the current one's."""
        return WindowSpec(self._partition, self._order, (False, *_bounds(start, end)))


def _bounds(start: int, end: int) -> tuple[int | None, int | None]:
    first = None if start <= Window._PRECEDING_THRESHOLD else int(start)
    last = None if end >= Window._FOLLOWING_THRESHOLD else int(end)
    return first, last


def _is_sort(col: Column) -> bool:
    return col._expr.is_sort()
