"""Text."""

from __future__ import annotations

from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs, _n, _o

__all__ = [
    "ascii",
    "base64",
    "bit_length",
    "btrim",
    "char",
    "char_length",
    "character_length",
    "collate",
    "collation",
    "concat_ws",
    "contains",
    "decode",
    "elt",
    "encode",
    "endswith",
    "find_in_set",
    "format_number",
    "format_string",
    "from_base32",
    "initcap",
    "instr",
    "is_valid_utf8",
    "jaro_winkler_similarity",
    "lcase",
    "left",
    "length",
    "locate",
    "lower",
    "lpad",
    "ltrim",
    "make_valid_utf8",
    "mask",
    "octet_length",
    "position",
    "printf",
    "quote",
    "regexp_count",
    "regexp_extract",
    "regexp_extract_all",
    "regexp_instr",
    "regexp_replace",
    "regexp_substr",
    "repeat",
    "replace",
    "right",
    "rpad",
    "rtrim",
    "sentences",
    "soundex",
    "split",
    "split_part",
    "startswith",
    "substr",
    "substring",
    "substring_index",
    "to_base32",
    "to_binary",
    "to_char",
    "to_number",
    "to_varchar",
    "translate",
    "trim",
    "try_to_binary",
    "try_to_number",
    "try_validate_utf8",
    "ucase",
    "unbase64",
    "upper",
    "validate_utf8",
]


def ascii(col: ColumnOrName) -> Column:
    """The code of the first character.

    Examples
    --------
    >>> spark.sql("SELECT 'A' AS s").select(F.ascii("s")).first()[0]
    65
    """
    return _call("ascii", _c(col))


def base64(col: ColumnOrName) -> Column:
    """Bytes in base64.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.base64("s")).first()[0]
    'YWJj'
    """
    return _call("base64", _c(col))


def bit_length(col: ColumnOrName) -> Column:
    """The number of bits.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.bit_length("s")).first()[0]
    24
    """
    return _call("bit_length", _c(col))


def btrim(str: ColumnOrName, trim: ColumnOrName | None = None) -> Column:
    """Removes characters from both ends, by default spaces.

    Examples
    --------
    >>> spark.sql("SELECT 'xax' AS s").select(F.btrim("s", F.lit("x"))).first()[0]
    'a'
    """
    return _call_optional("btrim", _c(str), _o(trim))


def char(col: ColumnOrName) -> Column:
    """The character of a code.

    Examples
    --------
    >>> spark.sql("SELECT 65 AS n").select(F.char("n")).first()[0]
    'A'
    """
    return _call("char", _c(col))


def char_length(str: ColumnOrName) -> Column:
    """The number of characters.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.char_length("s")).first()[0]
    3
    """
    return _call("char_length", _c(str))


def character_length(str: ColumnOrName) -> Column:
    """The number of characters.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.character_length("s")).first()[0]
    3
    """
    return _call("character_length", _c(str))


def collate(col: ColumnOrName, collation: str) -> Column:
    """Calls ``collate`` of Spark SQL."""
    return _call("collate", _c(col), collation)


def collation(col: ColumnOrName) -> Column:
    """Calls ``collation`` of Spark SQL."""
    return _call("collation", _c(col))


def concat_ws(sep: str, *cols: ColumnOrName) -> Column:
    """Joins texts with a separator, nulls left out.

    Examples
    --------
    >>> spark.sql("SELECT 'a' AS s, NULL AS t, 'b' AS u").select(F.concat_ws("-", "s", "t", "u")).first()[0]
    'a-b'
    """
    return _call("concat_ws", sep, *_cs(cols))


