"""Which requests are retried, how often, and after what pause."""

from collections.abc import Callable
from contextlib import suppress

import requests
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from .secrecy import QuietAdapter, keep_proxy_passwords

RETRIES = 6
"""Retries of one request, of any kind."""
CONNECT_RETRIES = 4
"""Retries of one request when no connection can be opened."""
_BODY_RETRIES = 2
"""Retries of one request whose response breaks off."""
LONGEST_RETRY_AFTER = 60.0
"""Seconds; whoever asks for a longer pause is asked again after this one, six minutes at most."""


class _RetryPolicy(Retry):
    """Retries what may be temporary: broken connections, 5xx and, for every method, 429.

    A POST is retried only after a 429 or if no connection could be opened. After anything else
    the export may have been created, so the caller has to look before it tries again.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if status_code == requests.codes.too_many_requests:
            return bool(self.total)
        return super().is_retry(method, status_code, has_retry_after)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        # without a pause that can be read, urllib3 takes the one of its back-off
        with suppress(InvalidHeader, ValueError, OverflowError):
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, LONGEST_RETRY_AFTER)
        return None


def retrying_session(
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest],
) -> requests.Session:
    """Returns a session that retries with exponential back-off and jitter.

    auth: adds the authorization to a request, or returns it unchanged
    """
    keep_proxy_passwords()
    session = requests.Session()
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
    for scheme in ("https://", "http://"):
        session.mount(scheme, QuietAdapter(max_retries=retry))
    return session


def retry_broken(request: Callable[[], requests.Response]) -> requests.Response:
    """Makes a request, and repeats it if the body of the response breaks off.

    urllib3 does not do so itself: it retries only until the headers have arrived.
    """
    for _ in range(_BODY_RETRIES):
        with suppress(requests.exceptions.ChunkedEncodingError):
            return request()
    return request()
