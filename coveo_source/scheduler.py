"""The interval that a scheduler assigns to a run, in the environment or in Airflow."""

import os
from datetime import datetime, timezone

import dlt
from dlt.common.known_env import DLT_INTERVAL_END, DLT_INTERVAL_START

from .exceptions import SettingError
from .setting_values import instant, iso_time


def assigned_interval() -> tuple[datetime, datetime] | None:
    """Returns start and end of the interval, in UTC; None without one.

    It may be empty: Airflow's triggers and manual runs assign a moment.

    Raises:
        SettingError: if it cannot be read, lacks a bound or ends before it starts
    """
    given = {name: os.environ.get(name) for name in (DLT_INTERVAL_START, DLT_INTERVAL_END)}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == 1:
        raise SettingError(missing[0], None, "An interval needs both bounds, or neither.")
    try:
        interval = dlt.current.interval()
    except ValueError:
        for name, value in given.items():
            instant(name, value)
        raise
    if interval is None:
        return None
    # plain ones: Airflow's, of pendulum, lose the zone when something is added to them
    start, end = (datetime.fromtimestamp(bound.timestamp(), timezone.utc) for bound in interval)
    if start > end:
        raise SettingError(
            DLT_INTERVAL_START, iso_time(start), f"It must not be after the end, {iso_time(end)}."
        )
    return start, end
