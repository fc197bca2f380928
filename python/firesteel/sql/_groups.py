"""Frames of groups: the rows of each group of a chunk as pandas frames.

A chunk's columns become one pandas frame. A group's frame is a slice of it with an index of its
own. So a group costs a slice and no conversion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from firesteel.sql.representation import cells_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_FRAMES = 8
"""How many forms of a chunk's frame are kept."""


class GroupFrames:
    """The frames of a chunk's groups.

    A whole number or a boolean beside a null has another pandas type. What a group gets must not
    depend on the nulls of its neighbours. So the chunk's frame has a form for each set of columns
    that hold nulls in a group.

    Parameters
    ----------
    columns : list of pyarrow.Array
        The rows, those of a group side by side.
    names : list of str
        The names of the columns.
    zone : str
        The time zone of the session.
    most : int
        How many rows a frame may have. 0 for any number.
    """

    def __init__(self, columns: list[pa.Array], names: list[str], zone: str, most: int) -> None:
        import pandas as pd

        self._columns, self._zone, self._most = columns, zone, most
        self._names = pd.Index(names)
        self._counts = {at: _null_counts(column) for at, column in enumerate(columns) if _changes_with_nulls(column)}
        self._forms: dict[tuple[bool, ...], pd.DataFrame] = {}
        self._ranges: dict[int, pd.RangeIndex] = {}

    def of(self, start: int, end: int) -> Iterator[pd.DataFrame]:
        """Give the frames of the group in these rows."""
        step = self._most or max(end - start, 1)
        for first in range(start, end, step):
            yield self._frame(first, min(first + step, end))

    def without_rows(self) -> Iterator[pd.DataFrame]:
        """Give the one frame of a group that has no rows."""
        yield self._frame(0, 0)

    def _frame(self, start: int, end: int) -> pd.DataFrame:
        holed = tuple(counts[end] != counts[start] for counts in self._counts.values())
        form = self._forms.get(holed)
        if form is not None:
            frame = form.iloc[start:end]
        elif len(self._forms) < MOST_FRAMES:
            form = self._forms[holed] = self._form(self._columns, holed)
            frame = form.iloc[start:end]
        else:
            frame = self._form([column.slice(start, end - start) for column in self._columns], holed)
        frame.index = self._range(end - start)
        return frame

    def _range(self, rows: int) -> pd.RangeIndex:
        import pandas as pd

        if rows not in self._ranges:
            self._ranges[rows] = pd.RangeIndex(rows)
        return self._ranges[rows]

    def _form(self, columns: list[pa.Array], holed: tuple[bool, ...]) -> pd.DataFrame:
        import pandas as pd

        whole = {at for at, has_nulls in zip(self._counts, holed, strict=True) if not has_nulls}
        cells = {
            at: cells_of(column.fill_null(False if _is_boolean(column) else 0) if at in whole else column, self._zone)
            for at, column in enumerate(columns)
        }
        frame = pd.DataFrame(cells, index=pd.RangeIndex(len(columns[0]) if columns else 0))
        frame.columns = self._names
        return frame


def key_values(columns: list[pa.Array], zone: str) -> list[tuple[Any, ...]]:
    """Give the key of each group as a tuple of its values as pandas has them."""
    import numpy as np

    values = []
    for column in columns:
        if _changes_with_nulls(column):
            filled = cells_of(column.fill_null(False if _is_boolean(column) else 0), zone).to_numpy()
            missing: Any = None if _is_boolean(column) else float("nan")
            there = column.is_valid().to_numpy(zero_copy_only=False)
            values.append([value if valid else missing for value, valid in zip(filled, there, strict=True)])
            continue
        cells = cells_of(column, zone)
        # Numbers stay those of NumPy. Times become pandas' own.
        plain = isinstance(cells.dtype, np.dtype) and cells.dtype.kind in "iufb"
        values.append(list(cells.to_numpy() if plain else cells))
    return list(zip(*values, strict=True))


def _is_boolean(column: pa.Array) -> bool:
    import pyarrow as pa

    return pa.types.is_boolean(column.type)


def _changes_with_nulls(column: pa.Array) -> bool:
    import pyarrow as pa

    return column.null_count > 0 and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type))


def _null_counts(column: pa.Array) -> Any:
    """How many of the first n values are null, for each n."""
    import numpy as np

    nulls = column.is_null().to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(nulls)])
