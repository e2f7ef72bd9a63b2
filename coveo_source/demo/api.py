"""The endpoints of the exports and dimensions APIs, version 15."""

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from . import parameters
from .dimensions import exportables
from .errors import ApiError
from .exports import Export, ExportStore
from .wire import Request, Response

BASE_PATH = "/rest/ua/v15"


class Links(NamedTuple):
    """The URLs of an export.

    storage: makes a new signed link to its file
    api: the `downloadLink` in the API's description of the export
    """

    storage: Callable[[Export], str]
    api: Callable[[Export], str]


class Api:
    """Answers the requests to one organization.

    clock: the server's current time
    """

    def __init__(
        self,
        exports: ExportStore,
        links: Links,
        clock: Callable[[], datetime],
        api_key: str,
        org: str,
    ) -> None:
        self._exports = exports
        self._links = links
        self._clock = clock
        self._authorization = f"Bearer {api_key}".encode()
        self._org = org

    def answer(self, request: Request) -> Response:
        """Returns the answer, which may be an error."""
        try:
            self._check_key(request)
            self._check_org(request)
            return self._route(request)
        except ApiError as error:
            return error.response()

    def _check_key(self, request: Request) -> None:
        authorization = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(authorization, self._authorization):
            raise ApiError(401, "INVALID_TOKEN", "The access token is missing or not valid.")

    def _check_org(self, request: Request) -> None:
        if request.first("org") not in (None, "", self._org):
            message = f"The access token gives no access to {request.first('org')}."
            raise ApiError(403, "ACCESS_DENIED", message)

    def _route(self, request: Request) -> Response:
        allowed = []
        for method, path, handler in _ROUTES:
            match = re.fullmatch(BASE_PATH + path, request.path)
            if match and method == request.method:
                return handler(self, request, *match.groups())
            if match:
                allowed.append(method)
        if allowed:
            message = f"{request.method} is not allowed here; {', '.join(allowed)} is."
            raise ApiError(405, "METHOD_NOT_ALLOWED", message)
        raise ApiError(404, "NOT_FOUND", f"The demo serves nothing at {request.path}.")

    def _list(self, request: Request) -> Response:
        return Response.json([self._describe(export) for export in self._exports.all()])

    def _create(self, request: Request) -> Response:
        return self._create_export(parameters.from_query(request))

    def _create_from_body(self, request: Request) -> Response:
        return self._create_export(parameters.from_body(request))

    def _create_export(self, order: parameters.Order) -> Response:
        export = self._exports.create(order, self._clock())
        return Response.json(self._describe(export), 201)

    def _get(self, request: Request, export_id: str) -> Response:
        export = self._exports.get(export_id)
        if (request.first("redirect") or "false").lower() != "true":
            return Response.json(self._describe(export))
        # inferred: the answer when there is no file to redirect to
        if export.status != "AVAILABLE":
            message = f"The export {export_id} cannot be downloaded: it is {export.status}."
            raise ApiError(400, "EXPORT_NOT_AVAILABLE", message)
        return Response(303, {"Location": self._links.storage(export)})

    def _download_link(self, request: Request, export_id: str) -> Response:
        """Inferred: that this is the signed link to the file, not that of the export itself."""
        export = self._exports.get(export_id)
        ready = export.status == "AVAILABLE"
        link = {"downloadLink": self._links.storage(export)} if ready else {}
        return Response.json({"id": export.id, **link})

    def _delete(self, request: Request, export_id: str) -> Response:
        self._exports.delete(export_id)
        return Response(204)

    def _estimate(self, request: Request) -> Response:
        order = parameters.from_query(request)
        return Response.json({"estimates": self._exports.estimate(order, self._clock())})

    def _row_limit(self, request: Request) -> Response:
        return Response.json({"exportRowCountLimit": self._exports.row_limit})

    def _exportables(self, request: Request) -> Response:
        return Response.json(exportables(request.first("includeCustom") != "false"))

    def _health(self, request: Request) -> Response:
        return Response.json({"status": "up"})

    def _status(self, request: Request) -> Response:
        return Response.json({"status": "online"})

    def _describe(self, export: Export) -> dict[str, object]:
        return export.content(self._links.api(export))


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
