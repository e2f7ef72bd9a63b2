"""Failures of the service, on demand.

A fault says which requests it strikes, how often, and what happens to them:

    server = DemoServer()
    inject(server, Fault(at("file"), cut_off(0.5)), Fault(at("create"), lose_answer))

If several faults strike the same request, the first one decides what happens, and all of them
count it.
"""

from .fault import Endpoint, Fault, Then, When, at, endpoint, inject
from .named import NAMED
from .outcomes import (
    answer,
    bad_gateway,
    becomes,
    changed_file,
    content_of,
    covering,
    cut_off,
    dated,
    described,
    expired_link,
    fails,
    flipped,
    halved,
    hang_up,
    is_deleted,
    lose_answer,
    redirect,
    refuse,
    reported,
    rewritten,
    server_error,
    slow,
    too_many_requests,
    trickle,
    unavailable,
)
from .tables import (
    all_of,
    event_protocol,
    newer_client,
    with_content,
    with_files,
    with_header,
    with_records,
    with_values,
    without_file,
)

__all__ = [
    "NAMED",
    "Endpoint",
    "Fault",
    "Then",
    "When",
    "all_of",
    "answer",
    "at",
    "bad_gateway",
    "becomes",
    "changed_file",
    "content_of",
    "covering",
    "cut_off",
    "dated",
    "described",
    "endpoint",
    "event_protocol",
    "expired_link",
    "fails",
    "flipped",
    "halved",
    "hang_up",
    "inject",
    "is_deleted",
    "lose_answer",
    "newer_client",
    "redirect",
    "refuse",
    "reported",
    "rewritten",
    "server_error",
    "slow",
    "too_many_requests",
    "trickle",
    "unavailable",
    "with_content",
    "with_files",
    "with_header",
    "with_records",
    "with_values",
    "without_file",
]
