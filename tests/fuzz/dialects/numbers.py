"""Numbers from text and as text.

Casts, ``to_number``, ``to_char``, ``format_number``, ``format_string``, ``conv`` and literals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialects.expressions import ask, shown, smaller
from dialects.source import literal

if TYPE_CHECKING:
    import random

    from dialects import Case

__all__ = ["ask", "case", "shown", "smaller"]

# fmt: off
WHOLE = ["0", "1", "7", "12", "-1", "127", "128", "-129", "32768", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "16777217", "9007199254740993", "1000000", "99999999999999999999999999999999999999", "100000000000000000000000000000000000000", "00", "-0", "007"]
BROKEN = ["0.5", "-0.5", "1.5", "2.5", "-1.5", ".5", "5.", "-.5", "0.1", "0.005", "1.005", "1.015", "0.045", "999.995", "1234567.891", "0.0001", "0.00001", "123456789.125", "1.10", "-0.0", "0.000", "2147483647.9", "9.99999999999999999999999999999999999999", "0.1234567890123456789", "."]
POWERS = ["1e0", "1e3", "1E3", "1e-3", "1.5e+2", "1e7", "1e-4", "1e21", "1e38", "1e39", "1e308", "1e309", "-1e309", "4.9e-324", "1e-400", "1e", "e1", "1e1.5", "1e+", "1.e2", ".1e2", "1e00003", "1e400", "1.7976931348623157e308", "3.4028235e38", "3.4028236e38", "1.4e-45", "1e-46"]
NAMED = ["NaN", "nan", "NAN", "-NaN", "+NaN", "Infinity", "-Infinity", "infinity", "Inf", "inf", "+inf", "-INF", "Infinit", "null", "true", "", " ", "-", "+", "x"]
ODD = ["+1", "++1", "--1", "- 1", " 1", "1 ", "\t1\n", "\xa01", "1\x00", "1\x1f", "\u30001", "1d", "1D", "1f", "1F", "1L", "1l", "1.5BD", "0x1F", "0x1p3", "1_000", "1,000", "1.000,5", "$1", "(1)", "1-", "١", "１", "1e٣", "−1", "1\u200b", "0b1", "1.5d", "NaNd", "Infinityf", "1 2", "1.2.3"]
BOOLEANS = ["true", "TRUE", "t", "T", "yes", "y", "1", "0", "false", "f", "no", "n", "on", "off", " true", "tru", "TrUe\n", "2", "ｔrue"]
TYPES = ["tinyint", "smallint", "int", "bigint", "float", "double", "decimal(5,2)", "decimal(10,0)", "decimal(38,18)", "decimal(38,0)", "decimal(3,3)", "boolean", "binary", "timestamp", "date"]
FORMS = ["9", "99", "999", "0", "00", "000", "9.9", "99.99", "0.0", "00.00", "999.90", ".9", "9.", "9,999", "0,000", "9G999D99", "99,99,99", "9,9", ",9", "$9", "$99.9", "9$", "S9", "S99", "9S", "99.9S", "MI9", "9MI", "99.99MI", "PR9", "9PR", "99.9PR", "S$9", "$S9", "L9", "", "x", "S", ".", "9 9", "9.9.9", "0D9", "9G9", "$0,009.00MI", "S999,999.99", "999,999,999,999,999,999,999.999999", "9e9", "S9MI", "<9>"]
PICTURES = ["#", "0", "0.0", "#.#", "#,##0.00", "0.00%", "00.000", "#,###", "#,##,##0", "0.###E0", "##0.#####E0", "0;(0)", "$#.##", "'#'#", "#.##'x'", "0‰", "¤0", "", "x", "0.0.0", ",", "#-", "0.#", "0000000000"]
PRINTF = ["%d", "%5d", "%-5d|", "%05d", "%+d", "%,d", "%(d", "% d", "%x", "%X", "%o", "%#x", "%08X", "%c", "%b", "%h", "%s", "%S", "%10s|", "%-10s|", "%.2s", "%%", "%n", "%1$d", "%2$d", "%d %d", "%<d", "%z", "%", "%5", "a%db", "%e", "%.2f", "%ld", "%i"]
PRINTF_DOUBLE = ["%f", "%.0f", "%.1f", "%.2f", "%10.2f|", "%-10.2f|", "%010.2f", "%+.1f", "%,.2f", "%(.2f", "%e", "%.3e", "%E", "%g", "%.3g", "%G", "%a", "%A", "%.2a", "%s", "%d", "%.20f", "%.15f", "% f", "%h", "%b"]
BASES = [2, 3, 8, 10, 16, 36, -10, -16, -2, 1, 37, 0]
CONVERTED = ["0", "1", "10", "-10", "ff", "FF", "-ff", "zz", "11abc", "xyz", "", " ", " 10", "10 ", "+10", "9223372036854775807", "18446744073709551615", "18446744073709551616", "-1", "-9223372036854775808", "-9223372036854775809", "99999999999999999999", "1.5", "0x1f", "é", "1é", "-", "--1", "0011", "3", "8", "g"]
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a case of one kind."""
    makers = [
        _from_text,
        _to_text,
        _between,
        _to_number,
        _to_char,
        _format_number,
        _format_string,
        _conv,
        _round,
        _literal,
        _hex,
    ]
    made = choose.choices(makers, [9, 4, 3, 4, 4, 4, 5, 3, 3, 3, 1])[0](choose)
    if choose.random() < 0.1:
        made["conf"] = {"spark.sql.ansi.enabled": "false"}
    return made


