"""The rule for the times of events in tests.

Databases that cut times off, or round them, do so at the second, and the loss goes unnoticed in
whole seconds. So the events of tests have odd milliseconds. The borders of windows may be whole.
"""

from datetime import datetime


def has_odd_milliseconds(time: datetime) -> bool:
    """Returns True if a time has whole milliseconds, and their number is odd."""
    milliseconds, rest = divmod(time.microsecond, 1000)
    return milliseconds % 2 == 1 and not rest
