"""SparkConf: settings for a session that does not exist yet."""

from __future__ import annotations

from typing import Any

from firesteel.errors import PySparkValueError

__all__ = ["SparkConf"]


class SparkConf:
    """Keys and values for ``SparkSession.builder.config(conf=…)``.

    Examples
    --------
    >>> from firesteel.conf import SparkConf
    >>> SparkConf().setMaster("local[2]").setAppName("demo").get("spark.master")
    'local[2]'
    """

    def __init__(self, loadDefaults: bool = True, _jvm: Any = None, _jconf: Any = None) -> None:
        self._conf: dict[str, str] = {}

    def set(self, key: str, value: Any) -> SparkConf:
        """Sets a key."""
        self._conf[key] = _text(value)
        return self

    def setIfMissing(self, key: str, value: Any) -> SparkConf:
        """Sets a key that has no value."""
        return self if key in self._conf else self.set(key, value)

    def setMaster(self, value: str) -> SparkConf:
        """Sets the master."""
        return self.set("spark.master", value)

    def setAppName(self, value: str) -> SparkConf:
        """Sets the application's name."""
        return self.set("spark.app.name", value)

    def setSparkHome(self, value: str) -> SparkConf:
        """Sets Spark's home, which has no effect here."""
        return self.set("spark.home", value)

    def setExecutorEnv(
        self, key: str | None = None, value: str | None = None, pairs: list[tuple[str, str]] | None = None
    ) -> SparkConf:
        """Sets variables of executors. There are none here."""
        if (key is not None) == (pairs is not None):
            raise PySparkValueError(errorClass="KEY_VALUE_PAIR_REQUIRED", messageParameters={})
        for name, text in pairs or [(key, value)]:  # type: ignore[list-item]
            self.set(f"spark.executorEnv.{name}", text)
        return self

    def setAll(self, pairs: Any) -> SparkConf:
        """Sets several keys."""
        for key, value in pairs:
            self.set(key, value)
        return self

    def get(self, key: str, defaultValue: str | None = None) -> str | None:
        """Returns the value of a key, or a default."""
        return self._conf.get(key, defaultValue)

    def getAll(self) -> list[tuple[str, str]]:
        """Returns all keys and values."""
        return list(self._conf.items())

    def contains(self, key: str) -> bool:
        """Whether a key is set."""
        return key in self._conf

    def toDebugString(self) -> str:
        """Returns the settings, one a line."""
        return "\n".join(f"{key}={value}" for key, value in sorted(self._conf.items()))


def _text(value: Any) -> str:
    """A value as Spark's text: ``true``, not ``True``."""
    return str(value).lower() if isinstance(value, bool) else str(value)
