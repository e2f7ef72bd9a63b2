"""Failures of the service, on demand.

A fault says which requests it strikes, how often, and what happens to them:

    server = DemoServer()
    inject(server, Fault(at("file"), cut_off(0.5)), Fault(at("create"), lose_answer))

If several faults strike the same request, the first one decides what happens, and all of them
count it.
"""

from .echoes import (
    SPELLINGS,
    broken_chunks,
    broken_length,
    headers_end,
    says_token,
    says_token_in_every_spelling,
    says_token_in_other_json,
    signed,
    status_line,
    token_in,
)
from .fault import Endpoint, Fault, Then, When, at, endpoint, inject
from .named import NAMED
from .outcomes import (
    answer,
    bad_gateway,
    becomes,
    changed_file,
    content_of,
    cut_off,
    dated,
    expired_link,
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
    unavailable,
)
from .tables import (
    all_of,
    with_content,
    with_files,
    with_header,
    with_records,
    with_values,
    without_file,
)

__all__ = [
    "NAMED",
    "SPELLINGS",
    "Endpoint",
    "Fault",
    "Then",
    "When",
    "all_of",
    "answer",
    "at",
    "bad_gateway",
    "becomes",
    "broken_chunks",
    "broken_length",
    "changed_file",
    "content_of",
    "cut_off",
    "dated",
    "endpoint",
    "expired_link",
    "flipped",
    "halved",
    "hang_up",
    "headers_end",
    "inject",
    "is_deleted",
    "lose_answer",
    "redirect",
    "refuse",
    "reported",
    "rewritten",
    "says_token",
    "says_token_in_every_spelling",
    "says_token_in_other_json",
    "server_error",
    "signed",
    "slow",
    "status_line",
    "token_in",
    "too_many_requests",
    "unavailable",
    "with_content",
    "with_files",
    "with_header",
    "with_records",
    "with_values",
    "without_file",
]
