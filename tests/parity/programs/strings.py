"""String and regular expression functions."""

from pyspark.sql import functions as F

EXPRESSIONS = [
    "upper('straße')", "lower('ÀB')", "initcap('hello wORLD foo-bar')", "length('héllo ')", "char_length('abc')", "octet_length('hé')", "bit_length('ab')",
    "trim('  a b  ')", "ltrim('  a')", "rtrim('a  ')", "trim(both 'xy' from 'xyaxy')", "trim(leading 'x' from 'xxa')", "trim('x' from 'xax')", "btrim('  a ')", "btrim('xax', 'x')",
    "trim('\t\n a')", "ltrim('x', 'xxa')",
    "substring('abcdef', 2, 3)", "substring('abcdef', 0, 2)", "substring('abcdef', -3, 2)", "substring('abcdef', 10)", "substring('abcdef', 2)", "substring('abc', 1, -1)", "substr('héllo', 2, 2)", "left('abc', 2)", "right('abc', 2)", "left('abc', -1)",
    "concat('a', 'b', null)", "concat('a', 1, true)", "concat()", "concat_ws('-', 'a', null, 'b')", "concat_ws(',', array('a', null, 'b'), 'c')", "concat_ws('-')", "concat_ws(null, 'a')",
    "lpad('abc', 5, '*')", "lpad('abc', 2, '*')", "rpad('abc', 5)", "lpad('abc', 5, '')", "repeat('ab', 3)", "repeat('ab', -1)", "reverse('abc')", "space(3)",
    "instr('abcabc', 'c')", "instr('abc', 'z')", "locate('c', 'abcabc', 4)", "locate('', 'abc')", "position('b' in 'abc')", "charindex('b', 'abc')", "contains('abc', 'b')", "startswith('abc', 'a')", "endswith('abc', null)",
    "replace('abcabc', 'b', 'x')", "replace('abc', 'b')", "replace('abc', '', 'x')", "translate('abcab', 'ab', 'x')", "translate('abc', 'abc', '123')", "overlay('Spark SQL' placing '_' from 6)", "overlay('abcdef', 'XX', 2, 3)",
    "split('a,b,,c,,', ',')", "split('a1b2c', '[0-9]')", "split('a,b,c', ',', 2)", "split('abc', '')", "split('', ',')", "split('a.b', '.')", "split_part('a.b.c', '.', 2)", "split_part('a.b.c', '.', -1)", "split_part('a', '.', 5)", "split_part('a.b', '.', 0)", "substring_index('a.b.c', '.', 2)", "substring_index('a.b.c', '.', -1)",
    "ascii('A')", "ascii('')", "chr(65)", "char(256 + 65)", "base64('abc')", "unbase64('YWJj')", "encode('é', 'UTF-8')", "decode(X'C3A9', 'UTF-8')", "encode('a', 'nope')", "hex('abc')", "unhex('616')", "unhex('zz')",
    "format_number(1234567.891, 2)", "format_number(0.5, 0)", "format_number(1234.5, '#,##0.000')", "format_string('%s has %d and %.2f', 'x', 5, 1.5D)", "printf('%05d', 42)", "format_string('%s', null)",
    "levenshtein('kitten', 'sitting')", "soundex('Robert')", "find_in_set('b', 'a,b,c')", "elt(2, 'a', 'b')", "elt(5, 'a')", "sentences('Hi there. Bye!')",
    "to_number('1,234.5', '9,999.9')", "to_char(1234.5, '9,999.99')", "try_to_number('x', '99')", "mask('AbCD123-@$#')", "luhn_check('79927398713')", "is_valid_utf8('a')",
    "like('abc', 'a%')", "'abc' like '_b_'", "'a%c' like 'a\\\\%c'", "'a%c' like 'a/%c' escape '/'", "'ABC' ilike 'a%'", "'abc' like null", "'a\\nb' like 'a_b'", "'abc' like any ('x%', 'a%')", "'abc' like all ('x%', 'a%')", "'abc' not like 'a%'",
    "'abc123' rlike '[0-9]+'", "'abc' rlike '^b'", "regexp_like('abc', 'B')", "regexp('abc', '(?i)B')", "'foobar' rlike 'foo(?=bar)'", "'abc' rlike '('",
    "regexp_replace('100-200', '(\\\\d+)', 'num')", "regexp_replace('abc', '(a)(b)', '$2$1')", "regexp_replace('aaa', 'a', 'b', 2)", "regexp_replace('a.b.c', '\\\\.', '')", "regexp_replace('abc', 'x*', '-')", "regexp_replace('foobar', 'foo(?!baz)', 'X')",
    "regexp_extract('100-200', '(\\\\d+)-(\\\\d+)', 2)", "regexp_extract('foo', '(\\\\d+)', 1)", "regexp_extract('foo', 'o', 1)", "regexp_extract('ab', '(a)(x)?', 2)", "regexp_extract('abc', '(b)')", "regexp_extract_all('1a2b', '(\\\\d)', 1)", "regexp_count('abcabc', 'b')", "regexp_instr('abcabc', 'c')", "regexp_substr('abc123', '[0-9]+')", "regexp_substr('abc', 'x')",
    "parse_url('http://h.com/p?q=1#f', 'HOST')", "parse_url('http://h.com/p?q=1&r=2', 'QUERY', 'r')", "url_encode('a b&c')", "url_decode('a+b%26c')",
    "str_to_map('a:1,b:2')", "uuid() is not null", "'a' = 'a '", "'é' = 'é'", "length('😀')", "substring('a😀b', 2, 1)", "reverse('a😀')", "upper(null)", "length(123)", "upper(1.5)", "string(5)", "quote('it''s')", "randstr(3, 1) is not null", "collation('a')",
]