def _from_text(choose: random.Random) -> Case:
    target = choose.choice(TYPES)
    text = choose.choice(BOOLEANS) if target == "boolean" and choose.random() < 0.7 else _number(choose)
    # An error needs a query of its own, so most casts are those that give null instead.
    cast = choose.choices(["TRY_CAST({} AS %s)", "CAST({} AS %s)"], [4, 1])[0] % target
    return _made(choose, _counted(cast, target), [text])


def _to_text(choose: random.Random) -> Case:
    kind = choose.choice(["double", "double", "float", "decimal(38,18)", "decimal(10,2)", "decimal(5,0)"])
    value = _number(choose) if choose.random() < 0.5 else _random_double(choose)
    return _made(choose, f"CAST(TRY_CAST({{}} AS {kind}) AS STRING)", [value])


def _between(choose: random.Random) -> Case:
    first = choose.choice(["double", "float", "decimal(38,18)", "bigint", "decimal(38,0)"])
    second = choose.choice(
        ["tinyint", "int", "bigint", "float", "double", "decimal(5,2)", "decimal(38,18)", "boolean", "timestamp"]
    )
    value = _number(choose) if choose.random() < 0.7 else _random_double(choose)
    return _made(choose, _counted(f"TRY_CAST(TRY_CAST({{}} AS {first}) AS {second})", second), [value])


def _to_number(choose: random.Random) -> Case:
    form = _form(choose)
    name = choose.choices(["try_to_number", "to_number"], [4, 1])[0]
    return _made(choose, f"{name}({{}}, {literal(form)})", [_formed(choose, form)])


def _to_char(choose: random.Random) -> Case:
    kind = choose.choice(["decimal(10,2)", "decimal(5,0)", "decimal(38,10)", "int", "bigint"])
    value = choose.choice(WHOLE[:9] + BROKEN[:17])
    return _made(
        choose,
        f"{choose.choice(['to_char', 'to_varchar'])}(TRY_CAST({{}} AS {kind}), {literal(_form(choose))})",
        [value],
    )


def _format_number(choose: random.Random) -> Case:
    kind = choose.choice(["double", "double", "float", "decimal(38,18)", "int", "bigint"])
    value = _number(choose) if choose.random() < 0.6 else _random_double(choose)
    form: str | int = choose.choice([0, 1, 2, 3, 5, 10, 20, -1]) if choose.random() < 0.6 else choose.choice(PICTURES)
    return _made(choose, f"format_number(TRY_CAST({{}} AS {kind}), {{}})", [value, form])


def _format_string(choose: random.Random) -> Case:
    if choose.random() < 0.5:
        form, kind = (
            choose.choice(PRINTF_DOUBLE),
            choose.choice(["double", "double", "double", "float", "decimal(10,2)"]),
        )
        value = (
            _random_double(choose)
            if choose.random() < 0.5
            else choose.choice([*BROKEN, *WHOLE, "NaN", "Infinity", "1e21", "1e-5", "1e7"])
        )
    else:
        form, kind = choose.choice(PRINTF), choose.choice(["int", "int", "bigint", "tinyint", "string", "double"])
        value = choose.choice(WHOLE[:12])
    values = [value, choose.choice(WHOLE[:4])][: 2 if "2$" in form or form.count("%") > 1 else 1]
    arguments = ", ".join(f"TRY_CAST({{}} AS {kind})" for _ in values)
    return _made(choose, f"{choose.choice(['format_string', 'printf'])}({literal(form)}, {arguments})", values)


def _conv(choose: random.Random) -> Case:
    return _made(choose, "conv({}, {}, {})", [choose.choice(CONVERTED), choose.choice(BASES), choose.choice(BASES)])


