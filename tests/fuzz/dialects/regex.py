"""Java's regular expressions, in every function that takes one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialects.expressions import ask, shown, smaller

if TYPE_CHECKING:
    import random

    from dialects import Case

__all__ = ["ask", "case", "shown", "smaller"]

# fmt: off
# Letters whose other case is several letters, another letter or in another block. Digits that are
# not ASCII. Line ends that only Java knows. A combining mark. Characters beyond the basic plane.
LETTERS = ["a", "b", "A", "B", "k", "K", "\u212a", "s", "S", "\u017f", "i", "I", "\u0130", "\u0131", "ß", "ẞ", "é", "É", "σ", "ς", "Σ", "е"]
OTHERS = ["1", "\u0663", "_", "-", ".", "$", "^", "+", "😀", "𝒳", "\u0301", "\u200d", "ª", "Ⅷ", "①", "€", "\x00", "\x1c"]
SPACES = [" ", "\t", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\xa0", "\u2028", "\u3000"]

PLAIN_CLASSES = ["\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\h", "\\H", "\\v", "\\V", "."]
POSIX = ["Lower", "Upper", "ASCII", "Alpha", "Digit", "Alnum", "Punct", "Graph", "Print", "Blank", "Cntrl", "XDigit", "Space"]
UNICODE = [
    "L", "Lu", "Ll", "Lt", "LC", "M", "Mn", "N", "Nd", "P", "Pc", "S", "Sc", "Sm", "Z", "Zs", "Zl", "C", "Cc", "Cf", "Cn", "L1",
    "all", "IsAlphabetic", "IsLetter", "IsUppercase", "IsLowercase", "IsDigit", "IsPunctuation", "IsWhite_Space", "IsLatin", "IsGreek",
    "IsL", "IsLu", "InGreek", "InBasicLatin", "InBasic_Latin", "script=Greek", "sc=Latn", "IsCyrillic", "block=BasicLatin", "blk=Greek",
    "general_category=Lu", "gc=Nd", "IsAssigned", "IsControl", "IsHex_Digit", "IsIdeographic", "javaLowerCase", "javaUpperCase",
    "javaWhitespace", "javaLetter", "javaMirrored", "javaLetterOrDigit", "javaJavaIdentifierPart",
]
UNKNOWN = ["Foo", "IsFoo", "InFoo", "alpha", "lu", "Greek", "Latin", "isalphabetic", "ISLATIN", "IN_GREEK", ""]
ANCHORS = ["^", "^", "$", "$", "$", "\\b", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\Z"]
SEQUENCES = ["\\R"]
# They are rare, since an engine that refuses them sees nothing else of the pattern.
SELDOM = ["\\G", "\\b{g}", "\\X", "\\N{LATIN SMALL LETTER A}"]
ESCAPES = ["\\t", "\\n", "\\r", "\\f", "\\a", "\\e", "\\x41", "\\x{1F600}", "\\x{61}", "\\u0061", "\\0101", "\\cA", "\\.", "\\$", "\\\\", "\\-", "\\ "]
FLAGS = ["i", "u", "iu", "s", "m", "x", "d", "U", "iU", "md", "ms", "-i", "i-s", "sm-x"]
QUANTIFIERS = ["*", "+", "?", "{2}", "{0}", "{1,}", "{0,1}", "{1,2}"]
WRONG = ["{,2}", "(", ")", "[", "]", "{", "}", "*", "a{", "a{1", "a{2,1}", "a**", "a+*", "\\", "(?", "(?<", "(?<1>a)", "(?z)a", "[a", "[]", "[^]", "[b-a]", "[a-\\d]", "\\p", "\\p{", "\\k<x>", "\\y", "\\q", "\\8", "\\E", "(?P<a>a)", "(?#c)", "(?'a'b)", "[[:alpha:]]", "a|*", "(?<=a*)b", "(?<=a{1,2})b", "\\x{110000}", "\\x4", "\\u00", "\\Qa", "(?i", "{1}", "x{99999999999}", "(?<a>a)(?<a>b)", "[a&&]", "[&&a]", "[a&&&b]", "(?>a", "\\c", "[\\b]", "\\N"]

CALLS = [
    ("rlike({}, {})", 4, []),
    ("regexp_like({}, {})", 1, []),
    ("regexp_count({}, {})", 3, []),
    ("regexp_instr({}, {})", 2, []),
    ("regexp_substr({}, {})", 2, []),
    ("regexp_extract({}, {}, {})", 3, ["group"]),
    ("regexp_extract_all({}, {}, {})", 4, ["group"]),
    ("regexp_replace({}, {}, {})", 5, ["replacement"]),
    ("regexp_replace({}, {}, {}, {})", 1, ["replacement", "position"]),
    ("split({}, {})", 3, []),
    ("split({}, {}, {})", 1, ["limit"]),
    ("{} RLIKE {}", 1, []),
]
PLAIN_REPLACEMENTS = ["", "x", "$0", "[$0]", "\\$", "\\\\", "\\n", "é$0"]
REPLACEMENTS = [
    *PLAIN_REPLACEMENTS,
    "$1",
    "<$1>",
    "$2",
    "$10",
    "$1a",
    "${a}",
    "${b}",
    "$",
    "a$",
    "\\",
    "$$",
    "$a",
    "x\\",
]


# A pattern in SQL text is first a literal: escapes, raw literals, neighbours that are joined.
LITERALS = ["a", "\\\\", "\\d", "\\n", "\\t", "\\0", "\\b", "\\Z", "\\%", "\\_", "\\u0041", "\\u00e9", "\\U0001F600", "\\u41", "\\101", "\\1", "\\12", "\\777", "\\'", '\\"', "\\", "é", "''", '""', "\n", "\\x41", "\\r", "\\a", "$", "{", "?", ":a", "--", "/*"]
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a pattern, a text that it may match and a function of both.

    Rarely it is a literal alone.
    """
    if choose.random() < 0.03:
        return {"call": _literal(choose).replace("{", "{{"), "given": []}
    # A case has few characters, so that they meet. Each piece of a pattern comes with a text that
    # is likely to match it.
    palette = [choose.choice(pool) for pool in (LETTERS, LETTERS, LETTERS, OTHERS, SPACES)]
    pattern, sample = _pattern(choose, palette)
    call, _, others = choose.choices(CALLS, [weight for _, weight, _ in CALLS])[0]
    given: list[str | int] = [_text(choose, sample, palette), pattern]
    for other in others:
        if other == "group":
            given.append(choose.choices([0, _groups(pattern), 1, -1], [8, 16, 1, 1])[0])
        elif other == "replacement":
            given.append(
                choose.choice(REPLACEMENTS if _groups(pattern) or choose.random() < 0.2 else PLAIN_REPLACEMENTS)
            )
        else:
            given.append(choose.choice([1, 2, 3, 100] if other == "position" else [0, 1, 2, -1]))
    return {"call": call, "given": given, "over": "position" not in others and choose.random() < 0.3}