OVER = [
    (
        "VALUES ('  Alpha,Beta '), (''), (null), ('x') AS t(s)",
        ["trim(s)", "upper(s)", "length(s)", "split(s, ',')", "substring(s, 3, 2)", "s like '%a%'", "regexp_extract(s, '([a-z]+)', 1)", "concat(s, '!')", "concat_ws('-', s, 'z')", "instr(s, 'a')", "initcap(s)", "lpad(s, 3, '.')", "ascii(s)", "coalesce(nullif(s, ''), 'none')", "s rlike 'l.*a'"],
    ),
]


def dataframe_functions(spark):
    df = spark.createDataFrame([("Hello World", "a-b-c"), (None, "")], ["s", "p"])
    return df.select(
        F.upper("s").alias("u"), F.lower(df.s).alias("l"), F.split("p", "-").alias("sp"), F.split(df.p, "-", 2).alias("sp2"), F.substring("s", 1, 5).alias("sub"),
        F.regexp_replace("s", "o", "0").alias("rr"), F.regexp_extract("s", r"(\w+) (\w+)", 2).alias("re"), F.concat_ws("|", "s", "p").alias("cw"), F.length("s").alias("n"),
        F.trim(F.lit(" x ")).alias("t"), F.lpad("p", 7, "*").alias("lp"), F.translate("s", "lo", "01").alias("tr"), F.instr("s", "World").alias("i"), F.locate("o", "s", 6).alias("lo"),
        F.format_string("%s/%s", "s", "p").alias("fs"), F.repeat("p", 2).alias("rp"), F.reverse("p").alias("rv"), F.initcap(F.lit("ab cd")).alias("ic"), F.levenshtein("s", "p").alias("lev"),
        F.substring_index("p", "-", 2).alias("si"), F.ascii("s").alias("as"), F.base64("s").alias("b64"), F.overlay("s", F.lit("XX"), 2, 1).alias("ov"), F.format_number(F.lit(12345.678), 1).alias("fn"),
    )
