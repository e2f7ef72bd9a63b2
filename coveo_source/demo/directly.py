"""The way to the stand-in, which is on this machine, where a proxy is set for everything else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_EXCEPTIONS = "no_proxy"
"""The variable that names hosts without a proxy; requests prefers it to the one in upper case."""


@contextmanager
def reached_directly(url: str) -> Iterator[None]:
    """Has requests of this process go straight to the host of an address, whatever proxy is set."""
    host = urlsplit(url).hostname or ""
    before = os.environ.get(_EXCEPTIONS)
    known = before or os.environ.get(_EXCEPTIONS.upper())
    os.environ[_EXCEPTIONS] = f"{known},{host}" if known else host
    try:
        yield
    finally:
        if before is None:
            del os.environ[_EXCEPTIONS]
        else:
            os.environ[_EXCEPTIONS] = before
