"""A session's configuration: ``spark.conf``."""

from __future__ import annotations

from typing import Any

from firesteel import _native
from firesteel.conf import _text
from firesteel.errors import IllegalArgumentException, SparkNoSuchElementException, _not_type

__all__ = ["RuntimeConfig"]

_NoValue: Any = object()


class RuntimeConfig:
    """The configuration of a session. A change holds for queries that are planned afterwards.

    Examples
    --------
    >>> spark.conf.set("spark.sql.shuffle.partitions", 8)
    >>> spark.conf.get("spark.sql.shuffle.partitions")
    '8'
    """

    def __init__(self, session: _native.Session) -> None:
        self._session = session

    def set(self, key: str, value: str | int | bool) -> None:
        """Sets a key.

        Raises
        ------
        AnalysisException
            If the key is decided when the session starts.
        IllegalArgumentException
            If the key does not take the value.
        """
        if not isinstance(key, str):
            raise _not_type("key", "str", key)
        if value is None:
            raise IllegalArgumentException(f"the value of '{key}' must not be None; use unset")
        if not isinstance(value, (str, int)):
            raise _not_type("value", "str, int or bool", value)
        self._session.conf_set(key, _text(value))

    def get(self, key: str, default: str | None = _NoValue) -> str | None:
        """Returns the value of a key.

        It is the value that was set. Otherwise it is `default`, and else Spark's default. Spark's
        default may be None.

        Raises
        ------
        SparkNoSuchElementException
            If there is none of them.
        """
        if not isinstance(key, str):
            raise _not_type("key", "str", key)
        value = self._session.conf_get(key) if default is _NoValue else self._session.conf_get_set(key)
        if value is not None:
            return value
        if default is not _NoValue:
            return default
        if self._session.conf_is_known(key):
            return None
        raise SparkNoSuchElementException(
            f'[SQL_CONF_NOT_FOUND] the configuration key "{key}" has no value and no default. SQLSTATE: 42K0I'
        )

    def unset(self, key: str) -> None:
        """Goes back to the default of a key."""
        if not isinstance(key, str):
            raise _not_type("key", "str", key)
        self._session.conf_unset(key)

    def isModifiable(self, key: str) -> bool:
        """Whether a key may be changed while the session runs."""
        return self._session.conf_is_modifiable(key)

    @property
    def getAll(self) -> dict[str, str]:
        """Every key that was set."""
        return dict(self._session.conf_all())
