"""Operators: arithmetic under ANSI, result types, overflow, comparison and its coercions, three-valued logic, bits."""

from pyspark.sql import functions as F

EXPRESSIONS = [
    # integers and their widths
    "1 + 2",
    "1Y + 2Y",
    "1S + 2",
    "1 + 2L",
    "127Y + 1Y",
    "2147483647 + 1",
    "2147483647 * 2",
    "-2147483648 - 1",
    "9223372036854775807L + 1",
    "9223372036854775807L * 2",
    "-(-2147483648)",
    "abs(-2147483648)",
    "abs(-5)",
    "- 3.5D",
    # division and remainders
    "7 / 2",
    "7 div 2",
    "-7 div 2",
    "7 % 3",
    "-7 % 3",
    "7 % -3",
    "pmod(-7, 3)",
    "pmod(7, -3)",
    "mod(10, 3)",
    "7.5D % 2",
    "1 / 0",
    "1 div 0",
    "1 % 0",
    "1.0D / 0",
    "0.0D / 0.0D",
    "pmod(1, 0)",
    "try_divide(1, 0)",
    "try_add(2147483647, 1)",
    "try_subtract(-2147483648, 1)",
    "try_multiply(2147483647, 2)",
    "try_mod(5, 0)",
    "-9223372036854775808L div -1",
    # floats
    "1.5F + 1",
    "1.5F + 1.5D",
    "0.1D + 0.2D",
    "1e308D * 10",
    "double('NaN') = double('NaN')",
    "double('NaN') > double('Infinity')",
    "0.0D = -0.0D",
    # decimals: literal types and result types
    "1.50",
    "1.5 + 1",
    "1.5 + 2.25",
    "1.5 * 2.25",
    "1.5 / 2.25",
    "10.0 / 3",
    "10.0 % 3",
    "1.5 - 1.50",
    "cast(1 as decimal(10,2)) + cast(1 as decimal(5,4))",
    "cast(1 as decimal(38,10)) * cast(1 as decimal(38,10))",
    "cast(99999999999999999999999999999999999999 as decimal(38,0)) + 1",
    "cast(1 as decimal(10,2)) / cast(3 as decimal(10,2))",
    "cast(1 as decimal(10,2)) + 1.5D",
    "cast(1.25 as decimal(3,1))",
    "cast(123.45 as decimal(3,1))",
    "-1.5",
    "1.5 > 1",
    "1.0 = 1",
    "1E3",
    "1.5BD",
    # bits
    "5 & 3",
    "5 | 3",
    "5 ^ 3",
    "~5",
    "shiftleft(1, 4)",
    "shiftright(-16, 2)",
    "shiftrightunsigned(-16, 28)",
    "1 << 4",
    "-16 >> 2",
    "bit_count(255)",
    "bit_get(11, 0)",
    "5 & 3L",
    # null logic
    "null and false",
    "null and true",
    "null or true",
    "null or false",
    "not null",
    "null = null",
    "null <=> null",
    "1 <=> null",
    "1 <=> 1",
    "1 != null",
    "null + 1",
    "1 in (1, null)",
    "2 in (1, null)",
    "2 not in (1, null)",
    "null in (1, 2)",
    "1 between null and 2",
    "3 between 1 and 2",
    "isnull(null)",
    "1 is not null",
    "true is true",
    "null is not true",
    "coalesce(null, null, 3)",
    "nvl(null, 'x')",
    "nvl2(null, 1, 2)",
    "nullif(1, 1)",
    "ifnull(null, 2.5)",
    "nanvl(double('NaN'), 5.0D)",
    "isnan(double('NaN'))",
    # comparison and its coercion
    "1 = '1'",
    "1 = '1.0'",
    "1 = 'a'",
    "1.5D = '1.5'",
    "1 < '10'",
    "'10' < '9'",
    "'a' < 'B'",
    "date'2024-01-01' = '2024-01-01'",
    "date'2024-01-01' < timestamp'2024-01-01 00:00:01'",
    "timestamp'2024-01-01 00:00:00' = '2024-01-01'",
    "true = 1",
    "true = 'true'",
    "true < false",
    "1 = 1L",
    "'a' = 1.5",
    "array(1, 2) = array(1, 2)",
    "array(1, 2) < array(1, 3)",
    "struct(1, 'a') = struct(1, 'a')",
    "map(1, 2) = map(1, 2)",
    "date'2024-01-01' = 1",
    "X'CAFE' = 'x'",
    # string arithmetic
    "'3' + 4",
    "'3.5' + 4",
    "'3' + '4'",
    "'a' + 1",
    "'6' / '2'",
    "'7' % 2",
    "'a' || 1",
    "'a' || null",
    "true + 1",
    # conditionals and their common types
    "if(true, 1, 2.5)",
    "if(null, 1, 2)",
    "case when false then 1 end",
    "case 2 when 1 then 'a' when 2 then 'b' else 'c' end",
    "case when true then 1 else 'x' end",
    "case when null then 1 else 2L end",
    "coalesce(1, 2.5D)",
    "coalesce(1, 'a')",
    "coalesce(date'2024-01-01', timestamp'2024-01-02 00:00:00')",
    "greatest(1, 3, null, 2)",
    "least(1, 2.5, 0.5D)",
    "greatest(1)",
    "if('a', 1, 2)",
    # mathematics
    "round(2.5)",
    "round(-2.5)",
    "round(2.5D)",
    "round(2.345, 2)",
    "round(2.345D, 2)",
    "round(1234, -2)",
    "bround(2.5D)",
    "bround(3.5)",
    "floor(2.7)",
    "floor(-2.7D)",
    "ceil(2.1)",
    "ceil(-2.1D)",
    "ceil(5)",
    "floor(1.234, 2)",
    "sqrt(2)",
    "sqrt(-1)",
    "cbrt(27)",
    "exp(1)",
    "ln(0)",
    "log(10)",
    "log(2, 8)",
    "log10(1000)",
    "log2(8)",
    "log1p(0)",
    "expm1(0)",
    "pow(2, 10)",
    "power(2, -1)",
    "sign(-3)",
    "signum(2.5)",
    "factorial(5)",
    "factorial(21)",
    "hypot(3, 4)",
    "atan2(1, 1)",
    "sin(0)",
    "cos(0)",
    "tan(0)",
    "asin(2)",
    "degrees(pi())",
    "radians(180)",
    "e()",
    "rint(2.5)",
    "hex(255)",
    "unhex('FF')",
    "bin(10)",
    "conv('ff', 16, 10)",
    "conv('zz', 16, 10)",
    "width_bucket(5.3, 0.2, 10.6, 5)",
    "negative(5)",
    "positive(5)",
    # hashes: Spark's own, so checkpoints and partitions agree
    "hash(1)",
    "hash('a', 1, null)",
    "xxhash64(1)",
    "xxhash64('abc')",
    "md5('abc')",
    "sha1('abc')",
    "sha2('abc', 256)",
    "crc32('abc')",
    # literals
    "'a\\nb'",
    "r'a\\nb'",
    "\"double quoted\"",
    "X'1C7'",
    "1Y",
    "1S",
    "2147483648",
    "9223372036854775808",
    "1.0F",
    "null",
    "true",
    "'it''s'",
    "typeof(1.50)",
    "typeof(null)",
    "typeof(array(1, null))",
    "interval 1 day",
    "interval '1 2:03:04' day to second",
    "interval 1 month",
    "interval '2-3' year to month",
    "interval 1 week 2 hours",
    "date'2024-02-30'",
    "timestamp'bad'",
    "negative(1, 2)",
    "positive(1, 2)",
    "positive('1.5')",
    "positive(true)",
    "+true",
    "+'1.5'",
    "pmod(7, 3, 0)",
    "pmod(7)",
    "isnull(1, 2)",
    "isnotnull()",
    "isnull(1)",
    "mod(5, 3, 1)",
    "shiftleft(1, 2, 3)",
    "shiftleft(1)",
    "try_add(1, 2, 3)",
    "try_subtract(1)",
    "equal_null(1, 1, 2)",
    "equal_null(1, null)",
    "div(7, 2)",
    "7 div 2 is null",
    "try_mod(1, 0)",
    "pmod(5.0, -3.0)",
    "pmod(-5.0, 3.0)",
    "pmod(-5.0, -3.0)",
    "pmod(5.5, 3)",
]