def _literal(choose: random.Random) -> str:
    opened = choose.choice(["'", "'", '"', "r'", 'r"', "R'"])
    texts = ["".join(choose.choice(LITERALS) for _ in range(choose.choice([0, 1, 1, 2, 3])))]
    if choose.random() < 0.2:
        texts.append(choose.choice(LITERALS))
    return choose.choice([" ", "", "\n"]).join(f"{opened}{text}{opened[-1]}" for text in texts)


Piece = tuple[str, str]


def _pattern(choose: random.Random, palette: list[str]) -> Piece:
    pieces = [_branch(choose, palette, 2) for _ in range(choose.choice([1, 1, 1, 2, 2, 3]))]
    if choose.random() < 0.04:
        pieces.insert(choose.randrange(len(pieces) + 1), (choose.choice(WRONG), "a"))
    if choose.random() < 0.02:
        pieces.insert(choose.randrange(len(pieces) + 1), (choose.choice(SELDOM), "a"))
    if choose.random() < 0.3:
        pieces.insert(0, (f"(?{choose.choice(FLAGS)})", ""))
    return _joined(pieces)


def _branch(choose: random.Random, palette: list[str], depth: int) -> Piece:
    kind = choose.random()
    if depth and kind < 0.22:
        return _quantified(choose, _group(choose, palette, depth - 1))
    if kind < 0.30:
        return choose.choice(ANCHORS), choose.choice(["", "", *palette])
    if depth and kind < 0.36:
        (first, _), (second, sample) = (_branch(choose, palette, depth - 1) for _ in range(2))
        return (f"{first}|{second}", sample) if choose.random() < 0.8 else (f"{second}|", sample)
    return _quantified(choose, _atom(choose, palette))


