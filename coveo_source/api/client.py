"""HTTP to Coveo's exports API, and nothing else.

The token goes to the API host only: a download is two requests, of which the second, to the
storage that Coveo redirects to, carries no authorization.
Source: the OpenAPI description of the exports and dimensions APIs, version 15.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from ..exceptions import (
    ApiError,
    ExportNotFound,
    ServiceUnreachable,
    UnknownAnswer,
    UnsafeAddress,
)
from ..setting_values import LOCAL_HOSTS
from ..settings import Settings
from .errors import error_of
from .retries import retry_broken, retrying_session

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0

Answer = TypeVar("Answer")

Params = Mapping[str, str | Sequence[str]]


class BearerToken(AuthBase):
    """Adds the token to a request; hides it from every printed form of itself."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the header; called by requests for every request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def scrub(response: requests.Response, *_: object, token: str, **__: object) -> None:
    """Takes the token out of an answer that repeats it, so that no message can."""
    response._content = response.content.replace(token.encode(), b"***")
    for name, value in response.headers.items():
        response.headers[name] = value.replace(token, "***")


class CoveoClient:
    """The exports API of one organization.

    base_url: scheme and host, for example `https://platform.cloud.coveo.com`
    org: the organization's id, sent with every request
    allow_http: whether files may come from other machines without TLS
    """

    def __init__(self, base_url: str, org: str, api_key: str, *, allow_http: bool = False) -> None:
        self.base_url = base_url.rstrip("/")
        self.org = org
        self._allow_http = allow_http
        self._api = retrying_session(BearerToken(api_key))
        self._api.hooks["response"].append(partial(scrub, token=api_key))
        self._storage = retrying_session(lambda request: request)
        self._clock_offset = timedelta()

    @property
    def host(self) -> str:
        """Host (and port) of the API."""
        return urlsplit(self.base_url).netloc

    @property
    def now(self) -> datetime:
        """The time by Coveo's clock, as of its last answer; UTC."""
        return datetime.now(timezone.utc) + self._clock_offset

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()
        self._storage.close()

    def exports(self) -> list[dict[str, Any]]:
        """All exports that the organization keeps, as Coveo's export objects."""
        return self._read(list, "GET", "/exports", "list the exports")

    def export(self, export_id: str) -> dict[str, Any]:
        """One export object.

        Raises:
            ExportNotFound: if there is none with this id
        """
        action = f"read the export {export_id}"
        return self._read(dict, "GET", export_path(export_id), action, {"redirect": "false"})

    def create_export(self, params: Params) -> dict[str, Any]:
        """Creates an export from query parameters; see `POST /exports` for their names."""
        return self._read(dict, "POST", "/exports", "create an export", params)

    def create_export_from_body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Creates an export from a JSON body, which has room for long filters.

        See `ExportModelV15` for the names, which differ from those of the query.
        """
        return self._read(dict, "POST", "/exports/create", "create an export", body=body)

    def delete_export(self, export_id: str) -> None:
        """Deletes an export; one that is already gone is fine."""
        with suppress(ExportNotFound):
            self._call("DELETE", export_path(export_id), f"delete the export {export_id}")

    def row_limit(self) -> int | None:
        """The most rows that one export may hold; None if Coveo names no limit."""

        def limit(answer: dict[str, Any]) -> int | None:
            rows = answer.get("exportRowCountLimit")
            return None if rows is None else int(rows)

        return self._read(limit, "GET", "/exports/rowLimit", "read the row limit")

    def estimate(self, params: Params) -> dict[str, int]:
        """Estimated rows a table; parameters are `from to tables f fs fc`."""

        def estimates(answer: dict[str, Any]) -> dict[str, int]:
            return {table.lower(): int(rows) for table, rows in answer["estimates"].items()}

        return self._read(estimates, "GET", "/exports/estimate", "estimate an export", params)

    def exportable_dimensions(self) -> list[dict[str, Any]]:
        """The organization's columns: `returnName displayName type custom eventTypes` and more."""
        action = "list the exportable dimensions"
        return self._read(list, "GET", "/dimensions/exportables", action)

    def download_address(self, export_id: str) -> str:
        """A fresh, signed and soon expiring address of an export's file.

        Built from the base URL and the id: `downloadLink` may point to an old host.
        """
        action = f"download the export {export_id}"
        params = {"redirect": "true"}
        answer = self._call("GET", export_path(export_id), action, params, redirects=True)
        location = answer.headers.get("Location")
        if not location:
            raise ApiError(action, answer.status_code, "the answer names no address to fetch from")
        return self._safe(urljoin(self.base_url, location))

    def _safe(self, address: str) -> str:
        parts = urlsplit(address)
        local = parts.scheme == "http" and (self._allow_http or parts.hostname in LOCAL_HOSTS)
        if parts.scheme != "https" and not local:
            advice = " If that host is yours, set allow_http." if parts.scheme == "http" else ""
            raise UnsafeAddress(
                f"Coveo sent the download to {parts.scheme}://{parts.netloc}, which is not https."
                f" It was not fetched; nothing was lost.{advice}"
            )
        return address

    @contextmanager
    def open_download(self, address: str, offset: int = 0) -> Iterator[requests.Response]:
        """Streams a file from the storage, from `offset` on where it serves ranges.

        The response has status 200 (the whole file) or 206 (the rest of it); anything else is
        for the caller to judge.
        """
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
        with (
            connection_errors(urlsplit(address).netloc),
            self._storage.get(
                address,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            ) as response,
        ):
            yield response

    def _read(
        self,
        understand: Callable[[Any], Answer],
        method: str,
        path: str,
        action: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        response = self._call(method, path, action, params, body)
        try:
            return understand(response.json())
        except requests.JSONDecodeError:
            message = f"the answer is not JSON but {response.headers.get('Content-Type')}"
            raise ApiError(action, response.status_code, message) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UnknownAnswer(action, f"{type(error).__name__} {error}") from None

    def _call(
        self,
        method: str,
        path: str,
        action: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        redirects: bool = False,
    ) -> requests.Response:
        request = partial(
            self._api.request,
            method,
            f"{self.base_url}/rest/ua/v15{path}",
            params={"org": self.org, **(params or {})},
            json=body,
            allow_redirects=False,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
        with connection_errors(self.host):
            response = request() if method == "POST" else retry_broken(request)
        self._read_clock(response)
        if not response.ok or (response.is_redirect and not redirects):
            raise error_of(response, action)
        return response

    def _read_clock(self, response: requests.Response) -> None:
        try:
            server_time = parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError):
            return
        self._clock_offset = server_time.astimezone(timezone.utc) - datetime.now(timezone.utc)


def client_of(settings: Settings) -> CoveoClient:
    """The client of the organization that the settings name."""
    return CoveoClient(
        settings.base_url, settings.org, settings.api_key, allow_http=settings.allow_http
    )


@contextmanager
def connection_errors(host: str) -> Iterator[None]:
    """Turns what requests raises into one error that names the host, and no address."""
    try:
        yield
    # urllib3's come from a response that is read piece by piece
    except (requests.RequestException, HTTPError) as error:
        # signed addresses and proxies' passwords stand in requests' messages, and dlt's trace
        # follows an error to its context, unless it has a cause
        reason = innermost_reason(error)
        raise ServiceUnreachable(host, reason) from ConnectionError(reason)


def export_path(export_id: str) -> str:
    """Path of one export, below the API's root."""
    return f"/exports/{quote(export_id, safe='')}"


def innermost_reason(error: Exception) -> str:
    """The innermost reason of a connection error, without addresses."""
    cause: BaseException = error
    while inner := getattr(cause, "reason", None) or cause.__cause__ or cause.__context__:
        if not isinstance(inner, BaseException):
            break
        cause = inner
    text = re.sub(r"https?://\S+|<.*?>:?", "", str(cause)).strip(" :")
    return text or type(cause).__name__
