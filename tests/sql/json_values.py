"""Values of custom data: JSON that may be cut off, so each is looked for and nothing is parsed."""

import re
from functools import cache

_VALUE = r'(?:"((?:[^"\\]|\\.)*)"|(true|false|-?[0-9]+(?:\.[0-9]+)?))'
"""A text in quotes that ends, or a boolean or a number."""


@cache
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf'"{re.escape(key)}"\s*:\s*{_VALUE}', re.I | re.S)


def value_in(json: str | None, key: str) -> str | None:
    """Returns the first value of a key, as it is written; None without one."""
    found = _pattern(key).search(json or "")
    return found and (found[2] if found[1] is None else found[1])


def text_in(json: str | None, key: str) -> str | None:
    """Returns the first value of a key if it is a text, with escapes undone; else None."""
    found = _pattern(key).search(json or "")
    return found and found[1] and unescaped(found[1])


def unescaped(text: str) -> str:
    r"""Returns a JSON text with `\"` and `\\` undone."""
    return re.sub(r'\\(["\\])', r"\1", text)


def is_true(json: str | None, key: str) -> bool:
    """Returns True if the first value of a key is true."""
    return (value_in(json, key) or "").lower() == "true"


def number_in(json: str | None, key: str) -> int | None:
    """Returns the whole part of the first value of a key, from 0; None if it is no such number."""
    digits = re.match(r"[0-9]+", value_in(json, key) or "")
    return digits and int(digits[0])


def first_named(json: str | None, *keys: str) -> str | None:
    """Returns the value, with escapes undone, of the first of some keys that has one not empty."""
    values = (value_in(json, key) for key in keys)
    return next((unescaped(value) for value in values if value), None)
