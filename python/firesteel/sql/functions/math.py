"""Numbers."""

from __future__ import annotations

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
    """The absolute value."""
    return _call("abs", _c(col))


def acos(col: ColumnOrName) -> Column:
    """The inverse cosine, in radians."""
    return _call("acos", _c(col))


def acosh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic cosine."""
    return _call("acosh", _c(col))


def asin(col: ColumnOrName) -> Column:
    """The inverse sine, in radians."""
    return _call("asin", _c(col))


def asinh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic sine."""
    return _call("asinh", _c(col))


def atan(col: ColumnOrName) -> Column:
    """The inverse tangent, in radians."""
    return _call("atan", _c(col))


def atan2(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """The angle, in radians, of the point (col2, col1)."""
    return _call("atan2", _n(col1), _n(col2))


def atanh(col: ColumnOrName) -> Column:
    """The inverse hyperbolic tangent."""
    return _call("atanh", _c(col))


def bin(col: ColumnOrName) -> Column:
    """A whole number in binary digits."""
    return _call("bin", _c(col))


def bround(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """Rounds half to even at `scale` places."""
    return _call_optional("bround", _c(col), scale)


def cbrt(col: ColumnOrName) -> Column:
    """The cube root."""
    return _call("cbrt", _c(col))


def ceil(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The smallest whole number that is not below."""
    return _call_optional("ceil", _c(col), scale)


def ceiling(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The smallest whole number that is not below."""
    return _call_optional("ceiling", _c(col), scale)


def conv(col: ColumnOrName, fromBase: int, toBase: int) -> Column:
    """Converts the digits of a number from one base to another."""
    return _call("conv", _c(col), fromBase, toBase)


def cos(col: ColumnOrName) -> Column:
    """The cosine of an angle in radians."""
    return _call("cos", _c(col))


def cosh(col: ColumnOrName) -> Column:
    """The hyperbolic cosine."""
    return _call("cosh", _c(col))


def cot(col: ColumnOrName) -> Column:
    """The cotangent of an angle in radians."""
    return _call("cot", _c(col))


def csc(col: ColumnOrName) -> Column:
    """The cosecant of an angle in radians."""
    return _call("csc", _c(col))


def degrees(col: ColumnOrName) -> Column:
    """Converts radians to degrees."""
    return _call("degrees", _c(col))


def e() -> Column:
    """Euler's number."""
    return _call("e")


def exp(col: ColumnOrName) -> Column:
    """The exponential."""
    return _call("exp", _c(col))


def expm1(col: ColumnOrName) -> Column:
    """The exponential minus one."""
    return _call("expm1", _c(col))


def factorial(col: ColumnOrName) -> Column:
    """The factorial of a number from 0 to 20."""
    return _call("factorial", _c(col))


def floor(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """The greatest whole number that is not above."""
    return _call_optional("floor", _c(col), scale)


def greatest(*cols: ColumnOrName) -> Column:
    """The greatest value, nulls aside."""
    return _call("greatest", *_cs(cols))


def hex(col: ColumnOrName) -> Column:
    """A number, text or bytes in hexadecimal digits."""
    return _call("hex", _c(col))


def hypot(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """The length of the hypotenuse."""
    return _call("hypot", _n(col1), _n(col2))


def least(*cols: ColumnOrName) -> Column:
    """The smallest value, nulls aside."""
    return _call("least", *_cs(cols))


def ln(col: ColumnOrName) -> Column:
    """The natural logarithm."""
    return _call("ln", _c(col))


def log10(col: ColumnOrName) -> Column:
    """The logarithm to base 10."""
    return _call("log10", _c(col))


def log1p(col: ColumnOrName) -> Column:
    """The natural logarithm of one plus the number."""
    return _call("log1p", _c(col))


def log2(col: ColumnOrName) -> Column:
    """The logarithm to base 2."""
    return _call("log2", _c(col))


def negative(col: ColumnOrName) -> Column:
    """The negated number."""
    return _call("negative", _c(col))


def pi() -> Column:
    """The ratio of a circle's circumference to its diameter."""
    return _call("pi")


def pmod(dividend: ColumnOrName | float, divisor: ColumnOrName | float) -> Column:
    """The remainder, never negative for a positive divisor."""
    return _call("pmod", _n(dividend), _n(divisor))


def positive(col: ColumnOrName) -> Column:
    """The number itself."""
    return _call("positive", _c(col))


def pow(col1: ColumnOrName | float, col2: ColumnOrName | float) -> Column:
    """A number to the power of another."""
    return _call("power", _n(col1), _n(col2))


def radians(col: ColumnOrName) -> Column:
    """Converts degrees to radians."""
    return _call("radians", _c(col))


def rint(col: ColumnOrName) -> Column:
    """The nearest whole number, as a double."""
    return _call("rint", _c(col))


def round(col: ColumnOrName, scale: Column | int | None = None) -> Column:
    """Rounds half up at `scale` places."""
    return _call_optional("round", _c(col), scale)


def sec(col: ColumnOrName) -> Column:
    """The secant of an angle in radians."""
    return _call("sec", _c(col))


def sign(col: ColumnOrName) -> Column:
    """The sign: -1.0, 0.0 or 1.0."""
    return _call("sign", _c(col))


def signum(col: ColumnOrName) -> Column:
    """The sign: -1.0, 0.0 or 1.0."""
    return _call("signum", _c(col))


def sin(col: ColumnOrName) -> Column:
    """The sine of an angle in radians."""
    return _call("sin", _c(col))


def sinh(col: ColumnOrName) -> Column:
    """The hyperbolic sine."""
    return _call("sinh", _c(col))


def sqrt(col: ColumnOrName) -> Column:
    """The square root."""
    return _call("sqrt", _c(col))


def tan(col: ColumnOrName) -> Column:
    """The tangent of an angle in radians."""
    return _call("tan", _c(col))


def tanh(col: ColumnOrName) -> Column:
    """The hyperbolic tangent."""
    return _call("tanh", _c(col))


def try_add(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The sum, or null on overflow."""
    return _call("try_add", _c(left), _c(right))


def try_divide(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The quotient, or null where the divisor is zero."""
    return _call("try_divide", _c(left), _c(right))


def try_mod(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The remainder, or null where the divisor is zero."""
    return _call("try_mod", _c(left), _c(right))


def try_multiply(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The product, or null on overflow."""
    return _call("try_multiply", _c(left), _c(right))


def try_subtract(left: ColumnOrName, right: ColumnOrName) -> Column:
    """The difference, or null on overflow."""
    return _call("try_subtract", _c(left), _c(right))


def unhex(col: ColumnOrName) -> Column:
    """The bytes of hexadecimal digits."""
    return _call("unhex", _c(col))


def width_bucket(v: ColumnOrName, min: ColumnOrName, max: ColumnOrName, numBucket: ColumnOrName | int) -> Column:
    """The number of the equally wide bucket that a value falls into."""
    return _call("width_bucket", _c(v), _c(min), _c(max), _n(numBucket))
