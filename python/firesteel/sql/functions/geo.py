"""Geography and geometry.

The engine has none of these yet. A call raises an error with its name when it is analysed.
"""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _n, _o

__all__ = [
    "st_asbinary",
    "st_geogfromwkb",
    "st_geomfromwkb",
    "st_setsrid",
    "st_srid",
]


def st_asbinary(geo: ColumnOrName, endianness: ColumnOrName | None = None) -> Column:
    """Calls ``st_asbinary`` of Spark SQL."""
    return _call_optional("st_asbinary", _c(geo), _o(endianness))


def st_geogfromwkb(wkb: ColumnOrName) -> Column:
    """Calls ``st_geogfromwkb`` of Spark SQL."""
    return _call("st_geogfromwkb", _c(wkb))


def st_geomfromwkb(wkb: ColumnOrName, srid: ColumnOrName | int | None = None) -> Column:
    """Calls ``st_geomfromwkb`` of Spark SQL."""
    return _call_optional("st_geomfromwkb", _c(wkb), _o(srid))


def st_setsrid(geo: ColumnOrName, srid: ColumnOrName | int) -> Column:
    """Calls ``st_setsrid`` of Spark SQL."""
    return _call("st_setsrid", _c(geo), _n(srid))


def st_srid(geo: ColumnOrName) -> Column:
    """Calls ``st_srid`` of Spark SQL."""
    return _call("st_srid", _c(geo))
