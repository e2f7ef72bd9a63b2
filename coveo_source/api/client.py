"""HTTP to Coveo's exports API, and nothing else.

The token is sent to the API host only. A download takes two requests: the first asks the API for
an address in Coveo's storage, the second fetches the file from there without authorization.
Source: the OpenAPI description of the exports and dimensions APIs, version 15.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests

from ..exceptions import (
    ApiError,
    CoveoSourceError,
    ExportNotFound,
    UnknownAnswer,
    UnsafeAddress,
)
from ..secrets import keep_link
from ..setting_values import LOCAL_HOSTS
from ..settings import CoveoConfiguration, Settings
from .clock import Clock, Witness, newest_start, time_of
from .errors import connection_errors, error_of, host_of
from .pauses import Say
from .rates import read_whole
from .retries import retry_broken, retry_pages, retrying_session
from .secrecy import BearerToken, mask_token

_CONNECT_SECONDS = 10.0
"""How long a connection may take to open."""
READ_SECONDS = 60.0
"""How long a host may send nothing."""
_CLOCK_TOLERANCE = timedelta(minutes=CoveoConfiguration.clock_tolerance_minutes)

_Parsed = TypeVar("_Parsed")
_Params = Mapping[str, str | Sequence[str]]


class CoveoClient:
    """The exports API of one organization.

    base_url: scheme and host, for example `https://platform.cloud.coveo.com`
    org: the organization's id, sent with every request
    allow_http: whether files may be downloaded from other machines without TLS
    clock_tolerance: by how much Coveo's clock may differ from this machine's
    least_rate: bytes a second, below which a connection counts as broken
    say: tells people what is waited for, and for how long

    Every method that makes a request raises:
        ServiceUnreachable: if there is no answer
        ApiError: if Coveo refuses the request
        ClockMismatch: if the answer's time cannot be believed
        UnknownAnswer: if the answer is not what Coveo documents
    """

    def __init__(
        self,
        base_url: str,
        org: str,
        api_key: str,
        *,
        allow_http: bool = False,
        clock_tolerance: timedelta = _CLOCK_TOLERANCE,
        least_rate: float = CoveoConfiguration.min_download_rate,
        say: Say = lambda text: None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.org = org
        self._allow_http = allow_http
        self.say = say
        self.least_rate = least_rate
        self._api = retrying_session(BearerToken(api_key), "Coveo", say)
        whole = partial(read_whole, whom=self.host, least=least_rate)
        self._api.hooks["response"] += [whole, mask_token]
        self._storage = retrying_session(lambda request: request, "Coveo's storage", say)
        self._clock = Clock(clock_tolerance)

    @property
    def host(self) -> str:
        """The API's host, and its port if it has one."""
        return urlsplit(self.base_url).netloc

    @property
    def now(self) -> datetime:
        """The current time in UTC, by Coveo's clock once there was an answer."""
        return self._clock.now

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()
        self._storage.close()

    def exports(self) -> list[dict[str, Any]]:
        """Returns all exports of the organization, as export objects (`GET /exports`)."""
        return self._read(list, "GET", "/exports", "list the exports")

    def export(self, export_id: str) -> dict[str, Any]:
        """Returns one export object (`GET /exports/{exportId}`)."""
        action = f"read the export {export_id}"
        return self._read(dict, "GET", _export_path(export_id), action, {"redirect": "false"})

    def create_export(self, params: _Params) -> dict[str, Any]:
        """Creates an export from query parameters (`POST /exports`); returns its object."""
        return self._read(dict, "POST", "/exports", "create an export", params)

    def create_export_from_body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Creates an export from a JSON body (`POST /exports/create`); returns its object.

        The names in the body are those of `ExportModelV15`, not those of the query parameters.
        """
        return self._read(dict, "POST", "/exports/create", "create an export", body=body)

    def delete_export(self, export_id: str) -> None:
        """Deletes an export, if it still exists (`DELETE /exports/{exportId}`)."""
        with suppress(ExportNotFound):
            self._call("DELETE", _export_path(export_id), f"delete the export {export_id}")

    def row_limit(self) -> int | None:
        """Returns the most rows that an export may have, if limited (`GET /exports/rowLimit`)."""

        def parse(answer: dict[str, Any]) -> int | None:
            rows = answer.get("exportRowCountLimit")
            return None if rows is None else int(rows)

        return self._read(parse, "GET", "/exports/rowLimit", "read the row limit")

    def estimate(self, params: _Params) -> dict[str, int]:
        """Returns the estimated rows of each table (`GET /exports/estimate`).

        params: `from`, `to`, `tables`, and the filters `f`, `fs` and `fc`
        """

        def parse(answer: dict[str, Any]) -> dict[str, int]:
            return {table.lower(): int(rows) for table, rows in answer["estimates"].items()}

        return self._read(parse, "GET", "/exports/estimate", "estimate an export", params)

    def exportable_dimensions(self) -> list[dict[str, Any]]:
        """Returns the columns that the organization can export (`GET /dimensions/exportables`).

        Each has `returnName`, `displayName`, `type`, `custom`, `eventTypes` and more.
        """
        action = "list the exportable dimensions"
        return self._read(list, "GET", "/dimensions/exportables", action)

    def download_address(self, export_id: str) -> str:
        """Returns a new, signed address of an export's file, which soon expires.

        Source: `GET /exports/{exportId}?redirect=true`; `downloadLink` may point to an old host.

        Raises:
            UnsafeAddress: if the address is not https
        """
        action = f"download the export {export_id}"
        params = {"redirect": "true"}
        answer = self._call("GET", _export_path(export_id), action, params, redirects=True)
        location = answer.headers.get("Location")
        if not location:
            raise ApiError(action, answer.status_code, "the answer names no address of the file")
        return self._safe(location)

    def _safe(self, location: str) -> str:
        """Returns an address that may be requested; from now on, what signs it is a secret."""
        try:
            address = urljoin(self.base_url, location)
            parts = urlsplit(address)
            keep_link(address)
        except ValueError:
            raise UnsafeAddress(
                "Coveo redirected the download to an address that cannot be read. The file was not"
                " fetched; nothing was lost."
            ) from None
        local = parts.scheme == "http" and (self._allow_http or parts.hostname in LOCAL_HOSTS)
        if parts.scheme != "https" and not local:
            advice = " If that host is yours, set allow_http." if parts.scheme == "http" else ""
            host = f"{parts.scheme}://{host_of(address)}"
            raise UnsafeAddress(
                f"Coveo redirected the download to {host}, which is not https. The file was not"
                f" fetched; nothing was lost.{advice}"
            )
        return address

    @contextmanager
    def open_download(self, address: str, offset: int = 0) -> Iterator[requests.Response]:
        """Streams a file from the storage, from byte `offset` on; yields the response.

        The status is 200 for the whole file and 206 for the part from `offset` on; the caller
        has to handle all others. ServiceUnreachable may come while the response is read, too.
        """
        ranges = {"Range": f"bytes={offset}-"} if offset else {}
        with (
            connection_errors(address),
            self._storage.get(
                address,
                headers={"Accept-Encoding": "identity", **ranges},
                stream=True,
                allow_redirects=False,
                timeout=(_CONNECT_SECONDS, READ_SECONDS),
            ) as response,
        ):
            yield response

    def _read(
        self,
        parse: Callable[[Any], _Parsed],
        method: str,
        path: str,
        action: str,
        params: _Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> _Parsed:
        request = partial(self._call, method, path, action, params, body)
        response = retry_pages(request, self.say) if method == "GET" else request()
        try:
            return parse(response.json())
        except requests.JSONDecodeError:
            message = f"the answer is not JSON, but {response.headers.get('Content-Type')}"
            raise ApiError(action, response.status_code, message) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UnknownAnswer(action, f"{type(error).__name__} {error}") from None

    def _call(
        self,
        method: str,
        path: str,
        action: str,
        params: _Params | None = None,
        body: Mapping[str, Any] | None = None,
        redirects: bool = False,
    ) -> requests.Response:
        response = self._request(method, path, params, body)
        # a refusal says more than its time would
        if not response.ok or (response.is_redirect and not redirects):
            raise error_of(response, action)
        self._clock.follow(response.headers.get("Date"), self._witness)
        return response

    def _request(
        self,
        method: str,
        path: str,
        params: _Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        request = partial(
            self._api.request,
            method,
            f"{self.base_url}/rest/ua/v15{path}",
            params={"org": self.org, **(params or {})},
            json=body,
            allow_redirects=False,
            timeout=(_CONNECT_SECONDS, READ_SECONDS),
        )
        with connection_errors(self.base_url):
            return request() if method == "POST" else retry_broken(request)

    def _witness(self) -> Witness:
        """Asks Coveo once more, for its time and for its newest export."""
        certified = self.base_url.startswith("https:")
        try:
            answer = self._request("GET", "/exports")
            exports = answer.json()
        except (CoveoSourceError, ValueError):
            return Witness(certified=certified)
        return Witness(time_of(answer.headers.get("Date")), newest_start(exports), certified)


def client_of(settings: Settings, say: Say) -> CoveoClient:
    """Returns a client for the organization in the settings."""
    return CoveoClient(
        settings.base_url,
        settings.org,
        settings.api_key,
        allow_http=settings.allow_http,
        clock_tolerance=settings.clock_tolerance,
        least_rate=settings.min_download_rate,
        say=say,
    )


def _export_path(export_id: str) -> str:
    return f"/exports/{quote(export_id, safe='')}"
