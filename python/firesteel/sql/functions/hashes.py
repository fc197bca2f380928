"""Hashes."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _cs

__all__ = [
    "crc32",
    "hash",
    "md5",
    "sha",
    "sha1",
    "sha2",
    "xxhash64",
]


def crc32(col: ColumnOrName) -> Column:
    """The CRC-32 of bytes."""
    return _call("crc32", _c(col))


def hash(*cols: ColumnOrName) -> Column:
    """Spark's 32-bit hash of values."""
    return _call("hash", *_cs(cols))


def md5(col: ColumnOrName) -> Column:
    """The MD5 digest, in hexadecimal digits."""
    return _call("md5", _c(col))


def sha(col: ColumnOrName) -> Column:
    """The SHA-1 digest, in hexadecimal digits."""
    return _call("sha", _c(col))


def sha1(col: ColumnOrName) -> Column:
    """The SHA-1 digest, in hexadecimal digits."""
    return _call("sha1", _c(col))


def sha2(col: ColumnOrName, numBits: int) -> Column:
    """A SHA-2 digest of `numBits` bits, in hexadecimal digits."""
    return _call("sha2", _c(col), numBits)


def xxhash64(*cols: ColumnOrName) -> Column:
    """Spark's 64-bit hash of values."""
    return _call("xxhash64", *_cs(cols))