def _round(choose: random.Random) -> Case:
    name = choose.choice(["round", "round", "bround", "ceil", "floor"])
    kind = choose.choice(["double", "double", "float", "decimal(10,3)", "int", "bigint"])
    if name in {"ceil", "floor"} and choose.random() < 0.5:
        return _made(choose, f"{name}(TRY_CAST({{}} AS {kind}))", [_number(choose)])
    places = choose.choice([0, 1, 2, 2, 3, -1, -2, 10, 400])
    value = choose.choice([*BROKEN, *WHOLE]) if choose.random() < 0.6 else _random_double(choose)
    return _made(choose, f"{name}(TRY_CAST({{}} AS {kind}), {places})", [value])


def _literal(choose: random.Random) -> Case:
    """Write a number into the query itself."""
    pool = [text for text in [*WHOLE, *BROKEN, *POWERS] if text not in {".", "1e", "e1", "1e1.5", "1e+"}]
    suffix = choose.choice(["", "", "", "", "L", "D", "BD", "F", "S", "Y", "d", "bd", "X"])
    sign = choose.choice(["", "", "-", "- ", "--"]) if choose.random() < 0.4 else ""
    number = f"{sign}{choose.choice(pool).lstrip('-')}{suffix}"
    return {"call": number, "given": []}


def _hex(choose: random.Random) -> Case:
    call = choose.choice(
        [
            "hex(TRY_CAST({} AS bigint))",
            "bin(TRY_CAST({} AS bigint))",
            "unhex({})",
            "hex({})",
            "TRY_CAST({} AS bigint) || ''",
        ]
    )
    value = (
        choose.choice(["", "A", "abc", "GG", "0", "é", "0x", " ", "1 ", "aF"])
        if call.startswith("unhex")
        else choose.choice(WHOLE)
    )
    return _made(choose, call, [value])


def _made(choose: random.Random, call: str, given: list[str | int]) -> Case:
    return {
        "call": call,
        "given": given,
        "over": all(isinstance(value, str) for value in given) and choose.random() < 0.3,
    }


def _counted(call: str, kind: str) -> str:
    """Ask for a number instead of a time, since Python's own times cannot hold all of Spark's."""
    counted = {"timestamp": "unix_micros", "date": "unix_date"}.get(kind)
    return f"{counted}({call})" if counted else call


def _number(choose: random.Random) -> str:
    text = choose.choice(choose.choices([WHOLE, BROKEN, POWERS, NAMED, ODD], [5, 5, 4, 2, 3])[0])
    if choose.random() < 0.1:
        text = choose.choice(["-", "+", " ", "\t", "0"]) + text
    if choose.random() < 0.06:
        text += choose.choice([" ", "\n", "0", ".", "d", "\x00"])
    return text


def _random_double(choose: random.Random) -> str:
    """Draw digits and a power, for doubles that no list holds."""
    digits = choose.randrange(1, 10 ** choose.choice([1, 3, 8, 17]))
    return f"{choose.choice(['', '', '-'])}{digits}e{choose.choice([0, -1, -2, -3, 3, -8, 8, -17, 20, -30, 300, -320])}"


def _form(choose: random.Random) -> str:
    if choose.random() < 0.5:
        return choose.choice(FORMS)
    digits = choose.choice(["9", "0", "99", "00", "09", "90", "999", "9,999", "0,000", "9G999", "99,9"])
    fraction = choose.choice(["", "", ".9", ".0", ".99", "D99", ".09", "."])
    before, after = choose.choice(
        [("", "")] * 4
        + [("$", ""), ("S", ""), ("", "S"), ("MI", ""), ("", "MI"), ("", "PR"), ("S$", ""), ("$", "S"), ("$", "PR")]
    )
    return f"{before}{digits}{fraction}{after}"


def _formed(choose: random.Random, form: str) -> str:
    """Write a number more or less as a form asks."""
    text = "".join(
        {"9": choose.choice("129"), "0": choose.choice("012"), "G": ",", "D": "."}.get(sign, sign) for sign in form
    )
    if text.endswith("PR"):
        text = f"<{text[:-2]}>" if choose.random() < 0.6 else text[:-2]
    text = text.replace("MI", choose.choice(["-", "-", "+", "", " "])).replace("S", choose.choice(["-", "+", ""]))
    how = choose.random()
    if how < 0.3 and text:
        place = choose.randrange(len(text))
        return (
            text[:place]
            + choose.choice(["", "", "1", "-", ",", ".", " ", "$", "é"])
            + text[place + choose.choice([0, 1]) :]
        )
    return choose.choice([*WHOLE[:6], *BROKEN[:8], ""]) if how < 0.4 else text
