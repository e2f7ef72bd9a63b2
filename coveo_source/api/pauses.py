"""Pauses before something is tried again: people are told why, and how long it takes."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TypeAlias

from .clock import time_of

Say: TypeAlias = Callable[[str], None]
"""Tells people something: on the display of a command, or in the log of a library user."""

TOLD_SECONDS = 1.0
"""What is shorter than this is not worth a line."""
PATIENCE = 300.0
"""Seconds after which no more is tried that itself consists of requests with all their pauses."""
LONGEST_PAUSE = 60.0
"""Seconds; whoever asks for a longer pause is asked again after this one."""
_ALL_SECONDS = 1e9
"""30 years: whoever asks for more need not be understood."""
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)


def pause(seconds: float, reason: str, say: Say) -> None:
    """Sleeps; says why and for how long, unless it is only a moment.

    reason: a clause, as in "Coveo answered HTTP 429"
    """
    if seconds >= TOLD_SECONDS:
        say(f"{reason}: trying again in {seconds:.3g} s.")
    if seconds > 0:
        time.sleep(seconds)


def asked_seconds(headers: Mapping[str, str]) -> float | None:
    """Returns for how long an answer asks to wait in `Retry-After`; None if that cannot be read.

    Accepts seconds, with a fraction too, of several numbers the largest, and an HTTP date, which
    is compared with the answer's own `Date`.
    """
    text = headers.get("Retry-After") or ""
    parts = [part.strip() for part in text.split(",")]
    if numbers := [float(part) for part in parts if _NUMBER.fullmatch(part)]:
        return min(max(numbers), _ALL_SECONDS)
    moment = time_of(text)
    if moment is None:
        return None
    now = time_of(headers.get("Date")) or datetime.now(timezone.utc)
    return min(max((moment - now).total_seconds(), 0.0), _ALL_SECONDS)
