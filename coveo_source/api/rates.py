"""Reads what a host sends, as long as it does not merely trickle.

A connection that brings a byte every now and then never times out, so its rate has a floor.
"""

import time
from collections.abc import Iterator
from typing import Any

import requests

from ..exceptions import TooSlow

PERIOD_SECONDS = 60.0
"""The rate is measured over this time at least, in which nothing was done but wait for bytes."""
_ANSWER_BYTES = 1 << 16


def pieces(
    response: requests.Response, size: int, whom: str, least: float, *, decoded: bool = False
) -> Iterator[bytes]:
    """Yields what arrives of a response's body, up to `size` bytes at a time.

    whom: who sends it, as messages say it
    least: bytes a second
    decoded: whether a compressed body is unpacked

    Raises:
        TooSlow: if it comes at a lower rate
    """
    received, waited = 0, 0.0
    while True:
        began = time.monotonic()
        # read1 returns what has arrived, so that nothing is lost when the connection breaks
        content = response.raw.read1(size, decode_content=decoded)
        if not content:
            return
        waited += time.monotonic() - began
        received += len(content)
        yield content
        if waited >= PERIOD_SECONDS:
            if received < least * waited and response.raw.length_remaining != 0:
                raise TooSlow(whom, received, waited, least)
            received, waited = 0, 0.0


def read_whole(response: requests.Response, *_: Any, whom: str, least: float, **__: Any) -> None:
    """Reads the body of a response, as a hook of requests."""
    try:
        parts = pieces(response, _ANSWER_BYTES, whom, least, decoded=True)
        response._content = b"".join(parts)
    except BaseException:
        response.close()
        raise
