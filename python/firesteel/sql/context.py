"""SQLContext: the older name of a session."""

from __future__ import annotations

from typing import Any

from firesteel.sql.session import SparkSession

__all__ = ["HiveContext", "SQLContext"]


class SQLContext:
    """The older entry point: every method is the session's."""

    def __init__(self, sparkContext: Any, sparkSession: SparkSession | None = None, jsqlContext: Any = None) -> None:
        self.sparkSession = sparkSession or SparkSession.builder.getOrCreate()

    @classmethod
    def getOrCreate(cls, sc: Any) -> SQLContext:
        """Returns the context of the running session."""
        return cls(sc)

    def registerDataFrameAsTable(self, df: Any, tableName: str) -> None:
        """Gives a DataFrame a name in SQL."""
        df.createOrReplaceTempView(tableName)

    def dropTempTable(self, tableName: str) -> None:
        """Forgets a name."""
        self.sparkSession.catalog.dropTempView(tableName)

    def setConf(self, key: str, value: Any) -> None:
        """Sets a key."""
        self.sparkSession.conf.set(key, value)

    def getConf(self, key: str, *default: Any) -> str | None:
        """Returns the value of a key."""
        return self.sparkSession.conf.get(key, *default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sparkSession, name)


class HiveContext(SQLContext):
    """The older entry point to Hive. Without Hive it is the same as :class:`SQLContext`."""