OVER = [
    (
        "VALUES (1, 2), (0, 5), (-7, 3), (null, 1) AS t(a, b)",
        ["a + b", "b / a", "a % b", "b % a", "a <=> b", "-a", "a > 0 AND b > 1", "a = 0 OR 1 / a > 0", "try_divide(b, a)"],
    ),
    ("VALUES (2147483647), (1) AS t(a)", ["a + 1", "try_add(a, 1)", "a * 2L", "a + 1.5", "cast(a as long) + 1"]),
    ("VALUES ('1'), ('x'), (null) AS t(s)", ["s = 1", "s + 1", "s || 'z'", "s > 'a'", "s IN ('1', 'x')", "try_cast(s AS INT)"]),
    (
        "VALUES (1.10, 2.5), (3.33, 0.0) AS t(p, q)",
        ["p + q", "p * q", "p / q", "q % p", "p > q", "sum(p)", "avg(q)", "round(p, 1)"],
    ),
    (
        "VALUES (double('NaN')), (0.0D), (-0.0D), (null), (double('-Infinity')), (1.5D) AS t(d)",
        ["d", "d = 0", "d > 1", "isnan(d)", "max(d)", "min(d)", "cast(d AS STRING)", "d IS NULL", "nanvl(d, 9D)"],
    ),
]


