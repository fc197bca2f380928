"""Dates and timestamps from text and as text, with and without Java's patterns.

The zones have changes of clocks.
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
ZONES = ["UTC", "UTC", "America/New_York", "Asia/Kolkata", "Europe/London"]
# A field of a pattern, and texts that it may or may not take.
YEARS = {"yyyy": ["2024", "2024", "2024", "0001", "1582", "9999", "24", "12024", "-2024", "+2024", "1900", "0000", "２０２４"], "yy": ["24", "99", "00", "2024", "4"], "y": ["2024", "5", "02024"], "yyy": ["2024", "024"], "yyyyy": ["02024", "12024"], "yyyyyy": ["002024"]}
MONTHS = {"MM": ["01", "02", "03", "1", "13", "00", "12"], "M": ["1", "12", "01", "13"], "MMM": ["Jan", "jan", "JAN", "January", "Sept", "Sep", "Mär"], "MMMM": ["January", "Jan", "May"], "LL": ["01", "2"], "L": ["1", "02"], "LLL": ["Jan"], "LLLL": ["January"]}
DAYS = {"dd": ["02", "28", "29", "30", "31", "2", "32", "00"], "d": ["2", "02", "31"], "DDD": ["060", "60", "366"], "D": ["60", "060", "366", "1"], "DD": ["60", "366"]}
WEEKDAYS = {"E": ["Tue", "tue", "Tuesday", "Mon"], "EEE": ["Tue", "Fri"], "EEEE": ["Tuesday", "Tue"]}
HOURS = {"HH": ["03", "02", "23", "24", "3", "00", "12"], "H": ["3", "03", "23"], "hh": ["03", "12", "00", "13", "3"], "h": ["3", "12", "03"], "KK": ["00", "11"], "K": ["0"], "kk": ["24", "01", "00"], "k": ["24", "1"]}
MINUTES = {"mm": ["04", "30", "59", "60", "4"], "m": ["4", "04"]}
SECONDS = {"ss": ["05", "59", "60", "5"], "s": ["5", "05"]}
FRACTIONS = {"S": ["1", "12", "0"], "SS": ["1", "12", "123"], "SSS": ["123", "1", "12", "1234", "000", "100"], "SSSSSS": ["123456", "123", "1234567", "000001"], "SSSSSSSSS": ["123456789", "123456"]}
HALVES = {"a": ["AM", "PM", "am", "pm", "a.m.", "Pm"]}
OFFSETS = {"XXX": ["Z", "+01:00", "-05:00", "+0100", "z", "+05:30", "+01"], "X": ["Z", "+01", "-0530", "+0100"], "XX": ["Z", "+0100"], "XXXXX": ["Z", "+01:00:30"], "XXXX": ["+010030"], "xxx": ["+00:00", "+01:00", "Z"], "x": ["+00", "+01"], "xx": ["+0000"], "Z": ["+0000", "+0100", "Z", "+01:00"], "ZZZZ": ["GMT", "GMT+01:00"], "ZZZZZ": ["Z", "+01:00"], "VV": ["UTC", "America/New_York", "+01:00", "Z", "EST", "europe/london", "GMT+1", "UTC+01:00"], "z": ["UTC", "EST", "EDT", "PST", "CET", "BST", "IST", "GMT+1", "Europe/London"], "zzzz": ["Coordinated Universal Time", "Eastern Standard Time"], "O": ["GMT", "GMT+1", "GMT+01:00", "UTC+1"], "OOOO": ["GMT+01:00", "GMT"]}
ERAS = {"G": ["AD", "BC", "ad"], "GGGG": ["Anno Domini"], "GG": ["AD"]}
# Spark refuses these though Java has them, or takes them only to show. Or nobody has them.
REFUSED = {"aa": ["AM"], "uuuu": ["2024"], "u": ["2"], "ddd": ["002"], "e": ["2"], "w": ["1"], "W": ["1"], "Y": ["2024"], "n": ["1"], "A": ["1"], "B": ["at night"], "SSSSSSSSSS": ["1234567890"], "V": ["UTC"], "ZZZZZZ": ["Z"], "XXXXXX": ["Z"], "EEEEE": ["T"], "MMMMM": ["J"], "C": ["20"], "b": ["AM"], "{": ["{"], "#": ["#"], "yyyyyyy": ["0002024"], "aaaa": ["AM"], "DDDD": ["0060"]}
SHOWN = {"F": ["1"], "q": ["1"], "QQ": ["01"], "QQQ": ["Q1"], "QQQQ": ["1st quarter"]}
DATE_GAPS = ["-", "-", "/", "", " ", ".", "-", "--"]
TIME_GAPS = [":", ":", "", " ", "."]
BETWEEN = ["' '", " ", "'T'", "T", "''", " 'at' ", "_", "", "'"]
WHOLE_PATTERNS = [("yyyy-MM-dd HH:mm:ss", "2024-01-02 03:04:05"), ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2024-01-02T03:04:05.1"), ("yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]", "2024-01-02T03:04:05"), ("dd/MM/yyyy", "05/01/2024"), ("MMM d, yyyy h:mm a", "Jan 2, 2024 3:04 PM"), ("yyyyMMdd", "20240102"), ("yyyyMMddHHmmss", "20240102030405"), ("yyyyMMddHHmmssSSS", "20240102030405123"), ("EEE, d MMM yyyy HH:mm:ss Z", "Tue, 2 Jan 2024 03:04:05 +0000"), ("yyyy-MM", "2024-02"), ("yyyy", "2024"), ("HH:mm", "03:04"), ("yyyy-DDD", "2024-060"), ("d-M-yy", "2-1-24"), ("H:m:s.S", "3:4:5.6"), ("yyyy-MM-dd hh:mm:ss a", "2024-01-02 12:00:00 AM"), ("yyyy-MM-dd HH:mm:ss VV", "2024-01-02 03:04:05 Europe/London"), ("yyyy-MM-dd HH:mm:ss z", "2024-07-02 03:04:05 EST"), ("MM/dd/yy", "01/02/70"), ("yyyy-MM-dd G", "2024-01-02 AD"), ("[yyyy-MM-dd][dd/MM/yyyy]", "02/01/2024"), ("yyyy-MM-dd[ HH:mm]", "2024-01-02 "), ("yyyy[-MM[-dd]]", "2024-03"), ("'x'yyyy", "x2024"), ("", "")]
# Times in the summer and winter of each zone. Others are at changes of clocks or where a calendar
# or an offset is odd.
INSTANTS = ["2024-01-02 03:04:05.123456", "2024-07-02 13:04:05", "2024-03-10 02:30:00", "2024-03-10 03:00:00", "2024-11-03 01:30:00", "2024-11-03 02:00:00", "2024-03-31 01:30:00", "2024-10-27 01:30:00", "2024-10-27 00:59:59.999999", "1970-01-01 00:00:00", "1969-12-31 23:59:59.999", "1900-01-01 00:00:00", "1883-11-18 12:00:00", "1883-11-18 12:03:57", "1847-12-01 00:00:00", "1941-10-01 00:00:00", "1582-10-04 12:00:00", "1582-10-10 00:00:00", "1582-10-15 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-02-29 00:00:00", "2023-12-31 12:00:00", "2024-01-02 00:00:00.1", "2024-01-02 12:00:00.000001", "2024-06-09 10:00:00"]
ODD_INSTANTS = ["0000-01-01 00:00:00", "-0001-06-01 00:00:00", "10000-01-01 00:00:00", "+12024-01-02 00:00:00", "-10000-01-02 00:00:00"]
MARKS = ["", "", "", "Z", "+01:00", "-05:00", " UTC", " America/New_York", " Europe/London"]
# None of them is a time alone, since its date would be today's.
FREE = ["2024-01-02", "2024-1-2", "2024-01", "2024", "24-01-02", "2024-01-02T", "2024-01-02 ", "2024-01-02T03", "2024-01-02T03:04", "2024-01-02 3:4:5", "2024-01-02 03:04:05.", "2024-01-02 03:04:05.1", "2024-01-02 03:04:05.1234567890", "2024-01-02 24:00:00", "2024-01-02 03:60:00", "2024-02-30", "2023-02-29", "2024-13-01", "2024-01-02TT03:04:05", "2024-1-2 3:4", "2024-1-2T3:4:5.6", "2024-01-02 03:04:05 EST", "2024-01-02 03:04:05PST", "2024-01-02 03:04:05+1", "2024-01-02 03:04:05+0100", "2024-01-02 03:04:05+1:30", "2024-01-02 03:04:05+19:00", "2024-01-02 03:04:05 GMT+1", "2024-01-02 03:04:05UTC+01:00", "2024-01-02 03:04:05 Asia/Kolkata", "2024-01-02 03:04:05 asia/kolkata", "2024-01-02Z", "2024-01-02+01:00", "20240102", "1704164645", "epoch", "", " ", "x", "-2024-01-02", "+2024-01-02", "12024-01-02", "012024-01-02", "294247-01-10", "294248-01-01", "0000-01-01", "2024/01/02", " 2024-01-02 03:04:05 ", "2024-01-02\t03:04:05", "2024-01-02 03:04:05\n", "２０２４-01-02", "2024-01-02t03:04:05z", "2024-01-02T03:04:05z", "2024-01-02 03:04:05 +01:00", "2024-01-02 03:04:05+01:00:30", "2024-01-02 03:04:05-00:00"]
# fmt: on


def case(choose: random.Random) -> Case:
    """Make a case of one kind."""
    made = choose.choices([_parse, _show, _cast, _in_a_file_format, _clock], [10, 6, 5, 3, 4])[0](choose)
    zone = choose.choice(ZONES)
    settings = {} if zone == "UTC" else {"spark.sql.session.timeZone": zone}
    if choose.random() < 0.08:
        settings["spark.sql.ansi.enabled"] = "false"
    return {**made, "over": choose.random() < 0.3, "conf": settings}


def _parse(choose: random.Random) -> Case:
    pattern, text = _pattern(choose)
    # Numbers stand for timestamps, since Python's own cannot hold all of them. The try_ forms are
    # used, since an error needs a query of its own.
    calls = [
        ("unix_micros(try_to_timestamp({}, {}))", 8),
        ("unix_micros(to_timestamp({}, {}))", 1),
        ("unix_date(try_to_date({}, {}))", 4),
        ("unix_date(to_date({}, {}))", 1),
        ("unix_timestamp({}, {})", 1),
        ("to_unix_timestamp({}, {})", 1),
        ("CAST(to_timestamp_ntz({}, {}) AS STRING)", 1),
    ]
    call = choose.choices([call for call, _ in calls], [weight for _, weight in calls])[0]
    return {"call": call, "given": [text, pattern]}


def _show(choose: random.Random) -> Case:
    pattern, _ = _pattern(choose)
    if choose.random() < 0.15:
        seconds = choose.choice(
            ["0", "-1", "1704164645", "-62135596800", "253402300799", "1710052200", "9223372036854775"]
        )
        return {"call": "from_unixtime(CAST({} AS BIGINT), {})", "given": [seconds, pattern]}
    kind = choose.choice(["timestamp", "timestamp", "timestamp", "date", "timestamp_ntz"])
    return {"call": f"date_format(TRY_CAST({{}} AS {kind}), {{}})", "given": [_instant(choose), pattern]}


def _cast(choose: random.Random) -> Case:
    text = choose.choice(FREE) if choose.random() < 0.75 else _instant(choose)
    calls = [
        "unix_micros(TRY_CAST({} AS TIMESTAMP))",
        "unix_micros(TRY_CAST({} AS TIMESTAMP))",
        "unix_date(TRY_CAST({} AS DATE))",
        "CAST(TRY_CAST({} AS TIMESTAMP_NTZ) AS STRING)",
        "CAST(TRY_CAST({} AS TIMESTAMP) AS STRING)",
        "CAST(TRY_CAST({} AS DATE) AS STRING)",
        "unix_micros(try_to_timestamp({}))",
    ]
    return {"call": choose.choice(calls), "given": [text]}


def _in_a_file_format(choose: random.Random) -> Case:
    pattern, text = _pattern(choose)
    text = text.replace('"', "").replace(",", "")
    pattern = pattern.replace(",", "")
    if choose.random() < 0.15:
        text = choose.choice([plain for plain in FREE if plain.isprintable()])
    quoted = literal(pattern).replace("{", "{{").replace("}", "}}")
    # Now and then the default patterns of both formats.
    kind, number = choose.choice([("TIMESTAMP", "unix_micros"), ("TIMESTAMP", "unix_micros"), ("DATE", "unix_date")])
    name = "timestampFormat" if kind == "TIMESTAMP" else "dateFormat"
    options = f", map('{name}', {quoted})" if pattern and choose.random() < 0.85 else ""
    how = choose.random()
    if how < 0.35:
        return {"call": f"{number}(from_csv({{}}, 't {kind}'{options}).t)", "given": [text]}
    if how < 0.7:
        return {"call": f"{number}(from_json({{}}, 't {kind}'{options}).t)", "given": [f'{{"t":"{text}"}}']}
    written = choose.choice(["to_csv", "to_json"])
    return {"call": f"{written}(named_struct('t', TRY_CAST({{}} AS {kind})){options})", "given": [_instant(choose)]}


def _clock(choose: random.Random) -> Case:
    zone = choose.choice([*ZONES, "+05:30", "EST", "America/Los_Angeles", "Nowhere/Land"])
    calls = [
        ("unix_micros(from_utc_timestamp({}, {}))", [zone]),
        ("unix_micros(to_utc_timestamp({}, {}))", [zone]),
        ("unix_micros(date_trunc({}, {}))", None),
        ("unix_micros(CAST({} AS TIMESTAMP) + INTERVAL 1 DAY)", []),
        ("unix_micros(CAST({} AS TIMESTAMP) - INTERVAL 6 MONTH)", []),
        ("unix_micros(CAST({} AS TIMESTAMP) + INTERVAL 24 HOUR)", []),
        ("hour(CAST({} AS TIMESTAMP))", []),
        ("unix_date(CAST(CAST({} AS TIMESTAMP) AS DATE))", []),
        ("unix_micros(CAST(CAST({} AS DATE) AS TIMESTAMP))", []),
        ("unix_micros(CAST(CAST({} AS TIMESTAMP_NTZ) AS TIMESTAMP))", []),
        ("CAST(CAST({} AS TIMESTAMP) AS STRING)", []),
        ("convert_timezone({}, CAST({} AS TIMESTAMP_NTZ))", None),
        ("dayofyear(CAST({} AS TIMESTAMP))", []),
        ("weekofyear(CAST({} AS DATE))", []),
    ]
    call, others = choose.choice(calls)
    instant = choose.choice(INSTANTS)
    if others is not None:
        return {"call": call, "given": [instant, *others]}
    if call.startswith("convert"):
        return {"call": f"CAST({call} AS STRING)", "given": [zone, instant]}
    return {
        "call": call.replace("{}))", "CAST({} AS TIMESTAMP)))"),
        "given": [
            choose.choice(["hour", "DAY", "week", "month", "quarter", "year", "minute", "second", "millisecond", "x"]),
            instant,
        ],
    }


def _instant(choose: random.Random) -> str:
    return choose.choice(INSTANTS if choose.random() < 0.85 else ODD_INSTANTS) + choose.choice(MARKS)


def _pattern(choose: random.Random) -> tuple[str, str]:
    """Make a pattern and a text that it may take."""
    if choose.random() < 0.3:
        pattern, text = choose.choice(WHOLE_PATTERNS)
    else:
        pattern, text = _composed(choose)
    return pattern, _altered(choose, text) if choose.random() < 0.25 else text


def _composed(choose: random.Random) -> tuple[str, str]:
    parts: list[tuple[str, str]] = []
    if choose.random() < 0.85:
        fields = choose.choice(
            [
                [YEARS, MONTHS, DAYS],
                [YEARS, MONTHS, DAYS],
                [DAYS, MONTHS, YEARS],
                [MONTHS, DAYS, YEARS],
                [YEARS, DAYS],
                [YEARS, MONTHS],
                [YEARS],
                [DAYS, MONTHS],
            ]
        )
        parts += _joined(choose, fields, DATE_GAPS)
    if choose.random() < 0.03:
        parts = [*_joined(choose, [WEEKDAYS], [""]), (" ", " "), *parts]
    if choose.random() < 0.6 or not parts:
        if parts:
            parts.append(_gap(choose.choice(BETWEEN)))
        parts += _joined(
            choose,
            choose.choice([[HOURS, MINUTES, SECONDS], [HOURS, MINUTES, SECONDS], [HOURS, MINUTES], [HOURS]]),
            TIME_GAPS,
        )
        if choose.random() < 0.5:
            parts += [_gap(choose.choice([".", ".", ",", ""])), *_joined(choose, [FRACTIONS], [""])]
        if choose.random() < 0.2:
            parts += [_gap(choose.choice([" ", ""])), *_joined(choose, [HALVES], [""])]
        if choose.random() < 0.3:
            parts += [_gap(choose.choice([" ", ""])), *_joined(choose, [OFFSETS], [""])]
    if choose.random() < 0.04:
        parts += [(" ", " "), *_joined(choose, [ERAS], [""])]
    if choose.random() < 0.15:
        start = choose.randrange(len(parts))
        inner, tail = parts[:start], parts[start:]
        kept = "".join(text for _, text in tail) if choose.random() < 0.5 else ""
        parts = [*inner, ("[" + "".join(pattern for pattern, _ in tail) + "]", kept)]
    return "".join(pattern for pattern, _ in parts), "".join(text for _, text in parts)


def _joined(choose: random.Random, fields: list[dict[str, list[str]]], gaps: list[str]) -> list[tuple[str, str]]:
    """Put fields next to each other.

    The first field of a table is the usual one, and so are its first texts.
    """
    gap = choose.choice(gaps)
    parts: list[tuple[str, str]] = []
    for usual in fields:
        field = usual
        letters = next(iter(field)) if choose.random() < 0.5 else choose.choice(list(field))
        if choose.random() < 0.02:
            field = choose.choice([REFUSED, SHOWN])
            letters = choose.choice(list(field))
        texts = field[letters]
        text = texts[0] if choose.random() < 0.5 else choose.choice(texts)
        parts += [(gap, gap), (letters, text)] if parts else [(letters, text)]
    return parts


def _gap(pattern: str) -> tuple[str, str]:
    return pattern, "'" if pattern == "''" else pattern.replace("'", "")


def _altered(choose: random.Random, text: str) -> str:
    place = choose.randrange(len(text) + 1)
    if choose.random() < 0.4:
        return choose.choice([text + " ", " " + text, text + "x", text.upper(), text.lower(), text + "Z", text[:place]])
    return text[:place] + choose.choice(["", "", "0", "1", " ", "-", ":", "."]) + text[place + choose.choice([0, 1]) :]
