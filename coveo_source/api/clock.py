"""Coveo's clock: the `Date` of its answers, believed if this machine's clock agrees.

The windows that a run loads end at its time, and cursors follow them. So a wrong time that is
believed would move every cursor past events that are never loaded.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NamedTuple

from ..exceptions import ClockMismatch

_WRITTEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""This program is not older, so a clock that shows an earlier time is wrong."""
_LONGEST_CERTIFICATE = timedelta(days=398)
"""How long a host's certificate is valid at most."""
_MINUTE = timedelta(minutes=1)

_Suspect = Literal["answer", "machine"]


class Witness(NamedTuple):
    """What else is known when an answer and this machine disagree about the time.

    answered: the time in another answer of Coveo, right after the first
    newest_export: when Coveo started the organization's newest export
    certified: whether this machine has just found the host's certificate to be valid
    """

    answered: datetime | None = None
    newest_export: datetime | None = None
    certified: bool = False


class Clock:
    """Coveo's clock; this machine's until an answer has told the time.

    tolerance: by how much the two may differ, in whole minutes because an answer takes a while
    """

    def __init__(self, tolerance: timedelta) -> None:
        self._tolerance = tolerance
        self._ahead = timedelta()

    @property
    def now(self) -> datetime:
        """The current time in UTC."""
        return datetime.now(timezone.utc) + self._ahead

    def follow(self, date: str | None, ask: Callable[[], Witness]) -> None:
        """Follows the `Date` header of an answer, if it can be read.

        ask: finds out what else is known, should the answer and this machine disagree

        Raises:
            ClockMismatch: if they differ by more than the tolerance
        """
        answered, machine = time_of(date), datetime.now(timezone.utc)
        if answered is None:
            return
        if not _is_close(answered, machine, self._tolerance):
            raise _mismatch(answered, machine, ask(), self._tolerance)
        self._ahead = answered - machine


def time_of(date: str | None) -> datetime | None:
    """Returns the time in a `Date` header, in UTC; None if there is none or it cannot be read."""
    try:
        moment = parsedate_to_datetime(date or "")
        if year := re.search(r"(?<= )0\d{3}(?= )", date or ""):
            # the parser takes the year 0001 for 2001
            moment = moment.replace(year=max(int(year[0]), 1))
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo:
        # beyond the first and the last year there is no other time zone
        with suppress(OverflowError):
            return moment.astimezone(timezone.utc)
    return moment.replace(tzinfo=timezone.utc)


def newest_start(exports: Any) -> datetime | None:
    """Returns when the newest of some export objects was started; None if none says so."""
    with suppress(LookupError, TypeError, ValueError, OverflowError):
        newest = max(export["startDate"] for export in exports)
        return datetime.fromtimestamp(0, timezone.utc) + timedelta(milliseconds=newest)
    return None


def _mismatch(
    answered: datetime, machine: datetime, witness: Witness, tolerance: timedelta
) -> ClockMismatch:
    """Returns the error for an answer whose time is not this machine's."""
    difference = _duration(abs(answered - machine))
    minutes = tolerance / _MINUTE
    return ClockMismatch(
        f"Coveo's answer says that it is {_shown(answered)}, but this machine's clock says"
        f" {_shown(machine)}: they differ by {difference}."
        f" {verdict(answered, machine, witness, tolerance)}"
        " Nothing was loaded with that time and no cursor was moved: run again when the cause is"
        f" gone. Where both are right, raise clock_tolerance_minutes, which is {minutes:.9g}."
    )


def _is_close(one: datetime, other: datetime, tolerance: timedelta) -> bool:
    """Returns True if two times differ by no more than a tolerance, in whole minutes."""
    return abs(one - other) // _MINUTE * _MINUTE <= tolerance


def verdict(answered: datetime, machine: datetime, witness: Witness, tolerance: timedelta) -> str:
    """Returns which of the two clocks is likely to be wrong, why, and what to do."""
    suspect, why = next(_clues(answered, machine, witness, tolerance), (None, ""))
    if suspect == "machine":
        return f"This machine's clock is probably wrong: {why}. Set it, best of all by NTP."
    if suspect == "answer":
        return f"The answer is probably wrong: {why}. Look for a proxy that changed or kept it."
    return (
        "Either this machine's clock is wrong (is it set by NTP?) or the answer is (did a proxy"
        " change or keep it?)."
    )


def _clues(
    answered: datetime, machine: datetime, witness: Witness, tolerance: timedelta
) -> Iterator[tuple[_Suspect, str]]:
    """Yields what speaks against one of the two clocks, and why; the strongest first."""
    pasts = [(_WRITTEN, "this program is not that old")]
    if witness.newest_export and witness.newest_export > _WRITTEN:
        pasts.append((witness.newest_export, "Coveo has started an export later than that"))
    for past, why in pasts:
        if machine < past - tolerance and answered >= past:
            yield "machine", why
        if answered < past - tolerance and machine >= past - tolerance:
            yield "answer", why
    again = witness.answered
    if again and _is_close(again, machine, tolerance):
        yield "answer", "another one, right after it, agrees with this machine"
    if witness.certified and abs(answered - machine) > _LONGEST_CERTIFICATE:
        yield "answer", "so far from its time, this machine could not trust Coveo's certificate"
    if again and _is_close(again, answered, _MINUTE):
        yield "machine", "two answers of Coveo agree with each other"


def _shown(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"


def _duration(difference: timedelta) -> str:
    minutes = difference / _MINUTE
    if minutes < 120:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 2880 else f"{minutes / 1440:,.0f} days"