def column_operators(spark):
    """Every operator of Column gives its row."""
    df = spark.createDataFrame([(7, 2.5, "abc", True), (None, None, None, None)], "i int, d double, s string, b boolean")
    i, d, s, b = df.i, df.d, df.s, df.b
    return df.select(
        i + 1, 1 + i, i - 1, 10 - i, i * 2, i / 2, 14 / i, i % 4, i**2, 2**i, -i, i == 7, i != 7, i > 7, i <= 7,
        ~b, b & (i > 1), b | (i > 1), i.eqNullSafe(None), i.isNull(), i.isNotNull(), s.isin("abc", "x"), i.between(1, 7),
        i.bitwiseAND(3), i.bitwiseOR(8), i.bitwiseXOR(1), d.cast("int"), s.substr(1, 2), s.startswith("a"),
        s.contains("b"), s.endswith("c"), s.like("a%"), s.rlike("^a"), s.ilike("A%"), d.isNaN(),
    )


def when_otherwise(spark):
    df = spark.range(4)
    return df.select(
        "id",
        F.when(F.col("id") == 0, "zero").when(F.col("id") == 1, "one").otherwise("many").alias("w"),
        F.when(F.col("id") > 2, 1).alias("n"),
    )


def overflow_of_a_column(spark):
    return spark.createDataFrame([(2147483647,)], "a int").select(F.col("a") + F.lit(1).cast("int")).collect()


def division_by_zero_of_a_column(spark):
    return spark.createDataFrame([(1, 0)], "a int, b int").select(F.col("a") / F.col("b")).collect()


def case_guards_an_error(spark):
    df = spark.createDataFrame([(0,), (2,)], "a int")
    return df.select(F.when(F.col("a") != 0, 10 / F.col("a")).otherwise(-1.0).alias("x"))


def column_in_a_boolean_context(spark):
    return bool(F.col("a") > 1)


def ansi_off(spark):
    """With ANSI mode off overflow wraps and bad casts give null."""
    spark.conf.set("spark.sql.ansi.enabled", False)
    try:
        return spark.sql(
            "SELECT 2147483647 + 1 AS a, 1 / 0 AS b, cast('x' AS INT) AS c, 5 % 0 AS d, cast(300 AS TINYINT) AS e, "
            "cast(99.9 AS DECIMAL(2, 1)) AS f, '3' + 4 AS g, array(1, 2)[5] AS h"
        )
    finally:
        spark.conf.set("spark.sql.ansi.enabled", True)
