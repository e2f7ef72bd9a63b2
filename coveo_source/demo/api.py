"""The exports API: what each request is answered."""

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from . import parameters
from .dimensions import exportables
from .errors import ApiError
from .exports import Export, Ledger
from .wire import Request, Response

BASE_PATH = "/rest/ua/v15"


class Links(NamedTuple):
    """Where an export can be had.

    storage: a new signed link to its file
    own: the link that the export itself shows
    """

    storage: Callable[[Export], str]
    own: Callable[[Export], str]


class Api:
    """Answers the requests of one organization's clients.

    clock: what the service takes for now
    """

    def __init__(
        self, ledger: Ledger, links: Links, clock: Callable[[], datetime], api_key: str, org: str
    ) -> None:
        self._ledger = ledger
        self._links = links
        self._clock = clock
        self._authorization = f"Bearer {api_key}".encode()
        self._org = org

    def answer(self, request: Request) -> Response:
        """The answer; a refusal is one too."""
        try:
            self._check_key(request)
            self._check_org(request)
            return self._route(request)
        except ApiError as error:
            return error.response()

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, self._authorization):
            raise ApiError(401, "INVALID_TOKEN", "The access token is missing or not valid.")

    def _check_org(self, request: Request) -> None:
        if request.first("org") not in (None, "", self._org):
            message = f"The access token gives no access to {request.first('org')}."
            raise ApiError(403, "ACCESS_DENIED", message)

    def _route(self, request: Request) -> Response:
        allowed = []
        for method, path, answer in _ROUTES:
            found = re.fullmatch(BASE_PATH + path, request.path)
            if found and method == request.method:
                return answer(self, request, *found.groups())
            if found:
                allowed.append(method)
        if allowed:
            message = f"{request.method} is not allowed here; {', '.join(allowed)} is."
            raise ApiError(405, "METHOD_NOT_ALLOWED", message)
        raise ApiError(404, "NOT_FOUND", f"The demo serves nothing at {request.path}.")

    def _list(self, request: Request) -> Response:
        return Response.json([self._content(export) for export in self._ledger.all()])

    def _create(self, request: Request) -> Response:
        return self._created(parameters.from_query(request))

    def _create_from_body(self, request: Request) -> Response:
        return self._created(parameters.from_body(request))

    def _created(self, order: parameters.Order) -> Response:
        export = self._ledger.create(order, self._clock())
        return Response.json(self._content(export), 201)

    def _get(self, request: Request, export_id: str) -> Response:
        export = self._ledger.get(export_id)
        if (request.first("redirect") or "false").lower() != "true":
            return Response.json(self._content(export))
        # what a redirect to a file that is not there answers is inferred
        if export.status != "AVAILABLE":
            message = f"The export {export_id} cannot be downloaded: it is {export.status}."
            raise ApiError(400, "EXPORT_NOT_AVAILABLE", message)
        return Response(303, {"Location": self._links.storage(export)})

    def _download_link(self, request: Request, export_id: str) -> Response:
        """That this is the signed link to the file, not the export's own, is inferred."""
        export = self._ledger.get(export_id)
        ready = export.status == "AVAILABLE"
        link = {"downloadLink": self._links.storage(export)} if ready else {}
        return Response.json({"id": export.id, **link})

    def _delete(self, request: Request, export_id: str) -> Response:
        self._ledger.delete(export_id)
        return Response(204)

    def _estimate(self, request: Request) -> Response:
        order = parameters.from_query(request)
        return Response.json({"estimates": self._ledger.estimate(order, self._clock())})

    def _row_limit(self, request: Request) -> Response:
        return Response.json({"exportRowCountLimit": self._ledger.row_limit})

    def _exportables(self, request: Request) -> Response:
        return Response.json(exportables(request.first("includeCustom") != "false"))

    def _health(self, request: Request) -> Response:
        return Response.json({"status": "up"})

    def _status(self, request: Request) -> Response:
        return Response.json({"status": "online"})

    def _content(self, export: Export) -> dict[str, object]:
        return export.content(self._links.own(export))


_ROUTES: tuple[tuple[str, str, Callable[..., Response]], ...] = (
    ("GET", "/exports", Api._list),
    ("POST", "/exports", Api._create),
    ("POST", "/exports/create", Api._create_from_body),
    ("GET", "/exports/estimate", Api._estimate),
    ("GET", "/exports/rowLimit", Api._row_limit),
    ("GET", "/exports/status", Api._status),
    ("GET", "/exports/monitoring/health", Api._health),
    ("GET", "/exports/([^/]+)", Api._get),
    ("DELETE", "/exports/([^/]+)", Api._delete),
    ("GET", "/exports/([^/]+)/downloadlink", Api._download_link),
    ("GET", "/dimensions/exportables", Api._exportables),
)
