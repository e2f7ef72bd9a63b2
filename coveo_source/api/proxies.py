"""The proxy that stands between this machine and a host, and what it or a firewall may answer.

requests takes proxies from the environment, or from the system's settings on Windows and macOS.
https://requests.readthedocs.io/en/latest/user/advanced/#proxies
"""

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from ..exceptions import SettingError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name a file or folder with the certificates to trust, in requests' order."""

LOGIN_WANTED = "failed: 407"
"""What an error says if a proxy asks for a user and a password: its HTTP status."""


class Proxy(NamedTuple):
    """A proxy that requests to a host go through.

    address: without user and password
    variable: which environment variable says so; None if it is the system's setting
    """

    address: str
    variable: str | None

    def __str__(self) -> str:
        """Returns the proxy and where it is set, as people read it."""
        return f"{self.address} (set in {self.variable or 'the settings of the system'})"


def proxy_of(url: str) -> Proxy | None:
    """Returns the proxy that requests to an address go through; None if they go straight."""
    # addresses that NO_PROXY names have none
    address = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    return Proxy(_without_user(address), _variable_of(url, address)) if address else None


def refuse_login(response: requests.Response, *_: object, **__: object) -> None:
    """Raises a ProxyError if the answer is not the host's, but that of a proxy without a login."""
    if response.status_code == requests.codes.proxy_authentication_required:
        reason = f"connection {LOGIN_WANTED} {response.reason}"
        raise requests.exceptions.ProxyError(reason)


def way_to(url: str) -> str:
    """Returns how requests reach the host of an address, as in " through the proxy X"."""
    proxy = proxy_of(url)
    return f" through the proxy {proxy}" if proxy else ""


def advice_on(url: str, reason: str) -> str | None:
    """Returns what to do about a failed connection, as a clause; None if it is the usual.

    reason: what went wrong
    """
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            "a proxy or a firewall may read the traffic, with a certificate of its own. Set"
            f" {bundle_variable() or _BUNDLES[0]} to a file that has this certificate too"
        )
    proxy = proxy_of(url)
    if proxy is None:
        return None
    if LOGIN_WANTED in reason:
        place = proxy.variable or "the system's settings"
        return f"write the user and password of the proxy in {place}, as http://USER:PASSWORD@HOST"
    host = urlsplit(url).hostname
    return f"check the network and the proxy, or have NO_PROXY name {host} to go without it"


def bundle_variable() -> str | None:
    """Returns the variable that names the certificates to trust; None if none does."""
    return next((name for name in _BUNDLES if os.environ.get(name)), None)


def check_bundle() -> None:
    """Raises a SettingError if the certificates to trust are in a file that does not exist."""
    variable = bundle_variable()
    if variable and not Path(os.environ[variable]).exists():
        raise SettingError(
            variable,
            os.environ[variable],
            "Name a file with certificates that exists, or unset the variable.",
        )


def _variable_of(url: str, address: str) -> str | None:
    """Returns the environment variable that an address comes from."""
    for scheme in (urlsplit(url).scheme, "all"):
        names = [name for name in os.environ if name.lower() == f"{scheme}_proxy"]
        # Python prefers those in lower case
        for name in sorted(names, reverse=True):
            if os.environ[name] == address:
                return name
    return None


def _without_user(address: str) -> str:
    """Returns the address of a proxy without its user and password."""
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
