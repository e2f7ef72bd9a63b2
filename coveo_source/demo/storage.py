"""The storage that serves the archives: signed links that expire, and byte ranges."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlencode
from xml.sax.saxutils import escape

from .errors import ApiError
from .exports import Export, ExportStore
from .wire import Request, Response

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Storage:
    """Answers as S3 does, where Coveo's download links are known to lead.

    secret: key of the signatures
    link_seconds: how long a link is valid
    """

    def __init__(
        self, exports: ExportStore, clock: Callable[[], datetime], secret: str, link_seconds: float
    ) -> None:
        self._exports = exports
        self._clock = clock
        self._secret = secret.encode()
        self._link_seconds = link_seconds

    def link(self, export: Export) -> str:
        """Returns the path and query of a new signed link to an export's archive."""
        path = f"/exports/{export.id}/{quote(export.file_name, safe='')}"
        expires = str(int(self._clock().timestamp() + self._link_seconds))
        signature = self._signature(path, expires)
        return f"{path}?{urlencode({'Expires': expires, 'Signature': signature})}"

    def answer(self, request: Request) -> Response:
        """Returns the archive, a part of it, or an error."""
        return self._error_of(request) or self._file(request)

    def _error_of(self, request: Request) -> Response | None:
        if request.method != "GET":
            return _error(405, "MethodNotAllowed", "The method is not allowed.")
        if "authorization" in request.headers:
            return _error(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the Signature query string parameter or "
                "the Authorization header should be specified",
            )
        expires = request.first("Expires") or ""
        expected = self._signature(request.path, expires).encode()
        if not hmac.compare_digest(expected, (request.first("Signature") or "").encode()):
            return _error(403, "SignatureDoesNotMatch", "The signature does not match.")
        if self._clock().timestamp() >= int(expires):
            return _error(403, "AccessDenied", "Request has expired")
        return None

    def _file(self, request: Request) -> Response:
        try:
            export = self._exports.get(unquote(request.path).split("/")[2])
            size = export.path.stat().st_size
        except (ApiError, OSError):
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{quote(export.file_name)}"',
            "Accept-Ranges": "bytes",
            "ETag": f'"{hashlib.blake2b(export.id.encode(), digest_size=16).hexdigest()}"',
        }
        byte_range = _requested_range(request, headers["ETag"], size)
        if byte_range is None:
            return Response(200, _with_length(headers, size), _chunks(export.path, 0, size))
        first, last = byte_range
        if first > last:
            error = _error(416, "InvalidRange", "The requested range is not satisfiable")
            return Response(416, {**error.headers, "Content-Range": f"bytes */{size}"}, error.body)
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        count = last - first + 1
        return Response(206, _with_length(headers, count), _chunks(export.path, first, count))

    def _signature(self, path: str, expires: str) -> str:
        text = f"GET\n{path}\n{expires}".encode()
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()


def _requested_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """Returns the offsets of the first and last requested byte, None for the whole file."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if not match or request.headers.get("if-range", etag) != etag or match[0] == "bytes=-":
        return None
    if not match[1]:
        return max(size - int(match[2]), 0), size - 1
    return int(match[1]), min(int(match[2] or size), size - 1)


def _chunks(path: Path, first: int, count: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while count > 0 and (chunk := file.read(min(_CHUNK_BYTES, count))):
            count -= len(chunk)
            yield chunk


def _with_length(headers: dict[str, str], size: int) -> dict[str, str]:
    return {**headers, "Content-Length": str(size)}


def _error(status: int, code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(status, {"Content-Type": "application/xml"}, body.encode())
