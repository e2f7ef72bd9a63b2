"""What only Coveo and its storage may see of a request: the token, signed links, passwords."""

from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from ..scrubbing import scrub_records
from ..secrets import keep_passwords, keep_token, without_token


class BearerToken(AuthBase):
    """Adds the token to requests, and shows it in no printed form of itself.

    From then on the token is masked wherever it might appear.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        keep_token(token)
        scrub_records()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the token to a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def mask_token(response: requests.Response, *_: object, **__: object) -> None:
    """Masks the token in a response that repeats it: its fields are shown, sent and stored."""
    response._content = without_token(response.content.decode("latin-1")).encode("latin-1")
    response.reason = without_token(response.reason or "")
    response.headers = CaseInsensitiveDict(
        (without_token(name), without_token(value)) for name, value in response.headers.items()
    )


def keep_proxy_passwords() -> None:
    """Has the passwords of the proxies that requests will use masked from now on."""
    for address in getproxies().values():
        # what cannot be read as an address is refused by requests
        with suppress(ValueError):
            keep_passwords(unquote(urlsplit(address).password or ""))


class _HTTPConnection(HTTPConnection):
    # http.client would print every header, if somebody set this for all connections
    debuglevel = 0


class _HTTPSConnection(HTTPSConnection):
    debuglevel = 0


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class QuietAdapter(HTTPAdapter):
    """Opens connections that print nothing of what they send, however Python is set to debug."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Creates the manager of the connections."""
        super().init_poolmanager(*args, **kwargs)
        _quiet(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        """Returns the manager of the connections through a proxy."""
        return _quiet(super().proxy_manager_for(proxy, **kwargs))


def _quiet(manager: PoolManager) -> PoolManager:
    # a SOCKS proxy has connections of its own
    if manager.pool_classes_by_scheme.get("https") is HTTPSConnectionPool:
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager
