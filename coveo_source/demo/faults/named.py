"""Ready-made faults, by name."""

from collections.abc import Callable
from datetime import timedelta

from .fault import Fault, at
from .outcomes import (
    becomes,
    changed_file,
    cut_off,
    dated,
    expired_link,
    flipped,
    is_deleted,
    lose_answer,
    refuse,
    server_error,
    too_many_requests,
    unavailable,
)

NAMED: dict[str, Callable[[], list[Fault]]] = {
    "too-many-requests": lambda: [Fault(at(), too_many_requests("1"), 3)],
    "server-error": lambda: [Fault(at(), server_error, 2)],
    "service-down": lambda: [Fault(at(), unavailable, None)],
    "lost-answer": lambda: [Fault(at("create"), lose_answer)],
    "broken-download": lambda: [Fault(at("file"), cut_off(0.6), 3)],
    "expired-link": lambda: [Fault(at("file"), expired_link)],
    "expired-export": lambda: [Fault(at("status"), becomes("EXPIRED"))],
    "failed-export": lambda: [Fault(at("status"), becomes("FAILED"))],
    "deleted-export": lambda: [Fault(at("address"), is_deleted)],
    "damaged-file": lambda: [Fault(at("file"), changed_file(flipped))],
    "clock-year-ahead": lambda: [Fault(at("list"), dated(timedelta(days=365)))],
    "clock-year-1": lambda: [Fault(at("list"), dated("Mon, 01 Jan 0001 00:00:00 GMT"))],
    "clock-malformed": lambda: [Fault(at(), dated("the day after tomorrow"), None)],
    "clock-missing": lambda: [Fault(at(), dated(""), None)],
    "revoked-key": lambda: [
        Fault(at(), refuse(401, "INVALID_TOKEN", "The access token is not valid."), None, 8)
    ],
}
"""The faults of `python -m coveo_source.demo --fault NAME`."""