def contains(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Whether the first text contains the second.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s, 'b' AS t").select(F.contains("s", "t")).first()[0]
    True
    """
    return _call("contains", _c(left), _c(right))


def decode(col: ColumnOrName, charset: str) -> Column:
    """Bytes as text, by a character set.

    Examples
    --------
    >>> spark.sql("SELECT X'616263' AS b").select(F.decode("b", "utf-8")).first()[0]
    'abc'
    """
    return _call("decode", _c(col), charset)


def elt(*inputs: ColumnOrName) -> Column:
    """The n-th of several values, from 1.

    Examples
    --------
    >>> spark.sql("SELECT 2 AS n, 'a' AS s, 'b' AS t").select(F.elt("n", "s", "t")).first()[0]
    'b'
    """
    return _call("elt", *_cs(inputs))


def encode(col: ColumnOrName, charset: str) -> Column:
    """Text as bytes, by a character set.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.hex(F.encode("s", "utf-8"))).first()[0]
    '616263'
    """
    return _call("encode", _c(col), charset)


def endswith(str: ColumnOrName, suffix: ColumnOrName) -> Column:
    """Whether text ends with another.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s, 'c' AS t").select(F.endswith("s", "t")).first()[0]
    True
    """
    return _call("endswith", _c(str), _c(suffix))


def find_in_set(str: ColumnOrName, str_array: ColumnOrName) -> Column:
    """The position of a text in a comma-separated list.

    Examples
    --------
    >>> spark.sql("SELECT 'b' AS s, 'a,b,c' AS t").select(F.find_in_set("s", "t")).first()[0]
    2
    """
    return _call("find_in_set", _c(str), _c(str_array))


def format_number(col: ColumnOrName, d: int) -> Column:
    """A number with thousands separators and `d` places.

    Examples
    --------
    >>> spark.sql("SELECT 1234.567D AS x").select(F.format_number("x", 2)).first()[0]
    '1,234.57'
    """
    return _call("format_number", _c(col), d)


def format_string(format: str, *cols: ColumnOrName) -> Column:
    """Formats values as C's printf does.

    Examples
    --------
    >>> spark.sql("SELECT 'a' AS s, 7 AS n").select(F.format_string("%s-%03d", "s", "n")).first()[0]
    'a-007'
    """
    return _call("format_string", format, *_cs(cols))


def from_base32(col: ColumnOrName) -> Column:
    """Calls ``from_base32`` of Spark SQL."""
    return _call("from_base32", _c(col))


def initcap(col: ColumnOrName) -> Column:
    """Text with each word capitalised.

    Examples
    --------
    >>> spark.sql("SELECT 'hello world' AS s").select(F.initcap("s")).first()[0]
    'Hello World'
    """
    return _call("initcap", _c(col))


def instr(
    str: ColumnOrName, substr: Column | str, start: Column | int | None = None, occurrence: Column | int | None = None
) -> Column:
    """The position of a text in another from 1, or 0.

    Examples
    --------
    >>> spark.sql("SELECT 'abcabc' AS s").select(F.instr("s", "c")).first()[0]
    3
    """
    return _call_optional("instr", _c(str), substr, start, occurrence)


def is_valid_utf8(str: ColumnOrName) -> Column:
    """Whether the bytes of the text are UTF-8.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.is_valid_utf8("s")).first()[0]
    True
    """
    return _call("is_valid_utf8", _c(str))


def jaro_winkler_similarity(left: ColumnOrName, right: ColumnOrName) -> Column:
    """Calls ``jaro_winkler_similarity`` of Spark SQL."""
    return _call("jaro_winkler_similarity", _c(left), _c(right))


def lcase(str: ColumnOrName) -> Column:
    """Text in lower case.

    Examples
    --------
    >>> spark.sql("SELECT 'ABC' AS s").select(F.lcase("s")).first()[0]
    'abc'
    """
    return _call("lcase", _c(str))


def left(str: ColumnOrName, len: ColumnOrName) -> Column:
    """The first characters.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.left("s", F.lit(2))).first()[0]
    'ab'
    """
    return _call("left", _c(str), _c(len))


def length(col: ColumnOrName) -> Column:
    """The number of characters of text, or of bytes.

    Examples
    --------
    >>> spark.sql("SELECT 'abc ' AS s").select(F.length("s")).first()[0]
    4
    """
    return _call("length", _c(col))


def locate(substr: str, str: ColumnOrName, pos: int = 1) -> Column:
    """The position of a text in another from `pos` on, or 0.

    Examples
    --------
    >>> spark.sql("SELECT 'abcabc' AS s").select(F.locate("c", "s", 4)).first()[0]
    6
    """
    return _call("locate", substr, _c(str), pos)


def lower(col: ColumnOrName) -> Column:
    """Text in lower case.

    Examples
    --------
    >>> spark.sql("SELECT 'ABC' AS s").select(F.lower("s")).first()[0]
    'abc'
    """
    return _call("lower", _c(col))


def lpad(col: ColumnOrName, len: Column | int, pad: Column | str) -> Column:
    """Text filled up on the left or cut to a length.

    Examples
    --------
    >>> spark.sql("SELECT '7' AS s").select(F.lpad("s", 3, "0")).first()[0]
    '007'
    """
    return _call("lpad", _c(col), len, pad)


def ltrim(col: ColumnOrName, trim: ColumnOrName | None = None) -> Column:
    """Removes characters from the start, by default spaces.

    Examples
    --------
    >>> spark.sql("SELECT '  a' AS s").select(F.ltrim("s")).first()[0]
    'a'
    """
    return _call("ltrim", _c(col)) if trim is None else _call("ltrim", _c(trim), _c(col))


def make_valid_utf8(str: ColumnOrName) -> Column:
    """The text, with the replacement character where its bytes are not UTF-8.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.make_valid_utf8("s")).first()[0]
    'abc'
    """
    return _call("make_valid_utf8", _c(str))


def mask(
    col: ColumnOrName,
    upperChar: ColumnOrName | None = None,
    lowerChar: ColumnOrName | None = None,
    digitChar: ColumnOrName | None = None,
    otherChar: ColumnOrName | None = None,
) -> Column:
    """Text with its letters and digits replaced.

    Examples
    --------
    >>> spark.sql("SELECT 'Ab-12' AS s").select(F.mask("s")).first()[0]
    'Xx-nn'
    """
    return _call_optional("mask", _c(col), _o(upperChar), _o(lowerChar), _o(digitChar), _o(otherChar))


def octet_length(col: ColumnOrName) -> Column:
    """The number of bytes.

    Examples
    --------
    >>> spark.sql("SELECT 'é' AS s").select(F.octet_length("s")).first()[0]
    2
    """
    return _call("octet_length", _c(col))


def position(substr: ColumnOrName, str: ColumnOrName, start: ColumnOrName | None = None) -> Column:
    """The position of a text in another, or 0.

    Examples
    --------
    >>> spark.sql("SELECT 'b' AS s, 'abc' AS t").select(F.position("s", "t")).first()[0]
    2
    """
    return _call_optional("position", _c(substr), _c(str), _o(start))


def printf(format: ColumnOrName, *cols: ColumnOrName) -> Column:
    """Formats values as C's printf does.

    Examples
    --------
    >>> spark.sql("SELECT '%s!' AS f, 'a' AS s").select(F.printf("f", "s")).first()[0]
    'a!'
    """
    return _call("printf", _c(format), *_cs(cols))


def quote(col: ColumnOrName) -> Column:
    """The text in single quotes, with its own quotes escaped.

    Examples
    --------
    >>> spark.sql("SELECT 'ab' AS s").select(F.quote("s")).first()[0]
    "'ab'"
    """
    return _call("quote", _c(col))


def regexp_count(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """How often a regular expression is found.

    Examples
    --------
    >>> spark.sql("SELECT 'a1b2' AS s").select(F.regexp_count("s", F.lit("[0-9]"))).first()[0]
    2
    """
    return _call("regexp_count", _c(str), _c(regexp))


def regexp_extract(str: ColumnOrName, pattern: str, idx: int) -> Column:
    """The group `idx` of the first match, or an empty text.

    Examples
    --------
    >>> spark.sql("SELECT '100-200' AS s").select(F.regexp_extract("s", "([0-9]+)-([0-9]+)", 2)).first()[0]
    '200'
    """
    return _call("regexp_extract", _c(str), pattern, idx)


def regexp_extract_all(str: ColumnOrName, regexp: ColumnOrName, idx: int | Column | None = None) -> Column:
    """The group `idx` of every match.

    Examples
    --------
    >>> spark.sql("SELECT 'a1b2' AS s").select(F.regexp_extract_all("s", F.lit("([a-z])[0-9]"))).first()[0]
    ['a', 'b']
    """
    return _call_optional("regexp_extract_all", _c(str), _c(regexp), idx)


def regexp_instr(str: ColumnOrName, regexp: ColumnOrName, idx: int | Column | None = None) -> Column:
    """The position of the first match, or 0.

    Examples
    --------
    >>> spark.sql("SELECT 'ab1' AS s").select(F.regexp_instr("s", F.lit("[0-9]"))).first()[0]
    3
    """
    return _call_optional("regexp_instr", _c(str), _c(regexp), idx)


def regexp_replace(
    string: ColumnOrName, pattern: str | Column, replacement: str | Column, position: int | Column | None = None
) -> Column:
    """Text with every match replaced.

    Examples
    --------
    >>> spark.sql("SELECT 'a1b2' AS s").select(F.regexp_replace("s", "[0-9]", "#")).first()[0]
    'a#b#'
    """
    return _call_optional("regexp_replace", _c(string), pattern, replacement, position)


def regexp_substr(str: ColumnOrName, regexp: ColumnOrName) -> Column:
    """The first match, or null.

    Examples
    --------
    >>> spark.sql("SELECT 'ab12' AS s").select(F.regexp_substr("s", F.lit("[0-9]+"))).first()[0]
    '12'
    """
    return _call("regexp_substr", _c(str), _c(regexp))


def repeat(col: ColumnOrName, n: ColumnOrName | int) -> Column:
    """Text, repeated.

    Examples
    --------
    >>> spark.sql("SELECT 'ab' AS s").select(F.repeat("s", 2)).first()[0]
    'abab'
    """
    return _call("repeat", _c(col), _n(n))


def replace(src: ColumnOrName, search: ColumnOrName, replace: ColumnOrName | None = None) -> Column:
    """Text with every occurrence of another replaced.

    Examples
    --------
    >>> spark.sql("SELECT 'abab' AS s").select(F.replace("s", F.lit("a"), F.lit("x"))).first()[0]
    'xbxb'
    """
    return _call_optional("replace", _c(src), _c(search), _o(replace))


def right(str: ColumnOrName, len: ColumnOrName) -> Column:
    """The last characters.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.right("s", F.lit(2))).first()[0]
    'bc'
    """
    return _call("right", _c(str), _c(len))


def rpad(col: ColumnOrName, len: Column | int, pad: Column | str) -> Column:
    """Text filled up on the right or cut to a length.

    Examples
    --------
    >>> spark.sql("SELECT '7' AS s").select(F.rpad("s", 3, "0")).first()[0]
    '700'
    """
    return _call("rpad", _c(col), len, pad)


def rtrim(col: ColumnOrName, trim: ColumnOrName | None = None) -> Column:
    """Removes characters from the end, by default spaces.

    Examples
    --------
    >>> spark.sql("SELECT 'a  ' AS s").select(F.rtrim("s")).first()[0]
    'a'
    """
    return _call("rtrim", _c(col)) if trim is None else _call("rtrim", _c(trim), _c(col))


def sentences(
    string: ColumnOrName, language: ColumnOrName | None = None, country: ColumnOrName | None = None
) -> Column:
    """The words of each sentence."""
    return _call_optional("sentences", _c(string), _o(language), _o(country))


def soundex(col: ColumnOrName) -> Column:
    """The Soundex code of text.

    Examples
    --------
    >>> spark.sql("SELECT 'Miller' AS s").select(F.soundex("s")).first()[0]
    'M460'
    """
    return _call("soundex", _c(col))


def split(str: ColumnOrName, pattern: Column | str, limit: ColumnOrName | int = -1) -> Column:
    """Text, cut at a regular expression.

    Examples
    --------
    >>> spark.sql("SELECT 'a1b2c' AS s").select(F.split("s", "[0-9]")).first()[0]
    ['a', 'b', 'c']
    """
    return _call("split", _c(str), pattern, _n(limit))


def split_part(src: ColumnOrName, delimiter: ColumnOrName, partNum: ColumnOrName) -> Column:
    """The n-th part of text cut at a delimiter.

    Examples
    --------
    >>> spark.sql("SELECT 'a.b.c' AS s").select(F.split_part("s", F.lit("."), F.lit(2))).first()[0]
    'b'
    """
    return _call("split_part", _c(src), _c(delimiter), _c(partNum))


def startswith(str: ColumnOrName, prefix: ColumnOrName) -> Column:
    """Whether text starts with another.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s, 'a' AS t").select(F.startswith("s", "t")).first()[0]
    True
    """
    return _call("startswith", _c(str), _c(prefix))


def substr(str: ColumnOrName, pos: ColumnOrName, len: ColumnOrName | None = None) -> Column:
    """A part of text or bytes, from position 1.

    Examples
    --------
    >>> spark.sql("SELECT 'abcdef' AS s").select(F.substr("s", F.lit(2), F.lit(3))).first()[0]
    'bcd'
    """
    return _call_optional("substr", _c(str), _c(pos), _o(len))


def substring(str: ColumnOrName, pos: ColumnOrName | int, len: ColumnOrName | int) -> Column:
    """A part of text or bytes, from position 1.

    Examples
    --------
    >>> spark.sql("SELECT 'abcdef' AS s").select(F.substring("s", -3, 2)).first()[0]
    'de'
    """
    return _call("substring", _c(str), _n(pos), _n(len))


def substring_index(str: ColumnOrName, delim: str, count: int) -> Column:
    """Text before the `count`-th delimiter, counted from the right if negative.

    Examples
    --------
    >>> spark.sql("SELECT 'a.b.c' AS s").select(F.substring_index("s", ".", 2)).first()[0]
    'a.b'
    """
    return _call("substring_index", _c(str), delim, count)


def to_base32(col: ColumnOrName) -> Column:
    """Calls ``to_base32`` of Spark SQL."""
    return _call("to_base32", _c(col))


def to_binary(col: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """Text as bytes, by a format.

    Examples
    --------
    >>> spark.sql("SELECT '4A' AS s").select(F.hex(F.to_binary("s"))).first()[0]
    '4A'
    """
    return _call_optional("to_binary", _c(col), _o(format))


def to_char(col: ColumnOrName, format: ColumnOrName) -> Column:
    """A number or a time as text, by a format."""
    return _call("to_char", _c(col), _c(format))


def to_number(col: ColumnOrName, format: ColumnOrName) -> Column:
    """Text as a decimal, by a format."""
    return _call("to_number", _c(col), _c(format))


def to_varchar(col: ColumnOrName, format: ColumnOrName) -> Column:
    """Calls ``to_varchar`` of Spark SQL."""
    return _call("to_varchar", _c(col), _c(format))


def translate(srcCol: ColumnOrName, matching: str, replace: str) -> Column:
    """Text with characters replaced one by one.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.translate("s", "ac", "AC")).first()[0]
    'AbC'
    """
    return _call("translate", _c(srcCol), matching, replace)


def trim(col: ColumnOrName, trim: ColumnOrName | None = None) -> Column:
    """Removes characters from both ends, by default spaces.

    Examples
    --------
    >>> spark.sql("SELECT '  a ' AS s").select(F.trim("s")).first()[0]
    'a'
    """
    return _call_optional("trim", _c(col), _o(trim))


def try_to_binary(col: ColumnOrName, format: ColumnOrName | None = None) -> Column:
    """As `to_binary`, or null where the text is not of that form.

    Examples
    --------
    >>> print(spark.sql("SELECT 'xyz' AS s").select(F.try_to_binary("s")).first()[0])
    None
    """
    return _call_optional("try_to_binary", _c(col), _o(format))


def try_to_number(col: ColumnOrName, format: ColumnOrName) -> Column:
    """Calls ``try_to_number`` of Spark SQL."""
    return _call("try_to_number", _c(col), _c(format))


def try_validate_utf8(str: ColumnOrName) -> Column:
    """The text, or null where its bytes are not UTF-8.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.try_validate_utf8("s")).first()[0]
    'abc'
    """
    return _call("try_validate_utf8", _c(str))


def ucase(str: ColumnOrName) -> Column:
    """Text in upper case.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.ucase("s")).first()[0]
    'ABC'
    """
    return _call("ucase", _c(str))


def unbase64(col: ColumnOrName) -> Column:
    """The bytes of base64 text.

    Examples
    --------
    >>> spark.sql("SELECT 'YWJj' AS s").select(F.decode(F.unbase64("s"), "utf-8")).first()[0]
    'abc'
    """
    return _call("unbase64", _c(col))


def upper(col: ColumnOrName) -> Column:
    """Text in upper case.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.upper("s")).first()[0]
    'ABC'
    """
    return _call("upper", _c(col))


def validate_utf8(str: ColumnOrName) -> Column:
    """The text, or an error if its bytes are not UTF-8.

    Examples
    --------
    >>> spark.sql("SELECT 'abc' AS s").select(F.validate_utf8("s")).first()[0]
    'abc'
    """
    return _call("validate_utf8", _c(str))
