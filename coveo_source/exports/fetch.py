"""Gets the file of one window's export, from the request to a checked archive on disk.

Recovers from what it can: an export that has expired or was deleted is created again, once, and
a damaged file is downloaded again, once. Failed requests and broken connections are retried in
`api` and `download`.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from ..api import CoveoClient
from ..causes import with_context
from ..exceptions import (
    ApiError,
    ArchiveDamaged,
    CoveoSourceError,
    ExportExpired,
    ExportFailed,
    QuotaReached,
)
from ..reader import CsvFile
from ..signals import interruptible
from ..watching import Watch
from .archive import Archive
from .cleanup import after_load, delete_exports
from .download import download_archive
from .export import Export, reread, terminal_error, wait
from .job import ExportRequest, adopt_or_create
from .prefetch import Prefetch
from .progress import ExportProgress


class ExportFile:
    """The export of a request, and its archive on disk.

    prefetch: may have the archive already; starts to fetch the first of `next_requests`
    watch: told how far this export and those of `next_requests` are
    next_requests: whose exports Coveo builds while this one is loaded
    path: where the archive is until the caller deletes it

    Raises:
        ExportError, ApiError, ArchiveError, ServiceUnreachable: if the file cannot be had
    """

    def __init__(
        self,
        request: ExportRequest,
        client: CoveoClient,
        prefetch: Prefetch,
        watch: Watch,
        next_requests: Sequence[ExportRequest] = (),
    ) -> None:
        self._request = request
        self._next_requests = next_requests
        self._next_exports: list[Export] = []
        self._client = client
        self._prefetch = prefetch
        self._watch = watch
        self._progress = ExportProgress(request, watch)
        self.path = prefetch.folder / "export"
        with interruptible():
            self.export, self._archive = self._obtain()
            if self._next_exports:
                prefetch.begin(next_requests[0], self._next_exports[0])

    @property
    def size(self) -> int:
        """The bytes of the archive."""
        return self.path.stat().st_size

    def csv_file(self, table: str, folder: Path) -> CsvFile | None:
        """Returns the CSV file of a table, to unpack into `folder`; None if there is none."""
        return self._archive.file_of(table, folder)

    def _obtain(self) -> tuple[Export, Archive]:
        try:
            return self._fetch(self._build())
        except ExportExpired:
            # its file is gone, so another export is needed
            return self._fetch(self._build())
        except ExportFailed:
            self._progress.failed()
            raise

    def _build(self) -> Export:
        self._progress.asked()
        export = self._adopt_or_create()
        self._next_exports = _request_early(self._next_requests, self._client, self._watch)
        if export.status == "PENDING":
            # the prefetch need not wait for it too: the wait below shows its progress
            self._prefetch.drop()
        try:
            timeout = self._request.settings.poll_timeout
            return wait(export, self._client, timeout, self._progress.building(export))
        except (ExportFailed, ExportExpired):
            delete_exports(self._client, [export.id])
            raise

    def _adopt_or_create(self) -> Export:
        try:
            return adopt_or_create(self._request, self._client)
        except QuotaReached as error:
            if not after_load.retry():
                error.args = (f"{error} {_occupants(self._client.exports())}",)
                raise
            return adopt_or_create(self._request, self._client)

    def _fetch(self, export: Export) -> tuple[Export, Archive]:
        """Downloads a built export; if that is refused, reports what became of the export."""
        try:
            with with_context(str(export), export.id):
                return export, self._fetch_archive(export)
        except ApiError:
            current = reread(export, self._client)
            if current.status == "AVAILABLE":
                raise
            delete_exports(self._client, [current.id])
            raise terminal_error(current) from None

    def _fetch_archive(self, export: Export) -> Archive:
        tables = self._request.tables
        on_bytes = self._progress.fetching(export)
        if self._prefetch.take(export, self.path, on_bytes, self._client.say):
            return Archive(self.path, tables)
        download = partial(download_archive, self._client, export.id, self.path, tables, on_bytes)
        with suppress(ArchiveDamaged):
            return download()
        return download()


def _request_early(
    requests: Iterable[ExportRequest], client: CoveoClient, watch: Watch
) -> list[Export]:
    """Returns the exports of requests that are needed later, up to the first that fails."""
    exports = []
    # an export that is refused now is requested again when it is needed, and then errors count
    with suppress(CoveoSourceError):
        for request in requests:
            ExportProgress(request, watch).asked()
            exports.append(adopt_or_create(request, client))
    return exports


def _occupants(answers: Iterable[Mapping[str, Any]]) -> str:
    """Lists the exports that fill a quota, as people can find them in Coveo's console."""
    lines = []
    for answer in answers:
        export = Export.parse(answer)
        author = answer.get("author") or "unknown"
        lines.append(f"  {export.id}  {export.window}  {export.status.lower()}  by {author}")
    keeps = "these exports:" if lines else "no exports."
    return "\n".join([f"The organization keeps {keeps}", *lines])
