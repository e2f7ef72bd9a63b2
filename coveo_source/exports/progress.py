"""Tells how far an export is, whoever waits for it or downloads its file."""

from collections.abc import Callable

from ..watching import ExportEvent, Watch
from .export import Export
from .job import ExportRequest


class ExportProgress:
    """The progress of the export of one request."""

    def __init__(self, request: ExportRequest, watch: Watch) -> None:
        self._window = str(request.window)
        self._patience = round(request.settings.poll_timeout.total_seconds())
        self._watch = watch

    def asked(self) -> None:
        """Tells that Coveo is asked for it."""
        self._watch(ExportEvent(self._window, "asked"))

    def failed(self) -> None:
        """Tells that Coveo could not build it."""
        self._watch(ExportEvent(self._window, "failed"))

    def building(self, export: Export) -> Callable[[float], None]:
        """Returns what is to be called with the seconds waited so far."""

        def on_wait(waited: float) -> None:
            self._watch(
                ExportEvent(self._window, "building", round(waited), self._patience, export.id)
            )

        return on_wait

    def fetching(self, export: Export) -> Callable[[int], None]:
        """Returns what is to be called with the number of bytes downloaded since the last call."""
        fetched = 0

        def on_bytes(count: int) -> None:
            nonlocal fetched
            fetched += count
            self._watch(
                ExportEvent(self._window, "fetching", fetched, export.size or None, export.id)
            )

        on_bytes(0)
        return on_bytes
