"""Which requests are made again, how often, and after what pause."""

from collections.abc import Callable
from contextlib import suppress

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

RETRIES = 6
CONNECT_RETRIES = 4
BROKEN_RETRIES = 2
LONGEST_RETRY_AFTER = 300.0
"""Seconds."""


class RetryPolicy(Retry):
    """Retries what may heal: broken connections, 5xx and, for every method, 429.

    A POST is repeated only after a 429 or a connection that never opened: after anything else
    the export may exist, so the caller has to look before it asks again.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether an answer is worth another try."""
        if status_code == requests.codes.too_many_requests:
            return bool(self.total)
        return super().is_retry(method, status_code, has_retry_after)

    def parse_retry_after(self, retry_after: str) -> float:
        """Seconds to wait as the server asks, but not for ever."""
        return min(super().parse_retry_after(retry_after), LONGEST_RETRY_AFTER)


def retrying_session(
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest],
) -> requests.Session:
    """A session that retries with exponential back-off and jitter."""
    session = requests.Session()
    # set even where nothing is to be sent, or requests would look into the user's .netrc
    session.auth = auth
    retry = RetryPolicy(
        total=RETRIES,
        connect=CONNECT_RETRIES,
        backoff_factor=0.5,
        backoff_max=30,
        backoff_jitter=0.5,
        status_forcelist=range(500, 600),
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def retry_broken(request: Callable[[], requests.Response]) -> requests.Response:
    """Asks again when an answer stops half way, which urllib3 sees too late to do so itself."""
    for _ in range(BROKEN_RETRIES):
        with suppress(requests.exceptions.ChunkedEncodingError):
            return request()
    return request()
