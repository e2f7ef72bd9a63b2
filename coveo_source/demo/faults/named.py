"""Ready-made faults, by name."""

from collections.abc import Callable
from datetime import timedelta

from .dimensions import odd_dimensions
from .fault import Fault, at
from .outcomes import (
    answer,
    becomes,
    changed_file,
    covering,
    cut_off,
    dated,
    estimated,
    expired_link,
    fails,
    flipped,
    is_deleted,
    lose_answer,
    refuse,
    rewritten,
    server_error,
    too_many_requests,
    trickle,
    unavailable,
)
from .tables import (
    all_of,
    event_protocol,
    newer_client,
    newer_dimensions,
    unreadable_times,
    unusual_values,
    with_content,
    with_records,
    without_file,
    wrong_years,
)

NAMED: dict[str, Callable[[], list[Fault]]] = {
    "too-many-requests": lambda: [Fault(at(), too_many_requests("1"), 3)],
    "retry-after-unreadable": lambda: [
        Fault(at(), too_many_requests(text), skip=number)
        for number, text in enumerate(("1s", "abc", "-1", "", "1.5", "Fri, 99 Foo 2026"))
    ],
    "retry-after-a-day": lambda: [Fault(at("create"), too_many_requests("86400"))],
    "server-error": lambda: [Fault(at(), server_error, 2)],
    "service-down": lambda: [Fault(at(), unavailable, None)],
    "lost-answer": lambda: [Fault(at("create"), lose_answer)],
    "broken-download": lambda: [Fault(at("file"), cut_off(0.6), 3)],
    "trickling-download": lambda: [Fault(at("file"), trickle(100, 1), 3)],
    "page-for-json": lambda: [Fault(at("list"), answer(200, b"<html>Please wait</html>"))],
    "page-for-file": lambda: [
        Fault(at("file"), answer(200, b"<html>Please log in</html>")),
    ],
    "error-for-file": lambda: [
        Fault(at("file"), answer(200, b"<Error><Code>SlowDown</Code></Error>", "application/xml")),
    ],
    "nothing-for-file": lambda: [Fault(at("file"), answer(200))],
    "missing-rows": lambda: [
        Fault(at("file"), changed_file(with_records("clicks", lambda cells: cells[:1])), None)
    ],
    "missing-file": lambda: [Fault(at("file"), changed_file(without_file("clicks")), None)],
    "shorter-window": lambda: [
        Fault(at("list", "create", "status"), covering(earlier=timedelta(hours=6)), None)
    ],
    "empty-files": lambda: [
        Fault(
            at("file"),
            changed_file(
                all_of(with_content("keywords", b""), with_content("groups", b"\xef\xbb\xbf"))
            ),
            None,
        )
    ],
    "unusual-values": lambda: [Fault(at("file"), changed_file(unusual_values), None)],
    "unreadable-times": lambda: [Fault(at("file"), changed_file(unreadable_times), None)],
    "wrong-years": lambda: [Fault(at("file"), changed_file(wrong_years), None)],
    "newer-client": lambda: [
        Fault(at("file"), changed_file(newer_client), None),
        Fault(at("dimensions"), rewritten(newer_dimensions), None),
    ],
    "event-protocol": lambda: [
        Fault(at("file"), changed_file(event_protocol), None),
        Fault(at("dimensions"), rewritten(newer_dimensions), None),
        Fault(at("estimate"), estimated("custom_events", 0), None),
    ],
    "dimensions-refused": lambda: [
        Fault(at("dimensions"), refuse(403, "ACCESS_DENIED", "Access is denied."), None)
    ],
    "odd-dimensions": lambda: [Fault(at("dimensions"), rewritten(odd_dimensions), None)],
    "expired-link": lambda: [Fault(at("file"), expired_link)],
    "expired-export": lambda: [Fault(at("status"), becomes("EXPIRED"))],
    "failed-export": lambda: [Fault(at("status"), becomes("FAILED"))],
    "failed-exports": lambda: [Fault(at("status"), fails("Internal error"), None)],
    "failed-for-size": lambda: [Fault(at("status"), fails("The export has too many rows."))],
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
