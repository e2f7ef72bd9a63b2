"""Which requests a fault strikes, and how often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, TypeAlias

from ..api import BASE_PATH
from ..server import DemoServer
from ..wire import Request, Response

Endpoint: TypeAlias = Literal[
    "list", "create", "status", "address", "delete", "row limit", "estimate", "dimensions", "file"
]
"""What a request is for.

status: reads one export
address: asks for the address of an export's file
file: downloads it from the storage; all others go to the API
"""

When: TypeAlias = Callable[[Request], bool]
"""Returns True for a request that a fault is about."""

Then: TypeAlias = Callable[[DemoServer, Request], Response]
"""What happens to a request: returns its response; a `ConnectionError` closes the connection."""

_COLLECTIONS: dict[str, Endpoint] = {
    "/exports": "list",
    "/exports/rowLimit": "row limit",
    "/exports/estimate": "estimate",
    "/dimensions/exportables": "dimensions",
}


@dataclass
class Fault:
    """A failure of the service.

    when: the requests that it is about
    then: what happens to them
    times: how many of these requests it strikes; None for all
    skip: how many of them it lets through first
    seen: how many of them there were so far
    """

    when: When
    then: Then
    times: int | None = 1
    skip: int = 0
    seen: int = field(default=0, init=False)

    def strikes(self, request: Request) -> bool:
        """Returns True if the fault strikes this request, which it counts."""
        if not self.when(request):
            return False
        self.seen += 1
        return self.skip < self.seen and (self.times is None or self.seen <= self.skip + self.times)


class _Interceptor:
    """Applies the faults of a server; see `Intercept`."""

    def __init__(self, server: DemoServer, *faults: Fault) -> None:
        self._server = server
        self._faults = faults
        self._lock = Lock()

    def __call__(self, request: Request) -> Response | None:
        with self._lock:
            striking = [fault for fault in self._faults if fault.strikes(request)]
        return striking[0].then(self._server, request) if striking else None


def inject(server: DemoServer, *faults: Fault) -> None:
    """Gives a server these faults in place of its present ones; without any, removes them."""
    server.intercept = _Interceptor(server, *faults) if faults else None


def endpoint(request: Request) -> Endpoint:
    """Returns what a request is for."""
    if request.host == "storage":
        return "file"
    if request.method in ("POST", "DELETE"):
        return "create" if request.method == "POST" else "delete"
    path = request.path.removeprefix(BASE_PATH)
    one: Endpoint = "address" if request.first("redirect") == "true" else "status"
    return _COLLECTIONS.get(path, one)


def at(*endpoints: Endpoint) -> When:
    """Matches the requests for any of these endpoints; without endpoints, all requests."""
    return lambda request: not endpoints or endpoint(request) in endpoints
