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
    """The CRC-32 of bytes.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.crc32("s")).first()[0]
    891568578
    """
    return _call("crc32", _c(col))


def hash(*cols: ColumnOrName) -> Column:
    """Spark's 32-bit hash of values.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s, 1 AS n").select(F.hash("s", "n")).first()[0]
    945627151
    """
    return _call("hash", *_cs(cols))


def md5(col: ColumnOrName) -> Column:
    """The MD5 digest, in hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.md5("s")).first()[0]
    '900150983cd24fb0d6963f7d28e17f72'
    """
    return _call("md5", _c(col))


def sha(col: ColumnOrName) -> Column:
    """The SHA-1 digest, in hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.sha("s")).first()[0]
    'a9993e364706816aba3e25717850c26c9cd0d89d'
    """
    return _call("sha", _c(col))


def sha1(col: ColumnOrName) -> Column:
    """The SHA-1 digest, in hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.sha1("s")).first()[0]
    'a9993e364706816aba3e25717850c26c9cd0d89d'
    """
    return _call("sha1", _c(col))


def sha2(col: ColumnOrName, numBits: int) -> Column:
    """A SHA-2 digest of `numBits` bits, in hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.sha2("s", 256)).first()[0]
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    """
    return _call("sha2", _c(col), numBits)


def xxhash64(*cols: ColumnOrName) -> Column:
    """Spark's 64-bit hash of values.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s, 1 AS n").select(F.xxhash64("s", "n")).first()[0]
    615990704253164077
    """
    return _call("xxhash64", *_cs(cols))
