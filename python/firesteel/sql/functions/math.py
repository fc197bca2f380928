"""Numbers."""

from __future__ import annotations

from typing import Any

from firesteel.errors import PySparkValueError
from firesteel.sql.column import Column
from firesteel.sql.functions._build import ColumnOrName, _c, _call, _call_optional, _cs, _n

__all__ = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bin",
    "bround",
    "cbrt",
    "ceil",
    "ceiling",
    "conv",
    "cos",
    "cosh",
    "cot",
    "csc",
    "degrees",
    "e",
    "exp",
    "expm1",
    "factorial",
    "floor",
    "greatest",
    "hex",
    "hypot",
    "least",
    "ln",
    "log1p",
    "log2",
    "log10",
    "negative",
    "pi",
    "pmod",
    "positive",
    "pow",
    "radians",
    "rint",
    "round",
    "sec",
    "sign",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "try_add",
    "try_divide",
    "try_mod",
    "try_multiply",
    "try_subtract",
    "unhex",
    "width_bucket",
]


def abs(col: ColumnOrName) -> Column:
    """The absolute value.

    Examples
    --------
    >>> spark.sql("SELECT -2 AS n").select(F.abs("n")).first()[0]
    2
    """
    return _call("abs", _c(col))


def acos(col: ColumnOrName) -> Column:
    """The inverse cosine, in radians.

    Examples
    --------
    >>> spark.sql("SELECT 1D AS x").select(F.acos("x")).first()[0]
    0.0
    """
    return _call("acos", _c(col))


def acosh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic cosine.

    Examples
    --------
    >>> spark.sql("SELECT 1D AS x").select(F.acosh("x")).first()[0]
    0.0
    """
    return _call("acosh", _c(col))


def asin(col: ColumnOrName) -> Column:
    """The inverse sine, in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.asin("x")).first()[0]
    0.0
    """
    return _call("asin", _c(col))


def asinh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic sine.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.asinh("x")).first()[0]
    0.0
    """
    return _call("asinh", _c(col))


def atan(col: ColumnOrName) -> Column:
    """The inverse tangent, in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.atan("x")).first()[0]
    0.0
    """
    return _call("atan", _c(col))


def atan2(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """The angle of the point (col2, col1), in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS y, 1D AS x").select(F.atan2("y", "x")).first()[0]
    0.0
    """
    return _call("atan2", _n(col1), _n(col2))


def atanh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic tangent.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.atanh("x")).first()[0]
    0.0
    """
    return _call("atanh", _c(col))


def bin(col: ColumnOrName) -> Column:
    """A whole number in binary digits.

    Examples
    --------
    >>> spark.sql("SELECT 5 AS n").select(F.bin("n")).first()[0]
    '101'
    """
    return _call("bin", _c(col))


def bround(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """Rounds half to even at `scale` places.

    Examples
    --------
    >>> spark.sql("SELECT 2.5D AS x").select(F.bround("x")).first()[0]
    2.0
    """
    return _call_optional("bround", _c(col), scale)


def cbrt(col: ColumnOrName) -> Column:
    """The cube root.

    Examples
    --------
    >>> spark.sql("SELECT 27D AS x").select(F.cbrt("x")).first()[0]
    3.0
    """
    return _call("cbrt", _c(col))


def ceil(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The smallest whole number that is not below.

    Examples
    --------
    >>> spark.sql("SELECT 1.2D AS x").select(F.ceil("x")).first()[0]
    2
    """
    return _call_optional("ceil", _c(col), scale)


