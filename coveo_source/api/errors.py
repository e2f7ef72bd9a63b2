"""Turns what goes wrong with a request into an error: a broken connection, or Coveo's refusal.

Source of a refusal's fields: Coveo's own TypeScript client. A 502 may have no body, and the
firewall answers in HTML.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ..causes import causes
from ..exceptions import AccessDenied, ApiError, ExportNotFound, QuotaReached, ServiceUnreachable
from ..scrubbing import scrub_error
from ..secrets import scrub
from .pauses import asked_seconds
from .proxies import advice_on, way_to


@contextmanager
def connection_errors(url: str) -> Iterator[None]:
    """Turns the errors of requests into one that names host and proxy, but no address."""
    try:
        yield
    # urllib3's own errors come from a response that is streamed
    except (requests.RequestException, HTTPError) as error:
        # messages of requests contain signed addresses and passwords of proxies, and dlt's trace
        # would show them: it follows an error without a cause to its context
        reason = scrub(_innermost_reason(error))
        # it stays the context of the new one, and carries the request with all its headers
        scrub_error(error)
        unreachable = ServiceUnreachable(host_of(url), reason, way_to(url), advice_on(url, reason))
        raise unreachable from ConnectionError(reason)


def host_of(address: str) -> str:
    """Returns the host of an address and its port, without a user."""
    return urlsplit(address).netloc.rpartition("@")[2]


def error_of(response: requests.Response, action: str) -> ApiError:
    """Returns the error for a refused request, with Coveo's own message if there is one.

    action: what the request was for, as in "list the exports"
    """
    message, kind = _message_and_kind(response)
    status = response.status_code
    error: type[ApiError]
    if status in (401, 403):
        error = AccessDenied
    elif status == requests.codes.not_found:
        error = ExportNotFound if "export " in action else ApiError
    elif _is_quota(status, message, kind):
        error = QuotaReached
    else:
        error = ApiError
    request_id, asked = response.headers.get("X-Request-ID"), asked_seconds(response.headers)
    return error(action, status, message, kind, request_id, asked)


def _message_and_kind(response: requests.Response) -> tuple[str, str | None]:
    if response.headers.get("x-coveo-waf-action"):
        return "a firewall in front of Coveo blocked the request", "waf"
    try:
        body = response.json()
    except requests.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return response.reason or "no message", None
    message = body.get("message") or body.get("detail") or response.reason or "no message"
    kind = body.get("type") or body.get("errorCode") or body.get("title")
    return str(message), str(kind) if kind else None


def _is_quota(status: int, message: str, kind: str | None) -> bool:
    """Returns True if a request was refused because of the number of exports.

    Inferred: Coveo publishes no error code for it, so its wording is the only sign.
    """
    words = f"{message} {kind or ''}".lower()
    return status in (400, 409, 412, 422, 429) and bool(
        re.search(r"quota|(limit|maximum|too many)\b.*\bexports?\b|exports?\b.*\blimit", words)
        and "row" not in words
    )


def _innermost_reason(error: Exception) -> str:
    """Returns the innermost reason of a connection error, without addresses."""
    *_, innermost = causes(error)
    text = re.sub(r"https?://\S+|<.*?>:?", "", str(innermost)).strip(" :")
    return text or type(innermost).__name__
