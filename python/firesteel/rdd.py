"""The few methods of an RDD that DataFrame scripts still use, over the rows of one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from firesteel.errors import PySparkValueError, _missing_attribute
from firesteel.storagelevel import StorageLevel

if TYPE_CHECKING:
    from firesteel.sql.dataframe import DataFrame

__all__ = ["RDD"]


class RDD:
    """Rows by partition. Transformations are Python generators that run when an action asks.

    Parameters
    ----------
    partitions : callable
        Makes the partitions anew for each action.
    """

    def __init__(self, partitions: Callable[[], list[Iterable[Any]]]) -> None:
        self._partitions = partitions

    def _each(self, change: Callable[[Iterator[Any]], Iterable[Any]]) -> RDD:
        return RDD(lambda: [change(iter(rows)) for rows in self._partitions()])

    def map(self, f: Callable[[Any], Any], preservesPartitioning: bool = False) -> RDD:
        """Applies a function to each element."""
        return self._each(lambda rows: map(f, rows))

    def flatMap(self, f: Callable[[Any], Iterable[Any]], preservesPartitioning: bool = False) -> RDD:
        """Applies a function to each element and joins the results."""
        return self._each(lambda rows: chain.from_iterable(map(f, rows)))

    def filter(self, f: Callable[[Any], bool]) -> RDD:
        """Keeps the elements for which a function is true."""
        return self._each(lambda rows: filter(f, rows))

    def mapPartitions(self, f: Callable[[Iterator[Any]], Iterable[Any]], preservesPartitioning: bool = False) -> RDD:
        """Applies a function to each partition."""
        return self._each(f)

    def collect(self) -> list[Any]:
        """Returns every element."""
        return list(chain.from_iterable(self._partitions()))

    def toLocalIterator(self, prefetchPartitions: bool = False) -> Iterator[Any]:
        """Iterates over every element."""
        return chain.from_iterable(self._partitions())

    def count(self) -> int:
        """Returns the number of elements."""
        return sum(1 for _ in self.toLocalIterator())

    def take(self, num: int) -> list[Any]:
        """Returns the first elements."""
        return list(islice(self.toLocalIterator(), num))

    def first(self) -> Any:
        """Returns the first element."""
        for element in self.toLocalIterator():
            return element
        raise PySparkValueError("the RDD is empty", errorClass="CANNOT_BE_EMPTY")

    def isEmpty(self) -> bool:
        """Whether there is no element."""
        return not self.take(1)

    def foreach(self, f: Callable[[Any], None]) -> None:
        """Calls a function with each element."""
        for element in self.toLocalIterator():
            f(element)

    def foreachPartition(self, f: Callable[[Iterator[Any]], Any]) -> None:
        """Calls a function with each partition."""
        for rows in self._partitions():
            f(iter(rows))

    def getNumPartitions(self) -> int:
        """Returns the number of partitions."""
        return len(self._partitions())

    def cache(self) -> RDD:
        """Keeps the elements in memory."""
        kept: list[list[Any]] = []

        def partitions() -> list[Iterable[Any]]:
            if not kept:
                kept.extend(list(rows) for rows in self._partitions())
            return list(kept)

        return RDD(partitions)

    def persist(self, storageLevel: StorageLevel = StorageLevel.MEMORY_ONLY) -> RDD:
        """Keeps the elements in memory, since in one process every level means memory."""
        return self.cache()

    def toDF(self, schema: Any = None, sampleRatio: float | None = None) -> DataFrame:
        """Makes a DataFrame of the elements."""
        from firesteel.sql.session import SparkSession

        return SparkSession._require().createDataFrame(self.collect(), schema, sampleRatio)

    def __getattr__(self, name: str) -> Any:
        raise _missing_attribute("RDD", name)
