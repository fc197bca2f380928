"""URLs, encryption and what belongs nowhere else."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs, _o

__all__ = [
    "aes_decrypt",
    "aes_encrypt",
    "assert_true",
    "bitmap_bit_position",
    "bitmap_bucket_number",
    "bitmap_count",
    "current_catalog",
    "current_database",
    "current_path",
    "current_schema",
    "current_user",
    "hmac",
    "input_file_block_length",
    "input_file_block_start",
    "input_file_name",
    "java_method",
    "monotonically_increasing_id",
    "parse_url",
    "raise_error",
    "reflect",
    "session_user",
    "spark_partition_id",
    "try_aes_decrypt",
    "try_parse_url",
    "try_reflect",
    "try_url_decode",
    "typeof",
    "url_decode",
    "url_encode",
    "user",
    "version",
]


def parse_url(url: ColumnOrName, partToExtract: ColumnOrName, key: ColumnOrName | None = None) -> Column:
    """A part of a URL.

    Examples
    --------
    >>> spark.sql("SELECT 'https://a.org/p?q=1' AS s").select(F.parse_url("s", F.lit("HOST"))).first()[0]
    'a.org'
    """
    return _call_optional("parse_url", _c(url), _c(partToExtract), _o(key))


def try_parse_url(url: ColumnOrName, partToExtract: ColumnOrName, key: ColumnOrName | None = None) -> Column:
    """A part of a URL, or null where the text is none.

    Examples
    --------
    >>> print(spark.sql("SELECT 'no url at all' AS s").select(F.try_parse_url("s", F.lit("HOST"))).first()[0])
    None
    """
    return _call_optional("try_parse_url", _c(url), _c(partToExtract), _o(key))


def url_decode(str: ColumnOrName) -> Column:
    """Text from its URL-encoded form.

    Examples
    --------
    >>> spark.sql("SELECT 'a%20b' AS s").select(F.url_decode("s")).first()[0]
    'a b'
    """
    return _call("url_decode", _c(str))


def url_encode(str: ColumnOrName) -> Column:
    """Text in its URL-encoded form.

    Examples
    --------
    >>> spark.sql("SELECT 'a b' AS s").select(F.url_encode("s")).first()[0]
    'a+b'
    """
    return _call("url_encode", _c(str))


def try_url_decode(str: ColumnOrName) -> Column:
    """Text from its URL-encoded form, or null.

    Examples
    --------
    >>> print(spark.sql("SELECT '%zz' AS s").select(F.try_url_decode("s")).first()[0])
    None
    """
    return _call("try_url_decode", _c(str))


def aes_decrypt(
    input: ColumnOrName,
    key: ColumnOrName,
    mode: ColumnOrName | None = None,
    padding: ColumnOrName | None = None,
    aad: ColumnOrName | None = None,
) -> Column:
    """Calls ``aes_decrypt`` of Spark SQL."""
    return _call_optional("aes_decrypt", _c(input), _c(key), _o(mode), _o(padding), _o(aad))


def aes_encrypt(
    input: ColumnOrName,
    key: ColumnOrName,
    mode: ColumnOrName | None = None,
    padding: ColumnOrName | None = None,
    iv: ColumnOrName | None = None,
    aad: ColumnOrName | None = None,
) -> Column:
    """Calls ``aes_encrypt`` of Spark SQL."""
    return _call_optional("aes_encrypt", _c(input), _c(key), _o(mode), _o(padding), _o(iv), _o(aad))


def assert_true(col: ColumnOrName, errMsg: Column | str | None = None) -> Column:
    """Null where true, else an error.

    Examples
    --------
    >>> print(spark.sql("SELECT 1 AS n").select(F.assert_true(F.col("n") > 0)).first()[0])
    None
    """
    return _call_optional("assert_true", _c(col), errMsg)


def bitmap_bit_position(col: ColumnOrName) -> Column:
    """Calls ``bitmap_bit_position`` of Spark SQL."""
    return _call("bitmap_bit_position", _c(col))


def bitmap_bucket_number(col: ColumnOrName) -> Column:
    """Calls ``bitmap_bucket_number`` of Spark SQL."""
    return _call("bitmap_bucket_number", _c(col))


def bitmap_count(col: ColumnOrName) -> Column:
    """Calls ``bitmap_count`` of Spark SQL."""
    return _call("bitmap_count", _c(col))


def current_catalog() -> Column:
    """The current catalog.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.current_catalog()).first()[0]
    'spark_catalog'
    """
    return _call("current_catalog")


def current_database() -> Column:
    """The current database.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.current_database()).first()[0]
    'default'
    """
    return _call("current_database")


def current_path() -> Column:
    """Calls ``current_path`` of Spark SQL."""
    return _call("current_path")


def current_schema() -> Column:
    """The current database.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.current_schema()).first()[0]
    'default'
    """
    return _call("current_schema")


def current_user() -> Column:
    """The user."""
    return _call("current_user")


def hmac(key: ColumnOrName, message: ColumnOrName, algorithm: ColumnOrName | None = None) -> Column:
    """Calls ``hmac`` of Spark SQL."""
    return _call_optional("hmac", _c(key), _c(message), _o(algorithm))


def input_file_block_length() -> Column:
    """Calls ``input_file_block_length`` of Spark SQL."""
    return _call("input_file_block_length")


def input_file_block_start() -> Column:
    """Calls ``input_file_block_start`` of Spark SQL."""
    return _call("input_file_block_start")


def input_file_name() -> Column:
    """The file that the row came from."""
    return _call("input_file_name")


def java_method(*cols: ColumnOrName) -> Column:
    """Calls ``java_method`` of Spark SQL."""
    return _call("java_method", *_cs(cols))


def monotonically_increasing_id() -> Column:
    """A number that rises from row to row."""
    return _call("monotonically_increasing_id")


def raise_error(errMsg: Column | str) -> Column:
    """An error with a message."""
    return _call("raise_error", errMsg)


def reflect(*cols: ColumnOrName) -> Column:
    """Calls ``reflect`` of Spark SQL."""
    return _call("reflect", *_cs(cols))


def session_user() -> Column:
    """The user."""
    return _call("session_user")


def spark_partition_id() -> Column:
    """The number of the row's partition."""
    return _call("spark_partition_id")


def try_aes_decrypt(
    input: ColumnOrName,
    key: ColumnOrName,
    mode: ColumnOrName | None = None,
    padding: ColumnOrName | None = None,
    aad: ColumnOrName | None = None,
) -> Column:
    """Calls ``try_aes_decrypt`` of Spark SQL."""
    return _call_optional("try_aes_decrypt", _c(input), _c(key), _o(mode), _o(padding), _o(aad))


def try_reflect(*cols: ColumnOrName) -> Column:
    """Calls ``try_reflect`` of Spark SQL."""
    return _call("try_reflect", *_cs(cols))


def typeof(col: ColumnOrName) -> Column:
    """The type of a value, as text.

    Examples
    --------
    >>> spark.sql("SELECT array(1) AS a").select(F.typeof("a")).first()[0]
    'array<int>'
    """
    return _call("typeof", _c(col))


def user() -> Column:
    """The user."""
    return _call("user")


def version() -> Column:
    """The version of Spark that this engine follows."""
    return _call("version")
