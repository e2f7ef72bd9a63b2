"""The time that demo servers and tests agree on."""

from datetime import datetime, timedelta, timezone

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=timezone.utc)


ANY_TIME_MINUTES = 10_000_000
"""The setting `clock_tolerance_minutes` with which that time is believed, whenever tests run."""
ANY_TIME = timedelta(minutes=ANY_TIME_MINUTES)


class Clock:
    """The demo server's time, which only a test moves."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)