def _group(choose: random.Random, palette: list[str], depth: int) -> Piece:
    inner, sample = _joined([_branch(choose, palette, depth) for _ in range(choose.choice([1, 1, 2]))])
    opened = choose.choice(
        ["(", "(", "(", "(?:", "(?<a>", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?s:", "(?-i:"]
    )
    closed = f"{opened}{inner})"
    if opened == "(" and choose.random() < 0.25:
        return closed + choose.choice(["\\1", "\\1", "\\2", "\\11"]), sample * 2
    if opened == "(?<a>" and choose.random() < 0.5:
        return closed + "\\k<a>", sample * 2
    return closed, sample


def _atom(choose: random.Random, palette: list[str]) -> Piece:
    kind = choose.random()
    own = choose.choice(palette)
    if kind < 0.42:
        return _quoted(own), own
    if kind < 0.57:
        return choose.choice(PLAIN_CLASSES), own
    if kind < 0.74:
        return _property(choose), own
    if kind < 0.92:
        return _set(choose, palette), own
    if kind < 0.96:
        return choose.choice(SEQUENCES), choose.choice([*SPACES, own + "\u0301"])
    return choose.choice(ESCAPES), choose.choice(["\t", "\n", "\x07", "\x1b", "A", "a", "😀", ".", "$", "\\", "-", own])


def _property(choose: random.Random) -> str:
    name = choose.choice(UNKNOWN) if choose.random() < 0.03 else choose.choice(choose.choice([POSIX, UNICODE]))
    if len(name) == 1 and choose.random() < 0.3:
        return f"\\{choose.choice('pP')}{name}"
    return f"\\{choose.choice('ppP')}{{{name}}}"


def _set(choose: random.Random, palette: list[str]) -> str:
    items = []
    for _ in range(choose.choice([1, 2, 2, 3])):
        kind = choose.random()
        if kind < 0.4:
            items.append(_quoted(choose.choice(palette)))
        elif kind < 0.6:
            items.append(choose.choice(["a-c", "A-Z", "a-z", "0-9", "à-ö", "\\x00-\\x7f", "😀-😂", "A-z", "\\t-\\r"]))
        elif kind < 0.7:
            items.append(
                choose.choice(["\\n", "\\]", "\\-", "-", "^", " ", "&", ".", "$", "#", "\\\\", "\\t", "~", "[:alpha:]"])
            )
        elif kind < 0.84:
            items.append(choose.choice(PLAIN_CLASSES[:-1]))
        elif kind < 0.92:
            items.append(_property(choose))
        else:
            items.append(choose.choice(["[b]", "[^b]", "&&[b]", "&&[^b]", "&&\\w", "&&b", "&&", "[a&&[ab]]"]))
    return f"[{'^' if choose.random() < 0.3 else ''}{''.join(items)}]"


def _quantified(choose: random.Random, piece: Piece) -> Piece:
    atom, sample = piece
    if choose.random() < 0.65:
        return piece
    quantifier = choose.choice(QUANTIFIERS) + choose.choices(["", "?", "+"], [6, 2, 2])[0]
    return atom + quantifier, sample * choose.choice([0, 1, 1, 2, 2, 3])


def _joined(pieces: list[Piece]) -> Piece:
    return "".join(pattern for pattern, _ in pieces), "".join(sample for _, sample in pieces)


def _groups(pattern: str) -> int:
    """Count the groups roughly. A missing group is asked for now and then."""
    return min(len(re.findall(r"\((?!\?)|\(\?<a>", pattern)), 2)


def _quoted(character: str) -> str:
    return "\\" + character if character in ".$^+-" else character


def _text(choose: random.Random, sample: str, palette: list[str]) -> str:
    """Take another text or the text that should match, perhaps with an addition."""
    if choose.random() < 0.3:
        return "".join(choose.choice(palette) for _ in range(choose.choice([0, 1, 2, 3, 5])))
    for _ in range(choose.choice([0, 0, 1, 1, 2])):
        place = choose.randrange(len(sample) + 1)
        sample = sample[:place] + choose.choice([*palette, *LETTERS]) + sample[place:]
    return sample[:12]