def ceiling(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The smallest whole number that is not below.

    Examples
    --------
    >>> spark.sql("SELECT 1.2D AS x").select(F.ceiling("x")).first()[0]
    2
    """
    return _call_optional("ceiling", _c(col), scale)


def conv(col: ColumnOrName, fromBase: int, toBase: int) -> Column:
    """Converts the digits of a number from one base to another.

    Examples
    --------
    >>> spark.sql("SELECT 'ff' AS s").select(F.conv("s", 16, 10)).first()[0]
    '255'
    """
    return _call("conv", _c(col), fromBase, toBase)


def cos(col: ColumnOrName) -> Column:
    """The cosine of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.cos("x")).first()[0]
    1.0
    """
    return _call("cos", _c(col))


def cosh(col: ColumnOrName) -> Column:
    """The hyperbolic cosine.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.cosh("x")).first()[0]
    1.0
    """
    return _call("cosh", _c(col))


def cot(col: ColumnOrName) -> Column:
    """The cotangent of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 1D AS x").select(F.round(F.cot("x"), 4)).first()[0]
    0.6421
    """
    return _call("cot", _c(col))


def csc(col: ColumnOrName) -> Column:
    """The cosecant of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 1D AS x").select(F.round(F.csc("x"), 4)).first()[0]
    1.1884
    """
    return _call("csc", _c(col))


def degrees(col: ColumnOrName) -> Column:
    """Converts radians to degrees.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.degrees("x")).first()[0]
    0.0
    """
    return _call("degrees", _c(col))


def e() -> Column:
    """Euler's number.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.e()).first()[0]
    2.718281828459045
    """
    return _call("e")


def exp(col: ColumnOrName) -> Column:
    """The exponential.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.exp("x")).first()[0]
    1.0
    """
    return _call("exp", _c(col))


def expm1(col: ColumnOrName) -> Column:
    """The exponential minus one.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.expm1("x")).first()[0]
    0.0
    """
    return _call("expm1", _c(col))


def factorial(col: ColumnOrName) -> Column:
    """The factorial of a number from 0 to 20.

    Examples
    --------
    >>> spark.sql("SELECT 5 AS n").select(F.factorial("n")).first()[0]
    120
    """
    return _call("factorial", _c(col))


def floor(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The greatest whole number that is not above.

    Examples
    --------
    >>> spark.sql("SELECT -1.2D AS x").select(F.floor("x")).first()[0]
    -2
    """
    return _call_optional("floor", _c(col), scale)


def greatest(*cols: ColumnOrName) -> Column:
    """The greatest value, nulls aside.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n, 3 AS m, NULL AS k").select(F.greatest("n", "m", "k")).first()[0]
    3
    """
    return _call("greatest", *_two("greatest", cols))


def _two(name: str, cols: tuple[Any, ...]) -> list[Any]:
    """The columns, of which there must be two."""
    if len(cols) < 2:
        raise PySparkValueError(errorClass="WRONG_NUM_COLUMNS", messageParameters={"func_name": name, "num_cols": "2"})
    return _cs(cols)


def hex(col: ColumnOrName) -> Column:
    """A number, text or bytes in hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT 255 AS n").select(F.hex("n")).first()[0]
    'FF'
    """
    return _call("hex", _c(col))


