"""The demo server: the exports API on one port, the storage of its archives on another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from .api import Api, Links
from .errors import ApiError, new_request_id
from .exports import Export, ExportStore
from .files import Dialect
from .storage import Storage
from .traffic import Traffic
from .wire import Listener, Request, Response

API_KEY = "xxdemo000-0000-4000-8000-c0ffee000000"
ORG = "coveodemo"

Clock: TypeAlias = Callable[[], datetime]
"""Returns the current time, an aware datetime in UTC."""

Intercept: TypeAlias = Callable[[Request], Response | None]
"""Called with every request to either host; returns a response, or None for the server's.

It may call `DemoServer.answer` and change the response, or raise a `ConnectionError` to close
the connection.
"""


def utc_now() -> datetime:
    """Returns the real time."""
    return datetime.now(timezone.utc)


class DemoServer:
    """A server that exports `traffic` through Coveo's API until it is closed; a context manager.

    traffic: the events; those that have arrived by the clock's time can be exported
    port: port of the API; 0 for any that is free
    clock: the server's current time, in its `Date` headers too
    export_seconds: minimum time for which an export stays pending, in real seconds
    quota: maximum number of exports on the server
    row_limit: maximum number of rows in an export, all tables together
    dialect: how `EXCEL` files are written
    link_seconds: how long a download link is valid, by the clock
    intercept: see `Intercept`
    """

    def __init__(
        self,
        traffic: Traffic | None = None,
        *,
        port: int = 0,
        clock: Clock = utc_now,
        export_seconds: float = 0.2,
        quota: int = 10,
        row_limit: int = 1_000_000,
        dialect: Dialect = "rfc4180",
        api_key: str = API_KEY,
        org: str = ORG,
        link_seconds: float = 900,
        intercept: Intercept | None = None,
    ) -> None:
        self.traffic = traffic or Traffic()
        self.api_key = api_key
        self.org = org
        self.clock = clock
        self.requests: list[Request] = []
        self.storage_requests: list[Request] = []
        self.intercept = intercept
        self._folder = TemporaryDirectory(prefix="coveo-demo-", ignore_cleanup_errors=True)
        self._ledger = ExportStore(
            self.traffic,
            Path(self._folder.name),
            seconds=export_seconds,
            quota=quota,
            row_limit=row_limit,
            dialect=dialect,
        )
        self._storage = Storage(self._ledger, clock, api_key, link_seconds)
        links = Links(storage=self._storage_link, api=self._api_link)
        self._api = Api(self._ledger, links, clock, api_key, org)
        self._api_listener = Listener("api", port, self._receive, clock)
        self._storage_listener = Listener("storage", 0, self._receive, clock)

    @property
    def base_url(self) -> str:
        """URL of the API: `http://127.0.0.1:<port>`, without a path."""
        return f"http://127.0.0.1:{self._api_listener.port}"

    @property
    def storage_url(self) -> str:
        """URL of the storage: `http://127.0.0.1:<port>`, without a path."""
        return f"http://127.0.0.1:{self._storage_listener.port}"

    @property
    def exports(self) -> list[Export]:
        """The exports on the server, the oldest first."""
        return self._ledger.all()

    def start(self) -> "DemoServer":
        """Starts to serve."""
        self._api_listener.start()
        self._storage_listener.start()
        return self

    def close(self) -> None:
        """Stops serving, and deletes all exports and their files."""
        self._api_listener.close()
        self._storage_listener.close()
        self._ledger.close()
        self._folder.cleanup()

    def __enter__(self) -> "DemoServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, request: Request) -> Response:
        """Returns the server's own answer, without the interceptor."""
        try:
            app = self._api if request.host == "api" else self._storage
            return app.answer(request)
        except Exception as error:
            return ApiError(500, "INTERNAL_ERROR", f"The demo failed: {error!r}.").response()

    def _receive(self, request: Request) -> Response:
        log = self.requests if request.host == "api" else self.storage_requests
        log.append(request)
        response = (self.intercept and self.intercept(request)) or self.answer(request)
        name = "X-Request-ID" if request.host == "api" else "x-amz-request-id"
        headers = {name: new_request_id(), **response.headers}
        return replace(response, headers=headers)

    def _storage_link(self, export: Export) -> str:
        return self.storage_url + self._storage.link(export)

    def _api_link(self, export: Export) -> str:
        # without /ua, as in Coveo's documented example; the demo does not serve that path
        return f"{self.base_url}/rest/v15/exports/{export.id}?redirect=true"
