"""Which requests are retried, how often, and after what pause."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    TimeoutError,
)
from urllib3.util.retry import Retry

from ..exceptions import TooSlow
from .pauses import LONGEST_PAUSE, TOLD_SECONDS, Say, asked_seconds, pause
from .proxies import LOGIN_WANTED, check_bundle, refuse_login
from .secrecy import QuietAdapter, keep_proxy_passwords

RETRIES = 6
"""Retries of one request, of any kind."""
CONNECT_RETRIES = 4
"""Retries of one request when no connection can be opened."""
_BODY_RETRIES = 2
"""Retries of one request whose response breaks off."""
PAGE_RETRIES = 2
"""Retries of one request that is answered with something else than JSON."""
PAGE_PAUSE = 1.0
"""Seconds before the first of these; the next pause is twice as long."""


class _RetryPolicy(Retry):
    """Retries what may be temporary: broken connections, 5xx and, for every method, 429.

    A POST is retried only after a 429 or if no connection could be opened. After anything else
    the export may have been created, so the caller has to look before it tries again.

    whom: who is asked, as in "Coveo"
    say: tells people what is waited for
    """

    whom: str
    say: Say

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if status_code == requests.codes.too_many_requests:
            return bool(self.total)
        return super().is_retry(method, status_code, has_retry_after)

    def new(self, **changes: Any) -> "_RetryPolicy":
        policy = super().new(**changes)
        policy.whom, policy.say = self.whom, self.say
        return policy

    def increment(self, *args: Any, **request: Any) -> "_RetryPolicy":
        error = request.get("error")
        if isinstance(error, ProxyError) and LOGIN_WANTED in str(error.original_error):
            # with each wrong password an account comes nearer to being locked
            raise MaxRetryError(request["_pool"], str(request.get("url")), error)
        return super().increment(*args, **request)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        # without a pause that can be read, or with one of 0, that of the back-off is taken
        asked = asked_seconds(response.headers) if response else None
        seconds = min(asked or self.get_backoff_time(), LONGEST_PAUSE)
        if response:
            longer = f" and asks for {asked:,.0f} s" if asked and asked > seconds else ""
            pause(seconds, f"{self.whom} answered HTTP {response.status}{longer}", self.say)
            return
        error = self.history[-1].error
        # a connection that is refused at once is a kind of timeout for urllib3
        was_waited_for = isinstance(error, TimeoutError) and not isinstance(
            error, NewConnectionError
        )
        if was_waited_for and seconds < TOLD_SECONDS:
            self.say(f"{self.whom} has not answered in time: trying again.")
        whom = "The proxy" if isinstance(error, ProxyError) else self.whom
        pause(seconds, f"{whom} did not answer", self.say)


def retrying_session(
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest], whom: str, say: Say
) -> requests.Session:
    """Returns a session that retries with exponential back-off and jitter.

    auth: adds the authorization to a request, or returns it unchanged
    whom: who is asked, as in "Coveo"
    say: tells people what is waited for
    """
    keep_proxy_passwords()
    check_bundle()
    session = requests.Session()
    session.hooks["response"].append(refuse_login)
    # always set, because without it requests would look into the user's .netrc
    session.auth = auth
    retry = _RetryPolicy(
        total=RETRIES,
        connect=CONNECT_RETRIES,
        backoff_factor=0.5,
        backoff_max=30,
        backoff_jitter=0.5,
        status_forcelist=range(500, 600),
        raise_on_status=False,
    )
    retry.whom, retry.say = whom, say
    for scheme in ("https://", "http://"):
        session.mount(scheme, QuietAdapter(max_retries=retry))
    return session


def retry_broken(request: Callable[[], requests.Response]) -> requests.Response:
    """Makes a request, and repeats it if the body of the response breaks off or hardly comes.

    urllib3 does not do so itself: it retries only until the headers have arrived.
    """
    for _ in range(_BODY_RETRIES):
        with suppress(ProtocolError, ReadTimeoutError, TooSlow):
            return request()
    return request()


def retry_pages(request: Callable[[], requests.Response], say: Say) -> requests.Response:
    """Makes a request, and repeats it if the answer is not JSON: it may be a proxy's own page."""
    for attempt in range(PAGE_RETRIES):
        response = request()
        with suppress(requests.JSONDecodeError):
            response.json()
            return response
        pause(PAGE_PAUSE * 2**attempt, "Coveo answered with something else than JSON", say)
    return request()
