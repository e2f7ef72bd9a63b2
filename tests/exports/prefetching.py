"""Runs of several windows, whose requests are watched."""

import threading
import time
from collections.abc import Callable

from coveo_source.demo import DemoServer, Request, Response
from coveo_source.demo.faults import Endpoint, When, endpoint
from tests.support.cli_user import create_requests

TWO_WINDOWS = ("--window-days", "1")
THREE_WINDOWS = ("--window-days", "0.5")

TIMEOUT = 20
"""Seconds after which a test stops waiting for something to happen."""


def prefetch_threads() -> list[threading.Thread]:
    """Returns the threads that prefetch a file."""
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def happens(event: Callable[[], bool]) -> bool:
    """Waits until an event is true; returns False if it never is."""
    deadline = time.monotonic() + TIMEOUT
    while not (happened := event()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened


class Watch:
    """Records the requests about each window's export, and delays the turn of the second window.

    A window's turn begins when its export is needed; until then it may be requested and fetched
    early.

    event: the turn of the second window does not begin before this is true
    requests: for each request, its endpoint and the number of the window, from 1
    happened: whether the event was true when the turn began; None before that
    """

    def __init__(self, server: DemoServer, event: Callable[["Watch"], bool]) -> None:
        self.requests: list[tuple[Endpoint, int]] = []
        self.happened: bool | None = None
        self._server = server
        self._event = event
        self._faults = server.intercept
        server.intercept = self._intercept

    @property
    def steps(self) -> list[tuple[Endpoint, int]]:
        """The downloads and the deletions among the requests."""
        return [step for step in self.requests if step[0] in ("file", "delete")]

    @property
    def downloads(self) -> list[int]:
        """The numbers of the windows whose files were requested."""
        return [number for where, number in self.requests if where == "file"]

    def _intercept(self, request: Request) -> Response | None:
        # a turn begins with the list of exports; early requests come before the first download
        if endpoint(request) == "list" and 1 in self.downloads and self.happened is None:
            self.happened = happens(lambda: self._event(self))
        if number := window_of(self._server, request):
            self.requests.append((endpoint(request), number))
        return self._faults(request) if self._faults else None


def downloads_second(watch: Watch) -> bool:
    """Returns True once the file of the second window was requested."""
    return 2 in watch.downloads


def window_of(server: DemoServer, request: Request) -> int | None:
    """Returns the number of the window whose export a request is about, from 1."""
    starts = sorted({query["from"][0] for query in create_requests(server)})
    for export in server.exports:
        if export.id in request.path:
            return starts.index(f"{export.order.start:%Y-%m-%dT%H:%M:%S.000Z}") + 1
    return None


def about_second_window(server: DemoServer, where: Endpoint) -> When:
    """Matches requests to an endpoint that are about the second window's export."""
    return lambda request: endpoint(request) == where and window_of(server, request) == 2
