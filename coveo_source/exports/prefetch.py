"""Fetches the file of the next export in a background thread, while a window is loaded.

Errors are dropped here: without a prefetched file, the export is fetched when it is needed, and
that recovers or reports the error.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TypeVar
from uuid import uuid4

from ..api import Say, client_of
from ..private_files import private_folder
from ..watching import Watch, ignore
from .download import download_archive, size_of
from .export import Export, wait
from .job import ExportRequest
from .progress import ExportProgress

_Amount = TypeVar("_Amount", int, float)

_REPORT_SECONDS = 0.1
"""How often the progress of a download is reported to a caller who waits for it."""
_STOP_SECONDS = 3.0
"""How long to wait for a stopped thread, which notices with the next bytes that it gets."""


class Prefetch:
    """At most one file that is fetched before it is needed.

    folder: holds the files of a pipeline's exports while they are read
    watch: told from the thread how far the export is
    """

    def __init__(self, folder: Path, watch: Watch = ignore) -> None:
        self.folder = folder
        self._watch = watch
        self._fetching: _Fetching | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Creates the folder, which only its owner can read; ends by removing it and the thread."""
        with private_folder(self.folder):
            try:
                yield
            finally:
                self.drop()

    def begin(self, request: ExportRequest, export: Export) -> None:
        """Starts to fetch the file of an export, and stops fetching any other."""
        self.drop()
        # a unique name, since a thread that hangs may outlive the folder
        path = self.folder / f"next_{uuid4().hex}"
        self._fetching = _Fetching(request, export, path, self._watch)
        self._fetching.start()

    def take(self, export: Export, path: Path, on_bytes: Callable[[int], None], say: Say) -> bool:
        """Moves the file of an export to `path`; returns True if there is one.

        Waits for a download that has begun, but not for one that has not.

        on_bytes: called every now and then with the number of bytes downloaded since
        say: tells people what the download waits for
        """
        fetching = self._fetching
        taken = bool(
            fetching and fetching.export.id == export.id and fetching.move_to(path, on_bytes, say)
        )
        self.drop()
        return taken

    def drop(self) -> None:
        """Stops fetching and removes what was downloaded."""
        if self._fetching:
            self._fetching.stop()
            self._fetching = None


class _Fetching(Thread):
    """A thread that waits for an export, downloads its file and checks it."""

    def __init__(self, request: ExportRequest, export: Export, path: Path, watch: Watch) -> None:
        # a daemon, so that the process can end without it
        super().__init__(name="prefetch", daemon=True)
        self.export = export
        self.path = path
        self.downloading = False
        self.complete = False
        self._request = request
        self._progress = ExportProgress(request, watch)
        self._stopped = Event()
        self._said = ""

    def run(self) -> None:
        with suppress(Exception):
            try:
                self._fetch()
            finally:
                if not self.complete:
                    self.path.unlink(missing_ok=True)

    def move_to(self, path: Path, on_bytes: Callable[[int], None], say: Say) -> bool:
        """Waits for a download that has begun and moves the file; returns True if it was moved."""
        if not self.downloading:
            return False
        reported, alive = 0, True
        while alive:
            self.join(_REPORT_SECONDS)
            # checked before the size is read, which is final only once the thread has ended
            alive = self.is_alive()
            if text := self._said:
                self._said = ""
                say(text)
            size = size_of(self.path)
            on_bytes(size - reported)
            reported = size
        if self.complete:
            self.path.replace(path)
        return self.complete

    def stop(self) -> None:
        self._stopped.set()
        self.join(_STOP_SECONDS)
        self.path.unlink(missing_ok=True)

    def _fetch(self) -> None:
        # a client of its own, because sessions of requests are not thread-safe
        client = client_of(self._request.settings, self._note)
        try:
            timeout, tables = self._request.settings.poll_timeout, self._request.tables
            on_wait = self._unless_stopped(self._progress.building(self.export))
            ready = wait(self.export, client, timeout, on_wait, self._pause)
            self.downloading = True
            on_bytes = self._unless_stopped(self._progress.fetching(ready))
            download_archive(client, ready.id, self.path, tables, on_bytes, self._check)
            self.complete = True
        finally:
            client.close()

    def _note(self, text: str) -> None:
        """Keeps what is to be told once somebody waits for this thread."""
        self._check(0)
        self._said = text

    def _pause(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise _Stopped

    def _check(self, count: float) -> None:
        if self._stopped.is_set():
            raise _Stopped

    def _unless_stopped(self, tell: Callable[[_Amount], None]) -> Callable[[_Amount], None]:
        """Returns what tells an amount, unless nobody wants to know it any more."""

        def tell_unless_stopped(amount: _Amount) -> None:
            self._check(amount)
            tell(amount)

        return tell_unless_stopped


class _Stopped(Exception):
    """The file is no longer wanted."""