def hypot(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """The length of the hypotenuse.

    Examples
    --------
    >>> spark.sql("SELECT 3D AS x, 4D AS y").select(F.hypot("x", "y")).first()[0]
    5.0
    """
    return _call("hypot", _n(col1), _n(col2))


def least(*cols: ColumnOrName) -> Column:
    """The smallest value, nulls aside.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n, 3 AS m, NULL AS k").select(F.least("n", "m", "k")).first()[0]
    1
    """
    return _call("least", *_two("least", cols))


def ln(col: ColumnOrName) -> Column:
    """The natural logarithm.

    Examples
    --------
    >>> spark.sql("SELECT 1D AS x").select(F.ln("x")).first()[0]
    0.0
    """
    return _call("ln", _c(col))


def log10(col: ColumnOrName) -> Column:
    """The logarithm to base 10.

    Examples
    --------
    >>> spark.sql("SELECT 1000D AS x").select(F.log10("x")).first()[0]
    3.0
    """
    return _call("log10", _c(col))


def log1p(col: ColumnOrName) -> Column:
    """The natural logarithm of one plus the number.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.log1p("x")).first()[0]
    0.0
    """
    return _call("log1p", _c(col))


def log2(col: ColumnOrName) -> Column:
    """The logarithm to base 2.

    Examples
    --------
    >>> spark.sql("SELECT 8D AS x").select(F.log2("x")).first()[0]
    3.0
    """
    return _call("log2", _c(col))


def negative(col: ColumnOrName) -> Column:
    """The negated number.

    Examples
    --------
    >>> spark.sql("SELECT 2 AS n").select(F.negative("n")).first()[0]
    -2
    """
    return _call("negative", _c(col))


def pi() -> Column:
    """The ratio of a circle's circumference to its diameter.

    Examples
    --------
    >>> spark.sql("SELECT 1 AS n").select(F.pi()).first()[0]
    3.141592653589793
    """
    return _call("pi")


def pmod(dividend: ColumnOrName | float, divisor: ColumnOrName | float) -> Column:
    """The remainder, never negative for a positive divisor.

    Examples
    --------
    >>> spark.sql("SELECT -7 AS n, 3 AS m").select(F.pmod("n", "m")).first()[0]
    2
    """
    return _call("pmod", _n(dividend), _n(divisor))


def positive(col: ColumnOrName) -> Column:
    """The number itself.

    Examples
    --------
    >>> spark.sql("SELECT 2 AS n").select(F.positive("n")).first()[0]
    2
    """
    return _call("positive", _c(col))


def pow(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """A number to the power of another.

    Examples
    --------
    >>> spark.sql("SELECT 2D AS x").select(F.pow("x", 10)).first()[0]
    1024.0
    """
    return _call("power", _n(col1), _n(col2))


def radians(col: ColumnOrName) -> Column:
    """Converts degrees to radians.

    Examples
    --------
    >>> spark.sql("SELECT 180D AS x").select(F.radians("x")).first()[0]
    3.141592653589793
    """
    return _call("radians", _c(col))


def rint(col: ColumnOrName) -> Column:
    """The nearest whole number, as a double.

    Examples
    --------
    >>> spark.sql("SELECT 2.5D AS x").select(F.rint("x")).first()[0]
    2.0
    """
    return _call("rint", _c(col))


def round(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """Rounds half up at `scale` places.

    Examples
    --------
    >>> spark.sql("SELECT 2.5D AS x").select(F.round("x")).first()[0]
    3.0
    """
    return _call_optional("round", _c(col), scale)


def sec(col: ColumnOrName) -> Column:
    """The secant of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.sec("x")).first()[0]
    1.0
    """
    return _call("sec", _c(col))


def sign(col: ColumnOrName) -> Column:
    """The sign: -1.0, 0.0 or 1.0.

    Examples
    --------
    >>> spark.sql("SELECT -2D AS x").select(F.sign("x")).first()[0]
    -1.0
    """
    return _call("sign", _c(col))


def signum(col: ColumnOrName) -> Column:
    """The sign: -1.0, 0.0 or 1.0.

    Examples
    --------
    >>> spark.sql("SELECT -2D AS x").select(F.signum("x")).first()[0]
    -1.0
    """
    return _call("signum", _c(col))


def sin(col: ColumnOrName) -> Column:
    """The sine of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.sin("x")).first()[0]
    0.0
    """
    return _call("sin", _c(col))


def sinh(col: ColumnOrName) -> Column:
    """The hyperbolic sine.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.sinh("x")).first()[0]
    0.0
    """
    return _call("sinh", _c(col))


def sqrt(col: ColumnOrName) -> Column:
    """The square root.

    Examples
    --------
    >>> spark.sql("SELECT 9D AS x").select(F.sqrt("x")).first()[0]
    3.0
    """
    return _call("sqrt", _c(col))


def tan(col: ColumnOrName) -> Column:
    """The tangent of an angle in radians.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.tan("x")).first()[0]
    0.0
    """
    return _call("tan", _c(col))


def tanh(col: ColumnOrName) -> Column:
    """The hyperbolic tangent.

    Examples
    --------
    >>> spark.sql("SELECT 0D AS x").select(F.tanh("x")).first()[0]
    0.0
    """
    return _call("tanh", _c(col))


def try_add(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The sum, or null on overflow.

    Examples
    --------
    >>> print(spark.sql("SELECT 2147483647 AS n, 1 AS m").select(F.try_add("n", "m")).first()[0])
    None
    """
    return _call("try_add", _c(left), _c(right))


def try_divide(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The quotient, or null where the divisor is zero.

    Examples
    --------
    >>> print(spark.sql("SELECT 1 AS n, 0 AS m").select(F.try_divide("n", "m")).first()[0])
    None
    """
    return _call("try_divide", _c(left), _c(right))


def try_mod(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The remainder, or null where the divisor is zero.

    Examples
    --------
    >>> print(spark.sql("SELECT 1 AS n, 0 AS m").select(F.try_mod("n", "m")).first()[0])
    None
    """
    return _call("try_mod", _c(left), _c(right))


def try_multiply(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The product, or null on overflow.

    Examples
    --------
    >>> print(spark.sql("SELECT 2147483647 AS n, 2 AS m").select(F.try_multiply("n", "m")).first()[0])
    None
    """
    return _call("try_multiply", _c(left), _c(right))


def try_subtract(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The difference, or null on overflow.

    Examples
    --------
    >>> print(spark.sql("SELECT -2147483648 AS n, 1 AS m").select(F.try_subtract("n", "m")).first()[0])
    None
    """
    return _call("try_subtract", _c(left), _c(right))


def unhex(col: ColumnOrName) -> Column:
    """The bytes of hexadecimal digits.

    Examples
    --------
    >>> spark.sql("SELECT '4A' AS s").select(F.decode(F.unhex("s"), "utf-8")).first()[0]
    'J'
    """
    return _call("unhex", _c(col))


def width_bucket(v: ColumnOrName, min: ColumnOrName, max: ColumnOrName, numBucket: ColumnOrName | int) -> Column:
    """The number of the equally wide bucket that a value falls into.

    Examples
    --------
    >>> spark.sql("SELECT 5.5D AS x, 0D AS low, 10D AS high").select(F.width_bucket("x", "low", "high", 5)).first()[0]
    3
    """
    return _call("width_bucket", _c(v), _c(min), _c(max), _n(numBucket))
