"""The file of one window's export, from asking for it to having it: what can heal heals here.

An export that somebody deleted is made anew, once; a file that proves damaged is fetched anew,
once. Connections and refusals are the business of `client` and `archive`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..api.client import CoveoClient
from ..exceptions import (
    ApiError,
    ArchiveDamaged,
    CoveoSourceError,
    ExportExpired,
    ExportFailed,
    QuotaReached,
    with_context,
)
from ..reader.chunks import CsvFile
from ..signals import interruptible
from .archive import Archive
from .cleanup import after_load, delete
from .download import download_archive
from .export import Export
from .job import ExportRequest, adopt_or_create
from .polling import reread, terminal_error, wait
from .prefetch import Prefetch

Count = Callable[[str, int], None]
"""Called with a counter's name and an increment, to show progress."""


class ExportFile:
    """The export of a request, and its archive on disk.

    prefetch: what may have the archive already, and begins with the next one
    next_requests: whose exports Coveo may build meanwhile
    path: where the archive lies while it is read

    Raises:
        ExportError, ApiError, ArchiveError, ServiceUnreachable: if there is no file to be had
    """

    def __init__(
        self,
        request: ExportRequest,
        client: CoveoClient,
        prefetch: Prefetch,
        count: Count,
        next_requests: Sequence[ExportRequest] = (),
    ) -> None:
        self._request = request
        self._next_requests = next_requests
        self._next: list[Export] = []
        self._client = client
        self._prefetch = prefetch
        self._count = count
        self.path = prefetch.folder / "export"
        with interruptible():
            self.export, self._archive = self._obtain()
            if self._next:
                prefetch.begin(next_requests[0], self._next[0])

    @property
    def size(self) -> int:
        """Bytes of the archive."""
        return self.path.stat().st_size

    def csv_file(self, table: str, folder: Path) -> CsvFile | None:
        """The CSV file of a table; None if the archive has none.

        folder: where it may be unpacked
        """
        return self._archive.file_of(table, folder)

    def _obtain(self) -> tuple[Export, Archive]:
        try:
            return self._fetched(self._built())
        except ExportExpired:
            # it is gone or was deleted by somebody: ask for another
            return self._fetched(self._built())

    def _built(self) -> Export:
        try:
            export = adopt_or_create(self._request, self._client)
        except QuotaReached as error:
            if not after_load.again():
                raise error.with_occupants(occupants(self._client.exports())) from None
            export = adopt_or_create(self._request, self._client)
        self._next = ask_ahead(self._next_requests, self._client)
        if export.status == "PENDING":
            # from here on it is waited for in front of the user
            self._prefetch.drop()
        try:
            return wait(export, self._client, self._request.settings.poll_timeout, self._on_wait())
        except (ExportFailed, ExportExpired):
            delete(self._client, [export.id])
            raise

    def _fetched(self, export: Export) -> tuple[Export, Archive]:
        try:
            with with_context(str(export), export.id):
                return export, self._sound(export)
        except ApiError:
            now = reread(export, self._client)
            if now.status == "AVAILABLE":
                raise
            delete(self._client, [now.id])
            raise terminal_error(now) from None

    def _sound(self, export: Export) -> Archive:
        if self._prefetch.take(export, self.path, self._on_bytes):
            return Archive(self.path, self._request.tables)
        try:
            return self._download(export)
        except ArchiveDamaged:
            return self._download(export)

    def _download(self, export: Export) -> Archive:
        return download_archive(
            self._client, export.id, self.path, self._request.tables, self._on_bytes
        )

    def _on_wait(self) -> Callable[[float], None]:
        shown = 0

        def on_wait(waited: float) -> None:
            nonlocal shown
            self._count("seconds waited for Coveo", round(waited) - shown)
            shown = round(waited)

        return on_wait

    def _on_bytes(self, count: int) -> None:
        self._count("bytes downloaded", count)


def ask_ahead(requests: Iterable[ExportRequest], client: CoveoClient) -> list[Export]:
    """Lets Coveo begin with exports that are needed next, as far as it takes them now."""
    exports = []
    # when it is the turn of what is refused, it is asked for again, and then the error counts
    with suppress(CoveoSourceError):
        for request in requests:
            exports.append(adopt_or_create(request, client))
    return exports


def occupants(exports: Iterable[Mapping[str, Any]]) -> str:
    """The exports that the organization keeps, as a person can find them in Coveo's console."""
    lines = []
    for answer in exports:
        export = Export.parse(answer)
        author = answer.get("author") or "unknown"
        lines.append(f"  {export.id}  {export.window}  {export.status.lower()}  by {author}")
    return "\n".join(lines)
