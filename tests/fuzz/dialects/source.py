"""Texts as source code: Python's, and SQL's."""

from __future__ import annotations


def source(text: str) -> str:
    """Spell a text in Python: raw where it holds backslashes and a raw literal can hold it."""
    if "\\" not in text or not text.isprintable() or not text.isascii():
        return ascii(text)
    for quote in ('"', "'", '"""'):
        if quote not in text and text[-1] not in {"\\", '"'}:
            return f"r{quote}{text}{quote}"
    return ascii(text)


def literal(text: str | None) -> str:
    """Spell a text in SQL, with no more than the two escapes that every engine has."""
    if text is None:
        return "NULL"
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
