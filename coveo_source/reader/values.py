"""Values in a spelling that Coveo is not known to write, if they can be read in one way only.

What could be read in two ways, like `1,234` or `03/04/2026`, is not guessed. The ordinary spellings
are cast by the database; see `casting`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from ..tables import ColumnType

ACCEPTED: Mapping[ColumnType, str] = {
    "timestamp": "a time like 2026-03-02 10:00:00.123 (in UTC, or with an offset), or milliseconds"
    " since 1970, in or near the window",
    "bigint": "a whole number like 12, 12.0 or 1.2E1",
    "bool": "t, f, true, false, 1 or 0",
    "text": "any text",
}
"""What is accepted as a value of each type, for people to read."""

# newer Pythons take 24:00 for the midnight that follows
_TIME = re.compile(
    r"(?P<day>[1-9]\d{3}-\d\d-\d\d)[ T](?P<minute>(?!24)\d\d:\d\d)(?P<second>:\d\d)?"
    r"(?:(?<=:\d\d:\d\d)[.,](?P<fraction>\d{1,9}))?"
    r" ?(?:Z|UTC|GMT|(?P<sign>[+-])(?P<hours>0\d|1[0-4])(?::?(?P<minutes>[0-5]\d))?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = re.compile(r"(?P<seconds>\d{10})(?P<rest>|\d{3}|\d{6})(?:\.0+)?", re.ASCII)
"""Seconds, milliseconds or microseconds since 1970: from 2001 to 2286, their digits tell which."""
_INTEGER = re.compile(r"[+-]?\d{1,40}(?:\.\d{0,40})?(?:E[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_LARGEST = 2**63


def time_of(text: str) -> datetime | None:
    """Returns the time in a text, in UTC and without a time zone; None if it is not certain.

    Digits beyond microseconds, which no column of ours can hold, are cut off.
    """
    text = text.strip()
    if epoch := _EPOCH.fullmatch(text):
        microseconds = int(epoch["seconds"] + epoch["rest"].ljust(6, "0"))
        return datetime(1970, 1, 1) + timedelta(microseconds=microseconds)
    found = _TIME.fullmatch(text)
    if not found:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    written = f"{found['day']} {found['minute']}{found['second'] or ':00'}.{fraction}"
    offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    try:
        local = datetime.fromisoformat(written)
        return local + offset if found["sign"] == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def integer_of(text: str) -> int | None:
    """Returns the whole number in a text; None if it is not certain or has over 64 bits."""
    if not _INTEGER.fullmatch(text.strip()):
        return None
    number = Decimal(text.strip())
    is_held = number == number.to_integral_value() and -_LARGEST <= number < _LARGEST
    return int(number) if is_held else None


UNUSUAL: Mapping[ColumnType, Callable[[str], object]] = {
    "timestamp": time_of,
    "bigint": integer_of,
}
"""What reads an unusual spelling of a type."""
